/*
 * envoi - components: what the files of this folder share
 * SPDX-License-Identifier: MIT
 */
#ifndef ENVOI_COMPONENT_COMPONENT_H
#define ENVOI_COMPONENT_COMPONENT_H

#include <string.h>

#include <envoi/component.h>
#include <envoi/component_presence.h>
#include <envoi/interfaces/mainloop.h>

#include "component/own_addresses.h"
#include "connection/connection.h"

/*
 * The files:
 *	component.c           making, freeing, members, connecting
 *	component_login.c     where it connects, the handshake, what a failure means
 *	component_presence.c  subscriptions of its addresses
 *	announce.c            sending the presence of its addresses
 *	own_addresses.c       the table of its addresses
 */

struct envoi_component {
	struct envoi__connection connection; /* the first member */
	void *user; /* the program's */
	struct envoi_settings *login_settings; /* of the last login; NULL: none yet */
	struct envoi_handler handler;
	struct envoi__own_addresses addresses;
	struct envoi_component_presence_hook *presence_hook; /* the application's; NULL: none */
	struct envoi_deferred announcing; /* sends what is due */
	struct envoi_timer departure; /* limits it */
	struct envoi_timer confirming; /* asks the server whether it has unavailable presence */
	struct envoi_request *confirmation; /* NULL: it was not asked */
	uint64_t confirmed; /* the number of the departed address that it was asked about */
	bool is_departing; /* all addresses become unavailable, then the session is closed */
};

/** @return whether an address is one of the component's */
static inline bool envoi__component_has(
	const struct envoi_component *component, const struct envoi_jid *jid)
{
	return envoi_jid_equal_domain(jid, component->connection.account.jid);
}

/* component_presence.c */

extern const struct envoi_stanza_row envoi__component_rows[];

/* component_login.c */

extern const struct envoi__login_kind envoi__component_login;

/** As in struct envoi__connection_kind. */
int envoi__component_prepare(
	struct envoi__connection *connection, struct envoi__login_parameters *with);
void envoi__component_explain(struct envoi__connection *connection, struct envoi_failure *why);

/* announce.c */

/** Send due presence while the outbox has room. The component may be freed inside. */
void envoi__component_announce(struct envoi_component *component);
/** A presence in the table is due. */
void envoi__component_presence_changed(struct envoi_component *component);
/** A session has started: announce all addresses. The component may be freed inside. */
void envoi__component_arrive(struct envoi_component *component);
/** Make all addresses unavailable. @return ENVOI_AGAIN: the connection is closed after that */
int envoi__component_depart(struct envoi_component *component);
void envoi__component_stop_announcing(struct envoi_component *component);
/** Send the presence of all resources of an own address to one contact.
 * @param is_available  false: unavailable presence of those that are available */
int envoi__component_show(struct envoi_component *component, const struct envoi_jid *own,
	const char *contact, bool is_available);

static inline struct envoi_component *envoi__component_of(struct envoi__connection *connection)
{
	return ENVOI_CONTAINER_OF(connection, struct envoi_component, connection);
}

#endif
