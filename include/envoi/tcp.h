/*
 * envoi - XMPP over TCP (RFC 6120, section 3)
 * SPDX-License-Identifier: MIT
 */
#ifndef ENVOI_TCP_H
#define ENVOI_TCP_H

#include <stddef.h>
#include <stdint.h>

#include <envoi/error.h>
#include <envoi/export.h>

#ifdef __cplusplus
extern "C" {
#endif

struct envoi_channel;
struct envoi_connector;
struct envoi_context;
struct envoi_listener;
struct envoi_settings;
struct envoi_transport;

/**
 * Make a channel (<envoi/interfaces/channel.h>), named "tcp", of a connected stream socket; it may
 * be a Unix-domain socket. For connectors of an application (envoi_channel_connector_new()), and
 * for servers with direct TLS. The socket is set up as by envoi_tcp_transport_new().
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
 * is secure when it is reported: SNI and the name to verify are the domain that the user gave, and
 * ALPN (RFC 7301) offers "xmpp-client". A server that selects no protocol is accepted, because most
 * servers ignore ALPN; one that selects another protocol is refused.
 *
 * With proxy.type the connection goes through a SOCKS 5 or HTTP proxy, by the settings proxy.*: the
 * name of the server is sent to the proxy, and not looked up. Without a port it is connected to on
 * port 5223 with direct TLS, if target->tls is set and tls.mode allows it, then on port 5222.
 *
 * Names are looked up by the context's resolver, or, with the setting resolve.servers, by a
 * resolver of the connector that uses those name servers.
 */
ENVOI_API ENVOI_MUST_CHECK int envoi_tcp_connector_new(
	struct envoi_connector **ret_connector, struct envoi_context *context);

/* --- listening (<envoi/listener.h>) --- */

/*
 * Each function adds a source to a listener, which owns it. The sockets are non-blocking and closed
 * on exec, those of connections too. At most 16 connections are accepted in a turn of the loop.
 * When accept(2) fails for a reason other than an error of one connection, the reason is logged,
 * and the socket is not read for a second, or until a connection of the listener ends.
 *
 * @p service names the source: "xmpp-client", "xmpps-client"; copied, see
 * envoi_admission_service().
 */

/**
 * Listen for TCP connections.
 *
 * @param address   numeric, "192.0.2.1" or "2001:db8::1"; NULL: every address of both families, on
 *                  one socket, or of IPv4 where the system has no IPv6. An IPv6 address accepts no
 *                  IPv4 connections
 * @param port      0: the system chooses one
 * @param[out] ret_port  the port; NULL: not wanted
 * @retval ENVOI_ERR_INVALID  @p address is not numeric
 * @retval ENVOI_ERR_EXISTS   the port is in use
 * @retval ENVOI_ERR_SYSTEM   a system call failed: errno(3) has the reason
 * @retval ENVOI_ERR_NOMEM
 */
ENVOI_API ENVOI_MUST_CHECK int envoi_tcp_listen(struct envoi_listener *listener,
	const char *service, const char *address, uint16_t port, uint16_t *ret_port);

/**
 * Listen on a Unix-domain socket. A socket file that no program listens on any more is replaced.
 * The file is removed when the source is freed, unless another file has its name by then.
 *
 * @param path  copied
 * @param mode  permissions of the file, 0600 for example; they decide who may connect
 * @retval ENVOI_ERR_INVALID  @p path is too long or empty, or its file is not a socket
 * @retval ENVOI_ERR_EXISTS   another program listens there
 * @retval ENVOI_ERR_SYSTEM   a system call failed: errno(3) has the reason
 * @retval ENVOI_ERR_NOMEM
 */
ENVOI_API ENVOI_MUST_CHECK int envoi_tcp_listen_unix(
	struct envoi_listener *listener, const char *service, const char *path, unsigned int mode);

/**
 * Accept connections on a socket that listens already.
 *
 * @param fd  a stream socket, TCP or Unix-domain; taken: closed on failure too
 * @retval ENVOI_ERR_INVALID  @p fd is not such a socket
 * @retval ENVOI_ERR_SYSTEM, ENVOI_ERR_NOMEM
 */
ENVOI_API ENVOI_MUST_CHECK int envoi_tcp_listen_fd(
	struct envoi_listener *listener, const char *service, int fd);

/**
 * Find a descriptor that a service manager has passed, as systemd does (sd_listen_fds(3)): by
 * LISTEN_PID, LISTEN_FDS and LISTEN_FDNAMES in the environment.
 *
 * @param name      FileDescriptorName= of the socket unit; NULL: any
 * @param position  0 for the first with that name, 1 for the second, ...
 * @return the descriptor, for envoi_tcp_listen_fd()
 * @retval ENVOI_ERR_NOT_FOUND  there is none
 */
ENVOI_API int envoi_tcp_inherited_fd(const char *name, size_t position);

#ifdef __cplusplus
}
#endif
#endif
