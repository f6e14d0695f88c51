/*
 * envoi - byte streams: a peer that sends or takes too slowly
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

#include "transport_pair.h"

enum {
	SECOND = 1000,
	ELEMENT_TIMEOUT = 120 * SECOND, /* stream.element-timeout */
	WRITE_TIMEOUT = 60 * SECOND, /* stream.write-timeout */
};

/* In clear and within TLS, byte by byte too: each in virtual time. */
static void for_each_kind(void (*test)(struct transport_pair *pair))
{
	static const struct envoi_stream_head head = {
		.to = "example.org", .version = "1.0", .content_ns = "jabber:client"};
	for (const struct transport_kind *kind = transport_kinds; kind->name != NULL; kind++) {
		if (kind->is_tcp || kind->is_framed || kind->is_bosh) {
			continue; /* not in virtual time; no element in pieces: test_websocket */
		}
		struct transport_pair pair;
		transport_pair_init(&pair, kind);
		transport_pair_set_pieces(&pair, 1024);
		assert_int_equal(
			pair.a.transport->impl->send_head(pair.a.transport, &head), ENVOI_OK);
		assert_int_equal(
			pair.b.transport->impl->send_head(pair.b.transport, &head), ENVOI_OK);
		transport_pair_run(&pair);
		transport_side_forget(&pair.a);
		transport_side_forget(&pair.b);
		test(&pair);
		transport_pair_finish(&pair);
	}
}

static void run_for(struct transport_pair *pair, uint64_t duration_ms)
{
	assert_int_equal(envoi_loop_simulated_run_for(pair->loop, duration_ms), ENVOI_OK);
}

static void send(struct transport_side *side, const char *xml)
{
	assert_int_equal(
		side->transport->impl->send_element(side->transport, xml, strlen(xml)), ENVOI_OK);
	run_for(side->pair, 0);
}

/* White space, in the middle of an element. */
static void drip(struct transport_side *side, unsigned int seconds)
{
	for (unsigned int i = 0; i < seconds; i++) {
		run_for(side->pair, SECOND);
		assert_int_equal(side->transport->impl->keepalive(side->transport), ENVOI_OK);
	}
}

/* --- elements --- */

static void a_dripping_element(struct transport_pair *pair)
{
	send(&pair->a, "<message><body>");
	drip(&pair->a, ELEMENT_TIMEOUT / SECOND - 1);
	run_for(pair, SECOND - 1);
	assert_int_equal(pair->b.closes, 0);
	run_for(pair, 5 * SECOND);
	transport_side_expect(&pair->b, "closed -102 policy-violation\n");
	assert_string_equal(
		pair->b.why.text, "the peer did not end an element that it began within 120 s");
	assert_int_equal(pair->a.elements, 1); /* the stream error */
}

static void an_element_that_does_not_end_closes_the_connection(void **state)
{
	(void)state;
	for_each_kind(a_dripping_element);
}

/* A large stanza over a slow link. */
static void send_slowly(struct transport_pair *pair, bool skips, int times)
{
	static char piece[16384 + 1];
	memset(piece, 'x', sizeof(piece) - 1);
	struct envoi_xml_limits limits = envoi_xml_limits_default;
	limits.skip_bytes = skips ? 1000000 : 0;
	pair->b.transport->impl->set_limits(pair->b.transport, &limits);
	send(&pair->a, "<message><body>");
	for (int i = 0; i < times; i++) {
		run_for(pair, ELEMENT_TIMEOUT - SECOND);
		send(&pair->a, piece);
		assert_int_equal(pair->b.closes, 0);
		run_for(pair, SECOND);
	}
}

static void a_large_element(struct transport_pair *pair)
{
	send_slowly(pair, true, 10);
	assert_int_equal(pair->b.closes, 0);
	run_for(pair, 2 * ELEMENT_TIMEOUT);
	transport_side_expect(&pair->b, "closed -102 policy-violation\n");
}

/* It has memory to get back. */
static void a_large_element_at_a_receiver(struct transport_pair *pair)
{
	send_slowly(pair, false, 1);
	run_for(pair, 5 * SECOND);
	transport_side_expect(&pair->b, "closed -102 policy-violation\n");
}

static void an_element_that_arrives_slowly_has_more_time(void **state)
{
	(void)state;
	for_each_kind(a_large_element);
	for_each_kind(a_large_element_at_a_receiver);
}

static void an_element_in_time(struct transport_pair *pair)
{
	send(&pair->a, "<message><body>");
	drip(&pair->a, ELEMENT_TIMEOUT / SECOND - 1);
	send(&pair->a, "</body></message><message>");
	assert_int_equal(pair->b.elements, 1);
	drip(&pair->a, ELEMENT_TIMEOUT / SECOND - 1);
	send(&pair->a, "</message>");
	assert_int_equal(pair->b.elements, 2);
	drip(&pair->a, 2 * ELEMENT_TIMEOUT / SECOND);
	assert_int_equal(pair->b.closes, 0);
}

static void each_element_has_its_own_time_and_silence_none(void **state)
{
	(void)state;
	for_each_kind(an_element_in_time);
}

static void a_paused_element(struct transport_pair *pair)
{
	const struct envoi_transport_impl *impl = pair->b.transport->impl;
	send(&pair->a, "<message><body>");
	run_for(pair, 10 * SECOND);
	impl->pause(pair->b.transport);
	run_for(pair, 10 * ELEMENT_TIMEOUT);
	assert_int_equal(pair->b.closes, 0);
	impl->resume(pair->b.transport);
	run_for(pair, ELEMENT_TIMEOUT - 1);
	assert_int_equal(pair->b.closes, 0);
	run_for(pair, 5 * SECOND);
	transport_side_expect(&pair->b, "closed -102 policy-violation\n");
}

static void a_pause_of_reading_suspends_the_peers_deadline(void **state)
{
	(void)state;
	for_each_kind(a_paused_element);
}

static void many_at_once(struct transport_pair *pair)
{
	for (int i = 0; i < 3 * TRANSPORT_PAIR_SLICE; i++) {
		send(&pair->a, "<presence/>");
	}
	send(&pair->a, "<presence");
	run_for(pair, ELEMENT_TIMEOUT - 1);
	assert_int_equal(pair->b.elements, 3 * TRANSPORT_PAIR_SLICE);
	assert_int_equal(pair->b.closes, 0);
	run_for(pair, 5 * SECOND);
	assert_int_equal(pair->b.closes, 1);
}

static void an_element_behind_a_spent_slice_has_a_time_too(void **state)
{
	(void)state;
	for_each_kind(many_at_once);
}

/* --- writing --- */

static void fill(struct transport_side *side)
{
	static char large[8001];
	snprintf(large, sizeof(large), "<message>%07900d</message>", 0);
	int r = ENVOI_OK;
	for (int i = 0; i < 100 && r == ENVOI_OK; i++) {
		r = side->transport->impl->send_element(side->transport, large, strlen(large));
		run_for(side->pair, 0);
	}
	assert_int_equal(r, ENVOI_ERR_FULL);
}

static void a_peer_that_takes_nothing(struct transport_pair *pair)
{
	pair->b.transport->impl->pause(pair->b.transport);
	fill(&pair->a);
	transport_side_forget(&pair->a);
	run_for(pair, WRITE_TIMEOUT - 1);
	assert_int_equal(pair->a.closes, 0);
	run_for(pair, 1);
	transport_side_expect(&pair->a, "closed -102\n");
	assert_string_equal(pair->a.why.text, "the peer accepted no pending output within 60 s");
}

static void a_peer_that_takes_nothing_closes_the_connection(void **state)
{
	(void)state;
	for_each_kind(a_peer_that_takes_nothing);
}

static void a_paused_writer(struct transport_pair *pair)
{
	pair->a.transport->impl->pause(pair->a.transport);
	a_peer_that_takes_nothing(pair);
}

static void output_has_its_deadline_on_a_paused_transport_too(void **state)
{
	(void)state;
	for_each_kind(a_paused_writer);
}

/* The receiver reads for an instant each time. */
static void take_a_little(struct transport_side *side)
{
	side->transport->impl->resume(side->transport);
	run_for(side->pair, 0);
	side->transport->impl->pause(side->transport);
}

static void a_slow_peer(struct transport_pair *pair)
{
	pair->b.transport->impl->pause(pair->b.transport);
	fill(&pair->a);
	for (int i = 0; i < 3; i++) {
		run_for(pair, WRITE_TIMEOUT - 1);
		take_a_little(&pair->b);
		fill(&pair->a);
		assert_int_equal(pair->a.closes, 0);
	}
	pair->b.transport->impl->resume(pair->b.transport);
	run_for(pair, 3 * WRITE_TIMEOUT);
	assert_int_equal(pair->a.closes, 0);
	assert_int_equal(pair->a.transport->impl->pending(pair->a.transport), 0);
}

static void progress_starts_the_deadline_again_and_an_idle_writer_has_none(void **state)
{
	(void)state;
	for_each_kind(a_slow_peer);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_element_that_does_not_end_closes_the_connection),
		cmocka_unit_test(an_element_that_arrives_slowly_has_more_time),
		cmocka_unit_test(each_element_has_its_own_time_and_silence_none),
		cmocka_unit_test(a_pause_of_reading_suspends_the_peers_deadline),
		cmocka_unit_test(an_element_behind_a_spent_slice_has_a_time_too),
		cmocka_unit_test(a_peer_that_takes_nothing_closes_the_connection),
		cmocka_unit_test(output_has_its_deadline_on_a_paused_transport_too),
		cmocka_unit_test(progress_starts_the_deadline_again_and_an_idle_writer_has_none),
	};
	return cmocka_run_group_tests_name("transport/byte_stream_deadlines", tests, NULL, NULL);
}
