/*
 * envoi - the inside of a TLS configuration
 * SPDX-License-Identifier: MIT
 */
#ifndef ENVOI_TLS_TLS_CONFIG_H
#define ENVOI_TLS_TLS_CONFIG_H

#include <stdbool.h>

#include <gnutls/gnutls.h>
#include <gnutls/x509.h>

#include <envoi/buffer.h>
#include <envoi/tls.h>

#include "tls/tls_store.h"

struct envoi_tls_config {
	unsigned int references;
	bool is_initiator;
	struct envoi_context *context; /* a reference */
	gnutls_certificate_credentials_t credentials; /* what we show; trust is not in it */
	struct envoi__tls_store *trust; /* a reference; NULL: for the receiving side */
	const char *priorities; /* static */
	struct envoi_buffer pins; /* ENVOI_TLS_SPKI_BYTES each */
	bool pin_is_enough;
	bool may_resume;
	bool was_session_refused;
	char *account; /* sessions are kept apart by it; NULL: they are not */
	struct envoi_tls_decider *decider; /* borrowed; NULL: nobody */
	bool has_own; /* certificate, in the credentials */
	char *own_address; /* see struct envoi_tls_info */
};

/** Pin a key, if it is not yet. */
int envoi__tls_config_pin(
	struct envoi_tls_config *config, const unsigned char spki[ENVOI_TLS_SPKI_BYTES]);

/**
 * Say whose connections these are: sessions of other accounts are not resumed, so that a server
 * does not learn by them which accounts are of one program.
 * @param account  NULL: nobody's in particular: nothing is resumed, so that it learns nothing at all
 * @retval ENVOI_ERR_NOMEM
 */
int envoi__tls_config_set_account(struct envoi_tls_config *config, const char *account, size_t len);

/**
 * Whether TLS failed in a connection with this configuration that offered an earlier session, for no
 * reason of trust: another connection offers none, and may succeed where the first could not.
 */
bool envoi__tls_config_was_session_refused(const struct envoi_tls_config *config);

#endif
