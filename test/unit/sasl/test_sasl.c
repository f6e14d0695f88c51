/*
 * envoi - SASL mechanisms: tests
 * SPDX-License-Identifier: MIT
 */
#define _GNU_SOURCE /* syscall, memmem */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cmocka.h>
#include <gsasl.h>

#include <envoi/context.h>
#include <envoi/interfaces/sasl.h>

#include "sasl/sasl_scram.h"

#define MARKER "m4rker-Pa55word"

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

/* An allocator that can fail, and that looks for the marker in what is freed. */
struct watched {
	long fail_at; /* <0: never */
	long count;
	unsigned int marked_frees;
};

static void *watched_alloc(void *user, size_t len)
{
	struct watched *watched = user;
	if (watched->fail_at >= 0 && watched->count++ == watched->fail_at) {
		return NULL;
	}
	size_t *memory = malloc(sizeof(max_align_t) + len);
	*memory = len;
	return (char *)memory + sizeof(max_align_t);
}

static void watched_free(void *user, void *memory)
{
	struct watched *watched = user;
	if (memory == NULL) {
		return;
	}
	char *block = (char *)memory - sizeof(max_align_t);
	size_t len;
	memcpy(&len, block, sizeof(len));
	if (memmem(memory, len, MARKER, strlen(MARKER)) != NULL) {
		watched->marked_frees++;
	}
	free(block);
}

static void *watched_realloc(void *user, void *memory, size_t len)
{
	void *grown = watched_alloc(user, len);
	if (grown != NULL && memory != NULL) {
		size_t old;
		memcpy(&old, (char *)memory - sizeof(max_align_t), sizeof(old));
		memcpy(grown, memory, old < len ? old : len);
		watched_free(user, memory);
	}
	return grown;
}

struct fixture {
	struct watched watched;
	struct envoi_context *context;
	struct envoi_sasl_exchange *client, *server;
	struct envoi_buffer to_client, to_server;
	const char *stored; /* the password of each account */
	const struct envoi_sasl_verifier *verifiers; /* of each account */
	size_t verifier_count;
	unsigned int lookups;
	char looked_up[64]; /* the last name */
	int client_result, server_result;
};

static struct fixture *current;

static int give_account(struct envoi_sasl_exchange *exchange)
{
	const char *user = envoi_sasl_authcid(exchange);
	bool exists = strcmp(user, "alice") == 0 || strcmp(user, "a,l=ice") == 0;
	const struct envoi_sasl_account account = {
		.password = current->stored,
		.verifiers = current->verifiers,
		.verifier_count = current->verifier_count,
	};
	current->lookups++;
	snprintf(current->looked_up, sizeof(current->looked_up), "%s", user);
	return envoi_sasl_give_account(exchange, exists ? &account : NULL);
}

static int setup(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));
	f->watched.fail_at = -1;
	f->stored = MARKER;
	struct envoi_context_options options = {
		.allocator = {watched_alloc, watched_realloc, watched_free, &f->watched},
	};
	assert_int_equal(envoi_context_new(&f->context, &options), ENVOI_OK);
	envoi_buffer_init(&f->to_client, f->context, 0);
	envoi_buffer_init(&f->to_server, f->context, 0);
	current = f;
	*state = f;
	return 0;
}

static void reset(struct fixture *f)
{
	envoi_sasl_free(f->client);
	envoi_sasl_free(f->server);
	f->client = f->server = NULL;
	envoi_buffer_wipe(&f->to_client);
	envoi_buffer_wipe(&f->to_server);
}

static int teardown(void **state)
{
	struct fixture *f = *state;
	fixed_nonce = NULL;
	reset(f);
	envoi_context_unref(f->context);
	free(f);
	return 0;
}

static const struct envoi_sasl_binding exporter = {"tls-exporter", "0123456789abcdef", 16};
static const struct envoi_sasl_binding unique = {"tls-unique", "unique-bytes", 12};
static const struct envoi_sasl_binding end_point = {"tls-server-end-point", "hash", 4};

static struct envoi_sasl_parameters client_parameters(const char *mechanism)
{
	struct envoi_sasl_parameters parameters = {
		.role = ENVOI_INITIATOR,
		.authcid = "alice",
		.password = MARKER,
		.hostname = "xmpp.test",
	};
	if (strstr(mechanism, "-PLUS") != NULL) {
		parameters.bindings = &exporter;
		parameters.binding_count = 1;
	}
	return parameters;
}

static struct envoi_sasl_parameters server_parameters(const struct fixture *f)
{
	(void)f;
	static const struct envoi_sasl_binding all[] = {
		{"tls-exporter", "0123456789abcdef", 16},
		{"tls-unique", "unique-bytes", 12},
		{"tls-server-end-point", "hash", 4},
	};
	return (struct envoi_sasl_parameters){
		.role = ENVOI_RECEIVER,
		.hostname = "xmpp.test",
		.bindings = all,
		.binding_count = 3,
	};
}

static int start(struct fixture *f, struct envoi_sasl_exchange **ret_exchange,
	const char *mechanism, const struct envoi_sasl_parameters *parameters)
{
	return envoi_sasl_start(
		ret_exchange, f->context, envoi_sasl_find(f->context, mechanism), parameters);
}

/* To the end of what it computes. */
static int finish_step(struct envoi_sasl_exchange *exchange, int r, struct envoi_buffer *out)
{
	while (r == ENVOI_SASL_BUSY || r == ENVOI_SASL_NEEDS_ACCOUNT) {
		if (r == ENVOI_SASL_NEEDS_ACCOUNT) {
			r = give_account(exchange);
		}
		r = r < 0 ? r : envoi_sasl_step(exchange, NULL, 0, out);
	}
	return r;
}

static int step(struct envoi_sasl_exchange *exchange, struct envoi_buffer *in, bool has_in,
	struct envoi_buffer *out)
{
	envoi_buffer_wipe(out);
	int r = envoi_sasl_step(exchange, has_in ? envoi_buffer_data(in) : NULL,
		has_in ? envoi_buffer_len(in) : 0, out);
	return finish_step(exchange, r, out);
}

/* Both sides in turn, until one of them fails or both are complete. */
static void converse(struct fixture *f)
{
	f->client_result = step(f->client, &f->to_client, false, &f->to_server);
	f->server_result = ENVOI_AGAIN;
	for (int i = 0; i < 5 && f->client_result >= 0 && f->server_result == ENVOI_AGAIN; i++) {
		f->server_result = step(f->server, &f->to_server, true, &f->to_client);
		if (f->server_result >= 0 && f->client_result == ENVOI_AGAIN) {
			f->client_result = step(f->client, &f->to_client, true, &f->to_server);
		}
	}
}

static void run(struct fixture *f, const char *mechanism,
	const struct envoi_sasl_parameters *client, const struct envoi_sasl_parameters *server)
{
	reset(f);
	assert_int_equal(start(f, &f->client, mechanism, client), ENVOI_OK);
	assert_int_equal(start(f, &f->server, mechanism, server), ENVOI_OK);
	converse(f);
}

static const char *const with_password[] = {
	"SCRAM-SHA-512-PLUS",
	"SCRAM-SHA-256-PLUS",
	"SCRAM-SHA-1-PLUS",
	"SCRAM-SHA-512",
	"SCRAM-SHA-256",
	"SCRAM-SHA-1",
	"PLAIN",
};
enum {
	WITH_PASSWORD = sizeof(with_password) / sizeof(with_password[0]),
};

static void mechanisms_are_listed_strongest_first(void **state)
{
	struct fixture *f = *state;
	size_t position = 0, count = 0;
	int strength = 1000;
	const struct envoi_sasl_mechanism *mechanism;
	while ((mechanism = envoi_sasl_next(f->context, &position)) != NULL) {
		assert_true(mechanism->strength < strength);
		assert_ptr_equal(envoi_sasl_find(f->context, mechanism->name), mechanism);
		strength = mechanism->strength;
		count++;
	}
	assert_int_equal(count, 14);
}

static void what_is_not_needed_is_not_made(void **state)
{
	struct fixture *f = *state;
	static const char *const names[] = {"SECURID", "GS2-KRB5", "OPENID20", "SAML20",
		"KERBEROS_V5", "", "plain", "SCRAM-SHA-1 "};
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		assert_null(envoi_sasl_find(f->context, names[i]));
	}
}

static int refusing_start(const struct envoi_sasl_mechanism *mechanism,
	struct envoi_sasl_exchange **ret_exchange, struct envoi_context *context,
	const struct envoi_sasl_parameters *parameters)
{
	(void)mechanism, (void)ret_exchange, (void)context, (void)parameters;
	return ENVOI_ERR_UNSUPPORTED;
}

static void a_password_is_taken_only_where_the_mechanism_has_use_for_it(void **state)
{
	(void)state;
	static const struct envoi_sasl_exchange_impl impl = {.authcid = NULL};
	struct envoi_sasl_exchange exchange = {.impl = &impl, .ended = ENVOI_SASL_NEEDS_PASSWORD};
	assert_int_equal(envoi_sasl_give_password(&exchange, "x"), ENVOI_ERR_STATE);
}

static void a_mechanism_of_ones_own_is_found_and_may_replace(void **state)
{
	struct fixture *f = *state;
	static const struct envoi_sasl_mechanism own = {.name = "X-OWN", .start = refusing_start},
						 plain = {.name = "PLAIN", .start = refusing_start},
						 bad = {.name = "x own", .start = refusing_start},
						 empty = {.name = "X-EMPTY"};
	assert_int_equal(envoi_context_add_sasl_mechanism(f->context, &own), ENVOI_OK);
	assert_int_equal(envoi_context_add_sasl_mechanism(f->context, &own), ENVOI_ERR_EXISTS);
	assert_int_equal(envoi_context_add_sasl_mechanism(f->context, &plain), ENVOI_OK);
	assert_int_equal(envoi_context_add_sasl_mechanism(f->context, &bad), ENVOI_ERR_INVALID);
	assert_int_equal(envoi_context_add_sasl_mechanism(f->context, &empty), ENVOI_ERR_INVALID);
	assert_ptr_equal(envoi_sasl_find(f->context, "X-OWN"), &own);
	assert_ptr_equal(envoi_sasl_find(f->context, "PLAIN"), &plain);
	size_t position = 0, plains = 0, count = 0;
	const struct envoi_sasl_mechanism *mechanism;
	while ((mechanism = envoi_sasl_next(f->context, &position)) != NULL) {
		plains += strcmp(mechanism->name, "PLAIN") == 0;
		count++;
	}
	assert_int_equal(plains, 1);
	assert_int_equal(count, 15);
}

static void every_mechanism_with_a_password_authenticates(void **state)
{
	struct fixture *f = *state;
	for (size_t i = 0; i < WITH_PASSWORD; i++) {
		struct envoi_sasl_parameters client = client_parameters(with_password[i]);
		struct envoi_sasl_parameters server = server_parameters(f);
		run(f, with_password[i], &client, &server);
		assert_int_equal(f->client_result, ENVOI_OK);
		assert_int_equal(f->server_result, ENVOI_OK);
		assert_string_equal(envoi_sasl_authcid(f->server), "alice");
		assert_null(envoi_sasl_authcid(f->client));
		assert_int_equal(envoi_sasl_step(f->client, "", 0, &f->to_server), ENVOI_ERR_STATE);
	}
}

static void a_wrong_password_or_user_is_refused_alike(void **state)
{
	struct fixture *f = *state;
	for (size_t i = 0; i < WITH_PASSWORD; i++) {
		struct envoi_sasl_parameters client = client_parameters(with_password[i]);
		struct envoi_sasl_parameters server = server_parameters(f);
		client.password = "wrong";
		run(f, with_password[i], &client, &server);
		assert_int_equal(f->server_result, ENVOI_ERR_AUTH);
		assert_null(envoi_sasl_authcid(f->server));
		client.password = MARKER;
		client.authcid = "nobody";
		run(f, with_password[i], &client, &server);
		assert_int_equal(f->server_result, ENVOI_ERR_AUTH);
		assert_null(envoi_sasl_authcid(f->server));
	}
}

static void no_user_acts_as_another(void **state)
{
	struct fixture *f = *state;
	static const struct {
		const char *authzid;
		int result;
	} rows[] = {
		{"alice@xmpp.test", ENVOI_OK},
		{"bob@xmpp.test", ENVOI_ERR_AUTH},
		{"alice@other.test", ENVOI_ERR_AUTH},
		{"alice@xmpp.test.evil", ENVOI_ERR_AUTH},
		{"alic", ENVOI_ERR_AUTH},
	};
	for (size_t i = 0; i < WITH_PASSWORD; i++) {
		for (size_t j = 0; j < sizeof(rows) / sizeof(rows[0]); j++) {
			struct envoi_sasl_parameters client = client_parameters(with_password[i]);
			struct envoi_sasl_parameters server = server_parameters(f);
			client.authzid = rows[j].authzid;
			run(f, with_password[i], &client, &server);
			assert_int_equal(f->server_result, rows[j].result);
		}
	}
}

static void names_with_commas_and_equals_signs_survive(void **state)
{
	struct fixture *f = *state;
	for (size_t i = 0; i < WITH_PASSWORD; i++) {
		struct envoi_sasl_parameters client = client_parameters(with_password[i]);
		struct envoi_sasl_parameters server = server_parameters(f);
		client.authcid = "a,l=ice";
		f->stored = client.password = "p,a=s\xc3\xbc";
		run(f, with_password[i], &client, &server);
		assert_int_equal(f->client_result, ENVOI_OK);
		assert_string_equal(envoi_sasl_authcid(f->server), "a,l=ice");
	}
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

/* Keys of another user or mechanism are ignored, and so are any for the receiving side. */
static void keys_that_are_not_for_this_are_not_used(void **state)
{
	struct fixture *f = *state;
	static const char key[64] = "";
	static const struct envoi_sasl_keys rows[] = {
		{"SCRAM-SHA-256", "alice", "salt", 4, 4096, key, key, 32},
		{"SCRAM-SHA-1", "alicia", "salt", 4, 4096, key, key, 20},
		{"SCRAM-SHA-1", "alice", "salt", 4, 4096, key, key, 19},
	};
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct envoi_sasl_parameters client = client_parameters("SCRAM-SHA-1");
		struct envoi_sasl_parameters server = server_parameters(f);
		client.keys = server.keys = &rows[i];
		run(f, "SCRAM-SHA-1", &client, &server);
		assert_int_equal(f->client_result, ENVOI_OK);
	}
}

/* RFC 5802, section 6 */
static void the_flag_states_the_support_of_channel_binding(void **state)
{
	struct fixture *f = *state;
	for (int offered = 0; offered < 2; offered++) {
		struct envoi_sasl_parameters client = client_parameters("SCRAM-SHA-256");
		struct envoi_sasl_parameters server = server_parameters(f);
		client.could_bind = true;
		server.binding_count = offered ? 3 : 0;
		reset(f);
		assert_int_equal(start(f, &f->client, "SCRAM-SHA-256", &client), ENVOI_OK);
		assert_int_equal(start(f, &f->server, "SCRAM-SHA-256", &server), ENVOI_OK);
		assert_int_equal(step(f->client, NULL, false, &f->to_server), ENVOI_AGAIN);
		assert_memory_equal(envoi_buffer_data(&f->to_server), "y,,n=alice,r=", 13);
		assert_int_equal(step(f->server, &f->to_server, true, &f->to_client),
			offered ? ENVOI_ERR_AUTH : ENVOI_AGAIN);
	}
}

/* XEP-0474 */
static void an_offer_that_was_changed_is_noticed(void **state)
{
	struct fixture *f = *state;
	static const char *const all[] = {"SCRAM-SHA-256-PLUS", "SCRAM-SHA-256", "SCRAM-SHA-1"},
				 *const sorted[] = {"SCRAM-SHA-1", "SCRAM-SHA-256",
					 "SCRAM-SHA-256-PLUS"},
				 *const types[] = {"tls-exporter"}, *const others[] = {"x-dummy"};
	static const struct envoi_sasl_offer sent = {all, 3, true, types, 1},
					     reordered = {sorted, 3, true, types, 1},
					     less = {sorted, 1, true, types, 1},
					     no_list = {all, 3, false, NULL, 0},
					     other_types = {all, 3, true, others, 1};
	const struct {
		const struct envoi_sasl_offer *sent, *seen;
		bool needed;
		int result;
	} rows[] = {
		{&sent, &sent, true, ENVOI_OK},
		{&sent, &reordered, false, ENVOI_OK},
		{&sent, &less, false, ENVOI_ERR_AUTH},
		{&sent, &no_list, false, ENVOI_ERR_AUTH},
		{&sent, &other_types, false, ENVOI_ERR_AUTH},
		{NULL, &less, false, ENVOI_OK},
		{NULL, &less, true, ENVOI_ERR_AUTH},
		{&sent, NULL, false, ENVOI_OK},
	};
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct envoi_sasl_parameters client = client_parameters("SCRAM-SHA-1");
		struct envoi_sasl_parameters server = server_parameters(f);
		server.offer = rows[i].sent;
		client.offer = rows[i].seen;
		client.needs_offer_hash = rows[i].needed;
		run(f, "SCRAM-SHA-1", &client, &server);
		assert_int_equal(f->client_result, rows[i].result);
		if (rows[i].result < 0) {
			/* No proof was sent. */
			assert_int_equal(envoi_buffer_len(&f->to_server), 0);
			assert_non_null(strstr(envoi_sasl_problem(f->client), "an attacker"));
			assert_int_equal(strstr(envoi_sasl_problem(f->client),
						 "(tls-exporter) but no -PLUS mechanism") != NULL,
				rows[i].needed);
		}
	}
}

static bool begins_with(struct envoi_buffer *buffer, const char *text)
{
	return envoi_buffer_len(buffer) >= strlen(text) &&
		memcmp(envoi_buffer_data(buffer), text, strlen(text)) == 0;
}

static void the_channel_binding_given_is_the_one_used(void **state)
{
	struct fixture *f = *state;
	static const struct {
		const char *mechanism, *header;
		const struct envoi_sasl_binding *binding;
	} rows[] = {
		{"SCRAM-SHA-256-PLUS", "p=tls-exporter,,n=alice,", &exporter},
		{"SCRAM-SHA-256-PLUS", "p=tls-unique,,n=alice,", &unique},
		{"SCRAM-SHA-512-PLUS", "p=tls-server-end-point,,n=alice,", &end_point},
		{"SCRAM-SHA-256", "n,,n=alice,", NULL},
	};
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct envoi_sasl_parameters client = client_parameters(rows[i].mechanism);
		struct envoi_sasl_parameters server = server_parameters(f);
		client.bindings = rows[i].binding;
		assert_int_equal(start(f, &f->client, rows[i].mechanism, &client), ENVOI_OK);
		assert_int_equal(start(f, &f->server, rows[i].mechanism, &server), ENVOI_OK);
		assert_int_equal(step(f->client, NULL, false, &f->to_server), ENVOI_AGAIN);
		assert_true(begins_with(&f->to_server, rows[i].header));
		assert_int_equal(step(f->server, &f->to_server, true, &f->to_client), ENVOI_AGAIN);
		assert_int_equal(step(f->client, &f->to_client, true, &f->to_server), ENVOI_AGAIN);
		assert_int_equal(step(f->server, &f->to_server, true, &f->to_client), ENVOI_OK);
		assert_int_equal(step(f->client, &f->to_client, true, &f->to_server), ENVOI_OK);
		reset(f);
	}
}

static void a_man_in_the_middle_does_not_pass_channel_binding(void **state)
{
	struct fixture *f = *state;
	struct envoi_sasl_parameters client = client_parameters("SCRAM-SHA-256-PLUS");
	struct envoi_sasl_parameters server = server_parameters(f);
	static const struct envoi_sasl_binding other = {"tls-exporter", "0123456789abcdeF", 16};
	client.bindings = &other;
	run(f, "SCRAM-SHA-256-PLUS", &client, &server);
	assert_int_equal(f->server_result, ENVOI_ERR_AUTH);
	assert_int_equal(f->client_result, ENVOI_AGAIN);
}

static void a_binding_that_does_not_exist_is_refused_before_anything_is_sent(void **state)
{
	struct fixture *f = *state;
	static const struct envoi_sasl_binding empty = {"tls-unique", "", 0};
	static const struct envoi_sasl_binding two[] = {
		{"tls-exporter", "x", 1}, {"tls-unique", "y", 1}};
	const struct {
		const char *mechanism;
		const struct envoi_sasl_binding *bindings;
		size_t count;
	} rows[] = {
		{"SCRAM-SHA-1-PLUS", NULL, 0},
		{"SCRAM-SHA-1-PLUS", &empty, 1},
		{"SCRAM-SHA-1-PLUS", two, 2},
		{"SCRAM-SHA-1", &exporter, 1},
	};
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct envoi_sasl_parameters client = client_parameters(rows[i].mechanism);
		client.bindings = rows[i].bindings;
		client.binding_count = rows[i].count;
		assert_int_equal(
			start(f, &f->client, rows[i].mechanism, &client), ENVOI_ERR_INVALID);
		assert_null(f->client);
	}
}

/* Starts a SCRAM login and takes the true server's first message. */
static void reach_server_first(struct fixture *f, const char *mechanism, char *first, size_t size)
{
	reset(f);
	struct envoi_sasl_parameters client = client_parameters(mechanism);
	struct envoi_sasl_parameters server = server_parameters(f);
	assert_int_equal(start(f, &f->client, mechanism, &client), ENVOI_OK);
	assert_int_equal(start(f, &f->server, mechanism, &server), ENVOI_OK);
	assert_int_equal(step(f->client, NULL, false, &f->to_server), ENVOI_AGAIN);
	assert_int_equal(step(f->server, &f->to_server, true, &f->to_client), ENVOI_AGAIN);
	snprintf(first, size, "%.*s", (int)envoi_buffer_len(&f->to_client),
		envoi_buffer_data(&f->to_client));
	envoi_buffer_wipe(&f->to_server);
}

static int feed(struct fixture *f, const char *text)
{
	return finish_step(f->client, envoi_sasl_step(f->client, text, strlen(text), &f->to_server),
		&f->to_server);
}

/* RFC 5802, section 9 */
static void only_iteration_counts_within_the_bounds_are_computed(void **state)
{
	struct fixture *f = *state;
	static const struct {
		const char *count;
		int result;
	} rows[] = {
		{"4096", ENVOI_AGAIN},
		{"1000000", ENVOI_AGAIN},
		{"4096,x=y", ENVOI_AGAIN},
		{"4095", ENVOI_ERR_LIMIT},
		{"1", ENVOI_ERR_LIMIT},
		{"1000001", ENVOI_ERR_LIMIT},
		{"10000000", ENVOI_ERR_LIMIT},
		{"4294967296", ENVOI_ERR_LIMIT},
		{"4294971392", ENVOI_ERR_LIMIT}, /* 2^32 + 4096 */
		{"18446744073709551615", ENVOI_ERR_LIMIT},
		{"18446744073709551616", ENVOI_ERR_LIMIT}, /* 2^64 */
		{"18446744073709555712", ENVOI_ERR_LIMIT}, /* 2^64 + 4096 */
		{"0", ENVOI_ERR_PROTOCOL},
		{"-1", ENVOI_ERR_PROTOCOL},
		{"1e9", ENVOI_ERR_PROTOCOL},
		{"4096x", ENVOI_ERR_PROTOCOL},
		{" 4096", ENVOI_ERR_PROTOCOL},
		{"", ENVOI_ERR_PROTOCOL},
	};
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		char first[256], forged[512];
		reach_server_first(f, "SCRAM-SHA-256", first, sizeof(first));
		char *count = strstr(first, ",i=");
		assert_non_null(count);
		snprintf(forged, sizeof(forged), "%.*s,i=%s", (int)(count - first), first,
			rows[i].count);
		assert_int_equal(feed(f, forged), rows[i].result);
		assert_int_equal(envoi_buffer_len(&f->to_server) > 0, rows[i].result > 0);
	}
}

/* @return whether two first messages of servers have the same salt */
static bool is_same_salt(const char *a, const char *b)
{
	const char *salt_a = strstr(a, ",s="), *salt_b = strstr(b, ",s=");
	assert_non_null(salt_a);
	assert_non_null(salt_b);
	return strcmp(salt_a, salt_b) == 0;
}

/* RFC 5802, section 2.1: the salt is individual for each user; clients keep keys for it. */
static void the_salt_of_a_user_stays_and_is_the_servers_own(void **state)
{
	struct fixture *f = *state;
	char first[256], second[256], elsewhere[256];
	reach_server_first(f, "SCRAM-SHA-256", first, sizeof(first));
	reach_server_first(f, "SCRAM-SHA-256", second, sizeof(second));
	assert_true(is_same_salt(first, second));
	void *other;
	setup(&other);
	reach_server_first(other, "SCRAM-SHA-256", elsewhere, sizeof(elsewhere));
	assert_false(is_same_salt(first, elsewhere));
	teardown(&other);
}

static void the_bounds_on_iterations_are_the_users(void **state)
{
	struct fixture *f = *state;
	static const struct {
		unsigned int min, max;
		int result;
	} rows[] = {
		{0, 0, ENVOI_OK},
		{1, 4096, ENVOI_OK},
		{4097, 0, ENVOI_ERR_LIMIT},
		{1, 4095, ENVOI_ERR_LIMIT},
	};
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct envoi_sasl_parameters client = client_parameters("SCRAM-SHA-1");
		struct envoi_sasl_parameters server = server_parameters(f);
		client.min_iterations = rows[i].min;
		client.max_iterations = rows[i].max;
		run(f, "SCRAM-SHA-1", &client, &server);
		assert_int_equal(f->client_result, rows[i].result);
	}
}

/* The server's first message: "%s" stands for our nonce. */
static void a_malformed_first_message_of_the_server_ends_the_login(void **state)
{
	struct fixture *f = *state;
	static const struct {
		const char *format;
		int result;
	} rows[] = {
		{"r=%sX,s=c2FsdA==,i=4096", ENVOI_AGAIN},
		{"r=%sX,s=YQ==,i=4096", ENVOI_AGAIN},
		{"r=%sX,s=====,i=4096", ENVOI_ERR_PROTOCOL},
		{"r=%s,s=c2FsdA==,i=4096", ENVOI_ERR_AUTH},
		{"r=X%s,s=c2FsdA==,i=4096", ENVOI_ERR_AUTH},
		{"r=somebodyelses,s=c2FsdA==,i=4096", ENVOI_ERR_AUTH},
		{"m=new,r=%sX,s=c2FsdA==,i=4096", ENVOI_ERR_PROTOCOL},
		{"r=%sX,s=,i=4096", ENVOI_ERR_PROTOCOL},
		{"r=%sX,s=!!!!,i=4096", ENVOI_ERR_PROTOCOL},
		{"r=%sX,i=4096", ENVOI_ERR_PROTOCOL},
		{"r=%sX,s=c2FsdA==", ENVOI_ERR_PROTOCOL},
		{"s=c2FsdA==,r=%sX,i=4096", ENVOI_ERR_PROTOCOL},
		{"e=unknown-user", ENVOI_ERR_PROTOCOL},
		{"v=rmF9pqV8S7suAoZWja4dJRkFsKQ=", ENVOI_ERR_PROTOCOL},
		{"r", ENVOI_ERR_PROTOCOL},
		{"", ENVOI_ERR_PROTOCOL},
	};
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		char first[256], nonce[64], forged[512];
		reach_server_first(f, "SCRAM-SHA-1", first, sizeof(first));
		snprintf(nonce, sizeof(nonce), "%.24s", first + 2);
		const char *place = strstr(rows[i].format, "%s");
		int before = place == NULL ? (int)strlen(rows[i].format)
					   : (int)(place - rows[i].format);
		snprintf(forged, sizeof(forged), "%.*s%s%s", before, rows[i].format,
			place == NULL ? "" : nonce, place == NULL ? "" : place + 2);
		assert_int_equal(feed(f, forged), rows[i].result);
		if (rows[i].result < 0) {
			assert_int_equal(feed(f, first), ENVOI_ERR_STATE);
		}
	}
}

static void only_the_servers_true_signature_completes_the_login(void **state)
{
	struct fixture *f = *state;
	static const struct {
		const char *final; /* NULL: nothing at all */
		int result;
	} rows[] = {
		{NULL, ENVOI_ERR_AUTH},
		{"", ENVOI_ERR_PROTOCOL},
		{"v=", ENVOI_ERR_PROTOCOL},
		{"v=AAAAAAAAAAAAAAAAAAAAAAAAAAA=", ENVOI_ERR_AUTH},
		{"v=AAAAAAAAAAAAAAAAAAAAAAAAAAA", ENVOI_ERR_PROTOCOL},
		{"v=AAAA", ENVOI_ERR_PROTOCOL},
		{"v=!!!!", ENVOI_ERR_PROTOCOL},
		{"e=invalid-proof", ENVOI_ERR_AUTH},
		{"x=y", ENVOI_ERR_PROTOCOL},
	};
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		char first[256];
		reach_server_first(f, "SCRAM-SHA-1", first, sizeof(first));
		assert_int_equal(feed(f, first), ENVOI_AGAIN);
		int r = rows[i].final == NULL ? envoi_sasl_step(f->client, NULL, 0, &f->to_server)
					      : feed(f, rows[i].final);
		assert_int_equal(r, rows[i].result);
	}
}

static void a_client_that_begins_takes_no_challenge_before(void **state)
{
	struct fixture *f = *state;
	for (size_t i = 0; i <= WITH_PASSWORD; i++) {
		bool is_external = i == WITH_PASSWORD;
		const char *mechanism = is_external ? "EXTERNAL" : with_password[i];
		struct envoi_sasl_parameters client = client_parameters(mechanism);
		for (size_t len = 1; len <= 5; len++) {
			reset(f);
			assert_int_equal(start(f, &f->client, mechanism, &client), ENVOI_OK);
			assert_int_equal(envoi_sasl_step(f->client, "hello", len, &f->to_server),
				ENVOI_ERR_PROTOCOL);
			assert_int_equal(envoi_buffer_len(&f->to_server), 0);
		}
		reset(f);
		assert_int_equal(start(f, &f->client, mechanism, &client), ENVOI_OK);
		assert_true(envoi_sasl_step(f->client, "", 0, &f->to_server) >= 0);
		assert_true(is_external || envoi_buffer_len(&f->to_server) > 0);
	}
}

static void names_and_passwords_that_cannot_be_prepared_are_invalid(void **state)
{
	struct fixture *f = *state;
	static const struct {
		const char *authcid, *password;
		bool plain_can; /* there the server prepares */
		bool scram_can; /* it asks later */
	} rows[] = {
		{NULL, "x", false}, {"", "x", false}, {"alice", NULL, false, true},
		{"alice", "", false, true}, /* RFC 4616, section 2: not empty */
		{"alice", "\xff", false}, {"alice", "\xc0\x80", false}, /* NUL in two bytes */
		{"alice", "\xed\xa0\x80", false}, /* a surrogate */
		{"alice", "\xf0\x9f\x98\x80\x07", true}, /* not for the emoji alone */
		{"alice", "\xf0\xaf\xbf\xbd", true}, /* unassigned today */
		{"alice", "a\x07", true}, /* a control character */
		{"alice", "\xd8\xa7\x31", true}, /* right to left, ending with a digit */
		{"\xf0\x9f\x98\x80", "x", false}, {"a\x01", "x", false},
		{"\xc2\xad", "x", false}, /* soft hyphen: nothing is left */
	};
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		for (size_t j = 0; j < WITH_PASSWORD; j++) {
			struct envoi_sasl_parameters client = client_parameters(with_password[j]);
			client.authcid = rows[i].authcid;
			client.password = rows[i].password;
			bool can = strcmp(with_password[j], "PLAIN") == 0 ? rows[i].plain_can
									  : rows[i].scram_can;
			int r = start(f, &f->client, with_password[j], &client);
			assert_int_equal(r, can ? ENVOI_OK : ENVOI_ERR_INVALID);
			reset(f);
		}
	}
}

/* SASLprep is of Unicode 3.2: where it knows a character not yet, RFC 8265 prepares. */
static void passwords_may_have_newer_characters(void **state)
{
	struct fixture *f = *state;
	static const struct {
		const char *given, *stored;
	} rows[] = {
		{"\xf0\x9f\x98\x80", "\xf0\x9f\x98\x80"},
		/* no-break space, and an accent that is composed */
		{"a\xc2\xa0"
		 "e\xcc\x81\xf0\x9f\x94\x91",
			"a \xc3\xa9\xf0\x9f\x94\x91"},
	};
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		for (size_t j = 0; j < WITH_PASSWORD; j++) {
			struct envoi_sasl_parameters client = client_parameters(with_password[j]);
			struct envoi_sasl_parameters server = server_parameters(f);
			client.password = rows[i].given;
			f->stored = rows[i].stored;
			run(f, with_password[j], &client, &server);
			assert_int_equal(f->client_result, ENVOI_OK);
			assert_int_equal(f->server_result, ENVOI_OK);
			f->stored = "\xf0\x9f\x98\x81";
			run(f, with_password[j], &client, &server);
			assert_int_equal(f->server_result, ENVOI_ERR_AUTH);
		}
	}
}

/* A letter of Unicode 5.2; symbols are for no name (RFC 8264, section 4.2). */
static void names_may_have_newer_letters(void **state)
{
	struct fixture *f = *state;
	for (size_t j = 0; j < WITH_PASSWORD; j++) {
		struct envoi_sasl_parameters client = client_parameters(with_password[j]);
		client.authcid = "\xea\xaa\x80";
		assert_int_equal(start(f, &f->client, with_password[j], &client), ENVOI_OK);
		reset(f);
		client.authcid = "a\xf0\x9f\x98\x80";
		assert_int_equal(
			start(f, &f->client, with_password[j], &client), ENVOI_ERR_INVALID);
	}
}

static void passwords_are_prepared(void **state)
{
	struct fixture *f = *state;
	struct envoi_sasl_parameters client = client_parameters("SCRAM-SHA-256");
	struct envoi_sasl_parameters server = server_parameters(f);
	client.password = "a\xc2\xa0"
			  "b\xc2\xad\xe2\x85\xa8"; /* no-break space, soft hyphen, IX */
	f->stored = "a bIX";
	run(f, "SCRAM-SHA-256", &client, &server);
	assert_int_equal(f->client_result, ENVOI_OK);
}

/* A NUL ends nothing: what is behind it is seen. */
static void hostile_clients_are_refused(void **state)
{
	struct fixture *f = *state;
	static const struct {
		const char *mechanism, *message;
		size_t len;
	} rows[] = {
		{"PLAIN", "\0alice\0" MARKER "\0", sizeof("\0alice\0" MARKER "\0") - 1},
		{"PLAIN", "\0alice", 6},
		{"PLAIN", "\0\0" MARKER, sizeof("\0\0" MARKER) - 1},
		{"PLAIN", "alice", 5},
		{"PLAIN", "", 0},
		{"PLAIN", "\0alice\0", 7},
		{"PLAIN", "\0alice\0\xff", 8},
		{"PLAIN", "bob\0alice\0" MARKER, sizeof("bob\0alice\0" MARKER) - 1},
		{"SCRAM-SHA-1", "n,,n=,r=abcdefgh", 16},
		{"SCRAM-SHA-1", "n,,n=\xc2\xad,r=abcdefgh", 18},
		{"SCRAM-SHA-1", "n,,n=\xff,r=abcdefgh", 17},
		{"SCRAM-SHA-1", "n,,n=alice\0,r=abcdefgh", 22},
		{"SCRAM-SHA-1", "n,,m=x,n=alice,r=abcdefgh", 25},
		{"SCRAM-SHA-1", "y,,n=alice,r=abcdefgh", 21}, /* we had offered channel binding */
		{"SCRAM-SHA-1", "p=tls-unique,,n=alice,r=abcdefgh", 32},
		{"SCRAM-SHA-1-PLUS", "n,,n=alice,r=abcdefgh", 21},
		{"SCRAM-SHA-1-PLUS", "p=tls-none,,n=alice,r=abcdefgh", 30},
		{"SCRAM-SHA-1", "garbage", 7},
	};
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct envoi_sasl_parameters server = server_parameters(f);
		assert_int_equal(start(f, &f->server, rows[i].mechanism, &server), ENVOI_OK);
		int r = finish_step(f->server,
			envoi_sasl_step(f->server, rows[i].message, rows[i].len, &f->to_client),
			&f->to_client);
		if (r == ENVOI_AGAIN) {
			r = envoi_sasl_step(
				f->server, "c=biws,r=abcdefgh,p=AAAA", 24, &f->to_client);
		}
		assert_true(r < 0);
		assert_null(envoi_sasl_authcid(f->server));
		reset(f);
	}
}

/* XEP-0178, section 2 */
static void external_trusts_the_certificate_only(void **state)
{
	struct fixture *f = *state;
	static const struct {
		const char *certified; /* ends with a second NUL */
		const char *authzid;
		int result;
		const char *authcid;
		unsigned int lookups;
	} rows[] = {
		{"alice@xmpp.test\0", NULL, ENVOI_OK, "alice", 1},
		{"alice@xmpp.test\0", "alice@xmpp.test", ENVOI_OK, "alice", 1},
		{"alice@xmpp.test\0", "ALICE@XMPP.test", ENVOI_OK, "alice", 1},
		{"alice@xmpp.test\0", "bob@xmpp.test", ENVOI_ERR_INVALID, NULL, 0},
		{"alice@xmpp.test\0", "alice@other.test", ENVOI_ERR_INVALID, NULL, 0},
		{"alice@xmpp.test\0", "alice@xmpp.test/desk", ENVOI_ERR_INVALID, NULL, 0},
		{"alice@xmpp.test\0", "alice", ENVOI_ERR_INVALID, NULL, 0},
		{"alice@xmpp.test\0", "xmpp.test", ENVOI_ERR_INVALID, NULL, 0},
		{"alice@xmpp.test\0", "al ice@xmpp.test", ENVOI_ERR_INVALID, NULL, 0},
		{"bob@xmpp.test\0alice@xmpp.test\0", "alice@xmpp.test", ENVOI_OK, "alice", 1},
		{"bob@xmpp.test\0alice@xmpp.test\0", NULL, ENVOI_ERR_INVALID, NULL, 0},
		{"nobody@xmpp.test\0", NULL, ENVOI_ERR_AUTH, NULL, 1},
		{"", NULL, ENVOI_ERR_INVALID, NULL, 0},
		{"", "alice@xmpp.test", ENVOI_ERR_INVALID, NULL, 0},
		{NULL, NULL, ENVOI_ERR_INVALID, NULL, 0},
		{NULL, "alice@xmpp.test", ENVOI_ERR_INVALID, NULL, 0},
	};
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct envoi_sasl_parameters client = client_parameters("EXTERNAL");
		struct envoi_sasl_parameters server = server_parameters(f);
		unsigned int before = f->lookups;
		client.authzid = rows[i].authzid;
		server.certified = rows[i].certified;
		run(f, "EXTERNAL", &client, &server);
		assert_int_equal(f->client_result, ENVOI_OK);
		assert_int_equal(f->server_result, rows[i].result);
		assert_int_equal(f->lookups - before, rows[i].lookups);
		if (rows[i].authcid != NULL) {
			assert_string_equal(envoi_sasl_authcid(f->server), rows[i].authcid);
		} else {
			assert_null(envoi_sasl_authcid(f->server));
		}
	}
}

static void messages_of_external_that_are_none_are_refused(void **state)
{
	struct fixture *f = *state;
	static char longer[3072];
	memset(longer, 'a', sizeof(longer));
	static const struct {
		const char *data;
		size_t len;
	} messages[] = {
		{"alice@xmpp.test", 16}, /* with its NUL */
		{"alice@xmpp.test\0bob", 19},
		{"\0", 1},
		{"\xff@xmpp.test", 11},
		{longer, sizeof(longer)},
	};
	for (size_t i = 0; i < sizeof(messages) / sizeof(messages[0]); i++) {
		struct envoi_sasl_parameters server = server_parameters(f);
		server.certified = "alice@xmpp.test\0";
		reset(f);
		assert_int_equal(start(f, &f->server, "EXTERNAL", &server), ENVOI_OK);
		assert_int_equal(envoi_sasl_step(f->server, NULL, 0, &f->to_client), ENVOI_AGAIN);
		assert_int_equal(envoi_buffer_len(&f->to_client), 0);
		assert_int_equal(envoi_sasl_step(f->server, messages[i].data, messages[i].len,
					 &f->to_client),
			ENVOI_ERR_INVALID);
		assert_null(envoi_sasl_authcid(f->server));
		assert_int_equal(envoi_sasl_step(f->server, "", 0, &f->to_client), ENVOI_ERR_STATE);
	}
}

static void external_takes_one_message_and_one_account(void **state)
{
	struct fixture *f = *state;
	const struct envoi_sasl_account account = {.password = NULL};
	struct envoi_sasl_parameters server = server_parameters(f);
	server.certified = "alice@xmpp.test\0";
	assert_int_equal(start(f, &f->server, "EXTERNAL", &server), ENVOI_OK);
	assert_int_equal(envoi_sasl_give_account(f->server, &account), ENVOI_ERR_STATE);
	assert_int_equal(
		envoi_sasl_step(f->server, "", 0, &f->to_client), ENVOI_SASL_NEEDS_ACCOUNT);
	assert_int_equal(envoi_sasl_give_account(f->server, &account), ENVOI_OK);
	assert_int_equal(envoi_sasl_give_account(f->server, &account), ENVOI_ERR_STATE);
	assert_int_equal(envoi_sasl_step(f->server, "", 0, &f->to_client), ENVOI_ERR_PROTOCOL);
	reset(f);
	assert_int_equal(start(f, &f->server, "EXTERNAL", &server), ENVOI_OK);
	assert_int_equal(
		envoi_sasl_step(f->server, "", 0, &f->to_client), ENVOI_SASL_NEEDS_ACCOUNT);
	assert_int_equal(envoi_sasl_step(f->server, NULL, 0, &f->to_client), ENVOI_ERR_PROTOCOL);
}

/* RFC 4505, section 2: at most 255 characters. */
static void a_trace_of_anonymous_has_a_limit(void **state)
{
	struct fixture *f = *state;
	static const char trace[255 * 4 + 1] = "";
	for (size_t longer = 0; longer < 2; longer++) {
		struct envoi_sasl_parameters server = server_parameters(f);
		assert_int_equal(start(f, &f->server, "ANONYMOUS", &server), ENVOI_OK);
		assert_int_equal(envoi_sasl_step(f->server, trace, 255 * 4 + longer, &f->to_client),
			longer ? ENVOI_ERR_PROTOCOL : ENVOI_OK);
		reset(f);
	}
}

/* A stored password that cannot be prepared matches no password, and the peer gets the same answer.
 *  */
static void a_stored_password_that_cannot_be_prepared_matches_none(void **state)
{
	struct fixture *f = *state;
	for (size_t i = 0; i < WITH_PASSWORD; i++) {
		struct envoi_sasl_parameters client = client_parameters(with_password[i]);
		struct envoi_sasl_parameters server = server_parameters(f);
		f->stored = "a\x07";
		run(f, with_password[i], &client, &server);
		assert_int_equal(f->server_result, ENVOI_ERR_AUTH);
		assert_int_equal(f->lookups, i + 1);
	}
}

/* --- stored keys --- */

/* That of the example in RFC 7677, section 3. */
static const unsigned char salt_256[] = {0x5b, 0x6d, 0x99, 0x68, 0x9d, 0x12, 0x35, 0x8e, 0xec, 0xa0,
	0x4b, 0x14, 0x12, 0x36, 0xfa, 0x81};

struct stored {
	unsigned char stored_key[64], server_key[64];
	struct envoi_sasl_verifier verifier;
};

static void store(struct stored *stored, enum envoi__scram_hash hash, const char *password)
{
	struct envoi__scram_derivation derivation;
	struct envoi__scram_keys keys;
	int r;
	assert_int_equal(envoi__scram_derivation_begin(
				 &derivation, hash, password, salt_256, sizeof(salt_256), 4096),
		ENVOI_OK);
	while ((r = envoi__scram_derivation_run(&derivation, &keys)) == ENVOI_AGAIN) {
	}
	assert_int_equal(r, ENVOI_OK);
	envoi__scram_derivation_finish(&derivation);
	memcpy(stored->stored_key, keys.stored_key, sizeof(stored->stored_key));
	memcpy(stored->server_key, keys.server_key, sizeof(stored->server_key));
	stored->verifier = (struct envoi_sasl_verifier){
		.mechanism = envoi__scram_mechanism_name(hash),
		.salt = salt_256,
		.salt_len = sizeof(salt_256),
		.iterations = 4096,
		.stored_key = stored->stored_key,
		.server_key = stored->server_key,
		.key_len = envoi__scram_hash_size(hash),
	};
}

static void stored_keys_replace_the_password(void **state)
{
	struct fixture *f = *state;
	struct stored stored[3];
	struct envoi_sasl_verifier verifiers[3];
	for (int hash = 0; hash < 3; hash++) {
		store(&stored[hash], (enum envoi__scram_hash)hash, MARKER);
		verifiers[hash] = stored[hash].verifier;
	}
	f->stored = NULL;
	f->verifiers = verifiers;
	f->verifier_count = 3;
	for (size_t i = 0; i < WITH_PASSWORD; i++) {
		struct envoi_sasl_parameters client = client_parameters(with_password[i]);
		struct envoi_sasl_parameters server = server_parameters(f);
		run(f, with_password[i], &client, &server);
		assert_int_equal(f->client_result, ENVOI_OK);
		assert_int_equal(f->server_result, ENVOI_OK);
		assert_string_equal(envoi_sasl_authcid(f->server), "alice");
		client.password = "another";
		run(f, with_password[i], &client, &server);
		assert_int_equal(f->server_result, ENVOI_ERR_AUTH);
	}
}

static void a_login_with_stored_keys_derives_nothing(void **state)
{
	struct fixture *f = *state;
	struct stored stored;
	struct envoi_sasl_parameters client = client_parameters("SCRAM-SHA-256");
	struct envoi_sasl_parameters server = server_parameters(f);
	store(&stored, ENVOI__SCRAM_SHA_256, MARKER);
	f->stored = NULL;
	f->verifiers = &stored.verifier;
	f->verifier_count = 1;
	server.binding_count = 0;
	assert_int_equal(start(f, &f->client, "SCRAM-SHA-256", &client), ENVOI_OK);
	assert_int_equal(start(f, &f->server, "SCRAM-SHA-256", &server), ENVOI_OK);
	assert_int_equal(step(f->client, NULL, false, &f->to_server), ENVOI_AGAIN);
	assert_int_equal(envoi_sasl_step(f->server, envoi_buffer_data(&f->to_server),
				 envoi_buffer_len(&f->to_server), &f->to_client),
		ENVOI_SASL_NEEDS_ACCOUNT);
	assert_int_equal(give_account(f->server), ENVOI_OK);
	assert_int_equal(give_account(f->server), ENVOI_ERR_STATE);
	assert_int_equal(envoi_sasl_step(f->server, NULL, 0, &f->to_client), ENVOI_AGAIN);
}

static void a_step_with_input_before_the_account_ends_the_exchange(void **state)
{
	struct fixture *f = *state;
	static const char *const messages[] = {"n,,n=alice,r=abcdefgh", NULL};
	for (size_t i = 0; i < 2; i++) {
		struct envoi_sasl_parameters server = server_parameters(f);
		server.binding_count = 0;
		assert_int_equal(start(f, &f->server, "SCRAM-SHA-1", &server), ENVOI_OK);
		assert_int_equal(
			envoi_sasl_step(f->server, messages[0], strlen(messages[0]), &f->to_client),
			ENVOI_SASL_NEEDS_ACCOUNT);
		assert_int_equal(
			envoi_sasl_step(f->server, messages[i],
				messages[i] != NULL ? strlen(messages[i]) : 0, &f->to_client),
			ENVOI_ERR_PROTOCOL);
		reset(f);
	}
}

static void impossible_stored_keys_match_no_password(void **state)
{
	struct fixture *f = *state;
	struct stored stored;
	for (int i = 0; i < 4; i++) {
		struct envoi_sasl_parameters client = client_parameters("SCRAM-SHA-256");
		struct envoi_sasl_parameters server = server_parameters(f);
		server.binding_count = 0;
		store(&stored, ENVOI__SCRAM_SHA_256, MARKER);
		f->stored = NULL;
		f->verifiers = &stored.verifier;
		f->verifier_count = 1;
		stored.verifier.key_len -= i == 0;
		stored.verifier.salt_len = i == 1 ? 0 : i == 2 ? 65 : sizeof(salt_256);
		stored.verifier.iterations = i == 3 ? 0 : 4096;
		run(f, "SCRAM-SHA-256", &client, &server);
		assert_int_equal(f->server_result, ENVOI_ERR_INVALID);
	}
}

/* @return the server's first message; its salt and count */
static const char *first_message(struct fixture *f, const char *mechanism,
	const struct envoi_sasl_parameters *server, const char *user)
{
	static char text[256];
	char message[128];
	reset(f);
	snprintf(message, sizeof(message), "n,,n=%s,r=abcdefgh", user);
	assert_int_equal(start(f, &f->server, mechanism, server), ENVOI_OK);
	int r = finish_step(f->server,
		envoi_sasl_step(f->server, message, strlen(message), &f->to_client), &f->to_client);
	assert_int_equal(r, ENVOI_AGAIN);
	snprintf(text, sizeof(text), "%.*s", (int)envoi_buffer_len(&f->to_client),
		(const char *)envoi_buffer_data(&f->to_client));
	return strstr(text, ",s=");
}

static void users_who_do_not_exist_have_a_salt_and_a_count_of_their_own(void **state)
{
	struct fixture *f = *state;
	static const unsigned int counts[] = {4096, 10000};
	struct envoi_sasl_decoys decoys = {
		.key = "a key", .iterations = counts, .iteration_count = 2};
	struct envoi_sasl_parameters server = server_parameters(f);
	char once[256];
	bool has[2] = {false, false};
	server.binding_count = 0;
	server.decoys = &decoys;
	for (int i = 0; i < 32; i++) {
		char user[16];
		snprintf(user, sizeof(user), "user%d", i);
		strcpy(once, first_message(f, "SCRAM-SHA-256", &server, user));
		assert_string_equal(first_message(f, "SCRAM-SHA-256", &server, user), once);
		has[0] = has[0] || strstr(once, ",i=4096") != NULL;
		has[1] = has[1] || strstr(once, ",i=10000") != NULL;
		assert_true(strstr(once, ",i=4096") != NULL || strstr(once, ",i=10000") != NULL);
		assert_string_not_equal(first_message(f, "SCRAM-SHA-1", &server, user), once);
	}
	assert_true(has[0] && has[1]);
	decoys.key[0] = 'b';
	assert_string_not_equal(first_message(f, "SCRAM-SHA-256", &server, "user31"), once);
	decoys.salt_len = 20;
	assert_int_equal(strcspn(first_message(f, "SCRAM-SHA-256", &server, "user31") + 3, ","),
		28 /* base64 of 20 bytes */);
}

static void names_that_no_user_can_have_are_answered_like_unknown_ones(void **state)
{
	struct fixture *f = *state;
	static const char *const users[] = {"nobody", "\xc2\xad", "a\x07"};
	struct envoi_sasl_decoys decoys = {.key = "a key"};
	struct envoi_sasl_parameters server = server_parameters(f);
	server.binding_count = 0;
	for (int have_passwords = 0; have_passwords < 2; have_passwords++) {
		decoys.have_passwords = have_passwords;
		server.decoys = &decoys;
		for (size_t i = 0; i < sizeof(users) / sizeof(users[0]); i++) {
			char final[128];
			const char *all = first_message(f, "SCRAM-SHA-1", &server, users[i]);
			assert_non_null(all);
			assert_string_equal(f->looked_up, i == 0 ? "nobody" : "");
			snprintf(final, sizeof(final),
				"c=biws,r=%.*s,p=AAAAAAAAAAAAAAAAAAAAAAAAAAA=",
				(int)strcspn(
					(const char *)envoi_buffer_data(&f->to_client) + 2, ","),
				(const char *)envoi_buffer_data(&f->to_client) + 2);
			assert_int_equal(
				envoi_sasl_step(f->server, final, strlen(final), &f->to_client),
				ENVOI_ERR_AUTH);
		}
	}
}

/* RFC 4616: the password is right, or not allowed. */
static void plain_looks_up_what_no_user_can_have(void **state)
{
	struct fixture *f = *state;
	static const struct {
		const char *message;
		size_t len;
		const char *looked_up;
	} rows[] = {
		{"\0a\x07\0" MARKER, 19, ""},
		{"\0\0" MARKER, 17, ""},
		{"\0\xff\0" MARKER, 18, ""},
		{"\0alice\0\x07", 8, "alice"},
		{"bob\0alice\0" MARKER, 25, "alice"},
	};
	f->stored = MARKER;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct envoi_sasl_parameters server = server_parameters(f);
		reset(f);
		f->lookups = 0;
		assert_int_equal(start(f, &f->server, "PLAIN", &server), ENVOI_OK);
		int r = envoi_sasl_step(f->server, rows[i].message, rows[i].len, &f->to_client);
		assert_int_equal(r, ENVOI_SASL_NEEDS_ACCOUNT);
		r = finish_step(f->server, r, &f->to_client);
		assert_int_equal(r, ENVOI_ERR_AUTH);
		assert_int_equal(f->lookups, 1);
		assert_string_equal(f->looked_up, rows[i].looked_up);
	}
}

/* A directory that has an account of the empty name lets nobody in. */
static void an_account_without_a_name_is_never_used(void **state)
{
	struct fixture *f = *state;
	static const struct {
		const char *mechanism, *message;
		size_t len;
	} rows[] = {{"PLAIN", "\0a\x07\0" MARKER, 19}, {"PLAIN", "\0\0" MARKER, 17}};
	const struct envoi_sasl_account account = {.password = MARKER};
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct envoi_sasl_parameters server = server_parameters(f);
		reset(f);
		assert_int_equal(start(f, &f->server, rows[i].mechanism, &server), ENVOI_OK);
		int r = envoi_sasl_step(f->server, rows[i].message, rows[i].len, &f->to_client);
		assert_int_equal(r, ENVOI_SASL_NEEDS_ACCOUNT);
		assert_int_equal(envoi_sasl_give_account(f->server, &account), ENVOI_OK);
		assert_int_equal(
			envoi_sasl_step(f->server, NULL, 0, &f->to_client), ENVOI_ERR_AUTH);
	}
}

/* Otherwise a salt of its own would say that the user exists. */
static void who_wants_to_act_as_another_gets_the_salt_of_the_user(void **state)
{
	struct fixture *f = *state;
	static const char *const messages[] = {
		"n,,n=alice,r=abcdefgh", "n,a=bob,n=alice,r=abcdefgh"};
	static const char salt[] = ",s=c2FsdA==,i=4321";
	const struct envoi_sasl_verifier verifier = {
		.mechanism = "SCRAM-SHA-1",
		.salt = "salt",
		.salt_len = 4,
		.iterations = 4321,
		.stored_key = "01234567890123456789",
		.server_key = "01234567890123456789",
		.key_len = 20,
	};
	struct envoi_sasl_parameters server = server_parameters(f);
	server.binding_count = 0;
	f->stored = NULL;
	f->verifiers = &verifier;
	f->verifier_count = 1;
	for (size_t i = 0; i < 2; i++) {
		reset(f);
		assert_int_equal(start(f, &f->server, "SCRAM-SHA-1", &server), ENVOI_OK);
		int r = envoi_sasl_step(f->server, messages[i], strlen(messages[i]), &f->to_client);
		assert_int_equal(finish_step(f->server, r, &f->to_client), ENVOI_AGAIN);
		assert_true(envoi_buffer_len(&f->to_client) > strlen(salt));
		const char *data = envoi_buffer_data(&f->to_client);
		assert_memory_equal(
			data + envoi_buffer_len(&f->to_client) - strlen(salt), salt, strlen(salt));
	}
}

static void anonymous_sends_nothing_and_names_no_user(void **state)
{
	struct fixture *f = *state;
	struct envoi_sasl_parameters client = client_parameters("ANONYMOUS");
	struct envoi_sasl_parameters server = server_parameters(f);
	assert_int_equal(start(f, &f->client, "ANONYMOUS", &client), ENVOI_OK);
	assert_int_equal(start(f, &f->server, "ANONYMOUS", &server), ENVOI_OK);
	assert_int_equal(step(f->client, NULL, false, &f->to_server), ENVOI_OK);
	assert_int_equal(envoi_buffer_len(&f->to_server), 0);
	assert_int_equal(step(f->server, &f->to_server, true, &f->to_client), ENVOI_OK);
	assert_null(envoi_sasl_authcid(f->server));
}

static void no_password_is_in_memory_that_is_given_back(void **state)
{
	struct fixture *f = *state;
	for (size_t i = 0; i < WITH_PASSWORD; i++) {
		struct envoi_sasl_parameters client = client_parameters(with_password[i]);
		struct envoi_sasl_parameters server = server_parameters(f);
		run(f, with_password[i], &client, &server);
		assert_int_equal(f->server_result, ENVOI_OK);
		reset(f);
	}
	assert_int_equal(f->watched.marked_frees, 0);
}

/* One attempt; true when it went through to the end. */
static bool login_with_failing_memory(struct fixture *f, const char *mechanism)
{
	struct envoi_sasl_parameters client = client_parameters(mechanism);
	struct envoi_sasl_parameters server = server_parameters(f);
	int r = start(f, &f->client, mechanism, &client);
	if (r == ENVOI_OK) {
		r = start(f, &f->server, mechanism, &server);
	}
	if (r == ENVOI_OK) {
		converse(f);
		r = f->client_result < 0 ? f->client_result : f->server_result;
	}
	bool complete = r == ENVOI_OK && f->client_result == ENVOI_OK;
	assert_true(complete || r == ENVOI_ERR_NOMEM);
	return complete;
}

static void running_out_of_memory_anywhere_is_an_error_code(void **state)
{
	struct fixture *f = *state;
	for (size_t i = 0; i < WITH_PASSWORD; i++) {
		bool complete = false;
		for (long k = 0; !complete && k < 100; k++) {
			f->watched.fail_at = k;
			f->watched.count = 0;
			complete = login_with_failing_memory(f, with_password[i]);
			f->watched.fail_at = -1;
			reset(f);
		}
		assert_true(complete);
	}
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
#define CASE(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
		CASE(mechanisms_are_listed_strongest_first),
		CASE(what_is_not_needed_is_not_made),
		CASE(a_password_is_taken_only_where_the_mechanism_has_use_for_it),
		CASE(a_mechanism_of_ones_own_is_found_and_may_replace),
		CASE(every_mechanism_with_a_password_authenticates),
		CASE(a_wrong_password_or_user_is_refused_alike),
		CASE(no_user_acts_as_another),
		CASE(names_with_commas_and_equals_signs_survive),
		CASE(the_transcripts_are_those_of_the_rfcs),
		CASE(nonces_come_from_the_context),
		CASE(a_password_may_be_given_when_it_is_needed),
		CASE(keys_stand_for_the_password_while_the_salt_is_the_same),
		CASE(keys_that_are_not_for_this_are_not_used),
		CASE(the_flag_states_the_support_of_channel_binding),
		CASE(an_offer_that_was_changed_is_noticed),
		CASE(the_channel_binding_given_is_the_one_used),
		CASE(a_man_in_the_middle_does_not_pass_channel_binding),
		CASE(a_binding_that_does_not_exist_is_refused_before_anything_is_sent),
		CASE(only_iteration_counts_within_the_bounds_are_computed),
		CASE(the_salt_of_a_user_stays_and_is_the_servers_own),
		CASE(the_bounds_on_iterations_are_the_users),
		CASE(a_malformed_first_message_of_the_server_ends_the_login),
		CASE(only_the_servers_true_signature_completes_the_login),
		CASE(a_client_that_begins_takes_no_challenge_before),
		CASE(names_and_passwords_that_cannot_be_prepared_are_invalid),
		CASE(passwords_may_have_newer_characters),
		CASE(names_may_have_newer_letters),
		CASE(passwords_are_prepared),
		CASE(hostile_clients_are_refused),
		CASE(external_trusts_the_certificate_only),
		CASE(messages_of_external_that_are_none_are_refused),
		CASE(external_takes_one_message_and_one_account),
		CASE(a_trace_of_anonymous_has_a_limit),
		CASE(a_stored_password_that_cannot_be_prepared_matches_none),
		CASE(stored_keys_replace_the_password),
		CASE(a_login_with_stored_keys_derives_nothing),
		CASE(a_step_with_input_before_the_account_ends_the_exchange),
		CASE(impossible_stored_keys_match_no_password),
		CASE(users_who_do_not_exist_have_a_salt_and_a_count_of_their_own),
		CASE(names_that_no_user_can_have_are_answered_like_unknown_ones),
		CASE(plain_looks_up_what_no_user_can_have),
		CASE(an_account_without_a_name_is_never_used),
		CASE(who_wants_to_act_as_another_gets_the_salt_of_the_user),
		CASE(anonymous_sends_nothing_and_names_no_user),
		CASE(no_password_is_in_memory_that_is_given_back),
		CASE(running_out_of_memory_anywhere_is_an_error_code),
#undef CASE
	};
	cmocka_set_test_filter(argc > 1 ? argv[1] : NULL);
	return cmocka_run_group_tests_name("crypto/sasl", tests, NULL, NULL);
}
