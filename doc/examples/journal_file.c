/*
 * A program with libevent that sends messages and loses none: neither when the connection breaks,
 * nor when it is killed. It says how each one ended, and ends in order at SIGTERM.
 *
 *	ENVOI_PASSWORD=... journal_file alice@example.org bob@example.org FILE [NAME=VALUE...]
 *
 * Sends each line of standard input to bob. FILE is the journal, with which the next process
 * resumes the session of one that was killed (<envoi/journal.h>). Ends with 0 when each message was
 * accepted by the server.
 */
#ifndef _POSIX_C_SOURCE
#define _POSIX_C_SOURCE 200809L
#endif
#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <event2/buffer.h>
#include <event2/event.h>

#include <envoi/envoi.h>

enum {
	LEAVE_SECONDS = 10, /* for which the end waits for the server's acknowledgements */
};

struct program {
	struct envoi_handler handler;
	struct envoi_journal journal;
	struct envoi_client *client;
	struct event *input, *signal, *deadline;
	struct evbuffer *lines; /* of standard input, read and not sent */
	const char *peer, *journal_path;
	int journal_fd;
	unsigned int open_tickets;
	bool is_leaving, has_failed;
	bool is_full; /* the outbox */
};

static struct program *program_of(struct envoi_handler *handler)
{
	return ENVOI_CONTAINER_OF(handler, struct program, handler);
}

/* --- the journal: a file that records are appended to --- */

static int write_all(int fd, const char *data, size_t len)
{
	while (len > 0) {
		ssize_t n = write(fd, data, len);
		if (n < 0 && errno != EINTR) {
			return ENVOI_ERR_SYSTEM;
		}
		data += n > 0 ? n : 0;
		len -= n > 0 ? (size_t)n : 0;
	}
	return ENVOI_OK;
}

/* fdatasync() is for a crash of the machine. A program that is killed needs write() only. */
static int append(struct envoi_journal *journal, const void *record, size_t len)
{
	struct program *program = ENVOI_CONTAINER_OF(journal, struct program, journal);
	off_t before = lseek(program->journal_fd, 0, SEEK_END);
	int r = write_all(program->journal_fd, record, len);
	if (r == ENVOI_OK && fdatasync(program->journal_fd) == 0) {
		return ENVOI_OK;
	}
	(void)!ftruncate(program->journal_fd, before); /* no part of a record may stay */
	return ENVOI_ERR_SYSTEM;
}

static const struct envoi_journal_impl journal_impl = {.append = append};

/* No file is an empty journal. */
static int read_file(struct envoi_buffer *out, const char *path)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0) {
		return errno == ENOENT ? ENVOI_OK : ENVOI_ERR_SYSTEM;
	}
	char *room;
	ssize_t n = 0;
	int r;
	while ((r = envoi_buffer_reserve(out, 4096, &room)) == ENVOI_OK &&
		(n = read(fd, room, 4096)) > 0) {
		envoi_buffer_commit(out, (size_t)n);
	}
	close(fd);
	return n < 0 ? ENVOI_ERR_SYSTEM : r;
}

static int sync_folder_of(const char *path)
{
	char copy[4096];
	snprintf(copy, sizeof(copy), "%s", path);
	int fd = open(dirname(copy), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0) {
		return ENVOI_ERR_SYSTEM;
	}
	int r = fsync(fd);
	close(fd);
	return r < 0 ? ENVOI_ERR_SYSTEM : ENVOI_OK;
}

/* Replaces the file by the records that are still needed, and leaves the new one open. */
static int replace_journal(struct program *program, const struct envoi_buffer *records)
{
	char path[4096];
	snprintf(path, sizeof(path), "%s.new", program->journal_path);
	program->journal_fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	if (program->journal_fd < 0 ||
		write_all(program->journal_fd, envoi_buffer_data(records),
			envoi_buffer_len(records)) < 0 ||
		fsync(program->journal_fd) < 0 || rename(path, program->journal_path) < 0) {
		return ENVOI_ERR_SYSTEM;
	}
	return sync_folder_of(program->journal_path);
}

/* Settings that the journal depends on have been set before. */
static int open_journal(struct program *program)
{
	struct envoi_session *session = envoi_client_session(program->client);
	struct envoi_buffer records;
	envoi_buffer_init(&records, envoi_session_context(session), 0);
	int r = read_file(&records, program->journal_path);
	if (r == ENVOI_OK && envoi_buffer_len(&records) > 0) {
		r = envoi_client_load_journal(
			program->client, envoi_buffer_data(&records), envoi_buffer_len(&records));
	}
	if (r == ENVOI_ERR_TIMEOUT) {
		fputs("the journal is too old: its messages are not sent\n", stderr);
		r = ENVOI_OK;
	}
	envoi_buffer_truncate(&records, 0);
	if (r == ENVOI_OK) {
		r = envoi_session_set_journal(session, &program->journal);
	}
	if (r == ENVOI_OK && envoi_session_jid(session) != NULL) {
		r = envoi_session_write_journal(session, &records);
	}
	if (r == ENVOI_OK) {
		r = replace_journal(program, &records);
	}
	envoi_buffer_finish(&records);
	return r;
}

/* --- leaving: first the tickets end, then the client disconnects, then the loop runs empty --- */

static void leave_when_all_is_reported(struct program *program)
{
	if (program->is_leaving && program->open_tickets == 0) {
		envoi_client_disconnect(program->client);
	}
}

static void on_deadline(evutil_socket_t fd, short what, void *user)
{
	struct program *program = user;
	(void)fd;
	(void)what;
	envoi_client_disconnect(program->client);
}

static void leave(struct program *program)
{
	if (!program->is_leaving) {
		program->is_leaving = true;
		event_del(program->input);
		event_add(program->deadline, &(struct timeval){.tv_sec = LEAVE_SECONDS});
		leave_when_all_is_reported(program);
	}
}

static void on_signal(evutil_socket_t fd, short what, void *user)
{
	(void)fd;
	(void)what;
	leave(user);
}

/* --- sending --- */

struct message {
	struct envoi_ticket ticket;
	struct program *program;
	char *text;
};

static void report(struct program *program, const char *text, const char *how)
{
	printf("%s: %s\n", how, text);
	program->has_failed |= strcmp(how, "accepted") != 0;
}

static void on_ticket(struct envoi_ticket *ticket, const struct envoi_ticket_report *ended)
{
	static const char *const names[] = {
		[ENVOI_TICKET_ACKNOWLEDGED] = "accepted",
		[ENVOI_TICKET_WRITTEN] = "sent, and not acknowledged",
		[ENVOI_TICKET_UNKNOWN] = "not acknowledged, may be sent by the next process",
		[ENVOI_TICKET_NOT_SENT] = "not sent",
		[ENVOI_TICKET_CANCELED] = "not sent",
		[ENVOI_TICKET_REFUSED] = "refused",
	};
	struct message *message = ticket->user;
	struct program *program = message->program;
	report(program, message->text, names[ended->state]);
	free(message->text);
	free(message);
	program->open_tickets--;
	leave_when_all_is_reported(program);
}

/* Takes the text. */
static void send_line(struct program *program, char *text)
{
	struct message *message = calloc(1, sizeof(*message));
	int r = ENVOI_ERR_NOMEM;
	if (message != NULL) {
		message->ticket = (struct envoi_ticket){.done = on_ticket, .user = message};
		message->program = program;
		message->text = text;
		r = envoi_send_text(envoi_client_session(program->client), program->peer, text,
			&message->ticket);
	}
	if (r == ENVOI_OK) {
		program->open_tickets++;
		return;
	}
	report(program, text, "not sent");
	free(message);
	free(text);
}

static void on_input(evutil_socket_t fd, short what, void *user)
{
	struct program *program = user;
	char *line;
	(void)what;
	int n = evbuffer_read(program->lines, fd, -1);
	while ((line = evbuffer_readln(program->lines, NULL, EVBUFFER_EOL_LF)) != NULL) {
		send_line(program, line);
	}
	if (n > 0) {
		return;
	}
	size_t left = evbuffer_get_length(program->lines); /* the last line has no end */
	if (left > 0 && (line = calloc(1, left + 1)) != NULL) {
		evbuffer_remove(program->lines, line, left);
		send_line(program, line);
	}
	leave(program);
}

/* --- the client's events --- */

/* While the connection is lost the session takes messages, too. */
static void on_started(struct envoi_handler *self, const struct envoi_event *event)
{
	struct program *program = program_of(self);
	program->is_full = program->is_full && event->type != ENVOI_EVENT_OUTBOX_LOW;
	if (!program->is_leaving && !program->is_full) {
		event_add(program->input, NULL);
	}
}

/* The outbox fills up faster than the server takes messages: the rest waits in standard input. */
static void on_high(struct envoi_handler *self, const struct envoi_event *event)
{
	(void)event;
	program_of(self)->is_full = true;
	event_del(program_of(self)->input);
}

static void on_stopped(struct envoi_handler *self, const struct envoi_event *event)
{
	struct program *program = program_of(self);
	char lines[4096];
	if (event->failure->code != ENVOI_OK) {
		envoi_failure_explain(event->failure, lines, sizeof(lines));
		fprintf(stderr, "%s\n", lines);
		program->has_failed = true;
	}
	event_del(program->input);
	event_del(program->signal);
	event_del(program->deadline);
}

static const struct envoi_event_row events[] = {
	{.type = ENVOI_EVENT_STARTED, .handle = on_started},
	{.type = ENVOI_EVENT_RESUMED, .handle = on_started},
	{.type = ENVOI_EVENT_OUTBOX_LOW, .handle = on_started},
	{.type = ENVOI_EVENT_OUTBOX_HIGH, .handle = on_high},
	{.type = ENVOI_EVENT_STOPPED, .handle = on_stopped},
	ENVOI_ROWS_END,
};
static const struct envoi_handler_impl program_impl = {.name = "program", .events = events};

/* --- the program --- */

static int connect_client(struct program *program, char **assignments)
{
	envoi_client_set_password(program->client, getenv("ENVOI_PASSWORD"));
	envoi_client_set_assignments(program->client, assignments);
	envoi_client_add(program->client, &program->handler);
	int r = open_journal(program);
	if (r < 0) {
		fprintf(stderr, "%s: %s\n", program->journal_path, envoi_error_text(r));
		return r;
	}
	r = envoi_client_connect(program->client); /* returns the errors of the setters */
	if (r < 0) {
		fprintf(stderr, "%s\n", envoi_client_failure_text(program->client));
	}
	return r;
}

static void free_event(struct event *event)
{
	if (event != NULL) {
		event_free(event);
	}
}

static int run(struct program *program, struct event_base *base, char **assignments)
{
	program->input = event_new(base, STDIN_FILENO, EV_READ | EV_PERSIST, on_input, program);
	program->signal = evsignal_new(base, SIGTERM, on_signal, program);
	program->deadline = evtimer_new(base, on_deadline, program);
	program->lines = evbuffer_new();
	int r = ENVOI_ERR_NOMEM;
	if (program->input != NULL && program->signal != NULL && program->deadline != NULL &&
		program->lines != NULL && event_add(program->signal, NULL) == 0) {
		r = connect_client(program, assignments);
	}
	if (r == ENVOI_OK) {
		event_base_dispatch(base); /* ends when nothing is waited for any more */
	}
	envoi_client_free(program->client); /* tickets that are open end inside */
	free_event(program->input);
	free_event(program->signal);
	free_event(program->deadline);
	if (program->lines != NULL) {
		evbuffer_free(program->lines);
	}
	return r;
}

int main(int argc, char **argv)
{
	struct program program = {
		.handler = ENVOI_HANDLER(&program_impl),
		.journal = {&journal_impl},
		.journal_fd = -1,
	};
	struct envoi_context *context;
	struct event_base *base = event_base_new();
	setvbuf(stdout, NULL, _IOLBF, 0);
	if (argc < 4 || base == NULL || envoi_context_new_on_libevent(&context, base) < 0 ||
		envoi_client_new(&program.client, context, argv[1]) < 0) {
		fprintf(stderr, "usage: journal_file JID PEER FILE [NAME=VALUE...]\n");
		return 2;
	}
	program.peer = argv[2];
	program.journal_path = argv[3];
	int r = run(&program, base, argv + 4);
	if (program.journal_fd >= 0) {
		close(program.journal_fd);
	}
	envoi_context_unref(context);
	event_base_free(base);
	return r < 0 || program.has_failed;
}
