/*
 * envoi-server - the web service: host-meta (XEP-0156, RFC 6415)
 * SPDX-License-Identifier: MIT
 */
#include <string.h>

#include <envoi/buffer.h>
#include <envoi/config.h>
#include <envoi/context.h>
#include <envoi/web.h>

#include "inside.h"
#include "web.h"

enum {
	LONGEST_BASE = 300,
};

static const struct link {
	const char *rel, *path;
	bool is_websocket;
} links[] = {
#if ENVOI_HAS_WEBSOCKET
	{"urn:xmpp:alt-connections:websocket", ENVOI__WEB_WEBSOCKET, true},
#endif
#if ENVOI_HAS_BOSH
	{"urn:xmpp:alt-connections:xbosh", ENVOI__WEB_BOSH, false},
#endif
	{NULL, NULL, false},
};

/* What an authority has, and neither XML nor JSON means anything by. */
static bool is_plain(const char *text, const char *more)
{
	static const char plain[] =
		"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.-:[]";
	size_t len = strlen(text);
	for (size_t i = 0; i < len; i++) {
		if (strchr(plain, text[i]) == NULL && strchr(more, text[i]) == NULL) {
			return false;
		}
	}
	return len > 0 && len < LONGEST_BASE;
}

bool envoi__web_is_base(const char *url)
{
	size_t scheme = strncmp(url, "https://", 8) == 0 ? 8
		: strncmp(url, "http://", 7) == 0        ? 7
							 : 0;
	size_t len = strlen(url);
	return scheme > 0 && len > scheme && url[len - 1] != '/' && is_plain(url + scheme, "/_~");
}

/* @return without the scheme's "http" */
static int write_base(struct envoi_buffer *out, const struct envoi__resource *resource)
{
	const char *base = resource->server->values.web_url;
	const char *host = envoi_web_request_field(resource->web, "Host");
	if (base != NULL) {
		return envoi_buffer_append_text(out, base + strlen("http"));
	}
	if (host == NULL || !is_plain(host, "")) {
		return ENVOI_ERR_INVALID;
	}
	return envoi_buffer_printf(out, "%s://%s", resource->is_web_clear ? "" : "s", host);
}

static int write_link(struct envoi_buffer *out, const struct link *link, const char *base,
	bool is_json, bool is_first)
{
	const char *scheme = link->is_websocket ? "ws" : "http";
	return is_json ? envoi_buffer_printf(out, "%s{\"rel\":\"%s\",\"href\":\"%s%s%s\"}",
				 is_first ? "" : ",", link->rel, scheme, base, link->path)
		       : envoi_buffer_printf(out, "<Link rel='%s' href='%s%s%s'/>", link->rel,
				 scheme, base, link->path);
}

static int write_document(struct envoi_buffer *out, const char *base, bool is_json)
{
	int r = envoi_buffer_append_text(out,
		is_json ? "{\"links\":["
			: "<?xml version='1.0' encoding='UTF-8'?>"
			  "<XRD xmlns='http://docs.oasis-open.org/ns/xri/xrd-1.0'>");
	for (const struct link *link = links; r == ENVOI_OK && link->rel != NULL; link++) {
		r = write_link(out, link, base, is_json, link == links);
	}
	return r < 0 ? r : envoi_buffer_append_text(out, is_json ? "]}" : "</XRD>");
}

/* XEP-0156, section 2.2: pages of other sites may read it. */
static void respond(struct envoi__resource *resource, const struct envoi_buffer *out, bool is_json)
{
	static const char *const fields[] = {ENVOI__WEB_NOSNIFF, "Access-Control-Allow-Origin", "*",
		"Cache-Control", "no-cache", NULL};
	const struct envoi_web_response response = {
		.status = 200,
		.content_type = is_json ? "application/json" : "application/xrd+xml",
		.body = envoi_buffer_data(out),
		.body_len = envoi_buffer_len(out),
		.fields = fields,
	};
	envoi__web_respond(resource, &response);
}

bool envoi__web_host_meta(struct envoi__resource *resource, bool is_json)
{
	struct envoi_buffer base, out;
	envoi_buffer_init(&base, resource->server->context, 0);
	envoi_buffer_init(&out, resource->server->context, 0);
	int r = write_base(&base, resource);
	r = r < 0 ? r : envoi_buffer_append(&base, "", 1);
	r = r < 0 ? r : write_document(&out, envoi_buffer_data(&base), is_json);
	if (r == ENVOI_OK) {
		respond(resource, &out, is_json);
	} else if (r != ENVOI_ERR_INVALID) {
		envoi__connection_end(resource);
	}
	envoi_buffer_finish(&base);
	envoi_buffer_finish(&out);
	return r != ENVOI_ERR_INVALID;
}
