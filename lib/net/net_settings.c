/*
 * envoi - settings of reaching a server
 * SPDX-License-Identifier: MIT
 */
#include "net/net_settings.h"

#include <string.h>

#include <envoi/jid.h>

#include "net/host_names.h"
#include "net/name_servers.h"
#include "settings/table.h"

static const char *const tls_modes[] = {"starttls", "direct", "none", "either", NULL};

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

#define INTO(member) ENVOI_SETTING_INTO(struct envoi__net_settings, member)

const struct envoi_setting envoi__net_setting_table[] = {
	{
		INTO(server),
		.name = "server",
		.type = ENVOI_SETTING_TEXT,
		.validate = check_host,
		.option = "server",
		.metavar = "HOST",
		.doc = "Connect to this host, a name or an address, instead of the "
		       "targets of the domain's service records. Its port is the setting port. The "
		       "certificate must be for the domain of the account all the same.",
	},
	{
		INTO(port),
		.name = "port",
		.type = ENVOI_SETTING_INT,
		.fallback = "0",
		.min = 0,
		.max = 65535,
		.option = "port",
		.metavar = "N",
		.doc = "Connect to this port, 1 to 65535. 0: the port of the service record; without "
		       "a service record 5222, or 5223 with tls.mode direct.",
	},
	ENVOI__SETTING_TIMEOUT(INTO(resolve_timeout_ms), "resolve.timeout", "15s",
		"The longest time for one look-up of a name."),
	{
		INTO(name_servers),
		.name = "resolve.servers",
		.type = ENVOI_SETTING_TEXT,
		.validate = envoi__check_name_servers,
		.metavar = "ADDRESSES",
		.doc = "Query these name servers instead of the system's: addresses separated by "
		       "commas, each with a port where it is not 53, such as "
		       "192.0.2.1,[2001:db8::1]:5353. The system's hosts file is still read.",
	},
	ENVOI__SETTING_TIMEOUT(INTO(connect_timeout_ms), "connect.timeout", "15s",
		"The longest time for connecting to one address."),
	ENVOI__SETTING_TIMEOUT(INTO(connect_stagger_ms), "connect.stagger", "250ms",
		"The time after which connecting to the next address begins while the one before has "
		"not answered (RFC 8305, section 5)."),
	{
		INTO(tls_mode),
		.name = "tls.mode",
		.type = ENVOI_SETTING_CHOICE,
		.fallback = "either",
		.choices = tls_modes,
		.option = "tls",
		.metavar = "MODE",
		.doc = "How the connection is protected. starttls: the connection begins in clear and "
		       "changes to TLS before anything else is sent (RFC 6120, section 5). direct: "
		       "TLS from the first byte (XEP-0368). either: both, in the order of the "
		       "domain's service records; starttls where there are no records, or where "
		       "server or port is set. none: no TLS; everyone on the path can read and change "
		       "the traffic, and no password is sent in clear.",
	},
	ENVOI__SETTING_TIMEOUT(INTO(tls_timeout_ms), "tls.timeout", "20s",
		"The longest time for a TLS handshake."),
	ENVOI__SETTING_TIMEOUT(INTO(decision_timeout_ms), "tls.decision-timeout", "600s",
		"The longest time for the application's decision about a server's certificate; "
		"tls.timeout and login.timeout are suspended until the decision. The server may close "
		"the connection earlier."),
	{.type = ENVOI_SETTING_END},
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
