/*
 * envoi - every callback with everything that may be freed or ended inside it
 * SPDX-License-Identifier: MIT
 */
#include "grid.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

void grid_visit(size_t place, void *world)
{
	if (place == grid.place && grid.visits++ == 0) {
		grid.acts[grid.act].run(world);
	}
}

const char *grid_pair(void)
{
	static char text[256];
	const struct grid_place *place = &grid.places[grid.place];
	snprintf(text, sizeof(text), "\"%s\" inside %s (%s)", grid.acts[grid.act].name,
		place->callback, place->situation);
	return text;
}

static void play_one(void)
{
	grid.visits = 0;
	grid.play(&grid);
	if (grid.visits == 0) {
		fail_msg("%s: the callback never came", grid_pair());
	}
}

void grid_run(void)
{
	for (grid.place = 0; grid.place < grid.place_count; grid.place++) {
		assert_non_null(grid.places[grid.place].callback);
		for (grid.act = 0; grid.act < grid.act_count; grid.act++) {
			play_one();
		}
	}
}
