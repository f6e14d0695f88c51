/*
 * envoi - connecting to the first that answers (RFC 8305)
 * SPDX-License-Identifier: MIT
 */
#include "net/race.h"

#include <string.h>

#include <envoi/context.h>

#include "net/racer.h"
#include "net/sockets.h"

/* RFC 8305, section 8: the longest time between two starts */
#define MAX_HOLD_MS 2000

enum attempt_state {
	ATTEMPT_CONNECTING, /* -> TRIAL, WAITING; or it wins or fails */
	ATTEMPT_TRIAL, /* the judge has the descriptor */
	ATTEMPT_WAITING, /* connected: wins when those on trial have had their time */
};

struct attempt {
	struct envoi__list link;
	struct envoi_trial trial;
	struct envoi__race *race;
	enum attempt_state state;
	struct envoi__branch *branch;
	size_t index; /* of its address */
	const struct envoi__target *target;
	struct sockaddr_storage address;
	uint64_t started_ms;
	int fd; /* -1: none, or the judge's */
	bool waits; /* for the application's decision */
	bool was_asked_about; /* others are held back as long as it is there */
	struct envoi_watch watch;
	struct envoi_timer timer;
};

static bool rest(struct envoi__race *race);

/* --- attempts --- */

static void free_attempt(struct attempt *attempt)
{
	envoi_watch_stop(&attempt->watch);
	envoi_timer_stop(&attempt->timer);
	envoi__list_remove(&attempt->link);
	envoi_free(attempt->race->context, attempt);
}

/* Who was asked about it is told that nobody needs an answer, and may do away with everything.
 * @return false: he has */
static bool drop_trial(struct envoi__race *race, struct envoi_trial *trial)
{
	bool is_finished = false, *outer = race->finished;
	race->finished = &is_finished;
	race->judge->drop(race->judge->user, trial);
	if (!is_finished) {
		race->finished = outer;
	} else if (outer != NULL) {
		*outer = true;
	}
	return !is_finished;
}

/* @return false: the race is over, and may be gone */
static bool close_attempt(struct attempt *attempt)
{
	struct envoi__race *race = attempt->race;
	struct envoi_trial trial = attempt->trial;
	int fd = attempt->fd;
	bool waits = attempt->waits;
	free_attempt(attempt);
	if (waits) {
		race->stands_still(race, false);
	}
	if (fd >= 0) {
		race->sockets->close(race->sockets->user, fd);
	}
	return fd >= 0 || trial.own == NULL || drop_trial(race, &trial);
}

static void note(struct attempt *attempt, enum envoi_phase phase, int code, const char *text)
{
	envoi__attempts_add_address(attempt->race->attempt_log, attempt->target->host,
		&attempt->address, attempt->target->port, phase, code, text);
}

static bool is_on_trial(const struct attempt *attempt)
{
	return attempt->state == ATTEMPT_TRIAL;
}

static bool was_asked_about(const struct attempt *attempt)
{
	return attempt->was_asked_about;
}

static bool is_any(const struct envoi__race *race, bool (*condition)(const struct attempt *))
{
	struct envoi__list *link = race->attempts.next;
	for (; link != &race->attempts; link = link->next) {
		if (condition(ENVOI_CONTAINER_OF(link, struct attempt, link))) {
			return true;
		}
	}
	return false;
}

/* RFC 8305, section 5: after a failure the next attempt starts at once, but not while the
 * application decides about another one, or has decided. */
static void go_on_without(struct attempt *attempt)
{
	struct envoi__race *race = attempt->race;
	bool has_held_others = attempt->was_asked_about;
	if (!close_attempt(attempt)) {
		return;
	}
	envoi_timer_stop(&race->stagger);
	if ((has_held_others || !is_any(race, is_on_trial)) && !is_any(race, was_asked_about)) {
		envoi_timer_stop(&race->hold);
	}
	envoi__race_advance(race);
}

static void attempt_failed(struct attempt *attempt, int code, const char *text)
{
	note(attempt, ENVOI_PHASE_CONNECT, code, text);
	go_on_without(attempt);
}

static void on_attempt_timeout(struct envoi_timer *timer)
{
	struct attempt *attempt = ENVOI_CONTAINER_OF(timer, struct attempt, timer);
	attempt_failed(attempt, ENVOI_ERR_TIMEOUT, "no answer in the time allowed");
}

static void attempt_won(struct attempt *attempt)
{
	struct envoi__race *race = attempt->race;
	struct envoi__race_winner winner = {
		.fd = attempt->fd,
		.own = attempt->trial.own,
		.target = attempt->target,
		.address = attempt->address,
	};
	free_attempt(attempt);
	race->done(race, &winner);
	rest(race);
}

/* --- trials --- */

static void fail_trial(struct attempt *attempt, const struct envoi_failure *why)
{
	note(attempt, why->phase, why->code,
		why->text[0] != '\0' ? why->text : envoi_error_text(why->code));
	envoi__attempts_keep_best(attempt->race->attempt_log, why);
	go_on_without(attempt);
}

static void fail_trial_with(struct attempt *attempt, int code, const char *text)
{
	struct envoi_failure why;
	envoi_failure_set(&why, attempt->race->context, ENVOI_PHASE_TLS, code, "%s", text);
	fail_trial(attempt, &why);
}

static void on_trial_timeout(struct envoi_timer *timer)
{
	struct attempt *attempt = ENVOI_CONTAINER_OF(timer, struct attempt, timer);
	fail_trial_with(attempt, ENVOI_ERR_TIMEOUT, "no TLS in the time allowed");
}

static void on_decision_timeout(struct envoi_timer *timer)
{
	struct attempt *attempt = ENVOI_CONTAINER_OF(timer, struct attempt, timer);
	fail_trial_with(attempt, ENVOI_ERR_TIMEOUT,
		"nobody decided whether to believe the server in the time allowed");
}

static void on_hold_over(struct envoi_timer *timer)
{
	envoi__race_advance(ENVOI_CONTAINER_OF(timer, struct envoi__race, hold));
}

/*
 * Others start, or win, beside one on trial only when it takes long: a handshake of TLS takes one
 * or two round trips, each about as long as connecting took.
 */
static void hold_others(struct attempt *attempt)
{
	struct envoi__race *race = attempt->race;
	uint64_t took_ms = envoi_loop_now_ms(race->loop) - attempt->started_ms;
	uint64_t hold_ms = took_ms * 3 < MAX_HOLD_MS ? took_ms * 3 : MAX_HOLD_MS;
	envoi_timer_start(&race->hold, race->loop,
		hold_ms > race->stagger_ms ? hold_ms : race->stagger_ms, on_hold_over);
}

static void begin_trial(struct attempt *attempt)
{
	struct envoi__race *race = attempt->race;
	struct envoi_dialed dialed;
	int fd = attempt->fd;
	attempt->fd = -1;
	attempt->state = ATTEMPT_TRIAL;
	envoi__target_describe(&dialed, attempt->target, &attempt->address, fd);
	hold_others(attempt);
	envoi_timer_start(&attempt->timer, race->loop, race->trial_timeout_ms, on_trial_timeout);
	int r = race->judge->begin(race->judge->user, &attempt->trial, &dialed);
	if (r < 0) {
		attempt->trial.own = NULL;
		fail_trial_with(attempt, r, envoi_error_text(r));
	}
}

void envoi_trial_wait(struct envoi_trial *trial, bool waits)
{
	struct attempt *attempt = ENVOI_CONTAINER_OF(trial, struct attempt, trial);
	struct envoi__race *race = attempt->race;
	if (waits == attempt->waits) {
		return;
	}
	attempt->waits = waits;
	attempt->was_asked_about = true;
	/* not again before it has failed: the application is not asked about another one instead */
	envoi_timer_start(&race->hold, race->loop, UINT64_MAX, on_hold_over);
	if (waits) {
		envoi_timer_start(&attempt->timer, race->loop,
			race->decision_timeout_ms != 0 ? race->decision_timeout_ms : UINT64_MAX,
			on_decision_timeout);
	} else {
		envoi_timer_start(
			&attempt->timer, race->loop, race->trial_timeout_ms, on_trial_timeout);
	}
	race->stands_still(race, waits);
}

void envoi_trial_pass(struct envoi_trial *trial)
{
	attempt_won(ENVOI_CONTAINER_OF(trial, struct attempt, trial));
}

void envoi_trial_fail(struct envoi_trial *trial, const struct envoi_failure *why)
{
	trial->own = NULL;
	fail_trial(ENVOI_CONTAINER_OF(trial, struct attempt, trial), why);
}

/* --- connecting --- */

static void attempt_connected(struct attempt *attempt)
{
	struct envoi__race *race = attempt->race;
	envoi_watch_stop(&attempt->watch);
	envoi_timer_stop(&attempt->timer);
	if ((race->trial_roads & attempt->target->road) != 0) {
		begin_trial(attempt);
	} else {
		attempt->state = ATTEMPT_WAITING;
		envoi__race_advance(race);
	}
}

static void on_outcome(struct envoi_watch *watch, unsigned int ready)
{
	(void)ready;
	struct attempt *attempt = ENVOI_CONTAINER_OF(watch, struct attempt, watch);
	const struct envoi_sockets *sockets = attempt->race->sockets;
	int r = sockets->outcome(sockets->user, watch->fd);
	if (r == 0) {
		attempt_connected(attempt);
	} else {
		attempt_failed(attempt, envoi__socket_error_code(-r), envoi__socket_error_text(-r));
	}
}

static int watch_attempt(struct attempt *attempt, int fd)
{
	struct envoi__race *race = attempt->race;
	int r = envoi_watch_start(&attempt->watch, race->loop, fd, ENVOI_IO_WRITE, on_outcome);
	if (r < 0) {
		race->sockets->close(race->sockets->user, fd);
		return r;
	}
	attempt->fd = fd;
	envoi_timer_start(
		&attempt->timer, race->loop, race->attempt_timeout_ms, on_attempt_timeout);
	return ENVOI_OK;
}

static bool connect_attempt(struct attempt *attempt)
{
	struct envoi__race *race = attempt->race;
	int fd;
	int r = race->sockets->connect(race->sockets->user,
		(const struct sockaddr *)&attempt->address, envoi__sockaddr_len(&attempt->address),
		&fd);
	if (r < 0) {
		note(attempt, ENVOI_PHASE_CONNECT, envoi__socket_error_code(-r),
			envoi__socket_error_text(-r));
		return false;
	}
	r = watch_attempt(attempt, fd);
	if (r < 0) {
		note(attempt, ENVOI_PHASE_CONNECT, r, envoi_error_text(r));
	}
	return r == ENVOI_OK;
}

/* --- the order of starting --- */

/* The next address of the first target that has one. */
static struct envoi__branch *find_next(struct envoi__race *race)
{
	for (size_t i = 0; i < race->asked; i++) {
		struct envoi__branch *branch = envoi__racer_next(&race->racers[i]);
		if (branch != NULL) {
			return branch;
		}
	}
	return NULL;
}

static bool start_next(struct envoi__race *race, struct envoi__branch *branch)
{
	struct envoi__racer *racer = branch->racer;
	struct attempt *attempt = envoi_alloc_zeroed(race->context, sizeof(*attempt));
	struct attempt unlisted = {.race = race};
	struct attempt *started = attempt != NULL ? attempt : &unlisted;
	race->has_tried_any = true;
	started->race = race;
	started->branch = branch;
	started->index = envoi__branch_take(branch);
	started->target = racer->target;
	started->address = branch->addresses[started->index];
	started->started_ms = envoi_loop_now_ms(race->loop);
	started->fd = -1;
	envoi__set_port(&started->address, racer->target->port);
	if (attempt == NULL) {
		note(started, ENVOI_PHASE_CONNECT, ENVOI_ERR_NOMEM,
			envoi_error_text(ENVOI_ERR_NOMEM));
		return false;
	}
	envoi__list_append(&race->attempts, &attempt->link);
	if (!connect_attempt(attempt)) {
		free_attempt(attempt);
		return false;
	}
	return true;
}

static bool is_anything_looked_up(const struct envoi__race *race)
{
	for (size_t i = 0; i < race->asked; i++) {
		if (envoi__racer_is_looking_up(&race->racers[i])) {
			return true;
		}
	}
	return false;
}

static void lose(struct envoi__race *race)
{
	enum envoi_phase phase = race->has_tried_any ? ENVOI_PHASE_CONNECT : ENVOI_PHASE_RESOLVE;
	int code = envoi__attempts_code(race->attempt_log, phase);
	envoi__attempts_conclude(race->attempt_log, race->failure, phase, code, "%s",
		phase == ENVOI_PHASE_CONNECT ? "no address of the server could be connected to"
					     : "the server has no address");
	envoi__race_finish(race);
	race->done(race, NULL);
}

static void on_patience(struct envoi_timer *timer)
{
	envoi__race_advance(ENVOI_CONTAINER_OF(timer, struct envoi__race, patience));
}

static void ask_next_target(struct envoi__race *race)
{
	struct envoi__racer *racer = &race->racers[race->asked];
	racer->race = race;
	racer->target = &race->targets->items[race->asked];
	race->asked++;
	envoi_timer_start(&race->patience, race->loop, race->stagger_ms, on_patience);
	envoi__racer_ask(racer);
}

static void on_stagger(struct envoi_timer *timer)
{
	envoi__race_advance(ENVOI_CONTAINER_OF(timer, struct envoi__race, stagger));
}

static void start_what_may_start(struct envoi__race *race)
{
	while (!envoi_timer_is_started(&race->stagger) && !envoi_timer_is_started(&race->hold)) {
		struct envoi__branch *branch = find_next(race);
		if (branch == NULL) {
			return;
		}
		if (start_next(race, branch)) {
			envoi_timer_start(&race->stagger, race->loop, race->stagger_ms, on_stagger);
		}
	}
}

/* The last address is being tried, or a name server keeps us waiting. */
static bool wants_next_target(struct envoi__race *race)
{
	return race->asked < race->targets->count && find_next(race) == NULL &&
		!(is_anything_looked_up(race) && envoi_timer_is_started(&race->patience));
}

static bool is_lost(struct envoi__race *race)
{
	return race->asked == race->targets->count && envoi__list_is_empty(&race->attempts) &&
		!is_anything_looked_up(race) && find_next(race) == NULL;
}

/* Connected, and nobody on trial is to be waited for: the one that has waited longest. */
static struct attempt *find_waiting(struct envoi__race *race)
{
	struct envoi__list *link = race->attempts.next;
	for (; link != &race->attempts && !envoi_timer_is_started(&race->hold); link = link->next) {
		struct attempt *attempt = ENVOI_CONTAINER_OF(link, struct attempt, link);
		if (attempt->state == ATTEMPT_WAITING) {
			return attempt;
		}
	}
	return NULL;
}

void envoi__race_advance(struct envoi__race *race)
{
	struct attempt *waiting = find_waiting(race);
	if (waiting != NULL) {
		attempt_won(waiting);
		return;
	}
	start_what_may_start(race);
	while (wants_next_target(race)) {
		ask_next_target(race);
	}
	if (is_lost(race)) {
		lose(race);
	}
}

/* --- from outside --- */

/* A winner is there: nothing is under way any more, but all that has not failed can be.
 * @return false: the race was finished meanwhile, and may be gone */
static bool rest(struct envoi__race *race)
{
	for (size_t i = 0; i < race->asked; i++) {
		envoi__racer_rest(&race->racers[i]);
	}
	envoi_timer_stop(&race->stagger);
	envoi_timer_stop(&race->hold);
	envoi_timer_stop(&race->patience);
	bool is_there = true;
	while (is_there && !envoi__list_is_empty(&race->attempts)) {
		struct attempt *attempt = ENVOI_CONTAINER_OF(
			race->attempts.next, struct attempt, link);
		envoi__branch_put_back(attempt->branch, attempt->index);
		is_there = close_attempt(attempt);
	}
	return is_there;
}

int envoi__race_start(struct envoi__race *race)
{
	envoi__list_init(&race->attempts);
	race->loop = envoi_context_loop(race->context);
	if (race->loop == NULL || race->resolver == NULL) {
		return ENVOI_ERR_SYSTEM;
	}
	race->racers = envoi_alloc_zeroed(
		race->context, race->targets->count * sizeof(*race->racers));
	if (race->racers == NULL) {
		return ENVOI_ERR_NOMEM;
	}
	envoi__race_advance(race);
	return ENVOI_OK;
}

void envoi__race_go_on(struct envoi__race *race)
{
	for (size_t i = 0; i < race->asked; i++) {
		envoi__racer_ask_again(&race->racers[i]);
	}
	envoi__race_advance(race);
}

void envoi__race_note_under_way(struct envoi__race *race)
{
	if (race->racers == NULL) {
		return;
	}
	for (size_t i = 0; i < race->asked; i++) {
		envoi__racer_note_under_way(&race->racers[i]);
	}
	struct envoi__list *link = race->attempts.next;
	for (; link != &race->attempts; link = link->next) {
		struct attempt *attempt = ENVOI_CONTAINER_OF(link, struct attempt, link);
		note(attempt,
			attempt->state == ATTEMPT_TRIAL ? ENVOI_PHASE_TLS : ENVOI_PHASE_CONNECT,
			ENVOI_ERR_TIMEOUT, "not done when the time was over");
	}
}

bool envoi__race_finish(struct envoi__race *race)
{
	if (race->finished != NULL) {
		*race->finished = true;
		race->finished = NULL;
	}
	if (race->racers == NULL) {
		return true;
	}
	if (!rest(race)) {
		return false;
	}
	for (size_t i = 0; i < race->asked; i++) {
		envoi__racer_finish(&race->racers[i]);
	}
	envoi_free(race->context, race->racers);
	race->racers = NULL;
	return true;
}
