/*
 * envoi - simulation: carrying out a plan
 * SPDX-License-Identifier: MIT
 *
 * Private headers: no setting selects TLS 1.2 alone.
 */
#include <inttypes.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "open_fds.h"
#include "simulation.h"
#include "tls/tls_config.h"

enum {
	LOGIN_MS = 2000,
	SETTLING_STEP_MS = 1000,
	LAST_MESSAGES_MS = 10000,
	MOST_HELD = 8, /* by one step */
	MOST_FAILING = 64, /* allocations, by one step */
	/* In which a client notices that its link is dead. */
	LONGEST_SILENCE_MS = 200000,
	/* From the healing of the network until nothing is pending: the longest time offline, the
	 * end of a session that the server keeps, and the timeout of a request. */
	LONGEST_SETTLING_MS = 3600000,
};

void run_fail(struct run *run, const char *rule, const char *format, ...)
{
	char text[FAILURE_SIZE - 64];
	va_list arguments;
	if (run->failure[0] != '\0') {
		return;
	}
	va_start(arguments, format);
	vsnprintf(text, sizeof(text), format, arguments);
	va_end(arguments);
	snprintf(run->failure, sizeof(run->failure), "%.60s: %s", rule, text);
	run_trace(run, "BROKEN %s", run->failure);
}

uint64_t run_wall_ms(const struct run *run)
{
	return envoi_world_now_ms(run->world) + run->slept_ms;
}

void run_trace(struct run *run, const char *format, ...)
{
	va_list arguments;
	if (run->trace != NULL) {
		fprintf(run->trace, "%8" PRIu64 "  ", envoi_world_now_ms(run->world));
		va_start(arguments, format);
		vfprintf(run->trace, format, arguments);
		va_end(arguments);
		fputc('\n', run->trace);
	}
}

/* --- steps --- */

static void carry_out(struct run *run, const struct step *step)
{
	struct actor *actor = &run->actors[step->actor];
	switch (step->kind) {
	case STEP_SEND:
		for (uint64_t i = 0; i < step->amount; i++) {
			actor_send(actor, step->bytes);
		}
		return;
	case STEP_ASK:
		actor_ask(actor, step->amount);
		return;
	case STEP_PING:
		actor_ping(actor);
		return;
	case STEP_CANCEL:
		actor_cancel(actor);
		return;
	case STEP_LEAVE:
		actor_leave(actor, step->amount);
		return;
	case STEP_KILL:
		actor_kill(actor, step->amount);
		return;
	case STEP_HOLD:
		holds_begin(actor, step->amount, 1 + (unsigned int)(step->bytes % MOST_HELD));
		return;
	case STEP_NO_MEMORY:
		envoi_world_fail_allocations(
			run->world, (size_t)step->amount, 1 + step->bytes % MOST_FAILING);
		return;
	case STEP_FULL:
		actor->full_count = step->amount;
		return;
	default:
		return;
	}
}

static void read_on(struct run *run, const struct step *step, bool reads)
{
	if (step->side == ENVOI_MEMORY_A) {
		actor_pause(&run->actors[step->actor], !reads);
	} else {
		envoi_test_server_pause(run->server, run->actors[step->actor].name, !reads);
	}
}

static void disturb(struct run *run, const struct step *step)
{
	static const enum envoi_stream_condition ends[] = {ENVOI_STREAM_NO_CONDITION,
		ENVOI_STREAM_RESET, ENVOI_STREAM_SYSTEM_SHUTDOWN,
		ENVOI_STREAM_INTERNAL_SERVER_ERROR};
	const char *host = run->actors[step->actor].name;
	switch (step->kind) {
	case STEP_CUT:
		envoi_world_cut(run->world, host);
		break;
	case STEP_CUT_AFTER:
		envoi_world_cut_after(
			run->world, host, (enum envoi_memory_side)step->side, step->amount);
		break;
	case STEP_SILENCE:
		envoi_world_silence(run->world, host);
		break;
	case STEP_LINK:
		envoi_world_set_link(run->world, host, &step->link);
		break;
	case STEP_STOP:
		envoi_test_server_stop(run->server, step->amount > 0);
		run->has_forgotten |= step->amount == 0;
		break;
	case STEP_START:
		envoi_test_server_start(run->server);
		break;
	case STEP_DEAF:
	case STEP_HEAR:
		read_on(run, step, step->kind == STEP_HEAR);
		break;
	case STEP_SLEEP:
		envoi_world_suspend(run->world, step->amount);
		run->slept_ms += step->amount;
		return;
	case STEP_END:
		run->actors[step->actor].was_closed |= step->amount == 0;
		envoi_test_server_end(run->server, host, ends[step->amount % 4]);
		break;
	default:
		return;
	}
	run->disturbed_ms = envoi_world_now_ms(run->world);
}

static void take_step(struct run *run, const struct step *step)
{
	uint64_t now_ms = envoi_world_now_ms(run->world) - LOGIN_MS;
	if (step->at_ms > now_ms) {
		envoi_world_run(run->world, step->at_ms - now_ms);
	}
	if (run->trace != NULL) {
		fprintf(run->trace, "%8" PRIu64 "= ", envoi_world_now_ms(run->world));
		step_print(step, run->trace);
	}
	disturb(run, step);
	carry_out(run, step);
	invariants_check(run);
}

/* --- beginning and end --- */

static void require_tls(struct run *run)
{
	struct envoi_tls_config *config = envoi_test_server_tls(
		run->server, TEST_DATA "/tls/right.pem", TEST_DATA "/tls/server-key.pem");
	if (strcmp(run->plan->login.mechanism, "EXTERNAL") == 0 &&
		envoi_tls_config_request_certificates(
			config, ENVOI_TLS_REQUEST_OPTIONAL, TEST_DATA "/tls/ca.pem") < 0) {
		run_fail(run, "set-up", "the server requests no certificates");
	}
	if (run->plan->login.is_tls_1_2) {
		config->priorities = "NORMAL:-VERS-ALL:+VERS-TLS1.2:-RSA";
	}
}

static void begin(struct run *run)
{
	run->fds_before = count_open_fds();
	run->world = envoi_world_new(run->plan->seed);
	run->server = envoi_world_server(run->world, "example.org");
	*envoi_test_server_get_options(run->server) = run->plan->server;
	if (run->plan->login.route != ROUTE_CLEAR) {
		require_tls(run);
	}
	envoi_test_server_watch(run->server, ledger_watch, run);
	for (unsigned int i = 0; i < ACTORS; i++) {
		actor_init(run, i);
		actor_connect(&run->actors[i]);
	}
	envoi_world_run(run->world, LOGIN_MS);
	run->idle_blocks = envoi_world_blocks(run->world);
}

/* Connections that have fallen silent stay so: the clients have to notice. */
static void heal(struct run *run)
{
	envoi_world_fail_allocation(run->world, 0);
	envoi_test_server_start(run->server);
	for (unsigned int i = 0; i < ACTORS; i++) {
		envoi_world_set_link(run->world, run->actors[i].name, NULL);
		envoi_test_server_pause(run->server, run->actors[i].name, false);
		actor_pause(&run->actors[i], false);
		run->actors[i].full_count = 0;
	}
	run->disturbed_ms = envoi_world_now_ms(run->world);
	run_trace(run, "the network heals");
}

static void wait_until_settled(struct run *run)
{
	for (uint64_t ms = 0;
		ms < LONGEST_SETTLING_MS && run->failure[0] == '\0' && !invariants_settled(run);
		ms += SETTLING_STEP_MS) {
		envoi_world_run(run->world, SETTLING_STEP_MS);
		invariants_check(run);
	}
}

/* Last messages show that the links that are left work. */
static void settle(struct run *run)
{
	envoi_world_run(run->world, LONGEST_SILENCE_MS);
	wait_until_settled(run);
	for (unsigned int i = 0; i < ACTORS; i++) {
		actor_send(&run->actors[i], 0);
	}
	envoi_world_run(run->world, LAST_MESSAGES_MS);
	wait_until_settled(run);
}

/* --- counting --- */

struct tally tally;

static void count_messages(const struct actor *actor)
{
	for (unsigned int i = 0; i < actor->message_count; i++) {
		const struct message *message = &actor->messages[i];
		tally.sent_again += message->got > 1;
		if (message->reports > 0 && (int)message->state < TICKET_STATES) {
			tally.tickets[message->state]++;
		}
	}
}

static void count(const struct run *run)
{
	tally.failed_allocations += envoi_world_failed_allocations(run->world);
	for (unsigned int i = 0; i < ACTORS; i++) {
		const struct actor *actor = &run->actors[i];
		for (int type = 0; type < ENVOI_EVENTS_END; type++) {
			tally.events[type] += actor->events[type];
		}
		tally.lost += actor->losses;
		count_messages(actor);
		for (unsigned int n = 0; n < actor->question_count; n++) {
			tally.answers += actor->questions[n].code == ENVOI_OK;
			tally.requests_lost += actor->questions[n].code != ENVOI_OK;
		}
	}
}

void tally_print(FILE *out)
{
	static const char *const states[TICKET_STATES] = {
		"acknowledged", "written", "unknown", "not-sent", "canceled", "refused"};
	fprintf(out, "events:");
	for (int type = 0; type < ENVOI_EVENTS_END; type++) {
		if (tally.events[type] > 0) {
			fprintf(out, " %s %lu", envoi_event_name((enum envoi_event_type)type),
				tally.events[type]);
		}
	}
	fprintf(out, "; %lu connections lost; tickets:", tally.lost);
	for (int state = 0; state < TICKET_STATES; state++) {
		fprintf(out, " %s %lu", states[state], tally.tickets[state]);
	}
	fprintf(out, "; sent again %lu; requests: %lu answered, %lu not; allocations failed %lu\n",
		tally.sent_again, tally.answers, tally.requests_lost, tally.failed_allocations);
}

/* What a freed client reports is held against the rules too. */
static void finish(struct run *run)
{
	for (unsigned int i = 0; i < ACTORS; i++) {
		actor_finish(&run->actors[i]);
	}
	if (run->failure[0] == '\0') {
		invariants_check_freed(run);
	}
	count(run);
	size_t leaked = envoi_world_free(run->world);
	run->trace = NULL; /* there is no time any more */
	if (leaked > 0) {
		run_fail(run, "no-leak", "%zu blocks", leaked);
	}
}

bool run_plan(const struct plan *plan, FILE *trace, char failure[FAILURE_SIZE])
{
	struct run *run = calloc(1, sizeof(*run));
	if (run == NULL) {
		abort();
	}
	run->plan = plan;
	run->trace = trace;
	begin(run);
	for (size_t i = 0; i < plan->count && run->failure[0] == '\0'; i++) {
		if (!plan->steps[i].is_left_out) {
			take_step(run, &plan->steps[i]);
		}
	}
	if (run->failure[0] == '\0') {
		heal(run);
		settle(run);
	}
	if (run->failure[0] == '\0') {
		invariants_check_end(run);
	}
	finish(run);
	memcpy(failure, run->failure, FAILURE_SIZE);
	free(run);
	return failure[0] == '\0';
}
