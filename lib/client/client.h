/*
 * envoi - the client: what its files share
 * SPDX-License-Identifier: MIT
 */
#ifndef ENVOI_CLIENT_CLIENT_H
#define ENVOI_CLIENT_CLIENT_H

#include <envoi/client.h>
#include <envoi/context.h>
#include <envoi/presence.h>
#include <envoi/roster.h>
#include <envoi/subscription.h>

#include "base/guard.h"
#include "client/account.h"
#include "client/login.h"
#include "client/reconnect.h"
#include "client/setter_errors.h"
#include "presence/own_presence.h"

/*
 * The files of the client:
 *	client.c             making, freeing, members
 *	client_connection.c  connecting, one login after the other, leaving, running
 *	client_failure.c     the last failure
 *	setters.c            what is set before it connects
 *	available.c          roster and presence of a new session
 */

struct envoi_client {
	struct envoi_context *context;
	void *user; /* the program's */
	struct envoi__guard guard;
	struct envoi_session *session;
	struct envoi_settings *settings;
	struct envoi__account account;
	struct envoi__setter_errors setter_errors;
	struct envoi__connectors connectors;
	struct envoi_tls_decider *decider; /* the application's; NULL: none */
	envoi_tap_fn *tap;
	void *tap_user;
	unsigned int tap_off; /* bits of directions */
	struct envoi__login *login; /* NULL: no attempt, no connection */
	struct envoi__reconnect reconnect;
	uint64_t restored_epoch; /* of the session that roster and presence belong to; 0: none */
	bool announces; /* send presence when the roster has arrived, also if the login has ended */
	bool awaits_roster; /* presence of this session is sent after the roster has arrived */
	struct envoi_roster *roster;
	struct envoi_presences *presences;
	struct envoi_subscriptions *subscriptions;
	struct envoi__own_presence presence;
	struct envoi_handler watcher; /* of the session's events, for envoi_client_run() */
	bool is_running, is_quitting;
	struct envoi_failure failure; /* the last one */
	bool has_failure;
	char *failure_text; /* made on demand */
};

/* setters.c */

/** Note how a setter has ended, for envoi_client_failure() and envoi_client_connect().
 * @param text  what was refused, and why. @return @p code */
int envoi__client_note(
	struct envoi_client *client, const char *subject, int code, const char *text);

/** Before calls that may free the client. */
static inline void envoi__client_enter(struct envoi_client *client)
{
	envoi__guard_enter(&client->guard);
}
/** The client may be freed when it returns. */
static inline void envoi__client_leave(struct envoi_client *client)
{
	if (envoi__guard_leave(&client->guard)) {
		struct envoi_context *context = client->context;
		envoi_free(context, client);
		envoi_context_unref(context);
	}
}

/** @return whether no attempt is in progress or will be made */
static inline bool envoi__client_is_offline(const struct envoi_client *client)
{
	return client->login == NULL && !client->reconnect.is_waiting;
}

/* client_failure.c */

/** Set what envoi_client_failure() returns. @param why  moved */
void envoi__client_keep_failure(struct envoi_client *client, struct envoi_failure *why);
/** Set what envoi_client_failure() returns, while offline. */
void envoi__client_show_setter_error(struct envoi_client *client, int code, const char *text);

/* client_connection.c */

void envoi__client_connection_init(struct envoi_client *client);
/** The client is being freed: end its connection, with the events that are due. */
void envoi__client_end_all(struct envoi_client *client, struct envoi__login *login);

/* available.c */

/** The session is online: roster, presence, ENVOI_EVENT_AVAILABLE. */
void envoi__client_become_available(struct envoi_client *client);

#endif
