/*
 * envoi - which targets a domain's service has
 * SPDX-License-Identifier: MIT
 */
#include "net/services.h"

#include <stdio.h>
#include <string.h>

#include <envoi/context.h>

#define MERGE_MS 1000 /* that the records of one service wait for those of the other */

/* RFC 6120, section 14.7; those of direct TLS are custom, XEP-0368 has none */
uint16_t envoi__services_default_port(bool is_server, enum envoi_road road)
{
	if (is_server) {
		return road == ENVOI_ROAD_STARTTLS ? 5269 : 5270;
	}
	return road == ENVOI_ROAD_STARTTLS ? 5222 : 5223;
}

static void service_name(
	const struct envoi__services *services, enum envoi_road road, char *name, size_t size)
{
	snprintf(name, size, "_xmpp%s-%s._tcp.%s", road == ENVOI_ROAD_DIRECT ? "s" : "",
		services->is_server ? "server" : "client", services->domain);
}

/* RFC 6120, section 3.2.1: only these two say that there is nothing */
static bool is_absent(const struct envoi__service *service)
{
	return service->status == ENVOI_LOOKUP_NO_NAME || service->status == ENVOI_LOOKUP_NO_DATA;
}

static struct envoi__service *service_of(struct envoi__services *services, enum envoi_road road)
{
	return &services->by_road[road == ENVOI_ROAD_DIRECT];
}

static bool has_failed(const struct envoi__service *service)
{
	return service->is_asked && !service->is_refused && !is_absent(service);
}

static void conclude_failed(struct envoi__services *services)
{
	int code = envoi__attempts_code(services->attempts, ENVOI_PHASE_RESOLVE);
	envoi__attempts_conclude(services->attempts, services->failure, ENVOI_PHASE_RESOLVE, code,
		"the services of %s could not be looked up", services->domain);
	services->done(services, code);
}

static void conclude_refused(struct envoi__services *services)
{
	envoi__attempts_conclude(services->attempts, services->failure, ENVOI_PHASE_RESOLVE,
		ENVOI_ERR_UNREACHABLE, "%s says that it does not offer this service",
		services->domain);
	services->failure->retry = ENVOI_RETRY_AFTER_USER;
	services->done(services, ENVOI_ERR_UNREACHABLE);
}

/*
 * RFC 6120, section 3.2.2: the domain itself. Direct TLS only if nothing else is wanted: there is
 * no rule that it be there. XEP-0368, section 4: a "." on either road means that the domain does
 * have service records, so that what they do not name is not there.
 */
static void fall_back(struct envoi__services *services)
{
	enum envoi_road road = services->roads & ENVOI_ROAD_STARTTLS ? ENVOI_ROAD_STARTTLS
								     : ENVOI_ROAD_DIRECT;
	if (services->by_road[0].is_refused || services->by_road[1].is_refused) {
		conclude_refused(services);
		return;
	}
	int r = envoi__targets_add(&services->targets, services->domain,
		envoi__services_default_port(services->is_server, road), road);
	if (r < 0) {
		envoi__attempts_conclude(services->attempts, services->failure, ENVOI_PHASE_RESOLVE,
			r, "out of memory");
	}
	services->done(services, r);
}

static void leave_out(struct envoi__services *services, size_t count)
{
	if (count > 0) {
		envoi_log(services->context, ENVOI_LOG_WARNING, ENVOI_LOG_NET,
			"%s: %zu service records beyond the limit are left out", services->domain,
			count);
		services->attempts->targets_left_out += count;
	}
}

static void conclude(struct envoi__services *services)
{
	envoi_timer_stop(&services->timer);
	if (services->targets.count > 0) {
		envoi__targets_order(&services->targets);
		leave_out(services, envoi__targets_cut(&services->targets));
		services->done(services, ENVOI_OK);
	} else if (has_failed(&services->by_road[0]) || has_failed(&services->by_road[1])) {
		conclude_failed(services);
	} else {
		fall_back(services);
	}
}

static bool is_under_way(const struct envoi__services *services)
{
	return services->by_road[0].lookup.resolver != NULL ||
		services->by_road[1].lookup.resolver != NULL;
}

static void note_failure(struct envoi__service *service, const char *text)
{
	char name[300];
	service_name(service->services, service->road, name, sizeof(name));
	envoi__attempts_add_lookup(service->services->attempts, name, service->status, text);
}

/* RFC 2782, "Target": a sole "." says that the service is decidedly not available. */
static bool says_refused(const struct envoi_lookup_result *result)
{
	for (size_t i = 0; i < result->srv_count; i++) {
		if (strcmp(result->srvs[i].target, ".") != 0) {
			return false;
		}
	}
	return result->srv_count > 0;
}

static void take_records(struct envoi__service *service, const struct envoi_lookup_result *result)
{
	struct envoi__services *services = service->services;
	size_t before = services->targets.count;
	leave_out(services, result->left_out);
	int r = envoi__targets_add_srvs(
		&services->targets, result->srvs, result->srv_count, service->road);
	if (r < 0) {
		service->status = ENVOI_LOOKUP_NOMEM;
		note_failure(service, NULL);
	} else if (services->targets.count == before) {
		service->status = ENVOI_LOOKUP_FAILED;
		note_failure(service, "the service records make no sense");
	}
}

static void on_timeout(struct envoi_timer *timer);

/* Some name servers never answer for a service that they do not know: where there is something to
 * try, that must not cost as much as a look-up may take. */
static void wait_for_the_other(struct envoi__services *services)
{
	if (services->timeout_ms > MERGE_MS) {
		envoi_timer_start(&services->timer, envoi_context_loop(services->context), MERGE_MS,
			on_timeout);
	}
}

static void on_srv(struct envoi_lookup *lookup, const struct envoi_lookup_result *result)
{
	struct envoi__service *service = ENVOI_CONTAINER_OF(lookup, struct envoi__service, lookup);
	service->status = result->status;
	if (result->status != ENVOI_LOOKUP_OK) {
		if (!is_absent(service)) {
			note_failure(service, result->text);
		}
	} else if (says_refused(result)) {
		service->is_refused = true;
	} else {
		take_records(service, result);
	}
	if (!is_under_way(service->services)) {
		conclude(service->services);
	} else if (service->services->targets.count > 0) {
		wait_for_the_other(service->services);
	}
}

void envoi__services_note_under_way(struct envoi__services *services)
{
	for (size_t i = 0; i < 2; i++) {
		struct envoi__service *service = &services->by_road[i];
		if (service->lookup.resolver != NULL) {
			envoi_lookup_cancel(&service->lookup);
			service->status = ENVOI_LOOKUP_TIMEOUT;
			note_failure(service, NULL);
		}
	}
}

static void on_timeout(struct envoi_timer *timer)
{
	struct envoi__services *services = ENVOI_CONTAINER_OF(timer, struct envoi__services, timer);
	envoi__services_note_under_way(services);
	conclude(services);
}

static int ask(struct envoi__services *services, enum envoi_road road)
{
	if (!(services->roads & road)) {
		return ENVOI_OK;
	}
	struct envoi__service *service = service_of(services, road);
	service->services = services;
	service->road = road;
	service->is_asked = true;
	char name[300];
	service_name(services, road, name, sizeof(name));
	int r = envoi_lookup_srv(&service->lookup, services->resolver, name, on_srv);
	if (r == ENVOI_ERR_INVALID) { /* no such name can exist: it would be too long */
		service->status = ENVOI_LOOKUP_NO_NAME;
		return ENVOI_OK;
	}
	return r;
}

int envoi__services_start(struct envoi__services *services, uint64_t timeout_ms)
{
	envoi__targets_init(&services->targets, services->context);
	if (services->resolver == NULL) {
		return ENVOI_ERR_SYSTEM;
	}
	int r = ask(services, ENVOI_ROAD_DIRECT);
	if (r == ENVOI_OK) {
		r = ask(services, ENVOI_ROAD_STARTTLS);
	}
	if (r < 0) {
		envoi__services_finish(services);
		return r;
	}
	services->timeout_ms = timeout_ms;
	if (!is_under_way(services)) {
		timeout_ms = 0; /* nothing to ask: conclude from the loop all the same */
	}
	envoi_timer_start(
		&services->timer, envoi_context_loop(services->context), timeout_ms, on_timeout);
	return ENVOI_OK;
}

void envoi__services_finish(struct envoi__services *services)
{
	envoi_lookup_cancel(&services->by_road[0].lookup);
	envoi_lookup_cancel(&services->by_road[1].lookup);
	envoi_timer_stop(&services->timer);
	envoi__targets_finish(&services->targets);
}
