/*
 * envoi - tests of texts that are parsed before their end has come
 * SPDX-License-Identifier: MIT
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include <envoi/envoi.h>

#include "xml_trace.h"

#define HEAD "<stream:stream xmlns='jabber:client' xmlns:stream='" ENVOI_NS_STREAMS "'>"

enum {
	PIECE = 8192, /* of a text that is parsed at once */
	AROUND = 12,
};

static struct envoi_context *context;
static struct envoi_buffer in, whole, cut;

static int setup(void **state)
{
	(void)state;
	int r = envoi_context_new(&context, NULL);
	envoi_buffer_init(&in, context, 0);
	envoi_buffer_init(&whole, context, 0);
	envoi_buffer_init(&cut, context, 0);
	return r;
}

static int teardown(void **state)
{
	(void)state;
	envoi_buffer_finish(&in);
	envoi_buffer_finish(&whole);
	envoi_buffer_finish(&cut);
	envoi_context_unref(context);
	return 0;
}

static void add(const char *text)
{
	assert_int_equal(envoi_buffer_append_text(&in, text), ENVOI_OK);
}

static void add_many(char c, size_t count)
{
	char text[PIECE];
	memset(text, c, sizeof(text));
	for (; count > 0; count -= count < PIECE ? count : PIECE) {
		assert_int_equal(
			envoi_buffer_append(&in, text, count < PIECE ? count : PIECE), ENVOI_OK);
	}
}

static void trace(struct envoi_buffer *out, size_t piece)
{
	envoi_buffer_consume(out, envoi_buffer_len(out));
	test_xml_trace(out, context, &envoi_xml_limits_default, envoi_buffer_data(&in),
		envoi_buffer_len(&in), 0, piece);
	assert_int_equal(envoi_buffer_append(out, "", 1), ENVOI_OK);
}

/* A long text has @p what at offset @p at. */
static void make(const char *what, size_t at)
{
	envoi_buffer_consume(&in, envoi_buffer_len(&in));
	add(HEAD "<a>");
	add_many('x', at);
	add(what);
	add_many('y', 2 * PIECE);
	add("</a>");
}

/* The parser says the same of it, however the stream is cut. */
static void assert_same(const char *what, size_t at, const char *wanted)
{
	static const size_t pieces[] = {1, 1000, PIECE};
	make(what, at);
	trace(&whole, 0);
	assert_non_null(strstr(envoi_buffer_data(&whole), wanted));
	for (size_t i = 0; i < sizeof(pieces) / sizeof(pieces[0]); i++) {
		trace(&cut, pieces[i]);
		assert_string_equal(envoi_buffer_data(&cut), envoi_buffer_data(&whole));
	}
}

static void whatever_stands_where_a_piece_ends_is_kept(void **state)
{
	(void)state;
	static const struct {
		const char *what, *wanted;
	} cases[] = {
		{"&amp;", "x&amp;y"},
		{"&#x20ac;&lt;", "x\xe2\x82\xac&lt;y"},
		{"\xe2\x82\xac\xf0\x9f\x98\x80", "x\xe2\x82\xac\xf0\x9f\x98\x80y"},
		{"]]&gt;", "x]]&gt;y"},
		{"]] ]", "x]] ]y"},
		{"<![CDATA[&]]>", "x&amp;y"},
		{"]]>", "error not-well-formed"},
		{"&amp", "error not-well-formed"},
		{"&none;", "error "},
	};
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		for (size_t at = PIECE - AROUND; at < PIECE + AROUND; at++) {
			assert_same(cases[i].what, at, cases[i].wanted);
		}
	}
}

static void ends_of_lines_are_not_doubled(void **state)
{
	(void)state;
	for (size_t at = PIECE - 3; at < PIECE + 3; at++) {
		assert_same("\r\n\r", at, "x");
		struct envoi_element *a = NULL;
		const char *xml = envoi_buffer_data(&in) + strlen(HEAD);
		assert_int_equal(envoi_xml_parse(&a, context, xml,
					 envoi_buffer_len(&in) - strlen(HEAD), "jabber:client"),
			ENVOI_OK);
		assert_memory_equal(envoi_element_text(a) + at - 1, "x\n\ny", 4);
		envoi_element_unref(a);
	}
}

static void long_runs_have_no_place_to_end(void **state)
{
	(void)state;
	for (int i = 0; i < 2; i++) {
		envoi_buffer_consume(&in, envoi_buffer_len(&in));
		add(HEAD "<a>");
		add(i == 0 ? "" : "&#");
		add_many(i == 0 ? ']' : '0', 3 * PIECE);
		add(i == 0 ? "</a>" : "65;</a>");
		trace(&whole, 0);
		trace(&cut, 999);
		assert_null(strstr(envoi_buffer_data(&whole), "error"));
		assert_string_equal(envoi_buffer_data(&cut), envoi_buffer_data(&whole));
	}
}

/* A text is not kept until its end, to be parsed in one turn of the loop. */
static void a_text_is_parsed_as_it_comes(void **state)
{
	(void)state;
	struct envoi_xml_parser *parser;
	struct envoi_xml_item item;
	envoi_buffer_consume(&in, envoi_buffer_len(&in));
	add(HEAD "<a>&none;");
	add_many('x', PIECE);
	assert_int_equal(envoi_xml_parser_new(&parser, context, NULL), ENVOI_OK);
	assert_int_equal(
		envoi_xml_parser_feed(parser, envoi_buffer_data(&in), envoi_buffer_len(&in)),
		ENVOI_OK);
	assert_int_equal(envoi_xml_parser_next(parser, &item), ENVOI_OK);
	envoi_element_unref(item.element);
	assert_true(envoi_xml_parser_next(parser, &item) < 0);
	envoi_xml_parser_free(parser);
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(whatever_stands_where_a_piece_ends_is_kept),
		cmocka_unit_test(ends_of_lines_are_not_doubled),
		cmocka_unit_test(long_runs_have_no_place_to_end),
		cmocka_unit_test(a_text_is_parsed_as_it_comes),
	};
	cmocka_set_test_filter(argc > 1 ? argv[1] : NULL);
	return cmocka_run_group_tests_name("xml/long_text", tests, setup, teardown);
}
