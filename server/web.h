/*
 * envoi-server - the web service: what its files share
 * SPDX-License-Identifier: MIT
 */
#ifndef ENVOI_SERVER_WEB_INSIDE_H
#define ENVOI_SERVER_WEB_INSIDE_H

#include <stdbool.h>
#include <stddef.h>

struct envoi__resource;
struct envoi_server;
struct envoi_web_request;
struct envoi_web_response;

#define ENVOI__WEB_WEBSOCKET "/xmpp-websocket"
#define ENVOI__WEB_BOSH "/http-bind"

/** A field of each answer with content: its type is the one that is said. */
#define ENVOI__WEB_NOSNIFF "X-Content-Type-Options", "nosniff"

/** Answer the request that waits; without memory for it the connection ends. */
void envoi__web_respond(
	struct envoi__resource *resource, const struct envoi_web_response *response);

/* --- web_bosh.c --- */

/** Answer a request of BOSH, or of a browser that asks whether a page may send one. */
void envoi__web_bosh(struct envoi__resource *resource, const struct envoi_web_request *request);
/** The connection ends. */
void envoi__web_bosh_free(struct envoi__resource *resource);
/** Free what the server has for BOSH. */
void envoi__web_bosh_finish(struct envoi_server *server);

/* --- web_host_meta.c --- */

/** Answer with the links of this server (XEP-0156), as JSON or XML. @return false: the field Host
 * is malformed; nothing is answered */
bool envoi__web_host_meta(struct envoi__resource *resource, bool is_json);

/* --- web_documents.c --- */

/** Answer with a document. @return false: there is none of that path; nothing is answered */
bool envoi__web_document(struct envoi__resource *resource, const char *path, size_t len);

#endif
