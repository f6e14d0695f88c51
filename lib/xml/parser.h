/*
 * envoi - the stream parser: private parts
 * SPDX-License-Identifier: MIT
 *
 * One state machine. Files that call each other: parser.c, gathering.c, skipping.c.
 */
#ifndef ENVOI_XML_PARSER_H
#define ENVOI_XML_PARSER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <envoi/buffer.h>
#include <envoi/xml.h>

#include "base/arena.h"
#include "base/utf8.h"
#include "xml/element.h"
#include "xml/libxml.h"
#include "xml/scan.h"
#include "xml/skip.h"

struct envoi__engine;
/** A namespace name and whether its pointer is the dictionary's. */
struct envoi__ns {
	const char *name;
	bool is_known;
};

/**
 * A namespace declaration in force. Declarations of the stream's header come first and live as long
 * as the parser; declarations of the current stanza live in its tree.
 */
struct envoi__binding {
	const char *prefix; /* "": the default namespace; then `ns` is what it was before */
	struct envoi__ns ns;
	const char *copy; /* of the header's, unknown: in the tree of stanza number `stanza` */
	uint64_t stanza;
	unsigned int depth; /* of the element that declared it; 0: the header */
};

struct envoi__bindings {
	struct envoi__binding *items;
	size_t count, room;
	struct envoi__ns fallback; /* the default namespace in force */
};

/** The open elements: what the end tags of a skipped stanza are compared with. */
struct envoi__open {
	struct envoi_element *current; /* the innermost, or NULL */
	const struct envoi__prefixed *prefixed; /* the innermost one with a prefix, or NULL */
};

struct envoi_xml_parser {
	struct envoi_context *context;
	struct envoi_xml_limits limits;
	struct envoi_buffer in; /* received, and not yet given to the engine */
	struct envoi__utf8 utf8; /* at the end of `in` */
	bool is_cut; /* the byte behind `in` was bad: all after it was ignored */
	unsigned char bad_byte;
	struct envoi__scan scan;
	struct envoi__engine *engine; /* while an element is incomplete; else NULL */
	struct envoi__xml_error error; /* the first; final */
	char *error_text; /* of libxml2; NULL: none */
	bool owes_end; /* the root's end tag was found and not yet returned */

	/* the stream's header */
	const struct envoi__xml_root *expected; /* in its place; NULL: none */
	struct envoi__arena head;
	struct envoi__ns content_ns; /* its default namespace */
	const char *lang; /* NULL: none */
	bool has_head; /* false where a single element is parsed */
	struct envoi__bindings bindings;
	size_t head_excess; /* see envoi__gathering_limits() */

	/* the current element */
	bool is_head; /* it is the stream's header */
	bool is_complete;
	bool is_checked; /* it is gathered, and its start tag was parsed */
	struct envoi__tree *tree;
	struct envoi_element *root;
	struct envoi__open open, fed; /* now; before the bytes that the engine was given last */
	unsigned int depth, nodes;
	uint64_t stanza;
	struct envoi__skip *skip; /* NULL: the current element is not being skipped */
};

/* --- parser_errors.c --- */

/** Store an error unless there is one. @param text  static, or the parser's own @return false */
bool envoi__xml_parser_fail(struct envoi_xml_parser *parser, int code,
	enum envoi_stream_condition condition, const char *text);

/** The input violates XML or RFC 6120. @return false */
static inline bool envoi__xml_parser_refuse(
	struct envoi_xml_parser *parser, enum envoi_stream_condition condition, const char *text)
{
	return envoi__xml_parser_fail(parser, ENVOI_ERR_XML, condition, text);
}

/** @return false */
static inline bool envoi__xml_parser_fail_memory(struct envoi_xml_parser *parser)
{
	return envoi__xml_parser_fail(
		parser, ENVOI_ERR_NOMEM, ENVOI_STREAM_RESOURCE_CONSTRAINT, "out of memory");
}

/** Store the error for a code of libxml2. @param text  as envoi__xml_parser_fail() */
void envoi__xml_parser_fail_for(struct envoi_xml_parser *parser, int libxml_code, const char *text);

/** Store the error of the bad byte after the received ones, which have been parsed. */
void envoi__xml_parser_fail_on_bad_byte(struct envoi_xml_parser *parser);

/* --- namespaces.c --- */

/**
 * Put a declaration in force.
 *
 * @param prefix  "" for the default namespace; borrowed while it is in force
 * @param ns      as above
 * @retval ENVOI_ERR_XML  not allowed (Namespaces in XML 1.0, sections 2.2 and 3)
 * @retval ENVOI_ERR_LIMIT  too many are in force
 * @retval ENVOI_ERR_NOMEM
 */
int envoi__bindings_add(struct envoi_xml_parser *parser, const char *prefix, struct envoi__ns ns);

/**
 * @param prefix  libxml2's pointer
 * @return what it stands for; name NULL: undeclared, or out of memory (noted)
 */
struct envoi__ns envoi__bindings_find(struct envoi_xml_parser *parser, const char *prefix);

/** @return whether the innermost element, of that depth, has declarations */
static inline bool envoi__bindings_has(const struct envoi__bindings *bindings, unsigned int depth)
{
	return bindings->count > 0 && bindings->items[bindings->count - 1].depth == depth;
}

/** An element of that depth has ended: drop its declarations. */
void envoi__bindings_drop(struct envoi_xml_parser *parser, unsigned int depth);

/** @return the namespace that the header declares for a prefix; NULL: none */
const char *envoi__bindings_find_in_head(const struct envoi_xml_parser *parser, const char *prefix);

/* --- parser_head.c --- */

/**
 * Check the stream's header, and store what it declares.
 * @param prefix  of the element; NULL: none
 * @return false: the error is stored
 */
bool envoi__xml_parser_accept_head(
	struct envoi_xml_parser *parser, const struct envoi_element *head, const char *prefix);

/* --- parser.c --- */

/** Free the tree of the element that is incomplete, and the engine. */
void envoi__xml_parser_drop_element(struct envoi_xml_parser *parser);

/** Parse whole tags. @return false: the error is stored */
bool envoi__xml_parser_feed_engine(struct envoi_xml_parser *parser, const char *data, size_t len);

/* --- gathering.c --- */

/** @return whether an element that is incomplete is held as it came */
bool envoi__gathering_is_possible(const struct envoi_xml_parser *parser);
/** Append to the input. @retval ENVOI_ERR_NOMEM */
int envoi__gathering_append(struct envoi_xml_parser *parser, const char *data, size_t len);
/** Note what the stream's header takes, a tag of @p len bytes with the declarations in force. */
void envoi__gathering_count_head(struct envoi_xml_parser *parser, size_t len);
/** @return the limits for what comes next, those of the parser or changed ones in *room */
const struct envoi_xml_limits *envoi__gathering_limits(
	const struct envoi_xml_parser *parser, struct envoi_xml_limits *room);
/** Parse the start tag of an element that is incomplete, once.
 * @return false: the error is stored; its bytes are held */
bool envoi__gathering_check(struct envoi_xml_parser *parser);

/* --- skipping.c --- */

/** @return whether the error is a limit, and the stanza that exceeds it may be skipped */
bool envoi__skipping_is_possible(const struct envoi_xml_parser *parser);

/**
 * Skip the element that has exceeded a limit: its bytes that the parser holds come next.
 * @retval ENVOI_ERR_LIMIT  it is no stanza
 * @retval ENVOI_ERR_NOMEM
 */
int envoi__skipping_begin(struct envoi_xml_parser *parser);

/** Free what skipping an element needs. NULL is allowed. */
void envoi__skipping_end(struct envoi_xml_parser *parser);

/** As envoi_xml_parser_next(), while an element is being skipped. */
int envoi__skipping_next(struct envoi_xml_parser *parser, struct envoi_xml_item *ret_item);

/* --- sax.c, sax_rare.c: libxml2's callbacks; `user` is the engine --- */

void envoi__sax_start(void *user, const xmlChar *name, const xmlChar *prefix, const xmlChar *uri,
	int ns_count, const xmlChar **namespaces, int attr_count, int defaulted_count,
	const xmlChar **attrs);
void envoi__sax_end(void *user, const xmlChar *name, const xmlChar *prefix, const xmlChar *uri);
void envoi__sax_text(void *user, const xmlChar *text, int len);
void envoi__sax_cdata(void *user, const xmlChar *text, int len);
void envoi__sax_restricted(void *user, const xmlChar *text);
void envoi__sax_instruction(void *user, const xmlChar *target, const xmlChar *text);
void envoi__sax_doctype(
	void *user, const xmlChar *name, const xmlChar *public_id, const xmlChar *system_id);
void envoi__sax_error(void *user, ENVOI__LIBXML_ERROR *error);

#endif
