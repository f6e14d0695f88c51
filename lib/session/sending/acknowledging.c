/*
 * envoi - acknowledging: answers of the server stand for acknowledgements
 * SPDX-License-Identifier: MIT
 */
#include "session/sending/acknowledging.h"

#include "session/liveness/probe.h"
#include "session/session.h"

void envoi__acknowledging_init(struct envoi_session *session)
{
	session->acknowledging.usual.session = session;
	session->acknowledging.last.session = session;
}

void envoi__acknowledging_start(struct envoi_session *session)
{
	struct envoi__acknowledging *self = &session->acknowledging;
	self->is_on = self->is_enabled && session->jid != NULL && !envoi__sm_is_enabled(session) &&
		envoi_stream_role(session->stream) == ENVOI_INITIATOR;
	envoi__outbox_keep_wanted(&session->outbox, self->is_on);
}

static void cancel(struct envoi__acknowledging_ping *ping)
{
	struct envoi_request *request = ping->request;
	ping->request = NULL;
	ping->request_number = ping->number = 0;
	envoi_request_cancel(request);
}

void envoi__acknowledging_stop(struct envoi_session *session)
{
	struct envoi__acknowledging *self = &session->acknowledging;
	self->is_on = false;
	envoi__outbox_keep_wanted(&session->outbox, false);
	envoi_timer_stop(&self->timer);
	cancel(&self->usual);
	cancel(&self->last);
}

/* Any answer counts; that of a ping which was canceled comes too late. */
static void on_answer(void *user, const struct envoi_answer *answer)
{
	struct envoi__acknowledging_ping *ping = user;
	int code = envoi_answer_code(answer);
	if (code == ENVOI_ERR_CANCELED || code == ENVOI_ERR_DISCONNECTED) {
		return;
	}
	struct envoi_session *session = ping->session;
	uint64_t number = ping->number;
	ping->request = NULL;
	ping->request_number = ping->number = 0;
	if (code == ENVOI_OK || code == ENVOI_ERR_STANZA) {
		envoi__outbox_answered(&session->outbox, number);
		envoi__session_acknowledged(session);
	}
	envoi__acknowledging_sent(session);
}

static void ask(struct envoi_session *session, struct envoi__acknowledging_ping *ping)
{
	ping->number = 0;
	ping->request_number = envoi__requests_next_number(&session->requests);
	session->acknowledging.next_ms = envoi_loop_now_ms(session->queue.loop) +
		ENVOI__ACKNOWLEDGING_INTERVAL_MS;
	if (envoi__session_ping(session, 0, on_answer, ping, &ping->request) < 0) {
		ping->request = NULL;
		ping->request_number = ping->number = 0;
	}
}

static bool is_wanted(const struct envoi_session *session)
{
	const struct envoi__acknowledging *self = &session->acknowledging;
	return self->is_on && session->is_online && session->outbox.kept_count > 0 &&
		self->usual.request_number == 0;
}

/* A ticket waits for the answer, or so much is kept that the answer is worth a ping. With <enable/>
 * on its way, <enabled/> makes the ping superfluous. */
static bool is_urgent(const struct envoi_session *session)
{
	return !envoi__sm_is_on(session) &&
		(!envoi__list_is_empty(&session->tracking.sent) ||
			session->outbox.kept_count >= ENVOI__ACKNOWLEDGING_STANZAS ||
			session->outbox.is_isolating);
}

static void on_timer(struct envoi_timer *timer);

static void wait(struct envoi_session *session, uint64_t delay_ms)
{
	struct envoi__acknowledging *self = &session->acknowledging;
	self->due_ms = envoi_loop_now_ms(session->queue.loop) + delay_ms;
	envoi_timer_start(&self->timer, session->queue.loop, delay_ms, on_timer);
}

/* A filter that sees the ping may free the session. */
static void ask_usual(struct envoi_session *session)
{
	struct envoi__acknowledging *self = &session->acknowledging;
	envoi__session_enter(session);
	ask(session, &self->usual);
	if (self->is_on && self->usual.request_number == 0) {
		wait(session, ENVOI__ACKNOWLEDGING_INTERVAL_MS);
	}
	envoi__session_leave(session);
}

static void on_timer(struct envoi_timer *timer)
{
	struct envoi_session *session = ENVOI_CONTAINER_OF(
		timer, struct envoi_session, acknowledging.timer);
	if (is_wanted(session)) {
		ask_usual(session);
	}
}

void envoi__acknowledging_sent(struct envoi_session *session)
{
	struct envoi__acknowledging *self = &session->acknowledging;
	if (!is_wanted(session)) {
		return;
	}
	uint64_t now_ms = envoi_loop_now_ms(session->queue.loop);
	uint64_t due_ms = is_urgent(session) ? self->next_ms
					     : now_ms + ENVOI__ACKNOWLEDGING_DELAY_MS;
	if (due_ms <= now_ms) {
		envoi_timer_stop(&self->timer);
		ask_usual(session);
	} else if (!envoi_timer_is_started(&self->timer) || due_ms < self->due_ms) {
		wait(session, due_ms - now_ms);
	}
}

void envoi__acknowledging_soon(struct envoi_session *session)
{
	if (is_wanted(session)) {
		wait(session, 0);
	}
}

void envoi__acknowledging_close(struct envoi_session *session)
{
	struct envoi__acknowledging *self = &session->acknowledging;
	uint64_t number = self->usual.number;
	bool is_behind_all = number != 0 && number > envoi__outbox_last_number(&session->outbox) &&
		session->outbox.count == 0;
	if (self->is_on && session->is_online && session->outbox.kept_count > 0 && !is_behind_all) {
		ask(session, &self->last);
	}
}

void envoi__acknowledging_requested(
	struct envoi_session *session, uint64_t request_number, uint64_t number)
{
	struct envoi__acknowledging *self = &session->acknowledging;
	if (request_number == self->usual.request_number) {
		self->usual.number = number;
	} else if (request_number == self->last.request_number) {
		self->last.number = number;
	}
}
