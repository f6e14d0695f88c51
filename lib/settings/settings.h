/*
 * envoi - settings: what their files share
 * SPDX-License-Identifier: MIT
 */
#ifndef ENVOI_SETTINGS_SETTINGS_H
#define ENVOI_SETTINGS_SETTINGS_H

#include <stddef.h>
#include <stdint.h>

#include <envoi/settings.h>

/** The core's own table. */
extern const struct envoi_setting envoi__core_settings[];

/** A value in every form that is asked for; one allocation. */
struct envoi__value {
	int64_t number; /* BOOL, INT, MS, BYTES, CHOICE */
	size_t len;
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

/** A known setting. */
struct envoi__entry {
	const struct envoi_setting *setting;
	size_t index; /* among all of the context */
	struct envoi__value *fallback; /* NULL: unset */
	char option[]; /* the command-line option */
};

/** @return the entry of that name or option, or NULL; the core's table is added on first use */
const struct envoi__entry *envoi__settings_find(struct envoi_context *context, const char *name);

#endif
