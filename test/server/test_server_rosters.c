/*
 * envoi - envoi-server: tests of rosters and presence (RFC 6121, sections 2 and 4)
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
#include "limping_store.h"

static struct host host;
static struct guest *alice;

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

static void begin(void)
{
	host_account(&host, "alice");
	alice = guest_new(&host, "alice", "desk");
}

/* --- rosters --- */

#define GET "<iq type='get' id='r'><query xmlns='jabber:iq:roster'/></iq>"

static void set(const char *items)
{
	char text[3000];
	snprintf(text, sizeof(text),
		"<iq type='set' id='s'><query xmlns='jabber:iq:roster'>%s</query></iq>", items);
	guest_say(alice, text);
}

static void contacts_are_added_changed_and_removed(void **state)
{
	(void)state;
	begin();
	struct guest *other = guest_new(&host, "alice", "hall");
	guest_say(alice, GET);
	guest_say(other, GET);
	(void)guest_heard(alice), (void)guest_heard(other);
	set("<item jid='Bob@example.org/x' name='B &amp; b' subscription='both' ask='subscribe'>"
	    "<group>1</group><group>2</group></item>");
	const char *item = "<item jid='bob@example.org' name='B &amp; b' subscription='none'>"
			   "<group>1</group><group>2</group></item>";
	assert_true(guest_hears(other, item));
	const char *heard = guest_heard(alice);
	assert_non_null(strstr(heard, item));
	assert_non_null(strstr(heard, "<iq type='result' to='alice@example.org/desk' id='s'/>"));
	set("<item jid='bob@example.org'/>");
	assert_true(guest_hears(other, "<item jid='bob@example.org' subscription='none'/>"));
	set("<item jid='bob@example.org' subscription='remove'/>");
	assert_true(guest_hears(other, "<item jid='bob@example.org' subscription='remove'/>"));
	(void)guest_heard(alice);
	guest_say(alice, GET);
	guest_assert_heard(alice,
		"<iq type='result' to='alice@example.org/desk' id='r'>"
		"<query xmlns='jabber:iq:roster'/></iq>");
	guest_leave(other);
	guest_leave(alice);
}

/* Sections 2.1.5, 2.3.3 and 2.5.3. */
static void wrong_sets_are_refused(void **state)
{
	(void)state;
	static const struct {
		const char *items, *condition;
	} wrong[] = {
		{"", "<bad-request "},
		{"<item/>", "<bad-request "},
		{"<item jid='@'/>", "<bad-request "},
		{"<item jid='a@b'/><item jid='c@d'/>", "<bad-request "},
		{"<item jid='a@b'><group>x</group><group>x</group></item>", "<bad-request "},
		{"<item jid='a@b'><group/></item>", "<not-acceptable "},
		{"<item jid='alice@example.org'/>", "<not-allowed "},
		{"<item jid='a@b' subscription='remove'/>", "<item-not-found "},
	};
	begin();
	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		set(wrong[i].items);
		assert_true(guest_hears(alice, wrong[i].condition));
	}
	char name[1100], text[1300];
	memset(name, 'x', sizeof(name) - 1);
	name[sizeof(name) - 1] = '\0';
	snprintf(text, sizeof(text), "<item jid='a@b' name='%s'/>", name);
	set(text);
	assert_true(guest_hears(alice, "<not-acceptable "));
	snprintf(text, sizeof(text), "<item jid='a@b'><group>%s</group></item>", name);
	set(text);
	assert_true(guest_hears(alice, "<not-acceptable "));
	guest_say(alice,
		"<iq type='set' id='s' to='bob@example.org'><query xmlns='jabber:iq:roster'>"
		"<item jid='a@b'/></query></iq>");
	assert_true(guest_hears(alice, "<service-unavailable "));
	guest_leave(alice);
}

static char version[200];

static void read_version(const char *heard)
{
	const char *at = NULL;
	for (const char *next = strstr(heard, " ver='"); next != NULL;
		next = strstr(next + 1, " ver='")) {
		at = next;
	}
	assert_non_null(at);
	assert_int_equal(sscanf(at, " ver='%199[^']'", version), 1);
}

static void get_since(const char *ver)
{
	char text[400];
	snprintf(text, sizeof(text),
		"<iq type='get' id='r'><query xmlns='jabber:iq:roster' ver='%s'/></iq>", ver);
	guest_say(alice, text);
}

/* Section 2.6. */
static void only_changes_are_sent_since_a_version(void **state)
{
	(void)state;
	begin();
	set("<item jid='a@b'/>");
	set("<item jid='c@d'/>");
	(void)guest_heard(alice);
	get_since("");
	const char *heard = guest_heard(alice);
	assert_non_null(strstr(heard, "<item jid='a@b' "));
	assert_non_null(strstr(heard, "<item jid='c@d' "));
	read_version(heard);
	get_since(version);
	guest_assert_heard(alice, "<iq type='result' to='alice@example.org/desk' id='r'/>");
	char first[200];
	snprintf(first, sizeof(first), "%s", version);
	set("<item jid='c@d' name='C'/>");
	(void)guest_heard(alice);
	get_since(first);
	heard = guest_heard(alice);
	assert_non_null(strstr(heard, "<item jid='c@d' name='C' "));
	assert_null(strstr(heard, "<item jid='a@b' "));
	set("<item jid='a@b' subscription='remove'/>");
	(void)guest_heard(alice);
	get_since(first);
	heard = guest_heard(alice);
	assert_non_null(strstr(heard, "<item jid='c@d' "));
	assert_null(strstr(heard, "a@b"));
	get_since("other-3");
	assert_true(guest_hears(alice, "<item jid='c@d' "));
	get_since("99999999999999999999999999");
	assert_true(guest_hears(alice, "<item jid='c@d' "));
	guest_leave(alice);
}

static void a_client_of_the_library_has_its_roster(void **state)
{
	(void)state;
	begin();
	set("<item jid='bob@example.org' name='Bob'><group>g</group></item>");
	struct envoi_client *client = host_client(&host, "alice@example.org/x");
	assert_int_equal(envoi_client_connect(client), ENVOI_OK);
	host_run(&host, 2000);
	assert_int_equal(envoi_roster_count(envoi_client_roster(client)), 1);
	envoi_client_free(client);
	host_run(&host, 100);
	guest_leave(alice);
}

static void a_change_is_answered_when_it_is_stored(void **state)
{
	(void)state;
	static struct limping_store limping;
	limping_store_init(&limping, host.context);
	host.store = &limping.store;
	begin();
	limping.is_stalled = true;
	set("<item jid='a@b'/>");
	guest_assert_heard(alice, "");
	limping_store_continue(&limping);
	host_run(&host, 100);
	assert_true(guest_hears(alice, "<iq type='result'"));
	limping.code = ENVOI_ERR_SYSTEM;
	set("<item jid='a@b' name='x'/>");
	assert_true(guest_hears(alice, "<resource-constraint "));
	guest_leave(alice);
}

/* --- presence --- */

static struct guest *bob;

/* Both see each other. */
static void befriend(void)
{
	host_account(&host, "bob");
	begin();
	bob = guest_new(&host, "bob", "hall");
	guest_say(alice, "<presence type='subscribe' to='bob@example.org'/>");
	guest_say(bob,
		"<presence type='subscribe' to='alice@example.org'/>"
		"<presence type='subscribed' to='alice@example.org'/>");
	guest_say(alice, "<presence type='subscribed' to='bob@example.org'/>");
	(void)guest_heard(alice), (void)guest_heard(bob);
}

static void contacts_and_own_resources_see_presence(void **state)
{
	(void)state;
	befriend();
	struct guest *other = guest_new(&host, "alice", "hall");
	guest_say(bob, "<presence><priority>3</priority></presence>");
	guest_assert_heard(bob,
		"<presence from='bob@example.org/hall' to='bob@example.org'>"
		"<priority>3</priority></presence>");
	guest_assert_heard(alice, ""); /* not available */
	guest_say(alice, "<presence/>");
	guest_assert_heard(alice,
		"<presence from='alice@example.org/desk' to='alice@example.org'/>"
		"<presence from='bob@example.org/hall' to='alice@example.org'>"
		"<priority>3</priority></presence>");
	guest_assert_heard(bob, "<presence from='alice@example.org/desk' to='bob@example.org'/>");
	guest_assert_heard(other, "");
	guest_say(other, "<presence/>");
	const char *heard = guest_heard(other);
	assert_non_null(strstr(heard, "from='alice@example.org/desk'"));
	assert_non_null(strstr(heard, "from='bob@example.org/hall'"));
	assert_true(guest_hears(alice, "from='alice@example.org/hall'"));
	guest_say(other, "<presence type='unavailable'/>");
	assert_true(
		guest_hears(other, "<presence type='unavailable' from='alice@example.org/hall'"));
	assert_true(
		guest_hears(alice, "<presence type='unavailable' from='alice@example.org/hall'"));
	assert_true(guest_hears(bob, "<presence type='unavailable' from='alice@example.org/hall'"));
	guest_leave(other);
	guest_assert_heard(bob, "");
	guest_leave(alice);
	guest_assert_heard(bob,
		"<presence type='unavailable' from='alice@example.org/desk' to='bob@example.org'/>");
	guest_leave(bob);
}

static void a_lost_session_is_unavailable_when_it_cannot_be_resumed(void **state)
{
	(void)state;
	host_set(&host, "accept.resumption", "10s");
	befriend();
	guest_leave(alice);
	alice = guest_new_managed(&host, "alice", "desk");
	guest_say(alice, "<presence/>");
	guest_say(bob, "<presence/>");
	(void)guest_heard(bob);
	guest_cut(alice);
	assert_false(guest_hears(bob, "unavailable"));
	host_run(&host, 11 * 1000);
	assert_true(guest_hears(bob, "<presence type='unavailable' from='alice@example.org/desk'"));
	guest_leave(bob);
}

static void directed_presence_is_withdrawn(void **state)
{
	(void)state;
	host_account(&host, "bob");
	begin();
	bob = guest_new(&host, "bob", "hall");
	guest_say(alice, "<iq type='get' id='1' to='bob@example.org/hall'><x xmlns='urn:x'/></iq>");
	assert_true(guest_hears(alice, "<service-unavailable "));
	guest_say(bob, "<presence to='alice@example.org/desk'><status>x</status></presence>");
	guest_assert_heard(alice,
		"<presence to='alice@example.org/desk' from='bob@example.org/hall'>"
		"<status>x</status></presence>");
	guest_say(alice, "<iq type='get' id='1' to='bob@example.org/hall'><x xmlns='urn:x'/></iq>");
	assert_true(guest_hears(bob, "<x xmlns='urn:x'/>"));
	guest_say(bob, "<presence><show>away</show></presence>");
	guest_assert_heard(alice, "");
	guest_leave(bob);
	guest_assert_heard(alice,
		"<presence type='unavailable' to='alice@example.org/desk' "
		"from='bob@example.org/hall'/>");
	guest_leave(alice);
}

static void directed_presence_is_bounded(void **state)
{
	(void)state;
	host_set(&host, "server.directed-presences", "2");
	begin();
	guest_say(alice,
		"<presence to='a@example.org'/><presence to='b@example.org'/>"
		"<presence to='a@example.org'/>");
	guest_assert_heard(alice, "");
	guest_say(alice, "<presence to='c@example.org'/>");
	assert_true(guest_hears(alice, "<resource-constraint "));
	guest_say(alice, "<presence to='a@example.org' type='unavailable'/>");
	guest_say(alice, "<presence to='c@example.org'/>");
	guest_assert_heard(alice, "");
	guest_leave(alice);
}

static void probes_of_contacts_are_answered(void **state)
{
	(void)state;
	befriend();
	guest_say(alice, "<presence type='probe' to='bob@example.org'/>");
	guest_assert_heard(alice,
		"<presence type='unavailable' to='alice@example.org/desk' from='bob@example.org'/>");
	guest_say(bob, "<presence><status>y</status></presence>");
	guest_say(alice, "<presence type='probe' to='bob@example.org'/>");
	guest_assert_heard(alice,
		"<presence from='bob@example.org/hall' to='alice@example.org/desk'>"
		"<status>y</status></presence>");
	guest_leave(alice);
	guest_leave(bob);
}

static void many_contacts_see_presence_once(void **state)
{
	(void)state;
	enum {
		CONTACTS = 40
	};
	struct guest *guests[CONTACTS];
	char text[300], name[20];
	host_set(&host, "accept.sessions", "10000");
	begin();
	for (int i = 0; i < CONTACTS; i++) {
		snprintf(name, sizeof(name), "u%d", i);
		host_account(&host, name);
		guests[i] = guest_new(&host, name, "x");
		guest_say(guests[i],
			"<presence/><presence type='subscribe' to='alice@example.org'/>");
		snprintf(text, sizeof(text), "<presence type='subscribed' to='%s@example.org'/>",
			name);
		guest_say(alice, text);
		(void)guest_heard(guests[i]);
	}
	guest_say(alice, "<presence/>");
	for (int i = 0; i < CONTACTS; i++) {
		snprintf(text, sizeof(text),
			"<presence from='alice@example.org/desk' to='u%d@example.org'/>", i);
		guest_assert_heard(guests[i], text);
		guest_leave(guests[i]);
	}
	guest_leave(alice);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(
			contacts_are_added_changed_and_removed, setup, teardown),
		cmocka_unit_test_setup_teardown(wrong_sets_are_refused, setup, teardown),
		cmocka_unit_test_setup_teardown(
			only_changes_are_sent_since_a_version, setup, teardown),
		cmocka_unit_test_setup_teardown(
			a_client_of_the_library_has_its_roster, setup, teardown),
		cmocka_unit_test_setup_teardown(
			a_change_is_answered_when_it_is_stored, setup, teardown),
		cmocka_unit_test_setup_teardown(
			contacts_and_own_resources_see_presence, setup, teardown),
		cmocka_unit_test_setup_teardown(
			a_lost_session_is_unavailable_when_it_cannot_be_resumed, setup, teardown),
		cmocka_unit_test_setup_teardown(directed_presence_is_withdrawn, setup, teardown),
		cmocka_unit_test_setup_teardown(directed_presence_is_bounded, setup, teardown),
		cmocka_unit_test_setup_teardown(probes_of_contacts_are_answered, setup, teardown),
		cmocka_unit_test_setup_teardown(many_contacts_see_presence_once, setup, teardown),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
