/*
 * An echo bot in a libuv loop: SIGINT closes the stream in order.
 *
 *	ENVOI_PASSWORD=... libuv_echo bot@example.org [NAME=VALUE...]
 */
#include <envoi/envoi.h>
#include <envoi/loops/libuv.h>
#include <stdio.h>
#include <stdlib.h>
#include <uv.h>

struct program {
	struct envoi_handler handler;
	struct envoi_client *bot;
	int result;
	uv_loop_t *loop;
	uv_signal_t interrupt;
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
	uv_signal_stop(&program->interrupt); /* nothing is left: uv_run() ends */
}

static void on_interrupt(uv_signal_t *handle, int number)
{
	struct program *program = handle->data;
	(void)number;
	envoi_client_disconnect(program->bot);
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
		uv_signal_start(&program->interrupt, on_interrupt, SIGINT);
		uv_run(program->loop, UV_RUN_DEFAULT);
		r = program->result;
	}
	if (r < 0) {
		fprintf(stderr, "%s\n", envoi_client_failure_text(program->bot));
	}
	return r < 0;
}

int main(int argc, char **argv)
{
	struct program program = {.handler = ENVOI_HANDLER(&echo_impl), .loop = uv_default_loop()};
	struct envoi_context *context;
	int status = 1;
	if (argc < 2 || envoi_context_new_on_libuv(&context, program.loop) < 0) {
		return 2;
	}
	uv_signal_init(program.loop, &program.interrupt);
	program.interrupt.data = &program;
	if (envoi_client_new(&program.bot, context, argv[1]) == ENVOI_OK) {
		status = run(&program, argv + 2);
	}
	envoi_client_free(program.bot);
	envoi_context_unref(context);
	uv_close((uv_handle_t *)&program.interrupt, NULL);
	uv_run(program.loop, UV_RUN_DEFAULT); /* closes the handles, the library's too */
	uv_loop_close(program.loop);
	return status;
}
