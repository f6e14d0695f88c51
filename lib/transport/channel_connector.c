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
	struct envoi_target target; /* a copy; tls: a reference, not NULL: direct TLS */
	struct envoi_opening *opening; /* NULL: no channel yet */
	envoi_connected_fn *done; /* NULL: not connecting */
	void *user; /* of done */
	struct envoi_deferred start;
	struct envoi_timer timeout; /* until there is a channel */
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
	connector->target.tls = envoi_tls_config_unref(connector->target.tls);
	envoi_opening_free(opening);
}

static void free_target(struct envoi_context *context, struct envoi_target *target)
{
	envoi_free(context, (void *)(uintptr_t)target->domain);
	envoi_free(context, (void *)(uintptr_t)target->service);
	envoi_settings_free(target->settings);
	envoi_tls_config_unref(target->tls);
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
	free_target(context, &connector->target);
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
	snprintf(attempt.target, sizeof(attempt.target), "%s", connector->target.domain);
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
	uint64_t timeout_ms = connector->target.timeout_ms;
	bool is_bounded = timeout_ms > 0 &&
		(connector->tls_timeout_ms == 0 || timeout_ms < connector->tls_timeout_ms);
	return is_bounded ? timeout_ms : connector->tls_timeout_ms;
}

static int open_channel(struct channel_connector *connector, struct envoi_channel *channel,
	const struct envoi_channel_options *channel_options)
{
	const struct envoi_opening_options options = {
		.channel = channel_options,
		.role = ENVOI_INITIATOR,
		.tls = connector->target.tls,
		.server_name = connector->target.domain,
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
	enum envoi_phase phase = connector->target.tls != NULL ? ENVOI_PHASE_TLS
							       : ENVOI_PHASE_CONNECT;
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
	int r = connector->functions->make(connector->own, &channel, &connector->target, &options);
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

/* Without `tls`, which read_settings() sets. */
static int copy_target(struct envoi_target *ret_copy, struct envoi_context *context,
	const struct envoi_target *target)
{
	*ret_copy = (struct envoi_target){
		.domain = envoi_strndup(context, target->domain, strlen(target->domain)),
		.timeout_ms = target->timeout_ms,
	};
	int r = ret_copy->domain == NULL ? ENVOI_ERR_NOMEM : ENVOI_OK;
	if (r == ENVOI_OK && target->service != NULL) {
		ret_copy->service = envoi_strndup(
			context, target->service, strlen(target->service));
		r = ret_copy->service == NULL ? ENVOI_ERR_NOMEM : ENVOI_OK;
	}
	if (r == ENVOI_OK && target->settings != NULL) {
		r = envoi_settings_dup(&ret_copy->settings, target->settings);
	}
	return r;
}

/* @param copy  gets a reference to the TLS configuration, for direct TLS */
static int read_settings(struct channel_connector *connector, struct envoi_target *copy,
	struct envoi_tls_config *tls)
{
	struct envoi_dial_options options = {0};
	int r = envoi_channel_options_read(
		&connector->options, connector->base.context, copy->settings);
	if (r < 0) {
		return r;
	}
	if (copy->settings != NULL) {
		envoi_dial_options_from_settings(&options, copy->settings);
	}
	bool is_direct = options.routes == ENVOI_ROUTE_DIRECT;
	if (is_direct && tls == NULL) {
		return ENVOI_ERR_INVALID;
	}
	copy->tls = is_direct ? envoi_tls_config_ref(tls) : NULL;
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
	if (connector->target.timeout_ms > 0) {
		envoi_timer_start(
			&connector->timeout, loop, connector->target.timeout_ms, on_timeout);
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
	struct envoi_target copy;
	int r = copy_target(&copy, base->context, target);
	if (r == ENVOI_OK && envoi_context_loop(base->context) == NULL) {
		r = ENVOI_ERR_NOMEM;
	}
	r = r < 0 ? r : read_settings(connector, &copy, target->tls);
	if (r < 0) {
		free_target(base->context, &copy);
		return r;
	}
	free_target(base->context, &connector->target);
	connector->target = copy;
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
