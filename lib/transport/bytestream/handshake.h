/*
 * envoi - transports of octets: TLS from the first byte (XEP-0368)
 * SPDX-License-Identifier: MIT
 */
#ifndef ENVOI_TRANSPORT_BYTESTREAM_HANDSHAKE_H
#define ENVOI_TRANSPORT_BYTESTREAM_HANDSHAKE_H

#include <envoi/interfaces/transport.h>

/**
 * It is over: once, from the loop. The handshake and the transport may be freed inside.
 * @param why  NULL: TLS is up, and the transport is as one that was never started, but secure;
 *             else borrowed: destroy the transport
 */
typedef void octets_handshake_fn(void *user, const struct envoi_failure *why);

/** As envoi_transport_sink_impl.undecided. */
typedef void octets_undecided_fn(void *user, bool waits);

/** A handshake on a transport that nobody has started; embedded in its owner. */
struct octets_handshake {
	struct envoi_transport_sink sink;
	struct envoi_transport *transport; /* borrowed */
	octets_handshake_fn *done;
	octets_undecided_fn *undecided; /* may be set after the beginning; NULL: nobody is told */
	void *user;
};

/**
 * Start the transport for a handshake and nothing else. Stop by destroying the transport.
 *
 * The application protocol (RFC 7301) is offered by the initiator, as XEP-0368 wants it, and a
 * server that selects none, as most do, is taken: who it is, only its certificate says.
 *
 * @param transport    an octets transport, not started; stays the owner's
 * @param server_name  as of envoi_transport_impl.start_tls
 * @param service      "xmpp-client": the application protocol; NULL: none
 * @retval <0  as of envoi_transport_start() and envoi_transport_impl.start_tls
 */
int octets_handshake_begin(struct octets_handshake *handshake, struct envoi_transport *transport,
	enum envoi_role role, struct envoi_tls_config *config, const char *server_name,
	const char *service, octets_handshake_fn *done, void *user);

#endif
