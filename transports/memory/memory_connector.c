/*
 * envoi - connections in memory: a connector whose listener is a function
 * SPDX-License-Identifier: MIT
 */
#include <stdio.h>
#include <string.h>

#include <envoi/context.h>
#include <envoi/interfaces/channel.h>
#include <envoi/interfaces/dial.h>
#include <envoi/interfaces/mainloop.h>
#include <envoi/memory.h>
#include <envoi/settings.h>
#include <envoi/tls.h>

struct memory_connector {
	struct envoi_connector base;
	envoi_memory_accept_fn *accept;
	void *user;
	bool is_secure;
	struct envoi_channel_options options;
	char *domain;
	struct envoi_tls_config *tls; /* a reference; not NULL: direct TLS */
	struct envoi_opening *opening; /* NULL: not accepted yet */
	envoi_connected_fn *done; /* NULL: not connecting */
	void *done_user;
	struct envoi_deferred start;
	struct envoi_timer timeout; /* until the connection is accepted */
	uint64_t timeout_ms; /* 0: none */
	uint64_t tls_timeout_ms; /* of a handshake */
	uint64_t decision_ms; /* of the application's trust decision in it; 0: none */
	uint64_t attempt; /* tells one connecting from the next */
	unsigned int depth; /* calls on the stack that need this memory */
	bool is_destroyed;
};

static struct memory_connector *connector_of(struct envoi_connector *connector)
{
	return ENVOI_CONTAINER_OF(connector, struct memory_connector, base);
}

/* An application that was asked for a trust decision is notified inside, and may cancel and destroy
 * the connector: by then nothing of it is needed. */
static void memory_cancel(struct envoi_connector *base)
{
	struct memory_connector *connector = connector_of(base);
	struct envoi_opening *opening = connector->opening;
	connector->done = NULL;
	connector->opening = NULL;
	envoi_deferred_cancel(&connector->start);
	envoi_timer_stop(&connector->timeout);
	connector->tls = envoi_tls_config_unref(connector->tls);
	envoi_opening_free(opening);
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
	if (--connector->depth == 0 && connector->is_destroyed) {
		release(connector);
	}
}

static void memory_destroy(struct envoi_connector *base)
{
	struct memory_connector *connector = connector_of(base);
	connector->is_destroyed = true;
	if (connector->depth == 0) {
		release(connector);
	}
}

/* The last thing that a connecting does. */
static void finish(struct memory_connector *connector, struct envoi_transport *transport,
	const struct envoi_failure *failure)
{
	envoi_connected_fn *done = connector->done;
	void *user = connector->done_user;
	memory_cancel(&connector->base);
	done(user, transport, failure);
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
	fail(connector, ENVOI_PHASE_CONNECT, ENVOI_ERR_TIMEOUT, "no answer");
}

static void on_opened(
	void *user, struct envoi_transport *transport, const struct envoi_failure *failure)
{
	struct memory_connector *connector = user;
	connector->opening = NULL;
	if (transport != NULL) {
		finish(connector, transport, NULL);
	} else {
		fail(connector, ENVOI_PHASE_TLS, failure->code, failure->text);
	}
}

/* Connecting takes no time here: the handshake has all of it. */
static uint64_t handshake_timeout(const struct memory_connector *connector)
{
	bool is_bounded = connector->timeout_ms > 0 &&
		(connector->tls_timeout_ms == 0 ||
			connector->timeout_ms < connector->tls_timeout_ms);
	return is_bounded ? connector->timeout_ms : connector->tls_timeout_ms;
}

static int open_pair(struct memory_connector *connector, struct envoi_memory_pair *pair)
{
	struct envoi_channel *channel;
	const struct envoi_opening_options options = {
		.channel = &connector->options,
		.role = ENVOI_INITIATOR,
		.tls = connector->tls,
		.server_name = connector->domain,
		.alpn = "xmpp-client",
		.timeout_ms = handshake_timeout(connector),
		.decision_timeout_ms = connector->decision_ms,
		.done = on_opened,
		.user = connector,
	};
	connector->options.is_secure = connector->is_secure;
	int r = envoi_memory_channel_new(&channel, pair, ENVOI_MEMORY_A);
	if (r == ENVOI_OK) {
		r = envoi_opening_new(
			&connector->opening, connector->base.context, channel, &options);
	}
	if (r == ENVOI_OK) {
		envoi_timer_stop(&connector->timeout);
	}
	return r;
}

static void on_start(struct envoi_deferred *deferred)
{
	struct memory_connector *connector = ENVOI_CONTAINER_OF(
		deferred, struct memory_connector, start);
	struct envoi_memory_pair *pair = NULL;
	uint64_t attempt = connector->attempt;
	connector->depth++;
	int r = envoi_memory_pair_new(&pair, connector->base.context);
	if (r == ENVOI_OK) {
		r = connector->accept(connector->user, pair, connector->domain);
	}
	if (connector->done != NULL && connector->attempt == attempt) {
		r = r == ENVOI_OK ? open_pair(connector, pair) : r;
		if (r < 0) {
			fail(connector,
				connector->tls != NULL ? ENVOI_PHASE_TLS : ENVOI_PHASE_CONNECT, r,
				envoi_error_text(r));
		}
	}
	envoi_memory_pair_unref(pair);
	leave(connector);
}

static void start_timeout(struct memory_connector *connector)
{
	if (connector->timeout_ms > 0) {
		envoi_timer_start(&connector->timeout, envoi_context_loop(connector->base.context),
			connector->timeout_ms, on_timeout);
	}
}

/* The memory pair replaces the route to the server; its timeouts and direct TLS are as for TCP. */
static int read_settings(struct memory_connector *connector, const struct envoi_target *target)
{
	struct envoi_dial_options options = {0};
	int r = envoi_channel_options_read(
		&connector->options, connector->base.context, target->settings);
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
