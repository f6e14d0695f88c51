/*
 * envoi - writing heads of HTTP/1.1 messages (RFC 9112)
 * SPDX-License-Identifier: MIT
 */
#include "http/http_writer.h"

#include <string.h>

#include <envoi/error.h>

#include "http/http_head.h"

int envoi__http_write_request(struct envoi_buffer *out, const char *method, const char *target)
{
	if (!envoi__http_is_token(method, strlen(method)) ||
		!envoi__http_is_target(target, strlen(target))) {
		return ENVOI_ERR_INVALID;
	}
	return envoi_buffer_printf(out, "%s %s HTTP/1.1\r\n", method, target);
}

int envoi__http_write_status(struct envoi_buffer *out, int status, const char *reason)
{
	if (status < 100 || status > 599 || !envoi__http_is_value(reason, strlen(reason))) {
		return ENVOI_ERR_INVALID;
	}
	return envoi_buffer_printf(out, "HTTP/1.1 %d %s\r\n", status, reason);
}

int envoi__http_write_field(struct envoi_buffer *out, const char *name, const char *value)
{
	if (!envoi__http_is_token(name, strlen(name)) ||
		!envoi__http_is_value(value, strlen(value))) {
		return ENVOI_ERR_INVALID;
	}
	return envoi_buffer_printf(out, "%s: %s\r\n", name, value);
}

int envoi__http_write_end(struct envoi_buffer *out)
{
	return envoi_buffer_append_text(out, "\r\n");
}
