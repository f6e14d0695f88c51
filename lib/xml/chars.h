/*
 * envoi - characters of XML names and text
 * SPDX-License-Identifier: MIT
 */
#ifndef ENVOI_XML_CHARS_H
#define ENVOI_XML_CHARS_H

#include <stdbool.h>
#include <stddef.h>

#define ENVOI__NS_XMLNS "http://www.w3.org/2000/xmlns/"

/** @return whether it is an NCName (XML Namespaces 1.0; XML 1.0 fifth edition, section 2.3) */
bool envoi__xml_is_ncname(const char *text, size_t len);

/**
 * @return whether elements and prefixes may be in that namespace, "" included: legal characters,
 *         and neither of the two namespaces reserved for the prefixes xml and xmlns
 */
bool envoi__xml_is_namespace(const char *text, size_t len);

/** @return whether an attribute may have that name; NULL is no name */
bool envoi__xml_is_attr(const char *ns, const char *name);

static inline bool envoi__xml_is_space(char c)
{
	return c == ' ' || c == '\n' || c == '\t' || c == '\r';
}

#endif
