/*
 * envoi - the command-line program: texts of peers
 * SPDX-License-Identifier: MIT
 */
#ifndef ENVOI_TOOLS_TEXT_H
#define ENVOI_TOOLS_TEXT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

enum {
	NO_CHARACTER = 0xfffd, /**< stands for bytes that are not UTF-8 */
};

/**
 * Read one character of UTF-8.
 * @param len  of the text, at least 1
 * @param[out] ret_character  NO_CHARACTER for bytes that are not UTF-8
 * @return its bytes, at least 1
 */
size_t read_character(const char *text, size_t len, uint32_t *ret_character);

/** @return whether a terminal or a reader of lines may take the character for more than a text:
 * control characters, line separators, and those that change the direction of text */
bool is_hazardous(uint32_t character);

/** Print a text so that it stays in its line: hazardous characters as \n, \t, \r or \u{9b}, a
 * backslash as \\. */
void print_plain(FILE *out, const char *text);

#endif
