/*
 * envoi - servers whose keys are made to keep us busy
 * SPDX-License-Identifier: MIT
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

#include <gnutls/abstract.h>
#include <gnutls/crypto.h>

#include <envoi/context.h>
#include <envoi/settings.h>

#include "tls/tls_chain.h"
#include "tls/tls_verify.h"
#include "tls_server.h"

enum {
	YEAR = 31557600,
	LARGEST_BYTES = 2048,
};

static struct {
	struct envoi_context *context;
	struct envoi_settings *settings;
	struct envoi_tls_config *config;
	gnutls_x509_privkey_t key;
} all;

static int setup(void **state)
{
	(void)state;
	assert_int_equal(envoi_context_new(&all.context, NULL), ENVOI_OK);
	assert_int_equal(envoi_settings_new(&all.settings, all.context), ENVOI_OK);
	assert_int_equal(
		envoi_settings_set(all.settings, "tls.ca-file", TEST_DATA "/tls/ca.pem"), ENVOI_OK);
	assert_int_equal(envoi_settings_set(all.settings, "tls.system-trust", "no"), ENVOI_OK);
	assert_int_equal(envoi_tls_config_new(&all.config, all.context, all.settings), ENVOI_OK);
	assert_int_equal(gnutls_x509_privkey_init(&all.key), 0);
	assert_int_equal(gnutls_x509_privkey_generate(all.key, GNUTLS_PK_RSA, 2048, 0), 0);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	gnutls_x509_privkey_deinit(all.key);
	envoi_tls_config_unref(all.config);
	envoi_settings_free(all.settings);
	envoi_context_unref(all.context);
	return 0;
}

/* Not a valid key, which cannot be seen from outside. */
static gnutls_pubkey_t make_key(unsigned int bits, unsigned int exponent_bits)
{
	static unsigned char modulus[LARGEST_BYTES], exponent[LARGEST_BYTES];
	gnutls_datum_t m = {modulus, bits / 8}, e = {exponent, exponent_bits / 8};
	gnutls_pubkey_t key;
	memset(modulus, 0x5a, sizeof(modulus));
	memset(exponent, 0x5a, sizeof(exponent));
	modulus[0] = exponent[0] = 0x80;
	modulus[m.size - 1] = exponent[e.size - 1] = 0x5b;
	assert_int_equal(gnutls_pubkey_init(&key), 0);
	assert_int_equal(gnutls_pubkey_import_rsa_raw(key, &m, &e), 0);
	return key;
}

static gnutls_x509_crt_t make_certificate(unsigned int bits, unsigned int exponent_bits)
{
	static const char name[] = "example.org";
	gnutls_x509_crt_t certificate;
	gnutls_pubkey_t key = make_key(bits, exponent_bits);
	assert_int_equal(gnutls_x509_crt_init(&certificate), 0);
	gnutls_x509_crt_set_version(certificate, 3);
	gnutls_x509_crt_set_serial(certificate, "\x01", 1);
	gnutls_x509_crt_set_activation_time(certificate, time(NULL) - YEAR);
	gnutls_x509_crt_set_expiration_time(certificate, time(NULL) + YEAR);
	gnutls_x509_crt_set_dn_by_oid(
		certificate, GNUTLS_OID_X520_COMMON_NAME, 0, name, sizeof(name) - 1);
	gnutls_x509_crt_set_subject_alt_name(
		certificate, GNUTLS_SAN_DNSNAME, name, sizeof(name) - 1, GNUTLS_FSAN_SET);
	assert_int_equal(gnutls_x509_crt_set_pubkey(certificate, key), 0);
	assert_int_equal(
		gnutls_x509_crt_sign2(certificate, certificate, all.key, GNUTLS_DIG_SHA256, 0), 0);
	gnutls_pubkey_deinit(key);
	return certificate;
}

#define TOO_LARGE "a key in the server's certificates is too large"

static const struct {
	unsigned int bits, exponent_bits;
	bool is_costly;
} kinds[] = {
	{2048, 24, false},
	{8192, 64, false},
	{8200, 24, true},
	{16384, 24, true},
	{2048, 72, true},
	{16384, 16376, true},
};

/* Wherever in the chain: each is tried as the issuer of others. */
static void a_key_that_would_take_seconds_is_refused_as_it_is(void **state)
{
	(void)state;
	for (size_t i = 0; i < 2 * sizeof(kinds) / sizeof(kinds[0]); i++) {
		struct envoi__tls_verdict verdict;
		struct envoi__tls_name name;
		struct envoi_buffer pins;
		gnutls_x509_trust_list_t trust;
		gnutls_datum_t chain[2];
		gnutls_x509_crt_t other = make_certificate(2048, 24);
		gnutls_x509_crt_t one = make_certificate(
			kinds[i / 2].bits, kinds[i / 2].exponent_bits);
		gnutls_x509_crt_export2(one, GNUTLS_X509_FMT_DER, &chain[i % 2]);
		gnutls_x509_crt_export2(other, GNUTLS_X509_FMT_DER, &chain[1 - i % 2]);
		assert_int_equal(gnutls_x509_trust_list_init(&trust, 0), 0);
		assert_int_equal(envoi__tls_name_init(&name, all.context, "example.org"), ENVOI_OK);
		envoi_buffer_init(&pins, all.context, 0);
		const struct envoi__tls_rules rules = {.context = all.context,
			.trust = trust,
			.name = &name,
			.pins = &pins,
			.named_pins = &pins};
		assert_int_equal(
			envoi__tls_verify(&verdict, &rules, chain, 2), ENVOI_ERR_CERTIFICATE);
		assert_int_equal(strcmp(verdict.reasons, TOO_LARGE) == 0, kinds[i / 2].is_costly);
		assert_int_equal(verdict.doubts == 0, kinds[i / 2].is_costly);
		envoi__tls_name_finish(&name);
		gnutls_x509_trust_list_deinit(trust, 1);
		gnutls_x509_crt_deinit(one);
		gnutls_x509_crt_deinit(other);
		gnutls_free(chain[0].data);
		gnutls_free(chain[1].data);
	}
}

/* The signature is of another key: TLS 1.3, where it is checked first, reports that. */
static void it_is_refused_before_the_servers_signature_is_checked(void **state)
{
	(void)state;
	static const char *const versions[] = {
		"NORMAL:-VERS-ALL:+VERS-TLS1.3", "NORMAL:-VERS-ALL:+VERS-TLS1.2"};
	for (size_t i = 0; i < 2 * sizeof(kinds) / sizeof(kinds[0]); i++) {
		const struct tls_server_options options = {.priorities = versions[i % 2]};
		struct tls_server server;
		struct envoi__tls *client;
		gnutls_certificate_credentials_t credentials;
		gnutls_x509_crt_t certificate = make_certificate(
			kinds[i / 2].bits, kinds[i / 2].exponent_bits);
		tls_server_init(&server, all.context, &options);
		assert_int_equal(gnutls_certificate_allocate_credentials(&credentials), 0);
		gnutls_certificate_set_flags(credentials, GNUTLS_CERTIFICATE_SKIP_KEY_CERT_MATCH);
		assert_true(gnutls_certificate_set_x509_key(
				    credentials, &certificate, 1, all.key) >= 0);
		gnutls_credentials_set(server.session, GNUTLS_CRD_CERTIFICATE, credentials);
		assert_int_equal(
			envoi__tls_new(&client, all.config, ENVOI_INITIATOR, "example.org", NULL),
			ENVOI_OK);
		int r = tls_server_shake_hands(&server, client);
		bool is_signature_first = i % 2 == 0;
		assert_int_equal(r,
			!kinds[i / 2].is_costly && is_signature_first ? ENVOI_ERR_TLS
								      : ENVOI_ERR_CERTIFICATE);
		assert_int_equal(strcmp(envoi__tls_error_text(client), TOO_LARGE) == 0,
			kinds[i / 2].is_costly);
		envoi__tls_free(client);
		tls_server_finish(&server);
		gnutls_certificate_free_credentials(credentials);
		gnutls_x509_crt_deinit(certificate);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_key_that_would_take_seconds_is_refused_as_it_is),
		cmocka_unit_test(it_is_refused_before_the_servers_signature_is_checked),
	};
	return cmocka_run_group_tests_name("crypto/tls costly", tests, setup, teardown);
}
