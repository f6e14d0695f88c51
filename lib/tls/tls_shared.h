/*
 * envoi - TLS: what the connections of a context share
 * SPDX-License-Identifier: MIT
 */
#ifndef ENVOI_TLS_TLS_SHARED_H
#define ENVOI_TLS_TLS_SHARED_H

#include <gnutls/gnutls.h>

struct envoi_context;

/**
 * Parsed priorities take 8.3 KB with GnuTLS 3.7, empty credentials 6.6 KB: the context has one of
 * each, made on first use, for all sessions.
 *
 * @param text  of the priorities; static: texts are compared by their addresses
 * @return NULL: out of memory; borrowed from the context
 */
gnutls_priority_t envoi__tls_shared_priorities(struct envoi_context *context, const char *text);

/** @return credentials without a certificate, which must not be changed; as above */
gnutls_certificate_credentials_t envoi__tls_shared_credentials(struct envoi_context *context);

#endif
