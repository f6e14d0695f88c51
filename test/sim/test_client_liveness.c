/*
 * envoi - clients whose link dies, and pings of the server: tests
 * SPDX-License-Identifier: MIT
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "client_fixture.h"

enum {
	S = 1000,
	PROBE_AFTER = 60 * S,
	ANSWER_TIMEOUT = 20 * S,
	RECONNECTING = 30 * S,
};

#define DESK "alice@example.org/desk"
#define PING "<ping xmlns='urn:xmpp:ping'/>"

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

static bool is_online(void)
{
	return envoi_session_is_online(envoi_client_session(fixture.client));
}

static void log_in(void)
{
	client_fixture_connect(&fixture, 5 * S);
	assert_true(is_online());
	test_server_forget(fixture.server);
}

/* XEP-0199, section 4.1: a client without a handler for pings is thrown out by some servers. */
static void a_client_without_handlers_answers_the_servers_ping(void **state)
{
	(void)state;
	log_in();
	assert_true(test_server_says(fixture.server, DESK,
		"<iq type='get' id='s2c1' from='example.org' to='" DESK "'>" PING "</iq>"));
	client_fixture_run(&fixture, 0);
	assert_int_equal(test_server_count_heard(fixture.server, "type='result'"), 1);
	assert_int_equal(test_server_count_heard(fixture.server, "id='s2c1'"), 1);
}

#define RC_FORWARD \
	"xmlns='http://jabber.org/protocol/commands' " \
	"node='http://jabber.org/protocol/rc#forward'"

/* What a client reveals to a stranger without a decision of the program. */
static void a_client_without_handlers_reveals_nothing_to_strangers(void **state)
{
	static const char *const requests[] = {
		"type='get' id='a'><query xmlns='jabber:iq:version'/>",
		"type='get' id='a'><query xmlns='jabber:iq:last'/>",
		"type='get' id='a'><query xmlns='jabber:iq:roster'/>",
		"type='get' id='a'><query xmlns='jabber:iq:private'><a xmlns='a'/></query>",
		"type='get' id='a'><time xmlns='urn:xmpp:time'/>",
		"type='get' id='a'><vCard xmlns='vcard-temp'/>",
		"type='get' id='a'><blocklist xmlns='urn:xmpp:blocking'/>",
		"type='set' id='a'><command " RC_FORWARD " action='execute'/>",
		"type='set' id='a'><query xmlns='jabber:iq:rpc'/>",
		"type='set' id='a'><si xmlns='http://jabber.org/protocol/si'/>",
	};
	(void)state;
	log_in();
	for (size_t i = 0; i < sizeof(requests) / sizeof(requests[0]); i++) {
		char xml[400];
		snprintf(xml, sizeof(xml), "<iq from='mallory@example.net/x' to='" DESK "' %s</iq>",
			requests[i]);
		test_server_forget(fixture.server);
		assert_true(test_server_says(fixture.server, DESK, xml));
		client_fixture_run(&fixture, S);
		if (test_server_count_heard(fixture.server, "<service-unavailable ") != 1) {
			fail_msg("%s: %s", requests[i], test_server_heard(fixture.server));
		}
		assert_int_equal(test_server_count_heard(fixture.server, "type='result'"), 0);
	}
}

static void a_client_without_handlers_sends_no_presence_to_strangers(void **state)
{
	static const char *const types[] = {"type='probe'", "type='subscribe'", "type='subscribed'",
		"type='unsubscribe'", "type='unsubscribed'", ""};
	(void)state;
	log_in();
	for (size_t i = 0; i < sizeof(types) / sizeof(types[0]); i++) {
		char xml[200];
		snprintf(xml, sizeof(xml),
			"<presence from='mallory@example.net' to='" DESK "' %s/>", types[i]);
		assert_true(test_server_says(fixture.server, DESK, xml));
	}
	client_fixture_run(&fixture, S);
	assert_int_equal(test_server_count_heard(fixture.server, "mallory@example.net"), 0);
}

static void an_idle_session_stays_online(void **state)
{
	(void)state;
	log_in();
	client_fixture_run(&fixture, 10 * PROBE_AFTER);
	assert_true(is_online());
	size_t pings = test_server_count_heard(fixture.server, "urn:xmpp:ping");
	assert_true(pings >= 8 && pings <= 10);
}

/* The server is silent for as long as the link takes to be noticed, three times in a row. */
static void a_dead_link_is_replaced_each_time(void **state)
{
	(void)state;
	assert_int_equal(envoi_client_set(fixture.client, "reconnect.enabled", "true"), ENVOI_OK);
	log_in();
	for (size_t i = 2; i <= 4; i++) {
		test_server_knobs(fixture.server)->is_silent = true;
		client_fixture_run(&fixture, PROBE_AFTER + ANSWER_TIMEOUT + 5 * S);
		test_server_knobs(fixture.server)->is_silent = false;
		assert_non_null(strstr(fixture.failure.text, "the connection is dead"));
		client_fixture_run(&fixture, RECONNECTING);
		assert_true(is_online());
		assert_int_equal(test_server_accepted(fixture.server), i);
		envoi_failure_finish(&fixture.failure);
		fixture.events[0] = '\0';
	}
}

static void a_machine_that_wakes_up_notices_a_dead_link_soon(void **state)
{
	(void)state;
	log_in();
	test_server_knobs(fixture.server)->is_silent = true;
	client_fixture_run(&fixture, 5 * S);
	assert_int_equal(envoi_loop_simulated_suspend(fixture.loop, 3600 * S), ENVOI_OK);
	client_fixture_run(&fixture, ANSWER_TIMEOUT + 5 * S);
	assert_false(is_online());
	assert_int_equal(fixture.failure.code, ENVOI_ERR_TIMEOUT);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(
			a_client_without_handlers_answers_the_servers_ping, setup, teardown),
		cmocka_unit_test_setup_teardown(
			a_client_without_handlers_reveals_nothing_to_strangers, setup, teardown),
		cmocka_unit_test_setup_teardown(
			a_client_without_handlers_sends_no_presence_to_strangers, setup, teardown),
		cmocka_unit_test_setup_teardown(an_idle_session_stays_online, setup, teardown),
		cmocka_unit_test_setup_teardown(a_dead_link_is_replaced_each_time, setup, teardown),
		cmocka_unit_test_setup_teardown(
			a_machine_that_wakes_up_notices_a_dead_link_soon, setup, teardown),
	};
	return cmocka_run_group_tests_name("client_liveness", tests, NULL, NULL);
}
