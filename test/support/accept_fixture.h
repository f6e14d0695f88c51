/*
 * envoi - tests: an acceptor over memory, in virtual time
 * SPDX-License-Identifier: MIT
 */
#ifndef ENVOI_TEST_ACCEPT_FIXTURE_H
#define ENVOI_TEST_ACCEPT_FIXTURE_H

#include <envoi/envoi.h>
#include <envoi/memory.h>

#include "peer.h"

/**
 * An acceptor of example.org and example.net with the accounts alice and bob, password "secret".
 * What it reports is noted, a line each:
 *
 *	opened example.org
 *	authenticated SCRAM-SHA-256
 *	binding alice@example.org/desk
 *	ready alice@example.org/desk
 *	stanza message from alice@example.org/desk to bob@example.org
 *	suspended alice@example.org/desk
 *	resumed alice@example.org/desk
 *	ended alice@example.org/desk OK
 *
 * Connections count as secure; with @p has_tls they require STARTTLS. A stanza goes on to the
 * handlers of its session.
 */
struct accept_fixture {
	struct envoi_accept_hook hook;
	struct envoi_sasl_directory directory;
	struct envoi_context *context;
	struct envoi_loop *loop;
	struct envoi_settings *settings; /* for the acceptor: change it before the first use */
	struct envoi_acceptor *acceptor; /* NULL: not used yet */
	struct envoi_accepted *last; /* accepted; NULL: ended */
	struct envoi_memory_pair *pair; /* the newest connection */
	struct envoi_failure why; /* of the last `ended` */
	char notes[8000];
	struct envoi_tls_config *tls; /* NULL: none */
	bool has_tls; /* STARTTLS is required; set it before the first use */
	bool is_silent; /* accounts are looked up, and no answer comes */
	enum envoi_stanza_condition refusal; /* of each binding */
	void (*at)(struct accept_fixture *f, const char *what); /* OPTIONAL: in each function */
};

/** @param context  taken; NULL: a new one with a simulated loop. Asserts, as all here */
void accept_fixture_init(struct accept_fixture *f, struct envoi_context *context);
void accept_fixture_finish(struct accept_fixture *f);

/** Make the acceptor, if there is none. */
void accept_fixture_make(struct accept_fixture *f);
/** Accept side B of a pair. @return as envoi_acceptor_accept() */
int accept_fixture_accept(struct accept_fixture *f, struct envoi_memory_pair *pair);
/** @return a client that connects to the acceptor, with settings that suit; to be freed */
struct envoi_client *accept_fixture_client(struct accept_fixture *f, const char *address);
/** @return a scripted peer on a new connection; peer_start() begins; to be freed */
struct peer *accept_fixture_peer(struct accept_fixture *f);
void accept_fixture_run(struct accept_fixture *f, uint64_t ms);

/** Compare what was noted, and forget it. */
void accept_fixture_assert_notes(struct accept_fixture *f, const char *expected);

/* Of scripts: the header of a client and what follows, up to the offer after the login. */
#define ACCEPT_HEADER(attributes) \
	"<stream:stream xmlns='jabber:client' " \
	"xmlns:stream='http://etherx.jabber.org/streams' " attributes ">"
/** A login of alice with PLAIN, sasl.mechanisms being PLAIN. */
void accept_fixture_script_login(struct peer *peer);
/** Bind a resource that the peer chooses. */
void accept_fixture_script_bind(struct peer *peer, const char *resource);

#endif
