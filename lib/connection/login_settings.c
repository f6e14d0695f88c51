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

int envoi__login_settings_read(struct envoi__login *login)
{
	envoi__connection_settings_read(&login->values, login->with.settings);
	struct envoi__net_settings net;
	envoi__net_settings_read(&net, login->with.settings);
	login->tls_mode = net.tls_mode;
	login->decision_timeout_ms = net.decision_timeout_ms;
	const char *resource = wanted_resource(login);
	login->values.resource = NULL;
	if (resource == NULL) {
		return ENVOI_OK;
	}
	login->resource = envoi_strndup(login->context, resource, strlen(resource));
	login->values.resource = login->resource;
	return login->resource == NULL ? ENVOI_ERR_NOMEM : ENVOI_OK;
}

void envoi__login_settings_finish(struct envoi__login *login)
{
	envoi_free(login->context, login->resource);
}
