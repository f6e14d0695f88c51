/*
 * envoi - the command-line program: traffic, indented
 * SPDX-License-Identifier: MIT
 */
#ifndef ENVOI_TOOLS_CONSOLE_XML_H
#define ENVOI_TOOLS_CONSOLE_XML_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

#include <envoi/tap.h>

/** How traffic is printed. */
struct xml_style {
	bool is_coloured;
	bool is_compact; /**< one line */
};

/**
 * Print what a tap shows: ">> " or "<< ", then the XML, an element a line, indented; lines after
 * the first begin with three spaces. White space between elements is not printed. Characters that
 * command a terminal are printed as character references.
 *
 * @param xml  @p len bytes of UTF-8
 */
void print_xml(FILE *out, enum envoi_direction direction, const char *xml, size_t len,
	const struct xml_style *style);

#endif
