/*
 * envoi - settings of sessions
 * SPDX-License-Identifier: MIT
 */
#ifndef ENVOI_SESSION_SESSION_SETTINGS_H
#define ENVOI_SESSION_SESSION_SETTINGS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <envoi/settings.h>

struct envoi__session_settings {
	uint64_t request_timeout_ms, journal_max_age_ms;
	bool resends, pings;
	size_t outbox_stanzas, outbox_bytes, requests, deferred;
};

extern const struct envoi_setting envoi__session_setting_table[];

#endif
