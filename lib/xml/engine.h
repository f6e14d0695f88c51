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
#include "xml/name_memo.h"
#include "xml/names.h"
#include "xml/same_names.h"

struct envoi_xml_parser;

/**
 * One libxml2 parser, inside the synthetic root of a document without end. Namespaces are resolved
 * outside of libxml2, so between first-level elements all engines are alike, whatever stream they
 * served. A stream borrows an engine while an element is incomplete; an idle stream holds none. An
 * engine whose dictionary has grown is replaced.
 */
struct envoi__engine {
	struct envoi__engine *next; /* in the pool */
	struct envoi_context *context; /* borrowed */
	xmlParserCtxtPtr xml;
	struct envoi_xml_parser *parser; /* the borrower; NULL: in the pool */
	const xmlChar *xmlns, *xml_prefix; /* dictionary pointers */
	const struct envoi__names *names; /* the context's */
	size_t names_count; /* known names when the memos were begun */
	uint64_t fed; /* bytes */
	unsigned int attribute_room; /* attributes of a tag that libxml2 takes without growing */
	struct envoi__same_names same; /* attributes of the current tag */
	struct envoi__distinct distinct; /* unknown names of the current stanza */
	bool has_prefix; /* what was fed last might have one */
	bool is_usable; /* libxml2 leaves namespace declarations to us */
	struct envoi__name_memo memos[ENVOI__NAME_MEMOS]; /* by the pointer of the name */
};

/** Borrow an engine, from the context's pool if it holds one. @return NULL: out of memory */
struct envoi__engine *envoi__engine_take(
	struct envoi_context *context, struct envoi_xml_parser *parser);

/** Return an engine. @param is_clean  whether it is between first-level elements, without error */
void envoi__engine_give(struct envoi__engine *engine, bool is_clean);

/**
 * Parse bytes: whole tags, with the text before each. An error is noted in the parser.
 * @param has_prefix  whether a name in a tag may have a prefix, other than `xml`
 * @return false when parsing cannot continue
 */
bool envoi__engine_feed(
	struct envoi__engine *engine, const char *data, size_t len, bool has_prefix);

#endif
