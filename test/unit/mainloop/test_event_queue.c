/*
 * envoi - event queue: tests
 * SPDX-License-Identifier: MIT
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <envoi/context.h>
#include <envoi/mainloop.h>

#include "mainloop/event_queue.h"

struct fixture {
	struct envoi_context *context;
	struct envoi_loop *loop;
	struct envoi__event_queue *queue; /* on the heap: its memory can be freed too */
	char record[32];
	size_t recorded;
	int destroyed;
};

struct entry {
	struct envoi__event_entry base;
	struct fixture *fixture;
	char letter;
};

static struct entry *entry_from_base(struct envoi__event_entry *base)
{
	return ENVOI_CONTAINER_OF(base, struct entry, base);
}

static void free_queue(struct fixture *f)
{
	envoi__event_queue_finish(f->queue);
	free(f->queue);
	f->queue = NULL;
}

static void post(struct fixture *f, char letter);

static void dispatch(struct envoi__event_entry *base)
{
	struct entry *entry = entry_from_base(base);
	struct fixture *f = entry->fixture;
	f->record[f->recorded++] = entry->letter;
	switch (entry->letter) {
	case 'P':
		post(f, 'q');
		break;
	case 'F':
		free_queue(f);
		break;
	case 'L':
		envoi__event_queue_flush(f->queue);
		break;
	}
}

static void destroy(struct envoi__event_entry *base)
{
	struct entry *entry = entry_from_base(base);
	entry->fixture->destroyed++;
	free(entry);
}

static void post(struct fixture *f, char letter)
{
	struct entry *entry = malloc(sizeof(*entry));
	if (entry == NULL) {
		abort();
	}
	*entry = (struct entry){
		.base = {.dispatch = dispatch, .destroy = destroy},
		.fixture = f,
		.letter = letter,
	};
	envoi__event_queue_post(f->queue, &entry->base);
}

static int setup(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));
	assert_non_null(f);
	assert_int_equal(envoi_context_new(&f->context, NULL), ENVOI_OK);
	assert_int_equal(envoi_loop_new_simulated(&f->loop, f->context), ENVOI_OK);
	assert_int_equal(envoi_context_take_loop(f->context, f->loop), ENVOI_OK);
	f->queue = malloc(sizeof(*f->queue));
	assert_non_null(f->queue);
	envoi__event_queue_init(f->queue, f->loop);
	*state = f;
	return 0;
}

static int teardown(void **state)
{
	struct fixture *f = *state;
	if (f->queue != NULL) {
		free_queue(f);
	}
	envoi_context_unref(f->context);
	free(f);
	return 0;
}

static void post_all(struct fixture *f, const char *letters)
{
	for (; *letters != '\0'; letters++) {
		post(f, *letters);
	}
}

static void events_come_from_the_loop_in_order(void **state)
{
	struct fixture *f = *state;
	post_all(f, "abc");
	assert_int_equal(f->recorded, 0);
	assert_int_equal(envoi_loop_run_once(f->loop, true), ENVOI_OK);
	assert_string_equal(f->record, "abc");
	assert_int_equal(f->destroyed, 3);
	assert_int_equal(envoi_loop_run_once(f->loop, true), ENVOI_END);
}

static void an_event_posted_by_an_event_comes_next_turn(void **state)
{
	struct fixture *f = *state;
	post_all(f, "aPb");
	assert_int_equal(envoi_loop_run_once(f->loop, true), ENVOI_OK);
	assert_string_equal(f->record, "aPb");
	assert_int_equal(envoi_loop_run_once(f->loop, true), ENVOI_OK);
	assert_string_equal(f->record, "aPbq");
}

static void a_queue_freed_inside_an_event_drops_the_rest(void **state)
{
	struct fixture *f = *state;
	post_all(f, "aFbc");
	assert_int_equal(envoi_loop_run(f->loop), ENVOI_OK);
	assert_string_equal(f->record, "aF");
	assert_int_equal(f->destroyed, 4);
}

static void finishing_drops_what_was_not_delivered(void **state)
{
	struct fixture *f = *state;
	post_all(f, "abc");
	free_queue(f);
	assert_int_equal(f->destroyed, 3);
	assert_int_equal(envoi_loop_run_once(f->loop, true), ENVOI_END);
	assert_int_equal(f->recorded, 0);
	struct envoi__event_queue zeroed = {0};
	envoi__event_queue_finish(&zeroed);
}

static void a_flush_delivers_at_once(void **state)
{
	struct fixture *f = *state;
	post_all(f, "ab");
	envoi__event_queue_flush(f->queue);
	assert_string_equal(f->record, "ab");
	assert_int_equal(envoi_loop_run(f->loop), ENVOI_OK);
	assert_int_equal(f->destroyed, 2);
}

static void a_flush_inside_an_event_may_free_the_queue(void **state)
{
	struct fixture *f = *state;
	post_all(f, "aLbFc");
	assert_int_equal(envoi_loop_run(f->loop), ENVOI_OK);
	assert_string_equal(f->record, "aLbF");
	assert_int_equal(f->destroyed, 5);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(
			events_come_from_the_loop_in_order, setup, teardown),
		cmocka_unit_test_setup_teardown(
			an_event_posted_by_an_event_comes_next_turn, setup, teardown),
		cmocka_unit_test_setup_teardown(
			a_queue_freed_inside_an_event_drops_the_rest, setup, teardown),
		cmocka_unit_test_setup_teardown(
			finishing_drops_what_was_not_delivered, setup, teardown),
		cmocka_unit_test_setup_teardown(a_flush_delivers_at_once, setup, teardown),
		cmocka_unit_test_setup_teardown(
			a_flush_inside_an_event_may_free_the_queue, setup, teardown),
	};
	return cmocka_run_group_tests_name("mainloop/event_queue", tests, NULL, NULL);
}
