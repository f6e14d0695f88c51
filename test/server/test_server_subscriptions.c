/*
 * envoi - envoi-server: tests of subscriptions (RFC 6121, section 3 and appendix A)
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

static struct host host;

static int setup(void **state)
{
	(void)state;
	host_init(&host, NULL);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	host_finish(&host);
	return 0;
}

/* --- the tables of appendix A --- */

/*
 * The states of appendix A.1: N none, T to, F from, B both; o pending out, i pending in. For each
 * event, in the order of the columns: what follows, and + where the stanza is sent or delivered.
 */
static const char *const states[] = {"N", "No", "Ni", "Noi", "T", "Ti", "F", "Fo", "B"};
enum {
	STATES = 9,
};

struct rows {
	const char *type;
	bool is_out;
	const char *next[STATES];
};
static const struct rows tables[] = {
	{"subscribe", true, {"No+", "No+", "Noi+", "Noi+", "T+", "Ti+", "Fo+", "Fo+", "B+"}},
	{"unsubscribe", true, {"N+", "N+", "Ni+", "Ni+", "N+", "Ni+", "F+", "F+", "F+"}},
	{"subscribed", true, {"N", "No", "F+", "Fo+", "T", "B+", "F", "Fo", "B"}},
	{"unsubscribed", true, {"N", "No", "N+", "No+", "T", "T+", "N+", "No+", "T+"}},
	{"subscribe", false, {"Ni+", "Noi+", "Ni", "Noi", "Ti+", "Ti", "F", "Fo", "B"}},
	{"unsubscribe", false, {"N", "No", "N+", "No+", "T", "T+", "N+", "No+", "T+"}},
	{"subscribed", false, {"N", "T+", "Ni", "Ti+", "T", "Ti", "F", "B+", "B"}},
	{"unsubscribed", false, {"N", "N+", "Ni", "Ni+", "N+", "Ni+", "F", "F+", "F+"}},
};

static unsigned int bits_of(const char *state)
{
	unsigned int bits = 0;
	bits |= strchr("TB", *state) != NULL ? ENVOI_STORE_TO : 0;
	bits |= strchr("FB", *state) != NULL ? ENVOI_STORE_FROM : 0;
	bits |= strchr(state, 'o') != NULL ? ENVOI_STORE_PENDING_OUT : 0;
	bits |= strchr(state, 'i') != NULL ? ENVOI_STORE_PENDING_IN : 0;
	return bits;
}

/* In which the other side sends the stanza, or receives it. */
static const char *state_of_other(const struct rows *rows)
{
	if (strcmp(rows->type, "subscribe") == 0) {
		return "N";
	}
	if (strcmp(rows->type, "unsubscribe") == 0) {
		return rows->is_out ? "F" : "T";
	}
	if (strcmp(rows->type, "subscribed") == 0) {
		return rows->is_out ? "No" : "Ni";
	}
	return rows->is_out ? "T" : "F";
}

static void on_done(struct envoi_store_job *job, int code, const struct envoi_store_answer *answer)
{
	(void)job;
	(void)answer;
	assert_int_equal(code, ENVOI_OK);
}

static void set_contact(const char *account, const char *contact, const char *state)
{
	char jid[100];
	struct envoi_store_job job = {.done = on_done};
	const struct envoi_store_contact value = {
		.jid = jid, .subscription = bits_of(state), .is_listed = true, .version = 1};
	snprintf(jid, sizeof(jid), "%s@example.org", contact);
	host.store->impl->set_contact(host.store, &job, account, &value);
	host_run(&host, 1);
}

static unsigned int found_bits;

static void on_roster(
	struct envoi_store_job *job, int code, const struct envoi_store_answer *answer)
{
	(void)job;
	assert_int_equal(code, ENVOI_OK);
	assert_int_equal(answer->roster.contact_count, 1);
	found_bits = answer->roster.contacts[0].subscription;
}

static unsigned int stored_bits(const char *account)
{
	struct envoi_store_job job = {.done = on_roster};
	host.store->impl->load_roster(host.store, &job, account);
	host_run(&host, 1);
	return found_bits;
}

static struct guest *present(const char *name)
{
	struct guest *guest = guest_new(&host, name, "desk");
	guest_say(guest, "<iq type='get' id='r'><query xmlns='jabber:iq:roster'/></iq><presence/>");
	(void)guest_heard(guest);
	return guest;
}

static void check_row(const struct rows *rows, size_t row)
{
	char own[20], other[20], text[200];
	const char *expected = rows->next[row];
	size_t number = (size_t)(rows - tables) * STATES + row;
	snprintf(own, sizeof(own), "own%zu", number);
	snprintf(other, sizeof(other), "other%zu", number);
	host_account(&host, own);
	host_account(&host, other);
	set_contact(own, other, states[row]);
	set_contact(other, own, state_of_other(rows));
	struct guest *here = present(own), *there = present(other);
	snprintf(text, sizeof(text), "<presence type='%s' to='%s@example.org'/>", rows->type,
		rows->is_out ? other : own);
	(void)guest_heard(here), (void)guest_heard(there);
	guest_say(rows->is_out ? here : there, text);
	snprintf(text, sizeof(text),
		"<presence type='%s' to='%s@example.org' from='%s@example.org'/>", rows->type,
		rows->is_out ? other : own, rows->is_out ? own : other);
	bool is_passed = guest_hears(rows->is_out ? there : here, text);
	if (stored_bits(own) != bits_of(expected) || is_passed != (strchr(expected, '+') != NULL)) {
		fail_msg("%s %s in %s: %u%s, not %s", rows->is_out ? "sent" : "received",
			rows->type, states[row], found_bits, is_passed ? "+" : "", expected);
	}
	guest_leave(here);
	guest_leave(there);
}

static void every_row_of_the_tables_holds(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(tables) / sizeof(tables[0]); i++) {
		for (size_t row = 0; row < STATES; row++) {
			check_row(&tables[i], row);
		}
	}
}

/* --- how it goes on --- */

static struct guest *alice, *bob;

static void make_two(void)
{
	host_account(&host, "alice");
	host_account(&host, "bob");
	alice = present("alice");
	bob = present("bob");
	(void)guest_heard(alice);
}

static void leave_two(void)
{
	guest_leave(alice);
	guest_leave(bob);
}

#define PUSH(who, item) \
	"<iq type='set' to='" who "@example.org/desk' id='*'>" \
	"<query xmlns='jabber:iq:roster' ver='*'>" item "</query></iq>"

static void a_request_is_approved_and_presence_follows(void **state)
{
	(void)state;
	make_two();
	guest_say(alice,
		"<presence type='subscribe' to='bob@example.org/desk'><status>hi</status></presence>");
	guest_assert_heard(alice,
		PUSH("alice", "<item jid='bob@example.org' subscription='none' ask='subscribe'/>"));
	guest_assert_heard(bob,
		"<presence type='subscribe' to='bob@example.org' from='alice@example.org'>"
		"<status>hi</status></presence>");
	guest_say(bob, "<presence type='subscribed' to='alice@example.org'/>");
	guest_assert_heard(bob, PUSH("bob", "<item jid='alice@example.org' subscription='from'/>"));
	guest_assert_heard(alice,
		PUSH("alice",
			"<item jid='bob@example.org' subscription='to'/>") "<presence type='subscribed' to='alice@example.org' from='bob@example.org'/>"
									   "<presence from='bob@example.org/desk' to='alice@example.org'/>");
	guest_say(bob, "<presence><show>away</show></presence>");
	assert_true(guest_hears(alice, "<show>away</show>"));
	guest_say(bob, "<presence type='unsubscribed' to='alice@example.org'/>");
	guest_assert_heard(alice,
		"<presence type='unavailable' from='bob@example.org/desk' to='alice@example.org'/>" PUSH(
			"alice",
			"<item jid='bob@example.org' subscription='none'/>") "<presence type='unsubscribed' to='alice@example.org' from='bob@example.org'/>");
	(void)guest_heard(bob);
	guest_say(bob, "<presence><show>dnd</show></presence>");
	guest_assert_heard(alice, "");
	leave_two();
}

/* Section 3.1.3: stored once, with the first text, until it is answered; not in the roster. */
static void a_request_waits_until_it_is_answered(void **state)
{
	(void)state;
	host_account(&host, "alice");
	host_account(&host, "bob");
	alice = present("alice");
	for (int i = 0; i < 3; i++) {
		char text[200];
		snprintf(text, sizeof(text),
			"<presence type='subscribe' to='bob@example.org'><status>%d</status></presence>",
			i);
		guest_say(alice, text);
	}
	for (int i = 0; i < 2; i++) {
		bob = guest_new(&host, "bob", "desk");
		guest_say(bob, "<iq type='get' id='r'><query xmlns='jabber:iq:roster'/></iq>");
		guest_assert_heard(bob,
			"<iq type='result' to='bob@example.org/desk' id='r'>"
			"<query xmlns='jabber:iq:roster'/></iq>");
		guest_say(bob, "<presence/>");
		const char *heard = guest_heard(bob);
		const char *first = strstr(heard, "<presence type='subscribe'");
		assert_non_null(first);
		assert_non_null(strstr(first, "<status>0</status>"));
		assert_null(strstr(first + 1, "<presence type='subscribe'"));
		if (i == 1) {
			guest_say(bob, "<presence type='unsubscribed' to='alice@example.org'/>");
			guest_assert_heard(bob, "");
		}
		guest_leave(bob);
	}
	bob = present("bob");
	guest_say(bob, "<presence/>");
	assert_false(guest_hears(bob, "subscribe"));
	leave_two();
}

static void whoever_may_see_it_is_answered_at_once(void **state)
{
	(void)state;
	make_two();
	guest_say(alice, "<presence type='subscribe' to='bob@example.org'/>");
	guest_say(bob, "<presence type='subscribed' to='alice@example.org'/>");
	guest_say(alice,
		"<iq type='set' id='1'><query xmlns='jabber:iq:roster'>"
		"<item jid='bob@example.org' name='Bob'/></query></iq>");
	(void)guest_heard(alice), (void)guest_heard(bob);
	guest_say(alice, "<presence type='subscribe' to='bob@example.org'/>");
	guest_assert_heard(bob, "");
	guest_assert_heard(alice, "");
	leave_two();
}

/* Each answers the other without its clients: it ends. */
static void subscriptions_in_a_circle_end(void **state)
{
	(void)state;
	struct envoi_server_stats before, after;
	make_two();
	guest_say(alice, "<presence type='subscribe' to='bob@example.org'/>");
	guest_say(bob,
		"<presence type='subscribed' to='alice@example.org'/>"
		"<presence type='subscribe' to='alice@example.org'/>");
	guest_say(alice, "<presence type='subscribed' to='bob@example.org'/>");
	envoi_server_get_stats(host.server, &before);
	for (int i = 0; i < 100; i++) {
		guest_say(alice,
			"<presence type='subscribe' to='bob@example.org'/>"
			"<presence type='subscribed' to='bob@example.org'/>");
	}
	envoi_server_get_stats(host.server, &after);
	assert_int_equal(after.routed, before.routed);
	leave_two();
}

static void a_removed_contact_is_unsubscribed_both_ways(void **state)
{
	(void)state;
	make_two();
	guest_say(alice, "<presence type='subscribe' to='bob@example.org'/>");
	guest_say(bob,
		"<presence type='subscribed' to='alice@example.org'/>"
		"<presence type='subscribe' to='alice@example.org'/>");
	guest_say(alice, "<presence type='subscribed' to='bob@example.org'/>");
	(void)guest_heard(alice), (void)guest_heard(bob);
	guest_say(alice,
		"<iq type='set' id='1'><query xmlns='jabber:iq:roster'>"
		"<item jid='bob@example.org' subscription='remove'/></query></iq>");
	guest_assert_heard(bob,
		"<presence type='unavailable' from='alice@example.org/desk' to='bob@example.org'/>" PUSH(
			"bob",
			"<item jid='alice@example.org' subscription='to'/>") "<presence type='unsubscribe' to='bob@example.org' from='alice@example.org'/>" PUSH("bob",
			"<item jid='alice@example.org' subscription='none'/>") "<presence type='unsubscribed' to='bob@example.org' from='alice@example.org'/>");
	const char *heard = guest_heard(alice);
	assert_non_null(strstr(heard, "<item jid='bob@example.org' subscription='remove'/>"));
	assert_non_null(strstr(heard, "<iq type='result'"));
	assert_non_null(strstr(heard,
		"<presence type='unavailable' from='bob@example.org/desk' to='alice@example.org'/>"));
	leave_two();
}

static void a_declined_contact_with_a_name_stays(void **state)
{
	(void)state;
	make_two();
	guest_say(bob,
		"<iq type='set' id='1'><query xmlns='jabber:iq:roster'>"
		"<item jid='alice@example.org' name='Al'/></query></iq>");
	guest_say(alice, "<presence type='subscribe' to='bob@example.org'/>");
	guest_say(bob, "<presence type='unsubscribed' to='alice@example.org'/>");
	(void)guest_heard(bob);
	guest_say(bob, "<iq type='get' id='r'><query xmlns='jabber:iq:roster'/></iq>");
	assert_true(
		guest_hears(bob, "<item jid='alice@example.org' name='Al' subscription='none'/>"));
	leave_two();
}

static void requests_to_nobody_are_ignored(void **state)
{
	(void)state;
	make_two();
	guest_say(alice,
		"<presence type='unsubscribed' to='nobody@example.org'/>"
		"<presence type='subscribed' to='nobody@example.org'/>"
		"<presence type='subscribe' to='alice@example.org'/>");
	guest_assert_heard(alice, "");
	guest_say(alice, "<presence type='subscribe' to='nobody@example.org'/>");
	guest_assert_heard(alice,
		PUSH("alice",
			"<item jid='nobody@example.org' subscription='none' ask='subscribe'/>"));
	guest_say(alice, "<presence type='subscribe' to='bob@example.com' id='x'/>");
	assert_true(guest_hears(alice, "<remote-server-not-found "));
	leave_two();
}

static void contacts_are_bounded(void **state)
{
	(void)state;
	host_set(&host, "server.contacts", "2");
	make_two();
	host_account(&host, "carol");
	host_account(&host, "dave");
	struct guest *carol = present("carol"), *dave = present("dave");
	guest_say(alice, "<presence type='subscribe' to='bob@example.org'/>");
	guest_say(carol, "<presence type='subscribe' to='bob@example.org'/>");
	(void)guest_heard(bob);
	guest_say(dave, "<presence type='subscribe' to='bob@example.org'/>");
	guest_assert_heard(bob, "");
	guest_say(bob, "<presence type='subscribe' to='dave@example.org' id='x'/>");
	assert_true(guest_hears(bob, "<resource-constraint "));
	guest_say(bob,
		"<iq type='set' id='1'><query xmlns='jabber:iq:roster'>"
		"<item jid='x@example.org'/></query></iq>");
	assert_true(guest_hears(bob, "<resource-constraint "));
	guest_leave(carol);
	guest_leave(dave);
	leave_two();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(every_row_of_the_tables_holds, setup, teardown),
		cmocka_unit_test_setup_teardown(
			a_request_is_approved_and_presence_follows, setup, teardown),
		cmocka_unit_test_setup_teardown(
			a_request_waits_until_it_is_answered, setup, teardown),
		cmocka_unit_test_setup_teardown(
			whoever_may_see_it_is_answered_at_once, setup, teardown),
		cmocka_unit_test_setup_teardown(subscriptions_in_a_circle_end, setup, teardown),
		cmocka_unit_test_setup_teardown(
			a_removed_contact_is_unsubscribed_both_ways, setup, teardown),
		cmocka_unit_test_setup_teardown(
			a_declined_contact_with_a_name_stays, setup, teardown),
		cmocka_unit_test_setup_teardown(requests_to_nobody_are_ignored, setup, teardown),
		cmocka_unit_test_setup_teardown(contacts_are_bounded, setup, teardown),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
