/*
 * A web service on libevent with an account: sends messages and reports whether they were accepted,
 * pings, shows contacts with their presence, and what was received.
 *
 *	ENVOI_PASSWORD=... web_service PORT alice@example.org [NAME=VALUE...]
 *
 *	POST /send?to=ADDRESS      the message in the body
 *	POST /presence?show=away&status=TEXT
 *	GET  /ping?to=ADDRESS, /contacts, /inbox, /state
 *
 * PORT 0 lets the system choose one. Ends at SIGTERM or SIGINT, in order, or when the client stops.
 */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <arpa/inet.h>

#include <event2/buffer.h>
#include <event2/event.h>
#include <event2/http.h>
#include <event2/keyvalq_struct.h>

#include <envoi/envoi.h>
#include <envoi/ext/ping.h>

#define INBOX 20

struct message {
	char *from, *body;
};

struct program {
	struct envoi_handler handler;
	struct event_base *base;
	struct evhttp *http;
	struct event *signals[2];
	struct envoi_context *context;
	struct envoi_client *client;
	struct message inbox[INBOX];
	unsigned int received;
	bool is_leaving;
	int status;
};

/* --- pages --- */

static void send_text(struct evhttp_request *request, int code, const char *text)
{
	struct evbuffer *page = evbuffer_new();
	evbuffer_add_printf(page, "%s\n", text);
	evhttp_send_reply(request, code, NULL, page);
	evbuffer_free(page);
}

static const char *argument(
	struct evhttp_request *request, struct evkeyvalq *query, const char *name)
{
	const char *text = evhttp_uri_get_query(evhttp_request_get_evhttp_uri(request));
	if (evhttp_parse_query_str(text != NULL ? text : "", query) < 0) {
		return NULL;
	}
	return evhttp_find_header(query, name);
}

/* --- POST /send?to=ADDRESS: the body is the message; answered when its fate is known --- */

struct sending {
	struct envoi_ticket ticket;
	struct evhttp_request *request;
};

static void on_sent(struct envoi_ticket *ticket, const struct envoi_ticket_report *report)
{
	struct sending *sending = ENVOI_CONTAINER_OF(ticket, struct sending, ticket);
	int code = report->state == ENVOI_TICKET_ACKNOWLEDGED ? 200
		: report->state == ENVOI_TICKET_REFUSED       ? 502
							      : 504;
	send_text(sending->request, code, envoi_ticket_report_text(report));
	free(sending);
}

static void on_send(struct evhttp_request *request, void *user)
{
	struct program *program = user;
	struct envoi_session *session = envoi_client_session(program->client);
	struct evbuffer *input = evhttp_request_get_input_buffer(request);
	struct sending *sending = calloc(1, sizeof(*sending));
	struct evkeyvalq query;
	const char *to = argument(request, &query, "to");
	evbuffer_add(input, "", 1);
	sending->ticket.done = on_sent;
	sending->ticket.refusal_ms = 500;
	sending->request = request;
	if (to == NULL) {
		send_text(request, 400, "to is missing");
		free(sending);
	} else if (envoi_send_text(session, to, (const char *)evbuffer_pullup(input, -1),
			   &sending->ticket) < 0) {
		send_text(request, 503, envoi_session_problem(session));
		free(sending);
	}
	evhttp_clear_headers(&query);
}

/* --- GET /ping?to=ADDRESS --- */

static void on_pong(void *user, const struct envoi_answer *answer)
{
	send_text(user, envoi_answer_ok(answer) ? 200 : 504,
		envoi_answer_ok(answer) ? "alive" : envoi_answer_text(answer));
}

static void on_ping(struct evhttp_request *request, void *user)
{
	struct program *program = user;
	struct envoi_session *session = envoi_client_session(program->client);
	struct evkeyvalq query;
	if (envoi_ping(session, argument(request, &query, "to"), 5000, on_pong, request, NULL) <
		0) {
		send_text(request, 503, envoi_session_problem(session));
	}
	evhttp_clear_headers(&query);
}

/* --- GET /contacts, /inbox, /state --- */

static void on_contacts(struct evhttp_request *request, void *user)
{
	struct program *program = user;
	struct envoi_roster *roster = envoi_client_roster(program->client);
	struct envoi_presences *presences = envoi_client_presences(program->client);
	struct evbuffer *page = evbuffer_new();
	const struct envoi_roster_item *item;
	size_t position = 0;
	while ((item = envoi_roster_next(roster, &position)) != NULL) {
		const struct envoi_contact_presence *best = envoi_presences_best(
			presences, item->jid);
		evbuffer_add_printf(page, "%s %s %s\n", envoi_jid_text(item->jid),
			best == NULL                 ? "offline"
				: best->show != NULL ? best->show
						     : "online",
			best != NULL && best->status != NULL ? best->status : "");
	}
	evhttp_send_reply(request, 200, NULL, page);
	evbuffer_free(page);
}

static void on_inbox(struct evhttp_request *request, void *user)
{
	struct program *program = user;
	struct evbuffer *page = evbuffer_new();
	unsigned int first = program->received < INBOX ? 0 : program->received - INBOX;
	for (unsigned int i = first; i < program->received; i++) {
		struct message *message = &program->inbox[i % INBOX];
		evbuffer_add_printf(page, "%s: %s\n", message->from, message->body);
	}
	evhttp_send_reply(request, 200, NULL, page);
	evbuffer_free(page);
}

static void on_state(struct evhttp_request *request, void *user)
{
	struct program *program = user;
	send_text(request, 200, envoi_client_state_name(envoi_client_state(program->client)));
}

/* --- POST /presence?show=away&status=TEXT --- */

static void on_presence(struct evhttp_request *request, void *user)
{
	struct program *program = user;
	struct evkeyvalq query;
	const char *show = argument(request, &query, "show");
	if (envoi_client_set_show(program->client, show, evhttp_find_header(&query, "status")) <
		0) {
		send_text(
			request, 503, envoi_session_problem(envoi_client_session(program->client)));
	} else {
		send_text(request, 200, "set");
	}
	evhttp_clear_headers(&query);
}

/* --- XMPP's side --- */

static int on_chat(struct envoi_handler *self, struct envoi_delivery *in)
{
	struct program *program = ENVOI_CONTAINER_OF(self, struct program, handler);
	const char *body = envoi_message_body(envoi_delivery_stanza(in), NULL);
	if (body == NULL) {
		return ENVOI_DECLINED;
	}
	struct message *message = &program->inbox[program->received++ % INBOX];
	free(message->from);
	free(message->body);
	message->from = strdup(envoi_jid_text(envoi_stanza_from(envoi_delivery_stanza(in))));
	message->body = strdup(body);
	return ENVOI_OK;
}

static void on_suspended(struct envoi_handler *self, const struct envoi_event *event)
{
	(void)self;
	char lines[2048];
	envoi_failure_explain(event->failure, lines, sizeof(lines));
	fprintf(stderr, "%s\nagain in %d s\n", lines, (int)(event->retry_in_ms / 1000));
}

static void on_stopped(struct envoi_handler *self, const struct envoi_event *event)
{
	struct program *program = ENVOI_CONTAINER_OF(self, struct program, handler);
	if (event->failure->code < 0) {
		fprintf(stderr, "%s\n", envoi_client_failure_text(program->client));
		program->status = 1;
	}
	event_base_loopexit(program->base, NULL);
}

static const struct envoi_stanza_row stanzas[] = {
	{.kind = ENVOI_MESSAGE, .type = ENVOI_TYPE_CHAT, .handle = on_chat},
	ENVOI_ROWS_END,
};
static const struct envoi_event_row events[] = {
	{.type = ENVOI_EVENT_SUSPENDED, .handle = on_suspended},
	{.type = ENVOI_EVENT_STOPPED, .handle = on_stopped},
	ENVOI_ROWS_END,
};
static const struct envoi_handler_impl impl = {
	.name = "program", .stanzas = stanzas, .events = events};

/* --- the program --- */

static void on_signal(evutil_socket_t number, short what, void *user)
{
	struct program *program = user;
	(void)number;
	(void)what;
	envoi_client_disconnect(program->client); /* ENVOI_EVENT_STOPPED follows */
}

static void serve(struct program *program)
{
	static const int numbers[] = {SIGINT, SIGTERM};
	evhttp_set_cb(program->http, "/send", on_send, program);
	evhttp_set_cb(program->http, "/ping", on_ping, program);
	evhttp_set_cb(program->http, "/contacts", on_contacts, program);
	evhttp_set_cb(program->http, "/inbox", on_inbox, program);
	evhttp_set_cb(program->http, "/state", on_state, program);
	evhttp_set_cb(program->http, "/presence", on_presence, program);
	for (int i = 0; i < 2; i++) {
		program->signals[i] = evsignal_new(program->base, numbers[i], on_signal, program);
		event_add(program->signals[i], NULL);
	}
}

/* @return whether it listens */
static bool listen_on(struct program *program, const char *port)
{
	struct sockaddr_in address = {0};
	socklen_t len = sizeof(address);
	struct evhttp_bound_socket *bound = evhttp_bind_socket_with_handle(
		program->http, "127.0.0.1", (ev_uint16_t)atoi(port));
	if (bound == NULL ||
		getsockname(evhttp_bound_socket_get_fd(bound), (struct sockaddr *)&address, &len) <
			0) {
		return false;
	}
	printf("http://127.0.0.1:%d/\n", ntohs(address.sin_port));
	return fflush(stdout) == 0;
}

int main(int argc, char **argv)
{
	struct program program = {.handler = ENVOI_HANDLER(&impl), .base = event_base_new()};
	program.http = evhttp_new(program.base);
	if (argc < 3 || !listen_on(&program, argv[1])) {
		fprintf(stderr, "usage: web_service PORT JID [NAME=VALUE...], PORT is free\n");
		return 2;
	}
	if (envoi_context_new_on_libevent(&program.context, program.base) < 0 ||
		envoi_client_new(&program.client, program.context, argv[2]) < 0) {
		return 1;
	}
	envoi_client_set_password(program.client, getenv("ENVOI_PASSWORD"));
	envoi_client_set_assignments(program.client, argv + 3);
	envoi_client_add(program.client, &program.handler);
	serve(&program);
	if (envoi_client_connect(program.client) == ENVOI_OK) {
		event_base_dispatch(program.base);
	} else {
		fprintf(stderr, "%s\n", envoi_client_failure_text(program.client));
		program.status = 1;
	}
	envoi_client_free(program.client);
	envoi_context_unref(program.context);
	for (int i = 0; i < 2; i++) {
		event_free(program.signals[i]);
	}
	evhttp_free(program.http);
	event_base_free(program.base);
	for (int i = 0; i < INBOX; i++) {
		free(program.inbox[i].from);
		free(program.inbox[i].body);
	}
	return program.status;
}
