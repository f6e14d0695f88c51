/*
 * envoi - payload descriptors: from XML to structs
 * SPDX-License-Identifier: MIT
 */
#include "payload/payload.h"

#include "xml/element.h"

struct parser {
	struct envoi__field_room room;
	struct envoi_payload_problem *ret_problem;
};

/* An element, and the struct that is decoded from it. */
struct scope {
	const struct envoi_payload_type *type;
	const char *ns;
	const struct envoi_element *element;
	const struct envoi__place *place;
	char *into; /* the struct */
	uint32_t children[ENVOI__PAYLOAD_ROWS]; /* by row */
	bool present[ENVOI__PAYLOAD_ROWS];
};

static int parse_struct(struct parser *parser, const struct envoi_payload_type *type,
	const char *ns, const struct envoi_element *element, const struct envoi__place *place,
	void *into);

static bool is_many(const struct envoi_field *field)
{
	return field->place == ENVOI_FIELD_CHILDREN;
}

static bool is_end(const struct envoi_field *field)
{
	return field == NULL || field->place == ENVOI_FIELD_NOWHERE;
}

/* ENVOI_LENIENT covers errors of the peer, not those of this host. */
static bool may_ignore(const struct envoi_field *field, int code)
{
	return (field->flags & ENVOI_LENIENT) != 0 &&
		(code == ENVOI_ERR_PROTOCOL || code == ENVOI_ERR_LIMIT);
}

static int parse_value(struct parser *parser, const struct envoi_field *field, const char *text,
	void *into, const struct envoi__place *place)
{
	const char *why;
	int r = envoi__field_parse(&parser->room, field, text, into, &why);
	return r < 0 ? envoi__payload_problem(parser->ret_problem, r, place, why) : ENVOI_OK;
}

/* --- attributes and own text --- */

static const char *attr_text(const struct envoi_field *field, const struct envoi_element *element)
{
	const char *ns = field->ns != NULL ? field->ns : "";
	const char *text = envoi_element_attr_ns(element, ns, field->name);
	if (text == NULL && (field->flags & ENVOI_INHERITED) != 0) {
		text = envoi_element_lang(element);
	}
	return text;
}

static int parse_attr(struct parser *parser, struct scope *scope, const struct envoi_field *field,
	bool *ret_is_present)
{
	const char *text = attr_text(field, scope->element);
	if (text == NULL) {
		return ENVOI_OK;
	}
	struct envoi__place place = envoi__place_in(scope->place, field->name, 0);
	place.is_attr = true;
	*ret_is_present = true;
	return parse_value(parser, field, text, scope->into + field->offset, &place);
}

/* Empty text counts as absent, unless the text is required. */
static int parse_own_text(struct parser *parser, struct scope *scope,
	const struct envoi_field *field, bool *ret_is_present)
{
	const char *text = envoi_element_text(scope->element);
	if (text == NULL) {
		return ENVOI_ERR_NOMEM;
	}
	const char *rest = text;
	if ((field->flags & ENVOI_SPACES) != 0) {
		rest += strspn(text, " \t\r\n");
	}
	if (rest[0] == '\0' && (field->flags & ENVOI_REQUIRED) == 0) {
		return ENVOI_OK;
	}
	*ret_is_present = true;
	return parse_value(parser, field, text, scope->into + field->offset, scope->place);
}

static int parse_single(struct parser *parser, struct scope *scope, size_t row)
{
	const struct envoi_field *field = &scope->type->fields[row];
	int r = field->place == ENVOI_FIELD_ATTR
		? parse_attr(parser, scope, field, &scope->present[row])
		: parse_own_text(parser, scope, field, &scope->present[row]);
	if (may_ignore(field, r)) {
		scope->present[row] = false;
		return ENVOI_OK;
	}
	return r;
}

/* --- children --- */

static struct envoi__place child_place(
	const struct scope *scope, const struct envoi_field *field, const char *name, size_t index)
{
	struct envoi__place place = envoi__place_in(scope->place, name, 0);
	if (is_many(field)) {
		place.index = index;
	}
	return place;
}

/* The child's name as a pointer into the table. */
static const char *name_taken(
	const struct envoi_field *field, const char *ns, const struct envoi_element *child)
{
	switch (field->value) {
	case ENVOI_VALUE_CHOICE:
		return envoi__choice_match(field, ns, child)->type->name;
	case ENVOI_VALUE_NAME:
		return envoi__word_find(field->words, envoi_element_name(child))->word;
	default:
		return envoi__field_takes_any(field) ? "*" : envoi__field_name(field);
	}
}

static int count_child(
	struct parser *parser, struct scope *scope, const struct envoi_element *child)
{
	const struct envoi_field *field = envoi__payload_match(scope->type, scope->ns, child);
	if (field == NULL) {
		return ENVOI_OK; /* RFC 6120, section 8.4 */
	}
	uint32_t *count = &scope->children[field - scope->type->fields];
	++*count;
	struct envoi__place place = child_place(
		scope, field, name_taken(field, scope->ns, child), *count);
	if (is_many(field)) {
		if (field->max_items > 0 && *count > field->max_items) {
			return envoi__payload_problem(parser->ret_problem, ENVOI_ERR_LIMIT, &place,
				"is more than allowed");
		}
	} else if (*count > 1 && !envoi__field_takes_any(field)) {
		return envoi__payload_problem(
			parser->ret_problem, ENVOI_ERR_PROTOCOL, &place, "occurs twice");
	}
	return ENVOI_OK;
}

static int make_arrays(struct parser *parser, struct scope *scope)
{
	const struct envoi_field *field = scope->type->fields;
	for (size_t row = 0; !is_end(&field[row]); row++) {
		if (!is_many(&field[row]) || scope->children[row] == 0) {
			continue;
		}
		void *array = envoi__arena_alloc_zeroed(
			parser->room.arena, scope->children[row] * field[row].size);
		if (array == NULL) {
			return ENVOI_ERR_NOMEM;
		}
		memcpy(scope->into + field[row].offset, &array, sizeof(array));
	}
	return ENVOI_OK;
}

static int parse_child_value(struct parser *parser, const struct envoi_field *field,
	const struct envoi_element *child, void *into, const struct envoi__place *place)
{
	if (field->attr == NULL) {
		const char *text = envoi_element_text(child);
		return text == NULL ? ENVOI_ERR_NOMEM
				    : parse_value(parser, field, text, into, place);
	}
	struct envoi__place attr = envoi__place_in(place, field->attr, 0);
	attr.is_attr = true;
	const char *text = envoi_element_attr(child, field->attr);
	if (text == NULL) {
		return envoi__payload_problem(
			parser->ret_problem, ENVOI_ERR_PROTOCOL, &attr, "is missing");
	}
	return parse_value(parser, field, text, into, &attr);
}

static int parse_inner(struct parser *parser, const struct scope *scope,
	const struct envoi_field *field, const struct envoi_element *child, void *into,
	const struct envoi__place *place)
{
	if (is_many(field) || !field->is_pointer) {
		return parse_struct(
			parser, field->type, envoi__field_ns(field, scope->ns), child, place, into);
	}
	void *inner = envoi__arena_alloc(parser->room.arena, field->size);
	if (inner == NULL) {
		return ENVOI_ERR_NOMEM;
	}
	int r = parse_struct(
		parser, field->type, envoi__field_ns(field, scope->ns), child, place, inner);
	if (r == ENVOI_OK) {
		memcpy(into, &inner, sizeof(inner));
	}
	return r;
}

static int parse_choice(struct parser *parser, const struct scope *scope,
	const struct envoi_field *field, const struct envoi_element *child,
	const struct envoi__place *place)
{
	const struct envoi_choice *choice = envoi__choice_match(field, scope->ns, child);
	if (choice->size > 0) {
		int r = parse_struct(parser, choice->type,
			envoi__payload_ns(choice->type, scope->ns), child, place,
			scope->into + choice->offset);
		if (r < 0) {
			memset(scope->into + choice->offset, 0, choice->size);
			return r;
		}
	}
	memcpy(scope->into + field->offset, &choice->value, sizeof(choice->value));
	return ENVOI_OK;
}

static int parse_child(struct parser *parser, const struct scope *scope,
	const struct envoi_field *field, const struct envoi_element *child, size_t index)
{
	void *into = scope->into + field->offset;
	if (is_many(field)) {
		into = (char *)(uintptr_t)envoi__item(field, scope->into, index);
	}
	struct envoi__place place = child_place(
		scope, field, name_taken(field, scope->ns, child), index + 1);
	switch (field->value) {
	case ENVOI_VALUE_STRUCT:
		return parse_inner(parser, scope, field, child, into, &place);
	case ENVOI_VALUE_CHOICE:
		return parse_choice(parser, scope, field, child, &place);
	case ENVOI_VALUE_ELEMENT:
		memcpy(into, &child, sizeof(child));
		return ENVOI_OK;
	case ENVOI_VALUE_FLAG:
		*(bool *)into = true;
		return ENVOI_OK;
	case ENVOI_VALUE_NAME:
		memcpy(into, &envoi__word_find(field->words, envoi_element_name(child))->value,
			sizeof(int));
		return ENVOI_OK;
	default:
		return parse_child_value(parser, field, child, into, &place);
	}
}

static int take_child(struct parser *parser, struct scope *scope, const struct envoi_element *child)
{
	const struct envoi_field *field = envoi__payload_match(scope->type, scope->ns, child);
	if (field == NULL) {
		return ENVOI_OK;
	}
	size_t row = (size_t)(field - scope->type->fields);
	if (!is_many(field) && scope->present[row]) {
		return ENVOI_OK; /* further children are ignored */
	}
	size_t index = is_many(field) ? envoi__count(field, scope->into) : 0;
	int r = parse_child(parser, scope, field, child, index);
	if (may_ignore(field, r)) {
		if (!is_many(field)) {
			envoi__field_set_default(field, scope->into);
		}
		return ENVOI_OK;
	}
	if (r < 0) {
		return r;
	}
	scope->present[row] = true;
	if (is_many(field)) {
		index++;
		memcpy(scope->into + field->count, &index, sizeof(index));
	}
	return ENVOI_OK;
}

static int parse_children(struct parser *parser, struct scope *scope)
{
	const struct envoi_element *child = envoi_element_first(scope->element);
	int r = ENVOI_OK;
	for (; child != NULL && r == ENVOI_OK; child = envoi_element_next(child)) {
		r = count_child(parser, scope, child);
	}
	if (r == ENVOI_OK) {
		r = make_arrays(parser, scope);
	}
	child = envoi_element_first(scope->element);
	for (; child != NULL && r == ENVOI_OK; child = envoi_element_next(child)) {
		r = take_child(parser, scope, child);
	}
	return r;
}

/* --- a whole struct --- */

static int finish_row(struct parser *parser, struct scope *scope, size_t row)
{
	const struct envoi_field *field = &scope->type->fields[row];
	if (scope->present[row]) {
		if (field->has != 0) {
			*((bool *)(void *)scope->into + field->has - 1) = true;
		}
		return ENVOI_OK;
	}
	return (field->flags & ENVOI_REQUIRED) == 0
		? ENVOI_OK
		: envoi__field_missing(
			  parser->ret_problem, ENVOI_ERR_PROTOCOL, scope->place, field);
}

static int parse_rows(struct parser *parser, struct scope *scope)
{
	const struct envoi_field *fields = scope->type->fields;
	bool has_children = false;
	int r = ENVOI_OK;
	for (size_t row = 0; !is_end(&fields[row]) && r == ENVOI_OK; row++) {
		if (row == ENVOI__PAYLOAD_ROWS) {
			return envoi__payload_problem(parser->ret_problem, ENVOI_ERR_INVALID,
				scope->place, "has too many rows in its table");
		}
		if (!is_many(&fields[row])) {
			envoi__field_set_default(&fields[row], scope->into);
		}
		if (fields[row].place == ENVOI_FIELD_ATTR ||
			fields[row].place == ENVOI_FIELD_TEXT) {
			r = parse_single(parser, scope, row);
		} else {
			has_children = true;
		}
	}
	if (r == ENVOI_OK && has_children) {
		r = parse_children(parser, scope);
	}
	for (size_t row = 0; !is_end(&fields[row]) && r == ENVOI_OK; row++) {
		r = finish_row(parser, scope, row);
	}
	return r;
}

static int parse_struct(struct parser *parser, const struct envoi_payload_type *type,
	const char *ns, const struct envoi_element *element, const struct envoi__place *place,
	void *into)
{
	memset(into, 0, type->size);
	if (place->depth >= ENVOI_PAYLOAD_DEPTH) {
		return envoi__payload_problem(
			parser->ret_problem, ENVOI_ERR_LIMIT, place, "is nested too deep");
	}
	if (type->fields == NULL) {
		return ENVOI_OK;
	}
	struct scope scope = {
		.type = type, .ns = ns, .element = element, .place = place, .into = into};
	return parse_rows(parser, &scope);
}

int envoi_payload_parse(const void **ret_value, const struct envoi_payload_type *type,
	const struct envoi_element *element, struct envoi_payload_problem *ret_problem)
{
	const char *ns = type->ns;
	if (element == NULL || ns == NULL) {
		return ENVOI_ERR_INVALID;
	}
	if (!envoi_element_is(element, ns, type->name)) {
		return ENVOI_DECLINED;
	}
	struct envoi__place place = {.name = type->name};
	struct parser parser = {
		.room = {.arena = &element->tree->arena, .owner = element},
		.ret_problem = ret_problem,
	};
	void *value = envoi__arena_alloc(parser.room.arena, type->size > 0 ? type->size : 1);
	if (value == NULL) {
		return ENVOI_ERR_NOMEM;
	}
	int r = parse_struct(&parser, type, ns, element, &place, value);
	if (r == ENVOI_OK) {
		*ret_value = value;
	}
	return r;
}
