/*
 * envoi - XMPP over BOSH: from a URL to a transport
 * SPDX-License-Identifier: MIT
 *
 * Private headers: HTTP and its settings have no public ones.
 */
#include <string.h>
#include <strings.h>

#include <envoi/bosh.h>
#include <envoi/context.h>
#include <envoi/interfaces/transport.h>
#include <envoi/settings.h>
#include <envoi/tls.h>

#include "bosh_link.h"
#include "bosh_transport.h"
#include "http/http_settings.h"

enum {
	SECOND = 1000,
};

struct bosh_connector {
	struct envoi_connector base;
	struct envoi_connector *links; /* of the transport that is being made; NULL: none */
	struct envoi__bosh_options
		options; /* its texts and objects are owned; NULL: not connecting */
	envoi_connected_fn *done;
	void *user;
};

static struct bosh_connector *connector_of(struct envoi_connector *base)
{
	return ENVOI_CONTAINER_OF(base, struct bosh_connector, base);
}

/* An application that was asked for a trust decision is notified inside, and may cancel and destroy
 * once more: by then nothing of the connector is needed. */
static void bosh_cancel(struct envoi_connector *base)
{
	struct bosh_connector *connector = connector_of(base);
	struct envoi_connector *links = connector->links;
	connector->links = NULL;
	envoi__bosh_options_finish(&connector->options, base->context);
	envoi_connector_destroy(links);
}

static void bosh_destroy(struct envoi_connector *base)
{
	struct envoi_context *context = envoi_context_ref(base->context);
	envoi_connector_finish(base);
	envoi_free(context, connector_of(base));
	envoi_context_unref(context);
}

static void report_failure(
	struct bosh_connector *connector, int code, const struct envoi_failure *failure)
{
	struct envoi_failure why;
	envoi_connected_fn *done = connector->done;
	void *user = connector->user;
	if (failure != NULL) {
		envoi_failure_copy(&why, failure); /* it may go with the connector */
	} else {
		envoi_failure_set(&why, connector->base.context, ENVOI_PHASE_CONNECT, code, "%s",
			envoi_error_text(code));
	}
	bosh_cancel(&connector->base);
	done(user, NULL, &why);
	envoi_failure_finish(&why);
}

static void on_link(void *user, struct envoi_transport *link, const struct envoi_failure *failure)
{
	struct bosh_connector *connector = user;
	if (link == NULL) {
		report_failure(connector, 0, failure);
		return;
	}
	struct envoi_transport *transport;
	struct envoi_failure tried = {.code = ENVOI_OK};
	if (failure != NULL) {
		envoi_failure_copy(&tried, failure);
	}
	struct envoi_connector *links = connector->links;
	connector->links = NULL;
	links->impl->cancel(links); /* other addresses are not needed */
	int r = envoi__bosh_transport_new(&transport, connector->base.context, &connector->options,
		links, envoi__bosh_link_of(link));
	if (r < 0) {
		report_failure(connector, r, NULL);
	} else {
		connector->done(connector->user, transport, failure != NULL ? &tried : NULL);
	}
	envoi_failure_finish(&tried);
}

/* One that is malformed, too: connecting refuses it. */
static bool supports(const struct envoi_target *target)
{
	const char *url = target->url != NULL ? target->url : "";
	return strncasecmp(url, "http://", 7) == 0 || strncasecmp(url, "https://", 8) == 0;
}

static void read_settings(struct bosh_connector *connector)
{
	struct envoi__http_settings http;
	envoi__http_settings_read(&http, connector->options.settings);
	connector->options.wait_ms = http.bosh_wait_ms / SECOND * SECOND;
	connector->options.body_bytes = http.body_bytes;
}

static int copy_target(struct bosh_connector *connector, const struct envoi_target *target)
{
	struct envoi_context *context = connector->base.context;
	struct envoi__bosh_options *options = &connector->options;
	int r = envoi__http_url_read(&options->url, target->url);
	if (r < 0) {
		return r;
	}
	options->make = envoi__bosh_link_connector_new;
	options->url_text = envoi_strndup(context, target->url, strlen(target->url));
	options->domain = envoi_strndup(context, target->domain, strlen(target->domain));
	options->tls = target->tls != NULL ? envoi_tls_config_ref(target->tls) : NULL;
	r = target->settings != NULL ? envoi_settings_dup(&options->settings, target->settings)
				     : envoi_settings_new(&options->settings, context);
	if (r == ENVOI_OK && (options->url_text == NULL || options->domain == NULL)) {
		r = ENVOI_ERR_NOMEM;
	}
	if (r == ENVOI_OK) {
		read_settings(connector);
	}
	return r;
}

static int bosh_connect(struct envoi_connector *base, const struct envoi_target *target,
	envoi_connected_fn *done, void *user)
{
	struct bosh_connector *connector = connector_of(base);
	if (connector->links != NULL) {
		return ENVOI_ERR_STATE;
	}
	if (!supports(target)) {
		return ENVOI_ERR_UNSUPPORTED;
	}
	connector->done = done;
	connector->user = user;
	int r = copy_target(connector, target);
	r = r < 0 ? r : envoi__bosh_link_connector_new(&connector->links, base->context, NULL);
	if (r == ENVOI_OK) {
		r = connector->links->impl->connect(connector->links, target, on_link, connector);
	}
	if (r < 0) {
		bosh_cancel(base);
	}
	return r;
}

static const struct envoi_connector_impl connector_impl = {
	.name = "bosh",
	.connect = bosh_connect,
	.cancel = bosh_cancel,
	.destroy = bosh_destroy,
};

int envoi_bosh_connector_new(struct envoi_connector **ret_connector, struct envoi_context *context)
{
	struct bosh_connector *connector = envoi_alloc_zeroed(context, sizeof(*connector));
	if (connector == NULL) {
		return ENVOI_ERR_NOMEM;
	}
	envoi_connector_init(&connector->base, &connector_impl, context);
	*ret_connector = &connector->base;
	return ENVOI_OK;
}
