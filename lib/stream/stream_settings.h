/*
 * envoi - settings of streams
 * SPDX-License-Identifier: MIT
 */
#ifndef ENVOI_STREAM_STREAM_SETTINGS_H
#define ENVOI_STREAM_STREAM_SETTINGS_H

#include <envoi/settings.h>

struct envoi__stream_settings {
#define ENVOI__SETTINGS "stream/stream_settings.def"
#include "settings/members.h"
};

extern const struct envoi_setting envoi__stream_setting_table[];

#endif
