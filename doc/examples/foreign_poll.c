/*
 * An echo bot in a program that has its own loop on poll(2). The program also waits for its
 * standard input: a line prints how many messages were answered, the end of the input ends the
 * program.
 *
 *	ENVOI_PASSWORD=... foreign_poll bot@example.org [NAME=VALUE...]
 */
#include <envoi/envoi.h>
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

struct program {
	struct envoi_handler handler;
	struct envoi_client *bot;
	struct envoi_loop *loop;
	struct pollfd *fds; /* that of standard input, then those of the library */
	size_t capacity;
	unsigned int answered;
	bool is_stopped;
};

/* --- the bot --- */

static int on_chat(struct envoi_handler *self, struct envoi_delivery *in)
{
	struct program *program = ENVOI_CONTAINER_OF(self, struct program, handler);
	const char *body = envoi_message_body(envoi_delivery_stanza(in), NULL);
	if (body == NULL) {
		return ENVOI_DECLINED;
	}
	program->answered++;
	return envoi_reply_text(in, body);
}

static void on_stopped(struct envoi_handler *self, const struct envoi_event *event)
{
	(void)event;
	ENVOI_CONTAINER_OF(self, struct program, handler)->is_stopped = true;
}

static const struct envoi_stanza_row stanzas[] = {
	{.kind = ENVOI_MESSAGE, .type = ENVOI_TYPE_CHAT, .handle = on_chat},
	ENVOI_ROWS_END,
};
static const struct envoi_event_row events[] = {
	{.type = ENVOI_EVENT_STOPPED, .handle = on_stopped},
	ENVOI_ROWS_END,
};
static const struct envoi_handler_impl echo_impl = {
	.name = "echo",
	.stanzas = stanzas,
	.events = events,
};

/* --- the loop --- */

/* When there are more descriptors than fit, the array grows and is filled once more. */
static int get_fds(struct program *program, size_t *ret_count)
{
	size_t room = program->capacity - 1;
	size_t count = envoi_loop_poll_fds(program->loop, program->fds + 1, room);
	if (count > room) {
		struct pollfd *fds = realloc(program->fds, (count + 1) * sizeof(*fds));
		if (fds == NULL) {
			return ENVOI_ERR_NOMEM;
		}
		program->fds = fds;
		program->capacity = count + 1;
		envoi_loop_poll_fds(program->loop, fds + 1, count);
	}
	*ret_count = count + 1;
	return ENVOI_OK;
}

static void read_input(struct program *program)
{
	char line[512];
	ssize_t len = read(STDIN_FILENO, line, sizeof(line));
	if (len > 0) {
		printf("messages answered: %u\n", program->answered);
		fflush(stdout);
	} else if (len == 0 || (errno != EAGAIN && errno != EINTR)) {
		program->fds[0].fd = -1; /* poll(2) ignores it */
		envoi_client_disconnect(program->bot);
	}
}

/* The library polls its descriptors again, without waiting: which of them are ready is not passed
 * to it, and it may be called when none is. */
static int run_turn(struct program *program)
{
	size_t count;
	int r = get_fds(program, &count);
	if (r < 0) {
		return r;
	}
	int ready = poll(program->fds, (nfds_t)count, envoi_loop_poll_timeout_ms(program->loop));
	if (ready < 0 && errno != EINTR) {
		return ENVOI_ERR_SYSTEM;
	}
	if (ready > 0 && program->fds[0].revents != 0) {
		read_input(program);
	}
	r = envoi_loop_run_once(program->loop, false);
	return r < 0 ? r : ENVOI_OK;
}

/* --- the program --- */

static int run(struct program *program, char **settings)
{
	envoi_client_set_password(program->bot, getenv("ENVOI_PASSWORD"));
	envoi_client_set_assignments(program->bot, settings);
	envoi_client_add(program->bot, &program->handler);
	int r = envoi_client_connect(program->bot);
	while (r == ENVOI_OK && !program->is_stopped) {
		r = run_turn(program);
	}
	const struct envoi_failure *failure = envoi_client_failure(program->bot);
	if (r == ENVOI_OK && failure != NULL) {
		r = failure->code; /* ENVOI_OK: closed in order */
	}
	if (r < 0) {
		fprintf(stderr, "%s\n", envoi_client_failure_text(program->bot));
	}
	return r < 0;
}

static int watch_input(struct program *program)
{
	program->capacity = 1;
	program->fds = malloc(sizeof(*program->fds));
	if (program->fds == NULL) {
		return ENVOI_ERR_NOMEM;
	}
	program->fds[0] = (struct pollfd){.fd = STDIN_FILENO, .events = POLLIN};
	return ENVOI_OK;
}

int main(int argc, char **argv)
{
	struct program program = {.handler = ENVOI_HANDLER(&echo_impl)};
	struct envoi_context *context;
	int status = 1;
	if (argc < 2 || envoi_context_new_on_poll(&context) < 0) {
		return 2;
	}
	program.loop = envoi_context_loop(context);
	if (watch_input(&program) == ENVOI_OK &&
		envoi_client_new(&program.bot, context, argv[1]) == ENVOI_OK) {
		status = run(&program, argv + 2);
	}
	envoi_client_free(program.bot);
	envoi_context_unref(context);
	free(program.fds);
	return status;
}
