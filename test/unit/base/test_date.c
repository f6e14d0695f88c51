/*
 * envoi - dates and language tags: tests
 * SPDX-License-Identifier: MIT
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include <envoi/values.h>

struct known {
	const char *text;
	int64_t ms;
	const char *canonical;
};

static const struct known knowns[] = {
	{"1970-01-01T00:00:00Z", 0, "1970-01-01T00:00:00Z"},
	{"1969-07-21T02:56:15Z", INT64_C(-14159025000), "1969-07-21T02:56:15Z"},
	{"1969-07-20T21:56:15-05:00", INT64_C(-14159025000), "1969-07-21T02:56:15Z"},
	{"2002-09-10T23:08:25Z", INT64_C(1031699305000), "2002-09-10T23:08:25Z"},
	{"2000-02-29T12:00:00.5Z", INT64_C(951825600500), "2000-02-29T12:00:00.500Z"},
	{"2000-03-01T00:00:00.0009Z", INT64_C(951868800000), "2000-03-01T00:00:00Z"},
	{"1969-12-31T23:59:59.999Z", -1, "1969-12-31T23:59:59.999Z"},
	{"0001-01-01T00:00:00Z", INT64_C(-62135596800000), "0001-01-01T00:00:00Z"},
	{"9999-12-31T23:59:59.999Z", INT64_C(253402300799999), "9999-12-31T23:59:59.999Z"},
	{"2024-01-01T00:00:00+14:00", INT64_C(1704016800000), "2023-12-31T10:00:00Z"},
};

static void known_dates_are_read_and_written(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(knowns) / sizeof(knowns[0]); i++) {
		int64_t ms = 42;
		char text[ENVOI_DATE_SIZE];
		assert_int_equal(envoi_date_parse(knowns[i].text, &ms), ENVOI_OK);
		assert_true(ms == knowns[i].ms);
		assert_ptr_equal(envoi_date_print(text, ms), text);
		assert_string_equal(text, knowns[i].canonical);
	}
}

static void everything_else_is_refused(void **state)
{
	(void)state;
	static const char *const wrong[] = {
		"", "2002", "2002-09-10", "2002-09-10T23:08:25", "2002-09-10 23:08:25Z",
		"2002-09-10T23:08:25z", "2002-09-10T23:08:25Z ", " 2002-09-10T23:08:25Z",
		"2002-13-10T23:08:25Z", "2002-00-10T23:08:25Z", "2002-09-31T23:08:25Z",
		"2002-09-00T23:08:25Z", "1900-02-29T00:00:00Z", "2001-02-29T00:00:00Z",
		"2002-09-10T24:00:00Z", "2002-09-10T23:60:00Z", "2002-09-10T23:08:60Z",
		"2002-09-10T23:08:25.Z", "2002-09-10T23:08:25.+1Z", "2002-9-10T23:08:25Z",
		"02002-09-10T23:08:25Z", "-2002-09-10T23:08:25Z", "0000-09-10T23:08:25Z",
		"2002-09-10T23:08:25+14:01", "2002-09-10T23:08:25+15:00",
		"2002-09-10T23:08:25+0200", "2002-09-10T23:08:25+02:60",
		"0001-01-01T00:00:00+01:00", "9999-12-31T23:59:59-01:00", "20020910T23:08:25",
	};
	int64_t ms = 42;
	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		assert_int_equal(envoi_date_parse(wrong[i], &ms), ENVOI_ERR_INVALID);
	}
	assert_int_equal(envoi_date_parse(NULL, &ms), ENVOI_ERR_INVALID);
	assert_true(ms == 42);
	char text[ENVOI_DATE_SIZE];
	assert_null(envoi_date_print(text, INT64_MIN));
	assert_null(envoi_date_print(text, INT64_MAX));
	assert_null(envoi_date_print(text, INT64_C(-62135596800001)));
	assert_null(envoi_date_print(text, INT64_C(253402300800000)));
}

static void every_day_of_ten_thousand_years_comes_back(void **state)
{
	(void)state;
	int64_t day = INT64_C(86400000);
	for (int64_t ms = INT64_C(-62135596800000); ms < INT64_C(253402300800000); ms += day) {
		char text[ENVOI_DATE_SIZE];
		int64_t again;
		envoi_date_print(text, ms + ms % 7919 * ms % 997);
		if (envoi_date_parse(text, &again) < 0 || again != ms + ms % 7919 * ms % 997) {
			fail_msg("%s does not come back", text);
		}
	}
}

static void language_tags_have_subtags_of_eight(void **state)
{
	(void)state;
	static const char *const right[] = {"de", "de-CH", "zh-Hant-TW", "i-klingon", "x-a-1", "en-x-12345678"};
	static const char *const wrong[] = {"", "-", "de-", "-de", "de--CH", "d1", "1", "de_CH", "de CH",
		"abcdefghi", "de-123456789", "d\xc3\xa9"};
	for (size_t i = 0; i < sizeof(right) / sizeof(right[0]); i++) {
		assert_true(envoi_lang_is_valid(right[i]));
	}
	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		assert_false(envoi_lang_is_valid(wrong[i]));
	}
	assert_false(envoi_lang_is_valid(NULL));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(known_dates_are_read_and_written),
		cmocka_unit_test(everything_else_is_refused),
		cmocka_unit_test(every_day_of_ten_thousand_years_comes_back),
		cmocka_unit_test(language_tags_have_subtags_of_eight),
	};
	return cmocka_run_group_tests_name("base/date", tests, NULL, NULL);
}
