/*
 * envoi - the XML declaration
 * SPDX-License-Identifier: MIT
 */
#ifndef ENVOI_XML_DECLARATION_H
#define ENVOI_XML_DECLARATION_H

#include "xml/scan.h"

/** Check a whole declaration, `<?xml` to `?>`: version 1.0, UTF-8 or no encoding. */
struct envoi__xml_error envoi__xml_declaration_check(const char *data, size_t len);

#endif
