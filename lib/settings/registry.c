/*
 * envoi - settings: the tables that a context knows
 * SPDX-License-Identifier: MIT
 */
#include <stdbool.h>
#include <string.h>

#include "base/context.h"
#include "base/map.h"
#include "settings/settings.h"

struct registry {
	struct envoi__part part;
	struct envoi_context *context; /* borrowed: it owns this */
	struct envoi__entry **entries;
	size_t count, capacity;
	struct envoi__map by_key; /* names and options */
	struct envoi_settings defaults;
};

static struct registry *registry_from_part(struct envoi__part *part)
{
	return ENVOI_CONTAINER_OF(part, struct registry, part);
}

static void entry_free(struct envoi_context *context, struct envoi__entry *entry)
{
	if (entry != NULL) {
		envoi_free(context, entry->fallback);
		envoi_free(context, entry);
	}
}

static void registry_destroy(struct envoi__part *part)
{
	struct registry *registry = registry_from_part(part);
	for (size_t i = 0; i < registry->count; i++) {
		entry_free(registry->context, registry->entries[i]);
	}
	envoi_free(registry->context, registry->entries);
	envoi__map_finish(&registry->by_key);
	envoi_free(registry->context, registry);
}

static int make_room(struct registry *registry)
{
	if (registry->count < registry->capacity) {
		return ENVOI_OK;
	}
	size_t capacity = registry->capacity == 0 ? 64 : registry->capacity * 2;
	struct envoi__entry **entries = envoi_realloc(
		registry->context, registry->entries, capacity * sizeof(struct envoi__entry *));
	if (entries == NULL) {
		return ENVOI_ERR_NOMEM;
	}
	registry->entries = entries;
	registry->capacity = capacity;
	return ENVOI_OK;
}

/* "tls.ca-file" is --tls-ca-file, unless the table gives it another option. */
static struct envoi__entry *entry_new(
	struct envoi_context *context, const struct envoi_setting *setting)
{
	const char *option = setting->option != NULL ? setting->option : setting->name;
	size_t len = strlen(option);
	struct envoi__entry *entry = envoi_alloc_zeroed(context, sizeof(*entry) + len + 1);
	if (entry == NULL) {
		return NULL;
	}
	entry->setting = setting;
	for (size_t i = 0; i < len; i++) {
		entry->option[i] = option[i] == '.' ? '-' : option[i];
	}
	return entry;
}

static int add_keys(struct registry *registry, struct envoi__entry *entry)
{
	struct envoi__map *map = &registry->by_key;
	const char *name = entry->setting->name, *option = entry->option;
	int r = envoi__map_add(map, name, strlen(name), entry);
	if (r < 0 || strcmp(name, option) == 0) {
		return r;
	}
	r = envoi__map_add(map, option, strlen(option), entry);
	if (r < 0) {
		envoi__map_remove(map, name, strlen(name));
	}
	return r;
}

static int add(struct registry *registry, const struct envoi_setting *setting)
{
	char problem[ENVOI__PROBLEM_SIZE];
	struct envoi__entry *entry = NULL;
	int r = make_room(registry);
	if (r < 0) {
		return r;
	}
	if (!envoi__setting_fits_member(setting)) {
		envoi_log(registry->context, ENVOI_LOG_ERROR, ENVOI_LOG_BASE,
			"setting %s: its member has the wrong size", setting->name);
		return ENVOI_ERR_INVALID;
	}
	entry = entry_new(registry->context, setting);
	if (entry == NULL) {
		return ENVOI_ERR_NOMEM;
	}
	if (setting->fallback != NULL) {
		r = envoi__value_parse(
			&entry->fallback, registry->context, setting, setting->fallback, problem);
		if (r == ENVOI_ERR_INVALID) {
			envoi_log(registry->context, ENVOI_LOG_ERROR, ENVOI_LOG_BASE,
				"setting %s: its default is %s", setting->name, problem);
		}
	}
	if (r == ENVOI_OK) {
		r = add_keys(registry, entry);
	}
	if (r < 0) {
		entry_free(registry->context, entry);
		return r;
	}
	entry->index = registry->count;
	registry->entries[registry->count++] = entry;
	return ENVOI_OK;
}

static void remove_last(struct registry *registry)
{
	struct envoi__entry *entry = registry->entries[--registry->count];
	const char *name = entry->setting->name;
	envoi__map_remove(&registry->by_key, name, strlen(name));
	envoi__map_remove(&registry->by_key, entry->option, strlen(entry->option));
	entry_free(registry->context, entry);
}

static int add_table(struct registry *registry, const struct envoi_setting *table)
{
	size_t before = registry->count;
	for (; table->type != ENVOI_SETTING_END; table++) {
		int r = add(registry, table);
		if (r < 0) {
			while (registry->count > before) {
				remove_last(registry);
			}
			return r;
		}
	}
	return ENVOI_OK;
}

/* NULL: out of memory. */
static struct registry *registry_of(struct envoi_context *context)
{
	if (context->parts[ENVOI__PART_SETTINGS] != NULL) {
		return registry_from_part(context->parts[ENVOI__PART_SETTINGS]);
	}
	struct registry *registry = envoi_alloc_zeroed(context, sizeof(*registry));
	if (registry == NULL) {
		return NULL;
	}
	registry->part.destroy = registry_destroy;
	registry->context = context;
	envoi__map_init(&registry->by_key, context);
	registry->defaults.context = context;
	for (size_t i = 0; envoi__setting_tables[i] != NULL; i++) {
		if (add_table(registry, envoi__setting_tables[i]) < 0) {
			registry_destroy(&registry->part);
			return NULL;
		}
	}
	context->parts[ENVOI__PART_SETTINGS] = &registry->part;
	return registry;
}

int envoi_context_add_settings(struct envoi_context *context, const struct envoi_setting *table)
{
	struct registry *registry = registry_of(context);
	if (registry == NULL) {
		return ENVOI_ERR_NOMEM;
	}
	for (size_t i = 0; i < registry->count; i++) {
		if (registry->entries[i]->setting == table) {
			return ENVOI_OK;
		}
	}
	return add_table(registry, table);
}

const struct envoi_setting *envoi_context_next_setting(
	struct envoi_context *context, size_t *position)
{
	struct registry *registry = registry_of(context);
	if (registry == NULL || *position >= registry->count) {
		return NULL;
	}
	return registry->entries[(*position)++]->setting;
}

const struct envoi_settings *envoi__default_settings(struct envoi_context *context)
{
	struct registry *registry = registry_of(context);
	return registry == NULL ? NULL : &registry->defaults;
}

const struct envoi__entry *envoi__settings_find(struct envoi_context *context, const char *name)
{
	struct registry *registry = registry_of(context);
	return registry == NULL || name == NULL
		? NULL
		: envoi__map_get(&registry->by_key, name, strlen(name));
}

const struct envoi__entry *const *envoi__settings_find_table(
	struct envoi_context *context, const struct envoi_setting *table)
{
	const struct envoi__entry *first = envoi__settings_find(context, table->name);
	return first == NULL || first->setting != table
		? NULL
		: (const struct envoi__entry *const *)registry_of(context)->entries + first->index;
}

const struct envoi_setting *envoi_context_find_setting(
	struct envoi_context *context, const char *name)
{
	const struct envoi__entry *entry = envoi__settings_find(context, name);
	return entry == NULL ? NULL : entry->setting;
}

const char *envoi_context_setting_option(
	struct envoi_context *context, const struct envoi_setting *setting)
{
	const struct envoi__entry *entry = envoi__settings_find(context, setting->name);
	return entry == NULL ? NULL : entry->option;
}
