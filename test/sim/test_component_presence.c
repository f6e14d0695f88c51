/*
 * envoi - presence of a component's addresses: tests (RFC 6121, sections 3 and 4)
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

#include <envoi/envoi.h>
#include <envoi/interfaces/mainloop.h>
#include <envoi/interfaces/transport.h>

#include "component_server.h"
#include "test_allocator.h"

#define ALICE "alice@example.org"
#define BOB "bob@gw.example.org"

static struct envoi_context *context;
static struct envoi_loop *loop;
static struct component_server server;
static struct envoi_component *component;

struct hook {
	struct envoi_component_presence_hook base;
	enum envoi_component_verdict verdict;
	bool frees;
	unsigned int requests, probes, changes, last;
};
static struct hook hook;

static enum envoi_component_verdict on_requested(struct envoi_component_presence_hook *base,
	struct envoi_component *its, const struct envoi_jid *own, const struct envoi_jid *contact,
	bool is_probe)
{
	(void)base;
	assert_ptr_equal(its, component);
	assert_true(envoi_jid_is_bare(own) && envoi_jid_is_bare(contact));
	hook.requests += !is_probe;
	hook.probes += is_probe;
	if (hook.frees) {
		envoi_component_free(component);
		component = NULL;
	}
	return hook.verdict;
}

static void on_changed(struct envoi_component_presence_hook *base, struct envoi_component *its,
	const struct envoi_jid *own, const struct envoi_jid *contact, unsigned int subscription)
{
	(void)base;
	(void)its;
	(void)own;
	(void)contact;
	hook.changes++;
	hook.last = subscription;
}

static const struct envoi_component_presence_hook_impl hook_impl = {on_requested, on_changed};

static void run(uint64_t ms)
{
	assert_int_equal(envoi_loop_simulated_run_for(loop, ms), ENVOI_OK);
}

static int setup(void **state)
{
	(void)state;
	assert_int_equal(envoi_context_new(&context, NULL), ENVOI_OK);
	assert_int_equal(envoi_loop_new_simulated(&loop, context), ENVOI_OK);
	assert_int_equal(envoi_context_take_loop(context, loop), ENVOI_OK);
	component_server_init(&server, context);
	assert_int_equal(envoi_component_new(&component, context, "gw.example.org"), ENVOI_OK);
	envoi_component_set_secret(component, "secret");
	envoi_component_add_connector(component, component_server_connector(&server));
	hook = (struct hook){{&hook_impl}, ENVOI_COMPONENT_APPROVE, false, 0, 0, 0, 0};
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	envoi_component_free(component);
	component_server_finish(&server);
	envoi_context_unref(context);
	return 0;
}

static void go_online(void)
{
	assert_int_equal(envoi_component_connect(component), ENVOI_OK);
	run(1000);
	assert_true(envoi_session_is_online(envoi_component_session(component)));
}

static void set_available(const char *own)
{
	struct envoi_stanza *presence = envoi_presence_new(context, ENVOI_TYPE_AVAILABLE, NULL);
	(void)envoi_presence_set_show(presence, "away");
	assert_int_equal(envoi_component_set_presence(component, own, presence), ENVOI_OK);
	envoi_stanza_unref(presence);
}

static void load(unsigned int bits)
{
	assert_int_equal(envoi_component_load_subscription(component, BOB, ALICE, bits), ENVOI_OK);
}

static unsigned int bits(void)
{
	return envoi_component_subscription(component, BOB, ALICE);
}

static void receive(const char *type, const char *from, const char *to)
{
	char xml[500];
	snprintf(xml, sizeof(xml), "<presence type='%s' from='%s' to='%s'/>", type, from, to);
	component_server_send(&server, xml);
	run(100);
}

static size_t stanzas(void)
{
	return component_server_last(&server)->recorder.stanza_count;
}

/* The stanza that the server got last. */
static const char *last_stanza(void)
{
	const char *last = "", *at = component_server_lines(&server);
	while ((at = strstr(at, "stanza <")) != NULL) {
		last = at;
		at++;
	}
	return last;
}

static void assert_last(const char *type, const char *from)
{
	char words[200];
	snprintf(words, sizeof(words), "from='%s'", from);
	assert_non_null(strstr(last_stanza(), words));
	assert_non_null(strstr(last_stanza(), "to='" ALICE "'"));
	if (type != NULL) {
		snprintf(words, sizeof(words), "type='%s'", type);
		assert_non_null(strstr(last_stanza(), words));
	} else {
		assert_null(strstr(last_stanza(), "type="));
	}
}

/* --- presence --- */

static void presence_goes_to_contacts_that_are_subscribed(void **state)
{
	(void)state;
	load(ENVOI_COMPONENT_FROM);
	assert_int_equal(envoi_component_load_subscription(
				 component, BOB, "carol@example.org", ENVOI_COMPONENT_TO),
		ENVOI_OK);
	set_available(BOB "/x");
	go_online();
	assert_int_equal(stanzas(), 1);
	assert_last(NULL, BOB "/x");
	assert_non_null(strstr(last_stanza(), "<show>away</show>"));
	assert_int_equal(envoi_component_set_presence(component, BOB "/x", NULL), ENVOI_OK);
	run(100);
	assert_last("unavailable", BOB "/x");
	assert_int_equal(stanzas(), 2);
	assert_int_equal(envoi_component_set_presence(component, BOB "/x", NULL), ENVOI_OK);
	run(100);
	assert_int_equal(stanzas(), 2);
}

static void presence_is_sent_again_after_a_lost_connection(void **state)
{
	(void)state;
	load(ENVOI_COMPONENT_FROM);
	set_available(BOB);
	set_available(BOB "/x");
	go_online();
	assert_int_equal(stanzas(), 2);
	server.refusal = ENVOI_STREAM_INTERNAL_SERVER_ERROR; /* it does not come back at once */
	envoi_memory_pair_cut(component_server_last(&server)->pair);
	run(100);
	assert_int_equal(envoi_component_set_presence(component, BOB "/x", NULL), ENVOI_OK);
	server.refusal = ENVOI_STREAM_NO_CONDITION;
	run(30000);
	assert_true(envoi_session_is_online(envoi_component_session(component)));
	assert_int_equal(stanzas(), 3); /* with a ping behind them */
	assert_non_null(strstr(component_server_lines(&server), "type='unavailable'"));
}

/* @return whether the server has got unavailable presence on its last connection */
static bool was_unavailable(void)
{
	return strstr(component_server_lines(&server), "type='unavailable'") != NULL;
}

/* As a server does, which routes it back. */
static void answer_ping(void)
{
	char xml[200];
	const char *iq = strstr(component_server_lines(&server), "<iq ");
	assert_non_null(iq);
	const char *id = strstr(iq, " id='");
	assert_non_null(id);
	id += strlen(" id='");
	snprintf(xml, sizeof(xml),
		"<iq type='result' id='%.*s' from='gw.example.org' to='gw.example.org'/>",
		(int)strcspn(id, "'"), id);
	component_server_send(&server, xml);
	run(100);
}

static void lose_the_connection(void)
{
	envoi_memory_pair_cut(component_server_last(&server)->pair);
	run(30000);
	assert_true(envoi_session_is_online(envoi_component_session(component)));
}

/* RFC 6121, section 4.5.2: else the contact sees it available for ever. */
static void unavailable_presence_that_was_lost_is_sent_again(void **state)
{
	(void)state;
	load(ENVOI_COMPONENT_FROM);
	set_available(BOB);
	set_available(BOB "/x");
	go_online();
	assert_int_equal(envoi_component_set_presence(component, BOB "/x", NULL), ENVOI_OK);
	run(0);
	run(0);
	lose_the_connection();
	assert_true(was_unavailable());
	assert_non_null(strstr(component_server_lines(&server), BOB "/x"));
	answer_ping();
	lose_the_connection();
	assert_false(was_unavailable());
}

static void an_address_that_is_available_again_is_not_unavailable(void **state)
{
	(void)state;
	load(ENVOI_COMPONENT_FROM);
	set_available(BOB "/x");
	go_online();
	assert_int_equal(envoi_component_set_presence(component, BOB "/x", NULL), ENVOI_OK);
	run(10);
	set_available(BOB "/x");
	run(10);
	lose_the_connection();
	assert_false(was_unavailable());
	assert_int_equal(stanzas() > 0, true);
}

static void presence_that_no_contact_has_had_is_not_remembered(void **state)
{
	(void)state;
	set_available(BOB "/x");
	go_online();
	assert_int_equal(envoi_component_set_presence(component, BOB "/x", NULL), ENVOI_OK);
	run(10);
	load(ENVOI_COMPONENT_FROM);
	lose_the_connection();
	assert_false(was_unavailable());
}

/* Without pings it is sent with each new connection. */
static void without_pings_it_is_sent_again_each_time(void **state)
{
	(void)state;
	envoi_component_set(component, "acknowledgement.ping", "false");
	load(ENVOI_COMPONENT_FROM);
	set_available(BOB "/x");
	go_online();
	assert_int_equal(envoi_component_set_presence(component, BOB "/x", NULL), ENVOI_OK);
	run(30000);
	for (int i = 0; i < 3; i++) {
		lose_the_connection();
		assert_true(was_unavailable());
	}
}

static void all_addresses_become_unavailable_before_the_stream_closes(void **state)
{
	(void)state;
	load(ENVOI_COMPONENT_FROM);
	set_available(BOB "/x");
	set_available(BOB "/y");
	go_online();
	envoi_component_disconnect(component);
	run(1000);
	assert_int_equal(stanzas(), 4);
	assert_last("unavailable", BOB "/y");
	assert_int_equal(component_server_last(&server)->recorder.failure.code, ENVOI_OK);
	assert_false(envoi_session_is_online(envoi_component_session(component)));
	go_online(); /* and available again with the next session */
	assert_int_equal(stanzas(), 2);
}

/* More than the outbox takes, to a server that reads slowly. */
static void thousands_depart_as_far_as_the_outbox_has_room(void **state)
{
	(void)state;
	enum {
		COUNT = 3000
	};
	envoi_component_set(component, "limits.outbox-stanzas", "200");
	envoi_component_set(component, "limits.output-bytes", "64k");
	envoi_component_set(component, "close.timeout", "60s");
	for (int i = 0; i < COUNT; i++) {
		char own[64];
		snprintf(own, sizeof(own), "user%d@gw.example.org", i);
		set_available(own);
		assert_int_equal(envoi_component_load_subscription(
					 component, own, ALICE, ENVOI_COMPONENT_FROM),
			ENVOI_OK);
	}
	go_online();
	run(20000);
	assert_int_equal(stanzas(), COUNT);
	struct envoi_memory_script slow = ENVOI_MEMORY_SCRIPT_INIT;
	slow.bytes_per_second = 20000;
	envoi_memory_pair_script(component_server_last(&server)->pair, ENVOI_MEMORY_A, &slow);
	envoi_component_disconnect(component);
	run(1000);
	struct envoi_component_stats stats;
	envoi_component_get_stats(component, &stats);
	assert_true(stats.unsent > 0);
	assert_int_equal(stats.addresses, COUNT);
	run(60000);
	assert_int_equal(stanzas(), 2 * COUNT);
	assert_int_equal(component_server_last(&server)->recorder.failure.code, ENVOI_OK);
}

static void departing_ends_with_close_timeout(void **state)
{
	(void)state;
	load(ENVOI_COMPONENT_FROM);
	set_available(BOB);
	envoi_component_set(component, "limits.outbox-stanzas", "4");
	envoi_component_set(component, "limits.output-bytes", "64k");
	for (int i = 0; i < 5000; i++) {
		char contact[64];
		snprintf(contact, sizeof(contact), "user%d@example.org", i);
		assert_int_equal(envoi_component_load_subscription(
					 component, BOB, contact, ENVOI_COMPONENT_FROM),
			ENVOI_OK);
	}
	go_online();
	run(20000);
	struct envoi_memory_script stalled = ENVOI_MEMORY_SCRIPT_INIT;
	stalled.stall_at = 0;
	envoi_memory_pair_script(component_server_last(&server)->pair, ENVOI_MEMORY_A, &stalled);
	envoi_component_disconnect(component);
	run(4000);
	const struct envoi_failure *why = envoi_component_failure(component);
	assert_null(why);
	run(7000);
	why = envoi_component_failure(component);
	assert_non_null(why);
	assert_int_equal(why->code, ENVOI_ERR_TIMEOUT);
}

/* --- subscriptions --- */

static void a_request_is_approved_and_the_presence_follows(void **state)
{
	(void)state;
	set_available(BOB "/x");
	go_online();
	receive("subscribe", ALICE "/desk", BOB);
	const char *lines = component_server_lines(&server);
	assert_non_null(strstr(lines, "type='subscribed'"));
	assert_int_equal(stanzas(), 2);
	assert_last(NULL, BOB "/x");
	assert_int_equal(bits(), ENVOI_COMPONENT_FROM);
	receive("subscribe", ALICE, BOB "/x"); /* again: section 3.1.3 */
	assert_int_equal(stanzas(), 4);
	assert_int_equal(bits(), ENVOI_COMPONENT_FROM);
}

static void a_request_to_an_unknown_address_is_refused(void **state)
{
	(void)state;
	go_online();
	receive("subscribe", ALICE, BOB);
	assert_last("unsubscribed", BOB);
	struct envoi_component_stats stats;
	envoi_component_get_stats(component, &stats);
	assert_int_equal(stats.addresses + stats.contacts + stats.unsent, 0);
}

static void the_application_decides_later(void **state)
{
	(void)state;
	envoi_component_set_presence_hook(component, &hook.base);
	hook.verdict = ENVOI_COMPONENT_DEFER;
	go_online();
	receive("subscribe", ALICE "/desk", BOB);
	assert_int_equal(stanzas(), 0);
	assert_int_equal(bits(), ENVOI_COMPONENT_PENDING_IN);
	assert_int_equal(envoi_component_approve(component, BOB "/x", ALICE "/desk"), ENVOI_OK);
	run(100);
	assert_last("subscribed", BOB);
	assert_int_equal(hook.last, ENVOI_COMPONENT_FROM);
	assert_int_equal(hook.changes, 2);
	assert_int_equal(envoi_component_refuse(component, BOB, ALICE), ENVOI_OK);
	run(100);
	assert_last("unsubscribed", BOB);
	assert_int_equal(hook.last, 0);
}

static void a_subscription_of_the_component(void **state)
{
	(void)state;
	go_online();
	receive("subscribed", ALICE, BOB); /* not requested: no effect */
	assert_int_equal(bits(), 0);
	assert_int_equal(envoi_component_subscribe(component, BOB, ALICE), ENVOI_OK);
	assert_int_equal(bits(), ENVOI_COMPONENT_PENDING_OUT);
	run(100);
	assert_last("subscribe", BOB);
	receive("subscribed", ALICE "/desk", BOB);
	assert_int_equal(bits(), ENVOI_COMPONENT_TO);
	assert_int_equal(envoi_component_unsubscribe(component, BOB, ALICE), ENVOI_OK);
	run(100);
	assert_last("unsubscribe", BOB);
	assert_int_equal(bits(), 0);
}

/* Servers send the stanzas of a removal in different orders, from bare and full addresses. */
static void every_order_of_a_removal_ends_the_same(void **state)
{
	(void)state;
	static const char *const types[3] = {"unsubscribe", "unsubscribed", "unavailable"};
	static const int orders[6][3] = {
		{0, 1, 2}, {0, 2, 1}, {1, 0, 2}, {1, 2, 0}, {2, 0, 1}, {2, 1, 0}};
	set_available(BOB);
	go_online();
	for (size_t i = 0; i < 6; i++) {
		load(ENVOI_COMPONENT_FROM | ENVOI_COMPONENT_TO);
		size_t before = stanzas();
		for (size_t j = 0; j < 3; j++) {
			receive(types[orders[i][j]], j % 2 == 0 ? ALICE "/desk" : ALICE, BOB);
		}
		assert_int_equal(bits(), 0);
		assert_int_equal(stanzas(), before + 1);
		assert_last("unavailable", BOB);
	}
}

/* --- probes --- */

static void probes_are_answered(void **state)
{
	(void)state;
	load(ENVOI_COMPONENT_FROM);
	go_online();
	receive("probe", ALICE "/desk", BOB);
	assert_last("unavailable", BOB);
	set_available(BOB "/x");
	run(100);
	size_t before = stanzas();
	receive("probe", ALICE, BOB);
	assert_last(NULL, BOB "/x");
	assert_int_equal(stanzas(), before + 1);
	receive("probe", "mallory@example.org", "nobody@gw.example.org");
	assert_non_null(strstr(last_stanza(), "type='unsubscribed'"));
}

static void a_probe_may_restore_a_lost_subscription(void **state)
{
	(void)state;
	envoi_component_set_presence_hook(component, &hook.base);
	set_available(BOB);
	go_online();
	hook.verdict = ENVOI_COMPONENT_DEFER;
	receive("probe", ALICE, BOB);
	assert_int_equal(stanzas(), 0);
	hook.verdict = ENVOI_COMPONENT_APPROVE;
	receive("probe", ALICE, BOB);
	assert_int_equal(hook.probes, 2);
	assert_int_equal(bits(), ENVOI_COMPONENT_FROM);
	assert_int_equal(stanzas(), 1);
	assert_last(NULL, BOB);
}

/* --- limits, frees, arguments --- */

static void contacts_are_limited(void **state)
{
	(void)state;
	envoi_component_set(component, "limits.component-contacts", "1");
	set_available(BOB);
	go_online();
	receive("subscribe", ALICE, BOB);
	receive("subscribe", "carol@example.org", BOB);
	assert_non_null(strstr(last_stanza(), "resource-constraint"));
	struct envoi_component_stats stats;
	envoi_component_get_stats(component, &stats);
	assert_int_equal(stats.contacts, 1);
}

static void it_may_be_freed_inside_the_hook(void **state)
{
	(void)state;
	static const char *const types[] = {"subscribe", "probe"};
	for (size_t i = 0; i < 2; i++) {
		envoi_component_set_presence_hook(component, &hook.base);
		set_available(BOB);
		go_online();
		hook.frees = true;
		receive(types[i], ALICE, BOB);
		assert_null(component);
		teardown(NULL);
		setup(NULL);
	}
}

static void arguments_are_checked(void **state)
{
	(void)state;
	assert_int_equal(envoi_component_set_presence(component, "bob@example.org", NULL),
		ENVOI_ERR_INVALID);
	assert_int_equal(envoi_component_set_presence(component, NULL, NULL), ENVOI_ERR_INVALID);
	assert_int_equal(
		envoi_component_load_subscription(component, BOB, "@", 1), ENVOI_ERR_INVALID);
	assert_int_equal(envoi_component_approve(component, BOB, NULL), ENVOI_ERR_INVALID);
	assert_int_equal(envoi_component_approve(component, BOB, ALICE), ENVOI_ERR_STATE);
	assert_int_equal(envoi_component_subscribe(component, BOB, ALICE), ENVOI_ERR_STATE);
	assert_int_equal(bits(), 0);
	struct envoi_stanza *probe = envoi_presence_new(context, ENVOI_TYPE_PROBE, NULL);
	assert_int_equal(envoi_component_set_presence(component, BOB, probe), ENVOI_ERR_INVALID);
	envoi_stanza_unref(probe);
	struct envoi_component_stats stats;
	envoi_component_get_stats(component, &stats);
	assert_int_equal(stats.addresses + stats.contacts, 0);
}

static int fill_table(struct envoi_context *its)
{
	struct envoi_component *made;
	int r = envoi_component_new(&made, its, "gw.example.org");
	if (r < 0) {
		return r;
	}
	struct envoi_stanza *presence = envoi_presence_new(its, ENVOI_TYPE_AVAILABLE, NULL);
	r = presence == NULL ? ENVOI_ERR_NOMEM
			     : envoi_component_set_presence(made, BOB "/x", presence);
	if (r == ENVOI_OK) {
		r = envoi_component_load_subscription(made, BOB, ALICE, ENVOI_COMPONENT_FROM);
	}
	if (r == ENVOI_OK) {
		r = envoi_component_load_subscription(
			made, "carol@gw.example.org", ALICE, ENVOI_COMPONENT_TO);
	}
	envoi_stanza_unref(presence);
	envoi_component_free(made);
	return r;
}

static void a_failed_allocation_leaks_nothing(void **state)
{
	(void)state;
	assert_true(test_allocator_try(fill_table) > 5);
}

int main(int argc, char **argv)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
	const struct CMUnitTest tests[] = {
		TEST(presence_goes_to_contacts_that_are_subscribed),
		TEST(presence_is_sent_again_after_a_lost_connection),
		TEST(unavailable_presence_that_was_lost_is_sent_again),
		TEST(an_address_that_is_available_again_is_not_unavailable),
		TEST(presence_that_no_contact_has_had_is_not_remembered),
		TEST(without_pings_it_is_sent_again_each_time),
		TEST(all_addresses_become_unavailable_before_the_stream_closes),
		TEST(thousands_depart_as_far_as_the_outbox_has_room),
		TEST(departing_ends_with_close_timeout),
		TEST(a_request_is_approved_and_the_presence_follows),
		TEST(a_request_to_an_unknown_address_is_refused),
		TEST(the_application_decides_later),
		TEST(a_subscription_of_the_component),
		TEST(every_order_of_a_removal_ends_the_same),
		TEST(probes_are_answered),
		TEST(a_probe_may_restore_a_lost_subscription),
		TEST(contacts_are_limited),
		TEST(it_may_be_freed_inside_the_hook),
		TEST(arguments_are_checked),
		cmocka_unit_test(a_failed_allocation_leaks_nothing),
	};
	cmocka_set_test_filter(argc > 1 ? argv[1] : NULL);
	return cmocka_run_group_tests_name("component_presence", tests, NULL, NULL);
}
