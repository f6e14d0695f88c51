/*
 * envoi - HTTP File Upload: the connection to the server of a URL
 * SPDX-License-Identifier: MIT
 *
 * Private headers: HTTP has no public ones.
 */
#include "upload_parts.h"

#include "http/http_config.h"

#if ENVOI__HTTP
#include <envoi/config.h>
#include <envoi/interfaces/channel.h>
#include <envoi/interfaces/dial.h>
#include <envoi/settings.h>
#include <envoi/tls.h>
#include <envoi/transports.h>

enum {
	TLS_MS = 20000,
};

#if ENVOI_HAS_TCP
static int open_socket(
	const struct envoi__upload_dial *self, struct envoi_channel **ret_channel, int fd)
{
	int r = envoi_tcp_channel_new(ret_channel, self->context, fd);
	if (r < 0 || self->tls == NULL) {
		return r;
	}
	const struct envoi_tls_channel_options options = {
		.role = ENVOI_INITIATOR,
		.tls = self->tls,
		.server_name = self->url->host,
		.alpn = "http/1.1",
		.timeout_ms = TLS_MS,
	};
	return envoi_tls_channel_new(ret_channel, self->context, *ret_channel, &options);
}

static void on_dialed(
	void *user, const struct envoi_dialed *dialed, const struct envoi_failure *failure)
{
	struct envoi__upload_dial *self = user;
	struct envoi_channel *channel = NULL;
	if (dialed == NULL) {
		self->opened(self->user, NULL, failure->code, failure->text);
	} else {
		int r = open_socket(self, &channel, dialed->fd);
		self->opened(self->user, r == ENVOI_OK ? channel : NULL, r, NULL);
	}
}

static bool has_proxy(const struct envoi_settings *settings)
{
	const char *host = settings == NULL ? NULL : envoi_settings_text(settings, "proxy.host");
	return host != NULL && host[0] != '\0';
}

/* The name is the server's, not a domain with service records; settings of the XMPP server do not
 * apply to it. */
int envoi__upload_dial_start(struct envoi__upload_dial *self, const struct envoi_settings *settings)
{
	struct envoi_dial_options options = {.domain = NULL};
	if (has_proxy(settings)) {
		return ENVOI_ERR_UNSUPPORTED;
	}
	if (settings != NULL) {
		envoi_dial_options_from_settings(&options, settings);
	}
	options.domain = options.host = self->url->host;
	options.port = self->url->port;
	options.routes = ENVOI_ROUTE_STARTTLS;
	int r = self->url->is_secure ? envoi_tls_config_new(&self->tls, self->context, settings)
				     : ENVOI_OK;
	return r < 0 ? r : envoi_dial_new(&self->dial, self->context, &options, on_dialed, self);
}
#else
int envoi__upload_dial_start(struct envoi__upload_dial *self, const struct envoi_settings *settings)
{
	(void)self;
	(void)settings;
	return ENVOI_ERR_UNSUPPORTED;
}
#endif

void envoi__upload_dial_stop(struct envoi__upload_dial *self)
{
	envoi_dial_free(self->dial);
	self->dial = NULL;
}

void envoi__upload_dial_finish(struct envoi__upload_dial *self)
{
	envoi__upload_dial_stop(self);
	envoi_tls_config_unref(self->tls);
	self->tls = NULL;
}
#endif
