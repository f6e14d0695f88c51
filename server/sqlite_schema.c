/*
 * envoi-server - the SQLite store: the versions of the schema
 * SPDX-License-Identifier: MIT
 */
/*
 * A new version is a new step at the end; steps are never changed, because there are files that
 * they have made. doc/server-store.md describes the tables.
 */
#include <stdio.h>

#include "sqlite_inside.h"

#define APPLICATION_ID 0x456e766f /* "Envo" */

static const char *const steps[] = {
	/* 1 */
	"CREATE TABLE meta (key TEXT NOT NULL PRIMARY KEY, value BLOB NOT NULL)"
	" STRICT, WITHOUT ROWID;"
	"CREATE TABLE accounts (id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE,"
	" verifiers BLOB NOT NULL,"
	" version INTEGER NOT NULL DEFAULT 0, removed INTEGER NOT NULL DEFAULT 0,"
	" last_message INTEGER NOT NULL DEFAULT 0) STRICT;"
	"CREATE TABLE contacts (account INTEGER NOT NULL REFERENCES accounts ON DELETE CASCADE,"
	" jid TEXT NOT NULL, name TEXT, groups BLOB NOT NULL, subscription INTEGER NOT NULL,"
	" listed INTEGER NOT NULL, request TEXT, version INTEGER NOT NULL,"
	" PRIMARY KEY (account, jid)) STRICT, WITHOUT ROWID;"
	"CREATE TABLE messages (account INTEGER NOT NULL REFERENCES accounts ON DELETE CASCADE,"
	" id INTEGER NOT NULL, xml BLOB NOT NULL, PRIMARY KEY (account, id))"
	" STRICT, WITHOUT ROWID;"
	"CREATE TABLE stored (account INTEGER NOT NULL REFERENCES accounts ON DELETE CASCADE,"
	" key TEXT NOT NULL, value BLOB NOT NULL, PRIMARY KEY (account, key))"
	" STRICT, WITHOUT ROWID;",
	/* 2: the number of messages that wait, which were counted for each one that was added */
	"ALTER TABLE accounts ADD COLUMN waiting INTEGER NOT NULL DEFAULT 0;"
	"UPDATE accounts SET waiting ="
	" (SELECT count(*) FROM messages WHERE account = accounts.id);",
};

enum {
	NEWEST = sizeof(steps) / sizeof(steps[0]),
};

/* synchronous=FULL: a transaction in the WAL survives a crash of the machine. */
static const char session[] =
	"PRAGMA synchronous = FULL; PRAGMA foreign_keys = ON; PRAGMA trusted_schema = OFF;";

/* @return SQLITE_OK, or another result without details */
static int get_number(sqlite3 *db, const char *sql, int64_t *ret_number)
{
	sqlite3_stmt *rows;
	int r = sqlite3_prepare_v2(db, sql, -1, &rows, NULL);
	if (r == SQLITE_OK) {
		r = sqlite3_step(rows);
		*ret_number = sqlite3_column_int64(rows, 0);
	}
	int result = r == SQLITE_ROW ? SQLITE_OK : envoi__sqlite_result(db, r);
	sqlite3_finalize(rows);
	return result;
}

static int fail_by_version(const struct envoi__sqlite_opening *opening, int64_t version)
{
	char why[150];
	snprintf(why, sizeof(why),
		"a newer program has written it (schema version %d, and this program knows versions up "
		"to %d)",
		(int)version, (int)NEWEST);
	return envoi__sqlite_fail(opening, ENVOI_ERR_UNSUPPORTED, why);
}

int envoi__sqlite_schema_check(
	sqlite3 *db, const struct envoi__sqlite_opening *opening, int64_t *ret_version)
{
	int64_t id = 0, tables = 0;
	int r = get_number(db, "PRAGMA application_id", &id);
	if (r == SQLITE_OK) {
		r = get_number(db, "PRAGMA user_version", ret_version);
	}
	if (r == SQLITE_OK) {
		r = get_number(db, "SELECT count(*) FROM sqlite_master", &tables);
	}
	if (r != SQLITE_OK) {
		return envoi__sqlite_fail_by(opening, r);
	}
	if (id != APPLICATION_ID && (tables > 0 || *ret_version != 0)) {
		return envoi__sqlite_fail(
			opening, ENVOI_ERR_INVALID, "it is a database of another program");
	}
	return *ret_version > NEWEST ? fail_by_version(opening, *ret_version) : ENVOI_OK;
}

static int do_steps(sqlite3 *db, int64_t version)
{
	char mark[100];
	int r = SQLITE_OK;
	for (int64_t i = version; r == SQLITE_OK && i < NEWEST; i++) {
		r = sqlite3_exec(db, steps[i], NULL, NULL, NULL);
	}
	if (r == SQLITE_OK && version < NEWEST) {
		snprintf(mark, sizeof(mark), "PRAGMA application_id = %d; PRAGMA user_version = %d",
			APPLICATION_ID, (int)NEWEST);
		r = sqlite3_exec(db, mark, NULL, NULL, NULL);
	}
	return r;
}

static int update(sqlite3 *db, int64_t version)
{
	if (version == NEWEST) {
		return SQLITE_OK;
	}
	int r = sqlite3_exec(db, "BEGIN IMMEDIATE", NULL, NULL, NULL);
	if (r == SQLITE_OK) {
		r = do_steps(db, version);
	}
	if (r == SQLITE_OK) {
		r = sqlite3_exec(db, "COMMIT", NULL, NULL, NULL);
	}
	if (r != SQLITE_OK) {
		r = envoi__sqlite_result(db, r);
		(void)sqlite3_exec(db, "ROLLBACK", NULL, NULL, NULL);
	}
	return r;
}

/* With a write-ahead log a transaction costs one synchronisation, and a copy can be made meanwhile.
 * Where there can be none (no shared memory), the mode stays what it was: slower, and as safe. */
int envoi__sqlite_schema_prepare(
	struct envoi__sqlite_database *database, const struct envoi__sqlite_opening *opening)
{
	int64_t version = 0;
	int r = envoi__sqlite_schema_check(database->db, opening, &version);
	if (r < 0) {
		return r;
	}
	r = sqlite3_exec(database->db, "PRAGMA journal_mode = WAL", NULL, NULL, NULL);
	if (r == SQLITE_OK) {
		r = sqlite3_exec(database->db, session, NULL, NULL, NULL);
	}
	if (r == SQLITE_OK) {
		r = update(database->db, version);
	}
	return envoi__sqlite_fail_by(opening, envoi__sqlite_result(database->db, r));
}
