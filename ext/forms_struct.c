/*
 * envoi - data forms: read into structs and filled in from structs
 * SPDX-License-Identifier: MIT
 *
 * The engine of the payloads does the work: a form becomes an element whose children have the
 * fields' values, and is parsed with the table; a struct is written with it to such an element. The
 * names of fields need not be names of XML: in that element the child of the third row is "f2".
 */
#include <stdio.h>
#include <string.h>

#include <envoi/context.h>
#include <envoi/ext/forms.h>

enum {
	MOST_ROWS = 64, /* of a table of payloads */
	NAME_BYTES = 4,
};

/** A table whose rows have names of XML. */
struct renamed {
	const struct envoi_field *original;
	size_t count;
	struct envoi_field rows[MOST_ROWS + 1];
	char names[MOST_ROWS][NAME_BYTES];
	struct envoi_payload_type type;
};

static int set_problem(
	struct envoi_payload_problem *ret_problem, int code, const char *where, const char *why)
{
	if (ret_problem != NULL) {
		snprintf(ret_problem->where, sizeof(ret_problem->where), "%s", where);
		ret_problem->why = why;
	}
	return code;
}

static bool takes_values(const struct envoi_field *row)
{
	return (row->place == ENVOI_FIELD_CHILD || row->place == ENVOI_FIELD_CHILDREN) &&
		row->value <= ENVOI_VALUE_LANG && row->attr == NULL;
}

static int rename_rows(struct renamed *renamed, const struct envoi_payload_type *type,
	struct envoi_payload_problem *ret_problem)
{
	const struct envoi_field *rows = type->fields;
	size_t count = 0;
	for (; rows != NULL && rows[count].place != ENVOI_FIELD_NOWHERE; count++) {
		if (count == MOST_ROWS || !takes_values(&rows[count])) {
			return set_problem(ret_problem, ENVOI_ERR_INVALID, type->name,
				"has a row that no field of a form can have");
		}
		char *name = renamed->names[count];
		snprintf(name, NAME_BYTES, "f%d", (int)(count % 100));
		renamed->rows[count] = rows[count];
		renamed->rows[count].name = name;
		renamed->rows[count].ns = NULL;
	}
	renamed->rows[count] = (struct envoi_field)ENVOI_FIELDS_END;
	renamed->original = rows;
	renamed->count = count;
	renamed->type = (struct envoi_payload_type){
		.ns = "", .name = "form", .size = type->size, .fields = renamed->rows};
	return ENVOI_OK;
}

/** @return the index of the row for a field; the number of rows: none */
static size_t row_of(const struct renamed *renamed, const char *var)
{
	size_t i = 0;
	while (i < renamed->count && (var == NULL || strcmp(renamed->original[i].name, var) != 0)) {
		i++;
	}
	return i;
}

/** @return the name of the field that "form/f3[2]" or "form/f3" is about */
static const char *field_at(const struct renamed *renamed, const char *where)
{
	unsigned int index;
	const char *at = strchr(where, '/');
	return at != NULL && sscanf(at, "/f%2u", &index) == 1 && index < renamed->count
		? renamed->original[index].name
		: where;
}

static int pass_problem(const struct renamed *renamed, int code,
	const struct envoi_payload_problem *problem, struct envoi_payload_problem *ret_problem)
{
	return set_problem(ret_problem, code, field_at(renamed, problem->where), problem->why);
}

static bool is_one_text(const struct envoi_field *row)
{
	return row->place == ENVOI_FIELD_CHILD && row->value == ENVOI_VALUE_TEXT;
}

/** Whether the form is of another type than the table's (XEP-0068). */
static bool is_foreign(const struct envoi_payload_type *type, const struct envoi_form *form)
{
	const char *ns = envoi_forms_namespace(form);
	return type->ns != NULL && (ns == NULL || strcmp(ns, type->ns) != 0);
}

/* --- reading --- */

static void add_lines(struct envoi_element *to, const char *name, char *const *values, size_t count)
{
	struct envoi_element *child = envoi_element_add(to, NULL, name);
	for (size_t i = 0; i < count; i++) {
		envoi_element_add_text(child, i > 0 ? "\n" : "");
		envoi_element_add_text(child, values[i]);
	}
}

static void add_values(struct envoi_element *to, const struct envoi_field *row,
	const struct envoi_form_field *field)
{
	if (is_one_text(row) && field->value_count > 0) {
		add_lines(to, row->name, field->values, field->value_count);
		return;
	}
	for (size_t i = 0; i < field->value_count; i++) {
		add_lines(to, row->name, &field->values[i], 1);
	}
}

/* Section 3.2: a name is that of one field. */
static int make_tree(struct envoi_element *tree, const struct renamed *renamed,
	const struct envoi_form *form, struct envoi_payload_problem *ret_problem)
{
	bool has_occurred[MOST_ROWS] = {false};
	for (size_t i = 0; i < form->field_count; i++) {
		const struct envoi_form_field *field = &form->fields[i];
		size_t row = row_of(renamed, field->var);
		if (row == renamed->count) {
			continue;
		}
		if (has_occurred[row]) {
			return set_problem(
				ret_problem, ENVOI_ERR_PROTOCOL, field->var, "occurs twice");
		}
		has_occurred[row] = true;
		add_values(tree, &renamed->rows[row], field);
	}
	return envoi_element_error(tree);
}

static int read_tree(void **ret_value, struct envoi_context *context, const struct renamed *renamed,
	const struct envoi_element *tree, struct envoi_payload_problem *ret_problem)
{
	const void *value;
	struct envoi_payload_problem problem = {.why = ""};
	int r = envoi_payload_parse(&value, &renamed->type, tree, &problem);
	if (r != ENVOI_OK) {
		return pass_problem(renamed, r, &problem, ret_problem);
	}
	*ret_value = envoi_payload_dup(context, &renamed->type, value);
	return *ret_value == NULL ? ENVOI_ERR_NOMEM : ENVOI_OK;
}

int envoi_forms_read(void **ret_value, struct envoi_context *context,
	const struct envoi_payload_type *type, const struct envoi_form *form,
	struct envoi_payload_problem *ret_problem)
{
	struct renamed renamed;
	if (form == NULL) {
		return set_problem(ret_problem, ENVOI_ERR_INVALID, "", "there is no form");
	}
	int r = rename_rows(&renamed, type, ret_problem);
	if (r < 0 || is_foreign(type, form)) {
		return r < 0 ? r : ENVOI_DECLINED;
	}
	struct envoi_element *tree = envoi_element_new(context, "", renamed.type.name);
	r = tree == NULL ? ENVOI_ERR_NOMEM : make_tree(tree, &renamed, form, ret_problem);
	if (r == ENVOI_OK) {
		r = read_tree(ret_value, context, &renamed, tree, ret_problem);
	}
	envoi_element_unref(tree);
	return r;
}

/* --- filling in --- */

/** A submission that is being made. Its texts are of the tree, the form, and `lines`. */
struct filling {
	struct envoi_context *context;
	const struct renamed *renamed;
	const struct envoi_element *tree;
	struct envoi_form form;
	char *lines; /* texts that were split */
	char **values; /* of all fields */
	size_t used_bytes, used_values;
};

static const struct envoi_element *next_of(const struct envoi_element *element, const char *name)
{
	while (element != NULL && strcmp(envoi_element_name(element), name) != 0) {
		element = envoi_element_next(element);
	}
	return element;
}

static void add_value(struct filling *filling, struct envoi_form_field *field, char *value)
{
	if (field->value_count == 0) {
		field->values = &filling->values[filling->used_values];
	}
	filling->values[filling->used_values++] = value;
	field->value_count++;
}

static void split(struct filling *filling, struct envoi_form_field *field, const char *text)
{
	char *line = filling->lines + filling->used_bytes;
	size_t len = strlen(text);
	memcpy(line, text, len + 1);
	filling->used_bytes += len + 1;
	for (char *end; (end = strchr(line, '\n')) != NULL; line = end + 1) {
		*end = '\0';
		add_value(filling, field, line);
	}
	add_value(filling, field, line);
}

/** @return whether the struct has a value for the row */
static bool take_values(struct filling *filling, struct envoi_form_field *field, size_t row)
{
	const char *name = filling->renamed->rows[row].name;
	const struct envoi_element *child = next_of(envoi_element_first(filling->tree), name);
	for (; child != NULL; child = next_of(envoi_element_next(child), name)) {
		const char *text = envoi_element_text(child);
		if (is_one_text(&filling->renamed->rows[row])) {
			split(filling, field, text);
		} else {
			add_value(filling, field, (char *)(uintptr_t)text);
		}
	}
	return field->value_count > 0;
}

static struct envoi_form_field *add_field(
	struct filling *filling, const char *var, enum envoi_form_field_kind kind)
{
	struct envoi_form_field *field = &filling->form.fields[filling->form.field_count++];
	*field = (struct envoi_form_field){.var = (char *)(uintptr_t)var, .kind = kind};
	return field;
}

static void add_row(struct filling *filling, size_t row)
{
	struct envoi_form_field *field = add_field(
		filling, filling->renamed->original[row].name, ENVOI_FORM_UNTYPED);
	if (!take_values(filling, field, row)) {
		filling->form.field_count--;
	}
}

static void fill_without_form(struct filling *filling, const char *ns)
{
	if (ns != NULL) {
		add_value(filling, add_field(filling, "FORM_TYPE", ENVOI_FORM_HIDDEN),
			(char *)(uintptr_t)ns);
	}
	for (size_t row = 0; row < filling->renamed->count; row++) {
		add_row(filling, row);
	}
}

static void fill_field(struct filling *filling, const struct envoi_form_field *asked)
{
	struct envoi_form_field *field = add_field(filling, asked->var, asked->kind);
	size_t row = row_of(filling->renamed, asked->var);
	if (row == filling->renamed->count || !take_values(filling, field, row)) {
		field->values = asked->values;
		field->value_count = asked->value_count;
	}
}

static int fill_form(struct filling *filling, const struct envoi_form *asked,
	struct envoi_payload_problem *ret_problem)
{
	const struct renamed *renamed = filling->renamed;
	for (size_t row = 0; row < renamed->count; row++) {
		const char *var = renamed->original[row].name;
		if (envoi_forms_field(asked, var) == NULL &&
			next_of(envoi_element_first(filling->tree), renamed->rows[row].name)) {
			return set_problem(ret_problem, ENVOI_ERR_NOT_FOUND, var,
				"is not a field of the form");
		}
	}
	for (size_t i = 0; i < asked->field_count; i++) {
		const struct envoi_form_field *field = &asked->fields[i];
		/* XEP-0004 section 3.2: a name is that of one field; no further one has room. */
		if (field->kind != ENVOI_FORM_FIXED && field->var != NULL &&
			envoi_forms_field(asked, field->var) == field) {
			fill_field(filling, field);
		}
	}
	return envoi_forms_check(&filling->form, asked, ret_problem);
}

/* A line of a text has a byte before it that ends the one before. */
static void measure(const struct envoi_element *tree, size_t *ret_bytes, size_t *ret_values)
{
	const struct envoi_element *child = envoi_element_first(tree);
	*ret_bytes = 0;
	*ret_values = 1;
	for (; child != NULL; child = envoi_element_next(child)) {
		const char *text = envoi_element_text(child);
		*ret_bytes += text == NULL ? 0 : strlen(text) + 1;
		++*ret_values;
		for (; text != NULL && (text = strchr(text, '\n')) != NULL; text++) {
			++*ret_values;
		}
	}
}

static int fill(struct filling *filling, const char *ns, const struct envoi_form *asked,
	struct envoi_payload_problem *ret_problem)
{
	size_t bytes, values, fields = filling->renamed->count + 1;
	fields += asked == NULL ? 0 : asked->field_count;
	measure(filling->tree, &bytes, &values);
	filling->lines = envoi_alloc(filling->context, bytes + 1);
	filling->values = envoi_alloc(filling->context, values * sizeof(filling->values[0]));
	filling->form.fields = envoi_alloc(
		filling->context, fields * sizeof(filling->form.fields[0]));
	if (filling->lines == NULL || filling->values == NULL || filling->form.fields == NULL) {
		return ENVOI_ERR_NOMEM;
	}
	filling->form.kind = ENVOI_FORM_SUBMIT;
	if (asked != NULL) {
		return fill_form(filling, asked, ret_problem);
	}
	fill_without_form(filling, ns);
	return ENVOI_OK;
}

static int finish(struct filling *filling, int r, struct envoi_form **ret_form)
{
	if (r == ENVOI_OK) {
		*ret_form = envoi_payload_dup(filling->context, &envoi_forms_type, &filling->form);
		r = *ret_form == NULL ? ENVOI_ERR_NOMEM : ENVOI_OK;
	}
	envoi_free(filling->context, filling->lines);
	envoi_free(filling->context, filling->values);
	envoi_free(filling->context, filling->form.fields);
	return r;
}

/* Every text of the tree is read here, where a failed allocation can be reported. */
static int write_tree(struct envoi_element **ret_tree, struct envoi_context *context,
	const struct renamed *renamed, const void *value, struct envoi_payload_problem *ret_problem)
{
	struct envoi_payload_problem problem = {.why = ""};
	int r = envoi_payload_build(ret_tree, context, &renamed->type, value, &problem);
	if (r < 0) {
		return pass_problem(renamed, r, &problem, ret_problem);
	}
	const struct envoi_element *child = envoi_element_first(*ret_tree);
	for (; child != NULL; child = envoi_element_next(child)) {
		if (envoi_element_text(child) == NULL) {
			envoi_element_unref(*ret_tree);
			return ENVOI_ERR_NOMEM;
		}
	}
	return ENVOI_OK;
}

int envoi_forms_fill(struct envoi_form **ret_form, struct envoi_context *context,
	const struct envoi_payload_type *type, const void *value, const struct envoi_form *form,
	struct envoi_payload_problem *ret_problem)
{
	struct renamed renamed;
	int r = rename_rows(&renamed, type, ret_problem);
	if (r < 0 || (form != NULL && is_foreign(type, form))) {
		return r < 0 ? r : ENVOI_DECLINED;
	}
	struct envoi_element *tree;
	r = write_tree(&tree, context, &renamed, value, ret_problem);
	if (r < 0) {
		return r;
	}
	struct filling filling = {.context = context, .renamed = &renamed, .tree = tree};
	r = finish(&filling, fill(&filling, type->ns, form, ret_problem), ret_form);
	envoi_element_unref(tree);
	return r;
}
