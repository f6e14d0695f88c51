/*
 * envoi - why a connection failed or ended
 * SPDX-License-Identifier: MIT
 */
#include <envoi/failure.h>

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <envoi/context.h>

#include "base/failure.h"

static size_t char_len(unsigned char lead)
{
	return lead < 0x80 ? 1 : lead < 0xe0 ? 2 : lead < 0xf0 ? 3 : 4;
}

/* What is left of the last character goes, so that the text is still UTF-8. */
static void drop_cut_char(char *text, size_t len)
{
	size_t lead = len;
	do {
		lead--;
	} while (lead > 0 && ((unsigned char)text[lead] & 0xc0) == 0x80);
	if (len - lead < char_len((unsigned char)text[lead])) {
		text[lead] = '\0';
	}
}

/* How many bytes at @p at end a line, steer a terminal or turn the order of what follows: C0, DEL,
 * C1, and U+2028 to U+202E and U+2066 to U+2069. */
static size_t unfit_for_a_line(const unsigned char *at)
{
	if (at[0] < 0x20 || at[0] == 0x7f) {
		return 1;
	}
	if (at[0] == 0xc2 && at[1] >= 0x80 && at[1] <= 0x9f) {
		return 2;
	}
	bool is_unfit = at[0] == 0xe2 &&
		((at[1] == 0x80 && at[2] >= 0xa8 && at[2] <= 0xae) ||
			(at[1] == 0x81 && at[2] >= 0xa6 && at[2] <= 0xa9));
	return is_unfit ? 3 : 0;
}

/* The peer may have written parts of the text, and terminals and logs show it. */
static void become_one_line(char *text)
{
	while (*text != '\0') {
		size_t len = unfit_for_a_line((const unsigned char *)text);
		memset(text, ' ', len);
		text += len > 0 ? len : 1;
	}
}

void envoi__failure_put(char *to, size_t size, const char *text)
{
	size_t len = strlen(text);
	bool is_cut = len >= size;
	len = is_cut ? size - 1 : len;
	memcpy(to, text, len);
	to[len] = '\0';
	if (is_cut) {
		drop_cut_char(to, len);
	}
	become_one_line(to);
}

/* In phase ONLINE the same peer had behaved until then. */
static enum envoi_retry retry_of(enum envoi_phase phase, int code)
{
	bool is_online = phase == ENVOI_PHASE_ONLINE;
	switch (code) {
	case ENVOI_ERR_TIMEOUT:
	case ENVOI_ERR_UNREACHABLE:
	case ENVOI_ERR_DISCONNECTED:
	case ENVOI_ERR_STREAM:
	case ENVOI_ERR_NOMEM:
	case ENVOI_ERR_SYSTEM:
	case ENVOI_ERR_FULL:
		return ENVOI_RETRY_LATER;
	case ENVOI_ERR_AUTH:
	case ENVOI_ERR_CERTIFICATE:
	case ENVOI_ERR_INVALID:
	case ENVOI_ERR_NOT_FOUND: /* a setting of that name */
	case ENVOI_ERR_STANZA:
	case ENVOI_ERR_UNSUPPORTED:
		return ENVOI_RETRY_AFTER_USER;
	case ENVOI_ERR_LIMIT:
	case ENVOI_ERR_TLS:
		return is_online ? ENVOI_RETRY_LATER : ENVOI_RETRY_AFTER_USER;
	case ENVOI_ERR_PROTOCOL:
	case ENVOI_ERR_XML:
		return is_online ? ENVOI_RETRY_LATER : ENVOI_RETRY_NEVER;
	default:
		return ENVOI_RETRY_NEVER;
	}
}

void envoi_failure_set(struct envoi_failure *failure, struct envoi_context *context,
	enum envoi_phase phase, int code, const char *format, ...)
{
	*failure = (struct envoi_failure){
		.phase = phase,
		.code = code,
		.retry = retry_of(phase, code),
		.context = context,
	};
	if (format == NULL) {
		return;
	}
	va_list args;
	va_start(args, format);
	int len = vsnprintf(failure->text, sizeof(failure->text), format, args);
	va_end(args);
	if (len >= (int)sizeof(failure->text)) {
		drop_cut_char(failure->text, sizeof(failure->text) - 1);
	}
	become_one_line(failure->text);
}

void envoi__failure_set_phase(struct envoi_failure *failure, enum envoi_phase phase)
{
	if (failure->retry == retry_of(failure->phase, failure->code)) {
		failure->retry = retry_of(phase, failure->code);
	}
	failure->phase = phase;
}

void envoi_failure_finish(struct envoi_failure *failure)
{
	if (failure->attempts != NULL) {
		envoi_free(failure->context, failure->attempts);
	}
	*failure = (struct envoi_failure){0};
}

void envoi_failure_add_attempt(struct envoi_failure *failure, const struct envoi_attempt *attempt)
{
	struct envoi_attempt *attempts = envoi_realloc(failure->context, failure->attempts,
		(failure->attempt_count + 1) * sizeof(*attempts));
	if (attempts == NULL) {
		return;
	}
	attempts[failure->attempt_count++] = *attempt;
	failure->attempts = attempts;
}

void envoi_failure_move(struct envoi_failure *to, struct envoi_failure *from)
{
	*to = *from;
	*from = (struct envoi_failure){0};
}

void envoi_failure_copy(struct envoi_failure *to, const struct envoi_failure *from)
{
	*to = *from;
	to->attempts = NULL;
	to->attempt_count = 0;
	if (from->attempt_count == 0) {
		return;
	}
	size_t len = from->attempt_count * sizeof(*to->attempts);
	to->attempts = envoi_alloc(to->context, len);
	if (to->attempts != NULL) {
		memcpy(to->attempts, from->attempts, len);
		to->attempt_count = from->attempt_count;
	}
}

const char *envoi_phase_name(enum envoi_phase phase)
{
	static const char *const names[] = {
		[ENVOI_PHASE_NONE] = "none",
		[ENVOI_PHASE_RESOLVE] = "resolve",
		[ENVOI_PHASE_CONNECT] = "connect",
		[ENVOI_PHASE_TLS] = "tls",
		[ENVOI_PHASE_STREAM] = "stream",
		[ENVOI_PHASE_SASL] = "sasl",
		[ENVOI_PHASE_BIND] = "bind",
		[ENVOI_PHASE_ONLINE] = "online",
		[ENVOI_PHASE_CLOSE] = "close",
	};
	return (size_t)phase < sizeof(names) / sizeof(names[0]) ? names[phase] : "unknown";
}
