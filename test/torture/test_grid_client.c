/*
 * envoi - the grid of a client: all that a program may do to it, inside each of its callbacks
 * SPDX-License-Identifier: MIT
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <envoi/delivery.h>
#include <envoi/interfaces/sasl.h>
#include <envoi/interfaces/stream.h>
#include <envoi/interfaces/transport.h>
#include <envoi/presence.h>
#include <envoi/roster.h>
#include <envoi/subscription.h>
#include <envoi/tls.h>

#include "grid.h"
#include "quiet.h"
#include "world.h"

#define DESK "alice@example.org/desk"

enum {
	CLIENTS = 3, /* one after the other, at most */
	TICKETS = 64,
};

/* How a play differs from the usual login. */
enum plan {
	PLAN_ONLINE, /* the password is answered at once, the certificate is good */
	PLAN_NO_PASSWORD, /* the source of the password never answers */
	PLAN_ACCEPTED, /* the decider accepts the certificate after some time */
	PLAN_UNDECIDED, /* the decider never answers */
	PLAN_LOCKED_KEY, /* the password of the certificate's key is asked for */
	PLAN_CUT_EARLY, /* the first connection is cut before the login */
	PLAN_SMALL_ROSTER, /* limits.roster-items is 1 */
	PLAN_ONCE, /* reconnect.enabled is false */
};

enum place {
	IN_CONNECTING,
	IN_CONNECTED,
	IN_STREAM_OPENED,
	IN_SECURED,
	IN_AUTHENTICATED,
	IN_BOUND,
	IN_STARTED,
	IN_ROSTER,
	IN_ROSTER_INCOMPLETE,
	IN_ROSTER_CHANGED,
	IN_AVAILABLE,
	IN_UNHANDLED,
	IN_LATE_ERROR,
	IN_SKIPPED,
	IN_ENDED,
	IN_DISCONNECTED,
	IN_STOPPED,
	IN_SUSPENDED,
	IN_MESSAGE,
	IN_PRESENCE,
	IN_GET,
	IN_SET,
	IN_FILTER_IN,
	IN_FILTER_OUT,
	IN_TIMEOUT,
	IN_NEGOTIATE,
	IN_FINISH,
	IN_ELEMENT,
	IN_RESULT,
	IN_REQUEST_ERROR,
	IN_REQUEST_TIMEOUT,
	IN_REQUEST_CANCELED,
	IN_REQUEST_LOSS,
	IN_TICKET_ACKNOWLEDGED,
	IN_TICKET_LOSS,
	IN_TICKET_REFUSED,
	IN_ROSTER_FETCHED,
	IN_ACCEPT,
	IN_MEANS,
	IN_PASSWORD,
	IN_PASSWORD_CANCELED,
	IN_PASSWORD_ANSWERED,
	IN_SOURCE_DESTROYED,
	IN_DECIDE,
	IN_DECIDED,
	IN_UNDECIDED,
	IN_KEY_PASSWORD,
	IN_CONNECT,
	IN_NEXT,
	IN_CANCEL,
	IN_CONNECTOR_DESTROYED,
	IN_CONTACT_PRESENCE,
	IN_SUBSCRIPTION_REQUEST,
	IN_SUBSCRIPTION_APPROVED,
	IN_SUBSCRIPTION_REFUSED,
	IN_SUBSCRIPTION_ENDED,
	PLACES,
};

/* Events come first, by their numbers, and those of contacts last. Resumption and the levels of the
 * outbox have tests of their own; custom events are in the grid of sessions. */
_Static_assert((int)IN_SUSPENDED == (int)ENVOI_EVENT_SUSPENDED - (int)ENVOI_EVENT_CONNECTING,
	"each event has a place");
_Static_assert(PLACES - IN_CONTACT_PRESENCE == ENVOI_EVENTS_END - ENVOI_EVENT_PRESENCE,
	"each event of contacts has a place");

static const struct grid_place places[] = {
	[IN_CONNECTING] = {"envoi_event_row.handle", "connecting"},
	[IN_CONNECTED] = {"envoi_event_row.handle", "connected"},
	[IN_STREAM_OPENED] = {"envoi_event_row.handle", "stream-opened"},
	[IN_SECURED] = {"envoi_event_row.handle", "secured"},
	[IN_AUTHENTICATED] = {"envoi_event_row.handle", "authenticated"},
	[IN_BOUND] = {"envoi_event_row.handle", "bound"},
	[IN_STARTED] = {"envoi_event_row.handle", "started"},
	[IN_ROSTER] = {"envoi_event_row.handle", "roster"},
	[IN_ROSTER_INCOMPLETE] = {"envoi_event_row.handle", "roster-incomplete"},
	[IN_ROSTER_CHANGED] = {"envoi_event_row.handle", "roster-changed"},
	[IN_AVAILABLE] = {"envoi_event_row.handle", "available"},
	[IN_UNHANDLED] = {"envoi_event_row.handle", "unhandled"},
	[IN_LATE_ERROR] = {"envoi_event_row.handle", "late-error"},
	[IN_SKIPPED] = {"envoi_event_row.handle", "skipped"},
	[IN_ENDED] = {"envoi_event_row.handle", "ended"},
	[IN_DISCONNECTED] = {"envoi_event_row.handle", "disconnected"},
	[IN_STOPPED] = {"envoi_event_row.handle", "stopped"},
	[IN_SUSPENDED] = {"envoi_event_row.handle", "suspended"},
	[IN_MESSAGE] = {"envoi_stanza_row.handle", "message"},
	[IN_PRESENCE] = {"envoi_stanza_row.handle", "presence"},
	[IN_GET] = {"envoi_stanza_row.handle", "iq get"},
	[IN_SET] = {"envoi_stanza_row.handle", "iq set, deferred"},
	[IN_FILTER_IN] = {"envoi_filters.stanza_in", "a stanza"},
	[IN_FILTER_OUT] = {"envoi_filters.stanza_out", "a stanza"},
	[IN_TIMEOUT] = {"envoi_timeout_row.handle", "recurring"},
	[IN_NEGOTIATE] = {"envoi_stream_feature.negotiate", "of the application's"},
	[IN_FINISH] = {"envoi_stream_feature.finish", "of the application's"},
	[IN_ELEMENT] = {"envoi_stream_element_row.handle", "a stanza"},
	[IN_RESULT] = {"envoi_answer_fn", "a result"},
	[IN_REQUEST_ERROR] = {"envoi_answer_fn", "an error"},
	[IN_REQUEST_TIMEOUT] = {"envoi_answer_fn", "no answer in time"},
	[IN_REQUEST_CANCELED] = {"envoi_answer_fn", "canceled"},
	[IN_REQUEST_LOSS] = {"envoi_answer_fn", "connection lost"},
	[IN_TICKET_ACKNOWLEDGED] = {"envoi_ticket_fn", "acknowledged"},
	[IN_TICKET_LOSS] = {"envoi_ticket_fn", "connection lost"},
	[IN_TICKET_REFUSED] = {"envoi_ticket_fn", "an error"},
	[IN_ROSTER_FETCHED] = {"envoi_roster_fetch.done", "fetched"},
	[IN_ACCEPT] = {"envoi_memory_accept_fn", "a connection"},
	[IN_MEANS] = {"envoi_sasl_credentials_impl.means", "before the mechanism is chosen"},
	[IN_PASSWORD] = {"envoi_sasl_credentials_impl.request", "answered at once"},
	[IN_PASSWORD_CANCELED] = {"envoi_sasl_credentials_impl.cancel", "never answered"},
	[IN_PASSWORD_ANSWERED] = {"envoi_sasl_credentials_impl.answered", "answered at once"},
	[IN_SOURCE_DESTROYED] = {"envoi_sasl_credentials_impl.destroy", "replaced or freed"},
	[IN_DECIDE] = {"envoi_tls_decider_impl.decide", "answered later"},
	[IN_DECIDED] = {"envoi_tls_decider_impl.over", "accepted"},
	[IN_UNDECIDED] = {"envoi_tls_decider_impl.over", "never answered"},
	[IN_KEY_PASSWORD] = {"envoi_client_key_password_fn", "locked key"},
	[IN_CONNECT] = {"envoi_connector_impl.connect", "a connector round another"},
	[IN_NEXT] = {"envoi_connector_impl.next", "cut before the login"},
	[IN_CANCEL] = {"envoi_connector_impl.cancel", "a connector round another"},
	[IN_CONNECTOR_DESTROYED] = {"envoi_connector_impl.destroy", "with its client"},
	[IN_CONTACT_PRESENCE] = {"envoi_event_row.handle", "presence"},
	[IN_SUBSCRIPTION_REQUEST] = {"envoi_event_row.handle", "subscription-request"},
	[IN_SUBSCRIPTION_APPROVED] = {"envoi_event_row.handle", "subscription-approved"},
	[IN_SUBSCRIPTION_REFUSED] = {"envoi_event_row.handle", "subscription-refused"},
	[IN_SUBSCRIPTION_ENDED] = {"envoi_event_row.handle", "subscription-ended"},
};

static enum plan plan_of(size_t place)
{
	switch (place) {
	case IN_PASSWORD_CANCELED:
		return PLAN_NO_PASSWORD;
	case IN_DECIDE:
	case IN_DECIDED:
		return PLAN_ACCEPTED;
	case IN_UNDECIDED:
		return PLAN_UNDECIDED;
	case IN_KEY_PASSWORD:
		return PLAN_LOCKED_KEY;
	case IN_NEXT:
		return PLAN_CUT_EARLY;
	case IN_ROSTER_INCOMPLETE:
		return PLAN_SMALL_ROSTER;
	case IN_TICKET_LOSS:
	case IN_REQUEST_LOSS:
		return PLAN_ONCE;
	default:
		return PLAN_ONLINE;
	}
}

/* Programs are never freed: a callback of a freed client would be seen. */
struct bomb {
	struct program programs[CLIENTS], *program;
	size_t program_count;
	struct world *world;
	struct envoi_handler handler, neighbour;
	enum plan plan;
	unsigned int trouble;
	unsigned int connects; /* that were begun */
	unsigned int asked, answered, sent, told, fetching, fetched;
	struct envoi_ticket tickets[TICKETS];
	size_t ticket_count;
	struct envoi_promise *promise;
	struct envoi_request *request; /* that waits for its timeout */
	struct envoi_sasl_credentials source;
	struct envoi_tls_decider decider;
	struct envoi_tls_question *question;
	struct detour *detours; /* connectors, freed with the bomb */
};

/** A connector round the world's, so that calls of the client to its connector are seen. */
struct detour {
	struct envoi_connector base;
	struct detour *next;
	struct bomb *bomb;
	struct envoi_connector *inner;
	envoi_connected_fn *done;
	void *user;
};

static struct envoi_client *client_of(const struct bomb *bomb)
{
	return bomb->program->client;
}

static void explode(struct bomb *bomb, size_t place)
{
	if (client_of(bomb) != NULL) {
		grid_visit(place, bomb);
	}
}

/* --- what is done --- */

static int prepare(struct bomb *bomb);
static struct envoi_connector *wrap_connector(void *user, struct envoi_connector *inner);

static void begin_to_connect(struct bomb *bomb)
{
	if (client_of(bomb) == NULL) {
		return;
	}
	bomb->connects += envoi_client_connect(client_of(bomb)) == ENVOI_OK;
}

static void make_client(struct bomb *bomb)
{
	bomb->program = &bomb->programs[bomb->program_count++];
	if (program_init_with(bomb->program, bomb->world, wrap_connector, bomb) < 0 ||
		prepare(bomb) < 0 || envoi_client_add(client_of(bomb), &bomb->handler) < 0 ||
		envoi_client_add(client_of(bomb), &bomb->neighbour) < 0) {
		bomb->trouble++;
	}
}

static void act_free(void *world)
{
	struct bomb *bomb = world;
	program_free_client(bomb->program);
}

static void act_disconnect(void *world)
{
	struct bomb *bomb = world;
	if (client_of(bomb) != NULL) {
		envoi_client_disconnect(client_of(bomb));
	}
}

static void act_connect(void *world)
{
	struct bomb *bomb = world;
	begin_to_connect(bomb);
}

static void act_connect_again(void *world)
{
	struct bomb *bomb = world;
	act_disconnect(bomb);
	begin_to_connect(bomb);
}

static void act_renew(void *world)
{
	struct bomb *bomb = world;
	act_free(bomb);
	make_client(bomb);
	begin_to_connect(bomb);
}

static void on_ticket(struct envoi_ticket *ticket, const struct envoi_ticket_report *report)
{
	struct bomb *bomb = ticket->user;
	bomb->told++;
	explode(bomb,
		report->state == ENVOI_TICKET_ACKNOWLEDGED      ? IN_TICKET_ACKNOWLEDGED
			: report->state == ENVOI_TICKET_REFUSED ? IN_TICKET_REFUSED
								: IN_TICKET_LOSS);
}

/* @param id  NULL: any */
static void send_with(struct bomb *bomb, const char *id, uint64_t refusal_ms)
{
	if (client_of(bomb) == NULL || bomb->ticket_count == TICKETS) {
		return;
	}
	struct envoi_stanza *stanza = envoi_message_new(
		bomb->world->context, ENVOI_TYPE_CHAT, "alice@example.org", "x");
	envoi_element_set(envoi_stanza_element(stanza), "id", id);
	struct envoi_ticket *ticket = &bomb->tickets[bomb->ticket_count++];
	*ticket = (struct envoi_ticket){.done = on_ticket, .user = bomb, .refusal_ms = refusal_ms};
	bomb->sent += envoi_send(envoi_client_session(client_of(bomb)), stanza, ticket) == ENVOI_OK;
}

static void act_send(void *world)
{
	send_with(world, NULL, 0);
}

static void on_answer(void *user, const struct envoi_answer *answer)
{
	static const struct {
		int code;
		enum place place;
	} ends[] = {{ENVOI_OK, IN_RESULT}, {ENVOI_ERR_STANZA, IN_REQUEST_ERROR},
		{ENVOI_ERR_TIMEOUT, IN_REQUEST_TIMEOUT}, {ENVOI_ERR_CANCELED, IN_REQUEST_CANCELED},
		{ENVOI_ERR_DISCONNECTED, IN_REQUEST_LOSS}};
	struct bomb *bomb = user;
	bomb->answered++;
	bomb->request = NULL;
	for (size_t i = 0; i < GRID_COUNT(ends); i++) {
		if (envoi_answer_code(answer) == ends[i].code) {
			explode(bomb, ends[i].place);
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

static void act_ask(void *world)
{
	struct bomb *bomb = world;
	ask(bomb, "example.org", 0);
}

static void on_fetched(void *user, int code)
{
	struct bomb *bomb = user;
	(void)code;
	bomb->fetched++;
	explode(bomb, IN_ROSTER_FETCHED);
}

static void act_fetch(void *world)
{
	struct bomb *bomb = world;
	if (client_of(bomb) != NULL) {
		bomb->fetching += envoi_roster_fetch(envoi_client_roster(client_of(bomb)),
					  on_fetched, bomb) == ENVOI_OK;
	}
}

static void act_remove_self(void *world)
{
	struct bomb *bomb = world;
	if (client_of(bomb) == NULL) {
		return;
	}
	envoi_client_remove(client_of(bomb), &bomb->handler);
}

static void act_remove_neighbour(void *world)
{
	struct bomb *bomb = world;
	if (client_of(bomb) == NULL) {
		return;
	}
	envoi_session_remove(envoi_client_session(client_of(bomb)), &bomb->neighbour);
}

static void act_set_all(void *world)
{
	struct bomb *bomb = world;
	if (client_of(bomb) == NULL) {
		return;
	}
	envoi_client_set_tap(client_of(bomb), NULL, NULL);
	if (envoi_client_set_password(client_of(bomb), "wonderland") < 0 ||
		envoi_client_failure_text(client_of(bomb)) == NULL) {
		bomb->trouble++;
	}
}

static void act_cancel_request(void *world)
{
	struct bomb *bomb = world;
	envoi_request_cancel(bomb->request);
	envoi_request_cancel(ask(bomb, "example.org", 0));
}

static void act_cancel_tickets(void *world)
{
	struct bomb *bomb = world;
	act_send(world);
	for (size_t i = 0; i < bomb->ticket_count; i++) {
		(void)envoi_ticket_cancel(&bomb->tickets[i]);
	}
}

static void act_drop_promise(void *world)
{
	struct bomb *bomb = world;
	struct envoi_promise *promise = bomb->promise;
	bomb->promise = NULL;
	envoi_promise_drop(promise);
}

static void act_replace_source(void *world)
{
	struct bomb *bomb = world;
	if (client_of(bomb) == NULL) {
		return;
	}
	(void)envoi_client_set_credentials(client_of(bomb), NULL);
}

static void act_load_account(void *world)
{
	static const char text[] = "envoi-account 1 alice@example.org\n";
	struct bomb *bomb = world;
	if (client_of(bomb) == NULL) {
		return;
	}
	if (envoi_client_load_account(client_of(bomb), text, strlen(text)) == ENVOI_ERR_INVALID) {
		bomb->trouble++;
	}
}

/* Whatever is open with the contact who requests the presence of the account. */
static void act_answer_contact(void *world)
{
	struct bomb *bomb = world;
	struct envoi_jid *dave;
	if (client_of(bomb) == NULL ||
		envoi_jid_from_text(&dave, bomb->world->context, "dave@example.org") < 0) {
		return;
	}
	struct envoi_subscriptions *all = envoi_client_subscriptions(client_of(bomb));
	if (envoi_subscriptions_approve(all, dave) < 0) {
		(void)envoi_subscriptions_refuse(all, dave);
	}
	(void)envoi_subscriptions_request(all, dave, NULL);
	(void)envoi_subscriptions_unsubscribe(all, dave);
	(void)envoi_subscriptions_cancel(all, dave);
	(void)envoi_presences_probe(envoi_client_presences(client_of(bomb)), dave);
	envoi_jid_unref(dave);
}

static void act_show(void *world)
{
	struct bomb *bomb = world;
	if (client_of(bomb) != NULL) {
		(void)envoi_client_set_show(client_of(bomb), "away", "x");
	}
}

static void act_free_after_all_else(void *world)
{
	struct bomb *bomb = world;
	act_send(bomb);
	act_ask(bomb);
	act_fetch(bomb);
	act_answer_contact(bomb);
	act_show(bomb);
	act_remove_neighbour(bomb);
	act_remove_self(bomb);
	act_disconnect(bomb);
	act_free(bomb);
}

static const struct grid_act acts[] = {
	{"free the client", act_free},
	{"disconnect", act_disconnect},
	{"connect", act_connect},
	{"connect again", act_connect_again},
	{"free the client and make a new one", act_renew},
	{"send", act_send},
	{"ask", act_ask},
	{"fetch the roster", act_fetch},
	{"cancel the request", act_cancel_request},
	{"cancel the tickets", act_cancel_tickets},
	{"drop the promise", act_drop_promise},
	{"remove the handler", act_remove_self},
	{"remove the handler beside it", act_remove_neighbour},
	{"free the source of passwords", act_replace_source},
	{"load the account", act_load_account},
	{"set and ask for all", act_set_all},
	{"answer the contact", act_answer_contact},
	{"set the presence", act_show},
	{"free the client after all else", act_free_after_all_else},
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
	if (event->type <= ENVOI_EVENT_SUSPENDED) {
		explode(from_base(self),
			IN_CONNECTING + (size_t)(event->type - ENVOI_EVENT_CONNECTING));
	} else if (event->type >= ENVOI_EVENT_PRESENCE) {
		explode(from_base(self),
			IN_CONTACT_PRESENCE + (size_t)(event->type - ENVOI_EVENT_PRESENCE));
	}
}

static void on_timeout(struct envoi_handler *self, struct envoi_session *session)
{
	(void)session;
	explode(from_base(self), IN_TIMEOUT);
}

static int negotiate(struct envoi_handler *self, struct envoi_stream *stream,
	const struct envoi_element *offer, const struct envoi_element *features)
{
	(void)stream, (void)offer, (void)features;
	explode(from_base(self), IN_NEGOTIATE);
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
	return ENVOI_DECLINED;
}

static const struct envoi_stream_feature feature = {
	.ns = "urn:x", .name = "x", .negotiate = negotiate, .finish = finish};
static const struct envoi_stream_element_row elements[] = {
	{.ns = ENVOI_NS_CLIENT,
		.name = "message",
		.roles = 1u << ENVOI_INITIATOR,
		.handle = on_element},
	{.name = NULL},
};
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
static const struct envoi_event_row events[] = {{ENVOI_EVERY_EVENT, on_event}, ENVOI_ROWS_END};
static const struct envoi_timeout_row timeouts[] = {{50, true, on_timeout}, {0, false, NULL}};
static const struct envoi_filters filters = {on_in, on_out, 0};
static const struct envoi_handler_impl bomb_impl = {
	.name = "bomb",
	.stanzas = stanzas,
	.events = events,
	.timeouts = timeouts,
	.filters = &filters,
	.stream_feature = &feature,
	.stream_elements = elements,
};

/* --- the source of passwords --- */

static struct bomb *from_source(struct envoi_sasl_credentials *base)
{
	return ENVOI_CONTAINER_OF(base, struct bomb, source);
}

static unsigned int means(struct envoi_sasl_credentials *base)
{
	explode(from_source(base), IN_MEANS);
	return ENVOI_SASL_PASSWORD;
}

static void on_password(struct envoi_sasl_credentials *base, struct envoi_sasl_request *request)
{
	struct bomb *bomb = from_source(base);
	bool is_answered = bomb->plan != PLAN_NO_PASSWORD;
	if (is_answered) {
		envoi_sasl_answer(
			request, ENVOI_OK, &(struct envoi_sasl_identity){.password = "wonderland"});
	}
	explode(bomb, IN_PASSWORD);
}

static void on_cancel(struct envoi_sasl_credentials *base, struct envoi_sasl_request *request)
{
	(void)request;
	explode(from_source(base), IN_PASSWORD_CANCELED);
}

static void on_answered(struct envoi_sasl_credentials *base, struct envoi_sasl_request *request)
{
	(void)request;
	explode(from_source(base), IN_PASSWORD_ANSWERED);
}

static void on_destroy(struct envoi_sasl_credentials *base)
{
	grid_visit(IN_SOURCE_DESTROYED, from_source(base));
}

static const struct envoi_sasl_credentials_impl source_impl = {
	.means = means,
	.request = on_password,
	.cancel = on_cancel,
	.answered = on_answered,
	.destroy = on_destroy,
};

/* --- the decider --- */

static struct bomb *from_decider(struct envoi_tls_decider *base)
{
	return ENVOI_CONTAINER_OF(base, struct bomb, decider);
}

static void decide(struct envoi_tls_decider *base, struct envoi_tls_question *question)
{
	struct bomb *bomb = from_decider(base);
	envoi_tls_question_unref(bomb->question);
	bomb->question = envoi_tls_question_ref(question);
	explode(bomb, IN_DECIDE);
}

static void over(struct envoi_tls_decider *base, struct envoi_tls_question *question,
	enum envoi_tls_answer answer)
{
	(void)question;
	explode(from_decider(base), answer == ENVOI_TLS_REFUSE ? IN_UNDECIDED : IN_DECIDED);
}

static const struct envoi_tls_decider_impl decider_impl = {.decide = decide, .over = over};

static void on_key_password(void *user, const char *file, bool was_wrong)
{
	(void)file, (void)was_wrong;
	explode(user, IN_KEY_PASSWORD);
}

/* --- connectors --- */

static void on_accept(void *user)
{
	explode(user, IN_ACCEPT);
}

static struct detour *from_connector(struct envoi_connector *base)
{
	return ENVOI_CONTAINER_OF(base, struct detour, base);
}

static int detour_connect(struct envoi_connector *base, const struct envoi_target *target,
	envoi_connected_fn *done, void *user)
{
	struct detour *detour = from_connector(base);
	int r = detour->inner->impl->connect(detour->inner, target, done, user);
	explode(detour->bomb, IN_CONNECT);
	return r;
}

/* There is one address: the world is connected to again. */
static int detour_next(
	struct envoi_connector *base, const struct envoi_failure *why, uint64_t timeout_ms)
{
	struct detour *detour = from_connector(base);
	(void)why, (void)timeout_ms;
	explode(detour->bomb, IN_NEXT);
	return ENVOI_ERR_STATE;
}

static void detour_cancel(struct envoi_connector *base)
{
	struct detour *detour = from_connector(base);
	if (detour->inner != NULL) {
		detour->inner->impl->cancel(detour->inner);
	}
	explode(detour->bomb, IN_CANCEL);
}

static void detour_destroy(struct envoi_connector *base)
{
	struct detour *detour = from_connector(base);
	envoi_connector_destroy(detour->inner);
	detour->inner = NULL;
	envoi_connector_finish(base);
	grid_visit(IN_CONNECTOR_DESTROYED, detour->bomb);
}

static const struct envoi_connector_impl detour_impl = {
	.name = "detour",
	.connect = detour_connect,
	.next = detour_next,
	.cancel = detour_cancel,
	.destroy = detour_destroy,
};

static struct envoi_connector *wrap_connector(void *user, struct envoi_connector *inner)
{
	struct bomb *bomb = user;
	struct detour *detour = calloc(1, sizeof(*detour));
	assert_non_null(detour);
	envoi_connector_init(&detour->base, &detour_impl, bomb->world->context);
	detour->bomb = bomb;
	detour->inner = inner;
	detour->next = bomb->detours;
	bomb->detours = detour;
	return &detour->base;
}

static int prepare(struct bomb *bomb)
{
	struct envoi_client *client = client_of(bomb);
	bool is_undecided = bomb->plan == PLAN_ACCEPTED || bomb->plan == PLAN_UNDECIDED;
	int r = envoi_client_set_credentials(client, &bomb->source);
	if (r == ENVOI_OK) {
		r = envoi_client_set(
			client, "reconnect.enabled", bomb->plan == PLAN_ONCE ? "false" : "true");
	}
	r = r < 0 ? r : envoi_client_set(client, "limits.depth", "4");
	if (r == ENVOI_OK && is_undecided) {
		envoi_client_set_tls_decider(client, &bomb->decider);
		r = envoi_client_set(client, "tls.ca-file", TEST_DATA "/tls/other-ca.pem");
	}
	if (r == ENVOI_OK && bomb->plan == PLAN_SMALL_ROSTER) {
		r = envoi_client_set(client, "limits.roster-items", "1");
	}
	if (r == ENVOI_OK && bomb->plan == PLAN_LOCKED_KEY) {
		envoi_client_ask_key_password(client, on_key_password, bomb);
		r = envoi_client_set(client, "tls.cert-file", TEST_DATA "/tls/client.pem");
		r = r < 0 ? r
			  : envoi_client_set(
				    client, "tls.key-file", TEST_DATA "/tls/client-locked-key.pem");
	}
	return r;
}

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
	say(bomb, "<presence><a><a><a><a/></a></a></a></presence>"); /* limits.depth is 4 */
	say(bomb,
		"<iq type='get' id='1' from='bob@example.org/x'><x xmlns='urn:x'/></iq>"
		"<iq type='get' id='2' from='bob@example.org/x'><x xmlns='urn:x'/></iq>");
	say(bomb,
		"<iq type='set' id='3' from='bob@example.org/x'><x xmlns='urn:x'/></iq>"
		"<iq type='set' id='4' from='bob@example.org/x'><x xmlns='urn:x'/></iq>");
	say(bomb,
		"<iq type='set' id='5'><query xmlns='jabber:iq:roster'>"
		"<item jid='carol@example.org'/></query></iq>");
	say(bomb,
		"<iq type='set' id='6'><query xmlns='jabber:iq:roster'>"
		"<item jid='bob@example.org' subscription='to'/></query></iq>"
		"<iq type='set' id='7'><query xmlns='jabber:iq:roster'>"
		"<item jid='carol@example.org' ask='subscribe'/></query></iq>");
	say(bomb, "<presence from='bob@example.org/x'/>");
	say(bomb,
		"<presence type='subscribe' from='dave@example.org'/>"
		"<presence type='unsubscribe' from='dave@example.org'/>"
		"<presence type='subscribed' from='carol@example.org'/>"
		"<presence type='unsubscribed' from='carol@example.org'/>");
}

/* Errors of two messages: the ticket of one waits for it, that of the other has reported. */
static void send_what_is_refused(struct bomb *bomb)
{
	send_with(bomb, "late", 0);
	run(bomb);
	send_with(bomb, "early", 1000);
	run(bomb);
	say(bomb,
		"<message type='error' id='early' from='alice@example.org'/>"
		"<message type='error' id='late' from='alice@example.org'/>");
}

/* All that the program does. */
static void say_much(struct bomb *bomb)
{
	send_what_is_refused(bomb);
	act_send(bomb);
	act_ask(bomb); /* is answered */
	ask(bomb, "nobody@example.org/x", 0); /* with an error */
	act_fetch(bomb);
	run(bomb);
	envoi_request_cancel(ask(bomb, "example.org", 0));
	run(bomb);
	test_server_knobs(bomb->world->server)->is_silent = true;
	bomb->request = ask(bomb, "example.org", 10);
	run(bomb);
	test_server_knobs(bomb->world->server)->is_silent = false;
}

/* Whatever the login waits for comes now, or never. */
static void end_waiting(struct bomb *bomb)
{
	run(bomb);
	if (bomb->plan == PLAN_ACCEPTED && bomb->question != NULL) {
		(void)envoi_tls_question_answer(bomb->question, ENVOI_TLS_ACCEPT_ONCE);
		run(bomb);
	}
	if (bomb->plan == PLAN_LOCKED_KEY && client_of(bomb) != NULL) {
		envoi_client_set_key_password(client_of(bomb), NULL);
		run(bomb);
	}
}

static void cut(struct bomb *bomb)
{
	if (bomb->world->pair != NULL) {
		envoi_memory_pair_cut(bomb->world->pair);
	}
	run(bomb);
}

static void have_everything_happen(struct bomb *bomb)
{
	begin_to_connect(bomb);
	end_waiting(bomb);
	if (bomb->plan == PLAN_NO_PASSWORD || bomb->plan == PLAN_UNDECIDED) {
		cut(bomb);
	}
	hear_much(bomb);
	say_much(bomb);
	act_ask(bomb);
	act_send(bomb);
	act_fetch(bomb);
	cut(bomb);
	world_run(bomb->world, 100000);
	act_disconnect(bomb);
	run(bomb);
}

static void check(const struct bomb *bomb)
{
	unsigned int connecting = 0, disconnected = 0, started = 0, ended = 0, stopped = 0;
	for (size_t i = 0; i < bomb->program_count; i++) {
		connecting += bomb->programs[i].events[ENVOI_EVENT_CONNECTING];
		disconnected += bomb->programs[i].events[ENVOI_EVENT_DISCONNECTED];
		started += bomb->programs[i].events[ENVOI_EVENT_STARTED];
		ended += bomb->programs[i].events[ENVOI_EVENT_ENDED];
		stopped += bomb->programs[i].events[ENVOI_EVENT_STOPPED];
	}
	if (bomb->trouble > 0 || stopped != bomb->connects || started > ended ||
		connecting != disconnected || bomb->asked != bomb->answered ||
		bomb->sent != bomb->told || bomb->fetching != bomb->fetched) {
		fail_msg("%s: trouble %u, connects %u, connecting %u, disconnected %u, stopped %u, "
			 "started %u, ended %u, asked %u, answered %u, sent %u, told %u, "
			 "fetching %u, fetched %u",
			grid_pair(), bomb->trouble, bomb->connects, connecting, disconnected,
			stopped, started, ended, bomb->asked, bomb->answered, bomb->sent,
			bomb->told, bomb->fetching, bomb->fetched);
	}
}

static struct world world;

static void free_bomb(struct bomb *bomb)
{
	envoi_promise_drop(bomb->promise);
	envoi_tls_question_unref(bomb->question);
	while (bomb->detours != NULL) {
		struct detour *detour = bomb->detours;
		bomb->detours = detour->next;
		free(detour);
	}
	free(bomb);
}

static void play(const struct grid *the_grid)
{
	struct bomb *bomb = calloc(1, sizeof(*bomb));
	assert_non_null(bomb);
	*bomb = (struct bomb){
		.world = &world,
		.handler = {&bomb_impl},
		.neighbour = {&quiet_impl},
		.plan = plan_of(the_grid->place),
		.source.impl = &source_impl,
		.decider.impl = &decider_impl,
	};
	world.on_accept = on_accept;
	world.on_accept_user = bomb;
	make_client(bomb);
	world.scripts[ENVOI_MEMORY_B].cut_at = bomb->plan == PLAN_CUT_EARLY ? 300
									    : ENVOI_MEMORY_NEVER;
	have_everything_happen(bomb);
	while (client_of(bomb) != NULL) { /* inside, another one may have been made */
		program_free_client(bomb->program);
		run(bomb);
	}
	check(bomb);
	world.on_accept = NULL;
	free_bomb(bomb);
	world_drop_connections(&world);
	/* What the loop has to end, it has ended: nothing of ours is left on it. */
	world_run(&world, 0);
}

struct grid grid = {places, PLACES, acts, GRID_COUNT(acts), play, 0, 0, 0};

static void anything_may_be_done_inside_any_callback(void **state)
{
	(void)state;
	world_init(&world, true);
	/* malformed: the roster is incomplete */
	test_server_add_contact(world.server, "alice", "@", NULL, "both");
	grid_run();
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
	return cmocka_run_group_tests_name("torture/grid_client", tests, NULL, NULL);
}
