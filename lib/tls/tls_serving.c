/*
 * envoi - TLS: configurations of the receiving side
 * SPDX-License-Identifier: MIT
 */
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

int envoi_tls_config_reload(struct envoi_tls_config *config)
{
	return config->is_initiator ? ENVOI_ERR_INVALID
				    : envoi__tls_domains_reload(&config->domains);
}
