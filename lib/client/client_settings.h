/*
 * envoi - settings of the client
 * SPDX-License-Identifier: MIT
 */
#ifndef ENVOI_CLIENT_CLIENT_SETTINGS_H
#define ENVOI_CLIENT_CLIENT_SETTINGS_H

#include <stdbool.h>

#include <envoi/settings.h>

struct envoi__client_settings {
	const char *resource; /* NULL: not set; borrowed from the settings */
	uint64_t login_timeout_ms;
	unsigned int redirects;
	int priority;
	bool sends_presence, fetches_roster;
	bool reconnects, reconnects_initially;
	uint64_t reconnect_first_ms, reconnect_longest_ms;
};

extern const struct envoi_setting envoi__client_setting_table[];

void envoi__client_settings_read(
	struct envoi__client_settings *ret_values, const struct envoi_settings *settings);

#endif
