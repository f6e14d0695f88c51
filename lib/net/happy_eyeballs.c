/*
 * envoi - Happy Eyeballs: connecting to the first address that answers (RFC 8305)
 * SPDX-License-Identifier: MIT
 */
#include "net/happy_eyeballs.h"

#include <envoi/context.h>

/* RFC 8305, section 8: the longest time between two starts */
#define MAX_HOLD_MS 2000

static struct envoi__race *race_of(const struct envoi__attempt *attempt)
{
	return attempt->setup->user;
}

/* --- the order of starting --- */

/* The next address of the first target that has one. */
static struct envoi__family_addresses *find_next(struct envoi__race *race)
{
	for (size_t i = 0; i < race->begun; i++) {
		struct envoi__family_addresses *family = envoi__candidate_next(
			&race->candidates[i]);
		if (family != NULL) {
			return family;
		}
	}
	return NULL;
}

static void note_no_memory(struct envoi__race *race, const struct envoi__attempt *attempt)
{
	envoi__attempts_add_address(race->attempt_setup.log, attempt->target->host,
		&attempt->address, attempt->target->port, ENVOI_PHASE_CONNECT, ENVOI_ERR_NOMEM,
		envoi_error_text(ENVOI_ERR_NOMEM));
}

static bool start_attempt(struct envoi__race *race, struct envoi__family_addresses *family)
{
	const struct envoi__target *target = family->candidate->target;
	struct envoi__attempt like = {
		.setup = &race->attempt_setup,
		.family = family,
		.index = envoi__family_addresses_take(family),
		.target = target,
	};
	like.address = family->addresses[like.index];
	envoi__set_port(&like.address, target->port);
	race->has_tried_any = true;
	struct envoi__attempt *attempt = envoi_alloc(race->attempt_setup.context, sizeof(*attempt));
	if (attempt == NULL) {
		note_no_memory(race, &like);
		return false;
	}
	*attempt = like;
	envoi__list_append(&race->attempts, &attempt->link);
	if (!envoi__attempt_connect(attempt)) {
		envoi__attempt_release(attempt);
		return false;
	}
	return true;
}

static bool is_anything_looked_up(const struct envoi__race *race)
{
	for (size_t i = 0; i < race->begun; i++) {
		if (envoi__candidate_is_looking_up(&race->candidates[i])) {
			return true;
		}
	}
	return false;
}

static void on_timer_changed(struct envoi__race *race);

static void on_next_target(struct envoi_timer *timer)
{
	on_timer_changed(ENVOI_CONTAINER_OF(timer, struct envoi__race, next_target));
}

static void on_stagger(struct envoi_timer *timer)
{
	on_timer_changed(ENVOI_CONTAINER_OF(timer, struct envoi__race, stagger));
}

static void on_hold(struct envoi_timer *timer)
{
	on_timer_changed(ENVOI_CONTAINER_OF(timer, struct envoi__race, hold));
}

static void look_up_next_target(struct envoi__race *race)
{
	struct envoi__candidate *candidate = &race->candidates[race->begun];
	candidate->setup = &race->candidate_setup;
	candidate->target = &race->targets->items[race->begun];
	race->begun++;
	envoi_timer_start(&race->next_target, race->loop, race->stagger_ms, on_next_target);
	envoi__candidate_look_up(candidate);
}

static void start_attempts(struct envoi__race *race)
{
	while (!envoi_timer_is_started(&race->stagger) && !envoi_timer_is_started(&race->hold)) {
		struct envoi__family_addresses *family = find_next(race);
		if (family == NULL) {
			return;
		}
		if (start_attempt(race, family)) {
			envoi_timer_start(&race->stagger, race->loop, race->stagger_ms, on_stagger);
		}
	}
}

/* The last address is being tried, or a look-up takes long. */
static bool wants_next_target(struct envoi__race *race)
{
	return race->begun < race->targets->count && find_next(race) == NULL &&
		!(is_anything_looked_up(race) && envoi_timer_is_started(&race->next_target));
}

static bool is_lost(struct envoi__race *race)
{
	return race->begun == race->targets->count && envoi__list_is_empty(&race->attempts) &&
		!is_anything_looked_up(race) && find_next(race) == NULL;
}

static void lose(struct envoi__race *race)
{
	struct envoi__attempts *log = race->attempt_setup.log;
	enum envoi_phase phase = race->has_tried_any ? ENVOI_PHASE_CONNECT : ENVOI_PHASE_RESOLVE;
	int code = envoi__attempts_code(log, phase);
	envoi__attempts_conclude(log, race->failure, phase, code, "%s",
		phase == ENVOI_PHASE_CONNECT ? "no address of the server could be connected to"
					     : "the server has no address");
	envoi__race_finish(race);
	race->done(race, NULL);
}

/* --- winning --- */

static void close_attempt(struct envoi__race *race, struct envoi__attempt *attempt)
{
	if (attempt->waits) {
		race->waits(race, false);
	}
	envoi__attempt_close(attempt);
}

/* Nothing is pending any more, but all that has not failed can be tried again. */
static void stop(struct envoi__race *race)
{
	for (size_t i = 0; i < race->begun; i++) {
		envoi__candidate_stop(&race->candidates[i]);
	}
	envoi_timer_stop(&race->stagger);
	envoi_timer_stop(&race->hold);
	envoi_timer_stop(&race->next_target);
	while (!envoi__list_is_empty(&race->attempts)) {
		struct envoi__attempt *attempt = ENVOI_CONTAINER_OF(
			race->attempts.next, struct envoi__attempt, link);
		envoi__family_addresses_put_back(attempt->family, attempt->index);
		close_attempt(race, attempt);
	}
}

static void win(struct envoi__race *race, struct envoi__attempt *attempt)
{
	struct envoi__race_winner winner = {
		.fd = attempt->fd,
		.own = attempt->trial.own,
		.target = attempt->target,
		.address = attempt->address,
	};
	bool waits = attempt->waits;
	envoi__attempt_release(attempt);
	if (waits) {
		race->waits(race, false);
	}
	race->done(race, &winner);
	stop(race);
}

/* The attempt that has been connected longest, unless one on trial holds it back. */
static struct envoi__attempt *find_connected(struct envoi__race *race)
{
	struct envoi__list *link = race->attempts.next;
	for (; link != &race->attempts && !envoi_timer_is_started(&race->hold); link = link->next) {
		struct envoi__attempt *attempt = ENVOI_CONTAINER_OF(
			link, struct envoi__attempt, link);
		if (attempt->state == ENVOI__ATTEMPT_CONNECTED) {
			return attempt;
		}
	}
	return NULL;
}

/* Start what may start, or end. */
static void advance(struct envoi__race *race)
{
	struct envoi__attempt *connected = find_connected(race);
	if (connected != NULL) {
		win(race, connected);
		return;
	}
	start_attempts(race);
	while (wants_next_target(race)) {
		look_up_next_target(race);
	}
	if (is_lost(race)) {
		lose(race);
	}
}

static void on_timer_changed(struct envoi__race *race)
{
	envoi__guard_enter(race->guard);
	advance(race);
	race->leave(race);
}

static void on_candidate_changed(void *user)
{
	on_timer_changed(user);
}

/* --- what attempts report --- */

/*
 * Others start, or win, beside one on trial only when it takes long: a handshake of TLS takes one
 * or two round trips, each about as long as connecting took.
 */
static void hold_others(struct envoi__race *race, const struct envoi__attempt *attempt)
{
	uint64_t took_ms = envoi_loop_now_ms(race->loop) - attempt->started_ms;
	uint64_t hold_ms = took_ms * 3 < MAX_HOLD_MS ? took_ms * 3 : MAX_HOLD_MS;
	envoi_timer_start(&race->hold, race->loop,
		hold_ms > race->stagger_ms ? hold_ms : race->stagger_ms, on_hold);
}

static void on_connected(struct envoi__attempt *attempt)
{
	struct envoi__race *race = race_of(attempt);
	envoi__guard_enter(race->guard);
	if ((race->trial_routes & attempt->target->route) != 0) {
		hold_others(race, attempt);
		envoi__attempt_begin_trial(attempt);
	} else {
		advance(race);
	}
	race->leave(race);
}

static void on_passed(struct envoi__attempt *attempt)
{
	struct envoi__race *race = race_of(attempt);
	envoi__guard_enter(race->guard);
	win(race, attempt);
	race->leave(race);
}

static bool is_on_trial(const struct envoi__attempt *attempt)
{
	return attempt->state == ENVOI__ATTEMPT_TRIAL;
}

static bool was_asked_about(const struct envoi__attempt *attempt)
{
	return attempt->was_asked_about;
}

static bool is_any(const struct envoi__race *race, bool (*condition)(const struct envoi__attempt *))
{
	struct envoi__list *link = race->attempts.next;
	for (; link != &race->attempts; link = link->next) {
		if (condition(ENVOI_CONTAINER_OF(link, struct envoi__attempt, link))) {
			return true;
		}
	}
	return false;
}

/* RFC 8305, section 5: after a failure the next attempt starts at once, but not while the
 * application decides about another one, or has decided. */
static void go_on_without(struct envoi__race *race, struct envoi__attempt *attempt)
{
	bool has_held_others = attempt->was_asked_about;
	close_attempt(race, attempt);
	if (envoi__guard_is_over(race->guard)) {
		return;
	}
	envoi_timer_stop(&race->stagger);
	if ((has_held_others || !is_any(race, is_on_trial)) && !is_any(race, was_asked_about)) {
		envoi_timer_stop(&race->hold);
	}
	advance(race);
}

static void on_failed(struct envoi__attempt *attempt)
{
	struct envoi__race *race = race_of(attempt);
	envoi__guard_enter(race->guard);
	go_on_without(race, attempt);
	race->leave(race);
}

/* Others are held back until the attempt fails, after the decision too: the application is not
 * asked about another one instead. */
static void on_waits(struct envoi__attempt *attempt, bool waits)
{
	struct envoi__race *race = race_of(attempt);
	envoi_timer_start(&race->hold, race->loop, UINT64_MAX, on_hold);
	race->waits(race, waits);
}

/* --- from outside --- */

int envoi__race_start(struct envoi__race *race)
{
	struct envoi_context *context = race->attempt_setup.context;
	envoi__list_init(&race->attempts);
	race->loop = envoi_context_loop(context);
	if (race->loop == NULL || race->candidate_setup.resolver == NULL) {
		return ENVOI_ERR_SYSTEM;
	}
	race->candidate_setup.loop = race->attempt_setup.loop = race->loop;
	race->candidate_setup.user = race->attempt_setup.user = race;
	race->candidate_setup.changed = on_candidate_changed;
	race->attempt_setup.connected = on_connected;
	race->attempt_setup.passed = on_passed;
	race->attempt_setup.failed = on_failed;
	race->attempt_setup.waits = on_waits;
	race->candidates = envoi_alloc_zeroed(
		context, race->targets->count * sizeof(*race->candidates));
	if (race->candidates == NULL) {
		return ENVOI_ERR_NOMEM;
	}
	advance(race);
	return ENVOI_OK;
}

void envoi__race_resume(struct envoi__race *race)
{
	for (size_t i = 0; i < race->begun; i++) {
		envoi__candidate_resume(&race->candidates[i]);
	}
	advance(race);
}

void envoi__race_note_pending(struct envoi__race *race)
{
	if (race->candidates == NULL) {
		return;
	}
	for (size_t i = 0; i < race->begun; i++) {
		envoi__candidate_note_pending(&race->candidates[i]);
	}
	struct envoi__list *link = race->attempts.next;
	for (; link != &race->attempts; link = link->next) {
		envoi__attempt_note_pending(ENVOI_CONTAINER_OF(link, struct envoi__attempt, link));
	}
}

void envoi__race_finish(struct envoi__race *race)
{
	if (race->candidates == NULL) {
		return;
	}
	stop(race);
	if (race->candidates == NULL) { /* finished inside a hook */
		return;
	}
	for (size_t i = 0; i < race->begun; i++) {
		envoi__candidate_finish(&race->candidates[i]);
	}
	envoi_free(race->attempt_setup.context, race->candidates);
	race->candidates = NULL;
}
