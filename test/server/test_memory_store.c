/*
 * envoi - envoi-server: tests of the store in memory
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

#include <envoi/envoi.h>
#include <envoi/interfaces/store.h>
#include <envoi/server.h>

#include "test_allocator.h"

static struct envoi_context *context;
static struct envoi_loop *loop;
static struct envoi_store *store;
static char noted[4000]; /* what the last job has ended with */
static bool is_noted;

static void note_contacts(const struct envoi_store_roster *roster)
{
	size_t len = strlen(noted);
	snprintf(noted + len, sizeof(noted) - len, " v%d-%d", (int)roster->version,
		(int)roster->removed);
	for (size_t i = 0; i < roster->contact_count; i++) {
		const struct envoi_store_contact *c = &roster->contacts[i];
		len = strlen(noted);
		snprintf(noted + len, sizeof(noted) - len, " %s:%s:%u:%d:%s:%s", c->jid,
			c->name == NULL ? "-" : c->name, c->subscription, c->is_listed,
			c->group_count == 0 ? "-" : c->groups[c->group_count - 1],
			c->request == NULL ? "-" : c->request);
	}
}

static void on_done(struct envoi_store_job *job, int code, const struct envoi_store_answer *answer)
{
	assert_null(job->data);
	is_noted = true;
	snprintf(noted, sizeof(noted), "%s", envoi_error_name(code) + strlen("ENVOI_"));
	if (answer == NULL) {
		return;
	}
	for (size_t i = 0; i < answer->verifier_count; i++) {
		size_t len = strlen(noted);
		snprintf(noted + len, sizeof(noted) - len, " %s", answer->verifiers[i]);
	}
	for (size_t i = 0; i < answer->message_count; i++) {
		size_t len = strlen(noted);
		snprintf(noted + len, sizeof(noted) - len, " %d=%.*s", (int)answer->messages[i].id,
			(int)answer->messages[i].len, answer->messages[i].xml);
	}
	if (answer->roster.version > 0 || answer->roster.contact_count > 0) {
		note_contacts(&answer->roster);
	}
	if (answer->value != NULL) {
		size_t len = strlen(noted);
		snprintf(noted + len, sizeof(noted) - len, " %.*s", (int)answer->value_len,
			(const char *)answer->value);
	}
}

static struct envoi_store_job job = {.done = on_done};

/* Does nothing before the loop runs, and then reports. */
static void assert_ends(const char *expected)
{
	assert_false(is_noted);
	assert_non_null(job.data);
	assert_int_equal(envoi_loop_simulated_run_for(loop, 1), ENVOI_OK);
	assert_true(is_noted);
	assert_string_equal(noted, expected);
	is_noted = false;
}

static int setup(void **state)
{
	(void)state;
	assert_int_equal(envoi_context_new(&context, NULL), ENVOI_OK);
	assert_int_equal(envoi_loop_new_simulated(&loop, context), ENVOI_OK);
	assert_int_equal(envoi_context_take_loop(context, loop), ENVOI_OK);
	assert_int_equal(envoi_store_new_memory(&store, context), ENVOI_OK);
	is_noted = false;
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	envoi_store_destroy(store);
	envoi_context_unref(context);
	return 0;
}

#define DO(function, ...) store->impl->function(store, &job, __VA_ARGS__)

static const char *const two[] = {"one", "two"};

static void make_alice(void)
{
	DO(set_verifiers, "alice", two, 2, true);
	assert_ends("OK");
}

/* --- tests --- */

static void accounts_are_made_changed_and_removed(void **state)
{
	(void)state;
	DO(look_up, "alice");
	assert_ends("ERR_NOT_FOUND");
	make_alice();
	DO(look_up, "alice");
	assert_ends("OK one two");
	DO(set_verifiers, "alice", two, 2, true);
	assert_ends("ERR_EXISTS");
	DO(set_verifiers, "alice", two + 1, 1, false);
	assert_ends("OK");
	DO(look_up, "alice");
	assert_ends("OK two");
	DO(look_up, "alic");
	assert_ends("ERR_NOT_FOUND");
	DO(remove, "alice");
	assert_ends("OK");
	DO(remove, "alice");
	assert_ends("ERR_NOT_FOUND");
	DO(load_roster, "alice");
	assert_ends("ERR_NOT_FOUND");
}

static void contacts_are_kept_by_their_address(void **state)
{
	(void)state;
	static const char *const groups[] = {"x", "y"};
	const struct envoi_store_contact bob = {
		.jid = "bob@h", .subscription = 3, .is_listed = true, .version = 5};
	const struct envoi_store_contact other_bob = {.jid = "bob@h",
		.name = "Bob",
		.groups = groups,
		.group_count = 2,
		.subscription = ENVOI_STORE_PENDING_IN,
		.request = "<presence/>",
		.version = 9};
	DO(set_contact, "alice", &bob);
	assert_ends("ERR_NOT_FOUND");
	make_alice();
	DO(load_roster, "alice");
	assert_ends("OK");
	DO(set_contact, "alice", &bob);
	assert_ends("OK");
	DO(load_roster, "alice");
	assert_ends("OK v5-0 bob@h:-:3:1:-:-");
	DO(set_contact, "alice", &other_bob);
	assert_ends("OK");
	DO(load_roster, "alice");
	assert_ends("OK v5-0 bob@h:Bob:8:0:y:<presence/>");
	DO(remove_contact, "alice", "carol@h", 0);
	assert_ends("OK");
	DO(remove_contact, "alice", "bob@h", 7);
	assert_ends("OK");
	DO(load_roster, "alice");
	assert_ends("OK v7-7");
}

static void many_contacts_are_found_again(void **state)
{
	(void)state;
	enum {
		MANY = 3000
	};
	char jid[40];
	struct envoi_store_contact contact = {.jid = jid, .is_listed = true};
	make_alice();
	for (int i = 0; i < 2 * MANY; i++) {
		snprintf(jid, sizeof(jid), "contact%d@example.org", i % MANY);
		contact.version = (uint64_t)i + 1;
		DO(set_contact, "alice", &contact);
		assert_ends("OK");
	}
	for (int i = 0; i < MANY - 1; i++) {
		snprintf(jid, sizeof(jid), "contact%d@example.org", i);
		DO(remove_contact, "alice", jid, 0);
		assert_ends("OK");
	}
	DO(load_roster, "alice");
	assert_ends("OK v6000-0 contact2999@example.org:-:0:1:-:-");
}

static void messages_wait_in_order_up_to_a_limit(void **state)
{
	(void)state;
	static const uint64_t ids[] = {1, 3, 9};
	DO(add_message, "alice", "a", 1, 3);
	assert_ends("ERR_NOT_FOUND");
	make_alice();
	DO(add_message, "alice", "abc", 1, 3);
	assert_ends("OK");
	DO(add_message, "alice", "b", 1, 3);
	assert_ends("OK");
	DO(add_message, "alice", "c", 1, 3);
	assert_ends("OK");
	DO(add_message, "alice", "d", 1, 3);
	assert_ends("ERR_LIMIT");
	DO(load_messages, "alice", 2);
	assert_ends("OK 1=a 2=b");
	DO(remove_messages, "alice", ids, 3);
	assert_ends("OK");
	DO(add_message, "alice", "d", 1, 3);
	assert_ends("OK");
	DO(load_messages, "alice", 10);
	assert_ends("OK 2=b 4=d");
}

static void values_are_kept_by_their_key_up_to_a_limit(void **state)
{
	(void)state;
	DO(set_value, "alice", "k", "v", 1, 2);
	assert_ends("ERR_NOT_FOUND");
	make_alice();
	DO(get_value, "alice", "k");
	assert_ends("ERR_NOT_FOUND");
	DO(set_value, "alice", "k", "v", 1, 2);
	assert_ends("OK");
	DO(set_value, "alice", "l", "w", 1, 2);
	assert_ends("OK");
	DO(set_value, "alice", "m", "x", 1, 2);
	assert_ends("ERR_LIMIT");
	DO(set_value, "alice", "k", "u", 1, 2);
	assert_ends("OK");
	DO(get_value, "alice", "k");
	assert_ends("OK u");
	DO(set_value, "alice", "k", NULL, 0, 2);
	assert_ends("OK");
	DO(get_value, "alice", "k");
	assert_ends("ERR_NOT_FOUND");
}

static void a_canceled_job_does_not_end(void **state)
{
	(void)state;
	make_alice();
	DO(look_up, "alice");
	envoi_store_cancel(store, &job);
	DO(set_value, "alice", "k", "v", 1, 2);
	envoi_store_cancel(store, &job);
	envoi_store_cancel(store, &job);
	assert_int_equal(envoi_loop_simulated_run_for(loop, 1), ENVOI_OK);
	assert_false(is_noted);
}

static unsigned int ends;

static void on_freed(
	struct envoi_store_job *ended, int code, const struct envoi_store_answer *answer)
{
	(void)answer;
	assert_int_equal(code, ENVOI_OK);
	if (++ends < 3) {
		store->impl->look_up(store, ended, "alice");
	} else {
		free(ended);
	}
}

static void a_job_may_be_freed_or_begun_again_where_it_ends(void **state)
{
	(void)state;
	struct envoi_store_job *other = calloc(1, sizeof(*other));
	make_alice();
	other->done = on_freed;
	ends = 0;
	store->impl->look_up(store, other, "alice");
	assert_int_equal(envoi_loop_simulated_run_for(loop, 10), ENVOI_OK);
	assert_int_equal(ends, 3);
}

static int do_all(struct envoi_context *with)
{
	static int code;
	struct envoi_loop *its_loop;
	struct envoi_store *made;
	struct envoi_store_job mine = {.done = on_done};
	const struct envoi_store_contact bob = {.jid = "bob@h", .is_listed = true};
	code = envoi_loop_new_simulated(&its_loop, with);
	if (code == ENVOI_OK) {
		code = envoi_context_take_loop(with, its_loop);
	}
	if (code == ENVOI_OK) {
		code = envoi_store_new_memory(&made, with);
	}
	if (code < 0) {
		return code;
	}
	for (int i = 0; code == ENVOI_OK && i < 8; i++) {
		switch (i) {
		case 0:
			made->impl->set_verifiers(made, &mine, "alice", two, 2, true);
			break;
		case 1:
			made->impl->look_up(made, &mine, "alice");
			break;
		case 2:
			made->impl->set_contact(made, &mine, "alice", &bob);
			break;
		case 3:
			made->impl->load_roster(made, &mine, "alice");
			break;
		case 4:
			made->impl->add_message(made, &mine, "alice", "a", 1, 1);
			break;
		case 5:
			made->impl->load_messages(made, &mine, "alice", 1);
			break;
		case 6:
			made->impl->set_value(made, &mine, "alice", "k", "v", 1, 1);
			break;
		default:
			made->impl->get_value(made, &mine, "alice", "k");
			break;
		}
		is_noted = false;
		code = envoi_loop_simulated_run_for(its_loop, 1);
		assert_true(is_noted);
		if (strcmp(noted, "ERR_NOMEM") == 0) {
			code = ENVOI_ERR_NOMEM;
		}
	}
	envoi_store_destroy(made);
	return code;
}

static void without_memory_nothing_is_changed_or_lost(void **state)
{
	(void)state;
	assert_true(test_allocator_try(do_all) > 10);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(
			accounts_are_made_changed_and_removed, setup, teardown),
		cmocka_unit_test_setup_teardown(
			contacts_are_kept_by_their_address, setup, teardown),
		cmocka_unit_test_setup_teardown(many_contacts_are_found_again, setup, teardown),
		cmocka_unit_test_setup_teardown(
			messages_wait_in_order_up_to_a_limit, setup, teardown),
		cmocka_unit_test_setup_teardown(
			values_are_kept_by_their_key_up_to_a_limit, setup, teardown),
		cmocka_unit_test_setup_teardown(a_canceled_job_does_not_end, setup, teardown),
		cmocka_unit_test_setup_teardown(
			a_job_may_be_freed_or_begun_again_where_it_ends, setup, teardown),
		cmocka_unit_test(without_memory_nothing_is_changed_or_lost),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
