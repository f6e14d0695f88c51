/*
 * envoi-server - the SQLite store: the thread that reads and writes
 * SPDX-License-Identifier: MIT
 */
/*
 * The thread takes all jobs that wait, up to MOST_JOBS, and does them in one transaction: while it
 * waits for the disk, those of the next one gather. Jobs are reported after the commit.
 *
 * The loop's thread allocates and frees jobs. Between envoi__sqlite_worker_do() and the report a
 * job is the thread's, but for its member `job`.
 */
#include <pthread.h>
#include <signal.h>

#include <envoi/post.h>

#include "sqlite_inside.h"

enum {
	MOST_JOBS = 1000, /* of a transaction: the log that it appends to is bounded */
};

/* It is the memory of SQLite, because a call that was posted may outlive the context. */
struct envoi__sqlite_worker {
	/* of the loop's thread */
	pthread_t thread;
	struct envoi_post_queue *queue;
	void (*ended)(void *user, struct envoi__sqlite_report *report); /* NULL: stopped */
	void *user;

	/* of the thread */
	struct envoi__sqlite_database database;

	pthread_mutex_t lock; /* for what follows */
	pthread_cond_t changed;
	struct envoi__sqlite_jobs waiting;
	struct envoi__sqlite_report report;
	bool is_posted; /* the report */
	bool is_stopping;
};

/* --- in the thread: a batch --- */

static int code_of(int code)
{
	if (code <= 0) {
		return code;
	}
	return code == SQLITE_NOMEM ? ENVOI_ERR_NOMEM : ENVOI_ERR_SYSTEM;
}

static void run_job(struct envoi__sqlite_database *database, struct envoi__sqlite_job *job)
{
	int code = job->kind->run(database, job);
	if (code != SQLITE_OK) {
		envoi__sqlite_answer_finish(&job->answer);
	}
	job->code = code;
}

/* A job that fails in the middle leaves nothing. @return not SQLITE_OK: the transaction has failed
 */
static int write_job(struct envoi__sqlite_database *database, struct envoi__sqlite_job *job)
{
	int r = envoi__sqlite_write(database, ENVOI__SQLITE_BEGIN_JOB, NULL);
	if (r != SQLITE_OK) {
		return r;
	}
	run_job(database, job);
	if (job->code > 0) {
		r = sqlite3_get_autocommit(database->db)
			? job->code
			: envoi__sqlite_write(database, ENVOI__SQLITE_UNDO_JOB, NULL);
	}
	return r == SQLITE_OK ? envoi__sqlite_write(database, ENVOI__SQLITE_END_JOB, NULL) : r;
}

static int do_jobs(struct envoi__sqlite_database *database, struct envoi__sqlite_job *first)
{
	int r = SQLITE_OK;
	for (struct envoi__sqlite_job *job = first; r == SQLITE_OK && job != NULL;
		job = job->next) {
		if (job->kind->writes) {
			r = write_job(database, job);
		} else {
			run_job(database, job);
		}
	}
	return r;
}

static bool has_writes(const struct envoi__sqlite_job *first)
{
	for (; first != NULL; first = first->next) {
		if (first->kind->writes) {
			return true;
		}
	}
	return false;
}

/* @return SQLITE_OK: committed. Else the database is as it was */
static int do_transaction(struct envoi__sqlite_database *database, struct envoi__sqlite_job *first)
{
	int r = envoi__sqlite_write(database,
		has_writes(first) ? ENVOI__SQLITE_BEGIN_WRITING : ENVOI__SQLITE_BEGIN_READING,
		NULL);
	if (r != SQLITE_OK) {
		return r;
	}
	r = do_jobs(database, first);
	if (r == SQLITE_OK) {
		r = envoi__sqlite_write(database, ENVOI__SQLITE_COMMIT, NULL);
	}
	if (r != SQLITE_OK) {
		(void)envoi__sqlite_write(database, ENVOI__SQLITE_ROLLBACK, NULL);
	}
	return r;
}

/* Nothing was written. What can be read is read: logins go on while the disk is full. */
static void fail_writes(
	struct envoi__sqlite_database *database, struct envoi__sqlite_job *first, int code)
{
	for (struct envoi__sqlite_job *job = first; job != NULL; job = job->next) {
		envoi__sqlite_answer_finish(&job->answer);
		if (job->kind->writes) {
			job->code = code;
		} else {
			run_job(database, job);
		}
	}
}

/* @return the first failure of SQLite; SQLITE_OK: none */
static int finish_codes(struct envoi__sqlite_job *first)
{
	int trouble = SQLITE_OK;
	for (; first != NULL; first = first->next) {
		if (trouble == SQLITE_OK && first->code > 0) {
			trouble = first->code;
		}
		first->code = code_of(first->code);
	}
	return trouble;
}

static int do_batch(struct envoi__sqlite_database *database, struct envoi__sqlite_job *first)
{
	int r = do_transaction(database, first);
	if (r != SQLITE_OK) {
		fail_writes(database, first, r);
	}
	return finish_codes(first);
}

/* --- in the thread: between it and the loop's --- */

/* Under the lock. */
static void take_batch(struct envoi__sqlite_worker *worker, struct envoi__sqlite_jobs *batch)
{
	envoi__sqlite_jobs_init(batch);
	for (size_t i = 0; i < MOST_JOBS && worker->waiting.first != NULL; i++) {
		envoi__sqlite_jobs_add(batch, envoi__sqlite_jobs_take(&worker->waiting));
	}
}

static void free_worker(struct envoi__sqlite_worker *worker)
{
	pthread_cond_destroy(&worker->changed);
	pthread_mutex_destroy(&worker->lock);
	sqlite3_free(worker);
}

static void drop_report(void *user)
{
	struct envoi__sqlite_worker *worker = user;
	if (worker->ended == NULL) {
		free_worker(worker);
		return;
	}
	pthread_mutex_lock(&worker->lock);
	worker->is_posted = false;
	pthread_mutex_unlock(&worker->lock);
}

static void on_report(void *user)
{
	struct envoi__sqlite_worker *worker = user;
	if (worker->ended == NULL) {
		free_worker(worker);
		return;
	}
	pthread_mutex_lock(&worker->lock);
	struct envoi__sqlite_report report = {
		.trouble = worker->report.trouble, .has_written = worker->report.has_written};
	envoi__sqlite_jobs_init(&report.jobs);
	envoi__sqlite_jobs_move(&report.jobs, &worker->report.jobs);
	worker->report.trouble = SQLITE_OK;
	worker->report.has_written = false;
	worker->is_posted = false;
	pthread_mutex_unlock(&worker->lock);
	worker->ended(worker->user, &report);
}

/* Under the lock. The queue has room for the one call that is posted; if the loop was freed, the
 * jobs are freed with the store. */
static void report(
	struct envoi__sqlite_worker *worker, struct envoi__sqlite_jobs *batch, int trouble)
{
	worker->report.trouble = trouble;
	worker->report.has_written |= trouble == SQLITE_OK && has_writes(batch->first);
	envoi__sqlite_jobs_move(&worker->report.jobs, batch);
	if (!worker->is_posted) {
		worker->is_posted = envoi_loop_post(worker->queue, on_report, drop_report,
					    worker) == ENVOI_OK;
	}
}

static void *work(void *user)
{
	struct envoi__sqlite_worker *worker = user;
	struct envoi__sqlite_jobs batch;
	pthread_mutex_lock(&worker->lock);
	while (worker->waiting.first != NULL || !worker->is_stopping) {
		if (worker->waiting.first == NULL) {
			pthread_cond_wait(&worker->changed, &worker->lock);
			continue;
		}
		take_batch(worker, &batch);
		pthread_mutex_unlock(&worker->lock);
		int trouble = do_batch(&worker->database, batch.first);
		pthread_mutex_lock(&worker->lock);
		report(worker, &batch, trouble);
	}
	pthread_mutex_unlock(&worker->lock);
	return NULL;
}

/* --- in the loop's thread --- */

/* Signals are the program's: its own threads receive them. */
static int start_thread(struct envoi__sqlite_worker *worker)
{
	sigset_t all, before;
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	int r = pthread_create(&worker->thread, NULL, work, worker);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	return r == 0 ? ENVOI_OK : ENVOI_ERR_SYSTEM;
}

int envoi__sqlite_worker_start(struct envoi__sqlite_worker **ret_worker, struct envoi_loop *loop,
	const struct envoi__sqlite_database *database,
	void (*ended)(void *user, struct envoi__sqlite_report *report), void *user)
{
	struct envoi__sqlite_worker *worker = sqlite3_malloc64(sizeof(*worker));
	if (worker == NULL) {
		return ENVOI_ERR_NOMEM;
	}
	*worker = (struct envoi__sqlite_worker){
		.database = *database, .ended = ended, .user = user};
	envoi__sqlite_jobs_init(&worker->waiting);
	envoi__sqlite_jobs_init(&worker->report.jobs);
	pthread_mutex_init(&worker->lock, NULL);
	pthread_cond_init(&worker->changed, NULL);
	int r = envoi_post_queue_new(&worker->queue, loop, 1);
	if (r == ENVOI_OK) {
		r = start_thread(worker);
	}
	if (r < 0) {
		envoi_post_queue_unref(worker->queue);
		free_worker(worker);
		return r;
	}
	*ret_worker = worker;
	return ENVOI_OK;
}

void envoi__sqlite_worker_do(struct envoi__sqlite_worker *worker, struct envoi__sqlite_jobs *jobs)
{
	pthread_mutex_lock(&worker->lock);
	envoi__sqlite_jobs_move(&worker->waiting, jobs);
	pthread_cond_signal(&worker->changed);
	pthread_mutex_unlock(&worker->lock);
}

void envoi__sqlite_worker_stop(
	struct envoi__sqlite_worker *worker, struct envoi__sqlite_jobs *ret_jobs)
{
	pthread_mutex_lock(&worker->lock);
	worker->is_stopping = true;
	pthread_cond_signal(&worker->changed);
	pthread_mutex_unlock(&worker->lock);
	pthread_join(worker->thread, NULL);
	envoi__sqlite_database_close(&worker->database);
	envoi__sqlite_jobs_init(ret_jobs);
	envoi__sqlite_jobs_move(ret_jobs, &worker->report.jobs);
	envoi_post_queue_unref(worker->queue);
	worker->ended = NULL;
	if (!worker->is_posted) {
		free_worker(worker);
	}
}
