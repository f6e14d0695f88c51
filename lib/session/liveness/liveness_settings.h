/*
 * envoi - settings of liveness
 * SPDX-License-Identifier: MIT
 */
#ifndef ENVOI_SESSION_LIVENESS_LIVENESS_SETTINGS_H
#define ENVOI_SESSION_LIVENESS_LIVENESS_SETTINGS_H

#include <stdint.h>

#include <envoi/settings.h>

/** In the order of the choices of the setting. */
enum envoi__liveness_method {
	ENVOI__LIVENESS_PROBE,
	ENVOI__LIVENESS_WHITE_SPACE,
	ENVOI__LIVENESS_NONE,
};

struct envoi__liveness_settings {
#define ENVOI__SETTINGS "session/liveness/liveness_settings.def"
#include "settings/members.h"
};

extern const struct envoi_setting envoi__liveness_setting_table[];

/** Read; limit_ms is long enough for a probe and its answer. */
void envoi__liveness_settings_read(
	struct envoi__liveness_settings *ret_values, const struct envoi_settings *settings);

#endif
