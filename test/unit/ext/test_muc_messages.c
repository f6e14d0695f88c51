/*
 * envoi - Multi-User Chat: messages: tests
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

/* --- messages --- */

static void messages_come_back(void **state)
{
	(void)state;
	char xml[400];
	muc_enter(ALL_FEATURES);
	assert_int_equal(envoi_muc_say(muc.room, "Harpier cries", NULL), ENVOI_OK);
	wire_run(muc.wire, 0);
	const char *sent = wire_heard(muc.wire);
	assert_non_null(strstr(sent, "<message type='groupchat' to='" ROOM "'"));
	assert_non_null(strstr(sent, "<body>Harpier cries</body><origin-id "));
	const char *id = muc_id_in(sent);
	snprintf(xml, sizeof(xml),
		"<message type='groupchat' from='" ROOM "/thirdwitch' id='%s'><body>changed</body>"
		"</message>",
		id);
	assert_string_equal(muc_say(xml), "thirdwitch: changed own back\n");
	/* the same id of another occupant is not this client's */
	snprintf(xml, sizeof(xml),
		"<message type='groupchat' from='" ROOM "/firstwitch' id='%s'><body>x</body>"
		"<origin-id xmlns='urn:xmpp:sid:0' id='%s'/></message>",
		id, id);
	assert_string_equal(muc_say(xml), "firstwitch: x\n");
	assert_string_equal(
		muc_say(FROM("/thirdwitch", BODY("by phone"))), "thirdwitch: by phone own\n");
}

static void stanza_ids_count_where_they_are_announced(void **state)
{
	static const char message[] = FROM("/firstwitch", BODY("x") STANZA_ID("s1", ROOM));
	muc_enter(OFFER(""));
	assert_string_equal(muc_say(message), "firstwitch: x\n");
	muc_teardown(state);
	muc_setup(state);
	muc_enter(ALL_FEATURES);
	assert_string_equal(muc_say(message), "firstwitch: x id s1\n");
	assert_string_equal(muc_say(FROM("/firstwitch", BODY("x") STANZA_ID("s1", "example.org"))),
		"firstwitch: x\n");
}

/* A participant writes what only the room may state: all servers pass it on. */
static void what_participants_write_states_nothing(void **state)
{
	(void)state;
	muc_enter(ALL_FEATURES);
	assert_string_equal(
		muc_say(FROM("/firstwitch",
			BODY("x") X(ITEM("affiliation='owner' role='moderator' "
					 "jid='king@k.lit'") CODE("104") CODE("110") CODE("301")))),
		"firstwitch: x\n");
	assert_int_equal(
		envoi_muc_find_occupant(muc.room, "firstwitch")->role, ENVOI_MUC_PARTICIPANT);
	assert_null(envoi_muc_find_occupant(muc.room, "firstwitch")->jid);
	/* a retraction by a moderator, a delay of the room, an invitation */
	assert_string_equal(muc_say(FROM("/firstwitch",
				    "<retract xmlns='urn:xmpp:message-retract:1' id='s1'>"
				    "<moderated xmlns='urn:xmpp:message-moderate:1'/></retract>")),
		"firstwitch: -\n");
	assert_string_equal(muc_say(FROM("/firstwitch", BODY("x") DELAY(ROOM))), "firstwitch: x\n");
	assert_string_equal(muc_say("<message from='" ROOM
				    "/firstwitch'>" X("<invite from='a@b'/>") "</message>"),
		"firstwitch: - private\n");
	assert_int_equal(envoi_muc_state(muc.room), ENVOI_MUC_JOINED);
}

static void history_ends_with_the_subject(void **state)
{
	(void)state;
	muc_begin(&muc_by_default, OFFER(""));
	muc_say(SELF("thirdwitch", ""));
	/* a delay of another entity is not that of the history */
	assert_string_equal(
		muc_say(FROM("/a", BODY("1") DELAY(ROOM)) FROM("/a", BODY("2") DELAY(ROOM)) FROM(
			"/a", "<subject>s</subject><body>b</body>" DELAY(ROOM)) FROM("/b",
			"<subject>Fire</subject>" DELAY(ROOM)) FROM("/a", BODY("3") DELAY(ROOM))),
		"a: 1 old\na: 2 old\na: b old\nsubject 'Fire' b first\na: 3\n");
	assert_string_equal(muc_say(FROM("/b", "<subject>Burn</subject>")), "subject 'Burn' b\n");
	assert_string_equal(
		muc_say(FROM("/b", "<subject>x</subject><thread>t</thread>")), "b: -\n");
}

static void history_without_subject_ends_with_a_live_message(void **state)
{
	(void)state;
	muc_begin(&muc_by_default, OFFER(""));
	muc_say(SELF("thirdwitch", ""));
	assert_string_equal(muc_say(FROM("/a", BODY("1") DELAY("chat.shakespeare.lit"))
					    FROM("/a", BODY("2") DELAY(ROOM))),
		"a: 1\na: 2\n");
}

static void history_is_limited(void **state)
{
	(void)state;
	muc_begin(&(struct envoi_muc_options){.nick = "thirdwitch", .most_history = 2}, OFFER(""));
	muc_say(SELF("thirdwitch", ""));
	assert_string_equal(
		muc_say(FROM("/a", BODY("1") DELAY(ROOM)) FROM("/a", BODY("2") DELAY(ROOM))
				FROM("/a", BODY("3") DELAY(ROOM)) SUBJECT FROM("/a", BODY("4"))),
		"a: 1 old\na: 2 old\nsubject '' - first\na: 4\n");
}

static void private_messages_are_private(void **state)
{
	(void)state;
	muc_enter(ALL_FEATURES);
	assert_string_equal(muc_say("<message type='chat' from='" ROOM "/firstwitch'>"
				    "<body>psst</body></message>"),
		"firstwitch: psst private\n");
	assert_int_equal(envoi_muc_send_private(muc.room, "firstwitch", "hush", NULL), ENVOI_OK);
	wire_run(muc.wire, 0);
	const char *sent = wire_heard(muc.wire);
	assert_non_null(strstr(sent, "<message type='chat' to='" ROOM "/firstwitch'"));
	assert_non_null(strstr(sent, "<x xmlns='http://jabber.org/protocol/muc#user'/>"));
	assert_int_equal(envoi_muc_send_private(muc.room, "", "x", NULL), ENVOI_ERR_INVALID);
}

static void the_room_speaks_itself(void **state)
{
	(void)state;
	muc_enter(ALL_FEATURES);
	assert_string_equal(muc_say(FROM("", BODY("welcome"))), "room: welcome\n");
	assert_string_equal(muc_say(FROM("",
				    "<retract xmlns='urn:xmpp:message-retract:1' id='s1'>"
				    "<moderated xmlns='urn:xmpp:message-moderate:1'/>"
				    "<reason>rude</reason></retract>")),
		"room: - moderates s1\n");
	assert_string_equal(muc_say(FROM("",
				    "<apply-to xmlns='urn:xmpp:fasten:0' id='s2'>"
				    "<moderated xmlns='urn:xmpp:message-moderate:0'>"
				    "<retract xmlns='urn:xmpp:message-retract:0'/></moderated>"
				    "</apply-to>")),
		"room: - moderates s2\n");
	assert_string_equal(
		muc_say(FROM("", X(CODE("104") CODE("173")))), "configuration  104 173\n");
	assert_non_null(strstr(wire_heard(muc.wire), "disco#info")); /* what it announces now */
	assert_string_equal(
		muc_say("<message from='" ROOM "'>" X(
			ITEM("affiliation='member' jid='hag@h.lit' role='none'")) "</message>"),
		"affiliation hag@h.lit 3\n");
	assert_string_equal(
		muc_say("<message from='" ROOM "'>" X(
			"<decline from='hecate@h.lit'><reason>busy</reason></decline>") "</message>"),
		"declined hecate@h.lit 0 (busy)\n");
}

static void others_are_not_concerned(void **state)
{
	(void)state;
	muc_enter(OFFER(""));
	assert_string_equal(
		muc_say("<message from='bob@b.lit/x'><body>x</body></message>"), "other\n");
	assert_string_equal(
		muc_say("<presence from='other@chat.shakespeare.lit/thirdwitch'/>"), "other\n");
	assert_string_equal(muc_say("<message type='groupchat' from='other@chat.shakespeare.lit/x'>"
				    "<body>x</body></message>"),
		"other\n");
	assert_string_equal(muc_say(FROM("/a", BODY("x"))), "a: x\n");
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, muc_setup, muc_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(messages_come_back),
		TEST(stanza_ids_count_where_they_are_announced),
		TEST(what_participants_write_states_nothing),
		TEST(history_ends_with_the_subject),
		TEST(history_without_subject_ends_with_a_live_message),
		TEST(history_is_limited),
		TEST(private_messages_are_private),
		TEST(the_room_speaks_itself),
		TEST(others_are_not_concerned),
	};
	return cmocka_run_group_tests_name("ext/muc_messages", tests, NULL, NULL);
}
