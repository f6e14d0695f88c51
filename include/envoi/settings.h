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

/** The type of a setting. In brackets: the type of the struct member that envoi_settings_read()
 * fills. */
enum envoi_setting_type {
	ENVOI_SETTING_END = 0, /**< ends a table */
	ENVOI_SETTING_BOOL, /**< "true", "yes", "on", "1" or their opposites [bool] */
	ENVOI_SETTING_INT, /**< a whole number [an integer type that has the range] */
	/** a time in milliseconds; as text "1500", "1500ms", "20s", "5min" or "1h" [an integer] */
	ENVOI_SETTING_MS,
	ENVOI_SETTING_BYTES, /**< a size; as text "4096", "64k", "1m" or "1g" [an integer] */
	ENVOI_SETTING_TEXT, /**< [const char *; NULL: unset] */
	ENVOI_SETTING_CHOICE, /**< one of @p choices; its value is the index [an enum or int] */
	/**
	 * words separated by blanks or commas [const char *: the words, each with its NUL, then an
	 * empty word]
	 */
	ENVOI_SETTING_LIST,
};

/** One setting. A table of these is constant and ends with a zeroed entry. */
struct envoi_setting {
	/** "tls.timeout". The command-line option is --tls-timeout, unless @p option is set */
	const char *name;
	enum envoi_setting_type type;
	const char *fallback; /**< default as text; NULL: unset (TEXT, LIST only) */
	int64_t min,
		max; /**< of INT, MS, BYTES, both included; both 0: from 0, without a maximum */
	const char *const *choices; /**< of CHOICE, ended by NULL */
	/** OPTIONAL, of TEXT and LIST: check a value. @return ENVOI_OK, or an error to refuse it */
	int (*validate)(const char *text);
	const char *option; /**< OPTIONAL: the command-line option's name without dashes */
	const char *metavar; /**< OPTIONAL: "FILE" */
	const char *doc; /**< the manual: effect, unit, special values; one or more sentences */
	/**
	 * OPTIONAL: the member that envoi_settings_read() fills, given by ENVOI_SETTING_INTO();
	 * size 0: none
	 */
	size_t offset, size;
	/** OPTIONAL, with @p validate: the values that it accepts, for the text of a refusal: "a
	 * host name or an IP address" */
	const char *expected;
};

/** Initialises offset and size: envoi_settings_read() reads the setting into @p member of @p
 * type. */
#define ENVOI_SETTING_INTO(type, member) \
	.offset = offsetof(type, member), .size = sizeof(((type *)0)->member)

/** Values of settings. A setting that is not set has its default. */
struct envoi_settings;

/** Make settings in which nothing is set; free them with envoi_settings_free(). They hold a
 * reference to the context.
 * @retval ENVOI_ERR_NOMEM */
ENVOI_API ENVOI_MUST_CHECK int envoi_settings_new(
	struct envoi_settings **ret_settings, struct envoi_context *context);

/** Copy settings. The copy is independent; free it with envoi_settings_free().
 * @retval ENVOI_ERR_NOMEM */
ENVOI_API ENVOI_MUST_CHECK int envoi_settings_dup(
	struct envoi_settings **ret_settings, const struct envoi_settings *settings);

/** Free settings; NULL is allowed. Texts that were read from them are freed too. */
ENVOI_API void envoi_settings_free(struct envoi_settings *settings);

/**
 * Add a table of an application or an extension to the settings of the context.
 *
 * @param table  constant, outlives the context
 * @retval ENVOI_OK           added now or before
 * @retval ENVOI_ERR_EXISTS   a name or option is in use by another setting
 * @retval ENVOI_ERR_INVALID  a default is not a valid value of its setting, or a member named by
 *                            ENVOI_SETTING_INTO() has the wrong size; logged
 * @retval ENVOI_ERR_NOMEM
 * On failure nothing is added.
 */
ENVOI_API ENVOI_MUST_CHECK int envoi_context_add_settings(
	struct envoi_context *context, const struct envoi_setting *table);

/** Visit every setting of the context. @param[in,out] position 0 to begin. @return the next
 * setting; NULL: at the end, or out of memory */
ENVOI_API const struct envoi_setting *envoi_context_next_setting(
	struct envoi_context *context, size_t *position);

/** @return the setting with that name, or with that command-line option; NULL: none */
ENVOI_API const struct envoi_setting *envoi_context_find_setting(
	struct envoi_context *context, const char *name);

/** @return the command-line option of a setting, without leading dashes: its @p option, else its
 * name with "-" for "."; NULL: the context does not have the setting; lives as long as the context
 */
ENVOI_API const char *envoi_context_setting_option(
	struct envoi_context *context, const struct envoi_setting *setting);

/**
 * Set a setting of any type from text.
 *
 * @param name  a name, or a command-line option without dashes
 * @param text  in the form that its type has, see enum envoi_setting_type; copied; NULL: the
 *              default
 * @retval ENVOI_ERR_NOT_FOUND  there is no such setting
 * @retval ENVOI_ERR_INVALID    not of its type, out of range, or refused by its validator:
 *                              envoi_settings_problem() has the reason
 * @retval ENVOI_ERR_NOMEM
 * On failure the setting keeps its value.
 */
ENVOI_API ENVOI_MUST_CHECK int envoi_settings_set(
	struct envoi_settings *settings, const char *name, const char *text);
/** Set a BOOL, INT, MS or BYTES, or a CHOICE by its index. Errors as envoi_settings_set(). */
ENVOI_API ENVOI_MUST_CHECK int envoi_settings_set_int(
	struct envoi_settings *settings, const char *name, int64_t value);
/** @return the reason why the last refused value was refused, "port: more than 65535" for example;
 * "": no value was refused; borrowed until the next refusal */
ENVOI_API const char *envoi_settings_problem(const struct envoi_settings *settings);

/**
 * Read the settings of a table into the members that ENVOI_SETTING_INTO() gives.
 *
 * @param table  a table of the context. A setting that the context does not have is a programming
 *               error: it is logged, and its member is zeroed
 * @param[out] ret_values  the struct; members that the table does not name are unchanged. Texts and
 *               words are borrowed until the setting is set again or @p settings are freed
 */
ENVOI_API void envoi_settings_read(
	const struct envoi_settings *settings, const struct envoi_setting *table, void *ret_values);

/** @return the value of a BOOL, INT, MS or BYTES, or the index of a CHOICE. An unknown name or
 * another type is a programming error: it is logged, and the value is 0 */
ENVOI_API int64_t envoi_settings_int(const struct envoi_settings *settings, const char *name);
/** @return the value of any type as canonical text; NULL: unset; borrowed until it is set again, or
 * @p settings are freed */
ENVOI_API const char *envoi_settings_text(const struct envoi_settings *settings, const char *name);
/** @return the word at @p index, from 0, of a LIST; NULL: past the end; borrowed as
 * envoi_settings_text() */
ENVOI_API const char *envoi_settings_word(
	const struct envoi_settings *settings, const char *name, size_t index);

#ifdef __cplusplus
}
#endif
#endif
