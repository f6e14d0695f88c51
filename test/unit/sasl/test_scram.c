/*
 * envoi - SCRAM: what is computed: tests
 * SPDX-License-Identifier: MIT
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include <envoi/error.h>
#include <envoi/values.h>

#include "sasl/scram.h"

struct vector {
	enum envoi__scram_hash hash;
	const char *salt64;
	unsigned int iterations;
	const char *auth_message, *proof64, *signature64;
};

#define NONCE_1 "fyko+d2lbbFgONRv9qkxdawL3rfcNHYJY1ZVvWVs7j"
#define NONCE_2 "rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0"
#define MESSAGE_2(count) \
	"n=user,r=rOprNGfwEbeRWgbNEkqO,r=" NONCE_2 ",s=W22ZaJ0SNY7soEsUEjb6gQ==,i=" count \
	",c=biws,r=" NONCE_2

/* User "user", password "pencil". */
static const struct vector vectors[] = {
	{
		/* RFC 5802, section 5 */
		ENVOI__SCRAM_SHA_1,
		"QSXCR+Q6sek8bf92",
		4096,
		"n=user,r=fyko+d2lbbFgONRv9qkxdawL,r=" NONCE_1 ",s=QSXCR+Q6sek8bf92,i=4096,"
		"c=biws,r=" NONCE_1,
		"v0X8v3Bz2T0CJGbJQyF0X+HI4Ts=",
		"rmF9pqV8S7suAoZWja4dJRkFsKQ=",
	},
	{
		/* RFC 7677, section 3 */
		ENVOI__SCRAM_SHA_256,
		"W22ZaJ0SNY7soEsUEjb6gQ==",
		4096,
		MESSAGE_2("4096"),
		"dHzbZapWIk4jUhN+Ute9ytag9zjfMHgsqmmiz7AndVQ=",
		"6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4=",
	},
	/* The same exchange with SHA-512, computed with Python's hashlib and hmac. */
	{
		ENVOI__SCRAM_SHA_512,
		"W22ZaJ0SNY7soEsUEjb6gQ==",
		4096,
		MESSAGE_2("4096"),
		"gMGXRcevScNtxZ6/8lQYpGtnsNAc3mGcmNomv+xnoOMw+3R2xNJdMNnzMlTN8PPC6wdp6dybEmDYXYTx"
		"wnYPJQ==",
		"ZQnYEgWQMFmmsM8aQMF0nDDCy/AgCzkwk8CmMZYcMg0vSVlKDanekLtifDSeVGT4+5ZxXnJq199RVG2r"
		"R7N7Zw==",
	},
	{
		ENVOI__SCRAM_SHA_512,
		"W22ZaJ0SNY7soEsUEjb6gQ==",
		10000,
		MESSAGE_2("10000"),
		"sScffJ11LZ4TfY4PVI/6/9rMIHpix12AijdjQOPWK26er2vRtW/osDSi/hegaCFWfI91sJZd0bevncVE"
		"hUg0wQ==",
		"RjtcFh+1kT0TmNH2klLiCXHiJLvMLwWuSSjecIns8FBSn0XXRb3iv2qU96STCkYC2Go0feONylPqhw46"
		"oweC5A==",
	},
};

static void derive(
	const struct vector *vector, const char *password, struct envoi__scram_keys *keys)
{
	struct envoi__scram_derivation derivation;
	unsigned char salt[64];
	size_t salt_len;
	assert_int_equal(
		envoi_base64_decode(salt, &salt_len, vector->salt64, strlen(vector->salt64)), 0);
	assert_int_equal(envoi__scram_derivation_begin(&derivation, vector->hash, password, salt,
				 salt_len, vector->iterations),
		0);
	int r;
	do {
		r = envoi__scram_derivation_run(&derivation, keys);
	} while (r == ENVOI_AGAIN);
	assert_int_equal(r, ENVOI_OK);
	envoi__scram_derivation_finish(&derivation);
}

static void assert_base64(const unsigned char *data, size_t len, const char *wanted)
{
	char text[128];
	envoi_base64_encode(text, data, len);
	assert_string_equal(text, wanted);
}

static void the_keys_are_those_of_the_rfcs(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(vectors) / sizeof(vectors[0]); i++) {
		const struct vector *v = &vectors[i];
		size_t size = envoi__scram_hash_size(v->hash), len = strlen(v->auth_message);
		struct envoi__scram_keys keys;
		unsigned char out[ENVOI__SCRAM_LARGEST_HASH];
		derive(v, "pencil", &keys);
		assert_int_equal(envoi__scram_prove(v->hash, &keys, v->auth_message, len, out), 0);
		assert_base64(out, size, v->proof64);
		assert_int_equal(
			envoi__scram_check_proof(v->hash, &keys, v->auth_message, len, out), 0);
		assert_int_equal(
			envoi__scram_hmac(v->hash, keys.server_key, v->auth_message, len, out), 0);
		assert_base64(out, size, v->signature64);
	}
}

static void no_bit_of_a_proof_may_be_wrong(void **state)
{
	(void)state;
	const struct vector *v = &vectors[1];
	size_t len = strlen(v->auth_message);
	struct envoi__scram_keys keys;
	unsigned char proof[ENVOI__SCRAM_LARGEST_HASH];
	derive(v, "pencil", &keys);
	assert_int_equal(envoi__scram_prove(v->hash, &keys, v->auth_message, len, proof), 0);
	for (size_t i = 0; i < 8 * envoi__scram_hash_size(v->hash); i++) {
		proof[i / 8] ^= (unsigned char)(1 << (i % 8));
		assert_int_equal(
			envoi__scram_check_proof(v->hash, &keys, v->auth_message, len, proof),
			ENVOI_ERR_AUTH);
		proof[i / 8] ^= (unsigned char)(1 << (i % 8));
	}
}

/* The loop turns between slices. */
static void no_run_does_more_than_a_slice(void **state)
{
	(void)state;
	static const struct {
		unsigned int iterations, runs;
	} rows[] = {
		{1, 1},
		{2, 1},
		{4096, 1},
		{ENVOI__SCRAM_SLICE + 1, 1},
		{ENVOI__SCRAM_SLICE + 2, 2},
		{10000, 3},
		{100000, 25},
	};
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct envoi__scram_derivation derivation;
		struct envoi__scram_keys keys;
		unsigned int runs = 0;
		int r = envoi__scram_derivation_begin(
			&derivation, ENVOI__SCRAM_SHA_1, "x", "salt", 4, rows[i].iterations);
		assert_int_equal(r, ENVOI_OK);
		do {
			unsigned int before = derivation.iterations_left;
			r = envoi__scram_derivation_run(&derivation, &keys);
			assert_true(before - derivation.iterations_left <= ENVOI__SCRAM_SLICE);
			runs++;
		} while (r == ENVOI_AGAIN);
		assert_int_equal(r, ENVOI_OK);
		assert_int_equal(runs, rows[i].runs);
		envoi__scram_derivation_finish(&derivation);
	}
}

static void an_exchange_that_is_freed_early_leaves_nothing(void **state)
{
	(void)state;
	struct envoi__scram_derivation derivation, zeroed = {.hash = ENVOI__SCRAM_SHA_1};
	struct envoi__scram_keys keys;
	assert_int_equal(envoi__scram_derivation_begin(
				 &derivation, ENVOI__SCRAM_SHA_512, "x", "salt", 4, 100000),
		ENVOI_OK);
	assert_int_equal(envoi__scram_derivation_run(&derivation, &keys), ENVOI_AGAIN);
	envoi__scram_derivation_finish(&derivation);
	for (size_t i = 0; i < sizeof(derivation.sum); i++) {
		assert_int_equal(derivation.sum[i] | derivation.last[i], 0);
	}
	envoi__scram_derivation_finish(&derivation);
	envoi__scram_derivation_finish(&zeroed);
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_keys_are_those_of_the_rfcs),
		cmocka_unit_test(no_bit_of_a_proof_may_be_wrong),
		cmocka_unit_test(no_run_does_more_than_a_slice),
		cmocka_unit_test(an_exchange_that_is_freed_early_leaves_nothing),
	};
	cmocka_set_test_filter(argc > 1 ? argv[1] : NULL);
	return cmocka_run_group_tests_name("crypto/scram", tests, NULL, NULL);
}
