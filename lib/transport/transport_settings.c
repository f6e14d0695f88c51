/*
 * envoi - settings of transports
 * SPDX-License-Identifier: MIT
 */
#include "transport/transport_settings.h"

#include "settings/table.h"

#define INTO(member) ENVOI_SETTING_INTO(struct envoi__transport_settings, member)

const struct envoi_setting envoi__transport_setting_table[] = {
	ENVOI__SETTING_TIMEOUT(INTO(element_timeout_ms), "stream.element-timeout", "120s",
		"Close a connection whose peer has begun an element and has not ended it after this "
		"time, however many bytes of it arrive."),
	ENVOI__SETTING_TIMEOUT(INTO(write_timeout_ms), "stream.write-timeout", "60s",
		"Close a connection whose peer has taken none of the pending output for this time."),
	ENVOI__SETTING_TIMEOUT(INTO(user_timeout_ms), "tcp.user-timeout", "120s",
		"Close a TCP connection whose peer has not acknowledged what was sent for this time "
		"(RFC 5482), on systems that can."),
	ENVOI__SETTING_SIZE(INTO(output_bytes), "limits.output-bytes", "4m",
		64 * ENVOI__SETTING_KIB, ENVOI__SETTING_GIB,
		"The most bytes of output that are pending in a transport while the peer does not "
		"read."),
	ENVOI__SETTING_COUNT(INTO(slice_stanzas), "loop.slice-stanzas", "100", 1,
		ENVOI__SETTING_LARGE_COUNT,
		"The most stanzas that a stream delivers in one turn of the main loop, before other "
		"streams, descriptors and timers have their turn."),
	{.type = ENVOI_SETTING_END},
};

void envoi__transport_settings_read(
	struct envoi__transport_settings *ret_values, const struct envoi_settings *settings)
{
	envoi_settings_read(settings, envoi__transport_setting_table, ret_values);
}
