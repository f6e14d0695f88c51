/*
 * A program that writes each message to a store of its own, and acknowledges it after that. A
 * message that is not in the store when the program ends is delivered again by the server.
 *
 *	ENVOI_PASSWORD=... own_store alice@example.org/archive FILE [NAME=VALUE...]
 *
 * FILE is the store, with a line for each message: "KEY <message .../>". Lines are written in
 * batches. The program ends at SIGTERM.
 */
#ifndef _POSIX_C_SOURCE
#define _POSIX_C_SOURCE 200809L
#endif
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <event2/buffer.h>
#include <event2/event.h>

#include <envoi/envoi.h>
#include <envoi/ext/stanza_ids.h>

enum {
	BATCH = 100, /* the most messages of a batch */
	BATCH_MS = 50, /* the longest time for which a message waits for its batch */
	KEY_SIZE = 8192,
};

struct program {
	struct envoi_handler handler;
	struct envoi_client *client;
	struct event *signal, *batch_timer;
	struct evbuffer *store; /* a copy of the file, to search in */
	struct evbuffer *batch; /* lines that are not in the file yet */
	struct envoi_hold *holds[BATCH]; /* of the messages of the batch */
	size_t held;
	int store_fd;
};

/* Ends at once: the messages that are held are not acknowledged, and the server keeps them. */
static void die(const char *what)
{
	perror(what);
	exit(1);
}

/* --- the store --- */

static void open_store(struct program *program, const char *path)
{
	int n = 0;
	program->store_fd = open(path, O_RDWR | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
	while (program->store_fd >= 0 &&
		(n = evbuffer_read(program->store, program->store_fd, -1)) > 0) {
	}
	if (program->store_fd < 0 || n < 0) {
		die(path);
	}
}

static void write_batch(struct program *program)
{
	while (evbuffer_get_length(program->batch) > 0) {
		if (evbuffer_write(program->batch, program->store_fd) < 0 && errno != EINTR) {
			die("store");
		}
	}
	if (fdatasync(program->store_fd) < 0) {
		die("store");
	}
}

static void end_batch(struct program *program)
{
	write_batch(program);
	while (program->held > 0) { /* the messages are in the store: they are acknowledged now */
		envoi_hold_release(program->holds[--program->held]);
	}
}

static void on_batch_timer(evutil_socket_t fd, short what, void *user)
{
	(void)fd;
	(void)what;
	end_batch(user);
}

/* A written element is one line. */
static int add_line(struct program *program, const char *key, const struct envoi_stanza *message)
{
	struct envoi_session *session = envoi_client_session(program->client);
	struct envoi_buffer line;
	envoi_buffer_init(&line, envoi_session_context(session), 0);
	int r = envoi_buffer_printf(&line, "%s ", key);
	if (r == ENVOI_OK) {
		r = envoi_xml_write(&line, envoi_stanza_element(message), NULL);
	}
	if (r == ENVOI_OK) {
		r = envoi_buffer_append_text(&line, "\n");
	}
	size_t len = envoi_buffer_len(&line);
	if (r == ENVOI_OK &&
		(evbuffer_add(program->batch, envoi_buffer_data(&line), len) < 0 ||
			evbuffer_add(program->store, envoi_buffer_data(&line), len) < 0)) {
		r = ENVOI_ERR_NOMEM;
	}
	envoi_buffer_finish(&line);
	return r;
}

/* --- messages that come again --- */

/*
 * The sender and the id, in hexadecimal. They are the same when the server delivers the message
 * again, and when the sender's client sends it again (XEP-0359). The sender is an account, or the
 * occupant of a room. "-": a message without id is not recognised.
 */
static void make_key(char key[KEY_SIZE], const struct envoi_stanza *message)
{
	const struct envoi_jid *from = envoi_stanza_from(message);
	const char *origin = envoi_stanza_ids_origin(message);
	const char *id = origin != NULL ? origin : envoi_stanza_id(message);
	strcpy(key, "-");
	if (from == NULL || id == NULL || strlen(id) > 512) {
		return;
	}
	size_t len = envoi_stanza_type(message) == ENVOI_TYPE_GROUPCHAT
		? strlen(envoi_jid_text(from))
		: envoi_jid_bare_len(from);
	envoi_hex_encode(key, envoi_jid_text(from), len); /* at most 3,071 bytes */
	key[2 * len] = '-';
	envoi_hex_encode(key + 2 * len + 1, id, strlen(id));
}

/* In a written element "<" is escaped: what is found is the beginning of a line. */
static bool is_stored(const struct program *program, const char *key)
{
	char start[KEY_SIZE + 16];
	int len = snprintf(start, sizeof(start), "%s <message", key);
	return strcmp(key, "-") != 0 &&
		evbuffer_search(program->store, start, (size_t)len, NULL).pos >= 0;
}

/* --- messages --- */

static int on_message(struct envoi_handler *self, struct envoi_delivery *in)
{
	struct program *program = ENVOI_CONTAINER_OF(self, struct program, handler);
	const struct envoi_stanza *message = envoi_delivery_stanza(in);
	char key[KEY_SIZE];
	make_key(key, message);
	if (is_stored(program, key)) {
		return ENVOI_OK;
	}
	if (program->held == BATCH) {
		end_batch(program);
	}
	struct envoi_hold **hold = &program->holds[program->held];
	if (envoi_session_hold(envoi_delivery_session(in), hold) < 0 ||
		add_line(program, key, message) < 0) {
		die("out of memory");
	}
	if (program->held++ == 0) {
		event_add(program->batch_timer, &(struct timeval){.tv_usec = BATCH_MS * 1000});
	}
	return ENVOI_OK;
}

static const struct envoi_stanza_row stanzas[] = {
	{.kind = ENVOI_MESSAGE, .handle = on_message},
	ENVOI_ROWS_END,
};

/* --- the program --- */

static void on_signal(evutil_socket_t fd, short what, void *user)
{
	struct program *program = user;
	(void)fd;
	(void)what;
	end_batch(program);
	envoi_client_disconnect(program->client); /* acknowledges before it closes the stream */
}

/* With no event left the loop ends. */
static void on_stopped(struct envoi_handler *self, const struct envoi_event *event)
{
	struct program *program = ENVOI_CONTAINER_OF(self, struct program, handler);
	(void)event;
	end_batch(program);
	event_del(program->batch_timer);
	event_del(program->signal);
}

static const struct envoi_event_row events[] = {
	{.type = ENVOI_EVENT_STOPPED, .handle = on_stopped},
	ENVOI_ROWS_END,
};
static const struct envoi_handler_impl program_impl = {
	.name = "program",
	.stanzas = stanzas,
	.events = events,
};

static int connect_client(struct program *program, char **assignments)
{
	envoi_client_set_password(program->client, getenv("ENVOI_PASSWORD"));
	envoi_client_set(program->client, "reconnect.initial", "true");
	envoi_client_set_assignments(program->client, assignments);
	envoi_client_add(program->client, &program->handler);
	return envoi_client_connect(program->client); /* returns the errors of these setters */
}

static bool make_parts(struct program *program, struct event_base *base)
{
	program->signal = evsignal_new(base, SIGTERM, on_signal, program);
	program->batch_timer = evtimer_new(base, on_batch_timer, program);
	program->store = evbuffer_new();
	program->batch = evbuffer_new();
	return program->signal != NULL && program->batch_timer != NULL && program->store != NULL &&
		program->batch != NULL && event_add(program->signal, NULL) == 0;
}

int main(int argc, char **argv)
{
	struct program program = {.handler = ENVOI_HANDLER(&program_impl)};
	struct envoi_context *context;
	struct event_base *base = event_base_new();
	if (argc < 3 || base == NULL || envoi_context_new_on_libevent(&context, base) < 0 ||
		envoi_client_new(&program.client, context, argv[1]) < 0) {
		fprintf(stderr, "usage: own_store JID FILE [NAME=VALUE...]\n");
		return 2;
	}
	if (!make_parts(&program, base)) {
		die("out of memory");
	}
	open_store(&program, argv[2]);
	if (connect_client(&program, argv + 3) == ENVOI_OK) {
		event_base_dispatch(base);
	}
	const struct envoi_failure *failure = envoi_client_failure(program.client);
	bool has_failed = failure != NULL && failure->code != ENVOI_OK;
	if (has_failed) {
		fprintf(stderr, "%s\n", envoi_client_failure_text(program.client));
	}
	envoi_client_free(program.client);
	envoi_context_unref(context);
	event_free(program.signal);
	event_free(program.batch_timer);
	evbuffer_free(program.store);
	evbuffer_free(program.batch);
	event_base_free(base);
	close(program.store_fd);
	return has_failed;
}
