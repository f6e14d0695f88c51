/*
 * envoi - settings of components
 * SPDX-License-Identifier: MIT
 */
#include "component/component_settings.h"

const struct envoi_setting envoi__component_setting_table[] = {
#define ENVOI__SETTINGS "component/component_settings.def"
#define ENVOI__SETTINGS_STRUCT struct envoi__component_settings
#include "settings/table.h"
};
