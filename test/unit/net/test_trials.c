/*
 * envoi - dialing: connections on trial, and going on after a winner; in virtual time
 * SPDX-License-Identifier: MIT
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <errno.h>

#include <cmocka.h>

#include <envoi/context.h>
#include <envoi/interfaces/dial.h>
#include <envoi/mainloop.h>

#include "between.h"
#include "open_fds.h"
#include "scripted_network.h"
#include "scripted_resolver.h"

#define XMPP "_xmpp-client._tcp.example.org"
#define XMPPS "_xmpps-client._tcp.example.org"
#define NEVER UINT64_MAX

/** What comes of a trial; a table ends with a zeroed row. */
struct verdict {
	const char *address;
	uint64_t delay_ms; /* NEVER: it stalls */
	int code; /* ENVOI_OK: passes */
	int code_at_once; /* of `begin` */
};

/** When a trial begins or stops to wait for a decision; a table ends with a zeroed row. */
struct decision_step {
	uint64_t at_ms;
	size_t trial; /* index in order of beginning */
	bool waits;
};

struct fixture {
	struct envoi_context *context;
	struct envoi_loop *loop;
	struct envoi_resolver *resolver;
	struct scripted_network network;
	struct envoi_trial_hooks trials;
	const struct verdict *verdicts;
	struct envoi_dial *dial;
	struct envoi_dial_options options;
	int fds_before;
	int trials_open, trials_begun;
	struct envoi_trial *last_trial, *trial_list[3]; /* in order of beginning */
	const struct decision_step *steps;
	struct envoi_timer asking; /* then until the answer */
	uint64_t thinking_ms;
	uint64_t time_left_ms; /* for envoi_dial_next() */
	bool waits;
	bool frees_in_drop;
	int calls;
	char result[400];
	size_t attempts_with_winner;
	struct envoi_failure failure;
	struct case_of_trial *own; /* the winner's */
};

struct case_of_trial {
	struct fixture *fixture;
	struct envoi_trial *trial;
	const struct verdict *verdict;
	struct envoi_timer timer;
	int fd;
};

static void free_case(struct case_of_trial *c)
{
	struct fixture *f = c->fixture;
	envoi_timer_stop(&c->timer);
	f->network.sockets.close(f->network.sockets.user, c->fd);
	f->trials_open--;
	free(c);
}

static void on_verdict(struct envoi_timer *timer)
{
	struct case_of_trial *c = ENVOI_CONTAINER_OF(timer, struct case_of_trial, timer);
	struct envoi_trial *trial = c->trial;
	if (c->verdict->code == ENVOI_OK) {
		envoi_trial_pass(trial);
		return;
	}
	struct envoi_failure why;
	envoi_failure_set(&why, c->fixture->context, ENVOI_PHASE_TLS, c->verdict->code,
		"%s said no", c->verdict->address);
	free_case(c);
	envoi_trial_fail(trial, &why);
}

static int begin_trial(void *user, struct envoi_trial *trial, const struct envoi_dialed *dialed)
{
	struct fixture *f = user;
	const struct verdict *verdict = f->verdicts;
	while (strcmp(verdict->address, dialed->address) != 0) {
		verdict++;
	}
	size_t index = (size_t)f->trials_begun++;
	if (verdict->code_at_once < 0) {
		f->network.sockets.close(f->network.sockets.user, dialed->fd);
		return verdict->code_at_once;
	}
	struct case_of_trial *c = calloc(1, sizeof(*c));
	if (c == NULL) {
		abort();
	}
	c->fixture = f;
	c->trial = trial;
	c->verdict = verdict;
	c->fd = dialed->fd;
	f->trials_open++;
	envoi_timer_start(&c->timer, f->loop, verdict->delay_ms, on_verdict);
	trial->own = c;
	f->last_trial = trial;
	f->trial_list[index % 3] = trial;
	return ENVOI_OK;
}

static void drop_trial(void *user, struct envoi_trial *trial)
{
	struct fixture *f = user;
	struct envoi_dial *dial = f->dial;
	free_case(trial->own);
	if (f->frees_in_drop) {
		f->dial = NULL;
		envoi_dial_free(dial);
	}
}

static int setup(void **state)
{
	static const struct scripted_answer no_answers[] = {{0}};
	static const struct scripted_host no_hosts[] = {{0}};
	struct fixture *f = calloc(1, sizeof(*f));
	assert_non_null(f);
	f->fds_before = count_open_fds();
	assert_int_equal(envoi_context_new(&f->context, NULL), ENVOI_OK);
	assert_int_equal(envoi_loop_new_simulated(&f->loop, f->context), ENVOI_OK);
	assert_int_equal(envoi_context_take_loop(f->context, f->loop), ENVOI_OK);
	assert_int_equal(scripted_resolver_new(&f->resolver, f->context, no_answers), ENVOI_OK);
	assert_int_equal(envoi_context_take_resolver(f->context, f->resolver), ENVOI_OK);
	scripted_network_init(&f->network, f->loop, no_hosts);
	f->trials = (struct envoi_trial_hooks){.begin = begin_trial, .drop = drop_trial, .user = f};
	f->options = (struct envoi_dial_options){
		.domain = "example.org",
		.routes = ENVOI_ROUTE_STARTTLS | ENVOI_ROUTE_DIRECT,
		.sockets = &f->network.sockets,
		.trials = &f->trials,
		.trial_routes = ENVOI_ROUTE_DIRECT,
	};
	*state = f;
	return 0;
}

static void forget_winner(struct fixture *f)
{
	if (f->own != NULL) {
		free_case(f->own);
		f->own = NULL;
	}
}

static int teardown(void **state)
{
	struct fixture *f = *state;
	envoi_timer_stop(&f->asking);
	envoi_dial_free(f->dial);
	forget_winner(f);
	assert_int_equal(f->trials_open, 0);
	envoi_failure_finish(&f->failure);
	scripted_network_finish(&f->network);
	assert_int_equal(scripted_resolver_pending(f->resolver), 0);
	envoi_context_unref(f->context);
	assert_int_equal(count_open_fds(), f->fds_before);
	free(f);
	return 0;
}

static void on_dialed(
	void *user, const struct envoi_dialed *dialed, const struct envoi_failure *failure)
{
	struct fixture *f = user;
	unsigned long long now = envoi_loop_now_ms(f->loop);
	f->calls++;
	if (dialed != NULL) {
		f->own = dialed->own;
		f->attempts_with_winner = failure != NULL ? failure->attempt_count : 0;
		snprintf(f->result, sizeof(f->result), "%llu %s:%u %s%s", now, dialed->address,
			dialed->port, dialed->route == ENVOI_ROUTE_DIRECT ? "direct" : "starttls",
			dialed->own != NULL ? " tried" : "");
	} else {
		envoi_failure_finish(&f->failure);
		envoi_failure_copy(&f->failure, failure);
		snprintf(f->result, sizeof(f->result), "%llu %s %s", now,
			envoi_phase_name(failure->phase), envoi_error_name(failure->code));
	}
}

static const char *run(struct fixture *f)
{
	assert_int_equal(envoi_loop_simulated_run_for(f->loop, 200000), ENVOI_OK);
	return f->result;
}

static const char *dial(struct fixture *f, const struct scripted_answer *answers,
	const struct scripted_host *hosts, const struct verdict *verdicts)
{
	scripted_resolver_set(f->resolver, answers);
	f->network.hosts = hosts;
	f->verdicts = verdicts;
	assert_int_equal(envoi_dial_new(&f->dial, f->context, &f->options, on_dialed, f), ENVOI_OK);
	return run(f);
}

static const char *go_on(struct fixture *f, int code, const char *text)
{
	struct envoi_failure why;
	forget_winner(f);
	envoi_failure_set(&why, f->context, ENVOI_PHASE_STREAM, code, "%s", text);
	assert_int_equal(envoi_dial_next(f->dial, &why, f->time_left_ms), ENVOI_OK);
	return run(f);
}

/* Direct TLS first by priority, then STARTTLS, each with one address. */
static const struct scripted_answer both[] = {
	{.name = XMPPS, .records = "10 0 443 s.example"},
	{.name = XMPP, .records = "20 0 5222 c.example"},
	{.name = "s.example", .family = AF_INET, .records = "192.0.2.2"},
	{.name = "c.example", .family = AF_INET, .records = "192.0.2.1"},
	{0},
};
/* Three targets for direct TLS. */
static const struct scripted_answer three_direct[] = {
	{.name = XMPPS, .records = "1 0 443 a.example, 2 0 443 b.example, 3 0 443 c.example"},
	{.name = "a.example", .family = AF_INET, .records = "192.0.2.1"},
	{.name = "b.example", .family = AF_INET, .records = "192.0.2.2"},
	{.name = "c.example", .family = AF_INET, .records = "192.0.2.3"},
	{0},
};
static const struct scripted_host all_connect[] = {
	{.address = "192.0.2.1", .delay_ms = 10},
	{.address = "192.0.2.2", .delay_ms = 10},
	{.address = "192.0.2.3", .delay_ms = 10},
	{0},
};

static void a_trial_that_passes_wins(void **state)
{
	static const struct verdict verdicts[] = {{.address = "192.0.2.2", .delay_ms = 20}, {0}};
	struct fixture *f = *state;
	assert_string_equal(dial(f, both, all_connect, verdicts), "30 192.0.2.2:443 direct tried");
	assert_string_equal(f->network.log, "0 192.0.2.2:443");
	assert_int_equal(f->attempts_with_winner, 0);
}

static void a_trial_that_fails_makes_room_at_once_and_keeps_its_reason(void **state)
{
	static const struct verdict verdicts[] = {
		{.address = "192.0.2.2", .delay_ms = 20, .code = ENVOI_ERR_CERTIFICATE}, {0}};
	struct fixture *f = *state;
	assert_string_equal(dial(f, both, all_connect, verdicts), "40 192.0.2.1:5222 starttls");
	assert_int_equal(f->attempts_with_winner, 1);
}

/* Connected after 10 ms; a quarter of a second later the next one starts beside it. */
static void a_trial_that_stalls_is_raced(void **state)
{
	static const struct verdict verdicts[] = {{.address = "192.0.2.2", .delay_ms = NEVER}, {0}};
	struct fixture *f = *state;
	assert_string_equal(dial(f, both, all_connect, verdicts), "270 192.0.2.1:5222 starttls");
	assert_string_equal(f->network.log, "0 192.0.2.2:443, 260 192.0.2.1:5222");
	assert_int_equal(f->trials_open, 0);
}

static void a_slow_trial_may_win_beside_others(void **state)
{
	static const struct verdict verdicts[] = {
		{.address = "192.0.2.1", .delay_ms = 400},
		{.address = "192.0.2.2", .delay_ms = NEVER},
		{.address = "192.0.2.3", .delay_ms = NEVER},
		{0},
	};
	struct fixture *f = *state;
	assert_string_equal(
		dial(f, three_direct, all_connect, verdicts), "410 192.0.2.1:443 direct tried");
	assert_int_equal(f->trials_begun, 2);
}

/* A far server: it takes its time for connecting, and for the handshake. The other one, started a
 * quarter of a second later, connects, but waits for as long as a handshake should take. */
static void a_far_servers_handshake_has_its_time(void **state)
{
	static const struct scripted_host hosts[] = {
		{.address = "192.0.2.2", .delay_ms = 300},
		{.address = "192.0.2.1", .delay_ms = 300},
		{0},
	};
	static const struct verdict verdicts[] = {{.address = "192.0.2.2", .delay_ms = 700}, {0}};
	struct fixture *f = *state;
	assert_string_equal(dial(f, both, hosts, verdicts), "1000 192.0.2.2:443 direct tried");
	assert_string_equal(f->network.log, "0 192.0.2.2:443, 250 192.0.2.1:5222");
}

/* A very far one does not keep the others for ever (RFC 8305, section 8: at most two seconds). */
static void however_long_connecting_took_others_wait_two_seconds(void **state)
{
	static const struct scripted_host hosts[] = {
		{.address = "192.0.2.2", .delay_ms = 900},
		{.address = "192.0.2.1", .delay_ms = 900},
		{0},
	};
	static const struct verdict verdicts[] = {{.address = "192.0.2.2", .delay_ms = NEVER}, {0}};
	assert_string_equal(dial(*state, both, hosts, verdicts), "2900 192.0.2.1:5222 starttls");
}

static void one_that_has_waited_wins_when_the_trial_fails_or_takes_too_long(void **state)
{
	static const struct scripted_host hosts[] = {
		{.address = "192.0.2.2", .delay_ms = 300},
		{.address = "192.0.2.1", .delay_ms = 300},
		{0},
	};
	static const struct verdict fails[] = {
		{.address = "192.0.2.2", .delay_ms = 600, .code = ENVOI_ERR_TLS}, {0}};
	static const struct verdict stalls[] = {{.address = "192.0.2.2", .delay_ms = NEVER}, {0}};
	struct fixture *f = *state;
	assert_string_equal(dial(f, both, hosts, fails), "900 192.0.2.1:5222 starttls");
	envoi_dial_free(f->dial);
	/* 300 for connecting, three times as much for the trial; run() has taken 200 s */
	assert_string_equal(dial(f, both, hosts, stalls), "201200 192.0.2.1:5222 starttls");
}

static void all_that_stall_end_by_the_time_of_a_trial(void **state)
{
	static const struct verdict verdicts[] = {
		{.address = "192.0.2.1", .delay_ms = NEVER},
		{.address = "192.0.2.2", .delay_ms = NEVER},
		{.address = "192.0.2.3", .delay_ms = NEVER},
		{0},
	};
	struct fixture *f = *state;
	f->options.trial_timeout_ms = 5000;
	/* started at 0, 260 and 520, connected 10 later */
	assert_string_equal(
		dial(f, three_direct, all_connect, verdicts), "5530 tls ENVOI_ERR_TIMEOUT");
	assert_int_equal(f->failure.attempt_count, 3);
	for (size_t i = 0; i < 3; i++) {
		assert_int_equal(f->failure.attempts[i].phase, ENVOI_PHASE_TLS);
		assert_int_equal(f->failure.attempts[i].code, ENVOI_ERR_TIMEOUT);
	}
}

/* What the user can mend is reported, each attempt has its own reason. */
static void the_failure_that_says_most_is_reported_and_all_are_listed(void **state)
{
	static const struct scripted_host hosts[] = {
		{.address = "192.0.2.1"},
		{.address = "192.0.2.2"},
		{.address = "192.0.2.3", .error = ECONNREFUSED},
		{0},
	};
	static const struct verdict verdicts[] = {
		{.address = "192.0.2.1", .code = ENVOI_ERR_TLS},
		{.address = "192.0.2.2", .code = ENVOI_ERR_CERTIFICATE},
		{0},
	};
	struct fixture *f = *state;
	assert_string_equal(dial(f, three_direct, hosts, verdicts), "0 tls ENVOI_ERR_CERTIFICATE");
	assert_string_equal(f->failure.text, "192.0.2.2 said no");
	assert_int_equal(f->failure.retry, ENVOI_RETRY_AFTER_USER);
	assert_int_equal(f->failure.attempt_count, 3);
	assert_int_equal(f->failure.attempts[0].code, ENVOI_ERR_TLS);
	assert_string_equal(f->failure.attempts[0].text, "192.0.2.1 said no");
	assert_int_equal(f->failure.attempts[1].code, ENVOI_ERR_CERTIFICATE);
	assert_int_equal(f->failure.attempts[2].phase, ENVOI_PHASE_CONNECT);
	assert_string_equal(f->failure.attempts[2].text, "connection refused");
}

static void a_trial_that_cannot_begin_is_one_that_fails(void **state)
{
	static const struct verdict verdicts[] = {
		{.address = "192.0.2.2", .code_at_once = ENVOI_ERR_NOMEM}, {0}};
	struct fixture *f = *state;
	assert_string_equal(dial(f, both, all_connect, verdicts), "20 192.0.2.1:5222 starttls");
	assert_int_equal(f->attempts_with_winner, 1);
}

/* --- decisions of the application --- */

static void on_asking(struct envoi_timer *timer)
{
	struct fixture *f = ENVOI_CONTAINER_OF(timer, struct fixture, asking);
	f->waits = !f->waits;
	envoi_trial_wait(f->last_trial, f->waits);
	if (f->waits) {
		envoi_timer_start(timer, f->loop, f->thinking_ms, on_asking);
	}
}

/* Ten minutes later the answer comes, and the handshake goes on for a second. */
static void while_the_application_decides_timeouts_are_suspended_and_nothing_else_begins(
	void **state)
{
	static const struct verdict verdicts[] = {
		{.address = "192.0.2.2", .delay_ms = 100000 + 1020}, {0}};
	struct fixture *f = *state;
	f->options.timeout_ms = 30000;
	f->thinking_ms = 100000;
	envoi_timer_start(&f->asking, f->loop, 20, on_asking);
	assert_string_equal(
		dial(f, both, all_connect, verdicts), "101030 192.0.2.2:443 direct tried");
	assert_string_equal(f->network.log, "0 192.0.2.2:443");
}

/* After the decision the connection that it was about has its handshake to itself for as long as a
 * trial may take: the application is not asked about another server instead. */
static void after_a_decision_the_others_stay_held_back(void **state)
{
	static const struct verdict passes[] = {{.address = "192.0.2.2", .delay_ms = 7000}, {0}};
	static const struct verdict stalls[] = {{.address = "192.0.2.2", .delay_ms = NEVER}, {0}};
	struct fixture *f = *state;
	f->options.trial_timeout_ms = 5000;
	f->thinking_ms = 3000;
	envoi_timer_start(&f->asking, f->loop, 20, on_asking);
	/* asked at 20, decided at 3020, passes at 7010 */
	assert_string_equal(dial(f, both, all_connect, passes), "7010 192.0.2.2:443 direct tried");
	assert_string_equal(f->network.log, "0 192.0.2.2:443");
	envoi_dial_free(f->dial);
	forget_winner(f);
	f->network.log[0] = '\0';
	envoi_timer_start(&f->asking, f->loop, 20, on_asking);
	/* 200000 ms later: decided at 203020, and 5000 for the trial */
	assert_string_equal(dial(f, both, all_connect, stalls), "208030 192.0.2.1:5222 starttls");
	assert_string_equal(f->network.log, "200000 192.0.2.2:443, 208020 192.0.2.1:5222");
}

static void on_step(struct envoi_timer *timer)
{
	struct fixture *f = ENVOI_CONTAINER_OF(timer, struct fixture, asking);
	const struct decision_step *step = f->steps++;
	envoi_trial_wait(f->trial_list[step->trial], step->waits);
	if (f->steps->at_ms != 0) {
		envoi_timer_start(timer, f->loop, f->steps->at_ms - step->at_ms, on_step);
	}
}

static void decide_by(struct fixture *f, const struct decision_step *steps)
{
	f->steps = steps;
	envoi_timer_start(&f->asking, f->loop, steps->at_ms, on_step);
}

/* The first stalls on trial, and the second, about which the application was asked, fails. */
static void one_that_fails_after_its_decision_lets_go_of_those_beside_it(void **state)
{
	static const struct verdict verdicts[] = {
		{.address = "192.0.2.1", .delay_ms = NEVER},
		{.address = "192.0.2.2", .delay_ms = 3000, .code = ENVOI_ERR_TLS},
		{.address = "192.0.2.3"},
		{0},
	};
	static const struct decision_step steps[] = {{300, 1, true}, {1300, 1, false}, {0}};
	struct fixture *f = *state;
	decide_by(f, steps);
	assert_string_equal(
		dial(f, three_direct, all_connect, verdicts), "3280 192.0.2.3:443 direct tried");
	assert_string_equal(
		f->network.log, "0 192.0.2.1:443, 260 192.0.2.2:443, 3270 192.0.2.3:443");
}

/* Two are asked about at once; that one is decided about, or fails, does not let others begin. */
static void while_one_of_two_is_undecided_nothing_else_begins(void **state)
{
	static const struct decision_step decided[] = {
		{300, 0, true}, {310, 1, true}, {400, 1, false}, {60000, 0, false}, {0}};
	static const struct decision_step fails[] = {
		{300, 0, true}, {310, 1, true}, {60000, 0, false}, {0}};
	static const struct verdict stalls[] = {
		{.address = "192.0.2.1", .delay_ms = 60500},
		{.address = "192.0.2.2", .delay_ms = NEVER},
		{0},
	};
	static const struct verdict fails_soon[] = {
		{.address = "192.0.2.1", .delay_ms = 60500},
		{.address = "192.0.2.2", .delay_ms = 1000, .code = ENVOI_ERR_TLS},
		{0},
	};
	struct fixture *f = *state;
	f->options.trial_timeout_ms = 5000;
	for (int i = 0; i < 2; i++) {
		decide_by(f, i == 0 ? decided : fails);
		dial(f, three_direct, all_connect, i == 0 ? stalls : fails_soon);
		assert_non_null(strstr(f->result, "192.0.2.1:443 direct tried"));
		assert_null(strstr(f->network.log, "192.0.2.3"));
		envoi_dial_free(f->dial);
		f->dial = NULL;
		forget_winner(f);
		f->network.log[0] = '\0';
		f->trials_begun = 0;
	}
}

static void a_pending_decision_can_be_cancelled(void **state)
{
	static const struct verdict verdicts[] = {{.address = "192.0.2.2", .delay_ms = NEVER}, {0}};
	struct fixture *f = *state;
	f->options.timeout_ms = 30000;
	f->thinking_ms = NEVER;
	envoi_timer_start(&f->asking, f->loop, 20, on_asking);
	assert_string_equal(dial(f, both, all_connect, verdicts), "");
	envoi_dial_free(f->dial);
	f->dial = NULL;
	assert_int_equal(f->trials_open, 0);
}

static void one_that_fails_while_it_waits_lets_the_race_go_on(void **state)
{
	static const struct verdict verdicts[] = {
		{.address = "192.0.2.2", .delay_ms = 50000, .code = ENVOI_ERR_DISCONNECTED}, {0}};
	static const struct scripted_host hosts[] = {
		{.address = "192.0.2.2", .delay_ms = 10},
		{.address = "192.0.2.1", .delay_ms = NEVER},
		{0},
	};
	struct fixture *f = *state;
	f->options.timeout_ms = 5000;
	f->thinking_ms = NEVER;
	envoi_timer_start(&f->asking, f->loop, 20, on_asking);
	/* 20 before asking, the rest of 5 s after 50 s of thinking that began with the trial */
	assert_string_equal(dial(f, both, hosts, verdicts), "54990 tls ENVOI_ERR_DISCONNECTED");
	assert_int_equal(f->failure.attempt_count, 2);
	envoi_timer_stop(&f->asking);
}

/* Another one on trial does not keep the rest any longer than before the question. */
static void one_that_fails_while_it_waits_lets_go_of_those_beside_it(void **state)
{
	static const struct verdict verdicts[] = {
		{.address = "192.0.2.1", .delay_ms = NEVER},
		{.address = "192.0.2.2", .delay_ms = 50000, .code = ENVOI_ERR_DISCONNECTED},
		{.address = "192.0.2.3"},
		{0},
	};
	struct fixture *f = *state;
	f->options.trial_timeout_ms = 100000;
	f->thinking_ms = NEVER;
	envoi_timer_start(&f->asking, f->loop, 300, on_asking);
	assert_string_equal(
		dial(f, three_direct, all_connect, verdicts), "50280 192.0.2.3:443 direct tried");
	assert_string_equal(
		f->network.log, "0 192.0.2.1:443, 260 192.0.2.2:443, 50270 192.0.2.3:443");
	envoi_timer_stop(&f->asking);
}

static void a_decision_has_its_time(void **state)
{
	static const struct verdict verdicts[] = {{.address = "192.0.2.2", .delay_ms = NEVER}, {0}};
	struct fixture *f = *state;
	f->options.decision_timeout_ms = 40000;
	f->options.timeout_ms = 30000;
	f->thinking_ms = NEVER;
	envoi_timer_start(&f->asking, f->loop, 20, on_asking);
	assert_string_equal(dial(f, both, all_connect, verdicts), "40030 192.0.2.1:5222 starttls");
	envoi_timer_stop(&f->asking);
}

/* The hooks learn in `drop` that the question is over. */
static void the_dial_may_be_freed_where_a_trial_is_dropped(void **state)
{
	static const struct verdict verdicts[] = {
		{.address = "192.0.2.1", .delay_ms = 500},
		{.address = "192.0.2.2", .delay_ms = NEVER},
		{.address = "192.0.2.3", .delay_ms = NEVER},
		{0},
	};
	struct fixture *f = *state;
	f->frees_in_drop = true;
	f->thinking_ms = NEVER;
	envoi_timer_start(&f->asking, f->loop, 300, on_asking);
	/* the first passes while the application is asked about the second */
	assert_string_equal(dial(f, three_direct, all_connect, verdicts), "");
	assert_null(f->dial);
	assert_int_equal(f->trials_open, 0);
	assert_int_equal(f->calls, 0);
	envoi_timer_stop(&f->asking);
}

/* The application that frees the dial learns in `drop` that its question is over, and frees again.
 *  */
static void the_dial_may_be_freed_where_its_own_free_drops_a_trial(void **state)
{
	static const struct verdict verdicts[] = {{.address = "192.0.2.2", .delay_ms = NEVER}, {0}};
	struct fixture *f = *state;
	f->thinking_ms = NEVER;
	envoi_timer_start(&f->asking, f->loop, 20, on_asking);
	assert_string_equal(dial(f, both, all_connect, verdicts), "");
	f->frees_in_drop = true;
	envoi_dial_free(f->dial);
	assert_null(f->dial);
	assert_int_equal(f->trials_open, 0);
	assert_int_equal(f->calls, 0);
}

static void the_dial_may_be_freed_at_the_timeout_of_a_trial(void **state)
{
	static const struct verdict verdicts[] = {
		{.address = "192.0.2.1", .delay_ms = NEVER},
		{.address = "192.0.2.2", .delay_ms = NEVER},
		{.address = "192.0.2.3", .delay_ms = NEVER},
		{0},
	};
	struct fixture *f = *state;
	for (int i = 0; i < 3; i++) {
		f->frees_in_drop = true;
		f->options.decision_timeout_ms = i == 0 ? 40000 : 0;
		f->options.trial_timeout_ms = i == 1 ? 3000 : 50000;
		f->options.timeout_ms = i == 2 ? 2000 : 0;
		f->waits = false;
		f->thinking_ms = NEVER;
		if (i == 0) {
			envoi_timer_start(&f->asking, f->loop, 20, on_asking);
		}
		assert_string_equal(dial(f, three_direct, all_connect, verdicts), "");
		assert_null(f->dial);
		assert_int_equal(f->trials_open, 0);
		assert_int_equal(f->calls, 0);
		envoi_timer_stop(&f->asking);
	}
}

static void one_on_trial_at_the_end_of_the_time_has_failed_in_tls(void **state)
{
	static const struct verdict verdicts[] = {{.address = "192.0.2.2", .delay_ms = NEVER}, {0}};
	static const struct scripted_host hosts[] = {
		{.address = "192.0.2.2", .delay_ms = 10},
		{.address = "192.0.2.1", .delay_ms = NEVER},
		{0},
	};
	struct fixture *f = *state;
	f->options.timeout_ms = 1000;
	assert_string_equal(dial(f, both, hosts, verdicts), "1000 connect ENVOI_ERR_TIMEOUT");
	assert_int_equal(f->failure.attempt_count, 2);
	assert_int_equal(f->failure.attempts[0].phase, ENVOI_PHASE_TLS);
	assert_int_equal(f->failure.attempts[1].phase, ENVOI_PHASE_CONNECT);
}

/* --- going on --- */

static void a_long_reason_is_cut_so_that_it_is_seen(void **state)
{
	static const struct verdict verdicts[] = {{.address = "192.0.2.2"}, {0}};
	static const struct scripted_host hosts[] = {
		{.address = "192.0.2.2"},
		{.address = "192.0.2.1", .error = ECONNREFUSED},
		{0},
	};
	struct fixture *f = *state;
	char reason[200];
	for (size_t before = 0; before < 3; before++) {
		memset(reason, 'x', before);
		for (size_t at = before; at < sizeof(reason) - 3; at += 2) {
			memcpy(reason + at, "\xc3\xa9", 3);
		}
		dial(f, both, hosts, verdicts);
		go_on(f, ENVOI_ERR_DISCONNECTED, reason);
		const char *text = f->failure.attempts[0].text;
		size_t len = strlen(text);
		assert_between(len, sizeof(f->failure.attempts[0].text) - 3,
			sizeof(f->failure.attempts[0].text) - 1);
		assert_string_equal(text + len - 3, "...");
		assert_memory_equal(text, reason, len - 3);
		assert_int_equal((unsigned char)text[len - 4] & 0xc0, 0x80);
		envoi_dial_free(f->dial);
		f->dial = NULL;
	}
}

static void after_a_winner_that_will_not_do_the_next_is_tried(void **state)
{
	static const struct verdict verdicts[] = {{.address = "192.0.2.2"}, {0}};
	struct fixture *f = *state;
	assert_string_equal(dial(f, both, all_connect, verdicts), "10 192.0.2.2:443 direct tried");
	char *second = strchr(go_on(f, ENVOI_ERR_DISCONNECTED, "reset"), ' ');
	assert_string_equal(second, " 192.0.2.1:5222 starttls");
	assert_int_equal(f->attempts_with_winner, 1);
	char *end = strchr(go_on(f, ENVOI_ERR_TIMEOUT, "silent"), ' ');
	assert_string_equal(end, " stream ENVOI_ERR_DISCONNECTED");
	assert_int_equal(f->calls, 3);
	assert_int_equal(f->failure.attempt_count, 2);
	assert_string_equal(f->failure.attempts[0].address, "192.0.2.2");
	assert_string_equal(f->failure.attempts[0].text, "reset");
	assert_int_equal(f->failure.attempts[1].port, 5222);
	assert_string_equal(f->failure.attempts[1].text, "silent");
	struct envoi_failure why = {.code = ENVOI_ERR_TLS};
	assert_int_equal(envoi_dial_next(f->dial, &why, f->time_left_ms), ENVOI_ERR_STATE);
}

/* The deadline is suspended for a decision after a first winner as before it, also when the first
 * won while a decision was pending. */
static void a_decision_after_a_winner_has_its_time(void **state)
{
	static const struct verdict verdicts[] = {
		{.address = "192.0.2.1", .delay_ms = 10},
		{.address = "192.0.2.2", .delay_ms = 100000 + 1020},
		{0},
	};
	struct fixture *f = *state;
	f->options.timeout_ms = f->time_left_ms = 30000;
	for (int i = 0; i < 2; i++) {
		f->thinking_ms = NEVER;
		if (i == 1) {
			envoi_timer_start(&f->asking, f->loop, 15, on_asking);
		}
		dial(f, three_direct, all_connect, verdicts);
		assert_non_null(strstr(f->result, "192.0.2.1:443 direct tried"));
		f->thinking_ms = 100000;
		f->waits = false;
		envoi_timer_start(&f->asking, f->loop, 20, on_asking);
		go_on(f, ENVOI_ERR_TLS, "no");
		assert_non_null(strstr(f->result, "192.0.2.2:443 direct tried"));
		envoi_dial_free(f->dial);
		f->dial = NULL;
		forget_winner(f);
	}
}

/* What was closed because another one won has not failed: it has its turn. */
static void those_cut_off_by_a_winner_are_tried_again(void **state)
{
	static const struct scripted_host hosts[] = {
		{.address = "192.0.2.2", .delay_ms = 700},
		{.address = "192.0.2.1", .delay_ms = 10},
		{0},
	};
	static const struct verdict verdicts[] = {{.address = "192.0.2.2"}, {0}};
	struct fixture *f = *state;
	assert_string_equal(dial(f, both, hosts, verdicts), "260 192.0.2.1:5222 starttls");
	char *second = strchr(go_on(f, ENVOI_ERR_TLS, "no TLS"), ' ');
	assert_string_equal(second, " 192.0.2.2:443 direct tried");
}

/* The second family was still being looked up when the first won. */
static void look_ups_ended_by_a_winner_are_repeated(void **state)
{
	static const struct scripted_answer answers[] = {
		{.name = XMPP, .records = "10 0 5222 c.example"},
		{.name = "c.example", .family = AF_INET6, .records = "2001:db8::1"},
		{.name = "c.example", .family = AF_INET, .records = "192.0.2.1", .delay_ms = 100},
		{0},
	};
	static const struct scripted_host hosts[] = {
		{.address = "2001:db8::1", .delay_ms = 10},
		{.address = "192.0.2.1", .delay_ms = 10},
		{0},
	};
	static const struct verdict verdicts[] = {{0}};
	struct fixture *f = *state;
	assert_string_equal(dial(f, answers, hosts, verdicts), "10 2001:db8::1:5222 starttls");
	assert_string_equal(
		strchr(go_on(f, ENVOI_ERR_DISCONNECTED, "reset"), ' '), " 192.0.2.1:5222 starttls");
}

/* How much of the time between was the application's, only the caller knows. */
static void continuing_has_the_timeout_of_the_caller(void **state)
{
	static const struct verdict verdicts[] = {{.address = "192.0.2.2"}, {0}};
	static const struct scripted_host hosts[] = {
		{.address = "192.0.2.2", .delay_ms = 10},
		{.address = "192.0.2.1", .delay_ms = NEVER},
		{0},
	};
	struct fixture *f = *state;
	f->options.timeout_ms = 5000; /* run() takes 200 s */
	f->time_left_ms = 700;
	assert_string_equal(dial(f, both, hosts, verdicts), "10 192.0.2.2:443 direct tried");
	assert_string_equal(go_on(f, ENVOI_ERR_CERTIFICATE, "refused by the user"),
		"200700 stream ENVOI_ERR_CERTIFICATE");
	assert_string_equal(f->failure.text, "refused by the user");
	assert_int_equal(f->failure.attempt_count, 2);
	assert_int_equal(f->failure.attempts[1].code, ENVOI_ERR_TIMEOUT);
	assert_string_equal(f->failure.attempts[1].address, "192.0.2.1");
}

/* A connection that came about says more than those that were still silent at the end. */
static void the_end_of_the_time_does_not_hide_a_refused_certificate(void **state)
{
	static const struct verdict verdicts[] = {
		{.address = "192.0.2.2", .code = ENVOI_ERR_CERTIFICATE}, {0}};
	static const struct scripted_host hosts[] = {
		{.address = "192.0.2.2", .delay_ms = 10},
		{.address = "192.0.2.1", .delay_ms = NEVER},
		{0},
	};
	struct fixture *f = *state;
	f->options.timeout_ms = 1000;
	assert_string_equal(dial(f, both, hosts, verdicts), "1000 tls ENVOI_ERR_CERTIFICATE");
	assert_int_equal(f->failure.retry, ENVOI_RETRY_AFTER_USER);
	assert_int_equal(f->failure.attempt_count, 2);
}

static void free_after_any_turn(struct fixture *f, bool frees_in_drop)
{
	static const struct verdict verdicts[] = {
		{.address = "192.0.2.1", .delay_ms = 900, .code = ENVOI_ERR_TLS},
		{.address = "192.0.2.2", .delay_ms = NEVER},
		{.address = "192.0.2.3", .delay_ms = 900},
		{0},
	};
	scripted_resolver_set(f->resolver, three_direct);
	f->network.hosts = all_connect;
	f->verdicts = verdicts;
	for (int turns = 0; f->own == NULL; turns++) {
		assert_true(turns < 200);
		assert_int_equal(
			envoi_dial_new(&f->dial, f->context, &f->options, on_dialed, f), ENVOI_OK);
		for (int i = 0; i < turns; i++) {
			assert_true(envoi_loop_run_once(f->loop, true) >= 0);
		}
		f->frees_in_drop = frees_in_drop;
		envoi_dial_free(f->dial);
		f->frees_in_drop = false;
		f->dial = NULL;
		assert_int_equal(f->trials_open, f->own != NULL ? 1 : 0);
		assert_int_equal(f->network.open, f->own != NULL ? 1 : 0);
	}
}

static void a_dial_freed_after_any_turn_leaves_nothing(void **state)
{
	free_after_any_turn(*state, false);
}

/* The hooks free the dial in `drop`, which its own free has called. */
static void a_dial_freed_again_inside_its_free_leaves_nothing(void **state)
{
	free_after_any_turn(*state, true);
}

int main(void)
{
#define CASE(function) cmocka_unit_test_setup_teardown(function, setup, teardown)
	const struct CMUnitTest tests[] = {
		CASE(a_trial_that_passes_wins),
		CASE(a_trial_that_fails_makes_room_at_once_and_keeps_its_reason),
		CASE(a_trial_that_stalls_is_raced),
		CASE(a_slow_trial_may_win_beside_others),
		CASE(a_far_servers_handshake_has_its_time),
		CASE(however_long_connecting_took_others_wait_two_seconds),
		CASE(one_that_has_waited_wins_when_the_trial_fails_or_takes_too_long),
		CASE(all_that_stall_end_by_the_time_of_a_trial),
		CASE(the_failure_that_says_most_is_reported_and_all_are_listed),
		CASE(a_trial_that_cannot_begin_is_one_that_fails),
		CASE(while_the_application_decides_timeouts_are_suspended_and_nothing_else_begins),
		CASE(after_a_decision_the_others_stay_held_back),
		CASE(one_that_fails_after_its_decision_lets_go_of_those_beside_it),
		CASE(while_one_of_two_is_undecided_nothing_else_begins),
		CASE(a_pending_decision_can_be_cancelled),
		CASE(one_that_fails_while_it_waits_lets_the_race_go_on),
		CASE(one_that_fails_while_it_waits_lets_go_of_those_beside_it),
		CASE(a_decision_has_its_time),
		CASE(the_dial_may_be_freed_where_a_trial_is_dropped),
		CASE(the_dial_may_be_freed_where_its_own_free_drops_a_trial),
		CASE(the_dial_may_be_freed_at_the_timeout_of_a_trial),
		CASE(one_on_trial_at_the_end_of_the_time_has_failed_in_tls),
		CASE(a_long_reason_is_cut_so_that_it_is_seen),
		CASE(after_a_winner_that_will_not_do_the_next_is_tried),
		CASE(a_decision_after_a_winner_has_its_time),
		CASE(those_cut_off_by_a_winner_are_tried_again),
		CASE(look_ups_ended_by_a_winner_are_repeated),
		CASE(continuing_has_the_timeout_of_the_caller),
		CASE(the_end_of_the_time_does_not_hide_a_refused_certificate),
		CASE(a_dial_freed_after_any_turn_leaves_nothing),
		CASE(a_dial_freed_again_inside_its_free_leaves_nothing),
	};
	return cmocka_run_group_tests_name("net/trials", tests, NULL, NULL);
}
