/*
 * envoi - the client helper: the stream features of a login
 * SPDX-License-Identifier: MIT
 */
#include <string.h>

#include "client/client.h"

/* Ours stand first: what users add comes after the login's own negotiation. */
static void put(struct envoi_client *client, struct envoi_handler *feature)
{
	memmove(client->features + client->own_feature_count + 1,
		client->features + client->own_feature_count,
		(client->feature_count - client->own_feature_count) * sizeof(client->features[0]));
	client->features[client->own_feature_count++] = feature;
	client->feature_count++;
}

void envoi__client_free_features(struct envoi_client *client)
{
	for (size_t i = 0; i < client->own_feature_count; i++) {
		envoi_handler_destroy(client->features[i]);
	}
	if (client->own_feature_count > 0) {
		client->feature_count -= client->own_feature_count;
		memmove(client->features, client->features + client->own_feature_count,
			client->feature_count * sizeof(client->features[0]));
		client->own_feature_count = 0;
	}
}

static const char *wanted_resource(const struct envoi_client *client)
{
	const char *setting = envoi_settings_text(client->settings, "resource");
	return setting != NULL ? setting : envoi_jid_resource(client->jid);
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
	size_t room = client->feature_count + ENVOI__CLIENT_FEATURES;
	struct envoi_handler **features = envoi_realloc(
		client->context, client->features, room * sizeof(struct envoi_handler *));
	if (features == NULL) {
		return ENVOI_ERR_NOMEM;
	}
	client->features = features;
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
