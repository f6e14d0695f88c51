/*
 * envoi - settings of connections
 * SPDX-License-Identifier: MIT
 */
#include "connection/connection_settings.h"

#include <string.h>

#include "connection/login_order.h"
#include "jid/prepare.h"

static int check_resource(const char *text)
{
	char room[ENVOI__JID_PART_MAX + 1];
	struct envoi__jid_reason reason;
	struct envoi__span span = {text, strlen(text)};
	return envoi__jid_prepare_resource(&span, room, &reason);
}

static int check_order(const char *text)
{
	return envoi__login_order_check(text);
}

const struct envoi_setting envoi__connection_setting_table[] = {
#define ENVOI__SETTINGS "connection/connection_settings.def"
#define ENVOI__SETTINGS_STRUCT struct envoi__connection_settings
#include "settings/table.h"
};

void envoi__connection_settings_read(
	struct envoi__connection_settings *ret_values, const struct envoi_settings *settings)
{
	envoi_settings_read(settings, envoi__connection_setting_table, ret_values);
}
