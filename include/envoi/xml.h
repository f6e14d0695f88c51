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
#include <envoi/xml_limits.h>

#ifdef __cplusplus
extern "C" {
#endif

struct envoi_context;

/** Namespace of the stanzas of clients (RFC 6120, section 4.8.2). */
#define ENVOI_NS_CLIENT "jabber:client"
/** Namespace of streams. */
#define ENVOI_NS_STREAMS "http://etherx.jabber.org/streams"
/** Namespace of the prefix `xml`. */
#define ENVOI_NS_XML "http://www.w3.org/XML/1998/namespace"

/**
 * An element with its attributes and content. It is part of a tree, which is freed as a whole: a
 * reference to any element keeps the whole tree. A tree from the parser must not be changed,
 * because handlers share it.
 */
struct envoi_element;

/* --- reading --- */

/** Take a reference, which keeps the whole tree. @return @p element */
ENVOI_API struct envoi_element *envoi_element_ref(struct envoi_element *element);

/** Drop a reference; NULL is allowed. @return NULL */
ENVOI_API struct envoi_element *envoi_element_unref(struct envoi_element *element);

/** @return the local name; never NULL; borrowed from the tree, as all text returned here */
ENVOI_API const char *envoi_element_name(const struct envoi_element *element);

/** @return the namespace name; "" for none; never NULL */
ENVOI_API const char *envoi_element_ns(const struct envoi_element *element);

/** @return whether the element has that name in that namespace; false for NULL */
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
 * @return false: no attribute is left. Else the three outputs are set; they are borrowed from the
 *         tree
 */
ENVOI_API bool envoi_element_next_attr(const struct envoi_element *element, size_t *position,
	const char **ret_ns, const char **ret_name, const char **ret_value);

/** @return the language of the element: its xml:lang, else that of the nearest ancestor or of the
 * stream header; NULL: none has one, or the nearest one is empty */
ENVOI_API const char *envoi_element_lang(const struct envoi_element *element);

/** @return the text directly inside the element, joined; "" for none; NULL only for a NULL element
 * or out of memory */
ENVOI_API const char *envoi_element_text(const struct envoi_element *element);

/** @return the first child element with that name, or NULL; @p ns NULL: the namespace of the
 * parent; @p element may be NULL */
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
 * A tree stores its first failure. After a failure builders have no effect and return NULL. All of
 * them accept NULL, so that calls can be nested without checks. The function that takes the tree
 * returns the failure; envoi_element_error() and envoi_element_problem() return it at any time.
 * Texts are copied.
 */

/**
 * Make a tree of one element.
 *
 * @param ns    namespace name, "" for none
 * @param name  local name, an NCName
 * @return the root with one reference; NULL: out of memory. If XML does not allow the name or the
 *         namespace, the failure of the tree is ENVOI_ERR_INVALID
 */
ENVOI_API struct envoi_element *envoi_element_new(
	struct envoi_context *context, const char *ns, const char *name);

/** Add a child at the end. @param ns NULL: the parent's. @return the child, borrowed, or NULL */
ENVOI_API struct envoi_element *envoi_element_add(
	struct envoi_element *parent, const char *ns, const char *name);

/** Add a child with text. @param text NULL: nothing is added, and NULL is returned without a
 * failure */
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

/** Append text to the content of the element. @return @p element, or NULL */
ENVOI_API struct envoi_element *envoi_element_add_text(
	struct envoi_element *element, const char *text);

/** Remove an element from its parent, with its content. No effect on a root, on NULL, and in a tree
 * that has failed. The memory is the tree's, and freed with it. */
ENVOI_API void envoi_element_remove(struct envoi_element *element);

/** Copy an element into a new tree. @return the root with one reference; NULL: out of memory */
ENVOI_API struct envoi_element *envoi_element_dup(const struct envoi_element *element);

/** @return ENVOI_OK, or the tree's first failure; ENVOI_ERR_NOMEM for NULL */
ENVOI_API int envoi_element_error(const struct envoi_element *element);
/** @return the tree's first failure as text, with its place: "message/body: U+0001 at byte 0 is not
 * allowed in XML"; without a failure the text of ENVOI_OK; borrowed from the tree */
ENVOI_API const char *envoi_element_problem(const struct envoi_element *element);

/* --- writing --- */

/*
 * The form of the output:
 *
 * - Equal trees give equal bytes. A written element is one line.
 * - There is no XML declaration, and no white space between elements.
 * - An element without content is `<a/>`. Values have single quotes.
 * - `xmlns` is the first attribute. It is present if the element's namespace differs from the
 *   default namespace around the element. Other attributes follow in their order.
 * - An attribute in a namespace has the prefix `xml`, or `nsN`. N is the number of the tag's first
 *   attribute in that namespace; the declaration stands before that attribute.
 * - An element has no prefix, with three exceptions. The written element itself has the prefix
 *   `stream` in ENVOI_NS_STREAMS, which the stream header declares. An element in ENVOI_NS_XML has
 *   `xml`. An element with an attribute in its own namespace, other than the default namespace
 *   around the written element, has the prefix of that attribute.
 * - & < > carriage return and line feed are escaped everywhere, and ' " and tab in attributes.
 *
 * The parser accepts all output, within its limits, and gives an equal tree.
 */

/**
 * Append an element in serialised form.
 *
 * @param default_ns  the default namespace around the element, which is not declared again:
 *                    "jabber:client" in a stream. NULL or "": there is none, and no stream around
 *                    the element, so that the prefix `stream` is declared where it is used
 * @retval ENVOI_ERR_NOMEM, ENVOI_ERR_FULL  from the buffer, which is as it was before
 * @retval <0  the tree's first failure
 */
ENVOI_API ENVOI_MUST_CHECK int envoi_xml_write(
	struct envoi_buffer *out, const struct envoi_element *element, const char *default_ns);

/**
 * Append an XML declaration and a stream header (RFC 6120, section 4.7).
 *
 * @param head        the element `stream` in ENVOI_NS_STREAMS: its start tag is written with its
 *                    attributes, its content is not
 * @param content_ns  the default namespace to declare: "jabber:client"; NULL or "": none
 * @retval ENVOI_ERR_INVALID  @p head is something else
 * @retval ENVOI_ERR_NOMEM, ENVOI_ERR_FULL  from the buffer, which is as it was before
 * @retval <0  the tree's first failure
 */
ENVOI_API ENVOI_MUST_CHECK int envoi_xml_write_head(
	struct envoi_buffer *out, const struct envoi_element *head, const char *content_ns);

/**
 * Writes elements, attributes and text in document order without a tree, in the same form and with
 * the same checks. A writer stores its first failure, and envoi_xml_writer_finish() returns it. All
 * functions accept NULL for the writer and then have no effect.
 */
struct envoi_xml_writer;

/**
 * Begin to append to a buffer. Do not use the buffer until envoi_xml_writer_finish().
 *
 * @param default_ns  see envoi_xml_write()
 * @return NULL: out of memory
 */
ENVOI_API struct envoi_xml_writer *envoi_xml_writer_new(
	struct envoi_buffer *out, const char *default_ns);

/** Open an element. The top level may have several elements. @param ns NULL: the namespace of the
 * element around it, at the top level @p default_ns */
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
 * @retval ENVOI_ERR_INVALID  XML does not allow a name, value, text or namespace, or an attribute
 *                            was added twice
 * @retval ENVOI_ERR_STATE    the calls were in an order that makes no element, or an element is
 *                            open
 * @retval ENVOI_ERR_NOMEM    out of memory, or @p writer is NULL
 * @retval ENVOI_ERR_FULL     the buffer is at its limit
 * @retval <0  otherwise the first failure of a tree
 * After a failure the buffer is as it was before envoi_xml_writer_new().
 */
ENVOI_API ENVOI_MUST_CHECK int envoi_xml_writer_finish(struct envoi_xml_writer *writer);

/* --- parsing a stream --- */

/**
 * Parses one XML stream (RFC 6120, section 4). The parser accepts restricted XML only (section
 * 11.1), in UTF-8 only, and checks namespaces. It has no callbacks: envoi_xml_parser_next() returns
 * complete items one by one.
 *
 * The results, errors included, do not depend on the pieces in which the bytes were added. An
 * element is complete with the `>` of its end tag. Elements that are complete before an error are
 * returned before it. An error in a tag is detected at the end of the tag, an error in text at the
 * end of the next tag. A limit that is exceeded, and bytes that are wrong whatever follows, are
 * detected at once.
 *
 * Each error has its stream condition (RFC 6120, section 4.9.3):
 * - restricted-xml: comments, processing instructions, document types, entities other than the five
 *   predefined ones;
 * - unsupported-encoding: UTF-16, UTF-32, or a declaration of another encoding. A byte order mark
 *   is text (section 11.6), and text before the header is not well-formed;
 * - not-well-formed: all else that XML 1.0 and Namespaces in XML do not allow, an XML version other
 *   than 1.0, a second XML declaration, content after the end of the stream;
 * - invalid-namespace: the root is not in ENVOI_NS_STREAMS; bad-format: its name is not `stream`;
 *   bad-namespace-prefix: its prefix is not `stream`;
 * - bad-format: text between first-level elements;
 * - policy-violation: a limit; resource-constraint: out of memory.
 *
 * Where limits.stanza_bytes is 16 KiB or less, an element that is incomplete is held as it came,
 * and errors and limits within its content, but those of bytes and depth, may be detected only when
 * it is complete.
 *
 * If limits.skip_bytes is not 0, a message, presence or iq in the default namespace of the header
 * that exceeds a limit is skipped, with bounded memory, and returned as ENVOI_XML_SKIPPED. While it
 * is skipped, these remain errors: invalid UTF-8, characters that XML does not allow, comments,
 * processing instructions, document types, malformed CDATA sections, `<` in a tag, end tags that do
 * not match, and more bytes than skip_bytes. These are not checked: duplicate attributes,
 * undeclared prefixes, references, and the form of names and attributes. If a start tag itself
 * exceeds a limit, its attributes of more than 8 KiB are not read.
 *
 * Bytes are parsed when envoi_xml_parser_next() is called, so that one tree at a time is in memory.
 * All elements inherit the language of the header, if it has at most 64 bytes.
 */
struct envoi_xml_parser;

/** What a parser returns. */
enum envoi_xml_item_kind {
	ENVOI_XML_HEAD, /**< the root's start tag: @p element has its attributes, no content */
	ENVOI_XML_ELEMENT, /**< one complete first-level element */
	ENVOI_XML_END, /**< the root's end tag */
	/**
	 * the end of a stanza that was skipped because it exceeds a limit: @p element has its name
	 * and the attributes from, to, id and type, as far as they could be read, and no content
	 */
	ENVOI_XML_SKIPPED,
};

/** What envoi_xml_parser_next() returns. */
struct envoi_xml_item {
	enum envoi_xml_item_kind kind;
	struct envoi_element *element; /**< owned by the caller; NULL for ENVOI_XML_END */
	/**
	 * of ENVOI_XML_HEAD: the default namespace that it declares, or ""; borrowed until the
	 * parser is freed
	 */
	const char *content_ns;
	uint64_t bytes; /**< of ENVOI_XML_SKIPPED: the size of the stanza as received */
	/** of ENVOI_XML_SKIPPED: the first limit that the stanza exceeded; static */
	const char *limit;
};

/** Make a parser; free it with envoi_xml_parser_free(). @param limits copied; NULL:
 * envoi_xml_limits_default. @retval ENVOI_ERR_NOMEM */
ENVOI_API ENVOI_MUST_CHECK int envoi_xml_parser_new(struct envoi_xml_parser **ret_parser,
	struct envoi_context *context, const struct envoi_xml_limits *limits);

/** Free a parser with the bytes and items that it holds; NULL is allowed. */
ENVOI_API void envoi_xml_parser_free(struct envoi_xml_parser *parser);

/** Set the limits for all bytes that are not parsed yet. @param limits copied; NULL:
 * envoi_xml_limits_default */
ENVOI_API void envoi_xml_parser_set_limits(
	struct envoi_xml_parser *parser, const struct envoi_xml_limits *limits);

/**
 * Add bytes that were received from the peer, in pieces of any size. After an error of the parser
 * they are ignored.
 *
 * @param data  copied
 * @retval ENVOI_OK  also when the bytes are not correct XML: envoi_xml_parser_next() returns the
 *                   elements that are complete before the error, then the error
 * @retval ENVOI_ERR_NOMEM  envoi_xml_parser_next() returns it as well
 */
ENVOI_API int envoi_xml_parser_feed(struct envoi_xml_parser *parser, const char *data, size_t len);

/**
 * Parse up to the end of the next item, and return it.
 *
 * @param[out] ret_item  its element is owned by the caller
 * @retval ENVOI_OK         @p *ret_item is set
 * @retval ENVOI_AGAIN      no item is complete: more bytes are needed
 * @retval ENVOI_ERR_XML, ENVOI_ERR_LIMIT, ENVOI_ERR_PROTOCOL
 *                          an error of the peer, which every further call returns again;
 *                          envoi_xml_parser_condition() returns the stream error
 * @retval ENVOI_ERR_NOMEM  out of memory; every further call returns it again
 */
ENVOI_API ENVOI_MUST_CHECK int envoi_xml_parser_next(
	struct envoi_xml_parser *parser, struct envoi_xml_item *ret_item);

/** @return the condition of the stream error to send (RFC 6120, section 4.9.3) for the error that
 * envoi_xml_parser_next() has returned */
ENVOI_API enum envoi_stream_condition envoi_xml_parser_condition(
	const struct envoi_xml_parser *parser);

/** @return that error as text, for a log; borrowed until the parser is freed */
ENVOI_API const char *envoi_xml_parser_error_text(const struct envoi_xml_parser *parser);

/** @return whether the parser has complete items that were not returned yet, or bytes of an
 * incomplete one. White space between first-level elements does not count */
ENVOI_API bool envoi_xml_parser_has_pending(const struct envoi_xml_parser *parser);

/** @return bytes of memory that the parser holds for input that was not returned yet; of libxml2's
 * buffers an estimate */
ENVOI_API size_t envoi_xml_parser_memory(const struct envoi_xml_parser *parser);

/* --- parsing one element --- */

/**
 * Parse a text that is one element, with or without white space around it. The rules are those of
 * streams, with envoi_xml_limits_default.
 *
 * @param[out] ret_element  the root with one reference
 * @param xml         @p len bytes; borrowed for the call
 * @param default_ns  the default namespace around the element; NULL: none. The prefix `stream` is
 *                    declared for ENVOI_NS_STREAMS
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
