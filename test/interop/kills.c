/*
 * envoi - a client whose process is killed again and again goes on by its journal: what was
 * acknowledged arrives, and nothing arrives twice
 * SPDX-License-Identifier: MIT
 *
 * usage: interop_kills HOST PORT CA_FILE DOMAIN FOLDER KILLS SEED
 *
 * This process is bob. alice is a process of its own that keeps a journal in FOLDER, sends messages
 * "GENERATION NUMBER" to bob, and notes there which were acknowledged; bob kills it KILLS times, each
 * time after a random number of messages. The last one sends some and leaves.
 */
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <envoi/mainloop.h>

#include "common.h"

enum {
	OPEN = 20, /* messages whose tickets are open */
	LAST = 50, /* messages of the last process */
	MOST = 1000, /* messages of a process */
	GENERATIONS = 1001,
};

/* --- alice --- */

struct alice {
	struct envoi_handler handler;
	struct envoi_journal journal;
	struct envoi_client *client;
	const char *domain;
	int journal_fd, notes_fd;
	int generation, most, sent, open;
	struct envoi_ticket tickets[MOST];
};

static void note(const struct alice *alice, const char *what, int number)
{
	char line[64];
	int len = snprintf(line, sizeof(line), "%s %d %d\n", what, alice->generation, number);
	if (write(alice->notes_fd, line, (size_t)len) != len) {
		perror("notes");
	}
}

static int append(struct envoi_journal *journal, const void *record, size_t len)
{
	const struct alice *alice = ENVOI_CONTAINER_OF(journal, struct alice, journal);
	return write(alice->journal_fd, record, len) == (ssize_t)len ? ENVOI_OK : ENVOI_ERR_SYSTEM;
}

static const struct envoi_journal_impl journal_impl = {append};

static void speak(struct alice *alice);

static void on_ticket(struct envoi_ticket *ticket, const struct envoi_ticket_report *report)
{
	struct alice *alice = ticket->user;
	if (report->state == ENVOI_TICKET_ACKNOWLEDGED) {
		note(alice, "acknowledged", (int)(ticket - alice->tickets));
	}
	alice->open--;
	speak(alice);
	if (alice->open == 0 && alice->sent == alice->most) {
		envoi_client_quit(alice->client);
	}
}

static void speak(struct alice *alice)
{
	struct envoi_session *session = envoi_client_session(alice->client);
	while (alice->open < OPEN && alice->sent < alice->most) {
		char to[256], body[64];
		struct envoi_ticket *ticket = &alice->tickets[alice->sent];
		*ticket = (struct envoi_ticket){.done = on_ticket, .user = alice};
		snprintf(to, sizeof(to), "bob@%s", alice->domain);
		snprintf(body, sizeof(body), "%d %d", alice->generation, alice->sent);
		if (envoi_send_text(session, to, body, ticket) < 0) {
			return;
		}
		alice->sent++;
		alice->open++;
	}
}

static void on_ready(struct envoi_handler *self, const struct envoi_event *event)
{
	struct alice *alice = ENVOI_CONTAINER_OF(self, struct alice, handler);
	note(alice, envoi_event_name(event->type), 0);
	speak(alice);
}

/* Prosody up to 0.12 goes on reading with the parser of the lost connection, which may have part of
 * a stanza: that ends the stream, and the session. */
static void on_disconnected(struct envoi_handler *self, const struct envoi_event *event)
{
	if (event->failure->stream_condition == ENVOI_STREAM_NOT_WELL_FORMED) {
		note(ENVOI_CONTAINER_OF(self, struct alice, handler), "malformed", 0);
	}
}

static const struct envoi_event_row alice_events[] = {
	{ENVOI_EVENT_STARTED, on_ready},
	{ENVOI_EVENT_RESUMED, on_ready},
	{ENVOI_EVENT_DISCONNECTED, on_disconnected},
	ENVOI_ROWS_END,
};
static const struct envoi_handler_impl alice_impl = {.events = alice_events};

static int load(struct alice *alice)
{
	struct envoi_buffer old;
	envoi_buffer_init(&old, envoi_session_context(envoi_client_session(alice->client)), 0);
	char piece[4096];
	ssize_t n;
	int r = ENVOI_OK;
	while (r == ENVOI_OK && (n = read(alice->journal_fd, piece, sizeof(piece))) > 0) {
		r = envoi_buffer_append(&old, piece, (size_t)n);
	}
	if (r == ENVOI_OK) {
		r = envoi_client_load_journal(
			alice->client, envoi_buffer_data(&old), envoi_buffer_len(&old));
	}
	envoi_buffer_finish(&old);
	return r;
}

static int open_file(const char *folder, const char *name)
{
	char path[512];
	snprintf(path, sizeof(path), "%s/%s", folder, name);
	return open(path, O_RDWR | O_CREAT | O_APPEND, 0600);
}

static int be_alice(char **arguments, int generation, int most)
{
	static struct alice alice;
	struct envoi_context *context;
	char jid[256];
	if (envoi_context_new(&context, NULL) < 0) {
		return 2;
	}
	snprintf(jid, sizeof(jid), "alice@%s/alice", arguments[4]);
	alice = (struct alice){
		.handler = {&alice_impl},
		.journal = {&journal_impl},
		.domain = arguments[4],
		.journal_fd = open_file(arguments[5], "journal"),
		.notes_fd = open_file(arguments[5], "notes"),
		.generation = generation,
		.most = most,
		.client = interop_client(
			context, arguments[1], arguments[2], arguments[3], jid, "secret-alice"),
	};
	envoi_client_set(alice.client, "reconnect.first", "50ms");
	envoi_client_add(alice.client, &alice.handler);
	int r = load(&alice);
	if (r == ENVOI_OK) {
		r = envoi_session_set_journal(envoi_client_session(alice.client), &alice.journal);
	}
	if (r == ENVOI_OK) {
		r = envoi_client_run(alice.client);
	}
	if (r < 0) {
		fprintf(stderr, "alice: %s: %s\n", envoi_error_text(r),
			envoi_client_failure_text(alice.client));
	}
	envoi_client_free(alice.client);
	envoi_context_unref(context);
	close(alice.journal_fd);
	close(alice.notes_fd);
	return r < 0;
}

/* --- bob --- */

struct bob {
	struct envoi_handler handler;
	struct envoi_client *client;
	char **arguments;
	pid_t child;
	int generation, kills, heard, kill_at;
	unsigned char times[GENERATIONS][MOST];
};

static void start_alice(struct bob *bob)
{
	bob->heard = 0;
	bob->kill_at = 1 + rand() % 60;
	bob->child = fork();
	if (bob->child == 0) {
		static char role[] = "alice", most[] = "1000", last[] = "50";
		char generation[16];
		snprintf(generation, sizeof(generation), "%d", bob->generation);
		char *arguments[] = {bob->arguments[0], bob->arguments[1], bob->arguments[2],
			bob->arguments[3], bob->arguments[4], bob->arguments[5], role, generation,
			bob->generation < bob->kills ? most : last, NULL};
		execv("/proc/self/exe", arguments);
		_exit(127);
	}
}

static void kill_alice(struct bob *bob)
{
	kill(bob->child, SIGKILL);
	(void)waitpid(bob->child, NULL, 0);
	bob->generation++;
	start_alice(bob);
}

static int on_message(struct envoi_handler *self, struct envoi_delivery *in)
{
	struct bob *bob = ENVOI_CONTAINER_OF(self, struct bob, handler);
	const char *body = envoi_message_body(envoi_delivery_stanza(in), NULL);
	int generation = -1, number = -1;
	if (body == NULL || sscanf(body, "%d %d", &generation, &number) != 2 || generation < 0 ||
		generation >= GENERATIONS || number < 0 || number >= MOST) {
		return ENVOI_DECLINED;
	}
	bob->times[generation][number]++;
	bob->heard += generation == bob->generation;
	if (bob->generation < bob->kills && bob->heard >= bob->kill_at) {
		kill_alice(bob);
	} else if (generation == bob->kills && number == LAST - 1) {
		envoi_client_quit(bob->client);
	}
	return ENVOI_OK;
}

static void on_available(struct envoi_handler *self, const struct envoi_event *event)
{
	(void)event;
	start_alice(ENVOI_CONTAINER_OF(self, struct bob, handler));
}

static const struct envoi_stanza_row bob_stanzas[] = {
	{.kind = ENVOI_MESSAGE, .type = ENVOI_TYPE_CHAT, .handle = on_message},
	ENVOI_ROWS_END,
};
static const struct envoi_event_row bob_events[] = {
	{ENVOI_EVENT_AVAILABLE, on_available},
	ENVOI_ROWS_END,
};
static const struct envoi_handler_impl bob_impl = {.stanzas = bob_stanzas, .events = bob_events};

static bool is_well(const struct bob *bob)
{
	char path[512], what[32];
	int generation, number, acknowledged = 0, lost = 0, doubled = 0, started = 0, resumed = 0,
				malformed = 0;
	snprintf(path, sizeof(path), "%s/notes", bob->arguments[5]);
	FILE *notes = fopen(path, "r");
	while (notes != NULL && fscanf(notes, "%31s %d %d", what, &generation, &number) == 3) {
		started += strcmp(what, "started") == 0;
		resumed += strcmp(what, "resumed") == 0;
		malformed += strcmp(what, "malformed") == 0;
		if (strcmp(what, "acknowledged") == 0) {
			acknowledged++;
			lost += bob->times[generation][number] == 0;
		}
	}
	if (notes != NULL) {
		fclose(notes);
	}
	for (size_t i = 0; i < sizeof(bob->times); i++) {
		doubled += ((const unsigned char *)bob->times)[i] > 1;
	}
	printf("%d kills, %d sessions, %d resumed, %d ended as malformed, %d acknowledged, %d "
	       "lost, %d doubled\n",
		bob->kills, started, resumed, malformed, acknowledged, lost, doubled);
	return acknowledged > 0 && lost == 0 && doubled == 0 && started == 1 + malformed &&
		resumed == bob->kills;
}

static int be_bob(char **arguments)
{
	static struct bob bob;
	struct envoi_context *context;
	char jid[256];
	if (envoi_context_new(&context, NULL) < 0) {
		return 2;
	}
	srand((unsigned int)strtoul(arguments[7], NULL, 10));
	snprintf(jid, sizeof(jid), "bob@%s/bob", arguments[4]);
	bob.handler.impl = &bob_impl;
	bob.arguments = arguments;
	bob.kills = (int)strtol(arguments[6], NULL, 10);
	bob.client = interop_client(
		context, arguments[1], arguments[2], arguments[3], jid, "secret-bob");
	envoi_client_add(bob.client, &bob.handler);
	int r = envoi_client_run(bob.client);
	(void)waitpid(bob.child, NULL, 0);
	envoi_client_free(bob.client);
	envoi_context_unref(context);
	return r == ENVOI_OK && is_well(&bob) ? 0 : 1;
}

int main(int argument_count, char **arguments)
{
	if (argument_count == 9 && strcmp(arguments[6], "alice") == 0) {
		return be_alice(arguments, (int)strtol(arguments[7], NULL, 10),
			(int)strtol(arguments[8], NULL, 10));
	}
	return argument_count == 8 ? be_bob(arguments) : 2;
}
