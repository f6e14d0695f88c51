/*
 * envoi - the command-line program: what a domain offers, and what could be better
 * SPDX-License-Identifier: MIT
 */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "probe.h"

enum {
	FEW_DAYS = 14,
};

struct adviser {
	const struct probe *probe;
	probe_advice_fn *take;
	void *user;
};

static void advise(const struct adviser *adviser, const char *text)
{
	adviser->take(adviser->user, text);
}

static const struct probe_route *find_route(const struct probe *probe, const char *name)
{
	for (size_t i = 0; i < probe->route_count; i++) {
		if (strcmp(probe->routes[i].name, name) == 0) {
			return &probe->routes[i];
		}
	}
	return NULL;
}

static bool is_offered(const struct probe *probe, const char *name)
{
	const struct probe_route *route = find_route(probe, name);
	return route != NULL && route->features != NULL;
}

/* --- reaching the server --- */

static void advise_on_names(const struct adviser *adviser)
{
	const struct probe_names *names = &adviser->probe->names;
	bool has_ipv6 = names->domain.has_ipv6;
	if (!names->are_looked_up) {
		return;
	}
	for (size_t i = 0; i < 2; i++) {
		for (size_t at = 0; at < names->services[i].count; at++) {
			has_ipv6 |= names->services[i].hosts[at].has_ipv6;
		}
	}
	if (names->services[1].count == 0 && is_offered(adviser->probe, "direct TLS")) {
		advise(adviser,
			"add service records _xmpps-client._tcp: clients find direct TLS by them"
			" (XEP-0368)");
	}
	if (!has_ipv6) {
		advise(adviser, "no host has an IPv6 address");
	}
}

static void advise_on_routes(const struct adviser *adviser)
{
	const struct probe *probe = adviser->probe;
	if (find_route(probe, "direct TLS") != NULL && !is_offered(probe, "direct TLS") &&
		is_offered(probe, "STARTTLS")) {
		advise(adviser,
			"direct TLS saves a round trip and passes networks that allow HTTPS alone"
			" (XEP-0368)");
	}
	if (find_route(probe, "WebSocket") != NULL && !is_offered(probe, "WebSocket") &&
		!is_offered(probe, "BOSH")) {
		advise(adviser,
			"neither WebSocket nor BOSH is found by host-meta: clients in browsers need"
			" one of them (XEP-0156)");
	}
	const struct probe_route *starttls = find_route(probe, "STARTTLS");
	if (starttls != NULL && starttls->offers_clear) {
		advise(adviser, "STARTTLS is not required: require it (RFC 7590)");
	}
}

/* --- TLS --- */

static void advise_on_certificate(const struct adviser *adviser, const struct probe_route *route)
{
	const struct probe_certificate *certificate = &route->look.certificate;
	char text[400], doubts[200];
	if (certificate->verified_for[0] == '\0') {
		return;
	}
	int64_t days = probe_days_left(adviser->probe, certificate);
	if (certificate->doubts != 0) {
		probe_write_doubts(doubts, sizeof(doubts), certificate->doubts);
		snprintf(text, sizeof(text), "%s: clients refuse the certificate: %s", route->name,
			doubts);
		advise(adviser, text);
	} else if (days >= 0 && days <= FEW_DAYS) {
		snprintf(text, sizeof(text), "%s: the certificate ends in %" PRId64 " days",
			route->name, days);
		advise(adviser, text);
	}
	if (strcmp(route->look.tls_version, "TLS1.2") == 0) {
		snprintf(text, sizeof(text), "%s: TLS 1.3 is not offered", route->name);
		advise(adviser, text);
	}
}

/* --- the login --- */

static const struct probe_route *first_reached(const struct probe *probe)
{
	for (size_t i = 0; i < probe->route_count; i++) {
		if (probe->routes[i].features != NULL) {
			return &probe->routes[i];
		}
	}
	return NULL;
}

static void advise_on_login(const struct adviser *adviser)
{
	struct envoi_element *at = NULL;
	const struct probe_route *route = first_reached(adviser->probe);
	if (route == NULL) {
		return;
	}
	if (!probe_has_mechanism(route, "SCRAM-")) {
		advise(adviser, "no SCRAM mechanism: passwords are sent to the server in clear");
	} else if (!probe_has_mechanism(route, "-PLUS") && !route->is_http) {
		advise(adviser,
			"no mechanism is bound to the channel: one in between that has a trusted"
			" certificate is not detected (-PLUS)");
	} else if (probe_has_mechanism(route, "-PLUS") && probe_next_binding(route, &at) == NULL) {
		advise(adviser,
			"-PLUS is offered without a list of channel bindings: with TLS 1.3 clients"
			" cannot tell which one to use (XEP-0440)");
	}
	if (probe_has_feature(route->features, "http://jabber.org/features/compress")) {
		advise(adviser, "compression before the login helps attackers (XEP-0138)");
	}
	if (probe_limit(route, "max-bytes") == NULL) {
		advise(adviser,
			"no stream limits are announced: clients cannot know what is too large"
			" (XEP-0478)");
	}
}

static void advise_on_session(const struct adviser *adviser)
{
	for (size_t i = 0; i < adviser->probe->route_count; i++) {
		const struct probe_route *route = &adviser->probe->routes[i];
		if (route->online != NULL && !probe_has_feature(route->online, "urn:xmpp:sm:3")) {
			advise(adviser,
				"no stream management: messages are lost with connections"
				" (XEP-0198)");
			return;
		}
	}
}

void probe_advise(const struct probe *probe, probe_advice_fn *take, void *user)
{
	const struct adviser adviser = {.probe = probe, .take = take, .user = user};
	if (first_reached(probe) == NULL) {
		advise(&adviser,
			"no route leads to a server: check the domain and its records, or name the"
			" server with --server");
		return;
	}
	for (size_t i = 0; i < probe->route_count; i++) {
		advise_on_certificate(&adviser, &probe->routes[i]);
	}
	advise_on_routes(&adviser);
	advise_on_names(&adviser);
	advise_on_login(&adviser);
	advise_on_session(&adviser);
}
