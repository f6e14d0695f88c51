/*
 * An account in a program with libevent and a user. The user decides whether to trust an unknown
 * server, and sees what failed and whether it is tried again.
 *
 *	ENVOI_PASSWORD=... ask_user alice@example.org [NAME=VALUE...]
 *
 * Stays logged in until standard input ends. Ends with 0 when it was logged in at the end.
 */
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include <event2/event.h>

#include <envoi/envoi.h>

struct program {
	struct envoi_handler handler;
	struct envoi_tls_decider decider;
	struct envoi_client *client;
	struct envoi_tls_question *question; /* that waits for the user's answer */
	struct event *input;
	bool is_leaving, is_available;
};

/* --- trust decisions: the question is kept until the user has answered --- */

static void decide(struct envoi_tls_decider *decider, struct envoi_tls_question *question)
{
	struct program *program = ENVOI_CONTAINER_OF(decider, struct program, decider);
	const struct envoi_tls_peer *peer = envoi_tls_question_peer(question);
	program->question = envoi_tls_question_ref(question);
	printf("%s.\nIts key is %s.\nTrust it? y: this time, a: always, else: no\n", peer->reasons,
		peer->pin);
}

static void answer(struct program *program, char letter)
{
	if (program->question != NULL) {
		envoi_tls_question_answer(program->question,
			letter == 'y'           ? ENVOI_TLS_ACCEPT_ONCE
				: letter == 'a' ? ENVOI_TLS_ACCEPT_AND_PIN
						: ENVOI_TLS_REFUSE);
	}
}

/* Answered, or the connection has ended. */
static void over(struct envoi_tls_decider *decider, struct envoi_tls_question *question,
	enum envoi_tls_answer taken)
{
	struct program *program = ENVOI_CONTAINER_OF(decider, struct program, decider);
	(void)question;
	program->question = envoi_tls_question_unref(program->question);
	puts(taken == ENVOI_TLS_REFUSE ? "It is not trusted." : "It is trusted.");
	if (taken == ENVOI_TLS_ACCEPT_AND_PIN) {
		printf("To be kept for the next time: tls.pins=%s\n",
			envoi_settings_text(envoi_client_settings(program->client), "tls.pins"));
	}
}

static const struct envoi_tls_decider_impl decider_impl = {.decide = decide, .over = over};

/* --- coming and going --- */

static void on_available(struct envoi_handler *self, const struct envoi_event *event)
{
	struct program *program = ENVOI_CONTAINER_OF(self, struct program, handler);
	program->is_available = true;
	printf("Available as %s.\n", envoi_jid_text(envoi_session_jid(event->session)));
}

static void explain(const struct envoi_failure *failure)
{
	char lines[4096];
	envoi_failure_explain(failure, lines, sizeof(lines));
	puts(lines);
}

static void on_suspended(struct envoi_handler *self, const struct envoi_event *event)
{
	struct program *program = ENVOI_CONTAINER_OF(self, struct program, handler);
	program->is_available = false;
	explain(event->failure);
	printf("Trying again in %d seconds.\n", (int)(event->retry_in_ms / 1000));
}

static void on_resumed(struct envoi_handler *self, const struct envoi_event *event)
{
	(void)event;
	ENVOI_CONTAINER_OF(self, struct program, handler)->is_available = true;
	puts("Connected again.");
}

static void on_stopped(struct envoi_handler *self, const struct envoi_event *event)
{
	struct program *program = ENVOI_CONTAINER_OF(self, struct program, handler);
	if (program->is_leaving) {
		return; /* nothing of ours is left on the loop then */
	}
	program->is_available = false;
	explain(event->failure);
	puts("Something has to be changed before it is tried again.");
}

static const struct envoi_event_row events[] = {
	{.type = ENVOI_EVENT_AVAILABLE, .handle = on_available},
	{.type = ENVOI_EVENT_SUSPENDED, .handle = on_suspended},
	{.type = ENVOI_EVENT_RESUMED, .handle = on_resumed},
	{.type = ENVOI_EVENT_STOPPED, .handle = on_stopped},
	ENVOI_ROWS_END,
};
static const struct envoi_handler_impl program_impl = {.name = "program", .events = events};

/* --- the program --- */

static void on_input(evutil_socket_t fd, short what, void *user)
{
	struct program *program = user;
	char line[256];
	ssize_t len = read(fd, line, sizeof(line));
	(void)what;
	if (len > 0) {
		answer(program, line[0]);
		return;
	}
	program->is_leaving = true;
	event_del(program->input);
	envoi_client_disconnect(program->client);
}

static int log_in(struct program *program, char **assignments)
{
	envoi_client_set_password(program->client, getenv("ENVOI_PASSWORD"));
	envoi_client_set(program->client, "reconnect.initial", "true");
	envoi_client_set_assignments(program->client, assignments);
	envoi_client_set_tls_decider(program->client, &program->decider);
	envoi_client_add(program->client, &program->handler);
	return envoi_client_connect(program->client); /* returns the errors of these setters */
}

int main(int argc, char **argv)
{
	struct program program = {
		.handler = ENVOI_HANDLER(&program_impl),
		.decider = {&decider_impl},
	};
	struct envoi_context *context;
	struct event_base *base = event_base_new();
	setvbuf(stdout, NULL, _IOLBF, 0);
	if (argc < 2 || base == NULL || envoi_context_new_on_libevent(&context, base) < 0 ||
		envoi_client_new(&program.client, context, argv[1]) < 0) {
		fprintf(stderr, "usage: ask_user JID [NAME=VALUE...]\n");
		return 2;
	}
	program.input = event_new(base, STDIN_FILENO, EV_READ | EV_PERSIST, on_input, &program);
	if (program.input != NULL && log_in(&program, argv + 2) == ENVOI_OK) {
		event_add(program.input, NULL);
		event_base_dispatch(base); /* ends when nothing is waited for any more */
	} else {
		fprintf(stderr, "%s\n", envoi_client_failure_text(program.client));
	}
	envoi_client_free(program.client);
	envoi_context_unref(context);
	if (program.input != NULL) {
		event_free(program.input);
	}
	event_base_free(base);
	return !program.is_available;
}
