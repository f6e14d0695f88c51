/*
 * envoi - a server, brought to each stage of a client's login
 * SPDX-License-Identifier: MIT
 */
#ifndef ENVOI_FUZZ_SERVER_STAGES_H
#define ENVOI_FUZZ_SERVER_STAGES_H

#include <stdbool.h>
#include <stddef.h>

#include <envoi/interfaces/features.h>
#include <envoi/interfaces/session.h>
#include <envoi/memory.h>

#include "program.h"

/* What the client has sent when its bytes come, and the server has answered. */
enum server_stage {
	SERVER_CONNECTED, /* nothing */
	SERVER_OPENED, /* its header; STARTTLS is required */
	SERVER_HANDSHAKE, /* <starttls/> */
	SERVER_CHALLENGED, /* the first message of SCRAM */
	SERVER_AUTHENTICATED, /* the header after SASL */
	SERVER_BINDING, /* a request for a resource; not answered before the rest came with LATER */
	SERVER_ONLINE,
	SERVER_ENABLED, /* <enable/>; the server has sent stanzas */
	SERVER_SUSPENDED, /* that connection was lost, and the header after SASL on the next one */
	SERVER_RESUMED, /* <resume/>; not answered before the rest came with LATER */
	SERVER_STAGES,
};

enum {
	SERVER_MOST_SESSIONS = 8,
	SERVER_RESUMPTION_S = 30,
};

/* One connection, and the session that it has become. */
struct server_slot {
	struct envoi_session_owner owner;
	struct fuzz_program program;
	struct envoi_session *session; /* NULL: freed */
	bool is_ready;
	unsigned int stanza_count; /* that the program received */
	bool is_closed; /* its stream has ended, with: */
	int closed_code;
};

/* A request to the application that is not answered yet. */
struct server_pending {
	struct envoi_stream *stream; /* NULL: none */
	struct envoi_handler *handler;
	struct envoi_session *session; /* to resume */
};

/* The server, and the other end of its last connection. */
struct server {
	struct fuzz_world world;
	struct envoi_handler *starttls, *sasl, *bind, *limits, *management;
	struct envoi_bind_hook bind_hook;
	struct envoi_sasl_directory directory;
	struct envoi_resumption_hook resumption_hook;
	struct envoi_jid *domain;
	bool answers_later;
	struct server_pending binding, resumption;
	struct server_slot slots[SERVER_MOST_SESSIONS];
	size_t slot_count;
	unsigned int resource_count;
	struct envoi_memory_pair *pair;
	struct envoi_memory_end *client;
	struct envoi_sasl_exchange *exchange; /* of the client */
	char reply[1024]; /* what `$` stands for */
};

/** The only one at a time. */
extern struct server server;

/** Make the server, and go to a stage on a new connection.
 * @param answers_later  binding and resumption are answered by server_answer() */
void server_begin(enum server_stage stage, bool answers_later);
/** End the sessions in order. @param run_ms  more than the timeouts */
void server_close(uint64_t run_ms);
/** Free everything, and expect that nothing is left. */
void server_end(void);

void server_run(uint64_t duration_ms);
/** The client sends bytes, in which `$` stands for the id of the server's last iq, or for the
 * response to its last challenge. Nothing once the server has closed the connection. */
void server_hear(const char *data, size_t len);
/** As server_hear(), and run. */
void server_hear_text(const char *text);
/** Answer pending requests for binding and resumption. */
void server_answer(void);
/** The client's connection is lost; it connects again, in clear, and logs in up to the header after
 * SASL. @return the new connection */
struct server_slot *server_connect_again(void);

#endif
