/*
 * envoi - Multi-User Chat: ends, later sessions, self-pings: tests
 * SPDX-License-Identifier: MIT
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "muc_fixture.h"
#include "stanzas.h"

/* --- ends --- */

static void ends_have_causes(void **state)
{
	static const struct {
		const char *content, *expected;
	} cases[] = {
		{X(ITEM("role='none'") CODE("110")), "ended 1\n"},
		{"", "ended 1\n"}, /* one server: neither 110 nor any code */
		{X("<item role='none' affiliation='none'/>" CODE("110") CODE("307")), "ended 3\n"},
		{X(CODE("301")), "ended 4\n"},
		{X(CODE("321")), "ended 5\n"},
		{X(CODE("110") CODE("322")), "ended 5\n"},
		{X("<destroy jid='heath@chat.shakespeare.lit'/>"),
			"ended 6 instead heath@chat.shakespeare.lit\n"},
		{X(CODE("110") CODE("332")), "ended 7 again\n"},
		{X(CODE("110") CODE("333")), "ended 8 again\n"},
		{X(CODE("110") CODE("307") CODE("333")), "ended 8 again\n"},
	};
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		char xml[500];
		muc_enter(OFFER(""));
		snprintf(xml, sizeof(xml), GONE("thirdwitch", "%s"), cases[i].content);
		assert_string_equal(muc_say(xml), cases[i].expected);
		wire_run(muc.wire, 5001);
		assert_true((strstr(wire_heard(muc.wire), "disco#info") != NULL) ==
			(strstr(cases[i].expected, "again") != NULL));
		muc_teardown(state);
		muc_setup(state);
	}
}

static void leaving_is_reported_once(void **state)
{
	(void)state;
	muc_enter(OFFER(""));
	assert_int_equal(envoi_muc_leave(muc.room, "goblins"), ENVOI_OK);
	wire_run(muc.wire, 0);
	const char *sent = wire_heard(muc.wire);
	assert_non_null(strstr(sent, "<presence type='unavailable' to='" ROOM "/thirdwitch'"));
	assert_non_null(strstr(sent, "<status>goblins</status>"));
	assert_int_equal(envoi_muc_leave(muc.room, NULL), ENVOI_ERR_STATE);
	assert_string_equal(
		muc_say(GONE("thirdwitch", X(ITEM("role='none'") CODE("110")))), "ended 1\n");
	assert_int_equal(envoi_muc_say(muc.room, "x", NULL), ENVOI_ERR_STATE);
	wire_run(muc.wire, 100000);
	assert_string_equal(wire_log(muc.wire), "");
	assert_string_equal(muc_occupants(), "");
}

static void leaving_does_not_wait_for_ever(void **state)
{
	(void)state;
	muc_enter(OFFER(""));
	assert_int_equal(envoi_muc_leave(muc.room, NULL), ENVOI_OK);
	(void)wire_log(muc.wire);
	wire_run(muc.wire, 10001);
	assert_string_equal(wire_log(muc.wire), "ended 1\n");
}

static void freeing_leaves(void **state)
{
	(void)state;
	muc_enter(OFFER(""));
	envoi_muc_free(muc.room);
	muc.room = NULL;
	wire_run(muc.wire, 0);
	assert_non_null(strstr(wire_heard(muc.wire), "<presence type='unavailable' to='" ROOM));
	assert_string_equal(muc_say(THERE("x")), "other\n");
}

/* A room that has lost this client refuses its message. */
static void a_refused_message_is_a_loss(void **state)
{
	(void)state;
	muc_enter(OFFER(""));
	assert_string_equal(muc_say("<message type='error' from='" ROOM
				    "/firstwitch'>" ERROR("not-acceptable") "</message>"),
		"");
	assert_string_equal(
		muc_say("<message type='error' from='" ROOM "'>" ERROR("forbidden") "</message>"),
		"");
	assert_string_equal(muc_say("<message type='error' from='" ROOM
				    "'>" ERROR("not-acceptable") "</message>"),
		"ended 8 again\n");
}

/* The functions of the test free or leave what they are called for. */
static void free_when_ended(struct envoi_muc_room *room, const struct envoi_muc_end *end)
{
	(void)end;
	write_text(&muc.wire->log, "ended\n");
	envoi_muc_free(room);
}

static void leave_when_changed(struct envoi_muc_room *room, const struct envoi_muc_change *change)
{
	muc_on_changed(room, change);
	(void)envoi_muc_leave(room, NULL);
}

static const struct envoi_muc_events freeing = {.ended = free_when_ended};
static const struct envoi_muc_events leaving = {.joined = muc_on_joined,
	.message = muc_on_message,
	.changed = leave_when_changed,
	.ended = muc_on_ended};

static void join_three(void)
{
	static const char *const rooms[] = {"a@chat.lit", "b@chat.lit", "c@chat.lit"};
	for (size_t i = 0; i < sizeof(rooms) / sizeof(rooms[0]); i++) {
		struct envoi_muc_room *room;
		assert_int_equal(envoi_muc_join(&room, muc.wire->session, rooms[i], &muc_by_default,
					 &freeing, NULL),
			ENVOI_OK);
	}
}

static void rooms_that_are_freed_when_they_end_hide_no_other(void **state)
{
	(void)state;
	join_three();
	wire_run(muc.wire, 0);
	(void)wire_log(muc.wire);
	envoi_memory_end_shut_down(muc.wire->end);
	wire_run(muc.wire, 0);
	assert_string_equal(wire_log(muc.wire),
		"ended\nended\nended\nended\ndisconnected ENVOI_ERR_DISCONNECTED\n");
}

/* While a session is restored, twice as many requests may be open. */
static void a_room_that_cannot_be_entered_again_stops_no_other(void **state)
{
	(void)state;
	struct envoi_settings *settings;
	assert_int_equal(envoi_settings_new(&settings, muc.wire->context), ENVOI_OK);
	assert_int_equal(envoi_settings_set(settings, "limits.requests", "1"), ENVOI_OK);
	envoi_memory_end_shut_down(muc.wire->end);
	wire_run(muc.wire, 0);
	envoi_session_configure(muc.wire->session, settings);
	envoi_settings_free(settings);
	join_three();
	(void)wire_log(muc.wire);
	assert_int_equal(wire_attach(muc.wire, ENVOI_INITIATOR, 0), ENVOI_OK);
	wire_greet(muc.wire);
	wire_run(muc.wire, 0);
	assert_string_equal(wire_log(muc.wire), "ended\nstream-opened\nstarted " WIRE_OWN "\n");
	envoi_memory_end_shut_down(muc.wire->end);
	wire_run(muc.wire, 0);
}

/* Those who have gone are reported before the room is entered again. */
static void a_room_that_is_left_while_it_is_entered_is_not_joined(void **state)
{
	(void)state;
	assert_int_equal(envoi_muc_join(&muc.room, muc.wire->session, ROOM, &muc_by_default,
				 &leaving, muc.wire),
		ENVOI_OK);
	wire_run(muc.wire, 0);
	wire_answer(muc.wire, ROOM, OFFER(""));
	muc_say(THERE("gone") THERE("gone too") SELF("thirdwitch", ""));
	wire_next_session(muc.wire);
	wire_answer(muc.wire, ROOM, OFFER(""));
	assert_string_equal(muc_say(SELF("thirdwitch", "")), "- gone\n");
	assert_int_equal(envoi_muc_state(muc.room), ENVOI_MUC_LEAVING);
}

static void a_room_that_is_left_inside_a_message_reports_it_no_more(void **state)
{
	(void)state;
	assert_int_equal(envoi_muc_join(&muc.room, muc.wire->session, ROOM, &muc_by_default,
				 &leaving, muc.wire),
		ENVOI_OK);
	wire_run(muc.wire, 0);
	wire_answer(muc.wire, ROOM, OFFER(""));
	muc_say(SELF("thirdwitch", ""));
	assert_string_equal(muc_say(FROM("", BODY("not logged any more") X(CODE("171")))),
		"configuration  171\n");
}

/* Occupants of before are compared; the history is that since the last message. */
static void a_new_session_enters_again(void **state)
{
	(void)state;
	muc_enter(ALL_FEATURES);
	muc_say(THERE("gone") FROM("/firstwitch", BODY("first") STANZA_ID("s8", ROOM))
			FROM("/firstwitch", BODY("last") STANZA_ID("s9", ROOM)));
	wire_next_session(muc.wire);
	assert_non_null(strstr(wire_log(muc.wire), "ended 10 again\n"));
	wire_answer(muc.wire, ROOM, ALL_FEATURES);
	assert_non_null(strstr(wire_heard(muc.wire), "<history seconds='10'/>"));
	assert_string_equal(muc_say(THERE("firstwitch") THERE("new") SELF("thirdwitch", "")),
		"+ new\n- gone\njoined again as thirdwitch\n");
	assert_string_equal(muc_occupants(), "firstwitch new thirdwitch! ");
	assert_string_equal(
		muc_say(FROM("/firstwitch", BODY("last") DELAY(ROOM) STANZA_ID("s9", ROOM)) FROM(
			"/firstwitch", BODY("missed") DELAY(ROOM) STANZA_ID("t1", ROOM))),
		"firstwitch: missed old id t1\n");
}

static void a_resumed_session_enters_nothing(void **state)
{
	(void)state;
	muc_enter(OFFER(""));
	struct envoi_handler *handler = envoi_session_find(muc.wire->session, "muc");
	handler->impl->restore(handler, muc.wire->session, true);
	wire_run(muc.wire, 0);
	assert_string_equal(wire_heard(muc.wire), "");
	assert_int_equal(envoi_muc_state(muc.room), ENVOI_MUC_JOINED);
}

static void a_conflict_with_the_stay_before_passes(void **state)
{
	(void)state;
	char xml[400];
	muc_enter(OFFER(""));
	wire_next_session(muc.wire);
	wire_answer(muc.wire, ROOM, OFFER(""));
	snprintf(xml, sizeof(xml),
		"<presence type='error' from='" ROOM
		"/thirdwitch' id='%s'>" ERROR("conflict") "</presence>",
		muc_id_in(wire_heard(muc.wire)));
	assert_string_equal(muc_say(xml), "ended 2 again conflict\n");
	wire_run(muc.wire, 10001);
	assert_non_null(strstr(wire_heard(muc.wire), "disco#info"));
}

static void a_room_of_an_offline_session_waits(void **state)
{
	(void)state;
	envoi_memory_end_shut_down(muc.wire->end);
	wire_run(muc.wire, 0);
	assert_int_equal(muc_join(&muc_by_default), ENVOI_OK);
	assert_int_equal(envoi_muc_state(muc.room), ENVOI_MUC_WAITING);
	assert_int_equal(wire_attach(muc.wire, ENVOI_INITIATOR, 0), ENVOI_OK);
	wire_greet(muc.wire);
	wire_run(muc.wire, 0);
	wire_answer(muc.wire, ROOM, OFFER(""));
	assert_non_null(strstr(wire_heard(muc.wire), "<presence to='" ROOM));
}

/* --- XEP-0410 --- */

#define PONG(type, from, content) \
	"<iq type='" type "' id='ID' from='" ROOM from "'>" content "</iq>"

static void a_silent_room_is_pinged(void **state)
{
	static const struct {
		const char *answer;
		bool is_lost;
	} cases[] = {
		{PONG("result", "/thirdwitch", ""), false},
		{PONG("error", "/thirdwitch", ERROR("service-unavailable")), false},
		{PONG("error", "/thirdwitch", ERROR("feature-not-implemented")), false},
		{PONG("error", "/thirdwitch", ERROR("item-not-found")), false},
		{PONG("error", "/thirdwitch", ERROR("remote-server-timeout")), false},
		{PONG("error", "/thirdwitch", ERROR("remote-server-not-found")), false},
		{PONG("error", "/thirdwitch", ERROR("not-acceptable")), true},
		{PONG("error", "/thirdwitch", ERROR("not-allowed")), true},
		{PONG("error", "/thirdwitch", ERROR("bad-request")), true},
		{PONG("error", "/other", ERROR("not-acceptable")), false},
	};
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		char xml[400];
		muc_enter(OFFER(""));
		wire_run(muc.wire, 10 * 60 * 1000);
		muc_say(THERE("x"));
		wire_run(muc.wire, 14 * 60 * 1000);
		assert_string_equal(wire_heard(muc.wire), "");
		wire_run(muc.wire, 61 * 1000);
		const char *ping = wire_heard(muc.wire), *mark = strstr(cases[i].answer, "ID");
		assert_non_null(strstr(ping, "<iq type='get' to='" ROOM "/thirdwitch'"));
		assert_non_null(strstr(ping, "<ping xmlns='urn:xmpp:ping'/>"));
		snprintf(xml, sizeof(xml), "%.*s%s%s", (int)(mark - cases[i].answer),
			cases[i].answer, muc_id_in(ping), mark + 2);
		assert_string_equal(muc_say(xml), cases[i].is_lost ? "ended 8 again\n" : "");
		assert_int_equal(envoi_muc_state(muc.room),
			cases[i].is_lost ? ENVOI_MUC_WAITING : ENVOI_MUC_JOINED);
		wire_run(muc.wire, 16 * 60 * 1000); /* again, or the next attempt to enter */
		assert_non_null(
			strstr(wire_heard(muc.wire), cases[i].is_lost ? "disco#info" : "<ping "));
		muc_teardown(state);
		muc_setup(state);
	}
}

static void a_ping_without_answer_decides_nothing(void **state)
{
	(void)state;
	muc_enter(OFFER(""));
	(void)wire_log(muc.wire);
	wire_run(muc.wire, 16 * 60 * 1000);
	assert_non_null(strstr(wire_heard(muc.wire), "<ping "));
	wire_run(muc.wire, 20 * 60 * 1000);
	assert_string_equal(wire_log(muc.wire), "");
	assert_non_null(strstr(wire_heard(muc.wire), "<ping "));
	assert_int_equal(envoi_muc_state(muc.room), ENVOI_MUC_JOINED);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, muc_setup, muc_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(ends_have_causes),
		TEST(leaving_is_reported_once),
		TEST(leaving_does_not_wait_for_ever),
		TEST(freeing_leaves),
		TEST(a_refused_message_is_a_loss),
		TEST(rooms_that_are_freed_when_they_end_hide_no_other),
		TEST(a_room_that_cannot_be_entered_again_stops_no_other),
		TEST(a_room_that_is_left_while_it_is_entered_is_not_joined),
		TEST(a_room_that_is_left_inside_a_message_reports_it_no_more),
		TEST(a_new_session_enters_again),
		TEST(a_resumed_session_enters_nothing),
		TEST(a_conflict_with_the_stay_before_passes),
		TEST(a_room_of_an_offline_session_waits),
		TEST(a_silent_room_is_pinged),
		TEST(a_ping_without_answer_decides_nothing),
	};
	return cmocka_run_group_tests_name("ext/muc_sessions", tests, NULL, NULL);
}
