/*
 * A bot in a room: greets those who come in, answers "!who", and leaves at "!leave".
 *
 *	ENVOI_PASSWORD=... room bot@example.org lounge@rooms.example.org NICK [SETTING=VALUE...]
 */
#include <envoi/envoi.h>
#include <envoi/ext/muc.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct program {
	struct envoi_client *client;
	struct envoi_muc_room *room;
};

static struct program *program_of(const struct envoi_muc_room *room)
{
	return envoi_muc_user(room);
}

static void on_joined(struct envoi_muc_room *room, bool is_again)
{
	size_t position = 0, count = 0;
	while (envoi_muc_next_occupant(room, &position) != NULL) {
		count++;
	}
	printf("%s as %s: %zu occupants\n", is_again ? "again here" : "here",
		envoi_muc_self(room)->nick, count);
}

static void say_who(struct envoi_muc_room *room)
{
	struct envoi_buffer text;
	const struct envoi_muc_occupant *occupant;
	size_t position = 0;
	envoi_buffer_init(&text, envoi_client_context(program_of(room)->client), 0);
	int r = envoi_buffer_printf(&text, "here:");
	while (r == ENVOI_OK && (occupant = envoi_muc_next_occupant(room, &position)) != NULL) {
		r = envoi_buffer_printf(&text, " %s", occupant->nick);
	}
	if (r == ENVOI_OK && envoi_buffer_append(&text, "", 1) == ENVOI_OK) {
		envoi_muc_say(room, envoi_buffer_data(&text), NULL);
	}
	envoi_buffer_finish(&text);
}

/* The room sends what the bot says back to it, and at first what was said before it came. */
static void on_message(struct envoi_muc_room *room, const struct envoi_muc_message *message)
{
	if (message->body == NULL || message->is_own || message->is_old) {
		return;
	}
	printf("%s: %s\n", message->nick != NULL ? message->nick : "(the room)", message->body);
	if (message->is_private) {
		envoi_muc_send_private(room, message->nick, "say it in the room", NULL);
	} else if (strcmp(message->body, "!who") == 0) {
		say_who(room);
	} else if (strcmp(message->body, "!leave") == 0) {
		envoi_muc_leave(room, "bye");
	}
}

static void on_changed(struct envoi_muc_room *room, const struct envoi_muc_change *change)
{
	char text[600];
	if (change->kind == ENVOI_MUC_OCCUPANT_JOINED) {
		snprintf(text, sizeof(text), "Welcome, %s!", change->occupant->nick);
		envoi_muc_say(room, text, NULL);
	} else if (change->kind == ENVOI_MUC_OCCUPANT_LEFT) {
		printf("%s has left\n", change->occupant->nick);
	}
}

static void on_ended(struct envoi_muc_room *room, const struct envoi_muc_end *end)
{
	fprintf(stderr, "%s%s\n", end->text, end->will_rejoin ? "; it is entered again" : "");
	if (!end->will_rejoin) {
		envoi_client_quit(program_of(room)->client);
	}
}

static const struct envoi_muc_events room_events = {
	.joined = on_joined,
	.message = on_message,
	.changed = on_changed,
	.ended = on_ended,
};

/* Before the login: the room is entered in each session of the server. */
static int enter(struct program *program, const char *address, const char *nick)
{
	struct envoi_session *session = envoi_client_session(program->client);
	const struct envoi_muc_options options = {.nick = nick, .varies_nick = true};
	int r = envoi_session_use(session, &envoi_muc_extension, NULL);
	if (r == ENVOI_OK) {
		r = envoi_muc_join(
			&program->room, session, address, &options, &room_events, program);
	}
	if (r < 0) {
		fprintf(stderr, "%s: %s\n", address, envoi_error_text(r));
	}
	return r;
}

static int run(struct program *program)
{
	int r = envoi_client_run(program->client);
	if (r < 0) {
		fprintf(stderr, "%s\n", envoi_client_failure_text(program->client));
	}
	return r;
}

int main(int argc, char **argv)
{
	struct program program = {.client = NULL};
	setvbuf(stdout, NULL, _IOLBF, BUFSIZ);
	if (argc < 4 || envoi_client_new(&program.client, NULL, argv[1]) < 0) {
		fprintf(stderr, "usage: room JID ROOM NICK [SETTING=VALUE...]\n");
		return 2;
	}
	envoi_client_set_password(program.client, getenv("ENVOI_PASSWORD"));
	envoi_client_set_assignments(program.client, argv + 4);
	int r = enter(&program, argv[2], argv[3]);
	if (r == ENVOI_OK) {
		r = run(&program);
	}
	envoi_muc_free(program.room); /* before the context, which is the client's own */
	envoi_client_free(program.client);
	return r < 0;
}
