/*
 * envoi - stanzas: tests
 * SPDX-License-Identifier: MIT
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include <envoi/buffer.h>
#include <envoi/context.h>
#include <envoi/payload.h>
#include <envoi/stanza.h>

#include "parse_one.h"
#include "test_allocator.h"

static int setup(void **state)
{
	struct envoi_context *context;
	assert_int_equal(envoi_context_new(&context, NULL), ENVOI_OK);
	*state = context;
	return 0;
}

static int teardown(void **state)
{
	envoi_context_unref(*state);
	return 0;
}

static struct envoi_stanza *stanza_of(struct envoi_context *context, const char *xml)
{
	struct envoi_stanza *stanza = NULL;
	struct envoi_element *element = parse_one(context, xml);
	assert_non_null(element);
	assert_int_equal(envoi_stanza_from_element(&stanza, element), ENVOI_OK);
	envoi_element_unref(element);
	return stanza;
}

static void assert_refused(struct envoi_stanza *stanza, const char *problem)
{
	struct envoi_element *element = envoi_stanza_element(stanza);
	assert_int_equal(envoi_element_error(element), ENVOI_ERR_INVALID);
	assert_string_equal(envoi_element_problem(element), problem);
	envoi_stanza_unref(stanza);
}

static void assert_written(
	struct envoi_context *context, struct envoi_stanza *stanza, const char *expected)
{
	struct envoi_buffer out;
	envoi_buffer_init(&out, context, 0);
	assert_int_equal(
		envoi_xml_write(&out, envoi_stanza_element(stanza), ENVOI_NS_CLIENT), ENVOI_OK);
	assert_int_equal(envoi_buffer_append(&out, "", 1), ENVOI_OK);
	assert_string_equal(envoi_buffer_data(&out), expected);
	envoi_buffer_finish(&out);
}

struct kind_case {
	const char *xml;
	enum envoi_stanza_kind kind;
	enum envoi_stanza_type type;
};

static const struct kind_case kinds[] = {
	{"<message/>", ENVOI_MESSAGE, ENVOI_TYPE_NORMAL},
	{"<message type='normal'/>", ENVOI_MESSAGE, ENVOI_TYPE_NORMAL},
	{"<message type='novel'/>", ENVOI_MESSAGE, ENVOI_TYPE_NORMAL},
	{"<message type='CHAT'/>", ENVOI_MESSAGE, ENVOI_TYPE_NORMAL},
	{"<message type=''/>", ENVOI_MESSAGE, ENVOI_TYPE_NORMAL},
	{"<message type='unavailable'/>", ENVOI_MESSAGE, ENVOI_TYPE_NORMAL},
	{"<message type='chat'/>", ENVOI_MESSAGE, ENVOI_TYPE_CHAT},
	{"<message type='groupchat'/>", ENVOI_MESSAGE, ENVOI_TYPE_GROUPCHAT},
	{"<message type='headline'/>", ENVOI_MESSAGE, ENVOI_TYPE_HEADLINE},
	{"<message type='error'/>", ENVOI_MESSAGE, ENVOI_TYPE_ERROR},
	{"<presence/>", ENVOI_PRESENCE, ENVOI_TYPE_AVAILABLE},
	{"<presence type='unavailable'/>", ENVOI_PRESENCE, ENVOI_TYPE_UNAVAILABLE},
	{"<presence type='subscribe'/>", ENVOI_PRESENCE, ENVOI_TYPE_SUBSCRIBE},
	{"<presence type='subscribed'/>", ENVOI_PRESENCE, ENVOI_TYPE_SUBSCRIBED},
	{"<presence type='unsubscribe'/>", ENVOI_PRESENCE, ENVOI_TYPE_UNSUBSCRIBE},
	{"<presence type='unsubscribed'/>", ENVOI_PRESENCE, ENVOI_TYPE_UNSUBSCRIBED},
	{"<presence type='probe'/>", ENVOI_PRESENCE, ENVOI_TYPE_PROBE},
	{"<presence type='error'/>", ENVOI_PRESENCE, ENVOI_TYPE_ERROR},
	{"<presence type='available'/>", ENVOI_PRESENCE, ENVOI_TYPE_UNKNOWN},
	{"<presence type=''/>", ENVOI_PRESENCE, ENVOI_TYPE_UNKNOWN},
	{"<iq type='get' id='1'/>", ENVOI_IQ_GET, ENVOI_TYPE_ANY},
	{"<iq type='set' id='1'/>", ENVOI_IQ_SET, ENVOI_TYPE_ANY},
	{"<iq type='result' id='1'/>", ENVOI_IQ_RESULT, ENVOI_TYPE_ANY},
	{"<iq type='error' id='1'/>", ENVOI_IQ_ERROR, ENVOI_TYPE_ANY},
};

static void kind_and_type_follow_the_rfcs(void **state)
{
	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
		struct envoi_stanza *stanza = stanza_of(*state, kinds[i].xml);
		assert_int_equal(envoi_stanza_kind(stanza), kinds[i].kind);
		assert_int_equal(envoi_stanza_type(stanza), kinds[i].type);
		assert_null(envoi_stanza_unref(stanza));
	}
}

static void an_element_that_is_not_a_stanza_is_declined(void **state)
{
	static const char *const others[] = {"<message xmlns='jabber:server'/>", "<Message/>",
		"<stream:features/>", "<iq xmlns='urn:x' type='get' id='1'/>"};
	static const char *const broken[] = {"<iq id='1'/>", "<iq type='get'/>",
		"<iq type='ask' id='1'/>", "<iq type='' id='1'/>"};
	struct envoi_stanza *stanza = NULL;
	for (size_t i = 0; i < 4; i++) {
		struct envoi_element *element = parse_one(*state, others[i]);
		assert_int_equal(envoi_stanza_from_element(&stanza, element), ENVOI_DECLINED);
		envoi_element_unref(element);
		element = parse_one(*state, broken[i]);
		assert_int_equal(envoi_stanza_from_element(&stanza, element), ENVOI_ERR_INVALID);
		envoi_element_unref(element);
	}
	assert_null(stanza);
}

static void addresses_are_parsed_on_demand(void **state)
{
	struct envoi_stanza *stanza = stanza_of(
		*state, "<message from='Bob@Example.org/desk' to='@' id='a'/>");
	assert_string_equal(envoi_jid_text(envoi_stanza_from(stanza)), "bob@example.org/desk");
	assert_ptr_equal(envoi_stanza_from(stanza), envoi_stanza_from(stanza));
	assert_string_equal(envoi_stanza_from_text(stanza), "Bob@Example.org/desk");
	assert_null(envoi_stanza_to(stanza));
	assert_string_equal(envoi_stanza_to_text(stanza), "@");
	assert_string_equal(envoi_stanza_id(stanza), "a");
	envoi_stanza_unref(stanza);

	stanza = envoi_message_new(*state, ENVOI_TYPE_CHAT, "bob@example.org", NULL);
	assert_null(envoi_stanza_from(stanza));
	assert_string_equal(envoi_jid_text(envoi_stanza_to(stanza)), "bob@example.org");
	envoi_element_set(envoi_stanza_element(stanza), "to", "amy@example.org");
	assert_string_equal(envoi_jid_text(envoi_stanza_to(stanza)), "amy@example.org");
	envoi_stanza_unref(stanza);
}

static void a_reference_keeps_everything(void **state)
{
	struct envoi_stanza *stanza = stanza_of(
		*state, "<message from='a@b'><body>x</body></message>");
	assert_ptr_equal(envoi_stanza_ref(stanza), stanza);
	envoi_stanza_unref(stanza);
	assert_string_equal(envoi_message_body(stanza, NULL), "x");
	envoi_stanza_unref(stanza);
	assert_null(envoi_stanza_unref(NULL));
}

static void stanzas_are_made_as_the_rfcs_write_them(void **state)
{
	struct envoi_stanza *stanza = envoi_message_new(*state, ENVOI_TYPE_CHAT, "a@b", "<hi>");
	assert_written(
		*state, stanza, "<message type='chat' to='a@b'><body>&lt;hi&gt;</body></message>");
	envoi_stanza_unref(stanza);
	stanza = envoi_message_new(*state, ENVOI_TYPE_NORMAL, NULL, NULL);
	assert_written(*state, stanza, "<message/>");
	envoi_stanza_unref(stanza);
	stanza = envoi_presence_new(*state, ENVOI_TYPE_ANY, NULL);
	assert_int_equal(envoi_stanza_type(stanza), ENVOI_TYPE_AVAILABLE);
	assert_written(*state, stanza, "<presence/>");
	envoi_stanza_unref(stanza);
	stanza = envoi_presence_new(*state, ENVOI_TYPE_SUBSCRIBE, "a@b");
	assert_written(*state, stanza, "<presence type='subscribe' to='a@b'/>");
	envoi_stanza_unref(stanza);
	stanza = envoi_iq_new(*state, ENVOI_IQ_SET, "b");
	assert_written(*state, stanza, "<iq type='set' to='b'/>");
	envoi_stanza_unref(stanza);
	stanza = envoi_message_new(*state, ENVOI_TYPE_ANY, NULL, "");
	assert_written(*state, stanza, "<message><body/></message>");
	envoi_stanza_unref(stanza);
	assert_refused(envoi_iq_new(*state, ENVOI_IQ_RESULT, NULL),
		"iq: a request is an ENVOI_IQ_GET or ENVOI_IQ_SET");
	assert_refused(envoi_message_new(*state, ENVOI_TYPE_PROBE, NULL, NULL),
		"message: a message cannot be of this type (RFC 6121, section 5.2.2)");
	assert_refused(envoi_presence_new(*state, ENVOI_TYPE_CHAT, NULL),
		"presence: a presence cannot be of this type (RFC 6121, section 4.7.1)");
}

static void what_xml_forbids_makes_the_stanza_fail(void **state)
{
	assert_refused(envoi_message_new(*state, ENVOI_TYPE_CHAT, "a@b", "a\x01"),
		"message/body: U+0001 at byte 1 is not allowed in XML");
	assert_refused(envoi_message_new(*state, ENVOI_TYPE_CHAT, "a\xff", "x"),
		"message: attribute to: 0xFF at byte 1 is not UTF-8, or not allowed in XML");
	assert_refused(envoi_message_new(*state, ENVOI_TYPE_CHAT, "a", "x\xc3"),
		"message/body: it ends within a character");
	struct envoi_stanza *stanza = envoi_presence_new(*state, ENVOI_TYPE_ANY, NULL);
	envoi_element_add(envoi_stanza_element(stanza), "", "a b");
	envoi_element_add_text(envoi_stanza_element(stanza), "\x02");
	assert_refused(
		stanza, "presence: no child may have the name \"a b\" in the namespace \"\"");
}

static void a_result_swaps_addresses_and_keeps_the_id(void **state)
{
	struct envoi_stanza *request = stanza_of(*state,
		"<iq type='get' id='&apos;/&gt;' from='a@b/c' to='d@e/f'><query xmlns='x'/></iq>");
	struct envoi_stanza *reply = envoi_iq_result_new(request);
	assert_int_equal(envoi_stanza_kind(reply), ENVOI_IQ_RESULT);
	assert_string_equal(envoi_stanza_id(reply), "'/>");
	assert_string_equal(envoi_stanza_to_text(reply), "a@b/c");
	assert_string_equal(envoi_stanza_from_text(reply), "d@e/f");
	assert_null(envoi_stanza_payload(reply));
	assert_refused(envoi_iq_result_new(reply), "iq: only a request has a result");
	assert_null(envoi_iq_result_new(NULL));
	envoi_stanza_unref(reply);
	envoi_stanza_unref(request);
}

static void an_error_has_its_condition_and_no_payload(void **state)
{
	struct envoi_stanza *cause = stanza_of(
		*state, "<iq type='set' id='7' from='a@b/c'><query xmlns='x'/></iq>");
	struct envoi_stanza *reply = envoi_stanza_error_new(
		cause, ENVOI_ITEM_NOT_FOUND, "no such room");
	assert_written(*state, reply,
		"<iq type='error' to='a@b/c' id='7'><error type='cancel'>"
		"<item-not-found xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/>"
		"<text xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'>no such room</text></error></iq>");
	struct envoi_stanza_error error;
	assert_true(envoi_stanza_get_error(reply, &error));
	assert_int_equal(error.condition, ENVOI_ITEM_NOT_FOUND);
	assert_int_equal(error.type, ENVOI_ERROR_CANCEL);
	assert_string_equal(error.text, "no such room");
	assert_null(error.by);
	assert_null(error.application);
	assert_false(envoi_stanza_get_error(cause, &error));
	assert_null(envoi_stanza_error_new(NULL, ENVOI_BAD_REQUEST, NULL));
	envoi_stanza_unref(reply);
	envoi_stanza_unref(cause);
}

static void errors_and_results_are_never_answered(void **state)
{
	static const char *const silent[] = {"<message type='error'/>", "<presence type='error'/>",
		"<iq type='error' id='1'/>", "<iq type='result' id='1'/>"};
	static const char *const answered[] = {"<message/>", "<presence type='x'/>",
		"<iq type='get' id='1'/>", "<iq type='set' id='1'/>"};
	for (size_t i = 0; i < 4; i++) {
		struct envoi_stanza *cause = stanza_of(*state, silent[i]);
		struct envoi_stanza *wrong = envoi_stanza_error_new(cause, ENVOI_BAD_REQUEST, NULL);
		assert_int_equal(
			envoi_element_error(envoi_stanza_element(wrong)), ENVOI_ERR_INVALID);
		envoi_stanza_unref(wrong);
		envoi_stanza_unref(cause);
		cause = stanza_of(*state, answered[i]);
		struct envoi_stanza *reply = envoi_stanza_error_new(
			cause, ENVOI_STANZA_NO_CONDITION, NULL);
		struct envoi_stanza_error error;
		assert_true(envoi_stanza_get_error(reply, &error));
		assert_int_equal(error.condition, ENVOI_UNDEFINED_CONDITION);
		assert_int_equal(error.type, ENVOI_ERROR_CANCEL);
		envoi_stanza_unref(reply);
		envoi_stanza_unref(cause);
	}
}

static void an_error_says_something_however_malformed_it_is(void **state)
{
	struct envoi_stanza_error error;
	struct envoi_stanza *stanza = stanza_of(*state, "<message type='error'/>");
	assert_true(envoi_stanza_get_error(stanza, &error));
	assert_int_equal(error.condition, ENVOI_UNDEFINED_CONDITION);
	assert_int_equal(error.type, ENVOI_ERROR_TYPE_NONE);
	envoi_stanza_unref(stanza);
	stanza = stanza_of(*state,
		"<iq type='error' id='1'><error type='what' by='x.y'>"
		"<novel xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/><gone/>"
		"<gone xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'>xmpp:b@c</gone>"
		"<text xmlns='urn:ietf:params:xml:ns:xmpp-stanzas' xml:lang='de'>eins</text>"
		"<text xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'>two</text>"
		"<special xmlns='urn:x'/></error></iq>");
	assert_true(envoi_stanza_get_error(stanza, &error));
	assert_int_equal(error.condition, ENVOI_UNDEFINED_CONDITION);
	assert_string_equal(error.text, "two");
	assert_string_equal(error.by, "x.y");
	assert_string_equal(envoi_element_name(error.application), "gone");
	envoi_stanza_unref(stanza);
	stanza = stanza_of(*state,
		"<iq type='error' id='1'><error type='modify'>"
		"<redirect xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'>xmpp:b@c</redirect></error></iq>");
	assert_true(envoi_stanza_get_error(stanza, &error));
	assert_int_equal(error.condition, ENVOI_REDIRECT);
	assert_string_equal(error.new_address, "xmpp:b@c");
	envoi_stanza_unref(stanza);
	stanza = stanza_of(*state,
		"<iq type='error' id='1'><error type='modify'>"
		"<conflict xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'>xmpp:b@c</conflict></error></iq>");
	assert_true(envoi_stanza_get_error(stanza, &error));
	assert_null(error.new_address);
	envoi_stanza_unref(stanza);
	stanza = stanza_of(*state,
		"<iq type='error' id='1'><error type='modify'>"
		"<gone xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/></error></iq>");
	assert_true(envoi_stanza_get_error(stanza, &error));
	assert_int_equal(error.condition, ENVOI_GONE);
	assert_null(error.new_address);
	envoi_stanza_unref(stanza);
}

/* XEP-0086, section 3 */
static void an_old_code_stands_for_a_condition(void **state)
{
	struct envoi_stanza_error error;
	struct envoi_stanza *stanza = stanza_of(
		*state, "<iq type='error' id='1'><error code='404'>No such user</error></iq>");
	assert_true(envoi_stanza_get_error(stanza, &error));
	assert_int_equal(error.condition, ENVOI_ITEM_NOT_FOUND);
	assert_int_equal(error.type, ENVOI_ERROR_CANCEL);
	assert_string_equal(error.text, "No such user");
	envoi_stanza_unref(stanza);
	stanza = stanza_of(
		*state, "<iq type='error' id='1'><error code='502' type='cancel'> </error></iq>");
	assert_true(envoi_stanza_get_error(stanza, &error));
	assert_int_equal(error.condition, ENVOI_SERVICE_UNAVAILABLE);
	assert_int_equal(error.type, ENVOI_ERROR_CANCEL);
	assert_null(error.text);
	envoi_stanza_unref(stanza);
	stanza = stanza_of(*state,
		"<iq type='error' id='1'><error code='404' type='auth'>"
		"<forbidden xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/></error></iq>");
	assert_true(envoi_stanza_get_error(stanza, &error));
	assert_int_equal(error.condition, ENVOI_FORBIDDEN);
	assert_int_equal(error.type, ENVOI_ERROR_AUTH);
	envoi_stanza_unref(stanza);
	stanza = stanza_of(*state, "<iq type='error' id='1'><error code='4040'/></iq>");
	assert_true(envoi_stanza_get_error(stanza, &error));
	assert_int_equal(error.condition, ENVOI_UNDEFINED_CONDITION);
	envoi_stanza_unref(stanza);
}

/* RFC 6121, section 5.2.3 */
static void a_body_without_language_is_the_default(void **state)
{
	struct envoi_stanza *stanza = stanza_of(*state,
		"<message xml:lang='en'><body xml:lang='de'>de</body><body>default</body></message>");
	assert_string_equal(envoi_message_body(stanza, NULL), "default");
	assert_string_equal(envoi_message_body(stanza, "de"), "de");
	assert_string_equal(envoi_message_body(stanza, "en"), "default");
	envoi_stanza_unref(stanza);
	stanza = stanza_of(*state,
		"<message><body xml:lang='de'>de</body><body xml:lang='fr'>fr</body></message>");
	assert_string_equal(envoi_message_body(stanza, NULL), "de");
	envoi_stanza_unref(stanza);
}

struct lang_case {
	const char *wanted, *expected;
};

/* RFC 6121, section 5.2.3; RFC 4647, section 3.4 */
static void the_body_is_chosen_by_language(void **state)
{
	static const struct lang_case cases[] = {
		{NULL, "en"},
		{"en", "en"},
		{"en-GB", "en"},
		{"de", "de"},
		{"DE", "de"},
		{"de-CH", "de-CH"},
		{"de-CH-1901", "de-CH"},
		{"de-AT", "de"},
		{"pt", "pt-BR"},
		{"pt-PT", "pt-BR"},
		{"zh-Hant-TW", "zh-Hant"},
		{"fr", "none"},
		{"d", "none"},
		{"", "none"},
		{"dep", "none"},
		{"xe", "none"},
		{"de-x", "de"},
	};
	struct envoi_stanza *stanza = stanza_of(*state,
		"<message><body xmlns='urn:x'>foreign</body><body>en</body>"
		"<body xml:lang='de-CH'>de-CH</body><body xml:lang='de'>de</body>"
		"<body xml:lang='pt-BR'>pt-BR</body><body xml:lang='zh'>zh</body>"
		"<body xml:lang='zh-hant'>zh-Hant</body><body xml:lang=''>none</body></message>");
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		assert_string_equal(envoi_message_body(stanza, cases[i].wanted), cases[i].expected);
	}
	assert_null(envoi_message_subject(stanza, "en"));
	assert_null(envoi_message_thread(stanza));
	envoi_stanza_unref(stanza);

	stanza = stanza_of(*state,
		"<message xml:lang='nl'><subject>nl</subject>"
		"<subject xml:lang='en'>en</subject><thread>t</thread></message>");
	assert_string_equal(envoi_message_subject(stanza, "nl"), "nl");
	assert_string_equal(envoi_message_subject(stanza, "xx"), "nl");
	assert_string_equal(envoi_message_thread(stanza), "t");
	assert_null(envoi_message_body(stanza, NULL));
	envoi_stanza_unref(stanza);
}

struct priority_case {
	const char *text;
	int priority;
};

static void presence_is_read_strictly(void **state)
{
	static const struct priority_case cases[] = {{"5", 5}, {"-128", -128}, {"127", 127},
		{"128", 0}, {"-129", 0}, {"5.0", 0}, {" 5", 0}, {"5x", 0}, {"", 0}, {"0x5", 0},
		{"99999999999999999999", 0}};
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		char xml[128];
		snprintf(xml, sizeof(xml), "<presence><priority>%s</priority></presence>",
			cases[i].text);
		struct envoi_stanza *stanza = stanza_of(*state, xml);
		assert_int_equal(envoi_presence_priority(stanza), cases[i].priority);
		assert_null(envoi_presence_show(stanza));
		envoi_stanza_unref(stanza);
	}
	struct envoi_stanza *stanza = stanza_of(*state,
		"<presence><show>dnd</show><status>busy</status><status xml:lang='de'>b</status></presence>");
	assert_string_equal(envoi_presence_show(stanza), "dnd");
	assert_string_equal(envoi_presence_status(stanza, "de"), "b");
	assert_int_equal(envoi_presence_priority(stanza), 0);
	envoi_stanza_unref(stanza);
	stanza = stanza_of(*state, "<presence><show>offline</show></presence>");
	assert_null(envoi_presence_show(stanza));
	envoi_stanza_unref(stanza);
}

struct payload_case {
	const char *xml, *name; /* NULL: none */
};

static void the_payload_is_the_child_that_matters(void **state)
{
	static const struct payload_case cases[] = {
		{"<iq type='get' id='1'><a xmlns='x'/></iq>", "a"},
		{"<iq type='get' id='1'><a/></iq>", "a"},
		{"<iq type='set' id='1'/>", NULL},
		{"<iq type='set' id='1'>text</iq>", NULL},
		{"<iq type='set' id='1'><a xmlns='x'/><b xmlns='x'/></iq>", NULL},
		{"<iq type='result' id='1'/>", NULL},
		{"<iq type='result' id='1'><a xmlns='x'/></iq>", "a"},
		{"<iq type='error' id='1'><error/><a xmlns='x'/></iq>", "a"},
		{"<message><body/><a xmlns='x'/></message>", "a"},
		{"<message><body/></message>", NULL},
	};
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct envoi_stanza *stanza = stanza_of(*state, cases[i].xml);
		struct envoi_element *payload = envoi_stanza_payload(stanza);
		if (cases[i].name == NULL) {
			assert_null(payload);
		} else {
			assert_string_equal(envoi_element_name(payload), cases[i].name);
		}
		envoi_stanza_unref(stanza);
	}
}

struct note {
	const char *text;
};
static const struct envoi_field note_fields[] = {
	ENVOI_TEXT(struct note, text, ENVOI_REQUIRED, .max_bytes = 5),
	ENVOI_FIELDS_END,
};
static const struct envoi_payload_type note_type = ENVOI_PAYLOAD_TYPE(
	struct note, "urn:example:note", "note", note_fields);

static void payloads_are_decoded_once(void **state)
{
	struct envoi_stanza *stanza = stanza_of(
		*state, "<message><body/><note xmlns='urn:example:note'>abc</note></message>");
	const void *first = NULL, *second = NULL;
	assert_int_equal(envoi_stanza_decode(stanza, &note_type, &first), ENVOI_OK);
	assert_string_equal(((const struct note *)first)->text, "abc");
	assert_int_equal(envoi_stanza_decode(stanza, &note_type, &second), ENVOI_OK);
	assert_ptr_equal(first, second);
	envoi_stanza_unref(stanza);

	stanza = stanza_of(*state, "<message><note/></message>");
	assert_int_equal(envoi_stanza_decode(stanza, &note_type, &first), ENVOI_DECLINED);
	envoi_stanza_unref(stanza);
	stanza = stanza_of(
		*state, "<message><note xmlns='urn:example:note'>abcdef</note></message>");
	assert_int_equal(envoi_stanza_decode(stanza, &note_type, &first), ENVOI_ERR_LIMIT);
	envoi_stanza_unref(stanza);
}

#define NOTE "<note xmlns='urn:example:note'>abc</note>"

static void only_valid_payloads_are_found(void **state)
{
	static const struct {
		const char *xml;
		bool is_found;
	} rows[] = {
		{"<message>" NOTE "</message>", true},
		{"<presence type='subscribe'><x xmlns='urn:x'/>" NOTE "</presence>", true},
		{"<iq type='set' id='1'>" NOTE "</iq>", true},
		{"<iq type='result' id='1'>" NOTE "</iq>", true},
		{"<message type='error'>" NOTE "</message>", false},
		{"<presence type='error'>" NOTE "</presence>", false},
		{"<iq type='error' id='1'>" NOTE "</iq>", false},
		{"<message><note>abc</note></message>", false},
		{"<message><note xmlns='urn:example:note'>abcdef</note></message>", false},
	};
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct envoi_stanza *stanza = stanza_of(*state, rows[i].xml);
		const struct note *note = envoi_stanza_find(stanza, &note_type);
		assert_int_equal(note != NULL, rows[i].is_found);
		assert_true(note == NULL || strcmp(note->text, "abc") == 0);
		envoi_stanza_unref(stanza);
	}
	assert_null(envoi_stanza_find(NULL, &note_type));
}

static void what_cannot_be_encoded_makes_the_stanza_fail(void **state)
{
	struct envoi_stanza *stanza = envoi_message_new(*state, ENVOI_TYPE_CHAT, "a@b", NULL);
	assert_int_equal(envoi_stanza_encode(stanza, &note_type, &(struct note){"hi"}), ENVOI_OK);
	assert_written(*state, stanza,
		"<message type='chat' to='a@b'><note xmlns='urn:example:note'>hi</note></message>");
	assert_int_equal(envoi_stanza_encode(stanza, &note_type, &(struct note){"too long"}),
		ENVOI_ERR_INVALID);
	assert_int_equal(envoi_element_error(envoi_stanza_element(stanza)), ENVOI_ERR_INVALID);
	envoi_stanza_unref(stanza);
	assert_int_equal(
		envoi_stanza_encode(NULL, &note_type, &(struct note){"hi"}), ENVOI_ERR_NOMEM);
}

static int no_random(void *user, void *bytes, size_t len)
{
	(void)bytes;
	(void)len;
	return ++*(int *)user > 1 ? ENVOI_ERR_SYSTEM : ENVOI_OK; /* the context takes some first */
}

static int same_random(void *user, void *bytes, size_t len)
{
	memset(bytes, *(int *)user, len);
	return ENVOI_OK;
}

static void ids_are_128_random_bits(void **state)
{
	char id[ENVOI_ID_SIZE], other[ENVOI_ID_SIZE];
	assert_int_equal(envoi_id_make(*state, id), ENVOI_OK);
	assert_int_equal(envoi_id_make(*state, other), ENVOI_OK);
	assert_int_equal(strlen(id), 22);
	assert_string_not_equal(id, other);
	assert_int_equal(
		strspn(id, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"), 22);

	int byte = 0xff;
	struct envoi_context_options options = {.random = same_random, .random_user = &byte};
	struct envoi_context *context;
	assert_int_equal(envoi_context_new(&context, &options), ENVOI_OK);
	assert_int_equal(envoi_id_make(context, id), ENVOI_OK);
	assert_string_equal(id, "_____________________w");
	envoi_context_unref(context);

	int calls = 0;
	options = (struct envoi_context_options){.random = no_random, .random_user = &calls};
	assert_int_equal(envoi_context_new(&context, &options), ENVOI_OK);
	assert_int_equal(envoi_id_make(context, id), ENVOI_ERR_SYSTEM);
	envoi_context_unref(context);
}

/* The generator of a process is copied by fork(): the copy must not go on with the same ids. */
static void ids_differ_after_a_fork(void **state)
{
	char id[ENVOI_ID_SIZE], of_child[ENVOI_ID_SIZE] = "";
	int fds[2], status;
	assert_int_equal(envoi_id_make(*state, id), ENVOI_OK);
	assert_int_equal(pipe(fds), 0);
	pid_t child = fork();
	assert_true(child >= 0);
	if (child == 0) {
		int r = envoi_id_make(*state, id);
		_exit(r == ENVOI_OK && write(fds[1], id, sizeof(id)) == sizeof(id) ? 0 : 1);
	}
	assert_int_equal(envoi_id_make(*state, id), ENVOI_OK);
	assert_int_equal(read(fds[0], of_child, sizeof(of_child)), sizeof(of_child));
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_int_equal(status, 0);
	close(fds[0]);
	close(fds[1]);
	assert_int_equal(strlen(of_child), 22);
	assert_string_not_equal(id, of_child);
}

static void a_reply_has_the_address_of_the_sender(void **state)
{
	struct envoi_stanza *message = stanza_of(
		*state, "<message type='chat' from='A@b/c'><body>x</body></message>");
	struct envoi_stanza *reply = envoi_message_reply_new(message, "y");
	assert_ptr_equal(envoi_stanza_to(reply), envoi_stanza_from(message));
	assert_string_equal(envoi_stanza_to_text(reply), "a@b/c");
	envoi_element_set(envoi_stanza_element(reply), "to", "d@e");
	assert_string_equal(envoi_jid_text(envoi_stanza_to(reply)), "d@e");
	envoi_stanza_unref(message);
	envoi_stanza_unref(reply);
}

/* @param to  long enough that something of each size is left of the arena's first chunk */
static bool builds_in(struct envoi_context *context, const char *to)
{
	bool is_complete = false;
	struct envoi_stanza *stanza = envoi_message_new(context, ENVOI_TYPE_CHAT, to, "body");
	struct envoi_stanza *again = NULL;
	if (stanza != NULL) {
		const void *note;
		int r = envoi_stanza_from_element(&again, envoi_stanza_element(stanza));
		assert_true(r == ENVOI_OK || r == ENVOI_ERR_NOMEM);
		envoi_stanza_unref(again);
		is_complete = envoi_stanza_encode(stanza, &note_type, &(struct note){"hi"}) ==
				ENVOI_OK &&
			envoi_stanza_to(stanza) != NULL &&
			envoi_stanza_decode(stanza, &note_type, &note) == ENVOI_OK;
		struct envoi_stanza *reply = envoi_stanza_error_new(stanza, ENVOI_GONE, "why");
		is_complete = is_complete && reply != NULL &&
			envoi_element_error(envoi_stanza_element(reply)) == ENVOI_OK;
		envoi_stanza_unref(reply);
	}
	envoi_stanza_unref(stanza);
	return is_complete;
}

static void no_memory_is_survived_at_every_allocation(void **state)
{
	(void)state;
	for (size_t len = 8; len < 2100; len += 16) {
		bool is_complete = false;
		char to[2200] = "a@b/";
		memset(to + 4, 'c', len < 1000 ? len : 1000);
		memset(to + strlen(to), 'd', 1);
		if (len >= 1000) {
			to[2] = '\0'; /* no address, but as long */
			memset(to, 'e', len);
		}
		for (size_t k = 2; !is_complete && k < 100; k++) {
			struct test_allocator allocator = {.fail_at = k, .fail_on = true};
			struct envoi_context *context;
			assert_int_equal(test_allocator_context(&context, &allocator), ENVOI_OK);
			is_complete = builds_in(context, to);
			envoi_context_unref(context);
			assert_int_equal(allocator.live, 0);
		}
		assert_true(is_complete || len >= 1000);
	}
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(kind_and_type_follow_the_rfcs),
		TEST(an_element_that_is_not_a_stanza_is_declined),
		TEST(addresses_are_parsed_on_demand),
		TEST(a_reference_keeps_everything),
		TEST(stanzas_are_made_as_the_rfcs_write_them),
		TEST(what_xml_forbids_makes_the_stanza_fail),
		TEST(a_result_swaps_addresses_and_keeps_the_id),
		TEST(an_error_has_its_condition_and_no_payload),
		TEST(errors_and_results_are_never_answered),
		TEST(an_error_says_something_however_malformed_it_is),
		TEST(an_old_code_stands_for_a_condition),
		TEST(a_body_without_language_is_the_default),
		TEST(the_body_is_chosen_by_language),
		TEST(presence_is_read_strictly),
		TEST(the_payload_is_the_child_that_matters),
		TEST(payloads_are_decoded_once),
		TEST(only_valid_payloads_are_found),
		TEST(what_cannot_be_encoded_makes_the_stanza_fail),
		TEST(ids_are_128_random_bits),
		TEST(ids_differ_after_a_fork),
		TEST(a_reply_has_the_address_of_the_sender),
		TEST(no_memory_is_survived_at_every_allocation),
	};
	return cmocka_run_group_tests_name("stanza/stanza", tests, NULL, NULL);
}
