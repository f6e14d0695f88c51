/*
 * envoi - arena: memory that goes all at once
 * SPDX-License-Identifier: MIT
 */
#ifndef ENVOI_BASE_ARENA_H
#define ENVOI_BASE_ARENA_H

#include <stdbool.h>
#include <stddef.h>

#include <envoi/context.h>

struct envoi__arena_chunk;

/** Bump allocator. Embedded in its owner; blocks are aligned for any type. */
struct envoi__arena {
	struct envoi_context *context; /* borrowed */
	struct envoi__arena_chunk *chunks; /* newest first */
	char *next, *end;
	size_t total; /* bytes of all chunks: what it costs */
	size_t first; /* bytes of the first chunk; 0: as for a stanza */
};

void envoi__arena_init(struct envoi__arena *arena, struct envoi_context *context);

/** As envoi__arena_init(), for an arena that is kept long and holds little.
 * @param bytes  that the first chunk has room for; 0: as envoi__arena_init() */
void envoi__arena_init_small(
	struct envoi__arena *arena, struct envoi_context *context, size_t bytes);

/** @return how many bytes the blocks of an arena with one chunk take; 0: there are more chunks */
size_t envoi__arena_used(const struct envoi__arena *arena);

/** Free everything; the arena is empty and usable again. */
void envoi__arena_finish(struct envoi__arena *arena);

/** Free the chunks that the context keeps for the next arenas. */
void envoi__arena_drop_spares(struct envoi_context *context);

void *envoi__arena_grow(struct envoi__arena *arena, size_t len);

/** NULL: out of memory. Not zeroed. */
static inline void *envoi__arena_alloc(struct envoi__arena *arena, size_t len)
{
	size_t rounded = (len + (sizeof(void *) - 1)) & ~(sizeof(void *) - 1);
	if (rounded < len || rounded > (size_t)(arena->end - arena->next)) {
		return envoi__arena_grow(arena, len);
	}
	void *block = arena->next;
	arena->next += rounded;
	return block;
}

/** Free a block that fills a chunk of its own; others stay until the end. @param len  as given to
 * envoi__arena_alloc() */
void envoi__arena_release(struct envoi__arena *arena, const void *block, size_t len);

void *envoi__arena_alloc_zeroed(struct envoi__arena *arena, size_t len);
char *envoi__arena_strndup(struct envoi__arena *arena, const char *text, size_t len);

#endif
