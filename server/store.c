/*
 * envoi-server - stores: what all of them share
 * SPDX-License-Identifier: MIT
 */
#include <envoi/interfaces/store.h>

void envoi_store_cancel(struct envoi_store *store, struct envoi_store_job *job)
{
	if (job->data != NULL) {
		store->impl->cancel(store, job);
	}
}

void envoi_store_destroy(struct envoi_store *store)
{
	if (store != NULL) {
		store->impl->destroy(store);
	}
}
