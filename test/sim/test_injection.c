/*
 * envoi - tests: what a peer asks with never becomes markup in the answer
 * SPDX-License-Identifier: MIT
 *
 * S7c of the collected incidents: an attribute that was echoed without escaping let a contact put
 * stanzas of its own into what a client sent.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include <envoi/ext/ping.h>
#include <envoi/ext/software_version.h>

#include "wire.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

/* What is put into identifiers and resources, as it stands in XML, and what it means. */
static const struct {
	const char *escaped, *plain;
} dangers[] = {
	{"&apos;/>&lt;message to=&apos;evil@a", "'/><message to='evil@a"},
	{"&quot;/>&lt;message/>", "\"/><message/>"},
	{"&lt;/iq>&lt;message/>&lt;iq>", "</iq><message/><iq>"},
	{"&lt;/stream:stream>", "</stream:stream>"},
	{"]]>&lt;![CDATA[&lt;!--", "]]><![CDATA[<!--"},
	{"&amp;apos;/&amp;gt;&amp;lt;message/&amp;gt;", "&apos;/&gt;&lt;message/&gt;"},
};

/* The requests that are answered without asking the program, or wrongly made. */
static const struct {
	const char *type, *content;
} requests[] = {
	{"get", "<ping xmlns='urn:xmpp:ping'/>"},
	{"set", "<ping xmlns='urn:xmpp:ping'/>"},
	{"get", "<query xmlns='jabber:iq:version'/>"},
	{"get", "<query xmlns='urn:unknown'/>"},
	{"get", "<p:x xmlns:p=\"'/>&lt;message/>\" p:a='&lt;b/>'>&lt;c/></p:x>"},
	{"set", "<a xmlns='urn:a'/><b xmlns='urn:b'/>"},
	{"get", ""},
};

static void assert_one_answer(
	struct wire *wire, const char *heard, const char *id, const char *resource)
{
	struct envoi_element *answer;
	char from[256];
	if (envoi_xml_parse(&answer, wire->context, heard, strlen(heard), "jabber:client") < 0) {
		print_error("not one element: %s\n", heard);
		fail();
	}
	snprintf(from, sizeof(from), "a@b/%s", resource);
	assert_true(envoi_element_is(answer, "jabber:client", "iq"));
	assert_string_equal(envoi_element_attr(answer, "id"), id);
	assert_string_equal(envoi_element_attr(answer, "to"), from);
	envoi_element_unref(answer);
}

static void an_answer_is_one_stanza_for_every_request(void **state)
{
	struct wire *wire = *state;
	const struct envoi_software_version version = {.name = "test", .version = "1"};
	struct envoi_handler *handler;
	assert_int_equal(envoi_session_add(wire->session, envoi_ping_handler()), ENVOI_OK);
	assert_int_equal(
		envoi_software_version_handler_new(&handler, wire->context, &version), ENVOI_OK);
	assert_int_equal(envoi_session_add(wire->session, handler), ENVOI_OK);
	for (size_t r = 0; r < COUNT(requests); r++) {
		for (size_t i = 0; i < COUNT(dangers); i++) {
			char request[1024];
			const char *danger = dangers[i].escaped;
			snprintf(request, sizeof(request),
				"<iq type='%s' id=\"%s\" from=\"a@b/%s\" xml:lang=\"%s\">%s</iq>",
				requests[r].type, danger, danger, danger, requests[r].content);
			assert_one_answer(
				wire, wire_talk(wire, request), dangers[i].plain, dangers[i].plain);
		}
	}
	wire_free_session(wire);
	envoi_handler_destroy(handler);
}

#define TEST(function) cmocka_unit_test_setup_teardown(function, wire_setup_online, wire_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(an_answer_is_one_stanza_for_every_request),
	};
	return cmocka_run_group_tests_name("sim/injection", tests, NULL, NULL);
}
