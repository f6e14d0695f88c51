/*
 * envoi - hash map
 * SPDX-License-Identifier: MIT
 */
#include "base/map.h"

#include <string.h>

#include <envoi/error.h>

#include "base/context.h"
#include "base/siphash.h"

static const char removed[1];

uint64_t envoi__hash(const struct envoi_context *context, const void *data, size_t len)
{
	return envoi__siphash(context->hash_key, data, len);
}

void envoi__map_init(struct envoi__map *map, struct envoi_context *context)
{
	*map = (struct envoi__map){.context = context};
}

void envoi__map_finish(struct envoi__map *map)
{
	envoi_free(map->context, map->entries);
	envoi__map_init(map, map->context);
}

static uint32_t hash_of(const struct envoi__map *map, const char *key, size_t len)
{
	return (uint32_t)envoi__hash(map->context, key, len);
}

static struct envoi__map_entry *find(
	const struct envoi__map *map, uint32_t hash, const char *key, size_t len)
{
	if (map->capacity == 0) {
		return NULL;
	}
	for (size_t i = hash & (map->capacity - 1);; i = (i + 1) & (map->capacity - 1)) {
		struct envoi__map_entry *entry = &map->entries[i];
		if (entry->key == NULL) {
			return NULL;
		}
		if (entry->key != removed && entry->hash == hash && entry->len == len &&
			memcmp(entry->key, key, len) == 0) {
			return entry;
		}
	}
}

void *envoi__map_get(const struct envoi__map *map, const char *key, size_t len)
{
	if (map->count == 0) {
		return NULL;
	}
	struct envoi__map_entry *entry = find(map, hash_of(map, key, len), key, len);
	return entry == NULL ? NULL : entry->value;
}

static void place(struct envoi__map *map, const struct envoi__map_entry *entry)
{
	size_t i = entry->hash & (map->capacity - 1);
	while (map->entries[i].key != NULL && map->entries[i].key != removed) {
		i = (i + 1) & (map->capacity - 1);
	}
	if (map->entries[i].key == NULL) {
		map->used++;
	}
	map->entries[i] = *entry;
	map->count++;
}

/* Also clears out removed entries, so that probing always meets a free one. */
static int make_room(struct envoi__map *map)
{
	if ((map->used + 1) * 4 <= map->capacity * 3) {
		return ENVOI_OK;
	}
	size_t capacity = 8;
	while (capacity < map->count * 2 + 2) {
		capacity *= 2;
	}
	struct envoi__map_entry *entries = envoi_alloc_zeroed(
		map->context, capacity * sizeof(*entries));
	if (entries == NULL) {
		return ENVOI_ERR_NOMEM;
	}
	struct envoi__map old = *map;
	map->entries = entries;
	map->capacity = capacity;
	map->used = map->count = 0;
	for (size_t i = 0; i < old.capacity; i++) {
		if (old.entries[i].key != NULL && old.entries[i].key != removed) {
			place(map, &old.entries[i]);
		}
	}
	envoi_free(map->context, old.entries);
	return ENVOI_OK;
}

int envoi__map_add(struct envoi__map *map, const char *key, size_t len, void *value)
{
	uint32_t hash = hash_of(map, key, len);
	if (find(map, hash, key, len) != NULL) {
		return ENVOI_ERR_EXISTS;
	}
	int r = len > UINT32_MAX ? ENVOI_ERR_NOMEM : make_room(map);
	if (r < 0) {
		return r;
	}
	place(map,
		&(struct envoi__map_entry){
			.hash = hash, .len = (uint32_t)len, .key = key, .value = value});
	return ENVOI_OK;
}

void *envoi__map_remove(struct envoi__map *map, const char *key, size_t len)
{
	if (map->count == 0) {
		return NULL;
	}
	struct envoi__map_entry *entry = find(map, hash_of(map, key, len), key, len);
	if (entry == NULL) {
		return NULL;
	}
	void *value = entry->value;
	entry->key = removed;
	entry->value = NULL;
	map->count--;
	if (map->count == 0) {
		envoi__map_finish(map); /* an idle session has several that are empty */
	}
	return value;
}

void *envoi__map_next(const struct envoi__map *map, size_t *position)
{
	while (*position < map->capacity) {
		struct envoi__map_entry *entry = &map->entries[(*position)++];
		if (entry->key != NULL && entry->key != removed) {
			return entry->value;
		}
	}
	return NULL;
}
