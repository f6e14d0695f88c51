/*
 * envoi-server - the web service: BOSH (XEP-0124, XEP-0206)
 * SPDX-License-Identifier: MIT
 */
#include <string.h>

#include <envoi/bosh.h>
#include <envoi/context.h>
#include <envoi/listener.h>
#include <envoi/web.h>

#include "inside.h"
#include "sources.h"
#include "web.h"

enum {
	MOST_FIELDS = 12,
};

/* Pages of other sites may read the answer, if they may connect at all. */
static void respond(struct envoi__resource *resource, int status, const char *type,
	const char *body, size_t len)
{
	const char *origin = envoi_web_request_field(resource->web, "Origin");
	const char *const fields[MOST_FIELDS] = {ENVOI__WEB_NOSNIFF, "Cache-Control", "no-store",
		origin != NULL ? "Access-Control-Allow-Origin" : NULL, origin, "Vary", "Origin",
		"Access-Control-Allow-Headers", "Content-Type"};
	const struct envoi_web_response response = {
		.status = status,
		.content_type = type,
		.body = body,
		.body_len = len,
		.fields = fields,
		.closes = resource->server->is_closing,
	};
	envoi__web_respond(resource, &response);
}

static void on_answer(void *user, const char *body, size_t len)
{
	struct envoi__resource *resource = user;
	resource->exchange = NULL;
	respond(resource, 200, ENVOI_BOSH_CONTENT_TYPE, body, len);
}

/* @retval <0  the transport is destroyed */
static int on_opened(void *user, struct envoi_transport *transport)
{
	return envoi__connection_accept_from(
		user, transport, transport->impl->peer_name(transport));
}

static int make_receiver(struct envoi_server *server)
{
	const struct envoi_bosh_receiver_options options = {
		.settings = server->settings, .opened = on_opened, .user = server};
	return server->bosh != NULL
		? ENVOI_OK
		: envoi_bosh_receiver_new(&server->bosh, server->context, &options);
}

/* A connection may carry requests of several accounts. With a session that has logged in it counts
 * as one of an account that stands for its address; at the limit of that it counts as before. No
 * account has such a name. It is not ended for want of memory while the session holds its request.
 */
static void log_in(struct envoi__resource *resource)
{
	char name[1 + INET6_ADDRSTRLEN] = "@";
	const char *address = envoi_admission_address(resource->admission);
	if (envoi_bosh_exchange_has_login(resource->exchange)) {
		envoi_web_connection_settle(resource->web);
		envoi__source_name(name + 1, address);
		(void)!envoi_admission_log_in(
			resource->admission, address[0] != '\0' ? name : NULL);
	}
}

static void take(struct envoi__resource *resource, const struct envoi_web_request *request)
{
	struct envoi_server *server = resource->server;
	const struct envoi_bosh_request bosh = {
		.body = request->body,
		.len = request->body_len,
		.address = envoi_admission_address(resource->admission),
		.is_secure = envoi_web_connection_is_secure(resource->web),
		.answer = on_answer,
		.user = resource,
	};
	int r = make_receiver(server);
	resource->is_taken = true;
	r = r < 0 ? r : envoi_bosh_receiver_take(server->bosh, &bosh, &resource->exchange);
	resource->is_taken = false;
	if (r < 0) {
		envoi__connection_end(resource);
	} else {
		log_in(resource);
	}
}

void envoi__web_bosh(struct envoi__resource *resource, const struct envoi_web_request *request)
{
	if (!envoi_web_origin_is_allowed(resource->web, resource->server->values.web_origins)) {
		const struct envoi_web_response refusal = {.status = 403};
		envoi__web_respond(resource, &refusal);
	} else if (strcmp(request->method, "OPTIONS") == 0) {
		respond(resource, 204, NULL, NULL, 0);
	} else {
		take(resource, request);
	}
}

void envoi__web_bosh_free(struct envoi__resource *resource)
{
	envoi_bosh_exchange_free(resource->exchange);
	resource->exchange = NULL;
}

void envoi__web_bosh_finish(struct envoi_server *server)
{
	envoi_bosh_receiver_free(server->bosh);
	server->bosh = NULL;
}
