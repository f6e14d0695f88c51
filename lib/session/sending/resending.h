/*
 * envoi - resending: messages that are sent again on a new session
 * SPDX-License-Identifier: MIT
 */
#ifndef ENVOI_SESSION_SENDING_RESENDING_H
#define ENVOI_SESSION_SENDING_RESENDING_H

#include <stdbool.h>
#include <stdint.h>

#include <envoi/buffer.h>
#include <envoi/interfaces/mainloop.h>
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

/** @return milliseconds since a time that the loop chooses, those included for which the machine
 * was suspended; never 0. Unlike the wall clock it is not set. */
uint64_t envoi__resending_now_ms(struct envoi_loop *loop);

/** What sending again needs to know. */
struct envoi__resending {
	const struct envoi_jid *from; /* the sender, for the delay */
	int64_t wall_ms; /* now, by the wall clock */
	uint64_t now_ms; /* envoi__resending_now_ms() */
	size_t peer_limit; /* bytes of a stanza that the server takes */
};

/**
 * A new session of the same account has started: queue the held stanzas for the stream, in order. A
 * stanza that a stream had before is lost if it is older than a day; else it gets a delay
 * (XEP-0203), unless it would become longer than the server takes.
 */
void envoi__resending_release(
	struct envoi__outbox *outbox, const struct envoi__resending *resending);

/** Queue the stanzas that were held by an earlier process, in order: its session is continued. A
 * message that was given to a stream before gets a delay (XEP-0203), where memory allows. */
void envoi__resending_release_loaded(struct envoi__outbox *outbox, const struct envoi_jid *from);

#endif
