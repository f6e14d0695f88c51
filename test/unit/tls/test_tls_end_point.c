/*
 * envoi - TLS: the channel binding tls-server-end-point: tests
 * SPDX-License-Identifier: MIT
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>
#include <gnutls/crypto.h>
#include <gnutls/gnutls.h>
#include <gnutls/x509.h>

#include <envoi/context.h>
#include <envoi/error.h>

#include "tls/tls_end_point.h"

/* RFC 5929, section 4.1 */
static const struct {
	gnutls_pk_algorithm_t key;
	gnutls_digest_algorithm_t signed_with, wanted; /* GNUTLS_DIG_UNKNOWN: undefined */
} rows[] = {
	{GNUTLS_PK_RSA, GNUTLS_DIG_MD5, GNUTLS_DIG_SHA256},
	{GNUTLS_PK_RSA, GNUTLS_DIG_SHA1, GNUTLS_DIG_SHA256},
	{GNUTLS_PK_RSA, GNUTLS_DIG_SHA256, GNUTLS_DIG_SHA256},
	{GNUTLS_PK_RSA, GNUTLS_DIG_SHA384, GNUTLS_DIG_SHA384},
	{GNUTLS_PK_RSA, GNUTLS_DIG_SHA224, GNUTLS_DIG_SHA224},
	{GNUTLS_PK_RSA, GNUTLS_DIG_SHA512, GNUTLS_DIG_SHA512},
	{GNUTLS_PK_RSA, GNUTLS_DIG_SHA3_256, GNUTLS_DIG_SHA3_256},
	{GNUTLS_PK_RSA, GNUTLS_DIG_SHA3_512, GNUTLS_DIG_SHA3_512},
	{GNUTLS_PK_RSA_PSS, GNUTLS_DIG_SHA256, GNUTLS_DIG_SHA256},
	{GNUTLS_PK_RSA_PSS, GNUTLS_DIG_SHA384, GNUTLS_DIG_SHA384},
	{GNUTLS_PK_RSA_PSS, GNUTLS_DIG_SHA512, GNUTLS_DIG_SHA512},
	{GNUTLS_PK_ECDSA, GNUTLS_DIG_SHA224, GNUTLS_DIG_SHA224},
	{GNUTLS_PK_ECDSA, GNUTLS_DIG_SHA3_256, GNUTLS_DIG_SHA3_256},
	{GNUTLS_PK_ECDSA, GNUTLS_DIG_SHA1, GNUTLS_DIG_SHA256},
	{GNUTLS_PK_ECDSA, GNUTLS_DIG_SHA256, GNUTLS_DIG_SHA256},
	{GNUTLS_PK_ECDSA, GNUTLS_DIG_SHA384, GNUTLS_DIG_SHA384},
	{GNUTLS_PK_ECDSA, GNUTLS_DIG_SHA512, GNUTLS_DIG_SHA512},
	{GNUTLS_PK_EDDSA_ED25519, GNUTLS_DIG_SHA512, GNUTLS_DIG_UNKNOWN},
	{GNUTLS_PK_EDDSA_ED448, GNUTLS_DIG_SHAKE_256, GNUTLS_DIG_UNKNOWN},
};

static unsigned int key_bits(gnutls_pk_algorithm_t key)
{
	switch ((int)key) {
	case GNUTLS_PK_ECDSA:
		return GNUTLS_CURVE_TO_BITS(GNUTLS_ECC_CURVE_SECP256R1);
	case GNUTLS_PK_EDDSA_ED25519:
		return GNUTLS_CURVE_TO_BITS(GNUTLS_ECC_CURVE_ED25519);
	case GNUTLS_PK_EDDSA_ED448:
		return GNUTLS_CURVE_TO_BITS(GNUTLS_ECC_CURVE_ED448);
	default:
		return 2048;
	}
}

static void make_certificate(gnutls_datum_t *ret_der, size_t row)
{
	gnutls_x509_privkey_t key;
	gnutls_x509_crt_t crt;
	assert_int_equal(gnutls_x509_privkey_init(&key), 0);
	assert_int_equal(
		gnutls_x509_privkey_generate(key, rows[row].key, key_bits(rows[row].key), 0), 0);
	assert_int_equal(gnutls_x509_crt_init(&crt), 0);
	assert_int_equal(gnutls_x509_crt_set_version(crt, 3), 0);
	assert_int_equal(gnutls_x509_crt_set_serial(crt, "\x01", 1), 0);
	assert_int_equal(gnutls_x509_crt_set_dn(crt, "CN=test", NULL), 0);
	assert_int_equal(gnutls_x509_crt_set_activation_time(crt, 0), 0);
	assert_int_equal(gnutls_x509_crt_set_expiration_time(crt, 2000000000), 0);
	assert_int_equal(gnutls_x509_crt_set_key(crt, key), 0);
	assert_int_equal(gnutls_x509_crt_sign2(crt, crt, key, rows[row].signed_with, 0), 0);
	assert_int_equal(gnutls_x509_crt_export2(crt, GNUTLS_X509_FMT_DER, ret_der), 0);
	gnutls_x509_crt_deinit(crt);
	gnutls_x509_privkey_deinit(key);
}

static void the_hash_is_that_of_the_signature(void **state)
{
	struct envoi_context *context = *state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		gnutls_datum_t der;
		struct envoi_buffer out;
		make_certificate(&der, i);
		envoi_buffer_init(&out, context, 0);
		int r = envoi__tls_end_point(&der, &out);
		if (rows[i].wanted == GNUTLS_DIG_UNKNOWN) {
			assert_int_equal(r, ENVOI_ERR_UNSUPPORTED);
			assert_int_equal(envoi_buffer_len(&out), 0);
		} else {
			unsigned char wanted[64];
			assert_int_equal(r, ENVOI_OK);
			gnutls_hash_fast(rows[i].wanted, der.data, der.size, wanted);
			assert_int_equal(
				envoi_buffer_len(&out), gnutls_hash_get_len(rows[i].wanted));
			assert_memory_equal(
				envoi_buffer_data(&out), wanted, envoi_buffer_len(&out));
		}
		envoi_buffer_finish(&out);
		gnutls_free(der.data);
	}
}

static void bytes_that_are_not_a_certificate_have_no_binding(void **state)
{
	struct envoi_context *context = *state;
	unsigned char garbage[] = "garbage";
	gnutls_datum_t der = {garbage, sizeof(garbage)};
	struct envoi_buffer out;
	envoi_buffer_init(&out, context, 0);
	assert_int_equal(envoi__tls_end_point(&der, &out), ENVOI_ERR_UNSUPPORTED);
	envoi_buffer_finish(&out);
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
		cmocka_unit_test_setup_teardown(the_hash_is_that_of_the_signature, setup, teardown),
		cmocka_unit_test_setup_teardown(
			bytes_that_are_not_a_certificate_have_no_binding, setup, teardown),
	};
	cmocka_set_test_filter(argc > 1 ? argv[1] : NULL);
	return cmocka_run_group_tests_name("crypto/tls_end_point", tests, NULL, NULL);
}
