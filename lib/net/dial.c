/*
 * envoi - dialing: from an XMPP domain to a connected socket
 * SPDX-License-Identifier: MIT
 */
#include <envoi/interfaces/dial.h>

#include <stdbool.h>
#include <string.h>

#include <envoi/context.h>

#include "base/guard.h"
#include "net/attempts.h"
#include "net/happy_eyeballs.h"
#include "net/net_settings.h"
#include "net/sockets.h"
#include "net/srv.h"

#define DEFAULT_TIMEOUT_MS 15000
#define DEFAULT_TRIAL_MS 20000
#define DEFAULT_STAGGER_MS 250

enum dial_state {
	DIAL_RUNNING,
	DIAL_WON, /* a winner is to be handed over */
	DIAL_LOST, /* a failure is to be reported */
	DIAL_HANDED_OVER, /* the winner is the receiver's [next: RUNNING] */
	DIAL_OVER,
};

/*
 * Service records, then a race among the targets, then the end. Each step begins in a deferred call
 * or in a callback of the step before; the end is reported by a deferred call, so that nothing of a
 * step is on the stack when `done` frees the dial.
 */
struct envoi_dial {
	struct envoi_context *context;
	envoi_dialed_fn *done;
	void *user;
	char domain[ENVOI__HOST_SIZE];
	char host[ENVOI__HOST_SIZE]; /* "": services of the domain */
	uint16_t port;
	bool is_server;
	unsigned int routes;
	uint64_t resolve_timeout_ms, timeout_ms;
	struct envoi_resolver *own_resolver; /* for the options' name servers; NULL: none */
	struct envoi__guard guard; /* hooks of trials may free the dial */
	struct envoi__srv_lookup services;
	struct envoi__race race;
	struct envoi_trial_hooks trials; /* a copy */
	struct envoi_deferred deferred; /* the beginning, then the end */
	struct envoi_timer deadline;
	struct envoi__attempts attempts;
	struct envoi_failure failure; /* when LOST */
	struct envoi_dialed dialed; /* the last winner */
	struct sockaddr_storage address; /* and where it is */
	enum dial_state state;
	uint64_t end_ms; /* by the loop's clock, when there is a deadline */
	unsigned int waiting; /* trials that wait for a decision: the deadline is suspended */
	uint64_t waiting_since_ms;
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

static void stop_steps(struct envoi_dial *dial)
{
	envoi__race_finish(&dial->race);
	envoi__srv_finish(&dial->services);
	envoi_timer_stop(&dial->deadline);
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

static void leave(struct envoi_dial *dial)
{
	if (envoi__guard_leave(&dial->guard)) {
		release(dial);
	}
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

static void conclude_late(struct envoi_dial *dial, bool has_tried_any)
{
	envoi__attempts_conclude(&dial->attempts, &dial->failure,
		has_tried_any ? ENVOI_PHASE_CONNECT : ENVOI_PHASE_RESOLVE, ENVOI_ERR_TIMEOUT,
		has_tried_any ? "no server answered in the time allowed"
			      : "no address was found in the time allowed");
	end(dial, DIAL_LOST);
}

static void on_deadline(struct envoi_timer *timer)
{
	struct envoi_dial *dial = ENVOI_CONTAINER_OF(timer, struct envoi_dial, deadline);
	bool has_tried_any = dial->race.has_tried_any;
	envoi__guard_enter(&dial->guard);
	envoi__srv_note_pending(&dial->services);
	envoi__race_note_pending(&dial->race);
	stop_steps(dial);
	if (!envoi__guard_is_over(&dial->guard)) {
		conclude_late(dial, has_tried_any);
	}
	leave(dial);
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

/* A trial that ends while it waits has ended the race, or the race continues: in both cases the
 * deadline holds again. */
static void on_race_waits(struct envoi__race *race, bool waits)
{
	struct envoi_dial *dial = ENVOI_CONTAINER_OF(race, struct envoi_dial, race);
	uint64_t now_ms = envoi_loop_now_ms(envoi_context_loop(dial->context));
	if (waits && dial->waiting++ == 0) {
		envoi_timer_stop(&dial->deadline);
		dial->waiting_since_ms = now_ms;
	} else if (!waits && --dial->waiting == 0 && dial->end_ms != 0) {
		dial->end_ms += now_ms - dial->waiting_since_ms;
		if (dial->state == DIAL_RUNNING) {
			start_deadline(dial);
		}
	}
}

static void on_race_leave(struct envoi__race *race)
{
	leave(ENVOI_CONTAINER_OF(race, struct envoi_dial, race));
}

static void on_services(struct envoi__srv_lookup *services, int code)
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
	enum envoi_route route = dial->routes & ENVOI_ROUTE_STARTTLS ? ENVOI_ROUTE_STARTTLS
								     : ENVOI_ROUTE_DIRECT;
	uint16_t port = dial->port != 0 ? dial->port
					: envoi__srv_default_port(dial->is_server, route);
	envoi__targets_init(&dial->services.targets, dial->context);
	int r = envoi__targets_add(&dial->services.targets, dial->host, port, route);
	return r < 0 ? r : envoi__race_start(&dial->race);
}

static void on_begin(struct envoi_deferred *deferred)
{
	struct envoi_dial *dial = ENVOI_CONTAINER_OF(deferred, struct envoi_dial, deferred);
	start_deadline(dial);
	int r = dial->host[0] != '\0' ? start_without_services(dial)
				      : envoi__srv_start(&dial->services, dial->resolve_timeout_ms);
	if (r < 0) {
		fail(dial, ENVOI_PHASE_RESOLVE, r);
	}
}

static void on_next(struct envoi_deferred *deferred)
{
	struct envoi_dial *dial = ENVOI_CONTAINER_OF(deferred, struct envoi_dial, deferred);
	start_deadline(dial);
	envoi__race_resume(&dial->race);
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

static bool is_address(const char *text)
{
	unsigned char bytes[16];
	return envoi__parse_address(text, bytes) != 0;
}

static uint64_t or_default(uint64_t time_ms, uint64_t default_ms)
{
	return time_ms != 0 ? time_ms : default_ms;
}

static int take_options(struct envoi_dial *dial, const struct envoi_dial_options *options)
{
	const char *service = options->service != NULL ? options->service : "xmpp-client";
	dial->is_server = strcmp(service, "xmpp-server") == 0;
	if (options->domain == NULL || (!dial->is_server && strcmp(service, "xmpp-client") != 0)) {
		return ENVOI_ERR_INVALID;
	}
	int r = envoi__host_read(dial->domain, options->domain);
	if (r == ENVOI_OK && options->host != NULL) {
		r = envoi__host_read(dial->host, options->host);
	}
	if (r < 0) {
		return r;
	}
	if (options->host == NULL && (options->port != 0 || is_address(dial->domain))) {
		memcpy(dial->host, dial->domain, sizeof(dial->host));
	}
	dial->port = options->port;
	dial->routes = options->routes != 0 ? options->routes : ENVOI_ROUTE_STARTTLS;
	dial->timeout_ms = options->timeout_ms;
	dial->resolve_timeout_ms = or_default(options->resolve_timeout_ms, DEFAULT_TIMEOUT_MS);
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

static void prepare_race(struct envoi_dial *dial, const struct envoi_dial_options *options,
	struct envoi_resolver *resolver)
{
	dial->race = (struct envoi__race){
		.targets = &dial->services.targets,
		.candidate_setup =
			{
				.context = dial->context,
				.resolver = resolver,
				.resolve_timeout_ms = dial->resolve_timeout_ms,
				.attempts = &dial->attempts,
			},
		.attempt_setup =
			{
				.context = dial->context,
				.sockets = options->sockets != NULL ? options->sockets
								    : &envoi__tcp_sockets,
				.trials = &dial->trials,
				.connect_timeout_ms = or_default(
					options->attempt_timeout_ms, DEFAULT_TIMEOUT_MS),
				.trial_timeout_ms = or_default(
					options->trial_timeout_ms, DEFAULT_TRIAL_MS),
				.decision_timeout_ms = options->decision_timeout_ms,
				.log = &dial->attempts,
			},
		.stagger_ms = or_default(options->stagger_ms, DEFAULT_STAGGER_MS),
		.trial_routes = options->trials != NULL ? options->trial_routes : 0,
		.failure = &dial->failure,
		.guard = &dial->guard,
		.done = on_race_over,
		.waits = on_race_waits,
		.leave = on_race_leave,
	};
}

static void prepare_steps(struct envoi_dial *dial, const struct envoi_dial_options *options,
	struct envoi_resolver *resolver)
{
	dial->services = (struct envoi__srv_lookup){
		.context = dial->context,
		.resolver = resolver,
		.domain = dial->domain,
		.is_server = dial->is_server,
		.routes = dial->routes,
		.attempts = &dial->attempts,
		.failure = &dial->failure,
		.done = on_services,
	};
	if (options->trials != NULL) {
		dial->trials = *options->trials;
	}
	prepare_race(dial, options, resolver);
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

/* A connection that was never handed over. */
static void drop_winner(struct envoi_dial *dial)
{
	const struct envoi__attempt_setup *setup = &dial->race.attempt_setup;
	if (dial->dialed.fd >= 0) {
		setup->sockets->close(setup->sockets->user, dial->dialed.fd);
	} else {
		struct envoi_trial trial = {.own = dial->dialed.own};
		setup->trials->drop(setup->trials->user, &trial);
	}
}

void envoi_dial_free(struct envoi_dial *dial)
{
	if (dial == NULL || envoi__guard_is_over(&dial->guard)) {
		return;
	}
	envoi__guard_enter(&dial->guard);
	envoi__guard_end(&dial->guard);
	stop_steps(dial);
	envoi_deferred_cancel(&dial->deferred);
	if (dial->state == DIAL_WON) {
		drop_winner(dial);
	}
	leave(dial);
}

static unsigned int routes_of(enum envoi__tls_mode mode)
{
	switch (mode) {
	case ENVOI__TLS_MODE_DIRECT:
		return ENVOI_ROUTE_DIRECT;
	case ENVOI__TLS_MODE_EITHER:
		return ENVOI_ROUTE_STARTTLS | ENVOI_ROUTE_DIRECT;
	case ENVOI__TLS_MODE_STARTTLS:
	case ENVOI__TLS_MODE_NONE:
		break;
	}
	return ENVOI_ROUTE_STARTTLS;
}

void envoi_dial_options_from_settings(
	struct envoi_dial_options *options, const struct envoi_settings *settings)
{
	struct envoi__net_settings values;
	envoi__net_settings_read(&values, settings);
	options->host = values.server;
	options->name_servers = values.name_servers;
	options->port = values.port;
	options->routes = routes_of(values.tls_mode);
	options->resolve_timeout_ms = values.resolve_timeout_ms;
	options->attempt_timeout_ms = values.connect_timeout_ms;
	options->stagger_ms = values.connect_stagger_ms;
	options->trial_timeout_ms = values.tls_timeout_ms;
	options->decision_timeout_ms = values.decision_timeout_ms;
}
