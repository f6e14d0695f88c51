/*
 * envoi - settings of HTTP
 * SPDX-License-Identifier: MIT
 */
#ifndef ENVOI_HTTP_HTTP_SETTINGS_H
#define ENVOI_HTTP_HTTP_SETTINGS_H

#include <envoi/settings.h>

struct envoi__http_settings {
#define ENVOI__SETTINGS "http/http_settings.def"
#include "settings/members.h"
};

extern const struct envoi_setting envoi__http_setting_table[];

void envoi__http_settings_read(
	struct envoi__http_settings *ret_values, const struct envoi_settings *settings);

#endif
