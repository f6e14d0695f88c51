/*
 * envoi - how often idle sessions wake up the loop
 * SPDX-License-Identifier: MIT
 *
 * Counted for ten minutes: the points of time at which the loop has something to do, and the pings.
 * test/sim/test_wake_ups.c holds the limits.
 */
#include <stdio.h>
#include <stdlib.h>

#include "idle_sessions.h"

enum {
	MINUTES = 10,
};

static void measure(unsigned int sessions)
{
	struct idle_sessions idle;
	idle_sessions_init(&idle, sessions);
	double wake_ups = (double)idle_sessions_count_wake_ups(&idle, MINUTES) / MINUTES;
	printf("%6u sessions: %5.1f wake-ups a minute, %5.2f pings a session and minute\n",
		sessions, wake_ups, (double)idle.pings / MINUTES / sessions);
	if (idle_sessions_online(&idle) < sessions) {
		fputs("a session has ended\n", stderr);
		exit(1);
	}
	idle_sessions_finish(&idle);
}

int main(void)
{
	measure(1);
	measure(100);
	measure(10000);
	return 0;
}
