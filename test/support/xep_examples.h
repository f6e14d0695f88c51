/*
 * envoi - tests: the examples of XEPs, read and written by the tables of an extension
 * SPDX-License-Identifier: MIT
 */
#ifndef TEST_XEP_EXAMPLES_H
#define TEST_XEP_EXAMPLES_H

#include <stddef.h>

#include <envoi/payload.h>

/** A table, and the stanzas in which it describes elements. A zeroed one ends a list. */
struct xep_table {
	const struct envoi_payload_type *type;
	const char *in; /* the attribute `type` of the stanza around the element; NULL: any */
};

/**
 * Parse each element in the examples of a XEP that a table describes, at any depth, write the
 * struct, and compare. The first table that matches counts. Asserts that both elements are equal
 * but for @p exceptions; white space at the ends of text and between words counts as one blank, and
 * children of different names may change places.
 *
 * @param xep         "0030": test/data/xeps/0030.xml, made by tools/xep-examples
 * @param exceptions  up to NULL; each has to occur:
 *                    "query/item/@action": the struct has no place for it; also "query/note",
 *                    "note/text()";
 *                    "+x/field/@type": written, and not in the example;
 *                    "#7 query": refused in example 7, because ...
 * @return the number of elements that were written and compared
 */
size_t xep_examples_check(
	const char *xep, const struct xep_table *tables, const char *const *exceptions);

#endif
