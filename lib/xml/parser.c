/*
 * envoi - the stream parser
 * SPDX-License-Identifier: MIT
 */
#include "xml/parser.h"

#include <stdio.h>
#include <string.h>

#include "base/context.h"
#include "xml/chars.h"
#include "xml/engine.h"
#include "xml/names.h"

enum {
	HEAD_BYTES = 240, /* of the stream header */
	ENGINE_BYTES = 16 * 1024, /* of libxml2, while an element is incomplete */
};

int envoi_xml_parser_new(struct envoi_xml_parser **ret_parser, struct envoi_context *context,
	const struct envoi_xml_limits *limits)
{
	struct envoi_xml_parser *parser = envoi_alloc_zeroed(context, sizeof(*parser));
	if (parser == NULL) {
		return ENVOI_ERR_NOMEM;
	}
	parser->context = envoi_context_ref(context);
	parser->limits = limits != NULL ? *limits : envoi_xml_limits_default;
	envoi_buffer_init(&parser->in, context, 0);
	envoi__arena_init_small(&parser->head, context, HEAD_BYTES);
	const char *none = envoi__name_lookup(context, "", 0);
	if (none == NULL) {
		envoi_xml_parser_free(parser);
		return ENVOI_ERR_NOMEM;
	}
	parser->content_ns = parser->bindings.fallback = (struct envoi__ns){none, true};
	*ret_parser = parser;
	return ENVOI_OK;
}

void envoi__xml_parser_drop_element(struct envoi_xml_parser *parser)
{
	if (parser->engine != NULL) {
		envoi__engine_give(parser->engine, false);
		parser->engine = NULL;
	}
	envoi__tree_unref(parser->tree);
	parser->tree = NULL;
	parser->root = NULL;
	parser->open = parser->fed = (struct envoi__open){0};
}

void envoi_xml_parser_free(struct envoi_xml_parser *parser)
{
	if (parser == NULL) {
		return;
	}
	envoi__xml_parser_drop_element(parser);
	envoi__skipping_end(parser);
	envoi_buffer_wipe(&parser->in);
	envoi__arena_finish(&parser->head);
	struct envoi_context *context = parser->context;
	envoi_free(context, parser->bindings.items);
	envoi_free(context, parser->error_text);
	envoi_free(context, parser);
	envoi_context_unref(context);
}

void envoi_xml_parser_set_limits(
	struct envoi_xml_parser *parser, const struct envoi_xml_limits *limits)
{
	parser->limits = limits != NULL ? *limits : envoi_xml_limits_default;
}

int envoi_xml_parser_feed(struct envoi_xml_parser *parser, const char *data, size_t len)
{
	if (data == NULL && len > 0) {
		return ENVOI_ERR_INVALID;
	}
	if (parser->is_cut || parser->error.code != ENVOI_OK) {
		return parser->error.code == ENVOI_ERR_NOMEM ? ENVOI_ERR_NOMEM : ENVOI_OK;
	}
	size_t good = envoi__utf8_check(&parser->utf8, data, len);
	if (good < len) {
		parser->is_cut = true;
		parser->bad_byte = (unsigned char)data[good];
	}
	if (envoi__gathering_append(parser, data, good) < 0) {
		envoi__xml_parser_fail_memory(parser);
		return ENVOI_ERR_NOMEM;
	}
	return ENVOI_OK;
}

/* --- one element --- */

bool envoi__xml_parser_feed_engine(struct envoi_xml_parser *parser, const char *data, size_t len)
{
	if (parser->engine == NULL) {
		parser->engine = envoi__engine_take(parser->context, parser);
		if (parser->engine == NULL) {
			envoi__xml_parser_fail_memory(parser);
			return false;
		}
	}
	return envoi__engine_feed(parser->engine, data, len, parser->scan.has_prefix);
}

static void consume(struct envoi_xml_parser *parser, size_t len)
{
	envoi_buffer_wipe_front(&parser->in, len);
	envoi__scan_consume(&parser->scan, len);
}

/* Whole tags of the current element go to the engine. Bytes of a stanza that is going to be skipped
 * stay: the engine has refused some of them. */
static bool parse_complete(struct envoi_xml_parser *parser)
{
	struct envoi__scan *scan = &parser->scan;
	if (scan->complete <= scan->start) {
		return true;
	}
	const char *data = envoi_buffer_data(&parser->in);
	parser->fed = parser->open;
	bool is_good = envoi__xml_parser_feed_engine(
		parser, data + scan->start, scan->complete - scan->start);
	if (!is_good && envoi__skipping_is_possible(parser)) {
		return false;
	}
	consume(parser, scan->complete);
	parser->fed = parser->open;
	if (is_good && parser->depth != scan->depth) {
		envoi__xml_parser_fail(
			parser, ENVOI_ERR_XML, ENVOI_STREAM_NOT_WELL_FORMED, "tags do not match");
		return false;
	}
	return is_good;
}

/* libxml2 may wait for the markup behind a text: there is a CDATA section without text behind each
 * piece of one. */
static bool parse_text(struct envoi_xml_parser *parser)
{
	static const char markup[] = "<![CDATA[]]>";
	char piece[ENVOI__SCAN_PIECE + sizeof(markup)];
	struct envoi__scan *scan = &parser->scan;
	size_t len = scan->complete - scan->piece;
	scan->complete = scan->piece;
	if (!parse_complete(parser)) {
		return false;
	}
	memcpy(piece, envoi_buffer_data(&parser->in) + scan->start, len);
	memcpy(piece + len, markup, sizeof(markup) - 1);
	parser->fed = parser->open;
	bool is_good = envoi__xml_parser_feed_engine(parser, piece, len + sizeof(markup) - 1);
	envoi__wipe(piece, len);
	if (is_good || !envoi__skipping_is_possible(parser)) {
		consume(parser, scan->start + len);
		parser->fed = parser->open;
	}
	return is_good;
}

static int take_element(struct envoi_xml_parser *parser, enum envoi_xml_item_kind kind,
	struct envoi_xml_item *ret_item)
{
	if (!parser->is_complete) {
		envoi__xml_parser_fail(
			parser, ENVOI_ERR_XML, ENVOI_STREAM_NOT_WELL_FORMED, "tags do not match");
		return parser->error.code;
	}
	envoi__engine_give(parser->engine, true);
	parser->engine = NULL;
	*ret_item = (struct envoi_xml_item){
		.kind = kind,
		.element = parser->root,
		.content_ns = kind == ENVOI_XML_HEAD ? parser->content_ns.name : NULL,
	};
	parser->tree = NULL;
	parser->root = NULL;
	parser->fed = parser->open;
	parser->is_complete = parser->is_checked = false;
	return ENVOI_OK;
}

/* The engine has a root of its own. */
static bool feed_head_end(struct envoi_xml_parser *parser)
{
	char end[32];
	int len = snprintf(end, sizeof(end), "%s>", envoi__scan_root_end(&parser->scan));
	return envoi__xml_parser_feed_engine(parser, end, (size_t)len);
}

static int take_head(struct envoi_xml_parser *parser, struct envoi_xml_item *ret_item)
{
	parser->is_head = true;
	size_t len = parser->scan.complete - parser->scan.start;
	bool is_good = parse_complete(parser) && (parser->is_complete || feed_head_end(parser));
	if (!is_good) {
		return parser->error.code;
	}
	parser->is_head = false;
	envoi__gathering_count_head(parser, len);
	parser->owes_end = parser->scan.phase == ENVOI__SCAN_ENDED;
	return take_element(parser, ENVOI_XML_HEAD, ret_item);
}

static int take_end(struct envoi_xml_parser *parser, struct envoi_xml_item *ret_item)
{
	if (parser->scan.complete > 0) {
		consume(parser, parser->scan.complete);
	}
	parser->owes_end = false;
	*ret_item = (struct envoi_xml_item){.kind = ENVOI_XML_END};
	return ENVOI_OK;
}

/* --- at the end of the received bytes --- */

static int wait_for_more(struct envoi_xml_parser *parser)
{
	bool is_kept = envoi__gathering_is_possible(parser);
	if (is_kept ? !envoi__gathering_check(parser) : !parse_complete(parser)) {
		return parser->error.code;
	}
	struct envoi__scan *scan = &parser->scan;
	if (parser->is_cut) {
		envoi__xml_parser_fail_on_bad_byte(parser);
		return parser->error.code;
	}
	if (envoi__scan_is_between(scan) && scan->phase != ENVOI__SCAN_PROLOG) {
		consume(parser, scan->at); /* white space */
		envoi_buffer_finish(&parser->in);
	}
	return ENVOI_AGAIN;
}

static int broken(struct envoi_xml_parser *parser)
{
	envoi__xml_parser_drop_element(parser);
	envoi__skipping_end(parser);
	envoi_buffer_wipe(&parser->in);
	return parser->error.code;
}

static int scan_on(struct envoi_xml_parser *parser, struct envoi_xml_item *ret_item)
{
	int r = ENVOI_ERR_XML;
	struct envoi_xml_limits room;
	const struct envoi_xml_limits *limits = envoi__gathering_limits(parser, &room);
	enum envoi__scan_found found;
	do {
		found = envoi__scan(&parser->scan, limits, envoi_buffer_data(&parser->in),
			envoi_buffer_len(&parser->in));
	} while (found == ENVOI__FOUND_TEXT && parse_text(parser));
	switch (found) {
	case ENVOI__FOUND_TEXT:
		r = parser->error.code;
		break;
	case ENVOI__FOUND_NOTHING:
		r = wait_for_more(parser);
		break;
	case ENVOI__FOUND_HEAD:
		r = take_head(parser, ret_item);
		break;
	case ENVOI__FOUND_ELEMENT:
		r = parse_complete(parser) ? take_element(parser, ENVOI_XML_ELEMENT, ret_item)
					   : parser->error.code;
		break;
	case ENVOI__FOUND_END:
		r = take_end(parser, ret_item);
		break;
	case ENVOI__FOUND_ERROR:
		if (parse_complete(parser)) {
			const struct envoi__xml_error *error = &parser->scan.error;
			envoi__xml_parser_fail(parser, error->code, error->condition, error->text);
		}
		r = parser->error.code;
		break;
	}
	return r;
}

int envoi_xml_parser_next(struct envoi_xml_parser *parser, struct envoi_xml_item *ret_item)
{
	if (parser->error.code != ENVOI_OK) {
		return broken(parser);
	}
	if (parser->owes_end) {
		return take_end(parser, ret_item);
	}
	int r = parser->skip == NULL ? scan_on(parser, ret_item) : ENVOI_OK;
	if (r < 0 && envoi__skipping_is_possible(parser)) {
		r = envoi__skipping_begin(parser);
	}
	if (r == ENVOI_OK && parser->skip != NULL) {
		r = envoi__skipping_next(parser, ret_item);
	}
	return r < 0 ? broken(parser) : r;
}

enum envoi_stream_condition envoi_xml_parser_condition(const struct envoi_xml_parser *parser)
{
	return parser->error.condition;
}

const char *envoi_xml_parser_error_text(const struct envoi_xml_parser *parser)
{
	return parser->error.text != NULL ? parser->error.text : "";
}

bool envoi_xml_parser_has_pending(const struct envoi_xml_parser *parser)
{
	if (parser->skip != NULL) {
		return true;
	}
	if (parser->error.code != ENVOI_OK || parser->is_cut || parser->owes_end ||
		!envoi__scan_is_between(&parser->scan) ||
		parser->scan.phase == ENVOI__SCAN_PROLOG) {
		return parser->scan.state != ENVOI__SCAN_START || parser->is_cut ||
			envoi_buffer_len(&parser->in) > 0;
	}
	const char *data = envoi_buffer_data(&parser->in);
	size_t len = envoi_buffer_len(&parser->in);
	for (size_t i = parser->scan.at; i < len; i++) {
		if (!envoi__xml_is_space(data[i])) {
			return true;
		}
	}
	return false;
}

size_t envoi_xml_parser_memory(const struct envoi_xml_parser *parser)
{
	size_t bytes = parser->in.capacity;
	bytes += parser->tree != NULL ? parser->tree->arena.total : 0;
	bytes += parser->engine != NULL ? ENGINE_BYTES : 0;
	return bytes + (parser->skip != NULL ? parser->skip->room * sizeof(uint64_t) : 0);
}

/* --- one element --- */

/* The state after a stream header with these declarations. */
static int enter_stream(struct envoi_xml_parser *parser, const char *default_ns)
{
	if (!envoi__xml_is_namespace(default_ns, strlen(default_ns))) {
		return ENVOI_ERR_INVALID;
	}
	const char *known = envoi__name_intern(parser->context, ENVOI_NS_STREAMS);
	if (known == NULL) {
		return ENVOI_ERR_NOMEM;
	}
	int r = envoi__bindings_add(parser, "stream", (struct envoi__ns){known, true});
	if (r < 0) {
		return r;
	}
	known = envoi__name_lookup(parser->context, default_ns, strlen(default_ns));
	parser->content_ns = (struct envoi__ns){known != NULL ? known : default_ns, known != NULL};
	envoi__scan_begin(&parser->scan);
	return ENVOI_OK;
}

static int parse_one(struct envoi_xml_parser *parser, const char *xml, size_t len,
	struct envoi_xml_item *ret_item)
{
	int r = envoi_xml_parser_feed(parser, xml, len);
	if (r < 0) {
		return r;
	}
	r = envoi_xml_parser_next(parser, ret_item);
	return r == ENVOI_OK && ret_item->kind == ENVOI_XML_ELEMENT ? ENVOI_OK
		: r < 0                                             ? r
								    : ENVOI_ERR_XML;
}

int envoi_xml_parse(struct envoi_element **ret_element, struct envoi_context *context,
	const char *xml, size_t len, const char *default_ns)
{
	struct envoi_xml_parser *parser;
	struct envoi_xml_item item, more;
	if (xml == NULL && len > 0) {
		return ENVOI_ERR_INVALID;
	}
	int r = envoi_xml_parser_new(&parser, context, NULL);
	if (r < 0) {
		return r;
	}
	r = enter_stream(parser, default_ns == NULL ? "" : default_ns);
	if (r == ENVOI_OK) {
		r = parse_one(parser, xml, len, &item);
	}
	if (r == ENVOI_OK) {
		int rest = envoi_xml_parser_next(parser, &more);
		if (rest == ENVOI_AGAIN && !envoi_xml_parser_has_pending(parser)) {
			*ret_element = item.element;
		} else {
			if (rest == ENVOI_OK) {
				envoi_element_unref(more.element);
			}
			envoi_element_unref(item.element);
			r = rest < 0 ? rest : ENVOI_ERR_XML;
		}
	}
	envoi_xml_parser_free(parser);
	return r;
}
