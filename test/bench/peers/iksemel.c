/*
 * envoi - benchmarks: iksemel
 * SPDX-License-Identifier: MIT
 *
 * It has neither namespaces nor checks of names and addresses, and it blocks as it sends.
 */
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <iksemel.h>

#include "peer.h"

enum {
	MOST = 20000,
	PIECE = 4096, /* of what is parsed without a connection */
};

struct session {
	iksparser *parser;
	iksid *jid;
	bool is_authenticated, is_bound, has_closed;
};

static struct session *sessions[MOST];
static struct pollfd fds[MOST];
static unsigned int session_count;
static char namespace_name[] = IKS_NS_CLIENT;

static void send_and_free(struct session *session, iks *stanza)
{
	peer_check(iks_send(session->parser, stanza) == IKS_OK, "nothing can be sent");
	iks_delete(stanza);
}

static void on_features(struct session *session, iks *features)
{
	char password[] = PEER_PASSWORD;
	int offered = iks_stream_features(features);
	if (!session->is_authenticated) {
		peer_check((offered & IKS_STREAM_SASL_PLAIN) != 0, "no PLAIN");
		iks_start_sasl(session->parser, IKS_SASL_PLAIN, session->jid->user, password);
	} else {
		send_and_free(session, iks_make_resource_bind(session->jid));
	}
}

static void read_roster(iks *result)
{
	for (iks *item = iks_first_tag(iks_first_tag(result)); item != NULL;
		item = iks_next_tag(item)) {
		peer.contacts += iks_find_attrib(item, "jid") != NULL &&
			iks_strcmp(iks_find_attrib(item, "subscription"), "both") == 0;
	}
}

static void on_result(struct session *session, iks *result)
{
	if (session->is_bound) {
		read_roster(result);
		return;
	}
	session->is_bound = true;
	if (peer.has_roster) {
		send_and_free(session, iks_make_iq(IKS_TYPE_GET, IKS_NS_ROSTER));
	}
	send_and_free(session, iks_make_pres(IKS_SHOW_AVAILABLE, NULL));
	peer_is_online();
}

static void on_message(struct session *session, iks *message)
{
	peer.messages++;
	peer.stanzas++;
	if (peer.echoes) {
		send_and_free(session,
			iks_make_msg(IKS_TYPE_CHAT, iks_find_attrib(message, "from"),
				iks_find_cdata(message, "body")));
	}
}

static void on_element(struct session *session, iks *element)
{
	const char *name = iks_name(element);
	if (strcmp(name, "message") == 0) {
		on_message(session, element);
	} else if (strcmp(name, "stream:features") == 0) {
		on_features(session, element);
	} else if (strcmp(name, "success") == 0) {
		session->is_authenticated = true;
		iks_send_header(session->parser, session->jid->server);
	} else if (strcmp(name, "iq") == 0) {
		on_result(session, element);
	}
}

static int on_node(void *user, int type, iks *node)
{
	if (type == IKS_NODE_NORMAL) {
		on_element(user, node);
	}
	if (node != NULL) {
		iks_delete(node);
	}
	return IKS_OK;
}

void peer_begin(void)
{
	peer_check(peer.ca_file == NULL, "no TLS 1.3");
}

void peer_open(void)
{
	struct session *session = calloc(1, sizeof(*session));
	peer_check(session != NULL && session_count < MOST, "out of memory");
	session->parser = iks_stream_new(namespace_name, session, on_node);
	session->jid = iks_id_new(iks_parser_stack(session->parser), PEER_JID);
	peer_check(iks_connect_via(session->parser, "127.0.0.1", peer.port_number,
			   session->jid->server) == IKS_OK,
		"no connection");
	fds[session_count] = (struct pollfd){.fd = iks_fd(session->parser), .events = POLLIN};
	sessions[session_count++] = session;
}

static void receive(unsigned int number)
{
	struct session *session = sessions[number];
	if (iks_recv(session->parser, 0) == IKS_OK) {
		return;
	}
	iks_disconnect(session->parser);
	iks_parser_delete(session->parser);
	free(session);
	session_count--;
	sessions[number] = sessions[session_count];
	fds[number] = fds[session_count];
	peer_has_closed();
}

void peer_run(void)
{
	poll(fds, session_count, -1);
	for (unsigned int i = session_count; i-- > 0;) {
		if (fds[i].revents != 0) {
			receive(i);
		}
	}
}

void peer_parse(const char *data, size_t len)
{
	static const char head[] = "<stream:stream xmlns='jabber:client' "
				   "xmlns:stream='http://etherx.jabber.org/streams'>";
	struct session session = {0};
	session.parser = iks_stream_new(namespace_name, &session, on_node);
	peer_check(iks_parse(session.parser, head, strlen(head), 0) == IKS_OK, "not well-formed");
	for (size_t at = 0; at < len; at += PIECE) {
		size_t part = len - at < PIECE ? len - at : PIECE;
		peer_check(
			iks_parse(session.parser, data + at, part, 0) == IKS_OK, "not well-formed");
	}
	iks_parser_delete(session.parser);
}
