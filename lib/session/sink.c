/*
 * envoi - sessions: the sink of the stream
 * SPDX-License-Identifier: MIT
 */
#include <envoi/context.h>

#include "session/session.h"

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

static void on_stanza(struct envoi_stream_sink *sink, struct envoi_element *element)
{
	struct envoi_session *session = from_sink(sink);
	if (envoi__sm_is_repeated(session) || envoi__sm_is_too_late(session, element)) {
		return;
	}
	envoi__session_enter(session);
	if (envoi__session_deliver_events(session)) {
		envoi__session_receive(session, element);
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
	if (envoi__session_deliver_events(session)) {
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
