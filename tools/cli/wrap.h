/*
 * envoi - the command-line program: text in lines of the terminal's width
 * SPDX-License-Identifier: MIT
 */
#ifndef ENVOI_TOOLS_WRAP_H
#define ENVOI_TOOLS_WRAP_H

/**
 * Print a paragraph on standard output, wrapped between words: to the width of the terminal, from
 * 40 to 100 columns; 80 when standard output is no terminal. A longer word has a line of its own.
 *
 * @param indent  columns before each line, printed as spaces
 * @param text    words; any white space separates them
 */
void print_wrapped(unsigned int indent, const char *text);

#endif
