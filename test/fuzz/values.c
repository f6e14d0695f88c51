/*
 * envoi - fuzz target: typed values
 * SPDX-License-Identifier: MIT
 *
 * Input: a text, which every parser is given. What is printed is read as the same value.
 */
#include "fuzz.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include <envoi/values.h>

static void check_base64(const char *text, size_t len)
{
	size_t room = envoi_base64_decoded_size(len), decoded_len, hex_len = len / 2;
	char *data = malloc(room + hex_len + 1);
	EXPECT(data != NULL);
	if (envoi_base64_decode(data, &decoded_len, text, len) == ENVOI_OK) {
		char *again = malloc(envoi_base64_encoded_size(decoded_len));
		EXPECT(again != NULL && decoded_len <= room);
		EXPECT(envoi_base64_encode(again, data, decoded_len) == len);
		EXPECT(memcmp(again, text, len) == 0 && again[len] == '\0');
		free(again);
	}
	if (envoi_hex_decode(data, text, len) == ENVOI_OK) {
		char *digits = malloc(2 * hex_len + 1), *again = malloc(hex_len + 1);
		EXPECT(digits != NULL && again != NULL);
		envoi_hex_encode(digits, data, hex_len);
		EXPECT(envoi_hex_decode(again, digits, 2 * hex_len) == ENVOI_OK);
		EXPECT(memcmp(again, data, hex_len) == 0);
		free(digits);
		free(again);
	}
	free(data);
}

/* Every sequence of bytes has an encoding that gives it back. */
static void check_encoding(const char *data, size_t len)
{
	char *text = malloc(envoi_base64_encoded_size(len));
	EXPECT(text != NULL);
	size_t text_len = envoi_base64_encode(text, data, len), decoded_len;
	EXPECT(text_len + 1 == envoi_base64_encoded_size(len));
	char *decoded = malloc(envoi_base64_decoded_size(text_len) + 1);
	EXPECT(decoded != NULL);
	EXPECT(envoi_base64_decode(decoded, &decoded_len, text, text_len) == ENVOI_OK);
	EXPECT(decoded_len == len && memcmp(decoded, data, len) == 0);
	free(text);
	free(decoded);
}

static void check_numbers(const char *text)
{
	char printed[ENVOI_INT_SIZE];
	int64_t number, again;
	uint64_t natural, natural_again;
	bool truth, truth_again;
	if (envoi_int_parse(text, INT64_MIN, INT64_MAX, &number) == ENVOI_OK) {
		EXPECT(envoi_int_parse(envoi_int_print(printed, number), number, number, &again) ==
			ENVOI_OK);
		EXPECT(again == number);
	}
	if (envoi_uint_parse(text, 0, UINT64_MAX, &natural) == ENVOI_OK) {
		EXPECT(envoi_uint_parse(envoi_uint_print(printed, natural), natural, natural,
			       &natural_again) == ENVOI_OK);
		EXPECT(natural_again == natural);
	}
	if (envoi_bool_parse(text, &truth) == ENVOI_OK) {
		EXPECT(envoi_bool_parse(envoi_bool_text(truth), &truth_again) == ENVOI_OK);
		EXPECT(truth_again == truth);
	}
}

static void check_date(int64_t ms)
{
	char printed[ENVOI_DATE_SIZE];
	int64_t again;
	EXPECT(envoi_date_print(printed, ms) != NULL);
	EXPECT(envoi_date_parse(printed, &again) == ENVOI_OK && again == ms);
}

static void check_dates(const char *text)
{
	char printed[ENVOI_DATE_SIZE];
	int64_t ms;
	struct envoi_day day, day_again;
	struct envoi_time time, time_again;
	int zone, zone_again;
	if (envoi_date_parse(text, &ms) == ENVOI_OK) {
		check_date(ms);
	}
	if (envoi_date_parse_legacy(text, &ms) == ENVOI_OK) {
		check_date(ms);
	}
	if (envoi_day_parse(text, &day) == ENVOI_OK) {
		EXPECT(envoi_day_print(printed, &day) != NULL);
		EXPECT(envoi_day_parse(printed, &day_again) == ENVOI_OK);
		EXPECT(day.year == day_again.year && day.month == day_again.month &&
			day.day == day_again.day);
	}
	if (envoi_time_parse(text, &time) == ENVOI_OK) {
		EXPECT(envoi_time_print(printed, &time) != NULL);
		EXPECT(envoi_time_parse(printed, &time_again) == ENVOI_OK);
		EXPECT(time.ms == time_again.ms && time.has_zone == time_again.has_zone);
		EXPECT(!time.has_zone || time.zone_minutes == time_again.zone_minutes);
	}
	if (envoi_zone_parse(text, &zone) == ENVOI_OK) {
		EXPECT(envoi_zone_print(printed, zone) != NULL);
		EXPECT(envoi_zone_parse(printed, &zone_again) == ENVOI_OK && zone == zone_again);
	}
}

static void check_lang(const char *text)
{
	char tag[ENVOI_LANG_SIZE], again[ENVOI_LANG_SIZE];
	if (envoi_lang_parse(text, tag) < 0) {
		return;
	}
	EXPECT(envoi_lang_is_valid(text) && envoi_lang_is_valid(tag));
	EXPECT(envoi_lang_parse(tag, again) == ENVOI_OK && strcmp(tag, again) == 0);
	EXPECT(envoi_lang_matches(tag, text) && envoi_lang_matches(text, tag));
	EXPECT(envoi_lang_matches(tag, "*"));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct fuzz_input input = {data, size};
	char *text = fuzz_rest(&input);
	check_base64(text, size);
	check_encoding(text, size);
	check_numbers(text);
	check_dates(text);
	check_lang(text);
	free(text);
	return 0;
}
