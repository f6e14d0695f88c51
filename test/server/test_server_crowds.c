/*
 * envoi - envoi-server: tests of long rosters with everybody online
 * SPDX-License-Identifier: MIT
 *
 * The cost is counted in allocations, and in bytes, so that the verdict does not depend on the
 * machine. With an argument the figures are printed.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <envoi/interfaces/store.h>

#include "guest.h"
#include "test_allocator.h"

enum {
	FEW = 500,
	QUARTER = 2500,
	MOST = 10000, /* server.contacts */
	/* Of the server and of the other end, which the test holds. */
	BYTES_OF_A_CONTACT = 2000,
	SLACK_BYTES = 1 << 17,
};

static struct host host;
static struct test_allocator allocator;
static struct guest *guests[MOST];
static bool is_printing;

static int setup(void **state)
{
	struct envoi_context *context;
	(void)state;
	allocator = (struct test_allocator){.calls = 0};
	assert_int_equal(test_allocator_context(&context, &allocator), ENVOI_OK);
	host_init(&host, context);
	host_set(&host, "liveness.method", "none"); /* guests do not answer */
	host_set(&host, "listener.connections", "20000");
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	host_finish(&host);
	return 0;
}

/* --- accounts --- */

static void on_written(
	struct envoi_store_job *job, int code, const struct envoi_store_answer *answer)
{
	(void)job;
	(void)answer;
	assert_int_equal(code, ENVOI_OK);
}

/* One iteration: thousands log in. */
static void make_account(const char *name)
{
	static const char *const verifier =
		"SCRAM-SHA-256$1:c2FsdA==$wN56iZgRmJc8bLR+mwOwuVJuCvu3CIrVguKdgdp7J6s=:"
		"ywJYVz0nm/y3tcyI3qXB89hBjaX1PJEJLUzrN3+/5aM=";
	struct envoi_store_job job = {.done = on_written};
	host_make(&host);
	host.store->impl->set_verifiers(host.store, &job, name, &verifier, 1, ENVOI_STORE_NEW);
	host_run(&host, 1);
}

static void make_contact(const char *account, const char *jid)
{
	struct envoi_store_job job = {.done = on_written};
	const struct envoi_store_contact contact = {.jid = jid,
		.subscription = ENVOI_STORE_TO | ENVOI_STORE_FROM,
		.is_listed = true,
		.version = 1};
	host.store->impl->set_contact(host.store, &job, account, &contact);
	host_run(&host, 1);
}

static void make_contacts(int count)
{
	make_account("alice");
	for (int i = 0; i < count; i++) {
		char name[20], jid[40];
		snprintf(name, sizeof(name), "u%d", i);
		snprintf(jid, sizeof(jid), "u%d@example.org", i);
		make_account(name);
		make_contact("alice", jid);
		make_contact(name, "alice@example.org");
	}
}

static void log_in_all(int count)
{
	for (int i = 0; i < count; i++) {
		char name[20];
		snprintf(name, sizeof(name), "u%d", i);
		guests[i] = guest_new(&host, name, "x");
		guest_say(guests[i], "<presence/>");
		(void)guest_heard(guests[i]);
	}
}

static void leave_all(int count)
{
	for (int i = 0; i < count; i++) {
		guest_leave(guests[i]);
	}
}

/* --- what is seen --- */

static int count_of(const char *text, const char *part)
{
	int count = 0;
	while ((text = strstr(text, part)) != NULL) {
		count++;
		text++;
	}
	return count;
}

static void assert_all_hear_once(int count, const char *part)
{
	for (int i = 0; i < count; i++) {
		assert_int_equal(count_of(guest_heard(guests[i]), part), 1);
	}
}

struct cost {
	size_t calls, most_bytes, left_bytes;
};

/* Alice comes with the roster, changes its presence, and goes; each contact hears it once. */
static struct cost see_everybody(int count)
{
	struct cost cost;
	size_t calls = allocator.calls, bytes = allocator.bytes;
	allocator.most_bytes = allocator.bytes;
	struct guest *alice = guest_new_managed(&host, "alice", "x");
	guest_say(alice, "<iq type='get' id='r'><query xmlns='jabber:iq:roster'/></iq><presence/>");
	host_run(&host, 1000);
	const char *heard = guest_heard(alice);
	assert_int_equal(count_of(heard, "<item "), count);
	assert_int_equal(count_of(heard, "<presence from='u"), count);
	assert_all_hear_once(count, "<presence from='alice@example.org/x'");
	guest_say(alice, "<presence><show>away</show></presence>");
	host_run(&host, 1000);
	assert_all_hear_once(count, "<show>away</show>");
	guest_cut(alice);
	host_run(&host, 10 * 60 * 1000);
	assert_all_hear_once(count, "type='unavailable'");
	cost.calls = allocator.calls - calls;
	cost.most_bytes = allocator.most_bytes - bytes;
	cost.left_bytes = allocator.bytes > bytes ? allocator.bytes - bytes : 0;
	if (is_printing) {
		printf("%d contacts online: %zu allocations, %zu bytes at most, %zu left\n", count,
			cost.calls, cost.most_bytes, cost.left_bytes);
	}
	return cost;
}

/* The presence of all contacts comes before the client can acknowledge any. */
static void everybody_of_a_long_roster_is_seen(void **state)
{
	(void)state;
	host_set(&host, "limits.outbox-stanzas", "100");
	host_set(&host, "server.contacts", "500");
	make_contacts(FEW);
	log_in_all(FEW);
	(void)see_everybody(FEW);
	leave_all(FEW);
}

static struct cost cost_of(int count)
{
	make_contacts(count);
	log_in_all(count);
	(void)see_everybody(count); /* buffers that are kept are there */
	struct cost cost = see_everybody(count);
	leave_all(count);
	return cost;
}

static void the_cost_of_the_longest_roster_is_that_of_its_contacts(void **state)
{
	struct cost quarter = cost_of(QUARTER);
	teardown(state);
	setup(state);
	struct cost whole = cost_of(MOST);
	assert_true(whole.calls <= quarter.calls * (MOST / QUARTER) * 11 / 10);
	assert_true(whole.most_bytes <= (size_t)MOST * BYTES_OF_A_CONTACT);
	assert_true(whole.left_bytes <= SLACK_BYTES);
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
#define CASE(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
		CASE(everybody_of_a_long_roster_is_seen),
		CASE(the_cost_of_the_longest_roster_is_that_of_its_contacts),
	};
	(void)argv;
	is_printing = argc > 1;
	return cmocka_run_group_tests_name("server/crowds", tests, NULL, NULL);
}
