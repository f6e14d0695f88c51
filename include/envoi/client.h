/*
 * envoi - the client helper
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
struct envoi_roster;
struct envoi_sasl_credentials;
struct envoi_tls_decider;

/** Joins connectors, stream, session, roster and presence: logs an account in and out. */
struct envoi_client;

/**
 * Make a client.
 *
 * @param context  NULL: an own context with an own loop; a reference is taken
 * @param jid      the account's address, bare or full; an invalid one, or NULL, is reported by
 *                 connect and run. Without a localpart no password is used: it logs in anonymously (RFC
 *                 4505) if sasl.mechanisms names ANONYMOUS, or by a client certificate; the session
 *                 has the address that the server gives.
 * @retval ENVOI_ERR_NOMEM
 */
ENVOI_API ENVOI_MUST_CHECK int envoi_client_new(
	struct envoi_client **ret_client, struct envoi_context *context, const char *jid);

/**
 * End what is outstanding, then free; NULL is allowed; allowed inside every callback. Requests and
 * tickets end, and a client that was not offline has its terminal event, before this returns:
 * ENVOI_EVENT_DISCONNECTED with ENVOI_ERR_CANCELED, ENVOI_RETRY_NEVER and phase CLOSE. The server
 * sees a cut: envoi_client_disconnect(), and freeing at ENVOI_EVENT_DISCONNECTED, is the polite way.
 * Nothing calls back afterwards, and no event is left on the loop.
 */
ENVOI_API void envoi_client_free(struct envoi_client *client);

/** @return its settings, to be changed before it connects */
ENVOI_API struct envoi_settings *envoi_client_settings(struct envoi_client *client);
/**
 * Set one setting from text: `envoi --help` lists them all, envoi_context_next_setting() visits them.
 * One is not here what it is for that program: tls.mode is `either` by default.
 *
 * A failure need not be looked at: connect and run report it, and envoi_client_failure() tells it,
 * from now on and until the same setting is set with success. That holds for all the setters of a
 * client: until the same password, handler or connector was taken. (What could not be noted for want
 * of memory stays ENVOI_ERR_NOMEM for good, and an address that is none stays what it is.)
 *
 * @retval ENVOI_ERR_NOT_FOUND  no such setting
 * @retval ENVOI_ERR_INVALID    no such value
 * @retval ENVOI_ERR_NOMEM
 */
ENVOI_API int envoi_client_set(struct envoi_client *client, const char *name, const char *text);
/** As envoi_client_set(), from "NAME=VALUE", as a command line may have it: "tls.ca-file=ca.pem".
 * @retval ENVOI_ERR_INVALID  it is not of that form, too */
ENVOI_API int envoi_client_set_assignment(struct envoi_client *client, const char *assignment);
/**
 * Set the password; copied, wiped with the client. Setting a different password wipes the cached keys
 * of earlier logins. Keys that envoi_client_load_account() has loaded are not used together with a
 * password: they would log in although it is wrong. The first login derives them again. A failure is
 * kept as above. Not to be called where keys, a certificate or envoi_client_set_credentials() stand in
 * for a password.
 *
 * SCRAM prepares the password with SASLprep (RFC 4013). SASLprep knows the characters of Unicode 3.2
 * only: a password that it refuses for newer characters alone, emoji for example, is prepared with
 * OpaqueString (RFC 8265, section 4.2). A login with a password that neither allows ends with
 * ENVOI_ERR_INVALID.
 *
 * @retval ENVOI_ERR_INVALID  @p password is NULL, as of a variable that is not set: there is none
 *                            now
 * @retval ENVOI_ERR_NOMEM
 *
 * What is secret (the password, keys that follow from it, PLAIN's message) is wiped wherever the
 * library has put it, as soon as it is not needed any more, and is in no log, tap or failure. The
 * libraries below keep nothing of it either, with two exceptions: a password that is not printable
 * ASCII is prepared for SCRAM by libidn, which gives back its memory unwiped; and what libgsasl does
 * for mechanisms that are used only when named, DIGEST-MD5 and the like. What the system keeps
 * (a swapped page, a socket's buffer before it is encrypted where there is no TLS) is beyond us.
 */
ENVOI_API int envoi_client_set_password(struct envoi_client *client, const char *password);
/**
 * Called from the loop when a login needs the account's password, and none is set, or the server has
 * refused the one that was set. Answer with envoi_client_set_password(), inside or later; NULL ends
 * the login with ENVOI_ERR_CANCELED in phase SASL. login.timeout and sasl.timeout are suspended until
 * the answer, for at most sasl.password-timeout. The client may be freed inside.
 *
 * @param was_refused  the server has refused the last password
 */
typedef void envoi_client_password_fn(void *user, bool was_refused);
/**
 * Have the application asked for the password when a login needs it. The answer is kept for later
 * logins; after the server has refused it, it is wiped, and the next login asks again. Keys of earlier
 * logins save the question.
 *
 * @param ask   NULL: the application is not asked
 * @param user  passed to @p ask
 */
ENVOI_API void envoi_client_ask_password(
	struct envoi_client *client, envoi_client_password_fn *ask, void *user);
/**
 * Ask @p credentials (<envoi/interfaces/sasl.h>) for the password, at each login that needs one, in
 * place of what envoi_client_set_password() has set. They may answer later, from the loop, within
 * the setting sasl.password-timeout; sasl.timeout and login.timeout are suspended meanwhile.
 *
 * @param credentials  taken, on failure too; NULL: the password that was set
 * @retval ENVOI_ERR_INVALID  they lack a required function
 * @retval ENVOI_ERR_STATE    it is connecting or connected
 */
ENVOI_API int envoi_client_set_credentials(
	struct envoi_client *client, struct envoi_sasl_credentials *credentials);

/**
 * Append what the account's logins have taught so far, to be kept by the program and given to
 * envoi_client_load_account() after its next start: worth doing whenever
 * ENVOI_EVENT_AUTHENTICATED has come. Then
 * - a server that offers weaker authentication than the best it has had is refused before anything
 *   is sent, with words that say so: somebody may be between (envoi_client_forget_pin() where one
 *   knows better);
 * - the login needs no password, and no derivation of keys, while the server keeps salt and count
 *   (with the setting sasl.keep-keys). Where a password is set it counts, and the first login of the
 *   process derives the keys from it.
 *
 *	struct envoi_buffer out;
 *	envoi_buffer_init(&out, envoi_session_context(envoi_client_session(client)), 0);
 *	if (envoi_client_save_account(client, &out) == ENVOI_OK) {
 *		keep(envoi_buffer_data(&out), envoi_buffer_len(&out)); // readable by nobody else
 *	}
 *	envoi_buffer_wipe(&out);
 *
 * It is text: a line "envoi-account 1 ADDRESS", then lines of which the first word says what they
 * are: "sasl-pin", "sasl-keys" (envoi_sasl_history_write()). Lines that a version does not know are
 * skipped by it. It is as secret as the password: wipe @p out (envoi_buffer_wipe()).
 *
 * @retval ENVOI_ERR_STATE  the client has no account's address
 * @retval ENVOI_ERR_NOMEM  @p out is as it was
 */
ENVOI_API ENVOI_MUST_CHECK int envoi_client_save_account(
	const struct envoi_client *client, struct envoi_buffer *out);
/**
 * Take what envoi_client_save_account() has given, in place of what is known now.
 *
 * @retval ENVOI_ERR_INVALID  it is malformed or cut off, or another account's; nothing was changed
 * @retval ENVOI_ERR_STATE    it is connecting or connected, or the client has no account's address
 * @retval ENVOI_ERR_NOMEM
 */
ENVOI_API ENVOI_MUST_CHECK int envoi_client_load_account(
	struct envoi_client *client, const char *text, size_t len);
/** Accept from the next login on what the settings accept, however weak it is compared with
 * earlier logins. */
ENVOI_API void envoi_client_forget_pin(struct envoi_client *client);
/** Wipe the keys that stand for the password. */
ENVOI_API void envoi_client_forget_keys(struct envoi_client *client);

/**
 * Attach a handler to its session: envoi_session_add(). A stream feature and rows of stream elements
 * take part from the next connection on. A failure is kept as above.
 * @param handler  borrowed until it is removed or the client is freed
 */
ENVOI_API int envoi_client_add(struct envoi_client *client, struct envoi_handler *handler);
/** Detach a handler: envoi_session_remove(). From now on nothing of it is called, and it may be
 * freed; allowed in its own callbacks. */
ENVOI_API void envoi_client_remove(struct envoi_client *client, struct envoi_handler *handler);
/** Use this connector after those added before; without any, the compiled-in ones. @param connector taken */
ENVOI_API int envoi_client_add_connector(
	struct envoi_client *client, struct envoi_connector *connector);

/**
 * Called from the loop when the key of tls.cert-file is encrypted, and no password was set or the one
 * that was set is wrong. Answer with envoi_client_set_key_password(), now or later; login.timeout
 * waits meanwhile.
 * @param file       what is to be opened
 * @param was_wrong  the last one did not open it
 */
typedef void envoi_client_key_password_fn(void *user, const char *file, bool was_wrong);
/** Have @p ask called for the password of the client certificate's key. Without: such a login ends
 * with ENVOI_ERR_AUTH in phase TLS. */
ENVOI_API void envoi_client_ask_key_password(
	struct envoi_client *client, envoi_client_key_password_fn *ask, void *user);
/** Set that password; copied, wiped with the client. Opening the key takes as long as its iteration
 * count says, in one piece. @param password NULL: none; a login that waits for it ends
 * @retval ENVOI_ERR_NOMEM */
ENVOI_API int envoi_client_set_key_password(struct envoi_client *client, const char *password);

/**
 * Ask @p decider (<envoi/tls.h>) when the server is not to be believed, from the next connection on;
 * login.timeout waits meanwhile. What it accepts and pins is added to the setting tls.pins of this
 * client: keep it there for the next time.
 * @param decider  borrowed: must outlive the client, or be replaced while it is not connected;
 *                 NULL: nobody is asked, every doubt ends the connection
 */
ENVOI_API void envoi_client_set_tls_decider(
	struct envoi_client *client, struct envoi_tls_decider *decider);

/** Show the traffic to @p tap from the next connection on. @param tap NULL: nobody */
ENVOI_API void envoi_client_set_tap(struct envoi_client *client, envoi_tap_fn *tap, void *user);

/** @return its roster (<envoi/roster.h>); lives as long as the client */
ENVOI_API struct envoi_roster *envoi_client_roster(struct envoi_client *client);

/** @return its session, for sending and requests; lives as long as the client */
ENVOI_API struct envoi_session *envoi_client_session(struct envoi_client *client);

/**
 * Begin to connect; returns at once. For a client whose loop is an application's, or has other users,
 * and to connect again by hand: in the handler of ENVOI_EVENT_DISCONNECTED or later, where
 * failure->retry says that it can help. ENVOI_RETRY_NOW: at once; ENVOI_RETRY_LATER: after a delay of
 * seconds that doubles with each failure up to minutes, so that a server that comes back is not
 * overrun; else not without the user. From ENVOI_OK on, ENVOI_EVENT_CONNECTING and, however short
 * memory may be, ENVOI_EVENT_DISCONNECTED come.
 *
 * A server that has proved who it is may send us to another host (`see-other-host`, RFC 6120, section
 * 4.9.3.19). During the login that is followed at once, limits.redirects times, as if the setting
 * `server` named that host: on its default port if none was named, and without asking for its
 * services. Once online it ends the connection with ENVOI_RETRY_NOW, and the next connect goes
 * there. The certificate must be for the account's domain all the same.
 *
 * Files named by settings (tls.ca-file, tls.cert-file, tls.key-file) are read now: what is wrong with
 * them is told by ENVOI_EVENT_DISCONNECTED too, as ENVOI_ERR_INVALID in phase TLS, or ENVOI_ERR_AUTH
 * where a key's password is missing or wrong.
 *
 * @retval ENVOI_ERR_STATE it is connecting or connected
 * @retval ENVOI_ERR_NOMEM  nothing comes
 * Else the first failure of a setter that has not been put right: nothing comes. */
ENVOI_API ENVOI_MUST_CHECK int envoi_client_connect(struct envoi_client *client);
/**
 * Log out: send unavailable presence, close the stream in order (RFC 6120, section 4.4), within the
 * setting close.timeout. Returns at once. ENVOI_EVENT_DISCONNECTED follows from the loop; then the
 * client may be freed or connected again. A login that is pending ends. For a client that is not
 * connected nothing happens and no event follows. Idempotent.
 *
 * Four calls end something, each something else:
 * - envoi_client_disconnect() ends the connection. The loop goes on, and so does
 *   envoi_client_run() until ENVOI_EVENT_DISCONNECTED, at which it returns.
 * - envoi_client_quit() does the same, and envoi_client_run() returns ENVOI_OK however the connection
 *   ends: for the end of a program that is run by it.
 * - envoi_loop_quit() ends envoi_loop_run() after this turn and nothing else: a client stays
 *   connected, and a logout that is pending is not completed.
 * - envoi_client_free() cuts the connection without a logout.
 */
ENVOI_API void envoi_client_disconnect(struct envoi_client *client);
/**
 * Connect if it is not connected, run the context's own loop until disconnected or told to quit. It
 * does not connect again by itself.
 *
 * @return ENVOI_OK when told to quit, or when the stream was closed in order; else what went wrong:
 *         envoi_client_failure() says more, except for these
 * @retval ENVOI_ERR_UNSUPPORTED  the loop is an adopted one, which the application runs:
 *                                envoi_client_connect() is for that. Nothing was begun
 * @retval ENVOI_ERR_CANCELED     the client was freed in a callback: it must not be touched
 */
ENVOI_API int envoi_client_run(struct envoi_client *client);
/** Disconnect as envoi_client_disconnect() does, and have envoi_client_run() return ENVOI_OK then. For
 * a client that is not connected, envoi_client_run() returns after this turn of the loop. */
ENVOI_API void envoi_client_quit(struct envoi_client *client);

/** @return why it is not connected: how the last connection ended, or what a setter has refused
 * since (phase NONE); NULL: neither; borrowed until the next connect or setter */
ENVOI_API const struct envoi_failure *envoi_client_failure(const struct envoi_client *client);
/** @return one line for a person, "bot@example.org: wrong name or password (sasl): ..."; never NULL; borrowed likewise */
ENVOI_API const char *envoi_client_failure_text(struct envoi_client *client);

#ifdef __cplusplus
}
#endif
#endif
