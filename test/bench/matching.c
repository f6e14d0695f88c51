/*
 * envoi - what rows of stanzas, and presence of contacts, cost a client
 * SPDX-License-Identifier: MIT
 *
 * usage: bench-matching none|names|paths|loose|functions|presence|resources COUNT
 *
 * COUNT messages are received beside a handler with ROWS rows that do not match: of payloads by
 * name, by a path with a namespace, by a path of any namespace, by a function; none: without it.
 * presence: COUNT presences of CONTACTS contacts, one resource each; resources: of one contact with
 * 32 resources. What is counted is done in bench_counted().
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <envoi/delivery.h>
#include <envoi/handler.h>
#include <envoi/presence.h>
#include <envoi/values.h>

#include "bench_world.h"

enum {
	ROWS = 100,
	CONTACTS = 1000,
	RESOURCES = 32,
	AT_ONCE = 50, /* stanzas that arrive in one piece */
};

NOT_INLINED void bench_counted(void);

void bench_counted(void)
{
	bench_check(envoi_loop_simulated_run_for(world.loop, 1000));
}

static int on_match(struct envoi_handler *self, struct envoi_delivery *in)
{
	(void)self;
	(void)in;
	fputs("bench-matching: a row matches\n", stderr);
	exit(1);
}

static bool never(struct envoi_handler *self, const struct envoi_delivery *in)
{
	(void)self;
	return in == NULL;
}

static struct envoi_stanza_row rows[ROWS + 1]; /* the last one ends the table */
static char texts[ROWS][64];
static const struct envoi_handler_impl impl = {.name = "rows", .stanzas = rows};
static struct envoi_handler handler = ENVOI_HANDLER(&impl);

static void make_row(const char *form, int i)
{
	struct envoi_stanza_row *row = &rows[i];
	*row = (struct envoi_stanza_row){.kind = ENVOI_MESSAGE, .handle = on_match};
	if (strcmp(form, "functions") == 0) {
		row->matches = never;
	} else if (strcmp(form, "names") == 0) {
		snprintf(texts[i], sizeof(texts[i]), "urn:absent:%d", i);
		row->ns = texts[i];
		row->name = "a";
	} else {
		bool is_loose = strcmp(form, "loose") == 0;
		snprintf(texts[i], sizeof(texts[i]),
			is_loose ? "message/{*}present/b@c='%d'"
				 : "message/{urn:absent:%d}a/b@c='d'",
			i);
		row->path = texts[i];
	}
}

static void add_rows(const char *form)
{
	if (strcmp(form, "none") != 0) {
		for (int i = 0; i < ROWS; i++) {
			make_row(form, i);
		}
		bench_check(envoi_client_add(world.client, &handler));
	}
}

static void say_message(size_t i)
{
	char xml[512];
	snprintf(xml, sizeof(xml),
		"<message from='bob@example.org/home' type='chat' id='m%zu'><body>hello</body>"
		"<present xmlns='urn:present'><b c='d'/></present></message>",
		i);
	bench_say(xml);
}

/* Each presence of a resource differs from the one before. */
static void say_presence(size_t i, bool is_one_contact)
{
	char xml[512];
	snprintf(xml, sizeof(xml),
		"<presence from='contact%zu@example.org/r%zu'><show>%s</show>"
		"<status>reading</status></presence>",
		is_one_contact ? 0 : i % CONTACTS, is_one_contact ? i % RESOURCES : 0,
		i / CONTACTS % 2 == 0 ? "away" : "dnd");
	bench_say(xml);
}

static void receive(const char *mode, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		if (strcmp(mode, "presence") == 0 || strcmp(mode, "resources") == 0) {
			say_presence(i, strcmp(mode, "resources") == 0);
		} else {
			say_message(i);
		}
		if (i % AT_ONCE == AT_ONCE - 1 || i == count - 1) {
			bench_counted();
		}
	}
}

static char *roster(void)
{
	size_t size = 64 + (size_t)CONTACTS * 80, len;
	char *items = malloc(size);
	if (items == NULL) {
		exit(1);
	}
	len = (size_t)snprintf(items, size, "<query xmlns='jabber:iq:roster'>");
	for (int i = 0; i < CONTACTS; i++) {
		len += (size_t)snprintf(items + len, size - len,
			"<item jid='contact%d@example.org' subscription='both'/>", i);
	}
	snprintf(items + len, size - len, "</query>");
	return items;
}

int main(int argc, char **argv)
{
	static const char *const modes[] = {
		"none", "names", "paths", "loose", "functions", "presence", "resources"};
	uint64_t count;
	size_t mode = 0, mode_count = sizeof(modes) / sizeof(modes[0]);
	while (argc == 3 && mode < mode_count && strcmp(argv[1], modes[mode]) != 0) {
		mode++;
	}
	if (argc != 3 || mode == mode_count || envoi_uint_parse(argv[2], 1, 1000000, &count) < 0) {
		fputs("usage: bench-matching "
		      "none|names|paths|loose|functions|presence|resources COUNT\n",
			stderr);
		return 2;
	}
	char *items = roster();
	world.roster = items;
	bench_begin("SCRAM-SHA-1", 4096);
	if (mode < 5) {
		add_rows(modes[mode]);
	}
	bench_log_in();
	receive(modes[mode], count);
	bench_log_out();
	bench_end();
	free(items);
	return 0;
}
