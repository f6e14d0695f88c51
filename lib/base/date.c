/*
 * envoi - dates and times as text (XEP-0082)
 * SPDX-License-Identifier: MIT
 */
#include <stdio.h>
#include <string.h>

#include <envoi/values.h>

enum {
	DAYS_TO_1970 = 719468, /* from 0000-03-01 */
	DAYS_OF_400_YEARS = 146097,
	SECONDS_OF_DAY = 86400,
	LARGEST_ZONE = 14 * 60, /* minutes: XML Schema, part 2, section 3.2.7.3 */
};

/* 0001-01-01T00:00:00.000Z and 9999-12-31T23:59:59.999Z: what four digits of a year can say. */
static const int64_t first_ms = INT64_C(-62135596800000);
static const int64_t last_ms = INT64_C(253402300799999);

/*
 * Years are counted from March, so that the leap day is the last: the day of the year then follows
 * from the month by a straight line, 153 days in five months.
 */
static int64_t days_from_date(int year, unsigned int month, unsigned int day)
{
	if (month <= 2) {
		year--;
		month += 12;
	}
	unsigned int day_of_year = (153 * (month - 3) + 2) / 5 + day - 1;
	int64_t leap_days = year / 4 - year / 100 + year / 400;
	return (int64_t)year * 365 + leap_days + day_of_year - DAYS_TO_1970;
}

static void date_from_days(int64_t days, int *ret_year, int *ret_month, int *ret_day)
{
	days += DAYS_TO_1970;
	int64_t era = days / DAYS_OF_400_YEARS;
	int64_t of_era = days % DAYS_OF_400_YEARS;
	int64_t year = (of_era - of_era / 1460 + of_era / 36524 -
			       of_era / (DAYS_OF_400_YEARS - 1)) /
		365;
	int64_t of_year = of_era - (365 * year + year / 4 - year / 100);
	int64_t month = (5 * of_year + 2) / 153;
	*ret_day = (int)(of_year - (153 * month + 2) / 5 + 1);
	*ret_month = (int)(month < 10 ? month + 3 : month - 9);
	*ret_year = (int)(era * 400 + year + (*ret_month <= 2));
}

static bool is_leap_year(unsigned int year)
{
	return (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
}

static unsigned int days_of_month(unsigned int year, unsigned int month)
{
	static const unsigned char days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
	return month == 2 && is_leap_year(year) ? 29 : days[month - 1];
}

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

/* Exactly @p digits of them, then @p mark (NUL: anything), within the bounds. */
static bool take_number(const char **text, unsigned int digits, char mark, unsigned int min,
	unsigned int max, unsigned int *ret_number)
{
	unsigned int number = 0;
	for (; digits > 0; digits--, (*text)++) {
		if (!is_digit(**text)) {
			return false;
		}
		number = number * 10 + (unsigned int)(**text - '0');
	}
	if (mark != '\0' && *(*text)++ != mark) {
		return false;
	}
	*ret_number = number;
	return number >= min && number <= max;
}

/* Any number of digits behind the point; what is finer than a millisecond is cut off. */
static bool take_fraction(const char **text, unsigned int *ret_ms)
{
	unsigned int ms = 0, weight = 100;
	*ret_ms = 0;
	if (**text != '.') {
		return true;
	}
	if (!is_digit(*++*text)) {
		return false;
	}
	for (; is_digit(**text); ++*text) {
		ms += weight * (unsigned int)(**text - '0');
		weight /= 10;
	}
	*ret_ms = ms;
	return true;
}

/* "Z" or "+hh:mm", up to 14 hours (XML Schema, part 2, section 3.2.7.3). */
static bool take_zone(const char **text, int *ret_minutes)
{
	unsigned int hours, minutes;
	char sign = *(*text)++;
	if (sign == 'Z') {
		*ret_minutes = 0;
		return true;
	}
	if ((sign != '+' && sign != '-') || !take_number(text, 2, ':', 0, 14, &hours) ||
		!take_number(text, 2, '\0', 0, hours == 14 ? 0 : 59, &minutes)) {
		return false;
	}
	*ret_minutes = (int)(hours * 60 + minutes);
	if (sign == '-') {
		*ret_minutes = -*ret_minutes;
	}
	return true;
}

/* @param mark  between year, month and day; @param end  behind them */
static bool take_day(const char **text, char mark, char end, struct envoi_day *ret_day)
{
	unsigned int year, month, day;
	if (!take_number(text, 4, mark, 1, 9999, &year) ||
		!take_number(text, 2, mark, 1, 12, &month) ||
		!take_number(text, 2, end, 1, days_of_month(year, month), &day)) {
		return false;
	}
	*ret_day = (struct envoi_day){(int)year, (int)month, (int)day};
	return true;
}

/* Of the day, without fraction. */
static bool take_seconds(const char **text, int *ret_seconds)
{
	unsigned int hour, minute, second;
	if (!take_number(text, 2, ':', 0, 23, &hour) ||
		!take_number(text, 2, ':', 0, 59, &minute) ||
		!take_number(text, 2, '\0', 0, 59, &second)) {
		return false;
	}
	*ret_seconds = (int)(hour * 3600 + minute * 60 + second);
	return true;
}

static int64_t seconds_from_day(const struct envoi_day *day)
{
	return days_from_date(day->year, (unsigned int)day->month, (unsigned int)day->day) *
		SECONDS_OF_DAY;
}

int envoi_date_parse(const char *text, int64_t *ret_ms)
{
	struct envoi_day day;
	unsigned int ms;
	int second, zone_minutes;
	if (text == NULL || !take_day(&text, '-', 'T', &day) || !take_seconds(&text, &second) ||
		!take_fraction(&text, &ms) || !take_zone(&text, &zone_minutes) || *text != '\0') {
		return ENVOI_ERR_INVALID;
	}
	int64_t seconds = seconds_from_day(&day) + second - (int64_t)zone_minutes * 60;
	int64_t date = seconds * 1000 + ms;
	if (date < first_ms || date > last_ms) {
		return ENVOI_ERR_INVALID;
	}
	*ret_ms = date;
	return ENVOI_OK;
}

int envoi_date_parse_legacy(const char *text, int64_t *ret_ms)
{
	struct envoi_day day;
	int second;
	if (text == NULL || !take_day(&text, '\0', 'T', &day) || !take_seconds(&text, &second) ||
		*text != '\0') {
		return ENVOI_ERR_INVALID;
	}
	*ret_ms = (seconds_from_day(&day) + second) * 1000;
	return ENVOI_OK;
}

int envoi_day_parse(const char *text, struct envoi_day *ret_day)
{
	struct envoi_day day;
	if (text == NULL || !take_day(&text, '-', '\0', &day) || *text != '\0') {
		return ENVOI_ERR_INVALID;
	}
	*ret_day = day;
	return ENVOI_OK;
}

int envoi_time_parse(const char *text, struct envoi_time *ret_time)
{
	struct envoi_time time = {0};
	unsigned int ms;
	int seconds;
	if (text == NULL || !take_seconds(&text, &seconds) || !take_fraction(&text, &ms)) {
		return ENVOI_ERR_INVALID;
	}
	time.has_zone = *text != '\0';
	if (time.has_zone && (!take_zone(&text, &time.zone_minutes) || *text != '\0')) {
		return ENVOI_ERR_INVALID;
	}
	time.ms = seconds * 1000 + (int)ms;
	*ret_time = time;
	return ENVOI_OK;
}

int envoi_zone_parse(const char *text, int *ret_minutes)
{
	int minutes;
	if (text == NULL || !take_zone(&text, &minutes) || *text != '\0') {
		return ENVOI_ERR_INVALID;
	}
	*ret_minutes = minutes;
	return ENVOI_OK;
}

char *envoi_day_print(char text[ENVOI_DATE_SIZE], const struct envoi_day *day)
{
	if (day->year < 1 || day->year > 9999 || day->month < 1 || day->month > 12 ||
		day->day < 1 ||
		day->day > (int)days_of_month((unsigned int)day->year, (unsigned int)day->month)) {
		return NULL;
	}
	snprintf(text, ENVOI_DATE_SIZE, "%04d-%02d-%02d", day->year, day->month, day->day);
	return text;
}

char *envoi_zone_print(char text[ENVOI_DATE_SIZE], int minutes)
{
	int magnitude = minutes < 0 ? -minutes : minutes;
	if (minutes < -LARGEST_ZONE || minutes > LARGEST_ZONE) {
		return NULL;
	}
	snprintf(text, ENVOI_DATE_SIZE, minutes == 0 ? "Z" : "%c%02d:%02d", minutes < 0 ? '-' : '+',
		magnitude / 60, magnitude % 60);
	return text;
}

char *envoi_time_print(char text[ENVOI_DATE_SIZE], const struct envoi_time *time)
{
	char zone[ENVOI_DATE_SIZE] = "";
	if (time->ms < 0 || time->ms >= SECONDS_OF_DAY * 1000 ||
		(time->has_zone && envoi_zone_print(zone, time->zone_minutes) == NULL)) {
		return NULL;
	}
	int seconds = time->ms / 1000, ms = time->ms % 1000;
	int len = snprintf(text, ENVOI_DATE_SIZE, "%02d:%02d:%02d", seconds / 3600,
		seconds / 60 % 60, seconds % 60);
	if (ms != 0) {
		len += snprintf(text + len, (size_t)(ENVOI_DATE_SIZE - len), ".%03d", ms);
	}
	snprintf(text + len, (size_t)(ENVOI_DATE_SIZE - len), "%.6s", zone);
	return text;
}

char *envoi_date_print(char text[ENVOI_DATE_SIZE], int64_t date)
{
	if (date < first_ms || date > last_ms) {
		return NULL;
	}
	int64_t since_first = date - first_ms; /* never negative, unlike the date */
	int ms = (int)(since_first % 1000);
	int seconds = (int)(since_first / 1000 % SECONDS_OF_DAY);
	int64_t days = since_first / 1000 / SECONDS_OF_DAY + first_ms / 1000 / SECONDS_OF_DAY;
	int year, month, day;
	date_from_days(days, &year, &month, &day);
	int len = snprintf(text, ENVOI_DATE_SIZE, "%04d-%02d-%02dT%02d:%02d:%02d", year, month, day,
		seconds / 3600, seconds / 60 % 60, seconds % 60);
	snprintf(text + len, (size_t)(ENVOI_DATE_SIZE - len), ms != 0 ? ".%03dZ" : "Z", ms);
	return text;
}
