/*
 * envoi - the roster in a whole login: tests
 * SPDX-License-Identifier: MIT
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "client_fixture.h"

enum {
	MINUTE_MS = 60000,
	ITEM_BYTES = 160, /* of one contact of this file, at most */
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

/* The server holds so many contacts with three groups each. */
static void fill_roster(size_t contacts)
{
	size_t size = contacts * ITEM_BYTES + 1, len = 0;
	char *items = malloc(size);
	assert_non_null(items);
	for (size_t i = 0; i < contacts; i++) {
		len += (size_t)snprintf(items + len, size - len,
			"<item jid='contact%zu@example.org' subscription='both'>"
			"<group>Friends</group><group>Work</group><group>All</group></item>",
			i);
	}
	assert_true(len < size);
	test_server_set_roster(fixture.server, "alice", items);
	free(items);
}

static void thirty_thousand_contacts_in_three_groups_log_in_with_default_settings(void **state)
{
	(void)state;
	fill_roster(30000);
	client_fixture_connect(&fixture, MINUTE_MS);
	assert_string_equal(fixture.events,
		"connecting connected secured authenticated started roster available");
	const struct envoi_roster *roster = envoi_client_roster(fixture.client);
	assert_int_equal(envoi_roster_count(roster), 30000);
	assert_true(envoi_roster_is_complete(roster));
	size_t position = 0;
	assert_int_equal(envoi_roster_next(roster, &position)->group_count, 3);
}

static void a_roster_over_the_limit_is_reported_and_the_login_goes_on(void **state)
{
	(void)state;
	fill_roster(300);
	envoi_client_set(fixture.client, "limits.roster-items", "200");
	client_fixture_connect(&fixture, MINUTE_MS);
	assert_string_equal(fixture.events,
		"connecting connected secured authenticated started roster roster-incomplete "
		"available");
	assert_string_equal(fixture.incomplete, "there are more contacts than limits.roster-items");
	const struct envoi_roster *roster = envoi_client_roster(fixture.client);
	assert_int_equal(envoi_roster_count(roster), 200);
	assert_false(envoi_roster_is_complete(roster));
}

static void a_server_without_rosters_is_reported(void **state)
{
	(void)state;
	test_server_knobs(fixture.server)->no_roster = true;
	client_fixture_connect(&fixture, MINUTE_MS);
	assert_string_equal(fixture.events,
		"connecting connected secured authenticated started roster-incomplete available");
	assert_non_null(strstr(fixture.incomplete, "service-unavailable"));
}

static void a_roster_is_not_complete_while_offline(void **state)
{
	(void)state;
	fill_roster(3);
	client_fixture_connect(&fixture, MINUTE_MS);
	assert_true(envoi_roster_is_complete(envoi_client_roster(fixture.client)));
	envoi_client_disconnect(fixture.client);
	client_fixture_run(&fixture, MINUTE_MS);
	assert_false(envoi_roster_is_complete(envoi_client_roster(fixture.client)));
	assert_int_equal(envoi_roster_count(envoi_client_roster(fixture.client)), 3);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(
			thirty_thousand_contacts_in_three_groups_log_in_with_default_settings,
			setup, teardown),
		cmocka_unit_test_setup_teardown(
			a_roster_over_the_limit_is_reported_and_the_login_goes_on, setup, teardown),
		cmocka_unit_test_setup_teardown(
			a_server_without_rosters_is_reported, setup, teardown),
		cmocka_unit_test_setup_teardown(
			a_roster_is_not_complete_while_offline, setup, teardown),
	};
	return cmocka_run_group_tests_name("sim/client_roster", tests, NULL, NULL);
}
