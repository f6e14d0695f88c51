/*
 * envoi - XMPP over TCP: from a domain to a transport
 * SPDX-License-Identifier: MIT
 *
 * Private headers: proxies have no public ones.
 */
#include <string.h>
#include <unistd.h>

#include <envoi/context.h>
#include <envoi/interfaces/channel.h>
#include <envoi/interfaces/dial.h>
#include <envoi/interfaces/transport.h>
#include <envoi/settings.h>
#include <envoi/tcp.h>
#include <envoi/tls.h>

#include "tcp_connector.h"
#include "tcp_proxy.h"
#include "transport/proxy/proxy.h"

static struct tcp_connector *connector_of(struct envoi_connector *connector)
{
	return ENVOI_CONTAINER_OF(connector, struct tcp_connector, base);
}

/* An application that was asked for a trust decision is notified inside, and may cancel and destroy
 * once more: by then nothing of the connector is needed. */
static void tcp_cancel(struct envoi_connector *base)
{
	struct tcp_connector *connector = connector_of(base);
	struct envoi_dial *dial = connector->dial;
	connector->is_waited_for = false;
	connector->tls = envoi_tls_config_unref(connector->tls);
	envoi_free(base->context, connector->domain);
	connector->domain = NULL;
	connector->dial = NULL;
	envoi__tcp_proxy_free(connector->proxy);
	connector->proxy = NULL;
	envoi_dial_free(dial);
}

/* --- trials --- */

/* The application that was asked for a trust decision is notified inside, and may cancel and
 * destroy the connector. */
static void free_trial(struct tcp_trial *own)
{
	struct envoi_context *context = envoi_context_ref(own->context);
	envoi__proxy_opening_free(own->proxy);
	if (own->opening != NULL) {
		own->kind->free_opening(own->opening);
	}
	envoi_transport_destroy(own->transport);
	envoi_free(context, own);
	envoi_context_unref(context);
}

void envoi__tcp_trial_opened(
	void *user, struct envoi_transport *transport, const struct envoi_failure *failure)
{
	struct tcp_trial *own = user;
	struct envoi_trial *trial = own->trial;
	own->opening = NULL;
	own->transport = transport;
	if (transport != NULL) {
		envoi_trial_pass(trial);
	} else {
		free_trial(own);
		envoi_trial_fail(trial, failure);
	}
}

void envoi__tcp_trial_waiting(void *user, bool is_waiting)
{
	struct tcp_trial *own = user;
	if (own->connector->proxy != NULL) {
		envoi__tcp_proxy_wait(own->connector->proxy, is_waiting);
	}
	envoi_trial_wait(own->trial, is_waiting);
}

static void fail_trial(struct tcp_trial *own, const struct envoi_failure *why)
{
	struct envoi_trial *trial = own->trial;
	free_trial(own);
	envoi_trial_fail(trial, why);
}

static void on_proxy(void *user, struct envoi_channel *channel, const struct envoi_failure *failure)
{
	struct tcp_trial *own = user;
	struct envoi_failure why;
	own->proxy = NULL;
	if (channel == NULL) {
		fail_trial(own, failure);
		return;
	}
	int r = own->kind->open(own->connector, own, channel);
	if (r < 0) {
		envoi_failure_set(
			&why, own->context, ENVOI_PHASE_CONNECT, r, "%s", envoi_error_text(r));
		fail_trial(own, &why);
		envoi_failure_finish(&why);
	}
}

static int open_socket(struct tcp_connector *connector, struct tcp_trial *own, int fd)
{
	struct envoi_context *context = connector->base.context;
	struct envoi_channel *channel;
	int r = envoi_tcp_channel_new(&channel, context, fd);
	if (r < 0) {
		return r;
	}
	own->is_direct = connector->proxy == NULL || envoi__tcp_proxy_is_direct(connector->proxy);
	return connector->proxy == NULL ? connector->kind->open(connector, own, channel)
					: envoi__tcp_proxy_open(connector->proxy, &own->proxy,
						  context, channel, on_proxy, own);
}

static int begin_trial(void *user, struct envoi_trial *trial, const struct envoi_dialed *dialed)
{
	struct tcp_connector *connector = user;
	struct envoi_context *context = connector->base.context;
	struct tcp_trial *own = envoi_alloc_zeroed(context, sizeof(*own));
	if (own == NULL) {
		close(dialed->fd);
		return ENVOI_ERR_NOMEM;
	}
	own->context = context;
	own->trial = trial;
	own->kind = connector->kind;
	own->connector = connector;
	int r = open_socket(connector, own, dialed->fd);
	if (r < 0) {
		envoi_free(context, own);
		return r;
	}
	trial->own = own;
	return ENVOI_OK;
}

static void drop_trial(void *user, struct envoi_trial *trial)
{
	(void)user;
	free_trial(trial->own);
}

static struct envoi_transport *take_transport(struct tcp_trial *own)
{
	struct envoi_transport *transport = own->transport;
	envoi_free(own->context, own);
	return transport;
}

/* --- connecting --- */

static void tcp_destroy(struct envoi_connector *base)
{
	struct envoi_context *context = envoi_context_ref(base->context);
	envoi_connector_finish(base);
	envoi_free(context, connector_of(base));
	envoi_context_unref(context);
}

static int make_transport(struct tcp_connector *connector, struct envoi_transport **ret_transport,
	const struct envoi_dialed *dialed)
{
	if (dialed->own != NULL) {
		*ret_transport = take_transport(dialed->own);
		return ENVOI_OK;
	}
	struct envoi_context *context = connector->base.context;
	struct envoi_channel *channel;
	int r = envoi_tcp_channel_new(&channel, context, dialed->fd);
	return r < 0
		? r
		: envoi_channel_transport_new(ret_transport, context, channel, &connector->options);
}

static void on_dialed(
	void *user, const struct envoi_dialed *dialed, const struct envoi_failure *failure);

static int dial_proxy(struct tcp_connector *connector)
{
	struct envoi_dial_options options;
	envoi__tcp_proxy_dial_options(connector->proxy, &options);
	options.trials = &connector->trials;
	options.trial_routes = options.routes;
	return envoi_dial_new(
		&connector->dial, connector->base.context, &options, on_dialed, connector);
}

/* The next port of the server through the proxy. @param why  of the last one
 * @return false: there is none */
static bool dial_next_port(struct tcp_connector *connector, const struct envoi_failure *why)
{
	struct envoi_dial *dial = connector->dial;
	if (connector->proxy == NULL || !envoi__tcp_proxy_next(connector->proxy, why)) {
		return false;
	}
	connector->dial = NULL;
	envoi_dial_free(dial);
	return dial_proxy(connector) == ENVOI_OK;
}

/* The receiver may destroy the connector: its callback comes last. With a transport, the dial
 * stays, to go on if that will not do. */
static void on_dialed(
	void *user, const struct envoi_dialed *dialed, const struct envoi_failure *failure)
{
	struct tcp_connector *connector = user;
	if (dialed == NULL && dial_next_port(connector, failure)) {
		return;
	}
	envoi_connected_fn *done = connector->done;
	void *done_user = connector->user;
	struct envoi_context *context = envoi_context_ref(connector->base.context);
	struct envoi_transport *transport = NULL;
	struct envoi_failure why = {.context = context};
	if (failure != NULL) {
		envoi_failure_copy(&why, failure); /* the dial's goes with the dial */
	}
	envoi__tcp_proxy_add_attempts(connector->proxy, &why);
	if (dialed != NULL) {
		int r = make_transport(connector, &transport, dialed);
		if (r < 0) {
			envoi_failure_finish(&why);
			envoi_failure_set(
				&why, context, ENVOI_PHASE_CONNECT, r, "%s", envoi_error_text(r));
		}
	}
	connector->is_waited_for = false;
	if (transport == NULL) {
		tcp_cancel(&connector->base);
	}
	done(done_user, transport, transport == NULL || why.attempt_count > 0 ? &why : NULL);
	envoi_failure_finish(&why);
	envoi_context_unref(context);
}

static void on_looked_up(void *user, const struct envoi_failure *failure)
{
	struct tcp_connector *connector = user;
	struct envoi_failure why;
	int r = failure == NULL ? dial_proxy(connector) : ENVOI_OK;
	if (failure != NULL) {
		on_dialed(connector, NULL, failure);
	} else if (r < 0) {
		envoi_failure_set(&why, connector->base.context, ENVOI_PHASE_CONNECT, r, "%s",
			envoi_error_text(r));
		on_dialed(connector, NULL, &why);
		envoi_failure_finish(&why);
	}
}

static int tcp_next(
	struct envoi_connector *base, const struct envoi_failure *why, uint64_t timeout_ms)
{
	struct tcp_connector *connector = connector_of(base);
	if (connector->dial == NULL || connector->is_waited_for) {
		return ENVOI_ERR_STATE;
	}
	if (connector->proxy != NULL) {
		envoi__tcp_proxy_set_timeout(connector->proxy, timeout_ms);
	}
	if (dial_next_port(connector, why)) {
		connector->is_waited_for = true;
		return ENVOI_OK;
	}
	int r = connector->dial == NULL ? ENVOI_ERR_STATE
					: envoi_dial_next(connector->dial, why, timeout_ms);
	connector->is_waited_for = r == ENVOI_OK;
	return r;
}

static int begin_dial(struct tcp_connector *connector, const struct envoi_target *target)
{
	struct envoi_dial_options options = {
		.trials = &connector->trials,
		.trial_routes = ENVOI_ROUTE_DIRECT,
	};
	if (target->settings != NULL) {
		envoi_dial_options_from_settings(&options, target->settings);
	}
	options.domain = target->domain;
	options.service = target->service;
	options.timeout_ms = target->timeout_ms;
	int r = connector->kind->prepare(connector, target, &options);
	if (r == ENVOI_OK && target->settings != NULL) {
		r = envoi__tcp_proxy_new(
			&connector->proxy, connector->base.context, target->settings, &options);
	}
	if (r < 0) {
		return r;
	}
	if (connector->proxy == NULL) {
		return envoi_dial_new(
			&connector->dial, connector->base.context, &options, on_dialed, connector);
	}
	return envoi__tcp_proxy_is_local(connector->proxy)
		? envoi__tcp_proxy_look_up(connector->proxy, &options, on_looked_up, connector)
		: dial_proxy(connector);
}

static int tcp_connect(struct envoi_connector *base, const struct envoi_target *target,
	envoi_connected_fn *done, void *user)
{
	struct tcp_connector *connector = connector_of(base);
	if (connector->is_waited_for) {
		return ENVOI_ERR_STATE;
	}
	if (!connector->kind->supports(target)) {
		return ENVOI_ERR_UNSUPPORTED;
	}
	tcp_cancel(base);
	connector->domain = envoi_strndup(base->context, target->domain, strlen(target->domain));
	if (connector->domain == NULL) {
		return ENVOI_ERR_NOMEM;
	}
	connector->tls = target->tls != NULL ? envoi_tls_config_ref(target->tls) : NULL;
	connector->done = done;
	connector->user = user;
	int r = envoi_channel_options_read(&connector->options, base->context, target->settings);
	if (r == ENVOI_OK) {
		r = begin_dial(connector, target);
	}
	connector->is_waited_for = r == ENVOI_OK;
	if (r < 0) {
		tcp_cancel(base);
	}
	return r;
}

void envoi__tcp_connector_init(struct tcp_connector *connector, struct envoi_context *context,
	const struct tcp_connector_kind *kind)
{
	connector->kind = kind;
	connector->impl = (struct envoi_connector_impl){
		.name = kind->name,
		.connect = tcp_connect,
		.next = tcp_next,
		.cancel = tcp_cancel,
		.destroy = tcp_destroy,
	};
	connector->trials = (struct envoi_trial_hooks){
		.begin = begin_trial,
		.drop = drop_trial,
		.user = connector,
	};
	envoi_connector_init(&connector->base, &connector->impl, context);
}

/* --- the connector of TCP --- */

static bool supports_target(const struct envoi_target *target)
{
	return target->url == NULL;
}

static int prepare_dial(struct tcp_connector *connector, const struct envoi_target *target,
	struct envoi_dial_options *options)
{
	(void)connector;
	if (target->tls == NULL && options->routes == ENVOI_ROUTE_DIRECT) {
		return ENVOI_ERR_INVALID;
	}
	if (target->tls == NULL) {
		options->routes = ENVOI_ROUTE_STARTTLS;
	}
	return ENVOI_OK;
}

/* XEP-0368, section 4: SNI and certificate as for STARTTLS, and the service's name by ALPN. The
 * dial has deadlines for all this. */
static int open_direct(
	struct tcp_connector *connector, struct tcp_trial *own, struct envoi_channel *channel)
{
	const struct envoi_opening_options options = {
		.channel = &connector->options,
		.role = ENVOI_INITIATOR,
		.tls = own->is_direct ? connector->tls : NULL,
		.server_name = connector->domain,
		.alpn = "xmpp-client",
		.done = envoi__tcp_trial_opened,
		.waiting = envoi__tcp_trial_waiting,
		.user = own,
	};
	struct envoi_opening *opening;
	int r = envoi_opening_new(&opening, connector->base.context, channel, &options);
	own->opening = r == ENVOI_OK ? opening : NULL;
	return r;
}

static void free_opening(void *opening)
{
	envoi_opening_free(opening);
}

static const struct tcp_connector_kind tcp_kind = {
	.name = "tcp",
	.supports = supports_target,
	.prepare = prepare_dial,
	.open = open_direct,
	.free_opening = free_opening,
};

int envoi_tcp_connector_new(struct envoi_connector **ret_connector, struct envoi_context *context)
{
	struct tcp_connector *connector = envoi_alloc_zeroed(context, sizeof(*connector));
	if (connector == NULL) {
		return ENVOI_ERR_NOMEM;
	}
	envoi__tcp_connector_init(connector, context, &tcp_kind);
	*ret_connector = &connector->base;
	return ENVOI_OK;
}
