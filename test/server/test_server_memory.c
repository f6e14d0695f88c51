/*
 * envoi - envoi-server: tests without memory
 * SPDX-License-Identifier: MIT
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include <envoi/interfaces/store.h>

#include "guest.h"
#include "test_allocator.h"

static struct host host;
static struct test_allocator allocator;
static struct guest *alice, *bob, *echo;

static void begin(void)
{
	struct envoi_context *context;
	allocator = (struct test_allocator){.calls = 0};
	assert_int_equal(test_allocator_context(&context, &allocator), ENVOI_OK);
	host_init(&host, context);
	host_set(&host, "server.registration", "true");
	host_account(&host, "alice");
	host_account(&host, "bob");
	host_account(&host, "carol");
	alice = guest_new_managed(&host, "alice", "desk");
	bob = guest_new(&host, "bob", "hall");
	assert_int_equal(
		envoi_server_add_component(host.server, "echo.example.org", "s"), ENVOI_OK);
	echo = guest_component(&host, "echo.example.org", "s");
	guest_say(bob,
		"<iq type='get' id='r'><query xmlns='jabber:iq:roster'/></iq><presence/>"
		"<iq type='set' id='c'><enable xmlns='urn:xmpp:carbons:2'/></iq>");
}

static void end(void)
{
	guest_cut(alice);
	guest_cut(bob);
	guest_cut(echo);
	host_finish(&host);
	assert_int_equal(allocator.live, 0);
}

static int act_make(struct envoi_context *context)
{
	struct envoi_loop *loop;
	struct envoi_store *store;
	struct envoi_server *server;
	int r = envoi_loop_new_simulated(&loop, context);
	if (r == ENVOI_OK) {
		r = envoi_context_take_loop(context, loop);
	}
	if (r == ENVOI_OK) {
		r = envoi_store_new_memory(&store, context);
	}
	if (r < 0) {
		return r;
	}
	const struct envoi_server_options options = {.domain = "example.org", .store = store};
	r = envoi_server_new(&server, context, &options);
	if (r == ENVOI_OK) {
		r = envoi_server_set_password(server, "alice", "secret", true, NULL, NULL);
		envoi_server_free(server);
	}
	envoi_store_destroy(store);
	return r;
}

static void a_server_is_made_or_not(void **state)
{
	(void)state;
	assert_true(test_allocator_try(act_make) > 10);
}

/* What alice says, each while one allocation fails. */
static const char *const said[] = {
	"<message to='bob@example.org' type='chat'><body>hi</body></message>",
	"<message to='carol@example.org' type='chat' id='m'><body>hi</body></message>",
	"<presence/>",
	"<presence to='bob@example.org'/>",
	"<presence type='subscribe' to='bob@example.org'/>",
	"<presence type='probe' to='bob@example.org'/>",
	"<iq type='get' id='1'><query xmlns='jabber:iq:roster'/></iq>",
	"<iq type='set' id='2'><query xmlns='jabber:iq:roster'>"
	"<item jid='bob@example.org'><group>g</group></item></query></iq>",
	"<iq type='set' id='3'><query xmlns='jabber:iq:roster'>"
	"<item jid='bob@example.org' subscription='remove'/></query></iq>",
	"<iq type='get' id='4' to='example.org'>"
	"<query xmlns='http://jabber.org/protocol/disco#info'/></iq>",
	"<iq type='set' id='5'><query xmlns='jabber:iq:private'><a xmlns='urn:a'/></query></iq>",
	"<iq type='get' id='6'><query xmlns='jabber:iq:private'><a xmlns='urn:a'/></query></iq>",
	"<iq type='get' id='7' to='bob@example.org'><vCard xmlns='vcard-temp'/></iq>",
	"<iq type='get' id='8'><query xmlns='jabber:iq:register'/></iq>",
	"<iq type='set' id='9'><query xmlns='jabber:iq:register'><username>alice</username>"
	"<password>x</password></query></iq>",
	"<iq type='set' id='10'><query xmlns='jabber:iq:register'><remove/></query></iq>",
	"<presence/><presence to='bob@example.org'/>"
	"<iq type='set' id='11'><block xmlns='urn:xmpp:blocking'><item jid='bob@example.org'/>"
	"<item jid='carol@example.org/x'/></block></iq>"
	"<iq type='set' id='12'><unblock xmlns='urn:xmpp:blocking'/></iq>",
	"<message to='bot@echo.example.org'><body>hi</body></message>",
	"<presence type='subscribe' to='bot@echo.example.org'/><presence/>",
	"<iq type='get' id='13' to='example.org'>"
	"<query xmlns='http://jabber.org/protocol/disco#items'/></iq>",
	"</stream:stream>",
};

/* @return whether the allocation was needed */
static bool say_without(const char *text, size_t allocation)
{
	begin();
	peer_sends_bytes(alice->peer, text, strlen(text));
	peer_start(alice->peer);
	allocator.fail_at = allocator.calls + allocation;
	size_t before = allocator.calls;
	host_run(&host, 5000);
	bool is_needed = allocator.calls >= before + allocation;
	allocator.fail_at = 0;
	host_run(&host, 1000);
	end();
	return is_needed;
}

static void each_allocation_may_fail(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(said) / sizeof(said[0]); i++) {
		for (size_t allocation = 1; say_without(said[i], allocation); allocation++) {
		}
	}
}

/* Of a stranger, before the login. */
static bool register_without(size_t allocation)
{
	static const char request[] =
		"<iq type='get' id='1'><query xmlns='jabber:iq:register'/></iq>"
		"<iq type='set' id='2'><query xmlns='jabber:iq:register'>"
		"<username>dave</username><password>x</password></query></iq>";
	begin();
	struct guest *guest = guest_connected(&host);
	guest_open(guest);
	peer_sends_bytes(guest->peer, request, sizeof(request) - 1);
	peer_start(guest->peer);
	allocator.fail_at = allocator.calls + allocation;
	size_t before = allocator.calls;
	host_run(&host, 1000);
	bool is_needed = allocator.calls >= before + allocation;
	allocator.fail_at = 0;
	guest_cut(guest);
	end();
	return is_needed;
}

static void each_allocation_of_a_registration_may_fail(void **state)
{
	(void)state;
	for (size_t allocation = 1; register_without(allocation); allocation++) {
	}
}

static int act_add_component(struct envoi_context *context)
{
	struct envoi_loop *loop;
	struct envoi_store *store;
	struct envoi_server *server;
	int r = envoi_loop_new_simulated(&loop, context);
	if (r == ENVOI_OK) {
		r = envoi_context_take_loop(context, loop);
	}
	if (r == ENVOI_OK) {
		r = envoi_store_new_memory(&store, context);
	}
	if (r < 0) {
		return r;
	}
	const struct envoi_server_options options = {.domain = "example.org", .store = store};
	r = envoi_server_new(&server, context, &options);
	if (r == ENVOI_OK) {
		r = envoi_server_add_component(server, "echo.example.org", "s");
		if (r == ENVOI_OK) {
			r = envoi_server_remove_account(server, "alice", NULL, NULL);
		}
		envoi_server_free(server);
	}
	envoi_store_destroy(store);
	return r;
}

/* Stanzas of a session follow its binding at once. */
static bool arrive_without(size_t allocation)
{
	static const char request[] =
		"<iq type='set' id='b'><bind xmlns='urn:ietf:params:xml:ns:xmpp-bind'/></iq>"
		"<message to='alice@example.org'><body>x</body></message><presence/>"
		"<iq type='get' id='r'><query xmlns='jabber:iq:roster'/></iq>";
	begin();
	struct guest *guest = guest_authenticated(&host, "carol");
	peer_sends_bytes(guest->peer, request, sizeof(request) - 1);
	peer_start(guest->peer);
	allocator.fail_at = allocator.calls + allocation;
	size_t before = allocator.calls;
	host_run(&host, 1000);
	bool is_needed = allocator.calls >= before + allocation;
	allocator.fail_at = 0;
	host_run(&host, 1000);
	guest_cut(guest);
	end();
	return is_needed;
}

static void each_allocation_of_an_arrival_may_fail(void **state)
{
	(void)state;
	for (size_t allocation = 1; arrive_without(allocation); allocation++) {
	}
}

static void a_component_is_added_or_not(void **state)
{
	(void)state;
	assert_true(test_allocator_try(act_add_component) > 10);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_server_is_made_or_not),
		cmocka_unit_test(each_allocation_may_fail),
		cmocka_unit_test(each_allocation_of_a_registration_may_fail),
		cmocka_unit_test(each_allocation_of_an_arrival_may_fail),
		cmocka_unit_test(a_component_is_added_or_not),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
