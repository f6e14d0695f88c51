/*
 * envoi - TLS sessions that may be resumed
 * SPDX-License-Identifier: MIT
 *
 * A part of the context: a few sessions, in memory. Each is used once (RFC 8446, appendix C.4) and
 * wiped.
 */
#ifndef ENVOI_TLS_TLS_CACHE_H
#define ENVOI_TLS_TLS_CACHE_H

#include <stdbool.h>
#include <stdint.h>

#include <gnutls/gnutls.h>

#include <envoi/context.h>

enum {
	ENVOI__TLS_CACHE_KEY_BYTES = 32,
	ENVOI__TLS_CACHE_ENTRIES = 16,
	ENVOI__TLS_CACHE_HOURS = 24,
	ENVOI__TLS_CACHE_SESSION_BYTES =
		32768, /* the largest; the peer chooses the size of its ticket */
};

/** A hash of the peer's name and of everything that its trust depended on. */
struct envoi__tls_cache_key {
	unsigned char bytes[ENVOI__TLS_CACHE_KEY_BYTES];
};

/** The handshake in which certificates were presented, of a session and of those resumed from it.
 *  */
struct envoi__tls_origin {
	int64_t since_ms, until_ms; /* wall clock: its time, and the end of its sessions */
	bool is_certificate_sent; /* the own one */
};

struct envoi__tls_session {
	gnutls_datum_t data; /* of GnuTLS, to be freed with envoi__tls_session_finish() */
	struct envoi__tls_origin origin;
};

/** Take a session and keep it, unless it is too large, in place of one with the same key, or of the
 * oldest if the cache is full. */
void envoi__tls_cache_put(struct envoi_context *context, const struct envoi__tls_cache_key *key,
	struct envoi__tls_session *session);

/** Remove a session. @return whether there was one */
bool envoi__tls_cache_take(struct envoi_context *context, const struct envoi__tls_cache_key *key,
	struct envoi__tls_session *ret_session);

/** Keep no session with that key for ENVOI__TLS_CACHE_HOURS. */
void envoi__tls_cache_bar(struct envoi_context *context, const struct envoi__tls_cache_key *key);

/** Wipe and free. */
void envoi__tls_session_finish(struct envoi__tls_session *session);

#endif
