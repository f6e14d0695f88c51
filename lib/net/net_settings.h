/*
 * envoi - settings of reaching a server
 * SPDX-License-Identifier: MIT
 */
#ifndef ENVOI_NET_NET_SETTINGS_H
#define ENVOI_NET_NET_SETTINGS_H

#include <stdbool.h>
#include <stdint.h>

#include <envoi/settings.h>

/** tls.mode */
enum envoi__tls_mode {
	ENVOI__TLS_MODE_STARTTLS,
	ENVOI__TLS_MODE_DIRECT,
	ENVOI__TLS_MODE_NONE,
	ENVOI__TLS_MODE_EITHER,
};

struct envoi__net_settings {
	const char *server; /* borrowed from the settings; NULL: services of the domain */
	uint16_t port; /* 0: by service record or default */
	uint64_t resolve_timeout_ms;
	const char *name_servers; /* borrowed; NULL: the system's */
	uint64_t connect_timeout_ms, connect_stagger_ms;
	enum envoi__tls_mode tls_mode;
	uint64_t tls_timeout_ms, decision_timeout_ms;
};

extern const struct envoi_setting envoi__net_setting_table[];

void envoi__net_settings_read(
	struct envoi__net_settings *ret_values, const struct envoi_settings *settings);

/** @return tls.mode */
enum envoi__tls_mode envoi__tls_mode_of(const struct envoi_settings *settings);

#endif
