/*
 * envoi - envoi-server: tests of components (XEP-0114)
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
static struct guest *alice, *echo;

static int setup(void **state)
{
	(void)state;
	host_init(&host, NULL);
	host_account(&host, "alice");
	assert_int_equal(
		envoi_server_add_component(host.server, "Echo.example.org", "s"), ENVOI_OK);
	alice = guest_new(&host, "alice", "desk");
	echo = guest_component(&host, "echo.example.org", "s");
	guest_assert_heard(echo, "<handshake/>");
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	guest_leave(alice);
	guest_leave(echo);
	host_finish(&host);
	return 0;
}

static void stanzas_go_both_ways(void **state)
{
	(void)state;
	guest_say(alice, "<message to='bot@echo.example.org/x' id='1'><body>a</body></message>");
	guest_assert_heard(echo,
		"<message to='bot@echo.example.org/x' id='1' from='alice@example.org/desk'>"
		"<body>a</body></message>");
	guest_say(echo,
		"<message from='bot@echo.example.org' to='alice@example.org/desk'><body>b</body>"
		"</message>");
	assert_true(guest_hears(alice, "<body>b</body>"));
	guest_say(alice, "<iq type='get' id='2' to='echo.example.org'><x xmlns='urn:x'/></iq>");
	assert_true(guest_hears(echo, "<x xmlns='urn:x'/>"));
	guest_say(echo,
		"<iq type='result' id='2' from='echo.example.org' to='alice@example.org/desk'/>");
	assert_true(guest_hears(alice, "<iq type='result' id='2' "));
	guest_say(echo,
		"<iq type='get' id='3' from='echo.example.org' to='example.org'>"
		"<ping xmlns='urn:xmpp:ping'/></iq>");
	guest_assert_heard(
		echo, "<iq type='result' to='echo.example.org' from='example.org' id='3'/>");
	assert_non_null(strstr(host.notes, "online echo.example.org\n"));
}

static void messages_of_a_component_are_stored(void **state)
{
	(void)state;
	guest_say(echo,
		"<message from='bot@echo.example.org' to='alice@example.org'><body>b</body>"
		"</message>");
	guest_say(alice, "<presence/>");
	assert_true(guest_hears(alice, "<body>b</body>"));
}

static void errors_reach_the_component(void **state)
{
	(void)state;
	guest_say(echo,
		"<message from='bot@echo.example.org' to='nobody@example.org' id='4'>"
		"<body>b</body></message>");
	assert_true(guest_hears(echo, "<service-unavailable "));
	guest_say(echo,
		"<message from='echo.example.org' to='x@other.example' id='5'><body>b</body>"
		"</message>");
	assert_true(guest_hears(echo, "<remote-server-not-found "));
}

static void what_comes_while_it_is_away_is_refused(void **state)
{
	(void)state;
	guest_leave(echo);
	assert_non_null(strstr(host.notes, "ended echo.example.org\n"));
	guest_say(alice, "<message to='bot@echo.example.org' id='1'><body>a</body></message>");
	assert_true(guest_hears(alice, "<remote-server-timeout "));
	echo = guest_component(&host, "echo.example.org", "s");
	guest_assert_heard(echo, "<handshake/>");
	guest_say(alice, "<message to='bot@echo.example.org' id='1'><body>a</body></message>");
	assert_true(guest_hears(echo, "<body>a</body>"));
}

static void a_wrong_secret_is_refused(void **state)
{
	(void)state;
	struct guest *other = guest_component(&host, "echo.example.org", "t");
	assert_true(guest_hears(other, "<not-authorized "));
	guest_cut(other);
	other = guest_component(&host, "none.example.org", "s");
	assert_true(guest_hears(other, "<not-authorized "));
	guest_cut(other);
}

/* RFC 6121, sections 3 and 4, with a contact at a component. */
static void contacts_at_a_component_see_presence(void **state)
{
	(void)state;
	guest_say(alice, "<presence/>");
	guest_say(echo,
		"<presence type='subscribe' from='bot@echo.example.org' to='alice@example.org'/>");
	guest_say(alice, "<presence type='subscribed' to='bot@echo.example.org'/>");
	const char *heard = guest_heard(echo);
	assert_non_null(strstr(heard, "type='subscribed'"));
	assert_non_null(strstr(
		heard, "<presence from='alice@example.org/desk' to='bot@echo.example.org'/>"));
	guest_say(alice, "<presence><show>away</show></presence>");
	assert_true(guest_hears(echo, "away"));
	guest_say(echo,
		"<presence type='probe' from='bot@echo.example.org' to='alice@example.org'/>");
	assert_true(guest_hears(echo, "away"));
	guest_say(alice,
		"<iq type='set' id='b'><block xmlns='urn:xmpp:blocking'>"
		"<item jid='echo.example.org'/></block></iq>");
	guest_assert_heard(echo,
		"<presence type='unavailable' from='alice@example.org/desk' "
		"to='bot@echo.example.org'/>");
	guest_say(alice, "<presence><show>dnd</show></presence>");
	guest_assert_heard(echo, "");
	guest_say(alice, "<iq type='set' id='u'><unblock xmlns='urn:xmpp:blocking'/></iq>");
	assert_true(guest_hears(echo, "dnd"));
	guest_leave(alice);
	assert_true(guest_hears(echo, "type='unavailable'"));
	alice = guest_new(&host, "alice", "desk");
}

static void contacts_at_a_component_are_probed(void **state)
{
	(void)state;
	guest_say(alice, "<presence type='subscribe' to='bot@echo.example.org'/>");
	assert_true(guest_hears(echo, "type='subscribe'"));
	guest_say(echo,
		"<presence type='subscribed' from='bot@echo.example.org' to='alice@example.org'/>");
	guest_say(alice, "<presence/>");
	guest_assert_heard(echo,
		"<presence type='probe' to='bot@echo.example.org' from='alice@example.org'/>");
	guest_say(echo, "<presence from='bot@echo.example.org/x' to='alice@example.org'/>");
	assert_true(guest_hears(alice, "<presence from='bot@echo.example.org/x'"));
}

static void a_component_is_an_item_of_the_server(void **state)
{
	(void)state;
	guest_say(alice,
		"<iq type='get' id='3' to='example.org'>"
		"<query xmlns='http://jabber.org/protocol/disco#items'/></iq>");
	assert_true(guest_hears(alice, "<item jid='echo.example.org'/>"));
}

static void components_are_added_once(void **state)
{
	(void)state;
	assert_int_equal(
		envoi_server_add_component(host.server, "echo.example.org", "x"), ENVOI_ERR_EXISTS);
	assert_int_equal(
		envoi_server_add_component(host.server, "example.org", "x"), ENVOI_ERR_EXISTS);
	assert_int_equal(envoi_server_add_component(host.server, "a b", "x"), ENVOI_ERR_INVALID);
	assert_int_equal(
		envoi_server_add_component(host.server, "c.example.org", ""), ENVOI_ERR_INVALID);
	assert_int_equal(envoi_server_add_component(host.server, NULL, "x"), ENVOI_ERR_INVALID);
	assert_int_equal(
		envoi_server_add_component(host.server, "c.example.org", NULL), ENVOI_ERR_INVALID);
}

/* A component cannot write as somebody else. */
static void a_foreign_sender_ends_the_stream(void **state)
{
	(void)state;
	guest_say(echo,
		"<message from='alice@example.org' to='alice@example.org'><body>b</body></message>");
	assert_true(guest_hears(echo, "<invalid-from "));
	guest_say(alice, "<presence/>");
	assert_false(guest_hears(alice, "<body>"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#define CASE(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
		CASE(stanzas_go_both_ways),
		CASE(messages_of_a_component_are_stored),
		CASE(errors_reach_the_component),
		CASE(what_comes_while_it_is_away_is_refused),
		CASE(a_wrong_secret_is_refused),
		CASE(contacts_at_a_component_see_presence),
		CASE(contacts_at_a_component_are_probed),
		CASE(a_component_is_an_item_of_the_server),
		CASE(components_are_added_once),
		CASE(a_foreign_sender_ends_the_stream),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
