/*
 * envoi - stream management: requests for acknowledgement: tests
 * SPDX-License-Identifier: MIT
 *
 * Private headers: the state of stream management.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "session/session.h"
#include "stream_management_fixture.h"
#include "wire.h"

/* --- requests for acknowledgement (section 4) --- */

static void ten_stanzas_request_one_acknowledgement(void **state)
{
	struct wire *wire = *state;
	sm_enable(wire, RESUMABLE);
	sm_send_many(wire, 9);
	wire_run(wire, 0);
	assert_int_equal(sm_count_of(wire_heard(wire), R), 0);
	sm_send_many(wire, 1);
	wire_run(wire, 0);
	assert_string_equal(sm_short_of(wire_heard(wire)), "x r ");
	sm_send_many(wire, 30);
	wire_run(wire, 60000);
	assert_int_equal(sm_count_of(wire_heard(wire), R), 0);
	assert_true(envoi__sm_is_requesting(wire->session));
	assert_int_equal(sm_count_of(wire_talk(wire, A("10")), R), 1);
	assert_int_equal(sm_count_of(wire_talk(wire, A("40")), R), 0);
	assert_false(envoi__sm_is_requesting(wire->session));
	wire_run(wire, 60000);
	assert_string_equal(wire_heard(wire), "");
}

static void sixteen_kibibytes_request_one_too(void **state)
{
	static char body[16 * 1024 + 1];
	struct wire *wire = *state;
	sm_enable(wire, RESUMABLE);
	memset(body, 'x', sizeof(body) - 1);
	sm_send_one(wire, body);
	wire_run(wire, 0);
	assert_int_equal(sm_count_of(wire_heard(wire), R), 1);
}

static void five_seconds_request_one_too(void **state)
{
	struct wire *wire = *state;
	sm_enable(wire, RESUMABLE);
	sm_send_one(wire, "x");
	wire_run(wire, 4000);
	sm_send_one(wire, "y");
	wire_run(wire, 999);
	assert_int_equal(sm_count_of(wire_heard(wire), R), 0);
	wire_run(wire, 1);
	assert_string_equal(wire_heard(wire), R);
	sm_send_one(wire, "z");
	(void)wire_talk(wire, A("2"));
	wire_run(wire, 4999);
	assert_int_equal(sm_count_of(wire_heard(wire), R), 0);
	wire_run(wire, 1);
	assert_string_equal(wire_heard(wire), R);
}

static void a_request_can_be_made_at_once(void **state)
{
	struct wire *wire = *state;
	sm_make_session(wire);
	assert_int_equal(envoi__sm_request(wire->session), ENVOI_ERR_STATE);
	sm_enable(wire, RESUMABLE);
	assert_int_equal(envoi__sm_request(wire->session), ENVOI_OK);
	assert_int_equal(envoi__sm_request(wire->session), ENVOI_OK);
	wire_run(wire, 0);
	assert_string_equal(wire_heard(wire), R);
	(void)wire_talk(wire, A("0"));
	assert_false(envoi__sm_is_requesting(wire->session));
}

static void a_ticket_requests_one_at_the_end_of_its_turn(void **state)
{
	struct wire *wire = *state;
	sm_enable(wire, RESUMABLE);
	sm_send_with_ticket(wire, 0, "one");
	sm_send_one(wire, "two");
	wire_run(wire, 0);
	assert_string_equal(sm_short_of(wire_heard(wire)), "one two r ");
	sm_send_with_ticket(wire, 1, "three");
	sm_send_with_ticket(wire, 2, "four");
	wire_run(wire, 60000);
	assert_string_equal(sm_short_of(wire_heard(wire)), "three four ");
	assert_string_equal(sm_short_of(wire_talk(wire, A("2"))), "r ");
	assert_string_equal(sm_short_of(wire_talk(wire, A("4"))), "");
	assert_string_equal(
		wire_log(wire), "one acknowledged\nthree acknowledged\nfour acknowledged\n");
	wire_run(wire, 60000);
	assert_string_equal(wire_heard(wire), "");
}

static void a_ticket_sent_before_enabled_requests_one_after_it(void **state)
{
	struct wire *wire = *state;
	(void)sm_answer_binding(wire, sm_offer(wire, SM_OFFER));
	sm_send_with_ticket(wire, 0, "one");
	wire_run(wire, 0);
	assert_string_equal(sm_short_of(wire_heard(wire)), "one ");
	assert_string_equal(wire_talk(wire, RESUMABLE), R);
}

static void a_ticket_sent_again_requests_one_on_its_new_stream(void **state)
{
	struct wire *wire = *state;
	sm_enable(wire, RESUMABLE);
	sm_send_with_ticket(wire, 0, "one");
	wire_run(wire, 0);
	sm_cut(wire);
	(void)sm_offer(wire, SM_OFFER);
	assert_string_equal(
		sm_short_of(wire_talk(wire, "<resumed " SM " previd='s1' h='0'/>")), "one r ");
}

/* --- pings (setting acknowledgement.ping) --- */

static void ping(struct wire *wire)
{
	assert_int_equal(
		envoi_settings_set(wire->settings, "acknowledgement.ping", "true"), ENVOI_OK);
}

#define PING "<ping xmlns='urn:xmpp:ping'/>"

static void stream_management_acknowledges_without_pings(void **state)
{
	struct wire *wire = *state;
	ping(wire);
	sm_enable(wire, RESUMABLE);
	sm_send_with_ticket(wire, 0, "one");
	wire_run(wire, 10000);
	const char *heard = wire_heard(wire);
	assert_string_equal(sm_short_of(heard), "one r ");
	assert_int_equal(sm_count_of(heard, PING), 0);
	(void)wire_talk(wire, A("1"));
	assert_string_equal(wire_log(wire), "one acknowledged\n");
	assert_int_equal(sm_tickets[0].by, ENVOI_BY_STREAM_MANAGEMENT);
	struct envoi_stanza *presence = envoi_presence_new(
		wire->context, ENVOI_TYPE_UNAVAILABLE, NULL);
	assert_int_equal(envoi_send(wire->session, presence, NULL), ENVOI_OK);
	wire_run(wire, 10000);
	envoi_session_close(wire->session);
	wire_run(wire, 0);
	assert_int_equal(sm_count_of(wire_heard(wire), PING), 0);
}

static void what_precedes_enabled_is_not_pinged_either(void **state)
{
	struct wire *wire = *state;
	ping(wire);
	(void)sm_answer_binding(wire, sm_offer(wire, SM_OFFER));
	sm_send_with_ticket(wire, 0, "one");
	wire_run(wire, 4999);
	assert_int_equal(sm_count_of(wire_heard(wire), PING), 0);
	assert_string_equal(wire_talk(wire, RESUMABLE), R);
	wire_run(wire, 10000);
	assert_string_equal(wire_heard(wire), "");
}

static void after_five_seconds_without_enabled_a_ping_is_sent(void **state)
{
	struct wire *wire = *state;
	ping(wire);
	(void)sm_answer_binding(wire, sm_offer(wire, SM_OFFER));
	sm_send_with_ticket(wire, 0, "one");
	wire_run(wire, 5000);
	assert_int_equal(sm_count_of(wire_heard(wire), PING), 1);
	(void)wire_talk(wire, RESUMABLE A("1"));
	assert_int_equal(sm_tickets[0].by, ENVOI_BY_STREAM_MANAGEMENT);
}

static void after_a_refusal_pings_acknowledge_what_was_sent_before(void **state)
{
	struct wire *wire = *state;
	char text[128];
	ping(wire);
	(void)sm_answer_binding(wire, sm_offer(wire, SM_OFFER));
	(void)wire_log(wire);
	sm_send_with_ticket(wire, 0, "one");
	wire_run(wire, 0);
	(void)wire_heard(wire);
	const char *heard = wire_talk(wire,
		"<failed " SM "><unexpected-request "
		"xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/></failed>");
	assert_int_equal(sm_count_of(heard, PING), 1);
	const char *id = strstr(heard, " id='") + strlen(" id='");
	snprintf(text, sizeof(text), "<iq type='result' from='example.org' id='%.*s'/>",
		(int)strcspn(id, "'"), id);
	(void)wire_talk(wire, text);
	assert_string_equal(wire_log(wire), "one acknowledged\n");
	assert_int_equal(sm_tickets[0].by, ENVOI_BY_ANSWER);
}

/* A peer may hold a stanza back. Its answer to each request would lead to the next request. */
static void an_answer_without_progress_is_not_followed_by_a_request_at_once(void **state)
{
	struct wire *wire = *state;
	sm_enable(wire, RESUMABLE);
	sm_send_one(wire, "1");
	sm_send_one(wire, "2");
	sm_end_with(wire, "policy-violation");
	assert_string_equal(sm_resume_again(wire), "1 r ");
	assert_string_equal(wire_talk(wire, A("0")), "");
	wire_run(wire, 4999);
	assert_string_equal(wire_heard(wire), "");
	wire_run(wire, 1);
	assert_string_equal(sm_short_of(wire_heard(wire)), "r ");
	assert_string_equal(wire_talk(wire, A("0")), "");
	assert_string_equal(sm_short_of(wire_talk(wire, A("1"))), "2 ");
}

/* --- liveness --- */

static void watch_liveness(struct wire *wire)
{
	assert_int_equal(envoi_settings_set(wire->settings, "liveness.method", "probe"), ENVOI_OK);
	sm_make_session(wire);
	sm_enable(wire, RESUMABLE);
}

static void a_silent_link_is_probed_by_a_request(void **state)
{
	struct wire *wire = *state;
	watch_liveness(wire);
	wire_run(wire, 65000);
	assert_string_equal(wire_talk(wire, A("0")), R);
	wire_run(wire, 30000);
	assert_true(envoi_session_is_online(wire->session));
	wire_run(wire, 35000);
	assert_string_equal(wire_heard(wire), R);
	wire_run(wire, 20000);
	assert_int_equal(wire->closed.code, ENVOI_ERR_TIMEOUT);
	assert_string_equal(wire_heard(wire), "");
}

/* The server never answers <r/>, but lives. */
static void beside_a_pending_request_a_ping_is_the_probe(void **state)
{
	struct wire *wire = *state;
	watch_liveness(wire);
	sm_send_one(wire, "x");
	wire_run(wire, 10000);
	assert_string_equal(sm_short_of(wire_heard(wire)), "x r ");
	for (int i = 0; i < 3; i++) {
		wire_run(wire, 60000);
		assert_non_null(strstr(wire_answer(wire, "example.org", ""), "urn:xmpp:ping"));
	}
	assert_int_equal(wire->closed_count, 0);
	wire_run(wire, 90000);
	assert_int_equal(wire->closed.code, ENVOI_ERR_TIMEOUT);
}

static void what_is_never_acknowledged_fills_the_outbox_and_no_more(void **state)
{
	struct wire *wire = *state;
	watch_liveness(wire);
	wire->session->outbox.count_limit = 20;
	for (int i = 0; i < 20; i++) {
		sm_send_one(wire, "x");
	}
	assert_int_equal(envoi_send_text(wire->session, "a@b", "y", NULL), ENVOI_ERR_FULL);
	wire_run(wire, 0);
	assert_non_null(strstr(wire_log(wire), "outbox-high"));
	wire_run(wire, 10000);
	(void)wire_heard(wire);
	wire_run(wire, 60000);
	assert_string_equal(wire_heard(wire), " ");
	wire_run(wire, 20000);
	assert_int_equal(wire->closed.code, ENVOI_ERR_TIMEOUT);
	assert_true(envoi__sm_can_resume(wire->session));
}

/* The peer withholds what it must not, and sends other stanzas. */
static void a_peer_that_talks_and_acknowledges_nothing_is_left(void **state)
{
	struct wire *wire = *state;
	watch_liveness(wire);
	wire->session->outbox.count_limit = 20;
	for (int i = 0; i < 20; i++) {
		sm_send_one(wire, "x");
	}
	for (int i = 0; i < 6; i++) {
		wire_run(wire, 29000);
		wire_say(wire, "<presence from='a@b/c'/>");
	}
	assert_int_equal(wire->closed_count, 0);
	for (int i = 0; i < 6 && wire->closed_count == 0; i++) {
		wire_run(wire, 29000);
		wire_say(wire, "<presence from='a@b/c'/>");
	}
	assert_int_equal(wire->closed.code, ENVOI_ERR_TIMEOUT);
	assert_non_null(strstr(wire->closed.text, "has not answered a request"));
	assert_true(envoi__sm_can_resume(wire->session));
	assert_non_null(strstr(sm_offer(wire, SM_OFFER), "<resume "));
}

/* There a new session would lose more than it finds out. */
static void a_session_that_cannot_be_resumed_is_left_with_a_full_outbox_only(void **state)
{
	struct wire *wire = *state;
	assert_int_equal(envoi_settings_set(wire->settings, "liveness.method", "probe"), ENVOI_OK);
	sm_enable(wire, "<enabled " SM "/>");
	wire->session->outbox.count_limit = 20;
	for (int i = 0; i < 19; i++) {
		sm_send_one(wire, "x");
	}
	for (int i = 0; i < 20; i++) {
		wire_run(wire, 29000);
		wire_say(wire, "<presence from='a@b/c'/>");
	}
	assert_int_equal(wire->closed_count, 0);
	sm_send_one(wire, "x");
	for (int i = 0; i < 12 && wire->closed_count == 0; i++) {
		wire_run(wire, 29000);
		wire_say(wire, "<presence from='a@b/c'/>");
	}
	assert_int_equal(wire->closed.code, ENVOI_ERR_TIMEOUT);
}

static void a_dead_link_leaves_the_session_to_be_resumed(void **state)
{
	struct wire *wire = *state;
	watch_liveness(wire);
	wire_run(wire, 90000);
	assert_int_equal(wire->closed.code, ENVOI_ERR_TIMEOUT);
	assert_string_equal(wire_heard(wire), R);
	assert_true(envoi__sm_can_resume(wire->session));
	assert_non_null(strstr(sm_offer(wire, SM_OFFER), "<resume "));
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, sm_setup, sm_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(ten_stanzas_request_one_acknowledgement),
		TEST(sixteen_kibibytes_request_one_too),
		TEST(five_seconds_request_one_too),
		TEST(a_request_can_be_made_at_once),
		TEST(a_ticket_requests_one_at_the_end_of_its_turn),
		TEST(a_ticket_sent_before_enabled_requests_one_after_it),
		TEST(a_ticket_sent_again_requests_one_on_its_new_stream),
		TEST(stream_management_acknowledges_without_pings),
		TEST(what_precedes_enabled_is_not_pinged_either),
		TEST(after_five_seconds_without_enabled_a_ping_is_sent),
		TEST(after_a_refusal_pings_acknowledge_what_was_sent_before),
		TEST(an_answer_without_progress_is_not_followed_by_a_request_at_once),
		TEST(a_silent_link_is_probed_by_a_request),
		TEST(beside_a_pending_request_a_ping_is_the_probe),
		TEST(what_is_never_acknowledged_fills_the_outbox_and_no_more),
		TEST(a_peer_that_talks_and_acknowledges_nothing_is_left),
		TEST(a_session_that_cannot_be_resumed_is_left_with_a_full_outbox_only),
		TEST(a_dead_link_leaves_the_session_to_be_resumed),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
