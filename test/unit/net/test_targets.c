/*
 * envoi - order of targets: tests
 * SPDX-License-Identifier: MIT
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include <envoi/context.h>

#include "between.h"
#include "net/targets.h"

static uint64_t seed;

/* SplitMix64: the same numbers in every run */
static int seeded_random(void *user, void *bytes, size_t len)
{
	(void)user;
	unsigned char *at = bytes;
	for (size_t i = 0; i < len; i++) {
		uint64_t z = seed += UINT64_C(0x9e3779b97f4a7c15);
		z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
		z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
		at[i] = (unsigned char)(z >> 56);
	}
	return ENVOI_OK;
}

static uint64_t fixed;

static int fixed_random(void *user, void *bytes, size_t len)
{
	(void)user;
	memset(bytes, 0, len);
	memcpy(bytes, &fixed, len < sizeof(fixed) ? len : sizeof(fixed));
	return ENVOI_OK;
}

static int setup(void **state)
{
	struct envoi_context *context;
	struct envoi_context_options options = {.random = seeded_random};
	seed = 42;
	assert_int_equal(envoi_context_new(&context, &options), ENVOI_OK);
	*state = context;
	return 0;
}

static int teardown(void **state)
{
	envoi_context_unref(*state);
	return 0;
}

/* Order the records and write the first letters of their targets. */
static void order(
	struct envoi_context *context, const struct envoi_srv *srvs, size_t count, char *letters)
{
	struct envoi__targets targets;
	envoi__targets_init(&targets, context);
	assert_int_equal(
		envoi__targets_add_srvs(&targets, srvs, count, ENVOI_ROUTE_STARTTLS), ENVOI_OK);
	envoi__targets_order(&targets);
	for (size_t i = 0; i < targets.count; i++) {
		*letters++ = targets.items[i].host[0];
	}
	*letters = '\0';
	envoi__targets_finish(&targets);
}

static void lower_priorities_come_first(void **state)
{
	static const struct envoi_srv srvs[] = {
		{.target = "c.example", .port = 1, .priority = 300, .weight = 9},
		{.target = "a.example", .port = 1, .priority = 0, .weight = 0},
		{.target = "d.example", .port = 1, .priority = 65535, .weight = 65535},
		{.target = "b.example", .port = 1, .priority = 5, .weight = 1},
	};
	char letters[8];
	for (int i = 0; i < 50; i++) {
		order(*state, srvs, 4, letters);
		assert_string_equal(letters, "abcd");
	}
}

#define ROUNDS 6000

/* How often each of a, b, c came at each of the three places, of ROUNDS. */
static void count_places(struct envoi_context *context, const uint16_t weights[3], int places[3][3])
{
	struct envoi_srv srvs[3] = {
		{.target = "a.example", .port = 1, .weight = weights[0]},
		{.target = "b.example", .port = 1, .weight = weights[1]},
		{.target = "c.example", .port = 1, .weight = weights[2]},
	};
	char letters[8];
	for (int i = 0; i < ROUNDS; i++) {
		order(context, srvs, 3, letters);
		assert_int_equal(strlen(letters), 3);
		for (int place = 0; place < 3; place++) {
			places[letters[place] - 'a'][place]++;
		}
	}
}

/* 6000 draws: one standard deviation is below 39; five of them are allowed. */
static void assert_near(int count, int expected)
{
	assert_between(count, expected > 195 ? expected - 195 : 0, expected + 195);
}

static void weights_decide_how_often_a_target_comes_first(void **state)
{
	int places[3][3] = {{0}};
	count_places(*state, (const uint16_t[]){1000, 3000, 6000}, places);
	assert_near(places[0][0], 600);
	assert_near(places[1][0], 1800);
	assert_near(places[2][0], 3600);
	/* the second place: a after b or c, weighted by what is left */
	assert_near(places[0][1], (int)(6000 * (0.3 * 1 / 7.0 + 0.6 * 1 / 4.0)));
	assert_near(places[1][1], (int)(6000 * (0.1 * 3 / 9.0 + 0.6 * 3 / 4.0)));
}

static void equal_weights_are_shuffled_evenly(void **state)
{
	int places[3][3] = {{0}};
	count_places(*state, (const uint16_t[]){500, 500, 500}, places);
	for (int target = 0; target < 3; target++) {
		for (int place = 0; place < 3; place++) {
			assert_near(places[target][place], 2000);
		}
	}
}

static void weight_zero_has_a_small_chance_but_some(void **state)
{
	int places[3][3] = {{0}};
	count_places(*state, (const uint16_t[]){9, 0, 10}, places);
	assert_near(places[1][0], 6000 / 20);
	assert_true(places[1][0] > 0);
	/* a number from 0 to the sum, the sum included */
	int two[3][3] = {{0}};
	count_places(*state, (const uint16_t[]){0, 1, 1}, two);
	assert_near(two[0][0], 6000 / 3);
}

/* RFC 2782, "Weight": the first record whose running sum is greater than or equal to the number. */
static void the_number_drawn_selects_by_the_running_sum(void **state)
{
	static const struct envoi_srv srvs[] = {
		{.target = "a.example", .port = 1, .weight = 1},
		{.target = "b.example", .port = 1, .weight = 2},
		{.target = "c.example", .port = 1, .weight = 3},
	};
	static const char expected[] = "aabbcccaa"; /* 0 to the sum, then from 0 again */
	(void)state;
	struct envoi_context_options options = {.random = fixed_random};
	struct envoi_context *context;
	assert_int_equal(envoi_context_new(&context, &options), ENVOI_OK);
	for (fixed = 0; fixed < sizeof(expected) - 1; fixed++) {
		char letters[8];
		order(context, srvs, 3, letters);
		assert_int_equal(letters[0], expected[fixed]);
	}
	envoi_context_unref(context);
}

/* The sum is that of the records of one priority. */
static void the_number_drawn_does_not_depend_on_other_priorities(void **state)
{
	static const struct envoi_srv srvs[] = {
		{.target = "a.example", .port = 1, .priority = 1, .weight = 1},
		{.target = "b.example", .port = 1, .priority = 1, .weight = 1},
		{.target = "c.example", .port = 1, .priority = 2, .weight = 1000},
	};
	static const char expected[] = "aabaabaab"; /* 0 to the sum, then from 0 again */
	(void)state;
	struct envoi_context_options options = {.random = fixed_random};
	struct envoi_context *context;
	assert_int_equal(envoi_context_new(&context, &options), ENVOI_OK);
	for (fixed = 0; fixed < sizeof(expected) - 1; fixed++) {
		char letters[8];
		order(context, srvs, 3, letters);
		assert_int_equal(letters[0], expected[fixed]);
	}
	envoi_context_unref(context);
}

/* XEP-0368: records of both services with one priority are drawn from as if they were of one. */
static void weights_count_across_services(void **state)
{
	static const struct envoi_srv in_clear = {.target = "a.example", .port = 1, .weight = 1000};
	static const struct envoi_srv direct = {.target = "b.example", .port = 1, .weight = 3000};
	int direct_first = 0;
	for (int i = 0; i < ROUNDS; i++) {
		struct envoi__targets targets;
		envoi__targets_init(&targets, *state);
		assert_int_equal(envoi__targets_add_srvs(&targets, &direct, 1, ENVOI_ROUTE_DIRECT),
			ENVOI_OK);
		assert_int_equal(
			envoi__targets_add_srvs(&targets, &in_clear, 1, ENVOI_ROUTE_STARTTLS),
			ENVOI_OK);
		envoi__targets_order(&targets);
		assert_int_equal(targets.items[0].route,
			targets.items[0].host[0] == 'b' ? ENVOI_ROUTE_DIRECT
							: ENVOI_ROUTE_STARTTLS);
		direct_first += targets.items[0].route == ENVOI_ROUTE_DIRECT;
		envoi__targets_finish(&targets);
	}
	assert_near(direct_first, 6000 * 3 / 4);
}

/* RFC 2782: they are for services among whose targets nothing is to be chosen. */
static void weights_of_zero_alone_leave_the_order(void **state)
{
	int places[3][3] = {{0}};
	count_places(*state, (const uint16_t[]){0, 0, 0}, places);
	for (int target = 0; target < 3; target++) {
		assert_int_equal(places[target][target], ROUNDS);
	}
}

static void records_that_cannot_be_used_are_left_out(void **state)
{
	char long_name[300];
	memset(long_name, 'a', sizeof(long_name) - 1);
	long_name[sizeof(long_name) - 1] = '\0';
	const struct envoi_srv srvs[] = {
		{.target = "a.example", .port = 0},
		{.target = ".", .port = 5222},
		{.target = "b c", .port = 5222},
		{.target = long_name, .port = 5222},
		{.target = "g.example", .port = 5222},
	};
	char letters[8];
	order(*state, srvs, 5, letters);
	assert_string_equal(letters, "g");
}

static void too_many_targets_are_cut_at_the_end(void **state)
{
	enum {
		COUNT = ENVOI__MAX_TARGETS + 5
	};
	static struct envoi_srv srvs[COUNT];
	static char names[COUNT][16];
	for (size_t i = 0; i < COUNT; i++) {
		snprintf(names[i], sizeof(names[i]), "h%zu.example", i);
		srvs[i] = (struct envoi_srv){
			.target = names[i], .port = 1, .priority = (uint16_t)(COUNT - 1 - i)};
	}
	struct envoi__targets targets;
	envoi__targets_init(&targets, *state);
	assert_int_equal(
		envoi__targets_add_srvs(&targets, srvs, COUNT, ENVOI_ROUTE_STARTTLS), ENVOI_OK);
	envoi__targets_order(&targets);
	assert_int_equal(envoi__targets_cut(&targets), 5);
	assert_int_equal(targets.count, ENVOI__MAX_TARGETS);
	assert_int_equal(envoi__targets_cut(&targets), 0);
	assert_int_equal(targets.items[0].priority, 0);
	assert_int_equal(targets.items[ENVOI__MAX_TARGETS - 1].priority, ENVOI__MAX_TARGETS - 1);
	envoi__targets_finish(&targets);
}

#define CASE(function) cmocka_unit_test_setup_teardown(function, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(lower_priorities_come_first),
		CASE(weights_decide_how_often_a_target_comes_first),
		CASE(equal_weights_are_shuffled_evenly),
		CASE(weight_zero_has_a_small_chance_but_some),
		CASE(the_number_drawn_selects_by_the_running_sum),
		CASE(the_number_drawn_does_not_depend_on_other_priorities),
		CASE(weights_count_across_services),
		CASE(weights_of_zero_alone_leave_the_order),
		CASE(records_that_cannot_be_used_are_left_out),
		CASE(too_many_targets_are_cut_at_the_end),
	};
	return cmocka_run_group_tests_name("net/targets", tests, NULL, NULL);
}
