/*
 * envoi - what every transport promises, held against each of them
 * SPDX-License-Identifier: MIT
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include <envoi/interfaces/channel.h>
#include <envoi/mainloop.h>

#include "open_fds.h"
#include "transport_pair.h"

enum {
	FRAME_BYTES = 8, /* of a masked frame of 126 to 65,535 bytes: RFC 6455, section 5.2 */
};

static const struct envoi_stream_head client_head = {
	.from = "juliet@example.org",
	.to = "example.org",
	.lang = "en",
	.version = "1.0",
	.content_ns = "jabber:client",
};

static const struct envoi_stream_head server_head = {
	.from = "example.org",
	.id = "s'1&2",
	.version = "1.0",
	.content_ns = "jabber:client",
};

static const struct transport_kind *kind; /* under test */

static int setup(void **state)
{
	static struct transport_pair pair;
	transport_pair_init(&pair, kind);
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

/* An element above the low mark of what may be pending. */
static char large[TRANSPORT_PAIR_OUTPUT / 2];

static void make_large(void)
{
	memset(large, 'x', sizeof(large) - 1);
	memcpy(large, "<message>", 9);
	memcpy(large + sizeof(large) - 11, "</message>", 10);
}

static void open_both(struct transport_pair *p)
{
	assert_int_equal(p->a.transport->impl->send_head(p->a.transport, &client_head), ENVOI_OK);
	if (kind->is_bosh) {
		transport_pair_run(p);
	}
	assert_int_equal(p->b.transport->impl->send_head(p->b.transport, &server_head), ENVOI_OK);
	if (kind->is_bosh) { /* the first answer has an element, which a later request confirms */
		assert_int_equal(send_text(&p->b, "<presence/>"), ENVOI_OK);
		transport_pair_run(p);
		assert_int_equal(send_text(&p->a, "<presence/>"), ENVOI_OK);
	}
	transport_pair_run(p);
	p->b.elements = p->a.written = 0;
	p->a.elements = p->b.written = 0;
	transport_side_forget(&p->a);
	transport_side_forget(&p->b);
}

static void heads_arrive_with_their_attributes(void **state)
{
	struct transport_pair *p = *state;
	assert_int_equal(p->a.transport->impl->send_head(p->a.transport, &client_head), ENVOI_OK);
	assert_int_equal(p->b.transport->impl->send_head(p->b.transport, &server_head), ENVOI_OK);
	transport_side_expect(&p->a, "");
	transport_pair_run(p);
	transport_side_expect(&p->b,
		"opened from=juliet@example.org to=example.org lang=en version=1.0 "
		"ns=jabber:client\n");
	transport_side_expect(
		&p->a, "opened from=example.org id=s'1&2 version=1.0 ns=jabber:client\n");
}

static void elements_arrive_once_and_in_order(void **state)
{
	struct transport_pair *p = *state;
	open_both(p);
	assert_int_equal(send_text(&p->a, "<message id='1'/>"), ENVOI_OK);
	assert_int_equal(send_text(&p->a, "<message id='2'><body>x</body></message>"), ENVOI_OK);
	transport_pair_run(p);
	transport_side_expect(&p->b,
		"element <message id='1'/>\nelement <message id='2'><body>x</body></message>\n");
	transport_side_expect(&p->a, "written 2\n");
	assert_int_equal(p->a.transport->impl->pending(p->a.transport), 0);
}

static void many_small_sends_of_a_turn_are_one_activity(void **state)
{
	struct transport_pair *p = *state;
	open_both(p);
	int before = p->b.activities;
	for (int i = 0; i < 20; i++) {
		assert_int_equal(send_text(&p->a, "<presence/>"), ENVOI_OK);
	}
	transport_pair_run(p);
	if (kind->piece_bytes == 0) {
		assert_int_equal(p->b.activities - before, 1);
	}
	assert_int_equal(p->b.elements, 20);
}

static void nothing_is_sent_before_the_head_and_after_the_tail(void **state)
{
	struct transport_pair *p = *state;
	const struct envoi_transport_impl *impl = p->a.transport->impl;
	assert_int_equal(send_text(&p->a, "<presence/>"), ENVOI_ERR_STATE);
	assert_int_equal(impl->send_tail(p->a.transport), ENVOI_ERR_STATE);
	assert_int_equal(impl->keepalive(p->a.transport), ENVOI_ERR_STATE);
	open_both(p);
	assert_int_equal(impl->send_head(p->a.transport, &client_head), ENVOI_ERR_STATE);
	assert_int_equal(impl->send_tail(p->a.transport), ENVOI_OK);
	assert_int_equal(send_text(&p->a, "<presence/>"), ENVOI_ERR_STATE);
	assert_int_equal(impl->send_tail(p->a.transport), ENVOI_ERR_STATE);
	assert_int_equal(impl->keepalive(p->a.transport), ENVOI_ERR_STATE);
}

static void an_orderly_close_is_no_failure(void **state)
{
	struct transport_pair *p = *state;
	open_both(p);
	assert_int_equal(send_text(&p->a, "<presence/>"), ENVOI_OK);
	assert_int_equal(p->a.transport->impl->send_tail(p->a.transport), ENVOI_OK);
	transport_pair_run(p);
	transport_side_expect(&p->b, "element <presence/>\nended\n");
	assert_int_equal(send_text(&p->b, "<message/>"), ENVOI_OK);
	assert_int_equal(p->b.transport->impl->send_tail(p->b.transport), ENVOI_OK);
	p->b.transport->impl->close(p->b.transport, 5000);
	p->b.transport->impl->close(p->b.transport, 5000);
	transport_pair_run(p);
	if (kind->is_bosh) { /* no connection ends */
		p->a.transport->impl->close(p->a.transport, 5000);
		transport_pair_run(p);
	}
	transport_side_expect(&p->a, "written 1\nelement <message/>\nended\nclosed 0\n");
	transport_side_expect(&p->b, "element <presence/>\nended\nwritten 1\nclosed 0\n");
}

/* Of what is pending the limit is never passed; one element of any size is taken when nothing is.
 *  */
static int send_sized(struct transport_side *side, size_t len)
{
	static char xml[2 * TRANSPORT_PAIR_OUTPUT];
	memset(xml, 'x', len);
	memcpy(xml, "<a>", 3);
	memcpy(xml + len - 4, "</a>", 4);
	return side->transport->impl->send_element(side->transport, xml, len);
}

static void the_limit_on_pending_output_holds_to_the_byte(void **state)
{
	struct transport_pair *p = *state;
	const struct envoi_transport_impl *impl = p->a.transport->impl;
	open_both(p);
	transport_pair_set_pieces(p, 1009);
	p->b.transport->impl->set_limits(p->b.transport, &envoi_xml_limits_default);
	size_t frame = kind->is_framed ? FRAME_BYTES : 0;
	size_t first = 1000, room = TRANSPORT_PAIR_OUTPUT - first - 2 * frame;
	assert_int_equal(send_sized(&p->a, first), ENVOI_OK);
	assert_int_equal(impl->pending(p->a.transport), first + frame);
	assert_int_equal(send_sized(&p->a, room + 1), ENVOI_ERR_FULL);
	assert_int_equal(impl->pending(p->a.transport), first + frame);
	assert_int_equal(send_sized(&p->a, room), ENVOI_OK);
	assert_int_equal(impl->pending(p->a.transport), TRANSPORT_PAIR_OUTPUT);
	assert_int_equal(send_sized(&p->a, 10), ENVOI_ERR_FULL);
	transport_pair_run(p);
	assert_int_equal(impl->pending(p->a.transport), 0);
	assert_int_equal(send_sized(&p->a, 2 * TRANSPORT_PAIR_OUTPUT), ENVOI_OK);
	assert_int_equal(send_sized(&p->a, 10), ENVOI_ERR_FULL);
	transport_pair_run(p);
	assert_int_equal(p->b.elements, 3);
}

static void closing_writes_what_is_pending(void **state)
{
	struct transport_pair *p = *state;
	open_both(p);
	assert_int_equal(send_text(&p->a, "<presence/>"), ENVOI_OK);
	assert_int_equal(p->a.transport->impl->send_tail(p->a.transport), ENVOI_OK);
	p->a.transport->impl->close(p->a.transport, 0);
	assert_int_equal(send_text(&p->a, "<presence/>"), ENVOI_ERR_STATE);
	transport_pair_run(p);
	transport_side_expect(&p->a, "written 1\nclosed 0\n");
	transport_side_expect(&p->b, "element <presence/>\nended\nclosed 0\n");
}

static void an_end_without_the_tail_is_a_failure(void **state)
{
	struct transport_pair *p = *state;
	open_both(p);
	assert_int_equal(send_text(&p->a, "<presence/>"), ENVOI_OK);
	p->a.transport->impl->close(p->a.transport, 0);
	transport_pair_run(p);
	transport_side_expect(&p->b, "element <presence/>\nclosed -208\n");
}

static void an_abort_drops_what_is_pending_and_says_why(void **state)
{
	struct transport_pair *p = *state;
	struct envoi_failure why;
	open_both(p);
	envoi_failure_set(&why, p->context, ENVOI_PHASE_ONLINE, ENVOI_ERR_TIMEOUT, "too slow");
	assert_int_equal(send_text(&p->a, "<presence/>"), ENVOI_OK);
	p->a.transport->impl->abort(p->a.transport, &why);
	p->a.transport->impl->abort(p->a.transport, NULL);
	transport_side_expect(&p->a, "");
	assert_int_equal(p->a.transport->impl->pending(p->a.transport), 0);
	transport_pair_run(p);
	transport_side_expect(&p->a, "closed -102\n");
	assert_string_equal(p->a.why.text, "too slow");
	if (!kind->is_bosh) { /* there a session ends for want of requests */
		transport_side_expect(&p->b, "closed -208\n");
	}
}

static void bad_input_is_answered_with_a_stream_error(void **state)
{
	struct transport_pair *p = *state;
	open_both(p);
	assert_int_equal(send_text(&p->a, "<presence/>"), ENVOI_OK);
	assert_int_equal(send_text(&p->a, "<message></presence>"), ENVOI_OK);
	assert_int_equal(send_text(&p->a, "<message/>"), ENVOI_OK);
	transport_pair_run(p);
	transport_side_expect(&p->b, "element <presence/>\nclosed -200 not-well-formed\n");
	if (kind->is_bosh) { /* XEP-0124, section 17.2 */
		transport_side_expect(&p->a, "written 3\nclosed -208 bad-request\n");
		return;
	}
	transport_side_expect(&p->a,
		"written 3\n"
		"element <stream:error><not-well-formed "
		"xmlns='urn:ietf:params:xml:ns:xmpp-streams'/></stream:error>\nended\nclosed 0\n");
}

static void something_else_than_a_stream_is_refused(void **state)
{
	struct transport_pair *p = *state;
	struct envoi_stream_head head = client_head;
	if (kind->is_framed) {
		head.to = "\xff";
		assert_int_equal(
			p->b.transport->impl->send_head(p->b.transport, &head), ENVOI_ERR_INVALID);
		return; /* the content namespace is not sent */
	}
	head.content_ns = "jabber:client' xmlns:stream='urn:x";
	assert_int_equal(p->a.transport->impl->send_head(p->a.transport, &head), ENVOI_OK);
	transport_pair_run(p);
	transport_side_expect(&p->b,
		"opened from=juliet@example.org to=example.org lang=en version=1.0 "
		"ns=jabber:client' xmlns:stream='urn:x\n");
	head.to = "\xff";
	assert_int_equal(p->b.transport->impl->send_head(p->b.transport, &head), ENVOI_ERR_INVALID);
}

static void a_restart_begins_a_new_document(void **state)
{
	struct transport_pair *p = *state;
	open_both(p);
	assert_int_equal(send_text(&p->b, "<success/>"), ENVOI_OK);
	transport_pair_run(p);
	assert_int_equal(p->a.transport->impl->restart(p->a.transport), ENVOI_OK);
	assert_int_equal(p->b.transport->impl->restart(p->b.transport), ENVOI_OK);
	transport_side_forget(&p->a);
	transport_side_forget(&p->b);
	heads_arrive_with_their_attributes(state);
}

static int restart_at_element(struct transport_side *side)
{
	return side->transport->impl->restart(side->transport);
}

static void a_restart_inside_a_callback_is_what_streams_do(void **state)
{
	struct transport_pair *p = *state;
	open_both(p);
	p->a.at_element = restart_at_element;
	assert_int_equal(send_text(&p->b, "<success/>"), ENVOI_OK);
	transport_pair_run(p);
	assert_int_equal(p->a.result, ENVOI_OK);
	assert_int_equal(send_text(&p->a, "<presence/>"), ENVOI_ERR_STATE);
}

static void what_came_too_early_forbids_a_restart(void **state)
{
	static const char *const more[] = {"<message/>", "<mess", "</stream:stream>"};
	struct transport_pair *p = *state;
	if (kind->piece_bytes > 0) {
		return; /* nothing comes in one piece with something else */
	}
	for (size_t i = 0; i < sizeof(more) / sizeof(more[0]); i++) {
		open_both(p);
		p->a.at_element = restart_at_element;
		assert_int_equal(send_text(&p->b, "<success/>"), ENVOI_OK);
		assert_int_equal(send_text(&p->b, more[i]), ENVOI_OK);
		transport_pair_run(p);
		assert_int_equal(p->a.first_result, ENVOI_ERR_PROTOCOL);
		transport_pair_finish(p);
		transport_pair_init(p, kind);
	}
}

static int pause_at_element(struct transport_side *side)
{
	side->transport->impl->pause(side->transport);
	return ENVOI_OK;
}

static void a_pause_holds_elements_back(void **state)
{
	struct transport_pair *p = *state;
	open_both(p);
	p->b.at_element = pause_at_element;
	assert_int_equal(send_text(&p->a, "<message id='1'/>"), ENVOI_OK);
	assert_int_equal(send_text(&p->a, "<message id='2'/>"), ENVOI_OK);
	transport_pair_run(p);
	transport_side_expect(&p->b, "element <message id='1'/>\n");
	p->b.transport->impl->resume(p->b.transport);
	transport_pair_run(p);
	transport_side_expect(&p->b, "element <message id='1'/>\nelement <message id='2'/>\n");
}

static void what_came_before_the_end_is_handed_over_after_a_pause(void **state)
{
	struct transport_pair *p = *state;
	open_both(p);
	p->b.transport->impl->pause(p->b.transport);
	assert_int_equal(send_text(&p->a, "<message id='1'/>"), ENVOI_OK);
	assert_int_equal(p->a.transport->impl->send_tail(p->a.transport), ENVOI_OK);
	p->a.transport->impl->close(p->a.transport, 0);
	transport_pair_run(p);
	transport_side_expect(&p->b, "");
	p->b.transport->impl->resume(p->b.transport);
	transport_pair_run(p);
	transport_side_expect(&p->b,
		kind->is_bosh ? "element <message id='1'/>\nended\n" /* no connection ends */
			      : "element <message id='1'/>\nended\nclosed 0\n");
}

/* P20: a receiver that does not read blocks the sender, which is notified when it can continue */
static void output_is_bounded_and_drains(void **state)
{
	static char text[8192];
	struct transport_pair *p = *state;
	open_both(p);
	transport_pair_set_pieces(p, 1009);
	memset(text, 'x', sizeof(text));
	memcpy(text, "<message>", 9);
	memcpy(text + sizeof(text) - 10, "</message>", 10);
	p->b.transport->impl->set_limits(p->b.transport, &envoi_xml_limits_default); /* logged in */
	p->b.transport->impl->pause(p->b.transport);
	int r, sent = 0, full_in_a_row = 0;
	while (full_in_a_row < 2 && sent < 10000) {
		r = p->a.transport->impl->send_element(p->a.transport, text, sizeof(text));
		if (r == ENVOI_OK) {
			sent++;
			full_in_a_row = 0;
		} else {
			full_in_a_row++;
			transport_pair_run(p);
		}
	}
	assert_int_equal(r, ENVOI_ERR_FULL);
	assert_true(p->a.transport->impl->pending(p->a.transport) <= TRANSPORT_PAIR_OUTPUT + 20000);
	p->a.drains = 0;
	p->b.transport->impl->resume(p->b.transport);
	transport_pair_run(p);
	assert_int_equal(p->a.drains, 1);
	assert_int_equal(p->a.written, sent);
	assert_int_equal(p->b.elements, sent);
	assert_int_equal(send_text(&p->a, "<presence/>"), ENVOI_OK);
}

static void one_element_may_be_larger_than_the_output(void **state)
{
	static char text[TRANSPORT_PAIR_OUTPUT * 2];
	struct transport_pair *p = *state;
	const struct envoi_xml_limits *limits = &envoi_xml_limits_default;
	open_both(p);
	transport_pair_set_pieces(p, 1009);
	p->b.transport->impl->set_limits(p->b.transport, limits);
	memset(text, 'x', sizeof(text));
	memcpy(text, "<message>", 9);
	memcpy(text + sizeof(text) - 10, "</message>", 10);
	assert_int_equal(
		p->a.transport->impl->send_element(p->a.transport, text, sizeof(text)), ENVOI_OK);
	assert_int_equal(send_text(&p->a, "<presence/>"), ENVOI_ERR_FULL);
	transport_pair_run(p);
	assert_int_equal(p->b.elements, 1);
	assert_int_equal(p->a.drains, 1);
}

static void limits_end_the_stream(void **state)
{
	static char text[20000];
	struct transport_pair *p = *state;
	open_both(p);
	transport_pair_set_pieces(p, 1009);
	memset(text, 'x', sizeof(text));
	memcpy(text, "<message>", 9);
	memcpy(text + sizeof(text) - 10, "</message>", 10);
	assert_int_equal(
		p->a.transport->impl->send_element(p->a.transport, text, sizeof(text)), ENVOI_OK);
	transport_pair_run(p);
	transport_side_expect(&p->b, "closed -204 policy-violation\n");
}

static void a_slice_lets_others_have_their_turn(void **state)
{
	struct transport_pair *p = *state;
	open_both(p);
	for (int i = 0; i < 10 * TRANSPORT_PAIR_SLICE; i++) {
		assert_int_equal(send_text(&p->a, "<presence/>"), ENVOI_OK);
	}
	transport_pair_run(p);
	assert_int_equal(p->b.elements, 10 * TRANSPORT_PAIR_SLICE);
	assert_true(p->b.most_in_a_turn <= TRANSPORT_PAIR_SLICE);
}

/* An element of any size delays others no longer than the parsing of what one reading brings. */
static void a_turn_reads_once(void **state)
{
	static char text[12 * ENVOI_CHANNEL_READ_BYTES];
	struct transport_pair *p = *state;
	unsigned int turns = 0;
	open_both(p);
	if (kind->piece_bytes == 1) {
		transport_pair_set_pieces(p, 1009);
	}
	p->b.transport->impl->set_limits(p->b.transport, &envoi_xml_limits_default);
	memset(text, 'x', sizeof(text));
	memcpy(text, "<message>", 9);
	memcpy(text + sizeof(text) - 10, "</message>", 10);
	assert_int_equal(
		p->a.transport->impl->send_element(p->a.transport, text, sizeof(text)), ENVOI_OK);
	while (p->b.elements == 0 && turns < 1000) {
		int before = p->b.activities;
		assert_true(envoi_loop_run_once(p->loop, false) >= 0);
		assert_true(p->b.activities <= before + 1);
		turns++;
	}
	assert_int_equal(p->b.elements, 1);
	assert_true(turns >= 12);
}

static void white_space_is_life_and_nothing_else(void **state)
{
	struct transport_pair *p = *state;
	open_both(p);
	int before = p->b.activities;
	assert_int_equal(p->a.transport->impl->keepalive(p->a.transport), ENVOI_OK);
	transport_pair_run(p);
	assert_true(p->b.activities > before);
	transport_side_expect(&p->b, "");
	transport_side_expect(&p->a, "");
}

/* P6: nothing waits forever for a peer that does not read. */
static void closing_has_a_bound(void **state)
{
	struct transport_pair *p = *state;
	if (kind->is_tcp) {
		return; /* in virtual time only */
	}
	open_both(p);
	make_large();
	p->b.transport->impl->pause(p->b.transport);
	while (p->a.transport->impl->pending(p->a.transport) < TRANSPORT_PAIR_OUTPUT / 2) {
		assert_int_equal(send_text(&p->a, large), ENVOI_OK);
		transport_pair_run(p);
	}
	uint64_t before = envoi_loop_now_ms(p->loop);
	p->a.transport->impl->close(p->a.transport, 1500);
	assert_int_equal(envoi_loop_simulated_run_for(p->loop, 1499), ENVOI_OK);
	assert_int_equal(p->a.closes, 0);
	transport_pair_run(p);
	assert_int_equal(p->a.closes, 1);
	assert_int_equal(p->a.why.code, ENVOI_ERR_TIMEOUT);
	assert_true(envoi_loop_now_ms(p->loop) > before);
}

static int send_at_element(struct transport_side *side)
{
	return side->elements < 100 ? send_text(side, "<message/>") : ENVOI_OK;
}

static void sending_inside_callbacks_continues(void **state)
{
	struct transport_pair *p = *state;
	open_both(p);
	p->a.at_element = p->b.at_element = send_at_element;
	assert_int_equal(send_text(&p->a, "<message/>"), ENVOI_OK);
	transport_pair_run(p);
	assert_int_equal(p->b.elements, 100);
}

/* A whole connection, during which B acts once; after that nothing may go wrong. */
static void live_through(struct transport_pair *p)
{
	if (kind->has_tls) {
		(void)transport_pair_start_tls(p, "example.org");
		transport_pair_run(p);
	}
	transport_pair_set_pieces(p, 61);
	(void)p->a.transport->impl->send_head(p->a.transport, &client_head);
	(void)send_text(&p->a, "<message/>");
	(void)send_text(&p->a, "<message/>");
	(void)p->a.transport->impl->send_tail(p->a.transport);
	if (p->b.transport != NULL) {
		(void)p->b.transport->impl->send_head(p->b.transport, &server_head);
		(void)send_text(&p->b, large);
	}
	transport_pair_run(p);
	p->a.transport->impl->close(p->a.transport, 1000);
	transport_pair_run(p);
}

/* One after the other, each callback frees, aborts or closes: nothing may follow (ASan watches). */
static void the_end_may_come_inside_every_callback(void **state)
{
	static const enum transport_act acts[] = {ACT_DESTROY, ACT_ABORT, ACT_CLOSE};
	struct transport_pair *p = *state;
	make_large();
	for (int event = 0; event < TRANSPORT_EVENTS; event++) {
		for (size_t i = 0; i < sizeof(acts) / sizeof(acts[0]); i++) {
			if (event == EVENT_SECURED && !kind->has_tls) {
				continue;
			}
			transport_pair_finish(p);
			transport_pair_init_plain(p, kind);
			p->b.act = acts[i];
			p->b.act_at = (enum transport_event)event;
			live_through(p);
			assert_true(p->b.acted);
			assert_int_equal(p->a.closes, 1);
			bool is_silent = acts[i] == ACT_DESTROY && event != EVENT_CLOSED;
			assert_int_equal(p->b.closes, is_silent ? 0 : 1);
			assert_false(p->a.told_after_close || p->b.told_after_close);
		}
	}
}

static int count_fds(void **state)
{
	static int count;
	count = count_open_fds();
	*state = &count;
	return 0;
}

static int compare_fds(void **state)
{
	return count_open_fds() == *(int *)*state ? 0 : -1;
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(heads_arrive_with_their_attributes),
		CASE(elements_arrive_once_and_in_order),
		CASE(many_small_sends_of_a_turn_are_one_activity),
		CASE(nothing_is_sent_before_the_head_and_after_the_tail),
		CASE(an_orderly_close_is_no_failure),
		CASE(the_limit_on_pending_output_holds_to_the_byte),
		CASE(closing_writes_what_is_pending),
		CASE(an_end_without_the_tail_is_a_failure),
		CASE(an_abort_drops_what_is_pending_and_says_why),
		CASE(bad_input_is_answered_with_a_stream_error),
		CASE(something_else_than_a_stream_is_refused),
		CASE(a_restart_begins_a_new_document),
		CASE(a_restart_inside_a_callback_is_what_streams_do),
		CASE(what_came_too_early_forbids_a_restart),
		CASE(a_pause_holds_elements_back),
		CASE(what_came_before_the_end_is_handed_over_after_a_pause),
		CASE(output_is_bounded_and_drains),
		CASE(one_element_may_be_larger_than_the_output),
		CASE(limits_end_the_stream),
		CASE(a_slice_lets_others_have_their_turn),
		CASE(a_turn_reads_once),
		CASE(white_space_is_life_and_nothing_else),
		CASE(closing_has_a_bound),
		CASE(sending_inside_callbacks_continues),
		CASE(the_end_may_come_inside_every_callback),
	};
	/* A session has no end of a connection, and its close without time confirms nothing. */
	const struct CMUnitTest bosh_tests[] = {
		CASE(elements_arrive_once_and_in_order),
		CASE(many_small_sends_of_a_turn_are_one_activity),
		CASE(nothing_is_sent_before_the_head_and_after_the_tail),
		CASE(an_orderly_close_is_no_failure),
		CASE(the_limit_on_pending_output_holds_to_the_byte),
		CASE(an_abort_drops_what_is_pending_and_says_why),
		CASE(bad_input_is_answered_with_a_stream_error),
		CASE(what_came_before_the_end_is_handed_over_after_a_pause),
		CASE(limits_end_the_stream),
		CASE(a_pause_holds_elements_back),
		CASE(output_is_bounded_and_drains),
		CASE(one_element_may_be_larger_than_the_output),
		CASE(a_slice_lets_others_have_their_turn),
		CASE(sending_inside_callbacks_continues),
		CASE(closing_has_a_bound),
		CASE(a_restart_inside_a_callback_is_what_streams_do),
	};
	int failed = 0;
	for (kind = transport_kinds; kind->name != NULL; kind++) {
		failed += kind->is_bosh
			? cmocka_run_group_tests_name(
				  kind->name, bosh_tests, count_fds, compare_fds)
			: cmocka_run_group_tests_name(kind->name, tests, count_fds, compare_fds);
	}
	return failed;
}
