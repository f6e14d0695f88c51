/*
 * envoi - what is compiled in
 * SPDX-License-Identifier: MIT
 */
#ifndef ENVOI_CLIENT_DEFAULTS_H
#define ENVOI_CLIENT_DEFAULTS_H

#include <envoi/session.h>

/** Attach the handlers that every client has. */
int envoi__default_handlers(struct envoi_session *session);

#endif
