/*
 * envoi - Multi-User Chat: entering, and what may be freed inside: tests
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
#include "test_allocator.h"
#include "xep_examples.h"

/* --- entering: section 7.2 --- */

static void a_room_is_entered(void **state)
{
	(void)state;
	const char *presence = muc_begin(&muc_by_default, OFFER(""));
	assert_non_null(strstr(presence, "<presence to='" ROOM "/thirdwitch' id='"));
	assert_non_null(
		strstr(presence, "><x xmlns='http://jabber.org/protocol/muc'/></presence>"));
	assert_int_equal(envoi_muc_state(muc.room), ENVOI_MUC_JOINING);
	assert_string_equal(muc_say(THERE("secondwitch") THERE("firstwitch")), "");
	assert_null(envoi_muc_self(muc.room));
	assert_string_equal(muc_say(SELF("thirdwitch", "")), "joined as thirdwitch\n");
	assert_string_equal(muc_occupants(), "firstwitch secondwitch thirdwitch! ");
	assert_string_equal(muc_say(FROM("/firstwitch", BODY("Thrice") DELAY(ROOM))
					    SUBJECT FROM("/firstwitch", BODY("now"))),
		"firstwitch: Thrice old\nsubject '' - first\nfirstwitch: now\n");
	const struct envoi_muc_occupant *first = envoi_muc_find_occupant(muc.room, "firstwitch");
	assert_int_equal(first->role, ENVOI_MUC_PARTICIPANT);
	assert_int_equal(first->affiliation, ENVOI_MUC_AFFILIATION_NONE);
	assert_null(first->jid);
	assert_null(envoi_muc_find_occupant(muc.room, "FirstWitch"));
}

static void password_and_history_are_stated(void **state)
{
	(void)state;
	const struct envoi_muc_options options = {.nick = "x",
		.password = "cauldronburn",
		.has_max_stanzas = true,
		.max_stanzas = 20,
		.has_since = true,
		.since_ms = 0};
	const char *presence = muc_begin(&options, OFFER(""));
	assert_non_null(
		strstr(presence, "<history maxstanzas='20' since='1970-01-01T00:00:00Z'/>"));
	assert_non_null(strstr(presence, "<password>cauldronburn</password></x>"));
}

/* Section 7.2.2: only the code 110 states it, not a nick and not an id. */
static void only_code_110_is_this_client(void **state)
{
	(void)state;
	char xml[300];
	const char *presence = muc_begin(&muc_by_default, OFFER(""));
	snprintf(xml, sizeof(xml),
		"<presence from='" ROOM "/other' id='%s'>" X(ITEM("role='visitor'")) "</presence>",
		muc_id_in(presence));
	assert_string_equal(muc_say(xml), "");
	assert_string_equal(muc_say(THERE("thirdwitch")), "");
	assert_int_equal(envoi_muc_state(muc.room), ENVOI_MUC_JOINING);
	assert_string_equal(muc_say(SELF("renamed", CODE("210"))), "joined as renamed\n");
}

static void the_own_item_of_several_counts(void **state)
{
	(void)state;
	muc_begin(&muc_by_default, OFFER(""));
	muc_say(PRESENCE("thirdwitch", "",
		X(CODE("110") ITEM("role='visitor' affiliation='none' jid='me@example.org/phone'")
				ITEM("role='moderator' affiliation='owner' jid='" WIRE_OWN "'"))));
	assert_int_equal(envoi_muc_self(muc.room)->role, ENVOI_MUC_MODERATOR);
	assert_string_equal(envoi_jid_text(envoi_muc_self(muc.room)->jid), WIRE_OWN);
}

static void what_a_room_cannot_state_twice_is_ignored(void **state)
{
	(void)state;
	muc_begin(&muc_by_default, OFFER(""));
	assert_string_equal(
		muc_say(PRESENCE("thirdwitch", "", X(CODE("110")) X(ITEM("role='moderator'")))),
		"");
	assert_int_equal(envoi_muc_state(muc.room), ENVOI_MUC_JOINING);
	muc_say(SELF("thirdwitch", ""));
	assert_string_equal(
		muc_say(PRESENCE("a", "", X("<item role='?' jid='@'/>" CODE("x") CODE("1")))),
		"+ a\n");
}

static void presence_of_the_room_is_no_occupant(void **state)
{
	(void)state;
	muc_begin(&muc_by_default, OFFER(""));
	assert_string_equal(
		muc_say("<presence from='" ROOM "'><x xmlns='vcard-temp:x:update'/></presence>"
			"<presence from='" ROOM "'>" X(CODE("110")) "</presence>"),
		"");
	muc_say(SELF("thirdwitch", ""));
	assert_string_equal(muc_say("<presence from='" ROOM "' type='unavailable'/>"), "");
	assert_string_equal(muc_occupants(), "thirdwitch! ");
}

static void errors_end_the_attempt(void **state)
{
	static const struct {
		const char *condition;
		const char *name;
	} cases[] = {
		{ERROR("not-authorized"), "not-authorized"},
		{ERROR("forbidden"), "forbidden"},
		{ERROR("item-not-found"), "item-not-found"},
		{ERROR("not-allowed"), "not-allowed"},
		{ERROR("not-acceptable"), "not-acceptable"},
		{ERROR("registration-required"), "registration-required"},
		{ERROR("conflict"), "conflict"},
		{ERROR("service-unavailable"), "service-unavailable"},
		{"<error/>", "undefined-condition"},
	};
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		char xml[500], expected[100];
		const char *id = muc_id_in(muc_begin(&muc_by_default, OFFER("")));
		muc_say(THERE("thirdwitch")); /* another user */
		snprintf(xml, sizeof(xml),
			"<presence type='error' from='" ROOM "/thirdwitch' id='%s'>%s</presence>",
			id, cases[i].condition);
		snprintf(expected, sizeof(expected), "ended %d %s\n", ENVOI_MUC_REFUSED,
			cases[i].name);
		assert_string_equal(muc_say(xml), expected);
		assert_int_equal(envoi_muc_state(muc.room), ENVOI_MUC_ENDED);
		muc_teardown(state);
		muc_setup(state);
	}
}

static void an_error_of_another_presence_ends_nothing(void **state)
{
	(void)state;
	muc_begin(&muc_by_default, OFFER(""));
	assert_string_equal(muc_say("<presence type='error' from='" ROOM
				    "/thirdwitch' id='x'>" ERROR("conflict") "</presence>"),
		"");
	/* without a nick, and without an id: section 7.2.1 */
	assert_string_equal(muc_say("<presence type='error' from='" ROOM
				    "'>" ERROR("jid-malformed") "</presence>"),
		"ended 2 jid-malformed\n");
}

static void a_taken_nick_is_varied(void **state)
{
	(void)state;
	const struct envoi_muc_options options = {.nick = "w", .varies_nick = true};
	const char *presence = muc_begin(&options, OFFER(""));
	static const char *const nicks[] = {"w", "w_", "w__", "w___"};
	for (size_t i = 0; i < 4; i++) {
		char xml[500], to[100];
		snprintf(to, sizeof(to), "to='" ROOM "/%s' ", nicks[i]);
		assert_non_null(strstr(presence, to));
		snprintf(xml, sizeof(xml),
			"<presence type='error' from='" ROOM
			"/%s' id='%s'>" ERROR("conflict") "</presence>",
			nicks[i], muc_id_in(presence));
		assert_string_equal(muc_say(xml), i < 3 ? "" : "ended 2 conflict\n");
		presence = wire_heard(muc.wire);
	}
}

static void addresses_and_nicks_are_checked(void **state)
{
	(void)state;
	struct envoi_session *session = muc.wire->session;
	static const char *const rooms[] = {"@", ROOM "/x", ""};
	for (size_t i = 0; i < sizeof(rooms) / sizeof(rooms[0]); i++) {
		assert_int_equal(envoi_muc_join(&muc.room, session, rooms[i], &muc_by_default,
					 &muc_events, NULL),
			ENVOI_ERR_INVALID);
	}
	assert_int_equal(muc_join(&(struct envoi_muc_options){.nick = ""}), ENVOI_ERR_INVALID);
	assert_int_equal(muc_join(&(struct envoi_muc_options){.nick = NULL}), ENVOI_ERR_INVALID);
	assert_int_equal(muc_join(&(struct envoi_muc_options){.nick = "\1"}), ENVOI_ERR_INVALID);
	assert_int_equal(muc_join(&muc_by_default), ENVOI_OK);
	struct envoi_muc_room *other;
	assert_int_equal(envoi_muc_join(&other, session, ROOM, &muc_by_default, &muc_events, NULL),
		ENVOI_ERR_EXISTS);
	envoi_session_unuse(session, &envoi_muc_extension);
	assert_int_equal(envoi_muc_join(&other, session, "a@b", &muc_by_default, &muc_events, NULL),
		ENVOI_ERR_STATE);
}

static void a_room_that_does_not_answer_is_tried_again(void **state)
{
	(void)state;
	muc_begin(&muc_by_default, OFFER(""));
	(void)wire_log(muc.wire);
	wire_run(muc.wire, 60001);
	assert_string_equal(wire_log(muc.wire), "ended 9 again\n");
	assert_int_equal(envoi_muc_state(muc.room), ENVOI_MUC_WAITING);
	assert_string_equal(wire_heard(muc.wire), "");
	wire_run(muc.wire, 5001);
	wire_answer(muc.wire, ROOM, OFFER(""));
	assert_non_null(strstr(wire_heard(muc.wire), "<presence to='" ROOM "/thirdwitch'"));
	(void)wire_log(muc.wire);
	wire_run(muc.wire, 60001); /* the time doubles */
	wire_run(muc.wire, 5001);
	assert_string_equal(wire_heard(muc.wire), "");
	wire_run(muc.wire, 5001);
	assert_non_null(strstr(wire_heard(muc.wire), "disco#info"));
}

/* Section 10.1: others cannot enter before. */
static void a_new_room_is_unlocked(void **state)
{
	(void)state;
	muc_begin(&muc_by_default, ERROR("item-not-found"));
	assert_string_equal(muc_say(SELF("thirdwitch", CODE("201"))), "joined as thirdwitch\n");
	assert_non_null(strstr(wire_heard(muc.wire),
		"<query xmlns='http://jabber.org/protocol/muc#owner'>"
		"<x xmlns='jabber:x:data' type='submit'/></query>"));
	envoi_muc_free(muc.room);
	wire_run(muc.wire, 0);
	(void)wire_heard(muc.wire);
	muc_begin(&(struct envoi_muc_options){.nick = "a", .configures = true}, OFFER(""));
	muc_say(SELF("a", CODE("201")));
	assert_string_equal(wire_heard(muc.wire), "");
}

/* Before it exists it announces nothing. */
static void a_new_room_is_asked_again_what_it_announces(void **state)
{
	(void)state;
	const struct envoi_muc_options options = {.nick = "a", .configures = true};
	char xml[300];
	assert_int_equal(muc_join(&options), ENVOI_OK);
	wire_run(muc.wire, 0);
	snprintf(xml, sizeof(xml),
		"<iq type='error' from='" ROOM "' id='%s'>" ERROR("item-not-found") "</iq>",
		muc_id_in(wire_heard(muc.wire)));
	muc_say(xml);
	(void)wire_heard(muc.wire);
	muc_say(SELF("a", CODE("201")));
	assert_false(envoi_muc_announces(muc.room, "urn:xmpp:sid:0"));
	wire_answer(muc.wire, ROOM, ALL_FEATURES);
	assert_true(envoi_muc_announces(muc.room, "urn:xmpp:sid:0"));
	assert_string_equal(muc_say(FROM("/b", BODY("x") STANZA_ID("s1", ROOM))), "b: x id s1\n");
}

/* --- freeing inside --- */

static void anything_may_be_freed_inside(void **state)
{
	static const char *const where[] = {"joined", "message", "subject", "changed", "ended"};
	for (size_t i = 0; i < 3 * sizeof(where) / sizeof(where[0]); i++) {
		muc_begin(&muc_by_default, OFFER(""));
		muc.free_at = where[i / 3];
		muc.what = (int)(i % 3);
		wire_say(muc.wire,
			SELF("thirdwitch", CODE("201")) SUBJECT FROM("/a", BODY("x")) THERE("a")
				GONE("a", "") GONE("thirdwitch", X(CODE("110"))));
		if (muc.wire->session != NULL) {
			wire_run(muc.wire, 0);
		}
		assert_null(muc.free_at);
		muc_teardown(state);
		muc_setup(state);
	}
}

static void anything_may_be_freed_when_the_session_ends(void **state)
{
	for (int what = 0; what < 3; what++) {
		muc_enter(OFFER(""));
		muc.free_at = "ended";
		muc.what = what;
		envoi_memory_end_shut_down(muc.wire->end);
		wire_run(muc.wire, 0);
		assert_null(muc.free_at);
		muc_teardown(state);
		muc_setup(state);
	}
	muc_enter(OFFER(""));
	muc.free_at = "ended";
	wire_free_session(muc.wire);
	assert_null(muc.room);
}

static void an_invitation_may_free_the_session(void **state)
{
	(void)state;
	muc.free_at = "invited";
	muc.what = 2;
	wire_say(muc.wire,
		"<message from='crone1@s.lit/d'><x xmlns='jabber:x:conference' jid='" ROOM
		"'/></message>");
	wire_run(muc.wire, 0);
	assert_null(muc.wire->session);
}

static void a_room_outlives_its_session(void **state)
{
	(void)state;
	muc_enter(OFFER(""));
	wire_free_session(muc.wire);
	assert_non_null(strstr(wire_log(muc.wire), "ended 10\n"));
	assert_int_equal(envoi_muc_state(muc.room), ENVOI_MUC_ENDED);
	assert_int_equal(envoi_muc_say(muc.room, "x", NULL), ENVOI_ERR_STATE);
	assert_int_equal(envoi_muc_leave(muc.room, NULL), ENVOI_ERR_STATE);
	assert_int_equal(envoi_muc_config_get(muc.room, wire_on_answer, NULL), ENVOI_ERR_STATE);
}

/* --- memory --- */

static void a_failed_allocation_is_survived(void **state)
{
	bool has_failed = true;
	muc_teardown(state);
	for (size_t n = 1; has_failed; n++) {
		struct test_allocator allocator = {.fail_at = 0};
		struct wire wire = {0};
		memset(&muc, 0, sizeof(muc));
		muc.wire = &wire;
		wire_init(&wire,
			&(struct envoi_context_options){
				.allocator = test_allocator_functions(&allocator)});
		wire_go_online(&wire);
		assert_int_equal(
			envoi_session_use(wire.session, &envoi_muc_extension, NULL), ENVOI_OK);
		allocator.fail_at = allocator.calls + n;
		if (muc_join(&muc_by_default) == ENVOI_OK) {
			wire_run(&wire, 0);
			if (strstr(wire_heard(&wire), "disco#info") != NULL) {
				wire_run(&wire, 100000); /* no answer */
			}
			wire_say(&wire,
				THERE("a") SELF("thirdwitch", CODE("201")) FROM(
					"/a", BODY("x") DELAY(ROOM)) SUBJECT FROM("/a", BODY("y"))
					GONE("a", X(ITEM("nick='b'") CODE("303"))) GONE("b", ""));
			wire_run(&wire, 0);
			(void)envoi_muc_say(muc.room, "x", NULL);
			(void)envoi_muc_set_nick(muc.room, "y");
		}
		has_failed = allocator.calls >= allocator.fail_at;
		allocator.fail_at = 0;
		if (!has_failed) {
			assert_non_null(strstr(wire_log(&wire), "renamed b was a"));
		}
		envoi_muc_free(muc.room);
		muc.room = NULL;
		wire_finish(&wire);
		assert_int_equal(allocator.live, 0);
	}
	muc_setup(state);
}

static void the_examples_are_read_and_written(void **state)
{
	(void)state;
	static const struct xep_table tables[] = {
		{&envoi_muc_enter_type, NULL},
		{&envoi_muc_info_type, NULL},
		{&envoi_muc_admin_type, NULL},
		{&envoi_muc_owner_type, NULL},
		{&envoi_muc_conference_type, NULL},
		{&envoi_muc_occupant_id_type, NULL},
		{&envoi_muc_moderation_type, NULL},
		{NULL, NULL},
	};
	static const char *const exceptions[] = {NULL};
	assert_int_equal(xep_examples_check("0045", tables, exceptions), 149);
	assert_int_equal(xep_examples_check("0249", tables, exceptions), 2);
	assert_int_equal(xep_examples_check("0421", tables, exceptions), 4);
	assert_int_equal(xep_examples_check("0425", tables, exceptions), 4);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, muc_setup, muc_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_room_is_entered),
		TEST(password_and_history_are_stated),
		TEST(only_code_110_is_this_client),
		TEST(the_own_item_of_several_counts),
		TEST(what_a_room_cannot_state_twice_is_ignored),
		TEST(presence_of_the_room_is_no_occupant),
		TEST(errors_end_the_attempt),
		TEST(an_error_of_another_presence_ends_nothing),
		TEST(a_taken_nick_is_varied),
		TEST(addresses_and_nicks_are_checked),
		TEST(a_room_that_does_not_answer_is_tried_again),
		TEST(a_new_room_is_unlocked),
		TEST(a_new_room_is_asked_again_what_it_announces),
		TEST(anything_may_be_freed_inside),
		TEST(anything_may_be_freed_when_the_session_ends),
		TEST(an_invitation_may_free_the_session),
		TEST(a_room_outlives_its_session),
		TEST(a_failed_allocation_is_survived),
		cmocka_unit_test(the_examples_are_read_and_written),
	};
	return cmocka_run_group_tests_name("ext/muc", tests, NULL, NULL);
}
