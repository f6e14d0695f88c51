/*
 * envoi - XMPP over TCP: the file of a Unix-domain socket
 * SPDX-License-Identifier: MIT
 */
#ifndef ENVOI_TCP_SOCKET_FILE_H
#define ENVOI_TCP_SOCKET_FILE_H

#include <sys/types.h>

/** The file of a Unix-domain socket. */
struct tcp_socket_file {
	dev_t device;
	ino_t inode;
	char path[];
};

/** Remove the file, unless its path leads to another one now.
 * @param file  NULL: there is none
 * @retval ENVOI_ERR_SYSTEM  errno(3) says why */
int envoi__tcp_socket_file_unlink(const struct tcp_socket_file *file);

#endif
