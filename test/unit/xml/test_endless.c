/*
 * envoi - tests of the stream parser: what breaks deep within, and what never ends
 * SPDX-License-Identifier: MIT
 *
 * See also test_incidents.c.
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
#define HEAD_OUT "head jabber:client <stream:stream/>\n"
#define OK_OUT HEAD_OUT "element <ok/>\n"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

/* One context whose memory, and libxml2's, is counted. */
static struct test_allocator allocator;
static struct envoi_context *context;

static int setup(void **state)
{
	(void)state;
	allocator = (struct test_allocator){0};
	return test_allocator_context(&context, &allocator);
}

static int teardown(void **state)
{
	(void)state;
	envoi_context_unref(context);
	return allocator.live != 0;
}

static void must(int r)
{
	assert_int_equal(r, ENVOI_OK);
}

static size_t memory(void)
{
	return allocator.bytes + libxml_memory.bytes;
}

static size_t most_memory(void)
{
	return allocator.most_bytes + libxml_memory.most_bytes;
}

static void begin_to_measure(void)
{
	allocator.most_bytes = allocator.bytes;
	libxml_memory.most_bytes = libxml_memory.bytes;
}

struct stream {
	char data[512];
	size_t len;
};

static void append(struct stream *stream, const char *bytes, size_t len)
{
	assert_between(len, 0, sizeof(stream->data) - stream->len);
	memcpy(stream->data + stream->len, bytes, len);
	stream->len += len;
}

static void append_text(struct stream *stream, const char *text)
{
	append(stream, text, strlen(text));
}

/* --- an error within does not bring the inside out --- */

enum {
	DEEPEST = 12, /* within the limit before login */
};

/* What goes wrong in an element, behind which its peer goes on as if it had ended. */
static const struct {
	const char *xml, *condition;
} faults[] = {
	{"<p:b/>", "not-well-formed"},
	{"<b p:c='1'/>", "not-well-formed"},
	{"<b c='1' c='2'/>", "not-well-formed"},
	{"<b xmlns:xml='u'/>", "not-well-formed"},
	{"</c>", "not-well-formed"},
	{"<b>&</b>", "not-well-formed"},
	{"<b>]]></b>", "not-well-formed"},
	{"<b c='<'/>", "not-well-formed"},
	{"<b>\xff</b>", "not-well-formed"},
	{"<!-- -->", "restricted-xml"},
	{"<?b?>", "restricted-xml"},
	{"&b;<b/>", "restricted-xml"},
	{"<a><a><a><a><a><a><a><a><a><a><a><a><a><a><a><a><a>", "policy-violation"},
	{"<b a='' b='' c='' d='' e='' f='' g='' h='' i='' j='' k='' l='' m='' n='' o='' p='' q='' r='' "
	 "s='' t='' u='' v='' w='' x='' y='' z='' aa='' bb='' cc='' dd='' ee='' ff='' gg=''/>",
		"policy-violation"},
};

static void nest(struct stream *stream, const char *fault, int depth)
{
	append_text(stream, HEAD "<ok/>");
	for (int i = 0; i < depth; i++) {
		append_text(stream, "<a>");
	}
	append_text(stream, "<message/>");
	append_text(stream, fault);
	append_text(stream, "<message/>");
	for (int i = 0; i <= depth; i++) {
		append_text(stream, "</a><message/>");
	}
}

static void s6_an_error_at_any_depth_lets_nothing_out(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(faults); i++) {
		for (int depth = 1; depth <= DEEPEST; depth++) {
			struct stream stream = {.len = 0};
			struct envoi_buffer out;
			char expected[128];
			nest(&stream, faults[i].xml, depth);
			snprintf(expected, sizeof(expected), OK_OUT "error %s\n",
				faults[i].condition);
			envoi_buffer_init(&out, context, 0);
			for (size_t piece = 0; piece <= 2; piece++) {
				test_xml_trace(&out, context, &envoi_xml_limits_before_login,
					stream.data, stream.len, 0, piece);
				assert_string_equal(envoi_buffer_data(&out), expected);
				envoi_buffer_finish(&out);
			}
		}
	}
}

/* @return whether memory ran out; asserts that what comes out is of the first level */
static bool take_all(struct envoi_context *own, const struct stream *stream, size_t piece)
{
	struct envoi_xml_parser *parser;
	struct envoi_xml_item item;
	int r = envoi_xml_parser_new(&parser, own, NULL);
	if (r < 0) {
		return true;
	}
	for (size_t at = 0; at < stream->len; at += piece) {
		size_t len = stream->len - at < piece ? stream->len - at : piece;
		envoi_xml_parser_feed(parser, stream->data + at, len);
		while ((r = envoi_xml_parser_next(parser, &item)) == ENVOI_OK) {
			assert_false(envoi_element_is(item.element, "jabber:client", "message"));
			envoi_element_unref(item.element);
		}
	}
	envoi_xml_parser_free(parser);
	assert_true(r == ENVOI_AGAIN || r == ENVOI_ERR_NOMEM);
	return r < 0;
}

static void s6_want_of_memory_at_any_depth_lets_nothing_out(void **state)
{
	(void)state;
	struct stream stream = {.len = 0};
	append_text(&stream,
		HEAD "<ok/><a xmlns:p='urn:p'><b><message/><p:c p:d='e'>text<message/>"
		     "</p:c><message/></b><message/></a><ok/>");
	bool failed = true;
	for (size_t k = 1; failed; k++) {
		struct test_allocator failing = {.fail_at = k};
		struct envoi_context *own;
		failed = test_allocator_context(&own, &failing) < 0;
		if (!failed) {
			failed = take_all(own, &stream, 7);
			envoi_context_unref(own);
		}
		assert_int_equal(failing.live, 0);
	}
}

/* --- what never ends --- */

/* A stream that goes on for ever, and the byte at which it is refused. */
struct endless {
	const char *name, *begin, *repeated;
	size_t (*most)(const struct envoi_xml_limits *limits); /* behind `begin` */
};

static size_t stanza_bytes(const struct envoi_xml_limits *limits)
{
	return limits->stanza_bytes;
}

static size_t tag_bytes(const struct envoi_xml_limits *limits)
{
	return limits->tag_bytes;
}

static bool is_gathered(const struct envoi_xml_limits *limits)
{
	return limits->stanza_bytes <= 16384;
}

/* `<b/>` again and again: by their number or by their bytes. An element of few bytes is parsed when
 * it is complete. */
static size_t children(const struct envoi_xml_limits *limits)
{
	size_t bytes = strlen("<a>") + 4 * ((size_t)limits->children + 1) - 1;
	return bytes < limits->stanza_bytes && !is_gathered(limits) ? bytes : limits->stanza_bytes;
}

/* `<a>` again and again: with the byte that says that the next is a start tag */
static size_t depth(const struct envoi_xml_limits *limits)
{
	return 3 * (size_t)limits->depth + 1;
}

/* ` b=''` again and again: with the first quote of the next */
static size_t attributes(const struct envoi_xml_limits *limits)
{
	return strlen("<a") + 5 * (size_t)limits->attributes + 3;
}

#define CHILD_WITH_ATTRIBUTES "<b c='' d='' e='' f='' g='' h='' i='' j=''/>"

static const struct endless endless[] = {
	{"text", "<a>", "x", stanza_bytes},
	{"text of references", "<a>", "&amp;", stanza_bytes},
	{"CDATA", "<a><![CDATA[", "]", stanza_bytes},
	{"children", "<a>", "<b/>", children},
	{"children with attributes", "<a>", CHILD_WITH_ATTRIBUTES, stanza_bytes},
	{"depth", "", "<a>", depth},
	{"element name", "<", "n", tag_bytes},
	{"attribute name", "<a ", "n", tag_bytes},
	{"attribute value", "<a b='", "x", tag_bytes},
	{"`>` in an attribute value", "<a b='", ">", tag_bytes},
	{"attributes", "<a", " b=''", attributes},
	{"blanks in a tag", "<a", " ", tag_bytes},
	{"end tag", "<a></a", " ", tag_bytes},
};

/* The same without a header before. */
static const struct endless endless_heads[] = {
	{"blanks before the header", "", "\n", stanza_bytes},
	{"declaration", "<?xml ", "?", tag_bytes},
	{"header's name", "<", "n", tag_bytes},
	{"header's attribute", "<stream:stream a='", "x", tag_bytes},
	{"header's attributes", "<a", " b=''", attributes},
};

enum {
	PER_BYTE = 6, /* bytes of memory for one of XML, as the header says */
	PER_CHILD = 128, /* besides: for the smallest child, of four bytes of XML */
	SLACK = 65536,
};

/* Feeds one byte at a time. @return bytes until it was refused; the item comes out first */
static size_t feed_until_refused(struct envoi_xml_parser *parser, const char *repeated, size_t most)
{
	struct envoi_xml_item item;
	size_t len = strlen(repeated);
	for (size_t i = 0; i <= most + 1; i++) {
		envoi_xml_parser_feed(parser, &repeated[i % len], 1);
		int r = envoi_xml_parser_next(parser, &item);
		if (r < 0) {
			assert_int_equal(r, ENVOI_ERR_LIMIT);
			assert_int_equal(
				envoi_xml_parser_condition(parser), ENVOI_STREAM_POLICY_VIOLATION);
			return i + 1;
		}
		assert_int_equal(r, ENVOI_AGAIN);
	}
	return SIZE_MAX;
}

static void assert_refused_at_the_limit(
	const struct endless *e, const char *head, const struct envoi_xml_limits *limits)
{
	struct envoi_xml_parser *parser;
	struct envoi_xml_item item;
	must(envoi_xml_parser_new(&parser, context, limits));
	envoi_xml_parser_feed(parser, head, strlen(head));
	while (envoi_xml_parser_next(parser, &item) == ENVOI_OK) {
		envoi_element_unref(item.element);
	}
	size_t level = memory();
	begin_to_measure();
	size_t len = strlen(e->begin), most = e->most(limits);
	if (e->most == tag_bytes && strncmp(e->begin, "<a></a", 6) == 0) {
		most += strlen("<a>"); /* the tag is the second */
	}
	envoi_xml_parser_feed(parser, e->begin, len);
	assert_int_equal(envoi_xml_parser_next(parser, &item), ENVOI_AGAIN);
	size_t fed = len + feed_until_refused(parser, e->repeated, most);
	if (fed != most + 1) {
		print_error("%s: refused at byte %zu, not %zu\n", e->name, fed, most + 1);
	}
	assert_int_equal(fed, most + 1);
	size_t nodes = e->repeated[0] == '<' ? fed / strlen(e->repeated) : 0;
	size_t per_byte = is_gathered(limits) ? PER_BYTE + 1 : PER_BYTE;
	assert_between(most_memory() - level, 0, per_byte * fed + nodes * PER_CHILD + SLACK);
	envoi_xml_parser_free(parser);
}

static void s7_an_endless_construct_is_refused_at_its_limit(void **state)
{
	(void)state;
	const struct envoi_xml_limits *const limits[] = {
		&envoi_xml_limits_before_login, &envoi_xml_limits_default};
	for (size_t l = 0; l < COUNT(limits); l++) {
		for (size_t i = 0; i < COUNT(endless); i++) {
			assert_refused_at_the_limit(&endless[i], HEAD "<ok/>", limits[l]);
		}
		for (size_t i = 0; i < COUNT(endless_heads); i++) {
			assert_refused_at_the_limit(&endless_heads[i], "", limits[l]);
		}
	}
}

#define TEST(function) cmocka_unit_test_setup_teardown(function, setup, teardown)

int main(int argc, char **argv)
{
	libxml_memory_install();
	const struct CMUnitTest tests[] = {
		TEST(s6_an_error_at_any_depth_lets_nothing_out),
		TEST(s6_want_of_memory_at_any_depth_lets_nothing_out),
		TEST(s7_an_endless_construct_is_refused_at_its_limit),
	};
	cmocka_set_test_filter(argc > 1 ? argv[1] : NULL);
	return cmocka_run_group_tests_name("xml/endless", tests, NULL, NULL);
}
