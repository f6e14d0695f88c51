/*
 * envoi - the choice among texts in several languages
 * SPDX-License-Identifier: MIT
 */
#ifndef ENVOI_XML_LANGUAGE_H
#define ENVOI_XML_LANGUAGE_H

#include <envoi/xml.h>

/**
 * How well the language of an element suits (RFC 6121, section 5.2.3; RFC 4647, section 3.4).
 *
 * @param wanted  a language tag; NULL: an element without an xml:lang of its own suits best
 * @return more for a better one; of several with the same number the first is to be taken
 */
unsigned int envoi__element_suits(const struct envoi_element *element, const char *wanted);

#endif
