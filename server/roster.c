/*
 * envoi-server - rosters (RFC 6121, section 2)
 * SPDX-License-Identifier: MIT
 */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include <envoi/context.h>
#include <envoi/roster.h>

#include "inside.h"

#define NS_ROSTER "jabber:iq:roster"
#define NS_VERSIONING "urn:xmpp:features:rosterver"

enum {
	MOST_GROUPS = 100, /* of a contact */
	MOST_NAME_BYTES = 1023, /* of a contact or a group */
	VERSION_SIZE = ENVOI_ID_SIZE + 24,
};

/* --- versions (section 2.6) --- */

static const char *version_of(
	const struct envoi__account *account, uint64_t version, char text[VERSION_SIZE])
{
	snprintf(text, VERSION_SIZE, "%s-%" PRIu64, account->server->store->generation, version);
	return text;
}

/* @return whether @p text is a version of this roster from which changes can be told */
static bool read_version(
	const struct envoi__account *account, const char *text, uint64_t *ret_version)
{
	char again[VERSION_SIZE];
	const char *dash = text == NULL ? NULL : strrchr(text, '-');
	if (dash == NULL || sscanf(dash + 1, "%" SCNu64, ret_version) != 1) {
		return false;
	}
	return strcmp(version_of(account, *ret_version, again), text) == 0 &&
		*ret_version >= account->removed && *ret_version <= account->version;
}

static int offer_versions(
	struct envoi_handler *self, struct envoi_stream *stream, struct envoi_element *features)
{
	(void)self;
	(void)stream;
	envoi_element_add(features, NS_VERSIONING, "ver");
	return envoi_element_error(features);
}

static const struct envoi_stream_feature versions_feature = {
	.ns = NS_VERSIONING,
	.name = "ver",
	.order = ENVOI_ORDER_SESSION + 1,
	.necessary = ENVOI_STREAM_AUTHENTICATED,
	.forbidden = ENVOI_STREAM_BOUND,
	.phase = ENVOI_PHASE_BIND,
	.offer = offer_versions,
};
static const struct envoi_handler_impl versions_impl = {
	.name = "roster-versions",
	.stream_feature = &versions_feature,
};

void envoi__roster_init(struct envoi_server *server)
{
	server->roster_versions = (struct envoi_handler)ENVOI_HANDLER(&versions_impl);
}

/* --- items --- */

static enum envoi_subscription subscription_of(unsigned int bits)
{
	static const enum envoi_subscription words[] = {ENVOI_SUBSCRIPTION_NONE,
		ENVOI_SUBSCRIPTION_TO, ENVOI_SUBSCRIPTION_FROM, ENVOI_SUBSCRIPTION_BOTH};
	return words[bits & (ENVOI_STORE_TO | ENVOI_STORE_FROM)];
}

static void add_item(struct envoi_element *query, const struct envoi_store_contact *contact)
{
	struct envoi_element *item = envoi_element_add(query, NULL, "item");
	envoi_element_set(item, "jid", contact->jid);
	envoi_element_set(item, "name", contact->name);
	envoi_element_set(item, "subscription",
		envoi_subscription_name(subscription_of(contact->subscription)));
	if ((contact->subscription & ENVOI_STORE_PENDING_OUT) != 0) {
		envoi_element_set(item, "ask", "subscribe");
	}
	for (size_t i = 0; i < contact->group_count; i++) {
		envoi_element_add_with_text(item, NULL, "group", contact->groups[i]);
	}
}

/* --- pushes (section 2.1.6) --- */

static void push_to(struct envoi__resource *resource, const struct envoi_store_contact *contact,
	const char *removed, uint64_t version)
{
	char text[VERSION_SIZE];
	struct envoi_stanza *iq = envoi_iq_new(resource->server->context, ENVOI_IQ_SET,
		envoi_jid_text(envoi__resource_jid(resource)));
	struct envoi_element *query = envoi_element_add(
		envoi_stanza_element(iq), NS_ROSTER, "query");
	envoi_element_set(query, "ver", version_of(resource->account, version, text));
	if (contact != NULL) {
		add_item(query, contact);
	} else {
		struct envoi_element *item = envoi_element_add(query, NULL, "item");
		envoi_element_set(
			envoi_element_set(item, "jid", removed), "subscription", "remove");
	}
	(void)envoi__resource_give(resource, iq);
}

static void push(struct envoi__account *account, const struct envoi_store_contact *contact,
	const char *removed)
{
	struct envoi__resource *at = NULL;
	while ((at = envoi__resource_next(account, at)) != NULL) {
		if (at->is_interested) {
			push_to(at, contact, removed, account->version);
		}
	}
}

/* --- changes --- */

struct envoi__server_contact *envoi__roster_find(
	const struct envoi__account *account, const struct envoi_jid *jid)
{
	return envoi__server_contact_find(
		&account->contacts, envoi_jid_text(jid), envoi_jid_bare_len(jid));
}

int envoi__roster_set(struct envoi__account *account, const struct envoi_store_contact *contact,
	const struct envoi__routed *cause)
{
	struct envoi_store *store = account->server->store;
	struct envoi_store_contact changed = *contact;
	struct envoi__server_contact *kept;
	struct envoi_store_job *job = envoi__saving_begin(account, cause);
	if (job == NULL) {
		return ENVOI_ERR_NOMEM;
	}
	changed.version = account->version + changed.is_listed;
	int r = envoi__server_contact_put(&account->contacts, &changed, &kept);
	if (r < 0) {
		envoi__saving_cancel(job);
		return r;
	}
	account->version = changed.version;
	store->impl->set_contact(store, job, envoi__account_name(account), &kept->value);
	if (changed.is_listed) {
		push(account, &kept->value, NULL);
	}
	return ENVOI_OK;
}

int envoi__roster_remove(struct envoi__account *account, struct envoi__server_contact *contact,
	const struct envoi__routed *cause)
{
	struct envoi_store *store = account->server->store;
	struct envoi_store_job *job = envoi__saving_begin(account, cause);
	bool is_listed = contact->value.is_listed;
	if (job == NULL) {
		return ENVOI_ERR_NOMEM;
	}
	if (is_listed) {
		account->removed = ++account->version;
		push(account, NULL, contact->value.jid);
	}
	store->impl->remove_contact(store, job, envoi__account_name(account), contact->value.jid,
		is_listed ? account->version : 0);
	(void)envoi__server_contact_drop(
		&account->contacts, contact->value.jid, strlen(contact->value.jid));
	return ENVOI_OK;
}

bool envoi__roster_is_full(const struct envoi__account *account)
{
	return account->contacts.count >= account->server->values.contacts;
}

/* --- getting (section 2.2) --- */

static void push_changes(struct envoi__resource *resource, uint64_t since)
{
	const struct envoi__account *account = resource->account;
	const struct envoi__table_link *link = NULL;
	while ((link = envoi__table_next(&account->contacts, link)) != NULL) {
		const struct envoi_store_contact *contact =
			&ENVOI_CONTAINER_OF_CONST(link, struct envoi__server_contact, link)->value;
		if (contact->is_listed && contact->version > since) {
			/* the client has all only after the last one (section 2.6.3) */
			push_to(resource, contact, NULL, account->version);
		}
	}
}

static void send_roster(
	const struct envoi__routed *routed, const struct envoi__account *account, bool has_version)
{
	char text[VERSION_SIZE];
	struct envoi_stanza *result = envoi_iq_result_new(routed->stanza);
	struct envoi_element *query = envoi_element_add(
		envoi_stanza_element(result), NS_ROSTER, "query");
	const struct envoi__table_link *link = NULL;
	if (has_version) {
		envoi_element_set(query, "ver", version_of(account, account->version, text));
	}
	while ((link = envoi__table_next(&account->contacts, link)) != NULL) {
		const struct envoi_store_contact *contact =
			&ENVOI_CONTAINER_OF_CONST(link, struct envoi__server_contact, link)->value;
		if (contact->is_listed) {
			add_item(query, contact);
		}
	}
	envoi__route_answer(routed->server, result);
}

static void answer_get(const struct envoi__routed *routed, struct envoi__account *account)
{
	const char *known = envoi_element_attr(envoi_stanza_payload(routed->stanza), "ver");
	uint64_t version;
	if (routed->sender == NULL) {
		return; /* its session has ended */
	}
	routed->sender->is_interested = true;
	if (!read_version(account, known, &version)) {
		send_roster(routed, account, known != NULL);
		return;
	}
	envoi__request_result(routed, NULL, NULL);
	push_changes(routed->sender, version);
}

/* --- setting (sections 2.3 to 2.5) --- */

/* A set that has been read. */
struct change {
	struct envoi_jid *jid; /* a reference */
	struct envoi_store_contact contact; /* borrows from the stanza */
	const char *groups[MOST_GROUPS];
	bool is_removal;
};

static bool has_group(const struct change *change, const char *name)
{
	for (size_t i = 0; i < change->contact.group_count; i++) {
		if (strcmp(change->groups[i], name) == 0) {
			return true;
		}
	}
	return false;
}

/* Section 2.3.3: the errors of groups. */
static enum envoi_stanza_condition read_group(
	struct change *change, const struct envoi_element *element)
{
	const char *name = envoi_element_text(element);
	if (name == NULL || change->contact.group_count == MOST_GROUPS) {
		return ENVOI_RESOURCE_CONSTRAINT;
	}
	if (has_group(change, name)) {
		return ENVOI_BAD_REQUEST;
	}
	if (*name == '\0' || strlen(name) > MOST_NAME_BYTES) {
		return ENVOI_NOT_ACCEPTABLE;
	}
	change->groups[change->contact.group_count++] = name;
	return ENVOI_STANZA_NO_CONDITION;
}

static enum envoi_stanza_condition read_groups(
	struct change *change, const struct envoi_element *item)
{
	enum envoi_stanza_condition wrong = ENVOI_STANZA_NO_CONDITION;
	const struct envoi_element *child = envoi_element_first(item);
	for (; child != NULL && wrong == ENVOI_STANZA_NO_CONDITION;
		child = envoi_element_next(child)) {
		if (envoi_element_is(child, NS_ROSTER, "group")) {
			wrong = read_group(change, child);
		}
	}
	change->contact.groups = change->groups;
	return wrong;
}

/* Other values of `subscription`, and `ask`, are ignored (section 2.1.2). */
static enum envoi_stanza_condition read_item(
	struct change *change, struct envoi__account *account, const struct envoi_element *item)
{
	const char *jid = envoi_element_attr(item, "jid");
	const char *subscription = envoi_element_attr(item, "subscription");
	const char *name = envoi_element_attr(item, "name");
	struct envoi_jid *full;
	if (jid == NULL || envoi_jid_from_text(&full, account->server->context, jid) < 0) {
		return ENVOI_BAD_REQUEST;
	}
	int r = envoi_jid_bare(&change->jid, full);
	envoi_jid_unref(full);
	if (r < 0) {
		return ENVOI_RESOURCE_CONSTRAINT;
	}
	if (envoi_jid_equal(change->jid, account->jid)) {
		return ENVOI_NOT_ALLOWED;
	}
	change->is_removal = subscription != NULL && strcmp(subscription, "remove") == 0;
	change->contact.jid = envoi_jid_text(change->jid);
	change->contact.name = name != NULL && *name != '\0' ? name : NULL;
	return name != NULL && strlen(name) > MOST_NAME_BYTES ? ENVOI_NOT_ACCEPTABLE
							      : read_groups(change, item);
}

static enum envoi_stanza_condition read_set(
	struct change *change, struct envoi__account *account, const struct envoi_element *query)
{
	const struct envoi_element *item = envoi_element_child(query, NULL, "item");
	bool is_one = item != NULL && item == envoi_element_first(query) &&
		envoi_element_next(item) == NULL;
	return is_one ? read_item(change, account, item) : ENVOI_BAD_REQUEST;
}

static enum envoi_stanza_condition put_item(
	const struct envoi__routed *routed, struct envoi__account *account, struct change *change)
{
	const struct envoi__server_contact *before = envoi__roster_find(account, change->jid);
	if (before == NULL && envoi__roster_is_full(account)) {
		return ENVOI_RESOURCE_CONSTRAINT;
	}
	if (before != NULL) {
		change->contact.subscription = before->value.subscription;
		change->contact.request = before->value.request;
	}
	change->contact.is_listed = true;
	return envoi__roster_set(account, &change->contact, routed) < 0 ? ENVOI_RESOURCE_CONSTRAINT
									: ENVOI_STANZA_NO_CONDITION;
}

static enum envoi_stanza_condition remove_item(const struct envoi__routed *routed,
	struct envoi__account *account, const struct change *change)
{
	struct envoi__server_contact *contact = envoi__roster_find(account, change->jid);
	if (contact == NULL || !contact->value.is_listed) {
		return ENVOI_ITEM_NOT_FOUND;
	}
	envoi__subscription_cancel(account, change->jid, contact->value.subscription);
	contact = envoi__roster_find(account, change->jid);
	return contact != NULL && envoi__roster_remove(account, contact, routed) < 0
		? ENVOI_RESOURCE_CONSTRAINT
		: ENVOI_STANZA_NO_CONDITION;
}

static void answer_set(const struct envoi__routed *routed, struct envoi__account *account)
{
	struct change change = {.jid = NULL};
	enum envoi_stanza_condition wrong = read_set(
		&change, account, envoi_stanza_payload(routed->stanza));
	if (wrong == ENVOI_STANZA_NO_CONDITION) {
		wrong = change.is_removal ? remove_item(routed, account, &change)
					  : put_item(routed, account, &change);
	}
	if (wrong != ENVOI_STANZA_NO_CONDITION) {
		envoi__route_refuse(routed, wrong);
	}
	envoi_jid_unref(change.jid);
}

const struct envoi__service envoi__roster_services[] = {
	{ENVOI_IQ_GET, NS_ROSTER, "query", ENVOI__AT_OWN, false, answer_get},
	{ENVOI_IQ_SET, NS_ROSTER, "query", ENVOI__AT_OWN, true, answer_set},
	{.kind = ENVOI_NO_STANZA},
};
