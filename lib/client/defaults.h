/*
 * envoi - what is compiled in
 * SPDX-License-Identifier: MIT
 */
#ifndef ENVOI_CLIENT_DEFAULTS_H
#define ENVOI_CLIENT_DEFAULTS_H

#include <envoi/session.h>

#include "client/login_routes.h"

/** Add the connectors that are compiled in. */
int envoi__default_connectors(struct envoi__connectors *to, struct envoi_context *context);

/** Attach the handlers that every client has. */
int envoi__default_handlers(struct envoi_session *session);

#endif
