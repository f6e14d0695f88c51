/*
 * envoi - settings of liveness
 * SPDX-License-Identifier: MIT
 */
#include "session/liveness/liveness_settings.h"

static const char *const methods[] = {
	[ENVOI__LIVENESS_PROBE] = "probe",
	[ENVOI__LIVENESS_WHITE_SPACE] = "white-space",
	[ENVOI__LIVENESS_NONE] = "none",
	NULL,
};

const struct envoi_setting envoi__liveness_setting_table[] = {
#define ENVOI__SETTINGS "session/liveness/liveness_settings.def"
#define ENVOI__SETTINGS_STRUCT struct envoi__liveness_settings
#include "settings/table.h"
};

void envoi__liveness_settings_read(
	struct envoi__liveness_settings *ret_values, const struct envoi_settings *settings)
{
	envoi_settings_read(settings, envoi__liveness_setting_table, ret_values);
	uint64_t least_ms = ret_values->probe_after_ms + ret_values->answer_timeout_ms;
	if (ret_values->limit_ms < least_ms) {
		ret_values->limit_ms = least_ms;
	}
}
