/*
 * envoi - the command-line program: shortcuts of the XML console
 * SPDX-License-Identifier: MIT
 */
#include <stdio.h>
#include <string.h>

#include <envoi/ext/disco.h>

#include "console.h"
#include "wrap.h"

#define NS_PING "urn:xmpp:ping"
#define NS_VERSION "jabber:iq:version"
#define NS_ROSTER "jabber:iq:roster"

/* The words behind the name: two, or one and the rest of the line. */
struct words {
	char *first; /* NULL: there is none */
	char *rest; /* NULL: there is none */
};

struct shortcut {
	const char *name, *operands, *doc;
	/** @return the element to send, owned by the caller; NULL: none, or without memory. Without
	 * `make` it is an iq get, the operands are JID and NODE */
	struct envoi_element *(*make)(struct console *console, const struct words *words);
	const char *payload_ns, *payload_name; /**< of the iq get */
};

static struct envoi_context *context_of(const struct console *console)
{
	return console->task.invocation->context;
}

/* --- elements --- */

static struct envoi_element *make_query(
	const struct console *console, const struct shortcut *shortcut, const struct words *words)
{
	struct envoi_element *iq = envoi_element_new(context_of(console), ENVOI_NS_CLIENT, "iq");
	const char *domain = envoi_session_domain(envoi_client_session(console->task.client));
	envoi_element_set(iq, "type", "get");
	envoi_element_set(iq, "to", words->first != NULL ? words->first : domain);
	struct envoi_element *payload = envoi_element_add(
		iq, shortcut->payload_ns, shortcut->payload_name);
	envoi_element_set(payload, "node", words->rest);
	return iq;
}

static struct envoi_element *make_roster(struct console *console, const struct words *words)
{
	struct envoi_element *iq = envoi_element_new(context_of(console), ENVOI_NS_CLIENT, "iq");
	(void)words;
	envoi_element_set(iq, "type", "get");
	envoi_element_add(iq, NS_ROSTER, "query");
	return iq;
}

static struct envoi_element *make_message(struct console *console, const struct words *words)
{
	struct envoi_element *message = envoi_element_new(
		context_of(console), ENVOI_NS_CLIENT, "message");
	if (words->rest == NULL) {
		envoi_element_unref(message);
		console_refuse(console, "/message needs an address and a text");
		return NULL;
	}
	envoi_element_set(message, "type", "chat");
	envoi_element_set(message, "to", words->first);
	envoi_element_add_with_text(message, NULL, "body", words->rest);
	return message;
}

static bool is_word(const char *word, const char *other)
{
	return word != NULL && strcmp(word, other) == 0;
}

static struct envoi_element *make_presence(struct console *console, const struct words *words)
{
	static const char *const shows[] = {"away", "chat", "dnd", "xa"};
	struct envoi_element *presence = envoi_element_new(
		context_of(console), ENVOI_NS_CLIENT, "presence");
	bool is_known = words->first == NULL || is_word(words->first, "available") ||
		is_word(words->first, "unavailable");
	for (size_t i = 0; i < sizeof(shows) / sizeof(shows[0]); i++) {
		if (is_word(words->first, shows[i])) {
			envoi_element_add_with_text(presence, NULL, "show", shows[i]);
			is_known = true;
		}
	}
	if (!is_known) {
		envoi_element_unref(presence);
		console_refuse(console,
			"/presence: the first word is one of available, away, chat, dnd, xa,"
			" unavailable");
		return NULL;
	}
	envoi_element_set(
		presence, "type", is_word(words->first, "unavailable") ? "unavailable" : NULL);
	envoi_element_add_with_text(presence, NULL, "status", words->rest);
	return presence;
}

/* --- the program's own --- */

static struct envoi_element *quit(struct console *console, const struct words *words)
{
	(void)words;
	console->is_read = true;
	task_end(&console->task, console->is_person ? STATUS_DONE : console->status);
	return NULL;
}

static struct envoi_element *help(struct console *console, const struct words *words);

/* --- the table --- */

static const struct shortcut shortcuts[] = {
	{.name = "/disco",
		.operands = " [JID [NODE]]",
		.doc = "ask an entity, or the server, for its identities and features",
		.payload_ns = ENVOI_NS_DISCO_INFO,
		.payload_name = "query"},
	{.name = "/help", .operands = "", .doc = "print this", .make = help},
	{.name = "/items",
		.operands = " [JID [NODE]]",
		.doc = "ask an entity, or the server, for its items",
		.payload_ns = ENVOI_NS_DISCO_ITEMS,
		.payload_name = "query"},
	{.name = "/message",
		.operands = " JID TEXT",
		.doc = "send a chat message",
		.make = make_message},
	{.name = "/ping",
		.operands = " [JID]",
		.doc = "ping an entity, or the server",
		.payload_ns = NS_PING,
		.payload_name = "ping"},
	{.name = "/presence",
		.operands = " [SHOW [STATUS]]",
		.doc = "send presence: available, away, chat, dnd, xa, or unavailable",
		.make = make_presence},
	{.name = "/quit", .operands = "", .doc = "end the stream, and the program", .make = quit},
	{.name = "/roster", .operands = "", .doc = "ask for the contact list", .make = make_roster},
	{.name = "/version",
		.operands = " [JID]",
		.doc = "ask an entity, or the server, for its software",
		.payload_ns = NS_VERSION,
		.payload_name = "query"},
};

enum {
	SHORTCUT_COUNT = sizeof(shortcuts) / sizeof(shortcuts[0]),
};

static struct envoi_element *help(struct console *console, const struct words *words)
{
	char line[256];
	(void)words;
	editor_hide();
	print_wrapped(0,
		"A line is an XML element, or its beginning: it is sent when it is complete. message,"
		" presence and iq need no xmlns.");
	for (size_t i = 0; i < SHORTCUT_COUNT; i++) {
		snprintf(line, sizeof(line), "%s%s: %s", shortcuts[i].name, shortcuts[i].operands,
			shortcuts[i].doc);
		print_wrapped(2, line);
	}
	if (console->is_editing) {
		print_wrapped(0, "^C drops what has been typed; ^D in an empty line ends, as ^C.");
	}
	fflush(stdout);
	editor_show();
	return NULL;
}

const char *console_shortcut_name(size_t index)
{
	return index < SHORTCUT_COUNT ? shortcuts[index].name : NULL;
}

static const struct shortcut *find(const char *name)
{
	for (size_t i = 0; i < SHORTCUT_COUNT; i++) {
		if (strcmp(shortcuts[i].name, name) == 0) {
			return &shortcuts[i];
		}
	}
	return NULL;
}

/* Cut a word off. @return what follows it; NULL: nothing */
static char *cut_word(char *text)
{
	size_t len = strcspn(text, " \t");
	char *rest = text + len + strspn(text + len, " \t");
	text[len] = '\0';
	return *rest != '\0' ? rest : NULL;
}

/* Without the blanks around it. */
static void trim(char *text)
{
	size_t len = strlen(text), blanks = strspn(text, " \t");
	memmove(text, text + blanks, len - blanks + 1);
	len -= blanks;
	while (len > 0 && strchr(" \t\r", text[len - 1]) != NULL) {
		text[--len] = '\0';
	}
}

static void run(struct console *console, char *line)
{
	char reason[256];
	struct words words = {.first = cut_word(line)};
	const struct shortcut *shortcut = find(line);
	if (shortcut == NULL) {
		snprintf(reason, sizeof(reason), "there is no %s (see /help)", line);
		console_refuse(console, reason);
		return;
	}
	words.rest = words.first != NULL ? cut_word(words.first) : NULL;
	struct envoi_element *element = shortcut->make == NULL
		? make_query(console, shortcut, &words)
		: shortcut->make(console, &words);
	if (element != NULL) {
		console_hand_over(console, element);
	}
}

void console_shortcut(struct console *console, const char *line)
{
	char *copy = envoi_strndup(context_of(console), line, strlen(line));
	if (copy == NULL) {
		console_refuse(console, envoi_error_text(ENVOI_ERR_NOMEM));
		return;
	}
	trim(copy);
	run(console, copy);
	envoi_free(context_of(console), copy);
}
