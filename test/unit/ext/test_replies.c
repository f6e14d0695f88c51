/*
 * envoi - Message Replies: tests
 * SPDX-License-Identifier: MIT
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include <envoi/ext/replies.h>

#include "test_allocator.h"
#include "wire.h"
#include "xep_examples.h"

#define REPLY(attributes) "<reply xmlns='urn:xmpp:reply:0' " attributes "/>"

/* XEP-0461, example 3 */
static void a_reply_names_message_and_author(void **state)
{
	struct envoi_stanza *message = wire_stanza(*state,
		"<message to='anna@example.com' id='message-id2' type='chat'>"
		"<body>Great idea!</body>" REPLY(
			"to='anna@example.com/tablet' id='message-id1'") "</message>");
	const struct envoi_replies_reply *reply = envoi_replies_of(message);
	assert_string_equal(reply->id, "message-id1");
	assert_string_equal(envoi_jid_text(reply->to), "anna@example.com/tablet");
	envoi_stanza_unref(message);
}

static void the_author_may_be_absent_or_malformed(void **state)
{
	static const char *const replies[] = {REPLY("id='m'"), REPLY("id='m' to='@'")};
	for (size_t i = 0; i < 2; i++) {
		char xml[200];
		snprintf(xml, sizeof(xml), "<message>%s</message>", replies[i]);
		struct envoi_stanza *message = wire_stanza(*state, xml);
		assert_string_equal(envoi_replies_of(message)->id, "m");
		assert_null(envoi_replies_of(message)->to);
		envoi_stanza_unref(message);
	}
}

static void what_is_no_reply_has_none(void **state)
{
	static const char *const others[] = {
		"<message/>",
		"<message>" REPLY("to='a@b'") "</message>",
		"<message>" REPLY("to='a@b' id=''") "</message>",
		"<message type='error'>" REPLY("id='m'") "</message>",
		"<message><reply id='m'/></message>",
	};
	for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++) {
		struct envoi_stanza *message = wire_stanza(*state, others[i]);
		assert_null(envoi_replies_of(message));
		envoi_stanza_unref(message);
	}
}

static const char *reply_to(struct wire *wire, const char *xml, bool room_assigns)
{
	struct envoi_stanza *original = wire_stanza(wire, xml);
	struct envoi_stanza *message = envoi_message_reply_new(original, NULL);
	int r = envoi_replies_add(message, original, room_assigns);
	const char *text = wire_written(wire, message);
	envoi_stanza_unref(original);
	return r == ENVOI_DECLINED ? "declined" : text;
}

/* Section 4.1 */
static void the_id_follows_the_type(void **state)
{
#define ORIGIN "<origin-id xmlns='urn:xmpp:sid:0' id='o'/>"
#define ASSIGNED "<stanza-id xmlns='urn:xmpp:sid:0' id='s' by='room@muc'/>"
	assert_string_equal(
		reply_to(*state, "<message from='a@b/c' id='m' type='chat'>" ORIGIN "</message>",
			true),
		"<message type='chat' to='a@b/c'>"
		"<reply xmlns='urn:xmpp:reply:0' to='a@b/c' id='o'/></message>\n");
	assert_string_equal(reply_to(*state, "<message from='a@b/c' id='m' type='chat'/>", true),
		"<message type='chat' to='a@b/c'>"
		"<reply xmlns='urn:xmpp:reply:0' to='a@b/c' id='m'/></message>\n");
	const char *in_room =
		"<message from='room@muc/nick' id='m' type='groupchat'>" ORIGIN ASSIGNED
		"</message>";
	assert_string_equal(reply_to(*state, in_room, true),
		"<message type='groupchat' to='room@muc'>"
		"<reply xmlns='urn:xmpp:reply:0' to='room@muc/nick' id='s'/></message>\n");
	assert_string_equal(reply_to(*state, in_room, false), "declined");
	assert_string_equal(
		reply_to(*state, "<message from='room@muc/nick' id='m' type='groupchat'/>", true),
		"declined");
}

static void a_message_is_one_reply(void **state)
{
	struct wire *wire = *state;
	struct envoi_stanza *original = wire_stanza(wire, "<message from='a@b' id='m'/>");
	struct envoi_stanza *message = envoi_message_new(
		wire->context, ENVOI_TYPE_CHAT, "a@b", "x");
	assert_int_equal(envoi_replies_add(message, original, false), ENVOI_OK);
	assert_int_equal(envoi_replies_add(message, original, false), ENVOI_ERR_INVALID);
	assert_int_equal(envoi_replies_add(NULL, original, false), ENVOI_ERR_NOMEM);
	envoi_stanza_unref(message);
	envoi_stanza_unref(original);
}

static int add(struct envoi_stanza *message, const struct envoi_stanza *original)
{
	return envoi_replies_add(message, original, false);
}

static int add_once(struct envoi_context *context)
{
	return wire_add_to_message(context, add);
}

static void a_failed_allocation_is_reported(void **state)
{
	(void)state;
	assert_true(test_allocator_try(add_once) > 0);
}

static void the_feature_is_announced(void **state)
{
	(void)state;
	const struct envoi_handler *handler = envoi_replies_handler();
	assert_string_equal(handler->impl->uris[0], "urn:xmpp:reply:0");
	assert_null(handler->impl->uris[1]);
}

static void the_examples_are_read_and_written(void **state)
{
	(void)state;
	static const struct xep_table tables[] = {
		{&envoi_replies_reply_type, NULL},
		{NULL, NULL},
	};
	static const char *const exceptions[] = {NULL};
	assert_int_equal(xep_examples_check("0461", tables, exceptions), 2);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, wire_setup_online, wire_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_reply_names_message_and_author),
		TEST(the_author_may_be_absent_or_malformed),
		TEST(what_is_no_reply_has_none),
		TEST(the_id_follows_the_type),
		TEST(a_message_is_one_reply),
		cmocka_unit_test(a_failed_allocation_is_reported),
		cmocka_unit_test(the_feature_is_announced),
		cmocka_unit_test(the_examples_are_read_and_written),
	};
	return cmocka_run_group_tests_name("ext/replies", tests, NULL, NULL);
}
