/*
 * envoi - the command-line program: lines of XML, assembled to elements
 * SPDX-License-Identifier: MIT
 */
#ifndef ENVOI_TOOLS_CONSOLE_INPUT_H
#define ENVOI_TOOLS_CONSOLE_INPUT_H

#include <envoi/xml.h>

#include "cli.h"

/** Zeroed before element_input_init(). */
struct element_input {
	struct envoi_context *context;
	struct envoi_xml_parser *parser; /* NULL: no element has begun */
	struct envoi_buffer text; /* the lines of the element */
};

void element_input_init(struct element_input *input, struct envoi_context *context);
void element_input_finish(struct element_input *input);

/** @return whether an element has begun that is not complete */
bool element_input_has_begun(const struct element_input *input);
/** Drop what has begun. */
void element_input_drop(struct element_input *input);

/** Add a line. @return ENVOI_OK, or ENVOI_ERR_NOMEM, ENVOI_ERR_FULL: what has begun is dropped */
int element_input_feed(struct element_input *input, const char *line);
/**
 * Take the next element of the lines.
 *
 * @param[out] ret_element  owned by the caller
 * @param[out] problem  of @p size bytes: place and reason, where the lines are not correct
 * @retval ENVOI_OK
 * @retval ENVOI_AGAIN  there is none: another line is needed
 * @retval <0  the lines are not correct: they are dropped
 */
int element_input_next(struct element_input *input, struct envoi_element **ret_element,
	char *problem, size_t size);

#endif
