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

int main(void)
{
	const struct CMUnitTest tests[] = {
#define CASE(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
		CASE(a_recipient_that_does_not_read_stops_its_sender),
		CASE(a_client_that_does_not_read_its_answers_costs_little),
		CASE(an_account_has_few_resources),
		CASE(circles_of_subscriptions_end),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
