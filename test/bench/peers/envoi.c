/*
 * envoi - benchmarks: Envoi
 * SPDX-License-Identifier: MIT
 */
#include <stdlib.h>
#include <string.h>

#include <envoi/envoi.h>

#include "peer.h"

#define HEAD \
	"<stream:stream xmlns='jabber:client' xmlns:stream='http://etherx.jabber.org/streams' " \
	"id='1' from='example.org' version='1.0'>"

enum {
	PIECE = 4096, /* of what is parsed without a connection */
};

struct session {
	struct envoi_handler handler;
	struct envoi_client *client;
};

static struct envoi_context *context;

static void check(int r)
{
	peer_check(r >= 0, envoi_error_text(r));
}

static void stop_if_done(void)
{
	if (peer_must_stop()) {
		envoi_loop_quit(envoi_context_loop(context));
	}
}

static int on_message(struct envoi_handler *self, struct envoi_delivery *in)
{
	(void)self;
	peer.messages++;
	stop_if_done();
	if (!peer.echoes) {
		return ENVOI_OK;
	}
	return envoi_reply_text(in, envoi_message_body(envoi_delivery_stanza(in), NULL));
}

static void on_available(struct envoi_handler *self, const struct envoi_event *event)
{
	(void)self, (void)event;
	peer_is_online();
	stop_if_done();
}

static void on_roster(struct envoi_handler *self, const struct envoi_event *event)
{
	struct session *session = ENVOI_CONTAINER_OF(self, struct session, handler);
	const struct envoi_roster *roster = envoi_client_roster(session->client);
	(void)event;
	const struct envoi_roster_item *item;
	size_t position = 0;
	while (peer.has_roster && (item = envoi_roster_next(roster, &position)) != NULL) {
		peer.contacts += item->subscription == ENVOI_SUBSCRIPTION_BOTH;
	}
	stop_if_done();
}

static void on_disconnected(struct envoi_handler *self, const struct envoi_event *event)
{
	struct session *session = ENVOI_CONTAINER_OF(self, struct session, handler);
	(void)event;
	if (peer.online == peer.closed) {
		peer_fail(envoi_client_failure_text(session->client));
	}
	envoi_client_free(session->client);
	free(session);
	peer_has_closed();
	stop_if_done();
}

static const struct envoi_stanza_row stanzas[] = {
	{.kind = ENVOI_MESSAGE, .type = ENVOI_TYPE_CHAT, .handle = on_message},
	ENVOI_ROWS_END,
};
static const struct envoi_event_row events[] = {
	{ENVOI_EVENT_AVAILABLE, on_available},
	{ENVOI_EVENT_ROSTER, on_roster},
	{ENVOI_EVENT_DISCONNECTED, on_disconnected},
	{ENVOI_NO_EVENT, NULL},
};
static const struct envoi_handler_impl impl = {
	.name = "bench", .stanzas = stanzas, .events = events};

void peer_begin(void)
{
	check(envoi_context_new(&context, NULL));
}

static void set_security(struct envoi_client *client)
{
	if (peer.ca_file == NULL) {
		check(envoi_client_set(client, "tls.mode", "none"));
		check(envoi_client_set(client, "sasl.mechanisms", "ANONYMOUS"));
		return;
	}
	check(envoi_client_set(client, "tls.ca-file", peer.ca_file));
	check(envoi_client_set(client, "tls.system-trust", "false"));
	check(envoi_client_set(client, "sasl.mechanisms", "PLAIN"));
	check(envoi_client_set_password(client, PEER_PASSWORD));
}

void peer_open(void)
{
	struct session *session = calloc(1, sizeof(*session));
	struct envoi_client *client;
	peer_check(session != NULL, "out of memory");
	/* In clear PLAIN is refused, and ANONYMOUS has no account. */
	check(envoi_client_new(&client, context, peer.ca_file != NULL ? PEER_JID : "example.org"));
	session->handler = (struct envoi_handler)ENVOI_HANDLER(&impl);
	session->client = client;
	set_security(client);
	check(envoi_client_set(client, "server", "127.0.0.1"));
	check(envoi_client_set(client, "port", peer.port));
	check(envoi_client_set(client, "roster.fetch", peer.has_roster ? "true" : "false"));
	check(envoi_client_set(client, "reconnect.enabled", "false"));
	check(envoi_client_add(client, &session->handler));
	check(envoi_client_connect(client));
}

void peer_run(void)
{
	check(envoi_loop_run(envoi_context_loop(context)));
}

static void drain(struct envoi_xml_parser *parser)
{
	struct envoi_xml_item item;
	while (envoi_xml_parser_next(parser, &item) == ENVOI_OK) {
		peer.stanzas += item.kind == ENVOI_XML_ELEMENT;
		envoi_element_unref(item.element);
	}
}

void peer_parse(const char *data, size_t len)
{
	struct envoi_xml_parser *parser;
	check(envoi_context_new(&context, NULL));
	check(envoi_xml_parser_new(&parser, context, NULL));
	check(envoi_xml_parser_feed(parser, HEAD, strlen(HEAD)));
	for (size_t at = 0; at < len; at += PIECE) {
		check(envoi_xml_parser_feed(
			parser, data + at, len - at < PIECE ? len - at : PIECE));
		drain(parser);
	}
	envoi_xml_parser_free(parser);
	envoi_context_unref(context);
}
