/*
 * envoi - Message Retraction: tests
 * SPDX-License-Identifier: MIT
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include <envoi/ext/retraction.h>

#include "stanzas.h"
#include "test_allocator.h"
#include "wire.h"
#include "xep_examples.h"

#define RETRACT(content) "<retract id='m' xmlns='urn:xmpp:message-retract:1'>" content "</retract>"
#define MODERATED \
	"<moderated by='room@muc/mod' xmlns='urn:xmpp:message-moderate:1'><x/></moderated>"

/* @return "id", "id moderated", "-": none */
static const char *read(struct wire *wire, const char *xml)
{
	struct envoi_stanza *message = wire_stanza(wire, xml);
	const struct envoi_retraction *retraction = envoi_retraction_of(message);
	forget_text(&wire->log);
	write_text(&wire->log, "%s%s", retraction == NULL ? "-" : retraction->id,
		retraction != NULL && retraction->is_moderated ? " moderated" : "");
	envoi_stanza_unref(message);
	return written_text(&wire->log);
}

/* XEP-0424, example 4 */
static void a_retraction_is_read(void **state)
{
	assert_string_equal(read(*state,
				    "<message type='chat' id='retract-message-1'>"
				    "<retract id='wrong-recipient-1' "
				    "xmlns='urn:xmpp:message-retract:1'/></message>"),
		"wrong-recipient-1");
}

static void what_is_no_retraction_has_none(void **state)
{
	static const char *const others[] = {
		"<message/>",
		"<message><retract xmlns='urn:xmpp:message-retract:1'/></message>",
		"<message><retract xmlns='urn:xmpp:message-retract:1' id=''/></message>",
		"<message><retract id='m'/></message>",
		"<message type='error'>" RETRACT("") "</message>",
	};
	for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++) {
		assert_string_equal(read(*state, others[i]), "-");
	}
}

/* XEP-0425, section 5: Prosody and ejabberd relay what a participant writes. */
static void only_the_room_moderates(void **state)
{
	assert_string_equal(read(*state,
				    "<message type='groupchat' from='room@muc'>" RETRACT(
					    MODERATED) "</message>"),
		"m moderated");
	static const char *const forged[] = {
		"<message type='groupchat' from='room@muc/nick'>" RETRACT(MODERATED) "</message>",
		"<message type='chat' from='room@muc'>" RETRACT(MODERATED) "</message>",
		"<message from='room@muc/nick'>" RETRACT(MODERATED) "</message>",
		"<message type='groupchat'>" RETRACT(MODERATED) "</message>",
	};
	for (size_t i = 0; i < sizeof(forged) / sizeof(forged[0]); i++) {
		assert_string_equal(read(*state, forged[i]), "-");
	}
}

/* Example 7 */
static void a_tombstone_is_read(void **state)
{
	const void *value;
	struct envoi_stanza *message = wire_stanza(*state,
		"<message><retracted stamp='2019-09-20T23:09:32Z' id='retract-message-1' "
		"xmlns='urn:xmpp:message-retract:1'/></message>");
	assert_int_equal(
		envoi_stanza_decode(message, &envoi_retraction_tombstone_type, &value), ENVOI_OK);
	const struct envoi_retraction_tombstone *tombstone = value;
	assert_string_equal(tombstone->id, "retract-message-1");
	assert_true(tombstone->has_stamp);
	assert_int_equal(tombstone->stamp_ms, INT64_C(1569020972000));
	envoi_stanza_unref(message);
}

static const char *retract(struct wire *wire, const char *original_xml, bool room_assigns)
{
	struct envoi_stanza *original = wire_stanza(wire, original_xml);
	struct envoi_stanza *message = envoi_message_new(
		wire->context, ENVOI_TYPE_CHAT, "a@b", NULL);
	int r = envoi_retraction_add(message, original, room_assigns);
	const char *text = wire_written(wire, message);
	envoi_stanza_unref(original);
	return r == ENVOI_OK ? text : r == ENVOI_DECLINED ? "declined" : envoi_error_name(r);
}

/* Section 5.1 */
static void the_id_follows_the_type(void **state)
{
#define ORIGIN "<origin-id xmlns='urn:xmpp:sid:0' id='o'/>"
#define ASSIGNED "<stanza-id xmlns='urn:xmpp:sid:0' id='s' by='room@muc'/>"
#define EXPECTED(id) \
	"<message type='chat' to='a@b'><retract xmlns='urn:xmpp:message-retract:1' id='" id \
	"'/><store xmlns='urn:xmpp:hints'/></message>\n"
	const char *in_room = "<message type='groupchat' from='room@muc/me' id='m'>" ORIGIN ASSIGNED
			      "</message>";
	assert_string_equal(
		retract(*state, "<message type='chat' id='m'>" ORIGIN "</message>", true),
		EXPECTED("m"));
	assert_string_equal(retract(*state, in_room, true), EXPECTED("s"));
	assert_string_equal(retract(*state, in_room, false), EXPECTED("o"));
	assert_string_equal(
		retract(*state, "<message type='groupchat' from='room@muc/me' id='m'/>", true),
		"declined");
	assert_string_equal(retract(*state, "<message type='chat'/>", true), "declined");
}

static void a_message_is_one_retraction(void **state)
{
	struct wire *wire = *state;
	struct envoi_stanza *message = wire_stanza(
		wire, "<message id='m'>" RETRACT("") "</message>");
	assert_int_equal(envoi_retraction_add(message, message, false), ENVOI_ERR_INVALID);
	assert_int_equal(envoi_retraction_add(NULL, message, false), ENVOI_ERR_NOMEM);
	envoi_stanza_unref(message);
}

static int add(struct envoi_stanza *message, const struct envoi_stanza *original)
{
	return envoi_retraction_add(message, original, false);
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
	const struct envoi_handler *handler = envoi_retraction_handler();
	assert_string_equal(handler->impl->uris[0], "urn:xmpp:message-retract:1");
	assert_null(handler->impl->uris[1]);
}

static void the_examples_are_read_and_written(void **state)
{
	(void)state;
	static const struct xep_table tables[] = {
		{&envoi_retraction_type, NULL},
		{&envoi_retraction_tombstone_type, NULL},
		{NULL, NULL},
	};
	static const char *const exceptions[] = {NULL};
	assert_int_equal(xep_examples_check("0424", tables, exceptions), 2);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, wire_setup_online, wire_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_retraction_is_read),
		TEST(what_is_no_retraction_has_none),
		TEST(only_the_room_moderates),
		TEST(a_tombstone_is_read),
		TEST(the_id_follows_the_type),
		TEST(a_message_is_one_retraction),
		cmocka_unit_test(a_failed_allocation_is_reported),
		cmocka_unit_test(the_feature_is_announced),
		cmocka_unit_test(the_examples_are_read_and_written),
	};
	return cmocka_run_group_tests_name("ext/retraction", tests, NULL, NULL);
}
