/*
 * envoi - settings of stream management
 * SPDX-License-Identifier: MIT
 */
#ifndef ENVOI_SESSION_STREAM_MANAGEMENT_STREAM_MANAGEMENT_SETTINGS_H
#define ENVOI_SESSION_STREAM_MANAGEMENT_STREAM_MANAGEMENT_SETTINGS_H

#include <stdbool.h>

#include <envoi/settings.h>

struct envoi__sm_settings {
	bool is_used;
	size_t request_stanzas, request_bytes;
	uint64_t request_delay_ms;
	size_t answer_stanzas;
	uint64_t resumption_ms; /* 0: the server chooses */
};

extern const struct envoi_setting envoi__sm_setting_table[];

#endif
