/*
 * envoi - pairing heap of timers: tests
 * SPDX-License-Identifier: MIT
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "mainloop/timers.h"

#define TIMERS 300

static uint32_t next_random(uint32_t *seed)
{
	*seed = *seed * 1664525u + 1013904223u;
	return *seed >> 8;
}

/* The first by looking at all of them. */
static struct envoi_timer *first_of(struct envoi_timer *timers, const bool *is_in)
{
	struct envoi_timer *first = NULL;
	for (size_t i = 0; i < TIMERS; i++) {
		struct envoi_timer *t = &timers[i];
		if (is_in[i] &&
			(first == NULL || t->due_ms < first->due_ms ||
				(t->due_ms == first->due_ms && t->order < first->order))) {
			first = t;
		}
	}
	return first;
}

static void the_root_is_the_first_whatever_is_added_and_removed(void **state)
{
	(void)state;
	static struct envoi_timer timers[TIMERS];
	static bool is_in[TIMERS];
	struct envoi_timer *root = NULL;
	uint32_t seed = 7;
	for (uint64_t step = 0; step < 20000; step++) {
		size_t i = next_random(&seed) % TIMERS;
		if (step % 5 == 0 && root != NULL) {
			i = (size_t)(root - timers);
		}
		if (is_in[i]) {
			envoi__timers_remove(&root, &timers[i]);
		} else {
			timers[i] = (struct envoi_timer){
				.due_ms = next_random(&seed) % 50, .order = step};
			envoi__timers_add(&root, &timers[i]);
		}
		is_in[i] = !is_in[i];
		assert_ptr_equal(root, first_of(timers, is_in));
	}
	while (root != NULL) {
		assert_ptr_equal(root, first_of(timers, is_in));
		is_in[root - timers] = false;
		envoi__timers_remove(&root, root);
	}
	assert_null(first_of(timers, is_in));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_root_is_the_first_whatever_is_added_and_removed),
	};
	return cmocka_run_group_tests_name("mainloop/timers", tests, NULL, NULL);
}
