/*
 * envoi - a client's session, brought to each stage of its login
 * SPDX-License-Identifier: MIT
 */
#ifndef ENVOI_FUZZ_CLIENT_STAGES_H
#define ENVOI_FUZZ_CLIENT_STAGES_H

#include <stdbool.h>
#include <stddef.h>

#include <envoi/interfaces/session.h>
#include <envoi/memory.h>

#include "program.h"

/* What the session has done when the server's bytes come. */
enum client_stage {
	CLIENT_CONNECTED, /* sent its header */
	CLIENT_OPENED, /* received the header of the server */
	CLIENT_STARTTLS, /* sent <starttls/> */
	CLIENT_SASL, /* sent the first message of SCRAM */
	CLIENT_AUTHENTICATED, /* restarted the stream after SASL */
	CLIENT_BINDING, /* requested a resource */
	CLIENT_ONLINE, /* logged in without stream management */
	CLIENT_ENABLING, /* sent <enable/>, and stanzas */
	CLIENT_ENABLED, /* received <enabled/> */
	CLIENT_SUSPENDED, /* lost that stream, and sent the header of the next one */
	CLIENT_RESUMING, /* sent <resume/> */
	CLIENT_RESUMED, /* received <resumed/> */
	CLIENT_STAGES,
};

/* The client's program, and the other end of its connection. */
struct client {
	struct envoi_session_owner owner;
	struct fuzz_world world;
	struct fuzz_program program;
	struct envoi_session *session;
	struct envoi_handler *features[4]; /* of each stream; owned */
	size_t feature_count;
	struct envoi_jid *own;
	struct envoi_memory_pair *pair;
	struct envoi_memory_end *server;
	char iq_id[64]; /* of the last iq that the server received */
	unsigned int attached_count, closed_count;
	int closed_code; /* of the last stream */
	unsigned int stanza_count; /* that the program received */
};

/** The only one at a time. */
extern struct client client;

/** Make the client, and go to a stage. @param is_continued  envoi_session_set_continued() */
void client_begin(enum client_stage stage, bool is_continued);
/** Free everything, and expect that nothing is left. */
void client_end(void);

void client_run(uint64_t duration_ms);
/** The server sends bytes, in which `$` stands for the id of the client's last iq. Nothing once the
 * client has closed the connection. */
void client_hear(const char *data, size_t len);
/** As client_hear(), and run. */
void client_hear_text(const char *text);
/** The connection is lost; the client connects again, and logs in. */
void client_log_in_again(void);

#endif
