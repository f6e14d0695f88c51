/*
 * envoi - settings
 * SPDX-License-Identifier: MIT
 */
#include <stdio.h>
#include <string.h>

#include <envoi/context.h>

#include "settings/settings.h"

int envoi_settings_new(struct envoi_settings **ret_settings, struct envoi_context *context)
{
	struct envoi_settings *settings = envoi_alloc_zeroed(context, sizeof(*settings));
	if (settings == NULL) {
		return ENVOI_ERR_NOMEM;
	}
	size_t position = 0;
	if (envoi_context_next_setting(context, &position) == NULL) { /* makes the tables */
		envoi_free(context, settings);
		return ENVOI_ERR_NOMEM;
	}
	settings->context = envoi_context_ref(context);
	*ret_settings = settings;
	return ENVOI_OK;
}

static void value_unref(struct envoi_context *context, struct envoi__value *value)
{
	if (value != NULL && --value->refs == 0) {
		envoi_free(context, value);
	}
}

static void values_unref(struct envoi_context *context, struct envoi__values *values)
{
	if (values == NULL || --values->refs > 0) {
		return;
	}
	for (size_t i = 0; i < values->count; i++) {
		value_unref(context, values->at[i]);
	}
	envoi_free(context, values);
}

/* Makes the table the object's own, with an index in it. */
static int make_own(struct envoi_settings *settings, size_t index)
{
	struct envoi__values *old = settings->values;
	size_t old_count = old != NULL ? old->count : 0;
	if (index < old_count && old->refs == 1) {
		return ENVOI_OK;
	}
	size_t count = index < old_count ? old_count : index + 1;
	struct envoi__values *own = envoi_alloc_zeroed(
		settings->context, sizeof(*own) + count * sizeof(own->at[0]));
	if (own == NULL) {
		return ENVOI_ERR_NOMEM;
	}
	own->refs = 1;
	own->count = count;
	for (size_t i = 0; i < old_count; i++) {
		own->at[i] = old->at[i];
		if (own->at[i] != NULL) {
			own->at[i]->refs++;
		}
	}
	values_unref(settings->context, old);
	settings->values = own;
	return ENVOI_OK;
}

int envoi_settings_dup(struct envoi_settings **ret_settings, const struct envoi_settings *settings)
{
	struct envoi_settings *copy;
	int r = envoi_settings_new(&copy, settings->context);
	if (r < 0) {
		return r;
	}
	copy->values = settings->values;
	if (copy->values != NULL) {
		copy->values->refs++;
	}
	*ret_settings = copy;
	return ENVOI_OK;
}

void envoi_settings_free(struct envoi_settings *settings)
{
	if (settings == NULL) {
		return;
	}
	struct envoi_context *context = settings->context;
	values_unref(context, settings->values);
	envoi_free(context, settings->problem);
	envoi_free(context, settings);
	envoi_context_unref(context);
}

static int fail(struct envoi_settings *settings, const char *name, const char *problem, int code)
{
	char text[ENVOI__PROBLEM_SIZE];
	snprintf(text, sizeof(text), "%s: %s", name != NULL ? name : "NULL", problem);
	envoi_free(settings->context, settings->problem);
	settings->problem = envoi_strndup(settings->context, text, strlen(text));
	settings->is_problem_lost = settings->problem == NULL;
	return code;
}

/* Takes the value. */
static int store(struct envoi_settings *settings, const struct envoi__entry *entry,
	struct envoi__value *value)
{
	int r = make_own(settings, entry->index);
	if (r < 0) {
		value_unref(settings->context, value);
		return fail(settings, entry->setting->name, envoi_error_text(r), r);
	}
	value_unref(settings->context, settings->values->at[entry->index]);
	settings->values->at[entry->index] = value;
	return ENVOI_OK;
}

int envoi_settings_set(struct envoi_settings *settings, const char *name, const char *text)
{
	const struct envoi__entry *entry = envoi__settings_find(settings->context, name);
	char problem[ENVOI__PROBLEM_SIZE] = "out of memory";
	struct envoi__value *value = NULL;
	if (entry == NULL) {
		return fail(settings, name, "no such setting", ENVOI_ERR_NOT_FOUND);
	}
	if (text != NULL) {
		int r = envoi__value_parse(
			&value, settings->context, entry->setting, text, problem);
		if (r < 0) {
			return fail(settings, entry->setting->name, problem, r);
		}
	}
	return store(settings, entry, value);
}

int envoi_settings_set_int(struct envoi_settings *settings, const char *name, int64_t number)
{
	const struct envoi__entry *entry = envoi__settings_find(settings->context, name);
	char problem[ENVOI__PROBLEM_SIZE] = "out of memory";
	struct envoi__value *value;
	if (entry == NULL) {
		return fail(settings, name, "no such setting", ENVOI_ERR_NOT_FOUND);
	}
	int r = envoi__value_from_int(&value, settings->context, entry->setting, number, problem);
	if (r < 0) {
		return fail(settings, entry->setting->name, problem, r);
	}
	return store(settings, entry, value);
}

const char *envoi_settings_problem(const struct envoi_settings *settings)
{
	if (settings->problem != NULL) {
		return settings->problem;
	}
	return settings->is_problem_lost ? envoi_error_text(ENVOI_ERR_NOMEM) : "";
}

/* NULL: unset, or no such setting, which is logged. */
static const struct envoi__value *value_at(
	const struct envoi_settings *settings, const struct envoi__entry *entry, const char *name)
{
	if (entry == NULL) {
		envoi_log(settings->context, ENVOI_LOG_ERROR, ENVOI_LOG_BASE,
			"there is no setting %s to read", name);
		return NULL;
	}
	const struct envoi__values *values = settings->values;
	if (values != NULL && entry->index < values->count && values->at[entry->index] != NULL) {
		return values->at[entry->index];
	}
	return entry->fallback;
}

static const struct envoi__value *value_of(const struct envoi_settings *settings, const char *name,
	const struct envoi__entry **ret_entry)
{
	*ret_entry = envoi__settings_find(settings->context, name);
	return value_at(settings, *ret_entry, name);
}

int64_t envoi_settings_int(const struct envoi_settings *settings, const char *name)
{
	const struct envoi__entry *entry;
	const struct envoi__value *value = value_of(settings, name, &entry);
	if (value == NULL) {
		return 0;
	}
	if (entry->setting->type == ENVOI_SETTING_TEXT ||
		entry->setting->type == ENVOI_SETTING_LIST) {
		envoi_log(settings->context, ENVOI_LOG_ERROR, ENVOI_LOG_BASE,
			"setting %s is text, and was read as a number", name);
	}
	return value->number;
}

const char *envoi_settings_text(const struct envoi_settings *settings, const char *name)
{
	const struct envoi__entry *entry;
	const struct envoi__value *value = value_of(settings, name, &entry);
	return value == NULL ? NULL : value->text;
}

const char *envoi_settings_word(
	const struct envoi_settings *settings, const char *name, size_t index)
{
	const struct envoi__entry *entry;
	const struct envoi__value *value = value_of(settings, name, &entry);
	if (value == NULL) {
		return NULL;
	}
	if (entry->setting->type != ENVOI_SETTING_LIST) {
		envoi_log(settings->context, ENVOI_LOG_ERROR, ENVOI_LOG_BASE,
			"setting %s is no list, and was read as one", name);
		return NULL;
	}
	const char *word = value->text + value->len + 1;
	while (index-- > 0 && *word != '\0') {
		word += strlen(word) + 1;
	}
	return *word != '\0' ? word : NULL;
}

/* A login reads 186 settings: one look-up for each table takes 72 instructions a setting,
 * one for each setting takes 114. */
void envoi_settings_read(
	const struct envoi_settings *settings, const struct envoi_setting *table, void *ret_values)
{
	struct envoi_context *context = settings->context;
	const struct envoi__entry *const *entries = envoi__settings_find_table(context, table);
	for (size_t i = 0; table[i].type != ENVOI_SETTING_END; i++) {
		const struct envoi_setting *setting = &table[i];
		if (setting->size != 0) {
			const struct envoi__entry *entry = entries != NULL
				? entries[i]
				: envoi__settings_find(context, setting->name);
			envoi__value_put(
				value_at(settings, entry, setting->name), setting, ret_values);
		}
	}
}
