/*
 * envoi - what was tried in vain
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

/* Cut between characters, and so that it is seen. */
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
	memcpy(to, from, len);
	memcpy(to + len, cut, is_cut ? sizeof(cut) : 0);
	to[is_cut ? len + sizeof(cut) - 1 : len] = '\0';
}

void envoi__attempts_add_lookup(struct envoi_failure *failure, const char *name,
	enum envoi_lookup_status status, const char *text)
{
	struct envoi_attempt attempt = {.phase = ENVOI_PHASE_RESOLVE, .code = code_of(status)};
	snprintf(attempt.target, sizeof(attempt.target), "%s", name);
	copy_text(attempt.text, sizeof(attempt.text),
		text != NULL ? text : envoi_lookup_status_text(status));
	envoi_failure_add_attempt(failure, &attempt);
}

void envoi__attempts_add_address(struct envoi_failure *failure, const char *host,
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
	envoi_failure_add_attempt(failure, &attempt);
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

void envoi__attempts_keep_best(struct envoi_failure *best, const struct envoi_failure *why)
{
	if (weight_of(why) > weight_of(best)) {
		*best = *why;
		best->attempts = NULL;
		best->attempt_count = 0;
	}
}

int envoi__attempts_code(const struct envoi_failure *failure, enum envoi_phase phase)
{
	int code = ENVOI_OK;
	for (size_t i = 0; i < failure->attempt_count; i++) {
		const struct envoi_attempt *attempt = &failure->attempts[i];
		if (attempt->phase == phase) {
			if (code != ENVOI_OK && code != attempt->code) {
				return ENVOI_ERR_UNREACHABLE;
			}
			code = attempt->code;
		}
	}
	return code != ENVOI_OK ? code : ENVOI_ERR_NOMEM;
}

void envoi__attempts_conclude(
	struct envoi_failure *failure, enum envoi_phase phase, int code, const char *format, ...)
{
	struct envoi_failure tried = *failure;
	char text[sizeof(failure->text)];
	va_list args;
	va_start(args, format);
	vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	envoi_failure_set(failure, tried.context, phase, code, "%s", text);
	failure->attempts = tried.attempts;
	failure->attempt_count = tried.attempt_count;
}
