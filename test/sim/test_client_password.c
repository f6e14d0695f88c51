/*
 * envoi - a client that asks the application for the password: tests
 * SPDX-License-Identifier: MIT
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "client_fixture.h"

enum {
	SECOND_MS = 1000,
	MINUTE_MS = 60 * SECOND_MS,
};

static struct client_fixture fixture;
static struct {
	int asked, refused;
	const char *at_once; /* the answer; NULL: later */
	bool frees, disconnects;
} application;

static void on_asked(void *user, bool was_refused)
{
	assert_ptr_equal(user, &application);
	application.asked++;
	application.refused += was_refused ? 1 : 0;
	if (application.at_once != NULL) {
		envoi_client_set_password(fixture.client, application.at_once);
	}
	if (application.disconnects) {
		envoi_client_disconnect(fixture.client);
	}
	if (application.frees) {
		envoi_client_free(fixture.client);
		fixture.client = NULL;
	}
}

static int setup(void **state)
{
	(void)state;
	memset(&application, 0, sizeof(application));
	client_fixture_init(&fixture, NULL);
	client_fixture_add_connector(&fixture);
	/* the server of the tests waits as long as the application likes */
	assert_int_equal(
		envoi_settings_set(test_server_settings(fixture.server), "sasl.timeout", "3600s"),
		ENVOI_OK);
	envoi_client_set(fixture.client, "sasl.keep-keys", "false");
	envoi_client_ask_password(fixture.client, on_asked, &application);
	assert_int_equal(envoi_client_set_password(fixture.client, NULL), ENVOI_OK);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	client_fixture_finish(&fixture);
	return 0;
}

static bool is_online(void)
{
	return envoi_session_is_online(envoi_client_session(fixture.client));
}

static void leave(void)
{
	envoi_client_disconnect(fixture.client);
	client_fixture_run(&fixture, MINUTE_MS);
	assert_non_null(strstr(fixture.events, "disconnected"));
}

static void an_answer_at_once_logs_in_and_is_kept(void **state)
{
	(void)state;
	application.at_once = "wonderland";
	client_fixture_connect(&fixture, SECOND_MS);
	assert_true(is_online());
	leave();
	client_fixture_connect(&fixture, SECOND_MS);
	assert_true(is_online());
	assert_int_equal(application.asked, 1);
}

/* Longer than login.timeout (60 s) and sasl.timeout (20 s) together. */
static void the_login_waits_for_a_late_answer(void **state)
{
	(void)state;
	client_fixture_connect(&fixture, 5 * MINUTE_MS);
	assert_int_equal(application.asked, 1);
	assert_null(strstr(fixture.events, "disconnected"));
	envoi_client_set_password(fixture.client, "wonderland");
	client_fixture_run(&fixture, SECOND_MS);
	assert_true(is_online());
}

static void without_an_answer_the_login_ends_after_a_time_of_its_own(void **state)
{
	(void)state;
	envoi_client_set(fixture.client, "sasl.password-timeout", "100s");
	client_fixture_connect(&fixture, 100 * SECOND_MS - 1);
	assert_null(strstr(fixture.events, "disconnected"));
	client_fixture_run(&fixture, MINUTE_MS);
	assert_non_null(strstr(fixture.events, "disconnected"));
	assert_int_equal(fixture.failure.code, ENVOI_ERR_TIMEOUT);
	assert_int_equal(fixture.failure.phase, ENVOI_PHASE_SASL);
	envoi_client_set_password(fixture.client, "wonderland"); /* too late, for the next one */
	client_fixture_connect(&fixture, SECOND_MS);
	assert_true(is_online());
	assert_int_equal(application.asked, 1);
}

static void an_application_without_password_ends_the_login(void **state)
{
	(void)state;
	client_fixture_connect(&fixture, SECOND_MS);
	assert_int_equal(envoi_client_set_password(fixture.client, NULL), ENVOI_OK);
	client_fixture_run(&fixture, MINUTE_MS);
	assert_non_null(strstr(fixture.events, "disconnected"));
	assert_int_equal(fixture.failure.code, ENVOI_ERR_CANCELED);
	assert_int_equal(fixture.failure.phase, ENVOI_PHASE_SASL);
}

static void a_refused_password_is_requested_again(void **state)
{
	(void)state;
	application.at_once = "looking-glass";
	client_fixture_connect(&fixture, MINUTE_MS);
	assert_int_equal(fixture.failure.code, ENVOI_ERR_AUTH);
	assert_int_equal(application.asked, 1);
	assert_int_equal(application.refused, 0);
	application.at_once = "wonderland";
	client_fixture_connect(&fixture, SECOND_MS);
	assert_true(is_online());
	assert_int_equal(application.asked, 2);
	assert_int_equal(application.refused, 1);
}

static void a_set_password_is_not_requested(void **state)
{
	(void)state;
	envoi_client_set_password(fixture.client, "wonderland");
	client_fixture_connect(&fixture, SECOND_MS);
	assert_true(is_online());
	assert_int_equal(application.asked, 0);
}

static void with_keys_the_application_is_not_asked(void **state)
{
	(void)state;
	envoi_client_set(fixture.client, "sasl.keep-keys", "true");
	application.at_once = "wonderland";
	client_fixture_connect(&fixture, SECOND_MS);
	leave();
	assert_int_equal(envoi_client_set_password(fixture.client, NULL), ENVOI_OK);
	client_fixture_connect(&fixture, SECOND_MS);
	assert_true(is_online());
	assert_int_equal(application.asked, 1);
}

static void the_client_may_be_disconnected_or_freed_inside(void **state)
{
	(void)state;
	application.disconnects = true;
	client_fixture_connect(&fixture, MINUTE_MS);
	assert_non_null(strstr(fixture.events, "disconnected"));
	assert_int_equal(fixture.failure.code, ENVOI_OK);
	application.frees = true;
	client_fixture_connect(&fixture, MINUTE_MS);
	assert_non_null(strstr(fixture.events, "disconnected"));
	assert_int_equal(application.asked, 2);
}

static void the_client_may_be_freed_while_the_question_is_open(void **state)
{
	(void)state;
	client_fixture_connect(&fixture, MINUTE_MS);
	assert_int_equal(application.asked, 1);
	envoi_client_free(fixture.client);
	fixture.client = NULL;
	client_fixture_run(&fixture, MINUTE_MS);
	assert_int_equal(fixture.failure.code, ENVOI_ERR_CANCELED);
}

/* --- the password of the certificate's key --- */

static void on_key_asked(void *user, const char *file, bool was_wrong)
{
	assert_ptr_equal(user, &application);
	assert_string_equal(file, TEST_DATA "/tls/client-locked-key.pem");
	assert_false(was_wrong);
	application.asked++;
}

static void without_the_password_of_its_key_the_login_ends_after_a_time(void **state)
{
	(void)state;
	envoi_client_set(fixture.client, "tls.cert-file", TEST_DATA "/tls/client.pem");
	envoi_client_set(fixture.client, "tls.key-file", TEST_DATA "/tls/client-locked-key.pem");
	envoi_client_set(fixture.client, "tls.decision-timeout", "100s");
	envoi_client_ask_key_password(fixture.client, on_key_asked, &application);
	client_fixture_connect(&fixture, 100 * SECOND_MS - 1);
	assert_int_equal(application.asked, 1);
	assert_string_equal(fixture.events, "connecting");
	client_fixture_run(&fixture, SECOND_MS);
	assert_string_equal(fixture.events, "connecting disconnected");
	assert_int_equal(fixture.failure.code, ENVOI_ERR_TIMEOUT);
	assert_int_equal(fixture.failure.phase, ENVOI_PHASE_TLS);
	assert_string_equal(
		fixture.failure.text, "no password for the client certificate's key within 100 s");
	assert_int_equal(envoi_client_set_key_password(fixture.client, "late"), ENVOI_OK);
	client_fixture_run(&fixture, MINUTE_MS);
	assert_string_equal(fixture.events, "connecting disconnected");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(
			an_answer_at_once_logs_in_and_is_kept, setup, teardown),
		cmocka_unit_test_setup_teardown(the_login_waits_for_a_late_answer, setup, teardown),
		cmocka_unit_test_setup_teardown(
			without_an_answer_the_login_ends_after_a_time_of_its_own, setup, teardown),
		cmocka_unit_test_setup_teardown(
			an_application_without_password_ends_the_login, setup, teardown),
		cmocka_unit_test_setup_teardown(
			a_refused_password_is_requested_again, setup, teardown),
		cmocka_unit_test_setup_teardown(a_set_password_is_not_requested, setup, teardown),
		cmocka_unit_test_setup_teardown(
			with_keys_the_application_is_not_asked, setup, teardown),
		cmocka_unit_test_setup_teardown(
			the_client_may_be_disconnected_or_freed_inside, setup, teardown),
		cmocka_unit_test_setup_teardown(
			the_client_may_be_freed_while_the_question_is_open, setup, teardown),
		cmocka_unit_test_setup_teardown(
			without_the_password_of_its_key_the_login_ends_after_a_time, setup,
			teardown),
	};
	return cmocka_run_group_tests_name("sim/client_password", tests, NULL, NULL);
}
