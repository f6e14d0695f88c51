/*
 * envoi - sessions: the sink of the stream, the host of the router
 * SPDX-License-Identifier: MIT
 */
#include <envoi/context.h>

#include "session/session.h"
#include "stanza/stanza.h"

static struct envoi_session *from_sink(struct envoi_stream_sink *sink)
{
	return ENVOI_CONTAINER_OF(sink, struct envoi_session, sink);
}

/* --- negotiation --- */

static void on_opened(struct envoi_stream_sink *sink)
{
	struct envoi_session *session = from_sink(sink);
	struct envoi_session_owner *owner = session->owner;
	envoi__session_enter(session);
	envoi__session_report(session, ENVOI_EVENT_STREAM_OPENED, NULL, NULL);
	if (owner != NULL && owner->impl->opened != NULL) {
		owner->impl->opened(owner, session);
	}
	envoi__session_leave(session);
}

static void take_address(struct envoi_session *session)
{
	const struct envoi_jid *jid = envoi_stream_local(session->stream);
	if (jid != NULL) {
		envoi_session_set_jid(session, jid);
	}
}

/* A stream that has not resumed what was suspended is a session of its own. */
static void begin_epoch(struct envoi_session *session)
{
	if (session->is_suspended) {
		envoi__session_end_epoch(session);
	}
}

static void report_gained(struct envoi_session *session, unsigned int bit, const char *text)
{
	switch (bit) {
	case ENVOI_STREAM_SECURE:
		envoi__session_report(session, ENVOI_EVENT_SECURED, text, NULL);
		break;
	case ENVOI_STREAM_AUTHENTICATED:
		envoi__session_report(session, ENVOI_EVENT_AUTHENTICATED, text, NULL);
		break;
	case ENVOI_STREAM_BOUND:
		begin_epoch(session);
		take_address(session);
		envoi__session_take_limits(session);
		if (!session->is_resumed) {
			envoi__session_report(session, ENVOI_EVENT_BOUND, text, session->jid);
		}
		break;
	default:
		break;
	}
}

static void on_gained(struct envoi_stream_sink *sink, unsigned int bit, const char *text)
{
	struct envoi_session *session = from_sink(sink);
	struct envoi_session_owner *owner = session->owner;
	envoi__session_enter(session);
	report_gained(session, bit, text);
	if (owner != NULL && owner->impl->gained != NULL) {
		owner->impl->gained(owner, session, bit, text);
	}
	envoi__session_leave(session);
}

/* STARTED is not posted where its ENDED could be lost. */
static int post_started(struct envoi_session *session)
{
	int r = envoi_session_reserve(session);
	if (r == ENVOI_OK) {
		r = envoi_session_post_event(session,
			&(struct envoi_event){.type = ENVOI_EVENT_STARTED, .jid = session->jid});
	}
	if (r == ENVOI_OK) {
		session->started_epoch = session->epoch;
	}
	return r;
}

static void report_ready(struct envoi_session *session)
{
	if (session->started_epoch == session->epoch) {
		envoi__session_report(session, ENVOI_EVENT_RESUMED, NULL, session->jid);
		return;
	}
	int r = post_started(session);
	if (r < 0) {
		(void)envoi_stream_fail_with(
			session->stream, r, ENVOI_STREAM_RESOURCE_CONSTRAINT, NULL);
	}
}

static void on_ready(struct envoi_stream_sink *sink)
{
	struct envoi_session *session = from_sink(sink);
	struct envoi_session_owner *owner = session->owner;
	if (session->is_closing) {
		return;
	}
	envoi__session_enter(session);
	begin_epoch(session);
	take_address(session);
	session->is_ready = session->is_online = true;
	envoi__liveness_start(&session->liveness, session->queue.loop);
	envoi__session_take_limits(session);
	if (!session->has_started) {
		session->has_started = true;
		envoi__session_start_timeouts(session);
	}
	envoi__acknowledging_start(session);
	report_ready(session);
	if (session->is_resumed) {
		envoi__journal_answer_left(session);
	} else if (!envoi__sm_is_on(session)) {
		envoi__journal_ended(session); /* the session before: this one has no numbers */
	}
	envoi__session_feed(session); /* replies that were made while the stream restarted */
	if (owner != NULL && owner->impl->ready != NULL) {
		owner->impl->ready(owner, session);
	}
	envoi__session_restore(session);
	if (session->is_ready) {
		envoi__session_restored(session);
	}
	envoi__session_leave(session);
}

/* --- stanzas --- */

static void report(struct envoi_session *session, struct envoi_stanza *stanza, const char *text)
{
	session->stats.unhandled++;
	int r = envoi_session_post_event(session,
		&(struct envoi_event){
			.type = ENVOI_EVENT_UNHANDLED, .text = text, .stanza = stanza});
	envoi_log(session->context, ENVOI_LOG_INFO, ENVOI_LOG_SESSION, "unhandled stanza: %s%s",
		text, r < 0 ? " (no event: out of memory)" : "");
}

void envoi__session_report_late(struct envoi__tracking *tracking, struct envoi_stanza *error)
{
	struct envoi_session *session = ENVOI_CONTAINER_OF(
		tracking, struct envoi_session, tracking);
	int r = envoi_session_post_event(session,
		&(struct envoi_event){
			.type = ENVOI_EVENT_LATE_ERROR,
			.text = envoi_stanza_id(error),
			.stanza = error,
		});
	if (r < 0) {
		envoi_log(session->context, ENVOI_LOG_WARNING, ENVOI_LOG_SESSION,
			"a late error is not reported: %s", envoi_error_text(r));
	}
}

static void receive(struct envoi_session *session, struct envoi_stanza *stanza)
{
	enum envoi_stanza_kind kind = envoi_stanza_kind(stanza);
	if (envoi_stanza_from_text(stanza) != NULL && envoi_stanza_from(stanza) == NULL) {
		/* Handlers must not take it for a stanza of the own server, without `from`. */
		report(session, stanza, "its sender is not an address");
		return;
	}
	if (kind == ENVOI_IQ_ERROR || envoi_stanza_type(stanza) == ENVOI_TYPE_ERROR) {
		envoi__tracking_take_error(&session->tracking, stanza, session->jid);
	}
	bool is_answer = kind == ENVOI_IQ_RESULT || kind == ENVOI_IQ_ERROR;
	if (envoi__session_filter(session, stanza, false) == ENVOI_STOP) {
		if (is_answer) {
			envoi__requests_answer_vital(&session->requests, stanza, session->jid);
		} else {
			envoi__journal_stopped(session);
		}
		return;
	}
	if (is_answer) {
		(void)envoi__requests_answer(&session->requests, stanza, session->jid);
	} else {
		(void)envoi__router_route(&session->router, stanza, true);
	}
}

static bool is_bound(const struct envoi_session *session)
{
	return session->is_ready ||
		(session->stream != NULL &&
			(envoi_stream_bits(session->stream) & ENVOI_STREAM_BOUND) != 0);
}

/* RFC 6120, sections 4.9.3.12 and 7.1: before binding a client may send only what its server
 * expects there, registration (XEP-0077) for example. Its `from` is not known to be its own:
 * filters do not see it. */
static void take_early(struct envoi_session *session, struct envoi_element *element)
{
	struct envoi_stanza *stanza = NULL;
	struct envoi_stream *stream = session->stream;
	int r = envoi_stanza_from_element(&stanza, element);
	bool is_taken = r == ENVOI_OK && envoi__router_route(&session->router, stanza, false);
	envoi_stanza_unref(stanza);
	if (!is_taken && session->stream == stream) {
		(void)envoi_stream_fail_with(stream, ENVOI_ERR_PROTOCOL,
			ENVOI_STREAM_NOT_AUTHORIZED, "a stanza before the login was done");
	}
}

/* A sender for whom memory is short is not one whose address is malformed. */
static int make_stanza(struct envoi_stanza **ret_stanza, struct envoi_element *element)
{
	int r = envoi_stanza_from_element(ret_stanza, element);
	if (r == ENVOI_OK && envoi__stanza_parse_from(*ret_stanza) == ENVOI_ERR_NOMEM) {
		envoi_stanza_unref(*ret_stanza);
		r = ENVOI_ERR_NOMEM;
	}
	return r;
}

/* XEP-0198: the stanza comes again. Without, a client cannot know that its server has lost it, and
 * an answer to its next request would say that it was processed (RFC 6120, section 4.9.3.17). A
 * client would not gain anything by the loss of the stream. */
static void lose_for_want_of_memory(struct envoi_session *session)
{
	if (envoi__sm_is_enabled(session)) {
		envoi__sm_return(session);
	} else if (envoi_stream_role(session->stream) == ENVOI_RECEIVER) {
		(void)envoi_stream_fail_with(session->stream, ENVOI_ERR_NOMEM,
			ENVOI_STREAM_RESOURCE_CONSTRAINT, "no memory for a stanza");
	} else {
		report(session, NULL, envoi_error_text(ENVOI_ERR_NOMEM));
	}
}

static void take_element(struct envoi_session *session, struct envoi_element *element)
{
	struct envoi_stanza *stanza = NULL;
	int r = make_stanza(&stanza, element);
	if (r == ENVOI_OK) {
		receive(session, stanza);
		envoi_stanza_unref(stanza);
	} else if (r == ENVOI_ERR_INVALID) {
		envoi__router_refuse(&session->router, element);
	} else if (r == ENVOI_ERR_NOMEM) {
		lose_for_want_of_memory(session);
	} else {
		report(session, NULL, r < 0 ? envoi_error_text(r) : "not a stanza");
	}
}

/* Events of what came before a stanza are delivered before it. When the application drops the
 * stream meanwhile, the stanza has not come: the peer sends it again.
 * @return whether it is still to be handed over */
static bool deliver_events(struct envoi_session *session)
{
	const struct envoi_stream *stream = session->stream;
	session->sm.has_undelivered = true;
	envoi__event_queue_flush(&session->queue);
	session->sm.has_undelivered = false;
	return session->stream == stream && !envoi__guard_is_over(&session->guard);
}

static void refuse_fatal(struct envoi_session *session, struct envoi_element *element)
{
	struct envoi_stanza *stanza = NULL;
	if (envoi_stanza_from_element(&stanza, element) != ENVOI_OK) {
		return;
	}
	enum envoi_stanza_kind kind = envoi_stanza_kind(stanza);
	report(session, stanza, "the program has ended twice while it handled this stanza");
	if (kind == ENVOI_IQ_GET || kind == ENVOI_IQ_SET) {
		envoi__router_refuse_request(
			&session->router, element, ENVOI_INTERNAL_SERVER_ERROR);
	}
	envoi_stanza_unref(stanza);
}

static void hand_over(struct envoi_session *session, struct envoi_element *element)
{
	bool is_recorded = envoi__sm_is_enabled(session);
	uint64_t number = is_recorded ? envoi__sm_received_number(session) : 0;
	int r = is_recorded ? envoi__journal_take(session, number, element) : ENVOI_OK;
	if (r == ENVOI_STOP) {
		refuse_fatal(session, element);
	} else if (r < 0) {
		lose_for_want_of_memory(session);
	} else {
		session->is_delivering = true;
		if (is_bound(session)) {
			take_element(session, element);
		} else {
			take_early(session, element);
		}
		session->is_delivering = false;
	}
	if (is_recorded) {
		envoi__journal_done(session, number);
	}
}

static void on_stanza(struct envoi_stream_sink *sink, struct envoi_element *element)
{
	struct envoi_session *session = from_sink(sink);
	if (envoi__sm_is_repeated(session) || envoi__sm_is_too_late(session, element)) {
		return;
	}
	envoi__session_enter(session);
	if (deliver_events(session)) {
		hand_over(session, element);
	}
	envoi__sm_handled(session);
	envoi__session_leave(session);
}

static void on_skipped(struct envoi_stream_sink *sink, struct envoi_element *element,
	uint64_t bytes, const char *limit)
{
	struct envoi_session *session = from_sink(sink);
	if (envoi__sm_is_repeated(session) || envoi__sm_is_too_late(session, element)) {
		return;
	}
	envoi__session_enter(session);
	if (deliver_events(session)) {
		envoi__session_take_skipped(session, element, bytes, limit);
		if (envoi__sm_is_enabled(session)) {
			envoi__journal_done(session, envoi__sm_received_number(session));
		}
	}
	envoi__sm_handled(session);
	envoi__session_leave(session);
}

/* The peer closes first: what it has sent is acknowledged before this side closes, too. */
static void on_ending(struct envoi_stream_sink *sink)
{
	struct envoi_session *session = from_sink(sink);
	envoi__session_enter(session);
	envoi__sm_peer_closes(session);
	envoi__session_leave(session);
}

/* --- output --- */

static void on_written(struct envoi_stream_sink *sink, size_t count)
{
	envoi__outbox_written(&from_sink(sink)->outbox, count);
}

static void on_drained(struct envoi_stream_sink *sink)
{
	struct envoi_session *session = from_sink(sink);
	envoi__session_enter(session);
	session->outbox.is_blocked = false;
	envoi__session_feed(session);
	envoi__session_leave(session);
}

static void on_activity(struct envoi_stream_sink *sink)
{
	struct envoi_session *session = from_sink(sink);
	struct envoi_session_owner *owner = session->owner;
	envoi__liveness_input(&session->liveness);
	envoi__journal_is_alive(session);
	if (owner != NULL && owner->impl->activity != NULL) {
		owner->impl->activity(owner, session);
	}
}

static void on_closed(struct envoi_stream_sink *sink, const struct envoi_failure *why)
{
	struct envoi_session *session = from_sink(sink);
	envoi__session_enter(session);
	envoi__session_lose_stream(session, why);
	envoi__session_leave(session);
}

const struct envoi_stream_sink_impl envoi__session_sink_impl = {
	.opened = on_opened,
	.gained = on_gained,
	.ready = on_ready,
	.stanza = on_stanza,
	.skipped = on_skipped,
	.ending = on_ending,
	.written = on_written,
	.drained = on_drained,
	.activity = on_activity,
	.closed = on_closed,
};

/* --- for the router --- */

static struct envoi_session *from_host(struct envoi__router_host *host)
{
	return ENVOI_CONTAINER_OF(host, struct envoi_session, host);
}

/* An answer to a stanza without `to` comes from the component itself. */
static void set_own_sender(const struct envoi_session *session, struct envoi_stanza *stanza)
{
	if (session->component != NULL && envoi_stanza_from_text(stanza) == NULL) {
		(void)envoi_stanza_set_from(stanza, envoi_session_domain(session));
	}
}

/* An answer has the address of the request as its `from`. A client may send its own address only,
 * else the server ends the stream (RFC 6120, sections 8.1.2.1 and 4.9.3.9); without `from` the
 * server stamps it. */
static void drop_foreign_sender(const struct envoi_session *session, struct envoi_stanza *stanza)
{
	const struct envoi_jid *from = envoi_stanza_from(stanza), *own = session->jid;
	bool is_client = session->stream != NULL && own != NULL && !envoi_jid_is_bare(own) &&
		envoi_stream_role(session->stream) == ENVOI_INITIATOR;
	if (is_client && envoi_stanza_from_text(stanza) != NULL &&
		!envoi_jid_is_bare_of(from, own) && !envoi_jid_equal(from, own)) {
		envoi_element_set(envoi_stanza_element(stanza), "from", NULL);
	}
}

static int host_send(
	struct envoi__router_host *host, struct envoi_stanza *stanza, bool is_automatic)
{
	struct envoi_session *session = from_host(host);
	envoi__session_enter(session);
	if (stanza != NULL) {
		drop_foreign_sender(session, stanza);
		set_own_sender(session, stanza);
	}
	int r = envoi__session_send(session, stanza, NULL);
	if (r < 0 && is_automatic) {
		session->stats.replies_dropped++;
	}
	envoi__session_leave(session);
	return r;
}

static void host_unhandled(
	struct envoi__router_host *host, struct envoi_stanza *stanza, const char *text)
{
	report(from_host(host), stanza, text);
}

static bool host_has_many_addresses(struct envoi__router_host *host)
{
	return from_host(host)->component != NULL;
}

static uint64_t host_epoch(struct envoi__router_host *host)
{
	return from_host(host)->epoch;
}

static struct envoi_stream *host_stream(struct envoi__router_host *host)
{
	return from_host(host)->stream;
}

const struct envoi__router_host_impl envoi__session_host_impl = {
	.send = host_send,
	.unhandled = host_unhandled,
	.stream = host_stream,
	.epoch = host_epoch,
	.has_many_addresses = host_has_many_addresses,
};
