/*
 * envoi - BOSH: one HTTP connection, which carries one request at a time
 * SPDX-License-Identifier: MIT
 *
 * Private headers: guards and HTTP have no public ones.
 */
#include "bosh_link.h"

#include <string.h>

#include <envoi/context.h>
#include <envoi/interfaces/mainloop.h>

#include "base/guard.h"
#include "http/http_reader.h"

enum link_state {
	LINK_OPENING, /* -> IDLE */
	LINK_IDLE, /* -> BUSY, CLOSED */
	LINK_BUSY, /* -> IDLE, CLOSED */
	LINK_CLOSED, /* nothing can be sent */
};

struct envoi__bosh_link {
	struct envoi_transport base; /* its sink is never set */
	struct envoi_channel_sink sink;
	struct envoi__guard guard;
	struct envoi_context *context; /* a reference */
	struct envoi_channel *channel; /* owned */
	bool has_tls;
	enum link_state state;
	struct envoi_deferred later; /* without TLS: `done` comes from the loop */
	struct envoi_buffer out; /* of the request */
	struct envoi__http_reader http;
	struct envoi__bosh_link_owner owner;
	envoi_opened_fn *done;
	void (*waiting)(void *user, bool is_waiting);
	void *user;
};

static struct envoi__bosh_link *link_of(struct envoi_channel_sink *sink)
{
	return ENVOI_CONTAINER_OF(sink, struct envoi__bosh_link, sink);
}

static void enter(struct envoi__bosh_link *link)
{
	envoi__guard_enter(&link->guard);
}

static void leave(struct envoi__bosh_link *link)
{
	if (envoi__guard_leave(&link->guard)) {
		struct envoi_context *context = link->context;
		if (link->channel != NULL) {
			link->channel->impl->destroy(link->channel);
		}
		envoi_buffer_wipe(&link->out);
		envoi__http_reader_finish(&link->http);
		envoi_transport_finish(&link->base);
		envoi_free(context, link);
		envoi_context_unref(context);
	}
}

static bool is_over(const struct envoi__bosh_link *link)
{
	return envoi__guard_is_over(&link->guard);
}

void envoi__bosh_link_free(struct envoi__bosh_link *link)
{
	if (link != NULL && !is_over(link)) {
		enter(link);
		envoi__guard_end(&link->guard);
		envoi_deferred_cancel(&link->later);
		if (link->channel != NULL) {
			link->channel->impl->disconnect(link->channel);
		}
		leave(link);
	}
}

static void link_destroy(struct envoi_transport *base)
{
	envoi__bosh_link_free(envoi__bosh_link_of(base));
}

/* --- the opening --- */

static void open_failed(struct envoi__bosh_link *link, int code, const char *text)
{
	struct envoi_failure why;
	envoi_opened_fn *done = link->done;
	void *user = link->user;
	envoi_failure_set(&why, link->context,
		link->has_tls ? ENVOI_PHASE_TLS : ENVOI_PHASE_CONNECT, code, "%s", text);
	why.tls_doubts = link->has_tls ? envoi_tls_channel_doubts(link->channel) : 0;
	envoi__bosh_link_free(link);
	done(user, NULL, &why);
	envoi_failure_finish(&why);
}

static void open_succeeded(struct envoi__bosh_link *link)
{
	link->state = LINK_IDLE;
	link->done(link->user, &link->base, NULL);
}

static void on_later(struct envoi_deferred *deferred)
{
	struct envoi__bosh_link *link = ENVOI_CONTAINER_OF(
		deferred, struct envoi__bosh_link, later);
	enter(link);
	open_succeeded(link);
	leave(link);
}

static void on_waiting(void *user, bool is_waiting)
{
	struct envoi__bosh_link *link = user;
	if (link->waiting != NULL && link->state == LINK_OPENING) {
		link->waiting(link->user, is_waiting);
	}
}

/* --- the end --- */

static void close_link(struct envoi__bosh_link *link, int code, const char *text)
{
	if (link->state == LINK_OPENING) {
		open_failed(link, code, text);
	} else if (link->state != LINK_CLOSED) {
		link->state = LINK_CLOSED;
		link->channel->impl->disconnect(link->channel);
		if (link->owner.failed != NULL) {
			link->owner.failed(link->owner.user, code, text);
		}
	}
}

/* --- requests --- */

static void flush(struct envoi__bosh_link *link)
{
	size_t len = envoi_buffer_len(&link->out), taken = 0;
	int r = len == 0 || link->state != LINK_BUSY
		? ENVOI_OK
		: link->channel->impl->send(
			  link->channel, envoi_buffer_data(&link->out), len, &taken);
	if (r == ENVOI_OK) {
		envoi_buffer_wipe_front(&link->out, taken);
	}
	/* what the server said before it closed, a refusal for example, is still read */
}

static int begin_request(
	struct envoi__bosh_link *link, const char *data, size_t len, size_t body_bytes)
{
	int r = envoi_buffer_append(&link->out, data, len);
	if (r == ENVOI_OK) {
		envoi__http_reader_next(&link->http, ENVOI__HTTP_ASKED_BODY);
		link->http.limits.body_bytes = link->http.body.limit = body_bytes;
		link->state = LINK_BUSY;
	}
	return r;
}

int envoi__bosh_link_send(
	struct envoi__bosh_link *link, const char *data, size_t len, size_t body_bytes)
{
	if (link->state == LINK_OPENING || link->state == LINK_BUSY) {
		return ENVOI_ERR_STATE;
	}
	if (link->state == LINK_CLOSED) {
		return ENVOI_ERR_DISCONNECTED;
	}
	int r = begin_request(link, data, len, body_bytes);
	if (r == ENVOI_OK) {
		flush(link);
	}
	return r;
}

/* The connection goes on if both sides have ended the message. */
static void answer(struct envoi__bosh_link *link, bool is_alive)
{
	bool goes_on = is_alive && link->http.keeps_alive && envoi_buffer_len(&link->out) == 0;
	envoi_buffer_wipe(&link->out);
	link->state = goes_on ? LINK_IDLE : LINK_CLOSED;
	if (!goes_on) {
		link->channel->impl->disconnect(link->channel);
	}
	link->owner.answered(link->owner.user, &link->http);
}

/* --- events of the channel --- */

static void read_response(struct envoi__bosh_link *link, const char *data, size_t len)
{
	enum envoi__http_event event = ENVOI__HTTP_HEAD;
	while (!is_over(link) && link->state == LINK_BUSY && event != ENVOI__HTTP_MORE) {
		size_t used;
		int r = envoi__http_reader_read(&link->http, data, len, &used, &event);
		data += used;
		len -= used;
		if (r < 0) {
			close_link(link, r, link->http.text);
			return;
		}
		if (event == ENVOI__HTTP_COMPLETE) {
			answer(link, len == 0);
			return;
		}
	}
}

static void on_received(struct envoi_channel_sink *sink, const char *data, size_t len)
{
	struct envoi__bosh_link *link = link_of(sink);
	enter(link);
	if (link->state == LINK_BUSY) {
		if (link->owner.progress != NULL) {
			link->owner.progress(link->owner.user);
		}
		read_response(link, data, len);
	} else if (link->state == LINK_IDLE) {
		close_link(link, ENVOI_ERR_PROTOCOL, "an HTTP response to no request");
	}
	leave(link);
}

static void on_writable(struct envoi_channel_sink *sink)
{
	struct envoi__bosh_link *link = link_of(sink);
	enter(link);
	if (link->state == LINK_OPENING && link->has_tls) {
		open_succeeded(link);
	} else {
		flush(link);
	}
	leave(link);
}

static void on_ended(struct envoi_channel_sink *sink)
{
	struct envoi__bosh_link *link = link_of(sink);
	enter(link);
	if (link->state == LINK_BUSY && envoi__http_reader_end(&link->http) == ENVOI_OK) {
		answer(link, false);
	} else {
		close_link(link, ENVOI_ERR_DISCONNECTED, "the server closed the connection");
	}
	leave(link);
}

static void on_broken(struct envoi_channel_sink *sink, int code, const char *text)
{
	struct envoi__bosh_link *link = link_of(sink);
	enter(link);
	close_link(link, code, text);
	leave(link);
}

static void on_enter(struct envoi_channel_sink *sink)
{
	enter(link_of(sink));
}

static void on_leave(struct envoi_channel_sink *sink)
{
	leave(link_of(sink));
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

static const struct envoi_transport_impl link_impl = {
	.name = "bosh",
	.destroy = link_destroy,
};

/* RFC 7301: an HTTP server selects its protocol. */
static int secure(struct envoi__bosh_link *link, struct envoi_channel *lower,
	const struct envoi__bosh_link_options *options)
{
	const struct envoi_tls_channel_options tls = {
		.role = ENVOI_INITIATOR,
		.tls = options->tls,
		.server_name = options->server_name,
		.alpn = "http/1.1",
		.waiting = on_waiting,
		.user = link,
	};
	return envoi_tls_channel_new(&link->channel, link->context, lower, &tls);
}

static int start(struct envoi__bosh_link *link, struct envoi_channel *lower,
	const struct envoi__bosh_link_options *options)
{
	const struct envoi__http_limits limits = {.head_bytes = options->head_bytes};
	int r = ENVOI_OK;
	if (options->channel != NULL && lower->impl->configure != NULL) {
		lower->impl->configure(lower, options->channel);
	}
	if (link->has_tls) {
		r = secure(link, lower, options);
	} else {
		link->channel = lower;
	}
	if (r == ENVOI_OK) {
		envoi_channel_attach(link->channel, link->context, &link->sink);
		r = envoi__http_reader_init(&link->http, link->context, true, &limits);
	}
	r = r < 0 ? r : link->channel->impl->want_read(link->channel, true);
	return r < 0 ? r : link->channel->impl->start(link->channel);
}

int envoi__bosh_link_new(struct envoi__bosh_link **ret_link, struct envoi_context *context,
	struct envoi_channel *channel, const struct envoi__bosh_link_options *options)
{
	struct envoi__bosh_link *link = envoi_alloc_zeroed(context, sizeof(*link));
	if (link == NULL) {
		envoi_channel_destroy(channel);
		return ENVOI_ERR_NOMEM;
	}
	link->base = (struct envoi_transport){
		.impl = &link_impl,
		.context = envoi_context_ref(context),
	};
	link->sink.impl = &sink_impl;
	link->context = envoi_context_ref(context);
	link->has_tls = options->tls != NULL;
	link->done = options->done;
	link->waiting = options->waiting;
	link->user = options->user;
	envoi_buffer_init(&link->out, context, 0);
	int r = start(link, channel, options);
	if (r < 0) {
		envoi__bosh_link_free(link);
		return r;
	}
	if (!link->has_tls) {
		envoi_deferred_post(&link->later, envoi_context_loop(context), on_later);
	}
	*ret_link = link;
	return ENVOI_OK;
}

/* --- properties --- */

struct envoi_transport *envoi__bosh_link_base(struct envoi__bosh_link *link)
{
	return &link->base;
}

struct envoi__bosh_link *envoi__bosh_link_of(struct envoi_transport *base)
{
	return ENVOI_CONTAINER_OF(base, struct envoi__bosh_link, base);
}

void envoi__bosh_link_own(struct envoi__bosh_link *link, const struct envoi__bosh_link_owner *owner)
{
	link->owner = *owner;
}

bool envoi__bosh_link_is_answering(const struct envoi__bosh_link *link)
{
	return link->http.has_head && link->http.head.status == 200;
}

bool envoi__bosh_link_is_usable(const struct envoi__bosh_link *link)
{
	return link->state == LINK_IDLE;
}

void envoi__bosh_link_tls_info(const struct envoi__bosh_link *link, struct envoi_tls_info *ret_info)
{
	*ret_info = (struct envoi_tls_info){.version = NULL};
	if (link->has_tls) {
		envoi_tls_channel_info(link->channel, ret_info);
	}
}

const char *envoi__bosh_link_peer_name(const struct envoi__bosh_link *link)
{
	return link->channel->impl->peer_name(link->channel);
}
