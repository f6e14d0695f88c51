/*
 * envoi - TLS: the certificates of a receiver, by domain
 * SPDX-License-Identifier: MIT
 */
#ifndef ENVOI_TLS_TLS_DOMAINS_H
#define ENVOI_TLS_TLS_DOMAINS_H

#include <gnutls/gnutls.h>

struct envoi_context;
struct envoi__tls_domain;

/** A certificate with its key, as it was read. Counted: a session of GnuTLS borrows it, and the
 * files may be read again meanwhile. */
struct envoi__tls_pair {
	unsigned int references;
	struct envoi_context *context; /* borrowed: the owner of each reference has one */
	gnutls_certificate_credentials_t credentials;
};

/** Drop a reference; NULL is allowed. */
void envoi__tls_pair_unref(struct envoi__tls_pair *pair);

/** Embedded in a configuration. Zeroed but for the context: there is none. */
struct envoi__tls_domains {
	struct envoi_context *context; /* borrowed */
	struct envoi__tls_domain *first;
};

/**
 * Add a certificate. The files are read now.
 *
 * @param name  a domain; NULL: for names that have no certificate
 * @param key_file  NULL: the key is in @p cert_file
 * @retval ENVOI_ERR_EXISTS   it has one already
 * Other errors as envoi_tls_config_add_domain().
 */
int envoi__tls_domains_add(struct envoi__tls_domains *domains, const char *name,
	const char *cert_file, const char *key_file);

/** Read all files again. Where that fails, the certificate is kept.
 * @return the first error */
int envoi__tls_domains_reload(struct envoi__tls_domains *domains);

/**
 * Choose the certificate for a handshake: that of the first name that has one, else that of no
 * name, else the first one. Its files are read again if they have changed and it was not chosen
 * within the last second.
 *
 * @param names  each may be NULL, or no domain
 * @param[out] ret_pair  borrowed until the next call
 * @retval ENVOI_ERR_NOT_FOUND  there is no certificate at all
 * @retval ENVOI_ERR_NOMEM
 */
int envoi__tls_domains_choose(struct envoi__tls_domains *domains, const char *const names[2],
	struct envoi__tls_pair **ret_pair);

void envoi__tls_domains_finish(struct envoi__tls_domains *domains);

#endif
