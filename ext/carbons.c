/*
 * envoi - XEP-0280: Message Carbons, version 1.0.1
 * SPDX-License-Identifier: MIT
 */
#include <envoi/ext/carbons.h>
#include <envoi/ext/hints.h>

#include <limits.h>

#include <envoi/context.h>
#include <envoi/delivery.h>
#include <envoi/request.h>

static const struct envoi_field wrapper_fields[] = {
	ENVOI_CHILD_STRUCT(struct envoi_carbons_wrapper, forwarded, struct envoi_stanza_forwarding,
		&envoi_stanza_forwarding_type, ENVOI_REQUIRED),
	ENVOI_FIELDS_END,
};
const struct envoi_payload_type envoi_carbons_received_type = ENVOI_PAYLOAD_TYPE(
	struct envoi_carbons_wrapper, ENVOI_NS_CARBONS, "received", wrapper_fields);
const struct envoi_payload_type envoi_carbons_sent_type = ENVOI_PAYLOAD_TYPE(
	struct envoi_carbons_wrapper, ENVOI_NS_CARBONS, "sent", wrapper_fields);

static const struct envoi_payload_type enable_type = ENVOI_PAYLOAD_EMPTY(
	ENVOI_NS_CARBONS, "enable");
static const struct envoi_payload_type disable_type = ENVOI_PAYLOAD_EMPTY(
	ENVOI_NS_CARBONS, "disable");

struct carbons {
	struct envoi_handler handler;
	struct envoi_context *context;
	enum envoi_carbons_state state;
	bool is_wanted;
	bool is_requested; /* what the server was asked for last */
	uint64_t refused;
};

static const struct envoi_handler_impl carbons_impl;

static struct carbons *from_handler(struct envoi_handler *handler)
{
	return ENVOI_CONTAINER_OF(handler, struct carbons, handler);
}

static struct carbons *find(const struct envoi_session *session)
{
	struct envoi_handler *handler = envoi_session_find(session, carbons_impl.name);
	return handler != NULL && handler->impl == &carbons_impl ? from_handler(handler) : NULL;
}

/* --- enabling: sections 4 and 5 --- */

/* The server answers in the order of the requests, so the last answer states what is in effect. */
static void take_answer(
	struct envoi_session *session, const struct envoi_answer *answer, bool was_enabled)
{
	int code = envoi_answer_code(answer);
	if (code == ENVOI_ERR_CANCELED || code == ENVOI_ERR_DISCONNECTED) {
		return;
	}
	struct carbons *self = find(session);
	if (self == NULL) {
		return;
	}
	if (code == ENVOI_OK) {
		self->state = was_enabled ? ENVOI_CARBONS_ON : ENVOI_CARBONS_OFF;
	} else {
		self->state = ENVOI_CARBONS_FAILED;
		envoi_log(self->context, ENVOI_LOG_INFO, ENVOI_LOG_SESSION,
			"carbons were not %s: %s", was_enabled ? "enabled" : "disabled",
			envoi_answer_text(answer));
	}
	(void)envoi_session_emit(session, ENVOI_CARBONS_STATE, NULL);
}

static void on_enabled(void *user, const struct envoi_answer *answer)
{
	take_answer(user, answer, true);
}

static void on_disabled(void *user, const struct envoi_answer *answer)
{
	take_answer(user, answer, false);
}

static int request(struct carbons *self, struct envoi_session *session)
{
	struct envoi_stanza *iq = envoi_request_account_iq(
		session, ENVOI_IQ_SET, self->is_wanted ? &enable_type : &disable_type, NULL);
	int r = envoi_request(
		session, iq, NULL, 0, self->is_wanted ? on_enabled : on_disabled, session, NULL);
	self->state = r == ENVOI_OK ? ENVOI_CARBONS_PENDING : ENVOI_CARBONS_FAILED;
	self->is_requested = r == ENVOI_OK ? self->is_wanted : self->is_requested;
	return r;
}

/* A new session of the server begins without carbons; a resumed one has what was requested. */
static void restore(struct envoi_handler *handler, struct envoi_session *session, bool is_resumed)
{
	struct carbons *self = from_handler(handler);
	if (!is_resumed) {
		self->state = ENVOI_CARBONS_OFF;
		self->is_requested = false;
	}
	int r = self->is_wanted != self->is_requested ? request(self, session) : ENVOI_OK;
	if (r < 0) {
		envoi_log(self->context, ENVOI_LOG_WARNING, ENVOI_LOG_SESSION,
			"carbons were not requested: %s", envoi_error_text(r));
	}
}

/* --- copies: sections 7, 8 and 11 --- */

static void refuse(struct carbons *self, const struct envoi_stanza *wrapper)
{
	self->refused++;
	if (self->refused == 1) { /* a stranger can send them for ever */
		const char *from = envoi_stanza_from_text(wrapper);
		envoi_log(self->context, ENVOI_LOG_WARNING, ENVOI_LOG_SESSION,
			"copies of messages are refused, the first one from %s: only the own "
			"account may send them",
			from == NULL ? "an unknown account" : from);
	}
}

/* An absent address is that of the account (RFC 6120, sections 8.1.1.1 and 8.1.2.1). */
static bool is_of_account(
	const struct envoi_session *session, const struct envoi_jid *jid, const char *text)
{
	return text == NULL || envoi_jid_equal_bare(jid, envoi_session_jid(session));
}

static bool is_to_be_reported(
	const struct envoi_session *session, const struct envoi_stanza *message, bool is_sent)
{
	const struct envoi_jid *from = envoi_stanza_from(message), *to = envoi_stanza_to(message);
	if (envoi_stanza_type(message) == ENVOI_TYPE_GROUPCHAT) {
		return false;
	}
	if (!is_sent) {
		return (from != NULL || envoi_stanza_from_text(message) == NULL) &&
			is_of_account(session, to, envoi_stanza_to_text(message));
	}
	return is_of_account(session, from, envoi_stanza_from_text(message)) && to != NULL &&
		!envoi_jid_is_bare_of(to, envoi_session_jid(session));
}

static int report(struct envoi_session *session, struct envoi_stanza *message,
	const struct envoi_carbons_wrapper *wrapper, bool is_sent)
{
	struct envoi_carbons_copy copy = {.is_sent = is_sent, .message = message};
	if (wrapper->forwarded.delay != NULL) {
		copy.is_delayed = true;
		copy.sent_ms = wrapper->forwarded.delay->stamp_ms;
	} else {
		copy.is_delayed = envoi_delayed_delivery_sent_at(session, message, &copy.sent_ms);
	}
	(void)envoi_session_emit(session, ENVOI_CARBONS_COPY, &copy); /* may free the session */
	return ENVOI_STOP;
}

static int take_copy(struct carbons *self, struct envoi_delivery *in,
	const struct envoi_payload_type *type, bool is_sent)
{
	struct envoi_session *session = envoi_delivery_session(in);
	const struct envoi_carbons_wrapper *wrapper = envoi_delivery_payload(in, type);
	struct envoi_stanza *message;
	if (!envoi_session_is_from_account(session, envoi_delivery_stanza(in))) {
		refuse(self, envoi_delivery_stanza(in));
		return ENVOI_STOP;
	}
	int r = envoi_stanza_forwarding_message(&message, &wrapper->forwarded);
	if (r != ENVOI_OK) {
		return r < 0 ? r : ENVOI_STOP;
	}
	if (is_to_be_reported(session, message, is_sent)) {
		r = report(session, message, wrapper, is_sent);
	}
	envoi_stanza_unref(message);
	return ENVOI_STOP;
}

static int on_received(struct envoi_handler *self, struct envoi_delivery *in)
{
	return take_copy(from_handler(self), in, &envoi_carbons_received_type, false);
}

static int on_sent(struct envoi_handler *self, struct envoi_delivery *in)
{
	return take_copy(from_handler(self), in, &envoi_carbons_sent_type, true);
}

int envoi_carbons_exclude(struct envoi_stanza *message)
{
	const struct envoi_jid *to = message == NULL ? NULL : envoi_stanza_to(message);
	envoi_element_add(envoi_stanza_element(message), ENVOI_NS_CARBONS, "private");
	return envoi_hints_add(
		message, &(struct envoi_hints){.no_copy = to != NULL && !envoi_jid_is_bare(to)});
}

/* --- the handler --- */

/* Before all other rows: what is around a copy is no message for the user. */
static const struct envoi_stanza_row stanzas[] = {
	{.kind = ENVOI_MESSAGE,
		.payload = &envoi_carbons_received_type,
		.handle = on_received,
		.priority = INT_MAX},
	{.kind = ENVOI_MESSAGE,
		.payload = &envoi_carbons_sent_type,
		.handle = on_sent,
		.priority = INT_MAX},
	ENVOI_ROWS_END,
};

static void destroy(struct envoi_handler *handler)
{
	struct carbons *self = from_handler(handler);
	struct envoi_context *context = self->context;
	envoi_free(context, self);
	envoi_context_unref(context);
}

static const struct envoi_handler_impl carbons_impl = {
	.name = "carbons",
	.stanzas = stanzas,
	.restore = restore,
	.destroy = destroy,
};

static int make(struct envoi_handler **ret_handler, struct envoi_session *session)
{
	struct envoi_context *context = envoi_session_context(session);
	struct carbons *self = envoi_alloc_zeroed(context, sizeof(*self));
	if (self == NULL) {
		return ENVOI_ERR_NOMEM;
	}
	self->handler.impl = &carbons_impl;
	self->context = envoi_context_ref(context);
	self->is_wanted = true;
	if (envoi_session_is_online(session)) {
		restore(&self->handler, session, false);
	}
	*ret_handler = &self->handler;
	return ENVOI_OK;
}

const struct envoi_extension envoi_carbons_extension = {.name = "carbons", .make = make};

enum envoi_carbons_state envoi_carbons_state(const struct envoi_session *session)
{
	const struct carbons *self = find(session);
	return self == NULL ? ENVOI_CARBONS_OFF : self->state;
}

uint64_t envoi_carbons_refused(const struct envoi_session *session)
{
	const struct carbons *self = find(session);
	return self == NULL ? 0 : self->refused;
}

int envoi_carbons_set(struct envoi_session *session, bool is_enabled)
{
	struct carbons *self = find(session);
	if (self == NULL) {
		return ENVOI_ERR_STATE;
	}
	self->is_wanted = is_enabled;
	return envoi_session_is_online(session) ? request(self, session) : ENVOI_DECLINED;
}
