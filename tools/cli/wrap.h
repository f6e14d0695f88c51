/*
 * envoi - the command-line program: text in lines of the terminal's width
 * SPDX-License-Identifier: MIT
 */
#ifndef ENVOI_TOOLS_WRAP_H
#define ENVOI_TOOLS_WRAP_H

#include <stdio.h>

/**
 * Print a paragraph, wrapped between words: to the width of the terminal, from 40 to 100 columns;
 * 80 when @p out is no terminal. A longer word has a line of its own.
 *
 * @param out     standard output or standard error
 * @param indent  columns before each line, printed as spaces
 * @param text    words; any white space separates them
 */
void wrap(FILE *out, unsigned int indent, const char *text);

/**
 * Print what a peer may have written on standard error, and a line end: nothing in it commands the
 * terminal, and no line of it looks like one of the program's. On a terminal it is wrapped, as by
 * wrap(); elsewhere lines stay whole.
 *
 * @param text    @p len bytes; spaces in it are kept
 * @param indent  columns before each line but the first
 */
void print_message_wrapped(const char *text, size_t len, unsigned int indent);

/** Print a name and, beside it, a text, as print_wrapped(); below it if the name is too long. */
void print_beside(const char *name, unsigned int indent, const char *text);

/** As wrap(), on standard output. */
void print_wrapped(unsigned int indent, const char *text);

#endif
