/*
 * envoi - a login: the connectors and hosts that it tries
 * SPDX-License-Identifier: MIT
 */
#include "connection/login_routes.h"

#include <stdio.h>
#include <string.h>

#include <envoi/context.h>
#include <envoi/settings.h>

#include "connection/login_order.h"

/* --- connectors --- */

int envoi__connectors_add(struct envoi__connectors *connectors, struct envoi_context *context,
	struct envoi_connector *connector)
{
	struct envoi_connector **items = envoi_realloc(context, connectors->items,
		(connectors->count + 1) * sizeof(struct envoi_connector *));
	if (items == NULL) {
		envoi_connector_destroy(connector);
		return ENVOI_ERR_NOMEM;
	}
	connectors->items = items;
	items[connectors->count++] = connector;
	return ENVOI_OK;
}

void envoi__connectors_finish(struct envoi__connectors *connectors, struct envoi_context *context)
{
	for (size_t i = 0; i < connectors->count; i++) {
		envoi_connector_destroy(connectors->items[i]);
	}
	envoi_free(context, connectors->items);
	*connectors = (struct envoi__connectors){.items = NULL};
}

struct envoi_connector *envoi__login_routes_connector(const struct envoi__login_routes *routes)
{
	return envoi__login_order_get(routes->connectors, routes->order, routes->at);
}

/* --- attempts --- */

void envoi__login_routes_init(struct envoi__login_routes *routes, struct envoi_context *context,
	const struct envoi__connectors *connectors)
{
	routes->context = context;
	routes->connectors = connectors;
	struct envoi_failure none;
	envoi_failure_set(&none, context, ENVOI_PHASE_CONNECT, ENVOI_ERR_UNSUPPORTED,
		"no connector for this server or URL is compiled in or was added");
	envoi__kept_failure_take(&routes->attempts, routes->context, &none);
}

void envoi__login_routes_finish(struct envoi__login_routes *routes)
{
	envoi__login_routes_forget(routes);
}

void envoi__login_routes_forget(struct envoi__login_routes *routes)
{
	envoi__kept_failure_finish(&routes->attempts);
	envoi__kept_failure_finish(&routes->tried);
}

static void add(struct envoi_failure *to, const struct envoi_failure *from)
{
	for (size_t i = 0; i < from->attempt_count; i++) {
		envoi_failure_add_attempt(to, &from->attempts[i]);
	}
}

static bool has_attempt(const struct envoi_failure *why, const struct envoi_attempt *attempt)
{
	for (size_t i = 0; i < why->attempt_count; i++) {
		const struct envoi_attempt *other = &why->attempts[i];
		if (other->code == attempt->code && other->port == attempt->port &&
			strcmp(other->target, attempt->target) == 0 &&
			strcmp(other->address, attempt->address) == 0 &&
			strcmp(other->text, attempt->text) == 0) {
			return true;
		}
	}
	return false;
}

/* Several routes may fail in the same place: a name that does not exist, a document. */
static void add_new(struct envoi_failure *to, const struct envoi_failure *from)
{
	for (size_t i = 0; i < from->attempt_count; i++) {
		if (!has_attempt(to, &from->attempts[i])) {
			envoi_failure_add_attempt(to, &from->attempts[i]);
		}
	}
}

static void add_kept(struct envoi_failure *to, const struct envoi__kept_failure *from)
{
	struct envoi_failure room;
	add(to, envoi__kept_failure_show(from, &room));
}

void envoi__login_routes_add_attempts(
	const struct envoi__login_routes *routes, struct envoi_failure *why)
{
	add_kept(why, &routes->attempts);
	add_kept(why, &routes->tried);
}

void envoi__login_routes_connected(
	struct envoi__login_routes *routes, const struct envoi_failure *failure)
{
	if (failure != NULL) {
		envoi__kept_failure_copy(&routes->tried, routes->context, failure);
	} else {
		envoi__kept_failure_finish(&routes->tried);
	}
}

void envoi__login_routes_failed(
	struct envoi__login_routes *routes, const struct envoi_failure *failure)
{
	const struct envoi_connector *connector = envoi__login_routes_connector(routes);
	bool is_other_route = connector != NULL && connector->impl->url != NULL &&
		routes->has_failed;
	struct envoi_failure room;
	struct envoi_failure all = is_other_route
		? *envoi__kept_failure_show(&routes->attempts, &room)
		: *failure;
	all.attempts = NULL;
	all.attempt_count = 0;
	add_kept(&all, &routes->attempts);
	if (is_other_route) {
		add_new(&all, failure);
	} else {
		add(&all, failure);
	}
	envoi__login_routes_forget(routes);
	envoi__kept_failure_take(&routes->attempts, routes->context, &all);
	routes->has_failed = true;
	routes->at++;
}

/* --- redirects --- */

bool envoi__is_redirect(const struct envoi_failure *why)
{
	return why->stream_condition == ENVOI_STREAM_SEE_OTHER_HOST &&
		why->retry == ENVOI_RETRY_NOW && why->redirect_host[0] != '\0';
}

static void note(struct envoi__login_routes *routes, const struct envoi_attempt *attempt)
{
	struct envoi_failure all;
	envoi__kept_failure_give(&routes->attempts, &all);
	add_kept(&all, &routes->tried);
	envoi_failure_add_attempt(&all, attempt);
	envoi__kept_failure_take(&routes->attempts, routes->context, &all);
	envoi__kept_failure_finish(&routes->tried);
}

/* A redirect is recorded as an attempt: the failure of the second host shows why it was tried. */
void envoi__login_routes_redirect(
	struct envoi__login_routes *routes, const struct envoi_failure *why, const char *domain)
{
	struct envoi_attempt attempt = {.phase = why->phase, .code = why->code};
	snprintf(attempt.target, sizeof(attempt.target), "%s",
		routes->redirects == 0 ? domain : routes->redirect_host);
	snprintf(attempt.text, sizeof(attempt.text), "redirected to %.100s", why->redirect_host);
	note(routes, &attempt);
	snprintf(routes->redirect_host, sizeof(routes->redirect_host), "%s", why->redirect_host);
	routes->redirect_port = why->redirect_port;
	routes->redirects++;
	routes->is_preferred = false;
	routes->at = 0;
}

void envoi__login_routes_note(struct envoi__login_routes *routes, const struct envoi_failure *why)
{
	struct envoi_attempt attempt = {
		.phase = why->phase, .code = why->code, .port = routes->redirect_port};
	snprintf(attempt.target, sizeof(attempt.target), "%s", routes->redirect_host);
	snprintf(attempt.text, sizeof(attempt.text), "%.120s", why->text);
	note(routes, &attempt);
}

void envoi__login_routes_prefer(struct envoi__login_routes *routes, const char *host, uint16_t port)
{
	snprintf(routes->redirect_host, sizeof(routes->redirect_host), "%s", host);
	routes->redirect_port = port;
	routes->is_preferred = true;
}

void envoi__login_routes_restart(struct envoi__login_routes *routes)
{
	routes->redirect_host[0] = '\0';
	routes->is_preferred = false;
	routes->at = 0;
}

bool envoi__login_routes_leave_preferred(struct envoi__login_routes *routes)
{
	bool was_preferred = routes->is_preferred;
	if (was_preferred) {
		envoi__login_routes_restart(routes);
	}
	return was_preferred;
}

static int name_host(struct envoi_settings *settings, const char *host, uint16_t port)
{
	char text[8];
	snprintf(text, sizeof(text), "%u", port);
	int r = envoi_settings_set(settings, "server", host);
	return r < 0 ? r : envoi_settings_set(settings, "port", text);
}

int envoi__login_routes_settings(const struct envoi__login_routes *routes,
	struct envoi_settings **ret_settings, struct envoi_settings *settings)
{
	if (routes->redirect_host[0] == '\0') {
		*ret_settings = settings;
		return ENVOI_OK;
	}
	struct envoi_settings *copy;
	int r = envoi_settings_dup(&copy, settings);
	if (r < 0) {
		return r;
	}
	r = name_host(copy, routes->redirect_host, routes->redirect_port);
	if (r < 0) {
		envoi_settings_free(copy);
		return r;
	}
	*ret_settings = copy;
	return ENVOI_OK;
}

/* --- other addresses --- */

/* Stream errors that one machine of several may answer with (RFC 6120, section 4.9.3). */
static bool concerns_one_machine(enum envoi_stream_condition condition)
{
	switch (condition) {
	case ENVOI_STREAM_HOST_GONE:
	case ENVOI_STREAM_HOST_UNKNOWN:
	case ENVOI_STREAM_INTERNAL_SERVER_ERROR:
	case ENVOI_STREAM_RESOURCE_CONSTRAINT:
	case ENVOI_STREAM_SYSTEM_SHUTDOWN:
		return true;
	default:
		return false;
	}
}

/* Before SASL no secret has been sent, and the next server is verified in the same way. */
bool envoi__may_try_elsewhere(
	const struct envoi_failure *why, bool is_secure, bool is_authenticated)
{
	bool is_before_login = why->phase == ENVOI_PHASE_TLS ||
		(why->phase == ENVOI_PHASE_STREAM && !is_authenticated);
	if (!is_before_login) {
		return false;
	}
	switch (why->code) {
	case ENVOI_ERR_DISCONNECTED:
	case ENVOI_ERR_TIMEOUT:
	case ENVOI_ERR_TLS:
	case ENVOI_ERR_CERTIFICATE:
		return true;
	case ENVOI_ERR_XML:
	case ENVOI_ERR_PROTOCOL:
	case ENVOI_ERR_LIMIT:
		return !is_secure; /* the peer may not be an XMPP server */
	case ENVOI_ERR_STREAM:
		return concerns_one_machine(why->stream_condition);
	default:
		return false;
	}
}
