/*
 * envoi - resuming TLS sessions
 * SPDX-License-Identifier: MIT
 */
#ifndef ENVOI_TLS_TLS_RESUME_H
#define ENVOI_TLS_TLS_RESUME_H

#include "tls/tls_cache.h"
#include "tls/tls_config.h"

/** Resumption in one connection; embedded in its engine. Zeroed: no resumption. */
struct envoi__tls_resumption {
	bool is_wanted;
	bool is_offered; /* a session was offered to the server */
	struct envoi__tls_cache_key key;
	struct envoi__tls_origin origin; /* of what is offered */
};

/**
 * Prepare resumption of sessions with the same name, protocol, account, authorities, pins, versions
 * and own certificate, if the configuration allows it.
 * @param alpn  may be NULL
 */
void envoi__tls_resumption_init(struct envoi__tls_resumption *resumption,
	const struct envoi_tls_config *config, const char *name, const char *alpn);

/** Before the handshake: offer a kept session, if there is one. */
void envoi__tls_resumption_offer(struct envoi__tls_resumption *resumption, gnutls_session_t session,
	struct envoi_context *context);

/**
 * After a handshake in which a session was resumed: whether it is safe. On TLS 1.3 a new key
 * exchange is required (psk_dhe_ke), for forward secrecy if the server's ticket keys leak; GnuTLS
 * lets a server choose otherwise. On TLS 1.2, where there is none, the extended master secret.
 */
bool envoi__tls_resumption_is_safe(gnutls_session_t session);

/** After a failed handshake. If a session was offered in it, this server is offered no more of
 * them, and the configuration notes it. */
void envoi__tls_resumption_failed(
	const struct envoi__tls_resumption *resumption, struct envoi_tls_config *config);

/**
 * At the end of a successful connection: keep its session if it can be resumed and was not used
 * before. On TLS 1.2 only with the extended master secret (RFC 7627, section 5.3).
 * @param is_certificate_sent  whether the own certificate was sent to the server
 */
void envoi__tls_resumption_keep(const struct envoi__tls_resumption *resumption,
	gnutls_session_t session, struct envoi_context *context, bool is_certificate_sent);

#endif
