/*
 * envoi - a WebSocket transport in memory, and a scripted server
 * SPDX-License-Identifier: MIT
 *
 * Private headers: the connector finds its own sockets, and frames are below the public interface.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <envoi/context.h>
#include <envoi/interfaces/channel.h>
#include <envoi/mainloop.h>
#include <envoi/memory.h>

#include "http/http_url.h"
#include "test_allocator.h"
#include "websocket_fixture.h"
#include "websocket_opening.h"

static struct fixture *fixture_of(struct envoi_transport_sink *sink)
{
	return ENVOI_CONTAINER_OF(sink, struct fixture, sink);
}

static void on_opened(struct envoi_transport_sink *sink, const struct envoi_stream_head *head)
{
	struct fixture *f = fixture_of(sink);
	assert_int_equal(
		envoi_buffer_printf(&f->log, "opened %s %s\n",
			head->from != NULL ? head->from : "-", head->id != NULL ? head->id : "-"),
		ENVOI_OK);
}

static void on_element(struct envoi_transport_sink *sink, struct envoi_element *element)
{
	struct fixture *f = fixture_of(sink);
	assert_int_equal(envoi_xml_write(&f->log, element, ENVOI_NS_CLIENT), ENVOI_OK);
	assert_int_equal(envoi_buffer_append_text(&f->log, "\n"), ENVOI_OK);
	if (f->restarts_at_element) {
		int r = f->transport->impl->restart(f->transport);
		assert_int_equal(envoi_buffer_printf(&f->log, "restart %s\n", envoi_error_name(r)),
			ENVOI_OK);
	}
	if (f->pauses_at_element) {
		f->transport->impl->pause(f->transport);
	}
	if (f->destroys_at_element) {
		envoi_transport_destroy(f->transport);
		f->transport = NULL;
	}
}

static void on_ended(struct envoi_transport_sink *sink)
{
	assert_int_equal(envoi_buffer_append_text(&fixture_of(sink)->log, "ended\n"), ENVOI_OK);
}

static void on_written(struct envoi_transport_sink *sink, size_t count)
{
	(void)sink;
	(void)count;
}

static void on_nothing(struct envoi_transport_sink *sink)
{
	(void)sink;
}

static void on_closed(struct envoi_transport_sink *sink, const struct envoi_failure *why)
{
	assert_int_equal(envoi_buffer_printf(&fixture_of(sink)->log, "closed %s %s%s%s\n",
				 envoi_error_name(why->code), why->condition,
				 why->condition[0] != '\0' ? " " : "", why->text),
		ENVOI_OK);
}

static const struct envoi_transport_sink_impl sink_impl = {
	.opened = on_opened,
	.element = on_element,
	.ended = on_ended,
	.written = on_written,
	.drained = on_nothing,
	.activity = on_nothing,
	.closed = on_closed,
};

static void on_done(
	void *user, struct envoi_transport *transport, const struct envoi_failure *failure)
{
	struct fixture *f = user;
	f->opening = NULL;
	f->transport = transport;
	f->dones++;
	if (failure != NULL) {
		envoi_failure_copy(&f->failure, failure);
	}
}

static int websocket_open_transport(struct fixture *f)
{
	struct envoi__http_url url;
	struct envoi_channel *channel;
	int r = envoi_memory_channel_new(&channel, f->pair, ENVOI_MEMORY_A);
	if (r == ENVOI_OK) {
		assert_int_equal(
			envoi__http_url_read(&url, "ws://example.org:5280/xmpp?x"), ENVOI_OK);
		const struct envoi__websocket_opening_options options = {
			.opening = {.role = ENVOI_INITIATOR,
				.timeout_ms = TIMEOUT,
				.done = on_done,
				.user = f},
			.url = &url,
			.head_bytes = HEAD_BYTES,
		};
		r = envoi__websocket_opening_new(&f->opening, f->context, channel, &options);
	}
	return r;
}

static int fill_random(void *user, void *bytes, size_t len)
{
	(void)user;
	memset(bytes, 0x5a, len);
	return 0;
}

int websocket_setup(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));
	assert_non_null(f);
	struct envoi_context_options options = {
		.allocator = test_allocator_functions(&f->allocator),
		.random = fill_random,
	};
	assert_int_equal(envoi_context_new(&f->context, &options), ENVOI_OK);
	assert_int_equal(envoi_loop_new_simulated(&f->loop, f->context), ENVOI_OK);
	assert_int_equal(envoi_context_take_loop(f->context, f->loop), ENVOI_OK);
	assert_int_equal(envoi_memory_pair_new(&f->pair, f->context), ENVOI_OK);
	assert_int_equal(
		envoi_memory_end_new(&f->server, f->pair, ENVOI_MEMORY_B, NULL, NULL), ENVOI_OK);
	envoi_buffer_init(&f->log, f->context, 0);
	f->sink.impl = &sink_impl;
	assert_int_equal(websocket_open_transport(f), ENVOI_OK);
	*state = f;
	return 0;
}

int websocket_teardown(void **state)
{
	struct fixture *f = *state;
	envoi__websocket_opening_free(f->opening);
	envoi_transport_destroy(f->transport);
	envoi_memory_end_free(f->server);
	envoi_memory_pair_unref(f->pair);
	envoi_failure_finish(&f->failure);
	envoi_buffer_finish(&f->log);
	envoi_context_unref(f->context);
	assert_int_equal(f->allocator.live, 0);
	free(f);
	return 0;
}

void websocket_run(struct fixture *f)
{
	assert_int_equal(envoi_loop_simulated_run_for(f->loop, 10), ENVOI_OK);
}

void websocket_run_for(struct fixture *f, uint64_t ms)
{
	assert_int_equal(envoi_loop_simulated_run_for(f->loop, ms), ENVOI_OK);
}

void websocket_send_bytes(struct fixture *f, const void *data, size_t len)
{
	int r = envoi_memory_end_send(f->server, data, len);
	assert_true(r == ENVOI_OK || r == ENVOI_ERR_STATE);
	websocket_run(f);
}

size_t websocket_take(struct fixture *f, char *data, size_t size)
{
	struct envoi_buffer *received = envoi_memory_end_received(f->server);
	size_t len = envoi_buffer_len(received);
	assert_true(len < size);
	memcpy(data, envoi_buffer_data(received), len);
	data[len] = '\0';
	envoi_buffer_consume(received, len);
	return len;
}

size_t websocket_make_frame(unsigned char *to, int first, const void *data, size_t len)
{
	size_t head = 2;
	to[0] = (unsigned char)first;
	if (len < 126) {
		to[1] = (unsigned char)len;
	} else {
		to[1] = 126;
		to[2] = (unsigned char)(len >> 8);
		to[3] = (unsigned char)len;
		head = 4;
	}
	memcpy(to + head, data, len);
	return head + len;
}

void websocket_send_frame(struct fixture *f, int first, const char *text)
{
	unsigned char frame[20000];
	websocket_send_bytes(f, frame, websocket_make_frame(frame, first, text, strlen(text)));
}

void websocket_expect_log(struct fixture *f, const char *log)
{
	assert_int_equal(envoi_buffer_append(&f->log, "", 1), ENVOI_OK);
	assert_string_equal(envoi_buffer_data(&f->log), log);
	envoi_buffer_finish(&f->log);
}

int websocket_take_frame(struct fixture *f, char *payload, size_t size)
{
	struct envoi_buffer *received = envoi_memory_end_received(f->server);
	const unsigned char *data = (const void *)envoi_buffer_data(received);
	size_t head = 2;
	assert_true(envoi_buffer_len(received) >= 2);
	assert_int_equal(data[0] & 0xf0, 0x80); /* final, nothing reserved */
	assert_true(data[1] & 0x80); /* RFC 6455, section 5.1: masked */
	size_t len = data[1] & 0x7f;
	if (len == 126) {
		len = ((size_t)data[2] << 8) | data[3];
		head = 4;
	}
	assert_true(len < size && envoi_buffer_len(received) >= head + 4 + len);
	for (size_t i = 0; i < len; i++) {
		payload[i] = (char)(data[head + 4 + i] ^ data[head + i % 4]);
	}
	payload[len] = '\0';
	int opcode = data[0] & 0xf;
	envoi_buffer_consume(received, head + 4 + len);
	return opcode | 0x80;
}

void websocket_expect_frame(struct fixture *f, int first, const char *payload)
{
	char text[4096];
	int got = websocket_take_frame(f, text, sizeof(text));
	assert_string_equal(text, payload);
	assert_int_equal(got, first);
}

void websocket_expect_close(struct fixture *f, int status)
{
	char text[4096];
	assert_int_equal(websocket_take_frame(f, text, sizeof(text)), CLOSE);
	assert_int_equal(((unsigned char)text[0] << 8) | (unsigned char)text[1], status);
	assert_int_equal(envoi_buffer_len(envoi_memory_end_received(f->server)), 0);
}

/* By RFC 6455, section 1.3, computed with sha1sum(1) and base64(1). */
const char websocket_accept_value[] = "1nwQI3IBoftOh+fG2YorpTWcrHs=";

void websocket_respond(struct fixture *f)
{
	char text[512];
	snprintf(text, sizeof(text), WEBSOCKET_GOOD_RESPONSE, websocket_accept_value);
	websocket_send_bytes(f, text, strlen(text));
}

void websocket_start(struct fixture *f)
{
	char text[4096];
	websocket_run(f);
	websocket_take(f, text, sizeof(text));
	websocket_respond(f);
	assert_int_equal(f->dones, 1);
	assert_non_null(f->transport);
	assert_int_equal(envoi_transport_start(f->transport, &f->sink), ENVOI_OK);
	websocket_run(f);
}

const char websocket_server_open[] =
	"<open xmlns='urn:ietf:params:xml:ns:xmpp-framing' from='example.org' id='i' "
	"version='1.0'/>";

void websocket_start_and_open(struct fixture *f)
{
	const struct envoi_stream_head head = {
		.to = "example.org", .version = "1.0", .content_ns = ENVOI_NS_CLIENT};
	char text[4096];
	websocket_start(f);
	assert_int_equal(f->transport->impl->send_head(f->transport, &head), ENVOI_OK);
	websocket_run(f);
	(void)websocket_take_frame(f, text, sizeof(text));
	websocket_send_frame(f, TEXT, websocket_server_open);
	websocket_expect_log(f, "opened example.org i\n");
}
