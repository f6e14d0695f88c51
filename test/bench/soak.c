/*
 * envoi - soak: memory stays level, however much one stream brings
 * SPDX-License-Identifier: MIT
 *
 * soak stanzas COUNT: COUNT small stanzas through one parser, each with element and attribute
 * names, a namespace, a prefix, an id and addresses that no other has, made stanzas and taken to
 * pieces.
 * soak bytes COUNT: COUNT bytes in larger stanzas.
 *
 * Says how much memory is resident, and ends with 1 if it is ever more than 2 MB above its level
 * after the first 10,000 stanzas.
 */
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <envoi/envoi.h>

enum {
	WARM_UP = 10000, /* stanzas */
	LOOK_EVERY = 10000,
	TELL_EVERY = 1000000,
	PIECE = 4096, /* bytes fed at a time */
	MOST_GROWTH = 2048, /* KiB */
	LARGE = 60000, /* bytes of text in a large stanza */
};

static void die(const char *what)
{
	fprintf(stderr, "soak: %s\n", what);
	exit(1);
}

struct soak {
	struct envoi_context *context;
	struct envoi_xml_parser *parser;
	uint64_t taken, bytes;
	long level, most; /* KiB resident: after the warm-up, and the most since */
};

static long resident(void)
{
	long pages, resident_pages;
	FILE *file = fopen("/proc/self/statm", "r");
	if (file == NULL || fscanf(file, "%ld %ld", &pages, &resident_pages) != 2) {
		die("/proc/self/statm cannot be read");
	}
	fclose(file);
	return resident_pages * (sysconf(_SC_PAGESIZE) / 1024);
}

static void look(struct soak *soak)
{
	if (soak->taken % LOOK_EVERY != 0) {
		return;
	}
	long now = resident();
	if (soak->taken == WARM_UP) {
		soak->level = soak->most = now;
	}
	soak->most = now > soak->most ? now : soak->most;
	if (soak->taken % TELL_EVERY == 0) {
		printf("%llu stanzas, %llu bytes, %ld KiB resident\n",
			(unsigned long long)soak->taken, (unsigned long long)soak->bytes, now);
		fflush(stdout);
	}
}

static void take_stanza(struct soak *soak, struct envoi_element *element)
{
	struct envoi_stanza *stanza;
	if (envoi_stanza_from_element(&stanza, element) != ENVOI_OK) {
		die("no stanza");
	}
	envoi_element_unref(element);
	const struct envoi_jid *from = envoi_stanza_from(stanza);
	if (from == NULL || envoi_stanza_id(stanza) == NULL || envoi_jid_resource(from) == NULL ||
		envoi_stanza_to(stanza) == NULL || envoi_message_body(stanza, NULL) == NULL) {
		die("a stanza lacks something");
	}
	envoi_stanza_unref(stanza);
	soak->taken++;
	look(soak);
}

static void drain(struct soak *soak)
{
	struct envoi_xml_item item;
	int r;
	while ((r = envoi_xml_parser_next(soak->parser, &item)) == ENVOI_OK) {
		if (item.kind == ENVOI_XML_ELEMENT) {
			take_stanza(soak, item.element);
		} else {
			envoi_element_unref(item.element);
		}
	}
	if (r != ENVOI_AGAIN) {
		die(envoi_xml_parser_error_text(soak->parser));
	}
}

static void feed(struct soak *soak, const char *data, size_t len)
{
	for (size_t at = 0; at < len; at += PIECE) {
		size_t piece = len - at < PIECE ? len - at : PIECE;
		if (envoi_xml_parser_feed(soak->parser, data + at, piece) < 0) {
			die("out of memory");
		}
		drain(soak);
	}
	soak->bytes += len;
}

static void feed_small(struct soak *soak, uint64_t count)
{
	static char block[16 * PIECE];
	size_t len = 0;
	for (uint64_t i = 0; i < count; i++) {
		unsigned long long n = i;
		len += (size_t)snprintf(block + len, sizeof(block) - len,
			"<message from='user%llu@host%llu.example/desk%llu' to='me%llu@here.example' "
			"id='id%llu' attr%llu='%llu'><body>%llu</body><name%llu xmlns='urn:x:%llu'/>"
			"<p%llu:e xmlns:p%llu='urn:y:%llu' p%llu:a%llu=''/></message>",
			n, n, n, n, n, n, n, n, n, n, n, n, n, n, n);
		if (len > sizeof(block) - 1024) {
			feed(soak, block, len);
			len = 0;
		}
	}
	feed(soak, block, len);
}

static void feed_bytes(struct soak *soak, uint64_t count)
{
	static char block[LARGE + 512];
	while (soak->bytes < count) {
		unsigned long long n = soak->taken;
		size_t len = (size_t)snprintf(block, sizeof(block),
			"<message from='user%llu@example.org/%llu' to='me@here.example' id='id%llu'>"
			"<body>%0*d</body></message>",
			n, n, n, LARGE, 0);
		feed(soak, block, len);
	}
}

int main(int argument_count, char **arguments)
{
	static const char head[] = "<stream:stream xmlns='jabber:client' version='1.0' "
				   "xmlns:stream='http://etherx.jabber.org/streams'>";
	uint64_t count;
	bool is_bytes = argument_count == 3 && strcmp(arguments[1], "bytes") == 0;
	if (argument_count != 3 || (!is_bytes && strcmp(arguments[1], "stanzas") != 0) ||
		envoi_uint_parse(arguments[2], 1, UINT64_MAX, &count) < 0) {
		die("usage: soak stanzas|bytes COUNT");
	}
	struct soak soak = {0};
	if (envoi_context_new(&soak.context, NULL) < 0 ||
		envoi_xml_parser_new(&soak.parser, soak.context, NULL) < 0) {
		die("out of memory");
	}
	feed(&soak, head, strlen(head));
	(is_bytes ? feed_bytes : feed_small)(&soak, count);
	envoi_xml_parser_free(soak.parser);
	envoi_context_unref(soak.context);
	long growth = soak.most - soak.level;
	printf("%llu stanzas, %llu bytes; level %ld KiB, at most %ld KiB more; %.1f s of processor\n",
		(unsigned long long)soak.taken, (unsigned long long)soak.bytes, soak.level, growth,
		(double)clock() / CLOCKS_PER_SEC);
	if (soak.level == 0) {
		die("too few stanzas to know the level");
	}
	return growth <= MOST_GROWTH ? 0 : 1;
}
