/*
 * envoi - everything that a program may do to its client, inside every one of its callbacks
 * SPDX-License-Identifier: MIT
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <envoi/roster.h>

#include "world.h"

#define DESK "alice@example.org/desk"

enum {
	CLIENTS = 3, /* one after the other, at most */
	TICKETS = 64,
};

/* The events come first, by their numbers. */
enum place {
	IN_MESSAGE = ENVOI_EVENTS_END,
	IN_PRESENCE,
	IN_GET,
	IN_SET,
	IN_FILTER_IN,
	IN_FILTER_OUT,
	IN_TIMEOUT,
	IN_RESULT,
	IN_REQUEST_ERROR,
	IN_REQUEST_TIMEOUT,
	IN_REQUEST_CANCELED,
	IN_REQUEST_LOSS,
	IN_TICKET_WRITTEN,
	IN_TICKET_LOSS,
	IN_ROSTER_FETCHED,
	PLACES,
};

static const char *const place_names[PLACES - IN_MESSAGE] = {"message", "presence", "get", "set",
	"filter in", "filter out", "timeout", "result", "request error", "request timeout",
	"request canceled", "request loss", "ticket written", "ticket loss", "roster fetched"};

struct bomb;

struct act {
	const char *name;
	void (*run)(struct bomb *bomb);
};

/* Programs are never taken away: what a client that was freed still told would be seen. */
struct bomb {
	struct program programs[CLIENTS], *program;
	size_t program_count;
	struct world *world;
	struct envoi_handler handler, neighbour;
	int place;
	const struct act *act;
	unsigned int exploded, trouble;
	unsigned int connects; /* that were begun */
	unsigned int asked, answered, sent, told, fetching, fetched;
	struct envoi_ticket tickets[TICKETS];
	size_t ticket_count;
	struct envoi_promise *promise;
};

static struct envoi_client *client_of(const struct bomb *bomb)
{
	return bomb->program->client;
}

static void explode(struct bomb *bomb, int place)
{
	if (bomb->place == place && bomb->exploded == 0 && client_of(bomb) != NULL) {
		bomb->exploded++;
		bomb->act->run(bomb);
	}
}

/* --- what is done --- */

static void begin_to_connect(struct bomb *bomb)
{
	bomb->connects += envoi_client_connect(client_of(bomb)) == ENVOI_OK;
}

static void make_client(struct bomb *bomb)
{
	bomb->program = &bomb->programs[bomb->program_count++];
	if (program_init(bomb->program, bomb->world) < 0 ||
		envoi_client_add(client_of(bomb), &bomb->handler) < 0 ||
		envoi_client_add(client_of(bomb), &bomb->neighbour) < 0) {
		bomb->trouble++;
	}
}

static void act_free(struct bomb *bomb)
{
	program_free_client(bomb->program);
}

static void act_disconnect(struct bomb *bomb)
{
	envoi_client_disconnect(client_of(bomb));
}

static void act_connect(struct bomb *bomb)
{
	begin_to_connect(bomb);
}

static void act_connect_again(struct bomb *bomb)
{
	act_disconnect(bomb);
	begin_to_connect(bomb);
}

static void act_renew(struct bomb *bomb)
{
	act_free(bomb);
	make_client(bomb);
	begin_to_connect(bomb);
}

static void on_ticket(struct envoi_ticket *ticket, enum envoi_ticket_state state)
{
	struct bomb *bomb = ticket->user;
	bomb->told++;
	explode(bomb, state == ENVOI_TICKET_WRITTEN ? IN_TICKET_WRITTEN : IN_TICKET_LOSS);
}

static void act_send(struct bomb *bomb)
{
	if (client_of(bomb) == NULL || bomb->ticket_count == TICKETS) {
		return;
	}
	struct envoi_ticket *ticket = &bomb->tickets[bomb->ticket_count++];
	*ticket = (struct envoi_ticket){.done = on_ticket, .user = bomb};
	bomb->sent += envoi_send_text(envoi_client_session(client_of(bomb)), "bob@example.org", "x",
			      ticket) == ENVOI_OK;
}

static void on_answer(void *user, const struct envoi_answer *answer)
{
	static const struct {
		int code, place;
	} places[] = {{ENVOI_OK, IN_RESULT}, {ENVOI_ERR_STANZA, IN_REQUEST_ERROR},
		{ENVOI_ERR_TIMEOUT, IN_REQUEST_TIMEOUT}, {ENVOI_ERR_CANCELED, IN_REQUEST_CANCELED},
		{ENVOI_ERR_DISCONNECTED, IN_REQUEST_LOSS}};
	struct bomb *bomb = user;
	bomb->answered++;
	for (size_t i = 0; i < sizeof(places) / sizeof(places[0]); i++) {
		if (envoi_answer_code(answer) == places[i].code) {
			explode(bomb, places[i].place);
			return;
		}
	}
	bomb->trouble++;
}

static struct envoi_request *ask(struct bomb *bomb, const char *to, uint64_t timeout_ms)
{
	struct envoi_request *request = NULL;
	if (client_of(bomb) == NULL) {
		return NULL;
	}
	struct envoi_stanza *iq = envoi_iq_new(bomb->world->context, ENVOI_IQ_GET, to);
	envoi_element_add(envoi_stanza_element(iq), "urn:xmpp:ping", "ping");
	int r = envoi_request(envoi_client_session(client_of(bomb)), iq, NULL, timeout_ms,
		on_answer, bomb, &request);
	bomb->asked += r == ENVOI_OK;
	return r == ENVOI_OK ? request : NULL;
}

static void act_ask(struct bomb *bomb)
{
	ask(bomb, "example.org", 0);
}

static void on_fetched(void *user, int code)
{
	struct bomb *bomb = user;
	(void)code;
	bomb->fetched++;
	explode(bomb, IN_ROSTER_FETCHED);
}

static void act_fetch(struct bomb *bomb)
{
	if (client_of(bomb) != NULL) {
		bomb->fetching += envoi_roster_fetch(envoi_client_roster(client_of(bomb)),
					  on_fetched, bomb) == ENVOI_OK;
	}
}

static void act_remove_self(struct bomb *bomb)
{
	envoi_session_remove(envoi_client_session(client_of(bomb)), &bomb->handler);
}

static void act_remove_neighbour(struct bomb *bomb)
{
	envoi_session_remove(envoi_client_session(client_of(bomb)), &bomb->neighbour);
}

static void act_set_all(struct bomb *bomb)
{
	envoi_client_set_tap(client_of(bomb), NULL, NULL);
	if (envoi_client_set_password(client_of(bomb), "wonderland") < 0 ||
		envoi_client_failure_text(client_of(bomb)) == NULL) {
		bomb->trouble++;
	}
}

static void act_free_after_all_else(struct bomb *bomb)
{
	act_send(bomb);
	act_ask(bomb);
	act_fetch(bomb);
	act_remove_neighbour(bomb);
	act_remove_self(bomb);
	act_disconnect(bomb);
	act_free(bomb);
}

static const struct act acts[] = {
	{"free", act_free},
	{"disconnect", act_disconnect},
	{"connect", act_connect},
	{"connect again", act_connect_again},
	{"free and make a new one", act_renew},
	{"send", act_send},
	{"ask", act_ask},
	{"fetch the roster", act_fetch},
	{"remove self", act_remove_self},
	{"remove neighbour", act_remove_neighbour},
	{"set and ask for all", act_set_all},
	{"free after all else", act_free_after_all_else},
};

/* --- where it is done --- */

static struct bomb *from_base(struct envoi_handler *base)
{
	return ENVOI_CONTAINER_OF(base, struct bomb, handler);
}

static int on_message(struct envoi_handler *self, struct envoi_delivery *in)
{
	(void)in;
	explode(from_base(self), IN_MESSAGE);
	return ENVOI_OK;
}

static int on_bad_message(struct envoi_handler *self, struct envoi_delivery *in)
{
	(void)self;
	(void)in;
	return ENVOI_ERR_SYSTEM;
}

static int on_presence(struct envoi_handler *self, struct envoi_delivery *in)
{
	(void)in;
	explode(from_base(self), IN_PRESENCE);
	return ENVOI_OK;
}

static int on_get(struct envoi_handler *self, struct envoi_delivery *in)
{
	(void)in;
	explode(from_base(self), IN_GET);
	return ENVOI_OK;
}

static int on_set(struct envoi_handler *self, struct envoi_delivery *in)
{
	struct bomb *bomb = from_base(self);
	int r = bomb->promise == NULL ? envoi_delivery_defer(in, &bomb->promise) : ENVOI_OK;
	explode(bomb, IN_SET);
	return r;
}

static int on_in(
	struct envoi_handler *self, struct envoi_session *session, struct envoi_stanza *stanza)
{
	(void)session;
	(void)stanza;
	explode(from_base(self), IN_FILTER_IN);
	return ENVOI_OK;
}

static int on_out(
	struct envoi_handler *self, struct envoi_session *session, struct envoi_stanza *stanza)
{
	(void)session;
	(void)stanza;
	explode(from_base(self), IN_FILTER_OUT);
	return ENVOI_OK;
}

static void on_event(struct envoi_handler *self, const struct envoi_event *event)
{
	explode(from_base(self), (int)event->type);
}

static void on_timeout(struct envoi_handler *self, struct envoi_session *session)
{
	(void)session;
	explode(from_base(self), IN_TIMEOUT);
}

static const struct envoi_stanza_row stanzas[] = {
	{.kind = ENVOI_MESSAGE,
		.type = ENVOI_TYPE_HEADLINE,
		.handle = on_bad_message,
		.priority = 1},
	{.kind = ENVOI_MESSAGE, .handle = on_message},
	{.kind = ENVOI_PRESENCE, .handle = on_presence},
	{.kind = ENVOI_IQ_GET, .ns = "urn:x", .name = "x", .handle = on_get},
	{.kind = ENVOI_IQ_SET, .ns = "urn:x", .name = "x", .handle = on_set},
	ENVOI_ROWS_END,
};
static const struct envoi_event_row events[] = {
	{ENVOI_EVENT_CONNECTING, on_event},
	{ENVOI_EVENT_CONNECTED, on_event},
	{ENVOI_EVENT_STREAM_OPENED, on_event},
	{ENVOI_EVENT_SECURED, on_event},
	{ENVOI_EVENT_AUTHENTICATED, on_event},
	{ENVOI_EVENT_BOUND, on_event},
	{ENVOI_EVENT_STARTED, on_event},
	{ENVOI_EVENT_ROSTER, on_event},
	{ENVOI_EVENT_ROSTER_CHANGED, on_event},
	{ENVOI_EVENT_AVAILABLE, on_event},
	{ENVOI_EVENT_UNHANDLED, on_event},
	{ENVOI_EVENT_DISCONNECTED, on_event},
	{ENVOI_NO_EVENT, NULL},
};
static const struct envoi_timeout_row timeouts[] = {{50, true, on_timeout}, {0, false, NULL}};
static const struct envoi_filters filters = {on_in, on_out, 0};
static const struct envoi_handler_impl bomb_impl = {
	.name = "bomb",
	.stanzas = stanzas,
	.events = events,
	.timeouts = timeouts,
	.filters = &filters,
};

/* The neighbour stands in all the same lists and does nothing. */
static int quiet_stanza(struct envoi_handler *self, struct envoi_delivery *in)
{
	(void)self;
	(void)in;
	return ENVOI_DECLINED;
}

static void quiet_event(struct envoi_handler *self, const struct envoi_event *event)
{
	(void)self;
	(void)event;
}

static void quiet_timeout(struct envoi_handler *self, struct envoi_session *session)
{
	(void)self;
	(void)session;
}

static int quiet_filter(
	struct envoi_handler *self, struct envoi_session *session, struct envoi_stanza *stanza)
{
	(void)self;
	(void)session;
	(void)stanza;
	return ENVOI_OK;
}

static const struct envoi_stanza_row quiet_stanzas[] = {
	{.kind = ENVOI_MESSAGE, .handle = quiet_stanza},
	{.kind = ENVOI_PRESENCE, .handle = quiet_stanza},
	{.kind = ENVOI_IQ_GET, .handle = quiet_stanza},
	ENVOI_ROWS_END,
};
static const struct envoi_event_row quiet_events[] = {
	{ENVOI_EVENT_CONNECTING, quiet_event},
	{ENVOI_EVENT_STARTED, quiet_event},
	{ENVOI_EVENT_UNHANDLED, quiet_event},
	{ENVOI_EVENT_DISCONNECTED, quiet_event},
	{ENVOI_NO_EVENT, NULL},
};
static const struct envoi_timeout_row quiet_timeouts[] = {
	{50, true, quiet_timeout}, {0, false, NULL}};
static const struct envoi_filters quiet_filters = {quiet_filter, quiet_filter, 0};
static const struct envoi_handler_impl quiet_impl = {
	.name = "quiet",
	.stanzas = quiet_stanzas,
	.events = quiet_events,
	.timeouts = quiet_timeouts,
	.filters = &quiet_filters,
};

/* --- the story --- */

static void run(struct bomb *bomb)
{
	world_run(bomb->world, 100);
}

static void say(struct bomb *bomb, const char *xml)
{
	(void)test_server_says(bomb->world->server, DESK, xml);
	run(bomb);
}

/* All that the server does. */
static void hear_much(struct bomb *bomb)
{
	say(bomb,
		"<message from='bob@example.org/x'><body>x</body></message>"
		"<message from='bob@example.org/x' type='headline'/><message/>");
	say(bomb, "<presence from='bob@example.org/x'/><presence from='bob@example.org/x'/>");
	say(bomb,
		"<iq type='get' id='1' from='bob@example.org/x'><x xmlns='urn:x'/></iq>"
		"<iq type='get' id='2' from='bob@example.org/x'><x xmlns='urn:x'/></iq>");
	say(bomb,
		"<iq type='set' id='3' from='bob@example.org/x'><x xmlns='urn:x'/></iq>"
		"<iq type='set' id='4' from='bob@example.org/x'><x xmlns='urn:x'/></iq>");
	say(bomb,
		"<iq type='set' id='5'><query xmlns='jabber:iq:roster'>"
		"<item jid='carol@example.org'/></query></iq>");
}

/* All that the program does. */
static void say_much(struct bomb *bomb)
{
	act_send(bomb);
	act_ask(bomb); /* is answered */
	ask(bomb, "nobody@example.org/x", 0); /* with an error */
	act_fetch(bomb);
	run(bomb);
	envoi_request_cancel(ask(bomb, "example.org", 0));
	run(bomb);
	test_server_knobs(bomb->world->server)->is_silent = true;
	ask(bomb, "example.org", 10);
	run(bomb);
	test_server_knobs(bomb->world->server)->is_silent = false;
}

static void play(struct bomb *bomb)
{
	begin_to_connect(bomb);
	run(bomb);
	run(bomb);
	hear_much(bomb);
	say_much(bomb);
	act_ask(bomb);
	act_send(bomb);
	act_fetch(bomb);
	if (bomb->world->pair != NULL) {
		envoi_memory_pair_cut(bomb->world->pair);
	}
	run(bomb);
	world_run(bomb->world, 100000);
}

static void check(const struct bomb *bomb)
{
	unsigned int connecting = 0, disconnected = 0;
	for (size_t i = 0; i < bomb->program_count; i++) {
		connecting += bomb->programs[i].events[ENVOI_EVENT_CONNECTING];
		disconnected += bomb->programs[i].events[ENVOI_EVENT_DISCONNECTED];
	}
	if (bomb->exploded == 0 || bomb->trouble > 0 || disconnected != bomb->connects ||
		connecting != disconnected || bomb->asked != bomb->answered ||
		bomb->sent != bomb->told || bomb->fetching != bomb->fetched) {
		print_error("%s inside %s: exploded %u, trouble %u, connects %u, connecting %u, "
			    "disconnected %u, asked %u, answered %u, sent %u, told %u, "
			    "fetching %u, fetched %u\n",
			bomb->act->name,
			bomb->place < IN_MESSAGE
				? envoi_event_name((enum envoi_event_type)bomb->place)
				: place_names[bomb->place - IN_MESSAGE],
			bomb->exploded, bomb->trouble, bomb->connects, connecting, disconnected,
			bomb->asked, bomb->answered, bomb->sent, bomb->told, bomb->fetching,
			bomb->fetched);
		fail();
	}
}

static void do_inside(struct world *world, int place, const struct act *act)
{
	struct bomb *bomb = calloc(1, sizeof(*bomb));
	assert_non_null(bomb);
	*bomb = (struct bomb){
		.world = world,
		.handler = {&bomb_impl},
		.neighbour = {&quiet_impl},
		.place = place,
		.act = act,
	};
	make_client(bomb);
	play(bomb);
	program_free_client(bomb->program);
	check(bomb);
	envoi_promise_drop(bomb->promise);
	free(bomb);
	world_drop_connections(world);
	/* What the loop has to end, it has ended: nothing of ours is left on it. */
	world_run(world, 0);
}

static void anything_may_be_done_inside_any_callback(void **state)
{
	(void)state;
	struct world world;
	world_init(&world, true);
	for (int place = ENVOI_NO_EVENT + 1; place < PLACES; place++) {
		for (size_t i = 0; i < sizeof(acts) / sizeof(acts[0]); i++) {
			do_inside(&world, place, &acts[i]);
		}
	}
	world_finish(&world);
}

/* The tap must not change anything, but it is called from everywhere: it sees whole logins. */
static void count_tapped(void *user, enum envoi_direction direction, const char *data, size_t len)
{
	(void)direction;
	(void)data;
	*(size_t *)user += len;
}

static void a_tap_sees_while_others_explode(void **state)
{
	(void)state;
	struct world world;
	struct program program;
	size_t tapped = 0;
	world_init(&world, true);
	assert_int_equal(program_init(&program, &world), ENVOI_OK);
	envoi_client_set_tap(program.client, count_tapped, &tapped);
	assert_int_equal(envoi_client_connect(program.client), ENVOI_OK);
	world_run(&world, 100);
	assert_true(program_is_online(&program));
	assert_true(tapped > 500);
	size_t before = tapped;
	program_free_client(&program);
	world_run(&world, 100);
	assert_int_equal(tapped, before);
	world_finish(&world);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(anything_may_be_done_inside_any_callback),
		cmocka_unit_test(a_tap_sees_while_others_explode),
	};
	return cmocka_run_group_tests_name("torture/client_callbacks", tests, NULL, NULL);
}
