/*
 * envoi - elements of few bytes are held as they came: tests
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

#include "libxml_memory.h"
#include "test_allocator.h"

#define HEAD "<stream:stream xmlns='jabber:client' xmlns:stream='" ENVOI_NS_STREAMS "'"

enum {
	LONGEST = 10000, /* limits.before-login.stanza-bytes */
	STEP = 1024, /* in which the buffer grows */
};

static struct test_allocator allocator;
static struct envoi_context *context;
static struct envoi_xml_parser *parser;

static void hear(const char *text)
{
	assert_int_equal(envoi_xml_parser_feed(parser, text, strlen(text)), ENVOI_OK);
}

static int next(void)
{
	struct envoi_xml_item item;
	int r = envoi_xml_parser_next(parser, &item);
	if (r == ENVOI_OK) {
		envoi_element_unref(item.element);
	}
	return r;
}

static void begin_stream(const char *attributes)
{
	assert_int_equal(
		envoi_xml_parser_new(&parser, context, &envoi_xml_limits_before_login), ENVOI_OK);
	hear(HEAD);
	hear(attributes);
	hear(">");
	assert_int_equal(next(), ENVOI_OK);
}

static int setup(void **state)
{
	(void)state;
	allocator = (struct test_allocator){0};
	assert_int_equal(test_allocator_context(&context, &allocator), ENVOI_OK);
	begin_stream("");
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	envoi_xml_parser_free(parser);
	envoi_context_unref(context);
	return allocator.live != 0;
}

static size_t memory(void)
{
	return allocator.bytes + libxml_memory.bytes;
}

/* An engine of the pool, and what the context keeps, are there before. */
static void hear_one(void)
{
	hear("<a b='c'>d</a>");
	assert_int_equal(next(), ENVOI_OK);
}

static void an_element_that_is_incomplete_takes_its_bytes(void **state)
{
	(void)state;
	hear_one();
	size_t before = memory(), len = strlen("<a>");
	hear("<a>");
	while (len < LONGEST - 100) {
		hear("<b c='d'/>");
		len += strlen("<b c='d'/>");
		assert_int_equal(next(), ENVOI_AGAIN);
		assert_true(memory() <= before + len + STEP);
		if (len > 1500) {
			hear("x");
			len++;
		}
	}
}

/* RFC 6120, section 4.9.3.1: it need not be complete. */
static void an_error_in_its_start_tag_ends_the_stream_at_once(void **state)
{
	static const char *const tags[] = {
		"<a b='1' b='2'>", "<p:a>", "<a:b:c>", "<stream:stream>", "<a b='&c;'>", "<a / >"};
	for (size_t i = 0; i < sizeof(tags) / sizeof(tags[0]); i++) {
		hear(tags[i]);
		assert_true(next() < 0);
		teardown(state);
		setup(state);
	}
}

static void an_error_in_its_content_ends_the_stream_when_it_is_complete(void **state)
{
	(void)state;
	hear("<a>");
	assert_int_equal(next(), ENVOI_AGAIN);
	hear("<b c='1' c='2'/>");
	assert_int_equal(next(), ENVOI_AGAIN);
	hear("</a>");
	assert_int_equal(next(), ENVOI_ERR_XML);
	assert_int_equal(envoi_xml_parser_condition(parser), ENVOI_STREAM_NOT_WELL_FORMED);
}

static void too_many_children_are_refused_when_it_is_complete(void **state)
{
	(void)state;
	hear("<a>");
	for (unsigned int i = 0; i <= envoi_xml_limits_before_login.children; i++) {
		hear("<b/>");
		assert_int_equal(next(), ENVOI_AGAIN);
	}
	hear("</a>");
	assert_int_equal(next(), ENVOI_ERR_LIMIT);
	assert_int_equal(envoi_xml_parser_condition(parser), ENVOI_STREAM_POLICY_VIOLATION);
}

/* A declaration in the start tag is in force within the element, and not behind it. */
static void what_its_start_tag_declares_is_forgotten(void **state)
{
	(void)state;
	hear("<p:a xmlns:p='urn:p' xmlns='urn:q'>");
	assert_int_equal(next(), ENVOI_AGAIN);
	hear("<b/></p:a>");
	assert_int_equal(next(), ENVOI_OK);
	struct envoi_xml_item item;
	hear("<c>");
	assert_int_equal(next(), ENVOI_AGAIN);
	hear("</c>");
	assert_int_equal(envoi_xml_parser_next(parser, &item), ENVOI_OK);
	assert_string_equal(envoi_element_ns(item.element), "jabber:client");
	envoi_element_unref(item.element);
	hear("<p:a>");
	assert_true(next() < 0);
}

/* @return the most bytes of an element */
static size_t find_longest(const char *attributes)
{
	size_t len;
	envoi_xml_parser_free(parser);
	begin_stream(attributes);
	hear("<a>");
	for (len = strlen("<a>"); next() == ENVOI_AGAIN; len++) {
		hear("x");
	}
	return len - 1;
}

static void a_long_header_leaves_less_for_an_element(void **state)
{
	char attributes[4000];
	(void)state;
	assert_int_equal(find_longest(" to='example.org' version='1.0'"), LONGEST);
	assert_int_equal(find_longest(" xmlns:db='jabber:server:dialback' xmlns:c='urn:c' id='1' "
				      "from='romeo@example.net' to='example.org' xml:lang='en' "
				      "version='1.0'"),
		LONGEST);
	snprintf(attributes, sizeof(attributes), " from='%02000d'", 0);
	size_t longest = find_longest(attributes);
	assert_true(longest < LONGEST - 1000 && longest > LONGEST - 2000);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		TEST(an_element_that_is_incomplete_takes_its_bytes),
		TEST(an_error_in_its_start_tag_ends_the_stream_at_once),
		TEST(an_error_in_its_content_ends_the_stream_when_it_is_complete),
		TEST(too_many_children_are_refused_when_it_is_complete),
		TEST(what_its_start_tag_declares_is_forgotten),
		TEST(a_long_header_leaves_less_for_an_element),
	};
	libxml_memory_install();
	cmocka_set_test_filter(argc > 1 ? argv[1] : NULL);
	return cmocka_run_group_tests_name("xml/gathering", tests, NULL, NULL);
}
