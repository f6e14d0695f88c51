/*
 * envoi - envoi-server: tests of blocking (XEP-0191)
 * SPDX-License-Identifier: MIT
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "guest.h"

static struct host host;
static struct guest *alice, *bob;

static bool hears(struct guest *guest, const char *text)
{
	return strstr(guest_heard(guest), text) != NULL;
}

/* Both see each other and are available. */
static int setup(void **state)
{
	(void)state;
	host_init(&host, NULL);
	host_set(&host, "server.blocked", "3");
	host_account(&host, "alice");
	host_account(&host, "bob");
	alice = guest_new(&host, "alice", "desk");
	bob = guest_new(&host, "bob", "hall");
	guest_say(alice, "<presence type='subscribe' to='bob@example.org'/><presence/>");
	guest_say(bob,
		"<presence type='subscribe' to='alice@example.org'/>"
		"<presence type='subscribed' to='alice@example.org'/><presence/>");
	guest_say(alice,
		"<presence type='subscribed' to='bob@example.org'/>"
		"<iq type='get' id='l'><blocklist xmlns='urn:xmpp:blocking'/></iq>");
	(void)guest_heard(alice), (void)guest_heard(bob);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	guest_leave(alice);
	guest_leave(bob);
	host_finish(&host);
	return 0;
}

static void command(const char *name, const char *items)
{
	char text[500];
	snprintf(text, sizeof(text),
		"<iq type='set' id='b'><%s xmlns='urn:xmpp:blocking'>%s</%s></iq>", name, items,
		name);
	guest_say(alice, text);
}

#define BOB "<item jid='bob@example.org'/>"

static void the_list_is_kept_and_pushed(void **state)
{
	(void)state;
	command("block", BOB);
	const char *heard = guest_heard(alice);
	assert_non_null(strstr(
		heard, "<block xmlns='urn:xmpp:blocking'><item jid='bob@example.org'/></block>"));
	assert_non_null(strstr(heard, "<iq type='result' to='alice@example.org/desk' id='b'/>"));
	guest_leave(alice);
	alice = guest_new(&host, "alice", "desk");
	guest_say(alice, "<iq type='get' id='l'><blocklist xmlns='urn:xmpp:blocking'/></iq>");
	assert_true(hears(alice,
		"<blocklist xmlns='urn:xmpp:blocking'><item jid='bob@example.org'/></blocklist>"));
	command("block", "<item jid='a@b'/><item jid='c@d'/><item jid='e@f'/>");
	assert_true(hears(alice, "<resource-constraint "));
	command("block", "");
	assert_true(hears(alice, "<bad-request "));
	command("unblock", "");
	(void)guest_heard(alice);
	guest_say(alice, "<iq type='get' id='l'><blocklist xmlns='urn:xmpp:blocking'/></iq>");
	assert_true(hears(alice, "<blocklist xmlns='urn:xmpp:blocking'/>"));
}

static void a_list_outlives_the_account_in_memory(void **state)
{
	(void)state;
	command("block", BOB);
	envoi_server_free(host.server);
	host.server = NULL;
	guest_leave(alice);
	alice = guest_new(&host, "alice", "desk");
	guest_say(alice, "<iq type='get' id='l'><blocklist xmlns='urn:xmpp:blocking'/></iq>");
	assert_true(hears(alice,
		"<blocklist xmlns='urn:xmpp:blocking'><item jid='bob@example.org'/></blocklist>"));
}

/* Section 3.3. */
static void a_blocked_contact_meets_nobody(void **state)
{
	(void)state;
	command("block", BOB);
	guest_assert_heard(bob,
		"<presence type='unavailable' from='alice@example.org/desk' to='bob@example.org'/>");
	(void)guest_heard(alice);
	guest_say(bob, "<message to='alice@example.org' id='1'><body>x</body></message>");
	assert_true(hears(bob, "<service-unavailable "));
	guest_say(bob, "<iq type='get' id='2' to='alice@example.org/desk'><x xmlns='urn:x'/></iq>");
	assert_true(hears(bob, "<service-unavailable "));
	guest_say(bob,
		"<presence><show>away</show></presence><presence to='alice@example.org'/>"
		"<presence type='probe' to='alice@example.org'/>"
		"<presence type='unsubscribe' to='alice@example.org'/>");
	assert_false(hears(bob, "alice@example.org/desk"));
	guest_assert_heard(alice, "");
	guest_say(alice, "<presence><show>dnd</show></presence>");
	assert_false(hears(bob, "dnd"));
	guest_say(alice, "<message to='bob@example.org' id='3'><body>x</body></message>");
	const char *heard = guest_heard(alice);
	assert_non_null(strstr(heard, "<not-acceptable "));
	assert_non_null(strstr(heard, "<blocked xmlns='urn:xmpp:blocking:errors'/>"));
	assert_false(hears(bob, "<body>"));
}

static void an_unblocked_contact_sees_presence_again(void **state)
{
	(void)state;
	command("block", BOB);
	(void)guest_heard(bob);
	command("unblock", BOB);
	guest_assert_heard(bob, "<presence from='alice@example.org/desk' to='bob@example.org'/>");
	guest_say(bob, "<message to='alice@example.org'><body>x</body></message>");
	assert_true(hears(alice, "<body>x</body>"));
}

static void offline_accounts_block_as_well(void **state)
{
	(void)state;
	command("block", "<item jid='bob@example.org/hall'/>");
	guest_leave(alice);
	(void)guest_heard(bob);
	guest_say(bob, "<message to='alice@example.org' id='1'><body>x</body></message>");
	assert_true(hears(bob, "<service-unavailable "));
	struct guest *other = guest_new(&host, "bob", "other");
	guest_say(other, "<message to='alice@example.org' id='1'><body>y</body></message>");
	assert_false(hears(other, "<service-unavailable "));
	guest_leave(other);
	alice = guest_new(&host, "alice", "desk");
	guest_say(alice, "<presence/>");
	const char *heard = guest_heard(alice);
	assert_non_null(strstr(heard, "<body>y</body>"));
	assert_null(strstr(heard, "<body>x</body>"));
}

static void a_whole_domain_is_blocked_but_the_own_account(void **state)
{
	(void)state;
	struct guest *other = guest_new(&host, "alice", "other");
	command("block", "<item jid='example.org'/>");
	(void)guest_heard(bob), (void)guest_heard(other);
	guest_say(bob, "<message to='alice@example.org' id='1'><body>x</body></message>");
	assert_true(hears(bob, "<service-unavailable "));
	guest_say(alice, "<message to='alice@example.org/other'><body>z</body></message>");
	assert_true(hears(other, "<body>z</body>"));
	guest_leave(other);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(the_list_is_kept_and_pushed, setup, teardown),
		cmocka_unit_test_setup_teardown(
			a_list_outlives_the_account_in_memory, setup, teardown),
		cmocka_unit_test_setup_teardown(a_blocked_contact_meets_nobody, setup, teardown),
		cmocka_unit_test_setup_teardown(
			an_unblocked_contact_sees_presence_again, setup, teardown),
		cmocka_unit_test_setup_teardown(offline_accounts_block_as_well, setup, teardown),
		cmocka_unit_test_setup_teardown(
			a_whole_domain_is_blocked_but_the_own_account, setup, teardown),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
