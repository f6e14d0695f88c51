/*
 * envoi - tests of the stream parser's limits
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
#include "xml/names.h"
#include "xml_trace.h"

#define HEAD_OPEN "<stream:stream xmlns='jabber:client' xmlns:stream='" ENVOI_NS_STREAMS "'"
#define HEAD HEAD_OPEN ">"

static const struct envoi_xml_limits small = {
	.stanza_bytes = 1000,
	.tag_bytes = 200,
	.depth = 5,
	.attributes = 6,
	.children = 20,
	.name_bytes = 50,
	.namespace_bytes = 60,
	.names = 8,
};

/* A document: `begin`, `count` times `repeated`, `end`. */
struct document {
	const char *name, *begin, *repeated, *end;
	size_t most; /* the highest count that is within the limits */
};

static const struct document documents[] = {
	{"text", HEAD "<a>", "x", "</a>", 1000 - 7},
	{"white space in a stanza", HEAD "<a>", " ", "</a>", 1000 - 7},
	{"CDATA", HEAD "<a><![CDATA[", ">", "]]></a>", 1000 - 19},
	{"references", HEAD "<a>xyz", "&amp;", "</a>", 198},
	{"attribute value", HEAD "<a b='", ">", "'/>", 200 - 9},
	{"space in a tag", HEAD "<a", " ", "/>", 200 - 4},
	{"space in an end tag", HEAD "<a></a", " ", ">", 200 - 4},
	{"element name", HEAD "<", "n", "/>", 50},
	{"attribute name", HEAD "<a ", "n", "='1'/>", 50},
	{"prefix", HEAD "<a xmlns:b='c' ", "p", ":x='1'/>", 0}, /* undeclared */
	{"prefix that is declared only", HEAD "<a xmlns:", "p", "='u'/>", 50},
	{"namespace name", HEAD "<a xmlns='", "n", "'/>", 60},
	{"namespace name of a prefix", HEAD "<a xmlns:p='", "n", "'/>", 60},
	{"namespace name of a prefix in the header", HEAD_OPEN " xmlns:p='", "n", "'>", 60},
	{"depth", HEAD "<m><a><a><a>", "<a/>", "</a></a></a></m>", 17}, /* children, at depth 5 */
	{"too deep", HEAD "<m><a><a><a><a>", "<a/>", "</a></a></a></a></m>", 0},
	{"attributes", HEAD "<a b='1' c='' d='' e='' ", "f='' ", "xmlns='u'/>", 1},
	{"children", HEAD "<a>", "<b/>", "</a>", 20},
	{"children and texts", HEAD "<a>", "x<b/>", "</a>", 10},
	{"header", HEAD_OPEN, " ", ">", 200 - sizeof(HEAD) + 1},
	{"white space before the header", "", "\n", HEAD, 1000 - sizeof(HEAD) + 1},
	{"declaration", "<?xml version='1.0'", " ", "?>" HEAD, 200 - 21},
	{"white space between stanzas", HEAD "<a/>", " ", "<b/>", SIZE_MAX},
	{"white space behind the end", HEAD "</stream:stream>", " ", "", SIZE_MAX},
};

static struct envoi_context *context;

static int setup(void **state)
{
	(void)state;
	return envoi_context_new(&context, NULL);
}

static int teardown(void **state)
{
	(void)state;
	envoi_context_unref(context);
	return 0;
}

static void must(int r)
{
	assert_int_equal(r, ENVOI_OK);
}

static bool is_refused(const struct envoi_xml_limits *limits, const char *data, size_t len,
	size_t first, size_t piece)
{
	struct envoi_buffer out;
	envoi_buffer_init(&out, context, 0);
	test_xml_trace(&out, context, limits, data, len, first, piece);
	const char *error = strstr(envoi_buffer_data(&out), "error ");
	if (error != NULL) {
		assert_string_equal(error, "error policy-violation\n");
	}
	envoi_buffer_finish(&out);
	return error != NULL;
}

static void assert_refused(const struct document *document, size_t count, bool expected)
{
	struct envoi_buffer in;
	envoi_buffer_init(&in, context, 0);
	must(envoi_buffer_append_text(&in, document->begin));
	for (size_t i = 0; i < count; i++) {
		must(envoi_buffer_append_text(&in, document->repeated));
	}
	must(envoi_buffer_append_text(&in, document->end));
	const char *data = envoi_buffer_data(&in);
	size_t len = envoi_buffer_len(&in);
	bool is_good = is_refused(&small, data, len, 0, 0) == expected &&
		is_refused(&small, data, len, 0, 1) == expected;
	for (size_t first = 1; is_good && first < len; first += 7) {
		is_good = is_refused(&small, data, len, first, 13) == expected;
	}
	if (!is_good) {
		print_error("%s, %zu times\n", document->name, count);
	}
	assert_true(is_good);
	envoi_buffer_finish(&in);
}

static void each_limit_holds_to_the_byte(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(documents) / sizeof(documents[0]); i++) {
		const struct document *document = &documents[i];
		if (document->most == SIZE_MAX) {
			assert_refused(document, 5000, false);
		} else if (document->most > 0) {
			assert_refused(document, document->most, false);
			assert_refused(document, document->most + 1, true);
		} else {
			assert_refused(document, 51, true);
		}
	}
}

/* Distinct names, each means: `%` is a number; at most 8 are allowed. */
static const struct {
	const char *begin, *repeated, *end;
	unsigned int most; /* the highest count that is within the limits; 0: any is */
} distinct[] = {
	{HEAD "<item>", "<n%/>", "</item>", 8},
	{HEAD "<item>", "<item n%='1'/>", "</item>", 8},
	{HEAD "<item>", "<item xmlns:n%='u'/>", "</item>", 8},
	{HEAD "<item>", "<n% n%=''><n%/></n%>", "</item>", 8}, /* one name */
	{HEAD "<own>", "<item n%=''/>", "</own>", 7},
	{HEAD "<item>", "<p:item xmlns:p='u%'/>", "</item>", 0}, /* a namespace is no name */
	{HEAD "<item>", "<item jid='%'>%</item>", "</item>", 0},
	{HEAD, "<n%/>", "<a/>", 0}, /* each a stanza of its own */
	{HEAD_OPEN, " n%=''", ">", 8},
};

static bool repeats_refused(
	const char *begin, const char *repeated, unsigned int count, const char *end, size_t piece)
{
	struct envoi_buffer in;
	envoi_buffer_init(&in, context, 0);
	must(envoi_buffer_append_text(&in, begin));
	for (unsigned int i = 0; i < count; i++) {
		for (const char *at = repeated; *at != '\0'; at++) {
			must(*at == '%' ? envoi_buffer_printf(&in, "%u", i)
					: envoi_buffer_append(&in, at, 1));
		}
	}
	must(envoi_buffer_append_text(&in, end));
	struct envoi_xml_limits limits = envoi_xml_limits_default;
	limits.names = 8;
	bool is_over = is_refused(&limits, envoi_buffer_data(&in), envoi_buffer_len(&in), 0, piece);
	envoi_buffer_finish(&in);
	return is_over;
}

static void distinct_names_of_each_stanza_are_limited(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(distinct) / sizeof(distinct[0]); i++) {
		unsigned int most = distinct[i].most;
		for (size_t piece = 0; piece < 3; piece++) {
			assert_false(repeats_refused(distinct[i].begin, distinct[i].repeated,
				most > 0 ? most : 20, distinct[i].end, piece));
			assert_int_equal(most > 0,
				repeats_refused(distinct[i].begin, distinct[i].repeated,
					most > 0 ? most + 1 : 20, distinct[i].end, piece));
		}
	}
}

/* More than what a parser remembers of names it has just seen. */
static void many_distinct_names_are_each_counted_once(void **state)
{
	(void)state;
	enum {
		NAMES = 3000
	};
	struct envoi_xml_limits limits = envoi_xml_limits_default;
	limits.names = NAMES;
	for (unsigned int more = 0; more < 2; more++) {
		struct envoi_buffer in;
		envoi_buffer_init(&in, context, 0);
		must(envoi_buffer_append_text(&in, HEAD "<item>"));
		for (unsigned int i = 0; i < 3 * NAMES; i++) {
			must(envoi_buffer_printf(&in, "<n%u/>", i % NAMES));
		}
		must(envoi_buffer_append_text(&in, more > 0 ? "<another/></item>" : "</item>"));
		assert_int_equal(
			is_refused(&limits, envoi_buffer_data(&in), envoi_buffer_len(&in), 0, 0),
			more > 0);
		envoi_buffer_finish(&in);
	}
}

/* 512 in force, two of them the header's */
static void declarations_in_force_are_limited(void **state)
{
	(void)state;
	for (unsigned int more = 0; more < 2; more++) {
		struct envoi_buffer in;
		envoi_buffer_init(&in, context, 0);
		must(envoi_buffer_append_text(&in, HEAD "<a>"));
		for (unsigned int i = 0; i < 300; i++) { /* gone again */
			must(envoi_buffer_append_text(&in, "<a xmlns='u' xmlns:p='v'/>"));
		}
		for (unsigned int i = 0; i < 51; i++) {
			must(envoi_buffer_append_text(&in, "<a"));
			for (unsigned int k = 0; k < 10; k++) {
				must(envoi_buffer_printf(&in, " xmlns:p%u='u'", k));
			}
			must(envoi_buffer_append_text(&in, ">"));
		}
		must(envoi_buffer_append_text(&in, more > 0 ? "<a xmlns='u'/>" : "<a/>"));
		assert_int_equal(is_refused(&envoi_xml_limits_default, envoi_buffer_data(&in),
					 envoi_buffer_len(&in), 0, 0),
			more > 0);
		envoi_buffer_finish(&in);
	}
}

static void known_namespaces_may_be_longer(void **state)
{
	(void)state;
	char name[61 + 1], xml[256];
	memset(name, 'n', 61);
	name[61] = '\0';
	int len = snprintf(xml, sizeof(xml), HEAD "<a xmlns:p='%s'/>", name);
	assert_true(is_refused(&small, xml, (size_t)len, 0, 0));
	assert_non_null(envoi__name_intern(context, name));
	assert_false(is_refused(&small, xml, (size_t)len, 0, 0));
}

/* limits.roster-items: no limit of a stanza is in its way. */
static void the_largest_roster_is_within_the_limits(void **state)
{
	(void)state;
	struct envoi_buffer in;
	envoi_buffer_init(&in, context, 0);
	must(envoi_buffer_append_text(
		&in, HEAD "<iq type='result' id='1'><query xmlns='jabber:iq:roster'>"));
	for (unsigned int i = 0; i < 50000; i++) {
		must(envoi_buffer_printf(&in,
			"<item jid='user-%u@example.org' name='User %u' subscription='both'>"
			"<group>Friends</group><group>Work</group><group>Chess</group></item>",
			i, i));
	}
	must(envoi_buffer_append_text(&in, "</query></iq>"));
	assert_false(is_refused(
		&envoi_xml_limits_default, envoi_buffer_data(&in), envoi_buffer_len(&in), 0, 0));
	envoi_buffer_finish(&in);
}

int main(int argc, char **argv)
{
	libxml_memory_install();
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_limit_holds_to_the_byte),
		cmocka_unit_test(distinct_names_of_each_stanza_are_limited),
		cmocka_unit_test(many_distinct_names_are_each_counted_once),
		cmocka_unit_test(declarations_in_force_are_limited),
		cmocka_unit_test(known_namespaces_may_be_longer),
		cmocka_unit_test(the_largest_roster_is_within_the_limits),
	};
	cmocka_set_test_filter(argc > 1 ? argv[1] : NULL);
	return cmocka_run_group_tests_name("xml/limits", tests, setup, teardown);
}
