/*
 * envoi - payload descriptors: shared by the files of this folder
 * SPDX-License-Identifier: MIT
 */
#ifndef ENVOI_PAYLOAD_PAYLOAD_H
#define ENVOI_PAYLOAD_PAYLOAD_H

#include <string.h>

#include <envoi/payload.h>

#include "base/arena.h"

enum {
	ENVOI__PAYLOAD_ROWS = 64, /* most rows of a table */
};

/** The place of a value in a payload: a chain on the stack, innermost first. */
struct envoi__place {
	const struct envoi__place *outer; /* NULL: the payload itself */
	const char *name;
	size_t index; /* in an array, from 1; 0: not an item */
	bool is_attr;
	unsigned int depth;
};

/** Set *ret_problem, which may be NULL. @return @p code */
int envoi__payload_problem(struct envoi_payload_problem *ret_problem, int code,
	const struct envoi__place *place, const char *why);

/** As envoi__payload_problem(), for the absence of a required row of the struct at @p in. */
int envoi__field_missing(struct envoi_payload_problem *ret_problem, int code,
	const struct envoi__place *in, const struct envoi_field *field);

static inline struct envoi__place envoi__place_in(
	const struct envoi__place *outer, const char *name, size_t index)
{
	return (struct envoi__place){
		.outer = outer, .name = name, .index = index, .depth = outer->depth + 1};
}

/** @return the namespace of a table that is used inside an element of @p outer_ns */
static inline const char *envoi__payload_ns(
	const struct envoi_payload_type *type, const char *outer_ns)
{
	return type->ns != NULL ? type->ns : outer_ns;
}

/** @return the namespace of a row's child in an element of @p ns */
static inline const char *envoi__field_ns(const struct envoi_field *field, const char *ns)
{
	if (field->ns != NULL) {
		return field->ns;
	}
	return field->value == ENVOI_VALUE_STRUCT ? envoi__payload_ns(field->type, ns) : ns;
}

/** @return the name of a row's attribute or child; NULL: the row takes children of several names */
static inline const char *envoi__field_name(const struct envoi_field *field)
{
	if (field->value == ENVOI_VALUE_STRUCT) {
		return field->as != NULL ? field->as : field->type->name;
	}
	return field->name;
}

/** @return whether the row takes the children that no other row takes */
static inline bool envoi__field_takes_any(const struct envoi_field *field)
{
	return field->value == ENVOI_VALUE_ELEMENT && field->name == NULL;
}

/** @return the row that takes a child, or NULL */
const struct envoi_field *envoi__payload_match(
	const struct envoi_payload_type *type, const char *ns, const struct envoi_element *child);

/** @return the alternative of a value, or NULL */
const struct envoi_choice *envoi__choice_of(const struct envoi_field *field, int value);

const struct envoi_choice *envoi__choice_match(
	const struct envoi_field *field, const char *ns, const struct envoi_element *child);

/** @return the word of a value, or NULL */
const char *envoi__word_of(const struct envoi_word *words, int value);
const struct envoi_word *envoi__word_find(const struct envoi_word *words, const char *word);

/* --- members --- */

static inline const void *envoi__member(const struct envoi_field *field, const void *value)
{
	return (const char *)value + field->offset;
}

/** @return the value of a member that is a pointer */
static inline const void *envoi__pointer(const void *at)
{
	const void *pointer;
	memcpy(&pointer, at, sizeof(pointer));
	return pointer;
}

static inline int envoi__int(const void *at)
{
	int value;
	memcpy(&value, at, sizeof(value));
	return value;
}

static inline int64_t envoi__signed(const void *at, size_t size)
{
	int8_t i8;
	int16_t i16;
	int32_t i32;
	int64_t i64;
	switch (size) {
	case 1:
		return memcpy(&i8, at, 1), i8;
	case 2:
		return memcpy(&i16, at, 2), i16;
	case 4:
		return memcpy(&i32, at, 4), i32;
	default:
		return memcpy(&i64, at, 8), i64;
	}
}

static inline uint64_t envoi__unsigned(const void *at, size_t size)
{
	uint8_t u8;
	uint16_t u16;
	uint32_t u32;
	uint64_t u64;
	switch (size) {
	case 1:
		return memcpy(&u8, at, 1), u8;
	case 2:
		return memcpy(&u16, at, 2), u16;
	case 4:
		return memcpy(&u32, at, 4), u32;
	default:
		return memcpy(&u64, at, 8), u64;
	}
}

/** Store the low @p size bytes of a number, signed or unsigned. */
static inline void envoi__store(void *at, size_t size, uint64_t number)
{
	uint8_t u8 = (uint8_t)number;
	uint16_t u16 = (uint16_t)number;
	uint32_t u32 = (uint32_t)number;
	memcpy(at,
		size == 1           ? (void *)&u8
			: size == 2 ? (void *)&u16
			: size == 4 ? (void *)&u32
				    : (void *)&number,
		size);
}

static inline size_t envoi__count(const struct envoi_field *field, const void *value)
{
	size_t count;
	memcpy(&count, (const char *)value + field->count, sizeof(count));
	return count;
}

/** @return item @p i of an array */
static inline const void *envoi__item(const struct envoi_field *field, const void *value, size_t i)
{
	return (const char *)envoi__pointer(envoi__member(field, value)) + i * field->size;
}

/** @return the struct of a STRUCT row (NULL: absent); of other rows, the member */
static inline const void *envoi__inner(const struct envoi_field *field, const void *value)
{
	const void *at = envoi__member(field, value);
	return field->is_pointer ? envoi__pointer(at) : at;
}

static inline bool envoi__has(const struct envoi_field *field, const void *value)
{
	return *((const bool *)((const char *)value + field->has - 1));
}

/** @return whether a single value is present: not absent and, without a `has` member, not its
 *         default */
bool envoi__field_is_present(const struct envoi_field *field, const void *value);

/** Set a member to the value of an absent one. */
void envoi__field_set_default(const struct envoi_field *field, void *value);

/* --- scalar values, in payload_value.c --- */

/** Memory of decoded text, bytes and addresses. */
struct envoi__field_room {
	struct envoi__arena *arena;
	const struct envoi_element *owner; /* of addresses */
};

/**
 * Decode text into a member or item.
 *
 * @param text  valid as long as the result
 * @param[out] ret_why  set on failure
 * @retval ENVOI_ERR_PROTOCOL, ENVOI_ERR_LIMIT, ENVOI_ERR_NOMEM
 */
int envoi__field_parse(const struct envoi__field_room *room, const struct envoi_field *field,
	const char *text, void *into, const char **ret_why);

/** Check that a member or item can be written. @return NULL, or the error as text */
const char *envoi__field_check(const struct envoi_field *field, const void *at);

enum {
	ENVOI__SCRATCH = 64,
};

/** @return the text of a member or item that passed the check, in @p scratch or @p arena, or the
 * member's own; NULL: out of memory */
const char *envoi__field_print(const struct envoi_field *field, const void *at,
	char scratch[ENVOI__SCRATCH], struct envoi__arena *arena);

/** @return whether two members or items are equal */
bool envoi__field_equal(const struct envoi_field *field, const void *a, const void *b);

#endif
