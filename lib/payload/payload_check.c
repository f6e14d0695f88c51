/*
 * envoi - payload descriptors: whether a struct can be written
 * SPDX-License-Identifier: MIT
 */
#include "payload/payload.h"

struct checker {
	struct envoi_payload_problem *ret_problem;
};

/* A struct that is checked. */
struct scope {
	const struct envoi_payload_type *type;
	const char *ns;
	const struct envoi__place *place;
	const void *value;
};

static int check_struct(const struct checker *checker, const struct envoi_payload_type *type,
	const char *ns, const void *value, const struct envoi__place *place);

static int invalid(const struct checker *checker, const struct envoi__place *place, const char *why)
{
	return envoi__payload_problem(checker->ret_problem, ENVOI_ERR_INVALID, place, why);
}

/* Parsing must assign an element to the row that it was written from. */
static int check_element(const struct checker *checker, const struct scope *scope,
	const struct envoi_field *field, const struct envoi_element *element,
	const struct envoi__place *place)
{
	if (element == NULL) {
		return invalid(checker, place, "is missing");
	}
	if (envoi__payload_match(scope->type, scope->ns, element) != field) {
		return invalid(checker, place, "has a name that does not belong to this member");
	}
	return envoi_element_error(element) == ENVOI_OK
		? ENVOI_OK
		: invalid(checker, place, "is an element that could not be built");
}

/* The value of a single row, or an item of an array. */
static int check_value(const struct checker *checker, const struct scope *scope,
	const struct envoi_field *field, const void *at, const struct envoi__place *place)
{
	switch (field->value) {
	case ENVOI_VALUE_STRUCT:
		return check_struct(
			checker, field->type, envoi__field_ns(field, scope->ns), at, place);
	case ENVOI_VALUE_ELEMENT:
		return check_element(checker, scope, field, envoi__pointer(at), place);
	default: {
		const char *why = envoi__field_check(field, at);
		return why == NULL ? ENVOI_OK : invalid(checker, place, why);
	}
	}
}

static int check_array(
	const struct checker *checker, const struct scope *scope, const struct envoi_field *field)
{
	size_t count = envoi__count(field, scope->value);
	const char *name = envoi__field_takes_any(field) ? "*" : envoi__field_name(field);
	struct envoi__place place = envoi__place_in(scope->place, name, 0);
	if (count == 0 && (field->flags & ENVOI_REQUIRED) != 0) {
		return invalid(checker, &place, "is missing");
	}
	if (field->max_items > 0 && count > field->max_items) {
		return invalid(checker, &place, "is more than allowed");
	}
	if (count > 0 && envoi__pointer(envoi__member(field, scope->value)) == NULL) {
		return invalid(checker, &place, "is missing");
	}
	int r = ENVOI_OK;
	for (size_t i = 0; i < count && r == ENVOI_OK; i++) {
		place.index = i + 1;
		const void *item = envoi__item(field, scope->value, i);
		r = check_value(checker, scope, field, item, &place);
	}
	return r;
}

static int check_choice(
	const struct checker *checker, const struct scope *scope, const struct envoi_field *field)
{
	int value = envoi__int(envoi__member(field, scope->value));
	const struct envoi_choice *choice = envoi__choice_of(field, value);
	if (choice == NULL) {
		return invalid(checker, scope->place, "has a choice that is not in its table");
	}
	if (choice->size == 0) {
		return ENVOI_OK;
	}
	struct envoi__place place = envoi__place_in(scope->place, choice->type->name, 0);
	return check_struct(checker, choice->type, envoi__payload_ns(choice->type, scope->ns),
		(const char *)scope->value + choice->offset, &place);
}

static int check_single(
	const struct checker *checker, const struct scope *scope, const struct envoi_field *field)
{
	bool is_required = (field->flags & ENVOI_REQUIRED) != 0;
	if (!is_required && !envoi__field_is_present(field, scope->value)) {
		return ENVOI_OK;
	}
	if (field->value == ENVOI_VALUE_CHOICE) {
		return check_choice(checker, scope, field);
	}
	const void *at = envoi__inner(field, scope->value);
	if (at == NULL) {
		return envoi__field_missing(
			checker->ret_problem, ENVOI_ERR_INVALID, scope->place, field);
	}
	const char *name = envoi__field_name(field);
	if (field->place == ENVOI_FIELD_TEXT || name == NULL) {
		return check_value(checker, scope, field, at, scope->place);
	}
	struct envoi__place place = envoi__place_in(scope->place, name, 0);
	place.is_attr = field->place == ENVOI_FIELD_ATTR;
	return check_value(checker, scope, field, at, &place);
}

static int check_struct(const struct checker *checker, const struct envoi_payload_type *type,
	const char *ns, const void *value, const struct envoi__place *place)
{
	struct scope scope = {.type = type, .ns = ns, .place = place, .value = value};
	if (place->depth >= ENVOI_PAYLOAD_DEPTH) {
		return invalid(checker, place, "is nested too deep");
	}
	const struct envoi_field *field = type->fields;
	int r = ENVOI_OK;
	for (; field != NULL && field->place != ENVOI_FIELD_NOWHERE && r == ENVOI_OK; field++) {
		r = field->place == ENVOI_FIELD_CHILDREN ? check_array(checker, &scope, field)
							 : check_single(checker, &scope, field);
	}
	return r;
}

int envoi_payload_check(const struct envoi_payload_type *type, const void *value,
	struct envoi_payload_problem *ret_problem)
{
	struct envoi__place place = {.name = type->name};
	struct checker checker = {.ret_problem = ret_problem};
	if (type->ns == NULL || (value == NULL && type->size > 0)) {
		return invalid(&checker, &place, "is missing");
	}
	return check_struct(&checker, type, type->ns, value, &place);
}
