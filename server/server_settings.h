/*
 * envoi-server - settings of servers
 * SPDX-License-Identifier: MIT
 *
 * Private headers: settings/members.h and settings/table.h, which make a table of a list.
 */
#ifndef ENVOI_SERVER_SERVER_SETTINGS_H
#define ENVOI_SERVER_SERVER_SETTINGS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <envoi/settings.h>

struct envoi__server_settings {
#define ENVOI__SETTINGS "server_settings.def"
#include "settings/members.h"
};

extern const struct envoi_setting envoi__server_setting_table[];

#endif
