/*
 * envoi - SASL: verifiers are derived from passwords: tests
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
#include <envoi/mainloop.h>
#include <envoi/sasl_verifier.h>
#include <envoi/values.h>
#include <envoi/watch.h>

#include "sasl/scram.h"
#include "test_allocator.h"

/** A context, and what a derivation has reported to it. */
struct fixture {
	struct test_allocator allocator;
	struct envoi_context *context; /* NULL: dropped */
	struct envoi_loop *loop;
	struct envoi_sasl_derivation *derivation, *other;
	unsigned int calls;
	int code;
	char text[ENVOI_SASL_VERIFIER_TEXT]; /* of the verifier */
	unsigned int turns;
	struct envoi_deferred turn;
};

static bool has_no_random;

static int random_bytes(void *user, void *bytes, size_t len)
{
	static unsigned char next;
	(void)user;
	memset(bytes, ++next, len);
	return has_no_random ? ENVOI_ERR_SYSTEM : ENVOI_OK;
}

static int setup(void **state)
{
	static struct fixture fixture;
	fixture = (struct fixture){.code = ENVOI_AGAIN};
	const struct envoi_context_options options = {
		.allocator = test_allocator_functions(&fixture.allocator),
		.random = random_bytes,
	};
	has_no_random = false;
	assert_int_equal(envoi_context_new(&fixture.context, &options), ENVOI_OK);
	assert_int_equal(envoi_loop_new_simulated(&fixture.loop, fixture.context), ENVOI_OK);
	assert_int_equal(envoi_context_take_loop(fixture.context, fixture.loop), ENVOI_OK);
	*state = &fixture;
	return 0;
}

static int teardown(void **state)
{
	struct fixture *f = *state;
	envoi_context_unref(f->context);
	assert_int_equal(f->allocator.live, 0);
	return 0;
}

static void note(void *user, int code, const struct envoi_sasl_verifier *verifier)
{
	struct fixture *f = user;
	f->calls++;
	f->code = code;
	if (verifier != NULL) {
		assert_int_equal(envoi_sasl_verifier_print(f->text, verifier), ENVOI_OK);
	}
}

static struct envoi_sasl_derivation_options options_for(struct fixture *f, const char *mechanism)
{
	return (struct envoi_sasl_derivation_options){
		.mechanism = mechanism,
		.password = "pencil",
		.salt = "salt",
		.salt_len = 4,
		.iterations = 16,
		.done = note,
		.user = f,
	};
}

static void begin(struct fixture *f, const struct envoi_sasl_derivation_options *options)
{
	assert_int_equal(envoi_sasl_derive(&f->derivation, f->context, options), ENVOI_OK);
}

static void run(struct fixture *f)
{
	assert_int_equal(envoi_loop_simulated_run_for(f->loop, 1000), ENVOI_OK);
}

/* --- what is derived --- */

#define SALT_1 "QSXCR+Q6sek8bf92"
#define SALT_2 "W22ZaJ0SNY7soEsUEjb6gQ=="
#define NONCE_1 "fyko+d2lbbFgONRv9qkxdawL3rfcNHYJY1ZVvWVs7j"
#define NONCE_2 "rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0"

/* The exchanges of RFC 5802, section 5, and RFC 7677, section 3; the password is "pencil". */
static const struct {
	const char *mechanism;
	enum envoi__scram_hash hash;
	const char *salt64, *auth_message, *proof64, *signature64;
} exchanges[] = {
	{
		"SCRAM-SHA-1",
		ENVOI__SCRAM_SHA_1,
		SALT_1,
		"n=user,r=fyko+d2lbbFgONRv9qkxdawL,r=" NONCE_1 ",s=" SALT_1 ",i=4096,c=biws,"
		"r=" NONCE_1,
		"v0X8v3Bz2T0CJGbJQyF0X+HI4Ts=",
		"rmF9pqV8S7suAoZWja4dJRkFsKQ=",
	},
	{
		"SCRAM-SHA-256",
		ENVOI__SCRAM_SHA_256,
		SALT_2,
		"n=user,r=rOprNGfwEbeRWgbNEkqO,r=" NONCE_2 ",s=" SALT_2 ",i=4096,c=biws,"
		"r=" NONCE_2,
		"dHzbZapWIk4jUhN+Ute9ytag9zjfMHgsqmmiz7AndVQ=",
		"6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4=",
	},
};

/* Of `check`: the exchange that the verifier belongs to. */
static size_t current;

static void check(void *user, int code, const struct envoi_sasl_verifier *verifier)
{
	const char *message = exchanges[current].auth_message;
	enum envoi__scram_hash hash = exchanges[current].hash;
	struct envoi__scram_keys keys;
	unsigned char bytes[100];
	char signature[100];
	size_t len;
	note(user, code, verifier);
	assert_string_equal(verifier->mechanism, exchanges[current].mechanism);
	assert_int_equal(verifier->iterations, 4096);
	assert_int_equal(verifier->key_len, envoi__scram_hash_size(hash));
	memcpy(keys.stored_key, verifier->stored_key, verifier->key_len);
	memcpy(keys.server_key, verifier->server_key, verifier->key_len);
	const char *proof = exchanges[current].proof64;
	assert_int_equal(envoi_base64_decode(bytes, &len, proof, strlen(proof)), ENVOI_OK);
	assert_int_equal(envoi__scram_check_proof(hash, &keys, message, strlen(message), bytes), 0);
	assert_int_equal(
		envoi__scram_hmac(hash, keys.server_key, message, strlen(message), bytes), 0);
	envoi_base64_encode(signature, bytes, verifier->key_len);
	assert_string_equal(signature, exchanges[current].signature64);
}

static void the_keys_verify_the_exchanges_of_the_rfcs(void **state)
{
	struct fixture *f = *state;
	for (current = 0; current < sizeof(exchanges) / sizeof(exchanges[0]); current++) {
		unsigned char salt[32];
		const char *salt64 = exchanges[current].salt64;
		struct envoi_sasl_derivation_options options = options_for(
			f, exchanges[current].mechanism);
		assert_int_equal(
			envoi_base64_decode(salt, &options.salt_len, salt64, strlen(salt64)),
			ENVOI_OK);
		options.salt = salt;
		options.iterations = 4096;
		options.done = check;
		begin(f, &options);
		assert_int_equal(f->calls, current);
		run(f);
		assert_int_equal(f->calls, current + 1);
		assert_int_equal(f->code, ENVOI_OK);
	}
}

/* Computed with Python's hashlib.pbkdf2_hmac and hmac. */
static void sha_512_is_derived_like_the_others(void **state)
{
	struct fixture *f = *state;
	unsigned char salt[32];
	struct envoi_sasl_derivation_options options = options_for(f, "SCRAM-SHA-512");
	assert_int_equal(
		envoi_base64_decode(salt, &options.salt_len, SALT_2, strlen(SALT_2)), ENVOI_OK);
	options.salt = salt;
	options.iterations = 4096;
	begin(f, &options);
	run(f);
	assert_string_equal(f->text,
		"SCRAM-SHA-512$4096:" SALT_2
		"$6AAub3065EYRmyFpM2RNwqK+eGnrkYuEWbXn19LsEmBqzu8QaCXNc1FwpnX9NhH2hK/60dzj9DoO5DvV"
		"kOHbvg==:jZHbYjC1aHh0/hKbxyBuGFjDrgjgKTT1esA7awWiKcRZ0o/0b1yWEebBeSVkkCFewf91nLDf"
		"KF24mvD5nmE6rA==");
}

static void derive_text(struct fixture *f, const char *password, char *ret_text)
{
	struct envoi_sasl_derivation_options options = options_for(f, "SCRAM-SHA-1");
	options.password = password;
	begin(f, &options);
	run(f);
	memcpy(ret_text, f->text, sizeof(f->text));
}

/* RFC 4013, section 3: both are "IX". Newer characters by RFC 8265, section 4.2. */
static void the_password_is_prepared(void **state)
{
	struct fixture *f = *state;
	char plain[ENVOI_SASL_VERIFIER_TEXT], other[ENVOI_SASL_VERIFIER_TEXT];
	derive_text(f, "IX", plain);
	derive_text(f, "I\xc2\xadX", other);
	assert_string_equal(plain, other);
	derive_text(f, "\xe2\x85\xa8", other);
	assert_string_equal(plain, other);
	derive_text(f, "ix", other);
	assert_string_not_equal(plain, other);
	derive_text(f, "\xf0\x9f\xa6\x84", other);
	assert_string_not_equal(plain, other);
}

static void salt_and_count_have_defaults(void **state)
{
	struct fixture *f = *state;
	struct envoi_sasl_derivation_options options = options_for(f, "SCRAM-SHA-256");
	char first[ENVOI_SASL_VERIFIER_TEXT];
	options.salt = NULL;
	options.iterations = 0;
	begin(f, &options);
	run(f);
	memcpy(first, f->text, sizeof(first));
	unsigned char room[ENVOI_SASL_VERIFIER_BYTES];
	struct envoi_sasl_verifier verifier;
	assert_int_equal(
		envoi_sasl_verifier_parse(&verifier, room, first, strlen(first)), ENVOI_OK);
	assert_int_equal(verifier.iterations, 15000);
	assert_int_equal(verifier.salt_len, 16);
	begin(f, &options);
	run(f);
	assert_string_not_equal(first, f->text);
}

/* --- the loop turns --- */

static void on_turn(struct envoi_deferred *deferred)
{
	struct fixture *f = ENVOI_CONTAINER_OF(deferred, struct fixture, turn);
	if (f->calls == 0) {
		f->turns++;
		envoi_deferred_post(&f->turn, f->loop, on_turn);
	}
}

static void no_turn_has_more_than_a_slice(void **state)
{
	struct fixture *f = *state;
	static const struct {
		unsigned int iterations, turns;
	} rows[] = {{1, 1}, {ENVOI__SCRAM_SLICE + 1, 1}, {ENVOI__SCRAM_SLICE + 2, 2}, {10000, 3},
		{100000, 25}};
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct envoi_sasl_derivation_options options = options_for(f, "SCRAM-SHA-1");
		options.iterations = rows[i].iterations;
		f->calls = f->turns = 0;
		envoi_deferred_post(&f->turn, f->loop, on_turn);
		begin(f, &options);
		run(f);
		assert_int_equal(f->calls, 1);
		assert_int_equal(f->turns, rows[i].turns);
	}
}

/* --- what is refused --- */

static void bad_options_are_refused(void **state)
{
	struct fixture *f = *state;
	struct {
		const char *mechanism, *password, *salt;
		size_t salt_len;
		int code;
	} rows[] = {
		{"SCRAM-SHA-256-PLUS", "x", "s", 1, ENVOI_ERR_UNSUPPORTED},
		{"SCRAM-SHA-224", "x", "s", 1, ENVOI_ERR_UNSUPPORTED},
		{"PLAIN", "x", "s", 1, ENVOI_ERR_UNSUPPORTED},
		{"", "x", "s", 1, ENVOI_ERR_UNSUPPORTED},
		{NULL, "x", "s", 1, ENVOI_ERR_INVALID},
		{"SCRAM-SHA-1", NULL, "s", 1, ENVOI_ERR_INVALID},
		{"SCRAM-SHA-1", "", "s", 1, ENVOI_ERR_INVALID},
		{"SCRAM-SHA-1", "\xc2\xad", "s", 1, ENVOI_ERR_INVALID}, /* prepared, it is empty */
		{"SCRAM-SHA-1", "a\x07", "s", 1, ENVOI_ERR_INVALID},
		{"SCRAM-SHA-1", "a\xff", "s", 1, ENVOI_ERR_INVALID},
		{"SCRAM-SHA-1", "x", "", 0, ENVOI_ERR_INVALID},
		{"SCRAM-SHA-1", "x", (const char[65]){"s"}, 65, ENVOI_ERR_INVALID},
	};
	size_t live = f->allocator.live;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct envoi_sasl_derivation_options options = options_for(f, rows[i].mechanism);
		options.password = rows[i].password;
		options.salt = rows[i].salt;
		options.salt_len = rows[i].salt_len;
		assert_int_equal(envoi_sasl_derive(NULL, f->context, &options), rows[i].code);
		assert_int_equal(f->allocator.live, live);
	}
	struct envoi_sasl_derivation_options options = options_for(f, "SCRAM-SHA-1");
	options.done = NULL;
	assert_int_equal(envoi_sasl_derive(NULL, f->context, &options), ENVOI_ERR_INVALID);
	run(f);
	assert_int_equal(f->calls, 0);
}

static void without_random_bytes_there_is_no_salt(void **state)
{
	struct fixture *f = *state;
	struct envoi_sasl_derivation_options options = options_for(f, "SCRAM-SHA-1");
	size_t live = f->allocator.live;
	options.salt = NULL;
	has_no_random = true;
	assert_int_equal(envoi_sasl_derive(NULL, f->context, &options), ENVOI_ERR_SYSTEM);
	assert_int_equal(f->allocator.live, live);
	run(f);
	assert_int_equal(f->calls, 0);
}

static int derive_in(struct envoi_context *context)
{
	struct fixture f = {.context = context};
	const struct envoi_sasl_derivation_options options = options_for(&f, "SCRAM-SHA-256");
	int r = envoi_loop_new_simulated(&f.loop, context);
	r = r < 0 ? r : envoi_context_take_loop(context, f.loop);
	r = r < 0 ? r : envoi_sasl_derive(NULL, context, &options);
	if (r == ENVOI_OK) {
		run(&f);
	}
	assert_int_equal(f.calls, r == ENVOI_OK);
	return r < 0 ? r : f.code;
}

static int derive_in_no_loop(struct envoi_context *context)
{
	struct fixture f = {.context = context};
	const struct envoi_sasl_derivation_options options = options_for(&f, "SCRAM-SHA-256");
	int r = envoi_sasl_derive(&f.derivation, context, &options);
	if (r == ENVOI_OK) {
		envoi_sasl_derivation_free(f.derivation);
	}
	return r;
}

static void failing_allocations_leave_nothing(void **state)
{
	(void)state;
	assert_true(test_allocator_try(derive_in) > 3);
	assert_true(test_allocator_try(derive_in_no_loop) > 3);
}

/* --- cancelling --- */

static void free_other(void *user, int code, const struct envoi_sasl_verifier *verifier)
{
	struct fixture *f = user;
	note(user, code, verifier);
	envoi_sasl_derivation_free(f->other);
}

static void a_cancelled_one_is_silent(void **state)
{
	struct fixture *f = *state;
	struct envoi_sasl_derivation_options options = options_for(f, "SCRAM-SHA-1");
	size_t live = f->allocator.live;
	options.iterations = 10000000;
	begin(f, &options);
	envoi_sasl_derivation_free(f->derivation);
	assert_int_equal(f->allocator.live, live);

	begin(f, &options);
	f->other = f->derivation;
	options.iterations = 3 * ENVOI__SCRAM_SLICE;
	options.done = free_other;
	begin(f, &options); /* ends when the other is computed in part */
	run(f);
	assert_int_equal(f->calls, 1);
	assert_int_equal(f->allocator.live, live);
	envoi_sasl_derivation_free(NULL);
}

/* --- freed inside --- */

static void free_all(void *user, int code, const struct envoi_sasl_verifier *verifier)
{
	struct fixture *f = user;
	envoi_sasl_derivation_free(f->derivation);
	envoi_sasl_derivation_free(f->other);
	envoi_context_unref(f->context);
	f->context = NULL;
	note(user, code, verifier); /* the verifier is still there */
}

static void everything_may_be_freed_inside_its_callback(void **state)
{
	struct fixture *f = *state;
	struct envoi_sasl_derivation_options options = options_for(f, "SCRAM-SHA-256");
	options.iterations = 1000000;
	begin(f, &options);
	f->other = f->derivation;
	options.iterations = 16;
	options.done = free_all;
	begin(f, &options);
	assert_int_equal(envoi_loop_simulated_run_for(f->loop, 1000), ENVOI_OK);
	assert_int_equal(f->calls, 1);
	assert_int_equal(f->code, ENVOI_OK);
	assert_int_equal(f->allocator.live, 0);
}

static void begin_again(void *user, int code, const struct envoi_sasl_verifier *verifier)
{
	struct fixture *f = user;
	const struct envoi_sasl_derivation_options options = options_for(f, "SCRAM-SHA-512");
	note(user, code, verifier);
	begin(f, &options);
	assert_int_equal(f->calls, 1);
}

static void another_may_begin_inside_its_callback(void **state)
{
	struct fixture *f = *state;
	struct envoi_sasl_derivation_options options = options_for(f, "SCRAM-SHA-1");
	options.done = begin_again;
	begin(f, &options);
	run(f);
	assert_int_equal(f->calls, 2);
	assert_memory_equal(f->text, "SCRAM-SHA-512$16:", strlen("SCRAM-SHA-512$16:"));
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		TEST(the_keys_verify_the_exchanges_of_the_rfcs),
		TEST(sha_512_is_derived_like_the_others),
		TEST(the_password_is_prepared),
		TEST(salt_and_count_have_defaults),
		TEST(no_turn_has_more_than_a_slice),
		TEST(bad_options_are_refused),
		TEST(without_random_bytes_there_is_no_salt),
		cmocka_unit_test(failing_allocations_leave_nothing),
		TEST(a_cancelled_one_is_silent),
		TEST(everything_may_be_freed_inside_its_callback),
		TEST(another_may_begin_inside_its_callback),
	};
	cmocka_set_test_filter(argc > 1 ? argv[1] : NULL);
	return cmocka_run_group_tests_name("sasl/derive", tests, NULL, NULL);
}
