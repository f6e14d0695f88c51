/*
 * envoi - main loops: cases that every one of them passes
 * SPDX-License-Identifier: MIT
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "loop_fixture.h"

/* --- timers --- */

static void timers_come_by_time_then_in_order_of_starting(void **state)
{
	struct fixture *f = *state;
	static const uint64_t delays_ms[] = {8, 3, 0, 3, 0};
	for (size_t i = 0; i < 5; i++) {
		start_timer(f, i, delays_ms[i]);
	}
	uint64_t due_ms[5];
	for (size_t i = 0; i < 5; i++) {
		due_ms[i] = f->timers[i].due_ms;
	}
	run(f);
	assert_int_equal(f->recorded, 5);
	for (size_t i = 1; i < 5; i++) {
		size_t before = (size_t)(f->record[i - 1] - 'A'),
		       now = (size_t)(f->record[i] - 'A');
		assert_true(due_ms[before] < due_ms[now] ||
			(due_ms[before] == due_ms[now] && before < now));
	}
	if (f->kind == SIMULATED) {
		assert_string_equal(f->record, "CEBDA");
	}
}

static uint64_t monotonic_ns(void)
{
	struct timespec now;
	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000000000 + (uint64_t)now.tv_nsec;
}

static void note_time(struct envoi_timer *timer)
{
	current->times[timer - current->timers] = current->kind == SIMULATED
		? envoi_loop_now_ms(current->loop) * 1000000
		: monotonic_ns();
}

static void timers_are_never_early(void **state)
{
	struct fixture *f = *state;
	uint64_t started[5];
	for (size_t i = 0; i < 5; i++) {
		started[i] = f->kind == SIMULATED ? 0 : monotonic_ns();
		envoi_timer_start(&f->timers[i], f->loop, i, note_time);
	}
	run(f);
	for (size_t i = 0; i < 5; i++) {
		assert_true(f->times[i] >= started[i] + i * 1000000);
	}
}

/* Looking all the time, a timer is seen as soon as the loop holds it for due. */
static void timers_are_not_early_for_a_loop_that_polls_all_the_time(void **state)
{
	struct fixture *f = *state;
	for (int i = 0; i < 20 && f->kind != SIMULATED; i++) {
		uint64_t started = monotonic_ns();
		f->times[0] = 0;
		envoi_timer_start(&f->timers[0], f->loop, 1, note_time);
		while (f->times[0] == 0) {
			turn_without_waiting(f);
		}
		assert_true(f->times[0] >= started + 1000000);
	}
}

static void a_stopped_timer_does_not_come_and_a_restarted_one_comes_once(void **state)
{
	struct fixture *f = *state;
	start_timer(f, 0, 1);
	start_timer(f, 1, 1);
	envoi_timer_stop(&f->timers[0]);
	envoi_timer_stop(&f->timers[0]);
	start_timer(f, 1, 3);
	start_timer(f, 2, 5);
	assert_false(envoi_timer_is_started(&f->timers[0]));
	assert_true(envoi_timer_is_started(&f->timers[1]));
	run(f);
	assert_string_equal(f->record, "BC");
	assert_false(envoi_timer_is_started(&f->timers[1]));
}

static void stop_next_timer(struct envoi_timer *timer)
{
	record_timer(timer);
	envoi_timer_stop(timer + 1);
}

static void a_timer_stopped_by_another_of_the_same_turn_does_not_come(void **state)
{
	struct fixture *f = *state;
	envoi_timer_start(&f->timers[0], f->loop, 0, stop_next_timer);
	start_timer(f, 1, 0);
	start_timer(f, 2, 0);
	run(f);
	assert_string_equal(f->record, "AC");
}

static void restart_five_times(struct envoi_timer *timer)
{
	record_timer(timer);
	if (current->recorded < 6) {
		envoi_timer_start(timer, current->loop, 0, restart_five_times);
	}
}

static void read_one_byte(struct envoi_watch *w, unsigned int ready)
{
	char byte;
	current->results[1] = (int)read(w->fd, &byte, 1);
	record_watch(w, ready);
	if (current->results[1] <= 0) {
		envoi_watch_stop(w);
	}
}

/* A timer that keeps restarting itself runs every second turn, and descriptors are read between. */
static void zero_timers_do_not_starve_descriptors(void **state)
{
	struct fixture *f = *state;
	envoi_timer_start(&f->timers[0], f->loop, 0, restart_five_times);
	watch(f, 0, f->pair[0], ENVOI_IO_READ, read_one_byte);
	assert_true(turn(f));
	assert_true(turn(f));
	assert_string_equal(f->record, "A");
	peer_writes(f);
	assert_true(turn(f));
	assert_string_equal(f->record, "A0");
	assert_true(turn(f));
	assert_string_equal(f->record, "A0A");
	envoi_watch_stop(&f->watches[0]);
	run(f);
	assert_string_equal(f->record, "A0AAAA");
}

static void start_two_and_stop_one(struct envoi_timer *timer)
{
	record_timer(timer);
	start_timer(current, 2, 0);
	start_timer(current, 1, 4);
	envoi_timer_stop(&current->timers[3]);
}

static void timers_are_started_and_stopped_inside_a_timer(void **state)
{
	struct fixture *f = *state;
	envoi_timer_start(&f->timers[0], f->loop, 0, start_two_and_stop_one);
	start_timer(f, 3, 2);
	run(f);
	assert_string_equal(f->record, "ACB");
}

static void free_own_timer(struct envoi_timer *timer)
{
	record('x');
	free(timer);
}

static void a_timer_is_freed_inside_itself(void **state)
{
	struct fixture *f = *state;
	struct envoi_timer *timer = calloc(1, sizeof(*timer));
	assert_non_null(timer);
	envoi_timer_start(timer, f->loop, 0, free_own_timer);
	run(f);
	assert_string_equal(f->record, "x");
}

static void a_timer_that_never_comes_keeps_nothing_waiting(void **state)
{
	struct fixture *f = *state;
	start_timer(f, 0, UINT64_MAX);
	start_timer(f, 1, 1);
	run(f);
	assert_string_equal(f->record, "B");
	assert_true(envoi_timer_is_started(&f->timers[0]));
	envoi_timer_stop(&f->timers[0]);
}

/* --- deferred calls --- */

static void deferred_calls_come_in_order_and_once(void **state)
{
	struct fixture *f = *state;
	post(f, 2);
	post(f, 0);
	post(f, 1);
	post(f, 0);
	envoi_deferred_cancel(&f->deferred[2]);
	envoi_deferred_cancel(&f->deferred[2]);
	run(f);
	assert_string_equal(f->record, "ab");
}

static void post_again(struct envoi_deferred *deferred)
{
	record_deferred(deferred);
	post(current, 1);
	post(current, 2);
	envoi_deferred_cancel(&current->deferred[3]);
}

static void a_call_posted_by_a_deferred_call_comes_next_turn(void **state)
{
	struct fixture *f = *state;
	envoi_deferred_post(&f->deferred[0], f->loop, post_again);
	post(f, 3);
	post(f, 4);
	assert_true(turn(f));
	assert_string_equal(f->record, "ae");
	assert_true(turn(f));
	assert_string_equal(f->record, "aebc");
}

static void repost_five_times(struct envoi_deferred *deferred)
{
	record_deferred(deferred);
	if (current->recorded < 6) {
		envoi_deferred_post(deferred, current->loop, repost_five_times);
	}
}

static void deferred_calls_do_not_starve_descriptors(void **state)
{
	struct fixture *f = *state;
	envoi_deferred_post(&f->deferred[0], f->loop, repost_five_times);
	watch(f, 0, f->pair[0], ENVOI_IO_READ, read_one_byte);
	peer_writes(f);
	assert_true(turn(f));
	assert_true(turn(f));
	assert_string_equal(f->record, "0aa");
	envoi_deferred_cancel(&f->deferred[0]);
}

static void running_once_without_waiting_is_one_turn(void **state)
{
	struct fixture *f = *state;
	envoi_deferred_post(&f->deferred[0], f->loop, repost_five_times);
	turn_without_waiting(f);
	assert_string_equal(f->record, "a");
	assert_int_equal(f->results[0], ENVOI_OK);
	envoi_deferred_cancel(&f->deferred[0]);
	start_timer(f, 0, 100000);
	turn_without_waiting(f);
	assert_string_equal(f->record, "a");
	assert_int_equal(f->results[0], ENVOI_OK);
	envoi_timer_stop(&f->timers[0]);
}

static void free_own_deferred(struct envoi_deferred *deferred)
{
	record('x');
	free(deferred);
}

static void a_deferred_call_is_freed_inside_itself(void **state)
{
	struct fixture *f = *state;
	struct envoi_deferred *deferred = calloc(1, sizeof(*deferred));
	assert_non_null(deferred);
	envoi_deferred_post(deferred, f->loop, free_own_deferred);
	run(f);
	assert_string_equal(f->record, "x");
}

/* --- descriptors --- */

static void post_and_start(struct envoi_watch *w, unsigned int ready)
{
	read_one_byte(w, ready);
	post(current, 0);
	start_timer(current, 0, 0);
}

static void a_turn_is_descriptors_then_deferred_calls_then_timers(void **state)
{
	struct fixture *f = *state;
	start_timer(f, 1, 0);
	assert_true(turn(f));
	assert_string_equal(f->record, "");
	watch(f, 0, f->pair[0], ENVOI_IO_READ, post_and_start);
	peer_writes(f);
	assert_true(turn(f));
	assert_string_equal(f->record, "0aB");
	envoi_watch_stop(&f->watches[0]);
	run(f);
	assert_string_equal(f->record, "0aBA");
}

static void post_stop_of_timer(struct envoi_deferred *deferred)
{
	record_deferred(deferred);
	envoi_timer_stop(&current->timers[0]);
}

static void read_and_post(struct envoi_watch *w, unsigned int ready)
{
	read_one_byte(w, ready);
	envoi_deferred_post(&current->deferred[0], current->loop, post_stop_of_timer);
}

/* The alarm may come before descriptors are looked at: after SIGCONT epoll_wait(2) reports EINTR
 * and no descriptor. The answer that is there must still come first. */
static void an_overdue_timer_waits_for_one_reading_of_descriptors(void **state)
{
	struct fixture *f = *state;
	start_timer(f, 0, 0);
	watch(f, 0, f->pair[0], ENVOI_IO_READ, read_and_post);
	peer_writes(f);
	envoi_loop_turn(f->loop);
	assert_string_equal(f->record, "");
	assert_true(turn(f));
	assert_string_equal(f->record, "0a");
	assert_false(envoi_timer_is_started(&f->timers[0]));
}

static void an_overdue_timer_fires_when_nothing_was_there_to_read(void **state)
{
	struct fixture *f = *state;
	start_timer(f, 0, 0);
	envoi_loop_turn(f->loop);
	assert_true(turn(f));
	assert_string_equal(f->record, "A");
}

static void interest_decides_what_comes(void **state)
{
	struct fixture *f = *state;
	watch(f, 0, f->pair[0], 0, record_watch);
	peer_writes(f);
	turn_without_waiting(f);
	assert_int_equal(f->recorded, 0);
	assert_int_equal(envoi_watch_set(&f->watches[0], ENVOI_IO_WRITE), ENVOI_OK);
	assert_true(turn(f));
	assert_int_equal(f->ready, ENVOI_IO_WRITE);
	assert_int_equal(envoi_watch_set(&f->watches[0], ENVOI_IO_READ | ENVOI_IO_WRITE), ENVOI_OK);
	assert_true(turn(f));
	assert_int_equal(f->ready, ENVOI_IO_READ | ENVOI_IO_WRITE);
	f->ready = 0;
	assert_int_equal(envoi_watch_set(&f->watches[0], ENVOI_IO_READ), ENVOI_OK);
	assert_true(turn(f));
	assert_int_equal(f->ready, ENVOI_IO_READ);
	assert_int_equal(envoi_watch_set(&f->watches[0], 0), ENVOI_OK);
	f->recorded = 0;
	turn_without_waiting(f);
	assert_int_equal(f->recorded, 0);
}

static void readiness_is_reported_again_until_it_is_served(void **state)
{
	struct fixture *f = *state;
	watch(f, 0, f->pair[0], ENVOI_IO_READ, record_watch);
	peer_writes(f);
	assert_true(turn(f));
	assert_true(turn(f));
	assert_string_equal(f->record, "00");
}

static void hang_up_shows_as_what_is_waited_for_and_not_when_nothing_is(void **state)
{
	struct fixture *f = *state;
	watch(f, 0, f->pair[0], 0, record_watch);
	close(f->pair[1]);
	f->pair[1] = -1;
	turn_without_waiting(f);
	assert_int_equal(f->recorded, 0);
	assert_int_equal(envoi_watch_set(&f->watches[0], ENVOI_IO_READ), ENVOI_OK);
	assert_true(turn(f));
	assert_int_equal(f->ready, ENVOI_IO_READ);
	f->ready = 0;
	assert_int_equal(envoi_watch_set(&f->watches[0], ENVOI_IO_WRITE), ENVOI_OK);
	assert_true(turn(f));
	assert_int_equal(f->ready, ENVOI_IO_WRITE);
}

/* A pipe reports hang-up without anything to read. */
static void the_end_of_a_pipe_shows(void **state)
{
	struct fixture *f = *state;
	assert_int_equal(pipe(f->ends), 0);
	watch(f, 0, f->ends[0], ENVOI_IO_READ, record_watch);
	close(f->ends[1]);
	assert_true(turn(f));
	assert_string_equal(f->record, "0");
	assert_int_equal(f->ready, ENVOI_IO_READ);
	envoi_watch_stop(&f->watches[0]);
	close(f->ends[0]);
}

static void stop_all_watches(struct envoi_watch *w, unsigned int ready)
{
	record_watch(w, ready);
	for (size_t i = 0; i < 6; i++) {
		envoi_watch_stop(&current->watches[i]);
	}
}

static void ready_watches_stopped_by_the_first_are_not_notified(void **state)
{
	struct fixture *f = *state;
	for (size_t i = 0; i < 4; i++) {
		watch(f, i, f->pair[i % 2], ENVOI_IO_READ | ENVOI_IO_WRITE, stop_all_watches);
	}
	peer_writes(f);
	assert_true(turn(f));
	assert_int_equal(f->recorded, 1);
	assert_false(turn(f));
}

static struct envoi_watch *heap_watches[8];

static void free_all_watches(struct envoi_watch *w, unsigned int ready)
{
	(void)w;
	(void)ready;
	record('x');
	for (size_t i = 0; i < 8; i++) {
		envoi_watch_stop(heap_watches[i]);
		free(heap_watches[i]);
	}
}

static void ready_watches_are_freed_by_the_first(void **state)
{
	struct fixture *f = *state;
	for (size_t i = 0; i < 8; i++) {
		heap_watches[i] = calloc(1, sizeof(*heap_watches[i]));
		assert_non_null(heap_watches[i]);
		assert_int_equal(envoi_watch_start(heap_watches[i], f->loop, f->pair[i % 2],
					 ENVOI_IO_READ | ENVOI_IO_WRITE, free_all_watches),
			ENVOI_OK);
	}
	peer_writes(f);
	assert_true(turn(f));
	assert_string_equal(f->record, "x");
	assert_false(turn(f));
}

static void start_others(struct envoi_watch *w, unsigned int ready)
{
	record_watch(w, ready);
	envoi_watch_stop(w);
	for (size_t i = 1; i < 6; i++) {
		current->results[0] += envoi_watch_start(
			&current->watches[i], current->loop, w->fd, ENVOI_IO_READ, record_watch);
	}
}

static void watches_started_inside_a_notify_work(void **state)
{
	struct fixture *f = *state;
	watch(f, 0, f->pair[0], ENVOI_IO_READ, start_others);
	peer_writes(f);
	assert_true(turn(f));
	assert_int_equal(f->results[0], ENVOI_OK);
	assert_string_equal(f->record, "0");
	assert_true(turn(f));
	assert_int_equal(f->recorded, 6);
}

static void free_own_watch(struct envoi_watch *w, unsigned int ready)
{
	(void)ready;
	record('x');
	envoi_watch_stop(w);
	close(w->fd);
	free(w);
}

static void a_watch_is_freed_and_its_descriptor_closed_inside_itself(void **state)
{
	struct fixture *f = *state;
	struct envoi_watch *w = calloc(1, sizeof(*w));
	assert_non_null(w);
	assert_int_equal(envoi_watch_start(w, f->loop, f->pair[0], ENVOI_IO_READ | ENVOI_IO_WRITE,
				 free_own_watch),
		ENVOI_OK);
	f->pair[0] = -1;
	run(f);
	assert_string_equal(f->record, "x");
}

/* The number of a closed descriptor comes back: nothing of the old watch reaches the new one. */
static void a_reused_descriptor_number_is_a_new_descriptor(void **state)
{
	struct fixture *f = *state;
	watch(f, 0, f->pair[0], ENVOI_IO_READ | ENVOI_IO_WRITE, record_watch);
	envoi_watch_stop(&f->watches[0]);
	int number = f->pair[0], fresh[2];
	close(f->pair[0]);
	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, fresh), 0);
	assert_int_equal(fresh[0], number);
	watch(f, 1, fresh[0], ENVOI_IO_READ, record_watch);
	turn_without_waiting(f);
	assert_int_equal(f->recorded, 0);
	assert_int_equal(write(fresh[1], "x", 1), 1);
	assert_true(turn(f));
	assert_string_equal(f->record, "1");
	envoi_watch_stop(&f->watches[1]);
	f->pair[0] = fresh[0];
	close(fresh[1]);
}

/* Another descriptor of the same number, which has nothing to read. */
static void replace_other(struct envoi_watch *w, unsigned int ready)
{
	size_t other = w == &current->watches[0] ? 1 : 0;
	int number = current->pair[other];
	(void)ready;
	record('x');
	envoi_watch_stop(w);
	envoi_watch_stop(&current->watches[other]);
	assert_int_equal(dup2(current->ends[0], number), number);
	watch(current, 2, number, ENVOI_IO_READ, record_watch);
}

static void a_ready_descriptor_is_replaced_by_a_new_one_of_its_number(void **state)
{
	struct fixture *f = *state;
	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, f->ends), 0);
	watch(f, 0, f->pair[0], ENVOI_IO_READ, replace_other);
	watch(f, 1, f->pair[1], ENVOI_IO_READ, replace_other);
	assert_int_equal(write(f->pair[0], "x", 1), 1);
	assert_int_equal(write(f->pair[1], "x", 1), 1);
	assert_true(turn(f));
	turn_without_waiting(f);
	assert_string_equal(f->record, "x");
	envoi_watch_stop(&f->watches[2]);
	close(f->ends[0]);
	close(f->ends[1]);
}

static void misuse_of_watches_is_refused(void **state)
{
	struct fixture *f = *state;
	assert_int_equal(
		envoi_watch_start(&f->watches[0], f->loop, -1, 0, record_watch), ENVOI_ERR_INVALID);
	assert_int_equal(envoi_watch_set(&f->watches[0], ENVOI_IO_READ), ENVOI_ERR_STATE);
	envoi_watch_stop(&f->watches[0]);
	watch(f, 0, f->pair[0], ENVOI_IO_READ, record_watch);
	assert_int_equal(envoi_watch_start(&f->watches[0], f->loop, f->pair[0], 0, record_watch),
		ENVOI_ERR_STATE);
}

/* --- running --- */

static void try_to_run(struct envoi_timer *timer)
{
	record_timer(timer);
	current->results[0] = envoi_loop_run(current->loop);
	current->results[1] = envoi_loop_run_once(current->loop, false);
	envoi_loop_turn(current->loop);
}

static void running_inside_a_callback_is_refused(void **state)
{
	struct fixture *f = *state;
	envoi_timer_start(&f->timers[0], f->loop, 0, try_to_run);
	start_timer(f, 1, 0);
	run(f);
	assert_string_equal(f->record, "AB");
	assert_int_equal(f->results[0], has_a_host(f) ? ENVOI_ERR_UNSUPPORTED : ENVOI_ERR_STATE);
	assert_int_equal(
		f->results[1], f->kind == ADOPTED ? ENVOI_ERR_UNSUPPORTED : ENVOI_ERR_STATE);
}

static void quit_loop(struct envoi_timer *timer)
{
	record_timer(timer);
	envoi_loop_quit(current->loop);
	start_timer(current, 2, 0);
}

static void quit_ends_run_after_the_turn_and_is_forgotten(void **state)
{
	struct fixture *f = *state;
	envoi_loop_quit(f->loop);
	envoi_timer_start(&f->timers[0], f->loop, 0, quit_loop);
	start_timer(f, 1, 0);
	post(f, 0);
	run(f);
	if (!has_a_host(f)) {
		assert_string_equal(f->record, "aAB");
		run(f);
	}
	assert_string_equal(f->record, "aABC"); /* a host is never ended */
}

static void a_loop_with_nothing_to_wait_for_says_so(void **state)
{
	struct fixture *f = *state;
	assert_false(turn(f));
	start_timer(f, 0, 1000);
	post(f, 0);
	envoi_timer_stop(&f->timers[0]);
	envoi_deferred_cancel(&f->deferred[0]);
	watch(f, 0, f->pair[0], ENVOI_IO_READ, record_watch);
	envoi_watch_stop(&f->watches[0]);
	assert_false(turn(f));
	assert_int_equal(f->recorded, 0);
}

/* --- the end of the context inside a callback --- */

static void drop_context_in_timer(struct envoi_timer *timer)
{
	record_timer(timer);
	current->context = envoi_context_unref(current->context);
}

static void the_context_is_dropped_inside_a_timer(void **state)
{
	struct fixture *f = *state;
	envoi_timer_start(&f->timers[0], f->loop, 0, drop_context_in_timer);
	run(f);
	assert_string_equal(f->record, "A");
	assert_null(f->context);
}

static void drop_context_in_deferred(struct envoi_deferred *deferred)
{
	record_deferred(deferred);
	current->context = envoi_context_unref(current->context);
}

static void the_context_is_dropped_inside_a_deferred_call(void **state)
{
	struct fixture *f = *state;
	envoi_deferred_post(&f->deferred[0], f->loop, drop_context_in_deferred);
	run(f);
	assert_string_equal(f->record, "a");
}

static void drop_context_in_watch(struct envoi_watch *w, unsigned int ready)
{
	record_watch(w, ready);
	envoi_watch_stop(w);
	current->context = envoi_context_unref(current->context);
}

static void the_context_is_dropped_inside_a_watch(void **state)
{
	struct fixture *f = *state;
	watch(f, 0, f->pair[0], ENVOI_IO_READ | ENVOI_IO_WRITE, drop_context_in_watch);
	peer_writes(f);
	run(f);
	assert_string_equal(f->record, "0");
}

/* clang-format off */
static const struct loop_case cases[] = {
	LOOP_CASE(timers_come_by_time_then_in_order_of_starting),
	LOOP_CASE(timers_are_never_early),
	LOOP_CASE(timers_are_not_early_for_a_loop_that_polls_all_the_time),
	LOOP_CASE(a_stopped_timer_does_not_come_and_a_restarted_one_comes_once),
	LOOP_CASE(a_timer_stopped_by_another_of_the_same_turn_does_not_come),
	LOOP_CASE(zero_timers_do_not_starve_descriptors),
	LOOP_CASE(timers_are_started_and_stopped_inside_a_timer),
	LOOP_CASE(a_timer_is_freed_inside_itself),
	LOOP_CASE(a_timer_that_never_comes_keeps_nothing_waiting),
	LOOP_CASE(deferred_calls_come_in_order_and_once),
	LOOP_CASE(a_call_posted_by_a_deferred_call_comes_next_turn),
	LOOP_CASE(deferred_calls_do_not_starve_descriptors),
	LOOP_CASE(running_once_without_waiting_is_one_turn),
	LOOP_CASE(a_deferred_call_is_freed_inside_itself),
	LOOP_CASE(a_turn_is_descriptors_then_deferred_calls_then_timers),
	LOOP_CASE(an_overdue_timer_waits_for_one_reading_of_descriptors),
	LOOP_CASE(an_overdue_timer_fires_when_nothing_was_there_to_read),
	LOOP_CASE(interest_decides_what_comes),
	LOOP_CASE(readiness_is_reported_again_until_it_is_served),
	LOOP_CASE(hang_up_shows_as_what_is_waited_for_and_not_when_nothing_is),
	LOOP_CASE(the_end_of_a_pipe_shows),
	LOOP_CASE(ready_watches_stopped_by_the_first_are_not_notified),
	LOOP_CASE(ready_watches_are_freed_by_the_first),
	LOOP_CASE(watches_started_inside_a_notify_work),
	LOOP_CASE(a_watch_is_freed_and_its_descriptor_closed_inside_itself),
	LOOP_CASE(a_reused_descriptor_number_is_a_new_descriptor),
	LOOP_CASE(a_ready_descriptor_is_replaced_by_a_new_one_of_its_number),
	LOOP_CASE(misuse_of_watches_is_refused),
	LOOP_CASE(running_inside_a_callback_is_refused),
	LOOP_CASE(quit_ends_run_after_the_turn_and_is_forgotten),
	LOOP_CASE(a_loop_with_nothing_to_wait_for_says_so),
	LOOP_CASE(the_context_is_dropped_inside_a_timer),
	LOOP_CASE(the_context_is_dropped_inside_a_deferred_call),
	LOOP_CASE(the_context_is_dropped_inside_a_watch),
};
/* clang-format on */

int main(void)
{
	return run_loop_cases("mainloop/loops", cases, sizeof(cases) / sizeof(cases[0]));
}
