/*
 * envoi - main loop on poll(2): tests of what is particular to it
 * SPDX-License-Identifier: MIT
 */
#include <poll.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

#include <envoi/context.h>
#include <envoi/interfaces/mainloop.h>
#include <envoi/mainloop.h>

#include "between.h"

#define MANY 1100

struct fixture {
	struct envoi_context *context;
	struct envoi_loop *loop;
	struct envoi_timer timer;
	struct envoi_deferred deferred;
	struct envoi_watch watches[MANY];
	int pair[2];
	int fds[MANY];
	int calls, timers, deferreds;
};

static struct fixture *current;

static int setup(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));
	assert_non_null(f);
	assert_int_equal(envoi_context_new(&f->context, NULL), ENVOI_OK);
	assert_int_equal(envoi_loop_new_poll(&f->loop, f->context), ENVOI_OK);
	assert_int_equal(envoi_context_take_loop(f->context, f->loop), ENVOI_OK);
	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, f->pair), 0);
	*state = current = f;
	return 0;
}

static int teardown(void **state)
{
	struct fixture *f = *state;
	for (size_t i = 0; i < MANY; i++) {
		envoi_watch_stop(&f->watches[i]);
		if (f->fds[i] > 0) {
			close(f->fds[i]);
		}
	}
	envoi_timer_stop(&f->timer);
	envoi_context_unref(f->context);
	close(f->pair[0]);
	close(f->pair[1]);
	free(f);
	return 0;
}

static void on_watch(struct envoi_watch *watch, unsigned int ready)
{
	(void)ready;
	char byte;
	current->calls += (int)read(watch->fd, &byte, 1);
}

static void on_timer(struct envoi_timer *timer)
{
	(void)timer;
	current->timers++;
}

static void on_deferred(struct envoi_deferred *deferred)
{
	(void)deferred;
	current->deferreds++;
}

static void it_says_what_a_foreign_loop_must_wait_for(void **state)
{
	struct fixture *f = *state;
	struct pollfd fds[4];
	assert_int_equal(envoi_loop_poll_fds(f->loop, fds, 4), 0);
	assert_int_equal(envoi_loop_poll_timeout_ms(f->loop), -1);
	for (size_t i = 0; i < 3; i++) {
		assert_int_equal(envoi_watch_start(&f->watches[i], f->loop, f->pair[i % 2],
					 i < 2 ? (unsigned int)i + 1 : 0, on_watch),
			ENVOI_OK);
	}
	assert_int_equal(envoi_loop_poll_fds(f->loop, NULL, 0), 2);
	assert_int_equal(envoi_loop_poll_fds(f->loop, fds, 4), 2);
	assert_int_equal(fds[0].fd, f->pair[0]);
	assert_int_equal(fds[0].events, POLLIN);
	assert_int_equal(fds[1].fd, f->pair[1]);
	assert_int_equal(fds[1].events, POLLOUT);
	envoi_timer_start(&f->timer, f->loop, 100000, on_timer);
	assert_between(envoi_loop_poll_timeout_ms(f->loop), 90000, 100001);
	envoi_deferred_post(&f->deferred, f->loop, on_deferred);
	assert_int_equal(envoi_loop_poll_timeout_ms(f->loop), 0);
	envoi_deferred_cancel(&f->deferred);
}

static void a_foreign_loop_drives_it(void **state)
{
	struct fixture *f = *state;
	assert_int_equal(
		envoi_watch_start(&f->watches[0], f->loop, f->pair[0], ENVOI_IO_READ, on_watch),
		ENVOI_OK);
	envoi_timer_start(&f->timer, f->loop, 2, on_timer);
	envoi_deferred_post(&f->deferred, f->loop, on_deferred);
	assert_int_equal(write(f->pair[1], "xyz", 3), 3);
	for (int turns = 0; turns < 100 && (f->timers == 0 || f->calls < 3); turns++) {
		struct pollfd fds[1];
		size_t count = envoi_loop_poll_fds(f->loop, fds, 1);
		assert_int_equal(count, 1);
		poll(fds, 1, envoi_loop_poll_timeout_ms(f->loop));
		assert_int_equal(envoi_loop_run_once(f->loop, false), ENVOI_OK);
	}
	assert_int_equal(f->calls, 3);
	assert_int_equal(f->timers, 1);
	assert_int_equal(f->deferreds, 1);
}

static void a_context_is_made_with_it(void **state)
{
	struct fixture *f = *state;
	struct envoi_context *context;
	assert_int_equal(envoi_context_new_on_poll(&context), ENVOI_OK);
	struct envoi_loop *loop = envoi_context_loop(context);
	struct envoi_watch watch = {0};
	struct pollfd polled;
	assert_ptr_not_equal(loop, f->loop);
	assert_string_equal(loop->impl->name, "poll");
	assert_int_equal(
		envoi_watch_start(&watch, loop, f->pair[0], ENVOI_IO_READ, on_watch), ENVOI_OK);
	assert_int_equal(envoi_loop_poll_fds(loop, &polled, 1), 1);
	assert_int_equal(polled.fd, f->pair[0]);
	assert_int_equal(envoi_loop_poll_fds(f->loop, NULL, 0), 0);
	envoi_watch_stop(&watch);
	envoi_context_unref(context);
}

static void other_loops_have_nothing_to_poll(void **state)
{
	struct fixture *f = *state;
	struct envoi_loop *loop;
	assert_int_equal(envoi_loop_new_simulated(&loop, f->context), ENVOI_OK);
	assert_int_equal(envoi_loop_poll_fds(loop, NULL, 0), 0);
	assert_int_equal(envoi_loop_poll_timeout_ms(loop), -1);
	envoi_loop_destroy(loop);
}

/* select(2) would write beyond its sets here. */
static void descriptors_above_1023_work(void **state)
{
	struct fixture *f = *state;
	struct rlimit limit;
	assert_int_equal(getrlimit(RLIMIT_NOFILE, &limit), 0);
	if (limit.rlim_cur < MANY + 50) {
		limit.rlim_cur = MANY + 50;
		if (limit.rlim_cur > limit.rlim_max || setrlimit(RLIMIT_NOFILE, &limit) < 0) {
			skip();
		}
	}
	for (size_t i = 0; i < MANY; i++) {
		f->fds[i] = dup(f->pair[0]);
		assert_true(f->fds[i] > 0);
		assert_int_equal(envoi_watch_start(&f->watches[i], f->loop, f->fds[i],
					 i == MANY - 1 ? ENVOI_IO_READ : 0, on_watch),
			ENVOI_OK);
	}
	assert_true(f->fds[MANY - 1] > 1023);
	assert_int_equal(write(f->pair[1], "x", 1), 1);
	assert_int_equal(envoi_loop_run_once(f->loop, true), ENVOI_OK);
	assert_int_equal(f->calls, 1);
}

#define CASE(function) cmocka_unit_test_setup_teardown(function, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(it_says_what_a_foreign_loop_must_wait_for),
		CASE(a_foreign_loop_drives_it),
		CASE(a_context_is_made_with_it),
		CASE(other_loops_have_nothing_to_poll),
		CASE(descriptors_above_1023_work),
	};
	return cmocka_run_group_tests_name("mainloop/poll", tests, NULL, NULL);
}
