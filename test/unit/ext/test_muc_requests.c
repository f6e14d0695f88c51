/*
 * envoi - Multi-User Chat: invitations and requests: tests
 * SPDX-License-Identifier: MIT
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "muc_fixture.h"

/* --- invitations --- */

static void invitations_are_reported_once(void **state)
{
	(void)state;
	assert_string_equal(
		muc_say("<message from='" ROOM "'>" X(
			"<invite from='crone1@s.lit/d'><reason>Hey</reason></invite>"
			"<password>burn</password>") "<x xmlns='jabber:x:conference' jid='" ROOM
						     "'/>"
						     "<body>invites you</body></message>"),
		EVENT "invited to " ROOM " by crone1@s.lit/d (Hey) burn\n");
	assert_string_equal(muc_say("<message from='crone1@s.lit/d'><x xmlns='jabber:x:conference' "
				    "jid='" ROOM "' password='burn' reason='Hey'/></message>"),
		EVENT "invited to " ROOM " by crone1@s.lit/d directly (Hey) burn\n");
	assert_string_equal(
		muc_say("<message from='mallory@m.lit/x'>" X("<invite from='a@b'/>") "</message>"),
		"");
	assert_string_equal(
		muc_say("<message from='mallory@m.lit/x'><x xmlns='jabber:x:conference' "
			"jid='" ROOM "/x'/></message>"),
		"");
	wire_run(muc.wire, 0);
	assert_string_equal(wire_heard(muc.wire), "");
	muc_enter(OFFER(""));
	assert_string_equal(muc_say("<message from='crone1@s.lit/d'><x xmlns='jabber:x:conference' "
				    "jid='" ROOM "'/></message>"),
		"");
}

static void invitations_are_sent(void **state)
{
	(void)state;
	muc_enter(OFFER(""));
	assert_int_equal(envoi_muc_invite(muc.room, "hecate@h.lit", "Hey"), ENVOI_OK);
	assert_int_equal(envoi_muc_invite_directly(muc.room, "hecate@h.lit", "Hey"), ENVOI_OK);
	assert_int_equal(
		envoi_muc_decline(muc.wire->session, "heath@h.lit", "a@b", "busy"), ENVOI_OK);
	wire_run(muc.wire, 0);
	const char *sent = wire_heard(muc.wire);
	assert_non_null(strstr(sent, X("<invite to='hecate@h.lit'><reason>Hey</reason></invite>")));
	assert_non_null(
		strstr(sent, "<x xmlns='jabber:x:conference' jid='" ROOM "' reason='Hey'/>"));
	assert_non_null(strstr(sent, X("<decline to='a@b'><reason>busy</reason></decline>")));
	assert_int_equal(envoi_muc_invite(muc.room, "@", NULL), ENVOI_ERR_INVALID);
}

/* --- requests --- */

#define ADMIN(item) "<query xmlns='http://jabber.org/protocol/muc#admin'>" item "</query>"
#define OWNER(content) "<query xmlns='http://jabber.org/protocol/muc#owner'>" content "</query>"

static void requests_go_to_the_room(void **state)
{
	(void)state;
	muc_enter(ALL_FEATURES);
	struct wire *wire = muc.wire;
	(void)wire_heard(wire);
	assert_int_equal(envoi_muc_set_role(muc.room, "firstwitch", ENVOI_MUC_ROLE_NONE, "Avaunt",
				 wire_on_answer, wire),
		ENVOI_OK);
	assert_int_equal(envoi_muc_set_affiliation(muc.room, "earl@s.lit", ENVOI_MUC_OUTCAST, NULL,
				 wire_on_answer, wire),
		ENVOI_OK);
	assert_int_equal(
		envoi_muc_get_affiliations(muc.room, ENVOI_MUC_MEMBER, wire_on_answer, wire),
		ENVOI_OK);
	assert_int_equal(envoi_muc_config_get(muc.room, wire_on_answer, wire), ENVOI_OK);
	assert_int_equal(
		envoi_muc_destroy(muc.room, "heath@s.lit", "Macbeth", wire_on_answer, wire),
		ENVOI_OK);
	assert_int_equal(
		envoi_muc_moderate(muc.room, "s1", "rude", wire_on_answer, wire), ENVOI_OK);
	wire_run(wire, 0);
	const char *sent = wire_heard(wire);
	static const char *const parts[] = {
		ADMIN("<item role='none' nick='firstwitch'><reason>Avaunt</reason></item>"),
		ADMIN("<item affiliation='outcast' jid='earl@s.lit'/>"),
		ADMIN("<item affiliation='member'/>"),
		"<query xmlns='http://jabber.org/protocol/muc#owner'/>",
		OWNER("<destroy jid='heath@s.lit'><reason>Macbeth</reason></destroy>"),
		("<moderate xmlns='urn:xmpp:message-moderate:1' id='s1'>"
		 "<retract xmlns='urn:xmpp:message-retract:1'/><reason>rude</reason></moderate>"),
	};
	for (size_t i = 0; i < sizeof(parts) / sizeof(parts[0]); i++) {
		if (strstr(sent, parts[i]) == NULL) {
			fail_msg("%s is not in %s", parts[i], sent);
		}
	}
	assert_int_equal(envoi_muc_set_role(muc.room, "", ENVOI_MUC_VISITOR, NULL, NULL, NULL),
		ENVOI_ERR_INVALID);
	assert_int_equal(
		envoi_muc_set_affiliation(muc.room, "@", ENVOI_MUC_OUTCAST, NULL, NULL, NULL),
		ENVOI_ERR_INVALID);
}

static void a_configuration_is_submitted_to_the_room(void **state)
{
	(void)state;
	char var[] = "muc#roomconfig_roomname", value[] = "Coven", *values[] = {value};
	struct envoi_form_field field = {.var = var, .values = values, .value_count = 1};
	const struct envoi_form form = {
		.kind = ENVOI_FORM_SUBMIT, .fields = &field, .field_count = 1};
	muc_enter(ALL_FEATURES);
	assert_string_equal(envoi_jid_text(envoi_muc_address(muc.room)), ROOM);
	(void)wire_heard(muc.wire);
	assert_int_equal(
		envoi_muc_config_submit(muc.room, &form, wire_on_answer, muc.wire), ENVOI_OK);
	assert_int_equal(
		envoi_muc_config_submit(muc.room, NULL, wire_on_answer, muc.wire), ENVOI_OK);
	wire_run(muc.wire, 0);
	const char *sent = wire_heard(muc.wire);
	static const char *const parts[] = {
		"<iq type='set' to='" ROOM "'",
		OWNER("<x xmlns='jabber:x:data' type='submit'><field "
		      "var='muc#roomconfig_roomname'><value>Coven</value></field></x>"),
		OWNER("<x xmlns='jabber:x:data' type='submit'/>"),
	};
	for (size_t i = 0; i < sizeof(parts) / sizeof(parts[0]); i++) {
		if (strstr(sent, parts[i]) == NULL) {
			fail_msg("%s is not in %s", parts[i], sent);
		}
	}
}

static void moderation_speaks_what_is_announced(void **state)
{
	(void)state;
	muc_enter(OFFER(FEATURE("urn:xmpp:message-moderate:0")));
	assert_int_equal(envoi_muc_moderate(muc.room, "s1", NULL, NULL, NULL), ENVOI_OK);
	wire_run(muc.wire, 0);
	assert_non_null(strstr(wire_heard(muc.wire),
		"<apply-to xmlns='urn:xmpp:fasten:0' id='s1'>"
		"<moderate xmlns='urn:xmpp:message-moderate:0'>"
		"<retract xmlns='urn:xmpp:message-retract:0'/></moderate></apply-to>"));
	muc_teardown(state);
	muc_setup(state);
	muc_enter(OFFER(""));
	assert_int_equal(
		envoi_muc_moderate(muc.room, "s1", NULL, NULL, NULL), ENVOI_ERR_UNSUPPORTED);
}

static void subject_voice_and_show_are_sent(void **state)
{
	(void)state;
	muc_enter(OFFER(""));
	assert_int_equal(envoi_muc_set_subject(muc.room, "", NULL), ENVOI_OK);
	assert_int_equal(envoi_muc_request_voice(muc.room), ENVOI_OK);
	assert_int_equal(envoi_muc_set_show(muc.room, "xa", "gone"), ENVOI_OK);
	wire_run(muc.wire, 0);
	const char *sent = wire_heard(muc.wire);
	assert_non_null(strstr(sent, "<subject/>"));
	assert_non_null(strstr(sent, "<field var='muc#role'><value>participant</value></field>"));
	assert_non_null(strstr(sent, "<show>xa</show><status>gone</status>"));
}

static void nulls_are_refused_or_have_a_meaning(void **state)
{
	(void)state;
	muc_enter(ALL_FEATURES);
	struct envoi_muc_room *room = muc.room;
	assert_int_equal(envoi_muc_say(room, NULL, NULL), ENVOI_ERR_INVALID);
	assert_int_equal(envoi_muc_send(room, NULL, NULL), ENVOI_ERR_NOMEM);
	assert_int_equal(envoi_muc_send_private(room, NULL, "x", NULL), ENVOI_ERR_INVALID);
	assert_int_equal(envoi_muc_send_private(room, "x", NULL, NULL), ENVOI_ERR_INVALID);
	assert_int_equal(envoi_muc_set_subject(room, NULL, NULL), ENVOI_ERR_INVALID);
	assert_int_equal(envoi_muc_set_nick(room, NULL), ENVOI_ERR_INVALID);
	assert_int_equal(envoi_muc_set_show(room, NULL, NULL), ENVOI_OK);
	assert_int_equal(envoi_muc_invite(room, NULL, "x"), ENVOI_ERR_INVALID);
	assert_int_equal(envoi_muc_invite(room, "a@b", NULL), ENVOI_OK);
	assert_int_equal(envoi_muc_invite_directly(room, NULL, "x"), ENVOI_ERR_INVALID);
	assert_int_equal(envoi_muc_invite_directly(room, "a@b", NULL), ENVOI_OK);
	assert_int_equal(
		envoi_muc_set_role(room, NULL, ENVOI_MUC_VISITOR, "x", wire_on_answer, muc.wire),
		ENVOI_ERR_INVALID);
	assert_int_equal(envoi_muc_set_affiliation(
				 room, NULL, ENVOI_MUC_OUTCAST, "x", wire_on_answer, muc.wire),
		ENVOI_ERR_INVALID);
	assert_int_equal(envoi_muc_destroy(room, NULL, NULL, wire_on_answer, muc.wire), ENVOI_OK);
	assert_int_equal(
		envoi_muc_moderate(room, NULL, "x", wire_on_answer, muc.wire), ENVOI_ERR_INVALID);
	assert_false(envoi_muc_announces(room, NULL));
	assert_null(envoi_muc_find_occupant(room, NULL));
	assert_int_equal(envoi_muc_leave(room, NULL), ENVOI_OK);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, muc_setup, muc_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(invitations_are_reported_once),
		TEST(invitations_are_sent),
		TEST(requests_go_to_the_room),
		TEST(a_configuration_is_submitted_to_the_room),
		TEST(moderation_speaks_what_is_announced),
		TEST(subject_voice_and_show_are_sent),
		TEST(nulls_are_refused_or_have_a_meaning),
	};
	return cmocka_run_group_tests_name("ext/muc_requests", tests, NULL, NULL);
}
