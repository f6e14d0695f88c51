/*
 * envoi - tests: names and text are judged alike when they are set and when they are parsed
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

enum {
	LAST = 0x10ffff,
	PER_NAME = 300, /* in a document */
	PER_TEXT = 1000,
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

/* Surrogates too, in three bytes. @return behind it */
static char *put(char *at, uint32_t c)
{
	if (c < 0x80) {
		*at++ = (char)c;
	} else if (c < 0x800) {
		*at++ = (char)(0xc0 | c >> 6);
	} else if (c < 0x10000) {
		*at++ = (char)(0xe0 | c >> 12);
	} else {
		*at++ = (char)(0xf0 | c >> 18);
		*at++ = (char)(0x80 | (c >> 12 & 0x3f));
	}
	if (c >= 0x800) {
		*at++ = (char)(0x80 | (c >> 6 & 0x3f));
	}
	if (c >= 0x80) {
		*at++ = (char)(0x80 | (c & 0x3f));
	}
	*at = '\0';
	return at;
}

static bool is_parsed(const char *before, const char *middle, const char *after)
{
	char xml[8 * PER_TEXT];
	struct envoi_element *element = NULL;
	int len = snprintf(xml, sizeof(xml), "%s%s%s", before, middle, after);
	int r = envoi_xml_parse(&element, context, xml, (size_t)len, NULL);
	envoi_element_unref(element);
	return r == ENVOI_OK;
}

static bool is_name(const char *name)
{
	struct envoi_element *element = envoi_element_new(context, "", name);
	bool is_good = envoi_element_error(element) == ENVOI_OK;
	envoi_element_unref(element);
	return is_good;
}

/* Characters that may stand behind `before` are many: some at a time. Of the others each is alone
 * in its document, but for the last two planes, which have no names: some of those. */
static void assert_same_names(const char *before)
{
	char name[8], many[16 * PER_NAME], *end = many;
	size_t count = 0;
	for (uint32_t c = 1; c <= LAST; c++) {
		put(name + strlen(strcpy(name, before)), c);
		bool is_good = is_name(name);
		if (is_good) {
			end += snprintf(end, sizeof(many) - (size_t)(end - many), "<%s/>", name);
			count++;
		}
		if (!is_good && (c < 0xf0000 || c % 0x1000 < 2) && is_parsed("<", name, "b/>")) {
			fail_msg("\"%s\", U+%04X: the parser takes it", before, (unsigned int)c);
		}
		if (end > many && (count % PER_NAME == 0 || c == LAST)) {
			if (!is_parsed("<a>", many, "</a>")) {
				fail_msg("before U+%04X: the parser refuses one", (unsigned int)c);
			}
			end = many;
		}
	}
	assert_true(count > 0xe0000 && count < 0xf0000);
}

static void first_characters_of_names_are_those_of_the_parser(void **state)
{
	(void)state;
	assert_same_names("");
}

static void later_characters_of_names_are_those_of_the_parser(void **state)
{
	(void)state;
	assert_same_names("a");
}

static bool comes_back(const char *text)
{
	struct envoi_buffer out;
	struct envoi_element *parsed = NULL, *a = envoi_element_new(context, "", "a");
	envoi_buffer_init(&out, context, 0);
	envoi_element_add_text(envoi_element_set(a, "b", text), text);
	bool is_same = envoi_xml_write(&out, a, NULL) == ENVOI_OK &&
		envoi_xml_parse(&parsed, context, envoi_buffer_data(&out), envoi_buffer_len(&out),
			NULL) == ENVOI_OK &&
		strcmp(envoi_element_attr(parsed, "b"), text) == 0 &&
		strcmp(envoi_element_text(parsed), text) == 0;
	envoi_element_unref(parsed);
	envoi_element_unref(a);
	envoi_buffer_finish(&out);
	return is_same;
}

static bool is_text(const char *text)
{
	struct envoi_element *a = envoi_element_new(context, "", "a");
	bool is_good = envoi_element_add_text(a, text) != NULL;
	envoi_element_unref(a);
	return is_good;
}

static void text_is_of_every_character_that_the_parser_takes(void **state)
{
	(void)state;
	char one[8], many[4 * PER_TEXT + 8], *end = many;
	size_t count = 0;
	for (uint32_t c = 1; c <= LAST; c++) {
		put(one, c);
		if (!is_text(one)) {
			assert_false(is_parsed("<a>", one, "</a>"));
			assert_false(is_parsed("<a b='", one, "'/>"));
			continue;
		}
		end = put(end, c);
		if (++count % PER_TEXT == 0 || c == LAST) {
			assert_true(comes_back(many));
			end = many;
		}
	}
	assert_int_equal(count, 0x20 - 29 + 0xd800 - 0x20 + 0xfffe - 0xe000 + 0x100000);
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(first_characters_of_names_are_those_of_the_parser),
		cmocka_unit_test(later_characters_of_names_are_those_of_the_parser),
		cmocka_unit_test(text_is_of_every_character_that_the_parser_takes),
	};
	cmocka_set_test_filter(argc > 1 ? argv[1] : NULL);
	return cmocka_run_group_tests_name("xml/chars", tests, setup, teardown);
}
