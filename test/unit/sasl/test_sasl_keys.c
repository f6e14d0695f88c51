/*
 * envoi - SASL with stored keys: tests
 * SPDX-License-Identifier: MIT
 */
#include "sasl_fixture.h"

#include <string.h>

#include "sasl/sasl_scram.h"

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

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
#define CASE(name) cmocka_unit_test_setup_teardown(name, sasl_setup, sasl_teardown)
		CASE(keys_that_are_not_for_this_are_not_used),
		CASE(stored_keys_replace_the_password),
		CASE(a_login_with_stored_keys_derives_nothing),
		CASE(a_step_with_input_before_the_account_ends_the_exchange),
		CASE(impossible_stored_keys_match_no_password),
#undef CASE
	};
	cmocka_set_test_filter(argc > 1 ? argv[1] : NULL);
	return cmocka_run_group_tests_name("sasl/sasl_keys", tests, NULL, NULL);
}
