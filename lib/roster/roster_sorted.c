/*
 * envoi - the roster: contacts and groups in order, for display
 * SPDX-License-Identifier: MIT
 */
#include <stdlib.h>
#include <string.h>

#include <envoi/precis.h>

#include "roster/roster_inside.h"

struct entry {
	char *key; /* what is shown, as nicknames are compared */
	const char *text; /* decides between equal keys */
	const struct envoi_roster_item *item; /* NULL: a group */
};

struct list {
	struct envoi_context *context;
	size_t count;
	struct entry entries[];
};

static struct list *list_new(struct envoi_context *context, size_t capacity)
{
	struct list *list = envoi_alloc(context, sizeof(*list) + capacity * sizeof(struct entry));
	if (list != NULL) {
		list->context = context;
		list->count = 0;
	}
	return list;
}

static void list_free(struct list *list)
{
	for (size_t i = 0; i < list->count; i++) {
		envoi_free(list->context, list->entries[i].key);
	}
	envoi_free(list->context, list);
}

/* A name is what the user or the server chose: one that is no nickname has its place, too. */
static int key_new(char **ret_key, struct envoi_context *context, const char *shown)
{
	size_t len = strlen(shown);
	int r = envoi_precis_enforce(
		ret_key, NULL, context, ENVOI_PRECIS_NICKNAME_COMPARED, shown, len, NULL);
	if (r == ENVOI_ERR_INVALID) {
		*ret_key = envoi_strndup(context, shown, len);
		r = *ret_key == NULL ? ENVOI_ERR_NOMEM : ENVOI_OK;
	}
	return r;
}

static int add(struct list *list, const char *shown, struct entry entry)
{
	int r = key_new(&entry.key, list->context, shown);
	if (r == ENVOI_OK) {
		list->entries[list->count++] = entry;
	}
	return r;
}

static int compare(const void *a, const void *b)
{
	const struct entry *first = a, *second = b;
	int order = strcmp(first->key, second->key);
	return order != 0 ? order : strcmp(first->text, second->text);
}

static void sort(struct list *list)
{
	qsort(list->entries, list->count, sizeof(list->entries[0]), compare);
}

/* --- contacts --- */

static const char *shown_of(const struct envoi_roster_item *item)
{
	return item->name == NULL || *item->name == '\0' ? envoi_jid_text(item->jid) : item->name;
}

static int add_contacts(struct list *list, const struct envoi_roster *roster, const char *group)
{
	const struct envoi_roster_item *item;
	size_t position = 0;
	int r = ENVOI_OK;
	while (r == ENVOI_OK && (item = envoi_roster_next(roster, &position)) != NULL) {
		if (group == NULL || envoi_roster_item_is_in(item, group)) {
			r = add(list, shown_of(item),
				(struct entry){.text = envoi_jid_text(item->jid), .item = item});
		}
	}
	return r;
}

static int take_items(const struct envoi_roster_item ***ret_items, struct list *list)
{
	const struct envoi_roster_item **items = envoi_alloc(
		list->context, (list->count + 1) * sizeof(*items));
	if (items == NULL) {
		return ENVOI_ERR_NOMEM;
	}
	sort(list);
	for (size_t i = 0; i < list->count; i++) {
		items[i] = list->entries[i].item;
	}
	items[list->count] = NULL;
	*ret_items = items;
	return ENVOI_OK;
}

int envoi_roster_sort(const struct envoi_roster *roster, const char *group,
	const struct envoi_roster_item ***ret_items)
{
	struct list *list = list_new(roster->context, envoi_roster_count(roster));
	if (list == NULL) {
		return ENVOI_ERR_NOMEM;
	}
	int r = add_contacts(list, roster, group);
	if (r == ENVOI_OK) {
		r = take_items(ret_items, list);
	}
	list_free(list);
	return r;
}

/* --- groups --- */

static int add_groups(struct list *list, const struct envoi_roster *roster)
{
	const char *group;
	size_t position = 0;
	int r = ENVOI_OK;
	while (r == ENVOI_OK &&
		(group = envoi_roster_next_group(roster, &position, NULL)) != NULL) {
		r = add(list, group, (struct entry){.text = group});
	}
	return r;
}

static int take_texts(const char ***ret_texts, struct list *list)
{
	const char **texts = envoi_alloc(list->context, (list->count + 1) * sizeof(*texts));
	if (texts == NULL) {
		return ENVOI_ERR_NOMEM;
	}
	sort(list);
	for (size_t i = 0; i < list->count; i++) {
		texts[i] = list->entries[i].text;
	}
	texts[list->count] = NULL;
	*ret_texts = texts;
	return ENVOI_OK;
}

int envoi_roster_sort_groups(const struct envoi_roster *roster, const char ***ret_groups)
{
	struct list *list = list_new(roster->context, roster->contacts.groups.count);
	if (list == NULL) {
		return ENVOI_ERR_NOMEM;
	}
	int r = add_groups(list, roster);
	if (r == ENVOI_OK) {
		r = take_texts(ret_groups, list);
	}
	list_free(list);
	return r;
}
