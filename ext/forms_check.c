/*
 * envoi - data forms: checking a submission against its form
 * SPDX-License-Identifier: MIT
 */
#include <stdio.h>
#include <string.h>

#include <envoi/ext/forms.h>
#include <envoi/jid.h>
#include <envoi/values.h>

/* --- datatypes (XEP-0122, section 4.1; XML Schema, part 2) --- */

/** A whole number's type and range. */
struct number_type {
	const char *name;
	int64_t min, max;
};

static const struct number_type number_types[] = {
	{"xs:integer", INT64_MIN, INT64_MAX},
	{"xs:long", INT64_MIN, INT64_MAX},
	{"xs:int", INT32_MIN, INT32_MAX},
	{"xs:short", INT16_MIN, INT16_MAX},
	{"xs:byte", INT8_MIN, INT8_MAX},
	{"xs:nonNegativeInteger", 0, INT64_MAX},
	{"xs:positiveInteger", 1, INT64_MAX},
	{"xs:nonPositiveInteger", INT64_MIN, 0},
	{"xs:negativeInteger", INT64_MIN, -1},
	{"xs:unsignedLong", 0, INT64_MAX},
	{"xs:unsignedInt", 0, UINT32_MAX},
	{"xs:unsignedShort", 0, UINT16_MAX},
	{"xs:unsignedByte", 0, UINT8_MAX},
};

static const struct number_type *find_number_type(const char *name)
{
	for (size_t i = 0; i < sizeof(number_types) / sizeof(number_types[0]); i++) {
		if (strcmp(number_types[i].name, name) == 0) {
			return &number_types[i];
		}
	}
	return NULL;
}

/** @return whether values of the datatype can be compared; then *ret_is_read says whether the text
 * is one, and *ret_number is its place in the order */
static bool read_ordered(
	const char *datatype, const char *text, bool *ret_is_read, int64_t *ret_number)
{
	const struct number_type *type = find_number_type(datatype);
	if (type != NULL) {
		*ret_is_read = envoi_int_parse(text, type->min, type->max, ret_number) == ENVOI_OK;
		return true;
	}
	if (strcmp(datatype, "xs:dateTime") == 0) {
		*ret_is_read = envoi_date_parse(text, ret_number) == ENVOI_OK;
		return true;
	}
	return false;
}

static bool is_of_unordered_datatype(const char *datatype, const char *text)
{
	bool truth;
	struct envoi_day day;
	struct envoi_time time;
	if (strcmp(datatype, "xs:boolean") == 0) {
		return envoi_bool_parse(text, &truth) == ENVOI_OK;
	}
	if (strcmp(datatype, "xs:date") == 0) {
		return envoi_day_parse(text, &day) == ENVOI_OK;
	}
	if (strcmp(datatype, "xs:time") == 0) {
		return envoi_time_parse(text, &time) == ENVOI_OK;
	}
	return strcmp(datatype, "xs:language") != 0 || envoi_lang_is_valid(text);
}

/* A limit that is not of the datatype is none. */
static bool is_within(const struct envoi_form_validation *validation, int64_t number)
{
	bool is_read;
	int64_t limit;
	const struct envoi_form_range *range = &validation->by.range;
	if (validation->method != ENVOI_FORM_RANGE) {
		return true;
	}
	if (range->min != NULL &&
		read_ordered(validation->datatype, range->min, &is_read, &limit) && is_read &&
		number < limit) {
		return false;
	}
	return range->max == NULL ||
		!(read_ordered(validation->datatype, range->max, &is_read, &limit) && is_read &&
			number > limit);
}

static const char *problem_of_datatype(
	const struct envoi_form_validation *validation, const char *text)
{
	bool is_read;
	int64_t number;
	if (!read_ordered(validation->datatype, text, &is_read, &number)) {
		return is_of_unordered_datatype(validation->datatype, text)
			? NULL
			: "is not of the field's datatype";
	}
	if (!is_read) {
		return "is not of the field's datatype";
	}
	return is_within(validation, number) ? NULL : "is out of the field's range";
}

/* --- types of fields (XEP-0004, section 3.3) --- */

static bool takes_many(const struct envoi_form_field *asked)
{
	switch (asked->kind) {
	case ENVOI_FORM_JID_MULTI:
	case ENVOI_FORM_LIST_MULTI:
	case ENVOI_FORM_TEXT_MULTI:
	case ENVOI_FORM_HIDDEN:
		return true;
	default:
		return false;
	}
}

static bool is_list(const struct envoi_form_field *asked)
{
	return asked->kind == ENVOI_FORM_LIST_MULTI || asked->kind == ENVOI_FORM_LIST_SINGLE;
}

/* XEP-0122, section 3.2: every method but BASIC opens a list. */
static bool is_open(const struct envoi_form_field *asked)
{
	return asked->validation != NULL && asked->validation->method > ENVOI_FORM_BASIC;
}

static bool is_option(const struct envoi_form_field *asked, const char *value)
{
	bool is_found = false;
	for (size_t i = 0; i < asked->option_count && !is_found; i++) {
		is_found = strcmp(asked->options[i].value, value) == 0;
	}
	return is_found;
}

static const char *problem_of_kind(const struct envoi_form_field *asked, const char *value)
{
	bool truth;
	switch (asked->kind) {
	case ENVOI_FORM_BOOLEAN:
		return envoi_bool_parse(value, &truth) == ENVOI_OK ? NULL : "is not a boolean";
	case ENVOI_FORM_JID_MULTI:
	case ENVOI_FORM_JID_SINGLE:
		return envoi_jid_check(value, strlen(value), NULL, 0) == ENVOI_OK
			? NULL
			: "is not an address";
	default:
		return is_list(asked) && !is_open(asked) && !is_option(asked, value)
			? "is not an option of the field"
			: NULL;
	}
}

/* An empty value of a field that is not required unsets it (section 3.6). */
static const char *problem_of_value(const struct envoi_form_field *asked, const char *value)
{
	if (value[0] == '\0' && !asked->is_required && !is_list(asked)) {
		return NULL;
	}
	const char *why = problem_of_kind(asked, value);
	return why != NULL || asked->validation == NULL
		? why
		: problem_of_datatype(asked->validation, value);
}

/* XEP-0122, section 3.3: of list-multi alone. */
static const char *problem_of_count(const struct envoi_form_field *asked, size_t count)
{
	const struct envoi_form_validation *validation = asked->validation;
	if (asked->is_required && count == 0) {
		return "is required";
	}
	if (count > 1 && !takes_many(asked)) {
		return "takes one value";
	}
	if (validation == NULL || !validation->has_count || asked->kind != ENVOI_FORM_LIST_MULTI) {
		return NULL;
	}
	return (validation->count.has_min && count < validation->count.min) ||
			(validation->count.has_max && count > validation->count.max)
		? "has too few or too many values"
		: NULL;
}

static const char *problem_of_field(
	const struct envoi_form_field *asked, const struct envoi_form_field *given)
{
	if (given == NULL) {
		return asked->is_required ? "is required" : NULL;
	}
	const char *why = problem_of_count(asked, given->value_count);
	for (size_t i = 0; i < given->value_count && why == NULL; i++) {
		why = problem_of_value(asked, given->values[i]);
	}
	return why;
}

static int refuse(struct envoi_payload_problem *ret_problem, const char *var, const char *why)
{
	if (ret_problem != NULL) {
		snprintf(ret_problem->where, sizeof(ret_problem->where), "%s", var);
		ret_problem->why = why;
	}
	return ENVOI_ERR_INVALID;
}

int envoi_forms_check(const struct envoi_form *submission, const struct envoi_form *form,
	struct envoi_payload_problem *ret_problem)
{
	if (submission == NULL || form == NULL) {
		return refuse(ret_problem, "", "there is no form");
	}
	for (size_t i = 0; i < form->field_count; i++) {
		const struct envoi_form_field *asked = &form->fields[i];
		if (asked->var == NULL || asked->kind == ENVOI_FORM_FIXED) {
			continue;
		}
		const char *why = problem_of_field(
			asked, envoi_forms_field(submission, asked->var));
		if (why != NULL) {
			return refuse(ret_problem, asked->var, why);
		}
	}
	return ENVOI_OK;
}
