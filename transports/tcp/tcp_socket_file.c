/*
 * envoi - XMPP over TCP: the file of a Unix-domain socket
 * SPDX-License-Identifier: MIT
 */
#include "tcp_socket_file.h"

#include <stdbool.h>
#include <stddef.h>
#include <sys/stat.h>
#include <unistd.h>

#include <envoi/error.h>

int envoi__tcp_socket_file_unlink(const struct tcp_socket_file *file)
{
	struct stat now;
	bool is_there = file != NULL && lstat(file->path, &now) == 0 &&
		now.st_dev == file->device && now.st_ino == file->inode;
	return is_there && unlink(file->path) < 0 ? ENVOI_ERR_SYSTEM : ENVOI_OK;
}
