/*
 * envoi - payload descriptors: copying and freeing
 * SPDX-License-Identifier: MIT
 */
#include "payload/payload.h"

#include <envoi/context.h>

#include "xml/element.h"

/* Stands in front of each copy. */
struct header {
	struct envoi_context *context;
	max_align_t value[];
};

/*
 * A copy is one block. The same functions measure it and fill it: without a block they add up
 * sizes.
 */
struct copier {
	struct envoi_context *context;
	char *block; /* NULL: measuring */
	size_t used;
	bool has_failed;
};

static void copy_struct(struct copier *copier, const struct envoi_payload_type *type,
	const void *from, void *to, unsigned int depth);
static void release_struct(const struct envoi_payload_type *type, void *value);

/* Room in the block; NULL when measuring. */
static void *room_for(struct copier *copier, size_t len, size_t align)
{
	size_t at = (copier->used + align - 1) / align * align;
	copier->used = at + len;
	return copier->block != NULL ? copier->block + at : NULL;
}

static void *room_for_structs(struct copier *copier, size_t len)
{
	return room_for(copier, len, _Alignof(max_align_t));
}

static const void *copy_bytes(struct copier *copier, const void *data, size_t len)
{
	void *room = room_for(copier, len, 1);
	if (room != NULL && len > 0) {
		memcpy(room, data, len);
	}
	return room;
}

static void store_pointer(void *to, const void *pointer)
{
	if (to != NULL) {
		memcpy(to, &pointer, sizeof(pointer));
	}
}

static void copy_element(struct copier *copier, const struct envoi_element *from, void *to)
{
	if (to == NULL || from == NULL) {
		return;
	}
	struct envoi_element *copy = envoi_element_dup(from);
	if (copy == NULL) {
		copier->has_failed = true;
	}
	store_pointer(to, copy);
}

/* The value of a member or item; @p to is NULL when measuring. */
static void copy_value(struct copier *copier, const struct envoi_field *field, const void *from,
	void *to, unsigned int depth)
{
	switch (field->value) {
	case ENVOI_VALUE_TEXT:
	case ENVOI_VALUE_LANG: {
		const char *text = envoi__pointer(from);
		store_pointer(to, text == NULL ? NULL : copy_bytes(copier, text, strlen(text) + 1));
		break;
	}
	case ENVOI_VALUE_BASE64:
	case ENVOI_VALUE_HEX: {
		struct envoi_bytes bytes = *(const struct envoi_bytes *)from;
		if (bytes.data != NULL) {
			bytes.data = copy_bytes(copier, bytes.data, bytes.len);
		}
		if (to != NULL) {
			memcpy(to, &bytes, sizeof(bytes));
		}
		break;
	}
	case ENVOI_VALUE_JID: {
		const struct envoi_jid *jid = envoi__pointer(from);
		if (to != NULL && jid != NULL) {
			store_pointer(to, envoi_jid_ref(jid));
		}
		break;
	}
	case ENVOI_VALUE_ELEMENT:
		copy_element(copier, envoi__pointer(from), to);
		break;
	case ENVOI_VALUE_STRUCT:
		copy_struct(copier, field->type, from, to, depth + 1);
		break;
	default:
		if (to != NULL) {
			memcpy(to, from, field->size);
		}
	}
}

static void copy_array(struct copier *copier, const struct envoi_field *field, const void *from,
	char *to, unsigned int depth)
{
	size_t count = envoi__count(field, from);
	if (count == 0) {
		return;
	}
	char *array = room_for_structs(copier, count * field->size);
	if (array != NULL) {
		store_pointer(to + field->offset, array);
		memcpy(to + field->count, &count, sizeof(count));
	}
	for (size_t i = 0; i < count; i++) {
		copy_value(copier, field, envoi__item(field, from, i),
			array != NULL ? array + i * field->size : NULL, depth);
	}
}

static void copy_inner(struct copier *copier, const struct envoi_field *field, const void *from,
	char *to, unsigned int depth)
{
	const void *inner = envoi__inner(field, from);
	void *into = to != NULL ? to + field->offset : NULL;
	if (field->is_pointer) {
		into = room_for_structs(copier, field->size);
		if (to != NULL) {
			store_pointer(to + field->offset, into);
		}
	}
	copy_struct(copier, field->type, inner, into, depth + 1);
}

static void copy_choice(struct copier *copier, const struct envoi_field *field, const void *from,
	char *to, unsigned int depth)
{
	int value = envoi__int(envoi__member(field, from));
	const struct envoi_choice *choice = envoi__choice_of(field, value);
	if (to != NULL) {
		memcpy(to + field->offset, &value, sizeof(value));
	}
	if (choice != NULL && choice->size > 0) {
		copy_struct(copier, choice->type, (const char *)from + choice->offset,
			to != NULL ? to + choice->offset : NULL, depth + 1);
	}
}

static void copy_single(struct copier *copier, const struct envoi_field *field, const void *from,
	char *to, unsigned int depth)
{
	bool is_required = (field->flags & ENVOI_REQUIRED) != 0;
	if (!is_required && !envoi__field_is_present(field, from)) {
		if (to != NULL) {
			envoi__field_set_default(field, to);
		}
		return;
	}
	if (field->value == ENVOI_VALUE_CHOICE) {
		copy_choice(copier, field, from, to, depth);
	} else if (field->value == ENVOI_VALUE_STRUCT) {
		copy_inner(copier, field, from, to, depth);
	} else {
		copy_value(copier, field, envoi__member(field, from),
			to != NULL ? to + field->offset : NULL, depth);
	}
	if (field->has != 0 && to != NULL) {
		*((bool *)(void *)to + field->has - 1) = true;
	}
}

/* @p to is zeroed, or NULL when measuring. */
static void copy_struct(struct copier *copier, const struct envoi_payload_type *type,
	const void *from, void *to, unsigned int depth)
{
	if (depth >= ENVOI_PAYLOAD_DEPTH || from == NULL) {
		copier->has_failed = true;
		return;
	}
	const struct envoi_field *field = type->fields;
	for (; field != NULL && field->place != ENVOI_FIELD_NOWHERE; field++) {
		if (field->place == ENVOI_FIELD_CHILDREN) {
			copy_array(copier, field, from, to, depth);
		} else {
			copy_single(copier, field, from, to, depth);
		}
	}
}

void *envoi_payload_dup(
	struct envoi_context *context, const struct envoi_payload_type *type, const void *value)
{
	struct copier copier = {.context = context};
	room_for_structs(&copier, sizeof(struct header) + type->size);
	if (type->size > 0) {
		copy_struct(&copier, type, value, NULL, 0);
	}
	struct header *header = copier.has_failed ? NULL : envoi_alloc_zeroed(context, copier.used);
	if (header == NULL) {
		return NULL;
	}
	header->context = envoi_context_ref(context);
	copier.block = (char *)header;
	copier.used = 0;
	room_for_structs(&copier, sizeof(struct header) + type->size);
	if (type->size > 0) {
		copy_struct(&copier, type, value, header->value, 0);
	}
	if (copier.has_failed) {
		envoi_payload_free(type, header->value);
		return NULL;
	}
	return header->value;
}

/* --- freeing: what is counted --- */

static void release_value(const struct envoi_field *field, void *at)
{
	if (field->value == ENVOI_VALUE_JID) {
		struct envoi_jid *jid;
		memcpy(&jid, at, sizeof(jid));
		envoi_jid_unref(jid);
	} else if (field->value == ENVOI_VALUE_ELEMENT) {
		struct envoi_element *element;
		memcpy(&element, at, sizeof(element));
		envoi_element_unref(element);
	} else if (field->value == ENVOI_VALUE_STRUCT) {
		release_struct(field->type, at);
	}
}

static void release_field(const struct envoi_field *field, void *value)
{
	char *at = (char *)value + field->offset;
	if (field->place == ENVOI_FIELD_CHILDREN) {
		size_t count = envoi__count(field, value);
		char *array;
		memcpy(&array, at, sizeof(array));
		for (size_t i = 0; i < count; i++) {
			release_value(field, array + i * field->size);
		}
	} else if (field->value == ENVOI_VALUE_CHOICE) {
		const struct envoi_choice *choice = envoi__choice_of(field, envoi__int(at));
		if (choice != NULL && choice->size > 0) {
			release_struct(choice->type, (char *)value + choice->offset);
		}
	} else if (field->value == ENVOI_VALUE_STRUCT && field->is_pointer) {
		void *inner;
		memcpy(&inner, at, sizeof(inner));
		if (inner != NULL) {
			release_struct(field->type, inner);
		}
	} else {
		release_value(field, at);
	}
}

static void release_struct(const struct envoi_payload_type *type, void *value)
{
	const struct envoi_field *field = type->fields;
	for (; field != NULL && field->place != ENVOI_FIELD_NOWHERE; field++) {
		release_field(field, value);
	}
}

void envoi_payload_free(const struct envoi_payload_type *type, void *value)
{
	if (value == NULL) {
		return;
	}
	struct header *header = ENVOI_CONTAINER_OF(value, struct header, value);
	struct envoi_context *context = header->context;
	if (type->size > 0) {
		release_struct(type, value);
	}
	envoi_free(context, header);
	envoi_context_unref(context);
}
