/*
 * envoi - test kit: what its files share
 * SPDX-License-Identifier: MIT
 */
#ifndef ENVOI_TESTING_INSIDE_H
#define ENVOI_TESTING_INSIDE_H

#include <envoi/context.h>
#include <envoi/mainloop.h>
#include <envoi/testing.h>

/** A place that connects. */
struct testing_host {
	struct testing_host *next;
	char name[64];
	struct envoi_test_link link;
	struct envoi_memory_pair *pair; /* the newest connection, a reference; NULL: none yet */
	/** of the current connection, else of the next one, by side; ENVOI_MEMORY_NEVER: not cut */
	uint64_t cut_at[2];
	bool is_silent; /* the current connection */
};

struct envoi_world {
	struct envoi_context *context;
	struct envoi_loop *loop;
	uint64_t library_random, test_random;
	size_t blocks, fail_in, fail_count, failures;
	unsigned int spared; /* calls of the kit on the stack, whose allocations do not fail */
	struct testing_host *hosts;
	struct envoi_test_server *servers;
	struct envoi_test_script *scripts;
	struct envoi_test_recorder *recorders;
	uint64_t seed;
};

/** Abort with a message unless @p r is a success. */
void testing_check(int r, const char *what);
/** @return zeroed memory of the kit itself, which the world does not count */
void *testing_alloc(size_t len);

/** The kit is called by the library, or by the test: its allocations do not fail, nor those of what
 * it calls, until testing_unspare(). */
static inline void testing_spare(struct envoi_world *world)
{
	world->spared++;
}

static inline void testing_unspare(struct envoi_world *world)
{
	world->spared--;
}

/** @return the host of that name, made when it is first named */
struct testing_host *testing_host(struct envoi_world *world, const char *name);
void testing_hosts_free(struct envoi_world *world);

/** Connect a pair, side B, to the server of a domain.
 * @retval ENVOI_ERR_UNREACHABLE  there is none, or it is stopped */
int testing_server_accept(
	struct envoi_world *world, struct envoi_memory_pair *pair, const char *domain);
/** Connect a pair, side B, to the first script of a domain that has no connection.
 * @return whether there is one */
bool testing_script_accept(
	struct envoi_world *world, struct envoi_memory_pair *pair, const char *domain);
void testing_scripts_free(struct envoi_world *world);
void testing_recorders_free(struct envoi_world *world);
void testing_servers_free(struct envoi_world *world);

#endif
