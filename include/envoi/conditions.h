/*
 * envoi - stream and stanza error conditions
 * SPDX-License-Identifier: MIT
 */
#ifndef ENVOI_CONDITIONS_H
#define ENVOI_CONDITIONS_H

#include <envoi/export.h>

#ifdef __cplusplus
extern "C" {
#endif

/** Whether trying again can help. */
enum envoi_retry {
	ENVOI_RETRY_NEVER, /**< no: it would fail in the same way */
	/** only after the user has changed something: the password, the settings, whom to trust */
	ENVOI_RETRY_AFTER_USER,
	ENVOI_RETRY_LATER, /**< yes, after a delay */
	ENVOI_RETRY_NOW, /**< yes, at once */
};

/** The meaning of a condition that has ended a connection. */
struct envoi_condition_meaning {
	const char *name; /**< of the element; NULL: of all unknown conditions */
	enum envoi_retry retry;
	const char *text; /**< for a person: an English clause, without the name */
};

/**
 * Stream error conditions (RFC 6120, section 4.9.3), in the order of the RFC. A connection that a
 * stream error ends fails with ENVOI_ERR_STREAM, in its current phase. Whether to retry:
 *
 * bad-format, bad-namespace-prefix        never
 * conflict                                after the user: another client has taken the resource,
 *                                         and a new login would end that one
 * connection-timeout                      now
 * host-gone, host-unknown                 after the user
 * improper-addressing                     never
 * internal-server-error                   later
 * invalid-from, -namespace, -xml          never
 * not-authorized                          after the user
 * not-well-formed                         never
 * policy-violation                        after the user, whose messages may be the cause
 * remote-connection-failed                later
 * reset                                   now
 * resource-constraint                     later
 * restricted-xml                          never
 * see-other-host                          now, at the other host, if it may be followed: see
 *                                         struct envoi_failure; else later
 * system-shutdown, undefined-condition    later
 * unsupported-...                         never
 * an unknown one, or none                 later
 */
enum envoi_stream_condition {
	ENVOI_STREAM_NO_CONDITION = 0, /**< none, or an unknown one */
	ENVOI_STREAM_BAD_FORMAT,
	ENVOI_STREAM_BAD_NAMESPACE_PREFIX,
	ENVOI_STREAM_CONFLICT,
	ENVOI_STREAM_CONNECTION_TIMEOUT,
	ENVOI_STREAM_HOST_GONE,
	ENVOI_STREAM_HOST_UNKNOWN,
	ENVOI_STREAM_IMPROPER_ADDRESSING,
	ENVOI_STREAM_INTERNAL_SERVER_ERROR,
	ENVOI_STREAM_INVALID_FROM,
	ENVOI_STREAM_INVALID_NAMESPACE,
	ENVOI_STREAM_INVALID_XML,
	ENVOI_STREAM_NOT_AUTHORIZED,
	ENVOI_STREAM_NOT_WELL_FORMED,
	ENVOI_STREAM_POLICY_VIOLATION,
	ENVOI_STREAM_REMOTE_CONNECTION_FAILED,
	ENVOI_STREAM_RESET,
	ENVOI_STREAM_RESOURCE_CONSTRAINT,
	ENVOI_STREAM_RESTRICTED_XML,
	ENVOI_STREAM_SEE_OTHER_HOST,
	ENVOI_STREAM_SYSTEM_SHUTDOWN,
	ENVOI_STREAM_UNDEFINED_CONDITION,
	ENVOI_STREAM_UNSUPPORTED_ENCODING,
	ENVOI_STREAM_UNSUPPORTED_FEATURE,
	ENVOI_STREAM_UNSUPPORTED_STANZA_TYPE,
	ENVOI_STREAM_UNSUPPORTED_VERSION,
	ENVOI_STREAM_CONDITIONS_END,
};

/**
 * SASL error conditions (RFC 6120, section 6.5), in the order of the RFC. A login that is refused
 * with one fails with ENVOI_ERR_AUTH in phase SASL. Whether to retry:
 *
 * aborted                                 later: this side has aborted
 * account-disabled, credentials-expired   after the user
 * encryption-required                     after the user, who has to enable TLS
 * incorrect-encoding                      never
 * invalid-authzid                         after the user
 * invalid-mechanism, malformed-request    never
 * mechanism-too-weak, not-authorized      after the user
 * temporary-auth-failure                  later
 * an unknown one, or none                 after the user
 */
enum envoi_sasl_condition {
	ENVOI_SASL_NO_CONDITION = 0, /**< none, or an unknown one */
	ENVOI_SASL_ABORTED,
	ENVOI_SASL_ACCOUNT_DISABLED,
	ENVOI_SASL_CREDENTIALS_EXPIRED,
	ENVOI_SASL_ENCRYPTION_REQUIRED,
	ENVOI_SASL_INCORRECT_ENCODING,
	ENVOI_SASL_INVALID_AUTHZID,
	ENVOI_SASL_INVALID_MECHANISM,
	ENVOI_SASL_MALFORMED_REQUEST,
	ENVOI_SASL_MECHANISM_TOO_WEAK,
	ENVOI_SASL_NOT_AUTHORIZED,
	ENVOI_SASL_TEMPORARY_AUTH_FAILURE,
	ENVOI_SASL_CONDITIONS_END,
};

/**
 * Stanza error conditions (RFC 6120, section 8.3.3), in the order of the RFC. A login whose
 * resource is refused with one (sections 7.6.2, 7.7.2) fails with ENVOI_ERR_STANZA in phase BIND.
 * Whether to retry: later, if the error's type is `wait`; else
 *
 * feature-not-implemented                 never
 * internal-server-error, recipient-unavailable, remote-server-timeout, resource-constraint,
 * unexpected-request                      later
 * all others, bad-request, conflict and not-allowed among them, an unknown one, or none
 *                                         after the user
 */
enum envoi_stanza_condition {
	ENVOI_STANZA_NO_CONDITION = 0, /**< none, or an unknown one */
	ENVOI_BAD_REQUEST,
	ENVOI_CONFLICT,
	ENVOI_FEATURE_NOT_IMPLEMENTED,
	ENVOI_FORBIDDEN,
	ENVOI_GONE,
	ENVOI_INTERNAL_SERVER_ERROR,
	ENVOI_ITEM_NOT_FOUND,
	ENVOI_JID_MALFORMED,
	ENVOI_NOT_ACCEPTABLE,
	ENVOI_NOT_ALLOWED,
	ENVOI_NOT_AUTHORIZED,
	ENVOI_POLICY_VIOLATION,
	ENVOI_RECIPIENT_UNAVAILABLE,
	ENVOI_REDIRECT,
	ENVOI_REGISTRATION_REQUIRED,
	ENVOI_REMOTE_SERVER_NOT_FOUND,
	ENVOI_REMOTE_SERVER_TIMEOUT,
	ENVOI_RESOURCE_CONSTRAINT,
	ENVOI_SERVICE_UNAVAILABLE,
	ENVOI_SUBSCRIPTION_REQUIRED,
	ENVOI_UNDEFINED_CONDITION,
	ENVOI_UNEXPECTED_REQUEST,
	ENVOI_STANZA_CONDITIONS_END,
};

/** Stanza error types (RFC 6120, section 8.3.2): what the sender may do about it. */
enum envoi_stanza_error_type {
	ENVOI_ERROR_TYPE_NONE = 0, /**< absent or unknown */
	ENVOI_ERROR_AUTH, /**< retry after providing credentials */
	ENVOI_ERROR_CANCEL, /**< do not retry */
	ENVOI_ERROR_CONTINUE, /**< proceed, it was only a warning */
	ENVOI_ERROR_MODIFY, /**< retry after changing the data sent */
	ENVOI_ERROR_WAIT, /**< retry after waiting */
};

/** @return the element name, "host-unknown" for example; NULL for no condition; static */
ENVOI_API const char *envoi_stream_condition_name(enum envoi_stream_condition condition);

/** @return the condition with that element name, or ENVOI_STREAM_NO_CONDITION */
ENVOI_API enum envoi_stream_condition envoi_stream_condition_from_name(const char *name);

/** @return the meaning of a condition, or of unknown ones; never NULL; static */
ENVOI_API const struct envoi_condition_meaning *envoi_stream_condition_meaning(
	enum envoi_stream_condition condition);

/** @return the element name, "not-authorized" for example; NULL for no condition; static */
ENVOI_API const char *envoi_sasl_condition_name(enum envoi_sasl_condition condition);

/** @return the condition with that element name, or ENVOI_SASL_NO_CONDITION */
ENVOI_API enum envoi_sasl_condition envoi_sasl_condition_from_name(const char *name);

/** @return as envoi_stream_condition_meaning() */
ENVOI_API const struct envoi_condition_meaning *envoi_sasl_condition_meaning(
	enum envoi_sasl_condition condition);

/** @return the element name, "item-not-found" for example; NULL for no condition; static */
ENVOI_API const char *envoi_stanza_condition_name(enum envoi_stanza_condition condition);

/** @return the condition with that element name, or ENVOI_STANZA_NO_CONDITION */
ENVOI_API enum envoi_stanza_condition envoi_stanza_condition_from_name(const char *name);

/** @return as envoi_stream_condition_meaning(), for a request that was refused with the
 * condition */
ENVOI_API const struct envoi_condition_meaning *envoi_stanza_condition_meaning(
	enum envoi_stanza_condition condition);

/** @return the type that RFC 6120, section 8.3.3 recommends with a condition */
ENVOI_API enum envoi_stanza_error_type envoi_stanza_condition_type(
	enum envoi_stanza_condition condition);

/** @return "auth", "cancel", ...; NULL for ENVOI_ERROR_TYPE_NONE; static */
ENVOI_API const char *envoi_stanza_error_type_name(enum envoi_stanza_error_type type);

/** @return the type with that name, or ENVOI_ERROR_TYPE_NONE */
ENVOI_API enum envoi_stanza_error_type envoi_stanza_error_type_from_name(const char *name);

#ifdef __cplusplus
}
#endif
#endif
