/*
 * envoi - main loops: run turn by turn until quit
 * SPDX-License-Identifier: MIT
 */
#ifndef ENVOI_MAINLOOP_RUN_TURNS_H
#define ENVOI_MAINLOOP_RUN_TURNS_H

#include <stdbool.h>

#include <envoi/interfaces/mainloop.h>

/**
 * Run turns until one fails or has nothing to wait for, or @p wants_quit is set in one.
 * @param wants_quit  a member of the loop; set to false first
 * @return as envoi_loop_run()
 */
int envoi__run_turns(struct envoi_loop *loop, bool *wants_quit);

#endif
