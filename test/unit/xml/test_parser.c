/*
 * envoi - tests of the stream parser
 * SPDX-License-Identifier: MIT
 */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <string.h>

#include <cmocka.h>

#include <envoi/envoi.h>

#include "xml_trace.h"

#define HEAD "<stream:stream xmlns='jabber:client' xmlns:stream='" ENVOI_NS_STREAMS "'>"
#define HEAD_OUT "head jabber:client <stream:stream/>\n"
#define MALFORMED HEAD_OUT "error not-well-formed\n"

struct conversation {
	const char *name, *data;
	size_t len;
	const char *expected;
};

#define BYTES(text) text, sizeof(text) - 1

static const struct conversation conversations[] = {
	{"a header, a stanza and the end",
		BYTES("<?xml version='1.0'?>" HEAD "<message><body>hi</body></message></stream:stream>"),
		HEAD_OUT "element <message><body>hi</body></message>\nend\n"},
	{"white space wherever it is allowed",
		BYTES("<?xml  version = \"1.0\" encoding='utf-8' ?>\r\n \t" HEAD
		      " \n <a/>\r\n<b\n/>\t</stream:stream \n>\n\n"),
		HEAD_OUT "element <a/>\nelement <b/>\nend\n"},
	{"the header's attributes and namespace",
		BYTES("<stream:stream id='1' xml:lang='de' from='a&amp;b' xmlns:stream='"
		ENVOI_NS_STREAMS "' xmlns='urn:x'><a/>"),
		"head urn:x <stream:stream id='1' xml:lang='de' from='a&amp;b'/>\n"
		"element <a xmlns='urn:x'/>\n"},
	{"entities and character references",
		BYTES(HEAD "<a b='&lt;&gt;&amp;&apos;&quot;&#9;&#x10FFFF;'>&lt;&gt;&amp;&apos;&quot;&#13;</a>"),
		HEAD_OUT "element <a b='&lt;&gt;&amp;&apos;&quot;&#9;\xf4\x8f\xbf\xbf'>"
			 "&lt;&gt;&amp;'\"&#13;</a>\n"},
	{"CDATA as text", BYTES(HEAD "<a>x<![CDATA[<&]]]]><![CDATA[>]]>y<![CDATA[]]></a>"),
		HEAD_OUT "element <a>x&lt;&amp;]]&gt;y</a>\n"},
	{"attribute values and line ends as XML normalises them",
		BYTES(HEAD "<a b='x\ty\nz'>1\r\n2\r3</a>"),
		HEAD_OUT "element <a b='x y z'>1\n2\n3</a>\n"},
	{"line ends in CDATA",
		BYTES(HEAD "<a><![CDATA[\r1\r\n2\r\r3\r]]><![CDATA[\n]]>\r<![CDATA[\n\r]]></a>"),
		HEAD_OUT "element <a>\n1\n2\n\n3\n\n\n\n\n</a>\n"},
	{"prefixes and defaults, nested and undone",
		BYTES(HEAD "<x:a xmlns:x='u1'><b xmlns='u2'><x:c/><d xmlns=''/><e/></b>"
			   "<x:f xmlns:x='u3' x:y='1' xmlns:z='u3' y='2'/><g/></x:a><h/>"),
		HEAD_OUT "element <a xmlns='u1'><b xmlns='u2'><c xmlns='u1'/><d xmlns=''/><e/></b>"
			 "<f xmlns='u3' xmlns:ns1='u3' ns1:y='1' y='2'/><g xmlns='jabber:client'/></a>\n"
			 "element <h/>\n"},
	{"stream elements", BYTES(HEAD "<stream:features><a xmlns='u'/></stream:features>"),
		HEAD_OUT "element <stream:features><a xmlns='u'/></stream:features>\n"},
	{"a stream that ends in its header",
		BYTES("<stream:stream xmlns:stream='" ENVOI_NS_STREAMS "'/>"),
		"head  <stream:stream/>\nend\n"},
	{"`>` in values and text", BYTES(HEAD "<a b='>' c=\"/>\">></a>"),
		HEAD_OUT "element <a b='&gt;' c='/&gt;'>&gt;</a>\n"},
	{"namespace names that are no URIs",
		BYTES(HEAD "<a xmlns='not a URI: \xc3\xa4'/><b xmlns='rel'/>"),
		HEAD_OUT "element <a xmlns='not a URI: \xc3\xa4'/>\nelement <b xmlns='rel'/>\n"},

	/* RFC 6120, section 11.1 */
	{"comment", BYTES(HEAD "<a/><!-- x --><b/>"),
		HEAD_OUT "element <a/>\nerror restricted-xml\n"},
	{"comment in a stanza", BYTES(HEAD "<a>x<!-- x -->y</a>"),
		HEAD_OUT "error restricted-xml\n"},
	{"comment before the header", BYTES("<!-- x -->" HEAD), "error restricted-xml\n"},
	{"processing instruction", BYTES(HEAD "<a><?php?></a>"), HEAD_OUT "error restricted-xml\n"},
	{"processing instruction with xml in its name", BYTES("<?xml-stylesheet?>" HEAD),
		"error restricted-xml\n"},
	{"document type", BYTES("<!DOCTYPE a [<!ENTITY b 'c'>]>" HEAD), "error restricted-xml\n"},
	{"document type behind the declaration", BYTES("<?xml version='1.0'?><!DOCTYPE a>" HEAD),
		"error restricted-xml\n"},
	{"entity in text", BYTES(HEAD "<a>&b;</a>"), HEAD_OUT "error restricted-xml\n"},
	{"entity in an attribute", BYTES(HEAD "<a b='&c;'/>"), HEAD_OUT "error restricted-xml\n"},

	/* section 11.6, and XML 1.0 */
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

	/* the header */
	{"text before the header", BYTES("x" HEAD), "error not-well-formed\n"},
	{"header in no namespace", BYTES("<stream/>"), "error invalid-namespace\n"},
	{"header in another namespace", BYTES("<stream:stream xmlns:stream='jabber:client'>"),
		"error invalid-namespace\n"},
	{"header with another name", BYTES("<stream:strem xmlns:stream='" ENVOI_NS_STREAMS "'>"),
		"error bad-format\n"},
	{"header with another prefix", BYTES("<s:stream xmlns:s='" ENVOI_NS_STREAMS "'>"),
		"error bad-namespace-prefix\n"},
	{"header without prefix", BYTES("<stream xmlns='" ENVOI_NS_STREAMS "'>"),
		"error bad-namespace-prefix\n"},
	{"header with an undeclared prefix", BYTES("<stream:stream xmlns='jabber:client'>"),
		"error not-well-formed\n"},

	/* between and behind stanzas */
	{"text between stanzas", BYTES(HEAD "<a/> x<b/>"),
		HEAD_OUT "element <a/>\nerror bad-format\n"},
	{"CDATA between stanzas", BYTES(HEAD "<![CDATA[ ]]>"), HEAD_OUT "error bad-format\n"},
	{"another root's end", BYTES(HEAD "<a/></stream>"),
		HEAD_OUT "element <a/>\nerror not-well-formed\n"},
	{"content behind the end", BYTES(HEAD "</stream:stream><a/>"),
		HEAD_OUT "end\nerror not-well-formed\n"},
	{"text behind the end", BYTES(HEAD "</stream:stream> x"),
		HEAD_OUT "end\nerror not-well-formed\n"},

	/* well-formedness */
	{"mismatched tags", BYTES(HEAD "<a/><b><c></b></c>"),
		HEAD_OUT "element <a/>\nerror not-well-formed\n"},
	{"mismatched first-level tags", BYTES(HEAD "<a></b>"), MALFORMED},
	{"`<` in an attribute", BYTES(HEAD "<a b='<'/>"), MALFORMED},
	{"`<` in a tag", BYTES(HEAD "<a <b/>"), MALFORMED},
	{"attribute without quotes", BYTES(HEAD "<a b=c/>"), MALFORMED},
	{"attribute without value", BYTES(HEAD "<a b/>"), MALFORMED},
	{"attributes without space between", BYTES(HEAD "<a b='1'c='2'/>"), MALFORMED},
	{"attribute twice", BYTES(HEAD "<a b='1' b='1'/>"), MALFORMED},
	{"`]]>` in text", BYTES(HEAD "<a>]]></a>"), MALFORMED},
	{"lone ampersand", BYTES(HEAD "<a>b & c</a>"), MALFORMED},
	{"reference that does not end before the next tag", BYTES(HEAD "<a>&<b/></a>"), MALFORMED},
	{"reference that seems to end behind a tag", BYTES(HEAD "<a>&b<c/>;</a>"), MALFORMED},
	{"reference to a control character", BYTES(HEAD "<a>&#1;</a>"), MALFORMED},
	{"reference to NUL", BYTES(HEAD "<a b='&#0;'/>"), MALFORMED},
	{"empty tag", BYTES(HEAD "<></>"), MALFORMED},
	{"space before a name", BYTES(HEAD "< a/>"), MALFORMED},
	{"end tag with attribute", BYTES(HEAD "<a></a b='c'>"), MALFORMED},
	{"slash and space", BYTES(HEAD "<a/ >"), MALFORMED},
	{"malformed CDATA", BYTES(HEAD "<a><![CDAT[x]]></a>"), MALFORMED},

	/* namespaces */
	{"undeclared prefix", BYTES(HEAD "<a/><p:message/>"),
		HEAD_OUT "element <a/>\nerror not-well-formed\n"},
	{"undeclared prefix of an attribute", BYTES(HEAD "<a p:x='1'/>"), MALFORMED},
	{"prefix that is not in force any more", BYTES(HEAD "<a><b xmlns:p='u'/><p:c/></a>"),
		MALFORMED},
	{"two attributes with one expanded name",
		BYTES(HEAD "<a xmlns:p='u' xmlns:q='u' p:x='1' q:x='2'/>"), MALFORMED},
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
	{"namespace of xmlns as default",
		BYTES(HEAD "<a xmlns='http://www.w3.org/2000/xmlns/'/>"), MALFORMED},
	{"prefix undone", BYTES(HEAD "<a xmlns:p=''/>"), MALFORMED},
	{"xmlns as a prefix of an element", BYTES(HEAD "<xmlns:a/>"), MALFORMED},
	{"two colons", BYTES(HEAD "<a:b:c xmlns:a='u'/>"), MALFORMED},
	{"colon first", BYTES(HEAD "<:a/>"), MALFORMED},
	{"colon last", BYTES(HEAD "<a: xmlns:a='u'/>"), MALFORMED},
	{"local name that begins with a digit", BYTES(HEAD "<a:1 xmlns:a='u'/>"), MALFORMED},
	{"colon in an attribute's local name", BYTES(HEAD "<a x:y:z='1' xmlns:x='u'/>"), MALFORMED},

	/* UTF-8 */
	{"UTF-8 of every length", BYTES(HEAD "<a>\xc3\xa4\xe2\x82\xac\xf0\x9f\x98\x80</a>"),
		HEAD_OUT "element <a>\xc3\xa4\xe2\x82\xac\xf0\x9f\x98\x80</a>\n"},
	{"overlong `<`", BYTES(HEAD "<a>\xc0\xbc</a>"), MALFORMED},
	{"overlong, three bytes", BYTES(HEAD "<a>\xe0\x80\xbc</a>"), MALFORMED},
	{"surrogate", BYTES(HEAD "<a>\xed\xa0\x80</a>"), MALFORMED},
	{"beyond Unicode", BYTES(HEAD "<a>\xf4\x90\x80\x80</a>"), MALFORMED},
	{"lead byte before a tag", BYTES(HEAD "<a>\xe2</a>"), MALFORMED},
	{"lead byte before a quote", BYTES(HEAD "<a b='\xe2'/>"), MALFORMED},
	{"lead byte in a name", BYTES(HEAD "<a\xe2/>"), MALFORMED},
	{"continuation alone", BYTES(HEAD "<a>\x80</a>"), MALFORMED},
	{"U+FFFF", BYTES(HEAD "<a>\xef\xbf\xbf</a>"), MALFORMED},
	{"control character", BYTES(HEAD "<a>\x01</a>"), MALFORMED},
	{"NUL in text", BYTES(HEAD "<a>x\0y</a>"), MALFORMED},
	{"NUL between stanzas", BYTES(HEAD "<a/>\0<b/>"),
		HEAD_OUT "element <a/>\nerror not-well-formed\n"},
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

static void assert_trace(const struct conversation *c, size_t first, size_t piece)
{
	struct envoi_buffer out;
	envoi_buffer_init(&out, context, 0);
	test_xml_trace(&out, context, NULL, c->data, c->len, first, piece);
	if (strcmp(envoi_buffer_data(&out), c->expected) != 0) {
		print_error("%s (first %zu, then %zu):\n%s", c->name, first, piece,
			envoi_buffer_data(&out));
	}
	assert_string_equal(envoi_buffer_data(&out), c->expected);
	envoi_buffer_finish(&out);
}

static void streams_are_understood_or_refused_the_same_wherever_they_are_cut(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(conversations) / sizeof(conversations[0]); i++) {
		const struct conversation *c = &conversations[i];
		assert_trace(c, 0, 0);
		assert_trace(c, 0, 1);
		for (size_t first = 1; first < c->len; first++) {
			assert_trace(c, first, 0);
			assert_trace(c, first, 3);
		}
	}
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(streams_are_understood_or_refused_the_same_wherever_they_are_cut),
	};
	cmocka_set_test_filter(argc > 1 ? argv[1] : NULL);
	return cmocka_run_group_tests_name("xml/parser", tests, setup, teardown);
}
