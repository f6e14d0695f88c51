/*
 * envoi - the roster: tests
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

#include "wire.h"

#define PUSH(from, items) \
	"<iq type='set' id='p'" from "><query xmlns='jabber:iq:roster'>" items "</query></iq>"
#define BOB "<item jid='bob@example.org' name='Bob' subscription='both'><group>Work</group></item>"

struct fixture {
	struct wire wire;
	struct envoi_roster *roster;
	int fetched, fetch_code;
	unsigned int warnings;
};

static void count_warning(
	void *user, enum envoi_log_level level, enum envoi_log_subject subject, const char *message)
{
	struct fixture *f = user;
	(void)subject;
	(void)message;
	f->warnings += level == ENVOI_LOG_WARNING;
}

static int setup(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));
	assert_non_null(f);
	wire_init(&f->wire,
		&(struct envoi_context_options){
			.log = count_warning, .log_level = ENVOI_LOG_WARNING, .log_user = f});
	/* The wire knows no login: its limits are those of before. */
	struct envoi_settings *settings = f->wire.settings;
	assert_int_equal(
		envoi_settings_set(settings, "limits.before-login.stanza-bytes", "8m"), ENVOI_OK);
	assert_int_equal(
		envoi_settings_set(settings, "limits.before-login.children", "200000"), ENVOI_OK);
	wire_go_online(&f->wire);
	assert_int_equal(envoi_roster_new(&f->roster, f->wire.session, f->wire.settings), ENVOI_OK);
	*state = f;
	return 0;
}

static int teardown(void **state)
{
	struct fixture *f = *state;
	envoi_roster_free(f->roster);
	wire_finish(&f->wire);
	free(f);
	return 0;
}

static const struct envoi_roster_item *find(struct fixture *f, const char *text)
{
	struct envoi_jid *jid;
	assert_int_equal(envoi_jid_from_text(&jid, f->wire.context, text), ENVOI_OK);
	const struct envoi_roster_item *item = envoi_roster_find(f->roster, jid);
	envoi_jid_unref(jid);
	return item;
}

static void on_fetched(void *user, int code)
{
	struct fixture *f = user;
	f->fetched++;
	f->fetch_code = code;
}

/* Asks for the list; the peer answers with these items. */
static void fetch(struct fixture *f, const char *items)
{
	assert_int_equal(envoi_roster_fetch(f->roster, on_fetched, f), ENVOI_OK);
	wire_run(&f->wire, 0);
	const char *heard = wire_heard(&f->wire), *id = strstr(heard, " id='");
	assert_non_null(strstr(heard, "<query xmlns='jabber:iq:roster'/>"));
	assert_non_null(id);
	size_t size = strlen(items) + 256;
	char *answer = malloc(size);
	assert_non_null(answer);
	snprintf(answer, size,
		"<iq type='result' %.26s'><query xmlns='jabber:iq:roster'>%s</query></iq>", id + 1,
		items);
	wire_talk(&f->wire, answer);
	free(answer);
}

static void the_list_is_kept(void **state)
{
	struct fixture *f = *state;
	fetch(f, BOB "<item jid='carol@example.org' ask='subscribe' approved='true'/>");
	assert_int_equal(f->fetched, 1);
	assert_int_equal(f->fetch_code, ENVOI_OK);
	assert_int_equal(envoi_roster_count(f->roster), 2);
	const struct envoi_roster_item *bob = find(f, "BOB@example.org/any");
	assert_non_null(bob);
	assert_string_equal(bob->name, "Bob");
	assert_int_equal(bob->subscription, ENVOI_SUBSCRIPTION_BOTH);
	assert_int_equal(bob->group_count, 1);
	assert_string_equal(bob->groups[0], "Work");
	const struct envoi_roster_item *carol = find(f, "carol@example.org");
	assert_null(carol->name);
	assert_int_equal(carol->ask, ENVOI_ROSTER_ASK_SUBSCRIBE);
	assert_true(carol->is_approved);
	assert_int_equal(carol->subscription, ENVOI_SUBSCRIPTION_NONE);
	assert_null(find(f, "dave@example.org"));
	assert_string_equal(wire_log(&f->wire), "roster\n");
}

static void a_new_list_replaces_the_old_one(void **state)
{
	struct fixture *f = *state;
	fetch(f, BOB);
	fetch(f, "<item jid='carol@example.org'/>");
	assert_int_equal(envoi_roster_count(f->roster), 1);
	assert_null(find(f, "bob@example.org"));
}

static void a_push_adds_changes_and_removes(void **state)
{
	struct fixture *f = *state;
	assert_non_null(strstr(wire_talk(&f->wire, PUSH("", BOB)), "type='result'"));
	assert_string_equal(find(f, "bob@example.org")->name, "Bob");
	wire_talk(&f->wire,
		PUSH(" from='me@example.org'", "<item jid='bob@example.org' name='Robert'/>"));
	assert_string_equal(find(f, "bob@example.org")->name, "Robert");
	assert_int_equal(find(f, "bob@example.org")->group_count, 0);
	wire_talk(&f->wire, PUSH("", "<item jid='bob@example.org' subscription='remove'/>"));
	assert_null(find(f, "bob@example.org"));
	assert_non_null(strstr(wire_log(&f->wire), "roster-changed"));
}

/* RFC 6121, section 2.1.6 */
static void pushes_from_other_senders_change_nothing(void **state)
{
	struct fixture *f = *state;
	static const char *const forged[] = {
		PUSH(" from='mallory@example.org'", BOB),
		PUSH(" from='example.org'", BOB),
		PUSH(" from='me@example.org/other'", BOB),
		PUSH(" from='me@example.org/here'", BOB),
		PUSH(" from='me@evil.example'", BOB),
		PUSH(" from=''", BOB),
		PUSH(" from='@'", BOB),
		PUSH("", ""),
		PUSH("", BOB "<item jid='carol@example.org'/>"),
		PUSH("", BOB "<item jid='@'/>"),
		PUSH("", "<item jid='@'/>"),
		PUSH("", "<item jid='bob@example.org' approved='maybe'/>"),
		PUSH("", "<item jid='bob@example.org' approved=''/>"),
		PUSH("", "<item/>"),
	};
	for (size_t i = 0; i < sizeof(forged) / sizeof(forged[0]); i++) {
		const char *answer = wire_talk(&f->wire, forged[i]);
		bool has_address = strstr(forged[i], "from=''") == NULL &&
			strstr(forged[i], "from='@'") == NULL; /* that an answer can go to */
		assert_null(strstr(answer, "type='result'"));
		assert_int_equal(strstr(answer, "type='error'") != NULL, has_address);
		if (envoi_roster_count(f->roster) != 0) {
			fail_msg("accepted: %s", forged[i]);
		}
	}
	assert_true(envoi_session_is_online(f->wire.session));
}

/* A list is the result of a request for it. */
static void a_list_that_was_not_requested_changes_nothing(void **state)
{
	struct fixture *f = *state;
	static const char *const senders[] = {"", " from='me@example.org'", " from='example.org'"};
	struct envoi_session_stats stats;
	fetch(f, BOB);
	for (size_t i = 0; i < sizeof(senders) / sizeof(senders[0]); i++) {
		char xml[300];
		snprintf(xml, sizeof(xml),
			"<iq type='result' id='p'%s><query xmlns='jabber:iq:roster'>"
			"<item jid='mallory@example.org' subscription='both'/></query></iq>",
			senders[i]);
		assert_string_equal(wire_talk(&f->wire, xml), "");
		assert_int_equal(envoi_roster_count(f->roster), 1);
	}
	envoi_session_get_stats(f->wire.session, &stats);
	assert_int_equal(stats.answers_ignored, sizeof(senders) / sizeof(senders[0]));
}

static void refused_pushes_are_counted(void **state)
{
	struct fixture *f = *state;
	static const char *const refused[] = {
		PUSH(" from='mallory@example.org'", BOB),
		PUSH(" from='me@example.org/other'", BOB),
		PUSH("", ""),
		PUSH("", BOB "<item jid='@'/>"),
	};
	size_t count = sizeof(refused) / sizeof(refused[0]);
	wire_talk(&f->wire, PUSH("", BOB));
	assert_int_equal(envoi_roster_refused_pushes(f->roster), 0);
	for (size_t i = 0; i < count; i++) {
		wire_talk(&f->wire, refused[i]);
		assert_int_equal(envoi_roster_refused_pushes(f->roster), i + 1);
	}
	assert_int_equal(f->warnings, 1);
}

/* RFC 6121, section 2.1.2.3: an address names the contact, a gateway's with its resource. */
static void a_contact_is_named_as_the_server_names_it(void **state)
{
	struct fixture *f = *state;
	fetch(f, "<item jid='gw.example.org/registered' name='Gateway'/>" BOB);
	const struct envoi_roster_item *gateway = find(f, "gw.example.org/registered");
	assert_non_null(gateway);
	assert_string_equal(envoi_jid_text(gateway->jid), "gw.example.org/registered");
	assert_null(find(f, "gw.example.org"));
	assert_int_equal(envoi_roster_remove(f->roster, gateway->jid, NULL, NULL), ENVOI_OK);
	wire_run(&f->wire, 0);
	assert_non_null(strstr(wire_heard(&f->wire),
		"<item jid='gw.example.org/registered' subscription='remove'/>"));
	wire_talk(&f->wire, PUSH("", "<item jid='gw.example.org' subscription='remove'/>"));
	assert_non_null(find(f, "gw.example.org/registered"));
	wire_talk(&f->wire,
		PUSH("", "<item jid='gw.example.org/registered' subscription='remove'/>"));
	assert_null(find(f, "gw.example.org/registered"));
	assert_int_equal(envoi_roster_count(f->roster), 1);
}

static void of_a_list_over_the_limit_the_first_contacts_are_held(void **state)
{
	struct fixture *f = *state;
	assert_int_equal(
		envoi_settings_set(f->wire.settings, "limits.roster-items", "2"), ENVOI_OK);
	assert_false(envoi_roster_is_complete(f->roster));
	fetch(f, "<item jid='a@x'/>");
	assert_true(envoi_roster_is_complete(f->roster));
	assert_string_equal(wire_log(&f->wire), "roster\n");
	fetch(f, "<item jid='a@x'/><item jid='b@x'/><item jid='c@x'/>");
	assert_int_equal(f->fetch_code, ENVOI_ERR_LIMIT);
	assert_int_equal(envoi_roster_count(f->roster), 2);
	assert_non_null(find(f, "b@x"));
	assert_false(envoi_roster_is_complete(f->roster));
	assert_string_equal(wire_log(&f->wire),
		"roster\nroster-incomplete there are more contacts than limits.roster-items\n");
}

static void a_push_over_the_limit_is_refused(void **state)
{
	struct fixture *f = *state;
	assert_int_equal(
		envoi_settings_set(f->wire.settings, "limits.roster-items", "2"), ENVOI_OK);
	fetch(f, "<item jid='a@x'/>");
	wire_talk(&f->wire, PUSH("", "<item jid='b@x'/>"));
	assert_true(envoi_roster_is_complete(f->roster));
	wire_log(&f->wire);
	assert_non_null(
		strstr(wire_talk(&f->wire, PUSH("", "<item jid='c@x'/>")), "resource-constraint"));
	assert_int_equal(envoi_roster_count(f->roster), 2);
	assert_int_equal(envoi_roster_refused_pushes(f->roster), 1);
	assert_false(envoi_roster_is_complete(f->roster));
	assert_string_equal(wire_log(&f->wire),
		"roster-incomplete there are more contacts than limits.roster-items\n");
	wire_talk(&f->wire, PUSH("", "<item jid='a@x' name='A'/>"));
	assert_string_equal(find(f, "a@x")->name, "A");
}

static void malformed_contacts_make_it_incomplete(void **state)
{
	struct fixture *f = *state;
	fetch(f, BOB "<item jid='@'/>");
	assert_int_equal(f->fetch_code, ENVOI_OK);
	assert_int_equal(envoi_roster_count(f->roster), 1);
	assert_false(envoi_roster_is_complete(f->roster));
	assert_string_equal(wire_log(&f->wire),
		"roster\nroster-incomplete some contacts are malformed and were left out\n");
}

static void a_failed_fetch_changes_nothing(void **state)
{
	struct fixture *f = *state;
	fetch(f, BOB);
	assert_int_equal(envoi_roster_fetch(f->roster, on_fetched, f), ENVOI_OK);
	assert_int_equal(envoi_roster_fetch(f->roster, on_fetched, f), ENVOI_ERR_STATE);
	wire_run(&f->wire, 60000);
	assert_int_equal(f->fetched, 2);
	assert_int_equal(f->fetch_code, ENVOI_ERR_TIMEOUT);
	assert_int_equal(envoi_roster_count(f->roster), 1);
	assert_false(envoi_roster_is_complete(f->roster));
	assert_string_equal(wire_log(&f->wire), "roster\nroster-incomplete timed out\n");
}

static void a_fetch_ends_when_the_roster_is_detached(void **state)
{
	struct fixture *f = *state;
	assert_int_equal(envoi_roster_fetch(f->roster, on_fetched, f), ENVOI_OK);
	envoi_roster_detach(f->roster);
	assert_int_equal(f->fetched, 1);
	assert_int_equal(f->fetch_code, ENVOI_ERR_CANCELED);
	assert_int_equal(envoi_roster_fetch(f->roster, on_fetched, f), ENVOI_ERR_STATE);
	wire_run(&f->wire, 60000);
	assert_int_equal(f->fetched, 1);
}

static void changes_are_requested_from_the_server(void **state)
{
	struct fixture *f = *state;
	struct envoi_jid *jid;
	assert_int_equal(envoi_jid_from_text(&jid, f->wire.context, "bob@example.org/x"), ENVOI_OK);
	const char *const groups[] = {"Work"};
	const struct envoi_roster_item item = {
		.jid = jid, .name = "Bob", .groups = groups, .group_count = 1};
	assert_int_equal(envoi_roster_set(f->roster, &item, wire_on_answer, &f->wire), ENVOI_OK);
	wire_run(&f->wire, 0);
	assert_non_null(strstr(wire_heard(&f->wire),
		"<item jid='bob@example.org' name='Bob'><group>Work</group></item>"));
	assert_int_equal(envoi_roster_remove(f->roster, jid, NULL, NULL), ENVOI_OK);
	wire_run(&f->wire, 0);
	assert_non_null(strstr(
		wire_heard(&f->wire), "<item jid='bob@example.org' subscription='remove'/>"));
	envoi_jid_unref(jid);
}

static void forty_thousand_contacts_fit(void **state)
{
	struct fixture *f = *state;
	enum {
		CONTACTS = 40000
	};
	size_t size = CONTACTS * 80, len = 0;
	char *items = malloc(size);
	assert_non_null(items);
	for (int i = 0; i < CONTACTS; i++) {
		len += (size_t)snprintf(items + len, size - len,
			"<item jid='contact%d@example.org' subscription='both'/>", i);
	}
	fetch(f, items);
	free(items);
	wire_run(&f->wire, 1000);
	assert_int_equal(f->fetch_code, ENVOI_OK);
	assert_int_equal(envoi_roster_count(f->roster), CONTACTS);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(the_list_is_kept, setup, teardown),
		cmocka_unit_test_setup_teardown(a_new_list_replaces_the_old_one, setup, teardown),
		cmocka_unit_test_setup_teardown(a_push_adds_changes_and_removes, setup, teardown),
		cmocka_unit_test_setup_teardown(
			pushes_from_other_senders_change_nothing, setup, teardown),
		cmocka_unit_test_setup_teardown(
			a_list_that_was_not_requested_changes_nothing, setup, teardown),
		cmocka_unit_test_setup_teardown(refused_pushes_are_counted, setup, teardown),
		cmocka_unit_test_setup_teardown(
			a_contact_is_named_as_the_server_names_it, setup, teardown),
		cmocka_unit_test_setup_teardown(
			of_a_list_over_the_limit_the_first_contacts_are_held, setup, teardown),
		cmocka_unit_test_setup_teardown(a_push_over_the_limit_is_refused, setup, teardown),
		cmocka_unit_test_setup_teardown(
			malformed_contacts_make_it_incomplete, setup, teardown),
		cmocka_unit_test_setup_teardown(a_failed_fetch_changes_nothing, setup, teardown),
		cmocka_unit_test_setup_teardown(
			a_fetch_ends_when_the_roster_is_detached, setup, teardown),
		cmocka_unit_test_setup_teardown(
			changes_are_requested_from_the_server, setup, teardown),
		cmocka_unit_test_setup_teardown(forty_thousand_contacts_fit, setup, teardown),
	};
	return cmocka_run_group_tests_name("client/roster", tests, NULL, NULL);
}
