/*
 * envoi - WebSocket: control frames and deadlines: tests
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

#include <envoi/memory.h>

#include "websocket_control.h"
#include "websocket_fixture.h"

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
	websocket_start_and_open(f);
	envoi_memory_end_pause(f->server, true);
	envoi_memory_pair_script(f->pair, ENVOI_MEMORY_A, &narrow);
	for (int i = 0; i < 100; i++) {
		len += websocket_make_frame(frames + len, PING, payload, 125);
	}
	websocket_send_bytes(f, frames, len);
	size_t before = f->allocator.bytes;
	for (int i = 0; i < 200; i++) {
		websocket_send_bytes(f, frames, len);
	}
	assert_true(f->allocator.bytes <= before + 2048);
	websocket_send_frame(f, PING, "the last");
	envoi_memory_end_pause(f->server, false);
	websocket_run(f);
	int frames_read = 0;
	while (envoi_buffer_len(envoi_memory_end_received(f->server)) > 0) {
		assert_int_equal(websocket_take_frame(f, text, sizeof(text)), PONG);
		frames_read++;
		websocket_run(f);
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
	websocket_start_and_open(f);
	envoi_memory_end_pause(f->server, true);
	envoi_memory_pair_script(f->pair, ENVOI_MEMORY_A, &narrow);
	assert_int_equal(
		f->transport->impl->send_element(f->transport, xml, sizeof(xml)), ENVOI_OK);
	websocket_run(f);
	websocket_send_frame(f, PING, "1");
	envoi_memory_end_pause(f->server, false);
	websocket_run_for(f, SECOND);
	assert_int_equal(websocket_take_frame(f, text, sizeof(text)), TEXT);
	websocket_expect_frame(f, PONG, "1");
}

/* RFC 6455, section 5.5: a control frame may follow any message, in the same piece. */
static void a_control_frame_before_a_restart_is_none_of_the_stream(void **state)
{
	struct fixture *f = *state;
	unsigned char frame[1024];
	websocket_start_and_open(f);
	f->restarts_at_element = true;
	size_t len = websocket_make_frame(frame, TEXT, "<success/>", 10);
	len += websocket_make_frame(frame + len, PING, "ab", 2);
	len += websocket_make_frame(frame + len, PONG, "", 0);
	frame[len++] = PING; /* the first byte of another */
	websocket_send_bytes(f, frame, len);
	websocket_expect_log(f, "<success/>\nrestart ENVOI_OK\n");
	websocket_expect_frame(f, PONG, "ab");
	websocket_send_bytes(f, "", 1); /* its length: 0 */
	websocket_expect_frame(f, PONG, "");
	websocket_send_frame(f, TEXT, websocket_server_open);
	websocket_expect_log(f, "opened example.org i\n");
}

static void a_message_before_a_restart_is_refused(void **state)
{
	struct fixture *f = *state;
	unsigned char frame[1024];
	websocket_start_and_open(f);
	f->restarts_at_element = true;
	size_t len = websocket_make_frame(frame, TEXT, "<success/>", 10);
	len += websocket_make_frame(frame + len, PING, "ab", 2);
	len += websocket_make_frame(
		frame + len, TEXT, websocket_server_open, strlen(websocket_server_open));
	websocket_send_bytes(f, frame, len);
	f->restarts_at_element = false;
	assert_int_equal(envoi_buffer_append(&f->log, "", 1), ENVOI_OK);
	assert_non_null(strstr(envoi_buffer_data(&f->log), "restart ENVOI_ERR_PROTOCOL\n"));
}

static void a_close_before_a_restart_ends_the_connection(void **state)
{
	struct fixture *f = *state;
	unsigned char frame[1024];
	websocket_start_and_open(f);
	f->restarts_at_element = true;
	size_t len = websocket_make_frame(frame, TEXT, "<success/>", 10);
	len += websocket_make_frame(frame + len, CLOSE, "\x03\xe9", 2);
	websocket_send_bytes(f, frame, len);
	websocket_run_for(f, 2 * SECOND);
	websocket_expect_log(f,
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
		websocket_start_and_open(f);
		websocket_send_bytes(f, rows[i].bytes, rows[i].len);
		/* what follows is not read */
		websocket_send_frame(f, TEXT, "<message/>");
		assert_int_equal(websocket_take_frame(f, text, sizeof(text)), CLOSE);
		assert_memory_equal(text, rows[i].answer != NULL ? rows[i].answer : "",
			rows[i].answer != NULL ? 3 : 1);
		websocket_run_for(f, 2 * SECOND);
		snprintf(log, sizeof(log),
			"closed ENVOI_ERR_DISCONNECTED the peer closed the WebSocket: %s\n",
			rows[i].log);
		websocket_expect_log(f, log);
		websocket_teardown(state);
		websocket_setup(state);
	}
}

/* The TCP connection stays open: the close has a bound. */
static void a_close_after_the_stream_is_orderly(void **state)
{
	struct fixture *f = *state;
	websocket_start_and_open(f);
	websocket_send_frame(f, TEXT, "<close xmlns='urn:ietf:params:xml:ns:xmpp-framing'/>");
	websocket_send_bytes(f, "\x88\x02\x03\xe8", 4);
	assert_int_equal(f->transport->impl->send_tail(f->transport), ENVOI_OK);
	f->transport->impl->close(f->transport, 5 * SECOND);
	websocket_run(f);
	websocket_expect_frame(f, TEXT, "<close xmlns='urn:ietf:params:xml:ns:xmpp-framing'/>");
	websocket_expect_close(f, ENVOI__WEBSOCKET_NORMAL);
	websocket_run_for(f, 6 * SECOND);
	websocket_expect_log(f, "ended\nclosed ENVOI_OK \n");
}

static void a_message_that_does_not_end_has_a_deadline(void **state)
{
	struct fixture *f = *state;
	websocket_start_and_open(f);
	websocket_send_frame(f, PART, "<mess");
	for (int i = 0; i < 12; i++) {
		websocket_run_for(f, 10 * SECOND);
		websocket_send_frame(f, MORE, "s");
	}
	websocket_run_for(f, 5 * SECOND);
	websocket_expect_log(f,
		"closed ENVOI_ERR_TIMEOUT policy-violation the peer did not end an element that it "
		"began within 120 s\n");
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, websocket_setup, websocket_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(pongs_do_not_fill_the_memory),
		CASE(a_pong_that_had_to_wait_is_sent),
		CASE(a_control_frame_before_a_restart_is_none_of_the_stream),
		CASE(a_message_before_a_restart_is_refused),
		CASE(a_close_before_a_restart_ends_the_connection),
		CASE(the_peer_s_close_is_returned_to_it),
		CASE(a_close_after_the_stream_is_orderly),
		CASE(a_message_that_does_not_end_has_a_deadline),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
