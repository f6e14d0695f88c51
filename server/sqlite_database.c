/*
 * envoi-server - the SQLite store: opening a database, and statements
 * SPDX-License-Identifier: MIT
 */
#include <errno.h>
#include <limits.h>
#include <string.h>

#include <envoi/sqlite_store.h>

#include "sqlite_inside.h"

#define LOCK_WAIT_MS 5000

static const char *const texts[] = {
#define TEXT_OF(name, text) text,
	ENVOI__SQLITE_STATEMENTS(TEXT_OF)
#undef TEXT_OF
};

const char *envoi__sqlite_words(int code)
{
	switch (code) {
	case SQLITE_FULL:
		return "the disk is full";
	case SQLITE_BUSY:
	case SQLITE_LOCKED:
		return "another program has locked it";
	case SQLITE_CORRUPT:
	case SQLITE_NOTADB:
		return "it is damaged: put back a copy";
	case SQLITE_READONLY:
		return "it is read-only";
	case SQLITE_CANTOPEN:
	case SQLITE_PERM:
		return "a file cannot be opened";
	case SQLITE_IOERR:
		return "the disk has failed";
	default:
		return sqlite3_errstr(code);
	}
}

int envoi__sqlite_fail(const struct envoi__sqlite_opening *opening, int code, const char *why)
{
	envoi_failure_set(opening->failure, opening->context, ENVOI_PHASE_NONE, code,
		"the store %s cannot be opened: %s", opening->path, why);
	return code;
}

int envoi__sqlite_opening_init(struct envoi__sqlite_opening *opening, struct envoi_context *context,
	const struct envoi_sqlite_store_options *options, struct envoi_failure *failure)
{
	*opening = (struct envoi__sqlite_opening){
		.context = context,
		.path = options->path,
		.lock_wait_ms = options->lock_wait_ms == 0 ? LOCK_WAIT_MS : options->lock_wait_ms,
		.failure = failure,
	};
	bool is_name = options->path != NULL && options->path[0] != '\0' && options->path[0] != ':';
	return is_name
		? ENVOI_OK
		: envoi__sqlite_fail(opening, ENVOI_ERR_INVALID, "that is no name of a file");
}

static int opening_code(int sqlite)
{
	switch (sqlite) {
	case SQLITE_NOMEM:
		return ENVOI_ERR_NOMEM;
	case SQLITE_CORRUPT:
	case SQLITE_NOTADB:
		return ENVOI_ERR_INVALID;
	default:
		return ENVOI_ERR_SYSTEM;
	}
}

int envoi__sqlite_fail_by(const struct envoi__sqlite_opening *opening, int sqlite)
{
	return sqlite == SQLITE_OK
		? ENVOI_OK
		: envoi__sqlite_fail(opening, opening_code(sqlite), envoi__sqlite_words(sqlite));
}

/* --- statements --- */

static int prepare(struct envoi__sqlite_database *database, enum envoi__sqlite_statement statement,
	sqlite3_stmt **ret_prepared)
{
	sqlite3_stmt **prepared = &database->statements[statement];
	int r = SQLITE_OK;
	if (*prepared == NULL) {
		r = sqlite3_prepare_v3(database->db, texts[statement], -1,
			SQLITE_PREPARE_PERSISTENT, prepared, NULL);
	}
	*ret_prepared = *prepared;
	return r;
}

static int bind_text(
	sqlite3_stmt *prepared, int parameter, size_t text, const struct envoi__sqlite_text *value)
{
	if (value->at == NULL) {
		return sqlite3_bind_null(prepared, parameter);
	}
	if (text == ENVOI__SQLITE_DATA) {
		return sqlite3_bind_blob64(
			prepared, parameter, value->at, value->len, SQLITE_STATIC);
	}
	return sqlite3_bind_text64(
		prepared, parameter, value->at, value->len, SQLITE_STATIC, SQLITE_UTF8);
}

/* Every statement numbers its parameters in the same way. */
static int bind(sqlite3_stmt *prepared, const struct envoi__sqlite_job *job)
{
	int count = sqlite3_bind_parameter_count(prepared), r = SQLITE_OK;
	for (int i = 0; r == SQLITE_OK && i < count; i++) {
		r = i < ENVOI__SQLITE_TEXTS ? bind_text(prepared, i + 1, (size_t)i, &job->texts[i])
					    : sqlite3_bind_int64(prepared, i + 1,
						      job->numbers[i - ENVOI__SQLITE_TEXTS]);
	}
	return r;
}

/* A full disk is a failed one where SQLite writes for itself, to the index of the log. */
int envoi__sqlite_result(sqlite3 *db, int result)
{
	int reason = (result & 0xff) == SQLITE_IOERR ? sqlite3_system_errno(db) : 0;
	return reason == ENOSPC || reason == EDQUOT ? SQLITE_FULL : result & 0xff;
}

int envoi__sqlite_next(sqlite3_stmt **rows)
{
	int r = sqlite3_step(*rows);
	if (r == SQLITE_ROW) {
		return SQLITE_OK;
	}
	if (r != SQLITE_DONE) {
		r = envoi__sqlite_result(sqlite3_db_handle(*rows), r);
	}
	sqlite3_reset(*rows);
	*rows = NULL;
	return r == SQLITE_DONE ? SQLITE_OK : r;
}

void envoi__sqlite_done(sqlite3_stmt *rows)
{
	sqlite3_reset(rows);
}

int envoi__sqlite_query(struct envoi__sqlite_database *database,
	enum envoi__sqlite_statement statement, const struct envoi__sqlite_job *job,
	sqlite3_stmt **ret_rows)
{
	int r = prepare(database, statement, ret_rows);
	if (r == SQLITE_OK) {
		r = bind(*ret_rows, job);
	}
	if (r != SQLITE_OK) {
		*ret_rows = NULL;
		return r & 0xff;
	}
	return envoi__sqlite_next(ret_rows);
}

int envoi__sqlite_write(struct envoi__sqlite_database *database,
	enum envoi__sqlite_statement statement, const struct envoi__sqlite_job *job)
{
	sqlite3_stmt *rows;
	int r = envoi__sqlite_query(database, statement, job, &rows);
	envoi__sqlite_done(rows);
	return r;
}

/* --- life --- */

int envoi__sqlite_database_open(
	struct envoi__sqlite_database *database, const struct envoi__sqlite_opening *opening)
{
	int wait_ms = opening->lock_wait_ms > INT_MAX ? INT_MAX : (int)opening->lock_wait_ms;
	int r = sqlite3_open_v2(
		opening->path, &database->db, SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX, NULL);
	if (r == SQLITE_OK) {
		r = sqlite3_busy_timeout(database->db, wait_ms);
	}
	return envoi__sqlite_fail_by(opening, r & 0xff);
}

void envoi__sqlite_database_close(struct envoi__sqlite_database *database)
{
	for (size_t i = 0; i < ENVOI__SQLITE_STATEMENT_COUNT; i++) {
		sqlite3_finalize(database->statements[i]);
	}
	sqlite3_close(database->db);
	*database = (struct envoi__sqlite_database){.db = NULL};
}

int envoi__sqlite_database_keep(
	struct envoi__sqlite_database *database, const char *key, void *value, size_t len)
{
	struct envoi__sqlite_job job = {.texts = {[ENVOI__SQLITE_KEY] = {key, strlen(key)},
						[ENVOI__SQLITE_DATA] = {value, len}}};
	sqlite3_stmt *rows;
	int r = envoi__sqlite_query(database, ENVOI__SQLITE_GET_META, &job, &rows);
	bool is_there = rows != NULL && (size_t)sqlite3_column_bytes(rows, 0) == len;
	if (is_there) {
		memcpy(value, sqlite3_column_blob(rows, 0), len);
	}
	envoi__sqlite_done(rows);
	return r == SQLITE_OK && !is_there
		? envoi__sqlite_write(database, ENVOI__SQLITE_PUT_META, &job)
		: r;
}
