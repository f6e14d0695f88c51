/*
 * envoi - XMPP over TCP: Unix-domain sockets to listen on
 * SPDX-License-Identifier: MIT
 */
#include <errno.h>
#include <stdbool.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <envoi/context.h>
#include <envoi/listener.h>
#include <envoi/tcp.h>

#include "tcp_socket_file.h"
#include "tcp_source.h"

static int fill_address(struct sockaddr_un *ret_own, const char *path)
{
	*ret_own = (struct sockaddr_un){.sun_family = AF_UNIX};
	if (path == NULL || path[0] == '\0' || strlen(path) >= sizeof(ret_own->sun_path)) {
		return ENVOI_ERR_INVALID;
	}
	memcpy(ret_own->sun_path, path, strlen(path) + 1);
	return ENVOI_OK;
}

static int open_socket(int *ret_fd)
{
	*ret_fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	return *ret_fd < 0 ? ENVOI_ERR_SYSTEM : ENVOI_OK;
}

/* --- the file --- */

/* @retval ENVOI_ERR_INVALID  not a socket */
static int identify(struct tcp_socket_file *file)
{
	struct stat status;
	if (lstat(file->path, &status) < 0) {
		return ENVOI_ERR_SYSTEM;
	}
	file->device = status.st_dev;
	file->inode = status.st_ino;
	return S_ISSOCK(status.st_mode) ? ENVOI_OK : ENVOI_ERR_INVALID;
}

/* @retval ENVOI_ERR_EXISTS  a program listens there */
static int check_stale(const struct sockaddr_un *own)
{
	int fd;
	int r = open_socket(&fd);
	if (r < 0) {
		return r;
	}
	bool is_stale = connect(fd, (const struct sockaddr *)own, sizeof(*own)) < 0 &&
		errno == ECONNREFUSED;
	close(fd);
	return is_stale ? ENVOI_OK : ENVOI_ERR_EXISTS;
}

/* Remove the file of a program that has ended without removing it. */
static int remove_stale(struct tcp_socket_file *file, const struct sockaddr_un *own)
{
	int r = identify(file);
	if (r == ENVOI_ERR_SYSTEM && errno == ENOENT) {
		return ENVOI_OK;
	}
	if (r == ENVOI_OK) {
		r = check_stale(own);
	}
	return r == ENVOI_OK ? envoi__tcp_socket_file_unlink(file) : r;
}

/* --- the socket --- */

/* No connection is possible between bind(2) and chmod(2): listen(2) comes after both. */
static int make_listen(struct tcp_socket_file *file, int fd, unsigned int mode)
{
	int r = identify(file);
	bool is_listening = r == ENVOI_OK && chmod(file->path, (mode_t)mode) == 0 &&
		listen(fd, TCP_BACKLOG) == 0;
	if (!is_listening) {
		int error = errno;
		unlink(file->path);
		errno = error;
	}
	return r == ENVOI_OK && !is_listening ? ENVOI_ERR_SYSTEM : r;
}

static int open_listening(
	int *ret_fd, struct tcp_socket_file *file, const struct sockaddr_un *own, unsigned int mode)
{
	int r = open_socket(ret_fd);
	if (r < 0) {
		return r;
	}
	if (bind(*ret_fd, (const struct sockaddr *)own, sizeof(*own)) < 0) {
		r = errno == EADDRINUSE ? ENVOI_ERR_EXISTS : ENVOI_ERR_SYSTEM;
	} else {
		r = make_listen(file, *ret_fd, mode);
	}
	if (r < 0) {
		int error = errno;
		close(*ret_fd);
		errno = error;
	}
	return r;
}

int envoi_tcp_listen_unix(
	struct envoi_listener *listener, const char *service, const char *path, unsigned int mode)
{
	struct envoi_context *context = envoi_listener_context(listener);
	struct sockaddr_un own;
	int fd = -1;
	int r = service == NULL ? ENVOI_ERR_INVALID : fill_address(&own, path);
	if (r < 0) {
		return r;
	}
	struct tcp_socket_file *file = envoi_alloc(context, sizeof(*file) + strlen(path) + 1);
	if (file == NULL) {
		return ENVOI_ERR_NOMEM;
	}
	memcpy(file->path, path, strlen(path) + 1);
	r = remove_stale(file, &own);
	if (r == ENVOI_OK) {
		r = open_listening(&fd, file, &own, mode);
	}
	if (r < 0) {
		envoi_free(context, file);
		return r;
	}
	return envoi__tcp_source_add(listener, service, fd, file);
}
