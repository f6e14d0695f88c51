/*
 * envoi - settings of stream management
 * SPDX-License-Identifier: MIT
 */
#include "session/stream_management/stream_management_settings.h"

#include "settings/table.h"

#define INTO(member) ENVOI_SETTING_INTO(struct envoi__sm_settings, member)

const struct envoi_setting envoi__sm_setting_table[] = {
	ENVOI__SETTING_FLAG(INTO(is_used), "stream-management", "true",
		"Acknowledge stanzas and resume the session after a broken connection, where the "
		"server offers it (XEP-0198)."),
	ENVOI__SETTING_COUNT(INTO(request_stanzas), "stream-management.request-stanzas", "10", 1,
		ENVOI__SETTING_LARGE_COUNT,
		"An acknowledgement is requested after so many stanzas have been sent."),
	ENVOI__SETTING_SIZE(INTO(request_bytes), "stream-management.request-bytes", "16k", 1,
		ENVOI__SETTING_GIB,
		"An acknowledgement is requested after stanzas of so many bytes have been sent."),
	ENVOI__SETTING_TIMEOUT(INTO(request_delay_ms), "stream-management.request-delay", "5s",
		"An acknowledgement is requested so long after a stanza has been sent, however few "
		"have been sent."),
	ENVOI__SETTING_COUNT(INTO(answer_stanzas), "stream-management.answer-stanzas", "500", 1,
		ENVOI__SETTING_LARGE_COUNT,
		"After so many stanzas have come, they are acknowledged without a request."),
	{
		INTO(resumption_ms),
		.name = "stream-management.resumption",
		.type = ENVOI_SETTING_MS,
		.fallback = "0",
		.max = (uint64_t)24 * ENVOI__SETTING_HOUR_MS,
		.metavar = "TIME",
		.doc = "How long the server is asked to keep the session after the connection is "
		       "lost, in whole seconds. 0: the server chooses.",
	},
	{.type = ENVOI_SETTING_END},
};
