/*
 * envoi - the grid of a session: all that its owner may do, inside each of its callbacks
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

#include "grid.h"
#include "quiet.h"
#include "stanzas.h"
#include "stream_fixture.h"
#include "wire.h"

/* limits.depth is 4. */
#define TOO_DEEP "<a><a><a><a/></a></a></a>"

enum place {
	IN_MESSAGE,
	IN_REQUEST, /* of the peer, its handler */
	IN_MATCHES,
	IN_WAIT_STANZA,
	IN_WAIT_TIMEOUT,
	IN_WAIT_LOSS,
	IN_WAIT_CANCEL,
	IN_FILTER_IN,
	IN_FILTER_OUT,
	IN_EVENT_OPENED,
	IN_EVENT_STARTED,
	IN_EVENT_UNHANDLED,
	IN_EVENT_SKIPPED,
	IN_EVENT_RESUMED,
	IN_EVENT_ENDED,
	IN_EVENT_DISCONNECTED,
	IN_CUSTOM_POSTED,
	IN_CUSTOM_EMITTED,
	IN_TIMEOUT,
	IN_RESULT,
	IN_REQUEST_TIMEOUT,
	IN_REQUEST_LOSS,
	IN_REQUEST_CANCEL,
	IN_TICKET_WRITTEN,
	IN_TICKET_LOSS,
	IN_TICKET_REFUSED,
	IN_ROSTER_FETCHED,
	IN_NEGOTIATE,
	IN_FINISH,
	IN_ELEMENT,
	IN_RESTORE,
	IN_OWNER_OPENED,
	IN_OWNER_GAINED,
	IN_OWNER_READY,
	IN_OWNER_ACTIVITY,
	IN_OWNER_CLOSED,
	PLACES,
};

static const struct grid_place places[] = {
	[IN_MESSAGE] = {"envoi_stanza_row.handle", "message"},
	[IN_REQUEST] = {"envoi_stanza_row.handle", "iq get"},
	[IN_MATCHES] = {"envoi_stanza_row.matches", "message"},
	[IN_WAIT_STANZA] = {"envoi_wait_fn", "a stanza"},
	[IN_WAIT_TIMEOUT] = {"envoi_wait_fn", "no stanza in time"},
	[IN_WAIT_LOSS] = {"envoi_wait_fn", "connection lost"},
	[IN_WAIT_CANCEL] = {"envoi_wait_fn", "canceled"},
	[IN_FILTER_IN] = {"envoi_filters.stanza_in", "a stanza"},
	[IN_FILTER_OUT] = {"envoi_filters.stanza_out", "a stanza"},
	[IN_EVENT_OPENED] = {"envoi_event_row.handle", "stream-opened"},
	[IN_EVENT_STARTED] = {"envoi_event_row.handle", "started"},
	[IN_EVENT_UNHANDLED] = {"envoi_event_row.handle", "unhandled"},
	[IN_EVENT_SKIPPED] = {"envoi_event_row.handle", "skipped"},
	[IN_EVENT_RESUMED] = {"envoi_event_row.handle", "resumed"},
	[IN_EVENT_ENDED] = {"envoi_event_row.handle", "ended"},
	[IN_EVENT_DISCONNECTED] = {"envoi_event_row.handle", "disconnected"},
	[IN_CUSTOM_POSTED] = {"envoi_custom_event_row.handle", "posted"},
	[IN_CUSTOM_EMITTED] = {"envoi_custom_event_row.handle", "emitted"},
	[IN_TIMEOUT] = {"envoi_timeout_row.handle", "recurring"},
	[IN_RESULT] = {"envoi_answer_fn", "a result"},
	[IN_REQUEST_TIMEOUT] = {"envoi_answer_fn", "no answer in time"},
	[IN_REQUEST_LOSS] = {"envoi_answer_fn", "connection lost"},
	[IN_REQUEST_CANCEL] = {"envoi_answer_fn", "canceled"},
	[IN_TICKET_WRITTEN] = {"envoi_ticket_fn", "written"},
	[IN_TICKET_LOSS] = {"envoi_ticket_fn", "connection lost"},
	[IN_TICKET_REFUSED] = {"envoi_ticket_fn", "an error"},
	[IN_ROSTER_FETCHED] = {"envoi_roster_fetch.done", "no answer in time"},
	[IN_NEGOTIATE] = {"envoi_stream_feature.negotiate", "of the stream"},
	[IN_FINISH] = {"envoi_stream_feature.finish", "of the stream"},
	[IN_ELEMENT] = {"envoi_stream_element_row.handle", "an element of the stream"},
	[IN_RESTORE] = {"envoi_handler_impl.restore", "of a started session"},
	[IN_OWNER_OPENED] = {"envoi_session_owner_impl.opened", "initiator"},
	[IN_OWNER_GAINED] = {"envoi_session_owner_impl.gained", "initiator"},
	[IN_OWNER_READY] = {"envoi_session_owner_impl.ready", "initiator"},
	[IN_OWNER_ACTIVITY] = {"envoi_session_owner_impl.activity", "initiator"},
	[IN_OWNER_CLOSED] = {"envoi_session_owner_impl.closed", "cut"},
};

struct bomb {
	struct wire wire;
	struct envoi_handler handler, neighbour, newcomer;
	struct envoi_roster *roster;
	unsigned int trouble;
	struct envoi_promise *promise;
	struct wire_ticket first, inner;
	unsigned int asked, answered, neighbour_calls;
	unsigned int waits_begun, waits_ended;
	bool declines; /* the next stanza of a wait */
};

static void explode(struct bomb *bomb, enum place place)
{
	grid_visit(place, bomb);
}

/* --- what is done --- */

static void act_free_roster(void *world)
{
	struct bomb *bomb = world;
	struct envoi_roster *roster = bomb->roster;
	bomb->roster = NULL;
	envoi_roster_free(roster);
}

static void act_free(void *world)
{
	struct bomb *bomb = world;
	act_free_roster(world); /* it has to go before its session */
	wire_free_session(&bomb->wire);
}

static void act_drop_promise(void *world)
{
	struct bomb *bomb = world;
	struct envoi_promise *promise = bomb->promise;
	bomb->promise = NULL;
	envoi_promise_drop(promise);
}

static void act_close(void *world)
{
	struct bomb *bomb = world;
	envoi_session_close(bomb->wire.session);
}

static void act_detach(void *world)
{
	struct bomb *bomb = world;
	envoi_session_detach(bomb->wire.session);
}

static void act_connect_again(void *world)
{
	struct bomb *bomb = world;
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
	if (bomb->wire.session == NULL) {
		return NULL;
	}
	struct envoi_stanza *iq = envoi_iq_new(bomb->wire.context, ENVOI_IQ_GET, NULL);
	envoi_element_add(envoi_stanza_element(iq), "urn:xmpp:ping", "ping");
	bomb->asked += envoi_request(bomb->wire.session, iq, NULL, timeout_ms, on_answer, bomb,
			       &request) == ENVOI_OK;
	return request;
}

static int on_wait(void *user, int code, struct envoi_delivery *in)
{
	struct bomb *bomb = user;
	(void)in;
	if (code == ENVOI_OK && bomb->declines) {
		/* Whatever is done inside, a session that lives has to report the end later. */
		bomb->declines = false;
		explode(bomb, IN_WAIT_STANZA);
		bomb->waits_ended += bomb->wire.session == NULL;
		return ENVOI_DECLINED;
	}
	bomb->waits_ended++;
	switch (code) {
	case ENVOI_OK:
		explode(bomb, IN_WAIT_STANZA);
		break;
	case ENVOI_ERR_TIMEOUT:
		explode(bomb, IN_WAIT_TIMEOUT);
		break;
	case ENVOI_ERR_DISCONNECTED:
		explode(bomb, IN_WAIT_LOSS);
		break;
	default:
		explode(bomb, IN_WAIT_CANCEL);
		break;
	}
	return ENVOI_OK;
}

static struct envoi_wait *begin_wait(struct bomb *bomb, uint64_t timeout_ms)
{
	static const struct envoi_stanza_row presence = {.kind = ENVOI_PRESENCE};
	struct envoi_wait *wait = NULL;
	if (bomb->wire.session != NULL) {
		bomb->waits_begun += envoi_wait(bomb->wire.session, &presence, timeout_ms, on_wait,
					     bomb, &wait) == ENVOI_OK;
	}
	return wait;
}

static void act_wait(void *world)
{
	begin_wait(world, 10);
}

static void act_cancel_wait(void *world)
{
	envoi_wait_cancel(begin_wait(world, 10));
}

static void act_send(void *world)
{
	struct bomb *bomb = world;
	if (bomb->wire.session != NULL && bomb->inner.ticket.entry == NULL) {
		(void)wire_ticket(&bomb->inner, &bomb->wire, "inner");
		if (envoi_send_text(bomb->wire.session, "a@b", "x", &bomb->inner.ticket) < 0) {
			bomb->inner.told = 1;
		}
	}
}

static void act_ask(void *world)
{
	struct bomb *bomb = world;
	ask(bomb, 10);
}

static void act_cancel_request(void *world)
{
	envoi_request_cancel(ask(world, 10));
}

static void act_cancel_ticket(void *world)
{
	struct bomb *bomb = world;
	act_send(world);
	(void)envoi_ticket_cancel(&bomb->first.ticket);
	(void)envoi_ticket_cancel(&bomb->inner.ticket);
}

static void act_emit(void *world)
{
	struct bomb *bomb = world;
	(void)envoi_session_emit(bomb->wire.session, "other", NULL);
}

static void forget_ticket(struct wire_ticket *ticket)
{
	if (ticket->ticket.entry != NULL) {
		envoi_ticket_forget(&ticket->ticket);
		ticket->told = 1;
	}
}

static void act_forget_tickets(void *world)
{
	struct bomb *bomb = world;
	act_send(world);
	forget_ticket(&bomb->first);
	forget_ticket(&bomb->inner);
}

static void act_remove_self(void *world)
{
	struct bomb *bomb = world;
	envoi_session_remove(bomb->wire.session, &bomb->handler);
}

static void act_remove_neighbour(void *world)
{
	struct bomb *bomb = world;
	envoi_session_remove(bomb->wire.session, &bomb->neighbour);
}

static void act_add_newcomer(void *world)
{
	struct bomb *bomb = world;
	if (envoi_session_add(bomb->wire.session, &bomb->newcomer) < 0) {
		bomb->neighbour_calls++;
	}
}

static void act_free_after_all_else(void *world)
{
	struct bomb *bomb = world;
	act_send(bomb);
	act_ask(bomb);
	act_wait(bomb);
	act_remove_neighbour(bomb);
	act_add_newcomer(bomb);
	act_remove_self(bomb);
	act_free_roster(bomb);
	act_free(bomb);
}

static const struct grid_act acts[] = {
	{"free the session", act_free},
	{"close the session", act_close},
	{"free the stream", act_detach},
	{"attach another stream", act_connect_again},
	{"send", act_send},
	{"ask", act_ask},
	{"cancel a request", act_cancel_request},
	{"wait for a stanza", act_wait},
	{"cancel a wait", act_cancel_wait},
	{"cancel the tickets", act_cancel_ticket},
	{"forget the tickets", act_forget_tickets},
	{"drop the promise", act_drop_promise},
	{"free the roster", act_free_roster},
	{"emit an event", act_emit},
	{"remove the handler", act_remove_self},
	{"remove the handler beside it", act_remove_neighbour},
	{"add a handler", act_add_newcomer},
	{"free the session after all else", act_free_after_all_else},
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

static bool on_match(struct envoi_handler *self, const struct envoi_delivery *in)
{
	(void)in;
	explode(from_base(self), IN_MATCHES);
	return true;
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
		: event->type == ENVOI_EVENT_SKIPPED                ? IN_EVENT_SKIPPED
		: event->type == ENVOI_EVENT_RESUMED                ? IN_EVENT_RESUMED
		: event->type == ENVOI_EVENT_ENDED                  ? IN_EVENT_ENDED
								    : IN_EVENT_DISCONNECTED;
	explode(from_base(self), place);
}

static void on_posted(struct envoi_handler *self, const struct envoi_event *event)
{
	(void)event;
	explode(from_base(self), IN_CUSTOM_POSTED);
}

static void on_emitted(struct envoi_handler *self, const struct envoi_event *event)
{
	(void)event;
	explode(from_base(self), IN_CUSTOM_EMITTED);
}

static void on_timeout(struct envoi_handler *self, struct envoi_session *session)
{
	(void)session;
	explode(from_base(self), IN_TIMEOUT);
}

static int negotiate(struct envoi_handler *self, struct envoi_stream *stream,
	const struct envoi_element *offer, const struct envoi_element *features)
{
	(void)offer, (void)features;
	struct bomb *bomb = from_base(self);
	if (envoi_stream_feature_state(stream, self) != NULL) {
		envoi_stream_feature_done(stream, self, ENVOI_STREAM_SESSION, false, NULL);
	}
	explode(bomb, IN_NEGOTIATE);
	return ENVOI_OK;
}

static void finish(struct envoi_handler *self, struct envoi_stream *stream, void *state)
{
	(void)stream, (void)state;
	explode(from_base(self), IN_FINISH);
}

static int on_element(struct envoi_handler *self, struct envoi_stream *stream,
	const struct envoi_element *element)
{
	(void)stream, (void)element;
	explode(from_base(self), IN_ELEMENT);
	return ENVOI_OK;
}

static void on_restore(struct envoi_handler *self, struct envoi_session *session, bool is_resumed)
{
	(void)session, (void)is_resumed;
	explode(from_base(self), IN_RESTORE);
}

static const struct envoi_stream_feature feature = {
	.ns = "urn:x",
	.name = "x",
	.forbidden = ENVOI_STREAM_SESSION,
	.phase = ENVOI_PHASE_BIND,
	.state_size = 1,
	.negotiate = negotiate,
	.finish = finish,
};
static const struct envoi_stream_element_row elements[] = {
	{.ns = "urn:x", .name = "y", .roles = 1u << ENVOI_INITIATOR, .handle = on_element},
	{.name = NULL},
};
static const struct envoi_stanza_row stanzas[] = {
	{.kind = ENVOI_MESSAGE, .type = ENVOI_TYPE_HEADLINE, .handle = on_bad, .priority = 1},
	{.kind = ENVOI_MESSAGE,
		.path = "message/{urn:x}m",
		.matches = on_match,
		.handle = on_message,
		.priority = 1},
	{.kind = ENVOI_MESSAGE, .handle = on_message},
	{.kind = ENVOI_IQ_GET, .handle = on_request},
	ENVOI_ROWS_END,
};
static const struct envoi_event_row events[] = {
	{ENVOI_EVENT_STREAM_OPENED, on_event},
	{ENVOI_EVENT_STARTED, on_event},
	{ENVOI_EVENT_UNHANDLED, on_event},
	{ENVOI_EVENT_SKIPPED, on_event},
	{ENVOI_EVENT_RESUMED, on_event},
	{ENVOI_EVENT_ENDED, on_event},
	{ENVOI_EVENT_DISCONNECTED, on_event},
	{ENVOI_NO_EVENT, NULL},
};
static const struct envoi_custom_event_row custom_events[] = {
	{"posted", on_posted},
	{"emitted", on_emitted},
	ENVOI_ROWS_END,
};
static const struct envoi_timeout_row timeouts[] = {{5, true, on_timeout}, {0, false, NULL}};
static const struct envoi_filters filters = {on_in, on_out, 0};
static const struct envoi_handler_impl bomb_impl = {
	.name = "bomb",
	.stanzas = stanzas,
	.events = events,
	.custom_events = custom_events,
	.timeouts = timeouts,
	.filters = &filters,
	.stream_feature = &feature,
	.stream_elements = elements,
	.restore = on_restore,
};

static void on_ticket(struct envoi_ticket *ticket, const struct envoi_ticket_report *report)
{
	struct bomb *bomb = ENVOI_CONTAINER_OF(ticket, struct bomb, first.ticket);
	bomb->first.told++;
	explode(bomb,
		report->state == ENVOI_TICKET_WRITTEN           ? IN_TICKET_WRITTEN
			: report->state == ENVOI_TICKET_REFUSED ? IN_TICKET_REFUSED
								: IN_TICKET_LOSS);
}

static void on_ready(struct wire *wire)
{
	explode(ENVOI_CONTAINER_OF(wire, struct bomb, wire), IN_OWNER_READY);
}

static void on_opened(struct wire *wire)
{
	explode(ENVOI_CONTAINER_OF(wire, struct bomb, wire), IN_OWNER_OPENED);
}

static void on_gained(struct wire *wire)
{
	explode(ENVOI_CONTAINER_OF(wire, struct bomb, wire), IN_OWNER_GAINED);
}

static void on_activity(struct wire *wire)
{
	explode(ENVOI_CONTAINER_OF(wire, struct bomb, wire), IN_OWNER_ACTIVITY);
}

static void on_fetched(void *user, int code)
{
	(void)code;
	explode(user, IN_ROSTER_FETCHED);
}

static void on_closed(struct wire *wire)
{
	struct bomb *bomb = ENVOI_CONTAINER_OF(wire, struct bomb, wire);
	struct envoi_event event = {.type = ENVOI_EVENT_DISCONNECTED, .failure = &wire->closed};
	if (envoi_session_post_event(wire->session, &event) < 0) {
		bomb->trouble++;
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

static void send_and_ask(struct bomb *bomb, uint64_t refusal_ms)
{
	if (bomb->wire.session == NULL) {
		return;
	}
	if (bomb->first.ticket.entry == NULL) {
		bomb->first.told = 0;
		bomb->first.ticket.done = on_ticket;
		bomb->first.ticket.refusal_ms = refusal_ms;
		struct envoi_stanza *stanza = envoi_message_new(
			bomb->wire.context, ENVOI_TYPE_CHAT, "a@b", "x");
		envoi_element_set(envoi_stanza_element(stanza), "id", "m");
		if (envoi_send(bomb->wire.session, stanza, &bomb->first.ticket) < 0) {
			bomb->first.told = 1;
		}
	}
	if (bomb->wire.session != NULL) {
		ask(bomb, 1000);
	}
}

/* The connection is lost, and another one resumes the session, as far as there is one. */
static void cut_and_resume(struct bomb *bomb)
{
	struct wire *wire = &bomb->wire;
	if (wire->session == NULL) {
		return;
	}
	envoi_session_set_resumable(wire->session, true);
	envoi_memory_pair_cut(wire->pair);
	wire_run(wire, 0);
	if (wire->session != NULL && wire_attach(wire, ENVOI_INITIATOR, 0) == ENVOI_OK) {
		(void)envoi_session_resume(wire->session);
		wire_greet(wire);
		wire_run(wire, 0);
	}
	if (wire->session != NULL) {
		envoi_session_set_resumable(wire->session, false);
	}
}

/* Data that is lost is a leak. */
static void post_and_emit(struct bomb *bomb)
{
	if (bomb->wire.session != NULL) {
		(void)!envoi_session_post(bomb->wire.session, "posted", malloc(1), free);
		(void)envoi_session_emit(bomb->wire.session, "emitted", NULL);
	}
}

static void wait_for_presence(struct bomb *bomb)
{
	begin_wait(bomb, 0);
	bomb->declines = true;
	say(bomb, "<presence/><presence/>");
	bomb->declines = false;
	begin_wait(bomb, 1);
	wire_run(&bomb->wire, 1);
	envoi_wait_cancel(begin_wait(bomb, 0));
	wire_run(&bomb->wire, 0);
}

static void have_everything_happen(struct bomb *bomb)
{
	struct wire *wire = &bomb->wire;
	assert_int_equal(wire_attach(wire, ENVOI_INITIATOR, 0), ENVOI_OK);
	wire_greet(wire);
	wire_run(wire, 0);
	say(bomb, "<y xmlns='urn:x'/>");
	say(bomb, "<iq type='get' id='1'><x xmlns='urn:x'/></iq>");
	say(bomb, "<iq type='get' id='2'><x xmlns='urn:x'/></iq><message/><message/>");
	say(bomb, "<message type='headline'/><message/>");
	say(bomb, "<message><m xmlns='urn:x'/></message>");
	wait_for_presence(bomb);
	say(bomb, "<message>" TOO_DEEP "</message><iq id='3' type='get'>" TOO_DEEP "</iq>");
	post_and_emit(bomb);
	wire_run(wire, 0);
	send_and_ask(bomb, 0);
	wire_run(wire, 0);
	answer(bomb);
	if (bomb->roster != NULL) {
		(void)!envoi_roster_fetch(bomb->roster, on_fetched, bomb);
	}
	if (wire->session != NULL) {
		envoi_request_cancel(ask(bomb, 1000));
	}
	wire_run(wire, 10);
	send_and_ask(bomb, 10);
	wire_run(wire, 0);
	say(bomb, "<message type='error' id='m' from='a@b'/>");
	wire_run(wire, 2000);
	cut_and_resume(bomb);
	send_and_ask(bomb, 0);
	begin_wait(bomb, 0);
	envoi_memory_pair_cut(wire->pair);
	wire_run(wire, 100);
}

static void bomb_init(struct bomb *bomb)
{
	bomb->first.told = bomb->inner.told = 1; /* none is pending */
	bomb->handler.impl = &bomb_impl;
	bomb->neighbour.impl = bomb->newcomer.impl = &quiet_impl;
	wire_init(&bomb->wire, NULL);
	assert_int_equal(
		envoi_settings_set(bomb->wire.settings, "request.timeout", "1s"), ENVOI_OK);
	assert_int_equal(envoi_settings_set(bomb->wire.settings, "limits.depth", "4"), ENVOI_OK);
	bomb->wire.feature = &bomb->handler;
	bomb->wire.on_ready = on_ready;
	bomb->wire.on_opened = on_opened;
	bomb->wire.on_gained = on_gained;
	bomb->wire.on_activity = on_activity;
	bomb->wire.on_closed = on_closed;
	assert_int_equal(wire_new_session(&bomb->wire), ENVOI_OK);
	assert_int_equal(envoi_session_add(bomb->wire.session, &bomb->handler), ENVOI_OK);
	assert_int_equal(envoi_session_add(bomb->wire.session, &bomb->neighbour), ENVOI_OK);
	assert_int_equal(
		envoi_roster_new(&bomb->roster, bomb->wire.session, bomb->wire.settings), ENVOI_OK);
}

static void check(const struct bomb *bomb)
{
	if (bomb->trouble > 0 || bomb->asked != bomb->answered || bomb->first.told != 1 ||
		bomb->inner.told != 1 || bomb->waits_begun != bomb->waits_ended) {
		fail_msg(
			"%s: trouble %u, asked %u, answered %u, told %u and %u, waits %u, ended %u",
			grid_pair(), bomb->trouble, bomb->asked, bomb->answered, bomb->first.told,
			bomb->inner.told, bomb->waits_begun, bomb->waits_ended);
	}
}

static void free_bomb(struct bomb *bomb)
{
	act_free(bomb);
	check(bomb);
	envoi_promise_drop(bomb->promise);
	wire_finish(&bomb->wire);
	free(bomb);
}

static struct bomb *bomb_new(void)
{
	struct bomb *bomb = calloc(1, sizeof(*bomb));
	assert_non_null(bomb);
	bomb_init(bomb);
	return bomb;
}

static void play(const struct grid *the_grid)
{
	(void)the_grid;
	struct bomb *bomb = bomb_new();
	have_everything_happen(bomb);
	free_bomb(bomb);
}

struct grid grid = {places, PLACES, acts, GRID_COUNT(acts), play, 0, 0, 0};

static void anything_may_be_done_inside_any_callback(void **state)
{
	(void)state;
	grid_run();
}

/* What a session has open when it is freed outside of any callback, on a loop that never turns
 * again, has ended when the call returns, and nothing is left. */
static void free_ends_everything_without_the_loop(void **state)
{
	(void)state;
	grid.place = PLACES; /* none */
	struct bomb *bomb = bomb_new();
	assert_int_equal(wire_attach(&bomb->wire, ENVOI_INITIATOR, 0), ENVOI_OK);
	wire_greet(&bomb->wire);
	wire_run(&bomb->wire, 0);
	say(bomb, "<iq type='get' id='1'><x xmlns='urn:x'/></iq>");
	send_and_ask(bomb, 0);
	struct envoi_event event = {.type = ENVOI_EVENT_DISCONNECTED};
	assert_int_equal(envoi_session_post_event(bomb->wire.session, &event), ENVOI_OK);
	event.type = ENVOI_EVENT_CONNECTING;
	assert_int_equal(envoi_session_post_event(bomb->wire.session, &event), ENVOI_OK);
	(void)wire_log(&bomb->wire);
	act_free(bomb);
	assert_string_equal(wire_log(&bomb->wire), "disconnected\nended\n");
	assert_int_equal(bomb->asked, 1);
	free_bomb(bomb);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(anything_may_be_done_inside_any_callback),
		cmocka_unit_test(free_ends_everything_without_the_loop),
	};
	return cmocka_run_group_tests_name("torture/grid_session", tests, NULL, NULL);
}
