/*
 * envoi - stream management (XEP-0198), initiating side: enabling, resuming
 * SPDX-License-Identifier: MIT
 */
#include <stdio.h>
#include <string.h>

#include <envoi/context.h>
#include <envoi/values.h>

#include "session/session.h"
#include "stream/redirect.h"
#include "stream/stream.h"

enum {
	LONGEST_ID = 4000, /* section 5 */
	LONGEST_HOST = 255,
	LONGEST_MAX_S = 30 * 24 * 3600,
};

/* --- resuming (section 5) --- */

/* The number is a promise like that of <a/>: where the journal cannot store it, the last one that
 * was promised is repeated, and what the server sends again is recognised. */
static uint64_t number_to_promise(struct envoi_session *session)
{
	uint64_t handled = envoi__sm_handled_number(session);
	return envoi__journal_handled(session, handled) < 0 ? session->sm.answered : handled;
}

static int send_resume(struct envoi_session *session, struct envoi_stream *stream)
{
	struct envoi__sm *sm = &session->sm;
	char h[ENVOI_INT_SIZE];
	struct envoi_element *resume = envoi_element_new(session->context, ENVOI__NS_SM, "resume");
	envoi_element_set(resume, "previd", sm->id);
	sm->handled = number_to_promise(session);
	envoi_element_set(resume, "h", envoi_uint_print(h, (uint32_t)sm->handled));
	int r = envoi_stream_send_element(stream, resume);
	envoi_element_unref(resume);
	sm->answered = r == ENVOI_OK ? sm->handled : sm->answered;
	return r;
}

/* An anonymous login has its localpart from binding on only. */
static bool is_of_account(const struct envoi_session *session, const struct envoi_stream *stream)
{
	const struct envoi_jid *local = envoi_stream_local(stream), *jid = session->jid;
	if (local == NULL || jid == NULL) {
		return true;
	}
	return envoi_jid_local(local) == NULL ? envoi_jid_equal_domain(local, jid)
					      : envoi_jid_equal_bare(local, jid);
}

static void give_up_resumption(struct envoi_session *session)
{
	session->sm.state = ENVOI__SM_OFF;
	envoi__sm_forget(session);
	session->is_resumable = false;
}

static int negotiate_resume(struct envoi_handler *self, struct envoi_stream *stream,
	const struct envoi_element *offer, const struct envoi_element *features)
{
	struct envoi_session *session = envoi__sm_session_of(stream);
	(void)self;
	(void)features;
	if (offer == NULL || session == NULL || !envoi__sm_can_resume(session)) {
		return ENVOI_OK;
	}
	if (!is_of_account(session, stream)) {
		give_up_resumption(session);
		return ENVOI_OK;
	}
	int r = send_resume(session, stream);
	if (r < 0) {
		return r;
	}
	session->sm.resume_attempts++;
	session->sm.was_tried_late = envoi__sm_time_left_ms(session) == 0;
	session->sm.state = ENVOI__SM_RESUMING;
	return ENVOI_AGAIN;
}

static int take_resumed(struct envoi_handler *self, struct envoi_stream *stream,
	const struct envoi_element *element)
{
	struct envoi_session *session = envoi__sm_session_of(stream);
	const char *id = envoi_element_attr(element, "previd");
	(void)self;
	if (session == NULL || session->sm.state != ENVOI__SM_RESUMING || id == NULL ||
		strcmp(id, session->sm.id) != 0) {
		return envoi__sm_refuse(stream, element);
	}
	int r = envoi__sm_take_last_h(session, stream, envoi_element_attr(element, "h"));
	if (r < 0) {
		return r;
	}
	envoi__sm_restart_counting(session);
	r = envoi_session_resume(session);
	if (r < 0) {
		return r;
	}
	envoi_stream_set_local(stream, session->jid);
	envoi__sm_become_enabled(session);
	envoi_stream_feature_done(stream, &session->sm.resume,
		ENVOI_STREAM_BOUND | ENVOI_STREAM_SESSION, ENVOI_NEXT_FEATURE, NULL);
	return ENVOI_OK;
}

/* The server no longer has the session; it may say what it has handled. */
static int resume_failed(struct envoi_session *session, struct envoi_stream *stream, const char *h)
{
	int r = h == NULL ? ENVOI_OK : envoi__sm_take_last_h(session, stream, h);
	session->sm.was_refused = true;
	give_up_resumption(session);
	if (r == ENVOI_OK) {
		envoi_stream_feature_done(stream, &session->sm.resume, 0, ENVOI_NEXT_FEATURE, NULL);
	}
	return r;
}

/* --- enabling (section 3) --- */

static int send_enable(struct envoi_session *session, struct envoi_stream *stream)
{
	char max[ENVOI_INT_SIZE];
	uint64_t max_ms = session->sm.settings.resumption_ms;
	struct envoi_element *enable = envoi_element_new(session->context, ENVOI__NS_SM, "enable");
	envoi_element_set(enable, "resume", "true");
	if (max_ms > 0) {
		envoi_element_set(enable, "max", envoi_uint_print(max, (max_ms + 999) / 1000));
	}
	int r = envoi_stream_send_element(stream, enable);
	envoi_element_unref(enable);
	return r;
}

/* Stanzas may follow at once: both sides count from here on, and the answer costs no round trip. */
static int negotiate_enable(struct envoi_handler *self, struct envoi_stream *stream,
	const struct envoi_element *offer, const struct envoi_element *features)
{
	struct envoi_session *session = envoi__sm_session_of(stream);
	(void)self;
	(void)features;
	if (offer == NULL || session == NULL || session->sm.state != ENVOI__SM_OFF) {
		return ENVOI_OK;
	}
	int r = send_enable(session, stream);
	if (r == ENVOI_OK) {
		envoi__sm_forget(session);
		session->sm.state = ENVOI__SM_ENABLING;
		session->sm.was_refused = false;
		envoi__sm_start_in(session); /* nothing is received before <enabled/> */
		envoi__sm_start_out(session);
		envoi__journal_started(session);
	}
	return r;
}

/* Section 5; the same conditions as for a redirect (RFC 6120, section 4.9.3.19). */
static void take_location(
	struct envoi_session *session, const struct envoi_stream *stream, const char *text)
{
	struct envoi__sm *sm = &session->sm;
	char host[LONGEST_HOST + 1];
	if (text == NULL || !envoi__stream_is_proven(stream)) {
		return;
	}
	if (envoi__redirect_parse(host, sizeof(host), &sm->location_port, text) == ENVOI_OK) {
		sm->location = envoi_strndup(session->context, host, strlen(host));
	} else {
		envoi_log(session->context, ENVOI_LOG_INFO, ENVOI_LOG_SESSION,
			"a location for resumption that is no host: %.64s", text);
	}
}

/* @return a copy; NULL: there is none, or it is empty or too long, or memory is short */
static char *copy_id(struct envoi_session *session, const char *id)
{
	size_t len = id == NULL ? 0 : strlen(id);
	return len == 0 || len > LONGEST_ID ? NULL : envoi_strndup(session->context, id, len);
}

static void take_terms(struct envoi_session *session, const struct envoi_element *enabled)
{
	struct envoi__sm *sm = &session->sm;
	bool is_resumable = false;
	uint64_t max_s;
	if (envoi_bool_parse(envoi_element_attr(enabled, "resume"), &is_resumable) < 0 ||
		!is_resumable) {
		return;
	}
	sm->id = copy_id(session, envoi_element_attr(enabled, "id"));
	if (sm->id == NULL) {
		return;
	}
	take_location(session, session->stream, envoi_element_attr(enabled, "location"));
	if (envoi_uint_parse(envoi_element_attr(enabled, "max"), 1, UINT64_MAX, &max_s) ==
		ENVOI_OK) {
		sm->max_ms = (max_s < LONGEST_MAX_S ? max_s : LONGEST_MAX_S) * 1000;
	}
	envoi_session_set_resumable(session, true);
	envoi__journal_resumable(session);
}

static int take_enabled(struct envoi_handler *self, struct envoi_stream *stream,
	const struct envoi_element *element)
{
	struct envoi_session *session = envoi__sm_session_of(stream);
	(void)self;
	if (session == NULL || session->sm.state != ENVOI__SM_ENABLING) {
		return envoi__sm_refuse(stream, element);
	}
	envoi__sm_start_in(session);
	take_terms(session, element);
	envoi__sm_become_enabled(session);
	return ENVOI_OK;
}

/* --- <failed/> (section 6) --- */

static const char *condition_of(const struct envoi_element *failed)
{
	const struct envoi_element *child = envoi_element_first(failed);
	return child == NULL ? "no condition" : envoi_element_name(child);
}

/* Servers answer what they do not accept with it at any time: nothing follows from that. */
static void report_failed(struct envoi_session *session, const struct envoi_element *failed)
{
	char text[128];
	snprintf(text, sizeof(text), "stream management: the server reports %.64s",
		condition_of(failed));
	envoi__session_report(session, ENVOI_EVENT_UNHANDLED, text, NULL);
}

static int take_failed(struct envoi_handler *self, struct envoi_stream *stream,
	const struct envoi_element *element)
{
	struct envoi_session *session = envoi__sm_session_of(stream);
	(void)self;
	if (session == NULL) {
		return envoi__sm_refuse(stream, element);
	}
	envoi_log(session->context, ENVOI_LOG_INFO, ENVOI_LOG_SESSION,
		"stream management failed: %.64s", condition_of(element));
	switch (session->sm.state) {
	case ENVOI__SM_RESUMING:
		return resume_failed(session, stream, envoi_element_attr(element, "h"));
	case ENVOI__SM_ENABLING:
		session->sm.state = ENVOI__SM_OFF;
		envoi__journal_ended(session); /* what is sent has no numbers */
		envoi__outbox_release(&session->outbox);
		envoi__acknowledging_soon(session);
		return ENVOI_OK;
	default:
		report_failed(session, element);
		return ENVOI_OK;
	}
}

/* --- the handlers --- */

static const struct envoi_stream_feature resume_feature = {
	.ns = ENVOI__NS_SM,
	.name = "sm",
	.order = ENVOI_ORDER_BIND - 50,
	.necessary = ENVOI_STREAM_AUTHENTICATED,
	.forbidden = ENVOI_STREAM_BOUND,
	.phase = ENVOI_PHASE_BIND,
	.negotiate = negotiate_resume,
};

static const struct envoi_stream_feature enable_feature = {
	.ns = ENVOI__NS_SM,
	.name = "sm",
	.order = ENVOI_ORDER_SESSION + 50,
	.necessary = ENVOI_STREAM_BOUND,
	.phase = ENVOI_PHASE_BIND,
	.negotiate = negotiate_enable,
};

#define ROW(element_name, function) \
	{ \
		.ns = ENVOI__NS_SM, .name = (element_name), .roles = 1u << ENVOI_INITIATOR, \
		.necessary = ENVOI_STREAM_AUTHENTICATED, .handle = (function) \
	}

static const struct envoi_stream_element_row resume_rows[] = {
	ROW("resumed", take_resumed),
	{.name = NULL},
};

static const struct envoi_stream_element_row enable_rows[] = {
	ROW("a", envoi__sm_take_answer),
	ROW("r", envoi__sm_take_request),
	ROW("enabled", take_enabled),
	ROW("failed", take_failed),
	{.name = NULL},
};

const struct envoi_handler_impl envoi__sm_resume_impl = {
	.name = "stream-resumption",
	.stream_feature = &resume_feature,
	.stream_elements = resume_rows,
};

const struct envoi_handler_impl envoi__sm_enable_impl = {
	.name = "stream-management",
	.stream_feature = &enable_feature,
	.stream_elements = enable_rows,
};
