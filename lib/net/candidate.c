/*
 * envoi - a target and its addresses, as look-ups bring them
 * SPDX-License-Identifier: MIT
 */
#include "net/candidate.h"

#include <string.h>

#include <envoi/context.h>

#include "net/attempts.h"

/* RFC 8305, section 3: how long an IPv4 address waits for IPv6 ones */
#define RESOLUTION_DELAY_MS 50

#define MAX_ADDRESSES 64 /* of one family: bits of envoi__family_addresses.untried */

static bool is_looking_up(const struct envoi__family_addresses *family)
{
	return family->lookup.resolver != NULL;
}

static bool has_address(const struct envoi__family_addresses *family)
{
	return family->untried != 0;
}

static void note_look_up(
	struct envoi__candidate *candidate, enum envoi_lookup_status status, const char *text)
{
	candidate->has_reported = true;
	envoi__attempts_add_lookup(
		candidate->setup->attempts, candidate->target->host, status, text);
}

static void leave_out(struct envoi__candidate *candidate, size_t count)
{
	if (count > 0) {
		envoi_log(candidate->setup->context, ENVOI_LOG_WARNING, ENVOI_LOG_NET,
			"%s: %zu addresses beyond the limit are left out", candidate->target->host,
			count);
		candidate->setup->attempts->addresses_left_out += count;
	}
}

static void take_addresses(
	struct envoi__family_addresses *family, const struct envoi_lookup_result *result)
{
	size_t count = result->address_count < MAX_ADDRESSES ? result->address_count
							     : MAX_ADDRESSES;
	family->addresses = envoi_alloc(
		family->candidate->setup->context, count * sizeof(*family->addresses));
	if (family->addresses == NULL) {
		note_look_up(family->candidate, ENVOI_LOOKUP_NOMEM, NULL);
		return;
	}
	memcpy(family->addresses, result->addresses, count * sizeof(*family->addresses));
	family->count = count;
	family->untried = count == MAX_ADDRESSES ? UINT64_MAX : (UINT64_C(1) << count) - 1;
	leave_out(family->candidate, result->address_count - count + result->left_out);
}

/* Addresses of one family are enough: the lack of the other is no failed attempt. */
static void conclude_look_ups(struct envoi__candidate *candidate)
{
	struct envoi__family_addresses *v6 = &candidate->by_family[ENVOI__V6],
				       *v4 = &candidate->by_family[ENVOI__V4];
	if (is_looking_up(v6) || is_looking_up(v4)) {
		return;
	}
	envoi_timer_stop(&candidate->timeout);
	envoi_timer_stop(&candidate->delay);
	if (v6->count + v4->count == 0 && !candidate->has_reported) {
		note_look_up(candidate, ENVOI_LOOKUP_NO_DATA,
			candidate->has_no_name ? envoi_lookup_status_text(ENVOI_LOOKUP_NO_NAME)
					       : "no address");
	}
}

static void on_addresses(struct envoi_lookup *lookup, const struct envoi_lookup_result *result)
{
	struct envoi__family_addresses *family = ENVOI_CONTAINER_OF(
		lookup, struct envoi__family_addresses, lookup);
	struct envoi__candidate *candidate = family->candidate;
	if (result->status == ENVOI_LOOKUP_OK) {
		take_addresses(family, result);
	} else if (result->status == ENVOI_LOOKUP_NO_NAME) {
		candidate->has_no_name = true;
	} else if (result->status != ENVOI_LOOKUP_NO_DATA) {
		note_look_up(candidate, result->status, result->text);
	}
	conclude_look_ups(candidate);
	candidate->setup->changed(candidate->setup->user);
}

static void on_resolve_timeout(struct envoi_timer *timer)
{
	struct envoi__candidate *candidate = ENVOI_CONTAINER_OF(
		timer, struct envoi__candidate, timeout);
	envoi_lookup_cancel(&candidate->by_family[ENVOI__V6].lookup);
	envoi_lookup_cancel(&candidate->by_family[ENVOI__V4].lookup);
	note_look_up(candidate, ENVOI_LOOKUP_TIMEOUT, NULL);
	conclude_look_ups(candidate);
	candidate->setup->changed(candidate->setup->user);
}

static void on_delay(struct envoi_timer *timer)
{
	struct envoi__candidate *candidate = ENVOI_CONTAINER_OF(
		timer, struct envoi__candidate, delay);
	candidate->is_delay_over = true;
	candidate->setup->changed(candidate->setup->user);
}

static void look_up(struct envoi__candidate *candidate, enum envoi__family which)
{
	struct envoi__family_addresses *family = &candidate->by_family[which];
	family->candidate = candidate;
	int r = envoi_lookup_address(&family->lookup, candidate->setup->resolver,
		candidate->target->host, which == ENVOI__V6 ? AF_INET6 : AF_INET, on_addresses);
	if (r < 0) {
		note_look_up(candidate,
			r == ENVOI_ERR_NOMEM ? ENVOI_LOOKUP_NOMEM : ENVOI_LOOKUP_FAILED,
			envoi_error_text(r));
	}
}

void envoi__candidate_look_up(struct envoi__candidate *candidate)
{
	candidate->by_family[ENVOI__V6].is_wanted = true;
	candidate->by_family[ENVOI__V4].is_wanted = true;
	envoi__candidate_resume(candidate);
}

void envoi__candidate_resume(struct envoi__candidate *candidate)
{
	bool resumes = false;
	for (enum envoi__family which = ENVOI__V6; which <= ENVOI__V4; which++) {
		if (candidate->by_family[which].is_wanted) {
			candidate->by_family[which].is_wanted = false;
			resumes = true;
			look_up(candidate, which);
		}
	}
	if (resumes) {
		envoi_timer_start(&candidate->timeout, candidate->setup->loop,
			candidate->setup->resolve_timeout_ms, on_resolve_timeout);
		conclude_look_ups(candidate);
	}
}

void envoi__candidate_stop(struct envoi__candidate *candidate)
{
	for (enum envoi__family which = ENVOI__V6; which <= ENVOI__V4; which++) {
		struct envoi__family_addresses *family = &candidate->by_family[which];
		family->is_wanted = is_looking_up(family);
		envoi_lookup_cancel(&family->lookup);
	}
	envoi_timer_stop(&candidate->timeout);
	envoi_timer_stop(&candidate->delay);
}

void envoi__candidate_finish(struct envoi__candidate *candidate)
{
	envoi_free(candidate->setup->context, candidate->by_family[ENVOI__V6].addresses);
	envoi_free(candidate->setup->context, candidate->by_family[ENVOI__V4].addresses);
}

bool envoi__candidate_is_looking_up(const struct envoi__candidate *candidate)
{
	return is_looking_up(&candidate->by_family[ENVOI__V6]) ||
		is_looking_up(&candidate->by_family[ENVOI__V4]);
}

void envoi__candidate_note_pending(struct envoi__candidate *candidate)
{
	if (envoi__candidate_is_looking_up(candidate)) {
		note_look_up(candidate, ENVOI_LOOKUP_TIMEOUT, NULL);
	}
}

static enum envoi__family other(enum envoi__family family)
{
	return family == ENVOI__V6 ? ENVOI__V4 : ENVOI__V6;
}

struct envoi__family_addresses *envoi__candidate_next(struct envoi__candidate *candidate)
{
	struct envoi__family_addresses *first = &candidate->by_family[candidate->turn];
	struct envoi__family_addresses *second = &candidate->by_family[other(candidate->turn)];
	if (has_address(first)) {
		return first;
	}
	if (!has_address(second)) {
		return NULL;
	}
	bool waits_for_v6 = candidate->turn == ENVOI__V6 && is_looking_up(first) &&
		!candidate->is_delay_over;
	if (waits_for_v6 && !envoi_timer_is_started(&candidate->delay)) {
		envoi_timer_start(
			&candidate->delay, candidate->setup->loop, RESOLUTION_DELAY_MS, on_delay);
	}
	return waits_for_v6 ? NULL : second;
}

size_t envoi__family_addresses_take(struct envoi__family_addresses *family)
{
	size_t index = 0;
	while ((family->untried & (UINT64_C(1) << index)) == 0) {
		index++;
	}
	family->untried &= ~(UINT64_C(1) << index);
	bool is_v6 = family == &family->candidate->by_family[ENVOI__V6];
	family->candidate->turn = is_v6 ? ENVOI__V4 : ENVOI__V6;
	return index;
}

void envoi__family_addresses_put_back(struct envoi__family_addresses *family, size_t index)
{
	family->untried |= UINT64_C(1) << index;
}
