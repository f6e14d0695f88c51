/*
 * envoi - Unique and Stable Stanza IDs: tests
 * SPDX-License-Identifier: MIT
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include <envoi/context.h>
#include <envoi/ext/stanza_ids.h>

#include "stanzas.h"
#include "test_allocator.h"

#define ASSIGNED(id, by) "<stanza-id xmlns='urn:xmpp:sid:0' id='" id "' by='" by "'/>"
#define ORIGIN(id) "<origin-id xmlns='urn:xmpp:sid:0' id='" id "'/>"

static struct envoi_context *context;

static int make_context(void **state)
{
	(void)state;
	return envoi_context_new(&context, NULL);
}

static int free_context(void **state)
{
	(void)state;
	context = envoi_context_unref(context);
	return 0;
}

static struct envoi_stanza *message_with(const char *content)
{
	char xml[1000];
	snprintf(xml, sizeof(xml), "<message id='m'><body>x</body>%s</message>", content);
	return stanza_from_text(context, xml);
}

/* @return the id, in memory of the test; "": none */
static const char *assigned(const char *content, const char *by)
{
	static char id[64];
	struct envoi_jid *jid;
	struct envoi_stanza *message = message_with(content);
	assert_int_equal(envoi_jid_from_text(&jid, context, by), ENVOI_OK);
	const char *found = envoi_stanza_ids_assigned_by(message, jid);
	snprintf(id, sizeof(id), "%s", found == NULL ? "" : found);
	envoi_jid_unref(jid);
	envoi_stanza_unref(message);
	return id;
}

static const char *origin(const char *content)
{
	static char id[64];
	struct envoi_stanza *message = message_with(content);
	const char *found = envoi_stanza_ids_origin(message);
	snprintf(id, sizeof(id), "%s", found == NULL ? "" : found);
	envoi_stanza_unref(message);
	return id;
}

/* XEP-0359, section 2.2, example 3 */
static void ids_of_the_example_are_read(void **state)
{
	(void)state;
	const char *content = ASSIGNED("5f3dbc5e-e1d3-4077-a492-693f3769c7ad",
		"room@muc.example.com") ORIGIN("de305d54-75b4-431b-adb2-eb6b9e546013");
	assert_string_equal(
		assigned(content, "room@muc.example.com"), "5f3dbc5e-e1d3-4077-a492-693f3769c7ad");
	assert_string_equal(origin(content), "de305d54-75b4-431b-adb2-eb6b9e546013");
}

static void only_the_id_of_the_entity_asked_for_is_returned(void **state)
{
	(void)state;
	const char *content = ASSIGNED("1", "evil@x") ASSIGNED("2", "ME@example.org")
		ASSIGNED("3", "me@example.org/here") ASSIGNED("4", "example.org");
	assert_string_equal(assigned(content, "me@example.org"), "2");
	assert_string_equal(assigned(content, "you@example.org"), "");
}

/* Section 3, rule 4: one of the two is forged. */
static void two_ids_of_one_entity_are_ignored(void **state)
{
	(void)state;
	assert_string_equal(assigned(ASSIGNED("1", "a@b") ASSIGNED("2", "a@b"), "a@b"), "");
	assert_string_equal(assigned(ASSIGNED("1", "a@b") ASSIGNED("1", "A@B"), "a@b"), "");
}

static void malformed_ids_are_ignored(void **state)
{
	(void)state;
	static const char *const malformed[] = {
		ASSIGNED("", "a@b"),
		"<stanza-id xmlns='urn:xmpp:sid:0' by='a@b'/>",
		"<stanza-id xmlns='urn:xmpp:sid:0' id='1'/>",
		ASSIGNED("1", "@"),
		"<stanza-id id='1' by='a@b'/>",
		"<x xmlns='x'><stanza-id xmlns='urn:xmpp:sid:0' id='1' by='a@b'/></x>",
		ORIGIN(""),
		"<origin-id xmlns='urn:xmpp:sid:0'/>",
		"<origin-id id='1'/>",
	};
	for (size_t i = 0; i < sizeof(malformed) / sizeof(malformed[0]); i++) {
		if (assigned(malformed[i], "a@b")[0] != '\0' || origin(malformed[i])[0] != '\0') {
			fail_msg("%s", malformed[i]);
		}
	}
}

static void an_origin_id_is_the_id_of_the_message(void **state)
{
	(void)state;
	struct envoi_stanza *message = message_with("");
	for (int i = 0; i < 2; i++) {
		assert_int_equal(envoi_stanza_ids_add_origin(context, message), ENVOI_OK);
	}
	assert_string_equal(envoi_stanza_ids_origin(message), "m");
	assert_null(envoi_element_next(
		envoi_element_next(envoi_element_first(envoi_stanza_element(message)))));
	envoi_stanza_unref(message);
}

static void a_message_without_id_gets_one(void **state)
{
	(void)state;
	struct envoi_stanza *message = envoi_message_new(context, ENVOI_TYPE_CHAT, "a@b", "x");
	assert_int_equal(envoi_stanza_ids_add_origin(context, message), ENVOI_OK);
	assert_int_equal(strlen(envoi_stanza_id(message)), ENVOI_ID_SIZE - 1);
	assert_string_equal(envoi_stanza_ids_origin(message), envoi_stanza_id(message));
	envoi_stanza_unref(message);
}

static void an_empty_id_is_refused(void **state)
{
	(void)state;
	struct envoi_stanza *message = envoi_message_new(context, ENVOI_TYPE_CHAT, "a@b", "x");
	envoi_element_set(envoi_stanza_element(message), "id", "");
	assert_int_equal(envoi_stanza_ids_add_origin(context, message), ENVOI_ERR_INVALID);
	envoi_stanza_unref(message);
	assert_int_equal(envoi_stanza_ids_add_origin(context, NULL), ENVOI_ERR_NOMEM);
}

static void a_failed_allocation_is_reported(void **state)
{
	(void)state;
	int r = ENVOI_ERR_NOMEM;
	for (size_t k = 2; r == ENVOI_ERR_NOMEM; k++) {
		struct test_allocator allocator = {.fail_at = k};
		struct envoi_context *poor;
		assert_int_equal(test_allocator_context(&poor, &allocator), ENVOI_OK);
		struct envoi_stanza *message = envoi_message_new(poor, ENVOI_TYPE_CHAT, "a@b", "x");
		r = envoi_stanza_ids_add_origin(poor, message);
		envoi_stanza_unref(message);
		envoi_context_unref(poor);
		assert_int_equal(allocator.live, 0);
	}
	assert_int_equal(r, ENVOI_OK);
}

/* --- references --- */

#define ROOM "coven@chat.example"

/* @return the id for a purpose, in memory of the test; "-": none */
static const char *referred(const char *attributes, const char *content,
	enum envoi_stanza_ids_purpose purpose, bool room_assigns)
{
	static char id[64];
	char xml[1000];
	snprintf(xml, sizeof(xml), "<message %s><body>x</body>%s</message>", attributes, content);
	struct envoi_stanza *message = stanza_from_text(context, xml);
	const char *found = envoi_stanza_ids_for(message, purpose, room_assigns);
	snprintf(id, sizeof(id), "%s", found == NULL ? "-" : found);
	envoi_stanza_unref(message);
	return id;
}

/* XEP-0308, 4; 0184, 5.3; 0333, 4.2 and 4.3; 0461, 4.1; 0444, 4.2; 0424, 5.1 */
static void each_purpose_has_its_id(void **state)
{
	(void)state;
	static const struct {
		const char *two, *room, *silent_room;
	} expected[] = {
		[ENVOI_STANZA_IDS_CORRECTION] = {"m", "m", "m"},
		[ENVOI_STANZA_IDS_RECEIPT] = {"m", "-", "-"},
		[ENVOI_STANZA_IDS_MARKER] = {"m", "s", "-"},
		[ENVOI_STANZA_IDS_REPLY] = {"o", "s", "-"},
		[ENVOI_STANZA_IDS_REACTION] = {"o", "s", "-"},
		[ENVOI_STANZA_IDS_RETRACTION] = {"m", "s", "o"},
	};
	const char *content = ORIGIN("o") ASSIGNED("s", ROOM) ASSIGNED("x", "me@example.org");
	for (int i = ENVOI_STANZA_IDS_CORRECTION; i <= ENVOI_STANZA_IDS_RETRACTION; i++) {
		assert_string_equal(
			referred("id='m' type='chat' from='" ROOM "/nick'", content, i, true),
			expected[i].two);
		assert_string_equal(
			referred("id='m' type='groupchat' from='" ROOM "/nick'", content, i, true),
			expected[i].room);
		assert_string_equal(
			referred("id='m' type='groupchat' from='" ROOM "/nick'", content, i, false),
			expected[i].silent_room);
		assert_string_equal(
			referred("id='m' type='error' from='" ROOM "/nick'", content, i, true),
			"-");
	}
}

static void absent_and_empty_ids_are_none(void **state)
{
	(void)state;
	for (int i = ENVOI_STANZA_IDS_CORRECTION; i <= ENVOI_STANZA_IDS_RETRACTION; i++) {
		assert_string_equal(referred("type='chat'", "", i, true), "-");
		assert_string_equal(referred("type='chat' id=''", ORIGIN(""), i, true), "-");
		assert_string_equal(referred("type='groupchat' id='' from='" ROOM "/nick'",
					    ASSIGNED("", ROOM), i, true),
			"-");
		assert_string_equal(
			referred("type='groupchat' id=''", ASSIGNED("s", ROOM), i, true), "-");
	}
	assert_string_equal(
		referred("id='m'", "", ENVOI_STANZA_IDS_REPLY, false), "m"); /* no origin-id */
}

/* The sender can write an id of the room; two of them are none. */
static void a_room_with_two_ids_has_none(void **state)
{
	(void)state;
	assert_string_equal(
		referred("type='groupchat' from='" ROOM "/nick'",
			ASSIGNED("s", ROOM) ASSIGNED("t", ROOM), ENVOI_STANZA_IDS_REPLY, true),
		"-");
	assert_string_equal(referred("type='groupchat' from='" ROOM "/nick'",
				    ASSIGNED("s", ROOM "/nick"), ENVOI_STANZA_IDS_REPLY, true),
		"-");
}

static bool is_from(const char *attributes, const char *entity, bool is_of_room)
{
	char xml[300];
	struct envoi_jid *jid;
	snprintf(xml, sizeof(xml), "<message %s/>", attributes);
	struct envoi_stanza *message = stanza_from_text(context, xml);
	assert_int_equal(envoi_jid_from_text(&jid, context, entity), ENVOI_OK);
	bool is = envoi_stanza_ids_is_from(message, jid, is_of_room);
	envoi_jid_unref(jid);
	envoi_stanza_unref(message);
	return is;
}

/* XEP-0308, section 4 */
static void a_sender_is_compared_without_resource_but_in_rooms(void **state)
{
	(void)state;
	assert_true(is_from("type='chat' from='a@b/c'", "a@b/d", false));
	assert_true(is_from("from='a@b'", "a@b/d", false));
	assert_false(is_from("type='chat' from='a@b/c'", "x@b/c", false));
	assert_false(is_from("type='chat' from='a@b/c'", "b", false));
	assert_false(is_from("type='chat' from='" ROOM "/nick'", ROOM "/other", true));
	assert_true(is_from("type='chat' from='" ROOM "/nick'", ROOM "/nick", true));
	assert_false(is_from("type='groupchat' from='" ROOM "/nick'", ROOM "/other", false));
	assert_true(is_from("type='groupchat' from='" ROOM "/nick'", ROOM "/nick", false));
	assert_false(is_from("type='error' from='a@b'", "a@b", false));
	assert_false(is_from("type='chat'", "a@b", false));
	assert_false(is_from("type='chat' from='@'", "a@b", false));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(ids_of_the_example_are_read),
		cmocka_unit_test(only_the_id_of_the_entity_asked_for_is_returned),
		cmocka_unit_test(two_ids_of_one_entity_are_ignored),
		cmocka_unit_test(malformed_ids_are_ignored),
		cmocka_unit_test(an_origin_id_is_the_id_of_the_message),
		cmocka_unit_test(a_message_without_id_gets_one),
		cmocka_unit_test(an_empty_id_is_refused),
		cmocka_unit_test(a_failed_allocation_is_reported),
		cmocka_unit_test(each_purpose_has_its_id),
		cmocka_unit_test(absent_and_empty_ids_are_none),
		cmocka_unit_test(a_room_with_two_ids_has_none),
		cmocka_unit_test(a_sender_is_compared_without_resource_but_in_rooms),
	};
	return cmocka_run_group_tests_name("ext/stanza_ids", tests, make_context, free_context);
}
