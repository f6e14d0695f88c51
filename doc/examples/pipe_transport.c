/*
 * A transport of one's own: XMPP over a pair of pipes to a child process, with the connector that
 * starts the child. Logs in, says hello to itself, logs out.
 *
 *	ENVOI_PASSWORD=... pipe_transport alice@example.org [SETTING=VALUE...] COMMAND [ARGUMENT...]
 *
 * COMMAND speaks XMPP on its standard input and output, and protects what it carries, or it carries
 * TLS, which the library speaks with tls.mode=direct:
 *
 *	openssl s_client -quiet -verify_quiet -verify_return_error -verify_hostname example.org \
 *		-starttls xmpp -xmpphost example.org -connect example.org:5222
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/types.h>
#include <unistd.h>

#include <envoi/envoi.h>
#include <envoi/interfaces/channel.h>

/* --- the channel: moves bytes --- */

struct pipes {
	struct envoi_channel channel;
	struct envoi_watch in, out;
	int in_fd, out_fd; /* -1: closed */
	bool wants_read;
};

static struct pipes *pipes_of(struct envoi_channel *channel)
{
	return ENVOI_CONTAINER_OF(channel, struct pipes, channel);
}

static void on_readable(struct envoi_watch *watch, unsigned int ready)
{
	struct pipes *pipes = ENVOI_CONTAINER_OF(watch, struct pipes, in);
	char data[ENVOI_CHANNEL_READ_BYTES];
	ssize_t len = read(pipes->in_fd, data, sizeof(data));
	(void)ready;
	if (len > 0) {
		envoi_channel_received(&pipes->channel, data, (size_t)len);
	} else if (len == 0) {
		envoi_channel_ended(&pipes->channel);
	} else if (errno != EAGAIN && errno != EINTR) {
		envoi_channel_broken(&pipes->channel, ENVOI_ERR_DISCONNECTED, "the pipe is broken");
	}
}

static void on_writable(struct envoi_watch *watch, unsigned int ready)
{
	struct pipes *pipes = ENVOI_CONTAINER_OF(watch, struct pipes, out);
	(void)ready;
	envoi_watch_stop(watch); /* until something is left over again */
	envoi_channel_writable(&pipes->channel);
}

static int pipes_want_read(struct envoi_channel *channel, bool wanted)
{
	struct pipes *pipes = pipes_of(channel);
	pipes->wants_read = wanted;
	return pipes->in.loop == NULL ? ENVOI_OK
				      : envoi_watch_set(&pipes->in, wanted ? ENVOI_IO_READ : 0);
}

static int pipes_start(struct envoi_channel *channel)
{
	struct pipes *pipes = pipes_of(channel);
	return envoi_watch_start(&pipes->in, envoi_context_loop(channel->context), pipes->in_fd,
		pipes->wants_read ? ENVOI_IO_READ : 0, on_readable);
}

static int pipes_send(
	struct envoi_channel *channel, const char *data, size_t len, size_t *ret_taken)
{
	struct pipes *pipes = pipes_of(channel);
	ssize_t sent = write(pipes->out_fd, data, len);
	if (sent < 0 && errno != EAGAIN && errno != EINTR) {
		return ENVOI_ERR_DISCONNECTED;
	}
	*ret_taken = sent < 0 ? 0 : (size_t)sent;
	if (*ret_taken == len || pipes->out.loop != NULL) { /* it waits already */
		return ENVOI_OK;
	}
	return envoi_watch_start(&pipes->out, envoi_context_loop(channel->context), pipes->out_fd,
		ENVOI_IO_WRITE, on_writable);
}

static void close_fd(struct envoi_watch *watch, int *fd)
{
	envoi_watch_stop(watch);
	if (*fd >= 0) {
		close(*fd);
		*fd = -1;
	}
}

static void pipes_shut_down(struct envoi_channel *channel)
{
	struct pipes *pipes = pipes_of(channel);
	close_fd(&pipes->out, &pipes->out_fd);
}

static void pipes_disconnect(struct envoi_channel *channel)
{
	struct pipes *pipes = pipes_of(channel);
	close_fd(&pipes->out, &pipes->out_fd);
	close_fd(&pipes->in, &pipes->in_fd);
}

static void pipes_destroy(struct envoi_channel *channel)
{
	free(pipes_of(channel));
}

static const char *pipes_peer_name(const struct envoi_channel *channel)
{
	(void)channel;
	return "a child process";
}

static const struct envoi_channel_impl pipes_impl = {
	.name = "pipe",
	.start = pipes_start,
	.send = pipes_send,
	.want_read = pipes_want_read,
	.shut_down = pipes_shut_down,
	.disconnect = pipes_disconnect,
	.destroy = pipes_destroy,
	.peer_name = pipes_peer_name,
};

/* --- the connector: starts the child for each connection --- */

/* The child's ends are not inherited by others: they would keep it from seeing its input end. */
static int spawn(char **command, int *ret_in_fd, int *ret_out_fd)
{
	int down[2], up[2] = {-1, -1}; /* to the child, and from it */
	if (pipe(down) < 0) {
		return ENVOI_ERR_SYSTEM;
	}
	pid_t child = -1;
	if (pipe(up) == 0) {
		fcntl(down[1], F_SETFD, FD_CLOEXEC);
		fcntl(up[0], F_SETFD, FD_CLOEXEC);
		child = fork();
	}
	if (child == 0) {
		dup2(down[0], STDIN_FILENO);
		dup2(up[1], STDOUT_FILENO);
		close(down[0]);
		close(up[1]);
		execvp(command[0], command);
		_exit(127);
	}
	close(down[0]);
	close(up[1]);
	if (child < 0) {
		close(down[1]);
		close(up[0]);
		return ENVOI_ERR_SYSTEM;
	}
	fcntl(up[0], F_SETFL, O_NONBLOCK);
	fcntl(down[1], F_SETFL, O_NONBLOCK);
	*ret_in_fd = up[0];
	*ret_out_fd = down[1];
	return ENVOI_OK;
}

/* The child protects what it carries, or the library speaks TLS over it: the channel is secure. */
static int make_pipes(void *command, struct envoi_channel **ret_channel,
	const struct envoi_target *target, struct envoi_channel_options *options)
{
	struct pipes *pipes = calloc(1, sizeof(*pipes));
	int r = pipes == NULL ? ENVOI_ERR_NOMEM : spawn(command, &pipes->in_fd, &pipes->out_fd);
	(void)target;
	if (r < 0) {
		free(pipes);
		return r;
	}
	pipes->channel.impl = &pipes_impl;
	options->is_secure = true;
	*ret_channel = &pipes->channel;
	return ENVOI_OK;
}

static const struct envoi_channel_connector_impl connector_impl = {
	.name = "pipe",
	.make = make_pipes,
};

/* --- the program --- */

struct program {
	struct envoi_handler handler;
	struct envoi_client *client;
};

static void on_available(struct envoi_handler *self, const struct envoi_event *event)
{
	const char *own = envoi_jid_text(envoi_session_jid(event->session));
	printf("available as %s\n", own);
	if (envoi_send_text(event->session, own, "hello", NULL) < 0) {
		envoi_client_quit(ENVOI_CONTAINER_OF(self, struct program, handler)->client);
	}
}

static int on_chat(struct envoi_handler *self, struct envoi_delivery *in)
{
	const char *body = envoi_message_body(envoi_delivery_stanza(in), NULL);
	printf("received: %s\n", body != NULL ? body : "");
	envoi_client_quit(ENVOI_CONTAINER_OF(self, struct program, handler)->client);
	return ENVOI_OK;
}

static const struct envoi_stanza_row stanzas[] = {
	{.kind = ENVOI_MESSAGE, .type = ENVOI_TYPE_CHAT, .handle = on_chat},
	ENVOI_ROWS_END,
};
static const struct envoi_event_row events[] = {
	{.type = ENVOI_EVENT_AVAILABLE, .handle = on_available},
	ENVOI_ROWS_END,
};
static const struct envoi_handler_impl program_impl = {
	.name = "program",
	.stanzas = stanzas,
	.events = events,
};

static int run(struct program *program, struct envoi_context *context, char **command)
{
	struct envoi_connector *connector;
	envoi_client_set_password(program->client, getenv("ENVOI_PASSWORD"));
	envoi_client_set(program->client, "reconnect.enabled", "false"); /* the command runs once */
	for (; *command != NULL && strchr(*command, '=') != NULL; command++) {
		envoi_client_set_assignment(program->client, *command);
	}
	int r = envoi_channel_connector_new(&connector, context, &connector_impl, command);
	if (r < 0) {
		fprintf(stderr, "%s\n", envoi_error_text(r));
		return 1;
	}
	envoi_client_add_connector(program->client, connector);
	envoi_client_add(program->client, &program->handler);
	r = envoi_client_run(program->client);
	if (r < 0) {
		fprintf(stderr, "%s\n", envoi_client_failure_text(program->client));
	}
	return r < 0;
}

int main(int argc, char **argv)
{
	struct program program = {.handler = ENVOI_HANDLER(&program_impl)};
	struct envoi_context *context;
	int status = 1;
	if (argc < 3) {
		fprintf(stderr,
			"usage: pipe_transport JID [SETTING=VALUE...] COMMAND [ARGUMENT...]\n");
		return 2;
	}
	if (envoi_context_new(&context, NULL) < 0) {
		return status;
	}
	/* Writing to a child that has ended is an error of write(2), no signal; the child is not
	 * waited for. */
	signal(SIGPIPE, SIG_IGN);
	signal(SIGCHLD, SIG_IGN);
	if (envoi_client_new(&program.client, context, argv[1]) == ENVOI_OK) {
		status = run(&program, context, argv + 2);
	}
	envoi_client_free(program.client);
	envoi_context_unref(context);
	return status;
}
