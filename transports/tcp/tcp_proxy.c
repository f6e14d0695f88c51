/*
 * envoi - connectors over TCP: the server through a proxy
 * SPDX-License-Identifier: MIT
 *
 * Private headers: proxies, their settings and the conversion of names have no public ones.
 */
#include "tcp_proxy.h"

#include <stdio.h>
#include <string.h>

#include <envoi/context.h>
#include <envoi/failure.h>
#include <envoi/interfaces/dial.h>
#include <envoi/interfaces/mainloop.h>

#include "http/http_settings.h"
#include "net/host_names.h"
#include "net/net_settings.h"
#include "tcp_proxy_names.h"
#include "transport/proxy/proxy.h"

enum {
	SOCKS_PORT = 1080,
	HTTP_PORT = 3128,
	STARTTLS_PORT = 5222,
	DIRECT_PORT = 5223,
};

struct tcp_proxy {
	struct envoi_context *context; /* borrowed: of the connector */
	enum envoi__proxy_type type;
	char *proxy_host, *user, *password, *name_servers; /* NULL: not set */
	uint16_t proxy_port;
	char host[ENVOI__HOST_SIZE]; /* of the server */
	struct tcp_proxy_place places[TCP_PROXY_PLACES]; /* as they are sent */
	size_t count, at;
	bool is_local; /* the places are looked up here */
	struct tcp_proxy_names *names; /* while they are; else NULL */
	envoi__tcp_proxy_looked_up_fn *looked_up;
	void *user_of_names;
	size_t head_bytes;
	uint64_t end_ms; /* by the loop's clock; 0: no deadline */
	uint64_t waiting_since_ms; /* for a trust decision: the deadline is suspended */
	bool is_waiting;
	struct envoi_dial_options dial; /* without texts */
	struct envoi_failure tried; /* its attempts: of earlier places */
};

void envoi__tcp_proxy_free(struct tcp_proxy *proxy)
{
	if (proxy == NULL) {
		return;
	}
	struct envoi_context *context = proxy->context;
	if (proxy->password != NULL) {
		explicit_bzero(proxy->password, strlen(proxy->password));
	}
	envoi_free(context, proxy->proxy_host);
	envoi_free(context, proxy->user);
	envoi_free(context, proxy->password);
	envoi_free(context, proxy->name_servers);
	envoi__tcp_proxy_names_free(proxy->names);
	envoi_failure_finish(&proxy->tried);
	envoi_free(context, proxy);
}

/* --- the settings --- */

static void add_port(struct tcp_proxy *proxy, uint16_t port, bool is_direct)
{
	struct tcp_proxy_place *place = &proxy->places[proxy->count++];
	memcpy(place->host, proxy->host, sizeof(place->host));
	place->port = port;
	place->is_direct = is_direct;
}

/* Service records are not looked up. With a port STARTTLS is used where both are allowed, as
 * without a proxy. */
static void list_ports(struct tcp_proxy *proxy, const struct envoi_dial_options *options)
{
	if (options->port != 0) {
		add_port(proxy, options->port, options->routes == ENVOI_ROUTE_DIRECT);
		return;
	}
	if ((options->routes & ENVOI_ROUTE_DIRECT) != 0) {
		add_port(proxy, DIRECT_PORT, true);
	}
	if ((options->routes & ENVOI_ROUTE_STARTTLS) != 0) {
		add_port(proxy, STARTTLS_PORT, false);
	}
}

static int keep(struct envoi_context *context, char **own, const char *text)
{
	*own = text != NULL ? envoi_strndup(context, text, strlen(text)) : NULL;
	return text != NULL && *own == NULL ? ENVOI_ERR_NOMEM : ENVOI_OK;
}

static int keep_texts(struct tcp_proxy *proxy, const struct envoi__net_settings *net)
{
	int r = keep(proxy->context, &proxy->proxy_host, net->proxy_host);
	r = r < 0 ? r : keep(proxy->context, &proxy->user, net->proxy_user);
	r = r < 0 ? r : keep(proxy->context, &proxy->password, net->proxy_password);
	return r < 0 ? r : keep(proxy->context, &proxy->name_servers, net->name_servers);
}

static uint64_t now_of(const struct tcp_proxy *proxy)
{
	return envoi_loop_now_ms(envoi_context_loop(proxy->context));
}

void envoi__tcp_proxy_set_timeout(struct tcp_proxy *proxy, uint64_t timeout_ms)
{
	proxy->is_waiting = false;
	proxy->end_ms = timeout_ms > 0 ? now_of(proxy) + timeout_ms : 0;
}

void envoi__tcp_proxy_wait(struct tcp_proxy *proxy, bool is_waiting)
{
	uint64_t now_ms = now_of(proxy);
	if (is_waiting && !proxy->is_waiting) {
		proxy->waiting_since_ms = now_ms;
	} else if (!is_waiting && proxy->is_waiting && proxy->end_ms > 0) {
		proxy->end_ms += now_ms - proxy->waiting_since_ms;
	}
	proxy->is_waiting = is_waiting;
}

static void keep_dial(struct tcp_proxy *proxy, const struct envoi_dial_options *options)
{
	proxy->dial = (struct envoi_dial_options){
		.routes = ENVOI_ROUTE_DIRECT,
		.resolve_timeout_ms = options->resolve_timeout_ms,
		.attempt_timeout_ms = options->attempt_timeout_ms,
		.trial_timeout_ms = options->trial_timeout_ms,
		.decision_timeout_ms = options->decision_timeout_ms,
		.stagger_ms = options->stagger_ms,
	};
	envoi__tcp_proxy_set_timeout(proxy, options->timeout_ms);
}

static int fill(struct tcp_proxy *proxy, const struct envoi_settings *settings,
	const struct envoi__net_settings *net, const struct envoi_dial_options *options)
{
	struct envoi__http_settings http;
	envoi__http_settings_read(&http, settings);
	proxy->head_bytes = http.head_bytes;
	proxy->type = net->proxy_type;
	proxy->proxy_port = net->proxy_port != 0     ? net->proxy_port
		: proxy->type == ENVOI__PROXY_SOCKS5 ? SOCKS_PORT
						     : HTTP_PORT;
	proxy->is_local = net->proxy_resolve == ENVOI__RESOLVE_LOCALLY;
	keep_dial(proxy, options);
	int r = net->proxy_host != NULL ? keep_texts(proxy, net) : ENVOI_ERR_INVALID;
	const char *host = options->host != NULL ? options->host : options->domain;
	r = r < 0 ? r : envoi__host_read(proxy->host, host);
	if (r == ENVOI_OK && !proxy->is_local) {
		list_ports(proxy, options);
	}
	return r;
}

int envoi__tcp_proxy_new(struct tcp_proxy **ret_proxy, struct envoi_context *context,
	const struct envoi_settings *settings, const struct envoi_dial_options *options)
{
	struct envoi__net_settings net;
	envoi__net_settings_read(&net, settings);
	*ret_proxy = NULL;
	if (net.proxy_type == ENVOI__PROXY_NONE) {
		return ENVOI_OK;
	}
	struct tcp_proxy *proxy = envoi_context_loop(context) == NULL
		? NULL
		: envoi_alloc_zeroed(context, sizeof(*proxy));
	if (proxy == NULL) {
		return ENVOI_ERR_NOMEM;
	}
	proxy->context = context;
	proxy->tried.context = context;
	int r = fill(proxy, settings, &net, options);
	if (r < 0) {
		envoi__tcp_proxy_free(proxy);
		return r;
	}
	*ret_proxy = proxy;
	return ENVOI_OK;
}

/* --- places that are looked up here --- */

bool envoi__tcp_proxy_is_local(const struct tcp_proxy *proxy)
{
	return proxy->is_local;
}

static void on_named(void *user, const struct tcp_proxy_place *places, size_t count,
	const struct envoi_failure *failure)
{
	struct tcp_proxy *proxy = user;
	struct tcp_proxy_names *names = proxy->names;
	struct envoi_failure why;
	proxy->names = NULL;
	proxy->count = count;
	if (failure == NULL) {
		memcpy(proxy->places, places, count * sizeof(*places));
		envoi__tcp_proxy_names_free(names);
		proxy->looked_up(proxy->user_of_names, NULL);
		return;
	}
	envoi_failure_copy(&why, failure);
	envoi__tcp_proxy_names_free(names);
	proxy->looked_up(proxy->user_of_names, &why);
	envoi_failure_finish(&why);
}

int envoi__tcp_proxy_look_up(struct tcp_proxy *proxy, const struct envoi_dial_options *options,
	envoi__tcp_proxy_looked_up_fn *done, void *user)
{
	proxy->looked_up = done;
	proxy->user_of_names = user;
	return envoi__tcp_proxy_names_new(&proxy->names, proxy->context, options, on_named, proxy);
}

/* --- the use --- */

void envoi__tcp_proxy_dial_options(
	const struct tcp_proxy *proxy, struct envoi_dial_options *ret_options)
{
	*ret_options = proxy->dial;
	ret_options->domain = ret_options->host = proxy->proxy_host;
	ret_options->port = proxy->proxy_port;
	ret_options->name_servers = proxy->name_servers;
	if (proxy->end_ms > 0) {
		uint64_t now_ms = now_of(proxy);
		ret_options->timeout_ms = proxy->end_ms > now_ms ? proxy->end_ms - now_ms : 1;
	}
}

bool envoi__tcp_proxy_is_direct(const struct tcp_proxy *proxy)
{
	return proxy->places[proxy->at].is_direct;
}

int envoi__tcp_proxy_open(const struct tcp_proxy *proxy, struct envoi__proxy_opening **ret_opening,
	struct envoi_context *context, struct envoi_channel *channel,
	void (*done)(
		void *user, struct envoi_channel *channel, const struct envoi_failure *failure),
	void *user)
{
	const struct envoi__proxy_options options = {
		.type = proxy->type,
		.host = proxy->places[proxy->at].host,
		.port = proxy->places[proxy->at].port,
		.user = proxy->user,
		.password = proxy->password,
		.head_bytes = proxy->head_bytes,
		.timeout_ms = proxy->dial.attempt_timeout_ms,
		.done = done,
		.done_user = user,
	};
	return envoi__proxy_opening_new(ret_opening, context, channel, &options);
}

bool envoi__tcp_proxy_next(struct tcp_proxy *proxy, const struct envoi_failure *why)
{
	envoi__tcp_proxy_wait(proxy, false); /* a trial that has failed does not wait */
	if (proxy->at + 1 >= proxy->count ||
		(proxy->end_ms > 0 && now_of(proxy) >= proxy->end_ms)) {
		return false;
	}
	struct envoi_attempt attempt = {.phase = why->phase, .code = why->code};
	snprintf(attempt.target, sizeof(attempt.target), "%.200s port %u",
		proxy->places[proxy->at].host, (unsigned int)proxy->places[proxy->at].port);
	snprintf(attempt.text, sizeof(attempt.text), "%.100s", why->text);
	envoi_failure_add_attempt(&proxy->tried, &attempt);
	proxy->at++;
	return true;
}

void envoi__tcp_proxy_add_attempts(const struct tcp_proxy *proxy, struct envoi_failure *to)
{
	for (size_t i = 0; proxy != NULL && i < proxy->tried.attempt_count; i++) {
		envoi_failure_add_attempt(to, &proxy->tried.attempts[i]);
	}
}
