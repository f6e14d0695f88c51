/*
 * envoi - why a connection failed or ended, in words
 * SPDX-License-Identifier: MIT
 */
#include <envoi/failure.h>

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

/** What has been written, and how long it would be with room for everything. */
struct words {
	char *text;
	size_t size, len;
};

ENVOI_PRINTF(2, 3) static void say(struct words *words, const char *format, ...)
{
	size_t used = words->len < words->size ? words->len : words->size;
	va_list args;
	va_start(args, format);
	char *at = words->size > 0 ? words->text + used : NULL;
	int len = vsnprintf(at, words->size - used, format, args);
	va_end(args);
	words->len += len > 0 ? (size_t)len : 0;
}

static void write_place(struct words *words, const struct envoi_attempt *attempt)
{
	bool has_address = attempt->address[0] != '\0';
	if (attempt->port != 0) {
		say(words, "%s port %u", has_address ? attempt->address : attempt->target,
			attempt->port);
	} else {
		say(words, "%s", attempt->target);
	}
}

static void write_attempt(struct words *words, const struct envoi_attempt *attempt)
{
	write_place(words, attempt);
	say(words, ": %s",
		attempt->text[0] != '\0' ? attempt->text : envoi_error_text(attempt->code));
}

/* With EXTERNAL neither a name nor a password was given. */
static const char *sasl_meaning(const struct envoi_failure *failure)
{
	bool is_by_certificate = strcmp(failure->mechanism, "EXTERNAL") == 0;
	return is_by_certificate && failure->sasl_condition == ENVOI_SASL_NOT_AUTHORIZED
		? "certificate not accepted for this account"
		: envoi_sasl_condition_meaning(failure->sasl_condition)->text;
}

/* RFC 6120, section 6.5.10: failures that the user can correct have a text for users. */
static const char *headline(const struct envoi_failure *failure)
{
	if (failure->code == ENVOI_OK) {
		return "disconnected";
	}
	if (failure->code == ENVOI_ERR_STANZA && failure->phase == ENVOI_PHASE_BIND) {
		return "resource refused by the server";
	}
	return failure->sasl_condition == ENVOI_SASL_NOT_AUTHORIZED
		? sasl_meaning(failure)
		: envoi_error_text(failure->code);
}

static void write_headline_and_place(struct words *words, const struct envoi_failure *failure)
{
	say(words, "%s", headline(failure));
	if (failure->phase != ENVOI_PHASE_NONE && failure->code != ENVOI_OK) {
		say(words, " (%s)", envoi_phase_name(failure->phase));
	}
}

static void write_application(struct words *words, const struct envoi_failure *failure)
{
	if (failure->application[0] != '\0') {
		say(words, "%s{%s}%s", failure->condition[0] != '\0' ? " " : "",
			failure->application_ns, failure->application);
	}
}

static bool is_left_out(const struct envoi_attempt *attempt)
{
	return attempt->phase == ENVOI_PHASE_RESOLVE && attempt->code == ENVOI_ERR_LIMIT;
}

/* The text of an attempt may be that of the failure, truncated earlier. */
static bool repeats_failure(
	const struct envoi_failure *failure, const struct envoi_attempt *attempt)
{
	size_t len = strlen(attempt->text);
	if (len > 3 && strcmp(attempt->text + len - 3, "...") == 0) {
		len -= 3;
	}
	return len > 0 && strncmp(failure->text, attempt->text, len) == 0;
}

static void write_last_attempt(struct words *words, const struct envoi_failure *failure)
{
	const struct envoi_attempt *last = &failure->attempts[failure->attempt_count - 1];
	say(words, "; ");
	if (repeats_failure(failure, last)) {
		write_place(words, last);
	} else {
		write_attempt(words, last);
	}
}

size_t envoi_failure_describe(const struct envoi_failure *failure, char *line, size_t size)
{
	struct words words = {line, size, 0};
	bool has_condition = failure->condition[0] != '\0' || failure->application[0] != '\0';
	bool has_text = failure->text[0] != '\0';
	write_headline_and_place(&words, failure);
	if (has_condition) {
		say(&words, ": %s", failure->condition);
		write_application(&words, failure);
	}
	if (has_text) {
		say(&words, "%s%s", has_condition ? ", " : ": ", failure->text);
	}
	/* Later than that, an attempt is what came before, and not the reason. */
	if (failure->attempt_count > 0 && failure->phase <= ENVOI_PHASE_TLS) {
		write_last_attempt(&words, failure);
	}
	return words.len;
}

/* --- at length --- */

static const char *meaning_of(const struct envoi_failure *failure)
{
	if (failure->stream_condition != ENVOI_STREAM_NO_CONDITION) {
		return envoi_stream_condition_meaning(failure->stream_condition)->text;
	}
	if (failure->sasl_condition != ENVOI_SASL_NO_CONDITION) {
		return sasl_meaning(failure);
	}
	if (failure->stanza_condition != ENVOI_STANZA_NO_CONDITION) {
		return envoi_stanza_condition_meaning(failure->stanza_condition)->text;
	}
	return NULL;
}

static void explain_condition(struct words *words, const struct envoi_failure *failure)
{
	if (failure->condition[0] == '\0' && failure->application[0] == '\0') {
		return;
	}
	/* The meaning of a condition sent on this side is in the text above. */
	bool is_ours = failure->stream_condition != ENVOI_STREAM_NO_CONDITION &&
		failure->code != ENVOI_ERR_STREAM;
	const char *meaning = is_ours ? NULL : meaning_of(failure);
	say(words, "\n  %s: %s", is_ours ? "condition sent" : "condition", failure->condition);
	write_application(words, failure);
	if (meaning != NULL) {
		say(words, " (%s)", meaning);
	}
}

static void explain_peer_text(struct words *words, const struct envoi_failure *failure)
{
	if (failure->is_peer_text) {
		bool has_lang = failure->text_lang[0] != '\0';
		say(words, "\n  the server says%s%s%s: \"%s\"", has_lang ? " (" : "",
			failure->text_lang, has_lang ? ")" : "", failure->text);
	}
}

static void explain_redirect(struct words *words, const struct envoi_failure *failure)
{
	if (failure->redirect_host[0] != '\0') {
		say(words, "\n  it names the host %s", failure->redirect_host);
		if (failure->redirect_port != 0) {
			say(words, " port %u", failure->redirect_port);
		}
	}
}

static void explain_attempts(struct words *words, const struct envoi_failure *failure)
{
	/* The reason of the only attempt is not repeated. */
	bool is_only_where = failure->attempt_count == 1 &&
		repeats_failure(failure, failure->attempts);
	for (size_t i = 0; i < failure->attempt_count; i++) {
		const struct envoi_attempt *attempt = &failure->attempts[i];
		say(words,
			is_only_where                  ? "\n  at "
				: is_left_out(attempt) ? "\n  "
						       : "\n  tried ");
		if (attempt->address[0] != '\0' && strcmp(attempt->address, attempt->target) != 0) {
			say(words, "%s, ", attempt->target);
		}
		if (is_only_where) {
			write_place(words, attempt);
		} else {
			write_attempt(words, attempt);
		}
	}
}

size_t envoi_failure_explain(const struct envoi_failure *failure, char *lines, size_t size)
{
	struct words words = {lines, size, 0};
	write_headline_and_place(&words, failure);
	if (failure->text[0] != '\0' && !failure->is_peer_text) {
		say(&words, ": %s", failure->text);
	} else if (failure->mechanism[0] != '\0') {
		say(&words, ": %s", failure->mechanism);
	}
	explain_condition(&words, failure);
	explain_peer_text(&words, failure);
	explain_redirect(&words, failure);
	explain_attempts(&words, failure);
	return words.len;
}
