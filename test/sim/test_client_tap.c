/*
 * envoi - a client's tap and its switches, over several connections: tests
 * SPDX-License-Identifier: MIT
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "client_fixture.h"

enum {
	SECOND_MS = 1000,
};

static struct client_fixture fixture;
static struct {
	unsigned int seen[2]; /* by direction */
	bool ends_itself; /* the first element switches its direction off */
} tap;

static void on_xml(void *user, enum envoi_direction direction, const char *xml, size_t len)
{
	(void)user;
	assert_true(len > 0 && xml[0] == '<');
	tap.seen[direction]++;
	if (tap.ends_itself) {
		envoi_client_switch_tap(fixture.client, direction, false);
	}
}

static int setup(void **state)
{
	(void)state;
	memset(&tap, 0, sizeof(tap));
	client_fixture_init(&fixture, NULL);
	client_fixture_add_connector(&fixture);
	envoi_client_set_tap(fixture.client, on_xml, NULL);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	client_fixture_finish(&fixture);
	return 0;
}

static void log_in(void)
{
	memset(tap.seen, 0, sizeof(tap.seen));
	client_fixture_connect(&fixture, SECOND_MS);
	assert_non_null(strstr(fixture.events, "available"));
}

static void log_out(void)
{
	envoi_client_disconnect(fixture.client);
	client_fixture_run(&fixture, SECOND_MS);
	assert_non_null(strstr(fixture.events, "disconnected"));
}

static void on_fetched(void *user, int code)
{
	(void)user;
	assert_int_equal(code, ENVOI_OK);
}

/* A request and its answer. */
static void talk(void)
{
	memset(tap.seen, 0, sizeof(tap.seen));
	assert_int_equal(envoi_roster_fetch(envoi_client_roster(fixture.client), on_fetched, NULL),
		ENVOI_OK);
	client_fixture_run(&fixture, SECOND_MS);
}

static void both_directions_are_shown_at_first(void **state)
{
	(void)state;
	log_in();
	assert_true(tap.seen[ENVOI_IN] > 0);
	assert_true(tap.seen[ENVOI_OUT] > 0);
	talk();
	assert_true(tap.seen[ENVOI_IN] > 0);
	assert_true(tap.seen[ENVOI_OUT] > 0);
}

static void each_direction_is_switched_over_all_connections(void **state)
{
	(void)state;
	envoi_client_switch_tap(fixture.client, ENVOI_IN, false); /* before there is a stream */
	for (int connection = 0; connection < 2; connection++) {
		log_in();
		assert_int_equal(tap.seen[ENVOI_IN], 0);
		assert_true(tap.seen[ENVOI_OUT] > 0);
		log_out();
	}
	log_in();
	envoi_client_switch_tap(fixture.client, ENVOI_IN, true); /* in the middle */
	envoi_client_switch_tap(fixture.client, ENVOI_OUT, false);
	talk();
	assert_true(tap.seen[ENVOI_IN] > 0);
	assert_int_equal(tap.seen[ENVOI_OUT], 0);
	log_out();
	log_in();
	assert_true(tap.seen[ENVOI_IN] > 0);
	assert_int_equal(tap.seen[ENVOI_OUT], 0);
}

static void a_tap_may_switch_itself_off(void **state)
{
	(void)state;
	tap.ends_itself = true;
	log_in();
	assert_int_equal(tap.seen[ENVOI_IN], 1);
	assert_int_equal(tap.seen[ENVOI_OUT], 1);
}

#define CASE(function) cmocka_unit_test_setup_teardown(function, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(both_directions_are_shown_at_first),
		CASE(each_direction_is_switched_over_all_connections),
		CASE(a_tap_may_switch_itself_off),
	};
	return cmocka_run_group_tests_name("client_tap", tests, NULL, NULL);
}
