/*
 * envoi - the command-line program: lines of standard input, beside the main loop
 * SPDX-License-Identifier: MIT
 */
#ifndef ENVOI_TOOLS_LINES_H
#define ENVOI_TOOLS_LINES_H

#include <envoi/buffer.h>
#include <envoi/watch.h>

#include "cli.h"

enum {
	MOST_INPUT_BYTES = 1 << 20, /**< of a line, and of a body that is read whole */
};

/** Zeroed before lines_start(), but for the functions. */
struct lines {
	/** @return false: the line is wanted later, after lines_resume() */
	bool (*line)(struct lines *lines, const char *text);
	/** The input has ended; called once, last. @param status STATUS_DONE, or another after
	 * complaining */
	void (*end)(struct lines *lines, int status);
	/* private */
	struct envoi_context *context;
	struct envoi_watch watch;
	struct envoi_deferred next;
	struct envoi_buffer input;
	bool is_started, is_blocked, has_read_all, has_ended;
};

/** Begin to read. Calls come from the loop. @return STATUS_DONE, or another after complaining */
int lines_start(struct lines *lines, struct envoi_context *context);
/** Go on after a line that was not wanted. */
void lines_resume(struct lines *lines);
/** No call comes any more. No effect if it was not started. */
void lines_stop(struct lines *lines);

/** Read all of standard input, without the last line end. It blocks.
 * @param[out] ret_text  to be freed with free()
 * @return STATUS_DONE, or another after complaining */
int read_input(char **ret_text);

#endif
