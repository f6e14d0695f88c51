/*
 * envoi-server - settings of servers
 * SPDX-License-Identifier: MIT
 *
 * Private headers: settings/table.h, which makes a table of a list.
 */
#include <envoi/error.h>

#include "inside.h"

static int check_base(const char *text)
{
	return envoi__web_is_base(text) ? ENVOI_OK : ENVOI_ERR_INVALID;
}

const struct envoi_setting envoi__server_setting_table[] = {
#define ENVOI__SETTINGS "server_settings.def"
#define ENVOI__SETTINGS_STRUCT struct envoi__server_settings
#include "settings/table.h"
};
