/*
 * envoi - a channel through a proxy: the dialog, then the bytes of both sides
 * SPDX-License-Identifier: MIT
 */
#include <stdio.h>

#include <envoi/context.h>
#include <envoi/interfaces/mainloop.h>

#include "base/guard.h"
#include "transport/proxy/proxy.h"

enum state {
	STATE_NEW, /* -> DIALOG */
	STATE_DIALOG, /* -> OPEN, FAILED */
	STATE_OPEN, /* what the lower channel reports is passed on */
	STATE_FAILED,
};

struct proxy_channel {
	struct envoi_channel base; /* what the owner has */
	struct envoi_channel_sink sink; /* of the lower channel's events */
	struct envoi_channel *lower; /* owned */
	struct envoi_context *context; /* a reference */
	struct envoi__guard guard;
	struct envoi__proxy_dialog *dialog; /* NULL: over */
	struct envoi_buffer out; /* of the dialog */
	struct envoi_buffer early; /* received behind the dialog, before the owner reads */
	struct envoi_deferred turn;
	enum state state;
	bool wants_read, is_disconnected;
	bool has_reported; /* that it is open, or failed */
	int failure;
	char text[ENVOI__PROXY_TEXT_SIZE];
};

static struct proxy_channel *of_base(struct envoi_channel *base)
{
	return ENVOI_CONTAINER_OF(base, struct proxy_channel, base);
}

static struct proxy_channel *of_sink(struct envoi_channel_sink *sink)
{
	return ENVOI_CONTAINER_OF(sink, struct proxy_channel, sink);
}

static void end_dialog(struct proxy_channel *channel)
{
	if (channel->dialog != NULL) {
		channel->dialog->impl->destroy(channel->dialog);
		channel->dialog = NULL;
	}
	envoi_buffer_wipe(&channel->out);
}

static void leave(struct proxy_channel *channel)
{
	if (envoi__guard_leave(&channel->guard)) {
		struct envoi_context *context = channel->context;
		channel->lower->impl->destroy(channel->lower);
		end_dialog(channel);
		envoi_buffer_finish(&channel->early);
		envoi_free(context, channel);
		envoi_context_unref(context);
	}
}

static void on_turn(struct envoi_deferred *deferred);

static void wake(struct proxy_channel *channel)
{
	if (!channel->is_disconnected) {
		envoi_deferred_post(&channel->turn, envoi_context_loop(channel->context), on_turn);
	}
}

static void fail(struct proxy_channel *channel, int code, const char *text)
{
	if (channel->state < STATE_OPEN) {
		channel->state = STATE_FAILED;
		channel->failure = code;
		snprintf(channel->text, sizeof(channel->text), "%s", text);
		end_dialog(channel);
		wake(channel);
	}
}

/* --- the dialog --- */

static void flush_dialog(struct proxy_channel *channel)
{
	size_t len = envoi_buffer_len(&channel->out), taken = 0;
	int r = len == 0 ? ENVOI_OK
			 : channel->lower->impl->send(
				   channel->lower, envoi_buffer_data(&channel->out), len, &taken);
	if (r < 0) {
		fail(channel, r, "the connection to the proxy is broken");
	} else {
		envoi_buffer_wipe_front(&channel->out, taken);
	}
}

static int update_reading(struct proxy_channel *channel)
{
	bool is_wanted = channel->state == STATE_DIALOG ||
		(channel->state == STATE_OPEN && channel->wants_read);
	return channel->is_disconnected
		? ENVOI_OK
		: channel->lower->impl->want_read(channel->lower, is_wanted);
}

static void open_channel(struct proxy_channel *channel, const char *early, size_t len)
{
	int r = envoi_buffer_append(&channel->early, early, len);
	if (r < 0) {
		fail(channel, r, envoi_error_text(r));
		return;
	}
	channel->state = STATE_OPEN;
	end_dialog(channel);
	wake(channel);
}

static void read_dialog(struct proxy_channel *channel, const char *data, size_t len)
{
	size_t used;
	int r = channel->dialog->impl->read(channel->dialog, data, len, &used, &channel->out);
	if (r == ENVOI_OK) {
		open_channel(channel, data + used, len - used);
	} else if (r < 0) {
		fail(channel, r,
			channel->dialog->text[0] != '\0' ? channel->dialog->text
							 : envoi_error_text(r));
	} else {
		flush_dialog(channel);
	}
	(void)update_reading(channel);
}

/* --- events of the lower channel --- */

static void report(struct proxy_channel *channel)
{
	if (channel->has_reported || channel->is_disconnected) {
		return;
	}
	if (channel->state == STATE_OPEN) {
		channel->has_reported = true;
		envoi_channel_writable(&channel->base);
	} else if (channel->state == STATE_FAILED && channel->wants_read) {
		channel->has_reported = true;
		envoi_channel_broken(&channel->base, channel->failure, channel->text);
	}
}

/* At most what the lower channel gave in one piece. */
static void pass_early(struct proxy_channel *channel)
{
	if (envoi_buffer_len(&channel->early) > 0 && channel->wants_read &&
		!channel->is_disconnected) {
		struct envoi_buffer early = channel->early;
		envoi_buffer_init(&channel->early, channel->context, 0);
		envoi_channel_received(
			&channel->base, envoi_buffer_data(&early), envoi_buffer_len(&early));
		envoi_buffer_wipe(&early);
	}
}

static void on_turn(struct envoi_deferred *deferred)
{
	struct proxy_channel *channel = ENVOI_CONTAINER_OF(deferred, struct proxy_channel, turn);
	envoi__guard_enter(&channel->guard);
	report(channel);
	pass_early(channel);
	(void)update_reading(channel);
	leave(channel);
}

static void on_received(struct envoi_channel_sink *sink, const char *data, size_t len)
{
	struct proxy_channel *channel = of_sink(sink);
	envoi__guard_enter(&channel->guard);
	if (channel->state == STATE_OPEN) {
		pass_early(channel);
		if (!channel->is_disconnected) {
			envoi_channel_received(&channel->base, data, len);
		}
	} else if (channel->state == STATE_DIALOG) {
		read_dialog(channel, data, len);
	}
	leave(channel);
}

static void on_writable(struct envoi_channel_sink *sink)
{
	struct proxy_channel *channel = of_sink(sink);
	envoi__guard_enter(&channel->guard);
	if (channel->state == STATE_OPEN) {
		envoi_channel_writable(&channel->base);
	} else if (channel->state == STATE_DIALOG) {
		flush_dialog(channel);
	}
	leave(channel);
}

static void on_ended(struct envoi_channel_sink *sink)
{
	struct proxy_channel *channel = of_sink(sink);
	envoi__guard_enter(&channel->guard);
	if (channel->state == STATE_OPEN) {
		pass_early(channel);
		if (!channel->is_disconnected) {
			envoi_channel_ended(&channel->base);
		}
	} else {
		fail(channel, ENVOI_ERR_DISCONNECTED, "the proxy closed the connection");
	}
	leave(channel);
}

static void on_broken(struct envoi_channel_sink *sink, int code, const char *text)
{
	struct proxy_channel *channel = of_sink(sink);
	envoi__guard_enter(&channel->guard);
	if (channel->state == STATE_OPEN) {
		envoi_channel_broken(&channel->base, code, text);
	} else {
		fail(channel, code, text);
	}
	leave(channel);
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

/* --- functions of the channel --- */

/* A second owner starts it again. */
static int proxy_start(struct envoi_channel *base)
{
	struct proxy_channel *channel = of_base(base);
	if (channel->state != STATE_NEW) {
		wake(channel);
		return ENVOI_OK;
	}
	int r = channel->dialog->impl->begin(channel->dialog, &channel->out);
	r = r < 0 ? r : channel->lower->impl->start(channel->lower);
	if (r < 0) {
		return r;
	}
	channel->state = STATE_DIALOG;
	flush_dialog(channel);
	return update_reading(channel);
}

static int proxy_send(struct envoi_channel *base, const char *data, size_t len, size_t *ret_taken)
{
	struct proxy_channel *channel = of_base(base);
	*ret_taken = 0;
	if (channel->state == STATE_FAILED) {
		return channel->failure;
	}
	return channel->state == STATE_OPEN
		? channel->lower->impl->send(channel->lower, data, len, ret_taken)
		: ENVOI_OK;
}

static int proxy_want_read(struct envoi_channel *base, bool wanted)
{
	struct proxy_channel *channel = of_base(base);
	channel->wants_read = wanted;
	if (wanted && channel->state >= STATE_OPEN) {
		wake(channel); /* something may be held here */
	}
	return channel->state == STATE_NEW ? ENVOI_OK : update_reading(channel);
}

static void proxy_shut_down(struct envoi_channel *base)
{
	struct proxy_channel *channel = of_base(base);
	channel->lower->impl->shut_down(channel->lower);
}

static void proxy_disconnect(struct envoi_channel *base)
{
	struct proxy_channel *channel = of_base(base);
	if (!channel->is_disconnected) {
		channel->is_disconnected = true;
		envoi_deferred_cancel(&channel->turn);
		channel->lower->impl->disconnect(channel->lower);
	}
}

static void proxy_destroy(struct envoi_channel *base)
{
	struct proxy_channel *channel = of_base(base);
	envoi__guard_enter(&channel->guard);
	proxy_disconnect(base);
	envoi__guard_end(&channel->guard);
	leave(channel);
}

static const char *proxy_peer_name(const struct envoi_channel *base)
{
	const struct proxy_channel *channel = ENVOI_CONTAINER_OF_CONST(
		base, struct proxy_channel, base);
	return channel->lower->impl->peer_name(channel->lower);
}

static void proxy_configure(struct envoi_channel *base, const struct envoi_channel_options *options)
{
	struct envoi_channel *lower = of_base(base)->lower;
	if (lower->impl->configure != NULL) {
		lower->impl->configure(lower, options);
	}
}

static const struct envoi_channel_impl channel_impl = {
	.name = "proxy",
	.configure = proxy_configure,
	.start = proxy_start,
	.send = proxy_send,
	.want_read = proxy_want_read,
	.shut_down = proxy_shut_down,
	.disconnect = proxy_disconnect,
	.destroy = proxy_destroy,
	.peer_name = proxy_peer_name,
};

int envoi__proxy_channel_new(struct envoi_channel **ret_channel, struct envoi_context *context,
	struct envoi_channel *lower, struct envoi__proxy_dialog *dialog)
{
	struct proxy_channel *channel = envoi_alloc_zeroed(context, sizeof(*channel));
	if (channel == NULL) {
		dialog->impl->destroy(dialog);
		envoi_channel_destroy(lower);
		return ENVOI_ERR_NOMEM;
	}
	channel->base.impl = &channel_impl;
	channel->sink.impl = &sink_impl;
	channel->lower = lower;
	channel->context = envoi_context_ref(context);
	channel->dialog = dialog;
	envoi_buffer_init(&channel->out, context, 0);
	envoi_buffer_init(&channel->early, context, 0);
	envoi_channel_attach(lower, context, &channel->sink);
	*ret_channel = &channel->base;
	return ENVOI_OK;
}
