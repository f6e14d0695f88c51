/*
 * envoi - dialing: from an XMPP domain to a connected socket
 * SPDX-License-Identifier: MIT
 */
#include <envoi/interfaces/dial.h>

#include <stdbool.h>
#include <string.h>

#include <envoi/context.h>

#include "jid/idna.h"
#include "net/attempts.h"
#include "net/net_settings.h"
#include "net/race.h"
#include "net/services.h"
#include "net/sockets.h"

#define DEFAULT_TIMEOUT_MS 15000
#define DEFAULT_TRIAL_MS 20000
#define DEFAULT_STAGGER_MS 250

enum {
	HOST_SIZE = ENVOI__MAX_DNS_NAME + 2, /* of a name or an address */
};

enum dial_state {
	DIAL_RUNNING,
	DIAL_WON, /* a winner is to be told */
	DIAL_LOST, /* a failure is to be told */
	DIAL_HANDED_OVER, /* the winner is the receiver's [next: RUNNING] */
	DIAL_OVER,
};

/*
 * Services, then a race among the targets, then the end; each step begins in a deferred call or in
 * a callback of the step before, and the end is told by a deferred call, so that nothing of a step
 * is on the stack when the dial is freed.
 */
struct envoi_dial {
	struct envoi_context *context;
	envoi_dialed_fn *done;
	void *user;
	char domain[HOST_SIZE];
	char host[HOST_SIZE]; /* "": services of the domain */
	uint16_t port;
	bool is_server;
	unsigned int roads;
	uint64_t resolve_timeout_ms, timeout_ms;
	struct envoi_resolver *own_resolver; /* for the options' name servers; NULL: none */
	struct envoi__services services;
	struct envoi__race race;
	struct envoi_trial_judge judge; /* a copy: who made the dial may be gone before it */
	struct envoi_deferred deferred; /* the beginning, then the end */
	struct envoi_timer deadline;
	struct envoi__attempts attempts;
	struct envoi_failure failure; /* when LOST */
	struct envoi_dialed dialed; /* the last winner */
	struct sockaddr_storage address; /* and where it is */
	enum dial_state state;
	uint64_t end_ms; /* by the loop's clock, when there is a deadline */
	uint64_t still_since_ms;
	unsigned int standstills; /* trials that wait for a person */
};

/* --- the end --- */

static void hand_over(struct envoi_dial *dial)
{
	struct envoi_dialed dialed = dial->dialed;
	const struct envoi_failure tried = {
		.context = dial->context,
		.attempts = dial->attempts.items,
		.attempt_count = dial->attempts.count,
	};
	dial->state = DIAL_HANDED_OVER;
	dial->done(dial->user, &dialed, tried.attempt_count > 0 ? &tried : NULL);
}

static void on_end(struct envoi_deferred *deferred)
{
	struct envoi_dial *dial = ENVOI_CONTAINER_OF(deferred, struct envoi_dial, deferred);
	if (dial->state == DIAL_WON) {
		hand_over(dial);
		return;
	}
	struct envoi_failure failure;
	envoi_failure_move(&failure, &dial->failure);
	dial->state = DIAL_OVER;
	dial->done(dial->user, NULL, &failure);
	envoi_failure_finish(&failure);
}

/* @return false: the dial was freed meanwhile, by somebody who was asked something */
static bool stop_steps(struct envoi_dial *dial)
{
	if (!envoi__race_finish(&dial->race)) {
		return false;
	}
	envoi__services_finish(&dial->services);
	envoi_timer_stop(&dial->deadline);
	return true;
}

static void end(struct envoi_dial *dial, enum dial_state state)
{
	dial->state = state;
	envoi_timer_stop(&dial->deadline);
	envoi_deferred_post(&dial->deferred, envoi_context_loop(dial->context), on_end);
}

static void fail(struct envoi_dial *dial, enum envoi_phase phase, int code)
{
	envoi__attempts_conclude(
		&dial->attempts, &dial->failure, phase, code, "%s", envoi_error_text(code));
	end(dial, DIAL_LOST);
}

static void on_deadline(struct envoi_timer *timer)
{
	struct envoi_dial *dial = ENVOI_CONTAINER_OF(timer, struct envoi_dial, deadline);
	bool has_tried = dial->race.has_tried_any;
	envoi__services_note_under_way(&dial->services);
	envoi__race_note_under_way(&dial->race);
	if (!stop_steps(dial)) {
		return;
	}
	envoi__attempts_conclude(&dial->attempts, &dial->failure,
		has_tried ? ENVOI_PHASE_CONNECT : ENVOI_PHASE_RESOLVE, ENVOI_ERR_TIMEOUT,
		has_tried ? "no server answered in the time allowed"
			  : "no address was found in the time allowed");
	end(dial, DIAL_LOST);
}

static void start_deadline(struct envoi_dial *dial)
{
	struct envoi_loop *loop = envoi_context_loop(dial->context);
	uint64_t now_ms = envoi_loop_now_ms(loop);
	if (dial->timeout_ms == 0) {
		return;
	}
	if (dial->end_ms == 0) {
		dial->end_ms = now_ms + dial->timeout_ms;
	}
	envoi_timer_start(&dial->deadline, loop, dial->end_ms > now_ms ? dial->end_ms - now_ms : 0,
		on_deadline);
}

/* --- the steps --- */

static void on_race_over(struct envoi__race *race, const struct envoi__race_winner *winner)
{
	struct envoi_dial *dial = ENVOI_CONTAINER_OF(race, struct envoi_dial, race);
	if (winner == NULL) {
		end(dial, DIAL_LOST);
		return;
	}
	envoi__target_describe(&dial->dialed, winner->target, &winner->address, winner->fd);
	dial->dialed.own = winner->own;
	dial->address = winner->address;
	end(dial, DIAL_WON);
}

/* A trial that ends while it waits has ended the race, or goes on with the others: either way the
 * time for everything counts again. */
static void on_standstill(struct envoi__race *race, bool is_still)
{
	struct envoi_dial *dial = ENVOI_CONTAINER_OF(race, struct envoi_dial, race);
	uint64_t now_ms = envoi_loop_now_ms(envoi_context_loop(dial->context));
	if (is_still && dial->standstills++ == 0) {
		envoi_timer_stop(&dial->deadline);
		dial->still_since_ms = now_ms;
	} else if (!is_still && --dial->standstills == 0 && dial->end_ms != 0) {
		dial->end_ms += now_ms - dial->still_since_ms;
		if (dial->state == DIAL_RUNNING) {
			start_deadline(dial);
		}
	}
}

static void on_services(struct envoi__services *services, int code)
{
	struct envoi_dial *dial = ENVOI_CONTAINER_OF(services, struct envoi_dial, services);
	if (code < 0) {
		end(dial, DIAL_LOST);
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
	start_deadline(dial);
	int r = dial->host[0] != '\0'
		? start_without_services(dial)
		: envoi__services_start(&dial->services, dial->resolve_timeout_ms);
	if (r < 0) {
		fail(dial, ENVOI_PHASE_RESOLVE, r);
	}
}

static void on_next(struct envoi_deferred *deferred)
{
	struct envoi_dial *dial = ENVOI_CONTAINER_OF(deferred, struct envoi_dial, deferred);
	start_deadline(dial);
	envoi__race_go_on(&dial->race);
}

int envoi_dial_next(struct envoi_dial *dial, const struct envoi_failure *why, uint64_t timeout_ms)
{
	if (dial->state != DIAL_HANDED_OVER) {
		return ENVOI_ERR_STATE;
	}
	const char *text = why->text[0] != '\0' ? why->text : envoi_error_text(why->code);
	envoi__attempts_add_address(&dial->attempts, dial->dialed.host, &dial->address,
		dial->dialed.port, why->phase, why->code, text);
	envoi__attempts_keep_best(&dial->attempts, why);
	dial->timeout_ms = timeout_ms;
	dial->end_ms = 0;
	dial->state = DIAL_RUNNING;
	envoi_deferred_post(&dial->deferred, envoi_context_loop(dial->context), on_next);
	return ENVOI_OK;
}

/* --- beginning --- */

/* RFC 6122 and URIs write IPv6 addresses in brackets. */
static char *strip_brackets(char *host)
{
	size_t len = strlen(host);
	if (len >= 2 && host[0] == '[' && host[len - 1] == ']') {
		host[len - 1] = '\0';
		return host + 1;
	}
	return host;
}

static int copy_host(char to[HOST_SIZE], const char *text)
{
	char ascii[HOST_SIZE + 2];
	unsigned char bytes[16];
	int r = envoi__domain_to_ascii(ascii, sizeof(ascii), text);
	if (r < 0) {
		return r;
	}
	const char *host = strip_brackets(ascii);
	size_t len = strlen(host);
	bool is_address = envoi__parse_address(host, bytes) != 0;
	if (len >= HOST_SIZE || (!is_address && !envoi__is_dns_name(host))) {
		return ENVOI_ERR_INVALID;
	}
	len -= !is_address && host[len - 1] == '.';
	memcpy(to, host, len);
	to[len] = '\0';
	return ENVOI_OK;
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
	if (options->domain == NULL || (!dial->is_server && strcmp(service, "xmpp-client") != 0)) {
		return ENVOI_ERR_INVALID;
	}
	int r = copy_host(dial->domain, options->domain);
	if (r == ENVOI_OK && options->host != NULL) {
		r = copy_host(dial->host, options->host);
	}
	if (r < 0) {
		return r;
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

static int choose_resolver(struct envoi_dial *dial, const struct envoi_dial_options *options,
	struct envoi_resolver **ret_resolver)
{
	int r = ENVOI_OK;
	*ret_resolver = options->resolver;
	if (options->resolver == NULL && options->name_servers != NULL) {
		r = envoi_resolver_new_cares(
			&dial->own_resolver, dial->context, options->name_servers);
		*ret_resolver = dial->own_resolver;
	} else if (options->resolver == NULL) {
		*ret_resolver = envoi_context_resolver(dial->context);
	}
	return r;
}

static void prepare_steps(struct envoi_dial *dial, const struct envoi_dial_options *options,
	struct envoi_resolver *resolver)
{
	dial->services = (struct envoi__services){
		.context = dial->context,
		.resolver = resolver,
		.domain = dial->domain,
		.is_server = dial->is_server,
		.roads = dial->roads,
		.attempts = &dial->attempts,
		.failure = &dial->failure,
		.done = on_services,
	};
	if (options->judge != NULL) {
		dial->judge = *options->judge;
	}
	dial->race = (struct envoi__race){
		.context = dial->context,
		.sockets = options->sockets != NULL ? options->sockets : &envoi__tcp_sockets,
		.targets = &dial->services.targets,
		.attempt_log = &dial->attempts,
		.failure = &dial->failure,
		.resolver = resolver,
		.resolve_timeout_ms = dial->resolve_timeout_ms,
		.trial_roads = options->judge != NULL ? options->trial_roads : 0,
		.judge = &dial->judge,
		.decision_timeout_ms = options->decision_timeout_ms,
		.trial_timeout_ms = options->trial_timeout_ms != 0 ? options->trial_timeout_ms
								   : DEFAULT_TRIAL_MS,
		.attempt_timeout_ms = options->attempt_timeout_ms != 0 ? options->attempt_timeout_ms
								       : DEFAULT_TIMEOUT_MS,
		.stagger_ms = options->stagger_ms != 0 ? options->stagger_ms : DEFAULT_STAGGER_MS,
		.done = on_race_over,
		.stands_still = on_standstill,
	};
}

static void release(struct envoi_dial *dial)
{
	struct envoi_context *context = dial->context;
	envoi_resolver_destroy(dial->own_resolver);
	envoi__attempts_finish(&dial->attempts);
	envoi_failure_finish(&dial->failure);
	envoi_free(context, dial);
	envoi_context_unref(context);
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
	dial->context = envoi_context_ref(context);
	dial->attempts.context = context;
	struct envoi_resolver *resolver;
	int r = take_options(dial, options);
	if (r == ENVOI_OK) {
		r = choose_resolver(dial, options, &resolver);
	}
	if (r < 0) {
		release(dial);
		return r;
	}
	dial->done = done;
	dial->user = user;
	prepare_steps(dial, options, resolver);
	envoi_deferred_post(&dial->deferred, loop, on_begin);
	*ret_dial = dial;
	return ENVOI_OK;
}

/* It was never handed over. */
static void drop_winner(struct envoi_dial *dial)
{
	const struct envoi__race *race = &dial->race;
	if (dial->dialed.fd >= 0) {
		race->sockets->close(race->sockets->user, dial->dialed.fd);
	} else {
		struct envoi_trial trial = {.own = dial->dialed.own};
		race->judge->drop(race->judge->user, &trial);
	}
}

void envoi_dial_free(struct envoi_dial *dial)
{
	if (dial == NULL) {
		return;
	}
	if (!stop_steps(dial)) {
		return;
	}
	envoi_deferred_cancel(&dial->deferred);
	if (dial->state == DIAL_WON) {
		drop_winner(dial);
	}
	release(dial);
}

static unsigned int roads_of(enum envoi__tls_mode mode)
{
	switch (mode) {
	case ENVOI__TLS_MODE_DIRECT:
		return ENVOI_ROAD_DIRECT;
	case ENVOI__TLS_MODE_EITHER:
		return ENVOI_ROAD_STARTTLS | ENVOI_ROAD_DIRECT;
	case ENVOI__TLS_MODE_STARTTLS:
	case ENVOI__TLS_MODE_NONE:
		break;
	}
	return ENVOI_ROAD_STARTTLS;
}

void envoi_dial_options_from_settings(
	struct envoi_dial_options *options, const struct envoi_settings *settings)
{
	struct envoi__net_settings values;
	envoi__net_settings_read(&values, settings);
	options->host = values.server;
	options->name_servers = values.name_servers;
	options->port = values.port;
	options->roads = roads_of(values.tls_mode);
	options->resolve_timeout_ms = values.resolve_timeout_ms;
	options->attempt_timeout_ms = values.connect_timeout_ms;
	options->stagger_ms = values.connect_stagger_ms;
	options->trial_timeout_ms = values.tls_timeout_ms;
	options->decision_timeout_ms = values.decision_timeout_ms;
}
