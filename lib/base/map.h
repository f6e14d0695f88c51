/*
 * envoi - hash map
 * SPDX-License-Identifier: MIT
 */
#ifndef ENVOI_BASE_MAP_H
#define ENVOI_BASE_MAP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <envoi/context.h>

/** Hash bytes with the context's secret key (SipHash-1-3): peers cannot make keys collide. */
uint64_t envoi__hash(const struct envoi_context *context, const void *data, size_t len);

struct envoi__map_entry {
	uint32_t hash, len;
	const char *key; /* NULL: never used; the map's own mark: removed */
	void *value;
};

/** Byte strings to pointers. Keys are borrowed: they live in the values, or elsewhere. */
struct envoi__map {
	struct envoi_context *context; /* borrowed */
	struct envoi__map_entry *entries;
	size_t capacity, used, count; /* used: removed ones included */
};

void envoi__map_init(struct envoi__map *map, struct envoi_context *context);
void envoi__map_finish(struct envoi__map *map);

/** @return the value, or NULL */
void *envoi__map_get(const struct envoi__map *map, const char *key, size_t len);

/** @retval ENVOI_ERR_EXISTS, ENVOI_ERR_NOMEM @param value not NULL */
int envoi__map_add(struct envoi__map *map, const char *key, size_t len, void *value);

/** @return the value that was removed, or NULL */
void *envoi__map_remove(struct envoi__map *map, const char *key, size_t len);

/** Visit every value, in no order; removing the visited one is allowed. @return NULL at the end */
void *envoi__map_next(const struct envoi__map *map, size_t *position);

#endif
