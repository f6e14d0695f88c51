/*
 * envoi - benchmarks: a client without a library, on a parser alone
 * SPDX-License-Identifier: MIT
 *
 * The least that a client can do: it neither builds trees nor checks what it receives. floor.c has
 * the socket, the login and the answers; sax2.c and expat.c have the parser.
 */
#ifndef BENCH_FLOOR_H
#define BENCH_FLOOR_H

#include <stdbool.h>
#include <stddef.h>

struct floor;

/* --- of floor.c --- */

/** An element begins. NAME is a local name, FROM the attribute of that name, or NULL, not
 * terminated; IS_CONTACT: there is an attribute `jid`. */
void floor_start(
	struct floor *floor, const char *name, const char *from, size_t from_len, bool is_contact);
void floor_end(struct floor *floor);
void floor_text(struct floor *floor, const char *text, size_t len);

/* --- of the parser's file --- */

void *floor_parser_new(struct floor *floor);
void floor_parser_feed(void *parser, const char *data, size_t len);
void floor_parser_free(void *parser);

#endif
