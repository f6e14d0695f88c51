/*
 * envoi - settings of transports
 * SPDX-License-Identifier: MIT
 */
#include "transport/transport_settings.h"

const struct envoi_setting envoi__transport_setting_table[] = {
#define ENVOI__SETTINGS "transport/transport_settings.def"
#define ENVOI__SETTINGS_STRUCT struct envoi__transport_settings
#include "settings/table.h"
};

void envoi__transport_settings_read(
	struct envoi__transport_settings *ret_values, const struct envoi_settings *settings)
{
	envoi_settings_read(settings, envoi__transport_setting_table, ret_values);
}
