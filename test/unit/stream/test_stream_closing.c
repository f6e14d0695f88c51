/*
 * envoi - streams: how long closing takes, and deadlines in general
 * SPDX-License-Identifier: MIT
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "stream_fixture.h"

enum {
	CLOSE_TIMEOUT = 5000, /* close.timeout */
	BIND_TIMEOUT = 15000, /* bind.timeout */
};

static struct stream_fixture fixture;

static int setup(void **state)
{
	(void)state;
	stream_fixture_init(&fixture);
	fixture.options.required = 0;
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	stream_fixture_finish(&fixture);
	return 0;
}

static void run_for(uint64_t duration_ms)
{
	assert_int_equal(envoi_loop_simulated_run_for(fixture.loop, duration_ms), ENVOI_OK);
}

static void go_online(void)
{
	stream_fixture_script_headers(fixture.peer);
	peer_sends(fixture.peer, "<stream:features/>");
	stream_fixture_run(&fixture, 1000);
	assert_true(recorder_has(&fixture.recorder, "ready"));
}

static void expect_closed_after(uint64_t left_ms, enum envoi_phase phase, int code)
{
	run_for(left_ms - 1);
	assert_int_equal(fixture.recorder.closed_count, 0);
	run_for(1);
	recorder_assert_closed(&fixture.recorder, phase, code);
}

/* --- one deadline --- */

static void a_stream_on_a_paused_transport_closes_in_order(void **state)
{
	(void)state;
	go_online();
	peer_sends(fixture.peer, "<message/>");
	peer_expects(fixture.peer, "</stream:stream>");
	peer_sends(fixture.peer, "</stream:stream>");
	peer_shuts_down(fixture.peer);
	struct envoi_transport *transport = envoi_stream_transport(fixture.recorder.stream);
	transport->impl->pause(transport);
	peer_start(fixture.peer);
	run_for(1000);
	assert_int_equal(fixture.recorder.stanza_count, 0);
	envoi_stream_close(fixture.recorder.stream);
	run_for(1000);
	recorder_assert_closed(&fixture.recorder, ENVOI_PHASE_CLOSE, ENVOI_OK);
	assert_int_equal(fixture.recorder.stanza_count, 1);
}

static void a_connection_left_open_behind_both_closing_tags_ends_within_close_timeout(void **state)
{
	(void)state;
	go_online();
	envoi_stream_close(fixture.recorder.stream);
	run_for(3000);
	peer_expects(fixture.peer, "</stream:stream>");
	peer_sends(fixture.peer, "</stream:stream>");
	peer_start(fixture.peer);
	expect_closed_after(CLOSE_TIMEOUT - 3000, ENVOI_PHASE_CLOSE, ENVOI_OK);
}

static void a_connection_left_open_behind_the_closing_tag_ends_within_close_timeout(void **state)
{
	(void)state;
	go_online();
	peer_sends(fixture.peer, "</stream:stream>");
	peer_start(fixture.peer);
	expect_closed_after(CLOSE_TIMEOUT, ENVOI_PHASE_ONLINE, ENVOI_OK);
}

/* The peer reads nothing: the window is full, and more is pending. */
static void fill_the_connection(void)
{
	char stanza[20000];
	int written = snprintf(
		stanza, sizeof(stanza), "<message><body>%018000d</body></message>", 0);
	struct envoi_memory_script script = ENVOI_MEMORY_SCRIPT_INIT;
	script.stall_at = envoi_memory_pair_arrived(fixture.pair, ENVOI_MEMORY_A);
	envoi_memory_pair_script(fixture.pair, ENVOI_MEMORY_A, &script);
	for (int i = 0; i < 10; i++) {
		assert_int_equal(
			envoi_stream_send(fixture.recorder.stream, stanza, (size_t)written),
			ENVOI_OK);
	}
	run_for(100);
}

static void pending_output_and_closing_share_one_deadline(void **state)
{
	(void)state;
	go_online();
	fill_the_connection();
	envoi_stream_prepare_close(fixture.recorder.stream);
	run_for(3000);
	envoi_stream_close(fixture.recorder.stream);
	expect_closed_after(CLOSE_TIMEOUT - 3000, ENVOI_PHASE_CLOSE, ENVOI_ERR_TIMEOUT);
}

static void a_stream_to_be_closed_is_cut_when_its_owner_does_not_finish(void **state)
{
	(void)state;
	go_online();
	envoi_stream_prepare_close(fixture.recorder.stream);
	assert_int_equal(envoi_stream_send(fixture.recorder.stream, "<message/>", 10), ENVOI_OK);
	envoi_stream_prepare_close(fixture.recorder.stream);
	expect_closed_after(CLOSE_TIMEOUT, ENVOI_PHASE_CLOSE, ENVOI_ERR_TIMEOUT);
}

static void the_peers_closing_tag_is_no_second_deadline(void **state)
{
	(void)state;
	go_online();
	fill_the_connection();
	envoi_stream_close(fixture.recorder.stream);
	run_for(4000);
	peer_sends(fixture.peer, "</stream:stream>");
	peer_start(fixture.peer);
	run_for(999);
	assert_int_equal(fixture.recorder.closed_count, 0);
	run_for(1);
	assert_int_equal(fixture.recorder.closed_count, 1);
}

/* --- failing --- */

static void a_silent_peer_is_not_waited_for_twice(void **state)
{
	(void)state;
	stream_fixture_start(&fixture);
	expect_closed_after(15000, ENVOI_PHASE_STREAM, ENVOI_ERR_TIMEOUT);
}

static void assert_silence_is(const char *timeout, const char *text)
{
	assert_int_equal(envoi_settings_set(fixture.settings, "stream.timeout", timeout), ENVOI_OK);
	fixture.options.settings = fixture.settings;
	stream_fixture_start(&fixture);
	run_for(2000);
	assert_string_equal(fixture.recorder.failure.text, text);
}

static void a_timeout_is_shown_in_seconds(void **state)
{
	(void)state;
	assert_silence_is("1s", "the peer did not answer within 1 s");
}

static void a_short_timeout_is_shown_in_milliseconds(void **state)
{
	(void)state;
	assert_silence_is("999ms", "the peer did not answer within 999 ms");
}

static void a_failed_stream_ends_within_close_timeout(void **state)
{
	(void)state;
	go_online();
	run_for(1000);
	envoi_stream_fail_with(fixture.recorder.stream, ENVOI_ERR_LIMIT,
		ENVOI_STREAM_POLICY_VIOLATION, "too much");
	expect_closed_after(CLOSE_TIMEOUT, ENVOI_PHASE_ONLINE, ENVOI_ERR_LIMIT);
}

static void cut(void)
{
	struct envoi_failure failure;
	envoi_failure_set(&failure, fixture.context, ENVOI_PHASE_ONLINE, ENVOI_ERR_TIMEOUT,
		"nothing has arrived");
	failure.stream_condition = ENVOI_STREAM_CONNECTION_TIMEOUT;
	envoi_stream_cut(fixture.recorder.stream, &failure);
}

/* The peer may let another stream resume. */
static void a_stream_that_is_cut_sends_neither_an_error_nor_a_closing_tag(void **state)
{
	(void)state;
	go_online();
	cut();
	cut();
	run_for(0);
	recorder_assert_closed(&fixture.recorder, ENVOI_PHASE_ONLINE, ENVOI_ERR_TIMEOUT);
	assert_string_equal(fixture.recorder.failure.condition, "connection-timeout");
	assert_true(peer_is_over(fixture.peer));
	assert_null(strstr(peer_heard(fixture.peer), "error"));
	assert_null(strstr(peer_heard(fixture.peer), "</stream:stream>"));
}

static void a_stream_that_is_closing_is_cut_at_once(void **state)
{
	(void)state;
	go_online();
	envoi_stream_close(fixture.recorder.stream);
	run_for(100);
	cut();
	run_for(0);
	recorder_assert_closed(&fixture.recorder, ENVOI_PHASE_ONLINE, ENVOI_ERR_TIMEOUT);
}

/* --- white space --- */

static void white_space_is_sent_between_stanzas(void **state)
{
	(void)state;
	go_online();
	size_t before = strlen(peer_heard(fixture.peer));
	assert_int_equal(envoi_stream_keepalive(fixture.recorder.stream), ENVOI_OK);
	run_for(0);
	assert_string_equal(peer_heard(fixture.peer) + before, " ");
}

static void a_closing_stream_sends_no_white_space(void **state)
{
	(void)state;
	go_online();
	envoi_stream_close(fixture.recorder.stream);
	assert_int_equal(envoi_stream_keepalive(fixture.recorder.stream), ENVOI_ERR_STATE);
}

/* --- phases --- */

/* Both binding and the session of RFC 3921 are in phase BIND: one deadline for both. */
static void a_phase_that_is_entered_again_keeps_its_deadline(void **state)
{
	(void)state;
	stream_fixture_add_login(&fixture);
	stream_fixture_script_headers(fixture.peer);
	peer_sends(fixture.peer, "<stream:features>" FAKE_AUTH_OFFER "</stream:features>");
	peer_expects(fixture.peer, "<ask xmlns='urn:example:fake-auth'/>");
	peer_sends(fixture.peer, "<yes xmlns='urn:example:fake-auth'/>");
	peer_restarts(fixture.peer);
	peer_expects(fixture.peer, STREAM_HEADER_OUT);
	peer_sends(fixture.peer,
		STREAM_HEADER_IN "<stream:features>" BIND_OFFER
				 "<session xmlns='urn:ietf:params:xml:ns:xmpp-session'/>"
				 "</stream:features>");
	peer_expects(fixture.peer,
		"<iq type='set' id='$a'><bind xmlns='urn:ietf:params:xml:ns:xmpp-bind'>"
		"<resource>desk</resource></bind></iq>");
	stream_fixture_start(&fixture);
	run_for(0);
	run_for(10000);
	peer_sends(fixture.peer,
		"<iq type='result' id='$a'><bind xmlns='urn:ietf:params:xml:ns:xmpp-bind'>"
		"<jid>alice@example.org/desk</jid></bind></iq>");
	peer_start(fixture.peer);
	run_for(0);
	assert_true(recorder_has(&fixture.recorder, "gained bound"));
	expect_closed_after(BIND_TIMEOUT - 10000, ENVOI_PHASE_BIND, ENVOI_ERR_TIMEOUT);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(
			a_stream_on_a_paused_transport_closes_in_order, setup, teardown),
		cmocka_unit_test_setup_teardown(
			a_connection_left_open_behind_both_closing_tags_ends_within_close_timeout,
			setup, teardown),
		cmocka_unit_test_setup_teardown(
			a_connection_left_open_behind_the_closing_tag_ends_within_close_timeout,
			setup, teardown),
		cmocka_unit_test_setup_teardown(
			pending_output_and_closing_share_one_deadline, setup, teardown),
		cmocka_unit_test_setup_teardown(
			a_stream_to_be_closed_is_cut_when_its_owner_does_not_finish, setup,
			teardown),
		cmocka_unit_test_setup_teardown(
			the_peers_closing_tag_is_no_second_deadline, setup, teardown),
		cmocka_unit_test_setup_teardown(
			a_silent_peer_is_not_waited_for_twice, setup, teardown),
		cmocka_unit_test_setup_teardown(a_timeout_is_shown_in_seconds, setup, teardown),
		cmocka_unit_test_setup_teardown(
			a_short_timeout_is_shown_in_milliseconds, setup, teardown),
		cmocka_unit_test_setup_teardown(
			a_failed_stream_ends_within_close_timeout, setup, teardown),
		cmocka_unit_test_setup_teardown(
			a_stream_that_is_cut_sends_neither_an_error_nor_a_closing_tag, setup,
			teardown),
		cmocka_unit_test_setup_teardown(
			a_stream_that_is_closing_is_cut_at_once, setup, teardown),
		cmocka_unit_test_setup_teardown(
			white_space_is_sent_between_stanzas, setup, teardown),
		cmocka_unit_test_setup_teardown(
			a_closing_stream_sends_no_white_space, setup, teardown),
		cmocka_unit_test_setup_teardown(
			a_phase_that_is_entered_again_keeps_its_deadline, setup, teardown),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
