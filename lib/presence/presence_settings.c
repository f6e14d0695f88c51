/*
 * envoi - settings of presence and subscriptions
 * SPDX-License-Identifier: MIT
 */
#include "presence/presence_settings.h"

/* In the order of enum envoi__subscription_policy. */
static const char *const policies[] = {"ask", "known", "all", "refuse", NULL};

const struct envoi_setting envoi__presence_setting_table[] = {
#define ENVOI__SETTINGS "presence/presence_settings.def"
#define ENVOI__SETTINGS_STRUCT struct envoi__presence_settings
#include "settings/table.h"
};

void envoi__presence_settings_read(
	struct envoi__presence_settings *ret_values, const struct envoi_settings *settings)
{
	envoi_settings_read(settings, envoi__presence_setting_table, ret_values);
}
