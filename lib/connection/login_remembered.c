/*
 * envoi - a login: the route that worked last, which is tried first
 * SPDX-License-Identifier: MIT
 */
#include "connection/login.h"
#include "connection/login_order.h"

/* @return whether a setting or the server names the route: what is remembered is neither used nor
 * replaced */
static bool is_named(const struct envoi__login *login)
{
	return login->values.url != NULL || login->names_server ||
		login->routes.redirect_host[0] != '\0';
}

void envoi__login_remember_route(struct envoi__login *login)
{
	const struct envoi_connector *connector = envoi__login_routes_connector(&login->routes);
	bool has_found = connector != NULL && connector->impl->url != NULL;
	if (!is_named(login) && login->remembered == NULL) {
		envoi__account_set_route(
			login->with.account, has_found ? connector->impl->url(connector) : NULL);
	}
}

void envoi__login_take_remembered(struct envoi__login *login)
{
	char *url = is_named(login) ? NULL : envoi__account_take_route(login->with.account);
	if (url != NULL && envoi__login_order_has_url(login->values.order, url)) {
		login->remembered = url;
	} else {
		envoi_free(login->context, url);
	}
}

bool envoi__login_leave_remembered(struct envoi__login *login)
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

void envoi__login_forget_remembered(struct envoi__login *login)
{
	if (login->remembered != NULL && !login->is_authenticated) {
		envoi__account_set_route(login->with.account, NULL);
	}
}
