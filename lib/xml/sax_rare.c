/*
 * envoi - libxml2's callbacks for CDATA, for what a stream must not contain, and for errors
 * SPDX-License-Identifier: MIT
 */
#include <string.h>

#include "xml/engine.h"
#include "xml/parser.h"

enum {
	LONGEST_ERROR = 159,
};

/*
 * libxml2 reports CDATA without normalising its line ends, and the byte after the text can be read.
 * Every line end becomes one line feed (XML 1.0, section 2.11). Its two characters may be in two
 * pieces; a carriage return that ends one section does not belong to a line feed that begins the
 * next.
 */
void envoi__sax_cdata(void *user, const xmlChar *text, int len)
{
	const xmlChar *at = text, *end = text + len, *cr;
	while (at < end && (cr = memchr(at, '\r', (size_t)(end - at))) != NULL) {
		envoi__sax_text(user, at, (int)(cr - at));
		at = cr + 1;
		if (*at != '\n') {
			envoi__sax_text(user, (const xmlChar *)"\n", 1);
		}
	}
	envoi__sax_text(user, at, (int)(end - at));
}

/* The scanner lets none of these through. */
static void refuse(struct envoi__engine *engine)
{
	if (engine->parser != NULL) {
		envoi__xml_parser_refuse(
			engine->parser, ENVOI_STREAM_RESTRICTED_XML, "restricted XML");
	}
	xmlStopParser(engine->xml);
}

void envoi__sax_restricted(void *user, const xmlChar *text)
{
	(void)text;
	refuse(user);
}

void envoi__sax_instruction(void *user, const xmlChar *target, const xmlChar *text)
{
	(void)target;
	(void)text;
	refuse(user);
}

void envoi__sax_doctype(
	void *user, const xmlChar *name, const xmlChar *public_id, const xmlChar *system_id)
{
	(void)name;
	(void)public_id;
	(void)system_id;
	refuse(user);
}

static bool keep_error_text(struct envoi_xml_parser *parser, const char *message)
{
	size_t len = strcspn(message, "\n");
	len = envoi__utf8_cut(message, len < LONGEST_ERROR ? len : LONGEST_ERROR);
	envoi_free(parser->context, parser->error_text);
	parser->error_text = envoi_strndup(parser->context, message, len);
	return parser->error_text != NULL;
}

void envoi__sax_error(void *user, ENVOI__LIBXML_ERROR *error)
{
	struct envoi__engine *engine = user;
	struct envoi_xml_parser *parser = engine->parser;
	/* Those that are not fatal are about namespaces and names, which are checked above. */
	if (parser == NULL || parser->error.code != ENVOI_OK || error->level < XML_ERR_FATAL) {
		return;
	}
	const char *text = "XML not well-formed";
	if (error->message != NULL && keep_error_text(parser, error->message)) {
		text = parser->error_text;
	}
	envoi__xml_parser_fail_for(parser, error->code, text);
}
