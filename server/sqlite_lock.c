/*
 * envoi-server - the SQLite store: one process at a time
 * SPDX-License-Identifier: MIT
 */
/*
 * Two servers on one store would not see what the other writes: a server keeps rosters in memory. A
 * lock of the database itself would keep out copies of it, too (sqlite3 .backup). So a file beside
 * it is locked; it stays, because removing it would let two processes lock two files of its name.
 */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

#include <envoi/context.h>

#include "sqlite_inside.h"

enum {
	READABLE_BY_USER = 0600, /* verifiers and messages are in it */
};

static int open_made(const char *path)
{
	return open(path, O_RDWR | O_CREAT | O_CLOEXEC, READABLE_BY_USER);
}

static int lock_file(
	int *ret_fd, const char *lock_path, const struct envoi__sqlite_opening *opening)
{
	int fd = open_made(lock_path);
	if (fd < 0) {
		return envoi__sqlite_fail(opening, ENVOI_ERR_SYSTEM, strerror(errno));
	}
	if (flock(fd, LOCK_EX | LOCK_NB) < 0) {
		bool is_taken = errno == EWOULDBLOCK;
		const char *why = is_taken ? "another server uses it" : strerror(errno);
		close(fd);
		return envoi__sqlite_fail(
			opening, is_taken ? ENVOI_ERR_STATE : ENVOI_ERR_SYSTEM, why);
	}
	*ret_fd = fd;
	return ENVOI_OK;
}

/* SQLite would make it readable by everybody. Nothing has it open, or its locks would end here. */
static int make_file(const struct envoi__sqlite_opening *opening)
{
	int fd = open_made(opening->path);
	if (fd < 0) {
		return envoi__sqlite_fail(opening, ENVOI_ERR_SYSTEM, strerror(errno));
	}
	close(fd);
	return ENVOI_OK;
}

int envoi__sqlite_lock(int *ret_fd, const struct envoi__sqlite_opening *opening)
{
	static const char suffix[] = ".lock";
	size_t len = strlen(opening->path);
	char *lock_path = envoi_alloc(opening->context, len + sizeof(suffix));
	if (lock_path == NULL) {
		return envoi__sqlite_fail(
			opening, ENVOI_ERR_NOMEM, envoi_error_text(ENVOI_ERR_NOMEM));
	}
	memcpy(lock_path, opening->path, len);
	memcpy(lock_path + len, suffix, sizeof(suffix));
	int r = lock_file(ret_fd, lock_path, opening);
	if (r == ENVOI_OK) {
		r = make_file(opening);
	}
	envoi_free(opening->context, lock_path);
	return r;
}
