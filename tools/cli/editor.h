/*
 * envoi - the command-line program: lines edited on a terminal, beside the main loop
 * SPDX-License-Identifier: MIT
 */
#ifndef ENVOI_TOOLS_EDITOR_H
#define ENVOI_TOOLS_EDITOR_H

#include <stdbool.h>

#include <envoi/buffer.h>
#include <envoi/watch.h>

struct editor_terminal;

enum {
	MOST_EDITED = 16384, /**< characters of a line */
	MOST_HISTORY = 1000, /**< lines */
};

/** Zeroed before editor_start(), but for the functions. */
struct editor {
	/** A line was entered. */
	void (*line)(struct editor *editor, const char *text);
	/** The user has ended the input. */
	void (*end)(struct editor *editor);
	/** What was typed is more than MOST_EDITED; it is dropped, to the end of the line. */
	void (*too_long)(struct editor *editor);
	/** @return a word that may complete the first word of a line, or NULL. @param index from 0
	 */
	const char *(*word)(size_t index);
	const char *history_file; /**< NULL: the history is kept in memory only */
	/* private */
	struct envoi_context *context;
	struct editor_terminal *terminal;
	struct envoi_watch input, signals;
	struct envoi_buffer keys; /* read, and not used yet */
	const char *prompt;
	bool is_dropping; /* the rest of a line that is too long */
};

/**
 * Begin to edit lines on the terminal that is standard input and output. Calls come from the loop.
 * @retval ENVOI_ERR_UNSUPPORTED  this was built without libedit, or there is no such terminal
 * @retval <0  another error
 */
int editor_start(struct editor *editor, struct envoi_context *context, const char *prompt);
/** No call comes any more; the terminal is as it was. No effect if it was not started. */
void editor_stop(struct editor *editor);

/** Change the prompt: static text of ASCII. */
void editor_set_prompt(struct editor *editor, const char *prompt);
/** Drop what has been typed. @return whether there was something */
bool editor_drop(struct editor *editor);

/** Erase the line that is being edited, if there is one, before something else is printed. */
void editor_hide(void);
/** Show it again. */
void editor_show(void);

#endif
