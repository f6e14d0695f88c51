/*
 * envoi-server - from the listener to the acceptor, and what that reports
 * SPDX-License-Identifier: MIT
 */
#include <stdio.h>
#include <string.h>

#include <envoi/context.h>
#include <envoi/interfaces/channel.h>
#include <envoi/interfaces/session.h>
#include <envoi/listener.h>

#include "inside.h"

enum {
	HANDSHAKE_MS = 20000, /* of direct TLS */
};

static struct envoi_server *server_of(struct envoi_accept_hook *hook)
{
	return ENVOI_CONTAINER_OF(hook, struct envoi_server, accept_hook);
}

/* --- reports --- */

static const char *address_of(const struct envoi__resource *resource)
{
	return resource->admission == NULL ? resource->address
					   : envoi_admission_address(resource->admission);
}

static void report(struct envoi__resource *resource, enum envoi_server_act act,
	struct envoi_server_report report)
{
	struct envoi_server_hook *hook = resource->server->hook;
	if (hook == NULL || hook->impl->reported == NULL) {
		return;
	}
	report.act = act;
	report.jid = resource->accepted == NULL ? NULL : envoi_accepted_jid(resource->accepted);
	report.address = address_of(resource);
	hook->impl->reported(hook, &report);
}

/* --- life --- */

static int make(struct envoi__resource **ret_resource, struct envoi_server *server,
	struct envoi_admission *admission)
{
	struct envoi__resource *resource = envoi_alloc_zeroed(server->context, sizeof(*resource));
	if (resource == NULL) {
		return ENVOI_ERR_NOMEM;
	}
	resource->server = server;
	resource->admission = admission;
	envoi__list_append(&server->resources, &resource->link);
	envoi__list_init(&resource->account_link);
	envoi__list_init(&resource->waiting);
	*ret_resource = resource;
	return ENVOI_OK;
}

void envoi__connection_end(struct envoi__resource *resource)
{
	struct envoi_server *server = resource->server;
	envoi_opening_free(resource->opening);
	envoi__web_close(resource);
	envoi_admission_end(resource->admission);
	envoi__list_remove(&resource->link);
	envoi_free(server->context, resource);
	envoi__server_progressed(server);
}

static struct envoi__resource *first_of(struct envoi_server *server)
{
	return ENVOI_CONTAINER_OF(server->resources.next, struct envoi__resource, link);
}

void envoi__connections_free(struct envoi_server *server)
{
	while (!envoi__list_is_empty(&server->resources)) {
		envoi__connection_end(first_of(server));
	}
}

static bool has_stream(const struct envoi__resource *resource, const struct envoi_stream *stream)
{
	const struct envoi_session *session = resource->accepted == NULL
		? NULL
		: envoi_accepted_session(resource->accepted);
	return session != NULL && envoi_session_stream(session) == stream;
}

const char *envoi__connection_address(
	const struct envoi_server *server, const struct envoi_stream *stream)
{
	const struct envoi__list *end_of_list = &server->resources;
	for (struct envoi__list *link = end_of_list->next; link != end_of_list; link = link->next) {
		const struct envoi__resource *resource = ENVOI_CONTAINER_OF(
			link, struct envoi__resource, link);
		if (has_stream(resource, stream)) {
			return address_of(resource);
		}
	}
	return "";
}

void envoi__connections_close(struct envoi_server *server)
{
	struct envoi__list *next, *end_of_list = &server->resources;
	for (struct envoi__list *link = end_of_list->next; link != end_of_list; link = next) {
		struct envoi__resource *resource = ENVOI_CONTAINER_OF(
			link, struct envoi__resource, link);
		next = link->next;
		if (resource->accepted != NULL) {
			envoi_accepted_close(resource->accepted, ENVOI_STREAM_SYSTEM_SHUTDOWN);
		} else if (resource->exchange == NULL && !resource->is_taken) {
			envoi__connection_end(
				resource); /* else the end of its session is the answer */
		}
	}
}

/* --- admitting --- */

static bool is_for_components(const struct envoi__resource *resource)
{
	return resource->admission != NULL &&
		strcmp(envoi_admission_service(resource->admission), ENVOI_SERVER_COMPONENTS) == 0;
}

/* @param transport  taken @return the resource ends on failure, too */
static int accept_transport(
	struct envoi__resource *resource, struct envoi_transport *transport, bool is_component)
{
	struct envoi_acceptor *acceptor = resource->server->acceptor;
	const char *source = resource->admission == NULL
		? NULL
		: envoi_admission_address(resource->admission);
	int r = is_component
		? envoi_acceptor_accept_component(acceptor, transport, source, &resource->accepted)
		: envoi_acceptor_accept(acceptor, transport, &resource->accepted);
	if (r == ENVOI_OK) {
		envoi_accepted_set_user(resource->accepted, resource);
		report(resource, ENVOI_SERVER_CONNECTED, (struct envoi_server_report){0});
	} else {
		envoi__connection_end(resource);
	}
	return r;
}

int envoi__connection_accept(struct envoi__resource *resource, struct envoi_transport *transport)
{
	return accept_transport(resource, transport, false);
}

static void on_opened(
	void *user, struct envoi_transport *transport, const struct envoi_failure *failure)
{
	struct envoi__resource *resource = user;
	resource->opening = NULL;
	if (failure != NULL) {
		report(resource, ENVOI_SERVER_ENDED, (struct envoi_server_report){.why = failure});
		envoi__connection_end(resource);
	} else {
		(void)accept_transport(resource, transport, is_for_components(resource));
	}
}

static int open_channel(struct envoi__resource *resource, struct envoi_channel *channel)
{
	struct envoi_server *server = resource->server;
	struct envoi_channel_options channel_options;
	bool is_direct = strcmp(envoi_admission_service(resource->admission),
				 ENVOI_SERVER_DIRECT_TLS) == 0;
	const struct envoi_opening_options options = {
		.channel = &channel_options,
		.role = ENVOI_RECEIVER,
		.tls = is_direct ? server->tls : NULL,
		.alpn = "xmpp-client",
		.timeout_ms = HANDSHAKE_MS,
		.done = on_opened,
		.user = resource,
	};
	int r = is_direct && server->tls == NULL
		? ENVOI_ERR_UNSUPPORTED
		: envoi_channel_options_read(&channel_options, server->context, server->settings);
	if (r < 0) {
		envoi_channel_destroy(channel);
		return r;
	}
	return envoi_opening_new(&resource->opening, server->context, channel, &options);
}

static bool is_for_web(const struct envoi__resource *resource)
{
	const char *service = envoi_admission_service(resource->admission);
	return strcmp(service, ENVOI_SERVER_WEB) == 0 ||
		strcmp(service, ENVOI_SERVER_WEB_CLEAR) == 0;
}

int envoi__server_admitted(
	void *user, struct envoi_admission *admission, struct envoi_channel *channel)
{
	struct envoi__resource *resource;
	int r = make(&resource, user, admission);
	if (r < 0) {
		envoi_channel_destroy(channel);
		return r;
	}
	r = is_for_web(resource) ? envoi__web_open(resource, channel)
				 : open_channel(resource, channel);
	if (r < 0) {
		resource->admission = NULL; /* the listener ends it */
		envoi__connection_end(resource);
	}
	return r;
}

static int accept_foreign(struct envoi_server *server, struct envoi_transport *transport,
	const char *address, bool is_component)
{
	struct envoi__resource *resource;
	int r = server->is_closing ? ENVOI_ERR_STATE : make(&resource, server, NULL);
	if (r < 0) {
		envoi_transport_destroy(transport);
		return r;
	}
	snprintf(resource->address, sizeof(resource->address), "%s", address);
	return accept_transport(resource, transport, is_component);
}

int envoi__connection_accept_from(
	struct envoi_server *server, struct envoi_transport *transport, const char *address)
{
	return accept_foreign(server, transport, address, false);
}

int envoi_server_accept(struct envoi_server *server, struct envoi_transport *transport)
{
	return accept_foreign(server, transport, "", false);
}

int envoi_server_accept_component(struct envoi_server *server, struct envoi_transport *transport)
{
	return accept_foreign(server, transport, "", true);
}

/* --- what the acceptor reports --- */

static void on_authenticated(
	struct envoi_accept_hook *hook, struct envoi_accepted *accepted, const char *mechanism)
{
	struct envoi__resource *resource = envoi_accepted_user(accepted);
	const struct envoi_session *session = envoi_accepted_session(accepted);
	const char *user = envoi_stream_user(envoi_session_stream(session));
	bool is_component = envoi_accepted_is_component(accepted);
	(void)hook;
	if (!is_component && resource->admission != NULL &&
		envoi_admission_log_in(resource->admission, user) < 0) {
		envoi_accepted_close(accepted, ENVOI_STREAM_RESOURCE_CONSTRAINT);
		return;
	}
	report(resource, ENVOI_SERVER_LOGGED_IN,
		(struct envoi_server_report){.user = user, .mechanism = mechanism});
}

static void on_ready(struct envoi_accept_hook *hook, struct envoi_accepted *accepted)
{
	struct envoi__resource *resource = envoi_accepted_user(accepted);
	(void)hook;
	report(resource, ENVOI_SERVER_ONLINE, (struct envoi_server_report){0});
	if (!envoi_accepted_is_component(accepted)) {
		envoi__resource_arrive(resource);
	}
}

/* An answer to the server, or to the account, is for the session: it may have asked. */
static bool is_answer_to_session(const struct envoi_stanza *stanza)
{
	const struct envoi_jid *to = envoi_stanza_to(stanza);
	enum envoi_stanza_kind kind = envoi_stanza_kind(stanza);
	return (kind == ENVOI_IQ_RESULT || kind == ENVOI_IQ_ERROR) &&
		(to == NULL || envoi_jid_is_bare(to));
}

static int on_stanza(struct envoi_accept_hook *hook, struct envoi_accepted *accepted,
	struct envoi_stanza *stanza)
{
	(void)hook;
	if (envoi_accepted_is_component(accepted)) {
		envoi__route_component(envoi_accepted_user(accepted), stanza);
		return ENVOI_STOP;
	}
	if (is_answer_to_session(stanza)) {
		return ENVOI_OK;
	}
	envoi__route_from(envoi_accepted_user(accepted), stanza);
	return ENVOI_STOP;
}

static void on_suspended(struct envoi_accept_hook *hook, struct envoi_accepted *accepted,
	const struct envoi_failure *why)
{
	(void)hook;
	report(envoi_accepted_user(accepted), ENVOI_SERVER_SUSPENDED,
		(struct envoi_server_report){.why = why});
}

static void on_resumed(struct envoi_accept_hook *hook, struct envoi_accepted *accepted)
{
	(void)hook;
	report(envoi_accepted_user(accepted), ENVOI_SERVER_RESUMED,
		(struct envoi_server_report){0});
}

static void on_ended(struct envoi_accept_hook *hook, struct envoi_accepted *accepted,
	const struct envoi_failure *why)
{
	struct envoi__resource *resource = envoi_accepted_user(accepted);
	if (!server_of(hook)->is_ended) {
		report(resource, ENVOI_SERVER_ENDED, (struct envoi_server_report){.why = why});
	}
	envoi__resource_leave(resource);
	resource->accepted = NULL;
	envoi__connection_end(resource);
}

const struct envoi_accept_hook_impl envoi__server_accept_hook_impl = {
	.authenticated = on_authenticated,
	.ready = on_ready,
	.stanza = on_stanza,
	.suspended = on_suspended,
	.resumed = on_resumed,
	.ended = on_ended,
};
