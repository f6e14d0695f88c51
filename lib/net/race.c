/*
 * envoi - connecting to the first that answers (RFC 8305)
 * SPDX-License-Identifier: MIT
 */
#include "net/race.h"

#include <string.h>

#include <envoi/context.h>

#include "net/attempts.h"
#include "net/sockets.h"

/* RFC 8305, section 3: how long an IPv4 address waits for IPv6 ones */
#define RESOLUTION_DELAY_MS 50

/* RFC 8305, section 8: the longest time between two starts */
#define MAX_HOLD_MS 2000

#define MAX_ADDRESSES 8 /* of one family of one target */

enum family {
	V6,
	V4,
};

/** The addresses of one family. */
struct branch {
	struct envoi_lookup lookup;
	struct envoi__racer *racer;
	struct sockaddr_storage *addresses;
	size_t count;
	unsigned int untried; /* a bit for each address */
	bool is_given_up; /* the look-up was cancelled for a winner's sake */
};

/** One target with its addresses. */
struct envoi__racer {
	struct envoi__race *race;
	const struct envoi__target *target;
	struct branch by_family[2];
	enum family turn; /* whose turn it is */
	struct envoi_timer timeout; /* of the look-ups */
	struct envoi_timer delay; /* of IPv4 */
	bool is_delay_over, has_noted;
};

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
	struct branch *branch;
	size_t index; /* of its address */
	const struct envoi__target *target;
	struct sockaddr_storage address;
	uint64_t started_ms;
	int fd; /* -1: none, or the judge's */
	bool waits; /* for a person */
	struct envoi_watch watch;
	struct envoi_timer timer;
};

static void advance(struct envoi__race *race);
static void rest(struct envoi__race *race);

static bool is_looking_up(const struct branch *branch)
{
	return branch->lookup.resolver != NULL;
}

static bool has_address(const struct branch *branch)
{
	return branch->untried != 0;
}

/* --- addresses --- */

static void note_look_up(struct envoi__racer *racer, enum envoi_lookup_status status, const char *text)
{
	racer->has_noted = true;
	envoi__attempts_add_lookup(racer->race->failure, racer->target->host, status, text);
}

static void take_addresses(struct branch *branch, const struct envoi_lookup_result *result)
{
	size_t count = result->address_count < MAX_ADDRESSES ? result->address_count : MAX_ADDRESSES;
	branch->addresses =
		envoi_alloc(branch->racer->race->context, count * sizeof(*branch->addresses));
	if (branch->addresses == NULL) {
		note_look_up(branch->racer, ENVOI_LOOKUP_NOMEM, NULL);
		return;
	}
	memcpy(branch->addresses, result->addresses, count * sizeof(*branch->addresses));
	branch->count = count;
	branch->untried = (1u << count) - 1;
}

/* That there are none of one family is no news while there are some of the other. */
static void conclude_look_ups(struct envoi__racer *racer)
{
	struct branch *v6 = &racer->by_family[V6], *v4 = &racer->by_family[V4];
	if (is_looking_up(v6) || is_looking_up(v4)) {
		return;
	}
	envoi_timer_stop(&racer->timeout);
	envoi_timer_stop(&racer->delay);
	if (v6->count + v4->count == 0 && !racer->has_noted) {
		note_look_up(racer, ENVOI_LOOKUP_NO_DATA, "no address");
	}
}

static void on_addresses(struct envoi_lookup *lookup, const struct envoi_lookup_result *result)
{
	struct branch *branch = ENVOI_CONTAINER_OF(lookup, struct branch, lookup);
	struct envoi__racer *racer = branch->racer;
	if (result->status == ENVOI_LOOKUP_OK) {
		take_addresses(branch, result);
	} else if (result->status != ENVOI_LOOKUP_NO_NAME && result->status != ENVOI_LOOKUP_NO_DATA) {
		note_look_up(racer, result->status, result->text);
	}
	conclude_look_ups(racer);
	advance(racer->race);
}

static void on_resolve_timeout(struct envoi_timer *timer)
{
	struct envoi__racer *racer = ENVOI_CONTAINER_OF(timer, struct envoi__racer, timeout);
	envoi_lookup_cancel(&racer->by_family[V6].lookup);
	envoi_lookup_cancel(&racer->by_family[V4].lookup);
	note_look_up(racer, ENVOI_LOOKUP_TIMEOUT, NULL);
	conclude_look_ups(racer);
	advance(racer->race);
}

static void on_delay(struct envoi_timer *timer)
{
	struct envoi__racer *racer = ENVOI_CONTAINER_OF(timer, struct envoi__racer, delay);
	racer->is_delay_over = true;
	advance(racer->race);
}

static void ask_for(struct envoi__racer *racer, enum family family)
{
	struct branch *branch = &racer->by_family[family];
	branch->racer = racer;
	int r = envoi_lookup_address(&branch->lookup, racer->race->resolver, racer->target->host,
		family == V6 ? AF_INET6 : AF_INET, on_addresses);
	if (r < 0) {
		note_look_up(racer, r == ENVOI_ERR_NOMEM ? ENVOI_LOOKUP_NOMEM : ENVOI_LOOKUP_FAILED,
			envoi_error_text(r));
	}
}

static void on_patience(struct envoi_timer *timer)
{
	advance(ENVOI_CONTAINER_OF(timer, struct envoi__race, patience));
}

static void ask_next_target(struct envoi__race *race)
{
	struct envoi__racer *racer = &race->racers[race->asked];
	racer->race = race;
	racer->target = &race->targets->items[race->asked];
	race->asked++;
	envoi_timer_start(&race->patience, race->loop, race->stagger_ms, on_patience);
	envoi_timer_start(
		&racer->timeout, race->loop, race->resolve_timeout_ms, on_resolve_timeout);
	ask_for(racer, V6);
	ask_for(racer, V4);
	conclude_look_ups(racer);
}

/* --- attempts --- */

static void free_attempt(struct attempt *attempt)
{
	envoi_watch_stop(&attempt->watch);
	envoi_timer_stop(&attempt->timer);
	envoi__list_remove(&attempt->link);
	envoi_free(attempt->race->context, attempt);
}

static void close_attempt(struct attempt *attempt)
{
	struct envoi__race *race = attempt->race;
	int fd = attempt->fd;
	envoi_watch_stop(&attempt->watch);
	if (attempt->waits) {
		race->stands_still(race, false);
	}
	if (fd >= 0) {
		race->sockets->close(race->sockets->user, fd);
	} else if (attempt->trial.own != NULL) {
		race->judge->drop(race->judge->user, &attempt->trial);
	}
	free_attempt(attempt);
}

static void note(struct attempt *attempt, enum envoi_phase phase, int code, const char *text)
{
	envoi__attempts_add_address(attempt->race->failure, attempt->target->host,
		&attempt->address, attempt->target->port, phase, code, text);
}

static bool is_any_on_trial(const struct envoi__race *race)
{
	struct envoi__list *link = race->attempts.next;
	for (; link != &race->attempts; link = link->next) {
		if (ENVOI_CONTAINER_OF(link, struct attempt, link)->state == ATTEMPT_TRIAL) {
			return true;
		}
	}
	return false;
}

/* RFC 8305, section 5: after a failure the next one starts at once. */
static void go_on_without(struct attempt *attempt)
{
	struct envoi__race *race = attempt->race;
	bool has_waited = attempt->waits;
	close_attempt(attempt);
	envoi_timer_stop(&race->stagger);
	if (has_waited || !is_any_on_trial(race)) {
		envoi_timer_stop(&race->hold);
	}
	advance(race);
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
	rest(race);
	race->done(race, &winner);
}

/* --- trials --- */

static void fail_trial(struct attempt *attempt, const struct envoi_failure *why)
{
	note(attempt, why->phase, why->code,
		why->text[0] != '\0' ? why->text : envoi_error_text(why->code));
	envoi__attempts_keep_best(attempt->race->best, why);
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

static void on_hold_over(struct envoi_timer *timer)
{
	advance(ENVOI_CONTAINER_OF(timer, struct envoi__race, hold));
}

/*
 * Others start, or win, beside one on trial only when it takes long: a handshake of TLS takes one or
 * two round trips, each about as long as connecting took.
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
	envoi_timer_start(
		&attempt->timer, race->loop, race->trial_timeout_ms, on_trial_timeout);
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
	if (waits) {
		envoi_timer_stop(&attempt->timer);
		envoi_timer_start(&race->hold, race->loop, UINT64_MAX, on_hold_over);
	} else {
		envoi_timer_start(
			&attempt->timer, race->loop, race->trial_timeout_ms, on_trial_timeout);
		/* it has been decided about: nobody is to be asked about another one instead */
		envoi_timer_start(&race->hold, race->loop, race->trial_timeout_ms, on_hold_over);
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
		advance(race);
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

/* @return the branch whose address is next, or NULL: none yet, or no more */
static struct branch *next_branch(struct envoi__racer *racer)
{
	struct branch *first = &racer->by_family[racer->turn];
	struct branch *second = &racer->by_family[racer->turn == V6 ? V4 : V6];
	if (has_address(first)) {
		return first;
	}
	if (!has_address(second)) {
		return NULL;
	}
	bool waits_for_v6 = racer->turn == V6 && is_looking_up(first) && !racer->is_delay_over;
	if (waits_for_v6 && !envoi_timer_is_started(&racer->delay)) {
		envoi_timer_start(&racer->delay, racer->race->loop, RESOLUTION_DELAY_MS, on_delay);
	}
	return waits_for_v6 ? NULL : second;
}

/* The next address of the first target that has one. */
static struct branch *find_next(struct envoi__race *race)
{
	for (size_t i = 0; i < race->asked; i++) {
		struct branch *branch = next_branch(&race->racers[i]);
		if (branch != NULL) {
			return branch;
		}
	}
	return NULL;
}

static size_t take_untried(struct branch *branch)
{
	size_t index = 0;
	while ((branch->untried & (1u << index)) == 0) {
		index++;
	}
	branch->untried &= ~(1u << index);
	return index;
}

static bool start_next(struct envoi__race *race, struct branch *branch)
{
	struct envoi__racer *racer = branch->racer;
	struct attempt *attempt = envoi_alloc_zeroed(race->context, sizeof(*attempt));
	struct attempt unlisted = {.race = race};
	struct attempt *started = attempt != NULL ? attempt : &unlisted;
	racer->turn = branch == &racer->by_family[V6] ? V4 : V6;
	race->has_tried_any = true;
	started->race = race;
	started->branch = branch;
	started->index = take_untried(branch);
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
		const struct branch *by_family = race->racers[i].by_family;
		if (is_looking_up(&by_family[V6]) || is_looking_up(&by_family[V4])) {
			return true;
		}
	}
	return false;
}

static void lose(struct envoi__race *race)
{
	struct envoi_failure *failure = race->failure;
	enum envoi_phase phase = race->has_tried_any ? ENVOI_PHASE_CONNECT : ENVOI_PHASE_RESOLVE;
	int code = envoi__attempts_code(failure, phase);
	envoi__attempts_conclude(failure, phase, code, "%s",
		phase == ENVOI_PHASE_CONNECT ? "no address of the server could be connected to"
					     : "the server has no address");
	envoi__race_finish(race);
	race->done(race, NULL);
}

static void on_stagger(struct envoi_timer *timer)
{
	advance(ENVOI_CONTAINER_OF(timer, struct envoi__race, stagger));
}

static void start_what_may_start(struct envoi__race *race)
{
	while (!envoi_timer_is_started(&race->stagger) && !envoi_timer_is_started(&race->hold)) {
		struct branch *branch = find_next(race);
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

static void advance(struct envoi__race *race)
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

/* A winner is there: nothing is under way any more, but all that has not failed can be. */
static void rest(struct envoi__race *race)
{
	while (!envoi__list_is_empty(&race->attempts)) {
		struct attempt *attempt =
			ENVOI_CONTAINER_OF(race->attempts.next, struct attempt, link);
		attempt->branch->untried |= 1u << attempt->index;
		close_attempt(attempt);
	}
	for (size_t i = 0; i < race->asked; i++) {
		struct envoi__racer *racer = &race->racers[i];
		for (enum family family = V6; family <= V4; family++) {
			struct branch *branch = &racer->by_family[family];
			branch->is_given_up = is_looking_up(branch);
			envoi_lookup_cancel(&branch->lookup);
		}
		envoi_timer_stop(&racer->timeout);
		envoi_timer_stop(&racer->delay);
	}
	envoi_timer_stop(&race->stagger);
	envoi_timer_stop(&race->hold);
	envoi_timer_stop(&race->patience);
}

int envoi__race_start(struct envoi__race *race)
{
	envoi__list_init(&race->attempts);
	race->loop = envoi_context_loop(race->context);
	if (race->loop == NULL || race->resolver == NULL) {
		return ENVOI_ERR_SYSTEM;
	}
	race->racers =
		envoi_alloc_zeroed(race->context, race->targets->count * sizeof(*race->racers));
	if (race->racers == NULL) {
		return ENVOI_ERR_NOMEM;
	}
	advance(race);
	return ENVOI_OK;
}

void envoi__race_go_on(struct envoi__race *race)
{
	for (size_t i = 0; i < race->asked; i++) {
		struct envoi__racer *racer = &race->racers[i];
		bool asks_again = false;
		for (enum family family = V6; family <= V4; family++) {
			if (racer->by_family[family].is_given_up) {
				racer->by_family[family].is_given_up = false;
				asks_again = true;
				ask_for(racer, family);
			}
		}
		if (asks_again) {
			envoi_timer_start(&racer->timeout, race->loop, race->resolve_timeout_ms,
				on_resolve_timeout);
			conclude_look_ups(racer);
		}
	}
	advance(race);
}

void envoi__race_note_under_way(struct envoi__race *race)
{
	if (race->racers == NULL) {
		return;
	}
	for (size_t i = 0; i < race->asked; i++) {
		struct envoi__racer *racer = &race->racers[i];
		if (is_looking_up(&racer->by_family[V6]) || is_looking_up(&racer->by_family[V4])) {
			note_look_up(racer, ENVOI_LOOKUP_TIMEOUT, NULL);
		}
	}
	struct envoi__list *link = race->attempts.next;
	for (; link != &race->attempts; link = link->next) {
		struct attempt *attempt = ENVOI_CONTAINER_OF(link, struct attempt, link);
		note(attempt,
			attempt->state == ATTEMPT_TRIAL ? ENVOI_PHASE_TLS : ENVOI_PHASE_CONNECT,
			ENVOI_ERR_TIMEOUT, "not done when the time was over");
	}
}

void envoi__race_finish(struct envoi__race *race)
{
	if (race->racers == NULL) {
		return;
	}
	rest(race);
	for (size_t i = 0; i < race->asked; i++) {
		for (enum family family = V6; family <= V4; family++) {
			envoi_free(race->context, race->racers[i].by_family[family].addresses);
		}
	}
	envoi_free(race->context, race->racers);
	race->racers = NULL;
}
