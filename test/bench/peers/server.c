/*
 * envoi - benchmarks: the scripted server that all libraries are measured against
 * SPDX-License-Identifier: MIT
 */
/*
 * usage: bench-stand-in LINE COUNT STANZA_FILE [CERTIFICATE KEY]
 *
 * Listens on a port of 127.0.0.1, prints it, and serves until standard input ends; then it prints
 * what it has counted. With a certificate, STARTTLS is required. Stanzas are read by
 * expat. See script.c for what is answered.
 */
#include "server.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

enum {
	READ_SIZE = 65536,
	EVENTS = 256,
};

static struct script script;
static gnutls_certificate_credentials_t credentials;
static gnutls_priority_t priorities;
static int epoll, listener;

static void check(bool is_good, const char *what)
{
	if (!is_good) {
		fprintf(stderr, "stand-in: %s\n", what);
		exit(1);
	}
}

/* --- elements --- */

static const char *local_name(const char *name)
{
	const char *space = strrchr(name, ' ');
	return space != NULL ? space + 1 : name;
}

static void keep(char *to, size_t size, const char *text)
{
	snprintf(to, size, "%s", text);
}

static void on_start(void *user, const char *name, const char **attributes)
{
	struct peer_session *session = user;
	int depth = session->depth++;
	if (depth == 0) {
		script_head(&script, session);
	} else if (depth == 1) {
		keep(session->name, sizeof(session->name), local_name(name));
		session->id[0] = session->type[0] = session->to[0] = session->payload[0] = '\0';
		for (; *attributes != NULL; attributes += 2) {
			if (strcmp(attributes[0], "id") == 0) {
				keep(session->id, sizeof(session->id), attributes[1]);
			} else if (strcmp(attributes[0], "type") == 0) {
				keep(session->type, sizeof(session->type), attributes[1]);
			} else if (strcmp(attributes[0], "to") == 0) {
				keep(session->to, sizeof(session->to), attributes[1]);
			}
		}
	} else if (depth == 2) {
		keep(session->payload, sizeof(session->payload), name);
	}
}

static void on_end(void *user, const char *name)
{
	struct peer_session *session = user;
	(void)name;
	session->depth--;
	if (session->depth == 1) {
		script_element(&script, session);
	} else if (session->depth == 0 && !session->ends) {
		out_print(&session->out, "</stream:stream>");
		session->ends = true;
	}
}

static void begin_stream(struct peer_session *session)
{
	if (session->parser == NULL) {
		session->parser = XML_ParserCreateNS("UTF-8", ' ');
	} else {
		XML_ParserReset(session->parser, "UTF-8");
	}
	check(session->parser != NULL, "out of memory");
	XML_SetUserData(session->parser, session);
	XML_SetElementHandler(session->parser, on_start, on_end);
	session->depth = 0;
	session->restarts = false;
}

/* --- connections --- */

static void watch(struct peer_session *session, bool wants_write)
{
	struct epoll_event event = {
		.events = EPOLLIN | (wants_write ? EPOLLOUT : 0), .data.ptr = session};
	epoll_ctl(epoll, EPOLL_CTL_MOD, session->fd, &event);
	session->wants_write = wants_write;
}

static void free_session(struct peer_session *session)
{
	script.online -= session->is_online;
	if (session->tls != NULL) {
		gnutls_deinit(session->tls);
	}
	close(session->fd);
	XML_ParserFree(session->parser);
	free(session->out.data);
	free(session);
}

static void accept_session(void)
{
	int fd = accept4(listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
	if (fd < 0) {
		return;
	}
	int yes = 1;
	setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof(yes));
	struct peer_session *session = calloc(1, sizeof(*session));
	check(session != NULL, "out of memory");
	session->fd = fd;
	begin_stream(session);
	struct epoll_event event = {.events = EPOLLIN, .data.ptr = session};
	check(epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &event) == 0, "epoll");
}

static ssize_t send_some(struct peer_session *session, const char *data, size_t len)
{
	if (!session->is_secured) {
		return send(session->fd, data, len, MSG_NOSIGNAL);
	}
	ssize_t sent = gnutls_record_send(session->tls, data, len);
	if (sent == GNUTLS_E_AGAIN || sent == GNUTLS_E_INTERRUPTED) {
		errno = EAGAIN;
		return -1;
	}
	errno = EIO;
	return sent;
}

/* false: the connection is broken */
static bool flush(struct peer_session *session)
{
	struct out *out = &session->out;
	for (;;) {
		script_feed(&script, session);
		if (out->sent == out->len) {
			break;
		}
		ssize_t sent = send_some(session, out->data + out->sent, out->len - out->sent);
		if (sent < 0) {
			return errno == EAGAIN;
		}
		out->sent += (size_t)sent;
		if (out->sent == out->len) {
			out->sent = out->len = 0;
		}
	}
	return true;
}

static void begin_tls(struct peer_session *session)
{
	session->wants_tls = false;
	session->is_handshaking = true;
	check(gnutls_init(&session->tls, GNUTLS_SERVER | GNUTLS_NONBLOCK | GNUTLS_NO_TICKETS) == 0,
		"TLS");
	gnutls_priority_set(session->tls, priorities);
	gnutls_credentials_set(session->tls, GNUTLS_CRD_CERTIFICATE, credentials);
	gnutls_transport_set_int(session->tls, session->fd);
	begin_stream(session);
}

static bool shake_hands(struct peer_session *session)
{
	int r = gnutls_handshake(session->tls);
	if (r == GNUTLS_E_SUCCESS) {
		session->is_handshaking = false;
		session->is_secured = true;
	}
	return r == GNUTLS_E_SUCCESS || gnutls_error_is_fatal(r) == 0;
}

static ssize_t receive_some(struct peer_session *session, char *data)
{
	if (!session->is_secured) {
		return recv(session->fd, data, READ_SIZE, 0);
	}
	ssize_t received = gnutls_record_recv(session->tls, data, READ_SIZE);
	errno = received == GNUTLS_E_AGAIN || received == GNUTLS_E_INTERRUPTED ? EAGAIN : EIO;
	return received;
}

static bool receive(struct peer_session *session)
{
	static char data[READ_SIZE];
	while (!session->is_handshaking || shake_hands(session)) {
		if (session->is_handshaking) {
			return true;
		}
		ssize_t received = receive_some(session, data);
		if (received <= 0) {
			return received < 0 && errno == EAGAIN;
		}
		if (XML_Parse(session->parser, data, (int)received, 0) == XML_STATUS_ERROR) {
			return false;
		}
		if (session->restarts) {
			begin_stream(session);
		}
		if (!flush(session)) {
			return false;
		}
		if (session->wants_tls) {
			begin_tls(session);
		}
	}
	return false;
}

/* What was sent has arrived before the end of the connection does. */
static void serve(struct peer_session *session, uint32_t events)
{
	bool lives = (events & EPOLLIN) == 0 || receive(session);
	lives = lives && (session->is_handshaking || flush(session));
	bool has_output = session->out.sent < session->out.len;
	if (!lives) {
		free_session(session);
		return;
	}
	if (session->ends && !has_output && session->depth >= 0) {
		if (session->tls != NULL) {
			gnutls_bye(session->tls, GNUTLS_SHUT_WR);
		}
		shutdown(session->fd, SHUT_WR);
		session->depth = -1;
	}
	if (has_output != session->wants_write) {
		watch(session, has_output);
	}
}

static void listen_on_loopback(void)
{
	struct sockaddr_in address = {.sin_family = AF_INET};
	socklen_t len = sizeof(address);
	address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	listener = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	check(listener >= 0 && bind(listener, (struct sockaddr *)&address, len) == 0 &&
			listen(listener, 1024) == 0 &&
			getsockname(listener, (struct sockaddr *)&address, &len) == 0,
		"no port");
	printf("port %u\n", ntohs(address.sin_port));
	fflush(stdout);
}

static void run(void)
{
	static int input = STDIN_FILENO;
	struct epoll_event event = {.events = EPOLLIN, .data.ptr = &listener};
	check(epoll_ctl(epoll, EPOLL_CTL_ADD, listener, &event) == 0, "epoll");
	event.data.ptr = &input;
	check(epoll_ctl(epoll, EPOLL_CTL_ADD, input, &event) == 0, "standard input is a pipe");
	for (;;) {
		struct epoll_event events[EVENTS];
		int count = epoll_wait(epoll, events, EVENTS, -1);
		for (int i = 0; i < count; i++) {
			if (events[i].data.ptr == &input) {
				return;
			}
			if (events[i].data.ptr == &listener) {
				accept_session();
			} else {
				serve(events[i].data.ptr, events[i].events);
			}
		}
	}
}

int main(int argc, char **argv)
{
	if (argc != 4 && argc != 6) {
		fputs("usage: bench-stand-in LINE COUNT STANZA_FILE [CERTIFICATE KEY]\n", stderr);
		return 2;
	}
	script_init(&script, argv[1], (unsigned int)strtoul(argv[2], NULL, 10), argv[3]);
	script.has_tls = argc == 6;
	if (script.has_tls) {
		gnutls_certificate_allocate_credentials(&credentials);
		check(gnutls_certificate_set_x509_key_file(
			      credentials, argv[4], argv[5], GNUTLS_X509_FMT_PEM) >= 0 &&
				gnutls_priority_init(&priorities,
					"NORMAL:-VERS-ALL:+VERS-TLS1.3:+VERS-TLS1.2", NULL) == 0,
			"the certificate cannot be used");
	}
	epoll = epoll_create1(EPOLL_CLOEXEC);
	listen_on_loopback();
	run();
	script_print(&script);
	return 0;
}
