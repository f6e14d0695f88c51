/*
 * envoi - the contacts of a roster, by address
 * SPDX-License-Identifier: MIT
 */
#include "roster/contacts.h"

#include <string.h>

#include "roster/roster_payload.h"

struct contact {
	struct envoi_jid *key; /* stays when the item is replaced: the map borrows its text */
	struct envoi_roster_item *item; /* of item_copy() */
	bool awaits_approval; /* of the account's request, which was pending when it changed last */
};

struct group {
	size_t members;
	uint64_t last; /* number of the list in which it was named last */
	char name[];
};

/* --- groups --- */

static void leave_group(struct envoi__contacts *contacts, const char *name)
{
	size_t len = strlen(name);
	struct group *group = envoi__map_get(&contacts->groups, name, len);
	if (group != NULL && --group->members == 0) {
		envoi__map_remove(&contacts->groups, name, len);
		envoi_free(contacts->groups.context, group);
	}
}

static void leave_groups(struct envoi__contacts *contacts, const char *const *names, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		leave_group(contacts, names[i]);
	}
}

static int add_group(struct envoi__contacts *contacts, const char *name, size_t len)
{
	struct envoi_context *context = contacts->groups.context;
	struct group *group = envoi_alloc(context, sizeof(*group) + len + 1);
	if (group == NULL) {
		return ENVOI_ERR_NOMEM;
	}
	group->members = 1;
	group->last = contacts->lists;
	memcpy(group->name, name, len + 1);
	int r = envoi__map_add(&contacts->groups, group->name, len, group);
	if (r < 0) {
		envoi_free(context, group);
	}
	return r;
}

/* @retval ENVOI_DECLINED  the list has named it before, or it has no name */
static int enter_group(struct envoi__contacts *contacts, const char *name)
{
	size_t len = strlen(name);
	struct group *group = envoi__map_get(&contacts->groups, name, len);
	if (len == 0 || (group != NULL && group->last == contacts->lists)) {
		return ENVOI_DECLINED;
	}
	if (group == NULL) {
		return add_group(contacts, name, len);
	}
	group->members++;
	group->last = contacts->lists;
	return ENVOI_OK;
}

/*
 * A server that sends empty names, or one name twice, refuses them in a change of the contact (RFC
 * 6121, section 2.3.3): they are left out.
 *
 * @param[out] names, ret_count  of the groups that were entered
 * @retval ENVOI_ERR_NOMEM  none is entered
 */
static int enter_groups(struct envoi__contacts *contacts, const struct envoi_roster_item *item,
	const char **names, size_t *ret_count)
{
	size_t count = 0;
	contacts->lists++;
	for (size_t i = 0; i < item->group_count; i++) {
		int r = enter_group(contacts, item->groups[i]);
		if (r < 0) {
			leave_groups(contacts, names, count);
			return r;
		}
		names[count] = item->groups[i];
		count += r == ENVOI_OK;
	}
	*ret_count = count;
	return ENVOI_OK;
}

const char *envoi__contacts_next_group(
	const struct envoi__contacts *contacts, size_t *position, size_t *ret_members)
{
	const struct group *group = envoi__map_next(&contacts->groups, position);
	if (group != NULL && ret_members != NULL) {
		*ret_members = group->members;
	}
	return group == NULL ? NULL : group->name;
}

/* --- contacts --- */

static size_t bytes_of(const struct envoi_roster_item *item)
{
	size_t bytes = sizeof(struct contact) + sizeof(*item) + strlen(envoi_jid_text(item->jid)) +
		(item->name == NULL ? 0 : strlen(item->name));
	for (size_t i = 0; i < item->group_count; i++) {
		bytes += sizeof(char *) + strlen(item->groups[i]);
	}
	return bytes;
}

static void item_free(struct envoi__contacts *contacts, struct envoi_roster_item *item)
{
	contacts->bytes -= bytes_of(item);
	leave_groups(contacts, item->groups, item->group_count);
	envoi_jid_unref((struct envoi_jid *)(uintptr_t)item->jid);
	envoi_free(contacts->by_address.context, item);
}

static void contact_free(struct envoi__contacts *contacts, struct contact *contact)
{
	if (contact != NULL) {
		item_free(contacts, contact->item);
		envoi_jid_unref(contact->key);
		envoi_free(contacts->by_address.context, contact);
	}
}

void envoi__contacts_init(struct envoi__contacts *contacts, struct envoi_context *context)
{
	*contacts = (struct envoi__contacts){0};
	envoi__map_init(&contacts->by_address, context);
	envoi__map_init(&contacts->groups, context);
}

void envoi__contacts_finish(struct envoi__contacts *contacts)
{
	size_t position = 0;
	struct contact *contact;
	while ((contact = envoi__map_next(&contacts->by_address, &position)) != NULL) {
		contact_free(contacts, contact);
	}
	envoi__map_finish(&contacts->by_address);
	envoi__map_finish(&contacts->groups);
}

static size_t text_size(const char *text)
{
	return text == NULL ? 0 : strlen(text) + 1;
}

/* @return where the copy is; NULL: there is no text */
static const char *place_text(char **at, const char *text)
{
	size_t size = text_size(text);
	char *place = *at;
	*at += size;
	return text == NULL ? NULL : memcpy(place, text, size);
}

/* Of its own instead of envoi_payload_dup(): a contact costs 860 instructions less in a login. */
static struct envoi_roster_item *item_copy(
	struct envoi_context *context, const struct envoi_roster_item *item)
{
	size_t size = sizeof(*item) + item->group_count * sizeof(*item->groups) +
		text_size(item->name);
	for (size_t i = 0; i < item->group_count; i++) {
		size += text_size(item->groups[i]);
	}
	struct envoi_roster_item *copy = envoi_alloc(context, size);
	if (copy == NULL) {
		return NULL;
	}
	const char **groups = (const char **)(copy + 1);
	char *at = (char *)(groups + item->group_count);
	*copy = *item;
	copy->jid = envoi_jid_ref(item->jid);
	copy->name = place_text(&at, item->name);
	copy->groups = groups;
	for (size_t i = 0; i < item->group_count; i++) {
		groups[i] = place_text(&at, item->groups[i]);
	}
	return copy;
}

/* Counted in bytes and groups. @param names  room for its groups. @return NULL: out of memory */
static struct envoi_roster_item *item_with_names(
	struct envoi__contacts *contacts, const struct envoi_roster_item *item, const char **names)
{
	struct envoi_roster_item wanted = *item;
	wanted.groups = names;
	if (enter_groups(contacts, item, names, &wanted.group_count) < 0) {
		return NULL;
	}
	struct envoi_roster_item *copy = item_copy(contacts->by_address.context, &wanted);
	if (copy == NULL) {
		leave_groups(contacts, names, wanted.group_count);
		return NULL;
	}
	contacts->bytes += bytes_of(copy);
	return copy;
}

static struct envoi_roster_item *item_new(
	struct envoi__contacts *contacts, const struct envoi_roster_item *item)
{
	struct envoi_context *context = contacts->by_address.context;
	const char *usual[8], **names = usual;
	if (item->group_count > sizeof(usual) / sizeof(usual[0])) {
		names = envoi_alloc(context, item->group_count * sizeof(*names));
	}
	struct envoi_roster_item *copy = names == NULL ? NULL
						       : item_with_names(contacts, item, names);
	if (names != usual) {
		envoi_free(context, names);
	}
	return copy;
}

static int add(struct envoi__contacts *contacts, struct envoi_roster_item *item)
{
	struct envoi__map *map = &contacts->by_address;
	struct contact *contact = envoi_alloc(map->context, sizeof(*contact));
	if (contact == NULL) {
		item_free(contacts, item);
		return ENVOI_ERR_NOMEM;
	}
	*contact = (struct contact){
		.key = envoi_jid_ref(item->jid),
		.item = item,
		.awaits_approval = item->ask == ENVOI_ROSTER_ASK_SUBSCRIBE,
	};
	const char *key = envoi_jid_text(contact->key);
	int r = envoi__map_add(map, key, strlen(key), contact);
	if (r < 0) {
		contact_free(contacts, contact);
	}
	return r;
}

static struct contact *get(const struct envoi__contacts *contacts, const struct envoi_jid *jid)
{
	const char *key = envoi_jid_text(jid);
	return envoi__map_get(&contacts->by_address, key, strlen(key));
}

static bool is_to(const struct envoi_roster_item *item)
{
	return item->subscription == ENVOI_SUBSCRIPTION_TO ||
		item->subscription == ENVOI_SUBSCRIPTION_BOTH;
}

static void replace_item(
	struct envoi__contacts *contacts, struct contact *contact, struct envoi_roster_item *item)
{
	contact->awaits_approval = (contact->awaits_approval && is_to(item)) ||
		(item->ask == ENVOI_ROSTER_ASK_SUBSCRIBE &&
			(contact->awaits_approval ||
				contact->item->ask != ENVOI_ROSTER_ASK_SUBSCRIBE));
	item_free(contacts, contact->item);
	contact->item = item;
}

static bool is_beyond(const struct envoi__contacts *contacts, const struct contact *old,
	const struct envoi_roster_item *item, const struct envoi__contacts_limits *limits)
{
	size_t others = contacts->bytes - (old == NULL ? 0 : bytes_of(old->item));
	size_t bytes = bytes_of(item);
	return (old == NULL && contacts->by_address.count >= limits->items) ||
		bytes > limits->bytes || others > limits->bytes - bytes;
}

int envoi__contacts_keep(struct envoi__contacts *contacts, const struct envoi_roster_item *item,
	const struct envoi__contacts_limits *limits)
{
	struct contact *old = get(contacts, item->jid);
	if (is_beyond(contacts, old, item, limits)) {
		return ENVOI_ERR_LIMIT;
	}
	struct envoi_roster_item *copy = item_new(contacts, item);
	if (copy == NULL) {
		return ENVOI_ERR_NOMEM;
	}
	if (old == NULL) {
		return add(contacts, copy);
	}
	replace_item(contacts, old, copy);
	return ENVOI_OK;
}

void envoi__contacts_remove(struct envoi__contacts *contacts, const struct envoi_jid *jid)
{
	const char *key = envoi_jid_text(jid);
	contact_free(contacts, envoi__map_remove(&contacts->by_address, key, strlen(key)));
}

static struct contact *find(const struct envoi__contacts *contacts, const struct envoi_jid *jid)
{
	struct contact *contact = get(contacts, jid);
	return contact != NULL ? contact
			       : envoi__map_get(&contacts->by_address, envoi_jid_text(jid),
					 envoi_jid_bare_len(jid));
}

const struct envoi_roster_item *envoi__contacts_find(
	const struct envoi__contacts *contacts, const struct envoi_jid *jid)
{
	const struct contact *contact = find(contacts, jid);
	return contact == NULL ? NULL : contact->item;
}

bool envoi__contacts_take_approval(
	const struct envoi__contacts *contacts, const struct envoi_jid *jid)
{
	struct contact *contact = find(contacts, jid);
	bool was_awaited = contact != NULL && contact->awaits_approval;
	if (was_awaited) {
		contact->awaits_approval = false;
	}
	return was_awaited;
}

const struct envoi_roster_item *envoi__contacts_next(
	const struct envoi__contacts *contacts, size_t *position)
{
	const struct contact *contact = envoi__map_next(&contacts->by_address, position);
	return contact == NULL ? NULL : contact->item;
}
