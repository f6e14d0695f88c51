/*
 * envoi - settings of the client
 * SPDX-License-Identifier: MIT
 */
#include "client/client_settings.h"

#include <string.h>

#include "jid/prepare.h"

static int check_resource(const char *text)
{
	char room[ENVOI__JID_PART_MAX + 1];
	struct envoi__jid_reason reason;
	struct envoi__span span = {text, strlen(text)};
	return envoi__jid_prepare_resource(&span, room, &reason);
}

const struct envoi_setting envoi__client_setting_table[] = {
#define ENVOI__SETTINGS "client/client_settings.def"
#define ENVOI__SETTINGS_STRUCT struct envoi__client_settings
#include "settings/table.h"
};

void envoi__client_settings_read(
	struct envoi__client_settings *ret_values, const struct envoi_settings *settings)
{
	envoi_settings_read(settings, envoi__client_setting_table, ret_values);
}
