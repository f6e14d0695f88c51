/*
 * envoi - sessions: tests of asking and answering
 * SPDX-License-Identifier: MIT
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "wire.h"

/* The peer reads nothing, and little may wait. */
static void setup_small(struct wire *wire)
{
	assert_int_equal(
		envoi_settings_set(wire->settings, "limits.output-bytes", "64k"), ENVOI_OK);
	assert_int_equal(
		envoi_settings_set(wire->settings, "limits.outbox-stanzas", "100"), ENVOI_OK);
	wire_go_online(wire);
	envoi_memory_end_pause(wire->end, true);
}

/* --- asking and answering --- */

static void a_request_is_answered_from_the_address_it_was_sent_to(void **state)
{
	struct wire *wire = *state;
	char xml[300];
	wire_go_online(wire);
	struct envoi_stanza *iq = wire_iq(wire, "YOU@example.org/desk");
	envoi_element_set(envoi_stanza_element(iq), "id", "guessed");
	assert_int_equal(
		envoi_request(wire->session, iq, NULL, 0, wire_on_answer, wire, NULL), ENVOI_OK);
	assert_int_equal(wire_stats(wire).requests, 1);
	wire_run(wire, 0);
	const char *id = wire_id_in(wire_heard(wire));
	assert_string_not_equal(id, "guessed");
	snprintf(xml, sizeof(xml),
		"<iq type='result' id='%s' from='evil@example.org'/>"
		"<iq type='result' id='%s'/>"
		"<iq type='set' id='%s' from='you@example.org/desk'><x xmlns='urn:x'/></iq>",
		id, id, id);
	const char *heard = wire_talk(wire, xml);
	assert_non_null(strstr(heard, "service-unavailable"));
	assert_string_equal(wire_log(wire), "");
	assert_int_equal(wire_stats(wire).answers_ignored, 2);
	snprintf(xml, sizeof(xml), "<iq type='result' id='%s' from='you@EXAMPLE.org/desk'/>", id);
	wire_talk(wire, xml);
	wire_talk(wire, xml);
	assert_string_equal(wire_log(wire), "answer ENVOI_OK success\n");
	assert_int_equal(wire_stats(wire).requests, 0);
	assert_int_equal(wire_stats(wire).answers_ignored, 3);
}

static void a_request_ends_once_by_timeout_cancel_loss_or_free(void **state)
{
	struct wire *wire = *state;
	struct envoi_request *request;
	wire_go_online(wire);
	assert_int_equal(envoi_request(wire->session, wire_iq(wire, NULL), NULL, 50, wire_on_answer,
				 wire, NULL),
		ENVOI_OK);
	wire_run(wire, 49);
	assert_string_equal(wire_log(wire), "");
	wire_run(wire, 1);
	assert_string_equal(wire_log(wire), "answer ENVOI_ERR_TIMEOUT timed out\n");
	assert_int_equal(envoi_request(wire->session, wire_iq(wire, NULL), NULL, 0, wire_on_answer,
				 wire, &request),
		ENVOI_OK);
	envoi_request_cancel(request);
	wire_run(wire, 0);
	assert_string_equal(wire_log(wire), "answer ENVOI_ERR_CANCELED canceled\n");
	assert_int_equal(envoi_request(wire->session, wire_iq(wire, NULL), NULL, 0, wire_on_answer,
				 wire, NULL),
		ENVOI_OK);
	envoi_memory_pair_cut(wire->pair);
	wire_run(wire, 0);
	assert_string_equal(wire_log(wire),
		"answer ENVOI_ERR_DISCONNECTED disconnected\n"
		"ended\n"
		"disconnected ENVOI_ERR_DISCONNECTED\n");
	wire_go_online(wire);
	assert_int_equal(envoi_request(wire->session, wire_iq(wire, NULL), NULL, 0, wire_on_answer,
				 wire, NULL),
		ENVOI_OK);
	wire_free_session(wire);
	assert_string_equal(wire_log(wire), "answer ENVOI_ERR_CANCELED canceled\nended\n");
	wire_run(wire, 100000);
	assert_string_equal(wire_log(wire), "");
}

static void more_requests_than_allowed_are_refused(void **state)
{
	struct wire *wire = *state;
	assert_int_equal(envoi_settings_set(wire->settings, "limits.requests", "3"), ENVOI_OK);
	wire_go_online(wire);
	for (int i = 0; i < 4; i++) {
		assert_int_equal(envoi_request(wire->session, wire_iq(wire, NULL), NULL, 0,
					 wire_on_answer, wire, NULL),
			i < 3 ? ENVOI_OK : ENVOI_ERR_FULL);
	}
	wire_run(wire, 100000);
	assert_int_equal(envoi_request(wire->session, wire_iq(wire, NULL), NULL, 0, wire_on_answer,
				 wire, NULL),
		ENVOI_OK);
}

struct note {
	const char *text;
};
static const struct envoi_field note_fields[] = {
	ENVOI_TEXT(struct note, text, ENVOI_REQUIRED),
	ENVOI_FIELDS_END,
};
static const struct envoi_payload_type note_type = ENVOI_PAYLOAD_TYPE(
	struct note, "urn:example:note", "note", note_fields);

static int ask_with(struct wire *wire, const char *to, const char *text)
{
	struct note note = {text};
	return envoi_request(wire->session,
		envoi_request_iq(wire->session, ENVOI_IQ_SET, to, &note_type, &note), NULL, 0,
		wire_on_answer, wire, NULL);
}

/* RFC 6120, section 8.1.1.1: an iq without `to` would be answered by the account. */
static void a_request_with_a_payload_is_for_an_entity_or_the_server(void **state)
{
	struct wire *wire = *state;
	wire_go_online(wire);
	assert_int_equal(ask_with(wire, "a@b/c", "<"), ENVOI_OK);
	wire_run(wire, 0);
	const char *heard = wire_heard(wire);
	assert_non_null(strstr(heard, " to='a@b/c'"));
	assert_non_null(strstr(heard, "<note xmlns='urn:example:note'>&lt;</note>"));
	assert_int_equal(ask_with(wire, NULL, "x"), ENVOI_OK);
	wire_run(wire, 0);
	assert_non_null(strstr(wire_heard(wire), " to='example.org'"));
}

static void a_request_whose_payload_cannot_be_written_is_refused(void **state)
{
	struct wire *wire = *state;
	wire_go_online(wire);
	assert_int_equal(ask_with(wire, "a@b/c", NULL), ENVOI_ERR_INVALID);
	assert_int_equal(ask_with(wire, "a@b/c", "\x01"), ENVOI_ERR_INVALID);
	wire_run(wire, 0);
	assert_string_equal(wire_heard(wire), "");
	assert_string_equal(wire_log(wire), "");
}

static void an_unhandled_request_is_refused_over_the_wire(void **state)
{
	struct wire *wire = *state;
	wire_go_online(wire);
	assert_string_equal(wire_talk(wire,
				    "<iq type='get' id='1' from='a@b/c' to='" WIRE_OWN
				    "'><x xmlns='urn:x'/></iq>"),
		"<iq type='error' to='a@b/c' from='" WIRE_OWN "' id='1'><error type='cancel'>"
		"<service-unavailable xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/></error></iq>");
	assert_int_equal(wire_stats(wire).stanzas_in, 1);
}

/* RFC 6120, section 8.1.2.1: a server disconnects a client that sends another address. */
static void an_answer_never_has_the_address_of_another_entity(void **state)
{
	static const struct {
		const char *to;
		bool is_kept;
	} cases[] = {
		{WIRE_OWN, true},
		{"me@example.org", true},
		{"ME@Example.Org/here", true},
		{"me@example.org/there", false},
		{"example.org", false},
		{"you@example.org/here", false},
		{"@", false},
	};
	struct wire *wire = *state;
	char xml[300];
	wire_go_online(wire);
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		snprintf(xml, sizeof(xml),
			"<iq type='get' id='1' from='a@b/c' to='%s'><x xmlns='urn:x'/></iq>",
			cases[i].to);
		const char *heard = wire_talk(wire, xml);
		assert_non_null(strstr(heard, "service-unavailable"));
		assert_int_equal(strstr(heard, " from=") != NULL, cases[i].is_kept);
	}
}

/** A handler that brings another stream below its session, and then tries to answer. */
struct turncoat {
	struct envoi_handler base;
	struct wire *wire;
	struct envoi_promise *promise;
	int attached, result, deferred, text;
};

static int on_iq(struct envoi_handler *self, struct envoi_delivery *in)
{
	struct turncoat *turncoat = ENVOI_CONTAINER_OF(self, struct turncoat, base);
	envoi_session_detach(turncoat->wire->session);
	turncoat->attached = wire_attach(turncoat->wire, ENVOI_INITIATOR, 0);
	turncoat->result = envoi_reply_result(in, NULL, NULL);
	turncoat->deferred = envoi_delivery_defer(in, &turncoat->promise);
	return ENVOI_ERR_SYSTEM;
}

static int on_text(struct envoi_handler *self, struct envoi_delivery *in)
{
	struct turncoat *turncoat = ENVOI_CONTAINER_OF(self, struct turncoat, base);
	envoi_session_detach(turncoat->wire->session);
	turncoat->attached = wire_attach(turncoat->wire, ENVOI_INITIATOR, 0);
	turncoat->text = envoi_reply_text(in, "pong");
	return envoi_delivery_stream(in) == NULL ? ENVOI_OK : ENVOI_STOP;
}

static const struct envoi_stanza_row turncoat_rows[] = {
	{.kind = ENVOI_IQ_GET, .handle = on_iq},
	{.kind = ENVOI_MESSAGE, .handle = on_text},
	ENVOI_ROWS_END,
};
static const struct envoi_handler_impl turncoat_impl = {.stanzas = turncoat_rows};

static void a_request_of_one_stream_is_never_answered_on_another(void **state)
{
	struct wire *wire = *state;
	struct turncoat turncoat = {.base.impl = &turncoat_impl, .wire = wire};
	wire_go_online(wire);
	assert_int_equal(envoi_session_add(wire->session, &turncoat.base), ENVOI_OK);
	const char *heard = wire_talk(
		wire, "<iq type='get' id='1' from='a@b/c'><x xmlns='urn:x'/></iq>");
	assert_int_equal(turncoat.attached, ENVOI_OK);
	assert_int_equal(turncoat.result, ENVOI_ERR_STATE);
	assert_int_equal(turncoat.deferred, ENVOI_ERR_STATE);
	assert_non_null(strstr(heard, "<stream:stream"));
	assert_null(strstr(heard, "<iq"));
	assert_int_equal(envoi_send_text(wire->session, "a@b", "x", NULL), ENVOI_ERR_STATE);
	wire_greet(wire);
	wire_run(wire, 0);
	assert_true(envoi_session_is_online(wire->session));
	heard = wire_talk(wire, "<message from='a@b/c'><body>ping</body></message>");
	assert_int_equal(turncoat.text, ENVOI_ERR_STATE);
	assert_null(strstr(heard, "pong"));
}

static int on_defer(struct envoi_handler *self, struct envoi_delivery *in)
{
	struct turncoat *turncoat = ENVOI_CONTAINER_OF(self, struct turncoat, base);
	return envoi_delivery_defer(in, &turncoat->promise);
}

static const struct envoi_stanza_row deferring_rows[] = {
	{.kind = ENVOI_IQ_GET, .handle = on_defer},
	ENVOI_ROWS_END,
};
static const struct envoi_handler_impl deferring_impl = {.stanzas = deferring_rows};

static void a_promise_is_kept_on_its_own_stream_only(void **state)
{
	struct wire *wire = *state;
	static struct turncoat lazy;
	lazy = (struct turncoat){.base.impl = &deferring_impl, .wire = wire};
	wire_go_online(wire);
	assert_int_equal(envoi_session_add(wire->session, &lazy.base), ENVOI_OK);
	wire_talk(wire, "<iq type='get' id='1' from='a@b/c'><x xmlns='urn:x'/></iq>");
	assert_int_equal(wire_stats(wire).deferred, 1);
	assert_int_equal(envoi_promise_result(lazy.promise, NULL, NULL), ENVOI_OK);
	wire_run(wire, 0);
	assert_string_equal(wire_heard(wire), "<iq type='result' to='a@b/c' id='1'/>");
	wire_talk(wire, "<iq type='get' id='2' from='a@b/c'><x xmlns='urn:x'/></iq>");
	envoi_memory_pair_cut(wire->pair);
	wire_run(wire, 0);
	assert_int_equal(wire_stats(wire).deferred, 0);
	wire_go_online(wire);
	assert_int_equal(envoi_promise_result(lazy.promise, NULL, NULL), ENVOI_ERR_STATE);
	wire_run(wire, 0);
	assert_string_equal(wire_heard(wire), "");
}

/* field: automatic answers as an amplifier */
static void a_flood_of_requests_to_a_client_that_cannot_send_is_bounded(void **state)
{
	enum {
		FLOOD = 100000
	};
	struct wire *wire = *state;
	setup_small(wire);
	for (int i = 0; i < FLOOD; i++) {
		wire_say(wire, "<iq type='get' id='1' from='a@b/c'><x xmlns='urn:x'/></iq>");
		if (i % 100 == 99) {
			wire_run(wire, 0);
			assert_true(wire_stats(wire).outbox_stanzas <= 100);
		}
	}
	wire_run(wire, 10000);
	struct envoi_session_stats stats = wire_stats(wire);
	assert_int_equal(stats.stanzas_in, FLOOD);
	assert_true(stats.replies_dropped > 0);
	assert_int_equal(stats.replies_dropped + stats.stanzas_out + stats.outbox_stanzas, FLOOD);
	assert_true(envoi_session_is_online(wire->session));
}

static void a_stanza_whose_sender_is_not_an_address_is_unhandled(void **state)
{
	static const char *const stanzas[] = {
		"<message from='@'><body>x</body></message>",
		"<presence from='a@'/>",
		"<iq type='set' id='1' from='@b'><query xmlns='jabber:iq:roster'/></iq>",
		"<iq type='result' id='1' from='/'/>",
	};
	struct wire *wire = *state;
	wire_go_online(wire);
	for (size_t i = 0; i < 4; i++) {
		assert_string_equal(wire_talk(wire, stanzas[i]), "");
		assert_string_equal(wire_log(wire), "unhandled its sender is not an address\n");
	}
	assert_int_equal(wire_stats(wire).unhandled, 4);
}

static void a_malformed_iq_does_not_end_the_stream(void **state)
{
	struct wire *wire = *state;
	wire_go_online(wire);
	assert_string_equal(wire_talk(wire, "<iq type='get'><x xmlns='urn:x'/></iq>"), "");
	assert_string_equal(wire_log(wire), "unhandled an iq without id\n");
	assert_non_null(strstr(
		wire_talk(wire, "<iq id='1' from='a@b'><x xmlns='urn:x'/></iq>"), "<bad-request"));
	assert_non_null(
		strstr(wire_talk(wire, "<iq id='1' type='x' from='a@b'/>"), "<bad-request"));
	assert_true(envoi_session_is_online(wire->session));
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, wire_setup, wire_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_request_is_answered_from_the_address_it_was_sent_to),
		TEST(a_request_ends_once_by_timeout_cancel_loss_or_free),
		TEST(more_requests_than_allowed_are_refused),
		TEST(an_unhandled_request_is_refused_over_the_wire),
		TEST(a_request_with_a_payload_is_for_an_entity_or_the_server),
		TEST(a_request_whose_payload_cannot_be_written_is_refused),
		TEST(an_answer_never_has_the_address_of_another_entity),
		TEST(a_request_of_one_stream_is_never_answered_on_another),
		TEST(a_promise_is_kept_on_its_own_stream_only),
		TEST(a_flood_of_requests_to_a_client_that_cannot_send_is_bounded),
		TEST(a_stanza_whose_sender_is_not_an_address_is_unhandled),
		TEST(a_malformed_iq_does_not_end_the_stream),
	};
	return cmocka_run_group_tests_name("session/asking", tests, NULL, NULL);
}
