/*
 * envoi - tests of the simulation itself: what it notices, that it repeats
 * SPDX-License-Identifier: MIT
 */
/*
 * Faults of the server are made here, by its options. With each of the following faults, put into
 * the sources for one trial, a run of the first 100 seeds breaks the rule:
 *
 * a-ticket-ends-once: an acknowledged ticket reports twice.
 * a-ticket-ends: a ticket that would report UNKNOWN does not report.
 * acknowledged-was-received: an `<a/>` acknowledges all that was sent.
 * acknowledged-where-possible: without XEP-0198, nothing waits for the answer to a ping.
 * not-sent-was-not-received: a lost stanza is NOT_SENT; nothing is sent again.
 * unknown-only-after-its-session: what is not acknowledged is UNKNOWN when the connection is lost.
 * unknown-only-after-leaving: nothing is sent again on a new session.
 * nothing-known-is-unknown: so, and `h` of `<failed/>` is ignored; without the rule before.
 * sent-once-in-a-session: each third acknowledgement is ignored.
 * a-request-is-sent-once: acknowledgements of requests are ignored.
 * resent-with-origin-id: no message has an origin-id.
 * sent-in-order: what is sent again on a resumed session goes behind what has waited.
 * a-journal-can-be-read: each fiftieth checksum is wrong.
 * a-request-ends-once, a-request-ends: one to an account is answered twice; one whose connection is
 * lost is not.
 * a-request-ends-with-its-session: no request ends when the session ends.
 * an-answer-was-given: a timeout counts as an answer.
 * no-invention: the server changes the id of a message.
 * a-session-starts-and-ends, a-connection-begins-and-ends, suspended-or-stopped: the events ENDED,
 * DISCONNECTED, SUSPENDED are missing.
 * stopped-is-last: STOPPED in place of SUSPENDED.
 * everything-ends: no STOPPED when the client is freed.
 * can-connect: a client that has stopped counts as one that waits.
 * progress: the timer of the next attempt is not started.
 * both-ends-agree: `<r/>` is not answered.
 * memory-is-level: trees are not freed.
 * no-leak: requests are not freed.
 * descriptors-are-closed: each connect leaves a descriptor open.
 *
 * Some need more seeds. delivered-once-in-a-session: a hold that is released without a connection
 * has no record (1,145 seeds). recorded-was-received: a stanza that the stream refuses keeps its
 * record (some 40,000 seeds). unknown-only-after-leaving: a message that cannot get its delay for
 * want of memory is lost (1,805 seeds). acknowledged-was-received: a server without stream
 * management drops a message for want of memory (5,823 seeds). both-ends-agree: a client whose
 * presence was not sent for want of memory does not send it again (6,663 seeds).
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "between.h"
#include "simulation.h"

enum {
	SEEDS = 100,
};

static bool breaks(const char *failure, const char *rule)
{
	size_t len = strlen(rule);
	return strncmp(failure, rule, len) == 0 && failure[len] == ':';
}

/* Run seeds, each on a server with the same fault, up to the first that breaks the rule. */
static void find_failure(struct plan *plan, const struct envoi_test_server_options *faults,
	const char *rule, char failure[FAILURE_SIZE])
{
	for (uint64_t seed = 1; seed <= SEEDS; seed++) {
		plan_make(plan, seed, false);
		plan->server.drops_each = faults->drops_each;
		plan->server.doubles_each = faults->doubles_each;
		plan->server.swaps_each = faults->swaps_each;
		if (!run_plan(plan, NULL, failure) && breaks(failure, rule)) {
			return;
		}
	}
	fail_msg("no seed breaks %s", rule);
}

static void assert_notices(
	const struct envoi_test_server_options *faults, const char *rule, size_t most_steps)
{
	struct plan plan;
	char failure[FAILURE_SIZE];
	find_failure(&plan, faults, rule, failure);
	shrink(&plan, failure);
	assert_true(breaks(failure, rule));
	assert_between(plan_left(&plan), 1, most_steps);
}

static void the_simulation_notices_lost_messages(void **state)
{
	(void)state;
	const struct envoi_test_server_options faults = {.drops_each = 3};
	assert_notices(&faults, "nothing-acknowledged-is-lost", 6);
}

static void the_simulation_notices_doubled_messages(void **state)
{
	(void)state;
	const struct envoi_test_server_options faults = {.doubles_each = 3};
	assert_notices(&faults, "delivered-once-in-a-session", 6);
}

static void the_simulation_notices_messages_out_of_order(void **state)
{
	(void)state;
	const struct envoi_test_server_options faults = {.swaps_each = 3};
	assert_notices(&faults, "delivered-in-order", 6);
}

static char *trace_of(uint64_t seed)
{
	struct plan plan;
	char failure[FAILURE_SIZE], *text = NULL;
	size_t len;
	FILE *trace = open_memstream(&text, &len);
	assert_non_null(trace);
	plan_make(&plan, seed, false);
	assert_true(run_plan(&plan, trace, failure));
	fclose(trace);
	return text;
}

static void a_seed_gives_the_same_run(void **state)
{
	(void)state;
	char *once = trace_of(11), *again = trace_of(11), *other = trace_of(12);
	assert_string_equal(once, again);
	assert_string_not_equal(once, other);
	free(once);
	free(again);
	free(other);
}

/* The plans of many seeds have every kind of step, and servers of every kind. */
static void plans_have_everything(void **state)
{
	(void)state;
	struct plan plan;
	unsigned int kinds[STEP_KINDS] = {0}, managed = 0, resuming = 0;
	for (uint64_t seed = 0; seed < SEEDS; seed++) {
		plan_make(&plan, seed, false);
		assert_between(plan.count, 1, MOST_STEPS);
		managed += plan.server.has_stream_management;
		resuming += plan.server.resumes;
		for (size_t i = 0; i < plan.count; i++) {
			kinds[plan.steps[i].kind]++;
			assert_true(i == 0 || plan.steps[i - 1].at_ms <= plan.steps[i].at_ms);
		}
	}
	for (int kind = 0; kind < STEP_KINDS; kind++) {
		assert_int_not_equal(kinds[kind], 0);
	}
	assert_between(managed, 1, SEEDS - 1);
	assert_between(resuming, 1, SEEDS - 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_simulation_notices_lost_messages),
		cmocka_unit_test(the_simulation_notices_doubled_messages),
		cmocka_unit_test(the_simulation_notices_messages_out_of_order),
		cmocka_unit_test(a_seed_gives_the_same_run),
		cmocka_unit_test(plans_have_everything),
	};
	return cmocka_run_group_tests_name("simulation", tests, NULL, NULL);
}
