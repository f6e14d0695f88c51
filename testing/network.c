/*
 * envoi - test kit: hosts and their connections
 * SPDX-License-Identifier: MIT
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <envoi/interfaces/transport.h>
#include <envoi/watch.h>

#include "inside.h"

/* --- hosts --- */

static void forget_cuts(struct testing_host *host)
{
	host->cut_at[ENVOI_MEMORY_A] = host->cut_at[ENVOI_MEMORY_B] = ENVOI_MEMORY_NEVER;
}

struct testing_host *testing_host(struct envoi_world *world, const char *name)
{
	struct testing_host *host = world->hosts;
	while (host != NULL && strcmp(host->name, name) != 0) {
		host = host->next;
	}
	if (host == NULL) {
		host = testing_alloc(sizeof(*host));
		snprintf(host->name, sizeof(host->name), "%s", name);
		forget_cuts(host);
		host->next = world->hosts;
		world->hosts = host;
	}
	return host;
}

void testing_hosts_free(struct envoi_world *world)
{
	while (world->hosts != NULL) {
		struct testing_host *host = world->hosts;
		world->hosts = host->next;
		envoi_memory_pair_unref(host->pair);
		free(host);
	}
}

static void script(const struct testing_host *host, enum envoi_memory_side side)
{
	struct envoi_memory_script script = ENVOI_MEMORY_SCRIPT_INIT;
	script.delay_ms = host->link.latency_ms;
	script.bytes_per_second = host->link.bytes_per_second;
	script.piece_bytes = host->link.piece_bytes;
	script.window_bytes = host->link.window_bytes;
	script.cut_at = host->cut_at[side];
	script.stall_at = host->is_silent ? 0 : ENVOI_MEMORY_NEVER;
	envoi_memory_pair_script(host->pair, side, &script);
}

static void script_both(const struct testing_host *host)
{
	if (host->pair != NULL) {
		script(host, ENVOI_MEMORY_A);
		script(host, ENVOI_MEMORY_B);
	}
}

void envoi_world_set_link(
	struct envoi_world *world, const char *name, const struct envoi_test_link *link)
{
	struct testing_host *host = testing_host(world, name);
	host->link = link != NULL ? *link : (struct envoi_test_link){0};
	script_both(host);
}

void envoi_world_cut(struct envoi_world *world, const char *name)
{
	struct testing_host *host = testing_host(world, name);
	if (host->pair != NULL) {
		envoi_memory_pair_cut(host->pair);
	}
}

void envoi_world_cut_after(
	struct envoi_world *world, const char *name, enum envoi_memory_side side, uint64_t bytes)
{
	struct testing_host *host = testing_host(world, name);
	uint64_t arrived = host->pair != NULL ? envoi_memory_pair_arrived(host->pair, side) : 0;
	host->cut_at[side] = arrived + bytes;
	script_both(host);
}

void envoi_world_silence(struct envoi_world *world, const char *name)
{
	struct testing_host *host = testing_host(world, name);
	host->is_silent = host->pair != NULL;
	script_both(host);
}

/* Cuts that were asked for without a connection are of this one, others were of the last. */
static int accept_from(struct envoi_world *world, struct testing_host *host,
	struct envoi_memory_pair *pair, const char *domain)
{
	int r = testing_script_accept(world, pair, domain)
		? ENVOI_OK
		: testing_server_accept(world, pair, domain);
	if (r == ENVOI_OK) {
		if (host->pair != NULL) {
			forget_cuts(host);
		}
		envoi_memory_pair_unref(host->pair);
		host->pair = envoi_memory_pair_ref(pair);
		host->is_silent = false;
		script_both(host);
	}
	return r;
}

/* --- the connector --- */

/* Around a connector of the library: holds its transport back for the time that connecting takes.
 */
struct connector {
	struct envoi_connector base;
	struct envoi_world *world;
	struct testing_host *host;
	struct envoi_connector *inner;
	struct envoi_transport *transport; /* held back; NULL: none */
	struct envoi_timer timer;
	uint64_t timeout_ms;
	envoi_connected_fn *done;
	void *user;
};

static struct connector *connector_of(struct envoi_connector *base)
{
	return ENVOI_CONTAINER_OF(base, struct connector, base);
}

static int on_accept(void *user, struct envoi_memory_pair *pair, const char *domain)
{
	struct connector *connector = user;
	const struct envoi_test_link *link = &connector->host->link;
	if (link->refuses) {
		return ENVOI_ERR_UNREACHABLE;
	}
	return link->ignores ? ENVOI_AGAIN
			     : accept_from(connector->world, connector->host, pair, domain);
}

static void hand_over(struct envoi_timer *timer)
{
	struct connector *connector = ENVOI_CONTAINER_OF(timer, struct connector, timer);
	struct envoi_transport *transport = connector->transport;
	connector->transport = NULL;
	if (connector->host->link.connect_ms <= connector->timeout_ms) {
		connector->done(connector->user, transport, NULL);
		return;
	}
	struct envoi_failure failure;
	envoi_transport_destroy(transport);
	envoi_failure_set(&failure, connector->world->context, ENVOI_PHASE_CONNECT,
		ENVOI_ERR_TIMEOUT, "no answer");
	connector->done(connector->user, NULL, &failure);
	envoi_failure_finish(&failure);
}

static void on_connected(
	void *user, struct envoi_transport *transport, const struct envoi_failure *failure)
{
	struct connector *connector = user;
	uint64_t wait_ms = connector->host->link.connect_ms;
	if (transport == NULL || wait_ms == 0) {
		connector->done(connector->user, transport, failure);
		return;
	}
	connector->transport = transport;
	envoi_timer_start(&connector->timer, connector->world->loop,
		wait_ms < connector->timeout_ms ? wait_ms : connector->timeout_ms, hand_over);
}

static int connector_connect(struct envoi_connector *base, const struct envoi_target *target,
	envoi_connected_fn *done, void *user)
{
	struct connector *connector = connector_of(base);
	if (connector->transport != NULL) {
		return ENVOI_ERR_STATE;
	}
	connector->timeout_ms = target->timeout_ms;
	connector->done = done;
	connector->user = user;
	return connector->inner->impl->connect(connector->inner, target, on_connected, connector);
}

static void connector_cancel(struct envoi_connector *base)
{
	struct connector *connector = connector_of(base);
	connector->inner->impl->cancel(connector->inner);
	envoi_timer_stop(&connector->timer);
	envoi_transport_destroy(connector->transport);
	connector->transport = NULL;
}

static void connector_destroy(struct envoi_connector *base)
{
	struct connector *connector = connector_of(base);
	envoi_connector_destroy(connector->inner);
	envoi_connector_finish(base);
	free(connector);
}

static const struct envoi_connector_impl connector_impl = {
	.name = "world",
	.connect = connector_connect,
	.cancel = connector_cancel,
	.destroy = connector_destroy,
};

static struct envoi_connector *connector_new(
	struct envoi_world *world, const char *host, bool is_secure)
{
	struct connector *connector = testing_alloc(sizeof(*connector));
	connector->world = world;
	connector->host = testing_host(world, host);
	envoi_connector_init(&connector->base, &connector_impl, world->context);
	testing_check(envoi_memory_connector_new(
			      &connector->inner, world->context, on_accept, connector, is_secure),
		"connector");
	return &connector->base;
}

struct envoi_connector *envoi_world_connector(struct envoi_world *world, const char *host)
{
	return connector_new(world, host, true);
}

struct envoi_connector *envoi_world_tls_connector(struct envoi_world *world, const char *host)
{
	return connector_new(world, host, false);
}
