/*
 * envoi-server - the SQLite store: what a job reads and writes
 * SPDX-License-Identifier: MIT
 */
#include <string.h>

#include "sqlite_inside.h"

#define JOB(name, does_write) \
	const struct envoi__sqlite_kind envoi__sqlite_##name = {.writes = (does_write), .run = name}

/* Run a statement that changes the row of the account. */
static int change_account(struct envoi__sqlite_database *database,
	enum envoi__sqlite_statement statement, const struct envoi__sqlite_job *job)
{
	int r = envoi__sqlite_write(database, statement, job);
	return r == SQLITE_OK && sqlite3_changes64(database->db) == 0 ? ENVOI_ERR_NOT_FOUND : r;
}

static int find_account(
	struct envoi__sqlite_database *database, const struct envoi__sqlite_job *job)
{
	sqlite3_stmt *rows;
	int r = envoi__sqlite_query(database, ENVOI__SQLITE_GET_ACCOUNT, job, &rows);
	bool is_found = rows != NULL;
	envoi__sqlite_done(rows);
	return r == SQLITE_OK && !is_found ? ENVOI_ERR_NOT_FOUND : r;
}

/* --- columns --- */

/* @param[in,out] code  SQLITE_NOMEM on failure @return NULL: on failure, or the column is NULL */
static const char *column_text(
	struct envoi__sqlite_answer *answer, sqlite3_stmt *rows, int column, int *code)
{
	if (sqlite3_column_type(rows, column) == SQLITE_NULL) {
		return NULL;
	}
	const void *data = sqlite3_column_blob(rows, column);
	size_t len = (size_t)sqlite3_column_bytes(rows, column);
	char *kept = data == NULL && len > 0 ? NULL : envoi__sqlite_answer_keep(answer, data, len);
	if (kept == NULL) {
		*code = SQLITE_NOMEM;
	}
	return kept;
}

static size_t count_texts(const char *texts, size_t len)
{
	size_t count = 0;
	for (size_t i = 0; i < len; i++) {
		count += texts[i] == '\0';
	}
	return count;
}

/* Texts in one column, each with its NUL. @return as column_text() */
static const char *const *column_texts(struct envoi__sqlite_answer *answer, sqlite3_stmt *rows,
	int column, size_t *ret_count, int *code)
{
	const char *text = column_text(answer, rows, column, code);
	size_t len = (size_t)sqlite3_column_bytes(rows, column);
	size_t count = text == NULL ? 0 : count_texts(text, len);
	const char **texts = envoi__sqlite_answer_room(answer, (count + 1) * sizeof(texts[0]));
	if (texts == NULL) {
		*code = SQLITE_NOMEM;
		return NULL;
	}
	for (size_t i = 0; i < count; i++) {
		texts[i] = text;
		text += strlen(text) + 1;
	}
	*ret_count = count;
	return texts;
}

/* --- accounts --- */

static int look_up(struct envoi__sqlite_database *database, struct envoi__sqlite_job *job)
{
	sqlite3_stmt *rows;
	int r = envoi__sqlite_query(database, ENVOI__SQLITE_GET_VERIFIERS, job, &rows);
	if (rows == NULL) {
		return r == SQLITE_OK ? ENVOI_ERR_NOT_FOUND : r;
	}
	job->answer.value.verifiers = column_texts(
		&job->answer, rows, 0, &job->answer.value.verifier_count, &r);
	envoi__sqlite_done(rows);
	return r;
}

static int make_account(struct envoi__sqlite_database *database, struct envoi__sqlite_job *job)
{
	int r = change_account(database, ENVOI__SQLITE_ADD_ACCOUNT, job);
	return r == ENVOI_ERR_NOT_FOUND ? ENVOI_ERR_EXISTS : r;
}

static int set_verifiers(struct envoi__sqlite_database *database, struct envoi__sqlite_job *job)
{
	return envoi__sqlite_write(database, ENVOI__SQLITE_PUT_ACCOUNT, job);
}

static int change_verifiers(struct envoi__sqlite_database *database, struct envoi__sqlite_job *job)
{
	return change_account(database, ENVOI__SQLITE_CHANGE_ACCOUNT, job);
}

static int remove_account(struct envoi__sqlite_database *database, struct envoi__sqlite_job *job)
{
	return change_account(database, ENVOI__SQLITE_REMOVE_ACCOUNT, job);
}

JOB(look_up, false);
JOB(make_account, true);
JOB(set_verifiers, true);
JOB(change_verifiers, true);
const struct envoi__sqlite_kind envoi__sqlite_remove = {.writes = true, .run = remove_account};

/* --- rosters --- */

/* The columns of GET_CONTACTS. */
static int read_contact(struct envoi__sqlite_answer *answer, sqlite3_stmt *rows)
{
	struct envoi_store_roster *roster = &answer->value.roster;
	int r = SQLITE_OK;
	struct envoi_store_contact *contacts = envoi__sqlite_answer_grow(
		answer, roster->contact_count, sizeof(contacts[0]));
	if (contacts == NULL) {
		return SQLITE_NOMEM;
	}
	roster->contacts = contacts;
	struct envoi_store_contact *contact = &contacts[roster->contact_count];
	*contact = (struct envoi_store_contact){.jid = column_text(answer, rows, 0, &r),
		.name = column_text(answer, rows, 1, &r),
		.subscription = (unsigned int)sqlite3_column_int64(rows, 3),
		.is_listed = sqlite3_column_int64(rows, 4) != 0,
		.request = column_text(answer, rows, 5, &r),
		.version = (uint64_t)sqlite3_column_int64(rows, 6)};
	contact->groups = column_texts(answer, rows, 2, &contact->group_count, &r);
	roster->contact_count++;
	return r == SQLITE_OK && contact->jid == NULL ? SQLITE_CORRUPT : r;
}

static int read_contacts(struct envoi__sqlite_database *database, struct envoi__sqlite_job *job)
{
	sqlite3_stmt *rows;
	int r = envoi__sqlite_query(database, ENVOI__SQLITE_GET_CONTACTS, job, &rows);
	while (r == SQLITE_OK && rows != NULL) {
		r = read_contact(&job->answer, rows);
		if (r == SQLITE_OK) {
			r = envoi__sqlite_next(&rows);
		}
	}
	envoi__sqlite_done(rows);
	return r;
}

static int load_roster(struct envoi__sqlite_database *database, struct envoi__sqlite_job *job)
{
	sqlite3_stmt *rows;
	int r = envoi__sqlite_query(database, ENVOI__SQLITE_GET_ACCOUNT, job, &rows);
	if (rows == NULL) {
		return r == SQLITE_OK ? ENVOI_ERR_NOT_FOUND : r;
	}
	job->answer.value.roster.version = (uint64_t)sqlite3_column_int64(rows, 0);
	job->answer.value.roster.removed = (uint64_t)sqlite3_column_int64(rows, 1);
	envoi__sqlite_done(rows);
	return read_contacts(database, job);
}

static int set_contact(struct envoi__sqlite_database *database, struct envoi__sqlite_job *job)
{
	int r = change_account(database, ENVOI__SQLITE_PUT_CONTACT, job);
	bool is_listed = job->numbers[1] != 0;
	if (r == SQLITE_OK && is_listed) {
		r = envoi__sqlite_write(database, ENVOI__SQLITE_RAISE_VERSION, job);
	}
	return r;
}

static int remove_contact(struct envoi__sqlite_database *database, struct envoi__sqlite_job *job)
{
	int r = change_account(database, ENVOI__SQLITE_SET_REMOVED, job);
	return r == SQLITE_OK ? envoi__sqlite_write(database, ENVOI__SQLITE_REMOVE_CONTACT, job)
			      : r;
}

JOB(load_roster, false);
JOB(set_contact, true);
JOB(remove_contact, true);

/* --- messages --- */

static int add_message(struct envoi__sqlite_database *database, struct envoi__sqlite_job *job)
{
	int r = change_account(database, ENVOI__SQLITE_NEXT_MESSAGE, job);
	if (r == ENVOI_ERR_NOT_FOUND) {
		r = find_account(database, job);
		return r == SQLITE_OK ? ENVOI_ERR_LIMIT : r;
	}
	return r == SQLITE_OK ? envoi__sqlite_write(database, ENVOI__SQLITE_ADD_MESSAGE, job) : r;
}

static int read_message(struct envoi__sqlite_answer *answer, sqlite3_stmt *rows)
{
	int r = SQLITE_OK;
	struct envoi_store_message *messages = envoi__sqlite_answer_grow(
		answer, answer->value.message_count, sizeof(messages[0]));
	if (messages == NULL) {
		return SQLITE_NOMEM;
	}
	answer->value.messages = messages;
	messages[answer->value.message_count++] = (struct envoi_store_message){
		.id = (uint64_t)sqlite3_column_int64(rows, 0),
		.xml = column_text(answer, rows, 1, &r),
		.len = (size_t)sqlite3_column_bytes(rows, 1),
	};
	return r;
}

static int load_messages(struct envoi__sqlite_database *database, struct envoi__sqlite_job *job)
{
	sqlite3_stmt *rows = NULL;
	int r = find_account(database, job);
	if (r == SQLITE_OK) {
		r = envoi__sqlite_query(database, ENVOI__SQLITE_GET_MESSAGES, job, &rows);
	}
	while (r == SQLITE_OK && rows != NULL) {
		r = read_message(&job->answer, rows);
		if (r == SQLITE_OK) {
			r = envoi__sqlite_next(&rows);
		}
	}
	envoi__sqlite_done(rows);
	return r;
}

/* The data are the ids. */
static int remove_messages(struct envoi__sqlite_database *database, struct envoi__sqlite_job *job)
{
	const struct envoi__sqlite_text *ids = &job->texts[ENVOI__SQLITE_DATA];
	size_t count = ids->len / sizeof(uint64_t);
	int64_t removed = 0;
	int r = SQLITE_OK;
	for (size_t i = 0; r == SQLITE_OK && i < count; i++) {
		uint64_t id;
		memcpy(&id, (const char *)ids->at + i * sizeof(id), sizeof(id));
		job->numbers[0] = (int64_t)id;
		r = envoi__sqlite_write(database, ENVOI__SQLITE_REMOVE_MESSAGE, job);
		removed += r == SQLITE_OK ? sqlite3_changes64(database->db) : 0;
	}
	job->numbers[0] = removed;
	return r == SQLITE_OK ? envoi__sqlite_write(database, ENVOI__SQLITE_COUNT_REMOVED, job) : r;
}

JOB(add_message, true);
JOB(load_messages, false);
JOB(remove_messages, true);

/* --- values --- */

static int check_value_limit(
	struct envoi__sqlite_database *database, const struct envoi__sqlite_job *job)
{
	sqlite3_stmt *rows;
	int r = envoi__sqlite_query(database, ENVOI__SQLITE_COUNT_VALUES, job, &rows);
	bool is_full = rows != NULL && sqlite3_column_int64(rows, 0) >= job->numbers[0] &&
		sqlite3_column_int64(rows, 1) == 0;
	envoi__sqlite_done(rows);
	return r == SQLITE_OK && is_full ? ENVOI_ERR_LIMIT : r;
}

static int set_value(struct envoi__sqlite_database *database, struct envoi__sqlite_job *job)
{
	int r = find_account(database, job);
	if (r == SQLITE_OK) {
		r = check_value_limit(database, job);
	}
	return r == SQLITE_OK ? envoi__sqlite_write(database, ENVOI__SQLITE_PUT_VALUE, job) : r;
}

static int remove_value(struct envoi__sqlite_database *database, struct envoi__sqlite_job *job)
{
	int r = find_account(database, job);
	return r == SQLITE_OK ? envoi__sqlite_write(database, ENVOI__SQLITE_REMOVE_VALUE, job) : r;
}

static int get_value(struct envoi__sqlite_database *database, struct envoi__sqlite_job *job)
{
	sqlite3_stmt *rows;
	int r = envoi__sqlite_query(database, ENVOI__SQLITE_GET_VALUE, job, &rows);
	if (rows == NULL) {
		return r == SQLITE_OK ? ENVOI_ERR_NOT_FOUND : r;
	}
	job->answer.value.value = column_text(&job->answer, rows, 0, &r);
	job->answer.value.value_len = (size_t)sqlite3_column_bytes(rows, 0);
	envoi__sqlite_done(rows);
	return r;
}

JOB(set_value, true);
JOB(remove_value, true);
JOB(get_value, false);
