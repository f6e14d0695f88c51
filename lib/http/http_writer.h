/*
 * envoi - writing heads of HTTP/1.1 messages (RFC 9112)
 * SPDX-License-Identifier: MIT
 *
 * What is written is checked, so that no value can add fields or end the head. After a failure the
 * buffer may have a part of the head: its owner drops it.
 */
#ifndef ENVOI_HTTP_HTTP_WRITER_H
#define ENVOI_HTTP_HTTP_WRITER_H

#include <envoi/buffer.h>

/**
 * Append a request line.
 * @param target  in the form that the method needs (RFC 9112, section 3.2)
 * @retval ENVOI_ERR_INVALID  @p method or @p target cannot be written
 * @retval ENVOI_ERR_NOMEM, ENVOI_ERR_FULL
 */
int envoi__http_write_request(struct envoi_buffer *out, const char *method, const char *target);

/** Append a status line; errors as envoi__http_write_request(). @param status 100 to 599 */
int envoi__http_write_status(struct envoi_buffer *out, int status, const char *reason);

/** Append a field; errors as envoi__http_write_request(). */
int envoi__http_write_field(struct envoi_buffer *out, const char *name, const char *value);

/** Append the empty line. @retval ENVOI_ERR_NOMEM, ENVOI_ERR_FULL */
int envoi__http_write_end(struct envoi_buffer *out);

#endif
