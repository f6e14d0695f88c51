/*
 * envoi - XMPP over BOSH: the transport
 * SPDX-License-Identifier: MIT
 *
 * Private headers: HTTP has no public ones.
 */
#ifndef ENVOI_BOSH_TRANSPORT_H
#define ENVOI_BOSH_TRANSPORT_H

#include <stddef.h>
#include <stdint.h>

#include "http/http_url.h"

struct envoi_connector;
struct envoi_context;
struct envoi_settings;
struct envoi_tls_config;
struct envoi_transport;
struct envoi__bosh_link;

/** What a transport is for; its texts and objects are owned. */
struct envoi__bosh_options {
	struct envoi__http_url url;
	char *url_text;
	char *domain;
	struct envoi_settings *settings; /**< NULL: defaults */
	struct envoi_tls_config *tls; /**< NULL: none */
	uint64_t wait_ms; /**< for which the server may hold a request; whole seconds */
	size_t body_bytes; /**< the largest body of a response */
	/** Make a connector of links: its transports are those of envoi__bosh_link_base(). */
	int (*make)(
		struct envoi_connector **ret_connector, struct envoi_context *context, void *user);
	void *user;
};

/**
 * Make a transport of a first connection.
 *
 * @param options          moved, on failure too
 * @param connector, link  taken, on failure too
 * @retval ENVOI_ERR_NOMEM
 * @retval ENVOI_ERR_SYSTEM  there are no random numbers
 */
int envoi__bosh_transport_new(struct envoi_transport **ret_transport, struct envoi_context *context,
	struct envoi__bosh_options *options, struct envoi_connector *connector,
	struct envoi__bosh_link *link);

void envoi__bosh_options_finish(struct envoi__bosh_options *options, struct envoi_context *context);

/** Make a connector of links, over TCP. @param user  not used @retval ENVOI_ERR_NOMEM */
int envoi__bosh_link_connector_new(
	struct envoi_connector **ret_connector, struct envoi_context *context, void *user);

#endif
