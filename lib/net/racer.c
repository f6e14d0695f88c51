/*
 * envoi - one target of a race: its addresses, as they come
 * SPDX-License-Identifier: MIT
 */
#include "net/racer.h"

#include <string.h>

#include <envoi/context.h>

#include "net/attempts.h"

/* RFC 8305, section 3: how long an IPv4 address waits for IPv6 ones */
#define RESOLUTION_DELAY_MS 50

#define MAX_ADDRESSES 64 /* of one family: bits of envoi__branch.untried */

static bool is_looking_up(const struct envoi__branch *branch)
{
	return branch->lookup.resolver != NULL;
}

static bool has_address(const struct envoi__branch *branch)
{
	return branch->untried != 0;
}

static void note_look_up(
	struct envoi__racer *racer, enum envoi_lookup_status status, const char *text)
{
	racer->has_noted = true;
	envoi__attempts_add_lookup(racer->race->attempt_log, racer->target->host, status, text);
}

static void leave_out(struct envoi__racer *racer, size_t count)
{
	if (count > 0) {
		envoi_log(racer->race->context, ENVOI_LOG_WARNING, ENVOI_LOG_NET,
			"%s: %zu addresses beyond the limit are left out", racer->target->host,
			count);
		racer->race->attempt_log->addresses_left_out += count;
	}
}

static void take_addresses(struct envoi__branch *branch, const struct envoi_lookup_result *result)
{
	size_t count = result->address_count < MAX_ADDRESSES ? result->address_count
							     : MAX_ADDRESSES;
	branch->addresses = envoi_alloc(
		branch->racer->race->context, count * sizeof(*branch->addresses));
	if (branch->addresses == NULL) {
		note_look_up(branch->racer, ENVOI_LOOKUP_NOMEM, NULL);
		return;
	}
	memcpy(branch->addresses, result->addresses, count * sizeof(*branch->addresses));
	branch->count = count;
	branch->untried = count == MAX_ADDRESSES ? UINT64_MAX : (UINT64_C(1) << count) - 1;
	leave_out(branch->racer, result->address_count - count + result->left_out);
}

/* That there are none of one family is no news while there are some of the other. */
static void conclude_look_ups(struct envoi__racer *racer)
{
	struct envoi__branch *v6 = &racer->by_family[ENVOI__V6], *v4 = &racer->by_family[ENVOI__V4];
	if (is_looking_up(v6) || is_looking_up(v4)) {
		return;
	}
	envoi_timer_stop(&racer->timeout);
	envoi_timer_stop(&racer->delay);
	if (v6->count + v4->count == 0 && !racer->has_noted) {
		note_look_up(racer, ENVOI_LOOKUP_NO_DATA,
			racer->has_no_name ? envoi_lookup_status_text(ENVOI_LOOKUP_NO_NAME)
					   : "no address");
	}
}

static void on_addresses(struct envoi_lookup *lookup, const struct envoi_lookup_result *result)
{
	struct envoi__branch *branch = ENVOI_CONTAINER_OF(lookup, struct envoi__branch, lookup);
	struct envoi__racer *racer = branch->racer;
	if (result->status == ENVOI_LOOKUP_OK) {
		take_addresses(branch, result);
	} else if (result->status == ENVOI_LOOKUP_NO_NAME) {
		racer->has_no_name = true;
	} else if (result->status != ENVOI_LOOKUP_NO_DATA) {
		note_look_up(racer, result->status, result->text);
	}
	conclude_look_ups(racer);
	envoi__race_advance(racer->race);
}

static void on_resolve_timeout(struct envoi_timer *timer)
{
	struct envoi__racer *racer = ENVOI_CONTAINER_OF(timer, struct envoi__racer, timeout);
	envoi_lookup_cancel(&racer->by_family[ENVOI__V6].lookup);
	envoi_lookup_cancel(&racer->by_family[ENVOI__V4].lookup);
	note_look_up(racer, ENVOI_LOOKUP_TIMEOUT, NULL);
	conclude_look_ups(racer);
	envoi__race_advance(racer->race);
}

static void on_delay(struct envoi_timer *timer)
{
	struct envoi__racer *racer = ENVOI_CONTAINER_OF(timer, struct envoi__racer, delay);
	racer->is_delay_over = true;
	envoi__race_advance(racer->race);
}

static void ask_for(struct envoi__racer *racer, enum envoi__family family)
{
	struct envoi__branch *branch = &racer->by_family[family];
	branch->racer = racer;
	int r = envoi_lookup_address(&branch->lookup, racer->race->resolver, racer->target->host,
		family == ENVOI__V6 ? AF_INET6 : AF_INET, on_addresses);
	if (r < 0) {
		note_look_up(racer, r == ENVOI_ERR_NOMEM ? ENVOI_LOOKUP_NOMEM : ENVOI_LOOKUP_FAILED,
			envoi_error_text(r));
	}
}

void envoi__racer_ask(struct envoi__racer *racer)
{
	struct envoi__race *race = racer->race;
	envoi_timer_start(
		&racer->timeout, race->loop, race->resolve_timeout_ms, on_resolve_timeout);
	ask_for(racer, ENVOI__V6);
	ask_for(racer, ENVOI__V4);
	conclude_look_ups(racer);
}

void envoi__racer_ask_again(struct envoi__racer *racer)
{
	bool asks_again = false;
	for (enum envoi__family family = ENVOI__V6; family <= ENVOI__V4; family++) {
		if (racer->by_family[family].is_given_up) {
			racer->by_family[family].is_given_up = false;
			asks_again = true;
			ask_for(racer, family);
		}
	}
	if (asks_again) {
		envoi_timer_start(&racer->timeout, racer->race->loop,
			racer->race->resolve_timeout_ms, on_resolve_timeout);
		conclude_look_ups(racer);
	}
}

void envoi__racer_rest(struct envoi__racer *racer)
{
	for (enum envoi__family family = ENVOI__V6; family <= ENVOI__V4; family++) {
		struct envoi__branch *branch = &racer->by_family[family];
		branch->is_given_up = is_looking_up(branch);
		envoi_lookup_cancel(&branch->lookup);
	}
	envoi_timer_stop(&racer->timeout);
	envoi_timer_stop(&racer->delay);
}

void envoi__racer_finish(struct envoi__racer *racer)
{
	envoi_free(racer->race->context, racer->by_family[ENVOI__V6].addresses);
	envoi_free(racer->race->context, racer->by_family[ENVOI__V4].addresses);
}

bool envoi__racer_is_looking_up(const struct envoi__racer *racer)
{
	return is_looking_up(&racer->by_family[ENVOI__V6]) ||
		is_looking_up(&racer->by_family[ENVOI__V4]);
}

void envoi__racer_note_under_way(struct envoi__racer *racer)
{
	if (envoi__racer_is_looking_up(racer)) {
		note_look_up(racer, ENVOI_LOOKUP_TIMEOUT, NULL);
	}
}

static enum envoi__family other(enum envoi__family family)
{
	return family == ENVOI__V6 ? ENVOI__V4 : ENVOI__V6;
}

struct envoi__branch *envoi__racer_next(struct envoi__racer *racer)
{
	struct envoi__branch *first = &racer->by_family[racer->turn];
	struct envoi__branch *second = &racer->by_family[other(racer->turn)];
	if (has_address(first)) {
		return first;
	}
	if (!has_address(second)) {
		return NULL;
	}
	bool waits_for_v6 = racer->turn == ENVOI__V6 && is_looking_up(first) &&
		!racer->is_delay_over;
	if (waits_for_v6 && !envoi_timer_is_started(&racer->delay)) {
		envoi_timer_start(&racer->delay, racer->race->loop, RESOLUTION_DELAY_MS, on_delay);
	}
	return waits_for_v6 ? NULL : second;
}

size_t envoi__branch_take(struct envoi__branch *branch)
{
	size_t index = 0;
	while ((branch->untried & (UINT64_C(1) << index)) == 0) {
		index++;
	}
	branch->untried &= ~(UINT64_C(1) << index);
	bool is_v6 = branch == &branch->racer->by_family[ENVOI__V6];
	branch->racer->turn = is_v6 ? ENVOI__V4 : ENVOI__V6;
	return index;
}

void envoi__branch_put_back(struct envoi__branch *branch, size_t index)
{
	branch->untried |= UINT64_C(1) << index;
}
