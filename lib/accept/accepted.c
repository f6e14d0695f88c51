/*
 * envoi - acceptors: one accepted session
 * SPDX-License-Identifier: MIT
 */
#include <inttypes.h>

#include <envoi/context.h>

#include "accept/acceptor.h"
#include "session/session.h"

void envoi__accepted_enter(struct envoi_accepted *accepted)
{
	envoi__acceptor_enter(accepted->acceptor);
	envoi__guard_enter(&accepted->guard);
}

void envoi__accepted_leave(struct envoi_accepted *accepted)
{
	struct envoi_acceptor *acceptor = accepted->acceptor;
	if (envoi__guard_leave(&accepted->guard)) {
		envoi_jid_unref(accepted->jid);
		envoi__accept_component_free(acceptor->context, accepted->component);
		envoi_free(acceptor->context, accepted);
	}
	envoi__acceptor_leave(acceptor);
}

static struct envoi_accepted *from_owner(struct envoi_session_owner *owner)
{
	return ENVOI_CONTAINER_OF(owner, struct envoi_accepted, owner);
}

static const struct envoi_accept_hook_impl *hook_of(const struct envoi_accepted *accepted)
{
	return accepted->acceptor->hook->impl;
}

/* --- the end --- */

void envoi__accepted_report(struct envoi_accepted *accepted, const struct envoi_failure *why)
{
	if (!accepted->is_reported) {
		accepted->is_reported = true;
		envoi__list_remove(&accepted->link);
		if (hook_of(accepted)->ended != NULL) {
			hook_of(accepted)->ended(accepted->acceptor->hook, accepted, why);
		}
	}
}

static void set_suspended(struct envoi_accepted *accepted, bool is_suspended)
{
	if (accepted->is_suspended != is_suspended) {
		accepted->is_suspended = is_suspended;
		accepted->acceptor->stats.suspended += is_suspended ? 1 : (size_t)-1;
	}
}

static void stop(struct envoi_accepted *accepted)
{
	envoi_timer_stop(&accepted->deadline);
	envoi_deferred_cancel(&accepted->end);
	if (!accepted->is_ready) {
		accepted->acceptor->stats.connections--;
	}
	set_suspended(accepted, false);
	envoi__accept_forget_resumption(accepted);
	envoi__accept_table_remove(accepted);
}

void envoi__accepted_end(struct envoi_accepted *accepted, const struct envoi_failure *why)
{
	if (envoi__guard_is_over(&accepted->guard)) {
		return;
	}
	envoi__accepted_enter(accepted);
	envoi__guard_end(&accepted->guard);
	stop(accepted);
	struct envoi_session *session = accepted->session;
	accepted->session = NULL; /* what it calls back may free the acceptor, which reports */
	envoi_session_free(session);
	envoi__accept_component_cancel(accepted);
	envoi__accepted_report(accepted, why);
	envoi__accepted_leave(accepted);
}

void envoi_accepted_free(struct envoi_accepted *accepted)
{
	struct envoi_failure why;
	envoi_failure_set(
		&why, accepted->acceptor->context, ENVOI_PHASE_CLOSE, ENVOI_ERR_CANCELED, NULL);
	envoi__accepted_end(accepted, &why);
}

/* --- closing --- */

static void on_end(struct envoi_deferred *deferred)
{
	struct envoi_accepted *accepted = ENVOI_CONTAINER_OF(deferred, struct envoi_accepted, end);
	struct envoi_failure why;
	envoi_failure_set(&why, accepted->acceptor->context, ENVOI_PHASE_CLOSE, ENVOI_OK, NULL);
	envoi__accepted_end(accepted, &why);
}

void envoi_accepted_close(struct envoi_accepted *accepted, enum envoi_stream_condition condition)
{
	struct envoi_context *context = accepted->acceptor->context;
	struct envoi_session *session = accepted->session;
	if (envoi__guard_is_over(&accepted->guard)) {
		return;
	}
	envoi__accept_forget_resumption(accepted);
	envoi_session_set_resumable(session, false);
	if (envoi_session_stream(session) == NULL) {
		envoi_deferred_post(&accepted->end, envoi_context_loop(context), on_end);
	} else if (condition == ENVOI_STREAM_NO_CONDITION) {
		envoi_session_close(session);
	} else {
		envoi_stream_fail_with(envoi_session_stream(session), ENVOI_ERR_STATE, condition,
			"closed by this side");
	}
}

/* --- the login --- */

static void on_deadline(struct envoi_timer *timer)
{
	struct envoi_accepted *accepted = ENVOI_CONTAINER_OF(
		timer, struct envoi_accepted, deadline);
	envoi_stream_fail_with(envoi_session_stream(accepted->session), ENVOI_ERR_TIMEOUT,
		ENVOI_STREAM_CONNECTION_TIMEOUT, "not logged in within %" PRIu64 " ms",
		accepted->acceptor->values.login_timeout_ms);
}

static void refuse_domain(struct envoi_stream *stream, const char *name, int code)
{
	if (code == ENVOI_ERR_NOMEM) {
		envoi_stream_fail_with(stream, code, ENVOI_STREAM_RESOURCE_CONSTRAINT, NULL);
	} else {
		envoi_stream_fail_with(stream, ENVOI_ERR_PROTOCOL, ENVOI_STREAM_HOST_UNKNOWN,
			"the stream is to %s", name);
	}
}

static void on_opened(struct envoi_session_owner *owner, struct envoi_session *session)
{
	struct envoi_accepted *accepted = from_owner(owner);
	struct envoi_stream *stream = envoi_session_stream(session);
	const char *name = envoi_stream_peer_head(stream)->to;
	if (accepted->component != NULL) {
		envoi__accept_component_opened(accepted, stream);
		return;
	}
	if (accepted->is_opened) {
		return; /* the stream has compared */
	}
	const struct envoi_jid *domain;
	int r = envoi__acceptor_domain(accepted->acceptor, name, &domain);
	if (r < 0) {
		refuse_domain(stream, name, r);
		return;
	}
	envoi_stream_set_local(stream, domain);
	accepted->is_opened = true;
	if (hook_of(accepted)->opened != NULL) {
		envoi__accepted_enter(accepted);
		hook_of(accepted)->opened(accepted->acceptor->hook, accepted);
		envoi__accepted_leave(accepted);
	}
}

static void on_gained(struct envoi_session_owner *owner, struct envoi_session *session,
	unsigned int bit, const char *text)
{
	struct envoi_accepted *accepted = from_owner(owner);
	(void)session;
	if (bit != ENVOI_STREAM_AUTHENTICATED) {
		return;
	}
	envoi__accepted_enter(accepted);
	bool is_entered = accepted->component == NULL || envoi__accept_component_enter(accepted);
	if (is_entered && hook_of(accepted)->authenticated != NULL) {
		hook_of(accepted)->authenticated(accepted->acceptor->hook, accepted, text);
	}
	envoi__accepted_leave(accepted);
}

/* --- the session --- */

static void begin(struct envoi_accepted *accepted)
{
	accepted->is_ready = true;
	accepted->acceptor->stats.connections--;
	envoi_timer_stop(&accepted->deadline);
	if (hook_of(accepted)->ready != NULL) {
		hook_of(accepted)->ready(accepted->acceptor->hook, accepted);
	}
}

static void continue_session(struct envoi_accepted *accepted)
{
	set_suspended(accepted, false);
	if (hook_of(accepted)->resumed != NULL) {
		hook_of(accepted)->resumed(accepted->acceptor->hook, accepted);
	}
}

static void on_ready(struct envoi_session_owner *owner, struct envoi_session *session)
{
	struct envoi_accepted *accepted = from_owner(owner);
	(void)session;
	envoi__accepted_enter(accepted);
	if (accepted->is_ready) {
		continue_session(accepted);
	} else {
		begin(accepted);
	}
	envoi__accepted_leave(accepted);
}

static void suspend(struct envoi_accepted *accepted, const struct envoi_failure *why)
{
	set_suspended(accepted, true);
	if (hook_of(accepted)->suspended != NULL) {
		hook_of(accepted)->suspended(accepted->acceptor->hook, accepted, why);
	}
}

static void on_closed(struct envoi_session_owner *owner, struct envoi_session *session,
	const struct envoi_failure *why)
{
	struct envoi_accepted *accepted = from_owner(owner);
	struct envoi_failure moved;
	envoi__accepted_enter(accepted);
	envoi_failure_set(&moved, accepted->acceptor->context, ENVOI_PHASE_BIND, ENVOI_OK, NULL);
	if (envoi_session_is_suspended(session)) {
		suspend(accepted, why);
	} else {
		envoi__accepted_end(accepted, accepted->has_moved ? &moved : why);
	}
	envoi__accepted_leave(accepted);
}

static const struct envoi_session_owner_impl owner_impl = {
	.opened = on_opened,
	.gained = on_gained,
	.ready = on_ready,
	.closed = on_closed,
};

struct envoi_accepted *envoi__accepted_of(const struct envoi_session *session)
{
	return session->owner != NULL && session->owner->impl == &owner_impl
		? from_owner(session->owner)
		: NULL;
}

struct envoi_accepted *envoi__accepted_of_stream(const struct envoi_stream *stream)
{
	const struct envoi_session *session = envoi__sm_session_of(stream);
	return session == NULL ? NULL : envoi__accepted_of(session);
}

static int on_stanza(
	struct envoi_handler *self, struct envoi_session *session, struct envoi_stanza *stanza)
{
	struct envoi_acceptor *acceptor = ENVOI_CONTAINER_OF(self, struct envoi_acceptor, filter);
	struct envoi_accepted *accepted = envoi__accepted_of(session);
	envoi__accepted_enter(accepted);
	int r = envoi__accept_take_request(accepted, stanza);
	if (r == ENVOI_OK && acceptor->hook->impl->stanza != NULL) {
		r = acceptor->hook->impl->stanza(acceptor->hook, accepted, stanza);
	}
	envoi__accepted_leave(accepted);
	return r;
}

static const struct envoi_filters filters = {.stanza_in = on_stanza};

const struct envoi_handler_impl envoi__accept_filter_impl = {
	.name = "acceptor",
	.filters = &filters,
};

/* --- making --- */

/* @param transport  taken */
static int begin_stream(struct envoi_accepted *accepted, struct envoi_transport *transport)
{
	struct envoi_acceptor *acceptor = accepted->acceptor;
	struct envoi_stream *stream;
	const struct envoi_stream_options of_component = {
		.role = ENVOI_RECEIVER,
		.content_ns = ENVOI_NS_COMPONENT,
		.handlers = &acceptor->component_handler,
		.handler_count = 1,
		.required = ENVOI_STREAM_AUTHENTICATED,
		.settings = acceptor->settings,
		.tap = acceptor->tap,
		.tap_user = acceptor->tap_user,
	};
	const struct envoi_stream_options of_client = {
		.role = ENVOI_RECEIVER,
		.host = acceptor->domains[0],
		.handlers = acceptor->handlers,
		.handler_count = acceptor->handler_count,
		.required = acceptor->required,
		.settings = acceptor->settings,
		.tap = acceptor->tap,
		.tap_user = acceptor->tap_user,
	};
	int r = envoi_stream_new(&stream, acceptor->context,
		accepted->component != NULL ? &of_component : &of_client, transport,
		envoi_session_sink(accepted->session));
	return r < 0 ? r : envoi_session_attach(accepted->session, stream);
}

/* @param transport  taken */
static int begin_session(struct envoi_accepted *accepted, struct envoi_transport *transport)
{
	struct envoi_acceptor *acceptor = accepted->acceptor;
	int r = envoi_session_new(&accepted->session, acceptor->context, acceptor->settings);
	if (r == ENVOI_OK) {
		r = envoi_session_add(accepted->session, &acceptor->filter);
	}
	if (r < 0) {
		envoi_transport_destroy(transport);
		return r;
	}
	if (accepted->component != NULL) {
		/* its address is not one of this server's domains */
		accepted->session->server_name = envoi_jid_text(acceptor->domains[0]);
	}
	r = begin_stream(accepted, transport);
	if (r == ENVOI_OK) {
		envoi_session_set_owner(accepted->session, &accepted->owner);
	}
	return r;
}

int envoi__accepted_new(struct envoi_accepted **ret_accepted, struct envoi_acceptor *acceptor,
	struct envoi_transport *transport, struct envoi__accept_component *component)
{
	struct envoi_context *context = acceptor->context;
	struct envoi_accepted *accepted = envoi_alloc_zeroed(context, sizeof(*accepted));
	if (accepted == NULL) {
		envoi_transport_destroy(transport);
		return ENVOI_ERR_NOMEM;
	}
	accepted->acceptor = acceptor;
	accepted->component = component;
	accepted->owner.impl = &owner_impl;
	envoi__list_init(&accepted->account_link);
	int r = begin_session(accepted, transport);
	if (r < 0) {
		envoi_session_free(accepted->session);
		envoi_free(context, accepted);
		return r;
	}
	envoi__list_append(&acceptor->all, &accepted->link);
	acceptor->stats.connections++;
	envoi_timer_start(&accepted->deadline, envoi_context_loop(context),
		acceptor->values.login_timeout_ms, on_deadline);
	*ret_accepted = accepted;
	return ENVOI_OK;
}

/* --- members --- */

struct envoi_session *envoi_accepted_session(const struct envoi_accepted *accepted)
{
	return accepted->session;
}

struct envoi_acceptor *envoi_accepted_acceptor(const struct envoi_accepted *accepted)
{
	return accepted->acceptor;
}

const char *envoi_accepted_domain(const struct envoi_accepted *accepted)
{
	const struct envoi_session *session = accepted->session;
	const struct envoi_stream *stream = session == NULL ? NULL : envoi_session_stream(session);
	if (accepted->jid != NULL) {
		return envoi_jid_domain(accepted->jid);
	}
	return accepted->is_opened && stream != NULL ? envoi_jid_domain(envoi_stream_local(stream))
						     : NULL;
}

const struct envoi_jid *envoi_accepted_jid(const struct envoi_accepted *accepted)
{
	return accepted->jid;
}

void envoi_accepted_set_user(struct envoi_accepted *accepted, void *user)
{
	accepted->user = user;
}

void *envoi_accepted_user(const struct envoi_accepted *accepted)
{
	return accepted->user;
}
