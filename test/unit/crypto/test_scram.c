/*
 * envoi - SCRAM: derivation and checks: tests
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

#include <envoi/error.h>

#include "crypto/scram.h"

struct vector {
	enum envoi__scram_hash hash;
	gnutls_mac_algorithm_t mac;
	gnutls_digest_algorithm_t digest;
	const char *salt64, *auth_message, *proof64, *signature64;
};

/* User "user", password "pencil", 4096 iterations. */
static const struct vector vectors[] = {
	{
		/* RFC 5802, section 5 */
		ENVOI__SCRAM_SHA_1,
		GNUTLS_MAC_SHA1,
		GNUTLS_DIG_SHA1,
		"QSXCR+Q6sek8bf92",
		"n=user,r=fyko+d2lbbFgONRv9qkxdawL,"
		"r=fyko+d2lbbFgONRv9qkxdawL3rfcNHYJY1ZVvWVs7j,s=QSXCR+Q6sek8bf92,i=4096,"
		"c=biws,r=fyko+d2lbbFgONRv9qkxdawL3rfcNHYJY1ZVvWVs7j",
		"v0X8v3Bz2T0CJGbJQyF0X+HI4Ts=",
		"rmF9pqV8S7suAoZWja4dJRkFsKQ=",
	},
	{
		/* RFC 7677, section 3 */
		ENVOI__SCRAM_SHA_256,
		GNUTLS_MAC_SHA256,
		GNUTLS_DIG_SHA256,
		"W22ZaJ0SNY7soEsUEjb6gQ==",
		"n=user,r=rOprNGfwEbeRWgbNEkqO,"
		"r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,"
		"s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096,"
		"c=biws,r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0",
		"dHzbZapWIk4jUhN+Ute9ytag9zjfMHgsqmmiz7AndVQ=",
		"6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4=",
	},
};

static size_t decode(const char *text, unsigned char *data, size_t size)
{
	union {
		const char *given;
		unsigned char *wanted;
	} pointer = {.given = text};
	gnutls_datum_t in = {pointer.wanted, (unsigned int)strlen(text)}, out;
	assert_int_equal(gnutls_base64_decode2(&in, &out), 0);
	size_t len = out.size;
	assert_true(len <= size);
	memcpy(data, out.data, len);
	gnutls_free(out.data);
	return len;
}

/* The server's view: ClientProof XOR HMAC(StoredKey, AuthMessage) hashes to StoredKey. */
static void the_keys_are_those_of_the_rfcs(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(vectors) / sizeof(vectors[0]); i++) {
		const struct vector *v = &vectors[i];
		size_t size = envoi__scram_hash_size(v->hash), auth_len = strlen(v->auth_message);
		unsigned char salt[32], wanted[64], signature[64], client_key[64], stored[64];
		size_t salt_len = decode(v->salt64, salt, sizeof(salt));
		struct envoi__scram_keys keys;
		assert_int_equal(
			envoi__scram_derive(v->hash, "pencil", salt, salt_len, 4096, &keys), 0);
		assert_int_equal(envoi__scram_expand(v->hash, &keys), 0);

		gnutls_hmac_fast(
			v->mac, keys.server_key, size, v->auth_message, auth_len, signature);
		assert_int_equal(decode(v->signature64, wanted, sizeof(wanted)), size);
		assert_memory_equal(signature, wanted, size);

		gnutls_hmac_fast(
			v->mac, keys.stored_key, size, v->auth_message, auth_len, signature);
		assert_int_equal(decode(v->proof64, client_key, sizeof(client_key)), size);
		for (size_t j = 0; j < size; j++) {
			client_key[j] ^= signature[j];
		}
		gnutls_hash_fast(v->digest, client_key, size, stored);
		assert_memory_equal(stored, keys.stored_key, size);
	}
}

static void name_and_nonce_of_a_client_are_found(void **state)
{
	(void)state;
	static const struct {
		const char *first, *name, *nonce;
	} rows[] = {
		{"n,,n=user,r=abc", "user", "abc"},
		{"y,,n=user,r=abc,x=1", "user", "abc"},
		{"p=tls-exporter,a=me@here,n=us=2Cer,r=a,r=b", "us=2Cer", "a"},
		{"n,a=n=x,n=user,r=", "user", ""},
		{"n,,n=user", "user", NULL},
		{"n,,n=user,s=1", "user", NULL},
		{"n,,m=ext,n=user,r=abc", NULL, NULL},
		{"n,n=user,r=abc", NULL, NULL},
		{"n,,n", NULL, NULL},
		{"n,", NULL, NULL},
		{"", NULL, NULL},
	};
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		size_t first_len = strlen(rows[i].first), len = 0;
		const char *name = envoi__scram_client_name(rows[i].first, first_len, &len);
		assert_int_equal(name == NULL, rows[i].name == NULL);
		if (name != NULL) {
			assert_int_equal(len, strlen(rows[i].name));
			assert_memory_equal(name, rows[i].name, len);
		}
		const char *nonce = envoi__scram_client_nonce(rows[i].first, first_len, &len);
		assert_int_equal(nonce == NULL, rows[i].nonce == NULL);
		if (nonce != NULL) {
			assert_int_equal(len, strlen(rows[i].nonce));
			assert_memory_equal(nonce, rows[i].nonce, len);
		}
	}
}

/* RFC 5802, section 5.1; a server that adds nothing replays somebody else's exchange. */
static void a_server_nonce_must_extend_ours(void **state)
{
	(void)state;
	static const struct {
		const char *first;
		int result;
	} rows[] = {
		{"r=oursX,s=AAAA,i=4096", ENVOI_OK},
		{"r=ours", ENVOI_ERR_AUTH},
		{"r=ours,s=AAAA,i=4096", ENVOI_ERR_AUTH},
		{"r=our,s=AAAA,i=4096", ENVOI_ERR_AUTH},
		{"r=Xours,s=AAAA,i=4096", ENVOI_ERR_AUTH},
		{"r=,s=AAAA,i=4096", ENVOI_ERR_AUTH},
		{"r=oursX\x7f,s=AAAA,i=4096", ENVOI_ERR_PROTOCOL},
		{"r=ours X,s=AAAA,i=4096", ENVOI_ERR_PROTOCOL},
		{"r=ours\xc3\xa9,s=AAAA,i=4096", ENVOI_ERR_PROTOCOL},
		{"m=x,r=oursX,s=AAAA,i=4096", ENVOI_ERR_PROTOCOL},
		{"s=AAAA,r=oursX,i=4096", ENVOI_ERR_PROTOCOL},
		{"r", ENVOI_ERR_PROTOCOL},
		{"", ENVOI_ERR_PROTOCOL},
	};
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		assert_int_equal(envoi__scram_check_server_nonce(
					 rows[i].first, strlen(rows[i].first), "ours", 4),
			rows[i].result);
	}
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_keys_are_those_of_the_rfcs),
		cmocka_unit_test(name_and_nonce_of_a_client_are_found),
		cmocka_unit_test(a_server_nonce_must_extend_ours),
	};
	cmocka_set_test_filter(argc > 1 ? argv[1] : NULL);
	return cmocka_run_group_tests_name("crypto/scram", tests, NULL, NULL);
}
