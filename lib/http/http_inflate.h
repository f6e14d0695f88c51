/*
 * envoi - the content coding gzip (RFC 9110, section 8.4.1.3)
 * SPDX-License-Identifier: MIT
 */
#ifndef ENVOI_HTTP_HTTP_INFLATE_H
#define ENVOI_HTTP_HTTP_INFLATE_H

#include <stdbool.h>
#include <stddef.h>

struct envoi_buffer;
struct envoi_context;
struct envoi__http_inflate;

/** Whether gzip is built in. */
bool envoi__http_can_inflate(void);

/** @return NULL: out of memory, or not built in */
struct envoi__http_inflate *envoi__http_inflate_new(struct envoi_context *context);

/** NULL is allowed. */
void envoi__http_inflate_free(struct envoi__http_inflate *gzip);

/** @return bytes that it holds; NULL: 0 */
size_t envoi__http_inflate_memory(const struct envoi__http_inflate *gzip);

/**
 * Decode a piece.
 *
 * @param out  its limit is that of the decoded body
 * @retval ENVOI_ERR_LIMIT     @p out is at its limit
 * @retval ENVOI_ERR_PROTOCOL  not gzip, or bytes behind its end
 * @retval ENVOI_ERR_NOMEM
 */
int envoi__http_inflate_read(
	struct envoi__http_inflate *gzip, struct envoi_buffer *out, const char *data, size_t len);

/** @return whether the end of the coding was read */
bool envoi__http_inflate_has_ended(const struct envoi__http_inflate *gzip);

#endif
