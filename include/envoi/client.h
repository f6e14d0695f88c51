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
struct envoi_stanza;
struct envoi_subscriptions;
struct envoi_tls_decider;

/**
 * The client of one account. It connects, logs in, keeps the session over lost connections, and
 * disconnects. It joins connectors, stream, session, roster and presence.
 *
 * Handlers and requests belong to its session, which lives as long as the client.
 */
struct envoi_client;

/**
 * Make a client.
 *
 * @param[out] ret_client  owned by the caller; free it with envoi_client_free()
 * @param context  a reference is taken; NULL: a context and a loop of the client's own
 * @param jid      the account's address, bare or full; the setting resource replaces its resource.
 *                 An invalid one, or NULL, is reported by envoi_client_connect() and
 *                 envoi_client_run(). If it has no localpart, the login uses the mechanism
 *                 ANONYMOUS (RFC 4505) if sasl.mechanisms names it, else a client certificate, and
 *                 the server assigns the address
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
 * Free a client; NULL is allowed. Allowed inside every callback.
 *
 * The connection is cut. To close it in order, call envoi_client_disconnect(), and free the client
 * at ENVOI_EVENT_STOPPED.
 *
 * Requests and tickets end before this returns. A client that is not offline delivers, as far as
 * they are due, ENVOI_EVENT_ENDED, ENVOI_EVENT_DISCONNECTED and ENVOI_EVENT_STOPPED, the last two
 * with ENVOI_ERR_CANCELED, ENVOI_RETRY_NEVER and phase CLOSE. After that there are no callbacks,
 * and the client has no watch, timer or deferred call on the loop.
 */
ENVOI_API void envoi_client_free(struct envoi_client *client);

/** @return the client's settings, which live as long as the client. A change takes effect as
 * described at envoi_client_set() */
ENVOI_API struct envoi_settings *envoi_client_settings(struct envoi_client *client);
/**
 * Set a setting from text. `envoi --help` lists the settings; envoi_context_next_setting() visits
 * them.
 *
 * A change takes effect with the next attempt to log in; of the settings reconnect.*, with the next
 * envoi_client_connect(). presence.priority is read for each presence that is sent,
 * limits.roster-items for each change of the roster.
 *
 * The result may be ignored: envoi_client_connect() and envoi_client_run() return a failure, and
 * envoi_client_failure() describes it, until the same setting is set with success. The same applies
 * to all setters of a client. (If memory for the description was short, ENVOI_ERR_NOMEM is returned
 * from then on. An invalid account address cannot be corrected.)
 *
 * @param name  of the setting, "tls.ca-file"
 * @param text  its value, "ca.pem"
 * @retval ENVOI_ERR_NOT_FOUND  there is no such setting
 * @retval ENVOI_ERR_INVALID    the setting does not accept the value, or @p name is NULL
 * @retval ENVOI_ERR_NOMEM
 */
ENVOI_API int envoi_client_set(struct envoi_client *client, const char *name, const char *text);
/** As envoi_client_set(), from one text "NAME=VALUE", such as an argument of a command line.
 * @retval ENVOI_ERR_INVALID  also: the text is not of that form */
ENVOI_API int envoi_client_set_assignment(struct envoi_client *client, const char *assignment);
/** As envoi_client_set_assignment(), for each of several texts, those of main() for example:
 * envoi_client_set_assignments(client, argv + 2).
 * @param assignments  ended by NULL; borrowed for the call
 * @return ENVOI_OK, or the first failure; those that follow it are set nevertheless */
ENVOI_API int envoi_client_set_assignments(struct envoi_client *client, char *const *assignments);
/**
 * Set the password; it is copied, and wiped with the client. This also answers a pending question
 * of envoi_client_ask_password(). A failure is kept as for envoi_client_set().
 *
 * Setting a different password wipes the cached keys of earlier logins. Keys loaded by
 * envoi_client_load_account() are not used together with a password, because they would log in even
 * if it is wrong; the first login derives keys again. Do not set a password if keys, a certificate
 * or envoi_client_set_credentials() are used in its place.
 *
 * SCRAM prepares the password with SASLprep (RFC 4013). A password that SASLprep refuses only
 * because it has characters newer than Unicode 3.2, such as emoji, is prepared with OpaqueString
 * (RFC 8265, section 4.2). If that refuses it too, the login ends with ENVOI_ERR_INVALID.
 *
 * @param password  UTF-8; NULL: none from now on
 * @retval ENVOI_ERR_INVALID  @p password is NULL, and envoi_client_ask_password() was not called
 * @retval ENVOI_ERR_NOMEM    no password is set now
 *
 * The library wipes its copies of secrets (the password, keys derived from it, the message of
 * PLAIN) as soon as they are not needed any more. No log, tap or failure contains them. Its
 * dependencies wipe them too, with two exceptions: libidn, which prepares a password that is not
 * printable ASCII for SCRAM, and libgsasl for mechanisms that are not used by default, such as
 * DIGEST-MD5, free memory without wiping it. Copies of the system, such as a swapped page or a
 * socket's buffer without TLS, are outside the library's control.
 */
ENVOI_API int envoi_client_set_password(struct envoi_client *client, const char *password);
/**
 * Asks for the account's password. Called from the loop when a login needs it and none is set, or
 * the server has refused the one that was set. Answer with envoi_client_set_password(), inside or
 * later; NULL ends the login with ENVOI_ERR_CANCELED in phase SASL. login.timeout and sasl.timeout
 * are suspended until the answer, for at most sasl.password-timeout. The client may be freed
 * inside.
 *
 * @param user         passed to envoi_client_ask_password()
 * @param was_refused  the server has refused the last password
 */
typedef void envoi_client_password_fn(void *user, bool was_refused);
/**
 * Set a function that is called when a login needs the password. The answer is kept for later
 * logins; if the server refuses it, it is wiped, and the next login calls the function again. With
 * keys of an earlier login the function is not called.
 *
 * @param ask   NULL: none
 * @param user  passed to @p ask
 */
ENVOI_API void envoi_client_ask_password(
	struct envoi_client *client, envoi_client_password_fn *ask, void *user);
/**
 * Use a source of identities (<envoi/interfaces/sasl.h>) for each login, in place of
 * envoi_client_set_password() and envoi_client_ask_password().
 *
 * @param credentials  taken, on failure too; NULL: the client's own password
 * @retval ENVOI_ERR_INVALID  a required function is missing
 * @retval ENVOI_ERR_STATE    the client is connecting or connected
 */
ENVOI_API int envoi_client_set_credentials(
	struct envoi_client *client, struct envoi_sasl_credentials *credentials);

/**
 * Append the account state that logins have produced. Store it after each
 * ENVOI_EVENT_AUTHENTICATED, and pass it to envoi_client_load_account() when the program starts
 * again. It has two effects.
 * - A server that offers weaker authentication than the best one so far is refused before anything
 *   is sent, because an attacker may have changed the offer. envoi_client_forget_pin() removes this
 *   requirement.
 * - With the setting sasl.keep-keys, a login needs neither a password nor the derivation of keys,
 *   until the server changes salt or iteration count.
 *
 *	struct envoi_buffer out;
 *	envoi_buffer_init(&out, envoi_session_context(envoi_client_session(client)), 0);
 *	if (envoi_client_save_account(client, &out) == ENVOI_OK) {
 *		store(envoi_buffer_data(&out), envoi_buffer_len(&out)); // readable by the user only
 *	}
 *	envoi_buffer_wipe(&out);
 *
 * The text is a line "envoi-account 1 ADDRESS", then lines whose first word is their kind:
 * "sasl-pin", "sasl-keys" (envoi_sasl_history_write()). Lines of an unknown kind are ignored. The
 * text is as secret as the password: wipe @p out with envoi_buffer_wipe().
 *
 * @retval ENVOI_ERR_STATE  the client has no account address
 * @retval ENVOI_ERR_NOMEM  @p out is unchanged
 */
ENVOI_API ENVOI_MUST_CHECK int envoi_client_save_account(
	const struct envoi_client *client, struct envoi_buffer *out);
/**
 * Replace the account state by a text of envoi_client_save_account().
 *
 * @param text, len  borrowed for the call
 * @retval ENVOI_ERR_INVALID  the text is malformed, truncated, or of another account
 * @retval ENVOI_ERR_STATE    the client is connecting or connected, or has no account address
 * @retval ENVOI_ERR_NOMEM
 * On failure the account state is unchanged.
 */
ENVOI_API ENVOI_MUST_CHECK int envoi_client_load_account(
	struct envoi_client *client, const char *text, size_t len);
/**
 * Continue the session of an earlier process from its journal: envoi_session_load_journal()
 * (<envoi/journal.h>) with the client's account. Call it before envoi_client_connect().
 *
 * @retval ENVOI_ERR_STATE  the client has no account address, or has been connected
 * Other errors as envoi_session_load_journal().
 */
ENVOI_API ENVOI_MUST_CHECK int envoi_client_load_journal(
	struct envoi_client *client, const void *data, size_t len);

/** From the next login on, accept weaker authentication than that of earlier logins, as far as the
 * settings allow it. */
ENVOI_API void envoi_client_forget_pin(struct envoi_client *client);
/** Wipe the keys that replace the password. */
ENVOI_API void envoi_client_forget_keys(struct envoi_client *client);

/**
 * Attach a handler to the session, as envoi_session_add(). Its stream feature and its rows of
 * stream elements take effect with the next connection. A failure is kept as for
 * envoi_client_set().
 * @param handler  borrowed until it is removed or the client is freed
 */
ENVOI_API int envoi_client_add(struct envoi_client *client, struct envoi_handler *handler);
/** Detach a handler, as envoi_session_remove(). None of its functions is called any more, and it
 * may be freed. Allowed inside its own callbacks. */
ENVOI_API void envoi_client_remove(struct envoi_client *client, struct envoi_handler *handler);
/** Add a connector, which is used after those added before. Without any, those that are compiled in
 * are used. A failure is kept as for envoi_client_set().
 * @param connector  taken, on failure too
 * @retval ENVOI_ERR_NOMEM */
ENVOI_API int envoi_client_add_connector(
	struct envoi_client *client, struct envoi_connector *connector);

/**
 * Asks for the password of the client certificate's key. Called from the loop when the key of
 * tls.cert-file is encrypted, and no password for it is set or the one that is set is wrong. Answer
 * with envoi_client_set_key_password(), inside or later. login.timeout is suspended until the
 * answer, for at most tls.decision-timeout. The client may be freed inside.
 *
 * @param user       passed to envoi_client_ask_key_password()
 * @param file       the file with the encrypted key; borrowed for the call
 * @param was_wrong  the last password did not decrypt it
 */
typedef void envoi_client_key_password_fn(void *user, const char *file, bool was_wrong);
/** Set a function that is called when a login needs the password of the client certificate's key.
 * Without one, such a login ends with ENVOI_ERR_AUTH in phase TLS. @param ask  NULL: none */
ENVOI_API void envoi_client_ask_key_password(
	struct envoi_client *client, envoi_client_key_password_fn *ask, void *user);
/** Set the password of the client certificate's key; it is copied, and wiped with the client.
 * Decrypting the key blocks for a time that depends on its iteration count.
 * @param password  NULL: none, and a login that waits for it ends
 * @retval ENVOI_ERR_NOMEM */
ENVOI_API int envoi_client_set_key_password(struct envoi_client *client, const char *password);

/**
 * Set the decider (<envoi/tls.h>) that is called for servers whose certificate cannot be verified,
 * from the next envoi_client_connect() on. login.timeout is suspended until it answers, for at most
 * tls.decision-timeout. A key that it refuses is refused for the rest of that login without another
 * call. A key that it accepts and pins is added to the setting tls.pins of this client: store that
 * setting for the next start.
 *
 * @param decider  borrowed: must outlive the client, or be replaced while the client is offline;
 *                 NULL: a server that cannot be verified is refused
 */
ENVOI_API void envoi_client_set_tls_decider(
	struct envoi_client *client, struct envoi_tls_decider *decider);

/** Show the traffic to @p tap from the next connection on. @param tap  NULL: none */
ENVOI_API void envoi_client_set_tap(struct envoi_client *client, envoi_tap_fn *tap, void *user);
/** Switch the tap on or off for one direction, from now on and for later connections; both are on
 * at first. Allowed inside the tap. */
ENVOI_API void envoi_client_switch_tap(
	struct envoi_client *client, enum envoi_direction direction, bool is_on);

/**
 * Set the account's presence (RFC 6121, section 4): sent now, if the session has sent its initial
 * presence, and as the initial presence of later sessions, where the setting presence.initial is
 * on. Allowed at any time, also offline. A presence that is sent to all contacts with envoi_send()
 * has the same effect.
 *
 * A presence without a priority gets that of the setting presence.priority. Unavailable presence
 * keeps the account invisible, in later sessions too, until another one is set.
 *
 * @param presence  of type available or unavailable, without `to`; taken, on failure too; NULL
 *                  reports ENVOI_ERR_NOMEM
 * @retval ENVOI_ERR_INVALID  it is something else, or a builder failed; nothing changed
 * @retval ENVOI_ERR_NOMEM    nothing changed
 * Other errors as envoi_send(): the presence is not sent now, and later sessions use it.
 * envoi_session_problem() of envoi_client_session() has the reason.
 */
ENVOI_API int envoi_client_set_presence(struct envoi_client *client, struct envoi_stanza *presence);
/**
 * Send the account's presence again, if the session has sent available presence: for handlers that
 * add to it what has changed. Without effect otherwise. Errors as envoi_send().
 */
ENVOI_API int envoi_client_renew_presence(struct envoi_client *client);
/** As envoi_client_set_presence(), of available presence.
 * @param show    "away", "chat", "dnd", "xa" or NULL
 * @param status  for the contacts' users; NULL: none
 * @retval ENVOI_ERR_INVALID  another @p show, or XML does not allow @p status */
ENVOI_API int envoi_client_set_show(
	struct envoi_client *client, const char *show, const char *status);

/** @return the client's roster (<envoi/roster.h>), which lives as long as the client */
ENVOI_API struct envoi_roster *envoi_client_roster(struct envoi_client *client);
/** @return the presence of the client's contacts (<envoi/presence.h>), lives as long as the
 * client */
ENVOI_API struct envoi_presences *envoi_client_presences(struct envoi_client *client);
/** @return requests for presence (<envoi/subscription.h>), live as long as the client */
ENVOI_API struct envoi_subscriptions *envoi_client_subscriptions(struct envoi_client *client);

/**
 * @return whether an entity sees the client's presence: it is the account itself, a contact of the
 *         roster that is subscribed to the account's presence while the client is available (RFC
 *         6121, section 2.1.2.5), or the client has sent it directed presence in this session of
 *         the server (section 4.6). Automatic answers to other entities, such as receipts, reveal
 *         to them that the client is online. @p jid may be NULL
 */
ENVOI_API bool envoi_client_shows_presence_to(
	const struct envoi_client *client, const struct envoi_jid *jid);

/** @return the client's context, whose loop, clock and memory programs may use; borrowed; lives as
 * long as the client */
ENVOI_API struct envoi_context *envoi_client_context(const struct envoi_client *client);
/** @return the client's session, for sending and requests, which lives as long as the client */
ENVOI_API struct envoi_session *envoi_client_session(struct envoi_client *client);
/** @return the client to which a session belongs, for the session of an event or a delivery: also
 * in the events that envoi_client_free() delivers; NULL: the session was made without a client */
ENVOI_API struct envoi_client *envoi_session_client(const struct envoi_session *session);

/** Set a pointer of the program's own; the library does not use it. @param user  NULL at first */
ENVOI_API void envoi_client_set_user(struct envoi_client *client, void *user);
/** @return the pointer that envoi_client_set_user() has set */
ENVOI_API void *envoi_client_user(const struct envoi_client *client);

/** The state of a client. */
enum envoi_client_state {
	/** before the first envoi_client_connect(), and from ENVOI_EVENT_STOPPED on */
	ENVOI_CLIENT_OFFLINE,
	/** no session has started since envoi_client_connect(): an attempt is in progress, or, with
	 * the setting reconnect.initial, scheduled */
	ENVOI_CLIENT_CONNECTING,
	ENVOI_CLIENT_ONLINE, /**< a session has started or was resumed: stanzas can be sent */
	/** the connection was lost; another attempt is scheduled or in progress */
	ENVOI_CLIENT_SUSPENDED,
	ENVOI_CLIENT_LEAVING, /**< envoi_client_disconnect() or envoi_client_quit() was called */
};

/** @return the current state; inside an event row it may be newer than the event */
ENVOI_API enum envoi_client_state envoi_client_state(const struct envoi_client *client);
/** @return "offline", "connecting", "online", "suspended", "leaving"; static */
ENVOI_API const char *envoi_client_state_name(enum envoi_client_state state);

/**
 * Begin to connect. Returns at once; events report the progress. After ENVOI_OK,
 * ENVOI_EVENT_CONNECTING follows, and, even without memory, ENVOI_EVENT_DISCONNECTED and
 * ENVOI_EVENT_STOPPED.
 *
 * After a session has started, the client connects again whenever the connection is lost; with the
 * setting reconnect.initial also before that. Each ENVOI_EVENT_DISCONNECTED is followed by either
 * ENVOI_EVENT_SUSPENDED, with the time to the next attempt, or ENVOI_EVENT_STOPPED. An attempt
 * resumes the session if the server has kept it (XEP-0198, ENVOI_EVENT_RESUMED). Otherwise it
 * starts a new session (ENVOI_EVENT_ENDED, ENVOI_EVENT_STARTED), on which the client restores
 * presence and roster, and handlers their own state (`restore`).
 *
 * The member `retry` of the failure decides whether another attempt follows. ENVOI_RETRY_NEVER and
 * ENVOI_RETRY_AFTER_USER stop the client. After ENVOI_RETRY_NOW the attempt follows at once, after
 * ENVOI_RETRY_LATER with a delay: random from 0 to reconnect.first, then to twice that, and so on
 * up to reconnect.longest, until a connection has lasted a minute. There are three exceptions.
 * - After a conflict of resources in binding, an attempt follows at once, with a resource that the
 *   server chooses. A conflict that ends a stream stops the client: another client has taken its
 *   resource.
 * - After temporary-auth-failure, policy-violation, resource-constraint, not-well-formed while
 *   online, and if the server offers no SASL or does not agree on the stanzas of the session to be
 *   resumed, another attempt follows if a session has started before. The third of these failures
 *   within a minute stops the client. When a message is found to be the reason, it is taken out
 *   (ENVOI_TICKET_REFUSED), and the count starts again.
 * - After a certificate that is not trusted, a failed handshake, and an answer that is not XMPP,
 *   attempts follow for a day if a session has started before, each at least a minute after the
 *   last: a network may answer in place of the server until its user has logged in there, and a
 *   certificate may be renewed. With envoi_client_set_tls_decider() a certificate that is not
 *   trusted stops the client.
 *
 * With reconnect.enabled off, the client stops when the first connection ends. The application may
 * connect again inside the row of ENVOI_EVENT_STOPPED or later.
 *
 * A verified server may redirect the client to another host (`see-other-host`, RFC 6120, section
 * 4.9.3.19). During the login the client follows at once, at most limits.redirects times, as if the
 * setting `server` had that host: on the default port if none is given, and without a look-up of
 * service records. Once online, a redirect ends the connection with ENVOI_RETRY_NOW, and the next
 * attempt goes to that host. The certificate must nevertheless be for the account's domain.
 *
 * Files that settings name (tls.ca-file, tls.cert-file, tls.key-file) are read now. Their errors
 * are reported by ENVOI_EVENT_DISCONNECTED in phase TLS: ENVOI_ERR_INVALID, or ENVOI_ERR_AUTH if
 * the password of a key is missing or wrong.
 *
 * @retval ENVOI_ERR_STATE  the client is not offline: envoi_client_state()
 * @retval ENVOI_ERR_NOMEM
 * @retval ENVOI_ERR_NOT_FOUND  a handler needs one that is not attached: envoi_client_failure()
 * @retval <0  otherwise the first failure of a setter that was not corrected
 * On failure there are no events.
 */
ENVOI_API ENVOI_MUST_CHECK int envoi_client_connect(struct envoi_client *client);
/** Disconnect in order: send unavailable presence and the queued stanzas, and close the stream,
 * within the setting close.timeout. ENVOI_EVENT_DISCONNECTED and ENVOI_EVENT_STOPPED follow;
 * between two attempts ENVOI_EVENT_STOPPED alone. No effect if the client is offline or leaving.
 *
 * The session is not online from this call on: what is sent after it is refused with
 * ENVOI_ERR_STATE. A last message, and the reply to the one that asked for the end, are sent
 * before.
 *
 * The unavailable presence has no text. For one with a status, send it before with envoi_send(), to
 * NULL: envoi_presence_new() of ENVOI_TYPE_UNAVAILABLE, envoi_presence_set_status(). Disconnecting
 * sends no second one. */
ENVOI_API void envoi_client_disconnect(struct envoi_client *client);
/**
 * Report that the network has changed or the machine has woken up. A client that waits for its next
 * attempt makes it now, and one that is making an attempt makes the next one at once if that fails;
 * attempts that follow hints are at least ten seconds apart. A client that is online probes its
 * connection. No effect on a client that is offline. On Linux the library detects
 * by itself that the machine has woken up.
 */
ENVOI_API void envoi_client_hint(struct envoi_client *client);
/**
 * Connect if the client is offline, and run the context's own loop until ENVOI_EVENT_STOPPED: until
 * envoi_client_quit() or envoi_client_disconnect() was called, or the client does not connect
 * again.
 *
 * @return ENVOI_OK after envoi_client_quit(), or if the stream was closed in order; else the code
 *         of envoi_client_failure(), or one of these
 * @retval ENVOI_ERR_UNSUPPORTED  the loop is an adopted one, which the application runs: call
 *                                envoi_client_connect() instead. The client is unchanged
 * @retval ENVOI_ERR_CANCELED     the client was freed inside a callback: do not access it
 * @retval ENVOI_ERR_NOMEM
 */
ENVOI_API int envoi_client_run(struct envoi_client *client);
/** Disconnect as envoi_client_disconnect(); envoi_client_run() then returns ENVOI_OK. */
ENVOI_API void envoi_client_quit(struct envoi_client *client);

/** @return the reason why the client is offline: the end of the last connection, or the failure of
 * a setter since then (phase NONE); NULL: there is none. Borrowed until the next connect or
 * setter */
ENVOI_API const struct envoi_failure *envoi_client_failure(const struct envoi_client *client);
/** Get the failure of envoi_client_failure() as one line.
 * @return "bot@example.org: wrong name or password (sasl): ..."; never NULL; borrowed until the
 *         next connect or setter */
ENVOI_API const char *envoi_client_failure_text(struct envoi_client *client);

#ifdef __cplusplus
}
#endif
#endif
