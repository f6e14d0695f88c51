/*
 * envoi - the command-line program: messages as lines and as JSON
 * SPDX-License-Identifier: MIT
 */
#ifndef ENVOI_TOOLS_MESSAGE_H
#define ENVOI_TOOLS_MESSAGE_H

#include "cli.h"

/** What is printed of a message. */
struct printed_message {
	const char *id; /**< as "id"; or NULL */
	const char *from; /**< or NULL: absent */
	const char *body; /**< or NULL */
	int64_t sent_ms; /**< milliseconds since 1970; INT64_MIN: it is not known */
	bool is_old; /**< it was sent before it was received: lines have its time */
	const struct envoi_stanza *stanza;
};

/** Print a line: "FROM: BODY". */
void print_message(const struct printed_message *message);

/** Print an object on a line: id, from, to, type, time, subject, body, error. */
void write_message(const struct printed_message *message);

#endif
