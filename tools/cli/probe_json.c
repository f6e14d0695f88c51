/*
 * envoi - the command-line program: what a domain offers, as JSON
 * SPDX-License-Identifier: MIT
 */
#include <stdio.h>

#include <envoi/xml.h>

#include "json.h"
#include "probe.h"

static const char *or_null(const char *text)
{
	return text[0] != '\0' ? text : NULL;
}

/* --- names --- */

static void write_host(struct json *json, const struct probe_host *host)
{
	json_text(json, "host", host->name);
	json_array(json, "addresses");
	for (size_t i = 0; i < host->count; i++) {
		json_text(json, NULL, host->addresses[i]);
	}
	json_end(json);
	json_text(json, "problem", or_null(host->problem));
}

static void write_service(struct json *json, const char *name, const struct probe_service *service)
{
	json_array(json, name);
	for (size_t i = 0; i < service->count; i++) {
		json_object(json, NULL);
		json_number(json, "priority", service->priorities[i]);
		json_number(json, "weight", service->weights[i]);
		json_number(json, "port", service->ports[i]);
		write_host(json, &service->hosts[i]);
		json_end(json);
	}
	json_end(json);
}

static void write_names(struct json *json, const struct probe_names *names)
{
	if (!names->are_looked_up) {
		json_text(json, "names", NULL);
		return;
	}
	json_object(json, "names");
	write_service(json, "starttls", &names->services[0]);
	write_service(json, "direct", &names->services[1]);
	if (names->domain.name[0] != '\0') {
		json_object(json, "domain");
		write_host(json, &names->domain);
		json_end(json);
	} else {
		json_text(json, "domain", NULL);
	}
	json_end(json);
}

/* --- routes --- */

static void write_certificate(
	struct json *json, const struct probe *probe, const struct probe_certificate *certificate)
{
	char doubts[200];
	int64_t days = probe_days_left(probe, certificate);
	if (certificate->verified_for[0] == '\0') {
		json_text(json, "certificate", NULL);
		return;
	}
	probe_write_doubts(doubts, sizeof(doubts), certificate->doubts);
	json_object(json, "certificate");
	json_text(json, "for", certificate->verified_for);
	json_bool(json, "trusted", certificate->doubts == 0);
	json_text(json, "doubts", certificate->doubts != 0 ? doubts : NULL);
	json_text(json, "names", certificate->names);
	json_text(json, "issuer", certificate->issuer);
	if (days != INT64_MIN) {
		json_number(json, "days", days);
	} else {
		json_text(json, "days", NULL);
	}
	json_end(json);
}

typedef const char *next_fn(const struct probe_route *route, struct envoi_element **at);

static void write_list(
	struct json *json, const char *name, const struct probe_route *route, next_fn *next)
{
	struct envoi_element *at = NULL;
	const char *text = next(route, &at);
	json_array(json, name);
	for (; text != NULL; text = next(route, &at)) {
		json_text(json, NULL, text);
	}
	json_end(json);
}

static void write_features(
	struct json *json, const char *name, const struct envoi_element *features)
{
	const struct envoi_element *at = features != NULL ? envoi_element_first(features) : NULL;
	json_array(json, name);
	for (; at != NULL; at = envoi_element_next(at)) {
		json_object(json, NULL);
		json_text(json, "name", envoi_element_name(at));
		json_text(json, "namespace", envoi_element_ns(at));
		json_end(json);
	}
	json_end(json);
}

static void write_visit(struct json *json, const char *name, const struct probe_route *route,
	const struct probe_visit *visit)
{
	char line[1024];
	if (!visit->is_done) {
		json_text(json, name, NULL);
		return;
	}
	json_object(json, name);
	if (visit->has_ended_well) {
		json_number(json, "ms", (int64_t)visit->ms);
		json_number(json, "round_trips", probe_round_trips(route, visit));
		json_text(json, "error", NULL);
	} else {
		envoi_failure_describe(&visit->failure, line, sizeof(line));
		json_text(json, "ms", NULL);
		json_text(json, "round_trips", NULL);
		json_text(json, "error", line);
	}
	json_text(json, "mechanism", or_null(visit->mechanism));
	json_end(json);
}

static void write_route(
	struct json *json, const struct probe *probe, const struct probe_route *route)
{
	json_object(json, NULL);
	json_text(json, "route", route->name);
	json_bool(json, "reached", route->features != NULL);
	json_text(json, "server", or_null(route->look.peer));
	json_text(json, "tls", or_null(route->look.tls_version));
	json_text(json, "cipher", or_null(route->look.cipher));
	write_certificate(json, probe, &route->look.certificate);
	write_list(json, "mechanisms", route, probe_next_mechanism);
	write_list(json, "channel_bindings", route, probe_next_binding);
	write_features(json, "features", route->features);
	write_features(json, "features_after_login", route->online);
	json_text(json, "max_bytes", probe_limit(route, "max-bytes"));
	json_text(json, "idle_seconds", probe_limit(route, "idle-seconds"));
	write_visit(json, "look", route, &route->look);
	write_visit(json, "login", route, &route->login);
	json_end(json);
}

/* --- all --- */

static void write_advice(void *user, const char *advice)
{
	json_text(user, NULL, advice);
}

void probe_write_json(const struct probe *probe)
{
	struct json json = {.out = stdout};
	json_object(&json, NULL);
	json_text(&json, "domain", envoi_jid_domain(probe->domain));
	write_names(&json, &probe->names);
	json_array(&json, "routes");
	for (size_t i = 0; i < probe->route_count; i++) {
		write_route(&json, probe, &probe->routes[i]);
	}
	json_end(&json);
	json_array(&json, "advice");
	probe_advise(probe, write_advice, &json);
	json_end(&json);
	json_end(&json);
}
