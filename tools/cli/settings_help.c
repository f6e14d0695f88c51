/*
 * envoi - the command-line program: help for settings
 * SPDX-License-Identifier: MIT
 */
#include <stdio.h>
#include <string.h>

#include "help.h"
#include "json.h"
#include "wrap.h"

static void print_choices(const struct envoi_setting *setting)
{
	for (size_t i = 0; setting->choices[i] != NULL; i++) {
		printf("%s%s", i == 0 ? "" : "|", setting->choices[i]);
	}
}

static void print_value_name(const struct envoi_setting *setting)
{
	if (setting->type == ENVOI_SETTING_BOOL) {
		return;
	}
	putchar(' ');
	if (setting->type == ENVOI_SETTING_CHOICE) {
		print_choices(setting);
	} else if (setting->metavar != NULL) {
		fputs(setting->metavar, stdout);
	} else {
		static const char *const names[] = {
			[ENVOI_SETTING_INT] = "N",
			[ENVOI_SETTING_MS] = "TIME",
			[ENVOI_SETTING_BYTES] = "BYTES",
			[ENVOI_SETTING_TEXT] = "TEXT",
			[ENVOI_SETTING_LIST] = "WORDS",
		};
		fputs(names[setting->type], stdout);
	}
}

static bool has_range(const struct envoi_setting *setting)
{
	bool is_number = setting->type == ENVOI_SETTING_INT || setting->type == ENVOI_SETTING_MS ||
		setting->type == ENVOI_SETTING_BYTES;
	return is_number && (setting->min != 0 || setting->max != 0);
}

/* @return the default as the setting is written; NULL: there is none; borrowed from @p scratch */
static const char *default_of(struct envoi_settings *scratch, const struct envoi_setting *setting)
{
	const char *text = envoi_settings_set(scratch, setting->name, NULL) == ENVOI_OK
		? envoi_settings_text(scratch, setting->name)
		: NULL;
	return text != NULL && text[0] != '\0' ? text : NULL;
}

/* Append a number in the form in which the setting is written: "1ms", "64k". */
static int add_number(struct envoi_buffer *text, struct envoi_settings *scratch,
	const struct envoi_setting *setting, int64_t number)
{
	int r = envoi_settings_set_int(scratch, setting->name, number);
	return r < 0 ? r
		     : envoi_buffer_append_text(text, envoi_settings_text(scratch, setting->name));
}

static int add_range(struct envoi_buffer *text, struct envoi_settings *scratch,
	const struct envoi_setting *setting)
{
	int r = envoi_buffer_append_text(text, " Range: ");
	if (r == ENVOI_OK) {
		r = add_number(text, scratch, setting, setting->min);
	}
	if (r == ENVOI_OK) {
		r = envoi_buffer_append_text(text, " to ");
	}
	if (r == ENVOI_OK) {
		r = add_number(text, scratch, setting, setting->max);
	}
	return r == ENVOI_OK ? envoi_buffer_append_text(text, ".") : r;
}

static int add_default(struct envoi_buffer *text, struct envoi_settings *scratch,
	const struct envoi_setting *setting)
{
	const char *fallback = default_of(scratch, setting);
	return fallback != NULL ? envoi_buffer_printf(text, " Default: %s.", fallback) : ENVOI_OK;
}

/* What the setting does, its range and its default. */
static int describe(struct envoi_buffer *text, struct envoi_settings *scratch,
	const struct envoi_setting *setting)
{
	int r = envoi_buffer_append_text(text, setting->doc);
	if (r == ENVOI_OK && has_range(setting)) {
		r = add_range(text, scratch, setting);
	}
	if (r == ENVOI_OK) {
		r = add_default(text, scratch, setting);
	}
	return r == ENVOI_OK ? envoi_buffer_append(text, "", 1) : r;
}

static int print_setting(struct envoi_context *context, struct envoi_settings *scratch,
	const struct envoi_setting *setting)
{
	struct envoi_buffer text;
	envoi_buffer_init(&text, context, 0);
	int r = describe(&text, scratch, setting);
	if (r == ENVOI_OK) {
		printf("  --%s", envoi_context_setting_option(context, setting));
		print_value_name(setting);
		printf(" (%s)\n", setting->name);
		print_wrapped(8, envoi_buffer_data(&text));
	}
	envoi_buffer_finish(&text);
	return r;
}

/* --- JSON --- */

static void write_choices(struct json *json, const struct envoi_setting *setting)
{
	json_array(json, "choices");
	for (size_t i = 0; setting->choices != NULL && setting->choices[i] != NULL; i++) {
		json_text(json, NULL, setting->choices[i]);
	}
	json_end(json);
}

/* A bound of the range, in the form in which the setting is written. */
static void write_bound(struct json *json, const char *name, struct envoi_settings *scratch,
	const struct envoi_setting *setting, int64_t number)
{
	bool is_set = has_range(setting) &&
		envoi_settings_set_int(scratch, setting->name, number) == ENVOI_OK;
	json_text(json, name, is_set ? envoi_settings_text(scratch, setting->name) : NULL);
}

static void write_setting(struct json *json, struct envoi_context *context,
	struct envoi_settings *scratch, const struct envoi_setting *setting)
{
	static const char *const types[] = {
		[ENVOI_SETTING_BOOL] = "bool",
		[ENVOI_SETTING_INT] = "int",
		[ENVOI_SETTING_MS] = "time",
		[ENVOI_SETTING_BYTES] = "bytes",
		[ENVOI_SETTING_TEXT] = "text",
		[ENVOI_SETTING_CHOICE] = "choice",
		[ENVOI_SETTING_LIST] = "list",
	};
	json_object(json, NULL);
	json_text(json, "name", setting->name);
	json_text(json, "option", envoi_context_setting_option(context, setting));
	json_text(json, "type", types[setting->type]);
	write_choices(json, setting);
	write_bound(json, "min", scratch, setting, setting->min);
	write_bound(json, "max", scratch, setting, setting->max);
	json_text(json, "default", default_of(scratch, setting));
	json_text(json, "doc", setting->doc);
	json_end(json);
}

/* --- groups --- */

enum {
	MOST_GROUPS = 64,
};

/* The part of a setting's name before the first dot; "general" for names without one. */
struct group {
	const char *name;
	size_t len;
};

static struct group group_of(const struct envoi_setting *setting)
{
	const char *dot = strchr(setting->name, '.');
	return dot != NULL ? (struct group){setting->name, (size_t)(dot - setting->name)}
			   : (struct group){"general", strlen("general")};
}

static bool is_same(struct group a, struct group b)
{
	return a.len == b.len && memcmp(a.name, b.name, a.len) == 0;
}

/* @return the number of groups, in the order of their first settings; those beyond the most are in
 * no list */
static size_t list_groups(struct envoi_context *context, struct group groups[MOST_GROUPS])
{
	const struct envoi_setting *setting;
	size_t position = 0, count = 0;
	while ((setting = envoi_context_next_setting(context, &position)) != NULL) {
		struct group group = group_of(setting);
		size_t i = 0;
		while (i < count && !is_same(groups[i], group)) {
			i++;
		}
		if (i == count && count < MOST_GROUPS) {
			groups[count++] = group;
		}
	}
	return count;
}

/* One way of showing settings. */
struct show {
	struct envoi_context *context;
	struct envoi_settings *scratch;
	struct json *json; /* NULL: lines */
};

static int show_group(const struct show *show, struct group group)
{
	const struct envoi_setting *setting;
	size_t position = 0;
	int r = ENVOI_OK;
	if (show->json == NULL) {
		printf("\n%.*s:\n", (int)group.len, group.name);
	}
	while (r == ENVOI_OK &&
		(setting = envoi_context_next_setting(show->context, &position)) != NULL) {
		if (!is_same(group_of(setting), group)) {
			continue;
		}
		if (show->json != NULL) {
			write_setting(show->json, show->context, show->scratch, setting);
		} else {
			r = print_setting(show->context, show->scratch, setting);
		}
	}
	return r;
}

/* @param name  of the group; NULL: all */
static bool is_wanted(struct group group, const char *name)
{
	return name == NULL || is_same(group, (struct group){name, strlen(name)});
}

/* @retval ENVOI_ERR_NOT_FOUND  there is no such group: nothing was shown */
static int show_groups(struct show *show, const char *name)
{
	struct group groups[MOST_GROUPS];
	size_t count = list_groups(show->context, groups), first = 0;
	while (first < count && !is_wanted(groups[first], name)) {
		first++;
	}
	int r = first == count ? ENVOI_ERR_NOT_FOUND
			       : envoi_settings_new(&show->scratch, show->context);
	if (r < 0) {
		return r;
	}
	if (show->json != NULL) {
		json_array(show->json, NULL);
	}
	for (size_t i = first; r == ENVOI_OK && i < count; i++) {
		r = is_wanted(groups[i], name) ? show_group(show, groups[i]) : ENVOI_OK;
	}
	if (show->json != NULL) {
		json_end(show->json);
	}
	envoi_settings_free(show->scratch);
	return r;
}

int settings_help(struct envoi_context *context, const char *name)
{
	return show_groups(&(struct show){.context = context}, name);
}

int settings_write(struct envoi_context *context, const char *name)
{
	struct json json = {.out = stdout};
	return show_groups(&(struct show){.context = context, .json = &json}, name);
}

void settings_list_groups(struct envoi_context *context)
{
	struct group groups[MOST_GROUPS];
	size_t count = list_groups(context, groups);
	char list[1024];
	size_t used = 0;
	for (size_t i = 0; i < count && used < sizeof(list); i++) {
		used += (size_t)snprintf(list + used, sizeof(list) - used, "%s%.*s",
			i > 0 ? ", " : "", (int)groups[i].len, groups[i].name);
	}
	print_wrapped(2, list);
}
