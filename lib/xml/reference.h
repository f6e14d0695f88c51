/*
 * envoi - references in attribute values
 * SPDX-License-Identifier: MIT
 */
#ifndef ENVOI_XML_REFERENCE_H
#define ENVOI_XML_REFERENCE_H

#include <stddef.h>

#include "base/arena.h"

/**
 * Normalise an attribute value (XML 1.0, section 3.3.3): replace white space by blanks, and
 * references by their characters.
 *
 * @param[out] ret_value  the result, in @p arena
 * @param text  valid text
 * @retval ENVOI_ERR_XML    a reference is malformed, to an entity that is not predefined, or to a
 *                          character that XML does not allow
 * @retval ENVOI_ERR_NOMEM
 */
int envoi__references_replace(
	char **ret_value, struct envoi__arena *arena, const char *text, size_t len);

#endif
