/*
 * envoi - opening a channel: direct TLS (XEP-0368), then a transport
 * SPDX-License-Identifier: MIT
 */
#include <envoi/interfaces/channel.h>
#include <envoi/tls.h>

#include "transport/bytestream/bytestream.h"

/** The sink of a transport in its handshake. No document has begun: opened, element and the like
 * cannot come. */
struct envoi_opening {
	struct envoi_transport_sink sink;
	struct envoi__guard guard;
	struct envoi_context *context; /* a reference */
	struct envoi_transport *transport; /* NULL: handed over, or destroyed */
	struct envoi_timer timeout;
	struct envoi_deferred later; /* without TLS: `done` comes from the loop */
	uint64_t timeout_ms, decision_timeout_ms; /* 0: none */
	envoi_opened_fn *done;
	void (*waiting)(void *user, bool is_waiting);
	void *user;
};

static struct envoi_opening *opening_of(struct envoi_transport_sink *sink)
{
	return ENVOI_CONTAINER_OF(sink, struct envoi_opening, sink);
}

static struct envoi_loop *loop_of(const struct envoi_opening *opening)
{
	return envoi_context_loop(opening->context);
}

static void leave(struct envoi_opening *opening)
{
	if (envoi__guard_leave(&opening->guard)) {
		struct envoi_context *context = opening->context;
		envoi_free(context, opening);
		envoi_context_unref(context);
	}
}

static struct envoi_transport *take_transport(struct envoi_opening *opening)
{
	struct envoi_transport *transport = opening->transport;
	opening->transport = NULL;
	envoi_timer_stop(&opening->timeout);
	envoi_deferred_cancel(&opening->later);
	return transport;
}

void envoi_opening_free(struct envoi_opening *opening)
{
	if (opening != NULL && !envoi__guard_is_over(&opening->guard)) {
		envoi__guard_enter(&opening->guard);
		envoi__guard_end(&opening->guard);
		envoi_transport_destroy(take_transport(opening));
		leave(opening);
	}
}

/* --- how it ends --- */

static void succeed(struct envoi_opening *opening)
{
	envoi_opened_fn *done = opening->done;
	void *user = opening->user;
	struct envoi_transport *transport = take_transport(opening);
	envoi_opening_free(opening);
	done(user, transport, NULL);
}

/* Destroying the transport notifies the application that its decision is no longer needed: inside,
 * it may free the opening. */
static void fail(struct envoi_opening *opening, struct envoi_failure *why)
{
	envoi__guard_enter(&opening->guard);
	why->phase = ENVOI_PHASE_TLS;
	envoi_transport_destroy(take_transport(opening));
	if (!envoi__guard_is_over(&opening->guard)) {
		envoi_opened_fn *done = opening->done;
		void *user = opening->user;
		envoi_opening_free(opening);
		done(user, NULL, why);
	}
	envoi_failure_finish(why);
	leave(opening);
}

static void fail_for(struct envoi_opening *opening, const char *text)
{
	struct envoi_failure why;
	envoi_failure_set(&why, opening->context, ENVOI_PHASE_TLS, ENVOI_ERR_TIMEOUT, "%s", text);
	fail(opening, &why);
}

static void on_timeout(struct envoi_timer *timer)
{
	fail_for(ENVOI_CONTAINER_OF(timer, struct envoi_opening, timeout),
		"the peer did not complete the TLS handshake in time");
}

static void on_decision_timeout(struct envoi_timer *timer)
{
	fail_for(ENVOI_CONTAINER_OF(timer, struct envoi_opening, timeout),
		"no trust decision about the server's certificate in time");
}

static void on_later(struct envoi_deferred *deferred)
{
	succeed(ENVOI_CONTAINER_OF(deferred, struct envoi_opening, later));
}

/* --- the handshake --- */

static void start_timeout(
	struct envoi_opening *opening, uint64_t timeout_ms, envoi_timer_fn *on_end)
{
	envoi_timer_stop(&opening->timeout);
	if (timeout_ms > 0) {
		envoi_timer_start(&opening->timeout, loop_of(opening), timeout_ms, on_end);
	}
}

static void on_secured(struct envoi_transport_sink *sink)
{
	struct envoi_opening *opening = opening_of(sink);
	envoi__byte_stream_set_aside(byte_stream_of(opening->transport));
	succeed(opening);
}

static void on_undecided(struct envoi_transport_sink *sink, bool waits)
{
	struct envoi_opening *opening = opening_of(sink);
	if (waits) {
		start_timeout(opening, opening->decision_timeout_ms, on_decision_timeout);
	} else {
		start_timeout(opening, opening->timeout_ms, on_timeout);
	}
	if (opening->waiting != NULL) {
		opening->waiting(opening->user, waits);
	}
}

static void on_activity(struct envoi_transport_sink *sink)
{
	(void)sink;
}

static void on_closed(struct envoi_transport_sink *sink, const struct envoi_failure *why)
{
	struct envoi_failure copy;
	envoi_failure_copy(&copy, why); /* the transport's goes with it */
	fail(opening_of(sink), &copy);
}

static const struct envoi_transport_sink_impl sink_impl = {
	.secured = on_secured,
	.undecided = on_undecided,
	.activity = on_activity,
	.closed = on_closed,
};

static int begin(struct envoi_opening *opening, const struct envoi_opening_options *options)
{
	if (options->tls == NULL) {
		envoi_deferred_post(&opening->later, loop_of(opening), on_later);
		return ENVOI_OK;
	}
	int r = envoi_transport_start(opening->transport, &opening->sink);
	if (r == ENVOI_OK) {
		r = envoi__byte_stream_secure(byte_stream_of(opening->transport), options->role,
			options->tls, options->server_name, options->alpn);
	}
	start_timeout(opening, opening->timeout_ms, on_timeout);
	return r;
}

int envoi_opening_new(struct envoi_opening **ret_opening, struct envoi_context *context,
	struct envoi_channel *channel, const struct envoi_opening_options *options)
{
	struct envoi_opening *opening = envoi_context_loop(context) == NULL
		? NULL
		: envoi_alloc_zeroed(context, sizeof(*opening));
	if (opening == NULL) {
		envoi_channel_destroy(channel);
		return ENVOI_ERR_NOMEM;
	}
	opening->sink.impl = &sink_impl;
	opening->context = envoi_context_ref(context);
	opening->timeout_ms = options->timeout_ms;
	opening->decision_timeout_ms = options->decision_timeout_ms;
	opening->done = options->done;
	opening->waiting = options->waiting;
	opening->user = options->user;
	int r = envoi_channel_transport_new(
		&opening->transport, context, channel, options->channel);
	if (r == ENVOI_OK) {
		r = begin(opening, options);
	}
	if (r < 0) {
		envoi_opening_free(opening);
		return r;
	}
	*ret_opening = opening;
	return ENVOI_OK;
}
