/*
 * envoi - loops whose system calls fail: tests
 * SPDX-License-Identifier: MIT
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

#include <envoi/context.h>
#include <envoi/interfaces/mainloop.h>
#include <envoi/mainloop.h>

#include "failing_calls.h"

struct fixture {
	struct envoi_context *context;
	struct envoi_loop *loop;
	struct envoi_watch watch;
	int fds[2];
	unsigned int notified;
};

static int new_libevent(struct envoi_loop **ret_loop, struct envoi_context *context)
{
	return envoi_loop_new_libevent(ret_loop, context, NULL);
}

static void begin(
	struct fixture *f, int (*make)(struct envoi_loop **ret_loop, struct envoi_context *context))
{
	*f = (struct fixture){.context = NULL};
	assert_int_equal(envoi_context_new(&f->context, NULL), ENVOI_OK);
	assert_int_equal(make(&f->loop, f->context), ENVOI_OK);
	assert_int_equal(envoi_context_take_loop(f->context, f->loop), ENVOI_OK);
	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, f->fds), 0);
}

static void end(struct fixture *f)
{
	failing_calls_leave();
	envoi_watch_stop(&f->watch);
	close(f->fds[0]);
	close(f->fds[1]);
	envoi_context_unref(f->context);
}

static void on_ready(struct envoi_watch *watch, unsigned int ready)
{
	(void)ready;
	ENVOI_CONTAINER_OF(watch, struct fixture, watch)->notified++;
}

static int start(struct fixture *f)
{
	return envoi_watch_start(&f->watch, f->loop, f->fds[0], ENVOI_IO_READ, on_ready);
}

static void fail_next(void)
{
	failing_calls_arm(FAIL_LOOP, 1, false);
	failing_calls_enter();
}

static void check_reading(struct fixture *f)
{
	failing_calls_leave();
	f->notified = 0;
	assert_int_equal(write(f->fds[1], "x", 1), 1);
	assert_int_equal(envoi_loop_run_once(f->loop, false), ENVOI_OK);
	assert_int_equal(f->notified, 1);
}

static void a_descriptor_that_libevent_cannot_watch_is_refused(void **state)
{
	struct fixture f;
	(void)state;
	begin(&f, new_libevent);
	fail_next();
	assert_int_equal(start(&f), ENVOI_ERR_SYSTEM);
	assert_string_equal(failing_calls_name(), "epoll_ctl");
	assert_int_equal(start(&f), ENVOI_OK);
	check_reading(&f);
	end(&f);
}

static void a_change_that_libevent_cannot_make_changes_nothing(void **state)
{
	struct fixture f;
	(void)state;
	begin(&f, new_libevent);
	assert_int_equal(start(&f), ENVOI_OK);
	fail_next();
	assert_int_equal(
		envoi_watch_set(&f.watch, ENVOI_IO_READ | ENVOI_IO_WRITE), ENVOI_ERR_SYSTEM);
	assert_string_equal(failing_calls_name(), "epoll_ctl");
	check_reading(&f);
	assert_int_equal(envoi_watch_set(&f.watch, ENVOI_IO_READ | ENVOI_IO_WRITE), ENVOI_OK);
	end(&f);
}

static void check_failed_wait(
	int (*make)(struct envoi_loop **ret_loop, struct envoi_context *context), const char *call)
{
	struct fixture f;
	begin(&f, make);
	assert_int_equal(start(&f), ENVOI_OK);
	fail_next();
	assert_int_equal(envoi_loop_run_once(f.loop, false), ENVOI_ERR_SYSTEM);
	assert_string_equal(failing_calls_name(), call);
	check_reading(&f);
	fail_next();
	assert_int_equal(envoi_loop_run(f.loop), ENVOI_ERR_SYSTEM);
	check_reading(&f);
	end(&f);
}

static void a_loop_that_cannot_wait_says_so_and_goes_on_later(void **state)
{
	(void)state;
	check_failed_wait(new_libevent, "epoll_wait");
	check_failed_wait(envoi_loop_new_poll, "poll");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_descriptor_that_libevent_cannot_watch_is_refused),
		cmocka_unit_test(a_change_that_libevent_cannot_make_changes_nothing),
		cmocka_unit_test(a_loop_that_cannot_wait_says_so_and_goes_on_later),
	};
	return cmocka_run_group_tests_name("mainloop/failing_calls", tests, NULL, NULL);
}
