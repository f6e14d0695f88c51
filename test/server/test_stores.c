/*
 * envoi - envoi-server: cases that every store passes
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
#if defined(HAS_SQLITE)
#include <envoi/sqlite_store.h>
#endif

#include "store_fixture.h"
#include "test_allocator.h"

/* --- the stores --- */

static int make_memory(
	struct envoi_store **ret_store, struct envoi_context *context, const char *path)
{
	(void)path;
	return envoi_store_new_memory(ret_store, context);
}

#if defined(HAS_SQLITE)
static int make_sqlite(
	struct envoi_store **ret_store, struct envoi_context *context, const char *path)
{
	const struct envoi_sqlite_store_options options = {.path = path};
	return envoi_store_open_sqlite(ret_store, context, &options, NULL);
}
#endif

static const struct kind {
	const char *name;
	store_maker *make;
} kinds[] = {
	{"memory", make_memory},
#if defined(HAS_SQLITE)
	{"sqlite", make_sqlite},
#endif
};

static int setup(void **state)
{
	const struct kind *kind = *state;
	store_begin(kind->make);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	store_finish();
	return 0;
}

static const char *const two[] = {"one", "two"};

/* --- tests --- */

static void accounts_are_made_changed_and_removed(void **state)
{
	(void)state;
	STORE_DO(look_up, "alice");
	assert_store_ends("ERR_NOT_FOUND");
	store_make_alice();
	STORE_DO(look_up, "alice");
	assert_store_ends("OK one two");
	STORE_DO(set_verifiers, "alice", two, 2, ENVOI_STORE_NEW);
	assert_store_ends("ERR_EXISTS");
	STORE_DO(set_verifiers, "alice", two + 1, 1, ENVOI_STORE_ANY);
	assert_store_ends("OK");
	STORE_DO(look_up, "alice");
	assert_store_ends("OK two");
	STORE_DO(set_verifiers, "alice", two, 2, ENVOI_STORE_CHANGE);
	assert_store_ends("OK");
	STORE_DO(set_verifiers, "bob", two, 2, ENVOI_STORE_CHANGE);
	assert_store_ends("ERR_NOT_FOUND");
	STORE_DO(look_up, "bob");
	assert_store_ends("ERR_NOT_FOUND");
	STORE_DO(look_up, "alic");
	assert_store_ends("ERR_NOT_FOUND");
	STORE_DO(remove, "alice");
	assert_store_ends("OK");
	STORE_DO(remove, "alice");
	assert_store_ends("ERR_NOT_FOUND");
	STORE_DO(load_roster, "alice");
	assert_store_ends("ERR_NOT_FOUND");
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
	STORE_DO(set_contact, "alice", &bob);
	assert_store_ends("ERR_NOT_FOUND");
	store_make_alice();
	STORE_DO(load_roster, "alice");
	assert_store_ends("OK");
	STORE_DO(set_contact, "alice", &bob);
	assert_store_ends("OK");
	STORE_DO(load_roster, "alice");
	assert_store_ends("OK v5-0 bob@h:-:3:1:0:-");
	STORE_DO(set_contact, "alice", &other_bob);
	assert_store_ends("OK");
	STORE_DO(load_roster, "alice");
	assert_store_ends("OK v5-0 bob@h:Bob:8:0:2y:<presence/>");
	STORE_DO(remove_contact, "alice", "carol@h", 0);
	assert_store_ends("OK");
	STORE_DO(remove_contact, "alice", "bob@h", 7);
	assert_store_ends("OK");
	STORE_DO(load_roster, "alice");
	assert_store_ends("OK v7-7");
}

enum {
	MANY = 1000,
};

static size_t open_jobs;

static void on_one_of_many(
	struct envoi_store_job *job, int code, const struct envoi_store_answer *answer)
{
	(void)job;
	(void)answer;
	assert_int_equal(code, ENVOI_OK);
	open_jobs--;
}

static void wait_for_many(void)
{
	while (open_jobs > 0) {
		assert_int_equal(envoi_loop_run_once(store_fixture.loop, true), ENVOI_OK);
	}
}

/* @return the first of MANY jobs, zeroed */
static struct envoi_store_job *make_many(void)
{
	static struct envoi_store_job jobs[MANY];
	for (size_t i = 0; i < MANY; i++) {
		jobs[i] = (struct envoi_store_job){.done = on_one_of_many};
	}
	open_jobs = MANY;
	return jobs;
}

static void set_many_contacts(uint64_t first_version)
{
	struct envoi_store *store = store_fixture.store;
	struct envoi_store_job *jobs = make_many();
	char jid[40];
	struct envoi_store_contact contact = {.jid = jid, .is_listed = true};
	for (size_t i = 0; i < MANY; i++) {
		snprintf(jid, sizeof(jid), "contact%zu@example.org", i);
		contact.version = first_version + i;
		store->impl->set_contact(store, &jobs[i], "alice", &contact);
	}
	wait_for_many();
}

static void many_contacts_are_found_again(void **state)
{
	(void)state;
	struct envoi_store *store = store_fixture.store;
	store_make_alice();
	set_many_contacts(1);
	set_many_contacts(MANY + 1);
	struct envoi_store_job *jobs = make_many();
	char jid[40];
	for (size_t i = 0; i < MANY; i++) {
		snprintf(jid, sizeof(jid), "contact%zu@example.org", i == 500 ? 499 : i);
		store->impl->remove_contact(store, &jobs[i], "alice", jid, 0);
	}
	wait_for_many();
	STORE_DO(load_roster, "alice");
	assert_store_ends("OK v2000-0 contact500@example.org:-:0:1:0:-");
}

/* The texts that a job was begun with may change at once, and jobs of one account keep their order.
 */
static void jobs_of_one_turn_take_effect_in_their_order(void **state)
{
	(void)state;
	struct envoi_store *store = store_fixture.store;
	store_make_alice();
	struct envoi_store_job *jobs = make_many();
	char body[10];
	for (size_t i = 0; i < MANY; i++) {
		snprintf(body, sizeof(body), "%zu", i);
		store->impl->add_message(store, &jobs[i], "alice", body, strlen(body), SIZE_MAX);
	}
	memset(body, 'x', sizeof(body));
	STORE_DO(load_messages, "alice", 3);
	assert_store_ends("OK 1=0 2=1 3=2");
	wait_for_many();
	uint64_t ids[MANY - 1];
	for (size_t i = 0; i < MANY - 1; i++) {
		ids[i] = i + 1;
	}
	STORE_DO(remove_messages, "alice", ids, MANY - 1);
	assert_store_ends("OK");
	STORE_DO(load_messages, "alice", SIZE_MAX);
	assert_store_ends("OK 1000=999");
}

static void messages_wait_in_order_up_to_a_limit(void **state)
{
	(void)state;
	static const uint64_t ids[] = {1, 3, 9};
	STORE_DO(add_message, "alice", "a", 1, 3);
	assert_store_ends("ERR_NOT_FOUND");
	store_make_alice();
	STORE_DO(add_message, "alice", "abc", 1, 3);
	assert_store_ends("OK");
	STORE_DO(add_message, "alice", "b", 1, 3);
	assert_store_ends("OK");
	STORE_DO(add_message, "alice", "c", 1, 3);
	assert_store_ends("OK");
	STORE_DO(add_message, "alice", "d", 1, 3);
	assert_store_ends("ERR_LIMIT");
	STORE_DO(load_messages, "alice", 2);
	assert_store_ends("OK 1=a 2=b");
	STORE_DO(remove_messages, "alice", ids, 3);
	assert_store_ends("OK");
	STORE_DO(add_message, "alice", "d", 1, 3);
	assert_store_ends("OK");
	STORE_DO(load_messages, "alice", 10);
	assert_store_ends("OK 2=b 4=d");
}

static void values_are_kept_by_their_key_up_to_a_limit(void **state)
{
	(void)state;
	STORE_DO(set_value, "alice", "k", "v", 1, 2);
	assert_store_ends("ERR_NOT_FOUND");
	store_make_alice();
	STORE_DO(get_value, "alice", "k");
	assert_store_ends("ERR_NOT_FOUND");
	STORE_DO(set_value, "alice", "k", "v", 1, 2);
	assert_store_ends("OK");
	STORE_DO(set_value, "alice", "l", "w", 1, 2);
	assert_store_ends("OK");
	STORE_DO(set_value, "alice", "m", "x", 1, 2);
	assert_store_ends("ERR_LIMIT");
	STORE_DO(set_value, "alice", "k", "u", 1, 2);
	assert_store_ends("OK");
	STORE_DO(get_value, "alice", "k");
	assert_store_ends("OK u");
	STORE_DO(set_value, "alice", "k", NULL, 0, 2);
	assert_store_ends("OK");
	STORE_DO(get_value, "alice", "k");
	assert_store_ends("ERR_NOT_FOUND");
}

static void a_canceled_job_does_not_end(void **state)
{
	(void)state;
	store_make_alice();
	STORE_DO(look_up, "alice");
	envoi_store_cancel(store_fixture.store, &store_fixture.job);
	STORE_DO(set_value, "alice", "k", "v", 1, 2);
	envoi_store_cancel(store_fixture.store, &store_fixture.job);
	envoi_store_cancel(store_fixture.store, &store_fixture.job);
	STORE_DO(look_up, "alice");
	assert_store_ends("OK one two");
	STORE_DO(look_up, "bob"); /* the canceled ones would have ended before */
	assert_store_ends("ERR_NOT_FOUND");
}

static unsigned int ends;

static void on_freed(
	struct envoi_store_job *ended, int code, const struct envoi_store_answer *answer)
{
	(void)answer;
	assert_int_equal(code, ENVOI_OK);
	if (++ends < 3) {
		store_fixture.store->impl->look_up(store_fixture.store, ended, "alice");
	} else {
		free(ended);
	}
}

static void a_job_may_be_freed_or_begun_again_where_it_ends(void **state)
{
	(void)state;
	struct envoi_store_job *other = calloc(1, sizeof(*other));
	store_make_alice();
	other->done = on_freed;
	ends = 0;
	store_fixture.store->impl->look_up(store_fixture.store, other, "alice");
	while (ends < 3) {
		assert_int_equal(envoi_loop_run_once(store_fixture.loop, true), ENVOI_OK);
	}
}

/* Begin one of the functions. @return whether there are more */
static bool begin_one(struct envoi_store *store, struct envoi_store_job *job, size_t which)
{
	static const char *const groups[] = {"x"};
	static const struct envoi_store_contact bob = {
		.jid = "bob@h", .groups = groups, .group_count = 1, .is_listed = true};
	switch (which) {
	case 0:
		store->impl->set_verifiers(store, job, "alice", two, 2, ENVOI_STORE_NEW);
		break;
	case 1:
		store->impl->look_up(store, job, "alice");
		break;
	case 2:
		store->impl->set_contact(store, job, "alice", &bob);
		break;
	case 3:
		store->impl->load_roster(store, job, "alice");
		break;
	case 4:
		store->impl->add_message(store, job, "alice", "a", 1, 1);
		break;
	case 5:
		store->impl->load_messages(store, job, "alice", 1);
		break;
	case 6:
		store->impl->set_value(store, job, "alice", "k", "v", 1, 1);
		break;
	default:
		store->impl->get_value(store, job, "alice", "k");
		break;
	}
	return which < 7;
}

static int do_all_in(struct envoi_store *store, struct envoi_loop *loop)
{
	struct envoi_store_job job = {.done = store_note};
	bool has_more = true;
	for (size_t i = 0; has_more; i++) {
		has_more = begin_one(store, &job, i);
		if (strcmp(store_wait(loop), "ERR_NOMEM") == 0) {
			return ENVOI_ERR_NOMEM;
		}
		assert_memory_equal(store_fixture.noted, "OK", 2);
	}
	return ENVOI_OK;
}

static int do_all(struct envoi_context *context)
{
	struct envoi_loop *loop;
	struct envoi_store *store;
	int r = envoi_loop_new_poll(&loop, context);
	if (r == ENVOI_OK) {
		r = envoi_context_take_loop(context, loop);
	}
	store_clear();
	if (r == ENVOI_OK) {
		r = store_fixture.make(&store, context, store_fixture.path);
	}
	if (r == ENVOI_OK) {
		r = do_all_in(store, loop);
		envoi_store_destroy(store);
	}
	return r;
}

static void without_memory_nothing_is_changed_or_lost(void **state)
{
	(void)state;
	envoi_store_destroy(store_fixture.store);
	store_fixture.store = NULL;
	assert_true(test_allocator_try(do_all) > 10);
}

/* --- running --- */

#define CASE(test) \
	{ \
#test, test \
	}
static const struct {
	const char *name;
	void (*test)(void **state);
} cases[] = {
	CASE(accounts_are_made_changed_and_removed),
	CASE(contacts_are_kept_by_their_address),
	CASE(many_contacts_are_found_again),
	CASE(jobs_of_one_turn_take_effect_in_their_order),
	CASE(messages_wait_in_order_up_to_a_limit),
	CASE(values_are_kept_by_their_key_up_to_a_limit),
	CASE(a_canceled_job_does_not_end),
	CASE(a_job_may_be_freed_or_begun_again_where_it_ends),
	CASE(without_memory_nothing_is_changed_or_lost),
};

enum {
	KINDS = sizeof(kinds) / sizeof(kinds[0]),
	CASES = sizeof(cases) / sizeof(cases[0]),
};

int main(void)
{
	static char names[KINDS * CASES][100];
	struct CMUnitTest tests[KINDS * CASES];
	for (size_t i = 0; i < KINDS * CASES; i++) {
		struct kind *kind = (struct kind *)(uintptr_t)&kinds[i / CASES];
		snprintf(names[i], sizeof(names[i]), "%s: %s", kind->name, cases[i % CASES].name);
		tests[i] = (struct CMUnitTest){
			names[i], cases[i % CASES].test, setup, teardown, kind};
	}
	return cmocka_run_group_tests(tests, NULL, NULL);
}
