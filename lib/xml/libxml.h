/*
 * envoi - what is taken from libxml2, and where its versions differ
 * SPDX-License-Identifier: MIT
 *
 * Read on libxml2 2.9.14, 2.12.7 and 2.15.3. The parser relies on these points; each is held by a
 * test, and the tests run on each of these versions (Debian 12, 13 and unstable).
 *
 * Names. Equal names and prefixes of one parser context are one pointer, in its dictionary
 * 	(xmlParseNCName(), xmlParseNCNameHashed()): test_parser, test_incidents.
 * Root. Behind `<stream>` a push parser stays in content, for elements without end, and keeps
 * 	nothing of those that have ended: test_endless, test_memory.
 * Attributes. All of a start tag come in one call of startElementNs, in document order, values
 * 	with references replaced and white space normalised, xmlns declarations among them while
 * 	libxml2 does not find the prefix `xmlns` (str_xmlns). A probe checks that for each engine.
 * 	sax.c checks that a tag has no attribute and no declaration twice, because 2.12 and later
 * 	treat attributes with unknown prefixes as attributes without namespace.
 * Errors. Fatal ones make xmlParseChunk() return their code, whether or not they are reported; from
 * 	2.12 on only 100 errors of a context are, and each prefix is one, so nothing relies on
 * 	errors that are not fatal: test_incidents. Before 2.12 we own the namespace table (nsTab):
 * 	prefixes that were in a tag are put there. From 2.12 on we own the error counter (nbErrors):
 * 	when it is full, no text is formatted; test_parser_use.
 * Input. Bytes that were parsed lie before input->end until the next call: they are wiped there.
 * 	Within the buffer they are moved at the begin of a call only, when more than 4,096 bytes
 * 	before them are parsed: sim/test_secrets.
 * Left to libxml2: the characters of names (XML 1.0, productions 4 and 4a), `=` and quotes in
 * 	tags, white space between attributes, `<` and `&` in values, character and entity
 * 	references, `]]>` in text, end tags that match: test_parser, test_incidents, and the fuzz
 * 	target `differential`, which compares with expat.
 */
#ifndef ENVOI_XML_LIBXML_H
#define ENVOI_XML_LIBXML_H

#include <stdbool.h>
#include <stddef.h>

#include <libxml/parser.h>

#if LIBXML_VERSION < 21200
#define ENVOI__LIBXML_ERROR xmlError
#else
#define ENVOI__LIBXML_ERROR const xmlError
#endif

/** Set what the parser relies on, before the first byte. */
void envoi__libxml_configure(xmlParserCtxtPtr xml);

/** Hand over namespace declarations as attributes, from now on. */
void envoi__libxml_leave_namespaces(xmlParserCtxtPtr xml);

/**
 * Tags are parsed next. libxml2 knows no declarations, and formats the text of an error for each
 * prefix in a tag, at the cost of a whole stanza: this keeps it from that.
 *
 * @param has_prefix  whether there may be a prefix in the tags, other than `xml`
 */
void envoi__libxml_expect_prefixes(
	xmlParserCtxtPtr xml, bool has_prefix, const char *data, size_t len);

/**
 * Make room for so many attributes in a tag.
 *
 * libxml2 before 2.12 uses the old array of attributes after it has moved it, when the next
 * allocation fails. So its arrays do not grow while it parses.
 * @return false: out of memory
 */
bool envoi__libxml_reserve_attributes(xmlParserCtxtPtr xml, unsigned int count);

#endif
