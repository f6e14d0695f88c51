/*
 * envoi-server - the list of blocked addresses (XEP-0191)
 * SPDX-License-Identifier: MIT
 */
#include <string.h>

#include <envoi/context.h>

#include "inside.h"

/** A blocked address. */
struct blocked {
	struct envoi__table_link link;
	struct envoi_jid *jid; /* a reference */
};

/* --- the list --- */

static struct blocked *find(const struct envoi__account *account, const char *text, size_t len)
{
	struct envoi__table_link *link = envoi__table_find(&account->blocked, text, len);
	return link == NULL ? NULL : ENVOI_CONTAINER_OF(link, struct blocked, link);
}

static struct blocked *next_of(const struct envoi__account *account, const struct blocked *after)
{
	struct envoi__table_link *link = envoi__table_next(
		&account->blocked, after == NULL ? NULL : &after->link);
	return link == NULL ? NULL : ENVOI_CONTAINER_OF(link, struct blocked, link);
}

static void drop(struct envoi__account *account, struct blocked *blocked)
{
	envoi__table_remove(&account->blocked, &blocked->link);
	envoi_jid_unref(blocked->jid);
	envoi_free(account->server->context, blocked);
}

int envoi__blocking_add(struct envoi__account *account, const struct envoi_jid *jid)
{
	struct envoi_context *context = account->server->context;
	const char *text = envoi_jid_text(jid);
	if (find(account, text, strlen(text)) != NULL) {
		return ENVOI_OK;
	}
	struct blocked *blocked = envoi_alloc_zeroed(context, sizeof(*blocked));
	if (blocked == NULL) {
		return ENVOI_ERR_NOMEM;
	}
	blocked->jid = envoi_jid_ref(jid);
	int r = envoi__table_add(&account->blocked, &blocked->link, envoi_jid_text(blocked->jid));
	if (r < 0) {
		envoi_jid_unref(blocked->jid);
		envoi_free(context, blocked);
	}
	return r;
}

void envoi__blocking_free(struct envoi__account *account)
{
	struct blocked *blocked;
	while ((blocked = next_of(account, NULL)) != NULL) {
		drop(account, blocked);
	}
	envoi__table_finish(&account->blocked);
}

/* Section 6. "domain/resource" is that address alone. */
bool envoi__blocking_has(const struct envoi__account *account, const struct envoi_jid *jid)
{
	if (account->blocked.count == 0 || jid == NULL) {
		return false;
	}
	const char *text = envoi_jid_text(jid), *domain = envoi_jid_domain(jid);
	return find(account, text, strlen(text)) != NULL ||
		find(account, text, envoi_jid_bare_len(jid)) != NULL ||
		find(account, domain, strlen(domain)) != NULL;
}

bool envoi__blocking_stops(const struct envoi__account *account, const struct envoi_stanza *stanza)
{
	const struct envoi_jid *from = envoi_stanza_from(stanza);
	return !envoi_jid_equal_bare(from, account->jid) && envoi__blocking_has(account, from);
}

/* --- as a value of the store: the addresses, each with its NUL --- */

/* An address that is no longer allowed blocks nothing, and the setting may have been larger. The
 * owner can log in nevertheless. */
int envoi__blocking_read(struct envoi__account *account, const char *value, size_t len)
{
	const char *end = value + len;
	int r = ENVOI_OK;
	while (r != ENVOI_ERR_NOMEM && value < end && memchr(value, '\0', (size_t)(end - value))) {
		struct envoi_jid *jid = NULL;
		r = envoi_jid_from_text(&jid, account->server->context, value);
		if (r == ENVOI_OK) {
			r = envoi__blocking_add(account, jid);
		}
		envoi_jid_unref(jid);
		value += strlen(value) + 1;
	}
	return r == ENVOI_ERR_NOMEM ? r : ENVOI_OK;
}

int envoi__blocking_write(struct envoi_buffer *out, const struct envoi__account *account)
{
	int r = ENVOI_OK;
	const struct blocked *at = NULL;
	while (r == ENVOI_OK && (at = next_of(account, at)) != NULL) {
		r = envoi_buffer_append(out, at->link.name, at->link.len + 1);
	}
	return r;
}

/* --- what contacts see (sections 3.3 and 3.4) --- */

/* An entry of the list that is added, or was removed. */
struct entry {
	struct envoi__account *account;
	const struct envoi_jid *jid;
	bool is_added;
};

/* @return whether the entry, which is not in the list at this time, covers an address that no other
 * one does */
static bool decides(const struct envoi_jid *jid, const void *user)
{
	const struct entry *entry = user;
	bool is_covered = envoi_jid_equal(entry->jid, jid) ||
		(envoi_jid_is_bare(entry->jid) && envoi_jid_equal_bare(entry->jid, jid)) ||
		strcmp(envoi_jid_text(entry->jid), envoi_jid_domain(jid)) == 0;
	return is_covered && !envoi_jid_equal_bare(entry->account->jid, jid) &&
		!envoi__blocking_has(entry->account, jid);
}

static void show_to_contact(const struct entry *entry, const struct envoi_store_contact *contact)
{
	struct envoi_server *server = entry->account->server;
	struct envoi_jid *jid = (contact->subscription & ENVOI_STORE_FROM) == 0
		? NULL
		: envoi__server_contact_jid(server->context, contact);
	struct envoi__account *other = NULL;
	struct envoi__resource *at = NULL;
	if (jid != NULL) {
		other = envoi__account_loaded(server, jid);
		if (envoi__component_serves(server, jid) && decides(jid, entry)) {
			envoi__presence_tell(entry->account, jid, !entry->is_added);
		}
	}
	while (other != NULL && (at = envoi__resource_next(other, at)) != NULL) {
		if (at->presence != NULL && decides(envoi__resource_jid(at), entry)) {
			envoi__presence_show(entry->account, at, !entry->is_added);
		}
	}
	envoi_jid_unref(jid);
}

static void show_to_domain(const struct entry *entry)
{
	const struct envoi__table_link *link = NULL;
	while ((link = envoi__table_next(&entry->account->contacts, link)) != NULL) {
		show_to_contact(entry,
			&ENVOI_CONTAINER_OF_CONST(link, struct envoi__server_contact, link)->value);
	}
}

static void show(struct envoi__account *account, const struct envoi_jid *jid, bool is_added)
{
	const struct entry entry = {.account = account, .jid = jid, .is_added = is_added};
	const struct envoi__server_contact *contact = envoi__roster_find(account, jid);
	struct envoi__resource *at = NULL;
	if (envoi_jid_local(jid) == NULL && envoi_jid_is_bare(jid) &&
		envoi__route_is_known(account->server, jid)) {
		show_to_domain(&entry);
	} else if (contact != NULL) {
		show_to_contact(&entry, &contact->value);
	}
	while (is_added && (at = envoi__resource_next(account, at)) != NULL) {
		envoi__directed_hide(at, decides, &entry);
	}
}

int envoi__blocking_block(struct envoi__account *account, const struct envoi_jid *jid)
{
	if (find(account, envoi_jid_text(jid), strlen(envoi_jid_text(jid))) != NULL) {
		return ENVOI_OK;
	}
	show(account, jid, true);
	return envoi__blocking_add(account, jid);
}

void envoi__blocking_unblock(struct envoi__account *account, const struct envoi_jid *jid)
{
	struct blocked *blocked = find(account, envoi_jid_text(jid), strlen(envoi_jid_text(jid)));
	if (blocked != NULL) {
		struct envoi_jid *kept = envoi_jid_ref(jid);
		drop(account, blocked);
		show(account, kept, false);
		envoi_jid_unref(kept);
	}
}

const struct envoi_jid *envoi__blocking_next(
	const struct envoi__account *account, const struct envoi_jid *after)
{
	const struct blocked *at = next_of(account,
		after == NULL
			? NULL
			: find(account, envoi_jid_text(after), strlen(envoi_jid_text(after))));
	return at == NULL ? NULL : at->jid;
}
