/*
 * envoi - HTTP requests that others make: an answer, until the peer has accepted it
 * SPDX-License-Identifier: MIT
 *
 * Private headers: HTTP has no public ones.
 */
#include <string.h>

#include <envoi/context.h>

#include "web_inside.h"

enum {
	LINGER_MS = 1000, /* for the peer's end behind the last answer */
	PROGRESS_BYTES = 16384, /* of an answer within each write timeout, or all that is left */
};

void envoi__web_release_body(struct envoi_web_connection *connection)
{
	void (*release_fn)(void *user) = connection->release;
	connection->rest_len = 0;
	connection->release = NULL;
	if (release_fn != NULL) {
		release_fn(connection->release_user);
	}
}

/* --- deadlines --- */

static void on_write_deadline(struct envoi_timer *timer)
{
	envoi__web_finish_for(ENVOI_CONTAINER_OF(timer, struct envoi_web_connection, deadline),
		ENVOI_ERR_TIMEOUT, "the peer accepted too little of the answer in time");
}

static void on_linger_deadline(struct envoi_timer *timer)
{
	envoi__web_finish_in_order(
		ENVOI_CONTAINER_OF(timer, struct envoi_web_connection, deadline));
}

/* --- writing --- */

static void end_answer(struct envoi_web_connection *connection)
{
	bool is_last = connection->closes ||
		(connection->has_ended && envoi_buffer_len(&connection->in) == 0);
	if (!is_last) {
		envoi__web_begin_request(connection);
	} else if (connection->has_ended) {
		envoi__web_finish_in_order(connection);
	} else {
		connection->state = ENVOI__WEB_ENDING;
		envoi_buffer_wipe(&connection->in);
		connection->channel->impl->shut_down(connection->channel);
		envoi__web_start_deadline(connection, LINGER_MS, on_linger_deadline);
	}
}

/* @return how many bytes were taken */
static size_t send_piece(struct envoi_web_connection *connection, const char *data, size_t len)
{
	size_t taken = 0;
	int r = len == 0 ? ENVOI_OK
			 : connection->channel->impl->send(connection->channel, data, len, &taken);
	if (r < 0) {
		envoi__web_finish_for(
			connection, ENVOI_ERR_DISCONNECTED, "the connection is broken");
	}
	connection->progress += taken;
	return taken;
}

static void write_some(struct envoi_web_connection *connection)
{
	struct envoi_buffer *out = &connection->out;
	size_t taken = send_piece(connection, envoi_buffer_data(out), envoi_buffer_len(out));
	envoi_buffer_wipe_front(out, taken);
	if (envoi_buffer_len(out) == 0 && connection->rest_len > 0 &&
		connection->state != ENVOI__WEB_OVER) {
		taken = send_piece(connection, connection->rest, connection->rest_len);
		connection->rest += taken;
		connection->rest_len -= taken;
	}
}

static bool has_output(const struct envoi_web_connection *connection)
{
	return envoi_buffer_len(&connection->out) > 0 || connection->rest_len > 0;
}

/* A peer that accepts single bytes must not hold the answer. */
static void watch_progress(struct envoi_web_connection *connection)
{
	if (connection->progress >= PROGRESS_BYTES ||
		!envoi_timer_is_started(&connection->deadline)) {
		connection->progress = 0;
		envoi__web_start_deadline(connection, connection->channel_options.write_timeout_ms,
			on_write_deadline);
	}
}

void envoi__web_flush(struct envoi_web_connection *connection)
{
	if (connection->is_opened && has_output(connection) &&
		connection->state != ENVOI__WEB_OVER) {
		write_some(connection);
	}
	if (connection->state != ENVOI__WEB_WRITING) {
		return;
	}
	if (!has_output(connection)) {
		envoi_buffer_finish(&connection->out);
		envoi__web_release_body(connection);
		end_answer(connection);
	} else {
		watch_progress(connection);
	}
}

/* --- beginning --- */

static void borrow_body(struct envoi_web_connection *connection,
	const struct envoi_web_response *response, bool is_to_head)
{
	bool has_body = response->release != NULL && !is_to_head && response->status != 204;
	connection->rest = response->body;
	connection->rest_len = has_body ? response->body_len : 0;
	connection->release = response->release;
	connection->release_user = response->user;
}

/* The request is not read any more. */
static int answer(
	struct envoi_web_connection *connection, const struct envoi_web_response *response)
{
	const struct envoi__http_head *head = envoi__web_head(connection);
	bool is_to_head = head != NULL && strcmp(head->method, "HEAD") == 0;
	bool keeps_alive = head != NULL && head->minor == 1 && connection->http.keeps_alive &&
		strcmp(head->method, "CONNECT") != 0 && !response->closes;
	int r = envoi__web_write_response(
		&connection->out, connection->context, response, is_to_head, keeps_alive);
	if (r < 0) {
		return r;
	}
	borrow_body(connection, response, is_to_head);
	connection->closes = !keeps_alive;
	connection->holder.is_settled = false;
	connection->state = ENVOI__WEB_WRITING;
	envoi_timer_stop(&connection->deadline);
	envoi__web_wake(connection);
	return ENVOI_OK;
}

int envoi_web_respond(
	struct envoi_web_connection *connection, const struct envoi_web_response *response)
{
	if (connection->state != ENVOI__WEB_WAITING) {
		return ENVOI_ERR_STATE;
	}
	int r = answer(connection, response);
	if (r == ENVOI_OK) {
		envoi__http_reader_next(&connection->http, ENVOI__HTTP_ASKED_BODY);
	}
	return r;
}

/* RFC 9112, section 9.6: what the peer sends further is not looked at. */
void envoi__web_refuse(
	struct envoi_web_connection *connection, int status, int code, const char *text)
{
	const struct envoi_web_response response = {.status = status, .closes = true};
	envoi_failure_finish(&connection->why);
	envoi_failure_set(
		&connection->why, connection->context, ENVOI_PHASE_NONE, code, "%s", text);
	if (answer(connection, &response) < 0) {
		envoi__web_finish_in_order(connection);
	}
}
