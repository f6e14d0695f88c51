/*
 * envoi - a client from connecting to the end, over lost connections: tests
 * SPDX-License-Identifier: MIT
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include <envoi/interfaces/session.h>

#include "between.h"
#include "client_fixture.h"

enum {
	SECOND_MS = 1000,
	MINUTE_MS = 60 * SECOND_MS,
};

static struct client_fixture fixture;

/* Events of sessions and connections. */
static char course[4000];
static uint64_t retry_in_ms; /* of the last SUSPENDED */
static unsigned int suspensions;

static void on_event(struct envoi_handler *self, const struct envoi_event *event)
{
	(void)self;
	size_t len = strlen(course);
	snprintf(course + len, sizeof(course) - len, "%s ", envoi_event_name(event->type));
	if (event->type == ENVOI_EVENT_SUSPENDED) {
		assert_non_null(event->failure);
		retry_in_ms = event->retry_in_ms;
		suspensions++;
	}
}

static const struct envoi_event_row rows[] = {
	{ENVOI_EVENT_CONNECTING, on_event},
	{ENVOI_EVENT_STARTED, on_event},
	{ENVOI_EVENT_AVAILABLE, on_event},
	{ENVOI_EVENT_ENDED, on_event},
	{ENVOI_EVENT_DISCONNECTED, on_event},
	{ENVOI_EVENT_STOPPED, on_event},
	{ENVOI_EVENT_SUSPENDED, on_event},
	{ENVOI_EVENT_RESUMED, on_event},
	ENVOI_ROWS_END,
};
static const struct envoi_handler_impl watcher_impl = {.name = "watcher", .events = rows};
static struct envoi_handler watcher = {&watcher_impl};

static int setup(void **state)
{
	(void)state;
	client_fixture_init(&fixture, NULL);
	client_fixture_add_connector(&fixture);
	envoi_client_add(fixture.client, &watcher);
	envoi_client_set(fixture.client, "reconnect.enabled", "true");
	course[0] = '\0';
	suspensions = 0;
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	client_fixture_finish(&fixture);
	return 0;
}

/* @return the events since the last call */
static const char *take_course(void)
{
	static char taken[sizeof(course)];
	memcpy(taken, course, sizeof(course));
	course[0] = '\0';
	return taken;
}

static enum envoi_client_state state_now(void)
{
	return envoi_client_state(fixture.client);
}

/* --- one connection --- */

static void a_session_begins_and_ends_once_and_the_client_stops_last(void **state)
{
	(void)state;
	assert_int_equal(state_now(), ENVOI_CLIENT_OFFLINE);
	assert_int_equal(envoi_client_connect(fixture.client), ENVOI_OK);
	assert_int_equal(state_now(), ENVOI_CLIENT_CONNECTING);
	client_fixture_run(&fixture, SECOND_MS);
	assert_int_equal(state_now(), ENVOI_CLIENT_ONLINE);
	assert_string_equal(take_course(), "connecting started available ");
	envoi_client_disconnect(fixture.client);
	assert_int_equal(state_now(), ENVOI_CLIENT_LEAVING);
	client_fixture_run(&fixture, SECOND_MS);
	assert_int_equal(state_now(), ENVOI_CLIENT_OFFLINE);
	assert_string_equal(take_course(), "ended disconnected stopped ");
}

static void a_connection_that_is_not_established_has_no_session(void **state)
{
	(void)state;
	test_server_knobs(fixture.server)->refuses_connections = true;
	client_fixture_connect(&fixture, SECOND_MS);
	assert_string_equal(take_course(), "connecting disconnected stopped ");
	assert_int_equal(state_now(), ENVOI_CLIENT_OFFLINE);
}

static void freeing_a_client_ends_session_connection_and_run_in_this_order(void **state)
{
	(void)state;
	client_fixture_connect(&fixture, SECOND_MS);
	(void)take_course();
	client_fixture_renew(&fixture);
	assert_string_equal(take_course(), "ended disconnected stopped ");
}

static void every_state_has_a_name(void **state)
{
	(void)state;
	assert_string_equal(envoi_client_state_name(ENVOI_CLIENT_OFFLINE), "offline");
	assert_string_equal(envoi_client_state_name(ENVOI_CLIENT_CONNECTING), "connecting");
	assert_string_equal(envoi_client_state_name(ENVOI_CLIENT_ONLINE), "online");
	assert_string_equal(envoi_client_state_name(ENVOI_CLIENT_SUSPENDED), "suspended");
	assert_string_equal(envoi_client_state_name(ENVOI_CLIENT_LEAVING), "leaving");
	assert_string_equal(envoi_client_state_name((enum envoi_client_state)99), "unknown");
}

/* --- connecting again --- */

static void go_online(void)
{
	client_fixture_connect(&fixture, SECOND_MS);
	assert_string_equal(take_course(), "connecting started available ");
}

static void end_with(enum envoi_stream_condition condition)
{
	test_server_ends_all(fixture.server, condition);
	client_fixture_run(&fixture, 0);
}

static void cut(void)
{
	envoi_memory_pair_cut(test_server_pair(fixture.server, NULL));
	client_fixture_run(&fixture, 0);
}

static void a_lost_connection_is_connected_again(void **state)
{
	(void)state;
	go_online();
	cut();
	assert_string_equal(take_course(), "ended disconnected suspended ");
	assert_int_equal(state_now(), ENVOI_CLIENT_SUSPENDED);
	assert_int_equal(envoi_client_failure(fixture.client)->code, ENVOI_ERR_DISCONNECTED);
	assert_int_equal(envoi_client_connect(fixture.client), ENVOI_ERR_STATE);
	assert_between(retry_in_ms, 0, 5 * SECOND_MS);
	client_fixture_run(&fixture, retry_in_ms + SECOND_MS);
	assert_string_equal(take_course(), "connecting started available ");
	assert_int_equal(state_now(), ENVOI_CLIENT_ONLINE);
}

/* Without an error, too. */
static void a_stream_that_the_server_closes_is_connected_again_each_time(void **state)
{
	(void)state;
	go_online();
	for (int i = 0; i < 3; i++) {
		client_fixture_run(&fixture, MINUTE_MS);
		end_with(ENVOI_STREAM_NO_CONDITION);
		assert_string_equal(take_course(), "ended disconnected suspended ");
		client_fixture_run(&fixture, retry_in_ms + SECOND_MS);
		assert_string_equal(take_course(), "connecting started available ");
	}
}

static void before_the_first_session_a_failure_stops_the_client(void **state)
{
	(void)state;
	test_server_knobs(fixture.server)->refuses_connections = true;
	client_fixture_connect(&fixture, 10 * MINUTE_MS);
	assert_string_equal(take_course(), "connecting disconnected stopped ");
}

static void reconnect_initial_tries_again_before_it_too(void **state)
{
	(void)state;
	envoi_client_set(fixture.client, "reconnect.initial", "true");
	test_server_knobs(fixture.server)->refuses_connections = true;
	client_fixture_connect(&fixture, SECOND_MS);
	assert_int_equal(state_now(), ENVOI_CLIENT_CONNECTING);
	client_fixture_run(&fixture, 20 * MINUTE_MS);
	assert_true(suspensions > 5);
	test_server_knobs(fixture.server)->refuses_connections = false;
	client_fixture_run(&fixture, 5 * MINUTE_MS + SECOND_MS);
	assert_non_null(strstr(course, "suspended connecting started available "));
	assert_null(strstr(course, "stopped"));
}

static void with_reconnecting_off_the_client_stops(void **state)
{
	(void)state;
	envoi_client_set(fixture.client, "reconnect.enabled", "false");
	go_online();
	cut();
	assert_string_equal(take_course(), "ended disconnected stopped ");
}

/* RFC 6120, section 4.9.3.3: else two clients of one resource end each other's sessions for ever.
 */
static void a_conflict_stops_the_client_that_was_replaced(void **state)
{
	(void)state;
	go_online();
	end_with(ENVOI_STREAM_CONFLICT);
	client_fixture_run(&fixture, 10 * MINUTE_MS);
	assert_string_equal(take_course(), "ended disconnected stopped ");
	assert_int_equal(
		envoi_client_failure(fixture.client)->stream_condition, ENVOI_STREAM_CONFLICT);
}

/* The conflict arrives on a connection that the client has given up for a newer one. */
static void a_conflict_on_an_older_connection_does_not_stop_the_client(void **state)
{
	(void)state;
	go_online();
	struct envoi_failure dead;
	envoi_failure_set(&dead, fixture.context, ENVOI_PHASE_ONLINE, ENVOI_ERR_TIMEOUT, "dead");
	envoi_stream_cut(envoi_session_stream(envoi_client_session(fixture.client)), &dead);
	client_fixture_run(&fixture, 0);
	assert_string_equal(take_course(), "ended disconnected suspended ");
	end_with(ENVOI_STREAM_CONFLICT);
	client_fixture_run(&fixture, retry_in_ms + SECOND_MS);
	assert_string_equal(take_course(), "connecting started available ");
}

/* Keys of earlier logins that are refused are tried again, with the password. */
static void a_wrong_password_is_never_tried_again(void **state)
{
	(void)state;
	envoi_client_set(fixture.client, "sasl.keep-keys", "false");
	go_online();
	test_server_set_password(fixture.server, "alice", "another");
	end_with(ENVOI_STREAM_RESET);
	client_fixture_run(&fixture, 10 * MINUTE_MS);
	assert_string_equal(
		take_course(), "ended disconnected suspended connecting disconnected stopped ");
}

static void after_a_reset_the_first_attempt_comes_at_once(void **state)
{
	(void)state;
	go_online();
	end_with(ENVOI_STREAM_RESET);
	assert_int_equal(retry_in_ms, 0);
	client_fixture_run(&fixture, SECOND_MS);
	assert_string_equal(
		take_course(), "ended disconnected suspended connecting started available ");
}

/* The server chooses a resource. */
static void a_resource_in_use_is_not_asked_for_again(void **state)
{
	(void)state;
	go_online();
	test_server_knobs(fixture.server)->refuses_binding = true;
	cut();
	client_fixture_run(&fixture, retry_in_ms + SECOND_MS);
	assert_non_null(strstr(take_course(), "connecting disconnected suspended connecting"));
	assert_int_equal(state_now(), ENVOI_CLIENT_OFFLINE); /* it refuses its own choice, too */
}

static void assert_third_stops(enum envoi_stream_condition condition)
{
	go_online();
	envoi_client_set(fixture.client, "reconnect.first", "5s");
	for (int i = 0; i < 2; i++) {
		end_with(condition);
		assert_string_equal(take_course(), "ended disconnected suspended ");
		client_fixture_run(&fixture, retry_in_ms + SECOND_MS);
		assert_string_equal(take_course(), "connecting started available ");
	}
	end_with(condition);
	assert_string_equal(take_course(), "ended disconnected stopped ");
}

static void policy_violations_are_retried_and_the_third_within_a_minute_stops(void **state)
{
	(void)state;
	assert_third_stops(ENVOI_STREAM_POLICY_VIOLATION);
}

static void a_server_that_reads_badly_is_retried_like_that(void **state)
{
	(void)state;
	assert_third_stops(ENVOI_STREAM_NOT_WELL_FORMED);
}

static void policy_violations_a_minute_apart_do_not_stop(void **state)
{
	(void)state;
	go_online();
	for (int i = 0; i < 6; i++) {
		client_fixture_run(&fixture, 40 * SECOND_MS);
		end_with(ENVOI_STREAM_POLICY_VIOLATION);
		client_fixture_run(&fixture, retry_in_ms + SECOND_MS);
		assert_int_equal(state_now(), ENVOI_CLIENT_ONLINE);
	}
}

/* --- the end --- */

static void disconnecting_while_it_waits_stops_the_client(void **state)
{
	(void)state;
	go_online();
	cut();
	(void)take_course();
	envoi_client_disconnect(fixture.client);
	assert_int_equal(state_now(), ENVOI_CLIENT_OFFLINE);
	client_fixture_run(&fixture, 10 * MINUTE_MS);
	assert_string_equal(take_course(), "stopped ");
	assert_int_equal(envoi_client_failure(fixture.client)->code, ENVOI_OK);
	client_fixture_connect(&fixture, SECOND_MS);
	assert_string_equal(take_course(), "connecting started available ");
}

static void freeing_a_client_that_waits_stops_it(void **state)
{
	(void)state;
	go_online();
	cut();
	(void)take_course();
	client_fixture_renew(&fixture);
	assert_string_equal(take_course(), "stopped ");
}

/* --- settings --- */

static const char *bound_resource(void)
{
	return envoi_jid_resource(envoi_session_jid(envoi_client_session(fixture.client)));
}

static void a_setting_changed_while_connecting_is_that_of_the_next_attempt(void **state)
{
	(void)state;
	envoi_client_set(fixture.client, "resource", "first");
	assert_int_equal(envoi_client_connect(fixture.client), ENVOI_OK);
	envoi_client_set(fixture.client, "resource", "second");
	client_fixture_run(&fixture, SECOND_MS);
	assert_string_equal(bound_resource(), "first");
	cut();
	client_fixture_run(&fixture, retry_in_ms + SECOND_MS);
	assert_string_equal(bound_resource(), "second");
}

/* --- hints --- */

static void wait_long(void)
{
	envoi_client_set(fixture.client, "reconnect.first", "1h");
	envoi_client_set(fixture.client, "reconnect.longest", "1h");
	go_online();
	do { /* the delay is random */
		cut();
		if (retry_in_ms <= MINUTE_MS) {
			client_fixture_run(&fixture, retry_in_ms + SECOND_MS);
		}
	} while (retry_in_ms <= MINUTE_MS);
	(void)take_course();
}

static void a_hint_ends_the_wait(void **state)
{
	(void)state;
	wait_long();
	envoi_client_hint(fixture.client);
	client_fixture_run(&fixture, SECOND_MS);
	assert_string_equal(take_course(), "connecting started available ");
}

static void hint(struct envoi_handler *self, const struct envoi_event *event)
{
	(void)self, (void)event;
	envoi_client_hint(fixture.client);
}

/* The route that the attempt has chosen may be gone. */
static void a_hint_during_an_attempt_counts_when_that_fails(void **state)
{
	static const struct envoi_event_row hints[] = {
		{ENVOI_EVENT_CONNECTING, hint}, ENVOI_ROWS_END};
	static const struct envoi_handler_impl hinting_impl = {.events = hints};
	struct envoi_handler hinting = ENVOI_HANDLER(&hinting_impl);
	(void)state;
	wait_long();
	assert_int_equal(envoi_client_add(fixture.client, &hinting), ENVOI_OK);
	test_server_knobs(fixture.server)->refuses_connections = true;
	envoi_client_hint(fixture.client);
	client_fixture_run(&fixture, SECOND_MS);
	assert_string_equal(take_course(), "connecting disconnected suspended ");
	client_fixture_run(&fixture, 10 * SECOND_MS);
	assert_string_equal(take_course(), "connecting disconnected suspended ");
	test_server_knobs(fixture.server)->refuses_connections = false;
	client_fixture_run(&fixture, 10 * SECOND_MS);
	assert_string_equal(take_course(), "connecting started available ");
	envoi_client_remove(fixture.client, &hinting);
}

static void hints_end_a_wait_once_in_ten_seconds(void **state)
{
	(void)state;
	wait_long();
	test_server_knobs(fixture.server)->refuses_connections = true;
	envoi_client_hint(fixture.client);
	client_fixture_run(&fixture, SECOND_MS);
	assert_string_equal(take_course(), "connecting disconnected suspended ");
	if (retry_in_ms <= 10 * SECOND_MS) {
		return; /* a short delay by chance */
	}
	envoi_client_hint(fixture.client);
	envoi_client_hint(fixture.client);
	client_fixture_run(&fixture, 8 * SECOND_MS);
	assert_string_equal(take_course(), "");
	client_fixture_run(&fixture, SECOND_MS);
	assert_string_equal(take_course(), "connecting disconnected suspended ");
}

static void the_machine_waking_up_is_a_hint(void **state)
{
	(void)state;
	wait_long();
	assert_int_equal(envoi_loop_simulated_suspend(fixture.loop, 10 * SECOND_MS), ENVOI_OK);
	client_fixture_run(&fixture, SECOND_MS);
	assert_string_equal(take_course(), "connecting started available ");
}

static void a_hint_to_a_client_that_is_offline_does_nothing(void **state)
{
	(void)state;
	envoi_client_hint(fixture.client);
	client_fixture_run(&fixture, SECOND_MS);
	assert_string_equal(take_course(), "");
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_session_begins_and_ends_once_and_the_client_stops_last),
		TEST(a_connection_that_is_not_established_has_no_session),
		TEST(freeing_a_client_ends_session_connection_and_run_in_this_order),
		cmocka_unit_test(every_state_has_a_name),
		TEST(a_lost_connection_is_connected_again),
		TEST(a_stream_that_the_server_closes_is_connected_again_each_time),
		TEST(before_the_first_session_a_failure_stops_the_client),
		TEST(reconnect_initial_tries_again_before_it_too),
		TEST(with_reconnecting_off_the_client_stops),
		TEST(a_conflict_stops_the_client_that_was_replaced),
		TEST(a_conflict_on_an_older_connection_does_not_stop_the_client),
		TEST(a_wrong_password_is_never_tried_again),
		TEST(after_a_reset_the_first_attempt_comes_at_once),
		TEST(a_resource_in_use_is_not_asked_for_again),
		TEST(policy_violations_are_retried_and_the_third_within_a_minute_stops),
		TEST(a_server_that_reads_badly_is_retried_like_that),
		TEST(policy_violations_a_minute_apart_do_not_stop),
		TEST(disconnecting_while_it_waits_stops_the_client),
		TEST(freeing_a_client_that_waits_stops_it),
		TEST(a_setting_changed_while_connecting_is_that_of_the_next_attempt),
		TEST(a_hint_ends_the_wait),
		TEST(a_hint_during_an_attempt_counts_when_that_fails),
		TEST(hints_end_a_wait_once_in_ten_seconds),
		TEST(the_machine_waking_up_is_a_hint),
		TEST(a_hint_to_a_client_that_is_offline_does_nothing),
	};
	return cmocka_run_group_tests_name("sim/client_reconnect", tests, NULL, NULL);
}
