/*
 * envoi - settings of listeners
 * SPDX-License-Identifier: MIT
 */
#ifndef ENVOI_LISTENER_LISTENER_SETTINGS_H
#define ENVOI_LISTENER_LISTENER_SETTINGS_H

#include <stdbool.h>
#include <stddef.h>

#include <envoi/settings.h>

struct envoi__listener_settings {
#define ENVOI__SETTINGS "listener/listener_settings.def"
#include "settings/members.h"
};

extern const struct envoi_setting envoi__listener_setting_table[];

#endif
