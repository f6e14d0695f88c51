/*
 * envoi - XMPP over WebSocket: frames (RFC 6455, RFC 7395)
 * SPDX-License-Identifier: MIT
 */
#ifndef ENVOI_WEBSOCKET_FRAMING_H
#define ENVOI_WEBSOCKET_FRAMING_H

#include <stdbool.h>
#include <stddef.h>

#include <envoi/interfaces/role.h>

struct envoi_buffer;
struct envoi_context;
struct envoi__framing;
struct envoi__http_url;

#define ENVOI__WEBSOCKET_NS "urn:ietf:params:xml:ns:xmpp-framing"

/** How a connection changes from HTTP to WebSocket. */
struct envoi__websocket_upgrade {
	const struct envoi__http_url *url; /**< copied */
	size_t head_bytes; /**< the largest head of the response */
	/** called once, from the loop, when the server has changed to WebSocket; it may set the
	 * transport aside or destroy it */
	void (*upgraded)(void *user);
	void *user;
};

/**
 * Make a framing.
 *
 * @param upgrade  of an initiator: it begins with the request. NULL: the connection has changed to
 *                 WebSocket already
 * @retval ENVOI_ERR_NOMEM
 * @retval ENVOI_ERR_SYSTEM  there are no random numbers
 */
int envoi__websocket_framing_new(struct envoi__framing **ret_framing, struct envoi_context *context,
	enum envoi_role role, const struct envoi__websocket_upgrade *upgrade);

/** Let a framing that has changed already begin with the response that says so. @param greeting
 * taken, and empty then */
void envoi__websocket_framing_greet(struct envoi__framing *framing, struct envoi_buffer *greeting);

#endif
