/*
 * A chat with one contact: messages with receipts and markers, corrections, replies, reactions.
 *
 *	ENVOI_PASSWORD=... chat alice@example.org bob@example.org [NAME=VALUE...]
 *
 * Each line of the input is a message, or one of these:
 *
 *	/fix TEXT     another text for the message sent last
 *	/re TEXT      a reply to the message received last
 *	/react EMOJI  a reaction to it; without one, none any more
 *	/read         it was displayed, and so were those before it
 *
 * Ends with the input.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <envoi/envoi.h>
#include <envoi/extensions.h>

#define KEPT 100 /* what refers to an older message is not understood */

/* A message with its newest correction, which may be the message itself. */
struct entry {
	struct envoi_stanza *first, *newest;
	bool is_own;
};

struct program {
	struct envoi_handler handler;
	struct envoi_context *context;
	struct envoi_client *client;
	struct envoi_jid *contact;
	struct entry entries[KEPT]; /* a ring */
	unsigned int count;
	struct envoi_watch input;
	char line[1000];
	size_t line_len;
};

/* --- the messages of the conversation --- */

static void drop(struct entry *entry)
{
	envoi_stanza_unref(entry->first);
	envoi_stanza_unref(entry->newest);
}

static void keep(struct program *program, struct envoi_stanza *message, bool is_own)
{
	struct entry *entry = &program->entries[program->count++ % KEPT];
	drop(entry);
	entry->first = envoi_stanza_ref(message);
	entry->newest = envoi_stanza_ref(message);
	entry->is_own = is_own;
}

static void replace(struct entry *entry, struct envoi_stanza *correction)
{
	envoi_stanza_unref(entry->newest);
	entry->newest = envoi_stanza_ref(correction);
}

/* @param age  1: the newest. @return NULL: there is none */
static struct entry *entry_at(struct program *program, unsigned int age)
{
	return age > KEPT || age > program->count
		? NULL
		: &program->entries[(program->count - age) % KEPT];
}

static struct entry *last(struct program *program, bool is_own)
{
	struct entry *entry;
	for (unsigned int age = 1; (entry = entry_at(program, age)) != NULL; age++) {
		if (entry->is_own == is_own) {
			return entry;
		}
	}
	return NULL;
}

static bool has_id(
	const struct envoi_stanza *message, enum envoi_stanza_ids_purpose purpose, const char *id)
{
	const char *own = envoi_stanza_ids_for(message, purpose, false);
	return own != NULL && strcmp(own, id) == 0;
}

/* Find the message that an extension refers to. Everybody chooses ids: it is looked for in this
 * conversation only. */
static struct entry *find(
	struct program *program, enum envoi_stanza_ids_purpose purpose, const char *id)
{
	struct entry *entry;
	for (unsigned int age = 1; (entry = entry_at(program, age)) != NULL; age++) {
		if (has_id(entry->first, purpose, id) || has_id(entry->newest, purpose, id)) {
			return entry;
		}
	}
	return NULL;
}

static const char *text_of(const struct entry *entry)
{
	return envoi_message_body(entry->newest, NULL);
}

/* --- receiving: all of this comes from the contact, on_message() has made sure --- */

static void on_reached(struct entry *entry, const char *what)
{
	if (entry != NULL && entry->is_own) {
		printf("(%s: %s)\n", what, text_of(entry));
	}
}

static bool on_correction(struct program *program, struct envoi_stanza *message)
{
	const char *id = envoi_correction_id(message);
	struct entry *entry = id == NULL ? NULL : find(program, ENVOI_STANZA_IDS_CORRECTION, id);
	if (entry == NULL || entry->is_own) {
		return false; /* not the contact's: it is a message like others */
	}
	printf("< %s (in place of: %s)\n", envoi_message_body(message, NULL), text_of(entry));
	replace(entry, message);
	return true;
}

static void on_reactions(struct program *program, const struct envoi_reactions *reactions)
{
	struct entry *entry = find(program, ENVOI_STANZA_IDS_REACTION, reactions->id);
	size_t position = 0;
	const char *text;
	if (entry == NULL) {
		return;
	}
	printf("(reactions to %s:", text_of(entry));
	while ((text = envoi_reactions_next(reactions, &position)) != NULL) {
		printf(" %s", text);
	}
	puts(")");
}

static void on_text(struct program *program, struct envoi_stanza *message)
{
	const struct envoi_replies_reply *reply = envoi_replies_of(message);
	struct entry *original = reply == NULL ? NULL
					       : find(program, ENVOI_STANZA_IDS_REPLY, reply->id);
	char *body;
	if (original == NULL) {
		printf("< %s\n", envoi_message_body(message, NULL));
	} else if (envoi_fallback_strip(&body, program->context, message, NULL, ENVOI_NS_REPLIES) >=
		0) { /* without the quotation */
		printf("< %s (to: %s)\n", body, text_of(original));
		envoi_free(program->context, body);
	}
	keep(program, message, false);
}

static int on_message(struct envoi_handler *self, struct envoi_delivery *in)
{
	struct program *program = ENVOI_CONTAINER_OF(self, struct program, handler);
	struct envoi_stanza *message = envoi_delivery_stanza(in);
	const struct envoi_reactions *reactions = envoi_reactions_of(message);
	const char *id;
	if (!envoi_stanza_ids_is_from(message, program->contact, false)) {
		return ENVOI_DECLINED;
	}
	if ((id = envoi_receipts_id(message)) != NULL) {
		on_reached(find(program, ENVOI_STANZA_IDS_RECEIPT, id), "delivered");
	} else if ((id = envoi_markers_id(message)) != NULL) {
		on_reached(find(program, ENVOI_STANZA_IDS_MARKER, id), "read");
	} else if (reactions != NULL) {
		on_reactions(program, reactions);
	} else if (envoi_message_body(message, NULL) == NULL) {
		return ENVOI_DECLINED;
	} else if (!on_correction(program, message)) {
		on_text(program, message);
	}
	fflush(stdout);
	return ENVOI_OK;
}

/* --- sending --- */

static struct envoi_stanza *message_new(struct program *program, const char *body)
{
	return envoi_message_new(
		program->context, ENVOI_TYPE_CHAT, envoi_jid_text(program->contact), body);
}

/* A failure of a builder is one of sending the message. @return whether it was sent */
static bool send_message(struct program *program, struct envoi_stanza *message)
{
	struct envoi_session *session = envoi_client_session(program->client);
	if (envoi_send(session, message, NULL) < 0) {
		printf("(not sent: %s)\n", envoi_session_problem(session));
		return false;
	}
	return true;
}

/* @param kept  a message of its own: it is kept with the id that sending gives it */
static void send_text(struct program *program, struct envoi_stanza *message, bool kept)
{
	envoi_receipts_request(message);
	envoi_markers_request(message);
	if (send_message(program, envoi_stanza_ref(message)) && kept) {
		keep(program, message, true);
	}
	envoi_stanza_unref(message);
}

static void fix(struct program *program, struct entry *entry, const char *text)
{
	struct envoi_stanza *message = message_new(program, text);
	envoi_correction_add(
		message, envoi_stanza_ids_for(entry->first, ENVOI_STANZA_IDS_CORRECTION, false));
	replace(entry, message);
	send_text(program, message, false);
}

static void reply(struct program *program, struct entry *entry, const char *text)
{
	struct envoi_stanza *message = message_new(program, text);
	envoi_replies_add(message, entry->first, false); /* without an id: a message like others */
	send_text(program, message, true);
}

static void react(struct program *program, struct entry *entry, const char *text)
{
	struct envoi_stanza *message = message_new(program, NULL);
	const char *const texts[] = {text};
	if (envoi_reactions_add(message, entry->first, false, texts, *text != '\0') ==
		ENVOI_DECLINED) {
		puts("(it has no id)");
		envoi_stanza_unref(message);
		return;
	}
	send_message(program, message);
}

static void mark_read(struct program *program, struct entry *entry, const char *text)
{
	struct envoi_stanza *marker;
	(void)text;
	if (envoi_markers_new(&marker, entry->newest, false) == ENVOI_OK) {
		send_message(program, marker);
	} else {
		puts("(the contact has not asked for that)");
	}
}

static const struct command {
	const char *word;
	void (*run)(struct program *program, struct entry *entry, const char *text);
	bool is_of_own; /* the entry: the own message sent last */
} commands[] = {
	{"/fix ", fix, true},
	{"/re ", reply, false},
	{"/react ", react, false},
	{"/read", mark_read, false},
};

static void on_line(struct program *program, const char *line)
{
	for (size_t i = 0; i < sizeof(commands) / sizeof(*commands); i++) {
		size_t len = strlen(commands[i].word);
		if (strncmp(line, commands[i].word, len) == 0) {
			struct entry *entry = last(program, commands[i].is_of_own);
			if (entry != NULL) {
				commands[i].run(program, entry, line + len);
			} else {
				puts("(there is no message yet)");
			}
			fflush(stdout);
			return;
		}
	}
	send_text(program, message_new(program, line), true);
	fflush(stdout);
}

/* A line without an end, or longer than there is room, is a line as well. */
static void on_input(struct envoi_watch *watch, unsigned int ready)
{
	struct program *program = ENVOI_CONTAINER_OF(watch, struct program, input);
	size_t room = sizeof(program->line) - 1 - program->line_len;
	ssize_t len = read(STDIN_FILENO, program->line + program->line_len, room);
	(void)ready;
	if (len < 0 && (errno == EAGAIN || errno == EINTR)) {
		return;
	}
	program->line_len += len > 0 ? (size_t)len : 0;
	program->line[program->line_len] = '\0';
	char *line = program->line, *end;
	while ((end = strchr(line, '\n')) != NULL) {
		*end = '\0';
		on_line(program, line);
		line = end + 1;
	}
	program->line_len = strlen(line);
	memmove(program->line, line, program->line_len + 1);
	if (program->line_len > 0 && (len <= 0 || program->line_len == sizeof(program->line) - 1)) {
		on_line(program, program->line);
		program->line_len = 0;
	}
	if (len <= 0) {
		envoi_watch_stop(watch);
		envoi_client_quit(program->client);
	}
}

/* --- the program --- */

static void on_available(struct envoi_handler *self, const struct envoi_event *event)
{
	struct program *program = ENVOI_CONTAINER_OF(self, struct program, handler);
	struct envoi_loop *loop = envoi_context_loop(program->context);
	(void)event;
	puts("ready");
	fflush(stdout);
	int r = envoi_watch_start(&program->input, loop, STDIN_FILENO, ENVOI_IO_READ, on_input);
	if (r < 0 && r != ENVOI_ERR_STATE) { /* ENVOI_ERR_STATE: since an earlier login */
		fprintf(stderr, "the input: %s\n", envoi_error_text(r));
		envoi_client_quit(program->client);
	}
}

static const struct envoi_stanza_row stanzas[] = {
	{.kind = ENVOI_MESSAGE, .handle = on_message},
	ENVOI_ROWS_END,
};
static const struct envoi_event_row events[] = {
	{.type = ENVOI_EVENT_AVAILABLE, .handle = on_available},
	ENVOI_ROWS_END,
};
static const struct envoi_handler_impl chat_impl = {
	.name = "chat",
	.stanzas = stanzas,
	.events = events,
};

/* The handlers of the extensions announce them; that of receipts sends receipts. */
static int run(struct program *program, char **assignments)
{
	envoi_client_set_password(program->client, getenv("ENVOI_PASSWORD"));
	envoi_client_set_assignments(program->client, assignments);
	envoi_client_add(program->client, envoi_receipts_handler());
	envoi_client_add(program->client, envoi_markers_handler());
	envoi_client_add(program->client, envoi_correction_handler());
	envoi_client_add(program->client, envoi_replies_handler());
	envoi_client_add(program->client, envoi_fallback_handler());
	envoi_client_add(program->client, envoi_reactions_handler());
	envoi_client_add(program->client, &program->handler);
	int r = envoi_client_run(program->client);
	if (r < 0) {
		fprintf(stderr, "%s\n", envoi_client_failure_text(program->client));
	}
	return r < 0;
}

int main(int argc, char **argv)
{
	struct program program = {.handler = ENVOI_HANDLER(&chat_impl)};
	int status = 2;
	if (argc < 3 || envoi_context_new(&program.context, NULL) < 0) {
		fprintf(stderr, "usage: chat JID CONTACT [NAME=VALUE...]\n");
		return status;
	}
	if (envoi_jid_from_text(&program.contact, program.context, argv[2]) == ENVOI_OK &&
		envoi_client_new(&program.client, program.context, argv[1]) == ENVOI_OK) {
		status = run(&program, argv + 3);
	}
	envoi_watch_stop(&program.input);
	envoi_client_free(program.client);
	for (size_t i = 0; i < KEPT; i++) {
		drop(&program.entries[i]);
	}
	envoi_jid_unref(program.contact);
	envoi_context_unref(program.context);
	return status;
}
