/*
 * envoi - settings of accepted connections
 * SPDX-License-Identifier: MIT
 */
#include "accept/accept_settings.h"

static const char *const conflicts[] = {
	[ENVOI__ACCEPT_REPLACE] = "replace",
	[ENVOI__ACCEPT_REFUSE] = "refuse",
	[ENVOI__ACCEPT_GENERATE] = "generate",
	NULL,
};

static const char *const component_conflicts[] = {
	[ENVOI__ACCEPT_REPLACE] = "replace",
	[ENVOI__ACCEPT_REFUSE] = "refuse",
	NULL,
};

const struct envoi_setting envoi__accept_setting_table[] = {
#define ENVOI__SETTINGS "accept/accept_settings.def"
#define ENVOI__SETTINGS_STRUCT struct envoi__accept_settings
#include "settings/table.h"
};
