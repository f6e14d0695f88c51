/*
 * envoi - TLS: stores of trusted authorities
 * SPDX-License-Identifier: MIT
 */
#ifndef ENVOI_TLS_TLS_STORE_H
#define ENVOI_TLS_TLS_STORE_H

#include <stdbool.h>
#include <stdint.h>

#include <gnutls/x509.h>

struct envoi_context;

/** Certification authorities, read only. Counted; the context keeps those in use, because reading
 * the authorities of the system takes some ten milliseconds and megabytes. */
struct envoi__tls_store;

/**
 * Get the store of a combination of sources: a kept one while its file is the same by device,
 * inode, size and times, else a new one.
 *
 * @param ca_file     PEM, or a URL that GnuTLS supports; NULL: none
 * @param has_system  with the authorities of the system, as they were when the store was read
 * @param ret_store   a new reference
 * @retval ENVOI_ERR_CERTIFICATE  the file holds no certificate; logged
 * @retval ENVOI_ERR_SYSTEM       the file cannot be read; logged
 * @retval ENVOI_ERR_NOMEM
 */
int envoi__tls_store_get(struct envoi__tls_store **ret_store, struct envoi_context *context,
	const char *ca_file, bool has_system);

/** Drop a reference; NULL is allowed. */
void envoi__tls_store_unref(struct envoi__tls_store *store);

gnutls_x509_trust_list_t envoi__tls_store_list(const struct envoi__tls_store *store);

/** @return number of authorities */
int envoi__tls_store_count(const struct envoi__tls_store *store);

/** @return a number that no other store of the context has or had */
uint64_t envoi__tls_store_serial(const struct envoi__tls_store *store);

#endif
