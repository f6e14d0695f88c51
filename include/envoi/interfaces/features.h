/*
 * envoi - the stream features that come with the library
 * SPDX-License-Identifier: MIT
 */
#ifndef ENVOI_INTERFACES_FEATURES_H
#define ENVOI_INTERFACES_FEATURES_H

#include <stdbool.h>

#include <envoi/conditions.h>
#include <envoi/error.h>
#include <envoi/export.h>
#include <envoi/interfaces/sasl.h>
#include <envoi/interfaces/stream.h>

#ifdef __cplusplus
extern "C" {
#endif

/*
 * Each is a handler for envoi_stream_options.handlers; the order in which a client lists them is
 * STARTTLS, SASL, bind, session. Handlers know no stream: one serves any number of them, one after
 * the other or at a time, and outlives them all. Free with envoi_handler_destroy().
 */

struct envoi_context;
struct envoi_jid;
struct envoi_settings;
struct envoi_tls_config;

/* --- STARTTLS (RFC 6120, section 5) --- */

#define ENVOI_NS_TLS "urn:ietf:params:xml:ns:xmpp-tls"

struct envoi_starttls_options {
	/** A reference is taken. NULL: TLS is not used; a peer that requires it is refused with
	 * ENVOI_ERR_TLS. */
	struct envoi_tls_config *config;
	/** Initiator: a peer that does not offer TLS is left with ENVOI_ERR_TLS before anything else is
	 * said, and without asking (section 5.3.1). Receiver: the offer says required. */
	bool required;
};

/**
 * STARTTLS for both roles: gains ENVOI_STREAM_SECURE.
 *
 * Bytes between `<proceed/>` and TLS are fatal (ENVOI_ERR_PROTOCOL), `<failure/>` and a failed
 * handshake end the stream (ENVOI_ERR_TLS, ENVOI_ERR_CERTIFICATE). Nothing is done on a transport
 * that is secure already.
 */
ENVOI_API ENVOI_MUST_CHECK int envoi_starttls_new(struct envoi_handler **ret_handler,
	struct envoi_context *context, const struct envoi_starttls_options *options);

/* --- SASL (RFC 6120, section 6) --- */

#define ENVOI_NS_SASL "urn:ietf:params:xml:ns:xmpp-sasl"

/**
 * Authentication, initiating side: gains ENVOI_STREAM_AUTHENTICATED.
 *
 * The mechanism is chosen before anything is sent, and no other is tried after it has failed. All
 * failures end the stream, in phase SASL:
 * - ENVOI_ERR_AUTH: the server refused (condition, text and its language in the failure; retry
 *   ENVOI_RETRY_LATER for temporary-auth-failure, ENVOI_RETRY_AFTER_USER where another password or
 *   setting can help, else ENVOI_RETRY_NEVER); it offers nothing acceptable; it has not proved that
 *   it knows the secret, which includes a success without proof
 * - ENVOI_ERR_TLS: the stream is not secure, and the setting tls.mode is not none
 * - ENVOI_ERR_PROTOCOL: something malformed or out of turn
 * - ENVOI_ERR_LIMIT: an iteration count outside of sasl.min-iterations and sasl.max-iterations, or
 *   more than sasl.max-rounds challenges
 * - ENVOI_ERR_INVALID: the name or password has characters that no name or password may have
 * - or the code that envoi_sasl_answer() was given.
 *
 * SCRAM's keys are derived from a deferred call, 4,096 iterations in each turn of the loop: 1 to 4
 * milliseconds, 20 at most on slow machines.
 *
 * @param settings     sasl.*, tls.mode; borrowed for the call
 * @param credentials  taken: consumed on failure too
 * @retval ENVOI_ERR_INVALID  @p credentials lack a required function
 * @retval ENVOI_ERR_NOMEM
 */
ENVOI_API ENVOI_MUST_CHECK int envoi_sasl_feature_new(struct envoi_handler **ret_handler,
	struct envoi_context *context, const struct envoi_settings *settings,
	struct envoi_sasl_credentials *credentials);

/**
 * Let it use and extend what earlier logins have taught, from the next login on: refuse what is
 * weaker than the pin (ENVOI_ERR_AUTH, with words of its own), use keys in place of the password,
 * pin and keep what a login has proved. Keys that a server has refused (not-authorized) are wiped,
 * and the failure's advice is ENVOI_RETRY_NOW if there is a password.
 *
 * @param handler  from envoi_sasl_feature_new()
 * @param history  borrowed, outlives the handler; NULL: none
 */
ENVOI_API void envoi_sasl_feature_set_history(
	struct envoi_handler *handler, struct envoi_sasl_history *history);

/** Receiving side: whose secrets are known. */
struct envoi_sasl_accounts {
	/** As in struct envoi_sasl_parameters. */
	int (*lookup)(void *user, const char *authcid, char **ret_password);
	void *user;
};

/**
 * Authentication, receiving side: offers those of sasl.mechanisms that the connection allows, with
 * the channel bindings that it has (XEP-0440). A stream that is not secure is offered nothing,
 * unless tls.mode is none. After five failures the stream ends with policy-violation.
 *
 * @param settings  sasl.*, tls.mode; borrowed for the call
 * @param accounts  copied; what it points to outlives the handler
 */
ENVOI_API ENVOI_MUST_CHECK int envoi_sasl_receiver_new(struct envoi_handler **ret_handler,
	struct envoi_context *context, const struct envoi_settings *settings,
	const struct envoi_sasl_accounts *accounts);

/** @return the user who has authenticated on a receiving stream, prepared with SASLprep; NULL:
 * nobody yet, or anonymous; borrowed until the stream is freed */
ENVOI_API const char *envoi_sasl_user(
	struct envoi_stream *stream, const struct envoi_handler *handler);

/* --- resource binding (RFC 6120, section 7) --- */

#define ENVOI_NS_BIND "urn:ietf:params:xml:ns:xmpp-bind"

struct envoi_bind_hook;

/** Receiving side: who gives out resources. */
struct envoi_bind_hook_impl {
	/**
	 * The peer wants to be bound: answer with envoi_bind_answer(), now or later.
	 * @param resource  what it asked for, as it came; NULL: the choice is ours
	 */
	void (*wanted)(struct envoi_bind_hook *hook, struct envoi_stream *stream,
		struct envoi_handler *handler, const char *resource);
};

struct envoi_bind_hook {
	const struct envoi_bind_hook_impl *impl;
};

struct envoi_bind_options {
	/** Initiator: what to ask for; copied; NULL: the server chooses. */
	const char *resource;
	/**
	 * Initiator: accept whatever address the server gives. Else it must be the stream's
	 * envoi_stream_local() with a resource; where that has no localpart (anonymous login), the
	 * domain alone must be the same.
	 */
	bool any_address;
	/** Receiver: borrowed, outlives the handler; NULL: binding is not offered. */
	struct envoi_bind_hook *hook;
};

/**
 * Binding for both roles: sets envoi_stream_local(), gains ENVOI_STREAM_BOUND.
 *
 * Initiator: a refusal ends the stream in phase BIND, the stanza error's condition and text in the
 * failure: `conflict` ENVOI_RETRY_AFTER_USER, `resource-constraint` ENVOI_RETRY_LATER; an address
 * that is not full, or not the account's, with ENVOI_ERR_PROTOCOL.
 */
ENVOI_API ENVOI_MUST_CHECK int envoi_bind_new(struct envoi_handler **ret_handler,
	struct envoi_context *context, const struct envoi_bind_options *options);

/**
 * Receiving side: answer a request.
 *
 * @param jid        the full address that is bound now; NULL: refused
 * @param condition  why it was refused: ENVOI_CONFLICT, ENVOI_BAD_REQUEST, ENVOI_NOT_ALLOWED,
 *                   ENVOI_RESOURCE_CONSTRAINT (sections 7.6.2.1, 7.7.2)
 * @retval ENVOI_ERR_STATE  nothing was asked, or it was answered
 */
ENVOI_API int envoi_bind_answer(struct envoi_stream *stream, struct envoi_handler *handler,
	const struct envoi_jid *jid, enum envoi_stanza_condition condition);

/* --- session establishment (RFC 3921, section 3) --- */

#define ENVOI_NS_SESSION "urn:ietf:params:xml:ns:xmpp-session"

/**
 * The old session request: gains ENVOI_STREAM_SESSION. Initiating side only, and only where the
 * server offers it and does not say that it is optional (RFC 6121, appendix E). A server need not
 * offer it to anybody today.
 */
ENVOI_API ENVOI_MUST_CHECK int envoi_legacy_session_new(
	struct envoi_handler **ret_handler, struct envoi_context *context);

#ifdef __cplusplus
}
#endif
#endif
