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
 * A channel (<envoi/interfaces/channel.h>), named "tcp", on a connected stream socket: for servers
 * with direct TLS, say. The socket is treated as by envoi_tcp_transport_new().
 *
 * @param fd  taken: closed on failure too
 * @retval ENVOI_ERR_SYSTEM, ENVOI_ERR_NOMEM
 */
ENVOI_API ENVOI_MUST_CHECK int envoi_tcp_channel_new(
	struct envoi_channel **ret_channel, struct envoi_context *context, int fd);

/**
 * A transport, named "tcp", on a connected stream socket; it can do STARTTLS. The socket becomes
 * non-blocking and close-on-exec, and Nagle's delay is switched off: a turn's output is written in
 * one piece anyway.
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
 * A connector that finds a server by DNS and connects to it (<envoi/interfaces/dial.h> says how),
 * by the settings server, port, tls.mode, resolve.timeout, connect.timeout, connect.stagger and
 * tls.timeout, and by the settings of envoi_tcp_transport_new(). With direct TLS (XEP-0368) the
 * transport is secure when it is handed over: SNI and the name to be proved are those of the domain
 * that the user gave, and "xmpp-client" is offered by ALPN (RFC 7301); a server that selects
 * nothing is taken, as most do not know it, one that selects something else is left.
 *
 * Names are looked up by the context's resolver, or, by the setting resolve.servers, by one of its
 * own that asks those servers.
 */
ENVOI_API ENVOI_MUST_CHECK int envoi_tcp_connector_new(
	struct envoi_connector **ret_connector, struct envoi_context *context);

#ifdef __cplusplus
}
#endif
#endif
