/*
 * envoi - the stream parser: the stream's header
 * SPDX-License-Identifier: MIT
 */
#include <string.h>

#include "xml/element.h"
#include "xml/names.h"
#include "xml/parser.h"
#include "xml/wrapped.h"

enum {
	LONGEST_LANG = 64, /* of the stream: it is copied into each stanza */
};

void envoi__xml_parser_wrap(struct envoi_xml_parser *parser, const struct envoi__xml_root *root)
{
	parser->expected = root;
	parser->scan.root_end = root->end;
}

static bool keep_lang(struct envoi_xml_parser *parser, const struct envoi_element *head)
{
	const char *lang = envoi_element_attr_ns(head, ENVOI_NS_XML, "lang");
	if (lang != NULL && *lang != '\0' && strlen(lang) <= LONGEST_LANG) {
		parser->lang = envoi__arena_strndup(&parser->head, lang, strlen(lang));
		if (parser->lang == NULL) {
			return envoi__xml_parser_fail_memory(parser);
		}
	}
	return true;
}

static bool accept_root(
	struct envoi_xml_parser *parser, const struct envoi_element *head, const char *prefix)
{
	const struct envoi__xml_root *root = parser->expected;
	if (prefix != NULL || !envoi__same_text(head->ns, root->ns) ||
		!envoi__same_text(head->name, root->name)) {
		return envoi__xml_parser_refuse(
			parser, ENVOI_STREAM_BAD_FORMAT, "another root than was expected");
	}
	const char *known = envoi__name_lookup(
		parser->context, root->content_ns, strlen(root->content_ns));
	parser->content_ns = (struct envoi__ns){
		known != NULL ? known : root->content_ns,
		known != NULL,
	};
	parser->has_head = true;
	return keep_lang(parser, head);
}

/* RFC 6120, sections 4.8.1, 4.8.5 (the prefix has to be `stream`) and 4.9.3 */
bool envoi__xml_parser_accept_head(
	struct envoi_xml_parser *parser, const struct envoi_element *head, const char *prefix)
{
	if (parser->expected != NULL) {
		return accept_root(parser, head, prefix);
	}
	if (!envoi__same_text(head->ns, ENVOI_NS_STREAMS)) {
		return envoi__xml_parser_refuse(
			parser, ENVOI_STREAM_INVALID_NAMESPACE, "not the streams namespace");
	}
	if (!envoi__same_text(head->name, "stream")) {
		return envoi__xml_parser_refuse(
			parser, ENVOI_STREAM_BAD_FORMAT, "not a stream header");
	}
	if (prefix == NULL || !envoi__same_text(prefix, "stream")) {
		return envoi__xml_parser_refuse(
			parser, ENVOI_STREAM_BAD_NAMESPACE_PREFIX, "prefix is not `stream`");
	}
	parser->content_ns = parser->bindings.fallback;
	parser->has_head = true;
	return keep_lang(parser, head);
}
