/*
 * envoi - SASL mechanisms: tests
 * SPDX-License-Identifier: MIT
 */
#include "sasl_fixture.h"

#include <string.h>

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
#define CASE(name) cmocka_unit_test_setup_teardown(name, sasl_setup, sasl_teardown)
		CASE(mechanisms_are_listed_strongest_first),
		CASE(what_is_not_needed_is_not_made),
		CASE(a_password_is_taken_only_where_the_mechanism_has_use_for_it),
		CASE(a_mechanism_of_ones_own_is_found_and_may_replace),
		CASE(every_mechanism_with_a_password_authenticates),
		CASE(a_wrong_password_or_user_is_refused_alike),
		CASE(no_user_acts_as_another),
		CASE(no_password_is_in_memory_that_is_given_back),
		CASE(running_out_of_memory_anywhere_is_an_error_code),
#undef CASE
	};
	cmocka_set_test_filter(argc > 1 ? argv[1] : NULL);
	return cmocka_run_group_tests_name("sasl/sasl", tests, NULL, NULL);
}
