/*
 * envoi - a login: the settings with which it began
 * SPDX-License-Identifier: MIT
 */
#include <string.h>

#include "connection/login.h"

static const char *wanted_resource(const struct envoi__login *login)
{
	if (login->with.takes_any_resource) {
		return NULL;
	}
	return login->values.resource != NULL ? login->values.resource
					      : envoi_jid_resource(login->with.account->jid);
}

/* Settings may change during the login. @param value  NULL: none */
static int keep(struct envoi__login *login, char **own, const char **of_values, const char *value)
{
	*of_values = NULL;
	if (value == NULL) {
		return ENVOI_OK;
	}
	*own = envoi_strndup(login->context, value, strlen(value));
	*of_values = *own;
	return *own == NULL ? ENVOI_ERR_NOMEM : ENVOI_OK;
}

int envoi__login_settings_read(struct envoi__login *login)
{
	envoi__connection_settings_read(&login->values, login->with.settings);
	struct envoi__net_settings net;
	envoi__net_settings_read(&net, login->with.settings);
	login->tls_mode = net.tls_mode;
	login->decision_timeout_ms = net.decision_timeout_ms;
	login->names_server = net.server != NULL || net.port != 0;
	int r = keep(login, &login->url, &login->values.url, login->values.url);
	r = r < 0 ? r : keep(login, &login->order, &login->values.order, login->values.order);
	return r < 0
		? r
		: keep(login, &login->resource, &login->values.resource, wanted_resource(login));
}

void envoi__login_settings_finish(struct envoi__login *login)
{
	envoi_free(login->context, login->resource);
	envoi_free(login->context, login->url);
	envoi_free(login->context, login->order);
	envoi_free(login->context, login->remembered);
}
