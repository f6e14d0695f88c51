/*
 * envoi - what is taken from libxml2, and where its versions differ
 * SPDX-License-Identifier: MIT
 */
#include "xml/libxml.h"

#include <stddef.h>
#include <string.h>

/* libxml2 2.15 marks the member as deprecated and has nothing in its place. */
#pragma GCC diagnostic ignored "-Wdeprecated-declarations"

/* No pointer of libxml2's dictionary: so libxml2 takes no attribute for a namespace declaration. It
 * would parse each namespace name as a URI, 15 % of all its work, to complain about names that are
 * legal but no URI, and keep each in its dictionary. */
static const xmlChar no_name[] = "xmlns";

void envoi__libxml_configure(xmlParserCtxtPtr xml)
{
	/* Without NOENT the five entities arrive escaped in attributes; there are no others. HUGE:
	 * our own limits hold, before libxml2 sees the bytes. */
	xmlCtxtUseOptions(xml, XML_PARSE_NOENT | XML_PARSE_NONET | XML_PARSE_HUGE);
}

void envoi__libxml_leave_namespaces(xmlParserCtxtPtr xml)
{
	xml->str_xmlns = no_name;
}

#if LIBXML_VERSION < 21200
enum {
	PER_ATTRIBUTE = 5, /* pointers */
	PER_NAMESPACE = 2, /* pointers: prefix, name */
	FIRST_NAMESPACES = 8,
	MOST_NAMESPACES = 256, /* libxml2 looks for a prefix in one after the other */
};

/* @return the place for one more in the table of namespaces; -1: out of memory */
static int make_namespace_room(xmlParserCtxtPtr xml)
{
	if (xml->nsNr == MOST_NAMESPACES * PER_NAMESPACE) {
		xml->nsNr = 0;
	}
	if (xml->nsNr == xml->nsMax) {
		int room = xml->nsMax == 0 ? FIRST_NAMESPACES * PER_NAMESPACE : 2 * xml->nsMax;
		const xmlChar **table = xmlRealloc(
			(void *)xml->nsTab, (size_t)room * sizeof(*table));
		if (table == NULL) {
			return -1;
		}
		xml->nsTab = table;
		xml->nsMax = room;
	}
	return xml->nsNr;
}

static void put_namespace(xmlParserCtxtPtr xml, const xmlChar *prefix, const xmlChar *name)
{
	int at = make_namespace_room(xml);
	if (at >= 0) {
		xml->nsTab[at] = prefix;
		xml->nsTab[at + 1] = name;
		xml->nsNr = at + PER_NAMESPACE;
	}
}

/* Each prefix has a namespace name of its own, so that libxml2 takes no two attributes for one. The
 * last entry is that names without prefix are in no namespace: most are, and libxml2 begins there.
 */
static void note_prefix(xmlParserCtxtPtr xml, const char *text, size_t len)
{
	const xmlChar *prefix = xmlDictLookup(xml->dict, (const xmlChar *)text, (int)len);
	for (int i = 0; i < xml->nsNr; i += PER_NAMESPACE) {
		if (xml->nsTab[i] == prefix) {
			return;
		}
	}
	if (prefix == NULL) {
		return;
	}
	if (xml->nsNr > 0) {
		xml->nsNr -= PER_NAMESPACE;
	}
	put_namespace(xml, prefix, prefix);
	put_namespace(xml, NULL, (const xmlChar *)"");
}

/* @param at  behind `<`. @return behind what was looked at */
static const char *note_prefixes_of_tag(xmlParserCtxtPtr xml, const char *at, const char *end)
{
	const char *word = at;
	for (; at < end && *at != '>'; at++) {
		switch (*at) {
		case '\'':
		case '"':
			at = memchr(at + 1, *at, (size_t)(end - at - 1));
			if (at == NULL) {
				return end;
			}
			break;
		case ' ':
		case '\t':
		case '\n':
		case '\r':
			word = at + 1;
			break;
		case ':':
			if (at > word) {
				note_prefix(xml, word, (size_t)(at - word));
			}
			word = at + 1;
			break;
		default:
			break;
		}
	}
	return at;
}

static const char *skip_cdata(const char *at, const char *end)
{
	while ((at = memchr(at, ']', (size_t)(end - at))) != NULL) {
		if (end - at >= 3 && at[1] == ']' && at[2] == '>') {
			return at + 3;
		}
		at++;
	}
	return end;
}

void envoi__libxml_expect_prefixes(
	xmlParserCtxtPtr xml, bool has_prefix, const char *data, size_t len)
{
	const char *at = data, *end = data + len;
	while (has_prefix && at < end && (at = memchr(at, '<', (size_t)(end - at))) != NULL) {
		at++;
		if (at < end && *at == '!') {
			at = skip_cdata(at, end);
		} else if (at < end && *at != '/') {
			at = note_prefixes_of_tag(xml, at, end);
		}
	}
}

bool envoi__libxml_reserve_attributes(xmlParserCtxtPtr xml, unsigned int count)
{
	size_t pointers = (size_t)count * PER_ATTRIBUTE;
	if (pointers <= (size_t)xml->maxatts) {
		return true;
	}
	const xmlChar **atts = xmlMalloc(pointers * sizeof(*atts));
	int *allocs = xmlMalloc(count * sizeof(*allocs));
	if (atts == NULL || allocs == NULL) {
		xmlFree((void *)atts);
		xmlFree(allocs);
		return false;
	}
	xmlFree((void *)xml->atts);
	xmlFree(xml->attallocs);
	xml->atts = atts;
	xml->attallocs = allocs;
	xml->maxatts = (int)pointers;
	return true;
}
#else
enum {
	MOST_ERRORS = 100, /* of a parser that libxml2 reports */
};

void envoi__libxml_expect_prefixes(
	xmlParserCtxtPtr xml, bool has_prefix, const char *data, size_t len)
{
	(void)data;
	(void)len;
	xml->nbErrors = has_prefix ? MOST_ERRORS : 0;
}

bool envoi__libxml_reserve_attributes(xmlParserCtxtPtr xml, unsigned int count)
{
	(void)xml;
	(void)count;
	return true;
}
#endif
