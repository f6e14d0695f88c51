/*
 * envoi-server - blocking (XEP-0191)
 * SPDX-License-Identifier: MIT
 */
#include <string.h>

#include <envoi/context.h>
#include <envoi/ext/blocking.h>

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

static int add(struct envoi__account *account, const struct envoi_jid *jid)
{
	struct envoi_context *context = account->server->context;
	const char *text = envoi_jid_text(jid);
	if (find(account, text, strlen(text)) != NULL) {
		return ENVOI_OK;
	}
	if (account->blocked.count >= account->server->values.blocked) {
		return ENVOI_ERR_LIMIT;
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

/* Section 6: by the full address, the bare one, the domain with the resource, or the domain. */
bool envoi__blocking_has(const struct envoi__account *account, const struct envoi_jid *jid)
{
	if (account->blocked.count == 0 || jid == NULL) {
		return false;
	}
	const char *text = envoi_jid_text(jid), *domain = envoi_jid_domain(jid);
	const char *local = envoi_jid_local(jid);
	const char *behind_local = local == NULL ? text : text + strlen(local) + 1;
	return find(account, text, strlen(text)) != NULL ||
		find(account, text, envoi_jid_bare_len(jid)) != NULL ||
		find(account, behind_local, strlen(behind_local)) != NULL ||
		find(account, domain, strlen(domain)) != NULL;
}

bool envoi__blocking_stops(const struct envoi__account *account, const struct envoi_stanza *stanza)
{
	const struct envoi_jid *from = envoi_stanza_from(stanza);
	return !envoi_jid_equal_bare(from, account->jid) && envoi__blocking_has(account, from);
}

/* --- as a value of the store: the addresses, each with its NUL --- */

int envoi__blocking_read(struct envoi__account *account, const char *value, size_t len)
{
	int r = ENVOI_OK;
	for (const char *at = value; r == ENVOI_OK && at < value + len; at += strlen(at) + 1) {
		struct envoi_jid *jid = NULL;
		r = envoi_jid_from_text(&jid, account->server->context, at);
		if (r == ENVOI_OK) {
			r = add(account, jid);
		}
		envoi_jid_unref(jid);
	}
	return r;
}

static int write_list(struct envoi_buffer *out, const struct envoi__account *account)
{
	int r = ENVOI_OK;
	const struct blocked *at = NULL;
	while (r == ENVOI_OK && (at = next_of(account, at)) != NULL) {
		r = envoi_buffer_append(out, at->link.name, at->link.len + 1);
	}
	return r;
}

static int save(const struct envoi__routed *routed, struct envoi__account *account)
{
	struct envoi_store *store = routed->server->store;
	struct envoi_buffer value;
	envoi_buffer_init(&value, routed->server->context, 0);
	int r = write_list(&value, account);
	struct envoi_store_job *job = r < 0 ? NULL : envoi__saving_begin(account, routed);
	bool is_empty = envoi_buffer_len(&value) == 0;
	if (job != NULL) {
		store->impl->set_value(store, job, envoi__account_name(account), ENVOI__BLOCKED_KEY,
			is_empty ? NULL : envoi_buffer_data(&value), envoi_buffer_len(&value),
			SIZE_MAX);
	}
	envoi_buffer_finish(&value);
	return job != NULL ? ENVOI_OK : ENVOI_ERR_NOMEM;
}

/* --- what contacts see --- */

/* Section 3.3: a contact that saw the account sees that it is unavailable. Section 3.4: and that it
 * is available again. */
static void show(struct envoi__account *account, const struct envoi_jid *jid, bool is_available)
{
	struct envoi__server_contact *contact = envoi__roster_find(account, jid);
	if (contact != NULL && (contact->value.subscription & ENVOI_STORE_FROM) != 0) {
		envoi__presence_tell(account, jid, is_available);
	}
}

/* --- requests (section 3) --- */

static void push(struct envoi__account *account, const struct envoi_stanza *request)
{
	struct envoi__resource *at = NULL;
	while ((at = envoi__resource_next(account, at)) != NULL) {
		if (at->has_blocklist) {
			struct envoi_stanza *iq = envoi_iq_new(account->server->context,
				ENVOI_IQ_SET, envoi_jid_text(envoi__resource_jid(at)));
			envoi_element_add_copy(
				envoi_stanza_element(iq), envoi_stanza_payload(request));
			(void)envoi__resource_give(at, iq);
		}
	}
}

static void answer_list(const struct envoi__routed *routed, struct envoi__account *account)
{
	struct envoi_stanza *result = envoi_iq_result_new(routed->stanza);
	struct envoi_element *list = envoi_element_add(
		envoi_stanza_element(result), ENVOI_NS_BLOCKING, "blocklist");
	const struct blocked *at = NULL;
	while ((at = next_of(account, at)) != NULL) {
		envoi_element_set(
			envoi_element_add(list, NULL, "item"), "jid", envoi_jid_text(at->jid));
	}
	if (routed->sender != NULL) {
		routed->sender->has_blocklist = true;
	}
	envoi__route_answer(routed->server, result);
}

static const struct envoi_blocking_items *items_of(
	const struct envoi__routed *routed, const struct envoi_payload_type *type)
{
	const void *items = NULL;
	return envoi_stanza_decode(routed->stanza, type, &items) == ENVOI_OK ? items : NULL;
}

static void finish(const struct envoi__routed *routed, struct envoi__account *account, int r)
{
	if (r == ENVOI_OK) {
		r = save(routed, account);
	}
	if (r < 0) {
		envoi__route_refuse(routed, ENVOI_RESOURCE_CONSTRAINT);
	} else {
		push(account, routed->stanza);
	}
}

static void answer_block(const struct envoi__routed *routed, struct envoi__account *account)
{
	const struct envoi_blocking_items *items = items_of(routed, &envoi_blocking_block_type);
	if (items == NULL || items->jid_count == 0) {
		envoi__route_refuse(routed, ENVOI_BAD_REQUEST);
		return;
	}
	bool has_room = items->jid_count <= account->server->values.blocked &&
		account->blocked.count <= account->server->values.blocked - items->jid_count;
	int r = has_room ? ENVOI_OK : ENVOI_ERR_LIMIT; /* nothing has changed */
	for (size_t i = 0; r == ENVOI_OK && i < items->jid_count; i++) {
		if (!envoi__blocking_has(account, items->jids[i])) {
			show(account, items->jids[i], false);
		}
		r = add(account, items->jids[i]);
	}
	finish(routed, account, r);
}

static void unblock(struct envoi__account *account, const struct envoi_jid *jid)
{
	struct blocked *blocked = find(account, envoi_jid_text(jid), strlen(envoi_jid_text(jid)));
	if (blocked != NULL) {
		struct envoi_jid *kept = envoi_jid_ref(jid);
		drop(account, blocked);
		show(account, kept, true);
		envoi_jid_unref(kept);
	}
}

static void answer_unblock(const struct envoi__routed *routed, struct envoi__account *account)
{
	const struct envoi_blocking_items *items = items_of(routed, &envoi_blocking_unblock_type);
	struct blocked *at;
	if (items == NULL) {
		envoi__route_refuse(routed, ENVOI_BAD_REQUEST);
		return;
	}
	for (size_t i = 0; i < items->jid_count; i++) {
		unblock(account, items->jids[i]);
	}
	while (items->jid_count == 0 && (at = next_of(account, NULL)) != NULL) {
		unblock(account, at->jid); /* section 3.5: all */
	}
	finish(routed, account, ENVOI_OK);
}

const struct envoi__service envoi__blocking_services[] = {
	{ENVOI_IQ_GET, ENVOI_NS_BLOCKING, "blocklist", ENVOI__AT_OWN, answer_list},
	{ENVOI_IQ_SET, ENVOI_NS_BLOCKING, "block", ENVOI__AT_OWN, answer_block},
	{ENVOI_IQ_SET, ENVOI_NS_BLOCKING, "unblock", ENVOI__AT_OWN, answer_unblock},
	{.kind = ENVOI_NO_STANZA},
};

/* Section 3.3: the account itself does not reach what it has blocked. */
void envoi__blocking_refuse_own(const struct envoi__routed *routed)
{
	struct envoi_stanza *error = envoi_stanza_may_answer(routed->stanza)
		? envoi_stanza_error_new(routed->stanza, ENVOI_NOT_ACCEPTABLE, NULL)
		: NULL;
	routed->server->stats.refused++;
	if (error != NULL) {
		envoi_element_add(envoi_element_child(envoi_stanza_element(error), NULL, "error"),
			ENVOI_NS_BLOCKING_ERRORS, "blocked");
		(void)envoi__resource_give(routed->sender, error);
	}
}
