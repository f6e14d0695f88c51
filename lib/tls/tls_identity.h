/*
 * envoi - names in certificates
 * SPDX-License-Identifier: MIT
 */
#ifndef ENVOI_TLS_TLS_IDENTITY_H
#define ENVOI_TLS_TLS_IDENTITY_H

#include <stdbool.h>
#include <stddef.h>

#include <gnutls/x509.h>

struct envoi_buffer;
struct envoi_context;

/** The name that a certificate must have, prepared for comparison. */
struct envoi__tls_name {
	struct envoi_context *context; /* borrowed */
	char *ascii; /* A-labels, lower case, no trailing dot; of an address: as given */
	unsigned char address[16];
	size_t address_len; /* 4 or 16; 0: a domain */
};

/**
 * Prepare a name.
 *
 * @param text  a domain in U-labels or A-labels, or an IP address, in brackets or not
 * @retval ENVOI_ERR_INVALID  it is neither
 */
int envoi__tls_name_init(
	struct envoi__tls_name *name, struct envoi_context *context, const char *text);
void envoi__tls_name_finish(struct envoi__tls_name *name);

enum envoi__tls_match {
	ENVOI__TLS_NO_MATCH,
	ENVOI__TLS_MATCH, /* by a DNS name or an address */
	ENVOI__TLS_MATCH_OTHER_NAME, /* by a name of XMPP, which name constraints do not cover */
};

/**
 * Look for the name in a certificate (RFC 6120, section 13.7.1.2; RFC 9525): a DNS-ID, where `*`
 * may stand for the whole left-most label; an SRV-ID for _xmpp-client; an XmppAddr, which old
 * certificates have (RFC 6120, section 13.7.1.2.1). Never the common name.
 *
 * @param presented  the names of the certificate are appended; best effort
 */
enum envoi__tls_match envoi__tls_name_find(const struct envoi__tls_name *name,
	gnutls_x509_crt_t certificate, struct envoi_buffer *presented);

/** The names of a certificate that could match: "a.example, *.example". */
int envoi__tls_all_names(
	char **ret_names, struct envoi_context *context, gnutls_x509_crt_t certificate);

/** The address in a certificate of a client.
 * @param[out] ret_address  NULL: it has none, or several */
int envoi__tls_only_address(
	char **ret_address, struct envoi_context *context, gnutls_x509_crt_t certificate);

/**
 * Append the XmppAddrs of a certificate, prepared (RFC 7622), each once and with its terminator.
 * Those that are no addresses are left out, and those that exceed 8 KiB in all.
 * @retval ENVOI_ERR_NOMEM
 */
int envoi__tls_addresses(struct envoi_buffer *list, gnutls_x509_crt_t certificate);

/** Make a text from a certificate printable: bytes that are not UTF-8 and control characters become
 * question marks. */
void envoi__tls_tidy(char *text);

#endif
