/*
 * envoi - WebSocket, the receiving side: from a request to a transport: tests
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

#include <envoi/interfaces/transport.h>
#include <envoi/websocket.h>

#include "web_fixture.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

enum {
	/* the first byte of a frame (RFC 6455, section 5.2) */
	TEXT = 0x81,
	PART = 0x01,
	MORE = 0x00,
	LAST = 0x80,
	BINARY = 0x82,
	CLOSE = 0x88,
	PING = 0x89,
	PONG = 0x8a,
};

/* The key and its answer are those of RFC 6455, section 1.3. */
#define HEAD \
	"GET /xmpp HTTP/1.1\r\nHost: example.org\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
#define KEY "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
#define VERSION "Sec-WebSocket-Version: 13\r\n"
#define PROTOCOL "Sec-WebSocket-Protocol: xmpp\r\n"
#define ACCEPTED \
	"HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n" \
	"Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n" \
	"Sec-WebSocket-Protocol: xmpp\r\n\r\n"
#define OPEN "<open xmlns='urn:ietf:params:xml:ns:xmpp-framing' to='example.org' version='1.0'/>"

struct world {
	struct envoi_transport_sink sink;
	struct web_fixture *f;
	struct envoi_transport *transport;
	char log[2000];
	bool destroys_at_element;
};

/* --- the sink --- */

static void note(struct world *world, const char *text)
{
	size_t len = strlen(world->log);
	snprintf(world->log + len, sizeof(world->log) - len, "%s\n", text);
}

static struct world *world_of(struct envoi_transport_sink *sink)
{
	return ENVOI_CONTAINER_OF(sink, struct world, sink);
}

static void on_opened(struct envoi_transport_sink *sink, const struct envoi_stream_head *head)
{
	char text[100];
	snprintf(text, sizeof(text), "opened to=%s version=%s", head->to, head->version);
	note(world_of(sink), text);
}

static void on_element(struct envoi_transport_sink *sink, struct envoi_element *element)
{
	struct world *world = world_of(sink);
	note(world, envoi_element_name(element));
	if (world->destroys_at_element) {
		envoi_transport_destroy(world->transport);
		world->transport = NULL;
	}
}

static void on_ended(struct envoi_transport_sink *sink)
{
	note(world_of(sink), "ended");
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
	char text[300];
	snprintf(text, sizeof(text), "closed %s", envoi_error_name(why->code));
	note(world_of(sink), text);
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

/* --- the world --- */

static void upgrade(struct web_fixture *f, const struct envoi_web_request *request)
{
	struct world *world = f->user;
	(void)request;
	int r = envoi_websocket_accept(&world->transport, f->connection);
	if (r == ENVOI_OK) {
		f->connection = NULL;
		r = envoi_transport_start(world->transport, &world->sink);
	}
	assert_true(r == ENVOI_OK || r == ENVOI_DECLINED || r == ENVOI_ERR_NOMEM);
	if (r == ENVOI_ERR_NOMEM && world->transport == NULL) {
		f->connection = NULL;
	}
}

static int setup(void **state)
{
	struct world *world = calloc(1, sizeof(*world));
	void *own = NULL;
	assert_non_null(world);
	web_setup(&own);
	world->sink.impl = &sink_impl;
	world->f = own;
	world->f->user = world;
	world->f->act = upgrade;
	*state = world;
	return 0;
}

static int teardown(void **state)
{
	struct world *world = *state;
	void *own = world->f;
	envoi_transport_destroy(world->transport);
	web_teardown(&own);
	free(world);
	return 0;
}

/* @param mask  NULL: none @return its length */
static size_t make_frame(unsigned char *to, int first, const void *data, size_t len, bool is_masked)
{
	static const unsigned char mask[] = {1, 2, 3, 4};
	const unsigned char *bytes = data;
	size_t at = 2;
	to[0] = (unsigned char)first;
	to[1] = (unsigned char)((len < 126 ? len : 126) | (is_masked ? 0x80 : 0));
	if (len >= 126) {
		to[at++] = (unsigned char)(len >> 8);
		to[at++] = (unsigned char)len;
	}
	if (is_masked) {
		memcpy(to + at, mask, sizeof(mask));
		at += sizeof(mask);
	}
	for (size_t i = 0; i < len; i++) {
		to[at + i] = (unsigned char)(bytes[i] ^ (is_masked ? mask[i % 4] : 0));
	}
	return at + len;
}

static void send_frame(struct world *world, int first, const char *text)
{
	unsigned char frame[4096];
	web_send_bytes(world->f, frame, make_frame(frame, first, text, strlen(text), true));
}

static void open_stream(struct world *world)
{
	web_send(world->f, HEAD KEY VERSION PROTOCOL "\r\n");
	assert_string_equal(web_received(world->f), ACCEPTED);
	send_frame(world, TEXT, OPEN);
	assert_string_equal(world->log, "opened to=example.org version=1.0\n");
	world->log[0] = '\0';
}

/* --- tests --- */

static void a_request_becomes_a_transport(void **state)
{
	struct world *world = *state;
	open_stream(world);
	assert_string_equal(world->transport->impl->name, "websocket");
	assert_false(world->transport->impl->is_secure(world->transport));
	assert_null(world->transport->impl->start_tls);
	web_expect_log(world->f, "GET /xmpp []\n");
	const struct envoi_stream_head head = {
		.from = "example.org", .id = "1", .version = "1.0", .content_ns = ENVOI_NS_CLIENT};
	assert_int_equal(world->transport->impl->send_head(world->transport, &head), ENVOI_OK);
	web_run(world->f, 10);
	static const char open[] = "<open xmlns='urn:ietf:params:xml:ns:xmpp-framing' "
				   "from='example.org' id='1' version='1.0'/>";
	const char *received = web_received(world->f);
	assert_int_equal((unsigned char)received[0], TEXT);
	assert_int_equal((unsigned char)received[1], strlen(open)); /* section 5.1: no mask */
	assert_string_equal(received + 2, open);
	send_frame(world, TEXT, "<message xmlns='jabber:client'/>");
	send_frame(world, TEXT, "<close xmlns='urn:ietf:params:xml:ns:xmpp-framing'/>");
	assert_string_equal(world->log, "message\nended\n");
}

/* All that comes behind the request is for the transport. */
static void frames_may_come_with_the_request(void **state)
{
	struct world *world = *state;
	unsigned char bytes[4096];
	static const char request[] = HEAD KEY VERSION PROTOCOL "\r\n";
	size_t len = strlen(request);
	memcpy(bytes, request, len);
	len += make_frame(bytes + len, TEXT, OPEN, strlen(OPEN), true);
	len += make_frame(bytes + len, TEXT, "<a/>", 4, true);
	web_send_bytes(world->f, bytes, len);
	assert_string_equal(world->log, "opened to=example.org version=1.0\na\n");
	assert_string_equal(web_received(world->f), ACCEPTED);
}

static void fragments_make_one_element(void **state)
{
	struct world *world = *state;
	open_stream(world);
	send_frame(world, PART, "<a>");
	send_frame(world, PING, "x");
	send_frame(world, MORE, "1");
	send_frame(world, LAST, "</a>");
	assert_string_equal(world->log, "a\n");
	assert_memory_equal(web_received(world->f), "\x8a\x01x", 3);
}

static void other_requests_are_refused(void **state)
{
	static const struct {
		const char *request, *status;
	} cases[] = {
		{"GET / HTTP/1.1\r\nHost: a\r\n\r\n", "426"},
		{"GET / HTTP/1.1\r\nHost: a\r\nUpgrade: websocket\r\n" KEY VERSION PROTOCOL "\r\n",
			"426"},
		{"GET / HTTP/1.1\r\nHost: a\r\nUpgrade: h2c\r\nConnection: Upgrade\r\n" KEY VERSION
				PROTOCOL "\r\n",
			"426"},
		{HEAD KEY PROTOCOL "\r\n", "426"},
		{HEAD KEY PROTOCOL "Sec-WebSocket-Version: 8\r\n\r\n", "426"},
		{HEAD KEY VERSION VERSION PROTOCOL "\r\n", "426"},
		{HEAD VERSION PROTOCOL "\r\n", "400"},
		{HEAD KEY KEY VERSION PROTOCOL "\r\n", "400"},
		{HEAD VERSION PROTOCOL "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ=\r\n\r\n", "400"},
		{HEAD VERSION PROTOCOL "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZSBi\r\n\r\n",
			"400"},
		{HEAD VERSION PROTOCOL "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZB==\r\n\r\n",
			"400"},
		{HEAD KEY VERSION "\r\n", "400"},
		{HEAD KEY VERSION "Sec-WebSocket-Protocol: chat\r\n\r\n", "400"},
		{HEAD KEY VERSION "Sec-WebSocket-Protocol: xmpp2\r\n\r\n", "400"},
		{HEAD KEY VERSION PROTOCOL "Content-Length: 1\r\n\r\na", "400"},
		{"POST / HTTP/1.1\r\nHost: a\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n" KEY
				VERSION PROTOCOL "\r\n",
			"400"},
		{"GET / HTTP/1.0\r\nHost: a\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n" KEY
				VERSION PROTOCOL "\r\n",
			"400"},
	};
	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		void *own = NULL;
		char expected[64];
		setup(&own);
		struct world *world = own;
		web_send(world->f, cases[i].request);
		snprintf(expected, sizeof(expected), "HTTP/1.1 %s ", cases[i].status);
		const char *received = web_received(world->f);
		assert_int_equal(strncmp(received, expected, strlen(expected)), 0);
		assert_int_equal(strstr(received, "Sec-WebSocket-Version: 13\r\n") != NULL,
			strcmp(cases[i].status, "426") == 0);
		assert_null(world->transport);
		teardown(&own);
	}
}

/* RFC 7395, section 3.1: `xmpp` among others is selected; compression never is (RFC 7692). */
static void one_of_several_offers_is_accepted(void **state)
{
	struct world *world = *state;
	web_send(world->f,
		"GET /xmpp HTTP/1.1\r\nHost: example.org\r\nUpgrade: h2c, WebSocket\r\n"
		"Connection: keep-alive, upgrade\r\n" KEY VERSION
		"Sec-WebSocket-Protocol: chat, xmpp\r\n"
		"Sec-WebSocket-Extensions: permessage-deflate\r\n\r\n");
	assert_string_equal(web_received(world->f), ACCEPTED);
}

static void a_request_has_to_wait(void **state)
{
	struct world *world = *state;
	assert_int_equal(
		envoi_websocket_accept(&world->transport, world->f->connection), ENVOI_ERR_STATE);
	assert_null(world->transport);
}

/* Assert that the last that was sent is a close frame. */
static void expect_close(struct world *world, int status)
{
	struct envoi_buffer *received = envoi_memory_end_received(world->f->client);
	size_t len = envoi_buffer_len(received);
	const unsigned char *data = (const void *)envoi_buffer_data(received);
	assert_true(len >= 4);
	assert_int_equal(data[len - 4], CLOSE);
	assert_int_equal(data[len - 3], 2);
	assert_int_equal((data[len - 2] << 8) | data[len - 1], status);
}

static void hostile_frames_are_answered_with_their_status(void **state)
{
	static const char longest[130] = {'x'};
	static const struct {
		int first;
		const char *data;
		size_t len;
		bool has_no_mask;
		int status;
	} cases[] = {
		{TEXT, "<a/>", 4, true, 1002}, /* RFC 6455, section 5.1 */
		{PING, "", 0, true, 1002},
		{PING, longest, 126, false, 1002}, /* section 5.5 */
		{CLOSE, longest, 126, false, 1002},
		{PING & 0x0f, "", 0, false, 1002},
		{BINARY, "<a/>", 4, false, 1003}, /* RFC 7395, section 3.2 */
		{LAST, "<a/>", 4, false, 1002}, /* continues nothing */
		{TEXT | 0x40, "<a/>", 4, false, 1002}, /* compressed */
		{0x83, "", 0, false, 1002},
		{0x8b, "", 0, false, 1002},
		{CLOSE, "x", 1, false, 1002},
		{CLOSE, "\x03\xed", 2, false, 1002}, /* 1005 */
		{TEXT, "", 0, false, 1007},
		{TEXT, " ", 1, false, 1007},
		{TEXT, "<a>", 3, false, 1007},
		{TEXT, "<a/><b/>", 8, false, 1007},
	};
	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		unsigned char frame[300];
		void *own = NULL;
		setup(&own);
		struct world *world = own;
		open_stream(world);
		web_send_bytes(world->f, frame,
			make_frame(frame, cases[i].first, cases[i].data, cases[i].len,
				!cases[i].has_no_mask));
		expect_close(world, cases[i].status);
		teardown(&own);
	}
}

static void a_message_over_the_limit_is_refused_by_its_head(void **state)
{
	static const unsigned char head[] = {
		TEXT, 0xff, 0x3f, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 1, 2, 3, 4, '<' ^ 1};
	struct world *world = *state;
	open_stream(world);
	size_t before = world->f->allocator.most_bytes;
	web_send_bytes(world->f, head, sizeof(head));
	expect_close(world, 1009);
	assert_true(world->f->allocator.most_bytes < before + 65536);
}

static void frames_behind_the_close_frame_are_not_read(void **state)
{
	struct world *world = *state;
	unsigned char bytes[300];
	size_t len = make_frame(bytes, CLOSE, "\x03\xe8", 2, true);
	len += make_frame(bytes + len, TEXT, "<a/>", 4, true);
	open_stream(world);
	web_send_bytes(world->f, bytes, len);
	web_send_bytes(world->f, bytes, len);
	expect_close(world, 1000);
	web_run(world->f, 2 * WEB_SECOND);
	assert_string_equal(world->log, "closed ENVOI_ERR_DISCONNECTED\n");
}

static void the_transport_may_be_destroyed_in_an_element(void **state)
{
	struct world *world = *state;
	open_stream(world);
	world->destroys_at_element = true;
	send_frame(world, TEXT, "<a/>");
	assert_null(world->transport);
	assert_string_equal(world->log, "a\n");
}

static void failed_allocations_are_survived(void **state)
{
	bool is_open = false;
	(void)state;
	for (size_t fail_at = 1; !is_open; fail_at++) {
		struct web_fixture f = {.allocator.fail_at = fail_at, .act = upgrade};
		struct world world = {.sink.impl = &sink_impl, .f = &f};
		f.user = &world;
		if (web_begin(&f) == ENVOI_OK) {
			web_send(&f, HEAD KEY VERSION PROTOCOL "\r\n");
			is_open = world.transport != NULL && f.allocator.calls < fail_at;
		}
		envoi_transport_destroy(world.transport);
		web_end(&f);
		assert_int_equal(f.allocator.live, 0);
	}
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(a_request_becomes_a_transport),
		CASE(frames_may_come_with_the_request),
		CASE(fragments_make_one_element),
		cmocka_unit_test(other_requests_are_refused),
		CASE(one_of_several_offers_is_accepted),
		CASE(a_request_has_to_wait),
		cmocka_unit_test(hostile_frames_are_answered_with_their_status),
		CASE(a_message_over_the_limit_is_refused_by_its_head),
		CASE(frames_behind_the_close_frame_are_not_read),
		CASE(the_transport_may_be_destroyed_in_an_element),
		cmocka_unit_test(failed_allocations_are_survived),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
