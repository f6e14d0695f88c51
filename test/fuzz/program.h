/*
 * envoi - what client_stream and server_stream share: virtual time, and a program above a session
 * SPDX-License-Identifier: MIT
 */
#ifndef ENVOI_FUZZ_PROGRAM_H
#define ENVOI_FUZZ_PROGRAM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <envoi/handler.h>
#include <envoi/ticket.h>

#include "test_allocator.h"

struct envoi_context;
struct envoi_loop;
struct envoi_session;
struct envoi_settings;

/** A context in virtual time, with the same random bytes for the same input: nonces and ids are
 * part of the corpus. */
struct fuzz_world {
	struct test_allocator allocator;
	struct envoi_context *context;
	struct envoi_loop *loop;
	struct envoi_settings *settings;
	uint32_t random;
};

void fuzz_world_init(struct fuzz_world *world);
/** Free the context, and expect that no memory is left. */
void fuzz_world_finish(struct fuzz_world *world);
void fuzz_world_run(struct fuzz_world *world, uint64_t duration_ms);

enum {
	MOST_TICKETS = 24,
	MOST_REQUESTS = 8,
};

struct fuzz_sent {
	struct envoi_ticket ticket;
	bool is_sent;
	unsigned int report_count;
};

struct fuzz_asked {
	bool is_sent;
	unsigned int answer_count;
};

/** Replies to every stanza, defers the first iq set, and sends at the start of a session. */
struct fuzz_program {
	struct envoi_handler handler;
	struct envoi_session *session; /* borrowed; the owner sets it to NULL when it frees it */
	struct fuzz_sent sent[MOST_TICKETS];
	size_t sent_count;
	struct fuzz_asked asked[MOST_REQUESTS];
	size_t asked_count;
	struct envoi_promise *promise; /* of the first iq set */
	unsigned int started_count, ended_count;
	/** OPTIONAL. Called with each stanza. */
	void (*received)(struct fuzz_program *program);
};

void fuzz_program_init(struct fuzz_program *program, struct envoi_session *session);
/** Send two messages and a request. */
void fuzz_program_send(struct fuzz_program *program);
void fuzz_program_end_promise(struct fuzz_program *program);
/** After the session was freed: each ticket and request has ended once, and each started session.
 */
void fuzz_program_check(const struct fuzz_program *program);

#endif
