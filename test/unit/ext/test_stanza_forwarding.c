/*
 * envoi - Stanza Forwarding: tests
 * SPDX-License-Identifier: MIT
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include <envoi/ext/stanza_forwarding.h>

#include "stanzas.h"
#include "wire.h"
#include "xep_examples.h"

static const struct envoi_stanza_forwarding *decode(const struct envoi_stanza *stanza, int expected)
{
	const void *value = NULL;
	assert_int_equal(
		envoi_stanza_decode(stanza, &envoi_stanza_forwarding_type, &value), expected);
	return value;
}

/* XEP-0297, example 2 */
static void a_message_and_its_delay_are_found(void **state)
{
	struct wire *wire = *state;
	struct envoi_stanza *outer = stanza_from_text(wire->context,
		"<message to='mercutio@verona.lit' from='romeo@montague.lit/orchard' type='chat' "
		"id='28gs'><body>A most courteous exposition!</body>"
		"<forwarded xmlns='urn:xmpp:forward:0'>"
		"<delay xmlns='urn:xmpp:delay' stamp='2010-07-10T23:08:25Z'/>"
		"<message from='juliet@capulet.lit/orchard' id='0202197' to='romeo@montague.lit' "
		"type='chat' xmlns='jabber:client'>"
		"<body>Yet I should kill thee with much cherishing.</body>"
		"<mood xmlns='http://jabber.org/protocol/mood'><amorous/></mood></message>"
		"</forwarded></message>");
	const struct envoi_stanza_forwarding *forwarded = decode(outer, ENVOI_OK);
	assert_int_equal(forwarded->delay->stamp_ms, INT64_C(1278803305000));
	struct envoi_stanza *inner;
	assert_int_equal(envoi_stanza_forwarding_message(&inner, forwarded), ENVOI_OK);
	envoi_stanza_unref(outer); /* the inner one keeps the tree */
	assert_string_equal(envoi_stanza_id(inner), "0202197");
	assert_int_equal(envoi_stanza_type(inner), ENVOI_TYPE_CHAT);
	assert_string_equal(envoi_jid_text(envoi_stanza_from(inner)), "juliet@capulet.lit/orchard");
	assert_string_equal(
		envoi_message_body(inner, NULL), "Yet I should kill thee with much cherishing.");
	envoi_stanza_unref(inner);
}

/* Section 3.2, rule 3, and section 7.1 */
static void other_stanzas_and_namespaces_are_no_message(void **state)
{
	struct wire *wire = *state;
	static const char *const contents[] = {
		"",
		"<message from='a@b'/>",
		"<message xmlns='jabber:server' from='a@b'/>",
		"<presence xmlns='jabber:client' from='a@b'/>",
		"<iq xmlns='jabber:client' type='get' id='1'/>",
	};
	for (size_t i = 0; i < sizeof(contents) / sizeof(contents[0]); i++) {
		char xml[300];
		struct envoi_stanza *inner = NULL;
		snprintf(xml, sizeof(xml),
			"<message><forwarded xmlns='urn:xmpp:forward:0'>%s</forwarded></message>",
			contents[i]);
		struct envoi_stanza *outer = stanza_from_text(wire->context, xml);
		assert_int_equal(envoi_stanza_forwarding_message(&inner, decode(outer, ENVOI_OK)),
			ENVOI_DECLINED);
		assert_null(inner);
		envoi_stanza_unref(outer);
	}
}

static void a_malformed_delay_is_left_out(void **state)
{
	struct wire *wire = *state;
	struct envoi_stanza *outer = stanza_from_text(wire->context,
		"<message><forwarded xmlns='urn:xmpp:forward:0'>"
		"<delay xmlns='urn:xmpp:delay' stamp='yesterday'/>"
		"<message xmlns='jabber:client'/></forwarded></message>");
	const struct envoi_stanza_forwarding *forwarded = decode(outer, ENVOI_OK);
	assert_null(forwarded->delay);
	assert_non_null(forwarded->message);
	envoi_stanza_unref(outer);
}

static void two_messages_are_malformed(void **state)
{
	struct wire *wire = *state;
	struct envoi_stanza *outer = stanza_from_text(wire->context,
		"<message><forwarded xmlns='urn:xmpp:forward:0'>"
		"<message xmlns='jabber:client'/><message xmlns='jabber:client'/></forwarded>"
		"</message>");
	decode(outer, ENVOI_ERR_PROTOCOL);
	envoi_stanza_unref(outer);
}

static void the_examples_are_read_and_written(void **state)
{
	(void)state;
	static const struct xep_table tables[] = {
		{&envoi_stanza_forwarding_type, NULL},
		{NULL, NULL},
	};
	static const char *const exceptions[] = {NULL};
	assert_int_equal(xep_examples_check("0297", tables, exceptions), 1);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, wire_setup_online, wire_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_message_and_its_delay_are_found),
		TEST(other_stanzas_and_namespaces_are_no_message),
		TEST(a_malformed_delay_is_left_out),
		TEST(two_messages_are_malformed),
		cmocka_unit_test(the_examples_are_read_and_written),
	};
	return cmocka_run_group_tests_name("ext/stanza_forwarding", tests, NULL, NULL);
}
