/*
 * envoi - libxml2's SAX2 push parser, shared by all streams of a context
 * SPDX-License-Identifier: MIT
 */
#ifndef ENVOI_XML_ENGINE_H
#define ENVOI_XML_ENGINE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <envoi/context.h>

#include "xml/distinct.h"
#include "xml/libxml.h"

struct envoi_xml_parser;

/** What a name in libxml2's dictionary is to us. */
struct envoi__name_memo {
	const xmlChar *raw; /* libxml2's pointer */
	const char *known; /* the context's dictionary's; NULL: not known */
	size_t len;
	uint64_t round; /* of the set that it was last added to */
};

enum {
	ENVOI__NAME_MEMOS = 256,
};

/**
 * One libxml2 parser, inside the synthetic root of a document without end. Between first-level
 * elements all of them are alike, whatever stream they worked for, since namespaces are resolved
 * by ourselves: so a stream borrows one while an element is under way, an idle one holds none,
 * and one whose dictionary has grown is replaced without anybody noticing.
 */
struct envoi__engine {
	struct envoi__engine *next; /* in the pool */
	struct envoi_context *context; /* borrowed */
	xmlParserCtxtPtr xml;
	struct envoi_xml_parser *parser; /* who has borrowed it */
	const xmlChar *xmlns, *xml_prefix; /* dictionary pointers */
	size_t names_count; /* known names when the memos were begun */
	uint64_t fed; /* bytes */
	unsigned int attribute_room; /* attributes of a tag that libxml2 takes without growing */
	struct envoi__distinct distinct; /* names that are not known, of the stanza under way */
	bool is_usable; /* libxml2 leaves namespace declarations to us */
	struct envoi__name_memo memos[ENVOI__NAME_MEMOS];
};

/** Borrow one, from the context's pool if it has one. @return NULL: out of memory */
struct envoi__engine *envoi__engine_take(
	struct envoi_context *context, struct envoi_xml_parser *parser);

/** Give it back. @param is_clean  whether it stands between first-level elements, without error */
void envoi__engine_give(struct envoi__engine *engine, bool is_clean);

/**
 * Parse bytes: whole tags, with the text before each. What is wrong is told to the parser.
 * @return false when parsing cannot go on
 */
bool envoi__engine_feed(struct envoi__engine *engine, const char *data, size_t len);

/** From a callback: take no more. */
void envoi__engine_stop(struct envoi__engine *engine);

/** Look a name up anew. */
void envoi__engine_memorize(
	struct envoi__engine *engine, struct envoi__name_memo *memo, const xmlChar *raw);

/** @return the memo of a name; valid until the next call */
static inline struct envoi__name_memo *envoi__engine_name(
	struct envoi__engine *engine, const xmlChar *raw)
{
	uintptr_t bits = (uintptr_t)raw;
	struct envoi__name_memo *memo = &engine->memos[(bits ^ bits >> 8) % ENVOI__NAME_MEMOS];
	if (memo->raw != raw) {
		envoi__engine_memorize(engine, memo, raw);
	}
	return memo;
}

#endif
