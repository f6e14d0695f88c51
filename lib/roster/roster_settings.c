/*
 * envoi - settings of the roster
 * SPDX-License-Identifier: MIT
 */
#include "roster/roster_settings.h"

#include "settings/table.h"

#define INTO(member) ENVOI_SETTING_INTO(struct envoi__roster_settings, member)

const struct envoi_setting envoi__roster_setting_table[] = {
	ENVOI__SETTING_COUNT(INTO(items), "limits.roster-items", "50000", 1,
		ENVOI__SETTING_LARGE_COUNT, "The most entries of a roster that are kept."),
	{.type = ENVOI_SETTING_END},
};

void envoi__roster_settings_read(
	struct envoi__roster_settings *ret_values, const struct envoi_settings *settings)
{
	envoi_settings_read(settings, envoi__roster_setting_table, ret_values);
}
