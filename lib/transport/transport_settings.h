/*
 * envoi - settings of transports
 * SPDX-License-Identifier: MIT
 */
#ifndef ENVOI_TRANSPORT_TRANSPORT_SETTINGS_H
#define ENVOI_TRANSPORT_TRANSPORT_SETTINGS_H

#include <envoi/settings.h>

struct envoi__transport_settings {
#define ENVOI__SETTINGS "transport/transport_settings.def"
#include "settings/members.h"
};

extern const struct envoi_setting envoi__transport_setting_table[];

void envoi__transport_settings_read(
	struct envoi__transport_settings *ret_values, const struct envoi_settings *settings);

#endif
