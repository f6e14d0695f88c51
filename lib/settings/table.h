/*
 * envoi - settings: the rows of a module's list as a table (see members.h)
 * SPDX-License-Identifier: MIT
 *
 *	const struct envoi_setting envoi__net_setting_table[] = {
 *	#define ENVOI__SETTINGS "net/net_settings.def"
 *	#define ENVOI__SETTINGS_STRUCT struct envoi__net_settings
 *	#include "settings/table.h"
 *	};
 *
 * No include guard: this file is included once for each table.
 */
/* clang-format off */
#define INTO(member) ENVOI_SETTING_INTO(ENVOI__SETTINGS_STRUCT, member)
#define TIMEOUT(its_member, its_name, its_fallback, its_doc) \
	{.name = its_name, .type = ENVOI_SETTING_MS, .fallback = its_fallback, \
		.min = 1, .max = HOUR_MS, .metavar = "TIME", .doc = its_doc, INTO(its_member)},
#define SIZE(its_member, its_name, its_fallback, its_min, its_max, its_doc) \
	{.name = its_name, .type = ENVOI_SETTING_BYTES, .fallback = its_fallback, \
		.min = its_min, .max = its_max, .metavar = "BYTES", .doc = its_doc, INTO(its_member)},
#define COUNT(its_member, its_name, its_fallback, its_min, its_max, its_doc) \
	{.name = its_name, .type = ENVOI_SETTING_INT, .fallback = its_fallback, \
		.min = its_min, .max = its_max, .metavar = "N", .doc = its_doc, INTO(its_member)},
#define FLAG(its_member, its_name, its_fallback, its_doc) \
	{.name = its_name, .type = ENVOI_SETTING_BOOL, .fallback = its_fallback, .doc = its_doc, \
		INTO(its_member)},
#define SETTING(its_type, its_member, ...) {INTO(its_member), __VA_ARGS__},
/* In rows. */
#define HOUR_MS INT64_C(3600000)
#define KIB (1 << 10)
#define MIB (1 << 20)
#define GIB (1 << 30)
#define LARGE_COUNT 100000000
#define LARGE_SIZE (sizeof(size_t) > 4 ? INT64_C(1024) * GIB : INT64_C(2) * GIB)

#include ENVOI__SETTINGS
	{.type = ENVOI_SETTING_END},

#undef ENVOI__SETTINGS
#undef ENVOI__SETTINGS_STRUCT
#undef INTO
#undef TIMEOUT
#undef SIZE
#undef COUNT
#undef FLAG
#undef SETTING
#undef HOUR_MS
#undef KIB
#undef MIB
#undef GIB
#undef LARGE_COUNT
#undef LARGE_SIZE
