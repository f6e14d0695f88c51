/*
 * envoi - two sides that resume their sessions: the world of the tests
 * SPDX-License-Identifier: MIT
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <envoi/envoi.h>
#include <envoi/interfaces/features.h>
#include <envoi/interfaces/session.h>
#include <envoi/memory.h>

#include "resumption_world.h"
#include "stream_fixture.h"
#include "test_allocator.h"

static int on_message(struct envoi_handler *self, struct envoi_delivery *in)
{
	struct notes *got = &ENVOI_CONTAINER_OF(self, struct side, handler)->got;
	assert_true(got->count < MOST_NOTES);
	snprintf(got->ids[got->count++], sizeof(got->ids[0]), "%s",
		envoi_stanza_id(envoi_delivery_stanza(in)));
	return ENVOI_OK;
}

static const struct envoi_stanza_row rows[] = {
	{.kind = ENVOI_MESSAGE, .type = ENVOI_TYPE_ANY, .handle = on_message},
	ENVOI_ROWS_END,
};
static const struct envoi_handler_impl side_impl = {.name = "side", .stanzas = rows};

static void on_ready(struct envoi_session_owner *owner, struct envoi_session *session)
{
	(void)session;
	ENVOI_CONTAINER_OF(owner, struct side, owner)->ready_count++;
}

static void on_closed(struct envoi_session_owner *owner, struct envoi_session *session,
	const struct envoi_failure *why)
{
	struct side *side = ENVOI_CONTAINER_OF(owner, struct side, owner);
	side->closed_count++;
	envoi_failure_finish(&side->closed);
	envoi_failure_copy(&side->closed, why);
	side->is_over = !envoi_session_is_suspended(session);
}

static const struct envoi_session_owner_impl owner_impl = {
	.ready = on_ready,
	.closed = on_closed,
};

static void make_side(struct side *side, struct world *world)
{
	*side = (struct side){
		.owner.impl = &owner_impl,
		.handler.impl = &side_impl,
		.world = world,
	};
	assert_int_equal(
		envoi_session_new(&side->session, world->context, world->settings), ENVOI_OK);
	envoi_session_set_owner(side->session, &side->owner);
	assert_int_equal(envoi_session_add(side->session, &side->handler), ENVOI_OK);
}

void side_finish(struct side *side)
{
	envoi_session_free(side->session);
	envoi_failure_finish(&side->closed);
}

static void attach(struct side *side, enum envoi_memory_side end, enum envoi_role role,
	struct envoi_handler **handlers, size_t count)
{
	struct world *world = side->world;
	struct envoi_transport *transport;
	struct envoi_stream *stream;
	const struct envoi_stream_options options = {
		.role = role,
		.local = role == ENVOI_INITIATOR ? world->alice : world->domain,
		.peer_domain = role == ENVOI_INITIATOR ? "example.org" : NULL,
		.required = ENVOI_STREAM_AUTHENTICATED | ENVOI_STREAM_BOUND,
		.handlers = handlers,
		.handler_count = count,
		.settings = world->settings,
	};
	assert_int_equal(
		envoi_memory_transport_new(&transport, world->pair, end, world->settings, true),
		ENVOI_OK);
	assert_int_equal(envoi_stream_new(&stream, world->context, &options, transport,
				 envoi_session_sink(side->session)),
		ENVOI_OK);
	assert_int_equal(envoi_session_attach(side->session, stream), ENVOI_OK);
}

static void on_bind(struct envoi_bind_hook *hook, struct envoi_stream *stream,
	struct envoi_handler *handler, const char *resource)
{
	struct world *world = ENVOI_CONTAINER_OF(hook, struct world, bind_hook);
	struct envoi_jid *jid;
	char own[32];
	snprintf(own, sizeof(own), "r%zu", ++world->resources);
	assert_int_equal(envoi_jid_from_parts(&jid, world->context, "alice", "example.org",
				 resource != NULL ? resource : own),
		ENVOI_OK);
	assert_int_equal(
		envoi_bind_answer(stream, handler, jid, ENVOI_STANZA_NO_CONDITION), ENVOI_OK);
	envoi_jid_unref(jid);
}

static const struct envoi_bind_hook_impl bind_hook_impl = {.wanted = on_bind};

struct world *world_of_hook(struct envoi_resumption_hook *hook)
{
	return ENVOI_CONTAINER_OF(hook, struct world, hook);
}

bool world_on_enabled(struct envoi_resumption_hook *hook, struct envoi_session *session,
	uint64_t wanted_s, struct envoi_resumption *resumption)
{
	struct side *side = world_of_hook(hook)->sessions;
	(void)wanted_s;
	while (side->session != session) {
		side = side->next;
	}
	resumption->max_s = world_of_hook(hook)->max_s;
	if (world_of_hook(hook)->id != NULL) {
		snprintf(resumption->id, sizeof(resumption->id), "%s", world_of_hook(hook)->id);
	}
	snprintf(side->id, sizeof(side->id), "%s", resumption->id);
	return true;
}

struct envoi_session *world_find(struct world *world, const char *previd)
{
	for (struct side *side = world->sessions; side != NULL; side = side->next) {
		if (side->id[0] != '\0' && strcmp(side->id, previd) == 0) {
			return side->session;
		}
	}
	return NULL;
}

void world_on_wanted(struct envoi_resumption_hook *hook, struct envoi_stream *stream,
	struct envoi_handler *handler, const char *previd)
{
	struct world *world = world_of_hook(hook);
	world->asked++;
	if (world->is_slow) {
		world->open_stream = stream;
		snprintf(world->open_previd, sizeof(world->open_previd), "%s", previd);
	} else {
		(void)envoi_resumption_answer(stream, handler, world_find(world, previd));
	}
}

static void on_expired(struct envoi_resumption_hook *hook, struct envoi_session *session)
{
	assert_false(envoi_session_is_suspended(session));
	world_of_hook(hook)->expired++;
}

static const struct envoi_resumption_hook_impl world_hook_impl = {
	.enabled = world_on_enabled,
	.wanted = world_on_wanted,
	.expired = on_expired,
};

void world_new_pair(struct world *world)
{
	envoi_memory_end_free(world->end);
	world->end = NULL;
	envoi_memory_pair_unref(world->pair);
	assert_int_equal(envoi_memory_pair_new(&world->pair, world->context), ENVOI_OK);
}

void world_attach_server(struct side *side)
{
	struct world *world = side->world;
	struct envoi_handler *handlers[] = {world->auth, world->bind_server, world->management};
	attach(side, ENVOI_MEMORY_B, ENVOI_RECEIVER, handlers,
		sizeof(handlers) / sizeof(handlers[0]));
}

struct side *world_serve(struct world *world)
{
	struct side *side = calloc(1, sizeof(*side));
	assert_non_null(side);
	make_side(side, world);
	side->next = world->sessions;
	world->sessions = side;
	world_attach_server(side);
	return side;
}

void world_sweep(struct world *world)
{
	struct side **link = &world->sessions;
	while (*link != NULL) {
		struct side *side = *link;
		if (side->is_over) {
			*link = side->next;
			side_finish(side);
			free(side);
		} else {
			link = &side->next;
		}
	}
}

size_t world_session_count(struct world *world)
{
	size_t count = 0;
	world_sweep(world);
	for (struct side *side = world->sessions; side != NULL; side = side->next) {
		count++;
	}
	return count;
}

void world_dial(struct world *world)
{
	struct envoi_handler *handlers[8] = {world->auth, world->bind_client};
	struct side *client = &world->client;
	if (client->session == NULL) {
		make_side(client, world);
	}
	world_new_pair(world);
	size_t count = 2 + envoi_session_handlers(client->session, handlers + 2, 6);
	(void)world_serve(world);
	attach(client, ENVOI_MEMORY_A, ENVOI_INITIATOR, handlers, count);
}

void world_run(struct world *world, uint64_t duration_ms)
{
	struct test_allocator *allocator = &world->allocator;
	if (world->allocations > 0) {
		allocator->fail_at = allocator->calls + world->allocations;
	}
	assert_int_equal(envoi_loop_simulated_run_for(world->loop, duration_ms), ENVOI_OK);
	if (world->allocations > 0) {
		world->allocations = allocator->calls < allocator->fail_at
			? allocator->fail_at - allocator->calls
			: 0;
		allocator->fail_at = 0;
	}
}

int world_setup(void **state)
{
	struct world *world = calloc(1, sizeof(*world));
	assert_non_null(world);
	world->hook.impl = &world_hook_impl;
	world->bind_hook.impl = &bind_hook_impl;
	assert_int_equal(test_allocator_context(&world->context, &world->allocator), ENVOI_OK);
	struct envoi_context *context = world->context;
	assert_int_equal(envoi_loop_new_simulated(&world->loop, context), ENVOI_OK);
	assert_int_equal(envoi_context_take_loop(context, world->loop), ENVOI_OK);
	assert_int_equal(envoi_settings_new(&world->settings, context), ENVOI_OK);
	assert_int_equal(envoi_settings_set(world->settings, "liveness.method", "none"), ENVOI_OK);
	assert_int_equal(
		envoi_jid_from_text(&world->alice, context, "alice@example.org"), ENVOI_OK);
	assert_int_equal(envoi_jid_from_text(&world->domain, context, "example.org"), ENVOI_OK);
	const struct envoi_bind_options server = {.hook = &world->bind_hook};
	const struct envoi_bind_options client = {.resource = NULL};
	world->auth = fake_auth_new(context);
	assert_int_equal(envoi_bind_new(&world->bind_server, context, &server), ENVOI_OK);
	assert_int_equal(envoi_bind_new(&world->bind_client, context, &client), ENVOI_OK);
	assert_int_equal(
		envoi_stream_management_receiver_new(&world->management, context, &world->hook),
		ENVOI_OK);
	*state = world;
	return 0;
}

int world_teardown(void **state)
{
	struct world *world = *state;
	side_finish(&world->client);
	for (struct side *side = world->sessions; side != NULL; side = side->next) {
		side->is_over = true;
	}
	world_sweep(world);
	envoi_memory_end_free(world->end);
	envoi_memory_pair_unref(world->pair);
	envoi_handler_destroy(world->auth);
	envoi_handler_destroy(world->bind_server);
	envoi_handler_destroy(world->bind_client);
	envoi_handler_destroy(world->management);
	envoi_jid_unref(world->alice);
	envoi_jid_unref(world->domain);
	envoi_settings_free(world->settings);
	envoi_context_unref(world->context);
	assert_int_equal(world->allocator.live, 0);
	free(world);
	return 0;
}

static void on_ticket(struct envoi_ticket *ticket, const struct envoi_ticket_report *report)
{
	struct sent *sent = ENVOI_CONTAINER_OF(ticket, struct sent, ticket);
	assert_false(sent->has_ended);
	sent->has_ended = true;
	sent->state = report->state;
}

void world_send_body(
	struct side *side, struct sent *sent, const char *prefix, size_t number, const char *body)
{
	*sent = (struct sent){.ticket.done = on_ticket};
	snprintf(sent->id, sizeof(sent->id), "%s%zu", prefix, number);
	struct envoi_stanza *message = envoi_message_new(
		side->world->context, ENVOI_TYPE_CHAT, "bob@example.org", body);
	envoi_element_set(envoi_stanza_element(message), "id", sent->id);
	assert_int_equal(envoi_send(side->session, message, &sent->ticket), ENVOI_OK);
}

void world_send_message(struct side *side, struct sent *sent, const char *prefix, size_t number)
{
	world_send_body(side, sent, prefix, number, "text");
}

const char *notes_list(const struct notes *notes)
{
	static char text[MOST_NOTES * 16];
	text[0] = '\0';
	for (size_t i = 0; i < notes->count; i++) {
		size_t len = strlen(text);
		snprintf(text + len, sizeof(text) - len, "%s ", notes->ids[i]);
	}
	return text;
}

struct side *world_server(struct world *world)
{
	for (struct side *side = world->sessions; side != NULL; side = side->next) {
		if (side->id[0] != '\0') {
			return side;
		}
	}
	return NULL;
}

void world_log_in(struct world *world)
{
	world_dial(world);
	world_run(world, 0);
	assert_true(envoi_session_is_online(world->client.session));
	assert_non_null(world_server(world));
	assert_true(envoi_session_is_online(world_server(world)->session));
}

void exchange_send(struct world *world, struct exchange *exchange)
{
	for (size_t i = 0; i < MESSAGES; i++) {
		world_send_message(&world->client, &exchange->from_client[i], "c", i);
		world_send_message(world_server(world), &exchange->from_server[i], "s", i);
	}
}

void world_come_back(struct world *world)
{
	for (int i = 0; i < 4 && !envoi_session_is_online(world->client.session); i++) {
		world_run(world, envoi_session_stream(world->client.session) != NULL ? 30000 : 0);
		assert_null(envoi_session_stream(world->client.session));
		world_dial(world);
		world_run(world, 100);
	}
	assert_true(envoi_session_is_online(world->client.session));
}

void exchange_check(struct world *world, const struct exchange *exchange, bool is_whole)
{
	struct side *server = world_server(world);
	for (size_t i = 0; i < MESSAGES; i++) {
		const struct sent *up = &exchange->from_client[i],
				  *down = &exchange->from_server[i];
		assert_true(up->has_ended);
		assert_true(down->has_ended);
		if (is_whole) {
			assert_int_equal(up->state, ENVOI_TICKET_ACKNOWLEDGED);
			assert_int_equal(down->state, ENVOI_TICKET_ACKNOWLEDGED);
		}
	}
	if (is_whole) {
		assert_string_equal(notes_list(&world->client.got), "s0 s1 s2 ");
		assert_string_equal(notes_list(&server->got), "c0 c1 c2 ");
	}
}

void world_lose_silently(struct world *world)
{
	struct envoi_memory_script script = ENVOI_MEMORY_SCRIPT_INIT;
	script.stall_at = 0;
	envoi_memory_pair_script(world->pair, ENVOI_MEMORY_A, &script);
	envoi_memory_pair_script(world->pair, ENVOI_MEMORY_B, &script);
}
