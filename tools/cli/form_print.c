/*
 * envoi - the command-line program: data forms, printed
 * SPDX-License-Identifier: MIT
 */
#include "form.h"
#include "text.h"

static const char *kind_name(enum envoi_form_field_kind kind)
{
	static const char *const names[] = {
		[ENVOI_FORM_UNTYPED] = "text-single",
		[ENVOI_FORM_BOOLEAN] = "boolean",
		[ENVOI_FORM_FIXED] = "fixed",
		[ENVOI_FORM_HIDDEN] = "hidden",
		[ENVOI_FORM_JID_MULTI] = "jid-multi",
		[ENVOI_FORM_JID_SINGLE] = "jid-single",
		[ENVOI_FORM_LIST_MULTI] = "list-multi",
		[ENVOI_FORM_LIST_SINGLE] = "list-single",
		[ENVOI_FORM_TEXT_MULTI] = "text-multi",
		[ENVOI_FORM_TEXT_PRIVATE] = "text-private",
		[ENVOI_FORM_TEXT_SINGLE] = "text-single",
	};
	return names[kind];
}

static void print_after(const char *before, const char *text)
{
	if (text != NULL && text[0] != '\0') {
		fputs(before, stdout);
		print_plain(stdout, text);
	}
}

static void print_values(const struct envoi_form_field *field)
{
	for (size_t i = 0; i < field->value_count; i++) {
		fputs(i == 0 ? "" : " | ", stdout);
		print_plain(stdout, field->values[i]);
	}
}

/* "  NAME (list-single, required) Label: a | b = default" */
static void print_question(const struct envoi_form_field *field)
{
	fputs("  ", stdout);
	print_plain(stdout, field->var != NULL ? field->var : "");
	printf(" (%s%s)", kind_name(field->kind), field->is_required ? ", required" : "");
	print_after(" ", field->label);
	for (size_t i = 0; i < field->option_count; i++) {
		fputs(i == 0 ? ": " : " | ", stdout);
		print_plain(stdout, field->options[i].value);
	}
	if (field->value_count > 0) {
		fputs(" = ", stdout);
		print_values(field);
	}
	putchar('\n');
}

static void print_result(const struct envoi_form_field *field)
{
	print_plain(stdout,
		field->label != NULL         ? field->label
			: field->var != NULL ? field->var
					     : "");
	fputs(": ", stdout);
	print_values(field);
	putchar('\n');
}

static void print_field(const struct envoi_form *form, const struct envoi_form_field *field)
{
	if (field->kind == ENVOI_FORM_HIDDEN) {
		return;
	}
	if (field->kind == ENVOI_FORM_FIXED) {
		print_values(field);
		putchar('\n');
	} else if (form->kind == ENVOI_FORM_FORM) {
		print_question(field);
	} else {
		print_result(field);
	}
}

void print_form(const struct envoi_form *form)
{
	if (form->title != NULL) {
		print_plain(stdout, form->title);
		putchar('\n');
	}
	for (size_t i = 0; i < form->instruction_count; i++) {
		print_plain(stdout, form->instructions[i]);
		putchar('\n');
	}
	for (size_t i = 0; i < form->field_count; i++) {
		print_field(form, &form->fields[i]);
	}
	for (size_t i = 0; i < form->item_count; i++) {
		for (size_t j = 0; j < form->items[i].field_count; j++) {
			fputs(j == 0 ? "" : "\t", stdout);
			print_values(&form->items[i].fields[j]);
		}
		putchar('\n');
	}
}

static void write_values(struct json *json, const struct envoi_form_field *field)
{
	json_array(json, "values");
	for (size_t i = 0; i < field->value_count; i++) {
		json_text(json, NULL, field->values[i]);
	}
	json_end(json);
}

static void write_field(struct json *json, const struct envoi_form_field *field)
{
	json_object(json, NULL);
	json_text(json, "name", field->var);
	json_text(json, "type", kind_name(field->kind));
	json_text(json, "label", field->label);
	json_bool(json, "required", field->is_required);
	write_values(json, field);
	json_array(json, "options");
	for (size_t i = 0; i < field->option_count; i++) {
		json_object(json, NULL);
		json_text(json, "label", field->options[i].label);
		json_text(json, "value", field->options[i].value);
		json_end(json);
	}
	json_end(json);
	json_end(json);
}

static void write_items(struct json *json, const struct envoi_form *form)
{
	json_array(json, "items");
	for (size_t i = 0; i < form->item_count; i++) {
		json_array(json, NULL);
		for (size_t j = 0; j < form->items[i].field_count; j++) {
			json_object(json, NULL);
			json_text(json, "name", form->items[i].fields[j].var);
			write_values(json, &form->items[i].fields[j]);
			json_end(json);
		}
		json_end(json);
	}
	json_end(json);
}

void write_form(struct json *json, const char *name, const struct envoi_form *form)
{
	if (form == NULL) {
		json_text(json, name, NULL);
		return;
	}
	json_object(json, name);
	json_text(json, "title", form->title);
	json_array(json, "instructions");
	for (size_t i = 0; i < form->instruction_count; i++) {
		json_text(json, NULL, form->instructions[i]);
	}
	json_end(json);
	json_array(json, "fields");
	for (size_t i = 0; i < form->field_count; i++) {
		write_field(json, &form->fields[i]);
	}
	json_end(json);
	write_items(json, form);
	json_end(json);
}
