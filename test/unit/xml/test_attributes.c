/*
 * envoi - tests of tags with many attributes and prefixes
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

#include "between.h"
#include "libxml_memory.h"
#include "xml_trace.h"

#define HEAD "<stream:stream xmlns='jabber:client' xmlns:stream='" ENVOI_NS_STREAMS "'>"

static struct envoi_context *context;
static struct envoi_buffer in;

static int setup(void **state)
{
	(void)state;
	int r = envoi_context_new(&context, NULL);
	envoi_buffer_init(&in, context, 0);
	return r;
}

static int teardown(void **state)
{
	(void)state;
	envoi_buffer_finish(&in);
	envoi_context_unref(context);
	return 0;
}

static void add(const char *format, ...) ENVOI_PRINTF(1, 2);

static void add(const char *format, ...)
{
	va_list arguments;
	char text[256];
	va_start(arguments, format);
	vsnprintf(text, sizeof(text), format, arguments);
	va_end(arguments);
	assert_int_equal(envoi_buffer_append_text(&in, text), ENVOI_OK);
}

/* @return whether the stream is good so far, however it is cut; begins another */
static bool is_good(void)
{
	bool good[2];
	struct envoi_xml_limits limits = envoi_xml_limits_default;
	limits.attributes = 5000;
	for (size_t piece = 0; piece < 2; piece++) {
		struct envoi_buffer out;
		envoi_buffer_init(&out, context, 0);
		test_xml_trace(&out, context, &limits, envoi_buffer_data(&in),
			envoi_buffer_len(&in), 0, piece);
		good[piece] = strstr(envoi_buffer_data(&out), "error ") == NULL;
		assert_true(good[piece] ||
			strstr(envoi_buffer_data(&out), "error not-well-formed") != NULL);
		envoi_buffer_finish(&out);
	}
	assert_int_equal(good[0], good[1]);
	envoi_buffer_consume(&in, envoi_buffer_len(&in));
	return good[0];
}

/* Below, at and above the numbers where the way of comparing changes. */
static const unsigned int counts[] = {2, 11, 12, 13, 14, 100, 1022, 1023, 1024, 1025, 1500};

#define EACH(i) (size_t i = 0; i < sizeof(counts) / sizeof(counts[0]); i++)

static void add_attributes(unsigned int count, unsigned int twice)
{
	for (unsigned int i = 0; i < count; i++) {
		add(" a%u=''", i == count - 1 ? twice : i);
	}
}

static void no_attribute_stands_twice_among_many(void **state)
{
	(void)state;
	for
		EACH(i)
		{
			add(HEAD "<a");
			add_attributes(counts[i], counts[i]);
			add("/>");
			assert_true(is_good());
			for (unsigned int twice = 0; twice < counts[i] - 1;
				twice += 1 + counts[i] / 7) {
				add(HEAD "<a");
				add_attributes(counts[i], twice);
				add("/>");
				assert_false(is_good());
			}
		}
}

/* `p` and `q` are the same namespace, `r` is another. @param with  of the last attribute */
static bool is_unique(unsigned int count, unsigned int twice, const char *with)
{
	add(HEAD "<a xmlns:p='u' xmlns:q='u' xmlns:r='v' xmlns:a%u='w' a%u=''", twice, twice);
	for (unsigned int i = 0; i < count; i++) {
		add(" p:a%u=''", i);
	}
	add(" %s:a%u=''/>", with, twice);
	return is_good();
}

static void no_expanded_name_stands_twice_among_many(void **state)
{
	(void)state;
	for
		EACH(i)
		{
			for (unsigned int twice = 0; twice < counts[i];
				twice += 1 + counts[i] / 5) {
				assert_false(is_unique(counts[i], twice, "p"));
				assert_false(is_unique(counts[i], twice, "q"));
				assert_true(is_unique(counts[i], twice, "r"));
				assert_true(is_unique(counts[i], counts[i], "q"));
			}
		}
}

/* More than are remembered at a time. */
static void prefixes_of_each_tag_are_resolved(void **state)
{
	(void)state;
	for (unsigned int count = 1; count < 480; count += 53) {
		add(HEAD);
		for (unsigned int round = 0; round < 3; round++) {
			add("<a><![CDATA[<x c:d='");
			add("]]>");
			for (unsigned int i = 0; i < count; i++) {
				add("<p%u:b xmlns:p%u='u%u'>", i, i, i);
			}
			for (unsigned int i = 0; i < count; i++) {
				add("<p%u:c p%u:d = '\">:' d=\"x y:z\"\tp%u:e=''/>", i, i,
					count - 1);
			}
			for (unsigned int i = count; i-- > 0;) {
				add("</p%u:b>", i);
			}
			add("</a>");
		}
		struct envoi_xml_limits limits = envoi_xml_limits_default;
		struct envoi_buffer out;
		limits.depth = 1000;
		envoi_buffer_init(&out, context, 0);
		test_xml_trace(&out, context, &limits, envoi_buffer_data(&in),
			envoi_buffer_len(&in), 0, count % 3);
		assert_null(strstr(envoi_buffer_data(&out), "error "));
		char last[64];
		snprintf(last, sizeof(last), "<ns1:c xmlns:ns1='u%u'", count - 1);
		assert_non_null(strstr(envoi_buffer_data(&out), last));
		envoi_buffer_finish(&out);
		envoi_buffer_consume(&in, envoi_buffer_len(&in));
	}
}

enum {
	MANY = 200,
};

/* @return the allocations of libxml2 while it parses the elements many times, by an engine that has
 *         parsed before */
static size_t allocations_for(const char *elements)
{
	size_t calls = 0;
	for (unsigned int rounds = 0; rounds < 2; rounds++) { /* the engine is made in one */
		struct envoi_buffer out;
		add(HEAD "<a xmlns:prefix='u' xmlns:p='v' xmlns:behind='w'>");
		for (unsigned int i = 0; i < MANY; i++) {
			add("%s", elements);
		}
		add("</a>");
		envoi_buffer_init(&out, context, 0);
		size_t before = libxml_memory.calls;
		test_xml_trace(&out, context, &envoi_xml_limits_default, envoi_buffer_data(&in),
			envoi_buffer_len(&in), 0, 0);
		calls = libxml_memory.calls - before;
		assert_null(strstr(envoi_buffer_data(&out), "error "));
		envoi_buffer_finish(&out);
		envoi_buffer_consume(&in, envoi_buffer_len(&in));
	}
	return calls;
}

/* libxml2 allocates memory for the text of each error, beside what the same elements cost without
 * prefixes (from 2.15.4 on a section of CDATA has an allocation of its own). */
static void assert_is_no_error(const char *elements, const char *without_prefixes)
{
	assert_between(allocations_for(elements), 0, allocations_for(without_prefixes) + MANY / 10);
}

static void a_prefix_is_no_error_to_libxml2(void **state)
{
	(void)state;
	assert_is_no_error("<p:b p:c='' p:d=''/>", "<b c='' d=''/>");
	assert_is_no_error("<b prefix:c='' prefix:d=''/>", "<b c='' d=''/>");
	assert_is_no_error(
		"<![CDATA[<x]]><b behind:c='' behind:d=''/>", "<![CDATA[<x]]><b c='' d=''/>");
}

int main(int argc, char **argv)
{
	libxml_memory_install();
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(no_attribute_stands_twice_among_many),
		cmocka_unit_test(no_expanded_name_stands_twice_among_many),
		cmocka_unit_test(prefixes_of_each_tag_are_resolved),
		cmocka_unit_test(a_prefix_is_no_error_to_libxml2),
	};
	cmocka_set_test_filter(argc > 1 ? argv[1] : NULL);
	return cmocka_run_group_tests_name("xml/attributes", tests, setup, teardown);
}
