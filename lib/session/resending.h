/*
 * envoi - resending: messages that are sent again on a new session
 * SPDX-License-Identifier: MIT
 */
#ifndef ENVOI_SESSION_RESENDING_H
#define ENVOI_SESSION_RESENDING_H

#include <stdbool.h>
#include <stdint.h>

#include <envoi/stanza.h>
#include <envoi/ticket.h>

#include "session/outbox.h"

enum {
	ENVOI__RESENDING_AGE_MS = 24 * 60 * 60 * 1000,
};

/** @return whether a stanza is one that is sent again by default: a message of type chat or normal
 * with a body, without the hint not to store it (XEP-0334, section 4.1) */
bool envoi__resending_suits(const struct envoi_stanza *stanza);

/** @return whether it has a delay (XEP-0203) */
bool envoi__resending_has_delay(const struct envoi_stanza *stanza);

/** Give a message that may be sent again an origin-id (XEP-0359, section 2.2) equal to its id: a
 * recipient that gets it twice can recognise it. One that has an origin-id keeps it. A failure is
 * the tree's. */
void envoi__resending_identify(struct envoi_stanza *message);

/**
 * A new session of the same account has started: let what is held wait for the stream, in order.
 * What was given to a stream before gets a delay (XEP-0203), or is lost when it is older than a
 * day.
 *
 * @param from    the sender, for the delay
 * @param now_ms  by the wall clock
 */
void envoi__resending_release(
	struct envoi__outbox *outbox, const struct envoi_jid *from, int64_t now_ms);

#endif
