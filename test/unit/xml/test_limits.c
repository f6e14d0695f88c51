/*
 * envoi - tests of the stream parser's limits
 * SPDX-License-Identifier: MIT
 */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <string.h>

#include <cmocka.h>

#include <envoi/envoi.h>

#include "libxml_memory.h"
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

static bool is_refused(const char *data, size_t len, size_t first, size_t piece)
{
	struct envoi_buffer out;
	envoi_buffer_init(&out, context, 0);
	test_xml_trace(&out, context, &small, data, len, first, piece);
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
	bool is_good = is_refused(data, len, 0, 0) == expected && is_refused(data, len, 0, 1) == expected;
	for (size_t first = 1; is_good && first < len; first += 7) {
		is_good = is_refused(data, len, first, 13) == expected;
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

int main(int argc, char **argv)
{
	libxml_memory_install();
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_limit_holds_to_the_byte),
	};
	cmocka_set_test_filter(argc > 1 ? argv[1] : NULL);
	return cmocka_run_group_tests_name("xml/limits", tests, setup, teardown);
}
