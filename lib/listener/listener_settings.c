/*
 * envoi - settings of listeners
 * SPDX-License-Identifier: MIT
 */
#include "listener/listener_settings.h"

const struct envoi_setting envoi__listener_setting_table[] = {
#define ENVOI__SETTINGS "listener/listener_settings.def"
#define ENVOI__SETTINGS_STRUCT struct envoi__listener_settings
#include "settings/table.h"
};
