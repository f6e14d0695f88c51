/*
 * envoi - acknowledging: answers of the server stand for acknowledgements
 * SPDX-License-Identifier: MIT
 */
#ifndef ENVOI_SESSION_SENDING_ACKNOWLEDGING_H
#define ENVOI_SESSION_SENDING_ACKNOWLEDGING_H

#include <stdbool.h>
#include <stdint.h>

#include <envoi/interfaces/mainloop.h>
#include <envoi/request.h>

enum {
	ENVOI__ACKNOWLEDGING_INTERVAL_MS = 1000, /* from one ping to the next */
	ENVOI__ACKNOWLEDGING_DELAY_MS = 5000, /* where no ticket waits for the answer */
	ENVOI__ACKNOWLEDGING_STANZAS = 10, /* with as many the ping is not delayed */
};

/** A ping whose answer acknowledges the stanzas before it. */
struct envoi__acknowledging_ping {
	struct envoi_session *session;
	struct envoi_request *request; /* NULL: none is pending */
	uint64_t request_number;
	uint64_t number; /* of its stanza in the stream; 0: the stream does not have it yet */
};

/**
 * Detects, without stream management (XEP-0198), that the server has processed stanzas. Servers
 * process the stanzas of a stream in order (RFC 6120, section 10.1): any answer to a request proves
 * it for the stanzas before the request. Stanzas that have a ticket or may be sent again are kept
 * for this; without one no ping is sent. While <enable/> of stream management is not answered, a
 * ping follows after the longer delay only. Embedded in the session.
 */
struct envoi__acknowledging {
	bool is_enabled; /* the setting acknowledgement.ping */
	bool is_on; /* on the present stream */
	struct envoi__acknowledging_ping usual;
	struct envoi__acknowledging_ping last; /* before the stream is closed */
	uint64_t next_ms; /* the earliest time of the next ping */
	uint64_t due_ms; /* of the timer */
	struct envoi_timer timer; /* for the next one */
};

void envoi__acknowledging_init(struct envoi_session *session);

/** The stream is ready: keep what an answer is wanted for, unless the peer acknowledges stanzas
 * itself. */
void envoi__acknowledging_start(struct envoi_session *session);

/** The stream has ended, or the peer acknowledges stanzas itself. */
void envoi__acknowledging_stop(struct envoi_session *session);

/** Stanzas were sent on the stream: ping the server if a ping is due. */
void envoi__acknowledging_sent(struct envoi_session *session);

/** The peer does not acknowledge stanzas itself: ping it from the loop if a ping is due. */
void envoi__acknowledging_soon(struct envoi_session *session);

/** The stream is about to be closed: ping the server if stanzas are not acknowledged. */
void envoi__acknowledging_close(struct envoi_session *session);

/** The stanza of a request was sent on the stream. */
void envoi__acknowledging_requested(
	struct envoi_session *session, uint64_t request_number, uint64_t number);

#endif
