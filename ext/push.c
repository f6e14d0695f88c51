/*
 * envoi - XEP-0357: Push Notifications, version 0.4.1
 * SPDX-License-Identifier: MIT
 */
#include <envoi/ext/push.h>

#include <envoi/context.h>
#include <envoi/request.h>

static const struct envoi_field enable_fields[] = {
	ENVOI_ATTR_JID(struct envoi_push_service, jid, "jid", ENVOI_REQUIRED),
	ENVOI_ATTR_TEXT(struct envoi_push_service, node, "node"),
	ENVOI_CHILD_STRUCT(
		struct envoi_push_service, options, struct envoi_form, &envoi_forms_type),
	ENVOI_FIELDS_END,
};
static const struct envoi_field disable_fields[] = {
	ENVOI_ATTR_JID(struct envoi_push_service, jid, "jid", ENVOI_REQUIRED),
	ENVOI_ATTR_TEXT(struct envoi_push_service, node, "node"),
	ENVOI_FIELDS_END,
};
const struct envoi_payload_type envoi_push_enable_type = ENVOI_PAYLOAD_TYPE(
	struct envoi_push_service, ENVOI_NS_PUSH, "enable", enable_fields);
const struct envoi_payload_type envoi_push_disable_type = ENVOI_PAYLOAD_TYPE(
	struct envoi_push_service, ENVOI_NS_PUSH, "disable", disable_fields);

struct push {
	struct envoi_handler handler;
	struct envoi_context *context;
	struct envoi_push_service *service; /* of envoi_payload_dup(); NULL: none */
	enum envoi_push_state state;
	bool is_requested; /* the service, in this session of the server */
	uint64_t number; /* of the service and the attempt: earlier answers do not count */
};

/* What an answer belongs to */
struct attempt {
	struct envoi_session *session;
	struct envoi_context *context;
	uint64_t number;
};

static const struct envoi_handler_impl push_impl;

static struct push *from_handler(struct envoi_handler *handler)
{
	return ENVOI_CONTAINER_OF(handler, struct push, handler);
}

static struct push *find(const struct envoi_session *session)
{
	struct envoi_handler *handler = envoi_session_find(session, push_impl.name);
	return handler != NULL && handler->impl == &push_impl ? from_handler(handler) : NULL;
}

static void on_answer(void *user, const struct envoi_answer *answer)
{
	struct attempt *attempt = user;
	struct envoi_session *session = attempt->session;
	int code = envoi_answer_code(answer);
	uint64_t number = attempt->number;
	struct envoi_context *context = attempt->context;
	envoi_free(context, attempt);
	if (code == ENVOI_ERR_CANCELED || code == ENVOI_ERR_DISCONNECTED) {
		envoi_context_unref(context);
		return;
	}
	struct push *self = find(session);
	if (self != NULL && self->number == number && self->service != NULL) {
		self->state = code == ENVOI_OK ? ENVOI_PUSH_ON : ENVOI_PUSH_FAILED;
		if (code != ENVOI_OK) {
			envoi_log(context, ENVOI_LOG_INFO, ENVOI_LOG_SESSION,
				"push notifications were not enabled: %s",
				envoi_answer_text(answer));
		}
		(void)envoi_session_emit(session, ENVOI_PUSH_STATE, NULL);
	}
	envoi_context_unref(context);
}

static int enable(struct push *self, struct envoi_session *session)
{
	struct attempt *attempt = envoi_alloc(self->context, sizeof(*attempt));
	int r = ENVOI_ERR_NOMEM;
	if (attempt != NULL) {
		*attempt = (struct attempt){
			session, envoi_context_ref(self->context), ++self->number};
		r = envoi_request(session,
			envoi_request_account_iq(
				session, ENVOI_IQ_SET, &envoi_push_enable_type, self->service),
			NULL, 0, on_answer, attempt, NULL);
	}
	if (r < 0 && attempt != NULL) {
		envoi_context_unref(attempt->context);
		envoi_free(self->context, attempt);
	}
	self->is_requested = r == ENVOI_OK;
	self->state = r == ENVOI_OK ? ENVOI_PUSH_PENDING : ENVOI_PUSH_FAILED;
	return r;
}

static void ignore_answer(void *user, const struct envoi_answer *answer)
{
	(void)user;
	(void)answer;
}

/* Section 6: by address and node, so that other devices keep theirs. */
static int disable(struct envoi_session *session, const struct envoi_push_service *service)
{
	return envoi_request(session,
		envoi_request_account_iq(session, ENVOI_IQ_SET, &envoi_push_disable_type, service),
		NULL, 0, ignore_answer, NULL, NULL);
}

/* --- the handler --- */

static void restore(struct envoi_handler *handler, struct envoi_session *session, bool is_resumed)
{
	struct push *self = from_handler(handler);
	bool has_failed = self->state == ENVOI_PUSH_FAILED;
	if (self->service == NULL || (is_resumed && self->is_requested && !has_failed)) {
		return;
	}
	int r = enable(self, session);
	if (r < 0) {
		envoi_log(self->context, ENVOI_LOG_WARNING, ENVOI_LOG_SESSION,
			"push notifications were not requested: %s", envoi_error_text(r));
	}
}

static void destroy(struct envoi_handler *handler)
{
	struct push *self = from_handler(handler);
	struct envoi_context *context = self->context;
	envoi_payload_free(&envoi_push_enable_type, self->service);
	envoi_free(context, self);
	envoi_context_unref(context);
}

static const struct envoi_handler_impl push_impl = {
	.name = "push",
	.restore = restore,
	.destroy = destroy,
};

static int make(struct envoi_handler **ret_handler, struct envoi_session *session)
{
	struct envoi_context *context = envoi_session_context(session);
	struct push *self = envoi_alloc_zeroed(context, sizeof(*self));
	if (self == NULL) {
		return ENVOI_ERR_NOMEM;
	}
	self->handler.impl = &push_impl;
	self->context = envoi_context_ref(context);
	*ret_handler = &self->handler;
	return ENVOI_OK;
}

const struct envoi_extension envoi_push_extension = {.name = "push", .make = make};

/* --- for programs --- */

enum envoi_push_state envoi_push_state(const struct envoi_session *session)
{
	const struct push *self = find(session);
	return self == NULL ? ENVOI_PUSH_OFF : self->state;
}

static bool is_same(const struct envoi_push_service *a, const struct envoi_push_service *b)
{
	return envoi_payload_equal(&envoi_push_disable_type, a, b);
}

int envoi_push_set(struct envoi_session *session, const struct envoi_push_service *service)
{
	struct push *self = find(session);
	if (service == NULL || envoi_payload_check(&envoi_push_enable_type, service, NULL) < 0) {
		return ENVOI_ERR_INVALID;
	}
	if (self == NULL) {
		return ENVOI_ERR_STATE;
	}
	struct envoi_push_service *copy = envoi_payload_dup(
		self->context, &envoi_push_enable_type, service);
	if (copy == NULL) {
		return ENVOI_ERR_NOMEM;
	}
	struct envoi_push_service *old = self->service;
	bool is_online = envoi_session_is_online(session);
	self->service = copy;
	if (old != NULL && is_online && !is_same(old, copy)) {
		(void)disable(session, old);
	}
	envoi_payload_free(&envoi_push_enable_type, old);
	if (!is_online) {
		self->number++;
		self->is_requested = false;
		self->state = ENVOI_PUSH_PENDING;
		return ENVOI_DECLINED;
	}
	return enable(self, session);
}

int envoi_push_disable(struct envoi_session *session)
{
	struct push *self = find(session);
	if (self == NULL) {
		return ENVOI_ERR_STATE;
	}
	if (self->service == NULL) {
		return ENVOI_OK;
	}
	int r = envoi_session_is_online(session) ? disable(session, self->service)
						 : ENVOI_ERR_STATE;
	envoi_payload_free(&envoi_push_enable_type, self->service);
	self->service = NULL;
	self->state = ENVOI_PUSH_OFF;
	return r;
}
