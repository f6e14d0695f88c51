/*
 * envoi - streams: what the files of this folder share
 * SPDX-License-Identifier: MIT
 *
 * One state machine. Files that call each other: elements.c, ending.c, headers.c,
 * negotiation.c, phases.c, sender.c, stream.c, stream_errors.c, stream_send.c.
 */
#ifndef ENVOI_STREAM_STREAM_H
#define ENVOI_STREAM_STREAM_H

#include <envoi/interfaces/mainloop.h>
#include <envoi/interfaces/stream.h>
#include <envoi/settings.h>
#include <envoi/stanza.h>

#include "base/guard.h"
#include "base/kept_failure.h"
#include "stream/tap.h"
#include "stream/written.h"

/*
 * The files:
 *	stream.c    making, freeing, sending; events of the transport
 *	headers.c   sending and checking headers; restarts
 *	elements.c  received elements: features, errors, rows, stanzas; the content namespace
 *	negotiation.c   the order of features, and what follows each
 *	inline.c    features that are negotiated inside another one
 *	phases.c    phases, their deadlines, the limits before and after login
 *	ending.c    closing, failing, and reporting it
 *	errors.c    stream errors in and out (RFC 6120, section 4.9)
 *	sender.c    the sender of received stanzas
 *	written.c   which of the written elements were stanzas
 *	tap.c       showing the traffic
 *	redact.c    which parts of it are secret
 */

/** A handler that concerns streams, and what is kept for it. */
struct envoi__stream_part {
	struct envoi_handler *handler; /* NULL: removed, or its feature was finished */
	void *state; /* of its feature; may be NULL */
	bool is_asked; /* since the features came */
	unsigned int inlined; /* the inlines that have added to a request: a bit for each place */
};

/** The state of the peer's half of the stream. Next: the following one; restart: NONE. */
enum envoi__stream_input {
	ENVOI__INPUT_NONE, /* waiting for the peer's header */
	ENVOI__INPUT_FEATURES, /* the header came, features have to follow */
	ENVOI__INPUT_OPEN,
	ENVOI__INPUT_ENDED, /* the closing tag came */
};

/** The state of this side's half. Next: the following one; restart: NONE. */
enum envoi__stream_output {
	ENVOI__OUTPUT_NONE, /* no header sent */
	ENVOI__OUTPUT_OPEN,
	ENVOI__OUTPUT_ENDED, /* closing tag sent */
};

/** The state of the stream as a whole. It never goes back. */
enum envoi__stream_life {
	ENVOI__STREAM_RUNNING,
	ENVOI__STREAM_CLOSING, /* this side's closing tag was sent, the peer's is awaited */
	ENVOI__STREAM_ENDING, /* the transport is closing: nothing is delivered any more */
	ENVOI__STREAM_CLOSED, /* `closed` of the sink was called, or the owner has freed it */
};

enum {
	ENVOI__STREAM_BITS = 4, /* in enum envoi_stream_bit */
};

_Static_assert(ENVOI_STREAM_SESSION == 1 << (ENVOI__STREAM_BITS - 1), "the last bit");

/** A negotiation that has succeeded, until envoi__stream_continue(). */
struct envoi__stream_gain {
	bool is_due;
	enum envoi_stream_next next;
	unsigned int bits;
	const char *texts[ENVOI__STREAM_BITS]; /* of each bit, by its place */
};

struct envoi__peer_head;

struct envoi_stream {
	struct envoi_transport_sink transport_sink;
	struct envoi_context *context; /* a reference */
	struct envoi_transport *transport; /* owned */
	struct envoi_stream_sink *sink;
	enum envoi_role role;
	char *content_ns, *peer_domain, *lang; /* peer_domain, lang may be NULL */
	struct envoi_jid *local; /* may be NULL */
	struct envoi_jid *host; /* for `local`, if the stream ends before it is set; or NULL */
	char *id; /* of the own header, which a handshake needs; NULL: not kept */
	char *user; /* that the peer has authenticated as; NULL: not known */
	struct envoi__peer_head *peer_head; /* NULL: none came */
	unsigned int bits, required;

	enum envoi__stream_input input;
	enum envoi__stream_output output;
	enum envoi__stream_life life;
	enum envoi_phase phase;
	bool is_client; /* the content namespace is jabber:client: nothing to map */
	bool is_ready;
	bool has_faulty_head; /* the server's; refused unless a stream error follows */
	bool is_securing; /* a TLS handshake is pending: nothing can be sent */
	bool is_renewed; /* by TLS: parser and writer of the transport are new */
	struct envoi__guard guard;

	struct envoi__stream_part *parts;
	size_t part_count;
	struct envoi__stream_part *negotiating; /* NULL: none */
	struct envoi__stream_part *securing; /* the one that started TLS */
	struct envoi_element *features; /* those last offered, or NULL */
	struct envoi__stream_gain gain;

	struct envoi_timer deadline;
	struct envoi_deferred work;
	uint64_t timeouts_ms[ENVOI_PHASE_CLOSE + 1]; /* 0: none */
	uint64_t decision_ms;
	const char *awaited; /* from the application, static; NULL: nothing */
	uint64_t awaited_ms;
	/* on the loop's clock: `closed` comes by then; 0: closing has not begun */
	uint64_t close_at_ms;
	struct envoi_xml_limits limits; /* after login */
	struct envoi__written written;
	struct envoi_stream_counts counts;
	struct envoi__tap tap;
	struct envoi__kept_failure failure; /* the first; code 0: none */
};

/* stream.c */

/**
 * Every callback of the transport runs between these two: work that it has made due, and freeing of
 * memory, follow when the outermost one returns.
 * @return false: the stream has ended. Leave must not be called
 */
bool envoi__stream_enter(struct envoi_stream *stream);
void envoi__stream_leave(struct envoi_stream *stream);

/** Enter and leave once, from the loop: what is due is then done. */
void envoi__stream_schedule(struct envoi_stream *stream);

/** @return whether the stream neither closes nor was freed: check after each callback */
bool envoi__stream_is_running(const struct envoi_stream *stream);

/** @return how many of the stanzas that were sent last have no byte that was written: the peer
 * cannot have them */
size_t envoi__stream_unsent(const struct envoi_stream *stream);

/** From now on another sink is notified. Not from inside a call of the sink. */
void envoi__stream_set_sink(struct envoi_stream *stream, struct envoi_stream_sink *sink);

/* headers.c */

int envoi__stream_send_head(struct envoi_stream *stream);
/** Send the header of a receiving stream that a stream error follows. */
int envoi__stream_begin_for_error(struct envoi_stream *stream);
void envoi__stream_head(struct envoi_stream *stream, const struct envoi_stream_head *head);
void envoi__stream_restart(struct envoi_stream *stream);

/** Fail for the fault of the server's header. */
void envoi__stream_refuse_server_head(struct envoi_stream *stream);

/* elements.c */

void envoi__stream_element(struct envoi_stream *stream, struct envoi_element *element);
/** A stanza exceeded a limit: as in struct envoi_transport_sink_impl. */
void envoi__stream_skipped(struct envoi_stream *stream, struct envoi_element *element,
	uint64_t bytes, const char *limit);
/** @return whether it is a message, presence or iq in that namespace */
bool envoi__is_stanza(const struct envoi_element *element, const char *ns);

/* features.c */

const struct envoi_stream_feature *envoi__part_feature(const struct envoi__stream_part *part);
/** Finish its feature, if it was made; the handler is not touched any more. */
void envoi__part_finish(struct envoi_stream *stream, struct envoi__stream_part *part);
/** Initiating side: negotiate the next eligible feature. */
void envoi__stream_negotiate(struct envoi_stream *stream);
/** Receiving side: be ready, or wait for what is missing, in its phase. */
void envoi__stream_await(struct envoi_stream *stream);
/** Receiving side: send what can be negotiated now. */
void envoi__stream_offer(struct envoi_stream *stream);
/**
 * Continue after a negotiation that has ended. Called when the outermost callback leaves, and
 * before the next input, for a negotiation that ended outside of callbacks.
 */
void envoi__stream_continue(struct envoi_stream *stream);
void envoi__stream_secured(struct envoi_stream *stream);

/* phases.c */

void envoi__stream_read_settings(
	struct envoi_stream *stream, const struct envoi_settings *settings);
/** Enter a phase; its deadline begins, unless the stream is in it already. Nothing once closing has
 * begun: CLOSE is the last phase. */
void envoi__stream_set_phase(struct envoi_stream *stream, enum envoi_phase phase);
/**
 * The stream waits for the application: until it answers, this time limit applies in place of the
 * phase's.
 * @param awaited     for the text of the failure: "password"; static; NULL: the wait has ended, and
 *                    the phase's deadline begins again
 * @param timeout_ms  0: none
 */
void envoi__stream_wait_for(struct envoi_stream *stream, const char *awaited, uint64_t timeout_ms);
/** The phase ends in @p timeout_ms at the latest. */
void envoi__stream_limit_deadline(struct envoi_stream *stream, uint64_t timeout_ms);
/** close.timeout begins, unless it has: one deadline covers all that follows. */
void envoi__stream_start_close_timeout(struct envoi_stream *stream);
/** @return the time until the end of close.timeout, which has begun */
uint64_t envoi__stream_close_time_left(const struct envoi_stream *stream);
/** From now on the peer may send more at a time: it has logged in. Called again when the stream is
 * bound or ready: then an initiating stream skips stanzas that exceed a limit. */
void envoi__stream_widen_limits(struct envoi_stream *stream);

/* ending.c */

/** As envoi_stream_fail(), but @p condition is sent instead of the failure's. */
void envoi__stream_fail_with_text(struct envoi_stream *stream, const struct envoi_failure *failure,
	enum envoi_stream_condition condition);
/** Fail for a negative code that a feature returned without saying more. */
void envoi__stream_fail_for(struct envoi_stream *stream, int code);
/** The peer's closing tag came. */
void envoi__stream_ended(struct envoi_stream *stream);
/** The transport has closed: report to the sink. */
void envoi__stream_report_closed(struct envoi_stream *stream, const struct envoi_failure *why);

/* errors.c */

/** @return whether the peer is the verified server, after the login: it may redirect us */
bool envoi__stream_is_proven(const struct envoi_stream *stream);
/** A stream error came. */
void envoi__stream_error_in(struct envoi_stream *stream, const struct envoi_element *error);
/** Send one, best effort. */
void envoi__stream_send_error(struct envoi_stream *stream, enum envoi_stream_condition condition);

#endif
