/*
 * envoi - main loop: tests of noticing that the machine was suspended
 * SPDX-License-Identifier: MIT
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include <envoi/context.h>
#include <envoi/interfaces/mainloop.h>
#include <envoi/mainloop.h>

#include "mainloop/wake.h"
#include "open_fds.h"

enum {
	WATCHES = 3,
};

struct fixture {
	struct envoi_context *context;
	struct envoi_loop *loop;
	struct counted {
		struct envoi__wake_watch watch;
		struct fixture *fixture;
		unsigned int count;
	} counted[WATCHES];
	bool stops_all;
};

static void make_context(struct fixture *f,
	int (*make_loop)(struct envoi_loop **ret_loop, struct envoi_context *context))
{
	assert_int_equal(envoi_context_new(&f->context, NULL), ENVOI_OK);
	assert_int_equal(make_loop(&f->loop, f->context), ENVOI_OK);
	assert_int_equal(envoi_context_take_loop(f->context, f->loop), ENVOI_OK);
}

static int setup(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));
	assert_non_null(f);
	make_context(f, envoi_loop_new_simulated);
	*state = f;
	return 0;
}

static void stop_all(struct fixture *f)
{
	for (size_t i = 0; i < WATCHES; i++) {
		envoi__wake_watch_stop(&f->counted[i].watch, f->context);
	}
}

static int teardown(void **state)
{
	struct fixture *f = *state;
	stop_all(f);
	envoi_context_unref(f->context);
	free(f);
	return 0;
}

static void on_wake(struct envoi__wake_watch *watch)
{
	struct counted *counted = ENVOI_CONTAINER_OF(watch, struct counted, watch);
	counted->count++;
	if (counted->fixture->stops_all) {
		stop_all(counted->fixture);
	}
}

static void start_all(struct fixture *f)
{
	for (size_t i = 0; i < WATCHES; i++) {
		f->counted[i].fixture = f;
		envoi__wake_watch_start(&f->counted[i].watch, f->context, on_wake);
	}
}

static void suspend(struct fixture *f, uint64_t duration_ms)
{
	assert_int_equal(envoi_loop_simulated_suspend(f->loop, duration_ms), ENVOI_OK);
}

static void run_for(struct fixture *f, uint64_t duration_ms)
{
	assert_int_equal(envoi_loop_simulated_run_for(f->loop, duration_ms), ENVOI_OK);
}

static void all_are_notified_once_and_from_the_loop(void **state)
{
	struct fixture *f = *state;
	start_all(f);
	suspend(f, 3600000);
	assert_int_equal(f->counted[0].count, 0);
	run_for(f, 0);
	for (size_t i = 0; i < WATCHES; i++) {
		assert_int_equal(f->counted[i].count, 1);
	}
	run_for(f, 3600000);
	envoi__wake_check(f->context);
	run_for(f, 0);
	assert_int_equal(f->counted[0].count, 1);
	suspend(f, 1000);
	run_for(f, 0);
	assert_int_equal(f->counted[0].count, 2);
}

static void the_wall_clock_goes_on_and_the_monotonic_one_does_not(void **state)
{
	struct fixture *f = *state;
	int64_t before_ms = envoi_context_wall_clock_ms(f->context);
	uint64_t now_ms = envoi_loop_now_ms(f->loop);
	suspend(f, 3600000);
	assert_int_equal(envoi_context_wall_clock_ms(f->context), before_ms + 3600000);
	assert_int_equal(envoi_loop_now_ms(f->loop), now_ms);
}

static void less_than_a_second_is_not_noticed(void **state)
{
	struct fixture *f = *state;
	start_all(f);
	suspend(f, 999);
	run_for(f, 0);
	assert_int_equal(f->counted[0].count, 0);
}

static void time_suspended_before_the_start_does_not_count(void **state)
{
	struct fixture *f = *state;
	suspend(f, 3600000);
	start_all(f);
	envoi__wake_check(f->context);
	run_for(f, 0);
	assert_int_equal(f->counted[0].count, 0);
}

static void a_callback_may_stop_all_watches(void **state)
{
	struct fixture *f = *state;
	start_all(f);
	f->stops_all = true;
	suspend(f, 5000);
	run_for(f, 0);
	assert_int_equal(f->counted[0].count + f->counted[1].count + f->counted[2].count, 1);
}

static void a_stopped_watch_is_not_notified(void **state)
{
	struct fixture *f = *state;
	start_all(f);
	suspend(f, 5000);
	stop_all(f);
	run_for(f, 0);
	assert_int_equal(f->counted[0].count, 0);
}

static void other_loops_cannot_be_suspended_by_a_call(void **state)
{
	struct fixture f = {0};
	(void)state;
	make_context(&f, envoi_loop_new_poll);
	assert_int_equal(envoi_loop_simulated_suspend(f.loop, 1000), ENVOI_ERR_INVALID);
	envoi_context_unref(f.context);
}

/* The kernel's signal cannot be caused here; what is held is: one descriptor for all watches, none
 * without, and a loop that has nothing else to do is not kept running by it. */
static void one_descriptor_serves_all_watches_of_a_context(void **state)
{
	struct fixture f = {0};
	(void)state;
	make_context(&f, envoi_loop_new_poll);
	int before = count_open_fds();
	start_all(&f);
#if defined(__linux__)
	assert_int_equal(count_open_fds(), before + 1);
#endif
	assert_int_equal(envoi_loop_run_once(f.loop, false), ENVOI_OK);
	envoi__wake_check(f.context);
	assert_int_equal(envoi_loop_run_once(f.loop, false), ENVOI_OK);
	assert_int_equal(f.counted[0].count, 0);
	stop_all(&f);
	assert_int_equal(count_open_fds(), before);
	assert_int_equal(envoi_loop_run_once(f.loop, true), ENVOI_END);
	envoi_context_unref(f.context);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(
			all_are_notified_once_and_from_the_loop, setup, teardown),
		cmocka_unit_test_setup_teardown(
			the_wall_clock_goes_on_and_the_monotonic_one_does_not, setup, teardown),
		cmocka_unit_test_setup_teardown(less_than_a_second_is_not_noticed, setup, teardown),
		cmocka_unit_test_setup_teardown(
			time_suspended_before_the_start_does_not_count, setup, teardown),
		cmocka_unit_test_setup_teardown(a_callback_may_stop_all_watches, setup, teardown),
		cmocka_unit_test_setup_teardown(a_stopped_watch_is_not_notified, setup, teardown),
		cmocka_unit_test(other_loops_cannot_be_suspended_by_a_call),
		cmocka_unit_test(one_descriptor_serves_all_watches_of_a_context),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
