/*
 * envoi - stanza rows, found by kind and payload name
 * SPDX-License-Identifier: MIT
 */
#include "router/rows.h"

#include <envoi/context.h>
#include <envoi/payload.h>

#include "router/row_path.h"
#include "xml/names.h"
#include "xml/path.h"

enum {
	FIRST_SLOTS = 16,
};

void envoi__rows_init(struct envoi__rows *rows, struct envoi_context *context)
{
	*rows = (struct envoi__rows){.context = context};
}

void envoi__rows_finish(struct envoi__rows *rows)
{
	envoi_free(rows->context, rows->slots);
	envoi__rows_init(rows, rows->context);
}

static size_t hash_of(enum envoi_stanza_kind kind, const char *ns, const char *name)
{
	uint64_t hash = (uint64_t)(uintptr_t)ns * 0x9e3779b97f4a7c15u;
	hash = (hash ^ (uint64_t)(uintptr_t)name ^ (uint64_t)kind) * 0xd6e8feb86659fd93u;
	return (size_t)(hash ^ hash >> 32);
}

struct envoi__row_bucket *envoi__rows_find(const struct envoi__rows *rows,
	enum envoi_stanza_kind kind, const char *ns, const char *name)
{
	if (rows->bucket_count == 0) {
		return NULL;
	}
	size_t hash = hash_of(kind, ns, name);
	struct envoi__row_bucket *bucket = rows->slots[hash & (rows->slot_count - 1)];
	while (bucket != NULL &&
		(bucket->name != name || bucket->ns != ns || bucket->kind != kind)) {
		bucket = bucket->next;
	}
	return bucket;
}

static struct envoi__row_bucket **slot_of(
	const struct envoi__rows *rows, const struct envoi__row_bucket *bucket)
{
	size_t hash = hash_of(bucket->kind, bucket->ns, bucket->name);
	return &rows->slots[hash & (rows->slot_count - 1)];
}

static void put_bucket(struct envoi__rows *rows, struct envoi__row_bucket *bucket)
{
	struct envoi__row_bucket **slot = slot_of(rows, bucket);
	bucket->next = *slot;
	*slot = bucket;
}

static int make_room(struct envoi__rows *rows)
{
	if (rows->bucket_count < rows->slot_count) {
		return ENVOI_OK;
	}
	struct envoi__rows before = *rows;
	size_t count = before.slot_count == 0 ? FIRST_SLOTS : before.slot_count * 2;
	struct envoi__row_bucket **slots = envoi_alloc_zeroed(
		rows->context, count * sizeof(struct envoi__row_bucket *));
	if (slots == NULL) {
		return ENVOI_ERR_NOMEM;
	}
	rows->slots = slots;
	rows->slot_count = count;
	for (size_t i = 0; i < before.slot_count; i++) {
		while (before.slots[i] != NULL) {
			struct envoi__row_bucket *bucket = before.slots[i];
			before.slots[i] = bucket->next;
			put_bucket(rows, bucket);
		}
	}
	envoi_free(rows->context, before.slots);
	return ENVOI_OK;
}

static struct envoi__row_bucket *find_or_add(
	struct envoi__rows *rows, enum envoi_stanza_kind kind, const char *ns, const char *name)
{
	struct envoi__row_bucket *bucket = envoi__rows_find(rows, kind, ns, name);
	if (bucket != NULL || make_room(rows) < 0) {
		return bucket;
	}
	bucket = envoi_alloc(rows->context, sizeof(*bucket));
	if (bucket != NULL) {
		*bucket = (struct envoi__row_bucket){.kind = kind, .ns = ns, .name = name};
		put_bucket(rows, bucket);
		rows->bucket_count++;
		rows->namespace_count += ns != NULL && name == NULL;
	}
	return bucket;
}

bool envoi__row_precedes(const struct envoi__row *a, const struct envoi__row *b)
{
	return a->priority != b->priority ? a->priority > b->priority : a->order < b->order;
}

/* What a payload must have. A path that fixes no namespace is tried with every payload. */
static void names_of(const struct envoi__row *row, const char **ret_ns, const char **ret_name)
{
	const struct envoi_stanza_row *def = row->def;
	*ret_ns = *ret_name = NULL;
	if (row->path != NULL) {
		const struct envoi__path_step *step = &row->path->steps[1];
		if (row->path->count > 1 && step->ns != NULL) {
			*ret_ns = step->ns;
			*ret_name = step->name;
		}
	} else if (def->payload != NULL) {
		*ret_ns = def->payload->ns;
		*ret_name = def->payload->name;
	} else {
		*ret_ns = def->ns == NULL && def->name != NULL ? ENVOI_NS_CLIENT : def->ns;
		*ret_name = def->name;
	}
}

static int make_known(struct envoi_context *context, const char **name)
{
	if (*name == NULL) {
		return ENVOI_OK;
	}
	*name = envoi__name_intern(context, *name);
	return *name == NULL ? ENVOI_ERR_NOMEM : ENVOI_OK;
}

/* Names are made known, so that those of elements can be compared by their pointers. */
static int bucket_for(struct envoi__rows *rows, const struct envoi__row *row,
	struct envoi__row_bucket **ret_bucket)
{
	const char *ns, *name;
	names_of(row, &ns, &name);
	if (make_known(rows->context, &ns) < 0 || make_known(rows->context, &name) < 0) {
		return ENVOI_ERR_NOMEM;
	}
	*ret_bucket = find_or_add(rows, row->def->kind, ns, name);
	return *ret_bucket == NULL ? ENVOI_ERR_NOMEM : ENVOI_OK;
}

/* The bucket says all of it: the row costs as much as one with a name. */
static void drop_plain_path(struct envoi__row *row)
{
	if (row->path != NULL && envoi__row_path_is_name(row->path)) {
		envoi_path_free(row->path);
		row->path = NULL;
	}
}

static int link_row(struct envoi__rows *rows, struct envoi__row *row)
{
	struct envoi__row_bucket *bucket = NULL;
	int r = envoi__row_path_new(&row->path, rows->context, row->def, NULL);
	if (r == ENVOI_OK) {
		r = bucket_for(rows, row, &bucket);
	}
	if (r < 0) {
		return r;
	}
	drop_plain_path(row);
	row->is_plain = row->path == NULL && row->def->matches == NULL;
	row->bucket = bucket;
	row->order = ++rows->order;
	row->priority = row->def->priority;
	/* most often it is the first or the last one */
	bool is_first = bucket->first != NULL && envoi__row_precedes(row, bucket->first);
	row->previous = is_first ? NULL : bucket->last;
	while (row->previous != NULL && envoi__row_precedes(row, row->previous)) {
		row->previous = row->previous->previous;
	}
	row->next = row->previous == NULL ? bucket->first : row->previous->next;
	*(row->previous == NULL ? &bucket->first : &row->previous->next) = row;
	*(row->next == NULL ? &bucket->last : &row->next->previous) = row;
	return ENVOI_OK;
}

static void free_bucket(struct envoi__rows *rows, struct envoi__row_bucket *bucket)
{
	struct envoi__row_bucket **at = slot_of(rows, bucket);
	while (*at != bucket) {
		at = &(*at)->next;
	}
	*at = bucket->next;
	rows->bucket_count--;
	rows->namespace_count -= bucket->ns != NULL && bucket->name == NULL;
	envoi_free(rows->context, bucket);
}

static void unlink_row(struct envoi__rows *rows, struct envoi__row *row)
{
	struct envoi__row_bucket *bucket = row->bucket;
	if (bucket == NULL) {
		return;
	}
	*(row->previous == NULL ? &bucket->first : &row->previous->next) = row->next;
	*(row->next == NULL ? &bucket->last : &row->next->previous) = row->previous;
	if (bucket->first == NULL) {
		free_bucket(rows, bucket);
	}
}

int envoi__rows_add(
	struct envoi__rows *rows, struct envoi__member **ret_member, struct envoi_handler *handler)
{
	const struct envoi_stanza_row *defs = handler->impl->stanzas;
	size_t count = 0;
	while (defs != NULL && defs[count].kind != ENVOI_NO_STANZA) {
		count++;
	}
	struct envoi__member *member = envoi_alloc_zeroed(
		rows->context, sizeof(*member) + count * sizeof(struct envoi__row));
	if (member == NULL) {
		return ENVOI_ERR_NOMEM;
	}
	envoi__list_init(&member->link);
	member->handler = handler;
	member->row_count = count;
	member->rows = (struct envoi__row *)(member + 1);
	for (size_t i = 0; i < count; i++) {
		member->rows[i].member = member;
		member->rows[i].def = &defs[i];
		int r = link_row(rows, &member->rows[i]);
		if (r < 0) {
			envoi__member_free(rows, member);
			return r;
		}
	}
	*ret_member = member;
	return ENVOI_OK;
}

void envoi__member_free(struct envoi__rows *rows, struct envoi__member *member)
{
	if (member == NULL) {
		return;
	}
	envoi__list_remove(&member->link);
	for (size_t i = 0; i < member->row_count; i++) {
		unlink_row(rows, &member->rows[i]);
		envoi_path_free(member->rows[i].path);
	}
	envoi_free(rows->context, member);
}
