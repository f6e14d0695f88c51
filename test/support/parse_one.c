/*
 * envoi - one element from text
 * SPDX-License-Identifier: MIT
 */
#include "parse_one.h"

#include <string.h>

static const char head[] = "<stream:stream xmlns='jabber:client' xml:lang='en' "
			   "xmlns:stream='http://etherx.jabber.org/streams' version='1.0'>";

static struct envoi_element *take_element(struct envoi_xml_parser *parser)
{
	struct envoi_element *element = NULL;
	struct envoi_xml_item item;
	while (envoi_xml_parser_next(parser, &item) == ENVOI_OK) {
		if (item.kind == ENVOI_XML_ELEMENT && element == NULL) {
			element = item.element;
		} else {
			envoi_element_unref(item.element);
		}
	}
	return element;
}

struct envoi_element *parse_bytes(struct envoi_context *context, const char *xml, size_t len)
{
	struct envoi_xml_parser *parser;
	if (envoi_xml_parser_new(&parser, context, NULL) < 0) {
		return NULL;
	}
	envoi_xml_parser_feed(parser, head, strlen(head));
	envoi_xml_parser_feed(parser, xml, len);
	struct envoi_element *element = take_element(parser);
	envoi_xml_parser_free(parser);
	return element;
}

struct envoi_element *parse_one(struct envoi_context *context, const char *xml)
{
	return parse_bytes(context, xml, strlen(xml));
}
