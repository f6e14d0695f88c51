/*
 * envoi - the client: what its files share
 * SPDX-License-Identifier: MIT
 */
#ifndef ENVOI_CLIENT_CLIENT_H
#define ENVOI_CLIENT_CLIENT_H

#include <envoi/client.h>
#include <envoi/context.h>
#include <envoi/mainloop.h>
#include <envoi/presence.h>
#include <envoi/roster.h>
#include <envoi/subscription.h>

#include "client/client_settings.h"
#include "connection/connection.h"
#include "presence/own_presence.h"

/*
 * The files of the client:
 *	client.c           making, freeing, members, connecting
 *	client_features.c  the stream features of its logins
 *	setters.c          what is set before it connects
 *	available.c        roster and presence of a new session
 */

struct envoi_client {
	struct envoi__connection connection; /* the first member */
	void *user; /* the program's */
	/* settings, read when a login begins: later changes apply to the next one */
	struct envoi__client_settings values;
	bool announces; /* presence is still to be sent, also if the login has ended */
	bool awaits_roster; /* presence of this session is sent after the roster has arrived */
	struct envoi_timer again_timer; /* a session that could not become available */
	struct envoi_roster *roster;
	struct envoi_presences *presences;
	struct envoi_subscriptions *subscriptions;
	struct envoi__own_presence presence;
};

/* client_features.c */

extern const struct envoi__login_kind envoi__client_login;

/* available.c */

/** The session is online: roster, presence, ENVOI_EVENT_AVAILABLE. */
void envoi__client_become_available(struct envoi_client *client);

#endif
