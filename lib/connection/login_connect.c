/*
 * envoi - a login: its connectors, one after the other, and their addresses
 * SPDX-License-Identifier: MIT
 */
#include "connection/login.h"

static void try_connector(struct envoi__login *login);

static void on_connected(
	void *user, struct envoi_transport *transport, const struct envoi_failure *failure)
{
	struct envoi__login *login = user;
	if (transport != NULL) {
		envoi__login_routes_connected(&login->routes, failure);
		envoi__login_use(login, transport);
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

static void end_without_connector(struct envoi__login *login)
{
	struct envoi_failure why;
	if (envoi__login_routes_leave_preferred(&login->routes) ||
		envoi__login_leave_remembered(login)) {
		envoi__login_start(login);
	} else if (!envoi__login_start_again(login)) {
		envoi__kept_failure_give(&login->routes.attempts, &why);
		envoi__login_end(login, &why);
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
	if (r == ENVOI_ERR_UNSUPPORTED && envoi__login_is_connecting(login)) {
		login->routes.at++; /* not a connector for this target */
		try_connector(login);
	} else if (r == ENVOI_ERR_INVALID && envoi__login_is_connecting(login) &&
		envoi__login_leave_remembered(login)) {
		envoi__login_start(login); /* it does not fit the settings */
	} else if (r < 0 && envoi__login_is_connecting(login)) {
		envoi__login_fail(login, ENVOI_PHASE_CONNECT, r, "%s",
			login->values.url != NULL && r == ENVOI_ERR_INVALID
				? "the setting url is no valid URL, or does not fit tls.mode"
				: "the connection could not be started");
	}
	envoi__login_exit(login);
}

void envoi__login_connect(struct envoi__login *login)
{
	/* a URL is for each connector that accepts it */
	login->routes.order = url_of(login) == NULL ? login->values.order : NULL;
	try_connector(login);
}

bool envoi__login_try_next(struct envoi__login *login, const struct envoi_failure *why)
{
	struct envoi_connector *connector = envoi__login_routes_connector(&login->routes);
	if (login->state != ENVOI__LOGIN_NEGOTIATING || login->is_leaving ||
		connector->impl->next == NULL ||
		!envoi__may_try_elsewhere(why, login->is_secure, login->is_authenticated)) {
		return false;
	}
	login->state = ENVOI__LOGIN_CONNECTING; /* the connector may end the login in this call */
	int r = connector->impl->next(connector, why, envoi__login_time_left_ms(login));
	if (!envoi__login_is_connecting(login)) {
		return true;
	}
	if (r < 0) {
		login->state = ENVOI__LOGIN_NEGOTIATING;
		return false;
	}
	envoi__login_renew_deadline(login);
	return true;
}

void envoi__login_forget_addresses(struct envoi__login *login)
{
	struct envoi_connector *connector = envoi__login_routes_connector(&login->routes);
	if (connector != NULL && connector->impl->next != NULL) {
		connector->impl->cancel(connector);
	}
}

bool envoi__login_leave_server(struct envoi__login *login)
{
	login->state = ENVOI__LOGIN_CONNECTING;
	envoi__login_forget_addresses(login);
	return envoi__login_is_connecting(login);
}
