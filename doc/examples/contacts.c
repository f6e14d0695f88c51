/*
 * Who is there: prints the contacts of an account, their presence as it changes, and requests for
 * the account's own, which are approved for contacts that the account has subscribed to itself.
 *
 *	ENVOI_PASSWORD=... contacts alice@example.org FILE [SETTING=VALUE...]
 *
 * FILE keeps the contacts over starts: the next login fetches changes only.
 */
#include <stdio.h>
#include <stdlib.h>

#include <envoi/envoi.h>

struct program {
	struct envoi_handler handler;
	struct envoi_client *client;
	const char *file;
};

static struct program *program_from_handler(struct envoi_handler *handler)
{
	return ENVOI_CONTAINER_OF(handler, struct program, handler);
}

/* --- the file --- */

static void load(struct program *program)
{
	static char text[1 << 20];
	FILE *file = fopen(program->file, "rb");
	size_t len = file == NULL ? 0 : fread(text, 1, sizeof(text), file);
	if (file != NULL) {
		fclose(file);
	}
	if (len > 0 && envoi_roster_load(envoi_client_roster(program->client), text, len) < 0) {
		fprintf(stderr, "%s is not used\n", program->file);
	}
}

static void save(struct envoi_handler *self, const struct envoi_event *event)
{
	struct program *program = program_from_handler(self);
	struct envoi_buffer text;
	envoi_buffer_init(&text, envoi_session_context(event->session), 0);
	FILE *file = envoi_roster_save(envoi_client_roster(program->client), &text) == ENVOI_OK
		? fopen(program->file, "wb")
		: NULL;
	if (file != NULL) {
		fwrite(envoi_buffer_data(&text), 1, envoi_buffer_len(&text), file);
		fclose(file);
	}
	envoi_buffer_finish(&text);
}

/* --- what is printed --- */

/* The best resource stands for the contact. */
static void on_presence(struct envoi_handler *self, const struct envoi_event *event)
{
	const struct envoi_presences *presences = envoi_client_presences(
		program_from_handler(self)->client);
	const struct envoi_contact_presence *best = envoi_presences_best(presences, event->jid);
	printf("%.*s: %s%s%s\n", (int)envoi_jid_bare_len(event->jid), envoi_jid_text(event->jid),
		best == NULL                 ? "offline"
			: best->show != NULL ? best->show
					     : "available",
		best != NULL && best->status != NULL ? ", " : "",
		best != NULL && best->status != NULL ? best->status : "");
}

static void on_request(struct envoi_handler *self, const struct envoi_event *event)
{
	(void)self;
	printf("%s requests to see you: %s\n", envoi_jid_text(event->jid),
		event->text != NULL ? event->text : "");
}

static void on_available(struct envoi_handler *self, const struct envoi_event *event)
{
	const struct envoi_roster *roster = envoi_client_roster(program_from_handler(self)->client);
	size_t position = 0;
	const struct envoi_roster_item *item;
	while ((item = envoi_roster_next(roster, &position)) != NULL) {
		printf("contact %s %s\n", envoi_jid_text(item->jid),
			item->name != NULL ? item->name : "");
	}
	printf("ready %s\n", envoi_jid_text(envoi_session_jid(event->session)));
}

static const struct envoi_event_row events[] = {
	{.type = ENVOI_EVENT_ROSTER, .handle = save},
	{.type = ENVOI_EVENT_ROSTER_CHANGED, .handle = save},
	{.type = ENVOI_EVENT_AVAILABLE, .handle = on_available},
	{.type = ENVOI_EVENT_PRESENCE, .handle = on_presence},
	{.type = ENVOI_EVENT_SUBSCRIPTION_REQUEST, .handle = on_request},
	ENVOI_ROWS_END,
};
static const struct envoi_handler_impl program_impl = {.name = "contacts", .events = events};

int main(int argument_count, char **arguments)
{
	struct program program = {.handler = ENVOI_HANDLER(&program_impl)};
	if (argument_count < 3) {
		fprintf(stderr, "usage: contacts JID FILE [SETTING=VALUE...]\n");
		return 2;
	}
	setvbuf(stdout, NULL, _IOLBF, 0);
	program.file = arguments[2];
	if (envoi_client_new(&program.client, NULL, arguments[1]) < 0) {
		return 1;
	}
	envoi_client_set_password(program.client, getenv("ENVOI_PASSWORD"));
	envoi_client_set(program.client, "subscription.policy", "known");
	envoi_client_set_assignments(program.client, arguments + 3);
	envoi_client_add(program.client, &program.handler);
	envoi_client_set_show(program.client, "chat", "looking at contacts");
	load(&program);
	int r = envoi_client_run(program.client);
	if (r < 0) {
		fprintf(stderr, "%s\n", envoi_client_failure_text(program.client));
	}
	envoi_client_free(program.client);
	return r < 0;
}
