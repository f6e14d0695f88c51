/*
 * envoi-server - the web service: what its paths answer
 * SPDX-License-Identifier: MIT
 */
#include <string.h>
#include <strings.h>

#include <envoi/config.h>
#include <envoi/context.h>
#include <envoi/interfaces/channel.h>
#include <envoi/listener.h>
#include <envoi/web.h>

#if ENVOI_HAS_WEBSOCKET
#include <envoi/websocket.h>
#endif

#include "inside.h"
#include "web.h"

enum {
	METHOD_GET = 1, /* and HEAD */
	METHOD_POST = 2,
	METHOD_OPTIONS = 4,
};

/* --- answers --- */

/* Without memory for it the connection ends. */
void envoi__web_respond(struct envoi__resource *resource, const struct envoi_web_response *response)
{
	if (envoi_web_respond(resource->web, response) < 0) {
		envoi__connection_end(resource);
	}
}

static void respond_with_status(struct envoi__resource *resource, int status)
{
	static const char *const fields[] = {ENVOI__WEB_NOSNIFF, NULL};
	const struct envoi_web_response response = {.status = status, .fields = fields};
	envoi__web_respond(resource, &response);
}

static void refuse_method(struct envoi__resource *resource, unsigned int methods)
{
	const char *allowed = methods == METHOD_GET ? "GET, HEAD" : "POST, OPTIONS";
	const char *const fields[] = {"Allow", allowed, ENVOI__WEB_NOSNIFF, NULL};
	const struct envoi_web_response response = {.status = 405, .fields = fields};
	envoi__web_respond(resource, &response);
}

/* --- WebSocket --- */

#if ENVOI_HAS_WEBSOCKET

static void serve_websocket(
	struct envoi__resource *resource, const struct envoi_web_request *request)
{
	struct envoi_transport *transport;
	(void)request;
	if (!envoi_web_origin_is_allowed(resource->web, resource->server->values.web_origins)) {
		respond_with_status(resource, 403);
		return;
	}
	int r = envoi_websocket_accept(&transport, resource->web);
	if (r == ENVOI_OK) {
		resource->web = NULL;
		(void)envoi__connection_accept(resource, transport);
	} else if (r < 0) {
		resource->web = NULL; /* freed */
		envoi__connection_end(resource);
	}
}

#endif

/* --- host-meta, documents --- */

static void serve_xrd(struct envoi__resource *resource, const struct envoi_web_request *request)
{
	(void)request;
	if (!envoi__web_host_meta(resource, false)) {
		respond_with_status(resource, 400);
	}
}

static void serve_jrd(struct envoi__resource *resource, const struct envoi_web_request *request)
{
	(void)request;
	if (!envoi__web_host_meta(resource, true)) {
		respond_with_status(resource, 400);
	}
}

/* --- paths --- */

static const struct service {
	const char *path;
	unsigned int methods;
	void (*serve)(struct envoi__resource *resource, const struct envoi_web_request *request);
} services[] = {
#if ENVOI_HAS_WEBSOCKET
	{ENVOI__WEB_WEBSOCKET, METHOD_GET, serve_websocket},
#endif
#if ENVOI_HAS_BOSH
	{ENVOI__WEB_BOSH, METHOD_POST | METHOD_OPTIONS, envoi__web_bosh},
#endif
	{"/.well-known/host-meta", METHOD_GET, serve_xrd},
	{"/.well-known/host-meta.json", METHOD_GET, serve_jrd},
};

static unsigned int method_of(const struct envoi_web_request *request)
{
	const char *method = request->method;
	return strcmp(method, "GET") == 0 || strcmp(method, "HEAD") == 0 ? METHOD_GET
		: strcmp(method, "POST") == 0                            ? METHOD_POST
		: strcmp(method, "OPTIONS") == 0                         ? METHOD_OPTIONS
									 : 0;
}

static const struct service *find_service(const char *path, size_t len)
{
	for (size_t i = 0; i < sizeof(services) / sizeof(services[0]); i++) {
		if (strlen(services[i].path) == len && memcmp(services[i].path, path, len) == 0) {
			return &services[i];
		}
	}
	return NULL;
}

/* RFC 9112, section 3.2.2: a target may have scheme and host. */
static const char *path_of(const char *target)
{
	const char *host = strncasecmp(target, "http://", 7) == 0 ? target + 7
		: strncasecmp(target, "https://", 8) == 0         ? target + 8
								  : NULL;
	const char *path = host == NULL ? target : host + strcspn(host, "/?");
	return *path == '\0' ? "/" : path;
}

static void on_requested(void *user, struct envoi_web_connection *connection,
	const struct envoi_web_request *request)
{
	struct envoi__resource *resource = user;
	const char *path = path_of(request->target);
	size_t len = strcspn(path, "?");
	const struct service *service = find_service(path, len);
	unsigned int methods = service != NULL ? service->methods : METHOD_GET;
	(void)connection;
	if ((methods & method_of(request)) == 0) {
		refuse_method(resource, methods);
	} else if (service != NULL) {
		service->serve(resource, request);
	} else if (!envoi__web_document(resource, path, len)) {
		respond_with_status(resource, 404);
	}
}

/* --- connections --- */

/* No session was there that a report could be about. */
static void on_closed(void *user, const struct envoi_failure *why)
{
	struct envoi__resource *resource = user;
	(void)why;
	resource->web = NULL; /* freed */
	envoi__connection_end(resource);
}

static bool is_of_this_host(const char *address)
{
	return strncmp(address, "127.", 4) == 0 || strcmp(address, "::1") == 0;
}

int envoi__web_open(struct envoi__resource *resource, struct envoi_channel *channel)
{
	struct envoi_server *server = resource->server;
	const struct envoi_admission *admission = resource->admission;
	bool is_clear = strcmp(envoi_admission_service(admission), ENVOI_SERVER_WEB_CLEAR) == 0;
	resource->is_web_clear = is_clear;
	const struct envoi_web_options options = {
		.settings = server->settings,
		.tls = is_clear ? NULL : server->tls,
		.server_name = envoi_jid_domain(server->domain),
		.is_secure = is_clear && is_of_this_host(envoi_admission_address(admission)),
		.requested = on_requested,
		.closed = on_closed,
		.user = resource,
	};
	if (!is_clear && server->tls == NULL) {
		envoi_channel_destroy(channel);
		return ENVOI_ERR_UNSUPPORTED;
	}
	return envoi_web_connection_new(&resource->web, server->context, channel, &options);
}

void envoi__web_finish(struct envoi_server *server)
{
	envoi_server_remove_documents(server);
#if ENVOI_HAS_BOSH
	envoi__web_bosh_finish(server);
#endif
}

void envoi__web_close(struct envoi__resource *resource)
{
#if ENVOI_HAS_BOSH
	envoi__web_bosh_free(resource);
#endif
	envoi_web_connection_free(resource->web);
	resource->web = NULL;
}
