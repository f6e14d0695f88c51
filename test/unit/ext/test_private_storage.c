/*
 * envoi - Private XML Storage: tests
 * SPDX-License-Identifier: MIT
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include <envoi/ext/private_storage.h>

#include "stanzas.h"
#include "wire.h"

#define STORED "<exodus xmlns='exodus:prefs'><defaultnick>Hamlet</defaultnick></exodus>"
#define QUERY(content) "<query xmlns='jabber:iq:private'>" content "</query>"

/* --- XEP-0049, section 2.3 --- */

static void on_answer(void *user, const struct envoi_answer *answer)
{
	struct wire *wire = user;
	const struct envoi_private_storage *storage = envoi_answer_payload(answer);
	const struct envoi_element *found = envoi_private_storage_find(
		storage, "exodus:prefs", "exodus");
	write_text(&wire->log, "%s ", envoi_error_name(envoi_answer_code(answer)));
	if (found != NULL) {
		write_line(&wire->log, found);
	}
}

static void an_element_is_fetched_from_the_account(void **state)
{
	struct wire *wire = *state;
	assert_int_equal(envoi_private_storage_get(
				 wire->session, "exodus:prefs", "exodus", 0, on_answer, wire, NULL),
		ENVOI_OK);
	wire_run(wire, 0);
	const char *heard = wire_answer_account(wire, "result", QUERY(STORED));
	assert_int_equal(strncmp(heard, "<iq type='get'", 14), 0);
	assert_null(strstr(heard, " to="));
	assert_non_null(strstr(heard, ">" QUERY("<exodus xmlns='exodus:prefs'/>") "</iq>"));
	assert_string_equal(wire_log(wire), "ENVOI_OK " STORED "\n");
}

static void another_element_is_not_taken_for_it(void **state)
{
	static const char *const answers[] = {QUERY(""), QUERY("<other xmlns='exodus:prefs'/>"),
		QUERY("<exodus xmlns='other'/>"), QUERY("<exodus/>")};
	struct wire *wire = *state;
	for (size_t i = 0; i < sizeof(answers) / sizeof(answers[0]); i++) {
		assert_int_equal(envoi_private_storage_get(wire->session, "exodus:prefs", "exodus",
					 0, on_answer, wire, NULL),
			ENVOI_OK);
		wire_run(wire, 0);
		wire_answer_account(wire, "result", answers[i]);
		assert_string_equal(wire_log(wire), "ENVOI_OK ");
	}
}

static void a_refusal_is_reported(void **state)
{
	struct wire *wire = *state;
	assert_int_equal(envoi_private_storage_get(
				 wire->session, "exodus:prefs", "exodus", 0, on_answer, wire, NULL),
		ENVOI_OK);
	wire_run(wire, 0);
	wire_answer_account(wire, "error",
		"<error type='cancel'><service-unavailable "
		"xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/></error>");
	assert_string_equal(wire_log(wire), "ENVOI_ERR_STANZA ");
}

static void an_element_is_stored(void **state)
{
	struct wire *wire = *state;
	struct envoi_element *element = element_from_text(wire->context, STORED);
	assert_int_equal(
		envoi_private_storage_set(wire->session, element, 0, on_answer, wire, NULL),
		ENVOI_OK);
	envoi_element_unref(element);
	wire_run(wire, 0);
	const char *heard = wire_answer_account(wire, "result", "");
	assert_int_equal(strncmp(heard, "<iq type='set'", 14), 0);
	assert_null(strstr(heard, " to="));
	assert_non_null(strstr(heard, ">" QUERY(STORED) "</iq>"));
	assert_string_equal(wire_log(wire), "ENVOI_OK ");
}

/* Its root element is in a namespace of its own. */
static void other_namespaces_are_refused(void **state)
{
	static const char *const names[] = {NULL, "", ENVOI_NS_PRIVATE_STORAGE};
	struct wire *wire = *state;
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		assert_int_equal(envoi_private_storage_get(
					 wire->session, names[i], "a", 0, on_answer, wire, NULL),
			ENVOI_ERR_INVALID);
		if (names[i] != NULL) {
			struct envoi_element *element = envoi_element_new(
				wire->context, names[i], "a");
			assert_int_equal(envoi_private_storage_set(
						 wire->session, element, 0, on_answer, wire, NULL),
				ENVOI_ERR_INVALID);
			envoi_element_unref(element);
		}
	}
	assert_int_equal(
		envoi_private_storage_get(wire->session, "urn:a", "<", 0, on_answer, wire, NULL),
		ENVOI_ERR_INVALID);
	assert_int_equal(
		envoi_private_storage_get(wire->session, "urn:a", NULL, 0, on_answer, wire, NULL),
		ENVOI_ERR_INVALID);
	assert_int_equal(envoi_private_storage_set(wire->session, NULL, 0, on_answer, wire, NULL),
		ENVOI_ERR_NOMEM);
	wire_run(wire, 0);
	assert_string_equal(wire_heard(wire), "");
	assert_string_equal(wire_log(wire), "");
}

static void nothing_is_found_in_nothing(void **state)
{
	(void)state;
	const struct envoi_private_storage empty = {.element_count = 0};
	assert_null(envoi_private_storage_find(NULL, "a", "b"));
	assert_null(envoi_private_storage_find(&empty, "a", "b"));
	assert_null(envoi_private_storage_find(&empty, NULL, "b"));
	assert_null(envoi_private_storage_find(&empty, "a", NULL));
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, wire_setup_online, wire_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(an_element_is_fetched_from_the_account),
		TEST(another_element_is_not_taken_for_it),
		TEST(a_refusal_is_reported),
		TEST(an_element_is_stored),
		TEST(other_namespaces_are_refused),
		cmocka_unit_test(nothing_is_found_in_nothing),
	};
	return cmocka_run_group_tests_name("ext/private_storage", tests, NULL, NULL);
}
