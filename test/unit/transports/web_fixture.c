/*
 * envoi - the receiving side of HTTP in memory, and a scripted client
 * SPDX-License-Identifier: MIT
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <envoi/interfaces/channel.h>
#include <envoi/mainloop.h>
#include <envoi/settings.h>

#include "web_fixture.h"

static void on_requested(void *user, struct envoi_web_connection *connection,
	const struct envoi_web_request *request)
{
	struct web_fixture *f = user;
	f->requests++;
	f->connection = connection;
	(void)!envoi_buffer_printf(&f->log, "%s %s [%.*s]\n", request->method, request->target,
		(int)request->body_len, request->body_len > 0 ? request->body : "");
	if (f->act != NULL) {
		f->act(f, request);
	} else {
		web_answer(f, 200, "ok");
	}
}

static void on_closed(void *user, const struct envoi_failure *why)
{
	struct web_fixture *f = user;
	assert_non_null(f->connection);
	f->connection = NULL;
	(void)!envoi_buffer_printf(&f->log, "closed %s%s%s\n", envoi_error_name(why->code),
		why->text[0] != '\0' ? " " : "", why->text);
}

static int64_t wall_clock(void *user)
{
	(void)user;
	return INT64_C(784111777000); /* Sun, 06 Nov 1994 08:49:37 GMT */
}

static int make_settings(struct web_fixture *f)
{
	int r = envoi_settings_new(&f->settings, f->context);
	r = r < 0 ? r
		  : envoi_settings_set_int(f->settings, "limits.http-head-bytes", WEB_HEAD_BYTES);
	return r < 0 ? r : envoi_settings_set_int(f->settings, "web.body-bytes", WEB_BODY_BYTES);
}

static int make_connection(struct web_fixture *f)
{
	struct envoi_channel *channel;
	int r = envoi_memory_channel_new(&channel, f->pair, ENVOI_MEMORY_B);
	const struct envoi_web_options options = {
		.settings = f->settings,
		.requested = on_requested,
		.closed = on_closed,
		.user = f,
	};
	return r < 0 ? r : envoi_web_connection_new(&f->connection, f->context, channel, &options);
}

int web_begin(struct web_fixture *f)
{
	const struct envoi_context_options options = {
		.allocator = test_allocator_functions(&f->allocator),
		.wall_clock = wall_clock,
	};
	int r = envoi_context_new(&f->context, &options);
	if (r == ENVOI_OK) {
		envoi_buffer_init(&f->log, f->context, 0);
	}
	r = r < 0 ? r : envoi_loop_new_simulated(&f->loop, f->context);
	r = r < 0 ? r : envoi_context_take_loop(f->context, f->loop);
	r = r < 0 ? r : make_settings(f);
	r = r < 0 ? r : envoi_memory_pair_new(&f->pair, f->context);
	r = r < 0 ? r : envoi_memory_end_new(&f->client, f->pair, ENVOI_MEMORY_A, NULL, NULL);
	return r < 0 ? r : make_connection(f);
}

void web_end(struct web_fixture *f)
{
	envoi_web_connection_free(f->connection);
	envoi_memory_end_free(f->client);
	envoi_memory_pair_unref(f->pair);
	envoi_settings_free(f->settings);
	envoi_buffer_finish(&f->log);
	envoi_context_unref(f->context);
}

int web_setup(void **state)
{
	struct web_fixture *f = calloc(1, sizeof(*f));
	assert_non_null(f);
	assert_int_equal(web_begin(f), ENVOI_OK);
	*state = f;
	return 0;
}

int web_teardown(void **state)
{
	struct web_fixture *f = *state;
	web_end(f);
	assert_int_equal(f->allocator.live, 0);
	free(f);
	return 0;
}

void web_run(struct web_fixture *f, uint64_t ms)
{
	assert_int_equal(envoi_loop_simulated_run_for(f->loop, ms), ENVOI_OK);
}

void web_send_bytes(struct web_fixture *f, const void *data, size_t len)
{
	int r = envoi_memory_end_send(f->client, data, len);
	assert_true(r == ENVOI_OK || r == ENVOI_ERR_STATE || r == ENVOI_ERR_NOMEM);
	web_run(f, 20);
}

void web_send(struct web_fixture *f, const char *text)
{
	web_send_bytes(f, text, strlen(text));
}

void web_answer(struct web_fixture *f, int status, const char *body)
{
	const struct envoi_web_response response = {
		.status = status,
		.content_type = "text/plain",
		.body = body,
		.body_len = strlen(body),
	};
	int r = envoi_web_respond(f->connection, &response);
	assert_true(r == ENVOI_OK || r == ENVOI_ERR_NOMEM);
}

const char *web_received(struct web_fixture *f)
{
	static const char date[] = "Date: Sun, 06 Nov 1994 08:49:37 GMT\r\n";
	static char text[65536];
	struct envoi_buffer *received = envoi_memory_end_received(f->client);
	size_t len = envoi_buffer_len(received);
	char *at;
	assert_true(len < sizeof(text));
	memcpy(text, envoi_buffer_data(received), len);
	text[len] = '\0';
	envoi_buffer_consume(received, len);
	while ((at = strstr(text, date)) != NULL) {
		memmove(at, at + strlen(date), strlen(at + strlen(date)) + 1);
	}
	return text;
}

void web_expect_log(struct web_fixture *f, const char *log)
{
	assert_int_equal(envoi_buffer_append(&f->log, "", 1), ENVOI_OK);
	assert_string_equal(envoi_buffer_data(&f->log), log);
	envoi_buffer_finish(&f->log);
}
