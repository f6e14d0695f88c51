/*
 * envoi - opening channels: with and without direct TLS, deadlines, trust decisions
 * SPDX-License-Identifier: MIT
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include <envoi/context.h>
#include <envoi/interfaces/channel.h>
#include <envoi/mainloop.h>
#include <envoi/memory.h>
#include <envoi/settings.h>
#include <envoi/tls.h>

#include "test_allocator.h"

enum {
	SECOND = 1000,
	HANDSHAKE_TIMEOUT = 20 * SECOND,
	DECISION_TIMEOUT = 600 * SECOND,
};

struct side {
	struct envoi_opening *opening; /* NULL: ended */
	struct envoi_transport *transport;
	struct envoi_failure failure;
	int dones;
	bool frees_when_waiting;
	char waits[8]; /* "+-" */
};

struct fixture {
	struct test_allocator allocator;
	struct envoi_context *context;
	struct envoi_loop *loop;
	struct envoi_memory_pair *pair;
	struct envoi_tls_config *trust, *certificate;
	struct side a, b; /* initiator, receiver */
	struct envoi_tls_decider decider;
	struct envoi_tls_question *question;
	int overs;
	bool frees_when_over;
};

static void make_trust(struct fixture *f)
{
	struct envoi_settings *settings;
	assert_int_equal(envoi_settings_new(&settings, f->context), ENVOI_OK);
	assert_int_equal(
		envoi_settings_set(settings, "tls.ca-file", TEST_DATA "/tls/ca.pem"), ENVOI_OK);
	assert_int_equal(envoi_settings_set(settings, "tls.system-trust", "false"), ENVOI_OK);
	assert_int_equal(envoi_tls_config_new(&f->trust, f->context, settings), ENVOI_OK);
	envoi_settings_free(settings);
}

static int setup(void **state)
{
	struct fixture *f = test_calloc(1, sizeof(*f));
	struct envoi_context_options options = {
		.allocator = test_allocator_functions(&f->allocator)};
	assert_int_equal(envoi_context_new(&f->context, &options), ENVOI_OK);
	assert_int_equal(envoi_loop_new_simulated(&f->loop, f->context), ENVOI_OK);
	assert_int_equal(envoi_context_take_loop(f->context, f->loop), ENVOI_OK);
	assert_int_equal(envoi_memory_pair_new(&f->pair, f->context), ENVOI_OK);
	make_trust(f);
	assert_int_equal(envoi_tls_config_new_server(&f->certificate, f->context,
				 TEST_DATA "/tls/right.pem", TEST_DATA "/tls/server-key.pem"),
		ENVOI_OK);
	*state = f;
	return 0;
}

static void finish_side(struct side *side)
{
	struct envoi_opening *opening = side->opening;
	side->opening = NULL;
	envoi_opening_free(opening);
	envoi_transport_destroy(side->transport);
	envoi_failure_finish(&side->failure);
}

static int teardown(void **state)
{
	struct fixture *f = *state;
	finish_side(&f->a);
	finish_side(&f->b);
	envoi_tls_question_unref(f->question);
	envoi_tls_config_unref(f->trust);
	envoi_tls_config_unref(f->certificate);
	envoi_memory_pair_unref(f->pair);
	envoi_context_unref(f->context);
	assert_int_equal(f->allocator.live, 0);
	test_free(f);
	return 0;
}

static void on_done(
	void *user, struct envoi_transport *transport, const struct envoi_failure *failure)
{
	struct side *side = user;
	side->opening = NULL;
	side->transport = transport;
	side->dones++;
	if (failure != NULL) {
		envoi_failure_copy(&side->failure, failure);
	}
}

static void on_waiting(void *user, bool is_waiting)
{
	struct side *side = user;
	size_t len = strlen(side->waits);
	side->waits[len] = is_waiting ? '+' : '-';
	if (side->frees_when_waiting) {
		struct envoi_opening *opening = side->opening;
		side->opening = NULL;
		envoi_opening_free(opening);
	}
}

static int open_side(struct fixture *f, struct side *side, bool has_tls)
{
	bool is_initiator = side == &f->a;
	struct envoi_channel *channel;
	const struct envoi_opening_options options = {
		.role = is_initiator ? ENVOI_INITIATOR : ENVOI_RECEIVER,
		.tls = !has_tls        ? NULL
			: is_initiator ? f->trust
				       : f->certificate,
		.server_name = is_initiator ? "example.org" : NULL,
		.alpn = "xmpp-client",
		.timeout_ms = is_initiator ? HANDSHAKE_TIMEOUT : 0,
		.decision_timeout_ms = DECISION_TIMEOUT,
		.done = on_done,
		.waiting = on_waiting,
		.user = side,
	};
	int r = envoi_memory_channel_new(
		&channel, f->pair, is_initiator ? ENVOI_MEMORY_A : ENVOI_MEMORY_B);
	return r < 0 ? r : envoi_opening_new(&side->opening, f->context, channel, &options);
}

static void open_both(struct fixture *f)
{
	assert_int_equal(open_side(f, &f->a, true), ENVOI_OK);
	assert_int_equal(open_side(f, &f->b, true), ENVOI_OK);
}

static void run_for(struct fixture *f, uint64_t duration_ms)
{
	assert_int_equal(envoi_loop_simulated_run_for(f->loop, duration_ms), ENVOI_OK);
}

static void without_tls_the_transport_comes_from_the_loop(void **state)
{
	struct fixture *f = *state;
	assert_int_equal(open_side(f, &f->a, false), ENVOI_OK);
	assert_int_equal(f->a.dones, 0);
	run_for(f, 10 * HANDSHAKE_TIMEOUT);
	assert_int_equal(f->a.dones, 1);
	assert_non_null(f->a.transport);
	assert_string_equal(f->a.transport->impl->name, "memory");
	assert_false(f->a.transport->impl->is_secure(f->a.transport));
}

static void on_activity(struct envoi_transport_sink *sink)
{
	(void)sink;
}

static const struct envoi_transport_sink_impl sink_impl = {.activity = on_activity};

/* The initiator's last message of the handshake leaves when its transport is started. */
static void with_tls_the_transport_is_secure_and_not_started(void **state)
{
	struct fixture *f = *state;
	struct envoi_transport_sink sink = {&sink_impl};
	open_both(f);
	run_for(f, 10 * HANDSHAKE_TIMEOUT);
	assert_int_equal(f->a.dones, 1);
	assert_string_equal(f->a.failure.text, "");
	assert_null(f->a.transport->sink);
	assert_true(f->a.transport->impl->is_secure(f->a.transport));
	assert_int_equal(f->b.dones, 0);
	assert_int_equal(envoi_transport_start(f->a.transport, &sink), ENVOI_OK);
	run_for(f, 0);
	assert_int_equal(f->b.dones, 1);
	assert_true(f->b.transport->impl->is_secure(f->b.transport));
}

static void a_silent_peer_ends_it_after_the_timeout(void **state)
{
	struct fixture *f = *state;
	assert_int_equal(open_side(f, &f->a, true), ENVOI_OK);
	run_for(f, HANDSHAKE_TIMEOUT - 1);
	assert_int_equal(f->a.dones, 0);
	run_for(f, 1);
	assert_int_equal(f->a.dones, 1);
	assert_null(f->a.transport);
	assert_int_equal(f->a.failure.code, ENVOI_ERR_TIMEOUT);
	assert_int_equal(f->a.failure.phase, ENVOI_PHASE_TLS);
}

static void a_peer_that_ends_in_the_handshake_is_a_failure(void **state)
{
	struct fixture *f = *state;
	assert_int_equal(open_side(f, &f->a, true), ENVOI_OK);
	envoi_memory_pair_cut(f->pair);
	run_for(f, 0);
	assert_int_equal(f->a.dones, 1);
	assert_int_equal(f->a.failure.code, ENVOI_ERR_DISCONNECTED);
	assert_int_equal(f->a.failure.phase, ENVOI_PHASE_TLS);
}

static void freeing_is_silent(void **state)
{
	struct fixture *f = *state;
	open_both(f);
	envoi_opening_free(f->a.opening);
	f->a.opening = NULL;
	run_for(f, HANDSHAKE_TIMEOUT);
	assert_int_equal(f->a.dones, 0);
	assert_int_equal(f->b.dones, 1);
	assert_int_equal(f->b.failure.code, ENVOI_ERR_DISCONNECTED);
}

static void a_name_that_is_no_domain_is_refused_at_once(void **state)
{
	struct fixture *f = *state;
	struct envoi_channel *channel;
	const struct envoi_opening_options options = {
		.role = ENVOI_INITIATOR, .tls = f->certificate, .server_name = "example.org"};
	assert_int_equal(envoi_memory_channel_new(&channel, f->pair, ENVOI_MEMORY_A), ENVOI_OK);
	assert_int_equal(
		envoi_opening_new(&f->a.opening, f->context, channel, &options), ENVOI_ERR_INVALID);
	assert_null(f->a.opening);
}

/* --- trust decisions --- */

static struct fixture *of_decider(struct envoi_tls_decider *decider)
{
	return ENVOI_CONTAINER_OF(decider, struct fixture, decider);
}

static void on_decide(struct envoi_tls_decider *decider, struct envoi_tls_question *question)
{
	of_decider(decider)->question = envoi_tls_question_ref(question);
}

static void on_over(struct envoi_tls_decider *decider, struct envoi_tls_question *question,
	enum envoi_tls_answer answer)
{
	struct fixture *f = of_decider(decider);
	(void)question;
	(void)answer;
	f->overs++;
	if (f->frees_when_over) {
		struct envoi_opening *opening = f->a.opening;
		f->a.opening = NULL;
		envoi_opening_free(opening);
	}
}

static const struct envoi_tls_decider_impl decider_impl = {.decide = on_decide, .over = on_over};

/* The server's certificate is for another name: the application is asked. */
static void ask(struct fixture *f)
{
	f->decider.impl = &decider_impl;
	assert_int_equal(envoi_tls_config_set_decider(f->trust, &f->decider), ENVOI_OK);
	envoi_tls_config_unref(f->certificate);
	assert_int_equal(envoi_tls_config_new_server(&f->certificate, f->context,
				 TEST_DATA "/tls/self-signed.pem", TEST_DATA "/tls/server-key.pem"),
		ENVOI_OK);
	open_both(f);
	run_for(f, SECOND);
}

static void a_trust_decision_suspends_the_timeout(void **state)
{
	struct fixture *f = *state;
	ask(f);
	assert_non_null(f->question);
	assert_string_equal(f->a.waits, "+");
	run_for(f, 2 * HANDSHAKE_TIMEOUT);
	assert_int_equal(f->a.dones, 0);
}

static void without_a_decision_it_ends_after_the_time_for_it(void **state)
{
	struct fixture *f = *state;
	ask(f);
	run_for(f, DECISION_TIMEOUT);
	assert_int_equal(f->a.dones, 1);
	assert_int_equal(f->a.failure.code, ENVOI_ERR_TIMEOUT);
	assert_int_equal(f->overs, 1);
}

static void it_may_be_freed_while_the_decider_is_notified(void **state)
{
	struct fixture *f = *state;
	f->frees_when_over = true;
	ask(f);
	run_for(f, DECISION_TIMEOUT);
	assert_int_equal(f->overs, 1);
	assert_null(f->a.opening);
	assert_int_equal(f->a.dones, 0);
}

static void opening_may_be_freed_while_it_waits(void **state)
{
	struct fixture *f = *state;
	f->a.frees_when_waiting = true;
	ask(f);
	assert_null(f->a.opening);
	assert_string_equal(f->a.waits, "+");
	assert_int_equal(f->a.dones, 0);
}

static void every_failed_allocation_is_reported_and_nothing_leaks(void **state)
{
	struct fixture *f = *state;
	int failures = 0;
	for (size_t n = 1; n < 1000; n++) {
		f->pair = envoi_memory_pair_unref(f->pair);
		assert_int_equal(envoi_memory_pair_new(&f->pair, f->context), ENVOI_OK);
		f->allocator.fail_at = f->allocator.calls + n;
		int r = open_side(f, &f->a, true);
		bool has_failed = f->allocator.calls >= f->allocator.fail_at;
		f->allocator.fail_at = 0;
		envoi_opening_free(r == ENVOI_OK ? f->a.opening : NULL);
		f->a.opening = NULL;
		if (!has_failed) {
			assert_int_equal(r, ENVOI_OK);
			break;
		}
		assert_int_equal(r, ENVOI_ERR_NOMEM);
		failures++;
	}
	assert_true(failures >= 4);
}

#define CASE(function) cmocka_unit_test_setup_teardown(function, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(without_tls_the_transport_comes_from_the_loop),
		CASE(with_tls_the_transport_is_secure_and_not_started),
		CASE(a_silent_peer_ends_it_after_the_timeout),
		CASE(a_peer_that_ends_in_the_handshake_is_a_failure),
		CASE(freeing_is_silent),
		CASE(a_name_that_is_no_domain_is_refused_at_once),
		CASE(a_trust_decision_suspends_the_timeout),
		CASE(without_a_decision_it_ends_after_the_time_for_it),
		CASE(it_may_be_freed_while_the_decider_is_notified),
		CASE(opening_may_be_freed_while_it_waits),
		CASE(every_failed_allocation_is_reported_and_nothing_leaks),
	};
	return cmocka_run_group_tests_name("transport/opening", tests, NULL, NULL);
}
