/*
 * envoi - settings of streams
 * SPDX-License-Identifier: MIT
 */
#include "stream/stream_settings.h"

#include <envoi/values.h>

static int check_lang(const char *text)
{
	return envoi_lang_is_valid(text) ? ENVOI_OK : ENVOI_ERR_INVALID;
}

const struct envoi_setting envoi__stream_setting_table[] = {
#define ENVOI__SETTINGS "stream/stream_settings.def"
#define ENVOI__SETTINGS_STRUCT struct envoi__stream_settings
#include "settings/table.h"
};
