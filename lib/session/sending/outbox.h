/*
 * envoi - outbox: serialised stanzas that wait to be sent or acknowledged
 * SPDX-License-Identifier: MIT
 */
#ifndef ENVOI_SESSION_SENDING_OUTBOX_H
#define ENVOI_SESSION_SENDING_OUTBOX_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <envoi/stanza.h>
#include <envoi/ticket.h>

#include "base/list.h"

struct envoi__tracked;
struct envoi_context;
struct envoi_stream;

/** Properties of a stanza besides its bytes. */
struct envoi__outbox_meta {
	enum envoi_stanza_kind kind;
	enum envoi_stanza_type type;
	bool may_resend; /* on a new session, after a stream had it */
	bool has_delay; /* of its own (XEP-0203), or was sent again before */
	/* sent by `restore` of a handler, which the next session calls again, or a request in an
	 * answer to such a request */
	bool is_restoring;
	bool is_broadcast; /* presence without `to`: a later one replaces it */
	int64_t sent_ms; /* by the wall clock; 0 if it may not be sent again */
	/* as sent_ms, by envoi__resending_now_ms(); 0: an earlier process has sent it */
	uint64_t since_ms;
	uint64_t
		request; /* number of the request that it asks (envoi__request_number()); 0: none */
	uint64_t answers; /* number of the request in the journal that it answers; 0: none */
	uint64_t waiting; /* its number in the journal while it waits to be sent (again); 0: none */
};

/** A stanza to be added. */
struct envoi__outbox_item {
	struct envoi__tracked
		*tracked; /* settled when the stanza leaves the outbox; NULL: no ticket */
	const char *xml; /* copied */
	size_t len;
	bool is_vital; /* added beyond the limits: one of the few of the session itself */
	struct envoi__outbox_meta meta;
};

/** A stanza in the outbox, in one of its lists. */
struct envoi__outbox_entry {
	struct envoi__list link; /* in held, waiting, sent or passing */
	struct envoi__outbox *outbox;
	struct envoi__tracked *tracked; /* NULL: no report is wanted */
	uint64_t number; /* of the stream that has it last, as envoi_stream_get_counts(); 0: none */
	struct envoi__outbox_meta meta;
	bool is_kept; /* sent: stays until it is acknowledged */
	bool is_held;
	bool is_vital; /* a ping: an acknowledgement that others wait for may depend on it */
	bool was_sent; /* a stream has it, or may have written bytes of it */
	bool has_left; /* a stream that has ended may have written bytes of it */
	bool is_suspected; /* the server may have ended a stream because of it: it is sent alone */
	size_t len;
	char xml[];
};

struct envoi__outbox;

/** The reports of an outbox to its session. */
struct envoi__outbox_hooks {
	/** The last waiting stanza was taken back. */
	void (*emptied)(struct envoi__outbox *outbox);
	/** The stream has accepted the stanza of a request. */
	void (*requested)(struct envoi__outbox *outbox, uint64_t request, uint64_t number);
	/** A stanza will be sent on a stream. @retval <0 it must not be sent now */
	int (*sending)(struct envoi__outbox *outbox, const struct envoi__outbox_entry *entry);
	/** The stream has not accepted it: it waits. */
	void (*not_sent)(struct envoi__outbox *outbox, const struct envoi__outbox_entry *entry);
	/** A stanza that waits is going to be dropped. @retval <0 a later process will send it */
	int (*dropping)(struct envoi__outbox *outbox, const struct envoi__outbox_entry *entry);
	/** An entry that has this number in the journal was freed. */
	void (*dropped)(struct envoi__outbox *outbox, uint64_t waiting);
	/** The stream has accepted the answer to a request that the journal has. */
	void (*answered)(struct envoi__outbox *outbox, uint64_t answers);
	/**
	 * More than three quarters of a limit are used, or, after that, no more than a quarter of
	 * both. @return whether it was reported: else envoi__outbox_note_level() calls it again
	 */
	bool (*level)(struct envoi__outbox *outbox, bool is_high);
};

/**
 * Embedded in its session. A stanza waits until a stream accepts it. Then its entry is kept until
 * the peer acknowledges it (envoi__outbox_keep()); without keeping, an entry with a ticket stays
 * until the stream reports it as written, and so does one without a ticket where another session
 * may send it (is_continued); else that is freed.
 *
 * The lists are in the order of sending. Everything in `sent` and `passing` precedes everything in
 * `waiting`. Numbers are those of the stream: they count from 1 all stanzas that it has sent, those
 * that do not come from the outbox included.
 */
struct envoi__outbox {
	struct envoi_context *context; /* borrowed */
	struct envoi__list waiting, sent;
	struct envoi__list passing; /* sent, without a ticket and not kept: until it is written */
	struct envoi__list held; /* for the next session, in order; precedes the two others */
	size_t count, bytes; /* of those that wait */
	size_t kept_count, kept_bytes; /* of those that are kept */
	size_t held_count, held_bytes;
	size_t count_limit, bytes_limit; /* of all together */
	uint64_t sent_bytes, sent_tickets; /* since the beginning */
	uint64_t written; /* stanzas, by this stream */
	bool is_keeping; /* what the stream sends from now on */
	bool is_keeping_wanted; /* of that, what has a ticket or may be sent again */
	bool is_continued; /* what a stream does not write, the next one sends */
	bool is_blocked; /* the stream is full, and has not drained since: it gets nothing */
	struct envoi__outbox_entry *alone; /* sent, suspected: nothing follows it; NULL: none */
	bool is_isolating; /* what waits is sent after an acknowledgement only */
	bool is_high; /* as `level` has reported */
	const struct envoi__outbox_hooks *hooks; /* of the session */
};

void envoi__outbox_init(struct envoi__outbox *outbox, struct envoi_context *context,
	const struct envoi__outbox_hooks *hooks);

/** Call `level` if that is due. */
void envoi__outbox_note_level(struct envoi__outbox *outbox);

/** @return whether no further stanza is accepted, not even a short one
 * @param is_restoring  as in struct envoi__outbox_meta: for these the limits are doubled, so that
 *                      what waits for the next session does not keep it from being restored */
bool envoi__outbox_is_full(const struct envoi__outbox *outbox, bool is_restoring);

/**
 * Append a stanza.
 * @retval ENVOI_ERR_FULL, ENVOI_ERR_NOMEM  nothing was changed
 */
int envoi__outbox_add(struct envoi__outbox *outbox, const struct envoi__outbox_item *item);
/** As envoi__outbox_add(), beyond the limits too. @retval ENVOI_ERR_NOMEM  nothing was changed */
int envoi__outbox_put(struct envoi__outbox *outbox, const struct envoi__outbox_item *item);

/**
 * Send as much as the stream accepts.
 * @retval ENVOI_OK     nothing waits any more
 * @retval ENVOI_AGAIN  the stream is full: to be called again when it has drained; or, with
 *                      is_isolating, after an acknowledgement
 * @retval <0           the stream refused the stanza that is still first
 */
int envoi__outbox_feed(struct envoi__outbox *outbox, struct envoi_stream *stream);

/** @p count more stanzas of the stream are written. */
void envoi__outbox_written(struct envoi__outbox *outbox, size_t count);

/** Keep what is sent from now on until it is acknowledged, or no longer do so. What is kept already
 * stays. */
void envoi__outbox_keep(struct envoi__outbox *outbox, bool is_keeping);

/** The peer acknowledges no more: keep only what envoi__outbox_keep_wanted() says, and treat the
 * other kept entries as entries that are not kept. */
void envoi__outbox_release(struct envoi__outbox *outbox);

/** Keep stanzas that have tickets or may be sent again, which are sent from now on, until the peer
 * has answered what follows them, or no longer do so. */
void envoi__outbox_keep_wanted(struct envoi__outbox *outbox, bool is_keeping);

/** The peer has answered the stanza with that number: ACKNOWLEDGED for those before it. */
void envoi__outbox_answered(struct envoi__outbox *outbox, uint64_t number);

/** @return the number of the last that is kept; 0: none is */
uint64_t envoi__outbox_last_number(const struct envoi__outbox *outbox);

/** The peer has acknowledged the stanzas of the last stream up to a number: ACKNOWLEDGED for those
 * that are kept. */
void envoi__outbox_acknowledge(struct envoi__outbox *outbox, uint64_t number);

/**
 * ACKNOWLEDGED for the first @p count of those that wait and that the peer had from an earlier
 * stream: it has acknowledged more than the last stream had sent again.
 */
void envoi__outbox_acknowledge_waiting(struct envoi__outbox *outbox, uint64_t count);

/**
 * The stream ends, and has written no byte of the stanzas behind @p number: they wait again, for
 * another stream or session, as if no stream had had them.
 * @return whether there are any
 */
bool envoi__outbox_unsend(struct envoi__outbox *outbox, uint64_t number);

/** The stream has ended, and another one may resume: UNKNOWN for entries that it had accepted and
 * that are not kept. Kept entries stay with their numbers until they are acknowledged, rewound or
 * lost. The others wait. */
void envoi__outbox_suspend(struct envoi__outbox *outbox);

/** Kept entries wait again, in order and before those that wait already: they are sent again. */
void envoi__outbox_rewind(struct envoi__outbox *outbox);

/**
 * Append a stanza that a stream had in an earlier process, and that is kept.
 * @retval ENVOI_ERR_FULL, ENVOI_ERR_NOMEM  nothing was changed
 */
int envoi__outbox_restore(
	struct envoi__outbox *outbox, const struct envoi__outbox_item *item, uint64_t number);

/**
 * The stream ends. Where the server has ended it because of what it was sent, the stanzas that it
 * has not acknowledged may be why: from now on they are sent one by one, each with nothing else
 * unacknowledged. One that was sent so is the reason: it ends with REFUSED, and the others are
 * sent as usual.
 * @return whether one has
 */
bool envoi__outbox_suspect(struct envoi__outbox *outbox, bool is_refusal);

/** As envoi__outbox_restore(), of one that waits for a session. @param was_sent  by a stream */
int envoi__outbox_restore_held(
	struct envoi__outbox *outbox, const struct envoi__outbox_item *item, bool was_sent);

/** @return the last that waits; NULL: none does */
struct envoi__outbox_entry *envoi__outbox_last_waiting(const struct envoi__outbox *outbox);

/** Forget the one that is held and has this number in the journal, if there is one. */
void envoi__outbox_forget_held(struct envoi__outbox *outbox, uint64_t waiting);

/** The epoch has ended: UNKNOWN for stanzas that a stream had accepted, NOT_SENT for the others.
 * @param keeps_messages  hold those without a ticket that another session may send */
void envoi__outbox_lose(struct envoi__outbox *outbox, bool keeps_messages);

/**
 * The epoch has ended, and another session will follow: hold what no stream had, but for answers to
 * the peers of that epoch, and what may be sent again. The rest ends as in envoi__outbox_lose().
 */
void envoi__outbox_hold(struct envoi__outbox *outbox);

/** @return NULL: none is held */
struct envoi__outbox_entry *envoi__outbox_first_held(const struct envoi__outbox *outbox);

/**
 * Append the first that is held to those that wait.
 * @param more  XML to insert before its end tag; NULL: none. The entry has a delay then
 * @retval ENVOI_ERR_NOMEM  it is still held
 */
int envoi__outbox_release_first(struct envoi__outbox *outbox, const char *more, size_t more_len);

/** End the first that is held: UNKNOWN if a stream had it, else NOT_SENT. */
void envoi__outbox_lose_first_held(struct envoi__outbox *outbox);

/** Drop the stanza of a request if no stream has had it. */
void envoi__outbox_take_back(struct envoi__outbox *outbox, uint64_t request);

/** An entry that waits is longer than the server accepts: end it with ENVOI_TICKET_REFUSED, or with
 * ENVOI_TICKET_UNKNOWN where an earlier stream may have sent it. */
void envoi__outbox_refuse(struct envoi__outbox_entry *entry);

/** The session is being freed: UNKNOWN for stanzas that a stream had accepted or that the journal
 * has, CANCELED for the others. */
void envoi__outbox_cancel_all(struct envoi__outbox *outbox);

#endif
