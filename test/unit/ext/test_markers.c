/*
 * envoi - Displayed Markers: tests
 * SPDX-License-Identifier: MIT
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include <envoi/ext/markers.h>

#include "test_allocator.h"
#include "wire.h"
#include "xep_examples.h"

#define MARKABLE "<markable xmlns='urn:xmpp:chat-markers:0'/>"
#define DISPLAYED "<displayed xmlns='urn:xmpp:chat-markers:0' id='the-msg-1'/>"
#define ROOM_ID "<stanza-id xmlns='urn:xmpp:sid:0' by='coven@chat.shakespeare.lit' id='39K7ZYIp'/>"

/* XEP-0333, examples 3 and 4 */
static void requests_and_markers_are_read(void **state)
{
	struct envoi_stanza *request = wire_stanza(
		*state, "<message id='the-msg-1'>" MARKABLE "</message>");
	struct envoi_stanza *marker = wire_stanza(*state, "<message>" DISPLAYED "</message>");
	assert_true(envoi_markers_is_requested(request));
	assert_null(envoi_markers_id(request));
	assert_false(envoi_markers_is_requested(marker));
	assert_string_equal(envoi_markers_id(marker), "the-msg-1");
	envoi_stanza_unref(request);
	envoi_stanza_unref(marker);
}

static void malformed_markers_and_errors_are_none(void **state)
{
	static const char *const others[] = {
		"<message type='error'>" DISPLAYED MARKABLE "</message>",
		"<message><displayed xmlns='urn:xmpp:chat-markers:0'/></message>",
		"<message><displayed xmlns='urn:xmpp:chat-markers:0' id=''/></message>",
		"<message><received xmlns='urn:xmpp:chat-markers:0' id='x'/></message>",
	};
	for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++) {
		struct envoi_stanza *message = wire_stanza(*state, others[i]);
		assert_null(envoi_markers_id(message));
		assert_false(envoi_markers_is_requested(message));
		envoi_stanza_unref(message);
	}
}

static const char *marker_for(struct wire *wire, const char *xml, bool room_assigns)
{
	struct envoi_stanza *message = wire_stanza(wire, xml), *marker = NULL;
	int r = envoi_markers_new(&marker, message, room_assigns);
	envoi_stanza_unref(message);
	assert_true(r == ENVOI_OK || (r == ENVOI_DECLINED && marker == NULL));
	return r == ENVOI_OK ? wire_written(wire, marker) : "declined";
}

static void a_marker_goes_to_the_sender(void **state)
{
	assert_string_equal(marker_for(*state,
				    "<message from='romeo@montegue.lit/orchard' id='the-msg-1' "
				    "type='chat'><body>Hi</body>" MARKABLE "</message>",
				    false),
		"<message type='chat' to='romeo@montegue.lit/orchard'>"
		"<displayed xmlns='urn:xmpp:chat-markers:0' id='the-msg-1'/></message>\n");
}

/* Section 4.3, examples 5 and 6, and without a request */
static void a_marker_in_a_room_has_the_rooms_id(void **state)
{
	static const char *const messages[] = {
		"<message from='coven@chat.shakespeare.lit/firstwitch' id='message-1' "
		"type='groupchat'><body>Thrice</body>" MARKABLE ROOM_ID "</message>",
		"<message from='coven@chat.shakespeare.lit/firstwitch' id='message-1' "
		"type='groupchat'><body>Thrice</body>" ROOM_ID "</message>",
	};
	for (size_t i = 0; i < 2; i++) {
		assert_string_equal(marker_for(*state, messages[i], true),
			"<message type='groupchat' to='coven@chat.shakespeare.lit'>"
			"<displayed xmlns='urn:xmpp:chat-markers:0' id='39K7ZYIp'/></message>\n");
		assert_string_equal(marker_for(*state, messages[i], false), "declined");
	}
}

static void without_reason_no_marker_is_made(void **state)
{
	static const char *const others[] = {
		"<message from='a@b' id='m'/>",
		"<message from='a@b'>" MARKABLE "</message>",
		"<message id='m'>" MARKABLE "</message>",
		"<message from='a@b' id='m'>" MARKABLE DISPLAYED "</message>",
		"<message from='a@b' id='m' type='error'>" MARKABLE "</message>",
	};
	for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++) {
		assert_string_equal(marker_for(*state, others[i], true), "declined");
	}
}

static void a_marker_is_requested_once(void **state)
{
	struct wire *wire = *state;
	struct envoi_stanza *message = envoi_message_new(
		wire->context, ENVOI_TYPE_CHAT, "a@b", "x");
	assert_int_equal(envoi_markers_request(message), ENVOI_OK);
	assert_int_equal(envoi_markers_request(message), ENVOI_OK);
	assert_string_equal(wire_written(wire, message),
		"<message type='chat' to='a@b'><body>x</body>" MARKABLE "</message>\n");
	message = wire_stanza(wire, "<message>" DISPLAYED "</message>");
	assert_int_equal(envoi_markers_request(message), ENVOI_ERR_INVALID);
	envoi_stanza_unref(message);
	assert_int_equal(envoi_markers_request(NULL), ENVOI_ERR_NOMEM);
}

static int make_once(struct envoi_context *context)
{
	struct envoi_stanza *marker = NULL;
	struct envoi_stanza *message = envoi_message_new(context, ENVOI_TYPE_CHAT, "a@b", "x");
	int r = envoi_markers_request(message);
	if (r == ENVOI_OK) {
		r = envoi_stanza_set_id(message, "m");
	}
	if (r == ENVOI_OK) {
		r = envoi_stanza_set_from(message, "c@d");
	}
	if (r == ENVOI_OK) {
		r = envoi_stanza_from(message) == NULL ? ENVOI_ERR_NOMEM
						       : envoi_markers_new(&marker, message, false);
	}
	envoi_stanza_unref(marker);
	envoi_stanza_unref(message);
	return r;
}

static void a_failed_allocation_is_reported(void **state)
{
	(void)state;
	assert_true(test_allocator_try(make_once) > 0);
}

static void the_feature_is_announced(void **state)
{
	(void)state;
	const struct envoi_handler *handler = envoi_markers_handler();
	assert_string_equal(handler->impl->uris[0], "urn:xmpp:chat-markers:0");
	assert_null(handler->impl->uris[1]);
}

static void the_examples_are_read_and_written(void **state)
{
	(void)state;
	static const struct xep_table tables[] = {
		{&envoi_markers_displayed_type, NULL},
		{NULL, NULL},
	};
	static const char *const exceptions[] = {NULL};
	assert_int_equal(xep_examples_check("0333", tables, exceptions), 2);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, wire_setup_online, wire_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(requests_and_markers_are_read),
		TEST(malformed_markers_and_errors_are_none),
		TEST(a_marker_goes_to_the_sender),
		TEST(a_marker_in_a_room_has_the_rooms_id),
		TEST(without_reason_no_marker_is_made),
		TEST(a_marker_is_requested_once),
		cmocka_unit_test(a_failed_allocation_is_reported),
		cmocka_unit_test(the_feature_is_announced),
		cmocka_unit_test(the_examples_are_read_and_written),
	};
	return cmocka_run_group_tests_name("ext/markers", tests, NULL, NULL);
}
