/*
 * envoi - a client on libevent, whose calls fail, each in turn: in a login, a conversation, a lost
 *         connection that is resumed, and the end
 * SPDX-License-Identifier: MIT
 *
 * Of the calls of libevent that the loop makes after it was made, event_add() alone can fail. The
 * server has a context and a loop of its own, on poll(2): its calls are not counted.
 */
#define _GNU_SOURCE
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <arpa/inet.h>
#include <cmocka.h>
#include <dlfcn.h>
#include <event2/event.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <envoi/envoi.h>
#include <envoi/interfaces/channel.h>
#include <envoi/mainloop.h>

#include "open_fds.h"
#include "test_allocator.h"

enum {
	MOST_TURNS = 2000000, /* until something has to have happened */
	FAILING_CALLS = 20, /* while all of them fail */
	MOST_FD = 1024,
};

/* --- the calls --- */

static struct {
	size_t count, fail_at; /* from 1; 0: none fails */
	bool fail_on; /* all that follow fail too */
} calls;

static bool fails(void)
{
	calls.count++;
	return calls.fail_at > 0 &&
		(calls.fail_on ? calls.count >= calls.fail_at : calls.count == calls.fail_at);
}

/* In place of libevent's. */
int event_add(struct event *event, const struct timeval *timeout)
{
	static int (*real)(struct event *, const struct timeval *);
	if (real == NULL) {
		real = (int (*)(struct event *, const struct timeval *))dlsym(
			RTLD_NEXT, "event_add");
	}
	return fails() ? -1 : real(event, timeout);
}

/* --- the server --- */

struct server {
	struct envoi_accept_hook hook;
	struct envoi_sasl_directory directory;
	struct envoi_context *context;
	struct envoi_settings *settings;
	struct envoi_acceptor *acceptor;
	struct envoi_listener *listener;
	uint16_t port;
};

/* Stanzas to the account go back to it. */
static int on_stanza(struct envoi_accept_hook *hook, struct envoi_accepted *accepted,
	struct envoi_stanza *stanza)
{
	struct envoi_stanza *copy;
	(void)hook;
	if (envoi_stanza_kind(stanza) != ENVOI_MESSAGE) {
		return ENVOI_OK;
	}
	struct envoi_element *element = envoi_element_dup(envoi_stanza_element(stanza));
	assert_int_equal(envoi_stanza_from_element(&copy, element), ENVOI_OK);
	envoi_element_unref(element);
	(void)envoi_send(envoi_accepted_session(accepted), copy, NULL);
	return ENVOI_STOP;
}

static void on_ended(struct envoi_accept_hook *hook, struct envoi_accepted *accepted,
	const struct envoi_failure *why)
{
	(void)hook;
	(void)why;
	envoi_admission_end(envoi_accepted_user(accepted));
}

static void look_up(struct envoi_sasl_directory *self, struct envoi_sasl_lookup *lookup)
{
	(void)self;
	envoi_sasl_lookup_answer_password(lookup, NULL);
}

static const struct envoi_sasl_directory_impl directory_impl = {.look_up = look_up};
static const struct envoi_accept_hook_impl hook_impl = {.stanza = on_stanza, .ended = on_ended};

static int on_admitted(void *user, struct envoi_admission *admission, struct envoi_channel *channel)
{
	struct server *server = user;
	struct envoi_channel_options options;
	struct envoi_transport *transport;
	struct envoi_accepted *accepted;
	assert_int_equal(
		envoi_channel_options_read(&options, server->context, server->settings), ENVOI_OK);
	int r = envoi_channel_transport_new(&transport, server->context, channel, &options);
	if (r == ENVOI_OK) {
		r = envoi_acceptor_accept(server->acceptor, transport, &accepted);
	}
	if (r == ENVOI_OK) {
		envoi_accepted_set_user(accepted, admission);
	}
	return r;
}

static void server_begin(struct server *server)
{
	struct envoi_loop *loop;
	*server = (struct server){.hook.impl = &hook_impl, .directory.impl = &directory_impl};
	assert_int_equal(envoi_context_new(&server->context, NULL), ENVOI_OK);
	assert_int_equal(envoi_loop_new_poll(&loop, server->context), ENVOI_OK);
	assert_int_equal(envoi_context_take_loop(server->context, loop), ENVOI_OK);
	assert_int_equal(envoi_settings_new(&server->settings, server->context), ENVOI_OK);
	assert_int_equal(envoi_settings_set(server->settings, "tls.mode", "none"), ENVOI_OK);
	assert_int_equal(
		envoi_settings_set(server->settings, "sasl.mechanisms", "ANONYMOUS"), ENVOI_OK);
	const struct envoi_acceptor_options options = {
		.directory = &server->directory,
		.settings = server->settings,
		.hook = &server->hook,
	};
	assert_int_equal(
		envoi_acceptor_new(&server->acceptor, server->context, &options), ENVOI_OK);
	assert_int_equal(envoi_acceptor_add_domain(server->acceptor, "example.org"), ENVOI_OK);
	const struct envoi_listener_options listening = {.admitted = on_admitted, .user = server};
	assert_int_equal(
		envoi_listener_new(&server->listener, server->context, &listening), ENVOI_OK);
	assert_int_equal(
		envoi_tcp_listen(server->listener, "clients", "127.0.0.1", 0, &server->port),
		ENVOI_OK);
}

static void server_end(struct server *server)
{
	envoi_listener_free(server->listener);
	envoi_acceptor_free(server->acceptor);
	envoi_settings_free(server->settings);
	envoi_context_unref(server->context);
}

/* --- the story --- */

struct story {
	struct envoi_handler handler;
	struct server server;
	struct test_allocator allocator;
	struct envoi_context *context; /* of the client */
	struct envoi_client *client;
	unsigned int messages, stopped;
	bool wants_online;
};

static struct story *story_of(struct envoi_handler *self)
{
	return ENVOI_CONTAINER_OF(self, struct story, handler);
}

static int on_message(struct envoi_handler *self, struct envoi_delivery *in)
{
	(void)in;
	story_of(self)->messages++;
	return ENVOI_OK;
}

/* A program that is to go on connects again. */
static void on_stopped(struct envoi_handler *self, const struct envoi_event *event)
{
	struct story *story = story_of(self);
	(void)event;
	story->stopped++;
	if (story->wants_online) {
		assert_int_equal(envoi_client_connect(story->client), ENVOI_OK);
	}
}

static const struct envoi_stanza_row stanzas[] = {
	{.kind = ENVOI_MESSAGE, .type = ENVOI_TYPE_CHAT, .handle = on_message},
	ENVOI_ROWS_END,
};
static const struct envoi_event_row events[] = {
	{ENVOI_EVENT_STOPPED, on_stopped},
	ENVOI_ROWS_END,
};
static const struct envoi_handler_impl story_impl = {
	.name = "story", .stanzas = stanzas, .events = events};

static void turn(struct story *story)
{
	assert_true(envoi_loop_run_once(envoi_context_loop(story->server.context), false) >= 0);
	assert_true(envoi_loop_run_once(envoi_context_loop(story->context), false) >= 0);
}

/* When all calls fail, so many do. */
static void let_calls_succeed_again(void)
{
	if (calls.fail_on && calls.fail_at > 0 && calls.count >= calls.fail_at + FAILING_CALLS) {
		calls.fail_at = 0;
	}
}

static void go_online(struct story *story)
{
	for (unsigned int turns = 0; envoi_client_state(story->client) != ENVOI_CLIENT_ONLINE;
		turns++) {
		assert_true(turns < MOST_TURNS);
		let_calls_succeed_again();
		turn(story);
	}
}

/* A message to the own account comes back, over as many connections as it takes. */
static void talk(struct story *story)
{
	unsigned int before = story->messages;
	go_online(story);
	assert_int_equal(envoi_send_text(envoi_client_session(story->client), "you@example.org",
				 "hello", NULL),
		ENVOI_OK);
	for (unsigned int turns = 0; story->messages == before; turns++) {
		assert_true(turns < MOST_TURNS);
		let_calls_succeed_again();
		turn(story);
	}
}

/* As when the network is lost. */
static void cut(const struct story *story)
{
	for (int fd = 0; fd < MOST_FD; fd++) {
		struct sockaddr_in peer;
		socklen_t len = sizeof(peer);
		if (getpeername(fd, (struct sockaddr *)&peer, &len) == 0 &&
			peer.sin_family == AF_INET && ntohs(peer.sin_port) == story->server.port) {
			(void)shutdown(fd, SHUT_RDWR);
		}
	}
}

static void leave(struct story *story)
{
	unsigned int before = story->stopped;
	story->wants_online = false;
	envoi_client_disconnect(story->client);
	for (unsigned int turns = 0; story->stopped == before; turns++) {
		assert_true(turns < MOST_TURNS);
		let_calls_succeed_again();
		turn(story);
	}
}

static void make_client(struct story *story)
{
	struct envoi_loop *loop;
	char port[8];
	const struct envoi_context_options options = {
		.allocator = test_allocator_functions(&story->allocator)};
	assert_int_equal(envoi_context_new(&story->context, &options), ENVOI_OK);
	assert_int_equal(envoi_loop_new_libevent(&loop, story->context, NULL), ENVOI_OK);
	assert_int_equal(envoi_context_take_loop(story->context, loop), ENVOI_OK);
	assert_int_equal(envoi_client_new(&story->client, story->context, "example.org"), ENVOI_OK);
	snprintf(port, sizeof(port), "%u", story->server.port);
	envoi_client_set(story->client, "server", "127.0.0.1");
	envoi_client_set(story->client, "port", port);
	envoi_client_set(story->client, "tls.mode", "none");
	envoi_client_set(story->client, "sasl.mechanisms", "ANONYMOUS");
	envoi_client_set(story->client, "reconnect.initial", "true");
	envoi_client_set(story->client, "reconnect.first", "1ms");
	envoi_client_set(story->client, "reconnect.longest", "5ms");
	envoi_client_add(story->client, &story->handler);
}

static void tell(struct story *story)
{
	assert_int_equal(envoi_client_connect(story->client), ENVOI_OK);
	talk(story);
	cut(story);
	turn(story);
	talk(story);
	leave(story);
}

/* @return whether there were so many calls */
static bool tell_without(size_t n, bool fail_on)
{
	static struct story story;
	int fds = count_open_fds();
	story = (struct story){.handler = ENVOI_HANDLER(&story_impl), .wants_online = true};
	server_begin(&story.server);
	make_client(&story);
	calls.count = 0;
	calls.fail_at = n;
	calls.fail_on = fail_on;
	tell(&story);
	bool was_reached = calls.count >= n;
	calls.fail_at = 0;
	envoi_client_free(story.client);
	envoi_context_unref(story.context);
	server_end(&story.server);
	assert_int_equal(story.allocator.live, 0);
	assert_int_equal(count_open_fds(), fds);
	return was_reached;
}

static void one_call_fails(void **state)
{
	size_t n = 1;
	(void)state;
	while (tell_without(n, false)) {
		n++;
	}
	assert_true(n > 10);
}

static void calls_fail_from_then_on(void **state)
{
	size_t n = 1;
	(void)state;
	while (tell_without(n, true)) {
		n++;
	}
	assert_true(n > 10);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(one_call_fails),
		cmocka_unit_test(calls_fail_from_then_on),
	};
	return cmocka_run_group_tests_name("libevent_calls", tests, NULL, NULL);
}
