/*
 * envoi - every callback with everything that may be freed or ended inside it
 * SPDX-License-Identifier: MIT
 */
#ifndef ENVOI_TORTURE_GRID_H
#define ENVOI_TORTURE_GRID_H

#include <stddef.h>

/**
 * A callback of a public header, named as the headers have it ("envoi_stanza_row.handle",
 * "envoi_answer_fn"), in one of the situations in which it is called. tools/check.d/callbacks looks
 * for the names: each callback of the headers is a place of a grid, or is listed there with why
 * not.
 */
struct grid_place {
	const char *callback, *situation;
};

/** What is done inside: freeing calls, and calls that end or begin something. */
struct grid_act {
	const char *name;
	void (*run)(void *world);
};

/** All places with all acts: a test program has one. */
struct grid {
	const struct grid_place *places;
	size_t place_count;
	const struct grid_act *acts;
	size_t act_count;
	/** Make a world, have everything happen in it, free it. Asserts what must hold whatever was
	 * done; calls grid_visit() inside each callback. */
	void (*play)(const struct grid *grid);
	size_t place, act; /* of the play that runs */
	unsigned int visits; /* of the place, in it */
};

/** The grid of this program. */
extern struct grid grid;

/** Inside a callback: do the act when this is the place, the first time. */
void grid_visit(size_t place, void *world);

/** Play once for each pair of a place and an act; fails for a place that was never visited. */
void grid_run(void);

/** Say which pair is played: for messages of failures. */
const char *grid_pair(void);

#define GRID_COUNT(array) (sizeof(array) / sizeof((array)[0]))

#endif
