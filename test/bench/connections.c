/*
 * envoi - many clients of one account on a server
 * SPDX-License-Identifier: MIT
 */
/*
 * usage: bench-connections JID PASSWORD PORT CA_FILE|none
 *
 * Reads numbers from standard input, a line each. Logs clients in to 127.0.0.1, PORT, with
 * SCRAM-SHA-256, each with a resource of its own, until as many are online, and prints
 * "online NUMBER". After the last line they disconnect. The keys of the first login serve the
 * others. In clear if there is no CA_FILE.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <envoi/envoi.h>

enum {
	MOST = 12000,
	AT_A_TIME = 8, /* logins */
};

struct bench {
	struct envoi_handler watcher; /* of all clients */
	struct envoi_context *context;
	const char *jid, *password, *port, *ca_file;
	struct envoi_client *clients[MOST];
	size_t made, online, wanted;
	struct envoi_buffer account; /* the state of the first client's */
};

static void check(int r, const char *what)
{
	if (r < 0) {
		fprintf(stderr, "connections: %s: %s\n", what, envoi_error_text(r));
		exit(1);
	}
}

static void set(struct envoi_client *client, const char *name, const char *value)
{
	check(envoi_client_set(client, name, value), name);
}

static void connect_client(struct bench *bench)
{
	char jid[300];
	struct envoi_client *client;
	snprintf(jid, sizeof(jid), "%s/r%zu", bench->jid, bench->made);
	check(envoi_client_new(&client, bench->context, jid), jid);
	bench->clients[bench->made++] = client;
	set(client, "server", "127.0.0.1");
	set(client, "port", bench->port);
	set(client, "sasl.mechanisms", "SCRAM-SHA-256");
	set(client, "tls.system-trust", "false");
	if (strcmp(bench->ca_file, "none") == 0) {
		set(client, "tls.mode", "none");
	} else {
		set(client, "tls.ca-file", bench->ca_file);
	}
	/* Each presence would go to all other resources. */
	set(client, "presence.initial", "false");
	set(client, "roster.fetch", "false");
	set(client, "reconnect.enabled", "false");
	if (bench->made == 1) {
		check(envoi_client_set_password(client, bench->password), "password");
	} else {
		check(envoi_client_load_account(client, envoi_buffer_data(&bench->account),
			      envoi_buffer_len(&bench->account)),
			"account");
	}
	check(envoi_client_add(client, &bench->watcher), "handler");
	check(envoi_client_connect(client), "connect");
}

/* The first one alone: it makes the keys. */
static void connect_more(struct bench *bench)
{
	size_t at_a_time = bench->online == 0 ? 1 : AT_A_TIME;
	while (bench->made < bench->wanted && bench->made - bench->online < at_a_time) {
		connect_client(bench);
	}
}

static void on_available(struct envoi_handler *self, const struct envoi_event *event)
{
	struct bench *bench = ENVOI_CONTAINER_OF(self, struct bench, watcher);
	(void)event;
	if (bench->online++ == 0) {
		check(envoi_client_save_account(bench->clients[0], &bench->account), "account");
	}
	if (bench->online == bench->wanted) {
		envoi_loop_quit(envoi_context_loop(bench->context));
	}
	connect_more(bench);
}

static void on_disconnected(struct envoi_handler *self, const struct envoi_event *event)
{
	const struct bench *bench = ENVOI_CONTAINER_OF(self, struct bench, watcher);
	if (bench->wanted != 0) {
		fprintf(stderr, "connections: %zu online, then: %s\n", bench->online,
			event->failure != NULL ? event->failure->text : "disconnected");
		exit(1);
	}
}

static const struct envoi_event_row events[] = {
	{ENVOI_EVENT_AVAILABLE, on_available},
	{ENVOI_EVENT_DISCONNECTED, on_disconnected},
	{ENVOI_NO_EVENT, NULL},
};
static const struct envoi_handler_impl watcher_impl = {.name = "watcher", .events = events};

static void leave(struct bench *bench)
{
	bench->wanted = 0;
	for (size_t i = 0; i < bench->made; i++) {
		envoi_client_free(bench->clients[i]);
	}
	envoi_buffer_wipe(&bench->account);
	envoi_context_unref(bench->context);
}

int main(int argc, char **argv)
{
	static struct bench bench;
	char line[32];
	uint64_t number;
	if (argc != 5) {
		fputs("usage: bench-connections JID PASSWORD PORT CA_FILE|none\n", stderr);
		return 2;
	}
	bench.watcher = (struct envoi_handler)ENVOI_HANDLER(&watcher_impl);
	bench.jid = argv[1];
	bench.password = argv[2];
	bench.port = argv[3];
	bench.ca_file = argv[4];
	check(envoi_context_new(&bench.context, NULL), "context");
	envoi_buffer_init(&bench.account, bench.context, 0);
	while (fgets(line, sizeof(line), stdin) != NULL) {
		line[strcspn(line, "\n")] = '\0';
		check(envoi_uint_parse(line, bench.online + 1, MOST, &number), "number");
		bench.wanted = number;
		connect_more(&bench);
		check(envoi_loop_run(envoi_context_loop(bench.context)), "loop");
		printf("online %zu\n", bench.online);
		fflush(stdout);
	}
	leave(&bench);
	return 0;
}
