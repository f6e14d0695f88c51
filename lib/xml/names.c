/*
 * envoi - known names
 * SPDX-License-Identifier: MIT
 */
#include "xml/names.h"

#include <string.h>

#include <envoi/error.h>

#include "base/arena.h"
#include "base/context.h"

enum {
	FIRST_CAPACITY = 2048, /* a power of two, twice what is built in */
};

struct slot {
	const char *text; /* NULL: free */
	uint32_t hash, len;
};

struct envoi__names {
	struct envoi__part part;
	struct envoi_context *context; /* borrowed: the owner */
	struct envoi__arena copies;
	struct slot *slots;
	size_t capacity, count;
};

/*
 * Both ends of a name and its length: names differ there. Peers look up, but cannot add, so that
 * they gain nothing from names that collide.
 */
static uint32_t hash_of(const char *text, size_t len)
{
	uint64_t first = 0, last = 0;
	if (len >= 8) {
		memcpy(&first, text + (len - 8) / 2, 8);
		memcpy(&last, text + len - 8, 8);
	} else {
		for (size_t i = 0; i < len; i++) {
			last = last << 8 | (unsigned char)text[i];
		}
	}
	uint64_t hash = (last ^ len) * UINT64_C(0x9e3779b97f4a7c15);
	hash = (hash ^ hash >> 29 ^ first) * UINT64_C(0xbf58476d1ce4e5b9);
	return (uint32_t)(hash >> 32);
}

static struct slot *slot_of(
	const struct envoi__names *names, uint32_t hash, const char *text, size_t len)
{
	for (size_t i = hash & (names->capacity - 1);; i = (i + 1) & (names->capacity - 1)) {
		struct slot *slot = &names->slots[i];
		if (slot->text == NULL ||
			(slot->hash == hash && slot->len == len &&
				memcmp(slot->text, text, len) == 0)) {
			return slot;
		}
	}
}

const char *envoi__names_find(const struct envoi__names *names, const char *text, size_t len)
{
	return slot_of(names, hash_of(text, len), text, len)->text;
}

size_t envoi__names_count(const struct envoi__names *names)
{
	return names->count;
}

static int grow(struct envoi__names *names)
{
	struct envoi__names larger = *names;
	larger.capacity = names->capacity * 2;
	larger.slots = envoi_alloc_zeroed(names->context, larger.capacity * sizeof(*larger.slots));
	if (larger.slots == NULL) {
		return ENVOI_ERR_NOMEM;
	}
	for (size_t i = 0; i < names->capacity; i++) {
		const struct slot *slot = &names->slots[i];
		if (slot->text != NULL) {
			*slot_of(&larger, slot->hash, slot->text, slot->len) = *slot;
		}
	}
	envoi_free(names->context, names->slots);
	names->slots = larger.slots;
	names->capacity = larger.capacity;
	return ENVOI_OK;
}

static void add_builtin(struct envoi__names *names)
{
	for (const char *const *text = envoi__names_builtin; *text != NULL; text++) {
		size_t len = strlen(*text);
		uint32_t hash = hash_of(*text, len);
		struct slot *slot = slot_of(names, hash, *text, len);
		if (slot->text == NULL) {
			*slot = (struct slot){*text, hash, (uint32_t)len};
			names->count++;
		}
	}
}

static void destroy(struct envoi__part *part)
{
	struct envoi__names *names = ENVOI_CONTAINER_OF(part, struct envoi__names, part);
	envoi__arena_finish(&names->copies);
	envoi_free(names->context, names->slots);
	envoi_free(names->context, names);
}

struct envoi__names *envoi__names_of(struct envoi_context *context)
{
	struct envoi__part **part = &context->parts[ENVOI__PART_NAMES];
	if (*part != NULL) {
		return ENVOI_CONTAINER_OF(*part, struct envoi__names, part);
	}
	struct envoi__names *names = envoi_alloc(context, sizeof(*names));
	if (names == NULL) {
		return NULL;
	}
	*names = (struct envoi__names){
		.part = {.destroy = destroy},
		.context = context,
		.capacity = FIRST_CAPACITY,
	};
	envoi__arena_init(&names->copies, context);
	names->slots = envoi_alloc_zeroed(context, FIRST_CAPACITY * sizeof(*names->slots));
	if (names->slots == NULL) {
		envoi_free(context, names);
		return NULL;
	}
	add_builtin(names);
	*part = &names->part;
	return names;
}

const char *envoi__name_intern(struct envoi_context *context, const char *text)
{
	struct envoi__names *names = envoi__names_of(context);
	if (names == NULL) {
		return NULL;
	}
	size_t len = strlen(text);
	uint32_t hash = hash_of(text, len);
	const char *known = slot_of(names, hash, text, len)->text;
	if (known != NULL) {
		return known;
	}
	if (len > UINT32_MAX || (names->count * 2 >= names->capacity && grow(names) < 0)) {
		return NULL;
	}
	const char *copy = envoi__arena_strndup(&names->copies, text, len);
	if (copy == NULL) {
		return NULL;
	}
	*slot_of(names, hash, text, len) = (struct slot){copy, hash, (uint32_t)len};
	names->count++;
	return copy;
}

const char *envoi__name_lookup(struct envoi_context *context, const char *text, size_t len)
{
	const struct envoi__names *names = envoi__names_of(context);
	return names == NULL ? NULL : envoi__names_find(names, text, len);
}
