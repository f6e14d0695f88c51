/*
 * envoi - booleans and integers as text
 * SPDX-License-Identifier: MIT
 */
#include <string.h>

#include <envoi/values.h>

int envoi_bool_parse(const char *text, bool *ret_value)
{
	if (text == NULL) {
		return ENVOI_ERR_INVALID;
	}
	bool yes = strcmp(text, "true") == 0 || strcmp(text, "1") == 0;
	if (!yes && strcmp(text, "false") != 0 && strcmp(text, "0") != 0) {
		return ENVOI_ERR_INVALID;
	}
	*ret_value = yes;
	return ENVOI_OK;
}

const char *envoi_bool_text(bool value)
{
	return value ? "true" : "false";
}

static int parse_digits(const char *text, uint64_t *ret_value)
{
	uint64_t value = 0;
	if (*text == '\0') {
		return ENVOI_ERR_INVALID;
	}
	for (; *text != '\0'; text++) {
		unsigned int digit = (unsigned int)(unsigned char)*text - '0';
		if (digit > 9 || value > (UINT64_MAX - digit) / 10) {
			return ENVOI_ERR_INVALID;
		}
		value = value * 10 + digit;
	}
	*ret_value = value;
	return ENVOI_OK;
}

/* The sign apart from the digits. "-0" is 0. */
static int parse_signed(const char *text, bool *ret_negative, uint64_t *ret_magnitude)
{
	if (text == NULL) {
		return ENVOI_ERR_INVALID;
	}
	bool has_sign = *text == '-' || *text == '+';
	int r = parse_digits(text + has_sign, ret_magnitude);
	*ret_negative = r == ENVOI_OK && *text == '-' && *ret_magnitude != 0;
	return r;
}

int envoi_int_parse(const char *text, int64_t min, int64_t max, int64_t *ret_value)
{
	bool negative;
	uint64_t magnitude;
	int r = parse_signed(text, &negative, &magnitude);
	if (r < 0) {
		return r;
	}
	if (magnitude > (uint64_t)INT64_MAX + negative) {
		return ENVOI_ERR_INVALID;
	}
	int64_t value = negative ? -(int64_t)(magnitude - 1) - 1 : (int64_t)magnitude;
	if (value < min || value > max) {
		return ENVOI_ERR_INVALID;
	}
	*ret_value = value;
	return ENVOI_OK;
}

int envoi_uint_parse(const char *text, uint64_t min, uint64_t max, uint64_t *ret_value)
{
	bool negative;
	uint64_t magnitude;
	int r = parse_signed(text, &negative, &magnitude);
	if (r < 0) {
		return r;
	}
	if (negative || magnitude < min || magnitude > max) {
		return ENVOI_ERR_INVALID;
	}
	*ret_value = magnitude;
	return ENVOI_OK;
}

static void print_digits(char *text, uint64_t value)
{
	char digits[ENVOI_INT_SIZE];
	size_t count = 0;
	do {
		digits[count++] = (char)('0' + value % 10);
		value /= 10;
	} while (value > 0);
	while (count > 0) {
		*text++ = digits[--count];
	}
	*text = '\0';
}

char *envoi_uint_print(char text[ENVOI_INT_SIZE], uint64_t value)
{
	print_digits(text, value);
	return text;
}

char *envoi_int_print(char text[ENVOI_INT_SIZE], int64_t value)
{
	text[0] = '-';
	print_digits(text + (value < 0), value < 0 ? -(uint64_t)value : (uint64_t)value);
	return text;
}
