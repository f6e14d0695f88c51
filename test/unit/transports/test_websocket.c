/*
 * envoi - WebSocket: messages and elements: tests
 * SPDX-License-Identifier: MIT
 *
 * Private headers: frames are below the public interface.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include <envoi/context.h>

#include "test_allocator.h"
#include "transport/bytestream/framing.h"
#include "websocket_control.h"
#include "websocket_fixture.h"
#include "websocket_framing.h"

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
	websocket_start(f);
	const struct envoi_transport_impl *impl = f->transport->impl;
	assert_int_equal(impl->send_head(f->transport, &head), ENVOI_OK);
	assert_int_equal(impl->send_element(f->transport, "<a xmlns='urn:a'/>", 18), ENVOI_OK);
	assert_int_equal(impl->keepalive(f->transport), ENVOI_OK);
	websocket_run(f);
	websocket_expect_frame(f, TEXT,
		"<open xmlns='urn:ietf:params:xml:ns:xmpp-framing' from='juliet@example.org' "
		"to='example.org' version='1.0' xml:lang='en'/>");
	websocket_expect_frame(f, TEXT, "<a xmlns='urn:a'/>");
	assert_int_equal(impl->keepalive(f->transport), ENVOI_OK);
	websocket_run(f);
	websocket_expect_frame(f, PING, "");
	assert_int_equal(impl->send_tail(f->transport), ENVOI_OK);
	websocket_run(f);
	websocket_expect_frame(f, TEXT, "<close xmlns='urn:ietf:params:xml:ns:xmpp-framing'/>");
	impl->close(f->transport, 1000);
	websocket_run(f);
	websocket_expect_close(f, ENVOI__WEBSOCKET_NORMAL);
	websocket_run_for(f, 2 * SECOND);
	websocket_expect_log(f, "closed ENVOI_OK \n");
}

static void messages_become_elements(void **state)
{
	struct fixture *f = *state;
	websocket_start_and_open(f);
	websocket_send_frame(f, TEXT, "<message xmlns='jabber:client'><body>a</body></message>");
	websocket_send_frame(f, TEXT, "<x:y xmlns:x='urn:x'/>");
	/* RFC 7395, section 3.3.3: a declaration is not recommended, but allowed */
	websocket_send_frame(f, TEXT, "<?xml version='1.0'?><presence xmlns='jabber:client'/>");
	websocket_send_frame(f, TEXT, "<?xml version='1.0' encoding='UTF-8'?><a/>");
	websocket_send_frame(
		f, TEXT, "<close xmlns='urn:ietf:params:xml:ns:xmpp-framing'></close>");
	websocket_expect_log(f,
		"<message><body>a</body></message>\n<y xmlns='urn:x'/>\n<presence/>\n<a/>\nended\n");
}

/* RFC 7395, section 3.6.1: the other endpoint is not connected to. */
static void a_redirect_by_close_is_an_end(void **state)
{
	struct fixture *f = *state;
	websocket_start_and_open(f);
	websocket_send_frame(f, TEXT,
		"<close xmlns='urn:ietf:params:xml:ns:xmpp-framing' "
		"see-other-uri='wss://evil.example/xmpp'/>");
	websocket_expect_log(f, "ended\n");
}

/* RFC 6455, section 5.4: control frames come between fragments. */
static void fragments_make_one_element(void **state)
{
	struct fixture *f = *state;
	websocket_start_and_open(f);
	websocket_send_frame(f, PART, "<mess");
	websocket_send_frame(f, PING, "1");
	websocket_send_frame(f, MORE, "");
	websocket_send_frame(f, MORE, "age><body>a</bo");
	websocket_expect_log(f, "");
	websocket_send_frame(f, LAST, "dy></message>");
	websocket_expect_log(f, "<message><body>a</body></message>\n");
	websocket_expect_frame(f, PONG, "1");
}

static void what_comes_byte_by_byte_is_the_same(void **state)
{
	struct fixture *f = *state;
	unsigned char frame[1024];
	websocket_start_and_open(f);
	size_t len = websocket_make_frame(frame, TEXT, "<message/>", 10);
	len += websocket_make_frame(frame + len, PING, "ab", 2);
	len += websocket_make_frame(frame + len, PONG, "", 0);
	len += websocket_make_frame(frame + len, TEXT, "<presence/>", 11);
	for (size_t i = 0; i < len; i++) {
		websocket_send_bytes(f, frame + i, 1);
	}
	websocket_expect_log(f, "<message/>\n<presence/>\n");
	websocket_expect_frame(f, PONG, "ab");
}

static void a_pause_holds_messages_back(void **state)
{
	struct fixture *f = *state;
	unsigned char frame[1024];
	websocket_start_and_open(f);
	f->pauses_at_element = true;
	size_t len = websocket_make_frame(frame, TEXT, "<message/>", 10);
	len += websocket_make_frame(frame + len, TEXT, "<presence/>", 11);
	websocket_send_bytes(f, frame, len);
	websocket_expect_log(f, "<message/>\n");
	f->transport->impl->resume(f->transport);
	websocket_run(f);
	websocket_expect_log(f, "<presence/>\n");
}

static void the_transport_may_be_destroyed_in_a_message(void **state)
{
	struct fixture *f = *state;
	unsigned char frame[1024];
	websocket_start_and_open(f);
	f->destroys_at_element = true;
	size_t len = websocket_make_frame(frame, TEXT, "<message/>", 10);
	len += websocket_make_frame(frame + len, TEXT, "<presence/>", 11);
	websocket_send_bytes(f, frame, len);
	websocket_expect_log(f, "<message/>\n");
}

/* RFC 7395, section 3.7. */
static void a_restart_needs_a_new_open(void **state)
{
	struct fixture *f = *state;
	websocket_start_and_open(f);
	websocket_send_frame(f, TEXT, "<success xmlns='urn:ietf:params:xml:ns:xmpp-sasl'/>");
	assert_int_equal(f->transport->impl->restart(f->transport), ENVOI_OK);
	envoi_buffer_finish(&f->log);
	websocket_send_frame(f, TEXT, websocket_server_open);
	websocket_send_frame(f, TEXT, "<message/>");
	websocket_expect_log(f, "opened example.org i\n<message/>\n");
}

/* --- errors of the peer --- */

static void websocket_expect_error(struct fixture *f, const void *bytes, size_t len,
	const char *log, const char *stream_error, int status)
{
	websocket_start_and_open(f);
	websocket_send_bytes(f, bytes, len);
	if (stream_error != NULL) {
		char text[512];
		snprintf(text, sizeof(text),
			"<stream:error xmlns:stream='http://etherx.jabber.org/streams'><%s "
			"xmlns='urn:ietf:params:xml:ns:xmpp-streams'/></stream:error>",
			stream_error);
		websocket_expect_frame(f, TEXT, text);
		websocket_expect_frame(
			f, TEXT, "<close xmlns='urn:ietf:params:xml:ns:xmpp-framing'/>");
	}
	websocket_expect_close(f, status);
	websocket_run_for(f, 2 * SECOND);
	websocket_expect_log(f, log);
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
		websocket_expect_error(
			*state, rows[i].bytes, rows[i].len, log, NULL, rows[i].status);
		websocket_teardown(state);
		websocket_setup(state);
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
		size_t len = websocket_make_frame(frame, TEXT, rows[i].text, strlen(rows[i].text));
		/* what follows is not read */
		len += websocket_make_frame(frame + len, TEXT, "<a/>", 4);
		websocket_expect_error(f, frame, len, log, rows[i].condition, rows[i].status);
		websocket_teardown(state);
		websocket_setup(state);
	}
}

static void two_elements_in_a_message_are_refused(void **state)
{
	struct fixture *f = *state;
	websocket_start_and_open(f);
	websocket_send_frame(f, TEXT, "<a/><b/>");
	websocket_send_frame(f, TEXT, "<c/>");
	websocket_run_for(f, 2 * SECOND);
	websocket_expect_log(f,
		"<a/>\n<b/>\nclosed ENVOI_ERR_XML not-well-formed a WebSocket message with two "
		"elements\n");
}

static void the_stream_begins_with_open(void **state)
{
	struct fixture *f = *state;
	websocket_start(f);
	websocket_send_frame(f, TEXT, "<message/>");
	websocket_run_for(f, 2 * SECOND);
	websocket_expect_log(f,
		"closed ENVOI_ERR_PROTOCOL bad-format the stream does not begin with its header\n");
	websocket_teardown(state);
	websocket_setup(state);
	f = *state;
	websocket_start_and_open(f);
	websocket_send_frame(f, TEXT, websocket_server_open);
	websocket_run_for(f, 2 * SECOND);
	websocket_expect_log(
		f, "closed ENVOI_ERR_PROTOCOL bad-format a second beginning of the stream\n");
	websocket_teardown(state);
	websocket_setup(state);
	f = *state;
	websocket_start_and_open(f);
	websocket_send_frame(f, TEXT, "</stream:stream>");
	websocket_run_for(f, 2 * SECOND);
	websocket_expect_log(f,
		"closed ENVOI_ERR_PROTOCOL bad-format the stream does not begin with its header\n");
}

/* RFC 6455, section 10.4: refused by its head. */
static void a_message_over_the_limit_is_refused_before_it_is_kept(void **state)
{
	static const char huge[] = "\x81\x7f\x00\x00\x01\x00\x00\x00\x00\x00<";
	struct fixture *f = *state;
	websocket_expect_error(f, huge, sizeof(huge) - 1,
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
	websocket_start_and_open(f);
	websocket_send_bytes(f, frame, websocket_make_frame(frame, PART, data, sizeof(data)));
	memset(data, 'x', sizeof(data));
	size_t before = f->allocator.bytes;
	for (int i = 0; i < 20; i++) {
		websocket_send_bytes(
			f, frame, websocket_make_frame(frame, MORE, data, sizeof(data)));
	}
	websocket_run_for(f, 2 * SECOND);
	assert_true(f->allocator.most_bytes < before + 65536);
	websocket_expect_log(f,
		"closed ENVOI_ERR_LIMIT policy-violation a WebSocket message larger than the limit of "
		"an element\n");
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

#define CASE(name) cmocka_unit_test_setup_teardown(name, websocket_setup, websocket_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(each_element_is_a_frame),
		CASE(messages_become_elements),
		CASE(a_redirect_by_close_is_an_end),
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
		cmocka_unit_test(every_failed_allocation_is_reported),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
