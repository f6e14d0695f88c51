/*
 * envoi - the names for which the issuers of a certificate may certify
 * SPDX-License-Identifier: MIT
 */
#ifndef ENVOI_TLS_TLS_CONSTRAINTS_H
#define ENVOI_TLS_TLS_CONSTRAINTS_H

#include "tls/tls_chain.h"
#include "tls/tls_identity.h"

/**
 * Apply the name constraints of issuers (RFC 5280, section 4.2.1.10). GnuTLS applies them to DNS
 * names, not to the names of XMPP: an authority for some domains must not certify others by them.
 *
 * @param chain  with its path
 * @return whether all issuers on the path, and all authorities that may have issued its
 *         certificates, may certify the domain of @p name
 */
bool envoi__tls_constraints_allow(gnutls_x509_trust_list_t trust,
	const struct envoi__tls_chain *chain, const struct envoi__tls_name *name);

#endif
