/*
 * envoi - the command-line program: parts of the editor of lines
 * SPDX-License-Identifier: MIT
 */
#ifndef ENVOI_TOOLS_EDITOR_PARTS_H
#define ENVOI_TOOLS_EDITOR_PARTS_H

#include <histedit.h>
#include <locale.h>
#include <signal.h>
#include <termios.h>

#include "editor.h"

struct editor_terminal {
	EditLine *el;
	History *history;
	locale_t locale, locale_before; /**< libedit converts by the locale */
	struct termios before;
	sigset_t signals_before;
	unsigned int key[3];
	size_t next; /**< of the key, to be given to libedit */
	bool is_editing, is_shown; /**< shown: and not hidden */
};

/** Keys that are handled before libedit sees them. */
enum {
	KEY_TAB = 0x09,
	KEY_DELETE = 0x7f0000, /**< delete the character at the cursor */
	LONGEST_WORD = 64, /**< that is completed, with its NUL */
};

/**
 * Read a key from what a terminal has sent. What libedit would read further bytes for, and what it
 * does not bind, is no key.
 *
 * @param bytes, len  at least one
 * @param[out] ret_key  one or two characters for libedit, ended by 0: an empty one is ignored
 * @return the bytes of the key; 0: it is not complete
 */
size_t read_key(const char *bytes, size_t len, unsigned int ret_key[3]);

/** Complete a word. @param[out] ret_rest  what all words that begin with @p text have in common
 * behind it, and a space if there is one such word alone */
void complete_word(
	const char *(*word)(size_t index), const char *text, char ret_rest[LONGEST_WORD]);

/** Watch the signals of the terminal: its width has changed, the program is to stop, it goes on. */
int editor_watch_signals(struct editor *editor);
void editor_unwatch_signals(struct editor *editor);

#endif
