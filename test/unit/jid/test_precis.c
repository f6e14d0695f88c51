/*
 * envoi - PRECIS: tests
 * SPDX-License-Identifier: MIT
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <unicase.h>
#include <unictype.h>
#include <uninorm.h>
#include <unistr.h>

#include <envoi/context.h>
#include <envoi/precis.h>

#include "jid/codepoint.h"
#include "test_allocator.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static int setup(void **state)
{
	struct envoi_context *context;
	assert_int_equal(envoi_context_new(&context, NULL), ENVOI_OK);
	*state = context;
	return 0;
}

static int teardown(void **state)
{
	envoi_context_unref(*state);
	return 0;
}

#define USERNAME ENVOI_PRECIS_USERNAME_CASE_MAPPED
#define PRESERVED ENVOI_PRECIS_USERNAME_CASE_PRESERVED
#define OPAQUE ENVOI_PRECIS_OPAQUE_STRING
#define NICKNAME ENVOI_PRECIS_NICKNAME
#define COMPARED ENVOI_PRECIS_NICKNAME_COMPARED

struct row {
	enum envoi_precis_profile profile;
	const char *text, *result; /* NULL: refused */
	enum envoi_precis_problem problem;
};

static void assert_rows(void **state, const struct row *rows, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		char *result = NULL;
		size_t len = 0;
		enum envoi_precis_problem problem;
		int r = envoi_precis_enforce(&result, &len, *state, rows[i].profile, rows[i].text,
			strlen(rows[i].text), &problem);
		assert_int_equal(r, rows[i].result != NULL ? ENVOI_OK : ENVOI_ERR_INVALID);
		assert_int_equal(problem, rows[i].problem);
		if (rows[i].result != NULL) {
			assert_string_equal(result, rows[i].result);
			assert_int_equal(len, strlen(rows[i].result));
		}
		envoi_free(*state, result);
	}
}

/* RFC 8265, sections 3.5 and 4.3 */
static void the_examples_of_rfc_8265(void **state)
{
	static const struct row rows[] = {
		{USERNAME, "juliet@example.com", "juliet@example.com", 0},
		{USERNAME, "fussball", "fussball", 0},
		{USERNAME, "fu\u00dfball", "fu\u00dfball", 0},
		{USERNAME, "\u03c0", "\u03c0", 0},
		{USERNAME, "\u03a3", "\u03c3", 0},
		{USERNAME, "\u03c3", "\u03c3", 0},
		{USERNAME, "\u03c2", "\u03c2", 0},
		{PRESERVED, "\u03a3", "\u03a3", 0},
		{USERNAME, "foo bar", NULL, ENVOI_PRECIS_DISALLOWED},
		{USERNAME, "", NULL, ENVOI_PRECIS_EMPTY},
		{USERNAME, "henry\u2163", NULL, ENVOI_PRECIS_DISALLOWED},
		{USERNAME, "\u265a", NULL, ENVOI_PRECIS_DISALLOWED},
		{OPAQUE, "correct horse battery staple", "correct horse battery staple", 0},
		{OPAQUE, "Correct Horse Battery Staple", "Correct Horse Battery Staple", 0},
		{OPAQUE, "\u03c0\u00df\u00e5", "\u03c0\u00df\u00e5", 0},
		{OPAQUE, "Jack of \u2666s", "Jack of \u2666s", 0},
		{OPAQUE, "foo\u1680bar", "foo bar", 0},
		{OPAQUE, "", NULL, ENVOI_PRECIS_EMPTY},
		{OPAQUE, "my cat is a \tby", NULL, ENVOI_PRECIS_DISALLOWED},
	};
	assert_rows(state, rows, COUNT(rows));
}

/* RFC 8266, section 3 */
static void the_examples_of_rfc_8266(void **state)
{
	static const struct row rows[] = {
		{COMPARED, "Foo", "foo", 0},
		{COMPARED, "foo", "foo", 0},
		{COMPARED, "Foo Bar", "foo bar", 0},
		{COMPARED, "foo bar", "foo bar", 0},
		{COMPARED, "\u03a3", "\u03c3", 0},
		{COMPARED, "\u03c3", "\u03c3", 0},
		{COMPARED, "\u03c2", "\u03c2", 0},
		{COMPARED, "\u03d4", "\u03cb", 0}, /* takes two rounds */
		{COMPARED, "\u265a", "\u265a", 0},
		{COMPARED, "Richard \u2163", "richard iv", 0},
		{NICKNAME, "Richard \u2163", "Richard IV", 0},
		{NICKNAME, "  St \u00a0\u3000 Peter ", "St Peter", 0},
		{NICKNAME, "\u00a8x", "\u0308x", 0}, /* a blank comes with the first round */
		{NICKNAME, "", NULL, ENVOI_PRECIS_EMPTY},
		{NICKNAME, "   ", NULL, ENVOI_PRECIS_EMPTY},
		{NICKNAME, "\u2003\u00a0", NULL, ENVOI_PRECIS_EMPTY},
		{NICKNAME, "a\nb", NULL, ENVOI_PRECIS_DISALLOWED},
	};
	assert_rows(state, rows, COUNT(rows));
}

#define NO ENVOI_PRECIS_CONTEXT
/* RFC 5892, appendix A */
static void contextual_rules_are_applied(void **state)
{
	static const struct row rows[] = {
		/* zero width non-joiner: behind a virama, or between joining letters */
		{OPAQUE, "\u0915\u094d\u200c\u0937", "\u0915\u094d\u200c\u0937", 0},
		{OPAQUE, "\u0645\u200c\u0646", "\u0645\u200c\u0646", 0},
		{OPAQUE, "\u0645\u064b\u064b\u200c\u064b\u0646",
			"\u0645\u064b\u064b\u200c\u064b\u0646", 0},
		{OPAQUE, "\ua872\u200c\u0646", "\ua872\u200c\u0646", 0}, /* left-joining */
		{OPAQUE, "\u0645\u200c\u0627", "\u0645\u200c\u0627", 0}, /* right-joining behind */
		{OPAQUE, "\u0627\u200c\u0646", NULL, NO}, /* right-joining before */
		{OPAQUE, "\u0645\u200c", NULL, NO},
		{OPAQUE, "\u200c\u0646", NULL, NO},
		{OPAQUE, "\u0645\u200c\u064b", NULL, NO},
		{OPAQUE, "\u0645\u200c\u200c\u0646", NULL, NO},
		{OPAQUE, "a\u200cb", NULL, NO},
		{OPAQUE, "\u200c", NULL, NO},
		/* zero width joiner: behind a virama */
		{USERNAME, "\u0915\u094d\u200d\u0937", "\u0915\u094d\u200d\u0937", 0},
		{OPAQUE, "\u0915\u200d\u0937", NULL, NO},
		{OPAQUE, "\u200d", NULL, NO},
		/* middle dot: between two l */
		{USERNAME, "l\u00b7l", "l\u00b7l", 0},
		{USERNAME, "L\u00b7L", "l\u00b7l", 0},
		{PRESERVED, "L\u00b7L", NULL, NO},
		{OPAQUE, "l\u00b7", NULL, NO},
		{OPAQUE, "\u00b7l", NULL, NO},
		{OPAQUE, "l\u00b7a", NULL, NO},
		{OPAQUE, "l\u00b7\u00b7l", NULL, NO},
		/* Greek keraia: before Greek */
		{OPAQUE, "\u0375\u03b2", "\u0375\u03b2", 0},
		{OPAQUE, "\u0375b", NULL, NO},
		{OPAQUE, "\u0375", NULL, NO},
		/* geresh and gershayim: behind Hebrew */
		{USERNAME, "\u05d0\u05f3\u05d1", "\u05d0\u05f3\u05d1", 0},
		{USERNAME, "\u05d0\u05f4\u05d1", "\u05d0\u05f4\u05d1", 0},
		{OPAQUE, "\u05f3\u05d1", NULL, NO},
		{OPAQUE, "a\u05f4", NULL, NO},
		/* Katakana middle dot: with Kana or Han anywhere */
		{USERNAME, "\u30fb\u3042", "\u30fb\u3042", 0},
		{USERNAME, "\u30a2\u30fba", "\u30a2\u30fba", 0},
		{USERNAME, "a\u30fb\u4e00", "a\u30fb\u4e00", 0},
		{USERNAME, "a\u30fbb", NULL, NO},
		{USERNAME, "\u30fb", NULL, NO},
		/* Arabic-Indic digits: one kind of them */
		{USERNAME, "\u0628\u0661\u0662", "\u0628\u0661\u0662", 0},
		{OPAQUE, "\u06f1\u06f2", "\u06f1\u06f2", 0},
		{OPAQUE, "\u0661\u06f2", NULL, NO},
		{OPAQUE, "\u06f1x\u0662", NULL, NO},
	};
	assert_rows(state, rows, COUNT(rows));
}

/* RFC 5892, appendix A.8 and A.9 */
static void no_digit_of_one_kind_stands_by_any_of_the_other(void **state)
{
	for (unsigned int first = 0; first < 20; first++) {
		for (unsigned int second = 0; second < 20; second++) {
			unsigned int digits[] = {first, second};
			char text[5] = "", *copy;
			for (size_t i = 0; i < 2; i++) { /* U+0660 to U+0669, U+06F0 to U+06F9 */
				text[2 * i] = digits[i] < 10 ? '\xd9' : '\xdb';
				text[2 * i + 1] = (char)(digits[i] < 10 ? 0xa0 + digits[i]
									: 0xb0 + digits[i] - 10);
			}
			enum envoi_precis_problem problem;
			int r = envoi_precis_enforce(
				&copy, NULL, *state, ENVOI_PRECIS_OPAQUE_STRING, text, 4, &problem);
			bool is_same_kind = (first < 10) == (second < 10);
			assert_int_equal(r, is_same_kind ? ENVOI_OK : ENVOI_ERR_INVALID);
			assert_int_equal(
				problem, is_same_kind ? ENVOI_PRECIS_FINE : ENVOI_PRECIS_CONTEXT);
			if (r == ENVOI_OK) {
				envoi_free(*state, copy);
			}
		}
	}
}

#undef NO
#define NO ENVOI_PRECIS_DIRECTION
/* RFC 5893, section 2 */
static void the_bidi_rule_is_applied(void **state)
{
	static const struct row rows[] = {
		{USERNAME, "1a", "1a", 0}, /* nothing right-to-left: no rule */
		{USERNAME, "\u05d0", "\u05d0", 0},
		{USERNAME, "\u05d01", "\u05d01", 0},
		{USERNAME, "\u05d0-1", "\u05d0-1", 0},
		{USERNAME, "\u05d0\u05b0\u05b0", "\u05d0\u05b0\u05b0",
			0}, /* non-spacing marks at the end */
		{USERNAME, "\u0628\u0661", "\u0628\u0661", 0},
		{USERNAME, "1\u05d0", NULL, NO}, /* 1: begins with a digit */
		{USERNAME, "\u0661\u05d0", NULL, NO}, /* 1: begins with an Arabic number */
		{USERNAME, "-\u05d0", NULL, NO},
		{USERNAME, "\u05d0a\u05d0", NULL, NO}, /* 2 */
		{USERNAME, "\u05d0-", NULL, NO}, /* 3 */
		{USERNAME, "\u0628\u06611", NULL, NO}, /* 4 */
		{USERNAME, "a\u05d0", NULL, NO}, /* 5 */
		{USERNAME, "a\u0661", NULL, NO}, /* 5 */
		{OPAQUE, "a\u05d0-", "a\u05d0-", 0},
		{NICKNAME, "a\u05d0-", "a\u05d0-", 0},
	};
	assert_rows(state, rows, COUNT(rows));
}

#undef NO

/* RFC 8264, section 8: an example of each step, in its order */
static void characters_have_their_derived_property(void **state)
{
	(void)state;
	static const struct {
		ucs4_t c;
		enum envoi__derived derived;
	} rows[] = {
		{0xdf, ENVOI__PVALID},
		{0x3007, ENVOI__PVALID},
		{0xb7, ENVOI__CONTEXTO},
		{0x660, ENVOI__CONTEXTO},
		{0x6f9, ENVOI__CONTEXTO},
		{0x640, ENVOI__DISALLOWED},
		{0x302e, ENVOI__DISALLOWED},
		{0x378, ENVOI__UNASSIGNED},
		{0x10fffd, ENVOI__DISALLOWED},
		{0xffff, ENVOI__DISALLOWED},
		{'!', ENVOI__PVALID},
		{'~', ENVOI__PVALID},
		{0x200c, ENVOI__CONTEXTJ},
		{0x200d, ENVOI__CONTEXTJ},
		{0x1100, ENVOI__DISALLOWED},
		{0xa960, ENVOI__DISALLOWED},
		{0xd7fb, ENVOI__DISALLOWED},
		{0xad, ENVOI__DISALLOWED},
		{0xfe0f, ENVOI__DISALLOWED},
		{0xe0001, ENVOI__DISALLOWED},
		{'\n', ENVOI__DISALLOWED},
		{0x7f, ENVOI__DISALLOWED},
		{0x85, ENVOI__DISALLOWED},
		{0xff21, ENVOI__FREE_PVAL},
		{0x212b, ENVOI__FREE_PVAL},
		{0x958, ENVOI__FREE_PVAL},
		{0x1e9b, ENVOI__FREE_PVAL},
		{0xe9, ENVOI__PVALID},
		{0xac00, ENVOI__PVALID},
		{'A', ENVOI__PVALID},
		{0x4e00, ENVOI__PVALID},
		{0x1f600, ENVOI__FREE_PVAL},
		{0x488, ENVOI__FREE_PVAL},
		{' ', ENVOI__FREE_PVAL},
		{0x1680, ENVOI__FREE_PVAL},
		{0x20ac, ENVOI__FREE_PVAL},
		{0xab, ENVOI__FREE_PVAL},
		{0x2028, ENVOI__DISALLOWED},
		{0xe000, ENVOI__DISALLOWED},
		{0x600, ENVOI__DISALLOWED},
	};
	for (size_t i = 0; i < COUNT(rows); i++) {
		assert_int_equal(envoi__derived_of(rows[i].c), rows[i].derived);
	}
}

/* The short cuts that are taken hold for every character. */
static void short_cuts_are_right(void **state)
{
	(void)state;
	for (ucs4_t c = 0x80; c < 0x110000; c++) {
		ucs4_t parts[UC_DECOMPOSITION_MAX_LENGTH], normal[64];
		int tag, count = uc_decomposition(c, &tag, parts);
		if (count < 0) {
			continue;
		}
		if (tag == UC_DECOMP_WIDE || tag == UC_DECOMP_NARROW) {
			assert_true(c == 0x3000 || (c >= 0xff01 && c <= 0xffee));
			assert_int_equal(count, 1);
		}
		size_t len = COUNT(normal);
		assert_ptr_equal(u32_normalize(UNINORM_NFKC, &c, 1, normal, &len), normal);
		bool has_compat = len != 1 || normal[0] != c;
		enum envoi__derived derived = envoi__derived_of(c);
		assert_true(!has_compat || derived != ENVOI__PVALID);
		if (!has_compat &&
			uc_is_general_category_withtable(
				c, UC_CATEGORY_MASK_L & ~UC_CATEGORY_MASK_Lt)) {
			assert_int_not_equal(derived, ENVOI__FREE_PVAL);
		}
	}
}

static bool is_composed(ucs4_t c)
{
	uint8_t text[6];
	return envoi__is_composed(text, (size_t)u8_uctomb(text, c, sizeof(text)));
}

static void the_test_for_composed_characters_agrees_with_unicode(void **state)
{
	(void)state;
	size_t composed = 0;
	for (ucs4_t c = 0; c < 0x110000; c = c == 0xd7ff ? 0xe000 : c + 1) {
		ucs4_t parts[UC_DECOMPOSITION_MAX_LENGTH], normal[64];
		int count = uc_canonical_decomposition(c, parts);
		if (count == 2 && uc_composition(parts[0], parts[1]) == c) {
			assert_false(is_composed(parts[1]));
		}
		if (is_composed(c)) {
			size_t len = COUNT(normal);
			assert_ptr_equal(u32_normalize(UNINORM_NFC, &c, 1, normal, &len), normal);
			assert_int_equal(len, 1);
			assert_int_equal(normal[0], c);
			assert_int_equal(uc_combining_class(c), 0);
			composed++;
		}
	}
	assert_true(composed > 40000);
}

/* What changes with context changes without. */
static void lower_case_is_recognized(void **state)
{
	for (ucs4_t c = 0x80; c < 0x110000; c = c == 0xd7ff ? 0xe000 : c + 1) {
		uint8_t text[6], mapped[32];
		size_t len = (size_t)u8_uctomb(text, c, sizeof(text)), mapped_len = sizeof(mapped);
		assert_ptr_equal(u8_tolower(text, len, NULL, NULL, mapped, &mapped_len), mapped);
		bool changes = len != mapped_len || memcmp(text, mapped, len) != 0;
		assert_int_equal(changes, uc_tolower(c) != c);
	}
	static const struct row rows[] = {
		{USERNAME, "\u0391\u03a3", "\u03b1\u03c2", 0},
		{USERNAME, "\u03b1\u03a3\u03b1", "\u03b1\u03c3\u03b1", 0},
		{USERNAME, "\u03b1\u03c2", "\u03b1\u03c2", 0},
		{USERNAME, "I\u0307", "i\u0307", 0},
	};
	assert_rows(state, rows, COUNT(rows));
}

static void long_strings_are_enforced_up_to_the_limit(void **state)
{
	enum {
		LEN = ENVOI_PRECIS_MAX
	};
	static const char unit[] = "\uff21e\u0301"; /* 6 bytes, which become 3 */
	char *text = malloc(LEN + 6), *result;
	size_t len;
	enum envoi_precis_problem problem;
	assert_non_null(text);
	for (size_t i = 0; i < LEN + 6; i++) {
		text[i] = unit[i % 6];
	}
	for (enum envoi_precis_profile p = USERNAME; p <= COMPARED; p++) {
		assert_int_equal(
			envoi_precis_enforce(&result, &len, *state, p, text, LEN / 6 * 6, &problem),
			ENVOI_OK);
		assert_int_equal(len, p == OPAQUE ? LEN / 6 * 5 : LEN / 6 * 3);
		envoi_free(*state, result);
		assert_int_equal(
			envoi_precis_enforce(&result, &len, *state, p, text, LEN + 1, &problem),
			ENVOI_ERR_INVALID);
		assert_int_equal(problem, ENVOI_PRECIS_TOO_LONG);
	}
	free(text);
}

static void two_strings_are_compared_by_a_profile(void **state)
{
	(void)state;
	bool equal = false;
	assert_int_equal(envoi_precis_compare(USERNAME, "\uff2aULIET", "juliet", &equal), ENVOI_OK);
	assert_true(equal);
	assert_int_equal(envoi_precis_compare(OPAQUE, "Juliet", "juliet", &equal), ENVOI_OK);
	assert_false(equal);
	assert_int_equal(
		envoi_precis_compare(NICKNAME, " St  Peter", "st peter", &equal), ENVOI_OK);
	assert_true(equal);
	assert_int_equal(envoi_precis_compare(NICKNAME, "\u200b", "b", &equal), ENVOI_ERR_INVALID);
	assert_int_equal(envoi_precis_compare(NICKNAME, "b", "", &equal), ENVOI_ERR_INVALID);
}

static int enforce_one(struct envoi_context *context)
{
	char *result;
	int r = envoi_precis_enforce(&result, NULL, context, USERNAME, "\uff21", 3, NULL);
	if (r == ENVOI_OK) {
		envoi_free(context, result);
	}
	return r;
}

static void a_failed_allocation_is_reported(void **state)
{
	(void)state;
	assert_int_equal(test_allocator_try(enforce_one), 2);
}

#define TEST(function) cmocka_unit_test_setup_teardown(function, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(the_examples_of_rfc_8265),
		TEST(the_examples_of_rfc_8266),
		TEST(contextual_rules_are_applied),
		TEST(no_digit_of_one_kind_stands_by_any_of_the_other),
		TEST(the_bidi_rule_is_applied),
		TEST(characters_have_their_derived_property),
		TEST(short_cuts_are_right),
		TEST(the_test_for_composed_characters_agrees_with_unicode),
		TEST(lower_case_is_recognized),
		TEST(long_strings_are_enforced_up_to_the_limit),
		TEST(two_strings_are_compared_by_a_profile),
		TEST(a_failed_allocation_is_reported),
	};
	return cmocka_run_group_tests_name("jid/precis", tests, NULL, NULL);
}
