/*
 * envoi - connectors over TCP: the server of a URL, for what is carried over HTTP
 * SPDX-License-Identifier: MIT
 *
 * Private headers: HTTP and its settings, and the check of addresses, have no public ones.
 */
#include "tcp_url.h"

#include <envoi/settings.h>

#include "http/http_settings.h"
#include "net/host_names.h"

/* The host of a URL is a name that the user gave. An address has no certificate: the domain's
 * counts. */
static const char *name_to_verify(const struct tcp_url *url, const struct tcp_connector *tcp)
{
	unsigned char bytes[16];
	return envoi__parse_address(url->url.host, bytes) != 0 ? tcp->domain : url->url.host;
}

static int read_settings(
	struct tcp_url *url, const struct tcp_connector *tcp, const struct envoi_target *target)
{
	struct envoi__http_settings http;
	struct envoi_settings *own = NULL;
	int r = target->settings != NULL ? ENVOI_OK : envoi_settings_new(&own, tcp->base.context);
	if (r == ENVOI_OK) {
		envoi__http_settings_read(&http, own != NULL ? own : target->settings);
		url->head_bytes = http.head_bytes;
		envoi_settings_free(own);
	}
	return r;
}

/* A URL in clear needs a login that may be in clear. Handshakes are the trial of a connection. */
int envoi__tcp_url_prepare(struct tcp_url *url, const struct tcp_connector *tcp,
	const struct envoi_target *target, struct envoi_dial_options *options)
{
	int r = envoi__http_url_read(&url->url, target->url);
	if (r == ENVOI_OK && url->url.is_secure != (target->tls != NULL)) {
		r = ENVOI_ERR_INVALID;
	}
	if (r < 0) {
		return r;
	}
	url->server_name = name_to_verify(url, tcp);
	options->host = options->host != NULL ? options->host : url->url.host;
	options->port = url->url.port;
	options->routes = options->trial_routes = ENVOI_ROUTE_DIRECT;
	return read_settings(url, tcp, target);
}
