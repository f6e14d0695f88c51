/*
 * envoi - envoi-server: tests of clients that flood, do not read, and are many
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

#include <envoi/interfaces/store.h>

#include "guest.h"
#include "test_allocator.h"

#define MIB ((size_t)1024 * 1024)

static struct host host;
static struct test_allocator allocator;

static int setup(void **state)
{
	struct envoi_context *context;
	(void)state;
	allocator = (struct test_allocator){.calls = 0};
	assert_int_equal(test_allocator_context(&context, &allocator), ENVOI_OK);
	host_init(&host, context);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	host_finish(&host);
	return 0;
}

/* It reads nothing more. */
static void stop_reading(struct guest *guest)
{
	struct envoi_memory_script script = ENVOI_MEMORY_SCRIPT_INIT;
	script.stall_at = envoi_memory_pair_arrived(guest->pair, ENVOI_MEMORY_B);
	envoi_memory_pair_script(guest->pair, ENVOI_MEMORY_B, &script);
}

static void assert_served(struct guest *guest)
{
	guest_say(guest, "<iq type='get' id='served'><ping xmlns='urn:xmpp:ping'/></iq>");
	assert_true(guest_hears(guest, " id='served'/>"));
}

/* Say it many times at once. */
static void say_often(struct guest *guest, const char *text, size_t count)
{
	size_t len = strlen(text);
	char *all = malloc(count * len + 1);
	assert_non_null(all);
	for (size_t i = 0; i < count; i++) {
		memcpy(all + i * len, text, len);
	}
	all[count * len] = '\0';
	guest_say(guest, all);
	free(all);
}

/* --- floods --- */

static void a_recipient_that_does_not_read_stops_its_sender(void **state)
{
	(void)state;
	char text[2100];
	struct envoi_server_stats stats;
	host_account(&host, "alice");
	host_account(&host, "bob");
	host_account(&host, "carol");
	struct guest *alice = guest_new(&host, "alice", "x"), *bob = guest_new(&host, "bob", "x"),
		     *carol = guest_new(&host, "carol", "x");
	guest_available(bob, 0);
	stop_reading(bob);
	snprintf(text, sizeof(text),
		"<message to='bob@example.org' type='chat'><body>%01900d</body></message>", 0);
	size_t before = allocator.bytes;
	say_often(alice, text, 10000);
	/* limits.outbox-bytes; the rest is not read */
	envoi_server_get_stats(host.server, &stats);
	assert_true(stats.routed * strlen(text) > 8 * MIB);
	assert_true(stats.routed * strlen(text) < 17 * MIB);
	/* the outbox has the text of each message, and so has what becomes of it if it is lost */
	guest_cut(alice);
	assert_true(allocator.bytes < before + 48 * MIB);
	assert_served(carol);
	host_run(&host, 30 * 60 * 1000); /* bob is found dead; all that may be stored is */
	envoi_server_get_stats(host.server, &stats);
	assert_int_equal(stats.stored, 200);
	assert_int_equal(stats.waiting, 0);
	assert_true(allocator.bytes < before + 4 * MIB);
	guest_cut(bob);
	guest_cut(carol);
	carol = guest_new(&host, "carol", "x");
	assert_served(carol);
	guest_leave(carol);
}

static void a_client_that_does_not_read_its_answers_costs_little(void **state)
{
	(void)state;
	host_account(&host, "alice");
	host_account(&host, "carol");
	struct guest *alice = guest_new(&host, "alice", "x"),
		     *carol = guest_new(&host, "carol", "x");
	static const char ping[] = "<iq type='get' id='p'><ping xmlns='urn:xmpp:ping'/></iq>"
				   "<iq type='get' id='d' to='example.org'>"
				   "<query xmlns='http://jabber.org/protocol/disco#info'/></iq>";
	stop_reading(alice);
	size_t before = allocator.bytes;
	say_often(alice, ping, 30000);
	assert_true(allocator.bytes < before + 30000 * sizeof(ping) + 32 * MIB);
	assert_served(carol);
	guest_cut(alice);
	host_run(&host, 10 * 60 * 1000);
	assert_true(allocator.bytes < before + MIB);
	guest_leave(carol);
}

/* --- many resources --- */

static void an_account_has_few_resources(void **state)
{
	(void)state;
	enum {
		TRIES = 100,
	};
	struct guest *guests[TRIES];
	unsigned int bound = 0;
	host_account(&host, "alice");
	for (int i = 0; i < TRIES; i++) {
		guests[i] = guest_authenticated(&host, "alice");
		guest_say(guests[i],
			"<iq type='set' id='b'><bind xmlns='urn:ietf:params:xml:ns:xmpp-bind'/></iq>"
			"<presence/>");
		const char *heard = guest_heard(guests[i]);
		bound += strstr(heard, "</jid></bind></iq>") != NULL;
		assert_true(strstr(heard, "</jid></bind></iq>") != NULL ||
			strstr(heard, "<resource-constraint ") != NULL);
	}
	assert_int_equal(bound, 10); /* accept.sessions */
	for (int i = 0; i < TRIES; i++) {
		guest_cut(guests[i]);
	}
}

/* --- subscriptions --- */

static void circles_of_subscriptions_end(void **state)
{
	(void)state;
	static const char *const names[] = {"u0", "u1", "u2"};
	struct guest *guests[3];
	struct envoi_server_stats before, after;
	char text[400];
	for (int i = 0; i < 3; i++) {
		host_account(&host, names[i]);
		guests[i] = guest_new(&host, names[i], "x");
		guest_say(guests[i],
			"<iq type='get' id='r'><query xmlns='jabber:iq:roster'/></iq><presence/>");
	}
	for (int round = 0; round < 50; round++) {
		for (int i = 0; i < 3; i++) {
			static const char *const types[] = {
				"subscribe", "subscribed", "unsubscribe", "unsubscribed"};
			snprintf(text, sizeof(text),
				"<presence to='%s@example.org' type='%s'/>"
				"<presence to='%s@example.org' type='%s'/>",
				names[(i + 1) % 3], types[round % 4], names[(i + 2) % 3],
				types[(round + i) % 4]);
			envoi_server_get_stats(host.server, &before);
			guest_say(guests[i], text);
			envoi_server_get_stats(host.server, &after);
			/* of each: pushes to both, the stanza, and presence */
			assert_true(after.routed - before.routed <= 12);
		}
	}
	for (int i = 0; i < 3; i++) {
		guest_leave(guests[i]);
	}
}

/* --- long rosters --- */

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

enum {
	CONTACTS = 500,
};

static void make_contacts(void)
{
	make_account("alice");
	for (int i = 0; i < CONTACTS; i++) {
		char name[20], jid[40];
		snprintf(name, sizeof(name), "u%d", i);
		snprintf(jid, sizeof(jid), "u%d@example.org", i);
		make_account(name);
		make_contact("alice", jid);
		make_contact(name, "alice@example.org");
	}
}

static unsigned int count_of(const char *text, const char *part)
{
	unsigned int count = 0;
	while ((text = strstr(text, part)) != NULL) {
		count++;
		text++;
	}
	return count;
}

/* A login brings the presence of all contacts before the client can acknowledge any. */
static void everybody_of_a_long_roster_is_seen(void **state)
{
	(void)state;
	struct guest *guests[CONTACTS];
	host_set(&host, "liveness.probe-after", "1h"); /* which guests do not answer */
	host_set(&host, "limits.outbox-stanzas", "100");
	host_set(&host, "server.contacts", "500");
	make_contacts();
	for (int i = 0; i < CONTACTS; i++) {
		char name[20];
		snprintf(name, sizeof(name), "u%d", i);
		guests[i] = guest_new(&host, name, "x");
		guest_say(guests[i], "<presence/>");
		(void)guest_heard(guests[i]);
	}
	struct guest *alice = guest_new_managed(&host, "alice", "x");
	guest_say(alice, "<iq type='get' id='r'><query xmlns='jabber:iq:roster'/></iq><presence/>");
	host_run(&host, 1000);
	const char *heard = guest_heard(alice);
	assert_int_equal(count_of(heard, "<item "), CONTACTS);
	assert_int_equal(count_of(heard, "<presence from='u"), CONTACTS);
	for (int i = 0; i < CONTACTS; i++) {
		assert_int_equal(
			count_of(guest_heard(guests[i]), "<presence from='alice@example.org/x'"),
			1);
	}
	guest_cut(alice);
	host_run(&host, 10 * 60 * 1000);
	for (int i = 0; i < CONTACTS; i++) {
		assert_int_equal(count_of(guest_heard(guests[i]), "type='unavailable'"), 1);
		guest_leave(guests[i]);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#define CASE(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
		CASE(a_recipient_that_does_not_read_stops_its_sender),
		CASE(a_client_that_does_not_read_its_answers_costs_little),
		CASE(an_account_has_few_resources),
		CASE(circles_of_subscriptions_end),
		CASE(everybody_of_a_long_roster_is_seen),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
