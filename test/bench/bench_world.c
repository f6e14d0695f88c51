/*
 * envoi - benchmarks: a client, and a server of few words, over memory, in clear
 * SPDX-License-Identifier: MIT
 */
#include "bench_world.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <envoi/interfaces/transport.h>
#include <envoi/values.h>

#define HEAD \
	"<stream:stream xmlns='jabber:client' id='1' version='1.0' from='example.org' " \
	"xmlns:stream='http://etherx.jabber.org/streams'>"
#define SASL "xmlns='urn:ietf:params:xml:ns:xmpp-sasl'"
#define SM "xmlns='urn:xmpp:sm:3'"
#define BIND "xmlns='urn:ietf:params:xml:ns:xmpp-bind'"

struct bench_world world;

void bench_check(int r)
{
	if (r < 0) {
		fprintf(stderr, "bench: %s\n", envoi_error_text(r));
		exit(1);
	}
}

/* --- the server --- */

static void begin_exchange(void)
{
	const struct envoi_sasl_parameters parameters = {
		.role = ENVOI_RECEIVER,
		.hostname = "example.org",
		.min_iterations = world.iterations,
	};
	bench_check(envoi_sasl_start(&world.exchange, world.context,
		envoi_sasl_find(world.context, world.mechanism), &parameters));
}

void bench_say(const char *xml)
{
	bench_check(envoi_memory_end_send(world.end, xml, strlen(xml)));
}

static void step(const char *heard)
{
	const char *text = strchr(heard, '>') + 1;
	size_t len = strcspn(text, "<"), data_len;
	char data[512], encoded[512], xml[1024];
	struct envoi_buffer out;
	envoi_buffer_init(&out, world.context, 0);
	bench_check(envoi_base64_decode(data, &data_len, text, len));
	int r = envoi_sasl_step(world.exchange, data, data_len, &out);
	while (r == ENVOI_SASL_BUSY || r == ENVOI_SASL_NEEDS_ACCOUNT) {
		if (r == ENVOI_SASL_NEEDS_ACCOUNT) {
			bench_check(envoi_sasl_give_account(world.exchange,
				&(struct envoi_sasl_account){.password = "pencil"}));
		}
		r = envoi_sasl_step(world.exchange, NULL, 0, &out);
	}
	bench_check(r);
	world.has_authenticated = r == ENVOI_OK;
	envoi_base64_encode(encoded, envoi_buffer_data(&out), envoi_buffer_len(&out));
	snprintf(xml, sizeof(xml), "<%s " SASL ">%s</%s>", r == ENVOI_OK ? "success" : "challenge",
		encoded, r == ENVOI_OK ? "success" : "challenge");
	envoi_buffer_finish(&out);
	bench_say(xml);
}

static void say_features(void)
{
	char xml[512];
	snprintf(xml, sizeof(xml), HEAD "<stream:features>%s%s%s%s</stream:features>",
		world.has_authenticated && world.is_managed ? "<sm " SM "/>" : "",
		world.has_authenticated ? "<bind " BIND "/>" : "<mechanisms " SASL "><mechanism>",
		world.has_authenticated ? "" : world.mechanism,
		world.has_authenticated ? "" : "</mechanism></mechanisms>");
	bench_say(xml);
}

/* A result with the id of what was asked. */
static void confirm(const char *heard)
{
	char xml[512];
	const char *id = strstr(heard, " id=");
	snprintf(xml, sizeof(xml), "<iq type='result' id='%.*s'>", (int)strcspn(id + 5, "'\""),
		id + 5);
	bench_say(xml);
	if (strstr(heard, "ns:xmpp-bind") != NULL) {
		bench_say("<bind " BIND "><jid>alice@example.org/desk</jid></bind>");
	} else if (strstr(heard, "jabber:iq:roster") != NULL && world.roster != NULL) {
		bench_say(world.roster);
	}
	bench_say("</iq>");
}

NOT_INLINED void bench_server_speaks(void *user, struct envoi_memory_end *end);

static bool begins(const char *at, const char *end, const char *tag)
{
	size_t len = strlen(tag);
	return (size_t)(end - at) > len && memcmp(at, tag, len) == 0;
}

static void manage(const char *at, const char *end)
{
	char xml[64];
	if (begins(at, end, "<enable ")) {
		world.has_enabled = true;
		bench_say("<enabled " SM " id='s' resume='true'/>");
	} else if (begins(at, end, "<r ") && !world.withholds) {
		snprintf(xml, sizeof(xml), "<a " SM " h='%u'/>", (unsigned int)world.stanzas);
		bench_say(xml);
	} else if (world.has_enabled) {
		world.stanzas += begins(at, end, "<message") || begins(at, end, "<iq ") ||
			begins(at, end, "<presence");
	}
}

static void count_stanzas(struct envoi_buffer *received)
{
	const char *at = envoi_buffer_data(received), *end = at + envoi_buffer_len(received);
	while (at != NULL && (at = memchr(at, '<', (size_t)(end - at))) != NULL) {
		world.messages += begins(at, end, "<message");
		if (world.is_managed) {
			manage(at, end);
		}
		at++;
	}
}

void bench_server_speaks(void *user, struct envoi_memory_end *end)
{
	(void)user;
	struct envoi_buffer *received = envoi_memory_end_received(end);
	count_stanzas(received);
	char heard[2048];
	snprintf(heard, sizeof(heard), "%.*s", (int)envoi_buffer_len(received),
		envoi_buffer_data(received));
	envoi_buffer_consume(received, envoi_buffer_len(received));
	if (strstr(heard, "<stream:stream") != NULL) {
		say_features();
	} else if (strstr(heard, "<auth") != NULL || strstr(heard, "<response") != NULL) {
		step(heard);
	} else if (strstr(heard, "<iq") != NULL) {
		confirm(strstr(heard, "<iq"));
	} else if (strstr(heard, "</stream:stream>") != NULL) {
		bench_say("</stream:stream>");
	}
}

static int on_connect(void *user, struct envoi_memory_pair *pair, const char *domain)
{
	(void)user, (void)domain;
	world.has_authenticated = false;
	begin_exchange();
	return envoi_memory_end_new(&world.end, pair, ENVOI_MEMORY_B, bench_server_speaks, NULL);
}

/* --- the client --- */

static void on_available(struct envoi_handler *self, const struct envoi_event *event)
{
	(void)self, (void)event;
	world.is_online = true;
}

static const struct envoi_event_row events[] = {
	{ENVOI_EVENT_AVAILABLE, on_available},
	{ENVOI_NO_EVENT, NULL},
};
static const struct envoi_handler_impl watcher_impl = {.name = "watcher", .events = events};

void bench_begin(const char *mechanism, unsigned int iterations)
{
	world.mechanism = mechanism;
	world.iterations = iterations;
	struct envoi_connector *connector;
	bench_check(envoi_context_new(&world.context, NULL));
	bench_check(envoi_loop_new_simulated(&world.loop, world.context));
	bench_check(envoi_context_take_loop(world.context, world.loop));
	bench_check(envoi_client_new(&world.client, world.context, "alice@example.org"));
	bench_check(envoi_memory_connector_new(&connector, world.context, on_connect, NULL, true));
	world.watcher = (struct envoi_handler)ENVOI_HANDLER(&watcher_impl);
	bench_check(envoi_client_set(world.client, "tls.mode", "none"));
	bench_check(envoi_client_set(world.client, "sasl.mechanisms", world.mechanism));
	bench_check(envoi_client_set_password(world.client, "pencil"));
	bench_check(envoi_client_add(world.client, &world.watcher));
	bench_check(envoi_client_add_connector(world.client, connector));
}

void bench_log_in(void)
{
	world.is_online = false;
	bench_check(envoi_client_connect(world.client));
	for (int turns = 0; turns < 1000 && !world.is_online; turns++) {
		bench_check(envoi_loop_run_once(world.loop, false));
	}
}

void bench_log_out(void)
{
	if (!world.is_online) {
		fprintf(stderr, "bench: %s\n", envoi_client_failure_text(world.client));
		exit(1);
	}
	envoi_client_disconnect(world.client);
	bench_check(envoi_loop_simulated_run_for(world.loop, 10000));
	envoi_memory_end_free(world.end);
	envoi_sasl_free(world.exchange);
}

void bench_end(void)
{
	envoi_client_free(world.client);
	envoi_context_unref(world.context);
}
