/*
 * envoi - resending: messages that are sent again on a new session
 * SPDX-License-Identifier: MIT
 */
#ifndef ENVOI_SESSION_SENDING_RESENDING_H
#define ENVOI_SESSION_SENDING_RESENDING_H

#include <stdbool.h>
#include <stdint.h>

#include <envoi/buffer.h>
#include <envoi/stanza.h>
#include <envoi/ticket.h>

#include "session/sending/outbox.h"

enum {
	ENVOI__RESENDING_AGE_MS = 24 * 60 * 60 * 1000,
};

/** The properties of a message that sending it again depends on. */
struct envoi__resending_signs {
	/** a message of type chat or normal with a body, without the hint not to store it
	 * (XEP-0334, section 4.1): it is sent again by default */
	bool is_usual;
	bool has_origin_id; /* XEP-0359 */
	bool has_delay; /* XEP-0203 */
};
struct envoi__resending_signs envoi__resending_read(const struct envoi_stanza *stanza);

/**
 * Add an origin-id (XEP-0359, section 2.2) to a serialised message, by which a recipient recognises
 * it if it arrives twice.
 * @param xml  the message; undefined after a failure
 * @param id   that of the message
 * Errors as envoi_buffer_append().
 */
int envoi__resending_identify(struct envoi_buffer *xml, const char *id);

/**
 * A new session of the same account has started: queue the held stanzas for the stream, in order. A
 * stanza that a stream had before gets a delay (XEP-0203), or is lost if it is older than a day.
 *
 * @param from    the sender, for the delay
 * @param now_ms  by the wall clock
 */
void envoi__resending_release(
	struct envoi__outbox *outbox, const struct envoi_jid *from, int64_t now_ms);

/** Queue the stanzas that were held by an earlier process, in order: its session is continued. A
 * message that was given to a stream before gets a delay (XEP-0203), where memory allows. */
void envoi__resending_release_loaded(struct envoi__outbox *outbox, const struct envoi_jid *from);

#endif
