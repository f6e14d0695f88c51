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
#include "limping_store.h"

static struct host host;
static struct limping_store limping;
static struct guest *alice, *bob;

/* Both see each other and are available. */
static int setup(void **state)
{
	(void)state;
	host_init(&host, NULL);
	limping_store_init(&limping, host.context);
	host.store = &limping.store;
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
	assert_true(guest_hears(alice,
		"<blocklist xmlns='urn:xmpp:blocking'><item jid='bob@example.org'/></blocklist>"));
	command("block", "<item jid='a@b'/><item jid='c@d'/><item jid='e@f'/>");
	assert_true(guest_hears(alice, "<resource-constraint "));
	command("block", "");
	assert_true(guest_hears(alice, "<bad-request "));
	command("unblock", "");
	(void)guest_heard(alice);
	guest_say(alice, "<iq type='get' id='l'><blocklist xmlns='urn:xmpp:blocking'/></iq>");
	assert_true(guest_hears(alice, "<blocklist xmlns='urn:xmpp:blocking'/>"));
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
	assert_true(guest_hears(alice,
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
	assert_true(guest_hears(bob, "<service-unavailable "));
	guest_say(bob, "<iq type='get' id='2' to='alice@example.org/desk'><x xmlns='urn:x'/></iq>");
	assert_true(guest_hears(bob, "<service-unavailable "));
	guest_say(bob,
		"<presence><show>away</show></presence><presence to='alice@example.org'/>"
		"<presence type='probe' to='alice@example.org'/>"
		"<presence type='unsubscribe' to='alice@example.org'/>");
	assert_false(guest_hears(bob, "alice@example.org/desk"));
	guest_assert_heard(alice, "");
	guest_say(alice, "<presence><show>dnd</show></presence>");
	assert_false(guest_hears(bob, "dnd"));
	guest_say(alice, "<message to='bob@example.org' id='3'><body>x</body></message>");
	const char *heard = guest_heard(alice);
	assert_non_null(strstr(heard, "<not-acceptable "));
	assert_non_null(strstr(heard, "<blocked xmlns='urn:xmpp:blocking:errors'/>"));
	assert_false(guest_hears(bob, "<body>"));
}

static void an_unblocked_contact_sees_presence_again(void **state)
{
	(void)state;
	command("block", BOB);
	(void)guest_heard(bob);
	command("unblock", BOB);
	guest_assert_heard(bob, "<presence from='alice@example.org/desk' to='bob@example.org'/>");
	guest_say(bob, "<message to='alice@example.org'><body>x</body></message>");
	assert_true(guest_hears(alice, "<body>x</body>"));
}

static void offline_accounts_block_as_well(void **state)
{
	(void)state;
	command("block", "<item jid='bob@example.org/hall'/>");
	guest_leave(alice);
	(void)guest_heard(bob);
	guest_say(bob, "<message to='alice@example.org' id='1'><body>x</body></message>");
	assert_true(guest_hears(bob, "<service-unavailable "));
	struct guest *other = guest_new(&host, "bob", "other");
	guest_say(other, "<message to='alice@example.org' id='1'><body>y</body></message>");
	assert_false(guest_hears(other, "<service-unavailable "));
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
	assert_true(guest_hears(bob, "<service-unavailable "));
	guest_say(alice, "<message to='alice@example.org/other'><body>z</body></message>");
	assert_true(guest_hears(other, "<body>z</body>"));
	guest_leave(other);
}

#define BECAME_UNAVAILABLE \
	"<presence type='unavailable' from='alice@example.org/desk' to='bob@example.org'/>"

/* Section 6. */
static void a_full_address_is_one_resource(void **state)
{
	(void)state;
	struct guest *other = guest_new(&host, "bob", "other");
	guest_say(other, "<presence/>");
	(void)guest_heard(alice), (void)guest_heard(bob), (void)guest_heard(other);
	command("block", "<item jid='bob@example.org/hall'/>");
	guest_assert_heard(bob, BECAME_UNAVAILABLE);
	guest_assert_heard(other, "");
	guest_say(alice, "<presence><show>dnd</show></presence>");
	guest_assert_heard(bob, "");
	assert_true(guest_hears(other, "dnd"));
	(void)guest_heard(alice);
	guest_say(bob, "<presence><show>away</show></presence>");
	assert_false(guest_hears(alice, "away"));
	guest_say(other, "<presence><show>xa</show></presence>");
	assert_true(guest_hears(alice, "xa"));
	guest_leave(alice);
	(void)guest_heard(bob);
	alice = guest_new(&host, "alice", "desk");
	guest_say(alice, "<presence/>");
	const char *heard = guest_heard(alice);
	assert_null(strstr(heard, "bob@example.org/hall"));
	assert_non_null(strstr(heard, "bob@example.org/other"));
	assert_false(guest_hears(bob, "alice@example.org/desk"));
	command("unblock", "<item jid='bob@example.org/hall'/>");
	assert_true(guest_hears(bob, "<presence from='alice@example.org/desk'"));
	guest_leave(other);
}

static void a_blocked_resource_that_arrives_sees_nobody(void **state)
{
	(void)state;
	command("block", "<item jid='bob@example.org/late'/>");
	(void)guest_heard(alice);
	struct guest *late = guest_new(&host, "bob", "late");
	guest_say(late, "<presence/>");
	assert_false(guest_hears(late, "alice@example.org"));
	assert_false(guest_hears(alice, "bob@example.org/late"));
	guest_leave(late);
}

static void an_address_of_a_blocked_domain_stays_blocked(void **state)
{
	(void)state;
	command("block", BOB "<item jid='example.org'/>");
	guest_assert_heard(bob, BECAME_UNAVAILABLE);
	command("unblock", BOB);
	guest_assert_heard(bob, "");
	guest_say(bob, "<message to='alice@example.org' id='1'><body>x</body></message>");
	assert_true(guest_hears(bob, "<service-unavailable "));
	command("unblock", "");
	guest_assert_heard(bob, "<presence from='alice@example.org/desk' to='bob@example.org'/>");
}

static void a_blocked_domain_is_told_and_the_server_still_answers(void **state)
{
	(void)state;
	command("block", "<item jid='example.org'/>");
	guest_assert_heard(bob, BECAME_UNAVAILABLE);
	(void)guest_heard(alice);
	guest_say(
		alice, "<iq type='get' id='p' to='example.org'><ping xmlns='urn:xmpp:ping'/></iq>");
	assert_true(guest_hears(alice, "<iq type='result' "));
}

/* Section 6: "only that resource matches". */
static void a_resource_of_the_domain_is_no_account(void **state)
{
	(void)state;
	command("block", "<item jid='example.org/hall'/>");
	guest_assert_heard(bob, "");
	guest_say(bob, "<message to='alice@example.org'><body>x</body></message>");
	assert_true(guest_hears(alice, "<body>x</body>"));
}

static void directed_presence_ends_with_a_block(void **state)
{
	(void)state;
	host_account(&host, "carol");
	struct guest *carol = guest_new(&host, "carol", "den");
	guest_say(alice, "<presence to='carol@example.org/den'/>");
	assert_true(guest_hears(carol, "<presence "));
	command("block", "<item jid='carol@example.org'/>");
	guest_assert_heard(carol,
		"<presence type='unavailable' to='carol@example.org/den' "
		"from='alice@example.org/desk'/>");
	guest_say(alice, "<presence type='unavailable'/>");
	guest_assert_heard(carol, "");
	guest_leave(carol);
}

static void what_was_stored_before_a_block_is_not_delivered(void **state)
{
	(void)state;
	struct envoi_server_stats stats;
	guest_say(alice, "<presence type='unavailable'/>");
	guest_say(bob,
		"<message to='alice@example.org'><body>x</body></message>"
		"<presence to='alice@example.org' type='unsubscribe'/>");
	struct guest *carol;
	host_account(&host, "carol");
	carol = guest_new(&host, "carol", "den");
	guest_say(carol,
		"<message to='alice@example.org'><body>y</body></message>"
		"<presence to='alice@example.org' type='subscribe'/>");
	envoi_server_get_stats(host.server, &stats);
	assert_int_equal(stats.stored, 2);
	command("block", BOB);
	(void)guest_heard(alice);
	guest_say(alice, "<presence/>");
	const char *heard = guest_heard(alice);
	assert_null(strstr(heard, "<body>x"));
	assert_non_null(strstr(heard, "<body>y"));
	assert_non_null(strstr(heard, "type='subscribe'"));
	command("block", "<item jid='carol@example.org'/>");
	guest_say(alice, "<presence type='unavailable'/>");
	(void)guest_heard(alice);
	guest_say(alice, "<presence/>");
	assert_false(guest_hears(alice, "type='subscribe'"));
	command("unblock", BOB);
	guest_say(alice, "<presence type='unavailable'/><presence/>");
	assert_false(guest_hears(alice, "<body>x")); /* it was removed */
	guest_leave(carol);
}

static void nothing_passes_before_the_list_is_loaded(void **state)
{
	(void)state;
	command("block", BOB);
	envoi_server_free(host.server);
	host.server = NULL;
	guest_leave(alice), guest_leave(bob);
	bob = guest_new(&host, "bob", "hall");
	guest_say(bob, "<presence/>");
	alice = guest_authenticated(&host, "alice");
	limping.is_stalled = true;
	guest_say(alice,
		"<iq type='set' id='b'><bind xmlns='urn:ietf:params:xml:ns:xmpp-bind'>"
		"<resource>desk</resource></bind></iq><presence/>");
	limping_store_continue(&limping); /* the roster */
	limping.is_stalled = true;
	guest_say(bob,
		"<message to='alice@example.org' id='1'><body>x</body></message>"
		"<presence to='alice@example.org'/>"
		"<iq type='get' id='2' to='alice@example.org/desk'><x xmlns='urn:x'/></iq>");
	(void)guest_heard(bob), (void)guest_heard(alice);
	limping_store_continue(&limping); /* the list */
	host_run(&host, 100);
	assert_false(guest_hears(alice, "bob@example.org"));
	const char *heard = guest_heard(bob);
	assert_null(strstr(heard, "alice@example.org/desk' to"));
	assert_non_null(strstr(heard, "<service-unavailable "));
}

static void a_list_that_is_too_long_keeps_nobody_out(void **state)
{
	(void)state;
	command("block", BOB "<item jid='c@d'/><item jid='e@f'/>");
	envoi_server_free(host.server);
	host.server = NULL;
	guest_leave(alice);
	host_set(&host, "server.blocked", "1");
	alice = guest_new(&host, "alice", "desk");
	guest_say(alice, "<iq type='get' id='l'><blocklist xmlns='urn:xmpp:blocking'/></iq>");
	const char *heard = guest_heard(alice);
	assert_non_null(strstr(heard, "<item jid='bob@example.org'/>"));
	assert_non_null(strstr(heard, "<item jid='c@d'/>"));
	assert_non_null(strstr(heard, "<item jid='e@f'/>"));
	command("block", "<item jid='g@h'/>");
	assert_true(guest_hears(alice, "<resource-constraint "));
	command("unblock", "");
	command("block", "<item jid='g@h'/>");
	assert_true(guest_hears(alice, "type='result'"));
}

static void on_written(
	struct envoi_store_job *job, int code, const struct envoi_store_answer *answer)
{
	(void)job;
	(void)answer;
	assert_int_equal(code, ENVOI_OK);
}

/* What an older release took, or a damaged file has. */
static void entries_that_are_no_addresses_are_skipped(void **state)
{
	(void)state;
	static const char list[] = "@\0bob@example.org\0cut";
	struct envoi_store_job job = {.done = on_written};
	envoi_server_free(host.server);
	host.server = NULL;
	guest_leave(alice);
	limping.store.impl->set_value(
		&limping.store, &job, "alice", "urn:xmpp:blocking", list, sizeof(list) - 1, 10);
	host_run(&host, 100);
	alice = guest_new(&host, "alice", "desk");
	guest_say(alice, "<iq type='get' id='l'><blocklist xmlns='urn:xmpp:blocking'/></iq>");
	assert_true(guest_hears(alice,
		"<blocklist xmlns='urn:xmpp:blocking'><item jid='bob@example.org'/></blocklist>"));
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
		cmocka_unit_test_setup_teardown(a_full_address_is_one_resource, setup, teardown),
		cmocka_unit_test_setup_teardown(
			a_blocked_resource_that_arrives_sees_nobody, setup, teardown),
		cmocka_unit_test_setup_teardown(
			an_address_of_a_blocked_domain_stays_blocked, setup, teardown),
		cmocka_unit_test_setup_teardown(
			a_blocked_domain_is_told_and_the_server_still_answers, setup, teardown),
		cmocka_unit_test_setup_teardown(
			a_resource_of_the_domain_is_no_account, setup, teardown),
		cmocka_unit_test_setup_teardown(
			directed_presence_ends_with_a_block, setup, teardown),
		cmocka_unit_test_setup_teardown(
			what_was_stored_before_a_block_is_not_delivered, setup, teardown),
		cmocka_unit_test_setup_teardown(
			nothing_passes_before_the_list_is_loaded, setup, teardown),
		cmocka_unit_test_setup_teardown(
			a_list_that_is_too_long_keeps_nobody_out, setup, teardown),
		cmocka_unit_test_setup_teardown(
			entries_that_are_no_addresses_are_skipped, setup, teardown),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
