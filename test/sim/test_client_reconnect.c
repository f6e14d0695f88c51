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

#include "client_fixture.h"

enum {
	SECOND_MS = 1000,
};

static struct client_fixture fixture;

/* Events of sessions and connections, with the state of the client when each is delivered. */
static char course[2000];

static void on_event(struct envoi_handler *self, const struct envoi_event *event)
{
	(void)self;
	size_t len = strlen(course);
	snprintf(course + len, sizeof(course) - len, "%s ", envoi_event_name(event->type));
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
	course[0] = '\0';
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

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_session_begins_and_ends_once_and_the_client_stops_last),
		TEST(a_connection_that_is_not_established_has_no_session),
		TEST(freeing_a_client_ends_session_connection_and_run_in_this_order),
		cmocka_unit_test(every_state_has_a_name),
	};
	return cmocka_run_group_tests_name("sim/client_reconnect", tests, NULL, NULL);
}
