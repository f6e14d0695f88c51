/*
 * envoi - settings of stream management
 * SPDX-License-Identifier: MIT
 */
#include "session/stream_management/stream_management_settings.h"

const struct envoi_setting envoi__sm_setting_table[] = {
#define ENVOI__SETTINGS "session/stream_management/stream_management_settings.def"
#define ENVOI__SETTINGS_STRUCT struct envoi__sm_settings
#include "settings/table.h"
};
