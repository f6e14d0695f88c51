/*
 * envoi - SASL: verifiers as text: tests
 * SPDX-License-Identifier: MIT
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include <envoi/sasl_verifier.h>
#include <envoi/values.h>

/* Salt and password of RFC 5802, section 5, and RFC 7677, section 3; keys computed with Python's
 * hashlib.pbkdf2_hmac and hmac. */
#define KEYS_1 "6dlGYMOdZcOPutkcNY8U2g7vK9Y=:D+CSWLOshSulAsxiupA+qs2/fTE="
#define STORED_256 "WG5d8oPm3OtcPnkdi4Uo7BkeZkBFzpcXkuLmtbsT4qY="
#define SERVER_256 "wfPLwcE6nTWhTAmQ7tl2KeoiWGPlZqQxSrmfPwDl2dU="
#define KEYS_256 STORED_256 ":" SERVER_256
#define KEYS_512 \
	"6AAub3065EYRmyFpM2RNwqK+eGnrkYuEWbXn19LsEmBqzu8QaCXNc1FwpnX9NhH2hK/60dzj9DoO5DvVkOHb" \
	"vg==:jZHbYjC1aHh0/hKbxyBuGFjDrgjgKTT1esA7awWiKcRZ0o/0b1yWEebBeSVkkCFewf91nLDfKF24mvD5" \
	"nmE6rA=="
#define SALT "W22ZaJ0SNY7soEsUEjb6gQ=="
/* Of 64 and 65 bytes. */
#define SALT_BEGIN \
	"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"
#define SALT_64 SALT_BEGIN "AAAAAA=="
#define SALT_65 SALT_BEGIN "AAAAAAA="

static int parse(struct envoi_sasl_verifier *verifier, unsigned char *room, const char *text)
{
	/* Not a byte behind the text may be read. */
	char copy[1000];
	size_t len = strlen(text);
	memset(copy, '0', sizeof(copy));
	memcpy(copy, text, len);
	return envoi_sasl_verifier_parse(verifier, room, copy, len);
}

static void text_becomes_a_verifier_and_text_again(void **state)
{
	(void)state;
	static const struct {
		const char *text, *mechanism;
		unsigned int iterations;
		size_t salt_len, key_len;
	} rows[] = {
		{"SCRAM-SHA-1$4096:QSXCR+Q6sek8bf92$" KEYS_1, "SCRAM-SHA-1", 4096, 12, 20},
		{"SCRAM-SHA-256$4096:" SALT "$" KEYS_256, "SCRAM-SHA-256", 4096, 16, 32},
		{"SCRAM-SHA-512$15000:" SALT "$" KEYS_512, "SCRAM-SHA-512", 15000, 16, 64},
		{"SCRAM-SHA-256$1:AA==$" KEYS_256, "SCRAM-SHA-256", 1, 1, 32},
		{"SCRAM-SHA-512$4294967295:" SALT_64 "$" KEYS_512, "SCRAM-SHA-512", 4294967295, 64,
			64},
	};
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct envoi_sasl_verifier verifier;
		unsigned char room[ENVOI_SASL_VERIFIER_BYTES];
		char text[ENVOI_SASL_VERIFIER_TEXT];
		assert_int_equal(parse(&verifier, room, rows[i].text), ENVOI_OK);
		assert_string_equal(verifier.mechanism, rows[i].mechanism);
		assert_int_equal(verifier.iterations, rows[i].iterations);
		assert_int_equal(verifier.salt_len, rows[i].salt_len);
		assert_int_equal(verifier.key_len, rows[i].key_len);
		assert_int_equal(envoi_sasl_verifier_print(text, &verifier), ENVOI_OK);
		assert_string_equal(text, rows[i].text);
	}
}

static void the_parts_are_where_they_belong(void **state)
{
	(void)state;
	struct envoi_sasl_verifier verifier;
	unsigned char room[ENVOI_SASL_VERIFIER_BYTES], key[48];
	size_t len;
	assert_int_equal(parse(&verifier, room, "SCRAM-SHA-256$4096:" SALT "$" KEYS_256), ENVOI_OK);
	assert_int_equal(envoi_base64_decode(key, &len, STORED_256, strlen(STORED_256)), ENVOI_OK);
	assert_memory_equal(verifier.stored_key, key, 32);
	assert_int_equal(envoi_base64_decode(key, &len, SERVER_256, strlen(SERVER_256)), ENVOI_OK);
	assert_memory_equal(verifier.server_key, key, 32);
	assert_int_equal(envoi_base64_decode(key, &len, SALT, strlen(SALT)), ENVOI_OK);
	assert_memory_equal(verifier.salt, key, 16);
}

static void other_text_is_refused(void **state)
{
	(void)state;
	static const struct {
		const char *text;
		int code;
	} rows[] = {
		{"", ENVOI_ERR_INVALID},
		{"SCRAM-SHA-256", ENVOI_ERR_INVALID},
		{"SCRAM-SHA-256$4096", ENVOI_ERR_INVALID},
		{"SCRAM-SHA-256$4096:" SALT, ENVOI_ERR_INVALID},
		{"SCRAM-SHA-256$4096:" SALT "$" STORED_256, ENVOI_ERR_INVALID},
		{"SCRAM-SHA-256$4096:" SALT "$" STORED_256 ":", ENVOI_ERR_INVALID},
		{"SCRAM-SHA-256$4096:" SALT "$:" SERVER_256, ENVOI_ERR_INVALID},
		{"SCRAM-SHA-256$4096:$" KEYS_256, ENVOI_ERR_INVALID},
		{"SCRAM-SHA-256$:" SALT "$" KEYS_256, ENVOI_ERR_INVALID},
		{"$4096:" SALT "$" KEYS_256, ENVOI_ERR_UNSUPPORTED},
		/* iter-count: %x31-39 *DIGIT, and it fits */
		{"SCRAM-SHA-256$0:" SALT "$" KEYS_256, ENVOI_ERR_INVALID},
		{"SCRAM-SHA-256$04096:" SALT "$" KEYS_256, ENVOI_ERR_INVALID},
		{"SCRAM-SHA-256$+4096:" SALT "$" KEYS_256, ENVOI_ERR_INVALID},
		{"SCRAM-SHA-256$-4096:" SALT "$" KEYS_256, ENVOI_ERR_INVALID},
		{"SCRAM-SHA-256$4096 :" SALT "$" KEYS_256, ENVOI_ERR_INVALID},
		{"SCRAM-SHA-256$4x:" SALT "$" KEYS_256, ENVOI_ERR_INVALID},
		{"SCRAM-SHA-256$4294967296:" SALT "$" KEYS_256, ENVOI_ERR_INVALID},
		{"SCRAM-SHA-256$18446744073709551617:" SALT "$" KEYS_256, ENVOI_ERR_INVALID},
		{"SCRAM-SHA-256$40960000000000000000000000000000000:" SALT "$" KEYS_256,
			ENVOI_ERR_INVALID},
		/* base64 is canonical, and has the size of the hash */
		{"SCRAM-SHA-256$4096:W22ZaJ0SNY7soEsUEjb6gQ$" KEYS_256, ENVOI_ERR_INVALID},
		{"SCRAM-SHA-256$4096:W22ZaJ0SNY7soEsUEjb6gR==$" KEYS_256, ENVOI_ERR_INVALID},
		{"SCRAM-SHA-256$4096:W22Z aJ0SNY7soEsUEjb6gQ==$" KEYS_256, ENVOI_ERR_INVALID},
		{"SCRAM-SHA-256$4096:" SALT_65 "$" KEYS_256, ENVOI_ERR_INVALID},
		{"SCRAM-SHA-256$4096:" SALT_64 SALT_64 "$" KEYS_256, ENVOI_ERR_INVALID},
		{"SCRAM-SHA-256$4096:" SALT "$" KEYS_1, ENVOI_ERR_INVALID},
		{"SCRAM-SHA-1$4096:" SALT "$" KEYS_256, ENVOI_ERR_INVALID},
		{"SCRAM-SHA-256$4096:" SALT "$" KEYS_512, ENVOI_ERR_INVALID},
		{"SCRAM-SHA-256$4096:" SALT "$" STORED_256 ":AAAA" SERVER_256, ENVOI_ERR_INVALID},
		{"SCRAM-SHA-256$4096:" SALT "$AAAA" STORED_256 ":" SERVER_256, ENVOI_ERR_INVALID},
		{"SCRAM-SHA-256$4096:" SALT "$" KEYS_256 "A", ENVOI_ERR_INVALID},
		/* nothing around, between and behind */
		{" SCRAM-SHA-256$4096:" SALT "$" KEYS_256, ENVOI_ERR_UNSUPPORTED},
		{"SCRAM-SHA-256 $ 4096:" SALT " $ " KEYS_256, ENVOI_ERR_UNSUPPORTED},
		{"SCRAM-SHA-256$4096:" SALT "$" KEYS_256 "\n", ENVOI_ERR_INVALID},
		{"SCRAM-SHA-256$4096:" SALT "$" KEYS_256 "$", ENVOI_ERR_INVALID},
		{"SCRAM-SHA-256$4096:" SALT "$" KEYS_256 ":" SERVER_256, ENVOI_ERR_INVALID},
		{"SCRAM-SHA-256$4096:" SALT ":" SALT "$" KEYS_256, ENVOI_ERR_INVALID},
		{"SCRAM-SHA-256$4096:" SALT "$" SALT "$" KEYS_256, ENVOI_ERR_INVALID},
		/* mechanisms */
		{"SCRAM-SHA-256-PLUS$4096:" SALT "$" KEYS_256, ENVOI_ERR_UNSUPPORTED},
		{"scram-sha-256$4096:" SALT "$" KEYS_256, ENVOI_ERR_UNSUPPORTED},
		{"SCRAM-SHA-224$4096:" SALT "$" KEYS_256, ENVOI_ERR_UNSUPPORTED},
		{"MD5$c2FsdA==:x$y:z", ENVOI_ERR_UNSUPPORTED},
	};
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct envoi_sasl_verifier verifier = {.iterations = 7};
		unsigned char room[ENVOI_SASL_VERIFIER_BYTES];
		assert_int_equal(parse(&verifier, room, rows[i].text), rows[i].code);
		assert_int_equal(verifier.iterations, 7);
		assert_null(verifier.mechanism);
	}
}

static void a_nul_is_no_end(void **state)
{
	(void)state;
	static const char in_the_name[] = "SCRAM-SHA-256\0$4096:" SALT "$" KEYS_256;
	static const char in_the_count[] = "SCRAM-SHA-256$4096\0:" SALT "$" KEYS_256;
	static const char at_the_end[] = "SCRAM-SHA-256$4096:" SALT "$" KEYS_256;
	struct envoi_sasl_verifier verifier;
	unsigned char room[ENVOI_SASL_VERIFIER_BYTES];
	assert_int_equal(
		envoi_sasl_verifier_parse(&verifier, room, in_the_name, sizeof(in_the_name) - 1),
		ENVOI_ERR_UNSUPPORTED);
	assert_int_equal(
		envoi_sasl_verifier_parse(&verifier, room, in_the_count, sizeof(in_the_count) - 1),
		ENVOI_ERR_INVALID);
	assert_int_equal(envoi_sasl_verifier_parse(&verifier, room, at_the_end, sizeof(at_the_end)),
		ENVOI_ERR_INVALID);
}

/* Each cut, and each character changed: refused, or the text of another verifier. */
static void no_damaged_text_is_read_as_what_it_was(void **state)
{
	(void)state;
	static const char whole[] = "SCRAM-SHA-1$4096:QSXCR+Q6sek8bf92$" KEYS_1;
	static const char replacements[] = "$:=A0 \n-";
	for (size_t i = 0; i < sizeof(whole) - 1; i++) {
		struct envoi_sasl_verifier verifier;
		unsigned char room[ENVOI_SASL_VERIFIER_BYTES];
		char text[sizeof(whole)], again[ENVOI_SASL_VERIFIER_TEXT];
		assert_true(envoi_sasl_verifier_parse(&verifier, room, whole, i) < 0);
		for (const char *c = replacements; *c != '\0'; c++) {
			memcpy(text, whole, sizeof(whole));
			text[i] = *c;
			if (parse(&verifier, room, text) == ENVOI_OK) {
				assert_int_equal(
					envoi_sasl_verifier_print(again, &verifier), ENVOI_OK);
				assert_string_equal(again, text);
			}
		}
	}
}

static void only_whole_verifiers_have_a_text(void **state)
{
	(void)state;
	static const unsigned char bytes[65];
	const struct envoi_sasl_verifier good = {
		.mechanism = "SCRAM-SHA-1",
		.salt = bytes,
		.salt_len = 64,
		.iterations = 1,
		.stored_key = bytes,
		.server_key = bytes,
		.key_len = 20,
	};
	struct envoi_sasl_verifier bad[6] = {good, good, good, good, good, good};
	char text[ENVOI_SASL_VERIFIER_TEXT] = "unchanged";
	bad[0].salt_len = 0;
	bad[1].salt_len = 65;
	bad[2].iterations = 0;
	bad[3].key_len = 32;
	bad[4].mechanism = "SCRAM-SHA-256";
	bad[5].mechanism = "SCRAM-SHA-1-PLUS";
	for (size_t i = 0; i < 6; i++) {
		assert_int_equal(envoi_sasl_verifier_print(text, &bad[i]),
			i == 5 ? ENVOI_ERR_UNSUPPORTED : ENVOI_ERR_INVALID);
		assert_string_equal(text, "unchanged");
	}
	assert_int_equal(envoi_sasl_verifier_print(text, &good), ENVOI_OK);
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(text_becomes_a_verifier_and_text_again),
		cmocka_unit_test(the_parts_are_where_they_belong),
		cmocka_unit_test(other_text_is_refused),
		cmocka_unit_test(a_nul_is_no_end),
		cmocka_unit_test(no_damaged_text_is_read_as_what_it_was),
		cmocka_unit_test(only_whole_verifiers_have_a_text),
	};
	cmocka_set_test_filter(argc > 1 ? argv[1] : NULL);
	return cmocka_run_group_tests_name("sasl/verifier_text", tests, NULL, NULL);
}
