/*
 * envoi - the stream parser: stanzas beyond a limit
 * SPDX-License-Identifier: MIT
 *
 * The bytes of such a stanza go to envoi__skip() instead of the scanner and the engine, beginning
 * behind the last tag that both have accepted: the result does not depend on how the bytes were cut
 * into pieces.
 */
#include "xml/parser.h"

enum {
	MOST_KEPT = 1024, /* bytes of buffer */
};

bool envoi__skipping_is_possible(const struct envoi_xml_parser *parser)
{
	return parser->error.code == ENVOI_ERR_LIMIT && parser->limits.skip_bytes > 0 &&
		parser->has_head;
}

void envoi__skipping_end(struct envoi_xml_parser *parser)
{
	if (parser->skip != NULL) {
		envoi__skip_finish(parser->skip);
		envoi_free(parser->context, parser->skip);
		parser->skip = NULL;
	}
}

static int fail(struct envoi_xml_parser *parser, const struct envoi__xml_error *error)
{
	envoi__xml_parser_fail(parser, error->code, error->condition, error->text);
	return parser->error.code;
}

static int fail_memory(struct envoi_xml_parser *parser)
{
	envoi__xml_parser_fail_memory(parser);
	return parser->error.code;
}

/* --- the beginning --- */

static int take_tag(struct envoi_xml_parser *parser)
{
	struct envoi__skip *skip = parser->skip;
	if (parser->root == NULL) {
		return ENVOI_OK; /* envoi__skip() reads it */
	}
	int r = envoi__skipped_tag_copy(&skip->tag, parser->root);
	skip->has_tag = true;
	return r == ENVOI_ERR_LIMIT ? fail(parser, &skip->limit)
		: r < 0             ? fail_memory(parser)
				    : ENVOI_OK;
}

static void forget_element(struct envoi_xml_parser *parser)
{
	for (; parser->depth > 0; parser->depth--) {
		envoi__bindings_drop(parser, parser->depth);
	}
	envoi__xml_parser_drop_element(parser);
	parser->is_checked = false;
	envoi_buffer_wipe_front(&parser->in, parser->scan.start);
	envoi__scan_begin(&parser->scan);
}

int envoi__skipping_begin(struct envoi_xml_parser *parser)
{
	struct envoi__xml_error limit = parser->error;
	parser->error = (struct envoi__xml_error){.code = ENVOI_OK};
	struct envoi__skip *skip = envoi_alloc(parser->context, sizeof(*skip));
	if (skip == NULL) {
		return fail_memory(parser);
	}
	envoi__skip_init(skip, parser->context, parser->content_ns.name, &limit);
	parser->skip = skip;
	skip->bytes = parser->scan.before;
	int r = take_tag(parser);
	if (r == ENVOI_OK &&
		!envoi__skip_begin_within(skip, parser->fed.current, parser->fed.prefixed)) {
		r = fail(parser, &skip->error);
	}
	forget_element(parser);
	return r;
}

/* --- and on --- */

/* Namespaces in XML 1.0, section 6 */
static bool is_content(const struct envoi_xml_parser *parser, const struct envoi__skipped_tag *tag)
{
	const char *ns = tag->ns != NULL ? tag->ns
		: *tag->prefix == '\0'   ? parser->content_ns.name
					 : envoi__bindings_find_in_head(parser, tag->prefix);
	return ns != NULL && strcmp(ns, parser->content_ns.name) == 0;
}

static int take_skipped(struct envoi_xml_parser *parser, struct envoi_xml_item *ret_item)
{
	struct envoi__skip *skip = parser->skip;
	*ret_item = (struct envoi_xml_item){
		.kind = ENVOI_XML_SKIPPED,
		.element = skip->tag.element,
		.bytes = skip->bytes,
		.limit = skip->limit.text,
	};
	skip->tag.element = NULL;
	envoi__skipping_end(parser);
	return ENVOI_OK;
}

/* @return how many of the received bytes the limit on bytes lets through */
static size_t allowed_bytes(const struct envoi_xml_parser *parser)
{
	size_t len = envoi_buffer_len(&parser->in);
	uint64_t most = parser->limits.skip_bytes, bytes = parser->skip->bytes;
	uint64_t left = most > bytes ? most - bytes : 0;
	return len < left ? len : (size_t)left;
}

static int wait_for_more(struct envoi_xml_parser *parser)
{
	if (parser->is_cut) {
		envoi__xml_parser_fail_on_bad_byte(parser);
		return parser->error.code;
	}
	if (parser->in.capacity > MOST_KEPT) {
		envoi_buffer_finish(&parser->in);
	}
	return ENVOI_AGAIN;
}

int envoi__skipping_next(struct envoi_xml_parser *parser, struct envoi_xml_item *ret_item)
{
	static const struct envoi__xml_error too_large = {
		ENVOI_ERR_LIMIT, ENVOI_STREAM_POLICY_VIOLATION, "stanza too large to be skipped"};
	struct envoi__skip *skip = parser->skip;
	while (envoi_buffer_len(&parser->in) > 0) {
		size_t most = allowed_bytes(parser);
		if (most == 0) {
			return fail(parser, &too_large);
		}
		size_t used = envoi__skip(skip, envoi_buffer_data(&parser->in), most);
		envoi_buffer_wipe_front(&parser->in, used);
		if (skip->error.code != ENVOI_OK) {
			return fail(parser, &skip->error);
		}
		if (skip->is_tag_new && !is_content(parser, &skip->tag)) {
			return fail(parser, &skip->limit);
		}
		if (skip->is_ended) {
			return take_skipped(parser, ret_item);
		}
	}
	return wait_for_more(parser);
}
