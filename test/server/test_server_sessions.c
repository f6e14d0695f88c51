/*
 * envoi - envoi-server: tests of its life, of logins, and of what it answers
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

#include <envoi/ext/caps.h>

#include "guest.h"
#include "limping_store.h"

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

#define ERROR(type, condition) \
	"<error type='" type "'><" condition \
	" xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/></error>"

/* --- answers --- */

static void the_server_answers(void **state)
{
	(void)state;
	host_account(&host, "alice");
	struct guest *alice = guest_new(&host, "alice", "desk");
	guest_say(
		alice, "<iq type='get' id='1' to='example.org'><ping xmlns='urn:xmpp:ping'/></iq>");
	guest_assert_heard(
		alice, "<iq type='result' to='alice@example.org/desk' from='example.org' id='1'/>");
	guest_say(alice, "<iq type='get' id='2'><ping xmlns='urn:xmpp:ping'/></iq>");
	assert_true(guest_hears(alice, " id='2'/>"));
	guest_say(
		alice, "<iq type='get' id='3' to='example.org'><time xmlns='urn:xmpp:time'/></iq>");
	assert_true(guest_hears(alice, "<tzo>Z</tzo><utc>"));
	guest_say(alice,
		"<iq type='get' id='4' to='example.org'><query xmlns='jabber:iq:version'/></iq>");
	assert_true(guest_hears(alice, "<name>Envoi</name><version>"));
	guest_say(alice, "<iq type='get' id='5' to='example.org'><x xmlns='urn:x'/></iq>");
	assert_true(guest_hears(alice, ERROR("cancel", "service-unavailable")));
	guest_say(alice, "<iq type='get' id='6' to='example.org'/>");
	assert_true(guest_hears(alice, ERROR("modify", "bad-request")));
	guest_leave(alice);
}

static void discovery_names_what_is_answered(void **state)
{
	(void)state;
	host_account(&host, "alice");
	host_account(&host, "bob");
	struct guest *alice = guest_new(&host, "alice", "desk");
	guest_say(alice,
		"<iq type='get' id='1' to='example.org'>"
		"<query xmlns='http://jabber.org/protocol/disco#info'/></iq>");
	const char *heard = guest_heard(alice);
	assert_non_null(strstr(heard, "<identity category='server' type='im'/>"));
	assert_non_null(strstr(heard, "<feature var='urn:xmpp:ping'/>"));
	assert_non_null(strstr(heard, "<feature var='msgoffline'/>"));
	/* XEP-0191, section 3.1, and XEP-0280, section 3: the server is asked */
	assert_non_null(strstr(heard, "<feature var='urn:xmpp:blocking'/>"));
	assert_non_null(strstr(heard, "<feature var='urn:xmpp:carbons:2'/>"));
	guest_say(alice,
		"<iq type='get' id='2'>"
		"<query xmlns='http://jabber.org/protocol/disco#info'/></iq>");
	assert_true(guest_hears(alice, "<identity category='account' type='registered'/>"));
	guest_say(alice,
		"<iq type='get' id='3' to='example.org'>"
		"<query xmlns='http://jabber.org/protocol/disco#items'/></iq>");
	assert_true(guest_hears(alice, "<query xmlns='http://jabber.org/protocol/disco#items'/>"));
	guest_say(alice,
		"<iq type='get' id='4' to='example.org'>"
		"<query xmlns='http://jabber.org/protocol/disco#info' node='n'/></iq>");
	assert_true(guest_hears(alice, ERROR("cancel", "item-not-found")));
	guest_leave(alice);
}

static void rename_bob(char *text, const char *from, const char *to)
{
	char *name = strstr(text, from);
	if (name != NULL) {
		memcpy(name, to, strlen(to));
	}
}

/* XEP-0115, sections 6.2 and 6.3. The library verifies the hash. */
static void the_hash_of_what_discovery_names_is_a_stream_feature(void **state)
{
	(void)state;
	char ver[ENVOI_CAPS_VER_SIZE], text[300], stream[4000];
	struct envoi_caps_cache *cache;
	host_account(&host, "alice");
	struct guest *alice = guest_connected(&host);
	guest_open(alice);
	guest_authenticate(alice, "alice", "secret");
	const char *caps = strstr(guest_heard(alice),
		"<c xmlns='http://jabber.org/protocol/caps' hash='sha-1' node='urn:x-envoi' ver='");
	assert_non_null(caps);
	assert_int_equal(sscanf(strstr(caps, "ver='"), "ver='%28[^']", ver), 1);
	guest_say(alice,
		"<iq type='set' id='b'><bind xmlns='urn:ietf:params:xml:ns:xmpp-bind'/></iq>");
	(void)guest_heard(alice);
	snprintf(text, sizeof(text),
		"<iq type='get' id='1' to='example.org'>"
		"<query xmlns='http://jabber.org/protocol/disco#info' node='urn:x-envoi#%s'/></iq>",
		ver);
	guest_say(alice, text);
	const char *query = strstr(guest_heard(alice), "<query ");
	assert_non_null(query);
	assert_non_null(strstr(query, " node='urn:x-envoi#"));
	snprintf(stream, sizeof(stream),
		"<stream:stream xmlns='jabber:client' xmlns:stream='http://etherx.jabber.org/streams' "
		"version='1.0'><query xmlns='http://jabber.org/protocol/disco#info' node='sha-1 %s'"
		"%.*s</query></stream:stream>",
		ver, (int)(strstr(query, "</query>") - strchr(query, '>')), strchr(query, '>'));
	assert_int_equal(envoi_caps_cache_new(&cache, host.context), ENVOI_OK);
	assert_int_equal(envoi_caps_cache_import(cache, stream, strlen(stream)), ENVOI_OK);
	assert_int_equal(envoi_caps_cache_count(cache), 1);
	envoi_caps_cache_unref(cache);
	guest_leave(alice);
}

/* Byte for byte: names of accounts cannot be found out (RFC 6121, section 8.5.1). */
static void an_account_of_a_stranger_looks_like_none(void **state)
{
	(void)state;
	static const char *const requests[] = {
		"<iq type='get' id='1' to='bob@example.org'><x xmlns='urn:x'/></iq>",
		"<iq type='get' id='1' to='bob@example.org/hall'><x xmlns='urn:x'/></iq>",
		"<iq type='get' id='1' to='bob@example.org'>"
		"<query xmlns='http://jabber.org/protocol/disco#info'/></iq>",
		"<iq type='get' id='1' to='bob@example.org'>"
		"<query xmlns='http://jabber.org/protocol/disco#items'/></iq>",
		"<iq type='get' id='1' to='bob@example.org'><ping xmlns='urn:xmpp:ping'/></iq>",
		"<iq type='result' id='1' to='bob@example.org'/>",
		"<presence to='bob@example.org'/>",
		"<presence type='probe' to='bob@example.org'/>",
	};
	host_account(&host, "alice");
	host_account(&host, "bob");
	struct guest *alice = guest_new(&host, "alice", "desk");
	struct guest *bob = guest_new(&host, "bob", "hall");
	for (size_t i = 0; i < sizeof(requests) / sizeof(requests[0]); i++) {
		char *request = strdup(requests[i]), *of_bob, *of_rob;
		guest_say(alice, request);
		of_bob = strdup(guest_heard(alice));
		rename_bob(request, "bob", "rob");
		guest_say(alice, request);
		of_rob = strdup(guest_heard(alice));
		rename_bob(of_rob, "rob", "bob");
		assert_string_equal(of_bob, of_rob);
		free(request);
		free(of_bob);
		free(of_rob);
	}
	guest_leave(bob);
	guest_leave(alice);
}

static void requests_of_strangers_are_delivered_if_the_setting_says_so(void **state)
{
	(void)state;
	host_set(&host, "server.iqs-of-strangers", "true");
	host_account(&host, "alice");
	host_account(&host, "bob");
	struct guest *alice = guest_new(&host, "alice", "desk");
	struct guest *bob = guest_new(&host, "bob", "hall");
	guest_say(alice, "<iq type='get' id='1' to='bob@example.org/hall'><x xmlns='urn:x'/></iq>");
	guest_assert_heard(bob,
		"<iq type='get' id='1' to='bob@example.org/hall' from='alice@example.org/desk'>"
		"<x xmlns='urn:x'/></iq>");
	guest_say(bob, "<iq type='result' id='1' to='alice@example.org/desk'/>");
	assert_true(guest_hears(alice, "<iq type='result' id='1'"));
	guest_leave(bob);
	guest_leave(alice);
}

/* --- accounts --- */

static void on_changed(void *user, int code)
{
	*(int *)user = code;
}

static void an_account_is_made_once_and_its_password_changed(void **state)
{
	(void)state;
	int code = 1;
	host_account(&host, "alice");
	assert_int_equal(
		envoi_server_set_password(host.server, "Alice", "other", true, on_changed, &code),
		ENVOI_OK);
	host_run(&host, 100);
	assert_int_equal(code, ENVOI_ERR_EXISTS);
	assert_int_equal(
		envoi_server_set_password(host.server, "a b", "x", true, on_changed, &code),
		ENVOI_ERR_INVALID);
	assert_int_equal(envoi_server_set_password(
				 host.server, "alice", "secret2", false, on_changed, &code),
		ENVOI_OK);
	host_run(&host, 100);
	assert_int_equal(code, ENVOI_OK);
}

static struct envoi_client *connected(const char *jid, const char *mechanism, const char *password)
{
	struct envoi_client *client = host_client(&host, jid);
	envoi_client_set(client, "sasl.mechanisms", mechanism);
	assert_int_equal(envoi_client_set_password(client, password), ENVOI_OK);
	assert_int_equal(envoi_client_connect(client), ENVOI_OK);
	host_run(&host, 2000);
	return client;
}

static void clients_log_in_with_each_mechanism(void **state)
{
	(void)state;
	static const char *const mechanisms[] = {
		"SCRAM-SHA-1", "SCRAM-SHA-256", "SCRAM-SHA-512", "PLAIN"};
	host_set(&host, "sasl.mechanisms", "SCRAM-SHA-1 SCRAM-SHA-256 SCRAM-SHA-512 PLAIN");
	host_account(&host, "alice");
	for (size_t i = 0; i < 4; i++) {
		struct envoi_client *client = connected(
			"alice@example.org/x", mechanisms[i], "secret");
		assert_true(envoi_session_is_online(envoi_client_session(client)));
		envoi_client_free(client);
		host_run(&host, 100);
	}
	struct envoi_client *client = connected("alice@example.org/x", "SCRAM-SHA-256", "wrong");
	assert_false(envoi_session_is_online(envoi_client_session(client)));
	envoi_client_free(client);
	client = connected("nobody@example.org/x", "SCRAM-SHA-256", "secret");
	assert_false(envoi_session_is_online(envoi_client_session(client)));
	envoi_client_free(client);
}

/* --- the store --- */

static struct limping_store limping;

static void use_limping_store(void)
{
	limping_store_init(&limping, host.context);
	host.store = &limping.store;
}

static void stanzas_wait_for_the_account_of_their_sender(void **state)
{
	(void)state;
	use_limping_store();
	host_account(&host, "alice");
	struct guest *alice = guest_authenticated(&host, "alice");
	limping.is_stalled = true;
	guest_say(alice,
		"<iq type='set' id='b'><bind xmlns='urn:ietf:params:xml:ns:xmpp-bind'/></iq>"
		"<iq type='get' id='1'><ping xmlns='urn:xmpp:ping'/></iq>"
		"<iq type='get' id='2'><ping xmlns='urn:xmpp:ping'/></iq>");
	assert_false(guest_hears(alice, "id='1'"));
	limping_store_continue(&limping);
	host_run(&host, 100);
	const char *heard = guest_heard(alice);
	assert_non_null(strstr(heard, "id='1'"));
	assert_true(strstr(heard, "id='1'") < strstr(heard, "id='2'"));
	guest_leave(alice);
}

static void a_session_may_end_while_it_waits(void **state)
{
	(void)state;
	use_limping_store();
	host_account(&host, "alice");
	struct guest *alice = guest_authenticated(&host, "alice");
	limping.is_stalled = true;
	guest_say(alice,
		"<iq type='set' id='b'><bind xmlns='urn:ietf:params:xml:ns:xmpp-bind'/></iq>"
		"<message to='alice@example.org'><body>hi</body></message>");
	guest_cut(alice);
	limping_store_continue(&limping);
	host_run(&host, 100);
	struct envoi_server_stats stats;
	envoi_server_get_stats(host.server, &stats);
	assert_int_equal(stats.waiting, 0);
	assert_int_equal(stats.connections.sessions, 0);
}

static void a_store_that_fails_ends_the_session_with_its_reason(void **state)
{
	(void)state;
	use_limping_store();
	host_account(&host, "alice");
	struct guest *alice = guest_authenticated(&host, "alice");
	limping.code = ENVOI_ERR_SYSTEM;
	guest_say(alice,
		"<iq type='set' id='b'><bind xmlns='urn:ietf:params:xml:ns:xmpp-bind'/></iq>");
	assert_true(guest_hears(alice, "<internal-server-error "));
	guest_cut(alice);
}

/* XEP-0198, section 4: an acknowledgement says that the server is responsible. */
static void a_message_is_acknowledged_when_it_is_stored(void **state)
{
	(void)state;
	use_limping_store();
	host_account(&host, "alice");
	host_account(&host, "bob");
	struct guest *alice = guest_new_managed(&host, "alice", "desk");
	guest_say(alice, "<message to='bob@example.org'><body>0</body></message>");
	guest_say(alice, "<r xmlns='urn:xmpp:sm:3'/>");
	assert_true(guest_hears(alice, "<a xmlns='urn:xmpp:sm:3' h='1'/>"));
	limping.is_stalled = true;
	guest_say(alice, "<message to='bob@example.org'><body>1</body></message>");
	guest_say(alice, "<r xmlns='urn:xmpp:sm:3'/>");
	assert_true(guest_hears(alice, "<a xmlns='urn:xmpp:sm:3' h='1'/>"));
	limping_store_continue(&limping);
	host_run(&host, 100);
	guest_say(alice, "<r xmlns='urn:xmpp:sm:3'/>");
	assert_true(guest_hears(alice, "<a xmlns='urn:xmpp:sm:3' h='2'/>"));
	limping.code = ENVOI_ERR_SYSTEM;
	guest_say(alice, "<message to='bob@example.org' id='3'><body>2</body></message>");
	assert_true(guest_hears(alice, ERROR("wait", "resource-constraint")));
	guest_leave(alice);
}

static void no_more_stanzas_wait_than_the_setting_says(void **state)
{
	(void)state;
	use_limping_store();
	host_set(&host, "server.waiting-stanzas", "10");
	host_account(&host, "alice");
	struct guest *alice = guest_new(&host, "alice", "desk");
	struct envoi_server_stats stats;
	limping.is_stalled = true;
	for (int i = 0; i < 12; i++) {
		char text[100];
		snprintf(text, sizeof(text),
			"<message to='u%d@example.org' id='%d'><body>hi</body>"
			"</message>",
			i, i);
		guest_say(alice, text);
	}
	envoi_server_get_stats(host.server, &stats);
	assert_int_equal(stats.waiting, 10);
	assert_int_equal(stats.accounts, 11); /* none was loaded for those that were refused */
	const char *heard = guest_heard(alice);
	assert_non_null(strstr(heard, "id='10'"));
	assert_non_null(strstr(heard, ERROR("wait", "resource-constraint")));
	assert_null(strstr(heard, "id='9'"));
	limping_store_continue(&limping);
	host_run(&host, 100);
	envoi_server_get_stats(host.server, &stats);
	assert_int_equal(stats.waiting, 0);
	assert_int_equal(stats.accounts, 1); /* of the others there are none */
	guest_leave(alice);
}

static void the_clients_of_an_account_do_not_fill_the_places_of_all(void **state)
{
	(void)state;
	use_limping_store();
	host_set(&host, "server.waiting-stanzas", "10");
	host_set(&host, "server.waiting-stanzas-of-account", "3");
	host_account(&host, "alice");
	host_account(&host, "bob");
	struct guest *desk = guest_new(&host, "alice", "desk"),
		     *phone = guest_new(&host, "alice", "phone"),
		     *bob = guest_new(&host, "bob", "hall");
	static const char *const kinds[] = {
		"<message to='carol@example.org' id='m'><body>to load</body></message>",
		"<message to='bob@example.org' id='m'><body>to store</body></message>",
		"<presence to='bob@example.org' type='subscribe' id='m'/>",
		"<iq type='get' id='m'><vCard xmlns='vcard-temp'/></iq>",
	};
	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
		limping.is_stalled = true;
		guest_say(desk, kinds[i]);
		guest_say(desk, kinds[0]);
		guest_say(phone, kinds[0]);
		assert_false(guest_hears(phone, "<resource-constraint "));
		size_t before = host_waiting(&host); /* some of them wait for two changes */
		guest_say(i % 2 == 0 ? desk : phone, kinds[i]);
		assert_true(guest_hears(i % 2 == 0 ? desk : phone, "<resource-constraint "));
		assert_int_equal(host_waiting(&host), before);
		guest_say(bob, kinds[0]);
		assert_false(guest_hears(bob, "<resource-constraint "));
		limping_store_continue(&limping);
		host_run(&host, 100);
		assert_int_equal(host_waiting(&host), 0);
		(void)guest_heard(desk), (void)guest_heard(phone), (void)guest_heard(bob);
	}
	limping.is_stalled = true;
	guest_say(desk, kinds[0]);
	guest_cut(desk);
	guest_leave(phone);
	limping_store_continue(&limping);
	host_run(&host, 100);
	assert_int_equal(host_waiting(&host), 0);
	guest_leave(bob);
}

static void requests_wait_for_the_store_as_well(void **state)
{
	(void)state;
	static const char *const requests[] = {
		"<iq type='get' id='i'><query xmlns='jabber:iq:private'><x xmlns='urn:x'/></query></iq>",
		"<iq type='set' id='i'><query xmlns='jabber:iq:private'><x xmlns='urn:x'/></query></iq>",
		"<iq type='get' id='i'><vCard xmlns='vcard-temp'/></iq>",
		"<iq type='set' id='i'><vCard xmlns='vcard-temp'/></iq>",
		"<iq type='set' id='i'><query xmlns='jabber:iq:roster'><item jid='x@y'/></query></iq>",
		"<iq type='set' id='i'><block xmlns='urn:xmpp:blocking'><item jid='x@y'/></block></iq>",
		"<iq type='set' id='i'><unblock xmlns='urn:xmpp:blocking'/></iq>",
	};
	struct envoi_server_stats stats;
	use_limping_store();
	host_set(&host, "server.waiting-stanzas", "1");
	host_account(&host, "alice");
	struct guest *alice = guest_new(&host, "alice", "desk");
	for (size_t i = 0; i < sizeof(requests) / sizeof(requests[0]); i++) {
		limping.is_stalled = true;
		guest_say(alice, requests[i]);
		envoi_server_get_stats(host.server, &stats);
		assert_int_equal(stats.waiting, 1);
		(void)guest_heard(alice);
		guest_say(alice, requests[i]);
		assert_true(guest_hears(alice, ERROR("wait", "resource-constraint")));
		guest_say(alice, "<presence to='z@example.org' type='subscribe' id='p'/>");
		assert_true(guest_hears(alice, ERROR("wait", "resource-constraint")));
		limping_store_continue(&limping);
		host_run(&host, 100);
		envoi_server_get_stats(host.server, &stats);
		assert_int_equal(stats.waiting, 0);
	}
	guest_leave(alice);
}

static void logins_do_not_wait_behind_stanzas(void **state)
{
	(void)state;
	use_limping_store();
	host_set(&host, "server.waiting-stanzas", "1");
	host_account(&host, "alice");
	host_account(&host, "bob");
	struct guest *alice = guest_new(&host, "alice", "desk");
	struct guest *bob = guest_authenticated(&host, "bob");
	limping.is_stalled = true;
	guest_say(alice, "<message to='carol@example.org'><body>waits</body></message>");
	guest_say(
		bob, "<iq type='set' id='b'><bind xmlns='urn:ietf:params:xml:ns:xmpp-bind'/></iq>");
	limping_store_continue(&limping);
	host_run(&host, 100);
	(void)guest_heard(bob);
	guest_say(bob, "<iq type='get' id='1'><ping xmlns='urn:xmpp:ping'/></iq>");
	assert_true(guest_hears(bob, " id='1'/>"));
	guest_leave(bob);
	guest_leave(alice);
}

static void idle_accounts_are_forgotten(void **state)
{
	(void)state;
	host_set(&host, "server.idle-accounts", "3");
	host_account(&host, "alice");
	for (int i = 0; i < 8; i++) {
		char name[20];
		snprintf(name, sizeof(name), "u%d", i);
		host_account(&host, name);
	}
	struct guest *alice = guest_new(&host, "alice", "desk");
	struct envoi_server_stats stats;
	for (int i = 0; i < 8; i++) {
		char text[100];
		snprintf(text, sizeof(text),
			"<message to='u%d@example.org'><body>hi</body></message>", i);
		guest_say(alice, text);
	}
	envoi_server_get_stats(host.server, &stats);
	assert_int_equal(stats.accounts, 4);
	assert_int_equal(stats.stored, 8);
	guest_leave(alice);
}

/* --- the end --- */

static void closing_stores_more_than_may_wait(void **state)
{
	(void)state;
	host_set(&host, "server.waiting-stanzas", "2");
	host_account(&host, "alice");
	host_account(&host, "bob");
	struct guest *alice = guest_new(&host, "alice", "desk"),
		     *bob = guest_new_managed(&host, "bob", "hall");
	guest_available(bob, 0);
	for (int i = 0; i < 10; i++) {
		guest_say(alice, "<message to='bob@example.org'><body>hi</body></message>");
	}
	envoi_server_close(host.server);
	host_run(&host, 20000);
	assert_true(host.is_closed);
	struct envoi_server_stats stats;
	envoi_server_get_stats(host.server, &stats);
	assert_int_equal(stats.stored, 10);
	guest_leave(alice);
	guest_leave(bob);
}

static void closing_stores_what_was_not_received(void **state)
{
	(void)state;
	host_account(&host, "alice");
	host_account(&host, "bob");
	struct guest *alice = guest_new(&host, "alice", "desk"),
		     *bob = guest_new_managed(&host, "bob", "hall");
	guest_available(bob, 0);
	guest_say(alice, "<message to='bob@example.org'><body>hi</body></message>");
	envoi_server_close(host.server);
	assert_false(host.is_closed);
	host_run(&host, 20000);
	assert_true(host.is_closed);
	assert_true(guest_hears(alice, "<system-shutdown "));
	assert_true(guest_hears(bob, "<system-shutdown "));
	struct envoi_server_stats stats;
	envoi_server_get_stats(host.server, &stats);
	assert_int_equal(stats.stored, 1);
	guest_leave(alice);
	guest_leave(bob);
}

static void a_server_is_freed_with_everything_open(void **state)
{
	(void)state;
	use_limping_store();
	host_account(&host, "alice");
	host_account(&host, "bob");
	struct guest *alice = guest_new_managed(&host, "alice", "desk"),
		     *bob = guest_new_managed(&host, "bob", "hall"),
		     *third = guest_authenticated(&host, "bob");
	guest_available(bob, 0);
	guest_say(alice, "<message to='bob@example.org'><body>to a session</body></message>");
	limping.is_stalled = true;
	guest_say(alice, "<message to='carol@example.org'><body>waits</body></message>");
	guest_say(third,
		"<iq type='set' id='b'><bind xmlns='urn:ietf:params:xml:ns:xmpp-bind'/></iq>"
		"<presence/>");
	assert_int_equal(envoi_server_set_password(host.server, "dave", "secret", true, NULL, NULL),
		ENVOI_OK);
	envoi_server_free(host.server);
	host.server = NULL;
	host_run(&host, 100);
	guest_leave(alice);
	guest_leave(bob);
	guest_leave(third);
}

static void free_server(struct envoi_server_hook *hook)
{
	(void)hook;
	envoi_server_free(host.server);
	host.server = NULL;
}

static void the_server_may_be_freed_when_it_is_closed(void **state)
{
	(void)state;
	static const struct envoi_server_hook_impl freeing = {.closed = free_server};
	host_account(&host, "alice");
	struct guest *alice = guest_new(&host, "alice", "desk");
	host.hook.impl = &freeing;
	envoi_server_close(host.server);
	host_run(&host, 20000);
	assert_null(host.server);
	guest_leave(alice);
}

static void on_changed_free(void *user, int code)
{
	(void)user;
	assert_int_equal(code, ENVOI_OK);
	free_server(NULL);
}

static void the_server_may_be_freed_when_a_password_is_changed(void **state)
{
	(void)state;
	host_make(&host);
	assert_int_equal(envoi_server_set_password(
				 host.server, "alice", "secret", true, on_changed_free, NULL),
		ENVOI_OK);
	host_run(&host, 100);
	assert_null(host.server);
}

static void what_is_missing_is_refused(void **state)
{
	(void)state;
	struct envoi_server *server;
	struct envoi_server_options options = {.domain = "example.org"};
	assert_int_equal(envoi_server_new(&server, host.context, &options), ENVOI_ERR_INVALID);
	host_make(&host);
	options = (struct envoi_server_options){.store = host.store};
	assert_int_equal(envoi_server_new(&server, host.context, &options), ENVOI_ERR_INVALID);
	options.domain = "not a domain";
	assert_int_equal(envoi_server_new(&server, host.context, &options), ENVOI_ERR_INVALID);
	assert_int_equal(envoi_server_set_password(host.server, NULL, "x", true, NULL, NULL),
		ENVOI_ERR_INVALID);
	assert_int_equal(envoi_server_set_password(host.server, "x", NULL, true, NULL, NULL),
		ENVOI_ERR_INVALID);
	envoi_server_free(NULL);
	envoi_store_destroy(NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(the_server_answers, setup, teardown),
		cmocka_unit_test_setup_teardown(discovery_names_what_is_answered, setup, teardown),
		cmocka_unit_test_setup_teardown(
			the_hash_of_what_discovery_names_is_a_stream_feature, setup, teardown),
		cmocka_unit_test_setup_teardown(
			an_account_of_a_stranger_looks_like_none, setup, teardown),
		cmocka_unit_test_setup_teardown(
			requests_of_strangers_are_delivered_if_the_setting_says_so, setup,
			teardown),
		cmocka_unit_test_setup_teardown(
			an_account_is_made_once_and_its_password_changed, setup, teardown),
		cmocka_unit_test_setup_teardown(
			clients_log_in_with_each_mechanism, setup, teardown),
		cmocka_unit_test_setup_teardown(
			stanzas_wait_for_the_account_of_their_sender, setup, teardown),
		cmocka_unit_test_setup_teardown(a_session_may_end_while_it_waits, setup, teardown),
		cmocka_unit_test_setup_teardown(
			a_store_that_fails_ends_the_session_with_its_reason, setup, teardown),
		cmocka_unit_test_setup_teardown(
			a_message_is_acknowledged_when_it_is_stored, setup, teardown),
		cmocka_unit_test_setup_teardown(
			no_more_stanzas_wait_than_the_setting_says, setup, teardown),
		cmocka_unit_test_setup_teardown(
			the_clients_of_an_account_do_not_fill_the_places_of_all, setup, teardown),
		cmocka_unit_test_setup_teardown(
			requests_wait_for_the_store_as_well, setup, teardown),
		cmocka_unit_test_setup_teardown(logins_do_not_wait_behind_stanzas, setup, teardown),
		cmocka_unit_test_setup_teardown(idle_accounts_are_forgotten, setup, teardown),
		cmocka_unit_test_setup_teardown(closing_stores_more_than_may_wait, setup, teardown),
		cmocka_unit_test_setup_teardown(
			closing_stores_what_was_not_received, setup, teardown),
		cmocka_unit_test_setup_teardown(
			a_server_is_freed_with_everything_open, setup, teardown),
		cmocka_unit_test_setup_teardown(
			the_server_may_be_freed_when_it_is_closed, setup, teardown),
		cmocka_unit_test_setup_teardown(
			the_server_may_be_freed_when_a_password_is_changed, setup, teardown),
		cmocka_unit_test_setup_teardown(what_is_missing_is_refused, setup, teardown),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
