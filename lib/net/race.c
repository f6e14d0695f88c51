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
	size_t count, next;
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

struct attempt {
	struct envoi__list link;
	struct envoi__race *race;
	const struct envoi__target *target;
	struct sockaddr_storage address;
	struct envoi_watch watch;
	struct envoi_timer timer;
};

static void advance(struct envoi__race *race);

static bool is_looking_up(const struct branch *branch)
{
	return branch->lookup.resolver != NULL;
}

static bool has_address(const struct branch *branch)
{
	return branch->next < branch->count;
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
	const struct envoi_sockets *sockets = attempt->race->sockets;
	int fd = attempt->watch.fd;
	envoi_watch_stop(&attempt->watch);
	sockets->close(sockets->user, fd);
	free_attempt(attempt);
}

static void note_attempt(struct envoi__race *race, const struct envoi__target *target,
	const struct sockaddr_storage *address, int code, const char *text)
{
	envoi__attempts_add_address(
		race->failure, target->host, address, target->port, code, text);
}

/* RFC 8305, section 5: after a failure the next one starts at once. */
static void attempt_failed(struct attempt *attempt, int code, const char *text)
{
	struct envoi__race *race = attempt->race;
	note_attempt(race, attempt->target, &attempt->address, code, text);
	close_attempt(attempt);
	envoi_timer_stop(&race->stagger);
	advance(race);
}

static void on_attempt_timeout(struct envoi_timer *timer)
{
	struct attempt *attempt = ENVOI_CONTAINER_OF(timer, struct attempt, timer);
	attempt_failed(attempt, ENVOI_ERR_TIMEOUT, "no answer in the time allowed");
}

static void attempt_won(struct attempt *attempt)
{
	struct envoi__race *race = attempt->race;
	const struct envoi__target *target = attempt->target;
	struct sockaddr_storage address = attempt->address;
	int fd = attempt->watch.fd;
	free_attempt(attempt);
	envoi__race_finish(race);
	race->done(race, fd, target, &address);
}

static void on_outcome(struct envoi_watch *watch, unsigned int ready)
{
	(void)ready;
	struct attempt *attempt = ENVOI_CONTAINER_OF(watch, struct attempt, watch);
	const struct envoi_sockets *sockets = attempt->race->sockets;
	int r = sockets->outcome(sockets->user, watch->fd);
	if (r == 0) {
		attempt_won(attempt);
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
	envoi_timer_start(
		&attempt->timer, race->loop, race->attempt_timeout_ms, on_attempt_timeout);
	return ENVOI_OK;
}

static bool start_attempt(struct envoi__race *race, const struct envoi__target *target,
	const struct sockaddr_storage *address)
{
	race->has_tried_any = true;
	struct attempt *attempt = envoi_alloc_zeroed(race->context, sizeof(*attempt));
	if (attempt == NULL) {
		note_attempt(race, target, address, ENVOI_ERR_NOMEM,
			envoi_error_text(ENVOI_ERR_NOMEM));
		return false;
	}
	envoi__list_append(&race->attempts, &attempt->link);
	attempt->race = race;
	attempt->target = target;
	attempt->address = *address;
	int fd;
	int r = race->sockets->connect(race->sockets->user, (const struct sockaddr *)address,
		envoi__sockaddr_len(address), &fd);
	if (r < 0) {
		note_attempt(race, target, address, envoi__socket_error_code(-r),
			envoi__socket_error_text(-r));
		free_attempt(attempt);
		return false;
	}
	r = watch_attempt(attempt, fd);
	if (r < 0) {
		note_attempt(race, target, address, r, envoi_error_text(r));
		free_attempt(attempt);
		return false;
	}
	return true;
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

static bool start_next(struct envoi__race *race, struct branch *branch)
{
	struct envoi__racer *racer = branch->racer;
	struct sockaddr_storage address = branch->addresses[branch->next++];
	racer->turn = branch == &racer->by_family[V6] ? V4 : V6;
	envoi__set_port(&address, racer->target->port);
	return start_attempt(race, racer->target, &address);
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
	race->done(race, -1, NULL, NULL);
}

static void on_stagger(struct envoi_timer *timer)
{
	advance(ENVOI_CONTAINER_OF(timer, struct envoi__race, stagger));
}

static void start_what_may_start(struct envoi__race *race)
{
	while (!envoi_timer_is_started(&race->stagger)) {
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

static void advance(struct envoi__race *race)
{
	start_what_may_start(race);
	while (wants_next_target(race)) {
		ask_next_target(race);
	}
	if (is_lost(race)) {
		lose(race);
	}
}

int envoi__race_start(struct envoi__race *race)
{
	envoi__list_init(&race->attempts);
	race->loop = envoi_context_loop(race->context);
	race->resolver = envoi_context_resolver(race->context);
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

void envoi__race_finish(struct envoi__race *race)
{
	if (race->racers == NULL) {
		return;
	}
	while (!envoi__list_is_empty(&race->attempts)) {
		close_attempt(ENVOI_CONTAINER_OF(race->attempts.next, struct attempt, link));
	}
	for (size_t i = 0; i < race->asked; i++) {
		struct envoi__racer *racer = &race->racers[i];
		for (enum family family = V6; family <= V4; family++) {
			envoi_lookup_cancel(&racer->by_family[family].lookup);
			envoi_free(race->context, racer->by_family[family].addresses);
		}
		envoi_timer_stop(&racer->timeout);
		envoi_timer_stop(&racer->delay);
	}
	envoi_timer_stop(&race->stagger);
	envoi_timer_stop(&race->patience);
	envoi_free(race->context, race->racers);
	race->racers = NULL;
}
