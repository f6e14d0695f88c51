/*
 * envoi - sessions that are not read while another one has too much to send
 * SPDX-License-Identifier: MIT
 *
 * A session waits for one other at a time: while it waits, nothing comes from its peer that could
 * be for a third. Sessions may wait for each other. Each wait has a timeout, so that a peer that
 * reads slowly delays others for that long only.
 */
#include "session/sending/throttle.h"

#include <envoi/context.h>

#include "session/session.h"

static struct envoi_session *session_of(struct envoi__throttle *throttle)
{
	return ENVOI_CONTAINER_OF(throttle, struct envoi_session, throttle);
}

static struct envoi_session *session_of_link(struct envoi__list *link)
{
	return session_of(ENVOI_CONTAINER_OF(link, struct envoi__throttle, link));
}

void envoi__throttle_init(struct envoi__throttle *throttle)
{
	envoi__list_init(&throttle->link);
	envoi__list_init(&throttle->waiting);
}

/* The time without input was this side's doing: liveness begins again. */
static void end_wait(struct envoi_session *session)
{
	struct envoi__throttle *throttle = &session->throttle;
	if (!throttle->is_waiting) {
		return;
	}
	throttle->is_waiting = false;
	envoi__list_remove(&throttle->link);
	envoi__list_init(&throttle->link);
	envoi_timer_stop(&throttle->timer);
	envoi__liveness_input(&session->liveness);
	if (session->stream != NULL) {
		struct envoi_transport *transport = envoi_stream_transport(session->stream);
		transport->impl->resume(transport);
	}
}

static void end_all_waits(struct envoi__list *waiting)
{
	while (!envoi__list_is_empty(waiting)) {
		end_wait(session_of_link(waiting->next));
	}
}

/* The waits for one target end together, and no other begins until its outbox is low. */
static void on_timeout(struct envoi_timer *timer)
{
	struct envoi__throttle *throttle = ENVOI_CONTAINER_OF(timer, struct envoi__throttle, timer);
	struct envoi_session *target = throttle->target;
	target->throttle.is_given_up = true;
	end_all_waits(&target->throttle.waiting);
}

void envoi__throttle_release(struct envoi_session *session)
{
	session->throttle.is_given_up = false;
	end_all_waits(&session->throttle.waiting);
}

void envoi__throttle_stop(struct envoi_session *session)
{
	end_wait(session);
	envoi__throttle_release(session);
}

static bool is_usable(const struct envoi_session *session)
{
	return session->is_online && !envoi__guard_is_over(&session->guard);
}

void envoi_session_throttle(struct envoi_session *session, struct envoi_session *target)
{
	struct envoi__throttle *throttle = &session->throttle;
	bool is_due = is_usable(session) && is_usable(target) && target->outbox.is_high &&
		!target->throttle.is_given_up && !throttle->is_waiting;
	if (!is_due) {
		return;
	}
	struct envoi_transport *transport = envoi_stream_transport(session->stream);
	throttle->is_waiting = true;
	throttle->target = target;
	envoi__list_append(&target->throttle.waiting, &throttle->link);
	transport->impl->pause(transport);
	envoi_timer_start(&throttle->timer, envoi_context_loop(session->context),
		throttle->timeout_ms, on_timeout);
}

bool envoi_session_is_throttled(const struct envoi_session *session)
{
	return session->throttle.is_waiting;
}
