/*
 * envoi - XMPP over TCP (RFC 6120, section 3)
 * SPDX-License-Identifier: MIT
 */
#ifndef ENVOI_TCP_H
#define ENVOI_TCP_H

#include <envoi/error.h>
#include <envoi/export.h>

#ifdef __cplusplus
extern "C" {
#endif

struct envoi_channel;
struct envoi_connector;
struct envoi_context;
struct envoi_settings;
struct envoi_transport;

/**
 * Make a channel (<envoi/interfaces/channel.h>), named "tcp", of a connected stream socket; it may be
 * a Unix-domain socket. For connectors of an application (envoi_channel_connector_new()), and for
 * servers with direct TLS. The socket is set up as by envoi_tcp_transport_new().
 *
 * @param fd  taken: closed on failure too
 * @retval ENVOI_ERR_SYSTEM, ENVOI_ERR_NOMEM
 */
ENVOI_API ENVOI_MUST_CHECK int envoi_tcp_channel_new(
	struct envoi_channel **ret_channel, struct envoi_context *context, int fd);

/**
 * Make a transport, named "tcp", of a connected stream socket; it can do STARTTLS. The socket
 * becomes non-blocking and close-on-exec. Nagle's algorithm is disabled, because the output of a
 * turn is written in one piece.
 *
 * @param fd        taken: closed on failure too
 * @param settings  limits.output-bytes, limits.before-login.*, loop.slice-stanzas,
 *                  stream.element-timeout, stream.write-timeout; borrowed for the call; NULL:
 *                  defaults
 * @retval ENVOI_ERR_SYSTEM, ENVOI_ERR_NOMEM
 */
ENVOI_API ENVOI_MUST_CHECK int envoi_tcp_transport_new(struct envoi_transport **ret_transport,
	struct envoi_context *context, int fd, const struct envoi_settings *settings);

/**
 * Make a connector that finds a server by DNS and connects to it (see <envoi/interfaces/dial.h>).
 * It uses the settings server, port, tls.mode, resolve.timeout, connect.timeout, connect.stagger
 * and tls.timeout, and those of envoi_tcp_transport_new(). With direct TLS (XEP-0368) the transport
 * is secure when it is handed over: SNI and the name to verify are the domain that the user gave,
 * and ALPN (RFC 7301) offers "xmpp-client". A server that selects no protocol is accepted, because
 * most servers ignore ALPN; one that selects another protocol is refused.
 *
 * Names are looked up by the context's resolver, or, with the setting resolve.servers, by a
 * resolver of the connector that uses those name servers.
 */
ENVOI_API ENVOI_MUST_CHECK int envoi_tcp_connector_new(
	struct envoi_connector **ret_connector, struct envoi_context *context);

#ifdef __cplusplus
}
#endif
#endif
