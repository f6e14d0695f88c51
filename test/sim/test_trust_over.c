/*
 * envoi - trust decisions: anything may be done when one is withdrawn
 * SPDX-License-Identifier: MIT
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include <envoi/client.h>
#include <envoi/context.h>
#include <envoi/interfaces/transport.h>
#include <envoi/mainloop.h>
#include <envoi/settings.h>
#include <envoi/tls.h>

#include "server.h"

enum route {
	STARTTLS,
	DIRECT,
	ROADS,
};

enum ending {
	ACCEPTED,
	REFUSED,
	SERVER_LEAVES,
	NOBODY_DECIDES,
	USER_LEAVES,
	USER_FREES,
	ENDINGS,
};

enum act {
	DO_NOTHING,
	FREE_CLIENT,
	DISCONNECT,
	BEGIN_ANEW,
	ACTS,
};

static struct {
	struct envoi_context *context;
	struct envoi_loop *loop;
	struct test_server *server;
	struct envoi_client *client;
	struct envoi_tls_decider decider;
	struct envoi_tls_question *question;
	enum act act;
	int asked, overs, after_free;
	int connected; /* result of connecting inside */
} all;

static void decide(struct envoi_tls_decider *decider, struct envoi_tls_question *question)
{
	(void)decider;
	all.after_free += all.client == NULL;
	if (++all.asked == 1) {
		all.question = envoi_tls_question_ref(question);
	}
}

static void over(struct envoi_tls_decider *decider, struct envoi_tls_question *question,
	enum envoi_tls_answer answer)
{
	(void)decider;
	(void)question;
	(void)answer;
	if (++all.overs > 1) {
		return;
	}
	switch (all.act) {
	case FREE_CLIENT:
		envoi_client_free(all.client);
		all.client = NULL;
		break;
	case BEGIN_ANEW:
		envoi_client_disconnect(all.client);
		all.connected = envoi_client_connect(all.client);
		break;
	case DISCONNECT:
		envoi_client_disconnect(all.client);
		break;
	case DO_NOTHING:
	case ACTS:
		break;
	}
}

static const struct envoi_tls_decider_impl decider_impl = {.decide = decide, .over = over};

static void run(uint64_t ms)
{
	assert_int_equal(envoi_loop_simulated_run_for(all.loop, ms), ENVOI_OK);
}

static void begin(enum route route)
{
	memset(&all, 0, sizeof(all));
	all.decider.impl = &decider_impl;
	assert_int_equal(envoi_context_new(&all.context, NULL), ENVOI_OK);
	assert_int_equal(envoi_loop_new_simulated(&all.loop, all.context), ENVOI_OK);
	assert_int_equal(envoi_context_take_loop(all.context, all.loop), ENVOI_OK);
	all.server = test_server_new(all.context, TEST_DATA, "self-signed.pem");
	test_server_add_account(all.server, "alice", "wonderland");
	test_server_knobs(all.server)->direct_tls = route == DIRECT;
	struct envoi_settings *settings = test_server_settings(all.server);
	assert_int_equal(envoi_settings_set(settings, "tls.timeout", "3600s"), ENVOI_OK);
	assert_int_equal(envoi_settings_set(settings, "stream.timeout", "3600s"), ENVOI_OK);
	assert_int_equal(
		envoi_client_new(&all.client, all.context, "alice@example.org/desk"), ENVOI_OK);
	envoi_client_set(all.client, "tls.ca-file", TEST_DATA "/tls/ca.pem");
	envoi_client_set(all.client, "tls.system-trust", "false");
	envoi_client_set(all.client, "tls.mode", route == DIRECT ? "direct" : "starttls");
	envoi_client_set(all.client, "tls.decision-timeout", "120s");
	envoi_client_set_password(all.client, "wonderland");
	envoi_client_add_connector(all.client, test_server_connector(all.server));
	envoi_client_set_tls_decider(all.client, &all.decider);
}

static void end_question(enum ending ending)
{
	switch (ending) {
	case ACCEPTED:
		envoi_tls_question_answer(all.question, ENVOI_TLS_ACCEPT_ONCE);
		break;
	case REFUSED:
		envoi_tls_question_answer(all.question, ENVOI_TLS_REFUSE);
		break;
	case USER_LEAVES:
		envoi_client_disconnect(all.client);
		break;
	case USER_FREES:
		envoi_client_free(all.client);
		all.client = NULL;
		break;
	case SERVER_LEAVES:
		test_server_free(all.server);
		all.server = NULL;
		break;
	case NOBODY_DECIDES:
	case ENDINGS:
		break;
	}
}

static void finish(void)
{
	envoi_client_free(all.client);
	if (all.server != NULL) {
		test_server_free(all.server);
	}
	envoi_context_unref(all.context);
	envoi_tls_question_unref(all.question);
}

static void anything_may_be_done_when_a_decision_is_withdrawn(void **state)
{
	(void)state;
	for (int i = 0; i < ROADS * ENDINGS * ACTS; i++) {
		enum route route = (enum route)(i % ROADS);
		enum ending ending = (enum ending)(i / ROADS % ENDINGS);
		enum act act = (enum act)(i / ROADS / ENDINGS);
		if (ending == SERVER_LEAVES && act == BEGIN_ANEW) {
			continue; /* there is no other server */
		}
		begin(route);
		all.act = act;
		assert_int_equal(envoi_client_connect(all.client), ENVOI_OK);
		run(1000);
		assert_int_equal(all.asked, 1);
		assert_int_equal(all.overs, 0);
		end_question(ending);
		run(300000);
		assert_int_equal(all.overs, all.asked);
		assert_int_equal(all.after_free, 0);
		/* from inside leaving it is too early */
		assert_true(all.connected == ENVOI_OK || all.connected == ENVOI_ERR_STATE);
		assert_int_equal(envoi_tls_question_answer(all.question, ENVOI_TLS_ACCEPT_ONCE),
			ENVOI_ERR_STATE);
		assert_int_equal(all.server != NULL && test_server_online(all.server) > 0,
			ending == ACCEPTED && act == DO_NOTHING);
		finish();
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(anything_may_be_done_when_a_decision_is_withdrawn),
	};
	return cmocka_run_group_tests_name("sim/trust over", tests, NULL, NULL);
}
