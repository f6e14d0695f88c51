/*
 * envoi - test kit: the server, what its files share
 * SPDX-License-Identifier: MIT
 */
/* Files that call each other: server.c, server_library.c, server_management.c, server_route.c,
 * server_session.c. */
#ifndef ENVOI_TESTING_SERVER_H
#define ENVOI_TESTING_SERVER_H

#include <envoi/interfaces/features.h>
#include <envoi/interfaces/session.h>
#include <envoi/settings.h>
#include <envoi/watch.h>

#include "inside.h"

#define NS_MANAGEMENT "urn:xmpp:sm:3"
#define NS_DELAY "urn:xmpp:delay"

/** A stanza in a queue. */
struct queued {
	struct queued *next;
	struct envoi_stanza *stanza; /* a reference */
};

struct queue {
	struct queued *first, **end;
	size_t count;
};

/** A session that has ended, and could have been resumed (XEP-0198, section 5). */
struct former {
	struct former *next;
	char id[32];
	uint32_t handled;
};

struct account {
	struct account *next;
	char user[64], password[64];
	struct queue stored;
	struct former *formers;
	struct envoi_test_peer *peer; /* NULL: none */
};

struct connection {
	struct connection *next;
	struct envoi_stream_sink sink;
	struct envoi_test_server *server;
	struct envoi_stream *stream;
	struct session *session; /* NULL: not bound, or taken over by another connection */
	bool is_ready;
};

/** A bound resource. It outlives its connection where that may be resumed. */
struct session {
	struct session *next;
	struct envoi_test_server *server;
	struct envoi_session *library; /* NULL: the session is the kit's own */
	struct envoi_session_owner owner; /* these four: of the library's session */
	struct envoi_handler handler;
	struct envoi_opening *opening; /* direct TLS; NULL: done */
	size_t given;
	struct account *account;
	unsigned int number;
	struct envoi_jid *jid;
	struct connection *connection; /* NULL: waits to be resumed */
	bool is_available, is_anonymous;
	bool is_managed; /* XEP-0198 is enabled */
	char id[32]; /* of the stream management; empty: cannot be resumed */
	uint64_t hibernation_ms;
	uint32_t handled, acknowledged; /* stanzas from and to the client, modulo 2^32 */
	struct queue queue; /* not sent, or not acknowledged */
	struct queued *unsent; /* the first in it that this connection was not given */
	bool awaits_ack;
	unsigned int unasked; /* stanzas sent since an acknowledgement was asked for */
	struct envoi_timer ask_timer, hibernation_timer;
};

struct envoi_test_peer {
	struct envoi_test_peer *next;
	struct envoi_test_server *server;
	char jid[160];
	struct queue heard;
	unsigned int said;
};

struct envoi_test_server {
	struct envoi_test_server *next;
	struct envoi_world *world;
	struct envoi_context *context;
	struct envoi_settings *settings;
	struct envoi_jid *domain;
	struct envoi_test_server_options options;
	struct envoi_handler *starttls, *sasl, *bind; /* starttls: NULL without TLS */
	struct envoi_tls_config *tls;
	struct envoi_handler management;
	struct envoi_bind_hook bind_hook;
	struct envoi_sasl_directory directory;
	struct envoi_handler *library_management;
	struct envoi_resumption_hook resumption_hook;
	struct account *accounts;
	struct connection *connections;
	struct session *sessions, *unbound;
	struct envoi_test_peer *peers;
	bool is_stopped, is_freed;
	unsigned int resources, bound, messages, resumptions;
	struct envoi_stanza *held; /* to be delivered behind the next message; a reference */
	envoi_test_server_fn *watch;
	void *watch_user;
};

/* --- server.c --- */

/** Forget the sessions of an account that have ended. */
void testing_forget_formers(struct account *account);
struct account *testing_account(const struct envoi_test_server *server, const char *user);
struct connection *testing_connection(
	struct envoi_stream *stream, struct envoi_test_server *server);
void testing_connection_free(struct connection *connection);
/** Make side B of a pair a transport. */
int testing_transport_new(struct envoi_transport **ret_transport, struct envoi_test_server *server,
	struct envoi_memory_pair *pair);
/** Make a stream of the server. @param transport  taken @param management  of XEP-0198; NULL: none
 */
int testing_stream_new(struct envoi_stream **ret_stream, struct envoi_test_server *server,
	struct envoi_transport *transport, struct envoi_handler *management,
	struct envoi_stream_sink *sink);
/** End a connection with a stream error. */
void testing_connection_end(struct connection *connection, enum envoi_stream_condition condition);

/* --- server_session.c --- */

void testing_queue_init(struct queue *queue);
/** @param stanza  a reference is taken */
void testing_queue_add(struct queue *queue, struct envoi_stanza *stanza);
/** @return the first, owned by the caller; NULL: the queue is empty */
struct envoi_stanza *testing_queue_take(struct queue *queue);
void testing_queue_clear(struct queue *queue);

/** @param jid  a reference is taken */
struct session *testing_session_new(
	struct connection *connection, struct account *account, struct envoi_jid *jid);
/** Free a session; its connection stays. Its unacknowledged messages are delivered again, its
 * requests are answered with an error. */
void testing_session_end(struct session *session);
/** Free a session with all that it holds. */
void testing_session_free(struct session *session);
/** Its connection has ended. @param is_final  it cannot be resumed */
void testing_session_disconnected(struct session *session, bool is_final);
/** The connection is ready to be given what waits. */
void testing_session_attach(struct session *session, struct connection *connection);
/** Give a session a stanza. @param stanza  a reference is taken */
void testing_session_put(struct session *session, struct envoi_stanza *stanza);
/** Send what waits, as far as there is a connection. */
void testing_session_pump(struct session *session);

/* --- server_management.c --- */

extern const struct envoi_handler_impl testing_management_impl;
/** Ask for an acknowledgement soon, if there is anything to acknowledge. */
void testing_management_ask(struct session *session);

/** @return whether this request for resumption gets no answer, as the options say */
bool testing_management_ignores(struct envoi_test_server *server, struct envoi_stream *stream);

/* --- server_library.c --- */

extern const struct envoi_resumption_hook_impl testing_resumption_hook_impl;
int testing_library_accept(struct envoi_test_server *server, struct envoi_memory_pair *pair);
/** A stream of an unbound session, if it is one of these, has been bound. */
void testing_library_bound(struct envoi_test_server *server, struct envoi_stream *stream,
	struct account *account, struct envoi_jid *jid);
void testing_library_put(struct session *session, struct envoi_stanza *stanza);
/** The connection is lost. */
void testing_library_disconnect(struct session *session);
/** Free the session; what it was given and is not acknowledged is delivered again. */
void testing_library_end(struct session *session);

/* --- server_route.c --- */

void testing_route(
	struct envoi_test_server *server, struct session *from, struct envoi_stanza *stanza);
/** Deliver to an address of the server. */
void testing_deliver(struct envoi_test_server *server, struct envoi_stanza *stanza);
/** Deliver once more what a session left behind. */
void testing_deliver_again(struct envoi_test_server *server, struct envoi_stanza *stanza);
/** Deliver what is stored for the account of a session that has become available. */
void testing_deliver_stored(struct session *session);
void testing_watch(const struct envoi_test_server *server, enum envoi_test_server_act act,
	const struct session *session, const struct envoi_stanza *stanza);

#endif
