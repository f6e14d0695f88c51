/*
 * envoi - settings of connections
 * SPDX-License-Identifier: MIT
 */
#ifndef ENVOI_CONNECTION_CONNECTION_SETTINGS_H
#define ENVOI_CONNECTION_CONNECTION_SETTINGS_H

#include <stdbool.h>

#include <envoi/settings.h>

struct envoi__connection_settings {
#define ENVOI__SETTINGS "connection/connection_settings.def"
#include "settings/members.h"
};

extern const struct envoi_setting envoi__connection_setting_table[];

void envoi__connection_settings_read(
	struct envoi__connection_settings *ret_values, const struct envoi_settings *settings);

#endif
