/*
 * envoi - settings: rows of a module's table
 * SPDX-License-Identifier: MIT
 */
#ifndef ENVOI_SETTINGS_TABLE_H
#define ENVOI_SETTINGS_TABLE_H

#include <envoi/settings.h>

/*
 * A module has one table and one struct that envoi_settings_read() fills. In its file it defines
 * INTO(member) as ENVOI_SETTING_INTO() of its struct, which is the first argument of each row.
 */

enum {
	ENVOI__SETTING_HOUR_MS = 3600000,
	ENVOI__SETTING_KIB = 1 << 10,
	ENVOI__SETTING_MIB = 1 << 20,
	ENVOI__SETTING_GIB = 1 << 30,
	ENVOI__SETTING_LARGE_COUNT = 100000000,
};

/* clang-format off */
#define ENVOI__SETTING_TIMEOUT(its_member, its_name, its_fallback, its_doc) \
	{.name = its_name, .type = ENVOI_SETTING_MS, .fallback = its_fallback, \
		.min = 1, .max = ENVOI__SETTING_HOUR_MS, .metavar = "TIME", .doc = its_doc, its_member}
#define ENVOI__SETTING_SIZE(its_member, its_name, its_fallback, its_min, its_max, its_doc) \
	{.name = its_name, .type = ENVOI_SETTING_BYTES, .fallback = its_fallback, \
		.min = its_min, .max = its_max, .metavar = "BYTES", .doc = its_doc, its_member}
#define ENVOI__SETTING_COUNT(its_member, its_name, its_fallback, its_min, its_max, its_doc) \
	{.name = its_name, .type = ENVOI_SETTING_INT, .fallback = its_fallback, \
		.min = its_min, .max = its_max, .metavar = "N", .doc = its_doc, its_member}
#define ENVOI__SETTING_FLAG(its_member, its_name, its_fallback, its_doc) \
	{.name = its_name, .type = ENVOI_SETTING_BOOL, .fallback = its_fallback, .doc = its_doc, \
		its_member}
/* clang-format on */

#endif
