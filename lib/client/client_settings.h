/*
 * envoi - settings of the client
 * SPDX-License-Identifier: MIT
 */
#ifndef ENVOI_CLIENT_CLIENT_SETTINGS_H
#define ENVOI_CLIENT_CLIENT_SETTINGS_H

#include <stdbool.h>

#include <envoi/settings.h>

struct envoi__client_settings {
#define ENVOI__SETTINGS "client/client_settings.def"
#include "settings/members.h"
};

extern const struct envoi_setting envoi__client_setting_table[];

void envoi__client_settings_read(
	struct envoi__client_settings *ret_values, const struct envoi_settings *settings);

#endif
