/*
 * envoi - trust decisions: several at once
 * SPDX-License-Identifier: MIT
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include <envoi/client.h>
#include <envoi/context.h>
#include <envoi/mainloop.h>
#include <envoi/settings.h>
#include <envoi/tls.h>

#include "server.h"

enum {
	CLIENTS = 2,
};

static const char *const jids[CLIENTS] = {"alice@example.org/desk", "bob@example.org/desk"};

static struct {
	struct envoi_context *context;
	struct envoi_loop *loop;
	struct test_server *server;
	struct envoi_client *clients[CLIENTS];
	struct envoi_tls_decider decider; /* of both */
	struct envoi_tls_question *questions[CLIENTS]; /* in the order of the clients */
	int asked, overs;
	enum envoi_tls_answer told[CLIENTS];
	/* what is done when the first question is over */
	bool answers_other, frees_other;
} all;

static void decide(struct envoi_tls_decider *decider, struct envoi_tls_question *question)
{
	(void)decider;
	if (all.asked < CLIENTS) {
		all.questions[all.asked] = envoi_tls_question_ref(question);
	}
	all.asked++;
}

static void over(struct envoi_tls_decider *decider, struct envoi_tls_question *question,
	enum envoi_tls_answer answer)
{
	(void)decider;
	all.told[question == all.questions[0] ? 0 : 1] = answer;
	if (++all.overs > 1) {
		return;
	}
	int other = question == all.questions[0] ? 1 : 0;
	if (all.answers_other) {
		envoi_tls_question_answer(all.questions[other], ENVOI_TLS_ACCEPT_ONCE);
	}
	if (all.frees_other) {
		envoi_client_free(all.clients[other]);
		all.clients[other] = NULL;
	}
}

static const struct envoi_tls_decider_impl decider_impl = {.decide = decide, .over = over};

static void run(uint64_t ms)
{
	assert_int_equal(envoi_loop_simulated_run_for(all.loop, ms), ENVOI_OK);
}

static int begin(void **state)
{
	(void)state;
	memset(&all, 0, sizeof(all));
	all.decider.impl = &decider_impl;
	assert_int_equal(envoi_context_new(&all.context, NULL), ENVOI_OK);
	assert_int_equal(envoi_loop_new_simulated(&all.loop, all.context), ENVOI_OK);
	assert_int_equal(envoi_context_take_loop(all.context, all.loop), ENVOI_OK);
	all.server = test_server_new(all.context, TEST_DATA, "self-signed.pem");
	test_server_add_account(all.server, "alice", "wonderland");
	test_server_add_account(all.server, "bob", "wonderland");
	struct envoi_settings *settings = test_server_settings(all.server);
	assert_int_equal(envoi_settings_set(settings, "tls.timeout", "3600s"), ENVOI_OK);
	assert_int_equal(envoi_settings_set(settings, "stream.timeout", "3600s"), ENVOI_OK);
	for (int i = 0; i < CLIENTS; i++) {
		struct envoi_client **client = &all.clients[i];
		assert_int_equal(envoi_client_new(client, all.context, jids[i]), ENVOI_OK);
		envoi_client_set(*client, "tls.ca-file", TEST_DATA "/tls/ca.pem");
		envoi_client_set(*client, "tls.system-trust", "false");
		envoi_client_set_password(*client, "wonderland");
		envoi_client_add_connector(*client, test_server_connector(all.server));
		envoi_client_set_tls_decider(*client, &all.decider);
	}
	return 0;
}

/* The questions come in the order of the clients. */
static void ask(void)
{
	for (int i = 0; i < CLIENTS; i++) {
		assert_int_equal(envoi_client_connect(all.clients[i]), ENVOI_OK);
		run(1000);
		assert_int_equal(all.asked, i + 1);
	}
	assert_ptr_not_equal(all.questions[0], all.questions[1]);
	assert_int_equal(all.overs, 0);
}

static int finish(void **state)
{
	(void)state;
	all.answers_other = all.frees_other = false;
	for (int i = 0; i < CLIENTS; i++) {
		envoi_client_free(all.clients[i]);
	}
	test_server_free(all.server);
	envoi_context_unref(all.context);
	for (int i = 0; i < CLIENTS; i++) {
		envoi_tls_question_unref(all.questions[i]); /* later than everything else */
	}
	return 0;
}

static bool is_online(int client)
{
	return test_server_pair(all.server, jids[client]) != NULL;
}

static int answer(int client, enum envoi_tls_answer what)
{
	return envoi_tls_question_answer(all.questions[client], what);
}

static void each_answer_is_for_its_own_connection(void **state)
{
	(void)state;
	ask();
	assert_int_equal(answer(1, ENVOI_TLS_ACCEPT_ONCE), ENVOI_OK);
	run(60000);
	assert_true(is_online(1));
	assert_false(is_online(0));
	assert_null(envoi_client_failure(all.clients[0]));
	assert_int_equal(all.overs, 1);
	assert_int_equal(answer(0, ENVOI_TLS_REFUSE), ENVOI_OK);
	run(1000);
	assert_true(is_online(1));
	assert_int_equal(envoi_client_failure(all.clients[0])->code, ENVOI_ERR_CERTIFICATE);
	assert_int_equal(all.told[0], ENVOI_TLS_REFUSE);
	assert_int_equal(all.told[1], ENVOI_TLS_ACCEPT_ONCE);
	assert_int_equal(all.overs, 2);
}

static void both_answers_may_come_in_one_turn(void **state)
{
	(void)state;
	ask();
	assert_int_equal(answer(1, ENVOI_TLS_ACCEPT_ONCE), ENVOI_OK);
	assert_int_equal(answer(0, ENVOI_TLS_ACCEPT_ONCE), ENVOI_OK);
	assert_int_equal(all.overs, 0);
	run(1000);
	assert_true(is_online(0) && is_online(1));
	assert_int_equal(all.overs, 2);
}

static void a_pin_belongs_to_the_client_that_set_it(void **state)
{
	(void)state;
	ask();
	assert_int_equal(answer(0, ENVOI_TLS_ACCEPT_AND_PIN), ENVOI_OK);
	run(1000);
	assert_true(is_online(0));
	assert_non_null(envoi_settings_text(envoi_client_settings(all.clients[0]), "tls.pins"));
	const char *pins = envoi_settings_text(envoi_client_settings(all.clients[1]), "tls.pins");
	assert_true(pins == NULL || pins[0] == '\0');
	assert_false(is_online(1)); /* still waits */
	assert_int_equal(all.overs, 1);
}

static void a_client_may_be_freed_while_decisions_of_two_are_pending(void **state)
{
	(void)state;
	for (int i = 0; i < CLIENTS; i++) {
		if (i > 0) {
			finish(NULL);
			begin(NULL);
		}
		ask();
		envoi_client_free(all.clients[i]);
		all.clients[i] = NULL;
		assert_int_equal(all.overs, 1);
		assert_int_equal(answer(i, ENVOI_TLS_ACCEPT_ONCE), ENVOI_ERR_STATE);
		assert_int_equal(answer(1 - i, ENVOI_TLS_ACCEPT_ONCE), ENVOI_OK);
		run(1000);
		assert_true(is_online(1 - i));
		assert_int_equal(all.overs, 2);
	}
}

static void each_has_its_own_time(void **state)
{
	(void)state;
	envoi_client_set(all.clients[0], "tls.decision-timeout", "60s");
	envoi_client_set(all.clients[1], "tls.decision-timeout", "600s");
	ask();
	run(120000);
	assert_int_equal(envoi_client_failure(all.clients[0])->code, ENVOI_ERR_TIMEOUT);
	assert_null(envoi_client_failure(all.clients[1]));
	assert_int_equal(answer(0, ENVOI_TLS_ACCEPT_ONCE), ENVOI_ERR_STATE);
	assert_int_equal(answer(1, ENVOI_TLS_ACCEPT_ONCE), ENVOI_OK);
	run(1000);
	assert_false(is_online(0));
	assert_true(is_online(1));
}

static void a_decision_may_be_made_when_another_is_withdrawn(void **state)
{
	(void)state;
	all.answers_other = true;
	ask();
	assert_int_equal(answer(1, ENVOI_TLS_REFUSE), ENVOI_OK);
	run(1000);
	assert_true(is_online(0));
	assert_false(is_online(1));
	assert_int_equal(all.overs, 2);
}

static void a_client_may_be_freed_when_the_decision_of_another_is_withdrawn(void **state)
{
	(void)state;
	for (int i = 0; i < CLIENTS; i++) {
		if (i > 0) {
			finish(NULL);
			begin(NULL);
		}
		all.frees_other = true;
		ask();
		assert_int_equal(answer(i, ENVOI_TLS_ACCEPT_ONCE), ENVOI_OK);
		run(1000);
		assert_true(is_online(i));
		assert_int_equal(all.overs, 2);
		assert_int_equal(all.told[1 - i], ENVOI_TLS_REFUSE);
	}
}

static void a_decision_after_everything_was_freed_has_no_effect(void **state)
{
	(void)state;
	ask();
	for (int i = 0; i < CLIENTS; i++) {
		envoi_client_disconnect(all.clients[i]);
	}
	run(60000);
	assert_int_equal(all.overs, 2);
	for (int i = 0; i < CLIENTS; i++) {
		assert_int_equal(answer(i, ENVOI_TLS_ACCEPT_AND_PIN), ENVOI_ERR_STATE);
		assert_non_null(envoi_tls_question_peer(all.questions[i])->chain[0].der);
	}
	run(1000);
	assert_false(is_online(0) || is_online(1));
}

int main(void)
{
#define CASE(name) cmocka_unit_test_setup_teardown(name, begin, finish)
	const struct CMUnitTest tests[] = {
		CASE(each_answer_is_for_its_own_connection),
		CASE(both_answers_may_come_in_one_turn),
		CASE(a_pin_belongs_to_the_client_that_set_it),
		CASE(a_client_may_be_freed_while_decisions_of_two_are_pending),
		CASE(each_has_its_own_time),
		CASE(a_decision_may_be_made_when_another_is_withdrawn),
		CASE(a_client_may_be_freed_when_the_decision_of_another_is_withdrawn),
		CASE(a_decision_after_everything_was_freed_has_no_effect),
	};
	return cmocka_run_group_tests_name("sim/trust many", tests, NULL, NULL);
}
