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
 * The library envoi-testing (pkg-config: envoi-testing) is for tests: a function that runs out of
 * memory, or is called with what its comment does not allow, prints the reason and calls abort().
 */

struct envoi_connector;
struct envoi_context;
struct envoi_handler;
struct envoi_test_peer;
struct envoi_test_recorder;
struct envoi_test_script;
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
ENVOI_API struct envoi_world *envoi_world_new(uint64_t seed);

/**
 * Get a seed for envoi_world_new(), for a test that is to try another case each time: the number in
 * the environment variable ENVOI_TEST_SEED, or else a random one, which is printed on standard
 * error so that the run can be repeated.
 */
ENVOI_API uint64_t envoi_test_seed(void);

/**
 * Free a world with its servers, scripts, recorders, hosts and context; NULL is allowed. Every
 * object that was made in its context must have been freed.
 * @return blocks of the context's memory that were not freed: leaks
 */
ENVOI_API size_t envoi_world_free(struct envoi_world *world);

/** @return the context, for the objects under test; borrowed */
ENVOI_API struct envoi_context *envoi_world_context(struct envoi_world *world);

/** Run for @p duration_ms of virtual time. */
ENVOI_API void envoi_world_run(struct envoi_world *world, uint64_t duration_ms);

/** Suspend the machine for @p duration_ms and wake it up again: the wall clock advances, virtual
 * time does not. */
ENVOI_API void envoi_world_suspend(struct envoi_world *world, uint64_t duration_ms);

/** @return virtual milliseconds since the beginning */
ENVOI_API uint64_t envoi_world_now_ms(const struct envoi_world *world);

/** @return a random number from 0 to @p below - 1; 0 for 0. Numbers that the library draws do not
 * change the sequence */
ENVOI_API uint64_t envoi_world_random(struct envoi_world *world, uint64_t below);

/** @return blocks of memory that the context's objects hold now */
ENVOI_API size_t envoi_world_blocks(const struct envoi_world *world);

/** Fail the allocation that is the @p n-th from now, once. Allocations of the world's servers
 * succeed, and are not counted. @param n  from 1; 0: none fails */
ENVOI_API void envoi_world_fail_allocation(struct envoi_world *world, size_t n);

/** As envoi_world_fail_allocation(), for @p count allocations one after the other.
 * @param count  0: none fails; SIZE_MAX: all from the @p n-th on */
ENVOI_API void envoi_world_fail_allocations(struct envoi_world *world, size_t n, size_t count);

/** @return allocations that have failed since the beginning */
ENVOI_API size_t envoi_world_failed_allocations(const struct envoi_world *world);

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
ENVOI_API struct envoi_connector *envoi_world_connector(
	struct envoi_world *world, const char *host);

/** As envoi_world_connector(), but its connections are secure with TLS only: for servers after
 * envoi_test_server_tls(). */
ENVOI_API struct envoi_connector *envoi_world_tls_connector(
	struct envoi_world *world, const char *host);

/** Set how a host's connections behave, pending and future ones.
 * @param link  copied; NULL: well */
ENVOI_API void envoi_world_set_link(
	struct envoi_world *world, const char *host, const struct envoi_test_link *link);

/** Break the current connection of a host: both ends are notified, bytes in transit are lost.
 * Nothing if there is none. */
ENVOI_API void envoi_world_cut(struct envoi_world *world, const char *host);

/**
 * Break the current connection of a host as soon as @p bytes more have arrived; the next one if
 * there is none. 0: at once.
 *
 * @param side  that sends these bytes: ENVOI_MEMORY_A is the host, ENVOI_MEMORY_B the server
 */
ENVOI_API void envoi_world_cut_after(
	struct envoi_world *world, const char *host, enum envoi_memory_side side, uint64_t bytes);

/** Let nothing more arrive on the current connection of a host, in both directions, without a
 * notification: a black hole. Nothing if there is none. */
ENVOI_API void envoi_world_silence(struct envoi_world *world, const char *host);

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

/** Initialises a struct envoi_test_server_options with the defaults. */
#define ENVOI_TEST_SERVER_INIT \
	{ \
		.has_stream_management = true, .resumes = true, .hibernation_ms = 300000, \
		.remembers_counts = true \
	}

/**
 * Make a server of a domain. It authenticates with SCRAM, PLAIN or ANONYMOUS, binds resources (an
 * anonymous client gets the account that is named as the resource it requests), answers pings and
 * roster requests (with an empty roster), and routes between full and bare addresses of its
 * accounts: messages to an account that is not available are stored, and delivered with a delay
 * stamp (XEP-0203, XEP-0160) when it is; so are messages that a session leaves unacknowledged.
 *
 * @return owned by the world
 */
ENVOI_API struct envoi_test_server *envoi_world_server(
	struct envoi_world *world, const char *domain);

/** @return the options, which may be changed at any time */
ENVOI_API struct envoi_test_server_options *envoi_test_server_get_options(
	struct envoi_test_server *server);

/** Make side B of a pair a connection of the server, for a client that the test plays itself. The
 * connection counts as secure. */
ENVOI_API void envoi_test_server_accept(
	struct envoi_test_server *server, struct envoi_memory_pair *pair);

/**
 * Require STARTTLS (RFC 6120, section 5) of connections accepted from now on, which do not count as
 * secure without it. The handshakes take no virtual time.
 *
 * @param certificate_file  PEM: the certificate for the domain, and its intermediate ones
 * @param key_file          PEM: its private key
 * @return the configuration; borrowed
 */
ENVOI_API struct envoi_tls_config *envoi_test_server_tls(
	struct envoi_test_server *server, const char *certificate_file, const char *key_file);

/** Add an account. @param user, password  copied; @p user as in an address, prepared */
ENVOI_API void envoi_test_server_account(
	struct envoi_test_server *server, const char *user, const char *password);

/**
 * Stop: connections break, new ones are refused.
 * @param keeps_sessions  sessions that can be resumed are there after the start; otherwise the
 *                        server forgets them, and only stored messages remain
 */
ENVOI_API void envoi_test_server_stop(struct envoi_test_server *server, bool keeps_sessions);
/** Start again after envoi_test_server_stop(). */
ENVOI_API void envoi_test_server_start(struct envoi_test_server *server);

/**
 * End the connections of an account. Their sessions cannot be resumed.
 *
 * @param condition  of the stream error that is sent; ENVOI_STREAM_NO_CONDITION: the streams are
 *                   closed in order
 */
ENVOI_API void envoi_test_server_end(
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
ENVOI_API void envoi_test_server_watch(
	struct envoi_test_server *server, envoi_test_server_fn *watch, void *user);

/**
 * Stop or resume reading from the connections that an account has now: what its clients send waits
 * on their side when the window of the link is full.
 * @param is_paused  false: connections that are read stay so
 */
ENVOI_API void envoi_test_server_pause(
	struct envoi_test_server *server, const char *user, bool is_paused);

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
ENVOI_API struct envoi_test_server_counts envoi_test_server_get_counts(
	const struct envoi_test_server *server, const char *user);

/** Deliver a stanza as if it came from another server.
 * @param stanza  with `from` and `to`; taken */
ENVOI_API void envoi_test_server_deliver(
	struct envoi_test_server *server, struct envoi_stanza *stanza);

/* --- a peer --- */

/** Add a contact whose client is part of the server: it is always available, receives everything
 * for its account, and answers nothing by itself. @return owned by the server */
ENVOI_API struct envoi_test_peer *envoi_test_server_peer(
	struct envoi_test_server *server, const char *user);

/** Send a message of type chat. @param format  of its body, as printf */
ENVOI_API void envoi_test_peer_says(
	struct envoi_test_peer *peer, const char *to, const char *format, ...) ENVOI_PRINTF(3, 4);

/** @return the number of messages that came from @p from, a full or bare address; NULL: from all */
ENVOI_API size_t envoi_test_peer_heard(const struct envoi_test_peer *peer, const char *from);

/* --- a script in place of a server --- */

/**
 * Make a script that plays a server, element by element:
 *
 *	struct envoi_test_script *script = envoi_world_script(world, "example.org");
 *	envoi_test_script_expects(script, "<stream:stream to='example.org' ...>");
 *	envoi_test_script_sends(script, "<stream:stream id='1' ...><stream:features/>");
 *
 * A script takes one connection: the next one of the world to @p domain, and does one step after
 * the other, each as soon as the one before is done. Several scripts of a domain take its
 * connections in the order in which they were made; further connections go to the server of that
 * domain, if there is one. Steps may be added while it runs; envoi_test_script_start() then
 * continues. A script has at most 256 steps.
 *
 * @return owned by the world
 */
ENVOI_API struct envoi_test_script *envoi_world_script(
	struct envoi_world *world, const char *domain);

/**
 * Make a script for one end of a pair, without a world; its steps begin with
 * envoi_test_script_start().
 * @return owned by the caller, for envoi_test_script_free()
 */
ENVOI_API struct envoi_test_script *envoi_test_script_new(
	struct envoi_context *context, struct envoi_memory_pair *pair, enum envoi_memory_side side);
/** Free a script of envoi_test_script_new(); NULL is allowed. */
ENVOI_API void envoi_test_script_free(struct envoi_test_script *script);

/** Add a step: send. @param text  a "$" and a letter stands for what
 * envoi_test_script_expects() has remembered; copied */
ENVOI_API void envoi_test_script_sends(struct envoi_test_script *script, const char *text);
/** As envoi_test_script_sends(), any bytes, nothing replaced. */
ENVOI_API void envoi_test_script_sends_bytes(
	struct envoi_test_script *script, const void *data, size_t len);
/**
 * Add a step for each element in @p xml: that is expected next. The texts of a script's
 * expectations together are one XML document, as what comes is. Elements are compared as trees:
 * prefixes, the order of attributes, quotes, and white space between elements do not matter.
 *
 * @param xml  whole elements, or the head of the stream. An attribute or text that is "*" stands
 *             for anything, "$x" with any letter for anything that is remembered for
 *             envoi_test_script_sends(). (A "$" before anything else stands for itself.)
 */
ENVOI_API void envoi_test_script_expects(struct envoi_test_script *script, const char *xml);
/** Add a step: a new stream begins in both directions (RFC 6120, section 4.3.3). */
ENVOI_API void envoi_test_script_restarts(struct envoi_test_script *script);
/** Add a step: the connection ends, nothing more is sent. */
ENVOI_API void envoi_test_script_shuts_down(struct envoi_test_script *script);
/** A step of a test's own; called from the loop, may add steps. */
typedef void envoi_test_script_fn(void *user);
/** Add a step: call a function of the test. */
ENVOI_API void envoi_test_script_calls(
	struct envoi_test_script *script, envoi_test_script_fn *call, void *user);
/** Do the steps that can be done now; the script then continues from the loop. */
ENVOI_API void envoi_test_script_start(struct envoi_test_script *script);

/**
 * Get the first problem: a step is not done, another element came than was expected, or more came.
 * @return borrowed until the script continues; NULL: every step is done, and all was as expected
 */
ENVOI_API const char *envoi_test_script_problem(struct envoi_test_script *script);
/** @return the bytes that came, NUL-terminated; borrowed until the next come */
ENVOI_API const char *envoi_test_script_heard(struct envoi_test_script *script);
/** @return whether every step is done, and all so far was as expected */
ENVOI_API bool envoi_test_script_is_done(const struct envoi_test_script *script);
/** @return whether the other side has closed or cut the connection */
ENVOI_API bool envoi_test_script_is_over(const struct envoi_test_script *script);

/* --- a record of events --- */

/**
 * Make a recorder: its handler, added to a client or session, keeps a line for each event and each
 * message with a body, in the order in which they come:
 *
 *	connecting
 *	...
 *	started bot@example.org/1
 *	message alice@example.org/peer: ping 1
 *	disconnected ENVOI_ERR_DISCONNECTED
 *
 * An event has its name (envoi_event_name()), its address if it has one, and the code of its
 * failure. The record does not change what the other handlers get.
 *
 * @return owned by the world; the client is freed before it
 */
ENVOI_API struct envoi_test_recorder *envoi_world_recorder(struct envoi_world *world);
/** @return for envoi_client_add() or envoi_session_add(), once; borrowed */
ENVOI_API struct envoi_handler *envoi_test_recorder_handler(struct envoi_test_recorder *recorder);
/** @return all lines, each with a line feed behind it; borrowed until the next event */
ENVOI_API const char *envoi_test_recorder_lines(const struct envoi_test_recorder *recorder);
/** @return the number of lines that begin like that */
ENVOI_API size_t envoi_test_recorder_count(
	const struct envoi_test_recorder *recorder, const char *beginning);
/** Forget the lines so far. */
ENVOI_API void envoi_test_recorder_clear(struct envoi_test_recorder *recorder);

#ifdef __cplusplus
}
#endif
#endif
