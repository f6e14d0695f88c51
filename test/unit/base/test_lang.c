/*
 * envoi - language tags: tests
 * SPDX-License-Identifier: MIT
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include <envoi/values.h>

static void language_tags_have_subtags_of_eight(void **state)
{
	(void)state;
	static const char *const right[] = {
		"de", "de-CH", "zh-Hant-TW", "i-klingon", "x-a-1", "en-x-12345678"};
	static const char *const wrong[] = {"", "-", "de-", "-de", "de--CH", "d1", "1", "de_CH",
		"de CH", "abcdefghi", "de-123456789", "d\xc3\xa9"};
	for (size_t i = 0; i < sizeof(right) / sizeof(right[0]); i++) {
		assert_true(envoi_lang_is_valid(right[i]));
	}
	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		assert_false(envoi_lang_is_valid(wrong[i]));
	}
	assert_false(envoi_lang_is_valid(NULL));
}

/* RFC 5646, section 2.1.1 and appendix A */
static void well_formed_tags_are_written_in_one_form(void **state)
{
	(void)state;
	static const char *const rows[][2] = {
		{"de", "de"},
		{"DE", "de"},
		{"i-enochian", "i-enochian"},
		{"I-KLINGON", "i-klingon"},
		{"EN-gb-OED", "en-GB-oed"},
		{"sgn-be-fr", "sgn-BE-FR"},
		{"zh-hant", "zh-Hant"},
		{"zh-cmn-hans-cn", "zh-cmn-Hans-CN"},
		{"zh-min-nan", "zh-min-nan"},
		{"sl-rozaj-BISKE", "sl-rozaj-biske"},
		{"de-ch-1901", "de-CH-1901"},
		{"hy-Latn-IT-arevela", "hy-Latn-IT-arevela"},
		{"es-419", "es-419"},
		{"mn-cYRL-mn", "mn-Cyrl-MN"},
		{"de-CH-x-phonebk", "de-CH-x-phonebk"},
		{"az-Arab-x-AZE-derbend", "az-Arab-x-aze-derbend"},
		{"X-whatever", "x-whatever"},
		{"qaa-Qaaa-QM-x-southern", "qaa-Qaaa-QM-x-southern"},
		{"en-US-u-islamcal", "en-US-u-islamcal"},
		{"zh-CN-a-myext-x-private", "zh-CN-a-myext-x-private"},
		{"en-a-myext-b-another", "en-a-myext-b-another"},
		{"en-latn-gb-boont-r-extended-sequence-x-private",
			"en-Latn-GB-boont-r-extended-sequence-x-private"},
		{"abcd-Latn", "abcd-Latn"},
		{"abcdefgh", "abcdefgh"},
		{"aa-bbb-ccc-ddd", "aa-bbb-ccc-ddd"},
	};
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		char tag[ENVOI_LANG_SIZE], again[ENVOI_LANG_SIZE];
		assert_int_equal(envoi_lang_parse(rows[i][0], tag), ENVOI_OK);
		assert_string_equal(tag, rows[i][1]);
		assert_int_equal(envoi_lang_parse(tag, again), ENVOI_OK);
		assert_string_equal(tag, again);
	}
}

static void ill_formed_tags_are_refused(void **state)
{
	(void)state;
	static const char *const texts[] = {"", "a", "1", "a-DE", "i-unheard", "de-419-DE",
		"de-Latn-Cyrl", "ar-a-aaa-b-bbb-a-ccc", "de-DE-1901-1901", "sl-rozaj-ROZAJ",
		"sl-1994-rozaj-rozaj", "sl-1994-rozaj-1994", "en-a", "en-a-x-b", "en-x", "x", "x-",
		"de-", "-de", "de--DE", "de_DE", "de-DEU1", "abcd-efg", "aa-bbb-ccc-ddd-eee",
		"de-123456789", "en-u-", "d\xc3\xa9", "de DE", NULL};
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		char tag[ENVOI_LANG_SIZE] = "as it was";
		assert_int_equal(envoi_lang_parse(texts[i], tag), ENVOI_ERR_INVALID);
		assert_string_equal(tag, "as it was");
	}
	char text[ENVOI_LANG_SIZE + 8] = "x", tag[ENVOI_LANG_SIZE];
	while (strlen(text) + 2 < ENVOI_LANG_SIZE) {
		strcat(text, "-1");
	}
	assert_int_equal(envoi_lang_parse(text, tag), ENVOI_OK);
	strcat(text, "-1");
	assert_int_equal(envoi_lang_parse(text, tag), ENVOI_ERR_INVALID);
}

/* RFC 4647, section 3.3.1 */
static void ranges_match_beginnings(void **state)
{
	(void)state;
	assert_true(envoi_lang_matches("de-DE", "de-de"));
	assert_true(envoi_lang_matches("de-DE-1996", "de-de"));
	assert_true(envoi_lang_matches("DE", "*"));
	assert_false(envoi_lang_matches("de-Deva", "de-de"));
	assert_false(envoi_lang_matches("de-Latn-DE", "de-de"));
	assert_false(envoi_lang_matches("de", "de-de"));
	assert_false(envoi_lang_matches(NULL, "de"));
	assert_false(envoi_lang_matches("de", NULL));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(language_tags_have_subtags_of_eight),
		cmocka_unit_test(well_formed_tags_are_written_in_one_form),
		cmocka_unit_test(ill_formed_tags_are_refused),
		cmocka_unit_test(ranges_match_beginnings),
	};
	return cmocka_run_group_tests_name("base/lang", tests, NULL, NULL);
}
