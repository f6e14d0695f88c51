/*
 * envoi - element trees: the attributes of an element that is built
 * SPDX-License-Identifier: MIT
 */
#include "xml/attributes.h"

#include "base/context.h"
#include "base/siphash.h"
#include "xml/names.h"

enum {
	FIRST_ROOM = 4,
	INDEXED_ROOM = 32, /* from here on room is a power of two */
	MOST_ROOM = 1 << 20,
	SLOTS_PER_ATTR = 2,
};

const char *envoi__tree_keep_name(struct envoi__tree *tree, const char *text, bool *ret_is_known)
{
	size_t len = strlen(text);
	const char *known = envoi__name_lookup(tree->arena.context, text, len);
	*ret_is_known = known != NULL;
	return known != NULL ? known : envoi__arena_strndup(&tree->arena, text, len);
}

static bool is_named(const struct envoi__attr *attr, const char *ns, const char *name)
{
	return envoi__same_text(attr->name, name) && envoi__same_text(attr->ns, ns);
}

/* --- the index: positions of attributes from 1, by the hash of the name; 0: free --- */

static uint32_t *index_of(const struct envoi_element *element)
{
	return (uint32_t *)(element->attrs + element->attr_room);
}

/* @return the slot of the attribute, or the free one where it belongs */
static uint32_t *slot_of(const struct envoi_element *element, const char *ns, const char *name)
{
	const uint64_t *key = element->tree->arena.context->hash_key;
	uint64_t hash = envoi__siphash(key, name, strlen(name));
	hash += *ns != '\0' ? envoi__siphash(key, ns, strlen(ns)) : 0;
	uint32_t *slots = index_of(element);
	size_t mask = (size_t)element->attr_room * SLOTS_PER_ATTR - 1;
	size_t at = (size_t)hash & mask;
	while (slots[at] != 0 && !is_named(&element->attrs[slots[at] - 1], ns, name)) {
		at = (at + 1) & mask;
	}
	return &slots[at];
}

static void note(struct envoi_element *element, uint32_t position)
{
	const struct envoi__attr *attr = &element->attrs[position];
	*slot_of(element, attr->ns, attr->name) = position + 1;
}

static void make_index(struct envoi_element *element)
{
	memset(index_of(element), 0, element->attr_room * SLOTS_PER_ATTR * sizeof(uint32_t));
	element->has_attr_index = 1;
	for (uint32_t i = 0; i < element->attr_count; i++) {
		note(element, i);
	}
}

/* --- the attributes --- */

static uint32_t room_for(uint32_t count)
{
	uint32_t room = FIRST_ROOM;
	while (room <= count && room < MOST_ROOM) {
		room *= 2;
	}
	return room;
}

static int grow(struct envoi_element *element)
{
	uint32_t room = room_for(element->attr_count);
	bool is_indexed = room >= INDEXED_ROOM;
	size_t slots = is_indexed ? (size_t)room * SLOTS_PER_ATTR : 0;
	if (room <= element->attr_count) {
		return ENVOI_ERR_NOMEM;
	}
	struct envoi__attr *attrs = envoi__arena_alloc(
		&element->tree->arena, room * sizeof(*attrs) + slots * sizeof(uint32_t));
	if (attrs == NULL) {
		return ENVOI_ERR_NOMEM;
	}
	if (element->attr_count > 0) {
		memcpy(attrs, element->attrs, element->attr_count * sizeof(*attrs));
	}
	element->attrs = attrs;
	element->attr_room = room;
	if (is_indexed) {
		make_index(element);
	}
	return ENVOI_OK;
}

int envoi__attr_add(
	struct envoi_element *element, const char *ns, const char *name, const char *value)
{
	bool ignored;
	if (element->attr_count == element->attr_room && grow(element) < 0) {
		return ENVOI_ERR_NOMEM;
	}
	struct envoi__tree *tree = element->tree;
	struct envoi__attr attr = {
		.ns = envoi__tree_keep_name(tree, ns, &ignored),
		.name = envoi__tree_keep_name(tree, name, &ignored),
		.value = envoi__arena_strndup(&tree->arena, value, strlen(value)),
	};
	if (attr.ns == NULL || attr.name == NULL || attr.value == NULL) {
		return ENVOI_ERR_NOMEM;
	}
	element->attrs[element->attr_count++] = attr;
	if (element->has_attr_index) {
		note(element, element->attr_count - 1);
	}
	element->has_ns_attrs |= *attr.ns != '\0' && !envoi__same_text(attr.ns, ENVOI_NS_XML);
	return ENVOI_OK;
}

struct envoi__attr *envoi__attr_find(
	const struct envoi_element *element, const char *ns, const char *name)
{
	if (element->has_attr_index) {
		uint32_t position = *slot_of(element, ns, name);
		return position == 0 ? NULL : &element->attrs[position - 1];
	}
	for (uint32_t i = 0; i < element->attr_count; i++) {
		if (is_named(&element->attrs[i], ns, name)) {
			return &element->attrs[i];
		}
	}
	return NULL;
}

/* The positions behind it change. */
void envoi__attr_remove(struct envoi_element *element, struct envoi__attr *attr)
{
	size_t behind = (size_t)(element->attrs + element->attr_count - (attr + 1));
	memmove(attr, attr + 1, behind * sizeof(*attr));
	element->attr_count--;
	if (element->has_attr_index) {
		make_index(element);
	}
}
