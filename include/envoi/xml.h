/*
 * envoi - XML: element trees, the stream parser, the writer
 * SPDX-License-Identifier: MIT
 */
#ifndef ENVOI_XML_H
#define ENVOI_XML_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <envoi/buffer.h>
#include <envoi/conditions.h>
#include <envoi/error.h>
#include <envoi/export.h>

#ifdef __cplusplus
extern "C" {
#endif

struct envoi_context;

#define ENVOI_NS_STREAMS "http://etherx.jabber.org/streams"
#define ENVOI_NS_XML "http://www.w3.org/XML/1998/namespace"

/**
 * An element with its attributes and content: part of a tree that lives in one arena. A reference
 * to any element keeps its whole tree. Trees from the parser are immutable by convention: what
 * has been handed to others is not changed any more.
 */
struct envoi_element;

/* --- reading --- */

/** Keep the element's whole tree. @return @p element */
ENVOI_API struct envoi_element *envoi_element_ref(struct envoi_element *element);

/** Drop a reference; NULL is allowed. @return NULL */
ENVOI_API struct envoi_element *envoi_element_unref(struct envoi_element *element);

/** @return the local name; never NULL; lives as long as the tree (as all text returned here) */
ENVOI_API const char *envoi_element_name(const struct envoi_element *element);

/** @return the namespace name; "" for none; never NULL */
ENVOI_API const char *envoi_element_ns(const struct envoi_element *element);

/** @return whether it has that name in that namespace. False for NULL. */
ENVOI_API bool envoi_element_is(
	const struct envoi_element *element, const char *ns, const char *name);

/** @return the value of an attribute without namespace, or NULL */
ENVOI_API const char *envoi_element_attr(const struct envoi_element *element, const char *name);

/** @return the value of an attribute in a namespace ("" for none), or NULL */
ENVOI_API const char *envoi_element_attr_ns(
	const struct envoi_element *element, const char *ns, const char *name);

/**
 * Visit every attribute, in order.
 *
 * @param[in,out] position  0 to begin
 * @return whether one was found; then the three are set, borrowed
 */
ENVOI_API bool envoi_element_next_attr(const struct envoi_element *element, size_t *position,
	const char **ret_ns, const char **ret_name, const char **ret_value);

/** @return the language in force: xml:lang here or above, up to the stream's; NULL: unknown, or
 * said to be by an empty one */
ENVOI_API const char *envoi_element_lang(const struct envoi_element *element);

/** @return the text directly inside, joined; "" when there is none; NULL only for NULL or no memory */
ENVOI_API const char *envoi_element_text(const struct envoi_element *element);

/** @return the first child element with that name; @p ns NULL: the parent's; NULL for none or NULL */
ENVOI_API struct envoi_element *envoi_element_child(
	const struct envoi_element *element, const char *ns, const char *name);

/** @return the first child element, or NULL */
ENVOI_API struct envoi_element *envoi_element_first(const struct envoi_element *element);

/** @return the next sibling element, or NULL */
ENVOI_API struct envoi_element *envoi_element_next(const struct envoi_element *element);

/** @return the parent, or NULL for a tree's root */
ENVOI_API struct envoi_element *envoi_element_parent(const struct envoi_element *element);

/* --- building --- */
/*
 * A tree remembers its first failure: builders return NULL, accept NULL, and do nothing after it,
 * so that calls can be nested without checks; the function that takes the tree reports the failure
 * (envoi_element_error(), envoi_element_problem()).
 */

/**
 * Make a tree of one element.
 *
 * @param ns    namespace name, "" for none
 * @param name  local name, an NCName
 * @return the root with one reference, or NULL: out of memory. Where XML forbids the name or the
 *         namespace, a tree that has failed
 */
ENVOI_API struct envoi_element *envoi_element_new(
	struct envoi_context *context, const char *ns, const char *name);

/** Add a child at the end. @param ns NULL: the parent's. @return the child, borrowed, or NULL */
ENVOI_API struct envoi_element *envoi_element_add(
	struct envoi_element *parent, const char *ns, const char *name);

/** Add a child with text. @param text NULL: adds nothing, returns NULL, is no failure */
ENVOI_API struct envoi_element *envoi_element_add_with_text(
	struct envoi_element *parent, const char *ns, const char *name, const char *text);

/** Add a deep copy of @p child, which may be of another tree. @return the copy, or NULL */
ENVOI_API struct envoi_element *envoi_element_add_copy(
	struct envoi_element *parent, const struct envoi_element *child);

/** Set or replace an attribute. @param value NULL: removes it. @return @p element, or NULL */
ENVOI_API struct envoi_element *envoi_element_set(
	struct envoi_element *element, const char *name, const char *value);

/** As envoi_element_set(), in a namespace (ENVOI_NS_XML for xml:lang). */
ENVOI_API struct envoi_element *envoi_element_set_ns(
	struct envoi_element *element, const char *ns, const char *name, const char *value);

/** Append text, to that at the end if there is some. @return @p element, or NULL */
ENVOI_API struct envoi_element *envoi_element_add_text(
	struct envoi_element *element, const char *text);

/** A copy as a tree of its own. @return its root with one reference, or NULL: out of memory */
ENVOI_API struct envoi_element *envoi_element_dup(const struct envoi_element *element);

/** @return ENVOI_OK, or the tree's first failure; ENVOI_ERR_NOMEM for NULL */
ENVOI_API int envoi_element_error(const struct envoi_element *element);
/** @return the first failure of the tree in words, with its place: "message/body: U+0001 at byte 0 is
 * not allowed in XML"; without a failure the text of ENVOI_OK; borrowed from the tree */
ENVOI_API const char *envoi_element_problem(const struct envoi_element *element);

/* --- writing --- */

/*
 * The form is stable: equal trees give equal bytes. No declaration, no white space of its own;
 * `<a/>` for an element without content; single quotes; attributes in their order, behind
 * `xmlns`, which is there where the namespace is not the one around the element. Elements have no
 * prefix, but for a written element itself in ENVOI_NS_STREAMS: `stream:`, which the stream's
 * header binds; and those in ENVOI_NS_XML, which are only ever parsed: `xml:`. Attributes in a
 * namespace have `xml:` or `nsN:`, N being the number of the element's first attribute in that
 * namespace, which is preceded by the declaration. Escaped are & < > carriage return and line feed
 * everywhere, and ' " and tab in attributes: a written element is one line.
 *
 * Nothing can be written that envoi_xml_parser would not take, but for its limits; what was
 * written and parsed again is an equal tree.
 */

/**
 * Append an element in serialised form.
 *
 * @param default_ns  the default namespace where it will stand ("jabber:client" in a stream),
 *                    not declared again; NULL or "": none, and no stream around it: then `stream:`
 *                    is declared where it is used
 * @retval ENVOI_ERR_NOMEM, ENVOI_ERR_FULL  from the buffer, which is as it was before
 * @retval <0  the tree's first failure
 */
ENVOI_API ENVOI_MUST_CHECK int envoi_xml_write(
	struct envoi_buffer *out, const struct envoi_element *element, const char *default_ns);

/**
 * Append an XML declaration and a stream header (RFC 6120, section 4.7): the start tag of @p head,
 * a {http://etherx.jabber.org/streams}stream, with its attributes; its content is left out.
 *
 * @param content_ns  the default namespace to declare: "jabber:client"; NULL or "": none
 * @retval ENVOI_ERR_INVALID  @p head is something else
 * @retval ENVOI_ERR_NOMEM, ENVOI_ERR_FULL  from the buffer, which is as it was before
 * @retval <0  the tree's first failure
 */
ENVOI_API ENVOI_MUST_CHECK int envoi_xml_write_head(
	struct envoi_buffer *out, const struct envoi_element *head, const char *content_ns);

/**
 * Writes without a tree: elements, attributes and text in document order, in the same form.
 * Everything is checked as for trees; the first failure sticks and is returned by
 * envoi_xml_writer_finish(). All accept NULL for the writer, and do nothing then.
 */
struct envoi_xml_writer;

/**
 * Begin to append to a buffer, which nobody else may touch until envoi_xml_writer_finish().
 *
 * @param default_ns  as for envoi_xml_write()
 * @return NULL: out of memory
 */
ENVOI_API struct envoi_xml_writer *envoi_xml_writer_new(
	struct envoi_buffer *out, const char *default_ns);

/** Open an element; several may follow each other at the top. @param ns NULL: that of the element
 * around it, or at the top @p default_ns */
ENVOI_API void envoi_xml_open(struct envoi_xml_writer *writer, const char *ns, const char *name);

/** Add an attribute to the element just opened, before its content. @param value NULL: none */
ENVOI_API void envoi_xml_attr(struct envoi_xml_writer *writer, const char *name, const char *value);

/** As envoi_xml_attr(), in a namespace. */
ENVOI_API void envoi_xml_attr_ns(
	struct envoi_xml_writer *writer, const char *ns, const char *name, const char *value);

/** Add text to the innermost open element. @param text NULL: none */
ENVOI_API void envoi_xml_text(struct envoi_xml_writer *writer, const char *text);

/** Add a whole tree. */
ENVOI_API void envoi_xml_element(
	struct envoi_xml_writer *writer, const struct envoi_element *element);

/** Close the innermost open element. */
ENVOI_API void envoi_xml_close(struct envoi_xml_writer *writer);

/**
 * End and free the writer.
 *
 * @retval ENVOI_OK
 * @retval ENVOI_ERR_INVALID  a name, value, text or namespace that XML forbids, or an attribute
 *                            twice
 * @retval ENVOI_ERR_STATE    calls in an order that makes no elements, or one is still open
 * @retval ENVOI_ERR_NOMEM, ENVOI_ERR_FULL  from the buffer; the former for NULL too
 * @retval <0  the first failure of a tree; with each of them the buffer is as it was
 */
ENVOI_API ENVOI_MUST_CHECK int envoi_xml_writer_finish(struct envoi_xml_writer *writer);

/* --- parsing a stream --- */

/**
 * What one peer may send. Each violation ends the stream with policy-violation. A stream may have any
 * number of distinct names over time: they go with their stanzas. In memory a stanza takes at most 6
 * bytes for each of its own, and 128 more for each element and text.
 */
struct envoi_xml_limits {
	/**
	 * of one first-level element, or of the header with all before it; default 8,388,608: a
	 * roster comes in one piece; white space between elements is free
	 */
	size_t stanza_bytes;
	size_t tag_bytes; /**< of one tag with its attributes; default 16,384 */
	unsigned int depth; /**< of nested elements, the stream's root not counted; default 64 */
	/**
	 * of one element, xmlns declarations included; default 64. Besides, at most 512
	 * declarations are in force at a time.
	 */
	unsigned int attributes;
	unsigned int children; /**< elements and texts of one stanza; default 1,000,000 */
	unsigned int name_bytes; /**< of one local name or prefix; default 256 */
	/**
	 * of one namespace name that the library does not know; default 1,024. A prefix of two
	 * letters repeats it with each attribute: time can grow with it, and memory in the writer
	 */
	unsigned int namespace_bytes;
	/**
	 * distinct local names and prefixes of one stanza, or of the header, not counting those of
	 * the specifications that the library knows; default 4,096
	 */
	unsigned int names;
};

/** The defaults above, for after login. */
ENVOI_API extern const struct envoi_xml_limits envoi_xml_limits_default;
/** Tighter ones, for before: 10,000 bytes a stanza, 4,096 a tag, depth 16, 32 attributes, 1,000
 * children, 256 distinct names. */
ENVOI_API extern const struct envoi_xml_limits envoi_xml_limits_before_login;

/**
 * Parses one stream, as an endless document (RFC 6120, section 4): restricted XML (section 11.1),
 * UTF-8 only, namespaces checked. What it has finished is taken out with
 * envoi_xml_parser_next(), never handed over from beneath it.
 *
 * What comes out, the error included, does not depend on how the bytes were cut into pieces. An
 * element is complete with the `>` of its end tag; those complete before an error are delivered.
 * Errors in tags are found at the tag's end, those in text at the end of the tag behind it; what
 * can never be right, and limits, at once.
 *
 * Each error has its stream condition (RFC 6120, section 4.9.3):
 * - restricted-xml: comments, processing instructions, document types, entities but the five;
 * - unsupported-encoding: UTF-16, UTF-32, another encoding declared. A byte order mark is text
 *   (section 11.6), and text before the header is not well-formed;
 * - not-well-formed: whatever else XML 1.0 and its namespaces forbid, an XML version other than
 *   1.0, a second XML declaration, content behind the stream's end;
 * - invalid-namespace, bad-format, bad-namespace-prefix: the root is not in ENVOI_NS_STREAMS, not
 *   a `stream`, its prefix is not `stream`;
 * - bad-format: text between first-level elements;
 * - policy-violation: a limit; resource-constraint: out of memory.
 *
 * Bytes are kept until they are asked for, so that one element's tree is in memory at a time. The
 * language of the header (up to 64 bytes) is inherited by all elements.
 */
struct envoi_xml_parser;

enum envoi_xml_item_kind {
	ENVOI_XML_HEAD, /**< the root's start tag: @p element has its attributes, no content */
	ENVOI_XML_ELEMENT, /**< one complete first-level element */
	ENVOI_XML_END, /**< the root's end tag */
};

struct envoi_xml_item {
	enum envoi_xml_item_kind kind;
	struct envoi_element *element; /**< owned by the receiver; NULL for ENVOI_XML_END */
	/**
	 * of a head: the default namespace declared there, or ""; borrowed until the parser is
	 * freed
	 */
	const char *content_ns;
};

/** Make a parser. @param limits copied; NULL: envoi_xml_limits_default */
ENVOI_API ENVOI_MUST_CHECK int envoi_xml_parser_new(struct envoi_xml_parser **ret_parser,
	struct envoi_context *context, const struct envoi_xml_limits *limits);

/** Free it and what it has not handed over; NULL is allowed. */
ENVOI_API void envoi_xml_parser_free(struct envoi_xml_parser *parser);

/** Other limits, for all that envoi_xml_parser_next() has not yet looked at. NULL: the default */
ENVOI_API void envoi_xml_parser_set_limits(
	struct envoi_xml_parser *parser, const struct envoi_xml_limits *limits);

/**
 * Take bytes as they came from the peer, in pieces of any size; envoi_xml_parser_next() parses
 * them. Behind an error they are dropped.
 *
 * @param data  borrowed for the call
 * @return ENVOI_OK even when the bytes are bad: elements complete before the error are handed
 *         over first, then envoi_xml_parser_next() tells
 * @retval ENVOI_ERR_NOMEM  as well told by envoi_xml_parser_next()
 */
ENVOI_API int envoi_xml_parser_feed(struct envoi_xml_parser *parser, const char *data, size_t len);

/**
 * Take out the next finished item.
 *
 * @retval ENVOI_OK         @p *ret_item is set
 * @retval ENVOI_AGAIN      feed more
 * @retval ENVOI_ERR_XML, ENVOI_ERR_LIMIT, ENVOI_ERR_PROTOCOL
 *                          the stream is broken for good: envoi_xml_parser_condition() says how
 * @retval ENVOI_ERR_NOMEM  likewise
 */
ENVOI_API ENVOI_MUST_CHECK int envoi_xml_parser_next(
	struct envoi_xml_parser *parser, struct envoi_xml_item *ret_item);

/** @return the stream error to send for the error last returned by next (RFC 6120, 4.9.3) */
ENVOI_API enum envoi_stream_condition envoi_xml_parser_condition(
	const struct envoi_xml_parser *parser);

/** @return words for a log about that error; static or borrowed until the parser is freed */
ENVOI_API const char *envoi_xml_parser_error_text(const struct envoi_xml_parser *parser);

/** @return whether anything is here that was not handed over: items, or bytes of an unfinished one
 * (white space between first-level elements does not count) */
ENVOI_API bool envoi_xml_parser_has_pending(const struct envoi_xml_parser *parser);

/* --- parsing one element --- */

/**
 * Parse a text that holds one element, and white space round it at most, under the rules and
 * default limits of streams.
 *
 * @param[out] ret_element  the root, one reference
 * @param default_ns  the default namespace where it stands; NULL: none. The prefix `stream` is
 *                    bound to ENVOI_NS_STREAMS.
 * @retval ENVOI_ERR_XML, ENVOI_ERR_LIMIT  not well-formed, not allowed, or not one element
 * @retval ENVOI_ERR_INVALID  @p default_ns is not allowed
 * @retval ENVOI_ERR_NOMEM
 */
ENVOI_API ENVOI_MUST_CHECK int envoi_xml_parse(struct envoi_element **ret_element,
	struct envoi_context *context, const char *xml, size_t len, const char *default_ns);

#ifdef __cplusplus
}
#endif
#endif
