/*
 * envoi - sessions: private header
 * SPDX-License-Identifier: MIT
 *
 * One state machine, from one stream to the next. Files that call each other: received.c,
 * router_host.c, session.c, sink.c, liveness/probe.c, sending/acknowledging.c,
 * sending/completing.c, sending/continuation.c, sending/feeding.c, sending/send.c,
 * stream_management/hold.c, stream_management/stream_management.c,
 * stream_management/stream_management_elements.c,
 * stream_management/stream_management_initiator.c.
 */
#ifndef ENVOI_SESSION_SESSION_H
#define ENVOI_SESSION_SESSION_H

#include <stdbool.h>
#include <stdint.h>

#include <envoi/buffer.h>
#include <envoi/interfaces/mainloop.h>
#include <envoi/interfaces/session.h>

#include "base/guard.h"
#include "base/list.h"
#include "base/map.h"
#include "mainloop/event_queue.h"
#include "router/requests.h"
#include "router/router.h"
#include "session/journal/journal.h"
#include "session/liveness/liveness.h"
#include "session/sending/acknowledging.h"
#include "session/sending/outbox.h"
#include "session/sending/throttle.h"
#include "session/sending/tracking.h"
#include "session/stream_management/stream_management.h"

struct envoi_client;
struct envoi_component;
struct envoi__posted;

enum {
	ENVOI__RESERVED_EVENTS = 4
};

struct envoi_session {
	struct envoi_stream_sink sink;
	struct envoi__router_host host;
	struct envoi_context *context;
	struct envoi_session_owner *owner;
	struct envoi_client *client; /* the owner; NULL: no client */
	/* the owner, which sends from all addresses of its domain; NULL: no component */
	struct envoi_component *component;
	const char *server_name; /* in which a server pings; NULL: the domain of `jid`; borrowed */
	void *user; /* the program's */
	struct envoi_stream *stream;
	struct envoi_stream *leaving; /* no longer the stream, being freed on the stack; or NULL */
	struct envoi_jid *jid;
	struct envoi_jid *held_jid; /* whose stanzas the outbox holds; NULL: none */
	uint64_t epoch, started_epoch; /* the latter: of the last STARTED; 0: it has ended */
	bool is_resumable; /* by a later stream: the end of this one does not end the epoch */
	bool is_resumed; /* by the present stream */
	bool is_continued; /* the owner will attach another stream after the end of the epoch */
	bool resends; /* the setting resend.messages */
	bool is_suspended; /* the epoch lasts without a stream, or with one that may resume it */
	bool is_ready; /* negotiation with this stream is complete */
	bool is_online; /* ready, and not closing */
	bool is_delivering; /* a stanza, to filters and rows */
	bool is_restoring; /* handlers restore what the session had */
	bool is_closing; /* envoi_session_close() was called */
	bool has_taken_out; /* the stanza that the server has refused with a stream error */
	bool has_started; /* once: timeouts run */
	struct envoi__guard guard;
	/* of session.c, when the last call on a freed session returns: files below it leave too */
	void (*destroy)(struct envoi_session *session);
	struct envoi__event_queue queue; /* events, ended requests and tickets, in their order */
	struct envoi__router router;
	struct envoi__requests requests;
	struct envoi__outbox outbox;
	struct envoi__tracking tracking;
	struct envoi__throttle throttle;
	struct envoi__acknowledging acknowledging;
	struct envoi__sm sm;
	struct envoi__journal journal;
	/* in order of adding; removed ones stay while calls are on the stack */
	struct envoi__list attachments;
	struct envoi__list listeners; /* those of them with rows of events, in the same order */
	struct envoi__list filters; /* those with filters: by priority, then order of adding */
	struct envoi__list waiting; /* those whose needs are not met */
	uint64_t attachment_order, searches; /* of the last active one; among those that wait */
	unsigned int removed; /* attachments that are still to be freed */
	struct envoi__map by_handler;
	struct envoi__list uses; /* extensions */
	struct envoi__list waits; /* for one stanza each; not ended */
	struct envoi__liveness liveness; /* of the link, while ready */
	/* for events that must not be lost; what is missing was used */
	struct envoi__posted *reserve[ENVOI__RESERVED_EVENTS];
	struct envoi_timer retry_timer; /* feeding the stream failed for want of memory */
	size_t stanza_limit; /* the most bytes that the stream takes at a time */
	size_t last_bytes; /* of the stanza that was queued last */
	size_t peer_limit; /* the most bytes of a stanza that the peer takes; SIZE_MAX: not known */
	struct envoi_session_stats stats; /* the counters; the others are sizes of lists */
	uint64_t skips_logged_ms; /* on the loop's clock: the last line about a skipped stanza */
	uint64_t skips_unlogged; /* since then */
	int problem_code; /* of the last call that was refused; ENVOI_OK: none */
	char *problem; /* its reason; NULL: none beside the code */
};

static inline void envoi__session_enter(struct envoi_session *session)
{
	envoi__guard_enter(&session->guard);
}

/** End the epoch: requests, promises and tickets that belong to it end from the loop, except those
 * of stanzas that the outbox holds for the next one. */
void envoi__session_end_epoch(struct envoi_session *session);
/** End requests and tickets with ENVOI_ERR_CANCELED, then post ENDED: the session will be freed. */
void envoi__session_cancel(struct envoi_session *session);

/** Exchange the streams of two sessions. @p session is suspended, @p other may be resumed on its
 * new stream. Nothing is reported. */
void envoi__session_exchange_streams(struct envoi_session *session, struct envoi_session *other);

/** Free the stream, end what depends on it. @param why NULL: `closed` is not called */
void envoi__session_lose_stream(struct envoi_session *session, const struct envoi_failure *why);

/** @return whether a stream has ended since the last call for a stanza that was taken out then */
bool envoi__session_has_taken_out(struct envoi_session *session);

/* --- session_problem.c --- */

/** Note why a call is refused. @param session  NULL, of a detached object: nothing is noted
 * @param format  NULL: no text beside that of the code. @return @p code */
int envoi__session_refuse(struct envoi_session *session, int code, const char *format, ...)
	ENVOI_PRINTF(3, 4);

/* --- handlers.c, attaching.c --- */

/** The session may be freed when it returns. */
void envoi__session_leave(struct envoi_session *session);
void envoi__session_start_timeouts(struct envoi_session *session);
/** Stop their timeouts and detach all. */
void envoi__session_remove_all(struct envoi_session *session);
/** Free the removed ones; no call is on the stack. */
void envoi__session_sweep(struct envoi_session *session);
/** Have the handlers restore the state of the session at the server. Called with the session
 * entered, which may be freed meanwhile. */
void envoi__session_restore(struct envoi_session *session);
/** Call the event rows. Called with the session entered. */
void envoi__session_deliver(struct envoi_session *session, const struct envoi_event *event);
/**
 * Called with the session entered, which may be freed meanwhile.
 * @retval ENVOI_STOP  a filter swallowed it, or the session was freed
 */
int envoi__session_filter(
	struct envoi_session *session, struct envoi_stanza *stanza, bool is_outgoing);

/* --- uses.c --- */

/** Free the extensions that are used; no handler is attached. */
void envoi__session_end_uses(struct envoi_session *session);

/* --- waits.c --- */

/** End all waits with a code, from the loop. */
void envoi__session_end_waits(struct envoi_session *session, int code);

/* --- continuation.c --- */

/** The epoch ends and another will follow: hold the stanzas that the next session has to send. */
void envoi__session_hold(struct envoi_session *session);
/** The epoch ends and none will follow: end all stanzas. */
void envoi__session_lose(struct envoi_session *session);
/** Handlers have restored their state on a new session: send the stanzas that the outbox holds. */
void envoi__session_restored(struct envoi_session *session);

/* --- events.c --- */

/** Free what envoi_session_reserve() has made. */
void envoi__session_drop_reserve(struct envoi_session *session);
/** Post, and fail the stream when memory is short. @param text, jid NULL: none */
void envoi__session_report(struct envoi_session *session, enum envoi_event_type type,
	const char *text, const struct envoi_jid *jid);

/* --- peer_limits.c --- */

/** Read the limits that the server announced last, and refuse queued stanzas that exceed them
 * (XEP-0478). */
void envoi__session_take_limits(struct envoi_session *session);
/** End queued stanzas that are longer than the server accepts. */
void envoi__session_refuse_longer(struct envoi_session *session);

/* --- completing.c --- */

/** Check a stanza that will be sent, and add an id where it needs one. Its addresses become
 * canonical; the own address of a client is removed as its sender. */
int envoi__session_complete(struct envoi_session *session, struct envoi_stanza *stanza);
/** As envoi__session_complete(), of the address `to` alone. */
int envoi__session_complete_address(
	struct envoi_session *session, const struct envoi_stanza *stanza);

/* --- send.c --- */

/** As envoi_send(), online or not. */
int envoi__session_send(
	struct envoi_session *session, struct envoi_stanza *stanza, struct envoi_ticket *ticket);
/** As envoi_request(). @param options  all but `asked`, which is filled in */
int envoi__session_request(struct envoi_session *session, struct envoi_stanza *iq,
	struct envoi__request_options *options, struct envoi_request **ret_request);

/* --- feeding.c --- */

extern const struct envoi__outbox_hooks envoi__session_outbox_hooks;
/** A request was canceled, or has timed out: its stanza is not sent if it waits. */
void envoi__session_give_up(struct envoi__requests *requests, uint64_t number);
/** Send queued stanzas of the outbox on the stream. */
void envoi__session_feed(struct envoi_session *session);

/** The peer has acknowledged stanzas: send those that waited for it. */
void envoi__session_acknowledged(struct envoi_session *session);

/** Close the stream, after the last acknowledgement (XEP-0198). */
void envoi__session_close_stream(struct envoi_session *session);
/** Feed the stream again after a short delay: memory was short. */
void envoi__session_retry(struct envoi_session *session);

/* --- skipped.c --- */

/** A stanza exceeded a limit: report it, answer a request, end a request that it answers. Called
 * with the session entered. @param element etc.  as in struct envoi_stream_sink_impl */
void envoi__session_take_skipped(struct envoi_session *session, struct envoi_element *element,
	uint64_t bytes, const char *limit);

/* --- received.c --- */

/** Events of what came before a stanza are delivered before it. When the application drops the
 * stream meanwhile, the stanza has not come: the peer sends it again.
 * @return whether it is still to be received */
bool envoi__session_deliver_events(struct envoi_session *session);
/** Take a stanza to the request that it answers, or to the router. Called with the session entered.
 * */
void envoi__session_receive(struct envoi_session *session, struct envoi_element *element);
/** Post ENVOI_EVENT_UNHANDLED. @param stanza  or NULL */
void envoi__session_report_unhandled(
	struct envoi_session *session, struct envoi_stanza *stanza, const char *text);
void envoi__session_report_late(struct envoi__tracking *tracking, struct envoi_stanza *error);

/* --- sink.c --- */

extern const struct envoi_stream_sink_impl envoi__session_sink_impl;

/* --- router_host.c --- */

extern const struct envoi__router_host_impl envoi__session_host_impl;

#endif
