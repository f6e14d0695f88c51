/*
 * envoi-server - what the files of the SQLite store share
 * SPDX-License-Identifier: MIT
 */
#ifndef ENVOI_SERVER_SQLITE_INSIDE_H
#define ENVOI_SERVER_SQLITE_INSIDE_H

#include <envoi/failure.h>
#include <envoi/interfaces/store.h>

#include <sqlite3.h>

/*
 * The files:
 *	sqlite_store.c     the functions of the store: they copy their arguments (loop's thread)
 *	sqlite_worker.c    the thread: batches of jobs, a transaction each
 *	sqlite_jobs.c      what a job reads and writes
 *	sqlite_answer.c    the memory of what was read
 *	sqlite_database.c  opening, and statements
 *	sqlite_schema.c    the versions of the schema
 *	sqlite_lock.c      one process at a time
 *
 * Results that are called "code" here are SQLITE_OK, another result of SQLite (>0), or an error of
 * the library (<0).
 */

/* --- sqlite_answer.c --- */

struct envoi__sqlite_chunk;

/** What a job has read. Its memory is SQLite's: it is allocated in one thread and freed in another.
 * Zeroed: empty. */
struct envoi__sqlite_answer {
	struct envoi_store_answer value;
	struct envoi__sqlite_chunk *chunks;
	void *items; /* the array of the answer */
	size_t capacity; /* of items */
};

/** Copy bytes and add a NUL. @return NULL: out of memory */
char *envoi__sqlite_answer_keep(struct envoi__sqlite_answer *answer, const void *data, size_t len);
/** Get memory for pointers. @return NULL: out of memory */
void *envoi__sqlite_answer_room(struct envoi__sqlite_answer *answer, size_t len);
/** Make room for another item behind @p count. @return the array, which may have moved; NULL: out
 * of memory */
void *envoi__sqlite_answer_grow(
	struct envoi__sqlite_answer *answer, size_t count, size_t item_bytes);
/** Wipe and free. */
void envoi__sqlite_answer_finish(struct envoi__sqlite_answer *answer);

/* --- jobs --- */

struct envoi__sqlite_database;
struct envoi__sqlite_job;

/** A function of the store. */
struct envoi__sqlite_kind {
	bool writes;
	/** @return a code */
	int (*run)(struct envoi__sqlite_database *database, struct envoi__sqlite_job *job);
};

/** The arguments of a job, by which SQL knows them: texts are ?1 to ?5, numbers ?6 to ?8. */
enum {
	ENVOI__SQLITE_ACCOUNT,
	ENVOI__SQLITE_KEY, /* of a value; the jid of a contact */
	ENVOI__SQLITE_NAME,
	ENVOI__SQLITE_REQUEST,
	ENVOI__SQLITE_DATA, /* bytes: verifiers or groups, each with its NUL; XML; a value */
	ENVOI__SQLITE_TEXTS,
	ENVOI__SQLITE_NUMBERS = 3,
};

struct envoi__sqlite_text {
	const void *at; /* NULL: NULL */
	size_t len;
};

/** A job on its way to the thread and back. One block of memory, of the loop's thread. */
struct envoi__sqlite_job {
	struct envoi__sqlite_job *next;
	const struct envoi__sqlite_kind *kind;
	struct envoi_store_job *job; /* of the loop's thread; NULL: it was canceled */
	int code; /* with which it ends: of the library */
	struct envoi__sqlite_answer answer;
	struct envoi__sqlite_text texts[ENVOI__SQLITE_TEXTS];
	int64_t numbers[ENVOI__SQLITE_NUMBERS];
	size_t bytes; /* of the block */
	char room[]; /* the texts */
};

struct envoi__sqlite_jobs {
	struct envoi__sqlite_job *first, **end;
};

/* --- sqlite_jobs.c --- */

extern const struct envoi__sqlite_kind envoi__sqlite_look_up, envoi__sqlite_make_account,
	envoi__sqlite_set_verifiers, envoi__sqlite_change_verifiers, envoi__sqlite_remove,
	envoi__sqlite_load_roster, envoi__sqlite_set_contact, envoi__sqlite_remove_contact,
	envoi__sqlite_add_message, envoi__sqlite_load_messages, envoi__sqlite_remove_messages,
	envoi__sqlite_set_value, envoi__sqlite_remove_value, envoi__sqlite_get_value;

/* --- sqlite_database.c --- */

#define ENVOI__SQLITE_STATEMENTS(X) \
	X(BEGIN_READING, "BEGIN") \
	X(BEGIN_WRITING, "BEGIN IMMEDIATE") \
	X(COMMIT, "COMMIT") \
	X(ROLLBACK, "ROLLBACK") \
	X(BEGIN_JOB, "SAVEPOINT job") \
	X(UNDO_JOB, "ROLLBACK TO job") \
	X(END_JOB, "RELEASE job") \
	X(GET_ACCOUNT, "SELECT version, removed FROM accounts WHERE name = ?1") \
	X(GET_VERIFIERS, "SELECT verifiers FROM accounts WHERE name = ?1") \
	X(ADD_ACCOUNT, \
		"INSERT INTO accounts (name, verifiers) VALUES (?1, ?5)" \
		" ON CONFLICT (name) DO NOTHING") \
	X(PUT_ACCOUNT, \
		"INSERT INTO accounts (name, verifiers) VALUES (?1, ?5)" \
		" ON CONFLICT (name) DO UPDATE SET verifiers = excluded.verifiers") \
	X(CHANGE_ACCOUNT, "UPDATE accounts SET verifiers = ?5 WHERE name = ?1") \
	X(REMOVE_ACCOUNT, "DELETE FROM accounts WHERE name = ?1") \
	X(GET_CONTACTS, \
		"SELECT jid, contacts.name, groups, subscription, listed, request," \
		" contacts.version FROM contacts JOIN accounts ON account = id" \
		" WHERE accounts.name = ?1") \
	X(PUT_CONTACT, \
		"INSERT OR REPLACE INTO contacts" \
		" (account, jid, name, groups, subscription, listed, request, version)" \
		" SELECT id, ?2, ?3, ?5, ?6, ?7, ?4, ?8 FROM accounts WHERE name = ?1") \
	X(REMOVE_CONTACT, \
		"DELETE FROM contacts WHERE jid = ?2" \
		" AND account = (SELECT id FROM accounts WHERE name = ?1)") \
	X(RAISE_VERSION, "UPDATE accounts SET version = ?8 WHERE name = ?1 AND version < ?8") \
	X(SET_REMOVED, \
		"UPDATE accounts SET version = iif(?8, ?8, version)," \
		" removed = iif(?8, ?8, removed) WHERE name = ?1") \
	X(NEXT_MESSAGE, \
		"UPDATE accounts SET last_message = last_message + 1, waiting = waiting + 1" \
		" WHERE name = ?1 AND waiting < ?6") \
	X(ADD_MESSAGE, \
		"INSERT INTO messages (account, id, xml)" \
		" SELECT id, last_message, ?5 FROM accounts WHERE name = ?1") \
	X(GET_MESSAGES, \
		"SELECT messages.id, xml FROM messages JOIN accounts ON account = accounts.id" \
		" WHERE name = ?1 ORDER BY messages.id LIMIT ?6") \
	X(REMOVE_MESSAGE, \
		"DELETE FROM messages WHERE id = ?6" \
		" AND account = (SELECT id FROM accounts WHERE name = ?1)") \
	X(COUNT_REMOVED, "UPDATE accounts SET waiting = waiting - ?6 WHERE name = ?1") \
	X(GET_VALUE, \
		"SELECT value FROM stored JOIN accounts ON account = id" \
		" WHERE name = ?1 AND key = ?2") \
	X(COUNT_VALUES, \
		"SELECT count(*), coalesce(max(key = ?2), 0) FROM stored" \
		" JOIN accounts ON account = id WHERE name = ?1") \
	X(PUT_VALUE, \
		"INSERT OR REPLACE INTO stored (account, key, value)" \
		" SELECT id, ?2, ?5 FROM accounts WHERE name = ?1") \
	X(REMOVE_VALUE, \
		"DELETE FROM stored WHERE key = ?2" \
		" AND account = (SELECT id FROM accounts WHERE name = ?1)") \
	X(GET_META, "SELECT value FROM meta WHERE key = ?2") \
	X(PUT_META, "INSERT OR REPLACE INTO meta (key, value) VALUES (?2, ?5)")

enum envoi__sqlite_statement {
#define ENVOI__SQLITE_NAME_OF(name, text) ENVOI__SQLITE_##name,
	ENVOI__SQLITE_STATEMENTS(ENVOI__SQLITE_NAME_OF)
#undef ENVOI__SQLITE_NAME_OF
	ENVOI__SQLITE_STATEMENT_COUNT
};

/** A database. It is used by one thread at a time. */
struct envoi__sqlite_database {
	sqlite3 *db; /* NULL: not opened */
	/* NULL: not used yet */
	sqlite3_stmt *statements[ENVOI__SQLITE_STATEMENT_COUNT];
};

/** A file that is being opened. */
struct envoi__sqlite_opening {
	struct envoi_context *context;
	const char *path;
	unsigned int lock_wait_ms;
	struct envoi_failure *failure;
};

struct envoi_sqlite_store_options;
/** @retval ENVOI_ERR_INVALID  the path is no name of a file; the failure is filled in */
int envoi__sqlite_opening_init(struct envoi__sqlite_opening *opening, struct envoi_context *context,
	const struct envoi_sqlite_store_options *options, struct envoi_failure *failure);
/** Fill in the failure. @return @p code, of the library */
int envoi__sqlite_fail(const struct envoi__sqlite_opening *opening, int code, const char *why);
/** Fill in the failure for a result of SQLite. @return ENVOI_OK, ENVOI_ERR_NOMEM,
 * ENVOI_ERR_SYSTEM, or ENVOI_ERR_INVALID: the file is damaged */
int envoi__sqlite_fail_by(const struct envoi__sqlite_opening *opening, int sqlite);
/** What a failure of SQLite means, for a person; static. */
const char *envoi__sqlite_words(int code);
/** Open a file, which exists. Close it on failure, too. @return as envoi__sqlite_fail_by() */
int envoi__sqlite_database_open(
	struct envoi__sqlite_database *database, const struct envoi__sqlite_opening *opening);
void envoi__sqlite_database_close(struct envoi__sqlite_database *database);
/** @return a result of SQLite that has just come, without its details */
int envoi__sqlite_result(sqlite3 *db, int result);
/** Read a value that belongs to the store itself, or write it if there is none of that length.
 * @return a code */
int envoi__sqlite_database_keep(
	struct envoi__sqlite_database *database, const char *key, void *value, size_t len);
/** Begin a query. @param job  its arguments; NULL: none @param[out] ret_rows  at the first row,
 * envoi__sqlite_done() ends it; NULL: there is no row, or on failure @return a code */
int envoi__sqlite_query(struct envoi__sqlite_database *database,
	enum envoi__sqlite_statement statement, const struct envoi__sqlite_job *job,
	sqlite3_stmt **ret_rows);
/** Go to the next row. @param[in,out] rows  NULL: there is none, or on failure @return a code */
int envoi__sqlite_next(sqlite3_stmt **rows);
/** End a query before its end; NULL is allowed. */
void envoi__sqlite_done(sqlite3_stmt *rows);
/** Run a statement that has no rows. @return a code */
int envoi__sqlite_write(struct envoi__sqlite_database *database,
	enum envoi__sqlite_statement statement, const struct envoi__sqlite_job *job);

/* --- sqlite_schema.c --- */

/** Check that a file is a store of a known version. @param[out] ret_version  0: it is empty
 * @return as envoi__sqlite_schema_prepare() */
int envoi__sqlite_schema_check(
	sqlite3 *db, const struct envoi__sqlite_opening *opening, int64_t *ret_version);
/** Bring the schema to the newest version. Nothing is changed on failure.
 * @retval ENVOI_ERR_UNSUPPORTED  the version is newer
 * @retval ENVOI_ERR_INVALID  it is damaged, or not a store
 * @retval ENVOI_ERR_NOMEM, ENVOI_ERR_SYSTEM */
int envoi__sqlite_schema_prepare(
	struct envoi__sqlite_database *database, const struct envoi__sqlite_opening *opening);

/* --- sqlite_lock.c --- */

/** Keep other processes, and other stores of this one, away from a file, which is made if it does
 * not exist.
 * @param[out] ret_fd  close it to unlock
 * @retval ENVOI_ERR_STATE  another has it
 * @retval ENVOI_ERR_SYSTEM, ENVOI_ERR_NOMEM */
int envoi__sqlite_lock(int *ret_fd, const struct envoi__sqlite_opening *opening);

/* --- sqlite_worker.c --- */

struct envoi__sqlite_worker;

/** What the thread reports to the loop's. */
struct envoi__sqlite_report {
	struct envoi__sqlite_jobs jobs; /* ended; the receiver's */
	int trouble; /* the last failure of SQLite; SQLITE_OK: there was none since */
	bool has_written; /* a transaction that writes was committed */
};

/**
 * Start a thread.
 * @param database  taken on success
 * @param ended     called in the loop's thread; it must not stop the worker
 * @retval ENVOI_ERR_NOMEM
 * @retval ENVOI_ERR_SYSTEM  there can be no thread, or no descriptor
 */
int envoi__sqlite_worker_start(struct envoi__sqlite_worker **ret_worker, struct envoi_loop *loop,
	const struct envoi__sqlite_database *database,
	void (*ended)(void *user, struct envoi__sqlite_report *report), void *user);
/** Add jobs behind those that wait. @param jobs  taken, and emptied */
void envoi__sqlite_worker_do(struct envoi__sqlite_worker *worker, struct envoi__sqlite_jobs *jobs);
/** Wait until all jobs are done, end the thread and close the database.
 * @param[out] ret_jobs  that were not reported */
void envoi__sqlite_worker_stop(
	struct envoi__sqlite_worker *worker, struct envoi__sqlite_jobs *ret_jobs);

static inline void envoi__sqlite_jobs_init(struct envoi__sqlite_jobs *jobs)
{
	jobs->first = NULL;
	jobs->end = &jobs->first;
}

static inline void envoi__sqlite_jobs_add(
	struct envoi__sqlite_jobs *jobs, struct envoi__sqlite_job *job)
{
	job->next = NULL;
	*jobs->end = job;
	jobs->end = &job->next;
}

static inline struct envoi__sqlite_job *envoi__sqlite_jobs_take(struct envoi__sqlite_jobs *jobs)
{
	struct envoi__sqlite_job *job = jobs->first;
	if (job != NULL) {
		jobs->first = job->next;
		if (jobs->first == NULL) {
			jobs->end = &jobs->first;
		}
	}
	return job;
}

/** Move all jobs behind others. */
static inline void envoi__sqlite_jobs_move(
	struct envoi__sqlite_jobs *to, struct envoi__sqlite_jobs *from)
{
	if (from->first != NULL) {
		*to->end = from->first;
		to->end = from->end;
		envoi__sqlite_jobs_init(from);
	}
}

#endif
