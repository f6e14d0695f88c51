/*
 * envoi - Multi-User Chat: occupants and nicks: tests
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

/* --- occupants --- */

static void occupants_come_change_and_go(void **state)
{
	(void)state;
	muc_enter(OFFER(""));
	assert_string_equal(muc_say(PRESENCE("b", "",
				    X(ITEM("role='visitor' affiliation='none' "
					   "jid='bob@b.lit/x'")))),
		"+ b\n");
	assert_string_equal(
		envoi_jid_text(envoi_muc_find_occupant(muc.room, "b")->jid), "bob@b.lit/x");
	assert_string_equal(
		muc_say(PRESENCE("b", "",
			"<show>xa</show>" X("<item role='moderator' affiliation='admin'>"
					    "<reason>good</reason></item>"))),
		"= b (good)\n");
	assert_string_equal(envoi_muc_find_occupant(muc.room, "b")->show, "xa");
	assert_int_equal(envoi_muc_find_occupant(muc.room, "b")->role, ENVOI_MUC_MODERATOR);
	assert_string_equal(muc_say(GONE("b",
				    X("<item role='none' affiliation='none'><actor nick='king'/>"
				      "<reason>noise</reason></item>" CODE("307")))),
		"- b by king (noise) 307\n");
	assert_null(envoi_muc_find_occupant(muc.room, "b"));
	assert_string_equal(muc_say(GONE("b", X(""))), "");
}

static void a_nick_changes(void **state)
{
	(void)state;
	muc_enter(OFFER(""));
	assert_string_equal(
		muc_say(GONE("firstwitch", X(ITEM("nick='oldhag' role='visitor'") CODE("303")))
				PRESENCE("oldhag", "", X(ITEM("role='visitor'")))),
		"renamed oldhag was firstwitch 303\n= oldhag\n");
	assert_string_equal(muc_occupants(), "oldhag thirdwitch! ");
	/* the own one has 110, too */
	assert_int_equal(envoi_muc_set_nick(muc.room, "fourth"), ENVOI_OK);
	wire_run(muc.wire, 0);
	assert_non_null(strstr(wire_heard(muc.wire), "<presence to='" ROOM "/fourth' id='"));
	assert_string_equal(
		muc_say(GONE("thirdwitch", X(ITEM("nick='fourth'") CODE("303") CODE("110")))
				SELF("fourth", "")),
		"renamed fourth was thirdwitch 303 110\n= fourth 110\n");
	assert_string_equal(muc_occupants(), "fourth! oldhag ");
	assert_string_equal(envoi_muc_self(muc.room)->nick, "fourth");
}

static void a_new_nick_is_a_resource_that_this_client_does_not_have(void **state)
{
	(void)state;
	static char xml[3000];
	muc_enter(OFFER(""));
	assert_string_equal(
		muc_say(GONE("firstwitch", X(ITEM("nick='thirdwitch'") CODE("303")))), "");
	assert_string_equal(envoi_muc_self(muc.room)->nick, "thirdwitch");
	assert_string_equal(muc_say(GONE("firstwitch", X(ITEM("nick='old&#xA0;hag'") CODE("303")))
					    PRESENCE("old hag", "", X(ITEM("role='visitor'")))),
		"renamed old hag was firstwitch 303\n= old hag\n");
	snprintf(xml, sizeof(xml), GONE("old hag", X(ITEM("nick='%02000d'") CODE("303"))), 0);
	assert_string_equal(muc_say(xml), "- old hag 303\n");
	assert_string_equal(muc_occupants(), "thirdwitch! ");
}

static const char *nick_of_next_session(void)
{
	static char nick[64];
	(void)wire_heard(muc.wire);
	wire_next_session(muc.wire);
	wire_answer(muc.wire, ROOM, OFFER(""));
	const char *presence = strstr(wire_heard(muc.wire), "<presence to='" ROOM "/");
	assert_non_null(presence);
	assert_int_equal(sscanf(presence, "<presence to='" ROOM "/%63[^']'", nick), 1);
	return nick;
}

static void a_refused_nick_changes_nothing(void **state)
{
	(void)state;
	char xml[400];
	muc_enter(OFFER(""));
	assert_int_equal(envoi_muc_set_nick(muc.room, ""), ENVOI_ERR_INVALID);
	assert_int_equal(envoi_muc_set_nick(muc.room, "\1"), ENVOI_ERR_INVALID);
	assert_int_equal(envoi_muc_set_nick(muc.room, "firstwitch"), ENVOI_OK);
	wire_run(muc.wire, 0);
	snprintf(xml, sizeof(xml),
		"<presence type='error' from='" ROOM
		"/firstwitch' id='%s'>" ERROR("conflict") "</presence>",
		muc_id_in(wire_heard(muc.wire)));
	assert_string_equal(muc_say(xml), "refused  (conflict)\n");
	assert_string_equal(muc_say(xml), "");
	assert_string_equal(muc_occupants(), "firstwitch thirdwitch! ");
	assert_string_equal(nick_of_next_session(), "thirdwitch");
}

static void an_accepted_nick_is_that_of_the_next_session(void **state)
{
	(void)state;
	muc_enter(OFFER(""));
	assert_int_equal(envoi_muc_set_nick(muc.room, "fourth"), ENVOI_OK);
	muc_say(GONE("thirdwitch", X(ITEM("nick='fourth'") CODE("303") CODE("110")))
			SELF("fourth", ""));
	assert_string_equal(nick_of_next_session(), "fourth");
}

static void nicks_that_look_alike_are_told_apart(void **state)
{
	(void)state;
	muc_enter(OFFER(""));
	muc_say(THERE("bo") THERE("BO") THERE("max"));
	assert_string_equal(muc_occupants(), "BO bo firstwitch max thirdwitch! ");
	assert_true(envoi_muc_is_ambiguous(muc.room, envoi_muc_find_occupant(muc.room, "bo")));
	assert_true(envoi_muc_is_ambiguous(muc.room, envoi_muc_find_occupant(muc.room, "BO")));
	assert_false(envoi_muc_is_ambiguous(muc.room, envoi_muc_find_occupant(muc.room, "max")));
}

static void occupants_are_limited(void **state)
{
	(void)state;
	muc_begin(&muc_by_default, OFFER(""));
	for (int i = 0; i < ENVOI_MUC_MOST_OCCUPANTS + 5; i++) {
		char xml[200];
		snprintf(xml, sizeof(xml), THERE("n%d"), (i * 7919) % 20011);
		wire_say(muc.wire, xml);
	}
	wire_run(muc.wire, 0);
	muc_say(SELF("thirdwitch", ""));
	size_t position = 0, count = 0;
	const char *last = "";
	const struct envoi_muc_occupant *occupant;
	for (; (occupant = envoi_muc_next_occupant(muc.room, &position)) != NULL; count++) {
		assert_true(strcmp(last, occupant->nick) < 0);
		last = occupant->nick;
	}
	assert_int_equal(count, ENVOI_MUC_MOST_OCCUPANTS + 1); /* with this client */
	assert_int_equal(envoi_muc_occupants_dropped(muc.room), 5);
	assert_non_null(envoi_muc_self(muc.room));
	muc_say(SELF("another", "")); /* only one is this client */
	assert_int_equal(envoi_muc_occupants_dropped(muc.room), 6);
	assert_null(envoi_muc_find_occupant(muc.room, "another"));
}

/* XEP-0421, section 4: such an id may be forged where the room does not announce it. */
static void occupant_ids_count_where_they_are_announced(void **state)
{
	static const char id[] = PRESENCE("b", "", X(ITEM("role='visitor'")) OCCUPANT_ID("dd72"));
	muc_enter(OFFER(""));
	muc_say(id);
	assert_null(envoi_muc_find_occupant(muc.room, "b")->id);
	assert_string_equal(muc_say(FROM("/b", BODY("x") OCCUPANT_ID("dd72"))), "b: x\n");
	muc_teardown(state);
	muc_setup(state);
	muc_enter(ALL_FEATURES);
	muc_say(id);
	assert_string_equal(envoi_muc_find_occupant(muc.room, "b")->id, "dd72");
	assert_string_equal(muc_say(FROM("/b", BODY("x") OCCUPANT_ID("dd72"))), "b: x by dd72\n");
	assert_string_equal(
		muc_say(FROM("/b", BODY("x") OCCUPANT_ID("dd72") OCCUPANT_ID("e"))), "b: x\n");
	assert_true(envoi_muc_announces(muc.room, "urn:xmpp:occupant-id:0"));
	assert_false(envoi_muc_announces(muc.room, "urn:xmpp:mam:2"));
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, muc_setup, muc_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(occupants_come_change_and_go),
		TEST(a_nick_changes),
		TEST(a_new_nick_is_a_resource_that_this_client_does_not_have),
		TEST(a_refused_nick_changes_nothing),
		TEST(an_accepted_nick_is_that_of_the_next_session),
		TEST(nicks_that_look_alike_are_told_apart),
		TEST(occupants_are_limited),
		TEST(occupant_ids_count_where_they_are_announced),
	};
	return cmocka_run_group_tests_name("ext/muc_occupants", tests, NULL, NULL);
}
