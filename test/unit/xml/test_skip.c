/*
 * envoi - tests of skipping stanzas that exceed a limit
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
#include "xml_trace.h"

#define HEAD_OPEN "<stream:stream xmlns='jabber:client' xmlns:stream='" ENVOI_NS_STREAMS "'"
#define HEAD HEAD_OPEN ">"
#define BEHIND "<a>behind</a>"
#define X10 "xxxxxxxxxx"
#define X60 X10 X10 X10 X10 X10 X10
#define X180 X60 X60 X60
#define X240 X60 X180
#define BLANKS50 "                                                  "
#define BLANKS150 BLANKS50 BLANKS50 BLANKS50

static const struct envoi_xml_limits small = {
	.stanza_bytes = 300,
	.tag_bytes = 150,
	.depth = 5,
	.attributes = 6,
	.children = 8,
	.name_bytes = 20,
	.namespace_bytes = 30,
	.names = 6,
	.skip_bytes = 2000,
};

/* `in` stands between the header, or `head`, and BEHIND. */
struct poison {
	const char *name, *in;
	const char *expected; /* after `skipped BYTES, `, or `error CONDITION` */
	const char *head; /* NULL: HEAD */
};

static const struct poison poisons[] = {
	{"bytes", "<message from='a@b' id='1'><body>" X240 X60 "</body></message>",
		"stanza or stream header too large: <message from='a@b' id='1'/>"},
	{"bytes of a tag in a child", "<message id='1'><x y='" X180 "'/>text</message>",
		"tag too large: <message id='1'/>"},
	{"bytes of the first tag", "<message from='a@b' id='1' x='" X180 "' to='c@d'>t</message>",
		"tag too large: <message from='a@b' id='1' to='c@d'/>"},
	{"bytes of an empty first tag", "<presence x='" X180 "' from='a@b'/>",
		"tag too large: <presence from='a@b'/>"},
	{"bytes of an end tag", "<iq id='1' type='get'><q></q" BLANKS150 "></iq>",
		"tag too large: <iq id='1' type='get'/>"},
	{"depth", "<iq id='1' type='get'><b><c><d><e><f>x</f></e></d></c></b></iq>",
		"elements nested too deep: <iq id='1' type='get'/>"},
	{"attributes", "<message id='1'><x a='' b='' c='' d='' e='' f='' g=''>y</x></message>",
		"too many attributes: <message id='1'/>"},
	{"attributes of the first tag",
		"<message a='' b='' c='' d='' e='' f='' type='chat' id='1'><x/></message>",
		"too many attributes: <message type='chat' id='1'/>"},
	{"children", "<message id='1'><a/><a/><a/><a/><a/><a/><a/><a/><a/><a/></message>",
		"too many children: <message id='1'/>"},
	{"texts", "<message id='1'>x<a/>x<a/>x<a/>x<a/>x<a/></message>",
		"too many children: <message id='1'/>"},
	{"names", "<message id='1'><aa><bb/><cc/><dd/></aa><ee/><ff/><gg/><hh/></message>",
		"too many distinct names: <message id='1'/>"},
	{"a long name", "<message id='1'><" X10 X10 X10 "><b/></" X10 X10 X10 "></message>",
		"name too long: <message id='1'/>"},
	{"a long name of an attribute", "<message id='1'><b " X10 X10 X10 "=''/></message>",
		"name too long: <message id='1'/>"},
	{"a long prefix", "<message id='1'><b xmlns:" X10 X10 X10 "='u'/></message>",
		"name too long: <message id='1'/>"},
	{"a long namespace name", "<message id='1'><b xmlns='" X10 X10 X10 X10 "'>x</b></message>",
		"namespace name too long: <message id='1'/>"},
	{"a long namespace name in the first tag",
		"<message id='1' xmlns:b='" X10 X10 X10 X10 "'><b:b>x</b:b></message>",
		"namespace name too long: <message id='1'/>"},
	{"open elements with prefixes",
		"<message id='1' xmlns:p='u'><p:a><b><p:b>" X60 "<b/></p:b></b>" X60
		"</p:a>" X60 X60 "</message>",
		"stanza or stream header too large: <message id='1'/>"},
	{"prefixes around the limit",
		"<message id='1' xmlns:p='u'><p:a><b><p:b>" X240 X60 "</p:b></b></p:a></message>",
		"stanza or stream header too large: <message id='1'/>"},
	{"prefixes of elements that were closed",
		"<message id='1' xmlns:p='u'><a><p:a><p:b/></p:a><b/></a>" X240
		"<p:b></p:b></message>",
		"stanza or stream header too large: <message id='1'/>"},
	{"CDATA", "<message id='1'><![CDATA[</message>]]" X240 "]]]]]]><b>]]&gt;</b></message>",
		"stanza or stream header too large: <message id='1'/>"},
	{"CDATA behind the limit",
		"<message id='1'>" X240 X60
		"<![CDATA[</message><!-- ]>]]>]]&gt;<a/><![CDATA[]]>x<![CDATA[]]]]>"
		"</message>",
		"stanza or stream header too large: <message id='1'/>"},
	{"quotes and spaces behind the limit",
		"<message id='1'>" X240 X60 "<b c = \"'>'/\" d='\"/>' /><e\n></e\n ></message >",
		"stanza or stream header too large: <message id='1'/>"},
	{"references in attributes",
		"<message x='" X180
		"' from='a@b/&lt;&gt;&amp;&apos;&quot;' id='&#65;&#x42;\n\r\n\t'"
		" to = \"c'd\"/>",
		"tag too large: <message from='a@b/&lt;&gt;&amp;&apos;&quot;' id='AB   ' "
		"to='c&apos;d'/>"},
	{"attributes that cannot be read",
		"<message x='" X180 "' from='&amp' id='&#0;' to='&#xD800;' type='&#x110000;'/>",
		"tag too large: <message/>"},
	{"unknown references", "<message x='" X180 "' from='&x;' id='&#;' to='&#x;' type='&#6a;'/>",
		"tag too large: <message/>"},
	{"a namespace declaration behind the limit",
		"<message x='" X180 "' xmlns='jabber:client' id='1'/>",
		"tag too large: <message id='1'/>"},
	{"a prefix that is declared in the tag",
		"<p:message x='" X180 "' xmlns:p='jabber:client' id='1'><p:b/></p:message>",
		"tag too large: <message id='1'/>"},
	{"a prefix that is declared in the header", "<q:message x='" X180 "' id='1'/>",
		"tag too large: <message id='1'/>", HEAD_OPEN " xmlns:q='jabber:client'>"},
	/* no stanza */
	{"another namespace", "<message xmlns='urn:x'>" X240 X60 "</message>",
		"error policy-violation"},
	{"another namespace behind the limit", "<message x='" X180 "' xmlns='urn:x'/>",
		"error policy-violation"},
	{"a prefix of another namespace", "<stream:message x='" X180 "'/>",
		"error policy-violation"},
	{"an undeclared prefix", "<p:message x='" X180 "'/>", "error policy-violation"},
	{"an empty prefix", "<:message x='" X180 "'/>", "error policy-violation"},
	{"another name", "<messages>" X240 X60 "</messages>", "error policy-violation"},
	{"another name in the tag", "<messages x='" X180 "'/>", "error policy-violation"},
	{"the end of the stream", "</stream:stream" BLANKS150 ">", "error policy-violation"},
	/* errors behind the limit */
	{"a comment", "<message>" X240 X60 "<!-- --></message>", "error restricted-xml"},
	{"a processing instruction", "<message>" X240 X60 "<?x?></message>",
		"error restricted-xml"},
	{"a document type", "<message>" X240 X60 "<!DOCTYPE x></message>", "error restricted-xml"},
	{"bad CDATA", "<message>" X240 X60 "<![CDAT[x]]></message>", "error not-well-formed"},
	{"`<` in a tag", "<message>" X240 X60 "<a <b></a></message>", "error not-well-formed"},
	{"`<` in a value", "<message>" X240 X60 "<a b='<'></a></message>", "error not-well-formed"},
	{"a tag without name", "<message>" X240 X60 "< a></a></message>", "error not-well-formed"},
	{"`/` in a tag", "<message>" X240 X60 "<a / ></message>", "error not-well-formed"},
	{"tags that do not match", "<message>" X240 X60 "<a></b></message>",
		"error not-well-formed"},
	{"a prefix more", "<message>" X240 X60 "<a></p:a></message>", "error not-well-formed"},
	{"a prefix less", "<message xmlns:p='u'><p:a>" X240 X60 "</a></message>",
		"error not-well-formed"},
	{"the first tag does not match", "<message><a>" X240 X60 "</message>",
		"error not-well-formed"},
	{"the end tag does not match", "<message>" X240 X60 "</presence>", "error not-well-formed"},
	{"an attribute in an end tag", "<message>" X240 X60 "</message a='b'>",
		"error not-well-formed"},
	{"bad UTF-8", "<message>" X240 X60 "\xff</message>", "error not-well-formed"},
	{"a control character", "<message>" X240 X60 "\x01</message>", "error not-well-formed"},
	{"a surrogate", "<message>" X240 X60 "\xed\xa0\x80</message>", "error not-well-formed"},
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

/* --- every poison, cut everywhere --- */

static void make_expected(struct envoi_buffer *out, const struct poison *poison, const char *head)
{
	bool is_fatal = strncmp(poison->expected, "error", 5) == 0;
	test_xml_trace(out, context, &small, head, strlen(head), 0, 0);
	out->end--; /* its NUL */
	must(is_fatal ? envoi_buffer_printf(out, "%s\n", poison->expected)
		      : envoi_buffer_printf(out, "skipped %zu, %s\nelement " BEHIND "\nend\n",
				strlen(poison->in), poison->expected));
	must(envoi_buffer_append(out, "", 1));
}

static void assert_trace(const struct poison *poison, const struct envoi_buffer *expected,
	const struct envoi_buffer *in, size_t first, size_t piece)
{
	struct envoi_buffer out;
	envoi_buffer_init(&out, context, 0);
	test_xml_trace(
		&out, context, &small, envoi_buffer_data(in), envoi_buffer_len(in), first, piece);
	if (strcmp(envoi_buffer_data(&out), envoi_buffer_data(expected)) != 0) {
		print_error("%s (first %zu, then %zu):\n", poison->name, first, piece);
	}
	assert_string_equal(envoi_buffer_data(&out), envoi_buffer_data(expected));
	envoi_buffer_finish(&out);
}

static void assert_poison(const struct poison *poison)
{
	struct envoi_buffer in, expected;
	const char *head = poison->head != NULL ? poison->head : HEAD;
	envoi_buffer_init(&in, context, 0);
	envoi_buffer_init(&expected, context, 0);
	must(envoi_buffer_printf(&in, "%s\n %s" BEHIND "</stream:stream>", head, poison->in));
	make_expected(&expected, poison, head);
	assert_trace(poison, &expected, &in, 0, 0);
	assert_trace(poison, &expected, &in, 0, 1);
	assert_trace(poison, &expected, &in, 0, 2);
	for (size_t first = strlen(head); first < envoi_buffer_len(&in); first++) {
		assert_trace(poison, &expected, &in, first, 0);
		assert_trace(poison, &expected, &in, first, 7);
	}
	envoi_buffer_finish(&in);
	envoi_buffer_finish(&expected);
}

static void poisons_are_skipped_wherever_they_are_cut(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(poisons) / sizeof(poisons[0]); i++) {
		assert_poison(&poisons[i]);
	}
}

/* --- the rest of the stream --- */

/* What comes of the stream without the poison is what comes of it with the poison, but for that. */
static void the_rest_of_the_stream_is_unchanged(void **state)
{
	(void)state;
	static const char before[] = HEAD_OPEN
		" xmlns:q='urn:q' xml:lang='en'><message xmlns:p='u'><p:a q:b='1'/>x</message>";
	static const char after[] =
		"<q:x><message/></q:x><message><a xmlns='v'/><body>y</body></message></stream:stream>";
	for (size_t i = 0; i < sizeof(poisons) / sizeof(poisons[0]); i++) {
		struct envoi_buffer in, out, plain;
		if (poisons[i].head != NULL || strncmp(poisons[i].expected, "error", 5) == 0) {
			continue;
		}
		envoi_buffer_init(&in, context, 0);
		envoi_buffer_init(&out, context, 0);
		envoi_buffer_init(&plain, context, 0);
		must(envoi_buffer_printf(
			&in, "%s%s \n%s%s", before, poisons[i].in, poisons[i].in, after));
		test_xml_trace(&out, context, &small, envoi_buffer_data(&in), envoi_buffer_len(&in),
			0, i % 5);
		envoi_buffer_consume(&in, envoi_buffer_len(&in));
		must(envoi_buffer_printf(&in, "%s%s", before, after));
		test_xml_trace(&plain, context, &small, envoi_buffer_data(&in),
			envoi_buffer_len(&in), 0, 0);
		char *skipped = strstr(envoi_buffer_data(&out), "skipped ");
		assert_non_null(skipped);
		char *behind = strchr(strchr(skipped, '\n') + 1, '\n') + 1;
		memmove(skipped, behind, strlen(behind) + 1);
		assert_string_equal(envoi_buffer_data(&out), envoi_buffer_data(&plain));
		envoi_buffer_finish(&in);
		envoi_buffer_finish(&out);
		envoi_buffer_finish(&plain);
	}
}

/* --- limits of skipping itself --- */

/* @return whether a stanza with a text of so many bytes, behind `open`, is skipped */
static bool is_skipped(const struct envoi_xml_limits *limits, const char *open, size_t count,
	const char *repeated, const char *close, size_t closes, size_t piece)
{
	struct envoi_buffer in, out;
	envoi_buffer_init(&in, context, 0);
	envoi_buffer_init(&out, context, 0);
	must(envoi_buffer_printf(&in, HEAD "%s", open));
	for (size_t i = 0; i < count; i++) {
		must(envoi_buffer_append_text(&in, repeated));
	}
	for (size_t i = 0; i < closes; i++) {
		must(envoi_buffer_append_text(&in, close));
	}
	must(envoi_buffer_append_text(&in, "</message><a/>"));
	test_xml_trace(
		&out, context, limits, envoi_buffer_data(&in), envoi_buffer_len(&in), 0, piece);
	bool is_over = strstr(envoi_buffer_data(&out), "error policy-violation\n") != NULL;
	assert_int_equal(is_over, strstr(envoi_buffer_data(&out), "element <a/>") == NULL);
	envoi_buffer_finish(&in);
	envoi_buffer_finish(&out);
	return !is_over;
}

static void skipped_bytes_are_limited(void **state)
{
	(void)state;
	size_t most = small.skip_bytes - strlen("<message></message>");
	for (size_t piece = 0; piece < 3; piece++) {
		assert_true(is_skipped(&small, "<message>", most, "x", "", 0, piece));
		assert_false(is_skipped(&small, "<message>", most + 1, "x", "", 0, piece));
	}
}

/* A contact chooses the depth, and the server keeps the stanza for the next login. */
static void any_depth_is_skipped(void **state)
{
	static const size_t depths[] = {4096, 10239, 10240, 10241, 100000};
	(void)state;
	struct envoi_xml_limits limits = small;
	limits.skip_bytes = 1000000;
	limits.stanza_bytes = 1000000;
	for (size_t i = 0; i < sizeof(depths) / sizeof(depths[0]); i++) {
		size_t depth = depths[i];
		for (size_t piece = 0; piece < 2; piece++) {
			assert_true(is_skipped(
				&limits, "<message>", depth, "<a>", "</a>", depth, piece));
		}
	}
	limits.depth = limits.children = 10000;
	limits.stanza_bytes = 9000 * 3; /* met inside nearly as many elements as there may be */
	assert_true(is_skipped(&limits, "<message>", 12000, "<a>", "</a>", 12000, 0));
}

/* @return whether @p outer elements `a` with this content are skipped; else: not well-formed */
static bool nested_is_skipped(size_t outer, const char *inner)
{
	struct envoi_xml_limits limits = small;
	struct envoi_buffer in, out;
	limits.skip_bytes = limits.stanza_bytes = 1000000;
	envoi_buffer_init(&in, context, 0);
	envoi_buffer_init(&out, context, 0);
	must(envoi_buffer_append_text(&in, HEAD "<message>"));
	for (size_t i = 0; i < outer; i++) {
		must(envoi_buffer_append_text(&in, "<a>"));
	}
	must(envoi_buffer_append_text(&in, inner));
	for (size_t i = 0; i < outer; i++) {
		must(envoi_buffer_append_text(&in, "</a>"));
	}
	must(envoi_buffer_append_text(&in, "</message><a/>"));
	test_xml_trace(
		&out, context, &limits, envoi_buffer_data(&in), envoi_buffer_len(&in), 0, 40);
	bool is_skipped = strstr(envoi_buffer_data(&out), "element <a/>") != NULL;
	assert_int_equal(
		!is_skipped, strstr(envoi_buffer_data(&out), "error not-well-formed\n") != NULL);
	envoi_buffer_finish(&in);
	envoi_buffer_finish(&out);
	return is_skipped;
}

static void tags_must_match_at_any_depth(void **state)
{
	static const size_t outer[] = {300, 10238, 10239, 10240, 20000};
	(void)state;
	for (size_t i = 0; i < sizeof(outer) / sizeof(outer[0]); i++) {
		assert_true(nested_is_skipped(outer[i], "<b><c/><d></d>x<d><e/></d></b >"));
		assert_false(nested_is_skipped(outer[i], "<b></c>"));
		assert_false(nested_is_skipped(outer[i], "<b><c></b></c>"));
		assert_false(nested_is_skipped(outer[i], "<b><c/></c>"));
	}
}

/* Limits that no setting allows: more open elements than a skip has room for end the stream. */
static void a_limit_met_too_deep_is_fatal(void **state)
{
	(void)state;
	struct envoi_xml_limits limits = small;
	limits.skip_bytes = 10000000;
	limits.depth = limits.children = 100000;
	limits.stanza_bytes = 20000 * 3;
	assert_false(is_skipped(&limits, "<message>", 30000, "<a>", "</a>", 30000, 0));
}

/* The limit that the header leaves is that of the moment. */
static void a_smaller_limit_holds_behind_a_large_header(void **state)
{
	(void)state;
	struct envoi_xml_parser *parser;
	struct envoi_xml_item item;
	struct envoi_xml_limits limits = envoi_xml_limits_default;
	struct envoi_buffer in;
	must(envoi_xml_parser_new(&parser, context, &limits));
	envoi_buffer_init(&in, context, 0);
	must(envoi_buffer_append_text(&in, HEAD_OPEN " a='"));
	for (int i = 0; i < 400; i++) {
		must(envoi_buffer_append_text(&in, X240));
	}
	must(envoi_buffer_append_text(&in, "'>"));
	must(envoi_xml_parser_feed(parser, envoi_buffer_data(&in), envoi_buffer_len(&in)));
	assert_int_equal(envoi_xml_parser_next(parser, &item), ENVOI_OK);
	envoi_element_unref(item.element);
	limits.stanza_bytes = 10000;
	envoi_xml_parser_set_limits(parser, &limits);
	must(envoi_xml_parser_feed(parser, "<a>", 3));
	int r = ENVOI_AGAIN;
	for (int i = 0; i < 100 && r == ENVOI_AGAIN; i++) {
		must(envoi_xml_parser_feed(parser, X240, strlen(X240)));
		r = envoi_xml_parser_next(parser, &item);
	}
	assert_int_equal(r, ENVOI_ERR_LIMIT);
	envoi_xml_parser_free(parser);
	envoi_buffer_finish(&in);
}

/* However the bytes come. */
static void a_limit_within_a_text_before_cdata_is_that_of_the_text(void **state)
{
	(void)state;
	struct envoi_xml_limits limits = small;
	limits.stanza_bytes = 20000;
	limits.skip_bytes = 1000000;
	for (size_t piece = 0; piece < 3; piece++) {
		assert_true(is_skipped(&limits, "<message>", 2500, "12345678", "]]><![CDATA[x]]>",
			1, piece * 1000));
	}
}

static void nothing_is_skipped_unless_allowed(void **state)
{
	(void)state;
	struct envoi_xml_limits limits = small;
	limits.skip_bytes = 0;
	assert_false(is_skipped(&limits, "<message>", 300, "x", "", 0, 0));
}

/* 512 may be in force at a time. */
static void declarations_of_skipped_stanzas_are_dropped(void **state)
{
	(void)state;
	struct envoi_buffer in, out;
	envoi_buffer_init(&in, context, 0);
	envoi_buffer_init(&out, context, 0);
	must(envoi_buffer_append_text(&in, HEAD));
	for (unsigned int i = 0; i < 600; i++) {
		must(envoi_buffer_append_text(&in, "<message xmlns:p='u'>" X240 X60 "</message>"));
	}
	must(envoi_buffer_append_text(&in, "<a xmlns:p='u'/><p:b/>"));
	test_xml_trace(&out, context, &small, envoi_buffer_data(&in), envoi_buffer_len(&in), 0, 40);
	assert_non_null(strstr(envoi_buffer_data(&out), "element <a/>\nerror not-well-formed"));
	envoi_buffer_finish(&in);
	envoi_buffer_finish(&out);
}

/* Name and value may have 8,192 bytes, without quotes. */
static void an_attribute_is_read_up_to_a_length(void **state)
{
	(void)state;
	static char id[8192];
	struct envoi_xml_limits limits = small;
	limits.skip_bytes = 20000;
	for (size_t more = 0; more < 2; more++) {
		struct envoi_buffer in, out;
		size_t len = sizeof(id) - strlen(" id=") + more;
		memset(id, 'i', sizeof(id));
		envoi_buffer_init(&in, context, 0);
		envoi_buffer_init(&out, context, 0);
		must(envoi_buffer_printf(
			&in, HEAD "<message id='%.*s' type='chat'/>", (int)len, id));
		test_xml_trace(&out, context, &limits, envoi_buffer_data(&in),
			envoi_buffer_len(&in), 0, 1000);
		assert_non_null(strstr(envoi_buffer_data(&out), "type='chat'"));
		assert_int_equal(strstr(envoi_buffer_data(&out), " id='") == NULL, more);
		envoi_buffer_finish(&in);
		envoi_buffer_finish(&out);
	}
}

/* A header that exceeds a limit is no stanza. */
static void a_header_is_not_skipped(void **state)
{
	(void)state;
	static const char in[] = HEAD_OPEN " x='" X180 "'><a/>";
	struct envoi_buffer out;
	envoi_buffer_init(&out, context, 0);
	test_xml_trace(&out, context, &small, in, strlen(in), 0, 0);
	assert_string_equal(envoi_buffer_data(&out), "error policy-violation\n");
	envoi_buffer_finish(&out);
}

static void a_stanza_that_is_skipped_is_pending(void **state)
{
	(void)state;
	struct envoi_xml_parser *parser;
	struct envoi_xml_item item;
	static const char begin[] = HEAD "<message>" X240 X60;
	must(envoi_xml_parser_new(&parser, context, &small));
	must(envoi_xml_parser_feed(parser, begin, strlen(begin)));
	must(envoi_xml_parser_next(parser, &item));
	envoi_element_unref(item.element);
	assert_int_equal(envoi_xml_parser_next(parser, &item), ENVOI_AGAIN);
	assert_true(envoi_xml_parser_has_pending(parser));
	must(envoi_xml_parser_feed(parser, "</message>", 10));
	must(envoi_xml_parser_next(parser, &item));
	assert_int_equal(item.kind, ENVOI_XML_SKIPPED);
	assert_false(envoi_xml_parser_has_pending(parser));
	envoi_element_unref(item.element);
	envoi_xml_parser_free(parser);
}

int main(int argc, char **argv)
{
	libxml_memory_install();
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(poisons_are_skipped_wherever_they_are_cut),
		cmocka_unit_test(the_rest_of_the_stream_is_unchanged),
		cmocka_unit_test(skipped_bytes_are_limited),
		cmocka_unit_test(any_depth_is_skipped),
		cmocka_unit_test(tags_must_match_at_any_depth),
		cmocka_unit_test(a_limit_met_too_deep_is_fatal),
		cmocka_unit_test(a_smaller_limit_holds_behind_a_large_header),
		cmocka_unit_test(a_limit_within_a_text_before_cdata_is_that_of_the_text),
		cmocka_unit_test(nothing_is_skipped_unless_allowed),
		cmocka_unit_test(declarations_of_skipped_stanzas_are_dropped),
		cmocka_unit_test(an_attribute_is_read_up_to_a_length),
		cmocka_unit_test(a_header_is_not_skipped),
		cmocka_unit_test(a_stanza_that_is_skipped_is_pending),
	};
	cmocka_set_test_filter(argc > 1 ? argv[1] : NULL);
	return cmocka_run_group_tests_name("xml/skip", tests, setup, teardown);
}
