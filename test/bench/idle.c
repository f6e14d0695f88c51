/*
 * envoi - what a session costs that is logged in and does nothing
 * SPDX-License-Identifier: MIT
 *
 * Logs in many clients over the memory transport, in virtual time, then drops the server's end of
 * each connection without a word, so that what is left is the clients' alone: the client with its
 * session, roster and stream, and a connection in memory with a raw end. Told are blocks and bytes
 * of the context's allocator, bytes of the whole heap (with what GnuTLS, libxml2 and libgsasl hold)
 * and of the process.
 */
#include <malloc.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "../torture/world.h"

enum {
	SESSIONS = 1000,
	WARM_UP = 10, /* fill the caches */
};

struct figures {
	size_t blocks, bytes, heap, resident;
};

static size_t resident_bytes(void)
{
	size_t pages = 0;
	FILE *file = fopen("/proc/self/statm", "r");
	if (file != NULL) {
		if (fscanf(file, "%*u %zu", &pages) != 1) {
			pages = 0;
		}
		fclose(file);
	}
	return pages * (size_t)sysconf(_SC_PAGESIZE);
}

static struct figures figures_now(const struct world *world)
{
	malloc_trim(0);
	struct mallinfo2 heap = mallinfo2();
	return (struct figures){
		.blocks = world->allocator.live,
		.bytes = world->allocator.bytes,
		.heap = heap.uordblks + heap.hblkhd,
		.resident = resident_bytes(),
	};
}

/* All have one account: presence would go from each to all others. */
static void log_in(struct world *world, struct program *program, unsigned int number)
{
	char resource[16];
	snprintf(resource, sizeof(resource), "r%u", number);
	if (program_init(program, world) < 0 ||
		envoi_client_set(program->client, "resource", resource) < 0 ||
		envoi_client_set(program->client, "presence.initial", "false") < 0 ||
		envoi_client_connect(program->client) < 0) {
		fprintf(stderr, "idle: no client\n");
		exit(1);
	}
	world_run(world, 10);
	if (!program_is_online(program) || program->events[ENVOI_EVENT_ROSTER] != 1) {
		fprintf(stderr, "idle: not logged in: %s\n",
			envoi_client_failure_text(program->client));
		exit(1);
	}
	world_forget_server(world);
	test_server_forget(world->server);
}

static void tell(const char *how, const struct figures *before, const struct figures *after)
{
	printf("%-8s %4zu blocks %7zu bytes   heap %7zu bytes   resident %7zu bytes\n", how,
		(after->blocks - before->blocks) / SESSIONS,
		(after->bytes - before->bytes) / SESSIONS, (after->heap - before->heap) / SESSIONS,
		(after->resident - before->resident) / SESSIONS);
}

static void measure(const char *how, bool has_tls)
{
	struct world world;
	struct figures before = {0};
	struct program *programs = calloc(WARM_UP + SESSIONS, sizeof(*programs));
	if (programs == NULL) {
		exit(1);
	}
	world_init(&world, has_tls);
	for (unsigned int i = 0; i < WARM_UP + SESSIONS; i++) {
		if (i == WARM_UP) {
			before = figures_now(&world);
		}
		log_in(&world, &programs[i], i);
	}
	struct figures after = figures_now(&world);
	tell(how, &before, &after);
	for (unsigned int i = 0; i < WARM_UP + SESSIONS; i++) {
		program_free_client(&programs[i]);
	}
	world_finish(&world);
	free(programs);
}

int main(void)
{
	printf("one idle session of %d:\n", SESSIONS);
	measure("clear", false);
	measure("TLS", true);
	return 0;
}
