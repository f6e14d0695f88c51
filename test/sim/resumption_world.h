/*
 * envoi - two sides that resume their sessions: the world of the tests
 * SPDX-License-Identifier: MIT
 */
#ifndef ENVOI_TEST_RESUMPTION_WORLD_H
#define ENVOI_TEST_RESUMPTION_WORLD_H

#include <envoi/envoi.h>
#include <envoi/interfaces/features.h>
#include <envoi/interfaces/session.h>
#include <envoi/memory.h>

#include "test_allocator.h"

enum {
	MESSAGES = 3, /* in each direction */
	MOST_NOTES = 1024,
};

/** What was handed over, as ids. */
struct notes {
	char ids[MOST_NOTES][16];
	size_t count;
};

/** One side: a session and what it got. */
struct side {
	struct envoi_session_owner owner;
	struct envoi_handler handler;
	struct world *world;
	struct side *next;
	struct envoi_session *session;
	struct notes got;
	char id[64]; /* under which it can be resumed; "": not */
	unsigned int ready_count, closed_count;
	struct envoi_failure closed;
	bool is_over; /* server: to be freed */
};

/** The server's sessions, and a client. */
struct world {
	struct envoi_resumption_hook hook;
	struct envoi_bind_hook bind_hook;
	struct envoi_context *context;
	struct envoi_loop *loop;
	struct envoi_settings *settings;
	struct envoi_jid *domain, *alice;
	struct envoi_handler *auth, *bind_server, *bind_client, *management;
	struct side *sessions; /* of the server */
	struct side client;
	struct envoi_memory_pair *pair; /* the newest */
	struct envoi_memory_end *end; /* of a scripted client, on that pair */
	uint32_t max_s;
	const char *id; /* of the next session that can be resumed; NULL: the library's */
	unsigned int asked, expired;
	bool is_slow; /* the question for a session is answered by answer_late() */
	struct envoi_stream *open_stream;
	char open_previd[64];
	size_t resources;
	struct test_allocator allocator;
	size_t allocations; /* until one fails within run(); 0: none fails */
};

/** A message with a ticket. */
struct sent {
	struct envoi_ticket ticket;
	char id[16];
	bool has_ended;
	enum envoi_ticket_state state;
};

/** Messages in both directions. */
struct exchange {
	struct sent from_client[MESSAGES], from_server[MESSAGES];
};

int world_setup(void **state);
int world_teardown(void **state);
void world_run(struct world *world, uint64_t duration_ms);

/** Make a new pair, the world's newest. */
void world_new_pair(struct world *world);
/** Make a session of the server on the newest pair. */
struct side *world_serve(struct world *world);
/** Attach a receiving stream on the newest pair to a session of the server. */
void world_attach_server(struct side *side);
/** Connect the client to a new session of the server. */
void world_dial(struct world *world);
/** Connect, until both sides are online. */
void world_log_in(struct world *world);
/** Connect, until the client is online. */
void world_come_back(struct world *world);
/** Cut the connection so that the server does not see it. */
void world_lose_silently(struct world *world);

/** @return the server's session that the client has; one at most */
struct side *world_server(struct world *world);
size_t world_session_count(struct world *world);
/** Free the sessions that have ended. */
void world_sweep(struct world *world);
void side_finish(struct side *side);

/** Send a message. Its id is the prefix with the number. */
void world_send_body(
	struct side *side, struct sent *sent, const char *prefix, size_t number, const char *body);
void world_send_message(struct side *side, struct sent *sent, const char *prefix, size_t number);
/** Send MESSAGES in each direction: c0, c1, ... and s0, s1, ... */
void exchange_send(struct world *world, struct exchange *exchange);
/** No message of the exchange was lost or doubled. @param is_whole all have arrived */
void exchange_check(struct world *world, const struct exchange *exchange, bool is_whole);
/** @return what was handed over, as ids: "c0 c1 " */
const char *notes_list(const struct notes *notes);

/* The parts of the world's hook for resumption. */
struct world *world_of_hook(struct envoi_resumption_hook *hook);
bool world_on_enabled(struct envoi_resumption_hook *hook, struct envoi_session *session,
	uint64_t wanted_s, struct envoi_resumption *resumption);
void world_on_wanted(struct envoi_resumption_hook *hook, struct envoi_stream *stream,
	struct envoi_handler *handler, const char *previd);
/** @return the session that can be resumed by this id, or NULL */
struct envoi_session *world_find(struct world *world, const char *previd);

#endif
