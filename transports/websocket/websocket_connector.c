/*
 * envoi - XMPP over WebSocket: from a URL to a transport
 * SPDX-License-Identifier: MIT
 *
 * Private headers: HTTP and its settings, and the check of addresses, have no public ones.
 */
#include <strings.h>

#include <envoi/context.h>
#include <envoi/settings.h>
#include <envoi/tls.h>
#include <envoi/websocket.h>

#include "../tcp/tcp_connector.h"
#include "http/http_settings.h"
#include "http/http_url.h"
#include "net/host_names.h"
#include "websocket_opening.h"

struct websocket_connector {
	struct tcp_connector tcp;
	struct envoi__http_url url; /* of the target */
	const char *server_name; /* that the certificate is for: of the URL, or the domain */
	size_t head_bytes;
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

/* The host of a URL is a name that the user gave. An address has no certificate: the domain's
 * counts. */
static const char *name_to_verify(const struct websocket_connector *connector)
{
	unsigned char bytes[16];
	bool is_address = envoi__parse_address(connector->url.host, bytes) != 0;
	return is_address ? connector->tcp.domain : connector->url.host;
}

static int read_settings(struct websocket_connector *connector, const struct envoi_target *target)
{
	struct envoi__http_settings http;
	struct envoi_settings *own = NULL;
	int r = target->settings != NULL ? ENVOI_OK
					 : envoi_settings_new(&own, connector->tcp.base.context);
	if (r == ENVOI_OK) {
		envoi__http_settings_read(&http, own != NULL ? own : target->settings);
		connector->head_bytes = http.head_bytes;
		envoi_settings_free(own);
	}
	return r;
}

/* A URL in clear needs a login that may be in clear. Handshakes are the trial of a connection. */
static int prepare_dial(struct tcp_connector *tcp, const struct envoi_target *target,
	struct envoi_dial_options *options)
{
	struct websocket_connector *connector = connector_of(tcp);
	int r = envoi__http_url_read(&connector->url, target->url);
	if (r == ENVOI_OK && connector->url.is_secure != (target->tls != NULL)) {
		r = ENVOI_ERR_INVALID;
	}
	if (r < 0) {
		return r;
	}
	connector->server_name = name_to_verify(connector);
	options->host = options->host != NULL ? options->host : connector->url.host;
	options->port = connector->url.port;
	options->routes = options->trial_routes = ENVOI_ROUTE_DIRECT;
	return read_settings(connector, target);
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
				.tls = connector->url.is_secure ? tcp->tls : NULL,
				.server_name = connector->server_name,
				.alpn = "http/1.1",
				.done = envoi__tcp_trial_opened,
				.waiting = envoi__tcp_trial_waiting,
				.user = own,
			},
		.url = &connector->url,
		.head_bytes = connector->head_bytes,
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
