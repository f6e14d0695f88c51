/*
 * envoi - XMPP over WebSocket: from a URL to a transport
 * SPDX-License-Identifier: MIT
 *
 * Private headers: HTTP has no public ones.
 */
#include <strings.h>

#include <envoi/context.h>
#include <envoi/websocket.h>

#include "../tcp/tcp_connector.h"
#include "../tcp/tcp_url.h"
#include "websocket_opening.h"

struct websocket_connector {
	struct tcp_connector tcp;
	struct tcp_url url;
};

static struct websocket_connector *connector_of(struct tcp_connector *tcp)
{
	return ENVOI_CONTAINER_OF(tcp, struct websocket_connector, tcp);
}

/* One that is malformed, too: connecting refuses it. */
static bool supports_url(const struct envoi_target *target)
{
	const char *url = target->url != NULL ? target->url : "";
	return strncasecmp(url, "ws://", 5) == 0 || strncasecmp(url, "wss://", 6) == 0;
}

static int prepare_dial(struct tcp_connector *tcp, const struct envoi_target *target,
	struct envoi_dial_options *options)
{
	return envoi__tcp_url_prepare(&connector_of(tcp)->url, tcp, target, options);
}

/* RFC 7301: an HTTP server selects its protocol. The dial has deadlines for all this. */
static int open_websocket(
	struct tcp_connector *tcp, struct tcp_trial *own, struct envoi_channel *channel)
{
	struct websocket_connector *connector = connector_of(tcp);
	const struct envoi__websocket_opening_options options = {
		.opening =
			{
				.channel = &tcp->options,
				.role = ENVOI_INITIATOR,
				.tls = connector->url.url.is_secure ? tcp->tls : NULL,
				.server_name = connector->url.server_name,
				.alpn = "http/1.1",
				.done = envoi__tcp_trial_opened,
				.waiting = envoi__tcp_trial_waiting,
				.user = own,
			},
		.url = &connector->url.url,
		.head_bytes = connector->url.head_bytes,
	};
	struct envoi__websocket_opening *opening;
	int r = envoi__websocket_opening_new(&opening, tcp->base.context, channel, &options);
	own->opening = r == ENVOI_OK ? opening : NULL;
	return r;
}

static void free_opening(void *opening)
{
	envoi__websocket_opening_free(opening);
}

static const struct tcp_connector_kind websocket_kind = {
	.name = "websocket",
	.supports = supports_url,
	.prepare = prepare_dial,
	.open = open_websocket,
	.free_opening = free_opening,
};

int envoi_websocket_connector_new(
	struct envoi_connector **ret_connector, struct envoi_context *context)
{
	struct websocket_connector *connector = envoi_alloc_zeroed(context, sizeof(*connector));
	if (connector == NULL) {
		return ENVOI_ERR_NOMEM;
	}
	envoi__tcp_connector_init(&connector->tcp, context, &websocket_kind);
	*ret_connector = &connector->tcp.base;
	return ENVOI_OK;
}
