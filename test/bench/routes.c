/*
 * envoi - what a login and a message cost by one route, at a real server
 * SPDX-License-Identifier: MIT
 *
 * usage: bench-routes MESSAGES JID PASSWORD JID PASSWORD NAME=VALUE...
 *
 * The first account logs in, then the second, with these settings; then the first sends the
 * messages to the second. Printed in one line are round trips, milliseconds and bytes on the wire
 * of the first login, microseconds of CPU time for a message at both clients together, and bytes on
 * the wire for a message at both together. Bytes are those of TCP in both directions, without
 * headers of TCP and IP. A round trip is counted where bytes come after bytes were sent, and one
 * for TCP.
 */
#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <time.h>

#include <envoi/envoi.h>

enum {
	WINDOW = 100, /* messages that were not received */
	BODY = 50, /* characters */
};

struct wire {
	unsigned long long bytes;
	unsigned int round_trips;
	bool has_sent; /* since something came */
};

struct person {
	struct envoi_handler handler;
	struct envoi_client *client;
	struct person *other;
	struct envoi_loop *loop;
	const char *jid, *password;
	bool is_online;
	int sent, received, messages;
};

static struct wire wire; /* of all connections */

/* --- the wire: the library calls these in place of the system's --- */

ssize_t send(int fd, const void *data, size_t len, int flags)
{
	static ssize_t (*system_send)(int fd, const void *data, size_t len, int flags);
	if (system_send == NULL) {
		*(void **)&system_send = dlsym(RTLD_NEXT, "send");
	}
	ssize_t sent = system_send(fd, data, len, flags);
	if (sent > 0) {
		wire.bytes += (unsigned long long)sent;
		wire.has_sent = true;
	}
	return sent;
}

ssize_t recv(int fd, void *data, size_t size, int flags)
{
	static ssize_t (*system_recv)(int fd, void *data, size_t size, int flags);
	if (system_recv == NULL) {
		*(void **)&system_recv = dlsym(RTLD_NEXT, "recv");
	}
	ssize_t received = system_recv(fd, data, size, flags);
	if (received > 0) {
		wire.bytes += (unsigned long long)received;
		wire.round_trips += wire.has_sent;
		wire.has_sent = false;
	}
	return received;
}

/* --- clients --- */

static struct person *person_of(struct envoi_handler *handler)
{
	return ENVOI_CONTAINER_OF(handler, struct person, handler);
}

static void speak(struct person *person)
{
	struct person *to = person->other;
	struct envoi_session *session = envoi_client_session(person->client);
	const char *jid = envoi_jid_text(envoi_session_jid(envoi_client_session(to->client)));
	char body[BODY + 1];
	while (person->sent < person->messages && person->sent - to->received < WINDOW) {
		snprintf(body, sizeof(body), "%0*d", BODY, person->sent++);
		if (envoi_send_text(session, jid, body, NULL) < 0) {
			envoi_loop_quit(person->loop);
			return;
		}
	}
}

static int on_message(struct envoi_handler *self, struct envoi_delivery *in)
{
	struct person *person = person_of(self);
	(void)in;
	person->received++;
	speak(person->other);
	if (person->received == person->messages) {
		envoi_loop_quit(person->loop);
	}
	return ENVOI_OK;
}

static void on_started(struct envoi_handler *self, const struct envoi_event *event)
{
	(void)event;
	person_of(self)->is_online = true;
	envoi_loop_quit(person_of(self)->loop);
}

static void on_stopped(struct envoi_handler *self, const struct envoi_event *event)
{
	(void)event;
	envoi_loop_quit(person_of(self)->loop);
}

static const struct envoi_stanza_row stanzas[] = {
	{.kind = ENVOI_MESSAGE, .type = ENVOI_TYPE_CHAT, .handle = on_message},
	ENVOI_ROWS_END,
};
static const struct envoi_event_row events[] = {
	{ENVOI_EVENT_STARTED, on_started},
	{ENVOI_EVENT_STOPPED, on_stopped},
	ENVOI_ROWS_END,
};
static const struct envoi_handler_impl person_impl = {
	.name = "person",
	.stanzas = stanzas,
	.events = events,
};

static int log_in(struct person *person, struct envoi_context *context, char **settings)
{
	static const char *const fixed[] = {"reconnect.enabled=false", "presence.initial=false",
		"roster.fetch=false", "liveness.method=none"};
	int r = envoi_client_new(&person->client, context, person->jid);
	person->handler = (struct envoi_handler)ENVOI_HANDLER(&person_impl);
	person->loop = envoi_context_loop(context);
	r = r < 0 ? r : envoi_client_set_password(person->client, person->password);
	r = r < 0 ? r : envoi_client_add(person->client, &person->handler);
	for (size_t i = 0; r == ENVOI_OK && i < sizeof(fixed) / sizeof(fixed[0]); i++) {
		r = envoi_client_set_assignment(person->client, fixed[i]);
	}
	for (; r == ENVOI_OK && *settings != NULL; settings++) {
		r = envoi_client_set_assignment(person->client, *settings);
	}
	r = r < 0 ? r : envoi_client_connect(person->client);
	r = r < 0 ? r : envoi_loop_run(person->loop);
	if (!person->is_online) {
		fprintf(stderr, "%s\n", envoi_client_failure_text(person->client));
		return ENVOI_ERR_DISCONNECTED;
	}
	return r;
}

/* --- figures --- */

static double cpu_us(void)
{
	struct rusage used;
	getrusage(RUSAGE_SELF, &used);
	return 1e6 * (double)(used.ru_utime.tv_sec + used.ru_stime.tv_sec) +
		(double)(used.ru_utime.tv_usec + used.ru_stime.tv_usec);
}

static double now_ms(void)
{
	struct timespec now;
	clock_gettime(CLOCK_MONOTONIC, &now);
	return 1e3 * (double)now.tv_sec + (double)now.tv_nsec / 1e6;
}

static int measure(
	struct person *a, struct person *b, struct envoi_context *context, char **settings)
{
	double start_ms = now_ms();
	int r = log_in(a, context, settings);
	if (r < 0) {
		return r;
	}
	double login_ms = now_ms() - start_ms;
	unsigned int round_trips = 1 + wire.round_trips;
	unsigned long long login_bytes = wire.bytes;
	r = log_in(b, context, settings);
	if (r < 0) {
		return r;
	}
	unsigned long long bytes = wire.bytes;
	double cpu = cpu_us();
	speak(a);
	r = envoi_loop_run(a->loop);
	printf("%u %.0f %llu %.1f %.0f\n", round_trips, login_ms, login_bytes,
		(cpu_us() - cpu) / a->messages, (double)(wire.bytes - bytes) / (double)a->messages);
	return r < 0 || b->received != b->messages ? ENVOI_ERR_DISCONNECTED : ENVOI_OK;
}

int main(int argument_count, char **arguments)
{
	struct envoi_context *context;
	static struct person a, b;
	if (argument_count < 6 || envoi_context_new(&context, NULL) < 0) {
		fputs("usage: bench-routes MESSAGES JID PASSWORD JID PASSWORD NAME=VALUE...\n",
			stderr);
		return 2;
	}
	int messages = (int)strtol(arguments[1], NULL, 10);
	a = (struct person){.other = &b, .jid = arguments[2], .password = arguments[3]};
	b = (struct person){.other = &a, .jid = arguments[4], .password = arguments[5]};
	a.messages = b.messages = messages;
	int r = measure(&a, &b, context, arguments + 6);
	envoi_client_free(a.client);
	envoi_client_free(b.client);
	envoi_context_unref(context);
	return r == ENVOI_OK ? 0 : 1;
}
