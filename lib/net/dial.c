/*
 * envoi - dialing: from an XMPP domain to a connected socket
 * SPDX-License-Identifier: MIT
 */
#include <envoi/interfaces/dial.h>

#include <stdbool.h>
#include <string.h>

#include <envoi/context.h>
#include <envoi/settings.h>

#include "net/attempts.h"
#include "net/race.h"
#include "net/services.h"
#include "net/sockets.h"

#define DEFAULT_TIMEOUT_MS 15000
#define DEFAULT_STAGGER_MS 250

/*
 * Services, then a race among the targets, then the end; each step begins in a deferred call or in
 * a callback of the step before, and the end is told by a deferred call, so that nothing of a step
 * is on the stack when the dial is freed.
 */
struct envoi_dial {
	struct envoi_context *context;
	envoi_dialed_fn *done;
	void *user;
	char domain[ENVOI__MAX_DNS_NAME + 2]; /* or an address */
	char host[ENVOI__MAX_DNS_NAME + 2]; /* "": services of the domain */
	uint16_t port;
	bool is_server;
	unsigned int roads;
	uint64_t resolve_timeout_ms, timeout_ms;
	struct envoi__services services;
	struct envoi__race race;
	struct envoi_deferred deferred; /* the beginning, then the end */
	struct envoi_timer deadline;
	struct envoi_failure failure;
	struct envoi_dialed dialed; /* fd -1: none */
};

/* --- the end --- */

static void on_end(struct envoi_deferred *deferred)
{
	struct envoi_dial *dial = ENVOI_CONTAINER_OF(deferred, struct envoi_dial, deferred);
	struct envoi_dialed dialed = dial->dialed;
	struct envoi_failure failure;
	envoi_failure_move(&failure, &dial->failure);
	dial->dialed.fd = -1;
	bool is_connected = dialed.fd >= 0;
	dial->done(dial->user, is_connected ? &dialed : NULL, is_connected ? NULL : &failure);
	envoi_failure_finish(&failure);
}

static void stop_steps(struct envoi_dial *dial)
{
	envoi__race_finish(&dial->race);
	envoi__services_finish(&dial->services);
	envoi_timer_stop(&dial->deadline);
}

static void end(struct envoi_dial *dial)
{
	envoi_timer_stop(&dial->deadline);
	envoi_deferred_post(&dial->deferred, envoi_context_loop(dial->context), on_end);
}

static void fail(struct envoi_dial *dial, enum envoi_phase phase, int code)
{
	envoi__attempts_conclude(&dial->failure, phase, code, "%s", envoi_error_text(code));
	end(dial);
}

static void on_deadline(struct envoi_timer *timer)
{
	struct envoi_dial *dial = ENVOI_CONTAINER_OF(timer, struct envoi_dial, deadline);
	bool has_tried = dial->race.has_tried_any;
	stop_steps(dial);
	envoi__attempts_conclude(&dial->failure,
		has_tried ? ENVOI_PHASE_CONNECT : ENVOI_PHASE_RESOLVE, ENVOI_ERR_TIMEOUT,
		has_tried ? "no server answered in the time allowed"
			  : "no address was found in the time allowed");
	end(dial);
}

/* --- the steps --- */

static void on_race_over(struct envoi__race *race, int fd, const struct envoi__target *target,
	const struct sockaddr_storage *address)
{
	struct envoi_dial *dial = ENVOI_CONTAINER_OF(race, struct envoi_dial, race);
	if (fd >= 0) {
		struct envoi_dialed *dialed = &dial->dialed;
		dialed->fd = fd;
		dialed->road = target->road;
		dialed->port = target->port;
		memcpy(dialed->host, target->host, strlen(target->host) + 1);
		envoi__print_address(address, dialed->address, sizeof(dialed->address));
	}
	end(dial);
}

static void on_services(struct envoi__services *services, int code)
{
	struct envoi_dial *dial = ENVOI_CONTAINER_OF(services, struct envoi_dial, services);
	if (code < 0) {
		end(dial);
		return;
	}
	int r = envoi__race_start(&dial->race);
	if (r < 0) {
		fail(dial, ENVOI_PHASE_RESOLVE, r);
	}
}

/* Without SRV: a host or port by setting, or an address for a domain. */
static int start_without_services(struct envoi_dial *dial)
{
	enum envoi_road road = dial->roads & ENVOI_ROAD_STARTTLS ? ENVOI_ROAD_STARTTLS
								 : ENVOI_ROAD_DIRECT;
	uint16_t port = dial->port != 0 ? dial->port
					: envoi__services_default_port(dial->is_server, road);
	envoi__targets_init(&dial->services.targets, dial->context);
	int r = envoi__targets_add(&dial->services.targets, dial->host, port, road);
	return r < 0 ? r : envoi__race_start(&dial->race);
}

static void on_begin(struct envoi_deferred *deferred)
{
	struct envoi_dial *dial = ENVOI_CONTAINER_OF(deferred, struct envoi_dial, deferred);
	if (dial->timeout_ms != 0) {
		envoi_timer_start(&dial->deadline, envoi_context_loop(dial->context),
			dial->timeout_ms, on_deadline);
	}
	int r = dial->host[0] != '\0'
		? start_without_services(dial)
		: envoi__services_start(&dial->services, dial->resolve_timeout_ms);
	if (r < 0) {
		fail(dial, ENVOI_PHASE_RESOLVE, r);
	}
}

/* --- beginning --- */

/* RFC 6122 and URIs write IPv6 addresses in brackets. @return false: it is no host */
static bool copy_host(char *to, size_t size, const char *host)
{
	size_t len = host != NULL ? strlen(host) : 0;
	if (len >= 2 && host[0] == '[' && host[len - 1] == ']') {
		host++;
		len -= 2;
	}
	if (len == 0 || len >= size) {
		return false;
	}
	memcpy(to, host, len);
	to[len] = '\0';
	unsigned char bytes[16];
	if (envoi__parse_address(to, bytes) != 0) {
		return true;
	}
	if (!envoi__is_dns_name(to)) {
		return false;
	}
	if (to[len - 1] == '.') {
		to[len - 1] = '\0';
	}
	return true;
}

static bool is_address(const char *text)
{
	unsigned char bytes[16];
	return envoi__parse_address(text, bytes) != 0;
}

static int take_options(struct envoi_dial *dial, const struct envoi_dial_options *options)
{
	const char *service = options->service != NULL ? options->service : "xmpp-client";
	dial->is_server = strcmp(service, "xmpp-server") == 0;
	if (!copy_host(dial->domain, sizeof(dial->domain), options->domain) ||
		(options->host != NULL &&
			!copy_host(dial->host, sizeof(dial->host), options->host)) ||
		(!dial->is_server && strcmp(service, "xmpp-client") != 0)) {
		return ENVOI_ERR_INVALID;
	}
	if (options->host == NULL && (options->port != 0 || is_address(dial->domain))) {
		memcpy(dial->host, dial->domain, sizeof(dial->host));
	}
	dial->port = options->port;
	dial->roads = options->roads != 0 ? options->roads : ENVOI_ROAD_STARTTLS;
	dial->timeout_ms = options->timeout_ms;
	dial->resolve_timeout_ms = options->resolve_timeout_ms != 0 ? options->resolve_timeout_ms
								    : DEFAULT_TIMEOUT_MS;
	return ENVOI_OK;
}

static void prepare_steps(struct envoi_dial *dial, const struct envoi_dial_options *options)
{
	dial->services = (struct envoi__services){
		.context = dial->context,
		.domain = dial->domain,
		.is_server = dial->is_server,
		.roads = dial->roads,
		.failure = &dial->failure,
		.done = on_services,
	};
	dial->race = (struct envoi__race){
		.context = dial->context,
		.sockets = options->sockets != NULL ? options->sockets : &envoi__tcp_sockets,
		.targets = &dial->services.targets,
		.failure = &dial->failure,
		.resolve_timeout_ms = dial->resolve_timeout_ms,
		.attempt_timeout_ms = options->attempt_timeout_ms != 0
			? options->attempt_timeout_ms
			: DEFAULT_TIMEOUT_MS,
		.stagger_ms = options->stagger_ms != 0 ? options->stagger_ms : DEFAULT_STAGGER_MS,
		.done = on_race_over,
	};
}

int envoi_dial_new(struct envoi_dial **ret_dial, struct envoi_context *context,
	const struct envoi_dial_options *options, envoi_dialed_fn *done, void *user)
{
	struct envoi_loop *loop = envoi_context_loop(context);
	struct envoi_dial *dial = envoi_alloc_zeroed(context, sizeof(*dial));
	if (loop == NULL || dial == NULL) {
		envoi_free(context, dial);
		return ENVOI_ERR_NOMEM;
	}
	int r = take_options(dial, options);
	if (r < 0) {
		envoi_free(context, dial);
		return r;
	}
	dial->context = envoi_context_ref(context);
	dial->done = done;
	dial->user = user;
	dial->failure.context = context;
	dial->dialed.fd = -1;
	prepare_steps(dial, options);
	envoi_deferred_post(&dial->deferred, loop, on_begin);
	*ret_dial = dial;
	return ENVOI_OK;
}

void envoi_dial_free(struct envoi_dial *dial)
{
	if (dial == NULL) {
		return;
	}
	stop_steps(dial);
	envoi_deferred_cancel(&dial->deferred);
	if (dial->dialed.fd >= 0) {
		dial->race.sockets->close(dial->race.sockets->user, dial->dialed.fd);
	}
	envoi_failure_finish(&dial->failure);
	struct envoi_context *context = dial->context;
	envoi_free(context, dial);
	envoi_context_unref(context);
}

void envoi_dial_options_from_settings(
	struct envoi_dial_options *options, const struct envoi_settings *settings)
{
	bool is_direct = strcmp(envoi_settings_text(settings, "tls.mode"), "direct") == 0;
	options->host = envoi_settings_text(settings, "server");
	options->port = (uint16_t)envoi_settings_int(settings, "port");
	options->roads = is_direct ? ENVOI_ROAD_DIRECT : ENVOI_ROAD_STARTTLS;
	options->resolve_timeout_ms = (uint64_t)envoi_settings_int(settings, "resolve.timeout");
	options->attempt_timeout_ms = (uint64_t)envoi_settings_int(settings, "connect.timeout");
}
