/*
 * envoi - XMPP over TCP: from a domain to a transport
 * SPDX-License-Identifier: MIT
 *
 * Private headers: the byte stream has no public interface that a socket can use without a copy.
 */
#include <string.h>

#include <envoi/context.h>
#include <envoi/interfaces/dial.h>
#include <envoi/interfaces/transport.h>
#include <envoi/settings.h>
#include <envoi/tls.h>

#include "tcp.h"
#include "transport/bytestream/bytestream.h"
#include "transport/bytestream/handshake.h"

struct tcp_connector {
	struct envoi_connector base;
	struct octets_options options;
	struct envoi_dial *dial; /* NULL: nothing is under way */
	bool is_waited_for; /* by `done` */
	struct envoi_trial_hooks trials; /* of direct TLS */
	struct envoi_tls_config *tls; /* a reference; NULL: none */
	char *domain; /* as given: the name to be proved */
	envoi_connected_fn *done;
	void *user;
};

/** A connection in its handshake; what a trial owns. */
struct tcp_handshake {
	struct envoi_context *context; /* borrowed: the transport has it too */
	struct envoi_trial *trial;
	struct envoi_transport *transport;
	struct octets_handshake handshake;
};

static struct tcp_connector *connector_of(struct envoi_connector *connector)
{
	return ENVOI_CONTAINER_OF(connector, struct tcp_connector, base);
}

/* Whoever was asked whether to believe a server is told inside that it is over, and may cancel and
 * destroy once more: by then nothing of the connector is needed. */
static void tcp_cancel(struct envoi_connector *base)
{
	struct tcp_connector *connector = connector_of(base);
	struct envoi_dial *dial = connector->dial;
	connector->is_waited_for = false;
	connector->tls = envoi_tls_config_unref(connector->tls);
	envoi_free(base->context, connector->domain);
	connector->domain = NULL;
	connector->dial = NULL;
	envoi_dial_free(dial);
}

/* --- direct TLS --- */

static void free_handshake(struct tcp_handshake *handshake)
{
	struct envoi_context *context = envoi_context_ref(handshake->context);
	envoi_transport_destroy(handshake->transport);
	envoi_free(context, handshake);
	envoi_context_unref(context);
}

static void on_handshake(void *user, const struct envoi_failure *why)
{
	struct tcp_handshake *handshake = user;
	struct envoi_trial *trial = handshake->trial;
	if (why == NULL) {
		envoi_trial_pass(trial);
		return;
	}
	struct envoi_failure copy;
	envoi_failure_copy(&copy, why); /* the transport's goes with it */
	copy.phase = ENVOI_PHASE_TLS;
	free_handshake(handshake);
	envoi_trial_fail(trial, &copy);
	envoi_failure_finish(&copy);
}

static void on_undecided(void *user, bool waits)
{
	struct tcp_handshake *handshake = user;
	envoi_trial_wait(handshake->trial, waits);
}

/* XEP-0368, section 4: SNI and certificate as for STARTTLS, and the service's name by ALPN. */
static int begin_handshake(void *user, struct envoi_trial *trial, const struct envoi_dialed *dialed)
{
	struct tcp_connector *connector = user;
	struct envoi_context *context = connector->base.context;
	struct envoi_transport *transport;
	int r = tcp_transport_new(&transport, context, dialed->fd, &connector->options);
	if (r < 0) {
		return r;
	}
	struct tcp_handshake *handshake = envoi_alloc_zeroed(context, sizeof(*handshake));
	if (handshake == NULL) {
		envoi_transport_destroy(transport);
		return ENVOI_ERR_NOMEM;
	}
	handshake->context = context;
	handshake->trial = trial;
	handshake->transport = transport;
	r = octets_handshake_begin(&handshake->handshake, transport, ENVOI_INITIATOR,
		connector->tls, connector->domain, "xmpp-client", on_handshake, handshake);
	if (r < 0) {
		free_handshake(handshake);
		return r;
	}
	handshake->handshake.undecided = on_undecided;
	trial->own = handshake;
	return ENVOI_OK;
}

static void drop_handshake(void *user, struct envoi_trial *trial)
{
	(void)user;
	free_handshake(trial->own);
}

static struct envoi_transport *take_transport(struct tcp_handshake *handshake)
{
	struct envoi_transport *transport = handshake->transport;
	envoi_free(handshake->context, handshake);
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
	return tcp_transport_new(
		ret_transport, connector->base.context, dialed->fd, &connector->options);
}

/* The receiver may destroy the connector: its callback comes last. With a transport, the dial
 * stays, to go on if that will not do. */
static void on_dialed(
	void *user, const struct envoi_dialed *dialed, const struct envoi_failure *failure)
{
	struct tcp_connector *connector = user;
	envoi_connected_fn *done = connector->done;
	void *done_user = connector->user;
	struct envoi_context *context = envoi_context_ref(connector->base.context);
	struct envoi_transport *transport = NULL;
	struct envoi_failure why = {0};
	if (failure != NULL) {
		envoi_failure_copy(&why, failure); /* the dial's goes with the dial */
	}
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

static int tcp_next(
	struct envoi_connector *base, const struct envoi_failure *why, uint64_t timeout_ms)
{
	struct tcp_connector *connector = connector_of(base);
	if (connector->dial == NULL || connector->is_waited_for) {
		return ENVOI_ERR_STATE;
	}
	int r = envoi_dial_next(connector->dial, why, timeout_ms);
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
	if (target->tls == NULL && options.routes == ENVOI_ROUTE_DIRECT) {
		return ENVOI_ERR_INVALID;
	}
	if (target->tls == NULL) {
		options.routes = ENVOI_ROUTE_STARTTLS;
	}
	return envoi_dial_new(
		&connector->dial, connector->base.context, &options, on_dialed, connector);
}

static int tcp_connect(struct envoi_connector *base, const struct envoi_target *target,
	envoi_connected_fn *done, void *user)
{
	struct tcp_connector *connector = connector_of(base);
	if (connector->is_waited_for) {
		return ENVOI_ERR_STATE;
	}
	if (target->url != NULL) {
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
	int r = octets_options_read(&connector->options, base->context, target->settings);
	if (r == ENVOI_OK) {
		r = begin_dial(connector, target);
	}
	connector->is_waited_for = r == ENVOI_OK;
	if (r < 0) {
		tcp_cancel(base);
	}
	return r;
}

static const struct envoi_connector_impl connector_impl = {
	.name = "tcp",
	.connect = tcp_connect,
	.next = tcp_next,
	.cancel = tcp_cancel,
	.destroy = tcp_destroy,
};

int envoi_tcp_connector_new(struct envoi_connector **ret_connector, struct envoi_context *context)
{
	struct tcp_connector *connector = envoi_alloc_zeroed(context, sizeof(*connector));
	if (connector == NULL) {
		return ENVOI_ERR_NOMEM;
	}
	envoi_connector_init(&connector->base, &connector_impl, context);
	connector->trials = (struct envoi_trial_hooks){
		.begin = begin_handshake,
		.drop = drop_handshake,
		.user = connector,
	};
	*ret_connector = &connector->base;
	return ENVOI_OK;
}
