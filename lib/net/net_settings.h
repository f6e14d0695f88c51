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

/** proxy.type */
enum envoi__proxy_type {
	ENVOI__PROXY_NONE,
	ENVOI__PROXY_SOCKS5,
	ENVOI__PROXY_HTTP,
};

/** proxy.resolve */
enum envoi__proxy_resolve {
	ENVOI__RESOLVE_BY_PROXY,
	ENVOI__RESOLVE_LOCALLY,
};

struct envoi__net_settings {
#define ENVOI__SETTINGS "net/net_settings.def"
#include "settings/members.h"
};

extern const struct envoi_setting envoi__net_setting_table[];

void envoi__net_settings_read(
	struct envoi__net_settings *ret_values, const struct envoi_settings *settings);

/** @return tls.mode */
enum envoi__tls_mode envoi__tls_mode_of(const struct envoi_settings *settings);

#endif
