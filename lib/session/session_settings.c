/*
 * envoi - settings of sessions
 * SPDX-License-Identifier: MIT
 */
#include "session/session_settings.h"

const struct envoi_setting envoi__session_setting_table[] = {
#define ENVOI__SETTINGS "session/session_settings.def"
#define ENVOI__SETTINGS_STRUCT struct envoi__session_settings
#include "settings/table.h"
};
