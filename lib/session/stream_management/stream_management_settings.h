/*
 * envoi - settings of stream management
 * SPDX-License-Identifier: MIT
 */
#ifndef ENVOI_SESSION_STREAM_MANAGEMENT_STREAM_MANAGEMENT_SETTINGS_H
#define ENVOI_SESSION_STREAM_MANAGEMENT_STREAM_MANAGEMENT_SETTINGS_H

#include <stdbool.h>

#include <envoi/settings.h>

struct envoi__sm_settings {
#define ENVOI__SETTINGS "session/stream_management/stream_management_settings.def"
#include "settings/members.h"
};

extern const struct envoi_setting envoi__sm_setting_table[];

#endif
