/*
 * envoi - settings of reaching a server
 * SPDX-License-Identifier: MIT
 */
#include "net/net_settings.h"

#include <string.h>

#include <envoi/jid.h>

#include "net/host_names.h"
#include "net/name_servers.h"

static const char *const tls_modes[] = {"starttls", "direct", "none", "either", NULL};
static const char *const proxy_types[] = {"none", "socks5", "http", NULL};
static const char *const proxy_resolves[] = {"proxy", "local", NULL};

/* "192.0.2.1:5222", say: the setting port is separate. In brackets is an IPv6 address alone. */
static bool has_port(const char *text)
{
	unsigned char bytes[16];
	return text[0] != '[' && strchr(text, ':') != NULL &&
		envoi__parse_address(text, bytes) == 0;
}

/* A host name as users write it, or an address. Names that the DNS cannot have are refused when
 * they are looked up. */
static int check_host(const char *text)
{
	if (has_port(text)) {
		return ENVOI_ERR_INVALID;
	}
	static const char simple[] =
		"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_.:";
	size_t len = strlen(text);
	bool is_simple = len > 0 && strspn(text, simple) == len;
	if (is_simple) {
		return ENVOI_OK;
	}
	bool is_jid = strpbrk(text, "@/") != NULL;
	return is_jid ? ENVOI_ERR_INVALID : envoi_jid_check(text, len, NULL, 0);
}

const struct envoi_setting envoi__net_setting_table[] = {
#define ENVOI__SETTINGS "net/net_settings.def"
#define ENVOI__SETTINGS_STRUCT struct envoi__net_settings
#include "settings/table.h"
};

void envoi__net_settings_read(
	struct envoi__net_settings *ret_values, const struct envoi_settings *settings)
{
	envoi_settings_read(settings, envoi__net_setting_table, ret_values);
}

enum envoi__tls_mode envoi__tls_mode_of(const struct envoi_settings *settings)
{
	struct envoi__net_settings values;
	envoi__net_settings_read(&values, settings);
	return values.tls_mode;
}
