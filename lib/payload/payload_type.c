/*
 * envoi - payload descriptors: tables, rows, and members
 * SPDX-License-Identifier: MIT
 */
#include "payload/payload.h"

#include <stdio.h>

static void print_place(const struct envoi__place *place, char *text, size_t size)
{
	if (place->outer != NULL) {
		print_place(place->outer, text, size);
	}
	size_t len = strlen(text);
	const char *mark = place->is_attr ? "/@" : place->outer != NULL ? "/" : "";
	if (place->index > 0) {
		snprintf(text + len, size - len, "%s%s[%zu]", mark, place->name, place->index);
	} else {
		snprintf(text + len, size - len, "%s%s", mark, place->name);
	}
}

int envoi__payload_problem(struct envoi_payload_problem *ret_problem, int code,
	const struct envoi__place *place, const char *why)
{
	if (ret_problem != NULL) {
		ret_problem->where[0] = '\0';
		print_place(place, ret_problem->where, sizeof(ret_problem->where));
		ret_problem->why = why;
	}
	return code;
}

int envoi__field_missing(struct envoi_payload_problem *ret_problem, int code,
	const struct envoi__place *in, const struct envoi_field *field)
{
	const char *name = envoi__field_name(field);
	if (field->place == ENVOI_FIELD_TEXT) {
		return envoi__payload_problem(ret_problem, code, in, "lacks its text");
	}
	if (name == NULL) {
		return envoi__payload_problem(ret_problem, code, in, "lacks a required child");
	}
	struct envoi__place place = envoi__place_in(in, name, 0);
	place.is_attr = field->place == ENVOI_FIELD_ATTR;
	return envoi__payload_problem(ret_problem, code, &place, "is missing");
}

/* --- rows --- */

const char *envoi__word_of(const struct envoi_word *words, int value)
{
	for (; words->word != NULL; words++) {
		if (words->value == value) {
			return words->word;
		}
	}
	return NULL;
}

const struct envoi_word *envoi__word_find(const struct envoi_word *words, const char *word)
{
	for (; words->word != NULL; words++) {
		if (strcmp(words->word, word) == 0) {
			return words;
		}
	}
	return NULL;
}

const struct envoi_choice *envoi__choice_of(const struct envoi_field *field, int value)
{
	for (const struct envoi_choice *choice = field->choices; choice->type != NULL; choice++) {
		if (choice->value == value) {
			return choice;
		}
	}
	return NULL;
}

const struct envoi_choice *envoi__choice_match(
	const struct envoi_field *field, const char *ns, const struct envoi_element *child)
{
	for (const struct envoi_choice *choice = field->choices; choice->type != NULL; choice++) {
		if (envoi_element_is(
			    child, envoi__payload_ns(choice->type, ns), choice->type->name)) {
			return choice;
		}
	}
	return NULL;
}

static bool takes(
	const struct envoi_field *field, const char *ns, const struct envoi_element *child)
{
	switch (field->value) {
	case ENVOI_VALUE_CHOICE:
		return envoi__choice_match(field, ns, child) != NULL;
	case ENVOI_VALUE_NAME:
		return strcmp(envoi_element_ns(child), envoi__field_ns(field, ns)) == 0 &&
			envoi__word_find(field->words, envoi_element_name(child)) != NULL;
	default:
		return envoi_element_is(
			child, envoi__field_ns(field, ns), envoi__field_name(field));
	}
}

const struct envoi_field *envoi__payload_match(
	const struct envoi_payload_type *type, const char *ns, const struct envoi_element *child)
{
	const struct envoi_field *rest = NULL;
	const struct envoi_field *field = type->fields;
	for (; field != NULL && field->place != ENVOI_FIELD_NOWHERE; field++) {
		if (field->place != ENVOI_FIELD_CHILD && field->place != ENVOI_FIELD_CHILDREN) {
			continue;
		}
		if (envoi__field_takes_any(field)) {
			rest = field;
		} else if (takes(field, ns, child)) {
			return field;
		}
	}
	return rest;
}

/* --- members --- */

static int64_t number_at(const struct envoi_field *field, const void *at)
{
	if (field->value == ENVOI_VALUE_BOOL || field->value == ENVOI_VALUE_FLAG) {
		return *(const bool *)at;
	}
	if (field->value != ENVOI_VALUE_INT && field->value != ENVOI_VALUE_DATE) {
		return envoi__int(at);
	}
	return field->is_signed ? envoi__signed(at, field->size)
				: (int64_t)envoi__unsigned(at, field->size);
}

static bool is_default_text(const struct envoi_field *field, const char *text)
{
	if (field->place == ENVOI_FIELD_TEXT && text[0] == '\0') {
		return true;
	}
	return field->has == 0 && field->default_text != NULL &&
		strcmp(field->default_text, text) == 0;
}

bool envoi__field_is_present(const struct envoi_field *field, const void *value)
{
	if (field->has != 0 && !envoi__has(field, value)) {
		return false;
	}
	const void *at = envoi__member(field, value);
	switch (field->value) {
	case ENVOI_VALUE_TEXT:
	case ENVOI_VALUE_LANG:
		return envoi__pointer(at) != NULL && !is_default_text(field, envoi__pointer(at));
	case ENVOI_VALUE_BASE64:
	case ENVOI_VALUE_HEX: {
		const struct envoi_bytes *bytes = at;
		return bytes->data != NULL && (field->place != ENVOI_FIELD_TEXT || bytes->len > 0);
	}
	case ENVOI_VALUE_JID:
	case ENVOI_VALUE_ELEMENT:
		return envoi__pointer(at) != NULL;
	case ENVOI_VALUE_STRUCT:
		return envoi__inner(field, value) != NULL;
	default:
		return field->has != 0 || number_at(field, at) != field->default_number;
	}
}

static void set_number(const struct envoi_field *field, void *at)
{
	if (field->value == ENVOI_VALUE_BOOL || field->value == ENVOI_VALUE_FLAG) {
		*(bool *)at = field->default_number != 0;
	} else if (field->value == ENVOI_VALUE_INT || field->value == ENVOI_VALUE_DATE) {
		envoi__store(at, field->size, (uint64_t)field->default_number);
	} else {
		int number = (int)field->default_number;
		memcpy(at, &number, sizeof(number));
	}
}

void envoi__field_set_default(const struct envoi_field *field, void *value)
{
	void *at = (char *)value + field->offset;
	switch (field->value) {
	case ENVOI_VALUE_TEXT:
	case ENVOI_VALUE_LANG:
		memcpy(at, &field->default_text, sizeof(field->default_text));
		break;
	case ENVOI_VALUE_BASE64:
	case ENVOI_VALUE_HEX:
		memset(at, 0, sizeof(struct envoi_bytes));
		break;
	case ENVOI_VALUE_JID:
	case ENVOI_VALUE_ELEMENT:
		memset(at, 0, sizeof(void *));
		break;
	case ENVOI_VALUE_STRUCT:
		memset(at, 0, field->is_pointer ? sizeof(void *) : field->size);
		break;
	default:
		set_number(field, at);
	}
	if (field->has != 0) {
		*((bool *)value + field->has - 1) = false;
	}
}
