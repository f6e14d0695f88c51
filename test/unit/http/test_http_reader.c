/*
 * envoi - HTTP/1.1 messages: tests
 * SPDX-License-Identifier: MIT
 *
 * Built with each parser that is there. Private headers: HTTP has no public ones.
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
#include <envoi/error.h>

#include "http/http_inflate.h"
#include "http/http_reader.h"
#include "test_allocator.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

enum {
	HEAD_BYTES = 1024,
	BODY_BYTES = 4096,
	LOG_SIZE = 65536,
};

static const struct envoi__http_limits limits = {
	.head_bytes = HEAD_BYTES,
	.body_bytes = BODY_BYTES,
};

/* Bytes to read, and how. */
struct input {
	const char *bytes;
	size_t len;
	bool is_request;
	enum envoi__http_asked asked; /* of every response */
	size_t cut_at; /* two pieces; 0: one */
	size_t piece; /* the largest piece; 0: none */
};

static void note(char *log, const char *text)
{
	size_t used = strlen(log);
	snprintf(log + used, LOG_SIZE - used, "%s ", text);
}

static void note_number(char *log, const char *key, long value)
{
	char text[64];
	snprintf(text, sizeof(text), "%s%ld", key, value);
	note(log, text);
}

static void note_head(char *log, const struct envoi__http_head *head)
{
	if (head->status != 0) {
		note_number(log, "", head->status);
	} else {
		note(log, head->method);
		note(log, head->target);
	}
}

static void note_message(char *log, struct envoi__http_reader *reader)
{
	char body[BODY_BYTES + 3];
	snprintf(body, sizeof(body), "[%.*s]", (int)envoi_buffer_len(&reader->body),
		envoi_buffer_len(&reader->body) > 0 ? envoi_buffer_data(&reader->body) : "");
	note(log, body);
	note(log, reader->keeps_alive ? "keep" : "close");
}

static void note_failure(char *log, struct envoi__http_reader *reader, int r)
{
	assert_non_null(reader->text);
	assert_true(reader->text[0] != '\0');
	note(log, envoi_error_name(r) + strlen("ENVOI_"));
}

/* @return whether reading goes on */
static bool note_event(struct envoi__http_reader *reader, const struct input *input,
	enum envoi__http_event event, size_t left, char *log)
{
	switch (event) {
	case ENVOI__HTTP_MORE:
		return false;
	case ENVOI__HTTP_HEAD:
		note_head(log, &reader->head);
		return true;
	case ENVOI__HTTP_TUNNEL:
		note_number(log, "tunnel", (long)left);
		return false;
	case ENVOI__HTTP_COMPLETE:
		note_message(log, reader);
		envoi__http_reader_next(reader, input->asked);
		return left > 0;
	}
	return false;
}

/* @return whether reading goes on */
static bool feed(struct envoi__http_reader *reader, const struct input *input, size_t *at,
	size_t end, char *log)
{
	enum envoi__http_event event = ENVOI__HTTP_HEAD;
	bool goes_on = true;
	while (goes_on) {
		size_t used;
		int r = envoi__http_reader_read(
			reader, input->bytes + *at, end - *at, &used, &event);
		*at += used;
		if (r < 0) {
			note_failure(log, reader, r);
			return false;
		}
		goes_on = note_event(reader, input, event, input->len - *at, log);
	}
	return event != ENVOI__HTTP_TUNNEL;
}

static void read_to_end(struct envoi__http_reader *reader, const struct input *input, char *log)
{
	size_t at = 0;
	bool goes_on = true;
	while (goes_on && at < input->len) {
		size_t end = at < input->cut_at ? input->cut_at : input->len;
		if (input->piece > 0 && end - at > input->piece) {
			end = at + input->piece;
		}
		goes_on = feed(reader, input, &at, end, log);
	}
	if (!goes_on) {
		return;
	}
	int r = envoi__http_reader_end(reader);
	if (r == ENVOI_OK) {
		note_message(log, reader);
		note(log, "at the end");
	} else if (r < 0) {
		note_failure(log, reader, r);
	}
}

static void run(const struct input *input, char *log)
{
	struct envoi_context *context;
	struct envoi__http_reader reader;
	log[0] = '\0';
	assert_int_equal(envoi_context_new(&context, NULL), ENVOI_OK);
	assert_int_equal(
		envoi__http_reader_init(&reader, context, !input->is_request, &limits), ENVOI_OK);
	envoi__http_reader_next(&reader, input->asked);
	read_to_end(&reader, input, log);
	envoi__http_reader_finish(&reader);
	envoi_context_unref(context);
	if (log[0] != '\0') {
		log[strlen(log) - 1] = '\0';
	}
}

/* In one piece, byte by byte, and cut at each place. */
static void expect(struct input input, const char *expected)
{
	static char log[LOG_SIZE];
	run(&input, log);
	if (strcmp(log, expected) != 0) {
		print_error("%.300s\n", input.bytes);
	}
	assert_string_equal(log, expected);
	for (input.cut_at = 1; input.cut_at < input.len; input.cut_at++) {
		run(&input, log);
		assert_string_equal(log, expected);
	}
	input.cut_at = 0;
	input.piece = 1;
	run(&input, log);
	assert_string_equal(log, expected);
}

static void expect_response(const char *text, enum envoi__http_asked asked, const char *expected)
{
	expect((struct input){.bytes = text, .len = strlen(text), .asked = asked}, expected);
}

static void expect_request(const char *text, const char *expected)
{
	expect((struct input){.bytes = text, .len = strlen(text), .is_request = true}, expected);
}

/* --- bodies --- */

static void the_length_of_a_body_follows_from_its_head(void **state)
{
	(void)state;
	static const struct {
		const char *text;
		enum envoi__http_asked asked;
		const char *expected;
	} rows[] = {
		{"HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nabc", 0, "200 [abc] keep"},
		{"HTTP/1.1 200 \r\ncontent-length:\t3 \r\n\r\nabc", 0, "200 [abc] keep"},
		{"HTTP/1.1 200\r\nContent-Length: 0\r\n\r\n", 0, "200 [] keep"},
		{"HTTP/1.1 200 OK\r\nContent-Length: 3\r\nConnection: x, Close\r\n\r\nabc", 0,
			"200 [abc] close"},
		{"HTTP/1.0 200 OK\r\nContent-Length: 3\r\n\r\nabc", 0, "200 [abc] close"},
		{"HTTP/1.0 200 OK\r\nContent-Length: 3\r\nConnection: keep-alive\r\n\r\nabc", 0,
			"200 [abc] keep"},
		{"HTTP/1.1 200 OK\r\nTransfer-Encoding: Chunked\r\n\r\n"
		 "3\r\nabc\r\n00a;x=y\r\n0123456789\r\n0\r\nTrailer: x\r\n\r\n",
			0, "200 [abc0123456789] keep"},
		{"HTTP/1.1 204 No Content\r\n\r\n", 0, "204 [] keep"},
		{"HTTP/1.1 304 Not Modified\r\nContent-Length: 3\r\n\r\n", 0, "304 [] keep"},
		{"HTTP/1.1 200 OK\r\nContent-Length: 999999999999\r\n\r\n", ENVOI__HTTP_ASKED_HEAD,
			"200 [] keep"},
		/* RFC 9112, section 6.3, 8: until the connection ends */
		{"HTTP/1.1 200 OK\r\n\r\nabc", 0, "200 [abc] close at the end"},
		{"HTTP/1.1 200 OK\r\n\r\n", 0, "200 [] close at the end"},
		/* incomplete */
		{"HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nab", 0, "200 ERR_DISCONNECTED"},
		{"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n", 0,
			"200 ERR_DISCONNECTED"},
		{"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n", 0,
			"200 ERR_DISCONNECTED"},
		{"HTTP/1.1 200 OK\r\n", 0, "ERR_DISCONNECTED"},
		{"", 0, ""},
		/* two messages on a connection */
		{"HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\na"
		 "HTTP/1.1 404 Not Found\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nb\r\n0\r\n\r\n"
		 "HTTP/1.1 204 x\r\n\r\n",
			0, "200 [a] keep 404 [b] keep 204 [] keep"},
		/* interim responses: RFC 9110, section 15.2 */
		{"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\n"
		 "HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\na",
			0, "200 [a] keep"},
	};
	for (size_t i = 0; i < COUNT(rows); i++) {
		expect_response(rows[i].text, rows[i].asked, rows[i].expected);
	}
}

static void what_follows_a_tunnel_s_head_is_left_to_its_owner(void **state)
{
	(void)state;
	/* RFC 9110, section 9.3.6: lengths of a success are ignored */
	expect_response("HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nabc", ENVOI__HTTP_ASKED_TUNNEL,
		"200 tunnel3");
	expect_response("HTTP/1.0 200 Connection established\r\n\r\n", ENVOI__HTTP_ASKED_TUNNEL,
		"200 tunnel0");
	expect_response("HTTP/1.1 403 Filtered\r\nContent-Length: 3\r\n\r\nabc",
		ENVOI__HTTP_ASKED_TUNNEL, "403 [abc] keep");
	expect_response("HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\n"
			"Connection: Upgrade\r\n\r\n\x81\x02hi",
		ENVOI__HTTP_ASKED_UPGRADE, "101 tunnel4");
	expect_response("HTTP/1.1 426 Upgrade Required\r\nUpgrade: websocket\r\n"
			"Connection: Upgrade\r\nContent-Length: 2\r\n\r\nno",
		ENVOI__HTTP_ASKED_UPGRADE, "426 [no] keep");
}

static void requests_are_read_too(void **state)
{
	(void)state;
	expect_request(
		"GET /a?b=c HTTP/1.1\r\nHost: example.org\r\n\r\n"
		"POST /http-bind HTTP/1.1\r\nhost: example.org\r\nContent-Length: 2\r\n\r\nhi"
		"POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n"
		"2\r\nhi\r\n0\r\n\r\n",
		"GET /a?b=c [] keep POST /http-bind [hi] keep POST / [hi] keep");
	expect_request("GET / HTTP/1.0\r\n\r\n", "GET / [] close");
	expect_request("GET /x HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\n"
		       "Connection: keep-alive, Upgrade\r\n\r\n",
		"GET /x [] keep");
	expect_request("GET / HTTP/1.1\r\n\r\n", "ERR_PROTOCOL");
	expect_request("GET / HTTP/1.1\r\nHost: a\r\nHost: a\r\n\r\n", "ERR_PROTOCOL");
}

/* --- malformed --- */

/* What follows "HTTP/1.1 200 OK\r\n" or the whole head: the parsers accept some of it. */
static void malformed_heads_are_refused(void **state)
{
	(void)state;
	static const char *const rows[] = {
		"HTTP/2.0 200 OK\r\nContent-Length: 0\r\n\r\n",
		"HTTP/1.2 200 OK\r\nContent-Length: 0\r\n\r\n",
		"HTTP/1.10 200 OK\r\nContent-Length: 0\r\n\r\n",
		"HTTP/1. 200 OK\r\nContent-Length: 0\r\n\r\n",
		"http/1.1 200 OK\r\nContent-Length: 0\r\n\r\n",
		"\r\nHTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n",
		" HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n",
		"HTTP/1.1  200 OK\r\nContent-Length: 0\r\n\r\n",
		"HTTP/1.1 20 OK\r\nContent-Length: 0\r\n\r\n",
		"HTTP/1.1 2000 OK\r\nContent-Length: 0\r\n\r\n",
		"HTTP/1.1 600 OK\r\nContent-Length: 0\r\n\r\n",
		"HTTP/1.1 +20 OK\r\nContent-Length: 0\r\n\r\n",
		"HTTP/1.1 200 O\001K\r\nContent-Length: 0\r\n\r\n",
		"HTTP/1.1\r\nContent-Length: 0\r\n\r\n",
		"HTTP/1.1 200 OK\nContent-Length: 0\r\n\r\n",
		"HTTP/1.1 200 OK\r\nContent-Length: 0\n\r\n",
		"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\n",
		"HTTP/1.1 200 OK\r\nContent-Length: 0\rX: y\r\n\r\n",
		"HTTP/1.1 200 OK\r\nContent-Length: 0\r\r\n\r\n",
		/* RFC 9112, section 5.2: folded */
		"HTTP/1.1 200 OK\r\nX: y\r\n z\r\nContent-Length: 0\r\n\r\n",
		"HTTP/1.1 200 OK\r\nX: y\r\n\tz\r\nContent-Length: 0\r\n\r\n",
		"HTTP/1.1 200 OK\r\n X: y\r\nContent-Length: 0\r\n\r\n",
		/* section 5.1: a blank before the colon */
		"HTTP/1.1 200 OK\r\nContent-Length : 0\r\n\r\n",
		"HTTP/1.1 200 OK\r\nContent-Length\t: 0\r\n\r\n",
		"HTTP/1.1 200 OK\r\n: 0\r\n\r\n",
		"HTTP/1.1 200 OK\r\nContent Length: 0\r\n\r\n",
		"HTTP/1.1 200 OK\r\nX\r\nContent-Length: 0\r\n\r\n",
		"HTTP/1.1 200 OK\r\nX: a\001b\r\nContent-Length: 0\r\n\r\n",
		"HTTP/1.1 200 OK\r\nX: a\177b\r\nContent-Length: 0\r\n\r\n",
		"HTTP/1.1 200 OK\r\nX\303\244: b\r\nContent-Length: 0\r\n\r\n",
		/* section 6: what two readers understand in two ways */
		"HTTP/1.1 200 OK\r\nContent-Length: 3\r\nContent-Length: 4\r\n\r\n",
		"HTTP/1.1 200 OK\r\nContent-Length: 3\r\nContent-Length: 3\r\n\r\n",
		"HTTP/1.1 200 OK\r\nContent-Length: 3, 3\r\n\r\n",
		"HTTP/1.1 200 OK\r\nContent-Length: +3\r\n\r\n",
		"HTTP/1.1 200 OK\r\nContent-Length: -3\r\n\r\n",
		"HTTP/1.1 200 OK\r\nContent-Length: 0x3\r\n\r\n",
		"HTTP/1.1 200 OK\r\nContent-Length: 3 3\r\n\r\n",
		"HTTP/1.1 200 OK\r\nContent-Length:\r\n\r\n",
		"HTTP/1.1 200 OK\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n",
		"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nContent-Length: 3\r\n\r\n",
		"HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip, chunked\r\n\r\n",
		"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked, gzip\r\n\r\n",
		"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked, chunked\r\n\r\n",
		"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nTransfer-Encoding: x\r\n\r\n",
		"HTTP/1.1 200 OK\r\nTransfer-Encoding: xchunked\r\n\r\n",
		"HTTP/1.1 200 OK\r\nTransfer-Encoding: identity\r\n\r\n",
		"HTTP/1.1 200 OK\r\nTransfer-Encoding:\r\n\r\n",
		"HTTP/1.0 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n",
		"HTTP/1.1 204 OK\r\nContent-Length: 3\r\n\r\n",
		"HTTP/1.1 204 OK\r\nTransfer-Encoding: chunked\r\n\r\n",
		"HTTP/1.1 100 Continue\r\nContent-Length: 3\r\n\r\n",
		/* a change of the protocol that nobody has requested */
		"HTTP/1.1 101 x\r\nConnection: Upgrade\r\nUpgrade: x\r\n\r\n",
		"SSH-2.0-OpenSSH_9.2\r\n",
		"\026\003\001",
		"<?xml version='1.0'?>",
		"H2",
	};
	for (size_t i = 0; i < COUNT(rows); i++) {
		expect_response(rows[i], ENVOI__HTTP_ASKED_BODY, "ERR_PROTOCOL");
	}
	expect_response("HTTP/1.1 101 x\r\nConnection: Upgrade\r\nContent-Length: 3\r\n\r\nabc",
		ENVOI__HTTP_ASKED_UPGRADE, "ERR_PROTOCOL");
}

/* Codings that are not requested are found with the body: the status is known by then. */
static void a_body_in_another_coding_is_refused_behind_its_head(void **state)
{
	(void)state;
	expect_response("HTTP/1.1 404 x\r\nContent-Encoding: br\r\nContent-Length: 3\r\n\r\nabc",
		ENVOI__HTTP_ASKED_BODY, "404 ERR_PROTOCOL");
	expect_response(
		"HTTP/1.1 503 x\r\nContent-Encoding: gzip, gzip\r\nContent-Length: 3\r\n\r\nabc",
		ENVOI__HTTP_ASKED_BODY, "503 ERR_PROTOCOL");
	expect_response("HTTP/1.1 200 x\r\nContent-Encoding: br\r\n\r\n", ENVOI__HTTP_ASKED_BODY,
		"200 ERR_PROTOCOL");
	expect_response("HTTP/1.1 204 x\r\nContent-Encoding: br\r\n\r\n", ENVOI__HTTP_ASKED_BODY,
		"204 [] keep");
}

static void malformed_requests_are_refused(void **state)
{
	(void)state;
	static const char *const rows[] = {
		"\r\nGET / HTTP/1.1\r\nHost: x\r\n\r\n",
		"GET /\r\nHost: x\r\n\r\n",
		"GET  / HTTP/1.1\r\nHost: x\r\n\r\n",
		"GET / HTTP/1.1 \r\nHost: x\r\n\r\n",
		"GET / x HTTP/1.1\r\nHost: x\r\n\r\n",
		"GET /\303\244 HTTP/1.1\r\nHost: x\r\n\r\n",
		"G(T / HTTP/1.1\r\nHost: x\r\n\r\n",
		"GET / HTTP/0.9\r\nHost: x\r\n\r\n",
		"GET / HTTP/2.0\r\nHost: x\r\n\r\n",
		"GET / HTTP/1.1\r\nHost: x\r\n folded\r\n\r\n",
		"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n",
	};
	for (size_t i = 0; i < COUNT(rows); i++) {
		expect_request(rows[i], "ERR_PROTOCOL");
	}
}

/* RFC 9112, section 7.1. */
static void malformed_chunks_are_refused(void **state)
{
	(void)state;
	static const char *const rows[] = {
		"x\r\n",
		"-1\r\n",
		"0x1\r\na\r\n",
		"ffffffffffffffff1\r\n",
		"1\r\nabc\r\n",
		"\r\n",
		";x\r\n",
	};
	for (size_t i = 0; i < COUNT(rows); i++) {
		char text[256];
		snprintf(text, sizeof(text),
			"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n%s", rows[i]);
		expect_response(text, ENVOI__HTTP_ASKED_BODY, "200 ERR_PROTOCOL");
	}
}

/* --- limits --- */

static void expect_flood(
	const char *begin, const char *repeated, size_t times, const char *expected)
{
	static char log[LOG_SIZE];
	size_t len = strlen(begin), part = strlen(repeated);
	char *text = malloc(len + part * times + 1);
	assert_non_null(text);
	memcpy(text, begin, len + 1);
	for (size_t i = 0; i < times; i++) {
		memcpy(text + len + i * part, repeated, part + 1);
	}
	struct input input = {.bytes = text, .len = len + part * times};
	run(&input, log);
	assert_string_equal(log, expected);
	input.piece = 7;
	run(&input, log);
	assert_string_equal(log, expected);
	free(text);
}

static void floods_end_at_a_limit(void **state)
{
	(void)state;
	expect_flood("HTTP/1.1 200 ", "x", 100000, "ERR_LIMIT");
	expect_flood("HTTP/1.1 200 OK\r\n", "A: b\r\n", 100000, "ERR_LIMIT");
	expect_flood("HTTP/1.1 200 OK\r\nA:", " ", 100000, "ERR_LIMIT");
	expect_flood("HTTP/1.1 200 OK\r\n", "x", 100000, "ERR_LIMIT");
	expect_flood("", "HTTP/1.1 100 Continue\r\n\r\n", 10000, "ERR_LIMIT");
	expect_flood("HTTP/1.1 200 OK\r\n\r\n", "x", 100000, "200 ERR_LIMIT");
	expect_flood("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", "1\r\nx\r\n", 20000,
		"200 ERR_LIMIT");
	expect_flood("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1;", "x", 100000,
		"200 ERR_LIMIT");
	expect_flood("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n", "A: b\r\n",
		100000, "200 ERR_LIMIT");
}

static void lengths_beyond_the_limit_are_refused_by_the_head(void **state)
{
	(void)state;
	expect_response("HTTP/1.1 200 OK\r\nContent-Length: 4097\r\n\r\n", 0, "ERR_LIMIT");
	expect_response("HTTP/1.1 200 OK\r\nContent-Length: 99999999999999999999999\r\n\r\n", 0,
		"ERR_LIMIT");
}

static void what_just_fits_is_read(void **state)
{
	(void)state;
	static char log[LOG_SIZE], text[HEAD_BYTES + BODY_BYTES + 1], expected[BODY_BYTES + 64];
	static const char begin[] = "HTTP/1.1 200 OK\r\nContent-Length: 4096\r\nX: ";
	memset(text, 'x', sizeof(text));
	memcpy(text, begin, sizeof(begin) - 1);
	memcpy(text + HEAD_BYTES - 4, "\r\n\r\n", 4);
	snprintf(expected, sizeof(expected), "200 [%.*s] keep", BODY_BYTES, text + HEAD_BYTES);
	struct input input = {.bytes = text, .len = HEAD_BYTES + BODY_BYTES};
	run(&input, log);
	assert_string_equal(log, expected);
}

/* --- gzip --- */

/* Of "hello", made by gzip(1). */
static const char hello_gzip[] =
	"\x1f\x8b\x08\x00\x00\x00\x00\x00\x00\x03\xcb\x48\xcd\xc9\xc9\x07\x00\x86\xa6\x10\x36\x05\x00"
	"\x00\x00";

static size_t in_gzip(char *text, size_t size, const char *content, size_t len)
{
	int head = snprintf(text, size,
		"HTTP/1.1 200 OK\r\nContent-Encoding: GZIP\r\nContent-Length: %zu\r\n\r\n", len);
	assert_true(head > 0 && (size_t)head + len <= size);
	memcpy(text + head, content, len);
	return (size_t)head + len;
}

static void a_body_in_gzip_is_decoded(void **state)
{
	(void)state;
	char text[512], longer[64];
	if (!envoi__http_can_inflate()) {
		skip();
	}
	size_t len = in_gzip(text, sizeof(text), hello_gzip, sizeof(hello_gzip) - 1);
	expect((struct input){.bytes = text, .len = len}, "200 [hello] keep");
	/* cut off, followed by something, and damaged */
	len = in_gzip(text, sizeof(text), hello_gzip, sizeof(hello_gzip) - 3);
	expect((struct input){.bytes = text, .len = len}, "200 ERR_PROTOCOL");
	memcpy(longer, hello_gzip, sizeof(hello_gzip) - 1);
	longer[sizeof(hello_gzip) - 1] = 'x';
	len = in_gzip(text, sizeof(text), longer, sizeof(hello_gzip));
	expect((struct input){.bytes = text, .len = len}, "200 ERR_PROTOCOL");
	longer[18] ^= 1;
	len = in_gzip(text, sizeof(text), longer, sizeof(hello_gzip) - 1);
	expect((struct input){.bytes = text, .len = len}, "200 ERR_PROTOCOL");
}

/* About 450 KB of zeros in 3 KB: one block with fixed codes. */
static size_t make_bomb(char *bomb, size_t size)
{
	/* RFC 1951, section 3.2.6: the literal 0, then lengths of 258 at distance 1 */
	unsigned int bits = 0;
	size_t at = 10, bit = 0;
	memset(bomb, 0, size);
	memcpy(bomb, hello_gzip, at);
	static const char begin[] = "110"
				    "00110000",
			  one[] = "11000101"
				  "00000";
	for (const char *c = begin; at < size - 2; c++) {
		if (*c == '\0') {
			c = one;
		}
		bits |= (*c == '1' ? 1u : 0u) << bit++;
		if (bit == 8) {
			bomb[at++] = (char)bits;
			bits = 0;
			bit = 0;
		}
	}
	return at;
}

static void a_bomb_ends_at_the_limit_of_the_body(void **state)
{
	(void)state;
	static char log[LOG_SIZE];
	char bomb[3000], text[4000];
	struct test_allocator allocator = {0};
	struct envoi_context *context;
	struct envoi__http_reader reader;
	if (!envoi__http_can_inflate()) {
		skip();
	}
	size_t len = in_gzip(text, sizeof(text), bomb, make_bomb(bomb, sizeof(bomb)));
	assert_int_equal(test_allocator_context(&context, &allocator), ENVOI_OK);
	assert_int_equal(envoi__http_reader_init(&reader, context, true, &limits), ENVOI_OK);
	envoi__http_reader_next(&reader, ENVOI__HTTP_ASKED_BODY);
	size_t before = allocator.bytes;
	log[0] = '\0';
	read_to_end(&reader, &(struct input){.bytes = text, .len = len}, log);
	assert_string_equal(log, "200 ERR_LIMIT ");
	assert_string_equal(reader.text, "the body is larger than the limit");
	/* zlib's window and state, and the buffers up to their limits */
	assert_true(allocator.most_bytes - before < 60000 + 2 * (BODY_BYTES + HEAD_BYTES));
	envoi__http_reader_finish(&reader);
	envoi_context_unref(context);
	assert_int_equal(allocator.live, 0);
}

/* --- memory --- */

static int read_in_context(struct envoi_context *context)
{
	struct envoi__http_reader reader;
	char text[512];
	enum envoi__http_event event = ENVOI__HTTP_HEAD;
	size_t len = in_gzip(text, sizeof(text), hello_gzip, sizeof(hello_gzip) - 1), at = 0, used;
	int r = envoi__http_reader_init(&reader, context, true, &limits);
	if (r == ENVOI_OK) {
		envoi__http_reader_next(&reader, ENVOI__HTTP_ASKED_BODY);
	}
	while (r == ENVOI_OK && event != ENVOI__HTTP_COMPLETE) {
		r = envoi__http_reader_read(&reader, text + at, len - at, &used, &event);
		at += used;
	}
	envoi__http_reader_finish(&reader);
	return r;
}

static void every_failed_allocation_is_reported(void **state)
{
	(void)state;
	if (!envoi__http_can_inflate()) {
		skip();
	}
	assert_true(test_allocator_try(read_in_context) > 5);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_length_of_a_body_follows_from_its_head),
		cmocka_unit_test(what_follows_a_tunnel_s_head_is_left_to_its_owner),
		cmocka_unit_test(requests_are_read_too),
		cmocka_unit_test(malformed_heads_are_refused),
		cmocka_unit_test(malformed_requests_are_refused),
		cmocka_unit_test(a_body_in_another_coding_is_refused_behind_its_head),
		cmocka_unit_test(malformed_chunks_are_refused),
		cmocka_unit_test(floods_end_at_a_limit),
		cmocka_unit_test(lengths_beyond_the_limit_are_refused_by_the_head),
		cmocka_unit_test(what_just_fits_is_read),
		cmocka_unit_test(a_body_in_gzip_is_decoded),
		cmocka_unit_test(a_bomb_ends_at_the_limit_of_the_body),
		cmocka_unit_test(every_failed_allocation_is_reported),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
