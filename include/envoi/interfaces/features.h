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
 * Each constructor makes a handler for envoi_stream_options.handlers. A handler keeps no state of a
 * stream: it serves any number of streams, one after the other or at the same time, and must
 * outlive them. It is owned: free it with envoi_handler_destroy(). Negotiation follows `order` of
 * struct envoi_stream_feature: STARTTLS, SASL, bind, session.
 */

struct envoi_context;
struct envoi_jid;
struct envoi_settings;
struct envoi_tls_config;

/* --- STARTTLS (RFC 6120, section 5) --- */

/** Namespace of STARTTLS. */
#define ENVOI_NS_TLS "urn:ietf:params:xml:ns:xmpp-tls"

/** How STARTTLS is done. */
struct envoi_starttls_options {
	/** a reference is taken. NULL: TLS is not used, and a stream to a peer that requires it
	 * ends with ENVOI_ERR_TLS */
	struct envoi_tls_config *config;
	/** initiator: a stream to a peer that does not offer TLS ends with ENVOI_ERR_TLS before
	 * anything else is sent (section 5.3.1). Receiver: the offer says that TLS is required */
	bool required;
};

/**
 * STARTTLS for both roles: gains ENVOI_STREAM_SECURE.
 *
 * Bytes between `<proceed/>` and TLS end the stream with ENVOI_ERR_PROTOCOL, `<failure/>` and a
 * failed handshake with ENVOI_ERR_TLS or ENVOI_ERR_CERTIFICATE. The feature does nothing on a
 * transport that is already secure.
 *
 * @param options  copied
 * @retval ENVOI_ERR_NOMEM
 */
ENVOI_API ENVOI_MUST_CHECK int envoi_starttls_new(struct envoi_handler **ret_handler,
	struct envoi_context *context, const struct envoi_starttls_options *options);

/* --- SASL (RFC 6120, section 6) --- */

/** Namespace of SASL. */
#define ENVOI_NS_SASL "urn:ietf:params:xml:ns:xmpp-sasl"

/**
 * Authentication, initiating side: gains ENVOI_STREAM_AUTHENTICATED.
 *
 * The mechanism is chosen before anything is sent. If it fails, no other is attempted. Each failure
 * ends the stream in phase SASL:
 * - ENVOI_ERR_AUTH: the server refused (condition, text and its language in the failure; retry
 *   ENVOI_RETRY_LATER for temporary-auth-failure, ENVOI_RETRY_AFTER_USER where another password or
 *   setting can help, else ENVOI_RETRY_NEVER); the server offers no acceptable mechanism; the
 *   server has not proved that it knows the secret, also when it reported success
 * - ENVOI_ERR_TLS: the stream is not secure, and the setting tls.mode is not none
 * - ENVOI_ERR_PROTOCOL: an element is malformed or unexpected
 * - ENVOI_ERR_LIMIT: an iteration count outside of sasl.min-iterations and sasl.max-iterations, or
 *   more challenges than sasl.max-rounds
 * - ENVOI_ERR_INVALID: the name or password has characters that are not allowed
 * - ENVOI_ERR_TIMEOUT: the server did not answer within sasl.timeout, or the application within
 *   sasl.password-timeout
 * - the code that was given to envoi_sasl_answer().
 *
 * SCRAM derives its keys in deferred calls, 4,096 iterations in each turn of the loop: 1 to 4
 * milliseconds, at most 20 on slow machines.
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
 * Use a history from the next login on. A mechanism or binding weaker than the pin is refused with
 * ENVOI_ERR_AUTH. Keys are used in place of the password. A successful login raises the pin and
 * stores its keys in the history. Keys that the server refuses (not-authorized) are wiped; if there
 * is a password, the failure's retry is then ENVOI_RETRY_NOW.
 *
 * @param handler  from envoi_sasl_feature_new()
 * @param history  borrowed, outlives the handler; NULL: none
 */
ENVOI_API void envoi_sasl_feature_set_history(
	struct envoi_handler *handler, struct envoi_sasl_history *history);

struct envoi_sasl_directory;

/**
 * A look-up of an account. It is a part of the stream, borrowed from the call of `look_up` until it
 * is answered or canceled: do not access it afterwards.
 */
struct envoi_sasl_lookup {
	/** the user, prepared: see envoi_sasl_authcid(). "": a name that no user can have; look it
	 * up like others */
	const char *authcid;
	const char *domain; /**< of envoi_stream_local(); NULL: the stream has none */
	const struct envoi_sasl_mechanism *mechanism; /**< that the peer has chosen */
	void *user; /**< for the directory; NULL at first */
	struct envoi_stream *stream; /* private, as what follows; NULL: the look-up is not open */
	struct envoi_handler *feature;
};

/** Receiving side: the accounts that may log in. */
struct envoi_sasl_directory_impl {
	/**
	 * Look up the account of lookup->authcid. Answer each look-up once, with
	 * envoi_sasl_lookup_answer(), inside this function or later from the loop. Until then the
	 * setting sasl.timeout applies. Called from the loop; the stream may be freed inside.
	 *
	 * With EXTERNAL a certificate has proved that the peer is the user: the answer is ENVOI_OK
	 * if the account exists and may log in so.
	 */
	void (*look_up)(struct envoi_sasl_directory *directory, struct envoi_sasl_lookup *lookup);
	/**
	 * The stream has ended, or its peer has aborted the exchange, and @p lookup with it: do not
	 * answer it. Called once for each look-up that was not answered, from the loop or inside
	 * the function that frees the stream. OPTIONAL for a directory that answers inside
	 * `look_up`.
	 * @param lookup  invalid when this function returns
	 */
	void (*cancel)(struct envoi_sasl_directory *directory, struct envoi_sasl_lookup *lookup);
	/**
	 * OPTIONAL: whether accounts have what a mechanism needs: a verifier of its hash, or a
	 * password. Mechanisms for which this returns false are not offered. Absent: all are.
	 */
	bool (*serves)(struct envoi_sasl_directory *directory,
		const struct envoi_sasl_mechanism *mechanism);
};

/** Base of every directory; embedded first. */
struct envoi_sasl_directory {
	const struct envoi_sasl_directory_impl *impl;
	/** answers for users who do not exist; borrowed. NULL: the default of struct
	 * envoi_sasl_parameters, for directories of passwords */
	const struct envoi_sasl_decoys *decoys;
};

/**
 * Answer a look-up. The exchange continues from the loop.
 *
 * @param lookup   an open look-up. If it was answered before and the stream exists, the call has no
 *                 effect
 * @param code     ENVOI_OK. ENVOI_ERR_NOT_FOUND: there is no such user, which the peer cannot
 *                 distinguish from a wrong password. Other errors (<0): the answer to the peer is
 *                 temporary-auth-failure (RFC 6120, section 6.5.12), and it may try again
 * @param account  borrowed for the call: wipe it afterwards; NULL on failure
 */
ENVOI_API void envoi_sasl_lookup_answer(
	struct envoi_sasl_lookup *lookup, int code, const struct envoi_sasl_account *account);
/** Answer a look-up with a password. @param password  as in struct envoi_sasl_account; NULL: there
 * is no such user */
ENVOI_API void envoi_sasl_lookup_answer_password(
	struct envoi_sasl_lookup *lookup, const char *password);

/**
 * Authentication, receiving side: offers the mechanisms of sasl.mechanisms that the connection
 * allows and the directory serves, with its channel bindings (XEP-0440). Nothing is offered on a
 * stream that is not secure, unless tls.mode is none. After sasl.max-attempts failures the
 * stream ends with policy-violation.
 *
 * @param settings   sasl.*, tls.mode; borrowed for the call
 * @param directory  borrowed: must outlive the handler. NULL: there are no accounts
 * @retval ENVOI_ERR_NOMEM
 */
ENVOI_API ENVOI_MUST_CHECK int envoi_sasl_receiver_new(struct envoi_handler **ret_handler,
	struct envoi_context *context, const struct envoi_settings *settings,
	struct envoi_sasl_directory *directory);

/** @return the authenticated user of a receiving stream, prepared as a stored name; NULL: not yet
 * authenticated, or anonymous; borrowed until the stream is freed */
ENVOI_API const char *envoi_sasl_user(
	struct envoi_stream *stream, const struct envoi_handler *handler);

/* --- resource binding (RFC 6120, section 7) --- */

/** Namespace of resource binding. */
#define ENVOI_NS_BIND "urn:ietf:params:xml:ns:xmpp-bind"

struct envoi_bind_hook;

/** Receiving side: assigns resources. */
struct envoi_bind_hook_impl {
	/**
	 * The peer requests binding. Answer with envoi_bind_answer(), inside or later. Called from
	 * the loop.
	 * @param resource  the requested resource, not prepared; borrowed for the call; NULL: the
	 *                  receiving side chooses one
	 */
	void (*wanted)(struct envoi_bind_hook *hook, struct envoi_stream *stream,
		struct envoi_handler *handler, const char *resource);
};

/** Base of every hook; embedded first. */
struct envoi_bind_hook {
	const struct envoi_bind_hook_impl *impl;
};

/** How resource binding is done. */
struct envoi_bind_options {
	/** initiator: the resource to request; copied. NULL: the server chooses one */
	const char *resource;
	/**
	 * initiator: accept any address that the server binds. Otherwise the address must be
	 * envoi_stream_local() with a resource; if that has no localpart (anonymous login), only
	 * the domains must be equal
	 */
	bool any_address;
	/** receiver: borrowed, must outlive the handler. NULL: binding is not offered */
	struct envoi_bind_hook *hook;
};

/**
 * Resource binding for both roles: sets envoi_stream_local(), gains ENVOI_STREAM_BOUND.
 *
 * Initiator: a refusal ends the stream in phase BIND with ENVOI_ERR_STANZA. The failure has the
 * condition and the text of the stanza error, and the retry of its condition
 * (<envoi/conditions.h>). An address that is not a full one, or not the account's, ends the stream
 * with ENVOI_ERR_PROTOCOL.
 *
 * @param options  copied
 * @retval ENVOI_ERR_NOMEM
 */
ENVOI_API ENVOI_MUST_CHECK int envoi_bind_new(struct envoi_handler **ret_handler,
	struct envoi_context *context, const struct envoi_bind_options *options);

/**
 * Receiving side: answer a request for binding.
 *
 * @param handler    the handler that `wanted` was called with
 * @param jid        the full address to bind; a reference is taken; NULL: refuse
 * @param condition  the reason of a refusal: ENVOI_CONFLICT, ENVOI_BAD_REQUEST, ENVOI_NOT_ALLOWED,
 *                   ENVOI_RESOURCE_CONSTRAINT (sections 7.6.2.1, 7.7.2)
 * @retval ENVOI_ERR_STATE  no request is open
 * Other errors as envoi_stream_send_element().
 */
ENVOI_API int envoi_bind_answer(struct envoi_stream *stream, struct envoi_handler *handler,
	const struct envoi_jid *jid, enum envoi_stanza_condition condition);

/* --- session establishment (RFC 3921, section 3) --- */

/** Namespace of the session request of RFC 3921. */
#define ENVOI_NS_SESSION "urn:ietf:params:xml:ns:xmpp-session"

/**
 * The session request of RFC 3921, initiating side: gains ENVOI_STREAM_SESSION. It is sent only if
 * the server offers it and does not mark it as optional (RFC 6121, appendix E).
 *
 * @retval ENVOI_ERR_NOMEM
 */
ENVOI_API ENVOI_MUST_CHECK int envoi_legacy_session_new(
	struct envoi_handler **ret_handler, struct envoi_context *context);

/* --- components (XEP-0114) --- */

/** The content namespace of streams between a component and its server. */
#define ENVOI_NS_COMPONENT "jabber:component:accept"

/**
 * The handshake of a component, initiating side (XEP-0114, section 3): gains
 * ENVOI_STREAM_AUTHENTICATED. For streams whose content namespace is ENVOI_NS_COMPONENT.
 *
 * A server that does not know the component's domain, or another secret, ends the stream with a
 * stream error: ENVOI_ERR_STREAM, usually not-authorized in phase SASL or host-unknown in phase
 * STREAM.
 *
 * @param secret  copied, and wiped with the handler
 * @retval ENVOI_ERR_NOMEM
 */
ENVOI_API ENVOI_MUST_CHECK int envoi_handshake_new(
	struct envoi_handler **ret_handler, struct envoi_context *context, const char *secret);

struct envoi_handshake_hook;

/** Receiving side: looks up the secrets of components. Called from the loop. */
struct envoi_handshake_hook_impl {
	/**
	 * A component has sent its handshake. Answer with envoi_handshake_answer(), inside or
	 * later; sasl.timeout continues until then.
	 * @param domain  the component's, prepared; not authenticated; borrowed until the stream is
	 *                freed
	 */
	void (*wanted)(struct envoi_handshake_hook *hook, struct envoi_stream *stream,
		struct envoi_handler *handler, const char *domain);
	/** OPTIONAL. The stream is freed before the answer: do not answer any more. */
	void (*canceled)(struct envoi_handshake_hook *hook, struct envoi_stream *stream);
};

/** Base of every hook; embedded first. */
struct envoi_handshake_hook {
	const struct envoi_handshake_hook_impl *impl;
};

/**
 * The handshake of a component, receiving side: gains ENVOI_STREAM_AUTHENTICATED and sets
 * envoi_stream_local() to the component's domain. For streams whose content namespace is
 * ENVOI_NS_COMPONENT, made without a local address: the header's `to` names the component.
 *
 * Each of these ends the stream with ENVOI_ERR_AUTH and the stream error not-authorized: a wrong
 * secret, an unknown domain, a header that names no domain. A peer therefore cannot distinguish
 * them, and has one attempt for each connection; the number of connections is for the owner to
 * limit. A second handshake ends it with ENVOI_ERR_PROTOCOL and policy-violation.
 *
 * Stanzas of the component end the stream with ENVOI_ERR_PROTOCOL: before the handshake with
 * not-authorized, with improper-addressing if they lack `from` or `to`, with invalid-from if `from`
 * is not of the component's domain.
 *
 * @param hook  borrowed, must outlive the handler and its streams
 * @retval ENVOI_ERR_NOMEM
 */
ENVOI_API ENVOI_MUST_CHECK int envoi_handshake_receiver_new(struct envoi_handler **ret_handler,
	struct envoi_context *context, struct envoi_handshake_hook *hook);

/**
 * Answer a handshake. The proof is compared in constant time.
 *
 * @param handler  the handler that `wanted` was called with
 * @param secret   of the component; borrowed for the call; NULL: there is no such component
 * @param refusal  ENVOI_STREAM_NO_CONDITION: accept the component if it has proved the secret.
 *                 Otherwise the stream error for one that has: ENVOI_STREAM_CONFLICT when another
 *                 component of the domain is connected, for example. An owner that prefers the new
 *                 one closes the old stream when this one is authenticated, not before
 * @retval ENVOI_ERR_AUTH   the secret is wrong; the stream fails
 * @retval ENVOI_ERR_STATE  @p refusal: the stream fails with this code; or no handshake waits for
 *                          an answer
 * Other errors: the stream fails.
 */
ENVOI_API int envoi_handshake_answer(struct envoi_stream *stream, struct envoi_handler *handler,
	const char *secret, enum envoi_stream_condition refusal);

/* --- stream limits (XEP-0478) --- */

/** Namespace of announced limits (XEP-0478). */
#define ENVOI_NS_STREAM_LIMITS "urn:xmpp:stream-limits:0"

/**
 * Announce the limits of this side, receiving side. `max-bytes`, the largest first-level element,
 * is limits.before-login.stanza-bytes until the peer is authenticated, then limits.stanza-bytes.
 * `idle-seconds` is liveness.probe-after in whole seconds, if liveness.method is probe. The stream
 * and its session enforce both.
 *
 * Sessions on initiating streams need no handler: they comply with the limits that the server
 * announces.
 *
 * @param settings  those of the streams and sessions; borrowed for the call
 * @retval ENVOI_ERR_NOMEM
 */
ENVOI_API ENVOI_MUST_CHECK int envoi_stream_limits_new(struct envoi_handler **ret_handler,
	struct envoi_context *context, const struct envoi_settings *settings);

#ifdef __cplusplus
}
#endif
#endif
