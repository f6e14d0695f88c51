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
	assert_int_equal(test_server_count_heard(fixture.server, "<priority>-1</priority>"), 2);
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

static void unavailable_presence_with_a_status_replaces_that_of_leaving(void **state)
{
	(void)state;
	client_fixture_connect(&fixture, SECOND_MS);
	struct envoi_stanza *presence = envoi_presence_new(
		fixture.context, ENVOI_TYPE_UNAVAILABLE, NULL);
	envoi_presence_set_status(presence, NULL, "gone home");
	assert_int_equal(
		envoi_send(envoi_client_session(fixture.client), presence, NULL), ENVOI_OK);
	envoi_client_disconnect(fixture.client);
	client_fixture_run(&fixture, 20 * SECOND_MS);
	assert_int_equal(test_server_count_heard(fixture.server, "type='unavailable'"), 1);
	assert_int_equal(
		test_server_count_heard(fixture.server, "<status>gone home</status></presence>"),
		1);
	test_server_forget(fixture.server);
	client_fixture_connect(&fixture, SECOND_MS);
	assert_int_equal(test_server_count_heard(fixture.server, "<presence"), 1);
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

/* --- envoi_client_set_presence() --- */

static void presence_set_offline_is_that_of_every_login(void **state)
{
	(void)state;
	assert_int_equal(envoi_client_set_show(fixture.client, "away", "lunch & tea"), ENVOI_OK);
	envoi_client_set(fixture.client, "presence.priority", "4");
	client_fixture_connect(&fixture, SECOND_MS);
	assert_int_equal(test_server_count_heard(fixture.server, "<presence"), 1);
	const char *wanted = "<show>away</show><status>lunch &amp; tea</status>"
			     "<priority>4</priority>";
	assert_int_equal(test_server_count_heard(fixture.server, wanted), 1);
	log_in_again();
	assert_int_equal(test_server_count_heard(fixture.server, "<presence"), 1);
	assert_int_equal(test_server_count_heard(fixture.server, wanted), 1);
}

static void presence_set_online_is_sent_at_once(void **state)
{
	(void)state;
	client_fixture_connect(&fixture, SECOND_MS);
	assert_int_equal(envoi_client_set_show(fixture.client, "dnd", NULL), ENVOI_OK);
	client_fixture_run(&fixture, SECOND_MS);
	assert_int_equal(test_server_count_heard(fixture.server, "<show>dnd</show>"), 1);
	assert_int_equal(envoi_client_set_show(fixture.client, NULL, NULL), ENVOI_OK);
	client_fixture_run(&fixture, SECOND_MS);
	log_in_again();
	assert_int_equal(test_server_count_heard(fixture.server, "<presence"), 1);
	assert_int_equal(test_server_count_heard(fixture.server, "<show>"), 0);
}

static void set_in_an_event(struct envoi_handler *self, const struct envoi_event *event)
{
	(void)self;
	(void)event;
	assert_int_equal(envoi_client_set_show(fixture.client, "xa", NULL), ENVOI_OK);
}

static const struct envoi_event_row started_rows[] = {
	{ENVOI_EVENT_STARTED, set_in_an_event},
	ENVOI_ROWS_END,
};
static const struct envoi_handler_impl started_impl = {.events = started_rows};

/* RFC 6121, section 2.2: presence follows the roster. */
static void presence_set_before_the_roster_waits_for_it(void **state)
{
	(void)state;
	struct envoi_handler handler = ENVOI_HANDLER(&started_impl);
	envoi_client_add(fixture.client, &handler);
	client_fixture_connect(&fixture, SECOND_MS);
	const char *heard = test_server_heard(fixture.server);
	const char *roster = strstr(heard, "jabber:iq:roster"), *show = strstr(heard, "xa</show>");
	assert_non_null(roster);
	assert_true(show > roster);
	assert_int_equal(test_server_count_heard(fixture.server, "<presence"), 1);
	envoi_client_remove(fixture.client, &handler);
}

static void set_unavailable(void)
{
	assert_int_equal(envoi_client_set_presence(fixture.client,
				 envoi_presence_new(fixture.context, ENVOI_TYPE_UNAVAILABLE, NULL)),
		ENVOI_OK);
	client_fixture_run(&fixture, SECOND_MS);
}

static void an_invisible_account_stays_so_until_presence_is_set(void **state)
{
	(void)state;
	client_fixture_connect(&fixture, SECOND_MS);
	set_unavailable();
	set_unavailable();
	assert_int_equal(test_server_count_heard(fixture.server, "type='unavailable'"), 1);
	log_in_again();
	assert_int_equal(test_server_count_heard(fixture.server, "<presence"), 0);
	send_presence(ENVOI_TYPE_AVAILABLE, "chat", NULL);
	log_in_again();
	assert_int_equal(test_server_count_heard(fixture.server, "<show>chat</show>"), 1);
	set_unavailable();
	envoi_client_disconnect(fixture.client);
	client_fixture_run(&fixture, 20 * SECOND_MS);
	assert_int_equal(test_server_count_heard(fixture.server, "type='unavailable'"), 1);
}

static int set(struct envoi_stanza *presence)
{
	return envoi_client_set_presence(fixture.client, presence);
}

static void what_is_no_own_presence_is_refused(void **state)
{
	(void)state;
	struct envoi_context *context = fixture.context;
	assert_int_equal(envoi_client_set_show(fixture.client, "xa", NULL), ENVOI_OK);
	assert_int_equal(set(NULL), ENVOI_ERR_NOMEM);
	assert_int_equal(
		set(envoi_presence_new(context, ENVOI_TYPE_SUBSCRIBE, NULL)), ENVOI_ERR_INVALID);
	assert_int_equal(set(envoi_presence_new(context, ENVOI_TYPE_AVAILABLE, "bob@example.org")),
		ENVOI_ERR_INVALID);
	assert_int_equal(
		set(envoi_message_new(context, ENVOI_TYPE_CHAT, NULL, "text")), ENVOI_ERR_INVALID);
	assert_int_equal(envoi_client_set_show(fixture.client, "busy", NULL), ENVOI_ERR_INVALID);
	assert_string_equal(envoi_session_problem(envoi_client_session(fixture.client)),
		"presence: show is away, chat, dnd or xa (RFC 6121, section 4.7.2.1)");
	assert_int_equal(
		set(envoi_message_new(context, ENVOI_TYPE_CHAT, NULL, NULL)), ENVOI_ERR_INVALID);
	assert_string_equal(envoi_session_problem(envoi_client_session(fixture.client)),
		"only presence of type available or unavailable, without to, can be set");
	assert_int_equal(envoi_client_set_show(fixture.client, NULL, "a\001b"), ENVOI_ERR_INVALID);
	client_fixture_connect(&fixture, SECOND_MS);
	assert_int_equal(test_server_count_heard(fixture.server, "<show>xa</show>"), 1);
}

/* RFC 6121, section 4.6 */
static void directed_presence_is_withdrawn_before_leaving(void **state)
{
	(void)state;
	client_fixture_connect(&fixture, SECOND_MS);
	send_presence(ENVOI_TYPE_AVAILABLE, NULL, "room@rooms.example.org/nick");
	send_presence(ENVOI_TYPE_AVAILABLE, "away", "ROOM@rooms.example.org/nick");
	send_presence(ENVOI_TYPE_AVAILABLE, NULL, "bob@example.org");
	send_presence(ENVOI_TYPE_UNAVAILABLE, NULL, "bob@example.org");
	test_server_forget(fixture.server);
	envoi_client_disconnect(fixture.client);
	client_fixture_run(&fixture, 20 * SECOND_MS);
	assert_int_equal(test_server_count_heard(fixture.server, "type='unavailable'"), 2);
	assert_int_equal(test_server_count_heard(fixture.server, "room@rooms.example.org/nick"), 1);
	test_server_forget(fixture.server);
	client_fixture_connect(&fixture, SECOND_MS);
	envoi_client_disconnect(fixture.client);
	client_fixture_run(&fixture, 20 * SECOND_MS);
	assert_int_equal(test_server_count_heard(fixture.server, "rooms"), 0);
}

static void directed_presence_is_remembered_up_to_a_limit(void **state)
{
	(void)state;
	envoi_client_set(fixture.client, "limits.directed-presences", "2");
	client_fixture_connect(&fixture, SECOND_MS);
	send_presence(ENVOI_TYPE_AVAILABLE, NULL, "a@rooms.example.org/nick");
	send_presence(ENVOI_TYPE_AVAILABLE, NULL, "b@rooms.example.org/nick");
	send_presence(ENVOI_TYPE_AVAILABLE, NULL, "c@rooms.example.org/nick");
	test_server_forget(fixture.server);
	envoi_client_disconnect(fixture.client);
	client_fixture_run(&fixture, 20 * SECOND_MS);
	assert_int_equal(test_server_count_heard(fixture.server, "rooms"), 2);
}

/* --- a filter frees the client --- */

static enum envoi_stanza_type freeing_type; /* the presence in whose filter the client is freed */

static int free_client(
	struct envoi_handler *self, struct envoi_session *session, struct envoi_stanza *stanza)
{
	(void)self;
	(void)session;
	if (envoi_stanza_kind(stanza) == ENVOI_PRESENCE &&
		envoi_stanza_type(stanza) == freeing_type) {
		envoi_client_free(fixture.client);
		fixture.client = NULL;
	}
	return ENVOI_OK;
}

static const struct envoi_filters freeing_filters = {.stanza_out = free_client};
static const struct envoi_handler_impl freeing_impl = {.filters = &freeing_filters};

static void the_client_may_be_freed_where_a_filter_sees_its_presence(void **state)
{
	(void)state;
	struct envoi_handler handler = ENVOI_HANDLER(&freeing_impl);
	client_fixture_connect(&fixture, SECOND_MS);
	freeing_type = ENVOI_TYPE_AVAILABLE;
	envoi_client_add(fixture.client, &handler);
	assert_true(envoi_client_set_show(fixture.client, "away", NULL) < 0);
	assert_null(fixture.client);
	client_fixture_run(&fixture, SECOND_MS);
}

static void the_client_may_be_freed_where_a_filter_sees_directed_presence_withdrawn(void **state)
{
	(void)state;
	struct envoi_handler handler = ENVOI_HANDLER(&freeing_impl);
	client_fixture_connect(&fixture, SECOND_MS);
	send_presence(ENVOI_TYPE_AVAILABLE, NULL, "a@rooms.example.org/nick");
	send_presence(ENVOI_TYPE_AVAILABLE, NULL, "b@rooms.example.org/nick");
	freeing_type = ENVOI_TYPE_UNAVAILABLE;
	envoi_client_add(fixture.client, &handler);
	envoi_client_disconnect(fixture.client);
	assert_null(fixture.client);
	client_fixture_run(&fixture, SECOND_MS);
}

/* --- presence of contacts --- */

static struct envoi_presences *presences(void)
{
	return envoi_client_presences(fixture.client);
}

static void presence_of_contacts_ends_with_the_session(void **state)
{
	(void)state;
	test_server_add_contact(fixture.server, "alice", "bob@example.org", "Bob", "both");
	client_fixture_connect(&fixture, SECOND_MS);
	assert_int_equal(envoi_presences_count(presences()), 0); /* the own one is not held */
	assert_true(test_server_says(fixture.server, "alice@example.org/desk",
		"<presence from='bob@example.org/phone'/>"));
	client_fixture_run(&fixture, SECOND_MS);
	assert_int_equal(envoi_presences_count(presences()), 1);
	assert_string_equal(envoi_jid_text(envoi_presences_next(presences(), NULL)->jid),
		"bob@example.org/phone");
	log_in_again();
	assert_int_equal(envoi_presences_count(presences()), 0);
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
			unavailable_presence_with_a_status_replaces_that_of_leaving, setup,
			teardown),
		cmocka_unit_test_setup_teardown(
			without_initial_presence_none_is_sent, setup, teardown),
		cmocka_unit_test_setup_teardown(
			presence_set_offline_is_that_of_every_login, setup, teardown),
		cmocka_unit_test_setup_teardown(
			presence_set_online_is_sent_at_once, setup, teardown),
		cmocka_unit_test_setup_teardown(
			presence_set_before_the_roster_waits_for_it, setup, teardown),
		cmocka_unit_test_setup_teardown(
			an_invisible_account_stays_so_until_presence_is_set, setup, teardown),
		cmocka_unit_test_setup_teardown(
			what_is_no_own_presence_is_refused, setup, teardown),
		cmocka_unit_test_setup_teardown(
			directed_presence_is_withdrawn_before_leaving, setup, teardown),
		cmocka_unit_test_setup_teardown(
			directed_presence_is_remembered_up_to_a_limit, setup, teardown),
		cmocka_unit_test_setup_teardown(
			presence_of_contacts_ends_with_the_session, setup, teardown),
		cmocka_unit_test_setup_teardown(
			the_client_may_be_freed_where_a_filter_sees_its_presence, setup, teardown),
		cmocka_unit_test_setup_teardown(
			the_client_may_be_freed_where_a_filter_sees_directed_presence_withdrawn,
			setup, teardown),
	};
	return cmocka_run_group_tests_name("sim/client_presence", tests, NULL, NULL);
}
