/*
 * envoi - envoi-server: the file of the SQLite store, and what may be wrong with it
 * SPDX-License-Identifier: MIT
 */
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cmocka.h>

#include <envoi/envoi.h>
#include <envoi/sqlite_store.h>
#include <sqlite3.h>

#include "store_fixture.h"

#define FIX store_fixture

/* --- memory --- */

static sqlite3_mem_methods memory;
static atomic_int allocations, fails_at; /* 0: none fails */

static bool is_failing(void)
{
	return ++allocations == fails_at;
}

static void *allocate(int len)
{
	return is_failing() ? NULL : memory.xMalloc(len);
}

static void *reallocate(void *block, int len)
{
	return is_failing() ? NULL : memory.xRealloc(block, len);
}

/* Before SQLite is used. */
static void replace_memory(void)
{
	assert_int_equal(sqlite3_config(SQLITE_CONFIG_GETMALLOC, &memory), SQLITE_OK);
	sqlite3_mem_methods failing = memory;
	failing.xMalloc = allocate;
	failing.xRealloc = reallocate;
	assert_int_equal(sqlite3_config(SQLITE_CONFIG_MALLOC, &failing), SQLITE_OK);
}

/* --- the disk --- */

static atomic_int syncs, is_full, syncing_fails;

/* In place of the functions of the C library, by which SQLite synchronises. */
int fsync(int fd)
{
	syncs++;
	errno = EIO;
	return syncing_fails ? -1 : (int)syscall(SYS_fsync, fd);
}

int fdatasync(int fd)
{
	return fsync(fd);
}

static ssize_t write_at(int fd, const void *data, size_t len, off_t at)
{
	errno = ENOSPC;
	return is_full ? -1 : pwrite(fd, data, len, at);
}

/* SQLite writes by functions that a test may replace. */
static int replace_writing(void **state)
{
	(void)state;
	replace_memory();
	sqlite3_vfs *vfs = sqlite3_vfs_find(NULL);
	static const char *const names[] = {"pwrite", "pwrite64"};
	for (size_t i = 0; i < 2; i++) {
		if (vfs->xGetSystemCall(vfs, names[i]) != NULL) {
			vfs->xSetSystemCall(
				vfs, names[i], (sqlite3_syscall_ptr)(void (*)(void))write_at);
		}
	}
	return 0;
}

/* --- fixture --- */

static int make(struct envoi_store **ret_store, struct envoi_context *context, const char *path)
{
	const struct envoi_sqlite_store_options options = {.path = path, .lock_wait_ms = 1};
	return envoi_store_open_sqlite(ret_store, context, &options, NULL);
}

static int setup(void **state)
{
	(void)state;
	store_begin(make);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	is_full = syncing_fails = fails_at = 0;
	store_finish();
	return 0;
}

static void close_store(void)
{
	envoi_store_destroy(FIX.store);
	FIX.store = NULL;
}

static void open_again(void)
{
	close_store();
	store_open();
}

/* Opening fails with a code, and the text of the failure ends so. */
static void assert_refused(int code, const char *end)
{
	struct envoi_store *other;
	struct envoi_failure failure;
	const struct envoi_sqlite_store_options options = {.path = FIX.path, .lock_wait_ms = 1};
	int r = envoi_store_open_sqlite(&other, FIX.context, &options, &failure);
	assert_string_equal(envoi_error_name(r), envoi_error_name(code));
	assert_int_equal(failure.code, code);
	assert_non_null(strstr(failure.text, FIX.path));
	size_t len = strlen(failure.text);
	assert_true(len > strlen(end));
	assert_string_equal(failure.text + len - strlen(end), end);
	envoi_failure_finish(&failure);
}

static sqlite3 *open_beside(void)
{
	sqlite3 *db;
	assert_int_equal(sqlite3_open(FIX.path, &db), SQLITE_OK);
	return db;
}

static void change_file(const char *sql)
{
	sqlite3 *db = open_beside();
	assert_int_equal(sqlite3_exec(db, sql, NULL, NULL, NULL), SQLITE_OK);
	sqlite3_close(db);
}

static void overwrite(off_t from, off_t to)
{
	char page[512];
	int fd = open(FIX.path, O_WRONLY);
	assert_true(fd >= 0);
	memset(page, 0xff, sizeof(page));
	for (; from < to; from += (off_t)sizeof(page)) {
		assert_int_equal(pwrite(fd, page, sizeof(page), from), sizeof(page));
	}
	close(fd);
}

static off_t file_size(void)
{
	struct stat info;
	assert_int_equal(stat(FIX.path, &info), 0);
	return info.st_size;
}

/* --- opening --- */

static void everything_is_there_when_it_is_opened_again(void **state)
{
	(void)state;
	static const char *const groups[] = {"", "friends"};
	const struct envoi_store_contact bob = {.jid = "bob@h",
		.name = "Bob",
		.groups = groups,
		.group_count = 2,
		.subscription = 3,
		.is_listed = true,
		.request = "<presence/>",
		.version = 5};
	unsigned char decoy_key[ENVOI_SASL_DECOY_KEY_BYTES];
	char generation[ENVOI_ID_SIZE];
	memcpy(decoy_key, FIX.store->decoy_key, sizeof(decoy_key));
	memcpy(generation, FIX.store->generation, sizeof(generation));
	store_make_alice();
	STORE_DO(set_contact, "alice", &bob);
	assert_store_ends("OK");
	STORE_DO(add_message, "alice", "a", 1, 5);
	assert_store_ends("OK");
	STORE_DO(set_value, "alice", "k", "v", 1, 5); /* destroying waits for it */
	open_again();
	FIX.is_noted = false;
	FIX.job.data = NULL;
	STORE_DO(look_up, "alice");
	assert_store_ends("OK one two");
	STORE_DO(load_roster, "alice");
	assert_store_ends("OK v5-0 bob@h:Bob:3:1:2friends:<presence/>");
	STORE_DO(load_messages, "alice", 5);
	assert_store_ends("OK 1=a");
	STORE_DO(get_value, "alice", "k");
	assert_store_ends("OK v");
	assert_memory_equal(decoy_key, FIX.store->decoy_key, sizeof(decoy_key));
	assert_string_not_equal(generation, FIX.store->generation);
}

static void its_files_are_of_the_user_alone(void **state)
{
	(void)state;
	static const char *const suffixes[] = {"", "-wal", "-shm", ".lock"};
	store_make_alice();
	for (size_t i = 0; i < 4; i++) {
		char path[80];
		struct stat info;
		snprintf(path, sizeof(path), "%s%s", FIX.path, suffixes[i]);
		assert_int_equal(stat(path, &info), 0);
		assert_int_equal(info.st_mode & 0777, 0600);
	}
}

static void assert_checked(int code, const char *why)
{
	const struct envoi_sqlite_store_options options = {.path = FIX.path, .lock_wait_ms = 1};
	char expected[300];
	struct envoi_failure failure;
	assert_int_equal(envoi_store_check_sqlite(FIX.context, &options, &failure), code);
	if (code < 0) {
		snprintf(expected, sizeof(expected), "the store %s cannot be opened: %s", FIX.path,
			why);
		assert_string_equal(failure.text, expected);
	}
}

static void checking_a_file_makes_none(void **state)
{
	(void)state;
	close_store();
	store_clear();
	assert_checked(ENVOI_OK, NULL);
	assert_int_equal(access(FIX.path, F_OK), -1);
	char *name = strrchr(FIX.path, '/');
	memcpy(name, "-no/", 5);
	assert_checked(ENVOI_ERR_SYSTEM, "No such file or directory");
	snprintf(FIX.path, sizeof(FIX.path), "%s/store.db", FIX.folder);
	store_open();
}

static void a_file_in_use_is_refused(void **state)
{
	(void)state;
	assert_checked(ENVOI_OK, NULL); /* it is all right */
	assert_refused(ENVOI_ERR_STATE, "another server uses it");
	open_again();
}

static void a_newer_version_is_refused_and_left_as_it_is(void **state)
{
	(void)state;
	close_store();
	change_file("PRAGMA user_version = 1000");
	assert_checked(ENVOI_ERR_UNSUPPORTED,
		"a newer program has written it (schema version 1000, and this program knows "
		"versions up to 2)");
	assert_refused(ENVOI_ERR_UNSUPPORTED,
		"a newer program has written it (schema version 1000, and this program knows "
		"versions up to 2)");
	change_file("PRAGMA user_version = 2");
	store_open();
}

/* The file is what the statements of version 1 have made. */
static void make_version_1(void)
{
	static char sql[8000];
	FILE *file = fopen(TEST_DATA "/store/version-1.sql", "r");
	assert_non_null(file);
	size_t len = fread(sql, 1, sizeof(sql) - 1, file);
	fclose(file);
	sql[len] = '\0';
	close_store();
	store_clear();
	sqlite3 *db;
	assert_int_equal(sqlite3_open(FIX.path, &db), SQLITE_OK);
	assert_int_equal(sqlite3_exec(db, sql, NULL, NULL, NULL), SQLITE_OK);
	sqlite3_close(db);
}

static void assert_version_1_is_kept(void)
{
	STORE_DO(look_up, "alice");
	assert_store_ends("OK one two");
	STORE_DO(load_roster, "alice");
	assert_store_ends("OK v7-3 bob@h:Bob:3:1:2friends:- carol@h:-:8:0:0:<presence/>");
	STORE_DO(load_messages, "alice", 9);
	assert_store_ends("OK 4=<a/> 6=<b/>");
	STORE_DO(get_value, "alice", "k");
	assert_store_ends("OK v");
	STORE_DO(look_up, "bob");
	assert_store_ends("OK three");
	assert_int_equal(FIX.store->decoy_key[0], 0x11);
}

/* @return a number of the file */
static int number_in_file(const char *sql)
{
	sqlite3 *db = open_beside();
	sqlite3_stmt *rows;
	assert_int_equal(sqlite3_prepare_v2(db, sql, -1, &rows, NULL), SQLITE_OK);
	assert_int_equal(sqlite3_step(rows), SQLITE_ROW);
	int number = sqlite3_column_int(rows, 0);
	sqlite3_finalize(rows);
	sqlite3_close(db);
	return number;
}

static void a_file_of_version_1_is_brought_to_version_2(void **state)
{
	(void)state;
	make_version_1();
	store_open();
	assert_version_1_is_kept();
	assert_int_equal(number_in_file("PRAGMA user_version"), 2);
	STORE_DO(add_message, "alice", "<c/>", 4, 2); /* two wait */
	assert_store_ends("ERR_LIMIT");
	STORE_DO(add_message, "alice", "<c/>", 4, 3);
	assert_store_ends("OK");
	STORE_DO(add_message, "bob", "<d/>", 4, 1);
	assert_store_ends("OK");
	open_again();
	STORE_DO(load_messages, "alice", 9);
	assert_store_ends("OK 4=<a/> 6=<b/> 7=<c/>");
}

static void a_file_that_cannot_be_brought_to_the_newest_version_stays_as_it_is(void **state)
{
	(void)state;
	make_version_1();
	assert_checked(ENVOI_OK, NULL);
	assert_int_equal(number_in_file("PRAGMA user_version"), 1);
	is_full = 1;
	assert_refused(ENVOI_ERR_SYSTEM, "the disk is full");
	is_full = 0;
	assert_int_equal(number_in_file("PRAGMA user_version"), 1);
	store_open();
	assert_version_1_is_kept();
}

static void a_database_of_another_program_is_refused(void **state)
{
	(void)state;
	close_store();
	change_file("PRAGMA application_id = 7");
	assert_checked(ENVOI_ERR_INVALID, "it is a database of another program");
	assert_refused(ENVOI_ERR_INVALID, "it is a database of another program");
}

static void what_is_no_database_is_refused(void **state)
{
	(void)state;
	close_store();
	overwrite(0, 4096);
	assert_checked(ENVOI_ERR_INVALID, "it is damaged: put back a copy");
	assert_refused(ENVOI_ERR_INVALID, "it is damaged: put back a copy");
	store_clear();
	assert_int_equal(mkdir(FIX.path, 0700), 0);
	assert_refused(ENVOI_ERR_SYSTEM, "Is a directory");
	assert_int_equal(rmdir(FIX.path), 0);
}

static void a_name_that_is_no_files_is_refused(void **state)
{
	(void)state;
	static const char *const names[] = {NULL, "", ":memory:"};
	for (size_t i = 0; i < 3; i++) {
		struct envoi_store *other;
		const struct envoi_sqlite_store_options options = {.path = names[i]};
		assert_int_equal(envoi_store_open_sqlite(&other, FIX.context, &options, NULL),
			ENVOI_ERR_INVALID);
		assert_int_equal(
			envoi_store_check_sqlite(FIX.context, &options, NULL), ENVOI_ERR_INVALID);
	}
}

/* --- while it is used --- */

static void assert_logged(const char *text)
{
	char expected[300];
	snprintf(expected, sizeof(expected), "the store %s %s", FIX.path, text);
	assert_string_equal(FIX.logged, expected);
}

static void the_jobs_of_a_turn_cost_one_synchronisation(void **state)
{
	(void)state;
	static struct envoi_store_job jobs[500];
	store_make_alice();
	int before = syncs;
	for (size_t i = 0; i < 500; i++) {
		jobs[i].done = store_note;
		FIX.store->impl->add_message(FIX.store, &jobs[i], "alice", "a", 1, 1000);
	}
	STORE_DO(add_message, "alice", "b", 1, 1000);
	while (FIX.job.data != NULL) {
		assert_int_equal(envoi_loop_run_once(FIX.loop, true), ENVOI_OK);
	}
	assert_string_equal(store_wait(FIX.loop), "OK");
	assert_int_equal(syncs - before, 1);
}

/* A job that ends with success was synchronised before. */
static void a_job_fails_if_its_synchronisation_fails(void **state)
{
	(void)state;
	store_make_alice();
	syncing_fails = 1;
	STORE_DO(add_message, "alice", "a", 1, 9);
	assert_store_ends("ERR_SYSTEM");
	syncing_fails = 0;
	STORE_DO(load_messages, "alice", 9);
	assert_store_ends("OK");
	assert_logged("fails: the disk has failed (disk I/O error)\n");
}

static void begin_two_more(struct envoi_store_job jobs[2])
{
	memset(jobs, 0, 2 * sizeof(jobs[0]));
	jobs[0].done = jobs[1].done = store_note;
	FIX.store->impl->add_message(FIX.store, &jobs[0], "alice", "y", 1, 9);
	FIX.store->impl->add_message(FIX.store, &jobs[1], "nobody", "z", 1, 9);
}

static void on_a_full_disk_writing_fails_and_reading_goes_on(void **state)
{
	(void)state;
	struct envoi_store_job more[2];
	store_make_alice();
	STORE_DO(add_message, "alice", "a", 1, 9);
	assert_store_ends("OK");
	is_full = 1;
	for (int i = 0; i < 3; i++) {
		STORE_DO(add_message, "alice", "b", 1, 9);
		assert_store_ends("ERR_SYSTEM");
		begin_two_more(more);
		STORE_DO(load_messages, "alice", 9); /* of their transaction */
		while (FIX.job.data != NULL) {
			assert_int_equal(envoi_loop_run_once(FIX.loop, true), ENVOI_OK);
		}
		assert_string_equal(store_wait(FIX.loop), "OK 1=a");
	}
	assert_logged("fails: the disk is full (database or disk is full)\n");
	is_full = 0;
	FIX.logged[0] = '\0';
	STORE_DO(look_up, "alice"); /* reading says nothing about writing */
	assert_store_ends("OK one two");
	assert_string_equal(FIX.logged, "");
	STORE_DO(add_message, "alice", "c", 1, 9);
	assert_store_ends("OK");
	assert_logged("can be written again\n");
	open_again();
	STORE_DO(load_messages, "alice", 9);
	assert_store_ends("OK 1=a 2=c");
}

static void a_file_that_is_locked_can_be_read(void **state)
{
	(void)state;
	store_make_alice();
	sqlite3 *db = open_beside();
	assert_int_equal(sqlite3_exec(db, "BEGIN IMMEDIATE", NULL, NULL, NULL), SQLITE_OK);
	STORE_DO(add_message, "alice", "a", 1, 9);
	assert_store_ends("ERR_SYSTEM");
	assert_logged("fails: another program has locked it (database is locked)\n");
	STORE_DO(look_up, "alice");
	assert_store_ends("OK one two");
	sqlite3_close(db);
	STORE_DO(add_message, "alice", "b", 1, 9);
	assert_store_ends("OK");
	STORE_DO(load_messages, "alice", 9);
	assert_store_ends("OK 1=b");
}

static void a_copy_is_made_while_it_is_used(void **state)
{
	(void)state;
	char sql[200];
	store_make_alice();
	snprintf(sql, sizeof(sql), "VACUUM INTO '%s.copy'", FIX.path);
	change_file(sql);
	STORE_DO(remove, "alice");
	assert_store_ends("OK");
	close_store();
	snprintf(sql, sizeof(sql), "%s.copy", FIX.path);
	assert_int_equal(rename(sql, FIX.path), 0);
	store_open();
	STORE_DO(look_up, "alice");
	assert_store_ends("OK one two");
}

static void a_damaged_part_fails_and_others_are_read(void **state)
{
	(void)state;
	static char message[40000];
	memset(message, 'x', sizeof(message));
	store_make_alice();
	off_t end = 0;
	for (int i = 0; i < 4; i++) {
		STORE_DO(add_message, "alice", message, sizeof(message), 9);
		assert_store_ends("OK");
		open_again(); /* it is in the file, and not in the log only */
		end = file_size();
	}
	close_store();
	overwrite(end / 2, end);
	assert_checked(ENVOI_ERR_INVALID, "it is damaged: put back a copy");
	store_open();
	STORE_DO(load_messages, "alice", 9);
	assert_store_ends("ERR_SYSTEM");
	assert_logged("fails: it is damaged: put back a copy (database disk image is malformed)\n");
	STORE_DO(look_up, "alice");
	assert_store_ends("OK one two");
}

static void an_account_that_is_removed_leaves_nothing(void **state)
{
	(void)state;
	const struct envoi_store_contact bob = {.jid = "bob@h", .is_listed = true, .version = 5};
	store_make_alice();
	STORE_DO(set_contact, "alice", &bob);
	assert_store_ends("OK");
	STORE_DO(add_message, "alice", "a", 1, 9);
	assert_store_ends("OK");
	STORE_DO(set_value, "alice", "k", "v", 1, 9);
	assert_store_ends("OK");
	STORE_DO(remove, "alice");
	assert_store_ends("OK");
	assert_int_equal(
		number_in_file("SELECT (SELECT count(*) FROM accounts) +"
			       " (SELECT count(*) FROM contacts) +"
			       " (SELECT count(*) FROM messages) + (SELECT count(*) FROM stored)"),
		0);
}

static bool ends_well(void)
{
	const char *end = store_wait(FIX.loop);
	assert_true(strncmp(end, "OK", 2) == 0 || strcmp(end, "ERR_NOMEM") == 0);
	return end[0] == 'O';
}

/* @return how many messages were stored */
static int use_without_memory(void)
{
	const struct envoi_sqlite_store_options options = {.path = FIX.path, .lock_wait_ms = 1};
	const struct envoi_store_contact bob = {.jid = "bob@h", .is_listed = true, .version = 5};
	int r = envoi_store_open_sqlite(&FIX.store, FIX.context, &options, NULL);
	int stored = 0;
	if (r < 0) {
		assert_int_equal(r, ENVOI_ERR_NOMEM);
		FIX.store = NULL;
		return 0;
	}
	STORE_DO(look_up, "alice");
	(void)ends_well();
	STORE_DO(set_contact, "alice", &bob);
	(void)ends_well();
	STORE_DO(load_roster, "alice");
	(void)ends_well();
	for (int i = 0; i < 2; i++) {
		STORE_DO(add_message, "alice", "a", 1, SIZE_MAX);
		stored += ends_well();
		STORE_DO(load_messages, "alice", 40);
		(void)ends_well();
	}
	close_store();
	return stored;
}

/* An allocation of SQLite fails, one after another: a job ends with an error and stores nothing, or
 * with success and has stored. */
static void without_memory_in_sqlite_a_job_ends_with_an_error(void **state)
{
	(void)state;
	int stored = 0, tried = 0;
	store_make_alice();
	close_store();
	do {
		allocations = 0;
		fails_at = ++tried;
		stored += use_without_memory();
	} while (allocations >= tried);
	fails_at = 0;
	store_open();
	assert_true(tried > 50);
	assert_int_equal(number_in_file("SELECT count(*) FROM messages"), stored);
	assert_int_equal(number_in_file("SELECT waiting FROM accounts"), stored);
}

#define CASE(test) cmocka_unit_test_setup_teardown(test, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(everything_is_there_when_it_is_opened_again),
		CASE(its_files_are_of_the_user_alone),
		CASE(a_file_in_use_is_refused),
		CASE(checking_a_file_makes_none),
		CASE(a_newer_version_is_refused_and_left_as_it_is),
		CASE(a_file_of_version_1_is_brought_to_version_2),
		CASE(a_file_that_cannot_be_brought_to_the_newest_version_stays_as_it_is),
		CASE(a_database_of_another_program_is_refused),
		CASE(what_is_no_database_is_refused),
		CASE(a_name_that_is_no_files_is_refused),
		CASE(the_jobs_of_a_turn_cost_one_synchronisation),
		CASE(a_job_fails_if_its_synchronisation_fails),
		CASE(on_a_full_disk_writing_fails_and_reading_goes_on),
		CASE(a_file_that_is_locked_can_be_read),
		CASE(a_copy_is_made_while_it_is_used),
		CASE(a_damaged_part_fails_and_others_are_read),
		CASE(without_memory_in_sqlite_a_job_ends_with_an_error),
		CASE(an_account_that_is_removed_leaves_nothing),
	};
	return cmocka_run_group_tests(tests, replace_writing, NULL);
}
