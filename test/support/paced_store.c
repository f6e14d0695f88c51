/*
 * envoi - tests: a store in a file for a loop in virtual time
 * SPDX-License-Identifier: MIT
 */
#include "paced_store.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include <envoi/interfaces/mainloop.h>
#include <envoi/mainloop.h>
#include <envoi/sqlite_store.h>

struct paced_store {
	struct envoi_store store;
	struct envoi_store *file;
	struct envoi_context *context, *own; /* of the server, borrowed; of the file */
	struct envoi_loop *own_loop;
	char folder[40];
};

/* Of a job that is open: its `data`. */
struct pace {
	struct envoi_store_job job; /* of the store in the file */
	struct envoi_store_job *outer;
	struct paced_store *paced;
	bool *is_done; /* of the call that waits for it; NULL: none does */
};

static struct paced_store *from_store(struct envoi_store *store)
{
	return ENVOI_CONTAINER_OF(store, struct paced_store, store);
}

/* --- jobs --- */

static void on_done(struct envoi_store_job *job, int code, const struct envoi_store_answer *answer)
{
	struct pace *pace = ENVOI_CONTAINER_OF(job, struct pace, job);
	struct envoi_store_job *outer = pace->outer;
	if (pace->is_done != NULL) {
		*pace->is_done = true;
	}
	free(pace);
	envoi_deferred_cancel(&outer->deferred); /* it may end while another one is waited for */
	outer->data = NULL;
	outer->done(outer, code, answer);
}

static void on_turn(struct envoi_deferred *deferred)
{
	struct envoi_store_job *outer = ENVOI_CONTAINER_OF(
		deferred, struct envoi_store_job, deferred);
	struct pace *pace = outer->data;
	struct paced_store *paced = pace->paced;
	bool is_done = false;
	pace->is_done = &is_done;
	while (!is_done) {
		assert_int_equal(envoi_loop_run_once(paced->own_loop, true), ENVOI_OK);
	}
}

static struct envoi_store_job *begin(struct paced_store *paced, struct envoi_store_job *outer)
{
	struct pace *pace = calloc(1, sizeof(*pace));
	assert_non_null(pace);
	pace->job.done = on_done;
	pace->outer = outer;
	pace->paced = paced;
	outer->data = pace;
	envoi_deferred_post(&outer->deferred, envoi_context_loop(paced->context), on_turn);
	return &pace->job;
}

static void cancel(struct envoi_store *store, struct envoi_store_job *job)
{
	struct paced_store *paced = from_store(store);
	struct pace *pace = job->data;
	envoi_store_cancel(paced->file, &pace->job);
	envoi_deferred_cancel(&job->deferred);
	if (pace->is_done != NULL) {
		*pace->is_done = true;
	}
	free(pace);
	job->data = NULL;
}

#define FORWARD(name, parameters, ...) \
	static void name parameters \
	{ \
		struct paced_store *paced = from_store(store); \
		paced->file->impl->name(paced->file, begin(paced, job), account, __VA_ARGS__); \
	}
#define FORWARD_ACCOUNT(name) \
	static void name( \
		struct envoi_store *store, struct envoi_store_job *job, const char *account) \
	{ \
		struct paced_store *paced = from_store(store); \
		paced->file->impl->name(paced->file, begin(paced, job), account); \
	}
#define FIRST struct envoi_store *store, struct envoi_store_job *job, const char *account

FORWARD_ACCOUNT(look_up)
FORWARD_ACCOUNT(load_roster)
FORWARD(set_verifiers,
	(FIRST, const char *const *verifiers, size_t count, enum envoi_store_mode mode), verifiers,
	count, mode)
FORWARD(set_contact, (FIRST, const struct envoi_store_contact *contact), contact)
FORWARD(remove_contact, (FIRST, const char *jid, uint64_t version), jid, version)
FORWARD(add_message, (FIRST, const char *xml, size_t len, size_t limit), xml, len, limit)
FORWARD(load_messages, (FIRST, size_t limit), limit)
FORWARD(remove_messages, (FIRST, const uint64_t *ids, size_t count), ids, count)
FORWARD(set_value, (FIRST, const char *key, const void *value, size_t len, size_t limit), key,
	value, len, limit)
FORWARD(get_value, (FIRST, const char *key), key)

static void remove_account(FIRST)
{
	struct paced_store *paced = from_store(store);
	paced->file->impl->remove(paced->file, begin(paced, job), account);
}

/* --- life --- */

static void destroy(struct envoi_store *store)
{
	static const char *const suffixes[] = {"", "-wal", "-shm", ".lock"};
	struct paced_store *paced = from_store(store);
	envoi_store_destroy(paced->file);
	envoi_context_unref(paced->own);
	for (size_t i = 0; i < 4; i++) {
		char path[80];
		snprintf(path, sizeof(path), "%s/store.db%s", paced->folder, suffixes[i]);
		unlink(path);
	}
	assert_int_equal(rmdir(paced->folder), 0);
	free(paced);
}

static const struct envoi_store_impl impl = {
	.name = "paced",
	.look_up = look_up,
	.set_verifiers = set_verifiers,
	.remove = remove_account,
	.load_roster = load_roster,
	.set_contact = set_contact,
	.remove_contact = remove_contact,
	.add_message = add_message,
	.load_messages = load_messages,
	.remove_messages = remove_messages,
	.set_value = set_value,
	.get_value = get_value,
	.cancel = cancel,
	.destroy = destroy,
};

struct envoi_store *paced_store_new(struct envoi_context *context)
{
	struct paced_store *paced = calloc(1, sizeof(*paced));
	char path[60];
	assert_non_null(paced);
	paced->store.impl = &impl;
	paced->context = context;
	snprintf(paced->folder, sizeof(paced->folder), "/tmp/envoi-paced-XXXXXX");
	assert_non_null(mkdtemp(paced->folder));
	snprintf(path, sizeof(path), "%s/store.db", paced->folder);
	assert_int_equal(envoi_context_new(&paced->own, NULL), ENVOI_OK);
	assert_int_equal(envoi_loop_new_poll(&paced->own_loop, paced->own), ENVOI_OK);
	assert_int_equal(envoi_context_take_loop(paced->own, paced->own_loop), ENVOI_OK);
	const struct envoi_sqlite_store_options options = {.path = path};
	assert_int_equal(
		envoi_store_open_sqlite(&paced->file, paced->own, &options, NULL), ENVOI_OK);
	memcpy(paced->store.decoy_key, paced->file->decoy_key, sizeof(paced->store.decoy_key));
	memcpy(paced->store.generation, paced->file->generation, sizeof(paced->store.generation));
	return &paced->store;
}
