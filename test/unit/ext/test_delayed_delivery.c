/*
 * envoi - Delayed Delivery: tests
 * SPDX-License-Identifier: MIT
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>

#include <cmocka.h>

#include <envoi/ext/delayed_delivery.h>

#include "stanzas.h"
#include "wire.h"

#define DELAY(from, stamp) "<delay xmlns='urn:xmpp:delay' from='" from "' stamp='" stamp "'/>"
#define NOON "2002-09-10T12:00:00Z"
#define ONE "2002-09-10T13:00:00Z"
#define TWO "2002-09-10T14:00:00Z"

static const int64_t noon_ms = INT64_C(1031659200000), one_ms = INT64_C(1031662800000);

/* @return the time to show, -1: none */
static int64_t shown(struct wire *wire, const char *attributes, const char *content)
{
	char xml[1000];
	int64_t ms = -1;
	snprintf(xml, sizeof(xml), "<message from='romeo@montague.net/orchard' %s>%s</message>",
		attributes, content);
	struct envoi_stanza *stanza = stanza_from_text(wire->context, xml);
	bool is_there = envoi_delayed_delivery_sent_at(wire->session, stanza, &ms);
	assert_true(is_there == (ms != -1));
	envoi_stanza_unref(stanza);
	return ms;
}

static int64_t stated(struct wire *wire, const char *from, const char *content)
{
	char xml[1000];
	int64_t ms = -1;
	struct envoi_jid *jid;
	snprintf(xml, sizeof(xml), "<message from='%s'>%s</message>", from, content);
	struct envoi_stanza *stanza = stanza_from_text(wire->context, xml);
	assert_int_equal(envoi_jid_from_text(&jid, wire->context, from), ENVOI_OK);
	bool is_there = envoi_delayed_delivery_stated_by(stanza, jid, &ms);
	assert_true(is_there == (ms != -1));
	envoi_jid_unref(jid);
	envoi_stanza_unref(stanza);
	return ms;
}

/* XEP-0203, example 1, in its namespace */
static void the_delay_of_the_own_server_is_the_time_to_show(void **state)
{
	assert_int_equal(shown(*state, "type='chat'",
				 "<delay xmlns='urn:xmpp:delay' from='example.org' "
				 "stamp='2002-09-10T12:00:00Z'>\n    Offline Storage\n  </delay>"),
		noon_ms);
}

static void without_a_delay_there_is_no_time(void **state)
{
	assert_int_equal(shown(*state, "", "<body>x</body>"), -1);
}

/* A server that keeps a message twice stamps it twice: first by the account, then by its domain. */
static void the_earliest_of_server_and_account_counts(void **state)
{
	assert_int_equal(shown(*state, "", DELAY("me@example.org", NOON) DELAY("example.org", ONE)),
		noon_ms);
	assert_int_equal(shown(*state, "", DELAY("example.org", ONE) DELAY("me@example.org", NOON)),
		noon_ms);
}

static void delays_of_others_do_not_count(void **state)
{
	static const char *const others[] = {
		DELAY("romeo@montague.net/orchard", NOON),
		DELAY("montague.net", NOON),
		DELAY("you@example.org", NOON),
		DELAY("me@example.org/here", NOON),
		DELAY("example.org/x", NOON),
		"<delay xmlns='urn:xmpp:delay' stamp='" NOON "'/>",
		"<delay xmlns='urn:xmpp:delay' from='@' stamp='" NOON "'/>",
		"<delay xmlns='urn:xmpp:delay' from='example.org'/>",
		DELAY("example.org", "yesterday"),
		"<delay from='example.org' stamp='" NOON "'/>",
	};
	for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++) {
		char both[400];
		snprintf(both, sizeof(both), "%s" DELAY("example.org", ONE), others[i]);
		if (shown(*state, "", others[i]) != -1 || shown(*state, "", both) != one_ms) {
			fail_msg("%s", others[i]);
		}
	}
}

/* XEP-0203, example 3: the room states the time of what it keeps */
static void the_delay_of_a_room_counts_for_its_messages(void **state)
{
	assert_int_equal(
		shown(*state, "type='groupchat'", DELAY("romeo@montague.net", NOON)), noon_ms);
	assert_int_equal(shown(*state, "type='chat'", DELAY("romeo@montague.net", NOON)), -1);
	assert_int_equal(
		shown(*state, "type='groupchat'", DELAY("romeo@montague.net/orchard", NOON)), -1);
}

static void a_sender_can_state_the_time(void **state)
{
	const char *delays = DELAY("a@b/c", ONE) DELAY("example.org", TWO) DELAY("a@b/c", TWO);
	assert_int_equal(stated(*state, "a@b/c", delays), one_ms);
	assert_int_equal(stated(*state, "a@b", delays), -1);
	assert_int_equal(stated(*state, "a@b/d", delays), -1);
}

static void a_session_without_address_trusts_none(void **state)
{
	struct wire *wire = *state;
	envoi_session_set_jid(wire->session, NULL);
	assert_int_equal(shown(wire, "", DELAY("example.org", NOON)), -1);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, wire_setup_online, wire_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(the_delay_of_the_own_server_is_the_time_to_show),
		TEST(without_a_delay_there_is_no_time),
		TEST(the_earliest_of_server_and_account_counts),
		TEST(delays_of_others_do_not_count),
		TEST(the_delay_of_a_room_counts_for_its_messages),
		TEST(a_sender_can_state_the_time),
		TEST(a_session_without_address_trusts_none),
	};
	return cmocka_run_group_tests_name("ext/delayed_delivery", tests, NULL, NULL);
}
