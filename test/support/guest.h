/*
 * envoi - tests: a server of envoi-server over memory, in virtual time, and scripted clients of it
 * SPDX-License-Identifier: MIT
 */
#ifndef ENVOI_TEST_GUEST_H
#define ENVOI_TEST_GUEST_H

#include <envoi/envoi.h>
#include <envoi/memory.h>
#include <envoi/server.h>

#include "peer.h"

/**
 * A server of example.org with a store in memory. Connections count as secure; logins are by PLAIN.
 * What it reports is noted, a line each: "online alice@example.org/desk", "ended
 * alice@example.org/desk". Asserts, as all here.
 */
struct host {
	struct envoi_server_hook hook;
	struct envoi_context *context;
	struct envoi_loop *loop;
	struct envoi_settings *settings; /* for the server: change them before the first use */
	struct envoi_tls_config *tls; /* NULL: none; taken */
	/* NULL: one in memory is made, or in a file, if the environment has ENVOI_TEST_STORE */
	struct envoi_store *store;
	struct envoi_server *server; /* NULL: not used yet */
	bool is_closed; /* reported */
	char notes[8000];
};

/** @param context  taken; NULL: a new one */
void host_init(struct host *host, struct envoi_context *context);
void host_finish(struct host *host);
/** Make the server, if there is none. */
void host_make(struct host *host);
void host_set(struct host *host, const char *name, const char *value);
/** Make an account with the password "secret". */
void host_account(struct host *host, const char *name);
void host_run(struct host *host, uint64_t ms);
/** @return how many stanzas wait for the store */
size_t host_waiting(const struct host *host);
/** @return a client of the library for an account; to be freed */
struct envoi_client *host_client(struct host *host, const char *address);

/** A scripted client. */
struct guest {
	struct host *host;
	struct peer *peer;
	struct envoi_memory_pair *pair;
	size_t seen; /* bytes of what was heard */
};

/** Connect, log in and bind a resource. What was heard until then is skipped. */
struct guest *guest_new(struct host *host, const char *name, const char *resource);
/** As guest_new(), and enable stream management; resumable. */
struct guest *guest_new_managed(struct host *host, const char *name, const char *resource);
/** Connect; say nothing. */
struct guest *guest_connected(struct host *host);
/** Say the header of a stream. */
void guest_open(struct guest *guest);
/** Say who it is, and the header of the next stream. */
void guest_authenticate(struct guest *guest, const char *name, const char *password);
/** Connect and authenticate, without binding. */
struct guest *guest_authenticated(struct host *host, const char *name);
/** Connect a component of the server, and send the handshake. What comes then is not skipped. */
struct guest *guest_component(struct host *host, const char *domain, const char *secret);
/** The connection is closed in order. */
void guest_leave(struct guest *guest);
/** The connection is cut. */
void guest_cut(struct guest *guest);

/** Send bytes, and run until they are handled. */
void guest_say(struct guest *guest, const char *text);
/** @return what came since the last call; borrowed */
const char *guest_heard(struct guest *guest);
/** @return whether that is a part of guest_heard() */
bool guest_hears(struct guest *guest, const char *text);
/** Assert that exactly this came since the last call, of whatever kind. "*" stands for any
 * characters but quotation marks. */
void guest_assert_heard(struct guest *guest, const char *expected);
/** Say presence, and skip the answer. */
void guest_available(struct guest *guest, int priority);

#endif
