/*
 * envoi - TLS: the channel binding tls-server-end-point
 * SPDX-License-Identifier: MIT
 */
#ifndef ENVOI_TLS_TLS_END_POINT_H
#define ENVOI_TLS_TLS_END_POINT_H

#include <gnutls/gnutls.h>

#include <envoi/buffer.h>

/**
 * Append the hash of a server's certificate (RFC 5929, section 4.1), by the hash function of its
 * signature; SHA-256 in place of MD5 and SHA-1.
 *
 * @param certificate  DER
 * @retval ENVOI_ERR_UNSUPPORTED  the signature has no hash function of its own (Ed25519, Ed448), or
 *                                one that is not known: the binding is not defined
 */
int envoi__tls_end_point(const gnutls_datum_t *certificate, struct envoi_buffer *out);

#endif
