/*
 * envoi - simulation: the clients
 * SPDX-License-Identifier: MIT
 */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include <envoi/interfaces/session.h>
#include <envoi/interfaces/stream.h>
#include <envoi/interfaces/transport.h>

#include "simulation.h"

enum {
	SHOWN_BYTES = 400, /* of an element, in a trace */
	AGAIN_MS = 1000, /* after a call that had no memory */
};

/* A promise to answer, which comes due. */
struct pledge {
	struct pledge *next;
	struct envoi_timer timer;
	struct actor *actor;
	struct envoi_promise *promise;
};

static struct envoi_loop *loop_of(const struct actor *actor)
{
	return envoi_context_loop(envoi_world_context(actor->run->world));
}

static struct envoi_session *session_of(const struct actor *actor)
{
	return envoi_client_session(actor->client);
}

/* --- what comes --- */

static struct actor *actor_of(struct envoi_handler *handler)
{
	return ENVOI_CONTAINER_OF(handler, struct actor, handler);
}

static int on_message(struct envoi_handler *self, struct envoi_delivery *in)
{
	struct actor *actor = actor_of(self);
	const struct message *message = ledger_arrived(actor, envoi_delivery_stanza(in));
	if (message != NULL) {
		holds_take(actor, message);
	}
	return ENVOI_OK;
}

static void keep_pledge(struct envoi_timer *timer)
{
	struct pledge *pledge = ENVOI_CONTAINER_OF(timer, struct pledge, timer);
	struct pledge **link = &pledge->actor->pledges;
	while (*link != pledge) {
		link = &(*link)->next;
	}
	*link = pledge->next;
	int r = envoi_promise_result(pledge->promise, NULL, NULL);
	run_trace(pledge->actor->run, "%s: keeps a promise: %s", pledge->actor->name,
		envoi_error_text(r));
	free(pledge);
}

static int promise(struct actor *actor, struct envoi_delivery *in, uint64_t after_ms)
{
	struct envoi_promise *promise;
	int r = envoi_delivery_defer(in, &promise);
	struct pledge *pledge = r == ENVOI_OK ? calloc(1, sizeof(*pledge)) : NULL;
	if (pledge == NULL) {
		return r;
	}
	pledge->actor = actor;
	pledge->promise = promise;
	pledge->next = actor->pledges;
	actor->pledges = pledge;
	envoi_timer_start(&pledge->timer, loop_of(actor), after_ms, keep_pledge);
	return ENVOI_OK;
}

static int on_question(struct envoi_handler *self, struct envoi_delivery *in)
{
	uint64_t after_ms;
	struct actor *actor = actor_of(self);
	struct question *question = ledger_question(actor->other, envoi_delivery_stanza(in));
	const char *after_text = envoi_element_attr(envoi_delivery_element(in), "after");
	if (question == NULL || after_text == NULL ||
		envoi_uint_parse(after_text, 0, UINT32_MAX, &after_ms) < 0) {
		run_fail(actor->run, "no-invention", "a question arrived at %s", actor->name);
		return ENVOI_ERR_INVALID;
	}
	question->handled++;
	run_trace(actor->run, "%s: is asked %u", actor->name, question->number);
	return after_ms == 0 ? envoi_reply_result(in, NULL, NULL) : promise(actor, in, after_ms);
}

static const struct envoi_stanza_row stanzas[] = {
	{.kind = ENVOI_MESSAGE, .type = ENVOI_TYPE_CHAT, .handle = on_message},
	{.kind = ENVOI_IQ_GET, .ns = NS_SIMULATION, .name = "ask", .handle = on_question},
	ENVOI_ROWS_END,
};

/* --- connections --- */

static void go_offline(struct actor *actor)
{
	if (actor->is_online) {
		actor->is_online = false;
		actor->losses++;
		actor->offline_since_ms = envoi_world_now_ms(actor->run->world);
	}
}

static void connect_after(struct actor *actor, uint64_t ms);

static void connect_now(struct actor *actor)
{
	int r = envoi_client_connect(actor->client);
	actor->connects += r == ENVOI_OK;
	if (r == ENVOI_ERR_NOMEM) {
		connect_after(actor, AGAIN_MS);
	} else if (r < 0) {
		run_fail(actor->run, "can-connect", "%s: %s", actor->name, envoi_error_text(r));
	}
}

static void on_reconnect_timer(struct envoi_timer *timer)
{
	struct actor *actor = ENVOI_CONTAINER_OF(timer, struct actor, reconnect_timer);
	if (actor->client == NULL) {
		actor_connect(actor);
	} else {
		connect_now(actor);
	}
}

static void connect_after(struct actor *actor, uint64_t ms)
{
	envoi_timer_start(&actor->reconnect_timer, loop_of(actor), ms, on_reconnect_timer);
}

static void on_event(struct envoi_handler *self, const struct envoi_event *event)
{
	struct actor *actor = actor_of(self);
	actor->events[event->type]++;
	run_trace(actor->run, "%s: %s%s%s", actor->name, envoi_event_name(event->type),
		event->failure != NULL ? ": " : "",
		event->failure != NULL ? event->failure->text : "");
	invariants_check_event(actor, event->type);
}

static void on_online(struct envoi_handler *self, const struct envoi_event *event)
{
	on_event(self, event);
	actor_of(self)->is_online = true;
}

/* A count of either side that the other one cannot have sent. */
static bool is_about_counts(const struct envoi_failure *failure)
{
	return strcmp(failure->application, "handled-count-too-high") == 0 ||
		(failure->phase == ENVOI_PHASE_BIND &&
			failure->stream_condition == ENVOI_STREAM_UNDEFINED_CONDITION);
}

static void on_disconnected(struct envoi_handler *self, const struct envoi_event *event)
{
	struct actor *actor = actor_of(self);
	on_event(self, event);
	if (is_about_counts(event->failure)) {
		run_fail(actor->run, "both-ends-count-the-same", "%s: %s", actor->name,
			event->failure->application);
	}
	go_offline(actor);
}

/* Three of them within a minute stop a client, which then leaves. */
static bool is_refusal(const struct envoi_failure *failure)
{
	return failure != NULL &&
		(failure->stream_condition == ENVOI_STREAM_RESOURCE_CONSTRAINT ||
			failure->stanza_condition == ENVOI_RESOURCE_CONSTRAINT ||
			failure->sasl_condition == ENVOI_SASL_TEMPORARY_AUTH_FAILURE);
}

/* The application of a bot that shall not stop. */
static void on_stopped(struct envoi_handler *self, const struct envoi_event *event)
{
	struct actor *actor = actor_of(self);
	on_event(self, event);
	actor->was_closed |= is_refusal(event->failure);
	if (actor->wants_online) {
		connect_after(
			actor, actor->away_ms + 1000 + envoi_world_random(actor->run->world, 4000));
		actor->away_ms = 0;
	}
}

static void check_login(
	struct actor *actor, const char *rule, const char *text, const char *planned)
{
	if (text == NULL || strcmp(text, planned) != 0) {
		run_fail(actor->run, rule, "%s: %s, planned: %s", actor->name,
			text != NULL ? text : "nothing", planned);
	}
}

static void on_secured(struct envoi_handler *self, const struct envoi_event *event)
{
	struct actor *actor = actor_of(self);
	const struct login *login = &actor->run->plan->login;
	if (login->route != ROUTE_CLEAR) {
		check_login(actor, "the-version-of-tls", event->text,
			login->is_tls_1_2 ? "TLS1.2" : "TLS1.3");
	}
}

static void on_authenticated(struct envoi_handler *self, const struct envoi_event *event)
{
	struct actor *actor = actor_of(self);
	check_login(actor, "the-mechanism", event->text, actor->run->plan->login.mechanism);
}

static const struct envoi_event_row events[] = {
	{ENVOI_EVENT_SECURED, on_secured},
	{ENVOI_EVENT_AUTHENTICATED, on_authenticated},
	{ENVOI_EVENT_CONNECTING, on_event},
	{ENVOI_EVENT_STARTED, on_online},
	{ENVOI_EVENT_RESUMED, on_online},
	{ENVOI_EVENT_ENDED, on_event},
	{ENVOI_EVENT_DISCONNECTED, on_disconnected},
	{ENVOI_EVENT_SUSPENDED, on_event},
	{ENVOI_EVENT_STOPPED, on_stopped},
	ENVOI_ROWS_END,
};

static const struct envoi_handler_impl actor_impl = {
	.name = "actor",
	.stanzas = stanzas,
	.events = events,
};

/* --- life --- */

bool tap_is_on;

void actor_init(struct run *run, unsigned int index)
{
	struct actor *actor = &run->actors[index];
	actor->handler = (struct envoi_handler)ENVOI_HANDLER(&actor_impl);
	actor->run = run;
	actor->name = index == 0 ? "alice" : "bob";
	actor->letter = actor->name[0];
	actor->other = &run->actors[1 - index];
	envoi_test_server_account(run->server, actor->name, "secret");
}

static void on_traffic(void *user, enum envoi_direction direction, const char *xml, size_t len)
{
	const struct actor *actor = user;
	run_trace(actor->run, "%s %s %.*s", actor->name, direction == ENVOI_OUT ? ">>" : "<<",
		len > SHOWN_BYTES ? SHOWN_BYTES : (int)len, xml);
}

/* A setter's failure is that of connecting. */
static void set_login(struct envoi_client *client, const struct login *login)
{
	static const char *const modes[ROUTES] = {"none", "starttls", "direct"};
	envoi_client_set(client, "tls.mode", modes[login->route]);
	envoi_client_set(client, "sasl.mechanisms", login->mechanism);
	envoi_client_set(client, "tls.ca-file", TEST_DATA "/tls/ca.pem");
	envoi_client_set(client, "tls.system-trust", "false");
	if (strcmp(login->mechanism, "EXTERNAL") == 0) {
		/* a certificate with the addresses of both accounts */
		envoi_client_set(client, "tls.cert-file", TEST_DATA "/tls/client-two.pem");
		envoi_client_set(client, "tls.key-file", TEST_DATA "/tls/client-key.pem");
	}
}

static struct envoi_connector *make_connector(const struct run *run, const char *host)
{
	return run->plan->login.route == ROUTE_CLEAR ? envoi_world_connector(run->world, host)
						     : envoi_world_tls_connector(run->world, host);
}

/* A new process has memory. */
static void make_client(struct actor *actor)
{
	char jid[64];
	envoi_world_fail_allocation(actor->run->world, 0);
	bool is_anonymous = strcmp(actor->run->plan->login.mechanism, "ANONYMOUS") == 0;
	snprintf(jid, sizeof(jid), is_anonymous ? "example.org/%s" : "%s@example.org/%s",
		actor->name, actor->name);
	int r = envoi_client_new(&actor->client, envoi_world_context(actor->run->world), jid);
	if (r < 0) {
		abort();
	}
	actor->life++;
	set_login(actor->client, &actor->run->plan->login);
	envoi_client_set(
		actor->client, "reconnect.longest", actor->run->plan->waits_long ? "300s" : "5s");
	envoi_client_set(actor->client, "reconnect.initial", "true");
	envoi_client_set_password(actor->client, "secret");
	envoi_client_add(actor->client, &actor->handler);
	if (tap_is_on) {
		envoi_client_set_tap(actor->client, on_traffic, actor);
	}
	if (actor->run->plan->has_journal) {
		records_load(actor);
	}
	envoi_client_add_connector(actor->client, make_connector(actor->run, actor->name));
}

void actor_connect(struct actor *actor)
{
	if (actor->client == NULL) {
		make_client(actor);
	}
	actor->wants_online = true;
	connect_now(actor);
}

/* DISCONNECTED, if it is still to come, comes inside. */
static void free_client(struct actor *actor)
{
	actor->wants_online = false;
	actor->is_dying = true;
	envoi_timer_stop(&actor->reconnect_timer);
	envoi_client_free(actor->client);
	actor->is_dying = false;
	actor->client = NULL;
	go_offline(actor);
}

void actor_finish(struct actor *actor)
{
	free_client(actor);
	records_free(actor);
	holds_release_all(actor);
	while (actor->pledges != NULL) {
		envoi_timer_stop(&actor->pledges->timer);
		keep_pledge(&actor->pledges->timer);
	}
}

void actor_leave(struct actor *actor, uint64_t away_ms)
{
	if (actor->client != NULL && actor->is_online) {
		actor->was_closed = true;
		actor->away_ms = away_ms;
		records_give_up(actor);
		envoi_client_disconnect(actor->client);
		run_trace(actor->run, "%s: leaves for %" PRIu64 " ms", actor->name, away_ms);
	}
}

void actor_kill(struct actor *actor, uint64_t away_ms)
{
	if (actor->client != NULL) {
		records_note(actor);
		holds_kill(actor);
		free_client(actor);
		connect_after(actor, away_ms + 1);
		run_trace(actor->run, "%s: killed for %" PRIu64 " ms", actor->name, away_ms);
	}
}

void actor_pause(struct actor *actor, bool is_paused)
{
	struct envoi_stream *stream = actor->client != NULL && actor->is_online
		? envoi_session_stream(session_of(actor))
		: NULL;
	struct envoi_transport *transport = stream != NULL ? envoi_stream_transport(stream) : NULL;
	if (transport != NULL && is_paused) {
		transport->impl->pause(transport);
	} else if (transport != NULL) {
		transport->impl->resume(transport);
	}
}

/* --- what is sent --- */

static void on_report(struct envoi_ticket *ticket, const struct envoi_ticket_report *report)
{
	struct message *message = ticket->user;
	message->reports++;
	message->state = report->state;
	message->was_freed = message->sender->is_dying;
	message->reported_ms = run_wall_ms(message->sender->run);
	run_trace(message->sender->run, "%s: ticket of %c-%u: state %d", message->sender->name,
		message->sender->letter, message->number, (int)report->state);
}

static struct envoi_stanza *make_message(const struct actor *actor, const struct message *message)
{
	char id[32], to[64], body[MOST_BYTES + 1];
	memset(body, 'x', message->bytes);
	body[message->bytes] = '\0';
	ledger_id(message, id);
	snprintf(to, sizeof(to), "%s@example.org", actor->other->name);
	struct envoi_stanza *stanza = envoi_message_new(
		envoi_world_context(actor->run->world), ENVOI_TYPE_CHAT, to, body);
	envoi_element_set(envoi_stanza_element(stanza), "id", id);
	return stanza;
}

void actor_send(struct actor *actor, size_t bytes)
{
	if (actor->client == NULL || actor->message_count == MOST_MESSAGES) {
		return;
	}
	struct message *message = &actor->messages[actor->message_count];
	message->sender = actor;
	message->number = actor->message_count++;
	message->bytes = bytes;
	message->sent_in_life = actor->life;
	message->sent_ms = run_wall_ms(actor->run);
	message->sent_in_epoch = envoi_session_epoch(session_of(actor));
	message->ticket = (struct envoi_ticket){.done = on_report, .user = message};
	int r = envoi_send(session_of(actor), make_message(actor, message), &message->ticket);
	message->is_accepted = r == ENVOI_OK;
	run_trace(actor->run, "%s: sends %c-%u: %s", actor->name, actor->letter, message->number,
		envoi_error_text(r));
}

void actor_cancel(struct actor *actor)
{
	if (actor->message_count == 0) {
		return;
	}
	struct message *message = &actor->messages[actor->message_count - 1];
	if (message->is_accepted && message->reports == 0) {
		message->was_taken_back |= envoi_ticket_cancel(&message->ticket) == ENVOI_OK;
		run_trace(actor->run, "%s: cancels %c-%u: %s", actor->name, actor->letter,
			message->number, message->was_taken_back ? "yes" : "no");
	}
}

static void on_answer(void *user, const struct envoi_answer *answer)
{
	struct question *question = user;
	question->reports++;
	question->code = envoi_answer_code(answer);
	run_trace(question->sender->run, "%s: answer to %u: %s", question->sender->name,
		question->number, envoi_error_text(question->code));
}

static struct question *new_question(struct actor *actor)
{
	if (actor->client == NULL || actor->question_count == MOST_REQUESTS) {
		return NULL;
	}
	struct question *question = &actor->questions[actor->question_count];
	question->sender = actor;
	question->number = actor->question_count++;
	question->asked_in_life = actor->life;
	return question;
}

static void request(struct question *question, struct envoi_stanza *iq)
{
	struct actor *actor = question->sender;
	int r = envoi_request(session_of(actor), iq, NULL, 0, on_answer, question, NULL);
	question->is_accepted = r == ENVOI_OK;
	run_trace(
		actor->run, "%s: asks %u: %s", actor->name, question->number, envoi_error_text(r));
}

void actor_ask(struct actor *actor, uint64_t answer_after_ms)
{
	char to[64], number[ENVOI_INT_SIZE], after[ENVOI_INT_SIZE];
	struct question *question = new_question(actor);
	if (question == NULL) {
		return;
	}
	snprintf(to, sizeof(to), "%s@example.org/%s", actor->other->name, actor->other->name);
	struct envoi_stanza *iq = envoi_iq_new(
		envoi_world_context(actor->run->world), ENVOI_IQ_GET, to);
	struct envoi_element *ask = envoi_element_add(
		envoi_stanza_element(iq), NS_SIMULATION, "ask");
	envoi_element_set(ask, "number", envoi_uint_print(number, question->number));
	envoi_element_set(ask, "after", envoi_uint_print(after, answer_after_ms));
	request(question, iq);
}

void actor_ping(struct actor *actor)
{
	struct question *question = new_question(actor);
	if (question != NULL) {
		struct envoi_stanza *iq = envoi_iq_new(
			envoi_world_context(actor->run->world), ENVOI_IQ_GET, "example.org");
		envoi_element_add(envoi_stanza_element(iq), "urn:xmpp:ping", "ping");
		question->is_for_server = true;
		request(question, iq);
	}
}
