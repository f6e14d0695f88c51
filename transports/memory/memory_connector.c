/*
 * envoi - connections in memory: a connector whose listener is a function
 * SPDX-License-Identifier: MIT
 *
 * Private headers: the byte stream has no public interface that a socket can use without a copy, and
 * the lifetime guard is one for all.
 */
#include <stdio.h>
#include <string.h>

#include <envoi/context.h>
#include <envoi/interfaces/dial.h>
#include <envoi/interfaces/mainloop.h>
#include <envoi/interfaces/transport.h>
#include <envoi/settings.h>
#include <envoi/tls.h>

#include "base/guard.h"
#include "memory.h"
#include "transport/bytestream/bytestream.h"
#include "transport/bytestream/handshake.h"

struct memory_connector {
	struct envoi_connector base;
	envoi_memory_accept_fn *accept;
	void *user;
	bool is_secure;
	struct octets_options options;
	char *domain;
	struct envoi_tls_config *tls; /* a reference; not NULL: direct TLS */
	struct envoi_transport *transport; /* in its handshake */
	struct octets_handshake handshake;
	envoi_connected_fn *done; /* NULL: nothing is under way */
	void *done_user;
	struct envoi_deferred start;
	struct envoi_timer timeout;
	uint64_t timeout_ms; /* 0: none */
	uint64_t tls_timeout_ms; /* of a handshake */
	uint64_t decision_ms; /* of whoever decides in it; 0: none */
	uint64_t attempt; /* tells one connecting from the next */
	struct envoi__guard guard;
};

static struct memory_connector *connector_of(struct envoi_connector *connector)
{
	return ENVOI_CONTAINER_OF(connector, struct memory_connector, base);
}

/* Whoever was asked whether to believe the server is told that it is over, and may cancel and
 * destroy the connector. */
static void drop_transport(struct memory_connector *connector)
{
	struct envoi_transport *transport = connector->transport;
	connector->transport = NULL;
	envoi_transport_destroy(transport);
}

static void memory_cancel(struct envoi_connector *base)
{
	struct memory_connector *connector = connector_of(base);
	connector->done = NULL;
	envoi_deferred_cancel(&connector->start);
	envoi_timer_stop(&connector->timeout);
	connector->tls = envoi_tls_config_unref(connector->tls);
	drop_transport(connector);
}

static void release(struct memory_connector *connector)
{
	struct envoi_context *context = envoi_context_ref(connector->base.context);
	envoi_free(context, connector->domain);
	envoi_connector_finish(&connector->base);
	envoi_free(context, connector);
	envoi_context_unref(context);
}

static void leave(struct memory_connector *connector)
{
	if (envoi__guard_leave(&connector->guard)) {
		release(connector);
	}
}

static void memory_destroy(struct envoi_connector *base)
{
	struct memory_connector *connector = connector_of(base);
	envoi__guard_enter(&connector->guard);
	envoi__guard_end(&connector->guard);
	leave(connector);
}

/* The last thing that a connecting does. */
static void finish(struct memory_connector *connector, struct envoi_transport *transport,
	const struct envoi_failure *failure)
{
	uint64_t attempt = connector->attempt;
	drop_transport(connector);
	envoi_connected_fn *done = connector->done;
	if (done != NULL && connector->attempt == attempt) {
		memory_cancel(&connector->base);
		done(connector->done_user, transport, failure);
	}
}

static void fail(
	struct memory_connector *connector, enum envoi_phase phase, int code, const char *text)
{
	struct envoi_failure failure;
	struct envoi_attempt attempt = {.phase = phase, .code = code};
	snprintf(attempt.target, sizeof(attempt.target), "%s", connector->domain);
	snprintf(attempt.text, sizeof(attempt.text), "%s", text);
	envoi_failure_set(&failure, connector->base.context, phase, code, "%s", text);
	envoi_failure_add_attempt(&failure, &attempt);
	finish(connector, NULL, &failure);
	envoi_failure_finish(&failure);
}

static void on_timeout(struct envoi_timer *timer)
{
	struct memory_connector *connector = ENVOI_CONTAINER_OF(
		timer, struct memory_connector, timeout);
	envoi__guard_enter(&connector->guard);
	fail(connector, connector->transport != NULL ? ENVOI_PHASE_TLS : ENVOI_PHASE_CONNECT,
		ENVOI_ERR_TIMEOUT, "nobody answered");
	leave(connector);
}

/* Connecting takes no time here: what is left for the handshake is all there was. */
static void start_timeout(struct memory_connector *connector)
{
	uint64_t timeout_ms = connector->timeout_ms;
	bool is_in_handshake = connector->transport != NULL;
	if (is_in_handshake && (timeout_ms == 0 || timeout_ms > connector->tls_timeout_ms)) {
		timeout_ms = connector->tls_timeout_ms;
	}
	if (timeout_ms > 0) {
		envoi_timer_start(&connector->timeout, envoi_context_loop(connector->base.context),
			timeout_ms, on_timeout);
	}
}

static void on_handshake(void *user, const struct envoi_failure *why)
{
	struct memory_connector *connector = user;
	struct envoi_transport *transport = connector->transport;
	envoi__guard_enter(&connector->guard);
	if (why == NULL) {
		connector->transport = NULL;
		finish(connector, transport, NULL);
	} else {
		char text[sizeof(why->text)];
		int code = why->code;
		snprintf(text, sizeof(text), "%s", why->text);
		fail(connector, ENVOI_PHASE_TLS, code, text); /* frees what why lies in */
	}
	leave(connector);
}

static void on_undecided_timeout(struct envoi_timer *timer)
{
	struct memory_connector *connector = ENVOI_CONTAINER_OF(
		timer, struct memory_connector, timeout);
	envoi__guard_enter(&connector->guard);
	fail(connector, ENVOI_PHASE_TLS, ENVOI_ERR_TIMEOUT,
		"nobody decided whether to believe the server in the time allowed");
	leave(connector);
}

/* Who decides whether to believe the server has a time of his own. */
static void on_undecided(void *user, bool waits)
{
	struct memory_connector *connector = user;
	envoi_timer_stop(&connector->timeout);
	if (!waits) {
		start_timeout(connector);
	} else if (connector->decision_ms > 0) {
		envoi_timer_start(&connector->timeout, envoi_context_loop(connector->base.context),
			connector->decision_ms, on_undecided_timeout);
	}
}

/* The transport is there; with direct TLS (XEP-0368) there is more to do. */
static void go_on_with(struct memory_connector *connector, struct envoi_transport *transport)
{
	if (connector->tls == NULL) {
		finish(connector, transport, NULL);
		return;
	}
	connector->transport = transport;
	start_timeout(connector);
	int r = octets_handshake_begin(&connector->handshake, transport, ENVOI_INITIATOR,
		connector->tls, connector->domain, "xmpp-client", on_handshake, connector);
	connector->handshake.undecided = on_undecided;
	if (r < 0) {
		fail(connector, ENVOI_PHASE_TLS, r, envoi_error_text(r));
	}
}

static int make_transport(struct memory_connector *connector,
	struct envoi_transport **ret_transport, struct envoi_memory_pair *pair)
{
	connector->options.is_secure = connector->is_secure;
	return memory_transport_new(ret_transport, pair, ENVOI_MEMORY_A, &connector->options);
}

static void on_start(struct envoi_deferred *deferred)
{
	struct memory_connector *connector = ENVOI_CONTAINER_OF(
		deferred, struct memory_connector, start);
	struct envoi_memory_pair *pair = NULL;
	struct envoi_transport *transport = NULL;
	uint64_t attempt = connector->attempt;
	envoi__guard_enter(&connector->guard);
	int r = envoi_memory_pair_new(&pair, connector->base.context);
	if (r == ENVOI_OK) {
		r = connector->accept(connector->user, pair, connector->domain);
	}
	if (connector->done != NULL && connector->attempt == attempt) {
		if (r == ENVOI_OK) {
			r = make_transport(connector, &transport, pair);
		}
		if (r == ENVOI_OK) {
			go_on_with(connector, transport);
		} else if (r < 0) {
			fail(connector, ENVOI_PHASE_CONNECT, r, envoi_error_text(r));
		}
	}
	envoi_memory_pair_unref(pair);
	leave(connector);
}

/* The memory pair replaces the route to the server; its timeouts and direct TLS are as for TCP. */
static int read_settings(struct memory_connector *connector, const struct envoi_target *target)
{
	struct envoi_dial_options options = {0};
	int r = octets_options_read(&connector->options, connector->base.context, target->settings);
	if (r < 0) {
		return r;
	}
	if (target->settings != NULL) {
		envoi_dial_options_from_settings(&options, target->settings);
	}
	bool is_direct = target->tls != NULL && options.routes == ENVOI_ROUTE_DIRECT;
	connector->tls = is_direct ? envoi_tls_config_ref(target->tls) : NULL;
	connector->timeout_ms = target->timeout_ms;
	connector->tls_timeout_ms = options.trial_timeout_ms;
	connector->decision_ms = options.decision_timeout_ms;
	return ENVOI_OK;
}

static int memory_connect(struct envoi_connector *base, const struct envoi_target *target,
	envoi_connected_fn *done, void *user)
{
	struct memory_connector *connector = connector_of(base);
	if (connector->done != NULL) {
		return ENVOI_ERR_STATE;
	}
	if (target->url != NULL) {
		return ENVOI_ERR_UNSUPPORTED;
	}
	struct envoi_loop *loop = envoi_context_loop(base->context);
	char *domain = envoi_strndup(base->context, target->domain, strlen(target->domain));
	int r = loop == NULL || domain == NULL ? ENVOI_ERR_NOMEM : read_settings(connector, target);
	if (r < 0) {
		envoi_free(base->context, domain);
		return r;
	}
	envoi_free(base->context, connector->domain);
	connector->domain = domain;
	connector->done = done;
	connector->done_user = user;
	connector->attempt++;
	envoi_deferred_post(&connector->start, loop, on_start);
	start_timeout(connector);
	return ENVOI_OK;
}

static const struct envoi_connector_impl connector_impl = {
	.name = "memory",
	.connect = memory_connect,
	.cancel = memory_cancel,
	.destroy = memory_destroy,
};

int envoi_memory_connector_new(struct envoi_connector **ret_connector,
	struct envoi_context *context, envoi_memory_accept_fn *accept, void *user)
{
	struct memory_connector *connector = envoi_alloc_zeroed(context, sizeof(*connector));
	if (connector == NULL) {
		return ENVOI_ERR_NOMEM;
	}
	envoi_connector_init(&connector->base, &connector_impl, context);
	connector->accept = accept;
	connector->user = user;
	*ret_connector = &connector->base;
	return ENVOI_OK;
}

void envoi_memory_connector_set_secure(struct envoi_connector *connector)
{
	if (connector->impl == &connector_impl) {
		connector_of(connector)->is_secure = true;
	}
}
