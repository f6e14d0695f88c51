/*
 * envoi - the start tag of a skipped stanza
 * SPDX-License-Identifier: MIT
 */
#ifndef ENVOI_XML_SKIPPED_TAG_H
#define ENVOI_XML_SKIPPED_TAG_H

#include <stdbool.h>
#include <stddef.h>

#include <envoi/buffer.h>
#include <envoi/xml.h>

/**
 * Reads the name of a first-level start tag, the attributes that address a stanza, and the
 * namespace that is declared there, in bounded memory. An attribute with name and value longer than
 * 8 KiB, or with a reference that cannot be replaced, is left out.
 */
struct envoi__skipped_tag {
	const char *content_ns; /* borrowed: of the element that is made */
	struct envoi_buffer text; /* of the name or attribute that is incomplete */
	bool is_long; /* the rest of that text is dropped */
	size_t value; /* offset of the attribute's value in the text */
	struct envoi_element *element; /* message, presence or iq, with its attributes; or NULL */
	const char *prefix; /* in the tree: of the element, "" for none */
	const char *ns; /* in the tree: declared in the tag for the prefix; NULL: none */
};

void envoi__skipped_tag_init(
	struct envoi__skipped_tag *tag, struct envoi_context *context, const char *content_ns);
void envoi__skipped_tag_finish(struct envoi__skipped_tag *tag);

/**
 * Add a piece of the tag.
 * @retval ENVOI_ERR_NOMEM
 */
int envoi__skipped_tag_add(struct envoi__skipped_tag *tag, const char *text, size_t len);

/**
 * The name is complete.
 * @retval ENVOI_ERR_LIMIT  no stanza has that name
 * @retval ENVOI_ERR_NOMEM
 */
int envoi__skipped_tag_name(struct envoi__skipped_tag *tag);

/**
 * Take the same from a start tag that the parser has read.
 * @retval ENVOI_ERR_LIMIT  it is not that of a stanza
 * @retval ENVOI_ERR_NOMEM
 */
int envoi__skipped_tag_copy(struct envoi__skipped_tag *tag, const struct envoi_element *element);

/** The next byte is the first of an attribute's value. */
void envoi__skipped_tag_value(struct envoi__skipped_tag *tag);

/**
 * The attribute is complete; its closing quote was not added.
 * @retval ENVOI_ERR_NOMEM
 */
int envoi__skipped_tag_attribute(struct envoi__skipped_tag *tag);

#endif
