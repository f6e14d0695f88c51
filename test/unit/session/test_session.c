/*
 * envoi - sessions: tests
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

#include "stream_fixture.h"
#include "test_allocator.h"
#include "wire.h"

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
	assert_int_equal(envoi_request(wire->session, wire_iq(wire, "a@b"), NULL, 0, wire_on_answer,
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
	assert_int_equal(strlen(wire_id_in(heard)), ENVOI_ID_SIZE - 1);
	assert_int_equal(
		envoi_send(wire->session,
			envoi_presence_new(wire->context, ENVOI_TYPE_AVAILABLE, NULL), NULL),
		ENVOI_OK);
	wire_run(wire, 0);
	assert_string_equal(wire_heard(wire), "<presence/>");
	assert_int_equal(wire_stats(wire).stanzas_out, 2);
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
	assert_int_equal(envoi_request(wire->session, wire_iq(wire, "@"), NULL, 0, wire_on_answer,
				 wire, NULL),
		ENVOI_ERR_INVALID);
	assert_non_null(strstr(envoi_session_problem(wire->session), "iq: attribute to: \"@\": "));
	assert_int_equal(
		envoi_request(wire->session, wire_iq(wire, NULL), NULL, 0, NULL, wire, NULL),
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
	struct envoi_stanza *request = wire_iq(wire, "a@b");
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
	assert_int_equal(envoi_request(wire->session, wire_iq(wire, "@"), NULL, 0, wire_on_answer,
				 wire, NULL),
		ENVOI_ERR_INVALID);
	assert_int_equal(envoi_request(wire->session,
				 envoi_message_new(wire->context, ENVOI_TYPE_CHAT, "a@b", "x"),
				 NULL, 0, wire_on_answer, wire, NULL),
		ENVOI_ERR_INVALID);
	wire_run(wire, 1000000);
	assert_string_equal(wire_log(wire), "");
	assert_string_equal(wire_heard(wire), "");
	assert_int_equal(wire_stats(wire).requests, 0);
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
	assert_int_equal(envoi_request(wire->session, wire_iq(wire, "a@b"), NULL, 0, wire_on_answer,
				 wire, NULL),
		ENVOI_OK);
	wire_run(wire, 0);
	assert_string_equal(wire_log(wire), "");
	wire_run(wire, 600000);
	assert_non_null(strstr(wire_log(wire), "answer ENVOI_ERR_TIMEOUT"));
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

#define TEST(name) cmocka_unit_test_setup_teardown(name, wire_setup, wire_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_session_goes_online_and_leaves_in_order),
		TEST(only_one_stream_fits_below_a_session),
		TEST(a_stream_that_fails_to_start_is_reported_to_the_owner),
		TEST(detaching_ends_everything_from_the_loop_without_the_owner),
		TEST(a_sent_stanza_gets_an_id_and_a_canonical_address),
		TEST(a_refusal_names_stanza_place_and_reason),
		TEST(an_iq_is_sent_with_the_payloads_that_it_may_have),
		TEST(a_stanza_that_cannot_be_sent_is_refused_and_consumed),
		TEST(a_payload_is_sent_in_a_message_or_presence),
		cmocka_unit_test(want_of_memory_is_answered_with_resource_constraint),
		TEST(without_settings_the_limits_are_the_defaults),
		TEST(a_server_answers_nothing_behind_a_message_that_it_has_lost),
		TEST(a_reply_made_while_the_stream_restarts_is_sent_once_it_is_ready),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
