/*
 * envoi - Message Delivery Receipts: tests
 * SPDX-License-Identifier: MIT
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include <envoi/ext/receipts.h>

#include "client_fixture.h"
#include "stanzas.h"
#include "test_allocator.h"
#include "wire.h"
#include "xep_examples.h"

enum {
	SECOND_MS = 1000,
};

#define DESK "alice@example.org/desk"
#define REQUEST "<request xmlns='urn:xmpp:receipts'/>"
#define RECEIVED(id) "<received xmlns='urn:xmpp:receipts' id='" id "'/>"

/* --- reading and requesting --- */

/* XEP-0184, example 4 */
static void a_receipt_is_read(void **state)
{
	struct envoi_stanza *message = wire_stanza(*state,
		"<message from='kingrichard@royalty.england.lit/throne' id='bi29sg183b4v'>" RECEIVED(
			"richard2-4.1.247") "</message>");
	assert_string_equal(envoi_receipts_id(message), "richard2-4.1.247");
	envoi_stanza_unref(message);
}

static void what_is_no_receipt_has_none(void **state)
{
	static const char *const others[] = {
		"<message/>",
		"<message id='m'>" REQUEST "</message>",
		"<message>" RECEIVED("") "</message>",
		"<message><received xmlns='urn:xmpp:receipts'/></message>",
		"<message><received xmlns='urn:xmpp:carbons:2' id='m'/></message>",
		/* ejabberd returns the content of what was sent */
		"<message type='error'>" RECEIVED("m") "</message>",
	};
	for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++) {
		struct envoi_stanza *message = wire_stanza(*state, others[i]);
		if (envoi_receipts_id(message) != NULL) {
			fail_msg("%s", others[i]);
		}
		envoi_stanza_unref(message);
	}
}

/* Sections 5.3 and 5.4 */
static void a_receipt_is_requested_once(void **state)
{
	struct wire *wire = *state;
	struct envoi_stanza *message = envoi_message_new(
		wire->context, ENVOI_TYPE_CHAT, "a@b", NULL);
	assert_int_equal(envoi_receipts_request(message), ENVOI_OK);
	assert_int_equal(envoi_receipts_request(message), ENVOI_OK);
	write_line(&wire->log, envoi_stanza_element(message));
	assert_string_equal(
		written_text(&wire->log), "<message type='chat' to='a@b'>" REQUEST "</message>\n");
	envoi_stanza_unref(message);
	message = envoi_message_new(wire->context, ENVOI_TYPE_GROUPCHAT, "a@b", "x");
	assert_int_equal(envoi_receipts_request(message), ENVOI_ERR_INVALID);
	envoi_stanza_unref(message);
	message = wire_stanza(wire, "<message>" RECEIVED("m") "</message>");
	assert_int_equal(envoi_receipts_request(message), ENVOI_ERR_INVALID);
	envoi_stanza_unref(message);
	assert_int_equal(envoi_receipts_request(NULL), ENVOI_ERR_NOMEM);
}

static int request_once(struct envoi_context *context)
{
	struct envoi_stanza *message = envoi_message_new(context, ENVOI_TYPE_CHAT, "a@b", "x");
	int r = envoi_receipts_request(message);
	envoi_stanza_unref(message);
	return r;
}

static void a_failed_allocation_is_reported(void **state)
{
	(void)state;
	assert_true(test_allocator_try(request_once) > 0);
}

static void a_session_without_client_answers_nobody(void **state)
{
	struct wire *wire = *state;
	assert_int_equal(envoi_session_add(wire->session, envoi_receipts_handler()), ENVOI_OK);
	assert_string_equal(
		wire_talk(wire, "<message from='a@b/c' id='m'>" REQUEST "</message>"), "");
	assert_string_equal(
		wire_talk(wire, "<message from='me@example.org/x' id='m'>" REQUEST "</message>"),
		"");
}

/* --- answering --- */

static struct client_fixture fixture;

static int setup(void **state)
{
	(void)state;
	client_fixture_init(&fixture, NULL);
	client_fixture_add_connector(&fixture);
	test_server_add_contact(fixture.server, "alice", "both@example.net", NULL, "both");
	test_server_add_contact(fixture.server, "alice", "from@example.net", NULL, "from");
	test_server_add_contact(fixture.server, "alice", "to@example.net", NULL, "to");
	test_server_add_contact(fixture.server, "alice", "none@example.net", NULL, "none");
	envoi_client_add(fixture.client, envoi_receipts_handler());
	client_fixture_connect(&fixture, SECOND_MS);
	assert_non_null(strstr(fixture.events, "available"));
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	client_fixture_finish(&fixture);
	return 0;
}

/* @return receipts that were sent for it */
static size_t receipts_for(const char *xml)
{
	test_server_forget(fixture.server);
	assert_true(test_server_says(fixture.server, DESK, xml));
	client_fixture_run(&fixture, SECOND_MS);
	return test_server_count_heard(fixture.server, "<received xmlns='urn:xmpp:receipts'");
}

#define FROM(from) \
	"<message from='" from "' id='m1' type='chat'><body>x</body>" REQUEST "</message>"

/* Section 8 */
static void receipts_go_to_those_that_see_the_presence(void **state)
{
	(void)state;
	assert_int_equal(receipts_for(FROM("both@example.net/a")), 1);
	assert_non_null(strstr(test_server_heard(fixture.server), " to='both@example.net/a'"));
	assert_non_null(strstr(test_server_heard(fixture.server), " type='chat'"));
	assert_non_null(
		strstr(test_server_heard(fixture.server), "'>" RECEIVED("m1") "</message>"));
	assert_int_equal(receipts_for(FROM("from@example.net/a")), 1);
	assert_int_equal(receipts_for(FROM("to@example.net/a")), 0);
	assert_int_equal(receipts_for(FROM("none@example.net/a")), 0);
	assert_int_equal(receipts_for(FROM("stranger@example.net/a")), 0);
}

static void send_presence(enum envoi_stanza_type type, const char *to)
{
	assert_int_equal(envoi_send(envoi_client_session(fixture.client),
				 envoi_presence_new(fixture.context, type, to), NULL),
		ENVOI_OK);
	client_fixture_run(&fixture, SECOND_MS);
}

static bool is_shown_to(const char *text)
{
	struct envoi_jid *jid;
	assert_int_equal(envoi_jid_from_text(&jid, fixture.context, text), ENVOI_OK);
	bool is_shown = envoi_client_shows_presence_to(fixture.client, jid);
	envoi_jid_unref(jid);
	return is_shown;
}

/* RFC 6121, sections 4.6 and 4.5 */
static void presence_is_shown_as_it_was_sent(void **state)
{
	(void)state;
	assert_true(is_shown_to("alice@example.org/phone"));
	assert_false(envoi_client_shows_presence_to(fixture.client, NULL));
	assert_false(is_shown_to("room@muc.example.net/nick"));
	send_presence(ENVOI_TYPE_AVAILABLE, "room@muc.example.net/me");
	assert_true(is_shown_to("room@muc.example.net/me"));
	assert_false(is_shown_to("room@muc.example.net/nick"));
	send_presence(ENVOI_TYPE_AVAILABLE, "stranger@example.net");
	assert_true(is_shown_to("stranger@example.net/a"));
	assert_int_equal(receipts_for(FROM("stranger@example.net/a")), 1);
	send_presence(ENVOI_TYPE_UNAVAILABLE, "stranger@example.net");
	assert_false(is_shown_to("stranger@example.net/a"));
	assert_int_equal(receipts_for(FROM("stranger@example.net/a")), 0);
	assert_true(is_shown_to("both@example.net/a"));
	send_presence(ENVOI_TYPE_UNAVAILABLE, NULL);
	assert_false(is_shown_to("both@example.net/a"));
	assert_int_equal(receipts_for(FROM("both@example.net/a")), 0);
}

/* Sections 5.3 to 5.5 and 7 */
static void other_messages_get_no_receipt(void **state)
{
	(void)state;
	static const char *const others[] = {
		"<message from='both@example.net/a' type='chat'>" REQUEST "</message>",
		"<message from='both@example.net/a' id='' type='chat'>" REQUEST "</message>",
		"<message from='both@example.net/a' id='m' type='chat'><body>x</body></message>",
		"<message from='both@example.net/a' id='m' type='groupchat'>" REQUEST "</message>",
		"<message from='both@example.net/a' id='m' type='error'>" REQUEST "</message>",
		"<message from='both@example.net/a' id='m'>" REQUEST RECEIVED("x") "</message>",
		"<message from='alice@example.org/phone' id='m'>" REQUEST "</message>",
		"<message id='m'>" REQUEST "</message>",
	};
	for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++) {
		if (receipts_for(others[i]) != 0) {
			fail_msg("%s", others[i]);
		}
	}
	assert_int_equal(
		receipts_for("<message from='both@example.net/a' id='m' type='headline'>" REQUEST
			     "</message>"),
		1);
}

static void the_examples_are_read_and_written(void **state)
{
	(void)state;
	static const struct xep_table tables[] = {
		{&envoi_receipts_received_type, NULL},
		{NULL, NULL},
	};
	static const char *const exceptions[] = {NULL};
	assert_int_equal(xep_examples_check("0184", tables, exceptions), 1);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, wire_setup_online, wire_teardown)
#define CLIENT(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_receipt_is_read),
		TEST(what_is_no_receipt_has_none),
		TEST(a_receipt_is_requested_once),
		cmocka_unit_test(a_failed_allocation_is_reported),
		TEST(a_session_without_client_answers_nobody),
		CLIENT(receipts_go_to_those_that_see_the_presence),
		CLIENT(presence_is_shown_as_it_was_sent),
		CLIENT(other_messages_get_no_receipt),
		cmocka_unit_test(the_examples_are_read_and_written),
	};
	return cmocka_run_group_tests_name("ext/receipts", tests, NULL, NULL);
}
