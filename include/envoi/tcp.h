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

struct envoi_connector;
struct envoi_context;
struct envoi_settings;
struct envoi_transport;

/**
 * A transport, named "tcp", on a connected stream socket; it can do STARTTLS. The socket becomes
 * non-blocking and close-on-exec, and Nagle's delay is switched off: a turn's output is written in
 * one piece anyway.
 *
 * @param fd        taken: closed on failure too
 * @param settings  limits.output-bytes, limits.before-login.*, loop.slice-stanzas; borrowed for
 *                  the call; NULL: defaults
 * @retval ENVOI_ERR_SYSTEM, ENVOI_ERR_NOMEM
 */
ENVOI_API ENVOI_MUST_CHECK int envoi_tcp_transport_new(struct envoi_transport **ret_transport,
	struct envoi_context *context, int fd, const struct envoi_settings *settings);

/**
 * A connector that finds a server by DNS and connects to it (<envoi/interfaces/dial.h> says how),
 * by the settings server, port, resolve.timeout and connect.timeout, and by the settings of
 * envoi_tcp_transport_new().
 */
ENVOI_API ENVOI_MUST_CHECK int envoi_tcp_connector_new(
	struct envoi_connector **ret_connector, struct envoi_context *context);

#ifdef __cplusplus
}
#endif
#endif
