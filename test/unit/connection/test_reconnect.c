/*
 * envoi - whether and when a client connects again: tests
 * SPDX-License-Identifier: MIT
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include <envoi/context.h>
#include <envoi/mainloop.h>

#include "between.h"
#include "connection/reconnect.h"

enum {
	SECOND_MS = 1000,
	MINUTE_MS = 60 * SECOND_MS,
	FIRST_MS = 5 * SECOND_MS,
	LONGEST_MS = 5 * MINUTE_MS,
};

static struct envoi_context *context;
static struct envoi_loop *loop;
static uint64_t seed;
static unsigned int due_count;

/* xorshift64*: the same numbers in each run. */
static int fill_random(void *user, void *bytes, size_t len)
{
	(void)user;
	unsigned char *at = bytes;
	for (size_t i = 0; i < len; i++) {
		seed ^= seed >> 12;
		seed ^= seed << 25;
		seed ^= seed >> 27;
		at[i] = (unsigned char)((seed * 0x2545F4914F6CDD1DULL) >> 56);
	}
	return 0;
}

static void on_due(struct envoi__reconnect *reconnect)
{
	assert_false(reconnect->is_waiting);
	due_count++;
}

static int setup(void **state)
{
	(void)state;
	struct envoi_context_options options = {.random = fill_random};
	seed = 20261128;
	due_count = 0;
	assert_int_equal(envoi_context_new(&context, &options), ENVOI_OK);
	assert_int_equal(envoi_loop_new_simulated(&loop, context), ENVOI_OK);
	assert_int_equal(envoi_context_take_loop(context, loop), ENVOI_OK);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	envoi_context_unref(context);
	return 0;
}

static const struct envoi__connection_settings usual = {
	.reconnects = true,
	.reconnect_first_ms = FIRST_MS,
	.reconnect_longest_ms = LONGEST_MS,
};

static void begin(struct envoi__reconnect *reconnect)
{
	*reconnect = (struct envoi__reconnect){0};
	envoi__reconnect_init(reconnect, context, on_due);
	envoi__reconnect_begin(reconnect, &usual);
}

static void run_for(uint64_t ms)
{
	assert_int_equal(envoi_loop_simulated_run_for(loop, ms), ENVOI_OK);
}

static void fail_with(struct envoi_failure *why, enum envoi_phase phase, int code)
{
	envoi_failure_set(why, context, phase, code, "test");
}

/* @return the delay; UINT64_MAX: there is no further attempt */
static uint64_t lose(struct envoi__reconnect *reconnect, const struct envoi_failure *why)
{
	uint64_t delay_ms;
	return envoi__reconnect_decide(reconnect, why, &delay_ms) ? delay_ms : UINT64_MAX;
}

/* --- when --- */

static void no_delay_is_longer_than_its_limit_which_doubles(void **state)
{
	(void)state;
	struct envoi_failure why;
	fail_with(&why, ENVOI_PHASE_CONNECT, ENVOI_ERR_UNREACHABLE);
	uint64_t longest[9] = {0};
	for (int i = 0; i < 2000; i++) {
		struct envoi__reconnect one;
		begin(&one);
		envoi__reconnect_online(&one);
		for (size_t k = 0; k < 9; k++) {
			uint64_t delay_ms = lose(&one, &why);
			longest[k] = delay_ms > longest[k] ? delay_ms : longest[k];
		}
	}
	uint64_t limit = FIRST_MS;
	for (size_t k = 0; k < 9; k++) {
		assert_between(longest[k], limit - limit / 50, limit);
		limit = limit * 2 > LONGEST_MS ? LONGEST_MS : limit * 2;
	}
}

/* The clients of a server that has failed for long come back evenly. */
static void delays_at_the_longest_are_spread_evenly(void **state)
{
	enum {
		CLIENTS = 10000,
		FAILURES = 10,
		BINS = 300, /* seconds */
	};
	(void)state;
	static unsigned int bins[BINS];
	struct envoi_failure why;
	fail_with(&why, ENVOI_PHASE_CONNECT, ENVOI_ERR_UNREACHABLE);
	for (int i = 0; i < CLIENTS; i++) {
		struct envoi__reconnect one;
		begin(&one);
		envoi__reconnect_online(&one);
		uint64_t delay_ms = 0;
		for (int k = 0; k < FAILURES; k++) {
			delay_ms = lose(&one, &why);
		}
		assert_between(delay_ms, 0, LONGEST_MS);
		bins[delay_ms == LONGEST_MS ? BINS - 1 : delay_ms / SECOND_MS]++;
	}
	double expected = (double)CLIENTS / BINS, chi_square = 0;
	for (int i = 0; i < BINS; i++) {
		double off = bins[i] - expected;
		chi_square += off * off / expected;
		assert_true(bins[i] < CLIENTS * 7 / 1000);
	}
	/* 299 degrees of freedom: 380 has a probability of 0.1 % */
	assert_true(chi_square > 225 && chi_square < 380);
}

static void a_minute_online_resets_the_delay_and_less_does_not(void **state)
{
	(void)state;
	struct envoi__reconnect one;
	struct envoi_failure why;
	fail_with(&why, ENVOI_PHASE_ONLINE, ENVOI_ERR_DISCONNECTED);
	begin(&one);
	for (int i = 0; i < 4; i++) {
		envoi__reconnect_online(&one);
		run_for(MINUTE_MS - 1);
		assert_int_not_equal(lose(&one, &why), UINT64_MAX);
	}
	assert_int_equal(one.doublings, 4);
	envoi__reconnect_online(&one);
	run_for(MINUTE_MS);
	assert_between(lose(&one, &why), 0, FIRST_MS);
	assert_int_equal(one.doublings, 1);
	assert_between(lose(&one, &why), 0, 2 * FIRST_MS);
	assert_int_equal(one.doublings, 2);
}

static void after_a_shutdown_the_first_delay_is_up_to_a_minute(void **state)
{
	(void)state;
	struct envoi_failure why;
	fail_with(&why, ENVOI_PHASE_ONLINE, ENVOI_ERR_STREAM);
	why.stream_condition = ENVOI_STREAM_SYSTEM_SHUTDOWN;
	uint64_t longest = 0;
	for (int i = 0; i < 1000; i++) {
		struct envoi__reconnect one;
		begin(&one);
		envoi__reconnect_online(&one);
		uint64_t delay_ms = lose(&one, &why);
		longest = delay_ms > longest ? delay_ms : longest;
	}
	assert_between(longest, 58 * SECOND_MS, MINUTE_MS);
}

static void now_is_at_once_only_the_first_time(void **state)
{
	(void)state;
	struct envoi__reconnect one;
	struct envoi_failure why;
	fail_with(&why, ENVOI_PHASE_ONLINE, ENVOI_ERR_STREAM);
	why.retry = ENVOI_RETRY_NOW;
	begin(&one);
	envoi__reconnect_online(&one);
	assert_int_equal(lose(&one, &why), 0);
	uint64_t sum = 0;
	for (int i = 0; i < 10; i++) {
		sum += lose(&one, &why);
	}
	assert_true(sum > FIRST_MS);
}

/* --- whether --- */

struct decision {
	enum envoi_phase phase;
	int code;
	enum envoi_stream_condition stream;
	enum envoi_sasl_condition sasl;
	enum envoi_stanza_condition stanza;
	const char *mechanism;
	enum envoi_retry retry;
	unsigned int attempts; /* without a minute between; 9: no end */
};

#define NO_STREAM ENVOI_STREAM_NO_CONDITION
#define NO_SASL ENVOI_SASL_NO_CONDITION
#define NO_STANZA ENVOI_STANZA_NO_CONDITION

static const struct decision decisions[] = {
	{ENVOI_PHASE_ONLINE, ENVOI_ERR_DISCONNECTED, NO_STREAM, NO_SASL, NO_STANZA, "",
		ENVOI_RETRY_LATER, 9},
	{ENVOI_PHASE_ONLINE, ENVOI_OK, NO_STREAM, NO_SASL, NO_STANZA, "", ENVOI_RETRY_LATER, 9},
	{ENVOI_PHASE_CONNECT, ENVOI_ERR_UNREACHABLE, NO_STREAM, NO_SASL, NO_STANZA, "",
		ENVOI_RETRY_LATER, 9},
	/* something answers in place of the server */
	{ENVOI_PHASE_TLS, ENVOI_ERR_CERTIFICATE, NO_STREAM, NO_SASL, NO_STANZA, "",
		ENVOI_RETRY_AFTER_USER, 9},
	{ENVOI_PHASE_TLS, ENVOI_ERR_TLS, NO_STREAM, NO_SASL, NO_STANZA, "", ENVOI_RETRY_AFTER_USER,
		9},
	{ENVOI_PHASE_STREAM, ENVOI_ERR_TLS, NO_STREAM, NO_SASL, NO_STANZA, "",
		ENVOI_RETRY_AFTER_USER, 9},
	{ENVOI_PHASE_ONLINE, ENVOI_ERR_TLS, NO_STREAM, NO_SASL, NO_STANZA, "", ENVOI_RETRY_LATER,
		9},
	{ENVOI_PHASE_CONNECT, ENVOI_ERR_PROTOCOL, NO_STREAM, NO_SASL, NO_STANZA, "",
		ENVOI_RETRY_NEVER, 9},
	{ENVOI_PHASE_STREAM, ENVOI_ERR_PROTOCOL, NO_STREAM, NO_SASL, NO_STANZA, "",
		ENVOI_RETRY_NEVER, 9},
	{ENVOI_PHASE_STREAM, ENVOI_ERR_XML, ENVOI_STREAM_NOT_WELL_FORMED, NO_SASL, NO_STANZA, "",
		ENVOI_RETRY_NEVER, 9},
	{ENVOI_PHASE_BIND, ENVOI_ERR_PROTOCOL, NO_STREAM, NO_SASL, NO_STANZA, "", ENVOI_RETRY_NEVER,
		0},
	/* the resumption: the counts do not agree */
	{ENVOI_PHASE_BIND, ENVOI_ERR_PROTOCOL, ENVOI_STREAM_UNDEFINED_CONDITION, NO_SASL, NO_STANZA,
		"", ENVOI_RETRY_NEVER, 2},
	/* an answer to <resume/> without a number; of another session */
	{ENVOI_PHASE_BIND, ENVOI_ERR_PROTOCOL, ENVOI_STREAM_BAD_FORMAT, NO_SASL, NO_STANZA, "",
		ENVOI_RETRY_NEVER, 2},
	{ENVOI_PHASE_BIND, ENVOI_ERR_PROTOCOL, ENVOI_STREAM_UNSUPPORTED_STANZA_TYPE, NO_SASL,
		NO_STANZA, "", ENVOI_RETRY_NEVER, 2},
	{ENVOI_PHASE_ONLINE, ENVOI_ERR_STREAM, ENVOI_STREAM_CONFLICT, NO_SASL, NO_STANZA, "",
		ENVOI_RETRY_LATER, 0},
	{ENVOI_PHASE_BIND, ENVOI_ERR_STANZA, NO_STREAM, NO_SASL, ENVOI_CONFLICT, "",
		ENVOI_RETRY_AFTER_USER, 1},
	{ENVOI_PHASE_SASL, ENVOI_ERR_AUTH, NO_STREAM, ENVOI_SASL_NOT_AUTHORIZED, NO_STANZA, "PLAIN",
		ENVOI_RETRY_AFTER_USER, 0},
	{ENVOI_PHASE_SASL, ENVOI_ERR_AUTH, NO_STREAM, ENVOI_SASL_TEMPORARY_AUTH_FAILURE, NO_STANZA,
		"PLAIN", ENVOI_RETRY_LATER, 2},
	/* the features have no mechanisms; a server that has not proved that it knows the secret */
	{ENVOI_PHASE_SASL, ENVOI_ERR_AUTH, NO_STREAM, NO_SASL, NO_STANZA, "",
		ENVOI_RETRY_AFTER_USER, 2},
	{ENVOI_PHASE_SASL, ENVOI_ERR_AUTH, NO_STREAM, NO_SASL, NO_STANZA, "SCRAM-SHA-1",
		ENVOI_RETRY_AFTER_USER, 0},
	{ENVOI_PHASE_ONLINE, ENVOI_ERR_STREAM, ENVOI_STREAM_POLICY_VIOLATION, NO_SASL, NO_STANZA,
		"", ENVOI_RETRY_AFTER_USER, 2},
	{ENVOI_PHASE_ONLINE, ENVOI_ERR_STREAM, ENVOI_STREAM_RESOURCE_CONSTRAINT, NO_SASL, NO_STANZA,
		"", ENVOI_RETRY_LATER, 2},
	{ENVOI_PHASE_ONLINE, ENVOI_ERR_STREAM, ENVOI_STREAM_NOT_WELL_FORMED, NO_SASL, NO_STANZA, "",
		ENVOI_RETRY_NEVER, 2},
	{ENVOI_PHASE_BIND, ENVOI_ERR_STREAM, ENVOI_STREAM_NOT_WELL_FORMED, NO_SASL, NO_STANZA, "",
		ENVOI_RETRY_NEVER, 0},
	{ENVOI_PHASE_BIND, ENVOI_ERR_STANZA, NO_STREAM, NO_SASL, ENVOI_RESOURCE_CONSTRAINT, "",
		ENVOI_RETRY_LATER, 2},
	/* an error of this side, with the condition that it has sent */
	{ENVOI_PHASE_ONLINE, ENVOI_ERR_NOMEM, ENVOI_STREAM_RESOURCE_CONSTRAINT, NO_SASL, NO_STANZA,
		"", ENVOI_RETRY_LATER, 9},
};

static unsigned int attempts_after(const struct decision *decision)
{
	struct envoi__reconnect one;
	struct envoi_failure why;
	fail_with(&why, decision->phase, decision->code);
	why.stream_condition = decision->stream;
	why.sasl_condition = decision->sasl;
	why.stanza_condition = decision->stanza;
	why.retry = decision->retry;
	memcpy(why.mechanism, decision->mechanism, strlen(decision->mechanism) + 1);
	begin(&one);
	envoi__reconnect_online(&one);
	unsigned int attempts = 0;
	while (attempts < 9 && lose(&one, &why) != UINT64_MAX) {
		attempts++;
	}
	return attempts;
}

static void every_kind_of_end_has_its_decision(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(decisions) / sizeof(decisions[0]); i++) {
		unsigned int attempts = attempts_after(&decisions[i]);
		if (attempts != decisions[i].attempts) {
			fail_msg("decision %zu: %u attempts, not %u", i, attempts,
				decisions[i].attempts);
		}
	}
}

static void what_answers_in_place_of_the_server_is_tried_slowly_for_a_day(void **state)
{
	(void)state;
	struct envoi__reconnect one;
	struct envoi_failure why;
	fail_with(&why, ENVOI_PHASE_TLS, ENVOI_ERR_CERTIFICATE);
	begin(&one);
	envoi__reconnect_online(&one);
	uint64_t passed = 0, delay, least = UINT64_MAX, attempts = 0;
	while ((delay = lose(&one, &why)) != UINT64_MAX) {
		least = delay < least ? delay : least;
		passed += delay;
		attempts++;
		run_for(delay);
	}
	assert_true(least >= MINUTE_MS);
	assert_true(passed >= 24 * 60 * MINUTE_MS);
	assert_true(passed < 25 * 60 * MINUTE_MS);
	assert_true(attempts > 24 * 10);
	envoi__reconnect_online(&one);
	assert_true(lose(&one, &why) != UINT64_MAX);
}

/* A notebook that sleeps for a day has tried once. */
static void a_day_of_sleep_is_no_day_of_attempts(void **state)
{
	(void)state;
	struct envoi__reconnect one;
	struct envoi_failure why;
	fail_with(&why, ENVOI_PHASE_TLS, ENVOI_ERR_CERTIFICATE);
	begin(&one);
	envoi__reconnect_online(&one);
	assert_int_not_equal(lose(&one, &why), UINT64_MAX);
	assert_int_equal(envoi_loop_simulated_suspend(loop, 25 * 60 * MINUTE_MS), ENVOI_OK);
	assert_int_not_equal(lose(&one, &why), UINT64_MAX);
}

static void a_certificate_that_the_application_has_refused_stops(void **state)
{
	(void)state;
	struct envoi__reconnect one;
	struct envoi_failure why;
	fail_with(&why, ENVOI_PHASE_TLS, ENVOI_ERR_CERTIFICATE);
	begin(&one);
	one.is_certificate_decided = true;
	envoi__reconnect_online(&one);
	assert_true(lose(&one, &why) == UINT64_MAX);
}

static void a_refusal_whose_cause_is_removed_does_not_count(void **state)
{
	(void)state;
	struct envoi__reconnect one;
	struct envoi_failure why;
	fail_with(&why, ENVOI_PHASE_ONLINE, ENVOI_ERR_STREAM);
	why.stream_condition = ENVOI_STREAM_POLICY_VIOLATION;
	begin(&one);
	envoi__reconnect_online(&one);
	for (int i = 0; i < 10; i++) {
		assert_true(lose(&one, &why) != UINT64_MAX);
		envoi__reconnect_cause_removed(&one);
	}
}

static void three_refusals_in_more_than_a_minute_do_not_stop(void **state)
{
	(void)state;
	struct envoi__reconnect one;
	struct envoi_failure why;
	fail_with(&why, ENVOI_PHASE_ONLINE, ENVOI_ERR_STREAM);
	why.stream_condition = ENVOI_STREAM_POLICY_VIOLATION;
	begin(&one);
	envoi__reconnect_online(&one);
	for (int i = 0; i < 10; i++) {
		assert_int_not_equal(lose(&one, &why), UINT64_MAX);
		run_for(MINUTE_MS / 2 + 1);
	}
	assert_int_not_equal(lose(&one, &why), UINT64_MAX);
	assert_int_equal(lose(&one, &why), UINT64_MAX);
}

/* The loop's clock stands still meanwhile. */
static void time_that_the_machine_was_suspended_counts(void **state)
{
	(void)state;
	struct envoi__reconnect one;
	struct envoi_failure why;
	fail_with(&why, ENVOI_PHASE_ONLINE, ENVOI_ERR_STREAM);
	why.stream_condition = ENVOI_STREAM_POLICY_VIOLATION;
	begin(&one);
	envoi__reconnect_online(&one);
	for (int i = 0; i < 10; i++) {
		assert_int_not_equal(lose(&one, &why), UINT64_MAX);
		assert_int_equal(envoi_loop_simulated_suspend(loop, MINUTE_MS / 2 + 1), ENVOI_OK);
	}
	assert_int_not_equal(lose(&one, &why), UINT64_MAX);
	assert_int_equal(lose(&one, &why), UINT64_MAX);
}

static void nothing_is_retried_before_the_first_session(void **state)
{
	(void)state;
	struct envoi__reconnect one;
	struct envoi_failure why;
	fail_with(&why, ENVOI_PHASE_CONNECT, ENVOI_ERR_UNREACHABLE);
	begin(&one);
	assert_int_equal(lose(&one, &why), UINT64_MAX);
	one.is_initial = true;
	assert_int_not_equal(lose(&one, &why), UINT64_MAX);
	why.code = ENVOI_ERR_STREAM;
	why.stream_condition = ENVOI_STREAM_POLICY_VIOLATION;
	why.retry = ENVOI_RETRY_AFTER_USER;
	assert_int_equal(lose(&one, &why), UINT64_MAX);
}

/* --- waiting --- */

static void a_wait_ends_once(void **state)
{
	(void)state;
	struct envoi__reconnect one;
	begin(&one);
	envoi__reconnect_wait(&one, 5 * SECOND_MS);
	assert_true(one.is_waiting);
	run_for(5 * SECOND_MS - 1);
	assert_int_equal(due_count, 0);
	run_for(1);
	assert_int_equal(due_count, 1);
	run_for(10 * MINUTE_MS);
	assert_int_equal(due_count, 1);
}

static void a_wait_that_is_stopped_does_not_end(void **state)
{
	(void)state;
	struct envoi__reconnect one;
	begin(&one);
	envoi__reconnect_wait(&one, 5 * SECOND_MS);
	envoi__reconnect_stop(&one);
	envoi__reconnect_hint(&one);
	run_for(10 * MINUTE_MS);
	assert_int_equal(due_count, 0);
}

static void hints_act_ten_seconds_apart(void **state)
{
	(void)state;
	struct envoi__reconnect one;
	begin(&one);
	envoi__reconnect_wait(&one, LONGEST_MS);
	envoi__reconnect_hint(&one);
	run_for(0);
	assert_int_equal(due_count, 1);
	run_for(SECOND_MS);
	envoi__reconnect_wait(&one, LONGEST_MS);
	envoi__reconnect_hint(&one);
	envoi__reconnect_hint(&one);
	run_for(9 * SECOND_MS - 1);
	assert_int_equal(due_count, 1);
	run_for(1);
	assert_int_equal(due_count, 2);
	envoi__reconnect_wait(&one, SECOND_MS); /* a hint does not make it longer */
	envoi__reconnect_hint(&one);
	run_for(SECOND_MS);
	assert_int_equal(due_count, 3);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(no_delay_is_longer_than_its_limit_which_doubles),
		TEST(delays_at_the_longest_are_spread_evenly),
		TEST(a_minute_online_resets_the_delay_and_less_does_not),
		TEST(after_a_shutdown_the_first_delay_is_up_to_a_minute),
		TEST(now_is_at_once_only_the_first_time),
		TEST(every_kind_of_end_has_its_decision),
		TEST(what_answers_in_place_of_the_server_is_tried_slowly_for_a_day),
		TEST(a_day_of_sleep_is_no_day_of_attempts),
		TEST(a_certificate_that_the_application_has_refused_stops),
		TEST(a_refusal_whose_cause_is_removed_does_not_count),
		TEST(three_refusals_in_more_than_a_minute_do_not_stop),
		TEST(time_that_the_machine_was_suspended_counts),
		TEST(nothing_is_retried_before_the_first_session),
		TEST(a_wait_ends_once),
		TEST(a_wait_that_is_stopped_does_not_end),
		TEST(hints_act_ten_seconds_apart),
	};
	return cmocka_run_group_tests_name("client/reconnect", tests, NULL, NULL);
}
