/*
 * envoi - resumption of sessions (XEP-0198): both sides
 * SPDX-License-Identifier: MIT
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <envoi/envoi.h>
#include <envoi/memory.h>

#include "resumption_world.h"

static void both_sides_acknowledge(void **state)
{
	struct world *world = *state;
	struct exchange exchange;
	world_log_in(world);
	exchange_send(world, &exchange);
	world_run(world, 10000);
	assert_string_equal(notes_list(&world->client.got), "s0 s1 s2 ");
	assert_string_equal(notes_list(&world_server(world)->got), "c0 c1 c2 ");
	for (size_t i = 0; i < MESSAGES; i++) {
		assert_int_equal(exchange.from_client[i].state, ENVOI_TICKET_ACKNOWLEDGED);
		assert_int_equal(exchange.from_server[i].state, ENVOI_TICKET_ACKNOWLEDGED);
	}
	envoi_session_close(world->client.session);
	world_run(world, 10000);
	assert_int_equal(world_session_count(world), 0);
}

static void a_living_stream_is_replaced_with_conflict(void **state)
{
	struct world *world = *state;
	struct exchange exchange;
	world_log_in(world);
	struct side *server = world_server(world);
	struct envoi_session *session = server->session;
	struct envoi_jid *jid = envoi_jid_ref(
		(struct envoi_jid *)(uintptr_t)envoi_session_jid(session));
	for (size_t i = 0; i < MESSAGES; i++) {
		world_send_message(&world->client, &exchange.from_client[i], "c", i);
		world_run(world, 0);
		world_lose_silently(world);
		world_send_message(server, &exchange.from_server[i], "s", i);
		world_run(world, 100);
		envoi_session_detach(world->client.session);
		struct envoi_stream *old = envoi_session_stream(session);
		assert_non_null(old);
		world_dial(world);
		struct side *newest = world->sessions;
		assert_true(newest != server);
		world_run(world, 100);
		assert_true(envoi_session_is_online(world->client.session));
		assert_true(envoi_session_is_online(session));
		assert_true(envoi_session_stream(session) != old);
		assert_ptr_equal(envoi_session_stream(newest->session), old);
		world_run(world, 10000);
		assert_int_equal(newest->closed_count, 1);
		assert_int_equal(newest->closed.stream_condition, ENVOI_STREAM_CONFLICT);
		assert_int_equal(world_session_count(world), 1);
		assert_int_equal(server->closed_count, 0);
	}
	world_run(world, 10000);
	exchange_check(world, &exchange, true);
	assert_true(envoi_jid_equal(jid, envoi_session_jid(session)));
	assert_true(envoi_jid_equal(jid, envoi_session_jid(world->client.session)));
	envoi_jid_unref(jid);
}

/* @return round trips from a connected transport to a session that is online */
static unsigned int round_trips(struct world *world)
{
	enum {
		ONE_WAY_MS = 50,
	};
	struct envoi_memory_script script = ENVOI_MEMORY_SCRIPT_INIT;
	uint64_t begin_ms = envoi_loop_now_ms(world->loop);
	script.delay_ms = ONE_WAY_MS;
	world_dial(world);
	envoi_memory_pair_script(world->pair, ENVOI_MEMORY_A, &script);
	envoi_memory_pair_script(world->pair, ENVOI_MEMORY_B, &script);
	while (!envoi_session_is_online(world->client.session)) {
		world_run(world, 2 * ONE_WAY_MS);
	}
	return (unsigned int)((envoi_loop_now_ms(world->loop) - begin_ms) / (2 * ONE_WAY_MS));
}

/* Header and features, authentication, header and features, and binding or <resume/>: <enable/>
 * costs none. */
static void resuming_and_enabling_cost_no_round_trip_more(void **state)
{
	struct world *world = *state;
	assert_int_equal(
		envoi_settings_set(world->settings, "stream-management", "false"), ENVOI_OK);
	assert_int_equal(round_trips(world), 4);
	envoi_session_close(world->client.session);
	world_run(world, 10000);
	side_finish(&world->client);
	world->client.session = NULL;
	assert_int_equal(
		envoi_settings_set(world->settings, "stream-management", "true"), ENVOI_OK);
	assert_int_equal(round_trips(world), 4);
	world_run(world, 1000);
	envoi_memory_pair_cut(world->pair);
	world_run(world, 0);
	assert_int_equal(round_trips(world), 4);
	assert_int_equal(world->asked, 1);
}

static void sessions_without_a_stream_expire(void **state)
{
	struct world *world = *state;
	struct exchange exchange;
	world->max_s = 60;
	world_log_in(world);
	struct side *server = world_server(world);
	uint64_t epoch = envoi_session_epoch(server->session);
	envoi_memory_pair_cut(world->pair);
	world_run(world, 0);
	assert_true(envoi_session_is_suspended(server->session));
	assert_false(server->is_over);
	world_send_message(server, &exchange.from_server[0], "s", 0);
	world_run(world, 59000);
	assert_true(envoi_session_is_suspended(server->session));
	assert_int_equal(world->expired, 0);
	world_run(world, 1000);
	assert_int_equal(world->expired, 1);
	assert_int_equal(envoi_session_epoch(server->session), epoch + 1);
	world_run(world, 0);
	assert_true(exchange.from_server[0].has_ended);
	assert_int_equal(exchange.from_server[0].state, ENVOI_TICKET_NOT_SENT);
	uint64_t before = envoi_session_epoch(world->client.session);
	world_come_back(world);
	assert_int_equal(world->asked, 1);
	assert_int_equal(envoi_session_epoch(world->client.session), before + 1);
	assert_int_equal(world->client.ready_count, 2);
}

static void a_resumed_session_does_not_expire(void **state)
{
	struct world *world = *state;
	world->max_s = 60;
	world_log_in(world);
	envoi_memory_pair_cut(world->pair);
	world_run(world, 30000);
	world_come_back(world);
	world_run(world, 100000);
	assert_int_equal(world->expired, 0);
	assert_true(envoi_session_is_online(world_server(world)->session));
	envoi_memory_pair_cut(world->pair);
	world_run(world, 59000);
	assert_int_equal(world->expired, 0);
	world_run(world, 1000);
	assert_int_equal(world->expired, 1);
}

static void a_session_may_be_looked_up_for_some_time(void **state)
{
	struct world *world = *state;
	struct exchange exchange;
	world_log_in(world);
	exchange_send(world, &exchange);
	envoi_memory_pair_cut(world->pair);
	world_run(world, 0);
	world->is_slow = true;
	world_dial(world);
	world_run(world, 5000);
	assert_int_equal(world->asked, 1);
	assert_false(envoi_session_is_online(world->client.session));
	assert_int_equal(envoi_resumption_answer(world->open_stream, world->management,
				 world_find(world, world->open_previd)),
		ENVOI_OK);
	assert_int_equal(envoi_resumption_answer(world->open_stream, world->management, NULL),
		ENVOI_ERR_STATE);
	world_run(world, 10000);
	assert_true(envoi_session_is_online(world->client.session));
	exchange_check(world, &exchange, true);
	assert_int_equal(world_session_count(world), 1);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, world_setup, world_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(both_sides_acknowledge),
		TEST(a_living_stream_is_replaced_with_conflict),
		TEST(resuming_and_enabling_cost_no_round_trip_more),
		TEST(sessions_without_a_stream_expire),
		TEST(a_resumed_session_does_not_expire),
		TEST(a_session_may_be_looked_up_for_some_time),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
