/*
 * envoi - liveness: tests of when a link is probed, and when it counts as dead
 * SPDX-License-Identifier: MIT
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include <envoi/context.h>
#include <envoi/mainloop.h>

#include "between.h"
#include "session/liveness/liveness.h"

enum {
	S = 1000,
	PROBE_AFTER = 60 * S,
	ANSWER_TIMEOUT = 20 * S,
	LIMIT = 180 * S,
	GRID = 5 * S,
	LINKS = 1000,
	NEVER = -1,
};

struct link {
	struct envoi__liveness liveness;
	int depth; /* enter and leave */
	unsigned int probes, keepalives;
	uint64_t probe_ms; /* of the last one */
	uint64_t sent;
	struct envoi__liveness_output output;
	size_t taken_per_look; /* of the pending output */
	bool cannot_probe; /* nothing that is answered can be sent */
	bool stops_when_probed;
	bool is_held; /* not read by this side */
	int64_t dead_ms, silent_ms; /* NEVER */
	uint64_t request; /* that is not answered */
	int64_t unanswered_ms; /* for which it was not, in the end; or NEVER */
};

struct fixture {
	struct envoi_context *context;
	struct envoi_loop *loop;
	struct link link;
	struct envoi_timer traffic;
	uint64_t traffic_every_ms;
	struct link *links;
};

static struct link *link_of(struct envoi__liveness *liveness)
{
	return ENVOI_CONTAINER_OF(liveness, struct link, liveness);
}

static void enter(struct envoi__liveness *liveness)
{
	link_of(liveness)->depth++;
}

static void leave(struct envoi__liveness *liveness)
{
	link_of(liveness)->depth--;
}

static bool probe(struct envoi__liveness *liveness)
{
	struct link *link = link_of(liveness);
	assert_int_equal(link->depth, 1);
	link->probes++;
	link->probe_ms = envoi_loop_now_ms(liveness->loop);
	link->sent++;
	if (link->stops_when_probed) {
		envoi__liveness_stop(liveness);
	}
	return !link->cannot_probe;
}

static void keepalive(struct envoi__liveness *liveness)
{
	link_of(liveness)->keepalives++;
}

static uint64_t sent(const struct envoi__liveness *liveness)
{
	return ENVOI_CONTAINER_OF_CONST(liveness, struct link, liveness)->sent;
}

static bool is_held(const struct envoi__liveness *liveness)
{
	return ENVOI_CONTAINER_OF_CONST(liveness, struct link, liveness)->is_held;
}

static struct envoi__liveness_output output(const struct envoi__liveness *liveness)
{
	const struct link *link = ENVOI_CONTAINER_OF_CONST(liveness, struct link, liveness);
	struct envoi__liveness_output now = link->output;
	uint64_t looks = link->probes > 0 ? envoi_loop_now_ms(liveness->loop) - link->probe_ms : 0;
	now.pending -= link->taken_per_look * (size_t)(looks / ANSWER_TIMEOUT);
	return now;
}

static void dead(struct envoi__liveness *liveness, uint64_t silent_ms)
{
	struct link *link = link_of(liveness);
	assert_int_equal(link->dead_ms, NEVER);
	link->dead_ms = (int64_t)(link->liveness.last_input_ms + silent_ms);
	link->silent_ms = (int64_t)silent_ms;
}

static uint64_t request(const struct envoi__liveness *liveness)
{
	return ENVOI_CONTAINER_OF_CONST(liveness, struct link, liveness)->request;
}

static void unanswered(struct envoi__liveness *liveness, uint64_t since_ms)
{
	assert_int_equal(link_of(liveness)->unanswered_ms, NEVER);
	link_of(liveness)->unanswered_ms = (int64_t)since_ms;
}

static const struct envoi__liveness_impl impl = {
	.enter = enter,
	.leave = leave,
	.probe = probe,
	.keepalive = keepalive,
	.sent = sent,
	.is_held = is_held,
	.output = output,
	.request = request,
	.dead = dead,
	.unanswered = unanswered,
};

static void init_link(struct fixture *f, struct link *link)
{
	envoi__liveness_init(&link->liveness, &impl, f->context);
	link->dead_ms = link->silent_ms = link->unanswered_ms = NEVER;
	link->liveness.settings = (struct envoi__liveness_settings){
		.method = ENVOI__LIVENESS_PROBE,
		.probe_after_ms = PROBE_AFTER,
		.answer_timeout_ms = ANSWER_TIMEOUT,
		.limit_ms = LIMIT,
	};
}

static int setup(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));
	assert_non_null(f);
	assert_int_equal(envoi_context_new(&f->context, NULL), ENVOI_OK);
	assert_int_equal(envoi_loop_new_simulated(&f->loop, f->context), ENVOI_OK);
	assert_int_equal(envoi_context_take_loop(f->context, f->loop), ENVOI_OK);
	init_link(f, &f->link);
	*state = f;
	return 0;
}

static int teardown(void **state)
{
	struct fixture *f = *state;
	assert_int_equal(f->link.depth, 0);
	envoi__liveness_stop(&f->link.liveness);
	envoi_timer_stop(&f->traffic);
	for (size_t i = 0; f->links != NULL && i < LINKS; i++) {
		envoi__liveness_stop(&f->links[i].liveness);
	}
	free(f->links);
	envoi_context_unref(f->context);
	free(f);
	return 0;
}

static void start(struct fixture *f)
{
	envoi__liveness_start(&f->link.liveness, f->loop);
}

static void run_for(struct fixture *f, uint64_t duration_ms)
{
	assert_int_equal(envoi_loop_simulated_run_for(f->loop, duration_ms), ENVOI_OK);
}

static uint64_t now_ms(struct fixture *f)
{
	return envoi_loop_now_ms(f->loop);
}

/* --- silence --- */

static void a_silent_link_is_probed_and_dead_later(void **state)
{
	struct fixture *f = *state;
	start(f);
	run_for(f, PROBE_AFTER - 1);
	assert_int_equal(f->link.probes, 0);
	run_for(f, 1);
	assert_int_equal(f->link.probes, 1);
	run_for(f, ANSWER_TIMEOUT - 1);
	assert_int_equal(f->link.dead_ms, NEVER);
	run_for(f, 1);
	assert_int_equal(f->link.dead_ms, PROBE_AFTER + ANSWER_TIMEOUT);
	assert_int_equal(f->link.silent_ms, PROBE_AFTER + ANSWER_TIMEOUT);
	run_for(f, 10 * LIMIT);
	assert_int_equal(f->link.probes, 1);
}

/* Off the grid: a little later, never earlier. */
static void times_are_rounded_up_to_the_grid(void **state)
{
	struct fixture *f = *state;
	run_for(f, 1234);
	start(f);
	run_for(f, PROBE_AFTER - 1);
	assert_int_equal(f->link.probes, 0);
	run_for(f, GRID);
	assert_int_equal(f->link.probes, 1);
	assert_int_equal(f->link.probe_ms % GRID, 0);
	run_for(f, LIMIT);
	assert_int_equal(f->link.dead_ms, (int64_t)f->link.probe_ms + ANSWER_TIMEOUT);
}

static void an_answer_keeps_the_link_and_the_next_silence_is_probed(void **state)
{
	struct fixture *f = *state;
	start(f);
	for (unsigned int i = 1; i <= 3; i++) {
		run_for(f, PROBE_AFTER + GRID);
		assert_int_equal(f->link.probes, i);
		envoi__liveness_input(&f->link.liveness);
	}
	run_for(f, PROBE_AFTER - 1);
	assert_int_equal(f->link.probes, 3);
	assert_int_equal(f->link.dead_ms, NEVER);
}

static void an_answer_just_before_the_deadline_counts(void **state)
{
	struct fixture *f = *state;
	start(f);
	run_for(f, PROBE_AFTER + ANSWER_TIMEOUT - 1);
	envoi__liveness_input(&f->link.liveness);
	run_for(f, GRID);
	assert_int_equal(f->link.dead_ms, NEVER);
}

static void on_traffic(struct envoi_timer *timer)
{
	struct fixture *f = ENVOI_CONTAINER_OF(timer, struct fixture, traffic);
	envoi__liveness_input(&f->link.liveness);
	envoi_timer_start(timer, f->loop, f->traffic_every_ms, on_traffic);
}

static void nothing_is_sent_while_input_flows(void **state)
{
	struct fixture *f = *state;
	start(f);
	f->traffic_every_ms = PROBE_AFTER - 1;
	on_traffic(&f->traffic);
	run_for(f, 100 * PROBE_AFTER);
	assert_int_equal(f->link.probes + f->link.keepalives, 0);
	envoi_timer_stop(&f->traffic);
	run_for(f, PROBE_AFTER + GRID);
	assert_int_equal(f->link.probes, 1);
}

/* --- a peer that does not acknowledge --- */

static void talk(struct fixture *f)
{
	start(f);
	f->traffic_every_ms = PROBE_AFTER / 2;
	on_traffic(&f->traffic);
}

static void a_request_that_is_never_answered_ends_the_link(void **state)
{
	struct fixture *f = *state;
	talk(f);
	run_for(f, 10 * LIMIT);
	f->link.request = 1;
	run_for(f, LIMIT - 1);
	assert_int_equal(f->link.unanswered_ms, NEVER);
	run_for(f, 2 * PROBE_AFTER);
	assert_between(f->link.unanswered_ms, LIMIT, LIMIT + PROBE_AFTER);
	run_for(f, LIMIT);
	assert_int_equal(f->link.probes, 0);
	assert_int_equal(f->link.dead_ms, NEVER);
}

static void each_request_has_its_own_time(void **state)
{
	struct fixture *f = *state;
	talk(f);
	for (f->link.request = 1; f->link.request < 20; f->link.request++) {
		run_for(f, LIMIT - PROBE_AFTER);
	}
	assert_int_equal(f->link.unanswered_ms, NEVER);
}

static void a_request_behind_output_that_is_taken_has_more_time(void **state)
{
	struct fixture *f = *state;
	talk(f);
	f->link.request = 1;
	f->link.output.pending = 1000;
	for (int i = 0; i < 20; i++) {
		f->link.output.written++;
		run_for(f, PROBE_AFTER / 2);
	}
	assert_int_equal(f->link.unanswered_ms, NEVER);
	run_for(f, 2 * LIMIT);
	assert_int_not_equal(f->link.unanswered_ms, NEVER);
}

static void an_answer_that_this_side_does_not_read_is_waited_for(void **state)
{
	struct fixture *f = *state;
	start(f);
	f->link.request = 1;
	f->link.is_held = true;
	run_for(f, 10 * LIMIT);
	assert_int_equal(f->link.unanswered_ms, NEVER);
}

/* --- input that this side does not read --- */

static void a_link_that_is_not_read_is_not_probed_and_not_dead(void **state)
{
	struct fixture *f = *state;
	f->link.is_held = true;
	start(f);
	run_for(f, 10 * LIMIT);
	assert_int_equal(f->link.probes, 0);
	assert_int_equal(f->link.dead_ms, NEVER);
	f->link.is_held = false;
	run_for(f, 2 * PROBE_AFTER);
	assert_int_equal(f->link.probes, 1);
	run_for(f, ANSWER_TIMEOUT);
	assert_int_not_equal(f->link.dead_ms, NEVER);
}

static void a_link_that_is_not_read_after_a_probe_is_not_dead(void **state)
{
	struct fixture *f = *state;
	start(f);
	run_for(f, PROBE_AFTER);
	assert_int_equal(f->link.probes, 1);
	f->link.is_held = true;
	run_for(f, LIMIT);
	assert_int_equal(f->link.dead_ms, NEVER);
}

/* --- pending output --- */

static void a_peer_that_takes_output_has_until_the_limit(void **state)
{
	struct fixture *f = *state;
	f->link.output.pending = 1000000;
	f->link.taken_per_look = 1000;
	start(f);
	run_for(f, LIMIT - 1);
	assert_int_equal(f->link.dead_ms, NEVER);
	run_for(f, GRID);
	assert_int_equal(f->link.dead_ms, LIMIT);
	assert_int_equal(f->link.probes, 1);
}

static void a_peer_that_takes_nothing_is_dead_in_time(void **state)
{
	struct fixture *f = *state;
	f->link.output.pending = 1000000;
	start(f);
	run_for(f, PROBE_AFTER + ANSWER_TIMEOUT);
	assert_int_equal(f->link.dead_ms, PROBE_AFTER + ANSWER_TIMEOUT);
}

/* The probe itself was pending when it was sent. */
static void output_that_is_all_taken_is_no_excuse(void **state)
{
	struct fixture *f = *state;
	f->link.output.pending = 100;
	f->link.taken_per_look = 100;
	start(f);
	run_for(f, PROBE_AFTER + ANSWER_TIMEOUT);
	assert_int_equal(f->link.dead_ms, PROBE_AFTER + ANSWER_TIMEOUT);
}

/* --- methods --- */

static void white_space_expects_no_answer(void **state)
{
	struct fixture *f = *state;
	f->link.liveness.settings.method = ENVOI__LIVENESS_WHITE_SPACE;
	start(f);
	run_for(f, 10 * PROBE_AFTER);
	assert_int_equal(f->link.keepalives, 10);
	assert_int_equal(f->link.probes, 0);
	assert_int_equal(f->link.dead_ms, NEVER);
}

static void white_space_replaces_a_probe_that_cannot_be_sent(void **state)
{
	struct fixture *f = *state;
	f->link.cannot_probe = true;
	start(f);
	run_for(f, 2 * PROBE_AFTER);
	assert_int_equal(f->link.probes, 2);
	assert_int_equal(f->link.keepalives, 2);
	assert_int_equal(f->link.dead_ms, NEVER);
	f->link.cannot_probe = false;
	run_for(f, PROBE_AFTER + ANSWER_TIMEOUT);
	assert_true(f->link.dead_ms > 0);
}

static void without_a_method_nothing_wakes_the_loop(void **state)
{
	struct fixture *f = *state;
	f->link.liveness.settings.method = ENVOI__LIVENESS_NONE;
	start(f);
	assert_int_equal(envoi_loop_run(f->loop), ENVOI_OK);
	assert_int_equal(now_ms(f), 0);
	envoi__liveness_probe(&f->link.liveness);
	assert_int_equal(f->link.probes + f->link.keepalives, 0);
}

/* --- the peer's own limit --- */

static void a_peer_with_a_limit_gets_something_three_times_as_often(void **state)
{
	struct fixture *f = *state;
	f->link.liveness.settings.method = ENVOI__LIVENESS_NONE;
	start(f);
	envoi__liveness_set_peer_limit(&f->link.liveness, 30 * S);
	run_for(f, 300 * S);
	assert_between(f->link.keepalives, 20, 30);
}

static void other_output_replaces_the_white_space(void **state)
{
	struct fixture *f = *state;
	start(f);
	envoi__liveness_set_peer_limit(&f->link.liveness, 180 * S);
	for (int i = 0; i < 100; i++) {
		f->link.sent++;
		envoi__liveness_input(&f->link.liveness);
		run_for(f, 20 * S);
	}
	assert_int_equal(f->link.keepalives, 0);
}

static void a_tiny_limit_of_the_peer_does_not_cost_a_packet_a_second(void **state)
{
	struct fixture *f = *state;
	f->link.liveness.settings.method = ENVOI__LIVENESS_NONE;
	start(f);
	envoi__liveness_set_peer_limit(&f->link.liveness, 1);
	run_for(f, 100 * S);
	assert_between(f->link.keepalives, 20, 31);
	envoi__liveness_set_peer_limit(&f->link.liveness, 0);
	f->link.keepalives = 0;
	run_for(f, 100 * S);
	assert_int_equal(f->link.keepalives, 0);
}

/* --- suspension --- */

static void a_machine_that_wakes_up_probes_at_once(void **state)
{
	struct fixture *f = *state;
	start(f);
	run_for(f, 7 * S);
	assert_int_equal(envoi_loop_simulated_suspend(f->loop, 3600 * S), ENVOI_OK);
	run_for(f, 0);
	assert_int_equal(f->link.probes, 1);
	run_for(f, ANSWER_TIMEOUT - 1);
	assert_int_equal(f->link.dead_ms, NEVER);
	run_for(f, GRID);
	assert_true(f->link.dead_ms > 0);
}

/* It has the whole time for its answer, however much of it had passed before. */
static void a_probe_before_the_suspension_is_repeated(void **state)
{
	struct fixture *f = *state;
	start(f);
	run_for(f, PROBE_AFTER + ANSWER_TIMEOUT - 1);
	assert_int_equal(envoi_loop_simulated_suspend(f->loop, 3600 * S), ENVOI_OK);
	run_for(f, ANSWER_TIMEOUT - 1);
	assert_int_equal(f->link.probes, 2);
	assert_int_equal(f->link.dead_ms, NEVER);
}

/* --- life --- */

static void a_stopped_link_costs_nothing(void **state)
{
	struct fixture *f = *state;
	start(f);
	run_for(f, PROBE_AFTER);
	envoi__liveness_stop(&f->link.liveness);
	envoi__liveness_input(&f->link.liveness);
	envoi__liveness_probe(&f->link.liveness);
	assert_int_equal(envoi_loop_run(f->loop), ENVOI_OK);
	assert_int_equal(now_ms(f), PROBE_AFTER);
	assert_int_equal(f->link.probes, 1);
	start(f);
	run_for(f, PROBE_AFTER);
	assert_int_equal(f->link.probes, 2);
}

static void probing_may_stop_the_link(void **state)
{
	struct fixture *f = *state;
	f->link.stops_when_probed = true;
	start(f);
	run_for(f, 10 * PROBE_AFTER);
	assert_int_equal(f->link.probes, 1);
	assert_int_equal(f->link.keepalives, 0);
	assert_int_equal(f->link.dead_ms, NEVER);
}

/* --- many --- */

static void a_thousand_links_share_their_wake_ups(void **state)
{
	struct fixture *f = *state;
	f->links = calloc(LINKS, sizeof(*f->links));
	assert_non_null(f->links);
	for (size_t i = 0; i < LINKS; i++) {
		init_link(f, &f->links[i]);
		envoi__liveness_start(&f->links[i].liveness, f->loop);
		run_for(f, 61); /* spread over a minute */
	}
	unsigned int times = 0;
	uint64_t until_ms = now_ms(f) + PROBE_AFTER + GRID;
	while (now_ms(f) < until_ms) {
		uint64_t before_ms = now_ms(f);
		assert_int_equal(envoi_loop_run_once(f->loop, true), ENVOI_OK);
		times += now_ms(f) != before_ms;
		for (size_t i = 0; i < LINKS; i++) {
			if (f->links[i].liveness.is_probing) {
				envoi__liveness_input(&f->links[i].liveness);
			}
		}
	}
	assert_between(times, 2, PROBE_AFTER / GRID + 2);
	for (size_t i = 0; i < LINKS; i++) {
		assert_between(f->links[i].probes, 1, 2);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(
			a_silent_link_is_probed_and_dead_later, setup, teardown),
		cmocka_unit_test_setup_teardown(times_are_rounded_up_to_the_grid, setup, teardown),
		cmocka_unit_test_setup_teardown(
			an_answer_keeps_the_link_and_the_next_silence_is_probed, setup, teardown),
		cmocka_unit_test_setup_teardown(
			an_answer_just_before_the_deadline_counts, setup, teardown),
		cmocka_unit_test_setup_teardown(nothing_is_sent_while_input_flows, setup, teardown),
		cmocka_unit_test_setup_teardown(
			a_request_that_is_never_answered_ends_the_link, setup, teardown),
		cmocka_unit_test_setup_teardown(each_request_has_its_own_time, setup, teardown),
		cmocka_unit_test_setup_teardown(
			a_request_behind_output_that_is_taken_has_more_time, setup, teardown),
		cmocka_unit_test_setup_teardown(
			an_answer_that_this_side_does_not_read_is_waited_for, setup, teardown),
		cmocka_unit_test_setup_teardown(
			a_link_that_is_not_read_is_not_probed_and_not_dead, setup, teardown),
		cmocka_unit_test_setup_teardown(
			a_link_that_is_not_read_after_a_probe_is_not_dead, setup, teardown),
		cmocka_unit_test_setup_teardown(
			a_peer_that_takes_output_has_until_the_limit, setup, teardown),
		cmocka_unit_test_setup_teardown(
			a_peer_that_takes_nothing_is_dead_in_time, setup, teardown),
		cmocka_unit_test_setup_teardown(
			output_that_is_all_taken_is_no_excuse, setup, teardown),
		cmocka_unit_test_setup_teardown(white_space_expects_no_answer, setup, teardown),
		cmocka_unit_test_setup_teardown(
			white_space_replaces_a_probe_that_cannot_be_sent, setup, teardown),
		cmocka_unit_test_setup_teardown(
			without_a_method_nothing_wakes_the_loop, setup, teardown),
		cmocka_unit_test_setup_teardown(
			a_peer_with_a_limit_gets_something_three_times_as_often, setup, teardown),
		cmocka_unit_test_setup_teardown(
			other_output_replaces_the_white_space, setup, teardown),
		cmocka_unit_test_setup_teardown(
			a_tiny_limit_of_the_peer_does_not_cost_a_packet_a_second, setup, teardown),
		cmocka_unit_test_setup_teardown(
			a_machine_that_wakes_up_probes_at_once, setup, teardown),
		cmocka_unit_test_setup_teardown(
			a_probe_before_the_suspension_is_repeated, setup, teardown),
		cmocka_unit_test_setup_teardown(a_stopped_link_costs_nothing, setup, teardown),
		cmocka_unit_test_setup_teardown(probing_may_stop_the_link, setup, teardown),
		cmocka_unit_test_setup_teardown(
			a_thousand_links_share_their_wake_ups, setup, teardown),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
