/*
 * envoi - envoi-server: tests of registration (XEP-0077), and of accounts that are removed
 * SPDX-License-Identifier: MIT
 */
#include <arpa/inet.h>
#include <netinet/in.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include <envoi/ext/registration.h>
#include <envoi/listener.h>

#include "guest.h"
#include "limping_store.h"

static struct host host;
static struct limping_store limping;

static int setup(void **state)
{
	(void)state;
	host_init(&host, NULL);
	limping_store_init(&limping, host.context);
	host.store = &limping.store;
	host_set(&host, "server.registration", "true");
	host_set(&host, "server.registrations", "3");
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	host_finish(&host);
	return 0;
}

#define QUERY(id, type, content) \
	"<iq type='" type "' id='" id "'><query xmlns='jabber:iq:register'>" content "</query></iq>"
#define ACCOUNT(name, password) "<username>" name "</username><password>" password "</password>"

static struct guest *stranger(void)
{
	struct guest *guest = guest_connected(&host);
	guest_open(guest);
	return guest;
}

/* --- before the login --- */

static void an_account_is_made_and_used_on_the_same_stream(void **state)
{
	(void)state;
	struct guest *guest = stranger();
	assert_true(
		guest_hears(guest, "<register xmlns='http://jabber.org/features/iq-register'/>"));
	guest_say(guest, QUERY("1", "get", ""));
	guest_assert_heard(guest,
		"<iq type='result' id='1'><query xmlns='jabber:iq:register'>"
		"<instructions>Choose a name and a password for the account.</instructions>"
		"<username/><password/></query></iq>");
	guest_say(guest, QUERY("2", "set", ACCOUNT("Alice", "wonder")));
	guest_assert_heard(guest, "<iq type='result' id='2'/>");
	guest_authenticate(guest, "alice", "wonder");
	const char *heard = guest_heard(guest);
	assert_non_null(strstr(heard, "xmpp-bind"));
	assert_null(strstr(heard, "iq-register"));
	guest_cut(guest);
}

static void what_is_wrong_is_refused(void **state)
{
	(void)state;
	host_account(&host, "alice");
	struct guest *guest = stranger();
	guest_say(guest, QUERY("1", "set", ACCOUNT("alice", "x")));
	assert_true(guest_hears(guest, "<conflict "));
	guest_say(guest, QUERY("2", "set", "<username>bob</username><password/>"));
	assert_true(guest_hears(guest, "<not-acceptable "));
	guest_say(guest, QUERY("3", "set", "<password>x</password>"));
	assert_true(guest_hears(guest, "<not-acceptable "));
	guest_say(guest, QUERY("4", "set", ACCOUNT("a b", "x")));
	assert_true(guest_hears(guest, "<not-acceptable "));
	guest_say(guest, QUERY("5", "set", "<remove/>"));
	assert_true(guest_hears(guest, "<unexpected-request "));
	guest_say(guest, QUERY("6", "set", ACCOUNT("bob", "x")));
	assert_true(guest_hears(guest, "<iq type='result' id='6'/>"));
	guest_say(guest, QUERY("7", "set", ACCOUNT("carol", "x"))); /* section 3.1.1 */
	assert_true(guest_hears(guest, "<not-acceptable "));
	guest_cut(guest);
}

static void accounts_are_made_slowly(void **state)
{
	(void)state;
	char text[300];
	for (int i = 0; i < 4; i++) {
		struct guest *guest = stranger();
		snprintf(text, sizeof(text),
			QUERY("1", "set", "<username>u%d</username><password>x</password>"), i);
		guest_say(guest, text);
		assert_true(guest_hears(guest, i < 3 ? "type='result'" : "<resource-constraint "));
		guest_cut(guest);
	}
	host_run(&host, 3600 * 1000);
	struct guest *guest = stranger();
	guest_say(guest, QUERY("1", "set", ACCOUNT("bob", "x")));
	assert_true(guest_hears(guest, "type='result'"));
	guest_cut(guest);
}

/* XEP-0077, section 3.1; the stream goes on. */
static void without_registration_a_request_is_answered_with_an_error(void **state)
{
	(void)state;
	host_finish(&host);
	host_init(&host, NULL);
	host_account(&host, "alice");
	struct guest *guest = stranger();
	assert_null(strstr(guest_heard(guest), "iq-register"));
	for (int i = 0; i < 4; i++) {
		guest_say(guest, QUERY("1", "get", ""));
		guest_assert_heard(guest,
			"<iq type='error' id='1'><error type='cancel'>"
			"<service-unavailable xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/>"
			"</error></iq>");
	}
	guest_say(guest, QUERY("2", "set", ACCOUNT("bob", "x")));
	assert_true(guest_hears(guest, "<service-unavailable "));
	guest_authenticate(guest, "alice", "secret");
	assert_non_null(strstr(guest_heard(guest), "xmpp-bind"));
	guest_cut(guest);
}

static void without_registration_many_requests_end_the_stream(void **state)
{
	(void)state;
	host_finish(&host);
	host_init(&host, NULL);
	struct guest *guest = stranger();
	for (int i = 0; i < 6; i++) {
		guest_say(guest, QUERY("1", "get", ""));
	}
	assert_true(guest_hears(guest, "<not-authorized "));
	guest_cut(guest);
}

static void another_request_before_the_login_ends_the_stream(void **state)
{
	(void)state;
	struct guest *guest = stranger();
	guest_say(guest, "<iq type='get' id='1'><ping xmlns='urn:xmpp:ping'/></iq>");
	assert_true(guest_hears(guest, "<not-authorized "));
	guest_cut(guest);
}

/* --- by address --- */

static const char *from_address;

static int take_from(void *user, struct envoi_memory_pair *pair, const char *domain)
{
	struct envoi_channel *channel;
	struct sockaddr_in6 address = {.sin6_family = AF_INET6};
	(void)user;
	(void)domain;
	assert_int_equal(inet_pton(AF_INET6, from_address, &address.sin6_addr), 1);
	int r = envoi_memory_channel_new(&channel, pair, ENVOI_MEMORY_B);
	return r < 0
		? r
		: envoi_listener_take(envoi_server_listener(host.server), ENVOI_SERVER_STARTTLS,
			  channel, (struct sockaddr *)&address, sizeof(address));
}

struct attempt {
	struct envoi_handler *handler;
	char *name;
	enum envoi_stanza_condition refused; /* 0: not */
	bool is_registered;
};

static void on_asked(
	void *user, const struct envoi_registration *fields, const struct envoi_stanza_error *error)
{
	struct attempt *attempt = user;
	char password[] = "secret";
	const struct envoi_registration registration = {
		.username = attempt->name, .password = password};
	if (fields == NULL) {
		attempt->refused = error->condition;
		envoi_registration_login_give_up(attempt->handler);
	} else {
		assert_int_equal(
			envoi_registration_login_submit(attempt->handler, &registration), ENVOI_OK);
	}
}

static void on_registered(void *user)
{
	struct attempt *attempt = user;
	attempt->is_registered = true;
}

/* @return the condition with which it was refused; 0: it was made */
static enum envoi_stanza_condition register_from(const char *address, char *name)
{
	static const struct envoi_registration_login_events registration_events = {
		.asked = on_asked, .registered = on_registered};
	struct attempt attempt = {.name = name};
	struct envoi_client *client;
	struct envoi_connector *connector;
	char jid[100];
	snprintf(jid, sizeof(jid), "%s@example.org", name);
	from_address = address;
	assert_int_equal(envoi_client_new(&client, host.context, jid), ENVOI_OK);
	assert_int_equal(
		envoi_memory_connector_new(&connector, host.context, take_from, NULL, false),
		ENVOI_OK);
	assert_int_equal(envoi_client_add_connector(client, connector), ENVOI_OK);
	assert_int_equal(envoi_client_set_password(client, "secret"), ENVOI_OK);
	envoi_client_set(client, "tls.ca-file", TEST_DATA "/tls/ca.pem");
	envoi_client_set(client, "tls.system-trust", "false");
	assert_int_equal(envoi_registration_login_new(
				 &attempt.handler, host.context, &registration_events, &attempt),
		ENVOI_OK);
	envoi_client_add(client, attempt.handler);
	assert_int_equal(envoi_client_connect(client), ENVOI_OK);
	host_run(&host, 1000);
	assert_true(attempt.is_registered == (attempt.refused == 0));
	envoi_client_free(client);
	envoi_handler_destroy(attempt.handler);
	host_run(&host, 1000);
	return attempt.refused;
}

static void the_accounts_that_one_address_makes_are_counted(void **state)
{
	(void)state;
	static const struct {
		const char *address;
		bool is_refused;
	} attempts[] = {
		{"2001:db8::1", false}, {"2001:db8::2", false},
		{"2001:db8::3:3:3:3", true}, /* the same network of 64 bits */
		{"2001:db8:0:1::1", false}, {"::ffff:192.0.2.1", false},
		{"::ffff:192.0.2.1", false}, {"::ffff:192.0.2.1", true},
		{"::ffff:192.0.2.2", false}, {"2001:db8:0:2::1", true}, /* all together */
	};
	assert_int_equal(envoi_tls_config_new_server(&host.tls, host.context,
				 TEST_DATA "/tls/right.pem", TEST_DATA "/tls/server-key.pem"),
		ENVOI_OK);
	host_set(&host, "server.registrations", "6");
	host_set(&host, "server.registrations-of-address", "2");
	host_make(&host);
	for (size_t i = 0; i < sizeof(attempts) / sizeof(attempts[0]); i++) {
		char name[20];
		snprintf(name, sizeof(name), "u%d", (int)i);
		assert_int_equal(register_from(attempts[i].address, name),
			attempts[i].is_refused ? ENVOI_RESOURCE_CONSTRAINT : 0);
	}
	host_run(&host, 3600 * 1000);
	char name[] = "later";
	assert_int_equal(register_from("2001:db8::1", name), 0);
}

static void one_request_is_pending_at_a_time(void **state)
{
	(void)state;
	struct guest *guest = stranger();
	limping.is_stalled = true;
	guest_say(guest, QUERY("1", "set", ACCOUNT("bob", "x")));
	guest_say(guest, QUERY("2", "set", ACCOUNT("carol", "x")));
	const char *heard = guest_heard(guest);
	assert_non_null(strstr(heard, "id='2'"));
	assert_non_null(strstr(heard, "<not-acceptable "));
	guest_cut(guest); /* it made the account nevertheless */
	limping_store_continue(&limping);
	host_run(&host, 100);
	guest = stranger();
	guest_authenticate(guest, "bob", "x");
	assert_true(guest_hears(guest, "xmpp-bind"));
	guest_cut(guest);
}

static void a_store_that_fails_is_told(void **state)
{
	(void)state;
	struct guest *guest = stranger();
	limping.code = ENVOI_ERR_SYSTEM;
	guest_say(guest, QUERY("1", "set", ACCOUNT("bob", "x")));
	assert_true(guest_hears(guest, "<resource-constraint "));
	guest_cut(guest);
}

static void a_server_is_freed_while_an_account_is_made(void **state)
{
	(void)state;
	struct guest *guest = stranger();
	limping.is_stalled = true;
	guest_say(guest, QUERY("1", "set", ACCOUNT("bob", "x")));
	envoi_server_free(host.server);
	host.server = NULL;
	guest_cut(guest);
	host_set(&host, "server.registration", "true");
	guest = stranger();
	peer_sends_bytes(guest->peer, QUERY("1", "set", ACCOUNT("bob", "x")),
		strlen(QUERY("1", "set", ACCOUNT("bob", "x"))));
	envoi_server_free(host.server);
	host.server = NULL;
	guest_cut(guest);
}

static void without_the_setting_nothing_is_offered(void **state)
{
	(void)state;
	host_set(&host, "server.registration", "false");
	host_account(&host, "alice");
	struct guest *guest = stranger();
	assert_false(guest_hears(guest, "iq-register"));
	guest_say(guest, QUERY("1", "set", ACCOUNT("bob", "x")));
	assert_false(guest_hears(guest, "type='result'"));
	guest_cut(guest);
	struct guest *alice = guest_new(&host, "alice", "desk");
	guest_say(alice, QUERY("1", "set", "<remove/>"));
	assert_true(guest_hears(alice, "<service-unavailable "));
	guest_say(alice,
		"<iq type='get' id='2' to='example.org'>"
		"<query xmlns='http://jabber.org/protocol/disco#info'/></iq>");
	assert_false(guest_hears(alice, "jabber:iq:register"));
	guest_leave(alice);
}

/* --- after the login --- */

static void a_password_is_changed(void **state)
{
	(void)state;
	host_account(&host, "alice");
	host_account(&host, "bob");
	struct guest *alice = guest_new(&host, "alice", "desk");
	guest_say(alice, QUERY("1", "get", ""));
	assert_true(guest_hears(alice, "<registered/><username>alice</username><password/>"));
	guest_say(alice, QUERY("2", "set", ACCOUNT("bob", "x")));
	assert_true(guest_hears(alice, "<not-allowed "));
	guest_say(alice, QUERY("3", "set", "<username>alice</username><password/>"));
	assert_true(guest_hears(alice, "<bad-request "));
	guest_say(alice, QUERY("4", "set", ACCOUNT("alice", "other")));
	guest_assert_heard(alice, "<iq type='result' to='alice@example.org/desk' id='4'/>");
	guest_leave(alice);
	struct guest *guest = stranger();
	guest_authenticate(guest, "alice", "secret");
	assert_true(guest_hears(guest, "<not-authorized"));
	guest_cut(guest);
	guest = stranger();
	guest_authenticate(guest, "alice", "other");
	assert_true(guest_hears(guest, "xmpp-bind"));
	guest_cut(guest);
}

/* Each change derives keys for many turns: the next one waits for the client. */
static void one_password_is_changed_at_a_time(void **state)
{
	(void)state;
	host_account(&host, "alice");
	struct guest *alice = guest_new(&host, "alice", "desk");
	guest_say(alice,
		QUERY("1", "set", ACCOUNT("alice", "one"))
			QUERY("2", "set", ACCOUNT("alice", "two")));
	assert_true(guest_hears(alice, "<resource-constraint "));
	guest_leave(alice);
	struct guest *guest = stranger();
	guest_authenticate(guest, "alice", "one");
	assert_true(guest_hears(guest, "xmpp-bind"));
	guest_cut(guest);
}

static void befriend(struct guest *alice, struct guest *bob)
{
	guest_say(alice, "<presence type='subscribe' to='bob@example.org'/><presence/>");
	guest_say(bob,
		"<iq type='get' id='r'><query xmlns='jabber:iq:roster'/></iq>"
		"<presence type='subscribe' to='alice@example.org'/>"
		"<presence type='subscribed' to='alice@example.org'/><presence/>");
	guest_say(alice, "<presence type='subscribed' to='bob@example.org'/>");
	(void)guest_heard(alice), (void)guest_heard(bob);
}

static void changes_of_accounts_wait_for_the_store(void **state)
{
	(void)state;
	static const char vcard[] = "<iq type='get' id='v'><vCard xmlns='vcard-temp'/></iq>";
	static const char *const changes[] = {
		QUERY("1", "set", ACCOUNT("alice", "x")), QUERY("2", "set", "<remove/>")};
	host_set(&host, "server.waiting-stanzas", "1");
	host_account(&host, "alice");
	host_account(&host, "bob");
	struct guest *alice = guest_new(&host, "alice", "desk"),
		     *bob = guest_new(&host, "bob", "hall");
	for (size_t i = 0; i < 2; i++) {
		limping.is_stalled = true;
		guest_say(alice, changes[i]);
		assert_int_equal(host_waiting(&host), 1);
		guest_say(bob, vcard);
		assert_true(guest_hears(bob, "<resource-constraint "));
		limping_store_continue(&limping);
		host_run(&host, 100);
		assert_int_equal(host_waiting(&host), 0);
	}
	guest_leave(alice);
	limping.is_stalled = true;
	struct guest *guest = stranger();
	guest_say(guest, QUERY("1", "set", ACCOUNT("carol", "x")));
	assert_int_equal(host_waiting(&host), 1);
	limping_store_continue(&limping);
	host_run(&host, 100);
	assert_int_equal(host_waiting(&host), 0);
	guest_cut(guest);
	guest_leave(bob);
}

static void an_account_is_removed(void **state)
{
	(void)state;
	host_account(&host, "alice");
	host_account(&host, "bob");
	struct guest *alice = guest_new(&host, "alice", "desk"),
		     *other = guest_new_managed(&host, "alice", "other"),
		     *bob = guest_new(&host, "bob", "hall");
	befriend(alice, bob);
	guest_say(alice, QUERY("1", "set", "<remove/><username>alice</username>"));
	assert_true(guest_hears(alice, "<bad-request "));
	guest_say(alice, QUERY("2", "set", "<remove/>"));
	const char *heard = guest_heard(alice);
	assert_non_null(strstr(heard, "type='result' to='alice@example.org/desk' id='2'/>"));
	assert_non_null(strstr(heard, "<not-authorized "));
	assert_true(guest_hears(other, "<not-authorized "));
	heard = guest_heard(bob);
	const char *unavailable = strstr(heard, "<presence type='unavailable'");
	assert_non_null(unavailable);
	assert_null(strstr(unavailable + 1, "<presence type='unavailable'"));
	assert_non_null(strstr(heard, "type='unsubscribe'"));
	assert_non_null(strstr(heard, "type='unsubscribed'"));
	assert_non_null(strstr(heard, "subscription='none'"));
	guest_leave(alice);
	guest_leave(other);
	guest_say(bob, "<message to='alice@example.org' id='3'><body>x</body></message>");
	assert_true(guest_hears(bob, "<service-unavailable "));
	struct guest *guest = stranger();
	guest_say(guest, QUERY("1", "set", ACCOUNT("alice", "secret")));
	assert_true(guest_hears(guest, "type='result'"));
	guest_cut(guest);
	alice = guest_new(&host, "alice", "desk");
	guest_say(alice, "<iq type='get' id='r'><query xmlns='jabber:iq:roster'/></iq>");
	assert_false(guest_hears(alice, "bob@example.org"));
	guest_leave(alice);
	guest_leave(bob);
}

static void an_account_that_cannot_be_removed_stays(void **state)
{
	(void)state;
	host_account(&host, "alice");
	host_account(&host, "bob");
	struct guest *alice = guest_new(&host, "alice", "desk"),
		     *bob = guest_new(&host, "bob", "x");
	befriend(alice, bob);
	limping.code = ENVOI_ERR_SYSTEM;
	guest_say(alice, QUERY("2", "set", "<remove/>"));
	assert_true(guest_hears(alice, "<resource-constraint "));
	limping.code = ENVOI_OK;
	guest_assert_heard(bob, "");
	guest_say(bob, "<message to='alice@example.org'><body>x</body></message>");
	assert_true(guest_hears(alice, "<body>x</body>"));
	guest_leave(alice);
	guest_leave(bob);
}

static void assert_cannot_log_in(const char *name, const char *password)
{
	struct guest *guest = stranger();
	guest_authenticate(guest, name, password);
	assert_true(guest_hears(guest, "<not-authorized"));
	guest_cut(guest);
}

static void a_removed_account_does_not_come_back(void **state)
{
	(void)state;
	host_account(&host, "alice");
	struct guest *alice = guest_new(&host, "alice", "desk");
	limping.is_stalled = true;
	guest_say(alice,
		QUERY("1", "set", ACCOUNT("alice", "x")) QUERY("2", "set", "<remove/>")
			QUERY("3", "set", ACCOUNT("alice", "y")) QUERY("4", "set", "<remove/>"));
	const char *heard = guest_heard(alice);
	assert_null(strstr(heard, "id='1'")); /* its keys are derived behind the removal */
	assert_null(strstr(heard, "id='2'"));
	assert_non_null(strstr(heard, "<not-allowed "));
	assert_non_null(strstr(heard, "<resource-constraint "));
	limping_store_continue(&limping);
	host_run(&host, 100);
	assert_true(guest_hears(alice, "id='2'"));
	guest_leave(alice);
	assert_cannot_log_in("alice", "x");
	assert_cannot_log_in("alice", "y");
}

static void an_account_that_the_program_removes_does_not_come_back(void **state)
{
	(void)state;
	host_account(&host, "alice");
	struct guest *alice = guest_new(&host, "alice", "desk");
	limping.is_stalled = true;
	assert_int_equal(envoi_server_remove_account(host.server, "alice", NULL, NULL), ENVOI_OK);
	guest_say(alice, QUERY("1", "set", ACCOUNT("alice", "x")));
	assert_true(guest_hears(alice, "<not-allowed "));
	limping_store_continue(&limping);
	host_run(&host, 100);
	guest_leave(alice);
	assert_cannot_log_in("alice", "x");
}

static void on_changed(void *user, int code)
{
	*(int *)user = code;
}

static void the_program_removes_an_account(void **state)
{
	(void)state;
	int code = 1;
	host_account(&host, "alice");
	struct guest *alice = guest_new(&host, "alice", "desk");
	assert_int_equal(
		envoi_server_remove_account(host.server, "Alice", on_changed, &code), ENVOI_OK);
	host_run(&host, 100);
	assert_int_equal(code, ENVOI_OK);
	assert_true(guest_hears(alice, "<not-authorized "));
	guest_leave(alice);
	assert_int_equal(
		envoi_server_remove_account(host.server, "alice", on_changed, &code), ENVOI_OK);
	host_run(&host, 100);
	assert_int_equal(code, ENVOI_ERR_NOT_FOUND);
	assert_int_equal(
		envoi_server_remove_account(host.server, NULL, NULL, NULL), ENVOI_ERR_INVALID);
	assert_int_equal(
		envoi_server_remove_account(host.server, "a b", NULL, NULL), ENVOI_ERR_INVALID);
	assert_int_equal(
		envoi_server_remove_account(host.server, "alice", on_changed, &code), ENVOI_OK);
	envoi_server_free(host.server); /* it is canceled */
	host.server = NULL;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#define CASE(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
		CASE(an_account_is_made_and_used_on_the_same_stream),
		CASE(what_is_wrong_is_refused),
		CASE(without_registration_a_request_is_answered_with_an_error),
		CASE(without_registration_many_requests_end_the_stream),
		CASE(another_request_before_the_login_ends_the_stream),
		CASE(accounts_are_made_slowly),
		CASE(the_accounts_that_one_address_makes_are_counted),
		CASE(one_request_is_pending_at_a_time),
		CASE(a_store_that_fails_is_told),
		CASE(a_server_is_freed_while_an_account_is_made),
		CASE(without_the_setting_nothing_is_offered),
		CASE(a_password_is_changed),
		CASE(one_password_is_changed_at_a_time),
		CASE(changes_of_accounts_wait_for_the_store),
		CASE(an_account_is_removed),
		CASE(an_account_that_cannot_be_removed_stays),
		CASE(a_removed_account_does_not_come_back),
		CASE(an_account_that_the_program_removes_does_not_come_back),
		CASE(the_program_removes_an_account),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
