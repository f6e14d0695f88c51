/*
 * XMPP in a program that already serves HTTP with libevent, on its own base.
 *
 * ENVOI_PASSWORD=... http_server HTTP_PORT alice@example.org bob@example.org/desk [NAME=VALUE...]
 *
 * GET / asks whether bob answers a ping, GET /ticks how often the program's own timer has fired,
 * GET /quit ends it.
 */
#include <envoi/envoi.h>
#include <envoi/ext/ping.h>
#include <event2/buffer.h>
#include <event2/event.h>
#include <event2/http.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct program {
	struct event_base *base;
	struct envoi_client *client;
	const char *peer;
	unsigned int ticks;
};

static void send_page(struct evhttp_request *request, const char *text)
{
	struct evbuffer *page = evbuffer_new();
	evbuffer_add_printf(page, "%s\n", text);
	evhttp_send_reply(request, HTTP_OK, "OK", page);
	evbuffer_free(page);
}

static void on_pong(void *user,
	const struct envoi_answer *answer) /* exactly once, also when the client goes away */
{
	send_page(user, envoi_answer_ok(answer) ? "alive" : envoi_answer_text(answer));
}

static void on_http(struct evhttp_request *request, void *user)
{
	struct program *program = user;
	struct envoi_session *session = envoi_client_session(program->client);
	if (envoi_ping(session, program->peer, 5000, on_pong, request, NULL) < 0) {
		evhttp_send_error(request, HTTP_SERVUNAVAIL, "not connected");
	}
}

static void on_ticks(struct evhttp_request *request, void *user)
{
	struct program *program = user;
	char text[32];
	snprintf(text, sizeof(text), "%u", program->ticks);
	send_page(request, text);
}

static void on_quit(struct evhttp_request *request, void *user)
{
	struct program *program = user;
	send_page(request, "bye");
	event_base_loopexit(
		program->base, &(struct timeval){.tv_usec = 100000}); /* after the page */
}

static void on_timer(evutil_socket_t fd, short what, void *user)
{
	(void)fd;
	(void)what;
	struct program *program = user;
	program->ticks++;
}

int main(int argc, char **argv)
{
	if (argc < 4) {
		fprintf(stderr, "usage: http_server HTTP_PORT JID PEER [NAME=VALUE...]\n");
		return 2;
	}
	struct event_base *base = event_base_new();
	struct evhttp *http = evhttp_new(base);
	struct program program = {.base = base, .peer = argv[3]};
	struct event *timer = event_new(base, -1, EV_PERSIST, on_timer, &program);
	event_add(timer, &(struct timeval){.tv_usec = 10000});

	struct envoi_context *context;
	if (envoi_context_new_on_libevent(&context, base) < 0 ||
		envoi_client_new(&program.client, context, argv[2]) < 0) {
		return 1;
	}
	envoi_client_set_password(program.client, getenv("ENVOI_PASSWORD"));
	envoi_client_set_assignments(program.client, argv + 4);
	evhttp_set_cb(http, "/ticks", on_ticks, &program);
	evhttp_set_cb(http, "/quit", on_quit, &program);
	evhttp_set_gencb(http, on_http, &program);
	int status = 1;
	if (evhttp_bind_socket(http, "127.0.0.1", (ev_uint16_t)strtoul(argv[1], NULL, 10)) == 0 &&
		envoi_client_connect(program.client) ==
			0) { /* returns at once; the rest happens in the loop */
		event_base_dispatch(base); /* the program's own call; envoi never makes it */
		status = 0;
	}
	envoi_client_free(program.client); /* answers what is still open, then nothing calls back */
	envoi_context_unref(context);
	event_free(timer);
	evhttp_free(http);
	event_base_free(base); /* holds no event of ours */
	return status;
}
