/*
 * envoi - settings of liveness
 * SPDX-License-Identifier: MIT
 */
#include "session/liveness/liveness_settings.h"

#include "settings/table.h"

#define INTO(member) ENVOI_SETTING_INTO(struct envoi__liveness_settings, member)

static const char *const methods[] = {
	[ENVOI__LIVENESS_PROBE] = "probe",
	[ENVOI__LIVENESS_WHITE_SPACE] = "white-space",
	[ENVOI__LIVENESS_NONE] = "none",
	NULL,
};

const struct envoi_setting envoi__liveness_setting_table[] = {
	{
		INTO(method),
		.name = "liveness.method",
		.type = ENVOI_SETTING_CHOICE,
		.choices = methods,
		.fallback = "probe",
		.metavar = "METHOD",
		.doc = "How a silent connection is checked. probe: with something that the peer "
		       "answers, a request for an acknowledgement (XEP-0198) or a ping (XEP-0199). "
		       "white-space: white space keeps the connection open in routers, and the "
		       "kernel notices in the end that it does not arrive. none: not at all.",
	},
	ENVOI__SETTING_TIMEOUT(INTO(probe_after_ms), "liveness.probe-after", "60s",
		"Check a connection on which nothing has arrived for this time."),
	ENVOI__SETTING_TIMEOUT(INTO(answer_timeout_ms), "liveness.answer-timeout", "20s",
		"Close a connection on which nothing arrives for this time after a probe, unless "
		"the peer still takes pending output."),
	ENVOI__SETTING_TIMEOUT(INTO(limit_ms), "liveness.limit", "180s",
		"Close a connection on which nothing has arrived for this time in all, also when "
		"the peer still takes pending output; at least the sum of liveness.probe-after and "
		"liveness.answer-timeout."),
	{.type = ENVOI_SETTING_END},
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
