/*
 * envoi-server - the SQLite store: a file is checked and not changed
 * SPDX-License-Identifier: MIT
 */
#include <errno.h>
#include <limits.h>
#include <string.h>
#include <unistd.h>

#include <envoi/context.h>
#include <envoi/sqlite_store.h>

#include "sqlite_inside.h"

/* @return ENVOI_OK: a file can be made in the folder of the path */
static int check_folder(const struct envoi__sqlite_opening *opening)
{
	const char *slash = strrchr(opening->path, '/');
	size_t len = slash == NULL ? 0 : (size_t)(slash - opening->path) + 1;
	char *folder = len == 0 ? envoi_strndup(opening->context, ".", 1)
				: envoi_strndup(opening->context, opening->path, len);
	if (folder == NULL) {
		return envoi__sqlite_fail(
			opening, ENVOI_ERR_NOMEM, envoi_error_text(ENVOI_ERR_NOMEM));
	}
	int r = access(folder, W_OK | X_OK);
	envoi_free(opening->context, folder);
	return r < 0 ? envoi__sqlite_fail(opening, ENVOI_ERR_SYSTEM, strerror(errno)) : ENVOI_OK;
}

static int read_all(sqlite3 *db, const struct envoi__sqlite_opening *opening)
{
	sqlite3_stmt *rows;
	int r = sqlite3_prepare_v2(db, "PRAGMA quick_check(1)", -1, &rows, NULL);
	if (r == SQLITE_OK) {
		r = sqlite3_step(rows);
	}
	if (r == SQLITE_ROW) {
		const char *words = (const char *)sqlite3_column_text(rows, 0);
		r = words != NULL && strcmp(words, "ok") == 0 ? SQLITE_OK : SQLITE_CORRUPT;
	}
	r = envoi__sqlite_result(db, r);
	sqlite3_finalize(rows);
	return envoi__sqlite_fail_by(opening, r);
}

static int check_file(const struct envoi__sqlite_opening *opening)
{
	sqlite3 *db = NULL;
	int wait_ms = opening->lock_wait_ms > INT_MAX ? INT_MAX : (int)opening->lock_wait_ms;
	int64_t version;
	int r = sqlite3_open_v2(
		opening->path, &db, SQLITE_OPEN_READONLY | SQLITE_OPEN_NOMUTEX, NULL);
	if (r == SQLITE_OK) {
		r = sqlite3_busy_timeout(db, wait_ms);
	}
	r = envoi__sqlite_fail_by(opening, r & 0xff);
	if (r == ENVOI_OK) {
		r = envoi__sqlite_schema_check(db, opening, &version);
	}
	if (r == ENVOI_OK) {
		r = read_all(db, opening);
	}
	sqlite3_close(db);
	return r;
}

int envoi_store_check_sqlite(struct envoi_context *context,
	const struct envoi_sqlite_store_options *options, struct envoi_failure *ret_failure)
{
	struct envoi_failure unwanted;
	struct envoi__sqlite_opening opening;
	int r = envoi__sqlite_opening_init(
		&opening, context, options, ret_failure == NULL ? &unwanted : ret_failure);
	if (r < 0) {
		return r;
	}
	if (access(opening.path, F_OK) < 0) {
		return check_folder(&opening);
	}
	return access(opening.path, R_OK | W_OK) < 0
		? envoi__sqlite_fail(&opening, ENVOI_ERR_SYSTEM, strerror(errno))
		: check_file(&opening);
}
