/*
 * envoi - XMPP Ping: tests
 * SPDX-License-Identifier: MIT
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include <envoi/ext/ping.h>

#include "wire.h"

/* XEP-0199, section 4.2 */
static void a_ping_is_answered_with_an_empty_result(void **state)
{
	struct wire *wire = *state;
	assert_int_equal(envoi_session_add(wire->session, envoi_ping_handler()), ENVOI_OK);
	assert_string_equal(
		wire_talk(wire,
			"<iq type='get' id='p1' from='example.org' to='me@example.org/here'>"
			"<ping xmlns='urn:xmpp:ping'/></iq>"),
		"<iq type='result' to='example.org' from='me@example.org/here' id='p1'/>");
}

static void the_handler_is_the_same_for_all(void **state)
{
	(void)state;
	assert_ptr_equal(envoi_ping_handler(), envoi_ping_handler());
	assert_string_equal(envoi_ping_handler()->impl->name, "ping");
	envoi_handler_destroy(envoi_ping_handler());
	assert_string_equal(envoi_ping_handler()->impl->name, "ping");
}

static void other_requests_get_service_unavailable(void **state)
{
	struct wire *wire = *state;
	assert_int_equal(envoi_session_add(wire->session, envoi_ping_handler()), ENVOI_OK);
	assert_non_null(strstr(wire_talk(wire,
				       "<iq type='set' id='p1' from='a@b/c'>"
				       "<ping xmlns='urn:xmpp:ping'/></iq>"),
		"service-unavailable"));
	assert_non_null(strstr(
		wire_talk(wire, "<iq type='get' id='p2' from='a@b/c'><ping xmlns='urn:x'/></iq>"),
		"service-unavailable"));
}

/* Markup in attributes of a request must not become markup of its answer. */
static void a_request_is_escaped_in_its_answer(void **state)
{
	struct wire *wire = *state;
	assert_int_equal(envoi_session_add(wire->session, envoi_ping_handler()), ENVOI_OK);
	assert_string_equal(
		wire_talk(wire,
			"<iq type='get' id='&apos;/&gt;&lt;message to=&apos;' from='a@b/&gt;&lt;x/&gt;'>"
			"<ping xmlns='urn:xmpp:ping'/></iq>"),
		"<iq type='result' to='a@b/&gt;&lt;x/&gt;' id='&apos;/&gt;&lt;message to=&apos;'/>");
}

static void a_pong_ends_the_request(void **state)
{
	struct wire *wire = *state;
	char reply[200], id[64];
	assert_int_equal(
		envoi_ping(wire->session, "bob@example.org/desk", 5000, wire_on_answer, wire, NULL),
		ENVOI_OK);
	wire_run(wire, 0);
	const char *heard = wire_heard(wire);
	const char *at = strstr(heard, " id='");
	assert_non_null(at);
	assert_int_equal(sscanf(at, " id='%63[^']'", id), 1);
	assert_non_null(strstr(heard, "type='get'"));
	assert_non_null(strstr(heard, "to='bob@example.org/desk'"));
	assert_non_null(strstr(heard, "<ping xmlns='urn:xmpp:ping'/>"));
	snprintf(reply, sizeof(reply), "<iq type='result' id='%s' from='bob@example.org/desk'/>",
		id);
	wire_talk(wire, reply);
	assert_string_equal(wire_log(wire), "answer ENVOI_OK success\n");
}

/* RFC 6120, section 8.1.1.1: an iq without `to` would be answered by the own account. */
static void a_ping_without_address_is_for_the_server(void **state)
{
	struct wire *wire = *state;
	char reply[200], id[64];
	assert_int_equal(
		envoi_ping(wire->session, NULL, 5000, wire_on_answer, wire, NULL), ENVOI_OK);
	wire_run(wire, 0);
	const char *heard = wire_heard(wire);
	assert_non_null(strstr(heard, " to='example.org'"));
	assert_int_equal(sscanf(strstr(heard, " id='"), " id='%63[^']'", id), 1);
	snprintf(reply, sizeof(reply), "<iq type='result' id='%s' from='example.org'/>", id);
	wire_talk(wire, reply);
	assert_string_equal(wire_log(wire), "answer ENVOI_OK success\n");
}

static void an_unanswered_ping_times_out(void **state)
{
	struct wire *wire = *state;
	assert_int_equal(
		envoi_ping(wire->session, NULL, 5000, wire_on_answer, wire, NULL), ENVOI_OK);
	wire_run(wire, 4999);
	assert_string_equal(wire_log(wire), "");
	wire_run(wire, 1);
	assert_string_equal(wire_log(wire), "answer ENVOI_ERR_TIMEOUT timed out\n");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(
			a_ping_is_answered_with_an_empty_result, wire_setup_online, wire_teardown),
		cmocka_unit_test_setup_teardown(
			the_handler_is_the_same_for_all, wire_setup_online, wire_teardown),
		cmocka_unit_test_setup_teardown(
			other_requests_get_service_unavailable, wire_setup_online, wire_teardown),
		cmocka_unit_test_setup_teardown(
			a_request_is_escaped_in_its_answer, wire_setup_online, wire_teardown),
		cmocka_unit_test_setup_teardown(
			a_pong_ends_the_request, wire_setup_online, wire_teardown),
		cmocka_unit_test_setup_teardown(
			a_ping_without_address_is_for_the_server, wire_setup_online, wire_teardown),
		cmocka_unit_test_setup_teardown(
			an_unanswered_ping_times_out, wire_setup_online, wire_teardown),
	};
	return cmocka_run_group_tests_name("ext/ping", tests, NULL, NULL);
}
