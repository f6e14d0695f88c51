/*
 * envoi - settings of the roster
 * SPDX-License-Identifier: MIT
 */
#include "roster/roster_settings.h"

const struct envoi_setting envoi__roster_setting_table[] = {
#define ENVOI__SETTINGS "roster/roster_settings.def"
#define ENVOI__SETTINGS_STRUCT struct envoi__roster_settings
#include "settings/table.h"
};

void envoi__roster_settings_read(
	struct envoi__roster_settings *ret_values, const struct envoi_settings *settings)
{
	envoi_settings_read(settings, envoi__roster_setting_table, ret_values);
}
