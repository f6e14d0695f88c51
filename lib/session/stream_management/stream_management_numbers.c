/*
 * envoi - stream management (XEP-0198): numbers and state, as others read them
 * SPDX-License-Identifier: MIT
 */
#include "session/stream_management/stream_management.h"

#include <string.h>

#include "session/session.h"

enum {
	MOST_ATTEMPTS = 2, /* to resume one session without an answer */
};

/* --- numbers --- */

struct envoi_stream_counts envoi__sm_counts(const struct envoi_session *session)
{
	struct envoi_stream_counts counts;
	envoi_stream_get_counts(session->stream, &counts);
	return counts;
}

uint64_t envoi__sm_sent_number(const struct envoi_session *session)
{
	const struct envoi__sm *sm = &session->sm;
	return sm->state < ENVOI__SM_ENABLING
		? sm->sent
		: envoi__sm_number(&sm->out, envoi__sm_counts(session).stanzas_out);
}

/* On the present stream, or when the last one ended. */
uint64_t envoi__sm_received_number(const struct envoi_session *session)
{
	const struct envoi__sm *sm = &session->sm;
	if (sm->has_closed) {
		return sm->closed_at; /* what comes behind it is not handled */
	}
	return sm->state < ENVOI__SM_ENABLED
		? sm->received
		: envoi__sm_number(&sm->in, envoi__sm_counts(session).stanzas_in) -
			sm->has_undelivered;
}

struct envoi_hold *envoi__sm_first_hold(const struct envoi__sm *sm)
{
	return envoi__list_is_empty(&sm->holds)
		? NULL
		: ENVOI_CONTAINER_OF(sm->holds.next, struct envoi_hold, link);
}

uint64_t envoi__sm_handled_number(const struct envoi_session *session)
{
	uint64_t received = envoi__sm_received_number(session);
	const struct envoi_hold *held = envoi__sm_first_hold(&session->sm);
	return held != NULL && held->number <= received ? held->number - 1 : received;
}

bool envoi__sm_is_repeated(const struct envoi_session *session)
{
	const struct envoi__sm *sm = &session->sm;
	return sm->state == ENVOI__SM_ENABLED && envoi__sm_received_number(session) <= sm->received;
}

static bool is_answer(const struct envoi_element *element)
{
	const char *type = envoi_element_attr(element, "type");
	return strcmp(envoi_element_name(element), "iq") == 0 && type != NULL &&
		(strcmp(type, "result") == 0 || strcmp(type, "error") == 0);
}

/* Section 4: what is not acknowledged when the stream is closed comes again. No answer does. */
bool envoi__sm_is_too_late(const struct envoi_session *session, const struct envoi_element *element)
{
	return session->sm.has_closed && !is_answer(element);
}

/* --- state --- */

bool envoi__sm_is_on(const struct envoi_session *session)
{
	return session->sm.state >= ENVOI__SM_ENABLING;
}

bool envoi__sm_is_enabled(const struct envoi_session *session)
{
	return session->sm.state == ENVOI__SM_ENABLED;
}

bool envoi__sm_is_requesting(const struct envoi_session *session)
{
	return session->sm.is_requesting;
}

uint64_t envoi__sm_time_left_ms(const struct envoi_session *session)
{
	const struct envoi__sm *sm = &session->sm;
	if (sm->id == NULL) {
		return 0;
	}
	if (sm->max_ms == 0) {
		return UINT64_MAX;
	}
	uint64_t lost_ms = sm->state >= ENVOI__SM_ENABLING
		? 0
		: envoi_loop_now_ms(session->queue.loop) - sm->lost_at_ms;
	return sm->max_ms > lost_ms ? sm->max_ms - lost_ms : 0;
}

/* A server may close or be silent in place of an answer. When the time of the session has passed,
 * the answer is worth its round trip all the same, but once only: it says what the server has
 * handled. */
bool envoi__sm_can_resume(const struct envoi_session *session)
{
	const struct envoi__sm *sm = &session->sm;
	return session->is_suspended && sm->id != NULL && sm->resume_attempts < MOST_ATTEMPTS &&
		!sm->was_tried_late;
}
