/*
 * envoi - HTTP File Upload: the upload
 * SPDX-License-Identifier: MIT
 *
 * Private headers: HTTP has no public ones.
 */
#include <envoi/ext/upload.h>

#include <envoi/buffer.h>
#include <envoi/interfaces/channel.h>
#include <envoi/watch.h>

#include "http/http_config.h"

#if ENVOI__HTTP
#include "http/http_reader.h"
#include "upload_parts.h"

enum {
	CHUNK_BYTES = 16384,
	HEAD_BYTES = 16384,
	BODY_BYTES = 65536, /* of an answer */
	TURN_BYTES = 1 << 20, /* of the file, in one turn of the loop */
	PROGRESS_BYTES = 16384, /* sent in each timeout; the answer arrives in the last one */
};

struct envoi_upload {
	struct envoi_channel_sink sink;
	struct envoi_context *context;
	const struct envoi_upload_events *events;
	void *user;
	unsigned int calls; /* functions on the stack, and those of the channel */
	bool is_freed, is_over;
	struct envoi__http_url url;
	struct envoi__upload_dial dial;
	struct envoi_channel *channel; /* or NULL */
	struct envoi__http_reader reader;
	struct envoi_timer idle;
	struct envoi_deferred more; /* the rest of the file, in another turn */
	uint64_t timeout_ms;
	struct envoi_buffer out; /* the head, then a part of the file */
	uint64_t size, read_bytes; /* of the file */
	size_t progress; /* bytes sent since the timer was started */
};

static void destroy(struct envoi_upload *self)
{
	struct envoi_context *context = self->context;
	envoi_channel_destroy(self->channel);
	envoi__upload_dial_finish(&self->dial);
	envoi__http_reader_finish(&self->reader);
	envoi_buffer_wipe(&self->out);
	envoi_timer_stop(&self->idle);
	envoi_deferred_cancel(&self->more);
	envoi_free(context, self);
	envoi_context_unref(context);
}

static void enter(struct envoi_upload *self)
{
	self->calls++;
}

static void leave(struct envoi_upload *self)
{
	if (--self->calls == 0 && self->is_freed) {
		destroy(self);
	}
}

static void stop(struct envoi_upload *self)
{
	self->is_over = true;
	envoi_timer_stop(&self->idle);
	envoi_deferred_cancel(&self->more);
	envoi__upload_dial_stop(&self->dial);
	if (self->channel != NULL) {
		self->channel->impl->disconnect(self->channel);
	}
}

static void end(struct envoi_upload *self, int code, const char *text)
{
	if (self->is_over) {
		return;
	}
	const struct envoi_upload_end reported = {
		.code = code,
		.status = self->reader.head.status,
		.text = text == NULL ? envoi_error_text(code) : text,
	};
	stop(self);
	self->events->done(self->user, &reported);
}

static void on_idle(struct envoi_timer *timer)
{
	struct envoi_upload *self = ENVOI_CONTAINER_OF(timer, struct envoi_upload, idle);
	enter(self);
	end(self, ENVOI_ERR_TIMEOUT, "the server of the upload does not answer");
	leave(self);
}

static void start_idle(struct envoi_upload *self)
{
	envoi_timer_start(
		&self->idle, envoi_context_loop(self->context), self->timeout_ms, on_idle);
}

/* --- sending --- */

static bool has_sent_all(const struct envoi_upload *self)
{
	return self->read_bytes == self->size && envoi_buffer_len(&self->out) == 0;
}

/* A server that takes or sends single bytes must not hold the upload. */
static void note_sent(struct envoi_upload *self, size_t len)
{
	self->progress += len;
	if (self->progress >= PROGRESS_BYTES || has_sent_all(self)) {
		self->progress = 0;
		start_idle(self);
	}
}

/* @return whether there is something to send */
static bool fill(struct envoi_upload *self)
{
	char *room;
	if (envoi_buffer_len(&self->out) > 0) {
		return true;
	}
	if (self->read_bytes == self->size) {
		return false;
	}
	uint64_t rest = self->size - self->read_bytes;
	size_t wanted = rest < CHUNK_BYTES ? (size_t)rest : CHUNK_BYTES;
	int r = envoi_buffer_reserve(&self->out, wanted, &room);
	if (r < 0) {
		end(self, r, NULL);
		return false;
	}
	long count = self->events->read(self->user, self->read_bytes, room, wanted);
	if (count <= 0 || (unsigned long)count > wanted) {
		end(self, ENVOI_ERR_INVALID, "the file cannot be read, or is shorter than stated");
		return false;
	}
	envoi_buffer_commit(&self->out, (size_t)count);
	self->read_bytes += (uint64_t)count;
	return true;
}

static void report_progress(struct envoi_upload *self)
{
	uint64_t waiting = envoi_buffer_len(&self->out);
	if (self->events->progress != NULL && self->read_bytes > 0 && !self->is_freed) {
		self->events->progress(self->user,
			waiting > self->read_bytes ? 0 : self->read_bytes - waiting, self->size);
	}
}

static void on_more(struct envoi_deferred *deferred);

/* A connection that takes everything must not hold the loop. */
static void send_more(struct envoi_upload *self)
{
	size_t sent = 0, taken = 1;
	while (!self->is_over && taken > 0 && sent < TURN_BYTES && fill(self)) {
		size_t len = envoi_buffer_len(&self->out);
		int r = self->channel->impl->send(
			self->channel, envoi_buffer_data(&self->out), len, &taken);
		if (r < 0) {
			return; /* what the server has answered may still arrive */
		}
		envoi_buffer_wipe_front(&self->out, taken);
		sent += taken;
		taken = taken < len ? 0 : taken;
	}
	if (self->is_over || sent == 0) {
		return;
	}
	note_sent(self, sent);
	if (sent >= TURN_BYTES && taken > 0) {
		envoi_deferred_post(&self->more, envoi_context_loop(self->context), on_more);
	}
	report_progress(self);
}

static void on_more(struct envoi_deferred *deferred)
{
	struct envoi_upload *self = ENVOI_CONTAINER_OF(deferred, struct envoi_upload, more);
	enter(self);
	send_more(self);
	leave(self);
}

/* --- receiving --- */

static void take_answer(struct envoi_upload *self)
{
	int status = self->reader.head.status;
	if (status < 200 || status > 299) {
		end(self, ENVOI_ERR_PROTOCOL, "the server has refused the file");
	} else if (!has_sent_all(self)) {
		end(self, ENVOI_ERR_PROTOCOL, "the server has answered before the end of the file");
	} else {
		end(self, ENVOI_OK, NULL);
	}
}

static struct envoi_upload *upload_of(struct envoi_channel_sink *sink)
{
	return ENVOI_CONTAINER_OF(sink, struct envoi_upload, sink);
}

static void on_received(struct envoi_channel_sink *sink, const char *data, size_t len)
{
	struct envoi_upload *self = upload_of(sink);
	size_t used;
	enum envoi__http_event event = ENVOI__HTTP_HEAD;
	enter(self);
	while (!self->is_over && event == ENVOI__HTTP_HEAD) {
		int r = envoi__http_reader_read(&self->reader, data, len, &used, &event);
		if (r < 0) {
			end(self, r, self->reader.text);
			break;
		}
		data += used;
		len -= used;
		envoi_buffer_wipe_front(&self->reader.body, envoi_buffer_len(&self->reader.body));
	}
	if (!self->is_over && event == ENVOI__HTTP_COMPLETE) {
		take_answer(self);
	}
	leave(self);
}

static void on_writable(struct envoi_channel_sink *sink)
{
	struct envoi_upload *self = upload_of(sink);
	enter(self);
	send_more(self);
	leave(self);
}

/* A body without a length ends with the connection. */
static void on_ended(struct envoi_channel_sink *sink)
{
	struct envoi_upload *self = upload_of(sink);
	enter(self);
	int r = self->is_over ? ENVOI_OK : envoi__http_reader_end(&self->reader);
	if (r == ENVOI_OK && !self->is_over) {
		take_answer(self);
	} else {
		end(self, r < 0 ? r : ENVOI_ERR_DISCONNECTED,
			"the server has ended the connection without an answer");
	}
	leave(self);
}

static void on_broken(struct envoi_channel_sink *sink, int code, const char *text)
{
	struct envoi_upload *self = upload_of(sink);
	enter(self);
	end(self, code, text);
	leave(self);
}

static void on_enter(struct envoi_channel_sink *sink)
{
	enter(upload_of(sink));
}

static void on_leave(struct envoi_channel_sink *sink)
{
	leave(upload_of(sink));
}

static const struct envoi_channel_sink_impl sink_impl = {
	.received = on_received,
	.writable = on_writable,
	.ended = on_ended,
	.broken = on_broken,
	.enter = on_enter,
	.leave = on_leave,
};

/* --- connecting --- */

static int start_channel(struct envoi_upload *self, struct envoi_channel *channel)
{
	self->channel = channel;
	envoi_channel_attach(channel, self->context, &self->sink);
	int r = channel->impl->want_read(channel, true);
	return r == ENVOI_OK ? channel->impl->start(channel) : r;
}

static void on_opened(void *user, struct envoi_channel *channel, int code, const char *text)
{
	struct envoi_upload *self = user;
	enter(self);
	int r = channel == NULL ? code : start_channel(self, channel);
	if (r == ENVOI_OK) {
		send_more(self);
	} else {
		end(self, r, text);
	}
	leave(self);
}

static int begin(struct envoi_upload *self, const struct envoi_upload_options *options)
{
	struct envoi_channel *channel;
	if (options->connect == NULL) {
		self->dial = (struct envoi__upload_dial){.context = self->context,
			.url = &self->url,
			.opened = on_opened,
			.user = self};
		return envoi__upload_dial_start(&self->dial, options->settings);
	}
	int r = options->connect(
		self->user, &channel, self->url.host, self->url.port, self->url.is_secure);
	if (r == ENVOI_OK) {
		r = start_channel(self, channel);
	}
	if (r == ENVOI_OK) {
		envoi_deferred_post(&self->more, envoi_context_loop(self->context), on_more);
	}
	return r;
}

/* --- making --- */

static int prepare(struct envoi_upload *self, const struct envoi_upload_options *options)
{
	const struct envoi__http_limits limits = {
		.head_bytes = HEAD_BYTES, .body_bytes = BODY_BYTES};
	int r = envoi__upload_read_url(&self->url, options);
	if (r == ENVOI_OK) {
		r = envoi__http_reader_init(&self->reader, self->context, true, &limits);
	}
	if (r == ENVOI_OK) {
		envoi__http_reader_next(&self->reader, ENVOI__HTTP_ASKED_BODY);
		r = envoi__upload_write_head(self->context, &self->out, &self->url, options);
	}
	return r == ENVOI_OK ? begin(self, options) : r;
}

static bool are_valid(
	const struct envoi_upload_options *options, const struct envoi_upload_events *events)
{
	return options != NULL && options->slot != NULL && options->slot->put.url != NULL &&
		options->size > 0 && events != NULL && events->read != NULL && events->done != NULL;
}

int envoi_upload_put(struct envoi_upload **ret_upload, struct envoi_context *context,
	const struct envoi_upload_options *options, const struct envoi_upload_events *events,
	void *user)
{
	if (!are_valid(options, events)) {
		return ENVOI_ERR_INVALID;
	}
	struct envoi_upload *self = envoi_alloc_zeroed(context, sizeof(*self));
	if (self == NULL) {
		return ENVOI_ERR_NOMEM;
	}
	self->sink.impl = &sink_impl;
	self->context = envoi_context_ref(context);
	self->events = events;
	self->user = user;
	self->size = options->size;
	self->timeout_ms = options->timeout_ms == 0 ? ENVOI_UPLOAD_TIMEOUT_MS : options->timeout_ms;
	envoi_buffer_init(&self->out, context, 0);
	int r = prepare(self, options);
	if (r < 0) {
		stop(self);
		destroy(self);
		return r;
	}
	start_idle(self);
	*ret_upload = self;
	return ENVOI_OK;
}

void envoi_upload_free(struct envoi_upload *self)
{
	if (self == NULL || self->is_freed) {
		return;
	}
	self->is_freed = true;
	enter(self);
	stop(self);
	leave(self);
}
#else
int envoi_upload_put(struct envoi_upload **ret_upload, struct envoi_context *context,
	const struct envoi_upload_options *options, const struct envoi_upload_events *events,
	void *user)
{
	(void)ret_upload;
	(void)context;
	(void)options;
	(void)events;
	(void)user;
	return ENVOI_ERR_UNSUPPORTED;
}

void envoi_upload_free(struct envoi_upload *upload)
{
	(void)upload;
}
#endif
