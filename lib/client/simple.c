/*
 * envoi - one thing with one call
 * SPDX-License-Identifier: MIT
 */
#include <envoi/simple.h>

#include <stdio.h>

#include <envoi/client.h>
#include <envoi/context.h>
#include <envoi/handler.h>
#include <envoi/mainloop.h>
#include <envoi/roster.h>
#include <envoi/ticket.h>
#include <envoi/watch.h>

#include "base/failure.h"

struct call;

/** What is done between login and logout. */
struct operation {
	const char *settings[5]; /* assignments, as of struct envoi_simple */
	/** OPTIONAL. Before the client connects. */
	int (*prepare)(struct call *call, struct envoi_session *session);
	/** OPTIONAL. At ENVOI_EVENT_STARTED; has the result set later. */
	int (*begin)(struct call *call, struct envoi_session *session);
};

struct call {
	struct envoi_handler handler;
	const struct operation *operation;
	struct envoi_simple *simple;
	struct envoi_client *client;
	struct envoi_loop *loop;
	struct envoi_timer deadline;
	bool has_result, is_leaving;
	int result;
};

static struct call *call_of(struct envoi_handler *handler)
{
	return ENVOI_CONTAINER_OF(handler, struct call, handler);
}

/* --- the result --- */

/* A line, also where the peer has written parts of it. */
static void put_error(struct envoi_simple *simple, const char *text)
{
	envoi__failure_put(simple->error, sizeof(simple->error), text);
}

static void set_result(struct call *call, int result, const char *text)
{
	if (!call->has_result) {
		call->has_result = true;
		call->result = result;
		put_error(call->simple, result < 0 ? text : "");
	}
}

/* Nothing when there is a result: the client is being freed, after the deadline. */
static void finish(struct call *call, int result, const char *text)
{
	if (!call->has_result) {
		set_result(call, result, text);
		envoi_client_disconnect(call->client);
	}
}

static void on_started(struct envoi_handler *self, const struct envoi_event *event)
{
	struct call *call = call_of(self);
	int r = call->operation->begin != NULL ? call->operation->begin(call, event->session)
					       : ENVOI_OK;
	if (r < 0) {
		finish(call, r, envoi_session_problem(event->session));
	}
}

/* The failure of the last connection is the result; not of one that ends because the call does. */
static void on_disconnected(struct envoi_handler *self, const struct envoi_event *event)
{
	struct call *call = call_of(self);
	int code = event->failure->code;
	if (!call->has_result && !(call->is_leaving && call->result < 0)) {
		call->result = code < 0 ? code : ENVOI_ERR_DISCONNECTED;
		char *error = call->simple->error;
		size_t len = (size_t)snprintf(
			error, ENVOI_SIMPLE_ERROR_BYTES / 2, "%.200s: ", call->simple->jid);
		envoi_failure_describe(event->failure, error + len, ENVOI_SIMPLE_ERROR_BYTES - len);
	}
}

static void on_stopped(struct envoi_handler *self, const struct envoi_event *event)
{
	struct call *call = call_of(self);
	(void)event;
	call->has_result = true;
	envoi_loop_quit(call->loop);
}

static void on_deadline(struct envoi_timer *timer)
{
	struct call *call = ENVOI_CONTAINER_OF(timer, struct call, deadline);
	set_result(call, ENVOI_ERR_TIMEOUT, "the deadline has passed");
	envoi_loop_quit(call->loop);
}

static const struct envoi_event_row events[] = {
	{ENVOI_EVENT_STARTED, on_started},
	{ENVOI_EVENT_DISCONNECTED, on_disconnected},
	{ENVOI_EVENT_STOPPED, on_stopped},
	ENVOI_ROWS_END,
};
static const struct envoi_handler_impl call_impl = {.name = "simple", .events = events};

/* --- login to logout --- */

static void set_assignments(struct envoi_client *client, const char *const *assignments)
{
	for (; assignments != NULL && *assignments != NULL; assignments++) {
		envoi_client_set_assignment(client, *assignments);
	}
}

static int set_up(struct call *call)
{
	struct envoi_simple *simple = call->simple;
	set_assignments(call->client, call->operation->settings);
	set_assignments(call->client, simple->settings);
	envoi_client_set_password(call->client, simple->password);
	envoi_client_add(call->client, &call->handler);
	if (simple->prepare != NULL) {
		simple->prepare(simple->user, call->client);
	}
	if (call->operation->prepare == NULL) {
		return ENVOI_OK;
	}
	struct envoi_session *session = envoi_client_session(call->client);
	int r = call->operation->prepare(call, session);
	if (r < 0) {
		set_result(call, r, envoi_session_problem(session));
	}
	return r;
}

static void run(struct call *call)
{
	const struct envoi_simple *simple = call->simple;
	int r = envoi_client_connect(call->client);
	if (r < 0) {
		set_result(call, r, envoi_client_failure_text(call->client));
		return;
	}
	envoi_timer_start(&call->deadline, call->loop,
		simple->timeout_ms > 0 ? simple->timeout_ms : ENVOI_SIMPLE_TIMEOUT_MS, on_deadline);
	r = envoi_loop_run(call->loop);
	envoi_timer_stop(&call->deadline);
	if (r < 0) {
		set_result(call, r, envoi_error_text(r));
	} else {
		set_result(call, ENVOI_ERR_CANCELED, "the loop was ended");
	}
}

static int perform_in(struct call *call, struct envoi_context *context)
{
	call->handler = (struct envoi_handler)ENVOI_HANDLER(&call_impl);
	call->loop = envoi_context_loop(context);
	int r = call->loop == NULL ? ENVOI_ERR_NOMEM
				   : envoi_client_new(&call->client, context, call->simple->jid);
	if (r < 0) {
		set_result(call, r, envoi_error_text(r));
		return r;
	}
	if (set_up(call) == ENVOI_OK) {
		run(call);
	}
	call->has_result = true;
	envoi_client_free(call->client);
	return call->result;
}

static int perform(
	struct call *call, const struct operation *operation, struct envoi_simple *simple)
{
	struct envoi_context *context;
	call->operation = operation;
	call->simple = simple;
	simple->error[0] = '\0';
	if (simple->context != NULL) {
		context = envoi_context_ref(simple->context);
	} else if (envoi_context_new(&context, NULL) < 0) {
		set_result(call, ENVOI_ERR_NOMEM, envoi_error_text(ENVOI_ERR_NOMEM));
		return call->result;
	}
	int r = perform_in(call, context);
	envoi_context_unref(context);
	return r;
}

/* --- a message --- */

struct sending {
	struct call call;
	const char *to, *body;
	struct envoi_ticket ticket;
};

static void on_refused(struct call *call, const struct envoi_ticket_report *report)
{
	char text[ENVOI_SIMPLE_ERROR_BYTES];
	const struct envoi_stanza_error *error = report->error;
	if (error == NULL) {
		snprintf(text, sizeof(text), "the message was refused: %s",
			envoi_ticket_report_text(report));
		finish(call,
			report->refusal == ENVOI_REFUSED_BY_ERROR ? ENVOI_ERR_STANZA
								  : ENVOI_ERR_INVALID,
			text);
		return;
	}
	snprintf(text, sizeof(text), "the message was refused: %s%s%s",
		envoi_stanza_condition_name(error->condition), error->text != NULL ? ", " : "",
		error->text != NULL ? error->text : "");
	finish(call, ENVOI_ERR_STANZA, text);
}

/* After other reports the connection has ended: its failure is the result. */
static void on_report(struct envoi_ticket *ticket, const struct envoi_ticket_report *report)
{
	struct call *call = &ENVOI_CONTAINER_OF(ticket, struct sending, ticket)->call;
	if (report->state == ENVOI_TICKET_REFUSED) {
		on_refused(call, report);
	} else if (report->state == ENVOI_TICKET_ACKNOWLEDGED ||
		report->state == ENVOI_TICKET_WRITTEN) {
		finish(call, ENVOI_OK, "");
	}
}

static int begin_sending(struct call *call, struct envoi_session *session)
{
	struct sending *sending = ENVOI_CONTAINER_OF(call, struct sending, call);
	sending->ticket.done = on_report;
	return envoi_send_text(session, sending->to, sending->body, &sending->ticket);
}

/* Without presence, messages that wait for the account's usual client stay where they are. */
static const struct operation sending_operation = {
	.settings = {"presence.initial=false", "roster.fetch=false", "reconnect.enabled=false",
		"stream-management.request-stanzas=1"},
	.begin = begin_sending,
};

int envoi_simple_send(struct envoi_simple *simple, const char *to, const char *body)
{
	struct sending sending = {.to = to, .body = body};
	return perform(&sending.call, &sending_operation, simple);
}

/* --- the contact list --- */

struct fetching {
	struct call call;
	void (*contact)(void *user, const struct envoi_roster_item *item);
	void *user;
};

static void on_fetched(void *user, int code)
{
	struct fetching *fetching = user;
	struct envoi_roster *roster = envoi_client_roster(fetching->call.client);
	const struct envoi_roster_item *item;
	size_t position = 0;
	if (code == ENVOI_OK || code == ENVOI_ERR_LIMIT) {
		while ((item = envoi_roster_next(roster, &position)) != NULL) {
			fetching->contact(fetching->user, item);
		}
	}
	if (code != ENVOI_ERR_DISCONNECTED) {
		finish(&fetching->call, code, envoi_error_text(code));
	}
}

static int begin_fetching(struct call *call, struct envoi_session *session)
{
	struct fetching *fetching = ENVOI_CONTAINER_OF(call, struct fetching, call);
	(void)session;
	return envoi_roster_fetch(envoi_client_roster(call->client), on_fetched, fetching);
}

static const struct operation fetching_operation = {
	.settings = {"presence.initial=false", "roster.fetch=false", "reconnect.enabled=false"},
	.begin = begin_fetching,
};

int envoi_simple_roster(struct envoi_simple *simple,
	void (*contact)(void *user, const struct envoi_roster_item *item), void *user)
{
	struct fetching fetching = {.contact = contact, .user = user};
	return perform(&fetching.call, &fetching_operation, simple);
}

/* --- a question --- */

struct asking {
	struct call call;
	enum envoi_stanza_kind kind;
	const char *to;
	const struct envoi_payload_type *type, *expected;
	const void *value;
	envoi_answer_fn *answered;
	void *user;
};

static void on_answer(void *user, const struct envoi_answer *answer)
{
	struct asking *asking = user;
	int code = envoi_answer_code(answer);
	if (code == ENVOI_OK && asking->answered != NULL) {
		asking->answered(asking->user, answer);
	}
	if (code != ENVOI_ERR_DISCONNECTED) {
		finish(&asking->call, code, envoi_answer_text(answer));
	}
}

static int begin_asking(struct call *call, struct envoi_session *session)
{
	struct asking *asking = ENVOI_CONTAINER_OF(call, struct asking, call);
	struct envoi_stanza *iq = envoi_request_iq(
		session, asking->kind, asking->to, asking->type, asking->value);
	return envoi_request(session, iq, asking->expected, 0, on_answer, asking, NULL);
}

static const struct operation asking_operation = {
	.settings = {"presence.initial=false", "roster.fetch=false", "reconnect.enabled=false"},
	.begin = begin_asking,
};

int envoi_simple_ask(struct envoi_simple *simple, enum envoi_stanza_kind kind, const char *to,
	const struct envoi_payload_type *type, const void *value,
	const struct envoi_payload_type *expected, envoi_answer_fn *answered, void *user)
{
	struct asking asking = {
		.kind = kind,
		.to = to,
		.type = type,
		.value = value,
		.expected = expected,
		.answered = answered,
		.user = user,
	};
	return perform(&asking.call, &asking_operation, simple);
}

/* --- a stanza that comes --- */

struct waiting {
	struct call call;
	const struct envoi_stanza_row *like;
	envoi_wait_fn *came;
	void *user;
};

/* After another code than ENVOI_OK the connection has ended: its failure is the result. */
static int on_stanza(void *user, int code, struct envoi_delivery *in)
{
	struct waiting *waiting = user;
	int r = code == ENVOI_OK ? waiting->came(waiting->user, code, in) : ENVOI_OK;
	if (code == ENVOI_OK && r != ENVOI_DECLINED) {
		finish(&waiting->call, ENVOI_OK, "");
	} else if (code != ENVOI_OK) {
		waiting->call.is_leaving = true;
		envoi_client_disconnect(waiting->call.client);
	}
	return r;
}

static int prepare_waiting(struct call *call, struct envoi_session *session)
{
	struct waiting *waiting = ENVOI_CONTAINER_OF(call, struct waiting, call);
	return envoi_wait(session, waiting->like, 0, on_stanza, waiting, NULL);
}

static const struct operation waiting_operation = {.prepare = prepare_waiting};

int envoi_simple_wait(struct envoi_simple *simple, const struct envoi_stanza_row *like,
	envoi_wait_fn *came, void *user)
{
	struct waiting waiting = {.like = like, .came = came, .user = user};
	return perform(&waiting.call, &waiting_operation, simple);
}
