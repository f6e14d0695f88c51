/*
 * envoi - stream headers and stream errors, for transports: tests
 * SPDX-License-Identifier: MIT
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include <envoi/context.h>
#include <envoi/interfaces/transport.h>

static struct envoi_context *context;
static struct envoi_buffer out;

static int setup(void **state)
{
	(void)state;
	int r = envoi_context_new(&context, NULL);
	envoi_buffer_init(&out, context, 0);
	return r;
}

static int teardown(void **state)
{
	(void)state;
	envoi_buffer_finish(&out);
	envoi_context_unref(context);
	return 0;
}

static void assert_out(const char *text)
{
	assert_int_equal(envoi_buffer_len(&out), strlen(text));
	assert_memory_equal(envoi_buffer_data(&out), text, strlen(text));
}

static void a_header_has_the_attributes_that_are_given(void **state)
{
	(void)state;
	const struct envoi_stream_head head = {.to = "a'<&.example",
		.version = "1.0",
		.content_ns = "jabber:client",
		.lang = "de"};
	assert_int_equal(envoi_buffer_append_text(&out, "x"), ENVOI_OK);
	assert_int_equal(envoi_stream_head_write(&out, &head), ENVOI_OK);
	assert_out("x<?xml version='1.0'?><stream:stream xmlns='jabber:client'"
		   " xmlns:stream='http://etherx.jabber.org/streams' to='a&apos;&lt;&amp;.example'"
		   " version='1.0' xml:lang='de'>");
}

static void a_value_that_is_no_xml_changes_nothing(void **state)
{
	(void)state;
	static const char *const values[] = {"\x01", "\xff", "\xed\xa0\x80", "a\x0b"};
	for (size_t i = 0; i < sizeof(values) / sizeof(values[0]); i++) {
		const struct envoi_stream_head head = {.from = values[i]};
		envoi_buffer_truncate(&out, 0);
		assert_int_equal(envoi_buffer_append_text(&out, "x"), ENVOI_OK);
		assert_int_equal(envoi_stream_head_write(&out, &head), ENVOI_ERR_INVALID);
		assert_out("x");
	}
}

static enum envoi_stream_condition read_root(
	struct envoi_stream_head *head, struct envoi_xml_item *item, const char *xml)
{
	struct envoi_xml_parser *parser;
	assert_int_equal(envoi_xml_parser_new(&parser, context, NULL), ENVOI_OK);
	assert_int_equal(envoi_xml_parser_feed(parser, xml, strlen(xml)), ENVOI_OK);
	assert_int_equal(envoi_xml_parser_next(parser, item), ENVOI_OK);
	assert_int_equal(item->kind, ENVOI_XML_HEAD);
	enum envoi_stream_condition condition = envoi_stream_head_read(head, item);
	if (condition == ENVOI_STREAM_NO_CONDITION && head->content_ns != NULL) {
		assert_string_equal(head->content_ns, "jabber:client");
	}
	envoi_xml_parser_free(parser);
	return condition;
}

static void what_was_written_can_be_read(void **state)
{
	(void)state;
	const struct envoi_stream_head written = {.from = "a.example",
		.to = "b@b.example",
		.id = "'<>",
		.lang = "de-AT",
		.version = "1.0",
		.content_ns = "jabber:client"};
	struct envoi_stream_head head;
	struct envoi_xml_item item;
	assert_int_equal(envoi_stream_head_write(&out, &written), ENVOI_OK);
	assert_int_equal(envoi_buffer_append(&out, "", 1), ENVOI_OK);
	assert_int_equal(
		read_root(&head, &item, envoi_buffer_data(&out)), ENVOI_STREAM_NO_CONDITION);
	assert_string_equal(head.from, written.from);
	assert_string_equal(head.to, written.to);
	assert_string_equal(head.id, written.id);
	assert_string_equal(head.lang, written.lang);
	assert_string_equal(head.version, written.version);
	envoi_element_unref(item.element);
}

static void an_error_has_its_condition(void **state)
{
	(void)state;
	assert_int_equal(envoi_stream_error_write(&out, ENVOI_STREAM_RESET), ENVOI_OK);
	assert_out(
		"<stream:error><reset xmlns='urn:ietf:params:xml:ns:xmpp-streams'/></stream:error>");
	envoi_buffer_truncate(&out, 0);
	assert_int_equal(envoi_stream_error_write(&out, ENVOI_STREAM_NO_CONDITION), ENVOI_OK);
	assert_int_equal(envoi_buffer_append(&out, "", 1), ENVOI_OK);
	assert_non_null(strstr(envoi_buffer_data(&out), "<undefined-condition "));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(
			a_header_has_the_attributes_that_are_given, setup, teardown),
		cmocka_unit_test_setup_teardown(
			a_value_that_is_no_xml_changes_nothing, setup, teardown),
		cmocka_unit_test_setup_teardown(what_was_written_can_be_read, setup, teardown),
		cmocka_unit_test_setup_teardown(an_error_has_its_condition, setup, teardown),
	};
	return cmocka_run_group_tests_name("net/stream_head", tests, NULL, NULL);
}
