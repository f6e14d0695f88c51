/*
 * envoi - test kit: a context in virtual time
 * SPDX-License-Identifier: MIT
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <envoi/values.h>
#include <envoi/watch.h>

#include "inside.h"

void testing_check(int r, const char *what)
{
	if (r < 0) {
		fprintf(stderr, "envoi-testing: %s: %s\n", what, envoi_error_text(r));
		abort();
	}
}

void *testing_alloc(size_t len)
{
	void *memory = calloc(1, len);
	testing_check(memory == NULL ? ENVOI_ERR_NOMEM : ENVOI_OK, "memory");
	return memory;
}

/* --- memory --- */

static bool fails(struct envoi_world *world)
{
	if (world->spared > 0 || world->fail_count == 0) {
		return false;
	}
	if (world->fail_in > 1) {
		world->fail_in--;
		return false;
	}
	world->fail_count--;
	world->failures++;
	return true;
}

static void *world_alloc(void *user, size_t len)
{
	struct envoi_world *world = user;
	void *memory = fails(world) ? NULL : malloc(len);
	world->blocks += memory != NULL;
	return memory;
}

static void *world_realloc(void *user, void *memory, size_t len)
{
	struct envoi_world *world = user;
	void *moved = fails(world) ? NULL : realloc(memory, len);
	world->blocks += memory == NULL && moved != NULL;
	return moved;
}

static void world_free(void *user, void *memory)
{
	struct envoi_world *world = user;
	world->blocks -= memory != NULL;
	free(memory);
}

/* --- randomness --- */

/* SplitMix64: the state is a counter, so that any seed is a good one. */
static uint64_t draw(uint64_t *state)
{
	uint64_t z = *state += UINT64_C(0x9e3779b97f4a7c15);
	z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
	z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
	return z ^ (z >> 31);
}

static int world_random(void *user, void *bytes, size_t len)
{
	struct envoi_world *world = user;
	for (size_t done = 0; done < len; done += sizeof(uint64_t)) {
		uint64_t drawn = draw(&world->library_random);
		size_t left = len - done;
		memcpy((char *)bytes + done, &drawn, left < sizeof(drawn) ? left : sizeof(drawn));
	}
	return ENVOI_OK;
}

uint64_t envoi_world_random(struct envoi_world *world, uint64_t below)
{
	uint64_t drawn = draw(&world->test_random);
	return below == 0 ? 0 : drawn % below;
}

/* --- the world --- */

uint64_t envoi_test_seed(void)
{
	const char *text = getenv("ENVOI_TEST_SEED");
	uint64_t seed = 0;
	if (text != NULL) {
		testing_check(envoi_uint_parse(text, 0, UINT64_MAX, &seed), "ENVOI_TEST_SEED");
		return seed;
	}
	FILE *random = fopen("/dev/urandom", "rb");
	bool has_read = random != NULL && fread(&seed, sizeof(seed), 1, random) == 1;
	if (random != NULL) {
		fclose(random);
	}
	testing_check(has_read ? ENVOI_OK : ENVOI_ERR_SYSTEM, "/dev/urandom");
	fprintf(stderr, "envoi-testing: ENVOI_TEST_SEED=%" PRIu64 " repeats this run\n", seed);
	return seed;
}

struct envoi_world *envoi_world_new(uint64_t seed)
{
	struct envoi_world *world = testing_alloc(sizeof(*world));
	world->seed = world->test_random = seed;
	world->library_random = ~seed;
	const struct envoi_context_options options = {
		.allocator = {world_alloc, world_realloc, world_free, world},
		.random = world_random,
		.random_user = world,
	};
	testing_check(envoi_context_new(&world->context, &options), "context");
	testing_check(envoi_loop_new_simulated(&world->loop, world->context), "loop");
	testing_check(envoi_context_take_loop(world->context, world->loop), "loop");
	return world;
}

size_t envoi_world_free(struct envoi_world *world)
{
	if (world == NULL) {
		return 0;
	}
	testing_servers_free(world);
	testing_scripts_free(world);
	testing_recorders_free(world);
	testing_hosts_free(world);
	envoi_context_unref(world->context);
	size_t blocks = world->blocks;
	free(world);
	return blocks;
}

struct envoi_context *envoi_world_context(struct envoi_world *world)
{
	return world->context;
}

void envoi_world_run(struct envoi_world *world, uint64_t duration_ms)
{
	testing_check(envoi_loop_simulated_run_for(world->loop, duration_ms), "running");
}

void envoi_world_suspend(struct envoi_world *world, uint64_t duration_ms)
{
	testing_check(envoi_loop_simulated_suspend(world->loop, duration_ms), "suspending");
}

uint64_t envoi_world_now_ms(const struct envoi_world *world)
{
	return envoi_loop_now_ms(world->loop);
}

size_t envoi_world_blocks(const struct envoi_world *world)
{
	return world->blocks;
}

void envoi_world_fail_allocation(struct envoi_world *world, size_t n)
{
	envoi_world_fail_allocations(world, n, n == 0 ? 0 : 1);
}

void envoi_world_fail_allocations(struct envoi_world *world, size_t n, size_t count)
{
	world->fail_in = n;
	world->fail_count = count;
}

size_t envoi_world_failed_allocations(const struct envoi_world *world)
{
	return world->failures;
}
