/*
 * envoi - the account's own presence (RFC 6121, section 4)
 * SPDX-License-Identifier: MIT
 */
#ifndef ENVOI_PRESENCE_OWN_PRESENCE_H
#define ENVOI_PRESENCE_OWN_PRESENCE_H

#include <envoi/session.h>
#include <envoi/settings.h>

#include "presence/directed.h"

/** Follows what the session broadcasts and directs, and adds presence.priority to it. */
struct envoi__own_presence {
	struct envoi_handler handler;
	struct envoi_session *session; /* NULL: finished */
	const struct envoi_settings *settings;
	struct envoi_element *last; /* available, as the application sent it; NULL: none */
	bool is_available; /* in this session of the server */
	bool is_hidden; /* the application has set unavailable presence, for every login */
	struct envoi__directed directed; /* in this session of the server */
};

/** Attach to a session. @param settings  borrowed, outlives the presence */
int envoi__own_presence_attach(struct envoi__own_presence *presence, struct envoi_session *session,
	const struct envoi_settings *settings);
void envoi__own_presence_finish(struct envoi__own_presence *presence);

/**
 * Set the presence of this and later sessions.
 *
 * @param stanza  available or unavailable, without `to`; not taken
 * @retval ENVOI_ERR_NOMEM    nothing changed
 * @retval ENVOI_ERR_INVALID  it is something else, or a builder failed
 */
int envoi__own_presence_set(
	struct envoi__own_presence *presence, const struct envoi_stanza *stanza);

/**
 * Send initial presence (section 4.2): the last one that the application has sent or set, else a
 * plain one; none where it has set unavailable presence. A filter may free the session inside.
 */
int envoi__own_presence_send_initial(struct envoi__own_presence *presence);

/** Send the presence that was set, or unavailable presence if the session is available and that was
 * set. A filter may free the session inside. */
int envoi__own_presence_send_set(struct envoi__own_presence *presence);

/** Withdraw directed presence, and send unavailable presence, if the session is available (sections
 * 4.5.1 and 4.6.5). A filter may free the session inside. */
int envoi__own_presence_leave(struct envoi__own_presence *presence);

#endif
