/*
 * envoi - benchmarks: how costs grow: what the files of bench-growth share
 * SPDX-License-Identifier: MIT
 */
#ifndef BENCH_GROWTH_H
#define BENCH_GROWTH_H

#include <stddef.h>

#include <envoi/session.h>

#include "bench_world.h"

struct curve {
	const char *name; /* NULL: the end of a table */
	void (*prepare)(size_t size); /* before the login; NULL: nothing */
	void (*begin)(size_t size); /* behind it; NULL: nothing */
	void (*round)(size_t size); /* what is counted */
	void (*between)(size_t size); /* before each round, not counted; NULL: nothing */
};

extern const struct curve growth_of_stanzas[], growth_of_handlers[], growth_of_load[],
	growth_of_sessions[];

void *growth_allocate(size_t count, size_t each);
struct envoi_session *growth_session(void);
/* What the server has said is received. */
void growth_receive(size_t size);
/* Short messages, said by growth_say(). */
void growth_make_small(size_t size);
void growth_say(size_t size);
/* The round that is a login. */
void growth_log_in(size_t size);

#endif
