/*
 * envoi - benchmark: addresses
 * SPDX-License-Identifier: MIT
 *
 * jid MODE COUNT: does one thing COUNT times. See run-jid.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <envoi/envoi.h>

#define COUNT_OF(array) (sizeof(array) / sizeof((array)[0]))

static const char *const ascii[] = {
	"juliet@capulet.example/balcony",
	"romeo@montague.example/orchard.4f2c81",
	"coven@chat.shakespeare.example/firstwitch",
	"nurse@capulet.example",
	"pubsub.shakespeare.example",
};
static const char *const mixed_case[] = {
	"Juliet@Capulet.Example/Balcony",
	"ROMEO@montague.example/orchard.4f2c81",
	"Coven@chat.shakespeare.example/firstwitch",
	"Nurse@capulet.example",
	"PubSub.shakespeare.example",
};
/* resources only: the commonest, nicknames in rooms */
static const char *const nicknames[] = {
	"coven@chat.shakespeare.example/J\u00f6rg \u263a",
	"coven@chat.shakespeare.example/\u0418\u0432\u0430\u043d",
	"coven@chat.shakespeare.example/\u592a\u90ce",
	"coven@chat.shakespeare.example/Zo\u00eb",
	"coven@chat.shakespeare.example/\u03a3\u03c9\u03ba\u03c1\u03ac\u03c4\u03b7\u03c2",
};
static const char *const locals[] = {
	"j\u00f6rg@capulet.example/balcony",
	"\u0438\u0432\u0430\u043d@montague.example/orchard",
	"\u592a\u90ce@capulet.example",
	"zo\u00eb@capulet.example/desk",
	"\u03c3\u03c9\u03ba\u03c1\u03ac\u03c4\u03b7\u03c2@capulet.example",
};
static const char *const domains[] = {
	"juliet@b\u00fccher.example/balcony",
	"romeo@\u043f\u0440\u0438\u043c\u0435\u0440.example/orchard",
	"nurse@\u4f8b\u3048.example",
	"coven@fu\u00dfball.example/firstwitch",
	"pubsub.\u03b2\u03cc\u03bb\u03bf\u03c2.example",
};

static const struct {
	const char *name;
	const char *const *texts; /* five */
} sets[] = {
	{"ascii", ascii},
	{"mixed-case", mixed_case},
	{"nicknames", nicknames},
	{"locals", locals},
	{"domains", domains},
};

static void die(const char *what)
{
	fprintf(stderr, "jid: %s\n", what);
	exit(1);
}

static struct envoi_jid *make(struct envoi_context *context, const char *text)
{
	struct envoi_jid *jid;
	if (envoi_jid_parse(&jid, context, text, strlen(text)) < 0) {
		die(text);
	}
	return jid;
}

static void parse(struct envoi_context *context, const char *const *texts, long count)
{
	for (long i = 0; i < count; i++) {
		envoi_jid_unref(make(context, texts[i % COUNT_OF(ascii)]));
	}
}

/* Equal ones that are not the same object: all bytes are looked at. */
static void compare(struct envoi_context *context, long count, bool same)
{
	struct envoi_jid *a = make(context, "juliet@capulet.example/balcony");
	struct envoi_jid *b = make(
		context, same ? envoi_jid_text(a) : "juliet@capulet.example/garden1");
	long equal = 0;
	for (long i = 0; i < count; i++) {
		equal += envoi_jid_equal(a, b);
	}
	if (equal != (same ? count : 0)) {
		die("wrong");
	}
	envoi_jid_unref(a);
	envoi_jid_unref(b);
}

static void run(struct envoi_context *context, const char *mode, long count)
{
	for (size_t i = 0; i < COUNT_OF(sets); i++) {
		if (strcmp(mode, sets[i].name) == 0) {
			parse(context, sets[i].texts, count);
			return;
		}
	}
	if (strcmp(mode, "equal") != 0 && strcmp(mode, "unequal") != 0) {
		die("no such mode");
	}
	compare(context, count, strcmp(mode, "equal") == 0);
}

int main(int argc, char **argv)
{
	struct envoi_context *context;
	if (argc != 3) {
		die("usage: jid ascii|mixed-case|nicknames|locals|domains|equal|unequal COUNT");
	}
	if (envoi_context_new(&context, NULL) < 0) {
		die("out of memory");
	}
	run(context, argv[1], strtol(argv[2], NULL, 10));
	envoi_context_unref(context);
	return 0;
}
