/*
 * envoi-server - accounts that are removed
 * SPDX-License-Identifier: MIT
 */
#include <envoi/context.h>

#include "inside.h"

struct removal {
	struct envoi__job job;
	struct envoi_jid *jid; /* a reference */
	struct envoi_stanza *request; /* that is answered; a reference, or NULL */
	envoi_server_changed_fn *done; /* NULL: none */
	void *user;
	struct envoi__place place;
};

static void free_removal(struct removal *removal, struct envoi_server *server)
{
	envoi_stanza_unref(removal->request);
	envoi_jid_unref(removal->jid);
	envoi_free(server->context, removal);
}

/* XEP-0077, section 3.2. */
static void cancel_subscriptions(struct envoi__account *account)
{
	const struct envoi__table_link *link = NULL;
	while ((link = envoi__table_next(&account->contacts, link)) != NULL) {
		const struct envoi_store_contact *contact =
			&ENVOI_CONTAINER_OF_CONST(link, struct envoi__server_contact, link)->value;
		struct envoi_jid *jid = envoi__server_contact_jid(
			account->server->context, contact);
		if (jid != NULL) {
			envoi__subscription_cancel(account, jid, contact->subscription);
		}
		envoi_jid_unref(jid);
	}
	envoi__server_contacts_finish(&account->contacts);
}

/* XEP-0077, section 3.2: the streams end with not-authorized. */
static void close_sessions(struct envoi__account *account)
{
	struct envoi__resource *at = NULL, *next = envoi__resource_next(account, NULL);
	while ((at = next) != NULL) {
		next = envoi__resource_next(account, at);
		envoi_accepted_close(at->accepted, ENVOI_STREAM_NOT_AUTHORIZED);
	}
}

static void on_removed(struct envoi__job *job, int code, const struct envoi_store_answer *answer)
{
	struct removal *removal = ENVOI_CONTAINER_OF(job, struct removal, job);
	struct envoi_server *server = job->server;
	envoi_server_changed_fn *done = code == ENVOI_ERR_CANCELED ? NULL : removal->done;
	void *user = removal->user;
	const struct envoi__routed routed = {.server = server, .stanza = removal->request};
	(void)answer;
	envoi__place_leave(&removal->place);
	if (code == ENVOI_OK && removal->request != NULL) {
		envoi__request_result(&routed, NULL, NULL);
	} else if (code != ENVOI_ERR_CANCELED && removal->request != NULL) {
		envoi__route_fail(&routed, code);
	}
	struct envoi__account *account = code == ENVOI_ERR_CANCELED
		? NULL
		: envoi__account_loaded(server, removal->jid);
	if (account != NULL && code < 0) {
		account->is_leaving = false;
	} else if (account != NULL) {
		envoi__account_hold(account);
		if (removal->request != NULL) {
			cancel_subscriptions(account);
		}
		envoi__account_forget(account);
		close_sessions(account);
		envoi__account_release(account);
	}
	free_removal(removal, server);
	if (done != NULL) {
		done(user, code);
	}
}

static int remove_jid(struct envoi_server *server, struct envoi_jid *jid,
	struct envoi_stanza *request, envoi_server_changed_fn *done, void *user)
{
	struct envoi_store *store = server->store;
	struct removal *removal = envoi_alloc_zeroed(server->context, sizeof(*removal));
	if (removal == NULL) {
		return ENVOI_ERR_NOMEM;
	}
	removal->jid = envoi_jid_ref(jid);
	removal->request = request == NULL ? NULL : envoi_stanza_ref(request);
	removal->done = done;
	removal->user = user;
	struct envoi__account *account = envoi__account_loaded(server, jid);
	if (account != NULL) {
		account->is_leaving = true;
	}
	envoi__place_take(&removal->place, server, request == NULL ? NULL : account);
	envoi__job_begin(&removal->job, server, NULL, on_removed);
	store->impl->remove(store, &removal->job.job, envoi_jid_local(jid));
	return ENVOI_OK;
}

int envoi__account_remove(struct envoi__account *account, struct envoi_stanza *request)
{
	return remove_jid(account->server, account->jid, request, NULL, NULL);
}

int envoi_server_remove_account(
	struct envoi_server *server, const char *name, envoi_server_changed_fn *done, void *user)
{
	struct envoi_jid *jid = NULL;
	int r = name == NULL ? ENVOI_ERR_INVALID
			     : envoi_jid_from_parts(&jid, server->context, name,
				       envoi_jid_domain(server->domain), NULL);
	if (r == ENVOI_OK) {
		r = remove_jid(server, jid, NULL, done, user);
	}
	envoi_jid_unref(jid);
	return r;
}
