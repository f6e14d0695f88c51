/*
 * envoi - everything that a user may do inside a callback of a session, inside every one
 * SPDX-License-Identifier: MIT
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "stanzas.h"
#include "wire.h"

enum place {
	IN_MESSAGE,
	IN_REQUEST, /* of the peer, its handler */
	IN_FILTER_IN,
	IN_FILTER_OUT,
	IN_EVENT_OPENED,
	IN_EVENT_STARTED,
	IN_EVENT_UNHANDLED,
	IN_EVENT_DISCONNECTED,
	IN_TIMEOUT,
	IN_RESULT,
	IN_REQUEST_TIMEOUT,
	IN_REQUEST_LOSS,
	IN_REQUEST_CANCEL,
	IN_TICKET_WRITTEN,
	IN_TICKET_LOSS,
	IN_OWNER_READY,
	IN_OWNER_CLOSED,
	PLACES,
};

static const char *const place_names[PLACES] = {"message", "request", "filter in", "filter out",
	"event opened", "event started", "event unhandled", "event disconnected", "timeout",
	"result", "request timeout", "request loss", "request cancel", "ticket written",
	"ticket loss", "owner ready", "owner closed"};

struct bomb;

struct act {
	const char *name;
	void (*run)(struct bomb *bomb);
};

struct bomb {
	struct wire wire;
	struct envoi_handler handler, neighbour, newcomer;
	enum place place;
	const struct act *act;
	unsigned int exploded;
	struct envoi_promise *promise;
	struct wire_ticket first, inner;
	unsigned int asked, answered, neighbour_calls;
};

static void explode(struct bomb *bomb, enum place place)
{
	if (bomb->place == place && bomb->exploded++ == 0) {
		bomb->act->run(bomb);
	}
}

/* --- what is done --- */

static void act_free(struct bomb *bomb)
{
	wire_free_session(&bomb->wire);
}

static void act_close(struct bomb *bomb)
{
	envoi_session_close(bomb->wire.session);
}

static void act_detach(struct bomb *bomb)
{
	envoi_session_detach(bomb->wire.session);
}

static void act_connect_again(struct bomb *bomb)
{
	envoi_session_detach(bomb->wire.session);
	if (wire_attach(&bomb->wire, ENVOI_INITIATOR, 0) == ENVOI_OK) {
		wire_greet(&bomb->wire);
	}
}

static void on_answer(void *user, const struct envoi_answer *answer)
{
	struct bomb *bomb = user;
	bomb->answered++;
	switch (envoi_answer_code(answer)) {
	case ENVOI_OK:
		explode(bomb, IN_RESULT);
		break;
	case ENVOI_ERR_TIMEOUT:
		explode(bomb, IN_REQUEST_TIMEOUT);
		break;
	case ENVOI_ERR_DISCONNECTED:
		explode(bomb, IN_REQUEST_LOSS);
		break;
	default:
		explode(bomb, IN_REQUEST_CANCEL);
		break;
	}
}

static struct envoi_request *ask(struct bomb *bomb, uint64_t timeout_ms)
{
	struct envoi_request *request = NULL;
	struct envoi_stanza *iq = envoi_iq_new(bomb->wire.context, ENVOI_IQ_GET, NULL);
	envoi_element_add(envoi_stanza_element(iq), "urn:xmpp:ping", "ping");
	bomb->asked += envoi_request(bomb->wire.session, iq, NULL, timeout_ms, on_answer, bomb,
			       &request) == ENVOI_OK;
	return request;
}

static void act_send(struct bomb *bomb)
{
	if (bomb->inner.ticket.entry == NULL) {
		(void)wire_ticket(&bomb->inner, &bomb->wire, "inner");
		if (envoi_send_text(bomb->wire.session, "a@b", "x", &bomb->inner.ticket) < 0) {
			bomb->inner.told = 1;
		}
	}
}

static void act_ask(struct bomb *bomb)
{
	ask(bomb, 10);
}

static void act_remove_self(struct bomb *bomb)
{
	envoi_session_remove(bomb->wire.session, &bomb->handler);
}

static void act_remove_neighbour(struct bomb *bomb)
{
	envoi_session_remove(bomb->wire.session, &bomb->neighbour);
}

static void act_add_newcomer(struct bomb *bomb)
{
	if (envoi_session_add(bomb->wire.session, &bomb->newcomer) < 0) {
		bomb->neighbour_calls++;
	}
}

static void act_free_after_all_else(struct bomb *bomb)
{
	act_send(bomb);
	act_ask(bomb);
	act_remove_neighbour(bomb);
	act_add_newcomer(bomb);
	act_remove_self(bomb);
	act_free(bomb);
}

static const struct act acts[] = {
	{"free", act_free},
	{"close", act_close},
	{"detach", act_detach},
	{"connect again", act_connect_again},
	{"send", act_send},
	{"ask", act_ask},
	{"remove self", act_remove_self},
	{"remove neighbour", act_remove_neighbour},
	{"add newcomer", act_add_newcomer},
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

static int on_request(struct envoi_handler *self, struct envoi_delivery *in)
{
	struct bomb *bomb = from_base(self);
	if (bomb->promise == NULL) {
		return envoi_delivery_defer(in, &bomb->promise);
	}
	explode(bomb, IN_REQUEST);
	return ENVOI_OK;
}

static int on_bad(struct envoi_handler *self, struct envoi_delivery *in)
{
	(void)self;
	(void)in;
	return ENVOI_ERR_SYSTEM;
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
	enum place place = event->type == ENVOI_EVENT_STREAM_OPENED ? IN_EVENT_OPENED
		: event->type == ENVOI_EVENT_STARTED                ? IN_EVENT_STARTED
		: event->type == ENVOI_EVENT_UNHANDLED              ? IN_EVENT_UNHANDLED
								    : IN_EVENT_DISCONNECTED;
	explode(from_base(self), place);
}

static void on_timeout(struct envoi_handler *self, struct envoi_session *session)
{
	(void)session;
	explode(from_base(self), IN_TIMEOUT);
}

static const struct envoi_stanza_row stanzas[] = {
	{.kind = ENVOI_MESSAGE, .type = ENVOI_TYPE_HEADLINE, .handle = on_bad, .priority = 1},
	{.kind = ENVOI_MESSAGE, .handle = on_message},
	{.kind = ENVOI_IQ_GET, .handle = on_request},
	ENVOI_ROWS_END,
};
static const struct envoi_event_row events[] = {
	{ENVOI_EVENT_STREAM_OPENED, on_event},
	{ENVOI_EVENT_STARTED, on_event},
	{ENVOI_EVENT_UNHANDLED, on_event},
	{ENVOI_EVENT_DISCONNECTED, on_event},
	{ENVOI_NO_EVENT, NULL},
};
static const struct envoi_timeout_row timeouts[] = {{5, true, on_timeout}, {0, false, NULL}};
static const struct envoi_filters filters = {on_in, on_out, 0};
static const struct envoi_handler_impl bomb_impl = {
	.name = "bomb",
	.stanzas = stanzas,
	.events = events,
	.timeouts = timeouts,
	.filters = &filters,
};

/* One of the same tables behind it, in all the same lists. */
static int quiet_stanza(struct envoi_handler *self, struct envoi_delivery *in)
{
	(void)self;
	(void)in;
	return ENVOI_DECLINED;
}

static int quiet_filter(
	struct envoi_handler *self, struct envoi_session *session, struct envoi_stanza *stanza)
{
	(void)self;
	(void)session;
	(void)stanza;
	return ENVOI_OK;
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

static const struct envoi_stanza_row quiet_stanzas[] = {
	{.kind = ENVOI_MESSAGE, .handle = quiet_stanza},
	{.kind = ENVOI_IQ_GET, .handle = quiet_stanza},
	ENVOI_ROWS_END,
};
static const struct envoi_event_row quiet_events[] = {
	{ENVOI_EVENT_STREAM_OPENED, quiet_event},
	{ENVOI_EVENT_STARTED, quiet_event},
	{ENVOI_EVENT_UNHANDLED, quiet_event},
	{ENVOI_EVENT_DISCONNECTED, quiet_event},
	{ENVOI_NO_EVENT, NULL},
};
static const struct envoi_timeout_row quiet_timeouts[] = {
	{5, true, quiet_timeout}, {0, false, NULL}};
static const struct envoi_filters quiet_filters = {quiet_filter, quiet_filter, 0};
static const struct envoi_handler_impl quiet_impl = {
	.name = "quiet",
	.stanzas = quiet_stanzas,
	.events = quiet_events,
	.timeouts = quiet_timeouts,
	.filters = &quiet_filters,
};

static void on_ticket(struct envoi_ticket *ticket, enum envoi_ticket_state state)
{
	struct bomb *bomb = ENVOI_CONTAINER_OF(ticket, struct bomb, first.ticket);
	bomb->first.told++;
	explode(bomb, state == ENVOI_TICKET_WRITTEN ? IN_TICKET_WRITTEN : IN_TICKET_LOSS);
}

static void on_ready(struct wire *wire)
{
	explode(ENVOI_CONTAINER_OF(wire, struct bomb, wire), IN_OWNER_READY);
}

static void on_closed(struct wire *wire)
{
	struct bomb *bomb = ENVOI_CONTAINER_OF(wire, struct bomb, wire);
	struct envoi_event event = {.type = ENVOI_EVENT_DISCONNECTED, .failure = &wire->closed};
	if (envoi_session_post_event(wire->session, &event) < 0) {
		bomb->exploded += 1000;
	}
	explode(bomb, IN_OWNER_CLOSED);
}

/* --- the story --- */

static void say(struct bomb *bomb, const char *xml)
{
	if (bomb->wire.session != NULL && envoi_session_is_online(bomb->wire.session)) {
		wire_say(&bomb->wire, xml);
		wire_run(&bomb->wire, 0);
	}
}

/* Answers the ping that was sent last. */
static void answer(struct bomb *bomb)
{
	const char *heard = wire_heard(&bomb->wire), *id = strstr(heard, "<iq type='get' id='");
	if (id != NULL) {
		char xml[128] = "<iq type='result' id='";
		id += strlen("<iq type='get' id='");
		strncat(xml, id, strcspn(id, "'"));
		strcat(xml, "'/>");
		say(bomb, xml);
	}
}

static void send_and_ask(struct bomb *bomb)
{
	if (bomb->wire.session == NULL) {
		return;
	}
	if (bomb->first.ticket.entry == NULL) {
		bomb->first.told = 0;
		bomb->first.ticket.done = on_ticket;
		if (envoi_send_text(bomb->wire.session, "a@b", "x", &bomb->first.ticket) < 0) {
			bomb->first.told = 1;
		}
	}
	if (bomb->wire.session != NULL) {
		ask(bomb, 1000);
	}
}

static void play(struct bomb *bomb)
{
	struct wire *wire = &bomb->wire;
	assert_int_equal(wire_attach(wire, ENVOI_INITIATOR, 0), ENVOI_OK);
	wire_greet(wire);
	wire_run(wire, 0);
	say(bomb, "<iq type='get' id='1'><x xmlns='urn:x'/></iq>");
	say(bomb, "<iq type='get' id='2'><x xmlns='urn:x'/></iq><message/><message/>");
	say(bomb, "<message type='headline'/><message/>");
	send_and_ask(bomb);
	wire_run(wire, 0);
	answer(bomb);
	if (wire->session != NULL) {
		envoi_request_cancel(ask(bomb, 1000));
	}
	wire_run(wire, 10);
	send_and_ask(bomb);
	wire_run(wire, 2000);
	send_and_ask(bomb);
	envoi_memory_pair_cut(wire->pair);
	wire_run(wire, 100);
}

static void bomb_init(struct bomb *bomb, enum place place, const struct act *act)
{
	bomb->place = place;
	bomb->act = act;
	bomb->first.told = bomb->inner.told = 1; /* none is under way */
	bomb->handler.impl = &bomb_impl;
	bomb->neighbour.impl = bomb->newcomer.impl = &quiet_impl;
	wire_init(&bomb->wire, NULL);
	bomb->wire.on_ready = on_ready;
	bomb->wire.on_closed = on_closed;
	assert_int_equal(wire_new_session(&bomb->wire), ENVOI_OK);
	assert_int_equal(envoi_session_add(bomb->wire.session, &bomb->handler), ENVOI_OK);
	assert_int_equal(envoi_session_add(bomb->wire.session, &bomb->neighbour), ENVOI_OK);
}

static void check(const struct bomb *bomb)
{
	if (bomb->exploded == 0 || bomb->exploded >= 1000 || bomb->asked != bomb->answered ||
		bomb->first.told != 1 || bomb->inner.told != 1) {
		print_error("%s inside %s: exploded %u, asked %u, answered %u, told %u and %u\n",
			bomb->act->name, place_names[bomb->place], bomb->exploded, bomb->asked,
			bomb->answered, bomb->first.told, bomb->inner.told);
		fail();
	}
}

static void anything_may_be_done_inside_any_callback(void **state)
{
	(void)state;
	for (int place = 0; place < PLACES; place++) {
		for (size_t i = 0; i < sizeof(acts) / sizeof(acts[0]); i++) {
			struct bomb *bomb = calloc(1, sizeof(*bomb));
			assert_non_null(bomb);
			bomb_init(bomb, (enum place)place, &acts[i]);
			play(bomb);
			wire_free_session(&bomb->wire);
			check(bomb);
			envoi_promise_drop(bomb->promise);
			wire_finish(&bomb->wire);
			free(bomb);
		}
	}
}

/* What a session has open when it is freed outside of any callback, on a loop that never turns
 * again, has ended when the call returns, and nothing is left. */
static void free_ends_everything_without_the_loop(void **state)
{
	(void)state;
	struct bomb *bomb = calloc(1, sizeof(*bomb));
	assert_non_null(bomb);
	bomb_init(bomb, IN_REQUEST_CANCEL, &acts[4]);
	assert_int_equal(wire_attach(&bomb->wire, ENVOI_INITIATOR, 0), ENVOI_OK);
	wire_greet(&bomb->wire);
	wire_run(&bomb->wire, 0);
	say(bomb, "<iq type='get' id='1'><x xmlns='urn:x'/></iq>");
	send_and_ask(bomb);
	struct envoi_event event = {.type = ENVOI_EVENT_DISCONNECTED};
	assert_int_equal(envoi_session_post_event(bomb->wire.session, &event), ENVOI_OK);
	event.type = ENVOI_EVENT_CONNECTING;
	assert_int_equal(envoi_session_post_event(bomb->wire.session, &event), ENVOI_OK);
	(void)wire_log(&bomb->wire);
	wire_free_session(&bomb->wire);
	assert_string_equal(wire_log(&bomb->wire), "disconnected\n");
	check(bomb);
	assert_int_equal(bomb->exploded, 1);
	envoi_promise_drop(bomb->promise);
	wire_finish(&bomb->wire);
	free(bomb);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(anything_may_be_done_inside_any_callback),
		cmocka_unit_test(free_ends_everything_without_the_loop),
	};
	return cmocka_run_group_tests_name("sim/callback_bomb", tests, NULL, NULL);
}
