/*
 * envoi - settings of the client
 * SPDX-License-Identifier: MIT
 */
#include "client/client_settings.h"

const struct envoi_setting envoi__client_setting_table[] = {
#define ENVOI__SETTINGS "client/client_settings.def"
#define ENVOI__SETTINGS_STRUCT struct envoi__client_settings
#include "settings/table.h"
};

void envoi__client_settings_read(
	struct envoi__client_settings *ret_values, const struct envoi_settings *settings)
{
	envoi_settings_read(settings, envoi__client_setting_table, ret_values);
}
