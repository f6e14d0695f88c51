/*
 * envoi - how often idle sessions wake up the loop: tests
 * SPDX-License-Identifier: MIT
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "idle_sessions.h"

enum {
	MINUTES = 60,
	GRID = 12, /* the sessions of a loop share a grid of five seconds */
};

/* A link that is silent is probed once a minute at the most, and nothing else wakes up. */
static void an_idle_session_wakes_up_once_a_minute(void **state)
{
	(void)state;
	struct idle_sessions idle;
	idle_sessions_init(&idle, 1);
	unsigned long wake_ups = idle_sessions_count_wake_ups(&idle, MINUTES);
	assert_true(wake_ups > 0 && wake_ups <= MINUTES);
	assert_true(idle.pings <= MINUTES);
	assert_int_equal(idle_sessions_online(&idle), 1);
	idle_sessions_finish(&idle);
}

/* They do not add up: a machine with many accounts sleeps between the points of the grid. */
static void many_idle_sessions_wake_up_together(void **state)
{
	(void)state;
	enum {
		COUNT = 500
	};
	struct idle_sessions idle;
	idle_sessions_init(&idle, COUNT);
	unsigned long wake_ups = idle_sessions_count_wake_ups(&idle, MINUTES);
	assert_true(wake_ups > 0 && wake_ups <= MINUTES * GRID);
	assert_true(idle.pings <= (unsigned long)MINUTES * COUNT);
	assert_int_equal(idle_sessions_online(&idle), COUNT);
	idle_sessions_finish(&idle);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_idle_session_wakes_up_once_a_minute),
		cmocka_unit_test(many_idle_sessions_wake_up_together),
	};
	return cmocka_run_group_tests_name("wake_ups", tests, NULL, NULL);
}
