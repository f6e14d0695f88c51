/*
 * envoi - settings of HTTP
 * SPDX-License-Identifier: MIT
 */
#include "http/http_settings.h"

const struct envoi_setting envoi__http_setting_table[] = {
#define ENVOI__SETTINGS "http/http_settings.def"
#define ENVOI__SETTINGS_STRUCT struct envoi__http_settings
#include "settings/table.h"
};

void envoi__http_settings_read(
	struct envoi__http_settings *ret_values, const struct envoi_settings *settings)
{
	envoi_settings_read(settings, envoi__http_setting_table, ret_values);
}
