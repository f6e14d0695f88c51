/*
 * envoi - setters of a client: tests
 * SPDX-License-Identifier: MIT
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include <envoi/client.h>
#include <envoi/handler.h>
#include <envoi/interfaces/features.h>
#include <envoi/interfaces/sasl.h>

static struct envoi_client *client;

static int setup(void **state)
{
	(void)state;
	return envoi_client_new(&client, NULL, "alice@example.org");
}

static int teardown(void **state)
{
	(void)state;
	envoi_client_free(client);
	return 0;
}

static void assert_connect_refuses(int code, const char *words)
{
	assert_int_equal(envoi_client_connect(client), code);
	const struct envoi_failure *failure = envoi_client_failure(client);
	assert_non_null(failure);
	assert_int_equal(failure->code, code);
	assert_int_equal(failure->phase, ENVOI_PHASE_NONE);
	assert_non_null(strstr(failure->text, words));
	assert_non_null(strstr(envoi_client_failure_text(client), words));
}

static void a_refusal_is_the_clients_failure_at_once(void **state)
{
	(void)state;
	assert_null(envoi_client_failure(client));
	assert_int_equal(envoi_client_set(client, "port", "no number"), ENVOI_ERR_INVALID);
	const struct envoi_failure *failure = envoi_client_failure(client);
	assert_non_null(failure);
	assert_int_equal(failure->code, ENVOI_ERR_INVALID);
	assert_int_equal(failure->retry, ENVOI_RETRY_AFTER_USER);
	assert_string_equal(envoi_client_failure_text(client),
		"alice@example.org: invalid argument: port: not a whole number");
	assert_connect_refuses(ENVOI_ERR_INVALID, "port");
}

static void the_failure_of_a_corrected_setter_is_forgotten(void **state)
{
	(void)state;
	envoi_client_set(client, "port", "no number");
	envoi_client_set(client, "no.such", "setting");
	envoi_client_set_password(client, NULL);
	assert_connect_refuses(ENVOI_ERR_INVALID, "port");
	assert_int_equal(envoi_client_set(client, "port", "5222"), ENVOI_OK);
	assert_connect_refuses(ENVOI_ERR_NOT_FOUND, "no.such");
	assert_int_equal(envoi_client_set_password(client, "secret"), ENVOI_OK);
	assert_connect_refuses(ENVOI_ERR_NOT_FOUND, "no such setting");
	envoi_client_set(client, "port", "again none");
	assert_connect_refuses(ENVOI_ERR_NOT_FOUND, "no.such");
}

static void a_client_without_problems_connects(void **state)
{
	(void)state;
	envoi_client_set(client, "port", "no number");
	envoi_client_set_password(client, NULL);
	envoi_client_set(client, "port", "1");
	envoi_client_set(client, "server", "127.0.0.1");
	envoi_client_set_password(client, "secret");
	assert_int_equal(envoi_client_connect(client), ENVOI_OK);
	envoi_client_disconnect(client);
}

static void an_assignment_is_a_name_and_a_value(void **state)
{
	(void)state;
	assert_int_equal(envoi_client_set_assignment(client, "server=a.example"), ENVOI_OK);
	assert_string_equal(
		envoi_settings_text(envoi_client_settings(client), "server"), "a.example");
	assert_int_equal(envoi_client_set_assignment(client, "tls.ca-file=/a=b.pem"), ENVOI_OK);
	assert_string_equal(
		envoi_settings_text(envoi_client_settings(client), "tls.ca-file"), "/a=b.pem");
	static const char *const refused[] = {"", "=", "=x", "server", "server=",
		"a-name-that-is-longer-than-any-setting-has-and-goes-on-for-ever-and-ever=1"};
	for (size_t i = 0; i < sizeof(refused) / sizeof(refused[0]); i++) {
		assert_int_equal(
			envoi_client_set_assignment(client, refused[i]), ENVOI_ERR_INVALID);
	}
	assert_int_equal(envoi_client_set_assignment(client, "no.such=1"), ENVOI_ERR_NOT_FOUND);
}

/* The first failure is returned, and what follows is set. */
static void several_assignments_are_set(void **state)
{
	(void)state;
	char server[] = "server=a.example", other[] = "server=b.example", port[] = "port=2";
	char unknown[] = "no.such=1", malformed[] = "port=x";
	char *none[] = {NULL}, *good[] = {server, NULL};
	char *bad[] = {other, unknown, malformed, port, NULL};
	assert_int_equal(envoi_client_set_assignments(client, none), ENVOI_OK);
	assert_int_equal(envoi_client_set_assignments(client, good), ENVOI_OK);
	assert_string_equal(
		envoi_settings_text(envoi_client_settings(client), "server"), "a.example");
	assert_int_equal(envoi_client_set_assignments(client, bad), ENVOI_ERR_NOT_FOUND);
	assert_string_equal(
		envoi_settings_text(envoi_client_settings(client), "server"), "b.example");
	assert_int_equal(envoi_settings_int(envoi_client_settings(client), "port"), 2);
}

static void the_context_is_that_of_the_session(void **state)
{
	(void)state;
	assert_ptr_equal(
		envoi_client_context(client), envoi_session_context(envoi_client_session(client)));
}

static void an_invalid_address_cannot_be_corrected(void **state)
{
	(void)state;
	envoi_client_free(client);
	assert_int_equal(envoi_client_new(&client, NULL, "@"), ENVOI_OK);
	assert_non_null(envoi_client_failure(client));
	assert_connect_refuses(ENVOI_ERR_INVALID, "address");
	assert_int_equal(envoi_client_set(client, "port", "5222"), ENVOI_OK);
	assert_connect_refuses(ENVOI_ERR_INVALID, "address");
}

static const struct envoi_handler_impl handler_impl = {.name = "test"};

static unsigned int sources_destroyed;

static unsigned int source_means(struct envoi_sasl_credentials *source)
{
	(void)source;
	return ENVOI_SASL_PASSWORD;
}

static void source_request(
	struct envoi_sasl_credentials *source, struct envoi_sasl_request *request)
{
	(void)source, (void)request;
}

static void source_destroy(struct envoi_sasl_credentials *source)
{
	(void)source;
	sources_destroyed++;
}

/* A source that cannot be told that its request has ended would answer it. */
static void a_source_of_identities_has_all_required_functions(void **state)
{
	(void)state;
	static const struct envoi_sasl_credentials_impl complete = {.means = source_means,
		.request = source_request,
		.cancel = source_request,
		.destroy = source_destroy};
	struct envoi_sasl_credentials_impl impls[4] = {complete, complete, complete, complete};
	impls[0].means = NULL;
	impls[1].request = NULL;
	impls[2].cancel = NULL;
	impls[3].destroy = NULL;
	struct envoi_context *context = envoi_session_context(envoi_client_session(client));
	struct envoi_settings *settings = envoi_client_settings(client);
	sources_destroyed = 0;
	for (size_t i = 0; i < 4; i++) {
		struct envoi_sasl_credentials source = {&impls[i]};
		struct envoi_handler *feature;
		assert_int_equal(envoi_client_set_credentials(client, &source), ENVOI_ERR_INVALID);
		assert_int_equal(envoi_sasl_feature_new(&feature, context, settings, &source),
			ENVOI_ERR_INVALID);
	}
	assert_int_equal(sources_destroyed, 6); /* the last cannot be */
	struct envoi_sasl_credentials source = {&complete};
	assert_int_equal(envoi_client_set_credentials(client, &source), ENVOI_OK);
	assert_int_equal(envoi_client_set_credentials(client, NULL), ENVOI_OK);
	assert_int_equal(sources_destroyed, 7);
}

static void a_handler_that_is_there_is_refused(void **state)
{
	(void)state;
	struct envoi_handler handler = ENVOI_HANDLER(&handler_impl);
	assert_int_equal(envoi_client_add(client, &handler), ENVOI_OK);
	assert_int_equal(envoi_client_add(client, &handler), ENVOI_ERR_EXISTS);
	assert_connect_refuses(ENVOI_ERR_EXISTS, "test");
	envoi_session_remove(envoi_client_session(client), &handler);
	assert_int_equal(envoi_client_add(client, &handler), ENVOI_OK);
	assert_int_equal(envoi_client_connect(client), ENVOI_OK);
	envoi_session_remove(envoi_client_session(client), &handler);
}

static void a_client_does_not_connect_without_what_a_handler_needs(void **state)
{
	(void)state;
	static const char *const needs[] = {"test", NULL};
	static const struct envoi_handler_impl needy_impl = {.name = "needy", .needs = needs};
	static struct envoi_handler needy = {&needy_impl}, needed = {&handler_impl};
	assert_int_equal(envoi_client_add(client, &needy), ENVOI_OK);
	assert_connect_refuses(ENVOI_ERR_NOT_FOUND,
		"handler \"needy\": needs a handler that is not attached: test");
	assert_int_equal(envoi_client_add(client, &needed), ENVOI_OK);
	assert_int_equal(envoi_client_connect(client), ENVOI_OK);
}

static const struct envoi_handler_impl nameless_impl = {.name = NULL};

static void a_handler_needs_no_name_to_be_refused(void **state)
{
	(void)state;
	struct envoi_handler first = {&nameless_impl}, second = {&nameless_impl};
	assert_int_equal(envoi_client_add(client, &first), ENVOI_OK);
	assert_int_equal(envoi_client_add(client, &first), ENVOI_ERR_EXISTS);
	assert_connect_refuses(ENVOI_ERR_EXISTS, "handler \"\": is attached already");
	assert_int_equal(envoi_client_add(client, &second), ENVOI_OK);
	assert_connect_refuses(ENVOI_ERR_EXISTS, "handler \"\": is attached already");
	envoi_client_remove(client, &first);
	assert_int_equal(envoi_client_add(client, &first), ENVOI_OK);
	envoi_client_free(client);
	client = NULL;
}

/* As what comes from an environment variable that is not set. */
static void a_text_that_is_null_is_an_error_and_no_crash(void **state)
{
	(void)state;
	assert_int_equal(envoi_client_set(client, NULL, "x"), ENVOI_ERR_INVALID);
	assert_int_equal(envoi_client_set_assignment(client, NULL), ENVOI_ERR_INVALID);
	assert_connect_refuses(ENVOI_ERR_INVALID, "without a name");
	envoi_client_free(client);

	assert_int_equal(envoi_client_new(&client, NULL, NULL), ENVOI_OK);
	assert_connect_refuses(ENVOI_ERR_INVALID, "not the address of an account");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(
			a_handler_needs_no_name_to_be_refused, setup, teardown),
		cmocka_unit_test_setup_teardown(
			a_text_that_is_null_is_an_error_and_no_crash, setup, teardown),
		cmocka_unit_test_setup_teardown(
			a_refusal_is_the_clients_failure_at_once, setup, teardown),
		cmocka_unit_test_setup_teardown(
			the_failure_of_a_corrected_setter_is_forgotten, setup, teardown),
		cmocka_unit_test_setup_teardown(
			a_client_without_problems_connects, setup, teardown),
		cmocka_unit_test_setup_teardown(
			an_assignment_is_a_name_and_a_value, setup, teardown),
		cmocka_unit_test_setup_teardown(several_assignments_are_set, setup, teardown),
		cmocka_unit_test_setup_teardown(
			the_context_is_that_of_the_session, setup, teardown),
		cmocka_unit_test_setup_teardown(
			an_invalid_address_cannot_be_corrected, setup, teardown),
		cmocka_unit_test_setup_teardown(
			a_source_of_identities_has_all_required_functions, setup, teardown),
		cmocka_unit_test_setup_teardown(
			a_handler_that_is_there_is_refused, setup, teardown),
		cmocka_unit_test_setup_teardown(
			a_client_does_not_connect_without_what_a_handler_needs, setup, teardown),
	};
	return cmocka_run_group_tests_name("client/setters", tests, NULL, NULL);
}
