/*
 * envoi - TLS: pins: tests
 * SPDX-License-Identifier: MIT
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include <envoi/context.h>

#include "tls/tls_config.h"
#include "tls/tls_pin.h"

#define HEX "00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff"
#define BASE64 "ABEiM0RVZneImaq7zN3u/wARIjNEVWZ3iJmqu8zd7v8="

static void both_forms_are_the_same_pin(void **state)
{
	static const char *const forms[] = {"sha256:" HEX, "sha256:" BASE64};
	(void)state;
	for (size_t i = 0; i < 2; i++) {
		unsigned char pin[ENVOI__PIN_BYTES];
		assert_int_equal(envoi__pin_parse(forms[i], strlen(forms[i]), pin), ENVOI_OK);
		for (size_t at = 0; at < sizeof(pin); at++) {
			assert_int_equal(pin[at], (at & 15) * 0x11);
		}
	}
}

static void other_texts_are_no_pins(void **state)
{
	static const char *const texts[] = {
		"",
		"sha256",
		"sha256:",
		"sha256:00",
		"sha256:" HEX "0",
		"sha256:" HEX HEX,
		"sha256:" BASE64 "=",
		"SHA256:" HEX,
		"sha512:" HEX,
		"sha1024" HEX,
		HEX,
		BASE64,
		" sha256:" HEX,
		"sha256: " BASE64,
		"sha256:g0112233445566778899aabbccddeeff00112233445566778899aabbccddeeff",
		"sha256:ABEiM0RVZneImaq7zN3u/wARIjNEVWZ3iJmqu8zd7v9AA",
		"sha256:ABEiM0RVZneImaq7zN3u/wARIjNEVWZ3iJmqu8zd7w==",
		"sha256:ABEiM0RVZneImaq7zN3u/wARIjNEVWZ3iJmqu8zd7v!=",
	};
	(void)state;
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		unsigned char pin[ENVOI__PIN_BYTES];
		assert_int_equal(
			envoi__pin_parse(texts[i], strlen(texts[i]), pin), ENVOI_ERR_INVALID);
	}
}

static void a_pin_is_kept_once(void **state)
{
	struct envoi_context *context;
	struct envoi_tls_config *config;
	(void)state;
	assert_int_equal(envoi_context_new(&context, NULL), ENVOI_OK);
	assert_int_equal(envoi_tls_config_new(&config, context, NULL), ENVOI_OK);
	assert_int_equal(envoi_tls_config_add_pin(config, "sha256:" HEX), ENVOI_OK);
	assert_int_equal(envoi_tls_config_add_pin(config, "sha256:" BASE64), ENVOI_OK);
	assert_int_equal(envoi_buffer_len(&config->pins), ENVOI__PIN_BYTES);
	static const char other[] =
		"sha256:ff112233445566778899aabbccddeeff00112233445566778899aabbccddeeff";
	assert_int_equal(envoi_tls_config_add_pin(config, other), ENVOI_OK);
	assert_int_equal(envoi_tls_config_add_pin(config, "sha256:" HEX), ENVOI_OK);
	assert_int_equal(envoi_buffer_len(&config->pins), 2 * ENVOI__PIN_BYTES);
	envoi_tls_config_unref(config);
	envoi_context_unref(context);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(both_forms_are_the_same_pin),
		cmocka_unit_test(other_texts_are_no_pins),
		cmocka_unit_test(a_pin_is_kept_once),
	};
	return cmocka_run_group_tests_name("tls/tls_pin", tests, NULL, NULL);
}
