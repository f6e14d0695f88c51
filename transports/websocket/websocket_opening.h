/*
 * envoi - XMPP over WebSocket: from a channel to a transport
 * SPDX-License-Identifier: MIT
 */
#ifndef ENVOI_WEBSOCKET_OPENING_H
#define ENVOI_WEBSOCKET_OPENING_H

#include <stddef.h>

#include <envoi/interfaces/channel.h>

struct envoi__http_url;
struct envoi__websocket_opening;

/** Everything is copied. */
struct envoi__websocket_opening_options {
	struct envoi_opening_options opening; /**< of the channel, TLS, and what is called */
	const struct envoi__http_url *url;
	size_t head_bytes; /**< the largest head of the response */
};

/**
 * Open a channel: the TLS handshake, if options->opening.tls is set, then the change to WebSocket
 * (RFC 6455, section 4), each within timeout_ms (0: the caller has a deadline of its own). `done`
 * is called as by envoi_opening_new(), with a failure in phase TLS or CONNECT.
 *
 * @param channel  taken, on failure too
 * Errors as envoi_opening_new(), and ENVOI_ERR_SYSTEM: there are no random numbers
 */
int envoi__websocket_opening_new(struct envoi__websocket_opening **ret_opening,
	struct envoi_context *context, struct envoi_channel *channel,
	const struct envoi__websocket_opening_options *options);

/** As envoi_opening_free(). */
void envoi__websocket_opening_free(struct envoi__websocket_opening *opening);

#endif
