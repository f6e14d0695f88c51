/*
 * envoi - TLS: channel bindings
 * SPDX-License-Identifier: MIT
 */
#ifndef ENVOI_TLS_TLS_BINDING_H
#define ENVOI_TLS_TLS_BINDING_H

#include <gnutls/gnutls.h>

#include <envoi/buffer.h>
#include <envoi/interfaces/role.h>

/**
 * Append the data of a channel binding of a session that is up: "tls-exporter" (RFC 9266),
 * "tls-unique" or "tls-server-end-point" (RFC 5929). The first two on TLS 1.2 with the extended
 * master secret alone, tls-unique not on TLS 1.3.
 * @retval ENVOI_ERR_UNSUPPORTED  not on this session
 * @retval ENVOI_ERR_NOMEM
 */
int envoi__tls_binding(
	gnutls_session_t session, enum envoi_role role, const char *type, struct envoi_buffer *out);

#endif
