/*
 * envoi - benchmarks: a client, and a server of few words, over memory, in clear
 * SPDX-License-Identifier: MIT
 *
 * What the client does is counted inside functions that callgrind toggles; bench_server_speaks()
 * toggles the server's work out of it again.
 */
#ifndef BENCH_WORLD_H
#define BENCH_WORLD_H

#include <stdbool.h>
#include <stddef.h>

#include <envoi/client.h>
#include <envoi/context.h>
#include <envoi/interfaces/sasl.h>
#include <envoi/mainloop.h>
#include <envoi/memory.h>

#define NOT_INLINED __attribute__((noinline))

struct bench_world {
	struct envoi_context *context;
	struct envoi_loop *loop;
	struct envoi_client *client;
	struct envoi_handler watcher;
	struct envoi_memory_end *end; /* the server's */
	struct envoi_sasl_exchange *exchange;
	const char *mechanism;
	unsigned int iterations;
	const char *roster; /* items of the roster; NULL: none */
	size_t messages; /* that the server has received */
	bool is_managed; /* the server offers stream management (XEP-0198), and acknowledges */
	bool withholds; /* it does not acknowledge */
	bool has_enabled;
	uint32_t stanzas; /* received since it was enabled */
	bool has_authenticated, is_online;
};

extern struct bench_world world;

void bench_check(int r);
/* The client with its server; exits with a message when that fails, as all others here. */
void bench_begin(const char *mechanism, unsigned int iterations);
NOT_INLINED void bench_log_in(void);
void bench_log_out(void);
void bench_end(void);
/* The server sends this; to be called outside of what is counted. */
void bench_say(const char *xml);

#endif
