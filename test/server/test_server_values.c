/*
 * envoi - envoi-server: tests of private storage (XEP-0049), vcards (XEP-0054), carbons (XEP-0280)
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

static int setup(void **state)
{
	(void)state;
	host_init(&host, NULL);
	host_set(&host, "server.values", "2");
	host_account(&host, "alice");
	host_account(&host, "bob");
	alice = guest_new(&host, "alice", "desk");
	bob = guest_new(&host, "bob", "hall");
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

/* --- private storage --- */

static void ask_private(const char *type, const char *element)
{
	char text[500];
	snprintf(text, sizeof(text),
		"<iq type='%s' id='1'><query xmlns='jabber:iq:private'>%s</query></iq>", type,
		element);
	guest_say(alice, text);
}

#define RESULT(content) \
	"<iq type='result' to='alice@example.org/desk' id='1'><query xmlns='jabber:iq:private'>" content \
	"</query></iq>"

static void elements_are_kept_by_name_and_namespace(void **state)
{
	(void)state;
	ask_private("get", "<a xmlns='urn:1'/>");
	guest_assert_heard(alice, RESULT("<a xmlns='urn:1'/>"));
	ask_private("set", "<a xmlns='urn:1' b='c'><d/>e</a>");
	guest_assert_heard(alice, "<iq type='result' to='alice@example.org/desk' id='1'/>");
	ask_private("set", "<a xmlns='urn:2'>other</a>");
	(void)guest_heard(alice);
	ask_private("get", "<a xmlns='urn:1'/>");
	guest_assert_heard(alice, RESULT("<a xmlns='urn:1' b='c'><d/>e</a>"));
	ask_private("set", "<a xmlns='urn:1'>new</a>");
	(void)guest_heard(alice);
	ask_private("get", "<a xmlns='urn:1'/>");
	guest_assert_heard(alice, RESULT("<a xmlns='urn:1'>new</a>"));
	ask_private("set", "<third xmlns='urn:1'/>");
	assert_true(guest_hears(alice, "<resource-constraint "));
}

static void private_storage_is_private_and_of_one_element(void **state)
{
	(void)state;
	ask_private("set", "");
	assert_true(guest_hears(alice, "<bad-request "));
	ask_private("set", "<a xmlns='urn:1'/><b xmlns='urn:1'/>");
	assert_true(guest_hears(alice, "<bad-request "));
	ask_private("get", "<a/>");
	assert_true(guest_hears(alice, "<bad-request "));
	guest_say(bob,
		"<iq type='get' id='1' to='alice@example.org'><query xmlns='jabber:iq:private'>"
		"<a xmlns='urn:1'/></query></iq>");
	assert_true(guest_hears(bob, "<service-unavailable "));
}

/* --- vcards --- */

static void a_vcard_is_for_everyone(void **state)
{
	(void)state;
	guest_say(alice, "<iq type='get' id='1'><vCard xmlns='vcard-temp'/></iq>");
	assert_true(guest_hears(alice, "<item-not-found "));
	guest_say(bob,
		"<iq type='get' id='1' to='alice@example.org'><vCard xmlns='vcard-temp'/></iq>");
	assert_true(guest_hears(bob, "<service-unavailable "));
	guest_say(
		alice, "<iq type='set' id='2'><vCard xmlns='vcard-temp'><FN>Al</FN></vCard></iq>");
	assert_true(guest_hears(alice, "<iq type='result'"));
	guest_say(bob,
		"<iq type='get' id='1' to='alice@example.org'><vCard xmlns='vcard-temp'/></iq>");
	assert_true(guest_hears(bob, "<vCard xmlns='vcard-temp'><FN>Al</FN></vCard>"));
	guest_say(bob,
		"<iq type='set' id='1' to='alice@example.org'><vCard xmlns='vcard-temp'/></iq>");
	assert_true(guest_hears(bob, "<service-unavailable "));
}

/* --- carbons --- */

#define ENABLE "<iq type='set' id='c'><enable xmlns='urn:xmpp:carbons:2'/></iq>"
#define RECEIVED \
	"<received xmlns='urn:xmpp:carbons:2'><forwarded xmlns='urn:xmpp:forward:0'>" \
	"<message xmlns='jabber:client' "
#define SENT \
	"<sent xmlns='urn:xmpp:carbons:2'><forwarded xmlns='urn:xmpp:forward:0'>" \
	"<message xmlns='jabber:client' "

static unsigned int count_of(const char *text, const char *part)
{
	unsigned int count = 0;
	while ((text = strstr(text, part)) != NULL) {
		count++;
		text++;
	}
	return count;
}

static void each_resource_has_a_message_once(void **state)
{
	(void)state;
	struct guest *second = guest_new(&host, "bob", "second"),
		     *third = guest_new(&host, "bob", "third");
	guest_available(bob, 5);
	guest_available(second, 5);
	guest_available(third, 0);
	guest_say(bob, ENABLE);
	guest_say(second, ENABLE);
	guest_say(third, ENABLE);
	(void)guest_heard(bob), (void)guest_heard(second), (void)guest_heard(third);
	guest_say(alice, "<message to='bob@example.org' type='chat'><body>hi</body></message>");
	assert_int_equal(count_of(guest_heard(bob), "<body>hi</body>"), 1);
	assert_int_equal(count_of(guest_heard(second), "<body>hi</body>"), 1);
	const char *heard = guest_heard(third);
	assert_int_equal(count_of(heard, "<body>hi</body>"), 1);
	assert_non_null(strstr(
		heard, "<message type='chat' to='bob@example.org/third' from='bob@example.org' "));
	assert_non_null(strstr(heard, RECEIVED));
	guest_say(
		alice, "<message to='bob@example.org/third' type='chat'><body>hi</body></message>");
	assert_true(guest_hears(bob, RECEIVED));
	assert_true(guest_hears(second, RECEIVED));
	assert_int_equal(count_of(guest_heard(third), "<body>hi</body>"), 1);
	guest_say(third, "<iq type='set' id='c'><disable xmlns='urn:xmpp:carbons:2'/></iq>");
	(void)guest_heard(third);
	guest_say(alice, "<message to='bob@example.org' type='chat'><body>hi</body></message>");
	guest_assert_heard(third, "");
	guest_leave(second);
	guest_leave(third);
}

static void what_a_resource_sends_is_copied(void **state)
{
	(void)state;
	struct guest *second = guest_new(&host, "bob", "second");
	guest_say(second, ENABLE);
	guest_say(bob, ENABLE);
	(void)guest_heard(second), (void)guest_heard(bob);
	guest_say(
		bob, "<message to='alice@example.org/desk' type='chat'><body>hi</body></message>");
	assert_true(guest_hears(second, SENT));
	guest_assert_heard(bob, "");
	guest_say(
		bob, "<message to='bob@example.org/second' type='chat'><body>hi</body></message>");
	assert_int_equal(count_of(guest_heard(second), "<body>hi</body>"), 1);
	guest_assert_heard(bob, "");
	guest_leave(second);
}

static void some_messages_are_not_copied(void **state)
{
	(void)state;
	struct guest *second = guest_new(&host, "bob", "second");
	guest_say(second, ENABLE);
	(void)guest_heard(second);
	guest_say(alice,
		"<message to='bob@example.org/hall' type='headline'><body>1</body></message>"
		"<message to='bob@example.org/hall'><x xmlns='urn:x'/></message>"
		"<message to='bob@example.org/hall' type='chat'><body>2</body>"
		"<private xmlns='urn:xmpp:carbons:2'/></message>"
		"<message to='bob@example.org/hall' type='chat'><body>3</body>"
		"<no-copy xmlns='urn:xmpp:hints'/></message>"
		"<message to='bob@example.org/hall' type='chat'>"
		"<received xmlns='urn:xmpp:carbons:2'/></message>");
	const char *heard = guest_heard(bob);
	assert_non_null(strstr(heard, "<body>3</body>"));
	/* section 9: it is not removed */
	assert_non_null(strstr(heard, "<body>2</body><private xmlns='urn:xmpp:carbons:2'/>"));
	guest_assert_heard(second, "");
	guest_say(bob,
		"<message to='alice@example.org' type='chat'><body>4</body>"
		"<private xmlns='urn:xmpp:carbons:2'/></message>");
	guest_assert_heard(second, "");
	guest_leave(second);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(
			elements_are_kept_by_name_and_namespace, setup, teardown),
		cmocka_unit_test_setup_teardown(
			private_storage_is_private_and_of_one_element, setup, teardown),
		cmocka_unit_test_setup_teardown(a_vcard_is_for_everyone, setup, teardown),
		cmocka_unit_test_setup_teardown(each_resource_has_a_message_once, setup, teardown),
		cmocka_unit_test_setup_teardown(what_a_resource_sends_is_copied, setup, teardown),
		cmocka_unit_test_setup_teardown(some_messages_are_not_copied, setup, teardown),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
