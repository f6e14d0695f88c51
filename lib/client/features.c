/*
 * envoi - the client helper: the stream features of a login
 * SPDX-License-Identifier: MIT
 */
#include "client/client.h"
#include "client/client_settings.h"

static void put(struct envoi_client *client, struct envoi_handler *feature)
{
	client->features[client->feature_count++] = feature;
}

void envoi__client_free_features(struct envoi_client *client)
{
	while (client->feature_count > 0) {
		envoi_handler_destroy(client->features[--client->feature_count]);
	}
}

/* Ours stand first: what the application adds comes after the login's own negotiation. */
int envoi__client_stream_handlers(
	const struct envoi_client *client, struct envoi_handler ***ret_handlers, size_t *ret_count)
{
	size_t own = client->feature_count,
	       added = envoi_session_handlers(client->session, NULL, 0);
	struct envoi_handler **handlers = envoi_alloc(
		client->context, (own + added) * sizeof(struct envoi_handler *));
	if (handlers == NULL) {
		return ENVOI_ERR_NOMEM;
	}
	for (size_t i = 0; i < own; i++) {
		handlers[i] = client->features[i];
	}
	(void)envoi_session_handlers(client->session, handlers + own, added);
	*ret_handlers = handlers;
	*ret_count = own + added;
	return ENVOI_OK;
}

static const char *wanted_resource(const struct envoi_client *client)
{
	struct envoi__client_settings values;
	envoi__client_settings_read(&values, client->settings);
	return values.resource != NULL ? values.resource : envoi_jid_resource(client->jid);
}

static int make_tls(struct envoi_client *client)
{
	if (client->tls == NULL) {
		return ENVOI_OK;
	}
	struct envoi_handler *feature;
	int r = envoi_starttls_new(&feature, client->context,
		&(struct envoi_starttls_options){.config = client->tls, .required = true});
	if (r == ENVOI_OK) {
		put(client, feature);
	}
	return r;
}

static int make_sasl(struct envoi_client *client)
{
	struct envoi_sasl_credentials *credentials;
	int r = envoi__client_make_credentials(client, &credentials);
	if (r < 0) {
		return r;
	}
	struct envoi_handler *feature;
	r = envoi_sasl_feature_new(&feature, client->context, client->settings, credentials);
	if (r == ENVOI_OK) {
		envoi_sasl_feature_set_history(feature, client->history);
		put(client, feature);
	}
	return r;
}

static int make_bind(struct envoi_client *client)
{
	struct envoi_handler *feature;
	int r = envoi_bind_new(&feature, client->context,
		&(struct envoi_bind_options){.resource = wanted_resource(client)});
	if (r == ENVOI_OK) {
		put(client, feature);
	}
	return r;
}

static int make_session(struct envoi_client *client)
{
	struct envoi_handler *feature;
	int r = envoi_legacy_session_new(&feature, client->context);
	if (r == ENVOI_OK) {
		put(client, feature);
	}
	return r;
}

int envoi__client_make_features(struct envoi_client *client)
{
	envoi__client_free_features(client);
	static int (*const makers[])(struct envoi_client * client) = {
		make_tls,
		make_sasl,
		make_bind,
		make_session,
	};
	for (size_t i = 0; i < sizeof(makers) / sizeof(makers[0]); i++) {
		int r = makers[i](client);
		if (r < 0) {
			return r;
		}
	}
	return ENVOI_OK;
}
