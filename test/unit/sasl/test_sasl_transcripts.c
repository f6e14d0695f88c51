/*
 * envoi - SASL: transcripts of the RFCs, nonces, keys that stand for the password: tests
 * SPDX-License-Identifier: MIT
 */
#define _GNU_SOURCE /* syscall */

#include "sasl_fixture.h"

#include <stdio.h>
#include <string.h>
#include <sys/random.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <gsasl.h>

#include "sasl/sasl_scram.h"

/* Our nonces come from here: a fixed one makes the RFC's transcript. */
static const char *fixed_nonce;

ssize_t getrandom(void *data, size_t len, unsigned int flags)
{
	if (fixed_nonce != NULL && len == 18) {
		char *bytes;
		size_t bytes_len;
		gsasl_base64_from(fixed_nonce, strlen(fixed_nonce), &bytes, &bytes_len);
		memcpy(data, bytes, len);
		gsasl_free(bytes);
		return (ssize_t)len;
	}
	return syscall(SYS_getrandom, data, len, flags);
}

static int teardown(void **state)
{
	fixed_nonce = NULL;
	return sasl_teardown(state);
}

/* RFC 5802, section 5, and RFC 7677, section 3: user "user", password "pencil"; the last is the
 * second with SHA-512, computed with Python's hashlib and hmac. */
static const struct transcript {
	const char *mechanism, *nonce, *server_first, *client_final, *server_final;
} transcripts[] = {
	{"SCRAM-SHA-1", "fyko+d2lbbFgONRv9qkxdawL",
		"r=fyko+d2lbbFgONRv9qkxdawL3rfcNHYJY1ZVvWVs7j,s=QSXCR+Q6sek8bf92,i=4096",
		"c=biws,r=fyko+d2lbbFgONRv9qkxdawL3rfcNHYJY1ZVvWVs7j,"
		"p=v0X8v3Bz2T0CJGbJQyF0X+HI4Ts=",
		"v=rmF9pqV8S7suAoZWja4dJRkFsKQ="},
	{"SCRAM-SHA-256", "rOprNGfwEbeRWgbNEkqO",
		"r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,"
		"s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096",
		"c=biws,r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,"
		"p=dHzbZapWIk4jUhN+Ute9ytag9zjfMHgsqmmiz7AndVQ=",
		"v=6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4="},
	{"SCRAM-SHA-512", "rOprNGfwEbeRWgbNEkqO",
		"r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,"
		"s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096",
		"c=biws,r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,"
		"p=gMGXRcevScNtxZ6/8lQYpGtnsNAc3mGcmNomv+xnoOMw+3R2xNJdMNnzMlTN8PPC6wdp6dybEmDY"
		"XYTxwnYPJQ==",
		"v=ZQnYEgWQMFmmsM8aQMF0nDDCy/AgCzkwk8CmMZYcMg0vSVlKDanekLtifDSeVGT4+5ZxXnJq199R"
		"VG2rR7N7Zw=="},
};

enum {
	TRANSCRIPTS = sizeof(transcripts) / sizeof(transcripts[0]),
};

static void assert_said(const struct envoi_buffer *buffer, const char *wanted)
{
	assert_int_equal(envoi_buffer_len(buffer), strlen(wanted));
	assert_memory_equal(envoi_buffer_data(buffer), wanted, strlen(wanted));
}

/* Up to the client's final message. */
static void follow(struct fixture *f, const struct transcript *transcript,
	const struct envoi_sasl_parameters *client)
{
	char first[64];
	reset(f);
	assert_int_equal(start(f, &f->client, transcript->mechanism, client), ENVOI_OK);
	struct envoi__scram_exchange *exchange = ENVOI_CONTAINER_OF(
		f->client, struct envoi__scram_exchange, base);
	snprintf(exchange->nonce, sizeof(exchange->nonce), "%s", transcript->nonce);
	assert_int_equal(step(f->client, NULL, false, &f->to_server), ENVOI_AGAIN);
	snprintf(first, sizeof(first), "n,,n=user,r=%s", transcript->nonce);
	assert_said(&f->to_server, first);
	envoi_buffer_wipe(&f->to_server);
	const char *text = transcript->server_first;
	int r = envoi_sasl_step(f->client, text, strlen(text), &f->to_server);
	if (r == ENVOI_SASL_NEEDS_PASSWORD) {
		assert_int_equal(envoi_sasl_give_password(f->client, "pencil"), ENVOI_OK);
		r = envoi_sasl_step(f->client, NULL, 0, &f->to_server);
	}
	assert_int_equal(finish_step(f->client, r, &f->to_server), ENVOI_AGAIN);
	assert_said(&f->to_server, transcript->client_final);
}

static void the_transcripts_are_those_of_the_rfcs(void **state)
{
	struct fixture *f = *state;
	for (size_t i = 0; i < TRANSCRIPTS; i++) {
		struct envoi_sasl_parameters client = client_parameters(transcripts[i].mechanism);
		client.authcid = "user";
		client.password = "pencil";
		follow(f, &transcripts[i], &client);
		const char *final = transcripts[i].server_final;
		assert_int_equal(
			envoi_sasl_step(f->client, final, strlen(final), &f->to_server), ENVOI_OK);
	}
}

/* A session can be replayed from a seed: what is drawn comes from the context. */
static void nonces_come_from_the_context(void **state)
{
	struct fixture *f = *state;
	struct envoi_sasl_parameters client = client_parameters("SCRAM-SHA-1");
	fixed_nonce = "fyko+d2lbbFgONRv9qkxdawL";
	assert_int_equal(start(f, &f->client, "SCRAM-SHA-1", &client), ENVOI_OK);
	assert_int_equal(step(f->client, NULL, false, &f->to_server), ENVOI_AGAIN);
	assert_said(&f->to_server, "n,,n=alice,r=fyko+d2lbbFgONRv9qkxdawL");
}

static void a_password_may_be_given_when_it_is_needed(void **state)
{
	struct fixture *f = *state;
	for (size_t i = 0; i < TRANSCRIPTS; i++) {
		struct envoi_sasl_parameters client = client_parameters(transcripts[i].mechanism);
		client.authcid = "user";
		client.password = NULL;
		follow(f, &transcripts[i], &client);
		assert_int_equal(envoi_sasl_give_password(f->client, "pencil"), ENVOI_ERR_STATE);
		const char *final = transcripts[i].server_final;
		assert_int_equal(
			envoi_sasl_step(f->client, final, strlen(final), &f->to_server), ENVOI_OK);
	}
}

/* RFC 5802, section 3: the next login needs neither password nor derivation. */
static void keys_stand_for_the_password_while_the_salt_is_the_same(void **state)
{
	struct fixture *f = *state;
	for (size_t i = 0; i < TRANSCRIPTS; i++) {
		const char *mechanism = transcripts[i].mechanism,
			   *final = transcripts[i].server_final;
		struct envoi_sasl_parameters client = client_parameters(mechanism);
		struct envoi_sasl_keys keys;
		client.authcid = "user";
		client.password = "pencil";
		follow(f, &transcripts[i], &client);
		assert_int_equal(envoi_sasl_get_keys(f->client, &keys), ENVOI_ERR_STATE);
		assert_int_equal(
			envoi_sasl_step(f->client, final, strlen(final), &f->to_server), ENVOI_OK);
		assert_int_equal(envoi_sasl_get_keys(f->client, &keys), ENVOI_OK);
		assert_string_equal(keys.mechanism, mechanism);
		assert_int_equal(keys.iterations, 4096);
		struct envoi_sasl_exchange *first = f->client; /* the keys are borrowed from it */
		f->client = NULL;
		static const struct {
			const char *first; /* "": the same */
			int result;
		} rows[] = {
			{"", ENVOI_AGAIN},
			{",s=QUFB,i=4096", ENVOI_SASL_NEEDS_PASSWORD},
			/* as long as that of SHA-1's transcript, or of SHA-256's */
			{",s=QSXCR+Q6sek8bf93,i=4096", ENVOI_SASL_NEEDS_PASSWORD},
			{",s=W22ZaJ0SNY7soEsUEjb6gg==,i=4096", ENVOI_SASL_NEEDS_PASSWORD},
			{",s=QSXCR+Q6sek8bf92,i=4097", ENVOI_SASL_NEEDS_PASSWORD},
			{",s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4097", ENVOI_SASL_NEEDS_PASSWORD},
			{",s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4095", ENVOI_ERR_LIMIT},
		};
		client.password = NULL;
		client.keys = &keys;
		for (size_t j = 0; j < sizeof(rows) / sizeof(rows[0]); j++) {
			char text[256];
			assert_int_equal(start(f, &f->client, mechanism, &client), ENVOI_OK);
			assert_int_equal(step(f->client, NULL, false, &f->to_server), ENVOI_AGAIN);
			assert_int_equal(envoi_buffer_append(&f->to_server, "", 1), ENVOI_OK);
			const char *own = strstr(envoi_buffer_data(&f->to_server), ",r=") + 3;
			snprintf(text, sizeof(text), "r=%.24sX%s", own,
				*rows[j].first != '\0'
					? rows[j].first
					: strstr(transcripts[i].server_first, ",s="));
			assert_int_equal(
				envoi_sasl_step(f->client, text, strlen(text), &f->to_server),
				rows[j].result);
			reset(f);
		}
		const struct envoi_sasl_keys fit = keys;
		struct envoi_sasl_keys unfit[] = {fit, fit, fit, fit};
		unfit[0].authcid = "users";
		unfit[1].mechanism = "SCRAM-SHA-0";
		unfit[2].key_len--;
		unfit[3].salt_len--;
		for (size_t j = 0; j <= 4; j++) {
			char text[256];
			keys = j < 4 ? unfit[j] : fit;
			assert_int_equal(start(f, &f->client, mechanism, &client), ENVOI_OK);
			assert_int_equal(step(f->client, NULL, false, &f->to_server), ENVOI_AGAIN);
			assert_int_equal(envoi_buffer_append(&f->to_server, "", 1), ENVOI_OK);
			const char *own = strstr(envoi_buffer_data(&f->to_server), ",r=") + 3;
			snprintf(text, sizeof(text), "r=%.24sX%s", own,
				strstr(transcripts[i].server_first, ",s="));
			assert_int_equal(
				envoi_sasl_step(f->client, text, strlen(text), &f->to_server),
				j < 4 ? ENVOI_SASL_NEEDS_PASSWORD : ENVOI_AGAIN);
			reset(f);
		}
		envoi_sasl_free(first);
	}
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
#define CASE(name) cmocka_unit_test_setup_teardown(name, sasl_setup, teardown)
		CASE(the_transcripts_are_those_of_the_rfcs),
		CASE(nonces_come_from_the_context),
		CASE(a_password_may_be_given_when_it_is_needed),
		CASE(keys_stand_for_the_password_while_the_salt_is_the_same),
#undef CASE
	};
	cmocka_set_test_filter(argc > 1 ? argv[1] : NULL);
	return cmocka_run_group_tests_name("sasl/sasl_transcripts", tests, NULL, NULL);
}
