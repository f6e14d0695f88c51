/*
 * envoi - element trees: the attributes of an element that is built
 * SPDX-License-Identifier: MIT
 *
 * With room for INDEXED_ROOM attributes or more, a hash table stands behind them: setting many on
 * one element costs the same for each.
 */
#ifndef ENVOI_XML_ATTRIBUTES_H
#define ENVOI_XML_ATTRIBUTES_H

#include "xml/element.h"

/** @return the dictionary's pointer, or a copy in the arena; NULL: out of memory */
const char *envoi__tree_keep_name(struct envoi__tree *tree, const char *text, bool *ret_is_known);

/** @return the attribute of that name, borrowed until one is added or removed; NULL: none */
struct envoi__attr *envoi__attr_find(
	const struct envoi_element *element, const char *ns, const char *name);

/** Add an attribute that the element does not have. @retval ENVOI_ERR_NOMEM */
int envoi__attr_add(
	struct envoi_element *element, const char *ns, const char *name, const char *value);

void envoi__attr_remove(struct envoi_element *element, struct envoi__attr *attr);

#endif
