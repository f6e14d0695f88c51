/*
 * envoi - Message Displayed Synchronization: tests
 * SPDX-License-Identifier: MIT
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include <envoi/ext/displayed.h>

#include "stanzas.h"
#include "wire.h"
#include "xep_examples.h"

#define PUBSUB "http://jabber.org/protocol/pubsub"
#define NODE "urn:xmpp:mds:displayed:0"
#define FIELD(name, value) "<field var='pubsub#" name "'><value>" value "</value></field>"
#define CONFIG \
	"<pubsub xmlns='" PUBSUB "#owner'><configure node='" NODE "'><x xmlns='jabber:x:data' " \
	"type='form'><field var='FORM_TYPE' type='hidden'><value>" PUBSUB \
	"#node_config</value></field>" FIELD("access_model", "whitelist") \
		FIELD("persist_items", "1") FIELD("max_items", "max") "</x></configure></pubsub>"
#define DISPLAYED(id, by) \
	"<displayed xmlns='" NODE "'><stanza-id xmlns='urn:xmpp:sid:0' id='" id "' by='" by \
	"'/></displayed>"

static struct envoi_jid *address(struct wire *wire, const char *text)
{
	struct envoi_jid *jid;
	assert_int_equal(envoi_jid_parse(&jid, wire->context, text, strlen(text)), ENVOI_OK);
	return jid;
}

static void on_stored(void *user, int code, const char *text)
{
	struct wire *wire = user;
	(void)text;
	write_text(&wire->log, "%s", envoi_error_name(code));
}

/* @return the item that was published */
static const char *set(struct wire *wire, const char *chat, bool room)
{
	struct envoi_jid *jid = address(wire, chat);
	assert_int_equal(
		envoi_displayed_set(wire->session, jid, room, "id1", on_stored, wire), ENVOI_OK);
	envoi_jid_unref(jid);
	wire_run(wire, 0);
	assert_null(strstr(wire_answer_account(wire, "result", CONFIG), "id1"));
	const char *heard = wire_answer_account(wire, "result", "");
	assert_string_equal(wire_log(wire), "ENVOI_OK");
	return strstr(heard, "<item ");
}

/* XEP-0490, section 4.2 */
static void the_account_assigns_ids_between_two(void **state)
{
	static const char item[] = "<item id='romeo@montegue.lit'>" DISPLAYED(
		"id1", "me@example.org") "</item>";
	const char *found = set(*state, "romeo@montegue.lit", false);
	assert_int_equal(strncmp(found, item, strlen(item)), 0);
}

static void the_room_assigns_those_of_its_messages(void **state)
{
	static const char item[] = "<item id='a@rooms.example.org'>" DISPLAYED(
		"id1", "a@rooms.example.org") "</item>";
	const char *found = set(*state, "a@rooms.example.org", true);
	assert_int_equal(strncmp(found, item, strlen(item)), 0);
}

/* A private message in a room has the id of the account. */
static void an_occupant_is_a_chat_of_its_own(void **state)
{
	static const char item[] = "<item id='a@rooms.example.org/nick'>" DISPLAYED(
		"id1", "me@example.org") "</item>";
	const char *found = set(*state, "a@rooms.example.org/nick", false);
	assert_int_equal(strncmp(found, item, strlen(item)), 0);
}

/* Section 4.5 */
static void the_feature_of_servers_has_its_name(void **state)
{
	(void)state;
	assert_string_equal(ENVOI_NS_DISPLAYED_ASSIST, "urn:xmpp:mds:server-assist:0");
}

static void what_is_no_state_is_refused(void **state)
{
	struct wire *wire = *state;
	assert_int_equal(envoi_displayed_set(wire->session, NULL, false, "a", on_stored, wire),
		ENVOI_ERR_INVALID);
	assert_int_equal(
		envoi_displayed_set(wire->session, wire->own, false, NULL, on_stored, wire),
		ENVOI_ERR_INVALID);
	assert_int_equal(envoi_displayed_set(wire->session, wire->own, false, "", on_stored, wire),
		ENVOI_ERR_INVALID);
}

/* --- reading: section 4.4 --- */

static const char *read_item(struct wire *wire, const char *id, const char *xml)
{
	static char text[200];
	struct envoi_element *payload = xml == NULL ? NULL : element_from_text(wire->context, xml);
	const struct envoi_pubsub_item item = {.id = (char *)(uintptr_t)id, .payload = payload};
	struct envoi_jid *chat;
	const char *found;
	int r = envoi_displayed_read(&chat, &found, wire->session, &item);
	snprintf(text, sizeof(text), "%s", r == ENVOI_DECLINED ? "declined" : "ok ");
	if (r == ENVOI_OK) {
		snprintf(text, sizeof(text), "%s %s", envoi_jid_text(chat), found);
		envoi_jid_unref(chat);
	}
	envoi_element_unref(payload);
	return text;
}

static void an_item_is_read(void **state)
{
	assert_string_equal(
		read_item(*state, "romeo@montegue.lit", DISPLAYED("0f7", "me@example.org")),
		"romeo@montegue.lit 0f7");
	assert_string_equal(read_item(*state, "a@rooms.lit", DISPLAYED("ca2", "a@rooms.lit")),
		"a@rooms.lit ca2");
	assert_string_equal(read_item(*state, "a@rooms.lit/n", DISPLAYED("1", "me@example.org")),
		"a@rooms.lit/n 1");
}

static void ids_of_others_and_other_items_are_not(void **state)
{
	struct wire *wire = *state;
	assert_string_equal(read_item(wire, "a@b", DISPLAYED("1", "c@d")), "declined");
	assert_string_equal(read_item(wire, "a@b", DISPLAYED("1", "example.org")), "declined");
	assert_string_equal(
		read_item(wire, "a@b", DISPLAYED("1", "me@example.org/here")), "declined");
	assert_string_equal(read_item(wire, "a@b", DISPLAYED("", "me@example.org")), "declined");
	assert_string_equal(read_item(wire, "@", DISPLAYED("1", "me@example.org")), "declined");
	assert_string_equal(read_item(wire, NULL, DISPLAYED("1", "me@example.org")), "declined");
	assert_string_equal(read_item(wire, "a@b", NULL), "declined");
	assert_string_equal(read_item(wire, "a@b", "<displayed xmlns='" NODE "'/>"), "declined");
	/* a marker (XEP-0333) */
	assert_string_equal(
		read_item(wire, "a@b", "<displayed xmlns='urn:xmpp:chat-markers:0' id='1'/>"),
		"declined");
}

static void all_items_are_requested(void **state)
{
	struct wire *wire = *state;
	assert_int_equal(envoi_displayed_get(wire->session, wire_on_answer, wire), ENVOI_OK);
	wire_run(wire, 0);
	const char *heard = wire_answer_account(
		wire, "result", "<pubsub xmlns='" PUBSUB "'><items node='" NODE "'/></pubsub>");
	assert_non_null(strstr(heard, "<items node='" NODE "'/>"));
	assert_non_null(strstr(wire_log(wire), "ENVOI_OK"));
}

/* --- server assist: section 4.5 --- */

static int assist(struct wire *wire, const char *xml, const char *id)
{
	struct envoi_stanza *message = stanza_from_text(wire->context, xml);
	struct envoi_jid *by = address(wire, "me@example.org");
	int r = envoi_displayed_assist(message, by, id);
	if (r == ENVOI_OK) {
		write_line(&wire->log, envoi_stanza_element(message));
	}
	envoi_jid_unref(by);
	envoi_stanza_unref(message);
	return r;
}

#define MARKER "<displayed xmlns='urn:xmpp:chat-markers:0' id='the-msg-1'/>"

static void a_message_may_have_the_state(void **state)
{
	struct wire *wire = *state;
	assert_int_equal(assist(wire, "<message to='romeo@montegue.lit'>" MARKER "</message>", "1"),
		ENVOI_OK);
	assert_string_equal(wire_log(wire),
		"<message to='romeo@montegue.lit'>" MARKER DISPLAYED(
			"1", "me@example.org") "</message>\n");
}

static void other_messages_may_not(void **state)
{
	struct wire *wire = *state;
	assert_int_equal(assist(wire, "<message to='a@b'/>", "1"), ENVOI_ERR_INVALID);
	assert_int_equal(
		assist(wire, "<message to='a@b/c'>" MARKER "</message>", "1"), ENVOI_ERR_INVALID);
	assert_int_equal(assist(wire, "<message>" MARKER "</message>", "1"), ENVOI_ERR_INVALID);
	assert_int_equal(
		assist(wire, "<presence to='a@b'>" MARKER "</presence>", "1"), ENVOI_ERR_INVALID);
	assert_int_equal(
		assist(wire, "<message to='a@b'>" MARKER "</message>", ""), ENVOI_ERR_INVALID);
	assert_int_equal(envoi_displayed_assist(NULL, wire->own, "1"), ENVOI_ERR_NOMEM);
}

static void the_examples_are_read_and_written(void **state)
{
	(void)state;
	static const struct xep_table tables[] = {{&envoi_displayed_type, NULL}, {NULL, NULL}};
	assert_int_equal(xep_examples_check("0490", tables, NULL), 5);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, wire_setup_online, wire_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(the_account_assigns_ids_between_two),
		TEST(the_room_assigns_those_of_its_messages),
		TEST(an_occupant_is_a_chat_of_its_own),
		TEST(the_feature_of_servers_has_its_name),
		TEST(what_is_no_state_is_refused),
		TEST(an_item_is_read),
		TEST(ids_of_others_and_other_items_are_not),
		TEST(all_items_are_requested),
		TEST(a_message_may_have_the_state),
		TEST(other_messages_may_not),
		cmocka_unit_test(the_examples_are_read_and_written),
	};
	return cmocka_run_group_tests_name("ext/displayed", tests, NULL, NULL);
}
