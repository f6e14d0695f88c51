/*
 * envoi - TLS in the middle of a connection
 * SPDX-License-Identifier: MIT
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include <envoi/mainloop.h>
#include <envoi/memory.h>
#include <envoi/tls.h>

#include "transport_pair.h"

#define HEAD \
	"<?xml version='1.0'?><stream:stream xmlns='jabber:client' id='1' version='1.0' " \
	"xmlns:stream='http://etherx.jabber.org/streams'>"

static const struct envoi_stream_head client_head = {
	.to = "example.org", .version = "1.0", .content_ns = "jabber:client"};
static const struct envoi_stream_head server_head = {
	.from = "example.org", .id = "1", .version = "1.0", .content_ns = "jabber:client"};

static const struct transport_kind *kind; /* under test */

static int setup(void **state)
{
	static struct transport_pair pair;
	transport_pair_init_plain(&pair, kind);
	*state = &pair;
	return 0;
}

static int teardown(void **state)
{
	transport_pair_finish(*state);
	return 0;
}

static int send_text(struct transport_side *side, const char *xml)
{
	return side->transport->impl->send_element(side->transport, xml, strlen(xml));
}

static int start_as_initiator(struct transport_side *side)
{
	return side->elements > 1 ? ENVOI_OK
				  : side->transport->impl->start_tls(side->transport,
					    ENVOI_INITIATOR, side->pair->trust, "example.org");
}

static int start_as_receiver(struct transport_side *side)
{
	int r = ENVOI_OK;
	if (side->elements == 1) {
		r = send_text(side, "<proceed/>");
		if (r == ENVOI_OK) {
			r = side->transport->impl->start_tls(
				side->transport, ENVOI_RECEIVER, side->pair->certificate, NULL);
		}
	}
	return r;
}

/* Up to the first element in TLS, as far as it goes. */
static void converse(struct transport_pair *p)
{
	p->a.at_element = start_as_initiator;
	p->b.at_element = start_as_receiver;
	(void)p->a.transport->impl->send_head(p->a.transport, &client_head);
	(void)p->b.transport->impl->send_head(p->b.transport, &server_head);
	(void)send_text(&p->a, "<starttls/>");
	transport_pair_run(p);
	(void)p->a.transport->impl->send_head(p->a.transport, &client_head);
	(void)p->b.transport->impl->send_head(p->b.transport, &server_head);
	(void)send_text(&p->b, "<message/>");
	transport_pair_run(p);
}

static void a_stream_goes_on_within_tls(void **state)
{
	struct transport_pair *p = *state;
	struct envoi_tls_info info;
	const struct envoi_transport_impl *impl = p->a.transport->impl;
	assert_false(impl->is_secure(p->a.transport));
	impl->tls_info(p->a.transport, &info);
	assert_null(info.version);
	converse(p);
	transport_side_expect(&p->a,
		"written 1\nopened from=example.org id=1 version=1.0 ns=jabber:client\n"
		"element <proceed/>\nsecured\n"
		"opened from=example.org id=1 version=1.0 ns=jabber:client\n"
		"element <message/>\n");
	transport_side_expect(&p->b,
		"opened to=example.org version=1.0 ns=jabber:client\n"
		"element <starttls/>\nwritten 1\nsecured\n"
		"written 1\nopened to=example.org version=1.0 ns=jabber:client\n");
	assert_true(impl->is_secure(p->a.transport));
	assert_true(impl->is_secure(p->b.transport));
	impl->tls_info(p->a.transport, &info);
	assert_string_equal(info.version, "TLS1.3");
	assert_true(envoi_tls_is_verified(&info));
	assert_int_equal(impl->start_tls(p->a.transport, ENVOI_INITIATOR, p->trust, "example.org"),
		ENVOI_ERR_STATE);
}

static void both_ends_have_the_same_binding(void **state)
{
	struct transport_pair *p = *state;
	const struct envoi_transport_impl *impl = p->a.transport->impl;
	struct envoi_buffer a, b;
	envoi_buffer_init(&a, p->context, 0);
	envoi_buffer_init(&b, p->context, 0);
	assert_int_equal(
		impl->channel_binding(p->a.transport, "tls-exporter", &a), ENVOI_ERR_UNSUPPORTED);
	converse(p);
	assert_int_equal(impl->channel_binding(p->a.transport, "tls-exporter", &a), ENVOI_OK);
	assert_int_equal(impl->channel_binding(p->b.transport, "tls-exporter", &b), ENVOI_OK);
	assert_int_equal(envoi_buffer_len(&a), 32);
	assert_memory_equal(envoi_buffer_data(&a), envoi_buffer_data(&b), 32);
	envoi_buffer_finish(&a);
	envoi_buffer_finish(&b);
}

static void another_name_is_refused_and_said(void **state)
{
	struct transport_pair *p = *state;
	assert_int_equal(transport_pair_start_tls(p, "example.net"), ENVOI_OK);
	transport_pair_run(p);
	transport_side_expect(&p->a, "closed -205\n");
	transport_side_expect(&p->b, "closed -203\n");
	assert_int_equal(p->a.why.phase, ENVOI_PHASE_TLS);
	assert_non_null(strstr(p->a.why.text, "for example.org, not for example.net"));
	assert_false(p->a.transport->impl->is_secure(p->a.transport));
}

static void a_name_that_cannot_be_is_refused_at_once(void **state)
{
	struct transport_pair *p = *state;
	assert_int_equal(transport_pair_start_tls(p, ""), ENVOI_ERR_INVALID);
	assert_int_equal(transport_pair_start_tls(p, "example.org"), ENVOI_OK);
	transport_pair_run(p);
	assert_int_equal(p->a.secures, 1);
}

static void an_end_within_the_handshake_names_the_phase(void **state)
{
	struct transport_pair *p = *state;
	assert_int_equal(p->a.transport->impl->start_tls(
				 p->a.transport, ENVOI_INITIATOR, p->trust, "example.org"),
		ENVOI_OK);
	p->b.transport->impl->close(p->b.transport, 0);
	transport_pair_run(p);
	transport_side_expect(&p->a, "closed -208\n");
	assert_int_equal(p->a.why.phase, ENVOI_PHASE_TLS);
}

static void closing_within_the_handshake_is_quiet(void **state)
{
	struct transport_pair *p = *state;
	assert_int_equal(transport_pair_start_tls(p, "example.org"), ENVOI_OK);
	assert_int_equal(p->a.transport->impl->send_head(p->a.transport, &client_head), ENVOI_OK);
	p->a.transport->impl->close(p->a.transport, 1000);
	transport_pair_run(p);
	transport_side_expect(&p->a, "closed 0\n");
	assert_int_equal(p->b.closes, 1);
}

/* --- half-closed and cut off --- */

/* How the other side leaves. */
enum leaving {
	FAREWELL, /* of TLS, and the end of the channel */
	CUT_OFF, /* the end of the channel alone */
};

static void leave(struct transport_pair *p, enum leaving how)
{
	if (how == FAREWELL) {
		p->b.transport->impl->close(p->b.transport, 0);
	} else {
		envoi_transport_destroy(p->b.transport);
		p->b.transport = NULL;
	}
	transport_pair_run(p);
}

static void an_end_within_a_stanza_or_without_closing_tag_is_reported_as_such(void **state)
{
	static const struct {
		const char *last; /* words */
		enum leaving how;
		const char *log, *text;
	} cases[] = {
		{"", CUT_OFF, "closed -208\n", "cut off: neither the stream nor TLS was ended"},
		{"", FAREWELL, "closed -208\n", "ended without the end of the stream"},
		{"<message><body>half", CUT_OFF, "closed -208\n", "in the middle of an element"},
		{"<message><body>half", FAREWELL, "closed -208\n", "in the middle of an element"},
		{"<message/><mess", CUT_OFF, "element <message/>\nclosed -208\n",
			"in the middle of an element"},
		{"<message/></stream:strea", CUT_OFF, "element <message/>\nclosed -208\n",
			"in the middle of an element"},
		{"<message/></stream:stream>", CUT_OFF, "element <message/>\nended\nclosed 0\n",
			NULL},
		{"<message/></stream:stream>", FAREWELL, "element <message/>\nended\nclosed 0\n",
			NULL},
	};
	struct transport_pair *p = *state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		converse(p);
		transport_side_forget(&p->a);
		if (cases[i].last[0] != '\0') {
			assert_int_equal(send_text(&p->b, cases[i].last), ENVOI_OK);
			transport_pair_run(p);
		}
		leave(p, cases[i].how);
		transport_side_expect(&p->a, cases[i].log);
		if (cases[i].text != NULL && strstr(p->a.why.text, cases[i].text) == NULL) {
			fail_msg("%d: %s", (int)i, p->a.why.text);
		}
		transport_pair_finish(p);
		transport_pair_init_plain(p, kind);
	}
}

static void much_goes_through_and_all_is_counted(void **state)
{
	static char text[9000];
	struct transport_pair *p = *state;
	converse(p);
	transport_pair_set_pieces(p, 4099);
	int before = p->a.elements, written = p->b.written;
	memset(text, 'x', sizeof(text));
	memcpy(text, "<message>", 9);
	memcpy(text + sizeof(text) - 10, "</message>", 10);
	for (int i = 0; i < 100; i++) {
		int r = p->b.transport->impl->send_element(p->b.transport, text, sizeof(text));
		if (r == ENVOI_ERR_FULL) {
			transport_pair_run(p);
			r = p->b.transport->impl->send_element(p->b.transport, text, sizeof(text));
		}
		assert_int_equal(r, ENVOI_OK);
	}
	transport_pair_run(p);
	assert_int_equal(p->a.elements - before, 100);
	assert_int_equal(p->b.written - written, 100);
	assert_int_equal(p->b.transport->impl->pending(p->b.transport), 0);
}

/* --- against a peer of raw bytes --- */

/* As transport_pair_init_plain(), but B is an end of bytes. */
static struct envoi_memory_end *against_bytes(struct transport_pair *p)
{
	struct envoi_memory_end *end;
	envoi_transport_destroy(p->a.transport);
	envoi_transport_destroy(p->b.transport);
	p->b.transport = NULL;
	envoi_memory_pair_unref(p->memory);
	assert_int_equal(envoi_memory_pair_new(&p->memory, p->context), ENVOI_OK);
	assert_int_equal(
		envoi_memory_transport_new(&p->a.transport, p->memory, ENVOI_MEMORY_A, NULL, false),
		ENVOI_OK);
	assert_int_equal(
		envoi_memory_end_new(&end, p->memory, ENVOI_MEMORY_B, NULL, NULL), ENVOI_OK);
	assert_int_equal(envoi_transport_start(p->a.transport, &p->a.sink), ENVOI_OK);
	assert_int_equal(p->a.transport->impl->send_head(p->a.transport, &client_head), ENVOI_OK);
	p->a.at_element = start_as_initiator;
	return end;
}

static void whatever_stands_behind_proceed_is_fatal(void **state)
{
	static const struct {
		const char *text;
		size_t len;
	} behind[] = {
		{"<message/>", 10},
		{"<mess", 5},
		{" ", 1},
		{"\n", 1},
		{"</stream:stream>", 16},
		{"\x16\x03\x03\0\x04\x0e\0\0\0", 9}, /* a TLS record before our ClientHello */
		{"\0", 1},
		{">", 1},
	};
	struct transport_pair *p = *state;
	for (size_t i = 0; i < sizeof(behind) / sizeof(behind[0]); i++) {
		struct envoi_memory_end *end = against_bytes(p);
		char text[512];
		int len = snprintf(text, sizeof(text), "%s<proceed/>", HEAD);
		memcpy(text + len, behind[i].text, behind[i].len);
		assert_int_equal(
			envoi_memory_end_send(end, text, (size_t)len + behind[i].len), ENVOI_OK);
		transport_pair_run(p);
		int result = p->a.first_result;
		envoi_memory_end_free(end);
		transport_pair_finish(p);
		transport_pair_init_plain(p, kind);
		if (result != ENVOI_ERR_PROTOCOL) {
			fail_msg("behind %d: %d", (int)i, result);
		}
	}
}

static void what_follows_proceed_must_be_tls(void **state)
{
	static const char *const following[] = {
		" ", "\x16 ", "<message/>", "</stream:stream>", "HTTP/1.1 400 Bad Request\r\n\r\n"};
	struct transport_pair *p = *state;
	for (size_t i = 0; i < sizeof(following) / sizeof(following[0]); i++) {
		struct envoi_memory_end *end = against_bytes(p);
		assert_int_equal(
			envoi_memory_end_send(end, HEAD "<proceed/>", strlen(HEAD) + 10), ENVOI_OK);
		transport_pair_run(p);
		transport_side_forget(&p->a);
		assert_int_equal(
			envoi_memory_end_send(end, following[i], strlen(following[i])), ENVOI_OK);
		transport_pair_run(p);
		bool is_right = p->a.closes == 1 && p->a.why.code == ENVOI_ERR_TLS &&
			p->a.why.phase == ENVOI_PHASE_TLS && p->a.elements == 1;
		int code = p->a.why.code;
		envoi_memory_end_free(end);
		transport_pair_finish(p);
		transport_pair_init_plain(p, kind);
		if (!is_right) {
			fail_msg("following %d: %d", (int)i, code);
		}
	}
}

static bool knows_anything(struct envoi_transport *transport)
{
	struct envoi_tls_info info;
	transport->impl->tls_info(transport, &info);
	return transport->impl->is_secure(transport) || info.version != NULL ||
		envoi_tls_is_verified(&info);
}

/* The end is reported, nothing is sent, and no property of the peer is known. */
static void a_fatal_alert_in_place_of_a_hello_ends_it(void **state)
{
	static const char alert[] = {21, 3, 3, 0, 2, 2, 40};
	struct transport_pair *p = *state;
	struct envoi_memory_end *end = against_bytes(p);
	assert_false(knows_anything(p->a.transport));
	assert_int_equal(
		envoi_memory_end_send(end, HEAD "<proceed/>", strlen(HEAD) + 10), ENVOI_OK);
	transport_pair_run(p);
	assert_false(knows_anything(p->a.transport));
	uint64_t sent = envoi_memory_pair_sent(p->memory, ENVOI_MEMORY_A);
	assert_int_equal(envoi_memory_end_send(end, alert, sizeof(alert)), ENVOI_OK);
	transport_pair_run(p);
	envoi_memory_end_free(end);
	assert_int_equal(p->a.closes, 1);
	assert_int_equal(p->a.why.code, ENVOI_ERR_TLS);
	assert_int_equal(p->a.why.phase, ENVOI_PHASE_TLS);
	assert_string_equal(p->a.why.text, "the peer ended TLS with an alert: Handshake failed");
	assert_int_equal(envoi_memory_pair_sent(p->memory, ENVOI_MEMORY_A), sent);
	assert_false(knows_anything(p->a.transport));
}

/* One direction breaks after so many bytes: both ends report it once, in every state. */
static void check_cut(struct transport_pair *p, enum envoi_memory_side side, uint64_t at)
{
	struct envoi_memory_script script = ENVOI_MEMORY_SCRIPT_INIT;
	script.cut_at = at;
	envoi_memory_pair_script(p->memory, side, &script);
	converse(p);
	(void)p->b.transport->impl->send_tail(p->b.transport);
	(void)p->a.transport->impl->send_tail(p->a.transport);
	transport_pair_run(p);
	p->a.transport->impl->close(p->a.transport, 1000);
	p->b.transport->impl->close(p->b.transport, 1000);
	transport_pair_run(p);
	assert_int_equal(p->a.closes, 1);
	assert_int_equal(p->b.closes, 1);
	assert_false(p->a.told_after_close || p->b.told_after_close);
}

static void a_cut_at_any_byte_is_reported_once(void **state)
{
	struct transport_pair *p = *state;
	for (int side = ENVOI_MEMORY_A; side <= ENVOI_MEMORY_B; side++) {
		check_cut(p, (enum envoi_memory_side)side, ENVOI_MEMORY_NEVER);
		uint64_t all = envoi_memory_pair_arrived(p->memory, (enum envoi_memory_side)side);
		/* every byte in clear and of the first records, then every seventh */
		for (uint64_t at = 0; at < all; at += at < 300 ? 1 : 7) {
			transport_pair_finish(p);
			transport_pair_init_plain(p, kind);
			check_cut(p, (enum envoi_memory_side)side, at);
		}
		transport_pair_finish(p);
		transport_pair_init_plain(p, kind);
	}
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(a_stream_goes_on_within_tls),
		CASE(both_ends_have_the_same_binding),
		CASE(another_name_is_refused_and_said),
		CASE(a_name_that_cannot_be_is_refused_at_once),
		CASE(an_end_within_the_handshake_names_the_phase),
		CASE(closing_within_the_handshake_is_quiet),
		CASE(an_end_within_a_stanza_or_without_closing_tag_is_reported_as_such),
		CASE(much_goes_through_and_all_is_counted),
	};
	const struct CMUnitTest tests_in_memory[] = {
		CASE(whatever_stands_behind_proceed_is_fatal),
		CASE(what_follows_proceed_must_be_tls),
		CASE(a_fatal_alert_in_place_of_a_hello_ends_it),
		CASE(a_cut_at_any_byte_is_reported_once),
	};
	int failed = 0;
	for (kind = transport_kinds; kind->name != NULL; kind++) {
		if (!kind->has_tls && !kind->is_framed && !kind->is_bosh) {
			failed += cmocka_run_group_tests_name(kind->name, tests, NULL, NULL);
		}
	}
	kind = transport_kinds;
	failed += cmocka_run_group_tests_name("bytes", tests_in_memory, NULL, NULL);
	return failed;
}
