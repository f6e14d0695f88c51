/*
 * envoi - SASL: names and passwords that are prepared (RFC 4013): tests
 * SPDX-License-Identifier: MIT
 */
#include "sasl_fixture.h"

#include <string.h>

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

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
#define CASE(name) cmocka_unit_test_setup_teardown(name, sasl_setup, sasl_teardown)
		CASE(names_with_commas_and_equals_signs_survive),
		CASE(names_and_passwords_that_cannot_be_prepared_are_invalid),
		CASE(passwords_may_have_newer_characters),
		CASE(names_may_have_newer_letters),
		CASE(passwords_are_prepared),
		CASE(a_stored_password_that_cannot_be_prepared_matches_none),
#undef CASE
	};
	cmocka_set_test_filter(argc > 1 ? argv[1] : NULL);
	return cmocka_run_group_tests_name("sasl/sasl_prepared", tests, NULL, NULL);
}
