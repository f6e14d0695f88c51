/*
 * envoi - the parser of HTTP/1.1 messages: llhttp, or http-parser where that is not packaged
 * SPDX-License-Identifier: MIT
 *
 * The one place that knows either library. Both accept more than the grammar: what they are given
 * has passed http_head.c and http_framing.c. They differ in extensions of chunks, which are
 * skipped: http-parser accepts a LF alone there. Read on http-parser 2.9.4 and llhttp 8.1.0.
 */
#ifndef ENVOI_HTTP_HTTP_MACHINE_H
#define ENVOI_HTTP_HTTP_MACHINE_H

#include <stdbool.h>
#include <stddef.h>

struct envoi_context;
struct envoi__http_machine;

/** A piece of a body, without its transfer coding. @retval <0 reading ends with it */
typedef int envoi__http_body_fn(void *user, const char *data, size_t len);

/** @return NULL: out of memory */
struct envoi__http_machine *envoi__http_machine_new(
	struct envoi_context *context, bool is_response, envoi__http_body_fn *body, void *user);

/** NULL is allowed. */
void envoi__http_machine_free(struct envoi__http_machine *machine);

/** Begin a message. @param has_body  false: it ends with its head, whatever that says */
void envoi__http_machine_begin(struct envoi__http_machine *machine, bool has_body);

/**
 * Read bytes of the message: first its whole head, in one call, then its body.
 *
 * @param[out] ret_used  bytes that belong to the message
 * @retval ENVOI_AGAIN  all bytes do; more follow
 * @retval ENVOI_END    the message is complete
 * @retval ENVOI_ERR_PROTOCOL  malformed
 * @retval <0  what `body` returned
 */
int envoi__http_machine_read(
	struct envoi__http_machine *machine, const char *data, size_t len, size_t *ret_used);

/** The input has ended. @retval ENVOI_END  the message is complete
 * @retval ENVOI_ERR_PROTOCOL  it is not */
int envoi__http_machine_end(struct envoi__http_machine *machine);

#endif
