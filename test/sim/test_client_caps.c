/*
 * envoi - Entity Capabilities: tests of a client's presence
 * SPDX-License-Identifier: MIT
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include <envoi/ext/caps.h>

#include "client_fixture.h"

enum {
	SECOND_MS = 1000,
};

#define CAPS "<c xmlns='http://jabber.org/protocol/caps'"

static struct client_fixture fixture;

static int setup(void **state)
{
	(void)state;
	client_fixture_init(&fixture, NULL);
	client_fixture_add_connector(&fixture);
	client_fixture_connect(&fixture, SECOND_MS);
	assert_non_null(strstr(fixture.events, "available"));
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	client_fixture_finish(&fixture);
	return 0;
}

static size_t presences(void)
{
	return test_server_count_heard(fixture.server, "<presence");
}

/* Copies the hash of the last presence. */
static void last_hash(char hash[50])
{
	const char *heard = test_server_heard(fixture.server), *last = NULL;
	while ((heard = strstr(heard, CAPS)) != NULL) {
		last = heard++;
	}
	assert_non_null(last);
	assert_int_equal(sscanf(strstr(last, " ver='"), " ver='%49[^']", hash), 1);
}

static const char *const uris[] = {"urn:example:a", NULL},
			 *const others[] = {"urn:example:b", NULL};
static const struct envoi_handler_impl one_impl = {.name = "one", .uris = uris};
static const struct envoi_handler_impl two_impl = {.name = "two", .uris = others};

static struct envoi_handler one = ENVOI_HANDLER(&one_impl), two = ENVOI_HANDLER(&two_impl);

static void the_initial_presence_has_hashes(void **state)
{
	(void)state;
	assert_int_equal(presences(), 1);
	assert_int_equal(test_server_count_heard(fixture.server, CAPS), 1);
	assert_int_equal(test_server_count_heard(fixture.server, "<c xmlns='urn:xmpp:caps'"), 1);
}

/* XEP-0115, section 6.1 */
static void presence_is_sent_once_for_the_changes_of_a_turn(void **state)
{
	(void)state;
	struct envoi_session *session = envoi_client_session(fixture.client);
	char before[50], with[50], after[50];
	last_hash(before);
	assert_int_equal(envoi_session_add(session, &one), ENVOI_OK);
	assert_int_equal(envoi_session_add(session, &two), ENVOI_OK);
	client_fixture_run(&fixture, 10 * SECOND_MS);
	assert_int_equal(presences(), 2);
	last_hash(with);
	assert_string_not_equal(before, with);
	envoi_session_remove(session, &one);
	envoi_session_remove(session, &two);
	client_fixture_run(&fixture, 10 * SECOND_MS);
	assert_int_equal(presences(), 3);
	last_hash(after);
	assert_string_equal(before, after);
}

static void a_change_that_is_undone_sends_nothing(void **state)
{
	(void)state;
	struct envoi_session *session = envoi_client_session(fixture.client);
	assert_int_equal(envoi_session_add(session, &one), ENVOI_OK);
	envoi_session_remove(session, &one);
	client_fixture_run(&fixture, 10 * SECOND_MS);
	assert_int_equal(presences(), 1);
}

static void the_presence_of_the_program_is_kept(void **state)
{
	(void)state;
	assert_int_equal(envoi_client_set_show(fixture.client, "away", "out"), ENVOI_OK);
	client_fixture_run(&fixture, SECOND_MS);
	test_server_forget(fixture.server);
	assert_int_equal(
		envoi_caps_set_node(envoi_client_session(fixture.client), "urn:example:bot"),
		ENVOI_OK);
	client_fixture_run(&fixture, 10 * SECOND_MS);
	assert_int_equal(presences(), 1);
	assert_int_equal(test_server_count_heard(
				 fixture.server, "<show>away</show><status>out</status>" CAPS),
		1);
	assert_int_equal(test_server_count_heard(fixture.server, "node='urn:example:bot'"), 1);
}

static void an_unavailable_client_sends_nothing(void **state)
{
	(void)state;
	struct envoi_session *session = envoi_client_session(fixture.client);
	assert_int_equal(
		envoi_send(session,
			envoi_presence_new(fixture.context, ENVOI_TYPE_UNAVAILABLE, NULL), NULL),
		ENVOI_OK);
	client_fixture_run(&fixture, SECOND_MS);
	test_server_forget(fixture.server);
	assert_int_equal(envoi_session_add(session, &one), ENVOI_OK);
	assert_int_equal(envoi_client_renew_presence(fixture.client), ENVOI_OK);
	client_fixture_run(&fixture, 10 * SECOND_MS);
	assert_int_equal(presences(), 0);
	envoi_session_remove(session, &one);
}

static void a_client_that_is_offline_waits_for_the_next_login(void **state)
{
	(void)state;
	struct envoi_session *session = envoi_client_session(fixture.client);
	test_server_ends_all(fixture.server, ENVOI_STREAM_NO_CONDITION);
	client_fixture_run(&fixture, 20 * SECOND_MS);
	assert_non_null(strstr(fixture.events, "disconnected"));
	test_server_forget(fixture.server);
	assert_int_equal(envoi_session_add(session, &one), ENVOI_OK);
	assert_int_equal(envoi_client_renew_presence(fixture.client), ENVOI_OK);
	client_fixture_run(&fixture, 10 * SECOND_MS);
	assert_int_equal(presences(), 0);
	client_fixture_connect(&fixture, 10 * SECOND_MS);
	assert_int_equal(presences(), 1);
	assert_int_equal(test_server_count_heard(fixture.server, CAPS), 1);
	envoi_session_remove(session, &one);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(the_initial_presence_has_hashes),
		TEST(presence_is_sent_once_for_the_changes_of_a_turn),
		TEST(a_change_that_is_undone_sends_nothing),
		TEST(the_presence_of_the_program_is_kept),
		TEST(an_unavailable_client_sends_nothing),
		TEST(a_client_that_is_offline_waits_for_the_next_login),
	};
	return cmocka_run_group_tests_name("client/caps", tests, NULL, NULL);
}
