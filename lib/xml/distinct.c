/*
 * envoi - how many distinct names there are
 * SPDX-License-Identifier: MIT
 */
#include "xml/distinct.h"

#include <envoi/error.h>

enum {
	FIRST_ROOM = 16,
};

void envoi__distinct_begin(struct envoi__distinct *set)
{
	set->round++;
	set->count = 0;
}

/* The slot of the name, or the free slot for it. */
static struct envoi__distinct_slot *slot_of(const struct envoi__distinct *set, const void *name)
{
	size_t i = (size_t)(((uint64_t)(uintptr_t)name * UINT64_C(0x9e3779b97f4a7c15)) >> 32);
	for (;; i++) {
		struct envoi__distinct_slot *slot = &set->slots[i & (set->room - 1)];
		if (slot->round != set->round || slot->name == name) {
			return slot;
		}
	}
}

static int grow(struct envoi__distinct *set, struct envoi_context *context)
{
	struct envoi__distinct larger = *set;
	larger.room = set->room == 0 ? FIRST_ROOM : 2 * set->room;
	larger.slots = envoi_alloc_zeroed(context, larger.room * sizeof(*larger.slots));
	if (larger.slots == NULL) {
		return ENVOI_ERR_NOMEM;
	}
	for (size_t i = 0; i < set->room; i++) {
		if (set->slots[i].round == set->round) {
			*slot_of(&larger, set->slots[i].name) = set->slots[i];
		}
	}
	envoi_free(context, set->slots);
	*set = larger;
	return ENVOI_OK;
}

int envoi__distinct_add(
	struct envoi__distinct *set, struct envoi_context *context, const void *name)
{
	if (2 * set->count >= set->room) {
		int r = grow(set, context);
		if (r < 0) {
			return r;
		}
	}
	struct envoi__distinct_slot *slot = slot_of(set, name);
	if (slot->round != set->round) {
		*slot = (struct envoi__distinct_slot){name, set->round};
		set->count++;
	}
	return ENVOI_OK;
}

void envoi__distinct_shrink(struct envoi__distinct *set, struct envoi_context *context, size_t most)
{
	if (set->room > most) {
		envoi_free(context, set->slots);
		*set = (struct envoi__distinct){.round = set->round};
	}
}
