/*
 * envoi - the inside of a TLS configuration
 * SPDX-License-Identifier: MIT
 */
#ifndef ENVOI_CRYPTO_TLS_CONFIG_H
#define ENVOI_CRYPTO_TLS_CONFIG_H

#include <gnutls/gnutls.h>
#include <gnutls/x509.h>

#include <envoi/tls.h>

struct envoi_tls_config {
	unsigned int references;
	struct envoi_context *context; /* a reference */
	gnutls_certificate_credentials_t credentials; /* what we show; trust is not in it */
	gnutls_x509_trust_list_t trust; /* the context's; NULL: for the receiving side only */
	const char *priorities; /* static */
};

#endif
