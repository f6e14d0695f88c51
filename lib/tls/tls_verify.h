/*
 * envoi - verification of a peer's certificate
 * SPDX-License-Identifier: MIT
 */
#ifndef ENVOI_TLS_TLS_VERIFY_H
#define ENVOI_TLS_TLS_VERIFY_H

#include <gnutls/x509.h>

#include <envoi/interfaces/role.h>
#include <envoi/tls.h>

#include "tls/tls_identity.h"

enum {
	ENVOI__TLS_REASON_SIZE = 512,
	ENVOI__TLS_NAMES_SIZE = 192,
};

/** Requirements for a peer. Borrowed. */
struct envoi__tls_rules {
	struct envoi_context *context;
	gnutls_x509_trust_list_t trust;
	const struct envoi__tls_name *name;
	const struct envoi_buffer *pins; /* ENVOI_TLS_SPKI_BYTES each */
	const struct envoi_buffer *named_pins; /* struct envoi__tls_named_pin each */
	bool pin_is_enough;
	bool is_client; /* without name and pins */
};

/** The result. */
struct envoi__tls_verdict {
	enum envoi_tls_trust trust;
	unsigned int doubts; /* OR of enum envoi_tls_doubt */
	char reasons[ENVOI__TLS_REASON_SIZE]; /* all reasons; "": none */
	char names[ENVOI__TLS_NAMES_SIZE]; /* of the certificate; with the doubt NAME */
};

/**
 * Verify the certificates of a server: pins; the path to a trusted authority, times by the
 * context's clock, strength, purpose; the name. All failed checks are reported.
 *
 * @param chain  as presented: the server's own certificate first
 * @retval ENVOI_ERR_CERTIFICATE  @p ret_verdict has the reasons; if it has no doubts, no
 *                                decision is possible
 * @retval ENVOI_ERR_NOMEM
 */
int envoi__tls_verify(struct envoi__tls_verdict *ret_verdict, const struct envoi__tls_rules *rules,
	const gnutls_datum_t *chain, unsigned int count);

/**
 * Verify the certificates of a client (RFC 6120, section 13.7.1.3, without names): the path to an
 * authority in @p trust, times by the context's clock, strength, purpose, and whether all
 * authorities on the path may issue for the domains of the client's addresses.
 *
 * @param[out] addresses  appended when it succeeds: see envoi__tls_addresses()
 * @retval ENVOI_ERR_CERTIFICATE  @p ret_verdict has the reasons
 * @retval ENVOI_ERR_NOMEM
 */
int envoi__tls_verify_client(struct envoi__tls_verdict *ret_verdict, struct envoi_context *context,
	gnutls_x509_trust_list_t trust, const gnutls_datum_t *chain, unsigned int count,
	struct envoi_buffer *addresses);

/* With "server" or "client": a signature by it takes seconds. */
#define ENVOI__TLS_COSTLY_KEY "a key in the %s's certificates is too large"

/** The SHA-256 of a certificate's public key. @retval ENVOI_ERR_CERTIFICATE it has none */
int envoi__tls_spki(unsigned char ret_spki[ENVOI_TLS_SPKI_BYTES], gnutls_x509_crt_t certificate);

#endif
