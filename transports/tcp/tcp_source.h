/*
 * envoi - XMPP over TCP: sockets that listen
 * SPDX-License-Identifier: MIT
 */
#ifndef ENVOI_TCP_SOURCE_H
#define ENVOI_TCP_SOURCE_H

struct envoi_listener;

/** Add a source that accepts on a socket.
 * @param fd    listens, non-blocking and closed on exec; taken: closed on failure too
 * @param path  of the socket file to remove with the source; copied; NULL: none
 * @retval ENVOI_ERR_NOMEM */
int envoi__tcp_source_add(
	struct envoi_listener *listener, const char *service, int fd, const char *path);

#endif
