/*
 * envoi - HTTP requests that others make: tests
 * SPDX-License-Identifier: MIT
 *
 * Private headers: the budget of memory and taking over have no public ones.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/context.h"
#include "http/http_inflate.h"
#include "web_fixture.h"
#include "web_inside.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

#define OK_ANSWER "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: 2\r\n\r\nok"
#define GET(target) "GET " target " HTTP/1.1\r\nHost: example.org\r\n\r\n"
#define POST "POST / HTTP/1.1\r\nHost: example.org\r\n"

static void a_request_is_answered(void **state)
{
	struct web_fixture *f = *state;
	web_send(f, GET("/a?b"));
	web_expect_log(f, "GET /a?b []\n");
	assert_string_equal(web_received(f), OK_ANSWER);
	web_send(f, POST "Content-Length: 3\r\n\r\nabc");
	web_expect_log(f, "POST / [abc]\n");
	assert_string_equal(web_received(f), OK_ANSWER);
}

static void the_date_is_sent(void **state)
{
	struct web_fixture *f = *state;
	web_send(f, GET("/"));
	struct envoi_buffer *received = envoi_memory_end_received(f->client);
	assert_int_equal(envoi_buffer_append(received, "", 1), ENVOI_OK);
	assert_non_null(
		strstr(envoi_buffer_data(received), "\r\nDate: Sun, 06 Nov 1994 08:49:37 GMT\r\n"));
}

static void what_comes_byte_by_byte_is_the_same(void **state)
{
	struct web_fixture *f = *state;
	struct envoi_memory_script script = ENVOI_MEMORY_SCRIPT_INIT;
	script.piece_bytes = 1;
	envoi_memory_pair_script(f->pair, ENVOI_MEMORY_A, &script);
	web_send(f, POST "Transfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n" GET("/a"));
	web_run(f, WEB_SECOND);
	web_expect_log(f, "POST / [abc]\nGET /a []\n");
	assert_string_equal(web_received(f), OK_ANSWER OK_ANSWER);
}

static void a_head_has_no_body(void **state)
{
	struct web_fixture *f = *state;
	web_send(f, "HEAD / HTTP/1.1\r\nHost: example.org\r\n\r\n");
	web_expect_log(f, "HEAD / []\n");
	assert_string_equal(web_received(f),
		"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: 2\r\n\r\n");
}

static void do_nothing(struct web_fixture *f, const struct envoi_web_request *request)
{
	(void)f;
	(void)request;
}

static void requests_wait_for_the_answer_before(void **state)
{
	struct web_fixture *f = *state;
	f->act = do_nothing;
	web_send(f, GET("/1") GET("/2"));
	web_run(f, 1000 * (uint64_t)WEB_SECOND);
	web_expect_log(f, "GET /1 []\n");
	assert_string_equal(envoi_web_request_field(f->connection, "host"), "example.org");
	assert_null(envoi_web_request_field(f->connection, "Cookie"));
	web_answer(f, 404, "1");
	assert_null(envoi_web_request_field(f->connection, "Host"));
	const struct envoi_web_response again = {.status = 200};
	assert_int_equal(envoi_web_respond(f->connection, &again), ENVOI_ERR_STATE);
	web_run(f, 10);
	web_expect_log(f, "GET /2 []\n");
	web_answer(f, 200, "2");
	web_run(f, 10);
	assert_string_equal(web_received(f),
		"HTTP/1.1 404 Not Found\r\nContent-Type: text/plain\r\nContent-Length: 1\r\n\r\n1"
		"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: 1\r\n\r\n2");
}

static void what_waits_is_bounded(void **state)
{
	struct web_fixture *f = *state;
	char text[4000];
	memset(text, 'x', sizeof(text));
	f->act = do_nothing;
	web_send(f, GET("/1"));
	for (int i = 0; i < 100; i++) {
		web_send_bytes(f, text, sizeof(text));
	}
	assert_true(envoi_memory_pair_arrived(f->pair, ENVOI_MEMORY_A) < 40000);
}

static void a_connection_closes_behind_the_last_answer(void **state)
{
	static const char *const requests[] = {
		"GET / HTTP/1.1\r\nHost: example.org\r\nConnection: close\r\n\r\n",
		"GET / HTTP/1.0\r\n\r\n",
		"GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n",
		"CONNECT example.org:443 HTTP/1.1\r\nHost: example.org\r\n\r\n",
	};
	for (size_t i = 0; i < COUNT(requests); i++) {
		void *own = NULL;
		web_setup(&own);
		struct web_fixture *f = own;
		web_send(f, requests[i]);
		assert_string_equal(web_received(f),
			"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: 2\r\n"
			"Connection: close\r\n\r\nok");
		assert_true(envoi_memory_end_is_over(f->client));
		envoi_memory_end_shut_down(f->client);
		web_run(f, 10);
		assert_null(f->connection);
		web_teardown(&own);
	}
	(void)state;
}

static void a_peer_that_does_not_close_is_not_waited_for(void **state)
{
	struct web_fixture *f = *state;
	web_send(f, "GET / HTTP/1.1\r\nHost: example.org\r\nConnection: close\r\n\r\nmore");
	web_send(f, "and more");
	assert_non_null(f->connection);
	web_run(f, WEB_SECOND);
	web_expect_log(f, "GET / []\nclosed ENVOI_OK\n");
}

/* RFC 9112: what two readers may understand in two ways. */
static void malformed_requests_are_refused(void **state)
{
	static const struct {
		const char *bytes;
		const char *status;
	} cases[] = {
		{"\r\n" GET("/"), "400"},
		{"GET / HTTP/2.0\r\nHost: a\r\n\r\n", "400"},
		{"GET / HTTP/1.1\r\n\r\n", "400"},
		{"GET / HTTP/1.1\r\nHost: a\r\nHost: a\r\n\r\n", "400"},
		{"GET / HTTP/1.1\nHost: a\n\n", "400"},
		{"GET / HTTP/1.1\r\nHost: a\r\n folded\r\n\r\n", "400"},
		{"GET / HTTP/1.1\r\nHost : a\r\n\r\n", "400"},
		{"GET  / HTTP/1.1\r\nHost: a\r\n\r\n", "400"},
		{"GET /\001 HTTP/1.1\r\nHost: a\r\n\r\n", "400"},
		{POST "Content-Length: 1\r\nContent-Length: 1\r\n\r\na", "400"},
		{POST "Content-Length: 1, 1\r\n\r\na", "400"},
		{POST "Content-Length: +1\r\n\r\na", "400"},
		{POST "Content-Length: -1\r\n\r\n", "400"},
		{POST "Content-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", "400"},
		{POST "Transfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n", "400"},
		{POST "Transfer-Encoding: xchunked\r\n\r\n0\r\n\r\n", "400"},
		{"POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", "400"},
		{POST "Transfer-Encoding: chunked\r\n\r\nx\r\n", "400"},
		{POST "Content-Encoding: gzip\r\nContent-Length: 3\r\n\r\nabc", "400"},
		{POST "Content-Encoding: br\r\nContent-Length: 3\r\n\r\nabc", "400"},
		{POST "Content-Length: 4097\r\n\r\n", "413"},
		{POST "Content-Length: 99999999999999999999\r\n\r\n", "413"},
		{POST "Transfer-Encoding: chunked\r\n\r\n1001\r\n", NULL},
	};
	for (size_t i = 0; i < COUNT(cases); i++) {
		void *own = NULL;
		char expected[64];
		web_setup(&own);
		struct web_fixture *f = own;
		web_send(f, cases[i].bytes);
		snprintf(expected, sizeof(expected), "HTTP/1.1 %s ", cases[i].status);
		if (cases[i].status != NULL) {
			const char *received = web_received(f);
			assert_int_equal(strncmp(received, expected, strlen(expected)), 0);
			assert_non_null(strstr(received, "\r\nConnection: close\r\n"));
			assert_int_equal(f->requests, 0);
			web_run(f, WEB_SECOND);
			assert_null(f->connection);
		}
		web_teardown(&own);
	}
	(void)state;
}

static void a_chunked_body_is_limited(void **state)
{
	struct web_fixture *f = *state;
	char chunk[1100];
	memset(chunk, 'x', sizeof(chunk));
	memcpy(chunk, "400\r\n", 5);
	memcpy(chunk + 5 + 1024, "\r\n", 2);
	web_send(f, POST "Transfer-Encoding: chunked\r\n\r\n");
	for (int i = 0; i < 5; i++) {
		web_send_bytes(f, chunk, 5 + 1024 + 2);
	}
	assert_non_null(strstr(web_received(f), "HTTP/1.1 413 "));
	web_run(f, WEB_SECOND);
	web_expect_log(f, "closed ENVOI_ERR_LIMIT the body is larger than the limit\n");
}

static void heads_without_end_are_refused(void **state)
{
	struct web_fixture *f = *state;
	web_send(f, "GET / HTTP/1.1\r\n");
	for (int i = 0; i < 200; i++) {
		web_send(f, "X: 12345678901234\r\n");
	}
	assert_non_null(strstr(web_received(f), "HTTP/1.1 431 "));
	web_run(f, WEB_SECOND);
	web_expect_log(f, "closed ENVOI_ERR_LIMIT the head is larger than the limit\n");
	assert_true(f->allocator.most_bytes < 400000);
}

static void many_fields_are_refused(void **state)
{
	struct web_fixture *f = *state;
	web_send(f, "GET / HTTP/1.1\r\nHost: a\r\n");
	for (int i = 0; i < 128; i++) {
		web_send(f, "X: 1\r\n");
	}
	web_send(f, "\r\n");
	assert_non_null(strstr(web_received(f), "HTTP/1.1 431 "));
	web_run(f, WEB_SECOND);
	web_expect_log(f, "closed ENVOI_ERR_LIMIT the head has too many fields\n");
}

static void slow_requests_are_ended(void **state)
{
	struct web_fixture *f = *state;
	web_send(f, "GET / HTTP/1.1\r\n");
	for (int i = 0; i < 29; i++) {
		web_run(f, WEB_SECOND);
		web_send(f, "X: 1\r\n");
	}
	web_run(f, WEB_SECOND);
	assert_non_null(strstr(web_received(f), "HTTP/1.1 408 "));
	web_run(f, WEB_SECOND);
	web_expect_log(f, "closed ENVOI_ERR_TIMEOUT the request was not complete in time\n");
}

static void idle_connections_are_closed(void **state)
{
	struct web_fixture *f = *state;
	web_send(f, GET("/"));
	web_run(f, 29 * WEB_SECOND);
	assert_non_null(f->connection);
	web_run(f, 2 * WEB_SECOND);
	web_expect_log(f, "GET / []\nclosed ENVOI_OK\n");
	assert_string_equal(web_received(f), OK_ANSWER);
}

/* RFC 9110, section 10.1.1. */
static void a_client_that_waits_is_told_to_continue(void **state)
{
	struct web_fixture *f = *state;
	web_send(f, POST "Expect: 100-continue\r\nContent-Length: 3\r\n\r\n");
	assert_string_equal(web_received(f), "HTTP/1.1 100 Continue\r\n\r\n");
	web_send(f, "abc");
	web_expect_log(f, "POST / [abc]\n");
	assert_string_equal(web_received(f), OK_ANSWER);
	web_send(f, "GET / HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\n\r\n");
	assert_string_equal(web_received(f), OK_ANSWER);
}

static void answer_much(struct web_fixture *f, const struct envoi_web_request *request)
{
	static char body[300000];
	const struct envoi_web_response response = {
		.status = 200, .body = body, .body_len = sizeof(body)};
	(void)request;
	assert_int_equal(envoi_web_respond(f->connection, &response), ENVOI_OK);
}

static void a_peer_that_accepts_nothing_is_cut(void **state)
{
	struct web_fixture *f = *state;
	f->act = answer_much;
	envoi_memory_end_pause(f->client, true);
	web_send(f, GET("/"));
	web_run(f, 59 * WEB_SECOND);
	assert_non_null(f->connection);
	web_run(f, 2 * WEB_SECOND);
	web_expect_log(f,
		"GET / []\nclosed ENVOI_ERR_TIMEOUT the peer accepted too little of the answer in time\n");
}

static void a_slow_peer_gets_all(void **state)
{
	struct web_fixture *f = *state;
	struct envoi_memory_script script = ENVOI_MEMORY_SCRIPT_INIT;
	script.bytes_per_second = 2000;
	script.window_bytes = 4000;
	f->act = answer_much;
	envoi_memory_pair_script(f->pair, ENVOI_MEMORY_B, &script);
	web_send(f, GET("/"));
	web_run(f, 170 * WEB_SECOND);
	assert_true(envoi_memory_pair_arrived(f->pair, ENVOI_MEMORY_B) > 300000);
}

/* 12,000 bytes in the 60 seconds of stream.write-timeout. */
static void a_peer_that_accepts_little_is_cut(void **state)
{
	struct web_fixture *f = *state;
	struct envoi_memory_script script = ENVOI_MEMORY_SCRIPT_INIT;
	script.bytes_per_second = 200;
	script.window_bytes = 1000;
	f->act = answer_much;
	envoi_memory_pair_script(f->pair, ENVOI_MEMORY_B, &script);
	web_send(f, GET("/"));
	web_run(f, 59 * WEB_SECOND);
	assert_non_null(f->connection);
	web_run(f, 2 * WEB_SECOND);
	web_expect_log(f,
		"GET / []\nclosed ENVOI_ERR_TIMEOUT the peer accepted too little of the answer in "
		"time\n");
}

static void answer_little(struct web_fixture *f, const struct envoi_web_request *request)
{
	static char body[8000];
	const struct envoi_web_response response = {
		.status = 200, .body = body, .body_len = sizeof(body)};
	(void)request;
	assert_int_equal(envoi_web_respond(f->connection, &response), ENVOI_OK);
}

/* Each has its own time. */
static void answers_that_are_small_are_sent_slowly(void **state)
{
	struct web_fixture *f = *state;
	struct envoi_memory_script script = ENVOI_MEMORY_SCRIPT_INIT;
	script.bytes_per_second = 200;
	script.window_bytes = 1000;
	f->act = answer_little;
	envoi_memory_pair_script(f->pair, ENVOI_MEMORY_B, &script);
	web_send(f, GET("/") GET("/") GET("/"));
	web_run(f, 125 * WEB_SECOND);
	assert_true(envoi_memory_pair_arrived(f->pair, ENVOI_MEMORY_B) > 24000);
}

static void a_request_that_is_cut_off_is_a_failure(void **state)
{
	struct web_fixture *f = *state;
	web_send(f, POST "Content-Length: 3\r\n\r\nab");
	envoi_memory_end_shut_down(f->client);
	web_run(f, 10);
	web_expect_log(f, "closed ENVOI_ERR_DISCONNECTED the connection ended within a request\n");
}

static void the_last_request_of_a_peer_that_sends_no_more_is_answered(void **state)
{
	struct web_fixture *f = *state;
	f->act = do_nothing;
	web_send(f, GET("/"));
	envoi_memory_end_shut_down(f->client);
	web_run(f, 10);
	web_answer(f, 200, "ok");
	web_run(f, 10);
	assert_string_equal(web_received(f), OK_ANSWER);
	web_expect_log(f, "GET / []\nclosed ENVOI_OK\n");
}

static void a_connection_that_breaks_is_reported(void **state)
{
	struct web_fixture *f = *state;
	f->act = do_nothing;
	web_send(f, GET("/"));
	envoi_memory_pair_cut(f->pair);
	web_run(f, 10);
	assert_null(f->connection);
}

static void free_it(struct web_fixture *f, const struct envoi_web_request *request)
{
	(void)request;
	envoi_web_connection_free(f->connection);
	f->connection = NULL;
}

static void answer_and_free_it(struct web_fixture *f, const struct envoi_web_request *request)
{
	web_answer(f, 200, "ok");
	free_it(f, request);
}

static void a_connection_may_be_freed_inside(void **state)
{
	(void)state;
	static void (*const acts[])(struct web_fixture *, const struct envoi_web_request *) = {
		free_it, answer_and_free_it};
	for (size_t i = 0; i < COUNT(acts); i++) {
		void *own = NULL;
		web_setup(&own);
		struct web_fixture *f = own;
		f->act = acts[i];
		web_send(f, GET("/") GET("/"));
		web_expect_log(f, "GET / []\n");
		web_teardown(&own);
	}
}

static void nothing_is_answered_that_would_add_fields(void **state)
{
	struct web_fixture *f = *state;
	static const char *const bad_name[] = {"A b", "c", NULL};
	static const char *const bad_value[] = {"A", "c\r\nd: e", NULL};
	const struct envoi_web_response bad[] = {
		{.status = 200, .fields = bad_name},
		{.status = 200, .fields = bad_value},
		{.status = 200, .content_type = "a\nb"},
		{.status = 199},
		{.status = 600},
	};
	f->act = do_nothing;
	web_send(f, GET("/"));
	for (size_t i = 0; i < COUNT(bad); i++) {
		assert_int_equal(envoi_web_respond(f->connection, &bad[i]), ENVOI_ERR_INVALID);
	}
	web_answer(f, 200, "ok");
	web_run(f, 10);
	assert_string_equal(web_received(f), OK_ANSWER);
}

static void note_origin(struct web_fixture *f, const struct envoi_web_request *request)
{
	(void)request;
	web_answer(f, 200, envoi_web_origin_is_allowed(f->connection, f->origins) ? "yes" : "no");
}

/* RFC 6455, section 10.2. */
static void origins_are_checked(void **state)
{
	struct web_fixture *f = *state;
	static const struct {
		const char *fields, *allowed;
		bool is_allowed;
	} cases[] = {
		{"", NULL, true},
		{"Origin: null\r\n", NULL, false},
		{"Origin: null\r\n", "*", false},
		{"Origin: http://example.org:5280\r\n", NULL, true},
		{"Origin: HTTP://Example.Org:5280\r\n", NULL, true},
		{"Origin: https://example.org:5280\r\n", NULL, true},
		{"Origin: http://example.org\r\n", NULL, false},
		{"Origin: ftp://example.org:5280\r\n", NULL, false},
		{"Origin: http://evil.example\r\n", NULL, false},
		{"Origin: http://evil.example\r\n", "", false},
		{"Origin: http://evil.example\r\n", "http://a.example http://b.example", false},
		{"Origin: http://evil.example\r\n", "http://evil.example.net", false},
		{"Origin: http://b.example\r\n", "http://a.example  http://b.example", true},
		{"Origin: http://b.example\r\n", "*", true},
		{"Origin: \r\n", "*", true},
		{"Origin: http://b.example\r\nOrigin: http://b.example\r\n", "*", false},
	};
	f->act = note_origin;
	assert_false(envoi_web_origin_is_allowed(f->connection, "*"));
	for (size_t i = 0; i < COUNT(cases); i++) {
		char text[300];
		f->origins = cases[i].allowed;
		snprintf(text, sizeof(text), "GET / HTTP/1.1\r\nHost: example.org:5280\r\n%s\r\n",
			cases[i].fields);
		web_send(f, text);
		const char *received = web_received(f);
		assert_non_null(strstr(received, cases[i].is_allowed ? "yes" : "no"));
	}
}

/* --- the budget of memory --- */

static struct envoi__holder other;
static bool is_other_ended;

static void on_other_held(struct envoi__holder *holder, bool is_held)
{
	(void)holder;
	(void)is_held;
}

static void on_other_ended(struct envoi__holder *holder)
{
	(void)holder;
	is_other_ended = true;
}

static const struct envoi__holder_impl other_impl = {.hold = on_other_held, .end = on_other_ended};

static void begin_other(struct web_fixture *f, size_t bytes)
{
	is_other_ended = false;
	envoi__holder_init(&other, f->context, &other_impl);
	envoi__budget_report(f->context, &other, bytes);
}

static void send_most_of_a_body(struct web_fixture *f)
{
	char text[4000];
	memset(text, 'x', sizeof(text));
	web_send(f, POST "Content-Length: 4096\r\n\r\n");
	web_send_bytes(f, text, sizeof(text));
}

static void send_many_fields(struct web_fixture *f)
{
	for (int i = 0; i < 100; i++) {
		web_send(f, "X: 12345678\r\n");
	}
}

/* What the machine of HTTP takes is a part of each connection. */
static void all_of_a_request_counts(void **state)
{
	struct web_fixture *f = *state;
	static const unsigned char gzip[] = {0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 3, 0x4b, 0x4c};
	size_t before = f->allocator.bytes;
	web_send(f, POST "Content-Length: 100\r\n");
	send_many_fields(f);
	web_send(f, envoi__http_can_inflate() ? "Content-Encoding: gzip\r\n\r\n" : "\r\n");
	web_send_bytes(f, gzip, sizeof(gzip));
	assert_int_equal(f->requests, 0);
	size_t taken = f->allocator.bytes - before, counted = f->context->budget.bytes;
	assert_true(counted + 1000 > taken && counted < taken + 1000);
}

/* What it holds counts no more at once, and no other connection has to end for it. */
static void a_connection_that_is_too_large_gives_back_all(void **state)
{
	struct web_fixture *f = *state;
	send_most_of_a_body(f);
	begin_other(f, 2000);
	envoi__budget_set_limit(f->context, 4000);
	assert_false(is_other_ended);
	assert_int_equal(f->context->budget.bytes, 2000);
	web_run(f, 10);
	web_expect_log(f,
		"closed ENVOI_ERR_LIMIT all connections together hold too much memory "
		"(listener.memory)\n");
	envoi__holder_finish(&other, f->context);
}

/* Its own report is what exceeds the budget. */
static void a_connection_that_grows_too_large_gives_back_all(void **state)
{
	struct web_fixture *f = *state;
	begin_other(f, 2000);
	envoi__budget_set_limit(f->context, 4000);
	send_most_of_a_body(f);
	assert_false(is_other_ended);
	assert_int_equal(f->context->budget.bytes, 2000);
	web_expect_log(f,
		"closed ENVOI_ERR_LIMIT all connections together hold too much memory "
		"(listener.memory)\n");
	envoi__holder_finish(&other, f->context);
}

static void settle(struct web_fixture *f, const struct envoi_web_request *request)
{
	(void)request;
	envoi_web_connection_settle(f->connection);
}

/* For as long as its request waits. */
static void a_connection_that_is_settled_is_not_ended(void **state)
{
	struct web_fixture *f = *state;
	f->act = settle;
	envoi_web_connection_settle(f->connection);
	begin_other(f, 4000);
	send_most_of_a_body(f);
	assert_int_equal(f->requests, 0);
	char rest[96] = {0};
	web_send_bytes(f, rest, sizeof(rest));
	assert_int_equal(f->requests, 1);
	envoi__budget_set_limit(f->context, 4000);
	assert_true(is_other_ended);
	assert_non_null(f->connection);
	web_answer(f, 200, "ok");
	envoi__budget_set_limit(f->context, 4000);
	web_run(f, 10);
	assert_null(f->connection);
	envoi__holder_finish(&other, f->context);
}

static void take_over_while_memory_is_short(
	struct web_fixture *f, const struct envoi_web_request *request)
{
	struct envoi__web_takeover takeover;
	(void)request;
	assert_int_equal(envoi__web_take_over(f->connection, &takeover), ENVOI_OK);
	f->connection = NULL;
	envoi__budget_set_limit(f->context, 1);
	envoi_channel_destroy(takeover.channel);
	envoi_buffer_wipe(&takeover.left);
}

/* It has no channel any more. */
static void one_that_was_taken_over_is_not_ended(void **state)
{
	struct web_fixture *f = *state;
	f->act = take_over_while_memory_is_short;
	web_send(f, "GET / HTTP/1.1\r\n");
	assert_true(f->context->budget.bytes > 1);
	web_send(f, "Host: example.org\r\n\r\n");
	web_expect_log(f, "GET / []\n");
	assert_int_equal(f->context->budget.bytes, 0);
}

/* --- bodies that are borrowed --- */

static char borrowed[300000];
static int releases;

static void on_released(void *user)
{
	assert_ptr_equal(user, borrowed);
	releases++;
}

static void lend(struct web_fixture *f, const struct envoi_web_request *request)
{
	const struct envoi_web_response response = {
		.status = 200,
		.body = borrowed,
		.body_len = sizeof(borrowed),
		.release = on_released,
		.user = borrowed,
	};
	const struct envoi_web_response bad = {.status = 600, .release = on_released};
	(void)request;
	releases = 0;
	assert_int_equal(envoi_web_respond(f->connection, &bad), ENVOI_ERR_INVALID);
	assert_int_equal(envoi_web_respond(f->connection, &response), ENVOI_OK);
}

static void a_body_may_be_borrowed(void **state)
{
	struct web_fixture *f = *state;
	struct envoi_memory_script script = ENVOI_MEMORY_SCRIPT_INIT;
	script.bytes_per_second = 10000;
	script.window_bytes = 4000;
	memset(borrowed, 'x', sizeof(borrowed));
	borrowed[sizeof(borrowed) - 1] = 'y';
	f->act = lend;
	envoi_memory_pair_script(f->pair, ENVOI_MEMORY_B, &script);
	web_send(f, GET("/"));
	web_run(f, 10 * WEB_SECOND);
	assert_true(f->context->budget.bytes < 2000);
	assert_int_equal(releases, 0);
	web_run(f, 25 * WEB_SECOND);
	assert_int_equal(releases, 1);
	struct envoi_buffer *received = envoi_memory_end_received(f->client);
	size_t len = envoi_buffer_len(received);
	assert_true(len > sizeof(borrowed) && len < sizeof(borrowed) + 200);
	assert_memory_equal(
		envoi_buffer_data(received) + len - sizeof(borrowed), borrowed, sizeof(borrowed));
	envoi_buffer_consume(received, len);
	web_send(f, "HEAD / HTTP/1.1\r\nHost: example.org\r\n\r\n");
	assert_int_equal(releases, 1);
	assert_string_equal(web_received(f), "HTTP/1.1 200 OK\r\nContent-Length: 300000\r\n\r\n");
}

static void a_body_is_released_with_its_connection(void **state)
{
	struct web_fixture *f = *state;
	f->act = lend;
	envoi_memory_end_pause(f->client, true);
	web_send(f, GET("/"));
	assert_int_equal(releases, 0);
	envoi_web_connection_free(f->connection);
	f->connection = NULL;
	assert_int_equal(releases, 1);
}

static void both_functions_are_needed(void **state)
{
	struct web_fixture *f = *state;
	const struct envoi_web_options options = {.requested = NULL};
	struct envoi_web_connection *connection;
	assert_int_equal(envoi_web_connection_new(&connection, f->context, NULL, &options),
		ENVOI_ERR_INVALID);
	envoi_web_connection_free(NULL);
	assert_false(envoi_web_connection_is_secure(f->connection));
}

/* It ends, at whatever call memory fails, and leaves nothing. */
static void failed_allocations_are_survived(void **state)
{
	bool has_answered = false;
	(void)state;
	for (size_t fail_at = 1; !has_answered; fail_at++) {
		struct web_fixture f = {.allocator.fail_at = fail_at};
		if (web_begin(&f) == ENVOI_OK) {
			web_send(&f, POST "Content-Length: 3\r\n\r\nabc");
			web_run(&f, 40 * WEB_SECOND);
			has_answered = f.requests == 1 && f.allocator.calls < fail_at;
		}
		web_end(&f);
		assert_int_equal(f.allocator.live, 0);
	}
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, web_setup, web_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(a_request_is_answered),
		CASE(the_date_is_sent),
		CASE(what_comes_byte_by_byte_is_the_same),
		CASE(a_head_has_no_body),
		CASE(requests_wait_for_the_answer_before),
		CASE(what_waits_is_bounded),
		cmocka_unit_test(a_connection_closes_behind_the_last_answer),
		CASE(a_peer_that_does_not_close_is_not_waited_for),
		cmocka_unit_test(malformed_requests_are_refused),
		CASE(a_chunked_body_is_limited),
		CASE(heads_without_end_are_refused),
		CASE(many_fields_are_refused),
		CASE(slow_requests_are_ended),
		CASE(idle_connections_are_closed),
		CASE(a_client_that_waits_is_told_to_continue),
		CASE(a_peer_that_accepts_nothing_is_cut),
		CASE(a_slow_peer_gets_all),
		CASE(a_peer_that_accepts_little_is_cut),
		CASE(answers_that_are_small_are_sent_slowly),
		CASE(a_request_that_is_cut_off_is_a_failure),
		CASE(the_last_request_of_a_peer_that_sends_no_more_is_answered),
		CASE(a_connection_that_breaks_is_reported),
		cmocka_unit_test(a_connection_may_be_freed_inside),
		CASE(nothing_is_answered_that_would_add_fields),
		CASE(origins_are_checked),
		CASE(all_of_a_request_counts),
		CASE(a_connection_that_is_too_large_gives_back_all),
		CASE(a_connection_that_grows_too_large_gives_back_all),
		CASE(a_connection_that_is_settled_is_not_ended),
		CASE(one_that_was_taken_over_is_not_ended),
		CASE(a_body_may_be_borrowed),
		CASE(a_body_is_released_with_its_connection),
		CASE(both_functions_are_needed),
		cmocka_unit_test(failed_allocations_are_survived),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
