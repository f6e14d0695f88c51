/*
 * envoi - the stream parser: elements of few bytes
 * SPDX-License-Identifier: MIT
 *
 * Where the limits allow few bytes only, as before a login, an element is held as it came until it
 * is complete: its tree and an engine of libxml2 would take up to twelve times as much, for as long
 * as the peer likes. The scanner's limits hold on arrival all the same, and an error in the start
 * tag is found at once; those of the content are found when the element is complete. What the
 * stream's header takes beyond a usual one is not left for an element.
 */
#include "xml/parser.h"

enum {
	GATHERED_BYTES = 16 * 1024,
	USUAL_HEAD_BYTES = 1024,
	PER_DECLARATION = 2 * sizeof(struct envoi__binding), /* with spare room, and its texts */
	STEP_BYTES = 1024, /* in which the buffer grows */
};

static bool is_small(const struct envoi_xml_parser *parser)
{
	return parser->limits.stanza_bytes <= GATHERED_BYTES;
}

bool envoi__gathering_is_possible(const struct envoi_xml_parser *parser)
{
	return is_small(parser) && !parser->is_cut && parser->engine == NULL;
}

/* An element that is incomplete has no more spare room than one step. */
int envoi__gathering_append(struct envoi_xml_parser *parser, const char *data, size_t len)
{
	size_t needed = envoi_buffer_len(&parser->in) + len;
	bool is_bounded = is_small(parser) && needed <= parser->limits.stanza_bytes;
	parser->in.limit = is_bounded ? (needed / STEP_BYTES + 1) * STEP_BYTES : 0;
	return envoi_buffer_append(&parser->in, data, len);
}

void envoi__gathering_count_head(struct envoi_xml_parser *parser, size_t len)
{
	size_t held = len + parser->bindings.count * PER_DECLARATION;
	size_t excess = held > USUAL_HEAD_BYTES ? held - USUAL_HEAD_BYTES : 0;
	size_t most = parser->limits.stanza_bytes / 2;
	parser->head_excess = excess < most ? excess : most;
}

const struct envoi_xml_limits *envoi__gathering_limits(
	const struct envoi_xml_parser *parser, struct envoi_xml_limits *room)
{
	if (parser->head_excess == 0 || !is_small(parser)) {
		return &parser->limits;
	}
	size_t most = parser->limits.stanza_bytes / 2; /* they may have changed since the header */
	*room = parser->limits;
	room->stanza_bytes -= parser->head_excess < most ? parser->head_excess : most;
	return room;
}

static void forget_parsed(struct envoi_xml_parser *parser)
{
	for (; parser->depth > 0; parser->depth--) {
		envoi__bindings_drop(parser, parser->depth);
	}
	envoi__xml_parser_drop_element(parser);
}

/* @return the bytes of the first tag; @p len: it is not complete */
static size_t tag_len(const char *data, size_t len)
{
	char quote = '\0';
	for (size_t i = 0; i < len; i++) {
		if (quote != '\0') {
			quote = data[i] == quote ? '\0' : quote;
		} else if (data[i] == '\'' || data[i] == '"') {
			quote = data[i];
		} else if (data[i] == '>') {
			return i + 1;
		}
	}
	return len;
}

/* The start tag alone, however much of the content has come with it. */
bool envoi__gathering_check(struct envoi_xml_parser *parser)
{
	const struct envoi__scan *scan = &parser->scan;
	if (parser->is_checked || scan->complete <= scan->start) {
		return true;
	}
	const char *data = envoi_buffer_data(&parser->in) + scan->start;
	parser->fed = parser->open;
	if (!envoi__xml_parser_feed_engine(
		    parser, data, tag_len(data, scan->complete - scan->start))) {
		return false;
	}
	parser->is_checked = true;
	forget_parsed(parser);
	return true;
}
