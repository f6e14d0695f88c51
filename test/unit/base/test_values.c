/*
 * envoi - typed values as text: tests
 * SPDX-License-Identifier: MIT
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include <envoi/values.h>

/* RFC 4648, section 10 */
static void base64_has_the_forms_of_the_rfc(void **state)
{
	(void)state;
	static const char *const rows[][2] = {
		{"", ""},
		{"f", "Zg=="},
		{"fo", "Zm8="},
		{"foo", "Zm9v"},
		{"foob", "Zm9vYg=="},
		{"fooba", "Zm9vYmE="},
		{"foobar", "Zm9vYmFy"},
	};
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		char text[16], data[16];
		size_t len = strlen(rows[i][0]), written;
		assert_int_equal(envoi_base64_encoded_size(len), strlen(rows[i][1]) + 1);
		assert_int_equal(envoi_base64_encode(text, rows[i][0], len), strlen(rows[i][1]));
		assert_string_equal(text, rows[i][1]);
		assert_int_equal(envoi_base64_decode(data, &written, text, strlen(text)), ENVOI_OK);
		assert_int_equal(written, len);
		assert_memory_equal(data, rows[i][0], len);
	}
}

static void base64_of_every_byte_comes_back_in_place(void **state)
{
	(void)state;
	unsigned char bytes[256];
	char text[345];
	for (size_t i = 0; i < sizeof(bytes); i++) {
		bytes[i] = (unsigned char)(i * 7);
	}
	for (size_t len = 0; len <= sizeof(bytes); len++) {
		size_t characters = envoi_base64_encode(text, bytes, len), written;
		assert_true(envoi_base64_decoded_size(characters) >= len);
		assert_int_equal(envoi_base64_decode(text, &written, text, characters), ENVOI_OK);
		assert_int_equal(written, len);
		assert_memory_equal(text, bytes, len);
	}
}

static void base64_that_is_not_strict_is_refused(void **state)
{
	(void)state;
	static const char *const bad[] = {"=", "==", "===", "====", "Z", "Zg",
		"Zg=", "Zg===", "=Zg=", "Z=g=", "Zh==", "Zm9=", "Zm9v ", " Zm9v", "Zm 9", "Zm\n9",
		"Zg==Zg==", "Zm9vZg==A", "Zm-v", "Zm_v", "Zm9vYg==\n",
		"Z===", "Zm9v====", "\xc3\xa9==", "Zm9\x80"};
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		char data[16];
		size_t written = 99;
		assert_int_equal(envoi_base64_decode(data, &written, bad[i], strlen(bad[i])),
			ENVOI_ERR_INVALID);
		assert_int_equal(written, 99);
	}
	char data[4];
	size_t written;
	assert_int_equal(envoi_base64_decode(data, &written, "Zg\0=", 4), ENVOI_ERR_INVALID);
}

static void hexadecimal_is_read_in_either_case_and_written_in_lower(void **state)
{
	(void)state;
	char data[4], text[9];
	assert_int_equal(envoi_hex_decode(data, "00fFa9B0", 8), ENVOI_OK);
	envoi_hex_encode(text, data, sizeof(data));
	assert_string_equal(text, "00ffa9b0");
	assert_int_equal(envoi_hex_decode(data, "abc", 3), ENVOI_ERR_INVALID);
	assert_int_equal(envoi_hex_decode(data, "ag", 2), ENVOI_ERR_INVALID);
	assert_int_equal(envoi_hex_decode(data, " 1", 2), ENVOI_ERR_INVALID);
	assert_int_equal(envoi_hex_decode(data, "0x", 2), ENVOI_ERR_INVALID);
	assert_int_equal(envoi_hex_decode(data, "", 0), ENVOI_OK);
}

static void booleans_have_four_words(void **state)
{
	(void)state;
	bool value = false;
	assert_int_equal(envoi_bool_parse("true", &value), ENVOI_OK);
	assert_true(value);
	assert_int_equal(envoi_bool_parse("0", &value), ENVOI_OK);
	assert_false(value);
	assert_int_equal(envoi_bool_parse("1", &value), ENVOI_OK);
	assert_true(value);
	assert_int_equal(envoi_bool_parse("false", &value), ENVOI_OK);
	assert_false(value);
	static const char *const bad[] = {"", "TRUE", "True", " true", "yes", "00", "2", NULL};
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		assert_int_equal(envoi_bool_parse(bad[i], &value), ENVOI_ERR_INVALID);
	}
	assert_string_equal(envoi_bool_text(true), "true");
	assert_string_equal(envoi_bool_text(false), "false");
}

static void integers_are_read_within_their_range(void **state)
{
	(void)state;
	int64_t value = 7;
	assert_int_equal(envoi_int_parse("-128", -128, 127, &value), ENVOI_OK);
	assert_int_equal(value, -128);
	assert_int_equal(envoi_int_parse("+0012", -128, 127, &value), ENVOI_OK);
	assert_int_equal(value, 12);
	assert_int_equal(envoi_int_parse("-0", 0, 1, &value), ENVOI_OK);
	assert_int_equal(value, 0);
	assert_int_equal(
		envoi_int_parse("-9223372036854775808", INT64_MIN, INT64_MAX, &value), ENVOI_OK);
	assert_true(value == INT64_MIN);
	assert_int_equal(
		envoi_int_parse("9223372036854775807", INT64_MIN, INT64_MAX, &value), ENVOI_OK);
	assert_true(value == INT64_MAX);
	value = 7;
	static const char *const bad[] = {"", "-", "+", "--1", "+-1", " 1", "1 ", "1.0", "1e3",
		"0x1", "9223372036854775808", "-9223372036854775809", "18446744073709551616", "a",
		"99999999999999999999999999", "\xd9\xa1", NULL};
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		assert_int_equal(
			envoi_int_parse(bad[i], INT64_MIN, INT64_MAX, &value), ENVOI_ERR_INVALID);
	}
	assert_int_equal(envoi_int_parse("128", -128, 127, &value), ENVOI_ERR_INVALID);
	assert_int_equal(envoi_int_parse("-129", -128, 127, &value), ENVOI_ERR_INVALID);
	assert_int_equal(value, 7);
}

static void unsigned_integers_reach_the_last_one(void **state)
{
	(void)state;
	uint64_t value = 7;
	assert_int_equal(envoi_uint_parse("18446744073709551615", 0, UINT64_MAX, &value), ENVOI_OK);
	assert_true(value == UINT64_MAX);
	assert_int_equal(
		envoi_uint_parse("18446744073709551616", 0, UINT64_MAX, &value), ENVOI_ERR_INVALID);
	assert_int_equal(envoi_uint_parse("-1", 0, UINT64_MAX, &value), ENVOI_ERR_INVALID);
	assert_int_equal(envoi_uint_parse("-0", 0, UINT64_MAX, &value), ENVOI_OK);
	assert_int_equal(value, 0);
}

static void integers_are_written_in_one_form(void **state)
{
	(void)state;
	char text[ENVOI_INT_SIZE];
	assert_string_equal(envoi_int_print(text, 0), "0");
	assert_string_equal(envoi_int_print(text, -1), "-1");
	assert_string_equal(envoi_int_print(text, INT64_MIN), "-9223372036854775808");
	assert_string_equal(envoi_int_print(text, INT64_MAX), "9223372036854775807");
	assert_string_equal(envoi_uint_print(text, UINT64_MAX), "18446744073709551615");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(base64_has_the_forms_of_the_rfc),
		cmocka_unit_test(base64_of_every_byte_comes_back_in_place),
		cmocka_unit_test(base64_that_is_not_strict_is_refused),
		cmocka_unit_test(hexadecimal_is_read_in_either_case_and_written_in_lower),
		cmocka_unit_test(booleans_have_four_words),
		cmocka_unit_test(integers_are_read_within_their_range),
		cmocka_unit_test(unsigned_integers_reach_the_last_one),
		cmocka_unit_test(integers_are_written_in_one_form),
	};
	return cmocka_run_group_tests_name("base/values", tests, NULL, NULL);
}
