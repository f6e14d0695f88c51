/*
 * envoi - HTTP File Upload: the URL and the head of the request
 * SPDX-License-Identifier: MIT
 *
 * Private headers: HTTP has no public ones.
 */
#include "upload_parts.h"

#include "http/http_config.h"

#if ENVOI__HTTP
#include <string.h>
#include <strings.h>

#include <envoi/context.h>
#include <envoi/values.h>

#include "http/http_writer.h"

/* XEP-0363, section 4: other headers must not be sent. */
static bool is_allowed(const char *name)
{
	return strcasecmp(name, "Authorization") == 0 || strcasecmp(name, "Cookie") == 0 ||
		strcasecmp(name, "Expires") == 0;
}

/* Line ends are left out of name and value, and so are blanks at the ends. */
static char *stripped(struct envoi_context *context, const char *text)
{
	char *copy = envoi_strndup(context, text, strlen(text));
	size_t len = 0;
	for (const char *c = text; copy != NULL && *c != '\0'; c++) {
		bool is_end = *c == '\r' || *c == '\n';
		bool is_leading = len == 0 && (*c == ' ' || *c == '\t');
		if (!is_end && !is_leading) {
			copy[len++] = *c;
		}
	}
	while (len > 0 && (copy[len - 1] == ' ' || copy[len - 1] == '\t')) {
		len--;
	}
	if (copy != NULL) {
		copy[len] = '\0';
	}
	return copy;
}

static int write_header(struct envoi_context *context, struct envoi_buffer *out,
	const struct envoi_upload_header *header)
{
	char *name = stripped(context, header->name);
	char *value = stripped(context, header->value);
	int r = ENVOI_OK;
	if (name == NULL || value == NULL) {
		r = ENVOI_ERR_NOMEM;
	} else if (is_allowed(name)) {
		r = envoi__http_write_field(out, name, value);
	}
	envoi_free(context, name);
	envoi_free(context, value);
	return r;
}

int envoi__upload_write_head(struct envoi_context *context, struct envoi_buffer *out,
	const struct envoi__http_url *url, const struct envoi_upload_options *options)
{
	char authority[ENVOI__HTTP_AUTHORITY_SIZE], length[ENVOI_INT_SIZE];
	const struct envoi_upload_put_url *put = &options->slot->put;
	int r = envoi__http_write_request(out, "PUT", url->target);
	if (r == ENVOI_OK) {
		r = envoi__http_write_field(out, "Host", envoi__http_url_authority(authority, url));
	}
	if (r == ENVOI_OK) {
		r = envoi__http_write_field(
			out, "Content-Length", envoi_uint_print(length, options->size));
	}
	if (r == ENVOI_OK && options->content_type != NULL) {
		r = envoi__http_write_field(out, "Content-Type", options->content_type);
	}
	for (size_t i = 0; i < put->header_count && r == ENVOI_OK; i++) {
		r = write_header(context, out, &put->headers[i]);
	}
	if (r == ENVOI_OK) {
		r = envoi__http_write_field(out, "Connection", "close");
	}
	return r == ENVOI_OK ? envoi__http_write_end(out) : r;
}

static bool is_loopback(const char *host)
{
	return strcmp(host, "127.0.0.1") == 0 || strcmp(host, "::1") == 0;
}

int envoi__upload_read_url(struct envoi__http_url *url, const struct envoi_upload_options *options)
{
	int r = envoi__http_url_read(url, options->slot->put.url);
	if (r < 0) {
		return r;
	}
	bool is_plain = url->scheme == ENVOI__SCHEME_HTTP && options->allows_http_on_loopback &&
		is_loopback(url->host);
	return url->scheme == ENVOI__SCHEME_HTTPS || is_plain ? ENVOI_OK : ENVOI_ERR_UNSUPPORTED;
}
#endif
