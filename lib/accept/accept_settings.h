/*
 * envoi - settings of accepted connections
 * SPDX-License-Identifier: MIT
 */
#ifndef ENVOI_ACCEPT_ACCEPT_SETTINGS_H
#define ENVOI_ACCEPT_ACCEPT_SETTINGS_H

#include <envoi/settings.h>

/** What happens to a request for a resource that another session has. */
enum envoi__accept_conflict {
	ENVOI__ACCEPT_REPLACE,
	ENVOI__ACCEPT_REFUSE,
	ENVOI__ACCEPT_GENERATE,
};

struct envoi__accept_settings {
#define ENVOI__SETTINGS "accept/accept_settings.def"
#include "settings/members.h"
};

extern const struct envoi_setting envoi__accept_setting_table[];

#endif
