/*
 * envoi - what a login costs the client
 * SPDX-License-Identifier: MIT
 */
/*
 * usage: bench-login MECHANISM ITERATIONS password|keys LOGINS
 *
 * Logs in, again and again, in clear, over memory, to a server of few words. What is to be counted
 * is done in log_in(), but for server_speaks(): see run-login.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <envoi/client.h>
#include <envoi/context.h>
#include <envoi/interfaces/sasl.h>
#include <envoi/interfaces/transport.h>
#include <envoi/mainloop.h>
#include <envoi/memory.h>
#include <envoi/values.h>

#define NOT_INLINED __attribute__((noinline))
#define HEAD \
	"<stream:stream xmlns='jabber:client' id='1' version='1.0' from='example.org' " \
	"xmlns:stream='http://etherx.jabber.org/streams'>"
#define SASL "xmlns='urn:ietf:params:xml:ns:xmpp-sasl'"
#define BIND "xmlns='urn:ietf:params:xml:ns:xmpp-bind'"

static struct {
	struct envoi_context *context;
	struct envoi_loop *loop;
	struct envoi_client *client;
	struct envoi_handler watcher;
	struct envoi_memory_end *end; /* the server's */
	struct envoi_sasl_exchange *exchange;
	const char *mechanism;
	unsigned int iterations;
	bool has_authenticated, is_online;
} world;

static void check(int r)
{
	if (r < 0) {
		fprintf(stderr, "bench-login: %s\n", envoi_error_text(r));
		exit(1);
	}
}

/* --- the server --- */

static int look_up(void *user, const char *authcid, char **ret_password)
{
	(void)user, (void)authcid;
	*ret_password = envoi_strndup(world.context, "pencil", 6);
	return *ret_password == NULL ? ENVOI_ERR_NOMEM : ENVOI_OK;
}

static void begin_exchange(void)
{
	const struct envoi_sasl_parameters parameters = {
		.role = ENVOI_RECEIVER,
		.hostname = "example.org",
		.min_iterations = world.iterations,
		.lookup = look_up,
	};
	check(envoi_sasl_start(&world.exchange, world.context,
		envoi_sasl_find(world.context, world.mechanism), &parameters));
}

static void say(const char *xml)
{
	check(envoi_memory_end_send(world.end, xml, strlen(xml)));
}

static void step(const char *heard)
{
	const char *text = strchr(heard, '>') + 1;
	size_t len = strcspn(text, "<"), data_len;
	char data[512], encoded[512], xml[1024];
	struct envoi_buffer out;
	envoi_buffer_init(&out, world.context, 0);
	check(envoi_base64_decode(data, &data_len, text, len));
	int r = envoi_sasl_step(world.exchange, data, data_len, &out);
	while (r == ENVOI_SASL_BUSY) {
		r = envoi_sasl_step(world.exchange, NULL, 0, &out);
	}
	check(r);
	world.has_authenticated = r == ENVOI_OK;
	envoi_base64_encode(encoded, envoi_buffer_data(&out), envoi_buffer_len(&out));
	snprintf(xml, sizeof(xml), "<%s " SASL ">%s</%s>", r == ENVOI_OK ? "success" : "challenge",
		encoded, r == ENVOI_OK ? "success" : "challenge");
	envoi_buffer_finish(&out);
	say(xml);
}

static void say_features(void)
{
	char xml[512];
	snprintf(xml, sizeof(xml), HEAD "<stream:features>%s%s%s</stream:features>",
		world.has_authenticated ? "<bind " BIND "/>" : "<mechanisms " SASL "><mechanism>",
		world.has_authenticated ? "" : world.mechanism,
		world.has_authenticated ? "" : "</mechanism></mechanisms>");
	say(xml);
}

/* A result with the id of what was asked. */
static void confirm(const char *heard)
{
	char xml[512];
	const char *id = strstr(heard, " id=");
	snprintf(xml, sizeof(xml), "<iq type='result' id='%.*s'>%s</iq>",
		(int)strcspn(id + 5, "'\""), id + 5,
		strstr(heard, "ns:xmpp-bind") != NULL ? "<bind " BIND
							"><jid>alice@example.org/desk</jid></bind>"
						      : "");
	say(xml);
}

NOT_INLINED static void server_speaks(void *user, struct envoi_memory_end *end)
{
	(void)user;
	struct envoi_buffer *received = envoi_memory_end_received(end);
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
		say("</stream:stream>");
	}
}

static int on_connect(void *user, struct envoi_memory_pair *pair, const char *domain)
{
	(void)user, (void)domain;
	world.has_authenticated = false;
	begin_exchange();
	return envoi_memory_end_new(&world.end, pair, ENVOI_MEMORY_B, server_speaks, NULL);
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

static void begin(void)
{
	struct envoi_connector *connector;
	check(envoi_context_new(&world.context, NULL));
	check(envoi_loop_new_simulated(&world.loop, world.context));
	check(envoi_context_take_loop(world.context, world.loop));
	check(envoi_client_new(&world.client, world.context, "alice@example.org"));
	check(envoi_memory_connector_new(&connector, world.context, on_connect, NULL));
	envoi_memory_connector_set_secure(connector);
	world.watcher = (struct envoi_handler)ENVOI_HANDLER(&watcher_impl);
	check(envoi_client_set(world.client, "tls.mode", "none"));
	check(envoi_client_set(world.client, "sasl.mechanisms", world.mechanism));
	check(envoi_client_set_password(world.client, "pencil"));
	check(envoi_client_add(world.client, &world.watcher));
	check(envoi_client_add_connector(world.client, connector));
}

NOT_INLINED static void log_in(void)
{
	world.is_online = false;
	check(envoi_client_connect(world.client));
	for (int turns = 0; turns < 1000 && !world.is_online; turns++) {
		check(envoi_loop_run_once(world.loop, false));
	}
}

static void log_out(void)
{
	if (!world.is_online) {
		fprintf(stderr, "bench-login: %s\n", envoi_client_failure_text(world.client));
		exit(1);
	}
	envoi_client_disconnect(world.client);
	check(envoi_loop_simulated_run_for(world.loop, 10000));
	envoi_memory_end_free(world.end);
	envoi_sasl_free(world.exchange);
}

int main(int argc, char **argv)
{
	uint64_t iterations, logins;
	if (argc != 5 || envoi_uint_parse(argv[2], 1, 1000000, &iterations) < 0 ||
		envoi_uint_parse(argv[4], 1, 1000000, &logins) < 0) {
		fputs("usage: bench-login MECHANISM ITERATIONS password|keys LOGINS\n", stderr);
		return 2;
	}
	world.mechanism = argv[1];
	world.iterations = (unsigned int)iterations;
	begin();
	for (uint64_t i = 0; i < logins; i++) {
		if (strcmp(argv[3], "password") == 0) {
			envoi_client_forget_keys(world.client);
		}
		log_in();
		log_out();
	}
	envoi_client_free(world.client);
	envoi_context_unref(world.context);
	return 0;
}
