/*
 * envoi - the dialog with an HTTP proxy: CONNECT (RFC 9110, section 9.3.6), Basic (RFC 7617)
 * SPDX-License-Identifier: MIT
 */
#include <string.h>

#include <envoi/context.h>

#include "http/http_config.h"
#include "transport/proxy/proxy.h"

#if ENVOI__HTTP

#include <stdio.h>

#include <envoi/interfaces/mainloop.h>
#include <envoi/values.h>

#include "base/failure.h"
#include "http/http_reader.h"
#include "http/http_writer.h"

enum {
	LONGEST = 255, /* of a host, user or password */
	CREDENTIALS_SIZE = 2 * LONGEST + 2, /* "user:password" */
	BASIC_SIZE = 8 + (CREDENTIALS_SIZE + 2) / 3 * 4 + 1, /* "Basic " and base64 */
};

struct connect {
	struct envoi__proxy_dialog base;
	struct envoi_context *context; /* a reference */
	struct envoi__http_reader http;
	char authority[LONGEST + 9]; /* "[host]:65535" */
	char basic[BASIC_SIZE]; /* "": no credentials */
};

static struct connect *connect_of(struct envoi__proxy_dialog *dialog)
{
	return ENVOI_CONTAINER_OF(dialog, struct connect, base);
}

static int connect_begin(struct envoi__proxy_dialog *dialog, struct envoi_buffer *out)
{
	struct connect *connect = connect_of(dialog);
	int r = envoi__http_write_request(out, "CONNECT", connect->authority);
	r = r < 0 ? r : envoi__http_write_field(out, "Host", connect->authority);
	if (r == ENVOI_OK && connect->basic[0] != '\0') {
		r = envoi__http_write_field(out, "Proxy-Authorization", connect->basic);
	}
	return r < 0 ? r : envoi__http_write_end(out);
}

static int fail(struct connect *connect, int code, const char *text)
{
	char line[ENVOI__PROXY_TEXT_SIZE];
	snprintf(line, sizeof(line), "the HTTP proxy %.130s", text);
	envoi__failure_put(connect->base.text, sizeof(connect->base.text), line);
	return code;
}

static int read_status(struct connect *connect)
{
	const struct envoi__http_head *head = &connect->http.head;
	char text[128];
	if (connect->http.framing == ENVOI__HTTP_IS_TUNNEL) {
		return ENVOI_OK;
	}
	if (head->status == 407) {
		return fail(connect, ENVOI_ERR_UNREACHABLE,
			connect->basic[0] != '\0' ? "refused user or password"
						  : "wants user and password");
	}
	snprintf(text, sizeof(text), "answered \"%d %.80s\"", head->status, head->reason);
	return fail(connect, ENVOI_ERR_UNREACHABLE, text);
}

static int connect_read(struct envoi__proxy_dialog *dialog, const char *data, size_t len,
	size_t *ret_used, struct envoi_buffer *out)
{
	struct connect *connect = connect_of(dialog);
	enum envoi__http_event event;
	(void)out;
	int r = envoi__http_reader_read(&connect->http, data, len, ret_used, &event);
	if (r < 0) {
		char text[128];
		snprintf(text, sizeof(text), "sent a bad answer: %.100s", connect->http.text);
		return fail(connect, r, text);
	}
	return event == ENVOI__HTTP_HEAD ? read_status(connect) : ENVOI_AGAIN;
}

static void connect_free(struct connect *connect)
{
	struct envoi_context *context = connect->context;
	envoi__http_reader_finish(&connect->http);
	explicit_bzero(connect, sizeof(*connect));
	envoi_free(context, connect);
	envoi_context_unref(context);
}

static void connect_destroy(struct envoi__proxy_dialog *dialog)
{
	connect_free(connect_of(dialog));
}

static const struct envoi__proxy_dialog_impl connect_impl = {
	.begin = connect_begin,
	.read = connect_read,
	.destroy = connect_destroy,
};

/* RFC 7617, section 2: the user has no colon. */
static bool fits(const char *text, const char *forbidden)
{
	return text != NULL && strlen(text) <= LONGEST && strpbrk(text, forbidden) == NULL;
}

static void write_basic(struct connect *connect, const struct envoi__proxy_options *options)
{
	char credentials[CREDENTIALS_SIZE];
	snprintf(credentials, sizeof(credentials), "%s:%s", options->user, options->password);
	memcpy(connect->basic, "Basic ", 6);
	envoi_base64_encode(connect->basic + 6, credentials, strlen(credentials));
	explicit_bzero(credentials, sizeof(credentials));
}

static int init(struct connect *connect, const struct envoi__proxy_options *options)
{
	/* of the response only the head is read */
	const struct envoi__http_limits limits = {
		.head_bytes = options->head_bytes,
		.body_bytes = SIZE_MAX,
	};
	bool is_ipv6 = strchr(options->host, ':') != NULL;
	snprintf(connect->authority, sizeof(connect->authority), "%s%s%s:%u", is_ipv6 ? "[" : "",
		options->host, is_ipv6 ? "]" : "", (unsigned int)options->port);
	if (options->user != NULL) {
		write_basic(connect, options);
	}
	int r = envoi__http_reader_init(&connect->http, connect->context, true, &limits);
	envoi__http_reader_next(&connect->http, ENVOI__HTTP_ASKED_TUNNEL);
	return r;
}

int envoi__proxy_connect_new(struct envoi__proxy_dialog **ret_dialog, struct envoi_context *context,
	const struct envoi__proxy_options *options)
{
	bool has_password = options->user != NULL || options->password != NULL;
	if (!fits(options->host, " \r\n") || options->host[0] == '\0' ||
		(has_password && (!fits(options->user, ":") || !fits(options->password, "")))) {
		return ENVOI_ERR_INVALID;
	}
	struct connect *connect = envoi_alloc_zeroed(context, sizeof(*connect));
	if (connect == NULL) {
		return ENVOI_ERR_NOMEM;
	}
	connect->base.impl = &connect_impl;
	connect->context = envoi_context_ref(context);
	int r = init(connect, options);
	if (r < 0) {
		connect_free(connect);
		return r;
	}
	*ret_dialog = &connect->base;
	return ENVOI_OK;
}

#else

int envoi__proxy_connect_new(struct envoi__proxy_dialog **ret_dialog, struct envoi_context *context,
	const struct envoi__proxy_options *options)
{
	(void)ret_dialog;
	(void)context;
	(void)options;
	return ENVOI_ERR_UNSUPPORTED;
}

#endif
