/*
 * envoi - stream management (XEP-0198): private header
 * SPDX-License-Identifier: MIT
 */
#ifndef ENVOI_SESSION_STREAM_MANAGEMENT_STREAM_MANAGEMENT_H
#define ENVOI_SESSION_STREAM_MANAGEMENT_STREAM_MANAGEMENT_H

#include <stdbool.h>
#include <stdint.h>

#include <envoi/handler.h>
#include <envoi/interfaces/mainloop.h>
#include <envoi/interfaces/stream.h>

#include "base/list.h"
#include "session/stream_management/stream_management_settings.h"

#define ENVOI__NS_SM "urn:xmpp:sm:3"

/** Of the session's stream. */
enum envoi__sm_state {
	ENVOI__SM_OFF,
	ENVOI__SM_RESUMING, /* <resume/> is sent */
	ENVOI__SM_ENABLING, /* <enable/> is sent: what is sent from here on is counted */
	ENVOI__SM_ENABLED,
};

/**
 * Numbers count the stanzas of a session in one direction, over all its streams; the `h` of the
 * protocol is a number modulo 2^32 (section 4).
 */
struct envoi__sm_numbers {
	uint64_t base; /* the number that belongs to */
	uint64_t at; /* this count of the stream (struct envoi_stream_counts) */
};

/** Embedded in its session; outlives the session's streams. */
struct envoi__sm {
	struct envoi_handler resume, enable; /* features of initiating streams */
	struct envoi__sm_settings settings;
	enum envoi__sm_state state;
	uint64_t first; /* both directions start with this number: 0, or what a test has set */
	struct envoi__sm_numbers out, in;
	uint64_t acknowledged; /* by the peer */
	uint64_t sent, received; /* when the last stream ended */
	uint64_t sent_most; /* by the streams that have ended: the last may have sent less again */
	uint64_t handled; /* sent in <resume/> or <resumed/>: the peer continues after it */
	struct envoi__list holds;
	bool has_undelivered; /* the stanza that was counted last */
	uint64_t requested; /* number of the last <r/> sent */
	uint64_t answered; /* of the last <a/> or <resume/>: what the peer was promised */
	uint64_t requested_bytes, requested_tickets; /* sent by the outbox before the last <r/> */
	bool is_requesting; /* an <r/> is not answered */
	uint64_t requests; /* <r/> sent, on all streams */
	bool was_refused; /* this stream may not resume: an <a/> may follow */
	bool has_closed; /* the last <a/> of this stream is sent */
	uint64_t closed_at; /* number of the last stanza that came before it */
	bool is_answer_due; /* an <a/> will be sent by the end of this turn */
	size_t unanswered; /* stanzas handled since the last <a/> */
	char *id; /* of the session at the server; NULL: not resumable */
	char *location; /* host where the server wants it resumed; NULL: anywhere */
	uint16_t location_port; /* 0: not said */
	bool was_location_used; /* since the last stream was lost */
	uint64_t max_ms; /* for which the server keeps it; 0: not said */
	uint64_t lost_at_ms; /* on the loop's clock: when the last stream ended */
	unsigned int resume_attempts; /* that were not answered */
	bool was_tried_late; /* one of them after the session's time had passed */
	struct envoi_deferred turn;
	struct envoi_timer request_timer;
	struct envoi_resumption_hook *hook; /* receiving side, resumable; NULL: none */
	struct envoi_timer expiry_timer; /* receiving side: while there is no stream */
	/* receiving side: a session whose time has passed, for an answer that says what of it was
	 * handled */
	char *expired_id; /* NULL: none */
	uint64_t expired_handled;
};

void envoi__sm_init(struct envoi__sm *sm);
/** Forget the session at the server; the counters start again. */
void envoi__sm_forget(struct envoi_session *session);

/** The stream is about to be freed. */
void envoi__sm_stream_ends(struct envoi_session *session, const struct envoi_stream *stream);

/** Stanzas were sent on the stream: request an acknowledgement where it is due. */
void envoi__sm_sent(struct envoi_session *session);
/** A stanza was handled: acknowledge it where that is due without a request. */
void envoi__sm_handled(struct envoi_session *session);
/** Memory is short: the stanza that has just come is not handled, and the stream ends, so that the
 * peer sends it again. */
void envoi__sm_return(struct envoi_session *session);
/** @return whether the stanza that has just come was handled on an earlier stream */
bool envoi__sm_is_repeated(const struct envoi_session *session);
/** @return whether the stanza that has just come is delivered again in another session: it cannot
 * be acknowledged on this stream any more, and is no answer */
bool envoi__sm_is_too_late(
	const struct envoi_session *session, const struct envoi_element *element);
/** Send what is due: to be called again when it could not be sent. */
void envoi__sm_flush(struct envoi_session *session);
/** Acknowledge, and request the last acknowledgement: the closing tag follows. */
void envoi__sm_close(struct envoi_session *session);
/** Acknowledge what is not yet: the peer has closed the stream. */
void envoi__sm_peer_closes(struct envoi_session *session);
/** Free what outlives envoi__sm_forget(). */
void envoi__sm_finish(struct envoi_session *session);

/** @return whether stanzas sent on the present stream are counted */
bool envoi__sm_is_on(const struct envoi_session *session);
/** @return whether both sides acknowledge stanzas on the present stream */
bool envoi__sm_is_enabled(const struct envoi_session *session);
/**
 * Request an acknowledgement now.
 * @retval ENVOI_OK         sent, or one is pending already
 * @retval ENVOI_ERR_STATE  stream management is not enabled
 * Other errors as envoi_stream_send_element(): it is sent later.
 */
int envoi__sm_request(struct envoi_session *session);
/**
 * Request an acknowledgement of the last stanza: now if no request covers it yet, otherwise after
 * stream-management.request-delay. A peer that holds a stanza back answers each request at once.
 */
void envoi__sm_request_last(struct envoi_session *session);
/** @return whether a request is not answered yet */
bool envoi__sm_is_requesting(const struct envoi_session *session);
/** @return whether the next stream tries to resume the session */
bool envoi__sm_can_resume(const struct envoi_session *session);
/**
 * Take the host where the server wants the session resumed, once after each loss of a stream.
 * @return whether there is one
 */
bool envoi__sm_take_location(
	struct envoi_session *session, char *host, size_t size, uint16_t *port);
/** @return for how long the server keeps the session without a stream, from now on; 0: no longer;
 * UINT64_MAX: it has not said */
uint64_t envoi__sm_time_left_ms(const struct envoi_session *session);

/* --- for the files of stream management --- */

/** @return the number that belongs to a count of the stream */
static inline uint64_t envoi__sm_number(const struct envoi__sm_numbers *numbers, uint64_t count)
{
	return numbers->base + (count - numbers->at);
}

/** Both directions of the stream are counted from here on. */
void envoi__sm_start_out(struct envoi_session *session);
void envoi__sm_start_in(struct envoi_session *session);
/** Acknowledgements flow from here on. */
void envoi__sm_become_enabled(struct envoi_session *session);
/** The stream resumes the session: what is not acknowledged waits to be sent again, and both
 * directions are counted on from here. */
void envoi__sm_restart_counting(struct envoi_session *session);
/** Send an <a/> at the end of this turn. */
void envoi__sm_answer_soon(struct envoi_session *session);
/* stream_management_numbers.c */

/** @return the counts of the present stream */
struct envoi_stream_counts envoi__sm_counts(const struct envoi_session *session);
/** @return the number of the last stanza that was sent */
uint64_t envoi__sm_sent_number(const struct envoi_session *session);
/** @return the number of the last stanza that was received */
uint64_t envoi__sm_received_number(const struct envoi_session *session);
/** @return the number up to which the peer's stanzas are handled */
uint64_t envoi__sm_handled_number(const struct envoi_session *session);

/** @return the hold of the first stanza that the application holds; NULL: none */
struct envoi_hold *envoi__sm_first_hold(const struct envoi__sm *sm);

/* hold.c */

/** In the session's list, in the order of the stanzas. */
struct envoi_hold {
	struct envoi__list link;
	struct envoi_context *context; /* a reference */
	struct envoi_session *session; /* NULL: nothing is acknowledged by its release */
	uint64_t number; /* of the stanza */
};

/** Their release acknowledges nothing any more. */
void envoi__sm_cancel_holds(struct envoi__sm *sm);
/** Acknowledge what was held back, by the end of this turn. */
void envoi__sm_hold_released(struct envoi_session *session);

/* stream_management_elements.c */

/**
 * Take the `h` of <resume/>, <resumed/> or <failed/>: of the session's streams before.
 * @retval <0  it is no number, or of a stanza that was not sent, or less than before: @p stream
 *             has failed
 */
int envoi__sm_take_last_h(
	struct envoi_session *session, struct envoi_stream *stream, const char *text);
/** Fail for an element that is not expected. @return an error code */
int envoi__sm_refuse(struct envoi_stream *stream, const struct envoi_element *element);
/** Handle <a/> and <r/>, of both roles. */
int envoi__sm_take_answer(struct envoi_handler *self, struct envoi_stream *stream,
	const struct envoi_element *element);
int envoi__sm_take_request(struct envoi_handler *self, struct envoi_stream *stream,
	const struct envoi_element *element);
/** Answer a request for resumption with item-not-found. @param handled  stanzas of the session that
 * have been handled, to be sent with it; NULL: none is known */
void envoi__sm_refuse_resumption(
	struct envoi_stream *stream, struct envoi_handler *handler, const uint64_t *handled);
/** @return the session above a stream; NULL: another sink */
struct envoi_session *envoi__sm_session_of(const struct envoi_stream *stream);

/* stream_management_initiator.c */

extern const struct envoi_handler_impl envoi__sm_resume_impl, envoi__sm_enable_impl;

#endif
