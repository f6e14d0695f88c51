/*
 * envoi - SASL: protection of what was offered: tests
 * SPDX-License-Identifier: MIT
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include <envoi/context.h>

#include "sasl/sasl_downgrade.h"

#define LONG "SCRAM-SHA-1-PLUS SCRAM-SHA-1"
#define TYPES "tls-server-end-point tls-exporter"

/* The first is XEP-0474's example; the others were computed with Python's hashlib. */
static const struct {
	enum envoi__scram_hash hash;
	const char *mechanisms, *bindings; /* NULL: no list */
	const char *wanted;
} rows[] = {
	{ENVOI__SCRAM_SHA_1, LONG, TYPES, "G6k/rBLDqgOhRRaCuuatSDFkJ08="},
	{ENVOI__SCRAM_SHA_1, LONG, NULL, "g00gt4Qd0gJ3EvnclTnY0KEYfRg="},
	{ENVOI__SCRAM_SHA_1, "PLAIN", "", "ew+mLkkdQGW8eM/exQSJD0wvKJk="},
	{ENVOI__SCRAM_SHA_1, "", NULL, "2jmj7l5rSw0yVb/vlWAYkK/YBwk="},
	{ENVOI__SCRAM_SHA_256, LONG, TYPES, "H6VEQ+6wl/eYKuTjJn4D9/e9GTn1AcYGw/oiSJ3Yhy0="},
	{ENVOI__SCRAM_SHA_512, LONG, TYPES,
		"Q1q0WwH927l2RRoYIMiDY0g7R21hTZK+bfBgkhqek9JSTfIzUlnUZQRB2A6lZL3ER7ZMWRRdQzEJKVH6"
		"71Bh0g=="},
};

struct words {
	char text[128];
	const char *words[8];
	size_t count;
};

static void cut(struct words *words, const char *text)
{
	*words = (struct words){.count = 0};
	snprintf(words->text, sizeof(words->text), "%s", text != NULL ? text : "");
	for (char *at = words->text; *at != '\0';) {
		size_t len = strcspn(at, " ");
		words->words[words->count++] = at;
		at += len;
		if (*at != '\0') {
			*at++ = '\0';
		}
	}
}

static void the_hash_is_that_of_the_specification(void **state)
{
	struct envoi_context *context = *state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct words mechanisms, bindings;
		cut(&mechanisms, rows[i].mechanisms);
		cut(&bindings, rows[i].bindings);
		struct envoi_sasl_offer offer = {
			.mechanisms = mechanisms.words,
			.mechanism_count = mechanisms.count,
			.lists_bindings = rows[i].bindings != NULL,
			.bindings = bindings.words,
			.binding_count = bindings.count,
		};
		char *hash;
		assert_int_equal(
			envoi__sasl_offer_hash(&hash, context, rows[i].hash, &offer), ENVOI_OK);
		assert_string_equal(hash, rows[i].wanted);
		envoi_free(context, hash);
	}
}

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

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(
			the_hash_is_that_of_the_specification, setup, teardown),
	};
	cmocka_set_test_filter(argc > 1 ? argv[1] : NULL);
	return cmocka_run_group_tests_name("crypto/sasl_downgrade", tests, NULL, NULL);
}
