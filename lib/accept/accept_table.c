/*
 * envoi - acceptors: sessions by address and by account
 * SPDX-License-Identifier: MIT
 */
#include <string.h>

#include <envoi/context.h>

#include "accept/acceptor.h"

/** An account with sessions; the key is the bare address of one of them. */
struct envoi__accept_account {
	struct envoi__list sessions; /* in order of binding */
	size_t count;
	struct envoi_jid *jid; /* a reference; the key is its bare part */
};

static struct envoi__accept_account *account_of(
	const struct envoi_acceptor *acceptor, const struct envoi_jid *jid)
{
	return envoi__map_get(&acceptor->by_account, envoi_jid_text(jid), envoi_jid_bare_len(jid));
}

static struct envoi_accepted *of_link(struct envoi__list *link)
{
	return ENVOI_CONTAINER_OF(link, struct envoi_accepted, account_link);
}

/* --- asking --- */

struct envoi_accepted *envoi_acceptor_find(
	const struct envoi_acceptor *acceptor, const struct envoi_jid *jid)
{
	const char *text = envoi_jid_text(jid);
	return text == NULL ? NULL : envoi__map_get(&acceptor->by_jid, text, strlen(text));
}

struct envoi_accepted *envoi_acceptor_next(const struct envoi_acceptor *acceptor,
	const struct envoi_jid *jid, const struct envoi_accepted *after)
{
	struct envoi__accept_account *account = jid == NULL ? NULL : account_of(acceptor, jid);
	if (account == NULL || (after != NULL && after->account != account)) {
		return NULL;
	}
	struct envoi__list *link = after == NULL ? account->sessions.next
						 : after->account_link.next;
	return link == &account->sessions ? NULL : of_link(link);
}

bool envoi__accept_table_is_full(const struct envoi_acceptor *acceptor, const struct envoi_jid *jid)
{
	const struct envoi__accept_account *account = account_of(acceptor, jid);
	return account != NULL && account->count >= acceptor->values.sessions;
}

struct envoi_accepted *envoi__accept_table_suspended(
	const struct envoi_acceptor *acceptor, const struct envoi_jid *jid)
{
	struct envoi_accepted *accepted = envoi_acceptor_next(acceptor, jid, NULL);
	while (accepted != NULL && !accepted->is_suspended) {
		accepted = envoi_acceptor_next(acceptor, jid, accepted);
	}
	return accepted;
}

/* --- changing --- */

static void free_account(struct envoi_acceptor *acceptor, struct envoi__accept_account *account)
{
	envoi_jid_unref(account->jid);
	envoi_free(acceptor->context, account);
}

static int get_account(struct envoi__accept_account **ret_account, struct envoi_acceptor *acceptor,
	const struct envoi_jid *jid)
{
	struct envoi__accept_account *account = account_of(acceptor, jid);
	if (account == NULL) {
		account = envoi_alloc_zeroed(acceptor->context, sizeof(*account));
		if (account == NULL) {
			return ENVOI_ERR_NOMEM;
		}
		envoi__list_init(&account->sessions);
		account->jid = envoi_jid_ref(jid);
		int r = envoi__map_add(&acceptor->by_account, envoi_jid_text(jid),
			envoi_jid_bare_len(jid), account);
		if (r < 0) {
			free_account(acceptor, account);
			return r;
		}
	}
	*ret_account = account;
	return ENVOI_OK;
}

static void leave_account(struct envoi_acceptor *acceptor, struct envoi__accept_account *account)
{
	if (account->count == 0) {
		envoi__map_remove(&acceptor->by_account, envoi_jid_text(account->jid),
			envoi_jid_bare_len(account->jid));
		free_account(acceptor, account);
	}
}

int envoi__accept_table_add(struct envoi_accepted *accepted, const struct envoi_jid *jid)
{
	struct envoi_acceptor *acceptor = accepted->acceptor;
	struct envoi__accept_account *account;
	const char *text = envoi_jid_text(jid);
	int r = get_account(&account, acceptor, jid);
	if (r < 0) {
		return r;
	}
	r = envoi__map_add(&acceptor->by_jid, text, strlen(text), accepted);
	if (r < 0) {
		leave_account(acceptor, account);
		return r;
	}
	envoi_jid_unref(accepted->jid);
	accepted->jid = envoi_jid_ref(jid);
	accepted->account = account;
	account->count++;
	envoi__list_append(&account->sessions, &accepted->account_link);
	acceptor->stats.sessions++;
	return ENVOI_OK;
}

void envoi__accept_table_remove(struct envoi_accepted *accepted)
{
	struct envoi_acceptor *acceptor = accepted->acceptor;
	struct envoi__accept_account *account = accepted->account;
	if (account == NULL) {
		return;
	}
	const char *text = envoi_jid_text(accepted->jid);
	envoi__map_remove(&acceptor->by_jid, text, strlen(text));
	envoi__list_remove(&accepted->account_link);
	accepted->account = NULL;
	account->count--;
	acceptor->stats.sessions--;
	leave_account(acceptor, account);
}
