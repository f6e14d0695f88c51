/*
 * envoi - TLS: whom to trust, what to show
 * SPDX-License-Identifier: MIT
 */
#ifndef ENVOI_TLS_H
#define ENVOI_TLS_H

#include <envoi/error.h>
#include <envoi/export.h>

#ifdef __cplusplus
extern "C" {
#endif

struct envoi_context;
struct envoi_settings;

/**
 * What a TLS connection is made with: trust, own certificate, versions. Immutable, counted; shared
 * by any number of connections. GnuTLS allocates with malloc, not with the context's allocator.
 *
 * TLS 1.2 at least, forward secrecy always, no compression, no renegotiation, no tickets yet.
 *
 * The initiating side verifies the server, always: there is no way to switch it off.
 * - The chain of certificates leads to the trust store (RFC 5280), with at least 112 bits of
 *   strength everywhere; the first certificate is meant for servers; all are valid now, by the
 *   context's clock where that is not the system's.
 * - It is the certificate of the domain that the user gave (RFC 6120, section 13.7.1.2; RFC 9525),
 *   never of a name from DNS or from the server: a DNS name, where `*` may stand for the whole
 *   left-most label of at least three; an SRV name _xmpp-client (RFC 4985), without `*`; an
 *   XmppAddr that is a bare domain, which certificates of the time of RFC 3920 have, and which
 *   RFC 6120 tells to accept. The latter two must be within the name constraints of the
 *   authorities shown, as DNS names. An IP address where the domain is one. Never the common
 *   name. Internationalised domains compare as A-labels; a trailing dot does not count.
 *
 * What is not so ends the connection with ENVOI_ERR_CERTIFICATE and a text that says what is
 * wrong: "the server's certificate is for other.example, not for example.org". Revocation is not
 * looked up.
 */
struct envoi_tls_config;

/**
 * Make one for the initiating side.
 *
 * Trusts what is in the file of the setting tls.ca-file, and, by tls.system-trust, what the system
 * trusts. Each combination is read once per context and kept as long as the context: reading the
 * system's takes some ten milliseconds, here and never while connecting. Later changes to the
 * files are seen by new contexts only. tls.min-version is the other setting that counts.
 *
 * @param settings  borrowed for the call; NULL: defaults
 * @retval ENVOI_ERR_CERTIFICATE  the file holds none, or there is nothing to trust; logged
 * @retval ENVOI_ERR_SYSTEM       the file cannot be read; logged
 * @retval ENVOI_ERR_NOMEM
 */
ENVOI_API ENVOI_MUST_CHECK int envoi_tls_config_new(struct envoi_tls_config **ret_config,
	struct envoi_context *context, const struct envoi_settings *settings);

/**
 * Make one for the receiving side, which shows a certificate and asks for none.
 *
 * @param cert_file  PEM: the certificate, and behind it those of its issuers
 * @param key_file   PEM, not encrypted
 * @retval ENVOI_ERR_CERTIFICATE  not readable as such, or the key is another's; logged
 * @retval ENVOI_ERR_SYSTEM       a file cannot be read; logged
 * @retval ENVOI_ERR_NOMEM
 */
ENVOI_API ENVOI_MUST_CHECK int envoi_tls_config_new_server(struct envoi_tls_config **ret_config,
	struct envoi_context *context, const char *cert_file, const char *key_file);

/** Take a reference. @return @p config */
ENVOI_API struct envoi_tls_config *envoi_tls_config_ref(struct envoi_tls_config *config);

/** Drop a reference; NULL is allowed. @return NULL */
ENVOI_API struct envoi_tls_config *envoi_tls_config_unref(struct envoi_tls_config *config);

#ifdef __cplusplus
}
#endif
#endif
