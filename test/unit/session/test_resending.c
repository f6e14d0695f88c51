/*
 * envoi - sessions: tests of what is sent on a new session
 * SPDX-License-Identifier: MIT
 *
 * Private headers: acknowledging is called by a session's stream management only, and a session
 * without a stream sends what answers.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "session/session.h"
#include "stanzas.h"
#include "test_allocator.h"
#include "wire.h"

enum {
	TICKETS = 4,
	DAY_MS = 24 * 60 * 60 * 1000,
};

static struct wire_ticket tickets[TICKETS];
static const char *const names[TICKETS] = {"one", "two", "three", "four"};
static int64_t now_ms;

static int64_t wall_clock(void *user)
{
	(void)user;
	return now_ms;
}

/* What is sent is kept until it is acknowledged, from the first stanza on. */
static void keep_all(struct wire *wire)
{
	envoi__outbox_keep(&wire->session->outbox, true);
}

static int setup(void **state)
{
	struct wire *wire = calloc(1, sizeof(*wire));
	assert_non_null(wire);
	now_ms = INT64_C(1166551115000); /* 2006-12-19T17:58:35Z */
	wire->on_ready = keep_all;
	wire_init(wire, &(struct envoi_context_options){.wall_clock = wall_clock});
	wire_go_online(wire);
	envoi_session_set_continued(wire->session, true);
	*state = wire;
	return 0;
}

static int teardown(void **state)
{
	wire_finish(*state);
	free(*state);
	return 0;
}

static void send_named(struct wire *wire, size_t i)
{
	struct envoi_stanza *stanza = envoi_message_new(
		wire->context, ENVOI_TYPE_CHAT, "a@b", names[i]);
	envoi_element_set(envoi_stanza_element(stanza), "id", names[i]);
	assert_int_equal(envoi__session_send(
				 wire->session, stanza, wire_ticket(&tickets[i], wire, names[i])),
		ENVOI_OK);
}

static void cut(struct wire *wire)
{
	envoi_memory_pair_cut(wire->pair);
	wire_run(wire, 0);
}

/* @return what the peer hears of the new session */
static const char *next_session(struct wire *wire)
{
	assert_int_equal(wire_attach(wire, ENVOI_INITIATOR, 0), ENVOI_OK);
	wire_greet(wire);
	wire_run(wire, 0);
	return wire_heard(wire);
}

/* @return the bodies, in order: "one two " */
static const char *bodies_in(const char *xml)
{
	static char found[256];
	found[0] = '\0';
	while ((xml = strstr(xml, "<body>")) != NULL) {
		xml += strlen("<body>");
		size_t len = strlen(found);
		snprintf(found + len, sizeof(found) - len, "%.*s ", (int)strcspn(xml, "<"), xml);
	}
	return found;
}

static size_t count_of(const char *xml, const char *what)
{
	size_t count = 0;
	for (; (xml = strstr(xml, what)) != NULL; xml++) {
		count++;
	}
	return count;
}

#define SENT \
	"<message type='chat' to='a@b' id='one'><body>one</body>" \
	"<origin-id xmlns='urn:xmpp:sid:0' id='one'/>"

/* --- what is sent again --- */

static void an_unacknowledged_message_is_sent_again_with_id_and_delay(void **state)
{
	struct wire *wire = *state;
	send_named(wire, 0);
	wire_run(wire, 0);
	assert_string_equal(wire_heard(wire), SENT "</message>");
	cut(wire);
	assert_null(strstr(wire_log(wire), "one"));
	now_ms += 60000;
	const char *heard = next_session(wire);
	assert_non_null(strstr(heard,
		SENT "<delay xmlns='urn:xmpp:delay' from='me@example.org/here' "
		     "stamp='2006-12-19T17:58:35Z'/></message>"));
	envoi__outbox_acknowledge(&wire->session->outbox, 1);
	wire_run(wire, 0);
	assert_non_null(strstr(wire_log(wire), "one acknowledged\n"));
}

static void a_message_that_is_sent_a_third_time_has_one_delay(void **state)
{
	struct wire *wire = *state;
	send_named(wire, 0);
	wire_run(wire, 0);
	cut(wire);
	(void)next_session(wire);
	cut(wire);
	const char *heard = next_session(wire);
	assert_int_equal(count_of(heard, "<delay"), 1);
	assert_int_equal(count_of(heard, "<body>"), 1);
}

static void a_delay_of_the_application_stays_the_only_one(void **state)
{
	struct wire *wire = *state;
	struct envoi_stanza *message = stanza_from_text(wire->context,
		"<message to='a@b' type='chat'><body>x</body>"
		"<delay xmlns='urn:xmpp:delay' stamp='2002-09-10T23:08:25Z'/></message>");
	assert_int_equal(envoi_send(wire->session, message, NULL), ENVOI_OK);
	wire_run(wire, 0);
	cut(wire);
	const char *heard = next_session(wire);
	assert_int_equal(count_of(heard, "<delay"), 1);
	assert_non_null(strstr(heard, "2002-09-10"));
}

static void an_address_with_quotes_is_escaped(void **state)
{
	struct wire *wire = *state;
	struct envoi_jid *jid;
	send_named(wire, 0);
	wire_run(wire, 0);
	cut(wire);
	wire->on_ready = NULL;
	assert_int_equal(
		envoi_jid_from_text(&jid, wire->context, "me@example.org/it's <me>"), ENVOI_OK);
	envoi_jid_unref(wire->own);
	wire->own = jid;
	assert_non_null(
		strstr(next_session(wire), " from='me@example.org/it&apos;s &lt;me&gt;' stamp="));
}

static void an_id_is_escaped_in_the_origin_id(void **state)
{
	struct wire *wire = *state;
	struct envoi_stanza *message = stanza_from_text(wire->context,
		"<message id='a&apos;b&amp;&lt;c' to='a@b'><body>x</body></message>");
	assert_int_equal(envoi_send(wire->session, message, NULL), ENVOI_OK);
	wire_run(wire, 0);
	assert_non_null(strstr(wire_heard(wire),
		"<origin-id xmlns='urn:xmpp:sid:0' id='a&apos;b&amp;&lt;c'/></message>"));
}

static void an_origin_id_of_the_application_stays_the_only_one(void **state)
{
	struct wire *wire = *state;
	struct envoi_stanza *message = stanza_from_text(wire->context,
		"<message id='m' to='a@b'><body>x</body>"
		"<origin-id xmlns='urn:xmpp:sid:0' id='own'/></message>");
	assert_int_equal(envoi_send(wire->session, message, NULL), ENVOI_OK);
	wire_run(wire, 0);
	const char *heard = wire_heard(wire);
	assert_int_equal(count_of(heard, "origin-id"), 1);
	assert_non_null(strstr(heard, "id='own'"));
}

/* No acknowledgement can come, and no ticket asks for one: it is not kept. */
static void a_message_that_is_not_sent_again_has_no_origin_id(void **state)
{
	struct wire *wire = *state;
	envoi__outbox_keep(&wire->session->outbox, false);
	assert_int_equal(envoi_send_text(wire->session, "a@b", "x", NULL), ENVOI_OK);
	wire_run(wire, 0);
	assert_null(strstr(wire_heard(wire), "origin-id"));
}

/* --- what is not --- */

static void other_stanzas_are_not_sent_again(void **state)
{
	struct wire *wire = *state;
	static const char *const others[] = {
		"<message to='a@b' type='groupchat'><body>x</body></message>",
		"<message to='a@b' type='headline'><body>x</body></message>",
		"<message to='a@b' type='error'><body>x</body></message>",
		"<message to='a@b' type='chat'><body>x</body>"
		"<no-store xmlns='urn:xmpp:hints'/></message>",
		"<message to='a@b' type='chat'>"
		"<composing xmlns='http://jabber.org/protocol/chatstates'/></message>",
		"<message to='a@b'><body xmlns='urn:x'>x</body></message>",
		"<presence to='a@b'/>",
		"<iq type='set' id='1' to='a@b'><x xmlns='urn:x'/></iq>",
	};
	for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++) {
		struct envoi_stanza *stanza = stanza_from_text(wire->context, others[i]);
		assert_int_equal(
			envoi_send(wire->session, stanza, wire_ticket(&tickets[0], wire, "ticket")),
			ENVOI_OK);
		wire_run(wire, 0);
		assert_null(strstr(wire_heard(wire), "origin-id"));
		cut(wire);
		if (strstr(wire_log(wire), "ticket unknown\n") == NULL ||
			strstr(next_session(wire), "a@b") != NULL) {
			fail_msg("%s", others[i]);
		}
		(void)wire_log(wire);
	}
}

static void a_message_of_type_normal_is_sent_again(void **state)
{
	struct wire *wire = *state;
	struct envoi_stanza *message = envoi_message_new(
		wire->context, ENVOI_TYPE_NORMAL, "a@b", "x");
	assert_int_equal(envoi_send(wire->session, message, NULL), ENVOI_OK);
	wire_run(wire, 0);
	cut(wire);
	assert_string_equal(bodies_in(next_session(wire)), "x ");
}

static void send_with_choice(struct wire *wire, const char *xml, enum envoi_resend choice)
{
	wire_ticket(&tickets[0], wire, "ticket")->resend = choice;
	assert_int_equal(
		envoi_send(wire->session, stanza_from_text(wire->context, xml), &tickets[0].ticket),
		ENVOI_OK);
	wire_run(wire, 0);
	cut(wire);
}

/* The error shows that the server has processed it. */
static void a_message_that_was_refused_is_not_sent_again(void **state)
{
	struct wire *wire = *state;
	send_named(wire, 0);
	wire_run(wire, 0);
	(void)wire_talk(wire, "<message type='error' id='one' from='a@b'/>");
	assert_string_equal(wire_log(wire), "one refused\n");
	cut(wire);
	assert_string_equal(bodies_in(next_session(wire)), "");
	assert_int_equal(wire->session->outbox.held_count, 0);
}

static void a_ticket_may_choose(void **state)
{
	struct wire *wire = *state;
	send_with_choice(
		wire, "<message to='a@b' type='chat'><body>x</body></message>", ENVOI_RESEND_NEVER);
	assert_non_null(strstr(wire_log(wire), "ticket unknown\n"));
	assert_string_equal(bodies_in(next_session(wire)), "");
	send_with_choice(wire, "<message to='a@b' type='groupchat'/>", ENVOI_RESEND_ALWAYS);
	assert_non_null(strstr(next_session(wire), "<message to='a@b' type='groupchat'"));
}

static void only_messages_can_be_chosen(void **state)
{
	struct wire *wire = *state;
	wire_ticket(&tickets[0], wire, "ticket")->resend = ENVOI_RESEND_ALWAYS;
	assert_int_equal(envoi_send(wire->session,
				 envoi_presence_new(wire->context, ENVOI_TYPE_AVAILABLE, NULL),
				 &tickets[0].ticket),
		ENVOI_ERR_INVALID);
	assert_string_equal(
		envoi_session_problem(wire->session), "only a message can be sent again");
}

static void the_setting_turns_it_off(void **state)
{
	struct wire *wire = *state;
	assert_int_equal(envoi_settings_set(wire->settings, "resend.messages", "false"), ENVOI_OK);
	envoi_session_configure(wire->session, wire->settings);
	send_named(wire, 0);
	wire_run(wire, 0);
	assert_null(strstr(wire_heard(wire), "origin-id"));
	cut(wire);
	assert_non_null(strstr(wire_log(wire), "one unknown\n"));
	(void)next_session(wire);
	send_with_choice(wire, "<message to='a@b'><body>x</body></message>", ENVOI_RESEND_ALWAYS);
	assert_string_equal(bodies_in(next_session(wire)), "x ");
}

static void a_message_that_is_a_day_old_is_not_sent_again(void **state)
{
	struct wire *wire = *state;
	send_named(wire, 0);
	wire_run(wire, 1);
	send_named(wire, 1);
	wire_run(wire, 0);
	cut(wire);
	wire_run(wire, DAY_MS - 1);
	assert_string_equal(bodies_in(next_session(wire)), "two ");
	assert_non_null(strstr(wire_log(wire), "one unknown\n"));
}

static void time_counts_while_the_machine_is_suspended(void **state)
{
	struct wire *wire = *state;
	send_named(wire, 0);
	wire_run(wire, 0);
	cut(wire);
	assert_int_equal(
		envoi_loop_simulated_suspend(envoi_context_loop(wire->context), DAY_MS), ENVOI_OK);
	assert_string_equal(bodies_in(next_session(wire)), "");
	assert_non_null(strstr(wire_log(wire), "one unknown\n"));
}

/* A computer whose clock was wrong until it asked a server for the time. */
static void a_clock_that_is_set_makes_nothing_old(void **state)
{
	struct wire *wire = *state;
	send_named(wire, 0);
	wire_run(wire, 0);
	cut(wire);
	now_ms += INT64_C(365) * DAY_MS;
	assert_string_equal(bodies_in(next_session(wire)), "one ");
	envoi__outbox_acknowledge(&wire->session->outbox, 1);
}

static void another_account_sends_nothing_of_the_first(void **state)
{
	struct wire *wire = *state;
	send_named(wire, 0);
	wire_run(wire, 0);
	envoi_session_set_resumable(wire->session, true);
	cut(wire);
	send_named(wire, 1);
	envoi_session_set_resumable(wire->session, false);
	envoi_jid_unref(wire->own);
	assert_int_equal(
		envoi_jid_from_text(&wire->own, wire->context, "you@example.org/here"), ENVOI_OK);
	assert_string_equal(bodies_in(next_session(wire)), "");
	assert_non_null(strstr(wire_log(wire), "one unknown\ntwo not sent\n"));
}

/* No answer can come. */
static void requests_for_another_account_end_at_once(void **state)
{
	struct wire *wire = *state;
	envoi_session_set_resumable(wire->session, true);
	cut(wire);
	struct envoi_stanza *iq = envoi_iq_new(wire->context, ENVOI_IQ_GET, "a@b");
	envoi_element_add(envoi_stanza_element(iq), "urn:x", "x");
	assert_int_equal(
		envoi_request(wire->session, iq, NULL, 0, wire_on_answer, wire, NULL), ENVOI_OK);
	envoi_session_set_resumable(wire->session, false);
	envoi_jid_unref(wire->own);
	assert_int_equal(
		envoi_jid_from_text(&wire->own, wire->context, "you@example.org/here"), ENVOI_OK);
	assert_null(strstr(next_session(wire), "urn:x"));
	assert_non_null(strstr(wire_log(wire), "answer ENVOI_ERR_DISCONNECTED"));
}

/* --- order --- */

static void restore(struct wire *wire)
{
	keep_all(wire);
	assert_int_equal(envoi_send_text(wire->session, "a@b", "restored", NULL), ENVOI_OK);
}

static void send_newer(struct envoi_handler *self, const struct envoi_event *event)
{
	(void)self;
	(void)!envoi_send_text(event->session, "a@b", "newer", NULL);
}

static const struct envoi_event_row newer_events[] = {
	{ENVOI_EVENT_STARTED, send_newer}, ENVOI_ROWS_END};
static const struct envoi_handler_impl newer_impl = {.events = newer_events};

static void older_ones_go_behind_what_is_restored_and_before_newer_ones(void **state)
{
	struct wire *wire = *state;
	struct envoi_handler newer = ENVOI_HANDLER(&newer_impl);
	send_named(wire, 0);
	send_named(wire, 1);
	wire_run(wire, 0);
	envoi_session_set_resumable(wire->session, true);
	cut(wire);
	send_named(wire, 2);
	send_named(wire, 3);
	envoi_session_set_resumable(wire->session, false);
	wire->on_ready = restore;
	assert_int_equal(envoi_session_add(wire->session, &newer), ENVOI_OK);
	const char *heard = next_session(wire);
	assert_string_equal(bodies_in(heard), "restored one two three four newer ");
	/* what no stream had goes out as new */
	assert_int_equal(count_of(heard, "<delay"), 2);
	assert_null(strstr(strstr(heard, "three"), "<delay"));
	envoi_session_remove(wire->session, &newer);
}

static void an_attempt_that_fails_changes_nothing(void **state)
{
	struct wire *wire = *state;
	send_named(wire, 0);
	wire_run(wire, 0);
	cut(wire);
	for (int i = 0; i < 3; i++) {
		assert_int_equal(wire_attach(wire, ENVOI_INITIATOR, 0), ENVOI_OK);
		wire_run(wire, 0);
		assert_null(strstr(wire_heard(wire), "<message"));
		cut(wire);
	}
	assert_string_equal(bodies_in(next_session(wire)), "one ");
}

/* --- negotiation --- */

static int negotiate(struct envoi_handler *self, struct envoi_stream *stream,
	const struct envoi_element *offer, const struct envoi_element *features)
{
	(void)self, (void)offer, (void)features;
	struct envoi_element *element = envoi_element_new(
		envoi_stream_context(stream), "urn:f", "request");
	int r = envoi_stream_send_element(stream, element);
	envoi_element_unref(element);
	return r < 0 ? r : ENVOI_AGAIN;
}

static int on_granted(struct envoi_handler *self, struct envoi_stream *stream,
	const struct envoi_element *element)
{
	(void)element;
	envoi_stream_feature_done(stream, self, 0, ENVOI_NEXT_FEATURE, NULL);
	return ENVOI_OK;
}

static const struct envoi_stream_feature feature = {
	.ns = "urn:f", .name = "f", .negotiate = negotiate};
static const struct envoi_stream_element_row elements[] = {
	{.ns = "urn:f", .name = "granted", .roles = 1u << ENVOI_INITIATOR, .handle = on_granted},
	{.name = NULL},
};
static const struct envoi_handler_impl feature_impl = {
	.stream_feature = &feature, .stream_elements = elements};

/* The outbox is at its limit: what is negotiated does not go through it. */
static void negotiation_does_not_wait_behind_stanzas(void **state)
{
	struct wire *wire = *state;
	struct envoi_handler handler = ENVOI_HANDLER(&feature_impl);
	assert_int_equal(
		envoi_settings_set(wire->settings, "limits.outbox-stanzas", "2"), ENVOI_OK);
	envoi_session_configure(wire->session, wire->settings);
	envoi_session_set_resumable(wire->session, true);
	cut(wire);
	send_named(wire, 0);
	send_named(wire, 1);
	envoi_session_set_resumable(wire->session, false);
	wire->feature = &handler;
	assert_int_equal(wire_attach(wire, ENVOI_INITIATOR, 0), ENVOI_OK);
	wire_say(wire,
		"<stream:stream xmlns='jabber:client' id='1' version='1.0' from='example.org' "
		"xmlns:stream='http://etherx.jabber.org/streams'>"
		"<stream:features><f xmlns='urn:f'/></stream:features>");
	wire_run(wire, 1000);
	const char *heard = wire_heard(wire);
	assert_non_null(strstr(heard, "<request xmlns='urn:f'/>"));
	assert_null(strstr(heard, "<message"));
	assert_string_equal(bodies_in(wire_talk(wire, "<granted xmlns='urn:f'/>")), "one two ");
	wire_free_session(wire);
}

/* --- requests and answers --- */

static void request(struct wire *wire)
{
	struct envoi_stanza *iq = envoi_iq_new(wire->context, ENVOI_IQ_GET, "a@b");
	envoi_element_add(envoi_stanza_element(iq), "urn:x", "x");
	assert_int_equal(
		envoi_request(wire->session, iq, NULL, 0, wire_on_answer, wire, NULL), ENVOI_OK);
}

static void a_request_that_was_sent_ends_with_its_session(void **state)
{
	struct wire *wire = *state;
	request(wire);
	wire_run(wire, 0);
	cut(wire);
	assert_non_null(strstr(wire_log(wire), "answer ENVOI_ERR_DISCONNECTED"));
	assert_null(strstr(next_session(wire), "<iq"));
}

/* The peer does not read: the transport's queue is full. */
static void fill_the_transport(struct wire *wire)
{
	static char body[60000];
	memset(body, 'x', sizeof(body) - 1);
	while (wire->session->outbox.count == 0) {
		assert_int_equal(envoi_send_text(wire->session, "a@b", body, NULL), ENVOI_OK);
	}
}

static void a_request_that_was_not_sent_goes_out(void **state)
{
	struct wire *wire = *state;
	assert_int_equal(envoi_settings_set(wire->settings, "resend.messages", "false"), ENVOI_OK);
	envoi_session_configure(wire->session, wire->settings);
	request(wire); /* is sent */
	wire_run(wire, 0);
	fill_the_transport(wire);
	request(wire);
	request(wire);
	cut(wire);
	const char *log = wire_log(wire);
	assert_int_equal(count_of(log, "answer"), 1);
	const char *heard = next_session(wire);
	assert_int_equal(count_of(heard, "<iq type='get'"), 2);
	const char *id = strstr(strstr(heard, "<iq type='get'"), " id='") + strlen(" id='");
	char reply[128];
	snprintf(reply, sizeof(reply), "<iq type='result' from='a@b' id='%.*s'/>",
		(int)strcspn(id, "'"), id);
	(void)wire_log(wire);
	(void)wire_talk(wire, reply);
	assert_non_null(strstr(wire_log(wire), "answer ENVOI_OK"));
	wire_run(wire, 30000);
	assert_non_null(strstr(wire_log(wire), "answer ENVOI_ERR_TIMEOUT"));
}

static void answers_are_not_for_another_session(void **state)
{
	struct wire *wire = *state;
	fill_the_transport(wire);
	(void)wire_talk(wire, "<iq type='get' id='old' from='a@b'><x xmlns='urn:x'/></iq>");
	cut(wire);
	assert_null(strstr(next_session(wire), "id='old'"));
}

/* --- the end --- */

static void when_no_session_follows_all_ends(void **state)
{
	struct wire *wire = *state;
	send_named(wire, 0);
	wire_run(wire, 0);
	envoi_session_set_resumable(wire->session, true);
	cut(wire);
	send_named(wire, 1);
	envoi_session_set_resumable(wire->session, false);
	wire_run(wire, 0);
	(void)wire_log(wire);
	envoi_session_set_continued(wire->session, false);
	wire_run(wire, 0);
	assert_string_equal(wire_log(wire), "one unknown\ntwo not sent\n");
	assert_int_equal(wire->session->outbox.held_bytes, 0);
	assert_string_equal(bodies_in(next_session(wire)), "");
}

static void a_session_that_was_closed_is_not_continued(void **state)
{
	struct wire *wire = *state;
	send_named(wire, 0);
	wire_run(wire, 0);
	envoi_session_close(wire->session);
	(void)wire_talk(wire, "</stream:stream>");
	wire_run(wire, 60000);
	assert_non_null(strstr(wire_log(wire), "one unknown\n"));
	assert_string_equal(bodies_in(next_session(wire)), "");
}

static void a_held_stanza_that_was_not_sent_can_be_canceled(void **state)
{
	struct wire *wire = *state;
	send_named(wire, 0);
	wire_run(wire, 0);
	envoi_session_set_resumable(wire->session, true);
	cut(wire);
	send_named(wire, 1);
	envoi_session_set_resumable(wire->session, false);
	wire_run(wire, 0);
	(void)wire_log(wire);
	assert_int_equal(envoi_ticket_cancel(&tickets[0].ticket), ENVOI_ERR_STATE);
	assert_int_equal(envoi_ticket_cancel(&tickets[1].ticket), ENVOI_OK);
	wire_run(wire, 0);
	assert_string_equal(wire_log(wire), "two canceled\n");
	assert_string_equal(bodies_in(next_session(wire)), "one ");
}

static void freeing_the_session_ends_held_stanzas(void **state)
{
	struct wire *wire = *state;
	send_named(wire, 0);
	wire_run(wire, 0);
	cut(wire);
	(void)wire_log(wire);
	wire_free_session(wire);
	assert_string_equal(wire_log(wire), "one unknown\n");
}

/* --- limits --- */

static void held_stanzas_count_for_the_limit(void **state)
{
	struct wire *wire = *state;
	assert_int_equal(
		envoi_settings_set(wire->settings, "limits.outbox-stanzas", "2"), ENVOI_OK);
	envoi_session_configure(wire->session, wire->settings);
	send_named(wire, 0);
	send_named(wire, 1);
	wire_run(wire, 0);
	cut(wire);
	assert_int_equal(wire->session->outbox.held_count, 2);
	(void)next_session(wire);
	assert_int_equal(wire->session->outbox.held_count, 0);
	assert_int_equal(wire->session->outbox.held_bytes, 0);
	assert_int_equal(envoi_send_text(wire->session, "a@b", "x", NULL), ENVOI_ERR_FULL);
	envoi__outbox_acknowledge(&wire->session->outbox, 2);
	assert_int_equal(envoi_send_text(wire->session, "a@b", "x", NULL), ENVOI_OK);
}

/* @return whether the k-th allocation from the new stream on was reached */
static bool resend_without(size_t k)
{
	struct wire wire = {.on_ready = keep_all};
	struct test_allocator allocator = {0};
	struct envoi_allocator functions = test_allocator_functions(&allocator);
	wire_init(&wire, &(struct envoi_context_options){.allocator = functions});
	wire_go_online(&wire);
	envoi_session_set_continued(wire.session, true);
	send_named(&wire, 0);
	wire_run(&wire, 0);
	cut(&wire);
	assert_int_equal(tickets[0].told, 0);
	assert_int_equal(wire_attach(&wire, ENVOI_INITIATOR, 0), ENVOI_OK);
	wire_greet(&wire);
	size_t before = allocator.calls;
	allocator.fail_at = before + k;
	wire_run(&wire, 0);
	allocator.fail_at = 0;
	wire_run(&wire, 1000);
	bool was_reached = allocator.calls >= before + k;
	if (wire.session->outbox.kept_count == 0) {
		cut(&wire); /* the stream has failed */
		(void)wire_heard(&wire);
		(void)next_session(&wire);
	}
	assert_int_equal(wire.session->outbox.kept_count, 1);
	assert_int_equal(tickets[0].told, 0);
	wire_free_session(&wire);
	assert_int_equal(tickets[0].told, 1);
	wire_finish(&wire);
	assert_int_equal(allocator.live, 0);
	return was_reached;
}

static void a_failed_allocation_does_not_end_the_ticket(void **state)
{
	(void)state;
	size_t k = 1;
	while (resend_without(k)) {
		k++;
	}
	assert_true(k > 10);
}

/* Only the answer to a ping says that the server has them. */
static void without_stream_management_messages_without_a_ticket_are_sent_again(void **state)
{
	struct wire *wire = *state;
	envoi__outbox_keep(&wire->session->outbox, false);
	wire->on_ready = NULL;
	wire->session->acknowledging.is_enabled = true;
	cut(wire);
	(void)next_session(wire);
	assert_int_equal(envoi_send_text(wire->session, "a@b", "one", NULL), ENVOI_OK);
	assert_int_equal(
		envoi_send(wire->session,
			envoi_presence_new(wire->context, ENVOI_TYPE_AVAILABLE, NULL), NULL),
		ENVOI_OK);
	wire_run(wire, 0);
	cut(wire);
	const char *heard = next_session(wire);
	assert_string_equal(bodies_in(heard), "one ");
	assert_int_equal(count_of(heard, "<delay"), 1);
	assert_int_equal(count_of(heard, "<presence"), 0);
	wire_run(wire, 5000);
	(void)wire_answer(wire, "example.org", "");
	cut(wire);
	assert_string_equal(bodies_in(next_session(wire)), "");
}

/* --- what a server ends the stream for --- */

static void refuse_stream(struct wire *wire)
{
	wire_say(wire,
		"<stream:error><policy-violation xmlns='urn:ietf:params:xml:ns:xmpp-streams'/>"
		"</stream:error></stream:stream>");
	wire_run(wire, 10000);
	assert_null(envoi_session_stream(wire->session));
}

static void acknowledge(struct wire *wire, uint64_t number)
{
	envoi__outbox_acknowledge(&wire->session->outbox, number);
	envoi__session_acknowledged(wire->session);
	wire_run(wire, 0);
}

/* The server says nothing of what it has handled. */
static void of_three_messages_those_are_refused_that_end_the_stream(void **state)
{
	struct wire *wire = *state;
	for (size_t i = 0; i < 3; i++) {
		send_named(wire, i);
	}
	refuse_stream(wire);
	assert_string_equal(bodies_in(next_session(wire)), "one ");
	acknowledge(wire, 1);
	assert_string_equal(bodies_in(wire_heard(wire)), "two ");
	refuse_stream(wire);
	assert_string_equal(bodies_in(next_session(wire)), "three ");
	refuse_stream(wire);
	assert_string_equal(bodies_in(next_session(wire)), "three ");
	refuse_stream(wire);
	assert_string_equal(bodies_in(next_session(wire)), "");
	const char *log = wire_log(wire);
	assert_non_null(strstr(log, "one acknowledged\n"));
	assert_non_null(strstr(log, "two refused\n"));
	assert_non_null(strstr(log, "three refused\n"));
}

/* Nothing but the answer to a ping acknowledges. */
static void the_ping_behind_a_suspected_message_precedes_what_waits(void **state)
{
	struct wire *wire = *state;
	send_named(wire, 0);
	send_named(wire, 1);
	refuse_stream(wire);
	wire->on_ready = NULL;
	wire->session->acknowledging.is_enabled = true;
	const char *heard = next_session(wire);
	assert_string_equal(bodies_in(heard), "one ");
	assert_int_equal(count_of(heard, "<ping "), 1);
	char id[64], answer[200];
	assert_int_equal(sscanf(strstr(strstr(heard, "<iq "), " id='"), " id='%63[^']'", id), 1);
	snprintf(answer, sizeof(answer), "<iq type='result' from='example.org' id='%s'/>", id);
	assert_string_equal(bodies_in(wire_talk(wire, answer)), "two ");
	assert_non_null(strstr(wire_log(wire), "one acknowledged\n"));
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(an_unacknowledged_message_is_sent_again_with_id_and_delay),
		TEST(a_message_that_is_sent_a_third_time_has_one_delay),
		TEST(a_delay_of_the_application_stays_the_only_one),
		TEST(an_address_with_quotes_is_escaped),
		TEST(an_id_is_escaped_in_the_origin_id),
		TEST(an_origin_id_of_the_application_stays_the_only_one),
		TEST(a_message_that_is_not_sent_again_has_no_origin_id),
		TEST(other_stanzas_are_not_sent_again),
		TEST(a_message_of_type_normal_is_sent_again),
		TEST(a_message_that_was_refused_is_not_sent_again),
		TEST(a_ticket_may_choose),
		TEST(only_messages_can_be_chosen),
		TEST(the_setting_turns_it_off),
		TEST(a_message_that_is_a_day_old_is_not_sent_again),
		TEST(time_counts_while_the_machine_is_suspended),
		TEST(a_clock_that_is_set_makes_nothing_old),
		TEST(another_account_sends_nothing_of_the_first),
		TEST(requests_for_another_account_end_at_once),
		TEST(older_ones_go_behind_what_is_restored_and_before_newer_ones),
		TEST(an_attempt_that_fails_changes_nothing),
		TEST(negotiation_does_not_wait_behind_stanzas),
		TEST(a_request_that_was_sent_ends_with_its_session),
		TEST(a_request_that_was_not_sent_goes_out),
		TEST(answers_are_not_for_another_session),
		TEST(when_no_session_follows_all_ends),
		TEST(a_session_that_was_closed_is_not_continued),
		TEST(a_held_stanza_that_was_not_sent_can_be_canceled),
		TEST(freeing_the_session_ends_held_stanzas),
		TEST(without_stream_management_messages_without_a_ticket_are_sent_again),
		TEST(of_three_messages_those_are_refused_that_end_the_stream),
		TEST(the_ping_behind_a_suspected_message_precedes_what_waits),
		TEST(held_stanzas_count_for_the_limit),
		cmocka_unit_test(a_failed_allocation_does_not_end_the_ticket),
	};
	return cmocka_run_group_tests_name("session/resending", tests, NULL, NULL);
}
