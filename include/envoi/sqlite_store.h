/*
 * envoi - the store of a server in a file, on SQLite
 * SPDX-License-Identifier: MIT
 */
#ifndef ENVOI_SQLITE_STORE_H
#define ENVOI_SQLITE_STORE_H

#include <envoi/error.h>
#include <envoi/export.h>
#include <envoi/failure.h>
#include <envoi/interfaces/store.h>

#ifdef __cplusplus
extern "C" {
#endif

struct envoi_context;

/*
 * A store (<envoi/interfaces/store.h>) whose contents survive the process, and a crash of the
 * machine. It is part of libenvoi-server, if that was built with SQLite. doc/server-store.md
 * describes the file and how to copy it.
 *
 * A thread of the store reads and writes, so the loop does not wait for the disk. The jobs that are
 * begun in one turn of the loop, and those that are begun while the thread waits for the disk, are
 * one transaction, with one synchronisation of the file: a job ends when its transaction is
 * committed.
 *
 * When the disk is full, or the file cannot be written for another reason, jobs that write end with
 * ENVOI_ERR_SYSTEM. The reason is logged once, until writing works again. Jobs that read succeed as
 * long as the file can be read.
 *
 * As long as there is a store, envoi_loop_run() does not end by itself.
 */

/** What a store is made with. Members are OPTIONAL unless marked REQUIRED. */
struct envoi_sqlite_store_options {
	/** REQUIRED; copied. Files with this name, followed by `.lock`, `-wal` or `-shm`, belong to
	 * the store, too */
	const char *path;
	/** how long a job waits for a lock of another program on the file, in ms; 0: 5,000 */
	unsigned int lock_wait_ms;
};

/**
 * Open a file, which is made if it does not exist, readable by its user only. A file of an older
 * version of the library is converted to the current format. The call reads and writes the file
 * before it returns: call it before the program serves connections.
 *
 * @param[out] ret_store    free it with envoi_store_destroy(), which waits for the jobs that were
 *                          begun, canceled ones included
 * @param context           a reference is taken
 * @param options           borrowed for the call
 * @param[out] ret_failure  set on failure, with the reason as its text; NULL: not wanted
 * @retval ENVOI_ERR_INVALID      the file is damaged, or is not a store; there is no path
 * @retval ENVOI_ERR_UNSUPPORTED  a newer version of the library has written the file
 * @retval ENVOI_ERR_STATE        another process, or another store of this one, has the file open
 * @retval ENVOI_ERR_SYSTEM       the file cannot be opened, read or written
 * @retval ENVOI_ERR_NOMEM
 */
ENVOI_API ENVOI_MUST_CHECK int envoi_store_open_sqlite(struct envoi_store **ret_store,
	struct envoi_context *context, const struct envoi_sqlite_store_options *options,
	struct envoi_failure *ret_failure);

/**
 * Check the file of a store, without changing it: whether envoi_store_open_sqlite() could open it,
 * as far as that depends on the file. All of it is read. A file that does not exist is no error if
 * its folder can be written. The file may be open in a server.
 *
 * @param context, options, ret_failure  as of envoi_store_open_sqlite()
 * @retval ENVOI_ERR_INVALID, ENVOI_ERR_UNSUPPORTED, ENVOI_ERR_SYSTEM, ENVOI_ERR_NOMEM  as of
 *         envoi_store_open_sqlite()
 */
ENVOI_API ENVOI_MUST_CHECK int envoi_store_check_sqlite(struct envoi_context *context,
	const struct envoi_sqlite_store_options *options, struct envoi_failure *ret_failure);

#ifdef __cplusplus
}
#endif
#endif
