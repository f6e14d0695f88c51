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

static int make_room(struct envoi_settings *settings, size_t index)
{
	if (index < settings->capacity) {
		return ENVOI_OK;
	}
	size_t capacity = index + 16;
	struct envoi__value **values = envoi_realloc(
		settings->context, settings->values, capacity * sizeof(struct envoi__value *));
	if (values == NULL) {
		return ENVOI_ERR_NOMEM;
	}
	for (size_t i = settings->capacity; i < capacity; i++) {
		values[i] = NULL;
	}
	settings->values = values;
	settings->capacity = capacity;
	return ENVOI_OK;
}

int envoi_settings_dup(struct envoi_settings **ret_settings, const struct envoi_settings *settings)
{
	struct envoi_settings *copy;
	int r = envoi_settings_new(&copy, settings->context);
	if (r < 0) {
		return r;
	}
	for (size_t i = settings->capacity; i-- > 0;) {
		const struct envoi__value *value = settings->values[i];
		if (value == NULL) {
			continue;
		}
		size_t len = sizeof(*value) + 2 * value->len + 3;
		struct envoi__value *twin = NULL;
		r = make_room(copy, i);
		if (r == ENVOI_OK) {
			twin = envoi_alloc(copy->context, len);
		}
		if (twin == NULL) {
			envoi_settings_free(copy);
			return ENVOI_ERR_NOMEM;
		}
		copy->values[i] = memcpy(twin, value, len);
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
	for (size_t i = 0; i < settings->capacity; i++) {
		envoi_free(context, settings->values[i]);
	}
	envoi_free(context, settings->values);
	envoi_free(context, settings);
	envoi_context_unref(context);
}

static int fail(struct envoi_settings *settings, const char *name, const char *problem, int code)
{
	snprintf(settings->problem, sizeof(settings->problem), "%s: %s",
		name != NULL ? name : "NULL", problem);
	return code;
}

/* Takes the value. */
static int store(struct envoi_settings *settings, const struct envoi__entry *entry,
	struct envoi__value *value)
{
	int r = make_room(settings, entry->index);
	if (r < 0) {
		envoi_free(settings->context, value);
		return fail(settings, entry->setting->name, envoi_error_text(r), r);
	}
	envoi_free(settings->context, settings->values[entry->index]);
	settings->values[entry->index] = value;
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
	return settings->problem;
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
	if (entry->index < settings->capacity && settings->values[entry->index] != NULL) {
		return settings->values[entry->index];
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

/* The settings of a table follow each other. */
void envoi_settings_read(
	const struct envoi_settings *settings, const struct envoi_setting *table, void *ret_values)
{
	for (size_t index = 0; table->type != ENVOI_SETTING_END; table++, index++) {
		const struct envoi__entry *entry = envoi__settings_find_at(
			settings->context, table, &index);
		if (table->size != 0) {
			envoi__value_put(value_at(settings, entry, table->name), table, ret_values);
		}
	}
}
