/*
 * envoi - sessions: a received stanza, on its way to requests and the router
 * SPDX-License-Identifier: MIT
 */
#include <envoi/context.h>

#include "session/session.h"
#include "stanza/stanza.h"

void envoi__session_report_unhandled(
	struct envoi_session *session, struct envoi_stanza *stanza, const char *text)
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

static void take_stanza(struct envoi_session *session, struct envoi_stanza *stanza)
{
	enum envoi_stanza_kind kind = envoi_stanza_kind(stanza);
	if (envoi_stanza_from_text(stanza) != NULL && envoi_stanza_from(stanza) == NULL) {
		/* Handlers must not take it for a stanza of the own server, without `from`. */
		envoi__session_report_unhandled(session, stanza, "its sender is not an address");
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
		envoi__session_report_unhandled(session, NULL, envoi_error_text(ENVOI_ERR_NOMEM));
	}
}

static void take_element(struct envoi_session *session, struct envoi_element *element)
{
	struct envoi_stanza *stanza = NULL;
	int r = make_stanza(&stanza, element);
	if (r == ENVOI_OK) {
		take_stanza(session, stanza);
		envoi_stanza_unref(stanza);
	} else if (r == ENVOI_ERR_INVALID) {
		envoi__router_refuse(&session->router, element);
	} else if (r == ENVOI_ERR_NOMEM) {
		lose_for_want_of_memory(session);
	} else {
		envoi__session_report_unhandled(
			session, NULL, r < 0 ? envoi_error_text(r) : "not a stanza");
	}
}

bool envoi__session_deliver_events(struct envoi_session *session)
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
	envoi__session_report_unhandled(
		session, stanza, "the program has ended twice while it handled this stanza");
	if (kind == ENVOI_IQ_GET || kind == ENVOI_IQ_SET) {
		envoi__router_refuse_request(
			&session->router, element, ENVOI_INTERNAL_SERVER_ERROR);
	}
	envoi_stanza_unref(stanza);
}

void envoi__session_receive(struct envoi_session *session, struct envoi_element *element)
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
