/*
 * envoi - a login: from the first look-up to a bound session, and until that ends
 * SPDX-License-Identifier: MIT
 */
#include "connection/login.h"

#include <stdarg.h>
#include <stdio.h>

#include "base/failure.h"
#include "connection/login_order.h"
#include "session/stream_management/stream_management.h"
#include "tls/tls_config.h"

static void try_connector(struct envoi__login *login);
static bool start_again(struct envoi__login *login);
static void start(struct envoi__login *login);

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

/* To be checked after calls of a connector, which may end or free the login. */
static bool is_connecting(const struct envoi__login *login)
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

/* The next attempt tries all routes, where the one that worked last leads to no login. */
static void forget_route(struct envoi__login *login)
{
	if (login->remembered != NULL && !login->is_authenticated) {
		envoi__account_set_route(login->with.account, NULL);
	}
}

/* The last call for a login: the owner frees it. @param why  moved */
static void end(struct envoi__login *login, struct envoi_failure *why)
{
	bool was_online = login->state == ENVOI__LOGIN_ONLINE;
	envoi_timer_stop(&login->deadline);
	login->state = ENVOI__LOGIN_OVER;
	if (why->code != ENVOI_OK && !was_online) {
		envoi__login_routes_add_attempts(&login->routes, why);
		forget_route(login);
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
	end(login, &why);
}

/* --- the stream --- */

static unsigned int required_bits(const struct envoi__login *login)
{
	unsigned int bits = login->with.kind->required;
	return login->tls_mode == ENVOI__TLS_MODE_NONE ? bits : bits | ENVOI_STREAM_SECURE;
}

/* The tap has seen the header already, and may have switched itself. */
static void switch_tap(const struct envoi__login *login, struct envoi_stream *stream)
{
	unsigned int off = *login->with.tap_off;
	envoi_stream_switch_tap(stream, ENVOI_IN, (off & 1u << ENVOI_IN) == 0);
	envoi_stream_switch_tap(stream, ENVOI_OUT, (off & 1u << ENVOI_OUT) == 0);
}

static int make_stream(struct envoi__login *login, struct envoi_stream **ret_stream,
	struct envoi_transport *transport)
{
	struct envoi_handler **handlers;
	size_t handler_count;
	int r = envoi__login_stream_handlers(login, &handlers, &handler_count);
	if (r < 0) {
		envoi_transport_destroy(transport);
		return r;
	}
	const struct envoi__login_kind *kind = login->with.kind;
	const struct envoi_jid *jid = login->with.account->jid;
	const struct envoi_stream_options options = {
		.role = ENVOI_INITIATOR,
		.content_ns = kind->content_ns,
		.local = kind->is_domain ? NULL : jid,
		.peer_domain = envoi_jid_domain(jid),
		.handlers = handlers,
		.handler_count = handler_count,
		.required = required_bits(login),
		.settings = login->with.settings,
		.tap = login->with.tap,
		.tap_user = login->with.tap_user,
		.tap_off = *login->with.tap_off,
	};
	r = envoi_stream_new(ret_stream, login->context, &options, transport,
		envoi_session_sink(login->with.session));
	envoi_free(login->context, handlers);
	if (r == ENVOI_OK) {
		switch_tap(login, *ret_stream);
	}
	return r;
}

static void on_transport(struct envoi__login *login, struct envoi_transport *transport)
{
	struct envoi_stream *stream;
	post(login, ENVOI_EVENT_CONNECTED, transport->impl->peer_name(transport));
	login->state = ENVOI__LOGIN_NEGOTIATING;
	login->is_secure = login->is_authenticated = false;
	envoi__login_renew_deadline(login);
	int r = make_stream(login, &stream, transport);
	if (r == ENVOI_OK) {
		r = envoi_session_attach(login->with.session, stream);
	}
	if (r < 0) {
		envoi__login_fail(login, ENVOI_PHASE_STREAM, r, "the stream could not be opened");
	}
}

/* --- connecting --- */

static void on_connected(
	void *user, struct envoi_transport *transport, const struct envoi_failure *failure)
{
	struct envoi__login *login = user;
	if (transport != NULL) {
		envoi__login_routes_connected(&login->routes, failure);
		on_transport(login, transport);
	} else {
		envoi__login_routes_failed(&login->routes, failure);
		try_connector(login);
	}
}

const char *envoi__login_host(const struct envoi__login *login)
{
	return login->with.host != NULL ? login->with.host
					: envoi_jid_domain(login->with.account->jid);
}

/* A host that the server names is connected to directly: the URL is of another one. */
static const char *url_of(const struct envoi__login *login)
{
	if (login->routes.redirect_host[0] != '\0') {
		return NULL;
	}
	return login->remembered != NULL ? login->remembered : login->values.url;
}

static int connect_with(struct envoi__login *login, struct envoi_connector *connector)
{
	struct envoi_settings *settings, *own = login->with.settings;
	int r = envoi__login_routes_settings(&login->routes, &settings, own);
	if (r < 0) {
		return r;
	}
	const struct envoi_target target = {
		.domain = envoi__login_host(login),
		.url = url_of(login),
		.service = login->with.kind->service,
		.settings = settings,
		.tls = login->tls.config,
		.timeout_ms = envoi__login_time_left_ms(login),
	};
	bool is_copy = settings != own;
	r = connector->impl->connect(connector, &target, on_connected, login);
	if (is_copy) {
		envoi_settings_free(settings);
	}
	return r;
}

/* The route that worked last has failed: try all. @return false: none was remembered */
static bool leave_remembered(struct envoi__login *login)
{
	if (login->remembered == NULL) {
		return false;
	}
	envoi__account_set_route(login->with.account, NULL);
	envoi_free(login->context, login->remembered);
	login->remembered = NULL;
	envoi__login_routes_restart(&login->routes);
	return true;
}

static void end_without_connector(struct envoi__login *login)
{
	struct envoi_failure why;
	if (envoi__login_routes_leave_preferred(&login->routes) || leave_remembered(login)) {
		start(login);
	} else if (!start_again(login)) {
		envoi__kept_failure_give(&login->routes.attempts, &why);
		end(login, &why);
	}
}

static void try_connector(struct envoi__login *login)
{
	struct envoi_connector *connector = envoi__login_routes_connector(&login->routes);
	if (connector == NULL) {
		end_without_connector(login);
		return;
	}
	envoi__login_enter(login);
	int r = connect_with(login, connector);
	if (r == ENVOI_ERR_UNSUPPORTED && is_connecting(login)) {
		login->routes.at++; /* not a connector for this target */
		try_connector(login);
	} else if (r == ENVOI_ERR_INVALID && is_connecting(login) && leave_remembered(login)) {
		start(login); /* it does not fit the settings */
	} else if (r < 0 && is_connecting(login)) {
		envoi__login_fail(login, ENVOI_PHASE_CONNECT, r, "%s",
			login->values.url != NULL && r == ENVOI_ERR_INVALID
				? "the setting url is no valid URL, or does not fit tls.mode"
				: "the connection could not be started");
	}
	envoi__login_exit(login);
}

/* Try another address of the same connector. @return false: there is none, the failure stands */
static bool try_next(struct envoi__login *login, const struct envoi_failure *why)
{
	struct envoi_connector *connector = envoi__login_routes_connector(&login->routes);
	if (login->state != ENVOI__LOGIN_NEGOTIATING || login->is_leaving ||
		connector->impl->next == NULL ||
		!envoi__may_try_elsewhere(why, login->is_secure, login->is_authenticated)) {
		return false;
	}
	login->state = ENVOI__LOGIN_CONNECTING; /* the connector may end the login in this call */
	int r = connector->impl->next(connector, why, envoi__login_time_left_ms(login));
	if (!is_connecting(login)) {
		return true;
	}
	if (r < 0) {
		login->state = ENVOI__LOGIN_NEGOTIATING;
		return false;
	}
	envoi__login_renew_deadline(login);
	return true;
}

/* Have the connector drop its other addresses. It may close open questions, and the application may
 * free everything inside. */
static void forget_other_addresses(struct envoi__login *login)
{
	struct envoi_connector *connector = envoi__login_routes_connector(&login->routes);
	if (connector != NULL && connector->impl->next != NULL) {
		connector->impl->cancel(connector);
	}
}

/* --- the start, and again after a redirect --- */

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
		end(login, &why);
		return;
	}
	r = envoi__login_features_make(login);
	if (r < 0) {
		envoi__login_fail(login, ENVOI_PHASE_CONNECT, r, "the login could not be prepared");
		return;
	}
	/* for a URL all connectors are asked */
	login->routes.order = url_of(login) == NULL ? login->values.order : NULL;
	try_connector(login);
}

static void start(struct envoi__login *login)
{
	envoi_deferred_post(&login->start, envoi_context_loop(login->context), on_start);
}

/* Some servers fail a handshake that offers a TLS session which has expired there. The session was
 * removed from the cache: connect to the same servers once more. */
static bool start_again(struct envoi__login *login)
{
	const struct envoi_tls_config *config = login->tls.config;
	if (login->has_started_again || login->is_leaving || config == NULL ||
		!envoi__tls_config_was_session_refused(config)) {
		return false;
	}
	login->has_started_again = true;
	login->state = ENVOI__LOGIN_CONNECTING;
	forget_other_addresses(login);
	if (is_connecting(login)) {
		login->routes.at = 0;
		envoi__login_renew_deadline(login);
		start(login);
	}
	return true;
}

void envoi__login_key_password_set(struct envoi__login *login, bool is_given)
{
	if (login->tls.waits_for_key_password) {
		login->tls.waits_for_key_password = false;
		login->tls.was_key_password_denied = !is_given;
		envoi_timer_stop(&login->tls.key_password_timer);
		envoi__login_question_closes(login);
		start(login);
	}
}

static bool is_within_limit(const struct envoi__login *login)
{
	return login->routes.redirects < login->values.redirects;
}

static void refuse_redirect(struct envoi_failure *why)
{
	why->retry = ENVOI_RETRY_LATER;
	envoi__failure_put(why->text, sizeof(why->text), "more redirects than limits.redirects");
	why->is_peer_text = false;
	why->text_lang[0] = '\0';
}

/* @return false: no redirect, or one that is refused; then @p why has the reason */
static bool follow_redirect(struct envoi__login *login, struct envoi_failure *why)
{
	if (!envoi__is_redirect(why) || login->is_leaving ||
		login->state != ENVOI__LOGIN_NEGOTIATING) {
		return false;
	}
	if (!is_within_limit(login)) {
		refuse_redirect(why);
		return false;
	}
	login->state = ENVOI__LOGIN_CONNECTING;
	forget_other_addresses(login);
	if (!is_connecting(login)) {
		return true;
	}
	envoi__login_routes_redirect(
		&login->routes, why, envoi_jid_domain(login->with.account->jid));
	envoi_log(login->context, ENVOI_LOG_INFO, ENVOI_LOG_CLIENT, "redirected to %s",
		login->routes.redirect_host);
	envoi__login_renew_deadline(login);
	start(login);
	return true;
}

/* XEP-0198, section 3: where the location of a session leads to no login, the standard algorithm
 * applies. @return false: the login was not at a location */
static bool leave_location(struct envoi__login *login, const struct envoi_failure *why)
{
	if (!login->routes.is_preferred || login->is_leaving ||
		login->state != ENVOI__LOGIN_NEGOTIATING) {
		return false;
	}
	envoi_log(login->context, ENVOI_LOG_INFO, ENVOI_LOG_CLIENT,
		"no login at %s, where the session should be resumed: %s",
		login->routes.redirect_host, why->text);
	login->state = ENVOI__LOGIN_CONNECTING;
	forget_other_addresses(login);
	if (is_connecting(login)) {
		envoi__login_routes_note(&login->routes, why);
		(void)envoi__login_routes_leave_preferred(&login->routes);
		envoi__login_renew_deadline(login);
		start(login);
	}
	return true;
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

/* @return whether a setting or the server names the route: what is remembered is neither used nor
 * replaced */
static bool is_named(const struct envoi__login *login)
{
	return login->values.url != NULL || login->names_server ||
		login->routes.redirect_host[0] != '\0';
}

/* What host-meta has led to is tried first the next time. */
static void remember_route(struct envoi__login *login)
{
	const struct envoi_connector *connector = envoi__login_routes_connector(&login->routes);
	bool has_found = connector != NULL && connector->impl->url != NULL;
	if (!is_named(login) && login->remembered == NULL) {
		envoi__account_set_route(
			login->with.account, has_found ? connector->impl->url(connector) : NULL);
	}
}

static void on_ready(struct envoi_session_owner *owner, struct envoi_session *session)
{
	struct envoi__login *login = from_session_owner(owner);
	(void)session;
	envoi_timer_stop(&login->deadline);
	envoi__login_routes_forget(&login->routes);
	remember_route(login);
	login->state = ENVOI__LOGIN_ONLINE;
	envoi__login_enter(login);
	forget_other_addresses(login);
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
	if ((why->phase == ENVOI_PHASE_TLS && start_again(login)) || try_next(login, why) ||
		follow_redirect(login, &copy) || leave_location(login, &copy)) {
		envoi_failure_finish(&copy);
	} else {
		end(login, &copy);
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

static void prefer_location(struct envoi__login *login)
{
	char host[sizeof(login->routes.redirect_host)];
	uint16_t port;
	if (envoi__sm_take_location(login->with.session, host, sizeof(host), &port)) {
		envoi__login_routes_prefer(&login->routes, host, port);
	}
}

/* Without memory none is. */
static void take_remembered(struct envoi__login *login)
{
	char *url = is_named(login) ? NULL : envoi__account_take_route(login->with.account);
	if (url != NULL && envoi__login_order_has_url(login->values.order, url)) {
		login->remembered = url;
	} else {
		envoi_free(login->context, url);
	}
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
	if (last != NULL && envoi__is_redirect(last) && is_within_limit(login)) {
		envoi__login_routes_redirect(
			&login->routes, last, envoi_jid_domain(with->account->jid));
	} else {
		prefer_location(login);
	}
	take_remembered(login);
	login->session_owner.impl = &session_owner_impl;
	envoi_session_set_owner(with->session, &login->session_owner);
	envoi_session_configure(with->session, with->settings);
	envoi__login_start_deadline(login, login->values.login_timeout_ms);
	start(login);
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
		end(login, &why);
	}
	envoi__login_exit(login);
}
