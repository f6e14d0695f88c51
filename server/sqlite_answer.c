/*
 * envoi-server - the SQLite store: the memory of what was read
 * SPDX-License-Identifier: MIT
 */
#include <stdalign.h>
#include <string.h>

#include "sqlite_inside.h"

enum {
	CHUNK_BYTES = 16384,
	FIRST_ITEMS = 16,
};

struct envoi__sqlite_chunk {
	struct envoi__sqlite_chunk *next;
	size_t used, size;
	alignas(void *) char bytes[];
};

static struct envoi__sqlite_chunk *add_chunk(struct envoi__sqlite_answer *answer, size_t len)
{
	size_t size = len > CHUNK_BYTES ? len : CHUNK_BYTES;
	struct envoi__sqlite_chunk *chunk = sqlite3_malloc64(sizeof(*chunk) + size);
	if (chunk != NULL) {
		*chunk = (struct envoi__sqlite_chunk){.next = answer->chunks, .size = size};
		answer->chunks = chunk;
	}
	return chunk;
}

void *envoi__sqlite_answer_room(struct envoi__sqlite_answer *answer, size_t len)
{
	struct envoi__sqlite_chunk *chunk = answer->chunks;
	size_t needed = (len + sizeof(void *) - 1) / sizeof(void *) * sizeof(void *);
	if (chunk == NULL || chunk->size - chunk->used < needed) {
		chunk = add_chunk(answer, needed);
	}
	if (chunk == NULL) {
		return NULL;
	}
	void *room = chunk->bytes + chunk->used;
	chunk->used += needed;
	return room;
}

char *envoi__sqlite_answer_keep(struct envoi__sqlite_answer *answer, const void *data, size_t len)
{
	char *room = envoi__sqlite_answer_room(answer, len + 1);
	if (room != NULL) {
		if (len > 0) {
			memcpy(room, data, len);
		}
		room[len] = '\0';
	}
	return room;
}

void *envoi__sqlite_answer_grow(
	struct envoi__sqlite_answer *answer, size_t count, size_t item_bytes)
{
	if (count < answer->capacity) {
		return answer->items;
	}
	size_t capacity = count == 0 ? FIRST_ITEMS : 2 * count;
	void *items = sqlite3_realloc64(answer->items, capacity * item_bytes);
	if (items != NULL) {
		answer->items = items;
		answer->capacity = capacity;
	}
	return items;
}

void envoi__sqlite_answer_finish(struct envoi__sqlite_answer *answer)
{
	while (answer->chunks != NULL) {
		struct envoi__sqlite_chunk *chunk = answer->chunks;
		answer->chunks = chunk->next;
		explicit_bzero(chunk->bytes, chunk->used);
		sqlite3_free(chunk);
	}
	sqlite3_free(answer->items);
	*answer = (struct envoi__sqlite_answer){.chunks = NULL};
}
