/*
 * envoi - sessions: tests of errors that answer sent stanzas
 * SPDX-License-Identifier: MIT
 *
 * Private headers: acknowledging is called by a session's stream management only.
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
#include "wire.h"

enum {
	WAIT_MS = 1000,
	REMEMBERED = 1000,
	TEN_MINUTES_MS = 600 * 1000,
};

#define TO "romeo@montague.net/orchard"
#define ERROR \
	"<error type='cancel'><item-not-found xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/></error>"

/** A ticket that logs the whole report. */
struct asking {
	struct envoi_ticket ticket;
	struct wire *wire;
};

static struct asking asking;

static int setup(void **state)
{
	struct wire *wire = calloc(1, sizeof(*wire));
	assert_non_null(wire);
	wire_init(wire, NULL);
	wire_go_online(wire);
	*state = wire;
	return 0;
}

static int teardown(void **state)
{
	wire_finish(*state);
	free(*state);
	return 0;
}

static void on_report(struct envoi_ticket *ticket, const struct envoi_ticket_report *report)
{
	struct wire *wire = ENVOI_CONTAINER_OF(ticket, struct asking, ticket)->wire;
	const char *by = report->acknowledged_by == ENVOI_BY_STREAM_MANAGEMENT ? " by 0198" : "";
	assert_true((report->error == NULL) == (report->stanza == NULL));
	write_text(&wire->log, "%s%s%s%s\n", wire_state_name(report->state), by,
		report->error == NULL ? "" : " ",
		report->error == NULL ? "" : envoi_stanza_condition_name(report->error->condition));
}

static void send_kind(struct wire *wire, struct envoi_stanza *stanza, uint64_t refusal_ms)
{
	asking = (struct asking){
		.ticket = {.done = on_report, .refusal_ms = refusal_ms},
		.wire = wire,
	};
	envoi_element_set(envoi_stanza_element(stanza), "id", "m1");
	assert_int_equal(envoi_send(wire->session, stanza, &asking.ticket), ENVOI_OK);
	wire_run(wire, 0);
	(void)wire_heard(wire);
}

static void send_message(struct wire *wire, const char *to, uint64_t refusal_ms)
{
	send_kind(wire, envoi_message_new(wire->context, ENVOI_TYPE_CHAT, to, "x"), refusal_ms);
}

static const char *reply(struct wire *wire, const char *xml)
{
	wire_say(wire, xml);
	wire_run(wire, 0);
	return wire_log(wire);
}

static const char *reply_from(struct wire *wire, const char *from)
{
	char xml[400];
	snprintf(xml, sizeof(xml), "<message type='error' id='m1'%s%s%s>" ERROR "</message>",
		from == NULL ? "" : " from='", from == NULL ? "" : from, from == NULL ? "" : "'");
	return reply(wire, xml);
}

/* --- refusals --- */

static void an_error_from_the_recipient_or_a_server_between_refuses_it(void **state)
{
	struct wire *wire = *state;
	static const char *const senders[] = {TO, "romeo@montague.net", "montague.net",
		"example.org", "me@example.org", "me@example.org/here", NULL};
	for (size_t i = 0; i < sizeof(senders) / sizeof(senders[0]); i++) {
		send_message(wire, TO, WAIT_MS);
		assert_string_equal(wire_log(wire), "");
		assert_string_equal(reply_from(wire, senders[i]), "refused item-not-found\n");
	}
}

static void an_error_from_another_address_does_not(void **state)
{
	struct wire *wire = *state;
	static const char *const senders[] = {"romeo@montague.net/garden", "evil@montague.net",
		"net", "x.montague.net", "montague.net/x", "you@example.org",
		"me@example.org/there", "example.org/x", "@"};
	for (size_t i = 0; i < sizeof(senders) / sizeof(senders[0]); i++) {
		send_message(wire, TO, WAIT_MS);
		if (strstr(reply_from(wire, senders[i]), "refused") != NULL) {
			fail_msg("%s", senders[i]);
		}
		wire_run(wire, WAIT_MS);
		assert_string_equal(wire_log(wire), "written\n");
	}
}

static void an_error_of_another_kind_or_id_does_not(void **state)
{
	struct wire *wire = *state;
	static const char *const others[] = {
		"<presence type='error' id='m1' from='" TO "'>" ERROR "</presence>",
		"<iq type='error' id='m1' from='" TO "'>" ERROR "</iq>",
		"<message type='error' id='m2' from='" TO "'>" ERROR "</message>",
		"<message type='error' id='' from='" TO "'>" ERROR "</message>",
		"<message type='error' from='" TO "'>" ERROR "</message>",
		"<message id='m1' from='" TO "'>" ERROR "</message>",
	};
	send_message(wire, TO, WAIT_MS);
	for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++) {
		assert_string_equal(reply(wire, others[i]), "");
	}
	wire_run(wire, WAIT_MS);
	assert_string_equal(wire_log(wire), "written\n");
}

static void presences_and_iqs_are_refused_by_errors_of_their_kind(void **state)
{
	struct wire *wire = *state;
	send_kind(wire, envoi_presence_new(wire->context, ENVOI_TYPE_SUBSCRIBE, "a@b"), WAIT_MS);
	assert_string_equal(
		reply(wire, "<presence type='error' id='m1' from='a@b'>" ERROR "</presence>"),
		"refused item-not-found\n");
	struct envoi_stanza *iq = envoi_iq_new(wire->context, ENVOI_IQ_SET, "a@b");
	envoi_element_add(envoi_stanza_element(iq), "urn:x", "x");
	send_kind(wire, iq, WAIT_MS);
	assert_string_equal(reply(wire, "<iq type='error' id='m1' from='a@b'>" ERROR "</iq>"),
		"refused item-not-found\n");
}

static void a_message_without_address_is_refused_by_the_own_side_only(void **state)
{
	struct wire *wire = *state;
	send_message(wire, NULL, WAIT_MS);
	assert_string_equal(reply_from(wire, "a@b"), "");
	assert_string_equal(reply_from(wire, "me@example.org"), "refused item-not-found\n");
}

static void the_ticket_waits_as_long_as_it_says(void **state)
{
	struct wire *wire = *state;
	send_message(wire, TO, WAIT_MS);
	wire_run(wire, WAIT_MS - 1);
	assert_string_equal(wire_log(wire), "");
	wire_run(wire, 1);
	assert_string_equal(wire_log(wire), "written\n");
	send_message(wire, TO, 0);
	assert_string_equal(wire_log(wire), "written\n");
}

static void an_error_without_condition_refuses_too(void **state)
{
	struct wire *wire = *state;
	send_message(wire, TO, WAIT_MS);
	assert_string_equal(reply(wire, "<message type='error' id='m1' from='" TO "'/>"),
		"refused undefined-condition\n");
}

/* The own id twice: the older one is answered first. */
static void of_two_with_one_id_the_first_is_refused_first(void **state)
{
	struct wire *wire = *state;
	struct wire_ticket first;
	struct envoi_stanza *stanza = envoi_message_new(wire->context, ENVOI_TYPE_CHAT, TO, "x");
	envoi_element_set(envoi_stanza_element(stanza), "id", "m1");
	wire_ticket(&first, wire, "first")->refusal_ms = WAIT_MS;
	assert_int_equal(envoi_send(wire->session, stanza, &first.ticket), ENVOI_OK);
	send_message(wire, TO, WAIT_MS);
	assert_string_equal(reply_from(wire, TO), "first refused\n");
	assert_string_equal(reply_from(wire, TO), "refused item-not-found\n");
}

/* --- with acknowledgements --- */

static void an_error_before_the_acknowledgement_refuses(void **state)
{
	struct wire *wire = *state;
	envoi__outbox_keep(&wire->session->outbox, true);
	send_message(wire, TO, 0);
	assert_string_equal(reply_from(wire, TO), "refused item-not-found\n");
	assert_int_equal(wire->session->outbox.kept_count, 1);
	envoi__outbox_acknowledge(&wire->session->outbox, 1);
	wire_run(wire, 0);
	assert_string_equal(wire_log(wire), "");
	assert_int_equal(wire->session->outbox.kept_count, 0);
}

static void the_time_begins_with_the_acknowledgement(void **state)
{
	struct wire *wire = *state;
	envoi__outbox_keep(&wire->session->outbox, true);
	send_message(wire, TO, WAIT_MS);
	wire_run(wire, 10 * WAIT_MS);
	envoi__outbox_acknowledge(&wire->session->outbox, 1);
	wire_run(wire, WAIT_MS - 1);
	assert_string_equal(wire_log(wire), "");
	wire_run(wire, 1);
	assert_string_equal(wire_log(wire), "acknowledged by 0198\n");
	envoi__outbox_keep(&wire->session->outbox, true);
	send_message(wire, TO, WAIT_MS);
	envoi__outbox_acknowledge(&wire->session->outbox, 2);
	assert_string_equal(reply_from(wire, TO), "refused by 0198 item-not-found\n");
}

/* --- late errors --- */

/* Prosody returns a message 300 s after it has acknowledged it, when the recipient's connection is
 * given up, although another resource of the recipient may have read it. */
static void a_late_error_is_an_event(void **state)
{
	struct wire *wire = *state;
	send_message(wire, TO, 0);
	assert_string_equal(wire_log(wire), "written\n");
	wire_run(wire, 300 * 1000);
	assert_string_equal(reply_from(wire, "evil@x"), "");
	assert_string_equal(reply_from(wire, TO), "late-error m1\n");
	assert_string_equal(reply_from(wire, TO), "late-error m1\n");
}

static void an_error_after_ten_minutes_is_not_reported(void **state)
{
	struct wire *wire = *state;
	send_message(wire, TO, 0);
	wire_run(wire, TEN_MINUTES_MS - 1);
	assert_string_equal(reply_from(wire, TO), "written\nlate-error m1\n");
	wire_run(wire, 1);
	assert_string_equal(reply_from(wire, TO), "");
}

static void the_last_thousand_are_remembered(void **state)
{
	struct wire *wire = *state;
	static struct wire_ticket others[REMEMBERED];
	send_message(wire, TO, 0);
	for (size_t i = 0; i < REMEMBERED; i++) {
		if (i == REMEMBERED - 1) {
			(void)wire_log(wire);
			assert_string_equal(reply_from(wire, TO), "late-error m1\n");
		}
		assert_int_equal(envoi_send_text(wire->session, TO, "x",
					 wire_ticket(&others[i], wire, "other")),
			ENVOI_OK);
		wire_run(wire, 0);
	}
	assert_int_equal(wire->session->tracking.remembered_count, REMEMBERED);
	(void)wire_log(wire);
	assert_string_equal(reply_from(wire, TO), "");
}

static void a_stanza_that_was_not_sent_is_not_remembered(void **state)
{
	struct wire *wire = *state;
	envoi_session_set_resumable(wire->session, true);
	envoi_memory_pair_cut(wire->pair);
	wire_run(wire, 0);
	(void)wire_log(wire);
	struct envoi_stanza *message = envoi_message_new(wire->context, ENVOI_TYPE_CHAT, TO, "x");
	struct wire_ticket ticket;
	assert_int_equal(
		envoi__session_send(wire->session, message, wire_ticket(&ticket, wire, "ticket")),
		ENVOI_OK);
	assert_int_equal(envoi_ticket_cancel(&ticket.ticket), ENVOI_OK);
	wire_run(wire, 0);
	assert_string_equal(wire_log(wire), "ticket canceled\n");
	assert_int_equal(wire->session->tracking.remembered_count, 0);
}

/* The sender of an error may repeat it. */
static void ten_late_errors_are_reported(void **state)
{
	struct wire *wire = *state;
	send_message(wire, TO, 0);
	(void)wire_log(wire);
	for (int i = 0; i < ENVOI__TRACKING_LATE_ERRORS; i++) {
		assert_string_equal(reply_from(wire, TO), "late-error m1\n");
	}
	assert_string_equal(reply_from(wire, TO), "");
}

/* --- tickets that are forgotten --- */

static void a_ticket_can_be_forgotten_while_its_stanza_waits(void **state)
{
	struct wire *wire = *state;
	envoi_session_set_resumable(wire->session, true);
	envoi_memory_pair_cut(wire->pair);
	wire_run(wire, 0);
	struct wire_ticket ticket;
	assert_int_equal(envoi__session_send(wire->session,
				 envoi_message_new(wire->context, ENVOI_TYPE_CHAT, TO, "x"),
				 wire_ticket(&ticket, wire, "ticket")),
		ENVOI_OK);
	(void)wire_log(wire);
	envoi_ticket_forget(&ticket.ticket);
	assert_null(ticket.ticket.entry);
	memset(&ticket, 0xa5, sizeof(ticket));
	wire_free_session(wire);
	assert_string_equal(wire_log(wire), "ended\n");
}

static void a_ticket_can_be_forgotten_before_it_is_written(void **state)
{
	struct wire *wire = *state;
	struct wire_ticket ticket;
	assert_int_equal(
		envoi_send_text(wire->session, TO, "x", wire_ticket(&ticket, wire, "ticket")),
		ENVOI_OK);
	envoi_ticket_forget(&ticket.ticket);
	wire_run(wire, 0);
	assert_string_equal(wire_log(wire), "");
	assert_non_null(strstr(wire_heard(wire), "<body>x</body>"));
	assert_int_equal(wire->session->tracking.remembered_count, 0);
}

static void a_ticket_can_be_forgotten_while_it_waits_for_a_refusal(void **state)
{
	struct wire *wire = *state;
	send_message(wire, TO, WAIT_MS);
	envoi_ticket_forget(&asking.ticket);
	assert_string_equal(reply_from(wire, TO), "");
	wire_run(wire, WAIT_MS);
	assert_string_equal(wire_log(wire), "");
}

static void a_ticket_can_be_forgotten_when_its_report_is_due(void **state)
{
	struct wire *wire = *state;
	struct wire_ticket ticket;
	envoi_session_set_resumable(wire->session, true);
	envoi_memory_pair_cut(wire->pair);
	wire_run(wire, 0);
	(void)wire_log(wire);
	assert_int_equal(envoi__session_send(wire->session,
				 envoi_message_new(wire->context, ENVOI_TYPE_CHAT, TO, "x"),
				 wire_ticket(&ticket, wire, "ticket")),
		ENVOI_OK);
	assert_int_equal(envoi_ticket_cancel(&ticket.ticket), ENVOI_OK);
	envoi_ticket_forget(&ticket.ticket);
	envoi_ticket_forget(&ticket.ticket);
	wire_run(wire, 0);
	assert_string_equal(wire_log(wire), "");
}

/* --- ends --- */

static void a_ticket_that_waits_cannot_be_canceled_or_used_twice(void **state)
{
	struct wire *wire = *state;
	send_message(wire, TO, WAIT_MS);
	assert_int_equal(envoi_ticket_cancel(&asking.ticket), ENVOI_ERR_STATE);
	assert_int_equal(
		envoi_send_text(wire->session, TO, "x", &asking.ticket), ENVOI_ERR_INVALID);
}

static void the_end_of_the_session_ends_the_waiting(void **state)
{
	struct wire *wire = *state;
	send_message(wire, TO, WAIT_MS);
	envoi_memory_pair_cut(wire->pair);
	wire_run(wire, 0);
	assert_non_null(strstr(wire_log(wire), "written\n"));
}

static void freeing_the_session_ends_the_waiting(void **state)
{
	struct wire *wire = *state;
	send_message(wire, TO, WAIT_MS);
	wire_free_session(wire);
	assert_string_equal(wire_log(wire), "written\nended\n");
}

static void free_session(struct envoi_ticket *ticket, const struct envoi_ticket_report *report)
{
	struct wire *wire = ENVOI_CONTAINER_OF(ticket, struct asking, ticket)->wire;
	assert_int_equal(report->state, ENVOI_TICKET_REFUSED);
	wire_free_session(wire);
	assert_int_equal(report->error->condition, ENVOI_ITEM_NOT_FOUND);
}

static void the_session_may_be_freed_in_the_report(void **state)
{
	struct wire *wire = *state;
	send_message(wire, TO, WAIT_MS);
	asking.ticket.done = free_session;
	(void)reply_from(wire, TO);
	assert_null(wire->session);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(an_error_from_the_recipient_or_a_server_between_refuses_it),
		TEST(an_error_from_another_address_does_not),
		TEST(an_error_of_another_kind_or_id_does_not),
		TEST(presences_and_iqs_are_refused_by_errors_of_their_kind),
		TEST(a_message_without_address_is_refused_by_the_own_side_only),
		TEST(the_ticket_waits_as_long_as_it_says),
		TEST(an_error_without_condition_refuses_too),
		TEST(of_two_with_one_id_the_first_is_refused_first),
		TEST(an_error_before_the_acknowledgement_refuses),
		TEST(the_time_begins_with_the_acknowledgement),
		TEST(a_late_error_is_an_event),
		TEST(an_error_after_ten_minutes_is_not_reported),
		TEST(the_last_thousand_are_remembered),
		TEST(a_stanza_that_was_not_sent_is_not_remembered),
		TEST(ten_late_errors_are_reported),
		TEST(a_ticket_can_be_forgotten_while_its_stanza_waits),
		TEST(a_ticket_can_be_forgotten_before_it_is_written),
		TEST(a_ticket_can_be_forgotten_while_it_waits_for_a_refusal),
		TEST(a_ticket_can_be_forgotten_when_its_report_is_due),
		TEST(a_ticket_that_waits_cannot_be_canceled_or_used_twice),
		TEST(the_end_of_the_session_ends_the_waiting),
		TEST(freeing_the_session_ends_the_waiting),
		TEST(the_session_may_be_freed_in_the_report),
	};
	return cmocka_run_group_tests_name("session/refusals", tests, NULL, NULL);
}
