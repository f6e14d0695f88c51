/*
 * envoi - a world in virtual time, for tests of programs that use the library
 * SPDX-License-Identifier: MIT
 */
#ifndef ENVOI_TESTING_H
#define ENVOI_TESTING_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <envoi/conditions.h>
#include <envoi/error.h>
#include <envoi/memory.h>
#include <envoi/stanza.h>

#ifdef __cplusplus
extern "C" {
#endif

/*
 * The kit is for tests: a function that runs out of memory, or is called with what its comment does
 * not allow, prints the reason and calls abort().
 */

struct envoi_connector;
struct envoi_context;
struct envoi_test_peer;
struct envoi_test_server;
struct envoi_tls_config;

/* --- the world --- */

/**
 * A context with a simulated loop, a counting allocator and seeded randomness; hosts, servers and
 * connections between them. The same calls with the same seed give the same bytes at the same
 * virtual times.
 */
struct envoi_world;

/** Make a world. Virtual time starts at 0.
 * @param seed  of everything that is random in it */
struct envoi_world *envoi_world_new(uint64_t seed);

/**
 * Free a world with its servers, hosts and context; NULL is allowed. Every object that was made in
 * its context must have been freed.
 * @return blocks of the context's memory that were not freed: leaks
 */
size_t envoi_world_free(struct envoi_world *world);

/** @return the context, for the objects under test; borrowed */
struct envoi_context *envoi_world_context(struct envoi_world *world);

/** Run for @p duration_ms of virtual time. */
void envoi_world_run(struct envoi_world *world, uint64_t duration_ms);

/** Suspend the machine for @p duration_ms and wake it up again: the wall clock advances, virtual
 * time does not. */
void envoi_world_suspend(struct envoi_world *world, uint64_t duration_ms);

/** @return virtual milliseconds since the beginning */
uint64_t envoi_world_now_ms(const struct envoi_world *world);

/** @return a random number from 0 to @p below - 1; 0 for 0. Numbers that the library draws do not
 * change the sequence */
uint64_t envoi_world_random(struct envoi_world *world, uint64_t below);

/** @return blocks of memory that the context's objects hold now */
size_t envoi_world_blocks(const struct envoi_world *world);

/** Fail the allocation that is the @p n-th from now, once. Allocations of the world's servers
 * succeed, and are not counted. @param n  from 1; 0: none fails */
void envoi_world_fail_allocation(struct envoi_world *world, size_t n);

/** As envoi_world_fail_allocation(), for @p count allocations one after the other.
 * @param count  0: none fails; SIZE_MAX: all from the @p n-th on */
void envoi_world_fail_allocations(struct envoi_world *world, size_t n, size_t count);

/** @return allocations that have failed since the beginning */
size_t envoi_world_failed_allocations(const struct envoi_world *world);

/* --- the network --- */

/** How the connections of a host behave; start from a zeroed struct: at once, and well. */
struct envoi_test_link {
	uint64_t connect_ms; /**< time that connecting takes, at most the connector's timeout */
	bool refuses; /**< connecting fails at once */
	bool ignores; /**< connecting gets no answer: a black hole */
	uint64_t latency_ms; /**< of each byte, in both directions */
	uint64_t bytes_per_second; /**< in each direction; 0: no limit */
	size_t piece_bytes; /**< the most that arrives in one turn of the loop; 0: 16,384 */
	size_t window_bytes; /**< the most in transit, in each direction; 0: 65,536 */
};

/**
 * Make a connector that leads from a host to the servers of the world, by their domains. Its
 * connections count as secure without TLS.
 *
 * @param host  a name of the test's choice: the functions below use it. Connectors of the same
 *              host share its link
 * @return owned by the caller, for envoi_client_add_connector()
 */
struct envoi_connector *envoi_world_connector(struct envoi_world *world, const char *host);

/** As envoi_world_connector(), but its connections are secure with TLS only: for servers after
 * envoi_test_server_tls(). */
struct envoi_connector *envoi_world_tls_connector(struct envoi_world *world, const char *host);

/** Set how a host's connections behave, pending and future ones.
 * @param link  copied; NULL: well */
void envoi_world_set_link(
	struct envoi_world *world, const char *host, const struct envoi_test_link *link);

/** Break the current connection of a host: both ends are notified, bytes in transit are lost.
 * Nothing if there is none. */
void envoi_world_cut(struct envoi_world *world, const char *host);

/**
 * Break the current connection of a host as soon as @p bytes more have arrived; the next one if
 * there is none. 0: at once.
 *
 * @param side  that sends these bytes: ENVOI_MEMORY_A is the host, ENVOI_MEMORY_B the server
 */
void envoi_world_cut_after(
	struct envoi_world *world, const char *host, enum envoi_memory_side side, uint64_t bytes);

/** Let nothing more arrive on the current connection of a host, in both directions, without a
 * notification: a black hole. Nothing if there is none. */
void envoi_world_silence(struct envoi_world *world, const char *host);

/* --- a server --- */

/** What a server does; start from ENVOI_TEST_SERVER_INIT. */
struct envoi_test_server_options {
	bool has_stream_management; /**< XEP-0198 */
	bool resumes; /**< grants resumption */
	/** Stream management and sessions are those of the library's receiving side, in place of
	 * the kit's own; of connections accepted from now on. `remembers_counts` has no effect. */
	bool uses_library;
	/** With `uses_library` and envoi_test_server_tls(): connections begin with TLS (XEP-0368),
	 * in place of STARTTLS. */
	bool direct_tls;
	uint64_t hibernation_ms; /**< for which a session without connection can be resumed */
	/** gives `h` in `<failed/>` for sessions that timed out (XEP-0198, section 5) */
	bool remembers_counts;
	unsigned int ignores_resumes; /**< so many of the next `<resume/>` get no answer */
	unsigned int closes_at_resumes; /**< at so many of the next ones the connection breaks */
	/** Count each n-th message as handled and drop it: a server that loses acknowledged
	 * stanzas. 0: none */
	unsigned int drops_each;
	/** Deliver each n-th message twice. 0: none */
	unsigned int doubles_each;
	/** Deliver each n-th message before the one that came before it. 0: none */
	unsigned int swaps_each;
};

#define ENVOI_TEST_SERVER_INIT \
	{ \
		.has_stream_management = true, .resumes = true, .hibernation_ms = 300000, \
		.remembers_counts = true \
	}

/**
 * Make a server of a domain. It authenticates with SCRAM or PLAIN, binds resources, answers pings
 * and roster requests (with an empty roster), and routes between full and bare addresses of its
 * accounts: messages to an account that is not available are stored, and delivered with a delay
 * stamp (XEP-0203, XEP-0160) when it is; so are messages that a session leaves unacknowledged.
 *
 * @return owned by the world
 */
struct envoi_test_server *envoi_world_server(struct envoi_world *world, const char *domain);

/** @return the options, which may be changed at any time */
struct envoi_test_server_options *envoi_test_server_options(struct envoi_test_server *server);

/** Make side B of a pair a connection of the server, for a client that the test plays itself. The
 * connection counts as secure. */
void envoi_test_server_accept(struct envoi_test_server *server, struct envoi_memory_pair *pair);

/**
 * Require STARTTLS (RFC 6120, section 5) of connections accepted from now on, which do not count as
 * secure without it. The handshakes take no virtual time.
 *
 * @param certificate_file  PEM: the certificate for the domain, and its intermediate ones
 * @param key_file          PEM: its private key
 * @return the configuration; borrowed
 */
struct envoi_tls_config *envoi_test_server_tls(
	struct envoi_test_server *server, const char *certificate_file, const char *key_file);

/** Add an account. @param user, password  copied; @p user as in an address, prepared */
void envoi_test_server_account(
	struct envoi_test_server *server, const char *user, const char *password);

/**
 * Stop: connections break, new ones are refused.
 * @param keeps_sessions  sessions that can be resumed are there after the start; otherwise the
 *                        server forgets them, and only stored messages remain
 */
void envoi_test_server_stop(struct envoi_test_server *server, bool keeps_sessions);
/** Start again after envoi_test_server_stop(). */
void envoi_test_server_start(struct envoi_test_server *server);

/**
 * End the connections of an account. Their sessions cannot be resumed.
 *
 * @param condition  of the stream error that is sent; ENVOI_STREAM_NO_CONDITION: the streams are
 *                   closed in order
 */
void envoi_test_server_end(
	struct envoi_test_server *server, const char *user, enum envoi_stream_condition condition);

/** What a server has done with a stanza. */
enum envoi_test_server_act {
	ENVOI_TEST_RECEIVED, /**< received it from a client: `from` is the full address */
	ENVOI_TEST_DELIVERED, /**< put it into a session: `to` is as the sender wrote it */
	ENVOI_TEST_STORED, /**< stored it for later */
};

/** Watches a server; called inside its functions.
 * @param session  the number of the session, from 1: of the sender, or that it was put into; 0:
 *                 stored
 * @param stanza   borrowed */
typedef void envoi_test_server_fn(void *user, enum envoi_test_server_act act, unsigned int session,
	const struct envoi_stanza *stanza);
/** Set the function that watches. @param watch  NULL: none */
void envoi_test_server_watch(
	struct envoi_test_server *server, envoi_test_server_fn *watch, void *user);

/**
 * Stop or resume reading from the connections that an account has now: what its clients send waits
 * on their side when the window of the link is full.
 * @param is_paused  false: connections that are read stay so
 */
void envoi_test_server_pause(struct envoi_test_server *server, const char *user, bool is_paused);

/** What a server holds for an account. */
struct envoi_test_server_counts {
	size_t connections; /**< streams that have logged in as this account */
	size_t sessions; /**< bound, with a connection or waiting to be resumed */
	size_t managed; /**< of these: with stream management enabled */
	size_t unacknowledged; /**< stanzas of these sessions without acknowledgement */
	size_t stored; /**< messages for later */
	size_t resumptions; /**< since the beginning, of all accounts */
};

/** @param user  NULL: all accounts together */
struct envoi_test_server_counts envoi_test_server_counts(
	const struct envoi_test_server *server, const char *user);

/** Deliver a stanza as if it came from another server.
 * @param stanza  with `from` and `to`; taken */
void envoi_test_server_deliver(struct envoi_test_server *server, struct envoi_stanza *stanza);

/* --- a peer --- */

/** Add a contact whose client is part of the server: it is always available, receives everything
 * for its account, and answers nothing by itself. @return owned by the server */
struct envoi_test_peer *envoi_test_server_peer(struct envoi_test_server *server, const char *user);

/** Send a message of type chat. @param format  of its body, as printf */
void envoi_test_peer_says(struct envoi_test_peer *peer, const char *to, const char *format, ...)
	ENVOI_PRINTF(3, 4);

/** @return the number of messages that came from @p from, a full or bare address; NULL: from all */
size_t envoi_test_peer_heard(const struct envoi_test_peer *peer, const char *from);

#ifdef __cplusplus
}
#endif
#endif
