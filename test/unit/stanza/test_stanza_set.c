/*
 * envoi - setters of stanzas, and replies to messages: tests
 * SPDX-License-Identifier: MIT
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include <envoi/buffer.h>
#include <envoi/context.h>
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

static void assert_written(struct envoi_stanza *stanza, const char *expected)
{
	struct envoi_element *element = envoi_stanza_element(stanza);
	struct envoi_buffer out;
	struct envoi_context *context;
	assert_int_equal(envoi_context_new(&context, NULL), ENVOI_OK);
	assert_string_equal(envoi_element_problem(element), envoi_error_text(ENVOI_OK));
	envoi_buffer_init(&out, context, 0);
	assert_int_equal(envoi_xml_write(&out, element, ENVOI_NS_CLIENT), ENVOI_OK);
	assert_int_equal(envoi_buffer_append(&out, "", 1), ENVOI_OK);
	assert_string_equal(envoi_buffer_data(&out), expected);
	envoi_buffer_finish(&out);
	envoi_context_unref(context);
}

static void assert_refused(struct envoi_stanza *stanza, int code, const char *problem)
{
	assert_int_equal(code, ENVOI_ERR_INVALID);
	assert_string_equal(envoi_element_problem(envoi_stanza_element(stanza)), problem);
	envoi_stanza_unref(stanza);
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

static struct envoi_stanza *message_new(void **state)
{
	return envoi_message_new(*state, ENVOI_TYPE_CHAT, "a@b", NULL);
}

static struct envoi_stanza *presence_new(void **state)
{
	return envoi_presence_new(*state, ENVOI_TYPE_ANY, NULL);
}

static void what_is_set_is_what_the_getters_return(void **state)
{
	struct envoi_stanza *message = message_new(state);
	assert_int_equal(envoi_stanza_set_id(message, "i1"), ENVOI_OK);
	assert_int_equal(envoi_stanza_set_to(message, "c@d/e"), ENVOI_OK);
	assert_int_equal(envoi_stanza_set_from(message, "f@g"), ENVOI_OK);
	assert_int_equal(envoi_stanza_set_lang(message, "de-AT"), ENVOI_OK);
	assert_int_equal(envoi_stanza_set_type(message, ENVOI_TYPE_HEADLINE), ENVOI_OK);
	assert_int_equal(envoi_message_set_subject(message, NULL, "Betreff"), ENVOI_OK);
	assert_int_equal(envoi_message_set_subject(message, "en", "subject"), ENVOI_OK);
	assert_int_equal(envoi_message_set_body(message, NULL, "Text"), ENVOI_OK);
	assert_int_equal(envoi_message_set_body(message, "en", "text"), ENVOI_OK);
	assert_int_equal(envoi_message_set_thread(message, "t", "p"), ENVOI_OK);

	assert_string_equal(envoi_stanza_id(message), "i1");
	assert_string_equal(envoi_jid_text(envoi_stanza_to(message)), "c@d/e");
	assert_string_equal(envoi_jid_text(envoi_stanza_from(message)), "f@g");
	assert_string_equal(envoi_stanza_lang(message), "de-AT");
	assert_int_equal(envoi_stanza_type(message), ENVOI_TYPE_HEADLINE);
	assert_string_equal(envoi_message_subject(message, NULL), "Betreff");
	assert_string_equal(envoi_message_subject(message, "en"), "subject");
	assert_string_equal(envoi_message_body(message, "de"), "Text");
	assert_string_equal(envoi_message_body(message, "en-GB"), "text");
	assert_string_equal(envoi_message_thread(message), "t");
	assert_string_equal(envoi_message_thread_parent(message), "p");
	assert_written(message,
		"<message type='headline' to='c@d/e' id='i1' from='f@g' xml:lang='de-AT'>"
		"<subject>Betreff</subject><subject xml:lang='en'>subject</subject>"
		"<body>Text</body><body xml:lang='en'>text</body>"
		"<thread parent='p'>t</thread></message>");
	envoi_stanza_unref(message);
}

static void a_presence_is_set_as_the_rfc_writes_it(void **state)
{
	struct envoi_stanza *presence = presence_new(state);
	envoi_presence_set_show(presence, "dnd");
	envoi_presence_set_status(presence, NULL, "Wooing");
	envoi_presence_set_status(presence, "cs", "Dvořím se");
	envoi_presence_set_priority(presence, -128);
	assert_string_equal(envoi_presence_show(presence), "dnd");
	assert_string_equal(envoi_presence_status(presence, "cs"), "Dvořím se");
	assert_int_equal(envoi_presence_priority(presence), -128);
	assert_written(presence,
		"<presence><show>dnd</show><status>Wooing</status>"
		"<status xml:lang='cs'>Dvořím se</status><priority>-128</priority></presence>");
	envoi_stanza_unref(presence);
}

static void a_second_value_replaces_the_first(void **state)
{
	struct envoi_stanza *message = envoi_message_new(*state, ENVOI_TYPE_CHAT, "a@b", "first");
	envoi_message_set_body(message, "en", "one");
	envoi_message_set_body(message, "EN", "two");
	envoi_message_set_body(message, "en-GB", "three");
	envoi_message_set_body(message, NULL, "second");
	envoi_message_set_thread(message, "t", "p");
	envoi_message_set_thread(message, "u", NULL);
	envoi_stanza_set_to(message, "c@d");
	assert_string_equal(envoi_jid_text(envoi_stanza_to(message)), "c@d");
	envoi_stanza_set_to(message, "e@f");
	assert_string_equal(envoi_jid_text(envoi_stanza_to(message)), "e@f");
	assert_written(message,
		"<message type='chat' to='e@f'><body xml:lang='EN'>two</body>"
		"<body xml:lang='en-GB'>three</body><body>second</body>"
		"<thread>u</thread></message>");
	envoi_stanza_unref(message);
}

static void null_removes_a_value(void **state)
{
	struct envoi_stanza *message = envoi_message_new(*state, ENVOI_TYPE_CHAT, "a@b", "x");
	envoi_stanza_set_id(message, "1");
	envoi_message_set_body(message, "en", "y");
	envoi_message_set_thread(message, "t", NULL);
	envoi_message_set_body(message, NULL, NULL);
	assert_string_equal(envoi_message_body(message, NULL), "y");
	envoi_message_set_body(message, "en", NULL);
	envoi_message_set_body(message, "fr", NULL);
	envoi_message_set_thread(message, NULL, NULL);
	envoi_stanza_set_id(message, NULL);
	envoi_stanza_set_to(message, NULL);
	envoi_stanza_set_lang(message, NULL);
	envoi_stanza_set_type(message, ENVOI_TYPE_ANY);
	assert_int_equal(envoi_stanza_type(message), ENVOI_TYPE_NORMAL);
	assert_null(envoi_stanza_to(message));
	assert_written(message, "<message/>");
	envoi_stanza_unref(message);
}

/* A body in a payload's namespace is the payload's. */
static void other_children_are_left_alone(void **state)
{
	struct envoi_stanza *message = envoi_message_new(*state, ENVOI_TYPE_CHAT, NULL, "x");
	struct envoi_element *element = envoi_stanza_element(message);
	envoi_element_add(envoi_element_add(element, "urn:y", "body"), NULL, "z");
	envoi_element_add_text(element, "text");
	envoi_message_set_body(message, NULL, NULL);
	envoi_element_add(element, NULL, "end");
	assert_written(message,
		"<message type='chat'><body xmlns='urn:y'><z/></body>text<end/></message>");
	envoi_stanza_unref(message);
}

static void types_are_those_of_the_kind(void **state)
{
	struct envoi_stanza *presence = presence_new(state);
	assert_int_equal(envoi_stanza_set_type(presence, ENVOI_TYPE_SUBSCRIBE), ENVOI_OK);
	assert_int_equal(envoi_stanza_set_type(presence, ENVOI_TYPE_ANY), ENVOI_OK);
	assert_int_equal(envoi_stanza_type(presence), ENVOI_TYPE_AVAILABLE);
	assert_written(presence, "<presence/>");
	assert_refused(presence, envoi_stanza_set_type(presence, ENVOI_TYPE_CHAT),
		"presence: a stanza of this kind cannot be set to this type");
	struct envoi_stanza *iq = envoi_iq_new(*state, ENVOI_IQ_GET, NULL);
	assert_refused(iq, envoi_stanza_set_type(iq, ENVOI_TYPE_ANY),
		"iq: a stanza of this kind cannot be set to this type");
}

static void values_that_cannot_be_make_the_stanza_fail(void **state)
{
	struct envoi_stanza *stanza = message_new(state);
	assert_refused(stanza, envoi_stanza_set_lang(stanza, "german language"),
		"message: the language is not a language tag");
	stanza = message_new(state);
	assert_refused(stanza, envoi_message_set_body(stanza, "", "x"),
		"message: the language of the body is not a language tag");
	stanza = message_new(state);
	assert_refused(stanza, envoi_message_set_subject(stanza, NULL, "a\x01"),
		"message/subject: U+0001 at byte 1 is not allowed in XML");
	stanza = message_new(state);
	assert_refused(stanza, envoi_message_set_thread(stanza, NULL, "p"),
		"message: the thread has a parent and no id");
	stanza = message_new(state);
	assert_refused(stanza, envoi_presence_set_show(stanza, "away"),
		"message: only a presence has a show");
	stanza = presence_new(state);
	assert_refused(stanza, envoi_message_set_body(stanza, NULL, "x"),
		"presence: only a message has a body");
	stanza = presence_new(state);
	assert_refused(stanza, envoi_presence_set_show(stanza, "online"),
		"presence: show is away, chat, dnd or xa (RFC 6121, section 4.7.2.1)");
	stanza = presence_new(state);
	assert_refused(stanza, envoi_presence_set_priority(stanza, 128),
		"presence: the priority is -128 to 127 (RFC 6121, section 4.7.2.3)");
}

static void the_first_failure_stays(void **state)
{
	struct envoi_stanza *presence = presence_new(state);
	envoi_presence_set_priority(presence, -129);
	assert_int_equal(envoi_presence_set_show(presence, "away"), ENVOI_ERR_INVALID);
	assert_int_equal(envoi_stanza_set_id(presence, "1"), ENVOI_ERR_INVALID);
	assert_int_equal(
		envoi_stanza_set_type(presence, ENVOI_TYPE_UNAVAILABLE), ENVOI_ERR_INVALID);
	assert_int_equal(envoi_stanza_type(presence), ENVOI_TYPE_AVAILABLE);
	assert_refused(presence, envoi_presence_set_status(presence, "??", "x"),
		"presence: the priority is -128 to 127 (RFC 6121, section 4.7.2.3)");
}

static void without_a_stanza_setters_return_out_of_memory(void **state)
{
	(void)state;
	assert_int_equal(envoi_stanza_set_type(NULL, ENVOI_TYPE_CHAT), ENVOI_ERR_NOMEM);
	assert_int_equal(envoi_stanza_set_id(NULL, "x"), ENVOI_ERR_NOMEM);
	assert_int_equal(envoi_stanza_set_lang(NULL, "?"), ENVOI_ERR_NOMEM);
	assert_int_equal(envoi_message_set_body(NULL, "?", "x"), ENVOI_ERR_NOMEM);
	assert_int_equal(envoi_message_set_thread(NULL, NULL, "p"), ENVOI_ERR_NOMEM);
	assert_int_equal(envoi_presence_set_show(NULL, "?"), ENVOI_ERR_NOMEM);
	assert_int_equal(envoi_presence_set_priority(NULL, 1000), ENVOI_ERR_NOMEM);
	assert_null(envoi_message_reply_new(NULL, "x"));
}

/* --- replies --- */

static void check_reply(struct envoi_context *context, const char *message, const char *reply)
{
	struct envoi_stanza *cause = stanza_of(context, message);
	struct envoi_stanza *made = envoi_message_reply_new(cause, "pong");
	envoi_stanza_unref(cause);
	assert_written(made, reply);
	envoi_stanza_unref(made);
}

static void a_reply_keeps_type_thread_and_language(void **state)
{
	check_reply(*state,
		"<message type='chat' from='A@b/c' to='d@e' id='7' xml:lang='de'><body>ping</body>"
		"<thread parent='p'>t</thread></message>",
		"<message type='chat' to='a@b/c' xml:lang='de'><body>pong</body>"
		"<thread parent='p'>t</thread></message>");
	check_reply(*state, "<message from='b'/>", "<message to='b'><body>pong</body></message>");
	check_reply(*state, "<message type='groupchat' from='r@b/nick'/>",
		"<message type='groupchat' to='r@b'><body>pong</body></message>");
	/* a peer's tag that is not one is not repeated */
	check_reply(*state, "<message from='a@b' xml:lang='no language'/>",
		"<message to='a@b'><body>pong</body></message>");
}

static void a_reply_that_cannot_be_fails(void **state)
{
	static const char *const causes[][2] = {
		{"<presence from='a@b'/>", "only a message that is not an error has a reply"},
		{"<message type='error' from='a@b'/>",
			"only a message that is not an error has a reply"},
		{"<message/>", "a message without sender has no reply"},
		{"<message type='groupchat' from='@'/>", "a message without sender has no reply"},
	};
	for (size_t i = 0; i < sizeof(causes) / sizeof(causes[0]); i++) {
		struct envoi_stanza *cause = stanza_of(*state, causes[i][0]);
		struct envoi_stanza *reply = envoi_message_reply_new(cause, "x");
		const char *problem = envoi_element_problem(envoi_stanza_element(reply));
		assert_string_equal(problem + strlen("message: "), causes[i][1]);
		envoi_stanza_unref(reply);
		envoi_stanza_unref(cause);
	}
}

/* --- memory --- */

static int set_everything(struct envoi_context *context)
{
	struct envoi_element *element = parse_one(context,
		"<message from='r@b/n' type='groupchat' xml:lang='de'><thread>t</thread></message>");
	struct envoi_stanza *cause;
	if (element == NULL) {
		return ENVOI_ERR_NOMEM;
	}
	int r = envoi_stanza_from_element(&cause, element);
	envoi_element_unref(element);
	if (r < 0) {
		return r;
	}
	struct envoi_stanza *message = envoi_message_reply_new(cause, "x");
	struct envoi_stanza *presence = envoi_presence_new(context, ENVOI_TYPE_ANY, NULL);
	envoi_message_set_subject(message, "en", "subject");
	envoi_message_set_body(message, NULL, "y");
	envoi_stanza_set_id(message, "id");
	envoi_presence_set_show(presence, "away");
	envoi_presence_set_priority(presence, 5);
	r = envoi_element_error(envoi_stanza_element(message));
	int of_presence = envoi_element_error(envoi_stanza_element(presence));
	envoi_stanza_unref(cause);
	envoi_stanza_unref(message);
	envoi_stanza_unref(presence);
	return r < 0 ? r : of_presence;
}

static void without_memory_a_setter_fails_and_nothing_is_lost(void **state)
{
	(void)state;
	assert_true(test_allocator_try(set_everything) > 0);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(what_is_set_is_what_the_getters_return),
		TEST(a_presence_is_set_as_the_rfc_writes_it),
		TEST(a_second_value_replaces_the_first),
		TEST(null_removes_a_value),
		TEST(other_children_are_left_alone),
		TEST(types_are_those_of_the_kind),
		TEST(values_that_cannot_be_make_the_stanza_fail),
		TEST(the_first_failure_stays),
		TEST(without_a_stanza_setters_return_out_of_memory),
		TEST(a_reply_keeps_type_thread_and_language),
		TEST(a_reply_that_cannot_be_fails),
		TEST(without_memory_a_setter_fails_and_nothing_is_lost),
	};
	return cmocka_run_group_tests_name("stanza/stanza_set", tests, NULL, NULL);
}
