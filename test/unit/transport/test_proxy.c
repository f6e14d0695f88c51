/*
 * envoi - connections through SOCKS 5 and HTTP proxies, against a scripted proxy
 * SPDX-License-Identifier: MIT
 *
 * Private headers: proxies have no public ones.
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
#include <envoi/mainloop.h>
#include <envoi/memory.h>

#include "test_allocator.h"
#include "transport/proxy/proxy.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

enum {
	SECOND = 1000,
	TIMEOUT = 15 * SECOND,
};

/* The bytes of a string literal, NULs included. */
#define BYTES(literal) (literal), sizeof(literal) - 1

struct fixture {
	struct test_allocator allocator;
	struct envoi_context *context;
	struct envoi_loop *loop;
	struct envoi_memory_pair *pair;
	struct envoi_memory_end *proxy;
	struct envoi__proxy_opening *opening;
	struct envoi_channel *channel;
	struct envoi_failure failure;
	int dones;
	struct envoi_channel_sink sink; /* of the channel, once it is open */
	char received[256];
	bool has_ended;
};

static struct fixture *fixture_of(struct envoi_channel_sink *sink)
{
	return ENVOI_CONTAINER_OF(sink, struct fixture, sink);
}

static void on_received(struct envoi_channel_sink *sink, const char *data, size_t len)
{
	struct fixture *f = fixture_of(sink);
	size_t used = strlen(f->received);
	assert_true(used + len < sizeof(f->received));
	memcpy(f->received + used, data, len);
}

static void on_nothing(struct envoi_channel_sink *sink)
{
	(void)sink;
}

static void on_ended(struct envoi_channel_sink *sink)
{
	fixture_of(sink)->has_ended = true;
}

static void on_broken(struct envoi_channel_sink *sink, int code, const char *text)
{
	(void)code;
	(void)text;
	fixture_of(sink)->has_ended = true;
}

static const struct envoi_channel_sink_impl sink_impl = {
	.received = on_received,
	.writable = on_nothing,
	.ended = on_ended,
	.broken = on_broken,
	.enter = on_nothing,
	.leave = on_nothing,
};

static void on_done(void *user, struct envoi_channel *channel, const struct envoi_failure *failure)
{
	struct fixture *f = user;
	f->opening = NULL;
	f->channel = channel;
	f->dones++;
	if (failure != NULL) {
		envoi_failure_copy(&f->failure, failure);
	}
}

static int setup(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));
	assert_non_null(f);
	struct envoi_context_options options = {
		.allocator = test_allocator_functions(&f->allocator)};
	assert_int_equal(envoi_context_new(&f->context, &options), ENVOI_OK);
	assert_int_equal(envoi_loop_new_simulated(&f->loop, f->context), ENVOI_OK);
	assert_int_equal(envoi_context_take_loop(f->context, f->loop), ENVOI_OK);
	assert_int_equal(envoi_memory_pair_new(&f->pair, f->context), ENVOI_OK);
	assert_int_equal(
		envoi_memory_end_new(&f->proxy, f->pair, ENVOI_MEMORY_B, NULL, NULL), ENVOI_OK);
	f->sink.impl = &sink_impl;
	*state = f;
	return 0;
}

static int teardown(void **state)
{
	struct fixture *f = *state;
	envoi__proxy_opening_free(f->opening);
	envoi_channel_destroy(f->channel);
	envoi_memory_end_free(f->proxy);
	envoi_memory_pair_unref(f->pair);
	envoi_failure_finish(&f->failure);
	envoi_context_unref(f->context);
	assert_int_equal(f->allocator.live, 0);
	free(f);
	return 0;
}

static void renew(void **state)
{
	teardown(state);
	setup(state);
}

static void run(struct fixture *f)
{
	assert_int_equal(envoi_loop_simulated_run_for(f->loop, 10), ENVOI_OK);
}

static int begin(struct fixture *f, enum envoi__proxy_type type, const char *host, const char *user,
	const char *password)
{
	const struct envoi__proxy_options options = {
		.type = type,
		.host = host,
		.port = 5222,
		.user = user,
		.password = password,
		.head_bytes = 1024,
		.timeout_ms = TIMEOUT,
		.done = on_done,
		.done_user = f,
	};
	struct envoi_channel *lower;
	assert_int_equal(envoi_memory_channel_new(&lower, f->pair, ENVOI_MEMORY_A), ENVOI_OK);
	int r = envoi__proxy_opening_new(&f->opening, f->context, lower, &options);
	if (r == ENVOI_OK) {
		run(f);
	}
	return r;
}

static void expect_bytes(struct fixture *f, const void *bytes, size_t len)
{
	struct envoi_buffer *received = envoi_memory_end_received(f->proxy);
	assert_int_equal(envoi_buffer_len(received), len);
	assert_memory_equal(envoi_buffer_data(received), bytes, len);
	envoi_buffer_consume(received, len);
}

static void answer(struct fixture *f, const void *bytes, size_t len)
{
	assert_int_equal(envoi_memory_end_send(f->proxy, bytes, len), ENVOI_OK);
	run(f);
}

/* What comes behind the dialog reaches the second owner, and both directions work. */
static void expect_open(struct fixture *f, const char *early)
{
	size_t taken;
	assert_int_equal(f->dones, 1);
	assert_non_null(f->channel);
	envoi_channel_attach(f->channel, f->context, &f->sink);
	assert_int_equal(f->channel->impl->start(f->channel), ENVOI_OK);
	run(f);
	assert_string_equal(f->received, "");
	assert_int_equal(f->channel->impl->want_read(f->channel, true), ENVOI_OK);
	run(f);
	assert_string_equal(f->received, early);
	answer(f, "later", 5);
	assert_string_equal(f->received + strlen(early), "later");
	assert_int_equal(f->channel->impl->send(f->channel, "out", 3, &taken), ENVOI_OK);
	assert_int_equal(taken, 3);
	run(f);
	expect_bytes(f, "out", 3);
	envoi_memory_end_shut_down(f->proxy);
	run(f);
	assert_true(f->has_ended);
}

static void expect_failure(struct fixture *f, int code, const char *text)
{
	run(f);
	assert_int_equal(f->dones, 1);
	assert_null(f->channel);
	assert_int_equal(f->failure.code, code);
	assert_int_equal(f->failure.phase, ENVOI_PHASE_CONNECT);
	assert_non_null(strstr(f->failure.text, text));
}

/* --- SOCKS 5 --- */

/* RFC 1928, sections 3, 4 and 6. */
static void socks_connects_to_a_name(void **state)
{
	struct fixture *f = *state;
	assert_int_equal(begin(f, ENVOI__PROXY_SOCKS5, "example.org", NULL, NULL), ENVOI_OK);
	expect_bytes(f, BYTES("\x05\x01\x00"));
	answer(f, BYTES("\x05\x00"));
	expect_bytes(f,
		BYTES("\x05\x01\x00\x03\x0b"
		      "example.org\x14\x66"));
	assert_int_equal(f->dones, 0);
	answer(f, BYTES("\x05\x00\x00\x01\x7f\x00\x00\x01\x14\x66"));
	expect_open(f, "");
}

static void socks_answers_may_come_in_any_pieces(void **state)
{
	static const char bytes[] = "\x05\x00\x05\x00\x00\x03\x04"
				    "host\x14\x66"
				    "early";
	struct fixture *f = *state;
	assert_int_equal(begin(f, ENVOI__PROXY_SOCKS5, "example.org", NULL, NULL), ENVOI_OK);
	for (size_t i = 0; i < sizeof(bytes) - 1; i++) {
		answer(f, bytes + i, 1);
	}
	envoi_buffer_finish(envoi_memory_end_received(f->proxy));
	expect_open(f, "early");
	renew(state);
	f = *state;
	assert_int_equal(begin(f, ENVOI__PROXY_SOCKS5, "example.org", NULL, NULL), ENVOI_OK);
	answer(f, BYTES("\x05\x00"));
	answer(f, bytes + 2, sizeof(bytes) - 3);
	envoi_buffer_finish(envoi_memory_end_received(f->proxy));
	expect_open(f, "early");
}

static void socks_connects_to_addresses(void **state)
{
	struct fixture *f = *state;
	assert_int_equal(begin(f, ENVOI__PROXY_SOCKS5, "192.0.2.1", NULL, NULL), ENVOI_OK);
	expect_bytes(f, BYTES("\x05\x01\x00"));
	answer(f, BYTES("\x05\x00"));
	expect_bytes(f, BYTES("\x05\x01\x00\x01\xc0\x00\x02\x01\x14\x66"));
	renew(state);
	f = *state;
	assert_int_equal(begin(f, ENVOI__PROXY_SOCKS5, "2001:db8::1", NULL, NULL), ENVOI_OK);
	expect_bytes(f, BYTES("\x05\x01\x00"));
	answer(f, BYTES("\x05\x00"));
	expect_bytes(
		f, BYTES("\x05\x01\x00\x04\x20\x01\x0d\xb8\0\0\0\0\0\0\0\0\0\0\0\x01\x14\x66"));
	answer(f, BYTES("\x05\x00\x00\x04\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0"));
	expect_open(f, "");
}

/* RFC 1929, section 2; nothing is sent ahead of an answer. */
static void socks_sends_user_and_password(void **state)
{
	struct fixture *f = *state;
	assert_int_equal(begin(f, ENVOI__PROXY_SOCKS5, "h", "us:er", "secret"), ENVOI_OK);
	expect_bytes(f, BYTES("\x05\x02\x00\x02"));
	answer(f, BYTES("\x05\x02"));
	expect_bytes(f, BYTES("\x01\x05us:er\x06secret"));
	answer(f, BYTES("\x01\x00"));
	expect_bytes(f, BYTES("\x05\x01\x00\x03\x01h\x14\x66"));
	answer(f, BYTES("\x05\x00\x00\x01\0\0\0\0\0\0"));
	expect_open(f, "");
	/* not wanted by the proxy */
	renew(state);
	f = *state;
	assert_int_equal(begin(f, ENVOI__PROXY_SOCKS5, "h", "us:er", "secret"), ENVOI_OK);
	expect_bytes(f, BYTES("\x05\x02\x00\x02"));
	answer(f, BYTES("\x05\x00"));
	expect_bytes(f, BYTES("\x05\x01\x00\x03\x01h\x14\x66"));
}

static void refusals_of_socks_have_their_reason(void **state)
{
	static const struct {
		const char *bytes;
		size_t len;
		bool has_password;
		int code;
		const char *text;
	} rows[] = {
		{BYTES("\x05\xff"), false, ENVOI_ERR_UNREACHABLE, "wants user and password"},
		{BYTES("\x05\xff"), true, ENVOI_ERR_UNREACHABLE, "neither a password nor none"},
		{BYTES("\x05\x02"), false, ENVOI_ERR_PROTOCOL, "was not offered"},
		{BYTES("\x05\x01"), true, ENVOI_ERR_PROTOCOL, "was not offered"},
		{BYTES("\x04\x00"), false, ENVOI_ERR_PROTOCOL, "does not speak SOCKS 5"},
		{BYTES("HTTP/1.1 400 Bad Request\r\n"), false, ENVOI_ERR_PROTOCOL,
			"does not speak SOCKS 5"},
		{BYTES("\x05\x02\x01\x01"), true, ENVOI_ERR_UNREACHABLE,
			"refused user or password"},
		{BYTES("\x05\x02\x05\x00"), true, ENVOI_ERR_PROTOCOL, "another version"},
		{BYTES("\x05\x00\x05\x01"), false, ENVOI_ERR_UNREACHABLE, "failed"},
		{BYTES("\x05\x00\x05\x02\x00\x01\0\0\0\0\0\0"), false, ENVOI_ERR_UNREACHABLE,
			"does not allow"},
		{BYTES("\x05\x00\x05\x04"), false, ENVOI_ERR_UNREACHABLE, "cannot reach the host"},
		{BYTES("\x05\x00\x05\x05"), false, ENVOI_ERR_UNREACHABLE,
			"was refused the connection"},
		{BYTES("\x05\x00\x05\x09"), false, ENVOI_ERR_UNREACHABLE, "unknown reason"},
		{BYTES("\x05\x00\x05\x00\x00\x02\x00"), false, ENVOI_ERR_PROTOCOL, "malformed"},
		{BYTES("\x05\x00\x04\x00\x00\x01\0\0\0\0\0\0"), false, ENVOI_ERR_PROTOCOL,
			"malformed"},
	};
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct fixture *f = *state;
		const char *text = rows[i].has_password ? "x" : NULL;
		assert_int_equal(begin(f, ENVOI__PROXY_SOCKS5, "h", text, text), ENVOI_OK);
		answer(f, rows[i].bytes, rows[i].len);
		expect_failure(f, rows[i].code, rows[i].text);
		renew(state);
	}
}

/* Names are never cut: RFC 1928, section 5 has one byte for their length. */
static void what_does_not_fit_is_refused(void **state)
{
	struct fixture *f = *state;
	char text[258];
	memset(text, 'x', sizeof(text));
	text[256] = '\0';
	assert_int_equal(begin(f, ENVOI__PROXY_SOCKS5, text, NULL, NULL), ENVOI_ERR_INVALID);
	renew(state);
	f = *state;
	assert_int_equal(begin(f, ENVOI__PROXY_SOCKS5, "h", text, "p"), ENVOI_ERR_INVALID);
	renew(state);
	f = *state;
	assert_int_equal(begin(f, ENVOI__PROXY_SOCKS5, "h", "u", NULL), ENVOI_ERR_INVALID);
	renew(state);
	f = *state;
	text[255] = '\0';
	assert_int_equal(begin(f, ENVOI__PROXY_SOCKS5, text, text, text), ENVOI_OK);
	expect_bytes(f, BYTES("\x05\x02\x00\x02"));
	answer(f, BYTES("\x05\x00"));
	assert_int_equal(envoi_buffer_len(envoi_memory_end_received(f->proxy)), 4 + 1 + 255 + 2);
}

/* --- CONNECT --- */

static void begin_connect(
	struct fixture *f, const char *host, const char *user, const char *password)
{
	int r = begin(f, ENVOI__PROXY_HTTP, host, user, password);
	if (r == ENVOI_ERR_UNSUPPORTED) {
		skip();
	}
	assert_int_equal(r, ENVOI_OK);
}

/* RFC 9110, section 9.3.6: a length in the answer is ignored; what follows is the server's. */
static void connect_opens_a_tunnel(void **state)
{
	struct fixture *f = *state;
	begin_connect(f, "example.org", NULL, NULL);
	expect_bytes(
		f, BYTES("CONNECT example.org:5222 HTTP/1.1\r\nHost: example.org:5222\r\n\r\n"));
	answer(f, BYTES("HTTP/1.0 200 Connection established\r\nContent-Length: 3\r\n\r\nabc"));
	expect_open(f, "abc");
	renew(state);
	f = *state;
	begin_connect(f, "2001:db8::1", "user", "pass:word");
	expect_bytes(f,
		BYTES("CONNECT [2001:db8::1]:5222 HTTP/1.1\r\nHost: [2001:db8::1]:5222\r\n"
		      "Proxy-Authorization: Basic dXNlcjpwYXNzOndvcmQ=\r\n\r\n"));
	for (const char *c = "HTTP/1.1 200 OK\r\n\r\n"; *c != '\0'; c++) {
		answer(f, c, 1);
	}
	expect_open(f, "");
}

static void refusals_of_connect_have_their_reason(void **state)
{
	static const struct {
		const char *bytes;
		const char *user;
		int code;
		const char *text;
	} rows[] = {
		{"HTTP/1.0 407 Proxy Authentication Required\r\nConnection: close\r\n\r\n", NULL,
			ENVOI_ERR_UNREACHABLE, "wants user and password"},
		{"HTTP/1.1 407 x\r\nContent-Length: 5\r\n\r\nhello", "u", ENVOI_ERR_UNREACHABLE,
			"refused user or password"},
		{"HTTP/1.1 403 Filtered\r\n\r\n", NULL, ENVOI_ERR_UNREACHABLE,
			"answered \"403 Filtered\""},
		{"HTTP/1.1 502 Bad Gateway\r\n\r\n", NULL, ENVOI_ERR_UNREACHABLE,
			"answered \"502 Bad Gateway\""},
		{"HTTP/1.1 301 x\r\nLocation: http://elsewhere/\r\n\r\n", NULL,
			ENVOI_ERR_UNREACHABLE, "answered \"301 x\""},
		{"HTTP/2.0 200 OK\r\n\r\n", NULL, ENVOI_ERR_PROTOCOL, "does not speak HTTP/1"},
		{"\x05\x01", NULL, ENVOI_ERR_PROTOCOL, "does not speak HTTP/1"},
	};
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct fixture *f = *state;
		begin_connect(f, "example.org", rows[i].user, rows[i].user);
		answer(f, rows[i].bytes, strlen(rows[i].bytes));
		expect_failure(f, rows[i].code, rows[i].text);
		renew(state);
	}
}

/* RFC 7617, section 2. */
static void a_user_of_http_has_no_colon(void **state)
{
	struct fixture *f = *state;
	int r = begin(f, ENVOI__PROXY_HTTP, "h", "us:er", "p");
	assert_true(r == ENVOI_ERR_INVALID || r == ENVOI_ERR_UNSUPPORTED);
}

/* --- both --- */

static void a_silent_proxy_is_given_up(void **state)
{
	struct fixture *f = *state;
	assert_int_equal(begin(f, ENVOI__PROXY_SOCKS5, "h", NULL, NULL), ENVOI_OK);
	assert_int_equal(envoi_loop_simulated_run_for(f->loop, TIMEOUT - SECOND), ENVOI_OK);
	assert_int_equal(f->dones, 0);
	assert_int_equal(envoi_loop_simulated_run_for(f->loop, 2 * SECOND), ENVOI_OK);
	expect_failure(f, ENVOI_ERR_TIMEOUT, "did not connect in time");
}

static void an_end_within_the_dialog_is_a_failure(void **state)
{
	struct fixture *f = *state;
	assert_int_equal(begin(f, ENVOI__PROXY_SOCKS5, "h", NULL, NULL), ENVOI_OK);
	answer(f, "\x05", 1);
	envoi_memory_end_shut_down(f->proxy);
	expect_failure(f, ENVOI_ERR_DISCONNECTED, "closed the connection");
}

static int open_and_free(struct envoi_context *context)
{
	struct envoi_loop *loop;
	struct envoi_memory_pair *pair;
	struct envoi_channel *lower;
	struct envoi__proxy_opening *opening = NULL;
	const struct envoi__proxy_options options = {.type = ENVOI__PROXY_SOCKS5,
		.host = "h",
		.port = 1,
		.timeout_ms = 1,
		.done = on_done};
	int r = envoi_loop_new_simulated(&loop, context);
	r = r < 0 ? r : envoi_context_take_loop(context, loop);
	if (r < 0) {
		return r;
	}
	r = envoi_memory_pair_new(&pair, context);
	if (r < 0) {
		return r;
	}
	r = envoi_memory_channel_new(&lower, pair, ENVOI_MEMORY_A);
	r = r < 0 ? r : envoi__proxy_opening_new(&opening, context, lower, &options);
	envoi__proxy_opening_free(opening);
	envoi_memory_pair_unref(pair);
	return r;
}

static void every_failed_allocation_is_reported(void **state)
{
	(void)state;
	assert_true(test_allocator_try(open_and_free) > 4);
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(socks_connects_to_a_name),
		CASE(socks_answers_may_come_in_any_pieces),
		CASE(socks_connects_to_addresses),
		CASE(socks_sends_user_and_password),
		CASE(refusals_of_socks_have_their_reason),
		CASE(what_does_not_fit_is_refused),
		CASE(connect_opens_a_tunnel),
		CASE(refusals_of_connect_have_their_reason),
		CASE(a_user_of_http_has_no_colon),
		CASE(a_silent_proxy_is_given_up),
		CASE(an_end_within_the_dialog_is_a_failure),
		cmocka_unit_test(every_failed_allocation_is_reported),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
