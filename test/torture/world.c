/*
 * envoi - a client program and the small server of the tests, each in a context of its own
 * SPDX-License-Identifier: MIT
 */
#include "world.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <event2/event.h>

#include <envoi/buffer.h>
#include <envoi/interfaces/mainloop.h>
#include <envoi/interfaces/transport.h>
#include <envoi/mainloop.h>

#define FEW_ITERATIONS "16"

/** A connection: of the client to here, and from here to the server. */
struct bridge {
	struct bridge *next;
	struct world *world;
	struct envoi_memory_end *near, *far;
};

/* --- carrying bytes --- */

static void bridge_free(struct bridge *bridge)
{
	struct bridge **link = &bridge->world->bridges;
	while (*link != bridge) {
		link = &(*link)->next;
	}
	*link = bridge->next;
	envoi_memory_end_free(bridge->near);
	envoi_memory_end_free(bridge->far);
	free(bridge);
}

static int carry(struct envoi_memory_end *from, struct envoi_memory_end *to)
{
	struct envoi_buffer *bytes = envoi_memory_end_received(from);
	size_t len = envoi_buffer_len(bytes);
	int r = len == 0 || to == NULL ? ENVOI_OK
				       : envoi_memory_end_send(to, envoi_buffer_data(bytes), len);
	envoi_buffer_consume(bytes, len);
	return r;
}

/* The client's side: from its loop. */
static void on_near(void *user, struct envoi_memory_end *near)
{
	struct bridge *bridge = user;
	struct world *world = bridge->world;
	(void)carry(near, bridge->far);
	if (envoi_memory_end_is_over(near)) {
		bridge_free(bridge);
	}
	world_turn_server(world);
}

/* The server's side: from its loop. */
static void on_far(void *user, struct envoi_memory_end *far)
{
	struct bridge *bridge = user;
	if (carry(far, bridge->near) == ENVOI_ERR_NOMEM) {
		envoi_memory_pair_cut(envoi_memory_end_pair(bridge->near));
	}
	if (envoi_memory_end_is_over(far)) {
		envoi_memory_end_shut_down(bridge->near);
		envoi_memory_end_free(far);
		bridge->far = NULL;
	}
}

static void connect_server(struct world *world, struct bridge *bridge)
{
	struct envoi_memory_pair *pair;
	assert_int_equal(envoi_memory_pair_new(&pair, world->server_context), ENVOI_OK);
	assert_int_equal(test_server_accept(world->server, pair), ENVOI_OK);
	assert_int_equal(
		envoi_memory_end_new(&bridge->far, pair, ENVOI_MEMORY_A, on_far, bridge), ENVOI_OK);
	envoi_memory_pair_unref(pair);
}

static int on_accept(void *user, struct envoi_memory_pair *pair, const char *domain)
{
	struct world *world = user;
	(void)domain;
	if (world->never_accepts) {
		return ENVOI_AGAIN;
	}
	struct bridge *bridge = calloc(1, sizeof(*bridge));
	assert_non_null(bridge);
	bridge->world = world;
	int r = envoi_memory_end_new(&bridge->near, pair, ENVOI_MEMORY_B, on_near, bridge);
	if (r < 0) {
		free(bridge);
		return r;
	}
	bridge->next = world->bridges;
	world->bridges = bridge;
	connect_server(world, bridge);
	envoi_memory_pair_unref(world->pair);
	world->pair = envoi_memory_pair_ref(pair);
	envoi_memory_pair_script(pair, ENVOI_MEMORY_A, &world->scripts[ENVOI_MEMORY_A]);
	envoi_memory_pair_script(pair, ENVOI_MEMORY_B, &world->scripts[ENVOI_MEMORY_B]);
	if (world->on_accept != NULL) {
		world->on_accept(world->on_accept_user);
	}
	return ENVOI_OK;
}

void world_drop_connections(struct world *world)
{
	while (world->bridges != NULL) {
		bridge_free(world->bridges);
	}
	world->pair = envoi_memory_pair_unref(world->pair);
	world_turn_server(world);
}

void world_forget_server(struct world *world)
{
	for (struct bridge *at = world->bridges; at != NULL; at = at->next) {
		envoi_memory_end_free(at->far);
		at->far = NULL;
	}
	world_turn_server(world);
}

/* --- the world --- */

void world_turn_server(struct world *world)
{
	int r = envoi_loop_simulated_run_for(world->server_loop, 0);
	if (r < 0) {
		world->server_failure = r;
	}
}

static void turn_base(struct event_base *base)
{
	for (int i = 0; i < 1000; i++) {
		event_base_loop(base, EVLOOP_NONBLOCK);
	}
}

void world_run(struct world *world, uint64_t duration_ms)
{
	world_turn_server(world);
	if (world->base != NULL) {
		turn_base(world->base);
	} else {
		assert_int_equal(envoi_loop_simulated_run_for(world->loop, duration_ms), ENVOI_OK);
	}
	world_turn_server(world);
}

uint64_t world_now_ms(const struct world *world)
{
	return envoi_loop_now_ms(world->loop);
}

void world_open(struct world *world, struct event_base *base)
{
	memset(&world->allocator, 0, sizeof(world->allocator));
	assert_int_equal(test_allocator_context(&world->context, &world->allocator), ENVOI_OK);
	world->base = base;
	int r = base != NULL ? envoi_loop_new_libevent(&world->loop, world->context, base)
			     : envoi_loop_new_simulated(&world->loop, world->context);
	assert_int_equal(r, ENVOI_OK);
	assert_int_equal(envoi_context_take_loop(world->context, world->loop), ENVOI_OK);
}

void world_close(struct world *world)
{
	world_drop_connections(world);
	world->context = envoi_context_unref(world->context);
	assert_int_equal(world->allocator.live, 0);
	assert_int_equal(world->server_failure, ENVOI_OK);
}

void world_init(struct world *world, bool has_tls)
{
	static const struct envoi_memory_script script = ENVOI_MEMORY_SCRIPT_INIT;
	*world = (struct world){.has_tls = has_tls, .scripts = {script, script}};
	assert_int_equal(envoi_context_new(&world->server_context, NULL), ENVOI_OK);
	assert_int_equal(
		envoi_loop_new_simulated(&world->server_loop, world->server_context), ENVOI_OK);
	assert_int_equal(
		envoi_context_take_loop(world->server_context, world->server_loop), ENVOI_OK);
	world->server = test_server_new(world->server_context, TEST_DATA, NULL);
	test_server_knobs(world->server)->no_tls = !has_tls;
	assert_int_equal(envoi_settings_set(test_server_settings(world->server),
				 "sasl.min-iterations", FEW_ITERATIONS),
		ENVOI_OK);
	test_server_renew_sasl(world->server);
	test_server_add_account(world->server, "alice", "wonderland");
	test_server_add_contact(world->server, "alice", "bob@example.org", "Bob", "both");
	world_open(world, NULL);
}

void world_finish(struct world *world)
{
	world_close(world);
	test_server_free(world->server);
	envoi_context_unref(world->server_context);
}

/* --- a program --- */

static void on_event(struct envoi_handler *self, const struct envoi_event *event)
{
	struct program *program = ENVOI_CONTAINER_OF(self, struct program, recorder);
	program->events[event->type]++;
	if (event->type == ENVOI_EVENT_STARTED && program->world->pair != NULL) {
		program->started_at_byte = envoi_memory_pair_arrived(
			program->world->pair, ENVOI_MEMORY_B);
	}
	if (event->type == ENVOI_EVENT_DISCONNECTED && event->failure != NULL) {
		program->code = event->failure->code;
		program->phase = event->failure->phase;
		snprintf(program->text, sizeof(program->text), "%s", event->failure->text);
		program->disconnected_at_ms = world_now_ms(program->world);
	}
}

static const struct envoi_event_row events[] = {{ENVOI_EVERY_EVENT, on_event}, ENVOI_ROWS_END};
static const struct envoi_handler_impl recorder_impl = {.name = "recorder", .events = events};

static int configure(struct envoi_client *client, const struct world *world)
{
	int r = envoi_client_set_password(client, "wonderland");
	if (r == ENVOI_OK && world->has_tls) {
		r = envoi_client_set(client, "tls.ca-file", TEST_DATA "/tls/ca.pem");
	}
	if (r == ENVOI_OK) {
		r = envoi_client_set(client, "tls.system-trust", "false");
	}
	if (r == ENVOI_OK) {
		r = envoi_client_set(client, "reconnect.enabled", "false");
	}
	/* Thousands of logins: keys that cost little. */
	if (r == ENVOI_OK) {
		r = envoi_client_set(client, "sasl.mechanisms", "SCRAM-SHA-256-PLUS SCRAM-SHA-256");
	}
	if (r == ENVOI_OK) {
		r = envoi_client_set(client, "sasl.min-iterations", FEW_ITERATIONS);
	}
	return r == ENVOI_OK && !world->has_tls ? envoi_client_set(client, "tls.mode", "none") : r;
}

static struct envoi_connector *leave_connector(void *user, struct envoi_connector *inner)
{
	(void)user;
	return inner;
}

static int add_connector(struct envoi_client *client, struct world *world,
	struct envoi_connector *(*wrap)(void *user, struct envoi_connector *inner), void *user)
{
	struct envoi_connector *connector;
	int r = envoi_memory_connector_new(
		&connector, world->context, on_accept, world, !world->has_tls);
	if (r < 0) {
		return r;
	}
	return envoi_client_add_connector(client, wrap(user, connector));
}

int program_init(struct program *program, struct world *world)
{
	return program_init_with(program, world, leave_connector, NULL);
}

int program_init_with(struct program *program, struct world *world,
	struct envoi_connector *(*wrap)(void *user, struct envoi_connector *inner), void *user)
{
	*program = (struct program){.recorder = {&recorder_impl}, .world = world};
	int r = envoi_client_new(&program->client, world->context, "alice@example.org/desk");
	if (r < 0) {
		return r;
	}
	r = configure(program->client, world);
	if (r == ENVOI_OK) {
		r = add_connector(program->client, world, wrap, user);
	}
	if (r == ENVOI_OK) {
		r = envoi_client_add(program->client, &program->recorder);
	}
	if (r < 0) {
		program_free_client(program);
	}
	return r;
}

void program_free_client(struct program *program)
{
	struct envoi_client *client = program->client;
	program->client = NULL;
	envoi_client_free(client);
}

bool program_is_online(const struct program *program)
{
	return program->client != NULL &&
		envoi_session_is_online(envoi_client_session(program->client));
}
