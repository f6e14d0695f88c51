/*
 * envoi-server - jobs of the store that end with the server
 * SPDX-License-Identifier: MIT
 */
#include "inside.h"

static void on_done(struct envoi_store_job *base, int code, const struct envoi_store_answer *answer)
{
	struct envoi__job *job = ENVOI_CONTAINER_OF(base, struct envoi__job, job);
	struct envoi__account *account = job->account;
	envoi__list_remove(&job->link);
	envoi__server_progressed(job->server);
	job->done(job, code, answer); /* without an account, it may free the server */
	if (account != NULL) {
		envoi__account_release(account);
	}
}

bool envoi__store_is_busy(const struct envoi_server *server, const struct envoi__account *sender)
{
	return server->waiting >= server->values.waiting ||
		(sender != NULL && sender->waiting >= server->values.waiting_of_account);
}

void envoi__place_take(
	struct envoi__place *place, struct envoi_server *server, struct envoi__account *sender)
{
	*place = (struct envoi__place){server, sender};
	server->waiting++;
	if (sender != NULL) {
		sender->waiting++;
		envoi__account_hold(sender);
	}
}

void envoi__place_leave(struct envoi__place *place)
{
	struct envoi__account *account = place->account;
	if (place->server == NULL) {
		return;
	}
	place->server->waiting--;
	*place = (struct envoi__place){NULL, NULL};
	if (account != NULL) {
		account->waiting--;
		envoi__account_release(account);
	}
}

void envoi__job_begin(struct envoi__job *job, struct envoi_server *server,
	struct envoi__account *account,
	void (*done)(struct envoi__job *job, int code, const struct envoi_store_answer *answer))
{
	*job = (struct envoi__job){
		.job.done = on_done, .server = server, .account = account, .done = done};
	if (account != NULL) {
		envoi__account_hold(account);
	}
	envoi__list_append(&server->jobs, &job->link);
}

void envoi__job_cancel(struct envoi__job *job)
{
	envoi_store_cancel(job->server->store, &job->job);
	envoi__list_remove(&job->link);
	envoi__server_progressed(job->server);
	if (job->account != NULL) {
		envoi__account_release(job->account);
	}
}

void envoi__jobs_cancel(struct envoi_server *server)
{
	while (!envoi__list_is_empty(&server->jobs)) {
		struct envoi__job *job = ENVOI_CONTAINER_OF(
			server->jobs.next, struct envoi__job, link);
		struct envoi__account *account = job->account;
		envoi_store_cancel(server->store, &job->job);
		envoi__list_remove(&job->link);
		job->done(job, ENVOI_ERR_CANCELED, NULL);
		if (account != NULL) {
			envoi__account_release(account);
		}
	}
}
