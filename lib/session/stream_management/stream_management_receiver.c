/*
 * envoi - stream management (XEP-0198), receiving side: enabling, resuming
 * SPDX-License-Identifier: MIT
 */
#include <stdio.h>
#include <string.h>

#include <envoi/context.h>
#include <envoi/values.h>

#include "session/session.h"
#include "stanza/own_handler.h"
#include "stream/stream.h"

struct receiver {
	struct envoi__own_handler own;
	struct envoi_resumption_hook *hook; /* NULL: nothing is resumed */
};

/** Of one stream: the request for resumption that is open. */
struct request {
	char *previd; /* NULL: none */
	char h[ENVOI_INT_SIZE];
};

static struct receiver *from_handler(struct envoi_handler *handler)
{
	return ENVOI_CONTAINER_OF(handler, struct receiver, own.handler);
}

static int offer(
	struct envoi_handler *self, struct envoi_stream *stream, struct envoi_element *features)
{
	(void)self;
	if (envoi__sm_session_of(stream) != NULL) {
		envoi_element_add(features, ENVOI__NS_SM, "sm");
	}
	return envoi_element_error(features);
}

/* Section 6: recoverable; the stream goes on. @param h  what was handled; NULL: not said */
static int send_failed_with(
	struct envoi_stream *stream, enum envoi_stanza_condition condition, const uint64_t *h)
{
	char text[ENVOI_INT_SIZE];
	struct envoi_element *failed = envoi_element_new(stream->context, ENVOI__NS_SM, "failed");
	if (h != NULL) {
		envoi_element_set(failed, "h", envoi_uint_print(text, (uint32_t)*h));
	}
	envoi_element_add(failed, ENVOI_NS_STANZA_ERRORS, envoi_stanza_condition_name(condition));
	int r = envoi_stream_send_element(stream, failed);
	envoi_element_unref(failed);
	return r;
}

static int send_failed(struct envoi_stream *stream, enum envoi_stanza_condition condition)
{
	return send_failed_with(stream, condition, NULL);
}

/* --- enabling (section 3) --- */

/* @return <0: memory is short */
static int grant(struct receiver *receiver, struct envoi_session *session,
	const struct envoi_element *enable, struct envoi_resumption *resumption)
{
	struct envoi_resumption_hook *hook = receiver->hook;
	bool is_wanted = false;
	uint64_t wanted_s = 0;
	resumption->id[0] = '\0';
	if (hook == NULL ||
		envoi_bool_parse(envoi_element_attr(enable, "resume"), &is_wanted) < 0 ||
		!is_wanted) {
		return ENVOI_OK;
	}
	int r = envoi_id_make(session->context, resumption->id);
	if (r < 0) {
		return r;
	}
	if (envoi_uint_parse(envoi_element_attr(enable, "max"), 0, UINT64_MAX, &wanted_s) < 0) {
		wanted_s = 0;
	}
	if (!hook->impl->enabled(hook, session, wanted_s, resumption)) {
		resumption->id[0] = '\0';
	}
	return ENVOI_OK;
}

static int send_enabled(struct envoi_stream *stream, const struct envoi_resumption *resumption)
{
	char max[ENVOI_INT_SIZE];
	struct envoi_element *enabled = envoi_element_new(stream->context, ENVOI__NS_SM, "enabled");
	if (resumption->id[0] != '\0') {
		envoi_element_set(enabled, "id", resumption->id);
		envoi_element_set(enabled, "resume", "true");
		if (resumption->max_s > 0) {
			envoi_element_set(enabled, "max", envoi_uint_print(max, resumption->max_s));
		}
	}
	int r = envoi_stream_send_element(stream, enabled);
	envoi_element_unref(enabled);
	return r;
}

static int keep_id(struct envoi_session *session, const struct envoi_resumption *resumption)
{
	struct envoi__sm *sm = &session->sm;
	envoi__sm_forget(session);
	if (resumption->id[0] == '\0') {
		return ENVOI_OK;
	}
	sm->id = envoi_strndup(session->context, resumption->id, strlen(resumption->id));
	sm->max_ms = (uint64_t)resumption->max_s * 1000;
	return sm->id == NULL ? ENVOI_ERR_NOMEM : ENVOI_OK;
}

static int start(struct envoi_session *session, struct receiver *receiver,
	const struct envoi_resumption *resumption)
{
	int r = keep_id(session, resumption);
	if (r == ENVOI_OK) {
		r = send_enabled(session->stream, resumption);
	}
	if (r < 0) {
		return r;
	}
	session->sm.hook = resumption->id[0] != '\0' ? receiver->hook : NULL;
	envoi_session_set_resumable(session, session->sm.id != NULL);
	envoi__sm_start_in(session);
	envoi__sm_start_out(session);
	envoi__sm_become_enabled(session);
	return ENVOI_OK;
}

static int take_enable(struct envoi_handler *self, struct envoi_stream *stream,
	const struct envoi_element *element)
{
	struct envoi_session *session = envoi__sm_session_of(stream);
	struct envoi_resumption resumption = {.max_s = 0};
	if (session == NULL) {
		return ENVOI_DECLINED;
	}
	if ((stream->bits & ENVOI_STREAM_BOUND) == 0 || session->sm.state != ENVOI__SM_OFF) {
		return send_failed(stream, ENVOI_UNEXPECTED_REQUEST);
	}
	envoi__session_enter(session);
	int r = grant(from_handler(self), session, element, &resumption);
	if (r == ENVOI_OK && session->stream == stream) {
		r = start(session, from_handler(self), &resumption);
	}
	envoi__session_leave(session);
	return r;
}

/* --- resuming (section 5) --- */

static int take_resume(struct envoi_handler *self, struct envoi_stream *stream,
	const struct envoi_element *element)
{
	struct receiver *receiver = from_handler(self);
	struct request *request = envoi_stream_feature_state(stream, self);
	const char *previd = envoi_element_attr(element, "previd");
	const char *h = envoi_element_attr(element, "h");
	uint64_t number;
	if (envoi__sm_session_of(stream) == NULL) {
		return ENVOI_DECLINED;
	}
	if ((stream->bits & ENVOI_STREAM_BOUND) != 0 || request->previd != NULL) {
		return send_failed(stream, ENVOI_UNEXPECTED_REQUEST);
	}
	if (previd == NULL || envoi_uint_parse(h, 0, UINT32_MAX, &number) < 0) {
		return send_failed(stream, ENVOI_BAD_REQUEST);
	}
	if (receiver->hook == NULL) {
		return send_failed(stream, ENVOI_FEATURE_NOT_IMPLEMENTED);
	}
	request->previd = envoi_strndup(stream->context, previd, strlen(previd));
	if (request->previd == NULL) {
		return ENVOI_ERR_NOMEM;
	}
	envoi_uint_print(request->h, number);
	receiver->hook->impl->wanted(receiver->hook, stream, self, request->previd);
	return ENVOI_OK;
}

static int send_resumed(
	struct envoi_session *session, struct envoi_stream *stream, const char *previd)
{
	char h[ENVOI_INT_SIZE];
	struct envoi_element *resumed = envoi_element_new(stream->context, ENVOI__NS_SM, "resumed");
	envoi_element_set(resumed, "previd", previd);
	session->sm.handled = envoi__sm_handled_number(session);
	envoi_element_set(resumed, "h", envoi_uint_print(h, (uint32_t)session->sm.handled));
	int r = envoi_stream_send_element(stream, resumed);
	envoi_element_unref(resumed);
	return r;
}

static void end_old_stream(struct envoi_session *left)
{
	struct envoi_failure why;
	if (left->stream != NULL) {
		envoi_stream_fail_with(left->stream, ENVOI_ERR_STATE, ENVOI_STREAM_CONFLICT,
			"the session is resumed on another connection");
		return;
	}
	envoi_failure_set(&why, left->context, ENVOI_PHASE_BIND, ENVOI_OK, NULL);
	envoi__session_lose_stream(left, &why);
}

/* The session takes the stream, and the one above which the stream was gets its old stream. */
static int resume(struct envoi_session *session, struct envoi_stream *stream,
	struct envoi_handler *handler, const struct request *request)
{
	struct envoi_session *left = envoi__sm_session_of(stream);
	int r = envoi__sm_take_last_h(session, stream, request->h);
	if (r == ENVOI_OK) {
		r = send_resumed(session, stream, request->previd);
	}
	if (r < 0) {
		return r;
	}
	envoi__session_exchange_streams(session, left);
	envoi__sm_restart_counting(session);
	(void)envoi_session_resume(session);
	envoi_stream_set_local(stream, session->jid);
	envoi__sm_become_enabled(session);
	envoi_stream_feature_done(stream, handler, ENVOI_STREAM_BOUND | ENVOI_STREAM_SESSION,
		ENVOI_NEXT_FEATURE, NULL);
	end_old_stream(left);
	return ENVOI_OK;
}

/* Section 10: a session of another account looks like one that does not exist. Where the feature
 * that has authenticated does not name the user, the caller has compared. */
static bool is_own(const struct envoi_session *session, const struct envoi_stream *stream)
{
	const char *user = envoi_stream_user(stream);
	const char *local = session->jid == NULL ? NULL : envoi_jid_local(session->jid);
	const struct envoi_jid *domain = envoi_stream_local(stream);
	return user == NULL ||
		(local != NULL && strcmp(local, user) == 0 &&
			(domain == NULL || envoi_jid_equal_domain(domain, session->jid)));
}

/* A session that has an id but no stream, or one that it was enabled on. */
static bool is_resumable(
	const struct envoi_session *session, const struct envoi_stream *stream, const char *previd)
{
	return session->sm.id != NULL && strcmp(session->sm.id, previd) == 0 &&
		session->is_resumable && !session->is_closing && session->stream != stream;
}

static int refuse(struct envoi_stream *stream, const struct envoi_session *session,
	const struct request *request)
{
	bool has_expired = session != NULL && session->sm.expired_id != NULL &&
		strcmp(session->sm.expired_id, request->previd) == 0;
	return send_failed_with(
		stream, ENVOI_ITEM_NOT_FOUND, has_expired ? &session->sm.expired_handled : NULL);
}

static int answer(struct envoi_stream *stream, struct envoi_handler *handler,
	struct envoi_session *session, const struct request *request)
{
	if (session != NULL &&
		(envoi__guard_is_over(&session->guard) || !is_own(session, stream))) {
		session = NULL;
	}
	if (session == NULL || !is_resumable(session, stream, request->previd)) {
		return refuse(stream, session, request);
	}
	envoi__session_enter(session);
	int r = resume(session, stream, handler, request);
	envoi__session_leave(session);
	return r;
}

int envoi_resumption_answer(
	struct envoi_stream *stream, struct envoi_handler *handler, struct envoi_session *session)
{
	struct request *state = envoi_stream_feature_state(stream, handler);
	if (state == NULL || state->previd == NULL || !envoi__stream_enter(stream)) {
		return ENVOI_ERR_STATE;
	}
	struct request request = *state;
	struct envoi_context *context = envoi_context_ref(stream->context);
	state->previd = NULL;
	int r = answer(stream, handler, session, &request);
	if (r < 0) {
		envoi__stream_fail_for(stream, r);
	}
	envoi_free(context, request.previd);
	envoi__stream_leave(stream);
	envoi_context_unref(context);
	return r;
}

void envoi__sm_refuse_resumption(
	struct envoi_stream *stream, struct envoi_handler *handler, const uint64_t *handled)
{
	struct request *request = envoi_stream_feature_state(stream, handler);
	if (request == NULL || request->previd == NULL || !envoi__stream_enter(stream)) {
		return;
	}
	envoi_free(stream->context, request->previd);
	request->previd = NULL;
	int r = send_failed_with(stream, ENVOI_ITEM_NOT_FOUND, handled);
	if (r < 0) {
		envoi__stream_fail_for(stream, r);
	}
	envoi__stream_leave(stream);
}

/* --- the handler --- */

static void finish(struct envoi_handler *self, struct envoi_stream *stream, void *state)
{
	struct request *request = state;
	(void)self;
	envoi_free(envoi_stream_context(stream), request->previd);
	request->previd = NULL;
}

static const struct envoi_stream_feature feature = {
	.ns = ENVOI__NS_SM,
	.name = "sm",
	.order = ENVOI_ORDER_BIND - 50,
	.necessary = ENVOI_STREAM_AUTHENTICATED,
	.forbidden = ENVOI_STREAM_BOUND,
	.phase = ENVOI_PHASE_BIND,
	.state_size = sizeof(struct request),
	.offer = offer,
	.finish = finish,
};

#define ROW(element_name, function) \
	{ \
		.ns = ENVOI__NS_SM, .name = (element_name), .roles = 1u << ENVOI_RECEIVER, \
		.necessary = ENVOI_STREAM_AUTHENTICATED, .handle = (function) \
	}

static const struct envoi_stream_element_row rows[] = {
	ROW("a", envoi__sm_take_answer),
	ROW("r", envoi__sm_take_request),
	ROW("enable", take_enable),
	ROW("resume", take_resume),
	{.name = NULL},
};

static const struct envoi_handler_impl receiver_impl = {
	.name = "stream-management-receiver",
	.stream_feature = &feature,
	.stream_elements = rows,
	.destroy = envoi__own_handler_free,
};

int envoi_stream_management_receiver_new(struct envoi_handler **ret_handler,
	struct envoi_context *context, struct envoi_resumption_hook *hook)
{
	struct receiver *receiver = envoi__own_handler_new(
		sizeof(*receiver), &receiver_impl, context);
	if (receiver == NULL) {
		return ENVOI_ERR_NOMEM;
	}
	receiver->hook = hook;
	*ret_handler = &receiver->own.handler;
	return ENVOI_OK;
}
