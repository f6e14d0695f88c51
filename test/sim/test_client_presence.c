/*
 * envoi - the account's own presence over several logins: tests
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
};

static struct client_fixture fixture;

static int setup(void **state)
{
	(void)state;
	client_fixture_init(&fixture, NULL);
	client_fixture_add_connector(&fixture);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	client_fixture_finish(&fixture);
	return 0;
}

static void log_in_again(void)
{
	test_server_ends_all(fixture.server, ENVOI_STREAM_NO_CONDITION);
	client_fixture_run(&fixture, 20 * SECOND_MS);
	assert_non_null(strstr(fixture.events, "disconnected"));
	test_server_forget(fixture.server);
	client_fixture_connect(&fixture, SECOND_MS);
	assert_non_null(strstr(fixture.events, "available"));
}

static void send_presence(enum envoi_stanza_type type, const char *show, const char *to)
{
	struct envoi_stanza *presence = envoi_presence_new(fixture.context, type, to);
	if (show != NULL) {
		envoi_element_add_with_text(envoi_stanza_element(presence), NULL, "show", show);
	}
	assert_int_equal(
		envoi_send(envoi_client_session(fixture.client), presence, NULL), ENVOI_OK);
	client_fixture_run(&fixture, SECOND_MS);
}

/* RFC 6121, section 4.7.2.3: a presence without priority has priority 0. */
static void every_broadcast_presence_has_the_priority(void **state)
{
	(void)state;
	envoi_client_set(fixture.client, "presence.priority", "-1");
	client_fixture_connect(&fixture, SECOND_MS);
	send_presence(ENVOI_TYPE_AVAILABLE, "away", NULL);
	assert_int_equal(
		test_server_count_heard(fixture.server, "<priority>-1</priority></presence>"), 2);
	assert_int_equal(
		test_server_count_heard(fixture.server, "<show>away</show><priority>-1</priority>"),
		1);
	send_presence(ENVOI_TYPE_AVAILABLE, NULL, "bob@example.org");
	send_presence(ENVOI_TYPE_UNAVAILABLE, NULL, NULL);
	assert_int_equal(test_server_count_heard(fixture.server, "<priority>"), 2);
}

static void a_priority_of_the_application_stays(void **state)
{
	(void)state;
	envoi_client_set(fixture.client, "presence.priority", "7");
	client_fixture_connect(&fixture, SECOND_MS);
	struct envoi_stanza *presence = envoi_presence_new(
		fixture.context, ENVOI_TYPE_AVAILABLE, NULL);
	envoi_element_add_with_text(envoi_stanza_element(presence), NULL, "priority", "3");
	assert_int_equal(
		envoi_send(envoi_client_session(fixture.client), presence, NULL), ENVOI_OK);
	client_fixture_run(&fixture, SECOND_MS);
	assert_int_equal(test_server_count_heard(fixture.server, "<priority>3</priority>"), 1);
	assert_int_equal(test_server_count_heard(fixture.server, "<priority>7</priority>"), 1);
}

static void the_last_presence_is_that_of_the_next_login(void **state)
{
	(void)state;
	client_fixture_connect(&fixture, SECOND_MS);
	send_presence(ENVOI_TYPE_AVAILABLE, "away", NULL);
	send_presence(ENVOI_TYPE_AVAILABLE, "dnd", "bob@example.org");
	envoi_client_set(fixture.client, "presence.priority", "5");
	log_in_again();
	assert_int_equal(test_server_count_heard(fixture.server, "<presence"), 1);
	assert_int_equal(
		test_server_count_heard(fixture.server, "<show>away</show><priority>5</priority>"),
		1);
	log_in_again();
	assert_int_equal(test_server_count_heard(fixture.server, "<show>away</show>"), 1);
}

static void after_unavailable_the_next_login_sends_plain_presence(void **state)
{
	(void)state;
	client_fixture_connect(&fixture, SECOND_MS);
	send_presence(ENVOI_TYPE_AVAILABLE, "away", NULL);
	send_presence(ENVOI_TYPE_UNAVAILABLE, NULL, NULL);
	log_in_again();
	assert_int_equal(test_server_count_heard(fixture.server, "<presence"), 1);
	assert_int_equal(test_server_count_heard(fixture.server, "<show>"), 0);
}

/* RFC 6121, section 4.5.1 */
static void the_presence_of_leaving_is_not_that_of_the_application(void **state)
{
	(void)state;
	client_fixture_connect(&fixture, SECOND_MS);
	send_presence(ENVOI_TYPE_AVAILABLE, "away", NULL);
	envoi_client_disconnect(fixture.client);
	client_fixture_run(&fixture, 20 * SECOND_MS);
	assert_int_equal(test_server_count_heard(fixture.server, "type='unavailable'"), 1);
	test_server_forget(fixture.server);
	client_fixture_connect(&fixture, SECOND_MS);
	assert_int_equal(test_server_count_heard(fixture.server, "<show>away</show>"), 1);
}

static void without_initial_presence_none_is_sent(void **state)
{
	(void)state;
	client_fixture_connect(&fixture, SECOND_MS);
	send_presence(ENVOI_TYPE_AVAILABLE, "away", NULL);
	envoi_client_set(fixture.client, "presence.initial", "false");
	log_in_again();
	assert_int_equal(test_server_count_heard(fixture.server, "<presence"), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(
			every_broadcast_presence_has_the_priority, setup, teardown),
		cmocka_unit_test_setup_teardown(
			a_priority_of_the_application_stays, setup, teardown),
		cmocka_unit_test_setup_teardown(
			the_last_presence_is_that_of_the_next_login, setup, teardown),
		cmocka_unit_test_setup_teardown(
			after_unavailable_the_next_login_sends_plain_presence, setup, teardown),
		cmocka_unit_test_setup_teardown(
			the_presence_of_leaving_is_not_that_of_the_application, setup, teardown),
		cmocka_unit_test_setup_teardown(
			without_initial_presence_none_is_sent, setup, teardown),
	};
	return cmocka_run_group_tests_name("sim/client_presence", tests, NULL, NULL);
}
