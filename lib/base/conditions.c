/*
 * envoi - stream and stanza error conditions
 * SPDX-License-Identifier: MIT
 */
#include <envoi/conditions.h>

#include <stddef.h>
#include <string.h>

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

/* RFC 6120, section 4.9.3 */
static const char *const stream_names[] = {
	[ENVOI_STREAM_BAD_FORMAT] = "bad-format",
	[ENVOI_STREAM_BAD_NAMESPACE_PREFIX] = "bad-namespace-prefix",
	[ENVOI_STREAM_CONFLICT] = "conflict",
	[ENVOI_STREAM_CONNECTION_TIMEOUT] = "connection-timeout",
	[ENVOI_STREAM_HOST_GONE] = "host-gone",
	[ENVOI_STREAM_HOST_UNKNOWN] = "host-unknown",
	[ENVOI_STREAM_IMPROPER_ADDRESSING] = "improper-addressing",
	[ENVOI_STREAM_INTERNAL_SERVER_ERROR] = "internal-server-error",
	[ENVOI_STREAM_INVALID_FROM] = "invalid-from",
	[ENVOI_STREAM_INVALID_NAMESPACE] = "invalid-namespace",
	[ENVOI_STREAM_INVALID_XML] = "invalid-xml",
	[ENVOI_STREAM_NOT_AUTHORIZED] = "not-authorized",
	[ENVOI_STREAM_NOT_WELL_FORMED] = "not-well-formed",
	[ENVOI_STREAM_POLICY_VIOLATION] = "policy-violation",
	[ENVOI_STREAM_REMOTE_CONNECTION_FAILED] = "remote-connection-failed",
	[ENVOI_STREAM_RESET] = "reset",
	[ENVOI_STREAM_RESOURCE_CONSTRAINT] = "resource-constraint",
	[ENVOI_STREAM_RESTRICTED_XML] = "restricted-xml",
	[ENVOI_STREAM_SEE_OTHER_HOST] = "see-other-host",
	[ENVOI_STREAM_SYSTEM_SHUTDOWN] = "system-shutdown",
	[ENVOI_STREAM_UNDEFINED_CONDITION] = "undefined-condition",
	[ENVOI_STREAM_UNSUPPORTED_ENCODING] = "unsupported-encoding",
	[ENVOI_STREAM_UNSUPPORTED_FEATURE] = "unsupported-feature",
	[ENVOI_STREAM_UNSUPPORTED_STANZA_TYPE] = "unsupported-stanza-type",
	[ENVOI_STREAM_UNSUPPORTED_VERSION] = "unsupported-version",
};

struct stanza_row {
	const char *name;
	enum envoi_stanza_error_type type;
};

/* RFC 6120, section 8.3.3, with the types recommended there */
static const struct stanza_row stanza_rows[] = {
	[ENVOI_BAD_REQUEST] = {"bad-request", ENVOI_ERROR_MODIFY},
	[ENVOI_CONFLICT] = {"conflict", ENVOI_ERROR_CANCEL},
	[ENVOI_FEATURE_NOT_IMPLEMENTED] = {"feature-not-implemented", ENVOI_ERROR_CANCEL},
	[ENVOI_FORBIDDEN] = {"forbidden", ENVOI_ERROR_AUTH},
	[ENVOI_GONE] = {"gone", ENVOI_ERROR_CANCEL},
	[ENVOI_INTERNAL_SERVER_ERROR] = {"internal-server-error", ENVOI_ERROR_CANCEL},
	[ENVOI_ITEM_NOT_FOUND] = {"item-not-found", ENVOI_ERROR_CANCEL},
	[ENVOI_JID_MALFORMED] = {"jid-malformed", ENVOI_ERROR_MODIFY},
	[ENVOI_NOT_ACCEPTABLE] = {"not-acceptable", ENVOI_ERROR_MODIFY},
	[ENVOI_NOT_ALLOWED] = {"not-allowed", ENVOI_ERROR_CANCEL},
	[ENVOI_NOT_AUTHORIZED] = {"not-authorized", ENVOI_ERROR_AUTH},
	[ENVOI_POLICY_VIOLATION] = {"policy-violation", ENVOI_ERROR_MODIFY},
	[ENVOI_RECIPIENT_UNAVAILABLE] = {"recipient-unavailable", ENVOI_ERROR_WAIT},
	[ENVOI_REDIRECT] = {"redirect", ENVOI_ERROR_MODIFY},
	[ENVOI_REGISTRATION_REQUIRED] = {"registration-required", ENVOI_ERROR_AUTH},
	[ENVOI_REMOTE_SERVER_NOT_FOUND] = {"remote-server-not-found", ENVOI_ERROR_CANCEL},
	[ENVOI_REMOTE_SERVER_TIMEOUT] = {"remote-server-timeout", ENVOI_ERROR_WAIT},
	[ENVOI_RESOURCE_CONSTRAINT] = {"resource-constraint", ENVOI_ERROR_WAIT},
	[ENVOI_SERVICE_UNAVAILABLE] = {"service-unavailable", ENVOI_ERROR_CANCEL},
	[ENVOI_SUBSCRIPTION_REQUIRED] = {"subscription-required", ENVOI_ERROR_AUTH},
	[ENVOI_UNDEFINED_CONDITION] = {"undefined-condition", ENVOI_ERROR_CANCEL},
	[ENVOI_UNEXPECTED_REQUEST] = {"unexpected-request", ENVOI_ERROR_WAIT},
};

static const char *const type_names[] = {
	[ENVOI_ERROR_AUTH] = "auth",
	[ENVOI_ERROR_CANCEL] = "cancel",
	[ENVOI_ERROR_CONTINUE] = "continue",
	[ENVOI_ERROR_MODIFY] = "modify",
	[ENVOI_ERROR_WAIT] = "wait",
};

static size_t find(const char *const *names, size_t count, const char *name)
{
	for (size_t i = 1; i < count; i++) {
		if (strcmp(names[i], name) == 0) {
			return i;
		}
	}
	return 0;
}

const char *envoi_stream_condition_name(enum envoi_stream_condition condition)
{
	return (size_t)condition < COUNT(stream_names) ? stream_names[condition] : NULL;
}

enum envoi_stream_condition envoi_stream_condition_from_name(const char *name)
{
	return (enum envoi_stream_condition)find(stream_names, COUNT(stream_names), name);
}

const char *envoi_stanza_condition_name(enum envoi_stanza_condition condition)
{
	return (size_t)condition < COUNT(stanza_rows) ? stanza_rows[condition].name : NULL;
}

enum envoi_stanza_condition envoi_stanza_condition_from_name(const char *name)
{
	for (size_t i = 1; i < COUNT(stanza_rows); i++) {
		if (strcmp(stanza_rows[i].name, name) == 0) {
			return (enum envoi_stanza_condition)i;
		}
	}
	return ENVOI_STANZA_NO_CONDITION;
}

enum envoi_stanza_error_type envoi_stanza_condition_type(enum envoi_stanza_condition condition)
{
	return (size_t)condition < COUNT(stanza_rows) ? stanza_rows[condition].type
						      : ENVOI_ERROR_TYPE_NONE;
}

const char *envoi_stanza_error_type_name(enum envoi_stanza_error_type type)
{
	return (size_t)type < COUNT(type_names) ? type_names[type] : NULL;
}

enum envoi_stanza_error_type envoi_stanza_error_type_from_name(const char *name)
{
	return (enum envoi_stanza_error_type)find(type_names, COUNT(type_names), name);
}
