/*
 * envoi - simulation: plans
 * SPDX-License-Identifier: MIT
 */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "simulation.h"

enum {
	FEWEST_STEPS = 8,
	TYPICAL_STEPS = 48,
};

/* SplitMix64, as in the test kit. */
static uint64_t draw(uint64_t *state, uint64_t below)
{
	uint64_t z = *state += UINT64_C(0x9e3779b97f4a7c15);
	z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
	z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
	return (z ^ (z >> 31)) % below;
}

static bool chance(uint64_t *state, unsigned int percent)
{
	return draw(state, 100) < percent;
}

/* Most steps follow closely, so that they meet what is in transit. */
static uint64_t draw_pause(uint64_t *state)
{
	unsigned int choice = (unsigned int)draw(state, 100);
	if (choice < 45) {
		return 0;
	}
	if (choice < 70) {
		return draw(state, 20);
	}
	return choice < 90 ? draw(state, 2000) : draw(state, 90000);
}

static enum step_kind draw_kind(uint64_t *state)
{
	static const unsigned int weights[STEP_KINDS] = {
		[STEP_SEND] = 40,
		[STEP_ASK] = 12,
		[STEP_PING] = 4,
		[STEP_CANCEL] = 4,
		[STEP_CUT] = 5,
		[STEP_CUT_AFTER] = 12,
		[STEP_SILENCE] = 4,
		[STEP_LINK] = 8,
		[STEP_STOP] = 3,
		[STEP_END] = 3,
		[STEP_SLEEP] = 2,
		[STEP_LEAVE] = 3,
		[STEP_KILL] = 4,
		[STEP_HOLD] = 4,
		[STEP_DEAF] = 6,
		[STEP_NO_MEMORY] = 8,
		[STEP_FULL] = 8,
	};
	unsigned int sum = 0, kind = 0;
	for (unsigned int i = 0; i < STEP_KINDS; i++) {
		sum += weights[i];
	}
	unsigned int drawn = (unsigned int)draw(state, sum);
	while (drawn >= weights[kind]) {
		drawn -= weights[kind++];
	}
	return (enum step_kind)kind;
}

static void draw_link(uint64_t *state, struct envoi_test_link *link)
{
	*link = (struct envoi_test_link){
		.refuses = chance(state, 15),
		.ignores = chance(state, 15),
		.connect_ms = chance(state, 30) ? draw(state, 8000) : 0,
		.latency_ms = chance(state, 60) ? draw(state, 1500) : 0,
		.bytes_per_second = chance(state, 25) ? 500 + draw(state, 20000) : 0,
		.piece_bytes = chance(state, 40) ? 1 + (size_t)draw(state, 300) : 0,
		.window_bytes = chance(state, 40) ? 256 + (size_t)draw(state, 4096) : 0,
	};
}

static uint64_t draw_amount(uint64_t *state, enum step_kind kind)
{
	switch (kind) {
	case STEP_SEND:
		return chance(state, 80) ? 1 : 1 + draw(state, 12);
	case STEP_ASK:
		return chance(state, 40) ? 0 : 1 + draw(state, 5000);
	case STEP_CUT_AFTER:
		return draw(state, 2500);
	case STEP_STOP:
		return draw(state, 2);
	case STEP_END:
		return draw(state, 4);
	case STEP_SLEEP:
		return draw(state, 8 * 3600 * 1000);
	case STEP_LEAVE:
	case STEP_KILL:
		return draw(state, 20000);
	case STEP_HOLD:
		return 1 + draw(state, 60000);
	case STEP_FULL:
		return 1 + draw(state, chance(state, 50) ? 3 : 50);
	case STEP_NO_MEMORY:
		return 1 + draw(state, chance(state, 50) ? 20 : 600);
	default:
		return 0;
	}
}

static struct step *add(struct plan *plan, enum step_kind kind, uint64_t at_ms)
{
	struct step *step = &plan->steps[plan->count++];
	*step = (struct step){.kind = kind, .at_ms = at_ms};
	return step;
}

/* What breaks something for some time ends by a step of its own. */
static void add_end(struct plan *plan, uint64_t *state, const struct step *beginning)
{
	uint64_t at_ms = beginning->at_ms + 1000 + draw(state, 60000);
	if (beginning->kind == STEP_STOP) {
		add(plan, STEP_START, at_ms);
	} else if (beginning->kind == STEP_SILENCE && chance(state, 30)) {
		add(plan, STEP_CUT, at_ms)->actor = beginning->actor;
	} else if (beginning->kind == STEP_LINK) {
		add(plan, STEP_LINK, at_ms)->actor = beginning->actor;
	} else if (beginning->kind == STEP_DEAF) {
		struct step *end = add(plan, STEP_HEAR, at_ms);
		end->actor = beginning->actor;
		end->side = beginning->side;
	}
}

static bool is_allowed(const struct plan *plan, enum step_kind kind)
{
	return (kind != STEP_NO_MEMORY || plan->lacks_memory) &&
		(kind != STEP_FULL || plan->fills_journals);
}

static void add_drawn(struct plan *plan, uint64_t *state, uint64_t at_ms)
{
	enum step_kind kind = draw_kind(state);
	while (!is_allowed(plan, kind)) {
		kind = draw_kind(state);
	}
	struct step *step = add(plan, kind, at_ms);
	step->actor = (unsigned int)draw(state, ACTORS);
	step->side = (unsigned int)draw(state, 2);
	step->amount = draw_amount(state, step->kind);
	step->bytes = chance(state, 25) ? (size_t)draw(state, MOST_BYTES) : 0;
	if (step->kind == STEP_LINK) {
		draw_link(state, &step->link);
	}
	add_end(plan, state, step);
}

static int compare(const void *a, const void *b)
{
	const struct step *one = a, *two = b;
	return (one->at_ms > two->at_ms) - (one->at_ms < two->at_ms);
}

static void sort(struct plan *plan)
{
	/* qsort() keeps no order among equals: the order of drawing is made part of the time. */
	for (size_t i = 0; i < plan->count; i++) {
		plan->steps[i].at_ms = plan->steps[i].at_ms * MOST_STEPS + i;
	}
	qsort(plan->steps, plan->count, sizeof(plan->steps[0]), compare);
	for (size_t i = 0; i < plan->count; i++) {
		plan->steps[i].at_ms /= MOST_STEPS;
	}
}

static void draw_server(uint64_t *state, struct envoi_test_server_options *server)
{
	*server = (struct envoi_test_server_options)ENVOI_TEST_SERVER_INIT;
	server->has_stream_management = !chance(state, 20);
	server->resumes = !chance(state, 20);
	server->hibernation_ms = chance(state, 30) ? 1000 + draw(state, 20000) : 300000;
	server->remembers_counts = !chance(state, 30);
	server->uses_library = chance(state, 40);
	server->ignores_resumes = chance(state, 15) ? 1 + (unsigned int)draw(state, 3) : 0;
	server->closes_at_resumes = chance(state, 15) ? 1 + (unsigned int)draw(state, 3) : 0;
}

/* A -PLUS mechanism and EXTERNAL need TLS. */
static void draw_login(uint64_t *state, struct plan *plan)
{
	static const char *const mechanisms[] = {"SCRAM-SHA-1", "SCRAM-SHA-256", "SCRAM-SHA-512",
		"PLAIN", "ANONYMOUS", "SCRAM-SHA-1-PLUS", "SCRAM-SHA-256-PLUS",
		"SCRAM-SHA-512-PLUS", "EXTERNAL"};
	enum {
		WITHOUT_TLS = 5,
		ALL = sizeof(mechanisms) / sizeof(mechanisms[0])
	};
	struct login *login = &plan->login;
	login->route = (enum route)draw(state, ROUTES);
	login->is_tls_1_2 = chance(state, 50);
	login->mechanism = mechanisms[draw(state, login->route == ROUTE_CLEAR ? WITHOUT_TLS : ALL)];
	plan->server.uses_library = true;
	plan->server.direct_tls = login->route == ROUTE_DIRECT_TLS;
}

void plan_make(struct plan *plan, uint64_t seed, bool both_ends)
{
	uint64_t state = seed * UINT64_C(0x2545f4914f6cdd1d) + 1, at_ms = 0;
	*plan = (struct plan){.seed = seed, .login.mechanism = "PLAIN"};
	draw_server(&state, &plan->server);
	if (both_ends) {
		draw_login(&state, plan);
	}
	plan->has_journal = chance(&state, 40);
	plan->waits_long = chance(&state, 30);
	plan->lacks_memory = chance(&state, 30);
	plan->fills_journals = chance(&state, 30) && plan->has_journal;
	size_t wanted = FEWEST_STEPS + (size_t)draw(&state, TYPICAL_STEPS);
	while (plan->count < wanted && plan->count + 2 <= MOST_STEPS) {
		add_drawn(plan, &state, at_ms);
		at_ms += draw_pause(&state);
	}
	sort(plan);
}

/* --- printing --- */

size_t plan_left(const struct plan *plan)
{
	size_t left = 0;
	for (size_t i = 0; i < plan->count; i++) {
		left += !plan->steps[i].is_left_out;
	}
	return left;
}

void plan_print_numbers(const struct plan *plan, FILE *out)
{
	const char *comma = "";
	for (size_t i = 0; i < plan->count; i++) {
		if (!plan->steps[i].is_left_out) {
			fprintf(out, "%s%zu", comma, i);
			comma = ",";
		}
	}
}

static void print_link(const struct envoi_test_link *link, FILE *out)
{
	fprintf(out,
		" %s%sconnect %" PRIu64 " ms, latency %" PRIu64 " ms, %" PRIu64
		" bytes a second, pieces of %zu, window %zu",
		link->refuses ? "refuses, " : "", link->ignores ? "ignores, " : "",
		link->connect_ms, link->latency_ms, link->bytes_per_second, link->piece_bytes,
		link->window_bytes);
}

void step_print(const struct step *step, FILE *out)
{
	static const char *const names[STEP_KINDS] = {"send", "ask", "ping", "cancel", "cut",
		"cut-after", "silence", "link", "stop", "start", "end", "sleep", "leave", "kill",
		"hold", "deaf", "hear", "no-memory", "full"};
	fprintf(out, "%" PRIu64 " %s %s", step->at_ms, step->actor == 0 ? "alice" : "bob",
		names[step->kind]);
	if (step->kind == STEP_CUT_AFTER || step->kind == STEP_DEAF || step->kind == STEP_HEAR) {
		fprintf(out, " %s", step->side == ENVOI_MEMORY_A ? "client" : "server");
	}
	if (step->kind == STEP_LINK) {
		print_link(&step->link, out);
	} else {
		fprintf(out, " %" PRIu64 " (%zu bytes)", step->amount, step->bytes);
	}
	fputc('\n', out);
}

void plan_print(const struct plan *plan, FILE *out)
{
	static const char *const routes[ROUTES] = {"without TLS", "STARTTLS", "direct TLS"};
	const struct envoi_test_server_options *server = &plan->server;
	fprintf(out,
		"server: %s, %sstream management, %sresumption for %" PRIu64 " ms, %scounts, "
		"ignores %u resumes, closes at %u\n",
		server->uses_library ? "the library" : "the kit",
		server->has_stream_management ? "" : "no ", server->resumes ? "" : "no ",
		server->hibernation_ms, server->remembers_counts ? "remembers " : "forgets ",
		server->ignores_resumes, server->closes_at_resumes);
	fprintf(out, "login: %s, TLS %s, %s\n", routes[plan->login.route],
		plan->login.is_tls_1_2 ? "1.2" : "1.3", plan->login.mechanism);
	fprintf(out, "clients %s a journal, and wait up to %s between two attempts\n",
		plan->has_journal ? "have" : "have not", plan->waits_long ? "300 s" : "5 s");
	for (size_t i = 0; i < plan->count; i++) {
		if (!plan->steps[i].is_left_out) {
			fprintf(out, "%3zu: ", i);
			step_print(&plan->steps[i], out);
		}
	}
}
