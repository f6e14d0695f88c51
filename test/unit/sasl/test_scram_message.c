/*
 * envoi - SCRAM: its four messages: tests
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

#include "sasl/scram_message.h"

#define READ(function, text, ret) function((text), strlen(text), (ret))

static void assert_part(const struct envoi__scram_part *part, const char *wanted)
{
	assert_int_equal(part->text == NULL, wanted == NULL);
	assert_true(wanted == NULL ? part->len == 0 : envoi__scram_part_is(part, wanted));
}

static void a_first_message_of_a_client_is_taken_apart(void **state)
{
	(void)state;
	static const struct {
		const char *text, *binding, *authzid, *name, *nonce, *header;
		char flag;
	} rows[] = {
		{"n,,n=user,r=abc", NULL, NULL, "user", "abc", "n,,", 'n'},
		{"y,,n=user,r=abc,x=1", NULL, NULL, "user", "abc", "y,,", 'y'},
		{"p=tls-exporter,a=me@here,n=us=2Cer,r=a", "tls-exporter", "me@here", "us=2Cer",
			"a", "p=tls-exporter,a=me@here,", 'p'},
		{"n,a=n=3Dx,n=user,r=!-~", NULL, "n=3Dx", "user", "!-~", "n,a=n=3Dx,", 'n'},
		{"p=A.b-9,,n=u,r=a", "A.b-9", NULL, "u", "a", "p=A.b-9,,", 'p'},
		{"n,,n=\xc3\xa9,r=a", NULL, NULL, "\xc3\xa9", "a", "n,,", 'n'},
	};
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct envoi__scram_client_first first;
		assert_int_equal(
			READ(envoi__scram_read_client_first, rows[i].text, &first), ENVOI_OK);
		assert_int_equal(first.flag, rows[i].flag);
		assert_part(&first.binding, rows[i].binding);
		assert_part(&first.authzid, rows[i].authzid);
		assert_part(&first.name, rows[i].name);
		assert_part(&first.nonce, rows[i].nonce);
		assert_part(&first.gs2_header, rows[i].header);
		assert_part(&first.bare, rows[i].text + strlen(rows[i].header));
	}
}

static void malformed_first_messages_of_clients_are_refused(void **state)
{
	(void)state;
	static const char *const rows[] = {"", ",", "n", "n,", "n,,", "n,,n", "n,,n=", "n,,n=u",
		"n,,n=u,", "n,,n=u,r", "n,,n=u,r=", "n,,n=u,r=a,", "n,,n=u,r=a,,", "n,,n=u,r=a,x",
		"n,,n=u,r=a,x=", "n,,n=u,r=a,xyz", "n,,n=u,r=a,1=b", "n,,n=u,r=a,r=b",
		"n,,n=u,r=a,m=b", "n,,n=u,r=a,\1", "n,,nxu,r=a", "n,,n=u,rxa", "n,,m=x,n=u,r=a",
		"n,,r=a,n=u", "n,n=u,r=a", "n,b=x,n=u,r=a", "n,a=,n=u,r=a", "x,,n=u,r=a",
		"N,,n=u,r=a", "nn,,n=u,r=a", "p,,n=u,r=a", "p=,,n=u,r=a", "p=a b,,n=u,r=a",
		"p=tls_x,,n=u,r=a", "n,,n=u,r=a b", "n,,n=u,r=\x7f", "n,,n=u,r=\xc3\xa9",
		"n,,n=\xff,r=a", "n,,n=u,r=a,x=\xff", "garbage"};
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct envoi__scram_client_first first;
		assert_int_equal(
			READ(envoi__scram_read_client_first, rows[i], &first), ENVOI_ERR_PROTOCOL);
	}
	struct envoi__scram_client_first first;
	assert_int_equal(
		envoi__scram_read_client_first("n,,n=u\0x,r=a", 13, &first), ENVOI_ERR_PROTOCOL);
}

static void a_first_message_of_a_server_is_taken_apart(void **state)
{
	(void)state;
	static const struct {
		const char *text, *nonce, *salt;
		uint64_t iterations;
		const char *hash;
	} rows[] = {
		{"r=ab,s=QUFB,i=4096", "ab", "QUFB", 4096, NULL},
		{"r=ab,s=QUFB,i=1,h=xyz=", "ab", "QUFB", 1, "xyz="},
		{"r=ab,s=QUFB,i=1,A=x,Z=x,b=x,z=x", "ab", "QUFB", 1, NULL},
		{"r=ab,s=Q,i=4294967296,d=old,h=a,x==", "ab", "Q", 4294967296, "a"},
		{"r=ab,s=Q,i=18446744073709551614", "ab", "Q", UINT64_MAX - 1, NULL},
		{"r=ab,s=Q,i=18446744073709551615", "ab", "Q", UINT64_MAX, NULL},
		{"r=ab,s=Q,i=18446744073709551616", "ab", "Q", UINT64_MAX, NULL},
		{"r=ab,s=Q,i=99999999999999999999999", "ab", "Q", UINT64_MAX, NULL},
	};
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct envoi__scram_server_first first;
		assert_int_equal(
			READ(envoi__scram_read_server_first, rows[i].text, &first), ENVOI_OK);
		assert_part(&first.nonce, rows[i].nonce);
		assert_part(&first.salt, rows[i].salt);
		assert_true(first.iterations == rows[i].iterations);
		assert_part(&first.offer_hash, rows[i].hash);
	}
}

static void malformed_first_messages_of_servers_are_refused(void **state)
{
	(void)state;
	static const char *const rows[] = {"", "r", "r=", "r=a", "r=a,", "r=a,s", "r=a,s=,i=1",
		"r=a,s=Q", "r=a,s=Q,i", "r=a,s=Q,i=", "r=a,s=Q,i=0", "r=a,s=Q,i=01", "r=a,s=Q,i=-1",
		"r=a,s=Q,i=+1", "r=a,s=Q,i=1e9", "r=a,s=Q,i= 1", "r=a,s=Q,i=1 ", "r=a,s=Q,i=0x10",
		"r=a,s=Q,i=1,", "r=a,s=Q,i=1,h=", "r=a,s=Q,i=1,h=x,h=x", "r=a,s=Q,i=1,i=2",
		"r=a,s=Q,i=1,s=Q", "r=a,s=Q,i=1,r=b", "r=a,s=Q,i=1,m=x", "r=a,s=Q,i=1,e=x",
		"m=x,r=a,s=Q,i=1", "s=Q,r=a,i=1", "r=a,i=1,s=Q", "e=unknown-user", "v=AAAA",
		"r=a,s=Q,i=1,x=\xc0\x80", "r=a,s=Q,i=1,@=x", "r=a,s=Q,i=1,[=x", "r=a,s=Q,i=1,`=x",
		"r=a,s=Q,i=1,{=x"};
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct envoi__scram_server_first first;
		assert_int_equal(
			READ(envoi__scram_read_server_first, rows[i], &first), ENVOI_ERR_PROTOCOL);
	}
}

static void final_messages_are_taken_apart(void **state)
{
	(void)state;
	struct envoi__scram_client_final final;
	assert_int_equal(
		READ(envoi__scram_read_client_final, "c=biws,r=a,x=y,p=QUFB", &final), ENVOI_OK);
	assert_part(&final.binding, "biws");
	assert_part(&final.nonce, "a");
	assert_part(&final.proof, "QUFB");
	assert_part(&final.without_proof, "c=biws,r=a,x=y");
	struct envoi__scram_server_final last;
	assert_int_equal(READ(envoi__scram_read_server_final, "v=QUFB,x=y", &last), ENVOI_OK);
	assert_part(&last.signature, "QUFB");
	assert_part(&last.error, NULL);
	assert_int_equal(READ(envoi__scram_read_server_final, "e=other-error", &last), ENVOI_OK);
	assert_part(&last.error, "other-error");
}

static void malformed_final_messages_are_refused(void **state)
{
	(void)state;
	static const char *const of_clients[] = {"", "c=biws", "c=biws,r=a", "c=biws,r=a,",
		"c=biws,r=a,p", "c=biws,r=a,p=", "c=biws,r=a,p=QUFB,", "c=biws,r=a,p=QUFB,x=y",
		"r=a,c=biws,p=QUFB", "c=,r=a,p=QUFB", "c=biws,p=QUFB", "c=biws,r=a,m=x,p=QUFB",
		"c=biws,r=a,r=b,p=QUFB"};
	static const char *const of_servers[] = {"", "v", "v=", "e", "e=", "x=y", "v=QUFB,",
		"v=QUFB,e=x", "v=QUFB,v=QUFB", "v=QUFB,\1", "=v", ","};
	for (size_t i = 0; i < sizeof(of_clients) / sizeof(of_clients[0]); i++) {
		struct envoi__scram_client_final final;
		assert_int_equal(READ(envoi__scram_read_client_final, of_clients[i], &final),
			ENVOI_ERR_PROTOCOL);
	}
	for (size_t i = 0; i < sizeof(of_servers) / sizeof(of_servers[0]); i++) {
		struct envoi__scram_server_final final;
		assert_int_equal(READ(envoi__scram_read_server_final, of_servers[i], &final),
			ENVOI_ERR_PROTOCOL);
	}
}

static void base64_is_strict_and_of_the_size(void **state)
{
	(void)state;
	static const struct {
		const char *text;
		int result;
	} rows[] = {
		{"QUFB", ENVOI_OK},
		{"QUE=", ENVOI_ERR_PROTOCOL},
		{"QUFBQUFB", ENVOI_ERR_PROTOCOL},
		{"QUF", ENVOI_ERR_PROTOCOL},
		{"QU B", ENVOI_ERR_PROTOCOL},
		{"QUFB\n", ENVOI_ERR_PROTOCOL},
		{"====", ENVOI_ERR_PROTOCOL},
		{"", ENVOI_ERR_PROTOCOL},
	};
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		unsigned char data[3];
		struct envoi__scram_part part = {rows[i].text, strlen(rows[i].text)};
		assert_int_equal(envoi__scram_read_base64(&part, data, 3), rows[i].result);
	}
}

static void names_are_escaped_and_back(void **state)
{
	(void)state;
	static const struct {
		const char *plain, *escaped;
	} rows[] = {
		{"alice", "alice"},
		{"a,l=ice", "a=2Cl=3Dice"},
		{"=2C", "=3D2C"},
		{",,==", "=2C=2C=3D=3D"},
		{"", ""},
	};
	static const char *const wrong[] = {"=", "a=", "=2", "=2c", "=3d", "=20", "a=b", "=2C="};
	struct envoi_context *context;
	assert_int_equal(envoi_context_new(&context, NULL), ENVOI_OK);
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		char *text = envoi__scram_escape(context, rows[i].plain), *back;
		assert_string_equal(text, rows[i].escaped);
		struct envoi__scram_part part = {text, strlen(text)};
		assert_int_equal(envoi__scram_unescape(context, &part, &back), ENVOI_OK);
		assert_string_equal(back, rows[i].plain);
		envoi_free(context, text);
		envoi_free(context, back);
	}
	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		struct envoi__scram_part part = {wrong[i], strlen(wrong[i])};
		char *back;
		assert_int_equal(envoi__scram_unescape(context, &part, &back), ENVOI_ERR_PROTOCOL);
	}
	envoi_context_unref(context);
}

static void errors_of_servers_are_put_in_words(void **state)
{
	(void)state;
	static const char *const known[] = {"invalid-encoding", "extensions-not-supported",
		"invalid-proof", "channel-bindings-dont-match",
		"server-does-support-channel-binding", "channel-binding-not-supported",
		"unsupported-channel-binding-type", "unknown-user", "invalid-username-encoding",
		"no-resources", "other-error"};
	for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++) {
		struct envoi__scram_part part = {known[i], strlen(known[i])};
		assert_non_null(strstr(envoi__scram_error_words(&part), known[i]));
	}
	struct envoi__scram_part unknown = {"brand-new", 9};
	assert_non_null(strstr(envoi__scram_error_words(&unknown), "other-error"));
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_first_message_of_a_client_is_taken_apart),
		cmocka_unit_test(malformed_first_messages_of_clients_are_refused),
		cmocka_unit_test(a_first_message_of_a_server_is_taken_apart),
		cmocka_unit_test(malformed_first_messages_of_servers_are_refused),
		cmocka_unit_test(final_messages_are_taken_apart),
		cmocka_unit_test(malformed_final_messages_are_refused),
		cmocka_unit_test(base64_is_strict_and_of_the_size),
		cmocka_unit_test(names_are_escaped_and_back),
		cmocka_unit_test(errors_of_servers_are_put_in_words),
	};
	cmocka_set_test_filter(argc > 1 ? argv[1] : NULL);
	return cmocka_run_group_tests_name("crypto/scram_message", tests, NULL, NULL);
}
