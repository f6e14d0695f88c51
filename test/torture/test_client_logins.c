/*
 * envoi - ten thousand logins and logouts in one process: memory and descriptors stay as they are
 * SPDX-License-Identifier: MIT
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <malloc.h>

#include "open_fds.h"
#include "world.h"

enum {
	WARM_UP = 100,
	IN_CLEAR = 10000,
	IN_TLS = 300,
	SLACK_BYTES = 16 * 1024, /* of the libraries below, which count nothing for us */
};

struct figures {
	size_t live, bytes; /* by the client's allocator */
	size_t heap_bytes; /* by everybody, the server too */
	int fds;
};

static struct figures figures_now(const struct world *world)
{
	return (struct figures){
		.live = world->allocator.live,
		.bytes = world->allocator.bytes,
		.heap_bytes = mallinfo2().uordblks,
		.fds = count_open_fds(),
	};
}

static void log_in_and_out(struct world *world, struct program *program, unsigned int count)
{
	assert_int_equal(envoi_client_connect(program->client), ENVOI_OK);
	world_run(world, 100);
	assert_int_equal(program->events[ENVOI_EVENT_AVAILABLE], count);
	envoi_client_disconnect(program->client);
	world_run(world, 100);
	assert_int_equal(program->events[ENVOI_EVENT_DISCONNECTED], count);
	assert_int_equal(program->code, ENVOI_OK);
	assert_null(world->bridges);
	world->pair = envoi_memory_pair_unref(world->pair);
}

static void check_flat(const struct world *world, const struct figures *before)
{
	struct figures now = figures_now(world);
	print_message("%zu blocks, %zu bytes; heap %+ld bytes\n", now.live, now.bytes,
		(long)(now.heap_bytes - before->heap_bytes));
	assert_true(now.live <= before->live);
	assert_true(now.bytes <= before->bytes);
	assert_true(now.heap_bytes <= before->heap_bytes + SLACK_BYTES);
	assert_int_equal(now.fds, before->fds);
}

/* One client that logs in again and again. */
static void one_client(bool has_tls, unsigned int logins)
{
	struct world world;
	struct program program;
	struct figures before = {0};
	world_init(&world, has_tls);
	assert_int_equal(program_init(&program, &world), ENVOI_OK);
	for (unsigned int i = 1; i <= logins; i++) {
		log_in_and_out(&world, &program, i);
		test_server_forget(world.server);
		if (i == WARM_UP) {
			before = figures_now(&world);
		}
	}
	check_flat(&world, &before);
	program_free_client(&program);
	world_finish(&world);
}

static void ten_thousand_logins_of_one_client_leave_nothing(void **state)
{
	(void)state;
	one_client(false, IN_CLEAR);
}

static void logins_within_tls_leave_nothing(void **state)
{
	(void)state;
	one_client(true, IN_TLS);
}

/* Clients come and go, each with its own login, some of them in the middle of it. */
static void clients_that_come_and_go_leave_nothing(void **state)
{
	(void)state;
	struct world world;
	struct figures before = {0};
	world_init(&world, true);
	for (unsigned int i = 1; i <= IN_TLS; i++) {
		struct program program;
		assert_int_equal(program_init(&program, &world), ENVOI_OK);
		if (i % 3 == 0) {
			world.scripts[ENVOI_MEMORY_B].stall_at = i * 7;
			assert_int_equal(envoi_client_connect(program.client), ENVOI_OK);
			world_run(&world, 100);
			world.scripts[ENVOI_MEMORY_B].stall_at = ENVOI_MEMORY_NEVER;
		} else {
			log_in_and_out(&world, &program, 1);
		}
		program_free_client(&program);
		world_drop_connections(&world);
		test_server_forget(world.server);
		if (i == WARM_UP) {
			before = figures_now(&world);
		}
	}
	check_flat(&world, &before);
	world_finish(&world);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(ten_thousand_logins_of_one_client_leave_nothing),
		cmocka_unit_test(logins_within_tls_leave_nothing),
		cmocka_unit_test(clients_that_come_and_go_leave_nothing),
	};
	return cmocka_run_group_tests_name("torture/client_logins", tests, NULL, NULL);
}
