/*
 * envoi - a connector for channels that exist at once
 * SPDX-License-Identifier: MIT
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include <envoi/context.h>
#include <envoi/interfaces/channel.h>
#include <envoi/interfaces/dial.h>
#include <envoi/settings.h>
#include <envoi/tls.h>
#include <envoi/watch.h>

#include "base/guard.h"

struct channel_connector {
	struct envoi_connector base;
	struct envoi_connector_impl impl; /* with the name of the application's table */
	const struct envoi_channel_connector_impl *functions;
	void *own; /* of the functions */
	struct envoi__guard guard;
	struct envoi_channel_options options;
	char *domain;
	struct envoi_tls_config *tls; /* a reference; not NULL: direct TLS */
	struct envoi_opening *opening; /* NULL: no channel yet */
	envoi_connected_fn *done; /* NULL: not connecting */
	void *user; /* of done */
	struct envoi_deferred start;
	struct envoi_timer timeout; /* until there is a channel */
	uint64_t timeout_ms; /* 0: none */
	uint64_t tls_timeout_ms; /* of the handshake; 0: none */
	uint64_t decision_timeout_ms; /* of the application's trust decision in it; 0: none */
	uint64_t attempt; /* the number of calls of connect: a callback may have called it again */
};

static struct channel_connector *connector_of(struct envoi_connector *base)
{
	return ENVOI_CONTAINER_OF(base, struct channel_connector, base);
}

/* --- the end --- */

/* Freeing the opening reports to an application that its trust decision is no longer needed. It may
 * destroy the connector inside: the opening is freed last. */
static void channel_cancel(struct envoi_connector *base)
{
	struct channel_connector *connector = connector_of(base);
	struct envoi_opening *opening = connector->opening;
	connector->done = NULL;
	connector->opening = NULL;
	envoi_deferred_cancel(&connector->start);
	envoi_timer_stop(&connector->timeout);
	connector->tls = envoi_tls_config_unref(connector->tls);
	envoi_opening_free(opening);
}

static void leave(struct channel_connector *connector)
{
	if (!envoi__guard_leave(&connector->guard)) {
		return;
	}
	struct envoi_context *context = envoi_context_ref(connector->base.context);
	if (connector->functions->destroy != NULL) {
		connector->functions->destroy(connector->own);
	}
	envoi_free(context, connector->domain);
	envoi_connector_finish(&connector->base);
	envoi_free(context, connector);
	envoi_context_unref(context);
}

static void channel_destroy(struct envoi_connector *base)
{
	struct channel_connector *connector = connector_of(base);
	envoi__guard_enter(&connector->guard);
	envoi__guard_end(&connector->guard);
	leave(connector);
}

/* The receiver may destroy the connector inside `done`, which comes last. */
static void finish(struct channel_connector *connector, struct envoi_transport *transport,
	const struct envoi_failure *failure)
{
	envoi_connected_fn *done = connector->done;
	void *user = connector->user;
	channel_cancel(&connector->base);
	done(user, transport, failure);
}

static void fail(
	struct channel_connector *connector, enum envoi_phase phase, int code, const char *text)
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
	fail(ENVOI_CONTAINER_OF(timer, struct channel_connector, timeout), ENVOI_PHASE_CONNECT,
		ENVOI_ERR_TIMEOUT, "no answer");
}

/* --- from a channel to a transport --- */

static void on_opened(
	void *user, struct envoi_transport *transport, const struct envoi_failure *failure)
{
	struct channel_connector *connector = user;
	connector->opening = NULL;
	if (transport != NULL) {
		finish(connector, transport, NULL);
	} else {
		fail(connector, ENVOI_PHASE_TLS, failure->code, failure->text);
	}
}

/* Making the channel takes no time: the handshake has all of it. */
static uint64_t handshake_timeout(const struct channel_connector *connector)
{
	bool is_bounded = connector->timeout_ms > 0 &&
		(connector->tls_timeout_ms == 0 ||
			connector->timeout_ms < connector->tls_timeout_ms);
	return is_bounded ? connector->timeout_ms : connector->tls_timeout_ms;
}

static int open_channel(struct channel_connector *connector, struct envoi_channel *channel,
	const struct envoi_channel_options *channel_options)
{
	const struct envoi_opening_options options = {
		.channel = channel_options,
		.role = ENVOI_INITIATOR,
		.tls = connector->tls,
		.server_name = connector->domain,
		.alpn = "xmpp-client", /* XEP-0368, section 4 */
		.timeout_ms = handshake_timeout(connector),
		.decision_timeout_ms = connector->decision_timeout_ms,
		.done = on_opened,
		.user = connector,
	};
	int r = envoi_opening_new(&connector->opening, connector->base.context, channel, &options);
	if (r == ENVOI_OK) {
		envoi_timer_stop(&connector->timeout);
	}
	return r;
}

/* --- connecting --- */

static bool is_pending(const struct channel_connector *connector, uint64_t attempt)
{
	return connector->done != NULL && connector->attempt == attempt;
}

static void fail_to_make(struct channel_connector *connector, int code, int error)
{
	char text[96];
	enum envoi_phase phase = connector->tls != NULL ? ENVOI_PHASE_TLS : ENVOI_PHASE_CONNECT;
	bool has_text = code == ENVOI_ERR_SYSTEM && error != 0 &&
		strerror_r(error, text, sizeof(text)) == 0;
	fail(connector, phase, code, has_text ? text : envoi_error_text(code));
}

/* The application may cancel, connect again, or destroy the connector while it makes a channel. */
static void on_start(struct envoi_deferred *deferred)
{
	struct channel_connector *connector = ENVOI_CONTAINER_OF(
		deferred, struct channel_connector, start);
	struct envoi_channel *channel = NULL;
	struct envoi_channel_options options = connector->options;
	uint64_t attempt = connector->attempt;
	envoi__guard_enter(&connector->guard);
	errno = 0;
	int r = connector->functions->make(connector->own, &channel, connector->domain, &options);
	int error = errno;
	if (!is_pending(connector, attempt)) {
		envoi_channel_destroy(channel);
	} else {
		r = r == ENVOI_OK ? open_channel(connector, channel, &options) : r;
		if (r < 0) {
			fail_to_make(connector, r, error);
		}
	}
	leave(connector);
}

static int read_settings(struct channel_connector *connector, const struct envoi_target *target)
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
	bool is_direct = options.routes == ENVOI_ROUTE_DIRECT;
	if (is_direct && target->tls == NULL) {
		return ENVOI_ERR_INVALID;
	}
	connector->tls = is_direct ? envoi_tls_config_ref(target->tls) : NULL;
	connector->timeout_ms = target->timeout_ms;
	connector->tls_timeout_ms = options.trial_timeout_ms;
	connector->decision_timeout_ms = options.decision_timeout_ms;
	return ENVOI_OK;
}

static void begin(struct channel_connector *connector, envoi_connected_fn *done, void *user)
{
	struct envoi_loop *loop = envoi_context_loop(connector->base.context);
	connector->done = done;
	connector->user = user;
	connector->attempt++;
	envoi_deferred_post(&connector->start, loop, on_start);
	if (connector->timeout_ms > 0) {
		envoi_timer_start(&connector->timeout, loop, connector->timeout_ms, on_timeout);
	}
}

static int channel_connect(struct envoi_connector *base, const struct envoi_target *target,
	envoi_connected_fn *done, void *user)
{
	struct channel_connector *connector = connector_of(base);
	if (connector->done != NULL) {
		return ENVOI_ERR_STATE;
	}
	if (target->url != NULL) {
		return ENVOI_ERR_UNSUPPORTED;
	}
	char *domain = envoi_strndup(base->context, target->domain, strlen(target->domain));
	int r = envoi_context_loop(base->context) == NULL || domain == NULL
		? ENVOI_ERR_NOMEM
		: read_settings(connector, target);
	if (r < 0) {
		envoi_free(base->context, domain);
		return r;
	}
	envoi_free(base->context, connector->domain);
	connector->domain = domain;
	begin(connector, done, user);
	return ENVOI_OK;
}

int envoi_channel_connector_new(struct envoi_connector **ret_connector,
	struct envoi_context *context, const struct envoi_channel_connector_impl *impl, void *own)
{
	struct channel_connector *connector = envoi_alloc_zeroed(context, sizeof(*connector));
	if (connector == NULL) {
		return ENVOI_ERR_NOMEM;
	}
	connector->impl = (struct envoi_connector_impl){
		.name = impl->name,
		.connect = channel_connect,
		.cancel = channel_cancel,
		.destroy = channel_destroy,
	};
	connector->functions = impl;
	connector->own = own;
	envoi_connector_init(&connector->base, &connector->impl, context);
	*ret_connector = &connector->base;
	return ENVOI_OK;
}
