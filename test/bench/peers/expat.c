/*
 * envoi - benchmarks: the floor on expat
 * SPDX-License-Identifier: MIT
 */
#include <string.h>

#include <expat.h>

#include "floor.h"
#include "peer.h"

static void on_start(void *user, const char *name, const char **attrs)
{
	const char *from = NULL;
	bool is_contact = false;
	for (; *attrs != NULL; attrs += 2) {
		if (strcmp(attrs[0], "from") == 0) {
			from = attrs[1];
		} else if (strcmp(attrs[0], "jid") == 0) {
			is_contact = true;
		}
	}
	const char *local = strchr(name, ' ');
	floor_start(user, local != NULL ? local + 1 : name, from, from != NULL ? strlen(from) : 0,
		is_contact);
}

static void on_end(void *user, const char *name)
{
	(void)name;
	floor_end(user);
}

static void on_text(void *user, const char *text, int len)
{
	floor_text(user, text, (size_t)len);
}

void *floor_parser_new(struct floor *floor)
{
	XML_Parser xml = XML_ParserCreateNS("UTF-8", ' ');
	peer_check(xml != NULL, "out of memory");
	XML_SetUserData(xml, floor);
	XML_SetElementHandler(xml, on_start, on_end);
	XML_SetCharacterDataHandler(xml, on_text);
	return xml;
}

void floor_parser_feed(void *parser, const char *data, size_t len)
{
	peer_check(XML_Parse(parser, data, (int)len, 0) == XML_STATUS_OK, "not well-formed");
}

void floor_parser_free(void *parser)
{
	XML_ParserFree(parser);
}
