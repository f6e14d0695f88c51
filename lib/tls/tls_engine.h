/*
 * envoi - TLS as a filter without I/O: bytes in, bytes out
 * SPDX-License-Identifier: MIT
 *
 * Bytes from the peer go to envoi__tls_feed(), bytes for the peer come from envoi__tls_output().
 * After feeding, call envoi__tls_handshake() until it is done, then envoi__tls_read() until it
 * returns ENVOI_AGAIN: only the beginning of a record is buffered then.
 */
#ifndef ENVOI_TLS_TLS_ENGINE_H
#define ENVOI_TLS_TLS_ENGINE_H

#include <stdbool.h>
#include <stddef.h>

#include <envoi/buffer.h>
#include <envoi/interfaces/role.h>
#include <envoi/tls.h>

enum {
	ENVOI__TLS_RECORD_BYTES = 16384, /* most that envoi__tls_write() takes, as one record */
};

struct envoi__tls;

/**
 * Make an engine. TLS 1.2 or newer, no renegotiation, no compression. With tls.resumption the
 * initiator resumes a session that the context has kept; the receiver issues no tickets.
 *
 * @param config       a reference is taken
 * @param server_name  initiator: the name that the user gave, for SNI (A-labels; not an address)
 *                     and for the certificate. Receiver: the domain that the peer has named
 *                     before TLS, for the choice of the certificate when the handshake names none
 *                     that is served; NULL: none
 * @param alpn         application protocol to offer, or to select (receiver). A peer with other
 *                     protocols only is refused, a peer without the extension is accepted; NULL:
 *                     none
 * @retval ENVOI_ERR_INVALID  initiator: no name, or a malformed one; receiver: no certificate; a
 *                            configuration of the other role
 * @retval ENVOI_ERR_NOMEM
 */
int envoi__tls_new(struct envoi__tls **ret_tls, struct envoi_tls_config *config,
	enum envoi_role role, const char *server_name, const char *alpn);

/** Free; NULL is allowed. */
void envoi__tls_free(struct envoi__tls *tls);

/** Take bytes from the peer.
 * @retval ENVOI_ERR_NOMEM
 * @retval ENVOI_ERR_LIMIT  too much, before the decision about its certificate */
int envoi__tls_feed(struct envoi__tls *tls, const char *data, size_t len);

/** @return the length of the record of the peer that is incomplete; 0: none, or its head is */
size_t envoi__tls_incomplete(const struct envoi__tls *tls);

/** @return bytes for the peer; the owner consumes what it has sent; lives as long as @p tls */
struct envoi_buffer *envoi__tls_output(struct envoi__tls *tls);

/**
 * Continue the handshake.
 *
 * @retval ENVOI_OK     done; the initiator trusts the peer
 * @retval ENVOI_AGAIN  feed more; or, with envoi__tls_is_undecided(), settle the question first
 * @retval ENVOI_ERR_CERTIFICATE, ENVOI_ERR_TLS, ENVOI_ERR_LIMIT, ENVOI_ERR_NOMEM
 *                      failed permanently; envoi__tls_error_text() has the reason; an alert may
 *                      be in the output
 */
int envoi__tls_handshake(struct envoi__tls *tls);

/**
 * Whether the handshake waits for a trust decision. Then call envoi__tls_ask() once, from the loop,
 * and after the wake-up envoi__tls_settle() and envoi__tls_handshake().
 */
bool envoi__tls_is_undecided(const struct envoi__tls *tls);

/** @return whether envoi__tls_ask() is due */
bool envoi__tls_has_to_ask(const struct envoi__tls *tls);
/** Call the decider. It may destroy the owner, which keeps the engine until this returns.
 * @param wake  called inside the call that answers; it may only note the answer */
void envoi__tls_ask(struct envoi__tls *tls, void (*wake)(void *user), void *user);
/** @return whether envoi__tls_settle() is due */
bool envoi__tls_has_answer(const struct envoi__tls *tls);
/** Take the answer and notify the decider, which may destroy the owner as above. Without an answer
 * the question ends, and the handshake cannot continue. Without a question nothing happens. */
void envoi__tls_settle(struct envoi__tls *tls);

/**
 * Read what the peer has written, after the handshake.
 *
 * @param[out] ret_len  1 to @p size
 * @retval ENVOI_AGAIN    feed more
 * @retval ENVOI_END      the peer has closed (close_notify): nothing more comes
 * @retval ENVOI_ERR_STATE  before the end of the handshake
 * @retval ENVOI_ERR_TLS, ENVOI_ERR_NOMEM  failed, as for the handshake
 */
int envoi__tls_read(struct envoi__tls *tls, char *data, size_t size, size_t *ret_len);

/**
 * Write at most ENVOI__TLS_RECORD_BYTES, after the handshake.
 *
 * @retval ENVOI_ERR_STATE  before the end of the handshake, or after envoi__tls_bye()
 * @retval ENVOI_ERR_TLS, ENVOI_ERR_NOMEM  failed, as for the handshake
 */
int envoi__tls_write(struct envoi__tls *tls, const char *data, size_t len);

/** Send close_notify: nothing more is written. No effect after a failure. */
void envoi__tls_bye(struct envoi__tls *tls);

/** @return decrypted bytes that wait to be read */
size_t envoi__tls_pending(const struct envoi__tls *tls);

/** @return whether the handshake is done, and, for an initiator, the peer is trusted */
bool envoi__tls_is_secure(const struct envoi__tls *tls);

/** @return the reason of a failure; "": none; lives as long as @p tls */
const char *envoi__tls_error_text(const struct envoi__tls *tls);

/** @return OR of enum envoi_tls_doubt, when a certificate was refused; else 0 */
unsigned int envoi__tls_doubts(const struct envoi__tls *tls);

/** Version, cipher; zeroed before the end of the handshake. Static strings. */
void envoi__tls_get_info(const struct envoi__tls *tls, struct envoi_tls_info *ret_info);

/**
 * Append channel binding data: "tls-exporter" (RFC 9266), "tls-unique" (RFC 5929; TLS 1.2 only),
 * "tls-server-end-point" (RFC 5929). On TLS 1.2 the first two need the extended master secret
 * (RFC 7627): without it the binding could be forged. The last is not defined for Ed25519 and
 * Ed448.
 *
 * @retval ENVOI_ERR_UNSUPPORTED  not of this connection
 */
int envoi__tls_channel_binding(struct envoi__tls *tls, const char *type, struct envoi_buffer *out);

/**
 * A certificate that the peer presented.
 *
 * @param index  0: the peer's own; then those of issuers
 * @return DER, borrowed, lives as long as @p tls; NULL: there is none
 */
const unsigned char *envoi__tls_peer_certificate(
	const struct envoi__tls *tls, unsigned int index, size_t *ret_len);

#endif
