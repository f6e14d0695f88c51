/*
 * envoi - TLS sessions that may be resumed
 * SPDX-License-Identifier: MIT
 *
 * A part of the context: few of them, in memory only. Each is used once (RFC 8446, appendix C.4),
 * and wiped.
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
	ENVOI__TLS_CACHE_SESSION_BYTES = 32768, /* most of one: the peer makes its ticket */
};

/** Whom a session is with, and by which rules he was believed: a hash of all that counts. */
struct envoi__tls_cache_key {
	unsigned char bytes[ENVOI__TLS_CACHE_KEY_BYTES];
};

/** Of the handshake in which certificates were shown, for all sessions that came of it one by
 * one. */
struct envoi__tls_origin {
	int64_t since_ms, until_ms; /* by the wall clock: when it was, and how long that may last */
	bool is_certificate_shown; /* ours */
};

struct envoi__tls_session {
	gnutls_datum_t data; /* of GnuTLS, to be freed with envoi__tls_session_finish() */
	struct envoi__tls_origin origin;
};

/** Keep a session, which is taken, unless it is too large; in place of an older one, and of the
 * oldest when full. */
void envoi__tls_cache_put(struct envoi_context *context, const struct envoi__tls_cache_key *key,
	struct envoi__tls_session *session);

/** @return whether there is one; it is taken out */
bool envoi__tls_cache_take(struct envoi_context *context, const struct envoi__tls_cache_key *key,
	struct envoi__tls_session *ret_session);

/** Keep none of that key for as long as one might have lasted. */
void envoi__tls_cache_bar(struct envoi_context *context, const struct envoi__tls_cache_key *key);

/** Wipe and free. */
void envoi__tls_session_finish(struct envoi__tls_session *session);

#endif
