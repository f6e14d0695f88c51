/*
 * envoi - the certificates that a peer presents, and the path among them
 * SPDX-License-Identifier: MIT
 */
#ifndef ENVOI_TLS_TLS_CHAIN_H
#define ENVOI_TLS_TLS_CHAIN_H

#include <stdbool.h>
#include <stdint.h>

#include <gnutls/x509.h>

enum {
	ENVOI__TLS_CHAIN_MAX = 16, /* certificates */
};

/** Zero it before use; finish it after use. */
struct envoi__tls_chain {
	gnutls_x509_crt_t presented[ENVOI__TLS_CHAIN_MAX]; /* the peer's own first */
	unsigned int count;
	/* From the peer's own certificate to the last one below a trusted authority, or to the
	 * last issuer that is known. Borrowed from above. */
	gnutls_x509_crt_t path[ENVOI__TLS_CHAIN_MAX];
	unsigned int path_len;
	bool is_rooted; /* a trusted authority may have issued the end of the path */
	bool is_root_valid; /* ... one that is valid at the time given */
	gnutls_x509_crt_t root; /* one of them; borrowed from the trust list */
	unsigned int signature_checks; /* that finding the path took */
};

/** Why certificates are refused as they are. */
enum envoi__tls_chain_fault {
	ENVOI__TLS_CHAIN_EMPTY,
	ENVOI__TLS_CHAIN_LONG, /* more than ENVOI__TLS_CHAIN_MAX */
	ENVOI__TLS_CHAIN_UNREADABLE,
	ENVOI__TLS_CHAIN_COSTLY, /* a key is so large that a signature by it takes seconds */
};

/**
 * Read certificates.
 *
 * @param ret_fault  set with ENVOI_ERR_CERTIFICATE
 * @retval ENVOI_ERR_CERTIFICATE, ENVOI_ERR_NOMEM
 */
int envoi__tls_chain_import(struct envoi__tls_chain *chain, const gnutls_datum_t *ders,
	unsigned int count, enum envoi__tls_chain_fault *ret_fault);

/**
 * Find the path (RFC 5280, section 6.1), each certificate once on it, whatever the order
 * (RFC 8446, section 4.4.2). Names and key identifiers decide; where several issuers fit, a
 * signature decides, and ENVOI__TLS_CHAIN_MAX signatures are checked at most. The signatures on
 * the path are for gnutls_x509_trust_list_verify_crt2() to check.
 *
 * @param now_ms  an authority that is not valid then is the last choice
 */
void envoi__tls_chain_find_path(
	struct envoi__tls_chain *chain, gnutls_x509_trust_list_t trust, int64_t now_ms);

void envoi__tls_chain_finish(struct envoi__tls_chain *chain);

/** @return whether one of the certificates that the peer has presented in this session has a key so
 * large that a signature by it takes seconds */
bool envoi__tls_session_is_costly(gnutls_session_t session);

#endif
