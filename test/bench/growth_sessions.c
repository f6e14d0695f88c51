/*
 * envoi - benchmarks: how costs grow: sessions of one process
 * SPDX-License-Identifier: MIT
 */
#include "growth.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <envoi/interfaces/transport.h>
#include <envoi/memory.h>

#define HEAD \
	"<stream:stream xmlns='jabber:client' id='1' version='1.0' from='example.org' " \
	"xmlns:stream='http://etherx.jabber.org/streams'><stream:features>"
#define SASL "xmlns='urn:ietf:params:xml:ns:xmpp-sasl'"
#define BIND "xmlns='urn:ietf:params:xml:ns:xmpp-bind'"
#define MESSAGE "<message from='bob@example.org/home' type='chat'><body>hello</body></message>"

/** A client, and the server's end of its connection. */
struct one {
	struct envoi_client *client;
	struct envoi_memory_end *end;
	bool has_authenticated;
};

static struct one *all;
static size_t count;

static void say(struct envoi_memory_end *end, const char *xml)
{
	bench_check(envoi_memory_end_send(end, xml, strlen(xml)));
}

static void answer(struct one *one, const char *heard)
{
	const char *iq = strstr(heard, "<iq");
	char xml[512];
	if (strstr(heard, "<stream:stream") != NULL) {
		say(one->end, HEAD);
		say(one->end,
			one->has_authenticated ? "<bind " BIND "/></stream:features>"
					       : "<mechanisms " SASL
						 "><mechanism>PLAIN</mechanism></mechanisms>"
						 "</stream:features>");
	} else if (strstr(heard, "<auth") != NULL) {
		one->has_authenticated = true;
		say(one->end, "<success " SASL "/>");
	} else if (iq != NULL) {
		const char *id = strstr(iq, " id=") + strlen(" id='");
		snprintf(xml, sizeof(xml),
			"<iq type='result' id='%.*s'><bind " BIND
			"><jid>alice@example.org/desk</jid></bind></iq>",
			(int)strcspn(id, "'\""), id);
		say(one->end, xml);
	}
}

NOT_INLINED void bench_server_speaks_to_many(void *user, struct envoi_memory_end *end);

void bench_server_speaks_to_many(void *user, struct envoi_memory_end *end)
{
	struct envoi_buffer *received = envoi_memory_end_received(end);
	char heard[2048];
	snprintf(heard, sizeof(heard), "%.*s", (int)envoi_buffer_len(received),
		envoi_buffer_data(received));
	envoi_buffer_consume(received, envoi_buffer_len(received));
	answer(user, heard);
}

static int on_connect(void *user, struct envoi_memory_pair *pair, const char *domain)
{
	struct one *one = user;
	(void)domain;
	return envoi_memory_end_new(
		&one->end, pair, ENVOI_MEMORY_B, bench_server_speaks_to_many, one);
}

static void open_one(struct one *one)
{
	struct envoi_connector *connector;
	bench_check(envoi_client_new(&one->client, world.context, "alice@example.org"));
	bench_check(envoi_memory_connector_new(&connector, world.context, on_connect, one, true));
	bench_check(envoi_client_set(one->client, "tls.mode", "none"));
	bench_check(envoi_client_set(one->client, "sasl.mechanisms", "PLAIN"));
	bench_check(envoi_client_set(one->client, "roster.fetch", "false"));
	bench_check(envoi_client_set_password(one->client, "pencil"));
	bench_check(envoi_client_add_connector(one->client, connector));
	bench_check(envoi_client_connect(one->client));
}

static void open_all(size_t size)
{
	all = growth_allocate(size, sizeof(*all));
	for (count = 0; count < size; count++) {
		open_one(&all[count]);
		while (!envoi_session_is_online(envoi_client_session(all[count].client))) {
			bench_check(envoi_loop_run_once(world.loop, false));
		}
	}
}

static void close_all(size_t size)
{
	(void)size;
	while (count > 0) {
		count--;
		envoi_client_free(all[count].client);
		envoi_memory_end_free(all[count].end);
	}
	free(all);
	all = NULL;
}

static void say_to_one(size_t size)
{
	say(all[size / 2].end, MESSAGE);
}

/* A turn of the loop, with virtual time that does not go on. */
static void receive_one(size_t size)
{
	(void)size;
	for (int turns = 0; turns < 5; turns++) {
		bench_check(envoi_loop_run_once(world.loop, false));
	}
}

const struct curve growth_of_sessions[] = {
	{"logins", NULL, NULL, open_all, close_all}, /* sessions that stay */
	{"sessions", NULL, open_all, receive_one, say_to_one}, /* idle ones, beside one message */
	{.name = NULL},
};
