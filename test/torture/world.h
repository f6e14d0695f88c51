/*
 * envoi - a client program and the small server of the tests, each in a context of its own
 * SPDX-License-Identifier: MIT
 */
#ifndef ENVOI_TORTURE_WORLD_H
#define ENVOI_TORTURE_WORLD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <envoi/client.h>
#include <envoi/memory.h>

#include "server.h"
#include "test_allocator.h"

struct event_base;
struct bridge;

/**
 * The client's context has an allocator that counts, and nothing but the client and its side of the
 * connections in it. The server has another context, with a loop of its own: bytes are carried
 * between the two, whenever something comes from the client and in world_run().
 */
struct world {
	struct test_allocator allocator; /* of the client's context */
	struct envoi_context *context;
	struct envoi_loop *loop;
	struct event_base *base; /* adopted by the client's loop; NULL: that is in virtual time */
	struct envoi_context *server_context;
	struct envoi_loop *server_loop;
	struct test_server *server;
	bool has_tls;
	struct envoi_memory_script scripts[2]; /* of connections from now on; A is the client */
	struct envoi_memory_pair *pair; /* the last connection's */
	bool never_accepts; /* connecting takes for ever */
	void (*on_accept)(void *user); /* inside the connector's callback; NULL: nothing */
	void *on_accept_user;
	struct bridge *bridges;
	int server_failure; /* of the server's loop */
};

/** The server with alice and bob, and a context in virtual time for clients. Asserts. */
void world_init(struct world *world, bool has_tls);
/** Free all; the client's context must have no user left. Asserts that no memory is left. */
void world_finish(struct world *world);

/** Replace the client's context by a new one. @param base NULL: in virtual time. Asserts */
void world_open(struct world *world, struct event_base *base);
/** Free the client's context with all connections; asserts that no memory is left. */
void world_close(struct world *world);
/** End all connections from the server's side, and forget them: what a client that has gone left.
 *  */
void world_drop_connections(struct world *world);

/** The server's ends go without a word: the clients stay where they are. */
void world_forget_server(struct world *world);

/** Let the server do what it can do now. */
void world_turn_server(struct world *world);
/** Let both run; a libevent base: as long as something can be done at once. */
void world_run(struct world *world, uint64_t duration_ms);
uint64_t world_now_ms(const struct world *world);

/** A program with one client of alice, that counts the events. */
struct program {
	struct envoi_handler recorder;
	struct world *world;
	struct envoi_client *client;
	unsigned int events[ENVOI_EVENTS_END];
	int code; /* of the last DISCONNECTED */
	enum envoi_phase phase;
	char text[256];
	uint64_t disconnected_at_ms;
	uint64_t started_at_byte; /* that the server had sent when STARTED was posted */
};

/** Make and configure the client; does not connect. @return ENVOI_ERR_NOMEM: there is none */
int program_init(struct program *program, struct world *world);
/** As program_init(), with another connector round that of the world.
 * @param wrap  takes the inner one. @return what the client gets; never NULL */
int program_init_with(struct program *program, struct world *world,
	struct envoi_connector *(*wrap)(void *user, struct envoi_connector *inner), void *user);
void program_free_client(struct program *program);
bool program_is_online(const struct program *program);

#endif
