/*
 * envoi - the test kit: its network and its server
 * SPDX-License-Identifier: MIT
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <envoi/envoi.h>
#include <envoi/interfaces/session.h>
#include <envoi/interfaces/stream.h>
#include <envoi/testing.h>

#include "between.h"

struct fixture {
	struct envoi_world *world;
	struct envoi_test_server *server;
	struct envoi_client *bot;
	struct envoi_handler handler;
	unsigned int started, disconnected, heard;
	uint64_t started_ms, disconnected_ms, heard_ms;
	struct envoi_failure failure;
};

static int on_chat(struct envoi_handler *self, struct envoi_delivery *in)
{
	struct fixture *f = ENVOI_CONTAINER_OF(self, struct fixture, handler);
	f->heard++;
	f->heard_ms = envoi_world_now_ms(f->world);
	return envoi_reply_text(in, envoi_message_body(envoi_delivery_stanza(in), NULL));
}

static void on_started(struct envoi_handler *self, const struct envoi_event *event)
{
	(void)event;
	struct fixture *f = ENVOI_CONTAINER_OF(self, struct fixture, handler);
	f->started++;
	f->started_ms = envoi_world_now_ms(f->world);
}

static void on_disconnected(struct envoi_handler *self, const struct envoi_event *event)
{
	struct fixture *f = ENVOI_CONTAINER_OF(self, struct fixture, handler);
	f->disconnected++;
	f->disconnected_ms = envoi_world_now_ms(f->world);
	envoi_failure_finish(&f->failure);
	envoi_failure_copy(&f->failure, event->failure);
}

static const struct envoi_stanza_row stanzas[] = {
	{.kind = ENVOI_MESSAGE, .type = ENVOI_TYPE_CHAT, .handle = on_chat},
	ENVOI_ROWS_END,
};
static const struct envoi_event_row events[] = {
	{ENVOI_EVENT_STARTED, on_started},
	{ENVOI_EVENT_DISCONNECTED, on_disconnected},
	ENVOI_ROWS_END,
};
static const struct envoi_handler_impl impl = {.stanzas = stanzas, .events = events};

/* In place of the one before. @param connector  taken */
static void new_bot(struct fixture *f, struct envoi_connector *connector)
{
	envoi_client_free(f->bot);
	assert_int_equal(
		envoi_client_new(&f->bot, envoi_world_context(f->world), "bot@example.org"),
		ENVOI_OK);
	assert_int_equal(envoi_client_set_password(f->bot, "secret"), ENVOI_OK);
	assert_int_equal(envoi_client_add(f->bot, &f->handler), ENVOI_OK);
	assert_int_equal(envoi_client_add_connector(f->bot, connector), ENVOI_OK);
}

static int setup(void **state)
{
	static struct fixture fixture;
	struct fixture *f = &fixture;
	*f = (struct fixture){.handler = ENVOI_HANDLER(&impl)};
	f->world = envoi_world_new(42);
	f->server = envoi_world_server(f->world, "example.org");
	envoi_test_server_account(f->server, "bot", "secret");
	new_bot(f, envoi_world_connector(f->world, "bot"));
	*state = f;
	return 0;
}

static int teardown(void **state)
{
	struct fixture *f = *state;
	envoi_failure_finish(&f->failure);
	envoi_client_free(f->bot);
	assert_int_equal(envoi_world_free(f->world), 0);
	return 0;
}

static void connect_and_run(struct fixture *f, uint64_t ms)
{
	assert_int_equal(envoi_client_connect(f->bot), ENVOI_OK);
	envoi_world_run(f->world, ms);
}

static void a_peer_talks_with_the_bot(void **state)
{
	struct fixture *f = *state;
	struct envoi_test_peer *alice = envoi_test_server_peer(f->server, "alice");
	connect_and_run(f, 1000);
	for (int i = 0; i < 100; i++) {
		envoi_test_peer_says(alice, "bot@example.org", "ping %d", i);
	}
	envoi_world_run(f->world, 1000);
	assert_int_equal(f->heard, 100);
	assert_int_equal(envoi_test_peer_heard(alice, "bot@example.org"), 100);
	assert_int_equal(envoi_test_peer_heard(alice, "dave@example.org"), 0);
	assert_int_equal(envoi_test_peer_heard(alice, NULL), 100);
}

static void the_bot_comes_back_after_a_lost_connection(void **state)
{
	struct fixture *f = *state;
	struct envoi_test_peer *alice = envoi_test_server_peer(f->server, "alice");
	connect_and_run(f, 1000);
	envoi_world_cut_after(f->world, "bot", ENVOI_MEMORY_A, 6000);
	for (int i = 0; i < 100; i++) {
		envoi_test_peer_says(alice, "bot@example.org", "ping %d", i);
	}
	envoi_world_run(f->world, 120000);
	assert_int_equal(f->disconnected, 1);
	assert_int_equal(f->started, 1); /* the session went on */
	assert_int_equal(envoi_test_server_get_counts(f->server, "bot").resumptions, 1);
	assert_int_equal(f->heard, 100);
	assert_int_equal(envoi_test_peer_heard(alice, "bot@example.org"), 100);
}

static void messages_wait_for_an_account_that_is_not_available(void **state)
{
	struct fixture *f = *state;
	struct envoi_test_peer *alice = envoi_test_server_peer(f->server, "alice");
	envoi_test_peer_says(alice, "bot@example.org", "early");
	assert_int_equal(envoi_test_server_get_counts(f->server, "bot").stored, 1);
	connect_and_run(f, 1000);
	assert_int_equal(f->heard, 1);
	assert_int_equal(envoi_test_server_get_counts(f->server, "bot").stored, 0);
	assert_int_equal(envoi_test_server_get_counts(f->server, "bot").connections, 1);
}

static void an_unknown_account_is_refused(void **state)
{
	struct fixture *f = *state;
	struct envoi_test_peer *alice = envoi_test_server_peer(f->server, "alice");
	envoi_test_peer_says(alice, "carol@example.org", "hello");
	assert_int_equal(envoi_test_peer_heard(alice, "carol@example.org"), 1);
}

static void connecting_takes_the_time_of_the_link(void **state)
{
	struct fixture *f = *state;
	const struct envoi_test_link link = {.connect_ms = 700};
	envoi_world_set_link(f->world, "bot", &link);
	connect_and_run(f, 699);
	assert_int_equal(f->started, 0);
	envoi_world_run(f->world, 100);
	assert_int_equal(f->started, 1);
}

static void connecting_for_too_long_fails_in_time(void **state)
{
	struct fixture *f = *state;
	const struct envoi_test_link link = {.connect_ms = 86400000};
	envoi_world_set_link(f->world, "bot", &link);
	connect_and_run(f, 60000);
	assert_int_equal(f->disconnected, 1);
	assert_int_equal(f->failure.code, ENVOI_ERR_TIMEOUT);
	assert_int_equal(f->failure.phase, ENVOI_PHASE_CONNECT);
}

static void a_link_that_refuses_fails_at_once(void **state)
{
	struct fixture *f = *state;
	const struct envoi_test_link link = {.refuses = true};
	envoi_world_set_link(f->world, "bot", &link);
	connect_and_run(f, 0);
	assert_int_equal(f->disconnected, 1);
	assert_int_equal(f->failure.code, ENVOI_ERR_UNREACHABLE);
}

static void a_link_that_ignores_is_a_black_hole(void **state)
{
	struct fixture *f = *state;
	const struct envoi_test_link link = {.ignores = true};
	envoi_world_set_link(f->world, "bot", &link);
	connect_and_run(f, 60000);
	assert_int_equal(f->disconnected, 1);
	assert_int_equal(f->failure.code, ENVOI_ERR_TIMEOUT);
}

static void latency_delays_each_direction(void **state)
{
	struct fixture *f = *state;
	struct envoi_test_peer *alice = envoi_test_server_peer(f->server, "alice");
	const struct envoi_test_link link = {.latency_ms = 250};
	connect_and_run(f, 1000);
	envoi_world_set_link(f->world, "bot", &link);
	envoi_test_peer_says(alice, "bot@example.org", "slow");
	envoi_world_run(f->world, 499);
	assert_int_equal(f->heard_ms, 1250);
	assert_int_equal(envoi_test_peer_heard(alice, NULL), 0);
	envoi_world_run(f->world, 1);
	assert_int_equal(envoi_test_peer_heard(alice, NULL), 1);
}

/* About 150 bytes each, of which 1,000 go out in a second. */
static void bandwidth_is_shared_by_what_is_sent(void **state)
{
	struct fixture *f = *state;
	struct envoi_test_peer *alice = envoi_test_server_peer(f->server, "alice");
	const struct envoi_test_link link = {.bytes_per_second = 1000};
	connect_and_run(f, 1000);
	envoi_world_set_link(f->world, "bot", &link);
	for (int i = 0; i < 100; i++) {
		envoi_test_peer_says(alice, "bot@example.org", "ping %d", i);
		envoi_world_run(f->world, 1);
	}
	envoi_world_run(f->world, 5000);
	assert_between(f->heard, 10, 60);
	envoi_world_run(f->world, 60000);
	assert_int_equal(f->heard, 100);
}

static void a_cut_is_noticed_by_both_ends(void **state)
{
	struct fixture *f = *state;
	envoi_test_server_get_options(f->server)->resumes = false;
	connect_and_run(f, 1000);
	envoi_world_cut(f->world, "bot");
	envoi_world_run(f->world, 0);
	assert_int_equal(f->disconnected, 1);
	assert_int_equal(f->failure.code, ENVOI_ERR_DISCONNECTED);
	assert_int_equal(envoi_test_server_get_counts(f->server, "bot").connections, 0);
}

static void a_cut_comes_behind_the_byte_that_was_named(void **state)
{
	struct fixture *f = *state;
	envoi_world_cut_after(f->world, "bot", ENVOI_MEMORY_A, 200);
	connect_and_run(f, 1000);
	assert_int_equal(f->disconnected, 1);
	assert_int_equal(f->started, 0);
	assert_int_equal(f->failure.code, ENVOI_ERR_DISCONNECTED);
}

static void silence_is_noticed_by_no_end(void **state)
{
	struct fixture *f = *state;
	struct envoi_test_peer *alice = envoi_test_server_peer(f->server, "alice");
	connect_and_run(f, 1000);
	envoi_world_silence(f->world, "bot");
	envoi_test_peer_says(alice, "bot@example.org", "lost");
	envoi_world_run(f->world, 5000);
	assert_int_equal(f->heard, 0);
	assert_int_equal(f->disconnected, 0);
	assert_int_equal(envoi_test_server_get_counts(f->server, "bot").connections, 1);
}

static void a_machine_that_was_suspended_has_another_clock(void **state)
{
	struct fixture *f = *state;
	struct envoi_context *context = envoi_world_context(f->world);
	int64_t before_ms = envoi_context_wall_clock_ms(context);
	envoi_world_suspend(f->world, 5000);
	assert_int_equal(envoi_context_wall_clock_ms(context) - before_ms, 5000);
	assert_int_equal(envoi_world_now_ms(f->world), 0);
}

static void a_server_that_is_stopped_refuses(void **state)
{
	struct fixture *f = *state;
	connect_and_run(f, 1000);
	envoi_test_server_stop(f->server, false);
	envoi_world_run(f->world, 0);
	assert_int_equal(f->disconnected, 1);
	assert_int_equal(envoi_test_server_get_counts(f->server, NULL).sessions, 0);
	if (envoi_client_connect(f->bot) == ENVOI_OK) {
		envoi_world_run(f->world, 0);
		assert_int_equal(f->disconnected, 2);
	}
	envoi_test_server_start(f->server);
}

static void a_seed_gives_the_same_numbers(void **state)
{
	(void)state;
	struct envoi_world *one = envoi_world_new(7), *two = envoi_world_new(7),
			   *other = envoi_world_new(8);
	char drawn[3][ENVOI_ID_SIZE];
	assert_int_equal(envoi_id_make(envoi_world_context(one), drawn[0]), ENVOI_OK);
	assert_int_equal(envoi_id_make(envoi_world_context(two), drawn[1]), ENVOI_OK);
	assert_int_equal(envoi_id_make(envoi_world_context(other), drawn[2]), ENVOI_OK);
	assert_string_equal(drawn[0], drawn[1]);
	assert_string_not_equal(drawn[0], drawn[2]);
	uint64_t same = envoi_world_random(one, 1000000);
	assert_int_equal(same, envoi_world_random(two, 1000000));
	assert_int_not_equal(same, envoi_world_random(other, 1000000));
	assert_int_equal(envoi_world_free(one), 0);
	assert_int_equal(envoi_world_free(two), 0);
	assert_int_equal(envoi_world_free(other), 0);
}

static void a_leak_is_counted(void **state)
{
	(void)state;
	struct envoi_world *world = envoi_world_new(1);
	void *kept = envoi_alloc(envoi_world_context(world), 10);
	assert_int_equal(envoi_world_free(world), 1);
	free(kept);
}

static void an_allocation_fails_once(void **state)
{
	(void)state;
	struct envoi_world *world = envoi_world_new(1);
	struct envoi_context *context = envoi_world_context(world);
	envoi_world_fail_allocation(world, 2);
	void *one = envoi_alloc(context, 1), *two = envoi_alloc(context, 1),
	     *three = envoi_alloc(context, 1);
	assert_non_null(one);
	assert_null(two);
	assert_non_null(three);
	envoi_free(context, one);
	envoi_free(context, three);
	assert_int_equal(envoi_world_free(world), 0);
}

static void allocations_fail_one_after_the_other(void **state)
{
	(void)state;
	struct envoi_world *world = envoi_world_new(1);
	struct envoi_context *context = envoi_world_context(world);
	void *got[5];
	envoi_world_fail_allocations(world, 2, 3);
	for (int i = 0; i < 5; i++) {
		got[i] = envoi_alloc(context, 1);
		assert_int_equal(got[i] != NULL, i == 0 || i == 4);
	}
	assert_int_equal(envoi_world_failed_allocations(world), 3);
	envoi_free(context, got[0]);
	envoi_free(context, got[4]);
	assert_int_equal(envoi_world_free(world), 0);
}

/* Those of the client fail: it has no connection afterwards. The server still has its account. */
static void allocations_of_a_server_do_not_fail(void **state)
{
	struct fixture *f = *state;
	struct envoi_test_peer *carol = envoi_test_server_peer(f->server, "carol");
	connect_and_run(f, 1000);
	envoi_world_fail_allocations(f->world, 1, SIZE_MAX);
	envoi_test_peer_says(carol, "bot@example.org", "hello");
	assert_int_equal(envoi_world_failed_allocations(f->world), 0);
	envoi_world_run(f->world, 1000);
	assert_true(envoi_world_failed_allocations(f->world) > 0);
	assert_int_equal(f->heard, 0);
	envoi_world_fail_allocation(f->world, 0);
	envoi_world_run(f->world, 60000);
	assert_int_equal(f->heard, 1);
}

static void a_server_that_does_not_read_lets_the_link_fill(void **state)
{
	struct fixture *f = *state;
	struct envoi_test_peer *carol = envoi_test_server_peer(f->server, "carol");
	connect_and_run(f, 1000);
	envoi_test_server_pause(f->server, "bot", true);
	envoi_test_peer_says(carol, "bot@example.org", "hello");
	envoi_world_run(f->world, 10000);
	assert_int_equal(f->heard, 1);
	assert_int_equal(envoi_test_peer_heard(carol, NULL), 0);
	envoi_test_server_pause(f->server, "bot", false);
	envoi_world_run(f->world, 1);
	assert_int_equal(envoi_test_peer_heard(carol, NULL), 1);
	assert_int_equal(f->disconnected, 0);
}

/* --- TLS --- */

static int on_connect(void *user, struct envoi_memory_pair *pair, const char *domain)
{
	struct fixture *f = user;
	(void)domain;
	envoi_test_server_accept(f->server, pair);
	return ENVOI_OK;
}

static void a_server_may_require_tls(void **state)
{
	struct fixture *f = *state;
	struct envoi_connector *insecure;
	struct envoi_test_peer *alice = envoi_test_server_peer(f->server, "alice");
	assert_int_equal(envoi_memory_connector_new(
				 &insecure, envoi_world_context(f->world), on_connect, f, false),
		ENVOI_OK);
	new_bot(f, insecure);
	assert_int_equal(
		envoi_client_set(f->bot, "tls.ca-file", TEST_DATA "/tls/ca.pem"), ENVOI_OK);
	envoi_test_server_tls(
		f->server, TEST_DATA "/tls/right.pem", TEST_DATA "/tls/server-key.pem");
	assert_int_equal(envoi_client_connect(f->bot), ENVOI_OK);
	envoi_world_run(f->world, 1000);
	assert_int_equal(f->started, 1);
	struct envoi_tls_info info;
	envoi_stream_tls_info(envoi_session_stream(envoi_client_session(f->bot)), &info);
	assert_true(envoi_tls_is_verified(&info));
	envoi_test_peer_says(alice, "bot@example.org", "hello");
	envoi_world_run(f->world, 1000);
	assert_int_equal(envoi_test_peer_heard(alice, "bot@example.org"), 1);
}

#define IN_A_WORLD(test) cmocka_unit_test_setup_teardown(test, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		IN_A_WORLD(a_peer_talks_with_the_bot),
		IN_A_WORLD(the_bot_comes_back_after_a_lost_connection),
		IN_A_WORLD(messages_wait_for_an_account_that_is_not_available),
		IN_A_WORLD(an_unknown_account_is_refused),
		IN_A_WORLD(connecting_takes_the_time_of_the_link),
		IN_A_WORLD(connecting_for_too_long_fails_in_time),
		IN_A_WORLD(a_link_that_refuses_fails_at_once),
		IN_A_WORLD(a_link_that_ignores_is_a_black_hole),
		IN_A_WORLD(latency_delays_each_direction),
		IN_A_WORLD(bandwidth_is_shared_by_what_is_sent),
		IN_A_WORLD(a_cut_is_noticed_by_both_ends),
		IN_A_WORLD(a_cut_comes_behind_the_byte_that_was_named),
		IN_A_WORLD(silence_is_noticed_by_no_end),
		IN_A_WORLD(a_machine_that_was_suspended_has_another_clock),
		IN_A_WORLD(a_server_that_is_stopped_refuses),
		IN_A_WORLD(a_server_may_require_tls),
		cmocka_unit_test(a_seed_gives_the_same_numbers),
		cmocka_unit_test(a_leak_is_counted),
		cmocka_unit_test(an_allocation_fails_once),
		cmocka_unit_test(allocations_fail_one_after_the_other),
		IN_A_WORLD(allocations_of_a_server_do_not_fail),
		IN_A_WORLD(a_server_that_does_not_read_lets_the_link_fill),
	};
	return cmocka_run_group_tests_name("sim/kit", tests, NULL, NULL);
}
