/*
 * envoi - the command-line program: JSON (RFC 8259)
 * SPDX-License-Identifier: MIT
 */
#ifndef ENVOI_TOOLS_JSON_H
#define ENVOI_TOOLS_JSON_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

enum {
	JSON_DEPTH = 16,
};

/** One value while it is written, on one line. Zeroed but for @p out. */
struct json {
	FILE *out;
	unsigned int depth;
	bool needs_comma;
	char ends[JSON_DEPTH]; /**< brackets that are open */
};

/* In an array, and for the outermost value, @p name is NULL. */

/** Open an object; json_end() closes it. Objects and arrays nest up to JSON_DEPTH. */
void json_object(struct json *json, const char *name);
/** Open an array; json_end() closes it. */
void json_array(struct json *json, const char *name);
/** Close the innermost object or array. Behind the outermost one the line ends. */
void json_end(struct json *json);

/** Write a string: valid UTF-8, with every character escaped that could end a line or command a
 * terminal. @param text NULL: null */
void json_text(struct json *json, const char *name, const char *text);
void json_bool(struct json *json, const char *name, bool value);
void json_number(struct json *json, const char *name, int64_t number);

#endif
