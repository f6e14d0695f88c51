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
};

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
bool envoi__libxml_reserve_attributes(xmlParserCtxtPtr xml, unsigned int count)
{
	(void)xml;
	(void)count;
	return true;
}
#endif
