/*
 * envoi - tests: a store of a server, and what its jobs end with as text
 * SPDX-License-Identifier: MIT
 */
#ifndef ENVOI_TEST_STORE_FIXTURE_H
#define ENVOI_TEST_STORE_FIXTURE_H

#include <stdbool.h>

#include <envoi/context.h>
#include <envoi/interfaces/store.h>

/** How a store is made. @param path  of a file in an empty folder */
typedef int store_maker(
	struct envoi_store **ret_store, struct envoi_context *context, const char *path);

/** One is enough: tests run one after another. */
struct store_fixture {
	store_maker *make;
	struct envoi_context *context;
	struct envoi_loop *loop; /* on poll(2): a store may have a thread */
	struct envoi_store *store;
	char folder[40], path[60];
	struct envoi_store_job job;
	char noted[4000]; /* what the last job has ended with */
	bool is_noted;
	char logged[1000]; /* the lines of the log, each with its line feed */
};
extern struct store_fixture store_fixture;

/** Make a folder, a loop and a store. */
void store_begin(store_maker *make);
/** Make another store, on the same file. The one before was destroyed. */
void store_open(void);
/** Destroy the store, and remove the folder. */
void store_finish(void);
/** Empty the folder. */
void store_clear(void);
/** Note what a job ends with: "OK 1=a 2=b" or "ERR_LIMIT", in the fixture. The `done` of jobs. */
void store_note(struct envoi_store_job *job, int code, const struct envoi_store_answer *answer);
/** Run the loop until a job has ended. @return what it has ended with */
const char *store_wait(struct envoi_loop *loop);
/** The job of the fixture was begun, does not end before the loop runs, and ends so. */
void assert_store_ends(const char *expected);

/** Begin the job of the fixture: STORE_DO(look_up, "alice"). */
#define STORE_DO(function, ...) \
	store_fixture.store->impl->function(store_fixture.store, &store_fixture.job, __VA_ARGS__)

/** Make the account alice with the verifiers "one" and "two". */
void store_make_alice(void);

#endif
