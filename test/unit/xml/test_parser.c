/*
 * envoi - tests of the stream parser; see test_incidents.c for what it has to refuse most of all
 * SPDX-License-Identifier: MIT
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <envoi/envoi.h>

#include "xml_trace.h"

#define HEAD "<stream:stream xmlns='jabber:client' xmlns:stream='" ENVOI_NS_STREAMS "'>"
#define HEAD_OUT "head jabber:client <stream:stream/>\n"
#define MALFORMED HEAD_OUT "error not-well-formed\n"

static const struct test_xml_conversation conversations[] = {
	{"a header, a stanza and the end",
		BYTES("<?xml version='1.0'?>" HEAD
		      "<message><body>hi</body></message></stream:stream>"),
		HEAD_OUT "element <message><body>hi</body></message>\nend\n"},
	{"white space wherever it is allowed",
		BYTES("<?xml  version = \"1.0\" encoding='utf-8' ?>\r\n \t" HEAD
		      " \n <a/>\r\n<b\n/>\t</stream:stream \n>\n\n"),
		HEAD_OUT "element <a/>\nelement <b/>\nend\n"},
	{"the header's attributes and namespace",
		BYTES("<stream:stream id='1' xml:lang='de' from='a&amp;b' xmlns:stream='" ENVOI_NS_STREAMS
		      "' xmlns='urn:x'><a/>"),
		"head urn:x <stream:stream id='1' xml:lang='de' from='a&amp;b'/>\n"
		"element <a xmlns='urn:x'/>\n"},
	{"entities and character references",
		BYTES(HEAD
			"<a b='&lt;&gt;&amp;&apos;&quot;&#9;&#x10FFFF;'>&lt;&gt;&amp;&apos;&quot;&#13;</a>"),
		HEAD_OUT "element <a b='&lt;&gt;&amp;&apos;&quot;&#9;\xf4\x8f\xbf\xbf'>"
			 "&lt;&gt;&amp;'\"&#13;</a>\n"},
	{"CDATA as text", BYTES(HEAD "<a>x<![CDATA[<&]]]]><![CDATA[>]]>y<![CDATA[]]></a>"),
		HEAD_OUT "element <a>x&lt;&amp;]]&gt;y</a>\n"},
	{"attribute values and line ends as XML normalises them",
		BYTES(HEAD "<a b='x\ty\nz'>1\r\n2\r3</a>"),
		HEAD_OUT "element <a b='x y z'>1&#10;2&#10;3</a>\n"},
	{"line ends in CDATA",
		BYTES(HEAD "<a><![CDATA[\r1\r\n2\r\r3\r]]><![CDATA[\n]]>\r<![CDATA[\n\r]]></a>"),
		HEAD_OUT "element <a>&#10;1&#10;2&#10;&#10;3&#10;&#10;&#10;&#10;&#10;</a>\n"},
	{"prefixes and defaults, nested and undone",
		BYTES(HEAD "<x:a xmlns:x='u1'><b xmlns='u2'><x:c/><d xmlns=''/><e/></b>"
			   "<x:f xmlns:x='u3' x:y='1' xmlns:z='u3' y='2'/><g/></x:a><h/>"),
		HEAD_OUT "element <a xmlns='u1'><b xmlns='u2'><c xmlns='u1'/><d xmlns=''/><e/></b>"
			 "<ns1:f xmlns:ns1='u3' ns1:y='1' y='2'/><g xmlns='jabber:client'/></a>\n"
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
	{"a reference to a blank between stanzas", BYTES(HEAD "<a/>&#32;<b/>"),
		HEAD_OUT "element <a/>\nerror bad-format\n"},
	{"an end before the header", BYTES("</stream:stream>"), "error not-well-formed\n"},
	{"a name that begins as the root's", BYTES(HEAD "<a/></stream:streams>"),
		HEAD_OUT "element <a/>\nerror not-well-formed\n"},
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

static void streams_are_understood_or_refused_the_same_wherever_they_are_cut(void **state)
{
	(void)state;
	test_xml_conversations(
		context, conversations, sizeof(conversations) / sizeof(conversations[0]));
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(streams_are_understood_or_refused_the_same_wherever_they_are_cut),
	};
	cmocka_set_test_filter(argc > 1 ? argv[1] : NULL);
	return cmocka_run_group_tests_name("xml/parser", tests, setup, teardown);
}
