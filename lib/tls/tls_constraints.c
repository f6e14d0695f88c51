/*
 * envoi - the names for which the issuers of a certificate may certify
 * SPDX-License-Identifier: MIT
 */
#include "tls/tls_constraints.h"

#include <string.h>

static bool issuer_allows(gnutls_x509_crt_t issuer, const struct envoi__tls_name *name)
{
	gnutls_x509_name_constraints_t constraints;
	if (gnutls_x509_name_constraints_init(&constraints) < 0) {
		return false;
	}
	bool allow = true;
	int r = gnutls_x509_crt_get_name_constraints(issuer, constraints, 0, NULL);
	if (r == 0) {
		gnutls_datum_t domain = {
			(unsigned char *)name->ascii, (unsigned int)strlen(name->ascii)};
		allow = gnutls_x509_name_constraints_check(
				constraints, GNUTLS_SAN_DNSNAME, &domain) != 0;
	} else if (r != GNUTLS_E_REQUESTED_DATA_NOT_AVAILABLE) {
		allow = false;
	}
	gnutls_x509_name_constraints_deinit(constraints);
	return allow;
}

/* Which of several authorities of one name vouches for the path is for GnuTLS to choose: the
 * constraints of each of them apply. */
static bool roots_allow(gnutls_x509_trust_list_t trust, const struct envoi__tls_chain *chain,
	const struct envoi__tls_name *name)
{
	gnutls_x509_trust_list_iter_t at = NULL;
	gnutls_x509_crt_t authority;
	bool allow = true;
	while (allow && gnutls_x509_trust_list_iter_get_ca(trust, &at, &authority) == 0) {
		for (unsigned int i = 0; allow && i < chain->path_len; i++) {
			allow = gnutls_x509_crt_check_issuer(chain->path[i], authority) == 0 ||
				issuer_allows(authority, name);
		}
		gnutls_x509_crt_deinit(authority);
	}
	gnutls_x509_trust_list_iter_deinit(at);
	return allow;
}

bool envoi__tls_constraints_allow(gnutls_x509_trust_list_t trust,
	const struct envoi__tls_chain *chain, const struct envoi__tls_name *name)
{
	bool allow = roots_allow(trust, chain, name);
	for (unsigned int i = 1; allow && i < chain->path_len; i++) {
		allow = issuer_allows(chain->path[i], name);
	}
	return allow;
}
