/*
 * envoi - components: what the files of this folder share
 * SPDX-License-Identifier: MIT
 */
#ifndef ENVOI_COMPONENT_COMPONENT_H
#define ENVOI_COMPONENT_COMPONENT_H

#include <envoi/component.h>

#include "connection/connection.h"

/*
 * The files:
 *	component.c        making, freeing, members, connecting
 *	component_login.c  where it connects, the handshake, what a failure means
 */

struct envoi_component {
	struct envoi__connection connection; /* the first member */
	void *user; /* the program's */
	struct envoi_settings *login_settings; /* of the last login; NULL: none yet */
	struct envoi_handler filter; /* of what it sends */
};

/* component_login.c */

extern const struct envoi__login_kind envoi__component_login;

/** As in struct envoi__connection_kind. */
int envoi__component_prepare(
	struct envoi__connection *connection, struct envoi__login_parameters *with);
void envoi__component_explain(struct envoi__connection *connection, struct envoi_failure *why);

static inline struct envoi_component *envoi__component_of(struct envoi__connection *connection)
{
	return ENVOI_CONTAINER_OF(connection, struct envoi_component, connection);
}

#endif
