/*
 * envoi - XMPP over TCP: transports with options already read
 * SPDX-License-Identifier: MIT
 */
#ifndef ENVOI_TRANSPORTS_TCP_TCP_H
#define ENVOI_TRANSPORTS_TCP_TCP_H

#include <envoi/tcp.h>

struct octets_options;

/** As envoi_tcp_transport_new(). */
int tcp_transport_new(struct envoi_transport **ret_transport, struct envoi_context *context, int fd,
	const struct octets_options *options);

#endif
