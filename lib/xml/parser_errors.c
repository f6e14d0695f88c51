/*
 * envoi - the stream parser: its error
 * SPDX-License-Identifier: MIT
 */
#include <libxml/xmlerror.h>

#include "xml/parser.h"

bool envoi__xml_parser_fail(struct envoi_xml_parser *parser, int code,
	enum envoi_stream_condition condition, const char *text)
{
	if (parser->error.code == ENVOI_OK) {
		parser->error = (struct envoi__xml_error){code, condition, text};
	}
	return false;
}

void envoi__xml_parser_fail_for(struct envoi_xml_parser *parser, int libxml_code, const char *text)
{
	if (libxml_code == XML_ERR_NO_MEMORY) {
		envoi__xml_parser_fail_memory(parser);
		return;
	}
	/* RFC 6120, section 11.1: no entity references but to the predefined ones */
	bool is_entity = libxml_code == XML_ERR_UNDECLARED_ENTITY;
	envoi__xml_parser_refuse(parser,
		is_entity ? ENVOI_STREAM_RESTRICTED_XML : ENVOI_STREAM_NOT_WELL_FORMED, text);
}

/* RFC 6120, section 11.6. UTF-16 and UTF-32 have these bytes first, UTF-8 has them nowhere. */
void envoi__xml_parser_fail_on_bad_byte(struct envoi_xml_parser *parser)
{
	const struct envoi__scan *scan = &parser->scan;
	bool is_begin = scan->phase == ENVOI__SCAN_PROLOG && scan->before == 0 && scan->at < 4;
	unsigned char byte = parser->bad_byte;
	if (is_begin && (byte == 0x00 || byte == 0xfe || byte == 0xff)) {
		envoi__xml_parser_refuse(
			parser, ENVOI_STREAM_UNSUPPORTED_ENCODING, "encoding is not UTF-8");
	}
	envoi__xml_parser_refuse(
		parser, ENVOI_STREAM_NOT_WELL_FORMED, "invalid UTF-8 or character");
}
