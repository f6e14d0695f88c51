/*
 * envoi - the command-line program: lines of XML, assembled to elements
 * SPDX-License-Identifier: MIT
 */
#include "console_input.h"

#include <stdio.h>
#include <string.h>

#include "lines.h"

enum {
	MOST_EXCERPT = 60, /* bytes */
};

/* The lines are content of a stream. */
static const char head[] = "<stream:stream xmlns='" ENVOI_NS_CLIENT
			   "' xmlns:stream='" ENVOI_NS_STREAMS "'>";

static int new_parser(struct envoi_xml_parser **ret_parser, struct envoi_context *context)
{
	struct envoi_xml_limits limits = envoi_xml_limits_default;
	struct envoi_xml_item item;
	limits.stanza_bytes = MOST_INPUT_BYTES;
	int r = envoi_xml_parser_new(ret_parser, context, &limits);
	if (r == ENVOI_OK) {
		r = envoi_xml_parser_feed(*ret_parser, head, strlen(head));
	}
	if (r == ENVOI_OK) {
		r = envoi_xml_parser_next(*ret_parser, &item);
	}
	if (r == ENVOI_OK) {
		envoi_element_unref(item.element);
	}
	return r;
}

void element_input_init(struct element_input *input, struct envoi_context *context)
{
	input->context = context;
	envoi_buffer_init(&input->text, context, 2 * MOST_INPUT_BYTES);
}

void element_input_drop(struct element_input *input)
{
	envoi_xml_parser_free(input->parser);
	input->parser = NULL;
	envoi_buffer_truncate(&input->text, 0);
}

void element_input_finish(struct element_input *input)
{
	envoi_xml_parser_free(input->parser);
	input->parser = NULL;
	envoi_buffer_finish(&input->text);
}

bool element_input_has_begun(const struct element_input *input)
{
	return input->parser != NULL;
}

int element_input_feed(struct element_input *input, const char *line)
{
	int r = input->parser == NULL ? new_parser(&input->parser, input->context) : ENVOI_OK;
	if (r == ENVOI_OK) {
		r = envoi_buffer_printf(&input->text, "%s\n", line);
	}
	if (r == ENVOI_OK) {
		r = envoi_xml_parser_feed(input->parser, line, strlen(line));
	}
	if (r == ENVOI_OK) {
		r = envoi_xml_parser_feed(input->parser, "\n", 1);
	}
	if (r < 0) {
		element_input_drop(input);
	}
	return r;
}

/* --- the place of a mistake --- */

/* Read the text once more, a byte at a time. @return the byte with which the mistake is found */
static size_t find_mistake(const struct element_input *input)
{
	const char *text = envoi_buffer_data(&input->text);
	size_t len = envoi_buffer_len(&input->text), i = 0;
	struct envoi_xml_parser *parser = NULL;
	int r = new_parser(&parser, input->context);
	while (r == ENVOI_OK && i < len) {
		struct envoi_xml_item item = {.kind = ENVOI_XML_END};
		r = envoi_xml_parser_feed(parser, text + i, 1);
		while (r == ENVOI_OK && (r = envoi_xml_parser_next(parser, &item)) == ENVOI_OK &&
			item.kind != ENVOI_XML_END) {
			envoi_element_unref(item.element);
		}
		r = r == ENVOI_AGAIN ? ENVOI_OK : r < 0 ? r : ENVOI_AGAIN;
		i += r == ENVOI_OK;
	}
	envoi_xml_parser_free(parser);
	return i < len ? i : len - 1;
}

/* What a person looks at: from the end of the tag before the last one on. */
static size_t excerpt_begin(const char *text, size_t at)
{
	size_t begin = at;
	while (begin > 0 && text[begin - 1] != '\n' && at - begin < MOST_EXCERPT &&
		(begin == at || text[begin] != '<' || text[begin - 1] != '>')) {
		begin--;
	}
	while (begin < at && (text[begin] & 0xc0) == 0x80) {
		begin++;
	}
	return begin;
}

/* The commonest mistake: & in a text. */
static bool has_lone_ampersand(const char *text, size_t len)
{
	for (size_t i = 0; i < len; i++) {
		if (text[i] == '&' && (i + 1 == len || strchr(" \t&<\n", text[i + 1]) != NULL)) {
			return true;
		}
	}
	return false;
}

static void describe_mistake(
	const struct element_input *input, const char *reason, char *problem, size_t size)
{
	const char *text = envoi_buffer_data(&input->text);
	size_t at = find_mistake(input), begin = excerpt_begin(text, at), line = 1, column = 1;
	for (size_t i = 0; i < at; i++) {
		line += text[i] == '\n';
		column = text[i] == '\n' ? 1 : column + ((text[i + 1] & 0xc0) != 0x80);
	}
	size_t len = at - begin + (text[at] != '\n');
	snprintf(problem, size, "line %zu, column %zu: %s, at \"%.*s\"%s", line, column, reason,
		(int)len, text + begin,
		has_lone_ampersand(text + begin, len) ? " (write &amp; for &)" : "");
}

/* --- elements --- */

static int refuse(
	struct element_input *input, int r, const char *reason, char *problem, size_t size)
{
	describe_mistake(input, reason, problem, size);
	element_input_drop(input);
	return r;
}

int element_input_next(
	struct element_input *input, struct envoi_element **ret_element, char *problem, size_t size)
{
	struct envoi_xml_item item;
	if (input->parser == NULL) {
		return ENVOI_AGAIN;
	}
	int r = envoi_xml_parser_next(input->parser, &item);
	if (r == ENVOI_AGAIN) {
		if (!envoi_xml_parser_has_pending(input->parser)) {
			element_input_drop(input);
		}
		return ENVOI_AGAIN;
	}
	if (r == ENVOI_ERR_NOMEM) {
		snprintf(problem, size, "%s", envoi_error_text(r));
		element_input_drop(input);
		return r;
	}
	if (r < 0) {
		return refuse(input, r, envoi_xml_parser_error_text(input->parser), problem, size);
	}
	if (item.kind == ENVOI_XML_END) {
		return refuse(
			input, ENVOI_ERR_XML, "the stream is ended with /quit", problem, size);
	}
	*ret_element = item.element;
	return ENVOI_OK;
}
