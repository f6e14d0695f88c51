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

/** The means by which a mechanism proves an identity: bits. */
enum envoi_sasl_means {
	ENVOI_SASL_PASSWORD = 1,
	ENVOI_SASL_CERTIFICATE = 2, /**< a certificate sent in the TLS handshake: EXTERNAL */
	ENVOI_SASL_NOTHING = 4, /**< no identity: ANONYMOUS */
	/** a Kerberos ticket of the system: GSSAPI. Taken as available if the setting
	 * sasl.mechanisms names GSSAPI */
	ENVOI_SASL_TICKET = 8,
};

/** Data that names one TLS connection (RFC 5056, section 2). */
struct envoi_sasl_binding {
	const char *type; /**< "tls-exporter", "tls-unique", "tls-server-end-point" */
	const void *data;
	size_t len;
};

/** The SASL offer of the receiving side, as the initiating side has received it. */
struct envoi_sasl_offer {
	const char *const *mechanisms;
	size_t mechanism_count;
	/** the offer has a list of channel binding types (XEP-0440), which may be empty */
	bool lists_bindings;
	const char *const *bindings;
	size_t binding_count;
};

/** Keys that SCRAM derives from a password (RFC 5802, section 3). They replace the password at one
 * server, until the server changes the salt or the iteration count. They are as secret as the
 * password: they are sufficient to log in. */
struct envoi_sasl_keys {
	/** "SCRAM-SHA-256": the name without -PLUS, for the mechanisms with and without it */
	const char *mechanism;
	const char *authcid; /**< the user, prepared */
	const void *salt;
	size_t salt_len;
	unsigned int iterations;
	const void *client_key, *server_key; /**< each of @p key_len bytes */
	size_t key_len; /**< the size of the mechanism's hash */
	/**
	 * identifies the password that the keys were derived from; of @p key_len bytes, as secret
	 * as the password, not to be stored. NULL: not known
	 */
	const void *password_tag;
};

/** Keys that a receiver stores in place of a password (RFC 5802, section 3): they verify it, and do
 * not suffice to log in. A login with them derives nothing. */
struct envoi_sasl_verifier {
	const char *mechanism; /**< "SCRAM-SHA-256": without -PLUS, for both */
	const void *salt;
	size_t salt_len; /**< 1 to ENVOI_SASL_SALT_BYTES */
	unsigned int iterations; /**< 1 or more */
	const void *stored_key, *server_key; /**< each of @p key_len bytes */
	size_t key_len; /**< the size of the mechanism's hash */
};

enum {
	ENVOI_SASL_SALT_BYTES = 64, /**< the longest salt of a receiver */
	ENVOI_SASL_DECOY_KEY_BYTES = 32,
};

/** An account, as the receiving side has stored it. PLAIN uses the password, or the verifier with
 * the strongest hash. SCRAM uses the verifier of its hash, or else the password. For EXTERNAL it is
 * enough that the account exists. */
struct envoi_sasl_account {
	const char *password; /**< UTF-8; NULL: not stored */
	const struct envoi_sasl_verifier *verifiers;
	size_t verifier_count;
};

/**
 * What peers receive for users who do not exist, so that they cannot be distinguished from users
 * with another password (RFC 5802, section 9): salt and count depend on the name alone.
 */
struct envoi_sasl_decoys {
	/** secret. A server stores it, so that the salts of its decoys do not change */
	unsigned char key[ENVOI_SASL_DECOY_KEY_BYTES];
	/** the counts that stored accounts have, one of which is chosen by the name; borrowed.
	 * NULL: min_iterations of the parameters */
	const unsigned int *iterations;
	size_t iteration_count;
	/** the length of the salts that stored accounts have, up to 20; 0: 16 */
	size_t salt_len;
	/** the strongest mechanism for which stored accounts have a verifier, whose hash PLAIN
	 * computes; borrowed. NULL: SCRAM-SHA-256 */
	const char *mechanism;
	/** accounts are stored with passwords: SCRAM derives the keys of a decoy, too */
	bool have_passwords;
};

/** Parameters of an exchange. Borrowed for envoi_sasl_start(), which copies what is needed later.
 *  */
struct envoi_sasl_parameters {
	enum envoi_role role;

	/** initiator: the user, the localpart of the address (RFC 6120, section 6.3.8). NULL: none
	 */
	const char *authcid;
	/** receiver, EXTERNAL: the bare addresses of the domain that the peer's certificate proves,
	 * in the form of envoi_jid_text(), each ended by NUL; an empty text ends the list. NULL:
	 * none */
	const char *certified;
	/** initiator: NULL: none, which RFC 6120, section 6.3.8, recommends */
	const char *authzid;
	/** initiator: UTF-8; the copy is wiped when it is no longer needed. NULL: none, or it
	 * follows by envoi_sasl_give_password() */
	const char *password;
	/** initiator: used in place of a password while the server's salt and count are the same.
	 * If a password is given too, they are used only if they are known to be derived from it.
	 * Keys of another mechanism or user are ignored. NULL: none */
	const struct envoi_sasl_keys *keys;
	const char *hostname; /**< the XMPP domain */

	/** initiator: exactly one for a -PLUS mechanism, none for others. Receiver: all bindings of
	 * the connection, or none if no -PLUS mechanism was offered */
	const struct envoi_sasl_binding *bindings;
	size_t binding_count;

	/** initiator, mechanism without -PLUS: the connection has a channel binding, but the
	 * receiver offers no -PLUS mechanism. The exchange sends the flag "y", and a receiver that
	 * did offer one refuses the login (RFC 5802, section 6) */
	bool could_bind;

	/** the offer: a receiver sends its hash, and an initiator refuses a hash that differs
	 * (XEP-0474). NULL: no hash is sent or checked */
	const struct envoi_sasl_offer *offer;
	/** initiator: refuse a receiver that sends no hash */
	bool needs_offer_hash;

	/** iteration counts of SCRAM; 0: 4,096 and 1,000,000. Initiator: a count outside of these
	 * bounds is refused before keys are derived. Receiver: the minimum is the count that it
	 * sends */
	unsigned int min_iterations, max_iterations;

	/** receiver: borrowed for the exchange. NULL: min_iterations, a key of the context's own,
	 * and `have_passwords` */
	const struct envoi_sasl_decoys *decoys;
};

/** One mechanism: a constant. */
struct envoi_sasl_mechanism {
	const char *name; /**< "SCRAM-SHA-256-PLUS" (RFC 4422, section 3.1) */
	int strength; /**< orders mechanisms by preference: higher is stronger */
	unsigned int means; /**< one bit of enum envoi_sasl_means */
	/** used only with verified servers (envoi_tls_is_verified()): PLAIN, EXTERNAL; by a
	 * receiver only within TLS */
	bool needs_secure;
	bool client_first; /**< the initiator sends the first message */
	/** it succeeds only if the server has proved that it knows the secret */
	bool proves_server;
	bool checks_offer; /**< it detects an offer that an attacker has changed (XEP-0474) */
	bool is_initiators; /**< available to the initiating side only */
	/** channel binding types that it supports, ended by NULL. NULL: not a -PLUS mechanism */
	const char *const *bindings;
	/**
	 * Begin an exchange. See envoi_sasl_start().
	 * @retval ENVOI_ERR_INVALID      a name or password is missing, not UTF-8, or not allowed
	 *                                by SASLprep (RFC 4013); the number of bindings is wrong.
	 *                                SCRAM may begin without a password
	 * @retval ENVOI_ERR_UNSUPPORTED  not available in this role
	 * @retval ENVOI_ERR_NOMEM
	 */
	int (*start)(const struct envoi_sasl_mechanism *mechanism,
		struct envoi_sasl_exchange **ret_exchange, struct envoi_context *context,
		const struct envoi_sasl_parameters *parameters);
};

/** The functions of an exchange. */
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
	/** OPTIONAL. See envoi_sasl_give_account(). */
	int (*give_account)(
		struct envoi_sasl_exchange *exchange, const struct envoi_sasl_account *account);
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
	int ended; /**< the result of the last step; ENVOI_AGAIN before the first */
};

/** @return the mechanism with that name, built in or added; NULL: none */
ENVOI_API const struct envoi_sasl_mechanism *envoi_sasl_find(
	struct envoi_context *context, const char *name);

/**
 * Visit every mechanism: the built-in ones, the strongest first, then those added.
 * @param[in,out] position  0 to begin
 * @return the next one; NULL: at the end
 */
ENVOI_API const struct envoi_sasl_mechanism *envoi_sasl_next(
	struct envoi_context *context, size_t *position);

/**
 * Add a mechanism. It is used if the setting sasl.mechanisms names it. It replaces a built-in
 * mechanism of the same name.
 *
 * @param mechanism  constant, outlives the context
 * @retval ENVOI_ERR_INVALID  the name is malformed, or `start` is missing
 * @retval ENVOI_ERR_EXISTS   a mechanism with this name was added before
 * @retval ENVOI_ERR_NOMEM
 */
ENVOI_API ENVOI_MUST_CHECK int envoi_context_add_sasl_mechanism(
	struct envoi_context *context, const struct envoi_sasl_mechanism *mechanism);

/** Begin an exchange. @param[out] ret_exchange free with envoi_sasl_free(). Errors as
 * mechanism->start. */
ENVOI_API ENVOI_MUST_CHECK int envoi_sasl_start(struct envoi_sasl_exchange **ret_exchange,
	struct envoi_context *context, const struct envoi_sasl_mechanism *mechanism,
	const struct envoi_sasl_parameters *parameters);

/** Outcomes of a step in addition to those of enum envoi_outcome. */
enum envoi_sasl_outcome {
	ENVOI_SASL_BUSY = 16, /**< keys are being derived: call envoi_sasl_step() again */
	/** a password is needed: none was given, and there are no keys for the salt and count */
	ENVOI_SASL_NEEDS_PASSWORD = 17,
	/** receiver: the account of envoi_sasl_authcid() is needed */
	ENVOI_SASL_NEEDS_ACCOUNT = 18,
};

/**
 * Make one step of an exchange (RFC 4422, section 3).
 *
 * @param in   the peer's message, decoded; NULL: there is none, which differs from an empty one
 * @param out  the message to send is appended; wipe it after sending: with PLAIN it contains the
 *             password
 *
 * @retval ENVOI_AGAIN         send @p out, and call again with the peer's next message
 * @retval ENVOI_OK            this side is complete; @p out may contain a last message
 * @retval ENVOI_SASL_BUSY     nothing to send yet: keys are being derived, 4,096 iterations in each
 *                             call, which take 1 to 4 milliseconds, at most 20 on slow machines.
 *                             Call again without input, from another turn of the loop
 * @retval ENVOI_SASL_NEEDS_PASSWORD  nothing to send yet: call envoi_sasl_give_password(), then
 *                             call again without input
 * @retval ENVOI_SASL_NEEDS_ACCOUNT  nothing to send yet: look up the account of
 *             envoi_sasl_authcid(), call envoi_sasl_give_account(), then call again without input
 * @retval ENVOI_ERR_AUTH      the peer has not proved its identity, or has refused
 * @retval ENVOI_ERR_PROTOCOL  the message is malformed, or comes when none is expected
 * @retval ENVOI_ERR_LIMIT     the iteration count is outside the bounds
 * @retval ENVOI_ERR_INVALID   receiver, EXTERNAL: the authorization identity is malformed, is not
 *                             of the certificate, or is missing where the certificate has several
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

/**
 * Give the account after ENVOI_SASL_NEEDS_ACCOUNT.
 *
 * @param account  borrowed for the call: wipe it afterwards. NULL: there is no such user; the peer
 *                 receives the same answers as for a wrong password. An account that has neither a
 *                 password nor a verifier that the mechanism can use is treated in the same way
 * @retval ENVOI_ERR_STATE    the last step did not return ENVOI_SASL_NEEDS_ACCOUNT
 * @retval ENVOI_ERR_INVALID  a verifier of the mechanism has keys of a wrong size, no salt, or no
 *                            iterations
 * @retval ENVOI_ERR_NOMEM, ENVOI_ERR_SYSTEM
 */
ENVOI_API ENVOI_MUST_CHECK int envoi_sasl_give_account(
	struct envoi_sasl_exchange *exchange, const struct envoi_sasl_account *account);

/** @return the reason why the last step failed, as text for a user; NULL: there is none besides the
 * code; borrowed until the exchange is freed */
ENVOI_API const char *envoi_sasl_problem(const struct envoi_sasl_exchange *exchange);

/**
 * Get the keys that the next login can use in place of the password.
 *
 * @param[out] ret_keys  borrowed until the exchange is freed; secret
 * @retval ENVOI_ERR_NOT_FOUND  the mechanism has none
 * @retval ENVOI_ERR_STATE      the exchange has not ended with ENVOI_OK, or its role is receiver
 */
ENVOI_API ENVOI_MUST_CHECK int envoi_sasl_get_keys(
	const struct envoi_sasl_exchange *exchange, struct envoi_sasl_keys *ret_keys);

/** @return of a receiver's exchange that has ended with ENVOI_OK: the authenticated user; after
 * ENVOI_SASL_NEEDS_ACCOUNT: the user that the peer names; "" stands for each name that no user can
 * have, so that its look-up takes as long as others. Prepared with SASLprep (RFC 4013), or by
 * RFC 8265 if it has characters that are unassigned in SASLprep. NULL: none, or anonymous; borrowed
 * until the exchange is freed */
ENVOI_API const char *envoi_sasl_authcid(struct envoi_sasl_exchange *exchange);

/** Wipe and free; NULL is allowed. */
ENVOI_API void envoi_sasl_free(struct envoi_sasl_exchange *exchange);

/* --- the history of an account's logins --- */

/**
 * The history of one account's logins. The application may store it from one run to the next. It
 * has
 * - a pin: the strongest mechanism and the strongest kind of channel binding that the account has
 *   logged in with. A later offer that is weaker is refused before anything is sent, because an
 *   attacker may have changed it. After a login with channel binding has failed, a weaker offer is
 *   refused too, until a login succeeds; envoi_sasl_history_write() does not write that;
 * - keys that replace the password until the server changes salt or count. If there is a password
 *   too, they are used only if they were derived from it in this process.
 */
struct envoi_sasl_history;

/** Make an empty history; free it with envoi_sasl_history_free(). @retval ENVOI_ERR_NOMEM */
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
 * "sasl-keys MECHANISM AUTHCID SALT COUNT CLIENT-KEY SERVER-KEY". The text is as secret as the
 * password: wipe @p out with envoi_buffer_wipe().
 *
 * @retval ENVOI_ERR_NOMEM
 */
ENVOI_API ENVOI_MUST_CHECK int envoi_sasl_history_write(
	const struct envoi_sasl_history *history, struct envoi_buffer *out);
/**
 * Read one line of envoi_sasl_history_write(), without its line feed.
 *
 * @retval ENVOI_DECLINED     a line of another kind, which is ignored
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
 * A login's request for an identity. It is a part of the stream, borrowed from the call of
 * `request` until it is answered or canceled: do not access it afterwards.
 */
struct envoi_sasl_request {
	const struct envoi_sasl_mechanism *mechanism; /**< the chosen one */
	const char *domain; /**< the XMPP domain of the login */
	/** there are keys of an earlier login: an answer without a password suffices, unless the
	 * server has changed salt or count */
	bool has_keys;
	/** this is the second request of the login: a password is required, because none was given,
	 * or because the server has changed salt or count. Only the password of the answer is used
	 */
	bool is_again;
	void *user; /**< for the source */
	struct envoi_stream *stream; /* private, as what follows; NULL: the request is not open */
	struct envoi_handler *feature;
};

/** A source of identities: a stored password, a keyring, a dialogue with the user. */
struct envoi_sasl_credentials_impl {
	/**
	 * Get the means that the source has, as far as they are known without asking the user.
	 * Only mechanisms of these means are chosen.
	 * @return OR of enum envoi_sasl_means
	 */
	unsigned int (*means)(struct envoi_sasl_credentials *credentials);

	/**
	 * A login needs an identity. Called when a mechanism has been chosen, before anything is
	 * sent, and possibly a second time in the same login, with request->is_again. Answer each
	 * request once with envoi_sasl_answer(), inside this function or later from the loop. While
	 * the request is open, the setting sasl.password-timeout applies in place of sasl.timeout,
	 * and a client's login.timeout is suspended. Servers have a time limit of their own, often
	 * of one or two minutes.
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
	 * Called inside envoi_sasl_answer(), before the login continues. A request ends with either
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
 * Answer a request. The login continues; or, with an error, the stream ends with that code.
 *
 * @param request   an open request. If it was answered before and the stream exists, the call has
 *                  no effect
 * @param code      ENVOI_OK, or the error for which there is no identity: ENVOI_ERR_CANCELED when
 *                  the user refused to give one
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
