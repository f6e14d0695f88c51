/*
 * envoi - XMPP over TCP: sockets that listen
 * SPDX-License-Identifier: MIT
 */
#ifndef ENVOI_TCP_SOURCE_H
#define ENVOI_TCP_SOURCE_H

struct envoi_listener;
struct tcp_socket_file;

enum {
	TCP_BACKLOG = 1024, /* the system limits it: net.core.somaxconn */
};

/** Add a source that accepts on a socket.
 * @param fd    listens, non-blocking and closed on exec; taken: closed on failure too
 * @param file  to remove with the source, memory of the listener's context; taken: removed on
 *              failure too; NULL: none
 * @retval ENVOI_ERR_NOMEM */
int envoi__tcp_source_add(
	struct envoi_listener *listener, const char *service, int fd, struct tcp_socket_file *file);

#endif
