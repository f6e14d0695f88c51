/*
 * envoi - TLS as a filter without I/O: bytes in, bytes out
 * SPDX-License-Identifier: MIT
 *
 * What the peer has sent is given to envoi__tls_feed(); what shall be sent to it is found in
 * envoi__tls_output(). After feeding, call envoi__tls_handshake() until it is done, and then
 * envoi__tls_read() until it returns ENVOI_AGAIN: nothing is left inside then but the beginning
 * of a record.
 */
#ifndef ENVOI_TLS_TLS_ENGINE_H
#define ENVOI_TLS_TLS_ENGINE_H

#include <stdbool.h>
#include <stddef.h>

#include <envoi/buffer.h>
#include <envoi/interfaces/transport.h>
#include <envoi/tls.h>

enum {
	ENVOI__TLS_RECORD_BYTES = 16384, /* most that envoi__tls_write() takes, as one record */
};

struct envoi__tls;

/**
 * Make an engine. TLS 1.2 at least, no renegotiation, no compression. The initiator resumes a
 * session that the context has kept, by tls.resumption; the receiver hands out no tickets.
 *
 * @param config       a reference is taken
 * @param server_name  initiator: the name that the user gave: sent as SNI (A-labels; not an
 *                     address), and the one that the certificate must have. Receiver: NULL
 * @param alpn         protocol to offer, or to know (receiver): a peer that speaks of others
 *                     alone is left, one that does not speak of any is not; NULL: none
 * @retval ENVOI_ERR_INVALID  no name, or one that is no domain; or a config of the other side
 * @retval ENVOI_ERR_NOMEM
 */
int envoi__tls_new(struct envoi__tls **ret_tls, struct envoi_tls_config *config,
	enum envoi_role role, const char *server_name, const char *alpn);

/** Free; NULL is allowed. */
void envoi__tls_free(struct envoi__tls *tls);

/** Take bytes from the peer.
 * @retval ENVOI_ERR_NOMEM
 * @retval ENVOI_ERR_LIMIT  it sends on while it is not known whether to believe it */
int envoi__tls_feed(struct envoi__tls *tls, const char *data, size_t len);

/** @return bytes for the peer; the owner consumes what it has sent; lives as long as @p tls */
struct envoi_buffer *envoi__tls_output(struct envoi__tls *tls);

/**
 * Go on with the handshake.
 *
 * @retval ENVOI_OK     done; the initiator believes the peer
 * @retval ENVOI_AGAIN  feed more; or, when envoi__tls_is_undecided(), settle the question first
 * @retval ENVOI_ERR_CERTIFICATE, ENVOI_ERR_TLS, ENVOI_ERR_NOMEM
 *                      over, also when called again; envoi__tls_error_text() says why; an
 *                      alert may be in the output
 */
int envoi__tls_handshake(struct envoi__tls *tls);

/**
 * Whether the handshake waits for somebody's decision. Then call envoi__tls_ask() once, from the
 * loop, and when the owner was woken, envoi__tls_settle() and envoi__tls_handshake().
 */
bool envoi__tls_is_undecided(const struct envoi__tls *tls);

/** @return whether envoi__tls_ask() is due */
bool envoi__tls_has_to_ask(const struct envoi__tls *tls);
/** Ask; the decider may do away with the owner, who therefore keeps the engine meanwhile.
 * @param wake  when the answer is there: called from inside whatever gives it; only to be noted */
void envoi__tls_ask(struct envoi__tls *tls, void (*wake)(void *user), void *user);
/** @return whether envoi__tls_settle() is due */
bool envoi__tls_has_answer(const struct envoi__tls *tls);
/** Take the answer and tell the decider, as above. Without an answer: nobody needs one any more,
 * the handshake cannot go on. Nothing when there is no question. */
void envoi__tls_settle(struct envoi__tls *tls);

/**
 * Read what the peer has written, after the handshake.
 *
 * @param[out] ret_len  1 to @p size
 * @retval ENVOI_AGAIN    feed more
 * @retval ENVOI_END      the peer has closed (close_notify): nothing more comes
 * @retval ENVOI_ERR_STATE  before the end of the handshake
 * @retval ENVOI_ERR_TLS, ENVOI_ERR_NOMEM  over, as for the handshake
 */
int envoi__tls_read(struct envoi__tls *tls, char *data, size_t size, size_t *ret_len);

/**
 * Write at most ENVOI__TLS_RECORD_BYTES, after the handshake.
 *
 * @retval ENVOI_ERR_STATE  before the end of the handshake, or after envoi__tls_bye()
 * @retval ENVOI_ERR_TLS, ENVOI_ERR_NOMEM  over, as for the handshake
 */
int envoi__tls_write(struct envoi__tls *tls, const char *data, size_t len);

/** Tell the peer that nothing more is written (close_notify); nothing after a failure. */
void envoi__tls_bye(struct envoi__tls *tls);

/** @return decrypted bytes that wait to be read */
size_t envoi__tls_pending(const struct envoi__tls *tls);

/** @return whether the handshake is done, and for an initiator: the peer is believed */
bool envoi__tls_is_secure(const struct envoi__tls *tls);

/** @return what went wrong, for people; "" for nothing; lives as long as @p tls */
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
 * A certificate that the peer has shown.
 *
 * @param index  0: its own; then those above
 * @return DER, borrowed, lives as long as @p tls; NULL: there is none
 */
const unsigned char *envoi__tls_peer_certificate(
	const struct envoi__tls *tls, unsigned int index, size_t *ret_len);

#endif
