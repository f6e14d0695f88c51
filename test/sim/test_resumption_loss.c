/*
 * envoi - resumption: nothing is lost and nothing is doubled
 * SPDX-License-Identifier: MIT
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include <envoi/envoi.h>
#include <envoi/interfaces/session.h>
#include <envoi/memory.h>

#include "resumption_world.h"

static size_t count_of(const struct notes *notes, const char *id)
{
	size_t count = 0;
	for (size_t i = 0; i < notes->count; i++) {
		count += strcmp(notes->ids[i], id) == 0;
	}
	return count;
}

/* One run, in which the connection is cut when a side has sent so many bytes behind the login.
 * @return whether it was cut within the exchange */
static bool run_cut(struct world *world, enum envoi_memory_side side, uint64_t at)
{
	struct envoi_memory_script script = ENVOI_MEMORY_SCRIPT_INIT;
	struct exchange exchange;
	world_log_in(world);
	uint64_t epoch = envoi_session_epoch(world->client.session);
	script.cut_at = envoi_memory_pair_arrived(world->pair, side) + at;
	envoi_memory_pair_script(world->pair, side, &script);
	exchange_send(world, &exchange);
	world_run(world, 10000);
	bool was_cut = world->client.closed_count > 0;
	script.cut_at = ENVOI_MEMORY_NEVER;
	envoi_memory_pair_script(world->pair, side, &script);
	world_come_back(world);
	world_run(world, 10000);
	assert_int_equal(envoi_session_epoch(world->client.session), epoch);
	assert_int_equal(world->asked, was_cut);
	exchange_check(world, &exchange, true);
	envoi_session_close(world->client.session);
	world_run(world, 10000);
	assert_int_equal(world_session_count(world), 0);
	return was_cut;
}

static void nothing_is_lost_or_doubled_wherever_it_is_cut(void **state)
{
	(void)state;
	for (int side = 0; side < 2; side++) {
		bool was_cut = true;
		size_t at = 0;
		for (; was_cut; at++) {
			void *world;
			assert_int_equal(world_setup(&world), 0);
			was_cut = run_cut(world, (enum envoi_memory_side)side, at);
			assert_int_equal(world_teardown(&world), 0);
		}
		assert_true(at > 200);
	}
}

/* The same, and the connection that resumes is cut as well, at each byte of it. */
static bool run_cut_again(struct world *world, enum envoi_memory_side side, uint64_t at)
{
	struct envoi_memory_script script = ENVOI_MEMORY_SCRIPT_INIT;
	struct exchange exchange;
	world_log_in(world);
	uint64_t epoch = envoi_session_epoch(world->client.session);
	script.cut_at = envoi_memory_pair_arrived(world->pair, side) + 150;
	envoi_memory_pair_script(world->pair, side, &script);
	exchange_send(world, &exchange);
	world_run(world, 10000);
	assert_int_equal(world->client.closed_count, 1);
	world_dial(world);
	script.cut_at = at;
	envoi_memory_pair_script(world->pair, side, &script);
	world_run(world, 10000);
	bool was_cut = world->client.closed_count > 1;
	world_come_back(world);
	world_run(world, 10000);
	assert_int_equal(envoi_session_epoch(world->client.session), epoch);
	exchange_check(world, &exchange, true);
	return was_cut;
}

static void nothing_is_lost_or_doubled_when_the_resumption_is_cut(void **state)
{
	(void)state;
	for (int side = 0; side < 2; side++) {
		bool was_cut = true;
		size_t at = 1;
		for (; was_cut; at++) {
			void *world;
			assert_int_equal(world_setup(&world), 0);
			was_cut = run_cut_again(world, (enum envoi_memory_side)side, at);
			assert_int_equal(world_teardown(&world), 0);
		}
		assert_true(at > 500);
	}
}

/* A message whose ticket says so has been handed over, and none has been twice. */
static void check_truth(const struct sent *sent, const struct notes *got)
{
	size_t count = count_of(got, sent->id);
	assert_true(sent->has_ended);
	assert_true(count <= 1);
	if (sent->state == ENVOI_TICKET_ACKNOWLEDGED) {
		assert_int_equal(count, 1);
	} else if (sent->state == ENVOI_TICKET_NOT_SENT) {
		assert_int_equal(count, 0);
	}
}

static void note_all(struct notes *all, const struct world *world)
{
	for (const struct side *side = world->sessions; side != NULL; side = side->next) {
		for (size_t i = 0; i < side->got.count; i++) {
			memcpy(all->ids[all->count++], side->got.ids[i], sizeof(all->ids[0]));
		}
	}
}

/* @return whether all was over before the allocation that was to fail */
static bool run_failing(size_t allocation)
{
	void *state;
	struct exchange exchange;
	struct notes at_server = {.count = 0};
	assert_int_equal(world_setup(&state), 0);
	struct world *world = state;
	world_log_in(world);
	world->allocations = allocation;
	exchange_send(world, &exchange);
	world_run(world, 1);
	envoi_memory_pair_cut(world->pair);
	world_run(world, 10000);
	world_come_back(world);
	world_run(world, 60000);
	bool is_over = world->allocations > 0;
	world->allocations = 0;
	if (!envoi_session_is_online(world->client.session)) {
		world_come_back(world);
		world_run(world, 10000);
	}
	note_all(&at_server, world);
	for (struct side *side = world->sessions; side != NULL; side = side->next) {
		envoi_session_free(side->session);
		side->session = NULL;
	}
	envoi_session_free(world->client.session);
	for (size_t i = 0; i < MESSAGES; i++) {
		check_truth(&exchange.from_client[i], &at_server);
		check_truth(&exchange.from_server[i], &world->client.got);
	}
	world->client.session = NULL;
	assert_int_equal(world_teardown(&state), 0);
	return is_over;
}

static void one_failed_allocation_makes_no_ticket_lie(void **state)
{
	size_t allocation = 1;
	(void)state;
	while (!run_failing(allocation)) {
		allocation++;
	}
	assert_true(allocation > 50);
}

/* One message, of which an allocation fails while it is received. @return as run_failing() */
static bool receive_failing(size_t len, size_t allocation)
{
	static char body[8192];
	void *state;
	struct sent sent;
	assert_int_equal(world_setup(&state), 0);
	struct world *world = state;
	world_log_in(world);
	memset(body, 'x', len);
	body[len] = '\0';
	world_send_body(world_server(world), &sent, "s", 0, body);
	world->allocations = allocation;
	world_run(world, 10000);
	bool is_over = world->allocations > 0;
	world->allocations = 0;
	world_come_back(world);
	world_run(world, 10000);
	assert_true(sent.has_ended);
	assert_int_equal(sent.state, ENVOI_TICKET_ACKNOWLEDGED);
	assert_string_equal(notes_list(&world->client.got), "s0 ");
	assert_int_equal(world_teardown(&state), 0);
	return is_over;
}

/* The length of the body decides which part of the stanza needs a new block of memory. */
static void a_message_for_which_memory_is_short_comes_again(void **state)
{
	(void)state;
	for (size_t len = 0; len < 2200; len += 8) {
		size_t allocation = 1;
		while (!receive_failing(len, allocation)) {
			allocation++;
		}
	}
}

static void a_sender_at_full_rate_loses_nothing_while_sessions_are_handed_over(void **state)
{
	enum {
		TURNS = 1000,
	};
	struct world *world = *state;
	world_log_in(world);
	struct side *server = world_server(world);
	static struct sent sent[TURNS];
	for (size_t i = 0; i < TURNS; i++) {
		world_lose_silently(world);
		envoi_session_detach(world->client.session);
		world_dial(world);
		world_send_message(server, &sent[i], "s", i);
		world_run(world, 10);
		assert_int_equal(world->client.got.count, i + 1);
		assert_int_equal(count_of(&world->client.got, sent[i].id), 1);
		world_sweep(world);
	}
	world_run(world, 10000);
	assert_int_equal(world_session_count(world), 1);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, world_setup, world_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(nothing_is_lost_or_doubled_wherever_it_is_cut),
		cmocka_unit_test(nothing_is_lost_or_doubled_when_the_resumption_is_cut),
		cmocka_unit_test(one_failed_allocation_makes_no_ticket_lie),
		cmocka_unit_test(a_message_for_which_memory_is_short_comes_again),
		TEST(a_sender_at_full_rate_loses_nothing_while_sessions_are_handed_over),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
