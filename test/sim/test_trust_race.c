/*
 * envoi - trust decisions: two pending in one login
 * SPDX-License-Identifier: MIT
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <envoi/client.h>
#include <envoi/context.h>
#include <envoi/interfaces/channel.h>
#include <envoi/interfaces/mainloop.h>
#include <envoi/mainloop.h>
#include <envoi/memory.h>
#include <envoi/tls.h>

#include "server.h"

enum {
	ADDRESSES = 2, /* of one server */
	SECOND = 1000,
	LOGIN_TIMEOUT = 30 * SECOND,
};

struct address {
	struct envoi_memory_pair *pair;
	struct envoi_opening *opening;
	struct envoi_timer start;
	uint64_t after_ms;
};

/* Direct TLS with both addresses at once; whichever is first through is the way in. */
static struct {
	struct envoi_connector connector;
	struct envoi_context *context;
	struct envoi_loop *loop;
	struct test_server *server;
	struct address addresses[ADDRESSES];
	struct envoi_tls_config *tls;
	envoi_connected_fn *done;
	void *user;

	struct envoi_client *client;
	struct envoi_tls_decider decider;
	struct envoi_tls_question *questions[ADDRESSES];
	int asked, overs;
} all;

/* --- the connector --- */

static void leave(struct address *address)
{
	envoi_timer_stop(&address->start);
	struct envoi_opening *opening = address->opening;
	address->opening = NULL;
	envoi_opening_free(opening);
}

static void on_opened(
	void *user, struct envoi_transport *transport, const struct envoi_failure *failure)
{
	struct address *address = user;
	address->opening = NULL;
	if (failure != NULL) {
		leave(address);
		return;
	}
	for (int i = 0; i < ADDRESSES; i++) {
		leave(&all.addresses[i]);
	}
	const struct envoi_failure nothing = {.code = ENVOI_OK};
	all.done(all.user, transport, &nothing);
}

static void on_start(struct envoi_timer *timer)
{
	struct address *address = ENVOI_CONTAINER_OF(timer, struct address, start);
	struct envoi_channel *channel;
	const struct envoi_opening_options options = {
		.role = ENVOI_INITIATOR,
		.tls = all.tls,
		.server_name = "example.org",
		.done = on_opened,
		.user = address,
	};
	if (envoi_memory_pair_new(&address->pair, all.context) < 0 ||
		test_server_accept(all.server, address->pair) < 0 ||
		envoi_memory_channel_new(&channel, address->pair, ENVOI_MEMORY_A) < 0 ||
		envoi_opening_new(&address->opening, all.context, channel, &options) < 0) {
		abort();
	}
}

static int race_connect(struct envoi_connector *connector, const struct envoi_target *target,
	envoi_connected_fn *done, void *user)
{
	(void)connector;
	all.tls = envoi_tls_config_ref(target->tls);
	all.done = done;
	all.user = user;
	for (int i = 0; i < ADDRESSES; i++) {
		struct address *address = &all.addresses[i];
		envoi_timer_start(&address->start, all.loop, address->after_ms, on_start);
	}
	return ENVOI_OK;
}

static void race_cancel(struct envoi_connector *connector)
{
	(void)connector;
	for (int i = 0; i < ADDRESSES; i++) {
		leave(&all.addresses[i]);
	}
}

static void race_destroy(struct envoi_connector *connector)
{
	for (int i = 0; i < ADDRESSES; i++) {
		envoi_memory_pair_unref(all.addresses[i].pair);
	}
	envoi_tls_config_unref(all.tls);
	envoi_connector_finish(connector);
}

static const struct envoi_connector_impl connector_impl = {
	.name = "race",
	.connect = race_connect,
	.cancel = race_cancel,
	.destroy = race_destroy,
};

/* --- the decider --- */

static void decide(struct envoi_tls_decider *decider, struct envoi_tls_question *question)
{
	(void)decider;
	if (all.asked < ADDRESSES) {
		all.questions[all.asked] = envoi_tls_question_ref(question);
	}
	all.asked++;
}

static void over(struct envoi_tls_decider *decider, struct envoi_tls_question *question,
	enum envoi_tls_answer answer)
{
	(void)decider;
	(void)question;
	(void)answer;
	all.overs++;
}

static const struct envoi_tls_decider_impl decider_impl = {.decide = decide, .over = over};

/* --- fixture --- */

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
	test_server_knobs(all.server)->direct_tls = true;
	struct envoi_settings *settings = test_server_settings(all.server);
	assert_int_equal(envoi_settings_set(settings, "tls.timeout", "3600s"), ENVOI_OK);
	assert_int_equal(envoi_settings_set(settings, "stream.timeout", "3600s"), ENVOI_OK);
	assert_int_equal(
		envoi_client_new(&all.client, all.context, "alice@example.org/desk"), ENVOI_OK);
	envoi_client_set(all.client, "tls.ca-file", TEST_DATA "/tls/ca.pem");
	envoi_client_set(all.client, "tls.system-trust", "false");
	envoi_client_set(all.client, "login.timeout", "30s");
	envoi_client_set(all.client, "tls.decision-timeout", "3600s");
	envoi_client_set_password(all.client, "wonderland");
	envoi_client_set_tls_decider(all.client, &all.decider);
	envoi_connector_init(&all.connector, &connector_impl, all.context);
	envoi_client_add_connector(all.client, &all.connector);
	return 0;
}

static int finish(void **state)
{
	(void)state;
	envoi_client_free(all.client);
	test_server_free(all.server);
	for (int i = 0; i < ADDRESSES; i++) {
		envoi_tls_question_unref(all.questions[i]);
	}
	envoi_context_unref(all.context);
	return 0;
}

static void run(uint64_t ms)
{
	assert_int_equal(envoi_loop_simulated_run_for(all.loop, ms), ENVOI_OK);
}

static void ask_both(uint64_t second_after_ms)
{
	all.addresses[1].after_ms = second_after_ms;
	assert_int_equal(envoi_client_connect(all.client), ENVOI_OK);
	run(second_after_ms + SECOND);
	assert_int_equal(all.asked, 2);
	assert_int_equal(all.overs, 0);
}

static void answer(int question, enum envoi_tls_answer what)
{
	assert_int_equal(envoi_tls_question_answer(all.questions[question], what), ENVOI_OK);
	run(SECOND);
}

/* --- what happens --- */

static void the_time_of_the_login_waits_for_the_last_answer(void **state)
{
	(void)state;
	ask_both(0);
	answer(0, ENVOI_TLS_REFUSE);
	run(10 * LOGIN_TIMEOUT);
	assert_null(envoi_client_failure(all.client));
	answer(1, ENVOI_TLS_ACCEPT_ONCE);
	assert_int_equal(all.overs, 2);
	assert_int_equal(test_server_online(all.server), 1);
}

static void what_the_first_takes_is_not_taken_from_the_second(void **state)
{
	(void)state;
	ask_both(10 * LOGIN_TIMEOUT);
	answer(0, ENVOI_TLS_REFUSE);
	answer(1, ENVOI_TLS_ACCEPT_ONCE);
	assert_null(envoi_client_failure(all.client));
	assert_int_equal(test_server_online(all.server), 1);
}

static void when_all_are_answered_the_time_goes_on(void **state)
{
	(void)state;
	ask_both(0);
	answer(0, ENVOI_TLS_REFUSE);
	answer(1, ENVOI_TLS_REFUSE);
	run(LOGIN_TIMEOUT - 5 * SECOND);
	assert_null(
		envoi_client_failure(all.client)); /* this connector does not say that it is over */
	run(6 * SECOND);
	assert_int_equal(envoi_client_failure(all.client)->code, ENVOI_ERR_TIMEOUT);
}

static void one_answer_is_enough_and_ends_the_other_question(void **state)
{
	(void)state;
	ask_both(0);
	run(10 * LOGIN_TIMEOUT);
	answer(1, ENVOI_TLS_ACCEPT_ONCE);
	assert_int_equal(all.overs, 2);
	assert_int_equal(test_server_online(all.server), 1);
	run(10 * LOGIN_TIMEOUT);
	assert_null(envoi_client_failure(all.client));
}

int main(void)
{
#define CASE(name) cmocka_unit_test_setup_teardown(name, begin, finish)
	const struct CMUnitTest tests[] = {
		CASE(the_time_of_the_login_waits_for_the_last_answer),
		CASE(what_the_first_takes_is_not_taken_from_the_second),
		CASE(when_all_are_answered_the_time_goes_on),
		CASE(one_answer_is_enough_and_ends_the_other_question),
	};
	return cmocka_run_group_tests_name("sim/trust race", tests, NULL, NULL);
}
