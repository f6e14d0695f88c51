/*
 * envoi - tests of writing XML
 * SPDX-License-Identifier: MIT
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include <envoi/envoi.h>

#include "between.h"
#include "xml/element.h"

static struct envoi_context *context;
static struct envoi_buffer out;

static int setup(void **state)
{
	(void)state;
	int r = envoi_context_new(&context, NULL);
	envoi_buffer_init(&out, context, 0);
	return r;
}

static int teardown(void **state)
{
	(void)state;
	envoi_buffer_finish(&out);
	envoi_context_unref(context);
	return 0;
}

static int clear(void **state)
{
	(void)state;
	envoi_buffer_finish(&out);
	return 0;
}

static void assert_out(const char *expected)
{
	assert_int_equal(envoi_buffer_append(&out, "", 1), ENVOI_OK);
	assert_string_equal(envoi_buffer_data(&out), expected);
	envoi_buffer_finish(&out);
}

static void assert_written(
	struct envoi_element *element, const char *default_ns, const char *expected)
{
	assert_int_equal(envoi_xml_write(&out, element, default_ns), ENVOI_OK);
	assert_out(expected);
}

/* --- the form --- */

static void characters_with_a_meaning_in_xml_are_escaped(void **state)
{
	(void)state;
	struct envoi_element *a = envoi_element_new(context, "", "a");
	envoi_element_set(a, "b", "&<>'\"\t\n\r \xc3\xa4");
	envoi_element_add_text(a, "&<>'\"\t\n\r ]]> \xc3\xa4");
	assert_written(a, NULL,
		"<a b='&amp;&lt;&gt;&apos;&quot;&#9;&#10;&#13; \xc3\xa4'>"
		"&amp;&lt;&gt;'\"\t&#10;&#13; ]]&gt; \xc3\xa4</a>");
	envoi_element_unref(a);
}

static const char *escaped(char byte, bool is_in_attribute)
{
	switch (byte) {
	case '&':
		return "&amp;";
	case '<':
		return "&lt;";
	case '>':
		return "&gt;";
	case '\n':
		return "&#10;";
	case '\r':
		return "&#13;";
	case '\'':
		return is_in_attribute ? "&apos;" : NULL;
	case '"':
		return is_in_attribute ? "&quot;" : NULL;
	case '\t':
		return is_in_attribute ? "&#9;" : NULL;
	default:
		return NULL;
	}
}

/* The text itself, with the byte at a place replaced where it needs it. */
static void append_escaped(char *to, const char *text, size_t at, bool is_in_attribute)
{
	const char *instead = escaped(text[at], is_in_attribute);
	strncat(to, text, at + (instead == NULL));
	strcat(to, instead != NULL ? instead : "");
	strcat(to, text + at + 1);
}

static void assert_escaped(char byte, size_t at)
{
	char text[] = "\xc3\xa4 plain text \xe2\x82\xac and more", expected[128] = "<a b='";
	struct envoi_element *a = envoi_element_new(context, "", "a");
	text[at] = byte;
	envoi_element_set(a, "b", text);
	envoi_element_add_text(a, text);
	append_escaped(expected, text, at, true);
	strcat(expected, "'>");
	append_escaped(expected, text, at, false);
	strcat(expected, "</a>");
	assert_written(a, NULL, expected);
	envoi_element_unref(a);
}

/* Between the two characters that are not ASCII. */
static void each_byte_is_escaped_at_each_place(void **state)
{
	(void)state;
	for (size_t at = 2; at < 14; at++) {
		assert_escaped('\t', at);
		assert_escaped('\n', at);
		assert_escaped('\r', at);
		for (char byte = 0x20; byte < 0x7f; byte++) {
			assert_escaped(byte, at);
		}
	}
}

static void a_namespace_is_declared_where_it_changes(void **state)
{
	(void)state;
	struct envoi_element *a = envoi_element_new(context, "urn:a", "a");
	envoi_element_add(envoi_element_add(a, NULL, "b"), "", "c");
	envoi_element_add(a, "urn:b", "d");
	assert_written(a, "urn:a", "<a><b><c xmlns=''/></b><d xmlns='urn:b'/></a>");
	assert_written(
		a, "jabber:client", "<a xmlns='urn:a'><b><c xmlns=''/></b><d xmlns='urn:b'/></a>");
	assert_written(a, NULL, "<a xmlns='urn:a'><b><c xmlns=''/></b><d xmlns='urn:b'/></a>");
	envoi_element_unref(a);
}

static void attributes_in_namespaces_have_prefixes_by_their_number(void **state)
{
	(void)state;
	struct envoi_element *a = envoi_element_new(context, "", "a");
	envoi_element_set(a, "x", "0");
	envoi_element_set_ns(a, "urn:1", "x", "1");
	envoi_element_set_ns(a, "urn:2", "x", "2");
	envoi_element_set_ns(a, "urn:1", "y", "3");
	envoi_element_set_ns(a, ENVOI_NS_XML, "lang", "en");
	assert_written(a, NULL,
		"<a x='0' xmlns:ns2='urn:1' ns2:x='1' xmlns:ns3='urn:2' ns3:x='2' ns2:y='3' "
		"xml:lang='en'/>");
	envoi_element_unref(a);
}

/* RFC 6120, section 4.8.5; RFC 7395, section 3.3.3 for those outside a stream */
/* Some servers keep one declaration of a namespace in a tag and lose the other. */
static void a_namespace_is_declared_once_in_a_tag(void **state)
{
	(void)state;
	struct envoi_element *a = envoi_element_new(context, "urn:u", "a");
	envoi_element_set(a, "one", "1");
	envoi_element_set_ns(a, "urn:u", "two", "2");
	envoi_element_set_ns(a, "urn:u", "three", "3");
	envoi_element_add_text(envoi_element_add(a, NULL, "b"), "text");
	envoi_element_add(a, "urn:outer", "c");
	static const char expected[] = "<ns2:a xmlns:ns2='urn:u' one='1' ns2:two='2' ns2:three='3'>"
				       "<b xmlns='urn:u'>text</b><c/></ns2:a>";
	assert_written(a, "urn:outer", expected);
	assert_written(a, "urn:u",
		"<a one='1' xmlns:ns2='urn:u' ns2:two='2' ns2:three='3'>"
		"<b>text</b><c xmlns='urn:outer'/></a>");
	struct envoi_xml_writer *writer = envoi_xml_writer_new(&out, "urn:outer");
	envoi_xml_open(writer, "urn:u", "a");
	envoi_xml_attr(writer, "one", "1");
	envoi_xml_attr_ns(writer, "urn:u", "two", "2");
	envoi_xml_attr_ns(writer, "urn:u", "three", "3");
	envoi_xml_open(writer, NULL, "b");
	envoi_xml_text(writer, "text");
	envoi_xml_close(writer);
	envoi_xml_open(writer, "urn:outer", "c");
	envoi_xml_close(writer);
	envoi_xml_close(writer);
	assert_int_equal(envoi_xml_writer_finish(writer), ENVOI_OK);
	assert_out(expected);
	envoi_element_unref(a);
}

static void stream_elements_have_the_prefix_that_the_header_binds(void **state)
{
	(void)state;
	struct envoi_element *features = envoi_element_new(context, ENVOI_NS_STREAMS, "features");
	envoi_element_add(features, "jabber:client", "a");
	envoi_element_add(features, NULL, "b");
	assert_written(features, "jabber:client",
		"<stream:features><a/><b xmlns='" ENVOI_NS_STREAMS "'/></stream:features>");
	assert_written(features, NULL,
		"<stream:features xmlns:stream='" ENVOI_NS_STREAMS "'><a xmlns='jabber:client'/>"
		"<b xmlns='" ENVOI_NS_STREAMS "'/></stream:features>");
	envoi_element_unref(features);
}

static void a_header_is_written_without_its_end(void **state)
{
	(void)state;
	struct envoi_element *head = envoi_element_new(context, ENVOI_NS_STREAMS, "stream");
	envoi_element_set(head, "to", "a'b");
	envoi_element_set_ns(head, ENVOI_NS_XML, "lang", "en");
	assert_int_equal(envoi_xml_write_head(&out, head, "jabber:client"), ENVOI_OK);
	assert_out(
		"<?xml version='1.0'?><stream:stream xmlns='jabber:client' xmlns:stream='" ENVOI_NS_STREAMS
		"' to='a&apos;b' xml:lang='en'>");
	assert_int_equal(envoi_xml_write_head(&out, head, "urn:\x01"), ENVOI_ERR_INVALID);
	envoi_element_unref(head);
	struct envoi_element *other = envoi_element_new(context, "", "stream");
	assert_int_equal(envoi_xml_write_head(&out, other, "jabber:client"), ENVOI_ERR_INVALID);
	envoi_element_unref(other);
}

static void a_tree_that_failed_is_not_written(void **state)
{
	(void)state;
	struct envoi_element *a = envoi_element_new(context, "", "a");
	envoi_element_set(a, "b", "\x01");
	assert_int_equal(envoi_xml_write(&out, a, NULL), ENVOI_ERR_INVALID);
	assert_int_equal(envoi_xml_write(&out, NULL, NULL), ENVOI_ERR_NOMEM);
	assert_int_equal(envoi_buffer_len(&out), 0);
	envoi_element_unref(a);
}

static void a_full_buffer_is_as_it_was(void **state)
{
	(void)state;
	struct envoi_buffer limited;
	envoi_buffer_init(&limited, context, 20);
	struct envoi_element *a = envoi_element_new(context, "", "a");
	envoi_element_add_text(a, "a text that is too long");
	assert_int_equal(envoi_buffer_append(&limited, "before", 6), ENVOI_OK);
	assert_int_equal(envoi_xml_write(&limited, a, NULL), ENVOI_ERR_FULL);
	assert_int_equal(envoi_buffer_len(&limited), 6);
	envoi_element_unref(a);
	envoi_buffer_finish(&limited);
}

static void a_limited_buffer_is_used_to_its_last_byte(void **state)
{
	(void)state;
	struct envoi_element *a = envoi_element_new(context, "", "a");
	envoi_element_add_text(a, "a text that just fits");
	static const char expected[] = "<a>a text that just fits</a>";
	for (size_t missing = 0; missing < 2; missing++) {
		struct envoi_buffer limited;
		envoi_buffer_init(&limited, context, strlen(expected) - missing);
		assert_int_equal(envoi_xml_write(&limited, a, NULL),
			missing > 0 ? ENVOI_ERR_FULL : ENVOI_OK);
		assert_int_equal(envoi_buffer_len(&limited), missing > 0 ? 0 : strlen(expected));
		envoi_buffer_finish(&limited);
	}
	envoi_element_unref(a);
}

/* --- without a tree --- */

static void elements_are_written_as_they_come(void **state)
{
	(void)state;
	struct envoi_element *part = envoi_element_new(context, "urn:b", "part");
	struct envoi_xml_writer *writer = envoi_xml_writer_new(&out, "jabber:client");
	envoi_xml_open(writer, "jabber:client", "a");
	envoi_xml_attr(writer, "id", "1");
	envoi_xml_attr(writer, "absent", NULL);
	envoi_xml_attr_ns(writer, "urn:x", "y", "2");
	envoi_xml_open(writer, "urn:b", "b");
	envoi_xml_text(writer, "<");
	envoi_xml_open(writer, NULL, "c");
	envoi_xml_close(writer);
	envoi_xml_element(writer, part);
	envoi_xml_close(writer);
	envoi_xml_close(writer);
	envoi_xml_open(writer, ENVOI_NS_STREAMS, "error");
	envoi_xml_close(writer);
	envoi_xml_open(writer, NULL, "d");
	envoi_xml_close(writer);
	assert_int_equal(envoi_xml_writer_finish(writer), ENVOI_OK);
	assert_out("<a id='1' xmlns:ns2='urn:x' ns2:y='2'><b xmlns='urn:b'>&lt;<c/><part/></b></a>"
		   "<stream:error/><d/>");
	envoi_element_unref(part);
}

/* As for trees, whether that element has a prefix or not. */
static void no_namespace_means_that_of_the_element_around(void **state)
{
	(void)state;
	struct envoi_element *tree = envoi_element_new(context, ENVOI_NS_STREAMS, "error");
	envoi_element_add(envoi_element_add(tree, NULL, "a"), NULL, "b");
	assert_written(tree, "jabber:client",
		"<stream:error><a xmlns='" ENVOI_NS_STREAMS "'><b/></a></stream:error>");
	envoi_element_unref(tree);
	struct envoi_xml_writer *writer = envoi_xml_writer_new(&out, "jabber:client");
	envoi_xml_open(writer, ENVOI_NS_STREAMS, "error");
	envoi_xml_open(writer, NULL, "a");
	envoi_xml_open(writer, NULL, "b");
	envoi_xml_close(writer);
	envoi_xml_close(writer);
	envoi_xml_close(writer);
	assert_int_equal(envoi_xml_writer_finish(writer), ENVOI_OK);
	assert_out("<stream:error><a xmlns='" ENVOI_NS_STREAMS "'><b/></a></stream:error>");
}

static void absent_values_are_not_written(void **state)
{
	(void)state;
	struct envoi_element *part = envoi_element_new(context, "", "part");
	envoi_xml_open(NULL, "", "a");
	envoi_xml_attr(NULL, "b", "c");
	envoi_xml_attr_ns(NULL, "urn:x", "b", "c");
	envoi_xml_text(NULL, "text");
	envoi_xml_element(NULL, part);
	envoi_xml_close(NULL);
	assert_int_equal(envoi_xml_writer_finish(NULL), ENVOI_ERR_NOMEM);
	struct envoi_xml_writer *writer = envoi_xml_writer_new(&out, NULL);
	envoi_xml_open(writer, "", "a");
	envoi_xml_attr(writer, "b", NULL);
	envoi_xml_text(writer, NULL);
	envoi_xml_text(writer, "");
	envoi_xml_close(writer);
	assert_int_equal(envoi_xml_writer_finish(writer), ENVOI_OK);
	assert_out("<a/>");
	envoi_element_unref(part);
}

enum call {
	OPEN_BAD_NAME,
	OPEN_BAD_NS,
	BAD_ATTR_NAME,
	ATTR_XMLNS,
	BAD_ATTR_NS,
	BAD_VALUE,
	ATTR_TWICE,
	ATTR_NS_TWICE,
	LATE_ATTR,
	BAD_TEXT,
	TEXT_OUTSIDE,
	CLOSE_TOO_OFTEN,
	CLOSE_TOO_SELDOM,
	BROKEN_TREE,
	NO_TREE,
	CALLS,
};

static void misuse(struct envoi_xml_writer *writer, enum call call)
{
	struct envoi_element *broken;
	switch (call) {
	case OPEN_BAD_NAME:
		envoi_xml_open(writer, "", "a:b");
		break;
	case OPEN_BAD_NS:
		envoi_xml_open(writer, ENVOI_NS_XML, "a");
		break;
	case BAD_ATTR_NAME:
		envoi_xml_attr(writer, "a b", "c");
		break;
	case ATTR_XMLNS:
		envoi_xml_attr(writer, "xmlns", "c");
		break;
	case BAD_ATTR_NS:
		envoi_xml_attr_ns(writer, "http://www.w3.org/2000/xmlns/", "a", "c");
		break;
	case BAD_VALUE:
		envoi_xml_attr(writer, "a", "\xc0\xbc");
		break;
	case ATTR_TWICE:
		envoi_xml_attr(writer, "a", "1");
		envoi_xml_attr(writer, "a", "1");
		break;
	case ATTR_NS_TWICE:
		envoi_xml_attr_ns(writer, "urn:x", "a", "1");
		envoi_xml_attr_ns(writer, "urn:x", "a", "1");
		break;
	case LATE_ATTR:
		envoi_xml_text(writer, "text");
		envoi_xml_attr(writer, "a", "1");
		break;
	case BAD_TEXT:
		envoi_xml_text(writer, "\x1f");
		break;
	case TEXT_OUTSIDE:
		envoi_xml_close(writer);
		envoi_xml_text(writer, "text");
		envoi_xml_open(writer, "", "b");
		break;
	case CLOSE_TOO_OFTEN:
		envoi_xml_close(writer);
		envoi_xml_close(writer);
		break;
	case CLOSE_TOO_SELDOM:
		envoi_xml_open(writer, "", "b");
		break;
	case BROKEN_TREE:
		broken = envoi_element_new(context, "", "b");
		envoi_element_add_text(broken, "\x1f");
		envoi_xml_element(writer, broken);
		envoi_element_unref(broken);
		break;
	case NO_TREE:
		envoi_xml_element(writer, NULL);
		break;
	case CALLS:
		break;
	}
}

static void misuse_sticks_and_leaves_the_buffer_as_it_was(void **state)
{
	(void)state;
	assert_int_equal(envoi_buffer_append(&out, "before", 6), ENVOI_OK);
	for (int call = 0; call < CALLS; call++) {
		struct envoi_xml_writer *writer = envoi_xml_writer_new(&out, NULL);
		envoi_xml_open(writer, "", "a");
		misuse(writer, (enum call)call);
		envoi_xml_close(writer);
		assert_between(-envoi_xml_writer_finish(writer), 1, 1000);
		assert_int_equal(envoi_buffer_len(&out), 6);
	}
}

/* --- round trips --- */

static uint64_t seed;

static uint32_t roll(uint32_t sides)
{
	seed = seed * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
	return (uint32_t)(seed >> 33) % sides;
}

#define PICK(words) (words)[roll(sizeof(words) / sizeof((words)[0]))]

static const char *const namespaces[] = {
	"", "jabber:client", "urn:x", "urn:y", ENVOI_NS_STREAMS, "a 'b' <c> & \xc3\xa4\n"};
static const char *const names[] = {"a", "body", "xml", "_",
	("\xc3\xa4.-\xc2\xb7"
	 "9"),
	"stream", "unknown"};
static const char *const texts[] = {"", " ", "x", "&", "<", ">", "]]>", "'", "\"", "\t", "\n", "\r",
	"\r\n", "\xc3\xa4", "\xef\xbf\xbd", "\xf4\x8f\xbf\xbf", "\x7f",
	"a longer text, of many words"};

static void random_attrs(struct envoi_element *element)
{
	for (uint32_t i = roll(6); i > 0; i--) {
		const char *ns = roll(3) != 0 ? "" : roll(3) != 0 ? PICK(namespaces) : ENVOI_NS_XML;
		envoi_element_set_ns(element, ns, PICK(names), PICK(texts));
	}
}

static struct envoi_element *random_tree(void)
{
	struct envoi_element *root = envoi_element_new(context, PICK(namespaces), PICK(names));
	struct envoi_element *at = root;
	random_attrs(root);
	for (uint32_t i = roll(40); i > 0; i--) {
		switch (roll(5)) {
		case 0:
		case 1:
			at = envoi_element_add(
				at, roll(2) != 0 ? NULL : PICK(namespaces), PICK(names));
			random_attrs(at);
			break;
		case 2:
		case 3:
			envoi_element_add_text(at, PICK(texts));
			break;
		default:
			at = at == root ? root : envoi_element_parent(at);
			break;
		}
	}
	return root;
}

static bool equal_attrs(const struct envoi_element *a, const struct envoi_element *b)
{
	if (a->attr_count != b->attr_count) {
		return false;
	}
	for (size_t i = 0; i < a->attr_count; i++) {
		const struct envoi__attr *x = &a->attrs[i], *y = &b->attrs[i];
		if (strcmp(x->ns, y->ns) != 0 || strcmp(x->name, y->name) != 0 ||
			strcmp(x->value, y->value) != 0) {
			return false;
		}
	}
	return true;
}

static bool equal(const struct envoi_element *a, const struct envoi_element *b)
{
	if (!envoi_element_is(a, b->ns, b->name) || !equal_attrs(a, b)) {
		return false;
	}
	const struct envoi__node *x = a->first, *y = b->first;
	for (; x != NULL && y != NULL; x = x->next, y = y->next) {
		bool is_same = x->text != NULL && y->text != NULL
			? strcmp(x->text, y->text) == 0
			: x->text == NULL && y->text == NULL &&
				equal((const struct envoi_element *)x,
					(const struct envoi_element *)y);
		if (!is_same) {
			return false;
		}
	}
	return x == NULL && y == NULL;
}

static void written_output_is_parsed_to_an_equal_tree(void **state)
{
	(void)state;
	for (seed = 1; seed < 4000; seed += 1) {
		uint64_t kept = seed;
		struct envoi_element *tree = random_tree(), *parsed = NULL;
		const char *default_ns = roll(2) != 0 ? "jabber:client" : PICK(namespaces);
		assert_int_equal(envoi_xml_write(&out, tree, default_ns), ENVOI_OK);
		assert_int_equal(envoi_xml_parse(&parsed, context, envoi_buffer_data(&out),
					 envoi_buffer_len(&out), default_ns),
			ENVOI_OK);
		assert_true(equal(tree, parsed));
		struct envoi_element *copy = envoi_element_dup(parsed);
		assert_true(equal(tree, copy));
		envoi_element_unref(copy);
		envoi_element_unref(parsed);
		envoi_element_unref(tree);
		envoi_buffer_finish(&out);
		seed = kept;
	}
}

static void write_in_calls(struct envoi_xml_writer *writer, const struct envoi_element *element)
{
	envoi_xml_open(writer, element->ns, element->name);
	for (size_t i = 0; i < element->attr_count; i++) {
		const struct envoi__attr *attr = &element->attrs[i];
		envoi_xml_attr_ns(writer, attr->ns, attr->name, attr->value);
	}
	for (const struct envoi__node *node = element->first; node != NULL; node = node->next) {
		if (node->text != NULL) {
			envoi_xml_text(writer, node->text);
		} else {
			write_in_calls(writer, (const struct envoi_element *)node);
		}
	}
	envoi_xml_close(writer);
}

static void calls_write_the_same_as_trees(void **state)
{
	(void)state;
	struct envoi_buffer other;
	envoi_buffer_init(&other, context, 0);
	for (seed = 1; seed < 2000; seed += 1) {
		uint64_t kept = seed;
		struct envoi_element *tree = random_tree();
		const char *default_ns = PICK(namespaces);
		struct envoi_xml_writer *writer = envoi_xml_writer_new(&out, default_ns);
		write_in_calls(writer, tree);
		assert_int_equal(envoi_xml_writer_finish(writer), ENVOI_OK);
		assert_int_equal(envoi_xml_write(&other, tree, default_ns), ENVOI_OK);
		assert_int_equal(envoi_buffer_append(&other, "", 1), ENVOI_OK);
		assert_out(envoi_buffer_data(&other));
		envoi_buffer_finish(&other);
		envoi_element_unref(tree);
		seed = kept;
	}
}

static void trees_may_be_of_any_depth(void **state)
{
	(void)state;
	enum {
		DEPTH = 200000
	};
	struct envoi_element *root = envoi_element_new(context, "urn:deep", "a"), *at = root;
	for (int i = 0; i < DEPTH; i++) {
		at = envoi_element_add(at, NULL, "a");
	}
	struct envoi_element *copy = envoi_element_dup(root);
	assert_int_equal(envoi_element_error(copy), ENVOI_OK);
	assert_int_equal(envoi_xml_write(&out, copy, NULL), ENVOI_OK);
	assert_int_equal(envoi_buffer_len(&out),
		strlen("<a xmlns='urn:deep'>") + DEPTH * 7 + strlen("</a>") - strlen("<a></a>") +
			strlen("<a/>"));
	struct envoi_xml_writer *writer = envoi_xml_writer_new(&out, NULL);
	for (int i = 0; i < DEPTH; i++) {
		envoi_xml_open(writer, "urn:deep", "a");
	}
	for (int i = 0; i < DEPTH; i++) {
		envoi_xml_close(writer);
	}
	assert_int_equal(envoi_xml_writer_finish(writer), ENVOI_OK);
	envoi_element_unref(copy);
	envoi_element_unref(root);
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_teardown(characters_with_a_meaning_in_xml_are_escaped, clear),
		cmocka_unit_test_teardown(each_byte_is_escaped_at_each_place, clear),
		cmocka_unit_test_teardown(a_namespace_is_declared_where_it_changes, clear),
		cmocka_unit_test_teardown(
			attributes_in_namespaces_have_prefixes_by_their_number, clear),
		cmocka_unit_test_teardown(a_namespace_is_declared_once_in_a_tag, clear),
		cmocka_unit_test_teardown(
			stream_elements_have_the_prefix_that_the_header_binds, clear),
		cmocka_unit_test_teardown(a_header_is_written_without_its_end, clear),
		cmocka_unit_test_teardown(a_tree_that_failed_is_not_written, clear),
		cmocka_unit_test_teardown(a_full_buffer_is_as_it_was, clear),
		cmocka_unit_test_teardown(a_limited_buffer_is_used_to_its_last_byte, clear),
		cmocka_unit_test_teardown(elements_are_written_as_they_come, clear),
		cmocka_unit_test_teardown(no_namespace_means_that_of_the_element_around, clear),
		cmocka_unit_test_teardown(absent_values_are_not_written, clear),
		cmocka_unit_test_teardown(misuse_sticks_and_leaves_the_buffer_as_it_was, clear),
		cmocka_unit_test_teardown(written_output_is_parsed_to_an_equal_tree, clear),
		cmocka_unit_test_teardown(calls_write_the_same_as_trees, clear),
		cmocka_unit_test_teardown(trees_may_be_of_any_depth, clear),
	};
	cmocka_set_test_filter(argc > 1 ? argv[1] : NULL);
	return cmocka_run_group_tests_name("xml/writer", tests, setup, teardown);
}
