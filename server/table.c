/*
 * envoi-server - tables of named entries
 * SPDX-License-Identifier: MIT
 *
 * Private headers: base/siphash.h, which is inline.
 */
#include "table.h"

#include <stdbool.h>
#include <string.h>

#include "base/siphash.h"

enum {
	FIRST_CAPACITY = 16, /* a power of two, as all */
};

static uint64_t hash_of(const struct envoi__table *table, const char *name, size_t len)
{
	return envoi__siphash(table->key, name, len);
}

int envoi__table_init(struct envoi__table *table, struct envoi_context *context)
{
	*table = (struct envoi__table){.context = context};
	return envoi_context_random(context, table->key, sizeof(table->key));
}

void envoi__table_finish(struct envoi__table *table)
{
	envoi_free(table->context, table->places);
	table->places = NULL;
	table->capacity = table->count = 0;
}

static struct envoi__table_link **place_of(const struct envoi__table *table, uint64_t hash)
{
	return &table->places[hash & (table->capacity - 1)];
}

struct envoi__table_link *envoi__table_find(
	const struct envoi__table *table, const char *name, size_t len)
{
	if (table->count == 0) {
		return NULL;
	}
	uint64_t hash = hash_of(table, name, len);
	struct envoi__table_link *entry = *place_of(table, hash);
	while (entry != NULL &&
		(entry->hash != hash || entry->len != len || memcmp(entry->name, name, len) != 0)) {
		entry = entry->next;
	}
	return entry;
}

static void put(struct envoi__table *table, struct envoi__table_link *entry)
{
	struct envoi__table_link **place = place_of(table, entry->hash);
	entry->next = *place;
	*place = entry;
}

static int grow(struct envoi__table *table)
{
	struct envoi__table larger = *table;
	larger.capacity = table->capacity == 0 ? FIRST_CAPACITY : 2 * table->capacity;
	larger.places = envoi_alloc_zeroed(
		table->context, larger.capacity * sizeof(larger.places[0]));
	if (larger.places == NULL) {
		return ENVOI_ERR_NOMEM;
	}
	for (size_t i = 0; i < table->capacity; i++) {
		struct envoi__table_link *next;
		for (struct envoi__table_link *entry = table->places[i]; entry != NULL;
			entry = next) {
			next = entry->next;
			put(&larger, entry);
		}
	}
	envoi_free(table->context, table->places);
	*table = larger;
	return ENVOI_OK;
}

int envoi__table_add(struct envoi__table *table, struct envoi__table_link *entry, const char *name)
{
	int r = table->count < table->capacity ? ENVOI_OK : grow(table);
	if (r == ENVOI_OK) {
		entry->name = name;
		entry->len = strlen(name);
		entry->hash = hash_of(table, name, entry->len);
		put(table, entry);
		table->count++;
	}
	return r;
}

void envoi__table_remove(struct envoi__table *table, struct envoi__table_link *entry)
{
	struct envoi__table_link **at = place_of(table, entry->hash);
	while (*at != entry) {
		at = &(*at)->next;
	}
	*at = entry->next;
	table->count--;
}

struct envoi__table_link *envoi__table_next(
	const struct envoi__table *table, const struct envoi__table_link *after)
{
	if (after != NULL && after->next != NULL) {
		return after->next;
	}
	size_t i = after == NULL ? 0 : (after->hash & (table->capacity - 1)) + 1;
	while (i < table->capacity && table->places[i] == NULL) {
		i++;
	}
	return i < table->capacity ? table->places[i] : NULL;
}
