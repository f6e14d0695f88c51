/*
 * envoi - SASL: users who do not exist: tests
 * SPDX-License-Identifier: MIT
 */
#include "sasl_fixture.h"

#include <stdio.h>
#include <string.h>

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

static int hear_first(struct fixture *f, size_t name, size_t nonce, size_t len)
{
	char message[4000] = "n,,n=";
	struct envoi_sasl_parameters server = server_parameters(f);
	server.binding_count = 0;
	reset(f);
	size_t at = strlen(message);
	memset(message + at, 'a', name);
	at += name;
	at += (size_t)snprintf(message + at, sizeof(message) - at, ",r=%0*d", (int)nonce, 0);
	if (at + 4 <= len) {
		at += (size_t)snprintf(
			message + at, sizeof(message) - at, ",x=%0*d", (int)(len - at - 3), 0);
	}
	assert_int_equal(start(f, &f->server, "SCRAM-SHA-256", &server), ENVOI_OK);
	return envoi_sasl_step(f->server, message, at, &f->to_client);
}

/* It is held until the login ends. Names have 1,023 bytes (RFC 7622, section 3.3). */
static void the_first_message_of_scram_has_a_limit(void **state)
{
	struct fixture *f = *state;
	assert_int_equal(hear_first(f, 1023, 256, 0), ENVOI_SASL_NEEDS_ACCOUNT);
	assert_int_equal(hear_first(f, 5, 257, 0), ENVOI_ERR_LIMIT);
	assert_int_equal(hear_first(f, 1023, 24, 2560), ENVOI_SASL_NEEDS_ACCOUNT);
	assert_int_equal(hear_first(f, 1023, 24, 2561), ENVOI_ERR_LIMIT);
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

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
#define CASE(name) cmocka_unit_test_setup_teardown(name, sasl_setup, sasl_teardown)
		CASE(users_who_do_not_exist_have_a_salt_and_a_count_of_their_own),
		CASE(names_that_no_user_can_have_are_answered_like_unknown_ones),
		CASE(the_first_message_of_scram_has_a_limit),
		CASE(plain_looks_up_what_no_user_can_have),
		CASE(an_account_without_a_name_is_never_used),
		CASE(who_wants_to_act_as_another_gets_the_salt_of_the_user),
#undef CASE
	};
	cmocka_set_test_filter(argc > 1 ? argv[1] : NULL);
	return cmocka_run_group_tests_name("sasl/sasl_users", tests, NULL, NULL);
}
