/*
 * envoi - Message Archive Management: sets of ids
 * SPDX-License-Identifier: MIT
 *
 * An id takes 8 bytes, whatever its length. Two ids of one hash are taken for one; with 64 bits
 * that does not happen by chance, and the key keeps an archive from choosing them.
 *
 * Private headers: the hash has no public one.
 */
#include <string.h>

#include "base/siphash.h"
#include "mam_parts.h"

enum {
	FIRST_CAPACITY = 64,
};

int envoi__mam_ids_init(struct envoi__mam_ids *ids, struct envoi_context *context)
{
	*ids = (struct envoi__mam_ids){.slots = NULL};
	return envoi_context_random(context, ids->key, sizeof(ids->key));
}

void envoi__mam_ids_clear(struct envoi__mam_ids *ids, struct envoi_context *context)
{
	envoi_free(context, ids->slots);
	ids->slots = NULL;
	ids->capacity = ids->count = 0;
}

static uint64_t hash_of(const struct envoi__mam_ids *ids, const char *id)
{
	uint64_t hash = envoi__siphash(ids->key, id, strlen(id));
	return hash == 0 ? 1 : hash;
}

/* @return the place of a hash, or a free one */
static size_t place_of(const struct envoi__mam_ids *ids, uint64_t hash)
{
	size_t at = (size_t)hash & (ids->capacity - 1);
	while (ids->slots[at] != 0 && ids->slots[at] != hash) {
		at = (at + 1) & (ids->capacity - 1);
	}
	return at;
}

bool envoi__mam_ids_has(const struct envoi__mam_ids *ids, const char *id)
{
	return ids->count > 0 && ids->slots[place_of(ids, hash_of(ids, id))] != 0;
}

/* At most half of the places are taken. */
static int make_room(struct envoi__mam_ids *ids, struct envoi_context *context)
{
	if (ids->count * 2 < ids->capacity) {
		return ENVOI_OK;
	}
	struct envoi__mam_ids larger = *ids;
	larger.capacity = ids->capacity == 0 ? FIRST_CAPACITY : ids->capacity * 2;
	larger.slots = envoi_alloc_zeroed(context, larger.capacity * sizeof(*larger.slots));
	if (larger.slots == NULL) {
		return ENVOI_ERR_NOMEM;
	}
	for (size_t i = 0; i < ids->capacity; i++) {
		if (ids->slots[i] != 0) {
			larger.slots[place_of(&larger, ids->slots[i])] = ids->slots[i];
		}
	}
	envoi_free(context, ids->slots);
	*ids = larger;
	return ENVOI_OK;
}

int envoi__mam_ids_add(struct envoi__mam_ids *ids, struct envoi_context *context, const char *id)
{
	int r = make_room(ids, context);
	if (r < 0) {
		return r;
	}
	uint64_t hash = hash_of(ids, id);
	size_t at = place_of(ids, hash);
	if (ids->slots[at] != 0) {
		return ENVOI_ERR_EXISTS;
	}
	ids->slots[at] = hash;
	ids->count++;
	return ENVOI_OK;
}
