/*
 * envoi - connections in memory: for tests, and for two ends in one program
 * SPDX-License-Identifier: MIT
 */
#ifndef ENVOI_MEMORY_H
#define ENVOI_MEMORY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <envoi/error.h>
#include <envoi/export.h>

#ifdef __cplusplus
extern "C" {
#endif

struct envoi_buffer;
struct envoi_channel;
struct envoi_connector;
struct envoi_context;
struct envoi_settings;
struct envoi_transport;

/** The two sides of a pair. A direction is named by the side that sends. */
enum envoi_memory_side {
	ENVOI_MEMORY_A,
	ENVOI_MEMORY_B,
};

/** A number of bytes that is never reached. */
#define ENVOI_MEMORY_NEVER UINT64_MAX

/** How the bytes of one side travel; initialise with ENVOI_MEMORY_SCRIPT_INIT. */
struct envoi_memory_script {
	size_t piece_bytes; /**< size of the pieces that arrive, one a turn; 0: up to 16,384 */
	uint64_t delay_ms; /**< time between sending and arrival; the order is kept */
	/** the largest number of bytes sent in a second; the bytes of one call arrive together,
	 * when the last of them does; 0: no limit */
	uint64_t bytes_per_second;
	/**
	 * number of bytes, since the beginning, after whose arrival the connection breaks for both
	 * sides; 0: at once
	 */
	uint64_t cut_at;
	uint64_t stall_at; /**< number of bytes after which neither bytes nor the end arrive */
	/**
	 * the most bytes in transit; 0: 65,536. When the receiver does not read, the sender is
	 * blocked at this number
	 */
	size_t window_bytes;
};

/** Initialises a struct envoi_memory_script: bytes arrive at once, and no connection is cut. */
#define ENVOI_MEMORY_SCRIPT_INIT \
	{ \
		.cut_at = ENVOI_MEMORY_NEVER, .stall_at = ENVOI_MEMORY_NEVER \
	}

/**
 * A connection in memory with two ends, each of which is made once: a channel, a transport, or an
 * end of raw bytes for a scripted peer. It uses deferred calls and timers of the context's loop
 * only, so that it runs in virtual time. Reference-counted: the ends hold references; other
 * references are needed only for changing scripts and reading counters.
 */
struct envoi_memory_pair;

/** One end of raw bytes. */
struct envoi_memory_end;

/** Make a pair; the caller owns the first reference. Without a script both directions are fast and
 * reliable. Nothing moves before both ends are made.
 * @retval ENVOI_ERR_NOMEM */
ENVOI_API ENVOI_MUST_CHECK int envoi_memory_pair_new(
	struct envoi_memory_pair **ret_pair, struct envoi_context *context);
/** Take a reference. @return @p pair */
ENVOI_API struct envoi_memory_pair *envoi_memory_pair_ref(struct envoi_memory_pair *pair);
/** Drop a reference; NULL is allowed. An end that was never made does not end the connection.
 * @return NULL */
ENVOI_API struct envoi_memory_pair *envoi_memory_pair_unref(struct envoi_memory_pair *pair);

/** Set the script for the bytes of @p side that have not arrived yet; at any time. */
ENVOI_API void envoi_memory_pair_script(struct envoi_memory_pair *pair, enum envoi_memory_side side,
	const struct envoi_memory_script *script);

/** Break the connection now; both ends are notified from the loop; bytes that have not arrived are
 * lost. */
ENVOI_API void envoi_memory_pair_cut(struct envoi_memory_pair *pair);

/** @return bytes that @p side has sent since the beginning */
ENVOI_API uint64_t envoi_memory_pair_sent(
	const struct envoi_memory_pair *pair, enum envoi_memory_side side);
/** @return those of them that have arrived */
ENVOI_API uint64_t envoi_memory_pair_arrived(
	const struct envoi_memory_pair *pair, enum envoi_memory_side side);

/**
 * Make one end a channel (<envoi/interfaces/channel.h>), named "memory".
 *
 * @retval ENVOI_ERR_STATE  this end was made before
 * @retval ENVOI_ERR_NOMEM
 */
ENVOI_API ENVOI_MUST_CHECK int envoi_memory_channel_new(struct envoi_channel **ret_channel,
	struct envoi_memory_pair *pair, enum envoi_memory_side side);

/**
 * Make one end a transport, named "memory". It can do STARTTLS.
 *
 * @param settings  limits.output-bytes, limits.before-login.*, loop.slice-stanzas,
 *                  stream.element-timeout, stream.write-timeout; borrowed for the call; NULL:
 *                  defaults
 * @param is_secure  the transport counts as secure without TLS, since no other program reads this
 *                   memory; false: it is secure with TLS only
 * @retval ENVOI_ERR_STATE  this end was made before
 * @retval ENVOI_ERR_NOMEM
 */
ENVOI_API ENVOI_MUST_CHECK int envoi_memory_transport_new(struct envoi_transport **ret_transport,
	struct envoi_memory_pair *pair, enum envoi_memory_side side,
	const struct envoi_settings *settings, bool is_secure);

/**
 * A raw end has changed: bytes arrived, or the other side ended, or the connection broke. Called
 * from the loop; the end may be freed inside.
 */
typedef void envoi_memory_fn(void *user, struct envoi_memory_end *end);

/**
 * Make one end an end of raw bytes.
 *
 * @param changed  NULL: none
 * @retval ENVOI_ERR_STATE  this end was made before
 * @retval ENVOI_ERR_NOMEM
 */
ENVOI_API ENVOI_MUST_CHECK int envoi_memory_end_new(struct envoi_memory_end **ret_end,
	struct envoi_memory_pair *pair, enum envoi_memory_side side, envoi_memory_fn *changed,
	void *user);

/** Free an end; the other side receives the end after the bytes sent. NULL is allowed. */
ENVOI_API void envoi_memory_end_free(struct envoi_memory_end *end);

/**
 * Send bytes. Bytes beyond the window wait in the end.
 * @retval ENVOI_ERR_STATE  after envoi_memory_end_shut_down(), or the connection is broken
 * @retval ENVOI_ERR_NOMEM  no byte was taken
 */
ENVOI_API ENVOI_MUST_CHECK int envoi_memory_end_send(
	struct envoi_memory_end *end, const void *data, size_t len);

/** Stop sending: the other side receives the end after the bytes sent. */
ENVOI_API void envoi_memory_end_shut_down(struct envoi_memory_end *end);

/** @return the bytes that have arrived; the owner may consume any part */
ENVOI_API struct envoi_buffer *envoi_memory_end_received(struct envoi_memory_end *end);

/** Stop or resume reading. While it is stopped the other side blocks at the window. */
ENVOI_API void envoi_memory_end_pause(struct envoi_memory_end *end, bool is_paused);

/** @return whether the other side has ended or the connection is broken: no more bytes arrive */
ENVOI_API bool envoi_memory_end_is_over(const struct envoi_memory_end *end);

/** @return the pair; borrowed, lives as long as @p end */
ENVOI_API struct envoi_memory_pair *envoi_memory_end_pair(const struct envoi_memory_end *end);

/**
 * A connection is made; called from the loop. The connecting side is A. Make side B of @p pair a
 * channel, a transport or a raw end, now or later.
 *
 * @param pair    borrowed: envoi_memory_pair_ref() to keep it
 * @param domain  the domain to connect to; borrowed
 * @retval ENVOI_OK     the connector reports its transport
 * @retval ENVOI_AGAIN  the connection fails at the target's timeout
 * @retval <0           the connector fails with this code
 */
typedef int envoi_memory_accept_fn(void *user, struct envoi_memory_pair *pair, const char *domain);

/**
 * Make a connector whose connections are memory pairs, a new one each time. When tls.mode is
 * `direct`, the other side must do TLS from the first byte (XEP-0368), and the transport is handed
 * over after the handshake.
 *
 * @param accept     called for each connection with @p user; both must outlive the connector
 * @param is_secure  transports count as secure without TLS
 * @retval ENVOI_ERR_NOMEM
 */
ENVOI_API ENVOI_MUST_CHECK int envoi_memory_connector_new(struct envoi_connector **ret_connector,
	struct envoi_context *context, envoi_memory_accept_fn *accept, void *user, bool is_secure);

#ifdef __cplusplus
}
#endif
#endif
