/*
 * envoi - Push Notifications: tests
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

#include <envoi/ext/push.h>

#include "stanzas.h"
#include "stream_management_fixture.h"
#include "test_allocator.h"
#include "wire.h"
#include "xep_examples.h"

#define EVENT "custom " ENVOI_PUSH_STATE "\n"
#define ENABLE "<enable xmlns='urn:xmpp:push:0' jid='push.client.example' node='yxs32'/>"
#define DISABLE "<disable xmlns='urn:xmpp:push:0' jid='push.client.example' node='yxs32'/>"

static struct envoi_push_service service;
static char node[] = "yxs32", other_node[] = "other";

static int setup(void **state)
{
	wire_setup_online(state);
	struct wire *wire = *state;
	service = (struct envoi_push_service){.node = node};
	assert_int_equal(
		envoi_jid_from_text(&service.jid, wire->context, "push.client.example"), ENVOI_OK);
	assert_int_equal(envoi_session_use(wire->session, &envoi_push_extension, NULL), ENVOI_OK);
	return 0;
}

static int teardown(void **state)
{
	envoi_jid_unref(service.jid);
	return wire_teardown(state);
}

static void notifications_are_enabled(void **state)
{
	struct wire *wire = *state;
	assert_int_equal(envoi_push_state(wire->session), ENVOI_PUSH_OFF);
	assert_int_equal(envoi_push_set(wire->session, &service), ENVOI_OK);
	assert_int_equal(envoi_push_state(wire->session), ENVOI_PUSH_PENDING);
	assert_non_null(strstr(wire_answer_account(wire, "result", ""), ENABLE));
	assert_int_equal(envoi_push_state(wire->session), ENVOI_PUSH_ON);
	assert_string_equal(wire_log(wire), EVENT);
}

static void options_are_sent(void **state)
{
	struct wire *wire = *state;
	char var[] = "secret", value[] = "eruio234vzxc2kla-91", *values[] = {value};
	struct envoi_form_field field = {.var = var, .values = values, .value_count = 1};
	struct envoi_form options = {.kind = ENVOI_FORM_SUBMIT, .fields = &field, .field_count = 1};
	service.options = &options;
	assert_int_equal(envoi_push_set(wire->session, &service), ENVOI_OK);
	assert_non_null(strstr(wire_answer_account(wire, "result", ""),
		"<x xmlns='jabber:x:data' type='submit'><field var='secret'>"
		"<value>eruio234vzxc2kla-91</value></field></x></enable>"));
}

static void a_refusal_is_reported(void **state)
{
	struct wire *wire = *state;
	assert_int_equal(envoi_push_set(wire->session, &service), ENVOI_OK);
	wire_answer_account(wire, "error",
		"<error type='cancel'><service-unavailable "
		"xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/></error>");
	assert_int_equal(envoi_push_state(wire->session), ENVOI_PUSH_FAILED);
	assert_string_equal(wire_log(wire), EVENT);
}

static void each_new_session_enables_them(void **state)
{
	struct wire *wire = *state;
	assert_int_equal(envoi_push_set(wire->session, &service), ENVOI_OK);
	wire_answer_account(wire, "result", "");
	wire_next_session(wire);
	assert_non_null(strstr(wire_answer_account(wire, "result", ""), ENABLE));
	struct envoi_handler *handler = envoi_session_find(wire->session, "push");
	handler->impl->restore(handler, wire->session, true);
	wire_run(wire, 0);
	assert_string_equal(wire_heard(wire), "");
	assert_int_equal(envoi_push_state(wire->session), ENVOI_PUSH_ON);
}

static void an_offline_session_waits(void **state)
{
	struct wire *wire = *state;
	envoi_memory_end_shut_down(wire->end);
	wire_run(wire, 0);
	assert_int_equal(envoi_push_set(wire->session, &service), ENVOI_DECLINED);
	assert_int_equal(envoi_push_state(wire->session), ENVOI_PUSH_PENDING);
	assert_int_equal(wire_attach(wire, ENVOI_INITIATOR, 0), ENVOI_OK);
	wire_greet(wire);
	assert_non_null(strstr(wire_answer_account(wire, "result", ""), ENABLE));
}

static void another_service_replaces_the_first(void **state)
{
	struct wire *wire = *state;
	assert_int_equal(envoi_push_set(wire->session, &service), ENVOI_OK);
	assert_int_equal(envoi_push_set(wire->session, &service), ENVOI_OK);
	service.node = other_node;
	assert_int_equal(envoi_push_set(wire->session, &service), ENVOI_OK);
	wire_run(wire, 0);
	const char *heard = wire_heard(wire), *first = strstr(heard, ENABLE);
	assert_non_null(first);
	const char *second = strstr(first + 1, ENABLE);
	assert_non_null(second); /* with options that may have changed */
	const char *disable = strstr(heard, DISABLE);
	assert_true(disable != NULL && disable > second);
	assert_non_null(strstr(disable, "node='other'"));
}

/* The answer to an earlier request says nothing about the service that is set. */
static void an_old_answer_does_not_count(void **state)
{
	struct wire *wire = *state;
	char id[64], xml[200];
	assert_int_equal(envoi_push_set(wire->session, &service), ENVOI_OK);
	wire_run(wire, 0);
	assert_int_equal(sscanf(strstr(wire_heard(wire), " id='"), " id='%63[^']'", id), 1);
	assert_int_equal(envoi_push_set(wire->session, &service), ENVOI_OK);
	snprintf(xml, sizeof(xml), "<iq type='result' id='%s'/>", id);
	wire_talk(wire, xml);
	assert_int_equal(envoi_push_state(wire->session), ENVOI_PUSH_PENDING);
	assert_string_equal(wire_log(wire), "");
}

/* The first service is answered when the session has resumed. */
static void an_answer_to_the_service_before_a_resumption_does_not_count(void **state)
{
	struct wire *wire = *state;
	struct envoi_jid *jid;
	assert_int_equal(envoi_jid_from_text(&jid, wire->context, "push.client.example"), ENVOI_OK);
	struct envoi_push_service wanted = {.jid = jid, .node = node};
	sm_enable(wire, RESUMABLE);
	assert_int_equal(envoi_session_use(wire->session, &envoi_push_extension, NULL), ENVOI_OK);
	assert_int_equal(envoi_push_set(wire->session, &wanted), ENVOI_OK);
	wire_run(wire, 0);
	char answer[200];
	snprintf(answer, sizeof(answer), "<iq type='result' id='%s'/>",
		wire_id_in(strstr(wire_heard(wire), "<iq ")));
	sm_cut(wire);
	wanted.node = other_node;
	assert_int_equal(envoi_push_set(wire->session, &wanted), ENVOI_DECLINED);
	envoi_jid_unref(jid);
	sm_offer_resumption(wire, "s1", "0");
	assert_non_null(
		strstr(wire_talk(wire, "<resumed " SM " previd='s1' h='1'/>"), "node='other'"));
	(void)wire_talk(wire, answer);
	assert_int_equal(envoi_push_state(wire->session), ENVOI_PUSH_PENDING);
}

static void they_are_disabled_by_address_and_node(void **state)
{
	struct wire *wire = *state;
	assert_int_equal(envoi_push_disable(wire->session), ENVOI_OK);
	assert_int_equal(envoi_push_set(wire->session, &service), ENVOI_OK);
	wire_answer_account(wire, "result", "");
	assert_int_equal(envoi_push_disable(wire->session), ENVOI_OK);
	assert_non_null(strstr(wire_answer_account(wire, "result", ""), DISABLE));
	assert_int_equal(envoi_push_state(wire->session), ENVOI_PUSH_OFF);
	wire_next_session(wire);
	assert_null(strstr(wire_heard(wire), "<enable"));
}

static void what_cannot_be_enabled_is_refused(void **state)
{
	struct wire *wire = *state;
	const struct envoi_push_service nothing = {.node = node};
	assert_int_equal(envoi_push_set(wire->session, NULL), ENVOI_ERR_INVALID);
	assert_int_equal(envoi_push_set(wire->session, &nothing), ENVOI_ERR_INVALID);
	envoi_session_unuse(wire->session, &envoi_push_extension);
	assert_int_equal(envoi_push_set(wire->session, &service), ENVOI_ERR_STATE);
	assert_int_equal(envoi_push_disable(wire->session), ENVOI_ERR_STATE);
}

static void an_answer_after_the_last_use_is_ignored(void **state)
{
	struct wire *wire = *state;
	assert_int_equal(envoi_push_set(wire->session, &service), ENVOI_OK);
	wire_run(wire, 0);
	envoi_session_unuse(wire->session, &envoi_push_extension);
	wire_answer_account(wire, "result", "");
	assert_string_equal(wire_log(wire), "");
	assert_int_equal(envoi_session_use(wire->session, &envoi_push_extension, NULL), ENVOI_OK);
	assert_int_equal(envoi_push_set(wire->session, &service), ENVOI_OK);
	wire_free_session(wire); /* with a request that is pending */
}

static void a_failed_allocation_is_survived(void **state)
{
	(void)state;
	bool has_failed = true;
	for (size_t n = 1; has_failed; n++) {
		struct test_allocator allocator = {.fail_at = 0};
		struct wire wire = {0};
		struct envoi_jid *jid;
		wire_init(&wire,
			&(struct envoi_context_options){
				.allocator = test_allocator_functions(&allocator)});
		wire_go_online(&wire);
		assert_int_equal(envoi_jid_from_text(&jid, wire.context, "push.example"), 0);
		const struct envoi_push_service of_test = {.jid = jid, .node = node};
		allocator.fail_at = allocator.calls + n;
		if (envoi_session_use(wire.session, &envoi_push_extension, NULL) == ENVOI_OK) {
			(void)envoi_push_set(wire.session, &of_test);
			wire_run(&wire, 0);
			(void)envoi_push_disable(wire.session);
			wire_run(&wire, 0);
		}
		has_failed = allocator.calls >= allocator.fail_at;
		allocator.fail_at = 0;
		envoi_jid_unref(jid);
		wire_finish(&wire);
		assert_int_equal(allocator.live, 0);
	}
}

static void the_examples_are_read_and_written(void **state)
{
	(void)state;
	static const struct xep_table tables[] = {
		{&envoi_push_enable_type, NULL},
		{&envoi_push_disable_type, NULL},
		{NULL, NULL},
	};
	static const char *const exceptions[] = {NULL};
	assert_int_equal(xep_examples_check("0357", tables, exceptions), 4);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(notifications_are_enabled),
		TEST(options_are_sent),
		TEST(a_refusal_is_reported),
		TEST(each_new_session_enables_them),
		TEST(an_offline_session_waits),
		TEST(another_service_replaces_the_first),
		TEST(an_old_answer_does_not_count),
		cmocka_unit_test_setup_teardown(
			an_answer_to_the_service_before_a_resumption_does_not_count, sm_setup,
			sm_teardown),
		TEST(they_are_disabled_by_address_and_node),
		TEST(what_cannot_be_enabled_is_refused),
		TEST(an_answer_after_the_last_use_is_ignored),
		cmocka_unit_test(a_failed_allocation_is_survived),
		cmocka_unit_test(the_examples_are_read_and_written),
	};
	return cmocka_run_group_tests_name("ext/push", tests, NULL, NULL);
}
