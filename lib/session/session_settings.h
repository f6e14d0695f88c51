/*
 * envoi - settings of sessions
 * SPDX-License-Identifier: MIT
 */
#ifndef ENVOI_SESSION_SESSION_SETTINGS_H
#define ENVOI_SESSION_SESSION_SETTINGS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <envoi/settings.h>

struct envoi__session_settings {
#define ENVOI__SETTINGS "session/session_settings.def"
#include "settings/members.h"
};

extern const struct envoi_setting envoi__session_setting_table[];

#endif
