/*
 * envoi - sessions: the outbox and its stream
 * SPDX-License-Identifier: MIT
 */
#include "session/session.h"

enum {
	RETRY_MS = 100,
};

static void on_retry(struct envoi_timer *timer)
{
	struct envoi_session *session = ENVOI_CONTAINER_OF(
		timer, struct envoi_session, retry_timer);
	envoi__session_enter(session);
	envoi__session_feed(session);
	envoi__session_leave(session);
}

void envoi__session_retry(struct envoi_session *session)
{
	envoi_timer_start(&session->retry_timer, session->queue.loop, RETRY_MS, on_retry);
}

void envoi__session_close_stream(struct envoi_session *session)
{
	envoi__sm_close(session);
	envoi_stream_close(session->stream);
}

static void requested(struct envoi__outbox *outbox, uint64_t request, uint64_t number)
{
	envoi__acknowledging_requested(
		ENVOI_CONTAINER_OF(outbox, struct envoi_session, outbox), request, number);
}

static void emptied(struct envoi__outbox *outbox)
{
	struct envoi_session *session = ENVOI_CONTAINER_OF(outbox, struct envoi_session, outbox);
	if (session->is_closing) {
		envoi__session_close_stream(session);
	}
}

static int sending(struct envoi__outbox *outbox, const struct envoi__outbox_entry *entry)
{
	struct envoi_session *session = ENVOI_CONTAINER_OF(outbox, struct envoi_session, outbox);
	return envoi__sm_is_on(session)
		? envoi__journal_sending(session, entry, envoi__sm_sent_number(session) + 1)
		: ENVOI_OK;
}

static void not_sent(struct envoi__outbox *outbox, const struct envoi__outbox_entry *entry)
{
	struct envoi_session *session = ENVOI_CONTAINER_OF(outbox, struct envoi_session, outbox);
	(void)entry;
	if (envoi__sm_is_on(session)) {
		envoi__journal_not_sent(session, envoi__sm_sent_number(session) + 1);
	}
}

static int dropping(struct envoi__outbox *outbox, const struct envoi__outbox_entry *entry)
{
	return envoi__journal_dropping(
		ENVOI_CONTAINER_OF(outbox, struct envoi_session, outbox), entry);
}

static void dropped(struct envoi__outbox *outbox, uint64_t waiting)
{
	envoi__journal_dropped(ENVOI_CONTAINER_OF(outbox, struct envoi_session, outbox), waiting);
}

static void answered(struct envoi__outbox *outbox, uint64_t answers)
{
	struct envoi_session *session = ENVOI_CONTAINER_OF(outbox, struct envoi_session, outbox);
	if (envoi__sm_is_on(session)) {
		envoi__journal_sent_answer(session, answers);
	}
}

/* Where memory is short, again after a while: a program may wait for the event. */
static bool report_level(struct envoi__outbox *outbox, bool is_high)
{
	struct envoi_session *session = ENVOI_CONTAINER_OF(outbox, struct envoi_session, outbox);
	enum envoi_event_type type = is_high ? ENVOI_EVENT_OUTBOX_HIGH : ENVOI_EVENT_OUTBOX_LOW;
	int r = envoi_session_post_event(session, &(struct envoi_event){.type = type});
	if (!is_high) {
		envoi__throttle_release(session);
	}
	if (r == ENVOI_ERR_NOMEM) {
		envoi__session_retry(session);
	}
	return r != ENVOI_ERR_NOMEM;
}

const struct envoi__outbox_hooks envoi__session_outbox_hooks = {
	.emptied = emptied,
	.requested = requested,
	.sending = sending,
	.not_sent = not_sent,
	.dropping = dropping,
	.dropped = dropped,
	.answered = answered,
	.level = report_level,
};

void envoi__session_give_up(struct envoi__requests *requests, uint64_t number)
{
	envoi__outbox_take_back(
		&ENVOI_CONTAINER_OF(requests, struct envoi_session, requests)->outbox, number);
}

void envoi__session_feed(struct envoi_session *session)
{
	if (session->stream == NULL) {
		envoi__outbox_note_level(&session->outbox);
		return; /* suspended */
	}
	session->outbox.is_continued = session->is_continued;
	int r = envoi__outbox_feed(&session->outbox, session->stream);
	envoi__outbox_note_level(&session->outbox);
	envoi__sm_flush(session);
	if (session->outbox.is_isolating) {
		envoi__sm_request_last(session);
	}
	envoi__acknowledging_sent(session);
	if (envoi__guard_is_over(&session->guard) || session->stream == NULL) {
		return; /* a filter has seen a ping */
	}
	if (r == ENVOI_OK) {
		emptied(&session->outbox);
	} else if (r < 0 && r != ENVOI_ERR_STATE) {
		envoi__session_retry(session);
	}
}

void envoi__session_acknowledged(struct envoi_session *session)
{
	if (session->outbox.is_isolating) {
		envoi__session_enter(session);
		envoi__session_feed(session);
		envoi__session_leave(session);
	}
}
