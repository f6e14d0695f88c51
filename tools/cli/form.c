/*
 * envoi - the command-line program: data forms, filled in
 * SPDX-License-Identifier: MIT
 */
#include "form.h"

#include <stdlib.h>
#include <string.h>

int check_fields(const struct invocation *invocation)
{
	const char *field;
	int position = 0;
	while ((field = next_own_value(invocation, "field", &position)) != NULL) {
		const char *equals = strchr(field, '=');
		if (equals == NULL || equals == field) {
			complain("--field: %s is not NAME=VALUE", field);
			return STATUS_USAGE;
		}
	}
	return STATUS_DONE;
}

/* Visit the values that --field gives a field. */
static const char *next_value(const struct invocation *invocation, const char *name, int *position)
{
	const char *field;
	size_t len = strlen(name);
	while ((field = next_own_value(invocation, "field", position)) != NULL) {
		if (strncmp(field, name, len) == 0 && field[len] == '=') {
			return field + len + 1;
		}
	}
	return NULL;
}

const char *field_value(const struct invocation *invocation, const char *name)
{
	int position = 0;
	return next_value(invocation, name, &position);
}

bool form_asks(const struct envoi_form *form)
{
	for (size_t i = 0; i < form->field_count; i++) {
		if (form->fields[i].kind != ENVOI_FORM_FIXED &&
			form->fields[i].kind != ENVOI_FORM_HIDDEN) {
			return true;
		}
	}
	return false;
}

/* @return false: out of memory */
static bool fill_field(struct envoi_form_field *filled, const struct invocation *invocation,
	const struct envoi_form_field *field)
{
	*filled = (struct envoi_form_field){.var = field->var,
		.kind = field->kind,
		.values = field->values,
		.value_count = field->value_count};
	if (field_value(invocation, field->var) == NULL) {
		return true;
	}
	filled->value_count = 0;
	filled->values = calloc(MOST_OWN_OPTIONS, sizeof(*filled->values));
	const char *value;
	int position = 0;
	while (filled->values != NULL &&
		(value = next_value(invocation, field->var, &position)) != NULL) {
		char *copy = strdup(value);
		if (copy == NULL) {
			return false;
		}
		filled->values[filled->value_count++] = copy;
	}
	return filled->values != NULL;
}

static int check_filled(const struct envoi_form *filled, const struct envoi_form *form)
{
	struct envoi_payload_problem problem;
	if (envoi_forms_check(filled, form, &problem) == ENVOI_OK) {
		return STATUS_DONE;
	}
	complain("the form is not filled in: --field %s=...: %s", problem.where, problem.why);
	return STATUS_NO;
}

/* Values that --field has given are copies; others are borrowed. */
void form_free(const struct invocation *invocation, struct envoi_form *filled)
{
	for (size_t i = 0; i < filled->field_count; i++) {
		struct envoi_form_field *field = &filled->fields[i];
		if (field_value(invocation, field->var) == NULL) {
			continue;
		}
		for (size_t j = 0; j < field->value_count; j++) {
			char *value = field->values[j];
			explicit_bzero(value, strlen(value)); /* it may be a password */
			free(value);
		}
		free(field->values);
	}
	free(filled->fields);
	*filled = (struct envoi_form){0};
}

int form_fill(struct envoi_form *ret_filled, const struct invocation *invocation,
	const struct envoi_form *form)
{
	bool is_filled = true;
	*ret_filled = (struct envoi_form){
		.kind = ENVOI_FORM_SUBMIT,
		.fields = calloc(form->field_count + 1, sizeof(*form->fields)),
	};
	for (size_t i = 0; ret_filled->fields != NULL && is_filled && i < form->field_count; i++) {
		const struct envoi_form_field *field = &form->fields[i];
		if (field->kind != ENVOI_FORM_FIXED && field->var != NULL) {
			is_filled = fill_field(
				&ret_filled->fields[ret_filled->field_count++], invocation, field);
		}
	}
	if (ret_filled->fields == NULL || !is_filled) {
		complain("%s", envoi_error_text(ENVOI_ERR_NOMEM));
		form_free(invocation, ret_filled);
		return STATUS_NO;
	}
	int status = check_filled(ret_filled, form);
	if (status != STATUS_DONE) {
		form_free(invocation, ret_filled);
	}
	return status;
}
