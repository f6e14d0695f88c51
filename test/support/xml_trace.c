/*
 * envoi - tests: what a parser makes of a stream, as text
 * SPDX-License-Identifier: MIT
 */
#include "xml_trace.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static void must(int r)
{
	if (r < 0) {
		abort();
	}
}

static void describe(struct envoi_buffer *out, const struct envoi_xml_item *item)
{
	switch (item->kind) {
	case ENVOI_XML_HEAD:
		must(envoi_buffer_printf(out, "head %s ", item->content_ns));
		break;
	case ENVOI_XML_ELEMENT:
		must(envoi_buffer_append_text(out, "element "));
		break;
	case ENVOI_XML_END:
		must(envoi_buffer_append_text(out, "end"));
		break;
	case ENVOI_XML_SKIPPED:
		must(envoi_buffer_printf(
			out, "skipped %u, %s: ", (unsigned int)item->bytes, item->limit));
		break;
	}
	if (item->element != NULL) {
		must(envoi_xml_write(out, item->element, "jabber:client"));
		envoi_element_unref(item->element);
	}
	must(envoi_buffer_append_text(out, "\n"));
}

/* @return whether the parser goes on */
static int drain(struct envoi_buffer *out, struct envoi_xml_parser *parser)
{
	struct envoi_xml_item item;
	int r;
	while ((r = envoi_xml_parser_next(parser, &item)) == ENVOI_OK) {
		describe(out, &item);
	}
	if (r < 0) {
		const char *name = envoi_stream_condition_name(envoi_xml_parser_condition(parser));
		must(envoi_buffer_printf(out, "error %s\n", name == NULL ? "none" : name));
	}
	return r == ENVOI_AGAIN;
}

void test_xml_trace(struct envoi_buffer *out, struct envoi_context *context,
	const struct envoi_xml_limits *limits, const char *data, size_t len, size_t first,
	size_t piece)
{
	struct envoi_xml_parser *parser;
	must(envoi_xml_parser_new(&parser, context, limits));
	size_t part = first > 0 ? first : piece;
	while (len > 0) {
		if (part == 0 || part > len) {
			part = len;
		}
		must(envoi_xml_parser_feed(parser, data, part));
		if (!drain(out, parser)) {
			break;
		}
		data += part;
		len -= part;
		part = piece;
	}
	envoi_xml_parser_free(parser);
	must(envoi_buffer_append(out, "", 1));
}

static void assert_trace(struct envoi_context *context, const struct test_xml_conversation *c,
	const struct envoi_xml_limits *limits, size_t first, size_t piece)
{
	struct envoi_buffer out;
	envoi_buffer_init(&out, context, 0);
	test_xml_trace(&out, context, limits, c->data, c->len, first, piece);
	if (strcmp(envoi_buffer_data(&out), c->expected) != 0) {
		print_error("%s (%s login, first %zu, then %zu):\n%s", c->name,
			limits == &envoi_xml_limits_default ? "after" : "before", first, piece,
			envoi_buffer_data(&out));
	}
	assert_string_equal(envoi_buffer_data(&out), c->expected);
	envoi_buffer_finish(&out);
}

static void assert_conversation(struct envoi_context *context,
	const struct test_xml_conversation *c, const struct envoi_xml_limits *limits)
{
	for (size_t piece = 0; piece <= 2; piece++) {
		assert_trace(context, c, limits, 0, piece);
	}
	for (size_t first = c->whole + 1; first < c->len; first++) {
		assert_trace(context, c, limits, first, 0);
		assert_trace(context, c, limits, first, 3);
	}
}

void test_xml_conversations(struct envoi_context *context,
	const struct test_xml_conversation *conversations, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		assert_conversation(context, &conversations[i], &envoi_xml_limits_before_login);
		assert_conversation(context, &conversations[i], &envoi_xml_limits_default);
	}
}
