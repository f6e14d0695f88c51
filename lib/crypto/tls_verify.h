/*
 * envoi - whether to believe a peer's certificates
 * SPDX-License-Identifier: MIT
 */
#ifndef ENVOI_CRYPTO_TLS_VERIFY_H
#define ENVOI_CRYPTO_TLS_VERIFY_H

#include <gnutls/x509.h>

#include "crypto/tls_identity.h"

enum {
	ENVOI__TLS_REASON_SIZE = 256,
};

/**
 * Verify what a server has shown: the chain up to the trust store, times by the context's clock,
 * strength, the purpose, and the name, in this order.
 *
 * @param chain       as shown: its own certificate first
 * @param ret_reason  ENVOI__TLS_REASON_SIZE bytes: what is wrong, for people
 * @retval ENVOI_ERR_CERTIFICATE  @p ret_reason is set
 * @retval ENVOI_ERR_NOMEM
 */
int envoi__tls_verify(struct envoi_context *context, gnutls_x509_trust_list_t trust,
	const struct envoi__tls_name *name, const gnutls_datum_t *chain, unsigned int count,
	char *ret_reason);

#endif
