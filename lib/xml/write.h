/*
 * envoi - trees in serialised form
 * SPDX-License-Identifier: MIT
 */
#ifndef ENVOI_XML_WRITE_H
#define ENVOI_XML_WRITE_H

#include "xml/emit.h"

struct envoi_element;
struct envoi_xml_writer;

/**
 * Write a tree without failure where @p scope is the default namespace.
 * @param is_top  whether it is a first-level element: then `stream:` is used
 */
void envoi__xml_write(struct envoi__emit *emit, const struct envoi_element *element,
	const char *scope, bool is_top);

struct envoi_context *envoi__xml_writer_context(const struct envoi_xml_writer *writer);

/** Make @p error the writer's failure, if it has none. */
void envoi__xml_writer_fail(struct envoi_xml_writer *writer, int error);

#endif
