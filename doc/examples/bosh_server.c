/*
 * XMPP over BOSH in a program that already serves HTTP with libevent: its evhttp gets the requests,
 * and libenvoi-server has the accounts.
 *
 *	bosh_server DOMAIN NAME:PASSWORD...
 *
 * It listens on a port of 127.0.0.1 that the system chooses, and prints it. POST /http-bind is
 * BOSH. It runs until it is killed.
 */
#include <envoi/bosh.h>
#include <envoi/envoi.h>
#include <envoi/interfaces/store.h>
#include <envoi/server.h>
#include <event2/buffer.h>
#include <event2/event.h>
#include <event2/http.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/** A request that waits for its answer. */
struct waiting {
	struct evhttp_request *request;
	struct envoi_bosh_exchange *exchange;
};

/* The peer has closed the connection: the client sends the request again on another one. */
static void on_lost(struct evhttp_connection *connection, void *user)
{
	struct waiting *waiting = user;
	(void)connection;
	envoi_bosh_exchange_free(waiting->exchange);
	free(waiting);
}

static void on_answer(void *user, const char *body, size_t len)
{
	struct waiting *waiting = user;
	struct evhttp_request *request = waiting->request;
	struct evbuffer *answer = evbuffer_new();
	evbuffer_add(answer, body, len);
	evhttp_connection_set_closecb(evhttp_request_get_connection(request), NULL, NULL);
	evhttp_add_header(evhttp_request_get_output_headers(request), "Content-Type",
		ENVOI_BOSH_CONTENT_TYPE);
	evhttp_send_reply(request, HTTP_OK, "OK", answer);
	evbuffer_free(answer);
	free(waiting);
}

/* The program listens on 127.0.0.1 alone: others can neither read nor change the requests. */
static void on_request(struct evhttp_request *http, void *user)
{
	struct evbuffer *input = evhttp_request_get_input_buffer(http);
	struct evhttp_connection *connection = evhttp_request_get_connection(http);
	struct waiting *waiting = calloc(1, sizeof(*waiting));
	char *address = NULL;
	ev_uint16_t port;
	evhttp_connection_get_peer(connection, &address, &port);
	const struct envoi_bosh_request request = {
		.body = (const char *)evbuffer_pullup(input, -1),
		.len = evbuffer_get_length(input),
		.address = address,
		.is_secure = true,
		.answer = on_answer,
		.user = waiting,
	};
	if (waiting == NULL || request.len == 0 ||
		envoi_bosh_receiver_take(user, &request, &waiting->exchange) < 0) {
		free(waiting);
		evhttp_send_error(http, HTTP_BADREQUEST, NULL);
		return;
	}
	waiting->request = http;
	evhttp_connection_set_closecb(connection, on_lost, waiting);
}

static int on_opened(void *user, struct envoi_transport *transport)
{
	return envoi_server_accept(user, transport);
}

static int add_account(struct envoi_server *server, char *text)
{
	char *colon = strchr(text, ':');
	if (colon == NULL) {
		return ENVOI_ERR_INVALID;
	}
	*colon = '\0';
	return envoi_server_set_password(server, text, colon + 1, true, NULL, NULL);
}

static int print_port(struct evhttp_bound_socket *bound)
{
	struct sockaddr_in address;
	socklen_t len = sizeof(address);
	if (bound == NULL ||
		getsockname(evhttp_bound_socket_get_fd(bound), (struct sockaddr *)&address, &len) <
			0) {
		return -1;
	}
	printf("port %d\n", ntohs(address.sin_port));
	return fflush(stdout);
}

int main(int argc, char **argv)
{
	struct event_base *base = event_base_new();
	struct evhttp *http = evhttp_new(base);
	struct envoi_context *context;
	struct envoi_store *store;
	struct envoi_server *server;
	struct envoi_bosh_receiver *receiver;
	if (argc < 3) {
		fprintf(stderr, "usage: bosh_server DOMAIN NAME:PASSWORD...\n");
		return 2;
	}
	if (envoi_context_new_on_libevent(&context, base) < 0 ||
		envoi_store_new_memory(&store, context) < 0) {
		return 1;
	}
	const struct envoi_server_options options = {.domain = argv[1], .store = store};
	if (envoi_server_new(&server, context, &options) < 0) {
		return 1;
	}
	for (int i = 2; i < argc; i++) {
		if (add_account(server, argv[i]) < 0) {
			return 1;
		}
	}
	const struct envoi_bosh_receiver_options bosh = {.opened = on_opened, .user = server};
	if (envoi_bosh_receiver_new(&receiver, context, &bosh) < 0) {
		return 1;
	}
	evhttp_set_allowed_methods(http, EVHTTP_REQ_POST);
	evhttp_set_max_body_size(http, 512 * 1024);
	evhttp_set_cb(http, "/http-bind", on_request, receiver);
	if (print_port(evhttp_bind_socket_with_handle(http, "127.0.0.1", 0)) == 0) {
		event_base_dispatch(base); /* the program's own call; envoi never makes it */
	}
	return 0;
}
