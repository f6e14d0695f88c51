/*
 * envoi - transports of octets: TLS from the first byte (XEP-0368)
 * SPDX-License-Identifier: MIT
 */
#include "transport/bytestream/handshake.h"

#include <envoi/context.h>

#include "transport/bytestream/inside.h"

static struct octets_handshake *handshake_of(struct envoi_transport_sink *sink)
{
	return ENVOI_CONTAINER_OF(sink, struct octets_handshake, sink);
}

static void on_secured(struct envoi_transport_sink *sink)
{
	struct octets_handshake *handshake = handshake_of(sink);
	octets_set_aside(octets_of(handshake->transport));
	handshake->done(handshake->user, NULL);
}

static void on_closed(struct envoi_transport_sink *sink, const struct envoi_failure *why)
{
	struct octets_handshake *handshake = handshake_of(sink);
	handshake->done(handshake->user, why);
}

static void on_undecided(struct envoi_transport_sink *sink, bool waits)
{
	struct octets_handshake *handshake = handshake_of(sink);
	if (handshake->undecided != NULL) {
		handshake->undecided(handshake->user, waits);
	}
}

static void on_activity(struct envoi_transport_sink *sink)
{
	(void)sink;
}

/* There is no document yet: nothing of one can be told. */
static const struct envoi_transport_sink_impl sink_impl = {
	.secured = on_secured,
	.undecided = on_undecided,
	.activity = on_activity,
	.closed = on_closed,
};

int octets_handshake_begin(struct octets_handshake *handshake, struct envoi_transport *transport,
	enum envoi_role role, struct envoi_tls_config *config, const char *server_name,
	const char *service, octets_handshake_fn *done, void *user)
{
	*handshake = (struct octets_handshake){
		.sink = {.impl = &sink_impl},
		.transport = transport,
		.done = done,
		.user = user,
	};
	int r = envoi_transport_start(transport, &handshake->sink);
	return r < 0 ? r : octets_secure(octets_of(transport), role, config, server_name, service);
}
