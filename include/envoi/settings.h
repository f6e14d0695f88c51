/*
 * envoi - settings
 * SPDX-License-Identifier: MIT
 */
#ifndef ENVOI_SETTINGS_H
#define ENVOI_SETTINGS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <envoi/error.h>
#include <envoi/export.h>

#ifdef __cplusplus
extern "C" {
#endif

struct envoi_context;

enum envoi_setting_type {
	ENVOI_SETTING_END = 0, /**< ends a table */
	ENVOI_SETTING_BOOL,
	ENVOI_SETTING_INT,
	/** a time in milliseconds; text may be "1500", "1500ms", "20s", "5min" */
	ENVOI_SETTING_MS,
	ENVOI_SETTING_BYTES, /**< a size; text may be "4096", "64k", "1m" */
	ENVOI_SETTING_TEXT,
	ENVOI_SETTING_CHOICE, /**< one of @p choices; its value is the index */
	ENVOI_SETTING_LIST, /**< words separated by blanks or commas */
};

/** One tunable: tables of these are constant and end with a zeroed entry. */
struct envoi_setting {
	/** "tls.timeout": also the command-line option, --tls-timeout unless @p option */
	const char *name;
	enum envoi_setting_type type;
	const char *fallback; /**< default as text; NULL: unset (TEXT, LIST only) */
	int64_t min, max; /**< of INT, MS, BYTES; both 0: any not negative */
	const char *const *choices; /**< of CHOICE, ended by NULL */
	/** OPTIONAL, TEXT and LIST. @return ENVOI_ERR_INVALID */
	int (*validate)(const char *text);
	const char *option; /**< OPTIONAL: the command-line option's name without dashes */
	const char *metavar; /**< OPTIONAL: "FILE" */
	const char *doc; /**< one or more sentences */
};

/** Values of settings; what is not set has its default. Objects copy what they need when made. */
struct envoi_settings;

/** Make settings with nothing set. They keep the context. @retval ENVOI_ERR_NOMEM */
ENVOI_API ENVOI_MUST_CHECK int envoi_settings_new(
	struct envoi_settings **ret_settings, struct envoi_context *context);
/** Make a copy, which goes its own way. @retval ENVOI_ERR_NOMEM */
ENVOI_API ENVOI_MUST_CHECK int envoi_settings_dup(
	struct envoi_settings **ret_settings, const struct envoi_settings *settings);
/** NULL is allowed. What was made from them has its own copies; texts got from them go too. */
ENVOI_API void envoi_settings_free(struct envoi_settings *settings);

/**
 * Make an application's or extension's own table known to the context's settings.
 *
 * @param table  constant, outlives the context
 * @retval ENVOI_ERR_EXISTS  a name is taken by another table
 */
ENVOI_API ENVOI_MUST_CHECK int envoi_context_add_settings(
	struct envoi_context *context, const struct envoi_setting *table);

/** Visit every known setting. @param[in,out] position 0 to begin. @return NULL at the end */
ENVOI_API const struct envoi_setting *envoi_context_next_setting(
	struct envoi_context *context, size_t *position);

/** @return the setting with that name, or with that command-line option; NULL: none */
ENVOI_API const struct envoi_setting *envoi_context_find_setting(
	struct envoi_context *context, const char *name);

/** @return the command-line option of a known setting, without dashes before it: its @p option,
 * or its name with "-" for "."; NULL: not known; lives as long as the context */
ENVOI_API const char *envoi_context_setting_option(
	struct envoi_context *context, const struct envoi_setting *setting);

/**
 * Set from text, whatever the type.
 * @param text  NULL: back to the default
 * @retval ENVOI_ERR_NOT_FOUND  no such setting
 * @retval ENVOI_ERR_INVALID    not a value of its type, out of range, or refused by its validator
 */
ENVOI_API ENVOI_MUST_CHECK int envoi_settings_set(
	struct envoi_settings *settings, const char *name, const char *text);
/** Set BOOL, INT, MS, BYTES or CHOICE (its index). Errors as envoi_settings_set(). */
ENVOI_API ENVOI_MUST_CHECK int envoi_settings_set_int(
	struct envoi_settings *settings, const char *name, int64_t value);
/** @return what was wrong with the value that was last refused, "port: more than 65535" for
 * example; "" when none was; borrowed until the next refusal */
ENVOI_API const char *envoi_settings_problem(const struct envoi_settings *settings);

/** @return the value of BOOL, INT, MS, BYTES or CHOICE. An unknown name or other type is a
 * programming error: it is logged, and the value is 0. */
ENVOI_API int64_t envoi_settings_int(const struct envoi_settings *settings, const char *name);
/** @return the value of any type as canonical text; NULL when unset; borrowed until it is set again */
ENVOI_API const char *envoi_settings_text(const struct envoi_settings *settings, const char *name);
/** @return the @p index-th word of a LIST, NULL past the end; borrowed until it is set again */
ENVOI_API const char *envoi_settings_word(
	const struct envoi_settings *settings, const char *name, size_t index);

#ifdef __cplusplus
}
#endif
#endif
