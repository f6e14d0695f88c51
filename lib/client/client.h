/*
 * envoi - the client helper: its inside
 * SPDX-License-Identifier: MIT
 */
#ifndef ENVOI_CLIENT_CLIENT_H
#define ENVOI_CLIENT_CLIENT_H

#include <envoi/client.h>
#include <envoi/interfaces/features.h>
#include <envoi/interfaces/mainloop.h>
#include <envoi/interfaces/session.h>
#include <envoi/interfaces/transport.h>
#include <envoi/roster.h>
#include <envoi/tls.h>

#include "base/guard.h"
#include "client/presence.h"

/** What the client is at. In brackets what leads out of it. */
enum envoi__client_state {
	ENVOI__CLIENT_OFFLINE, /**< [connect: CONNECTING] */
	/** a connector is at work [transport: NEGOTIATING, none: OFFLINE] */
	ENVOI__CLIENT_CONNECTING,
	ENVOI__CLIENT_NEGOTIATING, /**< [stream ready: ONLINE; stream closed: OFFLINE] */
	ENVOI__CLIENT_ONLINE, /**< [stream closed: OFFLINE] */
};

enum {
	ENVOI__CLIENT_FEATURES = 4, /* of our own: starttls, sasl, bind, session */
};

/** A setter that has failed. */
struct envoi__client_problem {
	char about[64]; /* a setting's name, a handler's, ... */
	char text[128];
	int code;
};

struct envoi_client {
	struct envoi_context *context;
	struct envoi__guard guard;
	struct envoi_session_owner owner; /* of the session */
	struct envoi_session *session;
	struct envoi_settings *settings;
	struct envoi_handler watcher; /* sees the session's events for run() */
	struct envoi_roster *roster;
	struct envoi_jid *jid; /* as configured; NULL: malformed */
	char *jid_text;
	char *password;
	struct envoi_sasl_credentials *credentials; /* the application's; NULL: the password */
	struct envoi_sasl_history *history;
	enum envoi__client_state state;
	unsigned int logins; /* begun so far: tells whether it is still the same one */
	bool is_leaving; /* disconnect() was called */
	struct envoi__presence presence;
	bool is_running, was_told_to_quit;
	struct envoi__client_problem *problems; /* of setters, until they have been put right */
	size_t problem_count;
	bool has_lost_problem; /* there was no memory to note it */

	struct envoi_connector **connectors;
	size_t connector_count, connector_at;
	struct envoi_tls_config *tls;
	struct envoi_tls_decider trust; /* ours, before the user's */
	struct envoi_tls_decider *decider; /* the user's; NULL: nobody is asked */
	char *key_password;
	envoi_client_key_password_fn *ask_key_password; /* NULL: nobody is asked */
	void *key_password_user;
	bool waits_for_key_password, gave_no_key_password;
	uint64_t deadline_at_ms, left_ms; /* of the login; left while somebody decides */
	unsigned int open_questions; /* several where addresses are raced */
	struct envoi_handler *features[ENVOI__CLIENT_FEATURES]; /* our own, of this login */
	size_t feature_count;
	struct envoi_timer deadline; /* of the whole login */
	bool is_secure; /* the stream */
	bool is_authenticated; /* likewise */
	struct envoi_deferred start; /* the first connector, from the loop */
	struct envoi_failure attempts; /* of the connectors that have failed */
	struct envoi_failure tried; /* by the connector that has handed over a transport */
	char redirect_host[256]; /* where this login has been sent; "": nowhere */
	uint16_t redirect_port;
	unsigned int redirects; /* of this login */

	struct envoi_failure failure; /* the last one */
	bool has_failure;
	char *failure_text; /* made on demand */

	envoi_tap_fn *tap;
	void *tap_user;
};

/**
 * Note how a setter has ended: a failure is kept, and told by envoi_client_failure(), until the same
 * thing is set with success.
 * @param text  what was refused, and why, in words
 * @return @p code
 */
int envoi__client_note(struct envoi_client *client, const char *about, int code, const char *text);

/** @return ENVOI_OK, or the code of the first problem, which is the client's failure now */
int envoi__client_tell_problem(struct envoi_client *client);

/** Wipe the password. */
void envoi__client_drop_password(struct envoi_client *client);

/** What envoi_client_failure() tells from now on. @param why moved */
void envoi__client_keep_failure(struct envoi_client *client, struct envoi_failure *why);

/** Add the connectors that are compiled in: when connecting without any. */
int envoi__client_default_connectors(struct envoi_client *client);

/** Attach the handlers that every client has. */
int envoi__client_default_handlers(struct envoi_client *client);

/** The source of identities for the next stream, to be given to its feature. */
int envoi__client_make_credentials(
	struct envoi_client *client, struct envoi_sasl_credentials **ret_credentials);

/** Make the features of the next stream from the settings. Frees those of the last one. */
int envoi__client_make_features(struct envoi_client *client);
void envoi__client_free_features(struct envoi_client *client);

/** List the handlers of a stream: the features of this login, then what is attached to the session.
 * @param ret_handlers  to be freed by the caller
 * @retval ENVOI_ERR_NOMEM */
int envoi__client_stream_handlers(
	const struct envoi_client *client, struct envoi_handler ***ret_handlers, size_t *ret_count);

/** Begin with the first connector; what goes wrong from then on ends in envoi__client_ended().
 * @retval ENVOI_ERR_NOMEM not even begun */
int envoi__client_start_connecting(struct envoi_client *client);
void envoi__client_stop_connecting(struct envoi_client *client);

/** A stream ended during a login: go where the server sends us, if that may be followed.
 * @return false: it is not; then @p why tells so */
bool envoi__client_follow(struct envoi_client *client, struct envoi_failure *why);

/** Have the user's decider asked by client->tls. */
int envoi__client_use_decider(struct envoi_client *client);

/**
 * Load the certificate of tls.cert-file into client->tls, if there is one.
 * @retval ENVOI_AGAIN  somebody was asked for a password; the login begins again when it comes
 * @retval <0  @p why tells so
 */
int envoi__client_load_certificate(struct envoi_client *client, struct envoi_failure *why);
void envoi__client_drop_key_password(struct envoi_client *client);

/** Begin to look for a server; again after somebody was asked for something. */
void envoi__client_go_on(struct envoi_client *client);

/** While the application is asked, the login's deadline is suspended. */
void envoi__client_stop_deadline(struct envoi_client *client);
/** As long as one question to the application is open, the login's deadline is suspended. */
void envoi__client_question_opens(struct envoi_client *client);
void envoi__client_question_closes(struct envoi_client *client);
/** The login's deadline begins, or begins again. */
void envoi__client_start_deadline(struct envoi_client *client, uint64_t timeout_ms);

/** Let the connector forget what it has kept for another try. The client may be freed inside, or
 * disconnected. */
void envoi__client_forget_ways(struct envoi_client *client);

/** The stream has failed before it was up: is there another way? @return whether it is tried */
bool envoi__client_try_next(struct envoi_client *client, const struct envoi_failure *why);

/** The connection is over, or did not come about: keep the failure, post the terminal event.
 * @param why  moved */
void envoi__client_ended(struct envoi_client *client, struct envoi_failure *why);

/** The session is online: roster, presence, ENVOI_EVENT_AVAILABLE. */
void envoi__client_become_available(struct envoi_client *client);

/** Post an event with a text. */
void envoi__client_post(struct envoi_client *client, enum envoi_event_type type, const char *text);

/** Before calls that may free the client. */
static inline void envoi__client_enter(struct envoi_client *client)
{
	envoi__guard_enter(&client->guard);
}

/** The client may be freed when it returns. */
void envoi__client_leave(struct envoi_client *client);

#endif
