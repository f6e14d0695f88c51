/*
 * envoi - calls from other threads, on every kind of loop
 * SPDX-License-Identifier: MIT
 */
#include <pthread.h>
#include <sched.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <envoi/post.h>

#include "loop_fixture.h"

#define THREADS 4
#define EACH 100

/* --- on one thread --- */

static void run_letter(void *user)
{
	record(*(const char *)user);
}

static void drop_letter(void *user)
{
	record('-');
	record(*(const char *)user);
}

static int post_letter(struct envoi_post_queue *queue, const char *letter)
{
	return envoi_loop_post(queue, run_letter, drop_letter, (void *)(uintptr_t)letter);
}

static struct envoi_post_queue *make_queue(struct fixture *f, size_t capacity)
{
	struct envoi_post_queue *queue;
	assert_int_equal(envoi_post_queue_new(&queue, f->loop, capacity), ENVOI_OK);
	return queue;
}

static void calls_come_from_the_loop_in_order(void **state)
{
	struct fixture *f = *state;
	struct envoi_post_queue *queue = make_queue(f, 3);
	assert_int_equal(post_letter(queue, "a"), ENVOI_OK);
	assert_int_equal(post_letter(queue, "b"), ENVOI_OK);
	assert_int_equal(f->recorded, 0);
	assert_true(turn(f));
	assert_string_equal(f->record, "ab");
	turn_without_waiting(f);
	assert_string_equal(f->record, "ab");
	envoi_post_queue_unref(queue);
}

static void the_queue_is_bounded(void **state)
{
	struct fixture *f = *state;
	struct envoi_post_queue *queue = make_queue(f, 2);
	for (int i = 0; i < 5; i++) {
		assert_int_equal(post_letter(queue, "a"), ENVOI_OK);
		assert_int_equal(post_letter(queue, "b"), ENVOI_OK);
		assert_int_equal(post_letter(queue, "c"), ENVOI_ERR_FULL);
		assert_true(turn(f));
	}
	assert_string_equal(f->record, "ababababab");
	envoi_post_queue_unref(queue);
	assert_int_equal(envoi_post_queue_new(&queue, f->loop, 0), ENVOI_ERR_INVALID);
	assert_int_equal(envoi_post_queue_new(&queue, f->loop, SIZE_MAX), ENVOI_ERR_INVALID);
}

static void post_two_more(void *user)
{
	record('x');
	assert_int_equal(post_letter(user, "a"), ENVOI_OK);
	assert_int_equal(post_letter(user, "b"), ENVOI_OK);
}

static void a_call_posted_by_a_call_comes_next_turn(void **state)
{
	struct fixture *f = *state;
	struct envoi_post_queue *queue = make_queue(f, 5);
	assert_int_equal(envoi_loop_post(queue, post_two_more, NULL, queue), ENVOI_OK);
	assert_true(turn(f));
	assert_string_equal(f->record, "x");
	assert_true(turn(f));
	assert_string_equal(f->record, "xab");
	envoi_post_queue_unref(queue);
}

static void a_released_queue_makes_its_calls_and_lets_the_loop_end(void **state)
{
	struct fixture *f = *state;
	struct envoi_post_queue *queue = make_queue(f, 5);
	assert_int_equal(post_letter(queue, "a"), ENVOI_OK);
	envoi_post_queue_unref(envoi_post_queue_ref(queue));
	envoi_post_queue_unref(queue);
	run(f);
	assert_string_equal(f->record, "a");
	assert_null(envoi_post_queue_unref(NULL));
}

static void post_and_release(void *user)
{
	record('x');
	assert_int_equal(post_letter(user, "a"), ENVOI_OK);
	envoi_post_queue_unref(user);
}

static void a_call_posted_before_the_release_in_a_call_comes(void **state)
{
	struct fixture *f = *state;
	struct envoi_post_queue *queue = make_queue(f, 5);
	assert_int_equal(envoi_loop_post(queue, post_and_release, NULL, queue), ENVOI_OK);
	run(f);
	assert_string_equal(f->record, "xa");
}

static void what_is_pending_at_the_end_of_the_loop_is_dropped(void **state)
{
	struct fixture *f = *state;
	struct envoi_post_queue *first = make_queue(f, 5), *second = make_queue(f, 5);
	assert_int_equal(post_letter(first, "a"), ENVOI_OK);
	assert_int_equal(post_letter(first, "b"), ENVOI_OK);
	assert_int_equal(post_letter(second, "c"), ENVOI_OK);
	assert_int_equal(envoi_loop_post(second, run_letter, NULL, f), ENVOI_OK);
	envoi_post_queue_unref(second);
	f->context = envoi_context_unref(f->context);
	assert_string_equal(f->record, "-c-a-b");
	assert_int_equal(post_letter(first, "d"), ENVOI_ERR_CANCELED);
	envoi_post_queue_unref(first);
}

static struct envoi_post_queue *released_inside;

static void release_both(void *user)
{
	(void)user;
	record('x');
	released_inside = envoi_post_queue_unref(released_inside);
	current->context = envoi_context_unref(current->context);
}

static void the_queue_and_the_context_may_be_released_inside_a_call(void **state)
{
	struct fixture *f = *state;
	released_inside = make_queue(f, 5);
	assert_int_equal(post_letter(released_inside, "a"), ENVOI_OK);
	assert_int_equal(envoi_loop_post(released_inside, release_both, NULL, NULL), ENVOI_OK);
	assert_int_equal(post_letter(released_inside, "b"), ENVOI_OK);
	run(f);
	assert_string_equal(f->record, "axb");
	assert_null(f->context);
}

static void release_in_drop(void *user)
{
	assert_int_equal(post_letter(user, "d"), ENVOI_ERR_CANCELED);
	envoi_post_queue_unref(user);
	record('x');
}

static void the_queue_may_be_released_where_a_call_is_dropped(void **state)
{
	struct fixture *f = *state;
	struct envoi_post_queue *queue = make_queue(f, 5);
	assert_int_equal(envoi_loop_post(queue, run_letter, release_in_drop, queue), ENVOI_OK);
	assert_int_equal(post_letter(queue, "a"), ENVOI_OK);
	f->context = envoi_context_unref(f->context);
	assert_string_equal(f->record, "x-a");
}

/* --- on several threads --- */

struct work {
	struct envoi_post_queue *queue;
	unsigned int thread, number;
};

static unsigned int next_of[THREADS], finished;

static void on_work(void *user)
{
	struct work *work = user;
	assert_int_equal(work->number, next_of[work->thread]++);
	finished++;
	free(work);
}

/* Posts until there is room: the loop's thread makes it. */
static void *post_work(void *user)
{
	struct work *mine = user;
	for (unsigned int i = 0; i < EACH; i++) {
		struct work *work = malloc(sizeof(*work));
		*work = (struct work){.thread = mine->thread, .number = i};
		int r;
		while ((r = envoi_loop_post(mine->queue, on_work, free, work)) == ENVOI_ERR_FULL) {
			sched_yield();
		}
		if (r < 0) {
			free(work);
			break;
		}
	}
	envoi_post_queue_unref(mine->queue);
	return NULL;
}

static void start_threads(struct envoi_post_queue *queue, struct work *works, pthread_t *threads)
{
	finished = 0;
	for (unsigned int i = 0; i < THREADS; i++) {
		next_of[i] = 0;
		works[i] = (struct work){.queue = envoi_post_queue_ref(queue), .thread = i};
		assert_int_equal(pthread_create(&threads[i], NULL, post_work, &works[i]), 0);
	}
}

static void join_threads(pthread_t *threads)
{
	for (unsigned int i = 0; i < THREADS; i++) {
		assert_int_equal(pthread_join(threads[i], NULL), 0);
	}
}

static void calls_of_several_threads_all_come_each_threads_in_order(void **state)
{
	struct fixture *f = *state;
	struct work works[THREADS];
	pthread_t threads[THREADS];
	struct envoi_post_queue *queue = make_queue(f, 16);
	start_threads(queue, works, threads);
	envoi_post_queue_unref(queue);
	if (f->kind == SIMULATED) { /* it does not wait */
		while (finished < THREADS * EACH) {
			turn_without_waiting(f);
			sched_yield();
		}
	}
	run(f);
	assert_int_equal(finished, THREADS * EACH);
	join_threads(threads);
}

/* Nothing is lost or freed twice when the loop ends while threads are posting. */
static void the_loop_may_end_while_threads_post(void **state)
{
	struct fixture *f = *state;
	struct work works[THREADS];
	pthread_t threads[THREADS];
	struct envoi_post_queue *queue = make_queue(f, 16);
	start_threads(queue, works, threads);
	while (finished < EACH) {
		turn_without_waiting(f);
		sched_yield();
	}
	f->context = envoi_context_unref(f->context);
	join_threads(threads);
	assert_int_equal(post_letter(queue, "a"), ENVOI_ERR_CANCELED);
	envoi_post_queue_unref(queue);
}

/* clang-format off */
static const struct loop_case cases[] = {
	LOOP_CASE(calls_come_from_the_loop_in_order),
	LOOP_CASE(the_queue_is_bounded),
	LOOP_CASE(a_call_posted_by_a_call_comes_next_turn),
	LOOP_CASE(a_released_queue_makes_its_calls_and_lets_the_loop_end),
	LOOP_CASE(a_call_posted_before_the_release_in_a_call_comes),
	LOOP_CASE(what_is_pending_at_the_end_of_the_loop_is_dropped),
	LOOP_CASE(the_queue_and_the_context_may_be_released_inside_a_call),
	LOOP_CASE(the_queue_may_be_released_where_a_call_is_dropped),
	LOOP_CASE(calls_of_several_threads_all_come_each_threads_in_order),
	LOOP_CASE(the_loop_may_end_while_threads_post),
};
/* clang-format on */

int main(void)
{
	return run_loop_cases("mainloop/post", cases, sizeof(cases) / sizeof(cases[0]));
}
