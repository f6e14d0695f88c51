/*
 * envoi - the contacts and groups of a roster in order: tests
 * SPDX-License-Identifier: MIT
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "stanzas.h"
#include "test_allocator.h"
#include "wire.h"

#define PUSH(items) "<iq type='set' id='p'><query xmlns='jabber:iq:roster'>" items "</query></iq>"

struct fixture {
	struct wire wire;
	struct envoi_roster *roster;
	struct envoi_buffer text; /* a list as text */
};

static void begin(struct fixture *f, const struct envoi_context_options *options)
{
	wire_init(&f->wire, options);
	wire_go_online(&f->wire);
	assert_int_equal(envoi_roster_new(&f->roster, f->wire.session, f->wire.settings), ENVOI_OK);
	envoi_buffer_init(&f->text, f->wire.notes, 0);
}

static void end(struct fixture *f)
{
	envoi_buffer_finish(&f->text);
	envoi_roster_free(f->roster);
	wire_finish(&f->wire);
}

static int setup(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));
	assert_non_null(f);
	begin(f, NULL);
	*state = f;
	return 0;
}

static int teardown(void **state)
{
	end(*state);
	free(*state);
	return 0;
}

static void push(struct fixture *f, const char *attributes, const char *content)
{
	struct envoi_buffer xml;
	envoi_buffer_init(&xml, f->wire.notes, 0);
	write_text(&xml, PUSH("<item %s>%s</item>"), attributes, content);
	wire_talk(&f->wire, written_text(&xml));
	envoi_buffer_finish(&xml);
}

static const char *taken(struct fixture *f)
{
	const char *text = written_text(&f->text);
	forget_text(&f->text);
	return text;
}

/* @return the localparts of the addresses, in order */
static const char *sorted(struct fixture *f, const char *group)
{
	const struct envoi_roster_item **items;
	assert_int_equal(envoi_roster_sort(f->roster, group, &items), ENVOI_OK);
	for (size_t i = 0; items[i] != NULL; i++) {
		write_text(&f->text, "%s ", envoi_jid_local(items[i]->jid));
	}
	envoi_free(f->wire.context, items);
	return taken(f);
}

static const char *sorted_groups(struct fixture *f)
{
	const char **groups;
	assert_int_equal(envoi_roster_sort_groups(f->roster, &groups), ENVOI_OK);
	for (size_t i = 0; groups[i] != NULL; i++) {
		write_text(&f->text, "%s|", groups[i]);
	}
	envoi_free(f->wire.context, groups);
	return taken(f);
}

/* RFC 8266, section 2.4: case, width and spaces make no difference. */
static void contacts_are_in_the_order_of_their_names(void **state)
{
	struct fixture *f = *state;
	push(f, "jid='c1@b' name='carol'", "");
	push(f, "jid='c2@b' name='Zo&#xeb;'", "");
	push(f, "jid='c3@b' name=' Bob  B'", "");
	push(f, "jid='c4@b' name='&#xff21;lice'", ""); /* a wide A */
	push(f, "jid='c5@b' name='bob a'", "");
	push(f, "jid='c6@b' name='&#xc9;mile'", "");
	push(f, "jid='c7@b' name='&#xe9;lan'", "");
	assert_string_equal(sorted(f, NULL), "c4 c5 c3 c1 c2 c7 c6 ");
}

static void a_contact_without_a_name_has_the_place_of_its_address(void **state)
{
	struct fixture *f = *state;
	push(f, "jid='dora@b'", "");
	push(f, "jid='x@b' name='Carol'", "");
	push(f, "jid='y@b' name='Erik'", "");
	push(f, "jid='bert@b' name=''", "");
	assert_string_equal(sorted(f, NULL), "bert x dora y ");
}

static void equal_names_are_in_the_order_of_their_addresses(void **state)
{
	struct fixture *f = *state;
	push(f, "jid='c@b' name='Bob'", "");
	push(f, "jid='a@b' name='bob'", "");
	push(f, "jid='b@b' name='BOB'", "");
	assert_string_equal(sorted(f, NULL), "a b c ");
}

/* Unassigned characters, blanks only. */
static void names_that_are_no_nicknames_are_in_the_list(void **state)
{
	struct fixture *f = *state;
	push(f, "jid='u@b' name='a&#x378;'", "");
	push(f, "jid='s@b' name='   '", "");
	push(f, "jid='b@b' name='B'", "");
	assert_string_equal(sorted(f, NULL), "s u b ");
}

static void a_list_may_be_that_of_a_group(void **state)
{
	struct fixture *f = *state;
	push(f, "jid='c@b'", "<group>Work</group>");
	push(f, "jid='b@b'", "<group>Work</group><group>work</group>");
	push(f, "jid='a@b'", "<group>Friends</group>");
	assert_string_equal(sorted(f, "Work"), "b c ");
	assert_string_equal(sorted(f, "work"), "b ");
	assert_string_equal(sorted(f, "Family"), "");
	assert_string_equal(sorted(f, ENVOI_ROSTER_NO_GROUP), "");
}

static void contacts_without_a_group_are_found(void **state)
{
	struct fixture *f = *state;
	size_t position = 0;
	push(f, "jid='c@b'", "");
	push(f, "jid='b@b'", "<group>Work</group>");
	push(f, "jid='a@b'", "<group/>");
	assert_string_equal(sorted(f, ENVOI_ROSTER_NO_GROUP), "a c ");
	const struct envoi_roster_item *item;
	size_t count = 0;
	while ((item = envoi_roster_next_in_group(f->roster, ENVOI_ROSTER_NO_GROUP, &position)) !=
		NULL) {
		assert_true(envoi_roster_item_is_in(item, ENVOI_ROSTER_NO_GROUP));
		assert_int_equal(item->group_count, 0);
		count++;
	}
	assert_int_equal(count, 2);
}

/* They are no group, which has a name (RFC 6121, section 2.3.3). */
static void contacts_without_a_group_are_not_changed_as_one(void **state)
{
	struct fixture *f = *state;
	struct envoi_jid *jid;
	assert_int_equal(envoi_jid_from_text(&jid, f->wire.context, "c@b"), ENVOI_OK);
	push(f, "jid='c@b'", "");
	(void)wire_heard(&f->wire);
	assert_int_equal(
		envoi_roster_rename_group(f->roster, ENVOI_ROSTER_NO_GROUP, "New", NULL, NULL),
		ENVOI_ERR_INVALID);
	assert_int_equal(
		envoi_roster_remove_from_group(f->roster, jid, ENVOI_ROSTER_NO_GROUP, NULL, NULL),
		ENVOI_ERR_INVALID);
	wire_run(&f->wire, 0);
	assert_string_equal(wire_heard(&f->wire), "");
	envoi_jid_unref(jid);
}

static void groups_are_in_order(void **state)
{
	struct fixture *f = *state;
	assert_string_equal(sorted_groups(f), "");
	push(f, "jid='c@b'", "<group>work</group><group>Zoo</group>");
	push(f, "jid='b@b'", "<group>Work</group><group>friends</group>");
	assert_string_equal(sorted_groups(f), "friends|Work|work|Zoo|");
}

static void the_list_of_an_empty_roster_is_empty(void **state)
{
	struct fixture *f = *state;
	assert_string_equal(sorted(f, NULL), "");
	assert_string_equal(sorted(f, ENVOI_ROSTER_NO_GROUP), "");
}

static int sort_both(struct fixture *f)
{
	const struct envoi_roster_item **items;
	const char **groups;
	int r = envoi_roster_sort(f->roster, NULL, &items);
	if (r < 0) {
		return r;
	}
	envoi_free(f->wire.context, items);
	r = envoi_roster_sort_groups(f->roster, &groups);
	if (r == ENVOI_OK) {
		envoi_free(f->wire.context, groups);
	}
	return r;
}

static void every_failed_allocation_is_reported(void **state)
{
	(void)state;
	struct test_allocator allocator = {0};
	struct envoi_allocator functions = test_allocator_functions(&allocator);
	int r = ENVOI_ERR_NOMEM;
	size_t k = 1;
	for (; r != ENVOI_OK; k++) {
		struct fixture f = {0};
		begin(&f, &(struct envoi_context_options){.allocator = functions});
		push(&f, "jid='c@b' name='Carol'", "<group>Work</group>");
		push(&f, "jid='b@b'", "<group>Friends</group>");
		allocator.fail_at = allocator.calls + k;
		r = sort_both(&f);
		allocator.fail_at = 0;
		assert_true(r == ENVOI_OK || r == ENVOI_ERR_NOMEM);
		end(&f);
		assert_int_equal(allocator.live, 0);
	}
	assert_true(k > 8); /* two lists, four keys, two results */
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
	const struct CMUnitTest tests[] = {
		TEST(contacts_are_in_the_order_of_their_names),
		TEST(a_contact_without_a_name_has_the_place_of_its_address),
		TEST(equal_names_are_in_the_order_of_their_addresses),
		TEST(names_that_are_no_nicknames_are_in_the_list),
		TEST(a_list_may_be_that_of_a_group),
		TEST(contacts_without_a_group_are_found),
		TEST(contacts_without_a_group_are_not_changed_as_one),
		TEST(groups_are_in_order),
		TEST(the_list_of_an_empty_roster_is_empty),
		cmocka_unit_test(every_failed_allocation_is_reported),
	};
	return cmocka_run_group_tests_name("roster/roster_sorted", tests, NULL, NULL);
}
