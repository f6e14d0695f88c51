/*
 * envoi - results that may be ignored: a program that does so compiles without a warning
 * SPDX-License-Identifier: MIT
 *
 * Sending without a ticket, answering, and what a later call reports again. With CHECKED, a call
 * whose result must be checked: it does not compile.
 */
#include <stddef.h>

#include <envoi/envoi.h>

void set_up(struct envoi_client *client, struct envoi_handler *handler);
void send_some(struct envoi_client *client, struct envoi_session *session);
void build(struct envoi_stanza *message, struct envoi_stanza *presence);
void answer(struct envoi_delivery *in, struct envoi_promise *promise);
void keep_contacts(struct envoi_roster *roster, struct envoi_subscriptions *subscriptions,
	const struct envoi_jid *jid);

/* Connecting and running report a failure of these. */
void set_up(struct envoi_client *client, struct envoi_handler *handler)
{
	envoi_client_set(client, "tls.mode", "direct");
	envoi_client_set_assignment(client, "tls.mode=direct");
	envoi_client_set_password(client, "secret");
	envoi_client_add(client, handler);
#ifdef CHECKED
	envoi_client_connect(client);
#endif
}

/* One who wants to know what became of a stanza has a ticket. */
void send_some(struct envoi_client *client, struct envoi_session *session)
{
	envoi_send_text(session, "bob@example.org", "hello", NULL);
	envoi_send(session, NULL, NULL);
	envoi_send_payload(session, ENVOI_MESSAGE, "bob@example.org", NULL, NULL, NULL);
	envoi_session_send_element(session, NULL);
	envoi_session_emit(session, "urn:example:event", NULL);
	envoi_client_set_show(client, "away", "lunch");
	envoi_client_set_presence(client, NULL);
}

/* The stanza fails, and sending it does. */
void build(struct envoi_stanza *message, struct envoi_stanza *presence)
{
	envoi_stanza_set_type(message, ENVOI_TYPE_CHAT);
	envoi_stanza_set_id(message, "1");
	envoi_stanza_set_to(message, "bob@example.org");
	envoi_stanza_set_from(message, "alice@example.org");
	envoi_stanza_set_lang(message, "en");
	envoi_message_set_body(message, "de", "hallo");
	envoi_message_set_subject(message, NULL, "greeting");
	envoi_message_set_thread(message, "t", NULL);
	envoi_presence_set_show(presence, "away");
	envoi_presence_set_status(presence, NULL, "lunch");
	envoi_presence_set_priority(presence, 5);
	envoi_stanza_encode(message, NULL, NULL);
	envoi_element_add_with_text(envoi_stanza_element(message), "urn:x", "a", "b");
	envoi_element_set(envoi_stanza_element(message), "c", "d");
}

/* A request that is not answered gets an error from the library. */
void answer(struct envoi_delivery *in, struct envoi_promise *promise)
{
	envoi_reply_text(in, "hello");
	envoi_reply_result(in, NULL, NULL);
	envoi_reply_error(in, ENVOI_BAD_REQUEST, NULL);
	envoi_reply(in, NULL);
	envoi_promise_result(promise, NULL, NULL);
	envoi_promise_error(promise, ENVOI_FORBIDDEN, NULL);
	envoi_promise_reply(promise, NULL);
}

/* The server's push shows the result. */
void keep_contacts(struct envoi_roster *roster, struct envoi_subscriptions *subscriptions,
	const struct envoi_jid *jid)
{
	envoi_roster_rename(roster, jid, "Bob", NULL, NULL);
	envoi_roster_add_to_group(roster, jid, "Friends", NULL, NULL);
	envoi_roster_remove_from_group(roster, jid, "Work", NULL, NULL);
	envoi_roster_remove(roster, jid, NULL, NULL);
	envoi_subscriptions_request(subscriptions, jid, NULL);
	envoi_subscriptions_approve(subscriptions, jid);
	envoi_subscriptions_refuse(subscriptions, jid);
}
