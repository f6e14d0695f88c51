/*
 * envoi - tests: a store of a server that stands still or fails
 * SPDX-License-Identifier: MIT
 */
#include "limping_store.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include <envoi/interfaces/mainloop.h>
#include <envoi/server.h>

static struct limping_store *from_store(struct envoi_store *store)
{
	return ENVOI_CONTAINER_OF(store, struct limping_store, store);
}

/* --- ends --- */

static void on_failed(struct envoi_deferred *deferred)
{
	struct envoi_store_job *job = ENVOI_CONTAINER_OF(
		deferred, struct envoi_store_job, deferred);
	job->data = NULL;
	job->done(job, job->code, NULL);
}

/* @return whether the job fails */
static bool fails(struct limping_store *limping, struct envoi_store_job *job)
{
	if (limping->code == ENVOI_OK) {
		return false;
	}
	job->data = limping;
	job->code = limping->code;
	envoi_deferred_post(&job->deferred, envoi_context_loop(limping->context), on_failed);
	return true;
}

/* The store in memory reports from a deferred call of the job. */
static void hold_back(struct limping_store *limping, struct envoi_store_job *job)
{
	if (limping->is_stalled) {
		assert_true(limping->count < LIMPING_MOST);
		envoi_deferred_cancel(&job->deferred);
		limping->jobs[limping->count++] = job;
	}
}

void limping_store_continue(struct limping_store *limping)
{
	limping->is_stalled = false;
	limping->code = ENVOI_OK;
	for (size_t i = 0; i < limping->count; i++) {
		struct envoi_deferred *deferred = &limping->jobs[i]->deferred;
		envoi_deferred_post(
			deferred, envoi_context_loop(limping->context), deferred->notify);
	}
	limping->count = 0;
}

static void cancel(struct envoi_store *store, struct envoi_store_job *job)
{
	struct limping_store *limping = from_store(store);
	size_t kept = 0;
	for (size_t i = 0; i < limping->count; i++) {
		if (limping->jobs[i] != job) {
			limping->jobs[kept++] = limping->jobs[i];
		}
	}
	limping->count = kept;
	if (job->data == limping) {
		envoi_deferred_cancel(&job->deferred);
		job->data = NULL;
	} else {
		envoi_store_cancel(limping->memory, job);
	}
}

static void destroy(struct envoi_store *store)
{
	envoi_store_destroy(from_store(store)->memory);
}

/* --- the functions --- */

static void look_up(struct envoi_store *store, struct envoi_store_job *job, const char *account)
{
	struct limping_store *limping = from_store(store);
	if (!fails(limping, job)) {
		limping->memory->impl->look_up(limping->memory, job, account);
		hold_back(limping, job);
	}
}

static void set_verifiers(struct envoi_store *store, struct envoi_store_job *job,
	const char *account, const char *const *verifiers, size_t count, enum envoi_store_mode mode)
{
	struct limping_store *limping = from_store(store);
	if (!fails(limping, job)) {
		limping->memory->impl->set_verifiers(
			limping->memory, job, account, verifiers, count, mode);
		hold_back(limping, job);
	}
}

static void remove_account(
	struct envoi_store *store, struct envoi_store_job *job, const char *account)
{
	struct limping_store *limping = from_store(store);
	if (!fails(limping, job)) {
		limping->memory->impl->remove(limping->memory, job, account);
		hold_back(limping, job);
	}
}

static void load_roster(struct envoi_store *store, struct envoi_store_job *job, const char *account)
{
	struct limping_store *limping = from_store(store);
	if (!fails(limping, job)) {
		limping->memory->impl->load_roster(limping->memory, job, account);
		hold_back(limping, job);
	}
}

static void set_contact(struct envoi_store *store, struct envoi_store_job *job, const char *account,
	const struct envoi_store_contact *contact)
{
	struct limping_store *limping = from_store(store);
	if (!fails(limping, job)) {
		limping->memory->impl->set_contact(limping->memory, job, account, contact);
		hold_back(limping, job);
	}
}

static void remove_contact(struct envoi_store *store, struct envoi_store_job *job,
	const char *account, const char *jid, uint64_t version)
{
	struct limping_store *limping = from_store(store);
	if (!fails(limping, job)) {
		limping->memory->impl->remove_contact(limping->memory, job, account, jid, version);
		hold_back(limping, job);
	}
}

static void add_message(struct envoi_store *store, struct envoi_store_job *job, const char *account,
	const char *xml, size_t len, size_t limit)
{
	struct limping_store *limping = from_store(store);
	if (!fails(limping, job)) {
		limping->memory->impl->add_message(limping->memory, job, account, xml, len, limit);
		hold_back(limping, job);
	}
}

static void load_messages(
	struct envoi_store *store, struct envoi_store_job *job, const char *account, size_t limit)
{
	struct limping_store *limping = from_store(store);
	if (!fails(limping, job)) {
		limping->memory->impl->load_messages(limping->memory, job, account, limit);
		hold_back(limping, job);
	}
}

static void remove_messages(struct envoi_store *store, struct envoi_store_job *job,
	const char *account, const uint64_t *ids, size_t count)
{
	struct limping_store *limping = from_store(store);
	if (!fails(limping, job)) {
		limping->memory->impl->remove_messages(limping->memory, job, account, ids, count);
		hold_back(limping, job);
	}
}

static void set_value(struct envoi_store *store, struct envoi_store_job *job, const char *account,
	const char *key, const void *value, size_t len, size_t limit)
{
	struct limping_store *limping = from_store(store);
	if (!fails(limping, job)) {
		limping->memory->impl->set_value(
			limping->memory, job, account, key, value, len, limit);
		hold_back(limping, job);
	}
}

static void get_value(struct envoi_store *store, struct envoi_store_job *job, const char *account,
	const char *key)
{
	struct limping_store *limping = from_store(store);
	if (!fails(limping, job)) {
		limping->memory->impl->get_value(limping->memory, job, account, key);
		hold_back(limping, job);
	}
}

static const struct envoi_store_impl impl = {
	.name = "limping",
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

void limping_store_init(struct limping_store *limping, struct envoi_context *context)
{
	*limping = (struct limping_store){.store.impl = &impl, .context = context};
	assert_int_equal(envoi_store_new_memory(&limping->memory, context), ENVOI_OK);
	memcpy(limping->store.decoy_key, limping->memory->decoy_key,
		sizeof(limping->store.decoy_key));
	memcpy(limping->store.generation, limping->memory->generation,
		sizeof(limping->store.generation));
}
