/*
 * envoi - settings of the roster
 * SPDX-License-Identifier: MIT
 */
#ifndef ENVOI_ROSTER_ROSTER_SETTINGS_H
#define ENVOI_ROSTER_ROSTER_SETTINGS_H

#include <envoi/settings.h>

struct envoi__roster_settings {
#define ENVOI__SETTINGS "roster/roster_settings.def"
#include "settings/members.h"
};

extern const struct envoi_setting envoi__roster_setting_table[];

void envoi__roster_settings_read(
	struct envoi__roster_settings *ret_values, const struct envoi_settings *settings);

#endif
