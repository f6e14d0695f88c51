/*
 * envoi - a server that stops talking, at every byte of a login
 * SPDX-License-Identifier: MIT
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "world.h"

enum {
	LOGIN_MS = 60000, /* the promise: with default settings it is over by then */
};

static void check(const struct program *program, uint64_t offset)
{
	const unsigned int *events = program->events;
	if (events[ENVOI_EVENT_CONNECTING] != 1 || events[ENVOI_EVENT_DISCONNECTED] != 1 ||
		program->code != ENVOI_ERR_TIMEOUT || program->phase == ENVOI_PHASE_NONE ||
		program->phase >= ENVOI_PHASE_ONLINE) {
		print_error(
			"silence after byte %llu: connecting %u, disconnected %u: %s: %s (%s)\n",
			(unsigned long long)offset, events[ENVOI_EVENT_CONNECTING],
			events[ENVOI_EVENT_DISCONNECTED], envoi_phase_name(program->phase),
			envoi_error_text(program->code), program->text);
		fail();
	}
}

/* @return whether the login came to its end all the same */
static bool fall_silent_at(struct world *world, uint64_t offset, unsigned int *ret_phases)
{
	struct program program;
	world->scripts[ENVOI_MEMORY_B].stall_at = offset;
	assert_int_equal(program_init(&program, world), ENVOI_OK);
	assert_int_equal(envoi_client_connect(program.client), ENVOI_OK);
	uint64_t begin_ms = world_now_ms(world);
	world_run(world, LOGIN_MS);
	bool is_over = program.events[ENVOI_EVENT_STARTED] > 0;
	if (!is_over) {
		check(&program, offset);
		assert_true(program.disconnected_at_ms - begin_ms <= LOGIN_MS);
		*ret_phases |= 1U << program.phase;
	}
	program_free_client(&program);
	assert_int_equal(
		program.events[ENVOI_EVENT_CONNECTING], program.events[ENVOI_EVENT_DISCONNECTED]);
	world_drop_connections(world);
	return is_over;
}

static unsigned int fall_silent_everywhere(bool has_tls)
{
	struct world world;
	unsigned int phases = 0;
	uint64_t offset = 0;
	world_init(&world, has_tls);
	/* Fills the context's caches. */
	assert_true(fall_silent_at(&world, ENVOI_MEMORY_NEVER, &phases));
	size_t live = world.allocator.live;
	while (!fall_silent_at(&world, offset, &phases)) {
		assert_true(world.allocator.live <= live);
		offset++;
	}
	assert_true(offset > 500);
	print_message("%llu offsets\n", (unsigned long long)offset);
	world_finish(&world);
	return phases;
}

static void silence_at_any_byte_of_a_login_in_clear_is_a_timeout(void **state)
{
	(void)state;
	assert_int_equal(fall_silent_everywhere(false),
		1U << ENVOI_PHASE_STREAM | 1U << ENVOI_PHASE_SASL | 1U << ENVOI_PHASE_BIND);
}

static void silence_at_any_byte_of_a_login_in_tls_is_a_timeout(void **state)
{
	(void)state;
	assert_int_equal(fall_silent_everywhere(true),
		1U << ENVOI_PHASE_STREAM | 1U << ENVOI_PHASE_TLS | 1U << ENVOI_PHASE_SASL |
			1U << ENVOI_PHASE_BIND);
}

/* Bytes keep coming, so that nothing is ever silent, but the login does not come to its end. */
static void drip(uint64_t every_ms, uint64_t from_byte)
{
	struct world world;
	struct program program;
	struct envoi_memory_script script = ENVOI_MEMORY_SCRIPT_INIT;
	world_init(&world, true);
	script.stall_at = world.scripts[ENVOI_MEMORY_B].stall_at = from_byte;
	assert_int_equal(program_init(&program, &world), ENVOI_OK);
	assert_int_equal(envoi_client_connect(program.client), ENVOI_OK);
	uint64_t begin_ms = world_now_ms(&world);
	while (world_now_ms(&world) - begin_ms < LOGIN_MS) {
		world_run(&world, every_ms);
		script.stall_at++;
		if (program.events[ENVOI_EVENT_DISCONNECTED] == 0) {
			envoi_memory_pair_script(world.pair, ENVOI_MEMORY_B, &script);
		}
	}
	check(&program, from_byte);
	assert_true(program.disconnected_at_ms - begin_ms <= LOGIN_MS);
	program_free_client(&program);
	world_finish(&world);
}

static void a_server_that_drips_is_a_timeout(void **state)
{
	(void)state;
	for (uint64_t from_byte = 0; from_byte < 2000; from_byte += 100) {
		drip(500, from_byte);
		drip(3000, from_byte);
	}
}

static void a_connector_that_never_ends_is_a_timeout(void **state)
{
	(void)state;
	struct world world;
	struct program program;
	world_init(&world, true);
	world.never_accepts = true;
	assert_int_equal(program_init(&program, &world), ENVOI_OK);
	assert_int_equal(envoi_client_connect(program.client), ENVOI_OK);
	world_run(&world, LOGIN_MS);
	check(&program, 0);
	assert_int_equal(program.phase, ENVOI_PHASE_CONNECT);
	program_free_client(&program);
	world_finish(&world);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(silence_at_any_byte_of_a_login_in_clear_is_a_timeout),
		cmocka_unit_test(silence_at_any_byte_of_a_login_in_tls_is_a_timeout),
		cmocka_unit_test(a_server_that_drips_is_a_timeout),
		cmocka_unit_test(a_connector_that_never_ends_is_a_timeout),
	};
	return cmocka_run_group_tests_name("torture/client_stall", tests, NULL, NULL);
}
