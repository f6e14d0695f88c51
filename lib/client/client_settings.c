/*
 * envoi - settings of the client
 * SPDX-License-Identifier: MIT
 */
#include "client/client_settings.h"

#include <string.h>

#include "jid/prepare.h"
#include "settings/table.h"

static int check_resource(const char *text)
{
	char room[ENVOI__JID_PART_MAX + 1];
	struct envoi__jid_reason reason;
	struct envoi__span span = {text, strlen(text)};
	return envoi__jid_prepare_resource(&span, room, &reason);
}

#define INTO(member) ENVOI_SETTING_INTO(struct envoi__client_settings, member)

const struct envoi_setting envoi__client_setting_table[] = {
	{
		INTO(resource),
		.name = "resource",
		.type = ENVOI_SETTING_TEXT,
		.validate = check_resource,
		.metavar = "TEXT",
		.doc = "The resource to request when binding (RFC 6120, section 7). Not set: the one "
		       "of the account's address; without that the server chooses.",
	},
	ENVOI__SETTING_TIMEOUT(INTO(login_timeout_ms), "login.timeout", "60s",
		"The longest time from the first look-up of a name to the bound session, whatever the "
		"single steps may take. Suspended while the application decides or is asked for a "
		"password."),
	ENVOI__SETTING_FLAG(INTO(reconnects), "reconnect.enabled", "true",
		"Connect again after the connection was lost, once a session has started."),
	ENVOI__SETTING_FLAG(INTO(reconnects_initially), "reconnect.initial", "false",
		"Try again also before the first session has started, for programs that are started "
		"before the network or the server."),
	ENVOI__SETTING_TIMEOUT(INTO(reconnect_first_ms), "reconnect.first", "5s",
		"The longest delay before the first attempt to connect again; it doubles with each "
		"that fails, and each delay is random from 0 to that. After a shutdown of the server "
		"it is at least a minute (RFC 6120, section 3.3). A connection that has lasted a "
		"minute resets it."),
	ENVOI__SETTING_TIMEOUT(INTO(reconnect_longest_ms), "reconnect.longest", "5min",
		"The longest delay between two attempts to connect again."),
	ENVOI__SETTING_COUNT(INTO(redirects), "limits.redirects", "3", 0, 20,
		"The most redirects to other hosts that a login follows. Only a verified server may "
		"redirect."),
	{
		INTO(priority),
		.name = "presence.priority",
		.type = ENVOI_SETTING_INT,
		.fallback = "0",
		.min = -128,
		.max = 127,
		.metavar = "N",
		.doc = "The priority that is added to each presence for all contacts, where the "
		       "application gives none: -128 to 127 (RFC 6121, section 4.7.2.3). With a "
		       "negative priority no messages to the bare address are delivered here.",
	},
	ENVOI__SETTING_FLAG(INTO(sends_presence), "presence.initial", "true",
		"Send presence at the start of the session, so that contacts see it and messages "
		"arrive: the last one that the application has sent, else a plain one."),
	ENVOI__SETTING_FLAG(INTO(fetches_roster), "roster.fetch", "true",
		"Fetch the roster at the start of the session."),
	{.type = ENVOI_SETTING_END},
};

void envoi__client_settings_read(
	struct envoi__client_settings *ret_values, const struct envoi_settings *settings)
{
	envoi_settings_read(settings, envoi__client_setting_table, ret_values);
}
