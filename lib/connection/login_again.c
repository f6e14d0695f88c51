/*
 * envoi - a login: again with the first connector, at the same server or another one
 * SPDX-License-Identifier: MIT
 */
#include "connection/login.h"

#include "base/failure.h"
#include "session/stream_management/stream_management.h"
#include "tls/tls_config.h"

bool envoi__login_start_again(struct envoi__login *login)
{
	const struct envoi_tls_config *config = login->tls.config;
	if (login->has_started_again || login->is_leaving || config == NULL ||
		!envoi__tls_config_was_session_refused(config)) {
		return false;
	}
	login->has_started_again = true;
	if (envoi__login_leave_server(login)) {
		login->routes.at = 0;
		envoi__login_renew_deadline(login);
		envoi__login_start(login);
	}
	return true;
}

/* --- redirects --- */

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

bool envoi__login_follow_redirect(struct envoi__login *login, struct envoi_failure *why)
{
	if (!envoi__is_redirect(why) || login->is_leaving ||
		login->state != ENVOI__LOGIN_NEGOTIATING) {
		return false;
	}
	if (!is_within_limit(login)) {
		refuse_redirect(why);
		return false;
	}
	if (!envoi__login_leave_server(login)) {
		return true;
	}
	envoi__login_routes_redirect(
		&login->routes, why, envoi_jid_domain(login->with.account->jid));
	envoi_log(login->context, ENVOI_LOG_INFO, ENVOI_LOG_CLIENT, "redirected to %s",
		login->routes.redirect_host);
	envoi__login_renew_deadline(login);
	envoi__login_start(login);
	return true;
}

bool envoi__login_leave_location(struct envoi__login *login, const struct envoi_failure *why)
{
	if (!login->routes.is_preferred || login->is_leaving ||
		login->state != ENVOI__LOGIN_NEGOTIATING) {
		return false;
	}
	envoi_log(login->context, ENVOI_LOG_INFO, ENVOI_LOG_CLIENT,
		"no login at %s, where the session should be resumed: %s",
		login->routes.redirect_host, why->text);
	if (envoi__login_leave_server(login)) {
		envoi__login_routes_note(&login->routes, why);
		(void)envoi__login_routes_leave_preferred(&login->routes);
		envoi__login_renew_deadline(login);
		envoi__login_start(login);
	}
	return true;
}

static void prefer_location(struct envoi__login *login)
{
	char host[sizeof(login->routes.redirect_host)];
	uint16_t port;
	if (envoi__sm_take_location(login->with.session, host, sizeof(host), &port)) {
		envoi__login_routes_prefer(&login->routes, host, port);
	}
}

void envoi__login_choose_host(struct envoi__login *login, const struct envoi_failure *last)
{
	if (last != NULL && envoi__is_redirect(last) && is_within_limit(login)) {
		envoi__login_routes_redirect(
			&login->routes, last, envoi_jid_domain(login->with.account->jid));
	} else {
		prefer_location(login);
	}
}
