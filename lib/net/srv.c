/*
 * envoi - service records: the targets of a domain
 * SPDX-License-Identifier: MIT
 */
#include "net/srv.h"

#include <stdio.h>
#include <string.h>

#include <envoi/context.h>

#define MERGE_MS \
	1000 /* the longest time for which the records of one route wait for those of the other */

/* RFC 6120, section 14.7. The ports of direct TLS are custom: XEP-0368 has none. */
uint16_t envoi__srv_default_port(bool is_server, enum envoi_route route)
{
	if (is_server) {
		return route == ENVOI_ROUTE_STARTTLS ? 5269 : 5270;
	}
	return route == ENVOI_ROUTE_STARTTLS ? 5222 : 5223;
}

static void service_name(
	const struct envoi__srv_lookup *services, enum envoi_route route, char *name, size_t size)
{
	snprintf(name, size, "_xmpp%s-%s._tcp.%s", route == ENVOI_ROUTE_DIRECT ? "s" : "",
		services->is_server ? "server" : "client", services->domain);
}

/* RFC 6120, section 3.2.1: only these two statuses mean that there are no records. */
static bool is_absent(const struct envoi__srv_route *service)
{
	return service->status == ENVOI_LOOKUP_NO_NAME || service->status == ENVOI_LOOKUP_NO_DATA;
}

static struct envoi__srv_route *service_of(
	struct envoi__srv_lookup *services, enum envoi_route route)
{
	return &services->by_route[route == ENVOI_ROUTE_DIRECT];
}

static bool has_failed(const struct envoi__srv_route *service)
{
	return service->is_asked && !service->is_refused && !is_absent(service);
}

static void conclude_failed(struct envoi__srv_lookup *services)
{
	int code = envoi__attempts_code(services->attempts, ENVOI_PHASE_RESOLVE);
	envoi__attempts_conclude(services->attempts, services->failure, ENVOI_PHASE_RESOLVE, code,
		"the services of %s could not be looked up", services->domain);
	services->done(services, code);
}

static void conclude_refused(struct envoi__srv_lookup *services)
{
	envoi__attempts_conclude(services->attempts, services->failure, ENVOI_PHASE_RESOLVE,
		ENVOI_ERR_UNREACHABLE, "%s says that it does not offer this service",
		services->domain);
	services->failure->retry = ENVOI_RETRY_AFTER_USER;
	services->done(services, ENVOI_ERR_UNREACHABLE);
}

/*
 * RFC 6120, section 3.2.2: the domain itself. Direct TLS only where it is the only route: no rule
 * says that servers offer it there. XEP-0368, section 4: a "." on either route means that the
 * domain has service records, so that there is no fallback for the other route.
 */
static void fall_back(struct envoi__srv_lookup *services)
{
	enum envoi_route route = services->routes & ENVOI_ROUTE_STARTTLS ? ENVOI_ROUTE_STARTTLS
									 : ENVOI_ROUTE_DIRECT;
	if (services->by_route[0].is_refused || services->by_route[1].is_refused) {
		conclude_refused(services);
		return;
	}
	int r = envoi__targets_add(&services->targets, services->domain,
		envoi__srv_default_port(services->is_server, route), route);
	if (r < 0) {
		envoi__attempts_conclude(services->attempts, services->failure, ENVOI_PHASE_RESOLVE,
			r, "out of memory");
	}
	services->done(services, r);
}

static void leave_out(struct envoi__srv_lookup *services, size_t count)
{
	if (count > 0) {
		envoi_log(services->context, ENVOI_LOG_WARNING, ENVOI_LOG_NET,
			"%s: %zu service records beyond the limit are left out", services->domain,
			count);
		services->attempts->targets_left_out += count;
	}
}

static void conclude(struct envoi__srv_lookup *services)
{
	envoi_timer_stop(&services->timer);
	if (services->targets.count > 0) {
		envoi__targets_order(&services->targets);
		leave_out(services, envoi__targets_cut(&services->targets));
		services->done(services, ENVOI_OK);
	} else if (has_failed(&services->by_route[0]) || has_failed(&services->by_route[1])) {
		conclude_failed(services);
	} else {
		fall_back(services);
	}
}

static bool is_pending(const struct envoi__srv_lookup *services)
{
	return services->by_route[0].lookup.resolver != NULL ||
		services->by_route[1].lookup.resolver != NULL;
}

static void note_failure(struct envoi__srv_route *service, const char *text)
{
	char name[300];
	service_name(service->services, service->route, name, sizeof(name));
	envoi__attempts_add_lookup(service->services->attempts, name, service->status, text);
}

/* RFC 2782, "Target": a sole "." means that the service is not available. */
static bool is_service_refused(const struct envoi_lookup_result *result)
{
	for (size_t i = 0; i < result->srv_count; i++) {
		if (strcmp(result->srvs[i].target, ".") != 0) {
			return false;
		}
	}
	return result->srv_count > 0;
}

static void take_records(struct envoi__srv_route *service, const struct envoi_lookup_result *result)
{
	struct envoi__srv_lookup *services = service->services;
	size_t before = services->targets.count;
	leave_out(services, result->left_out);
	int r = envoi__targets_add_srvs(
		&services->targets, result->srvs, result->srv_count, service->route);
	if (r < 0) {
		service->status = ENVOI_LOOKUP_NOMEM;
		note_failure(service, NULL);
	} else if (services->targets.count == before) {
		service->status = ENVOI_LOOKUP_FAILED;
		note_failure(service, "no service record is usable");
	}
}

static void on_timeout(struct envoi_timer *timer);

/* Some name servers never answer for a service that they do not know. Records that are there do not
 * wait for the timeout of such a look-up. */
static void wait_for_the_other(struct envoi__srv_lookup *services)
{
	if (services->timeout_ms > MERGE_MS) {
		envoi_timer_start(&services->timer, envoi_context_loop(services->context), MERGE_MS,
			on_timeout);
	}
}

static void on_srv(struct envoi_lookup *lookup, const struct envoi_lookup_result *result)
{
	struct envoi__srv_route *service = ENVOI_CONTAINER_OF(
		lookup, struct envoi__srv_route, lookup);
	service->status = result->status;
	if (result->status != ENVOI_LOOKUP_OK) {
		if (!is_absent(service)) {
			note_failure(service, result->text);
		}
	} else if (is_service_refused(result)) {
		service->is_refused = true;
	} else {
		take_records(service, result);
	}
	if (!is_pending(service->services)) {
		conclude(service->services);
	} else if (service->services->targets.count > 0) {
		wait_for_the_other(service->services);
	}
}

void envoi__srv_note_pending(struct envoi__srv_lookup *services)
{
	for (size_t i = 0; i < 2; i++) {
		struct envoi__srv_route *service = &services->by_route[i];
		if (service->lookup.resolver != NULL) {
			envoi_lookup_cancel(&service->lookup);
			service->status = ENVOI_LOOKUP_TIMEOUT;
			note_failure(service, NULL);
		}
	}
}

static void on_timeout(struct envoi_timer *timer)
{
	struct envoi__srv_lookup *services = ENVOI_CONTAINER_OF(
		timer, struct envoi__srv_lookup, timer);
	envoi__srv_note_pending(services);
	conclude(services);
}

static int ask(struct envoi__srv_lookup *services, enum envoi_route route)
{
	if (!(services->routes & route)) {
		return ENVOI_OK;
	}
	struct envoi__srv_route *service = service_of(services, route);
	service->services = services;
	service->route = route;
	service->is_asked = true;
	char name[300];
	service_name(services, route, name, sizeof(name));
	int r = envoi_lookup_srv(&service->lookup, services->resolver, name, on_srv);
	if (r == ENVOI_ERR_INVALID) { /* too long for a name: it cannot exist */
		service->status = ENVOI_LOOKUP_NO_NAME;
		return ENVOI_OK;
	}
	return r;
}

int envoi__srv_start(struct envoi__srv_lookup *services, uint64_t timeout_ms)
{
	envoi__targets_init(&services->targets, services->context);
	if (services->resolver == NULL) {
		return ENVOI_ERR_SYSTEM;
	}
	int r = ask(services, ENVOI_ROUTE_DIRECT);
	if (r == ENVOI_OK) {
		r = ask(services, ENVOI_ROUTE_STARTTLS);
	}
	if (r < 0) {
		envoi__srv_finish(services);
		return r;
	}
	services->timeout_ms = timeout_ms;
	if (!is_pending(services)) {
		timeout_ms = 0; /* no look-up is pending: conclude from the loop, too */
	}
	envoi_timer_start(
		&services->timer, envoi_context_loop(services->context), timeout_ms, on_timeout);
	return ENVOI_OK;
}

void envoi__srv_finish(struct envoi__srv_lookup *services)
{
	envoi_lookup_cancel(&services->by_route[0].lookup);
	envoi_lookup_cancel(&services->by_route[1].lookup);
	envoi_timer_stop(&services->timer);
	envoi__targets_finish(&services->targets);
}
