/*
 * envoi - the command-line program: progress, on a terminal
 * SPDX-License-Identifier: MIT
 */
#ifndef ENVOI_TOOLS_PROGRESS_H
#define ENVOI_TOOLS_PROGRESS_H

#include "cli.h"

/** Show a line on standard error from now on, replaced by the next. Nothing is shown before
 * progress_start(), and where standard error is no terminal. */
void progress_show(const char *format, ...) ENVOI_PRINTF(1, 2);

/** Show what is in progress, from 400 ms on: what takes less is not shown. */
void progress_start(struct envoi_context *context);

/** Show nothing until the next progress_show(): before anything is printed. */
void progress_clear(void);

/** Show nothing any more. */
void progress_stop(void);

#endif
