/*
 * envoi - TLS: configurations of the receiving side
 * SPDX-License-Identifier: MIT
 */
#include <string.h>

#include <envoi/context.h>
#include <envoi/jid.h>

#include "tls/tls_config.h"

int envoi_tls_config_new_server(struct envoi_tls_config **ret_config, struct envoi_context *context,
	const char *cert_file, const char *key_file)
{
	struct envoi_tls_config *config;
	int r = envoi__tls_config_make(&config, context);
	if (r < 0) {
		return r;
	}
	if (cert_file != NULL) {
		r = envoi__tls_domains_add(&config->domains, NULL, cert_file, key_file);
	}
	if (r < 0) {
		envoi_tls_config_unref(config);
		return r;
	}
	*ret_config = config;
	return ENVOI_OK;
}

int envoi_tls_config_add_domain(struct envoi_tls_config *config, const char *domain,
	const char *cert_file, const char *key_file)
{
	struct envoi_jid *jid;
	if (config->is_initiator || cert_file == NULL) {
		return ENVOI_ERR_INVALID;
	}
	int r = envoi_jid_from_parts(&jid, config->context, NULL, domain, NULL);
	if (r < 0) {
		return r;
	}
	r = envoi__tls_domains_add(&config->domains, envoi_jid_domain(jid), cert_file, key_file);
	envoi_jid_unref(jid);
	return r;
}

/* --- clients --- */

static int read_authorities(struct envoi_tls_config *config, const char *ca_file)
{
	struct envoi__tls_store *store;
	int r = envoi__tls_store_get(&store, config->context, ca_file, false);
	if (r < 0) {
		return r;
	}
	envoi__tls_store_unref(config->trust);
	config->trust = store;
	return ENVOI_OK;
}

void envoi__tls_config_refresh_clients(struct envoi_tls_config *config)
{
	struct envoi__tls_file_id id;
	if (config->client_ca_file == NULL ||
		!envoi__tls_file_is_due(config->context, config->client_ca_checked_ms)) {
		return;
	}
	config->client_ca_checked_ms = envoi_context_wall_clock_ms(config->context);
	int code = envoi__tls_file_identify(&id, config->client_ca_file);
	if (envoi__tls_file_is_same(&id, &config->client_ca_id)) {
		return;
	}
	config->client_ca_id = id;
	if (code != 0) {
		envoi__tls_file_log(config->context, config->client_ca_file, code);
	} else if (read_authorities(config, config->client_ca_file) == ENVOI_ERR_NOMEM) {
		config->client_ca_id = (struct envoi__tls_file_id){0}; /* tried again */
	}
}

int envoi_tls_config_request_certificates(
	struct envoi_tls_config *config, enum envoi_tls_request request, const char *ca_file)
{
	if (config->is_initiator || (request != ENVOI_TLS_REQUEST_NONE && ca_file == NULL)) {
		return ENVOI_ERR_INVALID;
	}
	if (request == ENVOI_TLS_REQUEST_NONE) {
		config->request = request;
		return ENVOI_OK;
	}
	char *copy = envoi_strndup(config->context, ca_file, strlen(ca_file));
	struct envoi__tls_file_id id;
	(void)envoi__tls_file_identify(&id, ca_file); /* reading it reports */
	int r = copy == NULL ? ENVOI_ERR_NOMEM : read_authorities(config, ca_file);
	if (r < 0) {
		envoi_free(config->context, copy);
		return r;
	}
	envoi_free(config->context, config->client_ca_file);
	config->client_ca_file = copy;
	config->client_ca_id = id;
	config->client_ca_checked_ms = envoi_context_wall_clock_ms(config->context);
	config->request = request;
	return ENVOI_OK;
}

int envoi_tls_config_reload(struct envoi_tls_config *config)
{
	if (config->is_initiator) {
		return ENVOI_ERR_INVALID;
	}
	int r = envoi__tls_domains_reload(&config->domains);
	int of_clients = config->client_ca_file != NULL
		? read_authorities(config, config->client_ca_file)
		: ENVOI_OK;
	return r < 0 ? r : of_clients;
}
