/*
 * envoi - roster versioning, and the roster as text: tests
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

#include "test_allocator.h"
#include "wire.h"

#define GREETING \
	"<stream:stream xmlns='jabber:client' xmlns:stream='http://etherx.jabber.org/streams' " \
	"version='1.0' id='1' from='example.org'><stream:features>"
#define VERSIONS "<ver xmlns='urn:xmpp:features:rosterver'/>"
#define PUSH(attributes, items) \
	"<iq type='set' id='p'><query xmlns='jabber:iq:roster'" attributes ">" items "</query></iq>"
#define LIST(attributes, items) "<query xmlns='jabber:iq:roster'" attributes ">" items "</query>"
#define BOB \
	"<item jid='bob@example.org' name='Bob &amp; &lt;co&gt;' subscription='both'>" \
	"<group>Work</group><group>Friends</group></item>"
#define CAROL "<item jid='carol@example.org' ask='subscribe' approved='true'/>"
#define CACHE(account, list) \
	"<roster xmlns='urn:envoi:roster:1' account='" account "'>" list "</roster>"

struct fixture {
	struct wire wire;
	struct envoi_roster *roster;
	int fetched, fetch_code;
};

static void go_online(struct fixture *f, const char *features)
{
	assert_int_equal(wire_attach(&f->wire, ENVOI_INITIATOR, 0), ENVOI_OK);
	wire_say(&f->wire, GREETING);
	wire_say(&f->wire, features);
	wire_say(&f->wire, "</stream:features>");
	wire_run(&f->wire, 0);
	assert_true(envoi_session_is_online(f->wire.session));
	wire_heard(&f->wire);
	wire_log(&f->wire);
}

static int setup(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));
	assert_non_null(f);
	wire_init(&f->wire, NULL);
	assert_int_equal(wire_new_session(&f->wire), ENVOI_OK);
	assert_int_equal(envoi_roster_new(&f->roster, f->wire.session, f->wire.settings), ENVOI_OK);
	*state = f;
	return 0;
}

static int setup_online(void **state)
{
	setup(state);
	go_online(*state, VERSIONS);
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

static void on_fetched(void *user, int code)
{
	struct fixture *f = user;
	f->fetched++;
	f->fetch_code = code;
}

/* The request is expected to have these attributes. @param content  of the result */
static void fetch(struct fixture *f, const char *attributes, const char *content)
{
	char want[200], answer[2000];
	assert_int_equal(envoi_roster_fetch(f->roster, on_fetched, f), ENVOI_OK);
	wire_run(&f->wire, 0);
	const char *heard = wire_heard(&f->wire), *id = strstr(heard, " id='");
	snprintf(want, sizeof(want), "<query xmlns='jabber:iq:roster'%s/>", attributes);
	if (strstr(heard, want) == NULL) {
		fail_msg("%s is not in %s", want, heard);
	}
	assert_non_null(id);
	snprintf(answer, sizeof(answer), "<iq type='result' %.26s'>%s</iq>", id + 1, content);
	wire_talk(&f->wire, answer);
}

static void reconnect(struct fixture *f, const char *features)
{
	envoi_session_detach(f->wire.session);
	wire_run(&f->wire, 0);
	go_online(f, features);
}

/* Borrowed until the next call. */
static const char *saved(struct fixture *f)
{
	static char text[2000];
	struct envoi_buffer out;
	envoi_buffer_init(&out, f->wire.notes, 0);
	int r = envoi_roster_save(f->roster, &out);
	assert_true(envoi_buffer_len(&out) < sizeof(text));
	snprintf(text, sizeof(text), "%.*s", (int)envoi_buffer_len(&out),
		r == ENVOI_OK ? envoi_buffer_data(&out) : "");
	envoi_buffer_finish(&out);
	return r == ENVOI_OK ? text : envoi_error_name(r);
}

static int load(struct fixture *f, const char *text)
{
	return envoi_roster_load(f->roster, text, strlen(text));
}

/* --- versions: RFC 6121, section 2.6 --- */

static void without_the_feature_no_version_is_named(void **state)
{
	struct fixture *f = *state;
	go_online(f, "");
	fetch(f, "", LIST(" ver='1'", BOB));
	reconnect(f, "");
	fetch(f, "", LIST("", CAROL));
	assert_int_equal(envoi_roster_count(f->roster), 1);
}

static void the_next_fetch_names_the_version_that_is_held(void **state)
{
	struct fixture *f = *state;
	fetch(f, " ver=''", LIST(" ver='v1'", BOB));
	reconnect(f, VERSIONS);
	assert_false(envoi_roster_is_complete(f->roster));
	fetch(f, " ver='v1'", "");
	assert_int_equal(f->fetch_code, ENVOI_OK);
	assert_int_equal(envoi_roster_count(f->roster), 1);
	assert_true(envoi_roster_is_complete(f->roster));
	assert_string_equal(wire_log(&f->wire), "roster\n");
	wire_talk(&f->wire, PUSH(" ver='v2'", CAROL));
	assert_int_equal(envoi_roster_count(f->roster), 2);
	reconnect(f, VERSIONS);
	fetch(f, " ver='v2'", LIST(" ver='v9'", CAROL));
	assert_int_equal(envoi_roster_count(f->roster), 1);
	reconnect(f, VERSIONS);
	fetch(f, " ver='v9'", "");
}

static void an_empty_result_without_a_version_is_an_empty_roster(void **state)
{
	struct fixture *f = *state;
	fetch(f, " ver=''", "");
	assert_true(envoi_roster_is_complete(f->roster));
	assert_int_equal(envoi_roster_count(f->roster), 0);
	fetch(f, " ver=''", LIST(" ver=''", BOB));
	fetch(f, " ver=''", "");
	assert_int_equal(envoi_roster_count(f->roster), 0);
}

static void a_push_without_a_version_leaves_it(void **state)
{
	struct fixture *f = *state;
	fetch(f, " ver=''", LIST(" ver='v1'", BOB));
	wire_talk(&f->wire, PUSH("", CAROL));
	reconnect(f, VERSIONS);
	fetch(f, " ver='v1'", "");
	assert_int_equal(envoi_roster_count(f->roster), 2);
}

static void a_forged_push_does_not_change_the_version(void **state)
{
	struct fixture *f = *state;
	fetch(f, " ver=''", LIST(" ver='v1'", BOB));
	wire_talk(&f->wire,
		"<iq type='set' id='p' from='mallory@example.org'>" LIST(
			" ver='evil'", CAROL) "</iq>");
	assert_int_equal(envoi_roster_count(f->roster), 1);
	reconnect(f, VERSIONS);
	fetch(f, " ver='v1'", "");
}

/* A version stands for all changes before it. */
static void after_a_change_that_is_not_held_the_whole_list_is_fetched(void **state)
{
	struct fixture *f = *state;
	fetch(f, " ver=''", LIST(" ver='v1'", BOB));
	wire_talk(&f->wire, PUSH(" ver='v2'", "<item jid='@'/>"));
	wire_talk(&f->wire, PUSH(" ver='v3'", CAROL));
	fetch(f, " ver=''", LIST(" ver='v3'", BOB CAROL));
	assert_int_equal(
		envoi_settings_set(f->wire.settings, "limits.roster-items", "2"), ENVOI_OK);
	wire_talk(&f->wire, PUSH(" ver='v4'", "<item jid='dave@example.org'/>"));
	wire_talk(&f->wire, PUSH(" ver='v5'", CAROL));
	fetch(f, " ver=''", LIST(" ver='v5'", BOB CAROL "<item jid='dave@example.org'/>"));
	assert_int_equal(f->fetch_code, ENVOI_ERR_LIMIT);
	fetch(f, " ver=''", LIST(" ver='v5'", BOB "<item jid='@'/>"));
	fetch(f, " ver=''", LIST(" ver='v6'", BOB));
	fetch(f, " ver='v6'", "");
}

static void another_account_has_no_version_and_no_contacts(void **state)
{
	struct fixture *f = *state;
	struct envoi_jid *other;
	fetch(f, " ver=''", LIST(" ver='v1'", BOB));
	envoi_session_detach(f->wire.session);
	assert_int_equal(
		envoi_jid_from_text(&other, f->wire.context, "other@example.org/x"), ENVOI_OK);
	go_online(f, VERSIONS);
	envoi_session_set_jid(f->wire.session, other);
	envoi_jid_unref(other);
	assert_int_equal(envoi_roster_fetch(f->roster, on_fetched, f), ENVOI_OK);
	wire_run(&f->wire, 0);
	assert_non_null(strstr(wire_heard(&f->wire), " ver=''"));
	assert_int_equal(envoi_roster_count(f->roster), 0);
	wire_talk(&f->wire, PUSH("", CAROL));
	assert_string_equal(saved(f), envoi_error_name(ENVOI_ERR_STATE));
}

/* As with roster.fetch=false: only pushes bring contacts. */
static void contacts_of_another_account_are_forgotten_without_a_fetch(void **state)
{
	struct fixture *f = *state;
	struct envoi_jid *me = f->wire.own;
	wire_talk(&f->wire, PUSH("", CAROL));
	assert_int_equal(envoi_roster_count(f->roster), 1);
	envoi_session_detach(f->wire.session);
	wire_run(&f->wire, 0);
	assert_int_equal(envoi_jid_from_text(&f->wire.own, f->wire.context, "other@example.org/x"),
		ENVOI_OK);
	go_online(f, VERSIONS);
	assert_int_equal(envoi_roster_count(f->roster), 0);
	envoi_jid_unref(f->wire.own);
	f->wire.own = me;
}

/* --- the roster as text --- */

static void what_is_saved_is_loaded(void **state)
{
	struct fixture *f = *state;
	assert_string_equal(saved(f), envoi_error_name(ENVOI_ERR_STATE));
	fetch(f, " ver=''", LIST(" ver='v&lt;1'", BOB CAROL));
	char first[2000];
	snprintf(first, sizeof(first), "%s", saved(f));
	assert_int_equal(load(f, first), ENVOI_ERR_STATE);
	envoi_roster_free(f->roster);
	assert_int_equal(envoi_roster_new(&f->roster, f->wire.session, f->wire.settings), ENVOI_OK);
	assert_int_equal(load(f, first), ENVOI_OK);
	assert_false(envoi_roster_is_complete(f->roster));
	assert_int_equal(envoi_roster_count(f->roster), 2);
	assert_int_equal(strlen(saved(f)), strlen(first));
	fetch(f, " ver='v&lt;1'", "");
	assert_true(envoi_roster_is_complete(f->roster));
	struct envoi_jid *bob;
	assert_int_equal(envoi_jid_from_text(&bob, f->wire.context, "bob@example.org"), ENVOI_OK);
	const struct envoi_roster_item *item = envoi_roster_find(f->roster, bob);
	envoi_jid_unref(bob);
	assert_string_equal(item->name, "Bob & <co>");
	assert_true(envoi_roster_item_is_in(item, "Friends"));
	assert_int_equal(item->subscription, ENVOI_SUBSCRIPTION_BOTH);
}

static void incomplete_contacts_are_saved_without_a_version(void **state)
{
	struct fixture *f = *state;
	fetch(f, " ver=''", LIST(" ver='v1'", CAROL "<item jid='@'/>"));
	assert_string_equal(saved(f), CACHE("me@example.org", LIST("", CAROL)));
}

static void malformed_texts_are_refused_and_change_nothing(void **state)
{
	struct fixture *f = *state;
	static const char *const bad[] = {
		"",
		"x",
		"<roster/>",
		CACHE("me@example.org", ""),
		CACHE("other@example.org", LIST("", BOB)),
		CACHE("me@example.org/here", LIST("", BOB)),
		CACHE("@", LIST("", BOB)),
		"<roster xmlns='urn:envoi:roster:1'>" LIST("", BOB) "</roster>",
		"<roster xmlns='urn:envoi:roster:2' account='me@example.org'>" LIST(
			"", BOB) "</roster>",
		CACHE("me@example.org", LIST("", "<item jid='@'/>")),
		CACHE("me@example.org", LIST("", "<item/>")),
		CACHE("me@example.org", LIST("", BOB BOB)),
		CACHE("me@example.org", LIST("", "<item jid='a@x' subscription='remove'/>")),
		CACHE("me@example.org", LIST("", "<item jid='a@x' approved='maybe'/>")),
		CACHE("me@example.org", LIST("", BOB)) "<more/>",
		CACHE("me@example.org", LIST("", BOB)) "x",
		CACHE("me@example.org", LIST("", BOB)) "</stream:stream>",
		"<!-- c -->" CACHE("me@example.org", LIST("", BOB)),
	};
	assert_int_equal(load(f, CACHE("me@example.org", LIST(" ver='1'", CAROL))), ENVOI_OK);
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		if (load(f, bad[i]) != ENVOI_ERR_INVALID) {
			fail_msg("taken: %s", bad[i]);
		}
		assert_int_equal(envoi_roster_count(f->roster), 1);
	}
	const char *whole = CACHE("me@example.org", LIST(" ver='2'", BOB CAROL));
	for (size_t len = 0; len < strlen(whole); len++) {
		assert_int_equal(envoi_roster_load(f->roster, whole, len), ENVOI_ERR_INVALID);
	}
	assert_int_equal(envoi_roster_load(f->roster, whole, strlen(whole)), ENVOI_OK);
	assert_int_equal(envoi_roster_count(f->roster), 2);
	assert_int_equal(
		envoi_settings_set(f->wire.settings, "limits.roster-items", "1"), ENVOI_OK);
	assert_int_equal(load(f, whole), ENVOI_ERR_LIMIT);
	envoi_roster_detach(f->roster);
	assert_int_equal(load(f, whole), ENVOI_ERR_STATE);
}

static void a_failed_allocation_changes_nothing(void **state)
{
	struct test_allocator allocator = {0};
	struct envoi_allocator functions = test_allocator_functions(&allocator);
	struct fixture f = {0};
	(void)state;
	wire_init(&f.wire, &(struct envoi_context_options){.allocator = functions});
	assert_int_equal(wire_new_session(&f.wire), ENVOI_OK);
	envoi_session_set_jid(f.wire.session, f.wire.own);
	assert_int_equal(envoi_roster_new(&f.roster, f.wire.session, f.wire.settings), ENVOI_OK);
	assert_int_equal(load(&f, CACHE("me@example.org", LIST(" ver='1'", CAROL))), ENVOI_OK);
	char before[2000];
	snprintf(before, sizeof(before), "%s", saved(&f));
	const char *text = CACHE("me@example.org", LIST(" ver='2'", BOB CAROL));
	int r = ENVOI_ERR_NOMEM;
	for (size_t k = 1; r == ENVOI_ERR_NOMEM; k++) {
		allocator.fail_at = allocator.calls + k;
		r = load(&f, text);
		allocator.fail_at = 0;
		if (r == ENVOI_ERR_NOMEM) {
			assert_string_equal(saved(&f), before);
		}
	}
	assert_int_equal(r, ENVOI_OK);
	assert_int_equal(envoi_roster_count(f.roster), 2);
	envoi_roster_free(f.roster);
	wire_finish(&f.wire);
	assert_int_equal(allocator.live, 0);
}

/* --- limits.roster-bytes --- */

static void the_bytes_of_contacts_have_a_limit(void **state)
{
	struct fixture *f = *state;
	char push[4000];
	assert_int_equal(
		envoi_settings_set(f->wire.settings, "limits.roster-bytes", "2k"), ENVOI_OK);
	fetch(f, " ver=''", LIST(" ver='1'", BOB));
	snprintf(push, sizeof(push),
		PUSH(" ver='2'", "<item jid='bob@example.org' name='%02000d'/>"), 0);
	assert_non_null(strstr(wire_talk(&f->wire, push), "resource-constraint"));
	assert_non_null(strstr(wire_log(&f->wire),
		"roster-incomplete the contacts take more than limits.roster-bytes"));
	assert_int_equal(envoi_roster_count(f->roster), 1);
	for (int i = 0; i < 100; i++) {
		snprintf(push, sizeof(push),
			PUSH("", "<item jid='bob@example.org' name='%d%01500d'/>"), i, 0);
		assert_non_null(strstr(wire_talk(&f->wire, push), "type='result'"));
	}
	for (int i = 0; i < 100; i++) {
		snprintf(push, sizeof(push), PUSH("", "<item jid='c%d@example.org'/>"), i);
		wire_talk(&f->wire, push);
	}
	assert_true(envoi_roster_count(f->roster) < 10);
	wire_talk(&f->wire, PUSH("", "<item jid='bob@example.org' subscription='remove'/>"));
	assert_non_null(strstr(
		wire_talk(&f->wire, PUSH("", "<item jid='dave@example.org'/>")), "type='result'"));
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup_online, teardown)
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(
			without_the_feature_no_version_is_named, setup, teardown),
		TEST(the_next_fetch_names_the_version_that_is_held),
		TEST(an_empty_result_without_a_version_is_an_empty_roster),
		TEST(a_push_without_a_version_leaves_it),
		TEST(a_forged_push_does_not_change_the_version),
		TEST(after_a_change_that_is_not_held_the_whole_list_is_fetched),
		TEST(another_account_has_no_version_and_no_contacts),
		TEST(contacts_of_another_account_are_forgotten_without_a_fetch),
		TEST(what_is_saved_is_loaded),
		TEST(incomplete_contacts_are_saved_without_a_version),
		TEST(malformed_texts_are_refused_and_change_nothing),
		cmocka_unit_test(a_failed_allocation_changes_nothing),
		TEST(the_bytes_of_contacts_have_a_limit),
	};
	return cmocka_run_group_tests_name("roster/roster_versions", tests, NULL, NULL);
}
