/*
 * envoi-server - the web service: documents in memory
 * SPDX-License-Identifier: MIT
 */
#include <string.h>

#include <envoi/context.h>
#include <envoi/web.h>

#include "inside.h"
#include "web.h"

struct document {
	struct envoi_context *context; /* of the server, or of connections that send the document */
	size_t refs; /* the server's, and one of each answer */
	struct envoi__list link; /* of the server */
	char *path, *type;
	char *data; /* behind them, of one allocation */
	size_t len;
};

static struct document *document_of(struct envoi__list *link)
{
	return ENVOI_CONTAINER_OF(link, struct document, link);
}

static struct document *find(const struct envoi_server *server, const char *path, size_t len)
{
	const struct envoi__list *end = &server->documents;
	for (struct envoi__list *link = end->next; link != end; link = link->next) {
		struct document *document = document_of(link);
		if (strlen(document->path) == len && memcmp(document->path, path, len) == 0) {
			return document;
		}
	}
	return NULL;
}

static void unref(void *user)
{
	struct document *document = user;
	if (--document->refs == 0) {
		envoi_free(document->context, document);
	}
}

static void drop(struct document *document)
{
	if (document != NULL) {
		envoi__list_remove(&document->link);
		unref(document);
	}
}

int envoi_server_add_document(struct envoi_server *server, const char *path, const char *type,
	const void *data, size_t len)
{
	if (path == NULL || path[0] != '/' || type == NULL) {
		return ENVOI_ERR_INVALID;
	}
	size_t path_size = strlen(path) + 1, type_size = strlen(type) + 1;
	struct document *document = envoi_alloc(
		server->context, sizeof(*document) + path_size + type_size + len);
	if (document == NULL) {
		return ENVOI_ERR_NOMEM;
	}
	document->context = server->context;
	document->refs = 1;
	document->path = (char *)(document + 1);
	document->type = document->path + path_size;
	document->data = document->type + type_size;
	document->len = len;
	memcpy(document->path, path, path_size);
	memcpy(document->type, type, type_size);
	if (len > 0) {
		memcpy(document->data, data, len);
	}
	drop(find(server, path, path_size - 1));
	envoi__list_append(&server->documents, &document->link);
	return ENVOI_OK;
}

void envoi_server_remove_documents(struct envoi_server *server)
{
	while (!envoi__list_is_empty(&server->documents)) {
		drop(document_of(server->documents.next));
	}
}

/* A page runs no script and loads nothing but of this server, and is in no frame. */
bool envoi__web_document(struct envoi__resource *resource, const char *path, size_t len)
{
	static const char *const fields[] = {ENVOI__WEB_NOSNIFF, "Content-Security-Policy",
		"default-src 'self'; object-src 'none'; base-uri 'none'; form-action 'none'; "
		"frame-ancestors 'none'",
		"Referrer-Policy", "no-referrer", "Cache-Control", "no-cache", NULL};
	struct document *document = find(resource->server, path, len);
	if (document == NULL) {
		return false;
	}
	const struct envoi_web_response response = {
		.status = 200,
		.content_type = document->type,
		.body = document->data,
		.body_len = document->len,
		.fields = fields,
		.release = unref,
		.user = document,
	};
	document->refs++;
	if (envoi_web_respond(resource->web, &response) < 0) {
		unref(document);
		envoi__connection_end(resource);
	}
	return true;
}
