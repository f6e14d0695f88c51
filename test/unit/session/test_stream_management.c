/*
 * envoi - stream management, initiating side: tests
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

/* --- enabling --- */

static void stanzas_follow_enable_without_waiting(void **state)
{
	struct wire *wire = *state;
	const char *heard = sm_answer_binding(wire, sm_offer(wire, SM_OFFER));
	assert_string_equal(heard, "<enable xmlns='urn:xmpp:sm:3' resume='true'/>");
	assert_true(envoi_session_is_online(wire->session));
	assert_false(envoi__sm_is_enabled(wire->session));
	sm_send_with_ticket(wire, 0, "one");
	wire_run(wire, 0);
	(void)wire_log(wire);
	(void)wire_heard(wire);
	assert_string_equal(wire_talk(wire, RESUMABLE A("1")), "");
	assert_string_equal(wire_log(wire), "one acknowledged\n");
}

static void without_the_offer_nothing_is_enabled(void **state)
{
	struct wire *wire = *state;
	assert_string_equal(sm_answer_binding(wire, sm_offer(wire, "")), "");
	assert_true(envoi_session_is_online(wire->session));
	(void)wire_log(wire);
	sm_send_with_ticket(wire, 0, "one");
	wire_run(wire, 0);
	assert_string_equal(wire_log(wire), "one written\n");
}

static void the_setting_turns_it_off(void **state)
{
	struct wire *wire = *state;
	assert_int_equal(
		envoi_settings_set(wire->settings, "stream-management", "false"), ENVOI_OK);
	assert_string_equal(sm_answer_binding(wire, sm_offer(wire, SM_OFFER)), "");
	assert_true(envoi_session_is_online(wire->session));
}

static void the_server_is_asked_for_a_time(void **state)
{
	struct wire *wire = *state;
	assert_int_equal(
		envoi_settings_set(wire->settings, "stream-management.resumption", "1500ms"),
		ENVOI_OK);
	assert_string_equal(sm_answer_binding(wire, sm_offer(wire, SM_OFFER)),
		"<enable xmlns='urn:xmpp:sm:3' resume='true' max='2'/>");
}

static void a_refusal_leaves_a_session_without_acknowledgements(void **state)
{
	struct wire *wire = *state;
	(void)sm_answer_binding(wire, sm_offer(wire, SM_OFFER));
	sm_send_with_ticket(wire, 0, "one");
	sm_send_one(wire, "two");
	wire_run(wire, 0);
	(void)wire_log(wire);
	(void)wire_talk(wire,
		"<failed " SM "><unexpected-request "
		"xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/></failed>");
	assert_string_equal(wire_log(wire), "one written\n");
	assert_int_equal(wire->session->outbox.kept_count, 0);
	sm_send_with_ticket(wire, 1, "three");
	wire_run(wire, 0);
	assert_string_equal(wire_log(wire), "three written\n");
	sm_cut(wire);
	assert_false(envoi__sm_can_resume(wire->session));
	assert_int_equal(envoi_session_epoch(wire->session), 2);
}

static void enabled_may_promise_less(void **state)
{
	static const char *const answers[] = {
		"<enabled " SM "/>",
		"<enabled " SM " id='s1'/>",
		"<enabled " SM " id='s1' resume='false'/>",
		"<enabled " SM " id='s1' resume='0'/>",
		"<enabled " SM " id='s1' resume='yes'/>",
		"<enabled " SM " resume='true'/>",
		"<enabled " SM " resume='true' id=''/>",
	};
	struct wire *wire = *state;
	for (size_t i = 0; i < sizeof(answers) / sizeof(answers[0]); i++) {
		sm_enable(wire, answers[i]);
		sm_send_with_ticket(wire, 0, "one");
		(void)wire_talk(wire, A("1"));
		assert_string_equal(wire_log(wire), "one acknowledged\n");
		sm_cut(wire);
		assert_false(envoi__sm_can_resume(wire->session));
		assert_int_equal(envoi__sm_time_left_ms(wire->session), 0);
		assert_int_equal(envoi_session_epoch(wire->session), i + 2);
	}
}

static void an_id_may_be_long_but_not_endless(void **state)
{
	static char text[4200];
	struct wire *wire = *state;
	for (size_t len = 4000; len <= 4001; len++) {
		snprintf(text, sizeof(text), "<enabled " SM " resume='1' id='%0*d'/>", (int)len, 7);
		sm_enable(wire, text);
		sm_cut(wire);
		assert_int_equal(envoi__sm_can_resume(wire->session), len == 4000);
		envoi_session_set_resumable(wire->session, false);
	}
}

static void max_is_bounded(void **state)
{
	static const struct {
		const char *max;
		uint64_t left_ms;
	} cases[] = {
		{"600", 600000},
		{"4", 4000},
		{"99999999999999999999", UINT64_MAX}, /* not a number here: not said */
		{"18446744073709551615", (uint64_t)30 * 24 * 3600 * 1000},
		{"0", UINT64_MAX},
		{"soon", UINT64_MAX},
	};
	struct wire *wire = *state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		char text[128];
		snprintf(text, sizeof(text), "<enabled " SM " resume='1' id='s1' max='%s'/>",
			cases[i].max);
		sm_enable(wire, text);
		sm_cut(wire);
		assert_int_equal(envoi__sm_time_left_ms(wire->session), cases[i].left_ms);
		envoi_session_set_resumable(wire->session, false);
	}
}

/* The conditions are those of a redirect: an attacker between may have sent it. */
static void a_location_counts_on_a_protected_connection_only(void **state)
{
	struct wire *wire = *state;
	for (int is_secure = 0; is_secure < 2; is_secure++) {
		wire->is_secure = is_secure;
		sm_enable(wire, "<enabled " SM " resume='1' id='s1' location='b.example:5299'/>");
		if (is_secure) {
			assert_string_equal(sm_of(wire)->location, "b.example");
			assert_int_equal(sm_of(wire)->location_port, 5299);
		} else {
			assert_null(sm_of(wire)->location);
		}
		sm_cut(wire);
		envoi_session_set_resumable(wire->session, false);
	}
}

/* --- answers --- */

static void requests_are_answered_once_a_turn(void **state)
{
	struct wire *wire = *state;
	sm_enable(wire, RESUMABLE);
	assert_string_equal(wire_talk(wire, R), A("0"));
	assert_string_equal(
		wire_talk(wire, R "<message id='1'/>" R R R "<message id='2'/>" R), A("2"));
	assert_string_equal(sm_got(), "1 2 ");
	assert_string_equal(wire_talk(wire, R), A("2"));
}

static void stanzas_for_rows_of_the_stream_are_counted(void **state)
{
	struct wire *wire = *state;
	sm_enable(wire, RESUMABLE);
	assert_string_equal(
		wire_talk(wire,
			"<message id='1'><probe xmlns='urn:x'/></message><message id='2'/>" R),
		A("2"));
	assert_string_equal(sm_got(), "2 ");
	struct envoi_element *presence = envoi_element_new(
		wire->context, ENVOI_NS_CLIENT, "presence");
	struct envoi_stream *stream = envoi_session_stream(wire->session);
	assert_int_equal(envoi_stream_send_element(stream, presence), ENVOI_OK);
	envoi_element_unref(presence);
	sm_send_with_ticket(wire, 0, "one");
	(void)wire_talk(wire, A("1"));
	assert_string_equal(wire_log(wire), "");
	(void)wire_talk(wire, A("2"));
	assert_string_equal(wire_log(wire), "one acknowledged\n");
}

static void a_flood_is_acknowledged_unasked(void **state)
{
	enum {
		FLOOD = 6000,
	};
	struct wire *wire = *state;
	sm_enable(wire, RESUMABLE);
	for (size_t i = 1; i <= FLOOD; i++) {
		wire_say(wire, "<presence/>");
		if (i % 100 == 0) {
			wire_say(wire, R);
		}
	}
	wire_run(wire, 0);
	const char *heard = wire_heard(wire);
	assert_non_null(strstr(heard, A("6000")));
	assert_true(sm_count_of(heard, "<a ") <= FLOOD / 100);
	for (size_t i = 1; i < 500; i++) {
		wire_say(wire, "<presence/>");
	}
	wire_run(wire, 3600000);
	assert_string_equal(wire_heard(wire), "");
	assert_string_equal(wire_talk(wire, "<presence/>"), A("6500"));
}

static void closing_acknowledges_first(void **state)
{
	struct wire *wire = *state;
	sm_enable(wire, RESUMABLE);
	(void)wire_talk(wire, "<message id='1'/>");
	sm_send_with_ticket(wire, 0, "one");
	envoi_session_close(wire->session);
	wire_run(wire, 0);
	assert_string_equal(sm_short_of(wire_heard(wire)), "one a1 r end ");
	(void)wire_talk(wire, A("1") "</stream:stream>");
	wire_run(wire, 10000);
	assert_string_equal(wire_log(wire), "one acknowledged\nended\ndisconnected ENVOI_OK\n");
	assert_false(envoi__sm_can_resume(wire->session));
	assert_int_equal(envoi_session_epoch(wire->session), 2);
}

/* Section 4: the server stores what was not acknowledged for the next session. */
static void what_comes_behind_the_last_acknowledgement_is_not_handed_over(void **state)
{
	struct wire *wire = *state;
	sm_enable(wire, RESUMABLE);
	(void)wire_talk(wire, "<message id='1'/>");
	assert_string_equal(sm_got(), "1 ");
	envoi_session_close(wire->session);
	wire_run(wire, 0);
	assert_string_equal(sm_short_of(wire_heard(wire)), "a1 end ");
	(void)wire_talk(wire, "<message id='2'/><presence/>");
	assert_string_equal(sm_got(), "");
	(void)wire_talk(wire, "<iq type='result' id='x'/>");
	assert_int_equal(envoi__sm_handled_number(wire->session), 1);
	(void)wire_talk(wire, "</stream:stream>");
	wire_run(wire, 10000);
	assert_string_equal(wire_log(wire), "ended\ndisconnected ENVOI_OK\n");
}

static void closing_repeats_no_acknowledgement(void **state)
{
	struct wire *wire = *state;
	sm_enable(wire, RESUMABLE);
	sm_send_one(wire, "x");
	(void)wire_talk(wire, "<message id='1'/>" R A("1"));
	envoi_session_close(wire->session);
	wire_run(wire, 0);
	assert_string_equal(wire_heard(wire), "</stream:stream>");
}

/* --- faults of the peer --- */

static void faults_are_fatal(void **state)
{
	static const struct {
		const char *text;
		bool is_too_high;
	} faults[] = {
		{A("4"), true},
		{A("2147483647"), true},
		{A("1"), false},
		{A("4294967295"), false},
		{A(""), false},
		{A("x"), false},
		{A("-1"), false},
		{A("4294967298"), false},
		{"<a " SM "/>", false},
		{RESUMABLE, false},
		{"<resumed " SM " previd='s1' h='2'/>", false},
		{"<resume " SM " previd='s1' h='2'/>", false},
		{"<other " SM "/>", false},
	};
	struct wire *wire = *state;
	for (size_t i = 0; i < sizeof(faults) / sizeof(faults[0]); i++) {
		sm_enable(wire, RESUMABLE);
		sm_send_many(wire, 3);
		(void)wire_talk(wire, A("2"));
		const char *heard = wire_talk(wire, faults[i].text);
		assert_non_null(strstr(heard, "</stream:error></stream:stream>"));
		assert_int_equal(strstr(heard,
					 "<undefined-condition xmlns='urn:ietf:params:xml:ns:"
					 "xmpp-streams'/><handled-count-too-high "
					 "xmlns='urn:xmpp:sm:3' ") != NULL,
			faults[i].is_too_high);
		wire_say(wire, "</stream:stream>");
		wire_run(wire, 10000);
		assert_int_equal(wire->closed.code, ENVOI_ERR_PROTOCOL);
		assert_string_equal(wire->closed.application,
			faults[i].is_too_high ? "handled-count-too-high" : "");
		envoi_session_set_resumable(wire->session, false);
		wire_run(wire, 0);
		(void)wire_log(wire);
	}
}

static void the_stream_error_names_both_counts(void **state)
{
	struct wire *wire = *state;
	sm_enable(wire, RESUMABLE);
	sm_send_many(wire, 3);
	assert_non_null(strstr(wire_talk(wire, A("10")), " h='10' send-count='3'/>"));
	assert_false(wire->session->is_resumable);
}

static void acknowledgements_before_enabled_are_fatal(void **state)
{
	static const char *const early[] = {R, A("0"), "<resumed " SM " previd='s1' h='0'/>"};
	struct wire *wire = *state;
	for (size_t i = 0; i < sizeof(early) / sizeof(early[0]); i++) {
		for (int is_offered = 0; is_offered < 2; is_offered++) {
			(void)sm_answer_binding(wire, sm_offer(wire, is_offered ? SM_OFFER : ""));
			assert_non_null(
				strstr(wire_talk(wire, early[i]), "<unsupported-stanza-type "));
			wire_say(wire, "</stream:stream>");
			wire_run(wire, 10000);
			assert_int_equal(wire->closed.code, ENVOI_ERR_PROTOCOL);
		}
	}
}

static void failed_while_enabled_changes_nothing(void **state)
{
	struct wire *wire = *state;
	sm_enable(wire, RESUMABLE);
	(void)wire_talk(wire, "<message id='1'/>");
	sm_send_one(wire, "x");
	(void)wire_heard(wire);
	(void)wire_talk(wire,
		"<failed " SM "><bad-request xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/></failed>"
		"<failed " SM "/>");
	assert_string_equal(wire_log(wire),
		"unhandled stream management: the server reports bad-request\n"
		"unhandled stream management: the server reports no condition\n");
	assert_string_equal(wire_talk(wire, A("1") R), A("1"));
	assert_true(envoi_session_is_online(wire->session));
}

static void what_came_before_the_closing_tag_of_the_peer_is_acknowledged(void **state)
{
	struct wire *wire = *state;
	sm_enable(wire, RESUMABLE);
	assert_string_equal(wire_talk(wire, "<message id='1'/><message id='2'/></stream:stream>"),
		A("2") "</stream:stream>");
}

/* --- what else comes and goes --- */

/* Servers count what they cannot deliver, and return it with the unusable address as its sender. */
static void an_error_with_an_unusable_sender_counts_as_one(void **state)
{
	struct wire *wire = *state;
	sm_enable(wire, RESUMABLE);
	assert_string_equal(
		wire_talk(wire,
			"<message type='error' id='x' from='@'>"
			"<error type='modify'><jid-malformed "
			"xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/></error></message>"
			"<iq type='error' from='@'/><presence from='@'/>" R),
		A("3"));
	assert_true(envoi_session_is_online(wire->session));
	assert_true(sm_count_of(wire_log(wire), "unhandled ") >= 1);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, sm_setup, sm_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(stanzas_follow_enable_without_waiting),
		TEST(without_the_offer_nothing_is_enabled),
		TEST(the_setting_turns_it_off),
		TEST(the_server_is_asked_for_a_time),
		TEST(a_refusal_leaves_a_session_without_acknowledgements),
		TEST(enabled_may_promise_less),
		TEST(an_id_may_be_long_but_not_endless),
		TEST(max_is_bounded),
		TEST(a_location_counts_on_a_protected_connection_only),
		TEST(requests_are_answered_once_a_turn),
		TEST(stanzas_for_rows_of_the_stream_are_counted),
		TEST(a_flood_is_acknowledged_unasked),
		TEST(closing_acknowledges_first),
		TEST(what_comes_behind_the_last_acknowledgement_is_not_handed_over),
		TEST(closing_repeats_no_acknowledgement),
		TEST(faults_are_fatal),
		TEST(the_stream_error_names_both_counts),
		TEST(acknowledgements_before_enabled_are_fatal),
		TEST(failed_while_enabled_changes_nothing),
		TEST(what_came_before_the_closing_tag_of_the_peer_is_acknowledged),
		TEST(an_error_with_an_unusable_sender_counts_as_one),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
