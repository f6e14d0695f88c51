/*
 * envoi - Last Activity: tests
 * SPDX-License-Identifier: MIT
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include <envoi/ext/last_activity.h>

#include "client_fixture.h"
#include "stanzas.h"
#include "wire.h"
#include "xep_examples.h"

enum {
	SECOND_MS = 1000,
};

#define DESK "alice@example.org/desk"
#define QUESTION(from) \
	"<iq type='get' id='last1' from='" from "'><query xmlns='jabber:iq:last'/></iq>"

/* --- asking: XEP-0012, sections 3 to 5 --- */

static void on_answer(void *user, const struct envoi_answer *answer)
{
	struct wire *wire = user;
	const struct envoi_last_activity *last = envoi_answer_payload(answer);
	write_text(&wire->log, "%s", envoi_error_name(envoi_answer_code(answer)));
	if (last != NULL) {
		write_text(&wire->log, " %u %s", (unsigned int)last->seconds,
			last->status == NULL ? "-" : last->status);
	}
}

static const char *ask(struct wire *wire, const char *content)
{
	assert_int_equal(envoi_last_activity_get(
				 wire->session, "juliet@capulet.com", 0, on_answer, wire, NULL),
		ENVOI_OK);
	wire_run(wire, 0);
	assert_non_null(strstr(wire_answer(wire, "juliet@capulet.com", content),
		"<query xmlns='jabber:iq:last'/>"));
	return wire_log(wire);
}

static void an_answer_is_read(void **state)
{
	assert_string_equal(
		ask(*state, "<query xmlns='jabber:iq:last' seconds='903'>Heading Home</query>"),
		"ENVOI_OK 903 Heading Home");
	assert_string_equal(
		ask(*state, "<query xmlns='jabber:iq:last' seconds='0'/>"), "ENVOI_OK 0 -");
}

static void a_malformed_answer_is_an_error(void **state)
{
	static const char *const bad[] = {"<query xmlns='jabber:iq:last'/>",
		"<query xmlns='jabber:iq:last' seconds='-1'/>",
		"<query xmlns='jabber:iq:last' seconds='18446744073709551616'/>",
		"<query xmlns='other' seconds='1'/>"};
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		assert_string_equal(ask(*state, bad[i]), "ENVOI_ERR_PROTOCOL");
	}
}

static void a_session_without_client_answers_nobody(void **state)
{
	struct wire *wire = *state;
	assert_int_equal(
		envoi_session_use(wire->session, &envoi_last_activity_extension, NULL), ENVOI_OK);
	assert_non_null(strstr(wire_talk(wire, QUESTION("a@b/c")), "<service-unavailable "));
}

/* --- answering --- */

static struct client_fixture fixture;

static int setup(void **state)
{
	(void)state;
	client_fixture_init(&fixture, NULL);
	client_fixture_add_connector(&fixture);
	test_server_add_contact(fixture.server, "alice", "both@example.net", NULL, "both");
	test_server_add_contact(fixture.server, "alice", "to@example.net", NULL, "to");
	assert_int_equal(envoi_session_use(envoi_client_session(fixture.client),
				 &envoi_last_activity_extension, NULL),
		ENVOI_OK);
	client_fixture_connect(&fixture, SECOND_MS);
	assert_non_null(strstr(fixture.events, "available"));
	envoi_last_activity_note(envoi_client_session(fixture.client));
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	client_fixture_finish(&fixture);
	return 0;
}

static const char *answer_to(const char *xml)
{
	test_server_forget(fixture.server);
	assert_true(test_server_says(fixture.server, DESK, xml));
	client_fixture_run(&fixture, 100);
	return test_server_heard(fixture.server);
}

static void the_time_since_the_last_use_is_answered(void **state)
{
	(void)state;
	client_fixture_run(&fixture, 123 * SECOND_MS);
	assert_non_null(strstr(answer_to(QUESTION("both@example.net/a")),
		"<query xmlns='jabber:iq:last' seconds='123'/>"));
	envoi_last_activity_note(envoi_client_session(fixture.client));
	assert_non_null(strstr(answer_to(QUESTION("both@example.net/a")), " seconds='0'/>"));
}

/* Section 7: as if it was not supported. */
static void others_than_those_that_see_the_presence_get_no_answer(void **state)
{
	static const char *const others[] = {QUESTION("to@example.net/a"),
		QUESTION("stranger@example.net/a"), QUESTION("example.net"),
		QUESTION("example.org")};
	(void)state;
	char refused[500];
	for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++) {
		const char *heard = answer_to(others[i]);
		assert_non_null(strstr(heard, "<service-unavailable "));
		assert_null(strstr(heard, "seconds"));
	}
	snprintf(refused, sizeof(refused), "%s", answer_to(others[0]));
	envoi_session_unuse(envoi_client_session(fixture.client), &envoi_last_activity_extension);
	client_fixture_run(&fixture, SECOND_MS); /* the presence with other capabilities */
	assert_string_equal(answer_to(others[0]), refused);
}

static void the_own_account_is_answered(void **state)
{
	(void)state;
	assert_non_null(strstr(answer_to(QUESTION("alice@example.org/phone")), "seconds='"));
	assert_non_null(
		strstr(answer_to("<iq type='get' id='last1'><query xmlns='jabber:iq:last'/></iq>"),
			"seconds='"));
}

static void only_a_use_can_be_noted(void **state)
{
	(void)state;
	envoi_session_unuse(envoi_client_session(fixture.client), &envoi_last_activity_extension);
	envoi_last_activity_note(envoi_client_session(fixture.client));
	assert_non_null(strstr(answer_to(QUESTION("both@example.net/a")), "<service-unavailable "));
}

static void an_answer_without_memory_is_survived(void **state)
{
	(void)state;
	wire_survive(&envoi_last_activity_extension, QUESTION("me@example.org/x"));
}

static void the_examples_are_read_and_written(void **state)
{
	(void)state;
	static const struct xep_table tables[] = {
		{&envoi_last_activity_type, "result"}, {NULL, NULL}};
	assert_int_equal(xep_examples_check("0012", tables, NULL), 4);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, wire_setup_online, wire_teardown)
#define CLIENT(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(an_answer_is_read),
		TEST(a_malformed_answer_is_an_error),
		TEST(a_session_without_client_answers_nobody),
		CLIENT(the_time_since_the_last_use_is_answered),
		CLIENT(others_than_those_that_see_the_presence_get_no_answer),
		CLIENT(the_own_account_is_answered),
		CLIENT(only_a_use_can_be_noted),
		cmocka_unit_test(an_answer_without_memory_is_survived),
		cmocka_unit_test(the_examples_are_read_and_written),
	};
	return cmocka_run_group_tests_name("ext/last_activity", tests, NULL, NULL);
}
