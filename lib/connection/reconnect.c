/*
 * envoi - reconnection: whether and when a client connects again
 * SPDX-License-Identifier: MIT
 */
#include "connection/reconnect.h"

#include <envoi/context.h>

enum {
	MINUTE_MS = 60 * 1000,
	STABLE_MS = MINUTE_MS,
	SHUTDOWN_MS = MINUTE_MS, /* RFC 6120, section 3.3: for all clients of a restarted server */
	HINT_MS = 10 * 1000,
	SLOW_FIRST_MS = MINUTE_MS,
	LONGEST_SLOW_MS = 24 * 60 * MINUTE_MS,
	MOST_DOUBLINGS = 32,
};

/* --- whether --- */

enum verdict {
	STOP,
	RETRY, /* after a delay */
	RETRY_FEW, /* as RETRY, but three within a minute stop */
	RETRY_SLOWLY, /* after a minute at least, for a day */
	RETRY_NOW,
	RETRY_ANY_RESOURCE, /* at once, with a resource of the server's choice */
};

/** A failure whose verdict is not that of its `retry`. All members must match. */
struct exception {
	int code;
	enum envoi_phase phase; /* NONE: every one */
	enum envoi_stream_condition stream;
	enum envoi_sasl_condition sasl;
	enum envoi_stanza_condition stanza;
	bool is_before_mechanism; /* no SASL mechanism was tried */
	bool has_started; /* only once a session has started */
	bool has_any_condition;
	bool is_certificate; /* only where the application does not decide about certificates */
	bool is_retried_conflict; /* only where the owner retries conflicts */
	enum verdict verdict;
};

static const struct exception exceptions[] = {
	/* The server may hold a connection of the past until it notices that it is dead. */
	{.code = ENVOI_ERR_STREAM,
		.stream = ENVOI_STREAM_CONFLICT,
		.is_retried_conflict = true,
		.verdict = RETRY_SLOWLY},
	/* Two clients of one resource would end each other's sessions for ever (RFC 6120, section
	 * 4.9.3.3). An older connection of the same client does not cause it: that is closed before
	 * another attempt begins. */
	{.code = ENVOI_ERR_STREAM, .stream = ENVOI_STREAM_CONFLICT, .verdict = STOP},
	/* section 7.7.2.2 */
	{.code = ENVOI_ERR_STANZA,
		.phase = ENVOI_PHASE_BIND,
		.stanza = ENVOI_CONFLICT,
		.verdict = RETRY_ANY_RESOURCE},
	{.code = ENVOI_ERR_AUTH,
		.phase = ENVOI_PHASE_SASL,
		.sasl = ENVOI_SASL_TEMPORARY_AUTH_FAILURE,
		.has_started = true,
		.verdict = RETRY_FEW},
	{.code = ENVOI_ERR_STREAM,
		.stream = ENVOI_STREAM_RESOURCE_CONSTRAINT,
		.has_started = true,
		.verdict = RETRY_FEW},
	{.code = ENVOI_ERR_STREAM,
		.stream = ENVOI_STREAM_POLICY_VIOLATION,
		.has_started = true,
		.verdict = RETRY_FEW},
	/* Prosody up to 0.12 reads a resumed stream with the parser of the lost connection: part of
	 * a stanza that is in there makes the next one malformed. */
	{.code = ENVOI_ERR_STREAM,
		.phase = ENVOI_PHASE_ONLINE,
		.stream = ENVOI_STREAM_NOT_WELL_FORMED,
		.has_started = true,
		.verdict = RETRY_FEW},
	{.code = ENVOI_ERR_STANZA,
		.phase = ENVOI_PHASE_BIND,
		.stanza = ENVOI_RESOURCE_CONSTRAINT,
		.has_started = true,
		.verdict = RETRY_FEW},
	/* A server that is starting may not offer SASL yet. */
	{.code = ENVOI_ERR_AUTH,
		.phase = ENVOI_PHASE_SASL,
		.is_before_mechanism = true,
		.has_started = true,
		.verdict = RETRY_FEW},
	/* At the resumption the two sides did not agree on what was sent (XEP-0198, section 5), as
	 * with a journal whose last records were lost. The next attempt begins a session. */
	{.code = ENVOI_ERR_PROTOCOL,
		.phase = ENVOI_PHASE_BIND,
		.stream = ENVOI_STREAM_UNDEFINED_CONDITION,
		.has_started = true,
		.verdict = RETRY_FEW},
	/* An answer to <resume/> that is malformed, or of another session. The session is tried
	 * once more at most. */
	{.code = ENVOI_ERR_PROTOCOL,
		.phase = ENVOI_PHASE_BIND,
		.stream = ENVOI_STREAM_BAD_FORMAT,
		.has_started = true,
		.verdict = RETRY_FEW},
	{.code = ENVOI_ERR_PROTOCOL,
		.phase = ENVOI_PHASE_BIND,
		.stream = ENVOI_STREAM_UNSUPPORTED_STANZA_TYPE,
		.has_started = true,
		.verdict = RETRY_FEW},
	/* The network of a hotel answers in place of the server until its user has logged in there,
	 * with a certificate of its own or with something that is not XMPP. Nothing is sent to it.
	 * A certificate that has expired is renewed within hours. Where the application decides
	 * about certificates, each attempt would ask it again. */
	{.code = ENVOI_ERR_CERTIFICATE,
		.is_certificate = true,
		.has_any_condition = true,
		.has_started = true,
		.verdict = RETRY_SLOWLY},
	/* An alert of TLS 1.3 may come when the handshake has ended for this side. */
	{.code = ENVOI_ERR_TLS,
		.phase = ENVOI_PHASE_ONLINE,
		.has_any_condition = true,
		.verdict = RETRY},
	{.code = ENVOI_ERR_TLS,
		.has_any_condition = true,
		.has_started = true,
		.verdict = RETRY_SLOWLY},
	{.code = ENVOI_ERR_XML,
		.phase = ENVOI_PHASE_STREAM,
		.has_any_condition = true,
		.has_started = true,
		.verdict = RETRY_SLOWLY},
	{.code = ENVOI_ERR_PROTOCOL,
		.phase = ENVOI_PHASE_STREAM,
		.has_any_condition = true,
		.has_started = true,
		.verdict = RETRY_SLOWLY},
	/* What answers in place of a WebSocket server: RFC 6455, section 4.1. */
	{.code = ENVOI_ERR_PROTOCOL,
		.phase = ENVOI_PHASE_CONNECT,
		.has_any_condition = true,
		.has_started = true,
		.verdict = RETRY_SLOWLY},
};

static bool has_conditions(const struct exception *exception, const struct envoi_failure *why)
{
	return exception->has_any_condition ||
		(exception->stream == why->stream_condition &&
			exception->sasl == why->sasl_condition &&
			exception->stanza == why->stanza_condition);
}

static bool matches(const struct exception *exception, const struct envoi_failure *why,
	const struct envoi__reconnect *reconnect)
{
	return exception->code == why->code && has_conditions(exception, why) &&
		(exception->phase == ENVOI_PHASE_NONE || exception->phase == why->phase) &&
		(!exception->is_before_mechanism || why->mechanism[0] == '\0') &&
		(!exception->is_certificate || !reconnect->is_certificate_decided) &&
		(!exception->is_retried_conflict || reconnect->retries_conflict) &&
		(!exception->has_started || reconnect->has_started);
}

static enum verdict verdict_on(
	const struct envoi__reconnect *reconnect, const struct envoi_failure *why)
{
	for (size_t i = 0; i < sizeof(exceptions) / sizeof(exceptions[0]); i++) {
		if (matches(&exceptions[i], why, reconnect)) {
			return exceptions[i].verdict;
		}
	}
	switch (why->retry) {
	case ENVOI_RETRY_NOW:
		return RETRY_NOW;
	case ENVOI_RETRY_LATER:
		return RETRY;
	default:
		return STOP;
	}
}

static uint64_t now_ms(const struct envoi__reconnect *reconnect)
{
	return envoi_loop_now_ms(envoi_context_loop(reconnect->context));
}

/* The time during which the machine was suspended counts. */
static uint64_t all_ms(const struct envoi__reconnect *reconnect)
{
	return now_ms(reconnect) + envoi__loop_suspended_ms(envoi_context_loop(reconnect->context));
}

/* @return whether it is the third within a minute */
static bool are_too_many(struct envoi__reconnect *reconnect)
{
	uint64_t now = all_ms(reconnect);
	uint64_t *oldest = &reconnect->refused_at_ms[reconnect->refusals % ENVOI__REFUSALS_KEPT];
	*oldest = now;
	reconnect->refusals++;
	if (reconnect->refusals < ENVOI__REFUSALS_KEPT) {
		return false;
	}
	return now - reconnect->refused_at_ms[reconnect->refusals % ENVOI__REFUSALS_KEPT] <=
		MINUTE_MS;
}

/* @return whether it has been so for a day in which the machine was awake, without a session in
 * between */
static bool is_slow_for_too_long(struct envoi__reconnect *reconnect)
{
	if (!reconnect->is_slow) {
		reconnect->is_slow = true;
		reconnect->slow_since_ms = now_ms(reconnect);
	}
	return now_ms(reconnect) - reconnect->slow_since_ms >= LONGEST_SLOW_MS;
}

static bool is_retried(struct envoi__reconnect *reconnect, enum verdict verdict)
{
	switch (verdict) {
	case STOP:
		return false;
	case RETRY_SLOWLY:
		return !is_slow_for_too_long(reconnect);
	case RETRY_FEW:
		return !are_too_many(reconnect);
	case RETRY_ANY_RESOURCE:
		if (reconnect->takes_any_resource) {
			return false; /* the server refuses its own choice */
		}
		reconnect->takes_any_resource = true;
		return true;
	default:
		return true;
	}
}

/* --- when --- */

/* Full jitter over the whole span, also at the longest delay, so that the clients of a server do
 * not all connect at once. */
static uint64_t random_up_to(const struct envoi__reconnect *reconnect, uint64_t most)
{
	uint64_t bits;
	int r = envoi_context_random(reconnect->context, &bits, sizeof(bits));
	return r < 0 ? most : bits % (most + 1);
}

static uint64_t next_delay_ms(struct envoi__reconnect *reconnect, uint64_t first_ms)
{
	uint64_t most = first_ms < reconnect->longest_ms ? first_ms : reconnect->longest_ms;
	for (unsigned int i = 0; i < reconnect->doublings && most < reconnect->longest_ms; i++) {
		most = most > reconnect->longest_ms / 2 ? reconnect->longest_ms : most * 2;
	}
	reconnect->doublings += reconnect->doublings < MOST_DOUBLINGS;
	return random_up_to(reconnect, most);
}

/* Only the first retry is immediate: a server may ask for it repeatedly. */
static uint64_t delay_for(
	struct envoi__reconnect *reconnect, enum verdict verdict, const struct envoi_failure *why)
{
	bool is_at_once = verdict == RETRY_ANY_RESOURCE ||
		(verdict == RETRY_NOW && reconnect->doublings == 0);
	if (is_at_once) {
		reconnect->doublings++;
		return 0;
	}
	if (verdict == RETRY_SLOWLY) {
		return SLOW_FIRST_MS + next_delay_ms(reconnect, SLOW_FIRST_MS);
	}
	bool is_shutdown = why->stream_condition == ENVOI_STREAM_SYSTEM_SHUTDOWN;
	return next_delay_ms(reconnect,
		is_shutdown && reconnect->first_ms < SHUTDOWN_MS ? SHUTDOWN_MS
								 : reconnect->first_ms);
}

static void go_offline(struct envoi__reconnect *reconnect)
{
	if (reconnect->is_online && now_ms(reconnect) - reconnect->online_at_ms >= STABLE_MS) {
		reconnect->doublings = 0;
	}
	reconnect->is_online = false;
}

/* --- from the client --- */

void envoi__reconnect_init(struct envoi__reconnect *reconnect, struct envoi_context *context,
	void (*due)(struct envoi__reconnect *reconnect))
{
	reconnect->context = context;
	reconnect->due = due;
}

void envoi__reconnect_begin(
	struct envoi__reconnect *reconnect, const struct envoi__connection_settings *values)
{
	reconnect->is_enabled = values->reconnects;
	reconnect->is_initial = values->reconnects_initially;
	reconnect->first_ms = values->reconnect_first_ms;
	reconnect->longest_ms = values->reconnect_longest_ms;
	reconnect->has_started = reconnect->takes_any_resource = reconnect->is_slow = false;
	reconnect->doublings = reconnect->refusals = 0;
}

void envoi__reconnect_online(struct envoi__reconnect *reconnect)
{
	reconnect->has_started = reconnect->is_online = true;
	reconnect->is_slow = false;
	reconnect->online_at_ms = now_ms(reconnect);
}

void envoi__reconnect_cause_removed(struct envoi__reconnect *reconnect)
{
	reconnect->refusals = 0;
}

bool envoi__reconnect_decide(
	struct envoi__reconnect *reconnect, const struct envoi_failure *why, uint64_t *ret_delay_ms)
{
	go_offline(reconnect);
	if (!reconnect->is_enabled || !(reconnect->has_started || reconnect->is_initial)) {
		return false;
	}
	enum verdict verdict = verdict_on(reconnect, why);
	if (!is_retried(reconnect, verdict)) {
		return false;
	}
	*ret_delay_ms = delay_for(reconnect, verdict, why);
	return true;
}

static void on_timer(struct envoi_timer *timer)
{
	struct envoi__reconnect *reconnect = ENVOI_CONTAINER_OF(
		timer, struct envoi__reconnect, timer);
	envoi__reconnect_stop(reconnect);
	reconnect->due(reconnect);
}

static void start_timer(struct envoi__reconnect *reconnect, uint64_t delay_ms)
{
	struct envoi_loop *loop = envoi_context_loop(reconnect->context);
	reconnect->due_at_ms = envoi_loop_now_ms(loop) + delay_ms;
	envoi_timer_start(&reconnect->timer, loop, delay_ms, on_timer);
}

static void on_wake(struct envoi__wake_watch *watch)
{
	envoi__reconnect_hint(ENVOI_CONTAINER_OF(watch, struct envoi__reconnect, wake));
}

void envoi__reconnect_wait(struct envoi__reconnect *reconnect, uint64_t delay_ms)
{
	reconnect->is_waiting = true;
	start_timer(reconnect, delay_ms);
	envoi__wake_watch_start(&reconnect->wake, reconnect->context, on_wake);
}

void envoi__reconnect_wait_again(struct envoi__reconnect *reconnect)
{
	envoi__reconnect_wait(reconnect, next_delay_ms(reconnect, reconnect->first_ms));
}

void envoi__reconnect_hint(struct envoi__reconnect *reconnect)
{
	uint64_t now = now_ms(reconnect);
	uint64_t at = reconnect->was_hinted && reconnect->hinted_at_ms + HINT_MS > now
		? reconnect->hinted_at_ms + HINT_MS
		: now;
	if (reconnect->is_waiting && at < reconnect->due_at_ms) {
		reconnect->was_hinted = true;
		reconnect->hinted_at_ms = at;
		start_timer(reconnect, at - now);
	}
}

void envoi__reconnect_stop(struct envoi__reconnect *reconnect)
{
	reconnect->is_waiting = false;
	envoi_timer_stop(&reconnect->timer);
	envoi__wake_watch_stop(&reconnect->wake, reconnect->context);
}
