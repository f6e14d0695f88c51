/*
 * envoi - arena: memory that goes all at once
 * SPDX-License-Identifier: MIT
 */
#include "base/arena.h"

#include <stdint.h>
#include <string.h>

struct envoi__arena_chunk {
	struct envoi__arena_chunk *older;
	size_t len;
	max_align_t data[];
};

enum {
	FIRST_CHUNK = 2048,
	LARGEST_CHUNK = 65536,
};

void envoi__arena_init(struct envoi__arena *arena, struct envoi_context *context)
{
	*arena = (struct envoi__arena){.context = context};
}

void envoi__arena_finish(struct envoi__arena *arena)
{
	while (arena->chunks != NULL) {
		struct envoi__arena_chunk *older = arena->chunks->older;
		envoi_free(arena->context, arena->chunks);
		arena->chunks = older;
	}
	arena->next = arena->end = NULL;
	arena->total = 0;
}

/* A new chunk as large as all before together, so that their number stays small. */
void *envoi__arena_grow(struct envoi__arena *arena, size_t len)
{
	if (len > SIZE_MAX / 2) {
		return NULL;
	}
	size_t rounded = (len + (sizeof(void *) - 1)) & ~(sizeof(void *) - 1);
	size_t room = arena->total < FIRST_CHUNK ? FIRST_CHUNK - sizeof(struct envoi__arena_chunk)
						 : arena->total;
	if (room > LARGEST_CHUNK) {
		room = LARGEST_CHUNK;
	}
	if (room < rounded) {
		room = rounded;
	}
	struct envoi__arena_chunk *chunk = envoi_alloc(arena->context, sizeof(*chunk) + room);
	if (chunk == NULL) {
		return NULL;
	}
	chunk->older = arena->chunks;
	chunk->len = room;
	arena->chunks = chunk;
	arena->total += sizeof(*chunk) + room;
	arena->next = (char *)chunk->data + rounded;
	arena->end = (char *)chunk->data + room;
	return chunk->data;
}

void *envoi__arena_alloc_zeroed(struct envoi__arena *arena, size_t len)
{
	void *block = envoi__arena_alloc(arena, len);
	return block == NULL ? NULL : memset(block, 0, len);
}

char *envoi__arena_strndup(struct envoi__arena *arena, const char *text, size_t len)
{
	char *copy = envoi__arena_alloc(arena, len + 1);
	if (copy == NULL) {
		return NULL;
	}
	memcpy(copy, text, len);
	copy[len] = '\0';
	return copy;
}
