/*
 * envoi - test kit: a server whose sessions are the library's
 * SPDX-License-Identifier: MIT
 */
/* The counterpart of server_management.c: acknowledgements and resumption are those of the
 * library's receiving side. What a session was given and has not had acknowledged is known by its
 * tickets. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <envoi/interfaces/channel.h>

#include "server.h"

enum {
	HANDSHAKE_MS = 20000,
};

/** A stanza that was given to a session. */
struct given {
	struct envoi_ticket ticket;
	struct session *session;
	struct envoi_stanza *stanza; /* a reference */
};

static struct session *from_owner(struct envoi_session_owner *owner)
{
	return ENVOI_CONTAINER_OF(owner, struct session, owner);
}

static bool is_session_of(const struct session *session, const struct envoi_session *library)
{
	return session->library == library;
}

static struct session *find(struct session *list, const struct envoi_session *library)
{
	while (list != NULL && !is_session_of(list, library)) {
		list = list->next;
	}
	return list;
}

/* --- sending --- */

static void on_report(struct envoi_ticket *ticket, const struct envoi_ticket_report *report)
{
	struct given *given = ENVOI_CONTAINER_OF(ticket, struct given, ticket);
	struct session *session = given->session;
	struct envoi_test_server *server = session->server;
	bool has_arrived = report->state == ENVOI_TICKET_ACKNOWLEDGED ||
		report->state == ENVOI_TICKET_WRITTEN || report->state == ENVOI_TICKET_REFUSED;
	session->given--;
	if (!has_arrived && !server->is_freed) {
		testing_spare(server->world);
		testing_deliver_again(server, given->stanza);
		testing_unspare(server->world);
	}
	envoi_stanza_unref(given->stanza);
	free(given);
}

void testing_library_put(struct session *session, struct envoi_stanza *stanza)
{
	struct given *given = testing_alloc(sizeof(*given));
	struct envoi_stanza *copy;
	struct envoi_element *element = envoi_element_dup(envoi_stanza_element(stanza));
	testing_check(envoi_stanza_from_element(&copy, element), "a stanza");
	envoi_element_unref(element);
	given->ticket.done = on_report;
	given->session = session;
	given->stanza = envoi_stanza_ref(stanza);
	session->given++;
	if (envoi_send(session->library, copy, &given->ticket) < 0) {
		const struct envoi_ticket_report report = {.state = ENVOI_TICKET_NOT_SENT};
		on_report(&given->ticket, &report);
	}
}

/* --- receiving --- */

/* RFC 6120, section 8.1.2.1: the server stamps the sender's full address. */
static int on_stanza(
	struct envoi_handler *self, struct envoi_session *library, struct envoi_stanza *stanza)
{
	(void)library;
	struct session *session = ENVOI_CONTAINER_OF(self, struct session, handler);
	struct envoi_world *world = session->server->world;
	testing_spare(world);
	struct envoi_element *stamped = envoi_element_dup(envoi_stanza_element(stanza));
	struct envoi_stanza *copy;
	envoi_element_set(stamped, "from", envoi_jid_text(session->jid));
	testing_check(envoi_stanza_from_element(&copy, stamped), "a stanza");
	testing_watch(session->server, ENVOI_TEST_RECEIVED, session, copy);
	testing_route(session->server, session, copy);
	envoi_stanza_unref(copy);
	envoi_element_unref(stamped);
	testing_unspare(world);
	return ENVOI_STOP;
}

static const struct envoi_filters filters = {.stanza_in = on_stanza};
static const struct envoi_handler_impl filter_impl = {.name = "server", .filters = &filters};

/* --- life --- */

static void take_out(struct session *session)
{
	struct envoi_test_server *server = session->server;
	struct session **link = find(server->unbound, session->library) != NULL ? &server->unbound
										: &server->sessions;
	while (*link != session) {
		link = &(*link)->next;
	}
	*link = session->next;
}

/* Freeing reports the tickets that are open. */
void testing_library_end(struct session *session)
{
	take_out(session);
	session->is_available = false;
	envoi_opening_free(session->opening);
	envoi_session_free(session->library);
	envoi_jid_unref(session->jid);
	free(session);
}

static void on_closed(struct envoi_session_owner *owner, struct envoi_session *library,
	const struct envoi_failure *why)
{
	(void)why;
	struct envoi_world *world = from_owner(owner)->server->world;
	if (!envoi_session_is_suspended(library)) {
		testing_spare(world);
		testing_session_end(from_owner(owner));
		testing_unspare(world);
	}
}

static const struct envoi_session_owner_impl owner_impl = {.closed = on_closed};

static struct session *session_new(struct envoi_test_server *server)
{
	struct session *session = testing_alloc(sizeof(*session));
	session->server = server;
	session->owner.impl = &owner_impl;
	session->handler = (struct envoi_handler)ENVOI_HANDLER(&filter_impl);
	testing_queue_init(&session->queue);
	testing_check(
		envoi_session_new(&session->library, server->context, server->settings), "session");
	envoi_session_set_owner(session->library, &session->owner);
	testing_check(envoi_session_add(session->library, &session->handler), "handler");
	session->next = server->unbound;
	server->unbound = session;
	return session;
}

/* @param transport  taken */
static int begin_stream(struct session *session, struct envoi_transport *transport)
{
	struct envoi_test_server *server = session->server;
	struct envoi_handler *management = server->options.has_stream_management
		? server->library_management
		: NULL;
	struct envoi_stream *stream;
	int r = testing_stream_new(
		&stream, server, transport, management, envoi_session_sink(session->library));
	return r < 0 ? r : envoi_session_attach(session->library, stream);
}

static void on_secured(
	void *user, struct envoi_transport *transport, const struct envoi_failure *failure)
{
	struct session *session = user;
	struct envoi_world *world = session->server->world;
	session->opening = NULL;
	testing_spare(world);
	if (failure != NULL || begin_stream(session, transport) < 0) {
		testing_library_end(session);
	}
	testing_unspare(world);
}

static int begin_tls(struct session *session, struct envoi_memory_pair *pair)
{
	struct envoi_test_server *server = session->server;
	struct envoi_channel_options channel_options;
	struct envoi_channel *channel;
	const struct envoi_opening_options options = {
		.channel = &channel_options,
		.role = ENVOI_RECEIVER,
		.tls = server->tls,
		.alpn = "xmpp-client",
		.timeout_ms = HANDSHAKE_MS,
		.done = on_secured,
		.user = session,
	};
	int r = envoi_channel_options_read(&channel_options, server->context, server->settings);
	if (r == ENVOI_OK) {
		r = envoi_memory_channel_new(&channel, pair, ENVOI_MEMORY_B);
	}
	return r < 0 ? r : envoi_opening_new(&session->opening, server->context, channel, &options);
}

int testing_library_accept(struct envoi_test_server *server, struct envoi_memory_pair *pair)
{
	struct session *session = session_new(server);
	struct envoi_transport *transport;
	int r;
	if (server->options.direct_tls) {
		r = begin_tls(session, pair);
	} else {
		r = testing_transport_new(&transport, server, pair);
		r = r < 0 ? r : begin_stream(session, transport);
	}
	if (r < 0) {
		testing_library_end(session);
	}
	return r;
}

void testing_library_bound(struct envoi_test_server *server, struct envoi_stream *stream,
	struct account *account, struct envoi_jid *jid)
{
	struct session *session = server->unbound;
	while (session != NULL && envoi_session_stream(session->library) != stream) {
		session = session->next;
	}
	if (session != NULL) {
		take_out(session);
		session->account = account;
		session->number = ++server->bound;
		session->is_anonymous = envoi_sasl_user(stream, server->sasl) == NULL;
		session->jid = envoi_jid_ref(jid);
		session->next = server->sessions;
		server->sessions = session;
	}
}

void testing_library_disconnect(struct session *session)
{
	envoi_session_detach(session->library);
	if (!envoi_session_is_suspended(session->library)) {
		testing_session_end(session);
	}
}

/* --- resumption --- */

static struct envoi_test_server *from_hook(struct envoi_resumption_hook *hook)
{
	return ENVOI_CONTAINER_OF(hook, struct envoi_test_server, resumption_hook);
}

static bool on_enabled(struct envoi_resumption_hook *hook, struct envoi_session *library,
	uint64_t wanted_s, struct envoi_resumption *resumption)
{
	struct envoi_test_server *server = from_hook(hook);
	struct session *session = find(server->sessions, library);
	if (session == NULL) {
		return false;
	}
	uint64_t max_s = server->options.hibernation_ms / 1000;
	max_s = wanted_s > 0 && wanted_s < max_s ? wanted_s : max_s;
	session->is_managed = true;
	snprintf(session->id, sizeof(session->id), "session-%u", session->number);
	snprintf(resumption->id, sizeof(resumption->id), "%s", session->id);
	resumption->max_s = max_s > 0 ? (uint32_t)max_s : 1;
	return server->options.resumes;
}

/* @param user  NULL: anonymous */
static bool is_of(const struct session *session, const char *user)
{
	return session->is_anonymous ? user == NULL
				     : user != NULL && strcmp(session->account->user, user) == 0;
}

static struct envoi_session *resumable(
	const struct envoi_test_server *server, const char *user, const char *id)
{
	const struct session *session = server->sessions;
	while (session != NULL && (strcmp(session->id, id) != 0 || !is_of(session, user))) {
		session = session->next;
	}
	return session != NULL ? session->library : NULL;
}

/* A request with a count that cannot be ends the session. */
static void end_dead(const struct envoi_test_server *server, const struct envoi_session *library)
{
	struct session *session = find(server->sessions, library);
	if (session != NULL && !envoi_session_is_suspended(library) &&
		envoi_session_stream(library) == NULL) {
		testing_session_end(session);
	}
}

static void on_wanted(struct envoi_resumption_hook *hook, struct envoi_stream *stream,
	struct envoi_handler *handler, const char *previd)
{
	struct envoi_test_server *server = from_hook(hook);
	if (testing_management_ignores(server, stream)) {
		return;
	}
	struct envoi_session *session = resumable(
		server, envoi_sasl_user(stream, server->sasl), previd);
	testing_spare(server->world);
	int r = envoi_resumption_answer(stream, handler, session);
	if (session != NULL && r == ENVOI_OK) {
		server->resumptions++;
	} else if (session != NULL) {
		end_dead(server, session);
	}
	testing_unspare(server->world);
}

static void on_expired(struct envoi_resumption_hook *hook, struct envoi_session *library)
{
	struct envoi_world *world = from_hook(hook)->world;
	struct session *session = find(from_hook(hook)->sessions, library);
	if (session != NULL) {
		testing_spare(world);
		testing_session_end(session);
		testing_unspare(world);
	}
}

const struct envoi_resumption_hook_impl testing_resumption_hook_impl = {
	.enabled = on_enabled,
	.wanted = on_wanted,
	.expired = on_expired,
};
