/*
 * envoi - a client freed on an application's base that never turns again
 * SPDX-License-Identifier: MIT
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <arpa/inet.h>
#include <cmocka.h>
#include <event2/event.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <envoi/delivery.h>
#include <envoi/roster.h>

#include "open_fds.h"
#include "world.h"

#define DESK "alice@example.org/desk"

enum {
	EVERY_KIND = EVENT_BASE_COUNT_ACTIVE | EVENT_BASE_COUNT_VIRTUAL | EVENT_BASE_COUNT_ADDED,
	TICKETS = 3,
};

struct story {
	struct program program;
	struct envoi_handler handler;
	struct world world;
	struct event_base *base;
	struct envoi_promise *promise;
	struct envoi_ticket tickets[TICKETS];
	unsigned int told, canceled_tickets, asked, answered, canceled_requests, fetched, timeouts;
};

static int on_question(struct envoi_handler *self, struct envoi_delivery *in)
{
	struct story *story = ENVOI_CONTAINER_OF(self, struct story, handler);
	return envoi_delivery_defer(in, &story->promise);
}

static void on_timeout(struct envoi_handler *self, struct envoi_session *session)
{
	(void)session;
	ENVOI_CONTAINER_OF(self, struct story, handler)->timeouts++;
}

static const struct envoi_stanza_row stanzas[] = {
	{.kind = ENVOI_IQ_GET, .ns = "urn:x", .name = "x", .handle = on_question},
	ENVOI_ROWS_END,
};
static const struct envoi_timeout_row timeouts[] = {{3600000, true, on_timeout}, ENVOI_ROWS_END};
static const struct envoi_handler_impl handler_impl = {
	.name = "story", .stanzas = stanzas, .timeouts = timeouts};

static void begin(struct story *story, bool has_tls)
{
	memset(story, 0, sizeof(*story));
	story->base = event_base_new();
	assert_non_null(story->base);
	world_init(&story->world, has_tls);
	world_close(&story->world);
	world_open(&story->world, story->base);
	story->handler.impl = &handler_impl;
}

static void log_in(struct story *story)
{
	assert_int_equal(program_init(&story->program, &story->world), ENVOI_OK);
	assert_int_equal(envoi_client_add(story->program.client, &story->handler), ENVOI_OK);
	assert_int_equal(envoi_client_connect(story->program.client), ENVOI_OK);
}

/* The base has not turned since. What is still ours to carry away is the other end of the wire. */
static void check_frozen(struct story *story)
{
	const unsigned int *events = story->program.events;
	assert_int_equal(events[ENVOI_EVENT_DISCONNECTED], 1);
	assert_int_equal(story->told, story->canceled_tickets);
	assert_int_equal(story->asked, story->answered);
	assert_int_equal(story->asked, story->canceled_requests);
	envoi_promise_drop(story->promise);
	world_drop_connections(&story->world);
	assert_int_equal(event_base_get_num_events(story->base, EVERY_KIND), 0);
}

static void finish(struct story *story)
{
	world_finish(&story->world);
	event_base_free(story->base);
}

/* --- what is outstanding --- */

static void on_ticket(struct envoi_ticket *ticket, const struct envoi_ticket_report *report)
{
	struct story *story = ticket->user;
	story->told++;
	story->canceled_tickets += report->state == ENVOI_TICKET_CANCELED ||
		report->state == ENVOI_TICKET_UNKNOWN;
}

static void on_answer(void *user, const struct envoi_answer *answer)
{
	struct story *story = user;
	story->answered++;
	story->canceled_requests += envoi_answer_code(answer) == ENVOI_ERR_CANCELED;
}

static void on_roster(void *user, int code)
{
	struct story *story = user;
	story->fetched += code == ENVOI_ERR_CANCELED;
}

static void leave_much_open(struct story *story)
{
	struct envoi_session *session = envoi_client_session(story->program.client);
	test_server_knobs(story->world.server)->is_silent = true;
	assert_true(test_server_says(story->world.server, DESK,
		"<iq type='get' id='1' from='a@b/c'><x xmlns='urn:x'/></iq>"));
	world_run(&story->world, 0);
	assert_non_null(story->promise);
	for (size_t i = 0; i < TICKETS; i++) {
		struct envoi_stanza *ping = envoi_iq_new(
			story->world.context, ENVOI_IQ_GET, "a@b/c");
		assert_non_null(ping);
		envoi_element_add(envoi_stanza_element(ping), "urn:xmpp:ping", "ping");
		story->tickets[i] = (struct envoi_ticket){.done = on_ticket, .user = story};
		assert_int_equal(
			envoi_send_text(session, "a@b", "x", &story->tickets[i]), ENVOI_OK);
		assert_int_equal(
			envoi_request(session, ping, NULL, 0, on_answer, story, NULL), ENVOI_OK);
		story->asked++;
	}
	assert_int_equal(
		envoi_roster_fetch(envoi_client_roster(story->program.client), on_roster, story),
		ENVOI_OK);
}

static void check_ended(const struct story *story)
{
	assert_int_equal(story->told, TICKETS);
	assert_int_equal(story->answered, TICKETS);
	assert_int_equal(story->fetched, 1);
}

/* --- where it is freed --- */

static void before_the_loop_has_turned_at_all(void **state)
{
	(void)state;
	struct story story;
	begin(&story, true);
	log_in(&story);
	program_free_client(&story.program);
	check_frozen(&story);
	finish(&story);
}

static void while_a_connector_waits(void **state)
{
	(void)state;
	struct story story;
	begin(&story, true);
	story.world.never_accepts = true;
	log_in(&story);
	world_run(&story.world, 0);
	program_free_client(&story.program);
	check_frozen(&story);
	finish(&story);
}

/* Frozen after each turn of the base, from the first one to where a login is over. */
static void after_any_number_of_turns_of_a_login(void **state)
{
	bool has_tls = *(const bool *)*state, is_over = false;
	for (int turns = 1; !is_over; turns++) {
		struct story story;
		begin(&story, has_tls);
		log_in(&story);
		for (int i = 0; i < turns; i++) {
			event_base_loop(story.base, EVLOOP_ONCE | EVLOOP_NONBLOCK);
			world_turn_server(&story.world);
		}
		is_over = story.program.events[ENVOI_EVENT_AVAILABLE] > 0;
		program_free_client(&story.program);
		assert_int_equal(story.program.events[ENVOI_EVENT_DISCONNECTED], 1);
		check_frozen(&story);
		finish(&story);
		assert_true(turns < 1000);
		assert_true(turns > 5 || !is_over);
	}
}

static void online_with_much_open(void **state)
{
	(void)state;
	struct story story;
	begin(&story, true);
	log_in(&story);
	world_run(&story.world, 0);
	assert_int_equal(story.program.events[ENVOI_EVENT_AVAILABLE], 1);
	leave_much_open(&story);
	program_free_client(&story.program);
	check_ended(&story);
	check_frozen(&story);
	finish(&story);
}

static void leaving_with_much_open(void **state)
{
	(void)state;
	struct story story;
	begin(&story, true);
	log_in(&story);
	world_run(&story.world, 0);
	leave_much_open(&story);
	envoi_client_disconnect(story.program.client);
	program_free_client(&story.program);
	check_ended(&story);
	check_frozen(&story);
	finish(&story);
}

static void after_a_cut_that_was_not_reported_yet(void **state)
{
	(void)state;
	struct story story;
	begin(&story, true);
	log_in(&story);
	world_run(&story.world, 0);
	leave_much_open(&story);
	envoi_memory_pair_cut(story.world.pair);
	program_free_client(&story.program);
	check_ended(&story);
	check_frozen(&story);
	finish(&story);
}

/* A client with a context of its own: nothing at all is left. */
static void objects_of_a_context_are_freed_with_it(void **state)
{
	(void)state;
	struct story story;
	begin(&story, true);
	size_t live = story.world.allocator.live;
	assert_int_equal(program_init(&story.program, &story.world), ENVOI_OK);
	struct envoi_context *context = story.world.context;
	story.world.context = NULL;
	envoi_context_unref(context); /* the client holds the last reference */
	assert_true(story.world.allocator.live > live);
	program_free_client(&story.program);
	assert_int_equal(story.world.allocator.live, 0);
	assert_int_equal(event_base_get_num_events(story.base, EVERY_KIND), 0);
	finish(&story);
}

/* --- over TCP --- */

static void log_in_over_tcp(struct story *story, unsigned int port)
{
	struct program *program = &story->program;
	char text[8];
	snprintf(text, sizeof(text), "%u", port);
	assert_int_equal(program_init(program, &story->world), ENVOI_OK);
	program_free_client(program);
	assert_int_equal(
		envoi_client_new(&program->client, story->world.context, "alice@example.org"),
		ENVOI_OK);
	assert_int_equal(envoi_client_set_password(program->client, "wonderland"), ENVOI_OK);
	assert_int_equal(envoi_client_set(program->client, "server", "127.0.0.1"), ENVOI_OK);
	assert_int_equal(envoi_client_set(program->client, "port", text), ENVOI_OK);
	assert_int_equal(envoi_client_add(program->client, &program->recorder), ENVOI_OK);
	assert_int_equal(envoi_client_connect(program->client), ENVOI_OK);
}

/* @return a socket that listens and accepts nothing; connecting to it succeeds */
static int listen_on_loopback(unsigned int *ret_port)
{
	struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr = {htonl(INADDR_LOOPBACK)}};
	socklen_t len = sizeof(address);
	int fd = socket(AF_INET, SOCK_STREAM, 0);
	assert_true(fd >= 0);
	assert_int_equal(bind(fd, (struct sockaddr *)&address, len), 0);
	assert_int_equal(listen(fd, 64), 0);
	assert_int_equal(getsockname(fd, (struct sockaddr *)&address, &len), 0);
	*ret_port = ntohs(address.sin_port);
	return fd;
}

static void after_any_number_of_turns_of_a_connection_by_tcp(void **state)
{
	(void)state;
	unsigned int port, connected = 0;
	int fd = listen_on_loopback(&port), fds = 0;
	for (int turns = 0; turns < 12; turns++) {
		struct story story;
		begin(&story, true);
		fds = count_open_fds();
		log_in_over_tcp(&story, port);
		for (int i = 0; i < turns; i++) {
			event_base_loop(story.base, EVLOOP_ONCE | EVLOOP_NONBLOCK);
		}
		program_free_client(&story.program);
		connected += story.program.events[ENVOI_EVENT_CONNECTED];
		assert_int_equal(count_open_fds(), fds);
		check_frozen(&story);
		finish(&story);
	}
	assert_true(connected > 0 && connected < 12);
	close(fd);
}

static void no_listener_is_at_the_address(void **state)
{
	(void)state;
	unsigned int port;
	close(listen_on_loopback(&port));
	struct story story;
	begin(&story, true);
	int fds = count_open_fds();
	log_in_over_tcp(&story, port);
	for (int i = 0; i < 100 && story.program.events[ENVOI_EVENT_DISCONNECTED] == 0; i++) {
		event_base_loop(story.base, EVLOOP_ONCE);
	}
	assert_int_equal(story.program.code, ENVOI_ERR_UNREACHABLE);
	assert_int_equal(story.program.phase, ENVOI_PHASE_CONNECT);
	assert_int_equal(envoi_client_failure(story.program.client)->attempt_count, 1);
	assert_int_equal(count_open_fds(), fds);
	assert_int_equal(event_base_get_num_events(story.base, EVERY_KIND), 0);
	program_free_client(&story.program);
	check_frozen(&story);
	finish(&story);
}

int main(void)
{
	static bool in_clear = false, in_tls = true;
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(before_the_loop_has_turned_at_all),
		cmocka_unit_test(while_a_connector_waits),
		cmocka_unit_test_prestate(after_any_number_of_turns_of_a_login, &in_clear),
		cmocka_unit_test_prestate(after_any_number_of_turns_of_a_login, &in_tls),
		cmocka_unit_test(online_with_much_open),
		cmocka_unit_test(leaving_with_much_open),
		cmocka_unit_test(after_a_cut_that_was_not_reported_yet),
		cmocka_unit_test(objects_of_a_context_are_freed_with_it),
		cmocka_unit_test(after_any_number_of_turns_of_a_connection_by_tcp),
		cmocka_unit_test(no_listener_is_at_the_address),
	};
	return cmocka_run_group_tests_name("torture/client_frozen", tests, NULL, NULL);
}
