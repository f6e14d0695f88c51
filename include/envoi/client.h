/*
 * envoi - the client helper
 * SPDX-License-Identifier: MIT
 */
#ifndef ENVOI_CLIENT_H
#define ENVOI_CLIENT_H

#include <stdbool.h>
#include <stdint.h>

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
struct envoi_tls_decider;

/** Joins connectors, stream, session, roster and presence: logs an account in and out. */
struct envoi_client;

/**
 * Make a client.
 *
 * @param context  NULL: an own context with an own loop; a reference is taken
 * @param jid      the account's address, bare or full; what is wrong with it is reported by connect and run
 * @retval ENVOI_ERR_NOMEM
 */
ENVOI_API ENVOI_MUST_CHECK int envoi_client_new(
	struct envoi_client **ret_client, struct envoi_context *context, const char *jid);

/** End what is outstanding (requests, tickets, the terminal event), then free; NULL is allowed;
 * allowed inside every callback. Nothing calls back afterwards, and no event is left on the loop. */
ENVOI_API void envoi_client_free(struct envoi_client *client);

/** @return its settings, to be changed before it connects */
ENVOI_API struct envoi_settings *envoi_client_settings(struct envoi_client *client);
/** Set one setting from text: `envoi --help` lists them all, envoi_context_next_setting() visits
 * them. The first failure is remembered, for good, and reported by connect and run. */
ENVOI_API int envoi_client_set(struct envoi_client *client, const char *name, const char *text);
/** Set the password; copied, wiped with the client. A failure is remembered as above. */
ENVOI_API int envoi_client_set_password(struct envoi_client *client, const char *password);
/** Attach a handler to its session. A failure is remembered as above. */
ENVOI_API int envoi_client_add(struct envoi_client *client, struct envoi_handler *handler);
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

/** Begin to connect; returns at once. From ENVOI_OK on, ENVOI_EVENT_CONNECTING and, however short
 * memory may be, ENVOI_EVENT_DISCONNECTED come.
 *
 * A server that has proved who it is may send us to another host (`see-other-host`, RFC 6120, section
 * 4.9.3.19). During the login that is followed at once, limits.redirects times, as if the setting
 * `server` named that host: on its default port if none was named, and without asking for its
 * services. Once online it ends the connection with ENVOI_RETRY_NOW, and the next connect goes
 * there. The certificate must be for the account's domain all the same.
 *
 * @retval ENVOI_ERR_STATE it is connecting or connected
 * @retval ENVOI_ERR_NOMEM  nothing comes
 * Else the first remembered failure. */
ENVOI_API ENVOI_MUST_CHECK int envoi_client_connect(struct envoi_client *client);
/** Send unavailable presence, close in order; ENVOI_EVENT_DISCONNECTED follows. Idempotent. */
ENVOI_API void envoi_client_disconnect(struct envoi_client *client);
/** Connect, run the context's own loop until disconnected or told to quit.
 * ENVOI_ERR_UNSUPPORTED: the loop is an adopted one: envoi_client_connect() is for that.
 * @return 0, or what went wrong (envoi_client_failure()) */
ENVOI_API int envoi_client_run(struct envoi_client *client);
/** Make envoi_client_run() disconnect in order and return 0. */
ENVOI_API void envoi_client_quit(struct envoi_client *client);

/** @return why it is not connected; NULL: never tried; borrowed until the next connect */
ENVOI_API const struct envoi_failure *envoi_client_failure(const struct envoi_client *client);
/** @return one line for a person, "bot@example.org: wrong name or password (sasl): ..."; never NULL; borrowed likewise */
ENVOI_API const char *envoi_client_failure_text(struct envoi_client *client);

#ifdef __cplusplus
}
#endif
#endif
