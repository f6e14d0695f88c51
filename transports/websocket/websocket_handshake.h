/*
 * envoi - XMPP over WebSocket: the change from HTTP (RFC 6455, section 4)
 * SPDX-License-Identifier: MIT
 */
#ifndef ENVOI_WEBSOCKET_HANDSHAKE_H
#define ENVOI_WEBSOCKET_HANDSHAKE_H

#include <stddef.h>

struct envoi_buffer;
struct envoi_context;
struct envoi__http_head;
struct envoi__http_url;

enum {
	ENVOI__WEBSOCKET_KEY_SIZE = 25, /* 16 bytes in base64, and a NUL */
	ENVOI__WEBSOCKET_TEXT_SIZE = 160,
};

/** Make a key of the context's random source. @retval ENVOI_ERR_SYSTEM */
int envoi__websocket_key(struct envoi_context *context, char key[ENVOI__WEBSOCKET_KEY_SIZE]);

/** Append the request for the subprotocol `xmpp` (RFC 7395, section 3.1). @retval ENVOI_ERR_NOMEM
 * @retval ENVOI_ERR_INVALID  a value of @p url cannot be sent */
int envoi__websocket_request(
	struct envoi_buffer *out, const struct envoi__http_url *url, const char *key);

/**
 * Check the response (RFC 6455, section 4.1).
 *
 * @param[out] text  of the failure
 * @retval ENVOI_ERR_PROTOCOL
 */
int envoi__websocket_check_response(const struct envoi__http_head *head, const char *key,
	char text[ENVOI__WEBSOCKET_TEXT_SIZE]);

/**
 * Check a request (RFC 6455, section 4.2.1; RFC 7395, section 3.1).
 *
 * @return the status to answer with: 101; 426: it asks for no change to WebSocket, or for another
 *         version (section 4.4); 400: it is malformed, or does not offer the subprotocol `xmpp`
 */
int envoi__websocket_check_request(const struct envoi__http_head *head);

/** Append the response that accepts a request (section 4.2.2). Extensions are not negotiated.
 * @retval ENVOI_ERR_SYSTEM, ENVOI_ERR_NOMEM  a part of it may be appended */
int envoi__websocket_response(struct envoi_buffer *out, const struct envoi__http_head *head);

#endif
