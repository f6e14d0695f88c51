/*
 * envoi - resuming TLS sessions
 * SPDX-License-Identifier: MIT
 */
#ifndef ENVOI_TLS_TLS_RESUME_H
#define ENVOI_TLS_TLS_RESUME_H

#include "tls/tls_cache.h"
#include "tls/tls_config.h"

/** How one connection has to do with those before and after it; embedded in its engine. Zeroed: it
 * has nothing to do with them. */
struct envoi__tls_resumption {
	bool is_wanted;
	bool is_offered; /* a session, to the server */
	struct envoi__tls_cache_key key;
	struct envoi__tls_origin origin; /* of what is offered */
};

/**
 * Whether sessions are resumed, and which: those of the same name, protocol and account, and the
 * same trust, pins, versions and certificate of our own.
 * @param alpn  may be NULL
 */
void envoi__tls_resumption_init(struct envoi__tls_resumption *resumption,
	const struct envoi_tls_config *config, const char *name, const char *alpn);

/** Before the handshake: offer what is kept, if anything is. */
void envoi__tls_resumption_offer(struct envoi__tls_resumption *resumption, gnutls_session_t session,
	struct envoi_context *context);

/**
 * After a handshake in which a session was resumed. On TLS 1.3 the keys must have been exchanged
 * anew (psk_dhe_ke), so that the past stays secret whoever gets hold of the server's ticket keys:
 * GnuTLS lets a server choose otherwise. On TLS 1.2, where it cannot be had, the extended master
 * secret.
 */
bool envoi__tls_resumption_is_safe(gnutls_session_t session);

/** The handshake has failed. If a session was offered in it, this server gets no more offers, and the
 * configuration notes it. */
void envoi__tls_resumption_failed(
	const struct envoi__tls_resumption *resumption, struct envoi_tls_config *config);

/**
 * At the end of a connection that went well: keep its session, if the server has made one that
 * can be resumed and that we have not used before. On TLS 1.2 only with the extended master
 * secret (RFC 7627, section 5.3).
 * @param is_certificate_shown  ours, to the server
 */
void envoi__tls_resumption_keep(const struct envoi__tls_resumption *resumption,
	gnutls_session_t session, struct envoi_context *context, bool is_certificate_shown);

#endif
