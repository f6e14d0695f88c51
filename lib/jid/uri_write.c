/*
 * envoi - xmpp: URIs: writing (RFC 5122)
 * SPDX-License-Identifier: MIT
 */
#include "jid/uri_inside.h"

#include <envoi/buffer.h>

static int encode(struct envoi_buffer *out, const char *text, const char *marks)
{
	int r = ENVOI_OK;
	for (; *text != '\0' && r == ENVOI_OK; text++) {
		r = envoi__uri_is_allowed(*text, marks)
			? envoi_buffer_append(out, text, 1)
			: envoi_buffer_printf(out, "%%%02X", (unsigned int)(unsigned char)*text);
	}
	return r;
}

static int write_marked(
	struct envoi_buffer *out, const char *mark, const char *text, const char *marks)
{
	int r = envoi_buffer_append_text(out, mark);
	return r < 0 ? r : encode(out, text, marks);
}

static int write_jid(struct envoi_buffer *out, const struct envoi_jid *jid)
{
	const char *local = envoi_jid_local(jid), *domain = envoi_jid_domain(jid);
	const char *resource = envoi_jid_resource(jid);
	int r = ENVOI_OK;
	if (local != NULL) {
		r = encode(out, local, ENVOI__URI_NODE_MARKS);
	}
	if (r == ENVOI_OK && local != NULL) {
		r = envoi_buffer_append_text(out, "@");
	}
	if (r == ENVOI_OK) {
		r = domain[0] == '[' ? envoi_buffer_append_text(out, domain)
				     : encode(out, domain, ENVOI__URI_HOST_MARKS);
	}
	return r < 0 || resource == NULL
		? r
		: write_marked(out, "/", resource, ENVOI__URI_RESOURCE_MARKS);
}

static int write_query(struct envoi_buffer *out, const struct envoi_uri *uri)
{
	int r = write_marked(out, "?", uri->action, ENVOI__URI_QUERY_MARKS);
	for (size_t i = 0; i < uri->count && r == ENVOI_OK; i++) {
		r = write_marked(out, ";", uri->parameters[i].name, ENVOI__URI_QUERY_MARKS);
		if (r == ENVOI_OK) {
			r = write_marked(
				out, "=", uri->parameters[i].value, ENVOI__URI_QUERY_MARKS);
		}
	}
	return r;
}

static int write_all(struct envoi_buffer *out, const struct envoi_uri *uri)
{
	int r = envoi_buffer_append_text(out, uri->account != NULL ? "xmpp://" : "xmpp:");
	if (r == ENVOI_OK && uri->account != NULL) {
		r = write_jid(out, uri->account);
	}
	if (r == ENVOI_OK && uri->account != NULL && uri->jid != NULL) {
		r = envoi_buffer_append_text(out, "/");
	}
	if (r == ENVOI_OK && uri->jid != NULL) {
		r = write_jid(out, uri->jid);
	}
	if (r == ENVOI_OK && uri->action != NULL) {
		r = write_query(out, uri);
	}
	return r < 0 || uri->fragment == NULL
		? r
		: write_marked(out, "#", uri->fragment, ENVOI__URI_FRAGMENT_MARKS);
}

int envoi_uri_write(struct envoi_buffer *out, const struct envoi_uri *uri)
{
	size_t before = envoi_buffer_len(out);
	int r = write_all(out, uri);
	if (r < 0) {
		envoi_buffer_truncate(out, before);
	}
	return r;
}
