/*
 * envoi - stream transports of one's own: whatever moves octets both ways, in order
 * SPDX-License-Identifier: MIT
 */
#ifndef ENVOI_INTERFACES_OCTETS_H
#define ENVOI_INTERFACES_OCTETS_H

#include <stdbool.h>
#include <stddef.h>

#include <envoi/error.h>
#include <envoi/export.h>
#include <envoi/interfaces/transport.h>

#ifdef __cplusplus
extern "C" {
#endif

/*
 * A pipe, a serial line, a socket of another kind: somebody who only moves octets is a channel. The
 * library makes a transport of it: parser, output queue and its limits, STARTTLS, closing, stream
 * errors, and the order in which things are told; all that <envoi/interfaces/transport.h> asks for.
 * The transports tcp and memory are made the same way. doc/examples/pipe_transport.c is a channel
 * with its connector. What is not one long XML document (WebSocket, BOSH) is no channel: that is a
 * transport from the ground.
 */

struct envoi_channel;
struct envoi_octets;

enum {
	ENVOI_CHANNEL_READ_BYTES = 16384, /**< the most to pass up at a time */
};

/** What a channel does. All are REQUIRED. None of them may call envoi_channel_...(). */
struct envoi_channel_impl {
	const char *name; /**< of the transport: "pipe" */

	/** Begin to move; reading as want_read says. @retval <0  the transport's start fails with it */
	int (*start)(struct envoi_channel *channel);

	/**
	 * Take octets to send. After it took less it may be called again at any time, with more.
	 * @param[out] ret_taken  how many; when fewer than @p len, envoi_channel_writable() follows
	 * @retval <0  it takes no more, ever; it may still have something to read
	 */
	int (*send)(struct envoi_channel *channel, const char *data, size_t len, size_t *ret_taken);

	/** Whether envoi_channel_received(), _ended() and _broken() may come: how a peer is held up.
	 * At first they may not. Called before start too. @retval <0 it cannot: the connection ends */
	int (*want_read)(struct envoi_channel *channel, bool wanted);

	/** Nothing more will be sent: show the peer the end, if there is a way. */
	void (*shut_down)(struct envoi_channel *channel);

	/** Let go of descriptors, watches and timers: nothing may call up afterwards. Idempotent; the
	 * memory stays until destroy. */
	void (*disconnect)(struct envoi_channel *channel);

	/** Free the memory. Comes last, once, when no envoi_channel_...() is on the stack. */
	void (*destroy)(struct envoi_channel *channel);

	/** @return for people, "/dev/ttyS0"; borrowed, lives as long as the channel */
	const char *(*peer_name)(const struct envoi_channel *channel);
};

/** Base of every channel; embedded anywhere (ENVOI_CONTAINER_OF). */
struct envoi_channel {
	const struct envoi_channel_impl *impl;
	struct envoi_context *context; /**< set by envoi_octets_transport_new(); borrowed */
	struct envoi_octets *octets; /**< the library's */
};

/**
 * Make a transport of a channel, not started.
 *
 * @param channel    taken, its @p impl set: disconnected and destroyed on failure too
 * @param settings   limits.output-bytes, limits.before-login.*, loop.slice-stanzas,
 *                   stream.element-timeout, stream.write-timeout; borrowed for the call; NULL:
 *                   defaults
 * @param is_secure  others can neither read nor change what moves here: then no TLS is asked for, and
 *                   passwords may be sent. Yours to know
 * @retval ENVOI_ERR_NOMEM
 */
ENVOI_API ENVOI_MUST_CHECK int envoi_octets_transport_new(struct envoi_transport **ret_transport,
	struct envoi_context *context, struct envoi_channel *channel,
	const struct envoi_settings *settings, bool is_secure);

/*
 * What a channel tells, always from the loop. The transport may be freed inside each of these:
 * disconnect has come then, and, unless envoi_channel_enter() holds it, destroy as well: after the
 * call nothing of the channel may be touched.
 */

/** Octets came: at most ENVOI_CHANNEL_READ_BYTES. */
ENVOI_API void envoi_channel_received(struct envoi_channel *channel, const char *data, size_t len);
/** More can be sent, after `send` took less than it was given. */
ENVOI_API void envoi_channel_writable(struct envoi_channel *channel);
/** The peer will send no more. */
ENVOI_API void envoi_channel_ended(struct envoi_channel *channel);
/** Nothing moves any more, in no direction. @param code usually ENVOI_ERR_DISCONNECTED
 * @param text  for people; borrowed for the call */
ENVOI_API void envoi_channel_broken(struct envoi_channel *channel, int code, const char *text);

/** Keep the channel's memory until envoi_channel_leave(): around several of these in one callback,
 * or to look at the channel afterwards. */
ENVOI_API void envoi_channel_enter(struct envoi_channel *channel);
/** One for each envoi_channel_enter(); the channel may be gone when it returns. */
ENVOI_API void envoi_channel_leave(struct envoi_channel *channel);

#ifdef __cplusplus
}
#endif
#endif
