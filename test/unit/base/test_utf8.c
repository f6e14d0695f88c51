/*
 * envoi - tests of the check of UTF-8
 * SPDX-License-Identifier: MIT
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/utf8.h"

static bool is_char(uint32_t c)
{
	return c == '\t' || c == '\n' || c == '\r' || (c >= 0x20 && c <= 0xd7ff) ||
		(c >= 0xe000 && c <= 0xfffd) || (c >= 0x10000 && c <= 0x10ffff);
}

/* RFC 3629, the long way */
static size_t encode(uint32_t c, char *to)
{
	if (c < 0x80) {
		to[0] = (char)c;
		return 1;
	}
	size_t len = c < 0x800 ? 2 : c < 0x10000 ? 3 : 4;
	for (size_t i = len; i-- > 1; c >>= 6) {
		to[i] = (char)(0x80 | (c & 0x3f));
	}
	to[0] = (char)((0xf00u >> len & 0xf0) | c);
	return len;
}

static void every_character_is_judged_as_xml_does(void **state)
{
	(void)state;
	for (uint32_t c = 0; c < 0x120000; c++) {
		char text[5];
		size_t len = encode(c, text);
		if (envoi__utf8_valid(text, len) != is_char(c)) {
			fail_msg("U+%04X", (unsigned int)c);
		}
	}
}

/* Of all sequences of three bytes the valid ones are those that some characters encode to. */
static void nothing_else_is_valid(void **state)
{
	(void)state;
	size_t valid = 0, characters = 0;
	for (uint32_t i = 0; i < 0x1000000; i++) {
		char text[3] = {(char)(i >> 16), (char)(i >> 8), (char)i};
		if ((i >> 16) >= 0x80) {
			valid += envoi__utf8_valid(text, 3);
		}
	}
	for (uint32_t c = 0x800; c < 0x10000; c++) {
		characters += is_char(c);
	}
	characters += (0x800 - 0x80) * (0x60 + 3); /* two bytes, then one of ASCII */
	assert_int_equal(valid, characters);
}

static void a_cut_changes_nothing(void **state)
{
	(void)state;
	static const char text[] =
		"ASCII that is longer than a few words, \xc3\xa4 \xe2\x82\xac \xf0\x9f"
		"\x98\x80, and then \xed\xa0\x80 what is wrong";
	struct envoi__utf8 whole = {0};
	size_t good = envoi__utf8_check(&whole, text, strlen(text));
	assert_string_equal(text + good, "\xa0\x80 what is wrong");
	for (size_t cut = 0; cut < good; cut++) {
		struct envoi__utf8 state_of_parts = {0};
		assert_int_equal(envoi__utf8_check(&state_of_parts, text, cut), cut);
		assert_int_equal(envoi__utf8_check(&state_of_parts, text + cut, strlen(text) - cut),
			good - cut);
	}
}

static void an_odd_byte_is_found_at_every_offset(void **state)
{
	(void)state;
	char text[100];
	for (size_t i = 0; i < sizeof(text); i++) {
		static const char odd[] = {0x00, 0x01, 0x1f, (char)0x80, (char)0xff};
		for (size_t k = 0; k < sizeof(odd); k++) {
			memset(text, 'x', sizeof(text));
			text[i] = odd[k];
			struct envoi__utf8 fresh = {0};
			assert_int_equal(envoi__utf8_check(&fresh, text, sizeof(text)), i);
		}
	}
}

static void characters_are_not_cut_in_two(void **state)
{
	(void)state;
	static const char text[] = "a\xc3\xa4\xf0\x9f\x98\x80z";
	static const size_t expected[] = {0, 1, 1, 3, 3, 3, 3, 7, 8};
	for (size_t len = 0; len <= strlen(text); len++) {
		assert_int_equal(envoi__utf8_cut(text, len), expected[len]);
	}
	assert_int_equal(envoi__utf8_cut("a\xff", 2), 1);
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_character_is_judged_as_xml_does),
		cmocka_unit_test(nothing_else_is_valid),
		cmocka_unit_test(a_cut_changes_nothing),
		cmocka_unit_test(an_odd_byte_is_found_at_every_offset),
		cmocka_unit_test(characters_are_not_cut_in_two),
	};
	cmocka_set_test_filter(argc > 1 ? argv[1] : NULL);
	return cmocka_run_group_tests_name("base/utf8", tests, NULL, NULL);
}
