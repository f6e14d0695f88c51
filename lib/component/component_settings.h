/*
 * envoi - settings of components
 * SPDX-License-Identifier: MIT
 */
#ifndef ENVOI_COMPONENT_COMPONENT_SETTINGS_H
#define ENVOI_COMPONENT_COMPONENT_SETTINGS_H

#include <envoi/settings.h>

struct envoi__component_settings {
#define ENVOI__SETTINGS "component/component_settings.def"
#include "settings/members.h"
};

extern const struct envoi_setting envoi__component_setting_table[];

#endif
