/*
 * envoi - connectors over TCP: the server's places, looked up here for a proxy
 * SPDX-License-Identifier: MIT
 *
 * Private headers: service records have no public ones.
 */
#include "tcp_proxy_names.h"

#include <string.h>

#include <envoi/context.h>
#include <envoi/interfaces/dial.h>
#include <envoi/interfaces/mainloop.h>
#include <envoi/interfaces/resolver.h>

#include "net/attempts.h"
#include "net/srv.h"

enum {
	DEFAULT_TIMEOUT_MS = 15000,
};

static const int families[] = {AF_INET, AF_INET6};

struct tcp_proxy_names {
	struct envoi_context *context; /* borrowed */
	struct envoi_resolver *resolver; /* borrowed, or own */
	struct envoi_resolver *own_resolver; /* NULL: that of the context */
	char domain[ENVOI__HOST_SIZE];
	struct envoi__srv_lookup services; /* its targets, without a look-up too */
	struct envoi__attempts attempts;
	struct envoi_failure failure;
	struct envoi_deferred later; /* where no look-up is needed first */
	struct envoi_timer timeout; /* of all look-ups */
	struct envoi_lookup lookup; /* of one target's addresses */
	size_t target, family; /* that is looked up */
	struct tcp_proxy_place places[TCP_PROXY_PLACES];
	size_t count;
	envoi__tcp_proxy_named_fn *done;
	void *user;
};

void envoi__tcp_proxy_names_free(struct tcp_proxy_names *names)
{
	if (names != NULL) {
		envoi_lookup_cancel(&names->lookup);
		envoi__srv_finish(&names->services);
		envoi_deferred_cancel(&names->later);
		envoi_timer_stop(&names->timeout);
		envoi_resolver_destroy(names->own_resolver);
		envoi__attempts_finish(&names->attempts);
		envoi_failure_finish(&names->failure);
		envoi_free(names->context, names);
	}
}

/* --- the end --- */

static void report_failure(struct tcp_proxy_names *names)
{
	struct envoi_failure why;
	envoi_timer_stop(&names->timeout);
	envoi_failure_move(&why, &names->failure);
	names->done(names->user, NULL, 0, &why);
	envoi_failure_finish(&why);
}

static void conclude(struct tcp_proxy_names *names, int code, const char *text)
{
	envoi_timer_stop(&names->timeout);
	if (names->count > 0) {
		names->done(names->user, names->places, names->count, NULL);
		return;
	}
	envoi__attempts_conclude(
		&names->attempts, &names->failure, ENVOI_PHASE_RESOLVE, code, "%s", text);
	report_failure(names);
}

/* --- addresses --- */

static void look_up_next(struct tcp_proxy_names *names);

static void add_place(struct tcp_proxy_names *names, const struct sockaddr_storage *address)
{
	const struct envoi__target *target = &names->services.targets.items[names->target];
	if (names->count < TCP_PROXY_PLACES) {
		struct tcp_proxy_place *place = &names->places[names->count++];
		envoi__print_address(address, place->host, sizeof(place->host));
		place->port = target->port;
		place->is_direct = target->route == ENVOI_ROUTE_DIRECT;
	}
}

static void on_addresses(struct envoi_lookup *lookup, const struct envoi_lookup_result *result)
{
	struct tcp_proxy_names *names = ENVOI_CONTAINER_OF(lookup, struct tcp_proxy_names, lookup);
	const char *host = names->services.targets.items[names->target].host;
	for (size_t i = 0; i < result->address_count; i++) {
		add_place(names, &result->addresses[i]);
	}
	if (result->status != ENVOI_LOOKUP_OK && result->status != ENVOI_LOOKUP_NO_DATA) {
		envoi__attempts_add_lookup(&names->attempts, host, result->status, result->text);
	}
	names->family++;
	look_up_next(names);
}

/* The next family of this target, or the first of the next one. */
static void look_up_next(struct tcp_proxy_names *names)
{
	const struct envoi__targets *targets = &names->services.targets;
	int r = ENVOI_ERR_INVALID;
	while (r == ENVOI_ERR_INVALID && names->count < TCP_PROXY_PLACES) {
		if (names->family == sizeof(families) / sizeof(families[0])) {
			names->family = 0;
			names->target++;
		}
		if (names->target == targets->count) {
			break;
		}
		r = envoi_lookup_address(&names->lookup, names->resolver,
			targets->items[names->target].host, families[names->family], on_addresses);
		names->family += r == ENVOI_ERR_INVALID;
	}
	if (r < 0) {
		conclude(names, r == ENVOI_ERR_INVALID ? ENVOI_ERR_UNREACHABLE : r,
			r == ENVOI_ERR_INVALID ? "the server has no address" : envoi_error_text(r));
	}
}

/* --- service records --- */

static void on_services(struct envoi__srv_lookup *services, int code)
{
	struct tcp_proxy_names *names = ENVOI_CONTAINER_OF(
		services, struct tcp_proxy_names, services);
	if (code < 0) {
		report_failure(names);
	} else {
		look_up_next(names);
	}
}

static void on_later(struct envoi_deferred *deferred)
{
	look_up_next(ENVOI_CONTAINER_OF(deferred, struct tcp_proxy_names, later));
}

static void on_timeout(struct envoi_timer *timer)
{
	struct tcp_proxy_names *names = ENVOI_CONTAINER_OF(timer, struct tcp_proxy_names, timeout);
	envoi__srv_note_pending(&names->services);
	envoi_timer_stop(&names->services.timer);
	envoi_lookup_cancel(&names->lookup);
	conclude(names, ENVOI_ERR_TIMEOUT, "no address was found in the time allowed");
}

/* --- the beginning --- */

static int choose_resolver(struct tcp_proxy_names *names, const char *servers)
{
	int r = ENVOI_OK;
	if (servers != NULL) {
		r = envoi_resolver_new_cares(&names->own_resolver, names->context, servers);
		names->resolver = names->own_resolver;
	} else {
		names->resolver = envoi_context_resolver(names->context);
	}
	return r < 0 || names->resolver != NULL ? r : ENVOI_ERR_SYSTEM;
}

/* As a dial does without a proxy: STARTTLS where both are allowed. */
static int begin_with_host(struct tcp_proxy_names *names, const struct envoi_dial_options *options)
{
	char host[ENVOI__HOST_SIZE];
	enum envoi_route route = options->routes & ENVOI_ROUTE_STARTTLS ? ENVOI_ROUTE_STARTTLS
									: ENVOI_ROUTE_DIRECT;
	uint16_t port = options->port != 0 ? options->port : envoi__srv_default_port(false, route);
	int r = envoi__host_read(host, options->host != NULL ? options->host : options->domain);
	envoi__targets_init(&names->services.targets, names->context);
	r = r < 0 ? r : envoi__targets_add(&names->services.targets, host, port, route);
	if (r == ENVOI_OK) {
		envoi_deferred_post(&names->later, envoi_context_loop(names->context), on_later);
	}
	return r;
}

static int begin(struct tcp_proxy_names *names, const struct envoi_dial_options *options)
{
	unsigned char bytes[16];
	struct envoi_loop *loop = envoi_context_loop(names->context);
	uint64_t most_ms = options->resolve_timeout_ms != 0 ? options->resolve_timeout_ms
							    : DEFAULT_TIMEOUT_MS;
	uint64_t all_ms = options->timeout_ms;
	int r = envoi__host_read(names->domain, options->domain);
	r = r < 0 ? r : choose_resolver(names, options->name_servers);
	if (r < 0) {
		return r;
	}
	if (options->host != NULL || options->port != 0 ||
		envoi__parse_address(names->domain, bytes) != 0) {
		r = begin_with_host(names, options);
	} else {
		names->services.resolver = names->resolver;
		names->services.domain = names->domain;
		names->services.routes = options->routes;
		names->services.done = on_services;
		r = envoi__srv_start(&names->services, most_ms);
	}
	envoi_timer_start(&names->timeout, loop, all_ms > 0 && all_ms < most_ms ? all_ms : most_ms,
		on_timeout);
	return r;
}

int envoi__tcp_proxy_names_new(struct tcp_proxy_names **ret_names, struct envoi_context *context,
	const struct envoi_dial_options *options, envoi__tcp_proxy_named_fn *done, void *user)
{
	struct tcp_proxy_names *names = envoi_alloc_zeroed(context, sizeof(*names));
	if (names == NULL) {
		return ENVOI_ERR_NOMEM;
	}
	names->context = names->attempts.context = names->services.context = context;
	names->services.attempts = &names->attempts;
	names->services.failure = &names->failure;
	names->done = done;
	names->user = user;
	int r = begin(names, options);
	if (r < 0) {
		envoi__tcp_proxy_names_free(names);
		return r;
	}
	*ret_names = names;
	return ENVOI_OK;
}
