/*
 * envoi-server - the store in a file, on SQLite
 * SPDX-License-Identifier: MIT
 */
/*
 * The jobs of a turn of the loop are collected, and passed to the thread together behind it: they
 * share a transaction. doc/server-store.md describes the file, and when what is safe.
 */
#include <string.h>
#include <unistd.h>

#include <envoi/context.h>
#include <envoi/sqlite_store.h>

#include "sqlite_inside.h"

struct sqlite_store {
	struct envoi_store store;
	struct envoi_context *context; /* a reference */
	char *path;
	int lock_fd;
	struct envoi__sqlite_worker *worker;
	struct envoi_deferred flush;
	struct envoi__sqlite_jobs begun; /* in this turn */
	int trouble; /* that was logged; SQLITE_OK */
};

static struct sqlite_store *from_store(struct envoi_store *store)
{
	return ENVOI_CONTAINER_OF(store, struct sqlite_store, store);
}

/* --- beginning a job --- */

/* An argument: bytes, or texts to be joined, each with its NUL. */
struct argument {
	const void *data; /* NULL: NULL */
	size_t len;
	const char *const *texts;
	size_t text_count;
};

static struct argument text(const char *value)
{
	return (struct argument){.data = value, .len = value == NULL ? 0 : strlen(value)};
}

static struct argument texts(const char *const *values, size_t count)
{
	static const char *const none[1];
	return (struct argument){.texts = count > 0 ? values : none, .text_count = count};
}

static size_t room_for(const struct argument *argument)
{
	size_t size = argument->len;
	for (size_t i = 0; i < argument->text_count; i++) {
		size += strlen(argument->texts[i]) + 1;
	}
	return size;
}

/* @param[in,out] room  where the next argument goes */
static struct envoi__sqlite_text copy(char **room, const struct argument *argument)
{
	struct envoi__sqlite_text kept = {.len = room_for(argument)};
	if (argument->data == NULL && argument->texts == NULL) {
		return kept;
	}
	kept.at = *room;
	if (argument->len > 0) {
		memcpy(*room, argument->data, argument->len);
		*room += argument->len;
	}
	for (size_t i = 0; i < argument->text_count; i++) {
		size_t size = strlen(argument->texts[i]) + 1;
		memcpy(*room, argument->texts[i], size);
		*room += size;
	}
	return kept;
}

static struct envoi__sqlite_job *make_job(
	struct envoi_context *context, const struct argument arguments[ENVOI__SQLITE_TEXTS])
{
	size_t bytes = sizeof(struct envoi__sqlite_job) + 1; /* an empty text has an address, too */
	for (size_t i = 0; i < ENVOI__SQLITE_TEXTS; i++) {
		bytes += room_for(&arguments[i]);
	}
	struct envoi__sqlite_job *job = envoi_alloc(context, bytes);
	if (job != NULL) {
		*job = (struct envoi__sqlite_job){.bytes = bytes};
		char *room = job->room;
		for (size_t i = 0; i < ENVOI__SQLITE_TEXTS; i++) {
			job->texts[i] = copy(&room, &arguments[i]);
		}
	}
	return job;
}

static void free_job(struct sqlite_store *store, struct envoi__sqlite_job *job)
{
	envoi__sqlite_answer_finish(&job->answer);
	size_t bytes = job->bytes;
	explicit_bzero(job, bytes);
	envoi_free(store->context, job);
}

static void on_flush(struct envoi_deferred *deferred)
{
	struct sqlite_store *store = ENVOI_CONTAINER_OF(deferred, struct sqlite_store, flush);
	envoi__sqlite_worker_do(store->worker, &store->begun);
}

static void on_no_memory(struct envoi_deferred *deferred)
{
	struct envoi_store_job *job = ENVOI_CONTAINER_OF(
		deferred, struct envoi_store_job, deferred);
	job->data = NULL;
	job->done(job, ENVOI_ERR_NOMEM, NULL);
}

/* What a job is begun with. Members that a kind does not use are zero. */
struct request {
	const struct envoi__sqlite_kind *kind;
	struct argument arguments[ENVOI__SQLITE_TEXTS];
	int64_t numbers[ENVOI__SQLITE_NUMBERS];
};

static void begin(struct envoi_store *base, struct envoi_store_job *job, const char *account,
	struct request request)
{
	struct sqlite_store *store = from_store(base);
	struct envoi_loop *loop = envoi_context_loop(store->context);
	request.arguments[ENVOI__SQLITE_ACCOUNT] = text(account);
	struct envoi__sqlite_job *made = make_job(store->context, request.arguments);
	if (made == NULL) {
		job->data = store;
		envoi_deferred_post(&job->deferred, loop, on_no_memory);
		return;
	}
	made->kind = request.kind;
	made->job = job;
	memcpy(made->numbers, request.numbers, sizeof(made->numbers));
	job->data = made;
	envoi__sqlite_jobs_add(&store->begun, made);
	envoi_deferred_post(&store->flush, loop, on_flush);
}

/* SQLite has signed numbers only. */
static int64_t most(size_t limit)
{
	uint64_t wide = limit;
	return wide > INT64_MAX ? INT64_MAX : (int64_t)wide;
}

/* --- the functions --- */

static void look_up(struct envoi_store *store, struct envoi_store_job *job, const char *account)
{
	begin(store, job, account, (struct request){.kind = &envoi__sqlite_look_up});
}

static void set_verifiers(struct envoi_store *store, struct envoi_store_job *job,
	const char *account, const char *const *verifiers, size_t count, enum envoi_store_mode mode)
{
	static const struct envoi__sqlite_kind *const kinds[] = {
		[ENVOI_STORE_ANY] = &envoi__sqlite_set_verifiers,
		[ENVOI_STORE_NEW] = &envoi__sqlite_make_account,
		[ENVOI_STORE_CHANGE] = &envoi__sqlite_change_verifiers,
	};
	begin(store, job, account,
		(struct request){.kind = kinds[mode],
			.arguments[ENVOI__SQLITE_DATA] = texts(verifiers, count)});
}

static void remove_account(
	struct envoi_store *store, struct envoi_store_job *job, const char *account)
{
	begin(store, job, account, (struct request){.kind = &envoi__sqlite_remove});
}

static void load_roster(struct envoi_store *store, struct envoi_store_job *job, const char *account)
{
	begin(store, job, account, (struct request){.kind = &envoi__sqlite_load_roster});
}

static void set_contact(struct envoi_store *store, struct envoi_store_job *job, const char *account,
	const struct envoi_store_contact *contact)
{
	begin(store, job, account,
		(struct request){.kind = &envoi__sqlite_set_contact,
			.arguments[ENVOI__SQLITE_KEY] = text(contact->jid),
			.arguments[ENVOI__SQLITE_NAME] = text(contact->name),
			.arguments[ENVOI__SQLITE_REQUEST] = text(contact->request),
			.arguments[ENVOI__SQLITE_DATA] = texts(
				contact->groups, contact->group_count),
			.numbers = {contact->subscription, contact->is_listed,
				(int64_t)contact->version}});
}

static void remove_contact(struct envoi_store *store, struct envoi_store_job *job,
	const char *account, const char *jid, uint64_t version)
{
	begin(store, job, account,
		(struct request){.kind = &envoi__sqlite_remove_contact,
			.arguments[ENVOI__SQLITE_KEY] = text(jid),
			.numbers = {0, 0, (int64_t)version}});
}

static void add_message(struct envoi_store *store, struct envoi_store_job *job, const char *account,
	const char *xml, size_t len, size_t limit)
{
	begin(store, job, account,
		(struct request){.kind = &envoi__sqlite_add_message,
			.arguments[ENVOI__SQLITE_DATA] = {.data = xml, .len = len},
			.numbers = {most(limit)}});
}

static void load_messages(
	struct envoi_store *store, struct envoi_store_job *job, const char *account, size_t limit)
{
	begin(store, job, account,
		(struct request){.kind = &envoi__sqlite_load_messages, .numbers = {most(limit)}});
}

static void remove_messages(struct envoi_store *store, struct envoi_store_job *job,
	const char *account, const uint64_t *ids, size_t count)
{
	begin(store, job, account,
		(struct request){.kind = &envoi__sqlite_remove_messages,
			.arguments[ENVOI__SQLITE_DATA] = {
				.data = ids, .len = count * sizeof(ids[0])}});
}

static void set_value(struct envoi_store *store, struct envoi_store_job *job, const char *account,
	const char *key, const void *value, size_t len, size_t limit)
{
	begin(store, job, account,
		(struct request){.kind = value == NULL ? &envoi__sqlite_remove_value
						       : &envoi__sqlite_set_value,
			.arguments[ENVOI__SQLITE_KEY] = text(key),
			.arguments[ENVOI__SQLITE_DATA] = {.data = value, .len = len},
			.numbers = {most(limit)}});
}

static void get_value(struct envoi_store *store, struct envoi_store_job *job, const char *account,
	const char *key)
{
	begin(store, job, account,
		(struct request){.kind = &envoi__sqlite_get_value,
			.arguments[ENVOI__SQLITE_KEY] = text(key)});
}

/* --- ends of jobs --- */

static void finish(struct sqlite_store *store, struct envoi__sqlite_job *done)
{
	struct envoi_store_job *job = done->job;
	if (job != NULL) {
		bool has_answer = done->code == ENVOI_OK && !done->kind->writes;
		job->data = NULL;
		job->done(job, done->code, has_answer ? &done->answer.value : NULL);
	}
	free_job(store, done);
}

/* Once when it begins and once when it ends. */
static void log_trouble(struct sqlite_store *store, const struct envoi__sqlite_report *report)
{
	if (report->trouble != SQLITE_OK && report->trouble != store->trouble) {
		envoi_log(store->context, ENVOI_LOG_ERROR, ENVOI_LOG_BASE,
			"the store %s fails: %s (%s)", store->path,
			envoi__sqlite_words(report->trouble), sqlite3_errstr(report->trouble));
		store->trouble = report->trouble;
	} else if (store->trouble != SQLITE_OK && report->trouble == SQLITE_OK &&
		report->has_written) {
		envoi_log(store->context, ENVOI_LOG_WARNING, ENVOI_LOG_BASE,
			"the store %s can be written again", store->path);
		store->trouble = SQLITE_OK;
	}
}

static void on_ended(void *user, struct envoi__sqlite_report *report)
{
	struct sqlite_store *store = user;
	struct envoi__sqlite_job *job;
	log_trouble(store, report);
	while ((job = envoi__sqlite_jobs_take(&report->jobs)) != NULL) {
		finish(store, job);
	}
}

static void cancel(struct envoi_store *base, struct envoi_store_job *job)
{
	if (job->data == from_store(base)) {
		envoi_deferred_cancel(&job->deferred);
	} else {
		struct envoi__sqlite_job *begun = job->data;
		begun->job = NULL;
	}
	job->data = NULL;
}

/* --- life --- */

static void free_store(struct sqlite_store *store)
{
	struct envoi_context *context = store->context;
	if (store->lock_fd >= 0) {
		close(store->lock_fd);
	}
	explicit_bzero(store->store.decoy_key, sizeof(store->store.decoy_key));
	envoi_free(context, store->path);
	envoi_free(context, store);
	envoi_context_unref(context);
}

static void destroy(struct envoi_store *base)
{
	struct sqlite_store *store = from_store(base);
	struct envoi__sqlite_jobs unreported;
	struct envoi__sqlite_job *job;
	envoi_deferred_cancel(&store->flush);
	envoi__sqlite_worker_do(store->worker, &store->begun);
	envoi__sqlite_worker_stop(store->worker, &unreported);
	while ((job = envoi__sqlite_jobs_take(&unreported)) != NULL) {
		free_job(store, job);
	}
	free_store(store);
}

static const struct envoi_store_impl impl = {
	.name = "sqlite",
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

static int make(struct sqlite_store **ret_store, struct envoi_context *context, const char *path)
{
	struct sqlite_store *store = envoi_alloc_zeroed(context, sizeof(*store));
	if (store == NULL) {
		return ENVOI_ERR_NOMEM;
	}
	store->store.impl = &impl;
	store->context = envoi_context_ref(context);
	store->lock_fd = -1;
	envoi__sqlite_jobs_init(&store->begun);
	store->path = envoi_strndup(context, path, strlen(path));
	if (store->path == NULL) {
		free_store(store);
		return ENVOI_ERR_NOMEM;
	}
	*ret_store = store;
	return ENVOI_OK;
}

/* Versions of rosters are those of one opening. */
static int make_secrets(struct sqlite_store *store, struct envoi__sqlite_database *database,
	const struct envoi__sqlite_opening *opening)
{
	unsigned char *key = store->store.decoy_key;
	size_t len = sizeof(store->store.decoy_key);
	int r = envoi_context_random(store->context, key, len);
	if (r == ENVOI_OK) {
		r = envoi_id_make(store->context, store->store.generation);
	}
	return r < 0 ? envoi__sqlite_fail(opening, r, envoi_error_text(r))
		     : envoi__sqlite_fail_by(opening,
			       envoi__sqlite_database_keep(database, "decoy-key", key, len));
}

static int start(struct sqlite_store *store, struct envoi__sqlite_database *database,
	const struct envoi__sqlite_opening *opening)
{
	struct envoi_loop *loop = envoi_context_loop(store->context);
	int r = envoi__sqlite_worker_start(&store->worker, loop, database, on_ended, store);
	return r < 0 ? envoi__sqlite_fail(opening, r, envoi_error_text(r)) : r;
}

static int open_database(struct sqlite_store *store, const struct envoi__sqlite_opening *opening)
{
	struct envoi__sqlite_database database = {.db = NULL};
	int r = envoi__sqlite_lock(&store->lock_fd, opening);
	if (r == ENVOI_OK) {
		r = envoi__sqlite_database_open(&database, opening);
	}
	if (r == ENVOI_OK) {
		r = envoi__sqlite_schema_prepare(&database, opening);
	}
	if (r == ENVOI_OK) {
		r = make_secrets(store, &database, opening);
	}
	if (r == ENVOI_OK) {
		r = start(store, &database, opening);
	}
	if (r < 0) {
		envoi__sqlite_database_close(&database);
	}
	return r;
}

int envoi_store_open_sqlite(struct envoi_store **ret_store, struct envoi_context *context,
	const struct envoi_sqlite_store_options *options, struct envoi_failure *ret_failure)
{
	struct envoi_failure unwanted;
	struct envoi__sqlite_opening opening;
	struct sqlite_store *store = NULL;
	int r = envoi__sqlite_opening_init(
		&opening, context, options, ret_failure == NULL ? &unwanted : ret_failure);
	if (r < 0) {
		return r;
	}
	r = make(&store, context, options->path);
	if (r < 0) {
		return envoi__sqlite_fail(&opening, r, envoi_error_text(r));
	}
	r = open_database(store, &opening);
	if (r < 0) {
		free_store(store);
	} else {
		*ret_store = &store->store;
	}
	return r;
}
