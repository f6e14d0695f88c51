/*
 * envoi - everything for users, without extensions (<envoi/extensions.h>)
 * SPDX-License-Identifier: MIT
 *
 * NULL as a text or an address has the meaning that the comment of the function gives it. Where it
 * gives none, functions that return a code refuse it with ENVOI_ERR_INVALID, or as a name that does
 * not exist; others return NULL, false or 0. NULL as an object is allowed where the comment says
 * so: in functions that free, and in those that read and build elements and stanzas.
 */
#ifndef ENVOI_ENVOI_H
#define ENVOI_ENVOI_H

#include <envoi/accept.h>
#include <envoi/accept_component.h>
#include <envoi/buffer.h>
#include <envoi/client.h>
#include <envoi/component.h>
#include <envoi/component_presence.h>
#include <envoi/conditions.h>
#include <envoi/config.h>
#include <envoi/context.h>
#include <envoi/delivery.h>
#include <envoi/error.h>
#include <envoi/event.h>
#include <envoi/failure.h>
#include <envoi/handler.h>
#include <envoi/jid.h>
#include <envoi/journal.h>
#include <envoi/listener.h>
#include <envoi/mainloop.h>
#include <envoi/path.h>
#include <envoi/payload.h>
#include <envoi/post.h>
#include <envoi/precis.h>
#include <envoi/presence.h>
#include <envoi/request.h>
#include <envoi/roster.h>
#include <envoi/sasl_verifier.h>
#include <envoi/session.h>
#include <envoi/settings.h>
#include <envoi/simple.h>
#include <envoi/stanza.h>
#include <envoi/subscription.h>
#include <envoi/tap.h>
#include <envoi/ticket.h>
#include <envoi/tls.h>
#include <envoi/transports.h>
#include <envoi/uri.h>
#include <envoi/values.h>
#include <envoi/version.h>
#include <envoi/wait.h>
#include <envoi/watch.h>
#include <envoi/xml.h>

#endif
