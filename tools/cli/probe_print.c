/*
 * envoi - the command-line program: what a domain offers, as a table
 * SPDX-License-Identifier: MIT
 */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include <envoi/xml.h>

#include "probe.h"
#include "text.h"
#include "wrap.h"

enum {
	DAY_MS = 24 * 3600 * 1000,
};

int64_t probe_days_left(const struct probe *probe, const struct probe_certificate *certificate)
{
	int64_t now_ms = envoi_context_wall_clock_ms(probe->invocation->context);
	return certificate->until_ms < 0 ? INT64_MIN : (certificate->until_ms - now_ms) / DAY_MS;
}

void probe_write_doubts(char *text, size_t size, unsigned int doubts)
{
	static const struct {
		unsigned int doubt;
		const char *text;
	} names[] = {
		{ENVOI_TLS_DOUBT_SELF_SIGNED, "self-signed"},
		{ENVOI_TLS_DOUBT_ISSUER, "issuer not trusted"},
		{ENVOI_TLS_DOUBT_EXPIRED, "expired"},
		{ENVOI_TLS_DOUBT_NOT_YET_VALID, "not valid yet"},
		{ENVOI_TLS_DOUBT_NAME, "wrong name"},
		{ENVOI_TLS_DOUBT_PURPOSE, "wrong purpose"},
		{ENVOI_TLS_DOUBT_WEAK, "weak"},
		{ENVOI_TLS_DOUBT_CONSTRAINTS, "issuer not entitled"},
		{ENVOI_TLS_DOUBT_REVOKED, "distrusted"},
		{ENVOI_TLS_DOUBT_INVALID, "invalid"},
	};
	size_t used = 0;
	snprintf(text, size, "trusted");
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]) && used < size; i++) {
		if ((doubts & names[i].doubt) != 0) {
			used += (size_t)snprintf(text + used, size - used, "%s%s",
				used > 0 ? ", " : "", names[i].text);
		}
	}
}

/* --- names --- */

static void print_host(const struct probe_host *host)
{
	for (size_t i = 0; i < host->count; i++) {
		printf("%s%s", i == 0 ? "" : " ", host->addresses[i]);
	}
	print_plain(stdout, host->problem);
	putchar('\n');
}

static void print_service(const struct probe_service *service)
{
	printf("  %s: ", service->name);
	if (service->is_refused && service->count == 0) {
		puts("the domain does not offer this service");
	} else if (service->count == 0) {
		print_plain(stdout, service->problem[0] != '\0' ? service->problem : "no records");
		putchar('\n');
	} else {
		putchar('\n');
	}
	for (size_t i = 0; i < service->count; i++) {
		printf("    %u %u ", service->priorities[i], service->weights[i]);
		print_plain(stdout, service->hosts[i].name);
		printf(" port %u: ", service->ports[i]);
		print_host(&service->hosts[i]);
	}
}

static void print_names(const struct probe_names *names)
{
	if (!names->are_looked_up) {
		return;
	}
	puts("Names");
	print_service(&names->services[0]);
	print_service(&names->services[1]);
	if (names->domain.name[0] != '\0') {
		fputs("  ", stdout);
		print_plain(stdout, names->domain.name);
		fputs(": ", stdout);
		print_host(&names->domain);
	}
	putchar('\n');
}

/* --- the table of routes --- */

static void write_days(char *text, size_t size, int64_t days)
{
	if (days == INT64_MIN) {
		snprintf(text, size, "-");
	} else {
		snprintf(text, size, "%" PRId64, days);
	}
}

static void print_times(const struct probe_route *route, const struct probe_visit *visit)
{
	if (visit->has_ended_well) {
		printf(" %5" PRIu64 " ms %3u", visit->ms, probe_round_trips(route, visit));
	} else {
		printf(" %8s %3s", visit->is_done ? "failed" : "-", "-");
	}
}

static void print_row(const struct probe *probe, const struct probe_route *route)
{
	const struct probe_certificate *certificate = &route->look.certificate;
	bool has_certificate = certificate->verified_for[0] != '\0';
	char doubts[200] = "-", days[24] = "-";
	if (has_certificate) {
		probe_write_doubts(doubts, sizeof(doubts), certificate->doubts);
		write_days(days, sizeof(days), probe_days_left(probe, certificate));
	}
	printf("  %-10s %-7s %4s %-6s", route->name, route->features != NULL ? "yes" : "no", days,
		route->look.tls_version[0] != '\0' ? route->look.tls_version : "-");
	print_times(route, &route->look);
	print_times(route, &route->login);
	printf("  %s\n", doubts);
}

static void print_routes(const struct probe *probe)
{
	puts("Routes");
	printf("  %-10s %-7s %4s %-6s %8s %3s %8s %3s  %s\n", "", "reached", "days", "TLS",
		"features", "RTT", "login", "RTT", "certificate");
	for (size_t i = 0; i < probe->route_count; i++) {
		print_row(probe, &probe->routes[i]);
	}
	putchar('\n');
}

/* --- each route --- */

static void print_failure(const char *what, const struct probe_visit *visit)
{
	char lines[2048];
	if (!visit->is_done || visit->has_ended_well) {
		return;
	}
	envoi_failure_explain(&visit->failure, lines, sizeof(lines));
	printf("  %s: ", what);
	for (char *line = lines; *line != '\0';) {
		size_t len = strcspn(line, "\n");
		bool is_last = line[len] == '\0';
		line[len] = '\0';
		fputs(line == lines ? "" : "\n  ", stdout);
		print_plain(stdout, line);
		line += len + !is_last;
	}
	putchar('\n');
}

typedef const char *next_fn(const struct probe_route *route, struct envoi_element **at);

static void print_list(const char *title, const struct probe_route *route, next_fn *next)
{
	struct envoi_element *at = NULL;
	const char *text = next(route, &at);
	printf("  %s:%s", title, text == NULL ? " none" : "");
	for (; text != NULL; text = next(route, &at)) {
		putchar(' ');
		print_plain(stdout, text);
	}
	putchar('\n');
}

static void print_features(const char *title, const struct envoi_element *features)
{
	struct envoi_element *at = features != NULL ? envoi_element_first(features) : NULL;
	if (features == NULL) {
		return;
	}
	printf("  %s:\n", title);
	for (; at != NULL; at = envoi_element_next(at)) {
		fputs("    ", stdout);
		print_plain(stdout, probe_feature_name(at));
		putchar('\n');
	}
}

static void print_limits(const struct probe_route *route)
{
	static const char *const names[] = {"max-bytes", "idle-seconds"};
	for (size_t i = 0; i < 2; i++) {
		const char *value = probe_limit(route, names[i]);
		if (value != NULL) {
			printf("  %s: ", names[i]);
			print_plain(stdout, value);
			putchar('\n');
		}
	}
}

static void print_certificate(const struct probe_certificate *certificate)
{
	if (certificate->verified_for[0] == '\0') {
		return;
	}
	fputs("  certificate for: ", stdout);
	print_plain(stdout, certificate->names);
	fputs("\n  issued by: ", stdout);
	print_plain(stdout, certificate->issuer);
	putchar('\n');
}

static void print_route(const struct probe_route *route)
{
	puts(route->name);
	print_failure("not reached", &route->look);
	if (route->look.peer[0] != '\0') {
		printf("  server: ");
		print_plain(stdout, route->look.peer);
		printf(" %s\n", route->look.cipher);
	}
	print_certificate(&route->look.certificate);
	if (route->features != NULL) {
		print_list("mechanisms", route, probe_next_mechanism);
		print_list("channel bindings", route, probe_next_binding);
		print_features("features before the login", route->features);
		print_features("features after the login", route->online);
		print_limits(route);
	}
	if (route->login.mechanism[0] != '\0') {
		fputs("  login by: ", stdout);
		print_plain(stdout, route->login.mechanism);
		putchar('\n');
	}
	print_failure("no login", &route->login);
	putchar('\n');
}

/* --- all --- */

static void print_advice(void *user, const char *advice)
{
	bool *has_any = user;
	if (!*has_any) {
		puts("Advice");
	}
	*has_any = true;
	print_wrapped(2, advice);
}

void probe_print(const struct probe *probe)
{
	bool has_any = false;
	print_names(&probe->names);
	print_routes(probe);
	for (size_t i = 0; i < probe->route_count; i++) {
		print_route(&probe->routes[i]);
	}
	probe_advise(probe, print_advice, &has_any);
}
