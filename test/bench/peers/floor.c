/*
 * envoi - benchmarks: a client without a library, on a parser alone
 * SPDX-License-Identifier: MIT
 */
#include "floor.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <gnutls/gnutls.h>
#include <gnutls/x509.h>

#include "peer.h"

#define HEAD \
	"<?xml version='1.0'?><stream:stream to='example.org' version='1.0' xmlns='jabber:client' " \
	"xmlns:stream='http://etherx.jabber.org/streams'>"
/* \0alice\0pencil */
#define AUTH \
	"<auth xmlns='urn:ietf:params:xml:ns:xmpp-sasl' mechanism='PLAIN'>AGFsaWNlAHBlbmNpbA==</auth>"

enum {
	READ_SIZE = 65536,
	PIECE = 4096, /* of what is parsed without a connection */
	LONGEST = 1024,
};

struct floor {
	int fd;
	gnutls_session_t tls;
	void *parser;
	int depth;
	bool is_authenticated, is_bound, restarts, wants_tls, in_body;
	char name[32], from[LONGEST], body[LONGEST];
	size_t body_len;
};

/* Of one session at a time: flushed before another one's turn. */
static char out[READ_SIZE];
static size_t out_len;

static int epoll;
static gnutls_certificate_credentials_t credentials;

static void flush(struct floor *floor)
{
	for (size_t sent = 0; sent < out_len;) {
		ssize_t n = floor->tls != NULL
			? gnutls_record_send(floor->tls, out + sent, out_len - sent)
			: send(floor->fd, out + sent, out_len - sent, 0);
		peer_check(n > 0, "nothing can be sent");
		sent += (size_t)n;
	}
	out_len = 0;
}

static void say(struct floor *floor, const char *text, size_t len)
{
	if (out_len + len > sizeof(out)) {
		flush(floor);
	}
	memcpy(out + out_len, text, len);
	out_len += len;
}

static void say_text(struct floor *floor, const char *text)
{
	say(floor, text, strlen(text));
}

static void say_escaped(struct floor *floor, const char *text, size_t len)
{
	for (size_t i = 0; i < len;) {
		size_t plain = i;
		while (plain < len && text[plain] != '<' && text[plain] != '&') {
			plain++;
		}
		say(floor, text + i, plain - i);
		if (plain < len) {
			say_text(floor, text[plain] == '<' ? "&lt;" : "&amp;");
			plain++;
		}
		i = plain;
	}
}

static void answer(struct floor *floor)
{
	say_text(floor, "<message type='chat' to='");
	say_text(floor, floor->from);
	say_text(floor, "'><body>");
	say_escaped(floor, floor->body, floor->body_len);
	say_text(floor, "</body></message>");
}

static void on_features(struct floor *floor)
{
	if (peer.ca_file != NULL && floor->tls == NULL) {
		say_text(floor, "<starttls xmlns='urn:ietf:params:xml:ns:xmpp-tls'/>");
	} else if (!floor->is_authenticated) {
		say_text(floor, AUTH);
	} else {
		say_text(floor,
			"<iq type='set' id='bind'><bind "
			"xmlns='urn:ietf:params:xml:ns:xmpp-bind'/></iq>");
	}
}

static void on_result(struct floor *floor)
{
	if (floor->is_bound) {
		return;
	}
	floor->is_bound = true;
	if (peer.has_roster) {
		say_text(
			floor, "<iq type='get' id='roster'><query xmlns='jabber:iq:roster'/></iq>");
	}
	say_text(floor, "<presence/>");
	peer_is_online();
}

static void on_element(struct floor *floor)
{
	const char *name = floor->name;
	if (strcmp(name, "message") == 0) {
		peer.messages++;
		peer.stanzas++;
		if (peer.echoes) {
			answer(floor);
		}
	} else if (strcmp(name, "features") == 0) {
		on_features(floor);
	} else if (strcmp(name, "proceed") == 0) {
		floor->wants_tls = true;
	} else if (strcmp(name, "success") == 0) {
		floor->is_authenticated = true;
		floor->restarts = true;
	} else if (strcmp(name, "iq") == 0) {
		on_result(floor);
	}
}

void floor_start(
	struct floor *floor, const char *name, const char *from, size_t from_len, bool is_contact)
{
	int depth = floor->depth++;
	if (depth == 1) {
		size_t len = from_len < LONGEST ? from_len : 0;
		snprintf(floor->name, sizeof(floor->name), "%s", name);
		memcpy(floor->from, from != NULL ? from : "", len);
		floor->from[len] = '\0';
		floor->body_len = 0;
	} else if (depth == 2) {
		floor->in_body = strcmp(name, "body") == 0;
	} else if (depth == 3) {
		peer.contacts += is_contact;
	}
}

void floor_end(struct floor *floor)
{
	floor->depth--;
	floor->in_body = false;
	if (floor->depth == 1) {
		on_element(floor);
	} else if (floor->depth == 0) {
		say_text(floor, "</stream:stream>");
	}
}

void floor_text(struct floor *floor, const char *text, size_t len)
{
	if (floor->in_body && floor->body_len + len <= sizeof(floor->body)) {
		memcpy(floor->body + floor->body_len, text, len);
		floor->body_len += len;
	}
}

/* --- connections --- */

static void begin_stream(struct floor *floor)
{
	if (floor->parser != NULL) {
		floor_parser_free(floor->parser);
	}
	floor->parser = floor_parser_new(floor);
	floor->depth = 0;
	floor->restarts = false;
	say_text(floor, HEAD);
}

static void begin_tls(struct floor *floor)
{
	floor->wants_tls = false;
	gnutls_init(&floor->tls, GNUTLS_CLIENT);
	gnutls_set_default_priority(floor->tls);
	gnutls_server_name_set(floor->tls, GNUTLS_NAME_DNS, "example.org", strlen("example.org"));
	gnutls_credentials_set(floor->tls, GNUTLS_CRD_CERTIFICATE, credentials);
	gnutls_session_set_verify_cert(floor->tls, "example.org", 0);
	gnutls_transport_set_int(floor->tls, floor->fd);
	peer_check(gnutls_handshake(floor->tls) == GNUTLS_E_SUCCESS, "no TLS");
	begin_stream(floor);
}

void peer_begin(void)
{
	epoll = epoll_create1(EPOLL_CLOEXEC);
	if (peer.ca_file != NULL) {
		gnutls_certificate_allocate_credentials(&credentials);
		peer_check(gnutls_certificate_set_x509_trust_file(
				   credentials, peer.ca_file, GNUTLS_X509_FMT_PEM) == 1,
			"no authority");
	}
}

void peer_open(void)
{
	struct floor *floor = calloc(1, sizeof(*floor));
	struct sockaddr_in address = {
		.sin_family = AF_INET, .sin_port = htons((uint16_t)peer.port_number)};
	struct epoll_event event = {.events = EPOLLIN, .data.ptr = floor};
	int yes = 1;
	address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	peer_check(floor != NULL, "out of memory");
	floor->fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	peer_check(floor->fd >= 0 &&
			connect(floor->fd, (struct sockaddr *)&address, sizeof(address)) == 0 &&
			setsockopt(floor->fd, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof(yes)) == 0 &&
			epoll_ctl(epoll, EPOLL_CTL_ADD, floor->fd, &event) == 0,
		"no connection");
	begin_stream(floor);
	flush(floor);
}

static void close_session(struct floor *floor)
{
	if (floor->tls != NULL) {
		gnutls_deinit(floor->tls);
	}
	close(floor->fd);
	floor_parser_free(floor->parser);
	free(floor);
	peer_has_closed();
}

static void read_once(struct floor *floor)
{
	static char data[READ_SIZE];
	ssize_t n = floor->tls != NULL ? gnutls_record_recv(floor->tls, data, sizeof(data))
				       : recv(floor->fd, data, sizeof(data), 0);
	if (n == GNUTLS_E_AGAIN || n == GNUTLS_E_INTERRUPTED) {
		return;
	}
	if (n <= 0) {
		close_session(floor);
		return;
	}
	floor_parser_feed(floor->parser, data, (size_t)n);
	if (floor->wants_tls) {
		flush(floor);
		begin_tls(floor);
	} else if (floor->restarts) {
		begin_stream(floor);
	}
	flush(floor);
	if (floor->tls != NULL && gnutls_record_check_pending(floor->tls) > 0) {
		read_once(floor);
	}
}

void peer_run(void)
{
	struct epoll_event event;
	if (epoll_wait(epoll, &event, 1, -1) == 1) {
		read_once(event.data.ptr);
	}
}

void peer_parse(const char *data, size_t len)
{
	static struct floor floor;
	floor.parser = floor_parser_new(&floor);
	floor_parser_feed(floor.parser, HEAD, strlen(HEAD));
	for (size_t at = 0; at < len; at += PIECE) {
		floor_parser_feed(floor.parser, data + at, len - at < PIECE ? len - at : PIECE);
	}
	floor_parser_free(floor.parser);
}
