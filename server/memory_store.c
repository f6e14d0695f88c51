/*
 * envoi-server - the store in memory
 * SPDX-License-Identifier: MIT
 */
/* Writing happens at once and is reported from the loop; reading happens where it is reported. */
#include <string.h>

#include <envoi/context.h>
#include <envoi/interfaces/store.h>
#include <envoi/server.h>

#include "contact.h"
#include "memory_account.h"

struct memory_store {
	struct envoi_store store;
	struct envoi_context *context; /* a reference */
	struct envoi__table accounts;
};

/* What a job reads. */
struct reading {
	struct memory_store *store;
	int (*read)(struct reading *reading, const struct envoi__memory_account *account);
	struct envoi_store_job *job;
	size_t limit;
	const char *key;
	char texts[]; /* the account's name, the key */
};

static struct memory_store *from_store(struct envoi_store *store)
{
	return ENVOI_CONTAINER_OF(store, struct memory_store, store);
}

static struct envoi__memory_account *find(const struct memory_store *store, const char *name)
{
	struct envoi__table_link *link = envoi__table_find(&store->accounts, name, strlen(name));
	return link == NULL ? NULL : ENVOI_CONTAINER_OF(link, struct envoi__memory_account, link);
}

/* --- jobs --- */

static void finish(struct envoi_store_job *job, int code, const struct envoi_store_answer *answer)
{
	job->data = NULL;
	job->done(job, code, answer);
}

static void on_end(struct envoi_deferred *deferred)
{
	struct envoi_store_job *job = ENVOI_CONTAINER_OF(
		deferred, struct envoi_store_job, deferred);
	finish(job, job->code, NULL);
}

/* The job has nothing to read. */
static void end_later(struct memory_store *store, struct envoi_store_job *job, int code)
{
	job->data = store;
	job->code = code;
	envoi_deferred_post(&job->deferred, envoi_context_loop(store->context), on_end);
}

static void on_read(struct envoi_deferred *deferred)
{
	struct envoi_store_job *job = ENVOI_CONTAINER_OF(
		deferred, struct envoi_store_job, deferred);
	struct reading *reading = job->data;
	struct envoi_context *context = reading->store->context;
	const struct envoi__memory_account *account = find(reading->store, reading->texts);
	if (account == NULL) {
		finish(job, ENVOI_ERR_NOT_FOUND, NULL);
	} else {
		int r = reading->read(reading, account); /* finishes the job on success */
		if (r < 0) {
			finish(job, r, NULL);
		}
	}
	envoi_free(context, reading);
}

static struct reading *read_later(struct envoi_store *base, struct envoi_store_job *job,
	const char *account, const char *key,
	int (*read)(struct reading *reading, const struct envoi__memory_account *account))
{
	struct memory_store *store = from_store(base);
	size_t name_size = strlen(account) + 1, key_size = strlen(key) + 1;
	struct reading *reading = envoi_alloc(
		store->context, sizeof(*reading) + name_size + key_size);
	if (reading == NULL) {
		end_later(store, job, ENVOI_ERR_NOMEM);
		return NULL;
	}
	*reading = (struct reading){
		.store = store, .read = read, .job = job, .key = reading->texts + name_size};
	memcpy(reading->texts, account, name_size);
	memcpy(reading->texts + name_size, key, key_size);
	job->data = reading;
	envoi_deferred_post(&job->deferred, envoi_context_loop(store->context), on_read);
	return reading;
}

static void cancel(struct envoi_store *base, struct envoi_store_job *job)
{
	struct memory_store *store = from_store(base);
	envoi_deferred_cancel(&job->deferred);
	if (job->data != store) {
		envoi_free(store->context, job->data);
	}
	job->data = NULL;
}

/* --- accounts --- */

static int read_verifiers(struct reading *reading, const struct envoi__memory_account *account)
{
	struct envoi_context *context = reading->store->context;
	const char **verifiers = envoi_alloc(
		context, account->verifier_count * sizeof(verifiers[0]) + 1);
	if (verifiers == NULL) {
		return ENVOI_ERR_NOMEM;
	}
	const char *text = account->verifiers;
	for (size_t i = 0; i < account->verifier_count; i++) {
		verifiers[i] = text;
		text += strlen(text) + 1;
	}
	const struct envoi_store_answer answer = {
		.verifiers = verifiers, .verifier_count = account->verifier_count};
	finish(reading->job, ENVOI_OK, &answer);
	envoi_free(context, verifiers);
	return ENVOI_OK;
}

static void look_up(struct envoi_store *base, struct envoi_store_job *job, const char *account)
{
	(void)read_later(base, job, account, "", read_verifiers);
}

static int add_account(
	struct memory_store *store, const char *name, struct envoi__memory_account **ret_account)
{
	struct envoi__memory_account *account;
	int r = envoi__memory_account_new(&account, store->context, name);
	if (r < 0) {
		return r;
	}
	r = envoi__table_add(&store->accounts, &account->link, account->name);
	if (r < 0) {
		envoi__memory_account_free(store->context, account);
		return r;
	}
	*ret_account = account;
	return ENVOI_OK;
}

static void drop_account(struct memory_store *store, struct envoi__memory_account *account)
{
	envoi__table_remove(&store->accounts, &account->link);
	envoi__memory_account_free(store->context, account);
}

static int write_verifiers(struct memory_store *store, const char *name,
	const char *const *verifiers, size_t count, enum envoi_store_mode mode)
{
	struct envoi__memory_account *account = find(store, name);
	bool is_made = account == NULL;
	if (!is_made && mode == ENVOI_STORE_NEW) {
		return ENVOI_ERR_EXISTS;
	}
	if (is_made && mode == ENVOI_STORE_CHANGE) {
		return ENVOI_ERR_NOT_FOUND;
	}
	int r = is_made ? add_account(store, name, &account) : ENVOI_OK;
	if (r == ENVOI_OK) {
		r = envoi__memory_account_set_verifiers(store->context, account, verifiers, count);
		if (r < 0 && is_made) {
			drop_account(store, account);
		}
	}
	return r;
}

static void set_verifiers(struct envoi_store *base, struct envoi_store_job *job,
	const char *account, const char *const *verifiers, size_t count, enum envoi_store_mode mode)
{
	struct memory_store *store = from_store(base);
	end_later(store, job, write_verifiers(store, account, verifiers, count, mode));
}

static void remove_account(struct envoi_store *base, struct envoi_store_job *job, const char *name)
{
	struct memory_store *store = from_store(base);
	struct envoi__memory_account *account = find(store, name);
	if (account != NULL) {
		drop_account(store, account);
	}
	end_later(store, job, account != NULL ? ENVOI_OK : ENVOI_ERR_NOT_FOUND);
}

/* --- rosters --- */

static int read_roster(struct reading *reading, const struct envoi__memory_account *account)
{
	struct envoi_context *context = reading->store->context;
	size_t count = 0;
	struct envoi_store_contact *contacts = envoi_alloc(
		context, account->contacts.count * sizeof(contacts[0]) + 1);
	if (contacts == NULL) {
		return ENVOI_ERR_NOMEM;
	}
	struct envoi__table_link *link = NULL;
	while ((link = envoi__table_next(&account->contacts, link)) != NULL) {
		contacts[count++] =
			ENVOI_CONTAINER_OF(link, struct envoi__server_contact, link)->value;
	}
	const struct envoi_store_answer answer = {
		.roster = {contacts, count, account->version, account->removed}};
	finish(reading->job, ENVOI_OK, &answer);
	envoi_free(context, contacts);
	return ENVOI_OK;
}

static void load_roster(struct envoi_store *base, struct envoi_store_job *job, const char *account)
{
	(void)read_later(base, job, account, "", read_roster);
}

static void set_contact(struct envoi_store *base, struct envoi_store_job *job, const char *name,
	const struct envoi_store_contact *contact)
{
	struct memory_store *store = from_store(base);
	struct envoi__memory_account *account = find(store, name);
	int r = account == NULL ? ENVOI_ERR_NOT_FOUND
				: envoi__server_contact_put(&account->contacts, contact, NULL);
	if (r == ENVOI_OK && contact->is_listed && contact->version > account->version) {
		account->version = contact->version;
	}
	end_later(store, job, r);
}

static void remove_contact(struct envoi_store *base, struct envoi_store_job *job, const char *name,
	const char *jid, uint64_t version)
{
	struct memory_store *store = from_store(base);
	struct envoi__memory_account *account = find(store, name);
	if (account != NULL) {
		(void)envoi__server_contact_drop(&account->contacts, jid, strlen(jid));
		if (version != 0) {
			account->version = account->removed = version;
		}
	}
	end_later(store, job, account != NULL ? ENVOI_OK : ENVOI_ERR_NOT_FOUND);
}

/* --- messages --- */

static void add_message(struct envoi_store *base, struct envoi_store_job *job, const char *account,
	const char *xml, size_t len, size_t limit)
{
	struct memory_store *store = from_store(base);
	struct envoi__memory_account *found = find(store, account);
	end_later(store, job,
		found == NULL ? ENVOI_ERR_NOT_FOUND
			      : envoi__memory_account_add_message(
					store->context, found, xml, len, limit));
}

static int read_messages(struct reading *reading, const struct envoi__memory_account *account)
{
	struct envoi_context *context = reading->store->context;
	size_t count = 0,
	       most = account->message_count < reading->limit ? account->message_count
							      : reading->limit;
	struct envoi_store_message *messages = envoi_alloc(context, most * sizeof(messages[0]) + 1);
	if (messages == NULL) {
		return ENVOI_ERR_NOMEM;
	}
	for (const struct envoi__memory_message *m = account->first; m != NULL && count < most;
		m = m->next) {
		messages[count++] = (struct envoi_store_message){m->id, m->xml, m->len};
	}
	const struct envoi_store_answer answer = {.messages = messages, .message_count = count};
	finish(reading->job, ENVOI_OK, &answer);
	envoi_free(context, messages);
	return ENVOI_OK;
}

static void load_messages(
	struct envoi_store *base, struct envoi_store_job *job, const char *account, size_t limit)
{
	struct reading *reading = read_later(base, job, account, "", read_messages);
	if (reading != NULL) {
		reading->limit = limit;
	}
}

static void remove_messages(struct envoi_store *base, struct envoi_store_job *job, const char *name,
	const uint64_t *ids, size_t count)
{
	struct memory_store *store = from_store(base);
	struct envoi__memory_account *account = find(store, name);
	if (account != NULL) {
		envoi__memory_account_drop_messages(store->context, account, ids, count);
	}
	end_later(store, job, ENVOI_OK);
}

/* --- values --- */

static void set_value(struct envoi_store *base, struct envoi_store_job *job, const char *account,
	const char *key, const void *value, size_t len, size_t limit)
{
	struct memory_store *store = from_store(base);
	struct envoi__memory_account *found = find(store, account);
	end_later(store, job,
		found == NULL ? ENVOI_ERR_NOT_FOUND
			      : envoi__memory_account_set_value(
					store->context, found, key, value, len, limit));
}

static int read_value(struct reading *reading, const struct envoi__memory_account *account)
{
	const struct envoi__memory_value *value = envoi__memory_account_value(
		account, reading->key);
	if (value == NULL) {
		return ENVOI_ERR_NOT_FOUND;
	}
	const struct envoi_store_answer answer = {.value = value->data, .value_len = value->len};
	finish(reading->job, ENVOI_OK, &answer);
	return ENVOI_OK;
}

static void get_value(
	struct envoi_store *base, struct envoi_store_job *job, const char *account, const char *key)
{
	(void)read_later(base, job, account, key, read_value);
}

/* --- life --- */

static void destroy(struct envoi_store *base)
{
	struct memory_store *store = from_store(base);
	struct envoi_context *context = store->context;
	struct envoi__table_link *link = envoi__table_next(&store->accounts, NULL);
	while (link != NULL) {
		struct envoi__table_link *next = envoi__table_next(&store->accounts, link);
		envoi__memory_account_free(
			context, ENVOI_CONTAINER_OF(link, struct envoi__memory_account, link));
		link = next;
	}
	envoi__table_finish(&store->accounts);
	explicit_bzero(store->store.decoy_key, sizeof(store->store.decoy_key));
	envoi_free(context, store);
	envoi_context_unref(context);
}

static const struct envoi_store_impl impl = {
	.name = "memory",
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

int envoi_store_new_memory(struct envoi_store **ret_store, struct envoi_context *context)
{
	struct memory_store *store = envoi_alloc_zeroed(context, sizeof(*store));
	if (store == NULL) {
		return ENVOI_ERR_NOMEM;
	}
	store->store.impl = &impl;
	store->context = envoi_context_ref(context);
	int r = envoi__table_init(&store->accounts, context);
	if (r == ENVOI_OK) {
		r = envoi_context_random(
			context, store->store.decoy_key, sizeof(store->store.decoy_key));
	}
	if (r == ENVOI_OK) {
		r = envoi_id_make(context, store->store.generation);
	}
	if (r < 0) {
		destroy(&store->store);
		return r;
	}
	*ret_store = &store->store;
	return ENVOI_OK;
}
