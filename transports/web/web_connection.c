/*
 * envoi - HTTP requests that others make: one connection
 * SPDX-License-Identifier: MIT
 *
 * Private headers: guards, the budget of memory, and HTTP have no public ones.
 *
 * Events of the channel only change the state. The owner is called from a deferred call, so that it
 * can take the channel over: no function of the channel is on the stack then.
 */
#include <strings.h>

#include <envoi/context.h>
#include <envoi/settings.h>
#include <envoi/tls.h>

#include "http/http_settings.h"
#include "http/http_writer.h"
#include "settings/settings.h"
#include "web_inside.h"

static struct envoi_web_connection *connection_of(struct envoi_channel_sink *sink)
{
	return ENVOI_CONTAINER_OF(sink, struct envoi_web_connection, sink);
}

static struct envoi_loop *loop_of(const struct envoi_web_connection *connection)
{
	return envoi_context_loop(connection->context);
}

/* --- life --- */

static void release(struct envoi_web_connection *connection)
{
	struct envoi_context *context = connection->context;
	if (connection->channel != NULL) {
		connection->channel->impl->destroy(connection->channel);
	}
	envoi_buffer_wipe(&connection->in);
	envoi_buffer_wipe(&connection->out);
	envoi__http_reader_finish(&connection->http);
	envoi_failure_finish(&connection->why);
	envoi_free(context, connection);
	envoi_context_unref(context);
}

static void enter(struct envoi_web_connection *connection)
{
	envoi__guard_enter(&connection->guard);
}

static void leave(struct envoi_web_connection *connection)
{
	if (envoi__guard_leave(&connection->guard)) {
		release(connection);
	}
}

static bool is_freed(const struct envoi_web_connection *connection)
{
	return envoi__guard_is_over(&connection->guard);
}

void envoi_web_connection_free(struct envoi_web_connection *connection)
{
	if (connection != NULL && !is_freed(connection)) {
		enter(connection);
		envoi__guard_end(&connection->guard);
		envoi__holder_finish(&connection->holder, connection->context);
		envoi_deferred_cancel(&connection->turn);
		envoi_timer_stop(&connection->deadline);
		if (connection->channel != NULL) {
			connection->channel->impl->disconnect(connection->channel);
		}
		envoi__web_release_body(connection);
		leave(connection);
	}
}

static void on_turn(struct envoi_deferred *deferred);

void envoi__web_wake(struct envoi_web_connection *connection)
{
	if (!is_freed(connection)) {
		envoi_deferred_post(&connection->turn, loop_of(connection), on_turn);
	}
}

static size_t memory_of(const struct envoi_web_connection *connection)
{
	return connection->in.capacity + connection->out.capacity +
		envoi__http_reader_memory(&connection->http);
}

/* One that has ended is freed in its next turn. The owner may still read its request until then. */
static void report_memory(struct envoi_web_connection *connection)
{
	bool is_over = connection->state == ENVOI__WEB_OVER;
	envoi__budget_report(
		connection->context, &connection->holder, is_over ? 0 : memory_of(connection));
}

/* --- the end --- */

/* @param why  moved */
static void finish(struct envoi_web_connection *connection, struct envoi_failure *why)
{
	if (connection->state == ENVOI__WEB_OVER) {
		envoi_failure_finish(why);
		return;
	}
	connection->state = ENVOI__WEB_OVER;
	envoi_failure_finish(&connection->why);
	envoi_failure_move(&connection->why, why);
	envoi_timer_stop(&connection->deadline);
	connection->channel->impl->disconnect(connection->channel);
	envoi__web_wake(connection);
}

void envoi__web_finish_for(struct envoi_web_connection *connection, int code, const char *text)
{
	struct envoi_failure why;
	envoi_failure_set(&why, connection->context,
		connection->is_opened ? ENVOI_PHASE_NONE : ENVOI_PHASE_TLS, code, "%s", text);
	why.tls_doubts = connection->has_tls ? envoi_tls_channel_doubts(connection->channel) : 0;
	finish(connection, &why);
}

void envoi__web_finish_in_order(struct envoi_web_connection *connection)
{
	struct envoi_failure why;
	envoi_failure_move(&why, &connection->why);
	finish(connection, &why);
}

static void report_end(struct envoi_web_connection *connection)
{
	struct envoi_failure why;
	void (*closed)(void *user, const struct envoi_failure *failure) = connection->closed;
	void *user = connection->user;
	envoi_failure_move(&why, &connection->why);
	envoi_web_connection_free(connection);
	closed(user, &why);
	envoi_failure_finish(&why);
}

/* --- deadlines --- */

void envoi__web_start_deadline(
	struct envoi_web_connection *connection, uint64_t ms, envoi_timer_fn *on_deadline)
{
	envoi_timer_stop(&connection->deadline);
	envoi_timer_start(&connection->deadline, loop_of(connection), ms, on_deadline);
}

static void on_request_deadline(struct envoi_timer *timer)
{
	struct envoi_web_connection *connection = ENVOI_CONTAINER_OF(
		timer, struct envoi_web_connection, deadline);
	if (connection->http.has_begun) {
		envoi__web_refuse(
			connection, 408, ENVOI_ERR_TIMEOUT, "the request was not complete in time");
	} else {
		envoi__web_finish_in_order(connection);
	}
}

/* --- reading or not --- */

static void update_reading(struct envoi_web_connection *connection)
{
	bool has_room = envoi_buffer_len(&connection->in) < ENVOI_CHANNEL_READ_BYTES;
	bool wanted = !connection->has_ended && !connection->holder.is_held && has_room;
	if (connection->state == ENVOI__WEB_OVER || wanted == connection->is_reading) {
		return;
	}
	connection->is_reading = wanted;
	int r = connection->channel->impl->want_read(connection->channel, wanted);
	if (r < 0) {
		envoi__web_finish_for(connection, r, "reading cannot be switched on or off");
	}
}

static void on_hold(struct envoi__holder *holder, bool is_held)
{
	(void)is_held;
	envoi__web_wake(ENVOI_CONTAINER_OF(holder, struct envoi_web_connection, holder));
}

static void on_unaffordable(struct envoi__holder *holder)
{
	struct envoi_web_connection *connection = ENVOI_CONTAINER_OF(
		holder, struct envoi_web_connection, holder);
	envoi__web_finish_for(connection, ENVOI_ERR_LIMIT,
		"all connections together hold too much memory (listener.memory)");
	report_memory(connection);
}

static const struct envoi__holder_impl holder_impl = {.hold = on_hold, .end = on_unaffordable};

/* --- requests --- */

void envoi__web_begin_request(struct envoi_web_connection *connection)
{
	connection->state = ENVOI__WEB_READING;
	envoi__web_start_deadline(connection, connection->request_timeout_ms, on_request_deadline);
	envoi__web_wake(connection);
}

static int status_of(const struct envoi_web_connection *connection, int code)
{
	return code != ENVOI_ERR_LIMIT ? 400 : connection->http.has_head ? 413 : 431;
}

static void report_request(struct envoi_web_connection *connection)
{
	connection->request = (struct envoi_web_request){
		.method = connection->http.head.method,
		.target = connection->http.head.target,
		.body = envoi_buffer_data(&connection->http.body),
		.body_len = envoi_buffer_len(&connection->http.body),
	};
	connection->state = ENVOI__WEB_WAITING;
	envoi_timer_stop(&connection->deadline);
	connection->requested(connection->user, connection, &connection->request);
}

/* RFC 9110, section 10.1.1. */
static int encourage(struct envoi_web_connection *connection)
{
	const char *expected = envoi__http_head_value(&connection->http.head, "Expect");
	bool is_waiting = expected != NULL && strcasecmp(expected, "100-continue") == 0 &&
		connection->http.framing == ENVOI__HTTP_WITH_BODY &&
		connection->http.head.minor == 1;
	int r = is_waiting ? envoi__http_write_status(&connection->out, 100, "Continue") : ENVOI_OK;
	return r < 0 || !is_waiting ? r : envoi__http_write_end(&connection->out);
}

static void read_request(struct envoi_web_connection *connection)
{
	enum envoi__http_event event = ENVOI__HTTP_HEAD;
	int r = ENVOI_OK;
	while (r == ENVOI_OK && event == ENVOI__HTTP_HEAD) {
		size_t used;
		r = envoi__http_reader_read(&connection->http, envoi_buffer_data(&connection->in),
			envoi_buffer_len(&connection->in), &used, &event);
		envoi_buffer_wipe_front(&connection->in, used);
		if (r == ENVOI_OK && event == ENVOI__HTTP_HEAD) {
			r = encourage(connection);
		}
	}
	if (r < 0) {
		envoi__web_refuse(connection, status_of(connection, r), r,
			connection->http.text != NULL ? connection->http.text
						      : envoi_error_text(r));
	} else if (event != ENVOI__HTTP_MORE) {
		report_request(connection);
	} else if (connection->has_ended && connection->http.has_begun) {
		envoi__web_finish_for(connection, ENVOI_ERR_DISCONNECTED,
			"the connection ended within a request");
	} else if (connection->has_ended) {
		envoi__web_finish_in_order(connection);
	}
}

static void on_turn(struct envoi_deferred *deferred)
{
	struct envoi_web_connection *connection = ENVOI_CONTAINER_OF(
		deferred, struct envoi_web_connection, turn);
	enter(connection);
	if (connection->state == ENVOI__WEB_READING && connection->is_opened) {
		read_request(connection);
	}
	if (!is_freed(connection)) {
		envoi__web_flush(connection);
	}
	if (!is_freed(connection)) {
		update_reading(connection);
		report_memory(connection);
	}
	if (!is_freed(connection) && connection->state == ENVOI__WEB_OVER) {
		report_end(connection);
	}
	leave(connection);
}

/* --- events of the channel --- */

static void open_connection(struct envoi_web_connection *connection)
{
	connection->is_opened = true;
	envoi__web_begin_request(connection);
}

static void on_received(struct envoi_channel_sink *sink, const char *data, size_t len)
{
	struct envoi_web_connection *connection = connection_of(sink);
	bool is_kept = connection->state < ENVOI__WEB_ENDING;
	int r = is_kept ? envoi_buffer_append(&connection->in, data, len) : ENVOI_OK;
	if (r < 0) {
		envoi__web_finish_for(connection, r, envoi_error_text(r));
	}
	update_reading(connection);
	envoi__web_wake(connection);
}

static void on_writable(struct envoi_channel_sink *sink)
{
	struct envoi_web_connection *connection = connection_of(sink);
	if (!connection->is_opened) {
		open_connection(connection);
	}
	envoi__web_wake(connection);
}

static void on_ended(struct envoi_channel_sink *sink)
{
	struct envoi_web_connection *connection = connection_of(sink);
	connection->has_ended = true;
	if (connection->state == ENVOI__WEB_ENDING) {
		envoi__web_finish_in_order(connection);
	}
	envoi__web_wake(connection);
}

static void on_broken(struct envoi_channel_sink *sink, int code, const char *text)
{
	struct envoi_web_connection *connection = connection_of(sink);
	if (connection->state == ENVOI__WEB_ENDING) {
		envoi__web_finish_in_order(connection);
	} else {
		envoi__web_finish_for(connection, code, text);
	}
}

static void on_enter(struct envoi_channel_sink *sink)
{
	enter(connection_of(sink));
}

static void on_leave(struct envoi_channel_sink *sink)
{
	leave(connection_of(sink));
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

/* RFC 7301. @param lower  taken */
static int secure(struct envoi_web_connection *connection, struct envoi_channel *lower,
	const struct envoi_web_options *options)
{
	const struct envoi_tls_channel_options tls = {
		.role = ENVOI_RECEIVER,
		.tls = options->tls,
		.server_name = options->server_name,
		.alpn = "http/1.1",
		.timeout_ms = connection->request_timeout_ms,
	};
	return envoi_tls_channel_new(&connection->channel, connection->context, lower, &tls);
}

static int take_settings(
	struct envoi_web_connection *connection, const struct envoi_settings *settings)
{
	struct envoi__http_settings values;
	settings = settings != NULL ? settings : envoi__default_settings(connection->context);
	if (settings == NULL) {
		return ENVOI_ERR_NOMEM;
	}
	envoi__http_settings_read(&values, settings);
	const struct envoi__http_limits limits = {
		.head_bytes = values.head_bytes, .body_bytes = values.request_bytes};
	connection->request_timeout_ms = values.request_timeout_ms;
	int r = envoi_channel_options_read(
		&connection->channel_options, connection->context, settings);
	return r < 0
		? r
		: envoi__http_reader_init(&connection->http, connection->context, false, &limits);
}

static int start(struct envoi_web_connection *connection)
{
	struct envoi_channel *channel = connection->channel;
	envoi_channel_attach(channel, connection->context, &connection->sink);
	connection->is_reading = true;
	int r = channel->impl->want_read(channel, true);
	r = r < 0 ? r : channel->impl->start(channel);
	if (r == ENVOI_OK && !connection->has_tls) {
		open_connection(connection);
	}
	return r;
}

static int make(struct envoi_web_connection *connection, struct envoi_channel *lower,
	const struct envoi_web_options *options)
{
	int r = take_settings(connection, options->settings);
	if (r < 0) {
		envoi_channel_destroy(lower);
		return r;
	}
	if (lower->impl->configure != NULL) {
		lower->impl->configure(lower, &connection->channel_options);
	}
	if (connection->has_tls) {
		r = secure(connection, lower, options);
	} else {
		connection->channel = lower;
	}
	return r < 0 ? r : start(connection);
}

int envoi_web_connection_new(struct envoi_web_connection **ret_connection,
	struct envoi_context *context, struct envoi_channel *channel,
	const struct envoi_web_options *options)
{
	bool is_complete = options->requested != NULL && options->closed != NULL;
	struct envoi_web_connection *connection = is_complete && envoi_context_loop(context) != NULL
		? envoi_alloc_zeroed(context, sizeof(*connection))
		: NULL;
	if (connection == NULL) {
		envoi_channel_destroy(channel);
		return is_complete ? ENVOI_ERR_NOMEM : ENVOI_ERR_INVALID;
	}
	connection->context = envoi_context_ref(context);
	connection->sink.impl = &sink_impl;
	connection->has_tls = options->tls != NULL;
	connection->is_secure = options->is_secure || connection->has_tls;
	connection->requested = options->requested;
	connection->closed = options->closed;
	connection->user = options->user;
	envoi__holder_init(&connection->holder, context, &holder_impl);
	envoi_buffer_init(&connection->in, context, 0);
	envoi_buffer_init(&connection->out, context, 0);
	int r = make(connection, channel, options);
	if (r < 0) {
		envoi_web_connection_free(connection);
		return r;
	}
	*ret_connection = connection;
	return ENVOI_OK;
}

/* --- properties --- */

const struct envoi__http_head *envoi__web_head(const struct envoi_web_connection *connection)
{
	return connection->state == ENVOI__WEB_WAITING ? &connection->http.head : NULL;
}

const char *envoi_web_request_field(const struct envoi_web_connection *connection, const char *name)
{
	const struct envoi__http_head *head = envoi__web_head(connection);
	return head == NULL || name == NULL ? NULL : envoi__http_head_value(head, name);
}

bool envoi_web_connection_is_secure(const struct envoi_web_connection *connection)
{
	return connection->is_secure;
}

void envoi_web_connection_settle(struct envoi_web_connection *connection)
{
	connection->holder.is_settled = connection->state == ENVOI__WEB_WAITING;
}

int envoi__web_take_over(
	struct envoi_web_connection *connection, struct envoi__web_takeover *ret_takeover)
{
	int r = connection->channel->impl->want_read(connection->channel, false);
	if (r < 0) {
		envoi_web_connection_free(connection);
		return r;
	}
	*ret_takeover = (struct envoi__web_takeover){
		.channel = connection->channel,
		.options = connection->channel_options,
		.left = connection->in,
	};
	ret_takeover->options.is_secure = connection->is_secure;
	envoi_buffer_init(&connection->in, connection->context, 0);
	connection->channel = NULL;
	envoi_web_connection_free(connection);
	return ENVOI_OK;
}
