/*
 * envoi - waiting until a proxy has connected
 * SPDX-License-Identifier: MIT
 */
#include <envoi/context.h>
#include <envoi/failure.h>
#include <envoi/interfaces/mainloop.h>

#include "transport/proxy/proxy.h"

/** The first owner of the channel. Nothing of the user's is called inside the channel's events: the
 * end is reported by a deferred call. */
struct envoi__proxy_opening {
	struct envoi_channel_sink sink;
	struct envoi_context *context; /* a reference */
	struct envoi_channel *channel; /* owned; NULL: handed over */
	struct envoi_deferred end;
	struct envoi_timer timeout;
	struct envoi_failure why; /* code ENVOI_OK: none */
	bool has_ended;
	void (*done)(
		void *user, struct envoi_channel *channel, const struct envoi_failure *failure);
	void *user;
};

static struct envoi__proxy_opening *opening_of(struct envoi_channel_sink *sink)
{
	return ENVOI_CONTAINER_OF(sink, struct envoi__proxy_opening, sink);
}

void envoi__proxy_opening_free(struct envoi__proxy_opening *opening)
{
	if (opening != NULL) {
		struct envoi_context *context = opening->context;
		envoi_deferred_cancel(&opening->end);
		envoi_timer_stop(&opening->timeout);
		envoi_channel_destroy(opening->channel);
		envoi_failure_finish(&opening->why);
		envoi_free(context, opening);
		envoi_context_unref(context);
	}
}

static void on_end(struct envoi_deferred *deferred)
{
	struct envoi__proxy_opening *opening = ENVOI_CONTAINER_OF(
		deferred, struct envoi__proxy_opening, end);
	struct envoi_failure why;
	struct envoi_channel *channel = opening->channel;
	bool is_open = opening->why.code == ENVOI_OK;
	void (*done)(void *, struct envoi_channel *, const struct envoi_failure *) = opening->done;
	void *user = opening->user;
	envoi_failure_move(&why, &opening->why);
	opening->channel = is_open ? NULL : channel;
	envoi__proxy_opening_free(opening);
	done(user, is_open ? channel : NULL, is_open ? NULL : &why);
	envoi_failure_finish(&why);
}

static void end(struct envoi__proxy_opening *opening, int code, const char *text)
{
	if (!opening->has_ended) {
		opening->has_ended = true;
		envoi_failure_set(
			&opening->why, opening->context, ENVOI_PHASE_CONNECT, code, "%s", text);
		envoi_deferred_post(&opening->end, envoi_context_loop(opening->context), on_end);
		(void)opening->channel->impl->want_read(opening->channel, false);
	}
}

static void on_timeout(struct envoi_timer *timer)
{
	end(ENVOI_CONTAINER_OF(timer, struct envoi__proxy_opening, timeout), ENVOI_ERR_TIMEOUT,
		"the proxy did not connect in time");
}

/* --- events of the channel --- */

static void on_received(struct envoi_channel_sink *sink, const char *data, size_t len)
{
	(void)sink;
	(void)data;
	(void)len;
}

static void on_writable(struct envoi_channel_sink *sink)
{
	end(opening_of(sink), ENVOI_OK, "");
}

static void on_ended(struct envoi_channel_sink *sink)
{
	end(opening_of(sink), ENVOI_ERR_DISCONNECTED, "the proxy closed the connection");
}

static void on_broken(struct envoi_channel_sink *sink, int code, const char *text)
{
	end(opening_of(sink), code, text);
}

static void on_call(struct envoi_channel_sink *sink)
{
	(void)sink;
}

static const struct envoi_channel_sink_impl sink_impl = {
	.received = on_received,
	.writable = on_writable,
	.ended = on_ended,
	.broken = on_broken,
	.enter = on_call,
	.leave = on_call,
};

/* --- making --- */

static int make_channel(struct envoi__proxy_opening *opening, struct envoi_channel *lower,
	const struct envoi__proxy_options *options)
{
	struct envoi__proxy_dialog *dialog;
	int r = options->type == ENVOI__PROXY_SOCKS5
		? envoi__proxy_socks_new(&dialog, opening->context, options)
		: envoi__proxy_connect_new(&dialog, opening->context, options);
	if (r < 0) {
		envoi_channel_destroy(lower);
		return r;
	}
	return envoi__proxy_channel_new(&opening->channel, opening->context, lower, dialog);
}

static int start(struct envoi__proxy_opening *opening)
{
	struct envoi_channel *channel = opening->channel;
	envoi_channel_attach(channel, opening->context, &opening->sink);
	int r = channel->impl->want_read(channel, true);
	return r < 0 ? r : channel->impl->start(channel);
}

int envoi__proxy_opening_new(struct envoi__proxy_opening **ret_opening,
	struct envoi_context *context, struct envoi_channel *lower,
	const struct envoi__proxy_options *options)
{
	struct envoi__proxy_opening *opening = envoi_alloc_zeroed(context, sizeof(*opening));
	if (opening == NULL) {
		envoi_channel_destroy(lower);
		return ENVOI_ERR_NOMEM;
	}
	opening->sink.impl = &sink_impl;
	opening->context = envoi_context_ref(context);
	opening->done = options->done;
	opening->user = options->done_user;
	int r = make_channel(opening, lower, options);
	r = r < 0 ? r : start(opening);
	if (r < 0) {
		envoi__proxy_opening_free(opening);
		return r;
	}
	if (options->timeout_ms > 0) {
		envoi_timer_start(&opening->timeout, envoi_context_loop(context),
			options->timeout_ms, on_timeout);
	}
	*ret_opening = opening;
	return ENVOI_OK;
}
