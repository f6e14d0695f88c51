/*
 * envoi - tests of the stream parser against what has broken others
 * SPDX-License-Identifier: MIT
 *
 * What never ends, and what an error within may bring out, are in
 * test_endless.c, S7b (compression) in test/sim/test_login.c, S7c (answers that hold what was
 * asked) in test/sim/test_injection.c. Each stream is refused with its condition, whatever the
 * chunking and whether before or after login, and nothing of the offending stanza is delivered.
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
#define MALFORMED HEAD_OUT "error not-well-formed\n"
#define RESTRICTED HEAD_OUT "error restricted-xml\n"

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

/* --- stanza smuggling --- */

/* What is no UTF-8, or no character of XML. The first @p good bytes could still become one. */
static const struct {
	const char *name, *bytes;
	size_t len, good;
} malformed[] = {
	{"overlong, two bytes, NUL", BYTES("\xc0\x80"), 0},
	{"overlong, two bytes, `<`", BYTES("\xc0\xbc"), 0},
	{"overlong, two bytes, the last", BYTES("\xc1\xbf"), 0},
	{"overlong, three bytes, `<`", BYTES("\xe0\x80\xbc"), 1},
	{"overlong, three bytes, the last", BYTES("\xe0\x9f\xbf"), 1},
	{"overlong, four bytes, `<`", BYTES("\xf0\x80\x80\xbc"), 1},
	{"overlong, four bytes, the last", BYTES("\xf0\x8f\xbf\xbf"), 1},
	{"the first surrogate", BYTES("\xed\xa0\x80"), 1},
	{"the last surrogate", BYTES("\xed\xbf\xbf"), 1},
	{"a pair of surrogates", BYTES("\xed\xa0\xbd\xed\xb8\x80"), 1},
	{"beyond U+10FFFF", BYTES("\xf4\x90\x80\x80"), 1},
	{"a first byte that leads beyond", BYTES("\xf5\x80\x80\x80"), 0},
	{"far beyond", BYTES("\xf7\xbf\xbf\xbf"), 0},
	{"five bytes", BYTES("\xf8\x88\x80\x80\x80"), 0},
	{"six bytes", BYTES("\xfc\x84\x80\x80\x80\x80"), 0},
	{"continuation alone, the first", BYTES("\x80"), 0},
	{"continuation alone, the last", BYTES("\xbf"), 0},
	{"one continuation too many", BYTES("\xc3\xa4\xa4"), 2},
	{"first of two bytes", BYTES("\xc3"), 1},
	{"first of three bytes", BYTES("\xe2"), 1},
	{"two of three bytes", BYTES("\xe2\x82"), 2},
	{"first of four bytes", BYTES("\xf0"), 1},
	{"two of four bytes", BYTES("\xf0\x9f"), 2},
	{"three of four bytes", BYTES("\xf0\x9f\x98"), 3},
	{"a lead byte behind another", BYTES("\xe2\xe2\x82\xac"), 1},
	{"0xFE", BYTES("\xfe"), 0},
	{"0xFF", BYTES("\xff"), 0},
	{"U+FFFE", BYTES("\xef\xbf\xbe"), 2},
	{"U+FFFF", BYTES("\xef\xbf\xbf"), 2},
	{"NUL", BYTES("\0"), 0},
	{"U+0001", BYTES("\x01"), 0},
	{"backspace", BYTES("\x08"), 0},
	{"vertical tab", BYTES("\x0b"), 0},
	{"form feed", BYTES("\x0c"), 0},
	{"U+001F", BYTES("\x1f"), 0},
};

/* Where they may stand. */
static const struct {
	const char *name, *before, *after;
} places[] = {
	{"in text", "<a>x", "y</a>"},
	{"before a tag", "<a>", "<message/></a>"},
	{"in an attribute", "<a b='x", "y'/>"},
	{"before a quote", "<a b='", "'/>"},
	{"before a double quote", "<a b=\"", "\"/>"},
	{"in an element's name", "<a", "b/>"},
	{"as an element's name", "<", "/>"},
	{"before `>`", "<a", ">"},
	{"in an attribute's name", "<a b", "c='1'/>"},
	{"in a prefix", "<p", ":a xmlns:p='u'/>"},
	{"in a namespace", "<a xmlns='u", "'/>"},
	{"between attributes", "<a b='1' ", " c='1'/>"},
	{"in an end tag", "<a></a", ">"},
	{"in CDATA", "<a><![CDATA[x", "]]></a>"},
	{"at the end of CDATA", "<a><![CDATA[", "]]></a>"},
	{"in a reference", "<a>&am", "p;</a>"},
	{"between stanzas", "\n", "<message/>"},
	{"in the end of the stream", "</stream:stream", ">"},
};

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

static void assert_stream(
	const struct stream *stream, const char *what, const char *where, const char *expected)
{
	char name[128];
	snprintf(name, sizeof(name), "%s %s", what, where);
	const struct test_xml_conversation c = {
		name, stream->data, stream->len, expected, .whole = strlen(HEAD)};
	test_xml_conversations(context, &c, 1);
}

static void s1_malformed_utf8_is_refused_wherever_it_stands(void **state)
{
	(void)state;
	for (size_t k = 0; k < COUNT(malformed); k++) {
		for (size_t p = 0; p < COUNT(places); p++) {
			struct stream stream = {.len = 0};
			append_text(&stream, HEAD "<ok/>");
			append_text(&stream, places[p].before);
			append(&stream, malformed[k].bytes, malformed[k].len);
			append_text(&stream, places[p].after);
			append_text(&stream, "<message/>");
			/* There the first byte of a character is text already. */
			bool is_text = strcmp(places[p].name, "between stanzas") == 0 &&
				malformed[k].good > 0;
			assert_stream(&stream, malformed[k].name, places[p].name,
				is_text ? OK_OUT "error bad-format\n"
					: OK_OUT "error not-well-formed\n");
		}
	}
}

static const struct test_xml_conversation s1_characters[] = {
	{"UTF-8 of every length", BYTES(HEAD "<a>\xc3\xa4\xe2\x82\xac\xf0\x9f\x98\x80</a>"),
		HEAD_OUT "element <a>\xc3\xa4\xe2\x82\xac\xf0\x9f\x98\x80</a>\n"},
	{"the characters beside those that are refused",
		BYTES(HEAD "<a>\x7f\xc2\x80\xdf\xbf\xe0\xa0\x80\xed\x9f\xbf\xee\x80\x80\xef\xb7\x90"
			   "\xef\xbf\xbd\xf0\x90\x80\x80\xf0\x9f\xbf\xbe\xf4\x8f\xbf\xbf</a>"),
		HEAD_OUT
		"element <a>\x7f\xc2\x80\xdf\xbf\xe0\xa0\x80\xed\x9f\xbf\xee\x80\x80\xef\xb7\x90"
		"\xef\xbf\xbd\xf0\x90\x80\x80\xf0\x9f\xbf\xbe\xf4\x8f\xbf\xbf</a>\n"},
	{"malformed UTF-8 before the header", BYTES("\xc0\xbc" HEAD), "error not-well-formed\n"},
	{"malformed UTF-8 in the header", BYTES("<stream:stream a='\xc0\xbc'>"),
		"error not-well-formed\n"},
	{"malformed UTF-8 in the declaration", BYTES("<?xml version='1.0' \xff?>" HEAD),
		"error not-well-formed\n"},
	{"malformed UTF-8 behind the end", BYTES(HEAD "</stream:stream>\xff"),
		HEAD_OUT "end\nerror not-well-formed\n"},
	{"references to what is no character", BYTES(HEAD "<a>&#xFFFE;</a>"), MALFORMED},
	{"reference to a surrogate", BYTES(HEAD "<a>&#xD800;</a>"), MALFORMED},
	{"reference beyond Unicode", BYTES(HEAD "<a b='&#x110000;'/>"), MALFORMED},
	{"reference that is NUL modulo 2^32", BYTES(HEAD "<a>&#4294967296;</a>"), MALFORMED},
	{"reference that is `A` modulo 2^32", BYTES(HEAD "<a>&#4294967361;</a>"), MALFORMED},
	{"reference that is `A` modulo 2^64", BYTES(HEAD "<a>&#18446744073709551681;</a>"),
		MALFORMED},
	{"references that are no numbers", BYTES(HEAD "<a>&#x;</a>"), MALFORMED},
	{"reference with a capital X", BYTES(HEAD "<a>&#X41;</a>"), MALFORMED},
	{"reference without its end", BYTES(HEAD "<a>&#65</a>"), MALFORMED},
	{"markup by references is text", BYTES(HEAD "<a b='&#60;c/&#62;'>&#60;message/&#62;</a>"),
		HEAD_OUT "element <a b='&lt;c/&gt;'>&lt;message/&gt;</a>\n"},
	{"references are not resolved twice", BYTES(HEAD "<a b='&#38;lt;'>&#38;lt;&amp;#60;</a>"),
		HEAD_OUT "element <a b='&amp;lt;'>&amp;lt;&amp;#60;</a>\n"},
	{"markup in CDATA is text", BYTES(HEAD "<a><![CDATA[</a><message/>&amp;]]></a>"),
		HEAD_OUT "element <a>&lt;/a&gt;&lt;message/&gt;&amp;amp;</a>\n"},
	{"`]]>` behind CDATA", BYTES(HEAD "<a><![CDATA[]]>]]></a>"), MALFORMED},
	{"CDATA in an attribute", BYTES(HEAD "<a b='<![CDATA[c]]>'/>"), MALFORMED},
};

static void s1_characters_and_references_are_what_xml_says(void **state)
{
	(void)state;
	test_xml_conversations(context, s1_characters, COUNT(s1_characters));
}

/* --- prefixes and namespaces --- */

static const struct test_xml_conversation s2[] = {
	{"undeclared prefix", BYTES(HEAD "<a/><p:message/>"),
		HEAD_OUT "element <a/>\nerror not-well-formed\n"},
	{"undeclared prefix of an attribute", BYTES(HEAD "<a p:x='1'/>"), MALFORMED},
	{"prefix that is not in force any more", BYTES(HEAD "<a><b xmlns:p='u'/><p:c/></a>"),
		MALFORMED},
	{"two attributes with one expanded name",
		BYTES(HEAD "<a xmlns:p='u' xmlns:q='u' p:x='1' q:x='2'/>"), MALFORMED},
	{"an attribute without prefix is not the one of a prefix",
		BYTES(HEAD "<a xmlns:p='u' p:x='1' x='2' xmlns:q='v' q:x='3'/>"),
		HEAD_OUT "element <a xmlns:ns1='u' ns1:x='1' x='2' xmlns:ns3='v' ns3:x='3'/>\n"},
	{"the same attribute twice", BYTES(HEAD "<a x='1' y='2' x='3'/>"), MALFORMED},
	{"the same attribute twice, with a prefix", BYTES(HEAD "<a xmlns:p='u' p:x='1' p:x='2'/>"),
		MALFORMED},
	{"the same attribute twice behind one of another prefix",
		BYTES(HEAD "<a xmlns:p='u' xmlns:q='u' p:x='' q:x='' q:x=''/>"), MALFORMED},
	{"two declarations of a prefix with different names",
		BYTES(HEAD "<a xmlns:p='u' xmlns:p='v'/>"), MALFORMED},
	{"two declarations of a prefix", BYTES(HEAD "<a xmlns:p='u' xmlns:p='u'/>"), MALFORMED},
	{"two default declarations", BYTES(HEAD "<a xmlns='u' xmlns='v'/>"), MALFORMED},
	{"xml bound to something else", BYTES(HEAD "<a xmlns:xml='u'/>"), MALFORMED},
	{"xml bound to itself", BYTES(HEAD "<a xmlns:xml='" ENVOI_NS_XML "' xml:lang='en'/>"),
		HEAD_OUT "element <a xml:lang='en'/>\n"},
	{"something else bound to the namespace of xml",
		BYTES(HEAD "<a xmlns:p='" ENVOI_NS_XML "'/>"), MALFORMED},
	{"namespace of xml as default", BYTES(HEAD "<a xmlns='" ENVOI_NS_XML "'/>"), MALFORMED},
	{"xmlns bound", BYTES(HEAD "<a xmlns:xmlns='u'/>"), MALFORMED},
	{"namespace of xmlns bound", BYTES(HEAD "<a xmlns:p='http://www.w3.org/2000/xmlns/'/>"),
		MALFORMED},
	{"namespace of xmlns as default", BYTES(HEAD "<a xmlns='http://www.w3.org/2000/xmlns/'/>"),
		MALFORMED},
	{"prefix undone", BYTES(HEAD "<a xmlns:p=''/>"), MALFORMED},
	{"xmlns as a prefix of an element", BYTES(HEAD "<xmlns:a/>"), MALFORMED},
	{"two colons", BYTES(HEAD "<a:b:c xmlns:a='u'/>"), MALFORMED},
	{"colon first", BYTES(HEAD "<:a/>"), MALFORMED},
	{"colon last", BYTES(HEAD "<a: xmlns:a='u'/>"), MALFORMED},
	{"local name that begins with a digit", BYTES(HEAD "<a:1 xmlns:a='u'/>"), MALFORMED},
	{"colon in an attribute's local name", BYTES(HEAD "<a x:y:z='1' xmlns:x='u'/>"), MALFORMED},
	{"an attribute with a prefix is another",
		BYTES(HEAD "<iq xmlns:x='u' x:from='evil' from='me'/>"),
		HEAD_OUT "element <iq xmlns:ns1='u' ns1:from='evil' from='me'/>\n"},
	{"an attribute xmlns in a namespace declares nothing",
		BYTES(HEAD "<a xmlns:p='u' p:xmlns='jabber:evil'><b/></a>"),
		HEAD_OUT "element <a xmlns:ns1='u' ns1:xmlns='jabber:evil'><b/></a>\n"},
	{"a prefix for the namespace around makes another attribute",
		BYTES(HEAD "<iq xmlns:x='jabber:client' x:from='evil' from='me'/>"),
		HEAD_OUT "element <iq xmlns:ns1='jabber:client' ns1:from='evil' from='me'/>\n"},
	{"xml:lang and lang", BYTES(HEAD "<a lang='x' xml:lang='de'/>"),
		HEAD_OUT "element <a lang='x' xml:lang='de'/>\n"},
	{"blanks round a namespace name", BYTES(HEAD "<a xmlns=' jabber:client '/>"),
		HEAD_OUT "element <a xmlns=' jabber:client '/>\n"},
	{"a namespace name in other letters", BYTES(HEAD "<a xmlns='Jabber:client'/>"),
		HEAD_OUT "element <a xmlns='Jabber:client'/>\n"},
	{"a stanza in no namespace", BYTES(HEAD "<message xmlns=''/>"),
		HEAD_OUT "element <message xmlns=''/>\n"},
	{"a stanza that redeclares `stream`", BYTES(HEAD "<stream:error xmlns:stream='u'/>"),
		HEAD_OUT "element <error xmlns='u'/>\n"},
	{"end tag with another prefix of the same namespace",
		BYTES(HEAD "<p:a xmlns:p='u' xmlns:q='u'></q:a>"), MALFORMED},
	{"the stream's end within a stanza", BYTES(HEAD "<a></stream:stream></a>"), MALFORMED},
	{"the stream's end by another prefix",
		BYTES("<stream:stream xmlns:s='" ENVOI_NS_STREAMS
		      "' xmlns:stream='" ENVOI_NS_STREAMS "'></s:stream>"),
		"head  <stream:stream/>\nerror not-well-formed\n"},
	{"a second root", BYTES(HEAD "</stream:stream>" HEAD "<message/>"),
		HEAD_OUT "end\nerror not-well-formed\n"},
	{"a stream in the stream", BYTES(HEAD "<stream:stream>"), HEAD_OUT "error bad-format\n"},
	{"an empty stream in the stream", BYTES(HEAD "<stream:stream/>"),
		HEAD_OUT "error bad-format\n"},
	{"a stream in the stream, by a default namespace",
		BYTES(HEAD "<stream xmlns='" ENVOI_NS_STREAMS "'>"), HEAD_OUT "error bad-format\n"},
	{"a stream in the stream, by another prefix",
		BYTES(HEAD "<s:stream xmlns:s='" ENVOI_NS_STREAMS "'>"),
		HEAD_OUT "error bad-format\n"},
	{"a stream of another namespace in the stream", BYTES(HEAD "<stream/>"),
		HEAD_OUT "element <stream/>\n"},
	{"a stream in a stanza", BYTES(HEAD "<message><stream:stream/></message>"),
		HEAD_OUT
		"element <message><stream xmlns='http://etherx.jabber.org/streams'/></message>\n"},
};

static void s2_prefixes_and_namespaces_are_never_confused(void **state)
{
	(void)state;
	test_xml_conversations(context, s2, COUNT(s2));
}

/* libxml2 from 2.12 on reports at most 100 errors, and a prefix is one to it. */
static void s2_names_are_checked_behind_any_number_of_prefixes(void **state)
{
	(void)state;
	static const char *const names[] = {"a:b:c", ":a", "a:", "p:1", "p:b:c", "p::b", "&nbsp;",
		"p:b x='&nbsp;'", "p:b p:c:d='1'"};
	for (size_t i = 0; i < COUNT(names); i++) {
		struct envoi_buffer xml;
		envoi_buffer_init(&xml, context, 0);
		must(envoi_buffer_append_text(&xml, "<a xmlns:p='u'>"));
		for (int n = 0; n < 150; n++) {
			must(envoi_buffer_append_text(&xml, "<p:b p:x=''/>"));
		}
		struct envoi_element *element;
		must(envoi_buffer_printf(
			&xml, names[i][0] == '&' ? "%s</a>" : "<%s/></a>", names[i]));
		assert_int_equal(envoi_xml_parse(&element, context, envoi_buffer_data(&xml),
					 envoi_buffer_len(&xml), "jabber:client"),
			ENVOI_ERR_XML);
		envoi_buffer_finish(&xml);
	}
}

static void s2_an_attribute_is_found_by_its_whole_name(void **state)
{
	(void)state;
	struct envoi_element *iq;
	static const char xml[] = "<iq xmlns:x='urn:x' x:from='evil' from='me' x:to='evil'/>";
	must(envoi_xml_parse(&iq, context, xml, strlen(xml), "jabber:client"));
	assert_string_equal(envoi_element_attr(iq, "from"), "me");
	assert_string_equal(envoi_element_attr_ns(iq, "urn:x", "from"), "evil");
	assert_null(envoi_element_attr(iq, "to"));
	envoi_element_unref(iq);
}

/* --- another encoding --- */

static const struct test_xml_conversation s3[] = {
	{"byte order mark", BYTES("\xef\xbb\xbf" HEAD), "error not-well-formed\n"},
	{"UTF-16, big end first", BYTES("\xfe\xff\0<\0a"), "error unsupported-encoding\n"},
	{"UTF-16, little end first", BYTES("\xff\xfe<\0a\0"), "error unsupported-encoding\n"},
	{"UTF-16 without mark", BYTES("<\0?\0x\0"), "error unsupported-encoding\n"},
	{"UTF-32", BYTES("\0\0\0<"), "error unsupported-encoding\n"},
	{"another encoding", BYTES("<?xml version='1.0' encoding='ISO-8859-1'?>" HEAD),
		"error unsupported-encoding\n"},
	{"UTF-7", BYTES("<?xml version='1.0' encoding='UTF-7'?>" HEAD),
		"error unsupported-encoding\n"},
	{"XML 1.1", BYTES("<?xml version='1.1'?>" HEAD), "error not-well-formed\n"},
	{"declaration without version", BYTES("<?xml encoding='UTF-8'?>" HEAD),
		"error not-well-formed\n"},
	{"declaration behind white space", BYTES(" <?xml version='1.0'?>" HEAD),
		"error not-well-formed\n"},
	{"second declaration", BYTES(HEAD "<a/><?xml version='1.0'?>" HEAD),
		HEAD_OUT "element <a/>\nerror not-well-formed\n"},
	{"a stream in UTF-16", BYTES("\xff\xfe<\0s\0t\0r\0e\0a\0m\0>\0"),
		"error unsupported-encoding\n"},
	{"UTF-16 declared", BYTES("<?xml version='1.0' encoding='UTF-16'?>" HEAD),
		"error unsupported-encoding\n"},
	{"a name of UTF-8 that is none", BYTES("<?xml version='1.0' encoding='UTF8'?>" HEAD),
		"error unsupported-encoding\n"},
	{"no encoding", BYTES("<?xml version='1.0' encoding=''?>" HEAD),
		"error unsupported-encoding\n"},
	{"ASCII, which is UTF-8, but not what it is called",
		BYTES("<?xml version='1.0' encoding='US-ASCII'?>" HEAD),
		"error unsupported-encoding\n"},
	{"UTF-8 declared in small letters", BYTES("<?xml version='1.0' encoding='utf-8'?>" HEAD),
		HEAD_OUT},
	{"XML 1.0 with standalone", BYTES("<?xml version='1.0' standalone='yes'?>" HEAD), HEAD_OUT},
	{"XML 2.0", BYTES("<?xml version='2.0'?>" HEAD), "error not-well-formed\n"},
	{"no version", BYTES("<?xml version=''?>" HEAD), "error not-well-formed\n"},
	{"a declaration in another order", BYTES("<?xml encoding='UTF-8' version='1.0'?>" HEAD),
		"error not-well-formed\n"},
	{"a declaration without quotes", BYTES("<?xml version=1.0?>" HEAD),
		"error not-well-formed\n"},
	{"a declaration without a value", BYTES("<?xml version?>" HEAD), "error not-well-formed\n"},
	{"a declaration that ends at a value", BYTES("<?xml version=?>" HEAD),
		"error not-well-formed\n"},
	{"a declaration with half a value", BYTES("<?xml version='1.0?>" HEAD),
		"error not-well-formed\n"},
	{"a declaration with a second sign", BYTES("<?xml version=='1.0'?>" HEAD),
		"error not-well-formed\n"},
	{"a declaration with other quotes", BYTES("<?xml version=`1.0`?>" HEAD),
		"error not-well-formed\n"},
	{"a declaration without a blank", BYTES("<?xml version='1.0'encoding='UTF-8'?>" HEAD),
		"error not-well-formed\n"},
	{"a declaration without its second blank",
		BYTES("<?xml version='1.0' encoding='UTF-8'standalone='no'?>" HEAD),
		"error not-well-formed\n"},
	{"a declaration with more", BYTES("<?xml version='1.0' id='1'?>" HEAD),
		"error not-well-formed\n"},
	{"an encoding without quotes", BYTES("<?xml version='1.0' encoding=UTF-8?>" HEAD),
		"error not-well-formed\n"},
	{"half an encoding", BYTES("<?xml version='1.0' encoding='UTF-8?>" HEAD),
		"error not-well-formed\n"},
	{"a declaration of half an encoding", BYTES("<?xml version='1.0' encoding?>" HEAD),
		"error not-well-formed\n"},
	{"a declaration with another standalone",
		BYTES("<?xml version='1.0' standalone='maybe'?>" HEAD), "error not-well-formed\n"},
	{"a declaration twice standalone",
		BYTES("<?xml version='1.0' standalone='no' standalone='no'?>" HEAD),
		"error not-well-formed\n"},
	{"a declaration in capitals", BYTES("<?XML version='1.0'?>" HEAD),
		"error not-well-formed\n"},
	{"a declaration behind another", BYTES("<?xml version='1.0'?><?xml version='1.0'?>" HEAD),
		"error not-well-formed\n"},
	{"a declaration in a stanza", BYTES(HEAD "<a><?xml version='1.0' encoding='UTF-7'?></a>"),
		MALFORMED},
	{"a mark between stanzas", BYTES(HEAD "\xef\xbb\xbf<a/>"), HEAD_OUT "error bad-format\n"},
	{"a mark before a declaration", BYTES("\xef\xbb\xbf<?xml version='1.0'?>" HEAD),
		"error not-well-formed\n"},
	{"a mark in text is a character", BYTES(HEAD "<a>\xef\xbb\xbf</a>"),
		HEAD_OUT "element <a>\xef\xbb\xbf</a>\n"},
};

static void s3_only_utf8_and_xml_1_0_are_spoken(void **state)
{
	(void)state;
	test_xml_conversations(context, s3, COUNT(s3));
}

/* --- document types and entities --- */

static const struct test_xml_conversation s4[] = {
	{"document type", BYTES("<!DOCTYPE a [<!ENTITY b 'c'>]>" HEAD), "error restricted-xml\n"},
	{"document type behind the declaration", BYTES("<?xml version='1.0'?><!DOCTYPE a>" HEAD),
		"error restricted-xml\n"},
	{"entity in text", BYTES(HEAD "<a>&b;</a>"), HEAD_OUT "error restricted-xml\n"},
	{"entity in an attribute", BYTES(HEAD "<a b='&c;'/>"), HEAD_OUT "error restricted-xml\n"},
	{"a bomb of entities",
		BYTES("<!DOCTYPE a [<!ENTITY b 'bb'><!ENTITY c '&b;&b;'><!ENTITY d '&c;&c;'>]>" HEAD
		      "<a>&d;</a>"),
		"error restricted-xml\n"},
	{"an external subset", BYTES("<!DOCTYPE a SYSTEM 'file:///etc/passwd'>" HEAD),
		"error restricted-xml\n"},
	{"a document type between stanzas",
		BYTES(HEAD "<a/><!DOCTYPE a [<!ENTITY b 'c'>]><c>&b;</c>"),
		HEAD_OUT "element <a/>\nerror restricted-xml\n"},
	{"a document type in a stanza", BYTES(HEAD "<a><!DOCTYPE a></a>"), RESTRICTED},
	{"an entity declared in a stanza", BYTES(HEAD "<a><!ENTITY b 'c'></a>"), RESTRICTED},
	{"an element declared between stanzas", BYTES(HEAD "<!ELEMENT a ANY>"), RESTRICTED},
	{"a name of another entity", BYTES(HEAD "<a>&nbsp;</a>"), RESTRICTED},
	{"a predefined entity in capitals", BYTES(HEAD "<a>&AMP;</a>"), RESTRICTED},
	{"an entity in a namespace", BYTES(HEAD "<a xmlns='&b;'/>"), RESTRICTED},
	{"a parameter entity is text", BYTES(HEAD "<a>%b;</a>"), HEAD_OUT "element <a>%b;</a>\n"},
};

static void s4_document_types_and_entities_are_refused(void **state)
{
	(void)state;
	test_xml_conversations(context, s4, COUNT(s4));
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

static void s4_little_memory_is_taken_before_the_refusal(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(s4); i++) {
		struct envoi_buffer out;
		envoi_buffer_init(&out, context, 0);
		size_t level = memory();
		begin_to_measure();
		test_xml_trace(&out, context, NULL, s4[i].data, s4[i].len, 0, 0);
		assert_between(most_memory() - level, 1, 65536);
		envoi_buffer_finish(&out);
	}
}

/* --- comments and processing instructions --- */

static const struct test_xml_conversation s5[] = {
	{"comment", BYTES(HEAD "<a/><!-- x --><b/>"),
		HEAD_OUT "element <a/>\nerror restricted-xml\n"},
	{"comment in a stanza", BYTES(HEAD "<a>x<!-- x -->y</a>"),
		HEAD_OUT "error restricted-xml\n"},
	{"comment before the header", BYTES("<!-- x -->" HEAD), "error restricted-xml\n"},
	{"processing instruction", BYTES(HEAD "<a><?php?></a>"), HEAD_OUT "error restricted-xml\n"},
	{"processing instruction with xml in its name", BYTES("<?xml-stylesheet?>" HEAD),
		"error restricted-xml\n"},
	{"a comment that parts text", BYTES(HEAD "<from>me<!-- -->@evil</from>"), RESTRICTED},
	{"a comment that hides a tag", BYTES(HEAD "<a><!--></a><message/>--></a>"), RESTRICTED},
	{"a comment in an end tag", BYTES(HEAD "<a></a<!-- -->>"), MALFORMED},
	{"a comment in a start tag", BYTES(HEAD "<a <!-- --> b='1'/>"), MALFORMED},
	{"half the beginning of a comment", BYTES(HEAD "<a><!-x></a>"), RESTRICTED},
	{"a comment is no comment in CDATA", BYTES(HEAD "<a><![CDATA[<!-- -->]]></a>"),
		HEAD_OUT "element <a>&lt;!-- --&gt;</a>\n"},
	{"instruction between stanzas", BYTES(HEAD "<a/><?b c?><d/>"),
		HEAD_OUT "element <a/>\nerror restricted-xml\n"},
	{"instruction before the header", BYTES("<?b?>" HEAD), "error restricted-xml\n"},
	{"instruction without a name", BYTES(HEAD "<a><? b?></a>"), RESTRICTED},
	{"comment behind the end", BYTES(HEAD "</stream:stream><!-- -->"),
		HEAD_OUT "end\nerror not-well-formed\n"},
};

static void s5_comments_and_instructions_are_refused(void **state)
{
	(void)state;
	test_xml_conversations(context, s5, COUNT(s5));
}

#define TEST(function) cmocka_unit_test_setup_teardown(function, setup, teardown)

int main(int argc, char **argv)
{
	libxml_memory_install();
	const struct CMUnitTest tests[] = {
		TEST(s1_malformed_utf8_is_refused_wherever_it_stands),
		TEST(s1_characters_and_references_are_what_xml_says),
		TEST(s2_prefixes_and_namespaces_are_never_confused),
		TEST(s2_names_are_checked_behind_any_number_of_prefixes),
		TEST(s2_an_attribute_is_found_by_its_whole_name),
		TEST(s3_only_utf8_and_xml_1_0_are_spoken),
		TEST(s4_document_types_and_entities_are_refused),
		TEST(s4_little_memory_is_taken_before_the_refusal),
		TEST(s5_comments_and_instructions_are_refused),
	};
	cmocka_set_test_filter(argc > 1 ? argv[1] : NULL);
	return cmocka_run_group_tests_name("xml/incidents", tests, NULL, NULL);
}
