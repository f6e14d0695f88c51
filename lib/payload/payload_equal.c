/*
 * envoi - payload descriptors: comparing
 * SPDX-License-Identifier: MIT
 */
#include "payload/payload.h"

static bool equal_struct(
	const struct envoi_payload_type *type, const void *a, const void *b, unsigned int depth);

/* --- elements --- */

static bool has_attrs_of(const struct envoi_element *a, const struct envoi_element *b)
{
	const char *ns, *name, *text;
	size_t position = 0;
	while (envoi_element_next_attr(a, &position, &ns, &name, &text)) {
		const char *other = envoi_element_attr_ns(b, ns, name);
		if (other == NULL || strcmp(text, other) != 0) {
			return false;
		}
	}
	return true;
}

static bool equal_node(const struct envoi_element *a, const struct envoi_element *b)
{
	const char *text = envoi_element_text(a), *other = envoi_element_text(b);
	return envoi_element_is(a, envoi_element_ns(b), envoi_element_name(b)) &&
		has_attrs_of(a, b) && has_attrs_of(b, a) && text != NULL && other != NULL &&
		strcmp(text, other) == 0;
}

/* The next element in document order within @p root; NULL: no more. */
static const struct envoi_element *next_node(
	const struct envoi_element *node, const struct envoi_element *root, int *ret_level)
{
	const struct envoi_element *next = envoi_element_first(node);
	*ret_level = 1;
	while (next == NULL && node != root) {
		next = envoi_element_next(node);
		--*ret_level;
		node = envoi_element_parent(node);
	}
	return next;
}

static bool equal_element(const struct envoi_element *a, const struct envoi_element *b)
{
	const struct envoi_element *x = a, *y = b;
	while (x != NULL && y != NULL) {
		int up_x, up_y;
		if (!equal_node(x, y)) {
			return false;
		}
		x = next_node(x, a, &up_x);
		y = next_node(y, b, &up_y);
		if (x != NULL && y != NULL && up_x != up_y) {
			return false;
		}
	}
	return x == y;
}

/* --- structs --- */

static bool equal_value(
	const struct envoi_field *field, const void *a, const void *b, unsigned int depth)
{
	switch (field->value) {
	case ENVOI_VALUE_STRUCT:
		return equal_struct(field->type, a, b, depth + 1);
	case ENVOI_VALUE_ELEMENT:
		return equal_element(envoi__pointer(a), envoi__pointer(b));
	default:
		return envoi__field_equal(field, a, b);
	}
}

static bool equal_array(
	const struct envoi_field *field, const void *a, const void *b, unsigned int depth)
{
	size_t count = envoi__count(field, a);
	if (count != envoi__count(field, b)) {
		return false;
	}
	for (size_t i = 0; i < count; i++) {
		if (!equal_value(
			    field, envoi__item(field, a, i), envoi__item(field, b, i), depth)) {
			return false;
		}
	}
	return true;
}

static bool equal_choice(
	const struct envoi_field *field, const void *a, const void *b, unsigned int depth)
{
	int value = envoi__int(envoi__member(field, a));
	if (value != envoi__int(envoi__member(field, b))) {
		return false;
	}
	const struct envoi_choice *choice = envoi__choice_of(field, value);
	return choice == NULL || choice->size == 0 ||
		equal_struct(choice->type, (const char *)a + choice->offset,
			(const char *)b + choice->offset, depth + 1);
}

static bool equal_single(
	const struct envoi_field *field, const void *a, const void *b, unsigned int depth)
{
	if ((field->flags & ENVOI_REQUIRED) == 0) {
		bool is_there = envoi__field_is_present(field, a);
		if (is_there != envoi__field_is_present(field, b)) {
			return false;
		}
		if (!is_there) {
			return true;
		}
	}
	if (field->value == ENVOI_VALUE_CHOICE) {
		return equal_choice(field, a, b, depth);
	}
	if (field->value != ENVOI_VALUE_STRUCT) {
		return equal_value(field, envoi__member(field, a), envoi__member(field, b), depth);
	}
	const void *inner = envoi__inner(field, a), *other = envoi__inner(field, b);
	if (inner == NULL || other == NULL) {
		return inner == other;
	}
	return equal_struct(field->type, inner, other, depth + 1);
}

static bool equal_struct(
	const struct envoi_payload_type *type, const void *a, const void *b, unsigned int depth)
{
	if (depth >= ENVOI_PAYLOAD_DEPTH) {
		return false;
	}
	const struct envoi_field *field = type->fields;
	for (; field != NULL && field->place != ENVOI_FIELD_NOWHERE; field++) {
		bool is_equal = field->place == ENVOI_FIELD_CHILDREN
			? equal_array(field, a, b, depth)
			: equal_single(field, a, b, depth);
		if (!is_equal) {
			return false;
		}
	}
	return true;
}

bool envoi_payload_equal(const struct envoi_payload_type *type, const void *a, const void *b)
{
	return type->size == 0 || equal_struct(type, a, b, 0);
}
