/*
 * envoi - XMPP over WebSocket: the handshake and the frames, against a scripted server
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
#include <envoi/tls.h>
#include <envoi/websocket.h>

#include "http/http_head.h"
#include "http/http_url.h"
#include "test_allocator.h"
#include "transport/bytestream/framing.h"
#include "websocket_control.h"
#include "websocket_framing.h"
#include "websocket_handshake.h"
#include "websocket_opening.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

enum {
	SECOND = 1000,
	TIMEOUT = 20 * SECOND,
	HEAD_BYTES = 2048,
	TEXT = 0x81,
	PART = 0x01,
	MORE = 0x00,
	LAST = 0x80,
	BINARY = 0x82,
	CLOSE = 0x88,
	PING = 0x89,
	PONG = 0x8a,
};

struct fixture {
	struct test_allocator allocator;
	struct envoi_context *context;
	struct envoi_loop *loop;
	struct envoi_memory_pair *pair;
	struct envoi_memory_end *server;
	struct envoi__websocket_opening *opening;
	struct envoi_transport *transport;
	struct envoi_failure failure; /* of the opening */
	int dones;
	struct envoi_transport_sink sink;
	struct envoi_buffer log;
	bool pauses_at_element, destroys_at_element, restarts_at_element;
};

/* --- events --- */

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

/* --- the fixture --- */

static int open_transport(struct fixture *f)
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

static int setup(void **state)
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
	assert_int_equal(open_transport(f), ENVOI_OK);
	*state = f;
	return 0;
}

static int teardown(void **state)
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

static void run(struct fixture *f)
{
	assert_int_equal(envoi_loop_simulated_run_for(f->loop, 10), ENVOI_OK);
}

static void run_for(struct fixture *f, uint64_t ms)
{
	assert_int_equal(envoi_loop_simulated_run_for(f->loop, ms), ENVOI_OK);
}

/* To a client that may have closed the connection. */
static void send_bytes(struct fixture *f, const void *data, size_t len)
{
	int r = envoi_memory_end_send(f->server, data, len);
	assert_true(r == ENVOI_OK || r == ENVOI_ERR_STATE);
	run(f);
}

/* What the client has sent; unmasked by the caller. */
static size_t take(struct fixture *f, char *data, size_t size)
{
	struct envoi_buffer *received = envoi_memory_end_received(f->server);
	size_t len = envoi_buffer_len(received);
	assert_true(len < size);
	memcpy(data, envoi_buffer_data(received), len);
	data[len] = '\0';
	envoi_buffer_consume(received, len);
	return len;
}

/* One frame of a server. */
static size_t make_frame(unsigned char *to, int first, const void *data, size_t len)
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

static void send_frame(struct fixture *f, int first, const char *text)
{
	unsigned char frame[20000];
	send_bytes(f, frame, make_frame(frame, first, text, strlen(text)));
}

static void expect_log(struct fixture *f, const char *log)
{
	assert_int_equal(envoi_buffer_append(&f->log, "", 1), ENVOI_OK);
	assert_string_equal(envoi_buffer_data(&f->log), log);
	envoi_buffer_finish(&f->log);
}

/* @return the opcode; the payload is unmasked with the mask of fill_random() */
static int take_frame(struct fixture *f, char *payload, size_t size)
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

static void expect_frame(struct fixture *f, int first, const char *payload)
{
	char text[4096];
	int got = take_frame(f, text, sizeof(text));
	assert_string_equal(text, payload);
	assert_int_equal(got, first);
}

static void expect_close(struct fixture *f, int status)
{
	char text[4096];
	assert_int_equal(take_frame(f, text, sizeof(text)), CLOSE);
	assert_int_equal(((unsigned char)text[0] << 8) | (unsigned char)text[1], status);
	assert_int_equal(envoi_buffer_len(envoi_memory_end_received(f->server)), 0);
}

/* For the key that fill_random() makes: 16 times 0x5a. */
static const char good_response[] =
	"HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: WebSocket\r\n"
	"Sec-WebSocket-Accept: %s\r\nSec-WebSocket-Protocol: xmpp\r\n\r\n";

/* By RFC 6455, section 1.3, computed with sha1sum(1) and base64(1). */
static const char accept_value[] = "1nwQI3IBoftOh+fG2YorpTWcrHs=";

static void respond(struct fixture *f)
{
	char text[512];
	snprintf(text, sizeof(text), good_response, accept_value);
	send_bytes(f, text, strlen(text));
}

static void start(struct fixture *f)
{
	char text[4096];
	run(f);
	take(f, text, sizeof(text));
	respond(f);
	assert_int_equal(f->dones, 1);
	assert_non_null(f->transport);
	assert_int_equal(envoi_transport_start(f->transport, &f->sink), ENVOI_OK);
	run(f);
}

static const char server_open[] =
	"<open xmlns='urn:ietf:params:xml:ns:xmpp-framing' from='example.org' id='i' "
	"version='1.0'/>";

static void start_and_open(struct fixture *f)
{
	const struct envoi_stream_head head = {
		.to = "example.org", .version = "1.0", .content_ns = ENVOI_NS_CLIENT};
	char text[4096];
	start(f);
	assert_int_equal(f->transport->impl->send_head(f->transport, &head), ENVOI_OK);
	run(f);
	(void)take_frame(f, text, sizeof(text));
	send_frame(f, TEXT, server_open);
	expect_log(f, "opened example.org i\n");
}

/* --- the handshake --- */

/* RFC 6455, section 4.1; RFC 7395, section 3.1. */
static void the_request_names_host_key_and_subprotocol(void **state)
{
	struct fixture *f = *state;
	char text[4096];
	run(f);
	take(f, text, sizeof(text));
	assert_string_equal(text,
		"GET /xmpp?x HTTP/1.1\r\nHost: example.org:5280\r\nConnection: Upgrade\r\n"
		"Upgrade: websocket\r\nSec-WebSocket-Version: 13\r\n"
		"Sec-WebSocket-Key: WlpaWlpaWlpaWlpaWlpaWg==\r\nSec-WebSocket-Protocol: xmpp\r\n\r\n");
	respond(f);
	assert_int_equal(f->dones, 1);
	assert_non_null(f->transport);
	assert_string_equal(f->transport->impl->name, "websocket");
	assert_false(f->transport->impl->is_secure(f->transport));
	assert_null(f->transport->impl->start_tls);
	assert_int_equal(f->transport->writing, ENVOI_WRITING_ALONE);
}

/* The key and its answer of RFC 6455, section 1.3. */
static void the_answer_of_the_rfc_is_accepted(void **state)
{
	(void)state;
	struct envoi_context *context;
	struct envoi__http_head head = {.status = 0};
	char text[ENVOI__WEBSOCKET_TEXT_SIZE];
	char response[512];
	assert_int_equal(envoi_context_new(&context, NULL), ENVOI_OK);
	envoi_buffer_init(&head.fields, context, 0);
	snprintf(response, sizeof(response), good_response, "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=");
	assert_int_equal(envoi__http_head_read(&head, true, response, strlen(response)), ENVOI_OK);
	assert_int_equal(
		envoi__websocket_check_response(&head, "dGhlIHNhbXBsZSBub25jZQ==", text), ENVOI_OK);
	assert_int_equal(envoi__websocket_check_response(&head, "DGhlIHNhbXBsZSBub25jZQ==", text),
		ENVOI_ERR_PROTOCOL);
	envoi_buffer_finish(&head.fields);
	envoi_context_unref(context);
}

static void expect_refusal(struct fixture *f, const char *response, int code, const char *text)
{
	run(f);
	send_bytes(f, response, strlen(response));
	run_for(f, 2 * SECOND);
	assert_int_equal(f->dones, 1);
	assert_null(f->transport);
	assert_int_equal(f->failure.code, code);
	assert_int_equal(f->failure.phase, ENVOI_PHASE_CONNECT);
	assert_non_null(strstr(f->failure.text, text));
}

static void other_answers_are_refused(void **state)
{
	static const struct {
		const char *response;
		int code;
		const char *text;
	} rows[] = {
		{"HTTP/1.1 404 Not Found\r\nContent-Length: 100000\r\n\r\n", ENVOI_ERR_PROTOCOL,
			"the server answered \"404 Not Found\", not with WebSocket"},
		{"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello", ENVOI_ERR_PROTOCOL,
			"\"200 OK\""},
		{"HTTP/1.1 302 Found\r\nLocation: http://elsewhere.example/\r\n\r\n",
			ENVOI_ERR_PROTOCOL, "names http://elsewhere.example/"},
		{"HTTP/1.1 101 x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
		 "Sec-WebSocket-Protocol: xmpp\r\n\r\n",
			ENVOI_ERR_PROTOCOL, "did not accept"},
		{"HTTP/1.1 101 x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
		 "Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n"
		 "Sec-WebSocket-Protocol: xmpp\r\n\r\n",
			ENVOI_ERR_PROTOCOL, "did not accept"},
		{"HTTP/1.1 101 x\r\nConnection: Upgrade\r\nUpgrade: h2c\r\n\r\n",
			ENVOI_ERR_PROTOCOL, "another protocol"},
		{"HTTP/1.1 101 x\r\nConnection: close\r\nUpgrade: websocket\r\n\r\n",
			ENVOI_ERR_PROTOCOL, "another protocol"},
		{"HTTP/1.1 101 x\r\nContent-Length: 3\r\n\r\n", ENVOI_ERR_PROTOCOL,
			"a length in an interim response"},
		{"<?xml version='1.0'?>", ENVOI_ERR_PROTOCOL, "does not speak HTTP/1"},
		/* the body is not read: its coding does not hide the status */
		{"HTTP/1.1 503 Busy\r\nContent-Encoding: br\r\nContent-Length: 3\r\n\r\nabc",
			ENVOI_ERR_PROTOCOL, "\"503 Busy\""},
	};
	for (size_t i = 0; i < COUNT(rows); i++) {
		expect_refusal(*state, rows[i].response, rows[i].code, rows[i].text);
		teardown(state);
		setup(state);
	}
}

/* RFC 6455, section 4.1, 6: the answered subprotocol is one of those requested. RFC 7395, 3.1. */
static void other_subprotocols_and_extensions_are_refused(void **state)
{
	static const char *const rows[] = {
		"",
		"Sec-WebSocket-Protocol: chat, xmpp\r\n",
		"Sec-WebSocket-Protocol: XMPP\r\n",
		"Sec-WebSocket-Protocol: xmpp\r\nSec-WebSocket-Protocol: xmpp\r\n",
		"Sec-WebSocket-Protocol: xmpp\r\nSec-WebSocket-Extensions: permessage-deflate\r\n",
	};
	for (size_t i = 0; i < COUNT(rows); i++) {
		char response[512];
		snprintf(response, sizeof(response),
			"HTTP/1.1 101 x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
			"Sec-WebSocket-Accept: %s\r\n%s\r\n",
			accept_value, rows[i]);
		expect_refusal(*state, response, ENVOI_ERR_PROTOCOL, "the server");
		teardown(state);
		setup(state);
	}
}

static void a_silent_server_is_given_up(void **state)
{
	struct fixture *f = *state;
	run_for(f, TIMEOUT - SECOND);
	assert_int_equal(f->dones, 0);
	run_for(f, 2 * SECOND);
	assert_int_equal(f->dones, 1);
	assert_null(f->transport);
	assert_int_equal(f->failure.code, ENVOI_ERR_TIMEOUT);
}

static void a_head_without_end_is_given_up(void **state)
{
	struct fixture *f = *state;
	char line[256];
	run(f);
	send_bytes(f, "HTTP/1.1 101 x\r\n", 16);
	memset(line, 'x', sizeof(line));
	memcpy(line, "X:", 2);
	memcpy(line + sizeof(line) - 2, "\r\n", 2);
	for (int i = 0; i < 100 && f->dones == 0; i++) {
		send_bytes(f, line, sizeof(line));
	}
	run_for(f, SECOND);
	assert_int_equal(f->dones, 1);
	assert_int_equal(f->failure.code, ENVOI_ERR_LIMIT);
}

static void an_end_in_the_handshake_is_a_failure(void **state)
{
	struct fixture *f = *state;
	run(f);
	send_bytes(f, "HTTP/1.1 101", 12);
	envoi_memory_end_shut_down(f->server);
	run_for(f, 2 * SECOND);
	assert_int_equal(f->dones, 1);
	assert_int_equal(f->failure.code, ENVOI_ERR_DISCONNECTED);
}

/* The server may send frames with its answer. */
static void frames_behind_the_answer_are_read(void **state)
{
	struct fixture *f = *state;
	char text[1024];
	unsigned char frame[512];
	run(f);
	snprintf(text, sizeof(text), good_response, accept_value);
	size_t len = strlen(text),
	       frame_len = make_frame(frame, TEXT, server_open, strlen(server_open));
	memcpy(text + len, frame, frame_len);
	send_bytes(f, text, len + frame_len);
	assert_non_null(f->transport);
	assert_int_equal(envoi_transport_start(f->transport, &f->sink), ENVOI_OK);
	run(f);
	expect_log(f, "opened example.org i\n");
}

/* --- elements --- */

/* RFC 7395, section 3.4. */
static void each_element_is_a_frame(void **state)
{
	struct fixture *f = *state;
	const struct envoi_stream_head head = {.from = "juliet@example.org",
		.to = "example.org",
		.lang = "en",
		.version = "1.0",
		.content_ns = ENVOI_NS_CLIENT};
	start(f);
	const struct envoi_transport_impl *impl = f->transport->impl;
	assert_int_equal(impl->send_head(f->transport, &head), ENVOI_OK);
	assert_int_equal(impl->send_element(f->transport, "<a xmlns='urn:a'/>", 18), ENVOI_OK);
	assert_int_equal(impl->keepalive(f->transport), ENVOI_OK);
	run(f);
	expect_frame(f, TEXT,
		"<open xmlns='urn:ietf:params:xml:ns:xmpp-framing' from='juliet@example.org' "
		"to='example.org' version='1.0' xml:lang='en'/>");
	expect_frame(f, TEXT, "<a xmlns='urn:a'/>");
	assert_int_equal(impl->keepalive(f->transport), ENVOI_OK);
	run(f);
	expect_frame(f, PING, "");
	assert_int_equal(impl->send_tail(f->transport), ENVOI_OK);
	run(f);
	expect_frame(f, TEXT, "<close xmlns='urn:ietf:params:xml:ns:xmpp-framing'/>");
	impl->close(f->transport, 1000);
	run(f);
	expect_close(f, ENVOI__WEBSOCKET_NORMAL);
	run_for(f, 2 * SECOND);
	expect_log(f, "closed ENVOI_OK \n");
}

static void messages_become_elements(void **state)
{
	struct fixture *f = *state;
	start_and_open(f);
	send_frame(f, TEXT, "<message xmlns='jabber:client'><body>a</body></message>");
	send_frame(f, TEXT, "<x:y xmlns:x='urn:x'/>");
	/* RFC 7395, section 3.3.3: a declaration is not recommended, but allowed */
	send_frame(f, TEXT, "<?xml version='1.0'?><presence xmlns='jabber:client'/>");
	send_frame(f, TEXT, "<?xml version='1.0' encoding='UTF-8'?><a/>");
	send_frame(f, TEXT, "<close xmlns='urn:ietf:params:xml:ns:xmpp-framing'></close>");
	expect_log(f,
		"<message><body>a</body></message>\n<y xmlns='urn:x'/>\n<presence/>\n<a/>\nended\n");
}

/* RFC 6455, section 5.4: control frames come between fragments. */
static void fragments_make_one_element(void **state)
{
	struct fixture *f = *state;
	start_and_open(f);
	send_frame(f, PART, "<mess");
	send_frame(f, PING, "1");
	send_frame(f, MORE, "");
	send_frame(f, MORE, "age><body>a</bo");
	expect_log(f, "");
	send_frame(f, LAST, "dy></message>");
	expect_log(f, "<message><body>a</body></message>\n");
	expect_frame(f, PONG, "1");
}

static void what_comes_byte_by_byte_is_the_same(void **state)
{
	struct fixture *f = *state;
	unsigned char frame[1024];
	start_and_open(f);
	size_t len = make_frame(frame, TEXT, "<message/>", 10);
	len += make_frame(frame + len, PING, "ab", 2);
	len += make_frame(frame + len, PONG, "", 0);
	len += make_frame(frame + len, TEXT, "<presence/>", 11);
	for (size_t i = 0; i < len; i++) {
		send_bytes(f, frame + i, 1);
	}
	expect_log(f, "<message/>\n<presence/>\n");
	expect_frame(f, PONG, "ab");
}

static void a_pause_holds_messages_back(void **state)
{
	struct fixture *f = *state;
	unsigned char frame[1024];
	start_and_open(f);
	f->pauses_at_element = true;
	size_t len = make_frame(frame, TEXT, "<message/>", 10);
	len += make_frame(frame + len, TEXT, "<presence/>", 11);
	send_bytes(f, frame, len);
	expect_log(f, "<message/>\n");
	f->transport->impl->resume(f->transport);
	run(f);
	expect_log(f, "<presence/>\n");
}

static void the_transport_may_be_destroyed_in_a_message(void **state)
{
	struct fixture *f = *state;
	unsigned char frame[1024];
	start_and_open(f);
	f->destroys_at_element = true;
	size_t len = make_frame(frame, TEXT, "<message/>", 10);
	len += make_frame(frame + len, TEXT, "<presence/>", 11);
	send_bytes(f, frame, len);
	expect_log(f, "<message/>\n");
}

/* RFC 7395, section 3.7. */
static void a_restart_needs_a_new_open(void **state)
{
	struct fixture *f = *state;
	start_and_open(f);
	send_frame(f, TEXT, "<success xmlns='urn:ietf:params:xml:ns:xmpp-sasl'/>");
	assert_int_equal(f->transport->impl->restart(f->transport), ENVOI_OK);
	envoi_buffer_finish(&f->log);
	send_frame(f, TEXT, server_open);
	send_frame(f, TEXT, "<message/>");
	expect_log(f, "opened example.org i\n<message/>\n");
}

/* --- errors of the peer --- */

static void expect_error(struct fixture *f, const void *bytes, size_t len, const char *log,
	const char *stream_error, int status)
{
	start_and_open(f);
	send_bytes(f, bytes, len);
	if (stream_error != NULL) {
		char text[512];
		snprintf(text, sizeof(text),
			"<stream:error xmlns:stream='http://etherx.jabber.org/streams'><%s "
			"xmlns='urn:ietf:params:xml:ns:xmpp-streams'/></stream:error>",
			stream_error);
		expect_frame(f, TEXT, text);
		expect_frame(f, TEXT, "<close xmlns='urn:ietf:params:xml:ns:xmpp-framing'/>");
	}
	expect_close(f, status);
	run_for(f, 2 * SECOND);
	expect_log(f, log);
}

static void malformed_frames_are_answered_with_their_status(void **state)
{
	static const struct {
		const char *bytes;
		size_t len;
		const char *log;
		int status;
	} rows[] = {
		/* RFC 6455, section 5.2: reserved bits and opcodes */
		{"\xc1\x04<a/>", 6, "a WebSocket frame of an extension that was not requested",
			1002},
		{"\x83\x01x", 3, "a WebSocket frame of an extension that was not requested", 1002},
		{"\x8b\x00", 2, "a WebSocket frame of an extension that was not requested", 1002},
		/* section 5.1: servers do not mask */
		{"\x81\x84\0\0\0\0<a/>", 10, "a WebSocket frame of a server with a mask", 1002},
		/* RFC 7395, section 3.2 */
		{"\x82\x04<a/>", 6, "a WebSocket message that is not text", 1003},
		/* section 5.4 */
		{"\x80\x04<a/>", 6, "a WebSocket frame that continues no message", 1002},
		{"\x01\x02<a\x81\x02/>", 8, "a WebSocket message within another", 1002},
		/* section 5.5 */
		{"\x09\x00", 2, "a malformed WebSocket frame", 1002},
		{"\x89\x7e\x00\x7e", 4, "a malformed WebSocket frame", 1002},
		/* section 5.2: the shortest form of a length */
		{"\x81\x7e\x00\x04<a/>", 8, "a malformed WebSocket frame", 1002},
		{"\x81\x7f\0\0\0\0\0\0\0\x04<a/>", 14, "a malformed WebSocket frame", 1002},
		{"\x81\x7f\x80\0\0\0\0\0\0\0", 10, "a malformed WebSocket frame", 1002},
		/* section 5.5.1, section 7.4 */
		{"\x88\x01x", 3, "a malformed Close frame", 1002},
		{"\x88\x02\x03\xe7", 4, "a malformed Close frame", 1002},
		{"\x88\x02\x03\xed", 4, "a malformed Close frame", 1002},
		{"\x88\x02\x13\x88", 4, "a malformed Close frame", 1002},
	};
	for (size_t i = 0; i < COUNT(rows); i++) {
		char log[256];
		snprintf(log, sizeof(log), "closed ENVOI_ERR_PROTOCOL %s\n", rows[i].log);
		expect_error(*state, rows[i].bytes, rows[i].len, log, NULL, rows[i].status);
		teardown(state);
		setup(state);
	}
}

/* RFC 7395, section 3.3.3: one message, one element, and no white space. */
static void messages_that_are_no_element_are_refused(void **state)
{
	static const struct {
		const char *text, *log, *condition;
		int status;
	} rows[] = {
		{"", "ENVOI_ERR_XML not-well-formed a WebSocket message that is not a whole element",
			"not-well-formed", 1007},
		{" ",
			"ENVOI_ERR_XML not-well-formed a WebSocket message that does not begin with a "
			"tag",
			"not-well-formed", 1007},
		{"<", "ENVOI_ERR_XML not-well-formed a WebSocket message that is not a whole element",
			"not-well-formed", 1007},
		{"<?xml version='1.0'?>",
			"ENVOI_ERR_XML not-well-formed a WebSocket message that is not a whole element",
			"not-well-formed", 1007},
		{"<message>",
			"ENVOI_ERR_XML not-well-formed a WebSocket message that is not a whole element",
			"not-well-formed", 1007},
	};
	for (size_t i = 0; i < COUNT(rows); i++) {
		char log[256];
		unsigned char frame[512];
		struct fixture *f = *state;
		snprintf(log, sizeof(log), "closed %s\n", rows[i].log);
		size_t len = make_frame(frame, TEXT, rows[i].text, strlen(rows[i].text));
		/* what follows is not read */
		len += make_frame(frame + len, TEXT, "<a/>", 4);
		expect_error(f, frame, len, log, rows[i].condition, rows[i].status);
		teardown(state);
		setup(state);
	}
}

static void two_elements_in_a_message_are_refused(void **state)
{
	struct fixture *f = *state;
	start_and_open(f);
	send_frame(f, TEXT, "<a/><b/>");
	send_frame(f, TEXT, "<c/>");
	run_for(f, 2 * SECOND);
	expect_log(f,
		"<a/>\n<b/>\nclosed ENVOI_ERR_XML not-well-formed a WebSocket message with two "
		"elements\n");
}

static void the_stream_begins_with_open(void **state)
{
	struct fixture *f = *state;
	start(f);
	send_frame(f, TEXT, "<message/>");
	run_for(f, 2 * SECOND);
	expect_log(f,
		"closed ENVOI_ERR_PROTOCOL bad-format the stream does not begin with its header\n");
	teardown(state);
	setup(state);
	f = *state;
	start_and_open(f);
	send_frame(f, TEXT, server_open);
	run_for(f, 2 * SECOND);
	expect_log(f, "closed ENVOI_ERR_PROTOCOL bad-format a second beginning of the stream\n");
	teardown(state);
	setup(state);
	f = *state;
	start_and_open(f);
	send_frame(f, TEXT, "</stream:stream>");
	run_for(f, 2 * SECOND);
	expect_log(f,
		"closed ENVOI_ERR_PROTOCOL bad-format the stream does not begin with its header\n");
}

/* RFC 6455, section 10.4: refused by its head. */
static void a_message_over_the_limit_is_refused_before_it_is_kept(void **state)
{
	static const char huge[] = "\x81\x7f\x00\x00\x01\x00\x00\x00\x00\x00<";
	struct fixture *f = *state;
	expect_error(f, huge, sizeof(huge) - 1,
		"closed ENVOI_ERR_LIMIT policy-violation a WebSocket message larger than the limit of "
		"an element\n",
		"policy-violation", ENVOI__WEBSOCKET_TOO_BIG);
}

static void fragments_are_summed_up(void **state)
{
	struct fixture *f = *state;
	unsigned char frame[1100];
	char data[1000];
	memset(data, 'x', sizeof(data));
	memcpy(data, "<a>", 3);
	start_and_open(f);
	send_bytes(f, frame, make_frame(frame, PART, data, sizeof(data)));
	memset(data, 'x', sizeof(data));
	size_t before = f->allocator.bytes;
	for (int i = 0; i < 20; i++) {
		send_bytes(f, frame, make_frame(frame, MORE, data, sizeof(data)));
	}
	run_for(f, 2 * SECOND);
	assert_true(f->allocator.most_bytes < before + 65536);
	expect_log(f,
		"closed ENVOI_ERR_LIMIT policy-violation a WebSocket message larger than the limit of "
		"an element\n");
}

/* --- control frames --- */

/* RFC 6455, section 5.5.3: of several pings the latest is answered; memory does not grow. */
static void pongs_do_not_fill_the_memory(void **state)
{
	struct fixture *f = *state;
	unsigned char frames[16000];
	char payload[126], text[256];
	const struct envoi_memory_script narrow = {
		.cut_at = ENVOI_MEMORY_NEVER, .stall_at = ENVOI_MEMORY_NEVER, .window_bytes = 1000};
	size_t len = 0;
	memset(payload, 'x', sizeof(payload));
	start_and_open(f);
	envoi_memory_end_pause(f->server, true);
	envoi_memory_pair_script(f->pair, ENVOI_MEMORY_A, &narrow);
	for (int i = 0; i < 100; i++) {
		len += make_frame(frames + len, PING, payload, 125);
	}
	send_bytes(f, frames, len);
	size_t before = f->allocator.bytes;
	for (int i = 0; i < 200; i++) {
		send_bytes(f, frames, len);
	}
	assert_true(f->allocator.bytes <= before + 1024);
	send_frame(f, PING, "the last");
	envoi_memory_end_pause(f->server, false);
	run(f);
	int frames_read = 0;
	while (envoi_buffer_len(envoi_memory_end_received(f->server)) > 0) {
		assert_int_equal(take_frame(f, text, sizeof(text)), PONG);
		frames_read++;
		run(f);
	}
	assert_string_equal(text, "the last");
	assert_true(frames_read < 100);
}

/* The pong waits behind output that is blocked, and no input follows. */
static void a_pong_that_had_to_wait_is_sent(void **state)
{
	struct fixture *f = *state;
	const struct envoi_memory_script narrow = {
		.cut_at = ENVOI_MEMORY_NEVER, .stall_at = ENVOI_MEMORY_NEVER, .window_bytes = 1000};
	char xml[10000], text[11000];
	memset(xml, 'x', sizeof(xml));
	memcpy(xml, "<a>", 3);
	memcpy(xml + sizeof(xml) - 4, "</a>", 4);
	start_and_open(f);
	envoi_memory_end_pause(f->server, true);
	envoi_memory_pair_script(f->pair, ENVOI_MEMORY_A, &narrow);
	assert_int_equal(
		f->transport->impl->send_element(f->transport, xml, sizeof(xml)), ENVOI_OK);
	run(f);
	send_frame(f, PING, "1");
	envoi_memory_end_pause(f->server, false);
	run_for(f, SECOND);
	assert_int_equal(take_frame(f, text, sizeof(text)), TEXT);
	expect_frame(f, PONG, "1");
}

/* RFC 6455, section 5.5: a control frame may follow any message, in the same piece. */
static void a_control_frame_before_a_restart_is_none_of_the_stream(void **state)
{
	struct fixture *f = *state;
	unsigned char frame[1024];
	start_and_open(f);
	f->restarts_at_element = true;
	size_t len = make_frame(frame, TEXT, "<success/>", 10);
	len += make_frame(frame + len, PING, "ab", 2);
	len += make_frame(frame + len, PONG, "", 0);
	frame[len++] = PING; /* the first byte of another */
	send_bytes(f, frame, len);
	expect_log(f, "<success/>\nrestart ENVOI_OK\n");
	expect_frame(f, PONG, "ab");
	send_bytes(f, "", 1); /* its length: 0 */
	expect_frame(f, PONG, "");
	send_frame(f, TEXT, server_open);
	expect_log(f, "opened example.org i\n");
}

static void a_message_before_a_restart_is_refused(void **state)
{
	struct fixture *f = *state;
	unsigned char frame[1024];
	start_and_open(f);
	f->restarts_at_element = true;
	size_t len = make_frame(frame, TEXT, "<success/>", 10);
	len += make_frame(frame + len, PING, "ab", 2);
	len += make_frame(frame + len, TEXT, server_open, strlen(server_open));
	send_bytes(f, frame, len);
	f->restarts_at_element = false;
	assert_int_equal(envoi_buffer_append(&f->log, "", 1), ENVOI_OK);
	assert_non_null(strstr(envoi_buffer_data(&f->log), "restart ENVOI_ERR_PROTOCOL\n"));
}

static void a_close_before_a_restart_ends_the_connection(void **state)
{
	struct fixture *f = *state;
	unsigned char frame[1024];
	start_and_open(f);
	f->restarts_at_element = true;
	size_t len = make_frame(frame, TEXT, "<success/>", 10);
	len += make_frame(frame + len, CLOSE, "\x03\xe9", 2);
	send_bytes(f, frame, len);
	run_for(f, 2 * SECOND);
	expect_log(f,
		"<success/>\nrestart ENVOI_OK\nclosed ENVOI_ERR_DISCONNECTED the peer closed the "
		"WebSocket: status 1001, going away\n");
}

static void the_peer_s_close_is_returned_to_it(void **state)
{
	static const struct {
		const char *bytes;
		size_t len;
		const char *log;
		const char *answer; /* 2 bytes; NULL: none */
	} rows[] = {
		{"\x88\x02\x03\xe9", 4, "status 1001, going away", "\x03\xe9"},
		{"\x88\x05\x0f\xa0why", 7, "status 4000", "\x0f\xa0"},
		{"\x88\x00", 2, "status 1005", NULL},
	};
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct fixture *f = *state;
		char log[256], text[256];
		start_and_open(f);
		send_bytes(f, rows[i].bytes, rows[i].len);
		/* what follows is not read */
		send_frame(f, TEXT, "<message/>");
		assert_int_equal(take_frame(f, text, sizeof(text)), CLOSE);
		assert_memory_equal(text, rows[i].answer != NULL ? rows[i].answer : "",
			rows[i].answer != NULL ? 3 : 1);
		run_for(f, 2 * SECOND);
		snprintf(log, sizeof(log),
			"closed ENVOI_ERR_DISCONNECTED the peer closed the WebSocket: %s\n",
			rows[i].log);
		expect_log(f, log);
		teardown(state);
		setup(state);
	}
}

/* The TCP connection stays open: the close has a bound. */
static void a_close_after_the_stream_is_orderly(void **state)
{
	struct fixture *f = *state;
	start_and_open(f);
	send_frame(f, TEXT, "<close xmlns='urn:ietf:params:xml:ns:xmpp-framing'/>");
	send_bytes(f, "\x88\x02\x03\xe8", 4);
	assert_int_equal(f->transport->impl->send_tail(f->transport), ENVOI_OK);
	f->transport->impl->close(f->transport, 5 * SECOND);
	run(f);
	expect_frame(f, TEXT, "<close xmlns='urn:ietf:params:xml:ns:xmpp-framing'/>");
	expect_close(f, ENVOI__WEBSOCKET_NORMAL);
	run_for(f, 6 * SECOND);
	expect_log(f, "ended\nclosed ENVOI_OK \n");
}

static void a_message_that_does_not_end_has_a_deadline(void **state)
{
	struct fixture *f = *state;
	start_and_open(f);
	send_frame(f, PART, "<mess");
	for (int i = 0; i < 12; i++) {
		run_for(f, 10 * SECOND);
		send_frame(f, MORE, "s");
	}
	run_for(f, 5 * SECOND);
	expect_log(f,
		"closed ENVOI_ERR_TIMEOUT policy-violation the peer did not end an element that it "
		"began within 120 s\n");
}

/* --- memory --- */

static int fail_everywhere(struct envoi_context *context)
{
	struct envoi__framing *framing;
	int r = envoi__websocket_framing_new(&framing, context, ENVOI_INITIATOR, NULL);
	if (r < 0) {
		return r;
	}
	struct envoi_buffer out;
	envoi_buffer_init(&out, context, 0);
	r = framing->impl->element(framing, &out, "<a/>", 4);
	assert_int_equal(envoi_buffer_len(&out), r < 0 ? 0 : 10);
	if (r == ENVOI_OK) {
		r = framing->impl->received(framing, "\x81\x04<a/>", 6);
	}
	envoi_buffer_finish(&out);
	framing->impl->destroy(framing);
	return r;
}

static void every_failed_allocation_is_reported(void **state)
{
	(void)state;
	assert_true(test_allocator_try(fail_everywhere) > 3);
}

/* --- the connector --- */

static void on_connected(
	void *user, struct envoi_transport *transport, const struct envoi_failure *failure)
{
	(void)user;
	(void)transport;
	(void)failure;
	fail();
}

/* A `wss:` URL needs TLS, and a `ws:` URL that there is none. */
static void only_urls_that_fit_are_connected_to(void **state)
{
	struct fixture *f = *state;
	struct envoi_connector *connector;
	struct envoi_tls_config *tls;
	assert_int_equal(envoi_websocket_connector_new(&connector, f->context), ENVOI_OK);
	assert_int_equal(envoi_tls_config_new(&tls, f->context, NULL), ENVOI_OK);
	const struct {
		const char *url;
		struct envoi_tls_config *tls;
		int result;
	} rows[] = {
		{NULL, tls, ENVOI_ERR_UNSUPPORTED},
		{"https://example.org/", tls, ENVOI_ERR_UNSUPPORTED},
		{"example.org", tls, ENVOI_ERR_UNSUPPORTED},
		{"ws://example.org/", tls, ENVOI_ERR_INVALID},
		{"wss://example.org/", NULL, ENVOI_ERR_INVALID},
		{"wss://user@example.org/", tls, ENVOI_ERR_INVALID},
		{"wss://example.org/", tls, ENVOI_OK},
		{"ws://example.org/", NULL, ENVOI_OK},
	};
	for (size_t i = 0; i < COUNT(rows); i++) {
		const struct envoi_target target = {
			.domain = "example.org", .url = rows[i].url, .tls = rows[i].tls};
		assert_int_equal(connector->impl->connect(connector, &target, on_connected, f),
			rows[i].result);
		connector->impl->cancel(connector);
	}
	envoi_tls_config_unref(tls);
	envoi_connector_destroy(connector);
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(the_request_names_host_key_and_subprotocol),
		cmocka_unit_test(the_answer_of_the_rfc_is_accepted),
		CASE(other_answers_are_refused),
		CASE(other_subprotocols_and_extensions_are_refused),
		CASE(a_silent_server_is_given_up),
		CASE(a_head_without_end_is_given_up),
		CASE(an_end_in_the_handshake_is_a_failure),
		CASE(frames_behind_the_answer_are_read),
		CASE(each_element_is_a_frame),
		CASE(messages_become_elements),
		CASE(fragments_make_one_element),
		CASE(what_comes_byte_by_byte_is_the_same),
		CASE(a_pause_holds_messages_back),
		CASE(the_transport_may_be_destroyed_in_a_message),
		CASE(a_restart_needs_a_new_open),
		CASE(malformed_frames_are_answered_with_their_status),
		CASE(messages_that_are_no_element_are_refused),
		CASE(two_elements_in_a_message_are_refused),
		CASE(the_stream_begins_with_open),
		CASE(a_message_over_the_limit_is_refused_before_it_is_kept),
		CASE(fragments_are_summed_up),
		CASE(pongs_do_not_fill_the_memory),
		CASE(a_pong_that_had_to_wait_is_sent),
		CASE(a_control_frame_before_a_restart_is_none_of_the_stream),
		CASE(a_message_before_a_restart_is_refused),
		CASE(a_close_before_a_restart_ends_the_connection),
		CASE(the_peer_s_close_is_returned_to_it),
		CASE(a_close_after_the_stream_is_orderly),
		CASE(a_message_that_does_not_end_has_a_deadline),
		CASE(only_urls_that_fit_are_connected_to),
		cmocka_unit_test(every_failed_allocation_is_reported),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
