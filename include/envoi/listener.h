/*
 * envoi - listeners: incoming connections and their limits
 * SPDX-License-Identifier: MIT
 */
#ifndef ENVOI_LISTENER_H
#define ENVOI_LISTENER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <envoi/error.h>
#include <envoi/export.h>

#ifdef __cplusplus
extern "C" {
#endif

/*
 * A listener admits connections from any number of sources and passes their channels
 * (<envoi/interfaces/channel.h>) to its owner. It counts them, in all, by address and by account.
 * It does not depend on the protocol. Sources are sockets (envoi_tcp_listen() and the functions
 * behind it, <envoi/tcp.h>), or code that calls envoi_listener_take(), a test with connections in
 * memory for example.
 *
 * Limits, and what happens when they are reached:
 * - beyond listener.per-address connections without login from one address, a new one from there is
 *   closed at once; others are served;
 * - at listener.connections connections in all, sources are not read: new connections wait in the
 *   backlog of the system, and are admitted when others have ended;
 * - without descriptors or memory, or when accepting fails for another reason, a source is not read
 *   for a second, or until a connection ends;
 * - when all connections of the context together hold three quarters of listener.memory for their
 *   peers (incomplete input, output, outboxes), sources are not read until the sum has fallen to
 *   five eighths. Above listener.memory, the connections that hold most are not read until the sum
 *   has fallen to seven eighths; while it grows, further ones are not read. Stanzas that were read
 *   are delivered. The deadlines of elements and of writing continue, so that memory is freed.
 *   Above nine eighths, connections that have not logged in end with the stream error
 *   resource-constraint, one by one, beginning with the one that holds most;
 * - beyond listener.per-account connections of one account, envoi_admission_log_in() refuses.
 */

struct envoi_admission;
struct envoi_channel;
struct envoi_context;
struct envoi_listener;
struct envoi_settings;
struct sockaddr;

/**
 * A connection is admitted; called from the loop, or inside envoi_listener_take(). The listener may
 * be freed inside.
 *
 * @param user       of the options
 * @param admission  owned by the callee, which ends it with envoi_admission_end() when the
 *                   connection has ended
 * @param channel    taken: destroyed on failure too
 * @retval <0  the connection is dropped; the listener ends @p admission
 */
typedef int envoi_admitted_fn(
	void *user, struct envoi_admission *admission, struct envoi_channel *channel);

/** What a listener is made with. */
struct envoi_listener_options {
	/** listener.*; borrowed for the call; NULL: defaults */
	const struct envoi_settings *settings;
	envoi_admitted_fn *admitted; /**< REQUIRED */
	void *user; /**< of admitted */
};

/**
 * Make a listener without sources.
 *
 * @param options  copied
 * @retval ENVOI_ERR_INVALID  no function
 * @retval ENVOI_ERR_NOMEM
 */
ENVOI_API ENVOI_MUST_CHECK int envoi_listener_new(struct envoi_listener **ret_listener,
	struct envoi_context *context, const struct envoi_listener_options *options);

/** Free a listener and its sources; NULL is allowed; allowed in every callback. Connections and
 * their admissions stay. */
ENVOI_API void envoi_listener_free(struct envoi_listener *listener);

/** @return the context; borrowed, lives as long as the listener */
ENVOI_API struct envoi_context *envoi_listener_context(const struct envoi_listener *listener);

/** Stop reading the sources, or continue. New connections wait in the backlog of the system. */
ENVOI_API void envoi_listener_pause(struct envoi_listener *listener, bool is_paused);

/** Numbers of a listener. */
struct envoi_listener_stats {
	size_t connections; /**< admissions that have not ended */
	size_t logged_in; /**< of these: after envoi_admission_log_in() */
	uint64_t admitted; /**< since the beginning */
	/** connections that were closed at once, for their address or by the owner */
	uint64_t refused;
	bool is_full; /**< listener.connections is reached */
	bool is_short; /**< of memory: see listener.memory */
	size_t memory; /**< bytes that the connections of the context hold for their peers */
};

/** Fill in *ret_stats. */
ENVOI_API void envoi_listener_get_stats(
	const struct envoi_listener *listener, struct envoi_listener_stats *ret_stats);

/**
 * Admit a connection from outside of the listener's sources.
 *
 * @param service      a name of the caller's choice: envoi_admission_service(); copied
 * @param channel      taken: destroyed on failure too
 * @param address      of the peer; borrowed for the call; NULL: none. Only IPv4 and IPv6 addresses
 *                     are counted, IPv6 by the network of 64 bits
 * @param address_len  bytes of @p address
 * @retval ENVOI_ERR_LIMIT  listener.connections or listener.per-address is reached, or three
 *                          quarters of listener.memory
 * @retval ENVOI_ERR_STATE  the listener is paused
 * @retval ENVOI_ERR_NOMEM
 * Other errors as `admitted` has returned them.
 */
ENVOI_API int envoi_listener_take(struct envoi_listener *listener, const char *service,
	struct envoi_channel *channel, const struct sockaddr *address, size_t address_len);

/* --- admissions --- */

/** @return the name of the source that the connection came from; borrowed */
ENVOI_API const char *envoi_admission_service(const struct envoi_admission *admission);

/** @return the peer's address as text, "192.0.2.1" or "2001:db8::1", without port; "" for others;
 * borrowed */
ENVOI_API const char *envoi_admission_address(const struct envoi_admission *admission);

/**
 * State that the peer has logged in: the connection counts for its account, and no longer for its
 * address.
 *
 * @param account  the bare address for example; copied; NULL: anonymous, not counted
 * @retval ENVOI_ERR_LIMIT  the account has listener.per-account connections: nothing has changed
 * @retval ENVOI_ERR_STATE  it has logged in before
 * @retval ENVOI_ERR_NOMEM  nothing has changed
 */
ENVOI_API ENVOI_MUST_CHECK int envoi_admission_log_in(
	struct envoi_admission *admission, const char *account);

/** Free an admission when its connection has ended; NULL is allowed. Allowed after the listener was
 * freed. Sources that were not read continue in a later turn of the loop. */
ENVOI_API void envoi_admission_end(struct envoi_admission *admission);

/* --- for sources --- */

struct envoi_listener_source;

/** The functions of a source; all are REQUIRED. */
struct envoi_listener_source_impl {
	const char *name;
	/** Begin to accept connections, or stop; not called inside accepting. A source that cannot
	 * begin tries again by itself. While connections are wanted, it is called again when a
	 * connection has ended: a source that waits for descriptors or memory then tries at once.
	 */
	void (*want)(struct envoi_listener_source *source, bool is_wanted);
	/** Stop and free; envoi_listener_take() may be on the stack. */
	void (*destroy)(struct envoi_listener_source *source);
};

/** Base of every source; embedded first, zeroed but for @p impl. */
struct envoi_listener_source {
	const struct envoi_listener_source_impl *impl;
	struct envoi_listener_source *next; /**< private */
	bool is_started; /**< private: as `want` was called last */
	bool is_wanted; /**< whether connections may be accepted; to be read before each */
};

/** Add a source to a listener, which owns it from now on; it is wanted from a later turn of the
 * loop on. */
ENVOI_API void envoi_listener_add_source(
	struct envoi_listener *listener, struct envoi_listener_source *source);

#ifdef __cplusplus
}
#endif
#endif
