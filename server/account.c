/*
 * envoi-server - accounts in memory, and what waits for them
 * SPDX-License-Identifier: MIT
 */
/* An account that is not held by a session, a job or a message stays in memory for a while: the one
 * that was not used for the longest time is freed first. */
#include <string.h>

#include "inside.h"

static struct envoi__account *find(const struct envoi_server *server, const struct envoi_jid *jid)
{
	struct envoi__table_link *link = envoi__table_find(
		&server->accounts, envoi_jid_text(jid), envoi_jid_bare_len(jid));
	return link == NULL ? NULL : ENVOI_CONTAINER_OF(link, struct envoi__account, link);
}

const char *envoi__account_name(const struct envoi__account *account)
{
	return envoi_jid_local(account->jid);
}

/* --- life --- */

static void free_account(struct envoi__account *account)
{
	envoi__server_contacts_finish(&account->contacts);
	envoi__blocking_free(account);
	envoi_jid_unref(account->jid);
	envoi_free(account->server->context, account);
}

static void set_idle(struct envoi__account *account)
{
	struct envoi_server *server = account->server;
	envoi__list_append(&server->idle, &account->idle_link);
	server->idle_count++;
	if (server->idle_count > server->values.idle_accounts) {
		struct envoi__account *oldest = ENVOI_CONTAINER_OF(
			server->idle.next, struct envoi__account, idle_link);
		envoi__list_remove(&oldest->idle_link);
		server->idle_count--;
		envoi__table_remove(&server->accounts, &oldest->link);
		free_account(oldest);
	}
}

void envoi__account_hold(struct envoi__account *account)
{
	if (account->holds++ == 0 && !envoi__list_is_empty(&account->idle_link)) {
		envoi__list_remove(&account->idle_link);
		account->server->idle_count--;
	}
}

void envoi__account_release(struct envoi__account *account)
{
	if (--account->holds > 0) {
		return;
	}
	if (account->is_loaded) {
		set_idle(account);
	} else {
		free_account(account); /* there is no such account: it is in no table */
	}
}

void envoi__account_forget(struct envoi__account *account)
{
	envoi__table_remove(&account->server->accounts, &account->link);
	account->is_loaded = false;
}

void envoi__accounts_free(struct envoi_server *server)
{
	struct envoi__table_link *link = envoi__table_next(&server->accounts, NULL);
	while (link != NULL) {
		struct envoi__table_link *next = envoi__table_next(&server->accounts, link);
		free_account(ENVOI_CONTAINER_OF(link, struct envoi__account, link));
		link = next;
	}
	envoi__table_finish(&server->accounts);
}

/* --- tasks --- */

static struct envoi__task *take_task(struct envoi__account *account)
{
	struct envoi__task *task = ENVOI_CONTAINER_OF(
		account->tasks.next, struct envoi__task, link);
	envoi__task_withdraw(task);
	return task;
}

void envoi__task_withdraw(struct envoi__task *task)
{
	if (task->link.next != NULL && !envoi__list_is_empty(&task->link)) {
		envoi__list_remove(&task->link);
		envoi__place_leave(&task->place);
	}
}

static void run_tasks(struct envoi__account *account)
{
	account->is_running = true;
	while (!envoi__list_is_empty(&account->tasks)) {
		struct envoi__task *task = take_task(account);
		task->run(task, account, ENVOI_OK);
	}
	account->is_running = false;
}

static void fail_tasks(struct envoi__account *account, int code)
{
	while (!envoi__list_is_empty(&account->tasks)) {
		struct envoi__task *task = take_task(account);
		task->run(task, NULL, code);
	}
}

/* --- loading --- */

static int take_contacts(struct envoi__account *account, const struct envoi_store_roster *roster)
{
	int r = ENVOI_OK;
	for (size_t i = 0; r == ENVOI_OK && i < roster->contact_count; i++) {
		r = envoi__server_contact_put(&account->contacts, &roster->contacts[i], NULL);
	}
	account->version = roster->version;
	account->removed = roster->removed;
	return r;
}

static void finish_loading(struct envoi__account *account, int code)
{
	if (code == ENVOI_OK) {
		account->is_loaded = true;
		run_tasks(account);
	} else {
		envoi__table_remove(&account->server->accounts, &account->link);
		fail_tasks(account, code);
	}
}

static void on_blocked(struct envoi__job *job, int code, const struct envoi_store_answer *answer)
{
	struct envoi__account *account = ENVOI_CONTAINER_OF(job, struct envoi__account, load);
	int r = code == ENVOI_OK ? envoi__blocking_read(account, answer->value, answer->value_len)
				 : code;
	finish_loading(account, r == ENVOI_ERR_NOT_FOUND ? ENVOI_OK : r);
}

static void on_loaded(struct envoi__job *job, int code, const struct envoi_store_answer *answer)
{
	struct envoi__account *account = ENVOI_CONTAINER_OF(job, struct envoi__account, load);
	struct envoi_store *store = account->server->store;
	int r = code == ENVOI_OK ? take_contacts(account, &answer->roster) : code;
	if (r < 0) {
		finish_loading(account, r);
		return;
	}
	envoi__job_begin(&account->load, account->server, account, on_blocked);
	store->impl->get_value(
		store, &account->load.job, envoi__account_name(account), ENVOI__BLOCKED_KEY);
}

static int make(struct envoi__account **ret_account, struct envoi_server *server,
	const struct envoi_jid *jid)
{
	struct envoi__account *account = envoi_alloc_zeroed(server->context, sizeof(*account));
	if (account == NULL) {
		return ENVOI_ERR_NOMEM;
	}
	account->server = server;
	account->has_stored = true; /* as far as is known */
	envoi__list_init(&account->idle_link);
	envoi__list_init(&account->tasks);
	envoi__list_init(&account->resources);
	int r = envoi__table_init(&account->contacts, server->context);
	if (r == ENVOI_OK) {
		r = envoi__table_init(&account->blocked, server->context);
	}
	if (r == ENVOI_OK) {
		r = envoi_jid_bare(&account->jid, jid);
	}
	if (r == ENVOI_OK) {
		r = envoi__table_add(
			&server->accounts, &account->link, envoi_jid_text(account->jid));
	}
	if (r < 0) {
		free_account(account);
		return r;
	}
	*ret_account = account;
	return ENVOI_OK;
}

static int load(struct envoi__account **ret_account, struct envoi_server *server,
	const struct envoi_jid *jid)
{
	int r = make(ret_account, server, jid);
	if (r == ENVOI_OK) {
		struct envoi__account *account = *ret_account;
		envoi__job_begin(&account->load, server, account, on_loaded);
		server->store->impl->load_roster(
			server->store, &account->load.job, envoi__account_name(account));
	}
	return r;
}

/* --- using --- */

static bool is_ready(const struct envoi__account *account)
{
	return account->is_loaded && !account->is_running && envoi__list_is_empty(&account->tasks);
}

struct envoi__account *envoi__account_ready(
	const struct envoi_server *server, const struct envoi_jid *jid)
{
	struct envoi__account *account = find(server, jid);
	return account != NULL && is_ready(account) ? account : NULL;
}

struct envoi__account *envoi__account_loaded(
	const struct envoi_server *server, const struct envoi_jid *jid)
{
	struct envoi__account *account = find(server, jid);
	return account != NULL && account->is_loaded ? account : NULL;
}

static void run_now(struct envoi__account *account, struct envoi__task *task)
{
	envoi__account_hold(account);
	task->run(task, account, ENVOI_OK);
	envoi__account_release(account);
}

/* The limit holds before an account is loaded: names that a peer invents would fill the memory
 * while the store does not answer. */
void envoi__account_want(
	struct envoi_server *server, const struct envoi_jid *jid, struct envoi__task *task)
{
	struct envoi__account *account = find(server, jid);
	envoi__list_init(&task->link);
	if (account != NULL && is_ready(account)) {
		run_now(account, task);
		return;
	}
	struct envoi__account *sender = task->is_own ? account : task->sender;
	bool is_refused = !task->is_free && envoi__store_is_busy(server, sender);
	int r = is_refused ? ENVOI_ERR_FULL : ENVOI_OK;
	if (r == ENVOI_OK && account == NULL) {
		r = load(&account, server, jid);
	}
	if (r < 0) {
		task->run(task, NULL, r);
		return;
	}
	envoi__list_append(&account->tasks, &task->link);
	if (!task->is_free) {
		envoi__place_take(&task->place, server, task->is_own ? account : task->sender);
	}
}
