/*
 * envoi - the log of what was tried: look-ups, addresses, connections
 * SPDX-License-Identifier: MIT
 */
#include "net/attempts.h"

#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include <envoi/context.h>

#include "net/host_names.h"

static int code_of(enum envoi_lookup_status status)
{
	switch (status) {
	case ENVOI_LOOKUP_TIMEOUT:
		return ENVOI_ERR_TIMEOUT;
	case ENVOI_LOOKUP_NOMEM:
		return ENVOI_ERR_NOMEM;
	case ENVOI_LOOKUP_OK:
	case ENVOI_LOOKUP_NO_NAME:
	case ENVOI_LOOKUP_NO_DATA:
	case ENVOI_LOOKUP_FAILED:
		break;
	}
	return ENVOI_ERR_UNREACHABLE;
}

/* A text that is too long is cut between characters and ends with dots. */
static void copy_text(char *to, size_t size, const char *from)
{
	static const char cut[] = "...";
	size_t len = strlen(from);
	bool is_cut = len >= size;
	if (is_cut) {
		len = size - sizeof(cut);
		while (len > 0 && ((unsigned char)from[len] & 0xc0) == 0x80) {
			len--;
		}
	}
	snprintf(to, size, "%.*s%s", (int)len, from, is_cut ? cut : "");
}

void envoi__attempts_finish(struct envoi__attempts *attempts)
{
	envoi_free(attempts->context, attempts->items);
	*attempts = (struct envoi__attempts){.context = attempts->context};
}

/* Left out silently when memory is short. */
static void add(struct envoi__attempts *attempts, const struct envoi_attempt *attempt)
{
	struct envoi_attempt *items = envoi_realloc(
		attempts->context, attempts->items, (attempts->count + 1) * sizeof(*items));
	if (items != NULL) {
		items[attempts->count++] = *attempt;
		attempts->items = items;
	}
}

void envoi__attempts_add_lookup(struct envoi__attempts *attempts, const char *name,
	enum envoi_lookup_status status, const char *text)
{
	struct envoi_attempt attempt = {.phase = ENVOI_PHASE_RESOLVE, .code = code_of(status)};
	snprintf(attempt.target, sizeof(attempt.target), "%s", name);
	copy_text(attempt.text, sizeof(attempt.text),
		text != NULL ? text : envoi_lookup_status_text(status));
	add(attempts, &attempt);
}

void envoi__attempts_add_address(struct envoi__attempts *attempts, const char *host,
	const struct sockaddr_storage *address, uint16_t port, enum envoi_phase phase, int code,
	const char *text)
{
	struct envoi_attempt attempt = {
		.phase = phase,
		.code = code,
		.port = port,
	};
	snprintf(attempt.target, sizeof(attempt.target), "%s", host);
	envoi__print_address(address, attempt.address, sizeof(attempt.address));
	copy_text(attempt.text, sizeof(attempt.text), text);
	add(attempts, &attempt);
}

/* It comes first: the last attempt is the one that a single line shows. */
static void add_left_out(struct envoi__attempts *attempts)
{
	struct envoi_attempt attempt = {.phase = ENVOI_PHASE_RESOLVE, .code = ENVOI_ERR_LIMIT};
	size_t count = attempts->count;
	if (attempts->targets_left_out + attempts->addresses_left_out == 0) {
		return;
	}
	snprintf(attempt.target, sizeof(attempt.target), "left out");
	snprintf(attempt.text, sizeof(attempt.text),
		"%zu targets and %zu addresses over the limits", attempts->targets_left_out,
		attempts->addresses_left_out);
	add(attempts, &attempt);
	if (attempts->count > count) {
		memmove(attempts->items + 1, attempts->items, count * sizeof(attempt));
		attempts->items[0] = attempt;
	}
}

static int weight_of(const struct envoi_failure *failure)
{
	switch (failure->code) {
	case ENVOI_OK:
		return 0;
	case ENVOI_ERR_CERTIFICATE:
		return 3;
	case ENVOI_ERR_TLS:
		return 2;
	default:
		return 1;
	}
}

void envoi__attempts_keep_best(struct envoi__attempts *attempts, const struct envoi_failure *why)
{
	if (weight_of(why) > weight_of(&attempts->best)) {
		attempts->best = *why;
		attempts->best.attempts = NULL;
		attempts->best.attempt_count = 0;
	}
}

int envoi__attempts_code(const struct envoi__attempts *attempts, enum envoi_phase phase)
{
	int code = ENVOI_OK;
	for (size_t i = 0; i < attempts->count; i++) {
		const struct envoi_attempt *attempt = &attempts->items[i];
		if (attempt->phase == phase) {
			if (code != ENVOI_OK && code != attempt->code) {
				return ENVOI_ERR_UNREACHABLE;
			}
			code = attempt->code;
		}
	}
	return code != ENVOI_OK ? code : ENVOI_ERR_NOMEM;
}

void envoi__attempts_conclude(struct envoi__attempts *attempts, struct envoi_failure *ret_failure,
	enum envoi_phase phase, int code, const char *format, ...)
{
	char text[sizeof(ret_failure->text)];
	va_list args;
	va_start(args, format);
	vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	add_left_out(attempts);
	if (attempts->best.code != ENVOI_OK) {
		*ret_failure = attempts->best;
	} else {
		envoi_failure_set(ret_failure, attempts->context, phase, code, "%s", text);
	}
	ret_failure->context = attempts->context;
	ret_failure->attempts = attempts->items;
	ret_failure->attempt_count = attempts->count;
	*attempts = (struct envoi__attempts){.context = attempts->context};
}
