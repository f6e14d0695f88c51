/*
 * envoi - values of settings: from text and back
 * SPDX-License-Identifier: MIT
 */
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include <envoi/context.h>
#include <envoi/values.h>

#include "settings/settings.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

struct unit {
	const char *name;
	int64_t factor;
};

/* largest first; the last is that of a bare number */
static const struct unit time_units[] = {
	{"h", 3600000},
	{"min", 60000},
	{"s", 1000},
	{"ms", 1},
	{"", 1},
};

static const struct unit size_units[] = {
	{"g", 1 << 30},
	{"m", 1 << 20},
	{"k", 1 << 10},
	{"", 1},
};

static int complain(char *problem, const char *format, ...) ENVOI_PRINTF(2, 3);

static int complain(char *problem, const char *format, ...)
{
	va_list args;
	va_start(args, format);
	vsnprintf(problem, ENVOI__PROBLEM_SIZE, format, args);
	va_end(args);
	return ENVOI_ERR_INVALID;
}

static const struct unit *units_of(enum envoi_setting_type type, size_t *ret_count)
{
	switch (type) {
	case ENVOI_SETTING_MS:
		*ret_count = COUNT(time_units);
		return time_units;
	case ENVOI_SETTING_BYTES:
		*ret_count = COUNT(size_units);
		return size_units;
	default:
		*ret_count = 1;
		return &size_units[COUNT(size_units) - 1];
	}
}

static const struct unit *find_unit(enum envoi_setting_type type, const char *name)
{
	size_t count;
	const struct unit *units = units_of(type, &count);
	for (size_t i = 0; i < count; i++) {
		if (strcmp(units[i].name, name) == 0) {
			return &units[i];
		}
	}
	return NULL;
}

static const char *number_form(enum envoi_setting_type type)
{
	switch (type) {
	case ENVOI_SETTING_MS:
		return "a time such as 500ms, 20s or 5min";
	case ENVOI_SETTING_BYTES:
		return "a size such as 4096, 64k or 1m";
	default:
		return "a whole number";
	}
}

/* Digits, then the name of a unit. */
static int parse_number(
	const struct envoi_setting *setting, const char *text, int64_t *ret_number, char *problem)
{
	size_t len = strspn(text, "+-0123456789");
	const struct unit *unit = find_unit(setting->type, text + len);
	char digits[ENVOI_INT_SIZE];
	int64_t number = 0;
	if (unit == NULL || len == 0 || len >= sizeof(digits)) {
		return complain(problem, "not %s", number_form(setting->type));
	}
	memcpy(digits, text, len);
	digits[len] = '\0';
	if (envoi_int_parse(digits, INT64_MIN / unit->factor, INT64_MAX / unit->factor, &number) <
		0) {
		return complain(problem, "not %s", number_form(setting->type));
	}
	*ret_number = number * unit->factor;
	return ENVOI_OK;
}

static int parse_bool(const char *text, int64_t *ret_number, char *problem)
{
	static const char *const words[] = {"false", "true", "0", "1", "no", "yes", "off", "on"};
	for (size_t i = 0; i < COUNT(words); i++) {
		if (strcmp(text, words[i]) == 0) {
			*ret_number = i & 1;
			return ENVOI_OK;
		}
	}
	return complain(problem, "neither true nor false");
}

static int complain_of_choice(const struct envoi_setting *setting, char *problem)
{
	int len = snprintf(problem, ENVOI__PROBLEM_SIZE, "not one of");
	for (size_t i = 0; setting->choices[i] != NULL && len < ENVOI__PROBLEM_SIZE; i++) {
		len += snprintf(problem + len, (size_t)(ENVOI__PROBLEM_SIZE - len), "%s %s",
			i > 0 ? "," : "", setting->choices[i]);
	}
	return ENVOI_ERR_INVALID;
}

static int parse_choice(
	const struct envoi_setting *setting, const char *text, int64_t *ret_number, char *problem)
{
	for (size_t i = 0; setting->choices[i] != NULL; i++) {
		if (strcmp(text, setting->choices[i]) == 0) {
			*ret_number = (int64_t)i;
			return ENVOI_OK;
		}
	}
	return complain_of_choice(setting, problem);
}

static int check_range(const struct envoi_setting *setting, int64_t number, char *problem)
{
	bool has_range = setting->min != 0 || setting->max != 0;
	int64_t max = has_range ? setting->max : INT64_MAX;
	if (number < setting->min) {
		return complain(problem, "less than %lld", (long long)setting->min);
	}
	if (number > max) {
		return complain(problem, "more than %lld", (long long)max);
	}
	return ENVOI_OK;
}

static struct envoi__value *new_value(struct envoi_context *context, int64_t number, size_t len)
{
	struct envoi__value *value = envoi_alloc_zeroed(context, sizeof(*value) + 2 * len + 3);
	if (value != NULL) {
		value->number = number;
		value->refs = 1;
		value->len = (unsigned int)len;
	}
	return value;
}

static int value_of_text(struct envoi__value **ret_value, struct envoi_context *context,
	int64_t number, const char *text)
{
	size_t len = strlen(text);
	struct envoi__value *value = new_value(context, number, len);
	if (value == NULL) {
		return ENVOI_ERR_NOMEM;
	}
	memcpy(value->text, text, len);
	*ret_value = value;
	return ENVOI_OK;
}

static bool is_separator(char c)
{
	return c == ' ' || c == ',' || c == '\t' || c == '\n';
}

/* One blank between words; then the words again, each with a NUL, and one more. */
static int value_of_list(
	struct envoi__value **ret_value, struct envoi_context *context, const char *text)
{
	struct envoi__value *value = new_value(context, 0, strlen(text));
	if (value == NULL) {
		return ENVOI_ERR_NOMEM;
	}
	size_t len = 0;
	for (; *text != '\0'; text++) {
		if (!is_separator(*text)) {
			value->text[len++] = *text;
		} else if (len > 0 && value->text[len - 1] != ' ') {
			value->text[len++] = ' ';
		}
	}
	if (len > 0 && value->text[len - 1] == ' ') {
		value->text[--len] = '\0';
	}
	value->len = (unsigned int)len;
	char *words = value->text + len + 1;
	for (size_t i = 0; i < len; i++) {
		words[i] = value->text[i] == ' ' ? '\0' : value->text[i];
	}
	words[len] = '\0';
	*ret_value = value;
	return ENVOI_OK;
}

/* The largest unit that leaves a whole number. */
static void print_number(
	const struct envoi_setting *setting, int64_t number, char *text, size_t size)
{
	size_t count;
	const struct unit *units = units_of(setting->type, &count);
	while (count > 1 && (number == 0 || number % units->factor != 0)) {
		units++;
		count--;
	}
	char digits[ENVOI_INT_SIZE];
	envoi_int_print(digits, number / units->factor);
	snprintf(text, size, "%s%s", digits, units->name);
}

int envoi__value_from_int(struct envoi__value **ret_value, struct envoi_context *context,
	const struct envoi_setting *setting, int64_t number, char *problem)
{
	char text[ENVOI_INT_SIZE + 4];
	const char *canonical = text;
	int r = ENVOI_OK;
	switch (setting->type) {
	case ENVOI_SETTING_BOOL:
		if (number != 0 && number != 1) {
			return complain(problem, "neither true nor false");
		}
		canonical = envoi_bool_text(number == 1);
		break;
	case ENVOI_SETTING_CHOICE:
		for (int64_t i = 0; i <= number && r == ENVOI_OK; i++) {
			r = setting->choices[i] == NULL ? ENVOI_ERR_INVALID : ENVOI_OK;
		}
		if (r < 0 || number < 0) {
			return complain_of_choice(setting, problem);
		}
		canonical = setting->choices[number];
		break;
	case ENVOI_SETTING_INT:
	case ENVOI_SETTING_MS:
	case ENVOI_SETTING_BYTES:
		r = check_range(setting, number, problem);
		if (r < 0) {
			return r;
		}
		print_number(setting, number, text, sizeof(text));
		break;
	default:
		return complain(problem, "not a number but text");
	}
	return value_of_text(ret_value, context, number, canonical);
}

static void complain_of_text(const struct envoi_setting *setting, const char *text, char *problem)
{
	if (setting->expected == NULL) {
		complain(problem, "not accepted: \"%.200s\"", text);
	} else {
		complain(
			problem, "not accepted: \"%.100s\"; expected: %s", text, setting->expected);
	}
}

static int parse_by_type(
	const struct envoi_setting *setting, const char *text, int64_t *ret_number, char *problem)
{
	switch (setting->type) {
	case ENVOI_SETTING_BOOL:
		return parse_bool(text, ret_number, problem);
	case ENVOI_SETTING_CHOICE:
		return parse_choice(setting, text, ret_number, problem);
	default:
		return parse_number(setting, text, ret_number, problem);
	}
}

int envoi__value_parse(struct envoi__value **ret_value, struct envoi_context *context,
	const struct envoi_setting *setting, const char *text, char *problem)
{
	if (setting->type == ENVOI_SETTING_TEXT || setting->type == ENVOI_SETTING_LIST) {
		int r = setting->validate != NULL ? setting->validate(text) : ENVOI_OK;
		if (r < 0) {
			complain_of_text(setting, text, problem);
			return r;
		}
		return setting->type == ENVOI_SETTING_LIST
			? value_of_list(ret_value, context, text)
			: value_of_text(ret_value, context, 0, text);
	}
	int64_t number = 0;
	int r = parse_by_type(setting, text, &number, problem);
	if (r < 0) {
		return r;
	}
	return envoi__value_from_int(ret_value, context, setting, number, problem);
}
