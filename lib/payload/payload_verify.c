/*
 * envoi - payload descriptors: mistakes in tables
 * SPDX-License-Identifier: MIT
 */
#include "payload/payload.h"

#include <envoi/values.h>

/* The table that is verified and those around it: a table inside itself is verified once. */
struct path {
	const struct path *outer;
	const struct envoi_payload_type *type;
	struct envoi__place place;
	struct envoi_payload_problem *ret_problem;
};

static int verify_type(const struct path *path);

static const char *verify_member(
	const struct envoi_field *field, const struct envoi_payload_type *type)
{
	bool is_array = field->place == ENVOI_FIELD_CHILDREN;
	if (field->struct_size != type->size || field->size == 0) {
		return "is about another struct";
	}
	if (field->value == ENVOI_VALUE_INT && field->size != 1 && field->size != 2 &&
		field->size != 4 && field->size != 8) {
		return "is an integer of an unsupported width";
	}
	if (is_array && field->has != 0) {
		return "is an array with a `has` member";
	}
	if (is_array && (field->default_number != 0 || field->default_text != NULL)) {
		return "is an array with a default";
	}
	return field->has > type->size ? "has its `has` member in another struct" : NULL;
}

static const char *verify_name(const struct envoi_field *field)
{
	bool is_child = field->place == ENVOI_FIELD_CHILD || field->place == ENVOI_FIELD_CHILDREN;
	bool has_words = field->value == ENVOI_VALUE_ENUM || field->value == ENVOI_VALUE_NAME;
	if (has_words && field->words == NULL) {
		return "lacks its words";
	}
	if (field->as != NULL && field->value != ENVOI_VALUE_STRUCT) {
		return "has .as, which is for structs";
	}
	if (field->attr != NULL && (!is_child || field->value >= ENVOI_VALUE_FLAG)) {
		return "has .attr, which is for values of children";
	}
	if (field->place == ENVOI_FIELD_TEXT || field->value == ENVOI_VALUE_NAME ||
		field->value == ENVOI_VALUE_CHOICE || field->value == ENVOI_VALUE_ELEMENT) {
		return NULL;
	}
	return envoi__field_name(field) == NULL ? "lacks a name" : NULL;
}

/* Whether a number fits into the member and can be written. */
static bool is_in_range(const struct envoi_field *field, int64_t number)
{
	uint64_t member = 0;
	envoi__store(&member, field->size, (uint64_t)number);
	bool fits = field->is_signed
		? envoi__signed(&member, field->size) == number
		: number >= 0 && envoi__unsigned(&member, field->size) == (uint64_t)number;
	return fits && envoi__field_check(field, &member) == NULL;
}

/* 0 always is: it means absent. */
static bool is_default_in_range(const struct envoi_field *field)
{
	int64_t number = field->default_number;
	switch (field->value) {
	case ENVOI_VALUE_INT:
	case ENVOI_VALUE_DATE:
	case ENVOI_VALUE_ZONE:
		return number == 0 || is_in_range(field, number);
	case ENVOI_VALUE_BOOL:
		return number == 0 || number == 1;
	case ENVOI_VALUE_FLAG:
		return number == 0; /* an absent child is false */
	default:
		return true;
	}
}

static const char *verify_default(const struct envoi_field *field)
{
	bool is_required = (field->flags & ENVOI_REQUIRED) != 0;
	if (is_required &&
		(field->has != 0 || field->default_number != 0 || field->default_text != NULL ||
			field->value == ENVOI_VALUE_FLAG)) {
		return "is required and can be absent";
	}
	if (field->default_text != NULL && field->value != ENVOI_VALUE_TEXT &&
		field->value != ENVOI_VALUE_LANG) {
		return "has .default_text, which is for text";
	}
	if (field->default_number != 0 &&
		(field->value == ENVOI_VALUE_ENUM || field->value == ENVOI_VALUE_NAME) &&
		envoi__word_of(field->words, (int)field->default_number) == NULL) {
		return "has a default without a word";
	}
	return is_default_in_range(field) ? NULL : "has a default out of its range";
}

static const char *verify_inner(const struct envoi_field *field)
{
	if (field->type == NULL || field->type->size != field->size) {
		return "has the table of another inner struct";
	}
	if (field->place == ENVOI_FIELD_CHILD && !field->is_pointer && field->has == 0 &&
		(field->flags & ENVOI_REQUIRED) == 0) {
		return "is embedded, not required, and has no `has` member";
	}
	return NULL;
}

static const char *verify_choices(const struct envoi_field *field)
{
	if (field->choices == NULL || field->choices->type == NULL) {
		return "has no choices";
	}
	for (const struct envoi_choice *choice = field->choices; choice->type != NULL; choice++) {
		if (choice->value == 0) {
			return "has a choice of value 0, which means absent";
		}
		if (choice->struct_size != field->struct_size ||
			choice->size != choice->type->size) {
			return "has a choice about another struct";
		}
		if (envoi__choice_of(field, choice->value) != choice) {
			return "has two choices with one value";
		}
	}
	return field->has != 0 || field->default_number != 0
		? "is a choice with a default or `has` member"
		: NULL;
}

/* Name number @p i of the children that a row takes. @return whether there is one */
static bool child_name(const struct envoi_field *field, const char *ns, size_t i,
	const char **ret_ns, const char **ret_name)
{
	*ret_ns = envoi__field_ns(field, ns);
	if (field->place != ENVOI_FIELD_CHILD && field->place != ENVOI_FIELD_CHILDREN) {
		return false;
	}
	if (field->value == ENVOI_VALUE_CHOICE) {
		const struct envoi_choice *choice = &field->choices[i];
		*ret_name = choice->type != NULL ? choice->type->name : NULL;
		if (choice->type != NULL) {
			*ret_ns = envoi__payload_ns(choice->type, ns);
		}
	} else if (field->value == ENVOI_VALUE_NAME) {
		*ret_name = field->words[i].word;
	} else {
		*ret_name = i > 0                       ? NULL
			: envoi__field_takes_any(field) ? "*"
							: envoi__field_name(field);
	}
	return *ret_name != NULL;
}

static bool share_child(const struct envoi_field *a, const struct envoi_field *b, const char *ns)
{
	const char *ns_a, *ns_b, *name_a, *name_b;
	for (size_t i = 0; child_name(a, ns, i, &ns_a, &name_a); i++) {
		for (size_t j = 0; child_name(b, ns, j, &ns_b, &name_b); j++) {
			if (strcmp(name_a, name_b) == 0 && strcmp(ns_a, ns_b) == 0) {
				return true;
			}
		}
	}
	return false;
}

static bool share_place(const struct envoi_field *a, const struct envoi_field *b, const char *ns)
{
	if (a->place == ENVOI_FIELD_TEXT || b->place == ENVOI_FIELD_TEXT) {
		return a->place == b->place;
	}
	if (a->place == ENVOI_FIELD_ATTR && b->place == ENVOI_FIELD_ATTR) {
		return strcmp(a->name, b->name) == 0 &&
			strcmp(a->ns != NULL ? a->ns : "", b->ns != NULL ? b->ns : "") == 0;
	}
	return share_child(a, b, ns);
}

static const char *verify_row(
	const struct envoi_field *field, const struct envoi_payload_type *type)
{
	const char *why = verify_member(field, type);
	if (why == NULL) {
		why = field->value == ENVOI_VALUE_STRUCT     ? verify_inner(field)
			: field->value == ENVOI_VALUE_CHOICE ? verify_choices(field)
							     : NULL;
	}
	if (why == NULL) {
		why = verify_name(field);
	}
	if (why == NULL) {
		why = verify_default(field);
	}
	for (const struct envoi_field *other = type->fields; why == NULL && other < field;
		other++) {
		if (share_place(other, field, type->ns != NULL ? type->ns : "(that around)")) {
			why = "has the name of an earlier row";
		}
	}
	return why;
}

static int verify_inside(const struct path *outer, const struct envoi_payload_type *type)
{
	for (const struct path *path = outer; path != NULL; path = path->outer) {
		if (path->type == type) {
			return ENVOI_OK;
		}
	}
	struct path path = {
		.outer = outer,
		.type = type,
		.place = envoi__place_in(&outer->place, type->name, 0),
		.ret_problem = outer->ret_problem,
	};
	return verify_type(&path);
}

static int verify_rows_inside(const struct path *path, const struct envoi_field *field)
{
	int r = ENVOI_OK;
	if (field->value == ENVOI_VALUE_STRUCT) {
		r = verify_inside(path, field->type);
	} else if (field->value == ENVOI_VALUE_CHOICE) {
		const struct envoi_choice *choice = field->choices;
		for (; choice->type != NULL && r == ENVOI_OK; choice++) {
			r = verify_inside(path, choice->type);
		}
	}
	return r;
}

static int verify_type(const struct path *path)
{
	const struct envoi_field *field = path->type->fields;
	for (; field != NULL && field->place != ENVOI_FIELD_NOWHERE; field++) {
		const char *why = verify_row(field, path->type);
		if (field - path->type->fields >= ENVOI__PAYLOAD_ROWS) {
			why = "is beyond the largest number of rows";
		}
		if (why != NULL) {
			const char *name = field->value == ENVOI_VALUE_STRUCT && field->type == NULL
				? NULL
				: envoi__field_name(field);
			struct envoi__place place = envoi__place_in(
				&path->place, name != NULL ? name : "*", 0);
			place.is_attr = field->place == ENVOI_FIELD_ATTR;
			return envoi__payload_problem(
				path->ret_problem, ENVOI_ERR_INVALID, &place, why);
		}
		int r = verify_rows_inside(path, field);
		if (r < 0) {
			return r;
		}
	}
	return ENVOI_OK;
}

int envoi_payload_check_type(
	const struct envoi_payload_type *type, struct envoi_payload_problem *ret_problem)
{
	struct path path = {
		.type = type,
		.place = {.name = type->name},
		.ret_problem = ret_problem,
	};
	return verify_type(&path);
}
