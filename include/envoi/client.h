/*
 * envoi - clients
 * SPDX-License-Identifier: MIT
 */
#ifndef ENVOI_CLIENT_H
#define ENVOI_CLIENT_H

#include <stdbool.h>
#include <stdint.h>

#include <envoi/buffer.h>
#include <envoi/context.h>
#include <envoi/failure.h>
#include <envoi/session.h>
#include <envoi/settings.h>
#include <envoi/tap.h>

#ifdef __cplusplus
extern "C" {
#endif

struct envoi_connector;
struct envoi_presences;
struct envoi_roster;
struct envoi_sasl_credentials;
struct envoi_subscriptions;
struct envoi_tls_decider;

/**
 * Logs an account in and out: joins connectors, stream, session, roster and presence.
 *
 * Handlers and requests belong to its session, which lives as long as the client and outlives
 * connections.
 */
struct envoi_client;

/**
 * Make a client.
 *
 * @param[out] ret_client  owned by the caller; free it with envoi_client_free()
 * @param context  a reference is taken; NULL: a context and a loop of the client's own
 * @param jid      the account's address, bare or full; an invalid one, or NULL, is reported by
 *                 envoi_client_connect() and envoi_client_run(). An address without a localpart has
 *                 no password: the login is anonymous (RFC 4505) where sasl.mechanisms names
 *                 ANONYMOUS, or by a client certificate, and the server gives the address.
 * @retval ENVOI_ERR_NOMEM
 */
ENVOI_API ENVOI_MUST_CHECK int envoi_client_new(
	struct envoi_client **ret_client, struct envoi_context *context, const char *jid);

/**
 * As envoi_client_new(), with settings.
 * @param context   NULL: the context of @p settings
 * @param settings  copied: changing them later has no effect on the client; NULL: the defaults
 * @retval ENVOI_ERR_INVALID  @p settings belong to another context
 * @retval ENVOI_ERR_NOMEM
 */
ENVOI_API ENVOI_MUST_CHECK int envoi_client_new_with(struct envoi_client **ret_client,
	struct envoi_context *context, const char *jid, const struct envoi_settings *settings);

/**
 * Free a client; NULL is allowed; allowed inside every callback.
 *
 * Requests and tickets end before this returns, and a client that is not offline has its
 * ENVOI_EVENT_ENDED, ENVOI_EVENT_DISCONNECTED and ENVOI_EVENT_STOPPED, as far as they are due, the
 * last two with ENVOI_ERR_CANCELED, ENVOI_RETRY_NEVER and phase CLOSE. The server
 * sees a lost connection: to close in order, call envoi_client_disconnect() and free the client at
 * ENVOI_EVENT_STOPPED. No callback comes afterwards, and nothing is left on the loop.
 */
ENVOI_API void envoi_client_free(struct envoi_client *client);

/** @return the client's settings, which live as long as the client. For the time at which a change
 * takes effect see envoi_client_set() */
ENVOI_API struct envoi_settings *envoi_client_settings(struct envoi_client *client);
/**
 * Set a setting from text. `envoi --help` lists the settings; envoi_context_next_setting() visits
 * them.
 *
 * A change takes effect with the next attempt to log in, also while the client is connected; those
 * of reconnection with the next envoi_client_connect(). presence.priority is read for each presence
 * that is sent, limits.roster-items for each change of the roster.
 *
 * The result may be ignored: envoi_client_connect() and envoi_client_run() report a failure, and
 * envoi_client_failure() returns it, until the same setting is set with success. The same holds for
 * all setters of a client, for each password, handler and connector. (A failure that could not be
 * noted for want of memory is reported as ENVOI_ERR_NOMEM from then on; an invalid account address
 * cannot be corrected.)
 *
 * @param name  of the setting, "tls.ca-file"
 * @param text  its value, "ca.pem"
 * @retval ENVOI_ERR_NOT_FOUND  there is no such setting
 * @retval ENVOI_ERR_INVALID    the setting does not accept the value, or @p name is NULL
 * @retval ENVOI_ERR_NOMEM
 */
ENVOI_API int envoi_client_set(struct envoi_client *client, const char *name, const char *text);
/** As envoi_client_set(), from one text "NAME=VALUE", as a command line may have it.
 * @retval ENVOI_ERR_INVALID  also: the text has another form */
ENVOI_API int envoi_client_set_assignment(struct envoi_client *client, const char *assignment);
/**
 * Set the password; it is copied, and wiped with the client. This also answers a pending question
 * of envoi_client_ask_password().
 *
 * Setting a different password wipes the cached keys of earlier logins. Keys that
 * envoi_client_load_account() has loaded are not used together with a password: they would log in
 * although it is wrong. The first login derives them again. A failure is kept as for
 * envoi_client_set(). Do not call it where keys, a certificate or envoi_client_set_credentials()
 * stand in for a password.
 *
 * SCRAM prepares the password with SASLprep (RFC 4013). SASLprep knows the characters of Unicode
 * 3.2 only: a password that it refuses for newer characters alone, emoji for example, is prepared
 * with OpaqueString (RFC 8265, section 4.2). A login with a password that neither allows ends with
 * ENVOI_ERR_INVALID.
 *
 * @param password  UTF-8; NULL: none from now on
 * @retval ENVOI_ERR_INVALID  @p password is NULL, and the application is not asked for it either
 * @retval ENVOI_ERR_NOMEM    no password is set now
 *
 * Secrets (the password, keys derived from it, the message of PLAIN) are wiped wherever the library
 * has stored them, as soon as they are not needed any more, and are in no log, tap or failure. The
 * libraries below keep none of them, with two exceptions: libidn, which prepares a password that is
 * not printable ASCII for SCRAM, frees memory without wiping it; and libgsasl for mechanisms that
 * are used only when named, DIGEST-MD5 for example. Copies of the system, such as a swapped page or
 * a socket's buffer without TLS, are outside the library's control.
 */
ENVOI_API int envoi_client_set_password(struct envoi_client *client, const char *password);
/**
 * Called from the loop when a login needs the account's password, and none is set, or the server
 * has refused the one that was set. Answer with envoi_client_set_password(), inside or later; NULL
 * ends the login with ENVOI_ERR_CANCELED in phase SASL. login.timeout and sasl.timeout are
 * suspended until the answer, for at most sasl.password-timeout. The client may be freed inside.
 *
 * @param user         given to envoi_client_ask_password()
 * @param was_refused  the server has refused the last password
 */
typedef void envoi_client_password_fn(void *user, bool was_refused);
/**
 * Have the application asked for the password when a login needs it. The answer is kept for later
 * logins; after the server has refused it, it is wiped, and the next login asks again. Keys of
 * earlier logins save the question.
 *
 * @param ask   NULL: the application is not asked
 * @param user  passed to @p ask
 */
ENVOI_API void envoi_client_ask_password(
	struct envoi_client *client, envoi_client_password_fn *ask, void *user);
/**
 * Take identities from an implementation of <envoi/interfaces/sasl.h>, at each login, in place of
 * envoi_client_set_password() and envoi_client_ask_password().
 *
 * @param credentials  taken, on failure too; NULL: the client's own password
 * @retval ENVOI_ERR_INVALID  a required function is missing
 * @retval ENVOI_ERR_STATE    the client is connecting or connected
 */
ENVOI_API int envoi_client_set_credentials(
	struct envoi_client *client, struct envoi_sasl_credentials *credentials);

/**
 * Append what the account's logins have learned, for the program to store and to give to
 * envoi_client_load_account() after its next start; useful after each ENVOI_EVENT_AUTHENTICATED.
 * With it
 * - a server that offers weaker authentication than the best one so far is refused before anything
 *   is sent: an attacker may be between. envoi_client_forget_pin() removes that requirement;
 * - the login needs no derivation of keys, and no password, as long as the server keeps salt and
 *   iteration count (with the setting sasl.keep-keys).
 *
 *	struct envoi_buffer out;
 *	envoi_buffer_init(&out, envoi_session_context(envoi_client_session(client)), 0);
 *	if (envoi_client_save_account(client, &out) == ENVOI_OK) {
 *		store(envoi_buffer_data(&out), envoi_buffer_len(&out)); // readable by the user only
 *	}
 *	envoi_buffer_wipe(&out);
 *
 * The text is a line "envoi-account 1 ADDRESS", then lines whose first word names their kind:
 * "sasl-pin", "sasl-keys" (envoi_sasl_history_write()). A version skips lines that it does not
 * know. The text is as secret as the password: wipe @p out with envoi_buffer_wipe().
 *
 * @retval ENVOI_ERR_STATE  the client has no account address
 * @retval ENVOI_ERR_NOMEM  @p out is unchanged
 */
ENVOI_API ENVOI_MUST_CHECK int envoi_client_save_account(
	const struct envoi_client *client, struct envoi_buffer *out);
/**
 * Replace what is known of the account by a text of envoi_client_save_account().
 *
 * @param text, len  borrowed for the call
 * @retval ENVOI_ERR_INVALID  the text is malformed, cut off, or another account's; nothing changed
 * @retval ENVOI_ERR_STATE    the client is connecting or connected, or has no account address
 * @retval ENVOI_ERR_NOMEM    nothing changed
 */
ENVOI_API ENVOI_MUST_CHECK int envoi_client_load_account(
	struct envoi_client *client, const char *text, size_t len);
/**
 * Go on where a journal of an earlier process ends, before envoi_client_connect():
 * envoi_session_load_journal() (<envoi/journal.h>) with the client's account.
 *
 * @retval ENVOI_ERR_STATE  the client has no account address, or has been connected
 * Others as there.
 */
ENVOI_API ENVOI_MUST_CHECK int envoi_client_load_journal(
	struct envoi_client *client, const void *data, size_t len);

/** Accept, from the next login on, whatever the settings accept, also where earlier logins were
 * stronger. */
ENVOI_API void envoi_client_forget_pin(struct envoi_client *client);
/** Wipe the keys that stand for the password. */
ENVOI_API void envoi_client_forget_keys(struct envoi_client *client);

/**
 * Attach a handler to the session: envoi_session_add(). A stream feature and rows of stream
 * elements take part from the next connection on. A failure is kept as for envoi_client_set().
 * @param handler  borrowed until it is removed or the client is freed
 */
ENVOI_API int envoi_client_add(struct envoi_client *client, struct envoi_handler *handler);
/** Detach a handler: envoi_session_remove(). None of its functions is called any more, and it may
 * be freed; allowed in its own callbacks. */
ENVOI_API void envoi_client_remove(struct envoi_client *client, struct envoi_handler *handler);
/** Use a connector after those added before. Without any, the ones compiled in are used.
 * @param connector  taken, on failure too. A failure is kept as for envoi_client_set()
 * @retval ENVOI_ERR_NOMEM */
ENVOI_API int envoi_client_add_connector(
	struct envoi_client *client, struct envoi_connector *connector);

/**
 * Called from the loop when the key of tls.cert-file is encrypted, and no password for it is set or
 * the one that is set is wrong. Answer with envoi_client_set_key_password(), inside or later;
 * login.timeout is suspended until the answer, for at most tls.decision-timeout. The client may be
 * freed inside.
 *
 * @param user       given to envoi_client_ask_key_password()
 * @param file       the file with the encrypted key; borrowed for the call
 * @param was_wrong  the last password did not decrypt it
 */
typedef void envoi_client_key_password_fn(void *user, const char *file, bool was_wrong);
/** Have the application asked for the password of the client certificate's key. Without, a login
 * that needs it ends with ENVOI_ERR_AUTH in phase TLS. @param ask  NULL: the application is not
 * asked */
ENVOI_API void envoi_client_ask_key_password(
	struct envoi_client *client, envoi_client_key_password_fn *ask, void *user);
/** Set the password of the client certificate's key; copied, wiped with the client. Decrypting the
 * key blocks for as long as its iteration count demands.
 * @param password  NULL: none; a login that waits for it ends
 * @retval ENVOI_ERR_NOMEM */
ENVOI_API int envoi_client_set_key_password(struct envoi_client *client, const char *password);

/**
 * Have @p decider (<envoi/tls.h>) decide about servers whose certificate cannot be verified, from
 * the next connect on. login.timeout is suspended until it answers, for at most
 * tls.decision-timeout. A key that it refuses is refused for the rest of that login without a
 * further question. A key that it accepts and pins is added to the setting tls.pins of this client:
 * store that for the next start.
 *
 * @param decider  borrowed: must outlive the client, or be replaced while the client is offline;
 *                 NULL: every doubt ends the connection
 */
ENVOI_API void envoi_client_set_tls_decider(
	struct envoi_client *client, struct envoi_tls_decider *decider);

/** Show the traffic to @p tap from the next connection on. @param tap  NULL: none */
ENVOI_API void envoi_client_set_tap(struct envoi_client *client, envoi_tap_fn *tap, void *user);

/** @return the client's roster (<envoi/roster.h>), which lives as long as the client */
ENVOI_API struct envoi_roster *envoi_client_roster(struct envoi_client *client);
/** @return the presence of the client's contacts (<envoi/presence.h>), lives as long as the client */
ENVOI_API struct envoi_presences *envoi_client_presences(struct envoi_client *client);
/** @return requests for presence (<envoi/subscription.h>), live as long as the client */
ENVOI_API struct envoi_subscriptions *envoi_client_subscriptions(struct envoi_client *client);

/** @return the client's session, for sending and requests, which lives as long as the client */
ENVOI_API struct envoi_session *envoi_client_session(struct envoi_client *client);
/** @return the client to which a session belongs, for the session of an event or a delivery: also
 * in the events that envoi_client_free() delivers; NULL: the session was made without a client */
ENVOI_API struct envoi_client *envoi_session_client(const struct envoi_session *session);

/** Set a pointer of the program's own; the library does not use it. @param user  NULL at first */
ENVOI_API void envoi_client_set_user(struct envoi_client *client, void *user);
/** @return what envoi_client_set_user() has set */
ENVOI_API void *envoi_client_user(const struct envoi_client *client);

/** What a client does at the moment. */
enum envoi_client_state {
	/** nothing, before the first envoi_client_connect() and from ENVOI_EVENT_STOPPED on */
	ENVOI_CLIENT_OFFLINE,
	/** no session has started since envoi_client_connect(): an attempt is in progress, or
	 * awaited with the setting reconnect.initial */
	ENVOI_CLIENT_CONNECTING,
	ENVOI_CLIENT_ONLINE, /**< a session has started or was resumed: stanzas can be sent */
	/** the connection was lost; another attempt is awaited or in progress */
	ENVOI_CLIENT_SUSPENDED,
	ENVOI_CLIENT_LEAVING, /**< envoi_client_disconnect() or envoi_client_quit() was called */
};

/** @return the state now: inside a handler of events it may be ahead of the event */
ENVOI_API enum envoi_client_state envoi_client_state(const struct envoi_client *client);
/** @return "offline", "connecting", "online", "suspended", "leaving"; static */
ENVOI_API const char *envoi_client_state_name(enum envoi_client_state state);

/**
 * Begin to connect; returns at once. From ENVOI_OK on, ENVOI_EVENT_CONNECTING and, even when memory
 * is short, ENVOI_EVENT_DISCONNECTED and ENVOI_EVENT_STOPPED come.
 *
 * Once a session has started, the client connects again by itself whenever the connection is lost,
 * with the setting reconnect.initial before that too. After each ENVOI_EVENT_DISCONNECTED comes
 * either ENVOI_EVENT_SUSPENDED, with the time to the next attempt, or ENVOI_EVENT_STOPPED. An
 * attempt resumes the session where the server keeps it (XEP-0198, ENVOI_EVENT_RESUMED), else it
 * starts a new one (ENVOI_EVENT_ENDED, ENVOI_EVENT_STARTED), in which presence, roster and what
 * handlers restore are as before.
 *
 * The attempts end where failure->retry is ENVOI_RETRY_NEVER or ENVOI_RETRY_AFTER_USER: something
 * has to be changed first. ENVOI_RETRY_NOW is tried at once, ENVOI_RETRY_LATER after a delay:
 * random from 0 to reconnect.first, then to twice that and so on up to reconnect.longest, until a
 * connection has lasted a minute. With the exceptions:
 * - a conflict of resources while binding is tried again at once with a resource that the server
 *   chooses; a conflict that ends a stream stops the client: another one has taken its resource;
 * - temporary-auth-failure, policy-violation, resource-constraint and a server that offers no SASL,
 *   once a session has started, are tried again, and stop the client at the third within a minute.
 *
 * With the setting reconnect.enabled off the client stops with the first connection. The
 * application may connect again in the handler of ENVOI_EVENT_STOPPED or later.
 *
 * A verified server may redirect the client to another host (`see-other-host`, RFC 6120, section
 * 4.9.3.19). During the login the client follows at once, limits.redirects times at most, as if the
 * setting `server` named that host: on the default port if none was named, and without a look-up of
 * services. Once online, a redirect ends the connection with ENVOI_RETRY_NOW, and the next
 * attempt goes to that host. The certificate must be for the account's domain all the same.
 *
 * Files named by settings (tls.ca-file, tls.cert-file, tls.key-file) are read now. Their errors are
 * reported by ENVOI_EVENT_DISCONNECTED in phase TLS: ENVOI_ERR_INVALID, or ENVOI_ERR_AUTH where a
 * key's password is missing or wrong.
 *
 * @retval ENVOI_ERR_STATE  the client is not offline: envoi_client_state()
 * @retval ENVOI_ERR_NOMEM
 * Else the first failure of a setter that was not corrected. On failure no event comes.
 */
ENVOI_API ENVOI_MUST_CHECK int envoi_client_connect(struct envoi_client *client);
/** Send unavailable presence and close the stream in order, within close.timeout;
 * ENVOI_EVENT_DISCONNECTED and ENVOI_EVENT_STOPPED follow; between two attempts
 * ENVOI_EVENT_STOPPED alone. Nothing if the client is offline; idempotent. */
ENVOI_API void envoi_client_disconnect(struct envoi_client *client);
/**
 * Say that the network has changed or the machine has woken up. A client that waits for its next
 * attempt makes it now, at most once in ten seconds: a hint that comes earlier shortens the wait to
 * the end of these. One that is online probes its connection. On Linux the library notices by
 * itself that the machine has woken up.
 */
ENVOI_API void envoi_client_hint(struct envoi_client *client);
/**
 * Connect if the client is offline, and run the context's own loop until ENVOI_EVENT_STOPPED: until
 * envoi_client_quit() or envoi_client_disconnect() is called, or an end after which the client does
 * not connect again.
 *
 * @return ENVOI_OK after envoi_client_quit(), or when the stream was closed in order; else the code
 *         of envoi_client_failure(), or one of these
 * @retval ENVOI_ERR_UNSUPPORTED  the loop is an adopted one, which the application runs: use
 *                                envoi_client_connect(). Nothing has begun
 * @retval ENVOI_ERR_CANCELED     the client was freed in a callback: do not touch it
 * @retval ENVOI_ERR_NOMEM
 */
ENVOI_API int envoi_client_run(struct envoi_client *client);
/** Disconnect in order, and have envoi_client_run() return ENVOI_OK. */
ENVOI_API void envoi_client_quit(struct envoi_client *client);

/** @return the reason why the client is offline: how the last connection ended, or the failure of a
 * setter since then (phase NONE); NULL: there is none. Borrowed until the next connect or setter */
ENVOI_API const struct envoi_failure *envoi_client_failure(const struct envoi_client *client);
/** @return that failure in one line, "bot@example.org: wrong name or password (sasl): ..."; never
 * NULL; borrowed until the next connect or setter */
ENVOI_API const char *envoi_client_failure_text(struct envoi_client *client);

#ifdef __cplusplus
}
#endif
#endif
