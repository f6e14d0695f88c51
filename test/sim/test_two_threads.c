/*
 * envoi - two threads, each with a context, a client and a server of its own
 * SPDX-License-Identifier: MIT
 *
 * The contexts share nothing that is written: tools/check runs this under the thread sanitizer.
 */
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "client_fixture.h"

enum {
	THREADS = 2,
	LOGINS = 5,
	RUN_MS = 5000,
};

static void log_in(struct client_fixture *f)
{
	client_fixture_init(f, NULL);
	client_fixture_add_connector(f);
	client_fixture_connect(f, RUN_MS);
	client_fixture_finish(f);
}

/* @return the number of logins that came to their end */
static void *log_in_repeatedly(void *user)
{
	uintptr_t logins = 0;
	(void)user;
	for (int i = 0; i < LOGINS; i++) {
		struct client_fixture fixture;
		log_in(&fixture);
		logins += strstr(fixture.events, "available") != NULL;
	}
	return (void *)logins;
}

static void two_threads_log_in_at_the_same_time(void **state)
{
	pthread_t threads[THREADS];
	(void)state;
	for (int i = 0; i < THREADS; i++) {
		assert_int_equal(pthread_create(&threads[i], NULL, log_in_repeatedly, NULL), 0);
	}
	for (int i = 0; i < THREADS; i++) {
		void *logins;
		assert_int_equal(pthread_join(threads[i], &logins), 0);
		assert_int_equal((uintptr_t)logins, LOGINS);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(two_threads_log_in_at_the_same_time),
	};
	return cmocka_run_group_tests_name("two_threads", tests, NULL, NULL);
}
