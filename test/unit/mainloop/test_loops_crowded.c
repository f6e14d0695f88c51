/*
 * envoi - main loops with many descriptors, with events of others, and with nothing to do
 * SPDX-License-Identifier: MIT
 */
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <sys/resource.h>
#include <unistd.h>

#include "loop_fixture.h"
#include "test_allocator.h"

#define MANY 5000
#define FIRST_NUMBER 1025 /* select(2) would write beyond its sets */

struct crowd {
	struct envoi_watch watches[MANY];
	unsigned int calls[MANY];
	int fds[MANY];
};

static struct crowd *crowd;

static void allow_many_descriptors(void)
{
	struct rlimit limit;
	assert_int_equal(getrlimit(RLIMIT_NOFILE, &limit), 0);
	rlim_t needed = FIRST_NUMBER + MANY + 100;
	if (limit.rlim_cur < needed) {
		limit.rlim_cur = needed;
		if (needed > limit.rlim_max || setrlimit(RLIMIT_NOFILE, &limit) < 0) {
			skip();
		}
	}
}

static void on_member(struct envoi_watch *w, unsigned int ready)
{
	uint64_t value;
	assert_int_equal(ready, ENVOI_IO_READ);
	assert_int_equal(read(w->fd, &value, sizeof(value)), sizeof(value));
	crowd->calls[w - crowd->watches]++;
}

static void make_crowd(struct fixture *f)
{
	allow_many_descriptors();
	crowd = calloc(1, sizeof(*crowd));
	assert_non_null(crowd);
	for (int i = 0; i < MANY; i++) {
		int made = eventfd(0, EFD_NONBLOCK);
		crowd->fds[i] = fcntl(made, F_DUPFD, FIRST_NUMBER);
		close(made);
		assert_true(crowd->fds[i] >= FIRST_NUMBER);
		assert_int_equal(envoi_watch_start(&crowd->watches[i], f->loop, crowd->fds[i],
					 ENVOI_IO_READ, on_member),
			ENVOI_OK);
	}
}

static void free_crowd(void)
{
	for (int i = 0; i < MANY; i++) {
		envoi_watch_stop(&crowd->watches[i]);
		close(crowd->fds[i]);
	}
	free(crowd);
}

static void make_ready(int i)
{
	uint64_t one = 1;
	assert_int_equal(write(crowd->fds[i], &one, sizeof(one)), sizeof(one));
}

static void expect_calls(int every)
{
	for (int i = 0; i < MANY; i++) {
		assert_int_equal(crowd->calls[i], i % every == 0);
		crowd->calls[i] = 0;
	}
}

static void five_thousand_descriptors_are_told_apart(void **state)
{
	struct fixture *f = *state;
	make_crowd(f);
	turn_without_waiting(f);
	for (int every = 1; every < MANY; every = every * 10 + 1) {
		for (int i = 0; i < MANY; i += every) {
			make_ready(i);
		}
		for (int turns = 0; turns < 10; turns++) {
			turn_without_waiting(f);
		}
		expect_calls(every);
	}
	free_crowd();
	assert_false(turn(f));
}

static void stop_the_others(struct envoi_watch *w, unsigned int ready)
{
	(void)ready;
	crowd->calls[w - crowd->watches]++;
	for (int i = 0; i < MANY; i++) {
		envoi_watch_stop(&crowd->watches[i]);
	}
}

static void the_first_of_five_thousand_that_are_ready_stops_all(void **state)
{
	struct fixture *f = *state;
	make_crowd(f);
	for (int i = 0; i < MANY; i++) {
		crowd->watches[i].notify = stop_the_others;
		make_ready(i);
	}
	assert_true(turn(f));
	unsigned int calls = 0;
	for (int i = 0; i < MANY; i++) {
		calls += crowd->calls[i];
	}
	assert_int_equal(calls, 1);
	assert_false(turn(f));
	free_crowd();
}

/* --- beside events of the application --- */

static unsigned int rounds;

static void post_endlessly(struct envoi_deferred *deferred)
{
	rounds++;
	envoi_deferred_post(deferred, current->loop, post_endlessly);
}

static void always_ready(struct envoi_watch *w, unsigned int ready)
{
	(void)ready;
	record_watch(w, 0);
	current->recorded = 0;
	current->times[0]++;
}

/* Neither descriptor is ever served: both are ready in every turn. */
static void the_applications_events_and_ours_come_alternately(void **state)
{
	struct fixture *f = *state;
	int calls = 0, fd = eventfd(1, EFD_NONBLOCK);
	rounds = 0;
	start_stranger(f, fd, &calls);
	watch(f, 0, f->pair[0], ENVOI_IO_WRITE, always_ready);
	envoi_deferred_post(&f->deferred[0], f->loop, post_endlessly);
	for (int i = 0; i < 200; i++) {
		assert_true(turn(f));
	}
	assert_true(calls >= 100);
	assert_true(rounds >= 100);
	assert_true(f->times[0] >= 100);
	envoi_deferred_cancel(&f->deferred[0]);
	envoi_watch_stop(&f->watches[0]);
	stop_stranger(f);
	close(fd);
}

/* --- nothing to do --- */

static void a_waiting_loop_sleeps(void **state)
{
	struct fixture *f = *state;
	int turns = 0;
	watch(f, 0, f->pair[0], ENVOI_IO_READ, record_watch);
	start_timer(f, 0, 30);
	start_timer(f, 1, 3600000);
	while (f->recorded == 0 && turn(f)) {
		turns++;
	}
	assert_string_equal(f->record, "A");
	/* to see that it is due, to fire it, and one for a clock that is a millisecond behind */
	assert_true(turns <= 4);
	envoi_timer_stop(&f->timers[1]);
}

static void stopping_what_is_waited_for_lets_the_host_sleep(void **state)
{
	struct fixture *f = *state;
	watch(f, 0, f->pair[0], ENVOI_IO_READ, record_watch);
	watch(f, 1, f->pair[0], ENVOI_IO_WRITE, record_watch);
	peer_writes(f);
	assert_true(turn(f));
	assert_int_equal(envoi_watch_set(&f->watches[0], 0), ENVOI_OK);
	assert_int_equal(envoi_watch_set(&f->watches[1], 0), ENVOI_OK);
	assert_false(turn(f));
}

/* --- what is particular to hosts --- */

static void a_host_that_refuses_changes_nothing(void **state)
{
	struct fixture *f = *state;
	f->host.refuses = true;
	assert_int_equal(envoi_watch_start(
				 &f->watches[0], f->loop, f->pair[0], ENVOI_IO_WRITE, record_watch),
		ENVOI_ERR_SYSTEM);
	watch(f, 1, f->pair[0], 0, record_watch);
	assert_int_equal(envoi_watch_set(&f->watches[1], ENVOI_IO_WRITE), ENVOI_ERR_SYSTEM);
	assert_int_equal(f->watches[1].interest, 0);
	assert_int_equal(envoi_loop_run_once(f->loop, false), ENVOI_END);
	f->host.refuses = false;
	assert_int_equal(envoi_watch_set(&f->watches[1], ENVOI_IO_WRITE), ENVOI_OK);
	assert_true(turn(f));
	assert_string_equal(f->record, "1");
}

static void an_early_alarm_of_the_host_is_set_again(void **state)
{
	struct fixture *f = *state;
	start_timer(f, 0, 1000000);
	f->host.delay_ms = UINT64_MAX;
	assert_int_equal(envoi_loop_run_once(f->loop, false), ENVOI_OK);
	assert_true(f->host.delay_ms > 900000 && f->host.delay_ms <= 1000001);
	envoi_timer_stop(&f->timers[0]);
	assert_int_equal(f->host.delay_ms, UINT64_MAX);
	assert_int_equal(envoi_loop_run_once(f->loop, false), ENVOI_END);
	assert_int_equal(envoi_loop_run_once(f->loop, true), ENVOI_ERR_UNSUPPORTED);
}

static int make_hosted(struct envoi_context *context)
{
	struct poll_host host = {.base.impl = current->host.base.impl};
	struct envoi_loop *loop;
	int r = envoi_loop_new_hosted(&loop, context, &host.base);
	assert_int_equal(host.is_freed, r < 0);
	if (r == ENVOI_OK) {
		envoi_loop_destroy(loop);
		assert_true(host.is_freed);
	}
	return r;
}

static void a_host_is_freed_without_memory_too(void **state)
{
	(void)state;
	assert_true(test_allocator_try(make_hosted) > 1);
}

static void two_contexts_have_one_host(void **state)
{
	struct fixture *f = *state;
	struct envoi_context *second;
	assert_int_equal(new_context_on_host(f, &second), ENVOI_OK);
	start_timer(f, 0, 1);
	envoi_timer_start(&f->timers[1], envoi_context_loop(second), 20, record_timer);
	run(f);
	assert_string_equal(f->record, "AB");
	envoi_context_unref(second);
	run(f); /* libuv closes its handles in a turn of its own */
}

static void regular_files_are_refused(void **state)
{
	struct fixture *f = *state;
	FILE *file = tmpfile();
	assert_non_null(file);
	assert_int_equal(envoi_watch_start(&f->watches[0], f->loop, fileno(file), ENVOI_IO_READ,
				 record_watch),
		ENVOI_ERR_SYSTEM);
	fclose(file);
	assert_false(turn(f));
}

/* clang-format off */
static const struct loop_case cases[] = {
	LOOP_CASE(five_thousand_descriptors_are_told_apart),
	LOOP_CASE(the_first_of_five_thousand_that_are_ready_stops_all),
	LOOP_CASE_OF(is_with_others, the_applications_events_and_ours_come_alternately),
	LOOP_CASE(a_waiting_loop_sleeps),
	LOOP_CASE(stopping_what_is_waited_for_lets_the_host_sleep),
	LOOP_CASE_OF(is_hosted, a_host_that_refuses_changes_nothing),
	LOOP_CASE_OF(is_hosted, an_early_alarm_of_the_host_is_set_again),
	LOOP_CASE_OF(is_hosted, a_host_is_freed_without_memory_too),
	LOOP_CASE_OF(is_with_others, two_contexts_have_one_host),
	LOOP_CASE_OF(refuses_files, regular_files_are_refused),
};
/* clang-format on */

int main(void)
{
	return run_loop_cases("mainloop/loops_crowded", cases, sizeof(cases) / sizeof(cases[0]));
}
