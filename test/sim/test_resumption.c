/*
 * envoi - stream management (XEP-0198): both sides against each other, connections cut
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

#include "stream_fixture.h"
#include "test_allocator.h"

#define SM "xmlns='urn:xmpp:sm:3'"
#define HEADER \
	"<stream:stream xmlns='jabber:client' xmlns:stream='http://etherx.jabber.org/streams' " \
	"version='1.0' to='example.org'>"
#define BIND \
	"<iq type='set' id='b'><bind xmlns='urn:ietf:params:xml:ns:xmpp-bind'>" \
	"<resource>raw</resource></bind></iq>"

enum {
	MESSAGES = 3, /* in each direction */
	MOST_NOTES = 1024,
};

/** What was handed over, as ids. */
struct notes {
	char ids[MOST_NOTES][16];
	size_t count;
};

/** One side: a session and what it got. */
struct side {
	struct envoi_session_owner owner;
	struct envoi_handler handler;
	struct world *world;
	struct side *next;
	struct envoi_session *session;
	struct notes got;
	char id[64]; /* under which it can be resumed; "": not */
	unsigned int ready_count, closed_count;
	struct envoi_failure closed;
	bool is_over; /* server: to be freed */
};

/** The server's sessions, and a client. */
struct world {
	struct envoi_resumption_hook hook;
	struct envoi_bind_hook bind_hook;
	struct envoi_context *context;
	struct envoi_loop *loop;
	struct envoi_settings *settings;
	struct envoi_jid *domain, *alice;
	struct envoi_handler *auth, *bind_server, *bind_client, *management;
	struct side *sessions; /* of the server */
	struct side client;
	struct envoi_memory_pair *pair; /* the newest */
	struct envoi_memory_end *end; /* of a scripted client, on that pair */
	uint32_t max_s;
	const char *id; /* of the next session that can be resumed; NULL: the library's */
	unsigned int asked, expired;
	bool is_slow; /* the question for a session is answered by answer_late() */
	struct envoi_stream *open_stream;
	char open_previd[64];
	size_t resources;
	struct test_allocator allocator;
	size_t allocations; /* until one fails within run(); 0: none fails */
};

/* --- both sides --- */

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

static void finish_side(struct side *side)
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

/* --- the server --- */

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

static struct world *from_hook(struct envoi_resumption_hook *hook)
{
	return ENVOI_CONTAINER_OF(hook, struct world, hook);
}

static bool on_enabled(struct envoi_resumption_hook *hook, struct envoi_session *session,
	uint64_t wanted_s, struct envoi_resumption *resumption)
{
	struct side *side = from_hook(hook)->sessions;
	(void)wanted_s;
	while (side->session != session) {
		side = side->next;
	}
	resumption->max_s = from_hook(hook)->max_s;
	if (from_hook(hook)->id != NULL) {
		snprintf(resumption->id, sizeof(resumption->id), "%s", from_hook(hook)->id);
	}
	snprintf(side->id, sizeof(side->id), "%s", resumption->id);
	return true;
}

static struct envoi_session *find(struct world *world, const char *previd)
{
	for (struct side *side = world->sessions; side != NULL; side = side->next) {
		if (side->id[0] != '\0' && strcmp(side->id, previd) == 0) {
			return side->session;
		}
	}
	return NULL;
}

static void on_wanted(struct envoi_resumption_hook *hook, struct envoi_stream *stream,
	struct envoi_handler *handler, const char *previd)
{
	struct world *world = from_hook(hook);
	world->asked++;
	if (world->is_slow) {
		world->open_stream = stream;
		snprintf(world->open_previd, sizeof(world->open_previd), "%s", previd);
	} else {
		(void)envoi_resumption_answer(stream, handler, find(world, previd));
	}
}

static void on_expired(struct envoi_resumption_hook *hook, struct envoi_session *session)
{
	assert_false(envoi_session_is_suspended(session));
	from_hook(hook)->expired++;
}

static const struct envoi_resumption_hook_impl hook_impl = {
	.enabled = on_enabled,
	.wanted = on_wanted,
	.expired = on_expired,
};

static void new_pair(struct world *world)
{
	envoi_memory_end_free(world->end);
	world->end = NULL;
	envoi_memory_pair_unref(world->pair);
	assert_int_equal(envoi_memory_pair_new(&world->pair, world->context), ENVOI_OK);
}

static void attach_server(struct side *side)
{
	struct world *world = side->world;
	struct envoi_handler *handlers[] = {world->auth, world->bind_server, world->management};
	attach(side, ENVOI_MEMORY_B, ENVOI_RECEIVER, handlers,
		sizeof(handlers) / sizeof(handlers[0]));
}

static struct side *serve(struct world *world)
{
	struct side *side = calloc(1, sizeof(*side));
	assert_non_null(side);
	make_side(side, world);
	side->next = world->sessions;
	world->sessions = side;
	attach_server(side);
	return side;
}

/* Frees the sessions that have ended. */
static void sweep(struct world *world)
{
	struct side **link = &world->sessions;
	while (*link != NULL) {
		struct side *side = *link;
		if (side->is_over) {
			*link = side->next;
			finish_side(side);
			free(side);
		} else {
			link = &side->next;
		}
	}
}

static size_t session_count(struct world *world)
{
	size_t count = 0;
	sweep(world);
	for (struct side *side = world->sessions; side != NULL; side = side->next) {
		count++;
	}
	return count;
}

/* --- the client --- */

static void dial(struct world *world)
{
	struct envoi_handler *handlers[8] = {world->auth, world->bind_client};
	struct side *client = &world->client;
	if (client->session == NULL) {
		make_side(client, world);
	}
	new_pair(world);
	size_t count = 2 + envoi_session_handlers(client->session, handlers + 2, 6);
	(void)serve(world);
	attach(client, ENVOI_MEMORY_A, ENVOI_INITIATOR, handlers, count);
}

static void run(struct world *world, uint64_t duration_ms)
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

static int setup(void **state)
{
	struct world *world = calloc(1, sizeof(*world));
	assert_non_null(world);
	world->hook.impl = &hook_impl;
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

static int teardown(void **state)
{
	struct world *world = *state;
	finish_side(&world->client);
	for (struct side *side = world->sessions; side != NULL; side = side->next) {
		side->is_over = true;
	}
	sweep(world);
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

/* --- messages --- */

struct sent {
	struct envoi_ticket ticket;
	char id[16];
	bool has_ended;
	enum envoi_ticket_state state;
};

static void on_ticket(struct envoi_ticket *ticket, const struct envoi_ticket_report *report)
{
	struct sent *sent = ENVOI_CONTAINER_OF(ticket, struct sent, ticket);
	assert_false(sent->has_ended);
	sent->has_ended = true;
	sent->state = report->state;
}

static void send_body(
	struct side *side, struct sent *sent, const char *prefix, size_t number, const char *body)
{
	*sent = (struct sent){.ticket.done = on_ticket};
	snprintf(sent->id, sizeof(sent->id), "%s%zu", prefix, number);
	struct envoi_stanza *message = envoi_message_new(
		side->world->context, ENVOI_TYPE_CHAT, "bob@example.org", body);
	envoi_element_set(envoi_stanza_element(message), "id", sent->id);
	assert_int_equal(envoi_send(side->session, message, &sent->ticket), ENVOI_OK);
}

static void send_message(struct side *side, struct sent *sent, const char *prefix, size_t number)
{
	send_body(side, sent, prefix, number, "text");
}

static size_t count_of(const struct notes *notes, const char *id)
{
	size_t count = 0;
	for (size_t i = 0; i < notes->count; i++) {
		count += strcmp(notes->ids[i], id) == 0;
	}
	return count;
}

/* @return what was handed over: "c0 c1 " */
static const char *list(const struct notes *notes)
{
	static char text[MOST_NOTES * 16];
	text[0] = '\0';
	for (size_t i = 0; i < notes->count; i++) {
		size_t len = strlen(text);
		snprintf(text + len, sizeof(text) - len, "%s ", notes->ids[i]);
	}
	return text;
}

/* --- tests --- */

static struct side *server_of(struct world *world)
{
	for (struct side *side = world->sessions; side != NULL; side = side->next) {
		if (side->id[0] != '\0') {
			return side;
		}
	}
	return NULL;
}

static void log_in(struct world *world)
{
	dial(world);
	run(world, 0);
	assert_true(envoi_session_is_online(world->client.session));
	assert_non_null(server_of(world));
	assert_true(envoi_session_is_online(server_of(world)->session));
}

struct exchange {
	struct sent from_client[MESSAGES], from_server[MESSAGES];
};

static void say_all(struct world *world, struct exchange *exchange)
{
	for (size_t i = 0; i < MESSAGES; i++) {
		send_message(&world->client, &exchange->from_client[i], "c", i);
		send_message(server_of(world), &exchange->from_server[i], "s", i);
	}
}

static void both_sides_acknowledge(void **state)
{
	struct world *world = *state;
	struct exchange exchange;
	log_in(world);
	say_all(world, &exchange);
	run(world, 10000);
	assert_string_equal(list(&world->client.got), "s0 s1 s2 ");
	assert_string_equal(list(&server_of(world)->got), "c0 c1 c2 ");
	for (size_t i = 0; i < MESSAGES; i++) {
		assert_int_equal(exchange.from_client[i].state, ENVOI_TICKET_ACKNOWLEDGED);
		assert_int_equal(exchange.from_server[i].state, ENVOI_TICKET_ACKNOWLEDGED);
	}
	envoi_session_close(world->client.session);
	run(world, 10000);
	assert_int_equal(session_count(world), 0);
}

/* Connects until the client is online. */
static void come_back(struct world *world)
{
	for (int i = 0; i < 4 && !envoi_session_is_online(world->client.session); i++) {
		run(world, envoi_session_stream(world->client.session) != NULL ? 30000 : 0);
		assert_null(envoi_session_stream(world->client.session));
		dial(world);
		run(world, 100);
	}
	assert_true(envoi_session_is_online(world->client.session));
}

static void check_exchange(struct world *world, const struct exchange *exchange, bool is_whole)
{
	struct side *server = server_of(world);
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
		assert_string_equal(list(&world->client.got), "s0 s1 s2 ");
		assert_string_equal(list(&server->got), "c0 c1 c2 ");
	}
}

/* One run, in which the connection is cut when a side has sent so many bytes behind the login.
 * @return whether it was cut within the exchange */
static bool run_cut(struct world *world, enum envoi_memory_side side, uint64_t at)
{
	struct envoi_memory_script script = ENVOI_MEMORY_SCRIPT_INIT;
	struct exchange exchange;
	log_in(world);
	uint64_t epoch = envoi_session_epoch(world->client.session);
	script.cut_at = envoi_memory_pair_arrived(world->pair, side) + at;
	envoi_memory_pair_script(world->pair, side, &script);
	say_all(world, &exchange);
	run(world, 10000);
	bool was_cut = world->client.closed_count > 0;
	script.cut_at = ENVOI_MEMORY_NEVER;
	envoi_memory_pair_script(world->pair, side, &script);
	come_back(world);
	run(world, 10000);
	assert_int_equal(envoi_session_epoch(world->client.session), epoch);
	assert_int_equal(world->asked, was_cut);
	check_exchange(world, &exchange, true);
	envoi_session_close(world->client.session);
	run(world, 10000);
	assert_int_equal(session_count(world), 0);
	return was_cut;
}

static void nothing_is_lost_or_doubled_wherever_it_is_cut(void **state)
{
	(void)state;
	for (int side = 0; side < 2; side++) {
		bool was_cut = true;
		size_t at = 0;
		for (; was_cut; at++) {
			void *world;
			assert_int_equal(setup(&world), 0);
			was_cut = run_cut(world, (enum envoi_memory_side)side, at);
			assert_int_equal(teardown(&world), 0);
		}
		assert_true(at > 200);
	}
}

/* The same, and the connection that resumes is cut as well, at each byte of it. */
static bool run_cut_again(struct world *world, enum envoi_memory_side side, uint64_t at)
{
	struct envoi_memory_script script = ENVOI_MEMORY_SCRIPT_INIT;
	struct exchange exchange;
	log_in(world);
	uint64_t epoch = envoi_session_epoch(world->client.session);
	script.cut_at = envoi_memory_pair_arrived(world->pair, side) + 150;
	envoi_memory_pair_script(world->pair, side, &script);
	say_all(world, &exchange);
	run(world, 10000);
	assert_int_equal(world->client.closed_count, 1);
	dial(world);
	script.cut_at = at;
	envoi_memory_pair_script(world->pair, side, &script);
	run(world, 10000);
	bool was_cut = world->client.closed_count > 1;
	come_back(world);
	run(world, 10000);
	assert_int_equal(envoi_session_epoch(world->client.session), epoch);
	check_exchange(world, &exchange, true);
	return was_cut;
}

static void nothing_is_lost_or_doubled_when_the_resumption_is_cut(void **state)
{
	(void)state;
	for (int side = 0; side < 2; side++) {
		bool was_cut = true;
		size_t at = 1;
		for (; was_cut; at++) {
			void *world;
			assert_int_equal(setup(&world), 0);
			was_cut = run_cut_again(world, (enum envoi_memory_side)side, at);
			assert_int_equal(teardown(&world), 0);
		}
		assert_true(at > 500);
	}
}

/* A message whose ticket says so has been handed over, and none has been twice. */
static void check_truth(const struct sent *sent, const struct notes *got)
{
	size_t count = count_of(got, sent->id);
	assert_true(sent->has_ended);
	assert_true(count <= 1);
	if (sent->state == ENVOI_TICKET_ACKNOWLEDGED) {
		assert_int_equal(count, 1);
	} else if (sent->state == ENVOI_TICKET_NOT_SENT) {
		assert_int_equal(count, 0);
	}
}

static void note_all(struct notes *all, const struct world *world)
{
	for (const struct side *side = world->sessions; side != NULL; side = side->next) {
		for (size_t i = 0; i < side->got.count; i++) {
			memcpy(all->ids[all->count++], side->got.ids[i], sizeof(all->ids[0]));
		}
	}
}

/* @return whether all was over before the allocation that was to fail */
static bool run_failing(size_t allocation)
{
	void *state;
	struct exchange exchange;
	struct notes at_server = {.count = 0};
	assert_int_equal(setup(&state), 0);
	struct world *world = state;
	log_in(world);
	world->allocations = allocation;
	say_all(world, &exchange);
	run(world, 1);
	envoi_memory_pair_cut(world->pair);
	run(world, 10000);
	come_back(world);
	run(world, 60000);
	bool is_over = world->allocations > 0;
	world->allocations = 0;
	if (!envoi_session_is_online(world->client.session)) {
		come_back(world);
		run(world, 10000);
	}
	note_all(&at_server, world);
	for (struct side *side = world->sessions; side != NULL; side = side->next) {
		envoi_session_free(side->session);
		side->session = NULL;
	}
	envoi_session_free(world->client.session);
	for (size_t i = 0; i < MESSAGES; i++) {
		check_truth(&exchange.from_client[i], &at_server);
		check_truth(&exchange.from_server[i], &world->client.got);
	}
	world->client.session = NULL;
	assert_int_equal(teardown(&state), 0);
	return is_over;
}

static void one_failed_allocation_makes_no_ticket_lie(void **state)
{
	size_t allocation = 1;
	(void)state;
	while (!run_failing(allocation)) {
		allocation++;
	}
	assert_true(allocation > 50);
}

/* One message, of which an allocation fails while it is received. @return as run_failing() */
static bool receive_failing(size_t len, size_t allocation)
{
	static char body[8192];
	void *state;
	struct sent sent;
	assert_int_equal(setup(&state), 0);
	struct world *world = state;
	log_in(world);
	memset(body, 'x', len);
	body[len] = '\0';
	send_body(server_of(world), &sent, "s", 0, body);
	world->allocations = allocation;
	run(world, 10000);
	bool is_over = world->allocations > 0;
	world->allocations = 0;
	come_back(world);
	run(world, 10000);
	assert_true(sent.has_ended);
	assert_int_equal(sent.state, ENVOI_TICKET_ACKNOWLEDGED);
	assert_string_equal(list(&world->client.got), "s0 ");
	assert_int_equal(teardown(&state), 0);
	return is_over;
}

/* The length of the body decides which part of the stanza needs a new block of memory. */
static void a_message_for_which_memory_is_short_comes_again(void **state)
{
	(void)state;
	for (size_t len = 0; len < 2200; len += 8) {
		size_t allocation = 1;
		while (!receive_failing(len, allocation)) {
			allocation++;
		}
	}
}

/* The server does not see that the connection is dead. */
static void lose_silently(struct world *world)
{
	struct envoi_memory_script script = ENVOI_MEMORY_SCRIPT_INIT;
	script.stall_at = 0;
	envoi_memory_pair_script(world->pair, ENVOI_MEMORY_A, &script);
	envoi_memory_pair_script(world->pair, ENVOI_MEMORY_B, &script);
}

static void a_living_stream_is_replaced_with_conflict(void **state)
{
	struct world *world = *state;
	struct exchange exchange;
	log_in(world);
	struct side *server = server_of(world);
	struct envoi_session *session = server->session;
	struct envoi_jid *jid = envoi_jid_ref(
		(struct envoi_jid *)(uintptr_t)envoi_session_jid(session));
	for (size_t i = 0; i < MESSAGES; i++) {
		send_message(&world->client, &exchange.from_client[i], "c", i);
		run(world, 0);
		lose_silently(world);
		send_message(server, &exchange.from_server[i], "s", i);
		run(world, 100);
		envoi_session_detach(world->client.session);
		struct envoi_stream *old = envoi_session_stream(session);
		assert_non_null(old);
		dial(world);
		struct side *newest = world->sessions;
		assert_true(newest != server);
		run(world, 100);
		assert_true(envoi_session_is_online(world->client.session));
		assert_true(envoi_session_is_online(session));
		assert_true(envoi_session_stream(session) != old);
		assert_ptr_equal(envoi_session_stream(newest->session), old);
		run(world, 10000);
		assert_int_equal(newest->closed_count, 1);
		assert_int_equal(newest->closed.stream_condition, ENVOI_STREAM_CONFLICT);
		assert_int_equal(session_count(world), 1);
		assert_int_equal(server->closed_count, 0);
	}
	run(world, 10000);
	check_exchange(world, &exchange, true);
	assert_true(envoi_jid_equal(jid, envoi_session_jid(session)));
	assert_true(envoi_jid_equal(jid, envoi_session_jid(world->client.session)));
	envoi_jid_unref(jid);
}

static void a_sender_at_full_rate_loses_nothing_while_sessions_are_handed_over(void **state)
{
	enum {
		TURNS = 1000,
	};
	struct world *world = *state;
	log_in(world);
	struct side *server = server_of(world);
	static struct sent sent[TURNS];
	for (size_t i = 0; i < TURNS; i++) {
		lose_silently(world);
		envoi_session_detach(world->client.session);
		dial(world);
		send_message(server, &sent[i], "s", i);
		run(world, 10);
		assert_int_equal(world->client.got.count, i + 1);
		assert_int_equal(count_of(&world->client.got, sent[i].id), 1);
		sweep(world);
	}
	run(world, 10000);
	assert_int_equal(session_count(world), 1);
}

/* @return round trips from a connected transport to a session that is online */
static unsigned int round_trips(struct world *world)
{
	enum {
		ONE_WAY_MS = 50,
	};
	struct envoi_memory_script script = ENVOI_MEMORY_SCRIPT_INIT;
	uint64_t begin_ms = envoi_loop_now_ms(world->loop);
	script.delay_ms = ONE_WAY_MS;
	dial(world);
	envoi_memory_pair_script(world->pair, ENVOI_MEMORY_A, &script);
	envoi_memory_pair_script(world->pair, ENVOI_MEMORY_B, &script);
	while (!envoi_session_is_online(world->client.session)) {
		run(world, 2 * ONE_WAY_MS);
	}
	return (unsigned int)((envoi_loop_now_ms(world->loop) - begin_ms) / (2 * ONE_WAY_MS));
}

/* Header and features, authentication, header and features, and binding or <resume/>: <enable/>
 * costs none. */
static void resuming_and_enabling_cost_no_round_trip_more(void **state)
{
	struct world *world = *state;
	assert_int_equal(
		envoi_settings_set(world->settings, "stream-management", "false"), ENVOI_OK);
	assert_int_equal(round_trips(world), 4);
	envoi_session_close(world->client.session);
	run(world, 10000);
	finish_side(&world->client);
	world->client.session = NULL;
	assert_int_equal(
		envoi_settings_set(world->settings, "stream-management", "true"), ENVOI_OK);
	assert_int_equal(round_trips(world), 4);
	run(world, 1000);
	envoi_memory_pair_cut(world->pair);
	run(world, 0);
	assert_int_equal(round_trips(world), 4);
	assert_int_equal(world->asked, 1);
}

static void sessions_without_a_stream_expire(void **state)
{
	struct world *world = *state;
	struct exchange exchange;
	world->max_s = 60;
	log_in(world);
	struct side *server = server_of(world);
	uint64_t epoch = envoi_session_epoch(server->session);
	envoi_memory_pair_cut(world->pair);
	run(world, 0);
	assert_true(envoi_session_is_suspended(server->session));
	assert_false(server->is_over);
	send_message(server, &exchange.from_server[0], "s", 0);
	run(world, 59000);
	assert_true(envoi_session_is_suspended(server->session));
	assert_int_equal(world->expired, 0);
	run(world, 1000);
	assert_int_equal(world->expired, 1);
	assert_int_equal(envoi_session_epoch(server->session), epoch + 1);
	run(world, 0);
	assert_true(exchange.from_server[0].has_ended);
	assert_int_equal(exchange.from_server[0].state, ENVOI_TICKET_NOT_SENT);
	uint64_t before = envoi_session_epoch(world->client.session);
	come_back(world);
	assert_int_equal(world->asked, 1);
	assert_int_equal(envoi_session_epoch(world->client.session), before + 1);
	assert_int_equal(world->client.ready_count, 2);
}

static void a_resumed_session_does_not_expire(void **state)
{
	struct world *world = *state;
	world->max_s = 60;
	log_in(world);
	envoi_memory_pair_cut(world->pair);
	run(world, 30000);
	come_back(world);
	run(world, 100000);
	assert_int_equal(world->expired, 0);
	assert_true(envoi_session_is_online(server_of(world)->session));
	envoi_memory_pair_cut(world->pair);
	run(world, 59000);
	assert_int_equal(world->expired, 0);
	run(world, 1000);
	assert_int_equal(world->expired, 1);
}

static void a_session_may_be_looked_up_for_some_time(void **state)
{
	struct world *world = *state;
	struct exchange exchange;
	log_in(world);
	say_all(world, &exchange);
	envoi_memory_pair_cut(world->pair);
	run(world, 0);
	world->is_slow = true;
	dial(world);
	run(world, 5000);
	assert_int_equal(world->asked, 1);
	assert_false(envoi_session_is_online(world->client.session));
	assert_int_equal(envoi_resumption_answer(world->open_stream, world->management,
				 find(world, world->open_previd)),
		ENVOI_OK);
	assert_int_equal(envoi_resumption_answer(world->open_stream, world->management, NULL),
		ENVOI_ERR_STATE);
	run(world, 10000);
	assert_true(envoi_session_is_online(world->client.session));
	check_exchange(world, &exchange, true);
	assert_int_equal(session_count(world), 1);
}

/* --- a scripted client --- */

static void say(struct world *world, const char *text)
{
	assert_int_equal(envoi_memory_end_send(world->end, text, strlen(text)), ENVOI_OK);
	run(world, 0);
}

static const char *heard(struct world *world)
{
	static char text[8192];
	struct envoi_buffer *received = envoi_memory_end_received(world->end);
	snprintf(text, sizeof(text), "%.*s", (int)envoi_buffer_len(received),
		envoi_buffer_data(received));
	envoi_buffer_consume(received, envoi_buffer_len(received));
	return text;
}

static const char *talk(struct world *world, const char *text)
{
	say(world, text);
	return heard(world);
}

static void new_raw_pair(struct world *world)
{
	new_pair(world);
	assert_int_equal(envoi_memory_end_new(&world->end, world->pair, ENVOI_MEMORY_A, NULL, NULL),
		ENVOI_OK);
}

static void log_in_raw(struct world *world)
{
	say(world, HEADER);
	say(world, "<ask xmlns='urn:example:fake-auth'/>");
	assert_non_null(strstr(talk(world, HEADER), "<sm " SM "/>"));
}

static void connect_raw(struct world *world)
{
	new_raw_pair(world);
	(void)serve(world);
	log_in_raw(world);
}

/* Binds and enables with resumption. @return the id */
static const char *bind_raw(struct world *world)
{
	static char id[64];
	(void)talk(world, BIND);
	const char *enabled = talk(world, "<enable " SM " resume='1'/>");
	const char *at = strstr(enabled, " id='");
	assert_non_null(at);
	snprintf(id, sizeof(id), "%.*s", (int)strcspn(at + 5, "'"), at + 5);
	return id;
}

static const char *enable_raw(struct world *world)
{
	connect_raw(world);
	return bind_raw(world);
}

static const char *resume_raw(struct world *world, const char *attributes)
{
	char text[256];
	snprintf(text, sizeof(text), "<resume " SM " %s/>", attributes);
	return talk(world, text);
}

#define FAILED(condition) \
	"<failed " SM "><" condition " xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/></failed>"

static void misuse_is_answered_and_changes_nothing(void **state)
{
	struct world *world = *state;
	char previd[128];
	connect_raw(world);
	assert_string_equal(
		talk(world, "<enable " SM " resume='true'/>"), FAILED("unexpected-request"));
	const char *id = enable_raw(world);
	assert_string_equal(talk(world, "<enable " SM "/>"), FAILED("unexpected-request"));
	assert_string_equal(resume_raw(world, "previd='x' h='0'"), FAILED("unexpected-request"));
	assert_string_equal(talk(world, "<message/><r " SM "/>"), "<a " SM " h='1'/>");
	struct envoi_session *session = find(world, id);
	envoi_memory_pair_cut(world->pair);
	run(world, 0);
	connect_raw(world);
	snprintf(previd, sizeof(previd), "previd='%s'", id);
	assert_string_equal(resume_raw(world, previd), FAILED("bad-request"));
	snprintf(previd, sizeof(previd), "previd='%s' h='x'", id);
	assert_string_equal(resume_raw(world, previd), FAILED("bad-request"));
	snprintf(previd, sizeof(previd), "previd='%s' h='4294967296'", id);
	assert_string_equal(resume_raw(world, previd), FAILED("bad-request"));
	assert_string_equal(resume_raw(world, "h='0'"), FAILED("bad-request"));
	assert_string_equal(resume_raw(world, "previd='foreign' h='0'"), FAILED("item-not-found"));
	assert_true(envoi_session_is_suspended(session));
	snprintf(previd, sizeof(previd), "previd='%s' h='0'", id);
	assert_non_null(strstr(resume_raw(world, previd), "<resumed " SM " previd='"));
	assert_true(envoi_session_is_online(session));
	assert_string_equal(talk(world, "<r " SM "/>"), "<a " SM " h='1'/>");
}

static void a_session_may_be_named_by_one_character(void **state)
{
	struct world *world = *state;
	world->id = "x";
	connect_raw(world);
	assert_string_equal(enable_raw(world), "x");
	envoi_memory_pair_cut(world->pair);
	run(world, 0);
	connect_raw(world);
	assert_non_null(strstr(resume_raw(world, "previd='x' h='0'"), "<resumed "));
}

static void binding_is_possible_after_a_failed_resumption(void **state)
{
	struct world *world = *state;
	connect_raw(world);
	assert_string_equal(resume_raw(world, "previd='x' h='0'"), FAILED("item-not-found"));
	assert_non_null(strstr(talk(world, BIND), "alice@example.org/raw"));
	assert_non_null(strstr(talk(world, "<enable " SM "/>"), "<enabled " SM "/>"));
}

static void an_h_that_is_too_high_ends_stream_and_session(void **state)
{
	struct world *world = *state;
	char previd[128];
	const char *id = enable_raw(world);
	struct envoi_session *session = find(world, id);
	uint64_t epoch = envoi_session_epoch(session);
	envoi_memory_pair_cut(world->pair);
	run(world, 0);
	connect_raw(world);
	snprintf(previd, sizeof(previd), "previd='%s' h='1'", id);
	assert_non_null(strstr(resume_raw(world, previd),
		"<handled-count-too-high " SM " h='1' send-count='0'/></stream:error>"));
	assert_false(envoi_session_is_suspended(session));
	assert_int_equal(envoi_session_epoch(session), epoch + 1);
	connect_raw(world);
	snprintf(previd, sizeof(previd), "previd='%s' h='0'", id);
	assert_string_equal(resume_raw(world, previd), FAILED("item-not-found"));
}

static void a_session_closed_in_order_is_not_resumable(void **state)
{
	struct world *world = *state;
	char previd[128];
	for (int is_closed = 0; is_closed < 2; is_closed++) {
		const char *id = enable_raw(world);
		/* a stanza that is cut in the middle is neither counted nor handed over */
		say(world, "<message id='a'/><message id='b'>");
		struct side *server = world->sessions;
		if (is_closed) {
			say(world, "</message></stream:stream>");
		}
		envoi_memory_end_shut_down(world->end);
		run(world, 10000);
		assert_int_equal(envoi_session_is_suspended(server->session), !is_closed);
		assert_string_equal(list(&server->got), is_closed ? "a b " : "a ");
		connect_raw(world);
		snprintf(previd, sizeof(previd), "previd='%s' h='0'", id);
		const char *answer = resume_raw(world, previd);
		if (is_closed) {
			assert_string_equal(answer, FAILED("item-not-found"));
		} else {
			assert_non_null(strstr(answer, " h='1'/>"));
		}
	}
}

/* The account's own session under another id, and none at all: the same bytes. */
static void a_wrong_session_looks_like_an_unknown_one(void **state)
{
	struct world *world = *state;
	(void)enable_raw(world);
	struct envoi_session *session = world->sessions->session;
	world->is_slow = true;
	for (int is_known = 0; is_known < 2; is_known++) {
		connect_raw(world);
		assert_string_equal(resume_raw(world, "previd='guess' h='0'"), "");
		assert_int_equal(envoi_resumption_answer(world->open_stream, world->management,
					 is_known ? session : NULL),
			ENVOI_OK);
		run(world, 0);
		assert_string_equal(heard(world), FAILED("item-not-found"));
	}
}

/* The right id, from an account that is another: the same bytes in the same turn. */
static void a_session_of_another_account_looks_like_an_unknown_one(void **state)
{
	struct world *world = *state;
	static const char *const users[] = {"mallory", "alice2", "alice"};
	char previd[128];
	snprintf(previd, sizeof(previd), "previd='%s' h='0'", enable_raw(world));
	struct envoi_session *session = world->sessions->session;
	world->is_slow = true;
	for (size_t i = 0; i < 3; i++) {
		connect_raw(world);
		assert_string_equal(resume_raw(world, previd), "");
		assert_int_equal(envoi_stream_set_user(world->open_stream, users[i]), ENVOI_OK);
		assert_int_equal(
			envoi_resumption_answer(world->open_stream, world->management, session),
			ENVOI_OK);
		run(world, 0);
		if (i < 2) {
			assert_string_equal(heard(world), FAILED("item-not-found"));
		} else {
			assert_non_null(strstr(heard(world), "<resumed "));
		}
	}
}

/* Section 5: what was handled of a session that has timed out is known to its client. */
static void an_expired_session_is_answered_with_what_it_handled(void **state)
{
	struct world *world = *state;
	char previd[128];
	world->max_s = 60;
	snprintf(previd, sizeof(previd), "previd='%s' h='0'", enable_raw(world));
	struct envoi_session *session = world->sessions->session;
	(void)talk(world, "<message id='a'/><message id='b'/>");
	envoi_memory_pair_cut(world->pair);
	run(world, 60000);
	assert_int_equal(world->expired, 1);
	connect_raw(world);
	assert_string_equal(resume_raw(world, previd),
		"<failed " SM " h='2'><item-not-found "
		"xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/></failed>");
	assert_string_equal(resume_raw(world, "previd='x' h='0'"), FAILED("item-not-found"));
	world->is_slow = true;
	(void)resume_raw(world, previd);
	assert_int_equal(envoi_stream_set_user(world->open_stream, "mallory"), ENVOI_OK);
	assert_int_equal(
		envoi_resumption_answer(world->open_stream, world->management, session), ENVOI_OK);
	run(world, 0);
	assert_string_equal(heard(world), FAILED("item-not-found"));
}

/* The session object is used for the next login, which expires, too. */
static void the_last_expired_session_is_answered(void **state)
{
	struct world *world = *state;
	char previd[128];
	world->max_s = 60;
	(void)enable_raw(world);
	struct side *side = world->sessions;
	for (unsigned int i = 1; i <= 2; i++) {
		envoi_memory_pair_cut(world->pair);
		run(world, 60000);
		assert_int_equal(world->expired, i);
		new_raw_pair(world);
		attach_server(side);
		log_in_raw(world);
		snprintf(previd, sizeof(previd), "previd='%s' h='0'", bind_raw(world));
		(void)talk(world, "<message id='a'/>");
	}
	envoi_memory_pair_cut(world->pair);
	run(world, 60000);
	world->is_slow = true;
	connect_raw(world);
	(void)resume_raw(world, previd);
	assert_int_equal(
		envoi_resumption_answer(world->open_stream, world->management, side->session),
		ENVOI_OK);
	run(world, 0);
	assert_string_equal(heard(world),
		"<failed " SM " h='1'><item-not-found "
		"xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/></failed>");
}

/* The request for the last acknowledgement and the closing tag come together. */
static void what_came_before_the_closing_tag_is_acknowledged(void **state)
{
	struct world *world = *state;
	(void)enable_raw(world);
	assert_string_equal(talk(world, "<message id='a'/><r " SM "/></stream:stream>"),
		"<a " SM " h='1'/></stream:stream>");
	(void)enable_raw(world);
	assert_string_equal(talk(world, "<message id='a'/></stream:stream>"),
		"<a " SM " h='1'/></stream:stream>");
	(void)enable_raw(world);
	assert_string_equal(talk(world, "</stream:stream>"), "</stream:stream>");
}

static void free_inside(struct envoi_resumption_hook *hook, struct envoi_stream *stream,
	struct envoi_handler *handler, const char *previd)
{
	struct world *world = from_hook(hook);
	struct side *newest = world->sessions;
	(void)handler, (void)previd;
	assert_ptr_equal(envoi_session_stream(newest->session), stream);
	envoi_session_free(newest->session);
	newest->session = NULL;
}

static bool free_when_enabled(struct envoi_resumption_hook *hook, struct envoi_session *session,
	uint64_t wanted_s, struct envoi_resumption *resumption)
{
	(void)wanted_s, (void)resumption;
	assert_ptr_equal(from_hook(hook)->sessions->session, session);
	envoi_session_free(session);
	from_hook(hook)->sessions->session = NULL;
	return true;
}

static void free_when_expired(struct envoi_resumption_hook *hook, struct envoi_session *session)
{
	from_hook(hook)->sessions->session = NULL;
	envoi_session_free(session);
}

static void sessions_may_be_freed_inside_the_hooks(void **state)
{
	static const struct envoi_resumption_hook_impl freeing[] = {
		{.enabled = on_enabled, .wanted = free_inside},
		{.enabled = free_when_enabled, .wanted = on_wanted},
		{.enabled = on_enabled, .wanted = on_wanted, .expired = free_when_expired},
	};
	struct world *world = *state;
	world->hook.impl = &freeing[0];
	connect_raw(world);
	(void)resume_raw(world, "previd='x' h='0'");
	assert_null(world->sessions->session);
	world->hook.impl = &freeing[1];
	connect_raw(world);
	(void)talk(world, BIND);
	(void)talk(world, "<enable " SM " resume='1'/>");
	assert_null(world->sessions->session);
	world->hook.impl = &freeing[2];
	world->max_s = 1;
	(void)enable_raw(world);
	envoi_memory_pair_cut(world->pair);
	run(world, 1000);
	assert_null(world->sessions->session);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(both_sides_acknowledge),
		cmocka_unit_test(nothing_is_lost_or_doubled_wherever_it_is_cut),
		cmocka_unit_test(nothing_is_lost_or_doubled_when_the_resumption_is_cut),
		cmocka_unit_test(one_failed_allocation_makes_no_ticket_lie),
		cmocka_unit_test(a_message_for_which_memory_is_short_comes_again),
		TEST(a_living_stream_is_replaced_with_conflict),
		TEST(a_sender_at_full_rate_loses_nothing_while_sessions_are_handed_over),
		TEST(resuming_and_enabling_cost_no_round_trip_more),
		TEST(sessions_without_a_stream_expire),
		TEST(a_resumed_session_does_not_expire),
		TEST(a_session_may_be_looked_up_for_some_time),
		TEST(misuse_is_answered_and_changes_nothing),
		TEST(a_session_may_be_named_by_one_character),
		TEST(binding_is_possible_after_a_failed_resumption),
		TEST(an_h_that_is_too_high_ends_stream_and_session),
		TEST(a_session_closed_in_order_is_not_resumable),
		TEST(a_wrong_session_looks_like_an_unknown_one),
		TEST(a_session_of_another_account_looks_like_an_unknown_one),
		TEST(an_expired_session_is_answered_with_what_it_handled),
		TEST(the_last_expired_session_is_answered),
		TEST(what_came_before_the_closing_tag_is_acknowledged),
		TEST(sessions_may_be_freed_inside_the_hooks),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
