/*
 * envoi - XMPP over WebSocket: from a channel to a transport
 * SPDX-License-Identifier: MIT
 *
 * Private headers: HTTP, and framings of byte streams, have no public ones.
 */
#include "websocket_opening.h"

#include <string.h>

#include <envoi/context.h>
#include <envoi/interfaces/mainloop.h>

#include "base/guard.h"
#include "http/http_url.h"
#include "transport/bytestream/bytestream.h"
#include "transport/bytestream/framing.h"
#include "websocket_framing.h"

/** First envoi_opening, then the sink of a transport that carries HTTP: no element can come. */
struct envoi__websocket_opening {
	struct envoi_transport_sink sink;
	struct envoi__guard guard;
	struct envoi_context *context; /* a reference */
	struct envoi_opening *first; /* NULL: ended */
	struct envoi_transport *transport; /* NULL: none yet, handed over, or destroyed */
	struct envoi_timer timeout;
	uint64_t timeout_ms; /* 0: none */
	struct envoi__http_url url;
	size_t head_bytes;
	envoi_opened_fn *done;
	void (*waiting)(void *user, bool is_waiting);
	void *user;
};

static struct envoi__websocket_opening *opening_of(struct envoi_transport_sink *sink)
{
	return ENVOI_CONTAINER_OF(sink, struct envoi__websocket_opening, sink);
}

static void leave(struct envoi__websocket_opening *opening)
{
	if (envoi__guard_leave(&opening->guard)) {
		struct envoi_context *context = opening->context;
		envoi_free(context, opening);
		envoi_context_unref(context);
	}
}

static struct envoi_transport *take_transport(struct envoi__websocket_opening *opening)
{
	struct envoi_transport *transport = opening->transport;
	opening->transport = NULL;
	envoi_timer_stop(&opening->timeout);
	return transport;
}

void envoi__websocket_opening_free(struct envoi__websocket_opening *opening)
{
	if (opening != NULL && !envoi__guard_is_over(&opening->guard)) {
		struct envoi_opening *first = opening->first;
		envoi__guard_enter(&opening->guard);
		envoi__guard_end(&opening->guard);
		opening->first = NULL;
		envoi_opening_free(first);
		envoi_transport_destroy(take_transport(opening));
		leave(opening);
	}
}

/* --- how it ends --- */

/* @param transport  NULL: failed with @p why, which is freed */
static void end(struct envoi__websocket_opening *opening, struct envoi_transport *transport,
	struct envoi_failure *why)
{
	envoi_opened_fn *done = opening->done;
	void *user = opening->user;
	envoi__websocket_opening_free(opening);
	done(user, transport, transport != NULL ? NULL : why);
	envoi_failure_finish(why);
}

static void fail(struct envoi__websocket_opening *opening, int code, const char *text)
{
	struct envoi_failure why;
	envoi_failure_set(&why, opening->context, ENVOI_PHASE_CONNECT, code, "%s", text);
	end(opening, NULL, &why);
}

static void on_timeout(struct envoi_timer *timer)
{
	fail(ENVOI_CONTAINER_OF(timer, struct envoi__websocket_opening, timeout), ENVOI_ERR_TIMEOUT,
		"the server did not answer the request for WebSocket in time");
}

/* --- the change to WebSocket --- */

static void on_upgraded(void *user)
{
	struct envoi__websocket_opening *opening = user;
	struct envoi_failure none = {.code = ENVOI_OK};
	struct envoi_transport *transport = take_transport(opening);
	envoi__byte_stream_set_aside(byte_stream_of(transport));
	end(opening, transport, &none);
}

static void on_activity(struct envoi_transport_sink *sink)
{
	(void)sink;
}

static void on_closed(struct envoi_transport_sink *sink, const struct envoi_failure *why)
{
	struct envoi_failure copy;
	envoi_failure_copy(&copy, why); /* the transport's goes with it */
	copy.phase = ENVOI_PHASE_CONNECT;
	end(opening_of(sink), NULL, &copy);
}

static const struct envoi_transport_sink_impl sink_impl = {
	.activity = on_activity,
	.closed = on_closed,
};

static int request(struct envoi__websocket_opening *opening)
{
	const struct envoi__websocket_upgrade upgrade = {
		.url = &opening->url,
		.head_bytes = opening->head_bytes,
		.upgraded = on_upgraded,
		.user = opening,
	};
	struct envoi__framing *framing;
	int r = envoi__websocket_framing_new(&framing, opening->context, ENVOI_INITIATOR, &upgrade);
	if (r == ENVOI_OK) {
		r = envoi__byte_stream_frame(opening->transport, framing);
	}
	return r < 0 ? r : envoi_transport_start(opening->transport, &opening->sink);
}

static void on_first(
	void *user, struct envoi_transport *transport, const struct envoi_failure *failure)
{
	struct envoi__websocket_opening *opening = user;
	opening->first = NULL;
	if (transport == NULL) {
		struct envoi_failure copy;
		envoi_failure_copy(&copy, failure);
		end(opening, NULL, &copy);
		return;
	}
	opening->transport = transport;
	int r = request(opening);
	if (r < 0) {
		fail(opening, r, envoi_error_text(r));
	} else if (opening->timeout_ms > 0) {
		envoi_timer_start(&opening->timeout, envoi_context_loop(opening->context),
			opening->timeout_ms, on_timeout);
	}
}

static void on_waiting(void *user, bool is_waiting)
{
	struct envoi__websocket_opening *opening = user;
	if (opening->waiting != NULL) {
		opening->waiting(opening->user, is_waiting);
	}
}

int envoi__websocket_opening_new(struct envoi__websocket_opening **ret_opening,
	struct envoi_context *context, struct envoi_channel *channel,
	const struct envoi__websocket_opening_options *options)
{
	struct envoi__websocket_opening *opening = envoi_alloc_zeroed(context, sizeof(*opening));
	if (opening == NULL) {
		envoi_channel_destroy(channel);
		return ENVOI_ERR_NOMEM;
	}
	struct envoi_opening_options first = options->opening;
	opening->sink.impl = &sink_impl;
	opening->context = envoi_context_ref(context);
	opening->timeout_ms = first.timeout_ms;
	opening->url = *options->url;
	opening->head_bytes = options->head_bytes;
	opening->done = first.done;
	opening->waiting = first.waiting;
	opening->user = first.user;
	first.done = on_first;
	first.waiting = on_waiting;
	first.user = opening;
	int r = envoi_opening_new(&opening->first, context, channel, &first);
	if (r < 0) {
		opening->first = NULL;
		envoi__websocket_opening_free(opening);
		return r;
	}
	*ret_opening = opening;
	return ENVOI_OK;
}
