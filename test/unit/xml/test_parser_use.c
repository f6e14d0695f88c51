/*
 * envoi - tests of using the stream parser
 * SPDX-License-Identifier: MIT
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include <envoi/envoi.h>

#include "xml/wrapped.h"

#define HEAD \
	"<stream:stream xmlns='urn:content' xmlns:stream='" ENVOI_NS_STREAMS \
	"' xmlns:p='urn:prefixed' xml:lang='en'>"

static struct envoi_context *context;
static struct envoi_xml_parser *parser;

static int setup(void **state)
{
	(void)state;
	return envoi_context_new(&context, NULL) < 0 ||
		envoi_xml_parser_new(&parser, context, NULL) < 0;
}

static int teardown(void **state)
{
	(void)state;
	envoi_xml_parser_free(parser);
	envoi_context_unref(context);
	return 0;
}

static void feed(struct envoi_xml_parser *to, const char *text)
{
	assert_int_equal(envoi_xml_parser_feed(to, text, strlen(text)), ENVOI_OK);
}

static struct envoi_element *take(struct envoi_xml_parser *from, enum envoi_xml_item_kind kind)
{
	struct envoi_xml_item item;
	assert_int_equal(envoi_xml_parser_next(from, &item), ENVOI_OK);
	assert_int_equal(item.kind, kind);
	return item.element;
}

static void assert_no_more(struct envoi_xml_parser *from)
{
	struct envoi_xml_item item;
	assert_int_equal(envoi_xml_parser_next(from, &item), ENVOI_AGAIN);
}

/* libxml2 gives up long sections in pieces of 300 bytes */
static void a_line_end_in_cdata_is_one_wherever_the_section_is_cut(void **state)
{
	(void)state;
	feed(parser, HEAD);
	envoi_element_unref(take(parser, ENVOI_XML_HEAD));
	for (size_t before = 290; before < 310; before++) {
		char section[1200], expected[1200];
		snprintf(section, sizeof(section), "<a><![CDATA[%0*d\r\n%0500d]]></a>", (int)before,
			0, 0);
		snprintf(expected, sizeof(expected), "%0*d\n%0500d", (int)before, 0, 0);
		for (size_t i = 0; i < strlen(section); i++) {
			assert_int_equal(envoi_xml_parser_feed(parser, &section[i], 1), ENVOI_OK);
		}
		feed(parser, section);
		for (int i = 0; i < 2; i++) {
			struct envoi_element *element = take(parser, ENVOI_XML_ELEMENT);
			assert_string_equal(envoi_element_text(element), expected);
			envoi_element_unref(element);
		}
	}
}

static void an_element_is_complete_with_its_last_byte(void **state)
{
	(void)state;
	feed(parser, HEAD);
	envoi_element_unref(take(parser, ENVOI_XML_HEAD));
	feed(parser, "<a>text</a");
	assert_no_more(parser);
	feed(parser, ">");
	envoi_element_unref(take(parser, ENVOI_XML_ELEMENT));
	assert_no_more(parser);
}

static void an_item_outlives_parser_and_context(void **state)
{
	(void)state;
	struct envoi_context *own;
	struct envoi_xml_parser *short_lived;
	assert_int_equal(envoi_context_new(&own, NULL), ENVOI_OK);
	assert_int_equal(envoi_xml_parser_new(&short_lived, own, NULL), ENVOI_OK);
	feed(short_lived,
		HEAD "<unknown x='1'><p:y p:z='2' q:z='3' xmlns:q='urn:q'/></unknown><b>");
	struct envoi_element *head = take(short_lived, ENVOI_XML_HEAD);
	struct envoi_element *kept = take(short_lived, ENVOI_XML_ELEMENT);
	assert_no_more(short_lived);
	envoi_xml_parser_free(short_lived);
	envoi_context_unref(own);
	assert_true(envoi_element_is(head, ENVOI_NS_STREAMS, "stream"));
	envoi_element_unref(head);
	assert_true(envoi_element_is(kept, "urn:content", "unknown"));
	const struct envoi_element *y = envoi_element_child(kept, "urn:prefixed", "y");
	assert_string_equal(envoi_element_attr_ns(y, "urn:prefixed", "z"), "2");
	assert_string_equal(envoi_element_attr_ns(y, "urn:q", "z"), "3");
	assert_null(envoi_element_attr(y, "z"));
	assert_string_equal(envoi_element_lang(y), "en");
	envoi_element_unref(kept);
}

static void the_streams_language_is_inherited(void **state)
{
	(void)state;
	feed(parser, HEAD "<a><b xml:lang='de'><c/></b></a>");
	envoi_element_unref(take(parser, ENVOI_XML_HEAD));
	struct envoi_element *a = take(parser, ENVOI_XML_ELEMENT);
	assert_string_equal(envoi_element_lang(a), "en");
	assert_null(envoi_element_attr_ns(a, ENVOI_NS_XML, "lang"));
	const struct envoi_element *c = envoi_element_first(envoi_element_first(a));
	assert_string_equal(envoi_element_lang(c), "de");
	envoi_element_unref(a);
}

static void streams_in_the_middle_of_elements_do_not_disturb_each_other(void **state)
{
	(void)state;
	struct envoi_xml_parser *others[6];
	char open[] = "<a0><x>";
	char close[] = "</x></a0>";
	for (int i = 0; i < 6; i++) {
		assert_int_equal(envoi_xml_parser_new(&others[i], context, NULL), ENVOI_OK);
		feed(others[i], HEAD);
		envoi_element_unref(take(others[i], ENVOI_XML_HEAD));
		open[2] = (char)('0' + i);
		feed(others[i], open);
		assert_no_more(others[i]);
	}
	envoi_xml_parser_free(others[0]);
	for (int i = 1; i < 6; i++) {
		close[7] = (char)('0' + i);
		feed(others[i], close);
		struct envoi_element *element = take(others[i], ENVOI_XML_ELEMENT);
		assert_int_equal(envoi_element_name(element)[1], '0' + i);
		envoi_element_unref(element);
		envoi_xml_parser_free(others[i]);
	}
}

/* RFC 6120, section 5.4.3.3: nothing may be left when TLS begins. */
static void an_item_that_was_not_returned_is_pending(void **state)
{
	(void)state;
	assert_false(envoi_xml_parser_has_pending(parser));
	feed(parser, HEAD " \n");
	assert_true(envoi_xml_parser_has_pending(parser));
	envoi_element_unref(take(parser, ENVOI_XML_HEAD));
	assert_false(envoi_xml_parser_has_pending(parser));
	assert_no_more(parser);
	assert_false(envoi_xml_parser_has_pending(parser));
	static const char *const begun[] = {"<", "a", ">", "x", "</a"};
	for (size_t i = 0; i < 5; i++) {
		feed(parser, begun[i]);
		assert_true(envoi_xml_parser_has_pending(parser));
		assert_no_more(parser);
		assert_true(envoi_xml_parser_has_pending(parser));
	}
	feed(parser, ">\t<b/>");
	envoi_element_unref(take(parser, ENVOI_XML_ELEMENT));
	assert_true(envoi_xml_parser_has_pending(parser));
	envoi_element_unref(take(parser, ENVOI_XML_ELEMENT));
	assert_false(envoi_xml_parser_has_pending(parser));
	feed(parser, "\xc3");
	assert_true(envoi_xml_parser_has_pending(parser));
}

static void an_invalid_byte_is_pending_too(void **state)
{
	(void)state;
	feed(parser, HEAD);
	envoi_element_unref(take(parser, ENVOI_XML_HEAD));
	feed(parser, "\xff");
	assert_true(envoi_xml_parser_has_pending(parser));
}

static void an_error_stays(void **state)
{
	(void)state;
	struct envoi_xml_item item;
	feed(parser, HEAD "<a></b>");
	envoi_element_unref(take(parser, ENVOI_XML_HEAD));
	for (int i = 0; i < 3; i++) {
		assert_int_equal(envoi_xml_parser_next(parser, &item), ENVOI_ERR_XML);
		assert_int_equal(envoi_xml_parser_condition(parser), ENVOI_STREAM_NOT_WELL_FORMED);
		assert_non_null(strstr(envoi_xml_parser_error_text(parser), "mismatch"));
		feed(parser, "</a><c/>");
	}
}

static void limits_can_change(void **state)
{
	(void)state;
	struct envoi_xml_item item;
	struct envoi_xml_limits limits = envoi_xml_limits_before_login;
	limits.depth = 1;
	envoi_xml_parser_set_limits(parser, &limits);
	feed(parser, HEAD "<a/>");
	envoi_element_unref(take(parser, ENVOI_XML_HEAD));
	envoi_element_unref(take(parser, ENVOI_XML_ELEMENT));
	envoi_xml_parser_set_limits(parser, NULL);
	feed(parser, "<a><b><c/></b></a>");
	envoi_element_unref(take(parser, ENVOI_XML_ELEMENT));
	envoi_xml_parser_set_limits(parser, &limits);
	feed(parser, "<a><b/></a>");
	assert_int_equal(envoi_xml_parser_next(parser, &item), ENVOI_ERR_LIMIT);
	assert_int_equal(envoi_xml_parser_condition(parser), ENVOI_STREAM_POLICY_VIOLATION);
}

static void one_element_is_parsed_alone(void **state)
{
	(void)state;
	static const char *const bad[] = {"", " ", "a", "<a>", "<a/><b/>", "<a/>x",
		"</stream:stream>", "<a/><b>", "<a/></stream:stream>", "<?xml version='1.0'?><a/>",
		"<a/>\xff"};
	struct envoi_element *element;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		assert_int_equal(envoi_xml_parse(&element, context, bad[i], strlen(bad[i]), NULL),
			ENVOI_ERR_XML);
	}
	assert_int_equal(envoi_xml_parse(&element, context, " <a/>\n", 6, "urn:x"), ENVOI_OK);
	assert_true(envoi_element_is(element, "urn:x", "a"));
	envoi_element_unref(element);
	assert_int_equal(envoi_xml_parse(&element, context, "<a/>", 4, "\x01"), ENVOI_ERR_INVALID);
	char passing[] = "urn:passing";
	assert_int_equal(envoi_xml_parse(&element, context, "<a><b/></a>", 11, passing), ENVOI_OK);
	memset(passing, 'x', strlen(passing));
	assert_true(envoi_element_is(element, "urn:passing", "a"));
	assert_true(envoi_element_is(envoi_element_first(element), "urn:passing", "b"));
	envoi_element_unref(element);
}

static void freeing_nothing_is_allowed(void **state)
{
	(void)state;
	envoi_xml_parser_free(NULL);
	assert_null(envoi_element_unref(NULL));
}

static const struct envoi__xml_root other_root = {
	.ns = "urn:root",
	.name = "body",
	.end = "</body",
	.content_ns = ENVOI_NS_CLIENT,
};

/* XEP-0206, section 2: first-level elements have the content's namespace, not the root's. */
static void another_root_may_be_expected(void **state)
{
	(void)state;
	envoi__xml_parser_wrap(parser, &other_root);
	feed(parser,
		"<body xmlns='urn:root' x='1' xml:lang='de'><message><body>a</body></message>"
		"<x xmlns='urn:x'/></body >");
	struct envoi_element *root = take(parser, ENVOI_XML_HEAD);
	assert_string_equal(envoi_element_attr(root, "x"), "1");
	envoi_element_unref(root);
	struct envoi_element *message = take(parser, ENVOI_XML_ELEMENT);
	assert_true(envoi_element_is(message, ENVOI_NS_CLIENT, "message"));
	assert_non_null(envoi_element_child(message, ENVOI_NS_CLIENT, "body"));
	envoi_element_unref(message);
	struct envoi_element *x = take(parser, ENVOI_XML_ELEMENT);
	assert_true(envoi_element_is(x, "urn:x", "x"));
	envoi_element_unref(x);
	(void)take(parser, ENVOI_XML_END);
}

static void an_empty_other_root_ends_at_once(void **state)
{
	(void)state;
	envoi__xml_parser_wrap(parser, &other_root);
	feed(parser, "<body xmlns='urn:root'/>");
	envoi_element_unref(take(parser, ENVOI_XML_HEAD));
	(void)take(parser, ENVOI_XML_END);
}

static void a_root_that_is_not_expected_is_refused(void **state)
{
	static const char *const rows[] = {
		HEAD,
		"<body>",
		"<body xmlns='urn:other'>",
		"<other xmlns='urn:root'>",
		"<b:body xmlns:b='urn:root'>",
	};
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct envoi_xml_item item;
		envoi__xml_parser_wrap(parser, &other_root);
		(void)envoi_xml_parser_feed(parser, rows[i], strlen(rows[i]));
		assert_int_equal(envoi_xml_parser_next(parser, &item), ENVOI_ERR_XML);
		teardown(state);
		setup(state);
	}
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(
			a_line_end_in_cdata_is_one_wherever_the_section_is_cut, setup, teardown),
		cmocka_unit_test_setup_teardown(
			an_element_is_complete_with_its_last_byte, setup, teardown),
		cmocka_unit_test_setup_teardown(
			an_item_outlives_parser_and_context, setup, teardown),
		cmocka_unit_test_setup_teardown(the_streams_language_is_inherited, setup, teardown),
		cmocka_unit_test_setup_teardown(
			streams_in_the_middle_of_elements_do_not_disturb_each_other, setup,
			teardown),
		cmocka_unit_test_setup_teardown(
			an_item_that_was_not_returned_is_pending, setup, teardown),
		cmocka_unit_test_setup_teardown(an_invalid_byte_is_pending_too, setup, teardown),
		cmocka_unit_test_setup_teardown(an_error_stays, setup, teardown),
		cmocka_unit_test_setup_teardown(limits_can_change, setup, teardown),
		cmocka_unit_test_setup_teardown(one_element_is_parsed_alone, setup, teardown),
		cmocka_unit_test_setup_teardown(another_root_may_be_expected, setup, teardown),
		cmocka_unit_test_setup_teardown(an_empty_other_root_ends_at_once, setup, teardown),
		cmocka_unit_test_setup_teardown(
			a_root_that_is_not_expected_is_refused, setup, teardown),
		cmocka_unit_test(freeing_nothing_is_allowed),
	};
	cmocka_set_test_filter(argc > 1 ? argv[1] : NULL);
	return cmocka_run_group_tests_name("xml/parser_use", tests, NULL, NULL);
}
