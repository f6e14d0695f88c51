/*
 * envoi - SASL mechanisms
 * SPDX-License-Identifier: MIT
 */
#ifndef ENVOI_INTERFACES_SASL_H
#define ENVOI_INTERFACES_SASL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <envoi/buffer.h>
#include <envoi/error.h>
#include <envoi/export.h>
#include <envoi/interfaces/role.h>

#ifdef __cplusplus
extern "C" {
#endif

struct envoi_sasl_exchange;

/** How a mechanism proves an identity: bits. */
enum envoi_sasl_means {
	ENVOI_SASL_PASSWORD = 1,
	ENVOI_SASL_CERTIFICATE = 2, /**< a certificate shown in the TLS handshake: EXTERNAL */
	ENVOI_SASL_NOTHING = 4, /**< no identity: ANONYMOUS */
	/** a Kerberos ticket of the system: GSSAPI. Assumed to be there where GSSAPI is named in
	 * the settings */
	ENVOI_SASL_TICKET = 8,
};

/** Data that names one TLS connection (RFC 5056, section 2). */
struct envoi_sasl_binding {
	const char *type; /**< "tls-exporter", "tls-unique", "tls-server-end-point" */
	const void *data;
	size_t len;
};

/** The offer of the receiving side, as the initiating side has received it. */
struct envoi_sasl_offer {
	const char *const *mechanisms;
	size_t mechanism_count;
	/** the offer has a list of channel binding types (XEP-0440), which may be empty */
	bool lists_bindings;
	const char *const *bindings;
	size_t binding_count;
};

/** Keys that replace the password at one server as long as the server keeps salt and count (RFC
 * 5802, section 3). They are as secret as the password: they are enough to log in. */
struct envoi_sasl_keys {
	const char *mechanism; /**< "SCRAM-SHA-256": without -PLUS, it serves both */
	const char *authcid; /**< the user, prepared */
	const void *salt;
	size_t salt_len;
	unsigned int iterations;
	const void *client_key, *server_key; /**< each of the hash's size */
	size_t key_len;
	/**
	 * Identifies the password that the keys were derived from; of the hash's size, as secret as
	 * the password, and not to be stored. NULL: not known
	 */
	const void *password_tag;
};

/** Parameters of an exchange; borrowed for envoi_sasl_start(), which copies what is needed later.
 *  */
struct envoi_sasl_parameters {
	enum envoi_role role;

	/** Initiator: the user, which is the localpart (RFC 6120, section 6.3.8). Receiver,
	 * EXTERNAL: the user that the peer's certificate names. NULL: none */
	const char *authcid;
	const char *authzid; /**< initiator: NULL: none, as RFC 6120, section 6.3.8, recommends */
	/** Initiator: UTF-8; the copy is wiped when it is no longer needed. NULL: none, or not yet
	 *  */
	const char *password;
	/** Initiator: used in place of a password if salt and count have not changed; together with
	 * a password only if they are known to be derived from it. NULL, or keys of another
	 * mechanism or user: none */
	const struct envoi_sasl_keys *keys;
	const char *hostname; /**< the XMPP domain */

	/** Initiator: exactly one for a -PLUS mechanism, none for others. Receiver: all bindings of
	 * the connection, or none if no -PLUS mechanism was offered. */
	const struct envoi_sasl_binding *bindings;
	size_t binding_count;

	/** Initiator, no -PLUS mechanism: the connection could be bound, but the receiver offers no
	 * mechanism for it. Sent as flag "y", which makes a receiver refuse that did offer one (RFC
	 * 5802, section 6). */
	bool could_bind;

	/** The offer: a receiver sends its hash, and an initiator refuses a hash that differs
	 * (XEP-0474). NULL: no hash is sent or checked. */
	const struct envoi_sasl_offer *offer;
	/** Initiator: refuse a receiver that sends no hash. */
	bool needs_offer_hash;

	/** Initiator: iteration counts of SCRAM outside of these bounds are refused before any
	 * derivation. Receiver: the lower one is the count that it sends. 0: 4,096 and 1,000,000 */
	unsigned int min_iterations, max_iterations;

	/**
	 * Receiver: look up the password of a user.
	 * @param authcid       prepared as a stored name: SASLprep, or RFC 8265 for newer
	 *                      characters
	 * @param ret_password  allocated with envoi_alloc(); wiped and freed by the mechanism. With
	 *                      PLAIN GnuTLS frees memory with the peer's password unwiped
	 * @retval ENVOI_ERR_NOT_FOUND  no such user; the peer receives the same answer as for a
	 *                              wrong password
	 */
	int (*lookup)(void *user, const char *authcid, char **ret_password);
	void *lookup_user;
};

/** One mechanism: a constant. */
struct envoi_sasl_mechanism {
	const char *name; /**< "SCRAM-SHA-256-PLUS" (RFC 4422, section 3.1) */
	int strength; /**< higher is stronger */
	unsigned int means; /**< one bit of enum envoi_sasl_means */
	/** only for verified servers (envoi_tls_is_verified()): PLAIN, EXTERNAL */
	bool needs_secure;
	bool client_first; /**< the initiator begins */
	/** complete only when the server has proved that it knows the secret */
	bool proves_server;
	bool checks_offer; /**< it detects an offer that was changed on its way (XEP-0474) */
	bool is_initiators; /**< available to the initiating side only */
	/** Channel binding types that it supports, ended by NULL. NULL: not a -PLUS mechanism */
	const char *const *bindings;
	/**
	 * Begin an exchange.
	 * @retval ENVOI_ERR_INVALID      a name or password is missing, not UTF-8, or not allowed
	 *                                by SASLprep (RFC 4013); a binding is missing or too many.
	 *                                SCRAM may begin without a password
	 * @retval ENVOI_ERR_UNSUPPORTED  not available in this role
	 * @retval ENVOI_ERR_NOMEM
	 */
	int (*start)(const struct envoi_sasl_mechanism *mechanism,
		struct envoi_sasl_exchange **ret_exchange, struct envoi_context *context,
		const struct envoi_sasl_parameters *parameters);
};

struct envoi_sasl_exchange_impl {
	/** See envoi_sasl_step(). */
	int (*step)(struct envoi_sasl_exchange *exchange, const void *in, size_t len,
		struct envoi_buffer *out);
	/** See envoi_sasl_authcid(). */
	const char *(*authcid)(struct envoi_sasl_exchange *exchange);
	/** Wipe and free. */
	void (*destroy)(struct envoi_sasl_exchange *exchange);
	/** OPTIONAL. See envoi_sasl_give_password(). */
	int (*give_password)(struct envoi_sasl_exchange *exchange, const char *password);
	/** OPTIONAL. See envoi_sasl_problem(). */
	const char *(*problem)(const struct envoi_sasl_exchange *exchange);
	/** OPTIONAL. See envoi_sasl_get_keys(). */
	int (*get_keys)(
		const struct envoi_sasl_exchange *exchange, struct envoi_sasl_keys *ret_keys);
};

/** Base of every exchange; embedded first. */
struct envoi_sasl_exchange {
	const struct envoi_sasl_exchange_impl *impl;
	const struct envoi_sasl_mechanism *mechanism;
	struct envoi_context *context; /**< a reference, dropped by envoi_sasl_free() */
	enum envoi_role role;
	int ended; /**< what the last step returned; ENVOI_AGAIN at first */
};

/** @return the mechanism with that name, built in or added; NULL: none */
ENVOI_API const struct envoi_sasl_mechanism *envoi_sasl_find(
	struct envoi_context *context, const char *name);

/**
 * Visit every mechanism, the strongest first, those added later last.
 * @param[in,out] position  0 to begin
 * @return NULL at the end
 */
ENVOI_API const struct envoi_sasl_mechanism *envoi_sasl_next(
	struct envoi_context *context, size_t *position);

/**
 * Add a mechanism. It is used where the setting sasl.mechanisms names it.
 *
 * @param mechanism  constant, outlives the context; it replaces a built-in mechanism of the same
 *                   name
 * @retval ENVOI_ERR_INVALID  the name is malformed, or `start` is missing
 * @retval ENVOI_ERR_EXISTS   a mechanism with this name was added before
 * @retval ENVOI_ERR_NOMEM
 */
ENVOI_API ENVOI_MUST_CHECK int envoi_context_add_sasl_mechanism(
	struct envoi_context *context, const struct envoi_sasl_mechanism *mechanism);

/** Begin an exchange. Errors as mechanism->start. */
ENVOI_API ENVOI_MUST_CHECK int envoi_sasl_start(struct envoi_sasl_exchange **ret_exchange,
	struct envoi_context *context, const struct envoi_sasl_mechanism *mechanism,
	const struct envoi_sasl_parameters *parameters);

/** Outcomes of a step in addition to those of enum envoi_outcome. */
enum envoi_sasl_outcome {
	ENVOI_SASL_BUSY = 16, /**< more is to be computed */
	/** no password was given, and there are no keys, or salt or count have changed */
	ENVOI_SASL_NEEDS_PASSWORD = 17,
};

/**
 * One step (RFC 4422, section 3).
 *
 * @param in   the peer's message, decoded; NULL: there is none, which differs from an empty one
 * @param out  the message to be sent is appended; wipe it after sending: with PLAIN it holds the
 *             password
 *
 * @retval ENVOI_AGAIN         send @p out, wait for more
 * @retval ENVOI_OK            our side is complete; @p out may hold a last message
 * @retval ENVOI_SASL_BUSY     nothing to send yet: keys are being derived, 4,096 iterations (1 to 4
 *                             milliseconds, 20 at most on slow machines) at a time. Call again with
 *                             no input, from another turn of the loop
 * @retval ENVOI_SASL_NEEDS_PASSWORD  nothing to send yet: envoi_sasl_give_password(), then call
 *                             again with no input
 * @retval ENVOI_ERR_AUTH      the peer has not proved its identity, or has refused
 * @retval ENVOI_ERR_PROTOCOL  the message is malformed, or comes when none is expected
 * @retval ENVOI_ERR_LIMIT     the iteration count is outside the bounds
 * @retval ENVOI_ERR_STATE     the exchange has ended
 * @retval ENVOI_ERR_NOMEM, ENVOI_ERR_SYSTEM
 * After ENVOI_OK or an error the exchange has ended. Only ENVOI_OK means that the peer is
 * authenticated.
 */
ENVOI_API ENVOI_MUST_CHECK int envoi_sasl_step(
	struct envoi_sasl_exchange *exchange, const void *in, size_t len, struct envoi_buffer *out);

/**
 * Give the password after ENVOI_SASL_NEEDS_PASSWORD.
 *
 * @param password  UTF-8; copied; the copy is wiped when it is no longer needed
 *
 * @retval ENVOI_ERR_INVALID  not UTF-8, or not allowed by SASLprep
 * @retval ENVOI_ERR_STATE    the last step did not return ENVOI_SASL_NEEDS_PASSWORD
 * @retval ENVOI_ERR_NOMEM
 */
ENVOI_API ENVOI_MUST_CHECK int envoi_sasl_give_password(
	struct envoi_sasl_exchange *exchange, const char *password);

/** @return the reason for which the last step failed, as text for a user; NULL: only the code is
 * known; borrowed until the exchange is freed */
ENVOI_API const char *envoi_sasl_problem(const struct envoi_sasl_exchange *exchange);

/**
 * Get the keys that the next login can use in place of the password.
 *
 * @param[out] ret_keys  borrowed until the exchange is freed; secret
 * @retval ENVOI_ERR_NOT_FOUND  the mechanism has none
 * @retval ENVOI_ERR_STATE      the exchange has not ended with ENVOI_OK, or is a receiver's
 */
ENVOI_API ENVOI_MUST_CHECK int envoi_sasl_get_keys(
	const struct envoi_sasl_exchange *exchange, struct envoi_sasl_keys *ret_keys);

/** @return receiver, after ENVOI_OK: the authenticated user; NULL: none, or anonymous; borrowed
 * until the exchange is freed */
ENVOI_API const char *envoi_sasl_authcid(struct envoi_sasl_exchange *exchange);

/** Wipe and free; NULL is allowed. */
ENVOI_API void envoi_sasl_free(struct envoi_sasl_exchange *exchange);

/* --- the history of an account's logins --- */

/**
 * The history of one account's logins. The application may keep it from one run to the next. It has
 * - a pin: the strongest mechanism that the account has logged in with, and the strongest kind of
 *   channel binding. A server that later offers less is refused before anything is sent, because an
 *   attacker may have changed its offer. The same holds after a login with channel binding that has
 *   failed, until a login succeeds; this is not written as text;
 * - keys that replace the password as long as the server keeps salt and count. Together with a
 *   password they are used only if they were derived from it in this process.
 */
struct envoi_sasl_history;

/** Make an empty history. @retval ENVOI_ERR_NOMEM */
ENVOI_API ENVOI_MUST_CHECK int envoi_sasl_history_new(
	struct envoi_sasl_history **ret_history, struct envoi_context *context);
/** Wipe and free; NULL is allowed. */
ENVOI_API void envoi_sasl_history_free(struct envoi_sasl_history *history);

/** @param[out] ret_binding  NULL: none is pinned
 * @return the pinned mechanism's name; NULL: none; both borrowed until the next login */
ENVOI_API const char *envoi_sasl_history_pin(
	const struct envoi_sasl_history *history, const char **ret_binding);
/** Remove the pin: from the next login on, the settings alone decide what is accepted. */
ENVOI_API void envoi_sasl_history_forget_pin(struct envoi_sasl_history *history);
/** Wipe the keys: the next login needs the password. */
ENVOI_API void envoi_sasl_history_forget_keys(struct envoi_sasl_history *history);

/**
 * Append the history as lines of text: "sasl-pin MECHANISM [BINDING]", and for each mechanism
 * "sasl-keys MECHANISM AUTHCID SALT COUNT CLIENT-KEY SERVER-KEY". It is as secret as the password.
 *
 * @retval ENVOI_ERR_NOMEM
 */
ENVOI_API ENVOI_MUST_CHECK int envoi_sasl_history_write(
	const struct envoi_sasl_history *history, struct envoi_buffer *out);
/**
 * Read one such line, without its end.
 *
 * @retval ENVOI_DECLINED     a line of another kind
 * @retval ENVOI_ERR_INVALID  malformed
 * @retval ENVOI_ERR_NOMEM
 */
ENVOI_API ENVOI_MUST_CHECK int envoi_sasl_history_read(
	struct envoi_sasl_history *history, const char *line, size_t len);

/* --- sources of identities --- */

struct envoi_handler;
struct envoi_sasl_credentials;
struct envoi_stream;

/** An identity to log in with; borrowed for envoi_sasl_answer(), which copies what it needs. */
struct envoi_sasl_identity {
	const char *authcid; /**< the user; NULL: the localpart of envoi_stream_local() */
	const char *authzid; /**< NULL: none */
	const char *password; /**< NULL: none */
};

/**
 * The question of one login for an identity. It is part of the stream: borrowed from `request`
 * until it is answered or canceled, and not to be touched afterwards.
 */
struct envoi_sasl_request {
	const struct envoi_sasl_mechanism *mechanism; /**< the chosen one */
	const char *domain; /**< the XMPP domain of the login */
	/** There are keys of an earlier login: an answer without a password is enough, unless the
	 * server has changed salt or count. */
	bool has_keys;
	/** The second request of this login: a password is required, because none was given, or
	 * because the server has changed salt or count. Only the password of the answer is used. */
	bool is_again;
	void *user; /**< for the source */
	struct envoi_stream *stream; /* private, as what follows; NULL: the request is not open */
	struct envoi_handler *feature;
};

/** A source of identities: a stored password, a keyring, a dialogue with the user. */
struct envoi_sasl_credentials_impl {
	/**
	 * Get what the source can prove, as far as it is known without asking the user. Only
	 * mechanisms of these means are chosen.
	 * @return OR of enum envoi_sasl_means
	 */
	unsigned int (*means)(struct envoi_sasl_credentials *credentials);

	/**
	 * A mechanism has been chosen; nothing was sent. It may come a second time in the same
	 * login, with request->is_again. Answer each request once with envoi_sasl_answer(), inside
	 * this function or later from the loop. While the request is open, the setting
	 * sasl.password-timeout holds in place of sasl.timeout, and a client's login.timeout is
	 * suspended. The server has a time limit of its own, often of one or two minutes.
	 */
	void (*request)(
		struct envoi_sasl_credentials *credentials, struct envoi_sasl_request *request);

	/**
	 * The stream has ended, and @p request with it: do not answer it. Called once for each
	 * request that was not answered, from the loop or inside the function that frees the
	 * stream; stream, session, client and this source may be freed inside.
	 * @param request  invalid when this function returns
	 */
	void (*cancel)(
		struct envoi_sasl_credentials *credentials, struct envoi_sasl_request *request);

	/**
	 * OPTIONAL, for a source that passes requests on to another one: @p request was answered.
	 * Called inside envoi_sasl_answer(), before the login goes on. A request ends with either
	 * `answered` or `cancel`.
	 */
	void (*answered)(
		struct envoi_sasl_credentials *credentials, struct envoi_sasl_request *request);

	/** Wipe and free. */
	void (*destroy)(struct envoi_sasl_credentials *credentials);
};

/** Base of every source of identities; embedded first. */
struct envoi_sasl_credentials {
	const struct envoi_sasl_credentials_impl *impl;
};

/**
 * Answer a request. The login goes on, or ends with @p code as the failure of the stream.
 *
 * @param request   one that `request` was called with and that is open; to answer it a second time
 *                  while the stream lives does nothing
 * @param code      ENVOI_OK, or why there is no identity: ENVOI_ERR_CANCELED when the user refused
 *                  to give one
 * @param identity  borrowed for the call: wipe it afterwards; NULL on failure
 */
ENVOI_API void envoi_sasl_answer(
	struct envoi_sasl_request *request, int code, const struct envoi_sasl_identity *identity);

/** Destroy; NULL is allowed. */
ENVOI_API void envoi_sasl_credentials_destroy(struct envoi_sasl_credentials *credentials);

/**
 * Make a source that holds one password and wipes it when it is destroyed.
 *
 * @param authcid   NULL: the localpart of envoi_stream_local(); copied
 * @param password  copied; NULL: none; with @p authcid NULL too, the source is for ANONYMOUS
 * @retval ENVOI_ERR_NOMEM
 */
ENVOI_API ENVOI_MUST_CHECK int envoi_sasl_password_new(
	struct envoi_sasl_credentials **ret_credentials, struct envoi_context *context,
	const char *authcid, const char *password);

#ifdef __cplusplus
}
#endif
#endif
