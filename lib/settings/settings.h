/*
 * envoi - settings: what their files share
 * SPDX-License-Identifier: MIT
 */
#ifndef ENVOI_SETTINGS_SETTINGS_H
#define ENVOI_SETTINGS_SETTINGS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <envoi/settings.h>

/** The tables of the library's modules, ended by NULL; defined in client/defaults.c. Each is in the
 * room of its module. */
extern const struct envoi_setting *const envoi__setting_tables[];

/** Settings in which nothing is set, of the context; NULL: out of memory. */
const struct envoi_settings *envoi__default_settings(struct envoi_context *context);

/** A value in every form that is asked for; one allocation. */
struct envoi__value {
	int64_t number; /* BOOL, INT, MS, BYTES, CHOICE */
	unsigned int refs; /* of tables of values */
	unsigned int len;
	char text[]; /* canonical; of a LIST then its words, each with a NUL, and a last NUL */
};

enum {
	ENVOI__PROBLEM_SIZE = 256,
};

/**
 * Read the value of a setting.
 *
 * @param[out] problem  ENVOI__PROBLEM_SIZE bytes: what is wrong with it, when it is invalid
 * @retval ENVOI_ERR_INVALID, ENVOI_ERR_NOMEM
 */
int envoi__value_parse(struct envoi__value **ret_value, struct envoi_context *context,
	const struct envoi_setting *setting, const char *text, char *problem);

/** As envoi__value_parse(), of a number that is within the setting's range. */
int envoi__value_from_int(struct envoi__value **ret_value, struct envoi_context *context,
	const struct envoi_setting *setting, int64_t number, char *problem);

/** The values that are set, by index of their entries; NULL: the default. */
struct envoi__values {
	unsigned int refs; /* of settings */
	size_t count;
	struct envoi__value *at[];
};

struct envoi_settings {
	struct envoi_context
		*context; /* a reference; the context's own default settings have none */
	struct envoi__values *values; /* shared with copies until one of them is changed */
	char *problem; /* of the last refusal; NULL: none, or memory was short */
	bool is_problem_lost;
};

/** A known setting. */
struct envoi__entry {
	const struct envoi_setting *setting;
	size_t index; /* among all of the context */
	struct envoi__value *fallback; /* NULL: unset */
	char option[]; /* the command-line option */
};

/** @return the entry of that name or option, or NULL; the library's tables are added on first use
 *          */
const struct envoi__entry *envoi__settings_find(struct envoi_context *context, const char *name);

/** @return the entries of a table, which follow each other; NULL: the context does not have it */
const struct envoi__entry *const *envoi__settings_find_table(
	struct envoi_context *context, const struct envoi_setting *table);

/** Set a member of a struct. @param value NULL: zero it */
void envoi__value_put(
	const struct envoi__value *value, const struct envoi_setting *setting, void *values);

/** @return whether the member that a setting is read into, if any, has room for its values */
bool envoi__setting_fits_member(const struct envoi_setting *setting);

#endif
