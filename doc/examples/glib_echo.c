/*
 * An echo bot in a GLib main loop: SIGINT closes the stream in order.
 *
 *	ENVOI_PASSWORD=... glib_echo bot@example.org [NAME=VALUE...]
 */
#include <envoi/envoi.h>
#include <envoi/loops/glib.h>
#include <glib-unix.h>
#include <stdio.h>
#include <stdlib.h>

struct program {
	struct envoi_handler handler;
	struct envoi_client *bot;
	int result;
	GMainLoop *loop;
};

static int on_chat(struct envoi_handler *self, struct envoi_delivery *in)
{
	(void)self;
	const char *body = envoi_message_body(envoi_delivery_stanza(in), NULL);
	return body ? envoi_reply_text(in, body) : ENVOI_DECLINED;
}

static void on_stopped(struct envoi_handler *self, const struct envoi_event *event)
{
	struct program *program = ENVOI_CONTAINER_OF(self, struct program, handler);
	program->result = event->failure->code; /* ENVOI_OK: closed in order */
	g_main_loop_quit(program->loop);
}

static gboolean on_interrupt(gpointer user)
{
	struct program *program = user;
	envoi_client_disconnect(program->bot);
	return G_SOURCE_CONTINUE;
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

/* The main loop runs until the client has stopped. */
static int run(struct program *program, char **settings)
{
	envoi_client_set_password(program->bot, getenv("ENVOI_PASSWORD"));
	envoi_client_set_assignments(program->bot, settings);
	envoi_client_add(program->bot, &program->handler);
	int r = envoi_client_connect(program->bot);
	if (r == ENVOI_OK) {
		g_main_loop_run(program->loop);
		r = program->result;
	}
	if (r < 0) {
		fprintf(stderr, "%s\n", envoi_client_failure_text(program->bot));
	}
	return r < 0;
}

int main(int argc, char **argv)
{
	struct program program = {.handler = ENVOI_HANDLER(&echo_impl)};
	struct envoi_context *context;
	int status = 1;
	if (argc < 2 || envoi_context_new_on_glib(&context, NULL) < 0) {
		return 2;
	}
	program.loop = g_main_loop_new(NULL, FALSE);
	if (envoi_client_new(&program.bot, context, argv[1]) == ENVOI_OK) {
		guint interrupt = g_unix_signal_add(SIGINT, on_interrupt, &program);
		status = run(&program, argv + 2);
		g_source_remove(interrupt);
	}
	envoi_client_free(program.bot);
	envoi_context_unref(context);
	g_main_loop_unref(program.loop);
	return status;
}
