/*
 * envoi - fuzz target: the stream parser
 * SPDX-License-Identifier: MIT
 *
 * Input: a byte that chooses limits, one that chooses where the bytes are cut, the stream. What
 * comes out must not depend on the cuts, and each element must be the same when it is written and
 * parsed again.
 */
#include "fuzz.h"

#include <stdbool.h>
#include <string.h>

#include <envoi/conditions.h>

static const struct envoi_xml_limits tiny = {
	.stanza_bytes = 300,
	.tag_bytes = 100,
	.depth = 3,
	.attributes = 4,
	.children = 8,
	.name_bytes = 12,
	.namespace_bytes = 20,
	.names = 6,
	.skip_bytes = 900,
};

static const struct envoi_xml_limits *choose_limits(unsigned int choice)
{
	switch (choice % 3) {
	case 0:
		return &envoi_xml_limits_default;
	case 1:
		return &envoi_xml_limits_before_login;
	default:
		return &tiny;
	}
}

/* What is well-formed in a stream may be too long behind escapes: that is no failure. */
static void check_round_trip(struct envoi_buffer *described, const struct envoi_element *element)
{
	struct envoi_buffer written, again;
	struct envoi_element *parsed;
	envoi_buffer_init(&written, described->context, 0);
	envoi_buffer_init(&again, described->context, 0);
	EXPECT(envoi_xml_write(&written, element, "jabber:client") == ENVOI_OK);
	int r = envoi_xml_parse(&parsed, described->context, envoi_buffer_data(&written),
		envoi_buffer_len(&written), "jabber:client");
	EXPECT(r == ENVOI_OK || r == ENVOI_ERR_LIMIT);
	if (r == ENVOI_OK) {
		fuzz_describe(&again, parsed);
		EXPECT(fuzz_same(described, &again));
		envoi_element_unref(parsed);
	}
	envoi_buffer_finish(&written);
	envoi_buffer_finish(&again);
}

static void describe_element(struct envoi_buffer *out, const struct envoi_element *element)
{
	struct envoi_buffer one;
	envoi_buffer_init(&one, out->context, 0);
	fuzz_describe(&one, element);
	check_round_trip(&one, element);
	EXPECT(envoi_buffer_append(out, envoi_buffer_data(&one), envoi_buffer_len(&one)) ==
		ENVOI_OK);
	const char *lang = envoi_element_lang(element);
	EXPECT(envoi_buffer_printf(out, " %s\n", lang == NULL ? "-" : lang) == ENVOI_OK);
	envoi_buffer_finish(&one);
}

static void take_item(struct envoi_buffer *out, struct envoi_xml_parser *parser,
	struct envoi_xml_item *item, unsigned int choice)
{
	switch (item->kind) {
	case ENVOI_XML_HEAD:
		EXPECT(item->element != NULL && item->content_ns != NULL);
		EXPECT(envoi_buffer_printf(out, "head %s ", item->content_ns) == ENVOI_OK);
		describe_element(out, item->element);
		envoi_xml_parser_set_limits(parser, choose_limits(choice / 3));
		break;
	case ENVOI_XML_ELEMENT:
		EXPECT(item->element != NULL);
		EXPECT(envoi_element_parent(item->element) == NULL);
		describe_element(out, item->element);
		break;
	case ENVOI_XML_END:
		EXPECT(item->element == NULL);
		EXPECT(envoi_buffer_append_text(out, "end\n") == ENVOI_OK);
		break;
	case ENVOI_XML_SKIPPED:
		EXPECT(item->element != NULL && item->limit != NULL && item->bytes > 0);
		EXPECT(envoi_buffer_printf(out, "skipped %u, %s: ", (unsigned int)item->bytes,
			       item->limit) == ENVOI_OK);
		describe_element(out, item->element);
		break;
	}
	envoi_element_unref(item->element);
}

/* @return whether more can come */
static bool take_all(struct envoi_buffer *out, struct envoi_xml_parser *parser, unsigned int choice)
{
	struct envoi_xml_item item;
	int r;
	while ((r = envoi_xml_parser_next(parser, &item)) == ENVOI_OK) {
		take_item(out, parser, &item, choice);
	}
	if (r == ENVOI_AGAIN) {
		return true;
	}
	EXPECT(r == ENVOI_ERR_XML || r == ENVOI_ERR_LIMIT || r == ENVOI_ERR_PROTOCOL);
	const char *condition = envoi_stream_condition_name(envoi_xml_parser_condition(parser));
	EXPECT(condition != NULL && envoi_xml_parser_error_text(parser) != NULL);
	EXPECT((r == ENVOI_ERR_LIMIT) == (strcmp(condition, "policy-violation") == 0));
	EXPECT(envoi_xml_parser_next(parser, &item) == r);
	EXPECT(envoi_buffer_printf(out, "%d %s\n", r, condition) == ENVOI_OK);
	return false;
}

/* Pieces of sizes that follow from `seed`; 0: all at once, 1: bytes. */
static void parse(struct envoi_buffer *out, const struct fuzz_input *input, unsigned int choice,
	unsigned int seed)
{
	struct envoi_xml_parser *parser;
	EXPECT(envoi_xml_parser_new(&parser, out->context, choose_limits(choice)) == ENVOI_OK);
	size_t at = 0;
	uint32_t state = seed;
	bool goes_on = true;
	while (goes_on && at < input->len) {
		state = state * 1664525 + 1013904223;
		size_t len = seed == 0 ? input->len : seed == 1 ? 1 : (state >> 16) % 40;
		len = len > input->len - at ? input->len - at : len;
		EXPECT(envoi_xml_parser_feed(parser, (const char *)input->data + at, len) ==
			ENVOI_OK);
		at += len;
		goes_on = take_all(out, parser, choice);
	}
	EXPECT(envoi_buffer_printf(out, "%d\n", goes_on && envoi_xml_parser_has_pending(parser)) ==
		ENVOI_OK);
	envoi_xml_parser_free(parser);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct fuzz_input input = {data, size};
	unsigned int choice = fuzz_byte(&input), seed = fuzz_byte(&input);
	struct envoi_context *context = fuzz_context();
	struct envoi_buffer whole, bytes, pieces;
	envoi_buffer_init(&whole, context, 0);
	envoi_buffer_init(&bytes, context, 0);
	envoi_buffer_init(&pieces, context, 0);
	parse(&whole, &input, choice, 0);
	parse(&bytes, &input, choice, 1);
	parse(&pieces, &input, choice, seed + 2);
	EXPECT(fuzz_same(&whole, &bytes));
	EXPECT(fuzz_same(&whole, &pieces));
	envoi_buffer_finish(&whole);
	envoi_buffer_finish(&bytes);
	envoi_buffer_finish(&pieces);
	envoi_context_unref(context);
	return 0;
}
