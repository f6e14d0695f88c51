/*
 * envoi - settings of sessions
 * SPDX-License-Identifier: MIT
 */
#include "session/session_settings.h"

#include "settings/table.h"

#define INTO(member) ENVOI_SETTING_INTO(struct envoi__session_settings, member)

const struct envoi_setting envoi__session_setting_table[] = {
	ENVOI__SETTING_TIMEOUT(INTO(request_timeout_ms), "request.timeout", "30s",
		"The longest time for the answer to a request that is sent without a timeout of its "
		"own."),
	ENVOI__SETTING_FLAG(INTO(resends), "resend.messages", "true",
		"Send messages again that were not acknowledged when the session ended: those of type "
		"chat and normal with a body, younger than a day, when the account has a session again. "
		"They have the same id and origin-id, and a delay."),
	ENVOI__SETTING_FLAG(INTO(pings), "acknowledgement.ping", "true",
		"Where the server does not acknowledge stanzas (XEP-0198), ping it behind those that "
		"are sent with a ticket, at most once a second: its answer shows that it has processed "
		"them. Without it their tickets end as written."),
	ENVOI__SETTING_COUNT(INTO(outbox_stanzas), "limits.outbox-stanzas", "10000", 1,
		ENVOI__SETTING_LARGE_COUNT,
		"The most stanzas that wait in a session to be sent or acknowledged."),
	ENVOI__SETTING_SIZE(INTO(outbox_bytes), "limits.outbox-bytes", "16m",
		64 * ENVOI__SETTING_KIB, ENVOI__SETTING_GIB,
		"The most bytes of the stanzas that wait in a session."),
	ENVOI__SETTING_COUNT(INTO(requests), "limits.requests", "1000", 1,
		ENVOI__SETTING_LARGE_COUNT, "The most requests that wait for their answers."),
	ENVOI__SETTING_COUNT(INTO(deferred), "limits.deferred", "1000", 1,
		ENVOI__SETTING_LARGE_COUNT,
		"The most requests of peers that wait for the program's answer. Further ones are "
		"answered with resource-constraint."),
	{
		INTO(journal_max_age_ms),
		.name = "journal.max-age",
		.type = ENVOI_SETTING_MS,
		.fallback = "24h",
		.max = (uint64_t)30 * 24 * ENVOI__SETTING_HOUR_MS,
		.metavar = "TIME",
		.doc = "A journal whose last record is older is not loaded.",
	},
	{.type = ENVOI_SETTING_END},
};
