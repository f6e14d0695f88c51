/*
 * envoi - fuzz target: skipping stanzas beyond a limit
 * SPDX-License-Identifier: MIT
 *
 * Input: a byte that chooses where the bytes are cut, the content of a stream. With low limits, and
 * skipping, the same elements must come as with high ones, as far as these accept the stream, and
 * in place of those that were skipped their names and addresses. And what comes does not depend on
 * the cuts.
 */
#include "fuzz.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#define HEAD \
	"<stream:stream xmlns='jabber:client' xmlns:stream='http://etherx.jabber.org/streams' " \
	"xmlns:c='jabber:client'>"

enum {
	MOST = 1 << 30,
	MOST_ITEMS = 200,
};

static const struct envoi_xml_limits high = {
	.stanza_bytes = MOST,
	.tag_bytes = 1 << 16,
	.depth = MOST,
	.attributes = 4096,
	.children = MOST,
	.name_bytes = MOST,
	.namespace_bytes = MOST,
	.names = MOST,
};

static const struct envoi_xml_limits low = {
	.stanza_bytes = 200,
	.tag_bytes = 80,
	.depth = 3,
	.attributes = 4,
	.children = 5,
	.name_bytes = 10,
	.namespace_bytes = 20,
	.names = 4,
	.skip_bytes = 3000,
};

struct item {
	bool is_skipped;
	char *whole, *start; /* all of it; name and addresses */
};

struct result {
	struct item items[MOST_ITEMS];
	size_t count;
	int end; /* what the parser returned last */
	bool is_pending;
};

static char *describe(const struct envoi_element *element, struct envoi_context *context)
{
	struct envoi_buffer out;
	envoi_buffer_init(&out, context, 0);
	fuzz_describe(&out, element);
	EXPECT(envoi_buffer_append(&out, "", 1) == ENVOI_OK);
	char *text = strdup(envoi_buffer_data(&out));
	EXPECT(text != NULL);
	envoi_buffer_finish(&out);
	return text;
}

static char *describe_start(const struct envoi_element *element, struct envoi_context *context)
{
	static const char *const kept[] = {"from", "to", "id", "type"};
	struct envoi_element *start = envoi_element_new(
		context, envoi_element_ns(element), envoi_element_name(element));
	for (size_t i = 0; i < sizeof(kept) / sizeof(kept[0]); i++) {
		envoi_element_set(start, kept[i], envoi_element_attr(element, kept[i]));
	}
	EXPECT(envoi_element_error(start) == ENVOI_OK);
	char *text = describe(start, context);
	envoi_element_unref(start);
	return text;
}

static void take_item(
	struct result *result, struct envoi_xml_item *item, struct envoi_context *context)
{
	bool is_element = item->kind == ENVOI_XML_ELEMENT || item->kind == ENVOI_XML_SKIPPED;
	if (is_element && result->count < MOST_ITEMS) {
		result->items[result->count++] = (struct item){
			.is_skipped = item->kind == ENVOI_XML_SKIPPED,
			.whole = describe(item->element, context),
			.start = describe_start(item->element, context),
		};
	}
	EXPECT(item->kind != ENVOI_XML_SKIPPED || (item->limit != NULL && item->bytes > 0));
	envoi_element_unref(item->element);
}

/* @param piece  bytes at a time; 0: all */
static void parse(struct result *result, struct envoi_context *context,
	const struct envoi_xml_limits *limits, const char *data, size_t len, size_t piece)
{
	struct envoi_xml_parser *parser;
	struct envoi_xml_item item;
	*result = (struct result){.count = 0};
	EXPECT(envoi_xml_parser_new(&parser, context, &high) == ENVOI_OK);
	EXPECT(envoi_xml_parser_feed(parser, HEAD, strlen(HEAD)) == ENVOI_OK);
	EXPECT(envoi_xml_parser_next(parser, &item) == ENVOI_OK);
	envoi_element_unref(item.element);
	envoi_xml_parser_set_limits(parser, limits);
	result->end = ENVOI_AGAIN;
	while (len > 0 && result->end == ENVOI_AGAIN) {
		size_t part = piece == 0 || piece > len ? len : piece;
		EXPECT(envoi_xml_parser_feed(parser, data, part) == ENVOI_OK);
		data += part;
		len -= part;
		while ((result->end = envoi_xml_parser_next(parser, &item)) == ENVOI_OK) {
			take_item(result, &item, context);
		}
	}
	result->is_pending = envoi_xml_parser_has_pending(parser);
	envoi_xml_parser_free(parser);
}

static void release(struct result *result)
{
	for (size_t i = 0; i < result->count; i++) {
		free(result->items[i].whole);
		free(result->items[i].start);
	}
}

static void expect_same(const struct result *a, const struct result *b)
{
	EXPECT(a->end == b->end && a->count == b->count);
	for (size_t i = 0; i < a->count; i++) {
		EXPECT(a->items[i].is_skipped == b->items[i].is_skipped);
		EXPECT(strcmp(a->items[i].whole, b->items[i].whole) == 0);
	}
}

static void compare(const struct result *full, const struct result *some)
{
	EXPECT(some->count <= full->count || full->end < 0);
	for (size_t i = 0; i < some->count && i < full->count; i++) {
		EXPECT(strcmp(some->items[i].start, full->items[i].start) == 0);
		EXPECT(some->items[i].is_skipped ||
			strcmp(some->items[i].whole, full->items[i].whole) == 0);
	}
	/* An error that is found in spite of skipping is one, perhaps in a tag that is incomplete.
	 */
	EXPECT(some->end != ENVOI_ERR_XML || full->end < 0 || full->is_pending);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct result full, some, cut;
	struct fuzz_input input = {data, size};
	size_t piece = fuzz_byte(&input) % 50 + 1;
	const char *text = (const char *)input.data;
	struct envoi_context *context = fuzz_context();
	parse(&full, context, &high, text, input.len, 0);
	parse(&some, context, &low, text, input.len, 0);
	compare(&full, &some);
	parse(&cut, context, &low, text, input.len, piece);
	expect_same(&some, &cut);
	release(&cut);
	parse(&cut, context, &low, text, input.len, 1);
	expect_same(&some, &cut);
	release(&cut);
	release(&some);
	release(&full);
	envoi_context_unref(context);
	return 0;
}
