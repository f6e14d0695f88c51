/*
 * envoi - settings: the rows of a module's list as members of its struct
 * SPDX-License-Identifier: MIT
 *
 * A module lists its settings once, in a file of rows (net/net_settings.def). The struct that
 * envoi_settings_read() fills and the table of envoi_context_add_settings() are made of it:
 *
 *	struct envoi__net_settings {
 *	#define ENVOI__SETTINGS "net/net_settings.def"
 *	#include "settings/members.h"
 *	};
 *
 * <envoi/settings.h> is included before. No include guard: this file is included once for each
 * struct.
 */
#define TIMEOUT(member, name, fallback, doc) uint64_t member;
#define SIZE(member, name, fallback, least, most, doc) size_t member;
#define COUNT(member, name, fallback, least, most, doc) unsigned int member;
#define FLAG(member, name, fallback, doc) bool member;
/* Texts are borrowed from the settings; NULL: not set. */
#define SETTING(type, member, ...) type member;

#include ENVOI__SETTINGS

#undef ENVOI__SETTINGS
#undef TIMEOUT
#undef SIZE
#undef COUNT
#undef FLAG
#undef SETTING
