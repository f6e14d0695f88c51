/*
 * envoi - stream management: stanzas that the application holds: tests
 * SPDX-License-Identifier: MIT
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "stream_management_fixture.h"
#include "wire.h"

/* --- manual acknowledgement --- */

static void a_held_stanza_is_not_acknowledged(void **state)
{
	struct wire *wire = *state;
	sm_enable(wire, RESUMABLE);
	assert_string_equal(wire_talk(wire,
				    "<message id='1'/><message id='h2'/><message id='3'/>"
				    "<message id='h4'/>" R),
		A("1"));
	assert_string_equal(sm_got(), "1 h2 3 h4 ");
	envoi_hold_release(sm_holds[1]);
	wire_run(wire, 0);
	assert_string_equal(wire_heard(wire), "");
	envoi_hold_release(sm_holds[0]);
	wire_run(wire, 0);
	assert_string_equal(wire_heard(wire), A("4"));
	assert_string_equal(wire_talk(wire, "<message id='h5'/>" R), A("4"));
	envoi_session_close(wire->session);
	wire_run(wire, 0);
	assert_string_equal(wire_heard(wire), "</stream:stream>");
	envoi_hold_release(sm_holds[2]);
}

static void closing_acknowledges_stanzas_that_are_not_held(void **state)
{
	struct wire *wire = *state;
	sm_enable(wire, RESUMABLE);
	(void)wire_talk(wire, "<message id='1'/><message id='h2'/><message id='3'/>");
	envoi_session_close(wire->session);
	wire_run(wire, 0);
	assert_string_equal(sm_short_of(wire_heard(wire)), "a1 end ");
	wire_free_session(wire);
	envoi_hold_release(sm_holds[0]);
}

static void a_delivered_stanza_is_not_delivered_again(void **state)
{
	struct wire *wire = *state;
	sm_enable(wire, RESUMABLE);
	(void)wire_talk(wire, "<message id='1'/><message id='h2'/><message id='3'/>");
	assert_string_equal(sm_got(), "1 h2 3 ");
	sm_cut(wire);
	sm_offer_resumption(wire, "s1", "1");
	assert_string_equal(wire_talk(wire,
				    "<resumed " SM " previd='s1' h='0'/>"
				    "<message id='h2'/><message id='3'/><message id='4'/>" R),
		A("1"));
	assert_string_equal(sm_got(), "4 ");
	sm_cut(wire);
	envoi_hold_release(sm_holds[0]);
	sm_offer_resumption(wire, "s1", "4");
	assert_string_equal(
		wire_talk(wire, "<resumed " SM " previd='s1' h='0'/><message id='5'/>" R), A("5"));
	assert_string_equal(sm_got(), "5 ");
}

/* Released while the repetition is on its way: no more is acknowledged than has come again. */
static void a_release_acknowledges_what_this_stream_has_brought(void **state)
{
	struct wire *wire = *state;
	sm_enable(wire, RESUMABLE);
	(void)wire_talk(wire, "<message id='1'/><message id='h2'/><message id='3'/>");
	sm_cut(wire);
	sm_offer_resumption(wire, "s1", "1");
	envoi_hold_release(sm_holds[0]);
	assert_string_equal(wire_talk(wire, "<resumed " SM " previd='s1' h='0'/>" R), A("1"));
	assert_string_equal(wire_talk(wire, "<message id='h2'/>" R), A("2"));
	assert_string_equal(wire_talk(wire, "<message id='3'/><message id='4'/>" R), A("4"));
	assert_string_equal(sm_got(), "1 h2 3 4 ");
}

static void a_hold_needs_a_delivery_and_may_outlive_its_session(void **state)
{
	struct wire *wire = *state;
	struct envoi_hold *none;
	sm_enable(wire, RESUMABLE);
	assert_int_equal(envoi_session_hold(wire->session, &none), ENVOI_ERR_STATE);
	(void)wire_talk(wire, "<message id='h1'/><message id='h2'/>");
	assert_int_equal(envoi_session_hold(wire->session, &none), ENVOI_ERR_STATE);
	sm_cut(wire);
	envoi_session_set_resumable(wire->session, false);
	envoi_hold_release(sm_holds[0]);
	(void)sm_answer_binding(wire, sm_offer(wire, ""));
	(void)wire_talk(wire, "<message id='h3'/>");
	wire_free_session(wire);
	envoi_hold_release(sm_holds[1]);
	envoi_hold_release(sm_holds[2]);
	envoi_hold_release(NULL);
}

/* --- a stanza that came and was not handed over --- */

static void detach_on_event(struct envoi_handler *self, const struct envoi_event *event)
{
	(void)self;
	envoi_session_detach(event->session);
}

static const struct envoi_event_row detaching_rows[] = {
	{ENVOI_EVENT_UNHANDLED, detach_on_event},
	ENVOI_ROWS_END,
};
static const struct envoi_handler_impl detaching_impl = {.events = detaching_rows};
static struct envoi_handler detaching = {&detaching_impl};

static void a_stanza_that_finds_no_stream_was_not_received(void **state)
{
	struct wire *wire = *state;
	sm_enable(wire, RESUMABLE);
	assert_int_equal(envoi_session_add(wire->session, &detaching), ENVOI_OK);
	(void)wire_talk(wire, "<message id='1'/><failed " SM "/><message id='2'/>");
	assert_string_equal(sm_got(), "1 ");
	assert_null(envoi_session_stream(wire->session));
	sm_offer_resumption(wire, "s1", "1");
	(void)wire_talk(wire, "<resumed " SM " previd='s1' h='0'/><message id='2'/>");
	assert_string_equal(sm_got(), "2 ");
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, sm_setup, sm_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_held_stanza_is_not_acknowledged),
		TEST(closing_acknowledges_stanzas_that_are_not_held),
		TEST(a_delivered_stanza_is_not_delivered_again),
		TEST(a_release_acknowledges_what_this_stream_has_brought),
		TEST(a_hold_needs_a_delivery_and_may_outlive_its_session),
		TEST(a_stanza_that_finds_no_stream_was_not_received),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
