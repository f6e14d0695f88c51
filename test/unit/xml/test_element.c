/*
 * envoi - tests of element trees
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

#include "xml/element.h"
#include "xml/language.h"

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

static void assert_written(
	const struct envoi_element *element, const char *default_ns, const char *expected)
{
	struct envoi_buffer out;
	envoi_buffer_init(&out, context, 0);
	assert_int_equal(envoi_xml_write(&out, element, default_ns), ENVOI_OK);
	assert_int_equal(envoi_buffer_append(&out, "", 1), ENVOI_OK);
	assert_string_equal(envoi_buffer_data(&out), expected);
	envoi_buffer_finish(&out);
}

static struct envoi_element *parse(const char *xml, const char *default_ns)
{
	struct envoi_element *element = NULL;
	assert_int_equal(
		envoi_xml_parse(&element, context, xml, strlen(xml), default_ns), ENVOI_OK);
	return element;
}

static void a_tree_is_built_read_and_written(void **state)
{
	(void)state;
	struct envoi_element *iq = envoi_element_new(context, "jabber:client", "iq");
	envoi_element_set(envoi_element_set(iq, "type", "get"), "id", "1");
	struct envoi_element *query = envoi_element_add(iq, "jabber:iq:roster", "query");
	envoi_element_add_with_text(query, NULL, "item", "a<b");
	envoi_element_add_with_text(query, "urn:x", "other", "c");
	envoi_element_add_with_text(query, NULL, "nothing", NULL);
	assert_int_equal(envoi_element_error(iq), ENVOI_OK);
	assert_string_equal(envoi_element_attr(iq, "id"), "1");
	assert_null(envoi_element_attr(iq, "to"));
	assert_ptr_equal(envoi_element_child(iq, "jabber:iq:roster", "query"), query);
	assert_null(envoi_element_child(iq, NULL, "query"));
	assert_string_equal(envoi_element_text(envoi_element_child(query, NULL, "item")), "a<b");
	assert_string_equal(envoi_element_text(query), "");
	assert_ptr_equal(envoi_element_parent(query), iq);
	assert_written(iq, "jabber:client",
		"<iq type='get' id='1'><query xmlns='jabber:iq:roster'><item>a&lt;b</item>"
		"<other xmlns='urn:x'>c</other></query></iq>");
	envoi_element_unref(iq);
}

static const char *nth_name(char name[16], unsigned int i)
{
	snprintf(name, 16, "a%u", i);
	return name;
}

/* The names stand in the order of setting; an attribute of that name in a namespace is another. */
static void assert_attributes(
	const struct envoi_element *element, unsigned int first, unsigned int count)
{
	char name[16];
	const char *ns, *attr, *value;
	size_t position = 0;
	for (unsigned int i = first; i < first + count; i++) {
		assert_true(envoi_element_next_attr(element, &position, &ns, &attr, &value));
		assert_string_equal(attr, nth_name(name, i / 2));
		assert_string_equal(ns, i % 2 == 0 ? "" : "urn:p");
		assert_string_equal(value, i % 2 == 0 ? "2" : "3");
		assert_string_equal(envoi_element_attr_ns(element, ns, attr), value);
	}
	assert_false(envoi_element_next_attr(element, &position, &ns, &attr, &value));
}

static void many_attributes_are_set_replaced_and_removed(void **state)
{
	(void)state;
	enum {
		MANY = 150
	};
	char name[16];
	struct envoi_element *element = envoi_element_new(context, "", "a");
	for (unsigned int round = 0; round < 3; round++) {
		for (unsigned int i = 0; i < MANY; i++) {
			nth_name(name, i);
			envoi_element_set(element, name, round == 2 ? "2" : "x");
			envoi_element_set_ns(element, "urn:p", name, round == 2 ? "3" : "");
		}
	}
	assert_attributes(element, 0, 2 * MANY);
	for (unsigned int i = 0; i < MANY; i++) {
		envoi_element_set(element, nth_name(name, i), NULL);
		envoi_element_set(element, "none", NULL);
		envoi_element_set_ns(element, "urn:p", name, NULL);
		assert_attributes(element, 2 * i + 2, 2 * (MANY - i) - 2);
	}
	envoi_element_set(element, "a0", "2");
	assert_attributes(element, 0, 1);
	envoi_element_unref(element);
}

static void a_reference_to_a_child_keeps_the_tree(void **state)
{
	(void)state;
	struct envoi_element *message = parse(
		"<message to='x'><body>hi</body></message>", "jabber:client");
	struct envoi_element *body = envoi_element_ref(envoi_element_first(message));
	envoi_element_unref(message);
	assert_string_equal(envoi_element_text(body), "hi");
	assert_string_equal(envoi_element_attr(envoi_element_parent(body), "to"), "x");
	envoi_element_unref(body);
}

static void assert_fails(struct envoi_element *root, const char *problem)
{
	assert_int_equal(envoi_element_error(root), ENVOI_ERR_INVALID);
	assert_string_equal(envoi_element_problem(root), problem);
	assert_null(envoi_element_add(root, NULL, "child"));
	envoi_element_unref(root);
}

static void a_failure_names_its_place(void **state)
{
	(void)state;
	assert_fails(envoi_element_new(context, ENVOI_NS_XML, "a"),
		"invalid: no element may have the name \"a\" in the namespace "
		"\"http://www.w3.org/XML/1998/namespace\"");
	assert_fails(envoi_element_new(context, "", "\x1b[2Jb\xff"),
		"invalid: no element may have the name \"?[2Jb?\" in the namespace \"\"");
	struct envoi_element *a = envoi_element_new(context, "", "a"), *b = a;
	assert_string_equal(envoi_element_problem(a), envoi_error_text(ENVOI_OK));
	assert_string_equal(envoi_element_problem(NULL), envoi_error_text(ENVOI_ERR_NOMEM));
	for (int i = 0; i < 4; i++) {
		b = envoi_element_add(b, NULL, "b");
	}
	envoi_element_set(b, "c", "\x7f\x02");
	struct envoi_element *copy = envoi_element_dup(a);
	assert_fails(copy, ".../b/b/b/b: attribute c: U+0002 at byte 1 is not allowed in XML");
	struct envoi_element *around = envoi_element_new(context, "", "z");
	envoi_element_add_copy(around, a);
	assert_fails(around, "z: .../b/b/b/b: attribute c: U+0002 at byte 1 is not allowed in XML");
	envoi_element_unref(a);
	a = envoi_element_new(context, "", "a");
	envoi_element_add_text(a, NULL);
	assert_fails(a, "a: the text is NULL");
}

static void a_tree_that_xml_forbids_cannot_be_built(void **state)
{
	(void)state;
	static const char *const names[] = {
		"", "a b", "a:b", "1", "-a", "a>", "\xc3", "a\xef\xbf\xbf", "xml:a"};
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		struct envoi_element *a = envoi_element_new(context, "", "a");
		struct envoi_element *root = envoi_element_new(context, "", names[i]);
		assert_int_equal(envoi_element_error(root), ENVOI_ERR_INVALID);
		envoi_element_unref(root);
		assert_null(envoi_element_add(a, NULL, names[i]));
		assert_int_equal(envoi_element_error(a), ENVOI_ERR_INVALID);
		a = envoi_element_unref(a);
		a = envoi_element_new(context, "", "a");
		assert_null(envoi_element_set(a, names[i], "b"));
		assert_int_equal(envoi_element_error(a), ENVOI_ERR_INVALID);
		envoi_element_unref(a);
	}
	static const char *const texts[] = {
		"\x01", "\xff", "\xed\xa0\x80", "\xef\xbf\xbe", "a\x0b"};
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		struct envoi_element *a = envoi_element_new(context, "", "a");
		assert_null(envoi_element_add_text(a, texts[i]));
		assert_null(envoi_element_add(a, NULL, "fine"));
		assert_int_equal(envoi_element_error(a), ENVOI_ERR_INVALID);
		envoi_element_unref(a);
	}
	struct envoi_element *a = envoi_element_new(context, "http://www.w3.org/2000/xmlns/", "a");
	assert_int_equal(envoi_element_error(a), ENVOI_ERR_INVALID);
	envoi_element_unref(a);
	a = envoi_element_new(context, "", "a");
	assert_null(envoi_element_set(a, "xmlns", "b"));
	envoi_element_unref(a);
}

static void texts_are_joined(void **state)
{
	(void)state;
	struct envoi_element *a = parse("<a>one<b/>two<c/>three</a>", NULL);
	assert_string_equal(envoi_element_text(a), "onetwothree");
	assert_string_equal(envoi_element_name(envoi_element_next(envoi_element_first(a))), "c");
	envoi_element_add_text(a, "four");
	assert_string_equal(envoi_element_text(a), "onetwothreefour");
	envoi_element_unref(a);
}

static void joined_text_stays_where_it_is(void **state)
{
	(void)state;
	struct envoi_element *a = envoi_element_new(context, "", "a");
	envoi_element_add_text(a, "one");
	envoi_element_add(a, NULL, "b");
	envoi_element_add_text(a, "two");
	const char *joined = envoi_element_text(a);
	assert_string_equal(joined, "onetwo");
	assert_ptr_equal(envoi_element_text(a), joined);
	envoi_element_add_text(a, "three");
	assert_string_equal(envoi_element_text(a), "onetwothree");
	assert_string_equal(joined, "onetwo");
	envoi_element_unref(a);
}

static void languages_are_inherited(void **state)
{
	(void)state;
	struct envoi_element *a = parse(
		"<a xml:lang='en'><b><c xml:lang='de'><d xml:lang=''/></c></b></a>", NULL);
	struct envoi_element *b = envoi_element_first(a);
	assert_string_equal(envoi_element_lang(b), "en");
	assert_string_equal(envoi_element_lang(envoi_element_first(b)), "de");
	assert_null(envoi_element_lang(envoi_element_first(envoi_element_first(b))));
	struct envoi_element *copy = envoi_element_dup(b);
	assert_string_equal(envoi_element_lang(copy), "en");
	envoi_element_unref(copy);
	envoi_element_unref(a);
}

static void copies_are_independent_and_may_go_into_their_own_source(void **state)
{
	(void)state;
	struct envoi_element *a = parse("<a x='1'>t<b><c/></b></a>", "urn:a");
	struct envoi_element *b = envoi_element_first(a);
	assert_non_null(envoi_element_add_copy(envoi_element_first(b), a));
	assert_written(
		a, NULL, "<a xmlns='urn:a' x='1'>t<b><c><a x='1'>t<b><c/></b></a></c></b></a>");
	envoi_element_unref(a);
}

static void a_tightened_copy_is_equal_and_small(void **state)
{
	(void)state;
	struct envoi_element *a = parse("<a x='1'>t<b><c/></b></a>", "urn:a");
	size_t before = a->tree->arena.total;
	a = envoi__element_tighten(a);
	assert_written(a, NULL, "<a xmlns='urn:a' x='1'>t<b><c/></b></a>");
	assert_true(a->tree->arena.total < before / 2);
	assert_ptr_equal(a->tree->arena.next, a->tree->arena.end);
	envoi_element_unref(a);
	assert_null(envoi__element_tighten(NULL));
}

static void the_first_error_of_a_tree_stays(void **state)
{
	(void)state;
	struct envoi_element *a = envoi_element_new(context, "urn:a", "a");
	envoi_element_set(a, "x", "\x01");
	char first[200];
	snprintf(first, sizeof(first), "%s", envoi_element_problem(a));
	assert_non_null(strstr(first, "x"));
	envoi_element_set(a, "second", "\x02");
	assert_int_equal(envoi_element_error(a), ENVOI_ERR_INVALID);
	envoi__element_refuse(a, "%s", "another");
	assert_string_equal(envoi_element_problem(a), first);
	envoi_element_unref(a);
}

/* RFC 5646, section 2.1.1: of ASCII letters alone. */
static void languages_are_compared_without_regard_to_case(void **state)
{
	(void)state;
	for (int a = 0x21; a < 0x7f; a++) {
		for (int b = 0x21; b < 0x7f; b++) {
			if (a == '-' || b == '-') {
				continue;
			}
			const char x[] = {(char)a, '\0'}, y[] = {(char)b, '\0'};
			struct envoi_element *element = envoi_element_new(context, "urn:a", "a");
			envoi_element_set_ns(element, ENVOI_NS_XML, "lang", x);
			bool are_letters = (a | 0x20) >= 'a' && (a | 0x20) <= 'z';
			bool are_equal = a == b || (are_letters && (a ^ b) == 0x20);
			assert_int_equal(envoi__element_suits(element, y) >= 4, are_equal);
			envoi_element_unref(element);
		}
	}
}

static void text_of_a_length_that_cannot_be_is_out_of_memory(void **state)
{
	static const size_t lens[] = {SIZE_MAX / 4 + 1, SIZE_MAX / 2, SIZE_MAX - 1, SIZE_MAX};
	(void)state;
	for (size_t i = 0; i < sizeof(lens) / sizeof(lens[0]); i++) {
		struct envoi_element *a = envoi_element_new(context, "urn:a", "a");
		assert_int_equal(envoi__element_append(a, "x", lens[i]), ENVOI_ERR_NOMEM);
		envoi_element_unref(a);
	}
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_failure_names_its_place),
		cmocka_unit_test(a_tightened_copy_is_equal_and_small),
		cmocka_unit_test(a_tree_is_built_read_and_written),
		cmocka_unit_test(many_attributes_are_set_replaced_and_removed),
		cmocka_unit_test(a_reference_to_a_child_keeps_the_tree),
		cmocka_unit_test(a_tree_that_xml_forbids_cannot_be_built),
		cmocka_unit_test(texts_are_joined),
		cmocka_unit_test(joined_text_stays_where_it_is),
		cmocka_unit_test(languages_are_inherited),
		cmocka_unit_test(the_first_error_of_a_tree_stays),
		cmocka_unit_test(languages_are_compared_without_regard_to_case),
		cmocka_unit_test(text_of_a_length_that_cannot_be_is_out_of_memory),
		cmocka_unit_test(copies_are_independent_and_may_go_into_their_own_source),
	};
	cmocka_set_test_filter(argc > 1 ? argv[1] : NULL);
	return cmocka_run_group_tests_name("xml/element", tests, setup, teardown);
}
