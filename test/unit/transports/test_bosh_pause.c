/*
 * envoi - XMPP over BOSH: pauses of the session (XEP-0124, section 10), against a scripted server
 * SPDX-License-Identifier: MIT
 */
#include "bosh_fixture.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#define CASE(name) cmocka_unit_test_setup_teardown(name, bosh_setup, bosh_teardown)

#define NS "xmlns='http://jabber.org/protocol/httpbind'"
#define CREATED(maxpause) \
	"<body " NS " sid='s1' wait='50' requests='2' hold='1' polling='2' inactivity='30' " \
	"maxpause='" maxpause "' from='example.org'>" BOSH_FEATURES "</body>"
#define PAUSE(seconds) "<body " NS " rid='$' sid='s1' pause='" seconds "'/>"

static void open_with(struct bosh_fixture *f, const char *created)
{
	static char text[BOSH_TEXT];
	bosh_start(f);
	bosh_take_request(f, 0, text);
	bosh_answer(f, 0, created);
	bosh_expect_log_with(f, "opened", "features");
	bosh_expect_empty(f, 0, 1); /* the server holds it */
}

static void pause_for(struct bosh_fixture *f, uint64_t ms, uint64_t granted_ms)
{
	uint64_t got_ms = 0;
	assert_int_equal(f->transport->impl->pause_session(f->transport, ms, &got_ms), ENVOI_OK);
	assert_int_equal(got_ms, granted_ms);
	bosh_run(f, 10);
}

static bool is_held(const struct bosh_fixture *f)
{
	return f->transport->impl->is_held(f->transport);
}

/* --- pauses --- */

static void a_pause_is_one_request_and_ends_with_the_next(void **state)
{
	struct bosh_fixture *f = *state;
	open_with(f, CREATED("120"));
	pause_for(f, 60 * BOSH_SECOND, 60 * BOSH_SECOND);
	assert_true(is_held(f));
	bosh_expect_request(f, 1, NULL, PAUSE("70")); /* 10 s for the next one to arrive */
	bosh_answer(f, 0, BOSH_BODY("<message/>"));
	bosh_answer(f, 1, BOSH_BODY(""));
	bosh_expect_log(f, "<message/>\n");
	bosh_run(f, 59 * BOSH_SECOND);
	assert_int_equal(bosh_requests(f, 0) + bosh_requests(f, 1), 0);
	bosh_run(f, BOSH_SECOND);
	assert_false(is_held(f));
	bosh_expect_empty(f, 0, 1);
	bosh_answer(f, 0, BOSH_BODY("<presence/>"));
	bosh_expect_log(f, "<presence/>\n");
}

/* Section 7.2: no more than `maxpause`. */
static void a_pause_has_the_bounds_of_the_server(void **state)
{
	struct bosh_fixture *f = *state;
	open_with(f, CREATED("20"));
	pause_for(f, 3600 * BOSH_SECOND, 15 * BOSH_SECOND);
	bosh_expect_request(f, 1, NULL, PAUSE("20"));
	bosh_answer(f, 0, BOSH_BODY(""));
	bosh_answer(f, 1, BOSH_BODY(""));
	bosh_run(f, 15 * BOSH_SECOND);
	bosh_expect_empty(f, 0, 1);
}

/* Section 10: the client MUST NOT send `pause` then. */
static void a_server_without_maxpause_is_not_asked(void **state)
{
	struct bosh_fixture *f = *state;
	uint64_t ms;
	assert_int_equal(
		f->transport->impl->pause_session(f->transport, 1000, &ms), ENVOI_ERR_STATE);
	bosh_open(f);
	bosh_expect_empty(f, 0, 1);
	assert_int_equal(
		f->transport->impl->pause_session(f->transport, 1000, &ms), ENVOI_ERR_UNSUPPORTED);
	bosh_run(f, BOSH_SECOND);
	assert_int_equal(f->links, 1);
	assert_false(is_held(f));
}

/* The server has set the time back when it has received them. */
static void elements_in_a_pause_ask_for_the_rest_of_it(void **state)
{
	struct bosh_fixture *f = *state;
	open_with(f, CREATED("120"));
	pause_for(f, 60 * BOSH_SECOND, 60 * BOSH_SECOND);
	bosh_expect_request(f, 1, NULL, PAUSE("70"));
	bosh_answer(f, 0, BOSH_BODY(""));
	bosh_answer(f, 1, BOSH_BODY(""));
	bosh_run(f, 20 * BOSH_SECOND);
	bosh_send(f, "<message xmlns='jabber:client'/>");
	bosh_expect_request(f, 0, NULL,
		"<body " NS " rid='$' sid='s1' pause='50'><message xmlns='jabber:client'/></body>");
	bosh_answer(f, 0, BOSH_BODY(""));
	bosh_expect_log(f, "written 1\n");
	bosh_run(f, 39 * BOSH_SECOND);
	assert_int_equal(bosh_requests(f, 0) + bosh_requests(f, 1), 0);
	bosh_run(f, BOSH_SECOND);
	bosh_expect_empty(f, 0, 1);
}

static void a_pause_can_be_ended(void **state)
{
	struct bosh_fixture *f = *state;
	open_with(f, CREATED("120"));
	pause_for(f, 60 * BOSH_SECOND, 60 * BOSH_SECOND);
	bosh_expect_request(f, 1, NULL, PAUSE("70"));
	bosh_answer(f, 0, BOSH_BODY(""));
	bosh_answer(f, 1, BOSH_BODY(""));
	pause_for(f, 0, 0);
	assert_false(is_held(f));
	bosh_expect_empty(f, 0, 1);
}

/* ejabberd 23.01 gives none. */
static void the_answer_to_a_pause_is_not_waited_for(void **state)
{
	struct bosh_fixture *f = *state;
	open_with(f, CREATED("120"));
	pause_for(f, 90 * BOSH_SECOND, 90 * BOSH_SECOND);
	bosh_expect_request(f, 1, NULL, PAUSE("100"));
	bosh_answer(f, 0, BOSH_BODY(""));
	bosh_run(f, 89 * BOSH_SECOND);
	assert_false(bosh_is_over(f, 1)); /* nor is it sent again */
	bosh_run(f, BOSH_SECOND);
	bosh_expect_empty(f, 0, 1);
	bosh_send(f, "<message xmlns='jabber:client'/>");
	bosh_expect_request(f, 2, NULL, BOSH_BODY("<message xmlns='jabber:client'/>"));
	bosh_answer(f, 0, BOSH_BODY("<message/>"));
	assert_true(bosh_is_over(f, 1));
	bosh_answer(f, 2, BOSH_BODY("<presence/>"));
	bosh_expect_log(f, "<message/>\nwritten 1\n<presence/>\n");
}

/* ejabberd, again: each of them would keep a connection. */
static void pauses_without_an_answer_leave_their_connections(void **state)
{
	struct bosh_fixture *f = *state;
	open_with(f, CREATED("120"));
	pause_for(f, 60 * BOSH_SECOND, 60 * BOSH_SECOND);
	bosh_expect_request(f, 1, NULL, PAUSE("70"));
	bosh_answer(f, 0, BOSH_BODY(""));
	for (int i = 0; i < 6; i++) {
		bosh_send(f, "<message xmlns='jabber:client'/>");
		bosh_expect_request(f, i == 0 ? 0 : bosh_last(f), NULL,
			"<body " NS " rid='$' sid='s1' pause='70'><message "
			"xmlns='jabber:client'/></body>");
	}
	assert_true(bosh_is_over(f, 0));
	assert_true(bosh_is_over(f, 1));
	bosh_run(f, 60 * BOSH_SECOND);
	bosh_expect_empty(f, bosh_last(f), 1);
	bosh_answer(f, bosh_last(f), BOSH_BODY("<message/>"));
	bosh_expect_log(f, "written 6\n<message/>\n");
}

/* It may not have arrived. */
static void a_pause_without_an_answer_is_sent_again_when_it_is_over(void **state)
{
	struct bosh_fixture *f = *state;
	open_with(f, CREATED("120"));
	pause_for(f, 60 * BOSH_SECOND, 60 * BOSH_SECOND);
	bosh_expect_request(f, 1, NULL, PAUSE("70"));
	bosh_answer(f, 0, BOSH_BODY(""));
	bosh_run(f, 60 * BOSH_SECOND);
	bosh_expect_empty(f, 0, 1);
	bosh_run(f, 20 * BOSH_SECOND);
	assert_true(bosh_is_over(f, 1));
	bosh_expect_request(f, bosh_last(f), NULL, PAUSE("70"));
}

/* Its rid would be missing for the next ones: section 14.3. */
static void a_pause_whose_connection_breaks_is_sent_again(void **state)
{
	struct bosh_fixture *f = *state;
	open_with(f, CREATED("120"));
	pause_for(f, 60 * BOSH_SECOND, 60 * BOSH_SECOND);
	bosh_expect_request(f, 1, NULL, PAUSE("70"));
	bosh_cut(f, 1);
	bosh_expect_request(f, bosh_last(f), NULL, PAUSE("70"));
	bosh_answer(f, 0, BOSH_BODY(""));
	bosh_answer(f, bosh_last(f), BOSH_BODY(""));
	bosh_run(f, 60 * BOSH_SECOND);
	bosh_expect_empty(f, 0, 1);
}

/* Section 11: one request more than two. */
static void a_pause_is_asked_for_beside_two_requests(void **state)
{
	struct bosh_fixture *f = *state;
	open_with(f, CREATED("120"));
	bosh_send(f, "<message xmlns='jabber:client'/>");
	bosh_expect_request(f, 1, NULL, BOSH_BODY("<message xmlns='jabber:client'/>"));
	pause_for(f, 60 * BOSH_SECOND, 60 * BOSH_SECOND);
	bosh_expect_request(f, 2, NULL, PAUSE("70"));
}

static void the_session_may_end_in_a_pause(void **state)
{
	struct bosh_fixture *f = *state;
	open_with(f, CREATED("120"));
	pause_for(f, 60 * BOSH_SECOND, 60 * BOSH_SECOND);
	bosh_expect_request(f, 1, NULL, PAUSE("70"));
	bosh_answer(f, 0, BOSH_BODY(""));
	bosh_answer(f, 1, BOSH_BODY(""));
	assert_int_equal(f->transport->impl->send_tail(f->transport), ENVOI_OK);
	f->transport->impl->close(f->transport, 5 * BOSH_SECOND);
	bosh_run(f, 10);
	bosh_expect_request(f, 0, "terminate", BOSH_BODY(""));
	bosh_answer(f, 0, "<body " NS " type='terminate'/>");
	bosh_expect_log(f, "closed ENVOI_OK  \n");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(a_pause_is_one_request_and_ends_with_the_next),
		CASE(a_pause_has_the_bounds_of_the_server),
		CASE(a_server_without_maxpause_is_not_asked),
		CASE(elements_in_a_pause_ask_for_the_rest_of_it),
		CASE(a_pause_can_be_ended),
		CASE(the_answer_to_a_pause_is_not_waited_for),
		CASE(pauses_without_an_answer_leave_their_connections),
		CASE(a_pause_without_an_answer_is_sent_again_when_it_is_over),
		CASE(a_pause_whose_connection_breaks_is_sent_again),
		CASE(a_pause_is_asked_for_beside_two_requests),
		CASE(the_session_may_end_in_a_pause),
	};
	return cmocka_run_group_tests_name("transports/bosh_pause", tests, NULL, NULL);
}
