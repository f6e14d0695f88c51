/*
 * envoi - a client whose system calls or allocations fail, each in turn: in a login, a
 *         conversation, a lost connection that is resumed, and the end
 * SPDX-License-Identifier: MIT
 *
 * The client is connected by TCP to a server of the test kit, whose sockets are those of the test.
 * Its loop is in virtual time. In the long story it finds the server by c-ares, and uses STARTTLS:
 * TLS then gets the results of the calls that fail.
 */
#include <arpa/inet.h>
#include <netinet/in.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

#include <envoi/envoi.h>
#include <envoi/interfaces/mainloop.h>
#include <envoi/interfaces/resolver.h>
#include <envoi/mainloop.h>
#include <envoi/testing.h>

#include "dns_server.h"
#include "failing_calls.h"
#include "open_fds.h"
#include "test_allocator.h"

#define ACCOUNT "alice@example.org/desk"

enum {
	SOCKETS = 4,
	QUIET_ROUNDS = 3, /* without a byte: whatever was sent has arrived */
	STEP_MS = 500, /* of virtual time, each after the sockets are quiet */
	RECONNECTING_MS = 20000,
	CLOSING_MS = 10000,
};

/** A connection between a socket and the server of the kit. */
struct bridge {
	int fd; /* -1: none */
	struct envoi_memory_end *end;
};

/* How a story is told. */
struct plight {
	enum failing_calls_kind kind;
	size_t n; /* the call or allocation that fails */
	bool fail_on; /* and all that follow it */
	bool is_long;
};

struct story {
	bool is_long;
	struct envoi_handler recorder;
	struct test_allocator allocator;
	struct envoi_context *context;
	struct envoi_loop *loop;
	struct envoi_client *client;
	struct envoi_world *world;
	struct envoi_test_server *server;
	struct envoi_context *names_context;
	struct dns_server names;
	struct dns_answer answers[3];
	char record[32];
	int listener;
	uint16_t port;
	struct bridge bridges[SOCKETS];
	struct envoi_ticket tickets[2];
	unsigned int events[ENVOI_EVENTS_END];
	unsigned int sent, told, asked, answered, connected;
	bool has_moved; /* a byte, in this round */
};

/* --- the server's side --- */

static void drop(struct bridge *bridge, bool resets)
{
	if (bridge->fd < 0) {
		return;
	}
	if (resets) {
		struct linger now = {.l_onoff = 1};
		(void)setsockopt(bridge->fd, SOL_SOCKET, SO_LINGER, &now, sizeof(now));
	}
	close(bridge->fd);
	bridge->fd = -1;
	envoi_memory_pair_cut(envoi_memory_end_pair(bridge->end));
	envoi_memory_end_free(bridge->end);
}

static void drop_all(struct story *story, bool resets)
{
	for (size_t i = 0; i < SOCKETS; i++) {
		drop(&story->bridges[i], resets);
	}
	envoi_world_run(story->world, 0);
}

static struct bridge *free_bridge(struct story *story)
{
	for (size_t i = 0; i < SOCKETS; i++) {
		if (story->bridges[i].fd < 0) {
			return &story->bridges[i];
		}
	}
	return NULL;
}

static void accept_one(struct story *story)
{
	struct bridge *bridge = free_bridge(story);
	int fd = bridge == NULL ? -1 : accept(story->listener, NULL, NULL);
	if (fd < 0) {
		return;
	}
	struct envoi_memory_pair *pair;
	story->has_moved = true;
	bridge->fd = fd;
	assert_int_equal(envoi_memory_pair_new(&pair, envoi_world_context(story->world)), ENVOI_OK);
	assert_int_equal(
		envoi_memory_end_new(&bridge->end, pair, ENVOI_MEMORY_A, NULL, NULL), ENVOI_OK);
	envoi_test_server_accept(story->server, pair);
	envoi_memory_pair_unref(pair);
}

static void carry(struct story *story, struct bridge *bridge)
{
	char data[8192];
	ssize_t len = recv(bridge->fd, data, sizeof(data), MSG_DONTWAIT);
	if (len > 0) {
		story->has_moved = true;
		int r = envoi_memory_end_send(bridge->end, data, (size_t)len);
		assert_true(r == ENVOI_OK || r == ENVOI_ERR_STATE);
	}
	envoi_world_run(story->world, 0);
	struct envoi_buffer *received = envoi_memory_end_received(bridge->end);
	if (envoi_buffer_len(received) > 0) {
		ssize_t sent = send(bridge->fd, envoi_buffer_data(received),
			envoi_buffer_len(received), MSG_NOSIGNAL | MSG_DONTWAIT);
		story->has_moved |= sent > 0;
		envoi_buffer_consume(
			received, sent > 0 ? (size_t)sent : envoi_buffer_len(received));
	}
	if (len == 0 || envoi_memory_end_is_over(bridge->end)) {
		drop(bridge, false);
		story->has_moved = true;
	}
}

static void turn_names(struct story *story)
{
	unsigned int before = story->names.questions;
	if (story->is_long) {
		assert_int_equal(
			envoi_loop_run_once(envoi_context_loop(story->names_context), false),
			ENVOI_OK);
	}
	story->has_moved |= story->names.questions != before;
}

static void turn_server(struct story *story)
{
	turn_names(story);
	accept_one(story);
	for (size_t i = 0; i < SOCKETS; i++) {
		if (story->bridges[i].fd >= 0) {
			carry(story, &story->bridges[i]);
		}
	}
	envoi_world_run(story->world, 0);
}

/* --- the client's side --- */

static void run_client(struct story *story, uint64_t duration_ms)
{
	failing_calls_enter();
	int r = envoi_loop_simulated_run_for(story->loop, duration_ms);
	assert_true(r == ENVOI_OK || r == ENVOI_ERR_SYSTEM);
	failing_calls_leave();
}

static void settle(struct story *story)
{
	for (int quiet = 0; quiet < QUIET_ROUNDS; quiet++) {
		story->has_moved = false;
		run_client(story, 0);
		turn_server(story);
		quiet = story->has_moved ? -1 : quiet;
	}
}

static void run(struct story *story, uint64_t duration_ms)
{
	for (uint64_t past_ms = 0; past_ms < duration_ms; past_ms += STEP_MS) {
		settle(story);
		run_client(story, STEP_MS);
		envoi_world_run(story->world, STEP_MS);
	}
	settle(story);
}

static void on_event(struct envoi_handler *self, const struct envoi_event *event)
{
	ENVOI_CONTAINER_OF(self, struct story, recorder)->events[event->type]++;
}

static const struct envoi_event_row rows[] = {
	{ENVOI_EVENT_CONNECTING, on_event},
	{ENVOI_EVENT_STARTED, on_event},
	{ENVOI_EVENT_RESUMED, on_event},
	{ENVOI_EVENT_SUSPENDED, on_event},
	{ENVOI_EVENT_ENDED, on_event},
	{ENVOI_EVENT_DISCONNECTED, on_event},
	{ENVOI_EVENT_STOPPED, on_event},
	ENVOI_ROWS_END,
};
static const struct envoi_handler_impl recorder_impl = {.name = "recorder", .events = rows};

static void on_ticket(struct envoi_ticket *ticket, const struct envoi_ticket_report *report)
{
	struct story *story = ticket->user;
	(void)report;
	story->told++;
}

static void on_answer(void *user, const struct envoi_answer *answer)
{
	struct story *story = user;
	(void)answer;
	story->answered++;
}

static void talk(struct story *story, struct envoi_ticket *ticket)
{
	struct envoi_session *session = envoi_client_session(story->client);
	*ticket = (struct envoi_ticket){.done = on_ticket, .user = story};
	failing_calls_enter();
	story->sent += envoi_send_text(session, ACCOUNT, "to myself", ticket) == ENVOI_OK;
	struct envoi_stanza *ping = envoi_iq_new(story->context, ENVOI_IQ_GET, "example.org");
	envoi_element_add(envoi_stanza_element(ping), "urn:xmpp:ping", "ping");
	story->asked += envoi_request(session, ping, NULL, 0, on_answer, story, NULL) == ENVOI_OK;
	failing_calls_leave();
	settle(story);
}

/* --- the story --- */

static void open_server(struct story *story)
{
	struct sockaddr_in address = {
		.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	socklen_t len = sizeof(address);
	story->world = envoi_world_new(1);
	story->server = envoi_world_server(story->world, "example.org");
	envoi_test_server_account(story->server, "alice", "secret");
	story->listener = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
	assert_true(story->listener >= 0);
	assert_int_equal(bind(story->listener, (struct sockaddr *)&address, len), 0);
	assert_int_equal(listen(story->listener, SOCKETS), 0);
	assert_int_equal(getsockname(story->listener, (struct sockaddr *)&address, &len), 0);
	story->port = ntohs(address.sin_port);
	for (size_t i = 0; i < SOCKETS; i++) {
		story->bridges[i].fd = -1;
	}
}

/* A service record that leads to the listener, and no other record. */
static void open_names(struct story *story)
{
	snprintf(story->record, sizeof(story->record), "1 1 %u localhost", story->port);
	story->answers[0] = (struct dns_answer){
		.name = "_xmpp-client._tcp.example.org", .type = 33, .records = story->record};
	assert_int_equal(envoi_context_new(&story->names_context, NULL), ENVOI_OK);
	struct envoi_loop *loop = envoi_context_loop(story->names_context);
	assert_int_equal(dns_server_start(&story->names, loop, story->answers), 0);
}

static void lengthen(struct story *story)
{
	if (story->is_long) {
		open_names(story);
		envoi_test_server_tls(
			story->server, TEST_DATA "/tls/right.pem", TEST_DATA "/tls/server-key.pem");
	}
}

static void close_server(struct story *story)
{
	if (story->is_long) {
		dns_server_stop(&story->names);
		envoi_context_unref(story->names_context);
	}
	drop_all(story, false);
	close(story->listener);
	assert_int_equal(envoi_world_free(story->world), 0);
}

static void set(struct story *story, const char *name, const char *value)
{
	assert_int_equal(envoi_client_set(story->client, name, value), ENVOI_OK);
}

static void open_client(struct story *story)
{
	char port[8];
	snprintf(port, sizeof(port), "%u", story->port);
	assert_int_equal(test_allocator_context(&story->context, &story->allocator), ENVOI_OK);
	assert_int_equal(envoi_loop_new_simulated(&story->loop, story->context), ENVOI_OK);
	assert_int_equal(envoi_context_take_loop(story->context, story->loop), ENVOI_OK);
	assert_int_equal(envoi_client_new(&story->client, story->context, ACCOUNT), ENVOI_OK);
	assert_int_equal(envoi_client_set_password(story->client, "secret"), ENVOI_OK);
	if (story->is_long) {
		struct envoi_resolver *resolver;
		assert_int_equal(
			envoi_resolver_new_cares(&resolver, story->context, story->names.address),
			ENVOI_OK);
		assert_int_equal(envoi_context_take_resolver(story->context, resolver), ENVOI_OK);
		set(story, "tls.ca-file", TEST_DATA "/tls/ca.pem");
	} else {
		set(story, "server", "127.0.0.1");
		set(story, "port", port);
	}
	set(story, "tls.mode", story->is_long ? "starttls" : "none");
	set(story, "sasl.mechanisms", "SCRAM-SHA-1");
	set(story, "reconnect.initial", "true");
	story->recorder.impl = &recorder_impl;
	assert_int_equal(envoi_client_add(story->client, &story->recorder), ENVOI_OK);
}

static void close_client(struct story *story)
{
	failing_calls_enter();
	envoi_client_free(story->client);
	envoi_context_unref(story->context);
	failing_calls_leave();
	assert_int_equal(story->allocator.live, 0);
}

static void live(struct story *story)
{
	failing_calls_enter();
	story->connected = envoi_client_connect(story->client) == ENVOI_OK;
	failing_calls_leave();
	run(story, RECONNECTING_MS);
	talk(story, &story->tickets[0]);
	drop_all(story, true);
	run(story, RECONNECTING_MS);
	talk(story, &story->tickets[1]);
	failing_calls_enter();
	envoi_client_disconnect(story->client);
	failing_calls_leave();
	run(story, CLOSING_MS);
}

static void check(const struct story *story, size_t n, bool has_ended)
{
	const unsigned int *events = story->events;
	bool is_right = events[ENVOI_EVENT_STARTED] == events[ENVOI_EVENT_ENDED] &&
		events[ENVOI_EVENT_CONNECTING] == events[ENVOI_EVENT_DISCONNECTED] &&
		events[ENVOI_EVENT_STOPPED] == story->connected && story->sent == story->told &&
		story->asked == story->answered;
	if (!is_right) {
		print_error("call %zu (%s)%s: connecting %u, disconnected %u, started %u, ended "
			    "%u, stopped %u of %u, sent %u, told %u, asked %u, answered %u\n",
			n, failing_calls_name() != NULL ? failing_calls_name() : "none",
			has_ended ? "" : ", before the client was freed",
			events[ENVOI_EVENT_CONNECTING], events[ENVOI_EVENT_DISCONNECTED],
			events[ENVOI_EVENT_STARTED], events[ENVOI_EVENT_ENDED],
			events[ENVOI_EVENT_STOPPED], story->connected, story->sent, story->told,
			story->asked, story->answered);
		fail();
	}
}

static void check_unharmed(const struct story *story)
{
	assert_int_equal(story->events[ENVOI_EVENT_STARTED], 1);
	assert_int_equal(story->events[ENVOI_EVENT_RESUMED], 1);
	assert_int_equal(story->sent, 2);
	assert_int_equal(story->asked, 2);
	assert_true(!story->is_long || story->names.questions > 0);
}

static struct story begin(const struct plight *plight, int *ret_fds)
{
	*ret_fds = count_open_fds();
	return (struct story){.listener = -1, .is_long = plight->is_long};
}

static void open_all(struct story *story)
{
	open_server(story);
	lengthen(story);
	open_client(story);
}

/* @return the calls that were made */
static size_t tell(const struct plight *plight)
{
	int fds;
	struct story story = begin(plight, &fds);
	open_all(&story);
	failing_calls_arm(plight->kind, plight->n, plight->fail_on);
	live(&story);
	/* a loop that cannot wait for anything cannot deliver what is due either */
	if (plight->kind == FAIL_TRANSPORT) {
		check(&story, plight->n, false);
	}
	size_t count = failing_calls_count();
	bool has_failed = failing_calls_name() != NULL;
	close_client(&story);
	check(&story, plight->n, true);
	failing_calls_arm(plight->kind, 0, false);
	close_server(&story);
	assert_int_equal(count_open_fds(), fds);
	if (!has_failed) {
		check_unharmed(&story);
	}
	return count;
}

static void fail_everywhere(struct plight plight, size_t step)
{
	size_t count = tell(&plight);
	assert_true(count > 30);
	for (plight.n = 1; plight.n <= count; plight.n += step) {
		(void)tell(&plight);
	}
}

/* @return whether the story was over before that allocation */
static bool tell_without_memory(const struct plight *plight)
{
	int fds;
	struct story story = begin(plight, &fds);
	open_all(&story);
	story.allocator.fail_on = plight->fail_on;
	story.allocator.fail_at = story.allocator.calls + plight->n;
	live(&story);
	bool is_over = story.allocator.calls < story.allocator.fail_at;
	check(&story, plight->n, false);
	close_client(&story);
	check(&story, plight->n, true);
	close_server(&story);
	assert_int_equal(count_open_fds(), fds);
	if (is_over) {
		check_unharmed(&story);
	}
	return is_over;
}

static void run_out_everywhere(struct plight plight, size_t step)
{
	plight.n = 1;
	while (!tell_without_memory(&plight)) {
		plight.n += step;
	}
	assert_true(plight.n > 150);
}

static void one_allocation_fails(void **state)
{
	(void)state;
	run_out_everywhere((struct plight){.n = 0}, 1);
}

static void memory_has_run_out_for_good(void **state)
{
	(void)state;
	run_out_everywhere((struct plight){.fail_on = true}, 1);
}

static void one_call_of_the_transport_fails(void **state)
{
	(void)state;
	fail_everywhere((struct plight){.kind = FAIL_TRANSPORT}, 1);
}

static void calls_of_the_transport_fail_from_then_on(void **state)
{
	(void)state;
	fail_everywhere((struct plight){.kind = FAIL_TRANSPORT, .fail_on = true}, 1);
}

static void one_call_of_the_loop_fails(void **state)
{
	(void)state;
	fail_everywhere((struct plight){.kind = FAIL_LOOP}, 7);
}

static void calls_of_the_loop_fail_from_then_on(void **state)
{
	(void)state;
	fail_everywhere((struct plight){.kind = FAIL_LOOP, .fail_on = true}, 7);
}

static void one_call_fails_with_names_and_tls(void **state)
{
	(void)state;
	fail_everywhere((struct plight){.kind = FAIL_TRANSPORT, .is_long = true}, 1);
}

static void calls_fail_from_then_on_with_names_and_tls(void **state)
{
	(void)state;
	fail_everywhere(
		(struct plight){.kind = FAIL_TRANSPORT, .fail_on = true, .is_long = true}, 3);
}

static void one_allocation_fails_with_names_and_tls(void **state)
{
	(void)state;
	run_out_everywhere((struct plight){.is_long = true}, 5);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(one_call_of_the_transport_fails),
		cmocka_unit_test(calls_of_the_transport_fail_from_then_on),
		cmocka_unit_test(one_call_of_the_loop_fails),
		cmocka_unit_test(calls_of_the_loop_fail_from_then_on),
		cmocka_unit_test(one_allocation_fails),
		cmocka_unit_test(memory_has_run_out_for_good),
		cmocka_unit_test(one_call_fails_with_names_and_tls),
		cmocka_unit_test(calls_fail_from_then_on_with_names_and_tls),
		cmocka_unit_test(one_allocation_fails_with_names_and_tls),
	};
	return cmocka_run_group_tests_name("torture/client_calls", tests, NULL, NULL);
}
