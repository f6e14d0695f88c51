/*
 * envoi - stream and stanza error conditions
 * SPDX-License-Identifier: MIT
 */
#include <envoi/conditions.h>

#include <stddef.h>
#include <string.h>

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

/* RFC 6120, section 4.9.3; the first row is for what we do not know */
/* clang-format off */
static const struct envoi_condition_meaning stream_rows[] = {
	[ENVOI_STREAM_NO_CONDITION] = {NULL, ENVOI_RETRY_LATER, "the server ended the stream"},
	[ENVOI_STREAM_BAD_FORMAT] = {"bad-format", ENVOI_RETRY_NEVER,
		"the server could not process the XML that it received"},
	[ENVOI_STREAM_BAD_NAMESPACE_PREFIX] = {"bad-namespace-prefix", ENVOI_RETRY_NEVER,
		"the server does not support a namespace prefix that it received"},
	[ENVOI_STREAM_CONFLICT] = {"conflict", ENVOI_RETRY_AFTER_USER,
		"the account has logged in elsewhere with the same resource"},
	[ENVOI_STREAM_CONNECTION_TIMEOUT] = {"connection-timeout", ENVOI_RETRY_NOW,
		"the server received nothing from this client for too long"},
	[ENVOI_STREAM_HOST_GONE] = {"host-gone", ENVOI_RETRY_AFTER_USER,
		"the domain is not served by this server any more"},
	[ENVOI_STREAM_HOST_UNKNOWN] = {"host-unknown", ENVOI_RETRY_AFTER_USER,
		"the domain is not served by this server"},
	[ENVOI_STREAM_IMPROPER_ADDRESSING] = {"improper-addressing", ENVOI_RETRY_NEVER,
		"a stanza that the server received had no address"},
	[ENVOI_STREAM_INTERNAL_SERVER_ERROR] = {"internal-server-error", ENVOI_RETRY_LATER,
		"the server has an internal error"},
	[ENVOI_STREAM_INVALID_FROM] = {"invalid-from", ENVOI_RETRY_NEVER,
		"a sender's address was not the account's"},
	[ENVOI_STREAM_INVALID_NAMESPACE] = {"invalid-namespace", ENVOI_RETRY_NEVER,
		"a namespace of the stream was wrong"},
	[ENVOI_STREAM_INVALID_XML] = {"invalid-xml", ENVOI_RETRY_NEVER,
		"the server found XML in the stream that was not valid"},
	[ENVOI_STREAM_NOT_AUTHORIZED] = {"not-authorized", ENVOI_RETRY_AFTER_USER,
		"the server does not allow this without a login, or not to this account"},
	[ENVOI_STREAM_NOT_WELL_FORMED] = {"not-well-formed", ENVOI_RETRY_NEVER,
		"the XML of the stream was not well-formed"},
	[ENVOI_STREAM_POLICY_VIOLATION] = {"policy-violation", ENVOI_RETRY_AFTER_USER,
		"a rule of the server was broken"},
	[ENVOI_STREAM_REMOTE_CONNECTION_FAILED] = {"remote-connection-failed", ENVOI_RETRY_LATER,
		"the server cannot reach another one that it needs"},
	[ENVOI_STREAM_RESET] = {"reset", ENVOI_RETRY_NOW,
		"the server asks for a new stream"},
	[ENVOI_STREAM_RESOURCE_CONSTRAINT] = {"resource-constraint", ENVOI_RETRY_LATER,
		"the server is overloaded"},
	[ENVOI_STREAM_RESTRICTED_XML] = {"restricted-xml", ENVOI_RETRY_NEVER,
		"the stream had XML that XMPP does not allow"},
	[ENVOI_STREAM_SEE_OTHER_HOST] = {"see-other-host", ENVOI_RETRY_LATER,
		"the server redirects to another host"},
	[ENVOI_STREAM_SYSTEM_SHUTDOWN] = {"system-shutdown", ENVOI_RETRY_LATER,
		"the server is being shut down"},
	[ENVOI_STREAM_UNDEFINED_CONDITION] = {"undefined-condition", ENVOI_RETRY_LATER,
		"the server ended the stream for a reason of its own"},
	[ENVOI_STREAM_UNSUPPORTED_ENCODING] = {"unsupported-encoding", ENVOI_RETRY_NEVER,
		"the stream was not in UTF-8"},
	[ENVOI_STREAM_UNSUPPORTED_FEATURE] = {"unsupported-feature", ENVOI_RETRY_NEVER,
		"one side requires what the other does not support"},
	[ENVOI_STREAM_UNSUPPORTED_STANZA_TYPE] = {"unsupported-stanza-type", ENVOI_RETRY_NEVER,
		"the stream had an element that the peer did not expect"},
	[ENVOI_STREAM_UNSUPPORTED_VERSION] = {"unsupported-version", ENVOI_RETRY_NEVER,
		"one side does not support the other's version of XMPP"},
};
/* clang-format on */

/* RFC 6120, section 6.5 */
/* clang-format off */
static const struct envoi_condition_meaning sasl_rows[] = {
	[ENVOI_SASL_NO_CONDITION] = {NULL, ENVOI_RETRY_AFTER_USER, "the server refused the login"},
	[ENVOI_SASL_ABORTED] = {"aborted", ENVOI_RETRY_LATER, "the login was aborted"},
	[ENVOI_SASL_ACCOUNT_DISABLED] = {"account-disabled", ENVOI_RETRY_AFTER_USER,
		"the account is disabled"},
	[ENVOI_SASL_CREDENTIALS_EXPIRED] = {"credentials-expired", ENVOI_RETRY_AFTER_USER,
		"the password has expired"},
	[ENVOI_SASL_ENCRYPTION_REQUIRED] = {"encryption-required", ENVOI_RETRY_AFTER_USER,
		"the server refuses this login without encryption"},
	[ENVOI_SASL_INCORRECT_ENCODING] = {"incorrect-encoding", ENVOI_RETRY_NEVER,
		"the server could not decode what we sent"},
	[ENVOI_SASL_INVALID_AUTHZID] = {"invalid-authzid", ENVOI_RETRY_AFTER_USER,
		"the account may not act for that address"},
	[ENVOI_SASL_INVALID_MECHANISM] = {"invalid-mechanism", ENVOI_RETRY_NEVER,
		"the server does not accept the mechanism that it offered"},
	[ENVOI_SASL_MALFORMED_REQUEST] = {"malformed-request", ENVOI_RETRY_NEVER,
		"the server does not understand what we sent"},
	[ENVOI_SASL_MECHANISM_TOO_WEAK] = {"mechanism-too-weak", ENVOI_RETRY_AFTER_USER,
		"the server wants a stronger mechanism for this account"},
	[ENVOI_SASL_NOT_AUTHORIZED] = {"not-authorized", ENVOI_RETRY_AFTER_USER,
		"wrong name or password"},
	[ENVOI_SASL_TEMPORARY_AUTH_FAILURE] = {"temporary-auth-failure", ENVOI_RETRY_LATER,
		"the server cannot check passwords at the moment"},
};
/* clang-format on */

struct stanza_row {
	struct envoi_condition_meaning meaning;
	enum envoi_stanza_error_type type;
};

/* RFC 6120, section 8.3.3, with the types recommended there */
/* clang-format off */
static const struct stanza_row stanza_rows[] = {
	[ENVOI_STANZA_NO_CONDITION] = {
		{NULL, ENVOI_RETRY_AFTER_USER, "the request was refused"}, ENVOI_ERROR_TYPE_NONE},
	[ENVOI_BAD_REQUEST] = {{"bad-request", ENVOI_RETRY_AFTER_USER,
		"the request could not be processed"}, ENVOI_ERROR_MODIFY},
	[ENVOI_CONFLICT] = {{"conflict", ENVOI_RETRY_AFTER_USER,
		"the name is in use"}, ENVOI_ERROR_CANCEL},
	[ENVOI_FEATURE_NOT_IMPLEMENTED] = {{"feature-not-implemented", ENVOI_RETRY_NEVER,
		"the feature is not supported there"}, ENVOI_ERROR_CANCEL},
	[ENVOI_FORBIDDEN] = {{"forbidden", ENVOI_RETRY_AFTER_USER,
		"the account has no permission for that"}, ENVOI_ERROR_AUTH},
	[ENVOI_GONE] = {{"gone", ENVOI_RETRY_AFTER_USER,
		"the address does not exist any more"}, ENVOI_ERROR_CANCEL},
	[ENVOI_INTERNAL_SERVER_ERROR] = {{"internal-server-error", ENVOI_RETRY_LATER,
		"the server has an internal error"}, ENVOI_ERROR_CANCEL},
	[ENVOI_ITEM_NOT_FOUND] = {{"item-not-found", ENVOI_RETRY_AFTER_USER,
		"the item does not exist"}, ENVOI_ERROR_CANCEL},
	[ENVOI_JID_MALFORMED] = {{"jid-malformed", ENVOI_RETRY_AFTER_USER,
		"the address is malformed"}, ENVOI_ERROR_MODIFY},
	[ENVOI_NOT_ACCEPTABLE] = {{"not-acceptable", ENVOI_RETRY_AFTER_USER,
		"the request does not meet the criteria of the recipient"}, ENVOI_ERROR_MODIFY},
	[ENVOI_NOT_ALLOWED] = {{"not-allowed", ENVOI_RETRY_AFTER_USER,
		"the action is not allowed to anyone"}, ENVOI_ERROR_CANCEL},
	[ENVOI_NOT_AUTHORIZED] = {{"not-authorized", ENVOI_RETRY_AFTER_USER,
		"credentials are missing or wrong"}, ENVOI_ERROR_AUTH},
	[ENVOI_POLICY_VIOLATION] = {{"policy-violation", ENVOI_RETRY_AFTER_USER,
		"a rule of the server was broken"}, ENVOI_ERROR_MODIFY},
	[ENVOI_RECIPIENT_UNAVAILABLE] = {{"recipient-unavailable", ENVOI_RETRY_LATER,
		"the recipient is not available"}, ENVOI_ERROR_WAIT},
	[ENVOI_REDIRECT] = {{"redirect", ENVOI_RETRY_AFTER_USER,
		"another address is to be asked"}, ENVOI_ERROR_MODIFY},
	[ENVOI_REGISTRATION_REQUIRED] = {{"registration-required", ENVOI_RETRY_AFTER_USER,
		"registration is required"}, ENVOI_ERROR_AUTH},
	[ENVOI_REMOTE_SERVER_NOT_FOUND] = {{"remote-server-not-found", ENVOI_RETRY_AFTER_USER,
		"the other server does not exist or cannot be reached"}, ENVOI_ERROR_CANCEL},
	[ENVOI_REMOTE_SERVER_TIMEOUT] = {{"remote-server-timeout", ENVOI_RETRY_LATER,
		"the other server could not be reached in time"}, ENVOI_ERROR_WAIT},
	[ENVOI_RESOURCE_CONSTRAINT] = {{"resource-constraint", ENVOI_RETRY_LATER,
		"the server is overloaded, or the account has too many connections"},
		ENVOI_ERROR_WAIT},
	[ENVOI_SERVICE_UNAVAILABLE] = {{"service-unavailable", ENVOI_RETRY_AFTER_USER,
		"the service is not available there"}, ENVOI_ERROR_CANCEL},
	[ENVOI_SUBSCRIPTION_REQUIRED] = {{"subscription-required", ENVOI_RETRY_AFTER_USER,
		"a subscription is required"}, ENVOI_ERROR_AUTH},
	[ENVOI_UNDEFINED_CONDITION] = {{"undefined-condition", ENVOI_RETRY_AFTER_USER,
		"the request was refused for a reason of its own"}, ENVOI_ERROR_CANCEL},
	[ENVOI_UNEXPECTED_REQUEST] = {{"unexpected-request", ENVOI_RETRY_LATER,
		"the request came at the wrong moment"}, ENVOI_ERROR_WAIT},
};
/* clang-format on */

static const char *const type_names[] = {
	[ENVOI_ERROR_AUTH] = "auth",
	[ENVOI_ERROR_CANCEL] = "cancel",
	[ENVOI_ERROR_CONTINUE] = "continue",
	[ENVOI_ERROR_MODIFY] = "modify",
	[ENVOI_ERROR_WAIT] = "wait",
};

static size_t find(const struct envoi_condition_meaning *rows, size_t count, const char *name)
{
	for (size_t i = 1; name != NULL && i < count; i++) {
		if (strcmp(rows[i].name, name) == 0) {
			return i;
		}
	}
	return 0;
}

/* --- streams --- */

const struct envoi_condition_meaning *envoi_stream_condition_meaning(
	enum envoi_stream_condition condition)
{
	return &stream_rows[(size_t)condition < COUNT(stream_rows) ? condition : 0];
}

const char *envoi_stream_condition_name(enum envoi_stream_condition condition)
{
	return envoi_stream_condition_meaning(condition)->name;
}

enum envoi_stream_condition envoi_stream_condition_from_name(const char *name)
{
	return (enum envoi_stream_condition)find(stream_rows, COUNT(stream_rows), name);
}

/* --- SASL --- */

const struct envoi_condition_meaning *envoi_sasl_condition_meaning(
	enum envoi_sasl_condition condition)
{
	return &sasl_rows[(size_t)condition < COUNT(sasl_rows) ? condition : 0];
}

const char *envoi_sasl_condition_name(enum envoi_sasl_condition condition)
{
	return envoi_sasl_condition_meaning(condition)->name;
}

enum envoi_sasl_condition envoi_sasl_condition_from_name(const char *name)
{
	return (enum envoi_sasl_condition)find(sasl_rows, COUNT(sasl_rows), name);
}

/* --- stanzas --- */

static const struct stanza_row *stanza_row(enum envoi_stanza_condition condition)
{
	return &stanza_rows[(size_t)condition < COUNT(stanza_rows) ? condition : 0];
}

const struct envoi_condition_meaning *envoi_stanza_condition_meaning(
	enum envoi_stanza_condition condition)
{
	return &stanza_row(condition)->meaning;
}

const char *envoi_stanza_condition_name(enum envoi_stanza_condition condition)
{
	return stanza_row(condition)->meaning.name;
}

enum envoi_stanza_condition envoi_stanza_condition_from_name(const char *name)
{
	for (size_t i = 1; name != NULL && i < COUNT(stanza_rows); i++) {
		if (strcmp(stanza_rows[i].meaning.name, name) == 0) {
			return (enum envoi_stanza_condition)i;
		}
	}
	return ENVOI_STANZA_NO_CONDITION;
}

enum envoi_stanza_error_type envoi_stanza_condition_type(enum envoi_stanza_condition condition)
{
	return stanza_row(condition)->type;
}

const char *envoi_stanza_error_type_name(enum envoi_stanza_error_type type)
{
	return (size_t)type < COUNT(type_names) ? type_names[type] : NULL;
}

enum envoi_stanza_error_type envoi_stanza_error_type_from_name(const char *name)
{
	for (size_t i = 1; name != NULL && i < COUNT(type_names); i++) {
		if (strcmp(type_names[i], name) == 0) {
			return (enum envoi_stanza_error_type)i;
		}
	}
	return ENVOI_ERROR_TYPE_NONE;
}
