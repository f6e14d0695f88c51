/*
 * envoi - settings of streams
 * SPDX-License-Identifier: MIT
 */
#ifndef ENVOI_STREAM_STREAM_SETTINGS_H
#define ENVOI_STREAM_STREAM_SETTINGS_H

#include <envoi/settings.h>

struct envoi__stream_settings {
	const char *lang; /* NULL: none; borrowed from the settings */
	uint64_t stream_timeout_ms, bind_timeout_ms, close_timeout_ms;
};

extern const struct envoi_setting envoi__stream_setting_table[];

#endif
