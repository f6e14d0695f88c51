/*
 * envoi - arena: memory that goes all at once
 * SPDX-License-Identifier: MIT
 */
#include "base/arena.h"

#include <stdint.h>
#include <string.h>

#include "base/context.h"

struct envoi__arena_chunk {
	struct envoi__arena_chunk *older;
	size_t len;
	max_align_t data[];
};

#if defined(__has_feature)
#if __has_feature(address_sanitizer)
#define CHECKS_ADDRESSES 1
#endif
#elif defined(__SANITIZE_ADDRESS__)
#define CHECKS_ADDRESSES 1
#endif

enum {
	FIRST_CHUNK = 2048,
	LARGEST_CHUNK = 65536,
#ifdef CHECKS_ADDRESSES
	MOST_SPARES = 0, /* what is freed has to be seen as freed */
#else
	MOST_SPARES = 8,
#endif
};

static const size_t first_room = FIRST_CHUNK - sizeof(struct envoi__arena_chunk);

void envoi__arena_init(struct envoi__arena *arena, struct envoi_context *context)
{
	*arena = (struct envoi__arena){.context = context};
}

void envoi__arena_init_small(
	struct envoi__arena *arena, struct envoi_context *context, size_t bytes)
{
	*arena = (struct envoi__arena){.context = context, .first = bytes};
}

size_t envoi__arena_used(const struct envoi__arena *arena)
{
	const struct envoi__arena_chunk *chunk = arena->chunks;
	return chunk != NULL && chunk->older == NULL
		? (size_t)(arena->next - (const char *)chunk->data)
		: 0;
}

/* Most arenas need one chunk and live for one stanza: that chunk goes round. */
static void chunk_free(struct envoi_context *context, struct envoi__arena_chunk *chunk)
{
	if (chunk->len == first_room && (int)context->spare_chunk_count < MOST_SPARES) {
		chunk->older = context->spare_chunks;
		context->spare_chunks = chunk;
		context->spare_chunk_count++;
	} else {
		envoi_free(context, chunk);
	}
}

static struct envoi__arena_chunk *chunk_new(struct envoi_context *context, size_t room)
{
	struct envoi__arena_chunk *chunk = context->spare_chunks;
	if (room == first_room && chunk != NULL) {
		context->spare_chunks = chunk->older;
		context->spare_chunk_count--;
		return chunk;
	}
	chunk = envoi_alloc(context, sizeof(*chunk) + room);
	if (chunk != NULL) {
		chunk->len = room;
	}
	return chunk;
}

void envoi__arena_drop_spares(struct envoi_context *context)
{
	while (context->spare_chunks != NULL) {
		struct envoi__arena_chunk *older = context->spare_chunks->older;
		envoi_free(context, context->spare_chunks);
		context->spare_chunks = older;
	}
	context->spare_chunk_count = 0;
}

void envoi__arena_finish(struct envoi__arena *arena)
{
	while (arena->chunks != NULL) {
		struct envoi__arena_chunk *older = arena->chunks->older;
		chunk_free(arena->context, arena->chunks);
		arena->chunks = older;
	}
	arena->next = arena->end = NULL;
	arena->total = 0;
}

/* A new chunk as large as all before together, so that their number stays small. */
static size_t room_of_next(const struct envoi__arena *arena)
{
	if (arena->first != 0 && arena->total == 0) {
		return arena->first;
	}
	if (arena->total < FIRST_CHUNK) {
		return first_room;
	}
	return arena->total < LARGEST_CHUNK ? arena->total : LARGEST_CHUNK;
}

void *envoi__arena_grow(struct envoi__arena *arena, size_t len)
{
	if (len > SIZE_MAX / 2) {
		return NULL;
	}
	size_t rounded = (len + (sizeof(void *) - 1)) & ~(sizeof(void *) - 1);
	size_t room = room_of_next(arena);
	if (room < rounded) {
		room = rounded;
	}
	struct envoi__arena_chunk *chunk = chunk_new(arena->context, room);
	if (chunk == NULL) {
		return NULL;
	}
	chunk->older = arena->chunks;
	arena->chunks = chunk;
	arena->total += sizeof(*chunk) + room;
	arena->next = (char *)chunk->data + rounded;
	arena->end = (char *)chunk->data + room;
	return chunk->data;
}

void envoi__arena_release(struct envoi__arena *arena, const void *block, size_t len)
{
	struct envoi__arena_chunk **at = &arena->chunks, *chunk = arena->chunks;
	while (chunk != NULL && chunk->data != block) {
		at = &chunk->older;
		chunk = chunk->older;
	}
	if (chunk != NULL && chunk != arena->chunks && chunk->len == len) {
		*at = chunk->older;
		arena->total -= sizeof(*chunk) + chunk->len;
		envoi_free(arena->context, chunk);
	}
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
