/*
 * envoi - a small XMPP server in virtual time: routing
 * SPDX-License-Identifier: MIT
 */
#include <string.h>

#include <envoi/context.h>
#include <envoi/stanza.h>

#include "server_inside.h"

#define NS_ROSTER "jabber:iq:roster"

/* --- sending --- */

static void send_element(struct connection *to, const struct envoi_element *element)
{
	struct envoi_buffer xml;
	envoi_buffer_init(&xml, to->server->context, 0);
	if (envoi_xml_write(&xml, element, ENVOI_NS_CLIENT) < 0 ||
		envoi_stream_send(to->stream, envoi_buffer_data(&xml), envoi_buffer_len(&xml)) <
			0) {
		to->server->lost++;
	}
	envoi_buffer_finish(&xml);
}

/* The answer has the address of the request. */
static void answer(
	struct connection *to, const struct envoi_stanza *cause, struct envoi_stanza *reply)
{
	if (reply != NULL) {
		struct envoi_element *element = envoi_stanza_element(reply);
		envoi_element_set(element, "from", envoi_stanza_to_text(cause));
		send_element(to, element);
	}
	envoi_stanza_unref(reply);
}

static void refuse(struct connection *connection, const struct envoi_stanza *cause,
	enum envoi_stanza_condition condition)
{
	if (envoi_stanza_may_answer(cause)) {
		answer(connection, cause, envoi_stanza_error_new(cause, condition, NULL));
	}
}

/* --- rosters --- */

static void add_item(struct envoi_element *query, const struct contact *contact)
{
	struct envoi_element *item = envoi_element_add(query, NS_ROSTER, "item");
	envoi_element_set(item, "jid", contact->jid);
	envoi_element_set(item, "name", contact->name[0] != '\0' ? contact->name : NULL);
	envoi_element_set(item, "subscription", contact->subscription);
}

static struct account *account_of(struct connection *connection)
{
	const struct envoi_jid *jid = envoi_stream_local(connection->stream);
	return server_account(connection->server, envoi_jid_local(jid));
}

static void send_items(
	struct connection *connection, const struct envoi_stanza *request, const char *items)
{
	struct envoi_buffer xml;
	envoi_buffer_init(&xml, connection->server->context, 0);
	if (envoi_buffer_printf(&xml,
		    "<iq type='result' id='%s'><query xmlns='jabber:iq:roster'>%s</query></iq>",
		    envoi_stanza_id(request), items) < 0 ||
		envoi_stream_send(
			connection->stream, envoi_buffer_data(&xml), envoi_buffer_len(&xml)) < 0) {
		connection->server->lost++;
	}
	envoi_buffer_finish(&xml);
}

static void send_roster(struct connection *connection, const struct envoi_stanza *request)
{
	const struct account *owner = account_of(connection);
	if (owner != NULL && owner->roster != NULL) {
		send_items(connection, request, owner->roster);
		return;
	}
	struct envoi_stanza *result = envoi_iq_result_new(request);
	if (result != NULL) {
		struct envoi_element *query = envoi_element_add(
			envoi_stanza_element(result), NS_ROSTER, "query");
		const struct account *account = account_of(connection);
		const struct contact *contact = account != NULL ? account->contacts : NULL;
		for (; contact != NULL; contact = contact->next) {
			add_item(query, contact);
		}
	}
	answer(connection, request, result);
}

/* --- presence --- */

static bool is_same_account(const struct connection *a, const struct connection *b)
{
	return envoi_jid_equal_bare(envoi_stream_local(a->stream), envoi_stream_local(b->stream));
}

/* Whether @p to may see the presence of @p from: it is oneself, or a contact subscribed. */
static bool may_see(struct connection *to, struct connection *from)
{
	if (is_same_account(to, from)) {
		return true;
	}
	const struct account *account = account_of(from);
	const struct contact *contact = account != NULL ? account->contacts : NULL;
	const struct envoi_jid *jid = envoi_stream_local(to->stream);
	size_t len = envoi_jid_bare_len(jid);
	for (; contact != NULL; contact = contact->next) {
		if (strncmp(contact->jid, envoi_jid_text(jid), len) == 0 &&
			contact->jid[len] == '\0') {
			return strcmp(contact->subscription, "from") == 0 ||
				strcmp(contact->subscription, "both") == 0;
		}
	}
	return false;
}

static void send_presence(struct connection *to, const struct envoi_element *presence)
{
	struct envoi_element *copy = envoi_element_dup(presence);
	struct envoi_jid *bare;
	if (envoi_jid_bare(&bare, envoi_stream_local(to->stream)) == ENVOI_OK) {
		envoi_element_set(copy, "to", envoi_jid_text(bare));
		send_element(to, copy);
		envoi_jid_unref(bare);
	}
	envoi_element_unref(copy);
}

static void broadcast(struct connection *from, const struct envoi_element *presence)
{
	for (struct connection *to = from->server->connections; to != NULL; to = to->next) {
		if (to->is_ready && (to->presence != NULL || to == from) && may_see(to, from)) {
			send_presence(to, presence);
		}
	}
}

/* An account that becomes available gets the presence of the others. */
static void show_others(struct connection *to)
{
	for (struct connection *from = to->server->connections; from != NULL; from = from->next) {
		if (from != to && from->presence != NULL && may_see(to, from)) {
			send_presence(to, from->presence);
		}
	}
}

static void take_presence(struct connection *connection, struct envoi_stanza *stanza)
{
	bool was_available = connection->presence != NULL;
	enum envoi_stanza_type type = envoi_stanza_type(stanza);
	struct envoi_element *element = envoi_stanza_element(stanza);
	if (type != ENVOI_TYPE_AVAILABLE && type != ENVOI_TYPE_UNAVAILABLE) {
		return;
	}
	broadcast(connection, element);
	envoi_element_unref(connection->presence);
	connection->presence = type == ENVOI_TYPE_AVAILABLE ? envoi_element_ref(element) : NULL;
	if (!was_available && connection->presence != NULL) {
		show_others(connection);
	}
}

void server_gone(struct connection *connection)
{
	if (connection->presence == NULL) {
		return;
	}
	struct envoi_element *presence = envoi_element_new(
		connection->server->context, ENVOI_NS_CLIENT, "presence");
	envoi_element_set(presence, "type", "unavailable");
	envoi_element_set(presence, "from", server_jid(connection));
	broadcast(connection, presence);
	envoi_element_unref(presence);
}

/* --- routing --- */

static void take_for_account(struct connection *connection, struct envoi_stanza *stanza)
{
	enum envoi_stanza_kind kind = envoi_stanza_kind(stanza);
	bool is_roster = envoi_element_is(envoi_stanza_payload(stanza), NS_ROSTER, "query");
	if (kind == ENVOI_PRESENCE) {
		take_presence(connection, stanza);
	} else if (kind == ENVOI_IQ_GET && is_roster && !connection->server->knobs.no_roster) {
		send_roster(connection, stanza);
	} else {
		refuse(connection, stanza, ENVOI_SERVICE_UNAVAILABLE);
	}
}

static void take_for_server(struct connection *connection, struct envoi_stanza *stanza)
{
	if (envoi_stanza_kind(stanza) == ENVOI_IQ_GET &&
		envoi_element_is(envoi_stanza_payload(stanza), "urn:xmpp:ping", "ping")) {
		answer(connection, stanza, envoi_iq_result_new(stanza));
	} else {
		refuse(connection, stanza, ENVOI_SERVICE_UNAVAILABLE);
	}
}

/* RFC 6121, section 8.5.2.1: messages go to every available resource. */
static bool send_to_account(struct connection *from, const struct envoi_stanza *stanza)
{
	bool was_sent = false;
	const struct envoi_jid *jid = envoi_stanza_to(stanza);
	for (struct connection *to = from->server->connections; to != NULL; to = to->next) {
		if (to->is_ready && to->presence != NULL &&
			envoi_jid_equal_bare(envoi_stream_local(to->stream), jid)) {
			send_element(to, envoi_stanza_element(stanza));
			was_sent = true;
		}
	}
	return was_sent;
}

static void send_on(struct connection *from, struct envoi_stanza *stanza)
{
	const struct envoi_jid *jid = envoi_stanza_to(stanza);
	enum envoi_stanza_kind kind = envoi_stanza_kind(stanza);
	struct connection *to = server_find(from->server, envoi_jid_text(jid));
	if (strcmp(envoi_jid_domain(jid), TEST_SERVER_DOMAIN) != 0) {
		refuse(from, stanza, ENVOI_REMOTE_SERVER_NOT_FOUND);
	} else if (to != NULL) {
		send_element(to, envoi_stanza_element(stanza));
	} else if ((kind != ENVOI_MESSAGE && kind != ENVOI_PRESENCE) ||
		!send_to_account(from, stanza)) {
		if (kind != ENVOI_PRESENCE) {
			refuse(from, stanza, ENVOI_SERVICE_UNAVAILABLE);
		}
	}
}

static void route(struct connection *connection, struct envoi_stanza *stanza)
{
	const struct envoi_jid *to = envoi_stanza_to(stanza);
	const struct envoi_jid *own = envoi_stream_local(connection->stream);
	bool is_own = to == NULL || (envoi_jid_is_bare(to) && envoi_jid_equal_bare(to, own));
	if (envoi_stanza_to_text(stanza) != NULL && to == NULL) {
		refuse(connection, stanza, ENVOI_JID_MALFORMED);
	} else if (is_own && envoi_stanza_kind(stanza) != ENVOI_MESSAGE) {
		take_for_account(connection, stanza);
	} else if (to == NULL) {
		refuse(connection, stanza, ENVOI_BAD_REQUEST);
	} else if (envoi_jid_local(to) == NULL && envoi_jid_is_bare(to) &&
		strcmp(envoi_jid_domain(to), TEST_SERVER_DOMAIN) == 0) {
		take_for_server(connection, stanza);
	} else {
		send_on(connection, stanza);
	}
}

static void record(struct test_server *server, const struct envoi_element *element)
{
	size_t before = envoi_buffer_len(&server->heard);
	if (envoi_xml_write(&server->heard, element, ENVOI_NS_CLIENT) < 0 ||
		envoi_buffer_append(&server->heard, "\n", 1) < 0) {
		envoi_buffer_truncate(&server->heard, before);
	}
}

void server_route(struct connection *connection, struct envoi_element *element)
{
	struct envoi_stanza *stanza = NULL;
	struct envoi_element *stamped = envoi_element_dup(element);
	envoi_element_set(stamped, "from", server_jid(connection));
	if (stamped != NULL) {
		record(connection->server, stamped);
	}
	if (stamped != NULL && !connection->server->knobs.is_silent &&
		envoi_stanza_from_element(&stanza, stamped) == ENVOI_OK) {
		route(connection, stanza);
	}
	envoi_stanza_unref(stanza);
	envoi_element_unref(stamped);
}
