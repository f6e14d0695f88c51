/*
 * envoi - main loop on libevent: tests of what is particular to it
 * SPDX-License-Identifier: MIT
 */
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

#include <event2/event.h>

#include <envoi/context.h>
#include <envoi/interfaces/mainloop.h>
#include <envoi/mainloop.h>

#include "between.h"

static bool libevent_has_no_memory;

static void *event_malloc(size_t len)
{
	return libevent_has_no_memory ? NULL : malloc(len);
}

static void *event_realloc(void *memory, size_t len)
{
	return libevent_has_no_memory ? NULL : realloc(memory, len);
}

struct fixture {
	struct event_base *base;
	struct envoi_context *context;
	struct envoi_loop *loop;
	struct envoi_timer timer;
	struct envoi_deferred deferred;
	struct envoi_watch watch;
	int pair[2];
	int calls, theirs;
};

static int setup(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));
	assert_non_null(f);
	f->base = event_base_new();
	assert_non_null(f->base);
	assert_int_equal(envoi_context_new_on_libevent(&f->context, f->base), ENVOI_OK);
	f->loop = envoi_context_loop(f->context);
	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, f->pair), 0);
	*state = f;
	return 0;
}

static int teardown(void **state)
{
	struct fixture *f = *state;
	libevent_has_no_memory = false;
	envoi_watch_stop(&f->watch);
	envoi_context_unref(f->context);
	event_base_free(f->base);
	close(f->pair[0]);
	close(f->pair[1]);
	free(f);
	return 0;
}

static int events_on(struct event_base *base)
{
	return event_base_get_num_events(base, EVENT_BASE_COUNT_ADDED | EVENT_BASE_COUNT_ACTIVE);
}

static void on_timer(struct envoi_timer *timer)
{
	ENVOI_CONTAINER_OF(timer, struct fixture, timer)->calls++;
}

static void on_deferred(struct envoi_deferred *deferred)
{
	ENVOI_CONTAINER_OF(deferred, struct fixture, deferred)->calls++;
}

static void on_watch(struct envoi_watch *watch, unsigned int ready)
{
	(void)ready;
	ENVOI_CONTAINER_OF(watch, struct fixture, watch)->calls++;
	envoi_watch_stop(watch);
}

static void no_event_is_pending_while_nothing_waits(void **state)
{
	struct fixture *f = *state;
	assert_int_equal(events_on(f->base), 0);
	envoi_timer_start(&f->timer, f->loop, 100000, on_timer);
	envoi_deferred_post(&f->deferred, f->loop, on_deferred);
	assert_int_equal(envoi_watch_start(&f->watch, f->loop, f->pair[0],
				 ENVOI_IO_READ | ENVOI_IO_WRITE, on_watch),
		ENVOI_OK);
	assert_true(events_on(f->base) > 0);
	assert_int_equal(envoi_watch_set(&f->watch, 0), ENVOI_OK);
	envoi_deferred_cancel(&f->deferred);
	envoi_timer_stop(&f->timer);
	assert_int_equal(events_on(f->base), 0);
	assert_int_equal(event_base_dispatch(f->base), 1);
	envoi_timer_start(&f->timer, f->loop, 1, on_timer);
	assert_int_equal(event_base_dispatch(f->base), 1);
	assert_int_equal(f->calls, 1);
	assert_int_equal(events_on(f->base), 0);
}

static void a_context_that_goes_leaves_the_base_as_it_was(void **state)
{
	struct fixture *f = *state;
	envoi_deferred_post(&f->deferred, f->loop, on_deferred);
	event_base_loop(f->base, EVLOOP_NONBLOCK);
	assert_int_equal(f->calls, 1);
	envoi_timer_start(&f->timer, f->loop, 100000, on_timer);
	envoi_timer_stop(&f->timer);
	f->context = envoi_context_unref(f->context);
	assert_int_equal(events_on(f->base), 0);
	assert_int_equal(event_base_dispatch(f->base), 1);
}

static void on_theirs(evutil_socket_t fd, short what, void *user)
{
	(void)what;
	struct fixture *f = user;
	char byte;
	f->theirs += (int)read(fd, &byte, 1);
	envoi_deferred_cancel(&f->deferred);
}

static void post_endlessly(struct envoi_deferred *deferred)
{
	struct fixture *f = ENVOI_CONTAINER_OF(deferred, struct fixture, deferred);
	if (++f->calls == 5) {
		f->theirs += 10 * (int)write(f->pair[1], "x", 1);
	}
	if (f->calls < 1000) {
		envoi_deferred_post(deferred, f->loop, post_endlessly);
	}
}

/* Deferred calls that keep posting themselves end only when the application's event comes. */
static void the_applications_events_are_not_starved(void **state)
{
	struct fixture *f = *state;
	struct event *theirs = event_new(f->base, f->pair[0], EV_READ, on_theirs, f);
	event_add(theirs, NULL);
	envoi_deferred_post(&f->deferred, f->loop, post_endlessly);
	assert_int_equal(event_base_dispatch(f->base), 1);
	assert_int_equal(f->theirs, 11);
	assert_between(f->calls, 5, 8);
	event_free(theirs);
}

static void an_adopted_base_is_not_run_by_us(void **state)
{
	struct fixture *f = *state;
	assert_int_equal(envoi_loop_run(f->loop), ENVOI_ERR_UNSUPPORTED);
	assert_int_equal(envoi_loop_run_once(f->loop, false), ENVOI_ERR_UNSUPPORTED);
	struct envoi_context *context;
	assert_int_equal(envoi_context_new_on_libevent(&context, NULL), ENVOI_ERR_INVALID);
}

/* Without memory for a timeout the alarm comes early, and a timer in time all the same. */
static void the_alarm_needs_no_memory(void **state)
{
	struct fixture *f = *state;
	uint64_t start_ms = envoi_loop_now_ms(f->loop);
	libevent_has_no_memory = true;
	envoi_timer_start(&f->timer, f->loop, 5, on_timer);
	while (f->calls == 0 && event_base_loop(f->base, EVLOOP_ONCE) == 0) {
	}
	assert_int_equal(f->calls, 1);
	assert_true(envoi_loop_now_ms(f->loop) >= start_ms + 5);
}

static void a_watch_that_cannot_be_made_changes_nothing(void **state)
{
	struct fixture *f = *state;
	libevent_has_no_memory = true;
	assert_int_equal(envoi_watch_start(&f->watch, f->loop, f->pair[0], ENVOI_IO_READ, on_watch),
		ENVOI_ERR_SYSTEM);
	libevent_has_no_memory = false;
	assert_null(f->watch.loop);
	assert_int_equal(events_on(f->base), 0);
	assert_int_equal(
		envoi_watch_start(&f->watch, f->loop, f->pair[0], ENVOI_IO_WRITE, on_watch),
		ENVOI_OK);
	assert_int_equal(event_base_dispatch(f->base), 1);
	assert_int_equal(f->calls, 1);
}

static void signals_are_not_handled(void **state)
{
	struct fixture *f = *state;
	struct sigaction before[3], after;
	static const int signals[] = {SIGPIPE, SIGINT, SIGTERM};
	for (size_t i = 0; i < 3; i++) {
		sigaction(signals[i], NULL, &before[i]);
	}
	struct envoi_context *context;
	assert_int_equal(envoi_context_new(&context, NULL), ENVOI_OK);
	envoi_timer_start(&f->timer, envoi_context_loop(context), 1, on_timer);
	assert_int_equal(envoi_loop_run(envoi_context_loop(context)), ENVOI_OK);
	for (size_t i = 0; i < 3; i++) {
		sigaction(signals[i], NULL, &after);
		assert_ptr_equal(after.sa_handler, before[i].sa_handler);
	}
	envoi_context_unref(context);
}

/* --- the context's loop --- */

static void a_context_makes_its_loop_when_it_is_asked_for(void **state)
{
	(void)state;
	struct envoi_context *context;
	struct envoi_loop *other;
	assert_int_equal(envoi_context_new(&context, NULL), ENVOI_OK);
	struct envoi_loop *loop = envoi_context_loop(context);
	assert_non_null(loop);
	assert_string_equal(loop->impl->name, "libevent");
	assert_ptr_equal(envoi_context_loop(context), loop);
	assert_int_equal(envoi_loop_new_poll(&other, context), ENVOI_OK);
	assert_int_equal(envoi_context_take_loop(context, other), ENVOI_ERR_STATE);
	assert_ptr_equal(envoi_context_loop(context), loop);
	envoi_context_unref(context);
}

int main(void)
{
	event_set_mem_functions(event_malloc, event_realloc, free);
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(
			no_event_is_pending_while_nothing_waits, setup, teardown),
		cmocka_unit_test_setup_teardown(
			a_context_that_goes_leaves_the_base_as_it_was, setup, teardown),
		cmocka_unit_test_setup_teardown(
			the_applications_events_are_not_starved, setup, teardown),
		cmocka_unit_test_setup_teardown(an_adopted_base_is_not_run_by_us, setup, teardown),
		cmocka_unit_test_setup_teardown(the_alarm_needs_no_memory, setup, teardown),
		cmocka_unit_test_setup_teardown(
			a_watch_that_cannot_be_made_changes_nothing, setup, teardown),
		cmocka_unit_test_setup_teardown(signals_are_not_handled, setup, teardown),
		cmocka_unit_test(a_context_makes_its_loop_when_it_is_asked_for),
	};
	return cmocka_run_group_tests_name("mainloop/libevent", tests, NULL, NULL);
}
