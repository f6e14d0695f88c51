/*
 * envoi - dates and language tags: tests
 * SPDX-License-Identifier: MIT
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
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
	{"2002-09-10T23:08:25-00:00", INT64_C(1031699305000), "2002-09-10T23:08:25Z"},
	{"2002-09-10T23:08:25.12345678901234567890123456789+00:00", INT64_C(1031699305123),
		"2002-09-10T23:08:25.123Z"},
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
		"",
		"2002",
		"2002-09-10",
		"2002-09-10T23:08:25",
		"2002-09-10 23:08:25Z",
		"2002-09-10T23:08:25z",
		"2002-09-10T23:08:25Z ",
		" 2002-09-10T23:08:25Z",
		"2002-13-10T23:08:25Z",
		"2002-00-10T23:08:25Z",
		"2002-09-31T23:08:25Z",
		"2002-09-00T23:08:25Z",
		"1900-02-29T00:00:00Z",
		"2001-02-29T00:00:00Z",
		"2002-09-10T24:00:00Z",
		"2002-09-10T23:60:00Z",
		"2002-09-10T23:08:60Z",
		"1998-12-31T23:59:60Z",
		"2002-09-10T23:08:25.Z",
		"2002-09-10T23:08:25.+1Z",
		"2002-9-10T23:08:25Z",
		"02002-09-10T23:08:25Z",
		"-2002-09-10T23:08:25Z",
		"0000-09-10T23:08:25Z",
		"2002-09-10T23:08:25+14:01",
		"2002-09-10T23:08:25+15:00",
		"2002-09-10T23:08:25+0200",
		"2002-09-10T23:08:25+02:60",
		"0001-01-01T00:00:00+01:00",
		"9999-12-31T23:59:59-01:00",
		"20020910T23:08:25",
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

static void every_day_of_ten_thousand_years_is_read_as_written(void **state)
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

static void every_month_has_its_last_day(void **state)
{
	(void)state;
	static const unsigned char last[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
	static const struct {
		int year, last_of_february;
	} years[] = {{1900, 28}, {1999, 28}, {2000, 29}, {2004, 29}, {2100, 28}, {2400, 29}};
	for (size_t i = 0; i < sizeof(years) / sizeof(years[0]); i++) {
		for (int month = 1; month <= 12; month++) {
			int days = month == 2 ? years[i].last_of_february : last[month - 1];
			for (int day = days; day <= days + 1; day++) {
				char text[32];
				struct envoi_day its_day;
				int64_t ms;
				int r = day == days ? ENVOI_OK : ENVOI_ERR_INVALID;
				snprintf(text, sizeof(text), "%04d-%02d-%02d", years[i].year, month,
					day);
				assert_int_equal(envoi_day_parse(text, &its_day), r);
				its_day = (struct envoi_day){years[i].year, month, day};
				char printed[ENVOI_DATE_SIZE];
				bool is_printed = envoi_day_print(printed, &its_day) != NULL;
				assert_int_equal(is_printed, r == ENVOI_OK);
				if (is_printed) {
					assert_string_equal(printed, text);
				}
				strcat(text, "T12:00:00Z");
				assert_int_equal(envoi_date_parse(text, &ms), r);
			}
		}
	}
}

/* XEP-0082, section 4 */
static void the_older_form_is_read_apart(void **state)
{
	(void)state;
	int64_t ms = 7;
	assert_int_equal(envoi_date_parse_legacy("20020910T23:08:25", &ms), ENVOI_OK);
	assert_true(ms == INT64_C(1031699305000));
	assert_int_equal(envoi_date_parse_legacy("19691231T23:59:59", &ms), ENVOI_OK);
	assert_true(ms == -1000);
	static const char *const wrong[] = {"", "2002-09-10T23:08:25", "20020910T23:08:25Z",
		"20020910T23:08", "20020230T00:00:00", "20020910T24:00:00", "20020910 23:08:25",
		"2002910T23:08:25", NULL};
	ms = 7;
	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		assert_int_equal(envoi_date_parse_legacy(wrong[i], &ms), ENVOI_ERR_INVALID);
		assert_int_equal(ms, 7);
	}
	assert_int_equal(envoi_date_parse("20020910T23:08:25", &ms), ENVOI_ERR_INVALID);
}

static void days_are_read_and_written(void **state)
{
	(void)state;
	struct envoi_day day;
	char text[ENVOI_DATE_SIZE];
	assert_int_equal(envoi_day_parse("1776-07-04", &day), ENVOI_OK);
	assert_true(day.year == 1776 && day.month == 7 && day.day == 4);
	assert_string_equal(envoi_day_print(text, &day), "1776-07-04");
	assert_int_equal(envoi_day_parse("2000-02-29", &day), ENVOI_OK);
	static const char *const wrong[] = {"", "1776-7-4", "1776-07-04Z", "17760704",
		"1776-07-04 ", "1776-13-01", "1776-00-01", "1776-01-00", "1776-01-32", "1900-02-29",
		"0000-01-01", "-001-01-01", "12345-01-01", NULL};
	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		assert_int_equal(envoi_day_parse(wrong[i], &day), ENVOI_ERR_INVALID);
	}
	static const struct envoi_day none[] = {{0, 1, 1}, {10000, 1, 1}, {2001, 2, 29},
		{2001, 0, 1}, {2001, 13, 1}, {2001, 4, 31}, {2001, 4, 0}};
	for (size_t i = 0; i < sizeof(none) / sizeof(none[0]); i++) {
		assert_null(envoi_day_print(text, &none[i]));
	}
}

static void times_of_the_day_are_read_and_written(void **state)
{
	(void)state;
	static const struct {
		const char *text;
		struct envoi_time time;
		const char *canonical;
	} rows[] = {
		{"16:00:00", {57600000, false, 0}, "16:00:00"},
		{"16:00:00Z", {57600000, true, 0}, "16:00:00Z"},
		{"00:00:00.5+02:00", {500, true, 120}, "00:00:00.500+02:00"},
		{"23:59:59.9999-14:00", {86399999, true, -840}, "23:59:59.999-14:00"},
		{"12:00:00-00:30", {43200000, true, -30}, "12:00:00-00:30"},
		{"12:00:00+00:00", {43200000, true, 0}, "12:00:00Z"},
	};
	char text[ENVOI_DATE_SIZE];
	struct envoi_time time;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		assert_int_equal(envoi_time_parse(rows[i].text, &time), ENVOI_OK);
		assert_int_equal(time.ms, rows[i].time.ms);
		assert_int_equal(time.has_zone, rows[i].time.has_zone);
		assert_int_equal(time.zone_minutes, rows[i].time.zone_minutes);
		assert_string_equal(envoi_time_print(text, &time), rows[i].canonical);
	}
	static const char *const wrong[] = {"", "16:00", "24:00:00", "23:60:00", "23:59:60",
		"1:00:00", "16:00:00.", "16:00:00z", "16:00:00+14:01", "16:00:00+2:00",
		"16:00:00+02", "16:00:00 Z", "16:00:00ZZ", NULL};
	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		assert_int_equal(envoi_time_parse(wrong[i], &time), ENVOI_ERR_INVALID);
	}
	assert_null(envoi_time_print(text, &(struct envoi_time){.ms = 86400000}));
	assert_null(envoi_time_print(text, &(struct envoi_time){.ms = -1}));
	assert_null(envoi_time_print(
		text, &(struct envoi_time){.has_zone = true, .zone_minutes = 841}));
}

static void every_zone_is_read_as_written(void **state)
{
	(void)state;
	char text[ENVOI_DATE_SIZE];
	int minutes;
	for (int zone = -840; zone <= 840; zone++) {
		assert_non_null(envoi_zone_print(text, zone));
		assert_int_equal(envoi_zone_parse(text, &minutes), ENVOI_OK);
		assert_int_equal(minutes, zone);
	}
	assert_null(envoi_zone_print(text, -841));
	assert_int_equal(envoi_zone_parse("", &minutes), ENVOI_ERR_INVALID);
	assert_int_equal(envoi_zone_parse("Z ", &minutes), ENVOI_ERR_INVALID);
	assert_int_equal(envoi_zone_parse(NULL, &minutes), ENVOI_ERR_INVALID);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(known_dates_are_read_and_written),
		cmocka_unit_test(everything_else_is_refused),
		cmocka_unit_test(every_day_of_ten_thousand_years_is_read_as_written),
		cmocka_unit_test(every_month_has_its_last_day),
		cmocka_unit_test(the_older_form_is_read_apart),
		cmocka_unit_test(days_are_read_and_written),
		cmocka_unit_test(times_of_the_day_are_read_and_written),
		cmocka_unit_test(every_zone_is_read_as_written),
	};
	return cmocka_run_group_tests_name("base/date", tests, NULL, NULL);
}
