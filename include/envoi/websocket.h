/*
 * envoi - XMPP over WebSocket (RFC 7395)
 * SPDX-License-Identifier: MIT
 */
#ifndef ENVOI_WEBSOCKET_H
#define ENVOI_WEBSOCKET_H

#include <envoi/error.h>
#include <envoi/export.h>

#ifdef __cplusplus
extern "C" {
#endif

struct envoi_connector;
struct envoi_context;
struct envoi_transport;
struct envoi_web_connection;

/**
 * Make a connector of WebSocket URLs: `wss://example.org/xmpp`. Targets without a URL, and URLs of
 * other schemes, are refused with ENVOI_ERR_UNSUPPORTED.
 *
 * The connector connects to the host of the URL, or to that of the setting server in its place
 * (<envoi/interfaces/dial.h>); the setting port is not used. The TLS handshake, with ALPN
 * "http/1.1", is followed by the change from HTTP to WebSocket (RFC 6455, section 4). The dialog of
 * a proxy, the handshake and the change together have tls.timeout, which begins again after a trust
 * decision. The certificate must be for the host of the URL; if the host is an address, for the
 * domain. A `ws:` URL is not encrypted: it is accepted only without target->tls, that is for a
 * client with tls.mode none. Redirects are not followed: the failure names their target.
 *
 * The transport is named "websocket". Each element is one message and one frame, never a fragment
 * (RFC 7395, section 3.3.3); fragments of the peer are accepted. A keepalive is a ping frame
 * (section 3.8). A message is limited to the largest element (limits.stanza-bytes and
 * limits.skip-bytes) before any of it is kept. Of several pings only the latest is answered while
 * output is pending (RFC 6455, section 5.5.3). The head of the response is limited by
 * limits.http-head-bytes; the settings of envoi_tcp_transport_new() apply as well.
 *
 * @retval ENVOI_ERR_NOMEM
 */
ENVOI_API ENVOI_MUST_CHECK int envoi_websocket_connector_new(
	struct envoi_connector **ret_connector, struct envoi_context *context);

/**
 * Accept a request for WebSocket (RFC 6455, section 4.2; RFC 7395, section 3.1): make a transport
 * of the connection, for envoi_acceptor_accept() or envoi_server_accept(). The connection is
 * consumed; its `closed` is not called. The caller checks the origin of the request before
 * (envoi_web_origin_is_allowed()).
 *
 * Frames of a client without a mask, of extensions, and control frames that are fragmented or
 * longer than 125 bytes end it with status 1002, binary ones with 1003, a message that is not one
 * element with 1007, and one that is larger than the largest element with 1009. Extensions,
 * compression among them, are not negotiated. Within TLS it has channel bindings.
 *
 * @param[out] ret_transport  not started; owned by the caller
 * @param connection          whose request waits for an answer
 * @retval ENVOI_DECLINED   the request is malformed, has another version, or does not offer the
 *                          subprotocol `xmpp`. It was answered with 400 or 426; the connection
 *                          continues
 * @retval ENVOI_ERR_STATE  no request waits for an answer
 * @retval ENVOI_ERR_NOMEM, ENVOI_ERR_SYSTEM  the connection was freed
 */
ENVOI_API ENVOI_MUST_CHECK int envoi_websocket_accept(
	struct envoi_transport **ret_transport, struct envoi_web_connection *connection);

#ifdef __cplusplus
}
#endif
#endif
