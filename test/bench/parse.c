/*
 * envoi - benchmark: from bytes to finished trees, against libxml2's SAX2 alone
 * SPDX-License-Identifier: MIT
 *
 * parse envoi|sax COUNT PIECE: parses COUNT stanzas, fed PIECE bytes at a time. See run-parse.
 */
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <libxml/parser.h>

#include <envoi/envoi.h>

#include "corpus.h"

static void die(const char *what)
{
	fprintf(stderr, "parse: %s\n", what);
	exit(1);
}

struct input {
	char *data;
	size_t len;
};

static struct input make_input(size_t count)
{
	struct input input = {NULL, strlen(BENCH_HEAD)};
	for (size_t i = 0; i < count; i++) {
		input.len += strlen(bench_corpus[i % BENCH_CORPUS_COUNT]);
	}
	input.data = malloc(input.len + 1);
	if (input.data == NULL) {
		die("out of memory");
	}
	char *at = stpcpy(input.data, BENCH_HEAD);
	for (size_t i = 0; i < count; i++) {
		at = stpcpy(at, bench_corpus[i % BENCH_CORPUS_COUNT]);
	}
	return input;
}

static size_t drain(struct envoi_xml_parser *parser)
{
	struct envoi_xml_item item;
	size_t count = 0;
	int r;
	while ((r = envoi_xml_parser_next(parser, &item)) == ENVOI_OK) {
		count += item.kind == ENVOI_XML_ELEMENT;
		envoi_element_unref(item.element);
	}
	if (r != ENVOI_AGAIN) {
		die(envoi_xml_parser_error_text(parser));
	}
	return count;
}

static size_t parse_envoi(const struct input *input, size_t piece)
{
	struct envoi_context *context;
	struct envoi_xml_parser *parser;
	size_t count = 0;
	if (envoi_context_new(&context, NULL) < 0 ||
		envoi_xml_parser_new(&parser, context, NULL) < 0) {
		die("out of memory");
	}
	for (size_t at = 0; at < input->len; at += piece) {
		size_t part = input->len - at < piece ? input->len - at : piece;
		if (envoi_xml_parser_feed(parser, input->data + at, part) < 0) {
			die("out of memory");
		}
		count += drain(parser);
	}
	envoi_xml_parser_free(parser);
	envoi_context_unref(context);
	return count;
}

struct counts {
	size_t depth, stanzas;
};

static void on_start(void *user, const xmlChar *name, const xmlChar *prefix, const xmlChar *uri,
	int ns_count, const xmlChar **namespaces, int attr_count, int defaulted_count,
	const xmlChar **attrs)
{
	(void)name;
	(void)prefix;
	(void)uri;
	(void)ns_count;
	(void)namespaces;
	(void)attr_count;
	(void)defaulted_count;
	(void)attrs;
	struct counts *counts = user;
	counts->depth++;
}

static void on_end(void *user, const xmlChar *name, const xmlChar *prefix, const xmlChar *uri)
{
	(void)name;
	(void)prefix;
	(void)uri;
	struct counts *counts = user;
	counts->stanzas += --counts->depth == 1;
}

static void on_text(void *user, const xmlChar *text, int len)
{
	(void)user;
	(void)text;
	(void)len;
}

static size_t parse_sax(const struct input *input, size_t piece)
{
	xmlSAXHandler sax = {
		.initialized = XML_SAX2_MAGIC,
		.startElementNs = on_start,
		.endElementNs = on_end,
		.characters = on_text,
	};
	struct counts counts = {0, 0};
	xmlInitParser();
	xmlParserCtxtPtr xml = xmlCreatePushParserCtxt(&sax, &counts, NULL, 0, NULL);
	if (xml == NULL) {
		die("out of memory");
	}
	xmlCtxtUseOptions(xml, XML_PARSE_NOENT | XML_PARSE_NONET);
	for (size_t at = 0; at < input->len; at += piece) {
		size_t part = input->len - at < piece ? input->len - at : piece;
		if (xmlParseChunk(xml, input->data + at, (int)part, 0) != 0) {
			die("not well-formed");
		}
	}
	xmlFreeParserCtxt(xml);
	return counts.stanzas;
}

int main(int argc, char **argv)
{
	size_t count = argc == 4 ? strtoul(argv[2], NULL, 10) : 0;
	size_t piece = argc == 4 ? strtoul(argv[3], NULL, 10) : 0;
	bool is_envoi = argc == 4 && strcmp(argv[1], "envoi") == 0;
	if (count == 0 || piece == 0 || (!is_envoi && strcmp(argv[1], "sax") != 0)) {
		die("usage: parse envoi|sax COUNT PIECE");
	}
	struct input input = make_input(count);
	size_t parsed = is_envoi ? parse_envoi(&input, piece) : parse_sax(&input, piece);
	if (parsed != count) {
		die("stanzas are missing");
	}
	printf("%zu stanzas, %zu bytes each\n", count, input.len / count);
	free(input.data);
	return 0;
}
