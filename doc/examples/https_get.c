/*
 * TLS as a channel over another channel, for a protocol that is not XMPP: fetch a page by HTTPS.
 *
 * 	https_get ADDRESS PORT HOST PATH [CA_FILE]
 *
 * Connects to ADDRESS, verifies that the certificate is for HOST, and prints the response. Ends
 * with 0 when the server has closed TLS after it: a shorter response would be a truncated one.
 */
#define _POSIX_C_SOURCE 200809L

#include <netdb.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <envoi/envoi.h>
#include <envoi/interfaces/channel.h>

enum {
	TIMEOUT_MS = 20000,
};

struct fetch {
	struct envoi_channel_sink sink;
	struct envoi_channel *channel; /* TLS, which owns the channel of the socket */
	struct envoi_loop *loop;
	char request[1000];
	size_t sent;
	bool is_complete;
};

static struct fetch *fetch_of(struct envoi_channel_sink *sink)
{
	return ENVOI_CONTAINER_OF(sink, struct fetch, sink);
}

static void finish(struct fetch *fetch, const char *error)
{
	if (error != NULL) {
		fprintf(stderr, "https_get: %s\n", error);
	}
	fetch->is_complete = error == NULL;
	envoi_loop_quit(fetch->loop);
}

/* During the handshake the channel takes nothing. */
static void send_request(struct fetch *fetch)
{
	size_t taken = 0;
	int r = fetch->channel->impl->send(fetch->channel, fetch->request + fetch->sent,
		strlen(fetch->request) - fetch->sent, &taken);
	fetch->sent += taken;
	if (r < 0) {
		finish(fetch, envoi_error_text(r));
	}
}

/* --- events of the channel --- */

static void on_received(struct envoi_channel_sink *sink, const char *data, size_t len)
{
	(void)sink;
	fwrite(data, 1, len, stdout);
}

static void on_writable(struct envoi_channel_sink *sink)
{
	send_request(fetch_of(sink));
}

static void on_ended(struct envoi_channel_sink *sink)
{
	finish(fetch_of(sink), NULL);
}

static void on_broken(struct envoi_channel_sink *sink, int code, const char *text)
{
	(void)code;
	finish(fetch_of(sink), text);
}

/* The channel is freed after the loop has ended, not inside these events: nothing to count. */
static void on_enter(struct envoi_channel_sink *sink)
{
	(void)sink;
}

static void on_leave(struct envoi_channel_sink *sink)
{
	(void)sink;
}

static const struct envoi_channel_sink_impl sink_impl = {
	.received = on_received,
	.writable = on_writable,
	.ended = on_ended,
	.broken = on_broken,
	.enter = on_enter,
	.leave = on_leave,
};

/* --- the program --- */

/* This waits. A program with other work uses envoi_dial_new(). @return -1: no connection */
static int connect_socket(const char *address, const char *port)
{
	const struct addrinfo hints = {.ai_socktype = SOCK_STREAM};
	struct addrinfo *found, *at;
	int fd = -1;
	if (getaddrinfo(address, port, &hints, &found) != 0) {
		return -1;
	}
	for (at = found; at != NULL && fd < 0; at = at->ai_next) {
		fd = socket(at->ai_family, at->ai_socktype, at->ai_protocol);
		if (fd >= 0 && connect(fd, at->ai_addr, at->ai_addrlen) < 0) {
			close(fd);
			fd = -1;
		}
	}
	freeaddrinfo(found);
	return fd;
}

static int make_tls(struct envoi_tls_config **ret_tls, struct envoi_context *context, char *ca_file)
{
	struct envoi_settings *settings;
	int r = envoi_settings_new(&settings, context);
	if (r < 0) {
		return r;
	}
	if (ca_file != NULL) {
		r = envoi_settings_set(settings, "tls.ca-file", ca_file);
	}
	if (r == ENVOI_OK) {
		r = envoi_tls_config_new(ret_tls, context, settings);
	}
	envoi_settings_free(settings);
	return r;
}

/* TLS is a channel like the one below it: what sends and receives here does not depend on it. */
static int open_channel(struct fetch *fetch, struct envoi_context *context, int fd,
	struct envoi_tls_config *tls, const char *host)
{
	const struct envoi_tls_channel_options options = {
		.role = ENVOI_INITIATOR,
		.tls = tls,
		.server_name = host,
		.alpn = "http/1.1",
		.timeout_ms = TIMEOUT_MS,
	};
	struct envoi_channel *socket_channel;
	int r = envoi_tcp_channel_new(&socket_channel, context, fd);
	if (r == ENVOI_OK) {
		r = envoi_tls_channel_new(&fetch->channel, context, socket_channel, &options);
	}
	if (r < 0) {
		return r;
	}
	envoi_channel_attach(fetch->channel, context, &fetch->sink);
	r = fetch->channel->impl->want_read(fetch->channel, true);
	return r == ENVOI_OK ? fetch->channel->impl->start(fetch->channel) : r;
}

static int run(struct fetch *fetch, struct envoi_context *context, char **arguments)
{
	struct envoi_tls_config *tls;
	int fd = connect_socket(arguments[1], arguments[2]);
	if (fd < 0) {
		return ENVOI_ERR_UNREACHABLE;
	}
	int r = make_tls(&tls, context, arguments[5]);
	if (r < 0) {
		close(fd);
		return r;
	}
	r = open_channel(fetch, context, fd, tls, arguments[3]);
	if (r == ENVOI_OK) {
		send_request(fetch);
		r = envoi_loop_run(fetch->loop);
	}
	envoi_channel_destroy(fetch->channel);
	envoi_tls_config_unref(tls);
	return r;
}

int main(int argument_count, char **arguments)
{
	struct fetch fetch = {.sink = {&sink_impl}};
	struct envoi_context *context;
	if (argument_count < 5 || argument_count > 6) {
		fprintf(stderr, "usage: https_get ADDRESS PORT HOST PATH [CA_FILE]\n");
		return 2;
	}
	if (envoi_context_new(&context, NULL) < 0) {
		return 1;
	}
	fetch.loop = envoi_context_loop(context);
	snprintf(fetch.request, sizeof(fetch.request),
		"GET %s HTTP/1.1\r\nHost: %s\r\nConnection: close\r\n\r\n", arguments[4],
		arguments[3]);
	int r = fetch.loop == NULL ? ENVOI_ERR_NOMEM : run(&fetch, context, arguments);
	if (r < 0) {
		fprintf(stderr, "https_get: %s\n", envoi_error_text(r));
	}
	envoi_context_unref(context);
	return fetch.is_complete ? 0 : 1;
}
