/*
 * envoi - the stream parser for documents whose root is no stream header
 * SPDX-License-Identifier: MIT
 */
#ifndef ENVOI_XML_WRAPPED_H
#define ENVOI_XML_WRAPPED_H

struct envoi_xml_parser;

/** A root. All texts are static. */
struct envoi__xml_root {
	const char *ns, *name; /**< the name has no prefix */
	const char *end; /**< "</name" */
	/** first-level elements that declare no default namespace are in this one, in place of the
	 * root's (XEP-0206, section 2) */
	const char *content_ns;
};

/** Expect a root, before the first bytes. @param root  static */
void envoi__xml_parser_wrap(struct envoi_xml_parser *parser, const struct envoi__xml_root *root);

#endif
