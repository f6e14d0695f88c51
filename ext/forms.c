/*
 * envoi - XEP-0004: Data Forms, version 2.13.2
 * SPDX-License-Identifier: MIT
 *
 * Payloads and look-ups. forms_struct.c reads and fills forms by tables, forms_check.c checks them.
 */
#include <envoi/ext/forms.h>

#include <string.h>

static const struct envoi_field option_fields[] = {
	ENVOI_ATTR_TEXT(struct envoi_form_option, label, "label"),
	ENVOI_CHILD_TEXT(struct envoi_form_option, value, "value", ENVOI_REQUIRED),
	ENVOI_FIELDS_END,
};
static const struct envoi_payload_type option_type = ENVOI_PAYLOAD_TYPE(
	struct envoi_form_option, NULL, "option", option_fields);

/* --- XEP-0122 --- */

static const struct envoi_field range_fields[] = {
	ENVOI_ATTR_TEXT(struct envoi_form_range, min, "min"),
	ENVOI_ATTR_TEXT(struct envoi_form_range, max, "max"),
	ENVOI_FIELDS_END,
};
static const struct envoi_payload_type range_type = ENVOI_PAYLOAD_TYPE(
	struct envoi_form_range, NULL, "range", range_fields);

static const struct envoi_field regex_fields[] = {
	ENVOI_TEXT(struct envoi_form_regex, pattern, ENVOI_REQUIRED),
	ENVOI_FIELDS_END,
};
static const struct envoi_payload_type regex_type = ENVOI_PAYLOAD_TYPE(
	struct envoi_form_regex, NULL, "regex", regex_fields);
static const struct envoi_payload_type basic_type = ENVOI_PAYLOAD_EMPTY(NULL, "basic");
static const struct envoi_payload_type open_type = ENVOI_PAYLOAD_EMPTY(NULL, "open");

static const struct envoi_choice methods[] = {
	ENVOI_CHOICE_EMPTY(ENVOI_FORM_BASIC, struct envoi_form_validation, &basic_type),
	ENVOI_CHOICE_EMPTY(ENVOI_FORM_OPEN, struct envoi_form_validation, &open_type),
	ENVOI_CHOICE_IS(ENVOI_FORM_RANGE, struct envoi_form_validation, by.range,
		struct envoi_form_range, &range_type),
	ENVOI_CHOICE_IS(ENVOI_FORM_REGEX, struct envoi_form_validation, by.regex,
		struct envoi_form_regex, &regex_type),
	ENVOI_CHOICES_END,
};

static const struct envoi_field count_fields[] = {
	ENVOI_ATTR_INT(struct envoi_form_count, min, "min",
		.has = ENVOI_HAS(struct envoi_form_count, has_min)),
	ENVOI_ATTR_INT(struct envoi_form_count, max, "max",
		.has = ENVOI_HAS(struct envoi_form_count, has_max)),
	ENVOI_FIELDS_END,
};
static const struct envoi_payload_type count_type = ENVOI_PAYLOAD_TYPE(
	struct envoi_form_count, NULL, "list-range", count_fields);

static const struct envoi_field validation_fields[] = {
	ENVOI_ATTR_TEXT(
		struct envoi_form_validation, datatype, "datatype", .default_text = "xs:string"),
	ENVOI_CHOICE(struct envoi_form_validation, method, methods),
	ENVOI_CHILD_STRUCT(struct envoi_form_validation, count, struct envoi_form_count,
		&count_type, .has = ENVOI_HAS(struct envoi_form_validation, has_count)),
	ENVOI_FIELDS_END,
};
const struct envoi_payload_type envoi_forms_validation_type = ENVOI_PAYLOAD_TYPE(
	struct envoi_form_validation, ENVOI_NS_FORMS_VALIDATION, "validate", validation_fields);

/* --- XEP-0004 --- */

static const struct envoi_word field_kinds[] = {
	{"boolean", ENVOI_FORM_BOOLEAN},
	{"fixed", ENVOI_FORM_FIXED},
	{"hidden", ENVOI_FORM_HIDDEN},
	{"jid-multi", ENVOI_FORM_JID_MULTI},
	{"jid-single", ENVOI_FORM_JID_SINGLE},
	{"list-multi", ENVOI_FORM_LIST_MULTI},
	{"list-single", ENVOI_FORM_LIST_SINGLE},
	{"text-multi", ENVOI_FORM_TEXT_MULTI},
	{"text-private", ENVOI_FORM_TEXT_PRIVATE},
	{"text-single", ENVOI_FORM_TEXT_SINGLE},
	ENVOI_WORDS_END,
};

/* Section 3.3: an unknown type is none. A bad option or validation must not hide the field. */
static const struct envoi_field field_fields[] = {
	ENVOI_ATTR_TEXT(struct envoi_form_field, var, "var"),
	ENVOI_ATTR_ENUM(struct envoi_form_field, kind, "type", field_kinds, ENVOI_LENIENT),
	ENVOI_ATTR_TEXT(struct envoi_form_field, label, "label"),
	ENVOI_CHILD_TEXT(struct envoi_form_field, desc, "desc"),
	ENVOI_CHILD_FLAG(struct envoi_form_field, is_required, "required"),
	ENVOI_CHILD_STRUCT(struct envoi_form_field, validation, struct envoi_form_validation,
		&envoi_forms_validation_type, ENVOI_LENIENT),
	ENVOI_CHILDREN_TEXT(struct envoi_form_field, values, value_count, "value"),
	ENVOI_CHILDREN_STRUCT(struct envoi_form_field, options, option_count,
		struct envoi_form_option, &option_type, ENVOI_LENIENT),
	ENVOI_FIELDS_END,
};
static const struct envoi_payload_type field_type = ENVOI_PAYLOAD_TYPE(
	struct envoi_form_field, NULL, "field", field_fields);

static const struct envoi_field row_fields[] = {
	ENVOI_CHILDREN_STRUCT(struct envoi_form_row, fields, field_count, struct envoi_form_field,
		&field_type, .max_items = ENVOI_FORMS_MOST_FIELDS),
	ENVOI_FIELDS_END,
};
static const struct envoi_payload_type row_type = ENVOI_PAYLOAD_TYPE(
	struct envoi_form_row, NULL, "row", row_fields);

static const struct envoi_word form_kinds[] = {
	{"form", ENVOI_FORM_FORM},
	{"submit", ENVOI_FORM_SUBMIT},
	{"cancel", ENVOI_FORM_CANCEL},
	{"result", ENVOI_FORM_RESULT},
	ENVOI_WORDS_END,
};

static const struct envoi_field form_fields[] = {
	ENVOI_ATTR_ENUM(struct envoi_form, kind, "type", form_kinds, ENVOI_REQUIRED),
	ENVOI_CHILD_TEXT(struct envoi_form, title, "title"),
	ENVOI_CHILDREN_TEXT(struct envoi_form, instructions, instruction_count, "instructions"),
	ENVOI_CHILDREN_STRUCT(struct envoi_form, fields, field_count, struct envoi_form_field,
		&field_type, .max_items = ENVOI_FORMS_MOST_FIELDS),
	ENVOI_CHILD_STRUCT(
		struct envoi_form, reported, struct envoi_form_row, &row_type, .as = "reported"),
	ENVOI_CHILDREN_STRUCT(struct envoi_form, items, item_count, struct envoi_form_row,
		&row_type, .as = "item", .max_items = ENVOI_FORMS_MOST_ITEMS),
	ENVOI_FIELDS_END,
};
const struct envoi_payload_type envoi_forms_type = ENVOI_PAYLOAD_TYPE(
	struct envoi_form, ENVOI_NS_FORMS, "x", form_fields);

/* --- looking up --- */

const struct envoi_form_field *envoi_forms_field(const struct envoi_form *form, const char *var)
{
	for (size_t i = 0; form != NULL && var != NULL && i < form->field_count; i++) {
		const struct envoi_form_field *field = &form->fields[i];
		if (field->var != NULL && strcmp(field->var, var) == 0) {
			return field;
		}
	}
	return NULL;
}

const char *envoi_forms_value(const struct envoi_form *form, const char *var)
{
	const struct envoi_form_field *field = envoi_forms_field(form, var);
	return field != NULL && field->value_count > 0 ? field->values[0] : NULL;
}

const char *envoi_forms_namespace(const struct envoi_form *form)
{
	const struct envoi_form_field *field = envoi_forms_field(form, "FORM_TYPE");
	bool is_hidden = field != NULL &&
		(field->kind == ENVOI_FORM_HIDDEN || field->kind == ENVOI_FORM_UNTYPED);
	return is_hidden && field->value_count > 0 ? field->values[0] : NULL;
}

const struct envoi_form *envoi_forms_find(
	const struct envoi_form *forms, size_t count, const char *ns)
{
	for (size_t i = 0; ns != NULL && i < count; i++) {
		const char *own = envoi_forms_namespace(&forms[i]);
		if (own != NULL && strcmp(own, ns) == 0) {
			return &forms[i];
		}
	}
	return NULL;
}
