/*
 * envoi - settings of streams
 * SPDX-License-Identifier: MIT
 */
#include "stream/stream_settings.h"

#include <envoi/values.h>

#include "settings/table.h"

static int check_lang(const char *text)
{
	return envoi_lang_is_valid(text) ? ENVOI_OK : ENVOI_ERR_INVALID;
}

#define INTO(member) ENVOI_SETTING_INTO(struct envoi__stream_settings, member)

const struct envoi_setting envoi__stream_setting_table[] = {
	{
		INTO(lang),
		.name = "lang",
		.type = ENVOI_SETTING_TEXT,
		.validate = check_lang,
		.metavar = "TAG",
		.doc = "The preferred language of the server's texts, a language tag (RFC 5646): "
		       "xml:lang of the stream. Not set: the server's own.",
	},
	ENVOI__SETTING_TIMEOUT(INTO(stream_timeout_ms), "stream.timeout", "15s",
		"The longest time for the server's stream header and features."),
	ENVOI__SETTING_TIMEOUT(INTO(bind_timeout_ms), "bind.timeout", "15s",
		"The longest time for binding a resource."),
	ENVOI__SETTING_TIMEOUT(INTO(close_timeout_ms), "close.timeout", "5s",
		"When disconnecting, the longest time in all for pending output to be sent and for "
		"the server to close its stream and the connection; then the connection is cut."),
	{.type = ENVOI_SETTING_END},
};
