/*
 * envoi - the command-line program: what a domain offers
 * SPDX-License-Identifier: MIT
 */
#include <stdlib.h>
#include <string.h>

#include "probe.h"

static const struct probe_route routes[] = {
	{.name = "direct TLS", .order = "tcp", .tls_mode = "direct"},
	{.name = "STARTTLS", .order = "tcp", .tls_mode = "starttls"},
	{.name = "WebSocket", .order = "websocket", .is_http = true, .is_upgraded = true},
	{.name = "BOSH", .order = "bosh", .is_http = true},
};

static bool is_websocket(const char *url)
{
	return strncmp(url, "ws", 2) == 0;
}

/* A URL names one route; a server or a port has no host-meta. */
static void list_routes(struct probe *probe)
{
	const struct envoi_settings *settings = probe->invocation->settings;
	const char *url = envoi_settings_text(settings, "url");
	bool has_server = envoi_settings_text(settings, "server") != NULL ||
		envoi_settings_int(settings, "port") != 0;
	if (url != NULL) {
		probe->routes[probe->route_count++] = (struct probe_route){
			.name = is_websocket(url) ? "WebSocket" : "BOSH",
			.is_http = true,
			.is_upgraded = is_websocket(url),
		};
		return;
	}
	for (size_t i = 0; i < sizeof(routes) / sizeof(routes[0]); i++) {
		if (!has_server || !routes[i].is_http) {
			probe->routes[probe->route_count++] = routes[i];
		}
	}
}

static int visit_all(struct probe *probe)
{
	int status = probe_look_up(probe);
	for (size_t i = 0; status == STATUS_DONE && i < probe->route_count; i++) {
		struct probe_route *route = &probe->routes[i];
		status = probe_look(probe, route);
		if (status == STATUS_DONE && probe->client != NULL && route->features != NULL) {
			status = probe_log_in(probe, route);
		}
	}
	return status;
}

static bool has_failed(const struct probe_route *route, bool logs_in)
{
	return route->features == NULL || (logs_in && !route->login.has_ended_well);
}

/* One route that works is enough. */
static int status_of(const struct probe *probe)
{
	const struct probe_route *first = &probe->routes[0];
	bool logs_in = probe->client != NULL;
	for (size_t i = 0; i < probe->route_count; i++) {
		if (!has_failed(&probe->routes[i], logs_in)) {
			return STATUS_DONE;
		}
		first = first->features == NULL ? &probe->routes[i] : first;
	}
	return status_of_failure(
		first->features == NULL ? &first->look.failure : &first->login.failure);
}

static void finish(struct probe *probe)
{
	for (size_t i = 0; i < probe->route_count; i++) {
		struct probe_route *route = &probe->routes[i];
		probe_visit_finish(&route->look);
		probe_visit_finish(&route->login);
		envoi_element_unref(route->features);
		envoi_element_unref(route->online);
	}
	envoi_client_free(probe->client);
	envoi_jid_unref(probe->domain);
}

static int run_with(struct probe *probe)
{
	struct invocation *invocation = probe->invocation;
	int status = STATUS_DONE;
	if (invocation->jid != NULL) {
		status = login_prepare(&probe->client, invocation);
	}
	if (status == STATUS_DONE) {
		list_routes(probe);
		status = visit_all(probe);
	}
	if (status == STATUS_DONE) {
		if (own_value(invocation, "json") != NULL) {
			probe_write_json(probe);
		} else {
			probe_print(probe);
		}
		status = status_of(probe);
	}
	return status;
}

static int run(struct invocation *invocation)
{
	static struct probe probe; /* it is large */
	const char *domain = invocation->operands[0];
	probe = (struct probe){.invocation = invocation};
	if (envoi_jid_from_text(&probe.domain, invocation->context, domain) < 0) {
		return complain_about_address("DOMAIN", domain);
	}
	int status = STATUS_USAGE;
	if (envoi_jid_local(probe.domain) != NULL || envoi_jid_resource(probe.domain) != NULL) {
		complain("DOMAIN: \"%s\" is no domain, such as example.org", domain);
	} else {
		status = run_with(&probe);
	}
	finish(&probe);
	return status;
}

static const struct command_option options[] = {
	OPTION_JSON("one object"),
	OPTIONS_END,
};

const struct command command_probe = {
	.name = "probe",
	.operands = "DOMAIN",
	.summary =
		"Show what a domain offers, and what could be better. It prints its names and addresses,"
		" and each route to it (direct TLS, STARTTLS, WebSocket and BOSH by host-meta) with"
		" certificate, mechanisms, channel bindings, features and limits. No account is needed: the"
		" connections end before a login. With --jid each route logs in as well, and its time"
		" and round trips are shown.",
	.options = options,
	.least = 1,
	.most = 1,
	.run = run,
};
