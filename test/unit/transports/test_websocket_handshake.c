/*
 * envoi - WebSocket: the handshake and the connector: tests
 * SPDX-License-Identifier: MIT
 *
 * Private headers: the connector finds its own sockets, and frames are below the public interface.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include <envoi/context.h>
#include <envoi/interfaces/channel.h>
#include <envoi/memory.h>
#include <envoi/tls.h>
#include <envoi/websocket.h>

#include "http/http_head.h"
#include "websocket_control.h"
#include "websocket_fixture.h"
#include "websocket_handshake.h"

/* --- the handshake --- */

/* RFC 6455, section 4.1; RFC 7395, section 3.1. */
static void the_request_names_host_key_and_subprotocol(void **state)
{
	struct fixture *f = *state;
	char text[4096];
	websocket_run(f);
	websocket_take(f, text, sizeof(text));
	assert_string_equal(text,
		"GET /xmpp?x HTTP/1.1\r\nHost: example.org:5280\r\nConnection: Upgrade\r\n"
		"Upgrade: websocket\r\nSec-WebSocket-Version: 13\r\n"
		"Sec-WebSocket-Key: WlpaWlpaWlpaWlpaWlpaWg==\r\nSec-WebSocket-Protocol: xmpp\r\n\r\n");
	websocket_respond(f);
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
	snprintf(response, sizeof(response), WEBSOCKET_GOOD_RESPONSE,
		"s3pPLMBiTxaQ9kYGzzhZRbK+xOo=");
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
	websocket_run(f);
	websocket_send_bytes(f, response, strlen(response));
	websocket_run_for(f, 2 * SECOND);
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
			ENVOI_ERR_UNREACHABLE, "\"503 Busy\""},
		{"HTTP/1.1 502 Bad Gateway\r\n\r\n", ENVOI_ERR_UNREACHABLE, "\"502 Bad Gateway\""},
	};
	for (size_t i = 0; i < COUNT(rows); i++) {
		expect_refusal(*state, rows[i].response, rows[i].code, rows[i].text);
		websocket_teardown(state);
		websocket_setup(state);
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
			websocket_accept_value, rows[i]);
		expect_refusal(*state, response, ENVOI_ERR_PROTOCOL, "the server");
		websocket_teardown(state);
		websocket_setup(state);
	}
}

static void a_silent_server_is_given_up(void **state)
{
	struct fixture *f = *state;
	websocket_run_for(f, TIMEOUT - SECOND);
	assert_int_equal(f->dones, 0);
	websocket_run_for(f, 2 * SECOND);
	assert_int_equal(f->dones, 1);
	assert_null(f->transport);
	assert_int_equal(f->failure.code, ENVOI_ERR_TIMEOUT);
}

static void a_head_without_end_is_given_up(void **state)
{
	struct fixture *f = *state;
	char line[256];
	websocket_run(f);
	websocket_send_bytes(f, "HTTP/1.1 101 x\r\n", 16);
	memset(line, 'x', sizeof(line));
	memcpy(line, "X:", 2);
	memcpy(line + sizeof(line) - 2, "\r\n", 2);
	for (int i = 0; i < 100 && f->dones == 0; i++) {
		websocket_send_bytes(f, line, sizeof(line));
	}
	websocket_run_for(f, SECOND);
	assert_int_equal(f->dones, 1);
	assert_int_equal(f->failure.code, ENVOI_ERR_LIMIT);
}

static void an_end_in_the_handshake_is_a_failure(void **state)
{
	struct fixture *f = *state;
	websocket_run(f);
	websocket_send_bytes(f, "HTTP/1.1 101", 12);
	envoi_memory_end_shut_down(f->server);
	websocket_run_for(f, 2 * SECOND);
	assert_int_equal(f->dones, 1);
	assert_int_equal(f->failure.code, ENVOI_ERR_DISCONNECTED);
}

/* The server may send frames with its answer. */
static void frames_behind_the_answer_are_read(void **state)
{
	struct fixture *f = *state;
	char text[1024];
	unsigned char frame[512];
	websocket_run(f);
	snprintf(text, sizeof(text), WEBSOCKET_GOOD_RESPONSE, websocket_accept_value);
	size_t len = strlen(text),
	       frame_len = websocket_make_frame(
		       frame, TEXT, websocket_server_open, strlen(websocket_server_open));
	memcpy(text + len, frame, frame_len);
	websocket_send_bytes(f, text, len + frame_len);
	assert_non_null(f->transport);
	assert_int_equal(envoi_transport_start(f->transport, &f->sink), ENVOI_OK);
	websocket_run(f);
	websocket_expect_log(f, "opened example.org i\n");
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

#define CASE(name) cmocka_unit_test_setup_teardown(name, websocket_setup, websocket_teardown)

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
		CASE(only_urls_that_fit_are_connected_to),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
