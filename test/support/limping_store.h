/*
 * envoi - tests: a store of a server that stands still or fails
 * SPDX-License-Identifier: MIT
 */
#ifndef ENVOI_TEST_LIMPING_STORE_H
#define ENVOI_TEST_LIMPING_STORE_H

#include <stdbool.h>

#include <envoi/context.h>
#include <envoi/interfaces/store.h>

enum {
	LIMPING_MOST = 100, /* jobs that end while it stands still */
};

/** A store in memory that does everything at once, and reports it when the test lets it. */
struct limping_store {
	struct envoi_store store;
	struct envoi_store *memory;
	struct envoi_context *context; /* borrowed */
	bool is_stalled; /* jobs that begin do not end */
	int code; /* not ENVOI_OK: jobs that begin do nothing and end with it */
	struct envoi_store_job *jobs[LIMPING_MOST];
	size_t count;
};

/** It is finished by envoi_store_destroy(). */
void limping_store_init(struct limping_store *limping, struct envoi_context *context);
/** Let the jobs end that were held back, and those that follow. */
void limping_store_continue(struct limping_store *limping);

#endif
