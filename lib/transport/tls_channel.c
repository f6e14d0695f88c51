/*
 * envoi - TLS as a channel over another channel
 * SPDX-License-Identifier: MIT
 */
#include <stdio.h>
#include <string.h>

#include <envoi/context.h>
#include <envoi/interfaces/channel.h>
#include <envoi/mainloop.h>
#include <envoi/tls.h>
#include <envoi/watch.h>

#include "base/guard.h"
#include "tls/tls_engine.h"

enum {
	SEALED_BYTES = 4 * ENVOI__TLS_RECORD_BYTES, /* of output at a time */
};

enum state {
	STATE_NEW, /* -> HANDSHAKE */
	STATE_HANDSHAKE, /* -> OPEN, FAILED */
	STATE_OPEN, /* -> ENDED, FAILED */
	STATE_ENDED, /* the peer's close_notify came. -> FAILED */
	STATE_FAILED, /* in both directions */
};

struct tls_channel {
	struct envoi_channel base; /* what the owner has */
	struct envoi_channel_sink sink; /* of the lower channel's events */
	struct envoi_channel *lower; /* owned */
	struct envoi_context *context; /* a reference */
	struct envoi__guard guard;
	struct envoi__tls *tls;
	struct envoi_timer deadline;
	struct envoi_deferred turn;
	uint64_t timeout_ms, decision_timeout_ms;
	void (*waiting)(void *user, bool is_waiting);
	void *user;
	enum state state;
	bool is_disconnected;
	bool wants_read, wants_write; /* the owner does; it waits for writable */
	bool is_shutting_down, is_shut_down;
	bool has_reported; /* ended, or broken */
	int failure; /* of FAILED */
	char text[256];
};

static struct tls_channel *of_base(struct envoi_channel *base)
{
	return ENVOI_CONTAINER_OF(base, struct tls_channel, base);
}

static struct tls_channel *of_sink(struct envoi_channel_sink *sink)
{
	return ENVOI_CONTAINER_OF(sink, struct tls_channel, sink);
}

static struct envoi_loop *loop_of(const struct tls_channel *channel)
{
	return envoi_context_loop(channel->context);
}

/* --- life --- */

static void leave(struct tls_channel *channel)
{
	if (envoi__guard_leave(&channel->guard)) {
		struct envoi_context *context = channel->context;
		channel->lower->impl->destroy(channel->lower);
		envoi__tls_free(channel->tls);
		envoi_free(context, channel);
		envoi_context_unref(context);
	}
}

static void on_turn(struct envoi_deferred *deferred);

static void wake(struct tls_channel *channel)
{
	if (!channel->is_disconnected) {
		envoi_deferred_post(&channel->turn, loop_of(channel), on_turn);
	}
}

/* The question ends here: its decider may free the owner, and call this again. */
static void tls_disconnect(struct envoi_channel *base)
{
	struct tls_channel *channel = of_base(base);
	if (channel->is_disconnected) {
		return;
	}
	envoi__guard_enter(&channel->guard);
	channel->is_disconnected = true;
	envoi_timer_stop(&channel->deadline);
	envoi_deferred_cancel(&channel->turn);
	channel->lower->impl->disconnect(channel->lower);
	envoi__tls_settle(channel->tls);
	leave(channel);
}

static void tls_destroy(struct envoi_channel *base)
{
	struct tls_channel *channel = of_base(base);
	envoi__guard_enter(&channel->guard);
	tls_disconnect(base);
	envoi__guard_end(&channel->guard);
	leave(channel);
}

/* --- failing --- */

/* The owner learns of it when it wants to read. */
static void fail(struct tls_channel *channel, int code, const char *text)
{
	if (channel->state != STATE_FAILED) {
		channel->state = STATE_FAILED;
		channel->failure = code;
		snprintf(channel->text, sizeof(channel->text), "%s", text);
		envoi_timer_stop(&channel->deadline);
		wake(channel);
	}
}

static void fail_in_tls(struct tls_channel *channel, int code)
{
	fail(channel, code, envoi__tls_error_text(channel->tls));
}

static void on_timeout(struct envoi_timer *timer)
{
	fail(ENVOI_CONTAINER_OF(timer, struct tls_channel, deadline), ENVOI_ERR_TIMEOUT,
		"the peer did not complete the TLS handshake in time");
}

static void on_decision_timeout(struct envoi_timer *timer)
{
	fail(ENVOI_CONTAINER_OF(timer, struct tls_channel, deadline), ENVOI_ERR_TIMEOUT,
		"no trust decision about the server's certificate in time");
}

static void start_deadline(struct tls_channel *channel, uint64_t ms, envoi_timer_fn *on_end)
{
	envoi_timer_stop(&channel->deadline);
	if (ms > 0) {
		envoi_timer_start(&channel->deadline, loop_of(channel), ms, on_end);
	}
}

/* --- output --- */

static void end_output(struct tls_channel *channel)
{
	if (channel->is_shutting_down && !channel->is_shut_down) {
		channel->is_shut_down = true;
		channel->lower->impl->shut_down(channel->lower);
	}
}

static void flush(struct tls_channel *channel)
{
	struct envoi_buffer *output = envoi__tls_output(channel->tls);
	size_t len = envoi_buffer_len(output), taken = 0;
	if (channel->is_disconnected || channel->is_shut_down) {
		return;
	}
	int r = len == 0 ? ENVOI_OK
			 : channel->lower->impl->send(
				   channel->lower, envoi_buffer_data(output), len, &taken);
	if (r < 0) {
		fail(channel, r, "the connection is broken");
		return;
	}
	envoi_buffer_consume(output, taken);
	if (taken == len) {
		end_output(channel);
	}
}

/* What is taken is sealed, and waits in the engine until the lower channel takes it. */
static int tls_send(struct envoi_channel *base, const char *data, size_t len, size_t *ret_taken)
{
	struct tls_channel *channel = of_base(base);
	struct envoi_buffer *output = envoi__tls_output(channel->tls);
	int r = channel->state == STATE_FAILED ? channel->failure : ENVOI_OK;
	bool may_send = channel->state == STATE_OPEN || channel->state == STATE_ENDED;
	*ret_taken = 0;
	while (may_send && r == ENVOI_OK && *ret_taken < len &&
		envoi_buffer_len(output) < SEALED_BYTES) {
		size_t piece = len - *ret_taken;
		piece = piece < ENVOI__TLS_RECORD_BYTES ? piece : ENVOI__TLS_RECORD_BYTES;
		r = envoi__tls_write(channel->tls, data + *ret_taken, piece);
		*ret_taken += r < 0 ? 0 : piece;
	}
	if (r < 0) {
		return r;
	}
	flush(channel);
	channel->wants_write = *ret_taken < len;
	if (channel->wants_write && may_send && envoi_buffer_len(output) < SEALED_BYTES) {
		wake(channel); /* nothing below is blocked that would report */
	}
	return ENVOI_OK;
}

static void tls_shut_down(struct envoi_channel *base)
{
	struct tls_channel *channel = of_base(base);
	envoi__tls_bye(channel->tls);
	channel->is_shutting_down = true;
	flush(channel);
}

/* --- input --- */

static int update_reading(struct tls_channel *channel)
{
	bool is_wanted = channel->state == STATE_HANDSHAKE ||
		(channel->state == STATE_OPEN && channel->wants_read);
	return channel->is_disconnected
		? ENVOI_OK
		: channel->lower->impl->want_read(channel->lower, is_wanted);
}

static int tls_want_read(struct envoi_channel *base, bool wanted)
{
	struct tls_channel *channel = of_base(base);
	channel->wants_read = wanted;
	if (wanted && channel->state != STATE_NEW) {
		wake(channel); /* something may be held here */
	}
	return update_reading(channel);
}

static bool may_report(const struct tls_channel *channel)
{
	return channel->wants_read && !channel->is_disconnected && !channel->has_reported;
}

static void read_all(struct tls_channel *channel)
{
	char data[ENVOI_CHANNEL_READ_BYTES];
	size_t len, most = 0;
	int r = ENVOI_OK;
	while (r == ENVOI_OK && channel->state == STATE_OPEN && may_report(channel)) {
		r = envoi__tls_read(channel->tls, data, sizeof(data), &len);
		if (r == ENVOI_OK) {
			most = len > most ? len : most;
			envoi_channel_received(&channel->base, data, len);
		}
	}
	explicit_bzero(data, most);
	if (r == ENVOI_END) {
		channel->state = STATE_ENDED;
	} else if (r < 0) {
		fail_in_tls(channel, r);
	}
}

static void report_end(struct tls_channel *channel)
{
	if (channel->state == STATE_FAILED && may_report(channel)) {
		channel->has_reported = true;
		envoi_channel_broken(&channel->base, channel->failure, channel->text);
	} else if (channel->state == STATE_ENDED && may_report(channel)) {
		channel->has_reported = true;
		envoi_channel_ended(&channel->base);
	}
}

/* --- the handshake --- */

static void on_answer(void *user)
{
	wake(user);
}

static void report_waiting(struct tls_channel *channel, bool is_waiting)
{
	if (is_waiting) {
		start_deadline(channel, channel->decision_timeout_ms, on_decision_timeout);
	} else {
		start_deadline(channel, channel->timeout_ms, on_timeout);
	}
	if (channel->waiting != NULL) {
		channel->waiting(channel->user, is_waiting);
	}
}

static bool is_shaking_hands(const struct tls_channel *channel)
{
	return channel->state == STATE_HANDSHAKE && !channel->is_disconnected;
}

static void decide(struct tls_channel *channel)
{
	if (is_shaking_hands(channel) && envoi__tls_has_to_ask(channel->tls)) {
		report_waiting(channel, true);
		if (is_shaking_hands(channel)) {
			envoi__tls_ask(channel->tls, on_answer, channel);
		}
	}
	if (is_shaking_hands(channel) && envoi__tls_has_answer(channel->tls)) {
		envoi__tls_settle(channel->tls);
		if (is_shaking_hands(channel)) {
			report_waiting(channel, false);
		}
	}
}

static void shake_hands(struct tls_channel *channel)
{
	decide(channel);
	if (!is_shaking_hands(channel)) {
		return;
	}
	int r = envoi__tls_handshake(channel->tls);
	if (r < 0) {
		fail_in_tls(channel, r);
	} else if (r == ENVOI_OK) {
		channel->state = STATE_OPEN;
		channel->wants_write = true; /* it may begin */
		envoi_timer_stop(&channel->deadline);
	} else if (envoi__tls_has_to_ask(channel->tls)) {
		wake(channel);
	}
}

/* --- events of the lower channel --- */

/* Each event goes through all of it: a record may end the handshake, carry data, and close. */
static void go_on(struct tls_channel *channel)
{
	envoi__guard_enter(&channel->guard);
	shake_hands(channel);
	read_all(channel);
	flush(channel);
	bool has_room = envoi_buffer_len(envoi__tls_output(channel->tls)) < SEALED_BYTES;
	bool is_open = channel->state == STATE_OPEN || channel->state == STATE_ENDED;
	if (is_open && has_room && channel->wants_write && !channel->is_disconnected) {
		channel->wants_write = false;
		envoi_channel_writable(&channel->base);
	}
	report_end(channel);
	(void)update_reading(channel);
	leave(channel);
}

static void on_turn(struct envoi_deferred *deferred)
{
	go_on(ENVOI_CONTAINER_OF(deferred, struct tls_channel, turn));
}

static void on_received(struct envoi_channel_sink *sink, const char *data, size_t len)
{
	struct tls_channel *channel = of_sink(sink);
	int r = envoi__tls_feed(channel->tls, data, len);
	if (r < 0) {
		fail(channel, r,
			r == ENVOI_ERR_NOMEM ? envoi_error_text(r)
					     : envoi__tls_error_text(channel->tls));
	}
	go_on(channel);
}

static void on_writable(struct envoi_channel_sink *sink)
{
	go_on(of_sink(sink));
}

/* RFC 8446, section 6.1: without close_notify the data may be cut off. */
static void on_ended(struct envoi_channel_sink *sink)
{
	struct tls_channel *channel = of_sink(sink);
	envoi__guard_enter(&channel->guard);
	go_on(channel);
	if (channel->state == STATE_HANDSHAKE) {
		fail(channel, ENVOI_ERR_DISCONNECTED,
			"the peer closed the connection during the TLS handshake");
	} else if (channel->state == STATE_OPEN) {
		fail(channel, ENVOI_ERR_DISCONNECTED,
			"the peer closed the connection without closing TLS");
	}
	leave(channel);
}

static void on_broken(struct envoi_channel_sink *sink, int code, const char *text)
{
	struct tls_channel *channel = of_sink(sink);
	fail(channel, code, text);
	go_on(channel);
}

static void on_enter(struct envoi_channel_sink *sink)
{
	envoi__guard_enter(&of_sink(sink)->guard);
}

static void on_leave(struct envoi_channel_sink *sink)
{
	leave(of_sink(sink));
}

static const struct envoi_channel_sink_impl sink_impl = {
	.received = on_received,
	.writable = on_writable,
	.ended = on_ended,
	.broken = on_broken,
	.enter = on_enter,
	.leave = on_leave,
};

/* --- making --- */

static int tls_start(struct envoi_channel *base)
{
	struct tls_channel *channel = of_base(base);
	int r = envoi__tls_handshake(channel->tls);
	if (r < 0) {
		return r;
	}
	channel->state = STATE_HANDSHAKE;
	r = channel->lower->impl->start(channel->lower);
	if (r == ENVOI_OK) {
		r = update_reading(channel);
	}
	if (r == ENVOI_OK) {
		start_deadline(channel, channel->timeout_ms, on_timeout);
		flush(channel);
	}
	return r;
}

static const char *tls_peer_name(const struct envoi_channel *base)
{
	const struct tls_channel *channel = ENVOI_CONTAINER_OF_CONST(
		base, struct tls_channel, base);
	return channel->lower->impl->peer_name(channel->lower);
}

static int tls_channel_binding(
	struct envoi_channel *base, const char *type, struct envoi_buffer *out)
{
	return envoi__tls_channel_binding(of_base(base)->tls, type, out);
}

static const struct envoi_channel_impl channel_impl = {
	.name = "tls",
	.start = tls_start,
	.send = tls_send,
	.want_read = tls_want_read,
	.shut_down = tls_shut_down,
	.disconnect = tls_disconnect,
	.destroy = tls_destroy,
	.peer_name = tls_peer_name,
	.tls_info = envoi_tls_channel_info,
	.channel_binding = tls_channel_binding,
};

int envoi_tls_channel_new(struct envoi_channel **ret_channel, struct envoi_context *context,
	struct envoi_channel *lower, const struct envoi_tls_channel_options *options)
{
	struct tls_channel *channel = envoi_context_loop(context) == NULL
		? NULL
		: envoi_alloc_zeroed(context, sizeof(*channel));
	int r = channel == NULL ? ENVOI_ERR_NOMEM
				: envoi__tls_new(&channel->tls, options->tls, options->role,
					  options->server_name, options->alpn);
	if (r < 0) {
		envoi_free(context, channel);
		envoi_channel_destroy(lower);
		return r;
	}
	channel->base.impl = &channel_impl;
	channel->sink.impl = &sink_impl;
	channel->lower = lower;
	channel->context = envoi_context_ref(context);
	channel->timeout_ms = options->timeout_ms;
	channel->decision_timeout_ms = options->decision_timeout_ms;
	channel->waiting = options->waiting;
	channel->user = options->user;
	envoi_channel_attach(lower, context, &channel->sink);
	*ret_channel = &channel->base;
	return ENVOI_OK;
}

void envoi_tls_channel_info(const struct envoi_channel *base, struct envoi_tls_info *ret_info)
{
	const struct tls_channel *channel = ENVOI_CONTAINER_OF_CONST(
		base, struct tls_channel, base);
	envoi__tls_get_info(channel->tls, ret_info);
}

unsigned int envoi_tls_channel_doubts(const struct envoi_channel *base)
{
	const struct tls_channel *channel = ENVOI_CONTAINER_OF_CONST(
		base, struct tls_channel, base);
	return envoi__tls_doubts(channel->tls);
}
