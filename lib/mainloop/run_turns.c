/*
 * envoi - main loops: run turn by turn until quit
 * SPDX-License-Identifier: MIT
 */
#include "mainloop/run_turns.h"

int envoi__run_turns(struct envoi_loop *loop, bool *wants_quit)
{
	int r = ENVOI_OK;
	*wants_quit = false;
	while (r == ENVOI_OK && !*wants_quit) {
		r = loop->impl->run_once(loop, true);
	}
	return r == ENVOI_END ? ENVOI_OK : r;
}
