/*
 * envoi - sessions: tests of coming, going and sending
 * SPDX-License-Identifier: MIT
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <envoi/payload.h>

#include "stanzas.h"
#include "stream_fixture.h"
#include "test_allocator.h"
#include "wire.h"

static struct envoi_session_stats stats_of(const struct wire *wire)
{
	struct envoi_session_stats stats;
	envoi_session_get_stats(wire->session, &stats);
	return stats;
}

static struct envoi_stanza *iq_to(struct wire *wire, const char *to)
{
	struct envoi_stanza *iq = envoi_iq_new(wire->context, ENVOI_IQ_GET, to);
	envoi_element_add(envoi_stanza_element(iq), "urn:xmpp:ping", "ping");
	return iq;
}

/* @return the id in a stanza */
static const char *id_in(const char *xml)
{
	static char id[64];
	const char *at = strstr(xml, " id='");
	assert_non_null(at);
	at += strlen(" id='");
	size_t len = strcspn(at, "'");
	assert_true(len < sizeof(id));
	memcpy(id, at, len);
	id[len] = '\0';
	return id;
}

/* --- coming and going --- */

static void a_session_goes_online_and_leaves_in_order(void **state)
{
	struct wire *wire = *state;
	assert_int_equal(wire_new_session(wire), ENVOI_OK);
	assert_false(envoi_session_is_online(wire->session));
	assert_null(envoi_session_jid(wire->session));
	assert_int_equal(envoi_send_text(wire->session, "a@b", "x", NULL), ENVOI_ERR_STATE);
	assert_int_equal(wire_attach(wire, ENVOI_INITIATOR, 0), ENVOI_OK);
	wire_run(wire, 0);
	assert_int_equal(envoi_send_text(wire->session, "a@b", "x", NULL), ENVOI_ERR_STATE);
	wire_greet(wire);
	wire_run(wire, 0);
	assert_true(envoi_session_is_online(wire->session));
	assert_string_equal(envoi_jid_text(envoi_session_jid(wire->session)), WIRE_OWN);
	assert_int_equal(wire->opened_count, 1);
	assert_int_equal(wire->ready_count, 1);
	assert_true(wire->activity_count > 0);
	assert_string_equal(wire_log(wire), "stream-opened\nstarted " WIRE_OWN "\n");

	(void)wire_heard(wire);
	assert_int_equal(envoi_send_text(wire->session, "a@b", "bye", NULL), ENVOI_OK);
	envoi_session_close(wire->session);
	envoi_session_close(wire->session);
	assert_false(envoi_session_is_online(wire->session));
	assert_int_equal(envoi_send_text(wire->session, "a@b", "x", NULL), ENVOI_ERR_STATE);
	wire_run(wire, 0);
	const char *heard = wire_heard(wire);
	assert_non_null(strstr(heard, "<body>bye</body></message></stream:stream>"));
	wire_say(wire, "</stream:stream>");
	wire_run(wire, 100000);
	assert_int_equal(wire->closed_count, 1);
	assert_int_equal(wire->closed.code, ENVOI_OK);
	assert_null(envoi_session_stream(wire->session));
	assert_string_equal(wire_log(wire), "ended\ndisconnected ENVOI_OK\n");

	wire_go_online(wire);
	assert_int_equal(wire->ready_count, 2);
}

static void only_one_stream_fits_below_a_session(void **state)
{
	struct wire *wire = *state;
	wire_go_online(wire);
	struct envoi_stream *stream = envoi_session_stream(wire->session);
	assert_int_equal(wire_attach(wire, ENVOI_INITIATOR, 0), ENVOI_ERR_STATE);
	assert_ptr_equal(envoi_session_stream(wire->session), stream);
}

static void a_stream_that_fails_to_start_is_reported_to_the_owner(void **state)
{
	struct wire *wire = *state;
	assert_int_equal(wire_new_session(wire), ENVOI_OK);
	assert_int_equal(wire_attach(wire, ENVOI_INITIATOR, 0), ENVOI_OK);
	wire_run(wire, 3600000);
	assert_int_equal(wire->closed_count, 1);
	assert_int_equal(wire->closed.code, ENVOI_ERR_TIMEOUT);
	assert_int_equal(wire->ready_count, 0);
	assert_string_equal(wire_log(wire), "disconnected ENVOI_ERR_TIMEOUT\n");
}

static void detaching_ends_everything_from_the_loop_without_the_owner(void **state)
{
	struct wire *wire = *state;
	struct wire_ticket ticket;
	wire_go_online(wire);
	assert_int_equal(envoi_request(wire->session, iq_to(wire, "a@b"), NULL, 0, wire_on_answer,
				 wire, NULL),
		ENVOI_OK);
	assert_int_equal(
		envoi_send_text(wire->session, "a@b", "x", wire_ticket(&ticket, wire, "ticket")),
		ENVOI_OK);
	envoi_session_detach(wire->session);
	envoi_session_detach(wire->session);
	assert_string_equal(wire_log(wire), "");
	wire_run(wire, 0);
	assert_string_equal(wire_log(wire),
		"answer ENVOI_ERR_DISCONNECTED disconnected\n"
		"ticket not sent\n"
		"ended\n");
	assert_int_equal(wire->closed_count, 0);
	wire_go_online(wire);
}

/* --- sending --- */

static void a_sent_stanza_gets_an_id_and_a_canonical_address(void **state)
{
	struct wire *wire = *state;
	wire_go_online(wire);
	assert_int_equal(
		envoi_send_text(wire->session, "YOU@Example.ORG/Desk", "<&>", NULL), ENVOI_OK);
	wire_run(wire, 0);
	const char *heard = wire_heard(wire);
	assert_non_null(strstr(heard, "to='you@example.org/Desk'"));
	assert_non_null(strstr(heard, "<body>&lt;&amp;&gt;</body>"));
	assert_int_equal(strlen(id_in(heard)), ENVOI_ID_SIZE - 1);
	assert_int_equal(
		envoi_send(wire->session,
			envoi_presence_new(wire->context, ENVOI_TYPE_AVAILABLE, NULL), NULL),
		ENVOI_OK);
	wire_run(wire, 0);
	assert_string_equal(wire_heard(wire), "<presence/>");
	assert_int_equal(stats_of(wire).stanzas_out, 2);
}

static void assert_problem(const struct wire *wire, const char *problem)
{
	assert_string_equal(envoi_session_problem(wire->session), problem);
}

static void a_refusal_names_stanza_place_and_reason(void **state)
{
	static const struct envoi_payload_type type = {.ns = "urn:x", .name = "x"};
	struct wire *wire = *state;
	struct wire_ticket ticket;
	assert_int_equal(wire_new_session(wire), ENVOI_OK);
	assert_int_equal(envoi_send_text(wire->session, "a@b", "x", NULL), ENVOI_ERR_STATE);
	assert_problem(wire, "the session is not online");
	wire_go_online(wire);
	assert_int_equal(envoi_send(wire->session, NULL, NULL), ENVOI_ERR_NOMEM);
	assert_problem(wire, envoi_error_text(ENVOI_ERR_NOMEM));
	assert_int_equal(envoi_send_text(wire->session, "a@b", "a\x01", NULL), ENVOI_ERR_INVALID);
	assert_problem(wire, "message/body: U+0001 at byte 1 is not allowed in XML");
	assert_int_equal(envoi_send_text(wire->session, "a b@c", "x", NULL), ENVOI_ERR_INVALID);
	assert_non_null(strstr(envoi_session_problem(wire->session),
		"message: attribute to: \"a b@c\": localpart"));
	struct envoi_stanza *probe = envoi_message_new(wire->context, ENVOI_TYPE_PROBE, "a@b", "x");
	assert_int_equal(envoi_send(wire->session, probe, NULL), ENVOI_ERR_INVALID);
	assert_problem(wire, "message: a message cannot be of this type (RFC 6121, section 5.2.2)");
	assert_int_equal(envoi_send_payload(wire->session, ENVOI_IQ_GET, "a@b", &type, NULL, NULL),
		ENVOI_ERR_INVALID);
	assert_problem(wire, "a payload is sent in a message or presence");
	assert_int_equal(
		envoi_request(wire->session, iq_to(wire, "@"), NULL, 0, wire_on_answer, wire, NULL),
		ENVOI_ERR_INVALID);
	assert_non_null(strstr(envoi_session_problem(wire->session), "iq: attribute to: \"@\": "));
	assert_int_equal(envoi_request(wire->session, iq_to(wire, NULL), NULL, 0, NULL, wire, NULL),
		ENVOI_ERR_INVALID);
	assert_problem(wire, "a request without a function for its answer");
	assert_int_equal(
		envoi_send_text(wire->session, "a@b", "x", wire_ticket(&ticket, wire, "ticket")),
		ENVOI_OK);
	assert_int_equal(
		envoi_send_text(wire->session, "a@b", "x", &ticket.ticket), ENVOI_ERR_INVALID);
	assert_problem(wire, "the ticket is in use for another stanza");
	wire_run(wire, 0);
}

/* RFC 6120, section 8.2.3, rules 4 and 5 */
static void an_iq_is_sent_with_the_payloads_that_it_may_have(void **state)
{
	static const struct {
		enum envoi_stanza_kind kind;
		unsigned int payloads;
		bool is_sent;
	} cases[] = {
		{ENVOI_IQ_GET, 0, false},
		{ENVOI_IQ_GET, 1, true},
		{ENVOI_IQ_GET, 2, false},
		{ENVOI_IQ_SET, 0, false},
		{ENVOI_IQ_SET, 1, true},
		{ENVOI_IQ_SET, 2, false},
		{ENVOI_IQ_RESULT, 0, true},
		{ENVOI_IQ_RESULT, 1, true},
		{ENVOI_IQ_RESULT, 2, false},
	};
	struct wire *wire = *state;
	wire_go_online(wire);
	struct envoi_stanza *request = iq_to(wire, "a@b");
	envoi_element_set(envoi_stanza_element(request), "from", "c@d");
	envoi_element_set(envoi_stanza_element(request), "id", "1");
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct envoi_stanza *iq = cases[i].kind == ENVOI_IQ_RESULT
			? envoi_iq_result_new(request)
			: envoi_iq_new(wire->context, cases[i].kind, "a@b");
		for (unsigned int j = 0; j < cases[i].payloads; j++) {
			envoi_element_add_text(envoi_stanza_element(iq), " ");
			envoi_element_add(envoi_stanza_element(iq), "urn:x", "x");
		}
		assert_int_equal(envoi_send(wire->session, iq, NULL),
			cases[i].is_sent ? ENVOI_OK : ENVOI_ERR_INVALID);
		wire_run(wire, 0);
		assert_int_equal(*wire_heard(wire) != '\0', cases[i].is_sent);
		if (!cases[i].is_sent) {
			assert_problem(wire,
				cases[i].payloads == 0
					? "iq: a request has one payload, and this one has none"
					: "iq: a request or result has one payload, and this one "
					  "has more");
		}
	}
	envoi_stanza_unref(request);
}

static void a_stanza_that_cannot_be_sent_is_refused_and_consumed(void **state)
{
	struct wire *wire = *state;
	struct wire_ticket ticket;
	wire_go_online(wire);
	assert_int_equal(
		envoi_send_text(wire->session, "@", "x", wire_ticket(&ticket, wire, "ticket")),
		ENVOI_ERR_INVALID);
	assert_int_equal(envoi_send(wire->session, NULL, &ticket.ticket), ENVOI_ERR_NOMEM);
	assert_int_equal(
		envoi_send_text(wire->session, "a@b", "a\x01z", &ticket.ticket), ENVOI_ERR_INVALID);
	assert_int_equal(envoi_send_payload(wire->session, ENVOI_IQ_GET, "a@b", NULL, NULL, NULL),
		ENVOI_ERR_INVALID);
	assert_int_equal(
		envoi_request(wire->session, iq_to(wire, "@"), NULL, 0, wire_on_answer, wire, NULL),
		ENVOI_ERR_INVALID);
	assert_int_equal(envoi_request(wire->session,
				 envoi_message_new(wire->context, ENVOI_TYPE_CHAT, "a@b", "x"),
				 NULL, 0, wire_on_answer, wire, NULL),
		ENVOI_ERR_INVALID);
	wire_run(wire, 1000000);
	assert_string_equal(wire_log(wire), "");
	assert_string_equal(wire_heard(wire), "");
	assert_int_equal(stats_of(wire).requests, 0);
}

static void a_ticket_in_use_cannot_be_used_again_before_it_has_ended(void **state)
{
	struct wire *wire = *state;
	struct wire_ticket ticket;
	wire_go_online(wire);
	assert_int_equal(
		envoi_send_text(wire->session, "a@b", "x", wire_ticket(&ticket, wire, "ticket")),
		ENVOI_OK);
	assert_int_equal(
		envoi_send_text(wire->session, "a@b", "x", &ticket.ticket), ENVOI_ERR_INVALID);
	assert_int_equal(ticket.told, 0);
	wire_run(wire, 0);
	assert_int_equal(ticket.told, 1);
	assert_int_equal(ticket.state, ENVOI_TICKET_WRITTEN);
	assert_int_equal(envoi_ticket_cancel(&ticket.ticket), ENVOI_ERR_STATE);
	assert_int_equal(envoi_send_text(wire->session, "a@b", "x", &ticket.ticket), ENVOI_OK);
	wire_run(wire, 0);
	assert_int_equal(ticket.told, 2);
}

/* The peer does not read: its window fills, then the transport's queue fills, and
 * the rest waits in the outbox. */
static size_t send_until_full(struct wire *wire, struct wire_ticket *tickets, size_t count)
{
	static char body[1001];
	memset(body, 'x', sizeof(body) - 1);
	for (size_t i = 0; i < count; i++) {
		struct envoi_ticket *ticket = tickets == NULL ? NULL
							      : wire_ticket(&tickets[i], wire, "t");
		if (envoi_send_text(wire->session, "a@b", body, ticket) != ENVOI_OK) {
			return i;
		}
	}
	return count;
}

static void setup_small(struct wire *wire)
{
	assert_int_equal(
		envoi_settings_set(wire->settings, "limits.output-bytes", "64k"), ENVOI_OK);
	assert_int_equal(
		envoi_settings_set(wire->settings, "limits.outbox-stanzas", "100"), ENVOI_OK);
	wire_go_online(wire);
	envoi_memory_end_pause(wire->end, true);
}

static void after_a_loss_every_ticket_says_what_is_known(void **state)
{
	enum {
		COUNT = 400
	};
	struct wire *wire = *state;
	setup_small(wire);
	struct wire_ticket *tickets = calloc(COUNT, sizeof(*tickets));
	assert_non_null(tickets);
	size_t sent = send_until_full(wire, tickets, 150);
	wire_run(wire, 0);
	sent += send_until_full(wire, tickets + sent, COUNT - sent);
	assert_true(sent < COUNT);
	assert_true(stats_of(wire).outbox_stanzas > 0);
	wire_run(wire, 0);
	size_t written = 0, unknown = 0, not_sent = 0;
	for (; written < sent && tickets[written].told == 1; written++) {
		assert_int_equal(tickets[written].state, ENVOI_TICKET_WRITTEN);
	}
	envoi_memory_pair_cut(wire->pair);
	wire_run(wire, 0);
	size_t i = written;
	for (; i < sent && tickets[i].state == ENVOI_TICKET_UNKNOWN; i++) {
		unknown++;
	}
	for (; i < sent && tickets[i].state == ENVOI_TICKET_NOT_SENT; i++) {
		not_sent++;
	}
	assert_int_equal(written + unknown + not_sent, sent);
	assert_true(written > 0 && unknown > 0 && not_sent > 0);
	for (i = 0; i < sent; i++) {
		assert_int_equal(tickets[i].told, 1);
	}
	assert_int_equal(stats_of(wire).outbox_stanzas, 0);
	assert_int_equal(stats_of(wire).outbox_bytes, 0);

	wire_go_online(wire); /* counting starts again */
	assert_int_equal(send_until_full(wire, tickets, 2), 2);
	assert_int_equal(tickets[0].told, 0);
	wire_run(wire, 0);
	assert_int_equal(tickets[0].state, ENVOI_TICKET_WRITTEN);
	assert_int_equal(tickets[1].told, 1);
	free(tickets);
}

static void the_outbox_is_bounded_and_continues_when_the_peer_reads(void **state)
{
	struct wire *wire = *state;
	setup_small(wire);
	size_t sent = send_until_full(wire, NULL, 10000);
	assert_true(sent < 10000);
	assert_int_equal(stats_of(wire).outbox_stanzas, 100);
	assert_int_equal(envoi_send_text(wire->session, "a@b", "x", NULL), ENVOI_ERR_FULL);
	envoi_memory_end_pause(wire->end, false);
	wire_run(wire, 0);
	assert_int_equal(stats_of(wire).outbox_stanzas, 0);
	size_t heard = 0;
	for (const char *at = wire_heard(wire); (at = strstr(at, "</message>")) != NULL; at++) {
		heard++;
	}
	assert_int_equal(heard, sent);
}

static void a_stanza_longer_than_the_output_limit_is_refused(void **state)
{
	struct wire *wire = *state;
	setup_small(wire);
	static char body[65537];
	memset(body, 'x', sizeof(body) - 1);
	assert_int_equal(envoi_send_text(wire->session, "a@b", body, NULL), ENVOI_ERR_FULL);
	body[60000] = '\0';
	assert_int_equal(envoi_send_text(wire->session, "a@b", body, NULL), ENVOI_OK);
}

static void a_ticket_is_cancelled_until_the_stream_has_its_stanza(void **state)
{
	struct wire *wire = *state;
	struct wire_ticket early, late;
	setup_small(wire);
	assert_int_equal(
		envoi_send_text(wire->session, "a@b", "early", wire_ticket(&early, wire, "early")),
		ENVOI_OK);
	assert_int_equal(envoi_ticket_cancel(&early.ticket), ENVOI_ERR_STATE);
	size_t sent = send_until_full(wire, NULL, 150);
	assert_int_equal(sent, 150);
	assert_int_equal(
		envoi_send_text(wire->session, "a@b", "late", wire_ticket(&late, wire, "late")),
		ENVOI_OK);
	size_t waiting = stats_of(wire).outbox_stanzas;
	assert_int_equal(envoi_ticket_cancel(&late.ticket), ENVOI_OK);
	assert_int_equal(envoi_ticket_cancel(&late.ticket), ENVOI_ERR_STATE);
	assert_int_equal(late.told, 0);
	assert_int_equal(stats_of(wire).outbox_stanzas, waiting - 1);
	envoi_memory_end_pause(wire->end, false);
	wire_run(wire, 0);
	assert_int_equal(late.told, 1);
	assert_int_equal(late.state, ENVOI_TICKET_CANCELED);
	assert_int_equal(early.state, ENVOI_TICKET_WRITTEN);
	assert_null(strstr(wire_heard(wire), "late"));
}

static void closing_waits_for_the_outbox_but_not_for_ever(void **state)
{
	struct wire *wire = *state;
	struct wire_ticket last;
	setup_small(wire);
	assert_int_equal(send_until_full(wire, NULL, 150), 150);
	assert_int_equal(
		envoi_send_text(wire->session, "a@b", "last", wire_ticket(&last, wire, "last")),
		ENVOI_OK);
	envoi_session_close(wire->session);
	wire_run(wire, 1000);
	envoi_memory_end_pause(wire->end, false);
	wire_run(wire, 0);
	assert_int_equal(last.state, ENVOI_TICKET_WRITTEN);
	assert_non_null(strstr(wire_heard(wire), "<body>last</body></message></stream:stream>"));
	envoi_session_detach(wire->session);

	wire_go_online(wire);
	envoi_memory_end_pause(wire->end, true);
	assert_int_equal(send_until_full(wire, NULL, 150), 150);
	envoi_session_close(wire->session);
	wire_run(wire, 60000);
	assert_int_equal(wire->closed_count, 1);
}

/* As much is refused as is over the limit, to the byte. */
static void the_outbox_is_bounded_in_bytes_too(void **state)
{
	struct wire *wire = *state;
	static char body[60001];
	memset(body, 'x', sizeof(body) - 1);
	assert_int_equal(
		envoi_settings_set(wire->settings, "limits.outbox-bytes", "64k"), ENVOI_OK);
	setup_small(wire);
	send_until_full(wire, NULL, 10000);
	size_t before = stats_of(wire).outbox_bytes;
	assert_true(before < 65536 && before > 60000);
	assert_true(stats_of(wire).outbox_stanzas < 100);
	assert_int_equal(envoi_send_text(wire->session, "a@b", "", NULL), ENVOI_OK);
	size_t least = stats_of(wire).outbox_bytes - before;
	size_t room = 65536 - before - 2 * least - (strlen("<body></body>") - strlen("<body/>"));
	body[room + 1] = '\0';
	assert_int_equal(envoi_send_text(wire->session, "a@b", body, NULL), ENVOI_ERR_FULL);
	body[room] = '\0';
	assert_int_equal(envoi_send_text(wire->session, "a@b", body, NULL), ENVOI_OK);
	assert_int_equal(stats_of(wire).outbox_bytes, 65536);
	assert_int_equal(envoi_send_text(wire->session, "a@b", "", NULL), ENVOI_ERR_FULL);
}

static void cancelling_the_last_waiting_ticket_lets_a_closing_stream_close(void **state)
{
	struct wire *wire = *state;
	static struct wire_ticket tickets[151];
	char large[2000];
	memset(large, ' ', sizeof(large));
	setup_small(wire);
	size_t sent = send_until_full(wire, tickets, 151);
	envoi_session_close(wire->session);
	size_t canceled = 0;
	for (size_t i = 0; i < sent; i++) {
		canceled += envoi_ticket_cancel(&tickets[i].ticket) == ENVOI_OK;
		assert_int_equal(envoi_stream_send(
					 envoi_session_stream(wire->session), large, sizeof(large)),
			stats_of(wire).outbox_stanzas > 0 ? ENVOI_ERR_FULL : ENVOI_ERR_STATE);
	}
	assert_true(canceled > 1);
	assert_int_equal(stats_of(wire).outbox_stanzas, 0);
	envoi_memory_end_pause(wire->end, false);
	wire_run(wire, 0);
	assert_non_null(strstr(wire_heard(wire), "</stream:stream>"));
}

struct word {
	const char *text;
};

static const struct envoi_field word_fields[] = {
	ENVOI_ATTR_TEXT(struct word, text, "text", ENVOI_REQUIRED),
	ENVOI_FIELDS_END,
};
static const struct envoi_payload_type word_type = ENVOI_PAYLOAD_TYPE(
	struct word, "urn:x", "word", word_fields);

static void a_payload_is_sent_in_a_message_or_presence(void **state)
{
	const struct word word = {.text = "w"}, empty = {.text = NULL};
	struct wire *wire = *state;
	wire_go_online(wire);
	assert_int_equal(
		envoi_send_payload(wire->session, ENVOI_PRESENCE, "a@b", &word_type, &word, NULL),
		ENVOI_OK);
	wire_run(wire, 0);
	assert_string_equal(
		wire_heard(wire), "<presence to='a@b'><word xmlns='urn:x' text='w'/></presence>");
	assert_int_equal(
		envoi_send_payload(wire->session, ENVOI_MESSAGE, "a@b", &word_type, &word, NULL),
		ENVOI_OK);
	wire_run(wire, 0);
	assert_non_null(strstr(wire_heard(wire), "<word xmlns='urn:x' text='w'/></message>"));
	assert_int_equal(
		envoi_send_payload(wire->session, ENVOI_MESSAGE, "a@b", &word_type, &empty, NULL),
		ENVOI_ERR_INVALID);
	assert_string_equal(envoi_session_problem(wire->session), "message: word/@text is missing");
}

static int reply_badly_then_well(struct envoi_handler *self, struct envoi_delivery *in)
{
	const struct word word = {.text = "w"}, empty = {.text = NULL};
	(void)self;
	int r = envoi_reply_result(in, &word_type, &empty);
	assert_true(r == ENVOI_ERR_INVALID || r == ENVOI_ERR_NOMEM);
	return envoi_reply_result(in, &word_type, &word);
}

static const struct envoi_stanza_row word_rows[] = {
	{.kind = ENVOI_IQ_GET, .payload = &word_type, .handle = reply_badly_then_well},
	ENVOI_ROWS_END,
};
static const struct envoi_handler_impl word_impl = {.stanzas = word_rows};
static const char word_request[] = "<iq type='get' id='7'><word xmlns='urn:x' text='x'/></iq>";

/* One allocation fails, each in turn: the request is answered with a result, or with the condition
 * for want of memory (RFC 6120, section 8.3.3.18), or the stream ends. */
static void want_of_memory_is_answered_with_resource_constraint(void **state)
{
	(void)state;
	struct test_allocator allocator = {0};
	struct envoi_allocator functions = test_allocator_functions(&allocator);
	struct envoi_handler handler = {&word_impl};
	bool was_short = false, was_answered = false;
	for (size_t i = 1; i < 60 && !was_answered; i++) {
		struct wire *wire = calloc(1, sizeof(*wire));
		assert_non_null(wire);
		wire_init(wire, &(struct envoi_context_options){.allocator = functions});
		assert_int_equal(wire_new_session(wire), ENVOI_OK);
		assert_int_equal(envoi_session_add(wire->session, &handler), ENVOI_OK);
		wire_go_online(wire);
		wire_say(wire, word_request);
		allocator.fail_at = allocator.calls + i;
		wire_run(wire, 0);
		was_answered = allocator.calls < allocator.fail_at;
		allocator.fail_at = 0;
		const char *heard = wire_heard(wire);
		was_short |= strstr(heard, "resource-constraint") != NULL &&
			strstr(heard, "id='7'") != NULL;
		assert_null(strstr(heard, "internal-server-error"));
		assert_true(!was_answered || strstr(heard, "<word") != NULL);
		wire_finish(wire);
		free(wire);
		assert_int_equal(allocator.live, 0);
	}
	assert_true(was_short && was_answered);
}

static void without_settings_the_limits_are_the_defaults(void **state)
{
	struct wire *wire = *state;
	assert_int_equal(envoi_session_new(&wire->session, wire->context, NULL), ENVOI_OK);
	envoi_session_set_owner(wire->session, &wire->owner);
	wire_go_online(wire);
	assert_int_equal(envoi_send_text(wire->session, "a@b", "x", NULL), ENVOI_OK);
	assert_int_equal(envoi_request(wire->session, iq_to(wire, "a@b"), NULL, 0, wire_on_answer,
				 wire, NULL),
		ENVOI_OK);
	wire_run(wire, 0);
	assert_string_equal(wire_log(wire), "");
	wire_run(wire, 600000);
	assert_non_null(strstr(wire_log(wire), "answer ENVOI_ERR_TIMEOUT"));
}

static void the_memory_of_a_long_stanza_is_given_back(void **state)
{
	(void)state;
	struct test_allocator allocator = {0};
	struct envoi_allocator functions = test_allocator_functions(&allocator);
	struct wire *wire = calloc(1, sizeof(*wire));
	char *body = malloc(1000001);
	assert_true(wire != NULL && body != NULL);
	memset(body, 'x', 1000000);
	body[1000000] = '\0';
	wire_init(wire, &(struct envoi_context_options){.allocator = functions});
	wire_go_online(wire);
	assert_int_equal(envoi_send_text(wire->session, "a@b", "short", NULL), ENVOI_OK);
	wire_run(wire, 0);
	(void)wire_heard(wire);
	size_t before = allocator.bytes;
	assert_int_equal(envoi_send_text(wire->session, "a@b", body, NULL), ENVOI_OK);
	assert_true(allocator.bytes > before + 1000000);
	wire_run(wire, 0);
	(void)wire_heard(wire);
	assert_int_equal(envoi_send_text(wire->session, "a@b", "short", NULL), ENVOI_OK);
	wire_run(wire, 0);
	envoi_session_detach(wire->session);
	envoi_memory_end_free(wire->end);
	wire->end = NULL;
	wire->pair = envoi_memory_pair_unref(wire->pair);
	assert_true(allocator.bytes < before);
	wire_finish(wire);
	assert_int_equal(allocator.live, 0);
	free(wire);
	free(body);
}

/* --- a receiving session --- */

static struct envoi_promise *promise;

static int defer(struct envoi_handler *self, struct envoi_delivery *in)
{
	(void)self;
	return envoi_delivery_defer(in, &promise);
}

static unsigned int messages;

static int count_message(struct envoi_handler *self, struct envoi_delivery *in)
{
	(void)self, (void)in;
	messages++;
	return ENVOI_OK;
}

/* @return whether the k-th allocation was reached by a message whose body has so many bytes */
static bool take_message_without(size_t k, size_t len)
{
	static const struct envoi_stanza_row rows[] = {
		{.kind = ENVOI_MESSAGE, .handle = count_message}, ENVOI_ROWS_END};
	static const struct envoi_handler_impl impl = {.stanzas = rows};
	struct envoi_handler handler = {&impl};
	struct test_allocator allocator = {0};
	struct envoi_allocator functions = test_allocator_functions(&allocator);
	struct wire wire = {0};
	char message[4096];
	snprintf(message, sizeof(message), "<message from='a@b'><body>%0*d</body></message>",
		(int)len, 0);
	messages = 0;
	wire_init(&wire, &(struct envoi_context_options){.allocator = functions});
	assert_int_equal(wire_new_session(&wire), ENVOI_OK);
	assert_int_equal(envoi_session_add(wire.session, &handler), ENVOI_OK);
	assert_int_equal(wire_attach(&wire, ENVOI_RECEIVER, 0), ENVOI_OK);
	wire_say(&wire,
		"<stream:stream xmlns='jabber:client' version='1.0' to='example.org' "
		"xmlns:stream='http://etherx.jabber.org/streams'>");
	wire_run(&wire, 0);
	(void)wire_heard(&wire);
	wire_say(&wire, message);
	allocator.fail_at = allocator.calls + k;
	wire_run(&wire, 0);
	bool was_reached = allocator.calls >= allocator.fail_at;
	allocator.fail_at = 0;
	bool goes_on = strstr(wire_talk(&wire, "<iq type='get' id='1'><x xmlns='urn:x'/></iq>"),
			       "id='1'") != NULL;
	assert_int_equal(goes_on, messages == 1);
	wire_finish(&wire);
	assert_int_equal(allocator.live, 0);
	return was_reached;
}

/* The answer to a request says that what came before it was processed (RFC 6120, section 10.1). The
 * length decides which part of a stanza needs a new block of memory. */
static void a_server_answers_nothing_behind_a_message_that_it_has_lost(void **state)
{
	(void)state;
	for (size_t len = 1; len < 2200; len += 8) {
		size_t k = 1;
		while (take_message_without(k, len)) {
			k++;
		}
	}
}

/* Between the restart and the peer's new header nothing can be sent. */
static void a_reply_made_while_the_stream_restarts_is_sent_once_it_is_ready(void **state)
{
	static const struct envoi_stanza_row rows[] = {
		{.kind = ENVOI_IQ_GET, .before_login = true, .handle = defer},
		ENVOI_ROWS_END,
	};
	static const struct envoi_handler_impl impl = {.stanzas = rows};
	static const char header[] =
		"<stream:stream xmlns='jabber:client' version='1.0' to='example.org' "
		"xmlns:stream='http://etherx.jabber.org/streams'>";
	struct wire *wire = *state;
	static struct envoi_handler handler = {&impl};
	assert_int_equal(wire_new_session(wire), ENVOI_OK);
	assert_int_equal(envoi_session_add(wire->session, &handler), ENVOI_OK);
	wire->feature = fake_auth_new(wire->context);
	assert_int_equal(wire_attach(wire, ENVOI_RECEIVER, ENVOI_STREAM_AUTHENTICATED), ENVOI_OK);
	wire_say(wire, header);
	wire_run(wire, 0);
	wire_say(wire, "<iq type='get' id='7'><x xmlns='urn:x'/></iq>");
	wire_run(wire, 0);
	wire_say(wire, "<ask xmlns='urn:example:fake-auth'/>");
	wire_run(wire, 0);
	assert_non_null(strstr(wire_heard(wire), "<yes"));
	assert_int_equal(envoi_promise_result(promise, NULL, NULL), ENVOI_OK);
	wire_run(wire, 0);
	assert_string_equal(wire_heard(wire), "");
	wire_say(wire, header);
	wire_run(wire, 0);
	assert_int_equal(wire->ready_count, 1);
	const char *heard = wire_heard(wire), *features = strstr(heard, "<stream:features");
	assert_non_null(features);
	assert_non_null(strstr(features, "<iq type='result' id='7'/>"));
	envoi_session_detach(wire->session);
	envoi_handler_destroy(wire->feature);
}

/* --- counting --- */

static int take_presence(struct envoi_handler *self, struct envoi_stream *stream,
	const struct envoi_element *element)
{
	(void)self, (void)stream, (void)element;
	return ENVOI_OK;
}

static void stanzas_of_stream_rows_and_elements_are_counted_too(void **state)
{
	static const struct envoi_stream_element_row rows[] = {
		{.ns = ENVOI_NS_CLIENT,
			.name = "presence",
			.roles = 1u << ENVOI_INITIATOR,
			.handle = take_presence},
		ENVOI_ROWS_END,
	};
	static const struct envoi_handler_impl impl = {.stream_elements = rows};
	struct wire *wire = *state;
	struct envoi_handler handler = {&impl};
	wire->feature = &handler;
	wire_go_online(wire);
	wire_say(wire, "<presence/><message/><presence/>");
	wire_run(wire, 0);
	assert_int_equal(stats_of(wire).stanzas_in, 3);
	struct envoi_element *iq = envoi_element_new(wire->context, ENVOI_NS_CLIENT, "iq");
	struct envoi_element *other = envoi_element_new(wire->context, "urn:x", "iq");
	struct envoi_stream *stream = envoi_session_stream(wire->session);
	assert_int_equal(envoi_stream_send_element(stream, iq), ENVOI_OK);
	assert_int_equal(envoi_stream_send_element(stream, other), ENVOI_OK);
	assert_int_equal(envoi_send_text(wire->session, "a@b", "x", NULL), ENVOI_OK);
	assert_int_equal(stats_of(wire).stanzas_out, 2);
	envoi_element_unref(iq);
	envoi_element_unref(other);
	envoi_session_detach(wire->session);
	assert_int_equal(stats_of(wire).stanzas_in, 3);
	assert_int_equal(stats_of(wire).stanzas_out, 2);
	wire->feature = NULL;
}

/* --- epochs --- */

static const struct envoi_stanza_row deferring_rows[] = {
	{.kind = ENVOI_IQ_GET, .handle = defer},
	ENVOI_ROWS_END,
};
static const struct envoi_handler_impl deferring_impl = {.stanzas = deferring_rows};
static struct envoi_handler deferring = {&deferring_impl};

/* Online, with a request of ours and one of the peer's pending; then the connection is lost.
 * @return the id of ours */
static const char *lose_with_two_pending(struct wire *wire)
{
	envoi_session_set_resumable(wire->session, true);
	assert_int_equal(envoi_request(wire->session, iq_to(wire, "a@b"), NULL, 0, wire_on_answer,
				 wire, NULL),
		ENVOI_OK);
	wire_run(wire, 0);
	const char *id = id_in(wire_heard(wire));
	wire_say(wire, "<iq type='get' id='7' from='a@b'><x xmlns='urn:x'/></iq>");
	wire_run(wire, 0);
	envoi_memory_pair_cut(wire->pair);
	wire_run(wire, 0);
	assert_null(envoi_session_stream(wire->session));
	assert_false(envoi_session_is_online(wire->session));
	return id;
}

static void resume_or_not(struct wire *wire, bool resumes)
{
	assert_int_equal(wire_attach(wire, ENVOI_INITIATOR, 0), ENVOI_OK);
	if (resumes) {
		assert_int_equal(envoi_session_resume(wire->session), ENVOI_OK);
	}
	wire_greet(wire);
	wire_run(wire, 0);
	assert_true(envoi_session_is_online(wire->session));
	assert_int_equal(envoi_session_resume(wire->session), ENVOI_ERR_STATE);
}

static void requests_and_promises_outlive_a_stream_that_is_resumed(void **state)
{
	struct wire *wire = *state;
	char answer[128];
	assert_int_equal(wire_new_session(wire), ENVOI_OK);
	assert_int_equal(envoi_session_add(wire->session, &deferring), ENVOI_OK);
	wire_go_online(wire);
	uint64_t epoch = envoi_session_epoch(wire->session);
	assert_int_not_equal(epoch, 0);
	const char *id = lose_with_two_pending(wire);
	assert_string_equal(wire_log(wire), "disconnected ENVOI_ERR_DISCONNECTED\n");
	assert_int_equal(stats_of(wire).requests, 1);
	assert_int_equal(stats_of(wire).deferred, 1);
	assert_int_equal(envoi_promise_result(promise, NULL, NULL), ENVOI_OK);
	assert_int_equal(stats_of(wire).outbox_stanzas, 1);
	assert_int_equal(envoi_send_text(wire->session, "a@b", "x", NULL), ENVOI_OK);

	resume_or_not(wire, true);
	assert_int_equal(envoi_session_epoch(wire->session), epoch);
	const char *heard = wire_heard(wire);
	assert_non_null(strstr(heard, "<iq type='result' to='a@b' id='7'/><message "));
	assert_non_null(strstr(heard, "<body>x</body></message>"));
	assert_string_equal(wire_log(wire), "stream-opened\nresumed " WIRE_OWN "\n");
	snprintf(answer, sizeof(answer), "<iq type='result' from='a@b' id='%s'/>", id);
	wire_say(wire, answer);
	wire_run(wire, 0);
	assert_string_equal(wire_log(wire), "answer ENVOI_OK success\n");
}

static void requests_and_promises_end_with_their_epoch(void **state)
{
	struct wire *wire = *state;
	assert_int_equal(wire_new_session(wire), ENVOI_OK);
	assert_int_equal(envoi_session_add(wire->session, &deferring), ENVOI_OK);
	assert_int_equal(envoi_session_resume(wire->session), ENVOI_ERR_STATE);
	wire_go_online(wire);
	uint64_t epoch = envoi_session_epoch(wire->session);
	(void)lose_with_two_pending(wire);
	(void)wire_log(wire);
	resume_or_not(wire, false);
	assert_int_equal(envoi_session_epoch(wire->session), epoch + 1);
	assert_string_equal(wire_log(wire),
		"stream-opened\nanswer ENVOI_ERR_DISCONNECTED disconnected\nended\nstarted " WIRE_OWN
		"\n");
	assert_int_equal(envoi_promise_result(promise, NULL, NULL), ENVOI_ERR_STATE);

	(void)lose_with_two_pending(wire);
	(void)wire_log(wire);
	assert_int_equal(envoi_promise_result(promise, NULL, NULL), ENVOI_OK);
	envoi_session_set_resumable(wire->session, false);
	assert_int_equal(envoi_session_epoch(wire->session), epoch + 2);
	assert_int_equal(stats_of(wire).outbox_stanzas, 0);
	wire_run(wire, 0);
	assert_string_equal(wire_log(wire), "answer ENVOI_ERR_DISCONNECTED disconnected\nended\n");
	resume_or_not(wire, false);
	assert_int_equal(envoi_session_epoch(wire->session), epoch + 2);
	assert_string_equal(wire_log(wire), "stream-opened\nstarted " WIRE_OWN "\n");
}

/* --- restoring --- */

/* Logs how it is called, and sends a message. */
struct restorer {
	struct envoi_handler base;
	struct wire *wire;
	const char *name;
	void (*act)(struct restorer *self, struct envoi_session *session);
};

static void on_restore(struct envoi_handler *self, struct envoi_session *session, bool is_resumed)
{
	struct restorer *it = ENVOI_CONTAINER_OF(self, struct restorer, base);
	char line[64];
	snprintf(line, sizeof(line), "%s %s\n", it->name, is_resumed ? "resumed" : "new");
	assert_int_equal(envoi_buffer_append(&it->wire->log, line, strlen(line)), ENVOI_OK);
	if (it->act != NULL) {
		it->act(it, session);
		return;
	}
	assert_int_equal(envoi_send_text(session, "a@b", it->name, NULL), ENVOI_OK);
}

static const struct envoi_handler_impl restorer_impl = {.restore = on_restore};
static struct restorer first, second;

static void make_restorers(struct wire *wire)
{
	first = (struct restorer){{&restorer_impl}, wire, "first", NULL};
	second = (struct restorer){{&restorer_impl}, wire, "second", NULL};
	assert_int_equal(wire_new_session(wire), ENVOI_OK);
	assert_int_equal(envoi_session_add(wire->session, &first.base), ENVOI_OK);
	assert_int_equal(envoi_session_add(wire->session, &second.base), ENVOI_OK);
}

static void handlers_restore_in_order_before_what_has_waited(void **state)
{
	struct wire *wire = *state;
	make_restorers(wire);
	envoi_session_set_continued(wire->session, true);
	assert_int_equal(wire_attach(wire, ENVOI_INITIATOR, 0), ENVOI_OK);
	wire_greet(wire);
	wire_run(wire, 0);
	assert_string_equal(
		wire_log(wire), "first new\nsecond new\nstream-opened\nstarted " WIRE_OWN "\n");
	envoi_session_set_resumable(wire->session, true);
	envoi_memory_pair_cut(wire->pair);
	wire_run(wire, 0);
	assert_int_equal(envoi_send_text(wire->session, "a@b", "waits", NULL), ENVOI_OK);
	(void)wire_heard(wire);
	(void)wire_log(wire);

	resume_or_not(wire, false);
	const char *heard = wire_heard(wire);
	const char *a = strstr(heard, "<body>first<"), *b = strstr(heard, "<body>second<");
	assert_non_null(a);
	assert_non_null(b);
	assert_true(a < b);
	assert_true(b < strstr(heard, "<body>waits<"));
}

static void a_resumed_session_is_restored_as_such(void **state)
{
	struct wire *wire = *state;
	make_restorers(wire);
	wire_go_online(wire);
	envoi_session_set_resumable(wire->session, true);
	envoi_memory_pair_cut(wire->pair);
	wire_run(wire, 0);
	(void)wire_log(wire);
	resume_or_not(wire, true);
	assert_string_equal(wire_log(wire),
		"first resumed\nsecond resumed\nstream-opened\nresumed " WIRE_OWN "\n");
}

static void act_remove_second(struct restorer *self, struct envoi_session *session)
{
	(void)self;
	envoi_session_remove(session, &second.base);
}

static void act_add_second(struct restorer *self, struct envoi_session *session)
{
	(void)self;
	assert_int_equal(envoi_session_add(session, &second.base), ENVOI_OK);
}

/* It has seen the session online from the beginning. */
static void a_handler_attached_while_others_restore_does_not(void **state)
{
	struct wire *wire = *state;
	make_restorers(wire);
	envoi_session_remove(wire->session, &second.base);
	first.act = act_add_second;
	assert_int_equal(wire_attach(wire, ENVOI_INITIATOR, 0), ENVOI_OK);
	wire_greet(wire);
	wire_run(wire, 0);
	assert_null(strstr(wire_log(wire), "second"));
}

static void act_detach(struct restorer *self, struct envoi_session *session)
{
	(void)self;
	envoi_session_detach(session);
}

static void a_removed_handler_and_one_without_a_stream_do_not_restore(void **state)
{
	static void (*const acts[])(struct restorer *, struct envoi_session *) = {
		act_remove_second, act_detach};
	(void)state;
	for (size_t i = 0; i < 2; i++) {
		struct wire wire = {.session = NULL};
		wire_init(&wire, NULL);
		make_restorers(&wire);
		first.act = acts[i];
		assert_int_equal(wire_attach(&wire, ENVOI_INITIATOR, 0), ENVOI_OK);
		wire_greet(&wire);
		wire_run(&wire, 0);
		assert_null(strstr(wire_log(&wire), "second"));
		wire_finish(&wire);
	}
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, wire_setup, wire_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_session_goes_online_and_leaves_in_order),
		TEST(a_handler_attached_while_others_restore_does_not),
		TEST(only_one_stream_fits_below_a_session),
		TEST(a_stream_that_fails_to_start_is_reported_to_the_owner),
		TEST(detaching_ends_everything_from_the_loop_without_the_owner),
		TEST(a_sent_stanza_gets_an_id_and_a_canonical_address),
		TEST(a_refusal_names_stanza_place_and_reason),
		TEST(an_iq_is_sent_with_the_payloads_that_it_may_have),
		TEST(a_stanza_that_cannot_be_sent_is_refused_and_consumed),
		TEST(a_ticket_in_use_cannot_be_used_again_before_it_has_ended),
		TEST(after_a_loss_every_ticket_says_what_is_known),
		TEST(the_outbox_is_bounded_and_continues_when_the_peer_reads),
		TEST(a_stanza_longer_than_the_output_limit_is_refused),
		TEST(a_ticket_is_cancelled_until_the_stream_has_its_stanza),
		TEST(closing_waits_for_the_outbox_but_not_for_ever),
		TEST(the_outbox_is_bounded_in_bytes_too),
		TEST(cancelling_the_last_waiting_ticket_lets_a_closing_stream_close),
		TEST(a_payload_is_sent_in_a_message_or_presence),
		cmocka_unit_test(want_of_memory_is_answered_with_resource_constraint),
		TEST(without_settings_the_limits_are_the_defaults),
		cmocka_unit_test(the_memory_of_a_long_stanza_is_given_back),
		TEST(a_server_answers_nothing_behind_a_message_that_it_has_lost),
		TEST(a_reply_made_while_the_stream_restarts_is_sent_once_it_is_ready),
		TEST(stanzas_of_stream_rows_and_elements_are_counted_too),
		TEST(requests_and_promises_outlive_a_stream_that_is_resumed),
		TEST(requests_and_promises_end_with_their_epoch),
		TEST(handlers_restore_in_order_before_what_has_waited),
		TEST(a_resumed_session_is_restored_as_such),
		cmocka_unit_test(a_removed_handler_and_one_without_a_stream_do_not_restore),
	};
	return cmocka_run_group_tests_name("session/session", tests, NULL, NULL);
}
