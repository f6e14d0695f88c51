/*
 * envoi - the period in which a certificate is valid
 * SPDX-License-Identifier: MIT
 */
#ifndef ENVOI_TLS_TLS_PERIOD_H
#define ENVOI_TLS_TLS_PERIOD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <gnutls/x509.h>

/** RFC 5280, section 4.1.2.5; in milliseconds since 1970, both seconds included. */
struct envoi__tls_period {
	bool is_known; /* it could be read; the rest is 0 otherwise */
	int64_t from_ms, until_ms;
};

/**
 * Read the period of a certificate.
 *
 * GnuTLS returns it as time_t: where that has 32 bits, each time after 2037 becomes 2037-12-31.
 */
struct envoi__tls_period envoi__tls_period_of(gnutls_x509_crt_t certificate);

/** Read it from the DER encoding of a certificate. */
struct envoi__tls_period envoi__tls_period_parse(const unsigned char *der, size_t len);

bool envoi__tls_period_has_begun(const struct envoi__tls_period *period, int64_t now_ms);
bool envoi__tls_period_has_ended(const struct envoi__tls_period *period, int64_t now_ms);

/** @return whether @p certificate is valid at @p now_ms */
bool envoi__tls_is_valid_at(gnutls_x509_crt_t certificate, int64_t now_ms);

#endif
