/*
 * envoi - main loop in virtual time: tests of what is particular to it
 * SPDX-License-Identifier: MIT
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

#include <envoi/context.h>
#include <envoi/interfaces/mainloop.h>
#include <envoi/mainloop.h>

#define DAY_MS UINT64_C(86400000)
#define START_MS INT64_C(1767225600000)

struct fixture {
	struct envoi_context *context;
	struct envoi_loop *loop;
	struct envoi_timer timer;
	struct envoi_watch watch;
	int fired;
	uint64_t fired_ms;
	int results[2];
};

static int setup(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));
	assert_non_null(f);
	assert_int_equal(envoi_context_new(&f->context, NULL), ENVOI_OK);
	assert_int_equal(envoi_loop_new_simulated(&f->loop, f->context), ENVOI_OK);
	assert_int_equal(envoi_context_take_loop(f->context, f->loop), ENVOI_OK);
	*state = f;
	return 0;
}

static int teardown(void **state)
{
	struct fixture *f = *state;
	envoi_timer_stop(&f->timer);
	envoi_context_unref(f->context);
	free(f);
	return 0;
}

static void on_timer(struct envoi_timer *timer)
{
	struct fixture *f = ENVOI_CONTAINER_OF(timer, struct fixture, timer);
	f->fired++;
	f->fired_ms = envoi_loop_now_ms(f->loop);
}

static void time_jumps_to_the_next_timer(void **state)
{
	struct fixture *f = *state;
	assert_int_equal(envoi_loop_now_ms(f->loop), 0);
	envoi_timer_start(&f->timer, f->loop, 365 * DAY_MS, on_timer);
	assert_int_equal(envoi_loop_run(f->loop), ENVOI_OK);
	assert_int_equal(f->fired_ms, 365 * DAY_MS);
}

static void the_contexts_clock_follows(void **state)
{
	struct fixture *f = *state;
	assert_int_equal(envoi_context_wall_clock_ms(f->context), START_MS);
	assert_int_equal(envoi_loop_simulated_run_for(f->loop, 1500), ENVOI_OK);
	assert_int_equal(envoi_context_wall_clock_ms(f->context), START_MS + 1500);
}

static int64_t own_clock(void *user)
{
	(void)user;
	return 7;
}

static void the_clock_of_the_context_options_stays(void **state)
{
	(void)state;
	struct envoi_context_options options = {.wall_clock = own_clock};
	struct envoi_context *context;
	struct envoi_loop *loop;
	assert_int_equal(envoi_context_new(&context, &options), ENVOI_OK);
	assert_int_equal(envoi_loop_new_simulated(&loop, context), ENVOI_OK);
	assert_int_equal(envoi_context_take_loop(context, loop), ENVOI_OK);
	assert_int_equal(envoi_context_wall_clock_ms(context), 7);
	envoi_context_unref(context);
}

static void running_for_a_time_stops_there(void **state)
{
	struct fixture *f = *state;
	envoi_timer_start(&f->timer, f->loop, 100, on_timer);
	assert_int_equal(envoi_loop_simulated_run_for(f->loop, 99), ENVOI_OK);
	assert_int_equal(f->fired, 0);
	assert_int_equal(envoi_loop_now_ms(f->loop), 99);
	assert_int_equal(envoi_loop_simulated_run_for(f->loop, 1), ENVOI_OK);
	assert_int_equal(f->fired, 1);
	assert_int_equal(f->fired_ms, 100);
	assert_int_equal(envoi_loop_simulated_run_for(f->loop, UINT64_MAX), ENVOI_OK);
}

static void quit_at_once(struct envoi_timer *timer)
{
	on_timer(timer);
	envoi_loop_quit(ENVOI_CONTAINER_OF(timer, struct fixture, timer)->loop);
}

static void quit_ends_running_for_a_time(void **state)
{
	struct fixture *f = *state;
	envoi_timer_start(&f->timer, f->loop, 100, quit_at_once);
	assert_int_equal(envoi_loop_simulated_run_for(f->loop, 1000), ENVOI_OK);
	assert_int_equal(envoi_loop_now_ms(f->loop), 100);
}

static void run_inside(struct envoi_timer *timer)
{
	struct fixture *f = ENVOI_CONTAINER_OF(timer, struct fixture, timer);
	f->results[0] = envoi_loop_simulated_run_for(f->loop, 1000);
}

static void misuse_is_refused(void **state)
{
	struct fixture *f = *state;
	struct envoi_loop *other;
	envoi_timer_start(&f->timer, f->loop, 0, run_inside);
	assert_int_equal(envoi_loop_run(f->loop), ENVOI_OK);
	assert_int_equal(f->results[0], ENVOI_ERR_STATE);
	assert_int_equal(envoi_loop_new_poll(&other, f->context), ENVOI_OK);
	assert_int_equal(envoi_loop_simulated_run_for(other, 1), ENVOI_ERR_INVALID);
	envoi_loop_destroy(other);
}

static void read_it(struct envoi_watch *watch, unsigned int ready)
{
	(void)ready;
	struct fixture *f = ENVOI_CONTAINER_OF(watch, struct fixture, watch);
	char byte;
	f->results[0] += (int)read(watch->fd, &byte, 1);
	f->results[1] = (int)envoi_loop_now_ms(f->loop);
}

/* What is ready is served before time goes on; what is not ready keeps nothing waiting. */
static void descriptors_are_served_before_time_jumps(void **state)
{
	struct fixture *f = *state;
	int pair[2];
	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, pair), 0);
	assert_int_equal(
		envoi_watch_start(&f->watch, f->loop, pair[0], ENVOI_IO_READ, read_it), ENVOI_OK);
	envoi_timer_start(&f->timer, f->loop, 50, on_timer);
	assert_int_equal(write(pair[1], "xyz", 3), 3);
	assert_int_equal(envoi_loop_run(f->loop), ENVOI_OK);
	assert_int_equal(f->results[0], 3);
	assert_int_equal(f->results[1], 0);
	assert_int_equal(f->fired_ms, 50);
	envoi_watch_stop(&f->watch);
	close(pair[0]);
	close(pair[1]);
}

#define CASE(function) cmocka_unit_test_setup_teardown(function, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(time_jumps_to_the_next_timer),
		CASE(the_contexts_clock_follows),
		CASE(the_clock_of_the_context_options_stays),
		CASE(running_for_a_time_stops_there),
		CASE(quit_ends_running_for_a_time),
		CASE(misuse_is_refused),
		CASE(descriptors_are_served_before_time_jumps),
	};
	return cmocka_run_group_tests_name("mainloop/simulated", tests, NULL, NULL);
}
