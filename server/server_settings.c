/*
 * envoi-server - settings of servers
 * SPDX-License-Identifier: MIT
 *
 * Private headers: settings/table.h, which makes a table of a list.
 */
#include "server_settings.h"

const struct envoi_setting envoi__server_setting_table[] = {
#define ENVOI__SETTINGS "server_settings.def"
#define ENVOI__SETTINGS_STRUCT struct envoi__server_settings
#include "settings/table.h"
};
