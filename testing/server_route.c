/*
 * envoi - test kit: what a server does with stanzas, and its peers
 * SPDX-License-Identifier: MIT
 */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <envoi/values.h>

#include "server.h"

void testing_watch(const struct envoi_test_server *server, enum envoi_test_server_act act,
	const struct session *session, const struct envoi_stanza *stanza)
{
	if (server->watch != NULL) {
		server->watch(
			server->watch_user, act, session != NULL ? session->number : 0, stanza);
	}
}

/* --- answers --- */

/* The answer comes from the address that the question was sent to. */
static void answer(struct envoi_test_server *server, struct session *to,
	const struct envoi_stanza *cause, struct envoi_stanza *reply)
{
	testing_check(reply == NULL ? ENVOI_ERR_NOMEM : ENVOI_OK, "an answer");
	envoi_element_set(envoi_stanza_element(reply), "from", envoi_stanza_to_text(cause));
	if (to != NULL) {
		testing_session_put(to, reply);
	} else {
		testing_deliver(server, reply);
	}
	envoi_stanza_unref(reply);
}

static void refuse(struct envoi_test_server *server, const struct envoi_stanza *cause,
	enum envoi_stanza_condition condition)
{
	if (envoi_stanza_kind(cause) != ENVOI_PRESENCE && envoi_stanza_may_answer(cause)) {
		answer(server, NULL, cause, envoi_stanza_error_new(cause, condition, NULL));
	}
}

/* --- delivering --- */

static struct session *available(
	const struct envoi_test_server *server, const struct account *account)
{
	struct session *session = server->sessions;
	while (session != NULL && (session->account != account || !session->is_available)) {
		session = session->next;
	}
	return session;
}

static struct session *session_at(
	const struct envoi_test_server *server, const struct envoi_jid *jid)
{
	struct session *session = server->sessions;
	while (session != NULL && strcmp(envoi_jid_text(session->jid), envoi_jid_text(jid)) != 0) {
		session = session->next;
	}
	return session;
}

/* XEP-0160, section 3: chat and normal messages wait; XEP-0203: they say since when. */
static void store(
	struct envoi_test_server *server, struct account *account, struct envoi_stanza *stanza)
{
	enum envoi_stanza_type type = envoi_stanza_type(stanza);
	struct envoi_element *element = envoi_stanza_element(stanza);
	if (type != ENVOI_TYPE_CHAT && type != ENVOI_TYPE_NORMAL) {
		return;
	}
	if (envoi_element_child(element, NS_DELAY, "delay") == NULL) {
		char date[ENVOI_DATE_SIZE];
		struct envoi_element *delay = envoi_element_add(element, NS_DELAY, "delay");
		envoi_element_set(delay, "from", envoi_jid_text(server->domain));
		envoi_element_set(delay, "stamp",
			envoi_date_print(date, envoi_context_wall_clock_ms(server->context)));
		testing_check(envoi_element_error(element), "a delay stamp");
	}
	testing_watch(server, ENVOI_TEST_STORED, NULL, stanza);
	testing_queue_add(&account->stored, stanza);
}

static void deliver_message(
	struct envoi_test_server *server, struct account *account, struct envoi_stanza *stanza)
{
	struct session *session = available(server, account);
	if (account->peer != NULL) {
		testing_queue_add(&account->peer->heard, stanza);
	} else if (session != NULL) {
		testing_session_put(session, stanza);
	} else {
		store(server, account, stanza);
	}
}

void testing_deliver(struct envoi_test_server *server, struct envoi_stanza *stanza)
{
	const struct envoi_jid *to = envoi_stanza_to(stanza);
	struct session *session = to != NULL ? session_at(server, to) : NULL;
	struct account *account = to != NULL ? testing_account(server, envoi_jid_local(to)) : NULL;
	if (session != NULL) {
		testing_session_put(session, stanza);
	} else if (account != NULL && envoi_stanza_kind(stanza) == ENVOI_MESSAGE) {
		deliver_message(server, account, stanza);
	} else {
		refuse(server, stanza, ENVOI_SERVICE_UNAVAILABLE);
	}
}

void testing_deliver_again(struct envoi_test_server *server, struct envoi_stanza *stanza)
{
	struct account *account = testing_account(server, envoi_jid_local(envoi_stanza_to(stanza)));
	if (account != NULL && envoi_stanza_kind(stanza) == ENVOI_MESSAGE) {
		store(server, account, stanza);
		struct session *session = available(server, account);
		if (session != NULL) {
			testing_deliver_stored(session);
		}
	} else {
		refuse(server, stanza, ENVOI_RECIPIENT_UNAVAILABLE);
	}
}

void testing_deliver_stored(struct session *session)
{
	struct envoi_stanza *stanza;
	while ((stanza = testing_queue_take(&session->account->stored)) != NULL) {
		testing_session_put(session, stanza);
		envoi_stanza_unref(stanza);
	}
}

/* --- a server with faults --- */

static bool is_each(unsigned int number, unsigned int each)
{
	return each > 0 && number % each == 0;
}

static void deliver_held(struct envoi_test_server *server)
{
	struct envoi_stanza *held = server->held;
	server->held = NULL;
	if (held != NULL) {
		testing_deliver(server, held);
		envoi_stanza_unref(held);
	}
}

static void take_message(struct envoi_test_server *server, struct envoi_stanza *stanza)
{
	const struct envoi_test_server_options *options = &server->options;
	unsigned int number = ++server->messages;
	if (is_each(number, options->drops_each)) {
		return;
	}
	if (is_each(number, options->swaps_each) && server->held == NULL) {
		server->held = envoi_stanza_ref(stanza);
		return;
	}
	testing_deliver(server, stanza);
	if (is_each(number, options->doubles_each)) {
		testing_deliver(server, stanza);
	}
	deliver_held(server);
}

/* --- routing --- */

static void take_presence(struct session *from, const struct envoi_stanza *stanza)
{
	from->is_available = envoi_stanza_type(stanza) == ENVOI_TYPE_AVAILABLE;
	if (from->is_available) {
		testing_deliver_stored(from);
	}
}

static void send_roster(struct session *to, const struct envoi_stanza *request)
{
	struct envoi_stanza *result = envoi_iq_result_new(request);
	struct envoi_element *element = envoi_stanza_element(result);
	envoi_element_add(element, "jabber:iq:roster", "query");
	answer(to->server, to, request, result);
}

static void take_for_account(struct session *from, const struct envoi_stanza *stanza)
{
	bool is_get = envoi_stanza_kind(stanza) == ENVOI_IQ_GET;
	if (envoi_stanza_kind(stanza) == ENVOI_PRESENCE) {
		take_presence(from, stanza);
	} else if (is_get &&
		envoi_element_is(envoi_stanza_payload(stanza), "jabber:iq:roster", "query")) {
		send_roster(from, stanza);
	} else {
		refuse(from->server, stanza, ENVOI_SERVICE_UNAVAILABLE);
	}
}

/* XEP-0199, section 4.2. */
static void take_for_server(struct session *from, const struct envoi_stanza *stanza)
{
	if (envoi_stanza_kind(stanza) == ENVOI_IQ_GET &&
		envoi_element_is(envoi_stanza_payload(stanza), "urn:xmpp:ping", "ping")) {
		answer(from->server, from, stanza, envoi_iq_result_new(stanza));
	} else {
		refuse(from->server, stanza, ENVOI_SERVICE_UNAVAILABLE);
	}
}

void testing_route(
	struct envoi_test_server *server, struct session *from, struct envoi_stanza *stanza)
{
	const struct envoi_jid *to = envoi_stanza_to(stanza);
	bool is_message = envoi_stanza_kind(stanza) == ENVOI_MESSAGE;
	bool is_own = to == NULL || (envoi_jid_is_bare(to) && envoi_jid_equal_bare(to, from->jid));
	if (is_own && !is_message) {
		take_for_account(from, stanza);
	} else if (to == NULL) {
		refuse(server, stanza, ENVOI_BAD_REQUEST);
	} else if (envoi_jid_local(to) == NULL) {
		take_for_server(from, stanza);
	} else if (is_message) {
		take_message(server, stanza);
	} else {
		testing_deliver(server, stanza);
	}
}

void envoi_test_server_deliver(struct envoi_test_server *server, struct envoi_stanza *stanza)
{
	testing_check(envoi_element_error(envoi_stanza_element(stanza)), "a stanza");
	testing_spare(server->world);
	testing_deliver(server, stanza);
	testing_unspare(server->world);
	envoi_stanza_unref(stanza);
}

/* --- peers --- */

struct envoi_test_peer *envoi_test_server_peer(struct envoi_test_server *server, const char *user)
{
	struct envoi_test_peer *peer = testing_alloc(sizeof(*peer));
	peer->server = server;
	snprintf(peer->jid, sizeof(peer->jid), "%s@%s/peer", user, envoi_jid_text(server->domain));
	testing_queue_init(&peer->heard);
	peer->next = server->peers;
	server->peers = peer;
	if (testing_account(server, user) == NULL) {
		envoi_test_server_account(server, user, "");
	}
	testing_account(server, user)->peer = peer;
	return peer;
}

void envoi_test_peer_says(struct envoi_test_peer *peer, const char *to, const char *format, ...)
{
	char body[1024], id[32];
	va_list arguments;
	va_start(arguments, format);
	vsnprintf(body, sizeof(body), format, arguments);
	va_end(arguments);
	snprintf(id, sizeof(id), "peer-%u", ++peer->said);
	testing_spare(peer->server->world);
	struct envoi_stanza *stanza = envoi_message_new(
		peer->server->context, ENVOI_TYPE_CHAT, to, body);
	struct envoi_element *element = envoi_stanza_element(stanza);
	envoi_element_set(element, "from", peer->jid);
	envoi_element_set(element, "id", id);
	testing_check(envoi_element_error(element), "a message");
	testing_deliver(peer->server, stanza);
	envoi_stanza_unref(stanza);
	testing_unspare(peer->server->world);
}

static bool is_from(const struct envoi_stanza *stanza, const char *address)
{
	const char *from = envoi_stanza_from_text(stanza);
	size_t len = address != NULL ? strlen(address) : 0;
	return address == NULL ||
		(from != NULL && strncmp(from, address, len) == 0 &&
			(from[len] == '\0' || from[len] == '/'));
}

size_t envoi_test_peer_heard(const struct envoi_test_peer *peer, const char *from)
{
	size_t count = 0;
	for (const struct queued *at = peer->heard.first; at != NULL; at = at->next) {
		count += is_from(at->stanza, from);
	}
	return count;
}
