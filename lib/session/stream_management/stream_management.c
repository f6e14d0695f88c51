/*
 * envoi - stream management (XEP-0198): counters, requests and acknowledgements
 * SPDX-License-Identifier: MIT
 */
#include "session/stream_management/stream_management.h"

#include <stdio.h>

#include <envoi/context.h>
#include <envoi/values.h>

#include "session/session.h"
#include "stream/stream.h"

void envoi__sm_init(struct envoi__sm *sm)
{
	sm->resume.impl = &envoi__sm_resume_impl;
	sm->enable.impl = &envoi__sm_enable_impl;
	envoi__list_init(&sm->holds);
}

void envoi__sm_forget(struct envoi_session *session)
{
	struct envoi__sm *sm = &session->sm;
	envoi_free(session->context, sm->id);
	envoi_free(session->context, sm->location);
	sm->id = sm->location = NULL;
	sm->resume_attempts = 0;
	sm->was_tried_late = false;
	sm->max_ms = 0;
	sm->hook = NULL;
	envoi__sm_cancel_holds(sm);
	envoi_timer_stop(&sm->expiry_timer);
}

void envoi__sm_finish(struct envoi_session *session)
{
	envoi__sm_forget(session);
	envoi_free(session->context, session->sm.expired_id);
	session->sm.expired_id = NULL;
}

/* --- receiving side: how long a session without a stream is kept --- */

static void on_expiry(struct envoi_timer *timer)
{
	struct envoi__sm *sm = ENVOI_CONTAINER_OF(timer, struct envoi__sm, expiry_timer);
	struct envoi_session *session = ENVOI_CONTAINER_OF(sm, struct envoi_session, sm);
	struct envoi_resumption_hook *hook = sm->hook;
	envoi__session_enter(session);
	envoi_free(session->context, sm->expired_id);
	sm->expired_id = sm->id;
	sm->expired_handled = envoi__sm_handled_number(session);
	sm->id = NULL;
	envoi_session_set_resumable(session, false);
	if (hook->impl->expired != NULL) {
		hook->impl->expired(hook, session);
	}
	envoi__session_leave(session);
}

static void start_expiry(struct envoi_session *session)
{
	struct envoi__sm *sm = &session->sm;
	if (sm->hook != NULL && sm->max_ms > 0) {
		envoi_timer_start(&sm->expiry_timer, session->queue.loop, sm->max_ms, on_expiry);
	}
}

/* --- counting --- */

static void start_requests(struct envoi_session *session)
{
	struct envoi__sm *sm = &session->sm;
	sm->requested = sm->acknowledged;
	sm->requested_bytes = session->outbox.sent_bytes;
	sm->requested_tickets = session->outbox.sent_tickets;
	sm->is_requesting = false;
}

void envoi__sm_start_out(struct envoi_session *session)
{
	struct envoi__sm *sm = &session->sm;
	sm->out = (struct envoi__sm_numbers){sm->first, envoi__sm_counts(session).stanzas_out};
	sm->acknowledged = sm->sent = sm->sent_most = sm->first;
	start_requests(session);
	envoi__outbox_keep(&session->outbox, true);
}

static void start_answers(struct envoi__sm *sm)
{
	sm->answered = sm->in.base;
	sm->unanswered = 0;
	sm->is_answer_due = false;
}

void envoi__sm_start_in(struct envoi_session *session)
{
	struct envoi__sm *sm = &session->sm;
	sm->in = (struct envoi__sm_numbers){sm->first, envoi__sm_counts(session).stanzas_in};
	sm->received = sm->handled = sm->first;
	start_answers(sm);
}

void envoi__sm_restart_counting(struct envoi_session *session)
{
	struct envoi__sm *sm = &session->sm;
	struct envoi_stream_counts counts = envoi__sm_counts(session);
	envoi__outbox_rewind(&session->outbox);
	envoi__outbox_keep(&session->outbox, true);
	sm->out = (struct envoi__sm_numbers){sm->acknowledged, counts.stanzas_out};
	sm->in = (struct envoi__sm_numbers){sm->handled, counts.stanzas_in};
	start_requests(session);
	start_answers(sm);
}

void envoi__sm_become_enabled(struct envoi_session *session)
{
	session->sm.state = ENVOI__SM_ENABLED;
	session->sm.resume_attempts = 0;
	session->sm.was_tried_late = false;
	session->sm.was_location_used = false;
	envoi_timer_stop(&session->sm.expiry_timer);
	envoi__acknowledging_stop(session);
	envoi__sm_sent(session);
}

static void note_counts(struct envoi__sm *sm, const struct envoi_stream *stream)
{
	struct envoi_stream_counts counts;
	envoi_stream_get_counts(stream, &counts);
	sm->sent = envoi__sm_number(&sm->out, counts.stanzas_out - envoi__stream_unsent(stream));
	sm->sent_most = sm->sent > sm->sent_most ? sm->sent : sm->sent_most;
	if (sm->state == ENVOI__SM_ENABLED) {
		uint64_t received = sm->has_closed
			? sm->closed_at
			: envoi__sm_number(&sm->in, counts.stanzas_in) - sm->has_undelivered;
		sm->received = received > sm->received ? received : sm->received;
	}
}

void envoi__sm_return(struct envoi_session *session)
{
	struct envoi_failure why;
	session->sm.has_undelivered = true;
	envoi_failure_set(&why, session->context, ENVOI_PHASE_ONLINE, ENVOI_ERR_NOMEM,
		"no memory for a stanza");
	envoi_stream_cut(session->stream, &why);
}

void envoi__sm_stream_ends(struct envoi_session *session, const struct envoi_stream *stream)
{
	struct envoi__sm *sm = &session->sm;
	if (sm->state >= ENVOI__SM_ENABLING) {
		note_counts(sm, stream);
		sm->lost_at_ms = envoi_loop_now_ms(session->queue.loop);
		start_expiry(session);
	}
	sm->state = ENVOI__SM_OFF;
	sm->has_undelivered = false;
	sm->is_requesting = sm->is_answer_due = sm->was_refused = sm->has_closed = false;
	envoi_timer_stop(&sm->request_timer);
	envoi_deferred_cancel(&sm->turn);
}

/* --- sending --- */

static int send_bare(struct envoi_session *session, const char *name, const uint64_t *number)
{
	char h[ENVOI_INT_SIZE];
	struct envoi_element *element = envoi_element_new(session->context, ENVOI__NS_SM, name);
	if (number != NULL) {
		envoi_element_set(element, "h", envoi_uint_print(h, (uint32_t)*number));
	}
	int r = envoi_stream_send_element(session->stream, element);
	envoi_element_unref(element);
	return r;
}

/* What is due stays due: it is sent when the stream has drained, or memory has come back. */
static void try_later(struct envoi_session *session, int code)
{
	if (code != ENVOI_ERR_FULL && code != ENVOI_ERR_STATE) {
		envoi__session_retry(session);
	}
}

static int answer(struct envoi_session *session)
{
	struct envoi__sm *sm = &session->sm;
	uint64_t handled = envoi__sm_handled_number(session);
	int r = envoi__journal_handled(session, handled);
	if (r == ENVOI_OK) {
		r = send_bare(session, "a", &handled);
	}
	if (r == ENVOI_OK) {
		sm->answered = handled;
		sm->unanswered = 0;
		sm->is_answer_due = false;
	}
	return r;
}

int envoi__sm_request(struct envoi_session *session)
{
	struct envoi__sm *sm = &session->sm;
	if (sm->state != ENVOI__SM_ENABLED) {
		return ENVOI_ERR_STATE;
	}
	if (sm->is_requesting) {
		return ENVOI_OK;
	}
	int r = send_bare(session, "r", NULL);
	if (r < 0) {
		try_later(session, r);
		return r;
	}
	sm->is_requesting = true;
	sm->requests++;
	sm->requested = envoi__sm_sent_number(session);
	sm->requested_bytes = session->outbox.sent_bytes;
	sm->requested_tickets = session->outbox.sent_tickets;
	envoi_timer_stop(&sm->request_timer);
	return ENVOI_OK;
}

static void on_request_timer(struct envoi_timer *timer)
{
	struct envoi__sm *sm = ENVOI_CONTAINER_OF(timer, struct envoi__sm, request_timer);
	(void)envoi__sm_request(ENVOI_CONTAINER_OF(sm, struct envoi_session, sm));
}

static void request_later(struct envoi_session *session)
{
	struct envoi__sm *sm = &session->sm;
	if (!envoi_timer_is_started(&sm->request_timer)) {
		envoi_timer_start(&sm->request_timer, session->queue.loop,
			sm->settings.request_delay_ms, on_request_timer);
	}
}

void envoi__sm_request_last(struct envoi_session *session)
{
	struct envoi__sm *sm = &session->sm;
	if (sm->state != ENVOI__SM_ENABLED || sm->is_requesting) {
		return;
	}
	if (envoi__sm_sent_number(session) != sm->requested) {
		(void)envoi__sm_request(session);
	} else {
		request_later(session);
	}
}

/* A ticket whose report is wanted soon, of a stanza that no request covers. */
static bool is_ticket_waiting(const struct envoi_session *session)
{
	const struct envoi__sm *sm = &session->sm;
	return sm->state == ENVOI__SM_ENABLED && !sm->is_requesting &&
		session->outbox.sent_tickets != sm->requested_tickets &&
		sm->acknowledged != envoi__sm_sent_number(session);
}

static void on_turn(struct envoi_deferred *deferred);

void envoi__sm_sent(struct envoi_session *session)
{
	struct envoi__sm *sm = &session->sm;
	if (sm->state != ENVOI__SM_ENABLED || sm->is_requesting) {
		return;
	}
	uint64_t stanzas = envoi__sm_sent_number(session) - sm->requested;
	uint64_t bytes = session->outbox.sent_bytes - sm->requested_bytes;
	if (stanzas >= sm->settings.request_stanzas || bytes >= sm->settings.request_bytes) {
		(void)envoi__sm_request(session);
	} else if (is_ticket_waiting(session)) {
		envoi_deferred_post(&sm->turn, session->queue.loop, on_turn);
	} else if (stanzas > 0) {
		request_later(session);
	}
}

static void on_turn(struct envoi_deferred *deferred)
{
	struct envoi__sm *sm = ENVOI_CONTAINER_OF(deferred, struct envoi__sm, turn);
	struct envoi_session *session = ENVOI_CONTAINER_OF(sm, struct envoi_session, sm);
	if (is_ticket_waiting(session) && envoi__sm_request(session) < 0) {
		return; /* the stream drains, or memory comes back: then both are sent */
	}
	envoi__sm_flush(session);
}

void envoi__sm_answer_soon(struct envoi_session *session)
{
	struct envoi__sm *sm = &session->sm;
	if (!sm->is_answer_due) {
		sm->is_answer_due = true;
		envoi_deferred_post(&sm->turn, session->queue.loop, on_turn);
	}
}

/* What was held back may have been requested. A suspended session acknowledges it when it is
 * resumed, by another process perhaps. */
void envoi__sm_hold_released(struct envoi_session *session)
{
	struct envoi__sm *sm = &session->sm;
	envoi__journal_released(session);
	if (sm->state == ENVOI__SM_ENABLED && envoi__sm_handled_number(session) != sm->answered) {
		envoi__sm_answer_soon(session);
	}
}

void envoi__sm_handled(struct envoi_session *session)
{
	struct envoi__sm *sm = &session->sm;
	if (sm->state == ENVOI__SM_ENABLED && ++sm->unanswered >= sm->settings.answer_stanzas) {
		envoi__sm_answer_soon(session);
	}
}

void envoi__sm_flush(struct envoi_session *session)
{
	struct envoi__sm *sm = &session->sm;
	if (sm->state != ENVOI__SM_ENABLED) {
		return;
	}
	if (sm->is_answer_due) {
		int r = answer(session);
		if (r < 0) {
			try_later(session, r);
			return;
		}
	}
	envoi__sm_sent(session);
}

/* Section 4: what is not acknowledged when the stream is closed is delivered again. */
void envoi__sm_peer_closes(struct envoi_session *session)
{
	const struct envoi__sm *sm = &session->sm;
	if (sm->state == ENVOI__SM_ENABLED &&
		(sm->is_answer_due || envoi__sm_handled_number(session) != sm->answered)) {
		(void)answer(session);
	}
}

void envoi__sm_close(struct envoi_session *session)
{
	struct envoi__sm *sm = &session->sm;
	if (sm->state != ENVOI__SM_ENABLED) {
		return;
	}
	envoi__sm_peer_closes(session);
	sm->closed_at = envoi__sm_received_number(session);
	sm->has_closed = true;
	if (sm->acknowledged != envoi__sm_sent_number(session)) {
		sm->is_requesting = false;
		(void)envoi__sm_request(session);
	}
}

bool envoi__sm_take_location(struct envoi_session *session, char *host, size_t size, uint16_t *port)
{
	struct envoi__sm *sm = &session->sm;
	if (sm->location == NULL || sm->was_location_used || !envoi__sm_can_resume(session)) {
		return false;
	}
	sm->was_location_used = true;
	snprintf(host, size, "%s", sm->location);
	*port = sm->location_port;
	return true;
}
