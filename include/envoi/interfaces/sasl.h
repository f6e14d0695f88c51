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
#include <envoi/interfaces/transport.h>

#ifdef __cplusplus
extern "C" {
#endif

struct envoi_sasl_exchange;

/** What a mechanism proves an identity with: bits. */
enum envoi_sasl_means {
	ENVOI_SASL_PASSWORD = 1,
	ENVOI_SASL_CERTIFICATE = 2, /**< a certificate shown in the TLS handshake: EXTERNAL */
	ENVOI_SASL_NOTHING = 4, /**< no identity: ANONYMOUS */
	/**
	 * what the system has of Kerberos: GSSAPI. Who names it in the settings is believed to have
	 * it
	 */
	ENVOI_SASL_TICKET = 8,
};

/** Data that names one TLS connection (RFC 5056, section 2). */
struct envoi_sasl_binding {
	const char *type; /**< "tls-exporter", "tls-unique", "tls-server-end-point" */
	const void *data;
	size_t len;
};

/** What the receiving side has offered, as the initiating side saw it. */
struct envoi_sasl_offer {
	const char *const *mechanisms;
	size_t mechanism_count;
	/** there was a list of channel binding types (XEP-0440), empty or not */
	bool lists_bindings;
	const char *const *bindings;
	size_t binding_count;
};

/** A secret that stands for a password at one server, as long as the server keeps salt and count
 * (RFC 5802, section 3). Who has it can log in. */
struct envoi_sasl_keys {
	const char *mechanism; /**< "SCRAM-SHA-256": without -PLUS, it serves both */
	const char *authcid; /**< whose */
	const void *salt;
	size_t salt_len;
	unsigned int iterations;
	const void *client_key, *server_key; /**< each of the hash's size */
	size_t key_len;
	/**
	 * By which a password is recognised as the one that the keys follow from, of the hash's size;
	 * as secret as the password, and not to be stored. NULL: not known
	 */
	const void *password_tag;
};

/** What an exchange works with. All is borrowed for envoi_sasl_start(), and copied there. */
struct envoi_sasl_parameters {
	enum envoi_role role;

	/** Initiator: the user, which is the localpart (RFC 6120, section 6.3.8). Receiver: whom the
	 * peer's certificate names, for EXTERNAL. NULL: nobody */
	const char *authcid;
	const char *authzid; /**< initiator: NULL: none, as RFC 6120, section 6.3.8 advises */
	/** Initiator: UTF-8; wiped when the exchange is freed. NULL: there is none, or not yet */
	const char *password;
	/** Initiator: to be used in place of a password where salt and count are still the same; with a
	 * password, only where they are known to follow from it. NULL, or not for this mechanism and
	 * user: none */
	const struct envoi_sasl_keys *keys;
	const char *hostname; /**< the XMPP domain */

	/** Initiator: exactly one for a -PLUS mechanism, none for others. Receiver: all that the
	 * connection has, and none if no -PLUS mechanism was offered. */
	const struct envoi_sasl_binding *bindings;
	size_t binding_count;

	/** Initiator, no -PLUS mechanism: the connection could be bound, but the receiver offers nothing
	 * for it. It is told so, and will refuse if it did offer something (RFC 5802, section 6: flag
	 * "y"). */
	bool could_bind;

	/** What was offered: a receiver tells its hash, and an initiator refuses another one (XEP-0474).
	 * NULL: neither. */
	const struct envoi_sasl_offer *offer;
	/** Initiator: a receiver that does not tell the hash is refused too. */
	bool needs_offer_hash;

	/** Initiator: SCRAM counts outside of these are refused before any derivation. Receiver:
	 * the smaller one is asked for. 0: 4,096 and 1,000,000 */
	unsigned int min_iterations, max_iterations;

	/**
	 * Receiver: the secret of a user.
	 * @param authcid       prepared as a stored name: SASLprep, or RFC 8265 for newer characters
	 * @param ret_password  allocated with envoi_alloc(); wiped and freed by the mechanism. With PLAIN
	 *                      GnuTLS frees memory with the peer's password unwiped
	 * @retval ENVOI_ERR_NOT_FOUND  no such user: the peer is not told so
	 */
	int (*lookup)(void *user, const char *authcid, char **ret_password);
	void *lookup_user;
};

/** One mechanism: a constant. */
struct envoi_sasl_mechanism {
	const char *name; /**< "SCRAM-SHA-256-PLUS" (RFC 4422, section 3.1) */
	int strength; /**< higher is stronger */
	unsigned int means; /**< one of enum envoi_sasl_means */
	/** only for verified servers (envoi_tls_is_verified()): PLAIN, EXTERNAL */
	bool needs_secure;
	bool client_first; /**< the initiator begins */
	/** complete only when the server has proved that it knows the secret */
	bool proves_server;
	bool checks_offer; /**< it can refuse an offer that somebody has changed (XEP-0474) */
	bool is_initiators; /**< not for the receiving side */
	/** Channel binding types that it can carry, ended by NULL; NULL: it is no -PLUS mechanism. */
	const char *const *bindings;
	/**
	 * Begin an exchange.
	 * @retval ENVOI_ERR_INVALID      a name or password is missing, not UTF-8, or not allowed by
	 *                                SASLprep (RFC 4013); a binding is missing or too many.
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
 * Make a mechanism of one's own known. To be used it must be named in the setting sasl.mechanisms.
 *
 * @param mechanism  constant, outlives the context; one with the name of a built-in one takes its
 *                   place
 * @retval ENVOI_ERR_INVALID  the name is not one, or `start` is missing
 * @retval ENVOI_ERR_EXISTS   one with this name was added before
 * @retval ENVOI_ERR_NOMEM
 */
ENVOI_API ENVOI_MUST_CHECK int envoi_context_add_sasl_mechanism(
	struct envoi_context *context, const struct envoi_sasl_mechanism *mechanism);

/** Begin an exchange. Errors as mechanism->start. */
ENVOI_API ENVOI_MUST_CHECK int envoi_sasl_start(struct envoi_sasl_exchange **ret_exchange,
	struct envoi_context *context, const struct envoi_sasl_mechanism *mechanism,
	const struct envoi_sasl_parameters *parameters);

/** Outcomes of a step beside those of enum envoi_outcome. */
enum envoi_sasl_outcome {
	ENVOI_SASL_BUSY = 16, /**< there is more to compute */
	ENVOI_SASL_NEEDS_PASSWORD = 17, /**< none was given, or keys that do not fit any more */
};

/**
 * One step (RFC 4422, section 3).
 *
 * @param in   what the peer sent, decoded; NULL: nothing, which is not the same as empty
 * @param out  what to send is appended; wipe it after sending: with PLAIN it holds the password
 *
 * @retval ENVOI_AGAIN         send @p out, wait for more
 * @retval ENVOI_OK            our side is complete; @p out may hold a last message
 * @retval ENVOI_SASL_BUSY     nothing to send yet: keys are being derived, 4,096 iterations (1 to 4
 *                             milliseconds, 20 at most on slow machines) at a time. Call again with
 *                             no input, from another turn of the loop
 * @retval ENVOI_SASL_NEEDS_PASSWORD  nothing to send yet: envoi_sasl_give_password(), then call
 *                             again with no input
 * @retval ENVOI_ERR_AUTH      the peer has failed to prove itself, or has refused
 * @retval ENVOI_ERR_PROTOCOL  the message is malformed, or comes when none is expected
 * @retval ENVOI_ERR_LIMIT     the iteration count is outside the bounds
 * @retval ENVOI_ERR_STATE     the exchange has ended
 * @retval ENVOI_ERR_NOMEM, ENVOI_ERR_SYSTEM
 * After ENVOI_OK or an error the exchange has ended, and only one that ended with ENVOI_OK
 * has authenticated anybody.
 */
ENVOI_API ENVOI_MUST_CHECK int envoi_sasl_step(
	struct envoi_sasl_exchange *exchange, const void *in, size_t len, struct envoi_buffer *out);

/**
 * Answer ENVOI_SASL_NEEDS_PASSWORD; copied, and wiped when it is not needed any more.
 *
 * @retval ENVOI_ERR_INVALID  not UTF-8, or not allowed by SASLprep
 * @retval ENVOI_ERR_STATE    it was not asked for
 * @retval ENVOI_ERR_NOMEM
 */
ENVOI_API ENVOI_MUST_CHECK int envoi_sasl_give_password(
	struct envoi_sasl_exchange *exchange, const char *password);

/** @return what went wrong in the step that failed, in words for a person; NULL: nothing more is
 * known than the code; borrowed until the exchange is freed */
ENVOI_API const char *envoi_sasl_problem(const struct envoi_sasl_exchange *exchange);

/**
 * What the next login could use in place of the password.
 *
 * @param[out] ret_keys  borrowed until the exchange is freed; secret
 * @retval ENVOI_ERR_NOT_FOUND  the mechanism has none
 * @retval ENVOI_ERR_STATE      the exchange has not ended with ENVOI_OK, or is a receiver's
 */
ENVOI_API ENVOI_MUST_CHECK int envoi_sasl_get_keys(
	const struct envoi_sasl_exchange *exchange, struct envoi_sasl_keys *ret_keys);

/** @return the user that has authenticated (receiver, after ENVOI_OK), or NULL: nobody, or
 * anonymous; borrowed until the exchange is freed */
ENVOI_API const char *envoi_sasl_authcid(struct envoi_sasl_exchange *exchange);

/** Wipe and free; NULL is allowed. */
ENVOI_API void envoi_sasl_free(struct envoi_sasl_exchange *exchange);

/* --- what earlier logins have taught --- */

/**
 * Kept for one account, over its logins, and by the application over its runs:
 * - the best mechanism that the account has logged in with, and the best kind of channel binding:
 *   they are pinned. A server that offers less later is refused before anything is sent, for
 *   somebody may be between. The same holds after a login with channel binding that has failed,
 *   until one succeeds (that is not written down): it is not tried again without;
 * - keys that stand for the password, as long as the server keeps salt and count. Where a password is
 *   given, they are used only if this process has derived them from the same password.
 */
struct envoi_sasl_history;

/** Make an empty one. @retval ENVOI_ERR_NOMEM */
ENVOI_API ENVOI_MUST_CHECK int envoi_sasl_history_new(
	struct envoi_sasl_history **ret_history, struct envoi_context *context);
/** Wipe and free; NULL is allowed. */
ENVOI_API void envoi_sasl_history_free(struct envoi_sasl_history *history);

/** @param[out] ret_binding  NULL: none is pinned
 * @return the pinned mechanism's name; NULL: none; both borrowed until the next login */
ENVOI_API const char *envoi_sasl_history_pin(
	const struct envoi_sasl_history *history, const char **ret_binding);
/** Accept from the next login on whatever the settings accept. */
ENVOI_API void envoi_sasl_history_forget_pin(struct envoi_sasl_history *history);
/** Wipe the keys: the next login needs the password. */
ENVOI_API void envoi_sasl_history_forget_keys(struct envoi_sasl_history *history);

/**
 * Append it as lines of text: "sasl-pin MECHANISM [BINDING]", and for each mechanism "sasl-keys
 * MECHANISM AUTHCID SALT COUNT CLIENT-KEY SERVER-KEY". It is as secret as the password.
 * @retval ENVOI_ERR_NOMEM
 */
ENVOI_API ENVOI_MUST_CHECK int envoi_sasl_history_write(
	const struct envoi_sasl_history *history, struct envoi_buffer *out);
/**
 * Read one such line, without its end.
 *
 * @retval ENVOI_DECLINED     it is none of these
 * @retval ENVOI_ERR_INVALID  it is malformed; @retval ENVOI_ERR_NOMEM
 */
ENVOI_API ENVOI_MUST_CHECK int envoi_sasl_history_read(
	struct envoi_sasl_history *history, const char *line, size_t len);

/* --- where identities come from --- */

struct envoi_handler;
struct envoi_sasl_credentials;
struct envoi_stream;

/** Whom to log in as; all borrowed for envoi_sasl_answer(), and copied there if needed. */
struct envoi_sasl_identity {
	const char *authcid; /**< the user; NULL: the localpart of envoi_stream_local() */
	const char *authzid; /**< NULL: none */
	const char *password; /**< NULL: none */
};

/**
 * The question of one login for an identity. It is part of the stream: borrowed from `request` until
 * it is answered or canceled, and not to be touched afterwards.
 */
struct envoi_sasl_request {
	const struct envoi_sasl_mechanism *mechanism; /**< that was chosen */
	const char *domain; /**< that one logs in to */
	/** Keys of an earlier login are at hand: an answer without password will do, unless the server
	 * has changed salt or count. */
	bool has_keys;
	/** A password is needed after all: none was given, or the server has changed salt or count, so
	 * that keys kept from an earlier login do not fit. Only the password of the answer counts. */
	bool is_again;
	void *user; /**< the source's own */
	struct envoi_stream *stream; /* private, as what follows; NULL: the request is not open */
	struct envoi_handler *feature;
};

/** A source of identities: a stored password, a keyring, a dialogue with the user. */
struct envoi_sasl_credentials_impl {
	/**
	 * What can be proved, as far as is known without asking: OR of enum envoi_sasl_means. Only
	 * mechanisms of these means are chosen.
	 */
	unsigned int (*means)(struct envoi_sasl_credentials *credentials);

	/**
	 * A mechanism has been chosen; nothing was sent. It may come a second time in the same login,
	 * with request->is_again. Answer each request once with envoi_sasl_answer(), inside this
	 * function or later from the loop. While the request is open, the setting
	 * sasl.password-timeout holds in place of sasl.timeout, and a client's login.timeout is
	 * suspended. The server has a time limit of its own, often of one or two minutes.
	 */
	void (*request)(
		struct envoi_sasl_credentials *credentials, struct envoi_sasl_request *request);

	/**
	 * The stream has ended, and @p request with it: do not answer it. Called once for each request
	 * that was not answered, from the loop or inside the function that frees the stream; stream,
	 * session, client and this source may be freed inside.
	 * @param request  to be told from others and for its `user`; invalid when this function returns
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
 * A source that holds one password, and wipes it in the end.
 *
 * @param authcid   NULL: the localpart of envoi_stream_local(); copied
 * @param password  copied; NULL: there is none: with @p authcid NULL too, for ANONYMOUS
 */
ENVOI_API ENVOI_MUST_CHECK int envoi_sasl_password_new(
	struct envoi_sasl_credentials **ret_credentials, struct envoi_context *context,
	const char *authcid, const char *password);

#ifdef __cplusplus
}
#endif
#endif
