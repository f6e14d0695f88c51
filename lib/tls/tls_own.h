/*
 * envoi - TLS: a certificate of our own, from files
 * SPDX-License-Identifier: MIT
 */
#ifndef ENVOI_TLS_TLS_OWN_H
#define ENVOI_TLS_TLS_OWN_H

#include <gnutls/gnutls.h>

struct envoi_context;

/**
 * Read a certificate, those of its issuers, and its key into credentials that have none. On failure
 * they are to be freed. Parameters and errors as envoi_tls_config_set_certificate().
 */
int envoi__tls_own_load(gnutls_certificate_credentials_t credentials, struct envoi_context *context,
	const char *cert_file, const char *key_file, const char *password);

#endif
