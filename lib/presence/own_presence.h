/*
 * envoi - the account's own presence (RFC 6121, section 4)
 * SPDX-License-Identifier: MIT
 */
#ifndef ENVOI_PRESENCE_OWN_PRESENCE_H
#define ENVOI_PRESENCE_OWN_PRESENCE_H

#include <envoi/session.h>
#include <envoi/settings.h>

/** Follows what the session broadcasts, and adds presence.priority to it. */
struct envoi__own_presence {
	struct envoi_handler handler;
	struct envoi_session *session;
	const struct envoi_settings *settings;
	struct envoi_element *last; /* available, as the application sent it; NULL: none */
	bool is_available; /* in this session of the server */
};

/** Attach to a session. @param settings  borrowed, outlives the presence */
int envoi__own_presence_attach(struct envoi__own_presence *presence, struct envoi_session *session,
	const struct envoi_settings *settings);
void envoi__own_presence_finish(struct envoi__own_presence *presence);

/**
 * Send initial presence (section 4.2): the last one that the application has sent, else a plain
 * one. A filter may free the session inside.
 */
int envoi__own_presence_send_initial(struct envoi__own_presence *presence);

/** Send unavailable presence, if the session is available (section 4.5.1). A filter may free the
 * session inside. */
int envoi__own_presence_leave(struct envoi__own_presence *presence);

#endif
