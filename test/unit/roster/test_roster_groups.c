/*
 * envoi - groups of a roster: tests
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

#define PUSH(items) "<iq type='set' id='p'><query xmlns='jabber:iq:roster'>" items "</query></iq>"
#define BOB \
	"<item jid='bob@example.org' name='Bob'><group>Work</group><group>Friends</group></item>"
#define CAROL "<item jid='carol@example.org'><group>Work</group></item>"

struct fixture {
	struct wire wire;
	struct envoi_roster *roster;
	struct envoi_jid *bob;
	struct envoi_handler filter;
	int ended, end_code;
};

static int setup(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));
	assert_non_null(f);
	wire_init(&f->wire, NULL);
	wire_go_online(&f->wire);
	assert_int_equal(envoi_roster_new(&f->roster, f->wire.session, f->wire.settings), ENVOI_OK);
	assert_int_equal(
		envoi_jid_from_text(&f->bob, f->wire.context, "bob@example.org"), ENVOI_OK);
	wire_talk(&f->wire, PUSH(BOB));
	wire_talk(&f->wire, PUSH(CAROL));
	*state = f;
	return 0;
}

static int teardown(void **state)
{
	struct fixture *f = *state;
	envoi_jid_unref(f->bob);
	envoi_roster_free(f->roster);
	wire_finish(&f->wire);
	free(f);
	return 0;
}

static void on_end(void *user, int code)
{
	struct fixture *f = user;
	f->ended++;
	f->end_code = code;
}

static void on_end_free(void *user, int code)
{
	struct fixture *f = user;
	on_end(user, code);
	envoi_roster_free(f->roster);
	f->roster = NULL;
}

/* @return its members; 0: there is no such group */
static size_t members(struct fixture *f, const char *name)
{
	size_t position = 0, count = 0;
	const char *group;
	while ((group = envoi_roster_next_group(f->roster, &position, &count)) != NULL) {
		if (strcmp(group, name) == 0) {
			return count;
		}
	}
	return 0;
}

static const char *heard(struct fixture *f)
{
	wire_run(&f->wire, 0);
	return wire_heard(&f->wire);
}

static void groups_are_what_contacts_say(void **state)
{
	struct fixture *f = *state;
	size_t position = 0;
	assert_int_equal(members(f, "Work"), 2);
	assert_int_equal(members(f, "Friends"), 1);
	assert_int_equal(members(f, "work"), 0);
	assert_non_null(envoi_roster_next_in_group(f->roster, "Work", &position));
	assert_non_null(envoi_roster_next_in_group(f->roster, "Work", &position));
	assert_null(envoi_roster_next_in_group(f->roster, "Work", &position));
	wire_talk(&f->wire, PUSH("<item jid='bob@example.org'><group>Work</group></item>"));
	assert_int_equal(members(f, "Friends"), 0);
	assert_int_equal(members(f, "Work"), 2);
	wire_talk(&f->wire, PUSH("<item jid='carol@example.org' subscription='remove'/>"));
	wire_talk(&f->wire, PUSH("<item jid='bob@example.org'/>"));
	position = 0;
	assert_null(envoi_roster_next_group(f->roster, &position, NULL));
}

static void a_group_that_is_named_twice_counts_once(void **state)
{
	struct fixture *f = *state;
	wire_talk(&f->wire,
		PUSH("<item jid='bob@example.org'><group>Work</group><group/><group>Work</group>"
		     "<group>New</group><group>New</group></item>"));
	assert_int_equal(members(f, "Work"), 2);
	assert_int_equal(members(f, "New"), 1);
	assert_int_equal(members(f, ""), 0);
	assert_int_equal(envoi_roster_rename(f->roster, f->bob, "Bob", NULL, NULL), ENVOI_OK);
	assert_non_null(
		strstr(heard(f), "name='Bob'><group>Work</group><group>New</group></item>"));
	wire_talk(&f->wire, PUSH("<item jid='bob@example.org'/>"));
	assert_int_equal(members(f, "Work"), 1);
	assert_int_equal(members(f, "New"), 0);
}

/* More than a comparison of each with each could check in the time of a test. */
static void a_contact_in_many_groups_is_changed_soon(void **state)
{
	enum {
		COUNT = 200000
	};
	struct fixture *f = *state;
	static char names[COUNT][32];
	static const char *groups[COUNT];
	for (int i = 0; i < COUNT; i++) {
		snprintf(names[i], sizeof(names[i]), "a group with number %d", i);
		groups[i] = names[i];
	}
	const struct envoi_roster_item item = {
		.jid = f->bob, .groups = groups, .group_count = COUNT};
	assert_int_not_equal(envoi_roster_set(f->roster, &item, NULL, NULL), ENVOI_ERR_INVALID);
}

static void a_contact_enters_and_leaves_a_group(void **state)
{
	struct fixture *f = *state;
	assert_int_equal(envoi_roster_add_to_group(f->roster, f->bob, "New", NULL, NULL), ENVOI_OK);
	assert_non_null(strstr(heard(f),
		"<item jid='bob@example.org' name='Bob'><group>Work</group>"
		"<group>Friends</group><group>New</group></item>"));
	assert_int_equal(
		envoi_roster_add_to_group(f->roster, f->bob, "Work", NULL, NULL), ENVOI_OK);
	assert_non_null(
		strstr(heard(f), "name='Bob'><group>Friends</group><group>Work</group></item>"));
	assert_int_equal(
		envoi_roster_remove_from_group(f->roster, f->bob, "Work", NULL, NULL), ENVOI_OK);
	assert_non_null(strstr(heard(f), "name='Bob'><group>Friends</group></item>"));
	assert_int_equal(envoi_roster_remove_from_group(f->roster, f->bob, "New", NULL, NULL),
		ENVOI_ERR_NOT_FOUND);
	assert_string_equal(envoi_session_problem(f->wire.session),
		"roster: bob@example.org is not in the group \"New\"");
	assert_int_equal(
		envoi_roster_add_to_group(f->roster, f->bob, "", NULL, NULL), ENVOI_ERR_INVALID);
	assert_string_equal(
		envoi_session_problem(f->wire.session), "roster: the name of a group is empty");
	assert_int_equal(envoi_roster_rename(f->roster, f->bob, "Robert", NULL, NULL), ENVOI_OK);
	assert_non_null(
		strstr(heard(f), "name='Robert'><group>Work</group><group>Friends</group></item>"));
}

static void groups_of_a_contact_are_checked(void **state)
{
	struct fixture *f = *state;
	const char *const twice[] = {"A", "B", "A"};
	const struct envoi_roster_item item = {.jid = f->bob, .groups = twice, .group_count = 3};
	assert_int_equal(envoi_roster_set(f->roster, &item, NULL, NULL), ENVOI_ERR_INVALID);
	assert_string_equal(
		envoi_session_problem(f->wire.session), "roster: the group \"A\" is named twice");
	assert_string_equal(heard(f), "");
}

static void a_refusal_has_its_own_reason(void **state)
{
	struct fixture *f = *state;
	struct envoi_jid *eve;
	assert_int_equal(
		envoi_roster_add_to_group(f->roster, f->bob, "", NULL, NULL), ENVOI_ERR_INVALID);
	assert_int_equal(envoi_jid_from_text(&eve, f->wire.context, "eve@example.org"), ENVOI_OK);
	assert_int_equal(
		envoi_roster_rename(f->roster, eve, "Eve", NULL, NULL), ENVOI_ERR_NOT_FOUND);
	assert_string_equal(
		envoi_session_problem(f->wire.session), "roster: eve@example.org is not a contact");
	assert_int_equal(
		envoi_roster_add_to_group(f->roster, f->bob, "", NULL, NULL), ENVOI_ERR_INVALID);
	assert_int_equal(
		envoi_roster_add_to_group(f->roster, eve, "Work", NULL, NULL), ENVOI_ERR_NOT_FOUND);
	assert_string_equal(
		envoi_session_problem(f->wire.session), "roster: eve@example.org is not a contact");
	assert_int_equal(envoi_roster_rename_group(f->roster, "None", "Some", NULL, NULL),
		ENVOI_ERR_NOT_FOUND);
	assert_string_equal(envoi_session_problem(f->wire.session),
		"roster: no contact is in the group \"None\"");
	envoi_roster_detach(f->roster);
	assert_int_equal(
		envoi_roster_rename(f->roster, eve, "Eve", NULL, NULL), ENVOI_ERR_NOT_FOUND);
	envoi_jid_unref(eve);
}

/* Answers every request in what was heard. @return how many */
static int answer_all(struct fixture *f, const char *type)
{
	char text[20000], answer[200];
	int count = 0;
	snprintf(text, sizeof(text), "%s", heard(f));
	for (char *id = text; (id = strstr(id, " id='")) != NULL; id++, count++) {
		snprintf(answer, sizeof(answer), "<iq type='%s' %.26s'%s", type, id + 1,
			strcmp(type, "result") == 0
				? "/>"
				: "><error type='cancel'><item-not-found "
				  "xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/></error></iq>");
		wire_say(&f->wire, answer);
	}
	wire_run(&f->wire, 0);
	return count;
}

static void a_group_gets_another_name(void **state)
{
	struct fixture *f = *state;
	for (int i = 0; i < 48; i++) {
		char push[200];
		snprintf(push, sizeof(push),
			PUSH("<item jid='c%d@example.org'><group>Work</group></item>"), i);
		wire_talk(&f->wire, push);
	}
	assert_int_equal(members(f, "Work"), 50);
	assert_int_equal(
		envoi_roster_rename_group(f->roster, "Work", "Office", on_end, f), ENVOI_OK);
	int sent = 0, more;
	while ((more = answer_all(f, "result")) > 0) {
		assert_true(more <= 16);
		assert_int_equal(f->ended, sent + more == 50 ? 1 : 0);
		sent += more;
	}
	assert_int_equal(sent, 50);
	assert_int_equal(f->ended, 1);
	assert_int_equal(f->end_code, ENVOI_OK);
}

static void a_group_is_removed(void **state)
{
	struct fixture *f = *state;
	assert_int_equal(
		envoi_roster_rename_group(f->roster, "Friends", NULL, NULL, NULL), ENVOI_OK);
	assert_non_null(strstr(heard(f), "name='Bob'><group>Work</group></item>"));
	assert_int_equal(envoi_roster_rename_group(f->roster, "None", "New", on_end, f),
		ENVOI_ERR_NOT_FOUND);
	assert_int_equal(
		envoi_roster_rename_group(f->roster, "Work", "", on_end, f), ENVOI_ERR_INVALID);
	wire_run(&f->wire, 100000);
	assert_int_equal(f->ended, 0);
}

static void a_change_ends_with_its_first_failure(void **state)
{
	struct fixture *f = *state;
	assert_int_equal(
		envoi_roster_rename_group(f->roster, "Work", "Office", on_end, f), ENVOI_OK);
	assert_int_equal(answer_all(f, "error"), 2);
	assert_int_equal(f->ended, 1);
	assert_int_equal(f->end_code, ENVOI_ERR_STANZA);
}

static void a_change_ends_when_the_roster_is_detached(void **state)
{
	struct fixture *f = *state;
	assert_int_equal(
		envoi_roster_rename_group(f->roster, "Work", "Office", on_end, f), ENVOI_OK);
	envoi_roster_detach(f->roster);
	assert_int_equal(f->ended, 1);
	assert_int_equal(f->end_code, ENVOI_ERR_CANCELED);
	answer_all(f, "result");
	assert_int_equal(f->ended, 1);
	assert_int_equal(
		envoi_roster_rename_group(f->roster, "Work", "Office", on_end, f), ENVOI_ERR_STATE);
}

static void the_roster_may_be_freed_where_a_change_ends(void **state)
{
	struct fixture *f = *state;
	assert_int_equal(
		envoi_roster_rename_group(f->roster, "Work", "Office", on_end_free, f), ENVOI_OK);
	assert_int_equal(answer_all(f, "result"), 2);
	assert_int_equal(f->ended, 1);
	assert_null(f->roster);
}

static void the_roster_may_be_freed_where_detaching_ends_a_change(void **state)
{
	struct fixture *f = *state;
	assert_int_equal(
		envoi_roster_rename_group(f->roster, "Work", "Office", on_end_free, f), ENVOI_OK);
	assert_int_equal(
		envoi_roster_rename_group(f->roster, "Friends", "Pals", on_end, f), ENVOI_OK);
	envoi_roster_detach(f->roster);
	assert_int_equal(f->ended, 2);
	answer_all(f, "result");
}

static int free_it(
	struct envoi_handler *self, struct envoi_session *session, struct envoi_stanza *stanza)
{
	struct fixture *f = ENVOI_CONTAINER_OF(self, struct fixture, filter);
	(void)session;
	(void)stanza;
	envoi_roster_free(f->roster);
	f->roster = NULL;
	return ENVOI_OK;
}

static const struct envoi_filters filters = {.stanza_out = free_it};
static const struct envoi_handler_impl filter_impl = {.filters = &filters};

static void the_roster_may_be_freed_where_a_filter_sees_a_change(void **state)
{
	struct fixture *f = *state;
	f->filter = (struct envoi_handler)ENVOI_HANDLER(&filter_impl);
	wire_add(&f->wire, &f->filter);
	assert_int_equal(envoi_roster_rename_group(f->roster, "Work", "Office", on_end, f),
		ENVOI_ERR_CANCELED);
	assert_null(f->roster);
	answer_all(f, "result");
	assert_int_equal(f->ended, 0);
	wire_remove(&f->wire);
}

static void without_memory_nothing_leaks(void **state)
{
	struct test_allocator allocator = {0};
	struct envoi_allocator functions = test_allocator_functions(&allocator);
	(void)state;
	for (size_t k = 1; k < 200; k++) {
		struct fixture f = {0};
		wire_init(&f.wire, &(struct envoi_context_options){.allocator = functions});
		wire_go_online(&f.wire);
		assert_int_equal(
			envoi_roster_new(&f.roster, f.wire.session, f.wire.settings), ENVOI_OK);
		wire_talk(&f.wire, PUSH(BOB));
		wire_talk(&f.wire, PUSH(CAROL));
		allocator.fail_at = allocator.calls + k;
		int r = envoi_roster_rename_group(f.roster, "Work", "Office", on_end, &f);
		answer_all(&f, "result");
		allocator.fail_at = 0;
		wire_run(&f.wire, 100000);
		envoi_roster_free(f.roster);
		wire_finish(&f.wire);
		assert_int_equal(f.ended, r == ENVOI_OK ? 1 : 0);
		assert_int_equal(allocator.live, 0);
	}
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
	const struct CMUnitTest tests[] = {
		TEST(groups_are_what_contacts_say),
		TEST(a_group_that_is_named_twice_counts_once),
		TEST(a_contact_in_many_groups_is_changed_soon),
		TEST(a_contact_enters_and_leaves_a_group),
		TEST(groups_of_a_contact_are_checked),
		TEST(a_refusal_has_its_own_reason),
		TEST(a_group_gets_another_name),
		TEST(a_group_is_removed),
		TEST(a_change_ends_with_its_first_failure),
		TEST(a_change_ends_when_the_roster_is_detached),
		TEST(the_roster_may_be_freed_where_a_change_ends),
		TEST(the_roster_may_be_freed_where_detaching_ends_a_change),
		TEST(the_roster_may_be_freed_where_a_filter_sees_a_change),
		cmocka_unit_test(without_memory_nothing_leaks),
	};
	return cmocka_run_group_tests_name("roster/roster_groups", tests, NULL, NULL);
}
