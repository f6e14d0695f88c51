/*
 * envoi - settings of presence and subscriptions
 * SPDX-License-Identifier: MIT
 */
#ifndef ENVOI_PRESENCE_PRESENCE_SETTINGS_H
#define ENVOI_PRESENCE_PRESENCE_SETTINGS_H

#include <stdbool.h>
#include <stddef.h>

#include <envoi/settings.h>

enum envoi__subscription_policy {
	ENVOI__SUBSCRIPTION_ASK,
	ENVOI__SUBSCRIPTION_KNOWN,
	ENVOI__SUBSCRIPTION_ALL,
	ENVOI__SUBSCRIPTION_REFUSE,
};

struct envoi__presence_settings {
#define ENVOI__SETTINGS "presence/presence_settings.def"
#include "settings/members.h"
};

extern const struct envoi_setting envoi__presence_setting_table[];

void envoi__presence_settings_read(
	struct envoi__presence_settings *ret_values, const struct envoi_settings *settings);

#endif
