/*
 * envoi - connections in memory: an end that is a transport
 * SPDX-License-Identifier: MIT
 *
 * Private headers: the byte stream has no public interface that a socket can use without a copy.
 */
#include <envoi/context.h>

#include "memory.h"
#include "pair.h"
#include "transport/bytestream/bytestream.h"

struct memory_transport {
	struct octets octets; /* first: what octets frees is the whole */
	struct memory_port port;
};

static const struct envoi_transport_impl transport_impl = OCTETS_TRANSPORT_IMPL("memory");

static struct memory_transport *transport_of(struct octets *octets)
{
	return ENVOI_CONTAINER_OF(octets, struct memory_transport, octets);
}

static int memory_start(struct octets *octets)
{
	return transport_of(octets)->port.pair == NULL ? ENVOI_ERR_STATE : ENVOI_OK;
}

static int memory_send(struct octets *octets, const char *data, size_t len, size_t *ret_taken)
{
	return memory_port_send(&transport_of(octets)->port, data, len, false, ret_taken);
}

static void memory_want_read(struct octets *octets, bool wanted)
{
	memory_port_want_read(&transport_of(octets)->port, wanted);
}

static void memory_shut_down(struct octets *octets)
{
	memory_port_shut_down(&transport_of(octets)->port);
}

static void memory_disconnect(struct octets *octets)
{
	memory_port_detach(&transport_of(octets)->port);
}

static const char *memory_peer_name(const struct octets *octets)
{
	(void)octets;
	return "memory";
}

static const struct octets_channel_impl channel_impl = {
	.start = memory_start,
	.send = memory_send,
	.want_read = memory_want_read,
	.shut_down = memory_shut_down,
	.disconnect = memory_disconnect,
	.peer_name = memory_peer_name,
};

static struct octets *octets_of_port(struct memory_port *port)
{
	return &ENVOI_CONTAINER_OF(port, struct memory_transport, port)->octets;
}

static void port_arrived(struct memory_port *port, const char *data, size_t len)
{
	octets_received(octets_of_port(port), data, len);
}

static void port_writable(struct memory_port *port)
{
	octets_writable(octets_of_port(port));
}

static void port_ended(struct memory_port *port)
{
	octets_ended(octets_of_port(port));
}

static void port_broken(struct memory_port *port)
{
	octets_broken(octets_of_port(port), ENVOI_ERR_DISCONNECTED, "the connection was cut");
}

static const struct memory_port_impl port_impl = {
	.arrived = port_arrived,
	.writable = port_writable,
	.ended = port_ended,
	.broken = port_broken,
};

int memory_transport_new(struct envoi_transport **ret_transport, struct envoi_memory_pair *pair,
	enum envoi_memory_side side, const struct octets_options *options)
{
	struct envoi_context *context = memory_pair_context(pair);
	struct memory_transport *transport = envoi_alloc_zeroed(context, sizeof(*transport));
	if (transport == NULL) {
		return ENVOI_ERR_NOMEM;
	}
	int r = memory_port_attach(&transport->port, &port_impl, pair, side);
	if (r < 0) {
		envoi_free(context, transport);
		return r;
	}
	octets_init(&transport->octets, &transport_impl, &channel_impl, context, options);
	*ret_transport = &transport->octets.base;
	return ENVOI_OK;
}

int envoi_memory_transport_new(struct envoi_transport **ret_transport,
	struct envoi_memory_pair *pair, enum envoi_memory_side side,
	const struct envoi_settings *settings)
{
	struct octets_options options;
	int r = octets_options_read(&options, memory_pair_context(pair), settings);
	return r < 0 ? r : memory_transport_new(ret_transport, pair, side, &options);
}

void envoi_memory_transport_set_secure(struct envoi_transport *transport)
{
	if (transport->impl == &transport_impl) {
		ENVOI_CONTAINER_OF(transport, struct octets, base)->options.is_secure = true;
	}
}
