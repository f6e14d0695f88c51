/*
 * envoi - the budget of memory: who is held up, and when
 * SPDX-License-Identifier: MIT
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <envoi/error.h>

#include "base/budget.h"
#include "base/context.h"

enum {
	HOLDERS = 8,
	LIMIT = 8000,
};

static struct {
	struct envoi_context *context;
	struct envoi__holder holders[HOLDERS];
	struct envoi__budget_watch watch;
	unsigned int calls[HOLDERS]; /* of `hold` */
	unsigned int ended; /* a bit for each */
	unsigned int notified;
	bool is_short;
} all;

static void on_hold(struct envoi__holder *holder, bool is_held)
{
	assert_int_equal(holder->is_held, is_held);
	all.calls[holder - all.holders]++;
}

static void on_end(struct envoi__holder *holder)
{
	unsigned int bit = 1U << (holder - all.holders);
	assert_true(holder->is_ending);
	assert_int_equal(all.ended & bit, 0);
	all.ended |= bit;
	envoi__budget_report(all.context, holder, 0);
}

static const struct envoi__holder_impl impl = {.hold = on_hold, .end = on_end};

static void on_changed(struct envoi__budget_watch *watch, bool is_short)
{
	assert_ptr_equal(watch, &all.watch);
	assert_int_not_equal(all.is_short, is_short);
	all.notified++;
	all.is_short = is_short;
}

static int setup(void **state)
{
	(void)state;
	all.notified = all.ended = 0;
	all.is_short = false;
	assert_int_equal(envoi_context_new(&all.context, NULL), ENVOI_OK);
	for (int i = 0; i < HOLDERS; i++) {
		all.calls[i] = 0;
		envoi__holder_init(&all.holders[i], all.context, &impl);
		all.holders[i].is_settled = true;
	}
	envoi__budget_watch(all.context, &all.watch, on_changed);
	envoi__budget_set_limit(all.context, LIMIT);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	for (int i = 0; i < HOLDERS; i++) {
		envoi__holder_finish(&all.holders[i], all.context);
	}
	assert_int_equal(all.context->budget.bytes, 0);
	assert_int_equal(all.context->budget.held, 0);
	envoi__budget_unwatch(&all.watch);
	envoi_context_unref(all.context);
	return 0;
}

static void report(int i, size_t bytes)
{
	envoi__budget_report(all.context, &all.holders[i], bytes);
}

/* @return a bit for each */
static unsigned int held(void)
{
	unsigned int bits = 0;
	for (int i = 0; i < HOLDERS; i++) {
		bits |= (unsigned int)all.holders[i].is_held << i;
	}
	return bits;
}

static void three_quarters_are_reported_and_then_five_eighths(void **state)
{
	(void)state;
	report(0, LIMIT / 4 * 3);
	assert_false(all.is_short);
	report(1, 1);
	assert_true(all.is_short);
	report(0, LIMIT / 8 * 5);
	assert_true(all.is_short);
	report(1, 0);
	assert_false(all.is_short);
	assert_int_equal(all.notified, 2);
	assert_int_equal(held(), 0);
}

static void beyond_the_limit_the_largest_is_held(void **state)
{
	(void)state;
	report(0, 1000);
	report(1, 5000);
	report(2, 2000);
	assert_int_equal(held(), 0);
	report(3, 1);
	assert_int_equal(held(), 1 << 1);
	/* others grow: the next ones follow, with those of more than half as much */
	report(0, 1500);
	assert_int_equal(held(), 1 << 0 | 1 << 1 | 1 << 2);
	report(3, 400);
	assert_int_equal(held(), 1 << 0 | 1 << 1 | 1 << 2 | 1 << 3);
}

static void at_seven_eighths_all_are_read_again(void **state)
{
	(void)state;
	report(0, 4000);
	report(1, 4001);
	assert_int_equal(held(), 3);
	report(0, 3000);
	assert_int_equal(held(), 3);
	report(0, 2999);
	assert_int_equal(held(), 0);
	assert_int_equal(all.calls[0] + all.calls[1], 4);
	report(0, 4000);
	assert_int_equal(held(), 3);
}

/* A queue counts, and has no input that could be held: the connections are. */
static void queues_count(void **state)
{
	(void)state;
	report(0, 100);
	envoi__budget_grow(all.context, LIMIT);
	assert_int_equal(held(), 1);
	envoi__budget_shrink(all.context, LIMIT);
	assert_int_equal(held(), 0);
	assert_false(all.is_short);
}

/* Connections are searched when the sum has grown by a 256th, not for each byte. */
static void small_growth_does_not_search_again(void **state)
{
	(void)state;
	report(0, LIMIT + 1);
	assert_int_equal(held(), 1);
	report(1, LIMIT / 256 - 1);
	assert_int_equal(held(), 1);
	report(1, LIMIT / 256);
	assert_int_equal(held(), 3);
}

/* Beyond nine eighths; what it gives back may be enough. */
static void the_largest_that_is_not_settled_is_ended(void **state)
{
	(void)state;
	all.holders[1].is_settled = all.holders[2].is_settled = all.holders[3].is_settled = false;
	report(0, LIMIT);
	report(1, 400);
	report(2, 500);
	assert_int_equal(all.ended, 0);
	report(3, 200);
	assert_int_equal(all.ended, 1 << 2);
	report(1, 500);
	assert_int_equal(all.ended, 1 << 2);
	report(4, 301);
	assert_int_equal(all.ended, 1 << 1 | 1 << 2);
	report(4, 1300);
	assert_int_equal(all.ended, 1 << 1 | 1 << 2 | 1 << 3);
}

static void those_that_are_settled_are_never_ended(void **state)
{
	(void)state;
	for (int i = 0; i < HOLDERS; i++) {
		report(i, LIMIT);
	}
	assert_int_equal(all.ended, 0);
}

/* It is searched from where the sum was lowest, not from the highest that it ever was. */
static void a_sum_that_grows_again_is_searched_again(void **state)
{
	(void)state;
	report(0, LIMIT * 2);
	assert_int_equal(held(), 1);
	report(0, LIMIT);
	report(1, LIMIT / 128);
	assert_int_equal(held(), 1 | 1 << 1);
}

static void one_that_ends_gives_back_what_it_held(void **state)
{
	(void)state;
	report(0, LIMIT);
	report(1, 1);
	assert_int_equal(held(), 1);
	envoi__holder_finish(&all.holders[0], all.context);
	assert_int_equal(held(), 0);
	assert_false(all.is_short);
	assert_int_equal(all.context->budget.bytes, 1);
	envoi__holder_init(&all.holders[0], all.context, &impl);
}

static void without_a_limit_none_is_held(void **state)
{
	(void)state;
	report(0, LIMIT + 1);
	assert_int_equal(held(), 1);
	envoi__budget_set_limit(all.context, 0);
	assert_int_equal(held(), 0);
	assert_false(all.is_short);
	report(1, SIZE_MAX / 4);
	assert_int_equal(held(), 0);
	envoi__budget_set_limit(all.context, LIMIT);
	assert_true(all.is_short);
	assert_int_equal(held(), 2);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(three_quarters_are_reported_and_then_five_eighths),
		TEST(beyond_the_limit_the_largest_is_held),
		TEST(at_seven_eighths_all_are_read_again),
		TEST(queues_count),
		TEST(small_growth_does_not_search_again),
		TEST(the_largest_that_is_not_settled_is_ended),
		TEST(those_that_are_settled_are_never_ended),
		TEST(a_sum_that_grows_again_is_searched_again),
		TEST(one_that_ends_gives_back_what_it_held),
		TEST(without_a_limit_none_is_held),
	};
	return cmocka_run_group_tests_name("base/budget", tests, NULL, NULL);
}
