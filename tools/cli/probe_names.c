/*
 * envoi - the command-line program: what a domain offers, its names
 * SPDX-License-Identifier: MIT
 */
#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>

#include <envoi/interfaces/resolver.h>

#include "probe.h"

/* One look-up after the other: the loop runs until it has ended. */
struct question {
	struct envoi_lookup lookup;
	struct envoi_resolver *resolver;
	bool is_done;
	struct probe_service *service; /* that gets the records; or */
	struct probe_host *host; /* that gets the addresses */
};

static void note_problem(char *to, size_t size, const struct envoi_lookup_result *result)
{
	snprintf(to, size, "%s",
		result->text != NULL ? result->text : envoi_lookup_status_text(result->status));
}

static void take_records(struct probe_service *service, const struct envoi_lookup_result *result)
{
	for (size_t i = 0; i < result->srv_count && service->count < PROBE_TARGETS; i++) {
		const struct envoi_srv *srv = &result->srvs[i];
		size_t at = service->count;
		if (strcmp(srv->target, ".") == 0) {
			service->is_refused = true;
			continue;
		}
		snprintf(service->hosts[at].name, sizeof(service->hosts[at].name), "%s",
			srv->target);
		service->ports[at] = srv->port;
		service->priorities[at] = srv->priority;
		service->weights[at] = srv->weight;
		service->count++;
	}
	if (result->status != ENVOI_LOOKUP_OK) {
		note_problem(service->problem, sizeof(service->problem), result);
	}
}

static void take_addresses(struct probe_host *host, const struct envoi_lookup_result *result)
{
	for (size_t i = 0; i < result->address_count && i < PROBE_ADDRESSES; i++) {
		const struct sockaddr_storage *address = &result->addresses[i];
		bool is_ipv6 = address->ss_family == AF_INET6;
		const void *bytes = is_ipv6
			? (const void *)&((const struct sockaddr_in6 *)(const void *)address)
				  ->sin6_addr
			: (const void *)&((const struct sockaddr_in *)(const void *)address)
				  ->sin_addr;
		inet_ntop(address->ss_family, bytes, host->addresses[host->count],
			sizeof(host->addresses[0]));
		host->count++;
		host->has_ipv6 |= is_ipv6;
	}
	if (result->status != ENVOI_LOOKUP_OK && result->status != ENVOI_LOOKUP_NO_DATA) {
		note_problem(host->problem, sizeof(host->problem), result);
	}
}

static void on_result(struct envoi_lookup *lookup, const struct envoi_lookup_result *result)
{
	struct question *question = ENVOI_CONTAINER_OF(lookup, struct question, lookup);
	question->is_done = true;
	if (question->service != NULL) {
		take_records(question->service, result);
	} else {
		take_addresses(question->host, result);
	}
}

static int wait_for(struct question *question)
{
	struct envoi_loop *loop = envoi_context_loop(question->resolver->context);
	int r = ENVOI_OK;
	while (r >= 0 && !question->is_done) {
		r = envoi_loop_run_once(loop, true);
	}
	envoi_lookup_cancel(&question->lookup);
	return r < 0 ? r : ENVOI_OK;
}

static int look_up_service(
	struct envoi_resolver *resolver, struct probe_service *service, const char *domain)
{
	struct question question = {.resolver = resolver, .service = service};
	char name[320];
	snprintf(name, sizeof(name), "%s.%s", service->name, domain);
	int r = envoi_lookup_srv(&question.lookup, resolver, name, on_result);
	return r < 0 ? r : wait_for(&question);
}

static int look_up_host(struct envoi_resolver *resolver, struct probe_host *host)
{
	static const int families[] = {AF_INET6, AF_INET};
	int r = ENVOI_OK;
	for (size_t i = 0; r == ENVOI_OK && i < 2; i++) {
		struct question question = {.resolver = resolver, .host = host};
		r = envoi_lookup_address(
			&question.lookup, resolver, host->name, families[i], on_result);
		r = r < 0 ? r : wait_for(&question);
	}
	if (host->count == 0 && host->problem[0] == '\0') {
		snprintf(host->problem, sizeof(host->problem), "no addresses");
	}
	return r;
}

static int look_up_all(struct probe *probe, struct envoi_resolver *resolver)
{
	struct probe_names *names = &probe->names;
	const char *domain = envoi_jid_domain_ascii(probe->domain);
	bool needs_domain = false;
	int r = ENVOI_OK;
	for (size_t i = 0; r == ENVOI_OK && i < 2; i++) {
		struct probe_service *service = &names->services[i];
		r = look_up_service(resolver, service, domain);
		needs_domain |= service->count == 0 && !service->is_refused;
		for (size_t at = 0; r == ENVOI_OK && at < service->count; at++) {
			r = look_up_host(resolver, &service->hosts[at]);
		}
	}
	if (r == ENVOI_OK && needs_domain) {
		snprintf(names->domain.name, sizeof(names->domain.name), "%s", domain);
		r = look_up_host(resolver, &names->domain);
	}
	return r;
}

/* The proxy looks up names; with a server or a URL none is needed but that one's. */
static bool has_other_names(const struct envoi_settings *settings)
{
	const char *proxy = envoi_settings_text(settings, "proxy.type");
	return envoi_settings_text(settings, "server") != NULL ||
		envoi_settings_text(settings, "url") != NULL ||
		envoi_settings_int(settings, "port") != 0 || strcmp(proxy, "none") != 0;
}

static bool is_address(const char *domain)
{
	unsigned char bytes[sizeof(struct in6_addr)];
	return domain[0] == '[' || inet_pton(AF_INET, domain, bytes) == 1;
}

int probe_look_up(struct probe *probe)
{
	struct invocation *invocation = probe->invocation;
	struct envoi_resolver *resolver;
	probe->names.services[0].name = "_xmpp-client._tcp";
	probe->names.services[1].name = "_xmpps-client._tcp";
	if (has_other_names(invocation->settings) ||
		is_address(envoi_jid_domain_ascii(probe->domain))) {
		return STATUS_DONE;
	}
	int r = envoi_resolver_new_cares(&resolver, invocation->context,
		envoi_settings_text(invocation->settings, "resolve.servers"));
	if (r == ENVOI_OK) {
		probe->names.are_looked_up = true;
		r = look_up_all(probe, resolver);
		envoi_resolver_destroy(resolver);
	}
	if (r < 0) {
		complain("names cannot be looked up: %s", envoi_error_text(r));
	}
	return r < 0 ? STATUS_NO : STATUS_DONE;
}
