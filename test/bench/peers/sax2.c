/*
 * envoi - benchmarks: the floor on libxml2's SAX2
 * SPDX-License-Identifier: MIT
 */
#include <string.h>

#include <libxml/parser.h>

#include "floor.h"
#include "peer.h"

enum {
	PARTS = 5, /* of an attribute: name, prefix, namespace, value and its end */
};

static void on_start(void *user, const xmlChar *name, const xmlChar *prefix, const xmlChar *uri,
	int ns_count, const xmlChar **namespaces, int attr_count, int defaulted_count,
	const xmlChar **attrs)
{
	(void)prefix, (void)uri, (void)ns_count, (void)namespaces, (void)defaulted_count;
	const char *from = NULL;
	size_t from_len = 0;
	bool is_contact = false;
	for (int i = 0; i < attr_count; i++, attrs += PARTS) {
		if (strcmp((const char *)attrs[0], "from") == 0) {
			from = (const char *)attrs[3];
			from_len = (size_t)(attrs[4] - attrs[3]);
		} else if (strcmp((const char *)attrs[0], "jid") == 0) {
			is_contact = true;
		}
	}
	floor_start(user, (const char *)name, from, from_len, is_contact);
}

static void on_end(void *user, const xmlChar *name, const xmlChar *prefix, const xmlChar *uri)
{
	(void)name, (void)prefix, (void)uri;
	floor_end(user);
}

static void on_text(void *user, const xmlChar *text, int len)
{
	floor_text(user, (const char *)text, (size_t)len);
}

static xmlSAXHandler sax = {
	.initialized = XML_SAX2_MAGIC,
	.startElementNs = on_start,
	.endElementNs = on_end,
	.characters = on_text,
};

void *floor_parser_new(struct floor *floor)
{
	xmlParserCtxtPtr xml = xmlCreatePushParserCtxt(&sax, floor, NULL, 0, NULL);
	peer_check(xml != NULL, "out of memory");
	xmlCtxtUseOptions(xml, XML_PARSE_NOENT | XML_PARSE_NONET);
	return xml;
}

void floor_parser_feed(void *parser, const char *data, size_t len)
{
	peer_check(xmlParseChunk(parser, data, (int)len, 0) == 0, "not well-formed");
}

void floor_parser_free(void *parser)
{
	xmlFreeParserCtxt(parser);
}
