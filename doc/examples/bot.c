/*
 * A bot: answers commands, says what became of what it sends, sees its contacts, and ends in order
 * at SIGINT and SIGTERM.
 *
 *	ENVOI_PASSWORD=... bot bot@example.org [SETTING=VALUE...]
 *
 * Its commands, in chat messages:
 *
 *	who                 the contacts that are available
 *	tell ADDRESS TEXT   sends a message, and reports what became of it
 *	status TEXT         changes the bot's status
 *
 * Who requests to see it is approved, and asked for the same.
 */
#include <envoi/envoi.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct bot {
	struct envoi_handler handler;
	struct envoi_client *client;
	struct envoi_watch signals;
};

static struct bot *bot_of(struct envoi_handler *handler)
{
	return ENVOI_CONTAINER_OF(handler, struct bot, handler);
}

/* --- commands --- */

static int answer_who(struct bot *bot, struct envoi_delivery *in)
{
	const struct envoi_presences *presences = envoi_client_presences(bot->client);
	const struct envoi_contact_presence *one = NULL;
	struct envoi_buffer text;
	envoi_buffer_init(&text, envoi_client_context(bot->client), 0);
	int r = envoi_buffer_printf(&text, "available:");
	while (r == ENVOI_OK && (one = envoi_presences_next(presences, one)) != NULL) {
		r = envoi_buffer_printf(&text, "\n%s %s", envoi_jid_text(one->jid),
			one->status != NULL ? one->status : "");
	}
	if (r == ENVOI_OK) {
		r = envoi_buffer_append(&text, "", 1); /* a body ends with a zero byte */
	}
	if (r == ENVOI_OK) {
		r = envoi_reply_text(in, envoi_buffer_data(&text));
	}
	envoi_buffer_finish(&text);
	return r;
}

static int answer_status(struct bot *bot, struct envoi_delivery *in, const char *status)
{
	int r = envoi_client_set_show(bot->client, NULL, status);
	return envoi_reply_text(in, r < 0 ? "that is not possible" : "changed");
}

/* What became of a message goes back to the one that has asked for it. */
struct errand {
	struct envoi_ticket ticket;
	struct envoi_session *session;
	char asker[256];
};

static void on_told(struct envoi_ticket *ticket, const struct envoi_ticket_report *report)
{
	struct errand *errand = ENVOI_CONTAINER_OF(ticket, struct errand, ticket);
	envoi_send_text(errand->session, errand->asker, envoi_ticket_report_text(report), NULL);
	free(errand);
}

/* @param to  address and text */
static int answer_tell(struct bot *bot, struct envoi_delivery *in, char *to)
{
	struct envoi_session *session = envoi_client_session(bot->client);
	const struct envoi_jid *asker = envoi_stanza_from(envoi_delivery_stanza(in));
	char *text = strchr(to, ' ');
	struct errand *errand = calloc(1, sizeof(*errand));
	if (text == NULL || errand == NULL) {
		free(errand);
		return envoi_reply_text(in, "tell ADDRESS TEXT");
	}
	*text++ = '\0';
	errand->ticket.done = on_told;
	errand->ticket.refusal_ms = 1000; /* an error of the recipient's server comes later */
	errand->session = session;
	snprintf(errand->asker, sizeof(errand->asker), "%.*s", (int)envoi_jid_bare_len(asker),
		envoi_jid_text(asker));
	if (envoi_send_text(session, to, text, &errand->ticket) < 0) {
		free(errand); /* there is no report */
		return envoi_reply_text(in, envoi_session_problem(session));
	}
	return ENVOI_OK;
}

static int on_chat(struct envoi_handler *self, struct envoi_delivery *in)
{
	struct bot *bot = bot_of(self);
	char line[1000];
	snprintf(line, sizeof(line), "%s",
		envoi_message_body(envoi_delivery_stanza(in), NULL)); /* borrowed: copied */
	if (strcmp(line, "who") == 0) {
		return answer_who(bot, in);
	}
	if (strncmp(line, "tell ", 5) == 0) {
		return answer_tell(bot, in, line + 5);
	}
	if (strncmp(line, "status ", 7) == 0) {
		return answer_status(bot, in, line + 7);
	}
	return envoi_reply_text(in, "who | tell ADDRESS TEXT | status TEXT");
}

/* --- events --- */

static void on_available(struct envoi_handler *self, const struct envoi_event *event)
{
	(void)self;
	printf("available as %s\n", envoi_jid_text(envoi_session_jid(event->session)));
}

static void on_presence(struct envoi_handler *self, const struct envoi_event *event)
{
	const struct envoi_presences *presences = envoi_client_presences(bot_of(self)->client);
	const struct envoi_contact_presence *now = envoi_presences_find(presences, event->jid);
	printf("%s is %s\n", envoi_jid_text(event->jid),
		now == NULL                 ? "unavailable"
			: now->show != NULL ? now->show
					    : "available");
}

static void on_request(struct envoi_handler *self, const struct envoi_event *event)
{
	struct envoi_subscriptions *all = envoi_client_subscriptions(bot_of(self)->client);
	printf("%s requests to see the bot\n", envoi_jid_text(event->jid));
	envoi_subscriptions_approve(all, event->jid);
	envoi_subscriptions_request(all, event->jid, NULL);
}

static void on_suspended(struct envoi_handler *self, const struct envoi_event *event)
{
	char lines[2048];
	(void)self;
	envoi_failure_explain(event->failure, lines, sizeof(lines));
	fprintf(stderr, "%s\nagain in %d s\n", lines, (int)(event->retry_in_ms / 1000));
}

static const struct envoi_stanza_row stanzas[] = {
	{.kind = ENVOI_MESSAGE, .type = ENVOI_TYPE_CHAT, .name = "body", .handle = on_chat},
	ENVOI_ROWS_END,
};
static const struct envoi_event_row events[] = {
	{.type = ENVOI_EVENT_AVAILABLE, .handle = on_available},
	{.type = ENVOI_EVENT_PRESENCE, .handle = on_presence},
	{.type = ENVOI_EVENT_SUBSCRIPTION_REQUEST, .handle = on_request},
	{.type = ENVOI_EVENT_SUSPENDED, .handle = on_suspended},
	ENVOI_ROWS_END,
};
static const struct envoi_handler_impl bot_impl = {
	.name = "bot",
	.stanzas = stanzas,
	.events = events,
};

/* --- signals: the function that a signal calls may do no more than write a byte --- */

static int signal_pipe[2];

static void on_signal(int number)
{
	char byte = (char)number;
	if (write(signal_pipe[1], &byte, 1) < 0) {
		_exit(1);
	}
}

static void on_signal_byte(struct envoi_watch *watch, unsigned int ready)
{
	struct bot *bot = ENVOI_CONTAINER_OF(watch, struct bot, signals);
	(void)ready;
	envoi_watch_stop(watch);
	envoi_client_quit(bot->client); /* envoi_client_run() returns when the stream is closed */
}

static int watch_signals(struct bot *bot)
{
	struct envoi_context *context = envoi_client_context(bot->client);
	if (pipe(signal_pipe) < 0) {
		return ENVOI_ERR_SYSTEM;
	}
	signal(SIGINT, on_signal);
	signal(SIGTERM, on_signal);
	return envoi_watch_start(&bot->signals, envoi_context_loop(context), signal_pipe[0],
		ENVOI_IO_READ, on_signal_byte);
}

int main(int argc, char **argv)
{
	struct bot bot = {.handler = ENVOI_HANDLER(&bot_impl)};
	setvbuf(stdout, NULL, _IOLBF, BUFSIZ);
	if (argc < 2 || envoi_client_new(&bot.client, NULL, argv[1]) < 0) {
		fprintf(stderr, "usage: bot JID [SETTING=VALUE...]\n");
		return 2;
	}
	envoi_client_set_password(bot.client, getenv("ENVOI_PASSWORD"));
	envoi_client_set_assignments(bot.client, argv + 2);
	envoi_client_add(bot.client, &bot.handler);
	int r = watch_signals(&bot);
	if (r == ENVOI_OK) {
		r = envoi_client_run(bot.client);
	}
	if (r < 0) {
		fprintf(stderr, "%s\n", envoi_client_failure_text(bot.client));
	}
	envoi_watch_stop(&bot.signals);
	envoi_client_free(bot.client);
	return r < 0;
}
