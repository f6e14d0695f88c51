/*
 * envoi - benchmark: what the largest stanza below each limit costs
 * SPDX-License-Identifier: MIT
 *
 * limits CASE COUNT: parses that stanza COUNT times with the default limits, and prints its bytes
 * and the memory of its tree. See run-limits.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <envoi/envoi.h>

#include "test_allocator.h"

#define HEAD "<stream:stream xmlns='jabber:client' xmlns:stream='" ENVOI_NS_STREAMS "'>"

static void die(const char *what)
{
	fprintf(stderr, "limits: %s\n", what);
	exit(1);
}

static void must(int r)
{
	if (r < 0) {
		die(envoi_error_text(r));
	}
}

/* `%` is a number that counts up. */
static const struct limit_case {
	const char *name;
	const char *begin, *repeated, *end;
	size_t count;
} cases[] = {
	{"stanza-bytes", "<message><body>", "x", "</body></message>", 8388608 - 32},
	{"tag-bytes", "<a b='", "x", "'/>", 262144 - 9},
	{"depth", "<message>", "<a>", "</message>", 0},
	{"attributes", "<a ", "a%='' ", "/>", 256},
	{"prefixed", "<a xmlns:p='u' ", "p:a%='' ", "/>", 255},
	{"prefixes", "<a ", "xmlns:p%='%' p%:a='' ", "/>", 128},
	{"children", "<a>", "x<b/>", "</a>", 500000},
	{"name-bytes", "<", "n", "/>", 256},
	{"namespace-bytes", "<a xmlns='", "n", "'/>", 1024},
	{"names", "<a>", "<n%/>", "</a>", 4095},
	{"roster-items", "<iq type='result' id='1'><query xmlns='jabber:iq:roster'>",
		"<item jid='user-%@example.org' name='User %' subscription='both'>"
		"<group>a</group><group>b</group><group>c</group></item>",
		"</query></iq>", 50000},
};

static void append(struct envoi_buffer *out, const char *text, size_t number)
{
	for (; *text != '\0'; text++) {
		must(*text == '%' ? envoi_buffer_printf(out, "%zu", number)
				  : envoi_buffer_append(out, text, 1));
	}
}

static void make_stanza(struct envoi_buffer *out, const struct limit_case *limit)
{
	append(out, limit->begin, 0);
	for (size_t i = 0; i < limit->count; i++) {
		append(out, limit->repeated, i);
	}
	if (limit->count == 0) { /* nested */
		for (int i = 0; i < 255; i++) {
			append(out, limit->repeated, 0);
		}
		for (int i = 0; i < 255; i++) {
			append(out, "</a>", 0);
		}
	}
	append(out, limit->end, 0);
}

static struct envoi_element *parse(struct envoi_xml_parser *parser, const struct envoi_buffer *in)
{
	struct envoi_xml_item item;
	must(envoi_xml_parser_feed(parser, envoi_buffer_data(in), envoi_buffer_len(in)));
	if (envoi_xml_parser_next(parser, &item) != ENVOI_OK) {
		die(envoi_xml_parser_error_text(parser));
	}
	return item.element;
}

int main(int argc, char **argv)
{
	struct test_allocator allocator = {0};
	struct envoi_context *context;
	struct envoi_xml_parser *parser;
	struct envoi_buffer head, stanza;
	const struct limit_case *limit = NULL;
	for (size_t i = 0; argc == 3 && i < sizeof(cases) / sizeof(cases[0]); i++) {
		limit = strcmp(cases[i].name, argv[1]) == 0 ? &cases[i] : limit;
	}
	if (limit == NULL) {
		die("usage: limits CASE COUNT");
	}
	must(test_allocator_context(&context, &allocator));
	must(envoi_xml_parser_new(&parser, context, NULL));
	envoi_buffer_init(&head, context, 0);
	envoi_buffer_init(&stanza, context, 0);
	must(envoi_buffer_append_text(&head, HEAD));
	envoi_element_unref(parse(parser, &head));
	make_stanza(&stanza, limit);
	for (int i = 0; i < atoi(argv[2]); i++) {
		size_t before = allocator.bytes;
		struct envoi_element *element = parse(parser, &stanza);
		if (i == 0) {
			printf("%zu %zu\n", envoi_buffer_len(&stanza), allocator.bytes - before);
		}
		envoi_element_unref(element);
	}
	envoi_buffer_finish(&head);
	envoi_buffer_finish(&stanza);
	envoi_xml_parser_free(parser);
	envoi_context_unref(context);
	return 0;
}
