/*
 * envoi - a login: from the first look-up to a bound session, and until that ends
 * SPDX-License-Identifier: MIT
 */
#include "connection/login.h"

#include <stdarg.h>
#include <stdio.h>

static void free_memory(struct envoi__login *login)
{
	struct envoi_context *context = login->context;
	envoi__login_settings_finish(login);
	envoi_free(context, login);
	envoi_context_unref(context);
}

void envoi__login_exit(struct envoi__login *login)
{
	if (envoi__guard_leave(&login->guard)) {
		free_memory(login);
	}
}

bool envoi__login_is_connecting(const struct envoi__login *login)
{
	return !envoi__guard_is_over(&login->guard) && login->state == ENVOI__LOGIN_CONNECTING;
}

static void post(struct envoi__login *login, enum envoi_event_type type, const char *text)
{
	int r = envoi_session_post_event(
		login->with.session, &(struct envoi_event){.type = type, .text = text});
	if (r < 0) {
		envoi_log(login->context, ENVOI_LOG_ERROR, ENVOI_LOG_CLIENT, "event %s is lost: %s",
			envoi_event_name(type), envoi_error_text(r));
	}
}

/* --- the end --- */

void envoi__login_end(struct envoi__login *login, struct envoi_failure *why)
{
	bool was_online = login->state == ENVOI__LOGIN_ONLINE;
	envoi_timer_stop(&login->deadline);
	login->state = ENVOI__LOGIN_OVER;
	if (why->code != ENVOI_OK && !was_online) {
		envoi__login_routes_add_attempts(&login->routes, why);
		envoi__login_forget_remembered(login);
	}
	login->owner.ended(login->owner.user, login, why);
}

void envoi__login_fail(
	struct envoi__login *login, enum envoi_phase phase, int code, const char *format, ...)
{
	struct envoi_failure why;
	char text[sizeof(why.text)];
	va_list args;
	va_start(args, format);
	vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	envoi_failure_set(&why, login->context, phase, code, "%s", text);
	envoi__login_end(login, &why);
}

/* --- the stream --- */

void envoi__login_use(struct envoi__login *login, struct envoi_transport *transport)
{
	struct envoi_stream *stream;
	post(login, ENVOI_EVENT_CONNECTED, transport->impl->peer_name(transport));
	login->state = ENVOI__LOGIN_NEGOTIATING;
	login->is_secure = login->is_authenticated = false;
	envoi__login_renew_deadline(login);
	int r = envoi__login_make_stream(login, &stream, transport);
	if (r == ENVOI_OK) {
		r = envoi_session_attach(login->with.session, stream);
	}
	if (r < 0) {
		envoi__login_fail(login, ENVOI_PHASE_STREAM, r, "the stream could not be opened");
	}
}

/* --- the start --- */

/* Called from the loop, so that failures of files are reported as all others. */
static void on_start(struct envoi_deferred *deferred)
{
	struct envoi__login *login = ENVOI_CONTAINER_OF(deferred, struct envoi__login, start);
	struct envoi_failure why;
	int r = envoi__login_tls_prepare(login, &why);
	if (r == ENVOI_AGAIN) {
		return;
	}
	if (r < 0) {
		envoi__login_end(login, &why);
		return;
	}
	r = envoi__login_features_make(login);
	if (r < 0) {
		envoi__login_fail(login, ENVOI_PHASE_CONNECT, r, "the login could not be prepared");
		return;
	}
	envoi__login_connect(login);
}

void envoi__login_start(struct envoi__login *login)
{
	envoi_deferred_post(&login->start, envoi_context_loop(login->context), on_start);
}

void envoi__login_key_password_set(struct envoi__login *login, bool is_given)
{
	if (login->tls.waits_for_key_password) {
		login->tls.waits_for_key_password = false;
		login->tls.was_key_password_denied = !is_given;
		envoi_timer_stop(&login->tls.key_password_timer);
		envoi__login_question_closes(login);
		envoi__login_start(login);
	}
}

/* --- the session --- */

static struct envoi__login *from_session_owner(struct envoi_session_owner *owner)
{
	return ENVOI_CONTAINER_OF(owner, struct envoi__login, session_owner);
}

static void on_gained(struct envoi_session_owner *owner, struct envoi_session *session,
	unsigned int bit, const char *text)
{
	struct envoi__login *login = from_session_owner(owner);
	(void)session;
	(void)text;
	login->is_secure |= bit == ENVOI_STREAM_SECURE;
	login->is_authenticated |= bit == ENVOI_STREAM_AUTHENTICATED;
}

static void on_ready(struct envoi_session_owner *owner, struct envoi_session *session)
{
	struct envoi__login *login = from_session_owner(owner);
	(void)session;
	envoi_timer_stop(&login->deadline);
	envoi__login_routes_forget(&login->routes);
	envoi__login_remember_route(login);
	login->state = ENVOI__LOGIN_ONLINE;
	envoi__login_enter(login);
	envoi__login_forget_addresses(login);
	if (!envoi__guard_is_over(&login->guard)) {
		login->owner.ready(login->owner.user, login);
	}
	envoi__login_exit(login);
}

static void on_closed(struct envoi_session_owner *owner, struct envoi_session *session,
	const struct envoi_failure *why)
{
	struct envoi__login *login = from_session_owner(owner);
	(void)session;
	struct envoi_failure copy;
	envoi__login_enter(login);
	envoi_failure_copy(&copy, why);
	if ((why->phase == ENVOI_PHASE_TLS && envoi__login_start_again(login)) ||
		envoi__login_try_next(login, why) || envoi__login_follow_redirect(login, &copy) ||
		envoi__login_leave_location(login, &copy)) {
		envoi_failure_finish(&copy);
	} else {
		envoi__login_end(login, &copy);
	}
	envoi__login_exit(login);
}

static const struct envoi_session_owner_impl session_owner_impl = {
	.gained = on_gained,
	.ready = on_ready,
	.closed = on_closed,
};

/* --- from above --- */

static int announce(const struct envoi__login_parameters *with)
{
	int r = envoi_session_reserve(with->session);
	return r < 0 ? r
		     : envoi_session_post_event(with->session,
			       &(struct envoi_event){
				       .type = ENVOI_EVENT_CONNECTING,
				       .text = envoi_jid_domain(with->account->jid),
			       });
}

int envoi__login_new(struct envoi__login **ret_login, const struct envoi__login_owner *owner,
	const struct envoi__login_parameters *with, const struct envoi_failure *last)
{
	struct envoi_context *context = envoi_session_context(with->session);
	struct envoi__login *login = envoi_alloc_zeroed(context, sizeof(*login));
	if (login == NULL) {
		return ENVOI_ERR_NOMEM;
	}
	login->context = envoi_context_ref(context);
	login->owner = *owner;
	login->with = *with;
	int r = envoi__login_settings_read(login);
	if (r == ENVOI_OK) {
		r = announce(with);
	}
	if (r < 0) {
		free_memory(login);
		return r;
	}
	envoi__login_tls_init(&login->tls);
	envoi__login_routes_init(&login->routes, context, with->connectors);
	envoi__login_choose_host(login, last);
	envoi__login_take_remembered(login);
	login->session_owner.impl = &session_owner_impl;
	envoi_session_set_owner(with->session, &login->session_owner);
	envoi_session_configure(with->session, with->settings);
	envoi__login_start_deadline(login, login->values.login_timeout_ms);
	envoi__login_start(login);
	*ret_login = login;
	return ENVOI_OK;
}

void envoi__login_stop(struct envoi__login *login)
{
	enum envoi__login_state state = login->state;
	if (login->session_owner.impl == NULL) {
		return;
	}
	login->session_owner.impl = NULL;
	login->state = ENVOI__LOGIN_OVER;
	login->tls.waits_for_key_password = false;
	envoi_timer_stop(&login->tls.key_password_timer);
	envoi_session_set_owner(login->with.session, NULL);
	envoi_timer_stop(&login->deadline);
	envoi_deferred_cancel(&login->start);
	struct envoi_connector *connector = envoi__login_routes_connector(&login->routes);
	bool has_begun = state == ENVOI__LOGIN_CONNECTING ||
		(connector != NULL && connector->impl->next != NULL);
	if (connector != NULL && has_begun) {
		connector->impl->cancel(connector);
	}
}

void envoi__login_free(struct envoi__login *login)
{
	if (login == NULL || envoi__guard_is_over(&login->guard)) {
		return;
	}
	envoi__login_enter(login);
	envoi__guard_end(&login->guard);
	envoi__login_stop(login);
	envoi__login_features_free(&login->features);
	envoi__login_tls_finish(&login->tls, login->context);
	envoi__login_routes_finish(&login->routes);
	envoi__login_exit(login);
}

void envoi__login_leave(struct envoi__login *login)
{
	if (login->is_leaving || login->state == ENVOI__LOGIN_OVER) {
		return;
	}
	login->is_leaving = true;
	if (login->state != ENVOI__LOGIN_CONNECTING) {
		envoi_session_close(login->with.session);
		return;
	}
	envoi__login_enter(login);
	envoi__login_stop(login);
	if (!envoi__guard_is_over(&login->guard)) {
		struct envoi_failure why;
		envoi_failure_set(&why, login->context, ENVOI_PHASE_CLOSE, ENVOI_OK, NULL);
		envoi__login_end(login, &why);
	}
	envoi__login_exit(login);
}
