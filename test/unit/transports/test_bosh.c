/*
 * envoi - XMPP over BOSH: requests and answers, against a scripted server
 * SPDX-License-Identifier: MIT
 *
 * Private headers: the connector finds its own sockets.
 */
#include "bosh_fixture.h"

#include <inttypes.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include <gnutls/crypto.h>
#include <gnutls/gnutls.h>

#include <envoi/values.h>
#include <envoi/xml.h>

#define CASE(name) cmocka_unit_test_setup_teardown(name, bosh_setup, bosh_teardown)

/* --- the session --- */

/* XEP-0124, section 7.1; XEP-0206, section 3. */
static void the_first_request_creates_a_session(void **state)
{
	struct bosh_fixture *f = *state;
	bosh_start(f);
	bosh_expect_request(f, 0, NULL,
		"<body xmlns='http://jabber.org/protocol/httpbind' to='example.org' "
		"xml:lang='en' rid='$' content='text/xml; charset=utf-8' ver='1.11' hold='1' "
		"ack='1' wait='50' xmlns:xmpp='urn:xmpp:xbosh' xmpp:version='1.0'/>");
	assert_string_equal(f->head,
		"POST /bosh HTTP/1.1\r\nHost: example.org:5280\r\n"
		"Content-Type: text/xml; charset=utf-8\r\n");
	assert_string_equal(f->transport->impl->name, "bosh");
	assert_null(f->transport->impl->start_tls);
	assert_int_equal(f->transport->writing, ENVOI_WRITING_ALONE);
	bosh_answer(f, 0, BOSH_CREATED(BOSH_FEATURES));
	bosh_expect_log(f, "opened example.org s1 1.0\n<stream:features/>\n");
}

static void elements_go_in_a_second_request_while_one_is_held(void **state)
{
	struct bosh_fixture *f = *state;
	bosh_open(f);
	bosh_expect_empty(f, 0, 1); /* the server holds it */
	bosh_send(f, "<message xmlns='jabber:client'/>");
	bosh_expect_request(f, 1, NULL, BOSH_BODY("<message xmlns='jabber:client'/>"));
	bosh_send(f, "<presence xmlns='jabber:client'/>"); /* waits: two requests are there */
	assert_int_equal(bosh_requests(f, 0) + bosh_requests(f, 1), 0);
	bosh_answer(f, 0, BOSH_BODY(""));
	bosh_expect_request(f, 0, NULL, BOSH_BODY("<presence xmlns='jabber:client'/>"));
	bosh_expect_log(f, "");
	bosh_answer(f, 1, BOSH_BODY("<message xmlns='jabber:client' id='1'/>"));
	bosh_expect_log(f, "written 1\n<message id='1'/>\n");
}

/* XEP-0124, section 14.2: whichever answer comes first. */
static void answers_are_delivered_in_the_order_of_requests(void **state)
{
	struct bosh_fixture *f = *state;
	bosh_open(f);
	bosh_expect_empty(f, 0, 1);
	bosh_send(f, "<message xmlns='jabber:client'/>");
	bosh_expect_request(f, 1, NULL, BOSH_BODY("<message xmlns='jabber:client'/>"));
	bosh_answer(f, 1, BOSH_BODY("<message xmlns='jabber:client' id='2'/>"));
	bosh_expect_log(f, "written 1\n");
	bosh_answer(f, 0, BOSH_BODY("<message xmlns='jabber:client' id='1'/>"));
	bosh_expect_log(f, "<message id='1'/>\n<message id='2'/>\n");
}

/* XEP-0124, section 14.2: else the server no longer has the answer to the first one. */
static void no_request_goes_beyond_the_window(void **state)
{
	struct bosh_fixture *f = *state;
	bosh_open(f);
	bosh_expect_empty(f, 0, 1);
	bosh_send(f, "<message xmlns='jabber:client'/>");
	bosh_expect_request(f, 1, NULL, BOSH_BODY("<message xmlns='jabber:client'/>"));
	bosh_answer(f, 1, BOSH_BODY(""));
	bosh_send(f, "<presence xmlns='jabber:client'/>");
	assert_int_equal(bosh_requests(f, 0) + bosh_requests(f, 1), 0);
	bosh_answer(f, 0, BOSH_BODY(""));
	assert_int_equal(bosh_requests(f, 0) + bosh_requests(f, 1), 1);
}

/* XEP-0206, section 2: a stanza without a namespace. */
static void stanzas_may_lack_their_namespace(void **state)
{
	struct bosh_fixture *f = *state;
	bosh_open(f);
	bosh_expect_empty(f, 0, 1);
	bosh_answer(f, 0, BOSH_BODY("<message><body>a</body><x xmlns='urn:x'/></message>"));
	bosh_expect_log(f, "<message><body>a</body><x xmlns='urn:x'/></message>\n");
}

/* XEP-0206, section 5. */
static void a_restart_is_a_request_of_its_own(void **state)
{
	struct bosh_fixture *f = *state;
	bosh_open(f);
	bosh_expect_empty(f, 0, 1);
	bosh_send(f, "<response xmlns='urn:x'/>");
	bosh_expect_request(f, 1, NULL, BOSH_BODY("<response xmlns='urn:x'/>"));
	f->restarts_at_element = true;
	bosh_answer(f, 0, BOSH_BODY("<success xmlns='urn:x'/>"));
	bosh_expect_log(f, "<success xmlns='urn:x'/>\n");
	bosh_expect_request(f, 0, NULL,
		"<body xmlns='http://jabber.org/protocol/httpbind' to='example.org' "
		"xml:lang='en' rid='$' sid='s1' xmlns:xmpp='urn:xmpp:xbosh' xmpp:restart='true'/>");
	f->restarts_at_element = false;
	/* by the request that is held, as Prosody does */
	bosh_answer(f, 1, BOSH_BODY(BOSH_FEATURES));
	bosh_expect_log(f,
		"written 1\nopened - s1 1.0\n"
		"<stream:features/>\n");
}

static void an_element_behind_the_last_of_a_stream_is_refused(void **state)
{
	struct bosh_fixture *f = *state;
	bosh_open(f);
	bosh_expect_empty(f, 0, 1);
	f->restarts_at_element = true;
	bosh_answer(f, 0, BOSH_BODY("<success xmlns='urn:x'/><message/>"));
	bosh_expect_log(f,
		"<success xmlns='urn:x'/>\n"
		"closed ENVOI_ERR_PROTOCOL  an element of the stream before a restart\n");
}

/* XEP-0124, section 9: of a request that was not sent, nothing has arrived. */
static void an_acknowledgement_does_not_count_for_a_request_that_was_not_sent(void **state)
{
	struct bosh_fixture *f = *state;
	char text[BOSH_TEXT], body[256];
	bosh_start(f);
	bosh_take_request(f, 0, text);
	snprintf(body, sizeof(body),
		"<body xmlns='http://jabber.org/protocol/httpbind' sid='s1' requests='2' hold='1' "
		"wait='50' ack='%" PRIu64 "' from='example.org'>" BOSH_FEATURES "</body>",
		f->last_rid);
	bosh_answer(f, 0, body);
	bosh_expect_log_with(f, "opened", "features");
	bosh_take_request(f, 0, text);
	f->refusals = 2; /* the second after a delay */
	bosh_send(f, "<message xmlns='jabber:client'/>");
	snprintf(body, sizeof(body),
		"<body xmlns='http://jabber.org/protocol/httpbind' ack='%" PRIu64 "'/>",
		f->last_rid + 1);
	bosh_answer(f, 0, body);
	bosh_expect_log(f, "");
	bosh_run(f, 5 * BOSH_SECOND);
	bosh_take_request(f, 0, text);
	assert_non_null(strstr(text, "<message"));
	bosh_answer(f, 0, BOSH_BODY(""));
	bosh_expect_log(f, "written 1\n");
}

/* --- keys --- */

/* @return whether there is such an attribute; its value in @p to, 41 bytes */
static bool read_key(const char *body, const char *name, char *to)
{
	char start[16];
	snprintf(start, sizeof(start), " %s='", name);
	const char *at = strstr(body, start);
	snprintf(to, 41, "%s", at != NULL ? at + strlen(start) : "");
	return at != NULL;
}

static void hash_key(char *to, const char *key)
{
	unsigned char hash[20];
	assert_int_equal(gnutls_hash_fast(GNUTLS_DIG_SHA1, key, strlen(key), hash), 0);
	envoi_hex_encode(to, hash, sizeof(hash));
}

/* XEP-0124, section 15: the hash of each key is the key before, over several sequences. */
static void requests_in_clear_have_keys(void **state)
{
	struct bosh_fixture *f = *state;
	char text[BOSH_TEXT], before[41], key[41], hash[41];
	int sequences = 0;
	bosh_start(f);
	bosh_take_request(f, 0, text);
	assert_true(read_key(text, "newkey", before));
	assert_false(read_key(text, "key", key));
	bosh_answer(f, 0, BOSH_CREATED(BOSH_FEATURES));
	for (int i = 0; i < 600; i++) {
		bosh_run(f, 2 * BOSH_SECOND);
		bosh_take_request(f, 0, text);
		assert_true(read_key(text, "key", key));
		hash_key(hash, key);
		assert_string_equal(hash, before);
		if (read_key(text, "newkey", before)) {
			sequences++;
		} else {
			memcpy(before, key, sizeof(before));
		}
		bosh_answer(f, 0, BOSH_BODY(""));
	}
	assert_true(sequences >= 2 && sequences <= 4);
}

/* --- requests that are sent again --- */

/* XEP-0124, section 14.3: the same octets; the old connection is closed before. */
static void a_request_whose_connection_breaks_is_sent_again(void **state)
{
	struct bosh_fixture *f = *state;
	char first[BOSH_TEXT], second[BOSH_TEXT];
	bosh_open(f);
	bosh_expect_empty(f, 0, 1);
	bosh_send(f, "<message xmlns='jabber:client'/>");
	bosh_take_request(f, 1, first);
	bosh_cut(f, 1);
	bosh_take_request(f, 2, second);
	assert_string_equal(first, second);
	bosh_answer(f, 2, BOSH_BODY(""));
	bosh_expect_log(f, "written 1\n");
}

/* A server may be silent about what is too large for it. */
static void a_large_request_is_given_up_after_three_repeats(void **state)
{
	static char xml[20000];
	struct bosh_fixture *f = *state;
	bosh_open(f);
	bosh_expect_empty(f, 0, 1);
	snprintf(xml, sizeof(xml), "<message xmlns='jabber:client'>%017000d</message>", 0);
	bosh_send(f, xml);
	for (int i = 1; i <= 4; i++) {
		char text[BOSH_TEXT];
		bosh_take_request(f, i, text);
		bosh_cut(f, i);
		bosh_run(f, 2 * BOSH_SECOND);
	}
	assert_int_equal(f->links, 5);
	bosh_expect_log_with(f, "closed ENVOI_ERR_DISCONNECTED", "sent 4 times");
	assert_int_equal(f->transport->impl->unsent(f->transport), 0);
}

/* Where connections are cut again and again, as long as the server keeps the session. */
static void a_small_request_is_repeated_for_longer(void **state)
{
	struct bosh_fixture *f = *state;
	char text[BOSH_TEXT];
	bosh_open(f);
	bosh_expect_empty(f, 0, 1);
	bosh_send(f, "<message xmlns='jabber:client'/>");
	bosh_respond(f, 0, "200 OK\r\nConnection: close", BOSH_BODY(""));
	for (int i = 1; i <= 28; i++) { /* `inactivity` is 30 seconds */
		bosh_take_request(f, i, text);
		bosh_cut(f, i);
		bosh_run(f, BOSH_SECOND);
	}
	bosh_answer(f, 29, BOSH_BODY(""));
	bosh_expect_log(f, "written 1\n");
}

static void a_small_request_is_given_up_with_the_session(void **state)
{
	struct bosh_fixture *f = *state;
	char text[BOSH_TEXT];
	bosh_open(f);
	bosh_expect_empty(f, 0, 1);
	bosh_send(f, "<message xmlns='jabber:client'/>");
	bosh_respond(f, 0, "200 OK\r\nConnection: close", BOSH_BODY(""));
	for (int i = 1; i <= 4; i++) {
		bosh_take_request(f, i, text);
		bosh_run(f, 8 * BOSH_SECOND);
		bosh_cut(f, i);
		bosh_run(f, 3 * BOSH_SECOND);
	}
	bosh_expect_log_with(f, "closed ENVOI_ERR_DISCONNECTED", "sent 4 times");
}

static void cut_answer(struct bosh_fixture *f, int link)
{
	char text[BOSH_TEXT];
	bosh_take_request(f, link, text);
	bosh_send_bytes(f, link, "HTTP/1.1 200 OK\r\nContent-Length: 5000\r\n\r\n<body");
	bosh_cut(f, link);
}

/* The server lives, and keeps the session for as long as requests come. */
static void an_answer_that_breaks_off_is_asked_for_again_soon(void **state)
{
	struct bosh_fixture *f = *state;
	bosh_open(f);
	for (int i = 0; i < 60; i++) {
		cut_answer(f, i);
		bosh_run(f, BOSH_SECOND);
	}
	assert_int_equal(f->links, 61);
	bosh_expect_empty(f, 60, 1);
	bosh_answer(f, 60, BOSH_BODY("<message/>"));
	bosh_expect_log(f, "<message/>\n");
}

/* Something between may break it off for its size. */
static void an_answer_that_always_breaks_off_ends_the_session(void **state)
{
	struct bosh_fixture *f = *state;
	bosh_open(f);
	for (int i = 0; i < 61; i++) {
		cut_answer(f, i);
		bosh_run(f, BOSH_SECOND);
	}
	assert_int_equal(f->links, 61);
	bosh_expect_log_with(f, "closed ENVOI_ERR_DISCONNECTED", "sent 61 times");
}

/* Beyond the time for an answer; the peer is not silent. */
static void an_answer_may_take_as_long_as_it_goes_on(void **state)
{
	struct bosh_fixture *f = *state;
	bosh_open(f);
	bosh_expect_empty(f, 0, 1);
	bosh_run(f, 49 * BOSH_SECOND);
	f->activities = 0;
	bosh_send_bytes(f, 0, "HTTP/1.1 200 OK\r\nContent-Length: 61\r\n\r\n");
	bosh_send_bytes(f, 0, "<body xmlns='http://jabber.org/protocol/httpbind'>");
	for (int i = 0; i < 4; i++) {
		bosh_run(f, 9 * BOSH_SECOND);
		bosh_send_bytes(f, 0, " ");
	}
	assert_int_equal(f->activities, 6);
	bosh_send_bytes(f, 0, "</body>");
	assert_int_equal(f->links, 1);
	bosh_expect_empty(f, 0, 1);
}

static void an_answer_that_stops_is_asked_for_again(void **state)
{
	struct bosh_fixture *f = *state;
	bosh_open(f);
	bosh_expect_empty(f, 0, 1);
	bosh_send_bytes(f, 0, "HTTP/1.1 200 OK\r\nContent-Length: 61\r\n\r\n<body");
	bosh_run(f, 9 * BOSH_SECOND);
	assert_int_equal(f->links, 1);
	bosh_run(f, 2 * BOSH_SECOND);
	assert_true(bosh_is_over(f, 0));
	bosh_expect_empty(f, 1, 1);
}

/* The server holds no more than one: else a connection has died without an end. */
static void a_request_before_another_one_is_answered_soon(void **state)
{
	struct bosh_fixture *f = *state;
	bosh_open(f);
	bosh_expect_empty(f, 0, 1);
	bosh_send(f, "<message xmlns='jabber:client'/>");
	bosh_expect_request(f, 1, NULL, BOSH_BODY("<message xmlns='jabber:client'/>"));
	bosh_run(f, 9 * BOSH_SECOND);
	assert_int_equal(f->links, 2);
	bosh_run(f, 2 * BOSH_SECOND);
	assert_true(bosh_is_over(f, 0));
	assert_false(bosh_is_over(f, 1));
	bosh_expect_empty(f, 2, 1);
}

static void the_end_waits_for_lost_requests_for_two_seconds(void **state)
{
	struct bosh_fixture *f = *state;
	bosh_open(f);
	bosh_expect_empty(f, 0, 1);
	assert_int_equal(f->transport->impl->send_tail(f->transport), ENVOI_OK);
	f->transport->impl->close(f->transport, 5 * BOSH_SECOND);
	bosh_run(f, BOSH_SECOND);
	bosh_expect_request(f, 1, "terminate", BOSH_BODY(""));
	assert_int_equal(f->links, 2);
	bosh_run(f, 2 * BOSH_SECOND);
	bosh_expect_empty(f, 2, 1);
	bosh_answer(f, 2, BOSH_BODY(""));
	bosh_answer(f, 1, "<body xmlns='http://jabber.org/protocol/httpbind' type='terminate'/>");
	bosh_expect_log(f, "closed ENVOI_OK  \n");
}

/* Some requests are never answered: after `wait` and 10 seconds. */
static void a_silent_server_is_asked_again(void **state)
{
	struct bosh_fixture *f = *state;
	char first[BOSH_TEXT], second[BOSH_TEXT];
	bosh_open(f);
	bosh_take_request(f, 0, first);
	bosh_run(f, 59 * BOSH_SECOND);
	assert_int_equal(f->links, 1);
	bosh_run(f, 2 * BOSH_SECOND);
	assert_int_equal(f->links, 2);
	assert_true(bosh_is_over(f, 0));
	bosh_take_request(f, 1, second);
	assert_string_equal(first, second);
	bosh_answer(f, 1, BOSH_BODY("<message/>"));
	bosh_expect_log(f, "<message/>\n");
}

/* XEP-0124, section 17.1: the session may live on. */
static void a_gateway_s_error_is_followed_by_the_same_request(void **state)
{
	static const char *const statuses[] = {"502 Bad Gateway", "503 Service Unavailable",
		"504 Gateway Time-out", "408 Request Timeout", "429 Too Many Requests",
		"500 Internal Server Error"};
	for (size_t i = 0; i < sizeof(statuses) / sizeof(statuses[0]); i++) {
		struct bosh_fixture *f = *state;
		char first[BOSH_TEXT], second[BOSH_TEXT];
		bosh_open(f);
		bosh_take_request(f, 0, first);
		bosh_respond(f, 0, statuses[i], "<html>");
		assert_int_equal(f->links, 1);
		bosh_run(f, 2 * BOSH_SECOND);
		bosh_take_request(f, 0, second);
		assert_string_equal(first, second);
		bosh_answer(f, 0, BOSH_BODY("<message/>"));
		bosh_expect_log(f, "<message/>\n");
		bosh_teardown(state);
		bosh_setup(state);
	}
}

/* For as long as the server keeps the session: `inactivity` is 30 seconds. */
static void a_gateway_s_errors_end_the_session_in_the_end(void **state)
{
	struct bosh_fixture *f = *state;
	char text[BOSH_TEXT];
	int requests = 0;
	bosh_open(f);
	for (int i = 0; i < 60 && f->log.end == f->log.start; i++) {
		if (bosh_requests(f, 0) > 0) {
			requests++;
			bosh_take_request(f, 0, text);
			bosh_respond(f, 0, "502 Bad Gateway", "");
		}
		bosh_run(f, BOSH_SECOND);
	}
	assert_true(requests >= 4 && requests <= 9);
	bosh_expect_log_with(
		f, "closed ENVOI_ERR_UNREACHABLE", "the server answered \"502 Bad Gateway\"");
}

/* A server that names a day is given up as soon as one that names five minutes. */
static void the_time_of_the_session_has_a_bound(void **state)
{
	struct bosh_fixture *f = *state;
	char text[BOSH_TEXT];
	bosh_start(f);
	bosh_take_request(f, 0, text);
	bosh_answer(f, 0,
		"<body xmlns='http://jabber.org/protocol/httpbind' sid='s1' requests='2' hold='1' "
		"wait='50' inactivity='86400' from='example.org'>" BOSH_FEATURES "</body>");
	bosh_expect_log_with(f, "opened", "features");
	for (int i = 0; i < 320; i++) {
		if (bosh_requests(f, 0) > 0) {
			bosh_take_request(f, 0, text);
			bosh_respond(f, 0, "502 Bad Gateway", "");
		}
		bosh_run(f, BOSH_SECOND);
	}
	bosh_expect_log_with(f, "closed ENVOI_ERR_UNREACHABLE", "502 Bad Gateway");
}

static void other_statuses_end_the_session_with_words(void **state)
{
	static const struct {
		const char *status, *code, *text;
	} rows[] = {
		{"400 Bad Request", "ENVOI_ERR_PROTOCOL", "\"400 Bad Request\""},
		{"403 Forbidden", "ENVOI_ERR_PROTOCOL", "\"403 Forbidden\""},
		{"404 Not Found", "ENVOI_ERR_PROTOCOL", "\"404 Not Found\""},
		{"413 Too Large", "ENVOI_ERR_LIMIT", "\"413 Too Large\""},
		{"501 x", "ENVOI_ERR_PROTOCOL", "\"501 x\""},
		{"301 Moved\r\nLocation: https://other.example/b", "ENVOI_ERR_PROTOCOL",
			"\"301 Moved\" and names https://other.example/b"},
	};
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct bosh_fixture *f = *state;
		char text[BOSH_TEXT], log[64];
		bosh_open(f);
		bosh_take_request(f, 0, text);
		bosh_respond(f, 0, rows[i].status, "");
		bosh_run(f, BOSH_SECOND);
		snprintf(log, sizeof(log), "closed %s", rows[i].code);
		bosh_expect_log_with(f, log, rows[i].text);
		bosh_teardown(state);
		bosh_setup(state);
	}
}

/* XEP-0124, section 17.3. */
static void a_recoverable_error_asks_for_all_requests_without_an_answer(void **state)
{
	struct bosh_fixture *f = *state;
	char first[2][BOSH_TEXT], second[2][BOSH_TEXT];
	bosh_open(f);
	bosh_take_request(f, 0, first[0]);
	bosh_send(f, "<message xmlns='jabber:client'/>");
	bosh_take_request(f, 1, first[1]);
	bosh_answer(f, 1, "<body xmlns='http://jabber.org/protocol/httpbind' type='error'/>");
	assert_true(bosh_is_over(f, 0)); /* its answer may not come twice */
	bosh_run(f, BOSH_SECOND);
	int again = bosh_requests(f, 1) > 0 ? 1 : 3;
	bosh_take_request(f, again, second[0]);
	bosh_take_request(f, 2, second[1]);
	bool is_in_order = strcmp(first[0], second[0]) == 0;
	assert_string_equal(first[is_in_order ? 0 : 1], second[0]);
	assert_string_equal(first[is_in_order ? 1 : 0], second[1]);
}

/* --- polling --- */

/* XEP-0124, section 12; R16: all requests keep the distance. */
static void where_one_request_is_allowed_all_keep_the_distance(void **state)
{
	struct bosh_fixture *f = *state;
	char text[BOSH_TEXT];
	bosh_start(f);
	bosh_take_request(f, 0, text);
	bosh_answer(f, 0,
		"<body xmlns='http://jabber.org/protocol/httpbind' sid='s1' requests='1' hold='0' "
		"polling='4' from='example.org'/>");
	bosh_send(f, "<message xmlns='jabber:client'/>");
	bosh_run(f, 3 * BOSH_SECOND);
	assert_int_equal(bosh_requests(f, 0), 0);
	bosh_run(f, 2 * BOSH_SECOND);
	bosh_expect_request(f, 0, NULL, BOSH_BODY("<message xmlns='jabber:client'/>"));
	bosh_answer(f, 0, BOSH_BODY(""));
	bosh_run(f, 2 * BOSH_SECOND);
	assert_int_equal(bosh_requests(f, 0), 0);
	bosh_run(f, 3 * BOSH_SECOND);
	bosh_expect_empty(f, 0, 1);
	assert_int_equal(f->links, 1);
}

static void the_distance_has_a_bound(void **state)
{
	struct bosh_fixture *f = *state;
	char text[BOSH_TEXT];
	bosh_start(f);
	bosh_take_request(f, 0, text);
	bosh_answer(f, 0,
		"<body xmlns='http://jabber.org/protocol/httpbind' sid='s1' requests='1' hold='0' "
		"polling='86400' from='example.org'/>");
	bosh_send(f, "<message xmlns='jabber:client'/>");
	bosh_run(f, 59 * BOSH_SECOND);
	assert_int_equal(bosh_requests(f, 0), 0);
	bosh_run(f, 2 * BOSH_SECOND);
	bosh_expect_request(f, 0, NULL, BOSH_BODY("<message xmlns='jabber:client'/>"));
}

static void a_server_that_answers_at_once_is_not_asked_without_end(void **state)
{
	struct bosh_fixture *f = *state;
	char text[BOSH_TEXT];
	int requests = 0;
	bosh_open(f);
	for (int i = 0; i < 1000; i++) {
		if (bosh_requests(f, 0) > 0) {
			requests++;
			bosh_take_request(f, 0, text);
			bosh_answer(f, 0, BOSH_BODY(""));
		}
		bosh_run(f, 10);
	}
	assert_true(requests >= 5 && requests <= 30);
}

/* --- the end --- */

/* XEP-0124, section 13. */
static void the_session_ends_with_its_last_elements(void **state)
{
	struct bosh_fixture *f = *state;
	bosh_open(f);
	bosh_expect_empty(f, 0, 1);
	static const char gone[] = "<presence xmlns='jabber:client' type='unavailable'/>";
	assert_int_equal(
		f->transport->impl->send_element(f->transport, gone, strlen(gone)), ENVOI_OK);
	assert_int_equal(f->transport->impl->send_tail(f->transport), ENVOI_OK);
	bosh_run(f, 10);
	bosh_expect_request(f, 1, "terminate",
		BOSH_BODY("<presence xmlns='jabber:client' type='unavailable'/>"));
	f->closes_at_end = true;
	bosh_answer(f, 0,
		"<body xmlns='http://jabber.org/protocol/httpbind' type='terminate'>"
		"<message/></body>");
	bosh_run(f, BOSH_SECOND);
	bosh_expect_log(f, "<message/>\nended\nclosed ENVOI_OK  \n");
}

/* One request above the allowed number ends a session: section 11. */
static void the_end_does_not_wait_for_room(void **state)
{
	struct bosh_fixture *f = *state;
	char text[BOSH_TEXT];
	bosh_open(f);
	bosh_expect_empty(f, 0, 1);
	bosh_send(f, "<message xmlns='jabber:client'/>");
	bosh_take_request(f, 1, text);
	f->transport->impl->close(f->transport, 5 * BOSH_SECOND);
	bosh_run(f, 10);
	bosh_expect_request(f, 2, "terminate", BOSH_BODY(""));
	bosh_answer(f, 2, BOSH_BODY(""));
	bosh_run(f, 10);
	bosh_expect_log(f, "written 1\nclosed ENVOI_OK  \n");
}

static void a_server_that_does_not_confirm_the_end_is_not_waited_for(void **state)
{
	struct bosh_fixture *f = *state;
	bosh_open(f);
	f->transport->impl->close(f->transport, 2 * BOSH_SECOND);
	bosh_run(f, BOSH_SECOND);
	bosh_expect_log(f, "");
	bosh_run(f, 2 * BOSH_SECOND);
	bosh_expect_log(f, "closed ENVOI_OK  \n");
}

/* XEP-0124, section 17.2. */
static void the_server_s_condition_is_the_failure(void **state)
{
	static const struct {
		const char *condition, *log;
	} rows[] = {
		{"host-unknown",
			"closed ENVOI_ERR_STREAM host-unknown the BOSH server ended the session: "
			"host-unknown\n"},
		{"item-not-found",
			"closed ENVOI_ERR_DISCONNECTED item-not-found the BOSH server ended the "
			"session: item-not-found\n"},
	};
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct bosh_fixture *f = *state;
		char body[256];
		bosh_open(f);
		bosh_expect_empty(f, 0, 1);
		snprintf(body, sizeof(body),
			"<body xmlns='http://jabber.org/protocol/httpbind' type='terminate' "
			"condition='%s'/>",
			rows[i].condition);
		bosh_answer(f, 0, body);
		bosh_expect_log(f, rows[i].log);
		bosh_teardown(state);
		bosh_setup(state);
	}
}

/* Section 4 of XEP-0206: the stream error is an element. */
static void a_stream_error_comes_before_the_end(void **state)
{
	struct bosh_fixture *f = *state;
	bosh_open(f);
	bosh_expect_empty(f, 0, 1);
	bosh_answer(f, 0,
		"<body xmlns='http://jabber.org/protocol/httpbind' type='terminate' "
		"condition='remote-stream-error' "
		"xmlns:stream='http://etherx.jabber.org/streams'><stream:error/></body>");
	bosh_expect_log(f, "<stream:error/>\nended\n");
}

/* --- hostile answers --- */

static void other_answers_are_refused(void **state)
{
	static const char *const rows[] = {
		"<html><body/></html>",
		"",
		"<body xmlns='urn:x'/>",
		"<body/>",
		"<b:body xmlns:b='http://jabber.org/protocol/httpbind'/>",
		"<stream:stream xmlns:stream='http://etherx.jabber.org/streams'/>",
		"<body xmlns='http://jabber.org/protocol/httpbind' ack='x'/>",
	};
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct bosh_fixture *f = *state;
		char text[BOSH_TEXT];
		bosh_open(f);
		bosh_take_request(f, 0, text);
		bosh_answer(f, 0, rows[i]);
		bosh_expect_log_with(f, "closed ENVOI_ERR_PROTOCOL", "not one of BOSH");
		bosh_teardown(state);
		bosh_setup(state);
	}
}

/* XEP-0124, section 13: nothing is left there for as long as `inactivity`. */
static void an_answer_that_is_refused_ends_the_session_at_the_server(void **state)
{
	static const char *const rows[] = {
		"<html><body/></html>",
		BOSH_BODY("<message><unfinished>"),
		"<body xmlns='http://jabber.org/protocol/httpbind'><message/>",
	};
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct bosh_fixture *f = *state;
		static const char queued[] = "<message xmlns='jabber:client'/>";
		bosh_open(f);
		bosh_expect_empty(f, 0, 1);
		bosh_answer(f, 0, rows[i]);
		bosh_expect_request(f, 0, "terminate", BOSH_BODY(""));
		assert_int_equal(f->closes, 1);
		assert_int_equal(
			f->transport->impl->send_element(f->transport, queued, strlen(queued)),
			ENVOI_ERR_STATE);
		bosh_teardown(state);
		bosh_setup(state);
	}
}

/* The session may be resumed (XEP-0198) by another connection. */
static void a_connection_that_is_lost_does_not_end_the_session(void **state)
{
	struct bosh_fixture *f = *state;
	bosh_open(f);
	bosh_expect_empty(f, 0, 1);
	bosh_answer(f, 0, BOSH_BODY(""));
	f->transport->impl->abort(f->transport, NULL);
	bosh_run(f, 10);
	assert_int_equal(f->closes, 1);
	assert_int_equal(bosh_requests(f, 0), 0);
}

static void an_answer_that_is_cut_off_is_refused(void **state)
{
	struct bosh_fixture *f = *state;
	bosh_open(f);
	bosh_expect_empty(f, 0, 1);
	bosh_answer(f, 0, "<body xmlns='http://jabber.org/protocol/httpbind'><message>");
	bosh_expect_log_with(f, "closed ENVOI_ERR_XML", "cut off");
}

static void a_creation_without_a_session_is_refused(void **state)
{
	static const char *const rows[] = {
		"<body xmlns='http://jabber.org/protocol/httpbind'/>",
		"<body xmlns='http://jabber.org/protocol/httpbind' sid=''/>",
		"<body xmlns='http://jabber.org/protocol/httpbind' sid='s' requests='x'/>",
		"<body xmlns='http://jabber.org/protocol/httpbind' sid='s' polling='9999999'/>",
	};
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct bosh_fixture *f = *state;
		char text[BOSH_TEXT];
		bosh_start(f);
		bosh_take_request(f, 0, text);
		bosh_answer(f, 0, rows[i]);
		bosh_expect_log_with(f, "closed ENVOI_ERR_PROTOCOL", "not one of BOSH");
		bosh_teardown(state);
		bosh_setup(state);
	}
}

static void a_large_answer_is_refused_before_it_is_kept(void **state)
{
	struct bosh_fixture *f = *state;
	bosh_open(f);
	bosh_expect_empty(f, 0, 1);
	size_t before = f->allocator.most_bytes;
	for (int i = 0; i < 4; i++) {
		bosh_send_bytes(
			f, bosh_last(f), "HTTP/1.1 200 OK\r\nContent-Length: 100000000\r\n\r\n");
		bosh_run(f, 20 * BOSH_SECOND);
	}
	assert_true(f->allocator.most_bytes < before + 65536);
	bosh_expect_log_with(f, "closed ENVOI_ERR_LIMIT", "larger than the limit");
}

static void bytes_that_answer_nothing_close_their_connection(void **state)
{
	struct bosh_fixture *f = *state;
	bosh_open(f);
	bosh_expect_empty(f, 0, 1);
	bosh_send_bytes(f, 0,
		"HTTP/1.1 200 OK\r\nContent-Length: 61\r\n\r\n"
		"<body xmlns='http://jabber.org/protocol/httpbind'></body    >HTTP/1.1 200 OK\r\n\r\n");
	bosh_run(f, 2 * BOSH_SECOND);
	assert_true(bosh_is_over(f, 0));
	bosh_expect_log(f, "");
	bosh_expect_empty(f, 1, 1);
}

/* --- pausing and limits --- */

static void a_pause_keeps_answers_and_sends_no_empty_request(void **state)
{
	struct bosh_fixture *f = *state;
	bosh_open(f);
	bosh_expect_empty(f, 0, 1);
	f->transport->impl->pause(f->transport);
	bosh_answer(f, 0, BOSH_BODY("<message/>"));
	bosh_run(f, 10 * BOSH_SECOND);
	bosh_expect_log(f, "");
	assert_int_equal(bosh_requests(f, 0), 0);
	f->transport->impl->resume(f->transport);
	bosh_run(f, 10);
	bosh_expect_log(f, "<message/>\n");
	bosh_expect_empty(f, 0, 1);
}

static void pending_output_has_a_limit(void **state)
{
	static char xml[70000];
	struct bosh_fixture *f = *state;
	int sent = 0, r;
	snprintf(xml, sizeof(xml), "<message xmlns='jabber:client'>%060000d</message>", 0);
	bosh_open(f);
	while ((r = f->transport->impl->send_element(f->transport, xml, strlen(xml))) == ENVOI_OK) {
		sent++;
	}
	assert_int_equal(r, ENVOI_ERR_FULL);
	assert_true(sent >= 65 && sent <= 70); /* limits.output-bytes is 4 MiB */
	assert_int_equal(f->transport->impl->unsent(f->transport), sent);
	bosh_run(f, 10);
	assert_true(f->transport->impl->unsent(f->transport) < (size_t)sent);
}

/* --- freeing and memory --- */

static void the_transport_may_be_destroyed_in_each_event(void **state)
{
	static const char *const events[] = {"opened", "element", "written", "closed"};
	for (size_t i = 0; i < sizeof(events) / sizeof(events[0]); i++) {
		struct bosh_fixture *f = *state;
		f->destroys_at = events[i];
		bosh_start(f);
		bosh_answer(f, 0, BOSH_CREATED("<message/><message/>"));
		if (f->transport != NULL) {
			bosh_send(f, "<message xmlns='jabber:client'/>");
			bosh_answer(f, 1, BOSH_BODY(""));
			bosh_run(f, 10);
		}
		if (f->transport != NULL) {
			f->transport->impl->abort(f->transport, NULL);
			bosh_run(f, 10);
		}
		assert_null(f->transport);
		bosh_teardown(state);
		bosh_setup(state);
	}
}

static void without_memory_the_session_ends_or_goes_on(void **state)
{
	for (int n = 0; n < 400; n++) {
		struct bosh_fixture *f = *state;
		bosh_open(f);
		f->allocator.fail_at = f->allocator.calls + (size_t)n + 1;
		(void)f->transport->impl->send_element(f->transport, "<a xmlns='urn:x'/>", 18);
		bosh_run(f, 10);
		f->allocator.fail_at = 0;
		bosh_run(f, BOSH_SECOND);
		bosh_teardown(state);
		bosh_setup(state);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(the_first_request_creates_a_session),
		CASE(elements_go_in_a_second_request_while_one_is_held),
		CASE(answers_are_delivered_in_the_order_of_requests),
		CASE(no_request_goes_beyond_the_window),
		CASE(stanzas_may_lack_their_namespace),
		CASE(a_restart_is_a_request_of_its_own),
		CASE(an_element_behind_the_last_of_a_stream_is_refused),
		CASE(requests_in_clear_have_keys),
		CASE(an_acknowledgement_does_not_count_for_a_request_that_was_not_sent),
		CASE(a_request_whose_connection_breaks_is_sent_again),
		CASE(a_large_request_is_given_up_after_three_repeats),
		CASE(a_small_request_is_repeated_for_longer),
		CASE(a_small_request_is_given_up_with_the_session),
		CASE(an_answer_that_breaks_off_is_asked_for_again_soon),
		CASE(an_answer_that_always_breaks_off_ends_the_session),
		CASE(an_answer_may_take_as_long_as_it_goes_on),
		CASE(an_answer_that_stops_is_asked_for_again),
		CASE(a_request_before_another_one_is_answered_soon),
		CASE(the_end_waits_for_lost_requests_for_two_seconds),
		CASE(a_silent_server_is_asked_again),
		CASE(a_gateway_s_error_is_followed_by_the_same_request),
		CASE(a_gateway_s_errors_end_the_session_in_the_end),
		CASE(the_time_of_the_session_has_a_bound),
		CASE(other_statuses_end_the_session_with_words),
		CASE(a_recoverable_error_asks_for_all_requests_without_an_answer),
		CASE(where_one_request_is_allowed_all_keep_the_distance),
		CASE(the_distance_has_a_bound),
		CASE(a_server_that_answers_at_once_is_not_asked_without_end),
		CASE(the_session_ends_with_its_last_elements),
		CASE(the_end_does_not_wait_for_room),
		CASE(a_server_that_does_not_confirm_the_end_is_not_waited_for),
		CASE(the_server_s_condition_is_the_failure),
		CASE(a_stream_error_comes_before_the_end),
		CASE(other_answers_are_refused),
		CASE(an_answer_that_is_refused_ends_the_session_at_the_server),
		CASE(a_connection_that_is_lost_does_not_end_the_session),
		CASE(an_answer_that_is_cut_off_is_refused),
		CASE(a_creation_without_a_session_is_refused),
		CASE(a_large_answer_is_refused_before_it_is_kept),
		CASE(bytes_that_answer_nothing_close_their_connection),
		CASE(a_pause_keeps_answers_and_sends_no_empty_request),
		CASE(pending_output_has_a_limit),
		CASE(the_transport_may_be_destroyed_in_each_event),
		CASE(without_memory_the_session_ends_or_goes_on),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
