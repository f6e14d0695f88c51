/*
 * envoi - BOSH: from a URL to an HTTP connection
 * SPDX-License-Identifier: MIT
 *
 * Private headers: HTTP has no public ones.
 */
#include <strings.h>

#include <envoi/context.h>

#include "../tcp/tcp_connector.h"
#include "../tcp/tcp_url.h"
#include "bosh_link.h"
#include "bosh_transport.h"

struct link_connector {
	struct tcp_connector tcp;
	struct tcp_url url;
};

static struct link_connector *connector_of(struct tcp_connector *tcp)
{
	return ENVOI_CONTAINER_OF(tcp, struct link_connector, tcp);
}

static bool supports_url(const struct envoi_target *target)
{
	return target->url != NULL;
}

static int prepare_dial(struct tcp_connector *tcp, const struct envoi_target *target,
	struct envoi_dial_options *options)
{
	return envoi__tcp_url_prepare(&connector_of(tcp)->url, tcp, target, options);
}

/* The dial has deadlines for all this. */
static int open_link(
	struct tcp_connector *tcp, struct tcp_trial *own, struct envoi_channel *channel)
{
	const struct tcp_url *url = &connector_of(tcp)->url;
	const struct envoi__bosh_link_options options = {
		.channel = &tcp->options,
		.tls = url->url.is_secure ? tcp->tls : NULL,
		.server_name = url->server_name,
		.head_bytes = url->head_bytes,
		.done = envoi__tcp_trial_opened,
		.waiting = envoi__tcp_trial_waiting,
		.user = own,
	};
	struct envoi__bosh_link *link;
	int r = envoi__bosh_link_new(&link, tcp->base.context, channel, &options);
	own->opening = r == ENVOI_OK ? link : NULL;
	return r;
}

static void free_opening(void *opening)
{
	envoi__bosh_link_free(opening);
}

static const struct tcp_connector_kind link_kind = {
	.name = "bosh",
	.supports = supports_url,
	.prepare = prepare_dial,
	.open = open_link,
	.free_opening = free_opening,
};

int envoi__bosh_link_connector_new(
	struct envoi_connector **ret_connector, struct envoi_context *context, void *user)
{
	struct link_connector *connector = envoi_alloc_zeroed(context, sizeof(*connector));
	(void)user;
	if (connector == NULL) {
		return ENVOI_ERR_NOMEM;
	}
	envoi__tcp_connector_init(&connector->tcp, context, &link_kind);
	*ret_connector = &connector->tcp.base;
	return ENVOI_OK;
}
